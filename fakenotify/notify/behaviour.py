"""The switches: what nobody outside Twilio knows for sure, with our defaults. Reference 6; all *assumed*."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from functools import cache
from typing import Any, Literal, get_args, get_type_hints

from fakenotify.core.params import boolean, did_you_mean

MOST_RETRIES = 10


@dataclass(frozen=True)
class Behaviour:
    """The fake's switches. An unknown field is a ``TypeError``, an unknown value a ``ValueError``."""

    identity_limit: Literal["reject", "evict_oldest"] = "reject"
    """The 21st Binding of an identity is refused, or takes the place of the oldest (D1)."""
    replacement_keeps_sid: bool = False
    """A create with a known Address keeps the old sid, date_created and place in lists (D2)."""
    address_scope: Literal["service", "service_and_type"] = "service"
    """An Address is unique in its Service, or in its Service for its type (D2)."""
    credentials_checked: Literal["at_delivery", "at_write"] = "at_delivery"
    """When a Credential sid must exist and have the right type (D3)."""
    addresses_checked: Literal["at_delivery", "at_write"] = "at_delivery"
    """When an Address must be well-formed for its type (D4)."""
    apn_protocol_version: Literal["4", "3"] = "4"
    """The APNs protocol version of a new Service (D5)."""
    page_size_limit: Literal["clamp", "reject"] = "clamp"
    """A PageSize above 1000 counts as 1000, or is refused with code 20007 (D6)."""
    callback_when_empty: bool = False
    """A Notification without targets sends one delivery callback with Count=0 (D8)."""
    legacy_resources: bool = True
    """Users, UserBindings, Segments and SegmentMemberships are served (D12)."""
    callback_retries: int = 0
    """How often a delivery callback that failed is tried again, 0 to 10 times, after 1, 2, 4 … seconds (D44)."""
    callback_delivery: Literal["automatic", "manual"] = "automatic"
    """Delivery callbacks are posted by themselves, or one by one by ``fake.deliver_callback()``."""
    unknown_accounts: Literal["own", "shared"] | None = None
    """Credentials of no declared account open an empty account of their own, or act for the default account (D19).

    None: ``shared`` for ``FakeNotify`` and the fixtures, ``own`` for the command line.
    """

    def __post_init__(self) -> None:
        for name, allowed in _allowed().items():
            value = getattr(self, name)
            if not any(type(value) is type(each) and value == each for each in allowed):
                choices = ", ".join(repr(each) for each in allowed if each is not None)
                raise ValueError(f"Behaviour.{name} can't be {value!r}; it is one of {choices}")

    def changed(self, changes: Mapping[str, Any]) -> Behaviour:
        """A copy with some switches changed. An unknown one is a ``TypeError`` that names the nearest."""
        known = [field.name for field in fields(self)]
        for name in changes:
            if name not in known:
                raise TypeError(f"Behaviour has no switch {name!r}{did_you_mean(name, known)}")
        return replace(self, **changes)

    def parsed(self, settings: list[str]) -> Behaviour:
        """A copy with ``NAME=VALUE`` settings applied, as the command line and pytest's options spell them."""
        changes: dict[str, Any] = {}
        for setting in settings:
            name, equals, value = setting.partition("=")
            name, value = name.strip(), value.strip()
            if not equals:
                raise ValueError(f"{setting!r} is not NAME=VALUE, e.g. identity_limit=evict_oldest")
            if _allowed().get(name) == (True, False):
                try:
                    changes[name] = boolean(value)
                except ValueError:
                    raise ValueError(f"Behaviour.{name} can't be {value!r}; it is true or false") from None
            elif 0 in _allowed().get(name, ()) and value.isdecimal():
                changes[name] = int(value)
            else:
                changes[name] = value
        return self.changed(changes)

    def to_json(self) -> dict[str, Any]:
        """The switches as a JSON object."""
        return asdict(self)


@cache
def _allowed() -> dict[str, tuple[Any, ...]]:
    """The values that each switch may have, read from the annotations above."""
    allowed: dict[str, tuple[Any, ...]] = {}
    for name, hint in get_type_hints(Behaviour).items():
        if hint is bool:
            allowed[name] = (True, False)
        elif hint is int:
            allowed[name] = tuple(range(MOST_RETRIES + 1))
        else:
            members = [get_args(each) or ((None,) if each is type(None) else (each,)) for each in get_args(hint)]
            allowed[name] = tuple(value for each in members for value in each)
    return allowed
