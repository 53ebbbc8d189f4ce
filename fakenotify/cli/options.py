"""Options: each is also an environment variable, ``FAKENOTIFY_…``; and the fake that they describe."""

from __future__ import annotations

import argparse
import contextlib
import errno
import socket
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NoReturn

from fakenotify.cli.output import CommandError, check_writable, no_such, refusing, replacing, say, writing
from fakenotify.notify.kept import KEPT_BYTES, KEPT_DELIVERIES, KEPT_REQUESTS
from fakenotify.proxy.environment import GIVEN, NoProxy

if TYPE_CHECKING:
    from fakenotify.fake import FakeNotify
    from fakenotify.notify.records import Service

DEFAULT_PORT = 4010

PREFIX = "FAKENOTIFY_"
_MESSAGING_SERVICE_SID = "MG" + "fa4e" * 8


class Parser(argparse.ArgumentParser):
    """Reads the options of one command from its command line and from the environment."""

    def __init__(
        self, command: str, description: str, usage: str | None = None, commands: Mapping[str, str] | None = None
    ) -> None:
        self.declared: list[argparse.Action] = []
        listed = "".join(f"  {name:<9} {does}\n" for name, does in (commands or {}).items())
        variables = f"Each option is also an environment variable, such as {PREFIX}PORT; in lists, put spaces between."
        super().__init__(
            prog=f"fakenotify {command}".strip(),
            usage=usage,
            description=description,
            epilog=(f"commands, each with a --help of its own:\n{listed}\n" if listed else "") + variables,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )

    def add_argument(self, *names: Any, **how: Any) -> argparse.Action:
        """Declare an option."""
        action = super().add_argument(*names, **how)
        self.declared.append(action)
        return action

    def error(self, message: str) -> NoReturn:
        """Refuse a command line."""
        raise CommandError(message)

    def variables(self) -> set[str]:
        """The environment variables that this command knows, including those that ``fakenotify run`` sets."""
        return {variable_of(action) for action in self.declared if action.option_strings}.union(GIVEN)

    def read(self, arguments: list[str], environment: Mapping[str, str]) -> argparse.Namespace:
        """Parse a command line; options that it lacks may come from the environment. Raises ``CommandError``."""
        given: list[str] = []
        for action in self.declared:
            value = environment.get(variable_of(action)) if action.option_strings else None
            if not value or action.dest in ("help", "version"):
                continue
            option = _longest(action)
            if action.nargs == 0:
                if value.lower() not in ("0", "1", "true", "false"):
                    raise CommandError(f"{variable_of(action)} can't be {value!r}; it is true or false")
                given += [option] if value.lower() in ("1", "true") else []
            elif not any(each == option or each.startswith(option + "=") for each in arguments):
                values = value.split() if isinstance(action.default, list) else [value]
                given += [f"{option}={each}" for each in values]
        options, unknown = self.parse_known_args([*given, *arguments])
        if unknown:
            first, names = unknown[0], [name for action in self.declared for name in action.option_strings]
            if not first.startswith("-"):
                raise CommandError(f"{first!r} is one argument too many; write an option before each of its values")
            raise no_such(f"option {first!r}", first.partition("=")[0], names)
        return options


def _longest(action: argparse.Action) -> str:
    return max(action.option_strings, key=len)


def variable_of(action: argparse.Action) -> str:
    """The environment variable of an option."""
    return PREFIX + _longest(action)[2:].replace("-", "_").upper()


def port_number(value: str) -> int:
    """Read a port number."""
    number = whole(value)
    if not 0 <= number <= 65535:
        raise argparse.ArgumentTypeError(f"{value} is not a port, 0 to 65535")
    return number


def whole(value: str) -> int:
    """Read a whole number."""
    try:
        return int(value)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{value!r} is not a whole number") from None


# the fake


def add_fake_options(add: Callable[..., object], default_port: int) -> None:
    """Declare the options that describe a fake."""
    add("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    add("--port", type=port_number, default=default_port, help="port; 0 takes a free one (default: %(default)s)")
    add("--port-file", metavar="FILE", help="write the port number here once it answers")
    add("--state", metavar="FILE", help="load the world from this file at the start")
    add("--save-state", metavar="FILE", help="write the world here at the end")
    add("--seed", type=whole, default=0, metavar="N", help="seed of the sids (default: %(default)s)")
    add("--service", metavar="IS...", help="sid of the Service to start with, created if it doesn't exist")
    for what, default, kept in (
        ("requests", KEPT_REQUESTS, "how many requests the journal keeps"),
        ("deliveries", KEPT_DELIVERIES, "how many deliveries, alerts and callbacks are kept"),
        ("bytes", KEPT_BYTES, "about how many bytes all of these may take"),
    ):
        add(f"--keep-{what}", default=default, type=whole, metavar="N", help=f"{kept} (default: %(default)s)")
    for name, metavar, does in (
        ("--account", "AC...=TOKEN", "accept only these accounts"),
        ("--behaviour", "NAME=VALUE", "set a switch"),
        ("--allow-host", "NAME", "also accept requests for this host name"),
    ):
        add(name, action="append", default=[], metavar=metavar, help=f"{does}; repeatable")


@contextlib.contextmanager
def prepared_fake(
    options: argparse.Namespace, unknown_accounts: Literal["own", "shared"]
) -> Iterator[tuple[FakeNotify, Service]]:
    """The fake that the options describe, not yet listening, and its first Service; at the end it is stopped and saved.

    It isn't saved if the command can't begin: the file may hold an older world. Raises ``CommandError``.
    """
    check_writable(options.save_state)
    fake = build(options, unknown_accounts)
    service = _prepare(fake, options)
    path = options.save_state
    try:
        yield fake, service
    except (CommandError, NoProxy):
        path = None
        raise
    finally:
        fake.stop()
        if path:
            with writing(path):
                fake.save(path)


def build(options: argparse.Namespace, unknown_accounts: Literal["own", "shared"]) -> FakeNotify:
    """The fake that the options describe, empty. Raises ``CommandError``."""
    from fakenotify.fake import FakeNotify  # start-up time: --help needs none
    from fakenotify.notify.behaviour import Behaviour

    accounts = {}
    for setting in options.account:
        account_sid, equals, auth_token = setting.partition("=")
        if not equals:
            raise CommandError(f"--account {account_sid} has no token; write it as AC…=TOKEN")
        accounts[account_sid] = auth_token
    with refusing("", TypeError, ValueError):
        return FakeNotify(
            Behaviour(unknown_accounts=unknown_accounts).parsed(options.behaviour),
            options.port,
            options.host,
            options.seed,
            accounts=accounts or None,
            allow_hosts=tuple(options.allow_host),
            keep_requests=options.keep_requests,
            keep_deliveries=options.keep_deliveries,
            keep_bytes=options.keep_bytes,
        )


def _prepare(fake: FakeNotify, options: argparse.Namespace) -> Service:
    """Load the state, make sure that there is a Service, and return it."""
    if options.state:
        with (
            refusing(f"can't read the state file {options.state}: ", OSError),
            refusing(f"the state file {options.state} can't be loaded: ", ValueError),
        ):
            fake.load(options.state)
    found = fake.services if options.service is None else fake.services.where(sid=options.service)
    if options.service and not found:
        for account in fake.world.accounts:
            if options.service in account.services:
                named = f"Service {options.service} is account {account.account_sid}'s"
                raise CommandError(f"{named}; name that one: --account {account.account_sid}=TOKEN")
    with refusing("", ValueError):
        service = next(iter(found), None) or fake.create_service(
            "fakenotify", options.service, messaging_service_sid=_MESSAGING_SERVICE_SID
        )
    fake.world.begin_here()
    return service


def start(fake: FakeNotify, options: argparse.Namespace) -> None:
    """Start listening. Raises ``CommandError``."""
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            fake.start()
    except OSError as error:
        raise CommandError(_why_not_started(error, options)) from None
    for warning in caught:
        say(sys.stderr, f"fakenotify: {warning.message}")


def _why_not_started(error: OSError, options: argparse.Namespace) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {options.port} is in use; choose another with --port, or take a free one with --port 0"
    if error.errno == errno.EACCES:
        return f"port {options.port} needs more rights; choose another with --port, or take a free one with --port 0"
    if isinstance(error, socket.gaierror) or error.errno in (errno.EADDRNOTAVAIL, errno.EINVAL):
        return f"--host {options.host} is not an address of this machine: {error.strerror or error}"
    return f"can't listen on {options.host}:{options.port}: {error.strerror or error}"


def write_port_file(fake: FakeNotify, options: argparse.Namespace) -> None:
    """Write the port file, if one is wanted, atomically, since a script waits for it. Raises ``CommandError``."""
    if not options.port_file:
        return
    target, number = Path(options.port_file), fake.url.rpartition(":")[2]
    with writing(target):
        if target.exists() and not target.is_file():  # a pipe, a device
            target.write_text(number, encoding="ascii")
        else:
            with replacing(target) as file:
                file.write(number)
