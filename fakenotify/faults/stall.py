"""An answer that never comes."""

from __future__ import annotations

from dataclasses import dataclass

from fakenotify.faults.fault import Fault, Wire


@dataclass(frozen=True)
class Stall(Fault):
    """Send nothing until the client gives up, or the test ends; then close."""

    kind = "stall"

    def break_answer(self, wire: Wire, head: bytes, body: bytes) -> None:
        """Wait for the client to give up."""
        wire.pause(None)
