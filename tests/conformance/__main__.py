"""Check a Notify against what is known of it: ``python -m tests.conformance --report report.json``.

``NOTIFY_URL`` names it, ``NOTIFY_ACCOUNT_SID`` and ``NOTIFY_AUTH_TOKEN`` are its credentials; without them a fake is
started. Nothing is created or deleted at a URL that was given, unless ``NOTIFY_DESTRUCTIVE=1``.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from .client import named_or_fake
from .report import BROKE, DIFFERS, run


def main() -> int:
    """Run the checks; the status is 1 if something differs."""
    parser = argparse.ArgumentParser(prog="python -m tests.conformance", description=__doc__)
    parser.add_argument("--report", metavar="FILE", help="write what was expected and what came, without secrets")
    options = parser.parse_args()
    try:
        with named_or_fake() as notify:
            report = run(notify)
    except KeyError as missing:
        parser.error(f"NOTIFY_URL is set, but not {missing.args[0]}")
    if options.report:
        Path(options.report).write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    verdicts = report["verdicts"]
    told = ", ".join(f"{count} {verdict}" for verdict, count in verdicts.items() if count)
    print(f"conformance of {report['service']}: {len(report['checks'])} checks in {report['seconds']} s: {told}")
    return 1 if verdicts[DIFFERS] or verdicts[BROKE] else 0


if __name__ == "__main__":
    sys.exit(main())
