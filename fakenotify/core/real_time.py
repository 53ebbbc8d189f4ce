"""Real time, for timeouts and measurements: it runs on even if the fake's clock, freezegun or time-machine is frozen.

The functions are taken when this module is loaded, and kept where those tools don't look: freezegun replaces what it
finds as an attribute of a module, time-machine the inside of ``time.time`` and ``time.monotonic``.
"""

from __future__ import annotations

import time


class _Real:
    sleep = staticmethod(time.sleep)
    elapsed = staticmethod(time.perf_counter)


def monotonic(_elapsed: type[_Real] = _Real) -> float:
    """Seconds since an arbitrary moment; only differences are meaningful."""
    return _elapsed.elapsed()


def sleep(seconds: float) -> None:
    """Pause this thread."""
    _Real.sleep(seconds)
