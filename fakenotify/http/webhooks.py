"""Posts delivery callbacks: after the answer has gone, from a thread of its own, or one by one by the tester's hand.

The laws: only loopback is called unless the tester allows a host; no redirect is followed; no answer is waited for
longer than ``timeout`` seconds or read beyond 64 KiB; and nothing that a receiver does can hurt the fake.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
import time
from collections.abc import Callable, Iterable
from urllib.parse import urlsplit

from fakenotify import callbacks
from fakenotify.dispatch import World
from fakenotify.notify import Notify
from fakenotify.records import Attempt, Callback

TIMEOUT = 5.0
MOST_READ = 65_536
_SHORTEST_WAIT = 0.05


class Courier:
    """Posts what is due. ``world`` gives the world in force, ``hosts`` are allowed beside loopback."""

    def __init__(self, world: Callable[[], World], hosts: Iterable[str] = (), timeout: float = TIMEOUT) -> None:
        self._world = world
        self._hosts = frozenset(host.lower() for host in hosts)
        self._timeout = timeout
        self._wake = threading.Condition()
        self._kicked = False
        self._stopped = False
        self._thread: threading.Thread | None = None

    def kick(self) -> None:
        """Something may have become due: see to it, in the thread; which begins when there is first work for it."""
        if not any(len(notify.schedule) for notify in self._world().accounts):
            return
        with self._wake:
            self._kicked = True
            self._wake.notify()
            if self._thread is None and not self._stopped:
                self._thread = threading.Thread(target=self._run, name="fakenotify callbacks", daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """Post nothing more; an attempt that is under way ends on its own."""
        with self._wake:
            self._stopped = True
            self._wake.notify()
            thread, self._thread = self._thread, None
        if thread is not None and thread is not threading.current_thread():
            thread.join(self._timeout)

    def start(self) -> None:
        """Post again after a ``stop``."""
        with self._wake:
            self._stopped = False

    def deliver_next(self) -> Callback | None:
        """Post the first callback that is due, here and now; None when none is."""
        world = self._world()
        for notify in world.accounts:
            callback = callbacks.take_due(notify)
            if callback is not None:
                return self._deliver(world, notify, callback)
        return None

    def _run(self) -> None:
        while True:
            with self._wake:
                if not self._kicked and not self._stopped:
                    self._wake.wait(self._until_due())
                if self._stopped:
                    return
                self._kicked = False
            while self._world().behaviour.callback_delivery == "automatic" and not self._stopped:
                if self.deliver_next() is None:
                    break

    def _until_due(self) -> float | None:
        """Seconds to wait for the next callback; None (for ever) when there is none, or the clock stands still."""
        world = self._world()
        if world.clock.frozen or world.behaviour.callback_delivery == "manual":
            return None
        moments = [due for notify in world.accounts if (due := notify.schedule.next_due()) is not None]
        return max(min(moments) - world.clock.seconds(), _SHORTEST_WAIT) if moments else None

    def _deliver(self, world: World, notify: Notify, callback: Callback) -> Callback:
        told = callbacks.note_attempt(notify, callback, self._attempt(world, callback))
        world.changed()
        return told

    def _attempt(self, world: World, callback: Callback) -> Attempt:
        try:
            status, body = post(callback, self._hosts, self._timeout)
        except (OSError, ValueError, http.client.HTTPException) as error:
            return Attempt(world.clock.stamp(), error=f"{type(error).__name__}: {error}")
        return Attempt(world.clock.stamp(), status, body)


def post(callback: Callback, hosts: frozenset[str] = frozenset(), timeout: float = TIMEOUT) -> tuple[int, str]:
    """Post one callback. Raises ``ValueError`` for an unusable URL or host, ``OSError`` and ``HTTPException``."""
    parts = urlsplit(callback.url)
    host, port = parts.hostname, parts.port
    if parts.scheme not in ("http", "https") or not host:
        raise ValueError(f"{callback.url!r} is not an http(s) URL")
    if not is_loopback(host) and host.lower() not in hosts:
        raise ValueError(f"{host} is not loopback; allow it with callback_hosts=({host!r},)")
    connect = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = connect("127.0.0.1" if host == "localhost" else host, port, timeout=timeout)
    deadline = time.monotonic() + timeout
    guard = threading.Timer(timeout, _cut, (connection,))
    guard.daemon = True
    guard.start()
    try:
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", target, callback.body.encode(), headers(callback, parts.netloc.rpartition("@")[2]))
        response = connection.getresponse()
        body = response.read(MOST_READ)
        if time.monotonic() > deadline:
            raise TimeoutError(f"no whole answer within {timeout} seconds")
        return response.status, body.decode("utf-8", "replace")
    finally:
        guard.cancel()
        connection.close()


def _cut(connection: http.client.HTTPConnection) -> None:
    """End a connection whose receiver trickles: each read alone is in time, all together are not."""
    if connection.sock is not None:
        with contextlib.suppress(OSError):
            connection.sock.shutdown(socket.SHUT_RDWR)


def headers(callback: Callback, host: str) -> dict[str, str]:
    """The headers of a Twilio webhook. (sibling)"""
    token = callback.sid[2:]
    return {
        "Host": host,
        "Content-Type": "application/x-www-form-urlencoded; charset=utf-8",
        "User-Agent": "TwilioProxy/1.1",
        "I-Twilio-Idempotency-Token": f"{token[:8]}-{token[8:12]}-{token[12:16]}-{token[16:20]}-{token[20:]}",
        "X-Home-Region": "us1",
        "X-Twilio-Signature": callback.signature,
        "Connection": "close",
    }


def is_loopback(host: str) -> bool:
    """Whether a host is this machine by its very name: no look-up is made."""
    return host in ("localhost", "::1") or (
        host.startswith("127.") and all(each.isdecimal() for each in host.split("."))
    )
