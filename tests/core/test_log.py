"""Logs: the newest entries, shared with snapshots at no cost, dropped at the old end."""

from __future__ import annotations

from weakref import ref

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from fakenotify.core.log import Log


def filled(limit: int, count: int) -> Log[int]:
    log: Log[int] = Log(limit)
    for number in range(count):
        log.append(number)
    return log


def contents(log: Log[int]) -> tuple[list[int], int, int]:
    return list(log), len(log), log.dropped


def test_a_new_log_is_empty() -> None:
    assert contents(Log(3)) == ([], 0, 0)


def test_entries_are_kept_in_the_order_in_which_they_came() -> None:
    assert contents(filled(3, 3)) == ([0, 1, 2], 3, 0)


def test_beyond_the_limit_the_oldest_are_dropped_and_counted() -> None:
    assert contents(filled(3, 4)) == ([1, 2, 3], 3, 1)
    assert contents(filled(3, 100)) == ([97, 98, 99], 3, 97)


def test_a_log_of_one_keeps_the_newest() -> None:
    assert contents(filled(1, 5)) == ([4], 1, 4)


def test_a_twin_has_the_same_entries_and_the_same_count_of_dropped_ones() -> None:
    log = filled(3, 5)

    assert contents(log.share()) == contents(log) == ([2, 3, 4], 3, 2)


def test_what_one_side_gains_the_other_does_not_see() -> None:
    log = filled(10, 2)
    twin = log.share()

    log.append(2)
    assert (list(log), list(twin)) == ([0, 1, 2], [0, 1])

    twin.append(7)
    twin.append(8)
    log.append(3)
    assert (list(log), list(twin)) == ([0, 1, 2, 3], [0, 1, 7, 8])


def test_what_one_side_drops_the_other_keeps() -> None:
    log = filled(3, 3)
    twin = log.share()

    for number in range(3, 9):
        log.append(number)

    assert (contents(log), contents(twin)) == (([6, 7, 8], 3, 6), ([0, 1, 2], 3, 0))


def test_twins_of_twins_go_their_own_ways() -> None:
    first = filled(4, 3)
    second = first.share()
    third = second.share()
    for number, log in enumerate((third, second, first), 10):
        log.append(number)

    assert [list(log) for log in (first, second, third)] == [[0, 1, 2, 12], [0, 1, 2, 11], [0, 1, 2, 10]]


def test_a_walk_sees_the_entries_of_its_beginning() -> None:
    log = filled(3, 3)
    walk = iter(log)
    seen = [next(walk)]
    for number in range(3, 20):
        log.append(number)

    assert seen + list(walk) == [0, 1, 2]


class Entry:
    """Something that can be watched."""


@pytest.mark.parametrize(("limit", "most"), [(2, 1_000), (1_000, 2)])
def test_a_log_that_dropped_a_lot_does_not_keep_it_alive(limit: int, most: int) -> None:
    log: Log[Entry] = Log(limit, most)
    watched = []
    for _ in range(50):
        entry = Entry()
        watched.append(ref(entry))
        log.append(entry, 1)
    del entry

    alive = sum(each() is not None for each in watched)
    assert alive <= 2 * 2 + 2


class LogsAndLists(RuleBasedStateMachine):
    """Any number of logs that share with each other are what as many lists, cut at the limit, are."""

    def __init__(self) -> None:
        super().__init__()
        self.next = 0
        self.pairs: list[tuple[Log[int], list[int]]] = []

    @initialize(limit=st.integers(1, 5))
    def begin(self, limit: int) -> None:
        self.limit = limit
        self.pairs = [(Log(limit), [])]

    @rule(which=st.integers(0, 99), count=st.integers(1, 8))
    def append(self, which: int, count: int) -> None:
        log, entries = self.pairs[which % len(self.pairs)]
        for _ in range(count):
            self.next += 1
            log.append(self.next)
            entries.append(self.next)

    @rule(which=st.integers(0, 99))
    def share(self, which: int) -> None:
        if len(self.pairs) < 6:
            log, entries = self.pairs[which % len(self.pairs)]
            self.pairs.append((log.share(), entries.copy()))

    @invariant()
    def agree(self) -> None:
        for log, entries in self.pairs:
            kept = entries[-self.limit :]
            assert contents(log) == (kept, len(kept), len(entries) - len(kept))


TestLogsAndLists = LogsAndLists.TestCase


def weighed(most: int, *sizes: int) -> Log[int]:
    log: Log[int] = Log(100, most)
    for number, size in enumerate(sizes):
        log.append(number, size)
    return log


def test_beyond_its_bytes_a_log_drops_the_oldest_but_never_the_newest() -> None:
    assert (contents(weighed(10, 4, 4, 4)), weighed(10, 4, 4, 4).bytes) == (([1, 2], 2, 1), 8)
    assert (contents(weighed(10, 4, 4, 50)), weighed(10, 4, 4, 50).bytes) == (([2], 1, 2), 50)


def test_a_log_can_be_shrunk_and_its_twin_keeps_all() -> None:
    log = weighed(100, 10, 20, 30)
    twin = log.share()

    log.shrink(50)
    log.append(3, 5)

    assert (contents(log), log.bytes) == (([1, 2, 3], 3, 1), 55)
    assert (contents(twin), twin.bytes) == (([0, 1, 2], 3, 0), 60)


def test_whoever_asked_hears_how_a_log_grows() -> None:
    heard: list[int] = []
    log: Log[str] = Log(2, grew=heard.append)

    for size in (5, 6, 7):
        log.append("x", size)

    assert (heard, log.bytes) == ([5, 6, 7], 13)
