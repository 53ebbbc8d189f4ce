"""Reading the tables: filters, order, pages and cursors.

Invariants: the time for a page doesn't depend on the table's length; a cursor is a position in each account's sequence
numbers, so rows that are added or deleted neither repeat nor hide others; an account's lock is held for one batch of
rows only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from heapq import merge
from itertools import islice
from operator import attrgetter, itemgetter
from typing import Any

from fakenotify.control.routes import ACCOUNT, Ask, Parameter, Refused, Route
from fakenotify.control.schema import FLAG, INTEGER, OBJECT, TEXT, TEXT_OR_NULL, array, obj, record_schema
from fakenotify.control.search import parse_search
from fakenotify.control.sight import Filter, Sight
from fakenotify.core import strict_json
from fakenotify.core.store import Table
from fakenotify.notify.account import Tables
from fakenotify.notify.tables import TABLES
from fakenotify.world.saved_state import to_json
from fakenotify.world.world import World

REQUESTS = "requests"
_FIRST_BATCH, _LARGEST_BATCH = 64, 4096
_PIECE = 65_536
"""Characters of a long answer that are sent at once."""
_CURSOR = re.compile(r"0|(?:(?:AC[0-9a-f]{32}:)?[0-9]{1,18})(?:,AC[0-9a-f]{32}:[0-9]{1,18})*")

PAGING = {
    **ACCOUNT,
    "limit": Parameter("At most this many rows.", {"type": "integer", "minimum": 0}),
    "order": Parameter("`oldest` first, the default, or `newest` first.", {"enum": ["oldest", "newest"]}),
    "after": Parameter("A cursor: only rows that follow it in this order.", TEXT),
    "before": Parameter("A cursor: only the rows in front of it in this order, those nearest to it.", TEXT),
    "count": Parameter("`true` adds `total`, the number of rows that pass the filters.", FLAG),
    "brief": Parameter("`true` leaves out what may be large.", FLAG),
    "q": Parameter("Only rows that contain this text, in any case.", TEXT),
    "search": Parameter("A search such as `alice status:failed`: words, and the filters of this table.", TEXT),
    "id": Parameter("Only the row with this `id`.", TEXT),
}
"""The query parameters that every table has."""

Row = tuple[str, int, Any]
"""A row: its account (empty in the journal), its number there, and its record."""
Cut = dict[str, int]
"""A position between rows: for each account the number of the last row on the older side, by default 0."""
Texts = Iterable[str | None]


@dataclass(frozen=True, slots=True)
class Rows:
    """A table, and how its rows are found and shown.

    Each of the ``filters`` makes a test of a row from a query parameter's value. ``q`` searches the ``texts`` of a row,
    then what ``also`` returns. ``more`` adds fields to the record's JSON, which ``schema`` describes. ``heavy`` are the
    fields that ``brief=true`` leaves out. ``group`` is the field that rows can be grouped by, and a function for it.
    """

    name: str
    words: str
    record: type
    filters: Mapping[str, Filter]
    texts: Callable[[Any], Texts]
    more: Callable[[Sight, Any], dict[str, Any]] = lambda sight, record: {}
    schema: Mapping[str, Any] = field(default_factory=dict)
    heavy: Iterable[str] = ()
    date: Callable[[Any], datetime] = attrgetter("date_created")
    group: tuple[str, Callable[[list[Any]], list[dict[str, Any]]]] | None = None
    also: Callable[[Sight, Any], Texts] = lambda sight, record: ()

    def route(self) -> Route:
        """The operation that reads the table."""
        row = record_schema(self.record)
        row["properties"] |= {"id": TEXT, **self.schema}
        row["required"] = [each for each in row["properties"] if each not in self.heavy]
        answer = obj(
            {self.name: array(row), "dropped": INTEGER, "next": TEXT_OR_NULL, "previous": TEXT, "total": INTEGER},
            required=(self.name, "dropped"),
        )
        query = PAGING | {name: Parameter(words, TEXT) for name, (words, _) in self.filters.items()}
        if self.group is not None:
            name = self.group[0]
            words = f"`{name}`: how many rows there are for each, as `groups`, the most frequent first."
            query["group"] = Parameter(words, {"enum": [name]})
            answer = {"anyOf": [answer, obj({"groups": array(OBJECT), "dropped": INTEGER})]}
        return Route("GET", self.name, self._read, f"get_{self.name}", self.words, answer, query)

    def _read(self, world: World, ask: Ask) -> Any:
        reading = Reading(world, ask, self)
        if self.group is None or "group" not in ask.query:
            return reading.pieces()
        chosen = [record for _, _, record in reading.found(newest=reading.newest)]
        return {"groups": self.group[1](chosen), "dropped": reading.dropped()}


class Source:
    """The rows of one account, or of the journal, by their numbers."""

    def __init__(self, key: str, tables: list[Any], lock: AbstractContextManager[Any]) -> None:
        self.key = key
        self.tables = tables
        """One table, or one of each Service."""
        self._lock = lock
        self.top = next(iter(self._batch(None, 1, newest=True)), (0,))[0]

    def walk(self, cut: Cut, tests: Iterable[Callable[[int, Any], bool]], *, newest: bool) -> Iterator[Row]:
        """The rows that pass all tests: those newer than a cut, or those older than it, ``newest`` first."""
        edge = cut.get(self.key, 0)
        above, upto = (0, min(edge, self.top)) if newest else (edge, self.top)
        size, at = _FIRST_BATCH, upto + 1 if newest else above
        while batch := self._batch(at, size, newest=newest):
            for number, record in batch:
                if not above < number <= upto:
                    return
                for test in tests:
                    if not test(number, record):
                        break
                else:
                    yield self.key, number, record
            at, size = batch[-1][0], min(2 * size, _LARGEST_BATCH)

    def _batch(self, at: int | None, size: int, *, newest: bool) -> list[tuple[int, Any]]:
        with self._lock:
            walks = []
            for table in self.tables:
                rows = table.select() if isinstance(table, Table) else table
                walks.append(rows.descending(at) if newest else rows.ascending(at))
            merged = walks[0] if len(walks) == 1 else merge(*walks, key=itemgetter(0), reverse=newest)
            return list(islice(merged, size))


class Reading:
    """One request to read a table."""

    def __init__(self, world: World, ask: Ask, rows: Rows) -> None:
        query = ask.query
        if "before" in query and "after" in query:
            raise Refused(400, "before and after exclude each other", ["before", "after"])
        self.rows = rows
        self.sight = Sight(world, ask.environ)
        self.sources = self._sources(world, query.get("account_sid"))
        self.tests = self._tests(query) if query else []
        self.brief, self.counted = query.get("brief", False), query.get("count", False)
        self.newest = query.get("order") == "newest"
        self.backwards = "before" in query
        self.limit: int | None = query.get("limit")
        cursor = query.get("before", query.get("after"))
        if cursor is not None:
            self.start = _cut(cursor)
        else:
            self.start = {each.key: each.top for each in self.sources} if self.newest else {}

    def _sources(self, world: World, narrowed: str | None) -> list[Source]:
        if self.rows.name == REQUESTS:
            return [Source("", [world.journal], nullcontext())]
        sources = []
        for account_sid, account in self.sight.accounts.items():
            if narrowed in (None, account_sid):
                of_account = TABLES[self.rows.name].scope == "account"
                owners: list[Tables] = [account] if of_account else [*account.scopes.values()]
                tables = [vars(each)[self.rows.name] for each in owners if self.rows.name in vars(each)]
                sources.append(Source(account_sid, tables, account.lock))
        return sources

    def _tests(self, query: Mapping[str, Any]) -> list[Callable[[int, Any], bool]]:
        """The tests that a row must pass."""
        tests: list[Callable[[int, Any], bool]] = []
        if "search" in query:
            query = {**query, **parse_search(query["search"], self.rows.name, self.rows.filters)}
        if "id" in query:
            tests.append(lambda number, record: str(number) == query["id"])
        if self.rows.name == REQUESTS and "account_sid" in query:
            tests.append(lambda number, record: record.account_sid == query["account_sid"])
        for name, (_, make) in self.rows.filters.items():
            if name in query:
                accept = make(self.sight, query[name])
                tests.append(lambda number, record, accept=accept: accept(record))  # type: ignore[misc]
        if query.get("q"):
            wanted, texts, also = query["q"].casefold(), self.rows.texts, self.rows.also
            tests.append(
                lambda number, record: (
                    wanted in "\n".join(filter(None, texts(record))).casefold()
                    or any(wanted in each.casefold() for each in also(self.sight, record) if each)
                )
            )
        return tests

    def found(self, *, newest: bool) -> Iterator[Row]:
        """The rows after the cursor that pass all tests."""
        if len(self.sources) == 1:
            return self.sources[0].walk(self.start, self.tests, newest=newest)
        walks = [each.walk(self.start, self.tests, newest=newest) for each in self.sources]
        if newest:
            walks.reverse()  # so that ties are reversed, too
        return merge(*walks, key=lambda row: self.rows.date(row[2]), reverse=newest)

    def pieces(self) -> Generator[str, None, None]:
        """The answer, as the pieces of a JSON object."""
        newest = self.newest is not self.backwards
        found = self.found(newest=newest)
        rows: Iterable[Row] = found
        rest: dict[str, Any] = {}
        if self.limit is not None:
            rows = list(islice(found, self.limit))
            more = not self.limit or next(found, None) is not None
            rest = self._cursors(rows, newest, more)
        if self.backwards:
            rows = reversed(list(rows))
        text, size, between = [f'{{"{self.rows.name}": ['], 0, ""
        for _, number, record in rows:
            text.append(between + strict_json.write(self._shown(number, record)))
            size, between = size + len(text[-1]), ", "
            if size > _PIECE:
                yield "".join(text)
                text, size = [], 0
        rest["dropped"] = self.dropped()
        if self.counted:
            rest["total"] = self.total()
        yield "".join([*text, "], ", strict_json.write(rest)[1:], "\n"])

    def _shown(self, number: int, record: Any) -> dict[str, Any]:
        """A row as JSON."""
        shown = {**to_json(record), "id": str(number), **self.rows.more(self.sight, record)}
        for name in self.rows.heavy if self.brief else ():
            del shown[name]
        return shown

    def _cursors(self, rows: list[Row], newest: bool, more: bool) -> dict[str, str | None]:
        """The cursors for the rows after these, and for those before."""
        start = {each.key: self.start.get(each.key, 0) for each in self.sources}
        end = {each.key: min(start[each.key], each.top) for each in self.sources} if newest else start
        for key, number, _ in rows:
            end[key] = number - 1 if newest else number
        if self.backwards:
            return {"next": _spell(self.start), "previous": _spell(end)}
        return {"next": _spell(end) if more else None, "previous": _spell(self.start)}

    def total(self) -> int:
        """How many rows pass all tests, on any page."""
        if not self.tests:
            return sum(len(table) for each in self.sources for table in each.tables)
        return sum(1 for each in self.sources for _ in each.walk({}, self.tests, newest=False))

    def dropped(self) -> int:
        """How many older rows were dropped."""
        return sum(table.dropped for each in self.sources for table in each.tables)


def _cut(cursor: str) -> Cut:
    if not _CURSOR.fullmatch(cursor):
        raise Refused(400, f"{cursor!r} is not a cursor; take what an answer has as next or previous")
    cut = {}
    for each in cursor.split(","):
        key, _, number = each.rpartition(":")
        cut[key] = int(number)
    return cut


def _spell(cut: Cut) -> str:
    """A cut as a cursor. Accounts without rows on the older side are left out."""
    spelled = [f"{key}:{number}" if key else str(number) for key, number in cut.items() if number]
    return ",".join(spelled) or "0"
