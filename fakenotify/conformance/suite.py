"""Runs the checks against another Notify: per rule, what the fake answers, what the other answered, and a verdict."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from fakenotify.conformance.checks import CHECKS, Check
from fakenotify.conformance.client import Credentials, NotAllowed, RemoteNotify
from fakenotify.fake import FakeNotify
from fakenotify.notify.behaviour import Behaviour, switches

AS_EXPECTED, DIFFERS, BROKE, SKIPPED = "as expected", "differs", "could not be asked", "skipped: it writes"
_TESTERS_OWN = frozenset(("callback_delivery", "callback_retries", "unknown_accounts"))
"""Switches that no answer depends on, or that say whose account it is."""


@dataclass(frozen=True)
class Outcome:
    """The outcome of one check. ``switch`` is the ``NAME=VALUE`` of ``Behaviour`` that would explain a difference."""

    check: Check
    verdict: str
    expected: Any = None
    actual: Any = None
    switch: str | None = None


def run(notify: RemoteNotify, seen: Callable[[Outcome], object] = lambda outcome: None) -> list[Outcome]:
    """Run every check, ``seen`` gets each outcome as it comes."""
    outcomes = []
    for check in CHECKS.values():
        outcome = ask(notify, check)
        outcomes.append(outcome)
        seen(outcome)
    return outcomes


def ask(notify: RemoteNotify, check: Check) -> Outcome:
    """Run one check. What the answers hold of the account is masked."""
    try:
        wanted, came = check.run(notify)
    except NotAllowed:
        return Outcome(check, SKIPPED)
    except (OSError, LookupError, TypeError, AttributeError, RuntimeError) as error:
        # the last ones mean that an answer has another shape than the check expects
        return Outcome(check, BROKE, actual=notify.masked(f"{type(error).__name__}: {error}"))
    if wanted == came:
        return Outcome(check, AS_EXPECTED)
    expected, actual = notify.masked(json.loads(json.dumps([wanted, came], default=str)))
    return Outcome(check, DIFFERS, expected, actual, explaining_switch(check, came))


def explaining_switch(check: Check, came: Any) -> str | None:
    """The switch under which a fake answers as the other did, spelled ``NAME=VALUE``."""
    for setting, behaviour in alternatives():
        with FakeNotify(behaviour) as fake:
            notify = RemoteNotify(fake.url, Credentials(fake.account_sid, fake.auth_token), may_write=True)
            try:
                wanted, mine = check.run(notify)
            except (LookupError, TypeError, AttributeError, RuntimeError):
                continue
            if wanted != mine and comparable(mine) == comparable(came):
                return setting
    return None


_VARYING = (
    (re.compile(r"\b([A-Z]{2})[0-9a-fA-F]{32}\b"), r"\1"),
    (re.compile(r"\bPA[0-9a-zA-Z]{16,}"), "token"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"), "date"),
    (re.compile(r"[0-9a-f]{12}-[0-9a-f]{6}"), "name"),
    (re.compile(r"\+1500555\d{7}"), "number"),
    (re.compile(r"https?://[^/\"]+"), "origin"),
)


def comparable(came: Any) -> str:
    """What came, without what differs from run to run: sids, dates, names, hosts."""
    text = json.dumps(came, default=str, sort_keys=True)
    for pattern, word in _VARYING:
        text = pattern.sub(word, text)
    return text


def alternatives() -> Iterator[tuple[str, Behaviour]]:
    """Every switch at each of its other values, one at a time."""
    for name, _, _, default, allowed in switches().values():
        for value in allowed if name not in _TESTERS_OWN else ():
            if value != default:
                spelled = str(value).lower() if isinstance(value, bool) else value
                yield f"{name}={spelled}", Behaviour().changed({name: value})
