"""What rows can be found by: tests that query parameters make, and the texts in a value."""

from __future__ import annotations

from typing import Any

from fakenotify.control.reads import Accept, Filter
from fakenotify.control.routes import Refused
from fakenotify.control.sight import Sight
from fakenotify.notify.debugger import CODES


def is_value(name: str, words: str = "") -> Filter:
    """A row whose field is the value, in its own case."""
    return words or f"Only rows with this `{name}`.", lambda _, value: lambda record: getattr(record, name) == value


def is_like(name: str, field: str) -> Filter:
    """A row whose field is the value, in any case."""
    return (
        f"Only rows with this `{name}`.",
        lambda _, value: lambda record: str(getattr(record, field)).casefold() == value.casefold(),
    )


def has_value(name: str, field: str) -> Filter:
    """A row whose list has the value."""
    return f"Only rows with this `{name}`.", lambda _, value: lambda record: value in getattr(record, field)


def code_of(value: str) -> int:
    """A query parameter's value as a code."""
    if not (value.isascii() and value.isdigit() and len(value) < 10):
        raise Refused(400, f"code is a number such as 52001, not {value!r}")
    return int(value)


def title_of(code: int | None) -> str | None:
    """Twilio's title of a code."""
    return CODES[code].title if code in CODES else None


def has_code(sight: Sight, value: str) -> Accept:
    """A row whose code is the value."""
    code = code_of(value)
    return lambda record: bool(record.code == code)


def strings(*values: Any) -> list[str]:
    """The texts in JSON values, without names, in no special order."""
    found: list[str] = []
    left = [*values]
    for value in left:  # which grows
        kind = type(value)
        if kind is str:
            found.append(value)
        elif kind is dict:
            left += value.values()
        elif kind is list:
            left += value
    return found


SID = is_value("sid")
SERVICE_SID = is_value("service_sid")
BINDING_TYPE = is_like("binding_type", "binding_type")
