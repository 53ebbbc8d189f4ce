"""Posts delivery callbacks, in threads of its own, after the answer to the Notification has been sent.

Receivers are posted to in parallel, callbacks to the same URL one after another in their order. Only loopback is called
unless the tester allows a host; no redirect is followed; an answer is waited for at most ``timeout`` seconds, and
read up to 64 KiB. Whatever a post raises is recorded as the attempt's error.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import sys
import threading
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, unquote, urlsplit

from fakenotify.core.real_time import monotonic
from fakenotify.notify import callbacks
from fakenotify.notify.account import AccountState
from fakenotify.notify.records import Attempt, Callback
from fakenotify.server.wsgi import is_loopback

if TYPE_CHECKING:
    from fakenotify.world.world import World

TIMEOUT = 5.0
MOST_READ = 65_536
MOST_AT_ONCE = 16
"""How many callbacks are posted at the same time."""
THREAD = "fakenotify callbacks"
_SHORTEST_WAIT = 0.05
Connected = Callable[[socket.socket], object]
"""What is called with each connection as soon as there is one."""


class CallbackSender:
    """Posts due callbacks. ``world`` returns the current world; ``hosts`` may be called besides loopback."""

    def __init__(self, world: Callable[[], World], hosts: Iterable[str] = (), timeout: float = TIMEOUT) -> None:
        self._world = world
        self._hosts = frozenset(host.lower() for host in hosts)
        self._timeout = timeout
        self._condition = threading.Condition()
        """Guards the attributes below. A thread that holds it never waits for another lock."""
        self._woken = False
        self._stopped = False
        self._timekeeper: threading.Thread | None = None
        self._workers: dict[str, threading.Thread] = {}
        """The thread that posts to each URL; only the timekeeper adds one."""
        self._connections: dict[str, socket.socket] = {}

    def wake(self) -> None:
        """Look for due callbacks in the background. The first call starts the thread, as does one after it has died."""
        world = self._world()
        if world.behaviour.callback_delivery == "manual" or not any(len(each.schedule) for each in world.accounts):
            return
        with self._condition:
            self._woken = True
            self._condition.notify_all()
            if not self._stopped and (self._timekeeper is None or not self._timekeeper.is_alive()):
                self._timekeeper = threading.Thread(target=self._keep_time, name=THREAD, daemon=True)
                self._timekeeper.start()

    def stop(self) -> None:
        """Post nothing more. Attempts in progress are aborted, and repeated after ``start``."""
        with self._condition:
            self._stopped = True
            self._condition.notify_all()
            threads = [each for each in (self._timekeeper, *self._workers.values()) if each is not None]
            self._timekeeper = None
            for connection in self._connections.values():
                _cut(connection)
        latest = monotonic() + self._timeout
        for thread in threads:
            # a listener of ours may stop the fake, and a worker without a thread of its own was never started
            if thread is not threading.current_thread() and thread.ident is not None:
                thread.join(max(0.0, latest - monotonic()))

    def start(self) -> None:
        """Post again after a ``stop``, beginning with what was left."""
        with self._condition:
            self._stopped = False
        self.wake()

    def post(self, callback: Callback, connected: Connected = lambda connection: None) -> Attempt:
        """Post one callback in this thread. ``connected`` gets each connection; without it, no ``stop`` aborts it."""
        clock = self._world().clock
        try:
            status, body = _post(callback, self._hosts, self._timeout, connected)
        except Exception as error:  # also what other tools, such as pytest-socket, raise in place of the network
            return Attempt(clock.stamp(), error=f"{type(error).__name__}: {error}")
        return Attempt(clock.stamp(), status, body)

    def _keep_time(self) -> None:
        """Start a thread for each due callback whose URL is not being posted to, and wait for the next."""
        while True:
            with self._condition:
                if not self._woken and not self._stopped:
                    self._condition.wait(self._until_due())
                if self._stopped:
                    return
                self._woken = False
            world = self._world()
            for account in world.accounts:
                while len(self._workers) < MOST_AT_ONCE and world.behaviour.callback_delivery == "automatic":
                    callback = callbacks.take_due(account, self._workers)
                    if callback is None:
                        break
                    worker = threading.Thread(
                        target=self._work, args=(world, account, callback), name=THREAD, daemon=True
                    )
                    with self._condition:
                        self._workers[callback.url] = worker
                    try:
                        worker.start()
                    except RuntimeError:  # no thread left: this one does it
                        worker.run()

    def _work(self, world: World, account: AccountState, callback: Callback) -> None:
        """Post a callback, note the attempt, and let the timekeeper look for another."""

        def connected(connection: socket.socket) -> None:
            with self._condition:
                if self._stopped:
                    raise ConnectionAbortedError("the fake was stopped")
                self._connections[callback.url] = connection

        try:
            attempt = self.post(callback, connected)
            if self._stopped and not attempt.succeeded:
                callbacks.put_back(account, callback)
            else:
                world.callback_tried(callbacks.note_attempt(account, callback, attempt))
        except Exception as error:  # a bug of ours must not leave the other callbacks waiting
            sys.excepthook(type(error), error, error.__traceback__)
        finally:
            with self._condition:
                self._connections.pop(callback.url, None)
                del self._workers[callback.url]
                self._woken = True
                self._condition.notify_all()

    def _until_due(self) -> float | None:
        """Seconds until the next callback is due; None (for ever) when there is none, or the clock is frozen."""
        world = self._world()
        if world.clock.frozen or world.behaviour.callback_delivery == "manual":
            return None
        now = world.clock.seconds()
        moments = [due for account in world.accounts if (due := account.schedule.next_due()) is not None]
        if not moments or (self._workers and min(moments) <= now):  # a worker that ends wakes the timekeeper
            return None
        return max(min(moments) - now, _SHORTEST_WAIT)


def _post(callback: Callback, hosts: frozenset[str], timeout: float, connected: Connected) -> tuple[int, str]:
    """Post one callback. Raises ``ValueError`` for an unusable URL or host, ``OSError`` and ``HTTPException``.

    User and password in the URL answer a 401 with a ``Basic`` challenge. (documented for the platform; assumed D44)
    ``connected`` gets each connection, which another thread may cut.
    """
    parts = urlsplit(callback.url)
    host = parts.hostname
    if parts.scheme not in ("http", "https") or not host:
        raise ValueError(f"{callback.url!r} is not an http(s) URL")
    if not (parts.path + parts.query).isascii():
        raise ValueError(f"{callback.url!r} is not a URL: percent-encode the letters in it that are not ASCII")
    if not is_loopback(host) and host.lower() not in hosts:
        raise ValueError(f"{host} is not loopback; allow it with callback_hosts=({host!r},)")
    deadline = monotonic() + timeout
    token = callback.sid[2:]
    sent = {  # as a Twilio webhook has them (sibling)
        "Host": parts.netloc.rpartition("@")[2],
        "Content-Type": "application/x-www-form-urlencoded; charset=utf-8",
        "User-Agent": "TwilioProxy/1.1",
        "I-Twilio-Idempotency-Token": f"{token[:8]}-{token[8:12]}-{token[12:16]}-{token[16:20]}-{token[20:]}",
        "X-Home-Region": "us1",
        "X-Twilio-Signature": callback.signature,
        "Connection": "close",
    }
    late = TimeoutError(f"no whole answer within {timeout} seconds")
    try:
        status, body, challenge = _ask(parts, callback.body.encode(), sent, timeout, connected)
        if status == 401 and parts.username is not None and challenge.lower().startswith("basic"):
            user = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
            sent["Authorization"] = f"Basic {b64encode(user).decode()}"
            status, body, _ = _ask(parts, callback.body.encode(), sent, max(deadline - monotonic(), 0.001), connected)
    except (OSError, http.client.HTTPException):
        if monotonic() < deadline:
            raise
        raise late from None  # a connection that was cut at the deadline looks as if the receiver had closed it
    if monotonic() > deadline:
        raise late
    return status, body.decode("utf-8", "replace")


def _ask(
    parts: SplitResult, body: bytes, sent: Mapping[str, str], timeout: float, connected: Connected
) -> tuple[int, bytes, str]:
    """Post on a connection of its own: the status, the beginning of the body, and the challenge of a 401."""
    connect = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    host = "127.0.0.1" if parts.hostname == "localhost" else parts.hostname or ""
    with contextlib.closing(connect(host, parts.port, timeout=timeout)) as connection:
        connection.connect()
        line: socket.socket = connection.sock  # http.client forgets it as soon as an answer closes the connection
        connected(line)
        guard = threading.Timer(timeout, _cut, (line,))
        guard.daemon = True
        with contextlib.suppress(RuntimeError):  # no thread left: then the timeout limits each step, not the whole
            guard.start()
        try:
            connection.request("POST", (parts.path or "/") + (f"?{parts.query}" if parts.query else ""), body, sent)
            with connection.getresponse() as response:
                return response.status, response.read(MOST_READ), response.headers.get("WWW-Authenticate", "")
        finally:
            guard.cancel()


def _cut(connection: socket.socket) -> None:
    """End a connection: a slow receiver may be in time with each read but not with all of them."""
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
