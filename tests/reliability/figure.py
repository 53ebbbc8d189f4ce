"""The result of a proof: how many inputs it tried, in what time, and what failed."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field

_SHOWN = 20


@dataclass
class Figure:
    """The figure of one proof, counted by any number of threads."""

    proof: str
    inputs: str = "inputs"
    tried: int = 0
    failures: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, tried: int = 1) -> None:
        """Count inputs that were tried."""
        with self._lock:
            self.tried += tried

    def fail(self, what: str) -> None:
        """Note a failure."""
        with self._lock:
            self.failures.append(what)

    def python_with(self, tool: str) -> str | None:
        """The Python that has a tool: this one, or ``<TOOL>_PYTHON``'s; None, and a note, if it isn't installed."""
        python = os.environ.get(f"{tool.upper()}_PYTHON", sys.executable)
        if subprocess.run([python, "-c", f"import {tool}"], capture_output=True, check=False).returncode == 0:
            return python
        self.notes.append(f"not run: {python} has no {tool}")
        return None

    @property
    def seconds(self) -> float:
        """Seconds since it began."""
        return time.monotonic() - self.began

    def __str__(self) -> str:
        """The last line."""
        return f"{self.proof}: {self.tried} {self.inputs} in {self.seconds:.1f} s, {len(self.failures)} failures"

    def tell(self) -> int:
        """Print everything, the figure last; returns the exit status."""
        for note in self.notes:
            print(note)
        for failure in self.failures[:_SHOWN]:
            print(f"FAILED {failure}")
        print(self, flush=True)
        return 1 if self.failures else 0
