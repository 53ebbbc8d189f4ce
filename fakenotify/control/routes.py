"""The table of the control API: paths, methods, schemas. The OpenAPI document is made from it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fakenotify.control import notify_openapi, operations
from fakenotify.control.app import Ask, ControlRoute
from fakenotify.control.openapi import document
from fakenotify.control.page.inspector import PAGES
from fakenotify.control.schema import INTEGER, TEXT, array, obj, record_schema
from fakenotify.faults.kinds import KINDS, MOST_SECONDS
from fakenotify.notify.channels import CHANNELS
from fakenotify.notify.journal import Request
from fakenotify.notify.records import Alert, Callback, Delivery
from fakenotify.server.wsgi import CONTROL
from fakenotify.world.world import World


def get_openapi(world: World, ask: Ask) -> dict[str, Any]:
    """This description, OpenAPI 3.1."""
    described = document(API)
    for path, methods in PAGES.items():
        pages = document({path: {method: replace(route, query=()) for method, route in methods.items()}})
        for method, route in methods.items():
            page = pages["paths"][f"{CONTROL}/{path}"][method.lower()]
            page["parameters"] = [{"name": name, "in": "query", "schema": TEXT} for name in route.query]
            page["responses"]["200"]["content"] = {route.media: {"schema": route.answer}}
        described["paths"] |= pages["paths"]
    return described


def get_notify_openapi(world: World, ask: Ask) -> dict[str, Any]:
    """Notify's own description, OpenAPI 3.1: what the fake takes and answers, and how we know."""
    return notify_openapi.document(ask.origin)


_ACCOUNT = ("account_sid",)
_RULE = obj({"id": TEXT, "says": TEXT, "known": TEXT, "source": TEXT})
_NUMBER = {"type": "number"}
_SECONDS = {"type": "number", "minimum": 0, "maximum": MOST_SECONDS}
_FLAG = {"type": "boolean"}
_ANY = {"type": "object"}
_FAULT = obj(
    {"id": INTEGER, "operation": TEXT, "fault": TEXT, "phase": TEXT, "fired": INTEGER, "active": _FLAG}, more=True
)


def _rows(table: str, record: type[Any]) -> dict[str, Any]:
    """The records of a bounded table."""
    return obj({table: array(record_schema(record)), "dropped": INTEGER})


_SET_FAULT = obj(
    {
        "operation": TEXT,
        "fault": {"type": "string", "enum": list(KINDS)},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "code": INTEGER,
        "message": TEXT,
        "retry_after": _SECONDS,
        "seconds": _SECONDS,
        "requests": {"type": "integer", "minimum": 1},
        "times": {"type": ["integer", "null"], "minimum": 1},
        "after": {"type": "integer", "minimum": 0},
        "phase": {"type": "string", "enum": ["before", "after"]},
        "optional": _FLAG,
        "account_sid": TEXT,
    },
    required=("operation",),
)
_SET_OUTCOME = obj(
    {
        "code": INTEGER,
        "address": TEXT,
        "identity": TEXT,
        "binding_type": {"type": "string", "enum": list(CHANNELS)},
        "times": {"type": ["integer", "null"], "minimum": 1},
        "account_sid": TEXT,
    },
    required=("code",),
)
_OUTCOME = obj({"account_sid": TEXT, "code": INTEGER, "used": INTEGER}, more=True)
_CLOCK = obj({"now": TEXT, "frozen": _FLAG})
_DELETED = obj({"deleted": INTEGER})
_MOVE = {
    **obj(
        {
            "shift": _NUMBER,
            "tick": _NUMBER,
            "move_to": TEXT,
            "freeze": {"type": ["boolean", "string"]},
            "resume": {"const": True},
        },
        required=(),
    ),
    "minProperties": 1,
    "maxProperties": 1,
}
API: dict[str, dict[str, ControlRoute]] = {
    "health": {
        "GET": ControlRoute(
            operations.health, obj({"status": TEXT, "version": TEXT, "account_sid": TEXT, "requests": INTEGER})
        )
    },
    "reset": {"POST": ControlRoute(operations.reset, obj({"reset": TEXT}), _ACCOUNT)},
    "state": {
        "GET": ControlRoute(
            operations.get_state, obj({"fakenotify": INTEGER, "accounts": _ANY}), (*_ACCOUNT, "secrets")
        ),
        "PUT": ControlRoute(operations.put_state, obj({"loaded": array(TEXT)}), body=_ANY),
    },
    "requests": {"GET": ControlRoute(operations.get_requests, _rows("requests", Request), _ACCOUNT)},
    "deliveries": {"GET": ControlRoute(operations.get_deliveries, _rows("deliveries", Delivery), _ACCOUNT)},
    "alerts": {"GET": ControlRoute(operations.get_alerts, _rows("alerts", Alert), _ACCOUNT)},
    "callbacks": {"GET": ControlRoute(operations.get_callbacks, _rows("callbacks", Callback), _ACCOUNT)},
    "explain/{NotificationSid}": {
        "GET": ControlRoute(
            operations.get_explanation,
            obj({"notification": _ANY, "selected": array(_ANY), "skipped": array(_ANY), "text": TEXT}),
            _ACCOUNT,
        )
    },
    "faults": {
        "GET": ControlRoute(operations.get_faults, obj({"faults": array(_FAULT)})),
        "POST": ControlRoute(operations.post_faults, _FAULT, _ACCOUNT, _SET_FAULT),
        "DELETE": ControlRoute(operations.delete_faults, _DELETED, (*_ACCOUNT, "id")),
    },
    "outcomes": {
        "GET": ControlRoute(operations.get_outcomes, obj({"outcomes": array(_OUTCOME)}), _ACCOUNT),
        "POST": ControlRoute(operations.post_outcomes, _OUTCOME, _ACCOUNT, _SET_OUTCOME),
        "DELETE": ControlRoute(operations.delete_outcomes, _DELETED, _ACCOUNT),
    },
    "clock": {
        "GET": ControlRoute(operations.get_clock, _CLOCK),
        "POST": ControlRoute(operations.post_clock, _CLOCK, body=_MOVE),
    },
    "behaviour": {
        "GET": ControlRoute(operations.get_behaviour, _ANY),
        "PATCH": ControlRoute(operations.patch_behaviour, _ANY, body=_ANY),
    },
    "events": {"GET": ControlRoute(operations.events, TEXT, _ACCOUNT)},
    "rules": {"GET": ControlRoute(operations.get_rules, obj({"rules": array(_RULE)}))},
    "rules/{id}": {"GET": ControlRoute(operations.get_rule, _RULE)},
    "openapi.json": {"GET": ControlRoute(get_openapi, _ANY)},
    "notify-openapi.json": {"GET": ControlRoute(get_notify_openapi, _ANY)},
}
ROUTES = {**API, **PAGES}
