"""Nothing grows without bound: what a limit drops is the oldest, and the rest is as it was."""

from __future__ import annotations

from pathlib import Path

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


def test_a_sid_that_is_taken_is_not_made_again() -> None:
    first, second = FakeNotify().create_service().sid, FakeNotify()
    second.create_service(sid=first)
    assert second.create_service().sid != first
    assert len(second.services) == 2


@pytest.mark.parametrize("key", [{"SK1": "secret"}, {"SK" + "a" * 32: ""}])
def test_an_api_key_is_a_sid_with_a_secret(key: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"API key 'SK\w+' is not SK and 32 hex digits with a secret"):
        FakeNotify(api_keys=key)


def test_a_reset_of_one_account_leaves_the_others_where_they_are() -> None:
    fake = FakeNotify()
    other = fake.account()
    other.create_service("theirs")
    fake.world.begin_here()
    other.create_service("later")
    fake.create_service("mine")

    fake.world.reset(fake.account_sid)

    assert fake.services == []
    assert [each.friendly_name for each in other.services] == ["theirs", "later"]


@pytest.mark.skipif(not Path("/dev/null").exists(), reason="there is no such device")
def test_a_device_is_written_to_and_not_replaced() -> None:
    FakeNotify().save("/dev/null")
    assert not Path("/dev/null").is_file()
