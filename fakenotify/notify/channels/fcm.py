"""Firebase Cloud Messaging: ``Fcm`` maps to the root of the request. (documented)

The Credential decides which: a service account's key means FCM HTTP v1, a server key Google's legacy protocol. (D51)
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from fakenotify.core.params import Param
from fakenotify.notify.channels import gcm
from fakenotify.notify.channels.channel import Failure, Outgoing, Rendered, Shown
from fakenotify.notify.payloads import RESERVED, Payload, inside, merged

ROOT = frozenset(("message", "validate_only"))
"""The members of a request of FCM HTTP v1."""
UNKNOWN_PROJECT = "unknown-project"
"""Stands in the URL where no service account's key has named the project."""
_ADVICE = (
    "Fcm has {named} at its top, where FCM HTTP v1 takes 'message' alone, so the delivery fails with 52111:"
    ' wrap the override as {{"message": {{…}}}}'
)


def render(outgoing: Outgoing) -> Rendered:
    """The documented attributes where FCM HTTP v1 wants them, and ``Fcm`` over its root. (assumed D51)"""
    notification = outgoing.notification
    override = notification.fcm or {}
    if outgoing.credential is not None and outgoing.credential.fcm_api == "legacy":
        return gcm.render_legacy(outgoing, "a legacy server key", override)
    data = gcm.data_of(notification)
    android = {"priority": gcm.PRIORITIES[notification.priority], "ttl": f"{notification.ttl}s"}
    generic = {"message": {"data": data, "android": android} if data else {"android": android}}
    payload = _with_texts(merged(generic, override))
    project = (outgoing.credential and outgoing.credential.project_id) or UNKNOWN_PROJECT
    url = f"https://fcm.googleapis.com/v1/projects/{quote(project, safe='')}/messages:send"
    unwrapped = [name for name in override if name not in ROOT]
    if unwrapped or not isinstance(payload["message"], dict):
        named = ", ".join(map(repr, unwrapped[:5])) or "a message that is no object"
        failure = Failure(52111, "GCM/FCM returned unknown error")  # observed
        return Rendered(payload, url=url, failure=failure, hint=_ADVICE.format(named=named))
    return Rendered(payload, url=url, failure=gcm.failure_of(payload["message"].get("data", {})))


def _with_texts(payload: dict[str, Any]) -> dict[str, Any]:
    """FCM HTTP v1 takes only strings in ``data``: any other value becomes JSON text. (assumed D51)"""
    data = inside(payload, "message", "data")
    if not isinstance(data, dict):
        return payload
    texts = {key: value if isinstance(value, str) else json.dumps(value) for key, value in data.items()}
    return {**payload, "message": {**payload["message"], "data": texts}}


def put_address(payload: Mapping[str, Any], address: str) -> dict[str, Any]:
    """The message to one registration token."""
    if "message" not in payload:
        return gcm.put_address(payload, address)
    message = payload["message"]
    return {**payload, "message": {"token": address, **message}} if isinstance(message, dict) else dict(payload)


def shows(payload: Mapping[str, Any]) -> Shown:
    """A ``notification``, which the system shows, else what the app finds in ``data``."""
    message = payload.get("message")
    return gcm.shows(message if isinstance(message, Mapping) else payload)


FORBIDDEN = {
    (): (RESERVED, "condition", *gcm.TARGETS),
    ("data",): (RESERVED,),
    ("message", "data"): (RESERVED,),
    ("message",): ("token", "topic", "condition"),
}
CHANNEL = replace(
    gcm.CHANNEL,
    binding_type="fcm",
    label="FCM",
    override=Param("Fcm", "fcm", Payload(FORBIDDEN)),
    render=render,
    put_address=put_address,
    shows=shows,
)
