"""Who gets a Notification: the Bindings that identities, tags and segments select, and why not the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from fakenotify.core.store import Selection, Table
from fakenotify.notify.account import Scope
from fakenotify.notify.records import Binding, Notification

Check = Callable[[Binding], bool]


class Target(NamedTuple):
    """Where one delivery goes. A direct send has no ``identity`` and no ``binding``."""

    binding_type: str
    address: str
    identity: str | None = None
    binding: Binding | None = None


def has_tag(binding: Binding, tag: str) -> bool:
    """Whether a Binding has a tag, its own or an implicit one: ``all``, its type. (documented; alexa: assumed D45)"""
    return tag in binding.tags or tag == "all" or tag == binding.binding_type


def select(
    bindings: Table[Binding], identities: Sequence[str], tags: Sequence[str], checks: Iterable[Check] = ()
) -> Selection[Binding]:
    """The Bindings of any of ``identities`` with all of ``tags`` that pass ``checks``, found by the smallest index."""
    checks = list(checks)
    owners = [("identity", identity) for identity in dict.fromkeys(identities)]
    wanted = [("tag", tag) for tag in tags if tag != "all"]
    candidates: list[tuple[str, str]] | None = owners or None
    if wanted:
        rarest = min(wanted, key=lambda each: bindings.count(*each))
        if not owners or bindings.count(*rarest) < sum(bindings.count(*each) for each in owners):
            candidates = [rarest]
            wanted.remove(rarest)
            if owners:
                checks.append(lambda binding: binding.identity in identities)
    if wanted:
        checks.append(lambda binding: all(has_tag(binding, tag) for _, tag in wanted))
    if len(checks) < 2:
        return bindings.select(candidates, checks[0] if checks else None)
    return bindings.select(candidates, lambda binding: all(check(binding) for check in checks))


def members(scope: Scope, segments: Sequence[str]) -> list[str]:
    """The identities of the Users that are in every one of ``segments``. (documented)"""
    wanted = set(segments)
    smallest = min(segments, key=lambda segment: scope.users.count("segment", segment))
    return [user.identity for user in scope.users.under("segment", smallest) if wanted.issubset(user.segments)]


def targets(scope: Scope, notification: Notification) -> list[Target]:
    """The targets of a Notification: those of ``ToBinding``, or the Bindings that its query selects, oldest first."""
    if notification.to_binding:
        return [Target(each["binding_type"], each["address"]) for each in notification.to_binding]
    identities: Sequence[str] = notification.identities
    if notification.segments:
        of_segments = members(scope, notification.segments)
        identities = [each for each in of_segments if not identities or each in identities]
        if not identities:
            return []
    found = select(scope.bindings, identities, notification.tags)
    return [Target(each.binding_type, each.address, each.identity, each) for _, each in found.ascending()]


def why_not(
    binding: Binding, scope: Scope, identities: Sequence[str], tags: Sequence[str], segments: Sequence[str]
) -> str | None:
    """The first reason, in words, why a query doesn't select this Binding; None when it does."""
    if identities and binding.identity not in identities:
        return f"identity {binding.identity!r} is not among Identity=[{', '.join(identities)}]"
    for tag in tags:
        if not has_tag(binding, tag):
            return f"lacks tag {tag!r}"
    user = scope.users.one("identity", binding.identity)
    for segment in segments:
        if user is None or segment not in user.segments:
            return f"user {binding.identity!r} is not in segment {segment!r}"
    return None
