"""Handling signals so that none is lost."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

Handler = Callable[[int, Any], object]


def interrupts() -> list[signal.Signals]:
    """The signals that ask a command to end, without those that are ignored, as under ``nohup``."""
    numbers = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    return [each for each in numbers if signal.getsignal(each) is not signal.SIG_IGN]


def interrupt(number: int, frame: Any) -> NoReturn:
    """Handle a signal as Python handles Ctrl-C."""
    raise KeyboardInterrupt(number)


@contextmanager
def handling(
    numbers: Iterable[int], handler: Handler, afterwards: signal.Handlers | None = None
) -> Iterator[socket.socket]:
    """Give signals to ``handler`` while the context lasts, then to ``afterwards`` or to whoever had them before.

    The socket has something to read once a signal has come, whichever thread the system gave it to. A call that waits
    for something else is interrupted only if the signal meets the main thread while it waits.
    """
    woken, waker = socket.socketpair()
    with woken, waker:
        waker.setblocking(False)
        fd = signal.set_wakeup_fd(waker.fileno(), warn_on_full_buffer=False)
        before = {number: signal.signal(number, handler) for number in numbers}
        try:
            yield woken
        finally:
            for number, each in before.items():
                signal.signal(number, each if afterwards is None else afterwards)
            signal.set_wakeup_fd(fd)
