"""Credentials: ``/v1/Credentials``, what a push provider knows the account by. Reference 3.3.

The law: a certificate, key or secret is read, and dropped. The fake has no use for it, so it can't leak it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from fakenotify.core.errors import SAMPLE, NotFound
from fakenotify.core.params import Param, Params, at_most, boolean, one_of
from fakenotify.core.routes import Route
from fakenotify.core.store import Selection
from fakenotify.notify.account import AccountState
from fakenotify.notify.errors import InvalidFriendlyName, InvalidParameter
from fakenotify.notify.records import Credential, Service
from fakenotify.notify.resources.representation import timestamp
from fakenotify.notify.tables import TableDefinition

SECRETS = ("certificate", "private_key", "api_key", "secret")


def _invalid(name: str) -> InvalidParameter:
    return InvalidParameter("Credential", name)


_CHANGEABLE = (
    Param("FriendlyName", "friendly_name", at_most(64), error=InvalidFriendlyName),
    Param("Certificate", "certificate", secret=True),
    Param("PrivateKey", "private_key", secret=True),
    Param("Sandbox", "sandbox", boolean, default_known=(SAMPLE, "OAI, SNIP; fcm: observed; gcm: D47")),
    Param("ApiKey", "api_key", secret=True),
    Param("Secret", "secret", secret=True, source="OAI; not asked for, not checked: D47, RJP"),
)
CREATE = Params(_invalid, Param("Type", "type", one_of("gcm", "apn", "fcm"), required=True), *_CHANGEABLE)
UPDATE = Params(_invalid, *_CHANGEABLE)


def locate(account: AccountState, credential_sid: str) -> Credential:
    """The Credential that a path names. Raises ``NotFound``."""
    credential = account.credentials.get(credential_sid)
    if credential is None:
        raise NotFound
    return credential


def create(
    account: AccountState, type: str, friendly_name: str | None, sandbox: bool | None, **secrets: Any
) -> Credential:
    """Create a Credential; ``Type`` alone is enough. (sample; not asking for a secret: assumed D47)"""
    now = account.clock.stamp()
    credential = Credential(
        sid=account.new_sid("CR", account.credentials),
        account_sid=account.account_sid,
        friendly_name=friendly_name,
        type=type,
        sandbox=sandbox_text(type, sandbox),
        date_created=now,
        date_updated=now,
    )
    account.credentials.add(account.next_sequence(), credential)
    return credential


def fetch(account: AccountState, credential: Credential) -> Credential:
    """Read a Credential, without its secrets. (documented)"""
    return credential


def find(account: AccountState) -> Selection[Credential]:
    """All Credentials; there are no filters. (documented)"""
    return account.credentials.select()


def update(account: AccountState, credential: Credential, **changes: Any) -> Credential:
    """Change what was sent; the type stays. (documented)"""
    if not changes:
        return credential

    changed = replace(
        credential,
        friendly_name=changes.get("friendly_name", credential.friendly_name),
        sandbox=sandbox_text(credential.type, changes["sandbox"]) if "sandbox" in changes else credential.sandbox,
        date_updated=account.clock.stamp(),
    )
    account.credentials.replace(changed)
    return changed


def delete(account: AccountState, credential: Credential) -> None:
    """Delete a Credential, even one in use: references stay, deliveries then fail with 52002. (assumed D11)"""
    account.credentials.remove(credential.sid)


def sandbox_text(credential_type: str, sandbox: bool | None) -> str | None:
    """``"True"`` or ``"False"``, a string, for apn; null for the others. (sample; fcm's null: observed)"""
    return str(bool(sandbox)) if credential_type == "apn" else None


def represent(account: AccountState, credential: Credential, base: str) -> dict[str, Any]:
    """A Credential on the wire; ``base`` ends in ``/v1``. Order: reference 3.3."""
    return {
        "sid": credential.sid,
        "account_sid": credential.account_sid,
        "friendly_name": credential.friendly_name,
        "type": credential.type,
        "sandbox": credential.sandbox,
        "date_created": timestamp(credential.date_created),
        "date_updated": timestamp(credential.date_updated),
        "url": f"{base}/Credentials/{credential.sid}",
    }


def _loaded_defaults(account: AccountState, service: Service | None, row: Mapping[str, Any]) -> dict[str, Any]:
    return {"sandbox": sandbox_text(str(row.get("type")), None)}


TABLES = (TableDefinition("credentials", Credential, "account", "CR", params=CREATE, defaults=_loaded_defaults),)
ROUTES = (
    Route("credentials.create", "/Credentials", create, CREATE, represent=represent),
    Route("credentials.find", "/Credentials", find, represent=represent),
    Route("credentials.fetch", "/Credentials/{Sid}", fetch, locate=locate, represent=represent),
    Route("credentials.update", "/Credentials/{Sid}", update, UPDATE, locate=locate, represent=represent),
    Route("credentials.delete", "/Credentials/{Sid}", delete, locate=locate),
)
