"""What ``fakenotify pull`` says at its end: counts, and what will not survive the end of Notify. No personal value."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any

MOST_BINDINGS = 20
ENDS = {
    "gcm": "Google ended GCM; move these devices to FCM HTTP v1",
    "facebook-messenger": "Twilio withdrew Messenger from Notify; use the Conversations API or Meta's Send API",
    "alexa": "Twilio withdrew Alexa from Notify; use Amazon's Skill Messaging API",
}
_PERSONAL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+|\+?[0-9 ()-]{7,20}")


class Report:
    """Counts what is read. An identity or address is kept as a digest only, and the identities of one Service at a
    time."""

    def __init__(self) -> None:
        self._services = 0
        self._credentials: Counter[str] = Counter()
        self._bindings: Counter[str] = Counter()
        self._owned: Counter[bytes] = Counter()
        self._personal: set[bytes] = set()
        self._full = 0
        self._addresses: dict[bytes, int] = {}
        self._several: set[bytes] = set()

    def service(self, record: Mapping[str, Any]) -> None:
        """Count a Service; the Bindings that follow are its own."""
        self._end_service()
        self._services += 1

    def binding(self, record: Mapping[str, Any]) -> None:
        """Count a Binding of the last Service."""
        identity, address = _digest(record["identity"]), _digest(record["address"])
        self._bindings[record["binding_type"]] += 1
        self._owned[identity] += 1
        if _PERSONAL.fullmatch(record["identity"]):
            self._personal.add(identity)
        if self._addresses.setdefault(address, self._services) != self._services:
            self._several.add(address)

    def credential(self, record: Mapping[str, Any]) -> None:
        """Count a Credential."""
        self._credentials[record["type"]] += 1

    def _end_service(self) -> None:
        self._full += sum(count >= MOST_BINDINGS for count in self._owned.values())
        self._owned.clear()

    def text(self, output: Path) -> str:
        """The report."""
        self._end_service()
        lines = [
            f"{output}: {_count(self._services, 'Service')}, {_count(sum(self._bindings.values()), 'Binding')}, "
            f"{_count(sum(self._credentials.values()), 'Credential')}",
        ]
        lines += [f"  {count:>9,} {kind} Bindings" for kind, count in self._bindings.most_common()]
        lines += [f"  {count:>9,} {kind} Credentials" for kind, count in self._credentials.most_common()]
        endings = [
            f"  {self._bindings[kind] + self._credentials[kind]:>9,} {kind}: {why}"
            for kind, why in ENDS.items()
            if self._bindings[kind] + self._credentials[kind]
        ]
        if self._credentials["fcm"]:
            endings.append(
                f"  {self._credentials['fcm']:>9,} fcm: Notify doesn't show which Credentials are legacy server keys, "
                "not accepted by Google since July 2024"
            )
        if endings:
            lines += ["what will not survive the end of Notify:", *endings]
        for count, words in (
            (len(self._personal), "identities look like personal data (an e-mail address or a phone number)"),
            (self._full, f"identities have {MOST_BINDINGS} Bindings in a Service, the most that Notify allows"),
            (len(self._several), "addresses stand in several Services"),
        ):
            if count:
                lines.append(f"  {count:>9,} {words}")
        return "\n".join(lines)


def _digest(value: str) -> bytes:
    return blake2b(value.encode("utf-8", "surrogatepass"), digest_size=8).digest()


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'s' * (number != 1)}"
