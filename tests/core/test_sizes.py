"""Sizes are estimates of the memory that Python takes, and clipping leaves a mark."""

from __future__ import annotations

import json
import tracemalloc
from typing import Any

import pytest

from fakenotify.core.sizes import LONGEST_TEXT, clip, clip_heavy, measure, own_size, size_of

BINDING = {"sid": "BS" + "0" * 32, "identity": "alice", "tags": ["vip", "new"], "endpoint": None, "ttl": 5, "data": {}}


@pytest.mark.parametrize(
    "original",
    [
        [BINDING] * 1000,
        {f"key{number}": "x" * number for number in range(2000)},
        {"deep": [[] for _ in range(20_000)]},
        [{} for _ in range(20_000)],
        "Grüße 世界" * 100_000,
    ],
    ids=["bindings", "texts", "lists", "objects", "a text"],
)
def test_an_estimate_is_between_half_and_four_times_the_memory_that_python_takes(original: Any) -> None:
    written = json.dumps(original)
    json.loads(written)
    tracemalloc.start()
    value = json.loads(written)
    taken = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()

    assert taken / 2 < size_of(value) < taken * 4


def test_a_measure_knows_the_longest_text_wherever_it_is() -> None:
    values = ({"a": ["x" * 5, {"b": "y" * 9}], "c": ("z",)}, None, 5, [], {}, "abc")

    assert [measure(each)[1] for each in values] == [9, 0, 0, 0, 0, 3]


def test_an_own_size_leaves_out_what_is_shared() -> None:
    shared = {"body": "x" * 10_000, "message": {"data": {"long": "y" * 10_000}}}
    own = {"to": "alice", "body": shared["body"], "message": {"token": "t", **shared["message"]}}  # type: ignore[dict-item]

    assert own_size(own, shared) < 1_000 < 20_000 < size_of(own)
    assert own_size(shared, shared) == 0


def test_long_texts_are_clipped_at_any_depth_with_their_length_and_what_is_short_stays_the_same_object() -> None:
    long, clipped = "x" * 20_000, "x" * LONGEST_TEXT + "... [clipped, 20,000 characters]"

    assert clip({"a": [long, {"b": (long, "c")}], "d": 5}) == {"a": [clipped, {"b": (clipped, "c")}], "d": 5}
    for short in ("x" * LONGEST_TEXT, {"a": ["b", ("c", 5)]}, [{"a": None}], 5, None):
        assert clip(short) is short


def test_a_mark_replaces_each_heavy_part() -> None:
    assert clip_heavy({"a": [{}] * 40_000, "b": "c"}) == {"a": "... [clipped, about 2 MiB]", "b": "c"}
