"""Nothing grows without bound: a limit drops the oldest rows and leaves the rest as it was."""

from __future__ import annotations

import pytest
import requests

from fakenotify import Behaviour, FakeNotify
from fakenotify.notify.records import Notification


def send_four(fake: FakeNotify) -> list[Notification]:
    """Send ``0`` to ``3`` to a phone, every other one also to an address without a Credential, which is an alert."""
    service = fake.create_service(messaging_service_sid="MG" + "a" * 32)
    targets = [{"binding_type": "sms", "address": "+15005550006"}, {"binding_type": "apn", "address": "a1"}]
    callback = "http://127.0.0.1:9/nobody-listens"
    return [
        fake.create_notification(
            service.sid, to_binding=targets[: 1 + number % 2], body=str(number), delivery_callback_url=callback
        )
        for number in range(4)
    ]


MANUAL = Behaviour(callback_delivery="manual")


def test_old_notifications_and_callbacks_go_and_new_ones_are_posted() -> None:
    fake = FakeNotify(MANUAL, keep_deliveries=2)
    sent = send_four(fake)

    assert [each.body for each in fake.notifications] == ["2", "3"]
    assert [each.notification_sid for each in fake.callbacks] == [each.sid for each in sent[2:]]
    assert [each.notification_sid for each in fake.deliveries] == [sent[3].sid] * 2
    posted = [fake.deliver_callback() for _ in range(3)]
    assert [each and each.notification_sid for each in posted] == [sent[2].sid, sent[3].sid, None]
    with pytest.raises(LookupError, match="there is no notification"):
        fake.explain(sent[0].sid)


def test_what_is_dropped_is_counted() -> None:
    with FakeNotify(MANUAL, keep_deliveries=1, keep_requests=2) as fake:
        send_four(fake)
        for _ in range(5):
            requests.get(f"{fake.url}/v1/Services", timeout=10)
        counts = {
            table: requests.get(f"{fake.url}/_fake/{table}", timeout=10).json()
            for table in ("requests", "deliveries", "alerts", "callbacks")
        }
    assert {table: (len(body[table]), body["dropped"]) for table, body in counts.items()} == {
        "requests": (2, 3),
        "deliveries": (1, 5),
        "alerts": (1, 1),
        "callbacks": (1, 3),
    }


def test_an_assertion_says_how_many_deliveries_were_dropped_and_a_fresh_world_counts_from_zero() -> None:
    fake = FakeNotify(MANUAL, keep_deliveries=1)
    before = fake.snapshot()
    send_four(fake)
    after = fake.snapshot()
    reason = "the 5 oldest deliveries were dropped and are not looked at; keep_deliveries keeps more"
    with pytest.raises(AssertionError, match=reason):
        fake.assert_delivered(body="0")
    with pytest.raises(AssertionError, match=reason):
        fake.assert_delivered(status="FAILED", times=2)

    fake.restore(before)
    fake.assert_not_delivered(body="0")
    fake.restore(after)
    with pytest.warns(UserWarning, match=reason):
        fake.assert_not_delivered(body="0")
    fake.renew(MANUAL)
    fake.assert_not_delivered(body="0")
    send_four(fake)
    assert len(fake.deliveries) == 1
