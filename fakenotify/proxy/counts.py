"""Counts of what happened, by any thread."""

from __future__ import annotations

import threading

MOST = 1000


class Counts(dict[str, int]):
    """How often each thing happened; of ever new things, only ``MOST`` are counted apart, the rest as ``others``."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()

    def add(self, what: str, times: int = 1) -> None:
        """Count this once more, or as often as it happened."""
        with self._lock:
            what = what if what in self or len(self) < MOST else "others"
            if times:
                self[what] = self.get(what, 0) + times
