"""The world: one fake with its accounts, clock, journal and faults, and every verb of a tester, once.

``FakeNotify`` and ``Account`` spell these verbs in Python, the control API in JSON, the command line in options.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event
from typing import TYPE_CHECKING, Any

from fakenotify.core.clock import Clock
from fakenotify.core.errors import UnknownName
from fakenotify.core.listeners import Announcement, Ending, Listeners
from fakenotify.core.params import nearest
from fakenotify.core.sids import SidGenerator, is_sid
from fakenotify.notify.account import AccountState, State
from fakenotify.notify.accounts import AUTH_TOKEN, KEPT_BYTES, KEPT_DELIVERIES, Accounts
from fakenotify.notify.behaviour import Behaviour
from fakenotify.notify.dispatch import Answer, Call, Dispatcher
from fakenotify.notify.journal import KEPT_REQUESTS, Journal
from fakenotify.notify.records import Attempt, Callback

if TYPE_CHECKING:
    from fakenotify.faults.injected import InjectedFault
    from fakenotify.faults.kinds import Fault
    from fakenotify.notify.outcomes import Outcome
    from fakenotify.world.explain import Explanation
    from fakenotify.world.snapshot import Difference, Snapshot

SHUTDOWN_CODES = {410: 20410, 404: 20404, 403: 20403}
"""Twilio has not said how Notify will refuse requests after 31 October 2027. (assumed D20)"""


@dataclass(frozen=True)
class Change:
    """Something happened: a ``request`` was answered, a ``callback`` was tried, a ``change`` was made by a verb of the
    tester, or a ``control`` call wrote.

    ``account_sid`` is None where it concerns all accounts; ``body`` says what it was, as JSON.
    """

    kind: str
    account_sid: str | None
    body: dict[str, Any]


class World:
    """One fake without a socket. The verbs raise ``UnknownName``, ``ValueError`` or ``TypeError`` for the tester's
    mistakes, and ``TwilioError`` if Notify would refuse the request; a verb that raises has changed nothing."""

    def __init__(
        self,
        behaviour: Behaviour,
        seed: int = 0,
        accounts: Mapping[str, str] | None = None,
        api_keys: Mapping[str, str] | None = None,
        keep_requests: int = KEPT_REQUESTS,
        keep_deliveries: int = KEPT_DELIVERIES,
        keep_bytes: int = KEPT_BYTES,
    ) -> None:
        self.seed = seed
        self.clock = Clock()
        self.due = Announcement()
        bounds = (keep_deliveries, self.due, keep_bytes * 3 // 4)
        self.accounts = Accounts(behaviour, self.clock, seed, accounts, api_keys, *bounds)
        self.journal = Journal(keep_requests, keep_bytes // 4)
        self.dispatcher = Dispatcher(self.accounts, self.clock, self.journal, seed)
        self.changes: Listeners[Change] = Listeners()
        self.ending = Ending()
        self.post_callback: Callable[[Callback], Attempt] | None = None
        """Posts one callback over the network; set by the owner of the network."""
        self._behaviour_at_start = behaviour
        self._beginning: dict[str, State] = {}
        self._account_sids = SidGenerator(f"{seed}/accounts")
        due, changes = self.due, self.changes  # not self: without circles an old world is freed at once

        def clock_moved() -> None:
            due.announce()
            changes.tell(_change("clock"))

        self.clock.on_move(clock_moved)

    # requests

    def handle(self, call: Call) -> Answer:
        """Answer a request of a client of Notify."""
        return self.dispatcher.handle(call)

    def create(self, account_sid: str, operation: str, path_values: tuple[str, ...], **arguments: Any) -> Any:
        """Run an operation such as ``bindings.create`` for an account, by the rules of the wire; returns its record.

        It is not journaled. Raises the catalogue's ``TwilioError``, and ``TypeError`` for an unknown argument.
        """
        record = self.dispatcher.run(self.accounts[account_sid], operation, path_values, arguments)
        self._changed("create", account_sid, operation=operation)
        return record

    def create_service(self, account_sid: str, sid: str | None = None, **arguments: Any) -> Any:
        """Create a Service, with a ``sid`` of the tester's choice if one is given."""
        account = self.accounts[account_sid]
        if sid is not None and (not isinstance(sid, str) or not is_sid(sid, "IS") or sid in account.services):
            raise ValueError(f"{sid!r} can't be a new Service's sid: IS and 32 hex digits, not yet in use")
        service = self.dispatcher.run(account, "services.create", (), arguments, sid=sid)
        self._changed("create", account_sid, operation="services.create")
        return service

    # accounts

    def declare_account(self, account_sid: str | None = None, auth_token: str | None = None) -> AccountState:
        """Add an account whose auth token is checked from now on; without a sid, a new one each time."""
        accounts = self.accounts
        if account_sid is None:
            account_sid = self._account_sids.new("AC")
            while account_sid in accounts:  # a loaded world may have brought it
                account_sid = self._account_sids.new("AC")
        elif account_sid in accounts and auth_token is None:
            auth_token = accounts[account_sid].auth_token
        account = accounts.declare(account_sid, auth_token or AUTH_TOKEN)
        self._changed("declare_account", account_sid)
        return account

    def account(self, account_sid: str | None = None) -> AccountState:
        """An account, or the default one. Raises ``UnknownName`` for one that isn't there."""
        if account_sid is None:
            return self.accounts.default
        if account_sid in self.accounts:
            return self.accounts[account_sid]
        known = [account.account_sid for account in self.accounts]
        raise UnknownName(f"there is no account {account_sid!r}", nearest(str(account_sid), known) or known[:3])

    def accounts_of(self, account_sid: str | None = None) -> list[AccountState]:
        """One account, or all of them. Raises ``UnknownName``."""
        return list(self.accounts) if account_sid is None else [self.account(account_sid)]

    # switches

    @property
    def behaviour(self) -> Behaviour:
        """The current switches."""
        return self.accounts.behaviour

    def set_behaviour(self, behaviour: Behaviour) -> None:
        """Replace the switches, for every account."""
        self.accounts.use(behaviour)
        self._changed("set_behaviour")

    def change_behaviour(self, changes: Mapping[str, Any]) -> None:
        """Change some switches. Raises ``TypeError`` for an unknown one, ``ValueError`` for an unknown value."""
        self.set_behaviour(self.behaviour.changed(changes))

    # faults and outcomes

    @property
    def faults(self) -> list[InjectedFault]:
        """The faults that are set, each with how often it has met a request."""
        return list(self.dispatcher.faults) if self.dispatcher.has_faults else []

    def unused_faults(self) -> list[InjectedFault]:
        """The faults that never met a request and are not optional."""
        return self.dispatcher.faults.unused() if self.dispatcher.has_faults else []

    def fail(
        self,
        operation: str,
        fault: Fault | None = None,
        *,
        status: int | None = None,
        retry_after: float | None = None,
        account_sid: str | None = None,
        **requests: Any,
    ) -> InjectedFault:
        """Inject a fault, or an HTTP ``status``, into the requests whose operation fits a pattern (``bindings.*``).

        ``requests`` are the further fields of ``InjectedFault``, which say which of them it meets.
        """
        if (fault is None) == (status is None):
            raise TypeError("fail() takes either a Fault or status=, e.g. fail('bindings.*', status=429)")
        from fakenotify.faults.kinds import Fault  # start-up time: most worlds have no fault

        if fault is None:
            assert status is not None
            fault = Fault.http(status, retry_after=retry_after)
        elif retry_after is not None:
            raise TypeError("retry_after goes with status=; a Fault has its own: Fault.http(429, retry_after=2)")
        injected = self.dispatcher.faults.add(operation, fault, account_sid=account_sid, **requests)
        self._changed("fail", account_sid, operation=operation)
        return injected

    def rate_limit(
        self, operation: str, requests: int, seconds: float, account_sid: str | None = None
    ) -> InjectedFault:
        """Allow ``requests`` in ``seconds`` of the fake's clock; the next gets 429 and ``Retry-After``."""
        from fakenotify.faults.kinds import RateLimit  # start-up time: most worlds have no fault

        return self.fail(operation, RateLimit(requests, seconds), account_sid=account_sid, optional=True)

    def shutdown(self, status: int = 410) -> InjectedFault:
        """Rehearse the end of Notify on 31 October 2027: every request is refused from now on. (assumed D20)"""
        code = SHUTDOWN_CODES.get(status)
        if code is None:
            raise ValueError(f"the shutdown is rehearsed with status 410, 404 or 403, not {status!r}")
        from fakenotify.faults.kinds import Fault  # start-up time: most worlds have no fault

        return self.fail("*", Fault.http(status, code), optional=True)

    def remove_faults(self, fault_id: int | None = None, account_sid: str | None = None) -> int:
        """Remove one fault, an account's, or all; returns how many."""
        removed = self.dispatcher.faults.remove(fault_id, account_sid) if self.dispatcher.has_faults else 0
        self._changed("remove_faults", account_sid)
        return removed

    def fail_delivery(self, code: int, *, account_sid: str | None = None, **deliveries: Any) -> Outcome:
        """Have the provider answer with a 52xxx ``code``; ``deliveries`` are the further fields of ``Outcome``."""
        from fakenotify.notify.outcomes import Outcome  # start-up time: it needs the table of codes

        made = Outcome(code, **deliveries)
        account = self.account(account_sid)
        account.outcomes.append(made)
        self._changed("fail_delivery", account.account_sid, code=code)
        return made

    def clear_outcomes(self, account_sid: str | None = None) -> int:
        """Remove the outcomes, so that deliveries succeed again; returns how many there were."""
        removed = 0
        for account in self.accounts_of(account_sid):
            removed += len(account.outcomes)
            account.outcomes = []
        self._changed("clear_outcomes", account_sid)
        return removed

    # worlds

    def begin_here(self) -> None:
        """Make the current records the state that ``reset`` restores."""
        self._beginning = {account.account_sid: account.save() for account in self.accounts}

    def reset(self, account_sid: str | None = None, *, clock: bool = False, behaviour: bool = False) -> None:
        """Reset all accounts, or one, to their beginning, without journal, faults and outcomes.

        Clock and switches stay as they are unless ``clock`` and ``behaviour`` say otherwise.
        """
        self.accounts.reset(account_sid, self._beginning)
        self.journal.clear(account_sid)
        if self.dispatcher.has_faults:
            self.dispatcher.faults.remove(account_sid=account_sid)
        if account_sid is None:
            self.dispatcher.reset()
        if clock:
            self.clock.resume()
        if behaviour:
            self.accounts.use(self._behaviour_at_start)
        self.due.announce()
        self._changed("reset", account_sid)

    def snapshot(self) -> Snapshot:
        """The current records, to compare with or to restore."""
        from fakenotify.world import snapshot  # start-up time

        return snapshot.take(self.accounts)

    def restore(self, before: Snapshot) -> None:
        """Restore the records of ``before``; journal, faults, clock and switches stay as they are."""
        from fakenotify.world import snapshot  # start-up time

        snapshot.restore(self.accounts, before)
        self._changed("restore")

    def diff(self, before: Snapshot) -> Difference:
        """What was added, removed and changed since ``before``; falsy when nothing was."""
        from fakenotify.world import snapshot  # start-up time

        return snapshot.difference(before, self.snapshot())

    def export(self, account_sid: str | None = None, *, secrets: bool = False) -> dict[str, Any]:
        """The world, or one account, as JSON. Auth tokens are redacted unless ``secrets``."""
        from fakenotify.world import saved_state  # start-up time

        return saved_state.export(self.accounts, account_sid, secrets=secrets)

    def import_state(self, state: Any) -> None:
        """Replace the world by exported JSON. Raises ``StateError`` (a ``ValueError``); then nothing has changed."""
        from fakenotify.world import saved_state  # start-up time

        saved_state.load(self.accounts, state)
        self._changed("import_state")

    def save(self, path: str | os.PathLike[str], *, secrets: bool = False) -> None:
        """Write the world to a file as JSON, with ``secrets`` for its owner only. On ``OSError`` the old file stays."""
        from fakenotify.world.state_file import save_file  # start-up time; pyfakefs unloads what it saw being loaded

        save_file(path, self.export(secrets=secrets), private=secrets)

    def load(self, path: str | os.PathLike[str]) -> None:
        """Replace the world by that of a file. Raises ``OSError`` or ``StateError``; then nothing has changed."""
        from fakenotify.world.state_file import read_file

        self.import_state(read_file(path))

    # sending

    def explain(self, notification_sid: str, account_sid: str | None = None) -> Explanation:
        """Who a Notification reached, and a reason for every Binding that it didn't. Raises ``UnknownName``."""
        from fakenotify.world.explain import explain  # start-up time

        missing: UnknownName | None = None
        for account in self.accounts_of(account_sid):
            with account.lock:
                try:
                    return explain(account, notification_sid)
                except UnknownName as error:
                    missing = error if missing is None or error.nearest else missing
        assert missing is not None  # there is always an account
        raise missing

    def deliver_callback(self) -> Callback | None:
        """Post the next delivery callback that is due, in this thread, and return it; None when none is due."""
        from fakenotify.notify.callbacks import note_attempt, take_due  # start-up time

        if self.post_callback is None:
            raise RuntimeError("this world has nothing that posts callbacks; a FakeNotify has")
        for account in self.accounts:
            callback = take_due(account)
            if callback is not None:
                tried = note_attempt(account, callback, self.post_callback(callback))
                self.callback_tried(tried)
                return tried
        return None

    def callback_tried(self, callback: Callback) -> None:
        """Notify the listeners of an attempt to post a callback."""
        body = {name: getattr(callback, name) for name in ("sid", "notification_sid", "account_sid", "url", "status")}
        self.changes.tell(Change("callback", callback.account_sid, body | {"attempts": len(callback.attempts)}))

    # what happens

    def end(self) -> None:
        """End all pauses and streams of this world."""
        self.ending.happen()

    @contextmanager
    def watched(self) -> Iterator[Event]:
        """A context in which every change sets an event."""
        happened = Event()
        ends = [listen(lambda _: happened.set()) for listen in (self.journal.listen, self.changes.add)]
        try:
            yield happened
        finally:
            for end in ends:
                end()

    def _changed(self, verb: str, account_sid: str | None = None, **details: Any) -> None:
        self.changes.tell(_change(verb, account_sid, **details))


def _change(verb: str, account_sid: str | None = None, **details: Any) -> Change:
    return Change("change", account_sid, {"verb": verb, "account_sid": account_sid, **details})
