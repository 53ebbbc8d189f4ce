"""One connection: request after request, and one write for each answer.

The body of a request is read to its end (or the connection closed) before the answer is sent, so that a kept
connection stays in sync.
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
import socket
import struct
import sys
from collections.abc import Callable, Iterable, Iterator
from http import HTTPStatus
from io import BytesIO
from typing import TYPE_CHECKING, Any, Protocol

from fakenotify.server.doors import BOUND_HOST
from fakenotify.server.head import Head, read_plain
from fakenotify.server.wsgi import BODY_LIMIT, BROKEN, WIRE, call_app

if TYPE_CHECKING:
    import ssl
    import threading

    from _typeshed.wsgi import WSGIEnvironment

    from fakenotify.faults.kinds import Fault

REQUEST_TIMEOUT = 10.0
"""Seconds without data after which a partly received request is abandoned; an idle connection may stay open."""

PIECE = 65536
DRAIN_LIMIT = 16 * BODY_LIMIT
_LINGER = 1.0
_LOOK_AFTER = 0.02
_NO_DESCRIPTOR = (errno.EMFILE, errno.ENFILE)
_WITHOUT_BODY = ("1", "204", "304")


class Serving(Protocol):
    """What a connection asks of the server that it belongs to."""

    app: Callable[..., Iterable[bytes]]
    host: str
    ssl_context: ssl.SSLContext | None
    server_address: Any
    ended: threading.Event
    multithread: bool
    multiprocess: bool

    def date(self) -> str:
        """The value of ``Date``."""

    def report(self, error: BaseException) -> None:
        """Record an error of the fake's."""


class Connection:
    """Serves one connection. Plain heads are read here, all others by ``Handler``."""

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
        """Answer until the connection ends. Raises ``OSError`` if the client has closed it."""
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
        if head is not None:
            self._answer_plain(head)
            return
        try:
            self.handle()
        except (OSError, ImportError) as error:
            if not _lacks_descriptors(error):
                raise
            self.refuse(HTTPStatus.SERVICE_UNAVAILABLE)  # the handler could not be loaded

    def handle(self) -> None:
        """Read a request with any head, and answer it."""
        from fakenotify.server.handler import Handler  # start-up time: werkzeug would double the time to a first answer

        Handler(self)

    def begin(self, method: str, version: str, *, closing: bool) -> None:
        """Note what the answer to the next request depends on."""
        self.method, self.version, self.closing = method, version, closing

    def _answer_plain(self, head: Head) -> None:
        """Answer a request whose head was plain."""
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
            BOUND_HOST: self.server.host,
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
        """Call the application and send its answer: all of it at once, or piece by piece if it comes as an iterator."""
        environ["wsgi.input"] = BytesIO(body)
        environ["wsgi.input_terminated"] = True
        environ[WIRE] = self._wire
        self._last_wire = None  # it is made only for a fault
        chunks: Iterable[bytes] = ()
        try:
            try:
                status, headers, chunks = call_app(self.server.app, environ)
                content = b"" if isinstance(chunks, Iterator) else b"".join(chunks)
            except Exception as error:
                status, headers, content = self._failure(error), [("Content-Length", "0")], b""
            else:
                if isinstance(chunks, Iterator):
                    self._stream(status, headers, chunks)
                    return
            broken: Fault | None = environ.get(BROKEN)
            if broken is not None:
                self.closing = True
                wire = self._last_wire or self._wire(self.server.ended)
                broken.break_answer(wire, self._head(status, headers, content), content)
            else:
                self.send(status, headers, content)
        finally:
            close = getattr(chunks, "close", None)  # WSGI: called after the answer has been sent
            if close is not None:
                close()
        if self.unread:
            self.linger()

    def _failure(self, error: Exception) -> str:
        """The status of an error of ours, which is reported unless a lack of descriptors explains it."""
        if _lacks_descriptors(error):
            return "503 SERVICE UNAVAILABLE"
        self.server.report(error)
        return "500 INTERNAL SERVER ERROR"

    def refuse(self, status: HTTPStatus, phrase: str = "") -> None:
        """Answer what is not HTTP with a plain status, and close."""
        self.closing = True
        with contextlib.suppress(OSError):
            self.send(f"{status.value} {(phrase or status.phrase).upper()[:80]}", [], b"")
            self.linger()

    def send(self, status: str, headers: list[tuple[str, str]], content: bytes) -> None:
        """Send an answer in one write."""
        head = self._head(status, headers, content)
        send_all(self.socket, head + content if self._has_body(status) else head)

    def linger(self) -> None:
        """Read on after the last answer: to close on a client that still sends would take the answer from it."""
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_WR)
            self.socket.settimeout(_LINGER)
            for _ in range(DRAIN_LIMIT // PIECE):
                if not self.socket.recv(PIECE):
                    return

    def _stream(self, status: str, headers: list[tuple[str, str]], pieces: Iterator[bytes]) -> None:
        """Send piece after piece until there is no more or the client has disconnected.

        Where the length isn't known, HTTP/1.1 gets chunks; for HTTP/1.0 the end of the answer is the close.
        """
        chunked = False
        if self._has_body(status) and not any(name == "Content-Length" for name, _ in headers):
            chunked = self.version == "HTTP/1.1"
            if chunked:
                headers = [*headers, ("Transfer-Encoding", "chunked")]
            else:
                self.closing = True
        send_all(self.socket, self._head(status, headers, None))
        if not self._has_body(status):
            return
        try:
            for piece in pieces:
                if piece:  # an empty chunk would be the last
                    send_all(self.socket, b"%X\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
        except BaseException:
            self.closing = True  # the client sees that the end is missing
            raise
        if chunked:
            self.socket.sendall(b"0\r\n\r\n")

    def _has_body(self, status: str) -> bool:
        return self.method != "HEAD" and not status.startswith(_WITHOUT_BODY)

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


def _lacks_descriptors(error: Exception) -> bool:
    """Whether the process has no file descriptor left, so that a module could not be imported."""
    if isinstance(error, OSError):
        return error.errno in _NO_DESCRIPTOR
    return isinstance(error, ImportError) and os.strerror(errno.EMFILE) in str(error)  # as dlopen says it


def send_all(connection: socket.socket, data: bytes) -> None:
    """Send everything; the socket's timeout limits each silence of the client, not (as in ``sendall``) the whole."""
    sent = connection.send(data)
    if sent < len(data):
        rest = memoryview(data)
        while sent < len(data):
            sent += connection.send(rest[sent:])


class ConnectionWire:
    """A connection, for the faults that act on it; ``ended`` is set when all pauses must end."""

    def __init__(self, connection: socket.socket, ended: threading.Event) -> None:
        self._connection = connection
        self._ended = ended

    def pause(self, seconds: float | None) -> None:
        """Wait; None: until the client disconnects, which is checked fifty times a second, and only in a stall."""
        if seconds is not None:
            self._ended.wait(seconds)
            return
        while not self._ended.wait(_LOOK_AFTER) and self._is_open():
            pass

    def _is_open(self) -> bool:
        try:
            readable, _, _ = select.select([self._connection], [], [], 0)
            return not readable or bool(self._connection.recv(1, socket.MSG_PEEK))
        except (OSError, ValueError):
            return False

    def send(self, data: bytes) -> None:
        """Send bytes."""
        send_all(self._connection, data)

    def reset(self) -> None:
        """Close at once, with a reset."""
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        socket.close(self._connection.detach())
