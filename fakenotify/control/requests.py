"""The control operation that reads the journal."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from shlex import quote
from typing import Any

from fakenotify.control.faults import of_met
from fakenotify.control.routes import Parameter, Refused
from fakenotify.control.schema import FLAG, TEXT, TEXT_OR_NULL
from fakenotify.control.sight import Accept, Sight, audience, equal, has_code, like, listed, strings
from fakenotify.control.tables import Rows
from fakenotify.core.errors import ASSUMED, DOCUMENTED, OBSERVED, SAMPLE, SIBLING
from fakenotify.notify.journal import Request

_DECISION = re.compile(r"\bD\d+\b")


def _values(request: Request, name: str) -> list[str]:
    """The values of a parameter of a request."""
    given = request.params.get(name, ())
    return [given] if isinstance(given, str) else list(given)


def _identities(request: Request) -> list[str]:
    """The recipients of a request, from its parameters or its answer."""
    answered = (request.body or {}).get("identity")
    return [*_values(request, "Identity"), *([answered] if isinstance(answered, str) else [])]


def _request(sight: Sight, request: Request) -> dict[str, Any]:
    return {
        "sid": request.sid,
        "identity": next(iter(_identities(request)), None),
        "whom": whom(request),
        "decision": decision_of(request.source or ""),
        "fault_words": of_met(request.fault, request.operation) if request.fault else None,
        "sure": f"{request.label}: {_SURE[request.label]}" if request.label in _SURE else request.label,
        "curl": _curl(sight.origin, request),
    }


_SURE = {
    DOCUMENTED: "Twilio's documentation says so",
    OBSERVED: "it was seen on the real service",
    SIBLING: "another product of Twilio's does so",
    SAMPLE: "it is in one of Twilio's samples",
    ASSUMED: "nothing says so: it is an assumption of fakenotify's",
}


def _curl(origin: str, request: Request) -> str:
    """A request to Notify as a command for a shell; the token is the reader's to fill in."""
    lines = [
        f"curl{' -G' if request.method in ('GET', 'DELETE') else ''} -X {request.method} {quote(origin + request.path)}"
    ]
    lines.append(f'-u "{request.account_sid or "$TWILIO_ACCOUNT_SID"}:$TWILIO_AUTH_TOKEN"')
    for name in request.params:
        lines += [f"--data-urlencode {quote(f'{name}={value}')}" for value in _values(request, name)]
    return " \\\n  ".join(lines)


def whom(request: Request) -> str | None:
    """The recipients of a request, in words."""
    identities = list(dict.fromkeys(_identities(request)))
    if request.operation != "notifications.create":
        return listed(identities) if identities else None
    direct = len(_values(request, "ToBinding"))
    return audience(direct, identities, _values(request, "Tag"), _values(request, "Segment"))


def decision_of(source: str) -> str | None:
    """The decision that a source names, such as ``D12``."""
    found = _DECISION.search(source)
    return found[0] if found else None


def _request_status(sight: Sight, value: str) -> Accept:
    wanted = value.lower()
    if wanted not in ("none", "ok", "failed") and not (len(wanted) == 3 and wanted[0].isdigit()):
        raise Refused(400, f"status is such as 429, 4xx, ok, failed or none, not {value!r}")

    def accept(request: Request) -> bool:
        status = request.status
        if wanted in ("none", "failed", "ok"):
            return status is None if wanted == "none" else (status is None or status >= 400) is (wanted == "failed")
        return status is not None and wanted in (str(status), f"{status // 100}xx")

    return accept


def _warned(sight: Sight, value: str) -> Accept:
    wanted = Parameter("", FLAG).read("warned", value)
    return lambda request: bool(request.warnings) is wanted


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
        "sid": ("Only those whose answer is the record with this sid.", lambda _, value: lambda row: row.sid == value),
        "operation": (
            "Only requests of an operation such as `bindings.create`, or of a pattern such as `bindings.*`.",
            lambda _, value: lambda request: request.operation is not None and fnmatchcase(request.operation, value),
        ),
        "status": ("Only requests with this status: `429`, `4xx`, `ok`, `failed`, `none`.", _request_status),
        "code": ("Only refusals with this code.", has_code),
        **like("method"),
        "identity": (
            "Only requests about this identity.",
            lambda _, value: lambda request: value in _identities(request),
        ),
        "tag": ("Only requests with this tag.", lambda _, value: lambda request: value in _values(request, "Tag")),
        **equal("request_id", "rule"),
        "warned": ("`true`: only those with warnings.", _warned),
    },
    _request_texts,
    _request,
    {**dict.fromkeys(("sid", "identity", "whom", "decision", "fault_words", "sure"), TEXT_OR_NULL), "curl": TEXT},
    heavy=("body", "curl"),
    date=lambda request: request.date,
)
