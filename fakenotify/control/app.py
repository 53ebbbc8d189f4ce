"""The control API below ``/_fake/``: what a Python test can do, in JSON for a test in any language.

Web pages of other origins can't use it: requests that ``Doors`` refuses and writes that are not JSON get a 403, and
there are no CORS headers.

Invariants of reading a table: the time for a page doesn't depend on the table's length; a cursor is a position in each
account's sequence numbers, so rows that are added or deleted neither repeat nor hide others; an account's lock is held
for one batch of rows only.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, nullcontext
from functools import partial
from heapq import merge
from http import HTTPStatus
from itertools import chain, islice
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from fakenotify.control.routes import EVENTS, JSON, ROUTES, Ask, Content, Refused, Route, check_account, flag, whole
from fakenotify.control.schema import COUNT, FLAG
from fakenotify.control.tables import Rows, equal, parse_search, strings
from fakenotify.core.errors import UnknownName
from fakenotify.core.params import nearest
from fakenotify.core.store import Table
from fakenotify.core.strict_json import clean
from fakenotify.notify.account import AccountState, Scope, Tables
from fakenotify.notify.tables import TABLES
from fakenotify.server.wsgi import CONTROL, App, Doors, parse_form, target
from fakenotify.world.saved_state import plain
from fakenotify.world.world import Change, World

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_PHRASES = {status.value: status.phrase for status in HTTPStatus}
_COMMON = (("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff"))
_FIRST_BATCH, _LARGEST_BATCH = 64, 4096
_PIECE = 262_144
"""Characters after which a long answer is sent in pieces."""
_CURSOR = re.compile(r"0|(?:(?:AC[0-9a-f]{32}:)?[0-9]{1,18})(?:,AC[0-9a-f]{32}:[0-9]{1,18})*")


class Control:
    """The WSGI application below ``/_fake/`` of ``app``. ``allow_hosts`` are further names for ``Host``."""

    def __init__(self, app: App, allow_hosts: Iterable[str] = ()) -> None:
        self._app = app
        self._doors = Doors(allow_hosts)
        app.control = self  # requests no longer go through what has loaded this

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one control request."""
        status, media = 200, JSON
        try:
            answer, media = self._answer(environ)
        except Refused as refused:
            status, answer = refused.status, {"error": str(refused)}
            if refused.nearest:
                answer["nearest"] = refused.nearest
        if isinstance(answer, Reading):
            answer = answer.pieces()
        if isinstance(answer, Generator):
            begun = [] if media == EVENTS else list(islice(answer, 2))
            if len(begun) != 1:
                start_response("200 OK", [("Content-Type", media), *_COMMON])
                return _stream(begun, answer)
            answer = Content(begun[0].encode(), media)
        elif not isinstance(answer, Content):
            answer = Content((write(answer) + "\n").encode(), JSON)
        length = ("Content-Length", str(len(answer.body)))
        headers = [("Content-Type", answer.content_type), length, *_COMMON, *answer.headers]
        start_response(f"{status} {_PHRASES[status]}", headers)
        return (answer.body,)

    def _answer(self, environ: WSGIEnvironment) -> tuple[Any, str]:
        method = environ["REQUEST_METHOD"]
        path, query = target(environ)
        refusal = self._doors.refusal(environ, control=True)
        if refusal is not None:
            raise Refused(403, refusal)
        methods, rest = ROUTES.get(path[len(CONTROL) :].strip("/")), ""
        if methods is None:
            methods, rest = _find(path)
        if method not in methods:
            raise Refused(405, f"{path} has no {method}; it has {', '.join(methods)}")
        found, world = methods[method], self._app.world
        asked = _query(found, path, query) if query else {}
        if "account_sid" in asked:
            check_account(world, asked["account_sid"])
        body = None if method == "GET" else found.read_body(environ)
        try:
            answer = found.run(world, Ask(asked, body, rest, environ))
        except UnknownName as error:
            raise Refused(404 if method == "GET" else 400, str(error), error.nearest) from None
        except (ValueError, TypeError, OverflowError) as error:
            if method == "GET":
                raise
            raise Refused(400, str(error)) from None  # the verbs of the world raise these for bad arguments
        if method != "GET":
            world.changes.tell(Change("control", asked.get("account_sid"), {"method": method, "path": path}))
        return answer, found.media


def routes() -> dict[str, dict[str, Route]]:
    """All operations, with those that read a table that was registered later."""
    known = dict(ROUTES)
    for name in TABLES.keys() - ROUTES.keys():
        found = TABLES[name]
        filters = {} if found.prefix is None else equal("sid")
        rows = Rows(name, f"The rows of the table {name}.", found.record, filters, _texts)
        known[name] = {"GET": rows.route(partial(Reading, rows))}
    return known


def _texts(record: Any) -> Iterator[str]:
    return strings(json.loads(write(record)))


def _find(path: str) -> tuple[dict[str, Route], str]:
    """The operations of a path that is not in ``ROUTES``, and the value of its placeholder."""
    name = path[len(CONTROL) :].strip("/")
    head, _, rest = name.partition("/")
    known = routes()
    for each, methods in known.items():
        if each == name or (rest and each.startswith(f"{head}/{{")):
            return methods, rest
    names = sorted(filter(None, known))
    raise Refused(404, f"there is no {path}; there are: {', '.join(names)}", nearest(name, names))


def _query(found: Route, path: str, query: str) -> dict[str, Any]:
    """The query parameters, parsed. Raises ``Refused`` for one that is unknown, repeated or of another kind."""
    asked: dict[str, Any] = {}
    for name, values in parse_form(query).items():
        if name not in found.query:
            known = ", ".join(found.query) or "none"
            raise Refused(400, f"{path} has no query parameter {name!r}; it has {known}", nearest(name, found.query))
        if len(values) > 1:
            raise Refused(400, f"the query parameter {name} is there {len(values)} times; once is enough")
        value, schema = values[0], found.query[name].schema
        if schema is FLAG:
            asked[name] = flag(name, value)
        elif schema is COUNT:
            asked[name] = whole(value, f"{name} is a whole number from 0")
        elif value not in schema.get("enum", (value,)):
            raise Refused(400, f"{name} is {' or '.join(schema['enum'])}, not {value!r}", schema["enum"])
        else:
            asked[name] = value
    return asked


def _stream(begun: list[str], rest: Generator[str, None, None]) -> Iterator[bytes]:
    with closing(rest):
        for piece in chain(begun, rest):
            yield piece.encode()


# JSON


def write(value: Any) -> str:
    """Write JSON in ASCII: a record as an object, a date as on the wire.

    What JSON can't express is replaced: ``NaN`` by null, a lone surrogate by U+FFFD.
    """
    try:
        text = _encode(value)
    except (ValueError, RecursionError):
        text = ""
    return text if text and "\\ud" not in text else json.dumps(clean(value, plain))


_encode = json.JSONEncoder(allow_nan=False, default=plain).encode


# tables


def add_tables(*tables: Rows) -> None:
    """Add the operations that read tables."""
    for rows in tables:
        ROUTES[rows.name] = {"GET": rows.route(partial(Reading, rows))}


Row = tuple[str, int, Any]
"""A row: its account (empty in the journal), its number there, and its record."""
Cut = Mapping[str, int]
"""A position between rows: for each account the number of the last row on the older side, by default 0."""
Source = tuple[str, list[Any], AbstractContextManager[Any]]
"""An account (empty: the journal), its tables, a single one or one of each Service, and their lock."""


class Reading:
    """One request to read a table.

    The functions of a row get it for the ``accounts`` of the world and what belongs to a record there.
    """

    def __init__(self, rows: Rows, world: World, ask: Ask) -> None:
        query = ask.query
        if "before" in query and "after" in query:
            raise Refused(400, "before and after exclude each other", ["before", "after"])
        self.rows, self.query, self.environ = rows, query, ask.environ
        self.kept: dict[tuple[str, str], Any] = {}
        """What the functions of a row keep for the rows that follow."""
        self.accounts: dict[str, AccountState] = {}
        self.sources: list[Source] = [("", [world.journal], nullcontext())] if rows.name not in TABLES else []
        for account in world.accounts:
            self.accounts[account.account_sid] = account
            if rows.name in TABLES and query.get("account_sid") in (None, account.account_sid):
                tables: list[Any] = []
                of_account = TABLES[rows.name].scope == "account"
                owners: list[Tables] = [account] if of_account else [*account.scopes.values()]
                for owner in owners:
                    if rows.name in vars(owner):
                        tables.append(vars(owner)[rows.name])
                self.sources.append((account.account_sid, tables, account.lock))
        self.dropped = 0
        self.top: dict[str, int] = {}
        """The cut above the rows that are there now."""
        for key, tables, lock in self.sources:
            self.top[key] = 0
            with lock:
                for table in tables:
                    self.dropped += table.dropped
                    # a log numbers its entries without gaps
                    newest = table.select().newest() if isinstance(table, Table) else table.dropped + len(table)
                    self.top[key] = max(self.top[key], newest)
        self.id = query.get("id")
        self.tests = self._tests(query) if query else []
        self.newest = query.get("order") == "newest"
        cursor = query.get("before", query.get("after"))
        self.start = (self.top if self.newest else {}) if cursor is None else _cut(cursor)

    def scope(self, record: Any) -> Scope | None:
        """The tables of the Service that a record belongs to, unless it was deleted."""
        return self.accounts[record.account_sid].scopes.get(record.service_sid)

    def _tests(self, query: Mapping[str, Any]) -> list[Callable[[Any], bool]]:
        """The tests that a row must pass."""
        tests: list[Callable[[Any], bool]] = []
        rows = self.rows
        if "search" in query:
            query = {**query, **parse_search(query["search"], rows)}
        if rows.name not in TABLES and "account_sid" in query:
            tests.append(lambda record: record.account_sid == query["account_sid"])
        for name, each in rows.filters.items():
            if name in query:
                tests.append(partial(each.accepts, self, each.parse(query[name])))
        if query.get("q"):
            tests.append(partial(self._contains, query["q"].casefold()))
        return tests

    def _contains(self, wanted: str, record: Any) -> bool:
        texts = "\n".join(filter(None, self.rows.texts(record)))
        return wanted in texts.casefold() or any(
            wanted in each.casefold() for each in self.rows.also(self, record) if each
        )

    def _walk(self, cut: Cut, newest: bool, source: Source) -> Iterator[Row]:
        """The rows that pass all tests: those newer than a cut, or those older than it, ``newest`` first."""
        key, tables, lock = source
        edge, top = cut.get(key, 0), self.top[key]
        above, upto = (0, min(edge, top)) if newest else (edge, top)
        size, at = _FIRST_BATCH, upto + 1 if newest else above
        while True:
            with lock:
                walks = []
                for table in tables:
                    rows = table.select() if isinstance(table, Table) else table
                    walks.append(rows.descending(at) if newest else rows.ascending(at))
                batch = list(islice(merge(*walks, key=itemgetter(0), reverse=newest), size))
            for number, record in batch:
                if not above < number <= upto:
                    return
                if self.id not in (None, str(number)):
                    continue
                for test in self.tests:
                    if not test(record):
                        break
                else:
                    yield key, number, record
            if len(batch) < size:
                return
            at, size = batch[-1][0], min(2 * size, _LARGEST_BATCH)

    def pieces(self) -> Generator[str, None, None]:
        """The answer, as the pieces of a JSON object."""
        rows, query = self.rows, self.query
        backwards = "before" in query
        newest = self.newest is not backwards
        walks = list(map(partial(self._walk, self.start, newest), self.sources))
        if newest:
            walks.reverse()  # so that ties are reversed, too
        found = walks[0] if len(walks) == 1 else merge(*walks, key=lambda row: rows.date(row[2]), reverse=newest)
        if rows.group is not None and "group" in query:
            groups = rows.group[1]([record for _, _, record in found])
            yield write({"groups": groups, "dropped": self.dropped}) + "\n"
            return
        rest: dict[str, Any] = {}
        if "limit" in query:
            page = list(islice(found, query["limit"]))
            more = backwards or not query["limit"] or next(found, None) is not None
            here, there = _spell(self.start), _spell(self._end(page, newest)) if more else None
            rest = {"next": here, "previous": there} if backwards else {"next": there, "previous": here}
            found = iter(page)
        if backwards:
            found = reversed(list(found))
        text, size, between = [f'{{"{rows.name}": ['], 0, ""
        for _, number, record in found:
            shown = {**plain(record), "id": str(number), **rows.more(self, record)}
            if rows.of_service:
                service = self.accounts[record.account_sid].services.get(record.service_sid)
                shown["service_name"] = None if service is None else service.friendly_name
            for name in rows.heavy if query.get("brief") else ():
                del shown[name]
            text.append(between + write(shown))
            size, between = size + len(text[-1]), ", "
            if size > _PIECE:
                yield "".join(text)
                text, size = [], 0
        rest["dropped"] = self.dropped
        if query.get("count"):
            rest["total"] = self.total()
        yield "".join([*text, "], ", write(rest)[1:], "\n"])

    def _end(self, page: Iterable[Row], newest: bool) -> Cut:
        """The cut behind the rows of a page."""
        end = {}
        for key, top in self.top.items():
            start = self.start.get(key, 0)
            end[key] = min(start, top) if newest else start
        for key, number, _ in page:
            end[key] = number - 1 if newest else number
        return end

    def total(self) -> int:
        """How many rows pass all tests, on any page."""
        if not self.tests and self.id is None:
            return sum(len(table) for _, tables, _ in self.sources for table in tables)
        return sum(1 for each in self.sources for _ in self._walk({}, False, each))


def _cut(cursor: str) -> Cut:
    if not _CURSOR.fullmatch(cursor):
        raise Refused(400, f"{cursor!r} is not a cursor; take what an answer has as next or previous")
    parts = (each.rpartition(":") for each in cursor.split(","))
    return {key: int(number) for key, _, number in parts}


def _spell(cut: Cut) -> str:
    """A cut as a cursor. Accounts without rows on the older side are left out."""
    spelled = []
    for key, number in cut.items():
        if number:
            spelled.append(f"{key}:{number}" if key else str(number))
    return ",".join(spelled) or "0"
