"""A rate limit: a token bucket on the fake's clock."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from fakenotify.core.errors import TwilioError
from fakenotify.faults.fault import Fault, Wire, check_seconds
from fakenotify.faults.http_error import error

_MOST = 10**9
_ROUNDING = 1e-6
"""Seconds by which a clock in floating point may be wrong."""


@dataclass(frozen=True)
class RateLimit(Fault):
    """Let ``requests`` in ``seconds`` through; the next gets 429/20429 and a ``Retry-After`` of whole seconds.

    The bucket holds ``requests`` tokens, begins full, and fills evenly.
    """

    kind = "rate_limit"
    phases = ("before",)
    lets_through = True
    requests: int
    seconds: float
    _bucket: dict[str, float] = field(default_factory=dict, init=False, repr=False, compare=False)
    _lock: Any = field(default_factory=Lock, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if isinstance(self.requests, bool) or not isinstance(self.requests, int) or not 1 <= self.requests <= _MOST:
            raise ValueError(f"requests is a whole number from 1 to {_MOST}, not {self.requests!r}")
        check_seconds(self.seconds)
        if not self.seconds:
            raise ValueError("seconds is more than 0")

    def meet(self, wire: Wire, now: float) -> tuple[TwilioError, dict[str, str]] | None:
        """Take a token, or refuse."""
        rate = self.requests / self.seconds
        with self._lock:
            tokens, last = self._bucket.get("tokens", float(self.requests)), self._bucket.get("last", now)
            tokens = min(float(self.requests), tokens + max(0.0, now - last) * rate)
            self._bucket["last"] = now
            allowed = tokens >= 1 - min(_ROUNDING * rate, 0.001)
            self._bucket["tokens"] = tokens - 1 if allowed else tokens
        if allowed:
            return None
        return error(429), {"Retry-After": str(max(1, math.ceil((1 - tokens) / rate - _ROUNDING)))}

    def told(self) -> dict[str, Any]:
        """The fault as JSON."""
        return {"fault": self.kind, "requests": self.requests, "seconds": self.seconds}

    def __str__(self) -> str:
        return f"rate_limit(requests={self.requests}, seconds={self.seconds:g})"
