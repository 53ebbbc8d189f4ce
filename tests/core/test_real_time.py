"""Real time goes on when a tool stops the clocks."""

from __future__ import annotations

import importlib
from datetime import datetime, timezone

import pytest

from fakenotify import FakeNotify
from fakenotify.core.real_time import monotonic, sleep

NEW_YEAR = datetime(2031, 1, 1, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("tool", "stop", "options"), [("freezegun", "freeze_time", {}), ("time_machine", "travel", {"tick": False})]
)
def test_a_tool_that_stops_the_clock_stops_neither_measuring_nor_waiting(
    tool: str, stop: str, options: dict[str, bool]
) -> None:
    pytest.importorskip(tool)
    fake = FakeNotify()

    with getattr(importlib.import_module(tool), stop)(NEW_YEAR, **options):
        began = monotonic()
        sleep(1e-6)
        assert (fake.clock.now(), monotonic() > began) == (NEW_YEAR, True)
        with pytest.raises(AssertionError, match=r"^not true after 0\.01 seconds"):
            fake.wait_for(lambda: False, timeout=0.01)
