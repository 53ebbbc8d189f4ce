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


def test_in_a_new_schedule_nothing_is_due() -> None:
    schedule = filled()

    assert (len(schedule), schedule.next_due(), list(schedule.due(float("inf")))) == (0, None, [])


@given(
    st.lists(st.tuples(st.integers(0, 5), st.text("abc", min_size=1)), unique_by=lambda entry: entry[1]),
    st.integers(0, 5),
)
def test_what_is_due_comes_by_its_moment_then_in_the_order_in_which_it_was_added(
    entries: list[tuple[float, str]], now: int
) -> None:
    schedule = filled(*entries)

    in_order = sorted(entries, key=lambda entry: entry[0])
    assert list(schedule.due(now)) == [key for due, key in in_order if due <= now]
    assert schedule.next_due() == (in_order[0][0] if entries else None)


def test_a_key_that_was_removed_is_no_longer_due_and_stands_behind_its_equals_when_it_is_added_again() -> None:
    schedule = filled((1, "a"), (1, "b"))
    schedule.remove("a")
    assert list(schedule.due(1)) == ["b"]

    schedule.add(1, "a")
    assert list(schedule.due(1)) == ["b", "a"]


def test_keys_may_be_removed_while_the_due_ones_are_walked_through() -> None:
    schedule = filled((1, "a"), (2, "b"))

    for key in schedule.due(2):
        schedule.remove(key)

    assert len(schedule) == 0


def test_a_copy_shares_nothing_and_goes_on_counting() -> None:
    schedule = filled((1, "a"), (1, "b"))
    twin = schedule.share()
    twin.add(1, "c")
    schedule.remove("a")

    assert (list(schedule.due(1)), list(twin.due(1))) == (["b"], ["a", "b", "c"])


def test_adding_a_key_is_announced() -> None:
    announcement = Announcement()
    seen: list[int] = []
    end = announcement.listen(lambda _: seen.append(len(schedule)))
    schedule = Schedule(announcement)

    schedule.add(1, "a")
    schedule.share().add(1, "b")
    end()
    schedule.add(1, "c")

    assert seen == [1, 1]


def test_a_copy_for_another_world_announces_there() -> None:
    here, there = Announcement(), Announcement()
    seen: list[str] = []
    here.listen(lambda _: seen.append("here"))
    there.listen(lambda _: seen.append("there"))

    Schedule(here).share(there).add(1, "a")

    assert seen == ["there"]


def test_a_thread_that_holds_its_announcements_back_makes_up_for_them_once() -> None:
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


def test_nothing_is_made_up_for_where_nothing_was_announced() -> None:
    announcement = Announcement()
    announcement.hold()

    assert announcement.release() is None
