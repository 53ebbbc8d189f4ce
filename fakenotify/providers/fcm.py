"""Firebase Cloud Messaging, HTTP v1: ``POST /v1/projects/{project}/messages:send``, and Google's token endpoint.

https://firebase.google.com/docs/reference/fcm/rest/v1/projects.messages and the page on ``ErrorCode`` beside it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from fakenotify.providers.provider import Answered, Asked, Message, Provider, Received, flat

FOUR_WEEKS = 2_419_200
"""How long FCM keeps a message that says nothing. (documented by Google)"""
CODES = {
    "INVALID_ARGUMENT": (400, "INVALID_ARGUMENT", "The registration token is not a valid FCM registration token"),
    "THIRD_PARTY_AUTH_ERROR": (401, "UNAUTHENTICATED", "Auth error from APNS or Web Push Service"),
    "SENDER_ID_MISMATCH": (403, "PERMISSION_DENIED", "SenderId mismatch"),
    "UNREGISTERED": (404, "NOT_FOUND", "Requested entity was not found."),
    "QUOTA_EXCEEDED": (429, "RESOURCE_EXHAUSTED", "Quota exceeded for quota metric."),
    "INTERNAL": (500, "INTERNAL", "Internal error encountered."),
    "UNAVAILABLE": (503, "UNAVAILABLE", "The service is currently unavailable."),
}
"""FCM's error codes with status, Google's status name and a text. (codes and statuses documented by Google)"""
USUAL = {status: code for code, (status, _, _) in CODES.items()}

_SEND = re.compile("/v1/projects/([^/]+)/messages:send")
_TARGETS = ("token", "topic", "condition")


def receive(asked: Asked) -> Received:
    """Read a request to send."""
    body = asked.json_object()
    message = body.get("message")
    if not _SEND.fullmatch(asked.path) or asked.method != "POST":
        return Received(body, None, _plain(404, "NOT_FOUND", "Not found."))
    if not isinstance(message, dict):
        return Received({}, None, _plain(400, "INVALID_ARGUMENT", "Invalid JSON payload received."))
    targets = [message[name] for name in _TARGETS if message.get(name)]
    address = str(targets[0]) if targets else None
    if not asked.headers.get("authorization", "").lower().startswith("bearer "):
        text = "Request is missing required authentication credential. Expected OAuth 2 access token."
        return Received(body, address, _plain(401, "UNAUTHENTICATED", text))
    if len(targets) != 1:
        text = "Exactly one of token, topic or condition is required"
        return Received(body, address, _refusal("INVALID_ARGUMENT", text))
    data = message.get("data", {})
    if not isinstance(data, dict) or not all(isinstance(value, str) for value in data.values()):
        text = "Invalid value at 'message.data' (TYPE_STRING)"
        return Received(body, address, _refusal("INVALID_ARGUMENT", text))
    return Received(body, address, None)


def accept(asked: Asked, received: Received, unique: str) -> Answered:
    """200 with the message's name."""
    project = asked.path.split("/")[3]
    return Answered(200, {"name": f"projects/{project}/messages/{int(unique[:15], 16)}"})


def refuse(what: Any, now: datetime) -> Answered:
    """Refuse with a code of FCM's, or with the one that a status stands for."""
    code = USUAL.get(what, what)
    if not isinstance(code, str) or code not in CODES:
        raise ValueError(
            f"FCM doesn't answer {what!r}; it has the statuses {', '.join(map(str, USUAL))} and {', '.join(CODES)}"
        )
    return _refusal(code)


def _refusal(code: str, text: str | None = None) -> Answered:
    status, name, words = CODES[code]
    detail = {"@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError", "errorCode": code}
    return _plain(status, name, text or words, [detail])


def _plain(status: int, name: str, text: str, details: list[Any] | None = None) -> Answered:
    error: dict[str, Any] = {"code": status, "message": text, "status": name}
    return Answered(status, {"error": error | ({"details": details} if details else {})})


def other(asked: Asked) -> Answered | None:
    """Google's token endpoint: an access token for every request."""
    if asked.host == "fcm.googleapis.com":
        return None
    if asked.path == "/token" and asked.method == "POST":
        return Answered(200, {"access_token": "ya29.fake-access-token", "expires_in": 3599, "token_type": "Bearer"})
    return Answered(404, {"error": "not_found"})


def read(address: str | None, headers: Mapping[str, str], payload: Mapping[str, Any], now: float) -> Message:
    """A message of HTTP v1, or of the legacy protocol, which has the same members at the root."""
    found = payload.get("message")
    message = found if isinstance(found, Mapping) else payload
    data = dict(_mapping(message.get("data")))
    android = _mapping(message.get("android"))
    own = _mapping(android.get("notification"))
    shown = {**_mapping(message.get("notification")), **own}
    title, body = shown.pop("title", data.get("twi_title")), shown.pop("body", data.get("twi_body"))
    priority = str(android.get("priority", message.get("priority", "normal"))).lower()
    return Message(
        channel="fcm",
        address=address,
        title=title,
        body=body,
        data=flat(data | ({"notification": shown} if shown else {})),
        priority="high" if priority == "high" else "low",
        expiry=_seconds(android.get("ttl", message.get("time_to_live", FOUR_WEEKS))),
        collapse=android.get("collapse_key", message.get("collapse_key")),
    )


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _seconds(ttl: Any) -> int | None:
    try:
        return round(float(str(ttl).removesuffix("s")))
    except (ValueError, OverflowError):
        return None


FCM = Provider(
    name="fcm",
    hosts=re.compile(r"(fcm|oauth2)\.googleapis\.com"),
    channels=("fcm", "gcm"),
    receive=receive,
    accept=accept,
    refuse=refuse,
    read=read,
    other=other,
)
