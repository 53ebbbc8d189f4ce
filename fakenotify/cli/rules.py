"""``fakenotify rules``: what the fake knows about Notify, and how it knows; the same as ``GET /_fake/rules``."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Callable
from fnmatch import fnmatchcase

from fakenotify.cli.output import no_such

USAGE = "fakenotify rules [options] [PATTERN]"
DESCRIPTION = """Print every rule of Notify that the fake follows: its id, what it says, how sure that is (documented,
observed, sibling, sample, assumed), and the source or decision. PATTERN chooses ids, e.g. 'bindings.create*'."""


def add_options(add: Callable[..., object]) -> None:
    """Declare the options."""
    add("pattern", nargs="?", default="*", metavar="PATTERN", help="ids of rules, * standing for anything")
    add("--json", action="store_true", help="print the rules as GET /_fake/rules answers them")


def run(options: Namespace) -> int:
    """Print the rules. Raises ``CommandError`` where the pattern meets none."""
    from fakenotify.world.provenance import rules  # start-up time: it reads every table

    known = rules()
    found = [rule for rule in known.values() if fnmatchcase(rule.id, options.pattern)]
    if not found:
        raise no_such(f"rule {options.pattern!r}", options.pattern, known)
    if options.json:
        print(json.dumps({"rules": [rule.to_json() for rule in found]}, indent=2))
    else:
        for rule in found:
            print(f"{rule.id}  [{rule.label} {rule.source}]\n    {rule.says}")
    return 0
