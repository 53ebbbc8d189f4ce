"""The channels of Notify. To add one, write its module and add it to the loop below."""

from __future__ import annotations

from fakenotify.core.params import Param
from fakenotify.notify.channels import alexa, apn, facebook_messenger, fcm, gcm, sms
from fakenotify.notify.channels.channel import Channel
from fakenotify.notify.channels.channel import HttpRequest as HttpRequest

CHANNELS: dict[str, Channel] = {}
"""The channels by their binding type, in the order of Twilio's enum. (documented)"""


def register(channel: Channel) -> None:
    """Add a binding type. Raises ``ValueError`` for one that exists already."""
    if channel.binding_type in CHANNELS:
        raise ValueError(f"there is a channel {channel.binding_type!r} already")
    CHANNELS[channel.binding_type] = channel


def unregister(binding_type: str) -> None:
    """Remove a channel, for a test that registered one."""
    del CHANNELS[binding_type]


def overrides() -> list[Param]:
    """The parameters of a Notification that are one channel's own, in the order of Twilio's table: push first."""
    push_first = sorted(CHANNELS.values(), key=lambda channel: not channel.uses_credential)
    return [channel.override for channel in push_first if channel.override is not None]


for _each in (apn.CHANNEL, gcm.CHANNEL, sms.CHANNEL, fcm.CHANNEL, facebook_messenger.CHANNEL, alexa.CHANNEL):
    register(_each)
