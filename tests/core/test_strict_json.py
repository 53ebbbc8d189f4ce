"""JSON as RFC 8259 defines it, read and written."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fakenotify.core import strict_json


def test_json_is_read_from_text_and_bytes() -> None:
    values: dict[str | bytes, Any] = {
        '{"a": [1, 1.5, null]}': {"a": [1, 1.5, None]},
        b'"\\ud83d\\ude00"': "\U0001f600",
        '"\U0001f600"': "\U0001f600",
        '["\\\\ud800"]': ["\\ud800"],
        "[" * 200 + "]" * 200: json.loads("[" * 200 + "]" * 200),
    }

    assert {text: strict_json.parse(text) for text in values} == values


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("NaN", "NaN is not a JSON number"),
        ("[Infinity]", "Infinity is not a JSON number"),
        ("1e999", "1e999 is too large a number"),
        ('"\\ud800"', "half of a surrogate pair"),
        ('"\ud800"', "half of a surrogate pair"),
        (b'"\xed\xa0\x80"', "can't decode byte"),
        ('{"a": 1, "b": 2, "a": 1}', "'a' occurs twice"),
        ("{" + "".join(f'"{each}": 1, ' for each in range(200_000)) + '"199999": 2}', "'199999' occurs twice"),
        ("[" * 99_999, "nested more than 200 deep"),
        ("[" * 201 + "]" * 201, "nested more than 200 deep"),
    ],
)
def test_invalid_json_is_refused(text: str | bytes, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        strict_json.parse(text)
