"""The records of the fake, frozen dataclasses. An update makes a new record."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Generic, Literal, TypeVar
from urllib.parse import parse_qs

from fakenotify.core.frozen import quick
from fakenotify.core.matching import matches
from fakenotify.core.params import did_you_mean
from fakenotify.core.printable import printable, shortened
from fakenotify.notify.channels import CHANNELS, HttpRequest

T = TypeVar("T")

_SECRET_PART = re.compile(r"(?<=//)[^/?#]*@|[?#].*", re.DOTALL)
"""Parts of a URL, valid or not, that may be secret: user and password, and what follows the path."""


class Strings(tuple[str, ...]):
    """A frozen list of strings, equal to a list as well as to a tuple of the same strings."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return tuple.__eq__(self, tuple(other) if isinstance(other, list) else other) is True

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = tuple.__hash__

    def __repr__(self) -> str:
        return repr(list(self))


NO_STRINGS = Strings()


class Records(list[T], Generic[T]):
    """A list of records, oldest first."""

    @property
    def last(self) -> T:
        """The newest record; an ``IndexError`` when there is none."""
        if not self:
            raise IndexError("there is no record yet")
        return self[-1]

    def where(self, **wanted: Any) -> Records[T]:
        """Those whose fields are all as ``wanted``: equal, or a compiled regular expression is found in them.

        A record stands for its sid. An unknown field is a ``TypeError``.
        """
        wanted = with_sids(wanted)
        if self:
            for name in wanted:
                _check_field(self[0], name)
        return Records(
            record for record in self if all(matches(value, getattr(record, name)) for name, value in wanted.items())
        )


def sid_of(record: Any) -> Any:
    """The sid of a record; any other value unchanged."""
    sid = getattr(record, "sid", None)
    return record if sid is None else sid


def with_sids(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Fields or arguments, with the sid of each record that was given for one."""
    return {name: sid_of(value) if name.endswith("_sid") else value for name, value in fields.items()}


def _check_field(record: Any, name: str) -> None:
    known = [field.name for field in fields(record)]
    if name not in known and not isinstance(getattr(type(record), name, None), property):
        raise TypeError(f"{type(record).__name__} has no field {name!r}{did_you_mean(name, known)}")


class OneLine:
    """A record whose ``repr`` is one short line that is safe to print, and shows no secret."""

    __slots__ = ()

    def _words(self) -> tuple[Any, ...]:
        """The fields that identify it and its result; None is left out."""
        raise NotImplementedError  # pragma: no cover: each record has its own

    def __repr__(self) -> str:
        shown = [str(each) for each in self._words() if each is not None]
        return f"<{shortened(' '.join([type(self).__name__, *shown]), _LONGEST_LINE)}>"


def quoted(text: str | None) -> str | None:
    """A text in quotation marks, so that its beginning and end are visible."""
    return None if text is None else repr(text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]}…")


def short_address(address: str) -> str:
    """An address as people recognise it: the whole of a phone number, the ends of a token."""
    return address if len(address) <= _LONGEST_ADDRESS else f"{address[:10]}…{address[-6:]}"


_LONGEST_LINE, _LONGEST_TEXT, _LONGEST_ADDRESS = 160, 40, 24


@dataclass(frozen=True, slots=True, repr=False)
class Service(OneLine):
    """A Notify Service (``IS…``): the scope of Bindings and Notifications."""

    sid: str
    account_sid: str
    friendly_name: str | None
    date_created: datetime
    date_updated: datetime
    apn_credential_sid: str | None
    gcm_credential_sid: str | None
    fcm_credential_sid: str | None
    messaging_service_sid: str | None
    facebook_messenger_page_id: str | None
    alexa_skill_id: str | None
    default_apn_notification_protocol_version: str
    default_gcm_notification_protocol_version: str
    default_fcm_notification_protocol_version: str
    default_alexa_notification_protocol_version: str
    log_enabled: bool
    delivery_callback_url: str | None
    delivery_callback_enabled: bool

    def protocol_version(self, binding_type: str) -> str:
        """The default for a type; ``"default"`` where there is none. (sms: observed; messenger: assumed D5)"""
        version: str = getattr(self, f"default_{binding_type}_notification_protocol_version", "default")
        return version

    def _words(self) -> tuple[Any, ...]:
        return (self.sid, quoted(self.friendly_name))


@quick
@dataclass(frozen=True, slots=True, repr=False)
class Binding(OneLine):
    """A Binding (``BS…``): ties an identity to one address on one channel."""

    sid: str
    account_sid: str
    service_sid: str
    identity: str
    binding_type: str
    address: str
    tags: Strings
    notification_protocol_version: str
    credential_sid: str | None
    endpoint: str | None
    date_created: datetime
    date_updated: datetime

    def _words(self) -> tuple[Any, ...]:
        return (self.sid, self.identity, self.binding_type, short_address(self.address))


@dataclass(frozen=True, slots=True, repr=False)
class Credential(OneLine):
    """A push Credential (``CR…``). Its secrets are dropped on arrival and never stored.

    ``fcm_api`` is ``v1`` or ``legacy``, the API of Google that its Secret is a key to, and None for apn; ``project_id``
    is the Firebase project that a service account's key names. Neither is part of Notify's answer. (assumed D51)
    """

    sid: str
    account_sid: str
    friendly_name: str | None
    type: str
    sandbox: str | None
    date_created: datetime
    date_updated: datetime
    fcm_api: Literal["v1", "legacy"] | None = None
    project_id: str | None = None

    def _words(self) -> tuple[Any, ...]:
        return (self.sid, self.type, quoted(self.friendly_name))


@quick
@dataclass(frozen=True, slots=True, repr=False)
class Notification(OneLine):
    """A Notification (``NT…``): created, never readable afterwards.

    ``to_binding`` and ``delivery_callback_url`` are not part of Notify's answer; they are kept for the tester.
    """

    sid: str
    account_sid: str
    service_sid: str
    date_created: datetime
    identities: Strings
    tags: Strings
    segments: Strings
    priority: str
    ttl: int
    title: str | None
    body: str | None
    sound: str | None
    action: str | None
    data: Mapping[str, Any] | None
    apn: Mapping[str, Any] | None
    fcm: Mapping[str, Any] | None
    gcm: Mapping[str, Any] | None
    sms: Mapping[str, Any] | None
    facebook_messenger: Mapping[str, Any] | None
    alexa: Mapping[str, Any] | None
    to_binding: tuple[Mapping[str, Any], ...] = ()
    delivery_callback_url: str | None = None

    def _words(self) -> tuple[Any, ...]:
        selectors = {"Identity": self.identities, "Tag": self.tags, "Segment": self.segments}
        chosen = [f"{name}=[{', '.join(values)}]" for name, values in selectors.items() if values]
        if self.to_binding:
            chosen.append(f"ToBinding x {len(self.to_binding)}")
        return (self.sid, "to", ", ".join(chosen), quoted(self.body or self.title))


@quick
@dataclass(frozen=True, slots=True, repr=False)
class User(OneLine):
    """A User (``US…``) of a Service, known by identity; withdrawn by Twilio in 2018."""

    sid: str
    account_sid: str
    service_sid: str
    identity: str
    segments: Strings
    date_created: datetime
    date_updated: datetime

    def _words(self) -> tuple[Any, ...]:
        return (self.sid, self.identity)


@dataclass(frozen=True, slots=True, repr=False)
class Segment(OneLine):
    """A Segment (``GS…``) of a Service; it exists once a User was put into it."""

    sid: str
    account_sid: str
    service_sid: str
    unique_name: str
    date_created: datetime
    date_updated: datetime

    def _words(self) -> tuple[Any, ...]:
        return (self.sid, self.unique_name)


@quick
@dataclass(frozen=True, slots=True, repr=False)
class Delivery(OneLine):
    """What one device would have received, or why it would not: one for each target of a Notification.

    ``status`` is ``SENT`` or ``FAILED``; ``error_code`` is then one of Notify's 52xxx codes. ``payload`` is exactly
    what APNs, FCM, GCM, the Messages resource, Messenger or Alexa would get, ``headers`` is what would be sent with it.
    ``sid`` is the provider's message id, null when nothing reached a provider. ``binding_sid`` and ``identity`` are
    null for a direct send. ``provider_url`` is where it goes, ``{address}`` standing for the address; it is empty for a
    delivery that an older version saved.
    """

    sid: str | None
    notification_sid: str
    service_sid: str
    account_sid: str
    binding_sid: str | None
    identity: str | None
    binding_type: str
    address: str
    status: Literal["SENT", "FAILED"]
    error_code: int | None
    error_message: str | None
    payload: Mapping[str, Any]
    headers: Mapping[str, str]
    credential_sid: str | None
    protocol_version: str
    date_created: datetime
    provider_url: str = ""

    @property
    def request(self) -> HttpRequest:
        """The request to the provider, which a failed delivery doesn't make."""
        return CHANNELS[self.binding_type].request(self.provider_url, self.address, self.headers, self.payload)

    def _words(self) -> tuple[Any, ...]:
        owner = "(direct)" if self.identity is None else self.identity
        return (self.sid, owner, self.binding_type, short_address(self.address), self.status, self.error_code)


@dataclass(frozen=True, slots=True, repr=False)
class Attempt(OneLine):
    """One try to post a callback: the ``status`` and the beginning of the ``body`` that came back, or the ``error``."""

    date: datetime
    status: int | None = None
    body: str = ""
    error: str | None = None

    @property
    def succeeded(self) -> bool:
        """Whether the answer was a 2xx."""
        return self.status is not None and 200 <= self.status < 300

    def _words(self) -> tuple[Any, ...]:
        return (self.status, self.error)


@dataclass(frozen=True, slots=True, repr=False)
class Callback(OneLine):
    """A delivery callback: ``body`` is the form exactly as posted, ``signature`` its ``X-Twilio-Signature``.

    ``status`` is ``PENDING``, ``DELIVERED`` or ``FAILED``; ``attempts`` are the tries so far, oldest first.
    """

    sid: str
    account_sid: str
    service_sid: str
    notification_sid: str
    url: str
    body: str
    signature: str
    sequence_id: int
    is_final: bool
    status: Literal["PENDING", "DELIVERED", "FAILED"]
    attempts: tuple[Attempt, ...]
    date_created: datetime

    @property
    def response(self) -> Attempt | None:
        """The last attempt that was answered, or None."""
        return next((each for each in reversed(self.attempts) if each.status is not None), None)

    @property
    def params(self) -> dict[str, list[str]]:
        """The form, parsed: each name with its values."""
        return parse_qs(self.body, keep_blank_values=True)

    @property
    def delivery_states(self) -> list[dict[str, Any]]:
        """The deliveries that the callback reports."""
        return [json.loads(each) for each in self.params.get("DeliveryState", [])]

    def _words(self) -> tuple[Any, ...]:
        place = _SECRET_PART.sub("", self.url)
        return (self.sid, "of", self.notification_sid, "to", place, self.status, f"attempts={len(self.attempts)}")


@dataclass(frozen=True, slots=True, repr=False)
class Alert(OneLine):
    """An entry of Twilio's Debugger: ``level`` is ``ERROR`` or ``WARNING``, ``code`` one of 52xxx."""

    code: int
    level: Literal["ERROR", "WARNING"]
    text: str
    notification_sid: str | None
    service_sid: str | None
    account_sid: str
    binding_sid: str | None
    binding_type: str | None
    date_created: datetime

    def __str__(self) -> str:
        return printable(f"{self.level} {self.code} {self.text} ({self.notification_sid})")

    def _words(self) -> tuple[Any, ...]:
        return (self,)


def strings(values: Iterable[str]) -> Strings:
    """``values`` as a frozen list."""
    return Strings(values) if values else NO_STRINGS
