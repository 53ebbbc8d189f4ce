"""``fakenotify run``: runs a program in any language so that it reaches a fake; signals and status pass through."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from fakenotify.cli.options import add_fake_options, prepared_fake, start, write_port_file
from fakenotify.cli.output import CommandError, refusing, say, writing
from fakenotify.cli.signals import handling
from fakenotify.cli.summary import Tally, is_worrying, lines_of
from fakenotify.core.printable import printable
from fakenotify.proxy.environment import variables
from fakenotify.proxy.launch import proxied
from fakenotify.proxy.recording import Recorder

if TYPE_CHECKING:
    from fakenotify.fake import FakeNotify

USAGE = "fakenotify run [options] -- COMMAND..."
DESCRIPTION = """Start a fake, run a command whose calls to https://notify.twilio.com reach it, and print what happened.
The exit status is the command's."""

_FORWARDED = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT") if hasattr(signal, name)]
_ENDED = getattr(signal, "SIGCHLD", None)
_TYPED = (signal.SIGINT, getattr(signal, "SIGQUIT", None))


def add_options(add: Callable[..., object]) -> None:
    """Declare the options."""
    add_fake_options(add, 0)
    add("--upstream", metavar="URL", help="forward calls to this Notify instead of the fake; needs --record")
    add("--record", metavar="FILE", help="record the calls here, personal data masked; 'fakenotify compare' reads it")
    add("--strict", action="store_true", help="exit with 1 if there were warnings and the command succeeded")
    add("--offline", action="store_true", help="refuse all hosts except Notify's and loopback")
    add("--json", action="store_true", help="print the summary as one JSON object")
    add("--quiet", action="store_true", help="no summary")


def run(options: Namespace) -> int:
    """Run the program, print the summary, and return the status. Raises ``CommandError``."""
    if bool(options.upstream) != bool(options.record):
        raise CommandError("--upstream and --record go together: whose answers to record, and where")
    program = Program(options.program)
    with program.signals(), prepared_fake(options, "shared") as (fake, service), ExitStack() as stack:
        start(fake, options)
        write_port_file(fake, options)
        recorder = _recorder(fake, options)
        if recorder is not None:
            stack.callback(recorder.close)
        with proxied(fake, service.sid, os.environ, offline=options.offline, app=recorder) as proxy:
            tally = Tally(fake)
            status = program.run({**os.environ, **variables(proxy.about, os.environ)})
            summary = tally.summary(proxy, status)
    if recorder is not None:
        summary |= {"recorded": dict(recorder.statuses), "unreached": dict(recorder.unreached)}
        summary["reason"] = summary["reason"] if not recorder.statuses and not recorder.unreached else None
    if not options.quiet:
        say(sys.stderr, json.dumps(summary) if options.json else "\n".join(map(printable, lines_of(summary))))
    return 1 if options.strict and not status and is_worrying(summary) else status


def _recorder(fake: FakeNotify, options: Namespace) -> Recorder | None:
    if not options.record:
        return None
    with writing(options.record), refusing("--upstream ", ValueError):
        recorder = Recorder(options.upstream, options.record)
    if recorder.is_at(int(fake.url.rpartition(":")[2])):
        recorder.close()
        raise CommandError(f"--upstream {options.upstream} is this fake itself; name another Notify")
    return recorder


class Program:
    """A program. Signals that would end this process are the program's, even those that come before it runs."""

    def __init__(self, command: Sequence[str]) -> None:
        self._command = command
        self._process: subprocess.Popen[bytes] | None = None
        self._early: list[int] = []

    @contextmanager
    def signals(self) -> Iterator[None]:
        """Forward signals to the program while the context lasts."""
        ended = () if _ENDED is None else (_ENDED,)
        forwarded = [each for each in _FORWARDED if signal.getsignal(each) is not signal.SIG_IGN]  # as nohup wants it
        with handling((*ended, *forwarded), self._forward) as self._woken:
            yield

    def run(self, environment: Mapping[str, str]) -> int:
        """Run the program to its end: its status, or 128 and the signal that ended it. Raises ``CommandError``."""
        name = self._command[0]
        try:
            self._process = subprocess.Popen(self._command, env=environment)
        except (FileNotFoundError, NotADirectoryError):
            raise CommandError(f"command not found: {name}", 127) from None
        except OSError as error:
            raise CommandError(f"can't run {name}: {error.strerror}", 126) from None
        for number in self._early:
            self._process.send_signal(number)
        while _ENDED is not None and self._process.poll() is None:
            self._woken.recv(4096)
        status = self._process.wait()
        return status if status >= 0 else 128 - status

    def _forward(self, number: int, frame: Any) -> None:
        if number == _ENDED:
            return
        if self._process is None:
            self._early.append(number)
        elif not (number in _TYPED and _in_foreground()):
            self._process.send_signal(number)


def _in_foreground() -> bool:
    """Whether a terminal sends what is typed to this process, and so to its program."""
    if sys.platform == "win32":  # pragma: no cover  # its consoles do, always
        return True
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    finally:
        os.close(terminal)
