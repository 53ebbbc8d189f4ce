"""How much memory a value takes, estimated fast, and the clipping of what is too long to be kept twice.

An estimate counts the characters of texts (four bytes each unless they are ASCII) and a fixed price for every object,
entry and item, about what CPython takes for them on 64 bits.
"""

from __future__ import annotations

from typing import Any

LONGEST_TEXT = 16_384
"""Longer texts are clipped where they are only kept to be looked at."""
_HEAVY = 65_536
"""A part of more bytes is heavy."""

_OBJECT, _ENTRY, _ITEM = 64, 64, 8


def size_of(value: Any) -> int:
    """The estimated bytes of a text, a number, or of an object or a list with all that is in it."""
    return measure(value)[0]


def measure(value: Any) -> tuple[int, int]:
    """The estimated bytes of a value, and how long the longest text in it is."""
    if isinstance(value, str):
        return _OBJECT + (len(value) if value.isascii() else 4 * len(value)), len(value)
    if isinstance(value, dict):
        size, longest = _OBJECT + _ENTRY * len(value), 0
        for name, each in value.items():
            size += len(name)
            if type(each) is str:  # most are: no call for each
                length = len(each)
                size += _OBJECT + (length if each.isascii() else 4 * length)
            elif isinstance(each, (dict, list, tuple)):
                inner, length = measure(each)
                size += inner
            else:
                length = len(name)
            if length > longest:
                longest = length
        return size, longest
    if isinstance(value, (list, tuple)):
        parts = [measure(each) for each in value]
        return _OBJECT + sum([_ITEM + size for size, _ in parts]), max([length for _, length in parts], default=0)
    return _ITEM, 0


def own_size(value: Any, shared: Any) -> int:
    """The bytes of ``value`` without what it has in common with ``shared``, part by part."""
    if value is shared:
        return 0
    if isinstance(value, dict) and isinstance(shared, dict):
        parts = [own_size(each, shared.get(name)) for name, each in value.items() if each is not shared.get(name)]
        return _OBJECT + _ENTRY * len(value) + sum(parts)
    return size_of(value)


def clip(value: Any) -> Any:
    """``value`` with its long texts clipped; the same object if none is too long."""
    if isinstance(value, str):
        return value if len(value) <= LONGEST_TEXT else clip_text(value)
    if isinstance(value, dict):
        changed = {clip(name): clip(each) for name, each in value.items()}
        return value if all(changed.get(name) is each for name, each in value.items()) else changed
    if isinstance(value, (list, tuple)):
        items = [clip(each) for each in value]
        if all(new is old for new, old in zip(items, value, strict=True)):
            return value
        return items if isinstance(value, list) else type(value)(items)
    return value


def clip_text(text: str) -> str:
    """The beginning of a long text, and how long it was; the mark is ASCII, or the text would take twice the memory."""
    return f"{text[:LONGEST_TEXT]}... [clipped, {len(text):,} characters]"


def clip_heavy(values: dict[str, Any]) -> dict[str, Any]:
    """An object without its heavy parts: a mark stands in the place of each."""
    return {name: _mark(size) if (size := size_of(each)) > _HEAVY else each for name, each in values.items()}


def _mark(size: int) -> str:
    return f"... [clipped, about {max(1, size // 2**20)} MiB]"
