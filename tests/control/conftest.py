"""What the tests of the control API share: a client of it, and a world with something in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from control_client import Control

from fakenotify import FakeNotify

NOW = "2027-06-01T12:00:00Z"
OTHER_SID = "AC" + "b" * 32
MG_SID = "MG" + "a" * 32


@pytest.fixture
def fake(open_fake: Callable[..., FakeNotify]) -> FakeNotify:
    """A fake whose clock stands still, with a second account; its callbacks wait to be posted."""
    fake = open_fake(frozen=NOW, callback_delivery="manual")
    fake.account(OTHER_SID, "x")
    return fake


@pytest.fixture
def control(fake: FakeNotify) -> Control:
    """A client of ``fake``'s control API."""
    return Control(fake)


@pytest.fixture
def sent(fake: FakeNotify) -> Any:
    """In two accounts, a Notification that reaches alice and not bob, and a direct one that fails; alice's is returned,
    of the second account."""
    for handle in (fake, fake.account(OTHER_SID)):
        service = handle.create_service(
            friendly_name="shop",
            delivery_callback_url="http://127.0.0.1:9/",
            delivery_callback_enabled=True,
            messaging_service_sid=MG_SID,
        )
        handle.create_binding(service.sid, identity="alice", binding_type="sms", address="+15005550006", tags=["vip"])
        handle.create_binding(service.sid, identity="bob", binding_type="apn", address="x")
        notification = handle.create_notification(service.sid, identities=["alice"], body="Your parcel")
        handle.create_notification(service.sid, to_binding=[{"binding_type": "apn", "address": "x"}], title="Direct")
    return notification
