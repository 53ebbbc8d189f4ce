"""A proxy on loopback: requests for Notify reach the fake, requests for other hosts reach those hosts.

TLS is terminated here for Notify's hosts only; every other byte passes unchanged. Nothing polls, and ``stop`` closes
whatever is open.
"""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from http import HTTPStatus
from io import BufferedReader
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from fakenotify.conformance.client import exchange
from fakenotify.proxy.certificates import Authority
from fakenotify.proxy.counts import Counts
from fakenotify.proxy.hosts import Upstream, is_notify
from fakenotify.server.connection import REQUEST_TIMEOUT, Connection
from fakenotify.server.handler import Handler
from fakenotify.server.server import Server
from fakenotify.server.wsgi import is_loopback

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_LOOPBACK = "127.0.0.1"
_PATIENCE = 10.0
"""Seconds that another host, or the user's own proxy, has to accept a connection."""

_PIECE = 65536
_TLS = b"\x16"
"""The first byte of a client's hello."""

_ONE_CONNECTION = frozenset(("connection", "expect", "keep-alive", "proxy-authorization", "proxy-connection"))
"""Headers between the client and this proxy only; an ``Expect`` has already been answered."""

App = Callable[["WSGIEnvironment", "StartResponse"], Iterable[bytes]]


class ProxyConnection(Connection):
    """Serves one connection to the proxy: request after request, a tunnel, or Notify itself to TLS."""

    server: Proxy  # its owner

    def serve(self) -> None:
        """Answer until the connection ends. Raises ``OSError`` if the client has closed it."""
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
        if self.socket.recv(1, socket.MSG_PEEK) == _TLS:  # a preload has led the client here
            context = self.server.authority.context_by_name()
            self.server.serve_tls(self.socket, self.client_address, context, "notify.twilio.com")
        else:
            with self.socket.makefile("rb", 1) as self.reader:  # one byte: what follows a CONNECT stays in the socket
                while not self.closing:
                    self._answer_next()

    def handle(self) -> None:
        """Read a request for another host, or for a tunnel."""
        ProxyHandler(self)


class Proxy(Server):
    """The proxy. ``app`` is the fake's application; ``about`` is what it says about itself at ``/``.

    ``environment`` may name another proxy, through which other hosts are then reached. ``refused`` counts the hosts
    that ``offline`` kept out (never loopback), ``passed_on`` the hosts that were reached, ``unreached`` those
    that could not be, ``opened`` the connections to Notify, ``distrusted`` the clients that rejected the certificate,
    with their reasons, ``clients`` all connections.
    """

    connection_class = ProxyConnection

    def __init__(
        self,
        app: App,
        authority: Authority,
        port: int = 0,
        *,
        offline: bool = False,
        environment: Mapping[str, str] | None = None,
        about: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(self._answer_itself, _LOOPBACK, port)
        self.fake = app
        self.authority = authority
        self.offline = offline
        self.environment = dict(environment or {})
        self.url = f"http://{_LOOPBACK}:{self.port}"
        self.about = {"proxy": self.url, **(about or {})}
        self.refused = Counts()
        self.passed_on = Counts()
        self.unreached = Counts()
        self.opened = Counts()
        self.distrusted = Counts()
        self.clients = 0

    def _open(self, connection: socket.socket, address: Any) -> None:
        self.clients += 1
        super()._open(connection, address)

    def connect(self, scheme: str, host: str, port: int) -> tuple[socket.socket, Upstream | None]:
        """Connect to a host, or to the user's own proxy if there is one. Raises ``OSError``."""
        upstream = Upstream.of(self.environment, scheme, host)
        if upstream and upstream.port == self.port and is_loopback(upstream.host):
            upstream = None  # what an earlier proxy on this port left in the environment
        address = (upstream.host, upstream.port) if upstream else (host, port)
        try:
            connection = socket.create_connection(address, timeout=_PATIENCE)
        except UnicodeError:
            raise OSError("that is no host name") from None
        with self._lock:
            self._connections[connection] = threading.current_thread()
            if self._stopped:  # and has closed all connections that it knew
                connection.shutdown(socket.SHUT_RDWR)
        return connection, upstream

    def serve_tls(self, connection: socket.socket, address: Any, context: ssl.SSLContext, host: str) -> None:
        """Serve Notify as ``host``, over TLS."""
        self.opened.add(host)
        with self._lock:  # from now on, stop closes the wrapped connection
            secured = context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
            self._connections[secured] = self._connections.pop(connection)
        try:
            secured.do_handshake()
        except OSError as error:
            reason = getattr(error, "reason", None) or error.strerror or str(error)
            self.distrusted.add(f"{host}: {reason}")
        else:
            Connection(secured, address, Tunnel(self, secured)).serve()
        finally:
            self.leave(secured)

    def leave(self, connection: socket.socket) -> None:
        """Close a connection, with TLS's closing message unless a fault has closed the socket below."""
        if isinstance(connection, ssl.SSLSocket) and connection.fileno() != -1:
            with contextlib.suppress(OSError):
                connection.settimeout(0)  # don't wait for the other end's closing message
                connection.unwrap()
        self._close(connection)

    def _answer_itself(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request without ``CONNECT``: for a whole URL of Notify's, or for the proxy itself."""
        scheme, colon, _ = environ["RAW_URI"].partition("://")
        if colon and not scheme.startswith("/"):
            environ["wsgi.url_scheme"] = scheme.lower()  # some old clients ask a proxy for https URLs like this
            return self.fake(environ, start_response)
        host = environ.get("HTTP_HOST", "").partition(":")[0]
        if is_notify(host):  # a preload has led a client of plain HTTP here
            return self.fake(environ, start_response)
        asked = (environ["REQUEST_METHOD"], environ["RAW_URI"], is_loopback(host))
        if asked == ("GET", "/", True):  # loopback only: a web page could ask by a host name of its own
            status, content = HTTPStatus.OK, json.dumps(self.about)
        else:
            status, content = HTTPStatus.BAD_REQUEST, "fakenotify: this is a proxy; it wants CONNECT or a whole URL\n"
        start_response(f"{status.value} {status.phrase}", [("Content-Type", "text/plain; charset=utf-8")])
        return [content.encode()]


class Tunnel:
    """The server of a tunnel that ends here: every request goes to the fake."""

    def __init__(self, proxy: Proxy, connection: socket.socket) -> None:
        self._proxy = proxy
        self.app = proxy.fake
        self.ssl_context = connection.context if isinstance(connection, ssl.SSLSocket) else None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._proxy, name)


class ProxyHandler(Handler):
    """Handles a request to the proxy, which may turn the connection into a tunnel."""

    server: Proxy  # type: ignore[assignment]  # the owner's

    def run_wsgi(self) -> None:
        """Find out which host the request is for, and pass it on."""
        target = self.requestline.split()[1]
        tunnel = self.command == "CONNECT"
        try:
            url = urlsplit(f"//{target}" if tunnel else target)
            scheme = "https" if tunnel else url.scheme
            host, port = url.hostname or "", url.port or {"https": 443, "http": 80}.get(scheme, 0)
        except ValueError:
            self.send_error(HTTPStatus.BAD_REQUEST)
            return
        if is_notify(host) and tunnel:
            self._end_tunnel(host.rstrip("."))
        elif is_notify(host) or not (scheme or tunnel):
            super().run_wsgi()
        elif not host or scheme not in ("http", "https") or (scheme == "https" and not tunnel):
            self._refuse(HTTPStatus.BAD_REQUEST, f"{self.command} {target} is not a request that a proxy understands")
        elif self.server.offline and not is_loopback(host):
            self.server.refused.add(f"{host}:{port}")
            self._refuse(HTTPStatus.FORBIDDEN, f"{host}:{port} is not reached, because of --offline")
        else:
            self._pass_on(scheme, host, port, tunnel)

    def _refuse(self, status: HTTPStatus, reason: str) -> None:
        self.owner.closing = True
        content = f"fakenotify: {reason}\n".encode()
        self.owner.send(f"{status.value} {status.phrase}", [("Content-Type", "text/plain; charset=utf-8")], content)
        self.owner.linger()

    def _end_tunnel(self, host: str) -> None:
        """Serve Notify as ``host`` to a client that asked for a tunnel to it."""
        try:
            context = self.server.authority.context(host)
        except (ValueError, OSError) as error:  # a name that can't be in one, or no place to write it
            self._refuse(HTTPStatus.BAD_REQUEST, f"{host} can have no certificate: {error}")
            return
        self._established()
        if self.connection.recv(1, socket.MSG_PEEK) == _TLS:
            self.server.serve_tls(self.connection, self.client_address, context, host)
        else:  # it has disconnected, or sends plain HTTP in its tunnel
            self.server.opened.add(host)
            Connection(self.connection, self.client_address, Tunnel(self.server, self.connection)).serve()

    def _established(self) -> None:
        self.owner.closing = True
        self.connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")  # twilio-php expects this phrase
        self.connection.settimeout(REQUEST_TIMEOUT)

    def _pass_on(self, scheme: str, host: str, port: int, tunnel: bool) -> None:
        """Pass a request on to another host, and close the connection after it."""
        connection = None
        try:
            connection, upstream = self.server.connect(scheme, host, port)
            reader = connection.makefile("rb")
            if tunnel and upstream:
                _ask_upstream(connection, reader, upstream, f"{host}:{port}")
            elif not tunnel:
                connection.sendall(self._request(upstream))
        except OSError as error:
            self.server.unreached.add(f"{host}:{port}")
            self._refuse(HTTPStatus.BAD_GATEWAY, f"{host}:{port} can't be reached: {error}")
        else:
            self.server.passed_on.add(f"{host}:{port}")
            with reader:
                self._relay(connection, _pieces(reader) if tunnel else _last_answer(reader), tunnel)
        finally:
            if connection is not None:
                self.server.leave(connection)

    def _request(self, upstream: Upstream | None) -> bytes:
        """The head of this request as the next server wants it."""
        target = self.requestline.split()[1]
        if upstream is None:
            url = urlsplit(target)
            target = (url.path or "/") + (f"?{url.query}" if url.query else "")
        lines = [f"{self.command} {target} HTTP/1.1\r\n", upstream.headers if upstream else ""]
        lines += [f"{name}: {value}\r\n" for name, value in self.headers.items() if name.lower() not in _ONE_CONNECTION]
        return "".join([*lines, "Connection: close\r\n\r\n"]).encode("latin-1")

    def _relay(self, connection: socket.socket, answer: Iterable[bytes], tunnel: bool) -> None:
        """Forward bytes in both directions until both have ended."""
        if tunnel:
            self._established()
        self.owner.closing = True
        connection.settimeout(None)
        self.connection.settimeout(None)
        back = threading.Thread(target=_pass, args=(answer, connection, self.connection), daemon=True)
        back.start()
        _pass(_pieces(self.rfile), self.connection, connection)  # type: ignore[arg-type]  # rfile is a BufferedReader
        back.join()


def _ask_upstream(connection: socket.socket, reader: BufferedReader, upstream: Upstream, address: str) -> None:
    """Ask the user's own proxy for a tunnel. Raises ``OSError`` with its words if it refuses."""
    connection.sendall(f"CONNECT {address} HTTP/1.1\r\nHost: {address}\r\n{upstream.headers}\r\n".encode("latin-1"))
    status = reader.readline(_PIECE).decode("latin-1").rstrip()
    while reader.readline(_PIECE) not in (b"\r\n", b"\n", b""):
        pass
    if status.split()[1:2] != ["200"]:
        raise OSError(f"the proxy {upstream.host}:{upstream.port} answered {status or 'nothing'}")


def _pieces(reader: BufferedReader) -> Iterator[bytes]:
    """Yield bytes as they arrive, until the end."""
    return iter(partial(reader.read1, _PIECE), b"")


def _last_answer(reader: BufferedReader) -> Iterator[bytes]:
    """Yield an answer as it arrives, with ``Connection: close``: the next request may be for another host."""
    status = b"HTTP/1.1 100"
    while status[9:10] == b"1":  # interim answers
        status = line = reader.readline(_PIECE)
        while line not in (b"\r\n", b"\n", b""):
            if line.partition(b":")[0].decode("latin-1").lower() not in _ONE_CONNECTION:
                yield line
            line = reader.readline(_PIECE)
        yield line if status[9:10] == b"1" or not line else b"Connection: close\r\n" + line
    yield from _pieces(reader)


def _pass(pieces: Iterable[bytes], source: socket.socket, target: socket.socket) -> None:
    """Forward what arrives, and its end; if that fails, shut down both sides."""
    try:
        for piece in pieces:
            target.sendall(piece)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        for each in (source, target):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


def ask(port: int) -> dict[str, str]:
    """What the proxy on this port says about itself. Raises ``OSError`` or ``ValueError`` if there is none."""
    about = exchange(urlsplit(f"http://{_LOOPBACK}:{port}"), "GET", "/", b"", {}, _PATIENCE).json
    if not isinstance(about, dict) or "proxy" not in about:
        raise ValueError("this is no proxy of fakenotify's")
    return about
