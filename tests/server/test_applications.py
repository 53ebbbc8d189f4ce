"""How an application's answer is sent: its errors, its streams, its end."""

from __future__ import annotations

import errno
import os
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any, cast

import pytest
from raw_http import PATIENCE, Dial, Serve, echo, echoed, get, post

from fakenotify.server import connection as connection_module
from fakenotify.server.connection import send_all


def test_an_application_cannot_put_a_body_where_there_is_none(serve: Serve, dial: Dial) -> None:
    def app(environ: Any, start_response: Callable[..., Any]) -> list[bytes]:
        start_response(f"{environ['PATH_INFO'][1:]} OK", [])
        return [b"too much"]

    connection = dial(serve(app))
    statuses = [204, 304, 204]
    assert [connection.ask(get(f"/{status}")).status for status in statuses] == statuses


@pytest.mark.usefixtures("both_ways")
def test_an_application_that_raises_is_500_and_the_connection_goes_on(
    serve: Serve, dial: Dial, capsys: pytest.CaptureFixture[str]
) -> None:
    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["RAW_URI"] == "/raise":
            raise LookupError("of ours")
        return echo(environ, start_response)

    server = serve(app)
    connection = dial(server)
    broken, whole = connection.ask(post("lost", "/raise")), connection.ask(post("next"))
    assert (broken.status, broken.body, whole.json) == (500, b"", echoed("next"))
    assert [repr(error) for error in server.errors] == ["LookupError('of ours')"]
    assert capsys.readouterr().err.endswith("LookupError: of ours\n")


def test_the_last_hundred_errors_are_kept(serve: Serve, capsys: pytest.CaptureFixture[str]) -> None:
    server = serve()
    for number in range(150):
        server.report(ValueError(number))
    assert [error.args for error in server.errors] == [(number,) for number in range(50, 150)]


def test_an_answer_that_cannot_be_sent_is_reported_and_ends_its_connection(
    serve: Serve, dial: Dial, capsys: pytest.CaptureFixture[str]
) -> None:
    def app(environ: Any, start_response: Callable[..., Any]) -> list[bytes]:
        start_response(None, [])
        return []

    server = serve(app)
    connection = dial(server)
    connection.send(get())
    assert connection.ended()
    assert [type(error) for error in server.errors] == [AttributeError]


@pytest.mark.parametrize("breaks", [False, True])
def test_an_answer_is_closed_after_it_was_sent_even_if_it_broke_off(
    serve: Serve,
    dial: Dial,
    capsys: pytest.CaptureFixture[str],
    breaks: bool,
) -> None:
    closed = threading.Event()

    class Body:
        def __iter__(self) -> Iterator[bytes]:
            yield b"one, "
            if breaks:
                raise LookupError("of ours")
            yield b"two"

        def close(self) -> None:
            closed.set()

    def app(environ: Any, start_response: Callable[..., Any]) -> Body:
        start_response("200 OK", [])
        return Body()

    answer = dial(serve(app)).ask(get())
    assert (answer.status, answer.body) == ((500, b"") if breaks else (200, b"one, two"))
    assert closed.wait(PATIENCE)


@pytest.mark.usefixtures("both_ways")
@pytest.mark.parametrize(
    ("version", "length", "framing", "sent"),
    [
        ("HTTP/1.1", "8", {"Content-Length": "8"}, (b"one, ", b"two")),
        ("HTTP/1.1", None, {"Transfer-Encoding": "chunked"}, (b"5\r\none, \r\n", b"3\r\ntwo\r\n0\r\n\r\n")),
        ("HTTP/1.0", None, {"Connection": "close"}, (b"one, ", b"two")),
    ],
)
def test_an_iterator_is_sent_piece_by_piece(
    serve: Serve,
    dial: Dial,
    version: str,
    length: str | None,
    framing: dict[str, str],
    sent: tuple[bytes, bytes],
) -> None:
    taken, closed = threading.Event(), threading.Event()

    def app(environ: Any, start_response: Callable[..., Any]) -> Iterator[bytes]:
        start_response("200 OK", [("Content-Length", length)] if length else [])
        return pieces()

    def pieces() -> Iterator[bytes]:
        try:
            yield b"one, "
            yield b""
            assert taken.wait(PATIENCE)
            yield b"two"
        finally:
            closed.set()

    server = serve(app)
    connection = dial(server)
    for _ in range(1 if version == "HTTP/1.0" else 2):  # the connection is kept where the end is known
        taken.clear()
        closed.clear()
        connection.send(get(version=version))
        answer = connection.answer(head=True)
        assert (answer.status, {name: value for name, value in answer.headers.items() if name != "Date"}) == (
            200,
            framing,
        )
        assert connection.reader.read(len(sent[0])) == sent[0]
        taken.set()
        assert (connection.reader.read(len(sent[1])), closed.wait(PATIENCE)) == (sent[1], True)
    assert server.errors == []


def test_an_iterator_is_not_read_for_head(serve: Serve, dial: Dial) -> None:
    read: list[bytes] = []

    def app(environ: Any, start_response: Callable[..., Any]) -> Iterator[bytes]:
        start_response("200 OK", [])
        return (read.append(each) or each for each in (b"one", b"two"))  # type: ignore[func-returns-value]

    connection = dial(serve(app))
    for _ in range(2):
        connection.send(get(method="HEAD"))
        assert connection.answer(head=True).status == 200
    assert read == []


@pytest.mark.parametrize("goes", ["the client", "the application"])
def test_a_stream_that_breaks_off_is_closed(
    serve: Serve, dial: Dial, capsys: pytest.CaptureFixture[str], goes: str
) -> None:
    closed = threading.Event()

    def app(environ: Any, start_response: Callable[..., Any]) -> Iterator[bytes]:
        start_response("200 OK", [])
        return pieces()

    def pieces() -> Iterator[bytes]:
        try:
            yield b"x"
            if goes == "the application":
                raise LookupError("of ours")
            while True:
                yield b"x" * 1000
        finally:
            closed.set()

    server = serve(app)
    connection = dial(server)
    connection.send(get())
    connection.answer(head=True)
    if goes == "the client":
        connection.close()
    else:
        assert connection.reader.read() == b"1\r\nx\r\n"  # without the last chunk: the client sees that it broke off
    assert closed.wait(PATIENCE)
    server.stop()
    assert [repr(error) for error in server.errors] == ([] if goes == "the client" else ["LookupError('of ours')"])


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
def test_without_a_descriptor_for_a_late_import_the_answer_is_503(
    serve: Serve, dial: Dial, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*_: object) -> list[bytes]:
        raise error

    monkeypatch.setattr(connection_module.Connection, "handle", fail)
    server = serve(fail)
    assert (dial(server).ask(get()).status, server.errors) == (503, [])
