"""``fakenotify``: start a fake, and serve until it is stopped."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
from argparse import Namespace
from collections.abc import Callable
from typing import Any

from fakenotify import __version__
from fakenotify.cli import options as of
from fakenotify.cli.log import RequestLog
from fakenotify.cli.options import CommandError
from fakenotify.cli.output import banner, banner_json, say
from fakenotify.proxy.environment import traps

USAGE = None
DESCRIPTION = "An in-memory fake of the Twilio Notify REST API v1."


def add_options(add: Callable[..., object]) -> None:
    """Declare the options."""
    of.add_fake_options(add, of.DEFAULT_PORT)
    add("--proxy-port", type=of.port, help="also start a proxy here, which 'fakenotify env' lets programs use")
    add("--ca-file", metavar="FILE", help="write the certificate that the proxy's clients are to trust here")
    add("--json", action="store_true", help="print one JSON object on start; the request log goes to stderr")
    add("--log-format", choices=("text", "json"), default="text", help="form of the request log (default: %(default)s)")
    add("--quiet", action="store_true", help="no request log")
    add("--version", action="version", version=f"fakenotify {__version__}")


def run(options: Namespace) -> int:
    """Serve until SIGINT or SIGTERM. Raises ``CommandError``."""
    if options.ca_file and options.proxy_port is None:
        raise CommandError("--ca-file is about the proxy; name its port with --proxy-port")
    fake = of.build(options, "own")
    service = of.prepare(fake, options)
    with _Signals() as signals, contextlib.ExitStack() as stack:
        log = RequestLog(sys.stderr if options.json else sys.stdout, options.log_format)
        if not options.quiet:
            log.follow(fake.world)
        try:
            of.start(fake, options)
            proxy = None
            if options.proxy_port is not None:
                from fakenotify.proxy.launch import proxied  # start-up time: ssl, tempfile

                proxy = stack.enter_context(proxied(fake, service.sid, os.environ, options.proxy_port, options.ca_file))
            of.write_port_file(fake, options)
            as_json = options.json or options.log_format == "json"
            say(sys.stdout, (banner_json if as_json else banner)(fake, service, proxy))
            log.start()
            for trap in traps(os.environ, fake.url):
                say(sys.stderr, f"fakenotify: {trap}")
            signals.wait()
        finally:
            fake.stop()
            log.close()
            of.save(fake, options)
    return 0


class _Signals:
    """While it lasts, a signal interrupts nothing; ``wait`` awaits the first. Afterwards signals are ignored."""

    def __init__(self) -> None:
        self._woken, self._waker = socket.socketpair()
        self._waker.setblocking(False)

    def __enter__(self) -> _Signals:
        signal.set_wakeup_fd(self._waker.fileno(), warn_on_full_buffer=False)
        _on_signals(lambda number, frame: None)
        return self

    def __exit__(self, *error: object) -> None:
        _on_signals(signal.SIG_IGN)  # the process is about to end, and a further signal changes nothing
        signal.set_wakeup_fd(-1)
        self._waker.close()
        self._woken.close()

    def wait(self) -> None:
        """Wait for a signal."""
        self._woken.recv(1)


def _on_signals(handler: Callable[[int, Any], None] | signal.Handlers) -> None:
    signal.signal(signal.SIGINT, handler)
    signal.signal(signal.SIGTERM, handler)
