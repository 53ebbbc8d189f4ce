"""What is still to happen, as data: keys with the moment when they are due. Moving the clock makes them due."""

from __future__ import annotations

from bisect import insort


class Schedule:
    """Keys by due time (seconds since the epoch), then in the order in which they were added."""

    __slots__ = ("_added", "_entries")

    def __init__(self) -> None:
        self._entries: list[tuple[float, int, str]] = []
        self._added = 0

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, due: float, key: str) -> None:
        """Let ``key`` be due at ``due``."""
        self._added += 1
        insort(self._entries, (due, self._added, key))

    def next_due(self) -> float | None:
        """When the first key is due, or None."""
        first = self._entries[:1]  # one look: another thread may take it
        return first[0][0] if first else None

    def take(self, now: float) -> str | None:
        """Take out the first key if it is due, else None."""
        if self._entries and self._entries[0][0] <= now:
            return self._entries.pop(0)[2]
        return None

    def share(self) -> Schedule:
        """A copy; schedules are short."""
        twin = Schedule()
        twin._entries, twin._added = self._entries.copy(), self._added
        return twin
