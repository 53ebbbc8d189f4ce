"""Slowness before the first byte of the answer."""

from __future__ import annotations

from dataclasses import dataclass

from fakenotify.faults.fault import Fault, Wire, check_seconds


@dataclass(frozen=True)
class Latency(Fault):
    """Let ``seconds`` of real time pass, then go on as if nothing were."""

    kind = "latency"
    goes_on = True
    seconds: float

    def __post_init__(self) -> None:
        check_seconds(self.seconds)

    def meet(self, wire: Wire, now: float) -> None:
        """Wait."""
        wire.pause(self.seconds)
