"""What all proofs share: the figure of one, its loop and its failures, and commands that it runs."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

TOP = Path(__file__).parents[2]
_ENOUGH = 20
"""Failures after which a proof ends."""


@dataclass
class Figure:
    """What one proof has tried, how often, in what time, and what failed; any number of threads may count."""

    proof: str
    inputs: str = "inputs"
    seed: int | None = None
    """What makes the inputs, where something does; each failure names it."""
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
        self.failures.append(what if self.seed is None else f"seed {self.seed}: {what}")

    def until(self, tried: int) -> Iterator[None]:
        """Go on until that many inputs have been tried, or enough of them have failed."""
        while self.tried < tried and len(self.failures) < _ENOUGH:
            yield

    @contextmanager
    def trying(self, what: str, count: int = 1) -> Iterator[None]:
        """Try an input and count it; an exception is a failure."""
        try:
            yield
        except Exception:
            self.fail(f"{what}: {traceback.format_exc(limit=-4)}")
        self.count(count)

    def python_with(self, tool: str) -> str | None:
        """The Python that has a tool: this one, or ``<TOOL>_PYTHON``'s; None, and a note, if it isn't installed."""
        python = os.environ.get(f"{tool.upper()}_PYTHON", sys.executable)
        if run(python, "-c", f"import {tool}").returncode == 0:
            return python
        self.notes.append(f"not run: {python} has no {tool}")
        return None

    def __str__(self) -> str:
        """The last line."""
        seconds = time.monotonic() - self.began
        return f"{self.proof}: {self.tried} {self.inputs} in {seconds:.1f} s, {len(self.failures)} failures"

    def tell(self) -> int:
        """Print everything, the figure last; returns the exit status."""
        print(*self.notes, *(f"FAILED {failure}" for failure in self.failures[:_ENOUGH]), self, sep="\n", flush=True)
        return 1 if self.failures else 0


def run(*command: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a command and keep what it prints."""
    return subprocess.run(command, text=True, capture_output=True, check=False, **options)
