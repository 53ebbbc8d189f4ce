"""Google Cloud Messaging, FCM's predecessor: ``Gcm`` maps to the root of the message. Reference 4.2, 4.3."""

from __future__ import annotations

from fakenotify.notify.channels import legacy_fcm

CHANNEL = legacy_fcm.channel("gcm", lambda notification: notification.gcm)
