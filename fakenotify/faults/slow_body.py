"""Slowness in the middle of the answer."""

from __future__ import annotations

from dataclasses import dataclass

from fakenotify.faults.fault import Broken, Fault, Wire, check_seconds


@dataclass(frozen=True)
class SlowBody(Fault):
    """Send the head and half of the body, let ``seconds`` pass, send the rest."""

    kind = "slow_body"
    phases = ("after",)
    needs_answer = True
    seconds: float

    def __post_init__(self) -> None:
        check_seconds(self.seconds)

    def meet(self, wire: Wire, now: float) -> None:
        """Let the answer be made first."""

    def break_answer(self, wire: Wire, head: bytes, body: bytes) -> None:
        """Send it in two halves."""
        half = len(body) // 2
        wire.send(head + body[:half])
        try:
            wire.pause(self.seconds)
        except Broken:  # clients give up in the middle of a body in another way than before it
            raise Broken(self.kind, self) from None
        wire.send(body[half:])
