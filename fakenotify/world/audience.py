"""Whom a request or a Notification is for, in words."""

from __future__ import annotations

from collections.abc import Sequence

from fakenotify.notify.journal import Request

_NAMED = 2
"""How many names are listed before the others are counted."""


def values_of(request: Request, name: str) -> list[str]:
    """The values of a parameter of a request."""
    given = request.params.get(name, ())
    return [given] if isinstance(given, str) else list(given)


def identities_of(request: Request) -> list[str]:
    """The recipients of a request, from its parameters or its answer."""
    answered = (request.body or {}).get("identity")
    return [*values_of(request, "Identity"), *([answered] if isinstance(answered, str) else [])]


def whom(request: Request) -> str | None:
    """The recipients of a request, in words."""
    identities = list(dict.fromkeys(identities_of(request)))
    if request.operation != "notifications.create":
        return listed(identities) if identities else None
    direct = len(values_of(request, "ToBinding"))
    return audience(direct, identities, values_of(request, "Tag"), values_of(request, "Segment"))


def audience(addresses: int, identities: Sequence[str], tags: Sequence[str], segments: Sequence[str]) -> str:
    """Selectors in words: ``alice``, ``alice with tag vip``, ``3 addresses``, ``everybody``."""
    if addresses:
        return counted(addresses, "address", "addresses")
    narrower = [tag for tag in tags if tag != "all"]
    parts = [f"{name} {listed(values)}" for name, values in (("tag", narrower), ("segment", segments)) if values]
    if not identities:
        return " and ".join(parts) or ("everybody" if tags else "nobody")
    return " with ".join(filter(None, (listed(identities), " and ".join(parts))))


def listed(values: Sequence[str]) -> str:
    """A list of names, shortened: ``alice, bob and 3 more``."""
    if len(values) <= _NAMED + 1:
        *first, last = values
        return f"{', '.join(first)} and {last}" if first else last
    return f"{', '.join(values[:_NAMED])} and {len(values) - _NAMED} more"


def counted(number: int, one: str, many: str) -> str:
    """A number with its noun: ``1 address``, ``1,000 addresses``."""
    return f"{number:,} {one if number == 1 else many}"
