"""The command line: ``python -m fakenotify``. Every option is also an environment variable, ``FAKENOTIFY_…``."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TextIO

from fakenotify import __version__

if TYPE_CHECKING:
    from fakenotify.fake import FakeNotify
    from fakenotify.journal import Request
    from fakenotify.records import Service

DEFAULT_PORT = 4010
_PREFIX = "FAKENOTIFY_"
_MESSAGING_SERVICE_SID = "MG" + "fa4e" * 8


class UsageError(Exception):
    """What the user can mend; told in one line."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(message)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="fakenotify",
        description="An in-memory fake of the Twilio Notify REST API v1.",
        epilog=f"Each option is also an environment variable, such as {_PREFIX}PORT; in lists, put spaces between.",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    add("--port", type=_port, default=DEFAULT_PORT, help="port; 0 takes a free one (default: %(default)s)")
    add("--json", action="store_true", help="print one JSON object on start, then JSON lines only")
    add("--port-file", metavar="FILE", help="write the port number here once it answers")
    add("--state", metavar="FILE", help="begin with the world of this file")
    add("--save-state", metavar="FILE", help="write the world here at the end")
    add("--seed", type=_integer, default=0, metavar="N", help="seed of the sids (default: %(default)s)")
    add("--service", metavar="IS…", help="sid of the Service that exists from the start")
    add("--account", action="append", default=[], metavar="AC…=TOKEN", help="let only these accounts in; repeatable")
    add("--behaviour", action="append", default=[], metavar="NAME=VALUE", help="set a switch; repeatable")
    add("--allow-host", action="append", default=[], metavar="NAME", help="a Host that may use /_fake/; repeatable")
    add("--log-format", choices=("text", "json"), default="text", help="form of the request log (default: %(default)s)")
    add("--quiet", action="store_true", help="no request log")
    add("--version", action="version", version=f"fakenotify {__version__}")
    return parser


def _port(value: str) -> int:
    port = _integer(value)
    if not 0 <= port <= 65535:
        raise argparse.ArgumentTypeError(f"{value} is not a port, 0 to 65535")
    return port


def _integer(value: str) -> int:
    try:
        return int(value)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{value!r} is not a whole number") from None


def parse(arguments: list[str], environment: dict[str, str]) -> argparse.Namespace:
    """Read the command line; what it doesn't say may be in the environment. Raises ``UsageError``."""
    parser = _parser()
    told = [name for action in parser._actions for name in action.option_strings]
    variables: list[str] = []
    for action in parser._actions:
        option = max(action.option_strings, key=len)
        value = environment.get(_PREFIX + option[2:].replace("-", "_").upper())
        if value is None or option in ("--help", "--version"):
            continue
        if isinstance(action, argparse._StoreTrueAction):
            if value.lower() not in ("", "0", "1", "true", "false"):
                raise UsageError(f"{_PREFIX}{action.dest.upper()} can't be {value!r}; it is true or false")
            variables += [option] if value.lower() in ("1", "true") else []
        elif not any(each == option or each.startswith(option + "=") for each in arguments):
            values = value.split() if isinstance(action.default, list) else [value]
            variables += [f"{option}={each}" for each in values]
    known = {_PREFIX + name[2:].replace("-", "_").upper() for name in told}
    for name in environment:
        if name.startswith(_PREFIX) and name not in known:
            raise UsageError(f"unknown variable {name}; the options' names are in --help")
    return parser.parse_args([*variables, *arguments])


def build(options: argparse.Namespace) -> FakeNotify:
    """The fake that the options describe, not yet listening. Raises ``UsageError``."""
    from fakenotify.behaviour import Behaviour
    from fakenotify.fake import FakeNotify

    accounts = {}
    for setting in options.account:
        account_sid, equals, auth_token = setting.partition("=")
        if not equals:
            raise UsageError(f"--account {account_sid} has no token; write it as AC…=TOKEN")
        accounts[account_sid] = auth_token
    try:
        return FakeNotify(
            Behaviour(unknown_accounts="own").parsed(options.behaviour),
            options.port,
            options.host,
            options.seed,
            accounts=accounts or None,
            allow_hosts=tuple(options.allow_host),
        )
    except (TypeError, ValueError) as error:
        raise UsageError(str(error)) from None


def prepare(fake: FakeNotify, options: argparse.Namespace) -> Service:
    """Load the state, see to it that there is a Service, and return it. Raises ``UsageError``."""
    try:
        if options.state:
            fake.load(options.state)
        existing = fake.services
        if options.service is None and existing:
            service = existing[0]
        elif options.service is not None and existing.where(sid=options.service):
            service = existing.where(sid=options.service)[0]
        else:
            service = fake.create_service("fakenotify", options.service, messaging_service_sid=_MESSAGING_SERVICE_SID)
    except OSError as error:
        raise UsageError(f"can't read the state file {options.state}: {error.strerror or error}") from None
    except ValueError as error:
        raise UsageError(str(error)) from None
    fake.world.begin_here()
    return service


def serve(options: argparse.Namespace) -> None:
    """Run until SIGINT or SIGTERM. Raises ``UsageError``."""
    fake = build(options)
    service = prepare(fake, options)
    try:
        fake.start()
    except (OSError, OverflowError) as error:
        told = getattr(error, "strerror", None) or error
        raise UsageError(f"can't listen on {options.host}:{options.port}: {told}; choose another with --port") from None
    signal.signal(signal.SIGINT, _stop)
    signal.signal(signal.SIGTERM, _stop)
    try:
        if options.port_file:
            Path(options.port_file).write_text(fake.url.rpartition(":")[2], encoding="ascii")
        if not options.quiet:
            fake.world.journal.listen(_logger(options))
        _print(sys.stdout, _banner_json(fake, service) if options.json else _banner(fake, service))
        threading.Event().wait()
    except OSError as error:
        raise UsageError(f"can't write {options.port_file}: {error.strerror or error}") from None
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        fake.stop()
        if options.save_state:
            try:
                fake.save(options.save_state)
            except OSError as error:
                raise UsageError(f"can't write {options.save_state}: {error.strerror or error}") from None


def _stop(number: int, frame: Any) -> NoReturn:
    raise SystemExit(0)


def _banner(fake: FakeNotify, service: Service) -> str:
    url, user = fake.url, f"{fake.account_sid}:{fake.auth_token}"
    return f"""fakenotify {__version__} answers at {url} (stop it with Ctrl-C)
  account     {fake.account_sid}
  auth token  {fake.auth_token}
  service     {service.sid}
  try it      curl -u {user} {url}/v1/Services/{service.sid}/Bindings \
-d Identity=alice -d BindingType=sms -d Address=%2B15005550006"""


def _banner_json(fake: FakeNotify, service: Service) -> str:
    return json.dumps(
        {
            "url": fake.url,
            "pid": os.getpid(),
            "account_sid": fake.account_sid,
            "auth_token": fake.auth_token,
            "service_sid": service.sid,
            "inspector": f"{fake.url}/_fake/",
        }
    )


def _logger(options: argparse.Namespace) -> Callable[[Request], None]:
    stream = sys.stderr if options.json else sys.stdout
    line = _log_json if options.log_format == "json" else _log_text
    return lambda request: _print(stream, line(request))


def _log_text(request: Request) -> str:
    told = f"  {request.code} {request.message}" if request.code else ""
    warned = "".join(f"\n    warning: {warning}" for warning in request.warnings)
    return f"{request.status} {request.method:<6} {_printable(request.path + told)}{_printable(warned, keep=chr(10))}"


def _printable(text: str, keep: str = "") -> str:
    """What came from a client must not steer the terminal."""
    return "".join(each if each.isprintable() or each in keep else ascii(each)[1:-1] for each in text)


def _log_json(request: Request) -> str:
    from fakenotify.state import to_json

    return json.dumps(to_json(request))


def _print(stream: TextIO, text: str) -> None:
    """Print for whoever reads; nobody may be reading any more."""
    with contextlib.suppress(OSError, ValueError):
        print(text, file=stream, flush=True)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    try:
        options = parse(sys.argv[1:] if arguments is None else arguments, dict(os.environ))
        serve(options)
    except UsageError as error:
        print(f"fakenotify: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
