"""Recorded traffic: one JSON object a line, each a call to Notify and its answer."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MEMBERS = ("method", "path", "query", "form", "status", "headers", "body")


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

    def to_json(self) -> dict[str, Any]:
        """The call as a line of a recording has it."""
        return {name: getattr(self, name) for name in MEMBERS}


def read(path: str | Path) -> list[RecordedCall]:
    """The calls of a recording, in their order. Raises ``OSError`` and ``BadRecording``."""
    with open(path, encoding="utf-8") as file:
        try:
            return list(_calls(file.read(), str(path)))
        except UnicodeDecodeError:
            raise BadRecording(f"{path} is no recording: it is not UTF-8") from None


def _calls(text: str, name: str) -> Iterator[RecordedCall]:
    lines = text.split("\n")
    if lines[-1]:
        raise BadRecording(f"{name} was cut off in line {len(lines)}: its last line has no end")
    if not text.strip():
        raise BadRecording(f"{name} is no recording: it is empty")
    for number, line in enumerate(lines[:-1], 1):
        try:
            given = json.loads(line)
        except (ValueError, RecursionError):
            raise BadRecording(f"{name} is no recording: line {number} is not JSON") from None
        yield _call(given, f"{name} is no recording: line {number}")


def _call(given: Any, where: str) -> RecordedCall:
    if not isinstance(given, dict) or set(given) != set(MEMBERS):
        raise BadRecording(f"{where} is not an object with {', '.join(MEMBERS)}")
    for name in ("method", "path"):
        if not isinstance(given[name], str):
            raise BadRecording(f"{where}: {name} is not a string")
    for name in ("query", "form"):
        values = given[name]
        if not isinstance(values, dict) or not all(
            isinstance(each, list) and each and all(isinstance(value, str) for value in each)
            for each in values.values()
        ):
            raise BadRecording(f"{where}: {name} does not map names to lists of strings")
    if type(given["status"]) is not int or not isinstance(given["headers"], dict):
        raise BadRecording(f"{where}: status is not a number, or headers is not an object")
    return RecordedCall(**given)
