"""Listeners come and go from any thread, and one that fails harms nobody."""

from __future__ import annotations

import sys
import threading

import pytest

from fakenotify.core.listeners import Listeners


def test_all_listeners_are_called_in_the_order_in_which_they_were_added() -> None:
    listeners: Listeners[str] = Listeners()
    seen: list[str] = []
    for number in range(3):
        listeners.add(lambda what, number=number: seen.append(f"{number} {what}"))

    listeners.tell("hello")

    assert (seen, len(listeners)) == (["0 hello", "1 hello", "2 hello"], 3)


def test_a_listener_that_was_added_twice_ends_once() -> None:
    listeners: Listeners[str] = Listeners()
    seen: list[str] = []
    end = listeners.add(seen.append)
    listeners.add(seen.append)

    end()
    end()
    listeners.tell("hello")

    assert seen == ["hello"]


def test_a_listener_that_raises_is_reported_and_the_others_are_called(monkeypatch: pytest.MonkeyPatch) -> None:
    reported: list[str] = []
    monkeypatch.setattr(sys, "excepthook", lambda kind, error, trace: reported.append(f"{kind.__name__}: {error}"))
    listeners: Listeners[str] = Listeners()
    seen: list[str] = []
    listeners.add(lambda what: 1 / 0)
    listeners.add(seen.append)

    listeners.tell("hello")

    assert (seen, reported) == (["hello"], ["ZeroDivisionError: division by zero"])


def test_adding_while_another_ends_loses_neither() -> None:
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        listeners: Listeners[int] = Listeners()
        kept = 0

        def come_and_go() -> None:
            for _ in range(300):
                listeners.add(lambda what: None)
                listeners.add(lambda what: None)()

        threads = [threading.Thread(target=come_and_go) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        kept = len(listeners)
    finally:
        sys.setswitchinterval(interval)

    assert kept == 8 * 300
