"""Command lines that end by themselves, run here, since a process of its own would take longer."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from fakenotify.cli.commands import main

LEADING = re.compile(r"FAKENOTIFY_.*|TWILIO_.*|(HTTPS?|ALL|NO)_PROXY|NO_COLOR", re.IGNORECASE)
"""Variables that would lead clients elsewhere, or change what is said."""


class Done(NamedTuple):
    status: int
    stdout: str
    stderr: str


@pytest.fixture
def fakenotify(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Callable[..., Done]:
    """Runs a command line, with the variables given."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def call(*arguments: str, cwd: Path | None = None, **given: str) -> Done:
        with monkeypatch.context() as patch:
            for name in filter(LEADING.fullmatch, list(os.environ)):
                patch.delenv(name)
            for name, value in given.items():
                patch.setenv(name, value)
            if cwd is not None:
                patch.chdir(cwd)
            try:
                status = main(list(arguments))
            except SystemExit as ended:
                status = int(ended.code or 0)
            finally:
                for number, handler in before.items():
                    signal.signal(number, handler)
        return Done(status, *capfd.readouterr())

    return call
