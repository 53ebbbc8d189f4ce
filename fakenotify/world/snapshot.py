"""Snapshots of all accounts' records, and the differences between two of them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

from fakenotify.core.printable import printable, shortened
from fakenotify.notify.account import State
from fakenotify.notify.accounts import Accounts
from fakenotify.notify.tables import TABLES

_LONGEST_VALUE = 200
_CREDENTIALS = re.compile(r"//[^/@\s]*@")
"""A user and a password in a URL."""


class Snapshot:
    """The records of every account at one moment: not the journal, the faults, the clock or the behaviour.

    Equal worlds give equal snapshots. Taking one is cheap: records are shared until the next write.
    """

    def __init__(self, states: Mapping[str, State]) -> None:
        self.states = dict(states)

    def _records(self) -> Iterator[tuple[str, str, Any]]:
        for account_sid in sorted(self.states):
            for table, record in self.states[account_sid].records():
                yield account_sid, table, record

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Snapshot):
            return NotImplemented
        return list(self._records()) == list(other._records())

    __hash__ = None  # type: ignore[assignment]  # equal by content, which may be large

    def __repr__(self) -> str:
        counts = Counter(table for _, table, _record in self._records())
        return f"<Snapshot {', '.join(f'{count} {table}' for table, count in counts.items()) or 'of an empty world'}>"

    def by_key(self) -> dict[tuple[str, str], Any]:
        """Every record by its table and its sid; those of a log by their account and place."""
        found: dict[tuple[str, str], Any] = {}
        places: Counter[tuple[str, str]] = Counter()
        for account_sid, table, record in self._records():
            places[account_sid, table] += 1
            is_log = TABLES[table].prefix is None
            found[table, f"{account_sid} {places[account_sid, table]}" if is_log else record.sid] = record
        return found


@dataclass(frozen=True)
class Difference:
    """The differences between two worlds; falsy if there are none. ``str`` gives them in words."""

    added: tuple[Any, ...]
    removed: tuple[Any, ...]
    changed: tuple[tuple[Any, Any], ...]

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed)

    def __str__(self) -> str:
        lines = [f"+ {_summary(record)}" for record in self.added]
        lines += [f"- {_summary(record)}" for record in self.removed]
        for before, after in self.changed:
            lines.append(f"~ {_named(after)}")
            lines += [
                f"    {field.name}: {_shown(getattr(before, field.name))} -> {_shown(getattr(after, field.name))}"
                for field in fields(after)
                if getattr(before, field.name) != getattr(after, field.name)
            ]
        return "\n".join(lines) or "no difference"


def _summary(record: Any) -> str:
    """A record in one line, without what is unset."""
    shown = ", ".join(
        f"{field.name}={_shown(getattr(record, field.name))}"
        for field in fields(record)
        if field.name not in ("sid", "account_sid", "date_created", "date_updated")
        and getattr(record, field.name) not in (None, (), {})
    )
    return f"{_named(record)}: {shown}"


def _shown(value: Any) -> str:
    return shortened(_CREDENTIALS.sub("//[redacted]@", repr(value)), _LONGEST_VALUE)


def _named(record: Any) -> str:
    return printable(" ".join(filter(None, (type(record).__name__, getattr(record, "sid", None)))))


def take(accounts: Accounts) -> Snapshot:
    """A snapshot of all accounts."""
    states = {}
    for account in accounts:
        with account.lock:
            states[account.account_sid] = account.save()
    return Snapshot(states)


def restore(accounts: Accounts, snapshot: Snapshot) -> None:
    """Restore all accounts; accounts that the snapshot doesn't have become empty."""
    _check(snapshot)
    for account_sid in snapshot.states:
        if account_sid not in accounts:
            accounts.put(accounts.fresh(account_sid))
    for account in accounts:
        with account.lock:
            state = snapshot.states.get(account.account_sid)
            account.restore(accounts.fresh(account.account_sid).save() if state is None else state)


def difference(before: Snapshot, after: Snapshot) -> Difference:
    """What was added, removed and changed between two snapshots."""
    _check(before)
    old, new = before.by_key(), after.by_key()
    return Difference(
        tuple(record for key, record in new.items() if key not in old),
        tuple(record for key, record in old.items() if key not in new),
        tuple((old[key], record) for key, record in new.items() if key in old and old[key] != record),
    )


def _check(snapshot: object) -> None:
    if not isinstance(snapshot, Snapshot):
        raise TypeError(f"this takes what snapshot() returned, not {snapshot!r}")
