"""Servers that are stopped and connections that are closed at the end of a test."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator

import pytest
from raw_http import Dialled, echo

from fakenotify import FakeNotify
from fakenotify.server import connection as connection_module
from fakenotify.server.server import Server


@pytest.fixture(params=["plain head", "any head"])
def both_ways(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs a test with the quick path for plain heads, and with the handler for any head."""
    if request.param == "any head":
        monkeypatch.setattr(connection_module, "read_plain", lambda arrived, largest: None)


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    """Starts servers; they are stopped at the end."""
    with contextlib.ExitStack() as stack:

        def start(app: Callable[..., Iterable[bytes]] = echo, host: str = "127.0.0.1", port: int = 0) -> Server:
            server = Server(app, host, port)
            stack.callback(server.stop)
            server.start()
            return server

        yield start


@pytest.fixture
def dial() -> Iterator[Callable[[Server], Dialled]]:
    """Opens connections; they are closed at the end."""
    with contextlib.ExitStack() as stack:

        def open_one(server: Server) -> Dialled:
            connection = Dialled(server)
            stack.callback(connection.close)
            return connection

        yield open_one


@pytest.fixture
def echoing(serve: Callable[..., Server]) -> Iterator[Server]:
    """A server that echoes requests; the test fails if the server reports an error."""
    server = serve()
    yield server
    assert server.errors == []


@pytest.fixture
def dialled(echoing: Server, dial: Callable[[Server], Dialled]) -> Dialled:
    """A connection to ``echoing``."""
    return dial(echoing)


@pytest.fixture
def fake_server() -> Iterator[Server]:
    """The server of an empty fake; the test fails if it reports an error."""
    with FakeNotify() as fake:
        fake.start()
        assert fake._server is not None
        yield fake._server
        assert fake._server.errors == []


@pytest.fixture
def account(fake_server: Server, dial: Callable[[Server], Dialled]) -> Dialled:
    """A connection to ``fake_server``."""
    return dial(fake_server)
