"""What all faults share: when they act, and the wire that they act on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from fakenotify.core.errors import TwilioError

MOST_SECONDS = 10**9
"""More than any test takes; a thread can't wait ten times as long."""


class Wire(Protocol):
    """What a fault may do to the connection of the request that it meets."""

    def pause(self, seconds: float | None) -> None:
        """Let time pass; None: until the client gives up. Ends at once when the test or the server ends."""
        ...

    def send(self, data: bytes) -> None:
        """Send raw bytes."""
        ...

    def reset(self) -> None:
        """End the connection with a reset instead of a close."""
        ...


class NoPause:
    """The wire of a call in process: no time passes, but a pause as long as the client's timeout is one too many."""

    def __init__(self, timeout: float | None = None) -> None:
        self._timeout = timeout

    def pause(self, seconds: float | None) -> None:
        """Let no time pass; a client that would have given up gives up now."""
        if seconds is None or (self._timeout is not None and seconds >= self._timeout):
            raise Broken("stall")

    def send(self, data: bytes) -> None:
        """There is nowhere to send to."""

    def reset(self) -> None:
        """There is no connection."""


class Broken(Exception):
    """No answer, or half of one: ``kind`` is the fault's name, ``fault`` acts on the wire of whoever has one."""

    def __init__(self, kind: str, fault: Fault | None = None) -> None:
        self.kind = kind
        self.fault = fault
        super().__init__(f"fault {kind}")


@dataclass(frozen=True)
class Fault:
    """What goes wrong: made by ``Fault.http(503)``, ``Fault.stall()`` and their kin, set by ``fake.fail(…)``.

    A fault is a value: the same one can be set many times. ``phases`` are those in which it can act; the first is what
    it does unless it is told otherwise.
    """

    kind: ClassVar[str] = ""
    phases: ClassVar[tuple[str, ...]] = ("before", "after")
    needs_answer: ClassVar[bool] = False
    """Whether it acts while the answer is being sent."""
    lets_through: ClassVar[bool] = False
    """Whether it may do nothing to a request, which then meets the next fault that fits."""
    goes_on: ClassVar[bool] = False
    """Whether the operation takes place although the client has given up."""

    @staticmethod
    def http(
        status: int, code: int | None = None, message: str | None = None, retry_after: float | None = None
    ) -> Fault:
        """An HTTP error; Twilio's code and words are filled in. ``retry_after``: seconds, for ``Retry-After``."""
        return _made("http", status, code, message, retry_after)

    @staticmethod
    def latency(seconds: float) -> Fault:
        """The answer comes ``seconds`` late."""
        return _made("latency", seconds)

    @staticmethod
    def slow_body(seconds: float) -> Fault:
        """``seconds`` pass in the middle of the answer's body."""
        return _made("slow_body", seconds)

    @staticmethod
    def reset_connection() -> Fault:
        """The connection is reset instead of an answer."""
        return _made("reset_connection")

    @staticmethod
    def empty_reply() -> Fault:
        """The connection is closed without an answer."""
        return _made("empty_reply")

    @staticmethod
    def truncate_body() -> Fault:
        """The whole head arrives and half of the body, then the connection is closed."""
        return _made("truncate_body")

    @staticmethod
    def garbage() -> Fault:
        """Bytes that are not HTTP arrive instead of an answer."""
        return _made("garbage")

    @staticmethod
    def stall() -> Fault:
        """Nothing arrives until the client gives up, or the test ends."""
        return _made("stall")

    def meet(self, wire: Wire, now: float) -> tuple[TwilioError, dict[str, str]] | None:
        """Act on a request: an error to answer with, and headers; None to go on. Raises ``Broken`` for no answer.

        ``now`` is the fake's clock, in seconds.
        """
        raise Broken(self.kind, self)

    def break_answer(self, wire: Wire, head: bytes, body: bytes) -> None:
        """Send what is to be sent of an answer that is broken on its way; then the connection is closed."""

    def told(self) -> dict[str, Any]:
        """The fault as JSON."""
        return {"fault": self.kind, **{name: value for name, value in vars(self).items() if value is not None}}

    def __str__(self) -> str:
        arguments = ", ".join(f"{name}={value!r}" for name, value in vars(self).items() if value is not None)
        return f"{self.kind}({arguments})"


def _made(kind: str, *arguments: Any) -> Fault:
    from fakenotify.faults.kinds import KINDS  # they are subclasses of Fault, and loaded when one is first wanted

    return KINDS[kind](*arguments)


def check_seconds(seconds: float, name: str = "seconds") -> None:
    """Raise ``ValueError`` unless this can be a length of time."""
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not seconds >= 0:
        raise ValueError(f"{name} is a number from 0, not {seconds!r}")
    if seconds > MOST_SECONDS:
        raise ValueError(f"{name} is at most {MOST_SECONDS}")
