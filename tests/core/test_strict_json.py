"""JSON as the RFC has it, in both directions."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakenotify.core import strict_json

ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters()), inner, max_size=3),
    max_leaves=6,
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": [1, 1.5, null]}', {"a": [1, 1.5, None]}),
        (b'"\\ud83d\\ude00"', "\U0001f600"),
        ('"\U0001f600"', "\U0001f600"),
        ('["\\\\ud800"]', ["\\ud800"]),
    ],
)
def test_json_is_read(text: str | bytes, value: Any) -> None:
    assert strict_json.parse(text) == value


@pytest.mark.parametrize(
    "text", ["NaN", "[Infinity]", "1e999", '"\\ud800"', '"\ud800"', b'"\xed\xa0\x80"', '{"a": 1, "a": 1}', "[" * 99_999]
)
def test_what_is_no_json_is_refused(text: str | bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        strict_json.parse(text)


@given(ANY)
def test_whatever_is_written_can_be_read(value: Any) -> None:
    strict_json.parse(strict_json.write(value))


@given(ANY)
def test_what_json_can_say_is_written_as_ever(value: Any) -> None:
    text = json.dumps(value)
    try:
        strict_json.parse(text)
    except ValueError:
        return
    assert strict_json.write(value) == text


def test_what_is_nested_without_end_is_written_to_a_depth() -> None:
    value: Any = ()
    for _ in range(100_000):
        value = [value]
    written = strict_json.parse(strict_json.write({"deep": value, "half": "\ud800", "none": float("inf")}))
    assert (written["half"], written["none"]) == ("\ufffd", None)
    assert json.dumps(written["deep"]).count("[") == strict_json.MOST_DEPTH - 1
