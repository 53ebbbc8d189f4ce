"""Fixtures for the tests of clients."""

from __future__ import annotations

import socket
from typing import Any

import pytest


@pytest.fixture
def forbidden(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes every connection and every look-up of a name fail."""

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
