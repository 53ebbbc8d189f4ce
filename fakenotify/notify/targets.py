"""Selection: the Bindings that identities, tags and segments select, and why the others are not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from fakenotify.core.store import Selection, Table
from fakenotify.notify.account import Scope
from fakenotify.notify.records import Binding

Check = Callable[[Binding], bool]


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
    return bindings.select(candidates, _all_of(checks))


def _all_of(checks: list[Check]) -> Check | None:
    if len(checks) < 2:
        return checks[0] if checks else None
    return lambda binding: all(check(binding) for check in checks)


def members(scope: Scope, segments: Sequence[str]) -> list[str]:
    """The identities of the Users that are in every one of ``segments``. (documented)"""
    wanted = set(segments)
    smallest = min(segments, key=lambda segment: scope.users.count("segment", segment))
    return [user.identity for user in scope.users.under("segment", smallest) if wanted.issubset(user.segments)]


def targets(scope: Scope, identities: Sequence[str], tags: Sequence[str], segments: Sequence[str]) -> list[Binding]:
    """The Bindings that a query selects, oldest first."""
    if segments:
        of_segments = members(scope, segments)
        identities = [each for each in of_segments if not identities or each in identities]
        if not identities:
            return []
    return [binding for _, binding in select(scope.bindings, identities, tags).ascending()]


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
