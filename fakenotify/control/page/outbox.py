"""The inspector's panel of Notifications: what every device shows, what failed, who got nothing and why."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from fakenotify.control.page.devices import Picture, draw, picture
from fakenotify.control.page.lens import (
    MOST_TEXT,
    Facets,
    Lens,
    account,
    code,
    cut,
    ends,
    error_link,
    moment,
    nothing,
    panel,
    pill,
    sid,
    terms,
)
from fakenotify.control.page.markup import Html, Node, clip, tag
from fakenotify.control.page.unreached import unreached
from fakenotify.notify.account import AccountState as Notify
from fakenotify.notify.debugger import CODES
from fakenotify.notify.records import Alert, Delivery, Notification
from fakenotify.world.explain import asked

FEW_NOTIFICATIONS, NOTIFICATIONS = 10, 50
FEW_DELIVERIES, DELIVERIES = 6, 100
MOST_EXPLAINED = 20_000
"""Bindings that are looked at on one page without being asked to; more reasons wait on the Notification's own."""


@dataclass(slots=True)
class Entry:
    """A Notification with those of its deliveries that are looked for.

    ``notification`` is None where its Service was deleted; its deliveries are known all the same.
    """

    sid: str
    notify: Notify
    date: datetime
    notification: Notification | None
    deliveries: list[Delivery]
    all_deliveries: int
    app: str | None = None
    bindings: int = 0
    alerts: list[Alert] = field(default_factory=list)


OF_DELIVERY: Facets[Delivery] = Facets(
    texts=lambda each: (
        each.address,
        each.identity,
        each.sid,
        each.binding_sid,
        each.binding_type,
        each.error_message,
        _dumped(each.payload),
    ),
    identities=lambda each: (each.identity,),
    statuses=lambda each: (each.status, str(each.error_code)),
)


def _dumped(value: object) -> str:
    try:
        return json.dumps(value, ensure_ascii=False)
    except RecursionError:
        return ""


def notifications(lens: Lens) -> Html:
    """The panel: the latest Notifications, a page of them, or the one that was asked for."""
    entries = list(_entries(lens))
    if lens.notification is not None:
        return _one(lens, entries)
    found = [entry for entry in entries if _is_wanted(lens, entry)]
    whole = lens.view == "notifications"
    part = cut(lens, found, FEW_NOTIFICATIONS, NOTIFICATIONS, lens.link(view="notifications", page=None), whole=whole)
    _complete(lens, part.rows)
    budget = MOST_EXPLAINED
    shown = []
    for entry in part.rows:
        budget -= entry.bindings + len(entry.notify.deliveries) // 20
        shown.append(_drawn(lens, entry, explained=budget >= 0))
    rows = tag("ol", shown, class_="rows", data_rows="notifications") if shown else None
    return panel(
        "notifications", "Notifications", part.told, rows or nothing(lens, "Nothing was sent yet."), part.links
    )


def _one(lens: Lens, entries: list[Entry]) -> Html:
    """One Notification at length."""
    found = [entry for entry in entries if entry.sid == lens.notification]
    back = tag("p", tag("a", "← All notifications", href=lens.plain(view="notifications")), class_="pager")
    if not found:
        told = tag("p", f"There is no notification {lens.notification}.", class_="nothing")
        return panel("notifications", "Notification", None, back, told)
    entry = found[0]
    entry.deliveries = lens.choose(entry.deliveries, OF_DELIVERY)
    _complete(lens, [entry])
    rows = tag("ol", _drawn(lens, entry, explained=True), class_="rows", data_rows="notifications")
    return panel("notifications", "Notification", None, back, rows)


def count(lens: Lens) -> int:
    """How many Notifications there are."""
    return sum(len(scope.notifications) for notify in lens.accounts for scope in list(notify.scopes.values()))


def _entries(lens: Lens) -> Iterator[Entry]:
    """Everything that was sent, newest first; where several accounts are shown, by its date."""
    found = []
    known = set()
    for notify in lens.accounts:
        with notify.lock:
            sent = notify.below("notifications")
        for each in reversed(sent):
            key = (notify.account_sid, each.sid)
            known.add(key)
            deliveries = lens.deliveries.get(key, [])
            found.append(Entry(each.sid, notify, each.date_created, each, deliveries, len(deliveries)))
    if lens.several:
        found.sort(key=lambda entry: entry.date, reverse=True)
    yield from found
    of_account = {notify.account_sid: notify for notify in lens.accounts}
    for key, deliveries in reversed(lens.deliveries.items()):
        if key not in known:
            date = deliveries[-1].date_created
            yield Entry(key[1], of_account[key[0]], date, None, deliveries, len(deliveries))


def _is_wanted(lens: Lens, entry: Entry) -> bool:
    """Whether it was looked for; leaves it with only those of its deliveries that were."""
    notification = entry.notification
    own = bool(lens.text) and lens.has_text(_texts(notification) if notification else (entry.sid,))
    deliveries = entry.deliveries
    if lens.identity:
        deliveries = [each for each in deliveries if each.identity == lens.identity]
    if lens.status:
        deliveries = [each for each in deliveries if lens.has_status((each.status, str(each.error_code)))]
    if lens.text and not own:
        deliveries = [each for each in deliveries if lens.has_text(OF_DELIVERY.texts(each))]
    entry.deliveries = deliveries
    if deliveries or not lens.is_filtered:
        return True
    if lens.status:
        return False
    named = notification is not None and lens.identity in notification.identities
    return named and (own or not lens.text) if lens.identity else own


def _texts(notification: Notification) -> tuple[str | None, ...]:
    return (
        notification.sid,
        notification.title,
        notification.body,
        notification.sound,
        notification.action,
        *notification.identities,
        *notification.tags,
        *notification.segments,
        _dumped(notification.data),
    )


def _complete(lens: Lens, entries: Sequence[Entry]) -> None:
    """Look up what is only needed of those that are shown."""
    wanted = {entry.sid: entry for entry in entries}
    for notify in lens.accounts:
        with notify.lock:
            alerts = list(notify.alerts)
        for alert in alerts:
            entry = wanted.get(alert.notification_sid or "")
            if entry is not None and alert.binding_type is None:
                entry.alerts.append(alert)
    for entry in entries:
        if entry.notification is not None:
            with entry.notify.lock:
                service = entry.notify.services.get(entry.notification.service_sid)
                scope = entry.notify.scopes.get(entry.notification.service_sid)
            entry.app = service.friendly_name if service else None
            entry.bindings = len(scope.bindings) if scope else 0


def _drawn(lens: Lens, entry: Entry, *, explained: bool) -> Html:
    failed = sum(each.status == "FAILED" for each in entry.deliveries)
    sent = len(entry.deliveries) - failed
    hidden = entry.all_deliveries - len(entry.deliveries)
    notification = entry.notification
    words = [word for word in (notification.title, notification.body) if word] if notification else []
    address = lens.link(notification=entry.sid, view=None, page=None)
    head = tag(
        "header",
        tag("h3", tag("a", clip(" — ".join(words), 160) or "(no title, no body)", href=address)),
        tag(
            "p",
            pill(f"{sent:,} sent", "good") if sent else None,
            pill(f"{failed:,} failed", "bad") if failed else None,
            pill("no deliveries", "warn") if not entry.all_deliveries else None,
            tag("span", f"{hidden:,} hidden by the filter", class_="quiet") if hidden else None,
            _selectors(notification),
            sid(entry.sid),
            account(lens, entry.notify.account_sid),
            moment(lens, entry.date),
            class_="meta",
        ),
        class_="row-head",
    )
    return tag(
        "li",
        head,
        [_told(alert) for alert in entry.alerts],
        _devices(lens, entry, address),
        unreached(lens, entry.notify, entry.sid)
        if explained and notification
        else tag("p", tag("a", "Who did not get it, and why", href=address), class_="pager")
        if notification
        else None,
        _request(notification),
        class_="row notification",
        data_key=entry.sid,
    )


def _selectors(notification: Notification | None) -> Node:
    if notification is None:
        return tag("span", "its Service was deleted", class_="quiet")
    return tag("span", clip(asked(notification), 200), class_="selectors")


def _told(alert: Alert) -> Html:
    return tag(
        "p",
        pill(alert.level.lower(), "bad" if alert.level == "ERROR" else "warn"),
        " ",
        error_link(alert.code),
        f" {clip(alert.text, 300)}",
        class_="trouble" if alert.level == "ERROR" else "trouble warning",
    )


def _devices(lens: Lens, entry: Entry, address: str) -> Node:
    """The deliveries, those that look the same to a person together."""
    whole = lens.notification is not None
    deliveries = sorted(entry.deliveries, key=lambda each: each.status != "FAILED")  # what is looked for must be seen
    part = cut(lens, deliveries, FEW_DELIVERIES, DELIVERIES, address, whole=whole)
    groups: dict[tuple[Picture, str, int | None, str | None], list[Delivery]] = {}
    for each in part.rows:
        looks = (picture(each, entry.app), each.status, each.error_code, each.error_message)
        groups.setdefault(looks, []).append(each)
    if not groups:
        return part.links
    is_open = whole and len(groups) <= FEW_DELIVERIES
    return [
        tag("div", [_group(looks[0], each, is_open=is_open) for looks, each in groups.items()], class_="devices"),
        part.links,
    ]


def _group(seen: Picture, deliveries: list[Delivery], *, is_open: bool) -> Html:
    first = deliveries[0]
    is_open = is_open and len(deliveries) == 1
    return tag(
        "div",
        draw(seen, failed=first.status == "FAILED"),
        tag(
            "div",
            _failure(first),
            tag("ul", [_recipient(each, is_open=is_open) for each in deliveries], class_="recipients"),
            class_="beside",
        ),
        class_="group many" if len(deliveries) > 2 else "group",
    )


def _failure(delivery: Delivery) -> Node:
    if delivery.error_code is None:
        return None
    known = CODES.get(delivery.error_code)
    title = known.title if known else ""
    said = clip(delivery.error_message or "", 400)
    return tag(
        "p",
        error_link(delivery.error_code),
        tag("strong", f" {title}"),
        tag("span", said, class_="said") if said != title else None,
        class_="trouble",
    )


def _recipient(delivery: Delivery, *, is_open: bool) -> Html:
    """To whom, and on demand exactly what: the payload as the provider gets it, and the headers."""
    owner = "direct" if delivery.identity is None else clip(delivery.identity, 60)
    return tag(
        "li",
        tag(
            "details",
            tag(
                "summary",
                pill(delivery.status, "bad" if delivery.status == "FAILED" else "good"),
                tag("span", owner, class_="who"),
                tag("span", ends(delivery.address), class_="where"),
            ),
            tag("h4", "Payload"),
            code(delivery.payload, 4 * MOST_TEXT if is_open else MOST_TEXT),
            [tag("h4", "Headers"), code(delivery.headers)] if delivery.headers else None,
            terms(
                ("Message", sid(delivery.sid)),
                ("Binding", sid(delivery.binding_sid)),
                ("Address", tag("code", clip(delivery.address, MOST_TEXT))),
                ("Credential", sid(delivery.credential_sid)),
                ("Protocol", clip(delivery.protocol_version, 40)),
            ),
            open=is_open,
        ),
    )


def _request(notification: Notification | None) -> Node:
    """What was sent, beside the words that everybody sees."""
    if notification is None:
        return None
    overrides = ("data", "apn", "fcm", "gcm", "sms", "facebook_messenger", "alexa")
    given = {each: getattr(notification, each) for each in overrides if getattr(notification, each) is not None}
    return tag(
        "details",
        tag("summary", "The notification"),
        terms(
            ("Sid", tag("code", notification.sid)),
            ("Service", tag("code", notification.service_sid)),
            ("Identity", _list(notification.identities)),
            ("Tag", _list(notification.tags)),
            ("Segment", _list(notification.segments)),
            ("Title", _text(notification.title)),
            ("Body", _text(notification.body)),
            ("Sound", _text(notification.sound)),
            ("Action", _text(notification.action)),
            ("Priority", notification.priority),
            ("Ttl", f"{notification.ttl:,} s"),
            ("Delivery callback", _text(notification.delivery_callback_url)),
        ),
        [[tag("h4", key), code(value)] for key, value in given.items()],
        class_="given",
    )


def _text(value: str | None) -> str | None:
    return None if value is None else clip(value, MOST_TEXT)


def _list(values: Sequence[str]) -> Node:
    return [tag("span", clip(each, 200), class_="chip") for each in values]
