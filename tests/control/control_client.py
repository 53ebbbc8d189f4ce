"""A client of the control API without a socket."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from fakenotify import FakeNotify
from fakenotify.clients.in_process import call


class Told(NamedTuple):
    """An answer of the control API."""

    status: int
    json: Any
    headers: dict[str, str]

    @property
    def refusal(self) -> tuple[int, str, list[str]]:
        """Status, error and nearest of a refusal."""
        assert set(self.json) <= {"error", "nearest"}
        return self.status, self.json["error"], self.json.get("nearest", [])


class Control:
    """A client of a fake's control API."""

    def __init__(self, fake: FakeNotify) -> None:
        self.fake = fake

    def send(self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str | None] | None = None) -> Told:
        """Ask with any body; a header that is None is left out."""
        about: dict[str, str | None] = {"Content-Type": "application/json"} if body else {}
        sent = {name: value for name, value in {**about, **dict(headers or {})}.items() if value is not None}
        reply = call(self.fake.wsgi_app, method, f"http://localhost/_fake/{path}", sent, body)
        return Told(reply.status, json.loads(reply.body), dict(reply.headers))

    def ask(self, method: str, path: str, content: Any = None) -> Told:
        """Ask with a JSON body, or none."""
        return self.send(method, path, b"" if content is None else json.dumps(content).encode())

    def get(self, path: str) -> Any:
        """The JSON of a read that succeeds."""
        told = self.ask("GET", path)
        assert told.status == 200, told
        return told.json

    def write(self, method: str, path: str, content: Any = None) -> Any:
        """The JSON of a write that succeeds."""
        told = self.ask(method, path, content)
        assert told.status == 200, told
        return told.json
