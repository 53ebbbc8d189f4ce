"""Threads at one identity, one address and one chain of pages; a longer run is ``python -m tests.reliability``."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest
from reliability.concurrency import Hammer

from fakenotify import Behaviour, FakeNotify
from fakenotify.notify.accounts import Accounts
from fakenotify.notify.dispatch import Call


@pytest.fixture
def eager_threads() -> Iterator[None]:
    """Threads that take turns as often as they can, so that they meet in every seam."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


def test_threads_lose_and_double_nothing() -> None:
    assert Hammer(travels=False).run(4_000).failures == []


def test_snapshots_restores_and_resets_in_between_change_no_rule() -> None:
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


def test_nobody_sees_a_reset_half_done(eager_threads) -> None:
    """What a world begins with is there for whoever asks while it is reset."""
    fake = FakeNotify()
    service = fake.create_service()
    fake.world.begin_here()
    owner, over, seen = (fake.account_sid, fake.auth_token), threading.Event(), set()

    def look() -> None:
        while not over.is_set():
            try:
                seen.add(fake.world.handle(Call("GET", f"/v1/Services/{service.sid}", credentials=owner)).status)
            except Exception as error:
                seen.add(repr(error))

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(1000):
        fake.reset()
    over.set()
    for thread in threads:
        thread.join()

    assert seen == {200}


def test_an_account_that_many_ask_for_first_at_once_is_opened_once() -> None:
    for number in range(200):
        accounts = FakeNotify(Behaviour(unknown_accounts="own")).world.accounts
        start = threading.Barrier(4)
        opened: list[object] = []

        def ask(accounts: Accounts, start: threading.Barrier, opened: list[object], account_sid: str) -> None:
            start.wait(5)
            opened.append(accounts.authenticate((account_sid, "x")))

        threads = [threading.Thread(target=ask, args=(accounts, start, opened, f"AC{number:032x}")) for _ in range(4)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        assert len({id(each) for each in opened}) == 1
