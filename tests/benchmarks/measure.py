"""Measuring: interleaved rounds on one CPU, and the ratio of each round to the floor's of the same round."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from statistics import median
from time import perf_counter


def pin() -> None:
    """Keep this process on one CPU, where the platform can."""
    with suppress(AttributeError, OSError):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def unpin() -> None:
    """Give it back all of them."""
    with suppress(AttributeError, OSError):
        os.sched_setaffinity(0, range(os.cpu_count() or 1))


@dataclass(frozen=True)
class Spread:
    """Minimum, median and maximum of some rounds."""

    low: float
    middle: float
    high: float

    @classmethod
    def of(cls, values: list[float]) -> Spread:
        """The spread of ``values``."""
        return cls(min(values), median(values), max(values))

    def show(self, unit: str = "", scale: float = 1.0) -> str:
        """``1.52 (1.48 to 1.60)``."""
        return f"{self.middle * scale:.2f}{unit} ({self.low * scale:.2f} to {self.high * scale:.2f})"


def rounds(works: dict[str, Callable[[], object]], *, calls: int = 300, count: int = 9) -> dict[str, list[float]]:
    """Seconds a call, round by round, each work in turn in every round."""
    for work in works.values():
        for _ in range(max(3, calls // 10)):
            work()
    found: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(count):
        for name, work in works.items():
            began = perf_counter()
            for _ in range(calls):
                work()
            found[name].append((perf_counter() - began) / calls)
    return found


def ratios(found: dict[str, list[float]], name: str, floor: str) -> Spread:
    """A work's rounds over the floor's."""
    return Spread.of([ours / theirs for ours, theirs in zip(found[name], found[floor], strict=True)])


class KeptConnection:
    """A raw client on one connection; it sends bytes and reads one answer."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, request: bytes) -> bytes:
        """Send and receive; answers here fit into one read."""
        self.send(request)
        return self.receive()

    def send(self, request: bytes) -> None:
        """Send, and don't wait."""
        self._socket.sendall(request)

    def receive(self) -> bytes:
        """Wait for an answer."""
        return self._socket.recv(65536)

    def close(self) -> None:
        """End."""
        self._socket.close()
