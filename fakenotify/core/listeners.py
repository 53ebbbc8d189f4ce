"""Functions that are called with each thing that happens."""

from __future__ import annotations

import sys
from collections.abc import Callable
from threading import Event, Lock, get_ident
from typing import Generic, TypeVar

T = TypeVar("T")


class Listeners(Generic[T]):
    """Functions to call with each thing that happens. One that raises is reported, and the others are still called."""

    __slots__ = ("_entries", "_lock")

    def __init__(self) -> None:
        self._entries: tuple[tuple[Callable[[T], object]], ...] = ()
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, listener: Callable[[T], object]) -> Callable[[], None]:
        """Call ``listener`` from now on; returns the function that ends it."""
        entry = (listener,)  # a new object, so that a listener that was added twice can be removed once
        with self._lock:
            self._entries = (*self._entries, entry)

        def end() -> None:
            with self._lock:
                self._entries = tuple(each for each in self._entries if each is not entry)

        return end

    def tell(self, what: T) -> None:
        """Call all of them, in the order in which they were added."""
        for (listener,) in self._entries:
            try:
                listener(what)
            except Exception as error:  # a listener may be the tester's code
                sys.excepthook(type(error), error, error.__traceback__)


class Announcement:
    """Tells listeners that work may have become due.

    A thread that still has to send an answer holds its announcements back, so that a callback never overtakes the
    answer to the request that caused it.
    """

    __slots__ = ("_held", "_listeners")

    def __init__(self) -> None:
        self._listeners: Listeners[None] = Listeners()
        self._held: dict[int, bool] = {}
        """The threads that hold back, and whether they have something to announce."""

    def listen(self, listener: Callable[[None], object]) -> Callable[[], None]:
        """Call ``listener`` with each announcement; returns the function that ends it."""
        return self._listeners.add(listener)

    def announce(self) -> None:
        """Call the listeners now, or later if this thread holds announcements back."""
        thread = get_ident()
        if thread in self._held:
            self._held[thread] = True
        else:
            self._listeners.tell(None)

    def hold(self) -> None:
        """Hold back what this thread announces from now on."""
        self._held[get_ident()] = False

    def release(self) -> Callable[[], None] | None:
        """End ``hold``. Returns a function that makes the announcements held back, or None if there were none."""
        return self.announce if self._held.pop(get_ident(), False) else None


class Ending:
    """An end that threads can wait for, and at which functions are called."""

    __slots__ = ("_acts", "_event", "_lock", "is_over")

    def __init__(self) -> None:
        self.is_over = False
        self._acts: list[Callable[[], object]] = []
        self._event: Event | None = None
        self._lock = Lock()

    def happen(self) -> None:
        """End now."""
        with self._lock:
            self.is_over = True
            if self._event is not None:
                self._event.set()
        for act in self._acts:
            act()
        self._acts.clear()

    def undo(self) -> None:
        """Take the end back, until it happens again."""
        with self._lock:
            self.is_over, self._event = False, None

    @property
    def event(self) -> Event:
        """Set when the end happens; made when first needed, since an ``Event`` would take a tenth of a new world."""
        with self._lock:
            if self._event is None:
                self._event = Event()
                if self.is_over:
                    self._event.set()
            return self._event

    def add(self, act: Callable[[], object]) -> Callable[[], None]:
        """Call ``act`` when the end happens; returns a function that cancels it."""
        self._acts.append(act)

        def forget() -> None:
            if act in self._acts:
                self._acts.remove(act)

        return forget
