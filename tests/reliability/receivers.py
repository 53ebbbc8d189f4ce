"""Receivers of delivery callbacks, which keep what arrives and answer well, badly or never."""

from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Behaviour = Callable[[Any], object]
"""What a receiver does with the handler of a request that has been read."""


def says(status: int, body: bytes = b"", **headers: str) -> Behaviour:
    """A well-formed answer."""

    def answer(handler: Any) -> None:
        handler.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def writes(piece: bytes, then: bytes = b"", pause: float = 0.05) -> Behaviour:
    """An answer of any bytes, followed by ``then`` again and again until the sender has left or the test is over."""

    def answer(handler: Any) -> None:
        handler.close_connection = True
        handler.wfile.write(piece)
        while then and not handler.server.released.wait(pause):
            handler.wfile.write(then)

    return answer


def blocks(handler: Any) -> None:
    """No answer before the receiver is released."""
    handler.close_connection = True
    if handler.server.released.wait(30):
        says(200)(handler)


@dataclass(frozen=True)
class Post:
    """A callback as it arrived."""

    url: str
    method: str
    headers: list[tuple[str, str]]
    body: bytes


class Receiver(ThreadingHTTPServer):
    """A server on loopback, which runs while it is used as a context manager; ``answer`` may be replaced."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, answer: Behaviour = says(200), host: str = "127.0.0.1", port: int = 0) -> None:  # noqa: B008  # stateless
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, port), _Handler)
        self.answer = answer
        self.posts: list[Post] = []
        self.arrived = threading.Semaphore(0)
        self.released = threading.Event()
        self.url = f"http://127.0.0.1:{self.server_address[1]}/callback"

    def __enter__(self) -> Receiver:
        self.thread = threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.released.set()
        self.shutdown()
        self.server_close()
        self.thread.join()

    def wait(self) -> None:
        """Wait for one more post."""
        assert self.arrived.acquire(timeout=30)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a sender that has left."""
        assert isinstance(sys.exc_info()[1], OSError)


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        url = f"http://{self.headers['Host']}{self.path}"
        self.server.posts.append(Post(url, self.command, self.headers.items(), body))
        self.server.arrived.release()
        self.server.answer(self)

    do_GET = do_POST

    def log_message(self, *arguments: Any) -> None:
        pass
