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


class Client:
    """Sends requests as one of a fake's accounts, by default ``POST /v1/Services``, each on a connection of its own."""

    def __init__(self) -> None:
        self.opened: list[socket.socket] = []

    def ask(
        self,
        handle: Account,
        method: str = "POST",
        path: str = "/v1/Services",
        form: Any = (),
        *,
        user: str | None = None,
        timeout: float = 30.0,
    ) -> socket.socket:
        """The connection on which a request was sent."""
        parts, body = urlsplit(handle.url), urlencode(form)
        token = b64encode((user or f"{handle.account_sid}:{handle.auth_token}").encode()).decode()
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: notify.twilio.com\r\nAuthorization: Basic {token}\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\nConnection: close\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        connection = socket.create_connection((parts.hostname, parts.port), timeout)
        self.opened.append(connection)
        connection.sendall(f"{head}{body}".encode())
        return connection

    @staticmethod
    def rest(connection: socket.socket) -> bytes:
        """All bytes up to the end of the connection."""
        return b"".join(iter(lambda: connection.recv(65536), b""))

    def arrives(self, handle: Account, *request: Any) -> bytes:
        """All bytes that arrive."""
        return self.rest(self.ask(handle, *request))

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
        each.close()
