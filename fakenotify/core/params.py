"""Parameter tables: what an operation reads from a form or a query, in the order of its complaints.

Names are CamelCase on the wire and snake_case in Python; only this module translates them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timezone
from functools import cached_property
from typing import Any

from fakenotify.core.errors import DOCUMENTED, MissingParameter, TwilioError
from fakenotify.core.values import TEXT, BadValue, Kind

_MOST_UNREAD = 20

SECRET_WORDS = frozenset(("certificate", "privatekey", "apikey", "secret", "authtoken", "password"))

Form = Mapping[str, list[str]]
"""A decoded form or query string: each name with its values, in the order sent."""


@dataclass(frozen=True, slots=True)
class Param:
    """One parameter: its ``name`` on the wire, its ``field`` in Python, and the ``kind`` of its values.

    ``most`` makes it repeatable, with that many values at the most (0: no limit); ``distinct`` drops duplicates.
    ``label`` and ``source`` say how we know of it, ``default_from`` the same of its default (label, source), and
    ``default_words`` what the default is where an operation decides it. ``deprecated`` says why nobody should send it.
    ``secret`` values are never journaled, logged or stored. ``error`` makes the answer to a bad value, from the name
    and the value, where it is not the table's own.
    """

    name: str
    field: str
    kind: Kind = TEXT
    required: bool = False
    default: Any = None
    most: int | None = None
    distinct: bool = False
    secret: bool = False
    deprecated: str | None = None
    label: str = DOCUMENTED
    source: str = "OAI"
    default_from: tuple[str, str] | None = None
    default_words: str | None = None
    error: Callable[[str, str], TwilioError] | None = None


class Params:
    """The table of an operation's parameters, in the order in which they are checked.

    ``error`` makes the answer to a value that can't be read, from the parameter's name.
    """

    def __init__(self, error: Callable[[str], TwilioError], *rows: Param) -> None:
        self.rows = rows
        self.error = error
        self.by_name = {row.name: row for row in rows}
        self.names = frozenset(self.by_name)
        self.fields = {row.field: row for row in rows}
        self._steps = [
            (row, row.name, row.field, row.most is not None, row.most is None and type(row.kind).read is Kind.read)
            for row in rows
        ]
        self.secrets = frozenset(row.name for row in rows if row.secret)
        self.defaults = {row.field: (() if row.most is not None else row.default) for row in rows if not row.required}

    @cached_property  # start-up time: an expression takes long to compile
    def _signs(self) -> dict[str, Callable[[str], object]]:
        """What finds the signs of a parameter's kind, by the parameter's name."""
        signs = {row.name: row.kind.signs for row in self.rows if row.kind.signs}
        return {name: re.compile("|".join(map(re.escape, each))).search for name, each in signs.items()}

    def parse(self, form: Form) -> dict[str, Any]:
        """Read every parameter; an absent or empty one gets its default. Raises the first complaint, in table order."""
        values = dict(self.defaults)
        for row, name, field, repeatable, as_sent in self._steps:
            sent = form.get(name)
            if sent is not None and (repeatable or sent[0]):
                values[field] = sent[0] if as_sent else self._read(row, sent)
            elif row.required:
                raise MissingParameter(name)
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
        kind = row.kind
        if row.most is None:
            try:
                return kind.read(sent[0])
            except ValueError as error:
                raise self.refusal(row, sent[:1], error) from None
        if "" in sent:
            sent = [value for value in sent if value]  # clients do send ``Tag=`` (observed; dropping: assumed D9)
        if row.distinct:
            sent = list(dict.fromkeys(sent))
        if row.most and len(sent) > row.most:
            raise self.too_many(row, sent)
        if type(kind).read is Kind.read:  # text as it came
            return tuple(sent)
        try:
            return tuple([kind.read(value) for value in sent])
        except ValueError as error:
            raise self.refusal(row, sent, error) from None

    def refusal(self, row: Param, sent: Sequence[str], error: ValueError | None = None) -> TwilioError:
        """The answer to a value that can't be read, the decision behind it and the reason in words."""
        at, value = next(((at, each) for at, each in enumerate(sent) if not can_be(row, each)), (0, sent[0]))
        refused = row.error(row.name, value) if row.error else self.error(row.name)
        refused.source = error.decision if isinstance(error, BadValue) else row.kind.decision
        place = f" ({at + 1} of {len(sent)})" if len(sent) > 1 else ""
        refused.hint = f"{row.name}{place}: {row.kind.explain(value)}"
        return refused

    def too_many(self, row: Param, sent: Sequence[str]) -> TwilioError:
        """The answer to more values than a parameter may have. (assumed D33)"""
        refused = self.error(row.name)
        refused.source = "D33"
        refused.hint = f"{row.name}: {len(sent)} values were sent, and at most {row.most} are allowed"
        return refused

    def sent(self, form: Form) -> list[tuple[str, str]]:
        """The parts of a form that are read, name by name in table order."""
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
        """The form for reading: lists where a parameter is repeatable, secrets replaced, misspelt ones too.

        It shares the table's names and the form's lists, since thousands are kept.
        """
        shown: dict[str, str | list[str]] = {}
        for name, values in form.items():
            row = self.by_name.get(name)
            several = len(values) > 1
            if row is None:
                hidden = self._hides(name)
            else:
                name, hidden, several = row.name, row.secret, several or row.most is not None
            shown[name] = "[redacted]" if hidden else values if several else values[0]
        return shown

    def _hides(self, name: str) -> bool:
        """Whether a parameter that this table doesn't have may hold a secret: it sounds like one, or the operation
        has secrets and the name is not similar to one of its others."""
        plain = _plain(name)
        if any(word in plain for word in SECRET_WORDS):
            return True
        if not self.secrets:
            return False
        similar = nearest(plain, map(str.lower, self.names))
        return not similar or similar[0] in {each.lower() for each in self.secrets}

    def look(self, form: Form, also_read: Iterable[str] = ()) -> tuple[list[str], list[str]]:
        """Warnings for what is silently ignored (unread, misspelt, deprecated, duplicate parameters), and advice."""
        ignored: list[str] = []
        advice: list[str] = []
        unread = 0
        for name, values in form.items():
            row = self.by_name.get(name)
            if row is None:
                if name not in also_read:
                    unread += 1
                    if unread <= _MOST_UNREAD:
                        ignored.append(f"parameter {name!r} was not read{self._correction(name)}")
                continue
            if row.deprecated is not None:
                ignored.append(f"parameter {name!r} is deprecated: {row.deprecated}")
            if len(values) > 1 and row.most is None:
                ignored.append(f"parameter {name!r} was sent {len(values)} times, only the first was read")
            signs = self._signs.get(name)
            if signs is not None:
                for value in filter(signs, values if row.most is not None else values[:1]):
                    _look_at(row, value, ignored, advice)
        if unread > _MOST_UNREAD:
            ignored.append(f"{unread - _MOST_UNREAD} more parameters were not read")
        return ignored, advice

    def _correction(self, name: str) -> str:
        """What a name that was not read may stand for."""
        plain = _plain(name)
        for known in self.names:
            if plain in (known.lower(), known.lower() + "s", known.lower().removesuffix("s")):
                return f"; did you mean {known!r}? (names are case-sensitive)"
        member, bracket, _ = name.partition("[")
        row = self.by_name.get(member)
        if bracket and row is not None and "contentMediaType" in row.kind.schema():
            return f"; {member} takes one JSON text for each value, such as {member}={row.kind.examples()[0]}"
        return did_you_mean(name, self.names)


def can_be(row: Param, value: str) -> bool:
    """Whether a parameter can have this value."""
    try:
        row.kind.read(value)
    except ValueError:
        return False
    return True


def _look_at(row: Param, value: str, ignored: list[str], advice: list[str]) -> None:
    """What the kind of a parameter says about a value, readable or not; each message once."""
    try:
        found, said = row.kind.ignored(value), row.kind.advice(value)
    except ValueError:
        return
    ignored += [each for each in found if each not in ignored]
    if said is not None and said not in advice and len(advice) < _MOST_UNREAD:
        advice.append(said)


def _plain(name: str) -> str:
    """A name without its spelling: ``log_enabled``, ``LogEnabled`` and ``logEnabled[]`` are one word."""
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
    several = hasattr(value, "__iter__") and not isinstance(value, (str, bytes, Mapping))
    return [_spell(each) for each in (value if several else (value,)) if each is not None]


def _spell(value: Any) -> str:
    """A value as the official libraries put it on the wire."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return json.dumps(value)
    if isinstance(value, datetime):
        return value.astimezone(timezone.utc).strftime("%Y-%m-%d")
    if isinstance(value, date):
        return value.isoformat()
    return plain_text(value)


def plain_text(value: object) -> str:
    """A value as text: a string's characters, also of an enumeration's member, whose ``str`` is its name."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return str.__str__(value) if isinstance(value, str) else str(value)
