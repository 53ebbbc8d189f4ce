"""A request whose head is not plain: the standard library reads it, werkzeug makes the environ of it."""

from __future__ import annotations

from email.errors import FirstHeaderLineIsContinuationDefect, InvalidHeaderDefect, MissingHeaderBodySeparatorDefect
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from werkzeug.serving import WSGIRequestHandler

from fakenotify.server.body import chunks, pieces, read_length
from fakenotify.server.connection import DRAIN_LIMIT, Connection
from fakenotify.server.wsgi import BODY_LIMIT, CONTROL_BODY_LIMIT, is_control, target

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

_LONGEST_LINE = 65536
_PRINTABLE = "".join(map(chr, range(0x20, 0x7F)))
_NO_HEADER = (FirstHeaderLineIsContinuationDefect, InvalidHeaderDefect, MissingHeaderBodySeparatorDefect)


class StandardRequest(BaseHTTPRequestHandler):
    """The next request of a connection, which may use any of HTTP/1."""

    protocol_version = "HTTP/1.1"
    server_version = "fakenotify"

    def __init__(self, owner: Connection) -> None:
        self.owner = owner  # and no super().__init__(), which would serve a whole connection of its own
        self.connection = owner.socket
        self.rfile = owner.reader
        self.client_address = owner.client_address
        self.server = owner.server  # type: ignore[assignment]  # werkzeug asks it for no more than it has

    def answer(self) -> None:
        """Read the request and answer it."""
        self.owner.unread = False
        self.raw_requestline = self.rfile.readline(_LONGEST_LINE + 1)
        if len(self.raw_requestline) > _LONGEST_LINE:
            self.send_error(HTTPStatus.REQUEST_URI_TOO_LONG)
            return
        parsed = self.parse_request()
        self.owner.closing = self.close_connection
        if parsed:
            self.owner.method, self.owner.version = self.command, self.request_version
            self.ask()

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
            self.send_error(HTTPStatus.BAD_REQUEST)  # what follows such a line is lost, the length of the body perhaps
            return False
        if "close" in [word.strip().lower() for word in self.headers.get("Connection", "").split(",")]:
            self.close_connection = True
        return True

    def handle_expect_100(self) -> bool:
        """Tell a client that waits for it to send its body."""
        self.connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        return True

    def ask(self) -> None:
        """Read the body, which may come in any form, and let the application answer."""
        try:
            environ = self.make_environ()
            environ["RAW_URI"] = environ["REQUEST_URI"] = self.requestline.split()[1]  # self.path lacks double slashes
            body = self._read_body(CONTROL_BODY_LIMIT if is_control(target(environ)[0]) else BODY_LIMIT)
        except (ValueError, OSError):  # no URL, a length or chunk that is none, a body that never came
            self.send_error(HTTPStatus.BAD_REQUEST)
            return
        self.owner.respond(environ, body)

    def _read_body(self, limit: int) -> bytes:
        """The body, up to one byte over the limit; what is beyond is drained, and the connection will close."""
        codings = self.headers.get_all("Transfer-Encoding")
        lengths = self.headers.get_all("Content-Length")
        if codings is not None:
            if [coding.strip().lower() for coding in codings] != ["chunked"]:
                raise ValueError("a coding that nobody decodes")
            if lengths is not None:
                self.owner.closing = True  # two ideas of the body's end must not share a connection
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
                if arrived > limit + DRAIN_LIMIT:
                    break
        except (ValueError, OSError):
            if arrived <= limit:
                raise
        if arrived > limit:
            self.owner.closing = self.owner.unread = True
        return bytes(body)

    def make_environ(self) -> WSGIEnvironment:
        """What werkzeug makes of a request that is not plain."""
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
        self.owner.refuse(HTTPStatus(code), message or "")
