"""The control operation that counts the rows of all tables."""

from __future__ import annotations

from typing import Any

from fakenotify.control import requests, sent, stored
from fakenotify.control.routes import ACCOUNT, INTEGER, INTEGER_OR_NULL, TEXT, Ask, Parameter, Refused, obj, route
from fakenotify.core import strict_json
from fakenotify.world.world import World

_TABLES = (
    sent.get_notifications,
    sent.get_deliveries,
    requests.get_requests,
    sent.get_alerts,
    sent.get_callbacks,
    stored.get_services,
    stored.get_bindings,
    stored.get_credentials,
)


@route(
    "GET",
    "totals",
    obj({each.path: INTEGER_OR_NULL for each in _TABLES} | {"faults": INTEGER, "outcomes": INTEGER}),
    query={**ACCOUNT, "search": Parameter("Only the rows that this search finds.", TEXT)},
)
def get_totals(world: World, ask: Ask) -> dict[str, Any]:
    """How many rows each table has, null for one without a field that the search names; how many faults and outcomes
    are active."""
    narrowed = ask.query.get("account_sid")
    asked = Ask({**ask.query, "limit": 0, "count": True})
    totals: dict[str, int | None] = {}
    for each in _TABLES:
        try:
            totals[each.path] = strict_json.parse("".join(each.run(world, asked)))["total"]
        except Refused:
            totals[each.path] = None
    totals["faults"] = sum(
        each.active and (narrowed is None or each.account_sid in (None, narrowed)) for each in world.faults
    )
    totals["outcomes"] = sum(len(each.outcomes) for each in world.accounts_of(narrowed))
    return totals
