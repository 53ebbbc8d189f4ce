"""Waiting for signals so that none is lost."""

from __future__ import annotations

import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def waking() -> Iterator[socket.socket]:
    """A socket that has something to read once a signal has come, whichever thread the system gave it to.

    A call that waits for something else is interrupted only if the signal meets the main thread while it waits.
    """
    woken, waker = socket.socketpair()
    with woken, waker:
        waker.setblocking(False)
        before = signal.set_wakeup_fd(waker.fileno(), warn_on_full_buffer=False)
        try:
            yield woken
        finally:
            signal.set_wakeup_fd(before)
