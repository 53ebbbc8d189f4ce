"""Schedules: what is still to happen, by the moment when it is due."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fakenotify.core.schedule import Schedule


def taken(schedule: Schedule, now: float) -> list[str]:
    """Everything that is due, taken out."""
    found = []
    while (key := schedule.take(now)) is not None:
        found.append(key)
    return found


def filled(*entries: tuple[float, str]) -> Schedule:
    schedule = Schedule()
    for due, key in entries:
        schedule.add(due, key)
    return schedule


def test_in_a_new_schedule_nothing_is_due():
    schedule = Schedule()

    assert (len(schedule), schedule.next_due(), schedule.take(1e12)) == (0, None, None)


def test_a_key_is_due_at_its_moment_and_not_before():
    schedule = filled((10.0, "a"))

    assert (len(schedule), schedule.next_due(), schedule.take(9.999)) == (1, 10.0, None)
    assert schedule.take(10.0) == "a"
    assert (len(schedule), schedule.next_due(), schedule.take(10.0)) == (0, None, None)


def test_keys_are_taken_by_their_moment():
    schedule = filled((3, "c"), (1, "a"), (2, "b"))

    assert schedule.next_due() == 1
    assert taken(schedule, 2) == ["a", "b"]
    assert schedule.next_due() == 3


def test_keys_of_one_moment_are_taken_in_the_order_in_which_they_were_added():
    schedule = filled((1, "z"), (1, "a"), (0, "m"), (1, "z"))

    assert taken(schedule, 1) == ["m", "z", "a", "z"]


def test_a_key_that_is_added_again_stands_behind_its_equals():
    schedule = filled((1, "a"), (1, "b"))
    key = schedule.take(1)
    schedule.add(1, str(key))

    assert taken(schedule, 1) == ["b", "a"]


def test_a_copy_shares_nothing():
    schedule = filled((1, "a"), (2, "b"))
    twin = schedule.share()

    schedule.add(0, "early")
    twin.add(3, "late")
    assert (taken(schedule, 9), taken(twin, 9)) == (["early", "a", "b"], ["a", "b", "late"])


def test_a_copy_goes_on_counting():
    schedule = filled((1, "a"), (1, "b"))
    twin = schedule.share()
    twin.add(1, "c")

    assert taken(twin, 1) == ["a", "b", "c"]


@given(st.lists(st.tuples(st.integers(0, 5), st.sampled_from("abc"))), st.integers(0, 5))
def test_what_is_due_is_taken_in_order_and_the_rest_stays(entries, now):
    schedule = filled(*entries)
    in_order = sorted(entries, key=lambda entry: entry[0])

    assert taken(schedule, now) == [key for due, key in in_order if due <= now]
    assert schedule.next_due() == next((due for due, _ in in_order if due > now), None)
    assert taken(schedule, 5) == [key for due, key in in_order if due > now]
