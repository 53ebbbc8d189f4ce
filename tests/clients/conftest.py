"""What the tests of clients share."""

from __future__ import annotations

import socket
from typing import Any

import pytest


@pytest.fixture
def forbidden(monkeypatch: pytest.MonkeyPatch) -> None:
    """No socket goes anywhere, and no name is looked up."""

    def refuse(*arguments: Any, **more: Any) -> Any:
        raise AssertionError("a connection was wanted")

    for owner, name in (
        (socket.socket, "connect"),
        (socket.socket, "connect_ex"),
        (socket.socket, "bind"),
        (socket, "create_connection"),
        (socket, "getaddrinfo"),
    ):
        monkeypatch.setattr(owner, name, refuse)
