"""What the tests of faults share: a connection that shows the bytes that arrive, and a fake on a frozen clock."""

from __future__ import annotations

import socket
from base64 import b64encode
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

from fakenotify import Account, FakeNotify

NOW = "2027-06-01T12:00:00Z"


class Connection:
    """A connection that shows the bytes that arrive."""

    def __init__(self, handle: Account, timeout: float = 30.0) -> None:
        self.authorization = b64encode(f"{handle.account_sid}:{handle.auth_token}".encode()).decode()
        parts = urlsplit(handle.url)
        self.socket = socket.create_connection((parts.hostname, parts.port), timeout)

    def ask(self, method: str = "POST", path: str = "/v1/Services", form: Any = ()) -> None:
        body = urlencode(form)
        lines = [
            f"{method} {path} HTTP/1.1",
            "Host: notify.twilio.com",
            f"Authorization: Basic {self.authorization}",
            "Content-Type: application/x-www-form-urlencoded",
            f"Content-Length: {len(body)}",
            "Connection: close",
            "",
            body,
        ]
        self.socket.sendall("\r\n".join(lines).encode())

    def some(self, until: Callable[[bytes], bool]) -> bytes:
        """What arrives, until it is enough."""
        arrived = b""
        while not until(arrived):
            piece = self.socket.recv(65536)
            assert piece
            arrived += piece
        return arrived

    def rest(self) -> bytes:
        """Everything up to the end."""
        return b"".join(iter(lambda: self.socket.recv(65536), b""))


@pytest.fixture
def fake(open_fake: Callable[..., FakeNotify]) -> FakeNotify:
    return open_fake(frozen=NOW)


@pytest.fixture
def dial() -> Iterator[Callable[..., Connection]]:
    """Opens connections; they are closed at the end."""
    opened: list[Connection] = []

    def make(handle: Account, timeout: float = 30.0) -> Connection:
        opened.append(Connection(handle, timeout))
        return opened[-1]

    yield make
    for each in opened:
        each.socket.close()


@pytest.fixture
def arrives(dial: Callable[..., Connection]) -> Callable[..., bytes]:
    """Sends a request and returns all that arrives."""

    def ask(handle: Account, *request: Any) -> bytes:
        connection = dial(handle)
        connection.ask(*request)
        return connection.rest()

    return ask


@pytest.fixture
def status(arrives: Callable[..., bytes]) -> Callable[..., int | None]:
    """Sends a request and returns the status that arrives, or None where nothing does."""

    def ask(handle: Account, *request: Any) -> int | None:
        arrived = arrives(handle, *request)
        return int(arrived.split()[1]) if arrived else None

    return ask


@pytest.fixture
def split() -> Callable[[bytes], tuple[dict[str, str], bytes]]:
    """Splits what arrived into headers (lower-case) and body."""

    def split(arrived: bytes) -> tuple[dict[str, str], bytes]:
        head, _, body = arrived.partition(b"\r\n\r\n")
        return dict(line.lower().split(": ", 1) for line in head.decode().split("\r\n")[1:]), body

    return split
