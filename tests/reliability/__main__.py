"""Run one proof: ``python -m tests.reliability fuzz --seconds 60``. The last line is its figure."""

from __future__ import annotations

import argparse
import sys
from importlib import import_module

PROOFS = {
    "fuzz": ("byte noise and mutated requests on the socket", 60),
    "forms": ("forms for every operation, in process", 30),
    "soak": ("thousands of requests, callbacks, starts and stops, and nothing is left behind", 60),
    "concurrency": ("threads at one identity, one address, one chain, with time travels", 60),
    "survive": ("bad receivers, vanishing clients, a full disk, signals, crowds, clocks", 60),
    "schema": ("schemathesis, by the control API's own description", 60),
    "guided": ("coverage-guided fuzzing of head, form and body by atheris", 60),
    "matrix": ("the suite's quick part under other Pythons and other versions", 0),
}


def main(arguments: list[str] | None = None) -> int:
    """Run the proof that is asked for; the status is 1 if it found something."""
    parser = argparse.ArgumentParser(prog="python -m tests.reliability", description=__doc__)
    proofs = parser.add_subparsers(dest="proof", required=True)
    for name, (says, seconds) in PROOFS.items():
        each = proofs.add_parser(name, help=says, description=says)
        if seconds:
            each.add_argument("--seconds", type=float, default=seconds, help="how long (default: %(default)s)")
            each.add_argument("--seed", type=int, default=0, help="what makes it the same again (default: %(default)s)")
    options = parser.parse_args(arguments)
    prove = import_module(f"{__package__}.{options.proof}").prove
    figure = prove() if options.proof == "matrix" else prove(options.seconds, options.seed)
    return figure.tell()


if __name__ == "__main__":
    sys.exit(main())
