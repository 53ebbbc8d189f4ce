"""An answer that is not HTTP."""

from __future__ import annotations

from dataclasses import dataclass

from fakenotify.faults.fault import Fault, Wire

BYTES = b"\x00\x01\xfe\xffnot HTTP at all\r\n\r\n"


@dataclass(frozen=True)
class Garbage(Fault):
    """Send bytes that are not HTTP, then close."""

    kind = "garbage"

    def break_answer(self, wire: Wire, head: bytes, body: bytes) -> None:
        """Send them."""
        wire.send(BYTES)
