"""The request log: a line for each request, for a person or for a program."""

from __future__ import annotations

import contextlib
import json
import os
import threading
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, TextIO

from fakenotify.core.printable import printable

if TYPE_CHECKING:
    from fakenotify.notify.journal import Request
    from fakenotify.world.world import World

THREAD = "fakenotify log"

_MOST_LINES = 10_000
_LAST_LINES = 0.5
_FULL = "the journal is full, and its oldest requests are dropped from now on; --keep-requests makes it longer"
_OPERATION = 26
"""The width of the longest names of operations that Notify still has."""

_GREEN, _YELLOW, _RED, _PLAIN = "\x1b[32m", "\x1b[33m", "\x1b[31m", "\x1b[0m"


class RequestLog:
    """Writes from a thread of its own, so that no request waits for whoever reads the log, or doesn't.

    It writes to the stream's file descriptor: a thread that is stuck in a write there holds no lock that Python wants
    in order to end.
    """

    def __init__(self, stream: TextIO | None, form: str) -> None:
        self._stream = stream
        self._line = line_for(stream, form)
        self._form = form
        self._lines: deque[str | None] = deque()
        self._more = threading.Semaphore(0)
        self._thread = threading.Thread(target=self._run, name=THREAD, daemon=True)

    def start(self) -> None:
        """Begin to write, with what has been added already."""
        self._thread.start()

    def follow(self, world: World) -> None:
        """Write a line for each request, and say so when the journal drops its first one."""
        journal = world.journal
        notices = iter([json.dumps({"notice": _FULL}) if self._form == "json" else f"    notice: {_FULL}"])

        def add(request: Request) -> None:
            self.add(self._line(request))
            if journal.dropped:
                for notice in notices:
                    self.add(notice)

        journal.listen(add)

    def add(self, line: str) -> None:
        """Let this be written, unless far too much waits already."""
        if len(self._lines) < _MOST_LINES:
            self._put(line)

    def close(self) -> None:
        """Write what waits; for a moment only, since perhaps nobody reads."""
        self._put(None)
        if self._thread.ident is not None:
            self._thread.join(_LAST_LINES)

    def _put(self, line: str | None) -> None:
        self._lines.append(line)
        self._more.release()

    def _run(self) -> None:
        while True:
            self._more.acquire()
            line = self._lines.popleft()
            if line is None:
                return
            if self._stream is not None:
                with contextlib.suppress(OSError, ValueError):  # nobody reads any more
                    _write(self._stream, f"{line}\n")


def _write(stream: TextIO, text: str) -> None:
    """Write to what is below a stream, all of it; what its encoding lacks is escaped."""
    content = text.encode(stream.encoding, "backslashreplace")
    while content:
        content = content[os.write(stream.fileno(), content) :]


def line_for(stream: TextIO | None, form: str) -> Callable[[Request], str]:
    """How a request is logged on this stream, ``form`` being ``text`` or ``json``."""
    if form == "json":
        return _json
    if stream is None or not stream.isatty():
        return _text
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return lambda request: _columns(request, "", "")
    return lambda request: _columns(request, _colour(request.status), _PLAIN)


def _colour(status: int | None) -> str:
    if status is None or status >= 500:
        return _RED
    return _YELLOW if status >= 400 else _GREEN


def _columns(request: Request, colour: str, plain: str) -> str:
    """A request in columns, and below it in words why it was refused, and what Notify ignores in silence."""
    said = [f"{request.code} {request.message}{request.provenance}"] if request.code else []
    said += [f"fault: {request.fault}"] if request.fault else []
    said += [f"warning: {warning}" for warning in request.ignored] + [f"hint: {hint}" for hint in request.hints]
    columns = f"{request.method:<6} {request.operation or '-':<{_OPERATION}} {printable(request.path)}"
    first = f"{colour}{request.status or '---'}{plain} {columns}"
    return "\n".join([first, *(f"    {colour}{printable(each)}{plain}" for each in said)])


def _text(request: Request) -> str:
    refusal = f"  {request.code} {request.message}{request.provenance}" if request.code else ""
    lines = [f"{request.status} {request.method:<6} {request.path}{refusal}"]
    lines += [f"    warning: {warning}" for warning in request.ignored]
    lines += [f"    hint: {hint}" for hint in request.hints]
    return "\n".join(map(printable, lines))


def _json(request: Request) -> str:
    from fakenotify.world.saved_state import to_json  # start-up time

    return json.dumps(to_json(request))
