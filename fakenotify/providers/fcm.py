"""Firebase Cloud Messaging, HTTP v1: ``POST /v1/projects/{project}/messages:send``, and Google's token endpoint.

https://firebase.google.com/docs/reference/fcm/rest/v1/projects.messages and the page on ``ErrorCode`` beside it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from werkzeug.wrappers import Request

from fakenotify.providers.provider import Answer, Message, flat, json_object, mapping

LABEL = "FCM"
HOSTS = re.compile(r"fcm\.googleapis\.com")
TOKEN_HOST = re.compile(r"oauth2\.googleapis\.com")
CHANNELS: tuple[str, ...] = ("fcm", "gcm")
FOUR_WEEKS = 2_419_200
"""How long FCM keeps a message that doesn't say how long. (documented by Google)"""
_ERRORS = {
    "INVALID_ARGUMENT": (400, "INVALID_ARGUMENT", "The registration token is not a valid FCM registration token"),
    "THIRD_PARTY_AUTH_ERROR": (401, "UNAUTHENTICATED", "Auth error from APNS or Web Push Service"),
    "SENDER_ID_MISMATCH": (403, "PERMISSION_DENIED", "SenderId mismatch"),
    "UNREGISTERED": (404, "NOT_FOUND", "Requested entity was not found."),
    "QUOTA_EXCEEDED": (429, "RESOURCE_EXHAUSTED", "Quota exceeded for quota metric."),
    "INTERNAL": (500, "INTERNAL", "Internal error encountered."),
    "UNAVAILABLE": (503, "UNAVAILABLE", "The service is currently unavailable."),
}
CODES: Mapping[Any, int] = {code: status for code, (status, _, _) in _ERRORS.items()}
"""FCM's error codes with status, Google's status name and a text. (codes and statuses documented by Google)"""

_SEND = re.compile("/v1/projects/([^/]+)/messages:send")


def parse(request: Request) -> tuple[dict[str, Any], str | None]:
    """The JSON, and the token, topic or condition."""
    body = json_object(request)
    targets = _targets(mapping(body.get("message")))
    return body, str(targets[0]) if targets else None


def _targets(message: Mapping[str, Any]) -> list[Any]:
    return [message[name] for name in ("token", "topic", "condition") if message.get(name)]


def complaint(request: Request, body: Mapping[str, Any], address: str | None) -> Answer | None:
    """What Google refuses."""
    message = body.get("message")
    if not _SEND.fullmatch(request.path) or request.method != "POST":
        return _plain(404, "NOT_FOUND", "Not found.")
    if not isinstance(message, dict):
        return _plain(400, "INVALID_ARGUMENT", "Invalid JSON payload received.")
    if not request.headers.get("authorization", "").lower().startswith("bearer "):
        text = "Request is missing required authentication credential. Expected OAuth 2 access token."
        return _plain(401, "UNAUTHENTICATED", text)
    if len(_targets(message)) != 1:
        return error("INVALID_ARGUMENT", text="Exactly one of token, topic or condition is required")
    data = message.get("data", {})
    if not isinstance(data, dict) or not all(isinstance(value, str) for value in data.values()):
        return error("INVALID_ARGUMENT", text="Invalid value at 'message.data' (TYPE_STRING)")
    return None


def accept(request: Request, body: Mapping[str, Any], unique: str) -> Answer:
    """200 with the message's name."""
    project = request.path.split("/")[3]
    return Answer(200, {"name": f"projects/{project}/messages/{int(unique[:15], 16)}"})


def error(code: str, address: str | None = None, now: datetime | None = None, text: str = "") -> Answer:
    """The answer that refuses with a code."""
    status, name, words = _ERRORS[code]
    detail = {"@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError", "errorCode": code}
    return _plain(status, name, text or words, details=[detail])


def _plain(status: int, name: str, text: str, **more: Any) -> Answer:
    return Answer(status, {"error": {"code": status, "message": text, "status": name, **more}})


def give_token(request: Request) -> Answer:
    """Google's token endpoint: an access token for every request."""
    if request.path == "/token" and request.method == "POST":
        return Answer(200, {"access_token": "ya29.fake-access-token", "expires_in": 3599, "token_type": "Bearer"})
    return Answer(404, {"error": "not_found"})


def read(address: str | None, headers: Mapping[str, str], payload: Mapping[str, Any], now: float) -> Message:
    """A message of HTTP v1, or of the legacy protocol, which has the same members at the root."""
    message = mapping(payload.get("message")) or payload
    data = dict(mapping(message.get("data")))
    android = mapping(message.get("android"))
    shown = {**mapping(message.get("notification")), **mapping(android.get("notification"))}
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


def _seconds(ttl: Any) -> int | None:
    try:
        return round(float(str(ttl).removesuffix("s")))
    except (ValueError, OverflowError):
        return None
