"""Kinds of values: how a parameter's text is read, and what docs, schemas and generators know of it.

A kind is an object that says everything about what a parameter takes. The parser, the documentation, the OpenAPI
document and the Hypothesis strategies all use it.
"""

from __future__ import annotations

import math
import re
from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

from fakenotify.core import json_objects
from fakenotify.core.printable import beginning
from fakenotify.core.sids import is_sid, sid_pattern

Schema = dict[str, Any]

_DAY = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
_HIGHEST = 10**12


def is_whole(value: object, least: float = -math.inf) -> bool:
    """Whether a value is a whole number, and at least ``least``; a boolean is none here."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


class BadValue(ValueError):
    """A value that can't be read for a reason with a ``decision`` of its own (``docs/fidelity.md``)."""

    def __init__(self, decision: str) -> None:
        self.decision = decision
        super().__init__(decision)


class Kind(ABC):
    """One kind of value.

    ``decision`` is the one (of ``docs/fidelity.md``) behind the refusal of a bad value. If a value that can be read
    contains one of the ``signs``, there may be something to say of it: ``ignored`` and ``advice`` are asked.
    """

    decision = "D33"
    signs: Sequence[str] = ()

    def read(self, value: str) -> Any:
        """The value in Python. Raises ``ValueError`` for one that is not of this kind."""
        return value

    @abstractmethod
    def words(self) -> str:
        """What it takes, in Markdown."""

    def schema(self) -> Schema:
        """The JSON schema of a value."""
        return {"type": "string"}

    @abstractmethod
    def examples(self) -> Sequence[str]:
        """Values as they stand on the wire, the first one for documents."""

    def mistakes(self) -> Sequence[str]:
        """Values that can't be read."""
        return ()

    def explain(self, value: str) -> str:
        """Why a value can't be read, in words."""
        return f"{beginning(value)!r} can't be read; it takes: {self.words()}"

    def ignored(self, value: str) -> list[str]:
        """What is ignored in silence within a value that can be read, in words."""
        return []

    def advice(self, value: str) -> str | None:
        """What a tester should know of a value that can be read."""
        return None


class Text(Kind):
    """Any text, as it came."""

    def __init__(self, words: str = "text", *examples: str) -> None:
        self._words = words
        self._examples = examples or ("text",)

    def words(self) -> str:
        """What the text is."""
        return self._words

    def examples(self) -> Sequence[str]:
        """The texts given."""
        return self._examples


TEXT = Text()


class ShortText(Text):
    """Text of at most ``most`` characters."""

    decision = "D32"

    def __init__(self, most: int, *examples: str) -> None:
        super().__init__(f"text of at most {most} characters", *examples)
        self.most = most

    def read(self, value: str) -> str:
        """The text."""
        if len(value) > self.most:
            raise ValueError(value)
        return value

    def schema(self) -> Schema:
        """With ``maxLength``."""
        return {"type": "string", "maxLength": self.most}

    def mistakes(self) -> Sequence[str]:
        """One character too many."""
        return ("x" * (self.most + 1),)

    def explain(self, value: str) -> str:
        """How long it is."""
        return f"it has {len(value)} characters, and at most {self.most} are allowed"


class Boolean(Kind):
    """``true`` or ``false`` in any case."""

    def read(self, value: str) -> bool:
        """The boolean."""
        lowered = value.lower()
        if lowered == "true":
            return True
        if lowered == "false":
            return False
        raise ValueError(value)

    def words(self) -> str:
        """The two values."""
        return "`true` or `false`, in any case"

    def schema(self) -> Schema:
        """A boolean."""
        return {"type": "boolean"}

    def examples(self) -> Sequence[str]:
        """In the cases that libraries send."""
        return ("true", "false", "True", "FALSE")

    def mistakes(self) -> Sequence[str]:
        """Other languages' booleans."""
        return ("yes", "1", "maybe")


class Integer(Kind):
    """A whole number in decimal ASCII digits, ``low`` to ``high``; without ``high`` a huge one counts as 10**12."""

    def __init__(self, low: int, high: int | None = None, decision: str = "D33") -> None:
        self.low, self.high = low, high
        self.decision = decision

    def read(self, value: str) -> int:
        """The number."""
        if not (value.isascii() and value.isdigit()):
            raise ValueError(value)
        number = min(int(value.lstrip("0")[:20] or "0"), _HIGHEST)
        if number < self.low or (self.high is not None and number > self.high):
            raise ValueError(value)
        return number

    def words(self) -> str:
        """The bounds."""
        return f"whole number, {self.low} or more" if self.high is None else f"whole number, {self.low} to {self.high}"

    def schema(self) -> Schema:
        """An integer with its bounds."""
        return {"type": "integer", "minimum": self.low} | ({} if self.high is None else {"maximum": self.high})

    def examples(self) -> Sequence[str]:
        """Small ones, and the largest."""
        most = self.low + 3 if self.high is None else self.high
        return tuple(dict.fromkeys(str(each) for each in (most, self.low, self.low + 1) if each <= most))

    def mistakes(self) -> Sequence[str]:
        """Numbers outside, and none at all."""
        outside = () if self.high is None else (str(self.high + 1),)
        return ("-1", *outside, *((str(self.low - 1),) if self.low > 0 else ()), "1.5", "soon")


class OneOf(Kind):
    """One of ``choices``, exactly. ``choices`` may be a table that grows."""

    decision = "D15"

    def __init__(self, choices: Collection[str], decision: str = "D15") -> None:
        self.choices = choices
        self.decision = decision

    def read(self, value: str) -> str:
        """The choice."""
        if value not in self.choices:
            raise ValueError(value)
        return value

    def words(self) -> str:
        """The choices."""
        return "one of " + ", ".join(f"`{each}`" for each in self.choices)

    def schema(self) -> Schema:
        """An enum."""
        return {"type": "string", "enum": list(self.choices)}

    def examples(self) -> Sequence[str]:
        """The choices."""
        return tuple(self.choices)

    def mistakes(self) -> Sequence[str]:
        """One that is no choice, and one in capitals."""
        return ("pigeon", next(iter(self.choices)).upper())

    def explain(self, value: str) -> str:
        """The choices, and that case matters where it was the mistake."""
        for each in self.choices:
            if value.strip().lower() == each.lower():
                return f"{value!r} is not {each!r}: it is compared exactly"
        return super().explain(value)


class Sid(Kind):
    """A sid that begins with ``prefix``."""

    decision = "D3"

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix

    def read(self, value: str) -> str:
        """The sid."""
        if not is_sid(value, self.prefix):
            raise ValueError(value)
        return value

    def words(self) -> str:
        """The prefix."""
        return f"sid, `{self.prefix}…`"

    def schema(self) -> Schema:
        """The pattern of sids."""
        return {"type": "string", "pattern": f"^{sid_pattern(self.prefix).pattern}$"}

    def examples(self) -> Sequence[str]:
        """One that looks made up."""
        return (self.prefix + "0123456789abcdef" * 2,)

    def mistakes(self) -> Sequence[str]:
        """Too short, and of another kind."""
        return (f"{self.prefix}71", "ZZ" + "a" * 32)

    def explain(self, value: str) -> str:
        """What it lacks."""
        if value[:2] != self.prefix:
            return f"a sid here begins with {self.prefix}, and this is {beginning(value)!r}"
        return f"a sid is {self.prefix} and 32 hexadecimal digits, and this is {beginning(value)!r}"


class Day(Kind):
    """A day, ``YYYY-MM-DD``."""

    def read(self, value: str) -> date:
        """The day."""
        if _DAY.fullmatch(value) is None:
            raise ValueError(value)
        return date.fromisoformat(value)

    def words(self) -> str:
        """The form."""
        return "day, `YYYY-MM-DD`"

    def schema(self) -> Schema:
        """A date."""
        return {"type": "string", "format": "date"}

    def examples(self) -> Sequence[str]:
        """Days."""
        return ("2026-11-24", "2024-02-29")

    def mistakes(self) -> Sequence[str]:
        """A day that doesn't exist, and times."""
        return ("2027-02-30", "2027-10-31T00:00:00Z", "yesterday")


class JsonObject(Kind):
    """A JSON object; the literal ``null`` counts as absent (D15)."""

    decision = "D15"

    def read(self, value: str) -> dict[str, Any] | None:
        """The object, or None for ``null``."""
        return None if value.strip() == "null" else json_objects.read(value)

    def words(self) -> str:
        """What it takes."""
        return "JSON object"

    def schema(self) -> Schema:
        """A text that holds JSON."""
        return {"type": "string", "contentMediaType": "application/json"}

    def examples(self) -> Sequence[str]:
        """Objects, and the null of twilio-node 6."""
        return ('{"key": "value"}', "{}", "null")

    def mistakes(self) -> Sequence[str]:
        """Other JSON, and none."""
        return ("{", "[]", "{'key': 'value'}", "text")

    def explain(self, value: str) -> str:
        """Where it stops being JSON and the likely cause, or what JSON it is."""
        return json_objects.explain(value) or super().explain(value)
