"""Rounds of everything that a test session does; threads, file descriptors and memory end where they began."""

from __future__ import annotations

import gc
import http.client
import os
import socket
import threading
import time
from base64 import b64encode
from pathlib import Path
from random import Random
from urllib.parse import urlencode, urlsplit

from fakenotify import FakeNotify

from .figure import Figure
from .receivers import answering, receiver

_WARM_UP = 2
"""One warm-up round for so many that count, so that the C library has allocated the arenas of its threads."""
_REQUESTS = 200
_GROWTH = 16 << 20
"""Bytes that allocators may keep without giving them back."""
_OBJECTS = 500
_SETTLE = 30.0


class Soak:
    """A fake that lasts, a receiver for its callbacks, and fakes that come and go."""

    def __init__(self, figure: Figure, callback_url: str) -> None:
        self.figure = figure
        self.callback_url = callback_url
        self.fake = FakeNotify()
        self.random = Random(0)

    def round(self) -> None:
        """A session's worth: a fresh world, many requests, callbacks, snapshots, and fakes started and stopped."""
        self.fake.renew()
        service = self.fake.create_service(messaging_service_sid="MG" + "0" * 32).sid
        kept = self._connection()
        for number in range(_REQUESTS):
            connection = kept if number % 4 else self._connection()
            form = {"Identity": f"i{number % 12}", "BindingType": "sms", "Address": f"+1500555{number % 150:04}"}
            self._ask(connection, "POST", f"/v1/Services/{service}/Bindings", form)
            if number % 10 == 0:
                self._ask(connection, "GET", f"/v1/Services/{service}/Bindings?PageSize=20")
                sent = {"Tag": "all", "Body": "b", "DeliveryCallbackUrl": self.callback_url}
                self._ask(connection, "POST", f"/v1/Services/{service}/Notifications", sent)
            if number % 25 == 0:
                self.fake.restore(self.fake.snapshot())
            if connection is not kept:
                connection.close()
        self._await_callbacks()
        kept.close()
        for _ in range(5):
            with FakeNotify() as passing:
                passing.create_service()
                with socket.create_connection(("127.0.0.1", int(passing.url.rpartition(":")[2]))):
                    self.figure.count()

    def _await_callbacks(self) -> None:
        callbacks = self.fake.callbacks
        try:
            self.fake.wait_for(lambda: all(each.attempts for each in self.fake.callbacks), timeout=10)
        except AssertionError:
            self.figure.fail("a callback was never posted")
        self.figure.count(len(callbacks))

    def _connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(urlsplit(self.fake.url).netloc, timeout=10)

    def _ask(self, connection: http.client.HTTPConnection, method: str, path: str, form: object = None) -> None:
        token = b64encode(f"{self.fake.account_sid}:{self.fake.auth_token}".encode()).decode()
        headers = {"Authorization": f"Basic {token}", "Content-Type": "application/x-www-form-urlencoded"}
        connection.request(method, path, urlencode(form) if form else None, headers)  # type: ignore[arg-type]
        response = connection.getresponse()
        response.read()
        if response.status not in (200, 201):
            self.figure.fail(f"{method} {path} answered {response.status}")
        self.figure.count()


def held() -> tuple[int, int]:
    """How many threads and file descriptors this process has."""
    gc.collect()
    return threading.active_count(), len(os.listdir("/proc/self/fd"))


def resident() -> int:
    """Bytes of this process in memory."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def settled(before: tuple[int, int]) -> tuple[int, int]:
    """What is held, as soon as it is what it was before, or after half a minute."""
    latest = time.monotonic() + _SETTLE
    while (now := held()) != before and time.monotonic() < latest:
        threading.Event().wait(0.02)
    return now


def prove(count: int, seed: int = 0) -> Figure:
    """Do so many rounds after the warm-up."""
    figure = Figure("soak", "requests, callbacks and starts")
    if not Path("/proc/self/statm").exists():
        figure.fail("can't be measured here: there is no /proc")
        return figure
    with receiver(answering()) as url:
        soak = Soak(figure, url)
        soak.round()
        for _ in range(max(2, count // _WARM_UP)):
            soak.round()
        threading.Event().wait(0.2)
        before, memory, objects, rounds = held(), resident(), len(gc.get_objects()), 0
        while rounds < count and len(figure.failures) < 20:
            soak.round()
            rounds += 1
        after, grown, more = settled(before), resident() - memory, len(gc.get_objects()) - objects
        soak.fake.stop()
    figure.notes.append(
        f"{rounds} rounds after the warm-up; threads {before[0]} -> {after[0]}, descriptors {before[1]} -> {after[1]}, "
        f"memory {memory >> 20} MiB {grown / (1 << 20):+.1f} MiB, "
        f"objects {objects} {more:+}"
    )
    if after != before:
        figure.fail(f"threads and descriptors were {before} and are {after}")
    if grown > _GROWTH or more > _OBJECTS:
        figure.fail(f"memory grew by {grown} bytes and {more} objects in {rounds} rounds")
    return figure
