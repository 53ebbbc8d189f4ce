"""Credentials: ``/v1/Credentials``, with which a push provider authenticates the account.

A certificate, key or secret is read and dropped. The fake has no use for it, and so can't leak it.
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from fakenotify.core import json_objects
from fakenotify.core.errors import SAMPLE, NotFound
from fakenotify.core.params import Param, Params
from fakenotify.core.routes import Route
from fakenotify.core.store import Selection
from fakenotify.core.values import Boolean, OneOf, ShortText
from fakenotify.notify import values
from fakenotify.notify.account import AccountState
from fakenotify.notify.errors import InvalidFriendlyName, UnparsableCertificate, invalid
from fakenotify.notify.records import Credential, Service
from fakenotify.notify.resources.representation import fetch, members
from fakenotify.notify.tables import TableDefinition

_CHANGEABLE = (
    Param(
        "FriendlyName", "friendly_name", ShortText(64, "My Credential"), error=lambda name, value: InvalidFriendlyName()
    ),
    Param("Certificate", "certificate", values.CERTIFICATE, secret=True),
    Param("PrivateKey", "private_key", secret=True),
    Param(
        "Sandbox",
        "sandbox",
        Boolean(),
        default_from=(SAMPLE, "OAI, SNIP; fcm: observed; gcm: D47"),
        default_words='`"False"` for apn, else null',
    ),
    Param("ApiKey", "api_key", secret=True),
    Param("Secret", "secret", secret=True, source="OAI; not asked for, not checked: D47, RJP"),
)
CREATE = Params(invalid("Credential"), Param("Type", "type", OneOf(("gcm", "apn", "fcm")), required=True), *_CHANGEABLE)
UPDATE = Params(invalid("Credential"), *_CHANGEABLE)


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
    check_certificate(account, type, secrets.get("certificate"))

    now = account.clock.stamp()
    credential = Credential(
        sid=account.new_sid("CR", account.credentials),
        account_sid=account.account_sid,
        friendly_name=friendly_name,
        type=type,
        sandbox=sandbox_text(type, sandbox),
        date_created=now,
        date_updated=now,
        **_google(type, secrets.get("secret")),
    )
    account.credentials.add(account.next_sequence(), credential)
    return credential


def find(account: AccountState) -> Selection[Credential]:
    """All Credentials; there are no filters. (documented)"""
    return account.credentials.select()


def update(account: AccountState, credential: Credential, **changes: Any) -> Credential:
    """Change what was sent; the type stays. (documented)"""
    if not changes:
        return credential
    check_certificate(account, credential.type, changes.get("certificate"))

    changed = replace(
        credential,
        friendly_name=changes.get("friendly_name", credential.friendly_name),
        sandbox=sandbox_text(credential.type, changes["sandbox"]) if "sandbox" in changes else credential.sandbox,
        date_updated=account.clock.stamp(),
        **(_google(credential.type, changes["secret"]) if "secret" in changes else {}),
    )
    account.credentials.replace(changed)
    return changed


def delete(account: AccountState, credential: Credential) -> None:
    """Delete a Credential, even one in use: references stay, deliveries then fail with 52002. (assumed D11)"""
    account.credentials.remove(credential.sid)


def check_certificate(account: AccountState, credential_type: str, certificate: str | None) -> None:
    """Refuse the Certificate of an apn Credential that is no PEM block around a DER SEQUENCE. (extent: assumed D47)

    Line breaks may be missing, or be spelled as backslash and n. Raises ``UnparsableCertificate``.
    """
    if certificate and credential_type == "apn" and account.behaviour.certificates_checked == "at_write":
        block = _PEM.search(certificate.replace("\\n", "\n").replace("\\r", ""))
        if block is None or not _is_der_sequence("".join(block[2].split())):
            raise UnparsableCertificate


_PEM = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----(.*?)-----END \1-----", re.DOTALL)


def _is_der_sequence(base64: str) -> bool:
    """Whether the bytes are a SEQUENCE that is all there: its tag, its length, and as many bytes."""
    try:
        der = b64decode(base64, validate=True)
    except ValueError:
        return False
    if len(der) < 2 or der[0] != 0x30:
        return False
    digits = der[1] - 0x80 if der[1] > 0x80 else 0
    length = int.from_bytes(der[2 : 2 + digits], "big") if digits else der[1]
    return der[1] != 0x80 and len(der) == 2 + digits + length


def _google(credential_type: str, secret: str | None = None) -> dict[str, Any]:
    """What a Credential remembers of its Secret: which API of Google it opens, and for which project. (assumed D51)

    A service account's JSON key, or none, means FCM HTTP v1.
    """
    key = _service_account(secret or "")
    is_v1 = credential_type == "fcm" and (key is not None or not secret)
    project = key.get("project_id") if key and is_v1 else None
    return {
        "fcm_api": None if credential_type == "apn" else "v1" if is_v1 else "legacy",
        "project_id": project if isinstance(project, str) else None,
    }


def _service_account(secret: str) -> dict[str, Any] | None:
    """The key of a service account, or None for any other text."""
    try:
        key = json_objects.read(secret)
    except ValueError:
        return None
    return key if key.get("type") == "service_account" else None


def sandbox_text(credential_type: str, sandbox: bool | None) -> str | None:
    """``"True"`` or ``"False"``, a string, for apn; null for the others. (sample; fcm's null: observed)"""
    return str(bool(sandbox)) if credential_type == "apn" else None


def represent(account: AccountState, credential: Credential, base: str) -> dict[str, Any]:
    """A Credential on the wire; ``base`` ends in ``/v1``. The order is that of D28."""
    return {**_members(credential), "url": f"{base}/Credentials/{credential.sid}"}


_members = members(Credential, "fcm_api", "project_id")


def _loaded_defaults(account: AccountState, service: Service | None, row: Mapping[str, Any]) -> dict[str, Any]:
    credential_type = str(row.get("type"))
    return {"sandbox": sandbox_text(credential_type, None), **_google(credential_type)}


TABLES = (TableDefinition("credentials", Credential, "account", "CR", params=CREATE, defaults=_loaded_defaults),)
ROUTES = (
    Route("credentials.create", "/Credentials", create, CREATE, represent=represent),
    Route("credentials.find", "/Credentials", find, represent=represent),
    Route("credentials.fetch", "/Credentials/{Sid}", fetch, locate=locate, represent=represent),
    Route("credentials.update", "/Credentials/{Sid}", update, UPDATE, locate=locate, represent=represent),
    Route("credentials.delete", "/Credentials/{Sid}", delete, locate=locate),
)
