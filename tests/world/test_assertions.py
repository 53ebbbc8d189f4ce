"""Assertions on deliveries: what they accept, and the whole text of a miss."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any
from unittest import mock

import pytest

from fakenotify import FakeNotify
from fakenotify.notify.channels import CHANNELS
from fakenotify.notify.debugger import CODES
from fakenotify.world import assertions
from fakenotify.world.assertions import FIELDS, WaitTimeout

NOW = "2027-10-31T12:00:00Z"
SERVICE_SID = "IS" + "a" * 32
MESSAGING_SERVICE_SID = "MG" + "b" * 32

pytestmark = pytest.mark.fake_notify(frozen=NOW)

Send = Callable[..., str]
Miss = Callable[..., list[str]]


@dataclass(eq=False)
class Like:
    """A matcher as ``dirty-equals`` has them: equal to every text that fits."""

    pattern: str

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and re.fullmatch(self.pattern, other) is not None


@pytest.fixture
def send(fake_notify: FakeNotify) -> Send:
    """Sends from a Service whose Bindings are Alice's phone and Android, and Bob's phone."""
    fcm = fake_notify.create_credential("fcm")
    fake_notify.create_service(sid=SERVICE_SID, messaging_service_sid=MESSAGING_SERVICE_SID, fcm_credential_sid=fcm)
    for identity, kind, address in (("alice", "sms", "+1501"), ("alice", "fcm", "f1"), ("bob", "sms", "+1502")):
        fake_notify.create_binding(SERVICE_SID, identity=identity, binding_type=kind, address=address)
    return lambda **fields: fake_notify.create_notification(SERVICE_SID, **fields).sid


@pytest.fixture
def miss(fake_notify: FakeNotify) -> Miss:
    """The lines with which ``assert_delivered`` fails."""

    def lines(**wanted: Any) -> list[str]:
        with pytest.raises(AssertionError) as error:
            fake_notify.assert_delivered(**wanted)
        return str(error.value).split("\n")

    return lines


# assert_delivered


def test_the_newest_delivery_that_fits_is_returned(fake_notify: FakeNotify, send: Send) -> None:
    for body in ("one", "two", "three"):
        send(identities="bob", body=body)

    _one, two, three = fake_notify.deliveries
    assert fake_notify.assert_delivered() == three
    assert fake_notify.assert_delivered(identity="bob", body="two") == two
    assert fake_notify.assert_delivered(times=3, identity="bob") == three
    fake_notify.account().assert_not_delivered(identity="bob")


def test_every_field_of_a_delivery_can_be_asked_for(fake_notify: FakeNotify, send: Send) -> None:
    sid = send(identities="bob", body="Hi")
    delivery = fake_notify.deliveries.last

    wanted = {
        "sid": delivery.sid,
        "notification_sid": sid,
        "service_sid": SERVICE_SID,
        "account_sid": fake_notify.account_sid,
        "binding_sid": fake_notify.bindings.last,
        "identity": "bob",
        "binding_type": "sms",
        "address": "+1502",
        "status": "SENT",
        "error_code": None,
        "error_message": None,
        "payload": {"To": "+1502", "MessagingServiceSid": MESSAGING_SERVICE_SID, "Body": "Hi"},
        "headers": {},
        "credential_sid": None,
        "protocol_version": "default",
        "date_created": datetime(2027, 10, 31, 12, tzinfo=timezone.utc),
        "provider_url": delivery.provider_url,
        "title": None,
        "body": "Hi",
    }
    assert fake_notify.assert_delivered(**wanted) == delivery
    assert tuple(wanted) == FIELDS


def test_a_wanted_value_may_be_a_pattern_a_matcher_or_a_part_of_the_payload(
    fake_notify: FakeNotify, send: Send, miss: Miss
) -> None:
    send(to_binding={"binding_type": "sms", "address": "+1501"}, body="Your code is 123456")

    for wanted in (
        {"body": re.compile("code"), "identity": None},
        {"body": Like(r"Your code is \d{6}"), "address": mock.ANY},
        {"payload": {"Body": "Your code is 123456"}},
        {"payload": {"Body": re.compile("^Your"), "To": Like(r"\+1.*")}},
    ):
        assert fake_notify.assert_delivered(**wanted) == fake_notify.deliveries.last
    for payload in ({"Body": "another"}, {"Title": mock.ANY}):
        assert miss(payload=payload)[3].startswith("    payload: expected")
    fake_notify.assert_not_delivered(body=Like(r"\d+"))


def test_a_failed_delivery_is_asked_for_by_its_status(fake_notify: FakeNotify, send: Send) -> None:
    fake_notify.fail_delivery(52310, identity="bob")
    send(identities="bob", body="Hi")

    assert fake_notify.assert_delivered(status="FAILED", error_code=52310) == fake_notify.deliveries.last
    fake_notify.assert_not_delivered(identity="bob")
    fake_notify.assert_not_delivered(identity="bob", status="SENT")


# what a miss says


def test_a_miss_shows_the_nearest_deliveries_with_their_differences_and_the_reasons(send: Send, miss: Miss) -> None:
    first = send(identities="alice", body="Hello")
    second = send(identities="alice", body="Hi", title="T")

    assert miss(identity="bob", binding_type="sms", body=Like("Hi")) == [
        "no delivery with identity='bob', binding_type='sms', body=Like(pattern='Hi'), status='SENT'",
        "nearest of 4 deliveries:",
        f"  alice sms +1501 ({second})",
        "    identity: expected 'bob', got 'alice'",
        f"  alice fcm f1 ({second})",
        "    identity: expected 'bob', got 'alice'",
        "    binding_type: expected 'sms', got 'fcm'",
        f"  alice sms +1501 ({first})",
        "    identity: expected 'bob', got 'alice'",
        "    body: expected Like(pattern='Hi'), got 'Hello'",
        f"the last notification, {second} (Identity=[alice]) selected 2:",
        "  bob sms +1502: identity 'bob' is not among Identity=[alice]",
        f"  and 2 more; see explain('{second}')",
    ]


def test_a_miss_of_an_identity_without_a_binding_shows_all_reasons(send: Send, miss: Miss) -> None:
    sid = send(identities="Alice", tags="fcm", body="Hi")

    assert miss(identity="Alice") == [
        "no delivery with identity='Alice', status='SENT'",
        f"the last notification, {sid} (Identity=[Alice], Tag=[fcm]) selected 0:",
        "  alice sms +1501: identity 'alice' is not among Identity=[Alice]",
        "  alice fcm f1: identity 'alice' is not among Identity=[Alice]",
        "  bob sms +1502: identity 'bob' is not among Identity=[Alice]",
        "  identity 'Alice' has no binding in its service",
    ]


def test_a_miss_says_how_a_delivery_failed_and_what_to_do(fake_notify: FakeNotify, send: Send, miss: Miss) -> None:
    fake_notify.fail_delivery(52004, binding_type="fcm")
    first = send(identities="alice", tags="fcm", body="Hi")
    fake_notify.fail_delivery(52181, identity="bob")
    second = send(identities="bob", body="Hi")

    assert miss(body="Hi") == [
        "no delivery with body='Hi', status='SENT'",
        "nearest of 2 deliveries:",
        f"  bob sms +1502 ({second})",
        "    status: expected 'SENT', got 'FAILED'",
        "    it failed: 52181 Too many SMS notification requests",
        f"  alice fcm f1 ({first})",
        "    status: expected 'SENT', got 'FAILED'",
        "    it failed: 52004 Credential SID not specified",
        '    what to do: the Service has no Credential for fcm; create one with create_credential("fcm") and pass its '
        "sid: create_service(fcm_credential_sid=…)",
        f"the last notification, {second} (Identity=[bob]) selected 1:",
        "  bob sms +1502: matches Identity=[bob]; FAILED 52181 Too many SMS notification requests",
        "  alice sms +1501: identity 'alice' is not among Identity=[bob]",
        "  alice fcm f1: identity 'alice' is not among Identity=[bob]",
    ]


def test_every_remedy_is_for_a_code_of_notify() -> None:
    assert [code for code in assertions._REMEDIES if code not in CODES] == []


def test_a_miss_shows_three_deliveries_and_ten_reasons_at_most(fake_notify: FakeNotify, send: Send, miss: Miss) -> None:
    for number in range(10):
        fake_notify.create_binding(SERVICE_SID, identity=f"user {number}", binding_type="sms", address=f"+1600{number}")
    sid = send(tags="sms", body="Hi")

    assert miss(body="Ho") == [
        "no delivery with body='Ho', status='SENT'",
        "nearest of 12 deliveries:",
        *(
            line
            for number in (9, 8, 7)
            for line in (f"  user {number} sms +1600{number} ({sid})", "    body: expected 'Ho', got 'Hi'")
        ),
        f"the last notification, {sid} (Tag=[sms]) selected 12:",
        "  alice sms +1501: matches Tag=[sms]; SENT",
        "  bob sms +1502: matches Tag=[sms]; SENT",
        *(f"  user {number} sms +1600{number}: matches Tag=[sms]; SENT" for number in range(8)),
        f"  and 3 more; see explain('{sid}')",
    ]


def test_a_miss_is_about_the_last_notification_of_any_service(fake_notify: FakeNotify, send: Send, miss: Miss) -> None:
    other = fake_notify.create_service()
    send(identities="bob", body="first")
    sid = fake_notify.create_notification(other, tags="all", body="second").sid

    assert miss(identity="bob", body="second")[-3:] == [
        f"the last notification, {sid} (Tag=[all]) selected 0:",
        "  its service has no bindings",
        "  identity 'bob' has no binding in its service",
    ]


@pytest.mark.filterwarnings("ignore:fakenotify")
def test_a_miss_where_no_notification_was_created_shows_the_refusals(
    fake_notify: FakeNotify, send: Send, miss: Miss, wire: Any
) -> None:
    nothing = ["no delivery with body='Hi', status='SENT'", "no notification was created at all"]
    assert miss(body="Hi") == nothing

    unknown = "/Services/IS1/Notifications"
    wire.post(f"/v1{unknown}", {"Body": "Hi"})
    wire.get(f"/v1{unknown}")
    refused = [
        f"  POST /v1{unknown} (Body='Hi') -> 404 20404 The requested resource {unknown} was not found [observed O3]",
        "    'IS1' is not a sid of a Notify Service: IS and 32 hexadecimal digits",
        f"    the Services that exist: {SERVICE_SID} (no name)",
    ]
    assert miss(body="Hi") == [*nothing, "1 request was refused:", *refused]

    for _ in range(2):
        wire.post(f"/v1/Services/{SERVICE_SID}/Notifications", {"body": "Hi"})
    lines = miss(body="Hi")
    assert lines[:6] == [*nothing, "3 requests were refused:", *refused]
    assert [line.partition(" was not read")[0] for line in lines[7::2]] == ["    parameter 'body'"] * 2


def test_a_message_cannot_steer_the_terminal(fake_notify: FakeNotify, send: Send, miss: Miss) -> None:
    fake_notify.create_binding(SERVICE_SID, identity="\x1b[2Jalice", binding_type="sms", address="+1503")
    send(tags="all", body="\x07")

    assert not {"\x1b", "\x07"} & set("".join(miss(body="Hi")))


# Bindings that are no longer there


def test_a_miss_says_what_became_of_a_binding(fake_notify: FakeNotify, send: Send, miss: Miss, wire: Any) -> None:
    bindings = f"/v1/Services/{SERVICE_SID}/Bindings"
    iphone, phone = fake_notify.bindings[1], fake_notify.bindings[2]
    fake_notify.fail_delivery(52103, binding_type="fcm")
    send(identities="alice", body="Hi")
    wire.post(bindings, {"Identity": "bob", "BindingType": "sms", "Address": "+1501"})
    wire.get(f"{bindings}/{phone.sid}")
    wire.delete(f"{bindings}/{iphone.sid}")  # 404: the provider's answer has removed it
    wire.delete(f"{bindings}/{phone.sid}")
    send(identities="bob", body="Hi")

    def gone(**wanted: Any) -> list[str]:
        return [line for line in miss(**wanted) if "12:00:00" in line]

    disowned = "  alice fcm f1 was removed at 12:00:00: its provider said that the token is no longer registered"
    replaced = "  alice had a Binding for this address; bob's create of 12:00:00 replaced it (request 1)"
    deleted = f"  bob sms +1502 was deleted at 12:00:00 by DELETE {bindings}/{phone.sid} (request 4)"
    assert gone(identity="alice", body="x") == [disowned, replaced]
    assert gone(address="+1502", body="x") == [deleted]
    assert gone(body="x") == []
    fake_notify.reset()
    fake_notify.create_notification(fake_notify.create_service(sid=SERVICE_SID), identities="alice")
    assert gone(identity="alice") == []


@pytest.mark.fake_notify(frozen=NOW, identity_limit="evict_oldest", replacement_keeps_sid=True)
def test_a_miss_says_which_binding_was_evicted_or_replaced_under_its_sid(
    fake_notify: FakeNotify, send: Send, miss: Miss, wire: Any
) -> None:
    for number in range(21):
        fake_notify.create_binding(SERVICE_SID, identity="bob", binding_type="sms", address=f"+16{number:02}")
    fake_notify.create_binding(SERVICE_SID, identity="carol", binding_type="sms", address="+1501")
    for identity in ("alice", "carol"):
        wire.post(
            f"/v1/Services/{SERVICE_SID}/Bindings", {"Identity": identity, "BindingType": "sms", "Address": "+1701"}
        )
    send(identities="bob", body="Hi")

    evicted = "  bob sms +1600 was evicted at 12:00:00 by the 21st Binding of its identity"
    replaced = "  alice had a Binding for this address; carol's create of 12:00:00 replaced it"
    assert evicted in miss(identity="bob", address="+1600")
    assert [line for line in miss(identity="alice") if "replaced" in line] == [replaced, f"{replaced} (request 2)"]


# how many


def test_a_wrong_number_lists_the_deliveries_and_asks_whether_one_was_a_retry(send: Send, miss: Miss) -> None:
    first = send(identities="alice", title="T")
    android = f"  alice fcm f1 ({first}): 'T'"

    assert miss(times=2, binding_type="fcm") == [
        "expected 2, got 1 delivery with binding_type='fcm', status='SENT':",
        android,
    ]
    second = send(identities="alice", body="Hi")
    assert miss(times=1, binding_type="fcm") == [
        "expected 1, got 2 deliveries with binding_type='fcm', status='SENT':",
        android,
        f"  alice fcm f1 ({second}): 'Hi'",
        "they come from different notifications: was a request that had succeeded sent again?",
    ]
    assert len(miss(times=1, notification_sid=second)) == 3
    assert miss(times=2, identity="carol")[0] == "no delivery with identity='carol', status='SENT'"


@pytest.mark.parametrize("times", [0, True, 1.0])
def test_times_is_a_number_from_one(fake_notify: FakeNotify, send: Send, times: Any) -> None:
    send(identities="bob", body="Hi")

    with pytest.raises(ValueError, match=f"^times is a whole number from 1, not {times!r}; for none there is assert"):
        fake_notify.assert_delivered(times=times, identity="bob")


# assert_not_delivered


def test_ten_unexpected_deliveries_are_shown_at_most(fake_notify: FakeNotify, send: Send) -> None:
    sids = [send(identities="alice", sms={"media_urls": ["https://example.com"]}) for _ in range(6)]

    with pytest.raises(AssertionError) as error:
        fake_notify.assert_not_delivered()

    lines = [f"  alice {where} ({sid}): None" for sid in sids for where in ("sms +1501", "fcm f1")]
    assert str(error.value).split("\n") == ["12 unexpected deliveries with status='SENT':", *lines[:10]]


def test_dropped_deliveries_are_mentioned() -> None:
    with FakeNotify(keep_deliveries=2) as fake:
        service = fake.create_service(messaging_service_sid=MESSAGING_SERVICE_SID)
        for number in range(3):
            to = {"binding_type": "sms", "address": f"+150{number}"}
            fake.create_notification(service, to_binding=to, body="Hi")
        dropped = "the 1 oldest deliveries were dropped and are not looked at; keep_deliveries keeps more"

        with pytest.warns(UserWarning, match=dropped):
            fake.assert_not_delivered(address="+1500")
        for wanted in ({"address": "+1500"}, {"times": 3}):
            with pytest.raises(AssertionError, match=dropped):
                fake.assert_delivered(**wanted)


# wrong arguments


@pytest.mark.parametrize("check", ["assert_delivered", "assert_not_delivered"])
def test_a_field_that_a_delivery_does_not_have_is_named(fake_notify: FakeNotify, check: str) -> None:
    for field, hint in (("adress", "'address' or 'headers'"), ("Body", "'body'"), ("user", "identity")):
        with pytest.raises(TypeError) as error:
            getattr(fake_notify, check)(**{field: "x"})

        assert str(error.value) == f"a delivery has no {field!r}; did you mean {hint}?; it has {', '.join(FIELDS)}"


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"status": "FALED"}, "no status is 'FALED'; did you mean 'FAILED'?; there are SENT, FAILED"),
        ({"binding_type": "smss"}, f"no binding_type is 'smss'; did you mean 'sms'?; there are {', '.join(CHANNELS)}"),
        ({"error_code": 52001}, "a delivery that was sent has no error, so this can't fail; add status='FAILED'"),
    ],
)
def test_an_assertion_that_could_never_fail_is_refused(fake_notify: FakeNotify, wanted, message: str) -> None:
    with pytest.raises(ValueError, match=rf"^{re.escape(message)}$"):
        fake_notify.assert_not_delivered(**wanted)
    fake_notify.assert_not_delivered(error_code=None, binding_type="sms", status=mock.ANY)


# waiting


def test_waiting_ends_when_something_has_happened(fake_notify: FakeNotify, send: Send) -> None:
    asked = threading.Event()

    def send_when_asked() -> None:
        asked.wait(5)
        send(identities="bob", body="Hi")

    def condition() -> Any:
        asked.set()
        return fake_notify.deliveries

    with ThreadPoolExecutor(1) as pool:
        pool.submit(send_when_asked)
        found = fake_notify.wait_for(condition, timeout=5)

    assert [each.address for each in found] == ["+1502"]


def test_waiting_asks_again_even_when_nothing_has_happened(fake_notify: FakeNotify) -> None:
    answers = iter([False, 0, [], None, "at last"])

    assert fake_notify.wait_for(lambda: next(answers)) == "at last"
    assert fake_notify.wait_for(lambda: [1], timeout=0) == [1]


@pytest.mark.parametrize(("timeout", "seen"), [(0, False), (0.01, [])])
def test_waiting_in_vain_says_what_was_seen_last(fake_notify: FakeNotify, timeout: float, seen: Any) -> None:
    with pytest.raises(WaitTimeout) as error:
        fake_notify.wait_for(lambda: seen, timeout=timeout)

    assert str(error.value) == f"not true after {timeout} seconds; last seen: {seen!r}"
    assert isinstance(error.value, AssertionError)
    assert isinstance(error.value, TimeoutError)
