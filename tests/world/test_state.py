"""Saved worlds: what is saved comes back, what is written by hand gets Notify's defaults, the rest is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fakenotify import Behaviour, FakeNotify, TwilioError
from fakenotify.core.store import Table
from fakenotify.notify.accounts import ACCOUNT_SID, AUTH_TOKEN
from fakenotify.notify.records import NO_STRINGS, Binding, Credential, Service
from fakenotify.world.saved_state import StateError, export, load
from fakenotify.world.state_file import parse

NOW = "2027-10-31T12:00:00Z"
MOMENT = datetime(2027, 10, 31, 12, tzinfo=timezone.utc)
LATER = datetime(2027, 10, 31, 13, tzinfo=timezone.utc)
OTHER_SID = "AC" + "b" * 32
IS, BS, CR = "IS" + "a" * 32, "BS" + "a" * 32, "CR" + "a" * 32
BINDING = {"identity": "alice", "binding_type": "sms", "address": "+15005550006"}
DELIVERY = {
    "sid": "SM" + "a" * 32,
    "notification_sid": "NT" + "a" * 32,
    "service_sid": IS,
    "account_sid": ACCOUNT_SID,
    "binding_sid": None,
    "identity": None,
    "binding_type": "sms",
    "address": "+15005550006",
    "status": "SENT",
    "error_code": None,
    "error_message": None,
    "payload": {"Body": "Hi"},
    "headers": {},
    "credential_sid": None,
    "protocol_version": "default",
    "date_created": NOW,
}
ALERT = {
    "code": 52001,
    "level": "ERROR",
    "text": "of no account",
    "notification_sid": None,
    "service_sid": None,
    "account_sid": ACCOUNT_SID,
    "binding_sid": None,
    "binding_type": None,
    "date_created": NOW,
}
CALLBACK = {
    "sid": "CB" + "a" * 32,
    "account_sid": ACCOUNT_SID,
    "service_sid": IS,
    "notification_sid": "NT" + "a" * 32,
    "url": "http://127.0.0.1:9/",
    "body": "Count=1",
    "signature": "x",
    "sequence_id": 0,
    "is_final": True,
    "status": "PENDING",
    "attempts": [{"date": NOW, "status": None, "body": "", "error": "refused"}],
    "date_created": NOW,
}


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
    load(fake.world.accounts, parse(json.dumps(state)))


# there and back


TEXT = st.text(max_size=12)
NAME = st.sampled_from(["alice", "bob", "zoë", "a/b?c", "\x00", "all", "\U0001f514"])
OVERRIDE = st.none() | st.dictionaries(TEXT, st.none() | st.booleans() | st.integers() | TEXT, max_size=2)
ACTION = st.one_of(
    st.tuples(st.just("create_service"), st.fixed_dictionaries({"friendly_name": st.none() | TEXT})),
    st.tuples(
        st.just("create_service"),
        st.fixed_dictionaries(
            {
                "log_enabled": st.booleans(),
                "default_apn_notification_protocol_version": st.sampled_from(["3", "4"]),
                "fcm_credential_sid": st.sampled_from([None, CR]),
                "messaging_service_sid": st.sampled_from([None, "MG" + "a" * 32]),
                "delivery_callback_url": st.just("http://127.0.0.1:9/"),
                "delivery_callback_enabled": st.booleans(),
            }
        ),
    ),
    st.tuples(
        st.just("create_credential"),
        st.fixed_dictionaries(
            {
                "type": st.sampled_from(["apn", "fcm", "gcm"]),
                "friendly_name": st.none() | TEXT,
                "sandbox": st.none() | st.booleans(),
                "secret": st.none() | st.just("hush"),
            }
        ),
    ),
    st.tuples(
        st.just("create_binding"),
        st.fixed_dictionaries(
            {
                "identity": NAME,
                "binding_type": st.sampled_from(["sms", "apn", "fcm", "gcm", "facebook-messenger", "alexa"]),
                "address": NAME,
                "tags": st.lists(NAME, max_size=3),
                "endpoint": st.none() | TEXT,
            }
        ),
    ),
    st.tuples(
        st.just("create_user"), st.fixed_dictionaries({"identity": NAME, "segments": st.lists(NAME, max_size=2)})
    ),
    st.tuples(
        st.just("create_notification"),
        st.fixed_dictionaries(
            {"body": st.none() | TEXT, "data": OVERRIDE, "sms": OVERRIDE, "ttl": st.integers(0, 9)},
            optional={"identities": st.lists(NAME, min_size=1, max_size=2), "tags": st.just(["all"])},
        ),
    ),
    st.tuples(
        st.just("create_notification"),
        st.fixed_dictionaries(
            {
                "to_binding": st.lists(
                    st.just({"binding_type": "sms", "address": "+15005550006"}), min_size=1, max_size=2
                )
            }
        ),
    ),
)
WORLD = st.lists(st.tuples(st.booleans(), ACTION, st.integers(0, 3)), max_size=20)


def build(fake: FakeNotify, actions: list[tuple[bool, tuple[str, dict[str, Any]], int]]) -> None:
    """Do all this, half of it in another account; what is refused is left out."""
    other = fake.account(OTHER_SID, "other")
    for elsewhere, (operation, arguments), at in actions:
        handle = other if elsewhere else fake
        services = handle.services
        fake.clock.tick()
        try:
            if operation in ("create_service", "create_credential"):
                getattr(handle, operation)(**arguments)
            elif services:
                getattr(handle, operation)(services[at % len(services)].sid, **arguments)
        except TwilioError:
            pass
    fake.deliver_callback()


def check_tables(fake: FakeNotify) -> None:
    """Every index of every table agrees with its rows."""
    for account in fake.world.accounts:
        for tables in (account, *account.scopes.values()):
            for table in tables.tables().values():
                if isinstance(table, Table):
                    table.check()


@settings(deadline=None, max_examples=60)
@given(actions=WORLD)
def test_a_world_comes_back_as_it_was_saved(
    tmp_path_factory: pytest.TempPathFactory, actions: list[tuple[bool, tuple[str, dict[str, Any]], int]]
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
    check_tables(second)


@settings(deadline=None, max_examples=30)
@given(actions=WORLD)
def test_a_loaded_world_answers_as_the_saved_one_did(
    actions: list[tuple[bool, tuple[str, dict[str, Any]], int]],
) -> None:
    first, second = new_fake(), new_fake()
    build(first, actions)
    load_into(second, export(first.world.accounts, secrets=True))

    def lists(fake: FakeNotify) -> list[Any]:
        client = fake.client(in_process=True).notify.v1
        listed = [client.services.list(), client.credentials.list()]
        for service in fake.services:
            listed.append(client.services(service.sid).bindings.list())
        return [
            [{**vars(row), "_version": None, "_solution": None, "_context": None} for row in rows] for rows in listed
        ]

    assert lists(second) == lists(first)


ALERTING = {"delivery_callback_url": "http://127.0.0.1:9/", "delivery_callback_enabled": True}
DIRECT = {"to_binding": [{"binding_type": "sms", "address": "+15005550006"}]}


@settings(deadline=None, max_examples=30)
@given(actions=WORLD, more=WORLD)
@example(
    actions=[
        (True, ("create_service", ALERTING), 0),
        (True, ("create_service", {}), 0),
        (True, ("create_notification", DIRECT), 0),
        (True, ("create_notification", DIRECT), 0),
    ],
    more=[(True, ("create_notification", DIRECT), 1)],
)
def test_a_loaded_world_goes_on_without_a_sid_twice(
    actions: list[tuple[bool, tuple[str, dict[str, Any]], int]],
    more: list[tuple[bool, tuple[str, dict[str, Any]], int]],
) -> None:
    first, second = new_fake(), new_fake()
    build(first, actions)
    load_into(second, export(first.world.accounts))
    build(second, more)
    check_tables(second)
    sids = [
        record.sid
        for state in second.snapshot().states.values()
        for _, record in state.records()
        if hasattr(record, "sid")
    ]
    known = [sid for sid in sids if sid is not None]
    assert len(known) == len(set(known))


def test_a_row_that_is_written_into_a_saved_world_gets_a_sid_of_its_own(fake: FakeNotify) -> None:
    service = fake.create_service()
    for number in range(20):
        fake.create_binding(service.sid, identity="alice", binding_type="sms", address=f"+1500555{number:04}")
    state = export(fake.world.accounts)["accounts"][ACCOUNT_SID]
    state["services"][0]["bindings"].insert(0, {"identity": "bob", "binding_type": "sms", "address": "+1"})
    state["services"].insert(0, {})

    load_into(fake, {"services": state["services"]})

    assert (len(fake.services), len({each.sid for each in fake.bindings})) == (2, 21)


def test_a_new_account_after_a_load_is_not_one_of_the_loaded() -> None:
    first, second = new_fake(), new_fake()
    first.account().create_service("theirs")
    load_into(second, export(first.world.accounts))
    assert second.account().services == []


def test_the_same_seed_and_calls_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("first", "second"):
        fake = new_fake()
        service = fake.create_service("one")
        fake.create_binding(service.sid, **BINDING)
        fake.create_notification(service.sid, identities=["alice"], body="Hi")
        fake.account().create_credential("fcm")
        fake.save(tmp_path / name)
    assert (tmp_path / "first").read_bytes() == (tmp_path / "second").read_bytes()


def test_a_saved_world_is_json_for_people(fake: FakeNotify, tmp_path: Path) -> None:
    credential = fake.create_credential("fcm", friendly_name="zoë", secret="hush")
    fake.save(tmp_path / "world.json")
    assert (
        (tmp_path / "world.json").read_text()
        == f"""{{
  "fakenotify": 1,
  "accounts": {{
    "{ACCOUNT_SID}": {{
      "auth_token": "[redacted]",
      "services": [],
      "credentials": [
        {{
          "sid": "{credential.sid}",
          "account_sid": "{ACCOUNT_SID}",
          "friendly_name": "zo\\u00eb",
          "type": "fcm",
          "sandbox": null,
          "date_created": "2027-10-31T12:00:00Z",
          "date_updated": "2027-10-31T12:00:00Z",
          "fcm_api": "legacy",
          "project_id": null
        }}
      ],
      "deliveries": [],
      "alerts": [],
      "callbacks": []
    }}
  }}
}}
"""
    )


# secrets


def test_a_token_is_saved_only_where_asked(fake: FakeNotify) -> None:
    fake.account(OTHER_SID, "theirs")

    def tokens(**how: Any) -> dict[str, str]:
        return {sid: each["auth_token"] for sid, each in export(fake.world.accounts, **how)["accounts"].items()}

    assert tokens() == {ACCOUNT_SID: "[redacted]", OTHER_SID: "[redacted]"}
    assert tokens(secrets=True) == {ACCOUNT_SID: AUTH_TOKEN, OTHER_SID: "theirs"}


def test_a_redacted_token_stays_the_one_in_force(fake: FakeNotify) -> None:
    other = fake.account(OTHER_SID, "theirs")
    load_into(fake, export(fake.world.accounts))
    assert (fake.auth_token, other.auth_token) == (AUTH_TOKEN, "theirs")
    elsewhere = new_fake()
    load_into(elsewhere, export(fake.world.accounts))
    assert elsewhere.world.accounts[OTHER_SID].auth_token == AUTH_TOKEN


def test_a_given_token_is_the_one_in_force(fake: FakeNotify) -> None:
    load_into(fake, {"accounts": {OTHER_SID: {"auth_token": "theirs"}}})
    assert fake.world.accounts[OTHER_SID].auth_token == "theirs"


# written by hand


SERVICE = Service(
    sid=IS,
    account_sid=ACCOUNT_SID,
    friendly_name=None,
    date_created=MOMENT,
    date_updated=MOMENT,
    apn_credential_sid=None,
    gcm_credential_sid=None,
    fcm_credential_sid=None,
    messaging_service_sid=None,
    facebook_messenger_page_id=None,
    alexa_skill_id=None,
    default_apn_notification_protocol_version="4",
    default_gcm_notification_protocol_version="3",
    default_fcm_notification_protocol_version="3",
    default_alexa_notification_protocol_version="3",
    log_enabled=True,
    delivery_callback_url=None,
    delivery_callback_enabled=False,
)


@pytest.mark.parametrize("state", [{}, {"fakenotify": 1, "accounts": {}, "services": []}])
def test_an_empty_state_is_an_empty_world(fake: FakeNotify, state: Any) -> None:
    fake.create_service()
    load_into(fake, state)
    assert fake.snapshot() == new_fake().snapshot()


def test_a_service_needs_nothing(fake: FakeNotify) -> None:
    load_into(fake, {"services": [{}, {"sid": IS}, {"friendly_name": "named", "log_enabled": False}]})
    first, second, third = fake.services
    assert (first, second) == (replace(SERVICE, sid=first.sid), SERVICE)
    assert third == replace(SERVICE, sid=third.sid, friendly_name="named", log_enabled=False)
    assert len({first.sid, second.sid, third.sid}) == 3


def test_a_service_has_the_protocol_version_of_the_day() -> None:
    fake = new_fake(apn_protocol_version="3")
    load_into(fake, {"services": [{}]})
    assert fake.services[0].default_apn_notification_protocol_version == "3"


def test_a_binding_needs_who_what_and_where(fake: FakeNotify) -> None:
    apn = {"identity": "bob", "binding_type": "apn", "address": "x", "tags": ["vip"]}
    load_into(fake, {"services": [{"sid": IS, "bindings": [BINDING, apn]}]})
    first, second = fake.bindings
    assert first == Binding(
        sid=first.sid,
        account_sid=ACCOUNT_SID,
        service_sid=IS,
        identity="alice",
        binding_type="sms",
        address="+15005550006",
        tags=NO_STRINGS,
        notification_protocol_version="default",
        credential_sid=None,
        endpoint=None,
        date_created=MOMENT,
        date_updated=MOMENT,
    )
    assert (second.notification_protocol_version, second.tags) == ("4", ["vip"])
    assert [user.identity for user in fake.users] == ["alice", "bob"]


@pytest.mark.parametrize(
    ("type_", "sandbox", "api"), [("apn", "False", None), ("fcm", None, "v1"), ("gcm", None, "legacy")]
)
def test_a_credential_needs_its_type_and_is_then_as_if_created(
    fake: FakeNotify, type_: str, sandbox: str | None, api: Any
) -> None:
    load_into(fake, {"credentials": [{"type": type_}]})
    (credential,) = fake.credentials
    assert credential == Credential(
        sid=credential.sid,
        account_sid=ACCOUNT_SID,
        friendly_name=None,
        type=type_,
        sandbox=sandbox,
        date_created=MOMENT,
        date_updated=MOMENT,
        fcm_api=api,
    )


def test_a_user_brings_its_segments(fake: FakeNotify) -> None:
    load_into(fake, {"services": [{"sid": IS, "users": [{"identity": "alice", "segments": ["vip"]}]}]})
    assert [(user.identity, user.segments) for user in fake.users] == [("alice", ["vip"])]
    assert [(segment.unique_name, segment.service_sid) for segment in fake.segments] == [("vip", IS)]


def test_a_notification_needs_only_to_have_been_sent(fake: FakeNotify) -> None:
    notification = {"tags": ["all"], "body": "Hi", "data": {"a": 1}}
    load_into(fake, {"services": [{"sid": IS, "notifications": [notification]}]})
    (sent,) = fake.notifications
    assert (sent.tags, sent.body, sent.data, sent.priority, sent.ttl) == (["all"], "Hi", {"a": 1}, "high", 2419200)
    assert (sent.service_sid, sent.date_created, fake.deliveries) == (IS, MOMENT, [])


def test_what_is_not_in_a_service_can_be_written_too(fake: FakeNotify) -> None:
    load_into(fake, {"deliveries": [DELIVERY], "alerts": [ALERT], "callbacks": [CALLBACK]})
    assert export(fake.world.accounts)["accounts"][ACCOUNT_SID] == {
        "auth_token": "[redacted]",
        "services": [],
        "credentials": [],
        "deliveries": [DELIVERY | {"provider_url": ""}],
        "alerts": [ALERT],
        "callbacks": [CALLBACK],
    }


def test_a_delivery_of_no_channel_is_refused(fake: FakeNotify) -> None:
    with pytest.raises(StateError, match="there is no binding type 'pigeon'; there are apn, gcm"):
        load_into(fake, {"deliveries": [DELIVERY | {"binding_type": "pigeon"}]})


@pytest.mark.parametrize(("status", "attempts"), [("PENDING", 2), ("DELIVERED", 1), ("FAILED", 1)])
def test_only_a_callback_that_waits_is_posted_later(fake: FakeNotify, status: str, attempts: int) -> None:
    load_into(fake, {"callbacks": [{**CALLBACK, "status": status}]})
    fake.deliver_callback()
    assert len(fake.callbacks[0].attempts) == attempts


@pytest.mark.parametrize(
    "written",
    [
        "2027-10-31T15:00:00+02:00",
        "2027-10-31T13:00:00.250Z",
    ],
)
def test_a_date_is_read_as_notify_would_show_it(fake: FakeNotify, written: str) -> None:
    load_into(fake, {"services": [{"sid": IS, "date_created": written}]})
    shown = export(fake.world.accounts)["accounts"][ACCOUNT_SID]["services"][0]["date_created"]
    assert (fake.services, shown) == ([replace(SERVICE, date_created=LATER)], "2027-10-31T13:00:00Z")


def test_accounts_stand_side_by_side(fake: FakeNotify) -> None:
    fake.account(OTHER_SID).create_service("gone")
    load_into(fake, {"services": [{}], "accounts": {OTHER_SID: {"credentials": [{"type": "fcm"}]}}})
    other = fake.account(OTHER_SID)
    assert [len(each) for each in (fake.services, fake.credentials, other.services, other.credentials)] == [1, 0, 0, 1]


def test_two_types_may_share_an_address_where_that_is_the_rule() -> None:
    bindings = [BINDING, {**BINDING, "binding_type": "apn"}]
    fake = new_fake(address_scope="service_and_type")
    load_into(fake, {"services": [{"bindings": bindings}]})
    assert [binding.binding_type for binding in fake.bindings] == ["sms", "apn"]


def test_reset_after_a_load_is_empty_and_goes_on(fake: FakeNotify) -> None:
    load_into(fake, {"services": [{"bindings": [BINDING]}]})
    fake.reset()
    service = fake.create_service("next")
    assert (fake.services, fake.bindings) == ([service], [])


# what is refused


def service(**fields: Any) -> dict[str, Any]:
    return {"services": [{"sid": IS}, fields]}


def below(name: str, *rows: Any) -> dict[str, Any]:
    return {"services": [{"sid": IS, name: list(rows)}]}


NESTED: dict[str, Any] = {}
for _ in range(200):
    NESTED = {"x": NESTED}
HERE = f"accounts.{ACCOUNT_SID}"
# a text that ends in … is a beginning: the place is what matters
MALFORMED: list[tuple[Any, str]] = [
    ([], "the state must be an object, not list"),
    ({"service": []}, "the state has an unknown field 'service'; did you mean 'services'?"),
    ({"fakenotify": 2}, "this state has format 2; this version reads format 1"),
    ({"accounts": []}, "accounts must be an object, not list"),
    ({"accounts": {OTHER_SID: []}}, f"accounts.{OTHER_SID} must be an object, not list"),
    ({"accounts": {"AC1": {}}}, "accounts.AC1: 'AC1' is not an account sid: AC and 32 hex digits"),
    (
        {"accounts": {OTHER_SID: {"auth_token": ""}}},
        f"accounts.{OTHER_SID}: account {OTHER_SID} needs an auth token that is not empty",
    ),
    (
        {"accounts": {OTHER_SID: {"token": "x"}}},
        f"accounts.{OTHER_SID} has an unknown field 'token'; did you mean 'auth_token'?",
    ),
    (
        {"services": [], "accounts": {ACCOUNT_SID: {}}},
        f"the state gives account {ACCOUNT_SID} twice, at the top and under accounts",
    ),
    ({"services": {}}, f"{HERE}.services must be a list, not dict"),
    ({"services": [{}, None]}, f"{HERE}.services[1] must be an object, not NoneType"),
    (service(name="x"), f"{HERE}.services[1] has an unknown field 'name'"),
    (
        service(frendly_name="x"),
        f"{HERE}.services[1] has an unknown field 'frendly_name'; did you mean 'friendly_name'?",
    ),
    (service(friendly_name="x" * 65), f"{HERE}.services[1]: Invalid FriendlyName"),
    (service(log_enabled="true"), f"{HERE}.services[1].log_enabled can't be 'true'"),
    (service(date_created="yesterday"), f"{HERE}.services[1].date_created can't be 'yesterday'"),
    (
        service(date_created="0001-01-01T00:00:00+23:00"),
        f"{HERE}.services[1].date_created can't be '0001-01-01T00:00:00+23:00'",
    ),
    (service(date_created=None), f"{HERE}.services[1].date_created can't be None"),
    (service(sid=None), f"{HERE}.services[1].sid can't be None"),
    (service(sid=BS), f"{HERE}.services[1]…"),
    (service(sid=IS), f"{HERE}.services[1]: sid {IS} is there twice"),
    (service(account_sid=OTHER_SID), f"{HERE}.services[1]: account_sid {OTHER_SID} is not the account it stands in"),
    (
        service(apn_credential_sid="CR1"),
        f"{HERE}.services[1]: Can not convert incoming parameters to Service object: "
        "Parameter 'ApnCredentialSid' is invalid",
    ),
    ({"credentials": [{}]}, f"{HERE}.credentials[0] lacks 'type'"),
    (
        {"credentials": [{"type": "sms"}]},
        f"{HERE}.credentials[0]: Can not convert incoming parameters to Credential object: Parameter 'Type' is invalid",
    ),
    ({"credentials": [{"type": "fcm", "secret": "x"}]}, f"{HERE}.credentials[0] has an unknown field 'secret'"),
    (below("bindings", {}), f"{HERE}.services[0].bindings[0] lacks 'identity'"),
    (below("bindings", BINDING, {"identity": "x"}), f"{HERE}.services[0].bindings[1] lacks 'binding_type'"),
    (
        below("bindings", {**BINDING, "identity": ""}),
        f"{HERE}.services[0].bindings[0]: Missing required parameter Identity in the post body",
    ),
    (
        below("bindings", {**BINDING, "binding_type": "fax"}),
        f"{HERE}.services[0].bindings[0]: Can not convert incoming parameters to Binding object: "
        "Parameter 'BindingType' is invalid",
    ),
    (below("bindings", {**BINDING, "tags": "vip"}), f"{HERE}.services[0].bindings[0].tags can't be 'vip'"),
    (below("bindings", {**BINDING, "tags": [5]}), f"{HERE}.services[0].bindings[0].tags can't be [5]"),
    (
        below("bindings", {**BINDING, "tags": [str(number) for number in range(21)]}),
        f"{HERE}.services[0].bindings[0]: Can not convert incoming parameters to Binding object: "
        "Parameter 'Tag' is invalid",
    ),
    (
        below("bindings", BINDING, {**BINDING, "identity": "bob"}),
        f"{HERE}.services[0].bindings[1]: address '+15005550006' has a Binding in this Service already",
    ),
    (
        below("bindings", *({**BINDING, "address": str(number)} for number in range(21))),
        f"{HERE}.services[0].bindings[20]: identity 'alice' has 20 Bindings in this Service already",
    ),
    (
        below("bindings", {**BINDING, "service_sid": "IS" + "b" * 32}),
        f"{HERE}.services[0].bindings[0]…",
    ),
    (
        below("bindings", {**BINDING, "sid": BS}, {**BINDING, "sid": BS, "address": "x"}),
        f"{HERE}.services[0].bindings[1]: sid {BS} is there twice",
    ),
    (
        below("users", {"identity": "alice"}, {"identity": "alice"}),
        f"{HERE}.services[0].users[1]…",
    ),
    (
        below("segments", {"unique_name": "vip"}, {"unique_name": "vip"}),
        f"{HERE}.services[0].segments[1]…",
    ),
    (below("segments", {}), f"{HERE}.services[0].segments[0] lacks 'unique_name'"),
    (below("notifications", {"data": []}), f"{HERE}.services[0].notifications[0].data can't be []"),
    (below("notifications", {"ttl": True}), f"{HERE}.services[0].notifications[0].ttl can't be True"),
    (
        below("notifications", {"ttl": -1}),
        f"{HERE}.services[0].notifications[0]: Can not convert incoming parameters to Notification object: "
        "Parameter 'Ttl' is invalid",
    ),
    (
        below("notifications", {"data": {"x": float("nan")}}),
        "services[0].notifications[0].data.x can't be nan: JSON has no such number",
    ),
    (
        below("notifications", {"data": {"x": [1, float("inf")]}}),
        "services[0].notifications[0].data.x[1] can't be inf…",
    ),
    (
        below("bindings", {"address": "\ud800"}),
        "services[0].bindings[0].address has half of a surrogate pair, which is no character",
    ),
    (
        below("bindings", {"\udfff": 1}),
        r"services[0].bindings[0] has the name '\udfff', which is no text of JSON",
    ),
    (below("notifications", {"data": NESTED}), "services[0].notifications[0].data.x.x.x…"),
    (
        {"services": [{"date_created": "\x1b[2J" + "x" * 200}]},
        rf"{HERE}.services[0].date_created can't be '\x1b[2J{'x' * 59}…{'x' * 32}'",
    ),
    ({"deliveries": [{}]}, f"{HERE}.deliveries[0] lacks 'sid'"),
    ({"deliveries": [{**DELIVERY, "status": "LOST"}]}, f"{HERE}.deliveries[0].status can't be 'LOST'"),
    (
        {"deliveries": [{**DELIVERY, "account_sid": OTHER_SID}]},
        f"{HERE}.deliveries[0]…",
    ),
    ({"callbacks": [{**CALLBACK, "attempts": 5}]}, f"{HERE}.callbacks[0].attempts can't be 5"),
    ({"callbacks": [{**CALLBACK, "attempts": [5]}]}, f"{HERE}.callbacks[0].attempts can't be [5]"),
]


@pytest.mark.parametrize(
    ("state", "complaint"),
    [
        (below("notifications", {"ttl": 1 << 15_000}), "services[0].notifications[0].ttl is too long a number"),
        ({"services": [{1: 2}]}, "services[0] has the name 1, which is no text of JSON"),
        ({"services": [{"date_created": LATER}]}, "services[0].date_created is datetime, which JSON doesn't have"),
    ],
)
def test_what_no_file_could_hold_is_refused_too(fake: FakeNotify, state: Any, complaint: str) -> None:
    with pytest.raises(StateError) as raised:
        fake.world.import_state(state)

    assert str(raised.value) == complaint


@pytest.mark.parametrize(("state", "told"), MALFORMED, ids=[told[:60] for _, told in MALFORMED])
def test_a_state_that_cannot_be_is_refused_by_its_place_and_changes_nothing(
    fake: FakeNotify, state: Any, told: str
) -> None:
    fake.create_binding(fake.create_service("kept").sid, **BINDING)
    fake.account(OTHER_SID, "kept").create_credential("fcm")
    before = fake.snapshot()
    with pytest.raises(StateError) as raised:
        load_into(fake, state)
    complaint = str(raised.value)
    assert complaint.startswith(told[:-1]) if told.endswith("…") else complaint == told
    assert str(fake.diff(before)) == "no difference"
    assert fake.world.accounts[OTHER_SID].auth_token == "kept"
