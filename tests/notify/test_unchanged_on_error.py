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
from hypothesis import given, settings
from hypothesis import strategies as st

from fakenotify.core.errors import NotFound, TwilioError
from fakenotify.core.paging import PAGING_NAMES
from fakenotify.core.params import Param
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

KNOWN = ("alice", "crowded", "member", "newcomer", "+15005550006", "a7c658f4", "vip")
"""What names something in the world: it is sent more often than other values."""

VALUES = (
    *KNOWN,
    *("", "é/b c", "\ufffd\x00\n", "x" * 64, "x" * 65),
    *("apn", "gcm", "fcm", "sms", "facebook-messenger", "alexa", "all", "high", "low", "true", "False"),
    *("0", "1", "20", "2419200", "2419201", "-1", "9" * 5000, "3"),
    *("CR" + "a" * 32, "MG" + "a" * 32, "AC" + "a" * 32),
    *("2027-10-31", "2027-02-30", "0001-01-01", "9999-12-31"),
    "http://127.0.0.1:1/callback",
    *("{}", '{"k": "v"}', "[]", "null", '{"k": NaN}', '{"k": 1e999}', '{"k": ' * 1000, '{"k": "\\ud800"}'),
    *('{"twi_body": "x"}', '{"to": "x"}', '{"data": {"twi_body": "x"}}', '{"aps": {"badge": 1}}', '{"aps": 1}'),
    *('{"body": "hi", "media_urls": [1]}', '{"from": "x", "google": null}'),
    '{"binding_type": "sms", "address": "+15005550006"}',
    '{"binding_type": "apn", "address": "a7c658f4"}',
    '{"binding_type": "pigeon", "address": "a"}',
    '{"binding_type": "sms"}',
    '{"binding_type": ["sms"], "address": {}}',
)
"""What is sent: for every parameter of every operation some of these are good and some are bad."""

GOOD, BAD = "good", "bad"

values = st.sampled_from(VALUES)


def is_good(row: Param, value: str) -> bool:
    try:
        row.kind.read(value)
    except (ValueError, TwilioError):
        return False
    return value != ""


@cache
def values_of(row: Param) -> dict[str, tuple[str, ...]]:
    """The values for a parameter: those that can be read, and those that can't."""
    good = tuple(value for value in VALUES if is_good(row, value))
    assert good, f"add to VALUES one that {row.name} can be"
    return {GOOD: good, BAD: tuple(value for value in VALUES if value not in good)}


@cache
def sent(row: Param) -> st.SearchStrategy[list[str]]:
    """Nothing, or one, two or too many values of a parameter; most of them good, and the more so if it is required."""
    good, bad, both = (
        st.sampled_from(values) for values in (values_of(row)[GOOD], values_of(row)[BAD] or ("",), VALUES)
    )
    nothing = st.just([])
    well = st.lists(good, min_size=1, max_size=1 if row.most is None else 4)
    badly = st.lists(bad, min_size=1, max_size=2) | st.lists(both, min_size=2, max_size=3)
    too_many = st.just([f"{row.name} {number}" for number in range(25)])
    return st.sampled_from(
        [well] * 7 + [nothing, badly, too_many] if row.required else [nothing] * 6 + [well] * 4 + [badly, too_many]
    ).flatmap(lambda chosen: chosen)


@cache
def forms(route: Route) -> st.SearchStrategy[dict[str, list[str]]]:
    """A form that is nearly right, and some that nobody reads beside it."""
    names = {row.name: sent(row) for row in route.params.rows}
    if route.verb == "find":
        names |= {name: st.just([]) | st.lists(values, max_size=2) for name in sorted(PAGING_NAMES)}
    unread = st.dictionaries(
        st.sampled_from(("identity", "Type", "Tag[]", "")), st.lists(values, min_size=1), max_size=1
    )
    return st.builds(
        lambda read, ignored: ignored | {name: given for name, given in read.items() if given},
        st.fixed_dictionaries(names),
        unread,
    )


def fixed_world(behaviour: Behaviour) -> World:
    """A world with two accounts, in which an identity is full, an address is taken and every kind of record exists."""
    world = World(behaviour, accounts={ACCOUNT_SID: AUTH_TOKEN, OTHER_ACCOUNT: AUTH_TOKEN})
    world.clock.freeze("2027-10-31T12:00:00Z")
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
    return world


def placeholders(route: Route) -> list[tuple[str, ...]]:
    """For each placeholder of a route's path, what it can stand for in the fixed world, in either account."""
    known: dict[str, list[str]] = {}
    for state in snapshot.take(fixed_world(Behaviour()).accounts).states.values():
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
    """The path values that do name something in the account that asks."""
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
        path, form = data.draw(paths(route), "path"), data.draw(forms(route), "form")
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
    """So that the property above says something of each: a good request is answered well, a bad path is not."""
    for operation, route in ROUTES.by_operation.items():
        good = {row.name: [values_of(row)[GOOD][0]] for row in route.params.rows if row.required}
        if operation == "notifications.create":
            good = {"Identity": ["alice"]}
        bad = {row.name: [values_of(row)[BAD][-1]] for row in route.params.rows} | {"PageSize": ["0"]}

        answered = {
            ask(fixed_world(Behaviour()), route, path_to(route, values), good).status for values in places(route)[-9:]
        }
        refused = ask(fixed_world(Behaviour()), route, path_to(route, ["IS71"] * 3), bad)

        assert route.status in answered, operation
        assert refused.error is not None, operation
