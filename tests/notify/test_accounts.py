"""Whose account a request acts for, and the handles on accounts. (D19)"""

from __future__ import annotations

import re

import pytest
from answers import not_found

from fakenotify import Behaviour, Fault

SERVICES = "/v1/Services"
ONE, TWO, THREE = "AC" + "1" * 32, "AC" + "2" * 32, "AC" + "3" * 32
KEY, OTHER_KEY = "SK" + "1" * 32, "SK" + "2" * 32
SMS = {"identity": "alice", "binding_type": "sms", "address": "+15005550006"}
UNAUTHORIZED = (401, 20003, "Authenticate")


@pytest.fixture
def ask(wire_as):
    """Creates a Service with some credentials; returns whose it is, or the refusal."""

    def create(fake, user, password):
        answer = wire_as(fake, user, password).post(SERVICES)
        return answer.json["account_sid"] if answer.status == 201 else answer.refusal

    return create


# unknown credentials


def test_unknown_credentials_act_for_the_default_account_whose_token_is_not_checked_until_a_handle_asks(open_fake, ask):
    fake = open_fake()

    owners = [ask(fake, user, "x") for user in (ONE, KEY, fake.account_sid)]

    assert owners == [fake.account_sid] * 3
    assert (len(fake.services), fake.auth_token != "x") == (3, True)
    handle = fake.account(fake.account_sid)
    assert ask(fake, fake.account_sid, "x") == UNAUTHORIZED
    assert ask(fake, fake.account_sid, handle.auth_token) == fake.account_sid


def test_unknown_accounts_can_each_have_a_world_of_their_own_and_sign_with_the_password_they_used_last(open_fake, ask):
    fake = open_fake(unknown_accounts="own")
    own = fake.account_sid

    asked = [(ONE, "x"), (TWO, "x"), (ONE, "y"), (KEY, "x"), (OTHER_KEY, "x"), (own, "x")]
    assert [ask(fake, *each) for each in asked] == [ONE, TWO, ONE, own, own, own]

    assert [each.account_sid for each in fake.services] == [own] * 3
    assert (fake.world.accounts[ONE].auth_token, fake.auth_token != "x") == ("y", True)
    assert [len(fake.account(each).services) for each in (ONE, TWO)] == [2, 1]
    assert [ask(fake, ONE, password) for password in ("y", "x")] == [ONE, UNAUTHORIZED]  # a handle has it checked


def test_a_record_of_another_account_is_404_with_a_warning_that_names_the_account(open_fake, wire_of):
    fake = open_fake()
    other = fake.account(ONE)
    service = other.create_service()
    credential = other.create_credential("fcm")
    binding = other.create_binding(service.sid, **SMS)
    own = fake.create_service()
    wire = wire_of(fake)
    asked = {
        f"{SERVICES}/{service.sid}": service.sid,
        f"{SERVICES}/{service.sid}/Bindings": service.sid,
        f"{SERVICES}/{service.sid}/Bindings/{binding.sid}": service.sid,
        f"/v1/Credentials/{credential.sid}": credential.sid,
        f"{SERVICES}/{own.sid}/Bindings/{binding.sid}": binding.sid,
    }

    assert [wire.get(path).refusal for path in asked] == [not_found(path) for path in asked]

    assert [list(each.warnings) for each in fake.requests] == [
        [f"{sid} exists, but in account {ONE}, not in the one that asked"] for sid in asked.values()
    ]
    assert wire_of(other).get(f"{SERVICES}/{service.sid}").status == 200


def test_the_oldest_empty_account_that_a_caller_made_up_is_dropped_first(open_fake, ask, wire_as, monkeypatch):
    monkeypatch.setattr("fakenotify.notify.accounts.MOST_MADE_UP", 3)
    fake = open_fake(unknown_accounts="own")
    fake.account("AC" + "d" * 32)
    made_up = [f"AC{number:032}" for number in range(7)]
    kept = []

    for at, user in enumerate(made_up):
        if at in (1, 3, 4, 5):
            ask(fake, user, "x")
        else:
            wire_as(fake, user, "x").get(SERVICES)
        kept.append([made_up.index(each.account_sid) for each in fake.world.accounts if each.account_sid in made_up])

    assert kept == [[0], [0, 1], [0, 1, 2], [1, 2, 3], [1, 3, 4], [3, 4, 5], [4, 5, 6]]
    assert [fake.account_sid, "AC" + "d" * 32] == [each.account_sid for each in fake.world.accounts][:2]


# declared accounts


@pytest.mark.parametrize("setting", ["own", "shared"])
def test_declaring_accounts_makes_authentication_strict_and_api_keys_act_for_the_first(open_fake, ask, setting):
    fake = open_fake(accounts={ONE: "one", TWO: "two"}, api_keys={KEY: "secret"}, unknown_accounts=setting)
    let_in = [(ONE, "one"), (TWO, "two"), (KEY, "secret")]
    refused = [
        *((ONE, "two"), (ONE, "one "), (ONE, "ö"), (ONE, ""), (ONE, "secret"), (THREE, "x")),
        *((KEY, "one"), (KEY, ""), (OTHER_KEY, "secret")),
    ]

    assert (fake.account_sid, fake.auth_token) == (ONE, "one")
    assert [ask(fake, *each) for each in let_in] == [ONE, TWO, ONE]
    assert [ask(fake, *each) for each in refused] == [UNAUTHORIZED] * len(refused)
    assert [each.account_sid for each in fake.requests] == [ONE, TWO, ONE] + [None] * len(refused)
    fake.account(THREE, "three")
    assert [ask(fake, THREE, token) for token in ("three", "x")] == [THREE, UNAUTHORIZED]


def test_api_keys_are_checked_where_accounts_are_not(open_fake, ask):
    fake = open_fake(api_keys={KEY: "secret"})
    own = fake.account_sid

    asked = [(KEY, "secret"), (KEY, "x"), (OTHER_KEY, "x"), (ONE, "x")]

    assert [ask(fake, *each) for each in asked] == [own, UNAUTHORIZED, own, own]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"accounts": {"AC1": "x"}}, "'AC1' is not an account sid: AC and 32 hex digits"),
        ({"accounts": {ONE: ""}}, f"account {ONE} needs an auth token that is not empty"),
        ({"api_keys": {"SK1": "secret"}}, "API key 'SK1' is not SK and 32 hex digits with a secret"),
        ({"api_keys": {KEY: ""}}, f"API key '{KEY}' is not SK and 32 hex digits with a secret"),
    ],
)
def test_unusable_credentials_are_refused(open_fake, settings, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        open_fake(**settings)


# handles


def test_a_handle_can_be_made_again_and_its_token_changed(open_fake, ask):
    fake = open_fake()
    first = fake.account(ONE, "one")
    service = first.create_service()

    again = fake.account(ONE)
    assert (again.auth_token, again.services) == ("one", [service])
    changed = fake.account(ONE, "changed")

    assert (first.auth_token, changed.services) == ("changed", [service])
    assert [ask(fake, ONE, token) for token in ("one", "changed")] == [UNAUTHORIZED, ONE]
    with pytest.raises(ValueError, match=r"^'AC1' is not an account sid: AC and 32 hex digits$"):
        fake.account("AC1")


def test_a_reset_empties_accounts_with_a_handle_and_drops_unknown_ones(open_fake, ask):
    fake = open_fake(unknown_accounts="own")
    one = fake.account(ONE, "one")
    one.create_service()
    ask(fake, TWO, "two")

    fake.reset()

    assert (one.services, one.auth_token, fake.requests) == ([], "one", [])
    assert [each.account_sid for each in fake.world.accounts] == [fake.account_sid, ONE]
    assert ask(fake, ONE, "x") == UNAUTHORIZED


def test_a_reset_of_one_account_leaves_the_others_where_they_are(open_fake):
    fake = open_fake()
    one, two = fake.account(ONE, "one"), fake.account(TWO)
    two.create_service("theirs")
    fake.world.begin_here()
    for handle in (fake, one, two):
        handle.create_service("later")

    fake.world.reset(ONE)

    names = [[each.friendly_name for each in handle.services] for handle in (fake, one, two)]
    assert (names, one.auth_token) == ([["later"], [], ["theirs", "later"]], "one")


def test_all_accounts_share_the_switches(open_fake, ask):
    fake = open_fake(unknown_accounts="own")
    ask(fake, TWO, "x")
    handles = [fake, fake.account(ONE), fake.account(TWO)]

    fake.behaviour = Behaviour(apn_protocol_version="3", unknown_accounts="own")
    handles.append(fake.account(THREE))

    made = [handle.create_service().default_apn_notification_protocol_version for handle in handles]
    assert made == ["3"] * 4


def test_accounts_never_make_the_same_sid_or_one_that_is_taken(open_fake):
    fakes = [open_fake(seed=1), open_fake(seed=1), open_fake(seed=2)]

    made = [[handle.create_service().sid for handle in (fake, fake.account(ONE), fake.account())] for fake in fakes]

    assert made[0] == made[1]
    assert len({*made[0], *made[2]}) == 6
    other = open_fake(seed=1)
    other.create_service(sid=made[0][0])
    assert other.create_service().sid != made[0][0]


def test_a_handle_sees_what_its_own_account_sent(open_fake):
    fake = open_fake()
    one = fake.account(ONE)
    for handle in (fake, one):
        service = handle.create_service(messaging_service_sid="MG" + "a" * 32)
        handle.create_binding(service.sid, **SMS)
        handle.create_user(service.sid, identity="bob", segments=[f"of {handle.account_sid}"])
    one.fail_delivery(52001, identity="alice")
    sent = [
        handle.create_notification(handle.services[0].sid, identities=["alice"], body="Hi") for handle in (fake, one)
    ]

    for handle, notification, code in zip((fake, one), sent, (None, 52001), strict=True):
        assert handle.notifications == [notification]
        assert [each.error_code for each in handle.deliveries] == [code]
        assert [each.code for each in handle.alerts] == [code] * bool(code)
        assert [each.unique_name for each in handle.segments] == [f"of {handle.account_sid}"]
        assert sorted(each.identity for each in handle.users) == ["alice", "bob"]
        assert [each.binding for each in handle.explain(notification.sid).selected] == handle.bindings
        assert handle.callbacks == []
    assert fake.assert_delivered(identity="alice", body="Hi") == fake.deliveries.last
    one.assert_not_delivered(identity="alice")
    with pytest.raises(AssertionError):
        one.assert_delivered(identity="alice")
    with pytest.raises(LookupError):
        one.explain(sent[0].sid)


@pytest.mark.parametrize(
    "given", [((), {}), ((Fault.stall(),), {"status": 500}), ((Fault.http(503),), {"retry_after": 1})]
)
def test_fail_takes_either_a_fault_or_a_status(open_fake, given):
    arguments, keywords = given
    with pytest.raises(TypeError, match=r"^fail\(\) takes either a Fault or status=|^retry_after goes with status="):
        open_fake().fail("services.*", *arguments, **keywords)


def test_the_bindings_of_all_services_are_listed_oldest_first(open_fake):
    fake = open_fake()
    first, second = fake.create_service(), fake.create_service()
    made = [
        fake.create_binding(service.sid, **SMS | {"address": str(at)})
        for at, service in enumerate([second, first, second])
    ]

    assert fake.bindings == made
    assert fake.bindings.where(service_sid=second.sid) == [made[0], made[2]]
