"""The quick way of reading a head gives what the slow way gives, or declines."""

from __future__ import annotations

import json
from contextlib import closing
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from raw_http import Dialled

from fakenotify.server import connection
from fakenotify.server.connection import Head, read_plain
from fakenotify.server.server import Server

PLAIN = b"POST /v1/Services?PageSize=5 HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Type: a/b\r\n\r\n"


def show(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """Answer with the environ, without what differs from one connection to the next."""
    plain = {name: value for name, value in environ.items() if isinstance(value, (str, int, tuple))}
    shown = plain | {"REMOTE_PORT": None, "body": environ["wsgi.input"].read().decode("latin-1")}
    start_response("200 OK", [])
    return [json.dumps(shown, sort_keys=True).encode()]


@pytest.fixture
def server(serve) -> Server:
    return serve(show)


def ask(server: Server, request: bytes) -> tuple[int, bytes]:
    with closing(Dialled(server)) as line:
        answer = line.ask(request)
        return answer.status, answer.body


NAMES = st.sampled_from(
    ["Accept", "X-Thing", "content-type", "AUTHORIZATION", "X_Under", "Connection", "Host", "TE", "x-a-1", "1", "-"]
)
VALUES = st.sampled_from(["", "a", "keep-alive", "close", "a  b", "\t a \t", "é", "a,b", '"q"', "=?x", "a:b"])
TARGETS = st.sampled_from(
    ["/", "/v1", "/v1?a=b&a=%20", "/v1/a%2Fb", "//x/y", "/a#b", "/a?b?c", "/a;b", "/ü", "*", "http://h/p?q"]
)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(method="POST", target="/v1/Services", headers=[("Connection", "keep-alive")], body="a=b")
@given(
    method=st.sampled_from(["GET", "POST", "DELETE", "PUT", "get"]),
    target=TARGETS,
    headers=st.lists(st.tuples(NAMES, VALUES), max_size=5),
    body=st.sampled_from(["", "a=b", "ü"]),
)
def test_the_quick_and_the_slow_way_read_a_request_alike(server, method, target, headers, body) -> None:
    content = body.encode()
    lines = [f"{method} {target} HTTP/1.1", "Host: first", *(f"{name}: {value}" for name, value in headers)]
    request = "\r\n".join([*lines, f"Content-Length: {len(content)}", "", ""]).encode("utf-8") + content

    quick = ask(server, request)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(connection, "read_plain", lambda arrived, largest: None)
        slow = ask(server, request)

    assert (quick, server.errors) == (slow, [])


def test_a_plain_head_is_read_in_one_step() -> None:
    headers = {"HTTP_HOST": "x", "CONTENT_LENGTH": "2", "CONTENT_TYPE": "a/b"}
    assert read_plain(PLAIN + b"ab", 10) == Head("POST", "/v1/Services?PageSize=5", headers, len(PLAIN), 2)


DOUBTFUL = {
    b"POST": [b"PUT"],
    b"HTTP/1.1": [b"HTTP/1.0"],
    b"/v1": [b"//v1"],
    b"Services": [b"a%20b", b"a#b", b"\xc3\xbc"],
    b"Host: x": [
        b"Host: x\r\nHost: y",
        b"Host : x",
        b"Host: x\r\n y",
        b"Host: \xff",
        b"Expect: 100-continue",
        b"Transfer-Encoding: chunked",
        b"Connection: close",
        b"X-A: b\nc",
        b"\r\n".join(b"X-%d: y" % number for number in range(61)),
    ],
    b": 2": [b": 11", b": -2", b": 12345678", b": two", b":"],
}


def test_a_doubtful_head_is_left_to_the_slow_way() -> None:
    assert read_plain(PLAIN[:-1], 10) is None
    for plain, others in DOUBTFUL.items():
        for other in others:
            assert read_plain(PLAIN.replace(plain, other) + b"ab", 10) is None, other
