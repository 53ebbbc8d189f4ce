"""Control operations that read what is stored: Services, Bindings, Credentials, Users, Segments."""

from __future__ import annotations

from typing import Any

from fakenotify.control.app import Reading, add_tables
from fakenotify.control.schema import INTEGER, obj
from fakenotify.control.tables import Filter, Rows, equal, having, like
from fakenotify.notify.records import Binding, Credential, Segment, Service, User


def _counts(reading: Reading, service: Service) -> dict[str, Any]:
    scope = reading.accounts[service.account_sid].scopes.get(service.sid)
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
    of_service=True,
)

CREDENTIALS = Rows(
    "credentials",
    "The push Credentials.",
    Credential,
    equal("sid") | like("type"),
    lambda credential: (credential.sid, credential.friendly_name, credential.type),
)


def _user(reading: Reading, user: User) -> dict[str, Any]:
    scope = reading.scope(user)
    return {"bindings": scope.bindings.count("identity", user.identity) if scope else 0}


USERS = Rows(
    "users",
    "The Users of all Services.",
    User,
    equal("sid", "service_sid", "identity") | having(segment="segments"),
    lambda user: (user.sid, user.identity, *user.segments),
    _user,
    {"bindings": INTEGER},
    of_service=True,
)


def _segment(reading: Reading, segment: Segment) -> dict[str, Any]:
    scope = reading.scope(segment)
    return {"users": scope.users.count("segment", segment.unique_name) if scope else 0}


SEGMENTS = Rows(
    "segments",
    "The Segments of all Services.",
    Segment,
    {
        **equal("sid", "service_sid"),
        "segment": Filter("Only the Segment of this name.", lambda _, name, segment: segment.unique_name == name),
    },
    lambda segment: (segment.sid, segment.unique_name),
    _segment,
    {"users": INTEGER},
    of_service=True,
)
add_tables(SERVICES, BINDINGS, CREDENTIALS, USERS, SEGMENTS)
