"""Which request meets which fault: by operation pattern, count and account."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from threading import Lock
from typing import Any

from fakenotify.core.errors import UnknownName
from fakenotify.core.params import nearest
from fakenotify.core.values import is_whole
from fakenotify.faults.kinds import Fault, Phase

LONGEST_PATTERN = 200
"""The length of the longest pattern of operations: ``fnmatch`` takes minutes for a long one with many brackets."""

_VERBS = {
    **dict.fromkeys(("add", "create", "insert", "new", "notify", "post", "push", "register", "send"), "create"),
    **dict.fromkeys(("fetch", "get", "read", "retrieve"), "fetch"),
    **dict.fromkeys(("all", "find", "list", "query", "search"), "find"),
    **dict.fromkeys(("edit", "modify", "patch", "put", "update"), "update"),
    **dict.fromkeys(("delete", "destroy", "remove", "unregister"), "delete"),
}
"""Other words for the five verbs of operations."""


@dataclass(slots=True, eq=False)
class InjectedFault:
    """A fault injected into the requests whose operation matches ``operation`` (such as ``bindings.*``).

    The first ``after`` of them pass; the next ``times`` (None: all) meet the fault and are counted in ``fired``.
    ``when(call)`` narrows it further. One that never fired fails the test, unless it is ``optional``. ``phase`` is
    ``"before"`` unless the fault needs an answer (``slow_body``, ``truncate_body``): then ``"after"``.
    """

    id: int
    operation: str
    fault: Fault
    phase: Phase | None = None
    times: int | None = None
    after: int = 0
    when: Callable[[Any], object] | None = None
    account_sid: str | None = None
    optional: bool = False
    seen: int = field(init=False, default=0)
    fired: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        fault, phase = self.fault, self.phase
        if not isinstance(fault, Fault):
            raise TypeError(f"a fault is made by Fault.http(503), Fault.stall() and so on, not {fault!r}")
        if phase not in (None, "before", "after"):
            raise ValueError(f"phase must be 'before' or 'after' (the effect of the operation), not {phase!r}")
        if phase not in (None, *fault.phases):
            raise ValueError(f"{fault.kind} can only act {fault.phases[0]} the effect: leave phase={phase!r} out")
        self.phase = phase or fault.phases[0]
        if self.times is not None and not is_whole(self.times, 1):
            raise ValueError(f"times must be a whole number from 1 or None for every request, not {self.times!r}")
        if not is_whole(self.after, 0):
            raise ValueError(f"after must be a whole number from 0, not {self.after!r}")
        if not isinstance(self.optional, bool):
            raise ValueError(f"optional must be True or False, not {self.optional!r}")

    @property
    def active(self) -> bool:
        """Whether it can still meet a request."""
        return self.times is None or self.fired < self.times

    def can_meet(self, account_sid: str | None) -> bool:
        """Whether it can meet a request of an account, or, without one, of any."""
        return account_sid is None or self.account_sid in (None, account_sid)

    def to_json(self) -> dict[str, Any]:
        """The fault as JSON: which requests it meets, and how often it has fired."""
        names = ("phase", "times", "after", "account_sid", "optional", "fired", "active")
        settings = {name: getattr(self, name) for name in names}
        return {"id": self.id, "operation": self.operation, **self.fault.to_json(), **settings}

    def __str__(self) -> str:
        often = "always" if self.times is None else f"{self.times} time{'s' * (self.times != 1)}"
        return f"{self.fault} {self.phase} {self.operation}, {often}, fired {self.fired}"


class InjectedFaults:
    """The injected faults, oldest first. ``operations`` are the names that a pattern may match."""

    def __init__(self, operations: Iterable[str]) -> None:
        self._operations = tuple(operations)
        self._patterns = {f"{each.partition('.')[0]}.*" for each in self._operations}
        self._faults: list[InjectedFault] = []
        self._lock = Lock()
        self._made = 0

    def __iter__(self) -> Iterator[InjectedFault]:
        return iter(list(self._faults))

    def __len__(self) -> int:
        return len(self._faults)

    def add(self, operation: str, fault: Fault, **requests: Any) -> InjectedFault:
        """Inject a fault; ``requests`` are the further fields of ``InjectedFault``.

        Raises ``UnknownName`` (operation), ``TypeError`` or ``ValueError``.
        """
        if isinstance(operation, str) and operation.endswith(".list"):  # what the official client calls it
            operation = f"{operation.removesuffix('list')}find"
        if isinstance(operation, str) and len(operation) > LONGEST_PATTERN:
            raise ValueError(f"an operation, such as 'bindings.*', has at most {LONGEST_PATTERN} characters")
        if not isinstance(operation, str) or not any(fnmatchcase(each, operation) for each in self._operations):
            known = (*self._operations, *self._patterns) if "*" in str(operation) else self._operations
            close = self._meant(str(operation)) or nearest(str(operation), known) or self._like(str(operation))
            raise UnknownName(f"no operation fits {operation!r}; nearest: {', '.join(close)}", close)
        with self._lock:
            injected = InjectedFault(self._made + 1, operation, fault, **requests)
            self._made += 1
            self._faults = [*self._faults, injected]  # other threads may be iterating over the old list
        return injected

    def _meant(self, operation: str) -> list[str]:
        """What other words for an operation mean: ``bindings.get``, ``create_notification``, ``Notifications``."""
        words = [word.lower() for word in re.findall("[A-Z]?[a-z]+|[A-Z]+", operation)]
        verb = next((_VERBS[word] for word in words if word in _VERBS), "" if "." in operation else "*")
        resource = operation.partition(".")[0]
        named = {f"{each}.{verb}" for each in (resource, *(f"{word.rstrip('s')}s" for word in words))}
        known = (*self._operations, *self._patterns)
        return [each for each in (f"{resource}.{verb}", *known) if each in named and each in known][:1]

    def _like(self, operation: str) -> list[str]:
        resource = nearest(operation.partition(".")[0], {each.partition(".")[0] for each in self._operations})
        return [each for each in self._operations if each.partition(".")[0] in resource] or list(self._operations[:3])

    def choose(
        self, operation: str, account_sid: str, call: Any, beyond: InjectedFault | None = None
    ) -> InjectedFault | None:
        """The fault that meets this request, counted. An error of a ``when`` is noted on the call, not raised.

        ``beyond`` is a fault that let the request through: only later ones are considered.
        """
        for injected in self._faults:
            if (
                (beyond is None or injected.id > beyond.id)
                and injected.active
                and injected.can_meet(account_sid)
                and fnmatchcase(operation, injected.operation)
                and _is_wanted(injected, call)
                and self._count(injected)
            ):
                return injected
        return None

    def _count(self, injected: InjectedFault) -> bool:
        """Count a request that fits, and say whether it is one that meets the fault."""
        with self._lock:  # not around the tester's when=, which may call the fake
            if not injected.active:
                return False
            injected.seen += 1
            if injected.seen <= injected.after:
                return False
            injected.fired += 1
            return True

    def remove(self, fault_id: int | None = None, account_sid: str | None = None) -> int:
        """Remove one fault, an account's, or all; returns how many."""
        with self._lock:
            removed = [
                each
                for each in self._faults
                if fault_id in (None, each.id) and (account_sid is None or each.account_sid == account_sid)
            ]
            self._faults = [each for each in self._faults if each not in removed]
        return len(removed)

    def unused(self) -> list[InjectedFault]:
        """The faults that never fired and are not optional."""
        return [each for each in self if not each.fired and not each.optional]


def _is_wanted(injected: InjectedFault, call: Any) -> bool:
    if injected.when is None:
        return True
    try:
        return bool(injected.when(call))
    except Exception as error:  # the tester's code may raise; the request goes on
        call.notes.append(f"the when= of the fault on {injected.operation} raised {type(error).__name__}: {error}")
        return False
