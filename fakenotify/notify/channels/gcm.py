"""Google Cloud Messaging, FCM's predecessor: ``Gcm`` maps to the root of the message."""

from __future__ import annotations

from fakenotify.notify.channels import legacy_fcm

CHANNEL = legacy_fcm.channel("gcm", "GCM")
