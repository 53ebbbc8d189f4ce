"""Run one proof: ``python -m tests.reliability fuzz --count 50000``. The last line is its figure."""

from __future__ import annotations

import argparse
import sys
from importlib import import_module

PROOFS = {
    "fuzz": ("byte noise and mutated requests on the socket", 50_000),
    "forms": ("forms for every operation, in process", 100_000),
    "soak": ("rounds of requests, callbacks, starts and stops, after which nothing is left behind", 60),
    "concurrency": ("threads at one identity, one address and one chain of pages, with restores and resets", 400_000),
    "survive": ("rounds of bad receivers, vanishing clients, a full disk, signals, crowds and clocks", 1),
    "memory": ("what is kept takes no more memory than documented, whatever is sent", 100_000),
    "schema": ("schemathesis, by the two OpenAPI documents; the count is of examples an operation", 5),
    "guided": ("coverage-guided fuzzing of head, form and body by atheris", 40_000),
    "matrix": ("the suite's quick part under other Pythons and other versions", 0),
}
"""What each proof does, and how often without ``--count``; 0 for one that does everything once."""


def main(arguments: list[str] | None = None) -> int:
    """Run the proof that is asked for; the status is 1 if it found something."""
    parser = argparse.ArgumentParser(prog="python -m tests.reliability", description=__doc__)
    proofs = parser.add_subparsers(dest="proof", required=True)
    for name, (says, count) in PROOFS.items():
        each = proofs.add_parser(name, help=says, description=says)
        if count:
            each.add_argument("--count", type=int, default=count, help="how many (default: %(default)s)")
            each.add_argument(
                "--seed", type=int, default=0, help="equal seeds make equal inputs (default: %(default)s)"
            )
    options = vars(parser.parse_args(arguments))
    tried: int = import_module(f"{__package__}.{options.pop('proof')}").prove(**options).tell()
    return tried


if __name__ == "__main__":
    sys.exit(main())
