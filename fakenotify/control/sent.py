"""Control operations that read what was sent: Notifications, deliveries, alerts, callbacks."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from fakenotify.control.filters import (
    BINDING_TYPE,
    SERVICE_SID,
    SID,
    code_of,
    has_code,
    has_value,
    is_like,
    is_value,
    strings,
    title_of,
)
from fakenotify.control.reads import Accept, table
from fakenotify.control.routes import Ask, route
from fakenotify.control.schema import FLAG, INTEGER, OBJECT, TEXT, TEXT_OR_NULL, array, obj, record_schema
from fakenotify.control.sight import Sight
from fakenotify.control.words import whom
from fakenotify.notify.channels import CHANNELS, HttpRequest
from fakenotify.notify.records import Alert, Callback, Delivery, Notification
from fakenotify.notify.resources.representation import timestamp
from fakenotify.world.saved_state import to_json
from fakenotify.world.world import World

MOST_STATES = 5
"""DeliveryStates of a callback that a row shows."""


def _shown(binding_type: str, payload: Mapping[str, Any]) -> dict[str, Any]:
    """What a person sees of a delivery, and whether it is the app that decides so."""
    seen = CHANNELS[binding_type].shows(payload)
    return {"title": seen.title, "body": seen.body, "data_message": seen.by_app, "media": list(seen.media)}


_SHOWN = obj({"title": TEXT_OR_NULL, "body": TEXT_OR_NULL, "data_message": FLAG, "media": array(TEXT)})
_WORDS = obj({"title": TEXT_OR_NULL, "body": TEXT_OR_NULL})


def _notification(sight: Sight, notification: Notification) -> dict[str, Any]:
    deliveries = sight.deliveries(notification)
    alert = None if deliveries else sight.last_alert(notification)
    by_type = Counter((each.binding_type, each.status) for each in deliveries)
    codes = Counter(each.error_code for each in deliveries if each.error_code is not None)
    codes.update([alert.code] if alert else [])
    sent = sum(number for (_, status), number in by_type.items() if status == "SENT")
    seen = _shown(deliveries[0].binding_type, deliveries[0].payload) if deliveries else {}
    return {
        "whom": whom(notification),
        "shown": {name: seen.get(name) or getattr(notification, name) for name in ("title", "body")},
        "counts": {
            "sent": sent,
            "failed": len(deliveries) - sent,
            "skipped": _skipped(sight, notification, deliveries),
        },
        "channels": [
            {"binding_type": each, "sent": by_type[each, "SENT"], "failed": by_type[each, "FAILED"]}
            for each in dict.fromkeys(binding_type for binding_type, _ in by_type)
        ],
        "codes": [{"code": code, "count": number, "title": title_of(code)} for code, number in codes.most_common()],
        "service_name": sight.service_name(notification),
    }


def _skipped(sight: Sight, notification: Notification, deliveries: Iterable[Delivery]) -> int:
    """How many Bindings of the Service it did not select; of a direct send, none were looked at."""
    scope = sight.scope(notification)
    if scope is None or notification.to_binding:
        return 0
    return len(scope.bindings) - sum(1 for each in deliveries if each.binding_sid in scope.bindings)


def _of_deliveries(accept: Callable[[Sight, str], Callable[[Delivery], bool]]) -> Callable[[Sight, str], Accept]:
    """Notifications with a delivery that passes."""

    def make(sight: Sight, value: str) -> Accept:
        wanted = accept(sight, value)
        return lambda record: any(map(wanted, sight.deliveries(record)))

    return make


def _notification_status(sight: Sight, value: str) -> Accept:
    status = value.upper()
    if status == "NOBODY":
        return lambda record: not sight.deliveries(record)
    return lambda record: any(each.status == status for each in sight.deliveries(record))


def _notification_code(sight: Sight, value: str) -> Accept:
    code = code_of(value)
    return lambda record: (
        any(each.error_code == code for each in sight.deliveries(record))
        or any(each.code == code for each in sight.alerts(record))
    )


def _notification_identity(sight: Sight, value: str) -> Accept:
    return lambda record: value in record.identities or any(each.identity == value for each in sight.deliveries(record))


_OVERRIDES = ("data", "apn", "fcm", "gcm", "sms", "facebook_messenger", "alexa")

get_notifications = table(
    "notifications",
    "The Notifications: whom each was for, and what became of it.",
    Notification,
    {
        "sid": SID,
        "service_sid": SERVICE_SID,
        "identity": ("Only those that name this identity, or reached it.", _notification_identity),
        "tag": has_value("tag", "tags"),
        "segment": has_value("segment", "segments"),
        "status": ("`sent` or `failed`: only those with such a delivery; `nobody`: without any.", _notification_status),
        "code": ("Only those with this code in a delivery or an alert.", _notification_code),
        "binding_type": (
            "Only those with a delivery of this type.",
            _of_deliveries(lambda _, value: lambda each: each.binding_type == value),
        ),
    },
    lambda sent: (
        sent.sid,
        sent.title,
        sent.body,
        sent.sound,
        sent.action,
        *sent.identities,
        *sent.tags,
        *sent.segments,
        *(each.get("address") for each in sent.to_binding),
        *strings(*(getattr(sent, name) for name in _OVERRIDES)),
    ),
    _notification,
    {
        "whom": TEXT,
        "shown": _WORDS,
        "counts": obj({"sent": INTEGER, "failed": INTEGER, "skipped": INTEGER}),
        "channels": array(obj({"binding_type": TEXT, "sent": INTEGER, "failed": INTEGER})),
        "codes": array(obj({"code": INTEGER, "count": INTEGER, "title": TEXT_OR_NULL})),
        "service_name": TEXT_OR_NULL,
    },
    heavy=frozenset((*_OVERRIDES, "to_binding")),
    also=lambda sight, sent: (each.identity for each in sight.deliveries(sent)),
)


def _delivery(sight: Sight, delivery: Delivery) -> dict[str, Any]:
    account = sight.account(delivery.account_sid)
    credential = account.credentials.get(delivery.credential_sid) if account and delivery.credential_sid else None
    return {
        "shown": _shown(delivery.binding_type, delivery.payload),
        "request": to_json(delivery.request),
        "error_title": title_of(delivery.error_code),
        "service_name": sight.service_name(delivery),
        "credential_name": credential.friendly_name if credential else None,
    }


def _delivery_tag(sight: Sight, value: str) -> Accept:
    def accept(delivery: Delivery) -> bool:
        scope = sight.scope(delivery)
        if scope is None:
            return False
        notification = scope.notifications.get(delivery.notification_sid)
        binding = scope.bindings.get(delivery.binding_sid) if delivery.binding_sid else None
        return bool((notification and value in notification.tags) or (binding and value in binding.tags))

    return accept


def _error_code(sight: Sight, value: str) -> Accept:
    code = code_of(value)
    return lambda record: bool(record.error_code == code)


get_deliveries = table(
    "deliveries",
    "What each device would have received, and what a person sees of it.",
    Delivery,
    {
        "sid": SID,
        "notification_sid": is_value("notification_sid"),
        "service_sid": SERVICE_SID,
        "binding_sid": is_value("binding_sid"),
        "identity": is_value("identity"),
        "binding_type": BINDING_TYPE,
        "address": is_value("address"),
        "status": is_like("status", "status"),
        "code": ("Only those that failed with this code.", _error_code),
        "tag": ("Only those of a Notification, or to a Binding, with this tag.", _delivery_tag),
        "credential_sid": is_value("credential_sid"),
    },
    lambda delivery: (
        delivery.sid,
        delivery.notification_sid,
        delivery.binding_sid,
        delivery.identity,
        delivery.address,
        delivery.binding_type,
        delivery.error_message,
        *strings(delivery.payload),
    ),
    _delivery,
    {
        "shown": _SHOWN,
        "request": record_schema(HttpRequest),
        "error_title": TEXT_OR_NULL,
        "service_name": TEXT_OR_NULL,
        "credential_name": TEXT_OR_NULL,
    },
    heavy=frozenset(("payload", "headers", "request")),
)


def _reached(sight: Sight, value: str) -> Accept:
    """Alerts of one identity's Bindings, callbacks of Notifications for it."""

    def accept(record: Any) -> bool:
        deliveries = sight.deliveries_of(record)
        binding_sid = getattr(record, "binding_sid", None)
        return any(each.identity == value and binding_sid in (None, each.binding_sid) for each in deliveries)

    return accept


def _by_code(alerts: list[Alert]) -> list[dict[str, Any]]:
    """How many alerts there are of each code, with the last of them."""
    groups: dict[int, list[Alert]] = {}
    for each in alerts:
        groups.setdefault(each.code, []).append(each)
    return [
        {
            "code": code,
            "title": title_of(code),
            "level": found[-1].level,
            "count": len(found),
            "text": found[-1].text,
            "last": timestamp(found[-1].date_created),
            "notification_sid": found[-1].notification_sid,
        }
        for code, found in sorted(groups.items(), key=lambda item: -len(item[1]))
    ]


get_alerts = table(
    "alerts",
    "The Debugger's entries.",
    Alert,
    {
        "notification_sid": is_value("notification_sid"),
        "service_sid": SERVICE_SID,
        "binding_sid": is_value("binding_sid"),
        "binding_type": BINDING_TYPE,
        "level": is_like("level", "level"),
        "status": is_like("level", "level"),
        "code": ("Only alerts with this code.", has_code),
        "identity": ("Only those about a delivery to this identity.", _reached),
    },
    lambda alert: (str(alert.code), alert.text, alert.notification_sid, alert.binding_sid, alert.binding_type),
    lambda sight, alert: {"title": title_of(alert.code)},
    {"title": TEXT_OR_NULL},
    group=("code", _by_code),
)


def _callback(sight: Sight, callback: Callback) -> dict[str, Any]:
    scope = sight.scope(callback)
    notification = scope.notifications.get(callback.notification_sid) if scope else None
    params = callback.params
    states = params.pop("DeliveryState", [])
    return {
        "notification": {name: getattr(notification, name, None) for name in ("title", "body")},
        "count": len(states),
        "params": params,
        "states": [json.loads(each) for each in states[:MOST_STATES]],
    }


get_callbacks = table(
    "callbacks",
    "The delivery callbacks with their attempts.",
    Callback,
    {
        "sid": SID,
        "notification_sid": is_value("notification_sid"),
        "service_sid": SERVICE_SID,
        "status": is_like("status", "status"),
        "url": is_value("url"),
        "identity": ("Only those of a Notification that reached this identity.", _reached),
    },
    lambda callback: (
        callback.sid,
        callback.url,
        callback.notification_sid,
        callback.body,
        *(each.error for each in callback.attempts),
    ),
    _callback,
    {"notification": _WORDS, "count": INTEGER, "params": OBJECT, "states": array(OBJECT)},
    heavy=frozenset(("body",)),
)


@route("POST", "callbacks", obj({"callback": {"anyOf": [record_schema(Callback), {"type": "null"}]}}))
def post_callbacks(world: World, ask: Ask) -> dict[str, Any]:
    """Post the next delivery callback that is due, and answer with the attempt; null if none is due.

    With the switch ``callback_delivery`` set to ``manual``, nothing else posts callbacks.
    """
    tried = world.deliver_callback()
    return {"callback": to_json(tried) if tried else None}
