"""What the tests of faults share: a client that shows the bytes that arrive, and a fake on a frozen clock."""

from __future__ import annotations

import json
import socket
from base64 import b64encode
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

from fakenotify import Account, FakeNotify


class Connection:
    """A connection for one request."""

    def __init__(self, handle: Account, timeout: float) -> None:
        self.user = f"{handle.account_sid}:{handle.auth_token}"
        parts = urlsplit(handle.url)
        self.socket = socket.create_connection((parts.hostname, parts.port), timeout)

    def ask(self, method: str = "POST", path: str = "/v1/Services", form: Any = ()) -> None:
        body = urlencode(form)
        lines = [
            f"{method} {path} HTTP/1.1",
            "Host: notify.twilio.com",
            f"Authorization: Basic {b64encode(self.user.encode()).decode()}",
            "Content-Type: application/x-www-form-urlencoded",
            f"Content-Length: {len(body)}",
            "Connection: close",
            "",
            body,
        ]
        self.socket.sendall("\r\n".join(lines).encode())

    def rest(self) -> bytes:
        """All bytes up to the end of the connection."""
        return b"".join(iter(lambda: self.socket.recv(65536), b""))


class Client:
    """Sends requests, a connection for each, as one of a fake's accounts: by default ``POST /v1/Services``."""

    def __init__(self) -> None:
        self.opened: list[Connection] = []

    def dial(self, handle: Account, timeout: float = 30.0) -> Connection:
        self.opened.append(Connection(handle, timeout))
        return self.opened[-1]

    def arrives(self, handle: Account, *request: Any) -> bytes:
        """All bytes that arrive."""
        connection = self.dial(handle)
        connection.ask(*request)
        return connection.rest()

    def status(self, handle: Account, *request: Any) -> int | None:
        """The status that arrives, or None where nothing does."""
        arrived = self.arrives(handle, *request)
        return int(arrived.split()[1]) if arrived else None

    def answer(self, handle: Account, *request: Any) -> tuple[dict[str, str], Any]:
        """The headers, in lower case, and the JSON of the body."""
        headers, body = self.split(self.arrives(handle, *request))
        return headers, json.loads(body)

    @staticmethod
    def split(arrived: bytes) -> tuple[dict[str, str], bytes]:
        head, _, body = arrived.partition(b"\r\n\r\n")
        return dict(line.lower().split(": ", 1) for line in head.decode().split("\r\n")[1:]), body


@pytest.fixture
def fake(open_fake: Callable[..., FakeNotify]) -> FakeNotify:
    return open_fake(frozen="2027-06-01T12:00:00Z")


@pytest.fixture
def client() -> Iterator[Client]:
    made = Client()
    yield made
    for each in made.opened:
        each.socket.close()
