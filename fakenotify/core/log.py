"""Append-only logs, bounded in rows and bytes, that can be shared with a snapshot at no cost."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Generic, TypeVar

T = TypeVar("T")


class Log(Generic[T]):
    """The newest ``limit`` entries of ``most`` bytes, oldest first; ``dropped`` counts the older ones.

    ``bytes`` is the size of the entries, as given to ``add``; ``grew`` is called for each. The newest one stays.

    A copy made by ``share`` is free: both use the same list until their contents differ.
    """

    __slots__ = ("_entries", "_first", "_length", "_limit", "_most", "_sizes", "_waste", "bytes", "dropped", "grew")

    def __init__(self, limit: int, most: int = sys.maxsize, grew: Callable[[int], None] | None = None) -> None:
        self._entries: list[T] = []
        self._sizes: list[int] = []
        self._first = 0
        self._length = 0
        self._limit = limit
        self._most = most
        self.grew = grew
        self._waste = 0
        self.bytes = 0
        self.dropped = 0

    def __len__(self) -> int:
        return self._length - self._first

    def __iter__(self) -> Iterator[T]:
        return islice(iter(self._entries), self._first, self._length)

    @property
    def last(self) -> int:
        """The number of the newest entry: they are numbered from 1 on, and a number is never used again."""
        return self.dropped + len(self)

    def ascending(self, after: int | None = None) -> Iterator[tuple[int, T]]:
        """Numbers and entries, oldest first, those above ``after``."""
        first = max(after or 0, self.dropped) + 1
        entries, offset = self._entries, self._first - self.dropped - 1
        return ((number, entries[number + offset]) for number in range(first, self.last + 1))

    def descending(self, before: int | None = None) -> Iterator[tuple[int, T]]:
        """Numbers and entries, newest first, those below ``before``."""
        newest = self.last if before is None else min(before - 1, self.last)
        entries, offset = self._entries, self._first - self.dropped - 1
        return ((number, entries[number + offset]) for number in range(newest, self.dropped, -1))

    def append(self, entry: T, size: int = 0) -> None:
        """Add an entry of ``size`` bytes, and drop the oldest if there is too much."""
        if (
            len(self._entries) != self._length or self._first > self._limit
        ):  # a copy has added to the list, or half of it is dropped
            self._compact()
        self._entries.append(entry)
        self._sizes.append(size)
        self._length += 1
        self.bytes += size
        if len(self) > self._limit:
            self._drop()
        if self.bytes > self._most:
            self.shrink(self._most)
        if self.grew is not None:
            self.grew(size)

    def shrink(self, most: int) -> None:
        """Drop the oldest entries, but for the newest one, until no more than ``most`` bytes are left."""
        while self.bytes > most and len(self) > 1:
            self._drop()
        if self._waste > self._most // 8 or self._waste > self.bytes:
            self._compact()

    def share(self) -> Log[T]:
        """A log with the same entries."""
        twin: Log[T] = Log(self._limit, self._most, self.grew)
        twin._entries, twin._sizes, twin.bytes = self._entries, self._sizes, self.bytes
        twin._first, twin._length, twin.dropped, twin._waste = self._first, self._length, self.dropped, self._waste
        return twin

    def _drop(self) -> None:
        size = self._sizes[self._first]
        self.bytes -= size
        self._waste += size
        self._first += 1
        self.dropped += 1

    def _compact(self) -> None:
        """Free the dropped entries, in a new list that no copy shares."""
        self._entries = self._entries[self._first : self._length]
        self._sizes = self._sizes[self._first : self._length]
        self._first, self._length, self._waste = 0, len(self._entries), 0
