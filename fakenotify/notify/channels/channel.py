"""What a channel is: how its addresses look, what it needs of the Service, and what its provider would get.

The annotations of this package name records that are imported for type checkers alone, because a delivery's record
asks its channel for the request to the provider.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import reduce
from operator import getitem
from typing import TYPE_CHECKING, Any, Literal, NamedTuple
from urllib.parse import quote

if TYPE_CHECKING:
    from fakenotify.core.params import Param
    from fakenotify.notify.behaviour import Behaviour
    from fakenotify.notify.records import Credential, Notification, Service


class Failure(NamedTuple):
    """Why a delivery fails: one of Notify's 52xxx codes; ``text`` where it says more than the code's own title."""

    code: int
    text: str | None = None


class BadAddress(NamedTuple):
    """What is wrong with an address: Notify's ``complaint`` at a write, and the ``failure`` of a delivery."""

    complaint: str
    failure: Failure


class Outgoing(NamedTuple):
    """A Notification on its way through one channel: what all targets with this version and Credential share."""

    notification: Notification
    service: Service
    protocol_version: str
    now: datetime
    credential: Credential | None
    behaviour: Behaviour


@dataclass(frozen=True, slots=True)
class Rendered:
    """What the provider would get, before an address is put into it, and why it would not be sent.

    ``url`` is the provider's, where ``{address}`` stands for the address if that is part of it.
    ``warning`` is an alert beside a delivery that is sent nevertheless; ``hint`` is advice for the request's warnings.
    """

    payload: dict[str, Any]
    headers: dict[str, str] = field(default_factory=dict)
    failure: Failure | None = None
    warning: Failure | None = None
    hint: str | None = None
    url: str = ""


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """The request to a provider that makes one delivery. ``headers`` has no secrets: no ``Authorization``."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: Mapping[str, Any]
    body_type: Literal["json", "form"]


class Shown(NamedTuple):
    """What a person would see: a title, a text (None where there is none), and the URLs of ``media``.

    ``by_app``: the system shows nothing by itself; this is what the app gets, and it decides.
    """

    title: str | None
    body: str | None
    media: tuple[str, ...] = ()
    by_app: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """One way to reach a person. ``channels.register`` makes it a binding type everywhere.

    ``label`` is what people call it. ``example`` is an address; ``addresses`` is a regular expression of those that the
    provider gives out, ``malformed`` one of those that Notify accepts and whose deliveries fail (None: there are none).
    ``override`` is the channel's own parameter of a Notification, whose record has a field for it. ``message_sid`` is
    the prefix of the provider's message ids: ``SM`` for sms (documented), else ``DA``, as in the push alerts of Voice
    (sibling; as the id itself: assumed). ``codes`` are the 52xxx codes of that provider alone.
    ``needs`` is the property of the Service, beside a Credential, without which deliveries fail, and with which code.

    ``check_address(address, binding_sid)`` says what is wrong with an address: by default nothing, since whatever is
    not empty may be a provider's token.
    ``render(outgoing)`` is called once for all targets that share what is in it; ``put_address(payload, address)`` then
    makes the payload of one target, leaving the shared one alone: by default the address is no part of it.
    ``shows(payload)`` is what a person would see.
    """

    binding_type: str
    label: str
    example: str
    addresses: str
    malformed: str | None = None
    override: Param | None = None
    message_sid: str = "DA"
    uses_credential: bool = False
    codes: range = range(0)
    needs: tuple[str, int] | None = None
    body_type: Literal["json", "form"] = "json"
    check_address: Callable[[str, str | None], BadAddress | None] = lambda address, binding_sid: None
    render: Callable[[Outgoing], Rendered]
    put_address: Callable[[Mapping[str, Any], str], dict[str, Any]] = lambda payload, address: dict(payload)
    shows: Callable[[Mapping[str, Any]], Shown]

    def request(self, url: str, address: str, headers: Mapping[str, str], payload: Mapping[str, Any]) -> HttpRequest:
        """The request that brings a payload to an address."""
        content_type = "application/json" if self.body_type == "json" else "application/x-www-form-urlencoded"
        return HttpRequest(
            "POST",
            url.replace("{address}", quote(address, safe="", errors="replace")),
            {"Content-Type": content_type, **headers},
            payload,
            self.body_type,
        )


def at(
    title: Sequence[str | int] = (), body: Sequence[str | int] = (), media: Sequence[str | int] = ()
) -> Callable[[Mapping[str, Any]], Shown]:
    """``shows`` of a channel whose payloads have their texts at these paths; an override can put anything there."""

    def shows(payload: Mapping[str, Any]) -> Shown:
        found: list[Any] = []
        for path in (title, body, media):
            try:
                found.append(reduce(getitem, path, payload) if path else None)  # type: ignore[arg-type]
            except (LookupError, TypeError):
                found.append(None)
        urls = found[2] if isinstance(found[2], list) else [found[2]]
        return Shown(
            found[0] if isinstance(found[0], str) else None,
            found[1] if isinstance(found[1], str) else None,
            tuple(each for each in urls if isinstance(each, str)),
        )

    return shows
