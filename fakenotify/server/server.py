"""The server: one thread for each connection; ``stop`` ends them all at once. Nothing here polls."""

from __future__ import annotations

import contextlib
import errno
import os
import selectors
import socket
import sys
import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from fakenotify.core.clock import http_date
from fakenotify.core.listeners import Ending
from fakenotify.core.real_time import monotonic, sleep
from fakenotify.server.connection import Connection

if TYPE_CHECKING:
    import ssl

MOST_CONNECTIONS = 2_000
"""How many may be open at once; the next one gets a 503."""

_BACKLOG = 512
_NO_DESCRIPTOR = 0.02
_LAST_ANSWERS = 0.25
_DATE_LASTS = 0.2
_Selector = getattr(selectors, "PollSelector", selectors.DefaultSelector)  # epoll would take longer to set up
_TURNED_AWAY = b"HTTP/1.1 503 SERVICE UNAVAILABLE\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Server:
    """A threaded server on a socket of its own. ``stop`` returns when no connection is being served.

    Raises ``OSError`` when the address can't be bound. All threads are daemons: they never keep the interpreter alive.
    """

    connection_class = Connection
    multithread = True
    multiprocess = False
    ssl_context: ssl.SSLContext | None = None
    _date = (0.0, "")

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
        except (OverflowError, TypeError, UnicodeError) as error:  # an invalid port or host
            self._socket.close()
            raise OSError(errno.EINVAL, str(error)) from None
        except OSError as error:
            self._socket.close()
            if error.errno == errno.EADDRINUSE and not port:
                error.strerror = f"no port of {host} is free; close connections, or choose a port"
            raise
        self.server_address = self._socket.getsockname()
        self.port: int = self.server_address[1]
        self.errors: list[BaseException] = []
        self.ended = Ending()
        self._connections: dict[socket.socket, threading.Thread] = {}
        self._lock = threading.Lock()
        self._waker, self._wakened = socket.socketpair()
        self._thread = threading.Thread(target=self._serve, name=f"fakenotify:{self.port}", daemon=True)
        self._stopped = False
        self._pid = os.getpid()

    def start(self) -> None:
        """Begin to accept; the socket has been listening since it was made. Raises ``OSError`` without a thread."""
        try:
            self._thread.start()
        except RuntimeError as error:
            self.stop()
            raise OSError(errno.EAGAIN, str(error)) from None

    def stop(self) -> None:
        """Accept nothing more and close every connection; an application that hangs is not waited for.

        In a forked child this only forgets the parent's sockets.
        """
        if os.getpid() != self._pid:
            self.forget()
            return
        with self._lock:
            if self._stopped:
                return
            self._stopped = True
            self.ended.happen()
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

    def forget(self) -> None:
        """In a forked child: close the child's copies of the sockets, and leave the parent's connections alone."""
        for each in (self._socket, self._waker, self._wakened, *self._connections):
            with contextlib.suppress(OSError):
                socket.close(each.detach())

    def date(self) -> str:
        """The value of ``Date``, made anew a few times a second for all servers."""
        now = monotonic()
        if now > Server._date[0]:
            Server._date = (now + _DATE_LASTS, http_date())
        return Server._date[1]

    def report(self, error: BaseException) -> None:
        """Record an error of the fake's (the last hundred are kept), and print it to stderr."""
        del self.errors[:-99]
        self.errors.append(error)
        sys.excepthook(type(error), error, error.__traceback__)

    def _serve(self) -> None:
        with _Selector() as selector:
            selector.register(self._socket, selectors.EVENT_READ)
            selector.register(self._wakened, selectors.EVENT_READ)
            while True:
                ready = selector.select()
                if any(key.fileobj is self._wakened for key, _ in ready):
                    return
                try:
                    connection, address = self._socket.accept()
                except OSError:  # a client that disconnected, or no descriptor left: then wait for one
                    sleep(_NO_DESCRIPTOR)
                    continue
                self._open(connection, address)

    def _open(self, connection: socket.socket, address: Any) -> None:
        connection.setblocking(True)
        if len(self._connections) >= MOST_CONNECTIONS:
            with contextlib.suppress(OSError):
                connection.sendall(_TURNED_AWAY)
            self._close(connection)
            return
        thread = threading.Thread(target=self._answer, args=(connection, address), daemon=True)
        with self._lock:
            self._connections[connection] = thread
        try:
            thread.start()
        except RuntimeError:  # no thread left: close this connection, the next may get one
            self._close(connection)

    def _answer(self, connection: socket.socket, address: Any) -> None:
        try:
            self.connection_class(connection, address, self).serve()
        except OSError:
            pass  # the client has disconnected
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
