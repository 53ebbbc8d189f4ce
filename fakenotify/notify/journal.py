"""The journal: requests and their answers, newest last, bounded in rows and in bytes."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from threading import Lock
from typing import TYPE_CHECKING, Any

from fakenotify.core.frozen import quick
from fakenotify.core.listeners import Listeners
from fakenotify.core.printable import printable
from fakenotify.core.sizes import LONGEST_TEXT, clip, clip_heavy, measure
from fakenotify.notify.kept import KEPT_REQUESTS as KEPT_REQUESTS
from fakenotify.notify.records import NO_STRINGS, Strings

KEPT_BYTES = 64 * 2**20


class _Later:
    __slots__ = ("_description",)

    _description: tuple[Any, ...] | None


@quick
@dataclass(frozen=True, slots=True, repr=False)
class Request(_Later):
    """One request. ``operation`` (``bindings.create``) is None where no route was found.

    ``params`` has what was sent, lists where a parameter is repeatable, secrets redacted. ``code`` and ``message`` are
    Twilio's on an error. ``status`` is None where a ``fault`` left no answer. ``body`` is the answer's JSON.

    ``warnings`` say in words what a tester should know: first what Notify silently ignores and URLs that it doesn't
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
    body: Mapping[str, Any] | None
    warnings: Strings
    request_id: str
    date: datetime
    fault: str | None = None
    hints: Strings = NO_STRINGS
    rule: str | None = None
    label: str | None = None
    source: str | None = None
    duration: float | None = field(default=None, compare=False)
    """Real seconds that the answer took."""

    @classmethod
    def later(cls, description: tuple[Any, ...]) -> Request:
        """A request that is made when somebody first looks at it, by the function that begins its ``description`` from
        the rest. Most are only counted, and a description takes a tenth of the time of a request in process.
        """
        request = cls.__new__(cls)
        _describe(request, description)
        return request

    if not TYPE_CHECKING:  # or type checkers would know every name

        def __getattr__(self, name: str) -> Any:
            if name not in _FIELDS:
                words = f"{type(self).__name__!r} object has no attribute {name!r}"
                raise AttributeError(words, name=name, obj=self)
            description = self._description
            if description is not None:  # or else another thread has been faster
                make, *arguments = description
                made = make(*arguments)
                for field in _FIELDS:
                    object.__setattr__(self, field, getattr(made, field))
                _describe(self, None)
            return object.__getattribute__(self, name)

    @property
    def ignored(self) -> Strings:
        """Warnings for what Notify silently ignores, and for unknown URLs: pytest warnings, or errors under strict."""
        return Strings(self.warnings[: len(self.warnings) - len(self.hints)]) if self.hints else self.warnings

    @property
    def sid(self) -> str | None:
        """The sid in the answer, if it is one record."""
        found = (self.body or {}).get("sid")
        return found if isinstance(found, str) else None

    def __str__(self) -> str:
        """One line for a report."""
        error = f" {self.code} {self.message}" if self.code else ""
        fault = f" [fault: {self.fault}]" if self.fault else ""
        outcome = f"{self.status or 'no answer'}{error}{self.provenance}{fault}"
        return printable(f"{self.method} {self.path} {_short(self.params)} -> {outcome}")

    def __repr__(self) -> str:
        return f"<Request {self}>"

    @property
    def provenance(self) -> str:
        """How sure we are of a refusal, for the end of a line: ``" [assumed D1]"``; nothing for other answers."""
        return f" [{self.label} {self.source}]" if self.source else ""


_FIELDS = frozenset(field.name for field in fields(Request))
_describe: Callable[[Request, object], None] = vars(_Later)["_description"].__set__


def _short(params: Mapping[str, str | list[str]]) -> str:
    shown = ", ".join(f"{name}={value!r}" for name, value in params.items())
    return f"({shown})" if len(shown) <= 200 else f"({shown[:197]}…)"


class Journal:
    """The last requests, of at most ``most`` bytes; older ones are dropped, and ``dropped`` says how many.

    Texts of more than 16,384 characters are clipped, with a mark; so are the largest parts of a request of many MiB.
    """

    def __init__(self, length: int = KEPT_REQUESTS, most: int = KEPT_BYTES) -> None:
        self._length = length
        self._most = most
        self._requests: deque[Request] = deque()
        self._sizes: deque[int] = deque()
        self._bytes = 0
        self._lock = Lock()
        self._listeners: Listeners[Request] = Listeners()
        self.total = 0

    @property
    def dropped(self) -> int:
        """How many older requests were dropped."""
        return self.total - len(self._requests)

    def record(self, request: Request, sent: int | None = None) -> None:
        """Add a request and notify the listeners. ``sent`` is how many bytes the client sent, if that is known and the
        answer is no page.

        The answer to a short request is short, unless the server says otherwise by ``measured``, so most requests don't
        need to be measured.
        """
        if sent is not None and sent <= _SHORT:
            size, longest = _ROW_SIZE + _ANSWER_SIZE + 4 * sent, 0
        else:
            size, longest = _measure(request)
        if longest > LONGEST_TEXT or size > self._most // 16:
            request = _clipped(request, self._most // 16)
            size = _measure(request)[0]
        with self._lock:
            requests = self._requests
            requests.append(request)
            self._sizes.append(size)
            self.total += 1
            self._bytes += size
            while len(requests) > self._length or (self._bytes > self._most and len(requests) > 1):
                requests.popleft()
                self._bytes -= self._sizes.popleft()
        self._listeners.tell(request)

    def measured(self, request_id: str, length: int) -> None:
        """Report the length of an answer as JSON; if it is longer than estimated, its request is measured again."""
        with self._lock:
            for at in range(len(self._requests) - 1, -1, -1):
                if self._requests[at].request_id == request_id:
                    size = self._sizes[at]
                    if length > size:
                        clipped = self._requests[at] = _clipped(self._requests[at], self._most // 16)
                        self._sizes[at] = _ROW_SIZE + measure(clipped.body)[0]
                        self._bytes += self._sizes[at] - size
                    return

    def listen(self, listener: Callable[[Request], object]) -> Callable[[], None]:
        """Call ``listener`` with every request to come; returns the function that ends it."""
        return self._listeners.add(listener)

    def clear(self, account_sid: str | None = None) -> None:
        """Forget all requests, or those of one account."""
        with self._lock:
            both = zip(self._requests, self._sizes, strict=True)
            kept = [each for each in both if account_sid is not None and each[0].account_sid != account_sid]
            self._requests = deque(request for request, _ in kept)
            self._sizes = deque(size for _, size in kept)
            self._bytes, self.total = sum(self._sizes), len(kept)

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


_ROW_SIZE = 700
_ANSWER_SIZE = 3_000
_SHORT = 2_048


def _measure(request: Request) -> tuple[int, int]:
    """The estimated bytes of a request with its answer, and the length of its longest text."""
    size, longest = measure(request.params)
    if request.body is not None:
        more, length = _measure_page(request.body) if "meta" in request.body else measure(request.body)
        size += more
        longest = max(longest, length)
    if request.warnings:
        size += sum(map(len, request.warnings))
        longest = max(longest, *map(len, request.warnings))
    path, method = len(request.path), len(request.method)
    return _ROW_SIZE + size + path + method, max(longest, path, method)


def _measure_page(body: Mapping[str, Any]) -> tuple[int, int]:
    """The same of a page of a list, by three of its rows: looking at all of them would take longer than the answer."""
    size = longest = 0
    for part in body.values():
        rows = [part[0], part[len(part) // 2], part[-1]] if isinstance(part, list) and len(part) > 3 else [part]
        found = [measure(row) for row in rows]
        size += max(each for each, _ in found) * (len(part) if len(rows) == 3 else 1)
        longest = max(longest, *(length for _, length in found))
    return size, longest


def _clipped(request: Request, most: int) -> Request:
    """A request without what is too long to be kept."""
    clipped = replace(
        request,
        method=clip(request.method),
        path=clip(request.path),
        params=clip(request.params),
        message=clip(request.message),
        body=clip(request.body),
        warnings=clip(request.warnings),
        hints=clip(request.hints),
    )
    if _measure(clipped)[0] <= most:
        return clipped
    body = None if clipped.body is None else clip_heavy(dict(clipped.body))
    return replace(clipped, params=clip_heavy(dict(clipped.params)), body=body)
