"""Check first, then write: whatever is sent to whatever operation, an error answer leaves the world as it was."""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from itertools import product
from typing import Any
from urllib.parse import quote

import pytest
from answers import not_found
from hypothesis import given, settings
from hypothesis import strategies as st

from fakenotify import strategies
from fakenotify.core.errors import NotFound
from fakenotify.core.paging import PAGING_NAMES
from fakenotify.core.routes import Route
from fakenotify.notify.accounts import ACCOUNT_SID, AUTH_TOKEN
from fakenotify.notify.behaviour import Behaviour
from fakenotify.notify.dispatch import ROUTES, Answer, Call
from fakenotify.server.wsgi import encode
from fakenotify.world import snapshot
from fakenotify.world.world import World

OTHER_ACCOUNT = "AC" + "b" * 32
UNKNOWN = ("IS" + "0" * 32, "BS71", "no such thing", "", "\ufffd", ".json")

BEHAVIOURS = (
    Behaviour(),
    Behaviour(identity_limit="evict_oldest", replacement_keeps_sid=True, address_scope="service_and_type"),
    Behaviour(credentials_checked="at_write", addresses_checked="at_write", page_size_limit="reject"),
    Behaviour(legacy_resources=False, unknown_accounts="own", callback_when_empty=True),
    Behaviour(certificates_checked="never", legacy_fcm="accepted", list_order="newest_first"),
    Behaviour(page_without_token="reject", next_page_link="eager"),
)

KNOWN = {
    "Identity": ("alice", "crowded", "member", "newcomer"),
    "Address": ("+15005550006", "a7c658f4"),
    "Segment": ("vip", "segment 7"),
}
"""What names something in the world."""

HOSTILE = (
    *("", "\ufffd\x00\n", "é/b c", "x" * 65, "-1", "9" * 5000, "0001-01-01", "9999-12-31", "2027-02-30"),
    *("null", "[]", '{"k": NaN}', '{"k": 1e999}', '{"k": ' * 1000, '{"k": "\\ud800"}', '{"aps": 1}', '{"to": "x"}'),
    *('{"data": {"twi_body": "x"}}', '{"body": "hi", "media_urls": [1]}', '{"from": "x", "google": null}'),
    *('{"binding_type": ["sms"], "address": {}}', '{"binding_type": "pigeon", "address": "a"}'),
)


@cache
def forms(operation: str) -> st.SearchStrategy[dict[str, list[str]]]:
    """Good forms and forms with a mistake; often they name what exists, and sometimes a value is hostile."""
    names = [row.name for row in ROUTES.by_operation[operation].params.rows]
    drawn = strategies.forms(operation) | strategies.forms_with_mistakes(operation)
    known = {name: st.sampled_from(KNOWN[name]).map(lambda value: [value]) for name in KNOWN if name in names}
    hostile = st.dictionaries(
        st.sampled_from([*names, *sorted(PAGING_NAMES)]),
        st.lists(st.sampled_from(HOSTILE), min_size=1, max_size=2),
        max_size=1,
    )
    return st.builds(lambda *parts: {k: v for part in parts for k, v in part.items()}, drawn, _some_of(known), hostile)


def _some_of(values: dict[str, st.SearchStrategy[list[str]]]) -> st.SearchStrategy[dict[str, list[str]]]:
    return st.fixed_dictionaries({}, optional=values)


def empty_world(behaviour: Behaviour) -> World:
    world = World(behaviour, accounts={ACCOUNT_SID: AUTH_TOKEN, OTHER_ACCOUNT: AUTH_TOKEN})
    world.clock.freeze("2027-10-31T12:00:00Z")
    return world


@cache
def records() -> snapshot.Snapshot:
    """In each of two accounts an identity is full, an address is taken and every kind of record exists."""
    world = empty_world(Behaviour())
    for account in world.accounts:

        def run(operation: str, *path: str, account: Any = account, **arguments: Any) -> Any:
            return world.dispatcher.run(account, operation, path, arguments)

        for credential_type in ("apn", "fcm"):
            run("credentials.create", type=credential_type)
        service = run("services.create", friendly_name="alice", messaging_service_sid="MG" + "a" * 32)
        run("services.create")
        for number in range(20):
            run("bindings.create", service.sid, identity="crowded", binding_type="fcm", address=f"token {number}")
        run("bindings.create", service.sid, identity="alice", binding_type="sms", address="+15005550006", tags="vip")
        run("bindings.create", service.sid, identity="é/b c", binding_type="apn", address="a7c658f4")
        run("users.create", service.sid, identity="member", segments=["vip"])
        run("users.create", service.sid, identity="everywhere", segments=[f"segment {number}" for number in range(20)])
        run("bindings.create", service.sid, identity="newcomer", binding_type="gcm", address="token")
    return world.snapshot()


def fixed_world(behaviour: Behaviour) -> World:
    world = empty_world(behaviour)
    world.restore(records())
    return world


def placeholders(route: Route) -> list[tuple[str, ...]]:
    """For each placeholder of a route's path, what it can stand for in the fixed world, in either account."""
    known: dict[str, list[str]] = {}
    for state in records().states.values():
        for table, record in state.records():
            known.setdefault(table, []).append(getattr(record, "sid", ""))
            known.setdefault("identity", []).append(getattr(record, "identity", "alice"))
    named = {
        "{ServiceSid}": known["services"],
        "{Identity}": [*dict.fromkeys(known["identity"]), *known["users"]],
        "{Segment}": ["vip", "segment 7"],
        "{Sid}": known.get(route.key.removeprefix("user_"), []),
    }
    return [tuple(named[part]) for part in route.segments if part.startswith("{")]


@cache
def places(route: Route) -> list[tuple[str, ...]]:
    """The path values that name something in the account that asks."""
    account = fixed_world(Behaviour()).accounts[ACCOUNT_SID]
    found = []
    for values in product(*placeholders(route)):
        with suppress(NotFound):
            if route.locate:
                route.locate(account, *values)
            found.append(values)
    return found


@cache
def paths(route: Route) -> st.SearchStrategy[str]:
    """Paths that mostly lead somewhere; some lead to another account or nowhere."""
    there = st.sampled_from(places(route))
    anywhere = st.tuples(*(st.sampled_from((*named, *UNKNOWN)) for named in placeholders(route)))
    chosen = st.sampled_from([there] * 5 + [anywhere]).flatmap(lambda strategy: strategy)
    return chosen.map(lambda values: path_to(route, values))


def path_to(route: Route, values: Iterable[str]) -> str:
    return route.resource_path([quote(value, safe="") for value in values])


def ask(world: World, route: Route, path: str, form: dict[str, list[str]]) -> Answer:
    query, body = (form, {}) if route.method == "GET" else ({}, form)
    return world.handle(Call(route.method, f"/v1{path}", query, body, (ACCOUNT_SID, AUTH_TOKEN)))


@pytest.mark.parametrize("operation", ROUTES.by_operation)
@given(data=st.data())
@settings(max_examples=30, deadline=None)
def test_an_error_answer_leaves_the_world_as_it_was(operation: str, data: st.DataObject) -> None:
    route = ROUTES.by_operation[operation]
    world = fixed_world(data.draw(st.sampled_from(BEHAVIOURS), "behaviour"))

    for _ in range(data.draw(st.integers(1, 3), "requests")):
        path, form = data.draw(paths(route), "path"), data.draw(forms(operation), "form")
        before = snapshot.take(world.accounts)

        answer = ask(world, route, path, form)

        body = encode(answer.body)
        if answer.error is None:
            assert answer.status == route.status
            assert (json.loads(body) if body else None) == answer.body
        else:
            assert 400 <= answer.status < 500
            assert json.loads(body) == answer.error.representation()
            assert snapshot.take(world.accounts) == before


def test_every_operation_can_both_succeed_and_fail_here() -> None:
    """Otherwise the property above would say nothing about an operation."""
    for operation, route in ROUTES.by_operation.items():
        good = {row.name: [row.kind.examples()[0]] for row in route.params.rows if row.required}
        if operation == "notifications.create":
            good = {"Identity": ["alice"]}
        bad = {row.name: [row.kind.mistakes()[0]] for row in route.params.rows if row.kind.mistakes()}

        answered = {
            ask(fixed_world(Behaviour()), route, path_to(route, values), good).status for values in places(route)[-9:]
        }
        refused = ask(fixed_world(Behaviour()), route, path_to(route, ["IS71"] * 3), bad | {"PageSize": ["0"]})

        assert route.status in answered, operation
        assert refused.error is not None, operation


def test_a_path_is_404_and_named_as_requested_wherever_it_names_nothing_and_whatever_is_sent() -> None:
    world = fixed_world(Behaviour())
    for operation, route in ROUTES.by_operation.items():
        bad = {row.name: [row.kind.mistakes()[0]] for row in route.params.rows if row.kind.mistakes()}
        for values in places(route)[:1]:
            for at, unknown in product(range(len(values)), (*UNKNOWN, "MG" + "a" * 32, " ")):
                path = path_to(route, (*values[:at], unknown, *values[at + 1 :]))
                answer = ask(world, route, path, bad)
                assert (answer.status, answer.error and answer.error.message) == not_found(path)[::2], operation
