"""One connection: request after request, and one write for each answer.

The body of a request is read to its end (or the connection closed) before the answer is sent, so that a kept
connection stays in sync.

The head of a plain request, as common clients send it, is read here in one step, and ``Handler`` reads all others. Both
read it in the same way (a test compares them); the quick path saves half of a request's time.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import select
import socket
import struct
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus
from io import BufferedReader, BytesIO
from typing import TYPE_CHECKING, Any, Protocol, cast

from fakenotify.core.listeners import Ending
from fakenotify.server.wsgi import BODY_LIMIT, BOUND_HOST, BROKEN, WIRE, call_app

if TYPE_CHECKING:
    import ssl
    import threading

    from _typeshed.wsgi import WSGIEnvironment

    from fakenotify.faults.kinds import Fault

REQUEST_TIMEOUT = 10.0
"""Seconds without data after which a partly received request is abandoned; an idle connection may stay open."""

PIECE = 65536
DRAIN_LIMIT = 16 * BODY_LIMIT
_BUFFER = 8192
"""A plain head is no longer than this; CPython's own default differs between versions."""
_LINGER = 1.0
_LOOK_AFTER = 0.02
_NO_DESCRIPTOR = (errno.EMFILE, errno.ENFILE)
_WITHOUT_BODY = ("1", "204", "304")

_REQUEST = re.compile(r"(GET|POST|DELETE) (/(?!/)[!-~]*) HTTP/1\.1")
_HEADER = re.compile(r"([A-Za-z0-9][A-Za-z0-9-]*):[ \t]*((?:[!-~](?:[ -~]*[!-~])?)?)")
_LONGEST_LENGTH = 7
_MOST_HEADERS = 60
_DOUBTED = frozenset(("TRANSFER_ENCODING", "EXPECT", "UPGRADE", "TRAILER"))


class Serving(Protocol):
    """What a connection asks of the server that it belongs to."""

    app: Callable[..., Iterable[bytes]]
    host: str
    ssl_context: ssl.SSLContext | None
    server_address: Any
    ended: Ending
    multithread: bool
    multiprocess: bool

    def date(self) -> str:
        """The value of ``Date``."""

    def report(self, error: BaseException) -> None:
        """Record an error of the fake's."""


class Connection:
    """Serves one connection."""

    def __init__(self, connection: socket.socket, client_address: Any, server: Serving) -> None:
        self.socket = connection
        self.client_address = client_address
        self.server = server
        self.method = "GET"
        self.version = "HTTP/1.1"
        self.closing = False
        """Whether the next answer is the last."""
        self.unread = False
        """Whether a part of this request's body is left unread."""
        self._last_wire: ConnectionWire | None = None

    def serve(self) -> None:
        """Answer until the connection ends. Raises ``OSError`` if the client has closed it."""
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
        with cast(BufferedReader, self.socket.makefile("rb", _BUFFER)) as self.reader:
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
        path, _, query = head.target.partition("?")
        environ = {  # what werkzeug's make_environ makes of such a head
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
        self.respond(environ, body)

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
                streamed = hasattr(chunks, "__next__")
                content = b"" if streamed else b"".join(chunks)
            except Exception as error:
                status, headers, content = self._failure(error), [("Content-Length", "0")], b""
            else:
                if streamed:
                    self._stream(status, headers, iter(chunks))
                    return
            broken: Fault | None = environ.get(BROKEN)
            if broken is not None:
                self.closing = True
                wire = self._last_wire or self._wire(self.server.ended.event)
                broken.break_answer(wire, self._head(status, headers, content)[0], content)
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
        head, has_body = self._head(status, headers, content)
        send_all(self.socket, head + content if has_body else head)

    def linger(self) -> None:
        """Read on after the last answer: closing while the client still sends would be a reset, and lose the answer."""
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
        if not any(name == "Content-Length" for name, _ in headers):
            chunked = self.version == "HTTP/1.1"
            if chunked:
                headers = [*headers, ("Transfer-Encoding", "chunked")]
            else:
                self.closing = True
        head, has_body = self._head(status, headers, None)
        send_all(self.socket, head)
        if not has_body:
            return
        for piece in pieces:  # what one raises closes the connection, so the client sees that the end is missing
            if piece:  # an empty chunk would be the last
                send_all(self.socket, b"%X\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
        if chunked:
            self.socket.sendall(b"0\r\n\r\n")

    def _wire(self, ended: threading.Event) -> ConnectionWire:
        wire = self._last_wire = ConnectionWire(self.socket, ended)
        return wire

    def _head(self, status: str, headers: list[tuple[str, str]], content: bytes | None) -> tuple[bytes, bool]:
        """The head of an answer, and whether a body follows. ``content`` is None if its length is not known."""
        lines = [f"HTTP/1.1 {status}\r\nDate: {self.server.date()}\r\n"]
        bodiless = status.startswith(_WITHOUT_BODY)
        length = None if content is None or bodiless else len(content)
        for name, value in headers:
            lines.append(f"{name}: {value}\r\n")
            if name == "Content-Length":
                length = None
        if length is not None:
            lines.append(f"Content-Length: {length}\r\n")
        if self.closing:
            lines.append("Connection: close\r\n")
        elif self.version == "HTTP/1.0":
            lines.append("Connection: keep-alive\r\n")
        lines.append("\r\n")
        return "".join(lines).encode("latin-1", "replace"), not bodiless and self.method != "HEAD"


def _lacks_descriptors(error: Exception) -> bool:
    """Whether the process has no file descriptor left, so that a module could not be imported."""
    if isinstance(error, OSError):
        return error.errno in _NO_DESCRIPTOR
    return isinstance(error, ImportError) and os.strerror(errno.EMFILE) in str(error)  # dlopen's wording


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


@dataclass(slots=True)
class Head:
    """A head: ``headers`` with a WSGI environ's names, ``size`` in bytes, ``length`` of the body that follows."""

    method: str
    target: str
    headers: dict[str, str]
    size: int
    length: int


def read_plain(arrived: bytes, largest: int) -> Head | None:
    """Read the head at the beginning of what has arrived; None for one that is not plain, or not whole.

    A body of more than ``largest`` bytes is not plain either.
    """
    size = arrived.find(b"\r\n\r\n")
    if size < 0:
        return None
    first, *lines = arrived[:size].decode("latin-1").split("\r\n")
    request = _REQUEST.fullmatch(first)
    if request is None or len(lines) > _MOST_HEADERS:
        return None
    method, target = request.groups()
    if "%" in target or "#" in target:
        return None
    headers: dict[str, str] = {}
    for line in lines:
        header = _read_header(line)
        if header is None:
            return None
        name, value = header
        if name in headers:
            return None
        headers[name] = value
    length = headers.get("CONTENT_LENGTH", "0")
    if len(length) > _LONGEST_LENGTH or not length.isdigit() or int(length) > largest:
        return None
    return Head(method, target, headers, size + 4, int(length))


@lru_cache(maxsize=512)
def _read_header(line: str) -> tuple[str, str] | None:
    """A header's name in a WSGI environ, and its value; clients send the same few lines again and again."""
    match = _HEADER.fullmatch(line)
    if match is None:
        return None
    name, value = match[1].upper().replace("-", "_"), match[2]
    if name in _DOUBTED or (name == "CONNECTION" and value.lower() != "keep-alive"):
        return None
    return (name if name in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{name}"), value
