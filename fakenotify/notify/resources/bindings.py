"""Bindings: ``/v1/Services/{ServiceSid}/Bindings``, who can be reached where.

Invariants: an address has one Binding in a Service, whoever owned it before; an identity has at most twenty there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from fakenotify.core.errors import ASSUMED, OBSERVED, InvalidQuery, NotFound
from fakenotify.core.params import Param, Params
from fakenotify.core.routes import Route
from fakenotify.core.store import Selection
from fakenotify.core.values import Day, OneOf, Sid, Text
from fakenotify.notify import hints, values
from fakenotify.notify.account import AccountState, Departure
from fakenotify.notify.channels import CHANNELS
from fakenotify.notify.errors import IdentityLimitReached, InvalidAddress, InvalidDate, invalid
from fakenotify.notify.records import Binding, Service, strings
from fakenotify.notify.resources import services
from fakenotify.notify.resources.representation import fetch, segment, timestamp
from fakenotify.notify.tables import TableDefinition
from fakenotify.notify.targets import Check, select

BINDINGS_PER_IDENTITY = 20
TAGS_PER_BINDING = 20
TAGS_PER_QUERY = 5
IDENTITY = Param("Identity", "identity", values.IDENTITY, required=True, source="OAI; exact: D10")
REST = (
    Param("BindingType", "binding_type", OneOf(CHANNELS), required=True),
    Param("Address", "address", values.Address(), required=True, source="OAI, BIND; not checked: sample BIND, D4"),
    Param("Tag", "tags", values.TAG, most=TAGS_PER_BINDING, distinct=True, source="OAI; doubled and empty ones: D9"),
    Param(
        "NotificationProtocolVersion",
        "notification_protocol_version",
        Text("text", "3", "4"),
        default_from=(OBSERVED, "RJP for sms; the Service's: OAI, BIND; facebook-messenger: D5"),
        default_words="the Service's for the type; `default` for sms and facebook-messenger",
    ),
    Param("CredentialSid", "credential_sid", Sid("CR"), source="OAI; stored where it has no use: D3"),
    Param(
        "Endpoint",
        "endpoint",
        deprecated="it is stored and shown, and has no effect since 2017",
        source="OAI, BIND; stored: D48",
    ),
)
CREATE = Params(invalid("Binding"), IDENTITY, *REST)
FIND = Params(
    InvalidQuery,
    Param("Tag", "tags", values.TAG, most=TAGS_PER_QUERY, source="OAI; alexa: D45"),
    Param("Identity", "identities", values.IDENTITIES, most=0, distinct=True, source="OAI; any of them: JAVA"),
    Param("StartDate", "start_date", Day(), source="JAVA", error=InvalidDate),
    Param("EndDate", "end_date", Day(), label=ASSUMED, source="D40", error=InvalidDate),
)


def locate(account: AccountState, service_sid: str, binding_sid: str) -> Binding:
    """The Binding that a path names. Raises ``NotFound``."""
    binding = account.scopes[services.locate(account, service_sid).sid].bindings.get(binding_sid)
    if binding is None:
        raise NotFound
    return binding


def create(
    account: AccountState,
    service: Service,
    *,
    identity: str,
    binding_type: str,
    address: str,
    tags: tuple[str, ...] = (),
    notification_protocol_version: str | None = None,
    credential_sid: str | None = None,
    endpoint: str | None = None,
) -> Binding:
    """Create a Binding, or replace the one that has this address. (documented; details: assumed D1, D2)

    Raises ``IdentityLimitReached`` for the 21st Binding of an identity; and, where ``Behaviour`` says so,
    ``InvalidAddress``, ``CredentialNotFound`` and ``CredentialTypeMismatch``.
    """
    behaviour = account.behaviour
    if behaviour.addresses_checked == "at_write":
        bad = CHANNELS[binding_type].check_address(address, None)
        if bad is not None:
            raise InvalidAddress(bad.complaint)
    if binding_type in services.CREDENTIAL_TYPES:
        services.check_credential(account, credential_sid, binding_type)
    elif credential_sid or notification_protocol_version:
        given = {"CredentialSid": credential_sid, "NotificationProtocolVersion": notification_protocol_version}
        account.hints.append(hints.not_applicable(binding_type, [name for name in given if given[name]]))
    scope = account.scopes[service.sid]
    bindings = scope.bindings
    replaced = bindings.under("address", address)
    if behaviour.address_scope == "service_and_type":
        replaced = [each for each in replaced if each.binding_type == binding_type]
    others = bindings.count("identity", identity)
    for each in replaced:
        others -= each.identity == identity
    evicted: list[Binding] = []
    if others >= BINDINGS_PER_IDENTITY:
        if behaviour.identity_limit == "reject":
            raise IdentityLimitReached
        evicted = bindings.under("identity", identity)[:1]

    now = account.clock.stamp()
    kept = replaced.pop() if replaced and behaviour.replacement_keeps_sid else None
    binding = Binding(
        sid=kept.sid if kept else account.new_sid("BS", bindings),
        account_sid=account.account_sid,
        service_sid=service.sid,
        identity=identity,
        binding_type=binding_type,
        address=address,
        tags=strings(tags),
        notification_protocol_version=notification_protocol_version or service.protocol_version(binding_type),
        credential_sid=credential_sid,
        endpoint=endpoint,
        date_created=kept.date_created if kept else now,
        date_updated=now,
    )
    if not scope.users.count("identity", identity):
        account.add_user(service.sid, identity, (), now)
    for each in evicted:
        account.remove_binding(each, "evicted", binding)
    for each in replaced:
        account.remove_binding(each, "replaced", binding)
    if kept:
        account.departures.append(Departure(kept, "replaced", now, binding))
        bindings.replace(binding)
    else:
        bindings.add(account.next_sequence(), binding)
    return binding


def find(
    account: AccountState,
    service: Service,
    tags: tuple[str, ...] = (),
    identities: tuple[str, ...] = (),
    start_date: date | None = None,
    end_date: date | None = None,
) -> Selection[Binding]:
    """The Bindings that match every filter: any of the identities, all of the tags, days included. (assumed D40)"""
    checks: list[Check] = []
    if start_date is not None:
        checks.append(lambda binding: binding.date_created.date() >= start_date)
    if end_date is not None:
        checks.append(lambda binding: binding.date_created.date() <= end_date)
    return select(account.scopes[service.sid].bindings, identities, tags, checks)


def delete(account: AccountState, binding: Binding) -> None:
    """Delete a Binding; its User stays. (assumed D41)"""
    account.remove_binding(binding, "deleted")


def represent(account: AccountState, binding: Binding, base: str) -> dict[str, Any]:
    """A Binding on the wire; ``base`` ends in ``/v1``. The order is that of D28."""
    service_url = f"{base}/Services/{binding.service_sid}"
    return {
        "account_sid": binding.account_sid,
        "address": binding.address,
        "binding_type": binding.binding_type,
        "credential_sid": binding.credential_sid,
        "date_created": timestamp(binding.date_created),
        "date_updated": timestamp(binding.date_updated),
        "endpoint": binding.endpoint,
        "identity": binding.identity,
        "notification_protocol_version": binding.notification_protocol_version,
        "service_sid": binding.service_sid,
        "sid": binding.sid,
        "tags": binding.tags,
        "links": {"user": f"{service_url}/Users/{segment(binding.identity)}"},
        "url": f"{service_url}/Bindings/{binding.sid}",
    }


def _tags_and_type(binding: Binding) -> tuple[str, ...]:
    """A Binding's tags and the implicit one that is its type; ``all`` needs no index."""
    tags, binding_type = binding.tags, binding.binding_type
    return tags if binding_type in tags else (*tags, binding_type)


def _loaded_defaults(account: AccountState, service: Service | None, row: Mapping[str, Any]) -> dict[str, Any]:
    assert service is not None
    version = service.protocol_version(str(row.get("binding_type")))
    return {"notification_protocol_version": version}


def _check_loaded(account: AccountState, binding: Binding) -> Binding:
    bindings = account.scopes[binding.service_sid].bindings
    types = [each.binding_type for each in bindings.under("address", binding.address)]
    if binding.binding_type in types:
        raise ValueError(f"address {binding.address!r} has a Binding in this Service already")
    if types and account.behaviour.address_scope == "service":
        allowed = "with the switch address_scope=service_and_type it may have one for each type"
        raise ValueError(f"address {binding.address!r} has a Binding in this Service already; {allowed}")
    if bindings.count("identity", binding.identity) >= BINDINGS_PER_IDENTITY:
        raise ValueError(f"identity {binding.identity!r} has 20 Bindings in this Service already")
    return replace(binding, tags=strings(tuple(dict.fromkeys(binding.tags))))


def _add_users(account: AccountState, service: Service | None) -> None:
    assert service is not None
    scope = account.scopes[service.sid]
    for binding in scope.bindings:
        if not scope.users.count("identity", binding.identity):
            account.add_user(service.sid, binding.identity, (), binding.date_created)


TABLES = (
    TableDefinition(
        "bindings",
        Binding,
        "service",
        "BS",
        {"identity": "identity", "address": "address", "tag": _tags_and_type},
        params=CREATE,
        defaults=_loaded_defaults,
        check=_check_loaded,
        finish=_add_users,
    ),
)
_PATH = "/Services/{ServiceSid}/Bindings"
ROUTES = (
    Route("bindings.create", _PATH, create, CREATE, locate=services.locate, represent=represent),
    Route("bindings.find", _PATH, find, FIND, locate=services.locate, represent=represent),
    Route("bindings.fetch", _PATH + "/{Sid}", fetch, locate=locate, represent=represent),
    Route("bindings.delete", _PATH + "/{Sid}", delete, locate=locate),
)
