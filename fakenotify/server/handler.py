"""Every request whose head is not plain: read by the standard library and werkzeug, its body here.

``connection.read_plain`` reads the common heads; this reads all the others.
"""

from __future__ import annotations

from collections.abc import Iterator
from email.errors import FirstHeaderLineIsContinuationDefect, InvalidHeaderDefect, MissingHeaderBodySeparatorDefect
from http import HTTPStatus
from http.client import HTTPMessage
from io import BufferedIOBase
from typing import TYPE_CHECKING
from urllib.parse import quote

from werkzeug.serving import WSGIRequestHandler

from fakenotify.server.connection import DRAIN_LIMIT, PIECE, Connection
from fakenotify.server.wsgi import BODY_LIMIT, BOUND_HOST, CONTROL_BODY_LIMIT, is_control, target

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

_PRINTABLE = "".join(map(chr, range(0x20, 0x7F)))
_NO_HEADER = (FirstHeaderLineIsContinuationDefect, InvalidHeaderDefect, MissingHeaderBodySeparatorDefect)
_BLANK = " \t"
"""What may stand around a header's value; ``str.strip()`` would take more."""
_TRAILERS = 100


class Handler(WSGIRequestHandler):
    """Handles the next request of a connection, which may use all of HTTP/1."""

    protocol_version = "HTTP/1.1"
    server_version = "fakenotify"
    raw_requestline: bytes

    def __init__(self, owner: Connection) -> None:
        self.owner = owner
        super().__init__(owner.socket, owner.client_address, owner.server)  # type: ignore[arg-type]  # no WSGIServer,
        # but it has all that the handler asks for: an SSL context, an address, and whether there are other threads

    def setup(self) -> None:
        """Read from the connection's reader instead of opening another file."""
        self.connection = self.request
        self.rfile = self.owner.reader
        self.wfile = self.connection.makefile("wb", 0)

    def handle(self) -> None:
        """Handle one request; the connection asks for the next."""
        self.owner.unread = False
        self.close_connection = True
        self.handle_one_request()
        if self.close_connection:
            self.owner.closing = True

    def finish(self) -> None:
        """Leave the reader to the connection."""
        self.wfile.close()

    def parse_request(self) -> bool:
        """Read the head of a request; bytes of its first line that are not printable ASCII count as percent-encoded."""
        line = self.raw_requestline.rstrip(b"\r\n")
        if not line:  # some clients end a body with a line end too many
            self.close_connection = False
            return False
        self.raw_requestline = quote(line, safe=_PRINTABLE).encode()
        if not super().parse_request():
            return False
        if self.request_version == "HTTP/0.9":  # CPython from 3.14 on makes an empty dictionary of its headers
            self.headers = HTTPMessage()
        if any(isinstance(defect, _NO_HEADER) for defect in self.headers.defects):
            self.send_error(HTTPStatus.BAD_REQUEST)  # what follows such a line is lost, the length of the body perhaps
            return False
        if "close" in [word.strip().lower() for word in self.headers.get("Connection", "").split(",")]:
            self.close_connection = True
        self.owner.begin(self.command, self.request_version, closing=self.close_connection)
        return True

    def run_wsgi(self) -> None:
        """Read the body and let the application answer."""
        try:
            environ = self.make_environ()
            body = self._read_body(CONTROL_BODY_LIMIT if is_control(target(environ)[0]) else BODY_LIMIT)
        except (ValueError, OSError):  # an invalid URL, length or chunk, or a body that never arrives
            self.send_error(HTTPStatus.BAD_REQUEST)
            return
        self.owner.respond(environ, body)

    def make_environ(self) -> WSGIEnvironment:
        """What werkzeug makes of a request, with the target as it was sent: ``self.path`` lacks double slashes."""
        environ = super().make_environ()
        environ["RAW_URI"] = environ["REQUEST_URI"] = self.requestline.split()[1]
        environ[BOUND_HOST] = self.owner.server.host
        return environ

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer what is not HTTP with just a status, and close."""
        self.close_connection = True
        self.owner.refuse(HTTPStatus(code), message or "")

    def log(self, type: str, message: str, *args: object) -> None:
        """Log nothing: the journal has the requests."""

    def _read_body(self, limit: int) -> bytes:
        """The body, up to one byte over the limit; what is beyond is drained, and the connection will close."""
        codings = self.headers.get_all("Transfer-Encoding")
        lengths = self.headers.get_all("Content-Length")
        if codings is not None:
            if [coding.strip(_BLANK).lower() for coding in codings] != ["chunked"]:
                raise ValueError("a coding that nobody decodes")
            if lengths is not None:
                self.owner.closing = True  # client and server could disagree on where the body ends
            arriving = read_chunks(self.rfile)
        elif lengths is not None:
            arriving = read_pieces(self.rfile, read_length(lengths))
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


def read_length(lengths: list[str]) -> int:
    """The one length that all ``Content-Length`` headers give. Raises ``ValueError``."""
    values = {value.strip(_BLANK) for value in lengths}
    if len(values) != 1:
        raise ValueError("several lengths")
    value = values.pop()
    if not (value.isascii() and value.isdigit()) or len(value) > 18:
        raise ValueError("not a length")
    return int(value)


def read_pieces(stream: BufferedIOBase, length: int) -> Iterator[bytes]:
    """A body of a known length, piece by piece. Raises ``ValueError`` if it is cut short."""
    while length:
        piece = stream.read(min(length, PIECE))
        if not piece:
            raise ValueError("the client left before its body was here")
        length -= len(piece)
        yield piece


def read_chunks(stream: BufferedIOBase) -> Iterator[bytes]:
    """A chunked body, piece by piece; extensions and trailers are passed over. Raises ``ValueError``."""
    while size := _chunk_size(_line(stream)):
        yield from read_pieces(stream, size)
        if _line(stream):
            raise ValueError("a chunk longer than its size")
    for _ in range(_TRAILERS):
        if not _line(stream):
            return
    raise ValueError("too many trailers")


def _chunk_size(line: bytes) -> int:
    digits = line.partition(b";")[0].rstrip(_BLANK.encode())
    if not digits.isalnum() or len(digits) > 16:  # int() would take signs, underscores and 0x as well
        raise ValueError("not a size")
    return int(b"0" + digits, 16)


def _line(stream: BufferedIOBase) -> bytes:
    """A line without its end, which is CR LF: another reader might take a bare LF or CR for something else."""
    line = stream.readline(PIECE)
    if not line.endswith(b"\r\n") or b"\r" in line[:-2]:
        raise ValueError("a line without an end")
    return line[:-2]
