"""Sids: two letters and 32 hex digits, the same in every run that begins with the same seed."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakenotify.core.sids import SidGenerator, is_sid, sid_pattern

HEX = "0123456789abcdef"


@given(seed=st.integers() | st.text(), prefixes=st.lists(st.sampled_from(["IS", "BS", "CR", "NT"])))
@settings(deadline=None)
def test_the_same_seed_and_calls_give_the_same_sids(seed: int | str, prefixes: list[str]) -> None:
    one, other = SidGenerator(seed), SidGenerator(seed)

    assert [one.new(prefix) for prefix in prefixes] == [other.new(prefix) for prefix in prefixes]


@given(seed=st.integers() | st.text())
@settings(deadline=None)
def test_every_sid_has_its_prefix_and_32_lower_case_hex_digits(seed: int | str) -> None:
    sids = SidGenerator(seed)

    assert all(re.fullmatch("BS[0-9a-f]{32}", sids.new("BS")) for _ in range(20))


def test_no_sid_comes_twice() -> None:
    sids = SidGenerator(0)

    made = [sids.new("IS") for _ in range(10_000)]

    assert len(set(made)) == len(made)


def test_another_seed_gives_other_sids() -> None:
    assert SidGenerator(0).new("IS") != SidGenerator(1).new("IS")
    assert SidGenerator("0/a").new("IS") != SidGenerator("0/b").new("IS")


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("IS" + "0123456789abcdef" * 2, True),
        ("IS" + "0123456789ABCDEF" * 2, True),
        ("is" + "0123456789abcdef" * 2, False),
        ("BS" + "0123456789abcdef" * 2, False),
        ("IS" + "a" * 31, False),
        ("IS" + "a" * 33, False),
        ("IS" + "g" * 32, False),
        ("IS" + "\u0663" * 32, False),
        ("IS" + "a" * 32 + "\n", False),
        (" IS" + "a" * 32, False),
        ("IS71", False),
        ("IS" + "X" * 32, False),
        ("", False),
    ],
)
def test_a_sid_is_its_prefix_and_32_hex_digits_of_either_case(text: str, answer: bool) -> None:
    assert is_sid(text, "IS") is answer


@given(digits=st.text(HEX, min_size=32, max_size=32), prefix=st.sampled_from(["AC", "SK", "IS"]))
@settings(deadline=None)
def test_the_pattern_of_a_prefix_takes_every_sid_of_it(digits: str, prefix: str) -> None:
    assert sid_pattern(prefix).fullmatch(prefix + digits)
    assert is_sid(prefix + digits.upper(), prefix)


def test_a_copy_goes_on_in_the_same_way_and_on_its_own() -> None:
    sids = SidGenerator(0)
    sids.new("IS")

    twin = sids.copy()

    expected = [sids.new("IS") for _ in range(3)]
    assert [twin.new("IS") for _ in range(3)] == expected


@given(mine=st.integers(0, 5), others=st.integers(0, 5))
@settings(deadline=None)
def test_a_generator_that_resumes_one_of_its_seed_makes_nothing_that_either_has_made(mine: int, others: int) -> None:
    sids, other = SidGenerator(0), SidGenerator(0)
    made = {sids.new("IS") for _ in range(mine)} | {other.new("IS") for _ in range(others)}

    sids.resume(other)

    assert not {sids.new("IS") for _ in range(10)} & made


def test_a_generator_that_resumes_one_of_another_seed_goes_on_where_that_one_is() -> None:
    sids, other = SidGenerator(0), SidGenerator(1)
    for _ in range(3):
        sids.new("IS")
    other.new("IS")

    sids.resume(other)

    assert sids.new("IS") == other.new("IS")
