"""Logs keep the newest entries, drop the oldest, and share them with snapshots at no cost."""

from __future__ import annotations

from weakref import ref

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from fakenotify.core.log import Log


class Model:
    """What a log should be: all entries ever added, the number of dropped ones, and the sizes of all."""

    def __init__(self, entries: list[int], dropped: int) -> None:
        self.entries = entries  # each entry is its own size
        self.dropped = dropped

    def kept(self) -> list[tuple[int, int]]:
        return [(number, entry) for number, entry in enumerate(self.entries, 1) if number > self.dropped]

    def shrink(self, limit: int, most: int) -> None:
        while len(self.kept()) > limit or (len(self.kept()) > 1 and sum(size for _, size in self.kept()) > most):
            self.dropped += 1


class LogsAndLists(RuleBasedStateMachine):
    """Any number of logs, made by sharing, are equal to as many lists that are cut at the same limits."""

    @initialize(limit=st.integers(1, 5), most=st.integers(1, 30))
    def begin(self, limit: int, most: int) -> None:
        self.limit, self.most = limit, most
        self.heard: list[int] = []
        self.pairs: list[tuple[Log[int], Model]] = [(Log(limit, most, self.heard.append), Model([], 0))]

    @rule(which=st.integers(0, 99), sizes=st.lists(st.integers(0, 20), min_size=1, max_size=8))
    def append(self, which: int, sizes: list[int]) -> None:
        log, model = self.pairs[which % len(self.pairs)]
        for size in sizes:
            log.append(size, size)
            model.entries.append(size)
            model.shrink(self.limit, self.most)
        assert self.heard[-len(sizes) :] == sizes, "every log reports its growth to the owner of the first"

    @rule(which=st.integers(0, 99), most=st.integers(0, 30))
    def shrink(self, which: int, most: int) -> None:
        log, model = self.pairs[which % len(self.pairs)]
        log.shrink(most)
        model.shrink(self.limit, most)

    @rule(which=st.integers(0, 99))
    def share(self, which: int) -> None:
        if len(self.pairs) < 6:
            log, model = self.pairs[which % len(self.pairs)]
            self.pairs.append((log.share(), Model(model.entries.copy(), model.dropped)))

    @rule(which=st.integers(0, 99), point=st.integers(0, 20))
    def walk(self, which: int, point: int) -> None:
        log, model = self.pairs[which % len(self.pairs)]
        assert list(log.ascending(point)) == [each for each in model.kept() if each[0] > point]
        assert list(log.descending(point)) == [each for each in reversed(model.kept()) if each[0] < point]

    @invariant()
    def agree(self) -> None:
        for log, model in self.pairs:
            kept = model.kept()
            entries = [entry for _, entry in kept]
            assert (list(log), len(log), log.bytes) == (entries, len(kept), sum(entries))
            assert (log.dropped, log.last) == (model.dropped, len(model.entries))
            assert list(log.ascending()) == list(log.descending())[::-1] == kept


TestLogsAndLists = LogsAndLists.TestCase


def test_an_iteration_sees_the_entries_that_were_there_when_it_began() -> None:
    log: Log[int] = Log(3)
    for number in range(3):
        log.append(number)
    walk = iter(log)
    seen = [next(walk)]
    for number in range(3, 20):
        log.append(number)

    assert seen + list(walk) == [0, 1, 2]


class Entry:
    """Something that a weak reference can refer to."""


@pytest.mark.parametrize(("limit", "most"), [(2, 1_000), (1_000, 2)])
def test_a_log_does_not_keep_alive_what_it_has_dropped(limit: int, most: int) -> None:
    log: Log[Entry] = Log(limit, most)
    watched = []
    for _ in range(50):
        entry = Entry()
        watched.append(ref(entry))
        log.append(entry, 1)
    del entry

    assert sum(each() is not None for each in watched) <= 2 * 2 + 2
