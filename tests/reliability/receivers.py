"""Sockets that behave badly, or just answer: what a delivery callback may meet."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator

Behaviour = Callable[[socket.socket], object]


@contextlib.contextmanager
def receiver(behave: Behaviour) -> Iterator[str]:
    """A server on loopback that lets ``behave`` have each connection; gives its URL."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                line, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=meet, args=(line,), daemon=True).start()

    def meet(line: socket.socket) -> None:
        with contextlib.closing(line), contextlib.suppress(OSError):
            behave(line)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/callback"
    finally:
        with contextlib.suppress(OSError):
            listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(5)


def read_request(line: socket.socket) -> bytes:
    """A whole request with a length."""
    with line.makefile("rb") as reader:
        length, head = 0, b""
        for each in reader:
            head += each
            name, _, value = each.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
            if each in (b"\r\n", b"\n"):
                break
        return head + reader.read(length)


def answering(status: str = "204 No Content", headers: str = "") -> Behaviour:
    """Read the callback and answer it."""

    def behave(line: socket.socket) -> None:
        read_request(line)
        line.sendall(f"HTTP/1.1 {status}\r\n{headers}Content-Length: 0\r\n\r\n".encode())

    return behave
