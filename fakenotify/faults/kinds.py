"""The kinds of fault: what each does to the request that it meets, and the errors that ``Fault.http`` answers with."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from http import HTTPStatus
from threading import Lock
from typing import Any, ClassVar, Literal

from fakenotify.core.errors import TwilioError
from fakenotify.core.printable import shortened
from fakenotify.core.values import is_whole
from fakenotify.faults.wire import Broken, NoPause, Wire

Phase = Literal["before", "after"]
"""When a fault acts: before or after the effect of the operation."""

MOST_SECONDS = 10**9
"""The longest time that a fault takes; a thread can't wait ten times as long."""

MOST_REQUESTS = 10**9

KNOWN_ERRORS = (
    (400, 20001, "Bad Request"),
    (401, 20003, "Authenticate"),
    (403, 403, "Service cannot be used"),  # observed (O6)
    (404, 20404, "Not Found"),
    (405, 20004, "Method not allowed"),
    (409, 20409, "Conflict"),
    (410, 20410, "Gone"),
    (413, 20413, "Request Entity Too Large"),
    (426, 20426, "Upgrade Required"),
    (429, 20429, "Too Many Requests"),  # sibling
    (500, 20500, "Internal Server Error"),
    (503, 20503, "Service unavailable"),
    (401, 20005, "Account not active"),
    (403, 20006, "Access Denied"),
    (403, 20008, "Resource not accessible with Test Account Credentials"),  # sibling
    (403, 20403, "Forbidden"),
    (400, 20422, "Invalid Parameter"),
    (400, 20423, "Invalid SID"),
    (400, 21243, "Credential Validation Error"),
    (400, 70002, "Bad request"),
)
"""Status, code and message; the first of a status is its default. (documented, Twilio's dictionary; the status is the
platform's convention)"""

_GARBAGE = b"\x00\x01\xfe\xffnot HTTP at all\r\n\r\n"
_MOST_WORDS = 200
"""Characters of a fault's message that its text shows: every request that meets the fault keeps that text."""
_ROUNDING = 1e-6
"""Seconds by which a clock in floating point may be wrong."""


@dataclass(frozen=True)
class Fault:
    """A fault: made by ``Fault.http(503)``, ``Fault.stall()`` and so on, injected by ``fake.fail(…)``.

    A fault is a value: the same one can be injected many times. (Kinds without a field of their own inherit the
    dataclass's methods: each ``@dataclass`` costs a millisecond of start-up time.)
    """

    kind: ClassVar[str] = ""
    sentence: ClassVar[str] = ""
    """What it does to ``{who}``, with its fields."""
    phases: ClassVar[tuple[Phase, ...]] = ("before", "after")
    """The phases in which it can act; the first is its default."""
    needs_answer: ClassVar[bool] = False
    """Whether it acts while the answer is being sent."""
    lets_through: ClassVar[bool] = False
    """Whether it may let a request pass, which then meets the next fault that matches."""
    goes_on: ClassVar[bool] = False
    """Whether the operation takes place although the client has given up."""

    @staticmethod
    def http(
        status: int, code: int | None = None, message: str | None = None, retry_after: float | None = None
    ) -> Fault:
        """An HTTP error; Twilio's code and message are filled in. ``retry_after``: seconds, for ``Retry-After``."""
        return HttpError(status, code, message, retry_after)

    @staticmethod
    def latency(seconds: float) -> Fault:
        """The answer is delayed by ``seconds``."""
        return Latency(seconds)

    @staticmethod
    def slow_body(seconds: float) -> Fault:
        """``seconds`` pass in the middle of the answer's body."""
        return SlowBody(seconds)

    @staticmethod
    def reset_connection() -> Fault:
        """The connection is reset instead of an answer."""
        return ResetConnection()

    @staticmethod
    def empty_reply() -> Fault:
        """The connection is closed without an answer."""
        return EmptyReply()

    @staticmethod
    def truncate_body() -> Fault:
        """The whole head arrives and half of the body, then the connection is closed."""
        return TruncateBody()

    @staticmethod
    def garbage() -> Fault:
        """Bytes that are not HTTP arrive instead of an answer."""
        return Garbage()

    @staticmethod
    def stall() -> Fault:
        """Nothing arrives until the client gives up, or the test ends."""
        return Stall()

    def meet(self, wire: Wire, now: float) -> tuple[TwilioError, dict[str, str]] | None:
        """Act on a request: an error to answer with, and headers; None to go on. Raises ``Broken`` for no answer.

        ``now`` is the time on the fake's clock, in seconds.
        """
        if self.needs_answer:
            return None
        raise Broken(self.kind)

    def break_answer(self, wire: Wire, head: bytes, body: bytes) -> None:
        """Send a broken answer, or a part of it; then the connection is closed."""

    def to_json(self) -> dict[str, Any]:
        """The fault as JSON."""
        return {"fault": self.kind, **self._arguments()}

    def __str__(self) -> str:
        return f"{self.kind}({', '.join(f'{name}={_spelled(value)}' for name, value in self._arguments().items())})"

    def _arguments(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if value is not None and not name.startswith("_")}


@dataclass(frozen=True)
class HttpError(Fault):
    """Answer with ``status``. ``retry_after``: seconds, in the header ``Retry-After``."""

    kind = "http"
    sentence = "Answer {status} to {who}"
    status: int
    code: int | None = None
    message: str | None = None
    retry_after: float | None = None

    def __post_init__(self) -> None:
        if not is_whole(self.status) or not 400 <= self.status <= 599:
            raise ValueError(f"status must be an HTTP error, a whole number from 400 to 599, not {self.status!r}")
        if self.code is not None and not is_whole(self.code):
            raise ValueError(f"code must be a whole number such as 20429, not {self.code!r}")
        if self.message is not None and not isinstance(self.message, str):
            raise ValueError(f"message must be a string, not {self.message!r}")
        if self.retry_after is not None:
            _check_seconds(self.retry_after, "retry_after")

    def meet(self, wire: Wire, now: float) -> tuple[TwilioError, dict[str, str]]:
        """Answer with the error."""
        headers = {} if self.retry_after is None else {"Retry-After": _plain(self.retry_after)}
        return _error(self.status, self.code, self.message), headers


@dataclass(frozen=True)
class Delay(Fault):
    """The faults that take ``seconds`` of real time."""

    seconds: float

    def __post_init__(self) -> None:
        _check_seconds(self.seconds)


class Latency(Delay):
    """Let ``seconds`` pass, then answer as usual."""

    kind = "latency"
    sentence = "Answer {who} {seconds:g} s late"
    goes_on = True

    def meet(self, wire: Wire, now: float) -> None:
        """Wait."""
        wire.pause(self.seconds)


class SlowBody(Delay):
    """Send the head and half of the body, let ``seconds`` pass, send the rest."""

    kind = "slow_body"
    sentence = "Pause {seconds:g} s in the middle of the answer to {who}"
    phases = ("after",)
    needs_answer = True

    def break_answer(self, wire: Wire, head: bytes, body: bytes) -> None:
        """Send it in two halves."""
        half = len(body) // 2
        wire.send(head + body[:half])
        try:
            wire.pause(self.seconds)
        except Broken:  # a client raises another error in the middle of a body than before it
            raise Broken(self.kind) from None
        wire.send(body[half:])


class ResetConnection(Fault):
    """Reset the connection instead of answering."""

    kind = "reset_connection"
    sentence = "Reset the connection of {who}"

    def break_answer(self, wire: Wire, head: bytes, body: bytes) -> None:
        """Reset it."""
        wire.reset()


class EmptyReply(Fault):
    """Close the connection without an answer."""

    kind = "empty_reply"
    sentence = "Close the connection of {who} without an answer"


class TruncateBody(Fault):
    """Send the whole head and half of the body, then close."""

    kind = "truncate_body"
    sentence = "Cut off the answer to {who} in the middle"
    phases = ("after",)
    needs_answer = True

    def break_answer(self, wire: Wire, head: bytes, body: bytes) -> None:
        """Send half of it."""
        if body and isinstance(wire, NoPause):
            raise Broken(self.kind)
        wire.send(head + body[: len(body) // 2])


class Garbage(Fault):
    """Send bytes that are not HTTP, then close."""

    kind = "garbage"
    sentence = "Answer {who} with bytes that are not HTTP"

    def break_answer(self, wire: Wire, head: bytes, body: bytes) -> None:
        """Send them."""
        wire.send(_GARBAGE)


class Stall(Fault):
    """Send nothing until the client gives up, or the test ends; then close."""

    kind = "stall"
    sentence = "Never answer {who}"

    def break_answer(self, wire: Wire, head: bytes, body: bytes) -> None:
        """Wait for the client to give up."""
        wire.pause(None)


@dataclass(frozen=True)
class RateLimit(Fault):
    """Let ``requests`` in ``seconds`` through; the next gets 429/20429 and a ``Retry-After`` of whole seconds.

    It is a token bucket on the fake's clock: it holds ``requests`` tokens, starts full, and refills evenly.
    """

    kind = "rate_limit"
    sentence = "Answer 429 to {who} beyond {requests} in {seconds:g} s"
    phases = ("before",)
    lets_through = True
    requests: int
    seconds: float
    _bucket: dict[str, float] = field(default_factory=dict, init=False, repr=False, compare=False)
    _lock: Any = field(default_factory=Lock, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not is_whole(self.requests) or not 1 <= self.requests <= MOST_REQUESTS:
            raise ValueError(f"requests must be a whole number from 1 to {MOST_REQUESTS}, not {self.requests!r}")
        _check_seconds(self.seconds)
        if not self.seconds:
            raise ValueError("seconds must be more than 0; to refuse every request, inject Fault.http(429)")

    def meet(self, wire: Wire, now: float) -> tuple[TwilioError, dict[str, str]] | None:
        """Take a token, or refuse."""
        rate = self.requests / self.seconds
        with self._lock:
            tokens, last = self._bucket.get("tokens", float(self.requests)), self._bucket.get("last", now)
            tokens = min(float(self.requests), tokens + max(0.0, now - last) * rate)
            self._bucket["last"] = now
            allowed = tokens >= 1 - min(_ROUNDING * rate, 0.001)
            self._bucket["tokens"] = tokens - 1 if allowed else tokens
        if allowed:
            return None
        return _error(429), {"Retry-After": str(max(1, math.ceil((1 - tokens) / rate - _ROUNDING)))}


KINDS: dict[str, type[Fault]] = {
    each.kind: each
    for each in (HttpError, Latency, SlowBody, ResetConnection, EmptyReply, TruncateBody, Garbage, Stall, RateLimit)
}
"""The kinds by the names that ``Fault`` and the control API give them."""


class InjectedError(TwilioError):
    """The error that a fault answers with; no rule of Notify refused the request."""

    label = "injected"

    def rule(self, operation: str | None) -> str:
        """``fault``: not a rule of Notify."""
        return "fault"


def _error(status: int, code: int | None = None, message: str | None = None) -> TwilioError:
    """Twilio's error for a status; a status that is in no table gets the code 20000 + status. (assumed)"""
    phrase = next((each.phrase for each in HTTPStatus if each == status), "Error")
    usual = next((each for each in KNOWN_ERRORS if each[0] == status), (status, 20000 + status, phrase))
    code = usual[1] if code is None else code
    words = next((words for _, known, words in KNOWN_ERRORS if known == code), usual[2])
    error = InjectedError(words if message is None else message)
    error.status, error.code = status, code
    return error


def _check_seconds(seconds: float, name: str = "seconds") -> None:
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not seconds >= 0:
        raise ValueError(f"{name} must be a number of seconds from 0, not {seconds!r}")
    if seconds > MOST_SECONDS:
        raise ValueError(f"{name} must be at most {MOST_SECONDS}; for an answer that never comes, use Fault.stall()")


def _spelled(value: float | str) -> str:
    """A field as a literal, not as an enumeration or another library's number spells itself; a long text shortened."""
    if isinstance(value, str):
        return shortened(str.__repr__(value), _MOST_WORDS)
    return int.__repr__(value) if isinstance(value, int) else float.__repr__(value)


def _plain(seconds: float) -> str:
    """Seconds as a header spells them: ``0.5``, ``2``, ``86400000``, never ``8.64e+07``."""
    return f"{seconds:f}".rstrip("0").rstrip(".")
