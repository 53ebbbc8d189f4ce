"""Counts that any thread may add to."""

from __future__ import annotations

import threading

MOST = 1000


class Counts(dict[str, int]):
    """How often each thing happened; beyond ``MOST`` things, new ones count as ``others``."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()

    def add(self, what: str, times: int = 1) -> None:
        """Count something once, or ``times`` times."""
        with self._lock:
            what = what if what in self or len(self) < MOST else "others"
            if times:
                self[what] = self.get(what, 0) + times
