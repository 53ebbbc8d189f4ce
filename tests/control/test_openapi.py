"""The control API's own description is true: a validator accepts it, and requests and answers are as it says.

``schema`` of ``tests/reliability`` tries all that may be sent.
"""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

import jsonschema
from control_client import Control, empty, fill
from openapi_spec_validator import validate

from fakenotify import FakeNotify, __version__
from fakenotify.clients.in_process import call
from fakenotify.control.routes import EVENTS, ROUTES
from fakenotify.control.schema import record_schema
from fakenotify.notify.records import Delivery


@cache
def description() -> dict[str, Any]:
    found: dict[str, Any] = Control(FakeNotify()).get("openapi.json")
    return found


def lively() -> FakeNotify:
    """A fake with rows in every table."""
    fake = empty()
    fill(fake)
    fake.fail("services.find", status=503, times=1)
    fake.fail_delivery(52141, identity="nobody")
    return fake


def ask(
    fake: FakeNotify, method: str, path: str, content: Any = None, media: str = "application/json", **names: str
) -> int:
    """The status of an answer, which is one of those that are described."""
    body = b"" if content is None else json.dumps(content).encode()
    target = f"http://localhost/_fake/{path.format_map(names)}"
    reply = call(fake.wsgi_app, method, target, {"Content-Type": media}, body)
    described = description()["paths"][f"/_fake/{path.partition('?')[0]}"][method.lower()]["responses"]
    [(media, content)] = described[str(reply.status)]["content"].items()
    if "{file}" not in path:  # whose type depends on the file
        assert dict(reply.headers)["Content-Type"].partition(";")[0] == media
        schema = {**content["schema"], "components": description()["components"]}
        shown = json.loads(reply.body) if media == "application/json" else reply.body.decode()
        jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker()).validate(shown)
    return reply.status


def test_a_validator_accepts_the_description_and_every_route_is_in_it() -> None:
    described = description()
    validate(described)
    assert (described["openapi"], described["info"]["version"]) == ("3.1.0", __version__)
    assert {path: set(methods) for path, methods in described["paths"].items()} == {
        f"/_fake/{path}": {method.lower() for method in methods} for path, methods in ROUTES.items()
    }
    names = [operation["operationId"] for methods in described["paths"].values() for operation in methods.values()]
    assert sorted(set(names)) == sorted(names)
    for path, methods in ROUTES.items():
        for method, route in methods.items():
            operation = described["paths"][f"/_fake/{path}"][method.lower()]
            parameters = {(each["in"], each["name"]) for each in operation["parameters"]}
            in_path = {("path", name) for name in re.findall(r"{(\w+)}", path)}
            assert operation["summary"]
            assert parameters == in_path | {("query", name) for name in route.query}
            assert all(each.get("description") for each in operation["parameters"] if each["in"] == "query")
            assert ("requestBody" in operation) is (route.body is not None)
            assert {"200", "400", "403", "404", "413"} <= set(operation["responses"])


BODIES: dict[str, tuple[list[Any], list[Any]]] = {
    "clock": (
        [
            *({"shift": 3600}, {"shift": -0.5}, {"tick": 1}, {"move_to": "2027-10-31T00:00:00Z"}),
            *({"freeze": True}, {"freeze": "2027-10-31T00:00:00Z"}, {"resume": True}),
        ],
        [{"resume": False}, {"shift": 1, "tick": 1}, {}, {"shft": 1}],
    ),
    "faults": (
        [
            {"operation": "bindings.*", "status": 429, "times": 2, "phase": "after"},
            {"operation": "*", "fault": "stall", "times": None},
            {"operation": "*", "fault": "latency", "seconds": 0.5},
            {"operation": "*", "fault": "rate_limit", "requests": 2, "seconds": 60},
        ],
        [
            {"operation": "*", "fault": "stal"},
            {"operation": "*", "status": 200},
            {"operation": "*", "fault": "latency", "seconds": -1},
            {"operation": "*", "status": 429, "retry_after": -1},
            {"operation": "*", "fault": "rate_limit", "requests": 0, "seconds": 1},
            {"status": 429},
        ],
    ),
    "outcomes": (
        [{"code": 52141, "identity": "alice", "binding_type": "apn", "times": 1}],
        [{"code": 52141, "times": 0}, {"code": 52141, "adress": "x"}],
    ),
}
"""Bodies of POST that fit the schema of a path, and bodies that don't."""


def test_schemas_allow_what_is_accepted() -> None:
    fake = lively()
    for path, (good, bad) in BODIES.items():
        content = description()["paths"][f"/_fake/{path}"]["post"]["requestBody"]["content"]["application/json"]
        fits = jsonschema.Draft202012Validator(content["schema"]).is_valid
        assert [fits(each) for each in good + bad] == [True] * len(good) + [False] * len(bad)
        assert [ask(fake, "POST", path, each) for each in good + bad] == [200] * len(good) + [400] * len(bad)


def test_every_answer_is_as_described() -> None:
    for path, methods in ROUTES.items():
        for method, route in methods.items():
            fake = lively()
            values = {"NotificationSid": fake.notifications[0].sid, "id": "services.create", "file": "inspector.js"}
            query, content = route.example
            tried = {query: 200, "?limit=1&order=newest&count=true": 200 if "count" in route.query else 400}
            if "account_sid" in route.query:
                tried |= {f"?account_sid={fake.account_sid}": 200, "?account_sid=AC71": 404}
            if route.media != EVENTS:
                assert {asked: ask(fake, method, path + asked, content, **values) for asked in tried} == tried
    assert ask(FakeNotify(), "POST", "faults", {}, media="text/plain") == 403


def test_the_schema_of_a_record_is_read_from_its_annotations() -> None:
    properties = record_schema(Delivery)["properties"]
    assert {name: properties[name] for name in ("status", "error_code", "payload", "date_created")} == {
        "status": {"enum": ["SENT", "FAILED"]},
        "error_code": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
        "payload": {"type": "object"},
        "date_created": {"type": "string", "format": "date-time"},
    }
