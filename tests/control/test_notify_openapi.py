"""Notify's own description is true: a validator accepts it, and what is asked by it is answered by it.

Every answer that any test gets through ``Wire`` is held against it as well, in ``conftest``, and ``schema`` of
``tests/reliability`` tries all that may be sent.
"""

from __future__ import annotations

import json
from base64 import b64encode
from itertools import product
from typing import Any
from urllib.parse import urlencode

import jsonschema
import pytest
from openapi_spec_validator import validate
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


def lively(**switches: Any) -> FakeNotify:
    """A fake in which there is something of everything."""
    fake = FakeNotify(Behaviour(callback_delivery="manual", **switches))
    fake.create_service(sid=SERVICE_SID, messaging_service_sid="MG" + "a" * 32)
    fake.create_credential(type="fcm")
    fake.create_user(SERVICE_SID, identity="carol", segments=["s"])
    fake.create_user(SERVICE_SID, identity="dave")
    for number in range(3):
        fake.create_binding(SERVICE_SID, identity="carol", binding_type="apn", address=f"a{number}", tags=["vip"])
    return fake


def ask(fake: FakeNotify, method: str, target: str, form: list[tuple[str, str]] = [], user: str = "") -> Reply:  # noqa: B006
    owner = b64encode(f"{user or fake.account_sid}:{fake.auth_token}".encode()).decode()
    headers = {"Authorization": f"Basic {owner}", "Content-Type": FORM}
    return call(fake.wsgi_app, method, f"http://localhost{target}", headers, urlencode(form).encode())


def path_of(fake: FakeNotify, route: Route) -> str:
    """A path of the operation where something is."""
    record = {"Services": fake.services, "Credentials": fake.credentials, "Bindings": fake.bindings}
    parts: list[str] = []
    for part in route.segments:
        name = part.strip("{}")
        found = record[parts[-1]].last.sid if name == "Sid" else PATHS.get(name, part) if name != part else part
        parts.append(found)
    return "/v1/" + "/".join(parts)


def as_described(route: Route, reply: Reply) -> None:
    """An answer has a described status, its body and its headers."""
    assert list(complaints(route, reply.status, json.loads(reply.body) if reply.body else None)) == []
    response = described(route)["responses"][str(reply.status)]
    if "$ref" in response:
        response = DOCUMENT["components"]["responses"][response["$ref"].rpartition("/")[2]]
    assert response["headers"].keys() <= dict(reply.headers).keys()


# the description

SECRETS = {"Certificate", "PrivateKey", "ApiKey", "Secret"}


def test_a_validator_accepts_it() -> None:
    validate(DOCUMENT)


def test_it_is_served_with_its_address() -> None:
    reply = call(FakeNotify().wsgi_app, "GET", "http://localhost:4010/_fake/notify-openapi.json", {}, b"")
    assert (reply.status, json.loads(reply.body)) == (200, DOCUMENT | {"servers": [{"url": "http://localhost:4010"}]})


OFFICIAL = {
    *(
        f"{verb}{name}"
        for verb in ("Create", "List", "Fetch", "Update", "Delete")
        for name in ("Service", "Credential")
    ),
    *("CreateBinding", "ListBinding", "FetchBinding", "DeleteBinding", "CreateNotification"),
}
"""The operationIds of Twilio's own file."""


def operations() -> dict[str, dict[str, Any]]:
    """The operations of the document by their names in the fake."""
    return {route.operation: described(route) for route in ROUTES.by_operation.values()}


def test_every_operation_is_described_and_no_other() -> None:
    found = {
        (path, method): operation["x-operation"]
        for path, methods in DOCUMENT["paths"].items()
        for method, operation in methods.items()
    }
    assert found == {
        (f"/v1{route.path}", route.method.lower()): route.operation for route in ROUTES.by_operation.values()
    }


def test_operations_and_tags_have_twilios_names() -> None:
    found = operations().values()
    tags = {tag["name"] for tag in DOCUMENT["tags"]}

    assert {each["operationId"] for each in found if not each["deprecated"]} == OFFICIAL
    assert {each["operationId"] for each in found if each["deprecated"]} >= {"ListUserBinding", "FetchUser"}
    assert {tag for each in found for tag in each["tags"]} == tags
    assert {"NotifyV1Service", "NotifyV1Binding", "NotifyV1UserBinding", "NotifyV1SegmentMembership"} <= tags


def test_every_operation_parameter_and_header_has_words() -> None:
    for operation in operations().values():
        assert operation["summary"]
        assert operation["description"]
        assert all(each["description"] for each in operation["parameters"])
    assert all(each["description"] for each in DOCUMENT["components"]["headers"].values())


def test_every_operation_and_parameter_names_its_rule() -> None:
    for name, operation in operations().items():
        route = ROUTES.by_operation[name]
        fields: dict[str, Any] = {each["name"]: each for each in operation["parameters"] if each["in"] == "query"}
        if "requestBody" in operation:
            fields |= operation["requestBody"]["content"][FORM]["schema"]["properties"]
        assert set(fields) == route.params.names | (PAGING_NAMES if route.verb == "find" else set())
        for field, schema in fields.items():
            rule = provenance.rules()[f"{name}.{field}"]
            assert (schema["x-label"], schema["x-source"]) == (rule.label, rule.source)
            assert schema.get("writeOnly", False) is (field in SECRETS)
        assert (operation["x-label"], operation["deprecated"]) == (provenance.rules()[name].label, route.legacy)


def test_the_example_of_every_form_fits_its_schema_and_is_accepted() -> None:
    for name, operation in operations().items():
        if "requestBody" in operation:
            fake, route = lively(), ROUTES.by_operation[name]
            content = operation["requestBody"]["content"][FORM]
            jsonschema.Draft202012Validator(content["schema"]).validate(content["example"])
            assert ask(fake, route.method, path_of(fake, route), spelled(content["example"])).status == route.status


def test_the_priority_of_an_answer_is_an_enum() -> None:
    schema = DOCUMENT["components"]["schemas"]["Notification"]["properties"]["priority"]
    assert schema == {"type": "string", "enum": ["high", "low"]}


# what may be sent


BINDING = {"Identity": "a", "BindingType": "sms", "Address": "x"}
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
        [{"Identity": ["alice"], "Ttl": 2_419_200}],
        [
            {"Identity": ["alice"], "Ttl": 2_419_201},
            {"Identity": ["alice"], "Priority": "normal"},
            {"Identity": [str(number) for number in range(21)]},
        ],
    ),
    "users.create": ([{"Identity": "erin", "Segment": ["a", "b"]}], [{}]),
}
"""For each operation, forms that fit its schema and forms that don't."""


def test_schemas_allow_what_is_accepted() -> None:
    for operation, (good, bad) in FORMS.items():
        route = ROUTES.by_operation[operation]
        fits = jsonschema.Draft202012Validator(described(route)["requestBody"]["content"][FORM]["schema"]).is_valid
        assert [fits(form) for form in good + bad] == [True] * len(good) + [False] * len(bad)
        for form in good + bad:
            reply = ask(fake := lively(), route.method, path_of(fake, route), spelled(form))
            assert (operation, form, reply.status) == (operation, form, route.status if form in good else 400)


def spelled(form: dict[str, Any]) -> list[tuple[str, str]]:
    """A form on the wire."""
    return [
        (name, each if isinstance(each, str) else json.dumps(each))
        for name, value in form.items()
        for each in (value if isinstance(value, list) else [value])
    ]


# answers


def sent_to(route: Route) -> list[tuple[str, str]]:
    """The least that the operation wants."""
    known = {"Identity": "erin", "BindingType": "sms", "Address": "+15005550006", "Type": "apn", "Segment": "t"}
    names = [row.name for row in route.params.rows if row.required and route.verb == "create"]
    return [(name, known[name]) for name in names] + (
        [("Tag", "all"), ("Body", "Hi"), ("Data", '{"a": [1]}')] if route.operation == "notifications.create" else []
    )


def test_every_success_is_as_described() -> None:
    for legacy, route in product((True, False), ROUTES.by_operation.values()):
        fake = lively()
        target = path_of(fake, route)
        if route.operation == "users.delete":
            target = target.replace("carol", "dave")
        fake.behaviour = fake.behaviour.changed({"legacy_resources": legacy})
        reply = ask(fake, route.method, target, sent_to(route))
        assert reply.status == (404 if route.legacy and not legacy else route.status)
        as_described(route, reply)


def test_every_refusal_is_as_described() -> None:
    for route in ROUTES.by_operation.values():
        fake = lively()
        target = path_of(fake, route)
        elsewhere = target.replace(SERVICE_SID, "IS" + "b" * 32)
        replies = {
            401: ask(fake, route.method, target, user="nobody"),
            405: ask(fake, "PATCH", target),
            413: ask(fake, route.method, target, [("Body", "x" * 1_048_577)]),
        }
        if route.verb == "find":
            replies[400] = ask(fake, route.method, target + "?PageSize=x")
        if route.operation == "users.delete":
            replies[409] = ask(fake, route.method, target)
        if elsewhere != target:
            replies[404] = ask(fake, route.method, elsewhere)
        for status, reply in replies.items():
            assert reply.status == status
            as_described(route, reply)
        assert ("404" in described(route)["responses"]) is (route.locate is not None)


def test_a_page_in_the_middle_is_as_described() -> None:
    for route in ROUTES.by_operation.values():
        if route.verb == "find":
            fake = lively()
            reply = ask(fake, "GET", path_of(fake, route) + "?PageSize=1&Page=1")
            assert reply.status == 200
            as_described(route, reply)


def test_an_answer_that_does_not_fit_is_noticed() -> None:
    route = ROUTES.by_operation["bindings.fetch"]
    good = json.loads(ask(fake := lively(), "GET", path_of(fake, route)).body)
    assert list(complaints(route, 200, good)) == []
    for bad in (
        {**good, "sid": "BS1"},
        {**good, "service_sid": "IS1"},
        {**good, "more": 1},
        {**good, "tags": None},
        {"sid": good["sid"]},
        None,
    ):
        assert list(complaints(route, 200, bad)) != []
    assert list(complaints(route, 201, good)) == ["bindings.fetch has no answer 201"]
    gone = ROUTES.by_operation["bindings.delete"]
    assert list(complaints(gone, 204, {})) == ["bindings.delete answers 204 with a body"]


def test_a_wire_checks_every_answer() -> None:
    with pytest.raises(AssertionError, match=r"services.find 200: \$ 'meta' is a required property"):
        check("GET", "/v1/Services.json?PageSize=5", 200, b'{"services": []}')
    check("GET", "/v1/Services", 500, b"")
    check("GET", "/v1/Nothing", 200, b"")
    check("GET", "/_fake/health", 200, b"{}")
