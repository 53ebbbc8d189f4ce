"""How an application's answer is sent: its errors, its streams, its end."""

from __future__ import annotations

import errno
import os
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest
from raw_http import PATIENCE, answering, echo, echoed, get, post

from fakenotify.server import connection as connection_module
from fakenotify.server.connection import ConnectionWire, send_all


class Pieces(threading.Event):
    """Iterates over pieces, which may be errors to raise, and is set when it is closed."""

    def __init__(self, *pieces: bytes | Exception | Callable[[], object]) -> None:
        super().__init__()
        self.pieces = pieces

    def stream(self) -> Iterator[bytes]:
        try:
            for piece in self.pieces:
                if isinstance(piece, Exception):
                    raise piece
                if callable(piece):
                    piece()
                else:
                    yield piece
        finally:
            self.set()


def raising(error: Exception) -> Callable[..., Any]:
    def run(*_: object) -> Any:
        raise error

    return run


def test_an_application_cannot_put_a_body_where_there_is_none(serve, dial) -> None:
    for status in (204, 304):
        connection = dial(serve(answering(lambda: [b"too much"], status=f"{status} OK")))
        assert [connection.ask(get()).status for _ in range(2)] == [status] * 2


@pytest.mark.usefixtures("both_ways")
def test_an_application_that_raises_gives_a_500_and_the_connection_goes_on(serve, dial, capsys) -> None:
    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        if environ["RAW_URI"] == "/raise":
            raise LookupError("of ours")
        return echo(environ, start_response)

    server = serve(app)
    connection = dial(server)
    broken, whole = connection.ask(post("lost", "/raise")), connection.ask(post("next"))
    assert (broken.status, broken.body, whole.json) == (500, b"", echoed("next"))
    assert [repr(error) for error in server.errors] == ["LookupError('of ours')"]
    assert capsys.readouterr().err.endswith("LookupError: of ours\n")


def test_the_last_hundred_errors_are_kept(serve, capsys) -> None:
    server = serve()
    for number in range(150):
        server.report(ValueError(number))
    assert [error.args for error in server.errors] == [(number,) for number in range(50, 150)]


def test_an_answer_that_cannot_be_sent_is_reported_and_ends_its_connection(serve, dial, capsys) -> None:
    server = serve(answering(list, status=None))
    connection = dial(server)
    connection.send(get())
    assert connection.ended()
    assert [type(error) for error in server.errors] == [AttributeError]


@pytest.mark.parametrize("breaks", [False, True])
def test_an_answer_is_closed_after_it_was_sent_even_if_it_broke_off(serve, dial, capsys, breaks) -> None:
    class Closable(Pieces):
        __iter__ = Pieces.stream
        close = Pieces.set

    body = Closable(b"one, ", LookupError("of ours") if breaks else b"two")
    answer = dial(serve(answering(lambda: body))).ask(get())
    assert (answer.status, answer.body) == ((500, b"") if breaks else (200, b"one, two"))
    assert body.wait(PATIENCE)


@pytest.mark.usefixtures("both_ways")
@pytest.mark.parametrize(
    ("version", "headers", "framing", "sent"),
    [
        ("HTTP/1.1", {"Content-Length": "8"}, {"Content-Length": "8"}, (b"one, ", b"two")),
        ("HTTP/1.1", {}, {"Transfer-Encoding": "chunked"}, (b"5\r\none, \r\n", b"3\r\ntwo\r\n0\r\n\r\n")),
        ("HTTP/1.0", {}, {"Connection": "close"}, (b"one, ", b"two")),
    ],
)
def test_an_iterator_is_sent_piece_by_piece(serve, dial, version, headers, framing, sent) -> None:
    taken = threading.Event()
    body = Pieces(b"one, ", b"", lambda: taken.wait(PATIENCE), b"two")
    server = serve(answering(body.stream, headers))
    connection = dial(server)
    for _ in range(1 if version == "HTTP/1.0" else 2):  # the connection is kept where the end is known
        taken.clear()
        body.clear()
        connection.send(get(version=version))
        answer = connection.answer(head=True)
        assert (answer.status, answer.headers) == (200, {"Date": answer.headers["Date"], **framing})
        assert connection.reader.read(len(sent[0])) == sent[0]
        taken.set()
        assert (connection.reader.read(len(sent[1])), body.wait(PATIENCE)) == (sent[1], True)
    assert server.errors == []


def test_an_iterator_is_not_read_for_head(serve, dial) -> None:
    read: list[str] = []
    body = Pieces(lambda: read.append("a piece"), b"one")
    connection = dial(serve(answering(body.stream)))
    for _ in range(2):
        connection.send(get(method="HEAD"))
        assert connection.answer(head=True).status == 200
    assert read == []


def test_a_stream_that_breaks_off_is_closed(serve, dial, capsys) -> None:
    left = Pieces(*[b"x" * 1000] * 1_000_000)
    broken = Pieces(b"x", LookupError("of ours"))
    for body, read, errors in ((left, b"", []), (broken, b"1\r\nx\r\n", ["LookupError('of ours')"])):
        server = serve(answering(body.stream))
        connection = dial(server)
        connection.send(get())
        connection.answer(head=True)
        if read:
            assert connection.reader.read() == read  # without the last chunk: the client sees that it broke off
        connection.close()
        assert body.wait(PATIENCE)
        server.stop()
        assert [repr(error) for error in server.errors] == errors


def test_an_answer_is_sent_in_as_many_calls_as_the_reader_needs() -> None:
    """A socket's timeout limits each call, so that it counts the silence of a reader and not the whole answer."""
    took: list[bytes] = []

    class SteadyReader:
        def send(self, data: bytes) -> int:
            took.append(bytes(data[:1000]))
            return len(took[-1])

    send_all(cast(socket.socket, SteadyReader()), b"abc" * 1000)
    assert (b"".join(took), len(took)) == (b"abc" * 1000, 3)


@pytest.mark.parametrize("error", [OSError(errno.EMFILE, "x"), ImportError(f"lib.so: {os.strerror(errno.EMFILE)}")])
@pytest.mark.usefixtures("both_ways")
def test_without_a_descriptor_for_a_late_import_the_answer_is_503(serve, dial, monkeypatch, error) -> None:
    monkeypatch.setattr(connection_module.Connection, "handle", raising(error))
    server = serve(raising(error))
    assert (dial(server).ask(get()).status, server.errors) == (503, [])


def test_an_error_of_the_handler_ends_the_connection_and_is_reported_unless_the_client_has_left(
    serve, dial, monkeypatch, capsys
) -> None:
    server, bug = serve(), ImportError("of ours")
    for error in (ConnectionResetError(), bug):
        monkeypatch.setattr(connection_module.Connection, "handle", raising(error))
        connection = dial(server)
        connection.send(get(method="HEAD"))
        assert connection.ended()
    assert server.errors == [bug]


def test_a_stall_ends_when_the_connection_has() -> None:
    gone = socket.socket()
    gone.close()
    ConnectionWire(gone, threading.Event()).pause(None)
