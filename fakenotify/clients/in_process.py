"""A request to the fake without a socket: the same application, called as WSGI."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes, urlencode

from fakenotify.core.clock import http_date
from fakenotify.core.params import Form
from fakenotify.faults.wire import Broken, NoPause, Wire
from fakenotify.server.wsgi import BROKEN, DECODED, FORM, WIRE, call_app

if TYPE_CHECKING:
    from fakenotify.faults.kinds import Fault

App = Callable[..., Iterable[bytes]]

_SHORT = 4_096


@dataclass(slots=True)
class Reply:
    """An answer."""

    status: int
    reason: str
    headers: list[tuple[str, str]]
    body: bytes


@lru_cache(maxsize=256)
def _environ_name(header: str) -> str:
    """A header's name in a WSGI environ."""
    key = header.upper().replace("-", "_")
    return key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"


@lru_cache(maxsize=256)
def _environ_of(url: str) -> dict[str, Any]:
    """What a WSGI environ has from an absolute URL alone; a client asks for the same few again and again."""
    scheme, _, rest = url.partition("#")[0].partition("://")
    host, slash, path = rest.partition("/")
    target = slash + path or "/"
    plain, _, query = target.partition("?")
    return {
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(plain).decode("latin-1") if "%" in plain or not plain.isascii() else plain,
        "QUERY_STRING": query,
        "RAW_URI": target,
        "HTTP_HOST": host,
        "SERVER_NAME": host.partition(":")[0],
        "SERVER_PORT": host.partition(":")[2] or ("443" if scheme == "https" else "80"),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scheme,
        "wsgi.input_terminated": True,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }


def call(
    app: App, method: str, url: str, headers: Mapping[str, str], body: bytes | Form, *, timeout: float | None = None
) -> Reply:
    """Send ``app`` a request for an absolute ``url``. Raises ``Broken`` if a fault leaves no answer, or half of one.

    No time passes: a pause of at least ``timeout`` seconds (None: no limit) raises ``Broken("stall")`` at once.
    """
    wire = NoPause(timeout)
    reply, broken = exchange(app, method, url, headers, body, wire)
    if broken is not None:
        if not broken.needs_answer:
            raise Broken(broken.kind)
        broken.break_answer(wire, b"", reply.body)
    return reply


def exchange(
    app: App, method: str, url: str, headers: Mapping[str, str], body: bytes | Form, wire: Wire
) -> tuple[Reply, Fault | None]:
    """Call ``app``; returns its reply and the fault that breaks it, if there is one.

    A short form is not encoded and decoded again, which would take a tenth of the time of a create.
    """
    environ: dict[str, Any] = {_environ_name(name): value for name, value in headers.items()}
    environ.update(_environ_of(url))
    environ["REQUEST_METHOD"] = method
    if not isinstance(body, bytes):
        length = 0
        for name, values in body.items():
            for value in values:
                length += len(name) + len(value) + 2
        if length <= _SHORT and method == "POST" and headers.get("Content-Type") == FORM:
            environ[DECODED] = body, length, False
            body = b""
        else:
            body = urlencode(body, doseq=True).encode()
    environ["wsgi.input"] = BytesIO(body)
    environ[WIRE] = lambda ended: wire
    line, sent, chunks = call_app(app, environ)
    status, _, reason = line.partition(" ")
    whole = b"".join(chunks)
    headers_sent = [("Date", http_date()), *sent]  # as a server adds it
    reply = Reply(int(status), reason, headers_sent, whole if method != "HEAD" else b"")
    close = getattr(chunks, "close", None)  # WSGI: called after the answer has been sent
    if close is not None:
        close()
    return reply, environ.get(BROKEN)
