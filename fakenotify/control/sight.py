"""What rows of tables show besides their own fields, and the filters that find them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from operator import contains, eq
from typing import TYPE_CHECKING, Any

from fakenotify.control.routes import Refused
from fakenotify.notify.account import AccountState, Scope
from fakenotify.notify.debugger import CODES
from fakenotify.notify.records import Alert, Delivery, Notification
from fakenotify.server.wsgi import origin
from fakenotify.world.world import World

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

Accept = Callable[[Any], bool]
Make = Callable[["Sight", str], Accept]
Filter = tuple[str, Make]
"""The description of a query parameter, and a function that makes a test of a row from its value."""

_NAMED = 2
"""How many names are listed before the others are counted."""


class Sight:
    """The accounts of a world during one request to ``origin``, and what belongs to their records."""

    def __init__(self, world: World, environ: WSGIEnvironment) -> None:
        self.origin = origin(environ) if environ else ""
        self.accounts = {each.account_sid: each for each in world.accounts}
        self._logs: dict[tuple[str, str], ByNotification] = {}

    def scope(self, record: Any) -> Scope | None:
        """The tables of the Service that a record belongs to, unless it was deleted."""
        return self.accounts[record.account_sid].scopes.get(record.service_sid)

    def service_name(self, record: Any) -> str | None:
        """The name of the Service that a record belongs to, unless it was deleted."""
        service = self.accounts[record.account_sid].services.get(record.service_sid)
        return service.friendly_name if service else None

    def deliveries(self, notification: Notification) -> list[Delivery]:
        """The deliveries of a Notification, oldest first. The log has them together, ordered by Notification."""
        account = self.accounts[notification.account_sid]
        mine = _sequence(account, notification)
        return self._log(account, "deliveries").get(
            notification.sid, lambda delivery: mine is not None and (_sequence(account, delivery) or mine) < mine
        )

    def deliveries_of(self, record: Any) -> list[Delivery]:
        """The deliveries of the Notification that an alert or a callback is about, oldest first."""
        return self._log(self.accounts[record.account_sid], "deliveries").get(record.notification_sid)

    def alerts(self, notification: Notification) -> list[Alert]:
        """The alerts of a Notification, oldest first."""
        return self._log(self.accounts[notification.account_sid], "alerts").get(notification.sid)

    def last_alert(self, notification: Notification) -> Alert | None:
        """The newest alert of a Notification."""
        found: Alert | None = self._log(self.accounts[notification.account_sid], "alerts").newest(notification.sid)
        return found

    def _log(self, account: AccountState, table: str) -> ByNotification:
        key = (account.account_sid, table)
        if key not in self._logs:
            with account.lock:
                self._logs[key] = ByNotification(getattr(account, table))
        return self._logs[key]


class ByNotification:
    """The entries of a log by their Notification. The log is read from its end, only as far as needed."""

    def __init__(self, log: Any) -> None:
        self._walk: Iterator[tuple[int, Any]] = log.descending()
        self._found: dict[str | None, list[Any]] = {}
        self._last: Any = None

    def get(self, sid: str, enough: Callable[[Any], bool] = lambda entry: False) -> list[Any]:
        """The entries of a Notification, oldest first. The search ends at an entry that is ``enough``."""
        if self._last is None or not enough(self._last):
            self._go_on(enough)
        return self._found.get(sid, [])[::-1]

    def newest(self, sid: str) -> Any:
        """The newest entry of a Notification, or None."""
        if sid not in self._found:
            self._go_on(lambda entry: entry.notification_sid == sid)
        return self._found.get(sid, (None,))[0]

    def _go_on(self, enough: Callable[[Any], bool]) -> None:
        """Walk until an entry is ``enough``; of successive entries of one Notification, only the first is tested."""
        found = self._found
        sid = None if self._last is None else self._last.notification_sid
        group = found.setdefault(sid, [])
        for _, entry in self._walk:
            if entry.notification_sid == sid:
                group.append(entry)
                continue
            self._last, sid = entry, entry.notification_sid
            group = found.setdefault(sid, [])
            group.append(entry)
            if enough(entry):
                return


def _sequence(account: AccountState, record: Any) -> int | None:
    """The sequence number of the Notification that a record is or belongs to, if it still exists."""
    scope = account.scopes.get(record.service_sid)
    sid = getattr(record, "notification_sid", record.sid)
    return scope.notifications.sequence(sid) if scope is not None and sid in scope.notifications else None


# filters


def equal(*names: str) -> dict[str, Filter]:
    """Filters for rows whose field equals the value."""
    return _filters(eq, {name: name for name in names})


def like(*names: str) -> dict[str, Filter]:
    """Filters for rows whose field equals the value, ignoring case."""
    return _filters(lambda held, value: str(held).casefold() == value.casefold(), {name: name for name in names})


def having(**fields: str) -> dict[str, Filter]:
    """Filters by name for rows whose list, in the given field, contains the value."""
    return _filters(contains, fields)


def _filters(passes: Callable[[Any, str], bool], fields: Mapping[str, str]) -> dict[str, Filter]:
    def make(field: str) -> Make:
        return lambda _, value: lambda row: passes(getattr(row, field), value)

    return {name: (f"Only rows with this `{name}`.", make(field)) for name, field in fields.items()}


def code_of(value: str) -> int:
    """Parse a code. Raises ``Refused``."""
    if not (value.isascii() and value.isdigit() and len(value) < 10):
        raise Refused(400, f"code is a number such as 52001, not {value!r}")
    return int(value)


def has_code(sight: Sight, value: str) -> Accept:
    """The filter for rows with a code."""
    code = code_of(value)
    return lambda record: bool(record.code == code)


def strings(*values: Any) -> list[str]:
    """The texts in JSON values, without the names of objects, in any order."""
    found: list[str] = []
    left = [*values]
    for value in left:  # the list grows meanwhile
        kind = type(value)
        if kind is str:
            found.append(value)
        elif kind is dict:
            left += value.values()
        elif kind is list:
            left += value
    return found


# words


def title_of(code: int | None) -> str | None:
    """Twilio's title of a code."""
    return CODES[code].title if code in CODES else None


def audience(addresses: int, identities: Sequence[str], tags: Sequence[str], segments: Sequence[str]) -> str:
    """Selectors in words: ``alice``, ``alice with tag vip``, ``3 addresses``, ``everybody``."""
    if addresses:
        return counted(addresses, "address", "addresses")
    narrower = [tag for tag in tags if tag != "all"]
    parts = [f"{name} {listed(values)}" for name, values in (("tag", narrower), ("segment", segments)) if values]
    if not identities:
        return " and ".join(parts) or ("everybody" if tags else "nobody")
    return " with ".join(filter(None, (listed(identities), " and ".join(parts))))


def listed(values: Sequence[str]) -> str:
    """A list of names, shortened: ``alice, bob and 3 more``."""
    if len(values) <= _NAMED + 1:
        *first, last = values
        return f"{', '.join(first)} and {last}" if first else last
    return f"{', '.join(values[:_NAMED])} and {len(values) - _NAMED} more"


def counted(number: int, one: str, many: str) -> str:
    """A number with its noun: ``1 address``, ``1,000 addresses``."""
    return f"{number:,} {one if number == 1 else many}"
