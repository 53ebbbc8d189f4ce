"""What the control API says of a table: how its rows are shown, and the filters and the search that find them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter, contains, eq
from typing import TYPE_CHECKING, Any, NamedTuple

from fakenotify.control.routes import ACCOUNT, Parameter, Refused, Route, Run, whole
from fakenotify.control.schema import COUNT, FLAG, INTEGER, OBJECT, TEXT, TEXT_OR_NULL, array, obj, record_schema

if TYPE_CHECKING:
    from fakenotify.control.app import Reading

PAGING = {
    **ACCOUNT,
    "limit": Parameter("At most this many rows.", COUNT),
    "order": Parameter("`oldest` first, the default, or `newest` first.", {"enum": ["oldest", "newest"]}),
    "after": Parameter("A cursor: only rows that follow it in this order."),
    "before": Parameter("A cursor: only the rows in front of it in this order, those nearest to it."),
    "count": Parameter("`true` adds `total`, the number of rows that pass the filters.", FLAG),
    "brief": Parameter("`true` leaves out what may be large.", FLAG),
    "q": Parameter("Only rows that contain this text, in any case."),
    "search": Parameter("A search such as `alice status:failed`: words, and the filters of this table."),
    "id": Parameter("Only the row with this `id`."),
}
"""The query parameters that every table has."""


class Filter(NamedTuple):
    """A query parameter that narrows a table: its description, a test of a row by the value, how that is parsed."""

    words: str
    accepts: Callable[[Reading, Any, Any], bool]
    parse: Callable[[str], Any] = str


@dataclass(frozen=True, slots=True)
class Rows:
    """A table, and how its rows are found and shown.

    ``q`` searches the ``texts`` of a row, then what ``also`` returns. ``more`` adds fields to the record's JSON, which
    ``schema`` describes. ``heavy`` are the fields that ``brief=true`` leaves out. Rows ``of_service`` show its name.
    ``group`` is the field that rows can be grouped by, and a function for it.
    """

    name: str
    words: str
    record: type
    filters: Mapping[str, Filter]
    texts: Callable[[Any], Iterable[str | None]]
    more: Callable[[Reading, Any], dict[str, Any]] = lambda reading, record: {}
    schema: Mapping[str, Any] = field(default_factory=dict)
    heavy: Iterable[str] = ()
    of_service: bool = False
    date: Callable[[Any], datetime] = attrgetter("date_created")
    group: tuple[str, Callable[[list[Any]], list[dict[str, Any]]]] | None = None
    also: Callable[[Reading, Any], Iterable[str | None]] = lambda reading, record: ()

    def route(self, run: Run) -> Route:
        """The operation that reads the table."""
        row = record_schema(self.record)
        more = {"id": TEXT, **self.schema} | ({"service_name": TEXT_OR_NULL} if self.of_service else {})
        row["properties"] |= more
        row["required"] = [each for each in row["properties"] if each not in self.heavy]
        answer = obj(
            {self.name: array(row), "dropped": INTEGER, "next": TEXT_OR_NULL, "previous": TEXT, "total": INTEGER},
            required=(self.name, "dropped"),
        )
        query = PAGING | {name: Parameter(each.words) for name, each in self.filters.items()}
        if self.group is not None:
            name = self.group[0]
            words = f"`{name}`: how many rows there are for each, as `groups`, the most frequent first."
            query["group"] = Parameter(words, {"enum": [name]})
            answer = {"anyOf": [answer, obj({"groups": array(OBJECT), "dropped": INTEGER})]}
        return Route("GET", self.name, run, f"get_{self.name}", self.words, answer, query)


def equal(*names: str) -> dict[str, Filter]:
    """Filters for rows whose field equals the value."""
    return {each: _filter(each, each, eq) for each in names}


def like(*names: str) -> dict[str, Filter]:
    """Filters for rows whose field equals the value, ignoring case."""
    return {
        each: _filter(each, each, lambda held, value: str(held).casefold() == value, str.casefold) for each in names
    }


def having(**fields: str) -> dict[str, Filter]:
    """Filters by name for rows whose list, in the given field, contains the value."""
    return {name: _filter(name, field, contains) for name, field in fields.items()}


def _filter(name: str, field: str, passes: Callable[..., bool], parse: Callable[[str], Any] = str) -> Filter:
    words = f"Only rows with this `{name}`."
    return Filter(words, lambda _, value, row: passes(getattr(row, field), value), parse)


def code_of(value: str) -> int:
    """Parse a code. Raises ``Refused``."""
    return whole(value, "code is a number such as 52001")


def strings(*values: Any) -> Iterator[str]:
    """The texts in JSON values, without the names of objects, in any order."""
    left = [*values]
    for value in left:  # the list grows meanwhile
        kind = type(value)
        if kind is str:
            yield value
        elif kind is dict:
            left += value.values()
        elif kind is list:
            left += value


# the search of the inspector

FIELDS = (
    *("identity", "status", "code", "tag", "type", "address", "operation", "method", "rule", "warned", "request"),
    *("level", "url", "segment", "service", "notification", "binding", "credential"),
)
"""The fields that a search can have."""
_PART = re.compile(r'(\w+):("[^"]*"|\S+)|"([^"]+)"|(\S+)')


def parse_search(search: str, rows: Rows) -> dict[str, str]:
    """A search such as ``alice status:failed tag:"very important"`` as query parameters of a table.

    Raises ``Refused`` for a field that the table doesn't have.
    """
    names = {
        each: name
        for each in FIELDS
        for name in (f"binding_{each}", f"{each}_id", f"{each}_sid", each)
        if name in rows.filters
    }
    query: dict[str, str] = {}
    words = []
    for name, value, quoted, word in _PART.findall(search):
        if name in names:
            query[names[name]] = value.strip('"')
        elif name in FIELDS:
            known = ", ".join(names) or "none"
            raise Refused(400, f"{rows.name} have no {name}; their fields are {known}", names)
        else:
            words.append(quoted or word or f"{name}:{value}")
    return query | ({"q": " ".join(words)} if words else {})
