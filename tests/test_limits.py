"""Nothing grows without bound: what a limit drops is the oldest, and the rest is as it was."""

from __future__ import annotations

import pytest

from fakenotify import FakeNotify, callbacks
from fakenotify.resources import notifications


def test_old_notifications_and_callbacks_go_and_new_ones_are_posted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notifications, "MOST_DELIVERIES", 2)
    monkeypatch.setattr(callbacks, "MOST_DELIVERIES", 2)
    fake = FakeNotify()
    fake.behaviour = fake.behaviour.changed({"callback_delivery": "manual"})
    service = fake.create_service(messaging_service_sid="MG" + "a" * 32)
    sent = [
        fake.create_notification(
            service.sid,
            to_binding=[{"binding_type": "sms", "address": "+15005550006"}],
            body=str(number),
            delivery_callback_url="http://127.0.0.1:9/nobody-listens",
        )
        for number in range(4)
    ]

    assert [each.body for each in fake.notifications] == ["2", "3"]
    assert [each.notification_sid for each in fake.callbacks] == [each.sid for each in sent[2:]]
    assert len(fake.deliveries) == 4
    posted = [fake.deliver_callback() for _ in range(3)]
    assert [each and each.notification_sid for each in posted] == [sent[2].sid, sent[3].sid, None]
    with pytest.raises(LookupError, match="there is no notification"):
        fake.explain(sent[0].sid)
