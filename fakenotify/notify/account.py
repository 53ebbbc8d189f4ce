"""The complete state of one account."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from threading import RLock
from typing import TYPE_CHECKING, Any, Literal

from fakenotify.core.clock import Clock
from fakenotify.core.listeners import Announcement
from fakenotify.core.log import Log
from fakenotify.core.schedule import Schedule
from fakenotify.core.sids import SidGenerator
from fakenotify.core.store import Table
from fakenotify.notify.behaviour import Behaviour
from fakenotify.notify.records import (
    Alert,
    Binding,
    Callback,
    Credential,
    Delivery,
    Notification,
    Segment,
    Service,
    User,
    strings,
)
from fakenotify.notify.tables import ALERT_SIZE, TABLES

if TYPE_CHECKING:
    from fakenotify.notify.accounts import Budget
    from fakenotify.notify.outcomes import Outcome


KEPT_DEPARTURES = 10_000


@dataclass(frozen=True, slots=True)
class Departure:
    """A Binding that is gone, for explanations: ``why``, ``when``, and the Binding that took its place, if one did."""

    binding: Binding
    why: Literal["replaced", "evicted", "deleted", "disowned"]
    when: datetime
    successor: Binding | None = None


class Tables:
    """The registered tables of an account or of a Service, each an attribute of its own name.

    A table is made when it is first asked for: five empty ones would take a third of a new world; most tests use two.
    """

    scope: Literal["account", "service"]

    def __init__(self, kept: int, budget: Budget) -> None:
        self.kept = kept
        self._budget = budget

    if not TYPE_CHECKING:  # or type checkers would know every name

        def __getattr__(self, name: str) -> Any:
            definition = TABLES.get(name)
            if definition is None or definition.scope != self.scope:
                raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
            return self.__dict__.setdefault(name, definition.empty(self.kept, self._budget))

    def tables(self) -> dict[str, Any]:
        """The tables by name, as registered."""
        return {name: getattr(self, name) for name, definition in TABLES.items() if definition.scope == self.scope}


class Scope(Tables):
    """The tables below one Service; they are deleted with it."""

    scope = "service"

    bindings: Table[Binding]
    users: Table[User]
    segments: Table[Segment]
    notifications: Table[Notification]

    def share(self) -> Scope:
        """The same records, copied only when one side is written to."""
        twin = Scope(self.kept, self._budget)
        twin.__dict__.update({name: table.share() for name, table in self.tables().items()})
        return twin


@dataclass(slots=True)
class State:
    """The records of one account at one moment."""

    tables: dict[str, Any]
    scopes: dict[str, Scope]
    schedule: Schedule
    sids: SidGenerator
    sequence: int

    def share(self) -> State:
        """The same records, copied only when one side is written to."""
        return State(
            {name: table.share() for name, table in self.tables.items()},
            {sid: scope.share() for sid, scope in self.scopes.items()},
            self.schedule.share(),
            self.sids.copy(),
            self.sequence,
        )

    def records(self) -> Iterator[tuple[str, Any]]:
        """Every record with the name of its table, in a fixed order."""
        for name, table in self.tables.items():
            for record in table:
                yield name, record
        for service in self.tables["services"]:
            for name, table in self.scopes[service.sid].tables().items():
                for record in table:
                    yield name, record


class AccountState(Tables):
    """The state of one account: its tables, its clock, its sids, and the lock that every request holds.

    It keeps the newest ``kept`` deliveries, alerts and callbacks, and as many Notifications of a Service.
    """

    scope = "account"

    services: Table[Service]
    credentials: Table[Credential]
    deliveries: Log[Delivery]
    alerts: Log[Alert]
    callbacks: Table[Callback]

    def __init__(
        self,
        account_sid: str,
        auth_token: str,
        behaviour: Behaviour,
        clock: Clock,
        sids: SidGenerator,
        kept: int,
        due: Announcement,
        budget: Budget,
    ) -> None:
        super().__init__(kept, budget)
        self.account_sid = account_sid
        self.auth_token = auth_token
        self.behaviour = behaviour
        self.clock = clock
        self.sids = sids
        self.lock = RLock()
        self.scopes: dict[str, Scope] = {}
        self._due = due
        self.schedule = Schedule(due)
        self.outcomes: list[Outcome] = []
        self.hints: list[str] = []
        """Where an operation puts advice, for the warnings of the request under way."""
        self.departures: deque[Departure] = deque(maxlen=KEPT_DEPARTURES)
        self._sequence = 0

    @property
    def is_empty(self) -> bool:
        """Whether nothing is stored here."""
        return not any(map(len, self.tables().values()))

    def __repr__(self) -> str:
        return f"<Notify {self.account_sid}: {len(self.services)} services>"

    def save(self) -> State:
        """The current records; free until the next write."""
        return State(self.tables(), self.scopes, self.schedule, self.sids, self._sequence).share()

    def restore(self, state: State) -> None:
        """Replace the records by those of ``state``."""
        state = state.share()
        self.__dict__.update(state.tables)
        self.scopes, self.schedule = state.scopes, state.schedule.share(self._due)
        for table in self.bounded():
            table.grew = self._budget.grew
        self.sids.resume(state.sids)
        self._sequence = max(self._sequence, state.sequence)
        self._due.announce()

    def next_sequence(self) -> int:
        """The number of the next record: one order for all records of the account."""
        self._sequence += 1
        return self._sequence

    def new_sid(self, prefix: str, table: Table[Any]) -> str:
        """A sid that ``table`` doesn't have; a loaded world may have sids that the generator would make next."""
        sid = self.sids.new(prefix)
        while sid in table:
            sid = self.sids.new(prefix)
        return sid

    def add_user(self, service_sid: str, identity: str, segments: tuple[str, ...], moment: datetime) -> User:
        """Make the User of an identity that has none."""
        scope = self.scopes[service_sid]
        user = User(
            sid=self.new_sid("US", scope.users),
            account_sid=self.account_sid,
            service_sid=service_sid,
            identity=identity,
            segments=strings(segments),
            date_created=moment,
            date_updated=moment,
        )
        scope.users.add(self.next_sequence(), user)
        return user

    def add_alert(self, alert: Alert) -> None:
        """Add an alert to the Debugger."""
        self.alerts.append(alert, ALERT_SIZE + len(alert.text))

    def open_scope(self, service_sid: str) -> Scope:
        """Create the tables below a new Service."""
        scope = self.scopes[service_sid] = Scope(self.kept, self._budget)
        return scope

    def bounded(self) -> Iterator[Any]:
        """The tables that grow by themselves; safe to walk while another thread writes."""
        for tables in (self, *list(self.scopes.values())):
            for name, definition in list(TABLES.items()):
                if definition.weigh is not None and name in tables.__dict__:
                    yield tables.__dict__[name]

    def knows(self, sid: str) -> bool:
        """Whether a record of this account has this sid."""
        for name, definition in TABLES.items():
            if definition.prefix == sid[:2]:
                if definition.scope == "account":
                    return sid in getattr(self, name)
                return any(sid in getattr(scope, name) for scope in self.scopes.values())
        return False

    def remove_binding(
        self,
        binding: Binding,
        why: Literal["replaced", "evicted", "deleted", "disowned"],
        successor: Binding | None = None,
    ) -> None:
        """Remove a Binding, and record why for explanations."""
        self.scopes[binding.service_sid].bindings.remove(binding.sid)
        self.departures.append(Departure(binding, why, self.clock.stamp(), successor))

    def below(self, table: str) -> list[Any]:
        """The records of one table of every Service's scope, oldest first."""
        found = [item for scope in self.scopes.values() for item in getattr(scope, table).items()]
        return [record for _, record in sorted(found, key=lambda item: item[0])]
