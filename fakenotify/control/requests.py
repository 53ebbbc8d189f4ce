"""The control operation that reads the journal."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

from fakenotify.control.filters import has_code, is_like, is_value, strings
from fakenotify.control.reads import Accept, table
from fakenotify.control.routes import Refused
from fakenotify.control.schema import TEXT_OR_NULL
from fakenotify.control.sight import Sight
from fakenotify.control.words import audience, decision_of, listed
from fakenotify.notify.journal import Request


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
    }


def whom(request: Request) -> str | None:
    """The recipients of a request, in words."""
    identities = list(dict.fromkeys(_identities(request)))
    if request.operation != "notifications.create":
        return listed(identities) if identities else None
    direct = len(_values(request, "ToBinding"))
    return audience(direct, identities, _values(request, "Tag"), _values(request, "Segment"))


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
    if value.lower() not in ("true", "false"):
        raise Refused(400, f"warned is true or false, not {value!r}", ["true", "false"])
    return lambda request: bool(request.warnings) is (value.lower() == "true")


def _request_texts(request: Request) -> Iterator[str | None]:
    yield from (request.method, request.path, request.operation, request.message, request.request_id, request.sid)
    yield request.fault
    yield from request.warnings
    yield from strings(request.params)


get_requests = table(
    "requests",
    "The journal: what was asked of Notify, and how it was answered.",
    Request,
    {
        "sid": is_value("sid", "Only those whose answer is the record with this sid."),
        "operation": (
            "Only requests of an operation such as `bindings.create`, or of a pattern such as `bindings.*`.",
            lambda _, value: lambda request: request.operation is not None and fnmatchcase(request.operation, value),
        ),
        "status": ("Only requests with this status: `429`, `4xx`, `ok`, `failed`, `none`.", _request_status),
        "code": ("Only refusals with this code.", has_code),
        "method": is_like("method", "method"),
        "identity": (
            "Only requests about this identity.",
            lambda _, value: lambda request: value in _identities(request),
        ),
        "tag": ("Only requests with this tag.", lambda _, value: lambda request: value in _values(request, "Tag")),
        "request_id": is_value("request_id"),
        "rule": is_value("rule"),
        "warned": ("`true`: only those with warnings.", _warned),
    },
    _request_texts,
    _request,
    dict.fromkeys(("sid", "identity", "whom", "decision"), TEXT_OR_NULL),
    heavy=frozenset(("body",)),
    date=lambda request: request.date,
)
