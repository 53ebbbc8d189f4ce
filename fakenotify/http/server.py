"""The server: werkzeug's request handler on kept connections, one write an answer, and a stop that wakes it at once.

The laws: the body of a request is read to its end (or the connection closed) before the answer is sent, so that a kept
connection is always in step; and nothing here polls.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import sys
import threading
from collections.abc import Callable, Iterable
from http.client import responses
from io import BytesIO
from time import sleep
from typing import IO, TYPE_CHECKING, Any, cast

from werkzeug.serving import DechunkedInput, WSGIRequestHandler

from fakenotify.http.app import BODY_LIMIT, CONTROL_BODY_LIMIT, is_control

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

REQUEST_TIMEOUT = 10.0
"""Seconds that a request may take to arrive once its first byte is here; an idle connection waits for ever."""

_DRAIN_LIMIT = 16 * BODY_LIMIT
_BACKLOG = 512
_NO_DESCRIPTOR = 0.02
_WITHOUT_BODY = ("1", "204", "304")


class RequestHandler(WSGIRequestHandler):
    """Serves one connection, request after request."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Server  # type: ignore[assignment]  # ours stands in for werkzeug's

    server_version = "fakenotify"

    def handle_one_request(self) -> None:
        """Wait for a request as long as it takes, then give it ``REQUEST_TIMEOUT`` to arrive."""
        self.connection.settimeout(None)
        if not self.rfile.peek(1):  # type: ignore[attr-defined]  # rfile is a BufferedReader
            self.close_connection = True
            return
        self.connection.settimeout(REQUEST_TIMEOUT)
        super().handle_one_request()

    def run_wsgi(self) -> None:
        """Read the whole request, ask the application, send the whole answer at once."""
        self.environ = environ = self.make_environ()
        try:
            body = self._read_body()
        except (ValueError, OSError):  # a length that is no number, a chunk that is none, or a body that never came
            self.send_error(400)
            return
        environ["wsgi.input"] = BytesIO(body)
        environ["wsgi.input_terminated"] = True
        try:
            status, headers, content = _call(self.server.app, environ)
        except Exception as error:
            self.server.report(error)
            status, headers, content = "500 INTERNAL SERVER ERROR", [("Content-Length", "0")], b""
        self._send(status, headers, content)

    def _read_body(self) -> bytes:
        """The body, up to one byte over the limit; what is beyond is drained, or the connection will close."""
        limit = CONTROL_BODY_LIMIT if is_control(self.path) else BODY_LIMIT
        codings = self.headers.get_all("Transfer-Encoding")
        lengths = self.headers.get_all("Content-Length")
        if codings is not None:
            if lengths is not None or codings != ["chunked"]:
                self.close_connection = True  # two ideas of the body's end must not share a connection
            stream: Any = DechunkedInput(cast(IO[bytes], self.rfile))
            body: bytes = stream.read(limit + 1)
            if len(body) > limit:
                self._drain(stream, _DRAIN_LIMIT)
                self.close_connection = True
            return body
        if lengths is None:
            return b""
        length = _length(lengths)
        body = self.rfile.read(min(length, limit + 1))
        if len(body) < min(length, limit + 1):
            raise ValueError("the client left before its body was here")
        if length > limit:
            self._drain(self.rfile, min(length - len(body), _DRAIN_LIMIT))
            self.close_connection = True
        return body

    @staticmethod
    def _drain(stream: Any, most: int) -> None:
        """Read on, so that the client gets round to reading our answer."""
        with contextlib.suppress(OSError):
            while most > 0:
                piece = stream.read(min(most, 65536))
                if not piece:
                    return
                most -= len(piece)

    def _send(self, status: str, headers: list[tuple[str, str]], content: bytes) -> None:
        lines = [f"HTTP/1.1 {status}\r\nDate: {self.date_time_string()}\r\n"]
        lines += [f"{name}: {value}\r\n" for name, value in headers]
        has_length = any(name == "Content-Length" for name, _ in headers)
        if not has_length and not status.startswith(_WITHOUT_BODY):
            lines.append(f"Content-Length: {len(content)}\r\n")
        if self.close_connection:
            lines.append("Connection: close\r\n")
        lines.append("\r\n")
        self.connection.sendall("".join(lines).encode("latin-1", "replace") + content)

    def log(self, type: str, message: str, *args: Any) -> None:
        """Nothing: the journal knows."""

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer what is not HTTP with a plain status, and close."""
        self.close_connection = True
        with contextlib.suppress(OSError):
            self._send(f"{code} {(message or responses.get(code, 'Error')).upper()[:80]}", [], b"")


def _length(lengths: list[str]) -> int:
    """The one length that all ``Content-Length`` headers give. Raises ``ValueError``."""
    values = {value.strip() for value in lengths}
    if len(values) != 1:
        raise ValueError("several lengths")
    value = values.pop()
    if not (value.isascii() and value.isdigit()) or len(value) > 18:
        raise ValueError("not a length")
    return int(value)


def _call(app: Callable[..., Iterable[bytes]], environ: WSGIEnvironment) -> tuple[str, list[tuple[str, str]], bytes]:
    """Call a WSGI application and collect its answer."""
    started: list[Any] = []

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], object]:
        started[:] = [status, headers]
        return written.append

    written: list[bytes] = []
    chunks = app(environ, start_response)
    try:
        written.extend(chunks)
    finally:
        close = getattr(chunks, "close", None)
        if close is not None:
            close()
    return started[0], started[1], b"".join(written)


class Server:
    """A threaded server on a socket of its own. ``stop`` returns when no connection is answered any more.

    Raises ``OSError`` when the address can't be bound. All threads are daemons: they never keep the interpreter alive.
    """

    multithread = True
    multiprocess = False
    ssl_context = None
    passthrough_errors = False

    def __init__(self, app: Callable[..., Iterable[bytes]], host: str = "127.0.0.1", port: int = 0) -> None:
        self.app = app
        self.host = host
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_STREAM)
        try:
            if sys.platform == "win32":  # there SO_REUSEADDR would let two servers share a port
                self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
            else:
                self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._socket.bind((host, port))
            self._socket.listen(_BACKLOG)
            self._socket.setblocking(False)
        except BaseException:
            self._socket.close()
            raise
        self.server_address = self._socket.getsockname()
        self.port: int = self.server_address[1]
        self.errors: list[BaseException] = []
        self._connections: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._waker, self._wakened = socket.socketpair()
        self._thread = threading.Thread(target=self._serve, name=f"fakenotify:{self.port}", daemon=True)
        self._stopped = False

    def start(self) -> None:
        """Begin to accept; the socket has been listening since it was made."""
        self._thread.start()

    def stop(self) -> None:
        """Accept nothing more and close every connection, kept ones too."""
        with self._lock:
            if self._stopped:
                return
            self._stopped = True
            self._waker.send(b"x")
        if self._thread.ident is not None and self._thread is not threading.current_thread():
            self._thread.join()
        self._socket.close()
        with self._lock:
            for connection in self._connections:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        self._waker.close()
        self._wakened.close()

    def report(self, error: BaseException) -> None:
        """Keep an error of ours for whoever looks: the last hundred, and on stderr."""
        del self.errors[:-99]
        self.errors.append(error)
        sys.excepthook(type(error), error, error.__traceback__)

    def _serve(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._socket, selectors.EVENT_READ)
            selector.register(self._wakened, selectors.EVENT_READ)
            while True:
                ready = selector.select()
                if any(key.fileobj is self._wakened for key, _ in ready):
                    return
                try:
                    connection, address = self._socket.accept()
                except OSError:  # a client that left again, or no descriptor left: then wait for one
                    sleep(_NO_DESCRIPTOR)
                    continue
                self._open(connection, address)

    def _open(self, connection: socket.socket, address: Any) -> None:
        connection.setblocking(True)
        with self._lock:
            self._connections.add(connection)
        threading.Thread(target=self._answer, args=(connection, address), daemon=True).start()

    def _answer(self, connection: socket.socket, address: Any) -> None:
        try:
            RequestHandler(connection, address, self)  # type: ignore[arg-type]  # ours stands in for werkzeug's
        except OSError:
            pass  # the client is gone
        except Exception as error:
            self.report(error)
        finally:
            with self._lock:
                self._connections.discard(connection)
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_WR)
            connection.close()
