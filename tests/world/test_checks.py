"""Assertions on deliveries: what they accept, and the whole text of what they say on a miss."""

from __future__ import annotations

import re
import threading
from datetime import datetime, timezone
from typing import Any

import pytest

from fakenotify.world.assertions import FIELDS, WaitTimeout

NOW = "2027-10-31T12:00:00Z"
MOMENT = datetime(2027, 10, 31, 12, tzinfo=timezone.utc)
SERVICE_SID = "IS" + "a" * 32
MESSAGING_SERVICE_SID = "MG" + "b" * 32
TITLE_AND_BODY = '{"binding_type": "fcm", "address": "f1"}'

pytestmark = pytest.mark.fake_notify(frozen=NOW)
warns = pytest.mark.filterwarnings("ignore:fakenotify")


class Like:
    """A matcher as ``dirty-equals`` has them: equal to every text that fits, and shown by its pattern."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and re.fullmatch(self.pattern, other) is not None

    def __hash__(self) -> int:
        return hash(self.pattern)

    def __repr__(self) -> str:
        return f"Like({self.pattern!r})"


@pytest.fixture
def send(fake_notify, fake_notify_client):
    """Sends with the official client from a Service whose Bindings are Alice's phone and iPhone, and Bob's phone."""
    fcm = fake_notify.create_credential("fcm").sid
    fake_notify.create_service(sid=SERVICE_SID, messaging_service_sid=MESSAGING_SERVICE_SID, fcm_credential_sid=fcm)
    for identity, kind, address in (("alice", "sms", "+1501"), ("alice", "fcm", "f1"), ("bob", "sms", "+1502")):
        fake_notify.create_binding(SERVICE_SID, identity=identity, binding_type=kind, address=address)

    def create(**fields: Any) -> str:
        sid: str = fake_notify_client.notify.v1.services(SERVICE_SID).notifications.create(**fields).sid
        return sid

    return create


@pytest.fixture
def complaint(fake_notify):
    """The text with which an assertion fails."""

    def told(**wanted: Any) -> str:
        with pytest.raises(AssertionError) as error:
            fake_notify.assert_delivered(**wanted)
        return str(error.value)

    return told


# what is accepted


def test_a_delivery_that_fits_is_returned(fake_notify, send):
    send(identity="alice", body="Hi", title="T")

    assert fake_notify.assert_delivered(identity="alice", binding_type="sms", body="Hi") == fake_notify.deliveries[0]
    assert fake_notify.assert_delivered(title="T") == fake_notify.deliveries[1]


def test_of_several_the_newest_is_returned(fake_notify, send):
    for body in ("one", "two", "three"):
        send(identity="bob", body=body)

    assert fake_notify.assert_delivered(identity="bob") == fake_notify.deliveries.last
    assert fake_notify.assert_delivered(identity="bob", body="two") == fake_notify.deliveries[1]
    assert fake_notify.assert_delivered(times=3) == fake_notify.deliveries.last


def test_every_field_of_a_delivery_can_be_asked_for(fake_notify, send):
    sid = send(identity="bob", body="Hi")
    delivery = fake_notify.deliveries.last

    wanted = {
        "sid": delivery.sid,
        "notification_sid": sid,
        "service_sid": SERVICE_SID,
        "account_sid": fake_notify.account_sid,
        "binding_sid": fake_notify.bindings.last.sid,
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
        "date_created": MOMENT,
        "provider_url": delivery.provider_url,
        "title": None,
        "body": "Hi",
    }
    assert fake_notify.assert_delivered(**wanted) == delivery
    assert tuple(wanted) == FIELDS


def test_a_matcher_is_asked_by_its_own_equality(fake_notify, send):
    send(identity="alice", body="Your code is 123456")

    delivery = fake_notify.assert_delivered(
        sid=Like("SM.{32}"),
        identity=Like("al.*"),
        body=Like(r"Your code is \d{6}"),
        payload={"To": Like(r"\+1.*"), "MessagingServiceSid": Like("MG.*"), "Body": Like(".*")},
    )

    assert delivery == fake_notify.deliveries[0]
    fake_notify.assert_not_delivered(body=Like(r"\d+"))


def test_a_failed_delivery_is_asked_for_by_its_status(fake_notify, send):
    fake_notify.fail_delivery(52310, identity="bob")
    send(identity="bob", body="Hi")

    assert fake_notify.assert_delivered(status="FAILED", error_code=52310) == fake_notify.deliveries.last
    fake_notify.assert_not_delivered(identity="bob")
    fake_notify.assert_not_delivered(identity="bob", status="SENT")


def test_a_direct_delivery_is_asked_for_without_an_identity(fake_notify, send):
    send(to_binding=TITLE_AND_BODY, body="Hi")

    assert fake_notify.assert_delivered(identity=None, address="f1") == fake_notify.deliveries.last


def test_another_accounts_deliveries_do_not_count(fake_notify, send):
    send(identity="bob", body="Hi")

    fake_notify.account().assert_not_delivered(identity="bob")


# what is said on a miss


def test_when_nothing_was_asked_for_the_miss_says_so(complaint):
    assert complaint(identity="alice", body="Hi") == (
        "no delivery with identity='alice', body='Hi', status='SENT'\nno notification was created at all"
    )


def test_when_nothing_is_wanted_any_delivery_will_do(fake_notify, send, complaint):
    assert complaint() == "no delivery with status='SENT'\nno notification was created at all"

    send(identity="bob", body="Hi")

    assert fake_notify.assert_delivered() == fake_notify.deliveries.last


def test_a_miss_shows_the_nearest_deliveries_with_their_differences_and_the_reasons(send, complaint):
    first = send(identity="alice", body="Hello")
    second = send(identity="alice", body="Hi", title="T")

    assert complaint(identity="bob", binding_type="sms", body="Hi") == "\n".join(
        [
            "no delivery with identity='bob', binding_type='sms', body='Hi', status='SENT'",
            "nearest of 4 deliveries:",
            f"  alice sms +1501 ({second})",
            "    identity: expected 'bob', got 'alice'",
            f"  alice fcm f1 ({second})",
            "    identity: expected 'bob', got 'alice'",
            "    binding_type: expected 'sms', got 'fcm'",
            f"  alice sms +1501 ({first})",
            "    identity: expected 'bob', got 'alice'",
            "    body: expected 'Hi', got 'Hello'",
            f"the last notification, {second} (Identity=[alice]) selected 2:",
            "  bob sms +1502: identity 'bob' is not among Identity=[alice]",
            f"  and 2 more; see explain('{second}')",
        ]
    )


def test_a_miss_without_an_identity_shows_all_reasons(send, complaint):
    sid = send(identity="bob", tag="fcm", body="Hi")

    assert complaint(body="Hi") == "\n".join(
        [
            "no delivery with body='Hi', status='SENT'",
            f"the last notification, {sid} (Identity=[bob], Tag=[fcm]) selected 0:",
            "  alice sms +1501: identity 'alice' is not among Identity=[bob]",
            "  alice fcm f1: identity 'alice' is not among Identity=[bob]",
            "  bob sms +1502: lacks tag 'fcm'",
        ]
    )


def test_a_miss_of_an_identity_without_a_binding_says_so(send, complaint):
    sid = send(identity="Alice", body="Hi")

    assert complaint(identity="Alice") == "\n".join(
        [
            "no delivery with identity='Alice', status='SENT'",
            f"the last notification, {sid} (Identity=[Alice]) selected 0:",
            "  alice sms +1501: identity 'alice' is not among Identity=[Alice]",
            "  alice fcm f1: identity 'alice' is not among Identity=[Alice]",
            "  bob sms +1502: identity 'bob' is not among Identity=[Alice]",
            "  identity 'Alice' has no binding in its service",
        ]
    )


def test_a_miss_of_a_failed_delivery_tells_its_code(fake_notify, send, complaint):
    fake_notify.fail_delivery(52181, identity="bob")
    sid = send(identity="bob", body="Hi")

    assert complaint(identity="bob", body="Hi") == "\n".join(
        [
            "no delivery with identity='bob', body='Hi', status='SENT'",
            "nearest of 1 delivery:",
            f"  bob sms +1502 ({sid})",
            "    status: expected 'SENT', got 'FAILED'",
            "    it failed: 52181 Too many SMS notification requests",
            f"the last notification, {sid} (Identity=[bob]) selected 1:",
            "  bob sms +1502: matches Identity=[bob]; FAILED 52181 Too many SMS notification requests",
            f"  and 2 more; see explain('{sid}')",
        ]
    )


def test_a_miss_of_a_direct_delivery_does_not_speak_of_bindings(send, complaint):
    sid = send(to_binding='{"binding_type": "sms", "address": "+1501"}', body="Hi")

    assert complaint(identity=None, address="+1502") == "\n".join(
        [
            "no delivery with identity=None, address='+1502', status='SENT'",
            "nearest of 1 delivery:",
            f"  (direct) sms +1501 ({sid})",
            "    address: expected '+1502', got '+1501'",
            f"the last notification, {sid} (ToBinding x 1) selected 1:",
            "  (direct) sms +1501: is named by ToBinding; SENT",
            *(
                f"  {each}: the send was direct: it reaches the addresses of ToBinding only, not Bindings"
                for each in ("alice sms +1501", "alice fcm f1", "bob sms +1502")
            ),
        ]
    )


def test_a_miss_with_a_matcher_shows_the_matcher(send, complaint):
    sid = send(identity="bob", body="Hi")

    assert complaint(identity=Like("b.*"), body=Like(r"\d+")) == "\n".join(
        [
            r"no delivery with identity=Like('b.*'), body=Like('\\d+'), status='SENT'",
            "nearest of 1 delivery:",
            f"  bob sms +1502 ({sid})",
            r"    body: expected Like('\\d+'), got 'Hi'",
            f"the last notification, {sid} (Identity=[bob]) selected 1:",
            "  bob sms +1502: matches Identity=[bob]; SENT",
            f"  and 2 more; see explain('{sid}')",
        ]
    )


def test_a_miss_in_a_service_without_bindings_says_so(fake_notify, fake_notify_client, complaint):
    service = fake_notify.create_service()
    sid = fake_notify_client.notify.v1.services(service.sid).notifications.create(tag="all", body="Hi").sid

    assert complaint(body="Hi") == "\n".join(
        [
            "no delivery with body='Hi', status='SENT'",
            f"the last notification, {sid} (Tag=[all]) selected 0:",
            "  its service has no bindings",
        ]
    )


def test_a_miss_shows_three_deliveries_and_ten_reasons_at_most(fake_notify, send, complaint):
    for number in range(10):
        fake_notify.create_binding(SERVICE_SID, identity=f"user {number}", binding_type="sms", address=f"+1600{number}")
    sid = send(tag="sms", body="Hi")

    assert complaint(body="Ho") == "\n".join(
        [
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
    )


def test_a_miss_speaks_of_the_last_notification_of_any_service(fake_notify, send, fake_notify_client, complaint):
    other = fake_notify.create_service()
    send(identity="bob", body="first")
    sid = fake_notify_client.notify.v1.services(other.sid).notifications.create(tag="all", body="second").sid

    assert complaint(identity="bob", body="second").splitlines()[-3:] == [
        f"the last notification, {sid} (Tag=[all]) selected 0:",
        "  its service has no bindings",
        "  identity 'bob' has no binding in its service",
    ]


# how many


def test_a_wrong_number_of_one_notification_lists_them(send, complaint):
    sid = send(identity="alice", body="Hi")

    assert complaint(times=1, identity="alice") == "\n".join(
        [
            "expected 1, got 2 deliveries with identity='alice', status='SENT':",
            f"  alice sms +1501 ({sid}): 'Hi'",
            f"  alice fcm f1 ({sid}): 'Hi'",
        ]
    )


def test_a_wrong_number_of_several_notifications_asks_for_a_retry(send, complaint):
    first, second = send(identity="bob", body="Hi"), send(identity="bob", body="Hi")

    assert complaint(times=1, identity="bob", body="Hi") == "\n".join(
        [
            "expected 1, got 2 deliveries with identity='bob', body='Hi', status='SENT':",
            f"  bob sms +1502 ({first}): 'Hi'",
            f"  bob sms +1502 ({second}): 'Hi'",
            "they come from different notifications: was a request that had succeeded sent again?",
        ]
    )


def test_too_few_are_told_as_well(send, complaint):
    sid = send(tag="fcm", title="T")

    assert complaint(times=2, identity="alice") == (
        f"expected 2, got 1 delivery with identity='alice', status='SENT':\n  alice fcm f1 ({sid}): 'T'"
    )


def test_no_delivery_at_all_is_an_ordinary_miss(complaint):
    assert complaint(times=2, identity="alice").startswith("no delivery with identity='alice', status='SENT'\n")


@pytest.mark.parametrize("times", [0, -1, True, 1.0, "1"])
def test_times_is_a_number_from_one(fake_notify, send, times):
    send(identity="bob", body="Hi")

    with pytest.raises(
        ValueError, match=rf"^times is a whole number from 1, not {times!r}; for none there is assert_not"
    ):
        fake_notify.assert_delivered(times=times, identity="bob")


# what is not to be there


def test_an_unexpected_delivery_is_shown(fake_notify, send):
    sid = send(identity="bob", body="Hi")

    with pytest.raises(AssertionError) as error:
        fake_notify.assert_not_delivered(identity="bob")

    assert str(error.value) == (
        f"1 unexpected delivery with identity='bob', status='SENT':\n  bob sms +1502 ({sid}): 'Hi'"
    )


def test_of_many_unexpected_deliveries_ten_are_shown(fake_notify, send):
    sids = [send(identity="alice", sms={"media_urls": ["https://example.com"]}) for _ in range(6)]

    with pytest.raises(AssertionError) as error:
        fake_notify.assert_not_delivered()

    lines = [f"  alice {where} ({sid}): None" for sid in sids for where in ("sms +1501", "fcm f1")]
    assert str(error.value) == "\n".join(["12 unexpected deliveries with status='SENT':", *lines[:10]])


# bad calls


@pytest.mark.parametrize(
    ("field", "hint"),
    [
        ("adress", "; did you mean 'address' or 'headers'?"),
        ("Body", "; did you mean 'body'?"),
        ("user", "; did you mean identity?"),
        ("data", "; did you mean payload?"),
    ],
)
@pytest.mark.parametrize("check", ["assert_delivered", "assert_not_delivered"])
def test_a_field_that_a_delivery_does_not_have_is_named(fake_notify, check, field, hint):
    with pytest.raises(TypeError) as error:
        getattr(fake_notify, check)(**{field: "x"})

    assert str(error.value) == f"a delivery has no {field!r}{hint}; it has {', '.join(FIELDS)}"


# waiting


def test_waiting_returns_what_the_condition_returned(fake_notify):
    assert fake_notify.wait_for(lambda: "yes") == "yes"


def test_what_is_true_already_needs_no_time(fake_notify):
    assert fake_notify.wait_for(lambda: [1], timeout=0) == [1]


def test_waiting_asks_again_when_something_happened(fake_notify, send):
    asked = threading.Event()

    def send_when_asked() -> None:
        asked.wait(5)
        send(identity="bob", body="Hi")

    def condition() -> Any:
        asked.set()
        return fake_notify.deliveries

    thread = threading.Thread(target=send_when_asked)
    thread.start()
    found = fake_notify.wait_for(condition, timeout=5)
    thread.join()

    assert [each.address for each in found] == ["+1502"]


def test_waiting_asks_again_even_when_nothing_happened(fake_notify):
    answers = iter([False, 0, [], None, "at last"])

    assert fake_notify.wait_for(lambda: next(answers)) == "at last"


@pytest.mark.parametrize(("timeout", "seen"), [(0, False), (0.01, None), (0.01, [])])
def test_waiting_in_vain_tells_what_was_seen_last(fake_notify, timeout, seen):
    with pytest.raises(WaitTimeout) as error:
        fake_notify.wait_for(lambda: seen, timeout=timeout)

    assert str(error.value) == f"not true after {timeout} seconds; last seen: {seen!r}"
    assert isinstance(error.value, AssertionError)
    assert isinstance(error.value, TimeoutError)


def test_an_error_in_the_condition_is_the_testers_own(fake_notify):
    with pytest.raises(ZeroDivisionError):
        fake_notify.wait_for(lambda: 1 / 0)
