"""Apple's push service: ``POST /3/device/{token}``.

https://developer.apple.com/documentation/usernotifications/sending-notification-requests-to-apns and *Handling
notification responses from APNs* for the errors.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from fakenotify.providers.provider import Answered, Asked, Message, Provider, Received, flat

MOST_BYTES = 4096
REASONS = {
    "BadCollapseId": 400,
    "BadDeviceToken": 400,
    "BadExpirationDate": 400,
    "BadPriority": 400,
    "BadTopic": 400,
    "DeviceTokenNotForTopic": 400,
    "MissingDeviceToken": 400,
    "MissingTopic": 400,
    "PayloadEmpty": 400,
    "TopicDisallowed": 400,
    "BadCertificate": 403,
    "BadCertificateEnvironment": 403,
    "ExpiredProviderToken": 403,
    "Forbidden": 403,
    "InvalidProviderToken": 403,
    "MissingProviderToken": 403,
    "BadPath": 404,
    "MethodNotAllowed": 405,
    "ExpiredToken": 410,
    "Unregistered": 410,
    "PayloadTooLarge": 413,
    "TooManyProviderTokenUpdates": 429,
    "TooManyRequests": 429,
    "InternalServerError": 500,
    "ServiceUnavailable": 503,
    "Shutdown": 503,
}
"""Apple's reasons and their statuses. (documented by Apple)"""
USUAL = {
    400: "BadDeviceToken",
    403: "InvalidProviderToken",
    404: "BadPath",
    405: "MethodNotAllowed",
    410: "Unregistered",
    413: "PayloadTooLarge",
    429: "TooManyRequests",
    500: "InternalServerError",
    503: "ServiceUnavailable",
}
"""The reason that a status alone stands for."""

_DEVICE = re.compile("/3/device/([^/]+)")


def receive(asked: Asked) -> Received:
    """Read a request for a device."""
    device = _DEVICE.fullmatch(asked.path)
    body = asked.json_object()
    token = device[1] if device else None
    if device is None:
        return Received(body, None, _refusal("BadPath"))
    if asked.method != "POST":
        return Received(body, token, _refusal("MethodNotAllowed"))
    if not asked.body:
        return Received(body, token, _refusal("PayloadEmpty"))
    if len(asked.body) > MOST_BYTES:
        return Received(body, token, _refusal("PayloadTooLarge"))
    return Received(body, token, None)


def accept(asked: Asked, received: Received, unique: str) -> Answered:
    """200 without a body; ``apns-id`` is the caller's, or new."""
    given = asked.headers.get("apns-id")
    made = "-".join((unique[:8], unique[8:12], unique[12:16], unique[16:20], unique[20:32])).upper()
    return Answered(200, headers={"apns-id": given or made})


def refuse(what: Any, now: datetime) -> Answered:
    """Refuse for a reason of Apple's, or with the usual reason of a status."""
    reason = USUAL.get(what, what)
    if not isinstance(reason, str) or reason not in REASONS:
        raise ValueError(f"APNs doesn't answer {what!r}; it has the statuses {_words(USUAL)} and {_words(REASONS)}")
    return _refusal(reason, now)


def _refusal(reason: str, now: datetime | None = None) -> Answered:
    body: dict[str, Any] = {"reason": reason}
    if REASONS[reason] == 410 and now is not None:
        body["timestamp"] = int(now.timestamp() * 1000)
    return Answered(REASONS[reason], body)


def read(address: str | None, headers: Mapping[str, str], payload: Mapping[str, Any], now: float) -> Message:
    """The alert, what else is in ``aps`` and beside it, and what the headers say."""
    aps = payload.get("aps")
    aps = dict(aps) if isinstance(aps, Mapping) else {}
    alert = aps.pop("alert", None)
    shown = {"body": alert} if isinstance(alert, str) else dict(alert) if isinstance(alert, Mapping) else {}
    title, body = shown.pop("title", None), shown.pop("body", None)
    beside = {name: value for name, value in payload.items() if name != "aps"}
    left = ({"alert": shown} if shown else {}) | aps
    data = flat(beside | ({"aps": left} if left else {}))
    sent = {name.lower(): value for name, value in headers.items()}
    return Message(
        channel="apn",
        address=address,
        title=title,
        body=body,
        data=data,
        priority="low" if sent.get("apns-priority") in ("5", "1") else "high",
        expiry=_expiry(sent.get("apns-expiration"), now),
        collapse=sent.get("apns-collapse-id"),
    )


def _expiry(header: str | None, now: float) -> int | None:
    """Seconds until ``apns-expiration``; 0 is one attempt, and no header Apple's own decision."""
    if header is None or not header.isdecimal():
        return None
    return max(0, round(int(header) - now)) if int(header) else 0


def _words(names: Mapping[Any, object]) -> str:
    return ", ".join(map(str, names))


APNS = Provider(
    name="apns",
    hosts=re.compile(r"api(\.sandbox|\.development)?\.push\.apple\.com"),
    channels=("apn",),
    receive=receive,
    accept=accept,
    refuse=refuse,
    read=read,
)
