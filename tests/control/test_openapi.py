"""The control API's own description is true: a validator accepts it, and what is asked by it is answered by it."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any
from urllib.parse import quote, urlencode

import jsonschema
from control_client import OTHER_SID, empty, fill
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from openapi_spec_validator import validate

from fakenotify import FakeNotify, __version__
from fakenotify.clients.in_process import Reply, call
from fakenotify.control.app import ROUTES
from fakenotify.control.routes import record_schema
from fakenotify.notify.records import Delivery

STREAMS = "/_fake/events"

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
KNOWN_WORDS = st.sampled_from(
    ("bindings.*", "notifications.create", "+15005550006", "alice", OTHER_SID, "2027-10-31T00:00:00Z", "")
)


def lively() -> FakeNotify:
    """A fake in which there is something of everything."""
    fake = empty()
    fill(fake)
    fake.fail("services.find", status=503, times=1)
    fake.fail_delivery(52141, identity="nobody")
    return fake


def ask(fake: FakeNotify, method: str, target: str, content: Any = None, media: str = "application/json") -> Reply:
    body = b"" if content is None else json.dumps(content).encode()
    return call(fake.wsgi_app, method, f"http://localhost{target}", {"Content-Type": media}, body)


@cache
def description() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(ask(FakeNotify(), "GET", "/_fake/openapi.json").body)
    return found


OPERATIONS = [(path, method) for path, methods in description()["paths"].items() for method in methods]
PLAIN = [(path, method) for path, method in OPERATIONS if path != STREAMS]


def check(path: str, method: str, reply: Reply) -> None:
    """An answer is one of those that are described."""
    described = description()["paths"][path][method]["responses"]
    assert str(reply.status) in described
    [(media, content)] = described[str(reply.status)]["content"].items()
    assert dict(reply.headers)["Content-Type"].partition(";")[0] == media
    schema = {**content["schema"], "components": description()["components"]}
    shown = json.loads(reply.body) if media == "application/json" else reply.body.decode()
    jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker()).validate(shown)


# the description


def test_a_validator_accepts_the_description() -> None:
    validate(description())


def test_every_route_is_described_to_its_end() -> None:
    described = description()
    assert (described["openapi"], described["info"]["version"]) == ("3.1.0", __version__)
    assert described["paths"].keys() == {f"/_fake/{path}" for path in ROUTES}
    for path, methods in ROUTES.items():
        assert described["paths"][f"/_fake/{path}"].keys() == {method.lower() for method in methods}
        for method, route in methods.items():
            operation = described["paths"][f"/_fake/{path}"][method.lower()]
            parameters = {(each["in"], each["name"]) for each in operation["parameters"]}
            in_path = {("path", name) for name in re.findall(r"{(\w+)}", path)}
            assert operation["summary"]
            assert parameters == in_path | {("query", name) for name in route.query}
            assert all(each.get("description") for each in operation["parameters"] if each["in"] == "query")
            assert ("requestBody" in operation) is (route.body is not None)
            assert {"200", "400", "403", "404", "413"} <= set(operation["responses"])


def test_every_operation_has_a_name_of_its_own() -> None:
    names = [description()["paths"][path][method]["operationId"] for path, method in OPERATIONS]
    assert sorted(set(names)) == sorted(names)


def test_what_may_be_sent_is_what_is_accepted() -> None:
    bodies: dict[str, tuple[list[Any], list[Any]]] = {
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
    fake = lively()
    for path, (good, bad) in bodies.items():
        content = description()["paths"][f"/_fake/{path}"]["post"]["requestBody"]["content"]["application/json"]
        fits = jsonschema.Draft202012Validator(content["schema"]).is_valid
        assert [fits(each) for each in good + bad] == [True] * len(good) + [False] * len(bad)
        statuses = [ask(fake, "POST", f"/_fake/{path}", each).status for each in good + bad]
        assert statuses == [200] * len(good) + [400] * len(bad)


# answers


def test_what_can_be_read_is_as_described() -> None:
    fake = lively()
    for path in (path for path, method in PLAIN if method == "get" and "{" not in path):
        names = {each["name"] for each in description()["paths"][path]["get"]["parameters"]}
        tried = {"": 200, "?limit=1&order=newest&count=true": 200 if "count" in names else 400}
        if "account_sid" in names:
            tried |= {f"?account_sid={OTHER_SID}": 200, "?account_sid=AC71": 404}
        for query, status in tried.items():
            reply = ask(fake, "GET", path + query)
            check(path, "get", reply)
            assert reply.status == status


def test_an_explanation_is_as_described() -> None:
    fake = lively()
    for notification in fake.notifications:
        reply = ask(fake, "GET", f"/_fake/explain/{notification.sid}")
        check("/_fake/explain/{NotificationSid}", "get", reply)
        assert reply.status == 200


def test_a_write_from_elsewhere_is_refused_as_described() -> None:
    reply = ask(FakeNotify(), "POST", "/_fake/faults", {}, media="text/plain")
    check("/_fake/faults", "post", reply)
    assert reply.status == 403


# anything that the description allows


def values(schema: dict[str, Any]) -> SearchStrategy[Any]:
    """What fits a schema; where it says little, now and then something that is known."""
    if "const" in schema:
        return st.just(schema["const"])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if "anyOf" in schema:
        return st.one_of(*map(values, schema["anyOf"]))
    if isinstance(schema["type"], list):
        return st.one_of(*(values({**schema, "type": each}) for each in schema["type"]))
    if schema["type"] == "object":
        return objects(schema)
    low, high = schema.get("minimum"), schema.get("maximum")
    plain: dict[str, SearchStrategy[Any]] = {
        "null": st.none(),
        "boolean": st.booleans(),
        "string": KNOWN_WORDS | st.text(max_size=10),
        "integer": st.sampled_from((52141, 52103)) | st.integers(low, high) if low is None else st.integers(low, high),
        "number": st.integers(low, high) | st.floats(low, high, allow_nan=False, allow_infinity=False),
    }
    return plain[schema["type"]]


def objects(schema: dict[str, Any]) -> SearchStrategy[dict[str, Any]]:
    if "properties" not in schema:
        behaviours = st.fixed_dictionaries({}, optional={"identity_limit": st.sampled_from(("evict_oldest", "x"))})
        return behaviours | st.dictionaries(st.text(max_size=5), JSON, max_size=3) | st.just({"services": []})
    fields = {name: values(each) for name, each in schema["properties"].items()}
    always = {name: fields.pop(name) for name in schema["required"]}
    drawn = st.fixed_dictionaries(always, optional=fields)
    low, high = schema.get("minProperties", 0), schema.get("maxProperties", len(schema["properties"]))
    if (low, high) == (1, 1):
        return st.one_of(*(st.fixed_dictionaries({name: each}) for name, each in fields.items()))
    return drawn


@st.composite
def requests(draw: st.DrawFn) -> tuple[str, str, dict[str, str], dict[str, str], Any]:
    """A path, its method, and the parameters and the body that the description allows."""
    path, method = draw(st.sampled_from(PLAIN))
    described = description()["paths"][path][method]
    places: dict[str, dict[str, str]] = {"path": {}, "query": {}}
    for parameter in described["parameters"]:
        if parameter["in"] == "path" or draw(st.booleans()):
            places[parameter["in"]][parameter["name"]] = draw(values(parameter["schema"]))
    content = None
    if "requestBody" in described:
        content = draw(values(described["requestBody"]["content"]["application/json"]["schema"]))
    return path, method, places["path"], places["query"], content


@settings(max_examples=60, deadline=None)
@given(requests())
def test_whatever_is_asked_by_the_description_is_answered_by_it(
    request_: tuple[str, str, dict[str, str], dict[str, str], Any],
) -> None:
    path, method, in_path, query, content = request_
    fake = lively()
    target = path
    for name, value in in_path.items():
        target = target.replace(f"{{{name}}}", quote(value or fake.notifications.last.sid, safe=""))
    reply = ask(fake, method.upper(), f"{target}?{urlencode(query)}" if query else target, content)

    check(path, method, reply)
    check("/_fake/health", "get", ask(fake, "GET", "/_fake/health"))
    assert ask(fake, "GET", "/_fake/state").status == 200


# schemas


def test_the_schema_of_a_record_is_read_from_its_annotations() -> None:
    properties = record_schema(Delivery)["properties"]
    assert properties["status"] == {"enum": ["SENT", "FAILED"]}
    assert properties["error_code"] == {"anyOf": [{"type": "integer"}, {"type": "null"}]}
    assert properties["payload"] == {"type": "object"}
    assert properties["date_created"] == {"type": "string", "format": "date-time"}
