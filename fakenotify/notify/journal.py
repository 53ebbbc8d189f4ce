"""The journal: what was asked of the fake and what it answered, newest last, bounded."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from fakenotify.core.listeners import Listeners
from fakenotify.notify.records import NO_STRINGS, Strings

KEPT_REQUESTS = 10_000


@dataclass(frozen=True, slots=True)
class Request:
    """One request. ``operation`` (``bindings.create``) is None where no route was found.

    ``params`` has what was sent, lists where a parameter is repeatable, secrets redacted. ``code`` and ``message`` are
    Twilio's on an error. ``status`` is None where a ``fault`` left no answer. ``body`` is the answer's JSON.

    ``warnings`` say in words what a tester should know: first what Notify ignores in silence and URLs that it doesn't
    have, which are ``ignored`` too, then explanations of a refusal and advice, which are ``hints`` too.
    ``rule`` names the rule that refused (as in ``X-Fakenotify-Rule``), ``label`` says how sure we are of
    that answer, and ``source`` where it comes from, e.g. a decision such as ``D1`` of ``docs/fidelity.md``.
    """

    operation: str | None
    method: str
    path: str
    params: Mapping[str, str | list[str]]
    account_sid: str | None
    status: int | None
    code: int | None
    message: str | None
    body: Mapping[str, Any] | None = field(repr=False)
    warnings: Strings
    request_id: str
    date: datetime
    fault: str | None = None
    hints: Strings = NO_STRINGS
    rule: str | None = None
    label: str | None = None
    source: str | None = None

    @property
    def ignored(self) -> Strings:
        """What Notify ignores in silence, and a URL that it doesn't have: pytest warnings, or errors under strict."""
        return Strings(self.warnings[: len(self.warnings) - len(self.hints)]) if self.hints else self.warnings

    @property
    def sid(self) -> str | None:
        """The sid in the answer, if it is one record."""
        found = (self.body or {}).get("sid")
        return found if isinstance(found, str) else None

    def __str__(self) -> str:
        """One line for a report."""
        told = f" {self.code} {self.message}" if self.code else ""
        fault = f" [fault: {self.fault}]" if self.fault else ""
        outcome = f"{self.status or 'no answer'}{told}{self.provenance}{fault}"
        return f"{self.method} {self.path} {_short(self.params)} -> {outcome}"

    @property
    def provenance(self) -> str:
        """How sure we are of a refusal, for the end of a line: ``" [assumed D1]"``; nothing for other answers."""
        return f" [{self.label} {self.source}]" if self.source else ""


def _short(params: Mapping[str, str | list[str]]) -> str:
    shown = ", ".join(f"{name}={value!r}" for name, value in params.items())
    return f"({shown})" if len(shown) <= 200 else f"({shown[:197]}…)"


class Journal:
    """The last requests; older ones are dropped, and ``dropped`` says how many."""

    def __init__(self, length: int = KEPT_REQUESTS) -> None:
        self._requests: deque[Request] = deque(maxlen=length)
        self._listeners: Listeners[Request] = Listeners()
        self.total = 0

    @property
    def dropped(self) -> int:
        """How many requests are no longer here."""
        return self.total - len(self._requests)

    def record(self, request: Request) -> None:
        """Add a request and tell the listeners."""
        self._requests.append(request)
        self.total += 1
        self._listeners.tell(request)

    def listen(self, listener: Callable[[Request], object]) -> Callable[[], None]:
        """Call ``listener`` with every request to come; returns the function that ends it."""
        return self._listeners.add(listener)

    def clear(self, account_sid: str | None = None) -> None:
        """Forget all requests, or those of one account."""
        kept = [] if account_sid is None else [each for each in self if each.account_sid != account_sid]
        self._requests = deque(kept, maxlen=self._requests.maxlen)
        self.total = len(kept)

    def __iter__(self) -> Iterator[Request]:
        return iter(list(self._requests))

    def ascending(self, after: int | None = None) -> Iterator[tuple[int, Request]]:
        """Numbers and requests, oldest first, those above ``after``; the first request ever has number 1."""
        dropped, requests = self.dropped, list(self)
        first = max(0, (after or 0) - dropped)
        return ((dropped + at + 1, requests[at]) for at in range(first, len(requests)))

    def descending(self, before: int | None = None) -> Iterator[tuple[int, Request]]:
        """Numbers and requests, newest first, those below ``before``."""
        dropped, requests = self.dropped, list(self)
        last = len(requests) if before is None else min(before - 1 - dropped, len(requests))
        return ((dropped + at, requests[at - 1]) for at in range(last, 0, -1))

    def __len__(self) -> int:
        return len(self._requests)


def note(texts: list[str]) -> Strings:
    """Warnings as a record keeps them."""
    return Strings(texts) if texts else NO_STRINGS
