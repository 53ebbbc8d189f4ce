"""Parameter tables: what an operation reads from a form or a query, in the order in which Notify complains.

The names on the wire are CamelCase, in Python snake_case; only this module knows the translation.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timezone
from typing import Any, NoReturn

from fakenotify.core.errors import DOCUMENTED, MissingParameter, TwilioError
from fakenotify.core.sids import is_sid

_DAY = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOST_NESTED = 100
_MOST_UNREAD = 20

SECRET_WORDS = frozenset(("certificate", "privatekey", "apikey", "secret", "authtoken", "password"))

Form = Mapping[str, list[str]]
"""A decoded form or query string: each name with its values, in the order sent."""


def text(value: str) -> str:
    """Any text, as it came."""
    return value


def boolean(value: str) -> bool:
    """``true`` or ``false`` in any case."""
    lowered = value.lower()
    if lowered == "true":
        return True
    if lowered == "false":
        return False
    raise ValueError(value)


def integer(low: int, high: int) -> Callable[[str], int]:
    """A whole number in decimal ASCII digits, from ``low`` to ``high``."""

    def read(value: str) -> int:
        if not (value.isascii() and value.isdigit()) or len(value) > 20 or not low <= int(value) <= high:
            raise ValueError(value)
        return int(value)

    return read


def one_of(*choices: str) -> Callable[[str], str]:
    """One of ``choices``, exactly."""

    def read(value: str) -> str:
        if value not in choices:
            raise ValueError(value)
        return value

    return read


def key_of(choices: Collection[str]) -> Callable[[str], str]:
    """One of the names in a table, which may grow."""

    def read(value: str) -> str:
        if value not in choices:
            raise ValueError(value)
        return value

    return read


def at_most(limit: int) -> Callable[[str], str]:
    """Text of at most ``limit`` characters."""

    def read(value: str) -> str:
        if len(value) > limit:
            raise ValueError(value)
        return value

    return read


def sid(prefix: str) -> Callable[[str], str]:
    """A sid that begins with ``prefix``."""

    def read(value: str) -> str:
        if not is_sid(value, prefix):
            raise ValueError(value)
        return value

    return read


def day(value: str) -> date:
    """A day, ``YYYY-MM-DD``."""
    if _DAY.fullmatch(value) is None:
        raise ValueError(value)
    return date.fromisoformat(value)


def json_object(value: str) -> dict[str, Any]:
    """A JSON object, read strictly: no ``NaN``, no ``Infinity``, nested at most 100 deep."""
    try:
        parsed = _STRICT.decode(value)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(parsed, dict) or _deeper_than(_MOST_NESTED, parsed):
        raise ValueError("not a JSON object")
    return parsed


def _deeper_than(most: int, parsed: Any) -> bool:
    """Tell whether JSON is nested more than ``most`` deep, without recursion."""
    level = [parsed]
    for _ in range(most):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, (dict, list))
        ]
        if not level:
            return False
    return True


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):  # 1e999 would be printed as Infinity, which is not JSON
        raise ValueError(digits)
    return number


_STRICT = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_finite)


@dataclass(frozen=True, slots=True)
class Param:
    """One parameter: its ``name`` on the wire, its ``field`` in Python, and how it is read.

    ``most`` makes it repeatable, with that many values at the most (0: no limit); ``distinct`` drops doubled ones.
    ``known`` and ``source`` say how we know of it, ``default_known`` the same of its default. ``deprecated`` says, in
    words, why nobody should send it. ``secret`` values are never journaled, logged or stored. ``error`` makes the
    answer to a bad value where it is not the table's own.
    """

    name: str
    field: str
    read: Callable[[str], Any] = text
    required: bool = False
    default: Any = None
    most: int | None = None
    distinct: bool = False
    secret: bool = False
    deprecated: str | None = None
    known: str = DOCUMENTED
    source: str = "OAI"
    default_known: tuple[str, str] | None = None
    error: Callable[[], TwilioError] | None = None


class Params:
    """The table of an operation's parameters, in the order of Notify's reference.

    ``error`` makes the answer to a value that can't be read, from the parameter's name.
    """

    def __init__(self, error: Callable[[str], TwilioError], *rows: Param) -> None:
        self.rows = rows
        self.error = error
        self.names = frozenset(row.name for row in rows)
        self.fields = {row.field: row for row in rows}
        self.secrets = frozenset(row.name for row in rows if row.secret)
        self.repeatable = frozenset(row.name for row in rows if row.most is not None)
        self.deprecated = {row.name: row.deprecated for row in rows if row.deprecated}
        self.defaults = {row.field: (() if row.most is not None else row.default) for row in rows if not row.required}

    def parse(self, form: Form) -> dict[str, Any]:
        """Read every parameter; an absent or empty one gets its default. Raises the first complaint, in table order."""
        values = dict(self.defaults)
        for row in self.rows:
            sent = form.get(row.name)
            if sent is not None and (row.most is not None or sent[0]):
                values[row.field] = self._read(row, sent)
            elif row.required:
                raise MissingParameter(row.name)
        return values

    def parse_changes(self, form: Form) -> dict[str, Any]:
        """Read an update: only what was sent; an empty value goes back to the default. (assumed D24)"""
        values: dict[str, Any] = {}
        for row in self.rows:
            sent = form.get(row.name)
            if sent is not None:
                values[row.field] = self._read(row, sent) if sent[0] else row.default
        return values

    def _read(self, row: Param, sent: list[str]) -> Any:
        try:
            if row.most is None:
                return row.read(sent[0])
            if "" in sent:
                sent = [value for value in sent if value]  # clients do send ``Tag=`` (observed; dropping: assumed D9)
            if row.distinct:
                sent = list(dict.fromkeys(sent))
            if row.most and len(sent) > row.most:
                raise ValueError("too many")
            read = row.read
            return tuple(sent) if read is text else tuple([read(value) for value in sent])
        except ValueError:
            raise (row.error() if row.error else self.error(row.name)) from None

    def sent(self, form: Form) -> list[tuple[str, str]]:
        """What of a form is read, name by name in table order."""
        return [
            (row.name, value)
            for row in self.rows
            if row.name in form
            for value in (form[row.name] if row.most is not None else form[row.name][:1])
            if value
        ]

    def to_form(self, operation: str, arguments: Mapping[str, Any]) -> dict[str, list[str]]:
        """Spell Python arguments as a form. ``None`` is left out; an unknown name is a ``TypeError``."""
        form: dict[str, list[str]] = {}
        for field, value in arguments.items():
            row = self.fields.get(field)
            if row is None:
                hint = did_you_mean(field, self.fields)
                known = ", ".join(self.fields)
                raise TypeError(f"{operation}() has no argument {field!r}{hint or '.'} It takes: {known}")
            if value is not None:
                form[row.name] = _spell_all(value) if row.most is not None else [_spell(value)]
        return form

    def redact(self, form: Form) -> dict[str, str | list[str]]:
        """The form for reading: lists where a parameter is repeatable, secrets replaced, misspelt ones too."""
        shown: dict[str, str | list[str]] = {}
        for name, values in form.items():
            if name in self.secrets or (name not in self.names and _plain(name) in SECRET_WORDS):
                shown[name] = "[redacted]"
            elif name in self.repeatable or len(values) > 1:
                shown[name] = list(values)
            else:
                shown[name] = values[0]
        return shown

    def warnings(self, form: Form, also_read: frozenset[str] = frozenset()) -> list[str]:
        """What Notify ignores in silence: unread, misspelt, deprecated and doubled parameters, in words."""
        found = []
        unread = 0
        for name, values in form.items():
            if name in also_read:
                continue
            if name not in self.names:
                unread += 1
                if unread > _MOST_UNREAD:
                    continue
                found.append(f"parameter {name!r} was not read{self._correction(name)}")
                continue
            if name in self.deprecated:
                found.append(f"parameter {name!r} is deprecated: {self.deprecated[name]}")
            if len(values) > 1 and name not in self.repeatable:
                found.append(f"parameter {name!r} was sent {len(values)} times, only the first was read")
        if unread > _MOST_UNREAD:
            found.append(f"{unread - _MOST_UNREAD} more parameters were not read")
        return found

    def _correction(self, name: str) -> str:
        plain = _plain(name)
        for known in self.names:
            if plain in (known.lower(), known.lower() + "s", known.lower().removesuffix("s")):
                return f"; did you mean {known!r}? (names are case-sensitive)"
        return did_you_mean(name, self.names)


def _plain(name: str) -> str:
    """A name without its spelling: ``binding_type``, ``BindingType`` and ``bindingType[]`` are one word."""
    return name.replace("_", "").replace("[]", "").replace("-", "").lower()


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """``"; did you mean 'x'?"`` with the nearest known words, or nothing."""
    close = nearest(word, known)
    return f"; did you mean {' or '.join(repr(each) for each in close)}?" if close else ""


def nearest(word: str, known: Iterable[str]) -> list[str]:
    """The up to three known words that look most like ``word``, best first."""
    from difflib import get_close_matches  # only mistakes need it

    return get_close_matches(word, sorted(known), n=3, cutoff=0.6)


def _spell_all(value: Any) -> list[str]:
    return [_spell(value)] if isinstance(value, (str, Mapping)) else [_spell(each) for each in value]


def _spell(value: Any) -> str:
    """A value as the official libraries put it on the wire."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return json.dumps(value)
    if isinstance(value, datetime):
        return value.astimezone(timezone.utc).strftime("%Y-%m-%d")
    if isinstance(value, date):
        return value.isoformat()
    return str(value)
