"""Saved worlds: what is saved comes back, what is written by hand gets Notify's defaults, the rest is refused."""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fakenotify import Behaviour, FakeNotify
from fakenotify.clients.in_process import call
from fakenotify.core.printable import shortened
from fakenotify.core.store import Table
from fakenotify.notify.accounts import ACCOUNT_SID, AUTH_TOKEN
from fakenotify.notify.dispatch import ROUTES
from fakenotify.strategies import forms
from fakenotify.world.saved_state import StateError, export, load
from fakenotify.world.state_file import parse

NOW = "2027-10-31T12:00:00Z"
LATER = datetime(2027, 10, 31, 13, tzinfo=timezone.utc)
OTHER_SID = "AC" + "b" * 32
IS, BS, MG = "IS" + "a" * 32, "BS" + "a" * 32, "MG" + "a" * 32
BINDING = {"identity": "alice", "binding_type": "sms", "address": "+15005550006"}


def new_fake(**settings_: Any) -> FakeNotify:
    fake = FakeNotify(Behaviour(callback_delivery="manual", **settings_))
    fake.clock.freeze(NOW)
    return fake


@pytest.fixture
def fake() -> FakeNotify:
    """A fake at ``NOW`` that opens no socket."""
    return new_fake()


def load_into(fake: FakeNotify, state: Any) -> None:
    """Load a state as a file would be."""
    load(fake.world.accounts, parse(json.dumps(state).encode()))


def exported(fake: FakeNotify, **how: Any) -> dict[str, Any]:
    """The accounts of a saved state."""
    accounts: dict[str, Any] = export(fake.world.accounts, **how)["accounts"]
    return accounts


def rows_of_one_send() -> tuple[dict[str, Any], dict[str, Any]]:
    """A delivery and its callback, which waits, as they are saved."""
    fake = new_fake()
    calling = {"delivery_callback_url": "http://127.0.0.1:9/", "delivery_callback_enabled": True}
    service = fake.create_service(sid=IS, messaging_service_sid=MG, **calling)
    fake.create_binding(service, **BINDING)
    fake.create_notification(service, identities="alice", body="Hi")
    account = exported(fake)[ACCOUNT_SID]
    return account["deliveries"][0], account["callbacks"][0]


DELIVERY, CALLBACK = rows_of_one_send()


# saved and loaded


Action = tuple[bool, tuple[str, dict[str, Any]], int]
"""Whether a request is made in the other account, its operation and form, and in which Service."""
OPERATIONS = [f"{each}.create" for each in ("services", "credentials", "bindings", "users", "notifications")]
FORM = st.sampled_from(OPERATIONS).flatmap(lambda operation: st.tuples(st.just(operation), forms(operation)))
WORLD: st.SearchStrategy[list[Action]] = st.lists(st.tuples(st.booleans(), FORM, st.integers(0, 3)), max_size=12)
CALLING = {"DeliveryCallbackUrl": ["http://127.0.0.1:9/"], "DeliveryCallbackEnabled": ["true"]}
DIRECT = {"ToBinding": ['{"binding_type": "sms", "address": "+15005550006"}']}


def build(fake: FakeNotify, actions: list[Action]) -> None:
    """Make these requests; those that are refused have no effect."""
    other = fake.account(OTHER_SID, "other")
    for elsewhere, (operation, form), at in actions:
        handle = other if elsewhere else fake
        fake.clock.tick()
        services = [each.sid for each in handle.services] or [IS]
        path = ROUTES.by_operation[operation].path.replace("{ServiceSid}", services[at % len(services)])
        token = b64encode(f"{handle.account_sid}:{handle.auth_token}".encode()).decode()
        headers = {"Authorization": f"Basic {token}", "Content-Type": "application/x-www-form-urlencoded"}
        call(fake.wsgi_app, "POST", f"http://localhost/v1{path}", headers, urlencode(form, doseq=True).encode())
    fake.deliver_callback()


def check_tables(fake: FakeNotify) -> None:
    """Every index of every table agrees with its rows."""
    for account in fake.world.accounts:
        for tables in (account, *account.scopes.values()):
            for table in tables.tables().values():
                if isinstance(table, Table):
                    table.check()


def lists(fake: FakeNotify) -> list[dict[str, Any]]:
    """What the official client lists."""
    client = fake.client(in_process=True).notify.v1
    rows = [*client.services.list(), *client.credentials.list()]
    for service in fake.services:
        rows += client.services(service.sid).bindings.list()
    return [{name: value for name, value in vars(row).items() if not name.startswith("_")} for row in rows]


@settings(max_examples=15)
@given(actions=WORLD, more=WORLD)
@example(
    actions=[(True, each, 0) for each in (("services.create", CALLING), *[("notifications.create", DIRECT)] * 2)],
    more=[(True, ("services.create", {}), 0), (True, ("notifications.create", DIRECT), 1)],
)
def test_a_world_comes_back_as_it_was_saved_and_goes_on_without_a_sid_twice(
    tmp_path_factory: pytest.TempPathFactory, actions: list[Action], more: list[Action]
) -> None:
    folder = tmp_path_factory.mktemp("world")
    first, second = new_fake(), new_fake()
    build(first, actions)
    first.save(folder / "first.json", secrets=True)
    second.load(folder / "first.json")
    second.save(folder / "second.json", secrets=True)

    assert str(second.diff(first.snapshot())) == "no difference"
    assert second.snapshot() == first.snapshot()
    assert (folder / "second.json").read_bytes() == (folder / "first.json").read_bytes()
    assert lists(second) == lists(first)
    build(second, more)
    check_tables(second)
    records = [record for state in second.snapshot().states.values() for _, record in state.records()]
    sids = [record.sid for record in records if getattr(record, "sid", None)]
    assert len(sids) == len(set(sids))


def test_a_row_that_is_written_into_a_saved_world_gets_a_sid_of_its_own(fake: FakeNotify) -> None:
    service = fake.create_service()
    for number in range(20):
        fake.create_binding(service.sid, identity="alice", binding_type="sms", address=f"+1500555{number:04}")
    state = exported(fake)[ACCOUNT_SID]
    state["services"][0]["bindings"].insert(0, {"identity": "bob", "binding_type": "sms", "address": "+1"})
    state["services"].insert(0, {})

    load_into(fake, {"services": state["services"]})

    assert (len(fake.services), len({each.sid for each in fake.bindings})) == (2, 21)


def test_a_new_account_after_a_load_is_not_one_of_the_loaded() -> None:
    first, second = new_fake(), new_fake()
    first.account().create_service("theirs")
    load_into(second, export(first.world.accounts))
    assert second.account().services == []


def test_a_saved_world_is_json_for_people(fake: FakeNotify, tmp_path: Path) -> None:
    credential = fake.create_credential("fcm", friendly_name="zoë", secret="hush")
    fake.save(tmp_path / "world.json")
    row = {
        "sid": credential.sid,
        "account_sid": ACCOUNT_SID,
        "friendly_name": "zoë",
        "type": "fcm",
        "sandbox": None,
        "date_created": NOW,
        "date_updated": NOW,
        "fcm_api": "legacy",
        "project_id": None,
    }
    tables = {"services": [], "credentials": [row], "deliveries": [], "alerts": [], "callbacks": []}
    state = {"fakenotify": 1, "accounts": {ACCOUNT_SID: {"auth_token": "[redacted]", **tables}}}
    assert (tmp_path / "world.json").read_text() == json.dumps(state, indent=2) + "\n"


# secrets


def test_a_token_is_saved_only_where_asked_and_a_redacted_one_stays_in_force(fake: FakeNotify) -> None:
    other, elsewhere = fake.account(OTHER_SID, "theirs"), new_fake()
    redacted = {sid: each["auth_token"] for sid, each in exported(fake).items()}
    shown = {sid: each["auth_token"] for sid, each in exported(fake, secrets=True).items()}
    assert redacted == {ACCOUNT_SID: "[redacted]", OTHER_SID: "[redacted]"}
    assert shown == {ACCOUNT_SID: AUTH_TOKEN, OTHER_SID: "theirs"}

    load_into(fake, export(fake.world.accounts))
    assert (fake.auth_token, other.auth_token) == (AUTH_TOKEN, "theirs")
    for secrets, token in ((False, AUTH_TOKEN), (True, "theirs")):
        load_into(elsewhere, export(fake.world.accounts, secrets=secrets))
        assert elsewhere.world.accounts[OTHER_SID].auth_token == token


# written by hand


@pytest.mark.parametrize("state", [{}, {"fakenotify": 1, "accounts": {}, "services": []}])
def test_an_empty_state_is_an_empty_world(fake: FakeNotify, state: Any) -> None:
    fake.create_service()
    load_into(fake, state)
    assert fake.snapshot() == new_fake().snapshot()


def test_what_is_left_out_is_as_if_created() -> None:
    created, loaded = new_fake(apn_protocol_version="3"), new_fake(apn_protocol_version="3")
    apn = {"identity": "bob", "binding_type": "apn", "address": "x", "tags": ["vip"]}
    alice = {"identity": "alice", "segments": ["vip"]}
    sent = {"tags": ["all"], "body": "Hi", "data": {"a": 1}}
    types: list[Any] = ["apn", "fcm", "gcm"]
    named = {"friendly_name": "named", "log_enabled": False}
    service = {"sid": IS, "bindings": [BINDING, apn], "users": [alice], "notifications": [sent]}
    loaded_state = {"services": [service, {}, named], "credentials": [{"type": each} for each in types]}

    for each in ({"sid": IS}, {}, named):
        created.create_service(**each)
    for each in types:
        created.create_credential(each)
    for each in (BINDING, apn):
        created.create_binding(IS, **each)
    created.create_notification(IS, **sent)
    load_into(loaded, loaded_state)

    for table in ("services", "credentials", "bindings", "notifications"):
        ours, theirs = getattr(loaded, table), getattr(created, table)
        assert ours == [replace(record, sid=our.sid) for our, record in zip(ours, theirs, strict=True)]
        assert len({each.sid for each in ours}) == len(ours)
    assert loaded.services[0].sid == IS
    assert [(user.identity, user.segments) for user in loaded.users] == [("alice", ["vip"]), ("bob", [])]
    assert [(segment.unique_name, segment.service_sid) for segment in loaded.segments] == [("vip", IS)]
    assert loaded.deliveries == []


def test_only_a_callback_that_waits_is_posted_later(fake: FakeNotify) -> None:
    for status, attempts in (("PENDING", 1), ("DELIVERED", 0), ("FAILED", 0)):
        load_into(fake, {"callbacks": [{**CALLBACK, "status": status}]})
        fake.deliver_callback()
        assert len(fake.callbacks[0].attempts) == attempts


def test_a_callback_about_half_of_a_surrogate_pair_comes_back(fake: FakeNotify) -> None:
    service = fake.create_service(messaging_service_sid=MG)
    target = {"binding_type": "sms", "address": "\ud800 \U0001f600"}
    url = "http://127.0.0.1:9/"
    fake.create_notification(service, to_binding=target, body="Hi", delivery_callback_url=url)

    load_into(fake, export(fake.world.accounts))

    assert [each["address"] for each in fake.callbacks.last.delivery_states] == ["\ufffd \U0001f600"]


def test_a_date_is_read_as_notify_would_show_it(fake: FakeNotify) -> None:
    for written in ("2027-10-31T15:00:00+02:00", "2027-10-31T13:00:00.250Z"):
        load_into(fake, {"services": [{"sid": IS, "date_created": written}]})
        assert fake.services[0].date_created == LATER
        assert exported(fake)[ACCOUNT_SID]["services"][0]["date_created"] == "2027-10-31T13:00:00Z"


def test_accounts_stand_side_by_side_and_reset_empties_them(fake: FakeNotify) -> None:
    other = fake.account(OTHER_SID)
    other.create_service("gone")
    load_into(
        fake, {"services": [{"bindings": [BINDING]}], "accounts": {OTHER_SID: {"credentials": [{"type": "fcm"}]}}}
    )
    assert [len(each) for each in (fake.services, fake.credentials, other.services, other.credentials)] == [1, 0, 0, 1]
    fake.reset()
    service = fake.create_service("next")
    assert (fake.services, fake.bindings, other.credentials) == ([service], [], [])


def test_two_types_may_share_an_address_where_that_is_the_rule() -> None:
    fake = new_fake(address_scope="service_and_type")
    load_into(fake, {"services": [{"bindings": [BINDING, {**BINDING, "binding_type": "apn"}]}]})
    assert [binding.binding_type for binding in fake.bindings] == ["sms", "apn"]
    with pytest.raises(StateError, match=r"has a Binding in this Service already$"):
        load_into(fake, {"services": [{"bindings": [BINDING, BINDING]}]})


# what is refused


def below(name: str, *rows: Any) -> dict[str, Any]:
    """A state with rows in a Service."""
    return {"services": [{"sid": IS, name: list(rows)}]}


LONG = "\x1b[2J" + "x" * 200

OF_THE_STATE: list[tuple[Any, str]] = [
    ([], "the state must be an object, not list"),
    ({"service": []}, "the state has an unknown field 'service'; did you mean 'services'?"),
    ({"fakenotify": 2}, "this state has format 2; this version reads format 1"),
    ({"accounts": []}, "accounts must be an object, not list"),
    ({"accounts": {OTHER_SID: []}}, f"accounts.{OTHER_SID} must be an object, not list"),
    ({"accounts": {"AC1": {}}}, "accounts.AC1: 'AC1' is not an account sid: AC and 32 hex digits"),
    ({"accounts": {OTHER_SID: {"auth_token": ""}}}, f"account {OTHER_SID} needs an auth token that is not empty"),
    ({"accounts": {OTHER_SID: {"token": "x"}}}, "unknown field 'token'; did you mean 'auth_token'?"),
    (
        {"services": [], "accounts": {ACCOUNT_SID: {}}},
        f"the state gives account {ACCOUNT_SID} twice, at the top and under accounts",
    ),
]
OF_ITS_ROWS: list[tuple[Any, str]] = [
    ({"services": {}}, "services must be a list, not dict"),
    ({"services": [{}, None]}, "services[1] must be an object, not NoneType"),
    ({"services": [{"sid": IS}, {"sid": IS}]}, f"services[1]: sid {IS} is there twice"),
    ({"credentials": [{}]}, "credentials[0] lacks 'type'"),
    ({"credentials": [{"type": "fcm", "secret": "x"}]}, "credentials[0] has an unknown field 'secret'"),
    ({"deliveries": [{}]}, "deliveries[0] lacks 'sid'"),
    ({"deliveries": [{**DELIVERY, "status": "LOST"}]}, "deliveries[0].status can't be 'LOST'"),
    ({"deliveries": [{**DELIVERY, "headers": {"apns-priority": 10}}]}, "headers can't be {'apns-priority': 10}"),
    ({"deliveries": [{**DELIVERY, "account_sid": OTHER_SID}]}, "is not the account it stands in"),
    ({"deliveries": [{**DELIVERY, "binding_type": "pigeon"}]}, "there is no binding type 'pigeon'; there are apn, gcm"),
    (
        {"callbacks": [{**CALLBACK, "body": "DeliveryState=%7B"}]},
        "a DeliveryState in body must be a JSON object, not '{'",
    ),
    (
        {"callbacks": [{**CALLBACK, "body": "DeliveryState=5"}]},
        "a DeliveryState in body must be a JSON object, not '5'",
    ),
    ({"callbacks": [{**CALLBACK, "attempts": 5}]}, "callbacks[0].attempts can't be 5"),
    ({"callbacks": [{**CALLBACK, "attempts": [5]}]}, "callbacks[0].attempts can't be [5]"),
]
OF_A_SERVICE: list[tuple[dict[str, Any], str]] = [
    ({"name": "x"}, "services[0] has an unknown field 'name'"),
    ({"frendly_name": "x"}, "services[0] has an unknown field 'frendly_name'; did you mean 'friendly_name'?"),
    ({"friendly_name": "x" * 65}, "services[0]: Invalid FriendlyName"),
    ({"log_enabled": "true"}, "services[0].log_enabled can't be 'true'"),
    ({"date_created": "yesterday"}, "services[0].date_created can't be 'yesterday'"),
    ({"date_created": "0001-01-01T00:00:00+23:00"}, "services[0].date_created can't be '0001-01-01T00:00:00+23:00'"),
    ({"date_created": LONG}, rf"services[0].date_created can't be '\x1b[2J{'x' * 59}…{'x' * 32}'"),
    ({"date_created": None}, "services[0].date_created can't be None"),
    ({"sid": BS}, f"services[0]: sid '{BS}' is not IS and 32 hex digits"),
    ({"sid": "x" * 999}, f"services[0]: sid {shortened(repr('x' * 999), 100)} is not IS and 32 hex digits"),
    ({"account_sid": OTHER_SID}, f"services[0]: account_sid {OTHER_SID} is not the account it stands in"),
    (
        {"apn_credential_sid": "CR1"},
        "services[0]: Can not convert incoming parameters to Service object: Parameter 'Apn",
    ),
]
OF_BINDINGS: list[tuple[list[dict[str, Any]], str]] = [
    ([BINDING, {"identity": "x"}], "bindings[1] lacks 'binding_type'"),
    ([{**BINDING, "identity": ""}], "bindings[0]: Missing required parameter Identity in the post body"),
    ([{**BINDING, "tags": "vip"}], "bindings[0].tags can't be 'vip'"),
    ([{**BINDING, "tags": [5]}], "bindings[0].tags can't be [5]"),
    ([{**BINDING, "tags": list("abcdefghijklmnopqrstu")}], "Parameter 'Tag' is invalid"),
    ([{**BINDING, "service_sid": "IS" + "b" * 32}], "is not the service it stands in"),
]
OF_THE_REST: list[tuple[Any, str]] = [
    (below("segments", {}), "segments[0] lacks 'unique_name'"),
    (below("notifications", {"data": []}), "notifications[0].data can't be []"),
    (below("notifications", {"ttl": True}), "notifications[0].ttl can't be True"),
]
MALFORMED = [
    *(OF_THE_STATE + OF_ITS_ROWS + OF_THE_REST),
    *(({"services": [fields]}, complaint) for fields, complaint in OF_A_SERVICE),
    *((below("bindings", *rows), complaint) for rows, complaint in OF_BINDINGS),
]
"""Invalid states, each with a part of its error message."""


def test_an_invalid_state_is_refused_with_the_place_and_changes_nothing(fake: FakeNotify) -> None:
    fake.create_binding(fake.create_service("kept"), **BINDING)
    fake.account(OTHER_SID, "kept").create_credential("fcm")
    before = fake.snapshot()
    for state, complaint in MALFORMED:
        with pytest.raises(StateError) as raised:
            load_into(fake, state)

        assert complaint in str(raised.value)
    assert str(fake.diff(before)) == "no difference"
    assert fake.world.accounts[OTHER_SID].auth_token == "kept"
