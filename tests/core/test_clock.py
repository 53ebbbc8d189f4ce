"""The clock: it follows the system's until it is moved, and its listeners hear of every jump."""

from __future__ import annotations

import time
from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakenotify import FakeNotify
from fakenotify.core.clock import Clock, http_date, parse_instant

NOON = datetime(2027, 10, 31, 12, tzinfo=timezone.utc)
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
SECOND = timedelta(seconds=1)


def clock_at(instant: datetime, *, frozen: bool = True) -> Clock:
    clock = Clock()
    clock.freeze()
    clock.move_to(instant)
    if not frozen:
        clock.resume()
        clock.move_to(instant)
    return clock


def runs_at(clock: Clock, instant: datetime) -> bool:
    """Whether the clock runs and has just left the instant behind."""
    return not clock.frozen and instant - SECOND < clock.now() < instant + 10 * SECOND


def test_a_clock_follows_the_system_until_it_is_moved_and_again_when_it_is_resumed() -> None:
    clock = Clock()
    assert runs_at(clock, datetime.now(timezone.utc))

    clock.shift(days=365)
    assert runs_at(clock, datetime.now(timezone.utc) + timedelta(days=365))
    clock.shift(days=-1)
    assert runs_at(clock, datetime.now(timezone.utc) + timedelta(days=364))
    clock.move_to("2027-10-31T12:00:00Z")
    assert runs_at(clock, NOON)
    clock.freeze(EPOCH)
    clock.resume()
    assert runs_at(clock, datetime.now(timezone.utc))


def test_a_clock_can_be_frozen_at_an_instant_however_it_is_written() -> None:
    spellings: list[datetime | str] = [
        NOON,
        NOON.astimezone(timezone(timedelta(hours=-5))),
        "2027-10-31T12:00:00Z",
        "2027-10-31T12:00:00z",
        "2027-10-31T12:00:00",
        "2027-10-31T13:00:00+01:00",
    ]
    clock = Clock()

    for instant in spellings:
        clock.freeze(EPOCH)
        clock.freeze(instant)
        assert (clock.now(), clock.now().tzinfo) == (NOON, timezone.utc), instant

    assert parse_instant("2027-10-31") == NOON.replace(hour=0)


def test_a_frozen_clock_stands_still_until_the_context_restores_the_earlier_state() -> None:
    clock = Clock()
    clock.shift(days=365)

    with clock.freeze(NOON) as frozen:
        with pytest.raises(KeyError), clock.freeze(EPOCH):
            raise KeyError
        with clock.freeze():
            assert (clock.seconds(), clock.now()) == (NOON.timestamp(), NOON)
        assert (frozen is clock, clock.frozen, clock.now()) == (True, True, NOON)

    assert runs_at(clock, datetime.now(timezone.utc) + timedelta(days=365))


# a float of seconds since the epoch holds microseconds until about 2100
@given(st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1), timezones=st.just(timezone.utc)))
def test_a_frozen_clock_keeps_microseconds_and_its_stamp_drops_them(instant: datetime) -> None:
    clock = clock_at(instant)

    assert (clock.now(), clock.stamp()) == (instant, instant.replace(microsecond=0))


def test_stamps_of_one_second_are_one_object() -> None:
    clock = clock_at(NOON)
    first = clock.stamp()

    clock.shift(milliseconds=999)
    assert clock.stamp() is first
    clock.shift(milliseconds=1)
    assert clock.stamp() == NOON + SECOND


def test_a_frozen_clock_moves_by_exactly_what_was_asked() -> None:
    clock = clock_at(NOON)

    clock.shift(timedelta(minutes=5))
    clock.shift(hours=1, seconds=-1)
    clock.shift(timedelta(days=1), hours=2)
    clock.shift(days=-2)
    clock.shift()
    clock.tick()
    clock.tick(0.5)

    assert (clock.frozen, clock.now()) == (True, NOON - timedelta(hours=20, minutes=55) + 0.5 * SECOND)


@pytest.mark.parametrize(
    ("system", "shown"),
    [
        (-1e12, datetime(1, 1, 1, tzinfo=timezone.utc)),
        (1e12, datetime(9999, 12, 31, 23, 59, 59, tzinfo=timezone.utc)),
    ],
)
def test_a_system_clock_outside_the_calendar_is_shown_as_its_first_or_last_second(
    system: float, shown: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = FakeNotify()
    monkeypatch.setattr(time, "time", lambda: system)

    service = fake.client(in_process=True).notify.v1.services.create()
    answer = fake.client().notify.v1.services(service.sid).fetch()

    assert (fake.clock.now(), answer.date_created) == (shown, shown)
    assert http_date()[5:16] == f"{shown:%d %b} {shown.year:04}"
    fake.stop()


def test_listeners_hear_of_every_jump_after_it_has_happened() -> None:
    clock = clock_at(EPOCH)
    heard: list[tuple[str, datetime]] = []
    clock.on_move(lambda: heard.append(("first", clock.now())))
    clock.on_move(lambda: heard.append(("second", clock.now())))

    with clock.freeze(NOON):
        clock.shift(seconds=1)
        clock.tick()
    clock.move_to(NOON)
    clock.resume()

    moments = [NOON, NOON + SECOND, NOON + 2 * SECOND, EPOCH, NOON]
    assert heard[:-2] == [(which, moment) for moment in moments for which in ("first", "second")]
    assert heard[-1][1] > EPOCH + timedelta(days=365 * 50)


@pytest.mark.parametrize("frozen", [True, False])
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
def test_a_move_out_of_the_calendar_is_refused_and_changes_nothing(
    move: str, argument: dict[str, Any], frozen: bool
) -> None:
    clock = clock_at(NOON, frozen=frozen)
    heard: list[str] = []
    clock.on_move(lambda: heard.append(move))

    with pytest.raises(ValueError, match=r"^the clock can show the years 1 to 9999 only$"):
        getattr(clock, move)(**argument)

    assert (clock.frozen, heard) == (frozen, [])
    assert clock.now() == NOON if frozen else runs_at(clock, NOON)


@pytest.mark.parametrize("move", ["freeze", "move_to"])
def test_an_invalid_instant_is_refused_with_a_message_that_says_what_to_do(move: str) -> None:
    clock = clock_at(NOON)

    with pytest.raises(ValueError, match=r"has no time zone; give an aware datetime, e\.g\. with tzinfo=timezone\.utc"):
        getattr(clock, move)(datetime(2027, 10, 31))
    with pytest.raises(
        ValueError, match=r"^'tomorrow' is no instant; give an aware datetime, or a text such as '2027-"
    ):
        getattr(clock, move)("tomorrow")
    for instant in (date(2027, 10, 31), 1_824_940_800):
        with pytest.raises(TypeError, match=" is no instant; give an aware datetime"):
            getattr(clock, move)(instant)
    for wrong in ({"fortnights": 1}, {"delta": 60}, {"hours": "1"}):
        with pytest.raises(TypeError, match=r"; give a timedelta or its parts, e\.g\. shift\(hours=1\)$"):
            clock.shift(**wrong)

    assert clock.now() == NOON


def test_a_clock_shows_its_state_and_its_time() -> None:
    assert repr(clock_at(NOON)) == "<Clock frozen 2027-10-31T12:00:00+00:00>"
    assert repr(clock_at(NOON, frozen=False)).startswith("<Clock running 2027-10-31T12:00:0")
