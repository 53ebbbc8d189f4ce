"""Control operations that read what was sent: Notifications, deliveries, alerts, callbacks."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from itertools import groupby
from operator import attrgetter
from typing import Any
from urllib.parse import urlencode

from fakenotify.control.app import Reading, add_tables
from fakenotify.control.routes import Ask, route
from fakenotify.control.schema import FLAG, INTEGER, OBJECT, TEXT, TEXT_OR_NULL, array, obj, record_schema
from fakenotify.control.tables import Filter, Rows, code_of, equal, having, like, strings
from fakenotify.notify.account import AccountState
from fakenotify.notify.channels import CHANNELS, HttpRequest
from fakenotify.notify.debugger import CODES
from fakenotify.notify.payloads import inside
from fakenotify.notify.records import Alert, Callback, Delivery, Notification
from fakenotify.world.audience import audience
from fakenotify.world.world import World

MOST_STATES = 5
"""How many DeliveryStates of a callback a row shows."""

TITLES: dict[int | None, str] = {code: each.title for code, each in CODES.items()}
"""Twilio's titles of the codes."""


class ByNotification:
    """The entries of a log by their Notification. The log is read from its end, only as far as needed."""

    def __init__(self, log: Any) -> None:
        self._groups = groupby((entry for _, entry in log.descending()), attrgetter("notification_sid"))
        self._found: dict[str, list[Any]] = defaultdict(list)
        self._last: Any = None

    def get(self, sid: str, enough: Callable[[Any], bool] = lambda entry: False) -> list[Any]:
        """The entries of a Notification, oldest first. The search ends at an entry that is ``enough``."""
        if self._last is None or not enough(self._last):
            for found, entries in self._groups:
                self._found[found] += entries
                self._last = self._found[found][-1]
                if enough(self._last):
                    break
        return self._found[sid][::-1]


def _log(reading: Reading, record: Any, table: str) -> ByNotification:
    account = reading.accounts[record.account_sid]
    key = (account.account_sid, table)
    if key not in reading.kept:
        with account.lock:
            reading.kept[key] = ByNotification(getattr(account, table))
    found: ByNotification = reading.kept[key]
    return found


def _deliveries(reading: Reading, notification: Notification) -> list[Delivery]:
    """The deliveries of a Notification, oldest first. The log has them together, ordered by Notification."""
    account = reading.accounts[notification.account_sid]
    mine = _sequence(account, notification) or 0

    def is_enough(delivery: Delivery) -> bool:
        return (_sequence(account, delivery) or mine + 1) <= mine

    return _log(reading, notification, "deliveries").get(notification.sid, is_enough)


def _sequence(account: AccountState, record: Any) -> int | None:
    """The sequence number of the Notification that a record is or belongs to, if it still exists."""
    scope = account.scopes.get(record.service_sid)
    sid = getattr(record, "notification_sid", record.sid)
    return scope.notifications.sequence(sid) if scope is not None and sid in scope.notifications else None


_WORDS = {"title": TEXT_OR_NULL, "body": TEXT_OR_NULL}

# Notifications


def _notification(reading: Reading, notification: Notification) -> dict[str, Any]:
    deliveries = _deliveries(reading, notification)
    codes = Counter(each.error_code for each in deliveries if each.error_code is not None)
    if not deliveries:
        alerts = _log(reading, notification, "alerts").get(
            notification.sid, lambda alert: bool(alert.notification_sid == notification.sid)
        )
        codes.update(each.code for each in alerts[-1:])
    by_type = Counter((each.binding_type, each.status) for each in deliveries)
    sent = sum(number for (_, status), number in by_type.items() if status == "SENT")
    skipped, scope = 0, reading.scope(notification)
    if scope is not None and not notification.to_binding:  # a direct send looks at no Bindings
        skipped = len(scope.bindings) - sum(1 for each in deliveries if each.binding_sid in scope.bindings)
    seen = CHANNELS[deliveries[0].binding_type].shows(deliveries[0].payload) if deliveries else None
    selectors = (notification.identities, notification.tags, notification.segments)
    return {
        "whom": audience(len(notification.to_binding), *selectors),
        "shown": {name: getattr(seen, name, None) or getattr(notification, name) for name in _WORDS},
        "counts": {"sent": sent, "failed": len(deliveries) - sent, "skipped": skipped},
        "channels": [
            {"binding_type": each, "sent": by_type[each, "SENT"], "failed": by_type[each, "FAILED"]}
            for each in dict.fromkeys(binding_type for binding_type, _ in by_type)
        ],
        "codes": [{"code": code, "count": count, "title": TITLES.get(code)} for code, count in codes.most_common()],
    }


def _with_status(reading: Reading, status: str, sent: Notification) -> bool:
    deliveries = _deliveries(reading, sent)
    return not deliveries if status == "NOBODY" else any(each.status == status for each in deliveries)


def _with_code(reading: Reading, code: int, sent: Notification) -> bool:
    return any(each.error_code == code for each in _deliveries(reading, sent)) or any(
        each.code == code for each in _log(reading, sent, "alerts").get(sent.sid)
    )


_OVERRIDES = ("data", "apn", "fcm", "gcm", "sms", "facebook_messenger", "alexa")

NOTIFICATIONS = Rows(
    "notifications",
    "The Notifications: whom each was for, and what became of it.",
    Notification,
    {
        **equal("sid", "service_sid"),
        "identity": Filter(
            "Only those that name this identity, or reached it.",
            lambda reading, identity, sent: (
                identity in sent.identities or any(each.identity == identity for each in _deliveries(reading, sent))
            ),
        ),
        **having(tag="tags", segment="segments"),
        "status": Filter(
            "`sent` or `failed`: only those with such a delivery; `nobody`: without any.", _with_status, str.upper
        ),
        "code": Filter("Only those with this code in a delivery or an alert.", _with_code, code_of),
        "binding_type": Filter(
            "Only those with a delivery of this type.",
            lambda reading, value, sent: any(each.binding_type == value for each in _deliveries(reading, sent)),
        ),
    },
    lambda sent: (
        *(sent.sid, sent.title, sent.body, sent.sound, sent.action, *sent.identities, *sent.tags, *sent.segments),
        *(each.get("address") for each in sent.to_binding),
        *strings(*(getattr(sent, name) for name in _OVERRIDES)),
    ),
    _notification,
    {
        "whom": TEXT,
        "shown": obj(_WORDS),
        "counts": obj({"sent": INTEGER, "failed": INTEGER, "skipped": INTEGER}),
        "channels": array(obj({"binding_type": TEXT, "sent": INTEGER, "failed": INTEGER})),
        "codes": array(obj({"code": INTEGER, "count": INTEGER, "title": TEXT_OR_NULL})),
    },
    heavy=(*_OVERRIDES, "to_binding"),
    of_service=True,
    also=lambda reading, sent: (each.identity for each in _deliveries(reading, sent)),
)

# deliveries


def _delivery(reading: Reading, delivery: Delivery) -> dict[str, Any]:
    channel = CHANNELS[delivery.binding_type]
    seen = channel.shows(delivery.payload)
    request = channel.request(delivery.provider_url, delivery.address, delivery.headers, delivery.payload)
    if request.body_type == "form":
        body = urlencode(request.body, doseq=True, errors="replace")
    else:
        body = json.dumps(request.body, indent=2, ensure_ascii=False)
    credentials = reading.accounts[delivery.account_sid].credentials
    credential = credentials.get(delivery.credential_sid) if delivery.credential_sid else None
    return {
        "shown": {"title": seen.title, "body": seen.body, "data_message": seen.by_app, "media": seen.media},
        "data": _data(delivery.payload) if seen.by_app else None,
        "request": request,
        "http": "\n".join([f"{request.method} {request.url}", *map(": ".join, request.headers.items()), "", body]),
        "error_title": TITLES.get(delivery.error_code),
        "credential_name": credential.friendly_name if credential else None,
    }


def _data(payload: Mapping[str, Any]) -> Any:
    """What the app gets of a data message: ``data`` of FCM and GCM, what stands beside ``aps`` of APNs."""
    if "aps" in payload or not {"message", "data"} & payload.keys():
        return {name: value for name, value in payload.items() if name != "aps"}
    return inside(payload, "message", "data") if "message" in payload else payload["data"]


def _with_tag(reading: Reading, tag: str, delivery: Delivery) -> bool:
    scope = reading.scope(delivery)
    if scope is None:
        return False
    notification = scope.notifications.get(delivery.notification_sid)
    binding = scope.bindings.get(delivery.binding_sid) if delivery.binding_sid else None
    return bool((notification and tag in notification.tags) or (binding and tag in binding.tags))


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
        "code": Filter("Only those that failed with this code.", lambda _, code, row: row.error_code == code, code_of),
        "tag": Filter("Only those of a Notification, or to a Binding, with this tag.", _with_tag),
        **equal("credential_sid"),
    },
    lambda delivery: (*_DELIVERY_TEXTS(delivery), *strings(delivery.payload)),
    _delivery,
    {
        "shown": obj({**_WORDS, "data_message": FLAG, "media": array(TEXT)}),
        "data": {},
        "request": record_schema(HttpRequest),
        "http": TEXT,
        "error_title": TEXT_OR_NULL,
        "credential_name": TEXT_OR_NULL,
    },
    heavy=("payload", "headers", "request", "data", "http"),
    of_service=True,
)

# alerts and callbacks


def _reached(reading: Reading, identity: str, record: Any) -> bool:
    """Whether an alert is about a delivery to an identity, or a callback about a Notification that reached it."""
    binding_sid = getattr(record, "binding_sid", None)
    return any(
        each.identity == identity and binding_sid in (None, each.binding_sid)
        for each in _log(reading, record, "deliveries").get(record.notification_sid)
    )


def _by_code(alerts: list[Alert]) -> list[dict[str, Any]]:
    """The number of alerts with each code, and the last of them."""
    groups = Counter(each.code for each in alerts)
    last = {each.code: each for each in alerts}
    return [
        {
            "code": code,
            "title": TITLES.get(code),
            "level": last[code].level,
            "count": count,
            "text": last[code].text,
            "last": last[code].date_created,
            "notification_sid": last[code].notification_sid,
        }
        for code, count in groups.most_common()
    ]


ALERTS = Rows(
    "alerts",
    "The Debugger's entries.",
    Alert,
    {
        **equal("notification_sid", "service_sid", "binding_sid"),
        **like("binding_type", "level"),
        "status": like("level")["level"],
        "code": Filter("Only alerts with this code.", lambda _, code, alert: alert.code == code, code_of),
        "identity": Filter("Only those about a delivery to this identity.", _reached),
    },
    lambda alert: (str(alert.code), alert.text, alert.notification_sid, alert.binding_sid, alert.binding_type),
    lambda _, alert: {"title": TITLES.get(alert.code)},
    {"title": TEXT_OR_NULL},
    group=("code", _by_code),
)


def _callback(reading: Reading, callback: Callback) -> dict[str, Any]:
    scope = reading.scope(callback)
    notification = scope.notifications.get(callback.notification_sid) if scope else None
    params = callback.params
    states = params.pop("DeliveryState", [])
    return {
        "notification": {name: getattr(notification, name, None) for name in _WORDS},
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
        "identity": Filter("Only those of a Notification that reached this identity.", _reached),
    },
    lambda callback: (
        *(callback.sid, callback.url, callback.notification_sid, callback.body),
        *(each.error for each in callback.attempts),
    ),
    _callback,
    {"notification": obj(_WORDS), "count": INTEGER, "params": OBJECT, "states": array(OBJECT)},
    heavy=("body",),
)
add_tables(NOTIFICATIONS, DELIVERIES, ALERTS, CALLBACKS)


@route("POST", "callbacks", obj({"callback": {"anyOf": [record_schema(Callback), {"type": "null"}]}}))
def post_callbacks(world: World, ask: Ask) -> dict[str, Any]:
    """Post the next delivery callback that is due, and answer with the attempt; null if none is due.

    With the switch ``callback_delivery`` set to ``manual``, nothing else posts callbacks.
    """
    return {"callback": world.deliver_callback()}
