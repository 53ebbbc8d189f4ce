"""What is said to whoever reads: lines on a stream, and the request log, in columns and colours for a person."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import threading
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, TextIO

from fakenotify import __version__
from fakenotify.core.printable import printable

if TYPE_CHECKING:
    from fakenotify.fake import FakeNotify
    from fakenotify.notify.journal import Journal, Request
    from fakenotify.notify.records import Service
    from fakenotify.proxy.proxy import Proxy

LOG_THREAD = "fakenotify log"

_LONGEST_LOG = 10_000
_LAST_LINES = 0.5
_FULL = "the journal is full, and its oldest requests are dropped from now on; --keep-requests makes it longer"
_OPERATION = 26
"""The width of the longest names of operations that Notify still has."""

_GREEN, _YELLOW, _RED, _PLAIN = "\x1b[32m", "\x1b[33m", "\x1b[31m", "\x1b[0m"


def say(stream: TextIO | None, text: str) -> None:
    """Print for whoever reads; nobody may be reading any more."""
    with contextlib.suppress(OSError, ValueError):
        print(text, file=stream, flush=True)


class Log:
    """Prints from a thread of its own, so that no request waits for whoever reads the log, or doesn't."""

    def __init__(self, stream: TextIO | None) -> None:
        self.stream = stream
        self._lines: deque[str | None] = deque()
        self._more = threading.Semaphore(0)
        self._thread = threading.Thread(target=self._run, name=LOG_THREAD, daemon=True)
        self._thread.start()

    def add(self, line: str | None) -> None:
        """Let this be printed, unless far too much waits already; None ends it."""
        if line is None or len(self._lines) < _LONGEST_LOG:
            self._lines.append(line)
            self._more.release()

    def follow(self, journal: Journal, form: str) -> None:
        """Print a line for each request, and say so when the journal drops its first one."""
        line = line_for(self.stream, form)
        notices = iter([json.dumps({"notice": _FULL}) if form == "json" else f"    notice: {_FULL}"])

        def told(request: Request) -> None:
            self.add(line(request))
            if journal.dropped:
                for notice in notices:
                    self.add(notice)

        journal.listen(told)

    def close(self) -> None:
        """Print what waits; for a moment only, since perhaps nobody reads."""
        self.add(None)
        self._thread.join(_LAST_LINES)

    def _run(self) -> None:
        while True:
            self._more.acquire()
            line = self._lines.popleft()
            if line is None:
                return
            say(self.stream, line)


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
    told = f"  {request.code} {request.message}{request.provenance}" if request.code else ""
    lines = [f"{request.status} {request.method:<6} {request.path}{told}"]
    lines += [f"    warning: {warning}" for warning in request.ignored]
    lines += [f"    hint: {hint}" for hint in request.hints]
    return "\n".join(map(printable, lines))


def _json(request: Request) -> str:
    from fakenotify.world.saved_state import to_json

    return json.dumps(to_json(request))


def banner(fake: FakeNotify, service: Service, proxy: Proxy | None) -> str:
    """What the command line says on start."""
    url, user = fake.url, shlex.quote(f"{fake.account_sid}:{fake.auth_token}")
    return f"""fakenotify {__version__} answers at {url} (stop it with Ctrl-C)
  account     {fake.account_sid}
  auth token  {fake.auth_token}
  service     {service.sid}
  try it      curl -u {user} {url}/v1/Services/{service.sid}/Bindings \
-d Identity=alice -d BindingType=sms -d Address=%2B15005550006{_banner_of(proxy) if proxy else ""}"""


def _banner_of(proxy: Proxy) -> str:
    return f"""
  proxy       {proxy.url}, for programs as they are; in their shell: \
eval "$(fakenotify env --proxy-port {proxy.port})\""""


def banner_json(fake: FakeNotify, service: Service, proxy: Proxy | None) -> str:
    """The same for a program."""
    told = {
        "url": fake.url,
        "pid": os.getpid(),
        "account_sid": fake.account_sid,
        "auth_token": fake.auth_token,
        "service_sid": service.sid,
        "inspector": f"{fake.url}/_fake/",
    }
    return json.dumps(told | ({"proxy": proxy.url} if proxy else {}))
