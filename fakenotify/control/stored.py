"""Control operations that read what is stored: Services, Bindings, Credentials, Users, Segments."""

from __future__ import annotations

from typing import Any

from fakenotify.control.filters import BINDING_TYPE, SERVICE_SID, SID, has_value, is_like, is_value, strings
from fakenotify.control.reads import table
from fakenotify.control.routes import Route
from fakenotify.control.schema import INTEGER, TEXT_OR_NULL, obj
from fakenotify.control.sight import Sight
from fakenotify.notify.records import Binding, Credential, Segment, Service, User
from fakenotify.notify.tables import TABLES
from fakenotify.world.saved_state import to_json


def _service(sight: Sight, service: Service) -> dict[str, Any]:
    account = sight.account(service.account_sid)
    scope = account.scopes.get(service.sid) if account else None
    return {"counts": {name: len(getattr(scope, name)) if scope else 0 for name in _SERVICE_COUNTS}}


_SERVICE_COUNTS = ("bindings", "users", "segments", "notifications")


def plain(name: str) -> Route:
    """The route of a table that is registered and has no route of its own."""
    found = TABLES[name]
    filters = {} if found.prefix is None else {"sid": SID}
    return table(name, f"The rows of the table {name}.", found.record, filters, _texts, lambda sight, record: {})


def _texts(record: Any) -> list[str]:
    return strings(to_json(record))


get_services = table(
    "services",
    "The Services, each with how much is in it.",
    Service,
    {"sid": SID},
    lambda service: (service.sid, service.friendly_name, service.delivery_callback_url),
    _service,
    {"counts": obj(dict.fromkeys(_SERVICE_COUNTS, INTEGER))},
)

get_bindings = table(
    "bindings",
    "The Bindings of all Services.",
    Binding,
    {
        "sid": SID,
        "service_sid": SERVICE_SID,
        "identity": is_value("identity"),
        "binding_type": BINDING_TYPE,
        "tag": has_value("tag", "tags"),
        "address": is_value("address"),
        "credential_sid": is_value("credential_sid"),
    },
    lambda binding: (binding.sid, binding.identity, binding.address, binding.binding_type, *binding.tags),
    lambda sight, binding: {"service_name": sight.service_name(binding)},
    {"service_name": TEXT_OR_NULL},
)

get_credentials = table(
    "credentials",
    "The push Credentials.",
    Credential,
    {"sid": SID, "type": is_like("type", "type")},
    lambda credential: (credential.sid, credential.friendly_name, credential.type),
    lambda sight, credential: {},
)


def _user(sight: Sight, user: User) -> dict[str, Any]:
    scope = sight.scope(user)
    bindings = scope.bindings.count("identity", user.identity) if scope else 0
    return {"service_name": sight.service_name(user), "bindings": bindings}


get_users = table(
    "users",
    "The Users of all Services.",
    User,
    {
        "sid": SID,
        "service_sid": SERVICE_SID,
        "identity": is_value("identity"),
        "segment": has_value("segment", "segments"),
    },
    lambda user: (user.sid, user.identity, *user.segments),
    _user,
    {"service_name": TEXT_OR_NULL, "bindings": INTEGER},
)


def _segment(sight: Sight, segment: Segment) -> dict[str, Any]:
    scope = sight.scope(segment)
    users = scope.users.count("segment", segment.unique_name) if scope else 0
    return {"service_name": sight.service_name(segment), "users": users}


get_segments = table(
    "segments",
    "The Segments of all Services.",
    Segment,
    {"sid": SID, "service_sid": SERVICE_SID, "segment": is_value("unique_name", "Only the Segment of this name.")},
    lambda segment: (segment.sid, segment.unique_name),
    _segment,
    {"service_name": TEXT_OR_NULL, "users": INTEGER},
)
