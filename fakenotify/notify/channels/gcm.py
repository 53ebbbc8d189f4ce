"""Google Cloud Messaging, FCM's predecessor: ``Gcm`` maps to the root of the message. It is always legacy. (D51)"""

from __future__ import annotations

from fakenotify.core.params import Param
from fakenotify.notify.channels import legacy_fcm
from fakenotify.notify.channels.channel import Channel, Outgoing, Rendered
from fakenotify.notify.channels.fcm_data import CODES, EXAMPLE, TARGETS, TOKENS
from fakenotify.notify.payloads import Payload


def render(outgoing: Outgoing) -> Rendered:
    """A message of Google's legacy protocol."""
    return legacy_fcm.render(outgoing, "gcm", outgoing.notification.gcm)


CHANNEL = Channel(
    binding_type="gcm",
    label="GCM",
    example=EXAMPLE,
    addresses=TOKENS,
    override=Param("Gcm", "gcm", Payload(TARGETS, ("data",))),
    uses_credential=True,
    codes=CODES,
    render=render,
    put_address=legacy_fcm.put_address,
    shows=legacy_fcm.shows,
)
