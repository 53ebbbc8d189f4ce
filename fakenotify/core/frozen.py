"""Frozen records that are quick to make."""

from __future__ import annotations

from dataclasses import MISSING, fields
from functools import wraps
from typing import Any, TypeVar

T = TypeVar("T")


def quick(record: type[T]) -> type[T]:
    """A decorator of a frozen dataclass with slots: its ``__init__`` sets each slot directly.

    That of ``dataclasses`` calls ``object.__setattr__`` for each field, which takes two and a half times as long, and a
    request makes three records with 37 fields. Fields have no ``default_factory``, and all are arguments.
    """
    found = fields(record)  # type: ignore[arg-type]  # it is a dataclass
    names = [field.name for field in found]
    known: dict[str, Any] = {f"set_{name}": getattr(record, name).__set__ for name in names}
    body = "".join(f"\n set_{name}(self, {name})" for name in names)
    exec(f"def __init__(self, {', '.join(names)}):{body}", known)  # as dataclasses makes its own
    init = known["__init__"]
    init.__defaults__ = tuple(field.default for field in found if field.default is not MISSING)
    record.__init__ = wraps(record.__init__)(init)  # type: ignore[method-assign]
    return record
