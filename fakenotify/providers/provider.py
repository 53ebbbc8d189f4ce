"""What a provider is here: which hosts it has, how it answers a request, and what message the request carries."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

REDACTED = "[redacted]"
_SECRET_HEADERS = ("authorization", "cookie", "proxy-authorization")


@dataclass(frozen=True, slots=True)
class ProviderRequest:
    """A message that the code under test sent to a provider: ``provider`` is ``apns``, ``fcm`` or ``messages``.

    ``body`` is the JSON or the form; of a form, a parameter that was sent several times is a list. ``address`` is the
    device token or the phone number. ``status`` is what it was answered with: a message that the provider refused was
    sent all the same. ``Authorization`` is redacted in ``headers``.
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
class Asked:
    """A request as a provider gets it. ``path`` is decoded; header names are in lower case."""

    method: str
    url: str
    host: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    def json_object(self) -> dict[str, Any]:
        """The body as a JSON object; an empty one if it is something else."""
        try:
            parsed = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        return parsed if isinstance(parsed, dict) else {}


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer: JSON, or an empty body for None."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


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


@dataclass(frozen=True)
class Provider:
    """One provider. ``codes`` are its words for errors with their statuses; the first of a status is the usual one.

    ``parse`` reads the body of a request and whom it is for; ``complaint`` is how the provider refuses it, if it does;
    ``accept`` answers a message that is taken, ``error`` refuses one with a code; ``read`` makes a ``Message`` of
    address, headers and body at a moment (seconds since the epoch); ``other`` answers requests that carry no message.
    """

    name: str
    label: str
    hosts: re.Pattern[str]
    channels: tuple[str, ...]
    codes: Mapping[Any, int]
    parse: Callable[[Asked], tuple[dict[str, Any], str | None]]
    complaint: Callable[[Asked, Mapping[str, Any], str | None], Answered | None]
    accept: Callable[[Asked, Mapping[str, Any], str], Answered]
    error: Callable[[Any, str | None, datetime], Answered]
    read: Callable[[str | None, Mapping[str, str], Mapping[str, Any], float], Message]
    other: Callable[[Asked], Answered | None] = lambda asked: None

    def code_of(self, what: Any) -> Any:
        """A code of the provider, or the usual one of a status. Raises ``ValueError`` for one that it doesn't have."""
        usual = {status: code for code, status in reversed([*self.codes.items()])}
        code = usual.get(what, what)
        if code not in self.codes:
            statuses, codes = (", ".join(map(str, names)) for names in (sorted(usual), self.codes))
            raise ValueError(f"{self.label} doesn't answer {what!r}; it has the statuses {statuses} and {codes}")
        return code


def redacted(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers to be shown."""
    return {name: REDACTED if name in _SECRET_HEADERS else value for name, value in headers.items()}


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
