"""Kinds of values that hold payloads: ``Data`` and the overrides of channels, which the channels' tables use."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from typing import Any

from fakenotify.core.values import BadValue, JsonObject
from fakenotify.notify import hints

RESERVED = "twi_"
TARGETS_OF_MESSAGE = frozenset(("token", "topic", "condition"))


class Payload(JsonObject):
    """``Data``, or the override of a channel: a JSON object without reserved keys. (documented; the places: D16)

    ``targets`` are the keys that would choose recipients, and may not stand at the top (D34); ``nested`` are the
    members whose own keys must not be reserved either.
    """

    def __init__(self, targets: Collection[str] = (), *nested: tuple[str, ...], message: bool = False) -> None:
        self.targets = targets
        self.nested = nested
        self.message = message

    def read(self, value: str) -> dict[str, Any] | None:
        """The object, or None for ``null``."""
        parsed = super().read(value)
        if parsed is not None:
            for decision, _ in self._forbidden(parsed):
                raise BadValue(decision)
        return parsed

    def _forbidden(self, parsed: dict[str, Any]) -> list[tuple[str, str]]:
        """Each key that is not allowed: the decision behind it, and its place."""
        found = [("D16", key) for key in parsed if key.startswith(RESERVED)]
        found += [("D34", key) for key in parsed if key in self.targets]
        for path in self.nested:
            inner: Any = parsed
            for name in path:
                inner = inner.get(name) if isinstance(inner, dict) else None
            if isinstance(inner, dict):
                found += [("D16", ".".join((*path, key))) for key in inner if key.startswith(RESERVED)]
        message = parsed.get("message") if self.message else None
        if isinstance(message, dict):
            found += [("D34", f"message.{key}") for key in message if key in TARGETS_OF_MESSAGE]
        return found

    def words(self) -> str:
        """What is not allowed in it."""
        others = "".join(f", `{key}`" for key in sorted(self.targets))
        inside = ", nor `token`, `topic`, `condition` in `message`" if self.message else ""
        return f"JSON object without `{RESERVED}` keys{others}{inside}"

    def mistakes(self) -> Sequence[str]:
        """Those of any object, and forbidden keys."""
        keys = [f"{RESERVED}title", *sorted(self.targets)]
        nested: list[Any] = [{key: "x"} for key in keys]
        for path in self.nested:
            inner: Any = {f"{RESERVED}title": "x"}
            for name in reversed(path):
                inner = {name: inner}
            nested.append(inner)
        nested += [{"message": {key: "x"}} for key in sorted(TARGETS_OF_MESSAGE)] if self.message else []
        return (*super().mistakes(), *map(json.dumps, nested))

    def explain(self, value: str) -> str:
        """Which keys are not allowed, or why it is no object."""
        try:
            parsed = super().read(value)
        except ValueError:
            return super().explain(value)
        keys = ", ".join(repr(place) for _, place in self._forbidden(parsed or {}))
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
