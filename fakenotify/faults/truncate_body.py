"""An answer that ends too early."""

from __future__ import annotations

from dataclasses import dataclass

from fakenotify.faults.fault import Broken, Fault, NoPause, Wire


@dataclass(frozen=True)
class TruncateBody(Fault):
    """Send the whole head and half of the body, then close."""

    kind = "truncate_body"
    phases = ("after",)
    needs_answer = True

    def meet(self, wire: Wire, now: float) -> None:
        """Let the answer be made first."""

    def break_answer(self, wire: Wire, head: bytes, body: bytes) -> None:
        """Send half of it."""
        if body and isinstance(wire, NoPause):
            raise Broken(self.kind, self)
        wire.send(head + body[: len(body) // 2])
