"""Apple's push service: ``POST /3/device/{token}``.

https://developer.apple.com/documentation/usernotifications/sending-notification-requests-to-apns and *Handling
notification responses from APNs* for the errors.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from werkzeug.wrappers import Request

from fakenotify.providers.provider import Answer, Message, flat, json_object, mapping

LABEL = "APNs"
HOSTS = re.compile(r"api(\.sandbox|\.development)?\.push\.apple\.com")
CHANNELS: tuple[str, ...] = ("apn",)
MOST_BYTES = 4096
_REASONS = {
    400: "BadDeviceToken BadCollapseId BadExpirationDate BadPriority BadTopic DeviceTokenNotForTopic "
    "MissingDeviceToken MissingTopic PayloadEmpty TopicDisallowed",
    403: "InvalidProviderToken BadCertificate BadCertificateEnvironment ExpiredProviderToken Forbidden "
    "MissingProviderToken",
    404: "BadPath",
    405: "MethodNotAllowed",
    410: "Unregistered ExpiredToken",
    413: "PayloadTooLarge",
    429: "TooManyRequests TooManyProviderTokenUpdates",
    500: "InternalServerError",
    503: "ServiceUnavailable Shutdown",
}
CODES: Mapping[Any, int] = {reason: status for status, reasons in _REASONS.items() for reason in reasons.split()}
"""Apple's reasons and their statuses. (documented by Apple)"""

_DEVICE = re.compile("/3/device/([^/]+)")


def parse(request: Request) -> tuple[dict[str, Any], str | None]:
    """The JSON, and the device's token."""
    device = _DEVICE.fullmatch(request.path)
    return json_object(request), device[1] if device else None


def complaint(request: Request, body: Mapping[str, Any], token: str | None) -> Answer | None:
    """What Apple refuses."""
    if token is None:
        return error("BadPath")
    if request.method != "POST":
        return error("MethodNotAllowed")
    if not request.get_data():
        return error("PayloadEmpty")
    return error("PayloadTooLarge") if len(request.get_data()) > MOST_BYTES else None


def accept(request: Request, body: Mapping[str, Any], unique: str) -> Answer:
    """200 without a body; ``apns-id`` is the caller's, or new."""
    made = "-".join((unique[:8], unique[8:12], unique[12:16], unique[16:20], unique[20:32])).upper()
    return Answer(200, headers={"apns-id": request.headers.get("apns-id") or made})


def error(reason: str, token: str | None = None, now: datetime | None = None) -> Answer:
    """The answer that refuses for a reason."""
    body: dict[str, Any] = {"reason": reason}
    if CODES[reason] == 410 and now is not None:
        body["timestamp"] = int(now.timestamp() * 1000)
    return Answer(CODES[reason], body)


def read(address: str | None, headers: Mapping[str, str], payload: Mapping[str, Any], now: float) -> Message:
    """The alert, what else is in ``aps`` and beside it, and what the headers say."""
    aps = dict(mapping(payload.get("aps")))
    alert = aps.pop("alert", None)
    shown = {"body": alert} if isinstance(alert, str) else dict(mapping(alert))
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
