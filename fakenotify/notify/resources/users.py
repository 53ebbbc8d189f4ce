"""Users, their Bindings, their Segments and their memberships.

Twilio withdrew all twelve endpoints in 2018; ``Behaviour.legacy_resources`` switches them off.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from typing import Any

from fakenotify.core.errors import InvalidQuery, NotFound
from fakenotify.core.params import Param, Params
from fakenotify.core.routes import Route
from fakenotify.core.store import Selection
from fakenotify.notify import values
from fakenotify.notify.account import AccountState, Scope
from fakenotify.notify.errors import AlreadyInSegment, UserExists, UserHasBindings, invalid
from fakenotify.notify.records import Binding, Segment, Service, User, strings
from fakenotify.notify.resources import bindings, services
from fakenotify.notify.resources.representation import fetch, members
from fakenotify.notify.resources.representation import segment as encoded
from fakenotify.notify.tables import TableDefinition

SEGMENTS_PER_USER = 20
_invalid = invalid("User")
CREATE = Params(_invalid, bindings.IDENTITY, Param("Segment", "segments", most=SEGMENTS_PER_USER, distinct=True))
FIND = Params(
    InvalidQuery, Param("Identity", "identities", values.IDENTITIES, most=0, distinct=True), Param("Segment", "segment")
)
CREATE_BINDING = Params(bindings.CREATE.error, *bindings.REST)
FIND_BINDINGS = Params(InvalidQuery, *(row for row in bindings.FIND.rows if row.field != "identities"))
JOIN = Params(_invalid, Param("Segment", "segment", required=True))


def locate(account: AccountState, service_sid: str, identity: str) -> User:
    """The User that a path names, by identity or by ``US`` sid. (sample; both: assumed D46) Raises ``NotFound``."""
    users = account.scopes[services.locate(account, service_sid).sid].users
    user = users.one("identity", identity) or users.get(identity)
    if user is None:
        raise NotFound
    return user


def create(account: AccountState, service: Service, identity: str, segments: tuple[str, ...]) -> User:
    """Create a User, and the Segments that it is the first to be in. Raises ``UserExists``."""
    scope = account.scopes[service.sid]
    if scope.users.count("identity", identity):
        raise UserExists

    name_segments(account, scope, service.sid, segments)
    return account.add_user(service.sid, identity, segments, account.clock.stamp())


def name_segments(account: AccountState, scope: Scope, service_sid: str, names: Iterable[str]) -> None:
    """Create the Segments of these names that don't exist yet. (documented by absence: no operation creates one)"""
    now = account.clock.stamp()
    for name in names:
        if not scope.segments.count("name", name):
            sid = account.new_sid("GS", scope.segments)
            scope.segments.add(account.next_sequence(), Segment(sid, account.account_sid, service_sid, name, now, now))


def find(account: AccountState, service: Service, identities: tuple[str, ...], segment: str | None) -> Selection[User]:
    """The Users of any of ``identities`` that are in ``segment``."""
    users = account.scopes[service.sid].users
    if identities:
        owners = [("identity", identity) for identity in identities]
        return users.select(owners, None if segment is None else lambda user: segment in user.segments)
    return users.select(None if segment is None else [("segment", segment)])


def delete(account: AccountState, user: User) -> None:
    """Delete a User without Bindings. Raises ``UserHasBindings``."""
    scope = account.scopes[user.service_sid]
    if scope.bindings.count("identity", user.identity):
        raise UserHasBindings

    scope.users.remove(user.sid)


def represent(account: AccountState, user: User, base: str) -> dict[str, Any]:
    """A User on the wire; ``base`` ends in ``/v1``. (sample)"""
    url = _url(user.service_sid, user.identity, base)
    links = {"bindings": f"{url}/Bindings", "segment_memberships": f"{url}/SegmentMemberships"}
    return _alphabetical(_user(user), links=links, url=url)


_user, _segment = members(User), members(Segment)


def _alphabetical(shown: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Members in the order of the samples."""
    return dict(sorted((shown | more).items()))


def _url(service_sid: str, identity: str, base: str) -> str:
    return f"{base}/Services/{service_sid}/Users/{encoded(identity)}"


# a User's Bindings: the Service's Bindings, seen through their identity (assumed D41)


def locate_binding(account: AccountState, service_sid: str, identity: str, binding_sid: str) -> Binding:
    """The Binding of a User that a path names. Raises ``NotFound``."""
    user = locate(account, service_sid, identity)
    binding = bindings.locate(account, service_sid, binding_sid)
    if binding.identity != user.identity:
        raise NotFound
    return binding


def create_binding(account: AccountState, user: User, **values: Any) -> Binding:
    """Create or replace a Binding of this User."""
    return bindings.create(account, services.locate(account, user.service_sid), identity=user.identity, **values)


def find_bindings(account: AccountState, user: User, **filters: Any) -> Selection[Binding]:
    """The Bindings of this User that match every filter."""
    service = services.locate(account, user.service_sid)
    return bindings.find(account, service, identities=(user.identity,), **filters)


def represent_binding(account: AccountState, binding: Binding, base: str) -> dict[str, Any]:
    """A Binding as its User's: another order and another URL. (sample)"""
    shown = bindings.represent(account, binding, base)
    shown["url"] = f"{_url(binding.service_sid, binding.identity, base)}/Bindings/{binding.sid}"
    return {name: shown[name] for name in _USER_BINDING}


_USER_BINDING = (
    "account_sid", "address", "binding_type", "credential_sid", "date_created", "date_updated", "endpoint", "links",
    "identity", "notification_protocol_version", "service_sid", "sid", "tags", "url",
)  # fmt: skip


# Segments, and a User's memberships in them


def find_segments(account: AccountState, service: Service) -> Selection[Segment]:
    """All Segments to which a User was ever added."""
    return account.scopes[service.sid].segments.select()


def represent_segment(account: AccountState, segment: Segment, base: str) -> dict[str, Any]:
    """A Segment on the wire; it has no URL. (sample)"""
    return _alphabetical(_segment(segment))


Membership = tuple[User, str]


def locate_membership(account: AccountState, service_sid: str, identity: str, segment: str) -> Membership:
    """A User and a Segment that it is in. Raises ``NotFound``."""
    user = locate(account, service_sid, identity)
    if segment not in user.segments:
        raise NotFound
    return user, segment


def join(account: AccountState, user: User, segment: str) -> Membership:
    """Put a User into a Segment. Raises ``AlreadyInSegment``, and 400 for the 21st Segment of a User."""
    scope = account.scopes[user.service_sid]
    if segment in user.segments:
        raise AlreadyInSegment
    if len(user.segments) >= SEGMENTS_PER_USER:
        raise _invalid("Segment")

    name_segments(account, scope, user.service_sid, (segment,))
    joined = replace(user, segments=strings((*user.segments, segment)), date_updated=account.clock.stamp())
    scope.users.replace(joined)
    return joined, segment


def leave(account: AccountState, membership: Membership) -> None:
    """Take a User out of a Segment; the Segment stays."""
    user, segment = membership
    remaining = strings([each for each in user.segments if each != segment])
    account.scopes[user.service_sid].users.replace(
        replace(user, segments=remaining, date_updated=account.clock.stamp())
    )


def represent_membership(account: AccountState, membership: Membership, base: str) -> dict[str, Any]:
    """A membership on the wire. (sample)"""
    user, segment = membership
    return {
        "account_sid": user.account_sid,
        "identity": user.identity,
        "segment": segment,
        "service_sid": user.service_sid,
        "url": f"{_url(user.service_sid, user.identity, base)}/SegmentMemberships/{encoded(segment)}",
    }


def _check_loaded_user(account: AccountState, user: User) -> User:
    if account.scopes[user.service_sid].users.count("identity", user.identity):
        raise ValueError(f"identity {user.identity!r} has a User in this Service already")
    return user


def _add_segments(account: AccountState, service: Service | None) -> None:
    assert service is not None
    scope = account.scopes[service.sid]
    for user in scope.users:
        name_segments(account, scope, service.sid, user.segments)


def _check_loaded_segment(account: AccountState, loaded: Segment) -> Segment:
    if account.scopes[loaded.service_sid].segments.count("name", loaded.unique_name):
        raise ValueError(f"segment {loaded.unique_name!r} is in this Service already")
    return loaded


TABLES: tuple[TableDefinition[Any], ...] = (
    TableDefinition(
        "users",
        User,
        "service",
        "US",
        {"identity": "identity", "segment": lambda user: user.segments},
        params=CREATE,
        check=_check_loaded_user,
        finish=_add_segments,
    ),
    TableDefinition(
        "segments",
        Segment,
        "service",
        "GS",
        {"name": "unique_name"},
        check=_check_loaded_segment,
    ),
)
_SERVICE = "/Services/{ServiceSid}"
_USER = _SERVICE + "/Users/{Identity}"
_BINDINGS = _USER + "/Bindings"
_BINDING = _BINDINGS + "/{Sid}"
_MEMBERSHIPS = _USER + "/SegmentMemberships"
_MEMBERSHIP = _MEMBERSHIPS + "/{Segment}"
_route = partial(Route, legacy=True)
ROUTES = (
    _route("users.create", _SERVICE + "/Users", create, CREATE, services.locate, represent),
    _route("users.find", _SERVICE + "/Users", find, FIND, services.locate, represent),
    _route("users.fetch", _USER, fetch, locate=locate, represent=represent),
    _route("users.delete", _USER, delete, locate=locate),
    _route("user_bindings.create", _BINDINGS, create_binding, CREATE_BINDING, locate, represent_binding),
    _route("user_bindings.find", _BINDINGS, find_bindings, FIND_BINDINGS, locate, represent_binding, key="bindings"),
    _route("user_bindings.fetch", _BINDING, fetch, locate=locate_binding, represent=represent_binding),
    _route("user_bindings.delete", _BINDING, bindings.delete, locate=locate_binding),
    _route("segments.find", _SERVICE + "/Segments", find_segments, locate=services.locate, represent=represent_segment),
    _route("segment_memberships.create", _MEMBERSHIPS, join, JOIN, locate, represent_membership),
    _route("segment_memberships.fetch", _MEMBERSHIP, fetch, locate=locate_membership, represent=represent_membership),
    _route("segment_memberships.delete", _MEMBERSHIP, leave, locate=locate_membership),
)
