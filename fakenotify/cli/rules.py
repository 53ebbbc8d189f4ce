"""``fakenotify rules``: the rules of Notify that the fake follows, with their sources, as in ``GET /_fake/rules``."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Callable
from fnmatch import fnmatchcase

from fakenotify.cli.output import no_such, show

USAGE = "fakenotify rules [options] [PATTERN]"
DESCRIPTION = """Print each rule of Notify that the fake follows: its id, its text, how sure we are of it (documented,
observed, sibling, sample, assumed), and its source or decision. PATTERN selects ids, e.g. 'bindings.create*'."""


def add_options(add: Callable[..., object]) -> None:
    """Declare the options."""
    add("pattern", nargs="?", default="*", metavar="PATTERN", help="ids of rules; * matches anything")
    add("--json", action="store_true", help="print the rules as GET /_fake/rules answers them")


def run(options: Namespace) -> int:
    """Print the rules. Raises ``CommandError`` if no id matches the pattern."""
    from fakenotify.world.provenance import rules  # start-up time: it reads every table

    known = rules()
    found = [rule for rule in known.values() if fnmatchcase(rule.id, options.pattern)]
    if not found:
        raise no_such(f"rule {options.pattern!r}", options.pattern, known)
    if options.json:
        show(json.dumps({"rules": [rule.to_json() for rule in found]}, indent=2))
    else:
        show("\n".join(f"{rule.id}  [{rule.label} {rule.source}]\n    {rule.says}" for rule in found))
    return 0
