"""Alexa, deprecated by Notify: a message to a skill. Reference 4.2.

Twilio documents where attributes go in the ``request.message`` that the skill receives, and no more. The rest is
*assumed*: the payload is a request to Amazon's Skill Messaging API, whose ``data`` becomes that ``request.message``,
and whose path holds the user's id. ``Alexa``, whose shape is undocumented, maps to its root like every override.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from fakenotify.notify.channels.channel import (
    Channel,
    Failure,
    Rendered,
    Shown,
    any_address,
    given,
    inside,
    merged,
    words,
)
from fakenotify.notify.records import Notification, Service


def check_service(service: Service) -> Failure | None:
    """Messages go to a skill. (documented)"""
    return None if service.alexa_skill_id else Failure(52212)


def render(notification: Notification, service: Service, protocol_version: str, now: datetime) -> Rendered:
    """``Title`` to be shown, ``Body`` and ``Data`` for the skill, under what ``Alexa`` says."""
    generic = {"data": _message(notification), "expiresAfterSeconds": notification.ttl}
    return Rendered(merged(generic, notification.alexa), failure=_failure(notification))


def _message(notification: Notification) -> dict[str, Any]:
    """What the skill receives as ``request.message``. (documented)

    ``Body`` and ``Data`` both belong in its ``data``, so ``Body`` gets a key there: FCM's ``twi_body``. (assumed)
    """
    title = notification.title
    shown = None if title is None else {"content": [{"title": title, "toast": {"primaryText": title}}]}
    return given(displayInfo=shown, data={**given(twi_body=notification.body), **(notification.data or {})})


def _failure(notification: Notification) -> Failure | None:
    """``Title`` and ``Body`` are required whatever ``Alexa`` says. (documented; the code of Body: assumed)"""
    if notification.title is None:
        return Failure(52215)
    return Failure(52309) if notification.body is None else None


def put_address(payload: Mapping[str, Any], address: str) -> dict[str, Any]:
    """The payload as it is: the user's id is not part of it. (assumed)"""
    return dict(payload)


def shows(payload: Mapping[str, Any]) -> Shown:
    """The title of the first content, and the text for the skill."""
    content = inside(payload, "data", "displayInfo", "content")
    first = content[0] if isinstance(content, list) and content else None
    return Shown(words(inside(first, "title")), words(inside(payload, "data", "data", "twi_body")))


CHANNEL = Channel(
    binding_type="alexa",
    message_sid="DA",
    uses_credential=False,
    check_address=any_address,
    check_service=check_service,
    render=render,
    put_address=put_address,
    shows=shows,
)
