"""What Notify would have sent, against what the new code did send: target by target, channel by channel."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from fakenotify.core.params import did_you_mean
from fakenotify.core.printable import printable
from fakenotify.notify.records import Delivery
from fakenotify.providers.caught import PROVIDERS
from fakenotify.providers.provider import Message, ProviderRequest

FIELDS = ("title", "body", "priority", "expiry", "collapse")
CLOCKS_DIFFER = 60
"""Seconds by which an expiry may differ: Notify's is counted on the fake's clock, the new code's on its own."""
_BY_CHANNEL = {channel: provider for provider in PROVIDERS.values() for channel in provider.channels}


@dataclass(frozen=True)
class Comparison:
    """The differences, in words; falsy when there are none."""

    missing: tuple[str, ...]
    extra: tuple[str, ...]
    different: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.missing or self.extra or self.different)

    def __str__(self) -> str:
        lines = ["the new code doesn't send what Notify would have sent" if self else "the messages are the same"]
        for label, found in (
            ("missing: Notify would have sent", self.missing),
            ("extra: Notify would not have sent", self.extra),
            ("different", self.different),
        ):
            if found:
                lines += [f"{label} ({len(found)}):", *(f"  {each}" for each in found)]
        return "\n".join(lines)


def compare(
    deliveries: Iterable[Delivery], requests: Iterable[ProviderRequest], ignore: Iterable[str] = ()
) -> Comparison:
    """Compare what was sent by Notify with what was sent to providers.

    ``ignore`` names what may differ: ``title``, ``body``, ``priority``, ``expiry``, ``collapse``, ``data.<key>`` with
    ``*``. Anything else is a ``ValueError``.
    """
    ignored = _checked(ignore)
    wanted = [_of_delivery(each) for each in deliveries if each.status == "SENT"]
    came = [_of_request(each) for each in requests]
    missing: list[str] = []
    extra: list[str] = []
    different: list[str] = []
    for key in dict.fromkeys((each.channel, each.address) for each in (*wanted, *came)):
        of_notify = [each for each in wanted if (each.channel, each.address) == key]
        of_new = [each for each in came if (each.channel, each.address) == key]
        for message in list(of_notify):
            equal = next((each for each in of_new if not differences(message, each, ignored)), None)
            if equal is not None:
                of_notify.remove(message)
                of_new.remove(equal)
        pairs = min(len(of_notify), len(of_new))
        for one, other in zip(of_notify[:pairs], of_new[:pairs], strict=True):
            different.append(f"{_name(one)}: {'; '.join(differences(one, other, ignored))}")
        missing += [_described(each) for each in of_notify[pairs:]]
        extra += [_described(each) for each in of_new[pairs:]]
    return Comparison(tuple(missing), tuple(extra), tuple(different))


def _checked(ignore: Iterable[str]) -> tuple[str, ...]:
    if isinstance(ignore, str):
        raise TypeError(f"ignore is a collection, e.g. ({ignore!r},)")
    names = tuple(ignore)
    for name in names:
        if name not in FIELDS and not name.startswith("data."):
            known = (*FIELDS, "data.<key>")
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


def differences(one: Message, other: Message, ignored: Sequence[str] = ()) -> list[str]:
    """Field by field, in words: what Notify would have sent, and what the new code sent."""
    found = [
        f"{name}: Notify {_short(getattr(one, name))}, new code {_short(getattr(other, name))}"
        for name in FIELDS
        if name not in ignored and not _equal(name, getattr(one, name), getattr(other, name))
    ]
    for key in dict.fromkeys((*one.data, *other.data)):
        sent = [_short(each.data[key]) if key in each.data else "sends none" for each in (one, other)]
        same = key in one.data and key in other.data and one.data[key] == other.data[key]
        if not same and not any(fnmatchcase(f"data.{key}", pattern) for pattern in ignored):
            found.append(f"data.{key}: Notify {sent[0]}, new code {sent[1]}")
    return found


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
    text = repr(value)
    return printable(text if len(text) <= 80 else f"{text[:77]}…")
