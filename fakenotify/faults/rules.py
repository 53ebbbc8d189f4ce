"""Which request meets which fault: patterns of operations, how often, from when on, for whom."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from threading import Lock
from typing import Any, Literal

from fakenotify.core.errors import UnknownName
from fakenotify.core.params import nearest
from fakenotify.faults.fault import Fault

Phase = Literal["before", "after"]


@dataclass(slots=True, eq=False)
class Rule:
    """A fault that was set: it meets requests whose operation fits ``operation`` (``bindings.*``).

    It lets the first ``after`` of them pass, meets ``times`` (None: all) of the rest, and counts those in ``fired``.
    ``when(call)`` narrows it further. A rule that never fired fails the test, unless it is ``optional``.
    """

    id: int
    operation: str
    fault: Fault
    phase: Phase
    times: int | None
    after: int
    when: Callable[[Any], object] | None
    account_sid: str | None
    optional: bool
    seen: int = 0
    fired: int = 0

    @property
    def active(self) -> bool:
        """Whether it can still meet a request."""
        return self.times is None or self.fired < self.times

    def told(self) -> dict[str, Any]:
        """The rule as JSON."""
        return {
            "id": self.id,
            "operation": self.operation,
            **self.fault.told(),
            "phase": self.phase,
            "times": self.times,
            "after": self.after,
            "account_sid": self.account_sid,
            "optional": self.optional,
            "fired": self.fired,
            "active": self.active,
        }

    def __str__(self) -> str:
        often = "always" if self.times is None else f"{self.times} time{'s' * (self.times != 1)}"
        return f"{self.fault} {self.phase} {self.operation}, {often}, fired {self.fired}"


class Rules:
    """The faults in force, the first that was set first. ``operations`` are the names there are."""

    def __init__(self, operations: Iterable[str]) -> None:
        self._operations = tuple(operations)
        self._patterns = {f"{each.partition('.')[0]}.*" for each in self._operations}
        self._rules: list[Rule] = []
        self._lock = Lock()
        self._made = 0

    def __iter__(self) -> Iterator[Rule]:
        return iter(list(self._rules))

    def __len__(self) -> int:
        return len(self._rules)

    def add(
        self,
        operation: str,
        fault: Fault,
        *,
        times: int | None = None,
        after: int = 0,
        when: Callable[[Any], object] | None = None,
        phase: Phase | None = None,
        account_sid: str | None = None,
        optional: bool = False,
    ) -> Rule:
        """Set a fault. Raises ``UnknownName`` (operation) or ``ValueError``."""
        if not isinstance(operation, str) or not any(fnmatchcase(each, operation) for each in self._operations):
            known = (*self._operations, *self._patterns) if "*" in str(operation) else self._operations
            close = nearest(str(operation), known) or self._like(str(operation))
            raise UnknownName(f"no operation fits {operation!r}; nearest: {', '.join(close)}", close)
        if not isinstance(fault, Fault):
            raise TypeError(f"a fault is made by Fault.http(503), Fault.stall() and so on, not {fault!r}")
        if phase not in (None, *fault.phases):
            raise ValueError(f"{fault.kind} acts {' or '.join(fault.phases)} the effect; phase can't be {phase!r}")
        _check_count("times", times, 1, none=True)
        _check_count("after", after, 0)
        if not isinstance(optional, bool):
            raise ValueError(f"optional is True or False, not {optional!r}")
        with self._lock:
            self._made += 1
            acts: Any = phase or fault.phases[0]
            rule = Rule(self._made, operation, fault, acts, times, after, when, account_sid, optional)
            self._rules = [*self._rules, rule]  # who is walking through the old list goes on in peace
        return rule

    def _like(self, operation: str) -> list[str]:
        resource = nearest(operation.partition(".")[0], {each.partition(".")[0] for each in self._operations})
        return [each for each in self._operations if each.partition(".")[0] in resource] or list(self._operations[:3])

    def choose(self, operation: str, account_sid: str, call: Any, beyond: Rule | None = None) -> Rule | None:
        """The rule that meets this request, counted. An error of a ``when`` is noted on the call, not raised.

        ``beyond`` is a rule that let the request through, so that a later one may meet it.
        """
        for rule in self._rules:
            if (
                (beyond is None or rule.id > beyond.id)
                and rule.active
                and rule.account_sid in (None, account_sid)
                and fnmatchcase(operation, rule.operation)
                and _wanted(rule, call)
                and self._meets(rule)
            ):
                return rule
        return None

    def _meets(self, rule: Rule) -> bool:
        """Count a request that fits a rule, and tell whether it is one that the rule meets."""
        with self._lock:  # not around the tester's when=, which may ask the fake itself
            if not rule.active:
                return False
            rule.seen += 1
            if rule.seen <= rule.after:
                return False
            rule.fired += 1
            return True

    def remove(self, rule_id: int | None = None, account_sid: str | None = None) -> int:
        """Take out one rule, an account's, or all; returns how many went."""
        with self._lock:
            gone = [
                each
                for each in self._rules
                if rule_id in (None, each.id) and (account_sid is None or each.account_sid == account_sid)
            ]
            self._rules = [each for each in self._rules if each not in gone]
        return len(gone)

    def unused(self) -> list[Rule]:
        """Those that never fired and are not optional."""
        return [rule for rule in self if not rule.fired and not rule.optional]


def _wanted(rule: Rule, call: Any) -> bool:
    if rule.when is None:
        return True
    try:
        return bool(rule.when(call))
    except Exception as error:  # the tester's own code; the request must not suffer from it
        call.notes.append(f"the when= of the fault on {rule.operation} raised {type(error).__name__}: {error}")
        return False


def _check_count(name: str, value: int | None, least: int, *, none: bool = False) -> None:
    if value is None and none:
        return
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ValueError(f"{name} is a whole number from {least}, not {value!r}")
