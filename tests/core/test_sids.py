"""Sids: two letters and 32 hex digits, the same in every run that begins with the same seed."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from fakenotify.core.sids import SidGenerator, is_sid

HEX = "0123456789abcdef"
prefixes = st.sampled_from(["AC", "SK", "IS", "BS", "CR", "NT"])


@given(seed=st.integers() | st.text(), made=st.lists(prefixes), later=st.lists(prefixes, min_size=1))
def test_equal_seeds_and_calls_give_equal_sids_and_a_copy_goes_on_in_the_same_way(
    seed: int | str, made: list[str], later: list[str]
) -> None:
    one, other = SidGenerator(seed), SidGenerator(seed)

    assert [one.new(prefix) for prefix in made] == [other.new(prefix) for prefix in made]
    twin = one.copy()
    sids = [one.new(prefix) for prefix in later]
    assert sids == [twin.new(prefix) for prefix in later]
    assert all(re.fullmatch(prefix + "[0-9a-f]{32}", sid) for prefix, sid in zip(later, sids, strict=True))


def test_the_sids_of_a_seed_are_the_same_in_every_version() -> None:
    sids = SidGenerator(0)

    assert [sids.new("IS"), sids.new("BS")] == [
        "IS88ff78bd4b99eda5ca1ed6ad01870fd7",
        "BS07c99104c1afa06c16079ab1f9e8306d",
    ]


def test_no_sid_comes_twice_and_another_seed_gives_others() -> None:
    generators = [SidGenerator(seed) for seed in (0, 1, "0/a", "0/b")]

    made = {generator.new("IS") for generator in generators for _ in range(5_000)}

    assert len(made) == 20_000


def test_a_sid_is_its_prefix_and_32_hex_digits_of_either_case() -> None:
    good = ("IS" + HEX * 2, "IS" + HEX.upper() * 2)
    bad = (
        *("is" + HEX * 2, "BS" + HEX * 2, " IS" + HEX * 2, "IS" + HEX * 2 + "\n", "IS" + HEX + HEX[1:]),
        *("IS" + HEX * 2 + "a", "IS" + "g" * 32, "IS" + "X" * 32, "IS" + "\u0663" * 32, "IS71", ""),
    )

    assert {text: is_sid(text, "IS") for text in (*good, *bad)} == dict.fromkeys(good, True) | dict.fromkeys(bad, False)


@given(mine=st.integers(0, 5), others=st.integers(0, 5), same_seed=st.booleans())
def test_a_generator_that_resumes_another_makes_no_sid_that_it_has_made(
    mine: int, others: int, same_seed: bool
) -> None:
    sids, other = SidGenerator(0), SidGenerator(0 if same_seed else 1)
    made = {sids.new("IS") for _ in range(mine)} | {other.new("IS") for _ in range(others)}

    sids.resume(other)

    after = [sids.new("IS") for _ in range(10)]
    assert not made & set(after)
    if not same_seed:
        assert after == [other.new("IS") for _ in range(10)]
