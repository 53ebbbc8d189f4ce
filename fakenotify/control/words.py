"""What was sent and what goes wrong, in words for people."""

from __future__ import annotations

import re
from collections.abc import Sequence

from fakenotify.faults.injected import InjectedFault
from fakenotify.notify.debugger import CODES
from fakenotify.notify.outcomes import Outcome
from fakenotify.notify.records import Notification

_DECISION = re.compile(r"\bD\d+\b")
_NAMED = 2
"""How many identities are named before the others are counted."""


def whom(notification: Notification) -> str:
    """Whom a Notification is for."""
    return audience(len(notification.to_binding), notification.identities, notification.tags, notification.segments)


def audience(addresses: int, identities: Sequence[str], tags: Sequence[str], segments: Sequence[str]) -> str:
    """Whom selectors mean: ``alice``, ``alice with tag vip``, ``3 addresses``, ``everybody``."""
    if addresses:
        return _counted(addresses, "address", "addresses")
    narrower = [tag for tag in tags if tag != "all"]
    parts = [f"tag {listed(narrower)}"] if narrower else []
    parts += [f"segment {listed(segments)}"] if segments else []
    if not identities:
        return " and ".join(parts) or ("everybody" if tags else "nobody")
    return " with ".join([listed(identities), *([" and ".join(parts)] if parts else [])])


def of_fault(injected: InjectedFault) -> str:
    """A fault as a sentence: ``Answer 429 to notifications.create, 2 times``."""
    who = "every request" if injected.operation == "*" else injected.operation
    given = injected.fault.to_json()
    sentence = _FAULTS[injected.fault.kind].format(who=who, **given)
    if injected.phase == "after" and not injected.fault.needs_answer:
        sentence += ", after it has taken effect"
    if injected.after:
        sentence += f", after the first {injected.after}"
    return sentence if injected.times is None else f"{sentence}, {_counted(injected.times, 'time', 'times')}"


_FAULTS = {
    "http": "Answer {status} to {who}",
    "latency": "Answer {who} {seconds:g} s late",
    "slow_body": "Pause {seconds:g} s in the middle of the answer to {who}",
    "reset_connection": "Reset the connection of {who}",
    "empty_reply": "Close the connection of {who} without an answer",
    "truncate_body": "Cut off the answer to {who} in the middle",
    "garbage": "Answer {who} with bytes that are not HTTP",
    "stall": "Never answer {who}",
    "rate_limit": "Answer 429 to {who} beyond {requests} in {seconds:g} s",
}


def of_outcome(outcome: Outcome) -> str:
    """An outcome as a sentence: ``Deliveries to alice by sms fail with 52001, 2 more times``."""
    named = [outcome.identity or "", f"address {outcome.address}" if outcome.address else ""]
    to = f" to {' at '.join(filter(None, named))}" if any(named) else ""
    by = f" by {outcome.binding_type}" if outcome.binding_type else ""
    which = f"Deliveries{to}{by}" if to or by else "All deliveries"
    sentence = f"{which} fail with {outcome.code} ({CODES[outcome.code].title})"
    return sentence if outcome.times is None else f"{sentence}, {_counted(outcome.times, 'more time', 'more times')}"


def decision_of(source: str) -> str | None:
    """The decision that a source names, such as ``D12``."""
    found = _DECISION.search(source)
    return found[0] if found else None


def listed(values: Sequence[str]) -> str:
    """Names in a row, the first of many: ``alice, bob and 3 more``."""
    if len(values) <= _NAMED + 1:
        *first, last = values
        return f"{', '.join(first)} and {last}" if first else last
    return f"{', '.join(values[:_NAMED])} and {len(values) - _NAMED} more"


def _counted(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"
