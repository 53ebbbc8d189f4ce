"""Running the checks, and the report that somebody with an account can send: no secret, no account's sid in it."""

from __future__ import annotations

import http.client
import json
import sys
import time
from datetime import datetime, timezone
from typing import Any

from .client import Notify
from .facts import CHECKS, Check

AS_EXPECTED, DIFFERS, BROKE, SKIPPED = "as expected", "differs", "could not be asked", "skipped: it writes"


def outcome(notify: Notify, check: Check) -> dict[str, Any]:
    """Run one check: what it expects, what came, and the verdict."""
    told = {"check": check.id, "says": check.says, "known": check.known, "source": check.source}
    if check.writes and not notify.may_write:
        return {**told, "verdict": SKIPPED}
    try:
        wanted, came = check.run(notify)
    except (OSError, http.client.HTTPException, LookupError, TypeError, AttributeError, RuntimeError) as error:
        # the last ones: an answer of quite another shape than the check knows how to read
        return {**told, "verdict": BROKE, "came": notify.masked(f"{type(error).__name__}: {error}")}
    verdict = AS_EXPECTED if wanted == came else DIFFERS
    plain = json.loads(json.dumps([wanted, came], default=str))
    wanted, came = notify.masked(plain)
    return {**told, "verdict": verdict, "expected": wanted, "came": came}


def run(notify: Notify) -> dict[str, Any]:
    """Run every check, and tell as it goes."""
    began = time.monotonic()
    outcomes = []
    for check in CHECKS.values():
        told = outcome(notify, check)
        outcomes.append(told)
        if told["verdict"] not in (AS_EXPECTED, SKIPPED):
            print(f"{told['verdict']}: {check.id} ({check.known}): {check.says}", file=sys.stderr)
            print(f"    expected {told.get('expected')}\n    came     {told.get('came')}", file=sys.stderr)
    return {
        "service": notify.masked(notify.url.rpartition("@")[2].removeprefix("https://").removeprefix("http://")),
        "date": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "seconds": round(time.monotonic() - began, 1),
        "wrote": notify.may_write,
        "verdicts": {
            name: sum(each["verdict"] == name for each in outcomes) for name in (AS_EXPECTED, DIFFERS, BROKE, SKIPPED)
        },
        "checks": outcomes,
    }
