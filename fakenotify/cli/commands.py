"""The commands, in one table, and how a command line becomes one of them.

A command is a module with ``USAGE`` (or None), ``DESCRIPTION``, ``add_options(add)``, which declares its options with
``ArgumentParser.add_argument``, and ``run(options)``, which returns the exit status or raises ``CommandError``. It is
imported when it is asked for.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

from fakenotify.cli.options import PREFIX, Parser
from fakenotify.cli.output import CommandError, no_such, say
from fakenotify.cli.signals import interrupt, interrupts
from fakenotify.core.printable import printable
from fakenotify.proxy.environment import NoProxy

SERVE = "serve"
"""The command that runs if none is given."""

COMMANDS = {
    SERVE: "start a fake and serve until it is stopped; the default command",
    "run": "run a command whose calls to https://notify.twilio.com reach a fake",
    "env": "print the variables that lead a shell's programs to a running fake",
    "pull": "save a real account's Services, Bindings and Credentials as a state file; read-only",
    "compare": "compare another Notify, or recorded traffic, with what the fake answers",
    "rules": "print the rules of Notify that the fake follows, with their sources",
}
"""Each command with what it does; its module is ``fakenotify.cli`` and its name."""

_ENDS_ITSELF = {"-h", "--help", "--version"}


def main(arguments: Sequence[str]) -> int:
    """Run a command line and return the exit status. An error that the user can correct is one line on stderr."""
    try:
        return _run(list(arguments), os.environ)
    except (CommandError, NoProxy) as error:
        say(sys.stderr, f"fakenotify: {printable(str(error))}")
        return error.status if isinstance(error, CommandError) else 2
    except KeyboardInterrupt as interrupted:
        number: int = (interrupted.args or (signal.SIGINT,))[0]
        return 128 + number


def _run(arguments: list[str], environment: Mapping[str, str]) -> int:
    name = SERVE
    if arguments and not arguments[0].startswith("-"):
        name = arguments.pop(0)
        if name not in COMMANDS:
            raise no_such(f"command {name!r}", name, COMMANDS)
    program: list[str] = []
    if name == "run":
        end = arguments.index("--") if "--" in arguments else len(arguments)
        arguments, program = arguments[:end], arguments[end + 1 :]
        if not program and not _ENDS_ITSELF.intersection(arguments):
            raise CommandError("write the command after --, e.g. fakenotify run -- npm test")
    parser = parser_of(name)
    unknown = [each for each in environment if each.startswith(PREFIX) and each not in parser.variables()]
    if unknown:  # unless it is another command's
        known = {variable for each in COMMANDS for variable in parser_of(each).variables()}
        for variable in sorted(set(unknown) - known):
            raise no_such(f"variable {variable}", variable, known)
    options = parser.read(arguments, environment)
    options.program = program
    if name != SERVE:
        for number in interrupts():
            signal.signal(number, interrupt)  # a command may have to clean up
    status: int = _module(name).run(options)
    return status


def parser_of(name: str) -> Parser:
    """The parser of a command's options."""
    command = _module(name)
    commands = {each: does for each, does in COMMANDS.items() if each != SERVE} if name == SERVE else {}
    parser = Parser("" if name == SERVE else name, command.DESCRIPTION, command.USAGE, commands)
    command.add_options(parser.add_argument)
    return parser


def _module(name: str) -> Any:
    return import_module(f"fakenotify.cli.{name}")
