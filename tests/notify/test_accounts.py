"""Whose account a request acts for, and the handles on accounts. (D19)"""

from __future__ import annotations

import re
import threading

import pytest
from answers import IDENTITY_LIMIT

from fakenotify import Account, Behaviour, Fault, TwilioError
from fakenotify.core.errors import MissingParameter, NotFound
from fakenotify.notify.errors import IdentityLimitReached, InvalidParameter

NOW = "2022-06-10T20:58:33Z"
SERVICES = "/v1/Services"
ONE, TWO, THREE = "AC" + "1" * 32, "AC" + "2" * 32, "AC" + "3" * 32
KEY, OTHER_KEY = "SK" + "1" * 32, "SK" + "2" * 32
SMS = {"identity": "alice", "binding_type": "sms", "address": "+15005550006"}
UNAUTHORIZED = (401, 20003, "Authenticate")


@pytest.fixture
def ask(wire_as):
    """Creates a Service with some credentials; tells whose it is, or how that was refused."""

    def create(fake, user, password):
        answer = wire_as(fake, user, password).post(SERVICES)
        return answer.json["account_sid"] if answer.status == 201 else answer.refusal

    return create


# unknown credentials


def test_any_credentials_act_for_the_default_account_of_a_fake_in_tests(open_fake, ask):
    fake = open_fake()

    owners = [ask(fake, user, "x") for user in (ONE, KEY, fake.account_sid)]

    assert owners == [fake.account_sid] * 3
    assert len(fake.services) == 3


def test_unknown_accounts_can_each_have_a_world_of_their_own(open_fake, ask, wire_of):
    fake = open_fake(unknown_accounts="own")

    owners = [ask(fake, user, "x") for user in (ONE, TWO, ONE, KEY, OTHER_KEY, fake.account_sid)]

    assert owners == [ONE, TWO, ONE, fake.account_sid, fake.account_sid, fake.account_sid]
    assert [each.account_sid for each in fake.services] == [fake.account_sid] * 3
    assert [len(fake.account(each).services) for each in (ONE, TWO)] == [2, 1]
    assert [ask(fake, ONE, password) for password in ("x", "y")] == [ONE, UNAUTHORIZED]  # a handle has it checked


def test_a_service_of_another_account_is_404_with_a_warning_that_names_it(open_fake, wire_of):
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
    answers = [wire.get(path).refusal for path in asked]

    assert answers == [(404, 20404, f"The requested resource {path[3:]} was not found") for path in asked]
    assert [list(each.warnings) for each in fake.requests] == [
        [f"{sid} exists, but in account {ONE}, not in the one that asked"] for sid in asked.values()
    ]
    assert wire_of(other).get(f"{SERVICES}/{service.sid}").status == 200


def test_a_404_for_a_service_that_exists_nowhere_names_those_that_exist(open_fake, wire_of):
    fake = open_fake()
    fake.account(ONE).create_service()
    own = fake.create_service()
    wire = wire_of(fake)
    for path in ("IS" + "b" * 32, f"{own.sid}/Bindings/BS{'b' * 32}", f"IS{'b' * 32}/Bindings/BS{'b' * 32}"):
        wire.get(f"{SERVICES}/{path}")
    wire.get(f"/v1/Credentials/CR{'b' * 32}")

    hint = f"there is no Service IS{'b' * 32}; account {fake.account_sid} has {own.sid}"
    assert [list(each.hints) for each in fake.requests] == [[hint], [], [hint], []]
    assert [list(each.ignored) for each in fake.requests] == [[]] * 4


def test_of_accounts_that_callers_made_up_the_oldest_empty_one_goes_first(open_fake, ask, wire_as, monkeypatch):
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
def test_declared_accounts_make_authentication_strict(open_fake, ask, setting):
    fake = open_fake(accounts={ONE: "one", TWO: "two"}, unknown_accounts=setting)

    asked = [(ONE, "one"), (TWO, "two"), (ONE, "two"), (ONE, "one "), (THREE, "x"), (KEY, "x"), (ONE, "ö"), (ONE, "")]

    assert (fake.account_sid, fake.auth_token) == (ONE, "one")
    assert [ask(fake, *each) for each in asked] == [ONE, TWO] + [UNAUTHORIZED] * 6


def test_api_keys_act_for_the_first_declared_account(open_fake, ask):
    fake = open_fake(accounts={ONE: "one", TWO: "two"}, api_keys={KEY: "secret"})

    asked = [(KEY, "secret"), (KEY, "one"), (KEY, ""), (OTHER_KEY, "secret"), (ONE, "secret")]

    assert [ask(fake, *each) for each in asked] == [ONE] + [UNAUTHORIZED] * 4


def test_api_keys_are_checked_where_accounts_are_not(open_fake, ask):
    fake = open_fake(api_keys={KEY: "secret"})

    asked = [(KEY, "secret"), (KEY, "x"), (OTHER_KEY, "x"), (ONE, "x")]

    assert [ask(fake, *each) for each in asked] == [fake.account_sid, UNAUTHORIZED, fake.account_sid, fake.account_sid]


@pytest.mark.parametrize(
    ("accounts", "message"),
    [
        ({"AC1": "x"}, "'AC1' is not an account sid: AC and 32 hex digits"),
        ({ONE: ""}, f"account {ONE} needs an auth token that is not empty"),
    ],
)
def test_accounts_that_nobody_could_use_are_refused(open_fake, accounts, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        open_fake(accounts=accounts)


def test_a_handle_needs_an_account_sid(open_fake):
    with pytest.raises(ValueError, match=r"^'AC1' is not an account sid: AC and 32 hex digits$"):
        open_fake().account("AC1")


# handles


@pytest.mark.parametrize("setting", ["own", "shared"])
def test_an_account_has_a_world_and_a_token_of_its_own(open_fake, ask, wire_of, setting):
    fake = open_fake(unknown_accounts=setting)
    one, two = fake.account(ONE, "one"), fake.account()
    for handle in (fake, one, two):
        handle.create_binding(handle.create_service(handle.account_sid).sid, **SMS)
        handle.create_credential("apn")

    listed = [handle.client().notify.v1.services.list() for handle in (fake, one, two)]

    assert [[(each.account_sid, each.friendly_name) for each in services] for services in listed] == [
        [(handle.account_sid, handle.account_sid)] for handle in (fake, one, two)
    ]
    for handle in (fake, one, two):
        rows = [*handle.services, *handle.bindings, *handle.credentials]
        assert [row.account_sid for row in rows] == [handle.account_sid] * 3
        assert wire_of(handle).get(SERVICES).status == 200
    assert ask(fake, ONE, "two") == UNAUTHORIZED
    assert ask(fake, two.account_sid, "x") == UNAUTHORIZED
    assert re.fullmatch("AC[0-9a-f]{32}", two.account_sid)
    assert len({fake.account_sid, two.account_sid, fake.account().account_sid}) == 3


def test_a_handle_can_be_had_again_and_its_token_changed(open_fake, ask):
    fake = open_fake()
    first = fake.account(ONE, "one")
    service = first.create_service()

    again = fake.account(ONE)
    assert (again.auth_token, again.services) == ("one", [service])
    changed = fake.account(ONE, "changed")

    assert (first.auth_token, changed.services) == ("changed", [service])
    assert [ask(fake, ONE, token) for token in ("one", "changed")] == [UNAUTHORIZED, ONE]


def test_the_token_of_the_default_account_is_not_checked_until_a_handle_asks_for_it(open_fake, ask):
    fake = open_fake()
    before = ask(fake, fake.account_sid, "wrong")
    handle = fake.account(fake.account_sid)

    assert before == fake.account_sid
    assert ask(fake, fake.account_sid, "wrong") == UNAUTHORIZED
    assert ask(fake, fake.account_sid, handle.auth_token) == fake.account_sid


def test_a_handle_can_be_added_to_strict_accounts(open_fake, ask):
    fake = open_fake(accounts={ONE: "one"})
    fake.account(TWO, "two")

    assert [ask(fake, *each) for each in ((TWO, "two"), (TWO, "x"), (THREE, "x"))] == [TWO, UNAUTHORIZED, UNAUTHORIZED]


def test_a_handle_sees_its_own_requests_and_the_fake_those_of_all(open_fake, ask, wire_of):
    fake = open_fake()
    one = fake.account(ONE)
    wire_of(one).get(SERVICES)
    wire_of(fake).get("/v1/Credentials")
    ask(fake, ONE, "wrong")

    assert [each.operation for each in one.requests] == ["services.find"]
    assert [each.account_sid for each in fake.requests] == [ONE, fake.account_sid, None]


def test_accounts_of_handles_survive_a_reset_empty_and_unknown_ones_go(open_fake, ask):
    fake = open_fake(unknown_accounts="own")
    one = fake.account(ONE, "one")
    one.create_service()
    ask(fake, TWO, "two")

    fake.reset()

    assert (one.services, one.auth_token, fake.requests) == ([], "one", [])
    assert [each.account_sid for each in fake.world.accounts] == [fake.account_sid, ONE]
    assert ask(fake, ONE, "x") == UNAUTHORIZED


def test_one_account_can_be_reset_alone(open_fake):
    fake = open_fake()
    one, two = fake.account(ONE, "one"), fake.account(TWO)
    for handle in (fake, one, two):
        handle.create_service()

    fake.world.reset(ONE)

    assert [len(handle.services) for handle in (fake, one, two)] == [1, 0, 1]
    assert one.auth_token == "one"


def test_switches_are_those_of_all_accounts(open_fake, ask):
    fake = open_fake(unknown_accounts="own")
    ask(fake, TWO, "x")
    handles = [fake, fake.account(ONE), fake.account(TWO)]

    fake.behaviour = Behaviour(apn_protocol_version="3", unknown_accounts="own")
    handles.append(fake.account(THREE))

    made = [handle.create_service().default_apn_notification_protocol_version for handle in handles]
    assert made == ["3"] * 4


def test_every_account_makes_sids_of_its_own(open_fake):
    fakes = [open_fake(seed=1), open_fake(seed=1), open_fake(seed=2)]

    made = [[handle.create_service().sid for handle in (fake, fake.account(ONE), fake.account())] for fake in fakes]

    assert made[0] == made[1]
    assert len({*made[0], *made[2]}) == 6


@pytest.mark.parametrize("strict", [False, True])
def test_a_handles_repr_shows_no_token(open_fake, strict):
    token = "sesameopen"
    fake = open_fake(accounts={ONE: token}) if strict else open_fake()
    handle = fake.account(TWO, token)

    assert repr(handle) == f"<Account {TWO}>"
    assert token not in repr(handle) + repr(fake) + repr(fake.world.accounts[TWO])
    assert isinstance(fake, Account)


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

    assert [handle.notifications for handle in (fake, one)] == [[each] for each in sent]
    assert [[each.status for each in handle.deliveries] for handle in (fake, one)] == [["SENT"], ["FAILED"]]
    assert [[each.code for each in handle.alerts] for handle in (fake, one)] == [[], [52001]]
    for handle, notification in zip((fake, one), sent, strict=True):
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


def test_a_fault_of_a_handle_meets_its_own_account(open_fake, ask):
    fake = open_fake()
    one, two = fake.account(ONE, "1"), fake.account(TWO, "2")
    rules = [
        one.fail("services.*", status=503, retry_after=7, times=1),
        fake.fail("services.create", Fault.http(500), account=two),
        fake.fail("services.create", status=403, account=TWO, after=1),
        two.rate_limit("services.create", 1, 60),
    ]

    told = [ask(fake, ONE, "1"), ask(fake, ONE, "1"), ask(fake, TWO, "2"), ask(fake, fake.account_sid, "x")]

    assert (told[0][0], told[1], told[2][0], told[3]) == (503, ONE, 500, fake.account_sid)
    assert one.faults == fake.faults == rules


def test_a_fault_is_given_in_one_way(open_fake):
    fake = open_fake()
    calls = [
        lambda: fake.fail("services.*"),
        lambda: fake.fail("services.*", Fault.stall(), status=500),
        lambda: fake.fail("services.*", Fault.http(503), retry_after=1),
    ]
    for call in calls:
        with pytest.raises(
            TypeError, match=r"^fail\(\) takes either a Fault or status=|^retry_after goes with status="
        ):
            call()
    assert fake.faults == []


def test_waiting_returns_what_came_true_or_says_what_was_seen_last(open_fake, ask):
    fake = open_fake()
    asking = threading.Thread(target=ask, args=(fake, ONE, "x"))
    asking.start()

    assert fake.wait_for(lambda: fake.services.where(friendly_name=None), timeout=10) == fake.services
    asking.join()
    with pytest.raises(TimeoutError, match=r"^not true after 0 seconds; last seen: \[\]$") as caught:
        fake.account(TWO).wait_for(lambda: fake.bindings, timeout=0)
    assert isinstance(caught.value, AssertionError)


# the key of signatures


def test_an_undeclared_account_signs_with_the_password_it_used_last(open_fake, ask):
    fake = open_fake(unknown_accounts="own")
    tokens = []
    for password in ("first", "second"):
        ask(fake, ONE, password)
        tokens.append(fake.world.accounts[ONE].auth_token)

    assert tokens == ["first", "second"]


@pytest.mark.parametrize("setting", ["own", "shared"])
def test_a_declared_account_signs_with_its_own_token_whatever_was_sent(open_fake, ask, setting):
    fake = open_fake(unknown_accounts=setting)
    token = fake.auth_token
    for user, password in ((fake.account_sid, "x"), (KEY, "y"), (ONE, "z")):
        ask(fake, user, password)

    assert fake.auth_token == token


# arranging from Python


def test_what_is_arranged_follows_the_rules_of_the_wire_and_is_not_journaled(open_fake, wire_of):
    fake = open_fake(frozen=NOW)
    sid = "IS" + "a" * 32
    service = fake.create_service("shop", sid, log_enabled=False, default_apn_notification_protocol_version="3")
    credential = fake.create_credential(type="apn", sandbox=True)
    binding = fake.create_binding(
        sid,
        identity="alice",
        binding_type="apn",
        address="ab",
        tags=["vip", "vip", "new"],
        credential_sid=credential.sid,
    )
    assert fake.requests == []

    answers = [wire_of(fake).get(f"{SERVICES}/{sid}"), wire_of(fake).get(f"{SERVICES}/{sid}/Bindings/{binding.sid}")]
    assert (service.sid, service.friendly_name, service.log_enabled) == (sid, "shop", False)
    assert (binding.tags, binding.notification_protocol_version) == (["vip", "new"], "3")
    assert [answer.json["sid"] for answer in answers] == [sid, binding.sid]
    assert (fake.services, fake.credentials, fake.bindings) == ([service], [credential], [binding])


def test_arranging_raises_what_the_wire_would_answer(open_fake):
    fake = open_fake()
    service = fake.create_service()
    calls = [
        lambda: fake.create_service("x" * 65),
        lambda: fake.create_credential(),
        lambda: fake.create_credential("fax"),
        lambda: fake.create_binding(service.sid, identity="alice", binding_type="sms"),
        lambda: fake.create_binding("IS71", **SMS),
        lambda: [fake.create_binding(service.sid, **SMS | {"address": str(at)}) for at in range(21)],
    ]
    raised = []
    for call in calls:
        with pytest.raises(TwilioError) as caught:
            call()
        raised.append((type(caught.value).__name__, str(caught.value)))

    invalid = "HTTP 400, code 20001: Can not convert incoming parameters to {} object: Parameter '{}' is invalid"
    missing = "HTTP 400, code 20001: Missing required parameter {} in the post body"
    assert raised == [
        ("InvalidFriendlyName", "HTTP 400, code 20002: Invalid FriendlyName"),
        (MissingParameter.__name__, missing.format("Type")),
        (InvalidParameter.__name__, invalid.format("Credential", "Type")),
        (MissingParameter.__name__, missing.format("Address")),
        (NotFound.__name__, "HTTP 404, code 20404: The requested resource /Services/IS71/Bindings was not found"),
        (IdentityLimitReached.__name__, "HTTP {}, code {}: {}".format(*IDENTITY_LIMIT)),
    ]
    assert len(fake.bindings) == 20


@pytest.mark.parametrize("sid", ["AC" + "a" * 32, "IS" + "a" * 33, "IS" + "b" * 32])
def test_a_service_can_not_have_a_sid_that_is_none_or_taken(open_fake, sid):
    fake = open_fake()
    fake.create_service(sid="IS" + "b" * 32)

    with pytest.raises(
        ValueError, match=f"^'{sid}' can't be a new Service's sid: IS and 32 hex digits, not yet in use$"
    ):
        fake.create_service(sid=sid)
    assert len(fake.services) == 1


def test_an_unknown_argument_is_a_type_error_that_names_it(open_fake):
    fake = open_fake()
    service = fake.create_service()

    with pytest.raises(TypeError, match=r"^bindings\.create\(\) has no argument 'tag'; did you mean 'tags'\?"):
        fake.create_binding(service.sid, **SMS, tag="vip")
    with pytest.raises(TypeError, match=r"^services\.create\(\) has no argument 'name'"):
        fake.create_service(name="x")
    with pytest.raises(TypeError, match=r"^credentials\.create\(\) has no argument 'secrets'; did you mean 'secret'\?"):
        fake.create_credential("fcm", secrets="x")


def test_the_bindings_of_all_services_are_listed_oldest_first(open_fake):
    fake = open_fake()
    first, second = fake.create_service(), fake.create_service()
    made = [
        fake.create_binding(service.sid, **SMS | {"address": str(at)})
        for at, service in enumerate([second, first, second])
    ]

    assert fake.bindings == made
    assert fake.bindings.last == made[2]
    assert fake.bindings.where(service_sid=second.sid) == [made[0], made[2]]
