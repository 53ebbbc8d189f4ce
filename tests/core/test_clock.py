"""The clock: it follows the system's until somebody moves it, and whoever waits for a moment hears of every jump."""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakenotify import FakeNotify
from fakenotify.core.clock import Clock, http_date, parse_instant

NOON = datetime(2027, 10, 31, 12, tzinfo=timezone.utc)
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
ONE_SECOND = timedelta(seconds=1)

# A float of seconds since the epoch holds microseconds until about 2100.
instants = st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1), timezones=st.just(timezone.utc))


def clock_at(instant: datetime) -> Clock:
    clock = Clock()
    clock.freeze(instant)
    return clock


def test_a_new_clock_follows_the_system() -> None:
    clock = Clock()

    before = time.time()
    seen = clock.seconds()
    after = time.time()

    assert before <= seen <= after
    assert not clock.frozen


@pytest.mark.parametrize(
    "instant",
    [
        NOON,
        NOON.astimezone(timezone(timedelta(hours=-5))),
        "2027-10-31T12:00:00Z",
        "2027-10-31T12:00:00z",
        "2027-10-31T12:00:00",
        "2027-10-31T13:00:00+01:00",
    ],
)
def test_a_clock_can_be_frozen_at_an_instant_however_it_is_spelled(instant: datetime | str) -> None:
    clock = Clock()

    clock.freeze(instant)

    assert (clock.now(), clock.now().tzinfo) == (NOON, timezone.utc)


def test_a_frozen_clock_stands_still() -> None:
    clock = Clock()

    clock.freeze()

    assert clock.frozen
    assert clock.seconds() == clock.seconds()
    assert clock.now() == clock.now()


def test_freezing_a_frozen_clock_changes_nothing() -> None:
    clock = clock_at(NOON)

    clock.freeze()

    assert clock.now() == NOON


def test_a_freeze_can_last_for_a_block() -> None:
    clock = Clock()
    clock.shift(days=365)

    with clock.freeze(NOON) as frozen, clock.freeze(EPOCH):
        assert (frozen is clock, clock.now()) == (True, EPOCH)
        clock.move_to(NOON + ONE_SECOND)
    ahead = clock.now() - datetime.now(timezone.utc)

    assert not clock.frozen
    assert timedelta(days=365) - ONE_SECOND * 10 < ahead <= timedelta(days=365)


def test_a_freeze_within_a_freeze_goes_back_to_the_outer_one_after_an_error_too() -> None:
    clock = clock_at(NOON)

    with pytest.raises(KeyError), clock.freeze(EPOCH):
        raise KeyError

    assert (clock.frozen, clock.now()) == (True, NOON)


@given(instant=instants)
@settings(deadline=None)
def test_a_frozen_clock_tells_the_instant_to_the_microsecond(instant: datetime) -> None:
    assert clock_at(instant).now() == instant


@given(instant=instants)
@settings(deadline=None)
def test_a_stamp_is_now_without_its_fraction(instant: datetime) -> None:
    assert clock_at(instant).stamp() == instant.replace(microsecond=0)


def test_a_stamp_before_the_epoch_is_never_in_the_future() -> None:
    clock = clock_at(EPOCH - timedelta(milliseconds=500))

    assert clock.stamp() == EPOCH - ONE_SECOND


def test_stamps_of_one_second_are_one_object() -> None:
    clock = clock_at(NOON)

    first = clock.stamp()
    clock.shift(milliseconds=999)

    assert clock.stamp() is first
    clock.shift(milliseconds=1)
    assert clock.stamp() == NOON + ONE_SECOND


@pytest.mark.parametrize(
    ("delta", "parts", "moved"),
    [
        (timedelta(minutes=5), {}, timedelta(minutes=5)),
        (None, {"hours": 1, "seconds": -1}, timedelta(minutes=59, seconds=59)),
        (None, {"days": -2}, timedelta(days=-2)),
        (timedelta(days=1), {"hours": 2}, timedelta(hours=26)),
        (None, {}, timedelta()),
    ],
)
def test_a_frozen_clock_shifts_by_exactly_what_was_asked(
    delta: timedelta | None, parts: dict[str, float], moved: timedelta
) -> None:
    clock = clock_at(NOON)

    clock.shift(delta, **parts)

    assert clock.now() == NOON + moved
    assert clock.frozen


def test_a_running_clock_runs_on_from_where_it_was_shifted() -> None:
    clock = Clock()

    clock.shift(days=365)

    assert not clock.frozen
    ahead = clock.now() - datetime.now(timezone.utc)
    assert timedelta(days=365) - ONE_SECOND * 10 < ahead <= timedelta(days=365)


def test_shifts_of_a_running_clock_add_up() -> None:
    clock = Clock()

    clock.shift(days=1)
    clock.shift(days=-1)

    assert time.time() - 10 < clock.seconds() <= time.time()


def test_a_tick_is_one_second_unless_told() -> None:
    clock = clock_at(NOON)

    clock.tick()
    clock.tick(0.5)

    assert clock.now() == NOON + timedelta(seconds=1.5)


def test_a_frozen_clock_moved_to_an_instant_stays_there() -> None:
    clock = clock_at(EPOCH)

    clock.move_to(NOON)

    assert clock.now() == NOON
    assert clock.frozen


def test_a_running_clock_moved_to_an_instant_goes_on_from_there() -> None:
    clock = Clock()

    clock.move_to("2027-10-31T12:00:00Z")

    assert not clock.frozen
    assert NOON <= clock.now() < NOON + 10 * ONE_SECOND


@pytest.mark.parametrize(
    ("system", "shown"),
    [
        (-1e12, datetime(1, 1, 1, tzinfo=timezone.utc)),
        (1e12, datetime(9999, 12, 31, 23, 59, 59, tzinfo=timezone.utc)),
    ],
)
def test_a_system_clock_outside_the_calendar_stands_still_at_its_edge(
    system: float, shown: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = FakeNotify()
    monkeypatch.setattr(time, "time", lambda: system)

    service = fake.client(in_process=True).notify.v1.services.create()
    answer = fake.client().notify.v1.services(service.sid).fetch()

    assert (fake.clock.now(), answer.date_created) == (shown, shown)
    assert http_date()[5:16] == f"{shown:%d %b} {shown.year:04}"
    fake.stop()


def test_a_resumed_clock_follows_the_system_again() -> None:
    clock = clock_at(NOON)
    clock.resume()
    clock.shift(days=3)

    clock.resume()

    assert not clock.frozen
    assert time.time() - 10 < clock.seconds() <= time.time()


def test_listeners_hear_of_every_jump_once_it_has_happened() -> None:
    clock = clock_at(EPOCH)
    heard: list[tuple[str, datetime]] = []
    clock.on_move(lambda: heard.append(("first", clock.now())))
    clock.on_move(lambda: heard.append(("second", clock.now())))

    with clock.freeze(NOON):
        clock.shift(seconds=1)
        clock.tick()
    clock.resume()

    assert heard[:-2] == [
        (which, moment)
        for moment in (NOON, NOON + ONE_SECOND, NOON + 2 * ONE_SECOND, EPOCH)
        for which in ("first", "second")
    ]
    assert heard[-1][1] > NOON - timedelta(days=365 * 10)


@pytest.mark.parametrize(
    ("move", "argument"),
    [
        ("shift", {"days": -800_000}),
        ("shift", {"days": 10**10}),
        ("shift", {"seconds": float("inf")}),
        ("shift", {"seconds": float("nan")}),
        ("shift", {"delta": timedelta.max, "days": 1}),
        ("tick", {"seconds": 1e12}),
        ("freeze", {"instant": "9999-12-31T23:59:59-01:00"}),
        ("move_to", {"instant": "0001-01-01T00:00:00+01:00"}),
    ],
)
@pytest.mark.parametrize("frozen", [True, False])
def test_a_move_out_of_the_calendar_is_refused_and_changes_nothing(
    move: str, argument: dict[str, Any], frozen: bool
) -> None:
    clock = clock_at(NOON)
    if not frozen:
        clock.resume()
        clock.move_to(NOON)
    heard: list[str] = []
    clock.on_move(lambda: heard.append(move))

    with pytest.raises(ValueError, match=r"^the clock can show the years 1 to 9999 only$"):
        getattr(clock, move)(**argument)

    assert NOON <= clock.now() < NOON + 10 * ONE_SECOND
    assert clock.frozen == frozen
    assert heard == []


def test_a_shift_by_something_that_is_no_unit_of_time_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="fortnights"):
        Clock().shift(fortnights=1)


@pytest.mark.parametrize("move", ["freeze", "move_to"])
def test_a_datetime_without_a_zone_is_refused_with_what_to_do(move: str) -> None:
    clock = clock_at(NOON)

    with pytest.raises(ValueError, match=r"has no time zone; give an aware datetime, e\.g\. with tzinfo=timezone\.utc"):
        getattr(clock, move)(datetime(2027, 10, 31))

    assert clock.now() == NOON


def test_a_text_that_is_no_instant_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="tomorrow"):
        Clock().move_to("tomorrow")


def test_a_day_alone_is_its_beginning_in_utc() -> None:
    assert parse_instant("2027-10-31") == NOON.replace(hour=0)


def test_a_clock_shows_its_state_and_its_time() -> None:
    frozen, running = clock_at(NOON), Clock()
    running.move_to(NOON)

    assert repr(frozen) == "<Clock frozen 2027-10-31T12:00:00+00:00>"
    assert repr(running).startswith("<Clock running 2027-10-31T12:00:0")
