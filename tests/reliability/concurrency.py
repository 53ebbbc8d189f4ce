"""Threads use one identity, one address and one chain of pages, while others take snapshots, restore and reset.

At every moment an identity has at most 20 Bindings and an address one; a chain of pages has every row that stays
exactly once; a snapshot never changes; and in the end each index equals its recomputation.
"""

from __future__ import annotations

import sys
import threading
from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any
from urllib.parse import parse_qs

from fakenotify.notify.dispatch import Call
from fakenotify.world.snapshot import Snapshot

from .client import client_of, new_fake
from .figure import Figure

BUSY, CONTESTED = "busy", "+15005550000"
STAYERS = 23
FULL = "Bindings for the same Identity are limited"
_SNAPSHOTS = 5
_HANGS = 600.0
"""Seconds after which a thread counts as hanging, however busy the machine is."""
_SWITCH = 2e-5
"""Seconds that a thread may run before it is interrupted: a hundredth of Python's default, to find more races."""

Ask = Callable[[str, str, dict[str, Any] | None], tuple[int | None, Any]]
"""Sends a request: method, path with a query, form. Returns the status and the JSON of the answer."""


class Hammer:
    """One world and the threads that hammer it."""

    def __init__(self, *, travels: bool, seed: int = 0, figure: Figure | None = None) -> None:
        self.figure = figure or Figure("concurrency", "operations")
        self.figure.seed = seed
        self.travels = travels
        """Whether restores and resets come between."""
        self.fake, self.service = new_fake(seed=seed)
        self.path = f"/v1/Services/{self.service}"
        self.stayers = {
            self.fake.create_binding(
                self.service, identity=f"stayer {number}", binding_type="sms", address=f"+1500444{number:04}"
            ).sid
            for number in range(STAYERS)
        }
        self.fake.world.begin_here()
        self.owner = (self.fake.account_sid, self.fake.auth_token)
        self.resets = 0
        self.snapshots: list[tuple[Snapshot, dict[Any, Any]]] = []
        self.kept: dict[str, str] = {}
        """What was created and has not been deleted, by sid, where nothing travels."""
        self._limit = 0

    # requests

    def in_process(self, method: str, target: str, form: dict[str, Any] | None) -> tuple[int | None, Any]:
        """Ask without a socket."""
        path, _, query = target.partition("?")
        sent = {name: value if isinstance(value, list) else [value] for name, value in (form or {}).items()}
        answer = self.fake.world.handle(Call(method, path, parse_qs(query), sent, self.owner))
        return answer.status, answer.body

    def ask(
        self, method: str, target: str, form: dict[str, Any] | None = None, *wanted: int, by: Ask | None = None
    ) -> dict[str, Any]:
        """The JSON of an answer, which must have one of the statuses ``wanted`` (200 if none is named)."""
        self.figure.count()
        status, body = (by or self.in_process)(method, target, form)
        if status not in (wanted or (200,)) or (status == 400 and FULL not in body["message"]):
            self.figure.fail(f"{method} {target} answered {status} {body}")
        return body or {}

    def create(self, identity: str, address: str, tag: str, *wanted: int, by: Ask | None = None) -> dict[str, Any]:
        """Register an address."""
        form = {"Identity": identity, "BindingType": "sms", "Address": address, "Tag": tag}
        return self.ask("POST", f"{self.path}/Bindings", form, *wanted, by=by)

    def rows(self, query: str, most: int = 1000, by: Ask | None = None) -> list[dict[str, Any]]:
        """The Bindings that a query finds; each address only once, and no more than ``most``."""
        rows: list[dict[str, Any]] = self.ask("GET", f"{self.path}/Bindings?{query}", by=by).get("bindings", [])
        doubled = [each for each, count in Counter(row["address"] for row in rows).items() if count > 1]
        if len(rows) > most or doubled:
            self.figure.fail(f"{len(rows)} rows where {most} are the most, doubled: {doubled}")
        return rows

    # the threads

    def one_identity(self, random: Random, by: Ask | None = None) -> None:
        """Register a new or a known device; then look."""
        self.create(BUSY, f"+1500333{random.randrange(60):04}", "busy", 201, 400, by=by)
        self.rows(f"Identity={BUSY}&PageSize=1000", most=20, by=by)

    def one_address(self, random: Random) -> None:
        """Give an address to another identity; then look who has it."""
        self.create(f"hand {random.randrange(9)}", CONTESTED, "contested", 201)
        self.rows("Tag=contested", most=1)

    def deletes(self, random: Random) -> None:
        """Delete something that doesn't stay."""
        rows = self.rows(f"Tag={random.choice(('busy', 'contested'))}")
        if rows:
            self.ask("DELETE", f"{self.path}/Bindings/{random.choice(rows)['sid']}", None, 204, 404)

    def walks(self, random: Random, by: Ask | None = None) -> None:
        """Follow a chain of pages from its beginning to its end."""
        resets, seen = self.resets, Counter[str]()
        target = f"{self.path}/Bindings?PageSize={random.randrange(3, 12)}"
        while target:
            page = self.ask("GET", target, by=by)
            seen.update(row["sid"] for row in page.get("bindings", []))
            following = page.get("meta", {}).get("next_page_url")
            target = following and following[following.index("/v1") :]
        wrong = [sid for sid in self.stayers if seen[sid] != 1]
        if resets == self.resets:  # after a reset the same seed gives the same sids again
            wrong += [sid for sid, times in seen.items() if times > 1]
        if wrong:
            self.figure.fail(f"a walk lost or doubled {len(wrong)} rows: {wrong[:3]}")

    def wire(self, random: Random) -> None:
        """Create, send and walk over a kept connection."""
        with client_of(self.fake) as client:
            for _ in range(5):
                self.one_identity(random, client.ask)
                self.ask("POST", f"{self.path}/Notifications", {"Identity": BUSY, "Body": "b"}, 201, by=client.ask)
                self.walks(random, client.ask)

    def services(self, random: Random) -> None:
        """Create, fill and delete a Service; what is below it goes with it."""
        made = self.ask("POST", "/v1/Services", {"FriendlyName": "passing"}, 201)
        below = f"/v1/Services/{made.get('sid')}"
        for number in range(3):
            form = {"Identity": "i", "BindingType": "fcm", "Address": f"token {number}"}
            self.ask("POST", f"{below}/Bindings", form, 201, 404)
        self.ask("DELETE", below, None, 204, 404)

    def keeps(self, random: Random) -> None:
        """Create what stays in a world without restores and resets: nothing of it may be lost."""
        address = f"+1{random.randrange(10**10):010}"
        sid = self.create(f"kept {address}", address, "kept", 201).get("sid", "")
        self.kept[sid] = address
        if random.random() < 0.5:
            self.ask("DELETE", f"{self.path}/Bindings/{sid}", None, 204)
            del self.kept[sid]

    def snaps(self, random: Random) -> None:
        """Take a snapshot and read all of it; compare it with itself later."""
        snapshot = self.fake.snapshot()
        if len(self.snapshots) < _SNAPSHOTS:
            self.snapshots.append((snapshot, snapshot.by_key()))
        elif random.random() < 0.1:
            self._check_snapshot(*random.choice(self.snapshots))
        self.figure.count()

    def travel(self, random: Random) -> None:
        """Go back: to a snapshot, or to the beginning."""
        if self.snapshots and random.random() < 0.7:
            self.fake.restore(random.choice(self.snapshots)[0])
        else:
            self.resets += 1
            self.fake.reset()
            self.resets += 1
        self.figure.count()
        threading.Event().wait(0.002)  # let the others have a world for a while

    def watch(self, random: Random) -> None:
        """Look at the store itself, between two requests."""
        account = self.fake.world.accounts.default
        with account.lock:
            self._check_bindings(account.scopes[self.service].bindings)
        self.figure.count()

    # the whole

    def run(self, operations: int) -> Figure:
        """Do so many operations, then check the whole world."""
        works: list[Callable[[Random], None]] = [
            self.one_identity, self.one_identity, self.one_address, self.deletes, self.walks, self.walks, self.wire,
            self.services, self.watch, self.snaps, self.travel if self.travels else self.keeps,
        ]  # fmt: skip
        self._limit = self.figure.tried + operations
        threads = [
            threading.Thread(target=self._repeat, args=(work, Random(f"{self.figure.seed} {place}")), daemon=True)
            for place, work in enumerate(works)
        ]
        interval = sys.getswitchinterval()
        sys.setswitchinterval(_SWITCH)
        try:
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(_HANGS)
                if thread.is_alive():
                    self.figure.fail("a thread hangs")
            self.check_end()
        finally:
            sys.setswitchinterval(interval)
            self.fake.stop()
        return self.figure

    def _repeat(self, work: Callable[[Random], None], random: Random) -> None:
        for _ in self.figure.until(self._limit):
            with self.figure.trying(work.__name__, 0):
                work(random)

    def check_end(self) -> None:
        """Check the world when all threads have ended."""
        account = self.fake.world.accounts.default
        account.save()
        below = [table for scope in account.scopes.values() for table in scope.tables().values()]
        for table in (account.services, account.credentials, account.callbacks, *below):
            table.check()
        self._check_bindings(account.scopes[self.service].bindings)
        for snapshot, known in self.snapshots:
            self._check_snapshot(snapshot, known)
        there = {each.sid: each.address for each in self.fake.bindings if "kept" in each.tags}
        if not self.travels and there != self.kept:
            self.figure.fail(f"{len(self.kept)} Bindings were to stay, {len(there)} did")
        server = self.fake._server
        if server is not None and server.errors:
            self.figure.fail(f"the server reported {server.errors[:3]}")

    def _check_snapshot(self, snapshot: Snapshot, known: dict[Any, Any]) -> None:
        if snapshot.by_key() != known:
            self.figure.fail("a snapshot changed")

    def _check_bindings(self, bindings: Any) -> None:
        rows = list(bindings)
        for identity, count in Counter(binding.identity for binding in rows).items():
            if count > 20:
                self.figure.fail(f"{identity} has {count} Bindings")
        doubled = [each for each, count in Counter(binding.address for binding in rows).items() if count > 1]
        missing = self.stayers - {binding.sid for binding in rows}
        if doubled or missing:
            self.figure.fail(f"doubled {doubled[:3]}, missing {sorted(missing)[:3]}")
        bindings.check()


def prove(count: int, seed: int = 0) -> Figure:
    """Do ``count`` operations, in worlds with and without restores and resets."""
    figure = Figure("concurrency", "operations by 11 threads")
    turns = max(2, count // 100_000 * 2)
    for turn in range(turns):
        Hammer(travels=turn % 2 == 1, seed=seed + turn, figure=figure).run(count // turns)
    return figure
