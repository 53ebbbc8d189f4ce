"""Apple's push service: ``Apn`` maps to the root of the payload.

The token stands in the path of the request to APNs, so the payload of every target is the same.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from fakenotify.core.params import Param
from fakenotify.notify.channels.channel import BadAddress, Channel, Failure, Outgoing, Rendered, Shown
from fakenotify.notify.payloads import Payload, given, inside, merged, size_in_bytes, words

if TYPE_CHECKING:
    from fakenotify.notify.records import Notification

MOST_PAYLOAD_BYTES = 4096
PRIORITIES = {"high": "10", "low": "5"}
PRODUCTION, SANDBOX = "https://api.push.apple.com", "https://api.sandbox.push.apple.com"

_TOKEN = re.compile("(?:[0-9a-fA-F]{2})+")
_BAD_TOKEN = BadAddress(
    "Address of Apn Binding must be a nonempty string of even number of hexadecimal characters",
    Failure(52134, "The specified device token is either malformed or not valid for the given environment."),
)


def check_address(address: str, binding_sid: str | None) -> BadAddress | None:
    """A device token is bytes in hexadecimal. (words: sibling Chat, sibling Voice; at delivery: assumed D4)"""
    return None if _TOKEN.fullmatch(address) else _BAD_TOKEN


def render(outgoing: Outgoing) -> Rendered:
    """Standard attributes under ``aps``, ``Data`` beside it, then ``Apn`` over all of it. (documented)

    A ``Data`` that has an ``aps`` of its own is laid over the standard attributes. (assumed)
    """
    notification = outgoing.notification
    alert = _alert(notification, outgoing.protocol_version)
    aps = given(alert=alert, sound=notification.sound, category=notification.action)
    generic = merged({"aps": aps} if aps else {}, notification.data)
    payload = merged(generic, notification.apn)
    sandbox = outgoing.credential and outgoing.credential.sandbox == "True"
    url = f"{SANDBOX if sandbox else PRODUCTION}/3/device/{{address}}"
    too_large = size_in_bytes(payload) > MOST_PAYLOAD_BYTES  # that it is checked: assumed D50
    failure = Failure(52138) if too_large else None if payload else Failure(52136)
    return Rendered(payload, _headers(notification, outgoing.now), failure, url=url)


def _alert(notification: Notification, protocol_version: str) -> str | dict[str, Any] | None:
    """Protocol 3 has a text and drops ``Title`` (documented); any other version is taken as 4 (assumed D36)."""
    if protocol_version == "3":
        return notification.body
    return given(title=notification.title, body=notification.body) or None


def _headers(notification: Notification, now: datetime) -> dict[str, str]:
    """``apns-priority`` (documented) and ``apns-expiration`` (assumed), where 0 means one attempt, nothing stored."""
    expiration = int(now.timestamp() + notification.ttl) if notification.ttl else 0
    return {"apns-priority": PRIORITIES[notification.priority], "apns-expiration": str(expiration)}


def shows(payload: Mapping[str, Any]) -> Shown:
    """The alert, in the form of either protocol; without one the payload is for the app."""
    alert = inside(payload, "aps", "alert")
    if isinstance(alert, str):
        return Shown(None, alert)
    title, body = words(inside(alert, "title")), words(inside(alert, "body"))
    return Shown(title, body, by_app=title is None and body is None)


CHANNEL = Channel(
    binding_type="apn",
    label="APNs",
    example="a7c658f4111ec4ff5a1a647f9d0edd819025b9f20522d2fae897049f32873e73",
    addresses="[0-9a-f]{64}",
    malformed="device_token|<a7c658f4 1b0d7a2c>|a7 c6|0xa7|[0-9a-f]([0-9a-f]{2}){0,31}",
    override=Param("Apn", "apn", Payload()),
    uses_credential=True,
    codes=range(52131, 52149 + 1),
    check_address=check_address,
    render=render,
    shows=shows,
)
