"""Kinds of values that are Notify's own: targets of a direct send, payloads and overrides, identities, addresses."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from fakenotify.core import json_objects
from fakenotify.core.values import BadValue, JsonObject, Kind, Schema, Text, shortened
from fakenotify.notify import hints
from fakenotify.notify.channels import CHANNELS

RESERVED = "twi_"
TARGETS_OF_GCM = frozenset(("to", "registration_ids", "notification_key"))
TARGETS_OF_FCM = TARGETS_OF_GCM | {"condition"}
TARGETS_OF_MESSAGE = frozenset(("token", "topic", "condition"))


class Identity(Text):
    """Who is meant, in the application's own words; exact, without a limit of length. (D10)"""

    looks = True

    def __init__(self) -> None:
        super().__init__("text", "alice", "bob", "User0001", "00000001", "new user")

    def advice(self, value: str) -> str | None:
        """Whether it looks like personal data, or like a list."""
        return hints.about_identity(value)


class Word(Text):
    """A tag or an identity in a list of such. (D9, D10)"""

    looks = True

    def advice(self, value: str) -> str | None:
        """Whether it looks like a list."""
        return hints.about_list(value)


TAG = Word("text", "vip", "new user", "preferred device", "opt-in_2", "all", "sms")
IDENTITIES = Word("text", "alice", "bob", "User0001")


class Certificate(Text):
    """A certificate in PEM. Whether it is looked at depends on the Credential's type and on a switch. (D47)"""

    def __init__(self) -> None:
        super().__init__("certificate, PEM", "-----BEGIN CERTIFICATE-----MAA=-----END CERTIFICATE-----")


class Address(Text):
    """Where a device is; its form is checked at delivery. (D4)"""

    looks = True

    def __init__(self) -> None:
        super().__init__("text; checked at delivery")

    def examples(self) -> Sequence[str]:
        """Those of the channels."""
        return tuple(channel.example for channel in CHANNELS.values())

    def advice(self, value: str) -> str | None:
        """Whether something happened to it on the way."""
        return hints.about_address(value)


class ToBinding(Kind):
    """One direct target: a JSON object with ``binding_type`` and ``address``; its other members are ignored. (D33)"""

    decision = "O1"
    looks = True

    def read(self, value: str) -> dict[str, str]:
        """The two members."""
        item = json_objects.read(value)
        binding_type, address = item.get("binding_type"), item.get("address")
        if not isinstance(binding_type, str) or binding_type not in CHANNELS:
            raise ValueError(value)
        if not isinstance(address, str) or not address:
            raise ValueError(value)
        return {"binding_type": binding_type, "address": address}

    def words(self) -> str:
        """The members."""
        return "JSON object with `binding_type` and `address`"

    def schema(self) -> Schema:
        """A text that holds such an object."""
        members = {
            "binding_type": {"type": "string", "enum": list(CHANNELS)},
            "address": {"type": "string", "minLength": 1},
        }
        content = {
            "type": "object",
            "properties": members,
            "required": list(members),
            "additionalProperties": True,
        }
        return {"type": "string", "contentMediaType": "application/json", "contentSchema": content}

    def examples(self) -> Sequence[str]:
        """A target of each channel."""
        return tuple(
            json.dumps({"binding_type": name, "address": channel.example}) for name, channel in CHANNELS.items()
        )

    def mistakes(self) -> Sequence[str]:
        """What real programs sent."""
        return (
            "sms:+15005550006",
            "{'binding_type': 'sms', 'address': '+15005550006'}",
            '{"bindingType": "sms", "address": "+15005550006"}',
            '{"binding_type": "SMS", "address": "+15005550006"}',
            '{"binding_type": "sms", "address": ""}',
            "[]",
            "null",
        )

    def explain(self, value: str) -> str:
        """Why it is refused; Notify's own text is the same for every mistake."""
        binding_type, colon, address = value.partition(":")
        if colon and binding_type in CHANNELS:
            item = json.dumps({"binding_type": binding_type, "address": shortened(address)})
            return f"a target is JSON, {item}, not {shortened(value)!r}"
        why = json_objects.explain(value)
        if why is not None:
            return f"{why}; send one object for each target, and repeat ToBinding" if "JSON list" in why else why
        return "; ".join(self._wrong(json_objects.read(value)))

    def _wrong(self, item: Mapping[str, Any]) -> list[str]:
        wanted = ("binding_type", "address")
        missing = [name for name in wanted if name not in item]
        if missing:
            found = hints.about_members(item, wanted)
            verb = "is" if len(missing) == 1 else "are"
            return [f"{' and '.join(missing)} {verb} missing" + (f" (it has {', '.join(found)})" if found else "")]
        wrong = []
        for name in wanted:
            given = item[name]
            if not isinstance(given, str) or not given:
                what = "empty" if given == "" else json_objects.kind_of(given)
                wrong.append(f"{name} is {what}, and must be a text that is not empty")
            elif name == "binding_type" and given not in CHANNELS:
                wrong.append(f"there is no binding type {shortened(given)!r}; the types are {', '.join(CHANNELS)}")
        return wrong

    def advice(self, value: str) -> str | None:
        """Whether something happened to the address on the way."""
        return hints.about_address(self.read(value)["address"]) if '" ' in value or "Address=" in value else None


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


DATA = Payload()
APN = Payload()
GCM = Payload(TARGETS_OF_GCM, ("data",))
FCM = Payload(TARGETS_OF_FCM, ("data",), ("message", "data"), message=True)


class SmsOverride(JsonObject):
    """``Sms``: parameters of a Message; unknown ones are accepted and dropped. (documented)"""

    looks = True

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
