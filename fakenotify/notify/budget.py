"""The bytes that the accounts of one world may use together for records that accumulate."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fakenotify.notify.account import AccountState

_STEP = 256
"""The sum is made anew when it has grown by this part of the whole."""


class Budget:
    """At most ``most`` bytes of Notifications, deliveries, alerts and callbacks, by estimate.

    Where there would be more, the oldest rows of the largest tables go, until an eighth of the whole is free.
    """

    def __init__(self, most: int, accounts: Callable[[], Iterable[AccountState]]) -> None:
        self.most = most
        self._accounts = accounts
        self._grown = 0

    def grew(self, size: int) -> None:
        """Record that a table of an account has grown."""
        self._grown += size
        if self._grown > self.most // _STEP:
            self.keep()

    def keep(self) -> None:
        """Drop the oldest rows of the largest tables if the sum is too large."""
        self._grown = 0
        tables = [(account, table) for account in self._accounts() for table in account.bounded()]
        held = sum(table.bytes for _, table in tables)
        if held <= self.most:
            return
        while tables and held > self.most * 7 // 8:
            account, table = largest = max(tables, key=lambda each: each[1].bytes)
            freed = self._shrink(account, table)
            held -= freed
            if not freed:
                tables.remove(largest)  # another thread holds it, or it has only one row

    def _shrink(self, account: AccountState, table: Any) -> int:
        """Drop an eighth of a table; returns how many bytes that made free."""
        if not account.lock.acquire(blocking=False):  # waiting could be a deadlock
            return 0
        try:
            before: int = table.bytes
            table.shrink(before * 7 // 8)
            return before - int(table.bytes)
        finally:
            account.lock.release()
