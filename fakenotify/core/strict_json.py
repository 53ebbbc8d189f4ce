"""JSON as RFC 8259 has it: no ``NaN``, no infinity, no lone surrogate, no duplicate name, for reading and writing."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable
from typing import Any, NoReturn

MOST_DEPTH = 200
"""The greatest depth of JSON: deeper JSON isn't read, and a deeper value is written as a string."""


def parse(text: str | bytes) -> Any:
    """Read JSON. Raises ``ValueError`` that says what is wrong with it."""
    text = text.decode() if isinstance(text, bytes) else text
    parsed = decode(text, _DECODER, MOST_DEPTH)
    if "\\u" in text or not text.isascii():
        try:
            json.dumps(parsed, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise ValueError("it has half of a surrogate pair, which is not a character") from None
    return parsed


def decode(text: str, decoder: json.JSONDecoder, most: int) -> Any:
    """Read JSON that is nested at most ``most`` deep. Raises ``ValueError``."""
    try:
        parsed = decoder.decode(text)
        too_deep = _is_deeper(most, parsed)
    except RecursionError:
        too_deep = True
    if too_deep:
        raise ValueError(f"it is nested more than {most} deep")
    return parsed


def _is_deeper(most: int, parsed: Any) -> bool:
    """Whether JSON is nested more than ``most`` deep, found without recursion."""
    level = [parsed] if isinstance(parsed, (dict, list)) else []
    for _ in range(most):
        if not level:
            return False
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, (dict, list))
        ]
    return bool(level)


def no_number(word: str) -> NoReturn:
    """Refuse ``NaN`` and ``Infinity``, which JavaScript has and JSON doesn't."""
    raise ValueError(f"{word} is not a JSON number")


def finite(digits: str) -> float:
    """Read a number. One that is too large for Python would be written as ``Infinity``, which is not JSON."""
    number = float(digits)
    if math.isinf(number):
        raise ValueError(f"{digits[:30]} is too large a number")
    return number


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    read = dict(pairs)
    if len(read) < len(pairs):
        occurring = Counter(name for name, _ in pairs)
        twice = next(name for name, times in occurring.items() if times > 1)
        raise ValueError(f"{twice!r} occurs twice")
    return read


_DECODER = json.JSONDecoder(parse_constant=no_number, parse_float=finite, object_pairs_hook=_object)


def whole(text: str) -> str:
    """A text with U+FFFD in place of each lone surrogate."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def clean(value: Any, plain: Callable[[Any], Any], depth: int = MOST_DEPTH) -> Any:
    """A value with what JSON can't express replaced: ``NaN`` by null, a lone surrogate by U+FFFD, what is too deep by a
    text. ``plain`` makes values for JSON of other objects."""
    if isinstance(value, str):
        return whole(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, int):
        return value
    if not depth:
        return "(nested too deeply to be shown)"
    if isinstance(value, dict):
        return {clean(name, plain): clean(each, plain, depth - 1) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [clean(each, plain, depth - 1) for each in value]
    return clean(plain(value), plain, depth)
