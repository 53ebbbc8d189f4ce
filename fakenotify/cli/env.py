"""``fakenotify env``: the variables that lead a shell's programs to a running fake, in the syntax of that shell."""

from __future__ import annotations

import os
import shlex
from argparse import Namespace
from collections.abc import Callable, Mapping

from fakenotify.cli.options import port_number
from fakenotify.cli.output import CommandError, show
from fakenotify.proxy.environment import variables

DEFAULT_PROXY_PORT = 4011

USAGE = None
DESCRIPTION = f"""Print the variables that lead a shell's programs to the fake that was started with
'fakenotify --proxy-port {DEFAULT_PROXY_PORT}'. Use it as: eval "$(fakenotify env)\""""


def add_options(add: Callable[..., object]) -> None:
    """Declare the options."""
    add("--proxy-port", type=port_number, default=DEFAULT_PROXY_PORT, help="the running proxy's (default: %(default)s)")
    add("--shell", choices=("bash", "fish", "powershell", "dotenv"), default="bash", help="form (default: %(default)s)")


def run(options: Namespace) -> int:
    """Print the lines. Raises ``CommandError`` if no proxy is running."""
    from fakenotify.proxy.proxy import ask  # start-up time: ssl

    port = options.proxy_port
    try:
        about = ask(port)
    except (OSError, ValueError):
        raise CommandError(f"no proxy answers on 127.0.0.1:{port}; start it: fakenotify --proxy-port {port}") from None
    show(exports(variables(about, os.environ), options.shell))
    return 0


def exports(variables: Mapping[str, str], shell: str) -> str:
    """Lines that set the variables in a shell, or in a dotenv file."""
    form, quote = {
        "bash": ("export {}={}", shlex.quote),
        "fish": ("set -gx {} {}", _quote_fish),
        "powershell": ("$Env:{} = {}", _quote_powershell),
        "dotenv": ("{}={}", _quote_dotenv),
    }[shell]
    return "\n".join(form.format(name, quote(value)) for name, value in variables.items())


def _quote_fish(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _quote_powershell(value: str) -> str:
    return "'" + "".join(each * 2 if each in "'‘’‚‛" else each for each in value) + "'"  # each of them ends a string


def _quote_dotenv(value: str) -> str:
    """Without quotes where possible, since not every reader knows them; else in single ones, which keep a ``$``."""
    if value == shlex.quote(value):
        return value
    return f"'{value}'" if "'" not in value else '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
