"""Compares what Notify would have sent with what the new code sent, target by target."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from typing import Any

from fakenotify.core.params import did_you_mean
from fakenotify.core.printable import beginning, printable
from fakenotify.notify.records import Delivery
from fakenotify.providers.caught import PROVIDERS
from fakenotify.providers.provider import Message, ProviderRequest

FIELDS = ("title", "body", "priority", "expiry", "collapse")
CLOCKS_DIFFER = 60
"""Seconds by which an expiry may differ: Notify's is counted on the fake's clock, the new code's on its own."""
_BY_CHANNEL = {channel: provider for provider in PROVIDERS.values() for channel in provider.CHANNELS}
_ABSENT = object()


def compare(deliveries: Iterable[Delivery], requests: Iterable[ProviderRequest], ignore: Iterable[str] = ()) -> str:
    """The differences between what Notify sent and what was sent to providers, in words; empty if there are none.

    ``ignore`` names what may differ: ``title``, ``body``, ``priority``, ``expiry``, ``collapse``, ``data.<key>`` with
    ``*``. Anything else is a ``ValueError``.
    """
    ignored = _checked(ignore)
    wanted = [_of_delivery(each) for each in deliveries if each.status == "SENT"]
    came = [_of_request(each) for each in requests]
    missing: list[str] = []
    extra: list[str] = []
    different: list[str] = []
    for target in dict.fromkeys(map(_name, (*wanted, *came))):
        of_notify, of_new = ([each for each in side if _name(each) == target] for side in (wanted, came))
        for message in [*of_notify]:
            equal = next((each for each in of_new if not _differences(message, each, ignored)), None)
            if equal is not None:
                of_notify.remove(message)
                of_new.remove(equal)
        pairs = list(zip(of_notify, of_new, strict=False))
        different += [f"{target}: {'; '.join(_differences(*pair, ignored))}" for pair in pairs]
        missing += map(_described, of_notify[len(pairs) :])
        extra += map(_described, of_new[len(pairs) :])
    lines = []
    for label, found in (
        ("missing: Notify would have sent", missing),
        ("extra: Notify would not have sent", extra),
        ("different", different),
    ):
        if found:
            lines += [f"{label} ({len(found)}):", *(f"  {each}" for each in found)]
    return "\n".join(["the new code doesn't send what Notify would have sent", *lines]) if lines else ""


def _checked(ignore: Iterable[str]) -> tuple[str, ...]:
    if isinstance(ignore, str):
        raise TypeError(f"ignore is a collection, e.g. ({ignore!r},)")
    names, known = tuple(ignore), (*FIELDS, "data.<key>")
    for name in names:
        if name not in FIELDS and not name.startswith("data."):
            raise ValueError(f"ignore can't name {name!r}{did_you_mean(name, known)}; it takes {', '.join(known)}")
    return names


def _of_delivery(delivery: Delivery) -> Message:
    provider = _BY_CHANNEL.get(delivery.binding_type)
    if provider is None:
        return Message(delivery.binding_type, delivery.address, None, None, {})
    sent = delivery.date_created.timestamp()
    return provider.read(delivery.address, delivery.headers, delivery.payload, sent)


def _of_request(request: ProviderRequest) -> Message:
    return PROVIDERS[request.provider].read(request.address, request.headers, request.body, request.date.timestamp())


def _differences(one: Message, other: Message, ignored: Sequence[str]) -> list[str]:
    """What Notify would have sent, and what the new code sent, field by field."""
    sent, came = _contents(one), _contents(other)
    return [
        f"{name}: Notify {_short(sent.get(name, _ABSENT))}, new code {_short(came.get(name, _ABSENT))}"
        for name in sent | came
        if not _equal(name, sent.get(name, _ABSENT), came.get(name, _ABSENT))
        and not any(fnmatchcase(name, pattern) for pattern in ignored)
    ]


def _contents(message: Message) -> dict[str, Any]:
    """The contents of a message, by the names that ``ignore`` takes."""
    data = {f"data.{key}": value for key, value in message.data.items()}
    return {name: getattr(message, name) for name in FIELDS} | data


def _equal(name: str, one: Any, other: Any) -> bool:
    if name == "expiry" and one is not None and other is not None:
        return bool(abs(one - other) <= CLOCKS_DIFFER and (one == 0) == (other == 0))
    return bool(one == other)


def _name(message: Message) -> str:
    return printable(f"{message.channel} {message.address}")


def _described(message: Message) -> str:
    if message.channel not in _BY_CHANNEL:
        return f"{_name(message)}: no provider of this channel is caught here"
    return f"{_name(message)}: {_short(message.body if message.body is not None else message.title)}"


def _short(value: Any) -> str:
    return "sends none" if value is _ABSENT else printable(beginning(repr(value), 80))
