"""Facebook Messenger: ``FacebookMessenger`` maps to the root of a Send API request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fakenotify.core.params import Param
from fakenotify.core.values import JsonObject
from fakenotify.notify.channels.channel import Channel, Failure, Outgoing, Rendered, at
from fakenotify.notify.channels.sms import PHONE_NUMBER
from fakenotify.notify.payloads import merged

URL = "https://graph.facebook.com/me/messages"
"""``me`` is the page whose access token is sent. (version left out: assumed)"""


def render(outgoing: Outgoing) -> Rendered:
    """``Body`` as the text of the message, under what ``FacebookMessenger`` says. (field names: the Send API's)

    Its ``recipient`` can't be overridden (documented) and is dropped (assumed D34).
    """
    notification = outgoing.notification
    generic = {} if notification.body is None else {"message": {"text": notification.body}}
    override = {key: value for key, value in (notification.facebook_messenger or {}).items() if key != "recipient"}
    payload = merged(generic, override)
    message = payload.get("message")
    has_body = isinstance(message, dict) and (message.get("text") or message.get("attachment"))  # the latter: assumed
    return Rendered(payload, url=URL, failure=None if has_body else Failure(52203))


def put_address(payload: Mapping[str, Any], address: str) -> dict[str, Any]:
    """The message to one user, by id; or by phone number, as the Send API allows. (assumed)"""
    return {"recipient": {"phone_number" if PHONE_NUMBER.fullmatch(address) else "id": address}, **payload}


CHANNEL = Channel(
    binding_type="facebook-messenger",
    label="Messenger",
    example="1254477777772919",
    addresses=r"[0-9]{15,17}|\+1[0-9]{10}",
    override=Param("FacebookMessenger", "facebook_messenger", JsonObject(), deprecated="Twilio withdrew it"),
    codes=range(52201, 52203 + 1),
    needs=("facebook_messenger_page_id", 52202),  # code: documented; that a missing page id raises it: assumed
    render=render,
    put_address=put_address,
    shows=at(body=("message", "text"), media=("message", "attachment", "payload", "url")),
)
