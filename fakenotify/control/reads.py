"""Reading the tables: which rows, in which order, how many, from where on.

Invariants: the time for a page doesn't depend on the table's length; a cursor is a position in each account's sequence
numbers, so rows that are added or deleted neither repeat nor hide others; an account's lock is held for one batch of
rows only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from heapq import merge
from itertools import islice
from operator import attrgetter, itemgetter
from typing import Any

from fakenotify.control.routes import ACCOUNT, Ask, Parameter, Refused, Route, account_of, is_true, route
from fakenotify.control.schema import FLAG, INTEGER, OBJECT, TEXT, TEXT_OR_NULL, array, obj, record_schema
from fakenotify.control.search import parse
from fakenotify.control.sight import Sight
from fakenotify.core import strict_json
from fakenotify.core.store import Table
from fakenotify.notify.account import AccountState, Tables
from fakenotify.notify.tables import TABLES
from fakenotify.world.saved_state import to_json
from fakenotify.world.world import World

REQUESTS = "requests"
ORDERS = ("oldest", "newest")
_FIRST_BATCH, _LARGEST_BATCH = 64, 4096
_PIECE = 65_536
"""Characters of a long answer that are sent at once."""
_CURSOR = re.compile(r"0|(?:(?:AC[0-9a-f]{32}:)?[0-9]{1,18})(?:,AC[0-9a-f]{32}:[0-9]{1,18})*")

PAGING = {
    **ACCOUNT,
    "limit": Parameter("At most this many rows.", {"type": "integer", "minimum": 0}),
    "order": Parameter("`oldest` first, the default, or `newest` first.", {"enum": list(ORDERS)}),
    "after": Parameter("A cursor: only rows that follow it in this order.", TEXT),
    "before": Parameter("A cursor: only the rows in front of it in this order, those nearest to it.", TEXT),
    "count": Parameter("`true` adds `total`, the number of rows that pass the filters.", FLAG),
    "brief": Parameter("`true` leaves out what may be large.", FLAG),
    "q": Parameter("Only rows that contain this text, in any case.", TEXT),
    "search": Parameter("A search such as `alice status:failed`: words, and the filters of this table.", TEXT),
    "id": Parameter("Only the row with this `id`.", TEXT),
}
"""The query parameters that every table has."""

Numbered = tuple[int, Any]
Accept = Callable[[Any], bool]
Make = Callable[[Sight, str], Accept]
Filter = tuple[str, Make]
"""What a query parameter does, in words, and the test of a row that its value makes."""
Cut = dict[str, int]
"""For each account the number up to which its rows are on the older side; 0 where it is not named."""


@dataclass(frozen=True, slots=True)
class Rows:
    """How the rows of one table are found and shown; see ``table``."""

    name: str
    filters: Mapping[str, Filter]
    texts: Callable[[Any], Iterable[str | None]]
    more: Callable[[Sight, Any], dict[str, Any]]
    heavy: frozenset[str]
    date: Callable[[Any], datetime]
    also: Callable[[Sight, Any], Iterable[str | None]] = lambda sight, record: ()

    def show(self, sight: Sight, row: Numbered, brief: bool) -> dict[str, Any]:
        """A row as JSON."""
        number, record = row
        shown = {**to_json(record), "id": str(number), **self.more(sight, record)}
        return {name: value for name, value in shown.items() if name not in self.heavy} if brief else shown


class Source:
    """The rows of one account's table (or of the journal, which has no account) by their numbers."""

    def __init__(self, world: World, table: str, account: AccountState | None) -> None:
        self.key = "" if account is None else account.account_sid
        self._world = world
        self._table = table
        self._account = account

    def tables(self) -> list[Any]:
        """What holds the rows: one table, or one of each Service."""
        if self._account is None:
            return [self._world.journal]
        of_account = TABLES[self._table].scope == "account"
        holders: list[Tables] = [self._account] if of_account else list(self._account.scopes.values())
        return [table for each in holders if (table := each.tables().get(self._table)) is not None]

    def last(self) -> int:
        """The number of the newest row, 0 where there is none."""
        return next((number for number, _ in self._batch(None, 1, newest=True)), 0)

    def walk(self, above: int, upto: int, *, newest: bool) -> Iterator[Numbered]:
        """The rows numbered from above ``above`` up to ``upto``."""
        size, at = _FIRST_BATCH, upto + 1 if newest else above
        while batch := self._batch(at, size, newest=newest):
            for row in batch:
                if not above < row[0] <= upto:
                    return
                yield row
            at, size = batch[-1][0], min(2 * size, _LARGEST_BATCH)

    def _batch(self, at: int | None, size: int, *, newest: bool) -> list[Numbered]:
        if self._account is None:
            return list(islice(self._from(at, newest=newest), size))
        with self._account.lock:
            return list(islice(self._from(at, newest=newest), size))

    def _from(self, at: int | None, *, newest: bool) -> Iterator[Numbered]:
        held = [table.select() if isinstance(table, Table) else table for table in self.tables()]
        walks = [each.descending(at) if newest else each.ascending(at) for each in held]
        return walks[0] if len(walks) == 1 else merge(*walks, key=itemgetter(0), reverse=newest)


class Reading:
    """One request to read a table."""

    def __init__(self, world: World, ask: Ask, rows: Rows) -> None:
        self.sight = Sight(world)
        self.rows = rows
        self.brief = is_true(ask, "brief")
        self.counted = is_true(ask, "count")
        self.newest = _order(ask) == "newest"
        self.limit = limit_of(ask)
        if "before" in ask.query and "after" in ask.query:
            raise Refused(400, "before and after exclude each other", ["before", "after"])
        self.backwards = "before" in ask.query
        given = ask.query.get("before", ask.query.get("after"))
        self.narrowed = account_of(world, ask)
        accounts = world.accounts_of(self.narrowed)
        self.sources = [Source(world, rows.name, each) for each in accounts]
        if rows.name == REQUESTS:
            self.sources = [Source(world, rows.name, None)]
        self.tops = {each.key: each.last() for each in self.sources}
        self.start = (self.tops if self.newest else {}) if given is None else _cut(given)
        self.accept = self._tests(ask)

    def _tests(self, ask: Ask) -> list[Callable[[Numbered], bool]]:
        """What a row must pass."""
        tests: list[Callable[[Numbered], bool]] = []
        query = {**ask.query, **parse(ask.query.get("search", ""), self.rows.name, self.rows.filters)}
        if "id" in query:
            wanted = query["id"]
            tests.append(lambda row: str(row[0]) == wanted)
        if self.rows.name == REQUESTS and self.narrowed is not None:
            tests.append(lambda row: row[1].account_sid == self.narrowed)
        for name, (_, make) in self.rows.filters.items():
            if name in query:
                tests.append(_of_record(make(self.sight, query[name])))
        if query.get("q"):
            tests.append(_of_record(self._contains(query["q"])))
        return tests

    def _contains(self, text: str) -> Accept:
        """A row that has the text itself, or in what it has to do with."""
        wanted = text.casefold()
        texts, also = self.rows.texts, self.rows.also
        return lambda record: (
            wanted in "\n".join(filter(None, texts(record))).casefold()
            or any(wanted in each.casefold() for each in also(self.sight, record) if each)
        )

    def passes(self, row: Numbered) -> bool:
        """Whether a row is asked for."""
        for test in self.accept:  # noqa: SIM110  # a loop takes half the time of all(), for each of many rows
            if not test(row):
                return False
        return True

    def found(self, cut: Cut, *, newest: bool) -> Iterator[tuple[str, Numbered]]:
        """The rows on the newer side of a cut, or on its older side when ``newest`` first, each with its account."""
        walks = []
        for each in self.sources:
            edge, top = cut.get(each.key, 0), self.tops[each.key]
            above, upto = (0, min(edge, top)) if newest else (edge, top)
            walks.append(_with_key(each.key, each.walk(above, upto, newest=newest)))
        if len(walks) > 1:  # ties come the other way round, too
            walks = [*reversed(walks)] if newest else walks
            date = self.rows.date
            merged: Iterator[tuple[str, Numbered]] = merge(*walks, key=lambda each: date(each[1][1]), reverse=newest)
        else:
            merged = walks[0]
        return (each for each in merged if self.passes(each[1]))

    def pieces(self) -> Generator[str, None, None]:
        """The answer, as the pieces of a JSON object."""
        newest = self.newest is not self.backwards
        found = self.found(self.start, newest=newest)
        rows: Iterable[tuple[str, Numbered]] = found
        rest: dict[str, Any] = {}
        if self.limit is not None:
            rows = list(islice(found, self.limit))
            more = not self.limit or next(found, None) is not None
            rest = self._cursors(self._end(rows, newest), more=more)
        if self.backwards:
            rows = reversed(list(rows))
        text, size, between = [f'{{"{self.rows.name}": ['], 0, ""
        for _, row in rows:
            text.append(between + strict_json.write(self.rows.show(self.sight, row, self.brief)))
            size, between = size + len(text[-1]), ", "
            if size > _PIECE:
                yield "".join(text)
                text, size = [], 0
        rest |= {"dropped": self.dropped(), **self.total()}
        yield "".join([*text, "], ", strict_json.write(rest)[1:], "\n"])

    def _cursors(self, end: Cut, *, more: bool) -> dict[str, str | None]:
        """The cursors of what follows, and of what is in front."""
        if self.backwards:
            return {"next": _spell(self.start), "previous": _spell(end)}
        return {"next": _spell(end) if more else None, "previous": _spell(self.start)}

    def _end(self, rows: list[tuple[str, Numbered]], newest: bool) -> Cut:
        """The cut behind these rows."""
        end = {
            key: min(self.start.get(key, 0), top) if newest else self.start.get(key, 0)
            for key, top in self.tops.items()
        }
        for key, (number, _) in rows:
            end[key] = number - 1 if newest else number
        return end

    def total(self) -> dict[str, int]:
        """``total``, if it is asked for."""
        if not self.counted:
            return {}
        if not self.accept:
            return {"total": sum(len(table) for each in self.sources for table in each.tables())}
        return {
            "total": sum(
                1
                for each in self.sources
                for row in each.walk(0, self.tops[each.key], newest=False)
                if self.passes(row)
            )
        }

    def dropped(self) -> int:
        """How many older rows were dropped."""
        return sum(table.dropped for each in self.sources for table in each.tables())


def table(
    name: str,
    words: str,
    record: type,
    filters: Mapping[str, Filter],
    texts: Callable[[Any], Iterable[str | None]],
    more: Callable[[Sight, Any], dict[str, Any]],
    more_schema: Mapping[str, Any] | None = None,
    heavy: Iterable[str] = (),
    date: Callable[[Any], datetime] = attrgetter("date_created"),
    group: tuple[str, Callable[[list[Any]], list[dict[str, Any]]]] | None = None,
    also: Callable[[Sight, Any], Iterable[str | None]] = lambda sight, record: (),
) -> Route:
    """The route that reads a table.

    ``filters`` make a test of a row out of a query parameter's value; ``texts`` are what ``q`` looks at, and ``also``
    what it looks at where those have nothing; ``more`` adds to the record's own JSON; ``heavy`` names what
    ``brief=true`` leaves out;
    ``group`` is what rows can be grouped by, and how.
    """
    rows = Rows(name, filters, texts, more, frozenset(heavy), date, also)
    row = record_schema(record)
    row["properties"] |= {"id": TEXT, **(more_schema or {})}
    row["required"] = [each for each in row["properties"] if each not in rows.heavy]
    answer = obj(
        {name: array(row), "dropped": INTEGER, "next": TEXT_OR_NULL, "previous": TEXT, "total": INTEGER},
        required=(name, "dropped"),
    )

    def read(world: World, ask: Ask) -> Any:
        reading = Reading(world, ask, rows)
        if group is None or "group" not in ask.query:
            return reading.pieces()
        if ask.query["group"] != group[0]:
            raise Refused(400, f"group is {group[0]}, not {ask.query['group']!r}", [group[0]])
        chosen = [record for _, (_, record) in reading.found(reading.start, newest=reading.newest)]
        return {"groups": group[1](chosen), "dropped": reading.dropped()}

    read.__name__, read.__doc__ = f"get_{name}", words
    query = PAGING | {each: Parameter(words, TEXT) for each, (words, _) in filters.items()}
    if group is not None:
        answer = {"anyOf": [answer, obj({"groups": array(OBJECT), "dropped": INTEGER})]}
        words_of_group = f"`{group[0]}`: how many rows there are for each, as `groups`, the most frequent first."
        query["group"] = Parameter(words_of_group, {"enum": [group[0]]})
    return route("GET", name, answer, query=query)(read)


def _with_key(key: str, walk: Iterator[Numbered]) -> Iterator[tuple[str, Numbered]]:
    return ((key, row) for row in walk)


def _of_record(accept: Accept) -> Callable[[Numbered], bool]:
    return lambda row: accept(row[1])


def _order(ask: Ask) -> str:
    order = ask.query.get("order", "oldest")
    if order not in ORDERS:
        raise Refused(400, f"order is oldest or newest, not {order!r}", ORDERS)
    return order


def limit_of(ask: Ask) -> int | None:
    """How many rows are asked for, None for all."""
    given = ask.query.get("limit")
    if given is None:
        return None
    if not (given.isascii() and given.isdigit() and len(given) < 10):
        raise Refused(400, f"limit is a whole number from 0, not {given!r}")
    return int(given)


def _cut(cursor: str) -> Cut:
    if not _CURSOR.fullmatch(cursor):
        raise Refused(400, f"{cursor!r} is not a cursor; take what an answer has as next or previous")
    cut = {}
    for each in cursor.split(","):
        key, _, number = each.rpartition(":")
        cut[key] = int(number)
    return cut


def _spell(cut: Cut) -> str:
    """A cursor. Accounts without rows on the older side need not be named."""
    spelled = [f"{key}:{number}" if key else str(number) for key, number in cut.items() if number]
    return ",".join(spelled) or "0"
