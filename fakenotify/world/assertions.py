"""Assertions on deliveries. The explanation is built first; the verdict falls out of it."""

from __future__ import annotations

import heapq
import re
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import Any

from fakenotify.core.matching import contains, matches
from fakenotify.core.printable import printable
from fakenotify.notify.account import AccountState
from fakenotify.notify.channels import CHANNELS
from fakenotify.notify.records import Delivery
from fakenotify.world.explain import explain, name
from fakenotify.world.hints import DELIVERY_FIELDS, hint_of

_NEAREST = 3
_MOST_REASONS = 10
_SHOWN = ("title", "body")
FIELDS = (*(field.name for field in fields(Delivery)), *_SHOWN)


class WaitTimeout(AssertionError, TimeoutError):
    """What was waited for did not come true in time."""


def value(delivery: Delivery, field: str) -> Any:
    """A field of a delivery; ``title`` and ``body`` are what a person would see."""
    if field in _SHOWN:
        return getattr(CHANNELS[delivery.binding_type].shows(delivery.payload), field)
    return getattr(delivery, field)


def differences(delivery: Delivery, wanted: dict[str, Any]) -> list[str]:
    """Field by field, where a delivery is not what was wanted."""
    return [
        f"{field}: expected {_shown(expected)}, got {value(delivery, field)!r}"
        for field, expected in wanted.items()
        if not (contains if field == "payload" else matches)(expected, value(delivery, field))
    ]


def assert_delivered(account: AccountState, times: int | None, wanted: dict[str, Any]) -> Delivery:
    """The newest delivery that is as ``wanted``; without a ``status`` among it, one that was sent."""
    __tracebackhide__ = True
    if times is not None and (isinstance(times, bool) or not isinstance(times, int) or times < 1):
        raise ValueError(f"times is a whole number from 1, not {times!r}; for none there is assert_not_delivered")
    wanted = _checked(wanted)
    matching = [each for each in account.deliveries if not differences(each, wanted)]
    if matching and times in (None, len(matching)):
        return matching[-1]
    if matching:
        raise AssertionError(_wrong_count(account, matching, times, wanted))
    raise AssertionError(_miss(account, wanted))


def assert_not_delivered(account: AccountState, wanted: dict[str, Any]) -> None:
    """No delivery is as ``wanted``; without a ``status`` among it, none that was sent."""
    __tracebackhide__ = True
    wanted = _checked(wanted)
    matching = [each for each in account.deliveries if not differences(each, wanted)]
    if matching:
        lines = [f"{len(matching)} unexpected {_plural(matching)} with {_words(wanted)}:"]
        raise AssertionError(_text([*lines, *_told(matching)]))
    if account.deliveries.dropped:
        warnings.warn(_forgotten(account), stacklevel=3)


def _checked(wanted: dict[str, Any]) -> dict[str, Any]:
    __tracebackhide__ = True
    for field in wanted:
        if field not in FIELDS:
            hint = hint_of(field, DELIVERY_FIELDS, FIELDS)
            raise TypeError(f"a delivery has no {field!r}{hint}; it has {', '.join(FIELDS)}")
    return wanted if "status" in wanted else {**wanted, "status": "SENT"}


def _forgotten(account: AccountState) -> str:
    dropped = account.deliveries.dropped
    return f"the {dropped:,} oldest deliveries are no longer held, and not looked at; keep_deliveries keeps more"


def _wrong_count(account: AccountState, matching: Sequence[Delivery], times: int | None, wanted: dict[str, Any]) -> str:
    lines = [f"expected {times}, got {len(matching)} {_plural(matching)} with {_words(wanted)}:", *_told(matching)]
    if account.deliveries.dropped:
        lines.append(_forgotten(account))
    if len({each.notification_sid for each in matching}) > 1:
        lines.append("they come from different notifications: was a request that had succeeded sent again?")
    return _text(lines)


def _miss(account: AccountState, wanted: dict[str, Any]) -> str:
    """Nearest candidates with their differences, then the reasons of the last notification."""
    deliveries = list(account.deliveries)[::-1]  # of two that are equally near, the newer is shown first
    lines = [f"no delivery with {_words(wanted)}"]
    if account.deliveries.dropped:
        lines.append(_forgotten(account))
    if deliveries:
        ranked = heapq.nsmallest(_NEAREST, deliveries, key=lambda each: len(differences(each, wanted)))
        lines.append(f"nearest of {len(deliveries)} {_plural(deliveries)}:")
        for each in ranked:
            lines.append(f"  {name(each)} ({each.notification_sid})")
            lines += [f"    {difference}" for difference in differences(each, wanted)]
            if each.error_code is not None:
                lines.append(f"    it failed: {each.error_code} {each.error_message}")
    notifications = account.below("notifications")
    if not notifications:
        lines.append("no notification was created at all")
        return _text(lines)
    explanation = explain(account, notifications[-1].sid)
    reasons = [*explanation.selected, *explanation.skipped]
    mine = [each for each in reasons if each.binding and each.binding.identity == wanted.get("identity")]
    lines.append(f"the last notification, {str(explanation).splitlines()[0]}:")
    chosen = (mine or reasons)[:_MOST_REASONS]
    lines += [f"  {reason}" for reason in chosen]
    left_out = len(reasons) - len(chosen)
    if not reasons:
        lines.append("  its service has no bindings")
    elif left_out:
        lines.append(f"  and {left_out} more; see explain({explanation.notification.sid!r})")
    if wanted.get("identity") is not None and not mine:
        lines.append(f"  identity {wanted['identity']!r} has no binding in its service")
    return _text(lines)


def _told(matching: Iterable[Delivery]) -> list[str]:
    return [
        f"  {name(each)} ({each.notification_sid}): {value(each, 'body') or value(each, 'title')!r}"
        for each in matching
    ][:_MOST_REASONS]


def _text(lines: Iterable[str]) -> str:
    """A message whose lines can't steer a terminal."""
    return "\n".join(map(printable, lines))


def _words(wanted: dict[str, Any]) -> str:
    return ", ".join(f"{field}={_shown(expected)}" for field, expected in wanted.items())


def _shown(expected: Any) -> str:
    return f"/{expected.pattern}/" if isinstance(expected, re.Pattern) else repr(expected)


def _plural(deliveries: Sequence[Delivery]) -> str:
    return "delivery" if len(deliveries) == 1 else "deliveries"
