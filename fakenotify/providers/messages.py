"""Twilio's Messages resource: ``POST /2010-04-01/Accounts/{AccountSid}/Messages.json``.

https://www.twilio.com/docs/messaging/api/message-resource, and Twilio's dictionary of errors.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs

from werkzeug.wrappers import Request

from fakenotify.core.errors import error_body
from fakenotify.notify.channels.sms import PHONE_NUMBER
from fakenotify.providers.provider import Answer, Message

LABEL = "Twilio Messages"
HOSTS = re.compile(r"api(\.[a-z0-9-]+){0,2}\.twilio\.com")
CHANNELS: tuple[str, ...] = ("sms",)
_ERRORS = {
    20003: (401, "Authenticate"),
    20429: (429, "Too Many Requests"),
    20500: (500, "Internal Server Error"),
    20503: (503, "Service unavailable"),
    21211: (400, "The 'To' number {to} is not a valid phone number."),
    21408: (400, "Permission to send an SMS has not been enabled for the region indicated by the 'To' number: {to}"),
    21602: (400, "A text message body or media urls must be specified."),
    21603: (400, "A 'From' phone number is required."),
    21604: (400, "A 'To' phone number is required."),
    21610: (400, "Attempt to send to unsubscribed recipient"),
    21612: (400, "The 'To' phone number: {to}, is not currently reachable using the 'From' phone number via SMS."),
    21614: (400, "'To' number is not a valid mobile number"),
    21617: (400, "The concatenated message body exceeds the 1600 character limit"),
}
CODES: Mapping[Any, int] = {code: status for code, (status, _) in _ERRORS.items()}
"""Twilio's codes for a send, with status and text. (documented, Twilio's dictionary)"""
LONGEST = 1600

_PATH = re.compile(r"/2010-04-01/Accounts/(AC[0-9a-fA-F]{32})/Messages(\.json)?")
_DATA = ("MediaUrl", "StatusCallback", "MaxPrice", "ContentSid", "ContentVariables", "ValidityPeriod")


def parse(request: Request) -> tuple[dict[str, Any], str | None]:
    """The form, and the phone number."""
    form = parse_qs(request.get_data().decode("utf-8", "replace"), keep_blank_values=True)
    body = {name: values if len(values) > 1 else values[0] for name, values in form.items()}
    return body, form.get("To", [""])[0] or None


def complaint(request: Request, body: Mapping[str, Any], to: str | None) -> Answer | None:
    """What Twilio refuses."""
    if not _PATH.fullmatch(request.path):
        return _error(404, 20404, f"The requested resource {request.path} was not found")
    if not request.headers.get("authorization", "").lower().startswith("basic "):
        return error(20003)
    if not to:
        return error(21604)
    if not (body.get("From") or body.get("MessagingServiceSid")):
        return error(21603)
    if not (body.get("Body") or body.get("MediaUrl") or body.get("ContentSid")):
        return error(21602)
    if not PHONE_NUMBER.fullmatch(to.removeprefix("whatsapp:")):
        return error(21211, to)
    return error(21617) if len(str(body.get("Body", ""))) > LONGEST else None


def accept(request: Request, form: Mapping[str, Any], unique: str) -> Answer:
    """201 with a Message that is queued, or accepted by its Messaging Service. (documented)"""
    account, sid = request.path.split("/")[3], f"SM{unique[:32]}"
    uri = f"/2010-04-01/Accounts/{account}/Messages/{sid}"
    media = form.get("MediaUrl", [])
    resource = {
        "account_sid": account,
        "api_version": "2010-04-01",
        "body": form.get("Body", ""),
        "date_created": None,
        "date_sent": None,
        "date_updated": None,
        "direction": "outbound-api",
        "error_code": None,
        "error_message": None,
        "from": form.get("From"),
        "messaging_service_sid": form.get("MessagingServiceSid"),
        "num_media": str(len(media) if isinstance(media, list) else 1),
        "num_segments": "0" if form.get("MessagingServiceSid") else "1",
        "price": None,
        "price_unit": None,
        "sid": sid,
        "status": "accepted" if form.get("MessagingServiceSid") else "queued",
        "subresource_uris": {"media": f"{uri}/Media.json"},
        "to": form["To"],
        "uri": f"{uri}.json",
    }
    return Answer(201, resource)


def error(code: int, to: str | None = None, now: datetime | None = None) -> Answer:
    """The answer that refuses with a code."""
    status, text = _ERRORS[code]
    return _error(status, code, text.format(to=to or "").replace("  ", " "))


def _error(status: int, code: int, text: str) -> Answer:
    return Answer(status, error_body(status, code, text))


def read(address: str | None, headers: Mapping[str, str], payload: Mapping[str, Any], now: float) -> Message:
    """A text message: who sends it is not compared, since Notify always sends by a Messaging Service."""
    data = {name: payload[name] for name in _DATA if payload.get(name)}
    if isinstance(data.get("MediaUrl"), str):
        data["MediaUrl"] = [data["MediaUrl"]]
    return Message(channel="sms", address=address, title=None, body=payload.get("Body") or None, data=data)
