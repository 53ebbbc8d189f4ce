"""Google's legacy HTTP protocol of GCM and of FCM under a server key, which Google ended in June 2024. (D51)"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fakenotify.notify.channels.channel import Failure, Outgoing, Rendered, Shown, inside, merged, words
from fakenotify.notify.channels.fcm_data import PRIORITIES, data_of, failure_of

URL = "https://fcm.googleapis.com/fcm/send"
REFUSED = Failure(52117)
DEPRECATED = Failure(52116)

_ADVICE = (
    "Google ended its legacy API in 2024, so a delivery by {name} fails with 52117: give an fcm Credential the JSON key"
    " of a service account as its Secret; Behaviour(legacy_fcm='accepted') still delivers"
)


def render(outgoing: Outgoing, name: str, override: Mapping[str, Any] | None) -> Rendered:
    """``Fcm`` or ``Gcm`` over the root of the generic message. (documented; ``time_to_live``: assumed)

    Under ``legacy_fcm="refused"`` it fails with 52117, else it is sent with the warning 52116. (assumed D51)
    """
    notification = outgoing.notification
    data = data_of(notification)
    generic: dict[str, Any] = {"priority": PRIORITIES[notification.priority], "time_to_live": notification.ttl}
    if data:  # a message may be empty, its ``data`` not (assumed)
        generic["data"] = data
    payload = merged(generic, override)
    if outgoing.behaviour.legacy_fcm == "refused":
        return Rendered(payload, url=URL, failure=REFUSED, hint=_ADVICE.format(name=name))
    return Rendered(payload, url=URL, failure=failure_of(payload.get("data", {})), warning=DEPRECATED)


def put_address(payload: Mapping[str, Any], address: str) -> dict[str, Any]:
    """The message to one registration token."""
    return {"to": address, **payload}


def shows(payload: Mapping[str, Any]) -> Shown:
    """A ``notification``, which the system shows, else what the app finds in ``data``."""
    notification = payload.get("notification")
    if isinstance(notification, Mapping):
        return Shown(words(notification.get("title")), words(notification.get("body")))
    data = payload.get("data")
    return Shown(words(inside(data, "twi_title")), words(inside(data, "twi_body")), by_app=True)
