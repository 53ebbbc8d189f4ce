"""``fakenotify compare``: another Notify, or recorded traffic, against what the fake answers."""

from __future__ import annotations

import http.client
import json
import os
import sys
from argparse import Namespace
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from fakenotify.cli.output import CommandError, check_writable, progress, refusing, say, show, writing
from fakenotify.cli.pull import NOTIFY, check_login, credentials_of
from fakenotify.cli.signals import handling, interrupts
from fakenotify.conformance import replay, suite
from fakenotify.conformance.client import Credentials, RemoteNotify, Unreachable
from fakenotify.conformance.recording import BadRecording, read
from fakenotify.core.printable import beginning, printable

USAGE = None
DESCRIPTION = """\
Run the conformance suite against another Notify (read-only unless --write), or replay RECORDING to a fresh fake, and
print the differences. The exit status is 0 if there are none, 1 if there are some. The credentials come from the
environment, as for 'fakenotify pull'."""


def add_options(add: Callable[..., object]) -> None:
    """Declare the options."""
    add(
        "recording",
        nargs="?",
        metavar="RECORDING",
        help="recorded traffic; without it, the conformance suite asks --url",
    )
    add("--url", default=NOTIFY, help="the Notify to ask (default: %(default)s)")
    add("--write", action="store_true", help="also run the checks that create something, and delete it afterwards")
    add("--report", metavar="FILE", help="write the differences as JSON")
    add("--markdown", metavar="FILE", help="write a page that can be pasted into an issue")


def run(options: Namespace) -> int:
    """Compare, and write the reports. Returns 1 if there are differences. Raises ``CommandError``."""
    if options.recording is not None and (options.write or options.url != NOTIFY):
        raise CommandError("a recording is compared with this fake alone: leave --url and --write out")
    check_writable(options.report, options.markdown)
    report = (
        _recorded(options.recording) if options.recording is not None else _asked(options, credentials_of(os.environ))
    )
    pages = (options.report, json.dumps(report, indent=2) + "\n"), (options.markdown, page(report))
    for path, text in pages:
        if path:
            with writing(path):
                Path(path).write_text(text, encoding="utf-8")
    for each in report["differences"]:
        show("\n".join(_words(each)))
    show(_summary(report))
    return 1 if report["differences"] else 0


def _recorded(path: str) -> dict[str, Any]:
    with refusing(f"can't read the recording {path}: ", OSError), refusing("", BadRecording):
        calls = read(path)
    differences = [asdict(each) for each in replay.compare(calls)]
    return {"differences": differences, "checked": len(calls), "of": "recorded calls", "source": Path(path).name}


def _asked(options: Namespace, credentials: Credentials) -> dict[str, Any]:
    with refusing("", Unreachable), refusing(f"can't reach {options.url}: ", OSError, http.client.HTTPException):
        notify = RemoteNotify(options.url, credentials, may_write=options.write)
        check_login(options.url, notify.get("/Services", PageSize="1"))
    progressed = progress()
    with handling(interrupts(), lambda number, frame: None):  # a second Ctrl-C doesn't stop the deleting
        try:
            with handling(interrupts(), notify.interrupt):
                outcomes = suite.run(notify, lambda outcome: progressed(f"{outcome.check.id}: {outcome.verdict}"))
        finally:
            progressed("")
            left = notify.undo()
            if left:
                say(sys.stderr, " ".join(("could not be deleted, please delete them yourself:", *left)))
    return {
        "differences": [_difference(each) for each in outcomes if each.verdict in (suite.DIFFERS, suite.BROKE)],
        "checked": sum(each.verdict != suite.SKIPPED for each in outcomes),
        "skipped": sum(each.verdict == suite.SKIPPED for each in outcomes),
        "of": "checks",
        "source": notify.masked(notify.url),
        "rules": [_difference(each) | {"verdict": each.verdict} for each in outcomes],
    }


def _difference(outcome: suite.Outcome) -> dict[str, Any]:
    check = outcome.check
    return {
        "rule": check.rule,
        "check": check.id,
        "what": check.says,
        "expected": outcome.expected,
        "actual": outcome.actual,
        "label": check.label,
        "source": check.source,
        "switch": outcome.switch,
    }


def _summary(report: Mapping[str, Any]) -> str:
    count = len(report["differences"])
    differences = "no difference" if count == 0 else f"{count} difference{'s' * (count != 1)}"
    skipped = f"; {report['skipped']} skipped, --write runs them too" if report.get("skipped") else ""
    return f"{report['source']}: {report['checked']} {report['of']}, {differences}{skipped}"


def _words(each: Mapping[str, Any]) -> list[str]:
    """A difference in lines for a terminal."""
    where = f"call {each['call']}, {each['request']}" if "call" in each else each["check"]
    label = f" [{each['label']}]" if each["label"] else ""
    lines = [
        printable(f"{where}: {each['what']}{label}"),
        f"    the fake   {_short(each['expected'])}",
        f"    the other  {_short(each['actual'])}",
    ]
    if each["switch"]:
        lines.append(f"    with the switch {each['switch']}, the fake gives the same answer")
    return lines


def _short(value: Any) -> str:
    return beginning(json.dumps(value), 300)


def page(report: Mapping[str, Any]) -> str:
    """A page in Markdown: the summary, then a row for each difference."""
    lines = ["# fakenotify compare", "", _summary(report), ""]
    if report["differences"]:
        lines += ["| Where | What | Label | The fake | The other | Switch |", "| --- | --- | --- | --- | --- | --- |"]
    for each in report["differences"]:
        where = f"call {each['call']}: `{each['request']}`" if "call" in each else f"`{each['rule']}`"
        answers = (f"`{_short(each[whose])}`" for whose in ("expected", "actual"))
        cells = (where, each["what"], each["label"] or "", *answers, each["switch"] or "")
        escaped = (cell.replace("|", "\\|").replace("\n", " ").replace("<", "&lt;") for cell in cells)
        lines.append(f"| {' | '.join(escaped)} |")
    return "\n".join(lines) + "\n"
