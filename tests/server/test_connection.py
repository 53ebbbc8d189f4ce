"""Kept connections stay in sync, whatever the form of a body and wherever it ends early."""

from __future__ import annotations

import contextlib
import json
import socket

import pytest
from raw_http import AUTH, FORM, MIB, PATIENCE, echoed, get, post

from fakenotify.server import connection as connection_module
from fakenotify.server import handler as handler_module
from fakenotify.server.wsgi import BODY_LIMIT


def chunked(body: str, headers: str = "", coding: str = "chunked", target: str = "/") -> str:
    return f"POST {target} HTTP/1.1\r\nHost: 127.0.0.1\r\n{headers}Transfer-Encoding: {coding}\r\n\r\n{body}"


HALF = "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nshort"


@pytest.mark.usefixtures("both_ways")
def test_a_refused_post_leaves_the_connection_usable(account) -> None:
    for target, headers, status in (("/v1/Services", "", 401), ("/v1/Nothing", AUTH, 404)):
        first = account.ask(post("FriendlyName=first", target, headers + FORM))
        second = account.ask(post("FriendlyName=second", "/v1/Services", AUTH + FORM))
        assert (first.status, second.status, second.json["friendly_name"]) == (status, 201, "second")
        assert "Connection" not in first.headers


def test_small_answers_are_not_held_back(dialled, echoing) -> None:
    """Nagle's algorithm with delayed acknowledgements would cost 40 ms for each answer on a kept connection."""
    dialled.ask(get())
    (connection,) = echoing._connections
    assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


@pytest.mark.usefixtures("both_ways")
def test_an_answer_is_one_write(dialled) -> None:
    dialled.send(post("x" * 1000))
    whole = dialled.socket.recv(65536)
    head, _, body = whole.partition(b"\r\n\r\n")
    assert b"\r\nContent-Length: %d\r\n" % len(body) in head + b"\r\n"


@pytest.mark.usefixtures("both_ways")
def test_pipelined_requests_are_answered_in_their_order(dialled) -> None:
    dialled.send(post("one") + get("/two") + post("three"))
    assert [dialled.answer().json for _ in range(3)] == [echoed("one"), echoed("", "GET", "/two"), echoed("three")]


@pytest.mark.usefixtures("both_ways")
def test_a_request_may_arrive_byte_by_byte(dialled) -> None:
    for byte in post("slow"):
        dialled.send(byte)
    assert dialled.answer().json == echoed("slow")


def test_a_connection_closes_when_the_client_asks_for_it_or_has_http_1_0(echoing, dial) -> None:
    for value in ("close", "CLOSE", "close, te", "keep-alive, close"):
        assert dial(echoing).refusal(get(headers=f"Connection: {value}\r\n")) == 200
    assert dial(echoing).refusal(post("old", version="HTTP/1.0")) == 200


def test_an_answer_to_http_1_0_says_that_the_connection_is_kept(dialled) -> None:
    kept = "Connection: Keep-Alive\r\n"
    answers = [dialled.ask(post(body, headers=kept, version="HTTP/1.0")) for body in ("one", "two")]
    assert [each.json for each in answers] == [echoed("one"), echoed("two")]
    assert [each.headers["Connection"] for each in answers] == ["keep-alive"] * 2


def test_head_has_the_length_of_get_and_no_body(dialled) -> None:
    dialled.send(get(method="HEAD"))
    head, length = dialled.answer(head=True), len(json.dumps(echoed("", "HEAD")))
    assert (head.headers["Content-Length"], dialled.ask(get()).json) == (str(length), echoed("", "GET"))


@pytest.mark.usefixtures("both_ways")
def test_a_204_has_neither_body_nor_length(account) -> None:
    sid = account.ask(post("", "/v1/Services", AUTH)).json["sid"]
    gone = account.ask(get(f"/v1/Services/{sid}", AUTH, method="DELETE"))
    assert (gone.status, gone.body, "Content-Length" in gone.headers) == (204, b"", False)
    assert account.ask(get("/v1/Services", AUTH)).json["services"] == []


def test_a_length_may_be_missing_or_given_twice_if_it_is_the_same(dialled) -> None:
    assert dialled.ask("POST / HTTP/1.1\r\nHost: localhost\r\n\r\n").json == echoed()
    assert dialled.ask(post("abc", headers="Content-Length: 3\r\n")).json == echoed("abc")


@pytest.mark.usefixtures("both_ways")
def test_a_body_that_is_cut_short_is_400_and_closes_the_connection(dialled) -> None:
    assert dialled.refusal(HALF, cut=True) == 400


@pytest.mark.usefixtures("both_ways")
def test_a_client_that_stalls_loses_its_connection(echoing, dial, monkeypatch) -> None:
    monkeypatch.setattr(connection_module, "REQUEST_TIMEOUT", 0.1)
    stalled = [dial(echoing) for _ in range(5)]
    beginnings = (HALF, chunked("5\r\nsho"), "POST / HTTP/1.1\r\nHost: x", "POST", "\x16\x03\x01")
    for each, beginning in zip(stalled, beginnings, strict=True):
        each.send(beginning)
    assert {each.reader.read()[:24] for each in stalled} <= {b"", b"HTTP/1.1 400 BAD REQUEST"}


@pytest.mark.usefixtures("both_ways")
def test_an_idle_connection_stays_open(dialled, monkeypatch) -> None:
    monkeypatch.setattr(connection_module, "REQUEST_TIMEOUT", 0.05)
    assert dialled.ask(get()).status == 200
    dialled.socket.settimeout(0.2)
    with pytest.raises(TimeoutError):
        dialled.socket.recv(1)
    assert dialled.socket.send(get("/later").encode()) > 0
    dialled.socket.settimeout(PATIENCE)
    assert dialled.socket.recv(65536).endswith(json.dumps(echoed("", "GET", "/later")).encode())


@pytest.mark.usefixtures("both_ways")
def test_a_body_of_exactly_the_limit_is_read(dialled) -> None:
    assert dialled.ask(post("x" * BODY_LIMIT)).json == echoed("x" * BODY_LIMIT)


def test_a_body_over_the_limit_is_413_even_if_its_end_never_comes(account, monkeypatch) -> None:
    monkeypatch.setattr(connection_module, "REQUEST_TIMEOUT", 0.2)
    account.send(
        f"POST /v1/Services HTTP/1.1\r\nHost: localhost\r\n{AUTH}Content-Length: {9 * MIB}\r\n\r\n" + "x" * 2 * MIB
    )
    assert (account.answer().status, account.ended()) == (413, True)


def test_a_control_request_may_be_larger_than_a_body_of_notify(account) -> None:
    answer = account.ask(post('"' + "x" * 2 * MIB + '"', "/_fake/reset", "Content-Type: application/json\r\n"))
    assert (answer.status, answer.json) == (400, {"error": "the body must be a JSON object, or empty"})


def test_a_chunked_body_is_read_to_its_end(dialled) -> None:
    for chunks, body in (
        ("0\r\n\r\n", ""),
        ("3\r\nabc\r\n00A\r\n0123456789\r\n0\r\n\r\n", "abc0123456789"),
        ("3;name=value\r\nabc\r\n0;last\r\n\r\n", "abc"),
        ("3\r\nabc\r\n0\r\nTrailer: one\r\nAnother: two\r\n\r\n", "abc"),
        ("5\r\n\r\n0\r\n\r\n0\r\n\r\n", "\r\n0\r\n"),
    ):
        answers = [
            dialled.ask(chunked(chunks)),
            dialled.ask(chunked(chunks, coding="Chunked ")),
            dialled.ask(post("x")),
        ]
        assert [each.json for each in answers] == [echoed(body), echoed(body), echoed("x")]


LENGTHS = ("-1", "+3", "0x3", "", "3 3", "3, 3", "\xb2", "\x0b3", "9" * 30, "3\r\nContent-Length: 2")
CODINGS = ("gzip", "gzip, chunked", "chunked, chunked", "\x0bchunked", "chunked\x1f", "")
CHUNKS = (
    "three\r\nabc\r\n0\r\n\r\n",
    "\r\nabc\r\n0\r\n\r\n",
    "3\nabc\r\n0\r\n\r\n",
    "3\r\nabc\n0\r\n\r\n",
    "3\r;\r\nabc\r\n0\r\n\r\n",
    "3\x0b\r\nabc\r\n0\r\n\r\n",
    "3;a\rb\r\nabc\r\n0\r\n\r\n",
    "3\r\nabc\r\n0\r\nTrailer: x\n\r\n",
    "+3\r\nabc\r\n0\r\n\r\n",
    "0x3\r\nabc\r\n0\r\n\r\n",
    "1_0\r\n0123456789012345\r\n0\r\n\r\n",
    "3\r\nabcdef\r\n0\r\n\r\n",
    "\xb2\r\nab\r\n0\r\n\r\n",
    "F" * 30 + "\r\nabc\r\n0\r\n\r\n",
    "3;" + "x" * 70_000 + "\r\nabc\r\n0\r\n\r\n",
    "0\r\n" + "Trailer: x\r\n" * 10_000 + "\r\n",
)


def test_a_malformed_length_coding_or_chunk_is_400_and_closes_the_connection(echoing, dial) -> None:
    for request in (
        *(f"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: {each}\r\n\r\nabc" for each in LENGTHS),
        *(chunked("3\r\nabc\r\n0\r\n\r\n", coding=each) for each in CODINGS),
        *(chunked(each) for each in CHUNKS),
    ):
        assert dial(echoing).refusal(request) == 400, request[:120]
    for chunks in ("", "3", "3\r\nab", "3\r\nabc", "3\r\nabc\r\n0\r\n"):  # cut short
        assert dial(echoing).refusal(chunked(chunks), cut=True) == 400, chunks


def test_a_refusal_is_readable_though_the_rest_of_the_body_is_on_its_way(dialled) -> None:
    assert dialled.refusal(chunked("three\r\n" + "x" * 4 * MIB)) == 400


def test_too_many_chunks_get_a_readable_413(fake_server, dial) -> None:
    few, many = ("100000\r\n" + "x" * MIB + "\r\n") * 2, "1\r\nx\r\n" * 1000 + "200000\r\n" + "x" * 2 * MIB + "\r\n"
    for body in (few + "0\r\n\r\n", few + "no chunk\r\n", many + "0\r\n\r\n", many + "no chunk\r\n"):
        account = dial(fake_server)
        answer = account.ask(chunked(body, AUTH + FORM, target="/v1/Services"))
        assert (answer.status, answer.json["code"], answer.headers["Connection"]) == (413, 20413, "close")
        assert account.ended()


def test_chunks_beyond_the_bound_are_not_read_but_the_answer_is_readable(fake_server, dial, monkeypatch) -> None:
    for module in (handler_module, connection_module):
        monkeypatch.setattr(module, "DRAIN_LIMIT", MIB)
    beyond, chunk = dial(fake_server), "80000\r\n" + "x" * (MIB // 2) + "\r\n"
    monkeypatch.setattr(connection_module, "_LINGER", PATIENCE)
    beyond.send(chunked(chunk * 5, AUTH, target="/v1/Services"))
    assert (beyond.answer().status, beyond.reader.read()) == (413, b"")
    assert len(fake_server._connections) == 1  # the server still reads, or a reset could take the answer away

    endless = dial(fake_server)
    with contextlib.suppress(ConnectionError):
        endless.send(chunked(chunk * 20, AUTH, target="/v1/Services"))
    assert endless.answer().status == 413


def test_a_chunked_body_with_a_length_closes_the_connection(echoing, dial) -> None:
    length, coding = "Content-Length: 3\r\n", "Transfer-Encoding: chunked\r\n"
    for headers in (length + coding, coding + length):
        connection = dial(echoing)
        answer = connection.ask(f"POST / HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n5\r\nabcde\r\n0\r\n\r\n")
        assert (answer.json, connection.ended()) == (echoed("abcde"), True)


def test_a_client_that_waits_for_100_continue_gets_it(dialled) -> None:
    dialled.send("POST / HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n")
    assert dialled.answer() == (100, {}, b"")
    assert dialled.ask("abc").json == echoed("abc")


def test_http_1_0_gets_no_100_continue(dialled) -> None:
    assert dialled.ask(post("abc", headers="Expect: 100-continue\r\n", version="HTTP/1.0")).json == echoed("abc")
