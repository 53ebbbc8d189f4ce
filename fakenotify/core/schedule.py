"""Future work as data: keys with the time when each is due."""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterator

from fakenotify.core.listeners import Announcement


class Schedule:
    """Keys by due time (seconds since the epoch), then in the order in which they were added.

    Adding a key is announced, so no caller has to do it.
    """

    __slots__ = ("_added", "_announcement", "_entries")

    def __init__(self, announcement: Announcement) -> None:
        self._entries: list[tuple[float, int, str]] = []
        self._added = 0
        self._announcement = announcement

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, due: float, key: str) -> None:
        """Schedule ``key`` for ``due``, and announce it."""
        self._added += 1
        insort(self._entries, (due, self._added, key))
        self._announcement.announce()

    def next_due(self) -> float | None:
        """When the first key is due, or None."""
        first = self._entries[:1]  # one look: another thread may take it
        return first[0][0] if first else None

    def due(self, now: float) -> Iterator[str]:
        """The keys that are due, the earliest first."""
        for moment, _, key in self._entries.copy():
            if moment > now:
                return
            yield key

    def remove(self, key: str) -> None:
        """Take out ``key``, which must be there."""
        del self._entries[next(at for at, entry in enumerate(self._entries) if entry[2] == key)]

    def share(self, announcement: Announcement | None = None) -> Schedule:
        """A copy; schedules are short."""
        twin = Schedule(announcement or self._announcement)
        twin._entries, twin._added = self._entries.copy(), self._added
        return twin
