"""The control operation that reads the journal."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import partial
from shlex import quote
from typing import Any

from fakenotify.control.app import Reading, add_tables
from fakenotify.control.routes import Refused, flag
from fakenotify.control.schema import TEXT, TEXT_OR_NULL
from fakenotify.control.tables import Filter, Rows, code_of, equal, like, strings
from fakenotify.core.errors import ASSUMED, DOCUMENTED, OBSERVED, SAMPLE, SIBLING
from fakenotify.faults.injected import LONGEST_PATTERN
from fakenotify.faults.kinds import KINDS
from fakenotify.notify.journal import Request
from fakenotify.server.wsgi import origin
from fakenotify.world.audience import identities_of, values_of, whom

_DECISION = re.compile(r"\bD\d+\b")


def _request(reading: Reading, request: Request) -> dict[str, Any]:
    return {
        "sid": request.sid,
        "identity": next(iter(identities_of(request)), None),
        "whom": whom(request),
        "decision": decision_of(request.source or ""),
        "fault_words": met(request.fault, request.operation) if request.fault else None,
        "sure": f"{request.label}: {_SURE[request.label]}" if request.label in _SURE else request.label,
        "curl": _curl(origin(reading.environ), request),
    }


_NUMBER = re.compile(r"\b(status|requests|seconds)=([\d.e+-]+)")


def met(fault: str, operation: str | None) -> str:
    """A fault that a request met, from its text in the journal: ``Answer 429 to notifications.create``."""
    name, _, arguments = fault.partition("(")
    kind = KINDS[name]
    # the first of each name counts: a message, which follows, may look like one
    found = dict(reversed(_NUMBER.findall(arguments)))
    given = {name: float(value) if name == "seconds" else int(value) for name, value in found.items()}
    late = ", after it has taken effect" if fault.endswith(" after") and not kind.needs_answer else ""
    return kind.sentence.format(who=operation or "the request", **given) + late


_SURE = {
    DOCUMENTED: "Twilio's documentation says so",
    OBSERVED: "it was seen on the real service",
    SIBLING: "another product of Twilio's does so",
    SAMPLE: "it is in one of Twilio's samples",
    ASSUMED: "nothing says so: it is an assumption of fakenotify's",
}


def _curl(origin: str, request: Request) -> str:
    """A request to Notify as a command for a shell; the token is the reader's to fill in."""
    method = "--head" if request.method == "HEAD" else f"-X {quote(request.method)}"  # -X HEAD waits for a body
    in_query = "-G " if request.method in ("GET", "DELETE", "HEAD") else ""
    literally = "-g " if re.search(r"[][{}]", request.path) else ""
    lines = [f"curl {literally}{in_query}{method} {quote(origin + request.path)}"]
    lines.append(f'-u "{request.account_sid or "$TWILIO_ACCOUNT_SID"}:$TWILIO_AUTH_TOKEN"')
    for name in request.params:
        lines += [f"--data-urlencode {quote(f'{name}={value}')}" for value in values_of(request, name)]
    return " \\\n  ".join(lines)


def decision_of(source: str) -> str | None:
    """The decision that a source names, such as ``D12``."""
    found = _DECISION.search(source)
    return found[0] if found else None


def _pattern_of(value: str) -> str:
    if len(value) > LONGEST_PATTERN:
        raise Refused(400, f"operation has at most {LONGEST_PATTERN} characters")
    return value


def _status_of(value: str) -> str:
    wanted = value.lower()
    if wanted not in ("none", "ok", "failed") and not (len(wanted) == 3 and wanted[0].isdigit()):
        raise Refused(400, f"status is such as 429, 4xx, ok, failed or none, not {value!r}")
    return wanted


def _has_status(_: Reading, wanted: str, request: Request) -> bool:
    status = request.status
    if status is None:
        return wanted in ("none", "failed")
    return wanted in (str(status), f"{status // 100}xx", "failed" if status >= 400 else "ok")


def _request_texts(request: Request) -> Iterator[str | None]:
    yield from (request.method, request.path, request.operation, request.message, request.request_id, request.sid)
    yield request.fault
    yield from request.warnings
    yield from strings(request.params)


REQUESTS = Rows(
    "requests",
    "The journal: what was asked of Notify, and how it was answered.",
    Request,
    {
        "sid": Filter("Only those whose answer is the record with this sid.", lambda _, sid, row: row.sid == sid),
        "operation": Filter(
            "Only requests of an operation such as `bindings.create`, or of a pattern such as `bindings.*`.",
            lambda _, pattern, request: request.operation is not None and fnmatchcase(request.operation, pattern),
            _pattern_of,
        ),
        "status": Filter(
            "Only requests with this status: `429`, `4xx`, `ok`, `failed`, `none`.", _has_status, _status_of
        ),
        "code": Filter("Only refusals with this code.", lambda _, code, request: request.code == code, code_of),
        **like("method"),
        "identity": Filter("Only requests about this identity.", lambda _, value, row: value in identities_of(row)),
        "tag": Filter("Only requests with this tag.", lambda _, tag, request: tag in values_of(request, "Tag")),
        **equal("request_id", "rule"),
        "warned": Filter(
            "`true`: only those with warnings.",
            lambda _, warned, request: bool(request.warnings) is warned,
            partial(flag, "warned"),
        ),
    },
    _request_texts,
    _request,
    {**dict.fromkeys(("sid", "identity", "whom", "decision", "fault_words", "sure"), TEXT_OR_NULL), "curl": TEXT},
    heavy=("body", "curl"),
    date=lambda request: request.date,
)
add_tables(REQUESTS)
