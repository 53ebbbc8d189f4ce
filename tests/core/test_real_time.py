"""Real time goes on when a tool stands the clocks still."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from fakenotify import FakeNotify
from fakenotify.core.real_time import monotonic

NEW_YEAR = datetime(2031, 1, 1, tzinfo=timezone.utc)


def count_until_it_has_moved() -> int:
    began, looks = monotonic(), 0
    while monotonic() == began and looks < 1_000_000:
        looks += 1
    return looks


def test_freezegun_stops_the_dates_but_neither_measures_nor_waits() -> None:
    freezegun = pytest.importorskip("freezegun")
    fake = FakeNotify()

    with freezegun.freeze_time(NEW_YEAR):
        assert fake.clock.now() == NEW_YEAR
        assert count_until_it_has_moved() < 1_000_000
        with pytest.raises(AssertionError, match=r"^not true after 0\.01 seconds"):
            fake.wait_for(lambda: False, timeout=0.01)


def test_time_machine_stops_the_dates_but_neither_measures_nor_waits() -> None:
    time_machine = pytest.importorskip("time_machine")
    fake = FakeNotify()

    with time_machine.travel(NEW_YEAR, tick=False):
        assert fake.clock.now() == NEW_YEAR
        assert count_until_it_has_moved() < 1_000_000
        with pytest.raises(AssertionError, match=r"^not true after 0\.01 seconds"):
            fake.wait_for(lambda: False, timeout=0.01)
