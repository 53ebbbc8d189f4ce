"""Posts delivery callbacks: after the answer has gone, from a thread of its own, or one by one by the tester's hand.

The laws: only loopback is called unless the tester allows a host; no redirect is followed; no answer is waited for
longer than ``timeout`` seconds or read beyond 64 KiB; and nothing that a receiver does can hurt the fake.
"""

from __future__ import annotations

import contextlib
import http.client
import ipaddress
import socket
import threading
import time
from collections.abc import Callable, Iterable
from urllib.parse import urlsplit

from fakenotify.notify import callbacks
from fakenotify.notify.dispatch import Change, World
from fakenotify.notify.records import Attempt, Callback

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
        self._under_way: socket.socket | None = None

    def kick(self) -> None:
        """Something may have become due: see to it, in the thread; which begins when there is first work for it."""
        world = self._world()
        if world.behaviour.callback_delivery == "manual" or not any(
            len(account.schedule) for account in world.accounts
        ):
            return
        with self._wake:
            self._kicked = True
            self._wake.notify()
            if self._thread is None and not self._stopped:
                self._thread = threading.Thread(target=self._run, name="fakenotify callbacks", daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """Post nothing more; an attempt of the thread that is under way is broken off, and to be made again."""
        with self._wake:
            self._stopped = True
            self._wake.notify()
            thread, self._thread = self._thread, None
            under_way, self._under_way = self._under_way, None
        if under_way is not None:
            _cut(under_way)
        if thread is not None:
            thread.join(self._timeout)

    def start(self) -> None:
        """Post again after a ``stop``, what it left first."""
        with self._wake:
            self._stopped = False
        self.kick()

    def deliver_next(self, *, by_hand: bool = True) -> Callback | None:
        """Post the first callback that is due, here and now; None when none is, or a ``stop`` came between."""
        world = self._world()
        for account in world.accounts:
            callback = callbacks.take_due(account)
            if callback is not None:
                attempt = self._attempt(world, callback, by_hand)
                if self._stopped and not by_hand and not attempt.succeeded:
                    callbacks.put_back(account, callback)
                    return None
                told = callbacks.note_attempt(account, callback, attempt)
                world.changes.tell(_change(told))
                return told
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
                if self.deliver_next(by_hand=False) is None:
                    break

    def _until_due(self) -> float | None:
        """Seconds to wait for the next callback; None (for ever) when there is none, or the clock stands still."""
        world = self._world()
        if world.clock.frozen or world.behaviour.callback_delivery == "manual":
            return None
        moments = [due for account in world.accounts if (due := account.schedule.next_due()) is not None]
        return max(min(moments) - world.clock.seconds(), _SHORTEST_WAIT) if moments else None

    def _attempt(self, world: World, callback: Callback, by_hand: bool) -> Attempt:
        try:
            status, body = post(callback, self._hosts, self._timeout, _let_be if by_hand else self._connected)
        except (OSError, ValueError, http.client.HTTPException) as error:
            return Attempt(world.clock.stamp(), error=f"{type(error).__name__}: {error}")
        return Attempt(world.clock.stamp(), status, body)

    def _connected(self, line: socket.socket) -> None:
        with self._wake:
            if self._stopped:
                raise ConnectionAbortedError("the fake was stopped")
            self._under_way = line


def _change(callback: Callback) -> Change:
    """A try, as an event tells it."""
    told = {name: getattr(callback, name) for name in ("sid", "notification_sid", "account_sid", "url", "status")}
    return Change("callback", callback.account_sid, told | {"attempts": len(callback.attempts)})


def _let_be(line: socket.socket) -> None:
    """What the tester posts by hand, no ``stop`` breaks off."""


def post(
    callback: Callback, hosts: frozenset[str], timeout: float, connected: Callable[[socket.socket], None]
) -> tuple[int, str]:
    """Post one callback. Raises ``ValueError`` for an unusable URL or host, ``OSError`` and ``HTTPException``.

    ``connected`` is told the connection, which it may cut from another thread.
    """
    parts = urlsplit(callback.url)
    host, port = parts.hostname, parts.port
    if parts.scheme not in ("http", "https") or not host:
        raise ValueError(f"{callback.url!r} is not an http(s) URL")
    if not is_loopback(host) and host.lower() not in hosts:
        raise ValueError(f"{host} is not loopback; allow it with callback_hosts=({host!r},)")
    connect = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    deadline = time.monotonic() + timeout
    with contextlib.closing(connect("127.0.0.1" if host == "localhost" else host, port, timeout=timeout)) as connection:
        connection.connect()
        line: socket.socket = connection.sock  # http.client forgets it as soon as an answer closes the connection
        connected(line)
        guard = threading.Timer(timeout, _cut, (line,))
        guard.daemon = True
        guard.start()
        try:
            target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            sent = headers(callback, parts.netloc.rpartition("@")[2])
            connection.request("POST", target, callback.body.encode(), sent)
            with connection.getresponse() as response:
                status, body = response.status, response.read(MOST_READ)
        finally:
            guard.cancel()
    if time.monotonic() > deadline:
        raise TimeoutError(f"no whole answer within {timeout} seconds")
    return status, body.decode("utf-8", "replace")


def _cut(line: socket.socket) -> None:
    """End a connection: each read of a receiver that trickles is in time, all together are not."""
    with contextlib.suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)


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
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
