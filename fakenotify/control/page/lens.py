"""What a person has asked the inspector to show: whose world, which rows of it, which page of them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode

from fakenotify.control.page.markup import Html, Node, clip, tag
from fakenotify.control.routes import Ask, Refused, account_of
from fakenotify.core.params import nearest
from fakenotify.notify.account import AccountState as Notify
from fakenotify.notify.records import Delivery
from fakenotify.notify.resources.representation import timestamp
from fakenotify.server.wsgi import CONTROL
from fakenotify.world.world import World

R = TypeVar("R")

PARTS = ("notifications", "requests", "alerts", "callbacks", "services", "controls")
"""The panels of the page, each of which can also be looked at by itself."""
QUERY = ("account_sid", "q", "identity", "status", "view", "page", "notification", "service", "part")
MOST_TEXT = 4000
"""Characters of one value; what is longer is clipped, and stands whole in the control API's JSON."""

_SID = re.compile(r"\b([A-Z]{2}[0-9a-f]{6})[0-9a-f]{22}([0-9a-f]{4})\b")


@dataclass(frozen=True, slots=True)
class Facets(Generic[R]):
    """What a row can be found by: the texts in it, whose it is, and words for how it went (None: it did not go)."""

    texts: Callable[[R], Iterable[str | None]]
    identities: Callable[[R], Iterable[str | None]]
    statuses: Callable[[R], Iterable[str]] | None = None


class Lens:
    """One look at a world. ``query`` holds what was asked and is not empty. Raises ``Refused`` for what can't be."""

    def __init__(self, world: World, ask: Ask) -> None:
        self.world = world
        self.origin = ask.origin
        self.query = {name: value for name, value in ask.query.items() if value and name != "part"}
        self.accounts: list[Notify] = world.accounts_of(account_of(world, Ask(self.query, None)))
        self.account_sid = self.query.get("account_sid")
        self.text = self.query.get("q", "").lower()
        self.identity = self.query.get("identity")
        self.status = self.query.get("status", "").lower()
        self.notification = self.query.get("notification")
        self.service = self.query.get("service")
        self.view = self.query.get("view") or _view_of(self.query)
        self.page = _page(self.query.get("page", "1"))
        if self.view not in ("", *PARTS):
            raise Refused(
                400, f"there is no view {self.view!r}; there are {', '.join(PARTS)}", nearest(self.view, PARTS)
            )

    @property
    def is_filtered(self) -> bool:
        """Whether something may be hidden by what was searched for."""
        return bool(self.text or self.identity or self.status)

    @cached_property
    def several(self) -> bool:
        """Whether rows of more than one account are shown, so that each must say whose it is."""
        return len(self.accounts) > 1

    @cached_property
    def deliveries(self) -> dict[tuple[str, str], list[Delivery]]:
        """The deliveries of the accounts in sight by account and notification sid, oldest first."""
        found: dict[tuple[str, str], list[Delivery]] = {}
        for notify in self.accounts:
            with notify.lock:
                held = list(notify.deliveries)
            for each in held:
                found.setdefault((notify.account_sid, each.notification_sid), []).append(each)
        return found

    @cached_property
    def sids_of_identity(self) -> frozenset[str | None]:
        """The Bindings and Notifications that have to do with the identity which is looked for."""
        found: set[str | None] = set()
        for deliveries in self.deliveries.values():
            for each in deliveries:
                if each.identity == self.identity:
                    found |= {each.binding_sid, each.notification_sid}
        return frozenset(found - {None})

    def link(self, **changes: str | int | None) -> str:
        """The address of this look with some of its query changed; None takes a part of it out."""
        query = {name: value for name, value in (self.query | changes).items() if value is not None}
        return f"{CONTROL}/?{urlencode(query, errors='replace')}" if query else f"{CONTROL}/"

    def plain(self, **query: str | int | None) -> str:
        """The address of another look at the same accounts, without what is searched for."""
        kept = ("account_sid", "view")
        return self.link(**{name: None for name in self.query if name not in kept} | {"view": None} | query)

    def has_text(self, texts: Iterable[str | None]) -> bool:
        """Whether what is searched for is in one of ``texts``."""
        return any(self.text in text.lower() for text in texts if text)

    def has_status(self, statuses: Iterable[str]) -> bool:
        """Whether no status is looked for, or one of these."""
        return not self.status or self.status in {each.lower() for each in statuses}

    def choose(self, rows: Iterable[R], facets: Facets[R]) -> list[R]:
        """The rows that were asked for."""
        if self.identity:
            rows = [row for row in rows if self.identity in facets.identities(row)]
        if self.status and facets.statuses is not None:
            statuses = facets.statuses
            rows = [row for row in rows if self.has_status(statuses(row))]
        if self.text:
            rows = [row for row in rows if self.has_text(facets.texts(row))]
        return list(rows)


def _view_of(query: Mapping[str, str]) -> str:
    return "notifications" if "notification" in query else "services" if "service" in query else ""


def _page(given: str) -> int:
    if not (given.isascii() and given.isdigit() and 0 < len(given) < 10 and int(given)):
        raise Refused(400, f"page is a whole number from 1, not {given!r}")
    return int(given)


@dataclass(frozen=True, slots=True)
class Cut(Generic[R]):
    """The rows that are shown of all that there are, and the links to the others."""

    rows: Sequence[R]
    told: Html
    links: Html | None


def cut(lens: Lens, rows: Sequence[R], few: int, many: int, more: str, *, whole: bool) -> Cut[R]:
    """The first ``few`` rows with a link ``more`` to the rest; or, of the ``whole``, a page of ``many``."""
    total = len(rows)
    if not whole:
        shown = rows[:few]
        links = tag("p", tag("a", f"Show all {total:,}", href=more), class_="pager") if total > few else None
        return Cut(shown, _told(1, len(shown), total), links)
    first = (lens.page - 1) * many
    shown = rows[first : first + many]
    links = None
    if total > many or lens.page > 1:
        pages = max(1, -(-total // many))
        before = tag("a", "← Previous", href=lens.link(page=min(lens.page - 1, pages)), rel="prev")
        after = tag("a", "Next →", href=lens.link(page=lens.page + 1), rel="next")
        links = tag(
            "nav",
            before if lens.page > 1 else None,
            tag("span", f"Page {lens.page:,} of {pages:,}"),
            after if lens.page < pages else None,
            class_="pager",
            aria_label="Pages",
        )
    return Cut(shown, _told(first + 1, first + len(shown), total), links)


def _told(first: int, last: int, total: int) -> Html:
    told = f"{total:,}" if last - first + 1 == total else f"{first:,}–{last:,} of {total:,}" if last >= first else "0"
    return tag("span", told, class_="count")


def moment(lens: Lens, date: datetime) -> Html:
    """A date, as short as it can be told today."""
    now = lens.world.clock.now()
    exact = timestamp(date)
    return tag("time", exact[11:19] if date.date() == now.date() else f"{exact[:10]} {exact[11:19]}", datetime=exact)


def ticking(lens: Lens) -> Html:
    """The fake's own time; with JavaScript it goes on, unless it is frozen."""
    clock = lens.world.clock
    now = timestamp(clock.now())
    return tag("time", f"{now[:10]} {now[11:19]}", datetime=now, data_ticks=not clock.frozen, class_="now")


def short(text: str) -> str:
    """A text with its sids shortened, for where there is no room."""
    return _SID.sub(r"\1…\2", text)


def ends(text: str) -> str:
    """A token by its ends: the middle of one tells nobody anything."""
    return text if len(text) <= 28 else f"{text[:14]}…{text[-8:]}"


def sid(value: str | None) -> Node:
    """A sid, shortened, with the whole of it on demand."""
    return None if value is None else tag("code", short(clip(value, 80)), class_="sid", title=value)


def account(lens: Lens, account_sid: str | None) -> Node:
    """Whose row this is, where that is not clear."""
    return [tag("span", "account ", class_="quiet"), sid(account_sid)] if lens.several and account_sid else None


def code(value: Any, most: int = MOST_TEXT) -> Html:
    """A value as JSON that a person can read, from its beginning to what a page can bear."""
    pieces: list[str] = []
    length = 0
    for piece in json.JSONEncoder(indent=2, ensure_ascii=False).iterencode(value):
        pieces.append(piece)
        length += len(piece)
        if length > most:
            pieces = ["".join(pieces)[:most], "… (clipped; it stands whole in the control API's JSON)"]
            break
    return tag("pre", tag("code", "".join(pieces)), tabindex=0)


def pill(text: str, kind: str) -> Html:
    """A word on how something went: ``kind`` is ``good``, ``bad``, ``warn`` or ``plain``."""
    return tag("span", text, class_=f"pill {kind}")


def error_link(error_code: int) -> Html:
    """A code with the way to its page in Twilio's dictionary."""
    return tag("a", error_code, href=f"https://www.twilio.com/docs/errors/{error_code}", rel="noreferrer")


def terms(*pairs: tuple[str, Node]) -> Html:
    """Names and values, those without a value left out."""
    shown = [tag("div", tag("dt", name), tag("dd", value)) for name, value in pairs if value not in (None, "", [], ())]
    return tag("dl", shown, class_="terms")


def panel(name: str, title: str, told: Node, *content: Node) -> Html:
    """One part of the page."""
    head = tag("header", tag("h2", title, id=f"{name}-heading"), told, class_="panel-head")
    return tag("section", head, *content, class_="panel", id=name, data_part=name, aria_labelledby=f"{name}-heading")


def nothing(lens: Lens, words: str) -> Html:
    """What stands where there are no rows."""
    if lens.is_filtered:
        return tag(
            "p",
            "Nothing here matches. ",
            tag("a", "Show everything", href=lens.plain(view=lens.view)),
            class_="nothing",
        )
    return tag("p", words, class_="nothing")
