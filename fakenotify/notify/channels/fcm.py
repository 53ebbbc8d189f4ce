"""Firebase Cloud Messaging: ``Fcm`` maps to the root of the message.

An override in the shape of FCM's HTTP v1, ``{"message": {…}}``, passes through as it is. (observed)
"""

from __future__ import annotations

from fakenotify.notify.channels import legacy_fcm

CHANNEL = legacy_fcm.channel("fcm", "FCM")
