"""The connection of a request, for the faults that act on it."""

from __future__ import annotations

import select
import socket
import struct
import threading

_LOOK_AFTER = 0.02


class ConnectionWire:
    """A connection, for the faults that act on it; ``ended`` is set when nothing is to be waited for any more."""

    def __init__(self, connection: socket.socket, ended: threading.Event) -> None:
        self._connection = connection
        self._ended = ended

    def pause(self, seconds: float | None) -> None:
        """Wait; None: until the client has gone, looked after fifty times a second, and only in a stall."""
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
        self._connection.sendall(data)

    def reset(self) -> None:
        """Close at once, with a reset."""
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        socket.close(self._connection.detach())
