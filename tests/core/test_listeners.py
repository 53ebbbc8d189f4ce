"""Listeners come and go from any thread, and one that fails doesn't affect the others."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from fakenotify.core.listeners import Ending, Listeners


def test_listeners_are_called_in_the_order_in_which_they_were_added_until_they_end() -> None:
    listeners: Listeners[str] = Listeners()
    seen: list[str] = []
    end = listeners.add(lambda what: seen.append(f"first {what}"))
    listeners.add(seen.append)
    end_second = listeners.add(seen.append)

    listeners.tell("a")
    end()
    end_second()
    end_second()  # which leaves the same listener, added before, alone
    listeners.tell("b")

    assert (seen, len(listeners)) == (["first a", "a", "a", "b"], 1)


def test_a_listener_that_raises_is_reported_and_the_others_are_called(monkeypatch: pytest.MonkeyPatch) -> None:
    reported: list[str] = []
    monkeypatch.setattr(sys, "excepthook", lambda kind, error, trace: reported.append(f"{kind.__name__}: {error}"))
    listeners: Listeners[str] = Listeners()
    seen: list[str] = []
    listeners.add(lambda what: 1 / 0)
    listeners.add(seen.append)

    listeners.tell("hello")

    assert (seen, reported) == (["hello"], ["ZeroDivisionError: division by zero"])


def test_threads_that_add_and_end_listeners_at_once_lose_none() -> None:
    listeners: Listeners[int] = Listeners()

    def come_and_go(_: int) -> None:
        for _ in range(300):
            listeners.add(lambda what: None)
            listeners.add(lambda what: None)()

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(come_and_go, range(8)))
    finally:
        sys.setswitchinterval(interval)

    assert len(listeners) == 8 * 300


def test_an_end_can_be_seen_after_it_has_happened_and_taken_back() -> None:
    ending = Ending()
    ending.happen()
    assert (ending.is_over, ending.event.is_set()) == (True, True)
    ending.undo()
    assert (ending.is_over, ending.event.is_set()) == (False, False)
