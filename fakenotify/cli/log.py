"""The request log: a line for each request, for a person or for a program."""

from __future__ import annotations

import contextlib
import json
import os
import threading
from queue import SimpleQueue
from typing import TYPE_CHECKING, TextIO, TypeVar

from fakenotify.core.printable import printable

if TYPE_CHECKING:
    from fakenotify.core.log import Log
    from fakenotify.notify.account import AccountState
    from fakenotify.notify.journal import Request
    from fakenotify.notify.records import Alert, Delivery
    from fakenotify.world.world import World

    Sent = TypeVar("Sent", Delivery, Alert)

THREAD = "fakenotify log"

_MOST_LINES = 10_000
_LAST_LINES = 0.5
_FULL = "the journal is full: from now on its oldest requests are dropped; --keep-requests raises the limit"
_GREEN, _YELLOW, _RED, _PLAIN = "\x1b[32m", "\x1b[33m", "\x1b[31m", "\x1b[0m"


class RequestLog:
    """Writes in its own thread, so that no request waits for a slow reader of the log.

    It writes to the stream's file descriptor: a thread that is stuck in a write there holds no lock that Python needs
    to exit.
    """

    def __init__(self, stream: TextIO | None, form: str) -> None:
        self._stream = stream
        self._form = form
        self._colours = (
            stream is not None
            and stream.isatty()
            and not os.environ.get("NO_COLOR")
            and os.environ.get("TERM") != "dumb"
        )
        self._lines: SimpleQueue[str | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=THREAD, daemon=True)

    def start(self) -> None:
        """Start to write, beginning with the lines that are queued already."""
        self._thread.start()

    def follow(self, world: World) -> None:
        """Write a line for each request, and say so when the journal drops its first one."""
        journal = world.journal
        notices = iter([json.dumps({"notice": _FULL}) if self._form == "json" else f"    notice: {_FULL}"])

        def add(request: Request) -> None:
            self.add(_json(request) if self._form == "json" else _line(world, request, self._colours))
            if journal.dropped:
                for notice in notices:
                    self.add(notice)

        journal.listen(add)

    def add(self, line: str) -> None:
        """Queue a line, unless too many are waiting already."""
        if self._lines.qsize() < _MOST_LINES:
            self._lines.put(line)

    def close(self) -> None:
        """Write the queued lines, but wait only briefly, since the reader may be stuck."""
        self._lines.put(None)
        if self._thread.ident is not None:
            self._thread.join(_LAST_LINES)

    def _run(self) -> None:
        while (line := self._lines.get()) is not None:
            if self._stream is not None:
                with contextlib.suppress(OSError, ValueError):  # the reader is gone
                    _write(self._stream, f"{line}\n")


def _write(stream: TextIO, text: str) -> None:
    """Write a whole text to a stream's file descriptor; characters that its encoding lacks are escaped."""
    content = text.encode(stream.encoding, "backslashreplace")
    while content:
        content = content[os.write(stream.fileno(), content) :]


def _line(world: World, request: Request, colours: bool) -> str:
    """A request in a line, such as ``12:00:01 201 notifications.create alice → 1 sent 3 ms``; below it, the warnings.

    The time is that of the fake's clock, in UTC.
    """
    from fakenotify.world.audience import whom  # start-up time: nothing has been asked yet

    subject = whom(request) or request.sid or ("" if request.operation else request.path)
    if not subject and request.operation and not request.operation.endswith((".find", ".create")):
        subject = request.path.rpartition("/")[2]
    outcome = _outcome(world, request)
    duration = "" if request.duration is None else _milliseconds(request.duration)
    status, first = str(request.status or "---"), request.operation or request.method
    line = " ".join(filter(None, (first, subject, f"→ {outcome}" if outcome else "", duration)))
    notes = [f"    warning: {each}" for each in request.ignored], [f"    hint: {each}" for each in request.hints]
    before, yellow, after = (_colour(request.status), _YELLOW, _PLAIN) if colours else ("", "", "")
    lines = [f"{request.date:%H:%M:%S} {before}{status}{after} {printable(line)}"]
    lines += [f"{yellow}{printable(each)}{after}" for each in notes[0]]
    return "\n".join([*lines, *map(printable, notes[1])])


def _colour(status: int | None) -> str:
    if status is None or status >= 500:
        return _RED
    return _YELLOW if status >= 400 else _GREEN


def _milliseconds(seconds: float) -> str:
    milliseconds = seconds * 1000
    return f"{milliseconds:.0f} ms" if milliseconds >= 1 else f"{milliseconds:.1f} ms"


def _outcome(world: World, request: Request) -> str:
    """Why a request was refused, or what became of a Notification."""
    parts = [f"{request.code} {request.message}{request.provenance}"] if request.code else []
    parts += [f"fault: {request.fault}"] if request.fault else []
    if request.operation == "notifications.create" and request.sid and request.account_sid:
        earliest = request.date.timestamp() - (request.duration or 0) - 2  # no date: the year may be the first
        parts.append(_sent(world.account(request.account_sid), request.sid, earliest))
    return "; ".join(parts)


def _sent(account: AccountState, notification_sid: str, earliest: float) -> str:
    """``2 sent, 1 failed (52001)``, or ``nobody (52301)``. The newest deliveries are looked at first."""
    with account.lock:
        own = _of(account.deliveries, notification_sid, earliest)
        codes = sorted({each.error_code for each in own if each.error_code})
        if not own:
            codes = sorted({each.code for each in _of(account.alerts, notification_sid, earliest)})
    failed = sum(each.status == "FAILED" for each in own)
    numbers = [(len(own) - failed, "sent"), (failed, "failed")]
    counted = ", ".join(f"{number} {what}" for number, what in numbers if number) or "nobody"
    return counted + (f" ({', '.join(map(str, codes))})" if codes else "")


def _of(log: Log[Sent], notification_sid: str, earliest: float) -> list[Sent]:
    """The entries for a Notification that was just created: they stand together near the end, or there are none."""
    found: list[Sent] = []
    for _, each in log.descending():
        if each.notification_sid == notification_sid:
            found.append(each)
        elif found or each.date_created.timestamp() < earliest:
            break
    return found


def _json(request: Request) -> str:
    from fakenotify.world.saved_state import to_json  # start-up time: nothing has been asked yet

    return json.dumps(to_json(request))
