"""Alexa, deprecated by Notify: a message to a skill.

Twilio documents where attributes go in the ``request.message`` that the skill receives, and no more. The rest is
*assumed*: the payload is a request to Amazon's Skill Messaging API, whose ``data`` becomes that ``request.message``,
and whose path holds the user's id. ``Alexa``, whose shape is undocumented, maps to its root like every override.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fakenotify.core.params import Param
from fakenotify.core.values import JsonObject
from fakenotify.notify.channels.channel import Channel, Failure, Outgoing, Rendered, at
from fakenotify.notify.payloads import given, merged

if TYPE_CHECKING:
    from fakenotify.notify.records import Notification

URL = "https://api.amazonalexa.com/v1/skillmessages/users/{address}"


def render(outgoing: Outgoing) -> Rendered:
    """``Title`` to be shown, ``Body`` and ``Data`` for the skill, under what ``Alexa`` says.

    ``Title`` and ``Body`` are required in any case. (documented; the code of Body: assumed)
    """
    notification = outgoing.notification
    generic = {"data": _message(notification), "expiresAfterSeconds": notification.ttl}
    failure = Failure(52309) if notification.body is None else None
    if notification.title is None:
        failure = Failure(52215)
    return Rendered(merged(generic, notification.alexa), url=URL, failure=failure)


def _message(notification: Notification) -> dict[str, Any]:
    """What the skill receives as ``request.message``. (documented)

    ``Body`` and ``Data`` both belong in its ``data``, so ``Body`` gets a key there: FCM's ``twi_body``. (assumed)
    """
    title = notification.title
    shown = None if title is None else {"content": [{"title": title, "toast": {"primaryText": title}}]}
    return given(displayInfo=shown, data={**given(twi_body=notification.body), **(notification.data or {})})


CHANNEL = Channel(
    binding_type="alexa",
    label="Alexa",
    example="amzn1.ask.account.A2QPJ7NH3EWOXKYL5GD6TRBC4FUVZMSIA2QPJ7NH3EWOXKYL5GD6",
    addresses=r"amzn1\.ask\.account\.[A-Z2-7]{52}",
    override=Param("Alexa", "alexa", JsonObject(), deprecated="Twilio withdrew it"),
    codes=range(52211, 52215 + 1),
    needs=("alexa_skill_id", 52212),  # documented
    render=render,
    shows=at(title=("data", "displayInfo", "content", 0, "title"), body=("data", "data", "twi_body")),
)
