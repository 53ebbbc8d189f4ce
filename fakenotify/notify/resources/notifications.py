"""Notifications: ``POST /v1/Services/{ServiceSid}/Notifications``, and nothing else. Reference 3.4, 4.1, 4.3."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fakenotify.core.errors import OBSERVED
from fakenotify.core.params import Param, Params, integer, json_object, one_of
from fakenotify.core.routes import Route
from fakenotify.notify.account import AccountState
from fakenotify.notify.channels import CHANNELS
from fakenotify.notify.errors import InvalidParameter, InvalidToBinding, SelectorMissing, SelectorsMixed
from fakenotify.notify.records import Notification, Service, strings
from fakenotify.notify.resources import services
from fakenotify.notify.resources.bindings import TAGS_PER_QUERY
from fakenotify.notify.resources.representation import timestamp
from fakenotify.notify.tables import TableDefinition

IDENTITIES_PER_NOTIFICATION = 20
LONGEST_TTL = 2_419_200
RESERVED = "twi_"
TARGETS_OF_GCM = frozenset(("to", "registration_ids", "notification_key"))
TARGETS_OF_FCM = TARGETS_OF_GCM | {"condition"}


def _invalid(name: str) -> InvalidParameter:
    return InvalidParameter("Notification", name)


def to_binding(value: str) -> dict[str, str]:
    """One direct target: a JSON object with ``binding_type`` and ``address``; other keys are ignored. (assumed D33)"""
    item = json_object(value)
    binding_type, address = item.get("binding_type"), item.get("address")
    if not isinstance(binding_type, str) or binding_type not in CHANNELS or not isinstance(address, str) or not address:
        raise ValueError(value)
    return {"binding_type": binding_type, "address": address}


def unreserved(value: str) -> dict[str, Any]:
    """A JSON object without ``twi_`` keys. (documented for ``Data``; the place: assumed D16)"""
    parsed = json_object(value)
    if any(key.startswith(RESERVED) for key in parsed):
        raise ValueError(value)
    return parsed


def message(targets: frozenset[str]) -> Callable[[str], dict[str, Any]]:
    """A GCM or FCM override: no targets of its own, and no ``twi_`` keys, in its ``data`` neither. (D16, D34)"""

    def read(value: str) -> dict[str, Any]:
        parsed = unreserved(value)
        data = parsed.get("data")
        if not targets.isdisjoint(parsed) or (isinstance(data, dict) and any(key.startswith(RESERVED) for key in data)):
            raise ValueError(value)
        return parsed

    return read


_WITHDRAWN = "Twilio withdrew it"
_OBSERVED = (OBSERVED, "WEB")
CREATE = Params(
    _invalid,
    Param("Identity", "identities", most=IDENTITIES_PER_NOTIFICATION),
    Param("Tag", "tags", most=TAGS_PER_QUERY),
    Param("Segment", "segments", most=0, deprecated=_WITHDRAWN),
    Param("ToBinding", "to_binding", to_binding, most=0, error=InvalidToBinding),
    Param("Body", "body"),
    Param("Title", "title"),
    Param("Sound", "sound"),
    Param("Action", "action"),
    Param("Priority", "priority", one_of("high", "low"), default="high", default_known=_OBSERVED),
    Param("Ttl", "ttl", integer(0, LONGEST_TTL), default=LONGEST_TTL, default_known=_OBSERVED),
    Param("Data", "data", unreserved, source="OAI; twi_ keys: D16"),
    Param("Apn", "apn", unreserved, source="OAI; twi_ keys: D16"),
    Param("Gcm", "gcm", message(TARGETS_OF_GCM)),
    Param("Fcm", "fcm", message(TARGETS_OF_FCM)),
    Param("Sms", "sms", json_object),
    Param("FacebookMessenger", "facebook_messenger", json_object, deprecated=_WITHDRAWN),
    Param("Alexa", "alexa", json_object, deprecated=_WITHDRAWN),
    Param("DeliveryCallbackUrl", "delivery_callback_url", source="OAI; not validated: sample"),
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

    Raises ``SelectorMissing`` for a Notification to nobody and ``SelectorsMixed`` for a direct one with a query.
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
    """A Notification on the wire: exactly these twenty keys. (observed) Order: reference 3.4."""
    return {
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


TABLES = (TableDefinition("notifications", Notification, "service", "NT", params=CREATE),)
ROUTES = (
    Route(
        "notifications.create",
        "/Services/{ServiceSid}/Notifications",
        create,
        CREATE,
        locate=services.locate,
        represent=represent,
    ),
)
