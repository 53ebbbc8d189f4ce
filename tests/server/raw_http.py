"""HTTP as bytes: requests written out in full, and connections that read exactly one answer at a time."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from fakenotify.server.server import Server

PATIENCE = 30.0
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


class Dialled:
    """A connection that reads exactly one answer at a time."""

    def __init__(self, server: Server) -> None:
        self.socket = socket.create_connection(server.server_address[:2], timeout=PATIENCE)
        self.reader = self.socket.makefile("rb")

    def send(self, text: str | bytes) -> None:
        self.socket.sendall(text if isinstance(text, bytes) else text.encode("latin-1"))

    def answer(self, *, head: bool = False) -> Answer:
        """The next answer; ``head``: it has no body, whatever its length says."""
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

    def refusal(self, text: str | bytes = "", *, cut: bool = False) -> int:
        """The status of an answer after which the server closes; ``cut`` ends the request after ``text``."""
        if text:
            self.send(text)
        if cut:
            self.socket.shutdown(socket.SHUT_WR)
        answer = self.answer()
        assert (answer.headers["Connection"], self.ended()) == ("close", True)
        return answer.status

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
    asked = {"method": environ["REQUEST_METHOD"], "target": environ["RAW_URI"], "body": body.decode("latin-1")}
    content = json.dumps(asked).encode()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(content)))])
    return [content]


def answering(
    body: Callable[[], Iterable[bytes]], headers: Mapping[str, str] | None = None, status: str | None = "200 OK"
) -> Callable[..., Iterable[bytes]]:
    """An application that answers everything in the same way."""

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        start_response(status, list((headers or {}).items()))
        return body()

    return app


def post(body: str, target: str = "/", headers: str = "", version: str = "HTTP/1.1") -> str:
    return f"POST {target} {version}\r\nHost: 127.0.0.1\r\n{headers}Content-Length: {len(body)}\r\n\r\n{body}"


def get(target: str = "/", headers: str = "", version: str = "HTTP/1.1", method: str = "GET") -> str:
    return f"{method} {target} {version}\r\nHost: 127.0.0.1\r\n{headers}\r\n"


def echoed(body: str = "", method: str = "POST", target: str = "/") -> dict[str, str]:
    return {"method": method, "target": target, "body": body}


def threads_of(server: Server) -> list[threading.Thread]:
    """The threads that answer connections."""
    return [thread for thread in threading.enumerate() if getattr(thread, "_target", None) == server._answer]
