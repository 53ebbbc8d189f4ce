"""What a provider is, and the terms that Notify and the providers share."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from werkzeug.wrappers import Request, Response

Headers = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ProviderRequest:
    """A message that the code under test sent to a provider: ``provider`` is ``apns``, ``fcm`` or ``messages``.

    ``body`` is the JSON or the form; of a form, a parameter that was sent several times is a list. ``address`` is the
    device token or the phone number. ``status`` is that of the answer: a message that the provider refused was sent all
    the same. ``Authorization`` is redacted in ``headers``, whose names are in lower case.
    """

    provider: str
    method: str
    url: str
    headers: Mapping[str, str] = field(repr=False)
    body: Mapping[str, Any]
    address: str | None
    status: int
    date: datetime

    def __str__(self) -> str:
        return f"{self.provider} {self.address} ({self.status})"


@dataclass(frozen=True, slots=True)
class Message:
    """What reaches a device, in terms that Notify and the providers share.

    ``expiry`` is in seconds from the sending, None where the provider decides. ``data`` is flat: what an app finds
    beside title and body, members of members as ``a.b``.
    """

    channel: str
    address: str | None
    title: str | None
    body: str | None
    data: Mapping[str, Any]
    priority: str | None = None
    expiry: int | None = None
    collapse: str | None = None


class Answer(Response):
    """JSON, or an empty body for None."""

    default_mimetype = None

    def __init__(self, status: int, body: Any = None, headers: Headers | None = None) -> None:
        text, kind = ("", None) if body is None else (json.dumps(body), "application/json; charset=UTF-8")
        super().__init__(text, status, headers, content_type=kind)


class Provider(Protocol):
    """A provider is a module with these names.

    ``HOSTS`` are its hosts, ``CHANNELS`` the binding types that it serves, and ``CODES`` its words for errors with
    their statuses; the first of a status is the usual one.
    """

    LABEL: str
    HOSTS: re.Pattern[str]
    CHANNELS: tuple[str, ...]
    CODES: Mapping[Any, int]

    def parse(self, request: Request, /) -> tuple[dict[str, Any], str | None]:
        """The body of a request, and the address that it is for."""
        ...

    def complaint(self, request: Request, body: Mapping[str, Any], address: str | None, /) -> Answer | None:
        """How the provider refuses a request, if it does."""
        ...

    def accept(self, request: Request, body: Mapping[str, Any], unique: str, /) -> Answer:
        """The answer to a message that is taken; ``unique`` is 32 hex digits."""
        ...

    def error(self, code: Any, address: str | None, now: datetime, /) -> Answer:
        """A refusal with a code."""
        ...

    def read(self, address: str | None, headers: Headers, payload: Mapping[str, Any], now: float, /) -> Message:
        """The message in headers and body; ``now``, in seconds since the epoch, is when it was sent."""
        ...


def json_object(request: Request) -> dict[str, Any]:
    """The body as a JSON object; an empty one if it is something else."""
    try:
        parsed = json.loads(request.get_data())
    except (ValueError, RecursionError):
        return {}
    return parsed if isinstance(parsed, dict) else {}


def mapping(value: Any) -> Mapping[str, Any]:
    """The value if it is an object, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def flat(value: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """An object's members, those of inner objects as ``outer.inner``."""
    found: dict[str, Any] = {}
    for name, each in value.items():
        if isinstance(each, Mapping) and each:
            found |= flat(each, f"{above}{name}.")
        else:
            found[f"{above}{name}"] = each
    return found
