"""A world as one request for its tables sees it: what rows tell beside themselves, looked up once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from fakenotify.notify.account import AccountState, Scope
from fakenotify.notify.records import Alert, Delivery, Notification
from fakenotify.world.world import World


class Sight:
    """The accounts of a world, and what belongs to a record of theirs."""

    def __init__(self, world: World) -> None:
        self._accounts = {each.account_sid: each for each in world.accounts}
        self._deliveries: dict[str, ByNotification] = {}
        self._alerts: dict[str, ByNotification] = {}

    def account(self, account_sid: str) -> AccountState | None:
        """An account, if it is still there."""
        return self._accounts.get(account_sid)

    def scope(self, record: Any) -> Scope | None:
        """What lives below the Service that a record belongs to, if it is still there."""
        account = self.account(record.account_sid)
        return account.scopes.get(record.service_sid) if account else None

    def service_name(self, record: Any) -> str | None:
        """The name of the Service that a record belongs to."""
        account = self.account(record.account_sid)
        service = account.services.get(record.service_sid) if account else None
        return service.friendly_name if service else None

    def deliveries(self, notification: Notification) -> list[Delivery]:
        """The deliveries of a Notification, oldest first. They stand together, in the order of the Notifications."""
        account = self.account(notification.account_sid)
        if account is None:  # pragma: no cover  # it was dropped while the answer was being made
            return []
        mine = _sequence(account, notification)
        return self._of(self._deliveries, account, "deliveries").get(
            notification.sid, lambda delivery: mine is not None and (_sequence(account, delivery) or mine) < mine
        )

    def deliveries_of(self, record: Any) -> list[Delivery]:
        """The deliveries of the Notification that an alert or a callback is about, oldest first."""
        account = self.account(record.account_sid)
        return self._of(self._deliveries, account, "deliveries").get(record.notification_sid) if account else []

    def alerts(self, notification: Notification) -> list[Alert]:
        """The alerts of a Notification, oldest first."""
        account = self.account(notification.account_sid)
        return self._of(self._alerts, account, "alerts").get(notification.sid) if account else []

    def last_alert(self, notification: Notification) -> Alert | None:
        """The newest alert of a Notification."""
        account = self.account(notification.account_sid)
        return self._of(self._alerts, account, "alerts").newest(notification.sid) if account else None

    def _of(self, known: dict[str, ByNotification], account: AccountState, table: str) -> ByNotification:
        if account.account_sid not in known:
            with account.lock:
                known[account.account_sid] = ByNotification(getattr(account, table))
        return known[account.account_sid]


class ByNotification:
    """The entries of a log by their Notification. The log is read from its end, only as far as needed."""

    def __init__(self, log: Any) -> None:
        self._walk: Iterator[tuple[int, Any]] = log.descending()
        self._found: dict[str | None, list[Any]] = {}
        self._last: Any = None

    def get(self, sid: str, enough: Callable[[Any], bool] = lambda entry: False) -> list[Any]:
        """The entries of a Notification, oldest first; beyond an entry that is ``enough``, none are looked for."""
        if self._last is None or not enough(self._last):
            self._go_on(enough)
        return self._found.get(sid, [])[::-1]

    def newest(self, sid: str) -> Any:
        """The newest entry of a Notification, or None."""
        if sid not in self._found:
            self._go_on(lambda entry: entry.notification_sid == sid)
        return self._found.get(sid, (None,))[0]

    def _go_on(self, enough: Callable[[Any], bool]) -> None:
        """Walk until an entry is ``enough``; of those in a row of one Notification, only the first is asked."""
        found = self._found
        sid = self._last.notification_sid if self._last is not None else None
        group = found.setdefault(sid, [])
        for _, entry in self._walk:
            if entry.notification_sid == sid:
                group.append(entry)
                continue
            self._last = entry
            sid = entry.notification_sid
            group = found.setdefault(sid, [])
            group.append(entry)
            if enough(entry):
                return


def _sequence(account: AccountState, record: Any) -> int | None:
    """The number of the Notification that a record is or belongs to, if it is still there."""
    scope = account.scopes.get(record.service_sid)
    sid = getattr(record, "notification_sid", record.sid)
    return scope.notifications.sequence(sid) if scope is not None and sid in scope.notifications else None
