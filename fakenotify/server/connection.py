"""One connection: request after request, and one write an answer.

The law: the body of a request is read to its end (or the connection closed) before the answer is sent, so that a kept
connection is always in step.
"""

from __future__ import annotations

import contextlib
import socket
import sys
from collections.abc import Callable, Generator, Iterable
from http import HTTPStatus
from io import BytesIO
from typing import TYPE_CHECKING, Any, Protocol

from fakenotify.server.head import Head, read_plain
from fakenotify.server.wire import ConnectionWire
from fakenotify.server.wsgi import BODY_LIMIT, BROKEN, WIRE, call_app

if TYPE_CHECKING:
    import ssl
    import threading

    from _typeshed.wsgi import WSGIEnvironment

    from fakenotify.faults.kinds import Fault

REQUEST_TIMEOUT = 10.0
"""Seconds of silence after which a request that has begun to arrive is given up; an idle connection waits for ever."""

PIECE = 65536
DRAIN_LIMIT = 16 * BODY_LIMIT
_LINGER = 1.0
_WITHOUT_BODY = ("1", "204", "304")


class Serving(Protocol):
    """What a connection asks of the server that it belongs to."""

    app: Callable[..., Iterable[bytes]]
    ssl_context: ssl.SSLContext | None
    server_address: Any
    ended: threading.Event
    multithread: bool
    multiprocess: bool

    def date(self) -> str:
        """The value of ``Date``."""

    def report(self, error: BaseException) -> None:
        """Keep an error of ours."""


class Connection:
    """Serves one connection. What is not plain is read by the standard library, which is loaded with the first such
    request: it would double the time until a first answer.
    """

    def __init__(self, connection: socket.socket, client_address: Any, server: Serving) -> None:
        self.socket = connection
        self.client_address = client_address
        self.server = server
        self.method = "GET"
        self.version = "HTTP/1.1"
        self.closing = False
        """Whether the next answer is the last."""
        self.unread = False
        """Whether there is more of this request's body than anybody wants to read."""
        self._last_wire: ConnectionWire | None = None

    def serve(self) -> None:
        """Answer until there is nothing more to answer. Raises ``OSError`` when the client has gone."""
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
        with self.socket.makefile("rb") as self.reader:
            while not self.closing:
                self._answer_next()

    def _answer_next(self) -> None:
        """Wait for a request as long as it takes, then give it ``REQUEST_TIMEOUT`` to arrive."""
        self.socket.settimeout(None)
        arrived = self.reader.peek(1)
        if not arrived:
            self.closing = True
            return
        self.socket.settimeout(REQUEST_TIMEOUT)
        head = read_plain(arrived, BODY_LIMIT)
        if head is None:
            self.answer_any()
        else:
            self._answer_plain(head)

    def answer_any(self) -> None:
        """The slow way, for every head."""
        from fakenotify.server.handler import StandardRequest

        StandardRequest(self).answer()

    def _answer_plain(self, head: Head) -> None:
        """The quick way: a head that was read at a glance."""
        self.method, self.version = head.method, "HTTP/1.1"
        self.reader.read(head.size)
        body = self.reader.read(head.length) if head.length else b""
        if len(body) < head.length:
            self.refuse(HTTPStatus.BAD_REQUEST)
            return
        self.respond(self._plain_environ(head), body)

    def _plain_environ(self, head: Head) -> WSGIEnvironment:
        """What werkzeug's ``make_environ`` makes of such a head."""
        path, _, query = head.target.partition("?")
        return {
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http" if self.server.ssl_context is None else "https",
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
            "werkzeug.socket": self.socket,
            "SERVER_SOFTWARE": "fakenotify",
            "REQUEST_METHOD": head.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_URI": head.target,
            "RAW_URI": head.target,
            "REMOTE_ADDR": self.client_address[0],
            "REMOTE_PORT": self.client_address[1],
            "SERVER_NAME": self.server.server_address[0],
            "SERVER_PORT": str(self.server.server_address[1]),
            "SERVER_PROTOCOL": "HTTP/1.1",
            **head.headers,
        }

    def respond(self, environ: WSGIEnvironment, body: bytes) -> None:
        """Ask the application, send the whole answer at once."""
        environ["wsgi.input"] = BytesIO(body)
        environ["wsgi.input_terminated"] = True
        environ[WIRE] = self._wire
        self._last_wire = None  # it is made only for a fault
        chunks: Iterable[bytes] = ()
        try:
            status, headers, chunks = call_app(self.server.app, environ)
            content = b"" if isinstance(chunks, Generator) else b"".join(chunks)
        except Exception as error:
            self.server.report(error)
            status, headers, content = "500 INTERNAL SERVER ERROR", [("Content-Length", "0")], b""
        if isinstance(chunks, Generator):
            self._stream(status, headers, chunks)
            return
        try:
            broken: Fault | None = environ.get(BROKEN)
            if broken is not None:
                self.closing = True
                wire = self._last_wire or self._wire(self.server.ended)
                broken.break_answer(wire, self._head(status, headers, content), content)
            else:
                self.send(status, headers, content)
        finally:
            close = getattr(chunks, "close", None)  # WSGI's word for: the answer has gone
            if close is not None:
                close()
        if self.unread:
            self.linger()

    def refuse(self, status: HTTPStatus, phrase: str = "") -> None:
        """Answer what is not HTTP with a plain status, and close."""
        self.closing = True
        with contextlib.suppress(OSError):
            self.send(f"{status.value} {(phrase or status.phrase).upper()[:80]}", [], b"")
            self.linger()

    def send(self, status: str, headers: list[tuple[str, str]], content: bytes) -> None:
        """Send an answer in one write."""
        head = self._head(status, headers, content)
        bodiless = self.method == "HEAD" or status.startswith(_WITHOUT_BODY)
        self.socket.sendall(head if bodiless else head + content)

    def linger(self) -> None:
        """Read on after the last answer: to close on a client that still sends would take the answer from it."""
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_WR)
            self.socket.settimeout(_LINGER)
            for _ in range(DRAIN_LIMIT // PIECE):
                if not self.socket.recv(PIECE):
                    return

    def _stream(self, status: str, headers: list[tuple[str, str]], chunks: Generator[bytes, None, None]) -> None:
        """Send piece after piece, until there is no more or the client has gone; the close is the end."""
        self.closing = True
        with contextlib.closing(chunks):
            self.socket.sendall(self._head(status, headers, None))
            for chunk in chunks:
                self.socket.sendall(chunk)

    def _wire(self, ended: threading.Event) -> ConnectionWire:
        wire = self._last_wire = ConnectionWire(self.socket, ended)
        return wire

    def _head(self, status: str, headers: list[tuple[str, str]], content: bytes | None) -> bytes:
        """The head of an answer; without ``content``, of one whose length is not known."""
        lines = [f"HTTP/1.1 {status}\r\nDate: {self.server.date()}\r\n"]
        lines += [f"{name}: {value}\r\n" for name, value in headers]
        bodiless = status.startswith(_WITHOUT_BODY)
        if content is not None and not bodiless and not any(name == "Content-Length" for name, _ in headers):
            lines.append(f"Content-Length: {len(content)}\r\n")
        if self.closing:
            lines.append("Connection: close\r\n")
        elif self.version == "HTTP/1.0":
            lines.append("Connection: keep-alive\r\n")
        lines.append("\r\n")
        return "".join(lines).encode("latin-1", "replace")
