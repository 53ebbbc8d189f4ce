"""Control operations that read what is stored: Services, Bindings, Credentials, Users, Segments."""

from __future__ import annotations

from typing import Any

from fakenotify.control.routes import Route
from fakenotify.control.schema import INTEGER, TEXT_OR_NULL, obj
from fakenotify.control.sight import Sight, equal, having, like, strings
from fakenotify.control.tables import Rows
from fakenotify.notify.records import Binding, Credential, Segment, Service, User
from fakenotify.notify.tables import TABLES
from fakenotify.world.saved_state import to_json


def plain(name: str) -> Route:
    """The route of a registered table that has none of its own."""
    found = TABLES[name]
    filters = {} if found.prefix is None else equal("sid")
    return Rows(
        name, f"The rows of the table {name}.", found.record, filters, lambda row: strings(to_json(row))
    ).route()


def _counts(sight: Sight, service: Service) -> dict[str, Any]:
    scope = sight.accounts[service.account_sid].scopes.get(service.sid)
    return {"counts": {name: len(getattr(scope, name)) if scope else 0 for name in _COUNTED}}


_COUNTED = ("bindings", "users", "segments", "notifications")

SERVICES = Rows(
    "services",
    "The Services, each with how much is in it.",
    Service,
    equal("sid"),
    lambda service: (service.sid, service.friendly_name, service.delivery_callback_url),
    _counts,
    {"counts": obj(dict.fromkeys(_COUNTED, INTEGER))},
)

BINDINGS = Rows(
    "bindings",
    "The Bindings of all Services.",
    Binding,
    equal("sid", "service_sid", "identity")
    | like("binding_type")
    | having(tag="tags")
    | equal("address", "credential_sid"),
    lambda binding: (binding.sid, binding.identity, binding.address, binding.binding_type, *binding.tags),
    lambda sight, binding: {"service_name": sight.service_name(binding)},
    {"service_name": TEXT_OR_NULL},
)

CREDENTIALS = Rows(
    "credentials",
    "The push Credentials.",
    Credential,
    equal("sid") | like("type"),
    lambda credential: (credential.sid, credential.friendly_name, credential.type),
)


def _user(sight: Sight, user: User) -> dict[str, Any]:
    scope = sight.scope(user)
    bindings = scope.bindings.count("identity", user.identity) if scope else 0
    return {"service_name": sight.service_name(user), "bindings": bindings}


USERS = Rows(
    "users",
    "The Users of all Services.",
    User,
    equal("sid", "service_sid", "identity") | having(segment="segments"),
    lambda user: (user.sid, user.identity, *user.segments),
    _user,
    {"service_name": TEXT_OR_NULL, "bindings": INTEGER},
)


def _segment(sight: Sight, segment: Segment) -> dict[str, Any]:
    scope = sight.scope(segment)
    users = scope.users.count("segment", segment.unique_name) if scope else 0
    return {"service_name": sight.service_name(segment), "users": users}


SEGMENTS = Rows(
    "segments",
    "The Segments of all Services.",
    Segment,
    {
        **equal("sid", "service_sid"),
        "segment": ("Only the Segment of this name.", lambda _, value: lambda row: row.unique_name == value),
    },
    lambda segment: (segment.sid, segment.unique_name),
    _segment,
    {"service_name": TEXT_OR_NULL, "users": INTEGER},
)
