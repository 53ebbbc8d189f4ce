"""All state of one account, and nothing else: what is stored here is the whole truth about it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from threading import RLock
from typing import TYPE_CHECKING, Any

from fakenotify.core.clock import Clock
from fakenotify.core.log import Log
from fakenotify.core.schedule import Announcement, Schedule
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


def _bindings() -> Table[Binding]:
    return Table(
        {
            "identity": lambda binding: (binding.identity,),
            "address": lambda binding: (binding.address,),
            "tag": _tags_and_type,
        }
    )


def _tags_and_type(binding: Binding) -> tuple[str, ...]:
    """A Binding's tags and the implicit one that is its type; ``all`` needs no index."""
    tags, binding_type = binding.tags, binding.binding_type
    return tags if binding_type in tags else (*tags, binding_type)


if TYPE_CHECKING:
    from fakenotify.notify.outcomes import Outcome

ACCOUNT_TABLES = ("services", "credentials", "deliveries", "alerts", "callbacks")
LOGS = frozenset(("deliveries", "alerts"))
SCOPE_TABLES = ("bindings", "users", "segments", "notifications")


@dataclass(slots=True)
class Scope:
    """What lives below one Service; it goes when the Service goes.

    ``newcomers`` are identities that have had a Binding and so have a User (assumed D41), which is not made into a
    record before somebody asks for Users.
    """

    bindings: Table[Binding]
    users: Table[User]
    segments: Table[Segment]
    notifications: Table[Notification]
    newcomers: dict[str, datetime]

    @classmethod
    def empty(cls) -> Scope:
        """A Service's scope on its first day."""
        return cls(
            _bindings(),
            Table({"identity": lambda user: (user.identity,), "segment": lambda user: user.segments}),
            Table({"name": lambda segment: (segment.unique_name,)}),
            Table(),
            {},
        )

    def share(self) -> Scope:
        """The same records, copied only when one side is written to."""
        return Scope(
            self.bindings.share(),
            self.users.share(),
            self.segments.share(),
            self.notifications.share(),
            self.newcomers.copy(),
        )

    def note_identity(self, identity: str, moment: datetime) -> None:
        """Remember that this identity has had a Binding."""
        if not self.users.count("identity", identity):
            self.newcomers.setdefault(identity, moment)


@dataclass(slots=True)
class State:
    """The records of one account at one moment."""

    services: Table[Service]
    credentials: Table[Credential]
    scopes: dict[str, Scope]
    deliveries: Log[Delivery]
    alerts: Log[Alert]
    callbacks: Table[Callback]
    schedule: Schedule
    sids: SidGenerator
    sequence: int

    def share(self) -> State:
        """The same records, copied only when one side is written to."""
        return State(
            self.services.share(),
            self.credentials.share(),
            {sid: scope.share() for sid, scope in self.scopes.items()},
            self.deliveries.share(),
            self.alerts.share(),
            self.callbacks.share(),
            self.schedule.share(),
            self.sids.copy(),
            self.sequence,
        )

    def records(self) -> Iterator[tuple[str, Any]]:
        """Every record with the name of its table, in a fixed order."""
        for table in ACCOUNT_TABLES:
            for record in getattr(self, table):
                yield table, record
        for service in self.services:
            scope = self.scopes[service.sid]
            for table in SCOPE_TABLES:
                for record in getattr(scope, table):
                    yield table, record


class AccountState:
    """The state of one account: its tables, its clock, its sids, and the lock that every request holds.

    It keeps the newest ``kept`` deliveries, alerts and callbacks, and as many Notifications of a Service.
    """

    def __init__(
        self,
        account_sid: str,
        auth_token: str,
        behaviour: Behaviour,
        clock: Clock,
        sids: SidGenerator,
        kept: int,
        due: Announcement,
    ) -> None:
        self.account_sid = account_sid
        self.auth_token = auth_token
        self.behaviour = behaviour
        self.clock = clock
        self.sids = sids
        self.kept = kept
        self.lock = RLock()
        self.services: Table[Service] = Table({"name": lambda service: (service.friendly_name,)})
        self.credentials: Table[Credential] = Table()
        self.scopes: dict[str, Scope] = {}
        self.deliveries: Log[Delivery] = Log(kept)
        self.alerts: Log[Alert] = Log(kept)
        self.callbacks: Table[Callback] = Table({"notification": lambda callback: (callback.notification_sid,)})
        self._due = due
        self.schedule = Schedule(due)
        self.outcomes: list[Outcome] = []
        self.hints: list[str] = []
        """Where an operation puts advice that the request under way is to carry among its warnings."""
        self._sequence = 0

    def __repr__(self) -> str:
        return f"<Notify {self.account_sid}: {len(self.services)} services>"

    def save(self) -> State:
        """The records of this moment; costs nothing until the next write."""
        for service_sid in self.scopes:
            self.settle_users(service_sid)
        return State(
            self.services,
            self.credentials,
            self.scopes,
            self.deliveries,
            self.alerts,
            self.callbacks,
            self.schedule,
            self.sids,
            self._sequence,
        ).share()

    def restore(self, state: State) -> None:
        """Let ``state`` be what is stored, from now on."""
        state = state.share()
        self.services, self.credentials, self.scopes = state.services, state.credentials, state.scopes
        self.deliveries, self.alerts = state.deliveries, state.alerts
        self.callbacks, self.schedule = state.callbacks, state.schedule.share(self._due)
        self.sids.resume(state.sids)
        self._sequence = max(self._sequence, state.sequence)
        self._due.announce()

    def next_sequence(self) -> int:
        """The number of the next record: one order for all records of the account."""
        self._sequence += 1
        return self._sequence

    def new_sid(self, prefix: str, table: Table[Any]) -> str:
        """A sid that ``table`` doesn't have; a loaded world may have some that the generator has yet to make."""
        sid = self.sids.new(prefix)
        while sid in table:
            sid = self.sids.new(prefix)
        return sid

    def add_user(self, service_sid: str, identity: str, segments: tuple[str, ...], moment: datetime) -> User:
        """Give an identity that has none its User."""
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

    def settle_users(self, service_sid: str) -> None:
        """Give every newcomer its User, in the order in which they came."""
        newcomers = self.scopes[service_sid].newcomers
        for identity, moment in newcomers.items():
            self.add_user(service_sid, identity, (), moment)
        newcomers.clear()

    def knows(self, sid: str) -> bool:
        """Whether a Service, Credential or Binding of this account has this sid."""
        return (
            sid in self.services
            or sid in self.credentials
            or any(sid in each.bindings for each in self.scopes.values())
        )

    def below(self, table: str) -> list[Any]:
        """The records of one table of every Service's scope, oldest first."""
        found = [item for scope in self.scopes.values() for item in getattr(scope, table).items()]
        return [record for _, record in sorted(found, key=lambda item: item[0])]
