"""The server over raw sockets: connections that stay in step whatever is sent, and a stop that is a stop."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import socket
import struct
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from statistics import median
from time import perf_counter, sleep
from typing import Any, NamedTuple, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakenotify import FakeNotify, Fault
from fakenotify.server import connection as connection_module
from fakenotify.server import handler as standard
from fakenotify.server import server as server_module
from fakenotify.server.connection import send_all
from fakenotify.server.server import Server
from fakenotify.server.wsgi import BODY_LIMIT

PATIENCE = 5.0
"""Seconds after which a test gives up on an answer."""

MIB = 1_048_576
AUTH = "Authorization: Basic QUNmYTRlZmE0ZWZhNGVmYTRlZmE0ZWZhNGVmYTRlZmE0ZTp4\r\n"
FORM = "Content-Type: application/x-www-form-urlencoded\r\n"


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Connection:
    """One connection, on which answers are read one by one and to the byte."""

    def __init__(self, server: Server) -> None:
        self.socket = socket.create_connection(server.server_address[:2], timeout=PATIENCE)
        self.reader = self.socket.makefile("rb")

    def send(self, text: str | bytes) -> None:
        self.socket.sendall(text if isinstance(text, bytes) else text.encode("latin-1"))

    def no_more(self) -> None:
        """Say that nothing more will be sent."""
        self.socket.shutdown(socket.SHUT_WR)

    def answer(self, *, head: bool = False) -> Answer:
        """The next answer; ``head`` says that it has no body whatever its length."""
        protocol, status, _ = self.reader.readline().decode("latin-1").split(" ", 2)
        assert protocol == "HTTP/1.1"
        lines = [line.decode("latin-1").rstrip("\r\n") for line in iter(self.reader.readline, b"\r\n")]
        headers = dict(line.split(": ", 1) for line in lines)
        assert len(headers) == len(lines), f"a header twice: {lines}"
        body = b"" if head else self.reader.read(int(headers.get("Content-Length", "0")))
        return Answer(int(status), headers, body)

    def ask(self, text: str | bytes) -> Answer:
        self.send(text)
        return self.answer()

    def ended(self) -> bool:
        """Wait until the server has closed, having sent nothing more."""
        try:
            return self.reader.read() == b""
        except ConnectionResetError:
            return True

    def close(self) -> None:
        self.reader.close()
        self.socket.close()


def echo(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer with what was asked."""
    body = environ["wsgi.input"].read()
    told = {"method": environ["REQUEST_METHOD"], "target": environ["RAW_URI"], "body": body.decode("latin-1")}
    content = json.dumps(told).encode()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(content)))])
    return [content]


@pytest.fixture(params=["at a glance", "by the standard library"], autouse=True)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test of this module is run with both ways of reading a head."""
    if request.param != "at a glance":
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
def dial() -> Iterator[Callable[[Server], Connection]]:
    """Opens connections; they are closed at the end."""
    with contextlib.ExitStack() as stack:

        def open_one(server: Server) -> Connection:
            connection = Connection(server)
            stack.callback(connection.close)
            return connection

        yield open_one


@pytest.fixture
def echoing(serve: Callable[..., Server]) -> Iterator[Server]:
    """A server that answers with what was asked; the test fails if the server met an error of its own."""
    server = serve()
    yield server
    assert server.errors == []


@pytest.fixture
def wire(echoing: Server, dial: Callable[[Server], Connection]) -> Connection:
    """A connection to ``echoing``."""
    return dial(echoing)


@pytest.fixture
def fake_server() -> Iterator[Server]:
    """The server of a fake with nothing in it."""
    with FakeNotify() as fake:
        fake.start()
        assert fake._server is not None
        yield fake._server
        assert fake._server.errors == []


@pytest.fixture
def account(fake_server: Server, dial: Callable[[Server], Connection]) -> Connection:
    """A connection to ``fake_server``."""
    return dial(fake_server)


def post(body: str, target: str = "/", headers: str = "", version: str = "HTTP/1.1") -> str:
    return f"POST {target} {version}\r\nHost: 127.0.0.1\r\n{headers}Content-Length: {len(body)}\r\n\r\n{body}"


def get(target: str = "/", headers: str = "", version: str = "HTTP/1.1", method: str = "GET") -> str:
    return f"{method} {target} {version}\r\nHost: 127.0.0.1\r\n{headers}\r\n"


def echoed(body: str = "", method: str = "POST", target: str = "/") -> dict[str, str]:
    return {"method": method, "target": target, "body": body}


# kept connections


@pytest.mark.parametrize(
    ("target", "headers", "status"),
    [("/v1/Services", "", 401), ("/v1/Nothing", AUTH, 404), ("/v1/Services/IS1/Bindings", AUTH, 404)],
)
def test_a_refused_post_leaves_the_connection_in_step(
    account: Connection, target: str, headers: str, status: int
) -> None:
    first = account.ask(post("FriendlyName=first", target, headers + FORM))
    second = account.ask(post("FriendlyName=second", "/v1/Services", AUTH + FORM))
    assert (first.status, second.status, second.json["friendly_name"]) == (status, 201, "second")
    assert "Connection" not in first.headers


def test_a_kept_connection_answers_without_the_stall_of_nagle(account: Connection) -> None:
    took = []
    for _ in range(25):
        began = perf_counter()
        account.ask(post("FriendlyName=x", "/v1/Services", AUTH + FORM))
        took.append(perf_counter() - began)
    assert median(took) < 0.02


def test_an_answer_is_one_write(wire: Connection) -> None:
    wire.send(post("x" * 1000))
    whole = wire.socket.recv(65536)
    head, _, body = whole.partition(b"\r\n\r\n")
    assert b"\r\nContent-Length: %d\r\n" % len(body) in head + b"\r\n"


def test_pipelined_requests_are_answered_in_their_order(wire: Connection) -> None:
    wire.send(post("one") + get("/two") + post("three"))
    assert [wire.answer().json for _ in range(3)] == [echoed("one"), echoed("", "GET", "/two"), echoed("three")]


def test_a_request_may_arrive_byte_by_byte(wire: Connection) -> None:
    for byte in post("slow"):
        wire.send(byte)
    assert wire.answer().json == echoed("slow")


def test_a_connection_closes_when_the_client_asks_for_it(wire: Connection) -> None:
    answer = wire.ask(get(headers="Connection: close\r\n"))
    assert (answer.status, answer.headers["Connection"], wire.ended()) == (200, "close", True)


@pytest.mark.parametrize("value", ["CLOSE", "close, te", "keep-alive, close"])
def test_close_is_found_in_any_case_and_among_other_words(wire: Connection, value: str) -> None:
    answer = wire.ask(get(headers=f"Connection: {value}\r\n"))
    assert (answer.headers.get("Connection"), wire.ended()) == ("close", True)


def test_http_1_0_closes(wire: Connection) -> None:
    answer = wire.ask(post("old", version="HTTP/1.0"))
    assert (answer.json, answer.headers["Connection"], wire.ended()) == (echoed("old"), "close", True)


def test_http_1_0_is_told_that_its_connection_is_kept(wire: Connection) -> None:
    kept = "Connection: Keep-Alive\r\n"
    answers = [wire.ask(post(body, headers=kept, version="HTTP/1.0")) for body in ("one", "two")]
    assert [(each.json, each.headers.get("Connection")) for each in answers] == [
        (echoed("one"), "keep-alive"),
        (echoed("two"), "keep-alive"),
    ]


def test_head_has_the_length_of_get_and_no_body(wire: Connection) -> None:
    wire.send(get(method="HEAD"))
    head, length = wire.answer(head=True), len(json.dumps(echoed("", "HEAD")))
    assert (head.headers["Content-Length"], wire.ask(get()).json) == (str(length), echoed("", "GET"))


@pytest.mark.parametrize("target", ["/v1/Services", "/v1/Nothing", "/_fake/health", "/_fake/nothing"])
def test_head_leaves_the_connection_in_step(account: Connection, target: str) -> None:
    account.send(get(target, AUTH, method="HEAD"))
    assert account.answer(head=True).status in (200, 404, 405)
    assert account.ask(get("/v1/Services", AUTH)).status == 200


def test_a_204_has_neither_body_nor_length(account: Connection) -> None:
    sid = account.ask(post("", "/v1/Services", AUTH)).json["sid"]
    gone = account.ask(get(f"/v1/Services/{sid}", AUTH, method="DELETE"))
    assert (gone.status, gone.body, "Content-Length" in gone.headers) == (204, b"", False)
    assert account.ask(get("/v1/Services", AUTH)).json["services"] == []


@pytest.mark.parametrize("status", ["204 NO CONTENT", "304 NOT MODIFIED"])
def test_an_application_cannot_put_a_body_where_there_is_none(
    serve: Callable[..., Server], dial: Callable[[Server], Connection], status: str
) -> None:
    def app(environ: Any, start_response: Callable[..., Any]) -> list[bytes]:
        start_response(status, [])
        return [b"too much"]

    connection = dial(serve(app))
    assert [connection.ask(get()).status for _ in range(2)] == [int(status[:3])] * 2


# bodies with a length


def test_a_request_without_a_length_has_no_body(wire: Connection) -> None:
    assert wire.ask("POST / HTTP/1.1\r\nHost: localhost\r\n\r\n").json == echoed()


def test_a_length_may_be_given_twice_if_it_is_the_same(wire: Connection) -> None:
    assert wire.ask(post("abc", headers="Content-Length: 3\r\n")).json == echoed("abc")


@pytest.mark.parametrize(
    "lengths",
    [["-1"], ["three"], ["+3"], ["0x3"], ["3.0"], [""], ["3 3"], ["3, 3"], ["\xb2"], ["9" * 30], ["3", "4"], ["3", ""]],
)
def test_a_length_that_is_none_is_400_and_the_end(wire: Connection, lengths: list[str]) -> None:
    headers = "".join(f"Content-Length: {length}\r\n" for length in lengths)
    answer = wire.ask(f"POST / HTTP/1.1\r\nHost: localhost\r\n{headers}\r\nabc")
    assert (answer.status, answer.headers["Connection"], wire.ended()) == (400, "close", True)


def test_a_body_that_is_cut_short_is_400_and_the_end(wire: Connection) -> None:
    wire.send("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nshort")
    wire.no_more()
    assert (wire.answer().status, wire.ended()) == (400, True)


@pytest.mark.parametrize(
    "beginning",
    [
        "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nshort",
        "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nsho",
        "POST / HTTP/1.1\r\nHost: x",
        "POST",
        "\x16\x03\x01",
    ],
)
def test_a_client_that_stalls_loses_its_connection(
    wire: Connection, monkeypatch: pytest.MonkeyPatch, beginning: str
) -> None:
    monkeypatch.setattr(connection_module, "REQUEST_TIMEOUT", 0.1)
    wire.send(beginning)
    rest = wire.reader.read()
    assert rest == b"" or rest.startswith(b"HTTP/1.1 400 BAD REQUEST\r\n")


def test_an_idle_connection_stays_open(wire: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_module, "REQUEST_TIMEOUT", 0.05)
    assert wire.ask(get()).status == 200
    wire.socket.settimeout(0.2)
    with pytest.raises(TimeoutError):
        wire.socket.recv(1)
    assert wire.socket.send(get("/later").encode()) > 0
    wire.socket.settimeout(PATIENCE)
    assert wire.socket.recv(65536).endswith(json.dumps(echoed("", "GET", "/later")).encode())


def test_a_body_of_exactly_the_limit_is_read(wire: Connection) -> None:
    assert wire.ask(post("x" * BODY_LIMIT)).json == echoed("x" * BODY_LIMIT)


@pytest.mark.parametrize("size", [BODY_LIMIT + 1, 2 * MIB])
def test_a_body_over_the_limit_gets_a_readable_413(account: Connection, size: int) -> None:
    answer = account.ask(post("x" * size, "/v1/Services", AUTH + FORM))
    assert (answer.status, answer.json["code"], answer.headers["Connection"]) == (413, 20413, "close")
    assert account.ended()


def test_a_body_over_the_limit_that_never_comes_is_413_as_well(
    account: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_module, "REQUEST_TIMEOUT", 0.2)
    account.send(
        f"POST /v1/Services HTTP/1.1\r\nHost: localhost\r\n{AUTH}Content-Length: {9 * MIB}\r\n\r\n" + "x" * 2 * MIB
    )
    assert (account.answer().status, account.ended()) == (413, True)


def test_a_control_request_may_be_larger_than_a_body_of_notify(account: Connection) -> None:
    answer = account.ask(post('"' + "x" * 2 * MIB + '"', "/_fake/reset"))
    assert (answer.status, answer.json) == (400, {"error": "this takes no body"})


def test_the_host_in_an_absolute_target_changes_no_limit(account: Connection) -> None:
    answer = account.ask(post('"' + "x" * 2 * MIB + '"', "http://127.0.0.1/_fake/reset"))
    assert (answer.status, answer.json) == (400, {"error": "this takes no body"})


# chunked bodies


def chunked(body: str, headers: str = "", coding: str = "chunked", target: str = "/") -> str:
    return f"POST {target} HTTP/1.1\r\nHost: 127.0.0.1\r\n{headers}Transfer-Encoding: {coding}\r\n\r\n{body}"


@pytest.mark.parametrize(
    ("chunks", "body"),
    [
        ("0\r\n\r\n", ""),
        ("3\r\nabc\r\n0\r\n\r\n", "abc"),
        ("3\r\nabc\r\n00A\r\n0123456789\r\n0\r\n\r\n", "abc0123456789"),
        ("3;name=value\r\nabc\r\n0;last\r\n\r\n", "abc"),
        ("3\r\nabc\r\n0\r\nTrailer: one\r\nAnother: two\r\n\r\n", "abc"),
        ("5\r\n\r\n0\r\n\r\n0\r\n\r\n", "\r\n0\r\n"),
    ],
)
def test_a_chunked_body_is_read_to_its_end(wire: Connection, chunks: str, body: str) -> None:
    answers = [wire.ask(chunked(chunks)), wire.ask(post("next"))]
    assert [each.json for each in answers] == [echoed(body), echoed("next")]


def test_the_word_chunked_may_have_any_case(wire: Connection) -> None:
    answers = [wire.ask(chunked("3\r\nabc\r\n0\r\n\r\n", coding="Chunked ")), wire.ask(post("next"))]
    assert [each.json for each in answers] == [echoed("abc"), echoed("next")]


@pytest.mark.parametrize(
    "chunks",
    [
        "three\r\nabc\r\n0\r\n\r\n",
        "\r\nabc\r\n0\r\n\r\n",
        "-3\r\nabc\r\n0\r\n\r\n",
        "+3\r\nabc\r\n0\r\n\r\n",
        "0x3\r\nabc\r\n0\r\n\r\n",
        "1_0\r\n0123456789012345\r\n0\r\n\r\n",
        "3\r\nabcdef\r\n0\r\n\r\n",
        "\xb2\r\nab\r\n0\r\n\r\n",
        "F" * 30 + "\r\nabc\r\n0\r\n\r\n",
        "3;" + "x" * 70_000 + "\r\nabc\r\n0\r\n\r\n",
        "0\r\n" + "Trailer: x\r\n" * 10_000 + "\r\n",
    ],
)
def test_a_chunk_that_is_none_is_400_and_the_end(wire: Connection, chunks: str) -> None:
    answer = wire.ask(chunked(chunks))
    assert (answer.status, answer.headers["Connection"], wire.ended()) == (400, "close", True)


@pytest.mark.parametrize("chunks", ["", "3", "3\r\n", "3\r\nab", "3\r\nabc", "3\r\nabc\r\n", "3\r\nabc\r\n0\r\n"])
def test_chunks_that_are_cut_short_are_400_and_the_end(wire: Connection, chunks: str) -> None:
    wire.send(chunked(chunks))
    wire.no_more()
    assert (wire.answer().status, wire.ended()) == (400, True)


def test_a_refusal_is_readable_though_the_rest_of_the_body_is_on_its_way(wire: Connection) -> None:
    answer = wire.ask(chunked("three\r\n" + "x" * 4 * MIB))
    assert (answer.status, wire.ended()) == (400, True)


@pytest.mark.parametrize(
    ("chunks", "size"),
    [("100000\r\n" + "x" * MIB + "\r\n", 2), ("1\r\nx\r\n" * 1000 + "200000\r\n" + "x" * 2 * MIB, 1)],
)
@pytest.mark.parametrize("end", ["\r\n0\r\n\r\n", "\r\nno chunk\r\n"])
def test_too_many_chunks_get_a_readable_413(account: Connection, chunks: str, size: int, end: str) -> None:
    body = (chunks * size).removesuffix("\r\n") + end
    answer = account.ask(chunked(body, AUTH + FORM, target="/v1/Services"))
    assert (answer.status, answer.json["code"], answer.headers["Connection"]) == (413, 20413, "close")
    assert account.ended()


def test_chunks_without_end_are_read_up_to_a_bound(account: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (standard, connection_module):
        monkeypatch.setattr(module, "DRAIN_LIMIT", MIB)
    account.send(chunked("", AUTH, target="/v1/Services"))
    with contextlib.suppress(ConnectionError):
        for _ in range(20):
            account.send("80000\r\n" + "x" * (MIB // 2) + "\r\n")
    assert account.answer().status == 413


@pytest.mark.parametrize("first", ["Content-Length: 3", "Transfer-Encoding: chunked"])
def test_two_ideas_of_the_end_are_not_both_believed(wire: Connection, first: str) -> None:
    second = {"Content-Length: 3": "Transfer-Encoding: chunked"}.get(first, "Content-Length: 3")
    answer = wire.ask(f"POST / HTTP/1.1\r\nHost: localhost\r\n{first}\r\n{second}\r\n\r\n5\r\nabcde\r\n0\r\n\r\n")
    assert (answer.json, answer.headers["Connection"], wire.ended()) == (echoed("abcde"), "close", True)


@pytest.mark.parametrize("coding", ["gzip", "gzip, chunked", "chunked, chunked", "identity", ""])
def test_a_coding_that_nobody_decodes_is_400_and_the_end(wire: Connection, coding: str) -> None:
    answer = wire.ask(chunked("3\r\nabc\r\n0\r\n\r\n", coding=coding))
    assert (answer.status, wire.ended()) == (400, True)


# what clients expect


def test_a_client_that_waits_for_100_is_told_to_go_on(wire: Connection) -> None:
    wire.send("POST / HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n")
    assert wire.answer() == (100, {}, b"")
    assert wire.ask("abc").json == echoed("abc")


def test_http_1_0_waits_for_no_100(wire: Connection) -> None:
    assert wire.ask(post("abc", headers="Expect: 100-continue\r\n", version="HTTP/1.0")).json == echoed("abc")


# requests that are none


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("GET", 400),
        ("BREW /", 400),
        ("GET / HTTP", 400),
        ("GET / HTTP/1", 400),
        ("GET / HTTP/1.x", 400),
        ("GET / HTTP/1.1.1", 400),
        ("GET / FTP/1.1", 400),
        ("GET / two HTTP/1.1", 400),
        ("GET / HTTP/2.0", 505),
        ("GET http://[ HTTP/1.1", 400),
        ("GET http://[::1/ HTTP/1.1", 400),
        ("\x00\x01\x02", 400),
        ("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
        ("{}", 400),
        ("GET /" + "x" * 70_000 + " HTTP/1.1", 414),
        ("x" * 70_000, 414),
    ],
)
def test_a_line_that_asks_for_nothing_is_refused_and_the_end(wire: Connection, line: str, status: int) -> None:
    answer = wire.ask(f"{line}\r\nHost: localhost\r\n\r\n")
    assert (answer.status, answer.body, answer.headers["Connection"]) == (status, b"", "close")
    assert wire.ended()


def test_an_empty_line_before_a_request_is_passed_over(wire: Connection) -> None:
    assert wire.ask("\r\n" + get("/after")).json == echoed("", "GET", "/after")


@pytest.mark.parametrize(
    "headers",
    ["".join(f"X-{number}: x\r\n" for number in range(200)), "X: " + "x" * 70_000 + "\r\n"],
)
def test_headers_beyond_all_measure_are_431_and_the_end(wire: Connection, headers: str) -> None:
    answer = wire.ask(get(headers=headers + "Y: y\r\n"))
    assert (answer.status, answer.headers["Connection"], wire.ended()) == (431, "close", True)


@pytest.mark.parametrize("line", ["no colon", "Space : before", "\x00: x", "\xe9: x", ": nameless", " folded: first"])
def test_a_header_that_is_none_is_400_and_the_end(wire: Connection, line: str) -> None:
    """Read as anything else, it would hide the headers below it, and the body would pass for a request."""
    answer = wire.ask(f"POST / HTTP/1.1\r\n{line}\r\nContent-Length: 3\r\n\r\nabc")
    assert (answer.status, answer.headers["Connection"], wire.ended()) == (400, "close", True)


def test_a_form_with_files_is_a_request_like_any_other(wire: Connection) -> None:
    """The parser of headers takes them for a mail's, and complains of the parts that it doesn't find."""
    assert wire.ask(post("--x--", headers="Content-Type: multipart/form-data; boundary=x\r\n")).json == echoed("--x--")


# what is in a request


@pytest.mark.parametrize(
    ("target", "seen"),
    [
        ("/a/b?c=d", "/a/b?c=d"),
        ("//v1/Services", "//v1/Services"),
        ("///", "///"),
        ("//[", "//["),
        ("/a//b/../c/", "/a//b/../c/"),
        ("/%2F%00%", "/%2F%00%"),
        ("/\x00\x7f", "/%00%7F"),
        ("/zo\xc3\xab?q=\xc3\xab", "/zo%C3%AB?q=%C3%AB"),
        ("/\xff\xfe", "/%FF%FE"),
        ("http://notify.twilio.com/v1", "http://notify.twilio.com/v1"),
        ("*", "*"),
    ],
)
def test_the_target_is_what_was_asked(wire: Connection, target: str, seen: str) -> None:
    assert wire.ask(get(target)).json == echoed("", "GET", seen)


def test_a_path_with_two_slashes_is_no_path_of_notify(account: Connection) -> None:
    answer = account.ask(get("//v1/Services", AUTH))
    assert (answer.status, answer.json["message"]) == (404, "The requested resource //v1/Services was not found")


def test_a_query_in_plain_utf_8_is_understood(account: Connection) -> None:
    account.ask(post("FriendlyName=zo%C3%AB", "/v1/Services", AUTH + FORM))
    answer = account.ask(get("/v1/Services?FriendlyName=zo\xc3\xab", AUTH))
    assert [each["friendly_name"] for each in answer.json["services"]] == ["zoë"]


def test_an_absolute_target_is_a_path_on_its_host(account: Connection) -> None:
    answer = account.ask(get("http://notify.twilio.com/v1/Services", AUTH))
    assert (answer.status, answer.json["meta"]["url"]) == (
        200,
        "http://notify.twilio.com/v1/Services?PageSize=50&Page=0",
    )


@pytest.mark.parametrize(
    ("request_text", "status"),
    [
        (get("/v1/Services/\x00", AUTH), 404),
        (get("/v1/Services/%00%ff", AUTH), 404),
        (get("/v1/Services/\xff\xfe", AUTH), 404),
        (get("/v1/Services?FriendlyName=\x00\xff%00%ff&%ff=%ff", AUTH), 200),
        (post("FriendlyName=\x00\xff%00%ff&%ff=%ff&&==", "/v1/Services", AUTH + FORM), 201),
        (get("/v1/Services", "X: \x00\xff\xfe\r\n" + AUTH), 200),
        (get("/v1/Services", "Authorization: Basic \x00\xff\r\n"), 401),
        (get("/v1/Services", "Authorization: Basic /////w==\r\n"), 401),
        (get("/v1/Services", "Authorization: \r\n"), 401),
        (post("FriendlyName=x", "/v1/Services", AUTH + "Content-Type: \x00\xff;\r\n"), 201),
    ],
)
def test_bytes_that_are_no_text_are_no_trouble(account: Connection, request_text: str, status: int) -> None:
    answer = account.ask(request_text)
    assert (answer.status, account.ask(get("/v1/Services", AUTH)).status) == (status, 200)


@pytest.mark.parametrize(
    ("request_text", "told"),
    [
        (
            post('{"FriendlyName": "x"}', "/v1/Services", AUTH + "Content-Type: application/json\r\n"),
            "the body is application/json; Notify reads application/x-www-form-urlencoded only, so it counts as empty",
        ),
        (
            get("/v1/Services", AUTH + FORM + "Content-Length: 14\r\n") + "FriendlyName=x",
            "the body of a GET is not read; parameters belong into the query",
        ),
        (
            post("", "/v1/Services?FriendlyName=x&Log=y", AUTH + FORM),
            "the query of a POST is not read: FriendlyName, Log",
        ),
    ],
)
def test_what_is_not_read_is_told(request_text: str, told: str) -> None:
    with FakeNotify() as fake:
        fake.create_service("y")
        fake.start()
        assert fake._server is not None
        connection = Connection(fake._server)
        assert connection.ask(request_text).status in (200, 201)
        connection.close()
        assert (fake.requests.last.warnings, fake.services.where(friendly_name="x")) == ([told], [])


_PIECES = st.sampled_from(
    [
        b"GET ", b"POST ", b"HEAD ", b"DELETE ", b"PUT ", b"PATCH ", b"OPTIONS ", b"\x00",
        b"/v1/Services", b"/v1/Credentials", b"/v1/Services/IS" + b"a" * 32 + b"/Bindings", b"/_fake/health",
        b"/_fake/state", b"/_fake/reset", b"http://[::1]", b"//", b"?", b"%", b"%00", b"%ff", b"&", b"=",
        b"#", b".json",
        b" HTTP/1.1\r\n", b" HTTP/1.0\r\n", b" HTTP/9.9\r\n", b"\r\n", b"\n", b"\r\n\r\n", b" ", b":",
        b"Host: 127.0.0.1\r\n", AUTH.encode(), FORM.encode(), b"Content-Type: application/json\r\n",
        b"Content-Length: 3\r\n", b"Content-Length: -3\r\n", b"Transfer-Encoding: chunked\r\n",
        b"Connection: close\r\n", b"Connection: keep-alive\r\n", b"Expect: 100-continue\r\n", b"Origin: null\r\n",
        b"3\r\nabc\r\n", b"0\r\n\r\n", b"Identity=a", b"PageSize=0", b"PageToken=PA", b"[[[[", b'{"services": [{}]}',
    ]
)  # fmt: skip
NOISE = st.one_of(
    st.binary(max_size=400),
    st.lists(_PIECES | st.binary(max_size=8), max_size=25).map(b"".join),
    st.lists(_PIECES | st.binary(max_size=8), max_size=12).map(lambda pieces: b"GET /v1/" + b"".join(pieces)),
    st.lists(_PIECES | st.binary(max_size=8), max_size=12).map(
        lambda pieces: b"POST /v1/Services HTTP/1.1\r\n" + AUTH.encode() + b"".join(pieces)
    ),
)


@pytest.fixture(scope="module")
def noisy() -> Iterator[Server]:
    """The server of a fake that is sent noise."""
    with FakeNotify() as fake:
        fake.start()
        assert fake._server is not None
        yield fake._server


@settings(max_examples=300, deadline=None)
@given(noise=NOISE)
def test_noise_is_answered_in_http_and_breaks_nothing(noisy: Server, noise: bytes) -> None:
    connection = Connection(noisy)
    try:
        with contextlib.suppress(ConnectionError):
            connection.send(noise)
            connection.no_more()
        answers = b""
        with contextlib.suppress(ConnectionResetError):
            answers = connection.reader.read()
    finally:
        connection.close()
    assert answers == b"" or answers.startswith(b"HTTP/1.1 ")
    assert b"HTTP/1.1 500" not in answers
    assert noisy.errors == []


def test_a_client_that_leaves_before_the_answer_is_nobodys_error(
    serve: Callable[..., Server], dial: Callable[[Server], Connection]
) -> None:
    asked, left = threading.Event(), threading.Event()

    def app(environ: Any, start_response: Callable[..., Any]) -> Iterable[bytes]:
        asked.set()
        assert left.wait(PATIENCE)
        start_response("200 OK", [])
        return [b"x" * MIB]

    server = serve(app)
    connection = dial(server)
    connection.send(get())
    assert asked.wait(PATIENCE)
    threads = threads_of(server)
    connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
    left.set()
    for thread in threads:
        thread.join(PATIENCE)
    assert (server.errors, [thread.is_alive() for thread in threads]) == ([], [False])


def test_a_client_that_left_before_it_was_served_is_nobodys_error(echoing: Server) -> None:
    gone = socket.socket()
    gone.close()
    echoing._answer(gone, ("127.0.0.1", 1))


# applications


def test_an_application_that_raises_is_500_and_the_connection_goes_on(
    serve: Callable[..., Server], dial: Callable[[Server], Connection], capsys: pytest.CaptureFixture[str]
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


def test_the_last_hundred_errors_are_kept(serve: Callable[..., Server], capsys: pytest.CaptureFixture[str]) -> None:
    server = serve()
    for number in range(150):
        server.report(ValueError(number))
    assert [error.args for error in server.errors] == [(number,) for number in range(50, 150)]


def test_an_answer_that_cannot_be_sent_is_reported_and_ends_its_connection(
    serve: Callable[..., Server], dial: Callable[[Server], Connection], capsys: pytest.CaptureFixture[str]
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
def test_an_answer_is_closed_when_it_has_gone_even_one_that_broke_off(
    serve: Callable[..., Server],
    dial: Callable[[Server], Connection],
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


@pytest.mark.parametrize(
    ("version", "length", "framing", "sent"),
    [
        ("HTTP/1.1", "8", {"Content-Length": "8"}, (b"one, ", b"two")),
        ("HTTP/1.1", None, {"Transfer-Encoding": "chunked"}, (b"5\r\none, \r\n", b"3\r\ntwo\r\n0\r\n\r\n")),
        ("HTTP/1.0", None, {"Connection": "close"}, (b"one, ", b"two")),
    ],
)
def test_an_iterator_goes_out_piece_by_piece(
    serve: Callable[..., Server],
    dial: Callable[[Server], Connection],
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


def test_an_iterator_is_not_read_for_head(serve: Callable[..., Server], dial: Callable[[Server], Connection]) -> None:
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
    serve: Callable[..., Server], dial: Callable[[Server], Connection], capsys: pytest.CaptureFixture[str], goes: str
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
@pytest.mark.parametrize("where", ["the application", "the handler"])
def test_without_a_descriptor_for_a_late_import_the_answer_is_503(
    serve: Callable[..., Server],
    dial: Callable[[Server], Connection],
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    where: str,
) -> None:
    def fail(*_: object) -> list[bytes]:
        raise error

    server = serve(fail)
    if where == "the handler":
        monkeypatch.setattr(connection_module, "read_plain", lambda arrived, largest: None)
        monkeypatch.setattr(connection_module.Connection, "handle", fail)
    assert (dial(server).ask(get()).status, server.errors) == (503, [])


# faults, as far as they act on the connection


@pytest.fixture
def broken() -> Iterator[Callable[..., Connection]]:
    """Connections to fakes of which something goes wrong."""
    with contextlib.ExitStack() as stack:

        def dial_one(fault: Fault, **settings_: Any) -> Connection:
            fake = stack.enter_context(FakeNotify())
            fake.start()
            assert fake._server is not None
            fake.fail("services.*", fault, **settings_)
            connection = Connection(fake._server)
            stack.callback(connection.close)
            stack.callback(fake.stop)
            return connection

        yield dial_one


@pytest.mark.parametrize("phase", ["before", "after"])
def test_a_reset_connection_is_reset(broken: Callable[..., Connection], phase: str) -> None:
    connection = broken(Fault.reset_connection(), phase=phase)
    connection.send(get("/v1/Services", AUTH))
    with pytest.raises(ConnectionResetError):
        connection.reader.read()


def test_an_empty_reply_is_a_close(broken: Callable[..., Connection]) -> None:
    connection = broken(Fault.empty_reply())
    connection.send(get("/v1/Services", AUTH))
    assert connection.reader.read() == b""


def test_garbage_is_no_http(broken: Callable[..., Connection]) -> None:
    connection = broken(Fault.garbage())
    connection.send(get("/v1/Services", AUTH))
    received = connection.reader.read()
    assert (len(received) > 0, received.startswith(b"HTTP/")) == (True, False)


def test_a_truncated_body_has_its_whole_head_and_half_of_itself(broken: Callable[..., Connection]) -> None:
    connection = broken(Fault.truncate_body())
    answer = connection.ask(get("/v1/Services", AUTH))
    assert (answer.status, len(answer.body)) == (200, int(answer.headers["Content-Length"]) // 2)


@pytest.mark.parametrize("fault", [Fault.latency(0.1), Fault.slow_body(0.1)])
def test_slowness_is_waited_for(broken: Callable[..., Connection], fault: Fault) -> None:
    connection = broken(fault)
    began = perf_counter()
    answer = connection.ask(get("/v1/Services", AUTH))
    assert (answer.status, answer.json["services"], 0.1 <= perf_counter() - began < 2.0) == (200, [], True)


def test_whoever_comes_when_too_many_are_there_is_turned_away(
    echoing: Server, dial: Callable[[Server], Connection], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "MOST_CONNECTIONS", 2)
    first, second = dial(echoing), dial(echoing)
    assert {each.ask(get()).status for each in (first, second)} == {200}

    third = dial(echoing)
    answer = third.answer()
    assert (answer.status, answer.headers["Connection"], third.ended()) == (503, "close", True)

    first.close()
    latest = perf_counter() + PATIENCE
    while len(echoing._connections) > 1 and perf_counter() < latest:
        sleep(0.01)
    assert dial(echoing).ask(get()).status == 200


@pytest.mark.parametrize("harshly", [False, True])
def test_a_stall_lasts_until_the_client_gives_up(broken: Callable[..., Connection], harshly: bool) -> None:
    others = set(threading.enumerate())
    connection = broken(Fault.stall())
    connection.socket.settimeout(0.1)
    connection.send(get("/v1/Services", AUTH))
    with pytest.raises(TimeoutError):
        connection.socket.recv(1)
    waiting = [each for each in threading.enumerate() if "_answer" in each.name and each not in others]
    if harshly:
        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
    for thread in waiting:
        thread.join(PATIENCE)
    assert [thread.is_alive() for thread in waiting] == [False]


def test_a_stall_ends_with_the_fake() -> None:
    with FakeNotify() as fake:
        fake.start()
        fake.fail("services.*", Fault.stall())
        assert fake._server is not None
        connection = Connection(fake._server)
        connection.send(get("/v1/Services", AUTH))
        fake.wait_for(lambda: fake.faults[0].fired, timeout=PATIENCE)
        began = perf_counter()
        fake.stop()
        assert (perf_counter() - began < 0.5, connection.ended()) == (True, True)
        connection.close()


# starting and stopping


def threads_of(server: Server) -> list[threading.Thread]:
    """The threads that answer connections."""
    return [thread for thread in threading.enumerate() if getattr(thread, "_target", None) == server._answer]


def stop_and_time(server: Server) -> float:
    began = perf_counter()
    server.stop()
    return perf_counter() - began


def test_stop_closes_what_is_idle_kept_and_half_asked_at_once(
    echoing: Server, dial: Callable[[Server], Connection]
) -> None:
    idle, kept, half, shy = (dial(echoing) for _ in range(4))
    assert kept.ask(get()).status == 200
    half.send("POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nhalf")
    idle.socket.getpeername()
    assert stop_and_time(echoing) < 0.5
    assert [each.ended() for each in (idle, kept, shy)] == [True] * 3
    with contextlib.suppress(ConnectionResetError):  # so it ends where nobody had read the half yet
        assert half.reader.read()[:12] in (b"", b"HTTP/1.1 400")


def test_nothing_is_answered_after_stop(echoing: Server, dial: Callable[[Server], Connection]) -> None:
    kept = dial(echoing)
    assert kept.ask(get()).status == 200
    echoing.stop()
    with contextlib.suppress(ConnectionError):
        kept.send(get())
    assert kept.ended()
    with pytest.raises(ConnectionRefusedError):
        dial(echoing)


def test_stop_leaves_no_thread(serve: Callable[..., Server], dial: Callable[[Server], Connection]) -> None:
    before = set(threading.enumerate())
    server = serve()
    for _ in range(5):
        assert dial(server).ask(get()).status == 200
    assert len(set(threading.enumerate()) - before) == 6
    server.stop()
    assert set(threading.enumerate()) - before == set()


def test_stop_does_not_wait_for_an_application_that_hangs(
    serve: Callable[..., Server], dial: Callable[[Server], Connection]
) -> None:
    asked, released = threading.Event(), threading.Event()

    def app(environ: Any, start_response: Callable[..., Any]) -> Iterable[bytes]:
        asked.set()
        released.wait(PATIENCE)
        return echo(environ, start_response)

    server = serve(app)
    connection = dial(server)
    connection.send(get())
    assert asked.wait(PATIENCE)
    (thread,) = threads_of(server)
    try:
        assert stop_and_time(server) < 0.5
        assert connection.ended()
    finally:
        released.set()
    thread.join(PATIENCE)
    assert (thread.is_alive(), server.errors) == (False, [])


def test_stop_may_be_called_twice_and_before_start() -> None:
    server = Server(echo)
    server.stop()
    server.stop()
    with pytest.raises(ConnectionRefusedError):
        Connection(server)


def test_stop_may_be_called_by_the_application(
    serve: Callable[..., Server], dial: Callable[[Server], Connection]
) -> None:
    stopped = threading.Event()

    def app(environ: Any, start_response: Callable[..., Any]) -> Iterable[bytes]:
        server.stop()
        stopped.set()
        return echo(environ, start_response)

    server = serve(app)
    connection = dial(server)
    connection.send(get())
    assert (connection.ended(), stopped.wait(PATIENCE), server.errors) == (True, True, [])


def test_a_busy_port_is_an_os_error(echoing: Server) -> None:
    with pytest.raises(OSError, match="Address already in use"):
        Server(echo, port=echoing.port)


@pytest.mark.parametrize(
    ("host", "port"), [("127.0.0.1", 70_000), ("127.0.0.1", -1), ("256.256.256.256", 0), ("no host", 0), ("\udcff", 0)]
)
def test_an_address_that_is_none_is_an_os_error(host: str, port: int) -> None:
    with pytest.raises(OSError, match=r"."):
        Server(echo, host, port)


def test_a_port_can_be_used_again_at_once(serve: Callable[..., Server], dial: Callable[[Server], Connection]) -> None:
    first = serve()
    dial(first).ask(get())
    first.stop()
    second = serve(port=first.port)
    assert (second.port, dial(second).ask(get()).status) == (first.port, 200)


def test_the_port_answers_before_start_returns_and_queues_before_it(dial: Callable[[Server], Connection]) -> None:
    server = Server(echo)
    early = dial(server)
    early.send(get("/early"))
    server.start()
    try:
        assert early.answer().json == echoed("", "GET", "/early")
    finally:
        server.stop()


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="reads Linux's count of context switches")
def test_an_idle_server_sleeps(echoing: Server, wire: Connection) -> None:
    wire.ask(get())
    waiting = [echoing._thread, *threads_of(echoing)]
    assert len(waiting) == 2

    def wakings() -> list[str]:
        return [
            line
            for thread in waiting
            for line in Path(f"/proc/self/task/{thread.native_id}/status").read_text().splitlines()
            if line.startswith("voluntary")
        ]

    threading.Event().wait(0.05)
    before = wakings()
    threading.Event().wait(0.25)
    assert wakings() == before


def _has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


@pytest.mark.skipif(not _has_ipv6(), reason="there is no IPv6 here")
def test_it_speaks_ipv6(serve: Callable[..., Server], dial: Callable[[Server], Connection]) -> None:
    server = serve(host="::1")
    assert dial(server).ask(post("six")).json == echoed("six")


def test_many_clients_are_served_at_once(echoing: Server, dial: Callable[[Server], Connection]) -> None:
    connections = [dial(echoing) for _ in range(100)]
    for number, each in enumerate(connections):
        each.send(post(str(number)))
    assert [each.answer().json for each in connections] == [echoed(str(number)) for number in range(100)]


@pytest.mark.skipif(sys.platform != "linux", reason="limits memory and descriptors as Linux does")
@pytest.mark.parametrize("limit", ["descriptors", "threads"])
def test_a_server_out_of_resources_recovers_when_some_are_free(limit: str) -> None:
    program = """
        import resource, socket, sys, threading
        from fakenotify.server.server import Server

        def app(environ, start_response):
            start_response("200 OK", [])
            return [b"here"]

        def ask(connection):
            connection.sendall(b"GET / HTTP/1.1\\r\\n\\r\\n")
            return connection.recv(65536).endswith(b"here")

        server = Server(app)
        server.start()
        if sys.argv[1] == "threads":
            threading.stack_size(1 << 30)
            soft, hard = resource.getrlimit(resource.RLIMIT_AS)
            resource.setrlimit(resource.RLIMIT_AS, (3 << 30, hard))
        else:
            soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
            resource.setrlimit(resource.RLIMIT_NOFILE, (48, hard))
        clients = []
        for _ in range(30):
            try:
                clients.append(socket.create_connection(server.server_address, timeout=5))
            except OSError:
                break
        answered = 0
        for each in clients:
            each.settimeout(0.3)
            try:
                answered += ask(each)
            except OSError:
                break
        assert 0 < answered < len(clients), (answered, len(clients))
        for each in clients:
            each.close()
        if sys.argv[1] == "threads":
            threading.stack_size(0)
        fresh = socket.create_connection(server.server_address, timeout=5)
        assert ask(fresh)
        fresh.close()
        server.stop()
        print("recovered")
    """
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(program), limit],
        capture_output=True,
        text=True,
        timeout=30,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "recovered\n", "")
