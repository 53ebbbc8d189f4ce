"""Runs command lines in this process, which is faster than a process for each."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from command_line import LEADING, PATIENCE, Call, Done

from fakenotify.cli.commands import main
from fakenotify.notify.accounts import ACCOUNT_SID


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Runs a command line with the given variables, and none that lead clients elsewhere; returns its status."""

    def run(*arguments: str, cwd: Path | None = None, **given: str) -> int:
        with monkeypatch.context() as patch:
            for name in filter(LEADING.fullmatch, list(os.environ)):
                patch.delenv(name)
            for name, value in given.items():
                patch.setenv(name, value)
            if cwd is not None:
                patch.chdir(cwd)
            try:
                return main(list(arguments))
            except SystemExit as ended:
                return int(ended.code or 0)

    return run


@pytest.fixture
def fakenotify(call: Callable[..., int], capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Call:
    """Runs a command line that ends by itself; one that starts to serve fails the test."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    monkeypatch.setattr("fakenotify.cli.serve._signals", lambda: nullcontext(lambda: pytest.fail("it serves")))

    def run(*arguments: str, **given: Any) -> Done:
        try:
            return Done(call(*arguments, **given), *capfd.readouterr())
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    return run


class Server:
    """A fake that is served by ``fakenotify``; ``done`` is how that ended."""

    def __init__(self, wire_as: Callable[..., Any], printed: str) -> None:
        self.printed = printed
        first = printed.partition("\n")[0]
        self.banner: dict[str, Any] = json.loads(first) if first.startswith("{") else {}
        self.url: str = self.banner.get("url") or first.split()[4]
        self.service_sid = self.banner.get("service_sid", "")
        self._wire_as = wire_as
        self.done = Done(-1, "", "")

    def ask(self, method: str, path: str, body: str = "", user: str = ACCOUNT_SID, password: str = "x") -> Any:
        """The status and the JSON of an answer."""
        kind = "application/json" if path.startswith("/_fake/") else "application/x-www-form-urlencoded"
        answer = self._wire_as(self, user, password).send(method, path, body, {"Content-Type": kind})
        return answer.status, answer.json

    def names(self) -> list[str]:
        """The friendly names of the Services."""
        return [each["friendly_name"] for each in self.ask("GET", "/v1/Services")[1]["services"]]


@pytest.fixture
def serve(
    call: Callable[..., int],
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    wire_as: Callable[..., Any],
) -> Callable[..., Any]:
    """Serves on a free port while the context lasts."""

    @contextmanager
    def start(*arguments: str, **given: str) -> Iterator[Server]:
        ready, over, statuses = Event(), Event(), []

        def wait() -> None:
            ready.set()
            assert over.wait(PATIENCE)

        def run() -> None:
            try:
                statuses.append(call("--port", "0", *arguments, **given))
            finally:
                ready.set()

        monkeypatch.setattr("fakenotify.cli.serve._signals", lambda: nullcontext(wait))  # they meet the main thread
        thread = Thread(target=run)
        thread.start()
        assert ready.wait(PATIENCE)
        printed, warned = capfd.readouterr()
        try:
            yield (server := Server(wire_as, printed))
        finally:
            over.set()
            thread.join()
        stdout, stderr = capfd.readouterr()
        server.done = Done(statuses[0], stdout, warned + stderr)

    return start
