"""The channels of Notify. Adding one is one module and its line in this table."""

from __future__ import annotations

from fakenotify.notify.channels import alexa, apn, facebook_messenger, fcm, gcm, sms
from fakenotify.notify.channels.channel import Channel, Failure, Rendered, Shown

__all__ = ["CHANNELS", "Channel", "Failure", "Rendered", "Shown"]

CHANNELS = {
    channel.binding_type: channel
    for channel in (apn.CHANNEL, gcm.CHANNEL, sms.CHANNEL, fcm.CHANNEL, facebook_messenger.CHANNEL, alexa.CHANNEL)
}
