"""Payloads: the parameters that hold them (``Data``, the overrides of channels), and what channels do with them."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from fakenotify.core.values import BadValue, JsonObject
from fakenotify.notify import hints

RESERVED = "twi_"


class Payload(JsonObject):
    """``Data``, or the override of a channel: a JSON object without reserved keys. (documented; the places: D16)

    ``forbidden`` maps a path to the keys that are not allowed there, since they would choose the recipients (D34).
    ``RESERVED`` among them stands for every key that begins with it.
    """

    def __init__(self, forbidden: Mapping[tuple[str, ...], Collection[str]] | None = None) -> None:
        self.forbidden = forbidden or {(): (RESERVED,)}

    def read(self, value: str) -> dict[str, Any] | None:
        """The object, or None for ``null``."""
        parsed = super().read(value)
        for key, _ in self._forbidden(parsed):
            raise BadValue("D16" if key.startswith(RESERVED) else "D34")
        return parsed

    def _forbidden(self, parsed: dict[str, Any] | None) -> Iterator[tuple[str, str]]:
        """Each key that is not allowed, and its place."""
        for path, keys in self.forbidden.items():
            here = inside(parsed, *path)
            for key in here if isinstance(here, dict) else ():
                if key in keys or (RESERVED in keys and key.startswith(RESERVED)):
                    yield key, ".".join((*path, key))

    def words(self) -> str:
        """What is not allowed in it."""
        others = "".join(f", `{key}`" for key in self.forbidden[()] if key != RESERVED)
        below = [
            f", nor {', '.join(f'`{key}`' for key in keys)} in `{'.'.join(path)}`"
            for path, keys in self.forbidden.items()
            if RESERVED not in keys
        ]
        return f"JSON object without `{RESERVED}` keys{others}{''.join(below)}"

    def mistakes(self) -> Sequence[str]:
        """Those of any object, and each key that is not allowed."""
        found = []
        for path, keys in self.forbidden.items():
            for key in keys:
                value: Any = "x"
                for name in (key, *reversed(path)):
                    value = {name: value}
                found.append(json.dumps(value))
        return (*super().mistakes(), *found)

    def explain(self, value: str) -> str:
        """Which keys are not allowed, or why it is no object."""
        try:
            keys = ", ".join(repr(place) for _, place in self._forbidden(super().read(value)))
        except ValueError:
            return super().explain(value)
        return f"it holds {keys}: Notify reserves {RESERVED} keys, and chooses the recipients itself"


class SmsOverride(JsonObject):
    """``Sms``: parameters of a Message; unknown ones are accepted and dropped. (documented)"""

    signs = ("{",)

    def __init__(self, members: Collection[str]) -> None:
        self.members = members

    def words(self) -> str:
        """What it may hold."""
        return "JSON object with " + ", ".join(f"`{each}`" for each in self.members)

    def examples(self) -> Sequence[str]:
        """What a Message takes."""
        return ('{"body": "Hi"}', '{"media_urls": ["https://example.com/cat.png"]}', "{}")

    def ignored(self, value: str) -> list[str]:
        """The keys that Notify drops."""
        parsed = self.read(value) or {}
        return [f"Sms: Notify ignores {each}" for each in hints.about_members(parsed, self.members)]


def merged(generic: Mapping[str, Any], override: Mapping[str, Any] | None) -> dict[str, Any]:
    """``override`` laid over ``generic``: deep, and the override wins at the leaves. (assumed D35)"""
    result = dict(generic)
    for key, value in (override or {}).items():
        below = result.get(key)
        result[key] = merged(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return result


def given(**attributes: Any) -> dict[str, Any]:
    """The attributes that have a value: a generic parameter that was not sent leaves no trace in a payload."""
    return {name: value for name, value in attributes.items() if value is not None}


def size_in_bytes(payload: Any) -> int:
    """The size of compact JSON in UTF-8, which is what providers limit. (assumed D50)

    A lone surrogate, which JSON can spell but UTF-8 can't, counts three bytes.
    """
    text = json.dumps(payload, separators=(",", ":"), ensure_ascii=False)
    return len(text.encode("utf-8", "surrogatepass"))


def inside(payload: Any, *path: str) -> Any:
    """The value at ``path``, or None where an override has put something else in its way."""
    for key in path:
        payload = payload.get(key) if isinstance(payload, Mapping) else None
    return payload


def words(value: Any) -> str | None:
    """A text, or None: an override can hold anything."""
    return value if isinstance(value, str) else None
