"""Control operations that sum up: how many rows there are, and who a Notification reached."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from fakenotify.control.routes import ACCOUNT, ROUTES, Ask, Parameter, Refused, route
from fakenotify.control.schema import COUNT, INTEGER, INTEGER_OR_NULL, OBJECT, TEXT, array, obj
from fakenotify.world.explain import Reason, asked
from fakenotify.world.world import World

_COUNTED = (
    *("notifications", "deliveries", "requests", "alerts", "callbacks"),
    *("services", "bindings", "credentials"),
)


@route(
    "GET",
    "totals",
    obj(dict.fromkeys(_COUNTED, INTEGER_OR_NULL) | {"faults": INTEGER, "outcomes": INTEGER}),
    query={**ACCOUNT, "search": Parameter("Only the rows that this search finds.")},
)
def get_totals(world: World, ask: Ask) -> dict[str, Any]:
    """How many rows each table has, null for one without a field that the search names; how many faults and outcomes
    are active."""
    totals: dict[str, int | None] = {}
    for name in _COUNTED:
        try:
            totals[name] = ROUTES[name]["GET"].run(world, ask).total()
        except Refused:
            totals[name] = None
    totals["faults"] = sum(each.active and each.can_meet(ask.account_sid) for each in world.faults)
    totals["outcomes"] = sum(len(each.outcomes) for each in world.accounts_of(ask.account_sid))
    return totals


MOST_IDENTITIES = 5
"""How many identities are named as examples of a reason."""

_LIMIT = Parameter("At most this many of the selected, and as many of the skipped.", COUNT)


@route(
    "GET",
    "explain/{NotificationSid}",
    obj(
        {
            "notification": OBJECT,
            "selected": array(OBJECT),
            "skipped": array(OBJECT),
            "text": TEXT,
            "counts": obj(dict.fromkeys(("selected", "sent", "failed", "skipped"), INTEGER)),
            "reasons": array(obj({"reason": TEXT, "count": INTEGER, "identities": array(TEXT)})),
        }
    ),
    query={**ACCOUNT, "limit": _LIMIT},
)
def get_explanation(world: World, ask: Ask) -> dict[str, Any]:
    """Who a Notification reached, and why every other Binding of its Service was not selected.

    ``reasons`` groups the skipped Bindings by reason, the most frequent first, with some of their identities.
    """
    limit: int | None = ask.query.get("limit")
    explanation = world.explain(ask.rest, ask.account_sid)
    notification, selected, skipped = explanation.notification, explanation.selected, explanation.skipped
    sent = sum(1 for each in selected if each.delivery and each.delivery.status == "SENT")
    text = f"{notification.sid} ({asked(notification)}) selected {len(selected)} and skipped {len(skipped)}"
    counts = {"selected": len(selected), "sent": sent, "failed": len(selected) - sent, "skipped": len(skipped)}
    return {
        "notification": notification,
        "selected": selected[:limit],
        "skipped": skipped[:limit],
        "text": str(explanation) if limit is None else text,
        "counts": counts,
        "reasons": _by_reason(skipped),
    }


def _by_reason(skipped: Iterable[Reason]) -> list[dict[str, Any]]:
    groups: dict[str, list[str]] = defaultdict(list)
    for each in skipped:
        identity = each.binding.identity if each.binding else ""
        groups[each.reason.replace(f" {identity!r} ", " ", 1)].append(identity)  # "identity 'bob' is not among"
    found = [
        {"reason": reason, "count": len(whose), "identities": list(dict.fromkeys(whose))[:MOST_IDENTITIES]}
        for reason, whose in groups.items()
    ]
    return sorted(found, key=lambda each: -each["count"])
