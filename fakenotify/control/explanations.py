"""The control operation that says who a Notification reached, and why others were not selected."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fakenotify.control.routes import ACCOUNT, Ask, Parameter, route
from fakenotify.control.schema import INTEGER, OBJECT, TEXT, array, obj
from fakenotify.world.explain import Explanation, Reason, asked
from fakenotify.world.saved_state import to_json
from fakenotify.world.world import World

MOST_IDENTITIES = 5
"""How many identities are named as examples of a reason."""

_LIMIT = Parameter("At most this many of the selected, and as many of the skipped.", {"type": "integer", "minimum": 0})


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
    explanation = world.explain(ask.rest, ask.query.get("account_sid"))
    sent = sum(1 for each in explanation.selected if each.delivery and each.delivery.status == "SENT")
    return {
        "notification": to_json(explanation.notification),
        "selected": [_shown(each) for each in explanation.selected[:limit]],
        "skipped": [_shown(each) for each in explanation.skipped[:limit]],
        "text": str(explanation) if limit is None else _in_short(explanation),
        "counts": {
            "selected": len(explanation.selected),
            "sent": sent,
            "failed": len(explanation.selected) - sent,
            "skipped": len(explanation.skipped),
        },
        "reasons": _by_reason(explanation.skipped),
    }


def _shown(reason: Reason) -> dict[str, Any]:
    return {
        "binding": to_json(reason.binding) if reason.binding else None,
        "reason": reason.reason,
        "delivery": to_json(reason.delivery) if reason.delivery else None,
    }


def _in_short(explanation: Explanation) -> str:
    notification = explanation.notification
    counts = f"selected {len(explanation.selected)} and skipped {len(explanation.skipped)}"
    return f"{notification.sid} ({asked(notification)}) {counts}"


def _by_reason(skipped: Iterable[Reason]) -> list[dict[str, Any]]:
    groups: dict[str, list[str]] = {}
    for each in skipped:
        identity = each.binding.identity if each.binding else ""
        common = each.reason.replace(f" {identity!r} ", " ", 1)  # "identity 'bob' is not among"
        groups.setdefault(common, []).append(identity)
    found = [
        {"reason": reason, "count": len(whose), "identities": list(dict.fromkeys(whose))[:MOST_IDENTITIES]}
        for reason, whose in groups.items()
    ]
    return sorted(found, key=lambda each: -each["count"])
