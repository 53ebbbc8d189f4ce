"""The switches: assumed behaviour that a test may need to change, with our defaults."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeVar, get_args, get_type_hints

from fakenotify.core.params import did_you_mean
from fakenotify.core.values import Boolean

MOST_RETRIES = 10

T = TypeVar("T")


def switch(default: T, decision: str, words: str) -> T:
    """A switch: its ``default``, the ``decision`` that it can reverse (``docs/fidelity.md``), and what it does."""
    return field(default=default, metadata={"decision": decision, "words": words})


class Switch(NamedTuple):
    """One switch, for the documentation."""

    name: str
    words: str
    decision: str
    default: Any
    allowed: tuple[Any, ...]


@dataclass(frozen=True)
class Behaviour:
    """The fake's switches. An unknown field is a ``TypeError``, an unknown value a ``ValueError``."""

    if not TYPE_CHECKING:  # they know the fields

        def __new__(cls, *values, **named):  # noqa: D102  # as the class's
            _check_names(named)
            return super().__new__(cls)

    identity_limit: Literal["reject", "evict_oldest"] = switch(
        "reject", "D1", "The 21st Binding of an identity is refused, or replaces the oldest."
    )
    replacement_keeps_sid: bool = switch(
        False, "D2", "A create with a known Address keeps the old sid, date_created and place in lists."
    )
    address_scope: Literal["service", "service_and_type"] = switch(
        "service", "D2", "An Address is unique in its Service, or in its Service for its type."
    )
    credentials_checked: Literal["at_delivery", "at_write"] = switch(
        "at_delivery", "D3", "When a Credential sid must exist and have the right type."
    )
    addresses_checked: Literal["at_delivery", "at_write"] = switch(
        "at_delivery", "D4", "When an Address must be well-formed for its type."
    )
    apn_protocol_version: Literal["4", "3"] = switch("4", "D5", "The APNs protocol version of a new Service.")
    page_size_limit: Literal["clamp", "reject"] = switch(
        "clamp", "D6", "A PageSize above 1000 counts as 1000, or is refused with code 20007."
    )
    page_without_token: Literal["offset", "reject"] = switch(
        "offset", "D6", "A Page above 0 without PageToken skips whole pages, or is refused with code 70002."
    )
    next_page_link: Literal["exact", "eager"] = switch(
        "exact",
        "D6",
        "A page has a next link if a row follows, or if it is full, perhaps to an empty page.",
    )
    list_order: Literal["oldest_first", "newest_first"] = switch(
        "oldest_first", "D7", "The order of every list, by creation."
    )
    callback_when_empty: bool = switch(
        False, "D8", "A Notification without targets sends one delivery callback with Count=0."
    )
    legacy_resources: bool = switch(True, "D12", "Users, UserBindings, Segments and SegmentMemberships are served.")
    callback_retries: int = switch(
        0, "D44", "How often a delivery callback that failed is tried again, 0 to 10 times, after 1, 2, 4 … seconds."
    )
    callback_delivery: Literal["automatic", "manual"] = switch(
        "automatic", "D44", "Delivery callbacks are posted automatically, or one by one by `fake.deliver_callback()`."
    )
    certificates_checked: Literal["at_write", "never"] = switch(
        "at_write", "D47", "When the Certificate of an apn Credential must be a PEM block around a DER SEQUENCE."
    )
    legacy_fcm: Literal["refused", "accepted"] = switch(
        "refused",
        "D51",
        "Deliveries by gcm, or by fcm under a legacy server key, fail with 52117, or are sent with the warning 52116.",
    )
    unknown_accounts: Literal["own", "shared"] | None = switch(
        None,
        "D19",
        "Credentials of an undeclared account open a new, empty account, or act for the default account. Unset:"
        " `shared` for `FakeNotify` and the fixtures, `own` for the command line.",
    )

    def __post_init__(self) -> None:
        for name, switch in switches().items():
            value = getattr(self, name)
            if not any(type(value) is type(each) and value == each for each in switch.allowed):
                choices = ", ".join(repr(each) for each in switch.allowed if each is not None)
                raise ValueError(f"Behaviour.{name} can't be {value!r}; it is one of {choices}")

    def changed(self, changes: Mapping[str, Any]) -> Behaviour:
        """A copy with some switches changed. An unknown one is a ``TypeError`` that names the nearest."""
        _check_names(changes)
        return replace(self, **changes)

    def parsed(self, settings: list[str]) -> Behaviour:
        """A copy with ``NAME=VALUE`` settings applied, as the command line and pytest's options spell them."""
        changes: dict[str, Any] = {}
        for setting in settings:
            name, equals, value = setting.partition("=")
            name, value = name.strip(), value.strip()
            if not equals:
                raise ValueError(f"{setting!r} is not NAME=VALUE, e.g. identity_limit=evict_oldest")
            changes[name] = value
            allowed = switches()[name].allowed if name in switches() else ()
            if allowed == (True, False):
                try:
                    changes[name] = Boolean().read(value)
                except ValueError:
                    raise ValueError(f"Behaviour.{name} can't be {value!r}; it is true or false") from None
            elif 0 in allowed and value.isdecimal():
                changes[name] = int(value)
        return self.changed(changes)

    def to_json(self) -> dict[str, Any]:
        """The switches as a JSON object."""
        return asdict(self)


def _check_names(names: Iterable[str]) -> None:
    for name in names:
        if name not in switches():
            raise TypeError(f"Behaviour has no switch {name!r}{did_you_mean(name, switches())}")


@cache
def switches() -> dict[str, Switch]:
    """Every switch by its name; the values that it may have are read from its annotation above."""
    hints = get_type_hints(Behaviour)
    return {
        each.name: Switch(
            each.name, each.metadata["words"], each.metadata["decision"], each.default, _allowed(hints[each.name])
        )
        for each in fields(Behaviour)
    }


def _allowed(hint: Any) -> tuple[Any, ...]:
    if hint is bool:
        return (True, False)
    if hint is int:
        return tuple(range(MOST_RETRIES + 1))
    members = (get_args(each) or (None if each is type(None) else each,) for each in get_args(hint))
    return tuple(value for each in members for value in each)
