"""Schedules: keys by the moment when they are due, and the announcement that there may be work."""

from __future__ import annotations

import threading

from hypothesis import given
from hypothesis import strategies as st

from fakenotify.core.listeners import Announcement
from fakenotify.core.schedule import Schedule


def filled(*entries: tuple[float, str]) -> Schedule:
    schedule = Schedule(Announcement())
    for due, key in entries:
        schedule.add(due, key)
    return schedule


@given(
    st.lists(st.tuples(st.integers(0, 5), st.text("abc", min_size=1)), unique_by=lambda entry: entry[1]),
    st.integers(0, 5),
)
def test_what_is_due_comes_by_its_moment_then_in_the_order_in_which_it_was_added(
    entries: list[tuple[float, str]], now: int
) -> None:
    schedule = filled(*entries)

    in_order = sorted(entries, key=lambda entry: entry[0])
    due = [key for moment, key in in_order if moment <= now]
    assert (len(schedule), list(schedule.due(now))) == (len(entries), due)
    assert schedule.next_due() == (in_order[0][0] if entries else None)
    for key in schedule.due(now):  # keys may be removed during the walk
        schedule.remove(key)
    assert len(schedule) == len(entries) - len(due)


def test_a_copy_shares_nothing_and_both_go_on_counting() -> None:
    schedule = filled((1, "a"), (1, "b"))
    twin = schedule.share()
    twin.add(1, "c")
    schedule.remove("a")
    schedule.add(1, "a")

    assert (list(schedule.due(1)), list(twin.due(1))) == (["b", "a"], ["a", "b", "c"])


def test_adding_a_key_is_announced_and_a_copy_for_another_world_announces_there() -> None:
    here, there = Announcement(), Announcement()
    seen: list[tuple[str, int]] = []
    end = here.listen(lambda _: seen.append(("here", len(schedule))))
    there.listen(lambda _: seen.append(("there", len(schedule))))
    schedule = Schedule(here)

    schedule.add(1, "a")
    schedule.share().add(1, "b")
    schedule.share(there).add(1, "c")
    end()
    schedule.add(1, "d")

    assert seen == [("here", 1), ("here", 1), ("there", 1)]


def test_announcements_that_a_thread_held_back_are_made_once_on_release() -> None:
    announcement = Announcement()
    seen: list[str] = []
    announcement.listen(lambda _: seen.append(threading.current_thread().name))
    announcement.hold()
    announcement.announce()
    announcement.announce()
    other = threading.Thread(target=announcement.announce, name="another")
    other.start()
    other.join()
    assert seen == ["another"]

    release = announcement.release()
    assert release is not None
    release()
    assert seen == ["another", threading.current_thread().name]

    announcement.hold()
    assert announcement.release() is None
