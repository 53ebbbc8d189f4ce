"""Notify's own description is true: a validator accepts it, and requests and answers are as it says.

Every answer that any test gets through ``Wire`` is held against it as well, in ``conftest``, and ``schema`` of
``tests/reliability`` tries all that may be sent.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import product
from typing import Any
from urllib.parse import urlencode

import jsonschema
import pytest
from openapi_spec_validator import validate
from reliability.client import authorization
from reliability.described import DOCUMENT, check, complaints, described

from fakenotify import Behaviour, FakeNotify
from fakenotify.clients.in_process import Reply, call
from fakenotify.control.notify_openapi import FORM
from fakenotify.core.paging import PAGING_NAMES
from fakenotify.core.routes import Route
from fakenotify.notify.dispatch import ROUTES
from fakenotify.world import provenance

SERVICE_SID = "IS" + "a" * 32
CREDENTIAL_SID = "CR" + "a" * 32
PATHS = {"ServiceSid": SERVICE_SID, "Identity": "carol", "Segment": "s"}
OPERATIONS = {name: described(route) for name, route in ROUTES.by_operation.items()}
SECRETS = {"Certificate", "PrivateKey", "ApiKey", "Secret"}
VERBS = ("Create", "List", "Fetch", "Update", "Delete")
OFFICIAL = {
    *(f"{verb}{name}" for verb, name in product(VERBS, ("Service", "Credential"))),
    *("CreateBinding", "ListBinding", "FetchBinding", "DeleteBinding", "CreateNotification"),
}
"""The operationIds of Twilio's own file."""


def lively(**switches: Any) -> FakeNotify:
    """A fake with rows in every table."""
    fake = FakeNotify(Behaviour(callback_delivery="manual", **switches))
    fake.create_service(sid=SERVICE_SID, messaging_service_sid="MG" + "a" * 32)
    fake.create_credential(type="fcm")
    fake.create_user(SERVICE_SID, identity="carol", segments=["s"])
    fake.create_user(SERVICE_SID, identity="dave")
    for number in range(3):
        fake.create_binding(SERVICE_SID, identity="carol", binding_type="apn", address=f"a{number}", tags=["vip"])
    return fake


def ask(fake: FakeNotify, method: str, target: str, form: Sequence[tuple[str, str]] = (), user: str = "") -> Reply:
    headers = {"Authorization": authorization(user or fake.account_sid, fake.auth_token), "Content-Type": FORM}
    return call(fake.wsgi_app, method, f"http://localhost{target}", headers, urlencode(form).encode())


def path_of(fake: FakeNotify, route: Route) -> str:
    """A path of the operation at which something exists."""
    record = {"Services": fake.services, "Credentials": fake.credentials, "Bindings": fake.bindings}
    parts: list[str] = []
    for part in route.segments:
        name = part.strip("{}")
        found = record[parts[-1]].last.sid if name == "Sid" else PATHS.get(name, part) if name != part else part
        parts.append(found)
    return "/v1/" + "/".join(parts)


def as_described(route: Route, reply: Reply, status: int) -> None:
    """An answer has this status, which is described, its body and its headers."""
    assert reply.status == status
    assert list(complaints(route, status, json.loads(reply.body) if reply.body else None)) == []
    response = described(route)["responses"][str(status)]
    if "$ref" in response:
        response = DOCUMENT["components"]["responses"][response["$ref"].rpartition("/")[2]]
    assert response["headers"].keys() <= dict(reply.headers).keys()


# the description


def test_a_validator_accepts_it_and_it_is_served_with_its_address() -> None:
    validate(DOCUMENT)
    reply = call(FakeNotify().wsgi_app, "GET", "http://localhost:4010/_fake/notify-openapi.json", {}, b"")
    assert json.loads(reply.body) == DOCUMENT | {"servers": [{"url": "http://localhost:4010"}]}


def test_every_operation_is_described_by_twilios_names_and_no_other() -> None:
    assert {
        (path, method): operation["x-operation"]
        for path, methods in DOCUMENT["paths"].items()
        for method, operation in methods.items()
    } == {(f"/v1{route.path}", route.method.lower()): route.operation for route in ROUTES.by_operation.values()}
    ids = {deprecated: set() for deprecated in (True, False)}
    for each in OPERATIONS.values():
        ids[each["deprecated"]].add(each["operationId"])
    assert (ids[False], {"ListUserBinding", "FetchUser"} <= ids[True]) == (OFFICIAL, True)
    tags = {tag["name"] for tag in DOCUMENT["tags"]}
    assert {tag for each in OPERATIONS.values() for tag in each["tags"]} == tags
    assert {"NotifyV1Service", "NotifyV1Binding", "NotifyV1UserBinding", "NotifyV1SegmentMembership"} <= tags


def test_every_operation_and_parameter_has_words_and_names_its_rule() -> None:
    for name, operation in OPERATIONS.items():
        route, rule = ROUTES.by_operation[name], provenance.rules()[name]
        assert all((operation["summary"], operation["description"]))
        assert (operation["x-label"], operation["deprecated"]) == (rule.label, route.legacy)
        assert all(each["description"] for each in operation["parameters"])
        fields: dict[str, Any] = {each["name"]: each for each in operation["parameters"] if each["in"] == "query"}
        if "requestBody" in operation:
            fields |= operation["requestBody"]["content"][FORM]["schema"]["properties"]
        assert set(fields) == route.params.names | (PAGING_NAMES if route.verb == "find" else set())
        for field, schema in fields.items():
            rule = provenance.rules()[f"{name}.{field}"]
            assert (schema["x-label"], schema["x-source"]) == (rule.label, rule.source)
            assert schema.get("writeOnly", False) is (field in SECRETS)
    priority = DOCUMENT["components"]["schemas"]["Notification"]["properties"]["priority"]
    assert priority == {"type": "string", "enum": ["high", "low"]}


# what may be sent

BINDING = {"Identity": "a", "BindingType": "sms", "Address": "x"}
ALICE = {"Identity": ["alice"]}
FORMS: dict[str, tuple[list[dict[str, Any]], list[dict[str, Any]]]] = {
    "services.create": (
        [
            *({}, {"FriendlyName": "x" * 64}, {"LogEnabled": False}, {"Nonsense": "x"}),
            {"ApnCredentialSid": CREDENTIAL_SID},
        ],
        [{"FriendlyName": "x" * 65}, {"ApnCredentialSid": "AC" + "a" * 32}],
    ),
    "credentials.create": ([{"Type": "apn"}], [{}, {"Type": "wns"}]),
    "bindings.create": (
        [BINDING, BINDING | {"Tag": ["t"] * 20}],
        [BINDING | {"BindingType": "pigeon"}, BINDING | {"Identity": ""}, {"Identity": "a", "BindingType": "sms"}],
    ),
    "notifications.create": (
        [ALICE | {"Ttl": 2_419_200}],
        [ALICE | {"Ttl": 2_419_201}, ALICE | {"Priority": "normal"}, {"Identity": [str(each) for each in range(21)]}],
    ),
    "users.create": ([{"Identity": "erin", "Segment": ["a", "b"]}], [{}]),
}
"""For each operation, forms that fit its schema and forms that don't."""


def test_schemas_allow_what_is_accepted_and_have_an_example_of_it() -> None:
    for name, operation in OPERATIONS.items():
        if "requestBody" in operation:
            route, content = ROUTES.by_operation[name], operation["requestBody"]["content"][FORM]
            fits = jsonschema.Draft202012Validator(content["schema"]).is_valid
            good, bad = FORMS.get(name, ([], []))
            for form in (content["example"], *good, *bad):
                reply = ask(fake := lively(), route.method, path_of(fake, route), spelled(form))
                expected = (False, 400) if form in bad else (True, route.status)
                assert (name, form, fits(form), reply.status) == (name, form, *expected)


def spelled(form: dict[str, Any]) -> list[tuple[str, str]]:
    """A form on the wire."""
    return [
        (name, each if isinstance(each, str) else json.dumps(each))
        for name, value in form.items()
        for each in (value if isinstance(value, list) else [value])
    ]


# answers

LEAST = {"Identity": "erin", "BindingType": "sms", "Address": "+15005550006", "Type": "apn", "Segment": "t"}


def test_every_success_is_as_described() -> None:
    for legacy, route in product((True, False), ROUTES.by_operation.values()):
        fake = lively()
        target = path_of(fake, route) + ("?PageSize=1&Page=1" if route.verb == "find" else "")
        if route.operation == "users.delete":
            target = target.replace("carol", "dave")
        names = [row.name for row in route.params.rows if row.required and route.verb == "create"]
        form = [(name, LEAST[name]) for name in names]
        if route.operation == "notifications.create":
            form += [("Tag", "all"), ("Body", "Hi"), ("Data", '{"a": [1]}')]
        fake.behaviour = fake.behaviour.changed({"legacy_resources": legacy})
        as_described(route, ask(fake, route.method, target, form), 404 if route.legacy and not legacy else route.status)


def test_every_refusal_is_as_described() -> None:
    for route in ROUTES.by_operation.values():
        fake = lively()
        target = path_of(fake, route)
        elsewhere = target.replace(SERVICE_SID, "IS" + "b" * 32)
        as_described(route, ask(fake, route.method, target, user="nobody"), 401)
        as_described(route, ask(fake, "PATCH", target), 405)
        as_described(route, ask(fake, route.method, target, [("Body", "x" * 1_048_577)]), 413)
        if route.verb == "find":
            as_described(route, ask(fake, route.method, target + "?PageSize=x"), 400)
        if route.operation == "users.delete":
            as_described(route, ask(fake, route.method, target), 409)
        if elsewhere != target:
            as_described(route, ask(fake, route.method, elsewhere), 404)
        assert ("404" in described(route)["responses"]) is (route.locate is not None)


def test_an_answer_that_does_not_fit_is_noticed() -> None:
    route, gone = ROUTES.by_operation["bindings.fetch"], ROUTES.by_operation["bindings.delete"]
    good = json.loads(ask(fake := lively(), "GET", path_of(fake, route)).body)
    assert list(complaints(route, 200, good)) == []
    changes = ({"sid": "BS1"}, {"service_sid": "IS1"}, {"more": 1}, {"tags": None})
    for bad in (*(good | change for change in changes), {"sid": good["sid"]}, None):
        assert list(complaints(route, 200, bad)) != []
    assert list(complaints(route, 201, good)) == ["bindings.fetch has no answer 201"]
    assert list(complaints(gone, 204, {})) == ["bindings.delete answers 204 with a body"]
    with pytest.raises(AssertionError, match=r"services.find 200: \$ 'meta' is a required property"):
        check("GET", "/v1/Services.json?PageSize=5", 200, b'{"services": []}')
    for target, status in (("/v1/Services", 500), ("/v1/Nothing", 200), ("/_fake/health", 200)):
        check("GET", target, status, b"")
