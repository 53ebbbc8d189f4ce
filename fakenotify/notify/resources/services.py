"""Services: ``/v1/Services``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from fakenotify.core.errors import OBSERVED, SAMPLE, InvalidQuery, NotFound, TwilioError
from fakenotify.core.params import Param, Params
from fakenotify.core.routes import Route
from fakenotify.core.store import Selection
from fakenotify.core.values import Boolean, ShortText, Sid, Text
from fakenotify.notify.account import AccountState
from fakenotify.notify.errors import CredentialNotFound, CredentialTypeMismatch, InvalidFriendlyName, invalid
from fakenotify.notify.records import Credential, Service
from fakenotify.notify.resources.representation import fetch, members
from fakenotify.notify.tables import TableDefinition

CREDENTIAL_TYPES = ("apn", "gcm", "fcm")

_APN_VERSION = "default_apn_notification_protocol_version"
_OBSERVED = (OBSERVED, "RJP")
_SAMPLE = (SAMPLE, "OAI")
_NO_ALEXA = "Alexa was withdrawn"


def _version(channel: str, **known: Any) -> Param:
    """The protocol version of new Bindings of a channel."""
    name, field = f"Default{channel}NotificationProtocolVersion", _APN_VERSION.replace("apn", channel.lower())
    return Param(name, field, Text("text", "3", "4"), **known)


PARAMS = Params(
    invalid("Service"),
    Param(
        "FriendlyName",
        "friendly_name",
        ShortText(64, "My Service"),
        error=lambda name, value: InvalidFriendlyName(),
        default_from=_OBSERVED,
    ),
    Param("ApnCredentialSid", "apn_credential_sid", Sid("CR")),
    Param("GcmCredentialSid", "gcm_credential_sid", Sid("CR")),
    Param("MessagingServiceSid", "messaging_service_sid", Sid("MG")),
    Param(
        "FacebookMessengerPageId",
        "facebook_messenger_page_id",
        Text("text", "4"),
        deprecated="Facebook Messenger was withdrawn",
    ),
    _version(
        "Apn",
        default_from=(OBSERVED, "RJP, APNS; D5"),
        default_words="`4`, or what the switch `apn_protocol_version` says",
    ),
    _version("Gcm", default="3", default_from=_SAMPLE),
    Param("FcmCredentialSid", "fcm_credential_sid", Sid("CR")),
    _version("Fcm", default="3", default_from=_OBSERVED),
    Param("LogEnabled", "log_enabled", Boolean(), default=True, default_from=_OBSERVED),
    Param("AlexaSkillId", "alexa_skill_id", deprecated=_NO_ALEXA),
    _version("Alexa", default="3", default_from=_SAMPLE, deprecated=_NO_ALEXA),
    Param(
        "DeliveryCallbackUrl",
        "delivery_callback_url",
        Text("URL; not checked", "https://example.com/delivered"),
        source="OAI; not validated: sample",
        default_from=_OBSERVED,
    ),
    Param("DeliveryCallbackEnabled", "delivery_callback_enabled", Boolean(), default=False, default_from=_OBSERVED),
)
FIND = Params(InvalidQuery, Param("FriendlyName", "friendly_name", source="OAI; exactness: D10"))


def locate(account: AccountState, service_sid: str) -> Service:
    """The Service that a path names. Raises ``NotFound``."""
    service = account.services.get(service_sid)
    if service is None:
        raise NotFound
    return service


def create(account: AccountState, sid: str | None = None, **values: Any) -> Service:
    """Create a Service; an empty body is fine. (observed)"""
    _complete(account, values)

    now = account.clock.stamp()
    service = Service(
        sid=sid or account.new_sid("IS", account.services),
        account_sid=account.account_sid,
        date_created=now,
        date_updated=now,
        **values,
    )
    account.services.add(account.next_sequence(), service)
    account.open_scope(service.sid)
    return service


def find(account: AccountState, friendly_name: str | None) -> Selection[Service]:
    """All Services, or those of exactly this name. (exactness: assumed D10)"""
    return account.services.select(None if friendly_name is None else [("name", friendly_name)])


def update(account: AccountState, service: Service, **changes: Any) -> Service:
    """Change what was sent; an empty update changes nothing. (observed)"""
    _complete(account, changes)
    if not changes:
        return service

    changed = replace(service, **changes, date_updated=account.clock.stamp())
    account.services.replace(changed)
    return changed


def delete(account: AccountState, service: Service) -> None:
    """Delete a Service and everything below it, at once. (observed; the cascade: assumed D11)"""
    account.services.remove(service.sid)
    del account.scopes[service.sid]


def check_credential(account: AccountState, credential_sid: str | None, binding_type: str) -> None:
    """Under ``credentials_checked="at_write"``, refuse a Credential that is unknown or of another type. (assumed D3)"""
    if credential_sid is not None and account.behaviour.credentials_checked == "at_write":
        error = credential_error(account.credentials.get(credential_sid), binding_type)
        if error is not None:
            raise error


def credential_error(credential: Credential | None, binding_type: str) -> TwilioError | None:
    """What is wrong with the Credential that a sid names, at a write or at a delivery."""
    if credential is None:
        return CredentialNotFound()
    return None if credential.type == binding_type else CredentialTypeMismatch(credential.type, binding_type)


def _complete(account: AccountState, values: dict[str, Any]) -> None:
    """Fill in the default that is a switch, and check the Credentials if they are to be checked now."""
    if values.get(_APN_VERSION, "") is None:
        values[_APN_VERSION] = account.behaviour.apn_protocol_version
    for credential_type in CREDENTIAL_TYPES:
        check_credential(account, values.get(f"{credential_type}_credential_sid"), credential_type)


def represent(account: AccountState, service: Service, base: str) -> dict[str, Any]:
    """A Service on the wire; ``base`` ends in ``/v1``. The order is that of D28."""
    url = f"{base}/Services/{service.sid}"
    links = {"bindings": f"{url}/Bindings", "notifications": f"{url}/Notifications"}
    if account.behaviour.legacy_resources:
        links |= {"segments": f"{url}/Segments", "users": f"{url}/Users"}
    return {**_members(service), "url": url, "links": links}


_members = members(Service)


def _loaded_defaults(account: AccountState, service: Service | None, row: Mapping[str, Any]) -> dict[str, Any]:
    return {_APN_VERSION: account.behaviour.apn_protocol_version}


TABLES = (
    TableDefinition(
        "services",
        Service,
        "account",
        "IS",
        {"name": "friendly_name"},
        params=PARAMS,
        defaults=_loaded_defaults,
    ),
)
ROUTES = (
    Route("services.create", "/Services", create, PARAMS, represent=represent),
    Route("services.find", "/Services", find, FIND, represent=represent),
    Route("services.fetch", "/Services/{Sid}", fetch, locate=locate, represent=represent),
    Route("services.update", "/Services/{Sid}", update, PARAMS, locate=locate, represent=represent),
    Route("services.delete", "/Services/{Sid}", delete, locate=locate),
)
