"""Append-only logs, bounded, that can be shared with a snapshot at no cost."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Generic, TypeVar

T = TypeVar("T")


class Log(Generic[T]):
    """The newest ``limit`` entries, oldest first; ``dropped`` counts the older ones.

    A copy made by ``share`` costs nothing: both sides go on with the same list until their contents part.
    """

    __slots__ = ("_entries", "_first", "_length", "_limit", "dropped")

    def __init__(self, limit: int) -> None:
        self._entries: list[T] = []
        self._first = 0
        self._length = 0
        self._limit = limit
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

    def append(self, entry: T) -> None:
        """Add an entry, and drop the oldest if there are too many."""
        if len(self._entries) != self._length or self._first > self._limit:  # another has gone on, or half is dropped
            self._entries = self._entries[self._first : self._length]
            self._first, self._length = 0, len(self._entries)
        self._entries.append(entry)
        self._length += 1
        if len(self) > self._limit:
            self._first += 1
            self.dropped += 1

    def share(self) -> Log[T]:
        """A log with the same entries."""
        twin: Log[T] = Log(self._limit)
        twin._entries, twin._first, twin._length, twin.dropped = (
            self._entries,
            self._first,
            self._length,
            self.dropped,
        )
        return twin
