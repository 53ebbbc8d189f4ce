"""Control operations that read what was sent: Notifications, deliveries, alerts, callbacks."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from operator import attrgetter
from typing import Any
from urllib.parse import urlencode

from fakenotify.control.routes import Ask, route
from fakenotify.control.schema import FLAG, INTEGER, OBJECT, TEXT, TEXT_OR_NULL, array, obj, record_schema
from fakenotify.control.sight import (
    Accept,
    Sight,
    audience,
    code_of,
    equal,
    has_code,
    having,
    like,
    strings,
    title_of,
)
from fakenotify.control.tables import Rows
from fakenotify.notify.channels import CHANNELS, HttpRequest
from fakenotify.notify.payloads import inside
from fakenotify.notify.records import Alert, Callback, Delivery, Notification
from fakenotify.notify.resources.representation import timestamp
from fakenotify.world.saved_state import to_json
from fakenotify.world.world import World

MOST_STATES = 5
"""How many DeliveryStates of a callback a row shows."""


def _shown(binding_type: str, payload: Mapping[str, Any]) -> dict[str, Any]:
    """What a person sees of a delivery, and whether the app decides it."""
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
    skipped = 0
    scope = sight.scope(notification)
    if scope is not None and not notification.to_binding:  # a direct send looks at no Bindings
        skipped = len(scope.bindings) - sum(1 for each in deliveries if each.binding_sid in scope.bindings)
    seen = _shown(deliveries[0].binding_type, deliveries[0].payload) if deliveries else {}
    selectors = (notification.identities, notification.tags, notification.segments)
    return {
        "whom": audience(len(notification.to_binding), *selectors),
        "shown": {name: seen.get(name) or getattr(notification, name) for name in ("title", "body")},
        "counts": {"sent": sent, "failed": len(deliveries) - sent, "skipped": skipped},
        "channels": [
            {"binding_type": each, "sent": by_type[each, "SENT"], "failed": by_type[each, "FAILED"]}
            for each in dict.fromkeys(binding_type for binding_type, _ in by_type)
        ],
        "codes": [{"code": code, "count": number, "title": title_of(code)} for code, number in codes.most_common()],
        "service_name": sight.service_name(notification),
    }


def _with_type(sight: Sight, value: str) -> Accept:
    return lambda record: any(each.binding_type == value for each in sight.deliveries(record))


def _with_status(sight: Sight, value: str) -> Accept:
    status = value.upper()
    if status == "NOBODY":
        return lambda record: not sight.deliveries(record)
    return lambda record: any(each.status == status for each in sight.deliveries(record))


def _with_code(sight: Sight, value: str) -> Accept:
    code = code_of(value)
    return lambda record: (
        any(each.error_code == code for each in sight.deliveries(record))
        or any(each.code == code for each in sight.alerts(record))
    )


def _for_identity(sight: Sight, value: str) -> Accept:
    return lambda record: value in record.identities or any(each.identity == value for each in sight.deliveries(record))


_OVERRIDES = ("data", "apn", "fcm", "gcm", "sms", "facebook_messenger", "alexa")

NOTIFICATIONS = Rows(
    "notifications",
    "The Notifications: whom each was for, and what became of it.",
    Notification,
    {
        **equal("sid", "service_sid"),
        "identity": ("Only those that name this identity, or reached it.", _for_identity),
        **having(tag="tags", segment="segments"),
        "status": ("`sent` or `failed`: only those with such a delivery; `nobody`: without any.", _with_status),
        "code": ("Only those with this code in a delivery or an alert.", _with_code),
        "binding_type": ("Only those with a delivery of this type.", _with_type),
    },
    lambda sent: (
        *(sent.sid, sent.title, sent.body, sent.sound, sent.action, *sent.identities, *sent.tags, *sent.segments),
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
    heavy=(*_OVERRIDES, "to_binding"),
    also=lambda sight, sent: (each.identity for each in sight.deliveries(sent)),
)


def _delivery(sight: Sight, delivery: Delivery) -> dict[str, Any]:
    credentials = sight.accounts[delivery.account_sid].credentials
    credential = credentials.get(delivery.credential_sid) if delivery.credential_sid else None
    shown, request = _shown(delivery.binding_type, delivery.payload), to_json(delivery.request)
    return {
        "shown": shown,
        "data": _data(delivery.payload) if shown["data_message"] else None,
        "request": request,
        "http": _http(**request),
        "error_title": title_of(delivery.error_code),
        "service_name": sight.service_name(delivery),
        "credential_name": credential.friendly_name if credential else None,
    }


def _data(payload: Mapping[str, Any]) -> Any:
    """What the app gets of a data message: ``data`` of FCM and GCM, what stands beside ``aps`` of APNs."""
    if "aps" in payload or not {"message", "data"} & payload.keys():
        return {name: value for name, value in payload.items() if name != "aps"}
    return inside(payload, "message", "data") if "message" in payload else payload["data"]


def _http(method: str, url: str, headers: Mapping[str, str], body: Any, body_type: str) -> str:
    """A request to a provider as a text."""
    head = [f"{method} {url}", *(f"{name}: {value}" for name, value in headers.items())]
    text = urlencode(body, doseq=True) if body_type == "form" else json.dumps(body, indent=2, ensure_ascii=False)
    return "\n".join([*head, "", text])


def _delivery_tag(sight: Sight, value: str) -> Accept:
    def accept(delivery: Delivery) -> bool:
        scope = sight.scope(delivery)
        if scope is None:
            return False
        notification = scope.notifications.get(delivery.notification_sid)
        binding = scope.bindings.get(delivery.binding_sid) if delivery.binding_sid else None
        return bool((notification and value in notification.tags) or (binding and value in binding.tags))

    return accept


def _failed_with(sight: Sight, value: str) -> Accept:
    code = code_of(value)
    return lambda record: bool(record.error_code == code)


_DELIVERY_TEXTS = attrgetter(
    "sid", "notification_sid", "binding_sid", "identity", "address", "binding_type", "error_message"
)

DELIVERIES = Rows(
    "deliveries",
    "What each device would have received, and what a person sees of it.",
    Delivery,
    {
        **equal("sid", "notification_sid", "service_sid", "binding_sid", "identity"),
        **like("binding_type"),
        **equal("address"),
        **like("status"),
        "code": ("Only those that failed with this code.", _failed_with),
        "tag": ("Only those of a Notification, or to a Binding, with this tag.", _delivery_tag),
        **equal("credential_sid"),
    },
    lambda delivery: (*_DELIVERY_TEXTS(delivery), *strings(delivery.payload)),
    _delivery,
    {
        "shown": _SHOWN,
        "data": {},
        "request": record_schema(HttpRequest),
        "http": TEXT,
        "error_title": TEXT_OR_NULL,
        "service_name": TEXT_OR_NULL,
        "credential_name": TEXT_OR_NULL,
    },
    heavy=("payload", "headers", "request", "data", "http"),
)


def _reached(sight: Sight, value: str) -> Accept:
    """The filter for alerts about an identity's deliveries, and for callbacks of Notifications that reached it."""

    def accept(record: Any) -> bool:
        deliveries = sight.deliveries_of(record)
        binding_sid = getattr(record, "binding_sid", None)
        return any(each.identity == value and binding_sid in (None, each.binding_sid) for each in deliveries)

    return accept


def _by_code(alerts: list[Alert]) -> list[dict[str, Any]]:
    """The number of alerts with each code, and the last of them."""
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


ALERTS = Rows(
    "alerts",
    "The Debugger's entries.",
    Alert,
    {
        **equal("notification_sid", "service_sid", "binding_sid"),
        **like("binding_type", "level"),
        "status": like("level")["level"],
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


CALLBACKS = Rows(
    "callbacks",
    "The delivery callbacks with their attempts.",
    Callback,
    {
        **equal("sid", "notification_sid", "service_sid"),
        **like("status"),
        **equal("url"),
        "identity": ("Only those of a Notification that reached this identity.", _reached),
    },
    lambda callback: (
        *(callback.sid, callback.url, callback.notification_sid, callback.body),
        *(each.error for each in callback.attempts),
    ),
    _callback,
    {"notification": _WORDS, "count": INTEGER, "params": OBJECT, "states": array(OBJECT)},
    heavy=("body",),
)


@route("POST", "callbacks", obj({"callback": {"anyOf": [record_schema(Callback), {"type": "null"}]}}))
def post_callbacks(world: World, ask: Ask) -> dict[str, Any]:
    """Post the next delivery callback that is due, and answer with the attempt; null if none is due.

    With the switch ``callback_delivery`` set to ``manual``, nothing else posts callbacks.
    """
    tried = world.deliver_callback()
    return {"callback": to_json(tried) if tried else None}
