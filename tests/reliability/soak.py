"""Rounds of everything that a test session does; threads, file descriptors and memory end where they began."""

from __future__ import annotations

import gc
import os
import socket
import threading
import time
from pathlib import Path
from typing import Any

from fakenotify import FakeNotify

from .client import Client, client_of
from .figure import Figure
from .receivers import Receiver

_WARM_UP = 2
"""One warm-up round for so many that count, so that the C library has allocated the arenas of its threads."""
_REQUESTS = 200
_GROWTH = 16 << 20
"""Bytes that allocators may keep without giving them back."""
_OBJECTS = 500
_SETTLE = 30.0


class Soak:
    """A fake that lasts, a receiver for its callbacks, and fakes that come and go."""

    def __init__(self, figure: Figure, receiver: Receiver) -> None:
        self.figure = figure
        self.receiver = receiver
        self.fake = FakeNotify()

    def round(self) -> None:
        """A session's worth: a fresh world, many requests, callbacks, snapshots, and fakes started and stopped."""
        self.fake.renew()
        path = f"/v1/Services/{self.fake.create_service(messaging_service_sid='MG' + '0' * 32).sid}"
        with client_of(self.fake) as kept:
            for number in range(_REQUESTS):
                with client_of(self.fake) as another:
                    client = kept if number % 4 else another
                    form = {
                        "Identity": f"i{number % 12}",
                        "BindingType": "sms",
                        "Address": f"+1500555{number % 150:04}",
                    }
                    self._ask(client, "POST", f"{path}/Bindings", form)
                    if number % 10 == 0:
                        self._ask(client, "GET", f"{path}/Bindings?PageSize=20")
                        sent = {"Tag": "all", "Body": "b", "DeliveryCallbackUrl": self.receiver.url}
                        self._ask(client, "POST", f"{path}/Notifications", sent)
                if number % 25 == 0:
                    self.fake.restore(self.fake.snapshot())
            with self.figure.trying("a callback was never posted", len(self.fake.callbacks)):
                self.fake.wait_for(lambda: all(each.attempts for each in self.fake.callbacks), timeout=10)
        self.receiver.posts.clear()
        for _ in range(5):
            with FakeNotify() as passing:
                passing.create_service()
                with socket.create_connection(("127.0.0.1", int(passing.url.rpartition(":")[2]))):
                    self.figure.count()

    def _ask(self, client: Client, method: str, path: str, form: dict[str, Any] | None = None) -> None:
        status, _ = client.ask(method, path, form)
        if status not in (200, 201):
            self.figure.fail(f"{method} {path} answered {status}")
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
    """Do ``count`` rounds after the warm-up."""
    figure = Figure("soak", "requests, callbacks and starts")
    if not Path("/proc/self/statm").exists():
        figure.fail("can't be measured here: there is no /proc")
        return figure
    with Receiver() as receiver:
        soak = Soak(figure, receiver)
        for _ in range(1 + max(2, count // _WARM_UP)):
            soak.round()
        threading.Event().wait(0.2)
        before, memory, objects = held(), resident(), len(gc.get_objects())
        for _ in range(count):
            soak.round()
        after, grown, more = settled(before), resident() - memory, len(gc.get_objects()) - objects
        soak.fake.stop()
    figure.notes.append(
        f"{count} rounds after the warm-up; threads {before[0]} -> {after[0]}, descriptors {before[1]} -> {after[1]}, "
        f"memory {memory >> 20} MiB {grown / (1 << 20):+.1f} MiB, objects {objects} {more:+}"
    )
    if after != before:
        figure.fail(f"threads and descriptors were {before} and are {after}")
    if grown > _GROWTH or more > _OBJECTS:
        figure.fail(f"memory grew by {grown} bytes and {more} objects")
    return figure
