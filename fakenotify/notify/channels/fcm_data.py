"""What Google's protocols share: a data message with ``twi_`` keys, and what may not be in it.

There is no ``notification`` unless the override brings one, so the system shows nothing by itself. (documented)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fakenotify.notify.channels.channel import Failure, given, size_in_bytes

if TYPE_CHECKING:
    from fakenotify.notify.records import Notification

MOST_BYTES = 4096
PRIORITIES = {"high": "high", "low": "normal"}
RESERVED_KEYS = frozenset({"from", "gcm"})
RESERVED_PREFIX = "google"
TARGETS = frozenset(("to", "registration_ids", "notification_key"))
"""What an override may not hold, since Notify chooses the recipients. (documented)"""
CODES = range(52101, 52117 + 1)

EXAMPLE = "f0xiqa1mVEtvkiEQBE00Xx:APA91bHun4MxP5egoKMwt2KZFBaFUH"
TOKENS = "[0-9A-Za-z_:-]{20,152}"


def data_of(notification: Notification) -> dict[str, Any]:
    """The generic parameters as ``data``. (documented; ``twi_action`` for FCM: assumed)"""
    named = given(
        twi_title=notification.title,
        twi_body=notification.body,
        twi_sound=notification.sound,
        twi_action=notification.action,
    )
    return {**named, **(notification.data or {})}


def failure_of(data: Any) -> Failure | None:
    """Reserved keys (documented), then the size (assumed D50); an override can make ``data`` anything."""
    if isinstance(data, dict) and any(key in RESERVED_KEYS or key.startswith(RESERVED_PREFIX) for key in data):
        return Failure(52107)
    return Failure(52106) if size_in_bytes(data) > MOST_BYTES else None
