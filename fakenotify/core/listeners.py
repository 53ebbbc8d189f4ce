"""Whoever wants to hear of something, told one after the other."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Listeners(Generic[T]):
    """Functions to call with each thing that happens. One that fails is told of, and nobody else suffers."""

    def __init__(self) -> None:
        self._entries: tuple[tuple[Callable[[T], object]], ...] = ()

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, listener: Callable[[T], object]) -> Callable[[], None]:
        """Call ``listener`` from now on; returns the function that ends it."""
        entry = (listener,)  # its own, so that a listener that listens twice can end once
        self._entries = (*self._entries, entry)

        def end() -> None:
            self._entries = tuple(each for each in self._entries if each is not entry)

        return end

    def tell(self, what: T) -> None:
        """Call all of them."""
        for (listener,) in self._entries:
            try:
                listener(what)
            except Exception as error:  # somebody else's code
                sys.excepthook(type(error), error, error.__traceback__)
