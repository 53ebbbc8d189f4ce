"""What a channel is: how its addresses look, what it needs of the Service, and what its provider would get."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from fakenotify.notify.records import Notification, Service


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a delivery fails: one of Notify's 52xxx codes; ``text`` where it says more than the code's own title."""

    code: int
    text: str | None = None


@dataclass(frozen=True, slots=True)
class BadAddress:
    """What is wrong with an address: Notify's ``complaint`` at a write, and the ``failure`` of a delivery."""

    complaint: str
    failure: Failure


@dataclass(frozen=True, slots=True)
class Rendered:
    """What the provider would get, before an address is put into it, and why it would not be sent."""

    payload: dict[str, Any]
    headers: dict[str, str] = field(default_factory=dict)
    failure: Failure | None = None


class Shown(NamedTuple):
    """What a person would see; None where the device shows nothing by itself."""

    title: str | None
    body: str | None


@dataclass(frozen=True, slots=True)
class Channel:
    """One row of ``CHANNELS``.

    ``check_address(address, binding_sid)`` says what is wrong with an address, ``check_service(service)`` what the
    Service lacks. ``render(notification, service, protocol_version, now)`` is called once for all targets of a
    Notification that share a version; ``put_address(payload, address)`` then makes the payload of one target, leaving
    the shared one alone. ``shows(payload)`` is the title and the text that a person would see. ``message_sid`` is the
    prefix of the provider's message ids: ``SM`` for sms (documented), else ``DA``, as in the push alerts of Voice
    (sibling; as the id itself: assumed). ``uses_credential``: apn, fcm and gcm.
    """

    binding_type: str
    message_sid: str
    uses_credential: bool
    check_address: Callable[[str, str | None], BadAddress | None]
    check_service: Callable[[Service], Failure | None]
    render: Callable[[Notification, Service, str, datetime], Rendered]
    put_address: Callable[[Mapping[str, Any], str], dict[str, Any]]
    shows: Callable[[Mapping[str, Any]], Shown]


def any_address(address: str, binding_sid: str | None) -> BadAddress | None:
    """A provider's own tokens and ids: whatever is not empty may be one."""
    return None


def any_service(service: Service) -> Failure | None:
    """The channel needs nothing of the Service but a Credential."""
    return None


def merged(generic: Mapping[str, Any], override: Mapping[str, Any] | None) -> dict[str, Any]:
    """``override`` laid over ``generic``: deep, and the override wins at the leaves. (assumed D35)"""
    result = dict(generic)
    for key, value in (override or {}).items():
        below = result.get(key)
        result[key] = merged(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return result


def given(**attributes: Any) -> dict[str, Any]:
    """The attributes that have a value: a generic parameter that was not sent leaves no trace in a payload."""
    return {name: value for name, value in attributes.items() if value is not None}


def size_in_bytes(payload: Any) -> int:
    """The size of compact JSON in UTF-8, which is what providers limit. (assumed D50)

    A lone surrogate, which JSON can spell but UTF-8 can't, counts three bytes.
    """
    text = json.dumps(payload, separators=(",", ":"), ensure_ascii=False)
    return len(text.encode("utf-8", "surrogatepass"))


def inside(payload: Any, *path: str) -> Any:
    """The value at ``path``, or None where an override has put something else in its way."""
    for key in path:
        payload = payload.get(key) if isinstance(payload, Mapping) else None
    return payload


def words(value: Any) -> str | None:
    """A text, or None: an override can hold anything."""
    return value if isinstance(value, str) else None
