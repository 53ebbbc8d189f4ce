"""Who did not get a Notification, and why, as the inspector tells it."""

from __future__ import annotations

from fakenotify.control.page.devices import NAMES
from fakenotify.control.page.lens import Lens, ends
from fakenotify.control.page.markup import Html, Node, clip, counted, tag
from fakenotify.core.errors import UnknownName
from fakenotify.notify.account import AccountState as Notify
from fakenotify.server.wsgi import CONTROL
from fakenotify.world.explain import Reason, explain

FEW_SKIPPED, SKIPPED = 20, 200


def unreached(lens: Lens, notify: Notify, notification_sid: str) -> Node:
    """Every Binding that did not get a Notification, and why."""
    try:
        with notify.lock:
            skipped = explain(notify, notification_sid).skipped
    except UnknownName:  # its Service was deleted a moment ago
        return None
    rows = [each for each in skipped if _is_looked_for(lens, each)]
    if not rows:
        return None
    most = SKIPPED if lens.notification is not None else FEW_SKIPPED
    more = len(rows) - most
    link = (
        lens.plain(notification=notification_sid)
        if lens.notification is None
        else f"{CONTROL}/explain/{notification_sid}"
    )
    reasons = [_reason(each) for each in rows[:most]]
    return tag(
        "details",
        tag("summary", f"{counted(len(rows), 'binding')} did not get it"),
        tag("ul", reasons, class_="reasons"),
        tag("p", tag("a", f"and {more:,} more", href=link), class_="pager") if more > 0 else None,
        open=lens.notification is not None,
        class_="skipped",
    )


def _is_looked_for(lens: Lens, reason: Reason) -> bool:
    return not lens.identity or (reason.binding is not None and reason.binding.identity == lens.identity)


def _reason(reason: Reason) -> Html:
    assert reason.binding is not None
    binding = reason.binding
    kind = NAMES.get(binding.binding_type, binding.binding_type)
    return tag(
        "li",
        tag("span", clip(binding.identity, 60), class_="who"),
        tag("span", f"{kind} {ends(binding.address)}", class_="where"),
        tag("span", clip(reason.reason, 300), class_="why"),
    )
