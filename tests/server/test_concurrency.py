"""Threads at one identity, one address and one chain of pages; a longer run is ``python -m tests.reliability``."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from reliability.concurrency import Hammer

from fakenotify import Behaviour, FakeNotify
from fakenotify.notify.account import AccountState
from fakenotify.notify.accounts import Accounts
from fakenotify.notify.dispatch import Call


@pytest.fixture
def eager_threads() -> Iterator[None]:
    """Threads that are switched as often as possible, so that they meet everywhere."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


def test_threads_neither_lose_nor_double_a_row() -> None:
    assert Hammer(travels=False).run(4_000).failures == []


def test_the_rules_hold_through_snapshots_restores_and_resets() -> None:
    assert Hammer(travels=True).run(4_000).failures == []


def test_the_hammer_notices_a_21st_binding() -> None:
    """So that its silence means something."""
    hammer = Hammer(travels=False)
    account = hammer.fake.world.accounts.default
    table = account.scopes[hammer.service].bindings
    first = next(iter(table))
    for number in range(20):
        sid = f"BS{number:032}"
        table.add(account.next_sequence(), replace(first, sid=sid, address=str(number)))

    hammer.check_end()

    assert hammer.figure.failures[0] == "seed 0: stayer 0 has 21 Bindings"


def test_no_request_sees_a_half_finished_reset(eager_threads) -> None:
    """What a world begins with is there for whoever asks while it is reset."""
    fake = FakeNotify()
    service = fake.create_service()
    fake.world.begin_here()
    owner, over = (fake.account_sid, fake.auth_token), threading.Event()

    def look() -> set[int | None]:
        seen = set()
        while not over.is_set():
            seen.add(fake.world.handle(Call("GET", f"/v1/Services/{service.sid}", credentials=owner)).status)
        return seen

    with ThreadPoolExecutor(4) as pool:
        looks = [pool.submit(look) for _ in range(4)]
        try:
            for _ in range(1000):
                fake.reset()
        finally:
            over.set()
    assert set().union(*(each.result() for each in looks)) == {200}


def test_an_account_that_several_threads_ask_for_at_once_is_opened_once() -> None:
    start = threading.Barrier(4)

    def ask(accounts: Accounts) -> AccountState:
        start.wait(30)
        return accounts.authenticate(("AC" + "1" * 32, "x"))

    with ThreadPoolExecutor(4) as pool:
        for _ in range(200):
            accounts = FakeNotify(Behaviour(unknown_accounts="own")).world.accounts
            assert len({id(each) for each in pool.map(ask, [accounts] * 4)}) == 1
