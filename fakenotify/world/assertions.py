"""Assertions on deliveries. The differences are computed first; the assertion fails if there are any."""

from __future__ import annotations

import heapq
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any

from fakenotify.core.matching import matches
from fakenotify.core.params import did_you_mean
from fakenotify.core.printable import printable, printable_lines
from fakenotify.core.values import is_whole
from fakenotify.notify.account import AccountState, Departure
from fakenotify.notify.channels import CHANNELS
from fakenotify.notify.journal import Journal
from fakenotify.notify.records import Delivery
from fakenotify.world.audience import counted
from fakenotify.world.explain import explain, name
from fakenotify.world.hints import ARGUMENTS, hint_of

_NEAREST = 3
_MOST_REASONS = 10
_SHOWN = ("title", "body")
_STATUSES = ("SENT", "FAILED")
FIELDS = (*(field.name for field in fields(Delivery)), *_SHOWN)

_REMEDIES = {
    52001: "give the Binding a phone number in E.164, such as +15005550006",
    52002: "there is no such Credential in this account; create it with create_credential(…) and use its sid",
    52003: "the Credential has another type than the Binding; each of apn, fcm and gcm needs its own",
    52004: 'the Service has no Credential for {type}; create one with create_credential("{type}") and pass its sid: '
    "create_service({type}_credential_sid=…)",
    52117: "Google has ended the legacy API; give the Credential a service account's JSON key as its Secret, or set "
    "legacy_fcm='accepted'",
    52111: 'wrap the override for FCM HTTP v1: Fcm={"message": {…}}',
    52134: "an APNs token is an even number of hexadecimal digits",
    52138: "the payload is larger than the 4096 bytes that APNs takes",
    52106: "the data is larger than the 4096 bytes that FCM takes",
    52182: 'the Service has no Messaging Service; create it with create_service(messaging_service_sid="MG…")',
    52202: 'the Service has no Facebook page; create it with create_service(facebook_messenger_page_id="…")',
    52212: 'the Service has no Alexa skill; create it with create_service(alexa_skill_id="…")',
    52215: "Alexa needs a Title",
    52309: "there is nothing to show; send a Body, or for an SMS media_urls in Sms",
}
"""What a tester can do about a failed delivery, for each code that incomplete test data causes."""


class WaitTimeout(AssertionError, TimeoutError):
    """The condition of ``wait_for`` did not become true in time."""


def value(delivery: Delivery, field: str) -> Any:
    """A field of a delivery; ``title`` and ``body`` are what a person would see."""
    if field in _SHOWN:
        return getattr(CHANNELS[delivery.binding_type].shows(delivery.payload), field)
    return getattr(delivery, field)


def differences(delivery: Delivery, wanted: Mapping[str, Any]) -> list[str]:
    """The fields in which a delivery differs from what was wanted."""
    return [
        f"{field}: expected {expected!r}, got {value(delivery, field)!r}"
        for field, expected in wanted.items()
        if not _is(field, expected, value(delivery, field))
    ]


def _is(field: str, expected: Any, actual: Any) -> bool:
    """Whether a field is as wanted. Payload and headers only have to contain what is wanted."""
    if field in ("payload", "headers") and isinstance(expected, Mapping) and isinstance(actual, Mapping):
        return all(key in actual and _is(field, each, actual[key]) for key, each in expected.items())
    return matches(expected, actual)


def assert_delivered(account: AccountState, journal: Journal, times: int | None, wanted: dict[str, Any]) -> Delivery:
    """Return the newest delivery that is as ``wanted``; it was sent, unless a ``status`` is wanted."""
    __tracebackhide__ = True
    if times is not None and not is_whole(times, 1):
        raise ValueError(f"times is a whole number from 1, not {times!r}; for none there is assert_not_delivered")
    wanted = _checked(wanted)
    matching = _matching(account, wanted)
    if matching and times in (None, len(matching)):
        return matching[-1]
    lines = _wrong_count(account, matching, times, wanted) if matching else _miss(account, journal, wanted)
    raise AssertionError(printable_lines("\n".join(lines)))


def assert_not_delivered(account: AccountState, wanted: dict[str, Any]) -> None:
    """Fail if there is a delivery that is as ``wanted``; it was sent, unless a ``status`` is wanted."""
    __tracebackhide__ = True
    if "status" not in wanted and any(wanted.get(field) is not None for field in ("error_code", "error_message")):
        raise ValueError("a delivery that was sent has no error, so this can't fail; add status='FAILED'")
    wanted = _checked(wanted)
    matching = _matching(account, wanted)
    if matching:
        found = counted(len(matching), "unexpected delivery", "unexpected deliveries")
        lines = [f"{found} with {_words(wanted)}:", *_listed(matching)]
        raise AssertionError(printable_lines("\n".join(lines)))
    for each in _dropped(account):
        warnings.warn(each, stacklevel=3)


def _checked(wanted: dict[str, Any]) -> dict[str, Any]:
    __tracebackhide__ = True
    for field in wanted:
        if field not in FIELDS:
            hint = hint_of(field, ARGUMENTS, (*FIELDS, "times"))
            raise TypeError(f"a delivery has no {field!r}{hint}; it has {', '.join(FIELDS)}")
    for field, known in (("status", _STATUSES), ("binding_type", CHANNELS)):
        given = wanted.get(field)
        if isinstance(given, str) and given not in known:
            raise ValueError(f"no {field} is {given!r}{did_you_mean(given, known)}; there are {', '.join(known)}")
    return wanted if "status" in wanted else {**wanted, "status": "SENT"}


def _matching(account: AccountState, wanted: dict[str, Any]) -> list[Delivery]:
    return [each for each in account.deliveries if not differences(each, wanted)]


def _dropped(account: AccountState) -> list[str]:
    dropped = account.deliveries.dropped
    line = f"the {dropped:,} oldest deliveries were dropped and are not looked at; keep_deliveries keeps more"
    return [line] if dropped else []


def _wrong_count(
    account: AccountState, matching: Sequence[Delivery], times: int | None, wanted: dict[str, Any]
) -> list[str]:
    got = counted(len(matching), "delivery", "deliveries")
    lines = [f"expected {times}, got {got} with {_words(wanted)}:", *_listed(matching), *_dropped(account)]
    if len({each.notification_sid for each in matching}) > 1:
        lines.append("they come from different notifications: was a request that had succeeded sent again?")
    return lines


def _miss(account: AccountState, journal: Journal, wanted: dict[str, Any]) -> list[str]:
    """The nearest deliveries with their differences and remedies, then why the last Notification reached nobody else.

    Where no Notification was created, the requests that were refused.
    """
    newest_first = list(account.deliveries)[::-1]  # of two that are equally near, the newer is shown first
    lines = [f"no delivery with {_words(wanted)}", *_dropped(account), *_nearest(newest_first, wanted)]
    notifications = account.below("notifications")
    if not notifications:
        return [*lines, "no notification was created at all", *_refused(account, journal)]
    explanation = explain(account, notifications[-1].sid)
    reasons = [*explanation.selected, *explanation.skipped]
    identity = wanted.get("identity")
    mine = [
        each for each in reasons if each.binding and identity is not None and matches(identity, each.binding.identity)
    ]
    lines.append(f"the last notification, {str(explanation).splitlines()[0]}:")
    chosen = (mine or reasons)[:_MOST_REASONS]
    lines += [f"  {reason}" for reason in chosen]
    if not reasons:
        lines.append("  its service has no bindings")
    elif len(reasons) > len(chosen):
        lines.append(f"  and {len(reasons) - len(chosen)} more; see explain({explanation.notification.sid!r})")
    if identity is not None and not mine:
        lines.append(f"  identity {identity!r} has no binding in its service")
    service_sid = explanation.notification.service_sid
    gone = [each for each in account.departures if each.binding.service_sid == service_sid and _is_about(each, wanted)]
    lines += [f"  {_why_gone(each, journal)}" for each in gone[-_NEAREST:]]
    asked = [each for each in journal if each.sid == explanation.notification.sid]
    return lines + [f"  the request was warned: {warning}" for each in asked for warning in each.warnings]


def _nearest(deliveries: Sequence[Delivery], wanted: dict[str, Any]) -> list[str]:
    if not deliveries:
        return []
    lines = [f"nearest of {counted(len(deliveries), 'delivery', 'deliveries')}:"]
    for each in heapq.nsmallest(_NEAREST, deliveries, key=lambda each: len(differences(each, wanted))):
        lines.append(f"  {name(each)} ({each.notification_sid})")
        lines += [f"    {difference}" for difference in differences(each, wanted)]
        if each.error_code is not None:
            lines.append(f"    it failed: {each.error_code} {each.error_message}")
            if each.error_code in _REMEDIES:
                lines.append(f"    what to do: {_REMEDIES[each.error_code].replace('{type}', each.binding_type)}")
    return lines


def _refused(account: AccountState, journal: Journal) -> list[str]:
    """The last refused requests to send, with the reasons in their answers."""
    refused = [
        each for each in journal if (each.status or 0) >= 400 and each.method == "POST" and "Notifications" in each.path
    ]
    lines = [f"{counted(len(refused), 'request was', 'requests were')} refused:"] if refused else []
    for each in refused[-_NEAREST:]:
        lines.append(f"  {each}")
        lines += [f"    {warning}" for warning in each.warnings]
        if each.status == 404 and account.services:
            known = [f"{service.sid} ({service.friendly_name or 'no name'})" for service in account.services]
            lines.append(f"    the Services that exist: {', '.join(known[:_NEAREST])}")
    return lines


def _is_about(departure: Departure, wanted: dict[str, Any]) -> bool:
    """Whether the assertion is about a Binding that was removed."""
    selectors = [name for name in ("identity", "address", "binding_type") if name in wanted]
    return bool(selectors) and all(matches(wanted[each], getattr(departure.binding, each)) for each in selectors)


def _why_gone(departure: Departure, journal: Journal) -> str:
    """Why a Binding was removed, and by which request if the journal has it."""
    gone, successor = departure.binding, departure.successor
    when = f"{departure.when:%H:%M:%S}"
    if departure.why == "replaced" and successor is not None:
        by = f"{successor.identity}'s create of {when} replaced it"
        return f"{gone.identity} had a Binding for this address; {by}{_request_of(journal, departure)}"
    if departure.why == "deleted":
        return f"{name(gone)} was deleted at {when}{_request_of(journal, departure)}"
    if departure.why == "disowned":
        return f"{name(gone)} was removed at {when}: its provider said that the token is no longer registered"
    return f"{name(gone)} was evicted at {when} by the 21st Binding of its identity"


def _request_of(journal: Journal, departure: Departure) -> str:
    """Which request replaced or deleted a Binding, if the journal has it."""
    gone, successor = departure.binding, departure.successor
    for number, each in enumerate(journal, journal.dropped + 1):
        if successor is not None and each.method == "POST" and each.sid == successor.sid:
            if (each.body or {}).get("identity") == successor.identity:  # a replacement may keep the sid
                return f" (request {number})"
        elif each.method == "DELETE" and each.status == 204 and each.path.endswith(gone.sid):
            return f" by DELETE {each.path} (request {number})"
    return ""


def _listed(matching: Iterable[Delivery]) -> list[str]:
    return [
        f"  {name(each)} ({each.notification_sid}): {value(each, 'body') or value(each, 'title')!r}"
        for each in matching
    ][:_MOST_REASONS]


def _words(wanted: dict[str, Any]) -> str:
    return ", ".join(f"{field}={printable(repr(expected))}" for field, expected in wanted.items())
