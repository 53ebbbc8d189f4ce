"""Delivery callbacks as data: what to post where, signed, in batches. There is no network here."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Container, Iterable, Sequence
from dataclasses import replace
from hashlib import sha1
from hmac import new as hmac
from itertools import groupby
from urllib.parse import urlencode

from fakenotify.core.strict_json import clean
from fakenotify.notify.account import AccountState
from fakenotify.notify.debugger import CODES
from fakenotify.notify.records import Alert, Attempt, Callback, Delivery, Notification

DELIVERIES_PER_CALLBACK = 1000
"""The largest batch. (documented)"""
FIRST_RETRY = 1.0
"""Seconds until the first retry, where retries are switched on; each further one waits twice as long. (assumed D44)"""
UNREACHABLE = 52311


def plan(account: AccountState, notification: Notification, url: str, deliveries: Sequence[Delivery]) -> None:
    """Schedule the callbacks of a Notification to ``url``, due at once: one for each thousand, at least one."""
    last = max(0, len(deliveries) - 1) // DELIVERIES_PER_CALLBACK
    for number in range(last + 1):
        batch = deliveries[number * DELIVERIES_PER_CALLBACK : (number + 1) * DELIVERIES_PER_CALLBACK]
        fields = [
            ("NotificationSid", notification.sid),
            ("AccountSid", account.account_sid),
            ("ServiceSid", notification.service_sid),
            ("Count", str(len(batch))),
            ("SequenceId", str(number)),
            ("IsFinal", "true" if number == last else "false"),
            *(("DeliveryState", delivery_state(delivery)) for delivery in batch),
        ]
        callback = Callback(
            sid=account.new_sid("CB", account.callbacks),
            account_sid=account.account_sid,
            service_sid=notification.service_sid,
            notification_sid=notification.sid,
            url=url,
            body=urlencode(fields, errors="replace"),
            signature=sign(account.auth_token, signed_url(url), fields),
            sequence_id=number,
            is_final=number == last,
            status="PENDING",
            attempts=(),
            date_created=account.clock.stamp(),
        )
        account.callbacks.add(account.next_sequence(), callback)
        account.callbacks.trim(account.kept)
        account.schedule.add(account.clock.seconds(), callback.sid)


def delivery_state(delivery: Delivery) -> str:
    """A delivery as a callback reports it. Only ``sid`` and the two values of ``status`` are documented. (D22)"""
    state: dict[str, object] = {
        "sid": delivery.sid,
        "type": delivery.binding_type,
        "address": delivery.address,
        "identity": delivery.identity,
        "status": delivery.status,
    }
    if delivery.error_code is not None:
        state |= {"error_code": delivery.error_code, "error_message": delivery.error_message}
    text = json.dumps(state)
    return json.dumps(clean(state, str)) if "\\ud" in text else text  # no JSON has half of a surrogate pair


_USER = re.compile(r"(?<=://)[^/?#]*@")
_RETRIES = re.compile("(?:^|&)rc=([0-5])(?=&|$)")


def signed_url(url: str) -> str:
    """A callback's URL as it is signed: without fragment (documented), user and password (assumed D39)."""
    return _USER.sub("", url.partition("#")[0], count=1)


def retries(url: str, default: int) -> int:
    """How often a callback to ``url`` is tried again: the ``rc`` of its fragment, 0 to 5, else ``default``. (D44)

    ``#rc=2`` is a connection override of Twilio's webhooks; the others (``rp``, ``ct``, …) are ignored.
    """
    found = _RETRIES.search(url.partition("#")[2])
    return int(found[1]) if found else default


def sign(auth_token: str, url: str, fields: Iterable[tuple[str, str]]) -> str:
    """``X-Twilio-Signature``: unique names in order, the unique values of each in order. (documented)"""
    text = url
    for name, values in groupby(sorted(set(fields)), key=lambda field: field[0]):
        text += "".join(f"{name}{value}" for _, value in values)
    digest = hmac(auth_token.encode(), text.encode("utf-8", "replace"), sha1).digest()
    return b64encode(digest).decode()


def take_due(account: AccountState, busy: Container[str] = ()) -> Callback | None:
    """Take the first callback that is due out of the schedule, but none to a ``busy`` URL."""
    with account.lock:
        for key in account.schedule.due(account.clock.seconds()):
            callback = account.callbacks.get(key)
            if callback is None:  # its record was dropped
                account.schedule.remove(key)
            elif callback.url not in busy:
                account.schedule.remove(key)
                return callback
        return None


def put_back(account: AccountState, callback: Callback) -> None:
    """Schedule a callback again: the fake itself aborted the attempt, so it doesn't count."""
    with account.lock:  # ``take_due`` skips it if its record is gone
        account.schedule.add(callback.date_created.timestamp(), callback.sid)


def note_attempt(account: AccountState, callback: Callback, attempt: Attempt) -> Callback:
    """Record the result of an attempt: delivered, to be retried, or failed with alert 52311."""
    with account.lock:
        current = account.callbacks.get(callback.sid)
        if current is None:  # the world has been reset or restored since
            return callback
        attempts = (*current.attempts, attempt)
        again = not attempt.succeeded and len(attempts) <= retries(current.url, account.behaviour.callback_retries)
        changed = replace(
            current, status="DELIVERED" if attempt.succeeded else "PENDING" if again else "FAILED", attempts=attempts
        )
        account.callbacks.replace(changed)
        if again:
            account.schedule.add(account.clock.seconds() + FIRST_RETRY * 2 ** (len(attempts) - 1), callback.sid)
        elif not attempt.succeeded:
            alert = Alert(
                code=UNREACHABLE,
                level="ERROR",
                text=str(CODES[UNREACHABLE].detail),
                notification_sid=callback.notification_sid,
                service_sid=callback.service_sid,
                account_sid=account.account_sid,
                binding_sid=None,
                binding_type=None,
                date_created=account.clock.stamp(),
            )
            account.add_alert(alert)
        return changed
