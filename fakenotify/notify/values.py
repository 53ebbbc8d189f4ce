"""Kinds of values that are Notify's own: identities, tags, addresses, certificates, targets of a direct send."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fakenotify.core import json_objects
from fakenotify.core.printable import beginning
from fakenotify.core.values import Kind, Schema, Text
from fakenotify.notify import hints
from fakenotify.notify.channels import CHANNELS


class Advised(Text):
    """A text that may deserve ``advice`` if one of the ``signs`` is in it."""

    def __init__(self, signs: Sequence[str], advice: Callable[[str], str | None], *examples: str) -> None:
        super().__init__("text", *examples)
        self.signs = signs
        self._advice = advice

    def advice(self, value: str) -> str | None:
        """The advice for this text, if there is any."""
        return self._advice(value)


IDENTITY = Advised("@+[", hints.about_identity, "alice", "bob", "User0001", "00000001", "new user")
TAG = Advised("[", hints.about_list, "vip", "new user", "preferred device", "opt-in_2", "all", "sms")
IDENTITIES = Advised("[", hints.about_list, "alice", "bob", "User0001")
CERTIFICATE = Text("certificate, PEM", "-----BEGIN CERTIFICATE-----MAA=-----END CERTIFICATE-----")
"""Whether it is looked at depends on the Credential's type and on a switch. (D47)"""


class Address(Text):
    """Where a device is; its form is checked at delivery. (D4)"""

    signs = (" ", "Address=")

    def __init__(self) -> None:
        super().__init__("text; checked at delivery")

    def examples(self) -> Sequence[str]:
        """Those of the channels."""
        return tuple(channel.example for channel in CHANNELS.values())

    def advice(self, value: str) -> str | None:
        """Whether it was damaged on its way, for example by a form."""
        return hints.about_address(value)


class ToBinding(Kind):
    """One direct target: a JSON object with ``binding_type`` and ``address``; its other members are ignored. (D33)"""

    decision = "O1"
    signs = ('" ', "Address=")

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
        content = {"type": "object", "properties": members, "required": [*members], "additionalProperties": True}
        return {"type": "string", "contentMediaType": "application/json", "contentSchema": content}

    def examples(self) -> Sequence[str]:
        """A target of each channel."""
        return tuple(
            json.dumps({"binding_type": name, "address": channel.example}) for name, channel in CHANNELS.items()
        )

    def mistakes(self) -> Sequence[str]:
        """Mistakes that real programs make."""
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
            item = json.dumps({"binding_type": binding_type, "address": beginning(address)})
            return f"a target is JSON, {item}, not {beginning(value)!r}"
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
                wrong.append(f"there is no binding type {beginning(given)!r}; the types are {', '.join(CHANNELS)}")
        return wrong

    def advice(self, value: str) -> str | None:
        """Whether something happened to the address on the way."""
        return hints.about_address(self.read(value)["address"])
