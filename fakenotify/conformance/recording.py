"""Recorded traffic: one JSON object a line, each a call to Notify and its answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any


class BadRecording(ValueError):
    """A file that is no recording, or one that was cut off; the message names the line."""


@dataclass(frozen=True)
class RecordedCall:
    """One call. ``query`` and ``form`` map each name to its values; ``body`` is the answer's JSON, None for none."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    form: Mapping[str, list[str]]
    status: int
    headers: Mapping[str, str]
    body: Any

    def to_line(self) -> str:
        """The call as a recording has it."""
        return json.dumps(asdict(self)) + "\n"


def read(path: str | Path) -> list[RecordedCall]:
    """The calls of a recording, in their order. Raises ``OSError`` and ``BadRecording``."""
    try:
        *lines, rest = Path(path).read_text(encoding="utf-8").split("\n")
    except UnicodeDecodeError:
        raise BadRecording(f"{path} is no recording: it is not UTF-8") from None
    if rest:
        raise BadRecording(f"{path} was cut off in line {len(lines) + 1}: its last line has no end")
    if not lines:
        raise BadRecording(f"{path} is no recording: it is empty")
    return [_call(line, f"{path} is no recording: line {number}") for number, line in enumerate(lines, 1)]


def _call(line: str, where: str) -> RecordedCall:
    try:
        given = json.loads(line)
    except (ValueError, RecursionError):
        raise BadRecording(f"{where} is not JSON") from None
    members = [each.name for each in fields(RecordedCall)]
    if not isinstance(given, dict) or set(given) != set(members):
        raise BadRecording(f"{where} is not an object with {', '.join(members)}")
    for name, (kind, words) in _KINDS.items():
        if type(given[name]) is not kind or (name in ("query", "form") and not _has_strings(given[name])):
            raise BadRecording(f"{where}: {name} is not {words}")
    return RecordedCall(**given)


def _has_strings(form: Mapping[str, Any]) -> bool:
    return all(type(each) is list and each and {type(value) for value in each} == {str} for each in form.values())


_KINDS: dict[str, tuple[type, str]] = {
    "method": (str, "a string"),
    "path": (str, "a string"),
    "query": (dict, "an object with lists of strings"),
    "form": (dict, "an object with lists of strings"),
    "status": (int, "a number"),
    "headers": (dict, "an object"),
}
