"""The control operation that counts the rows of all tables."""

from __future__ import annotations

from typing import Any

from fakenotify.control import requests, sent, stored
from fakenotify.control.routes import ACCOUNT, Ask, Parameter, Refused, route
from fakenotify.control.schema import INTEGER, INTEGER_OR_NULL, TEXT, obj
from fakenotify.control.tables import Reading
from fakenotify.world.world import World

_TABLES = (
    *(sent.NOTIFICATIONS, sent.DELIVERIES, requests.REQUESTS, sent.ALERTS, sent.CALLBACKS),
    *(stored.SERVICES, stored.BINDINGS, stored.CREDENTIALS),
)


@route(
    "GET",
    "totals",
    obj({each.name: INTEGER_OR_NULL for each in _TABLES} | {"faults": INTEGER, "outcomes": INTEGER}),
    query={**ACCOUNT, "search": Parameter("Only the rows that this search finds.", TEXT)},
)
def get_totals(world: World, ask: Ask) -> dict[str, Any]:
    """How many rows each table has, null for one without a field that the search names; how many faults and outcomes
    are active."""
    narrowed = ask.query.get("account_sid")
    totals: dict[str, int | None] = {}
    for rows in _TABLES:
        try:
            totals[rows.name] = Reading(world, ask, rows).total()
        except Refused:
            totals[rows.name] = None
    totals["faults"] = sum(
        each.active and (narrowed is None or each.account_sid in (None, narrowed)) for each in world.faults
    )
    totals["outcomes"] = sum(len(each.outcomes) for each in world.accounts_of(narrowed))
    return totals
