"""The floors: what a request costs at the least, measured beside ours in the same run."""

from __future__ import annotations

import socket
import threading
from io import BytesIO
from typing import Any

from werkzeug.serving import WSGIRequestHandler, make_server

BODY = b'{"sid": "BS' + b"a" * 570 + b'"}'


class RawServer:
    """A loop on a socket that reads something and sends a canned answer: no HTTP is parsed."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        answer = b"HTTP/1.1 201 CREATED\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY)
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with connection:
                while connection.recv(65536):
                    connection.sendall(answer)

    def stop(self) -> None:
        """Accept no more."""
        self._listener.close()


class _KeptConnection(WSGIRequestHandler):
    """werkzeug's handler with HTTP/1.1 keep-alive, the body read first, and one write."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def run_wsgi(self) -> None:
        self.environ = environ = self.make_environ()
        environ["wsgi.input"] = BytesIO(self.rfile.read(int(environ.get("CONTENT_LENGTH") or 0)))
        started: list[Any] = []
        body = b"".join(self.server.app(environ, lambda status, headers: started.extend((status, headers))))
        head = f"HTTP/1.1 {started[0]}\r\n" + "".join(f"{name}: {value}\r\n" for name, value in started[1])
        self.connection.sendall(head.encode() + b"\r\n" + body)

    def log(self, *args: Any) -> None:
        """Nothing."""


def _hello(environ: Any, start_response: Any) -> list[bytes]:
    start_response("201 CREATED", [("Content-Type", "application/json"), ("Content-Length", str(len(BODY)))])
    return [BODY]


class HelloServer:
    """werkzeug's handler that says hello, at its best: the floor of our targets. ``stock``: as it comes."""

    def __init__(self, *, stock: bool = False) -> None:
        handler = type("Quiet", (WSGIRequestHandler,), {"log": lambda *args: None}) if stock else _KeptConnection
        self._server = make_server("127.0.0.1", 0, _hello, threaded=True, request_handler=handler)
        self.port: int = self._server.server_port
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def stop(self) -> None:
        """End."""
        self._server.shutdown()
        self._server.server_close()
