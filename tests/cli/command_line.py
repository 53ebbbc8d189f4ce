"""What the tests of the command line share: its processes, and the environment that they get."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import IO, Any, NamedTuple

PATIENCE = 20.0
"""Seconds after which a process is killed."""

LEADING = re.compile(r"FAKENOTIFY_.*|TWILIO_.*|(HTTPS?|ALL|NO)_PROXY|NO_COLOR", re.IGNORECASE)
"""Variables that would lead clients elsewhere, or change what is printed."""

FAKENOTIFY = (sys.executable, "-W", "error", "-m", "fakenotify")


class Done(NamedTuple):
    """A command that has ended, and what it printed."""

    status: int
    stdout: str
    stderr: str


Call = Callable[..., Done]


def environment(**given: str) -> dict[str, str]:
    """This process's environment, without what leads clients elsewhere, and with the given variables."""
    return {name: value for name, value in os.environ.items() if not LEADING.fullmatch(name)} | given


def python(program: str) -> tuple[str, ...]:
    """The end of a command line that runs a Python program."""
    return "--", sys.executable, "-c", program


def steady(log: str) -> str:
    """A request log without what differs from run to run."""
    log = re.sub(r"^\d\d:\d\d:\d\d ", "TIME ", log, flags=re.MULTILINE)
    return re.sub(r"[A-Z]{2}[0-9a-f]{32}", "SID", re.sub(r"\d+(\.\d)? ms$", "TOOK", log, flags=re.MULTILINE))


@contextlib.contextmanager
def running(*command: str, given: dict[str, str] | None = None, **how: Any) -> Iterator[subprocess.Popen[str]]:
    """A process that doesn't ignore SIGINT; at the end it is killed with all its children."""
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **how}
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a suite in the background ignores it
    try:
        process = subprocess.Popen(
            command, text=True, env=environment(**given or {}), start_new_session=True, **streams
        )
    finally:
        signal.signal(signal.SIGINT, before)

    def kill() -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)

    guard = threading.Timer(PATIENCE, kill)
    guard.start()
    with process:
        try:
            yield process
        finally:
            guard.cancel()
            kill()


def lines_of(stream: IO[str] | None) -> Iterator[str]:
    """What a process prints, line by line."""
    assert stream is not None
    return map(str.rstrip, stream)


def ended(process: subprocess.Popen[str]) -> Done:
    """How a process ended, and what was not yet read of its output."""
    stdout, stderr = process.communicate(timeout=PATIENCE)
    return Done(process.returncode, stdout or "", stderr or "")
