"""Explains one Notification: every Binding of its Service, selected or not, with the reason in words."""

from __future__ import annotations

from dataclasses import dataclass

from fakenotify.core.errors import UnknownName
from fakenotify.core.params import nearest
from fakenotify.core.printable import printable
from fakenotify.notify.account import AccountState, Scope
from fakenotify.notify.records import Binding, Delivery, Notification, short_address
from fakenotify.notify.targets import why_not


@dataclass(frozen=True, slots=True)
class Reason:
    """One Binding, or one target of a direct send (``binding`` is None), and what became of it.

    ``reason`` says why it was selected or not; ``delivery`` is what it received, None for a skipped one.
    """

    binding: Binding | None
    reason: str
    delivery: Delivery | None = None

    def __str__(self) -> str:
        if self.delivery is None:
            assert self.binding is not None
            return printable(f"{name(self.binding)}: {self.reason}")
        outcome: str = self.delivery.status
        if self.delivery.error_code is not None:
            outcome = f"FAILED {self.delivery.error_code} {self.delivery.error_message}"
        return printable(f"{name(self.delivery)}: {self.reason}; {outcome}")


@dataclass(frozen=True, slots=True)
class Explanation:
    """Who a Notification reached and why the others were not selected. ``str`` has it in words."""

    notification: Notification
    selected: tuple[Reason, ...]
    skipped: tuple[Reason, ...]

    def __str__(self) -> str:
        lines = [f"{self.notification.sid} ({asked(self.notification)}) selected {len(self.selected)}"]
        lines += [f"  {reason}" for reason in self.selected]
        if self.skipped:
            lines.append(f"and skipped {len(self.skipped)}")
            lines += [f"  {reason}" for reason in self.skipped]
        return "\n".join(map(printable, lines))


def explain(account: AccountState, notification_sid: str) -> Explanation:
    """Explain a Notification. Raises ``UnknownName`` with the nearest sids for one that is not there.

    Bindings are shown as they are now; deliveries show which were selected at the time.
    """
    for scope in account.scopes.values():
        notification = scope.notifications.get(notification_sid)
        if notification is not None:
            return _explain(account, scope, notification)
    known = [each.sid for each in account.below("notifications")]
    close = nearest(str(notification_sid), known[-100:]) or known[-1:]
    hint = f"; did you mean {' or '.join(close)}?" if close else "; none was created"
    raise UnknownName(f"there is no notification {notification_sid!r}{hint}", close)


def _explain(account: AccountState, scope: Scope, notification: Notification) -> Explanation:
    delivered = [each for each in account.deliveries if each.notification_sid == notification.sid]
    reached = {each.binding_sid for each in delivered}
    selected = [
        Reason(
            scope.bindings.get(each.binding_sid) if each.binding_sid else None,
            f"matches {asked(notification)}" if each.binding_sid else "is named by ToBinding",
            each,
        )
        for each in delivered
    ]
    moment = scope.notifications.sequence(notification.sid)
    skipped = [
        Reason(binding, _why_skipped(binding, created < moment, scope, notification))
        for created, binding in scope.bindings.items()
        if binding.sid not in reached
    ]
    return Explanation(notification, tuple(selected), tuple(skipped))


def _why_skipped(binding: Binding, was_there: bool, scope: Scope, notification: Notification) -> str:
    if notification.to_binding:
        return "the send was direct: it reaches the addresses of ToBinding only, not Bindings"
    query = (notification.identities, notification.tags, notification.segments)
    reason = why_not(binding, scope, *query)
    if reason is not None:
        return reason
    if not was_there:
        return "was created after the notification"
    return "matches, but no delivery is recorded: 52302 was set for it, its record is dropped, or it has changed since"


def asked(notification: Notification) -> str:
    """The selectors of a Notification, as they were sent."""
    if notification.to_binding:
        return f"ToBinding x {len(notification.to_binding)}"
    parts = (("Identity", notification.identities), ("Tag", notification.tags), ("Segment", notification.segments))
    return ", ".join(f"{label}=[{', '.join(values)}]" for label, values in parts if values)


def name(where: Binding | Delivery) -> str:
    """A Binding or a delivery in words: identity, channel and address."""
    owner = where.identity if where.identity is not None else "(direct)"
    return f"{owner} {where.binding_type} {short_address(where.address)}"
