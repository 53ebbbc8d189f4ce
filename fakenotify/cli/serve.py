"""``fakenotify``: start a fake, and serve until it is stopped."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import signal
import sys
from argparse import Namespace
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from fakenotify import __version__
from fakenotify.cli.log import RequestLog
from fakenotify.cli.options import DEFAULT_PORT, add_fake_options, port_number, prepared_fake, start, write_port_file
from fakenotify.cli.output import CommandError, say
from fakenotify.cli.signals import handling, interrupts
from fakenotify.proxy.environment import traps

if TYPE_CHECKING:
    from fakenotify.fake import FakeNotify
    from fakenotify.notify.records import Service
    from fakenotify.proxy.proxy import Proxy

USAGE = None
DESCRIPTION = "An in-memory fake of the Twilio Notify REST API v1."


def add_options(add: Callable[..., object]) -> None:
    """Declare the options."""
    add_fake_options(add, DEFAULT_PORT)
    add("--proxy-port", type=port_number, help="also start a proxy on this port, for 'fakenotify env'")
    add("--ca-file", metavar="FILE", help="write the certificate that clients of the proxy must trust to this file")
    add("--json", action="store_true", help="print one JSON object on start; the request log goes to stderr")
    add("--log-format", choices=("text", "json"), default="text", help="form of the request log (default: %(default)s)")
    add("--quiet", action="store_true", help="no request log")
    add("--version", action="version", version=f"fakenotify {__version__}")


def run(options: Namespace) -> int:
    """Serve until SIGINT, SIGTERM or SIGHUP. Raises ``CommandError``."""
    if options.ca_file and options.proxy_port is None:
        raise CommandError("--ca-file is about the proxy; name its port with --proxy-port")
    with (
        contextlib.closing(RequestLog(sys.stderr if options.json else sys.stdout, options.log_format)) as log,
        prepared_fake(options, "own") as (fake, service),
        _signals() as wait,
        contextlib.ExitStack() as stack,
    ):
        if not options.quiet:
            log.follow(fake.world)
        start(fake, options)
        proxy = None
        if options.proxy_port is not None:
            from fakenotify.proxy.launch import proxied  # start-up time: ssl, tempfile

            proxy = stack.enter_context(proxied(fake, service.sid, os.environ, options.proxy_port, options.ca_file))
        write_port_file(fake, options)
        as_json = options.json or options.log_format == "json"
        say(sys.stdout, (_banner_json if as_json else _banner)(fake, service, proxy))
        log.start()
        for trap in traps(os.environ, fake.url):
            say(sys.stderr, f"fakenotify: {trap}")
        wait()
    return 0


def _banner(fake: FakeNotify, service: Service, proxy: Proxy | None) -> str:
    """The banner that is printed at the start."""
    url, user = fake.url, shlex.quote(f"{fake.account_sid}:{fake.auth_token}")
    lines = [
        f"fakenotify {__version__} answers at {url} (stop it with Ctrl-C)",
        f"  inspector   {url}/_fake/",
        f"  account     {fake.account_sid}",
        f"  auth token  {fake.auth_token}",
        f"  service     {service.sid}",
        f"  try it      curl -u {user} {url}/v1/Services/{service.sid}/Bindings "
        "-d Identity=alice -d BindingType=sms -d Address=%2B15005550006",
    ]
    if proxy is not None:
        command = f'eval "$(fakenotify env --proxy-port {proxy.port})"'
        lines.append(f"  proxy       {proxy.url}; in the shell of programs that are to reach the fake: {command}")
    return "\n".join(lines)


def _banner_json(fake: FakeNotify, service: Service, proxy: Proxy | None) -> str:
    """The banner as JSON."""
    members = {
        "url": fake.url,
        "pid": os.getpid(),
        "account_sid": fake.account_sid,
        "auth_token": fake.auth_token,
        "service_sid": service.sid,
        "inspector": f"{fake.url}/_fake/",
    }
    return json.dumps(members | ({"proxy": proxy.url} if proxy else {}))


@contextlib.contextmanager
def _signals() -> Iterator[Callable[[], object]]:
    """A function that waits for the first signal. Until then signals interrupt nothing; afterwards they are ignored,
    since the process is about to end."""
    numbers = {signal.SIGINT, signal.SIGTERM, *interrupts()}
    with handling(numbers, lambda number, frame: None, signal.SIG_IGN) as woken:
        yield lambda: woken.recv(1)
