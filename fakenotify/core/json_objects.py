"""JSON objects, read strictly; if a text can't be read as one, the likely cause in words."""

from __future__ import annotations

import json
import re
from typing import Any

from fakenotify.core.printable import beginning
from fakenotify.core.strict_json import decode, finite, no_number

MOST_NESTED = 100

_SHOWN = 40
_LOOKED_AT = 20_000


def read(text: str) -> dict[str, Any]:
    """A JSON object: no ``NaN``, no ``Infinity``, nested at most 100 deep. Raises ``ValueError``."""
    parsed = _read(text)
    if not isinstance(parsed, dict):
        raise ValueError("not a JSON object")
    return parsed


def explain(text: str) -> str | None:
    """Why a text is no JSON object; None if it is one."""
    try:
        parsed = _read(text)
    except json.JSONDecodeError as error:
        return f"it is not JSON: {_cause(text, error)}"
    except ValueError as error:
        return f"it is not JSON: {error}"
    return None if isinstance(parsed, dict) else f"it is {kind_of(parsed)}, not a JSON object"


def kind_of(parsed: Any) -> str:
    """What a JSON value is, in words. A string that holds JSON was encoded twice."""
    if isinstance(parsed, str):
        twice = explain(parsed) is None
        return "JSON inside a JSON string (it was encoded twice)" if twice else "a JSON string"
    if isinstance(parsed, list):
        return f"a JSON list of {len(parsed)}"
    return {type(None): "null", bool: "a boolean"}.get(type(parsed), "a number")


def _read(text: str) -> Any:
    return decode(text, _DECODER, MOST_NESTED)


_DECODER = json.JSONDecoder(parse_constant=no_number, parse_float=finite)

# patterns are compiled when the first mistake needs them
_STRINGS = r'"(?:[^"\\]|\\.)*"'
_LITERALS = (
    (r"\{\{\s*[\w.]+\s*\}\}", "the placeholder {} was not filled in"),
    (
        r"\$(?:[A-Za-z_]\w*|\{\w+\})",
        "the variable {} was not filled in; PHP and shells leave it alone in single quotes",
    ),
    (r"\[object Object\]", "{} is what JavaScript makes of an object; use JSON.stringify"),
    (r"^\s*Array\b", "{} is what PHP prints for an array; use json_encode"),
    (r"=>", "{} comes from a printed Ruby Hash or PHP array; use to_json or json_encode"),
    (r"^\s*\{\s*([\w.-]+=)", "{} comes from a printed Java Map; use a JSON library"),
    (r"'", "JSON needs double quotes where this has single ones; for a Python dict, use json.dumps"),
    (r"\b(?:None|True|False)\b", "{} is Python; use json.dumps"),
    (r"\bnil\b", "{} is Ruby; use to_json"),
    (r"\bundefined\b", "{} is JavaScript; use JSON.stringify"),
    (r"[{,]\s*([A-Za-z_]\w*)\s*:", "names need double quotes in JSON, and {} has none"),
)
"""Patterns of other languages' literals outside of JSON's strings, each with what to say about it."""


def _cause(text: str, error: json.JSONDecodeError) -> str:
    """Where a text stops being JSON, and the likely cause."""
    place = error.pos
    if error.msg.startswith("Illegal trailing comma"):  # pragma: no cover  # CPython from 3.13 on points at the comma
        place = len(text) - len(text[place + 1 :].lstrip())
    where = f"at character {place + 1}"
    if place >= len(text.rstrip()):
        return f"{where} it ends too early"
    where += f" ({beginning(text[place:], _SHOWN)!r})"
    if error.msg.startswith("Unterminated string"):
        return f"{where} begins a string that never ends"
    if error.msg.startswith("Invalid control character"):
        return f"{where}, a line break or another control character in a string must be escaped, \\n"
    if _is_unescaped_quote(text, error):
        return f'{where}, a quotation mark in a string must be escaped, \\"; let a JSON library write it'
    outside = re.sub(_STRINGS, '""', text[:_LOOKED_AT])
    for pattern, words in _LITERALS:
        found = re.search(pattern, outside)
        if found:
            return f"{where}, {words.format(found[found.lastindex or 0].strip())}"
    before = text[:place].rstrip()
    if text[place] in "}]" and before.endswith(","):
        return f"{where}, the comma before it is one too many"
    if error.msg == "Extra data":
        return f"{where}, there is more after the end"
    return f"{where}, {error.msg[0].lower()}{error.msg[1:]}"


def _is_unescaped_quote(text: str, error: json.JSONDecodeError) -> bool:
    """Whether an unescaped quotation mark seems to have ended a string: a letter follows it."""
    return (
        error.msg in ("Expecting ',' delimiter", "Expecting ':' delimiter")
        and text[: error.pos].rstrip().endswith('"')
        and text[error.pos].isalnum()
    )
