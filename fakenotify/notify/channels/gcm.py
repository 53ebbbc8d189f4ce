"""Google Cloud Messaging, FCM's predecessor, and what both of Google's channels share. (D51)

A message is a data message with ``twi_`` keys: without a ``notification``, which only an override brings, the system
shows nothing by itself. (documented) Google ended this legacy HTTP protocol, which FCM under a server key uses too, in
June 2024.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fakenotify.core.params import Param
from fakenotify.notify.channels.channel import Channel, Failure, Outgoing, Rendered, Shown
from fakenotify.notify.payloads import RESERVED, Payload, given, inside, merged, size_in_bytes, words

if TYPE_CHECKING:
    from fakenotify.notify.records import Notification

MOST_BYTES = 4096
PRIORITIES = {"high": "high", "low": "normal"}
RESERVED_KEYS = frozenset({"from", "gcm"})
RESERVED_PREFIX = "google"
TARGETS = ("notification_key", "registration_ids", "to")
"""What an override may not hold, since Notify chooses the recipients. (documented)"""
CODES = range(52101, 52117 + 1)
EXAMPLE = "f0xiqa1mVEtvkiEQBE00Xx:APA91bHun4MxP5egoKMwt2KZFBaFUH"
TOKENS = "[0-9A-Za-z_:-]{20,152}"

URL = "https://fcm.googleapis.com/fcm/send"
REFUSED = Failure(52117)
DEPRECATED = Failure(52116)
_ADVICE = (
    "Google ended its legacy API in 2024, so a delivery by {name} fails with 52117: give an fcm Credential the JSON key"
    " of a service account as its Secret; Behaviour(legacy_fcm='accepted') still delivers"
)


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


def render(outgoing: Outgoing) -> Rendered:
    """A message of the legacy protocol under what ``Gcm`` says."""
    return render_legacy(outgoing, "gcm", outgoing.notification.gcm)


def render_legacy(outgoing: Outgoing, name: str, override: Mapping[str, Any] | None) -> Rendered:
    """``Fcm`` or ``Gcm`` over the root of the generic message. (documented; ``time_to_live``: assumed)

    Under ``legacy_fcm="refused"`` it fails with 52117, else it is sent with the warning 52116. (assumed D51)
    """
    notification = outgoing.notification
    data = data_of(notification)
    generic: dict[str, Any] = {"priority": PRIORITIES[notification.priority], "time_to_live": notification.ttl}
    if data:  # a message may be empty, its ``data`` not (assumed)
        generic["data"] = data
    payload = merged(generic, override)
    if outgoing.behaviour.legacy_fcm == "refused":
        return Rendered(payload, url=URL, failure=REFUSED, hint=_ADVICE.format(name=name))
    return Rendered(payload, url=URL, failure=failure_of(payload.get("data", {})), warning=DEPRECATED)


def put_address(payload: Mapping[str, Any], address: str) -> dict[str, Any]:
    """The message to one registration token."""
    return {"to": address, **payload}


def shows(payload: Mapping[str, Any]) -> Shown:
    """A ``notification``, which the system shows, else what the app finds in ``data``."""
    notification = payload.get("notification")
    if isinstance(notification, Mapping):
        return Shown(words(notification.get("title")), words(notification.get("body")))
    data = payload.get("data")
    return Shown(words(inside(data, "twi_title")), words(inside(data, "twi_body")), by_app=True)


CHANNEL = Channel(
    binding_type="gcm",
    label="GCM",
    example=EXAMPLE,
    addresses=TOKENS,
    override=Param("Gcm", "gcm", Payload({(): (RESERVED, *TARGETS), ("data",): (RESERVED,)})),
    uses_credential=True,
    codes=CODES,
    render=render,
    put_address=put_address,
    shows=shows,
)
