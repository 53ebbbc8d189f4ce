"""Google's legacy HTTP protocol, which GCM and FCM share: a data message with ``twi_`` keys.

There is no ``notification`` unless the override brings one, so the system shows nothing by itself. (documented)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fakenotify.notify.channels.channel import (
    Channel,
    Failure,
    Outgoing,
    Rendered,
    Shown,
    given,
    inside,
    merged,
    size_in_bytes,
    words,
)

if TYPE_CHECKING:
    from fakenotify.notify.records import Notification

MOST_DATA_BYTES = 4096
PRIORITIES = {"high": "high", "low": "normal"}
RESERVED_KEYS = frozenset({"from", "gcm"})
RESERVED_PREFIX = "google"


def channel(binding_type: str, label: str) -> Channel:
    """The channel of a ``binding_type``, which is also the name of its own parameter."""

    def render(outgoing: Outgoing) -> Rendered:
        payload = merged(_generic(outgoing.notification), getattr(outgoing.notification, binding_type))
        return Rendered(payload, failure=_failure(payload))

    return Channel(
        binding_type=binding_type,
        label=label,
        example="f0xiqa1mVEtvkiEQBE00Xx:APA91bHun4MxP5egoKMwt2KZFBaFUH",
        addresses="[0-9A-Za-z_:-]{20,152}",
        override=binding_type,
        uses_credential=True,
        render=render,
        put_address=_put_address,
        shows=_shows,
    )


def _generic(notification: Notification) -> dict[str, Any]:
    """What the generic parameters say, without ``to``. (``twi_action`` for FCM and ``time_to_live``: assumed)"""
    data = given(
        twi_title=notification.title,
        twi_body=notification.body,
        twi_sound=notification.sound,
        twi_action=notification.action,
    )
    data.update(notification.data or {})
    message = {"priority": PRIORITIES[notification.priority], "time_to_live": notification.ttl}
    return {**message, "data": data} if data else message  # a message may be empty, its ``data`` not (assumed)


def _failure(payload: Mapping[str, Any]) -> Failure | None:
    """Reserved keys (documented), then the size (assumed D50); an override can make ``data`` anything."""
    data = payload.get("data", {})
    if isinstance(data, dict) and any(_is_reserved(key) for key in data):
        return Failure(52107)
    return Failure(52106) if size_in_bytes(data) > MOST_DATA_BYTES else None


def _is_reserved(key: str) -> bool:
    return key in RESERVED_KEYS or key.startswith(RESERVED_PREFIX)


def _put_address(payload: Mapping[str, Any], address: str) -> dict[str, Any]:
    return {"to": address, **payload}


def _shows(payload: Mapping[str, Any]) -> Shown:
    """A ``notification``, which the system shows, else what the app finds in ``data``."""
    for notification in (payload.get("notification"), inside(payload, "message", "notification")):
        if isinstance(notification, Mapping):
            return Shown(words(notification.get("title")), words(notification.get("body")))
    return Shown(words(inside(payload, "data", "twi_title")), words(inside(payload, "data", "twi_body")))
