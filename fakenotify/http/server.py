"""The server: requests on kept connections, one write an answer, and a stop that wakes it at once.

The laws: the body of a request is read to its end (or the connection closed) before the answer is sent, so that a kept
connection is always in step; and nothing here polls.
"""

from __future__ import annotations

import contextlib
import errno
import selectors
import socket
import sys
import threading
from collections.abc import Callable, Generator, Iterable
from email.errors import FirstHeaderLineIsContinuationDefect, InvalidHeaderDefect, MissingHeaderBodySeparatorDefect
from http.client import responses
from http.server import BaseHTTPRequestHandler
from io import BytesIO
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from fakenotify.http.app import BODY_LIMIT, BROKEN, CONTROL_BODY_LIMIT, WIRE, call_app, is_control, target
from fakenotify.http.body import PIECE, chunks, pieces, read_length
from fakenotify.http.head import Head, read_plain
from fakenotify.http.wire import ConnectionWire

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

    from fakenotify.faults import Fault

REQUEST_TIMEOUT = 10.0
"""Seconds of silence after which a request that has begun to arrive is given up; an idle connection waits for ever."""

_DRAIN_LIMIT = 16 * BODY_LIMIT
_LINGER = 1.0
_BACKLOG = 512
_NO_DESCRIPTOR = 0.02
_LAST_ANSWERS = 0.25
_DATE_LASTS = 0.2
_WITHOUT_BODY = ("1", "204", "304")
_PRINTABLE = "".join(map(chr, range(0x20, 0x7F)))
_NO_HEADER = (FirstHeaderLineIsContinuationDefect, InvalidHeaderDefect, MissingHeaderBodySeparatorDefect)


class RequestHandler(BaseHTTPRequestHandler):
    """Serves one connection, request after request.

    The standard library reads what is not plain, and werkzeug makes the environ of it. It is loaded with the first such
    request, since it would double the time until a first answer.
    """

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Server  # type: ignore[assignment]  # ours stands in for socketserver's

    server_version = "fakenotify"
    raw_requestline: bytes

    def handle_one_request(self) -> None:
        """Wait for a request as long as it takes, then give it ``REQUEST_TIMEOUT`` to arrive."""
        self.connection.settimeout(None)
        arrived = self.rfile.peek(1)  # type: ignore[attr-defined]  # rfile is a BufferedReader
        if not arrived:
            self.close_connection = True
            return
        self.connection.settimeout(REQUEST_TIMEOUT)
        head = read_plain(arrived, BODY_LIMIT)
        if head is None:
            super().handle_one_request()
        else:
            self._answer_plain(head)

    def _answer_plain(self, head: Head) -> None:
        """The quick way: a head that was read at a glance."""
        self.command, self.path, self.request_version = head.method, head.target, "HTTP/1.1"
        self.requestline = f"{head.method} {head.target} HTTP/1.1"
        self.close_connection = self._unread = False
        self.rfile.read(head.size)
        body = self.rfile.read(head.length) if head.length else b""
        if len(body) < head.length:
            self.send_error(400)
            return
        self.environ = environ = self._plain_environ(head)
        self._respond(environ, body)

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
            "werkzeug.socket": self.connection,
            "SERVER_SOFTWARE": self.server_version,
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

    def parse_request(self) -> bool:
        """Read the head of a request; what in its first line is not printable ASCII counts as percent-encoded."""
        line = self.raw_requestline.rstrip(b"\r\n")
        if not line:  # some clients end a body with a line end too many
            self.close_connection = False
            return False
        self.raw_requestline = quote(line, safe=_PRINTABLE).encode()
        if not super().parse_request():
            return False
        if any(isinstance(defect, _NO_HEADER) for defect in self.headers.defects):
            self.send_error(400)  # what follows such a line is lost, the length of the body perhaps
            return False
        if "close" in [word.strip().lower() for word in self.headers.get("Connection", "").split(",")]:
            self.close_connection = True
        return True

    def run_wsgi(self) -> None:
        """The slow way, for every head: the body may come in any form."""
        self._unread = False
        try:
            self.environ = environ = self.make_environ()
            environ["RAW_URI"] = environ["REQUEST_URI"] = self.requestline.split()[1]  # self.path lacks double slashes
            body = self._read_body(CONTROL_BODY_LIMIT if is_control(target(environ)[0]) else BODY_LIMIT)
        except (ValueError, OSError):  # no URL, a length or chunk that is none, a body that never came
            self.send_error(400)
            return
        self._respond(environ, body)

    def _respond(self, environ: WSGIEnvironment, body: bytes) -> None:
        """Ask the application, send the whole answer at once."""
        environ["wsgi.input"] = BytesIO(body)
        environ["wsgi.input_terminated"] = True
        environ[WIRE] = self._wire
        self._wire(self.server.ended)
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
                self.close_connection = True
                broken.break_answer(self._last_wire, self._head(status, headers, content), content)
            else:
                self._send(status, headers, content)
        finally:
            close = getattr(chunks, "close", None)  # WSGI's word for: the answer has gone
            if close is not None:
                close()
        if self._unread:
            self._linger()

    def _read_body(self, limit: int) -> bytes:
        """The body, up to one byte over the limit; what is beyond is drained, and the connection will close."""
        codings = self.headers.get_all("Transfer-Encoding")
        lengths = self.headers.get_all("Content-Length")
        if codings is not None:
            if [coding.strip().lower() for coding in codings] != ["chunked"]:
                raise ValueError("a coding that nobody decodes")
            if lengths is not None:
                self.close_connection = True  # two ideas of the body's end must not share a connection
            arriving = chunks(self.rfile)
        elif lengths is not None:
            arriving = pieces(self.rfile, read_length(lengths))
        else:
            return b""
        body = bytearray()
        arrived = 0
        try:
            for piece in arriving:
                arrived += len(piece)
                body += piece[: limit + 1 - len(body)]
                if arrived > limit + _DRAIN_LIMIT:
                    break
        except (ValueError, OSError):
            if arrived <= limit:
                raise
        if arrived > limit:
            self.close_connection = self._unread = True
        return bytes(body)

    def _linger(self) -> None:
        """Read on after the last answer: to close on a client that still sends would take the answer from it."""
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_WR)
            self.connection.settimeout(_LINGER)
            for _ in range(_DRAIN_LIMIT // PIECE):
                if not self.connection.recv(PIECE):
                    return

    def _stream(self, status: str, headers: list[tuple[str, str]], chunks: Generator[bytes, None, None]) -> None:
        """Send piece after piece, until there is no more or the client has gone; the close is the end."""
        self.close_connection = True
        with contextlib.closing(chunks):
            self.connection.sendall(self._head(status, headers, None))
            for chunk in chunks:
                self.connection.sendall(chunk)

    def _wire(self, ended: threading.Event) -> ConnectionWire:
        self._last_wire = ConnectionWire(self.connection, ended)
        return self._last_wire

    def _send(self, status: str, headers: list[tuple[str, str]], content: bytes) -> None:
        head = self._head(status, headers, content)
        bodiless = self.command == "HEAD" or status.startswith(_WITHOUT_BODY)
        self.connection.sendall(head if bodiless else head + content)

    def _head(self, status: str, headers: list[tuple[str, str]], content: bytes | None) -> bytes:
        """The head of an answer; without ``content``, of one whose length is not known."""
        lines = [f"HTTP/1.1 {status}\r\nDate: {self.server.date(self)}\r\n"]
        lines += [f"{name}: {value}\r\n" for name, value in headers]
        bodiless = status.startswith(_WITHOUT_BODY)
        if content is not None and not bodiless and not any(name == "Content-Length" for name, _ in headers):
            lines.append(f"Content-Length: {len(content)}\r\n")
        if self.close_connection:
            lines.append("Connection: close\r\n")
        elif self.request_version == "HTTP/1.0":
            lines.append("Connection: keep-alive\r\n")
        lines.append("\r\n")
        return "".join(lines).encode("latin-1", "replace")

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):  # whatever the method, the application answers
            return self.run_wsgi
        raise AttributeError(name)

    def make_environ(self) -> WSGIEnvironment:
        """What werkzeug makes of a request that is not plain."""
        from werkzeug.serving import WSGIRequestHandler

        return WSGIRequestHandler.make_environ(self)  # type: ignore[arg-type]  # it has all that is asked for

    def address_string(self) -> str:
        """Whose request it is, as werkzeug asks."""
        return str(self.client_address[0])

    def port_integer(self) -> int:
        """From which port it comes, as werkzeug asks."""
        return int(self.client_address[1])

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the journal knows."""

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer what is not HTTP with a plain status, and close."""
        self.close_connection = True
        with contextlib.suppress(OSError):
            self._send(f"{code} {(message or responses.get(code, 'Error')).upper()[:80]}", [], b"")
            self._linger()


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
            if sys.platform == "win32":  # pragma: no cover  # there SO_REUSEADDR would let two servers share a port
                self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
            else:
                self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._socket.bind((host, port))
            self._socket.listen(_BACKLOG)
            self._socket.setblocking(False)
        except (OverflowError, TypeError, UnicodeError) as error:  # a port or a host that no socket would take
            self._socket.close()
            raise OSError(errno.EINVAL, str(error)) from None
        except BaseException:
            self._socket.close()
            raise
        self.server_address = self._socket.getsockname()
        self.port: int = self.server_address[1]
        self.errors: list[BaseException] = []
        self._date = (0.0, "")
        self.ended = threading.Event()
        self._connections: dict[socket.socket, threading.Thread] = {}
        self._lock = threading.Lock()
        self._waker, self._wakened = socket.socketpair()
        self._thread = threading.Thread(target=self._serve, name=f"fakenotify:{self.port}", daemon=True)
        self._stopped = False

    def start(self) -> None:
        """Begin to accept; the socket has been listening since it was made."""
        self._thread.start()

    def stop(self) -> None:
        """Accept nothing more and close every connection, kept ones too; an application that hangs is left behind."""
        with self._lock:
            if self._stopped:
                return
            self._stopped = True
            self.ended.set()
            self._waker.send(b"x")
        if self._thread.ident is not None and self._thread is not threading.current_thread():
            self._thread.join()
        self._socket.close()
        with self._lock:
            threads = list(self._connections.values())
            for connection in self._connections:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        latest = monotonic() + _LAST_ANSWERS
        for thread in threads:
            if thread is not threading.current_thread():
                thread.join(max(0, latest - monotonic()))
        self._waker.close()
        self._wakened.close()

    def date(self, handler: RequestHandler) -> str:
        """The value of ``Date``, made anew a few times a second."""
        now = monotonic()
        if now > self._date[0]:
            self._date = (now + _DATE_LASTS, handler.date_time_string())
        return self._date[1]

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
        thread = threading.Thread(target=self._answer, args=(connection, address), daemon=True)
        with self._lock:
            self._connections[connection] = thread
        try:
            thread.start()
        except RuntimeError:  # no thread left: this client is turned away, the next may find one
            self._close(connection)

    def _answer(self, connection: socket.socket, address: Any) -> None:
        try:
            RequestHandler(connection, address, self)  # type: ignore[arg-type]  # ours stands in for werkzeug's
        except OSError:
            pass  # the client is gone
        except Exception as error:
            self.report(error)
        finally:
            self._close(connection)

    def _close(self, connection: socket.socket) -> None:
        with self._lock:
            self._connections.pop(connection, None)
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_WR)
        connection.close()
