"""Notifications: ``POST /v1/Services/{ServiceSid}/Notifications``, and nothing else."""

from __future__ import annotations

from typing import Any

from fakenotify.core.errors import OBSERVED
from fakenotify.core.params import Param, Params
from fakenotify.core.routes import Route
from fakenotify.core.sizes import size_of
from fakenotify.core.values import Integer, OneOf, Text
from fakenotify.notify import values
from fakenotify.notify.account import AccountState
from fakenotify.notify.channels import overrides
from fakenotify.notify.errors import InvalidToBinding, SelectorMissing, SelectorsMixed, invalid
from fakenotify.notify.payloads import Payload
from fakenotify.notify.records import Notification, Service, strings
from fakenotify.notify.resources import services
from fakenotify.notify.resources.bindings import TAGS_PER_QUERY
from fakenotify.notify.resources.representation import timestamp
from fakenotify.notify.tables import TableDefinition

IDENTITIES_PER_NOTIFICATION = 20
LONGEST_TTL = 2_419_200
_WITHDRAWN = "Twilio withdrew it"
_OBSERVED = (OBSERVED, "WEB")
CREATE = Params(
    invalid("Notification"),
    Param("Identity", "identities", values.IDENTITIES, most=IDENTITIES_PER_NOTIFICATION),
    Param("Tag", "tags", values.TAG, most=TAGS_PER_QUERY),
    Param("Segment", "segments", most=0, deprecated=_WITHDRAWN),
    Param("ToBinding", "to_binding", values.ToBinding(), most=0, error=lambda name, value: InvalidToBinding()),
    Param("Body", "body"),
    Param("Title", "title"),
    Param("Sound", "sound"),
    Param("Action", "action"),
    Param("Priority", "priority", OneOf(("high", "low"), "D33"), default="high", default_from=_OBSERVED),
    Param("Ttl", "ttl", Integer(0, LONGEST_TTL), default=LONGEST_TTL, default_from=_OBSERVED),
    Param("Data", "data", Payload()),
    *overrides(),
    Param(
        "DeliveryCallbackUrl",
        "delivery_callback_url",
        Text("URL; not checked", "https://example.com/delivered"),
        source="OAI; not validated: sample",
    ),
)


def create(
    account: AccountState,
    service: Service,
    *,
    identities: tuple[str, ...],
    tags: tuple[str, ...],
    segments: tuple[str, ...],
    to_binding: tuple[dict[str, str], ...],
    **values: Any,
) -> Notification:
    """Send: 201 even when nobody can be reached. (observed)

    Raises ``SelectorMissing`` for no recipients at all, and ``SelectorsMixed`` for a direct send with a query.
    """
    from fakenotify.notify.deliveries import send  # start-up time: it signs callbacks and has the table of codes

    if to_binding and (identities or tags or segments):
        raise SelectorsMixed
    if not (to_binding or identities or tags or segments):
        raise SelectorMissing

    notifications = account.scopes[service.sid].notifications
    notification = Notification(
        sid=account.new_sid("NT", notifications),
        account_sid=account.account_sid,
        service_sid=service.sid,
        date_created=account.clock.stamp(),
        identities=strings(identities),
        tags=strings(tags),
        segments=strings(segments),
        to_binding=to_binding,
        **values,
    )
    notifications.add(account.next_sequence(), notification)
    notifications.trim(account.kept)
    send(account, service, notification)
    return notification


def represent(account: AccountState, notification: Notification, base: str) -> dict[str, Any]:
    """A Notification on the wire: exactly these twenty keys (observed), in this order (D28)."""
    return {  # spelled out, since there are many: by names it takes three times as long
        "sid": notification.sid,
        "account_sid": notification.account_sid,
        "service_sid": notification.service_sid,
        "date_created": timestamp(notification.date_created),
        "identities": notification.identities,
        "tags": notification.tags,
        "segments": notification.segments,
        "priority": notification.priority,
        "ttl": notification.ttl,
        "title": notification.title,
        "body": notification.body,
        "sound": notification.sound,
        "action": notification.action,
        "data": notification.data,
        "apn": notification.apn,
        "fcm": notification.fcm,
        "gcm": notification.gcm,
        "sms": notification.sms,
        "facebook_messenger": notification.facebook_messenger,
        "alexa": notification.alexa,
    }


def _size(notification: Notification) -> int:
    return 1_000 + sum([size_of(getattr(notification, name)) for name in _LONG if getattr(notification, name)])


_LONG = [row.field for row in CREATE.rows if row.field not in ("priority", "ttl")]
TABLES = (TableDefinition("notifications", Notification, "service", "NT", weigh=_size, params=CREATE),)
_PATH = "/Services/{ServiceSid}/Notifications"
ROUTES = (Route("notifications.create", _PATH, create, CREATE, services.locate, represent),)
