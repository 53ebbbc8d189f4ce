"""The injected clock. This is the only module that reads the system clock, and nothing here patches it.

If a test has replaced the system clock (freezegun, time-machine), the fake's dates follow the replacement; timeouts and
measurements use ``core.real_time`` and don't.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from types import TracebackType

_OUT_OF_RANGE = "the clock can show the years 1 to 9999 only"
_NO_INSTANT = "no instant; give an aware datetime, or a text such as '2027-10-31T00:00:00Z'"

_EPOCH: tuple[int, datetime] = (0, datetime.fromtimestamp(0, timezone.utc))
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_EARLIEST, _LATEST = -62_135_596_800.0, 253_402_300_799.0
"""The first second of year 1 and the last of 9999: no ``datetime`` lies outside, so a clock stops there."""


class Clock:
    """The fake's own clock: it follows the system's until it is frozen, shifted or moved.

    Every date, Ttl, rate limit and callback of the fake uses this clock. It is safe to use from several threads.
    """

    def __init__(self) -> None:
        self._offset = 0.0
        self._frozen: float | None = None
        self._last = _EPOCH
        self._listeners: list[Callable[[], None]] = []

    def seconds(self) -> float:
        """Now, in seconds since the epoch."""
        if self._frozen is not None:
            return self._frozen
        now = time.time() + self._offset
        return now if _EARLIEST < now < _LATEST else min(max(now, _EARLIEST), _LATEST)

    def now(self) -> datetime:
        """Now, as an aware ``datetime`` in UTC."""
        return datetime.fromtimestamp(self.seconds(), timezone.utc)

    def stamp(self) -> datetime:
        """Now in whole seconds, which is all that dates on the wire show. (observed)"""
        whole = math.floor(self.seconds())
        last = self._last
        if last[0] == whole:  # thousands of records are created in one second and share its datetime
            return last[1]
        moment = datetime.fromtimestamp(whole, timezone.utc)
        self._last = (whole, moment)
        return moment

    @property
    def frozen(self) -> bool:
        """Whether the clock is frozen."""
        return self._frozen is not None

    def freeze(self, instant: datetime | str | None = None) -> Freeze:
        """Stop time, now or at ``instant`` (an aware datetime or an ISO 8601 text).

        As a context manager, it restores the clock's earlier state at the end: running, shifted or frozen.
        """
        before = Freeze(self, self._frozen, self._offset)
        self._frozen = self.seconds() if instant is None else _seconds_of(instant)
        self._moved()
        return before

    def shift(self, delta: timedelta | None = None, **parts: float) -> None:
        """Move the clock by a ``timedelta`` or its parts (``hours=1``, ``days=-2``), frozen or running."""
        step = _step(delta, parts)
        _check_representable(self.seconds() + step)
        if self._frozen is None:
            self._offset += step
        else:
            self._frozen += step
        self._moved()

    def tick(self, seconds: float = 1.0) -> None:
        """Move the clock on by ``seconds``: a ``shift`` whose default is the smallest step that a date shows."""
        self.shift(seconds=seconds)

    def move_to(self, instant: datetime | str) -> None:
        """Set the clock to ``instant``; a running clock continues from there, a frozen one stays there."""
        target = _seconds_of(instant)
        if self._frozen is None:
            self._offset = target - time.time()
        else:
            self._frozen = target
        self._moved()

    def resume(self) -> None:
        """Follow the system clock again, from the system's own time."""
        self._frozen = None
        self._offset = 0.0
        self._moved()

    def on_move(self, listener: Callable[[], None]) -> None:
        """Call ``listener`` after each jump, so that what became due can happen."""
        self._listeners.append(listener)

    def _go_back(self, frozen: float | None, offset: float) -> None:
        self._frozen, self._offset = frozen, offset
        self._moved()

    def _moved(self) -> None:
        for listener in self._listeners:
            listener()

    def __repr__(self) -> str:
        state = "frozen" if self.frozen else "running"
        return f"<Clock {state} {self.now().isoformat()}>"


class Freeze:
    """Returned by ``freeze``: leaving it restores the clock's earlier state."""

    __slots__ = ("_clock", "_frozen", "_offset")

    def __init__(self, clock: Clock, frozen: float | None, offset: float) -> None:
        self._clock = clock
        self._frozen = frozen
        self._offset = offset

    def __enter__(self) -> Clock:
        return self._clock

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._clock._go_back(self._frozen, self._offset)


def http_date() -> str:
    """The system's time for the header ``Date``, whatever the fake's clock shows, in English whatever the locale."""
    return _http_date_at(math.floor(time.time()))


@lru_cache(maxsize=2)
def _http_date_at(second: int) -> str:
    now = datetime.fromtimestamp(min(max(second, _EARLIEST), _LATEST), timezone.utc)
    return f"{_DAYS[now.weekday()]}, {now.day:02} {_MONTHS[now.month - 1]} {now.year:04} {now:%H:%M:%S} GMT"


def parse_instant(text: str) -> datetime:
    """Read an ISO 8601 instant such as ``2027-10-31T00:00:00Z``; without a zone it is UTC. Raises ``ValueError``."""
    moment = datetime.fromisoformat(text[:-1] + "+00:00" if text.endswith(("Z", "z")) else text)
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


def _seconds_of(instant: datetime | str) -> float:
    try:
        moment = parse_instant(instant) if isinstance(instant, str) else instant
    except ValueError:
        raise ValueError(f"{instant!r} is {_NO_INSTANT}") from None
    if not isinstance(moment, datetime):
        raise TypeError(f"{instant!r} is {_NO_INSTANT}")
    if moment.tzinfo is None:
        raise ValueError(f"{moment!r} has no time zone; give an aware datetime, e.g. with tzinfo=timezone.utc")
    seconds = moment.timestamp()
    _check_representable(seconds)
    return seconds


def _step(delta: timedelta | None, parts: dict[str, float]) -> float:
    try:
        return (timedelta(**parts) if delta is None else delta + timedelta(**parts)).total_seconds()
    except (OverflowError, ValueError):
        raise ValueError(_OUT_OF_RANGE) from None
    except TypeError as error:
        raise TypeError(f"{error}; give a timedelta or its parts, e.g. shift(hours=1)") from None


def _check_representable(seconds: float) -> None:
    """Refuse an instant that no ``datetime`` can hold, before anything has changed."""
    try:
        datetime.fromtimestamp(seconds, timezone.utc)
    except (OverflowError, ValueError, OSError):
        raise ValueError(_OUT_OF_RANGE) from None
