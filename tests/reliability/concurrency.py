"""Threads use one identity, one address and one chain of pages, while others take snapshots, restore and reset.

At every moment an identity has at most 20 Bindings and an address one; a chain of pages has every row that stays
exactly once; a snapshot never changes; and in the end each index equals its recomputation.
"""

from __future__ import annotations

import http.client
import json
import sys
import threading
import traceback
from base64 import b64encode
from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any
from urllib.parse import urlencode, urlsplit

from fakenotify import FakeNotify
from fakenotify.notify.dispatch import Answer, Call
from fakenotify.world.snapshot import Snapshot

from .figure import Figure

BUSY, CONTESTED = "busy", "+15005550000"
STAYERS = 23
FULL = "Bindings for the same Identity are limited"
_SNAPSHOTS = 5
_HANGS = 600.0
"""Seconds after which a thread counts as hanging, however busy the machine is."""
_SWITCH = 2e-5
"""Seconds that a thread may run before it is interrupted: a hundredth of Python's default, to find more races."""


class Hammer:
    """One world and the threads that hammer it."""

    def __init__(self, *, travels: bool, seed: int = 0, figure: Figure | None = None) -> None:
        self.figure = figure or Figure("concurrency", "operations")
        self.travels = travels
        """Whether restores and resets come between."""
        self.seed = seed
        self.fake = FakeNotify(seed=seed)
        self.service = self.fake.create_service(messaging_service_sid="MG" + "0" * 32).sid
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

    # asking

    def ask(self, method: str, path: str, form: dict[str, str | list[str]] | None = None) -> Answer:
        """Ask in process."""
        sent = {name: value if isinstance(value, list) else [value] for name, value in (form or {}).items()}
        query, body = (sent, {}) if method == "GET" else ({}, sent)
        self.figure.count()
        return self.fake.world.handle(Call(method, path, query, body, self.owner))

    def expect(self, answer: Answer, *statuses: int) -> Answer:
        """Fail unless the answer has one of these statuses."""
        if answer.status not in statuses:
            self.figure.fail(f"seed {self.seed}: {answer.operation} answered {answer.status} {answer.body}")
        return answer

    def create(self, identity: str, address: str, *tags: str) -> Answer:
        """Register an address."""
        form = {"Identity": identity, "BindingType": "sms", "Address": address, "Tag": list(tags)}
        return self.ask("POST", f"{self.path}/Bindings", form)

    # the threads

    def one_identity(self, random: Random) -> None:
        """Register a new or a known device; then look."""
        answer = self.expect(self.create(BUSY, f"+1500333{random.randrange(60):04}", "busy"), 201, 400)
        if answer.status == 400 and FULL not in str(answer.body):
            self.figure.fail(f"seed {self.seed}: refused by {answer.body}")
        page = self.expect(self.ask("GET", f"{self.path}/Bindings", {"Identity": BUSY, "PageSize": "1000"}), 200)
        self._check_page(page, most=20)

    def one_address(self, random: Random) -> None:
        """Give an address to another identity; then look who has it."""
        self.expect(self.create(f"hand {random.randrange(9)}", CONTESTED, "contested"), 201)
        page = self.expect(self.ask("GET", f"{self.path}/Bindings", {"Tag": "contested"}), 200)
        self._check_page(page, most=1)

    def _check_page(self, page: Answer, most: int) -> None:
        rows = (page.body or {}).get("bindings", [])
        doubled = [each for each, count in Counter(row["address"] for row in rows).items() if count > 1]
        if len(rows) > most or doubled:
            self.figure.fail(f"seed {self.seed}: {len(rows)} rows where {most} are the most, doubled: {doubled}")

    def deletes(self, random: Random) -> None:
        """Delete something that doesn't stay."""
        page = self.expect(self.ask("GET", f"{self.path}/Bindings", {"Tag": random.choice(("busy", "contested"))}), 200)
        rows = (page.body or {}).get("bindings", [])
        if rows:
            self.expect(self.ask("DELETE", f"{self.path}/Bindings/{random.choice(rows)['sid']}"), 204, 404)

    def walks(self, random: Random) -> None:
        """Follow a chain of pages from its beginning to its end."""
        resets, seen, size = self.resets, [], str(random.randrange(3, 12))
        page = self.ask("GET", f"{self.path}/Bindings", {"PageSize": size})
        while True:
            body = self.expect(page, 200).body or {}
            seen += [row["sid"] for row in body.get("bindings", [])]
            following = body.get("meta", {}).get("next_page_url")
            if following is None:
                break
            asked = dict(pair.split("=") for pair in urlsplit(following).query.split("&"))
            page = self.ask("GET", f"{self.path}/Bindings", asked)
        self._check_walk(seen, resets)

    def _check_walk(self, seen: list[str], resets: int) -> None:
        count = Counter(seen)
        wrong = [sid for sid in self.stayers if count[sid] != 1]
        if resets == self.resets:  # after a reset the same seed gives the same sids again
            wrong += [sid for sid, times in count.items() if times > 1]
        if wrong:
            self.figure.fail(f"seed {self.seed}: a walk lost or doubled {len(wrong)} rows: {wrong[:3]}")

    def wire(self, random: Random) -> None:
        """The same over a kept connection: create, walk, send."""
        parts = urlsplit(self.fake.url)
        token = b64encode(":".join(self.owner).encode()).decode()
        headers = {"Authorization": f"Basic {token}", "Content-Type": "application/x-www-form-urlencoded"}
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)

        def send(method: str, path: str, form: dict[str, str] | None = None) -> Any:
            self.figure.count()
            connection.request(method, path, urlencode(form or {}) or None, headers)
            response = connection.getresponse()
            body = response.read()
            if response.status >= 500 or (response.status not in (200, 201) and FULL.encode() not in body):
                self.figure.fail(f"seed {self.seed}: {method} {path} answered {response.status} {body[:200]!r}")
            return json.loads(body) if body else {}

        try:
            for _ in range(5):
                address = f"+1500333{random.randrange(60):04}"
                form = {"Identity": BUSY, "BindingType": "sms", "Address": address, "Tag": "busy"}
                send("POST", f"{self.path}/Bindings", form)
                send("POST", f"{self.path}/Notifications", {"Identity": BUSY, "Body": "b"})
                resets, seen, target = self.resets, [], f"{self.path}/Bindings?PageSize=7"
                while target:
                    page = send("GET", target)
                    seen += [row["sid"] for row in page.get("bindings", [])]
                    following = page.get("meta", {}).get("next_page_url")
                    target = following and following[following.index("/v1") :]
                self._check_walk(seen, resets)
        finally:
            connection.close()

    def services(self, random: Random) -> None:
        """Create, fill and delete a Service; what is below it goes with it."""
        made = self.expect(self.ask("POST", "/v1/Services", {"FriendlyName": "passing"}), 201)
        below = f"/v1/Services/{(made.body or {}).get('sid')}"
        for number in range(3):
            form = {"Identity": "i", "BindingType": "fcm", "Address": f"token {number}"}
            self.expect(self.ask("POST", f"{below}/Bindings", form), 201, 404)
        self.expect(self.ask("DELETE", below), 204, 404)

    def keeps(self, random: Random) -> None:
        """Create what stays in a world without restores and resets: nothing of it may be lost."""
        number = random.randrange(10**10)
        answer = self.expect(self.create(f"kept {number}", f"+1{number:010}", "kept"), 201)
        sid = (answer.body or {}).get("sid", "")
        self.kept[sid] = f"+1{number:010}"
        if random.random() < 0.5:
            self.expect(self.ask("DELETE", f"{self.path}/Bindings/{sid}"), 204)
            del self.kept[sid]

    def snaps(self, random: Random) -> None:
        """Take a snapshot and read all of it; compare it with itself later."""
        snapshot = self.fake.snapshot()
        if len(self.snapshots) < _SNAPSHOTS:
            self.snapshots.append((snapshot, snapshot.by_key()))
        elif random.random() < 0.1:
            kept, known = random.choice(self.snapshots)
            if kept.by_key() != known:
                self.figure.fail(f"seed {self.seed}: a snapshot changed")
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
            scope = account.scopes.get(self.service)
            if scope is None:
                self.figure.fail(f"seed {self.seed}: the Service has gone")
                return
            self._check_bindings(scope.bindings)
        self.figure.count()

    def _check_bindings(self, bindings: Any) -> None:
        rows = list(bindings)
        people = Counter(binding.identity for binding in rows)
        addresses = Counter(binding.address for binding in rows)
        for identity, count in people.items():
            if count > 20:
                self.figure.fail(f"seed {self.seed}: {identity} has {count} Bindings")
        doubled = [address for address, count in addresses.items() if count > 1]
        missing = self.stayers - {binding.sid for binding in rows}
        if doubled or missing:
            self.figure.fail(f"seed {self.seed}: doubled {doubled[:3]}, missing {sorted(missing)[:3]}")
        bindings.check()

    # running

    def run(self, operations: int) -> Figure:
        """Do so many operations, then check the whole world."""
        always = [self.one_identity, self.one_address, self.deletes, self.walks, self.wire, self.services, self.watch]
        works: list[Callable[[Random], None]] = [*always, self.one_identity, self.walks, self.snaps]
        works.append(self.travel if self.travels else self.keeps)
        self._limit = self.figure.tried + operations
        threads = [
            threading.Thread(target=self._repeat, args=(work, Random(f"{self.seed} {place}")), daemon=True)
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
                    self.figure.fail(f"seed {self.seed}: a thread hangs")
            self._check_end()
        finally:
            sys.setswitchinterval(interval)
            self.fake.stop()
        return self.figure

    def _repeat(self, work: Callable[[Random], None], random: Random) -> None:
        while self.figure.tried < self._limit and len(self.figure.failures) < 100:
            try:
                work(random)
            except Exception:
                self.figure.fail(f"seed {self.seed}: {work.__name__}: {traceback.format_exc(limit=-4)}")

    def _check_end(self) -> None:
        account = self.fake.world.accounts.default
        account.save()
        for table in (account.services, account.credentials, account.callbacks):
            table.check()
        for scope in account.scopes.values():
            for table in scope.tables().values():
                table.check()
        self._check_bindings(account.scopes[self.service].bindings)
        for snapshot, known in self.snapshots:
            if snapshot.by_key() != known:
                self.figure.fail(f"seed {self.seed}: a snapshot changed")
        if not self.travels:
            there = {each.sid: each.address for each in self.fake.bindings if "kept" in each.tags}
            if there != self.kept:
                self.figure.fail(f"seed {self.seed}: {len(self.kept)} Bindings were to stay, {len(there)} did")
        server = self.fake._server
        if server is not None and server.errors:
            self.figure.fail(f"seed {self.seed}: the server reported {server.errors[:3]}")


def prove(count: int, seed: int = 0) -> Figure:
    """Do so many operations in all, in worlds with and without restores and resets."""
    figure = Figure("concurrency", "operations by 11 threads")
    turns = max(2, count // 100_000 * 2)
    for turn in range(turns):
        Hammer(travels=turn % 2 == 1, seed=seed + turn, figure=figure).run(count // turns)
    return figure
