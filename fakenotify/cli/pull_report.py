"""The report of ``fakenotify pull``: counts, and what will not survive the end of Notify, but no personal values."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from hashlib import blake2b
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

from fakenotify.notify.resources.bindings import BINDINGS_PER_IDENTITY

ENDS = {
    "gcm": "Google ended GCM; move these devices to FCM HTTP v1",
    "facebook-messenger": "Twilio withdrew Messenger from Notify; use the Conversations API or Meta's Send API",
    "alexa": "Twilio withdrew Alexa from Notify; use Amazon's Skill Messaging API",
}
_LEGACY = "Notify doesn't show which Credentials are legacy server keys, not accepted by Google since July 2024"
_PERSONAL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+|\+?[0-9 ()-]{7,20}")


def report_of(output: Path, read: Callable[[str], Iterator[dict[str, Any]]]) -> str:
    """The report; ``read`` gives the rows of a kind.

    An identity or address is kept as a digest only, and the identities of one Service at a time.
    """
    services = sum(1 for _ in read("service"))
    credentials = Counter(record["type"] for record in read("credential"))
    bindings: Counter[str] = Counter()
    personal: set[bytes] = set()
    first: dict[bytes, str] = {}
    several: set[bytes] = set()
    full = 0
    for service_sid, records in groupby(read("binding"), itemgetter("service_sid")):
        owned: Counter[bytes] = Counter()
        for record in records:
            identity, address = _digest(record["identity"]), _digest(record["address"])
            bindings[record["binding_type"]] += 1
            owned[identity] += 1
            if _PERSONAL.fullmatch(record["identity"]):
                personal.add(identity)
            if first.setdefault(address, service_sid) != service_sid:
                several.add(address)
        full += sum(count >= BINDINGS_PER_IDENTITY for count in owned.values())
    endings = [_row(bindings[kind] + credentials[kind], f"{kind}: {why}") for kind, why in ENDS.items()]
    endings.append(_row(credentials["fcm"], f"fcm: {_LEGACY}"))
    lines = [
        f"{output}: {_count(services, 'Service')}, {_count(bindings.total(), 'Binding')}, "
        f"{_count(credentials.total(), 'Credential')}",
        *(_row(count, f"{kind} Bindings") for kind, count in bindings.most_common()),
        *(_row(count, f"{kind} Credentials") for kind, count in credentials.most_common()),
        "what will not survive the end of Notify:" if any(endings) else "",
        *endings,
        _row(len(personal), "identities look like personal data (an e-mail address or a phone number)"),
        _row(full, f"identities have {BINDINGS_PER_IDENTITY} Bindings in a Service, the most that Notify allows"),
        _row(len(several), "addresses occur in several Services"),
    ]
    return "\n".join(filter(None, lines))


def _row(count: int, words: str) -> str:
    """A line of the report, empty if the count is 0."""
    return f"  {count:>9,} {words}" if count else ""


def _digest(value: str) -> bytes:
    return blake2b(value.encode("utf-8", "surrogatepass"), digest_size=8).digest()


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'s' * (number != 1)}"
