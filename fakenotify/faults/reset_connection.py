"""A connection that is reset."""

from __future__ import annotations

from dataclasses import dataclass

from fakenotify.faults.fault import Fault, Wire


@dataclass(frozen=True)
class ResetConnection(Fault):
    """Reset the connection instead of answering."""

    kind = "reset_connection"

    def break_answer(self, wire: Wire, head: bytes, body: bytes) -> None:
        """Reset it."""
        wire.reset()
