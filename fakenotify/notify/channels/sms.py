"""SMS: an ordinary Message of the Service's Messaging Service; ``Sms`` holds its parameters."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from fakenotify.core.params import Param
from fakenotify.notify.channels.channel import BadAddress, Channel, Failure, Outgoing, Rendered, at
from fakenotify.notify.payloads import SmsOverride

PARAMETERS = {
    "body": "Body",
    "media_urls": "MediaUrl",
    "status_callback": "StatusCallback",
    "max_price": "MaxPrice",
}
"""What ``Sms`` may hold, and the parameter of the Message it becomes. (documented)"""

PHONE_NUMBER = re.compile(r"\+[1-9][0-9]{1,14}")
"""The form of E.164; the real check knows number plans too. (assumed D4)"""


def check_address(address: str, binding_sid: str | None) -> BadAddress | None:
    """An sms address is a phone number; a direct send says sid ``'null'`` (observed), a Binding its sid (D4)."""
    if PHONE_NUMBER.fullmatch(address):
        return None
    complaint = "Address of sms binding must be a valid phone number"
    named = f"Invalid sms binding with address '{address}' sid '{binding_sid or 'null'}'"
    return BadAddress(complaint, Failure(52001, f"{named}: {complaint}"))


def render(outgoing: Outgoing) -> Rendered:
    """``Body``, and what ``Sms`` says; its other keys are ignored. (documented)

    A null in ``Sms`` counts as not sent, since a form has no null. (assumed)
    """
    notification, override = outgoing.notification, outgoing.notification.sms or {}
    fields = {"MessagingServiceSid": outgoing.service.messaging_service_sid, "Body": notification.body}
    for key, name in PARAMETERS.items():
        if override.get(key) is not None:
            fields[name] = override[key]
    payload = {name: value for name, value in fields.items() if value is not None}
    has_content = payload.get("Body") or payload.get("MediaUrl")
    url = f"https://api.twilio.com/2010-04-01/Accounts/{notification.account_sid}/Messages.json"
    return Rendered(payload, url=url, failure=None if has_content else Failure(52309))  # the code: assumed D42


def put_address(payload: Mapping[str, Any], address: str) -> dict[str, Any]:
    """The Message to one phone number."""
    return {"To": address, **payload}


CHANNEL = Channel(
    binding_type="sms",
    label="SMS",
    example="+15005550006",
    addresses=r"\+[1-9][0-9]{6,14}",
    malformed=(
        r"5005550006|\+05005550006|sms:\+15005550006|tel:\+15005550006|Address=\+15005550006|\+1x?"
        r"|\+1 500 555 0006|\+1-500-555-0006|\+١٥٠٠٥٥٥٠٠٠٦|\+1[0-9]{15,20}"
    ),
    override=Param("Sms", "sms", SmsOverride(PARAMETERS)),
    message_sid="SM",
    body_type="form",
    check_address=check_address,
    codes=range(52181, 52182 + 1),
    needs=("messaging_service_sid", 52182),  # documented
    render=render,
    put_address=put_address,
    shows=at(body=("Body",), media=("MediaUrl",)),
)
