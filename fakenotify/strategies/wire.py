"""Forms and queries, valid or mistaken, drawn from each operation's table of parameters."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from fakenotify.core.paging import PAGING
from fakenotify.core.params import Param, can_be
from fakenotify.notify import values
from fakenotify.notify.dispatch import ROUTES
from fakenotify.notify.payloads import SmsOverride
from fakenotify.strategies.arguments import OBJECTS, TEXT, addresses, binding_types, entry, identities, tags, targets

Form = dict[str, list[str]]

_SELECTORS = ("Identity", "Tag", "Segment")
_PAGING = tuple(row for row in PAGING.rows if row.name != "PageToken")  # a real one can't be invented
_UNKNOWN = ("To", "identity[]", "MessageBody", "status_callback")


@cache  # Hypothesis takes long to make strategies, and short to draw from them
def forms(operation: str) -> SearchStrategy[Form]:
    """The form or query of an operation such as ``bindings.create``, as a client sends it: names with lists of values.

    Names and values come from the operation's own table of parameters. Raises ``UnknownName`` with the nearest.
    """
    rows = _rows(operation)
    required = [row.name for row in rows if row.required]
    if operation != "notifications.create":
        return _form(rows, required)
    query, direct = (
        [row for row in rows if row.name not in left_out] for left_out in (("ToBinding",), _SELECTORS)
    )  # they exclude each other, which the table doesn't say
    return st.one_of(*(_form(query, [name]) for name in _SELECTORS), _form(direct, ["ToBinding"]))


@cache
def forms_with_mistakes(operation: str) -> SearchStrategy[Form]:
    """The same with one mistake: a required parameter is missing or empty, a name misspelt or in the wrong case, a
    value that can't be read or is one too many, a single parameter doubled, or one that the operation doesn't have.

    Notify refuses such a form, or silently ignores a part of it; then the fake warns.
    """
    return st.builds(
        lambda form, mistake: {name: form[name] for name in form if name not in mistake[0]} | mistake[1],
        forms(operation),
        st.one_of(*_mistakes(operation)),
    )


def _mistakes(operation: str) -> Iterator[SearchStrategy[tuple[Sequence[str], Form]]]:
    """The mistakes that can be made: the names that each takes out of a form, and what it puts in."""
    rows = _rows(operation)
    known = {each.name for each in (*rows, *_PAGING)}
    unknown: SearchStrategy[Form] = st.sampled_from(_UNKNOWN).map(lambda name: {name: ["x"]})
    yield from [st.tuples(st.just(()), unknown)] * 3  # as likely as three of a single parameter
    if operation == "notifications.create":
        yield from [st.just(((*_SELECTORS, "ToBinding"), {}))] * 3
    for row in rows:
        misspelt = st.sampled_from([each for each in _misspelt(row.name) if each not in known])
        instead: list[SearchStrategy[Form]] = [st.dictionaries(misspelt, _values(row), min_size=1, max_size=1)]
        if row.required:
            instead += [st.just({}), st.just({row.name: [""]})]
        if row.most != 0 and row not in _PAGING:
            number = (row.most or 1) + 1
            too_many = st.lists(_good(row), min_size=number, max_size=number, unique=True)
            instead.append(st.fixed_dictionaries({row.name: too_many}))
        if row.kind.mistakes():
            unreadable = st.lists(st.sampled_from(list(row.kind.mistakes())), min_size=1, max_size=1)
            instead.append(st.fixed_dictionaries({row.name: unreadable}))
        yield from (st.tuples(st.just((row.name,)), each) for each in instead)


def _misspelt(name: str) -> list[str]:
    snake = re.sub("(?<=[a-z])(?=[A-Z])", "_", name).lower()
    first, second, rest = name[0], name[1], name[2:]
    swapped = second + first + rest
    return [name.lower(), name.upper(), first.lower() + second + rest, snake, name + "s", name[:-1], swapped]


def _rows(operation: str) -> tuple[Param, ...]:
    route = entry("operation", operation, ROUTES.by_operation)
    return (*route.params.rows, *_PAGING) if route.verb == "find" else route.params.rows


def _form(rows: Iterable[Param], required: Iterable[str]) -> SearchStrategy[Form]:
    by_name = {row.name: _values(row) for row in rows}
    always = {name: by_name.pop(name) for name in required}
    return st.fixed_dictionaries(always, optional=by_name)


@cache
def _values(row: Param) -> SearchStrategy[list[str]]:
    return st.lists(_good(row), min_size=1, max_size=1 if row.most is None else row.most or 5)


@cache
def _good(row: Param) -> SearchStrategy[str]:
    """Values that a parameter can have: the examples of its kind, and whatever fits its schema."""
    drawn = st.sampled_from(list(row.kind.examples())) | _fitting(row)
    return drawn.filter(lambda value: value != "" and can_be(row, value))


def _fitting(row: Param) -> SearchStrategy[str]:
    schema: dict[str, Any] = row.kind.schema()
    if isinstance(row.kind, SmsOverride) or row.kind is values.CERTIFICATE:
        return st.nothing()  # any other member of Sms is ignored, any other certificate refused for apn
    if isinstance(row.kind, values.Address):
        return binding_types().flatmap(addresses)
    if "contentSchema" in schema:
        return targets().map(json.dumps)
    if "contentMediaType" in schema:
        return OBJECTS.map(json.dumps)
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if "pattern" in schema:
        return st.from_regex(str(schema["pattern"]), fullmatch=True)
    if schema.get("format") == "date":
        return st.dates().map(str)
    if schema["type"] == "integer":
        return st.integers(schema["minimum"], schema.get("maximum", schema["minimum"] + 2000)).map(str)
    return {"Identity": identities(), "Tag": tags()}.get(row.name, TEXT)
