"""The command line: ``fakenotify``, ``fakenotify run``, ``fakenotify env``.

Every option is also an environment variable, ``FAKENOTIFY_…``.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NoReturn

from fakenotify import __version__

if TYPE_CHECKING:
    from fakenotify.fake import FakeNotify
    from fakenotify.notify.records import Service

DEFAULT_PORT = 4010
DEFAULT_PROXY_PORT = 4011
_PREFIX = "FAKENOTIFY_"
_MESSAGING_SERVICE_SID = "MG" + "fa4e" * 8


class UsageError(Exception):
    """What the user can mend; told in one line, before the process exits with ``status``."""

    def __init__(self, message: str, status: int = 2) -> None:
        self.status = status
        super().__init__(message)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(message)


def _parser(command: str = "") -> argparse.ArgumentParser:
    usage, description, fill = _COMMANDS[command]
    parser = _Parser(
        prog=f"fakenotify {command}".strip(),
        usage=usage,
        description=description,
        epilog=f"Each option is also an environment variable, such as {_PREFIX}PORT; in lists, put spaces between.",
        allow_abbrev=False,
    )
    fill(parser.add_argument)
    return parser


def _of_a_fake(add: Callable[..., object], port: int) -> None:
    add("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    add("--port", type=_port, default=port, help="port; 0 takes a free one (default: %(default)s)")
    add("--port-file", metavar="FILE", help="write the port number here once it answers")
    add("--state", metavar="FILE", help="begin with the world of this file")
    add("--save-state", metavar="FILE", help="write the world here at the end")
    add("--seed", type=_integer, default=0, metavar="N", help="seed of the sids (default: %(default)s)")
    add("--service", metavar="IS...", help="sid of the Service that exists from the start")
    add(
        "--keep-requests",
        type=_integer,
        default=10_000,
        metavar="N",
        help="length of the journal (default: %(default)s)",
    )
    add(
        "--keep-deliveries",
        type=_integer,
        default=100_000,
        metavar="N",
        help="and of deliveries (default: %(default)s)",
    )
    add("--account", action="append", default=[], metavar="AC...=TOKEN", help="let only these accounts in; repeatable")
    add("--behaviour", action="append", default=[], metavar="NAME=VALUE", help="set a switch; repeatable")
    add(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME",
        help="a Host that may be asked besides loopback; repeatable",
    )


def _of_the_server(add: Callable[..., object]) -> None:
    _of_a_fake(add, DEFAULT_PORT)
    add("--proxy-port", type=_port, help="also start a proxy here, which 'fakenotify env' lets programs use")
    add("--ca-file", metavar="FILE", help="write the certificate that the proxy's clients are to trust here")
    add("--json", action="store_true", help="print one JSON object on start, then JSON lines only")
    add("--log-format", choices=("text", "json"), default="text", help="form of the request log (default: %(default)s)")
    add("--quiet", action="store_true", help="no request log")
    add("--version", action="version", version=f"fakenotify {__version__}")


def _of_run(add: Callable[..., object]) -> None:
    _of_a_fake(add, 0)
    add("--strict", action="store_true", help="exit with 1 if there were warnings and the command succeeded")
    add("--offline", action="store_true", help="refuse every host but Notify's and loopback")
    add("--json", action="store_true", help="tell the summary as one JSON object")
    add("--quiet", action="store_true", help="no summary")


def _of_env(add: Callable[..., object]) -> None:
    add("--proxy-port", type=_port, default=DEFAULT_PROXY_PORT, help="the running proxy's (default: %(default)s)")
    add("--shell", choices=("bash", "fish", "powershell", "dotenv"), default="bash", help="form (default: %(default)s)")


_COMMANDS: dict[str, tuple[str | None, str, Callable[[Callable[..., object]], None]]] = {
    "": (
        None,
        "An in-memory fake of the Twilio Notify REST API v1. "
        "'fakenotify run -- COMMAND' lets an unchanged program reach it, 'fakenotify env' a whole shell.",
        _of_the_server,
    ),
    "run": (
        "fakenotify run [options] -- COMMAND...",
        "Start a fake, run a command whose calls to https://notify.twilio.com reach it, and tell what happened. "
        "The status is the command's.",
        _of_run,
    ),
    "env": (
        None,
        "Print what lets the programs of a shell reach the fake that was started with 'fakenotify --proxy-port "
        f'{DEFAULT_PROXY_PORT}\'. Use it as: eval "$(fakenotify env)"',
        _of_env,
    ),
}


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


def parse(arguments: list[str], environment: dict[str, str], command: str = "") -> argparse.Namespace:
    """Read the command line; what it doesn't say may be in the environment. Raises ``UsageError``."""
    parser = _parser(command)
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
    _check_names([name for name in environment if name.startswith(_PREFIX)])
    return parser.parse_args([*variables, *arguments])


def _check_names(variables: list[str]) -> None:
    if variables:
        from fakenotify.proxy.environment import TOLD

        options = [name for command in _COMMANDS for each in _parser(command)._actions for name in each.option_strings]
        known = {_PREFIX + option[2:].replace("-", "_").upper() for option in options}.union(TOLD)
        for name in variables:
            if name not in known:
                raise UsageError(f"unknown variable {name}; the options' names are in --help")


def build(options: argparse.Namespace, unknown_accounts: Literal["own", "shared"] = "own") -> FakeNotify:
    """The fake that the options describe, not yet listening. Raises ``UsageError``."""
    from fakenotify.fake import FakeNotify
    from fakenotify.notify.behaviour import Behaviour

    accounts = {}
    for setting in options.account:
        account_sid, equals, auth_token = setting.partition("=")
        if not equals:
            raise UsageError(f"--account {account_sid} has no token; write it as AC…=TOKEN")
        accounts[account_sid] = auth_token
    try:
        return FakeNotify(
            Behaviour(unknown_accounts=unknown_accounts).parsed(options.behaviour),
            options.port,
            options.host,
            options.seed,
            accounts=accounts or None,
            allow_hosts=tuple(options.allow_host),
            keep_requests=options.keep_requests,
            keep_deliveries=options.keep_deliveries,
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
    from fakenotify.cli.output import Log, banner, banner_json, say
    from fakenotify.proxy.environment import traps

    if options.ca_file and options.proxy_port is None:
        raise UsageError("--ca-file is about the proxy; say with --proxy-port where that is to be")
    _on_signals(_leave)
    fake = build(options)
    service = prepare(fake, options)
    with _Signals() as signals, contextlib.ExitStack() as stack:
        _start(fake, options)
        log = Log(sys.stderr if options.json else sys.stdout)
        try:
            if options.port_file:
                _write_port(Path(options.port_file), fake.url)
            if not options.quiet:
                log.follow(fake.world.journal, options.log_format)
            proxy = None
            if options.proxy_port is not None:
                from fakenotify.proxy.run import proxied

                proxy = stack.enter_context(proxied(fake, service.sid, os.environ, options.proxy_port, options.ca_file))
            say(sys.stdout, (banner_json if options.json else banner)(fake, service, proxy))
            for trap in traps(os.environ, fake.url):
                say(sys.stderr, f"fakenotify: {trap}")
            signals.wait()
        finally:
            fake.stop()
            log.close()
            if options.save_state:
                _save(fake, options.save_state)


def run(options: argparse.Namespace, command: list[str]) -> int:
    """Run a command whose calls to Notify reach a fake, and return its status. Raises ``UsageError``."""
    from fakenotify.proxy.run import Signals, run

    with Signals() as signals:
        fake = build(options, "shared")
        service = prepare(fake, options)
        _start(fake, options)
        try:
            if options.port_file:
                _write_port(Path(options.port_file), fake.url)
            return run(fake, service.sid, options, command, signals)
        finally:
            fake.stop()
            if options.save_state:
                _save(fake, options.save_state)


def _save(fake: FakeNotify, path: str) -> None:
    try:
        fake.save(path)
    except OSError as error:
        raise UsageError(f"can't write {path}: {error.strerror or error}") from None


def _start(fake: FakeNotify, options: argparse.Namespace) -> None:
    from fakenotify.cli.output import say

    try:
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            fake.start()
    except OSError as error:
        why = error.strerror or error
        raise UsageError(f"can't listen on {options.host}:{options.port}: {why}; choose another with --port") from None
    for warning in told:
        say(sys.stderr, f"fakenotify: {warning.message}")


def _write_port(target: Path, url: str) -> None:
    """Write the port file; it appears whole, since somebody waits for it. Raises ``UsageError``."""
    port = url.rpartition(":")[2]
    try:
        if target.exists() and not target.is_file():  # a pipe, a device
            target.write_text(port, encoding="ascii")
            return
        temporary = target.with_name(f".{target.name}.{os.getpid()}")
        temporary.write_text(port, encoding="ascii")
        os.replace(temporary, target)
    except OSError as error:
        raise UsageError(f"can't write {target}: {error.strerror or error}") from None


def _on_signals(handler: Callable[[int, Any], None]) -> None:
    signal.signal(signal.SIGINT, handler)
    signal.signal(signal.SIGTERM, handler)


def _leave(number: int, frame: Any) -> None:
    raise SystemExit(0)


class _Signals:
    """While it lasts, a signal interrupts nothing, whenever and however often it comes; ``wait`` awaits the first."""

    def __init__(self) -> None:
        import socket

        self._woken, self._waker = socket.socketpair()
        self._waker.setblocking(False)

    def __enter__(self) -> _Signals:
        signal.set_wakeup_fd(self._waker.fileno(), warn_on_full_buffer=False)
        _on_signals(lambda number, frame: None)
        return self

    def __exit__(self, *error: object) -> None:
        signal.set_wakeup_fd(-1)
        self._waker.close()
        self._woken.close()

    def wait(self) -> None:
        """Wait until a signal has come."""
        self._woken.recv(1)


def _command(arguments: list[str]) -> int:
    """Do what the command line asks for, and return the exit status. Raises ``UsageError``."""
    name = arguments[0] if arguments[:1] in (["run"], ["env"]) else ""
    end = arguments.index("--") if name == "run" and "--" in arguments else len(arguments)
    told, command = arguments[bool(name) : end], arguments[end + 1 :]
    if name == "run" and not command and not {"-h", "--help"} & set(told):
        raise UsageError("write the command after --, e.g. fakenotify run -- npm test")
    options = parse(told, dict(os.environ), name)

    from fakenotify.proxy.environment import NotDone

    try:
        if name == "run":
            return run(options, command)
        if name == "env":
            from fakenotify.proxy.run import env

            print(env(options.proxy_port, options.shell))
        else:
            serve(options)
    except NotDone as error:
        raise UsageError(str(error), error.status) from None
    return 0


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    error = None
    try:
        status = _command(sys.argv[1:] if arguments is None else arguments)
    except UsageError as raised:
        status, error = raised.status, raised

    from fakenotify.cli.output import LOG_THREAD, say  # not for those who only ask for --help
    from fakenotify.core.printable import printable

    if error is not None:
        say(sys.stderr, f"fakenotify: {printable(str(error))}")
    if any(thread.name == LOG_THREAD for thread in threading.enumerate()):
        os._exit(status)  # pragma: no cover  # it is stuck in a print, whose lock Python would want in order to end
    return status


if __name__ == "__main__":
    sys.exit(main())
