"""Accounts: who a request acts for, by rules that are assumed (D19), and the bytes that they may use together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from hmac import compare_digest
from types import MappingProxyType
from typing import Any
from weakref import ref

import fakenotify.notify.resources  # noqa: F401  # they register the tables that an account has
from fakenotify.core.clock import Clock
from fakenotify.core.listeners import Announcement
from fakenotify.core.sids import SidGenerator, is_sid
from fakenotify.notify.account import AccountState, State
from fakenotify.notify.behaviour import Behaviour
from fakenotify.notify.errors import Unauthorized
from fakenotify.notify.kept import KEPT_BYTES as KEPT_BYTES
from fakenotify.notify.kept import KEPT_DELIVERIES as KEPT_DELIVERIES

ACCOUNT_SID = "AC" + "fa4e" * 8
AUTH_TOKEN = "faketoken0" * 3 + "fa"

MOST_MADE_UP = 1_000
"""How many accounts that callers made up are kept (``unknown_accounts="own"``): the oldest empty ones go first."""

_STEP = 256
"""The bytes in use are summed up again when they have grown by this fraction of the limit."""


class Accounts:
    """The accounts of one fake, each with its own records.

    ``declared`` maps account sids to auth tokens; if it is given, only those are let in, and ``api_keys`` (key sid to
    secret) act for the first. Otherwise any ``AC`` or ``SK`` sid with a password is let in.
    """

    def __init__(
        self,
        behaviour: Behaviour,
        clock: Clock,
        seed: int,
        declared: Mapping[str, str] | None = None,
        api_keys: Mapping[str, str] | None = None,
        kept: int = KEPT_DELIVERIES,
        due: Announcement | None = None,
        kept_bytes: int = KEPT_BYTES,
    ) -> None:
        self.due = due or Announcement()
        self.strict = bool(declared)
        self.behaviour = behaviour
        self._clock = clock
        self._seed = seed
        self._kept = kept
        self._tokens = dict(declared or {ACCOUNT_SID: AUTH_TOKEN})
        for account_sid, auth_token in (declared or {}).items():
            check_credentials(account_sid, auth_token)
        self._api_keys = dict(api_keys or {})
        for key_sid, secret in self._api_keys.items():
            if not is_sid(key_sid, "SK") or not secret:
                raise ValueError(f"API key {key_sid!r} is not SK and 32 hex digits with a secret")
        self._guarded = set(self._tokens) if self.strict else set()
        self._worlds: dict[str, AccountState] = {}
        self._budget = Budget(kept_bytes, ref(self))
        self.default_sid = next(iter(self._tokens))
        self.reset()

    @property
    def default(self) -> AccountState:
        """The account that API keys, and unknown accounts where they are shared, act for."""
        return self._worlds[self.default_sid]

    def __iter__(self) -> Iterator[AccountState]:
        return iter(list(self._worlds.values()))

    def __getitem__(self, account_sid: str) -> AccountState:
        return self._worlds[account_sid]

    def __contains__(self, account_sid: object) -> bool:
        return account_sid in self._worlds

    def declare(self, account_sid: str, auth_token: str) -> AccountState:
        """Add an account whose token is checked from now on. Raises ``ValueError`` for unusable credentials."""
        check_credentials(account_sid, auth_token)
        self._tokens[account_sid] = auth_token
        self._guarded.add(account_sid)
        account = self._worlds.get(account_sid)
        if account is None:
            return self._open(account_sid, auth_token)
        account.auth_token = auth_token
        return account

    def reset(self, account_sid: str | None = None, beginning: Mapping[str, State] = MappingProxyType({})) -> None:
        """Give every account, or one, a new world, empty or as in ``beginning``; accounts that nobody declared go.

        A request at the same time sees either the old world or the new one.
        """
        if account_sid is not None:
            self._worlds[account_sid] = self._anew(account_sid, self._worlds[account_sid].auth_token, beginning)
        else:
            self._worlds = {sid: self._anew(sid, token, beginning) for sid, token in self._tokens.items()}

    def replace(self, loaded: Iterable[AccountState]) -> None:
        """Replace the accounts at once; declared ones that are not among them become empty."""
        empty = {sid: self.fresh(sid, token) for sid, token in self._tokens.items()}
        self._worlds = empty | {account.account_sid: account for account in loaded}
        self._budget.keep()
        self.due.announce()

    def _anew(self, account_sid: str, auth_token: str, beginning: Mapping[str, State]) -> AccountState:
        account = self.fresh(account_sid, auth_token)
        if account_sid in beginning:
            account.restore(beginning[account_sid])
        return account

    def put(self, account: AccountState) -> None:
        """Use this state for its account from now on."""
        self._worlds[account.account_sid] = account

    def fresh(self, account_sid: str, auth_token: str | None = None) -> AccountState:
        """An empty state for an account, not yet in use."""
        token = auth_token or self._tokens.get(account_sid) or AUTH_TOKEN
        sids = SidGenerator(f"{self._seed}/{account_sid}")
        return AccountState(account_sid, token, self.behaviour, self._clock, sids, self._kept, self.due, self._budget)

    def use(self, behaviour: Behaviour) -> None:
        """Use these switches for every account from now on."""
        self.behaviour = behaviour
        for account in self._worlds.values():
            account.behaviour = behaviour
        self.due.announce()

    def authenticate(self, credentials: tuple[str, str] | None) -> AccountState:
        """The state that these Basic credentials act for. Raises ``Unauthorized``."""
        user, password = credentials or ("", "")
        known = self._worlds.get(user)
        if user in self._guarded and known is not None:
            if not _same(password, known.auth_token):
                raise Unauthorized
            return known
        if user in self._api_keys:
            if not _same(password, self._api_keys[user]):
                raise Unauthorized
            return self.default
        if self.strict or not password or not (known or is_sid(user, "AC") or is_sid(user, "SK")):
            raise Unauthorized
        if user.startswith("SK"):
            return self.default
        if known is None and self.behaviour.unknown_accounts != "own":
            return self.default
        if known is None:
            known = self._open(user, password)
        elif user not in self._tokens:
            known.auth_token = password  # its callbacks are signed with the token that it used last (assumed D39)
        return known

    def _open(self, account_sid: str, auth_token: str) -> AccountState:
        """Open an account; if several threads try at once, one of them opens it for all."""
        account = self._worlds.setdefault(account_sid, self.fresh(account_sid, auth_token))
        if len(self._worlds) > MOST_MADE_UP + len(self._tokens):
            self._close_one(account)
        return account

    def _close_one(self, newest: AccountState) -> None:
        """Drop the oldest empty account that wasn't declared, or else the oldest."""
        made_up = (each for each in self if each.account_sid not in self._tokens and each is not newest)
        oldest = next(made_up)
        if not oldest.is_empty:
            oldest = next((each for each in made_up if each.is_empty), oldest)
        self._worlds.pop(oldest.account_sid, None)


def check_credentials(account_sid: str, auth_token: str) -> None:
    """Raise ``ValueError`` unless these can be an account's credentials."""
    if not is_sid(account_sid, "AC"):
        raise ValueError(f"{account_sid!r} is not an account sid: AC and 32 hex digits")
    if not auth_token:
        raise ValueError(f"account {account_sid} needs an auth token that is not empty")


def _same(given: str, expected: str) -> bool:
    """Compare in constant time."""
    return compare_digest(given.encode("utf-8", "surrogatepass"), expected.encode("utf-8", "surrogatepass"))


class Budget:
    """At most ``most`` bytes of Notifications, deliveries, alerts and callbacks, by estimate.

    Where there would be more, the oldest rows of the largest tables go, until an eighth of the whole is free.
    """

    def __init__(self, most: int, accounts: Callable[[], Iterable[AccountState] | None]) -> None:
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
        tables = [(account, table) for account in self._accounts() or () for table in account.bounded()]
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
        """Drop an eighth of a table; returns the bytes freed."""
        if not account.lock.acquire(blocking=False):  # waiting could be a deadlock
            return 0
        try:
            before: int = table.bytes
            table.shrink(before * 7 // 8)
            return before - int(table.bytes)
        finally:
            account.lock.release()
