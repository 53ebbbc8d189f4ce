"""Kinds of values: how each is read, and that what it says of itself is true."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fakenotify.core import json_objects
from fakenotify.core.values import TEXT, Boolean, Day, Integer, JsonObject, Kind, OneOf, ShortText, Sid

CR = "CR" + "0123456789abcdefABCDEF0123456789"
TTL, CHANNEL = Integer(0, 2_419_200), OneOf(("apn", "sms"))
KINDS = (TEXT, ShortText(64), Boolean(), TTL, Integer(1), CHANNEL, Sid("CR"), Day(), JsonObject())


def nested(depth: int) -> str:
    """JSON objects and lists, ``depth`` deep."""
    return '{"k": [' * (depth // 2) + '{"k": 0}' * (depth % 2) + "]}" * (depth // 2)


def test_a_good_value_is_read() -> None:
    table: list[tuple[Kind, str, Any]] = [
        (TEXT, " as it came ", " as it came "),
        (Boolean(), "TRUE", True),
        (Boolean(), "False", False),
        (TTL, "2419200", 2_419_200),
        (TTL, "007", 7),
        (Integer(5, 6), "5", 5),
        (Integer(1), "9" * 5000, 10**12),
        (CHANNEL, "sms", "sms"),
        (ShortText(64), "\N{PILE OF POO}" * 64, "\N{PILE OF POO}" * 64),
        (Sid("CR"), CR, CR),
        (Day(), "2024-02-29", date(2024, 2, 29)),
        (Day(), "0001-01-01", date(1, 1, 1)),
        (JsonObject(), ' {"a" : [1, 2.5, null, true, "\\u00e9"]} ', {"a": [1, 2.5, None, True, "é"]}),
        (JsonObject(), '{"a": 1, "a": 2}', {"a": 2}),
        (JsonObject(), '{"a": 1e-999}', {"a": 0.0}),
        (JsonObject(), " null ", None),
    ]

    for kind, value, result in table:
        assert kind.read(value) == result, value


ARABIC_YEAR = "\u0662\u0660\u0662\u0667"
NO_DAYS = ["2023-02-29", "0000-01-01", "20271031", "2027-W44-7", "2027-10-31T00:00:00Z", ARABIC_YEAR + "-10-31"]
NO_OBJECTS = [
    *("[]", '"text"', "1", "{'a': 1}", '{"a": 1} {"b": 2}', '{"a": 1', "\ufeff{}", '{"a": NaN}', '{"a": [-Infinity]}'),
    *('{"a": -1e999}', '{"a": ' + "1" * 5000 + "}", nested(101), '{"a":' + "[" * 200_000 + "]" * 200_000 + "}"),
]


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (Boolean(), ["yes", "1", " true", "truE\u0131"]),
        (Integer(1, 100), ["101", "0", "-1", "+1", "1.0", "1e1", " 1", "1_0", "\u0663", "\u00b2", "high", "9" * 5000]),
        (CHANNEL, ["APN", "apn "]),
        (ShortText(64), ["x" * 65]),
        (Sid("CR"), ["CR71", "AC" + "a" * 32, CR + "\n"]),
        (Day(), NO_DAYS),
        (JsonObject(), NO_OBJECTS),
    ],
    ids=lambda each: type(each).__name__,
)
def test_a_bad_value_is_a_value_error_and_is_explained(kind: Kind, values: list[str]) -> None:
    for value in values:
        with pytest.raises(ValueError):  # noqa: PT011  # its text is never shown: the table makes the answer
            kind.read(value)
        assert kind.explain(value)


def test_what_a_kind_says_of_itself_is_true() -> None:
    for kind in KINDS:
        assert kind.words()
        for value in kind.examples():
            kind.read(value)
        for value in kind.mistakes():
            with pytest.raises(ValueError):  # noqa: PT011  # as above
                kind.read(value)


@given(
    st.dictionaries(
        st.text(),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
            max_leaves=8,
        ),
        max_size=3,
    )
)
@example({"deep": json.loads(nested(99))})
def test_every_json_object_up_to_a_hundred_deep_is_read_as_json_reads_it(value: dict[str, Any]) -> None:
    assert json_objects.read(json.dumps(value)) == value
    assert json_objects.explain(json.dumps(value)) is None


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("{'a': 'b'}", "JSON needs double quotes where this has single ones; for a Python dict, use json.dumps"),
        ('{"a": $phone}', "the variable $phone was not filled in; PHP and shells leave it alone in single quotes"),
        ('{"a": {{phone}}}', "the placeholder {{phone}} was not filled in"),
        ('{"a": "say "hi" now"}', 'a quotation mark in a string must be escaped, \\"; let a JSON library write it'),
        ('{"a": "one\ntwo"}', "a line break or another control character in a string must be escaped, \\n"),
        ('{"a"=>"b"}', "=> comes from a printed Ruby Hash or PHP array; use to_json or json_encode"),
        ("{a=b, c=d}", "a= comes from a printed Java Map; use a JSON library"),
        ("Array", "Array is what PHP prints for an array; use json_encode"),
        ("[object Object]", "[object Object] is what JavaScript makes of an object; use JSON.stringify"),
        ('{a: "b"}', "names need double quotes in JSON, and a has none"),
        ('{"a": True}', "True is Python; use json.dumps"),
        ('{"a": nil}', "nil is Ruby; use to_json"),
        ('{"a": undefined}', "undefined is JavaScript; use JSON.stringify"),
        ('{"a": 1,}', "the comma before it is one too many"),
        ('{"a": 1} {"b": 2}', "there is more after the end"),
        ("sms:+15005550006", "expecting value"),
    ],
)
def test_text_that_is_not_json_is_explained_with_the_place_and_the_cause(text: str, cause: str) -> None:
    place, _, why = (json_objects.explain(text) or "").partition("), ")

    assert place.startswith("it is not JSON: at character ")
    assert why == cause


def test_other_json_and_numbers_are_explained() -> None:
    said = {
        '{"a": "b': "it is not JSON: at character 7 ('\"b') begins a string that never ends",
        '{"a": 1': "it is not JSON: at character 8 it ends too early",
        '{"a": NaN}': "it is not JSON: NaN is not a JSON number",
        '{"a": 1e999}': "it is not JSON: 1e999 is too large a number",
        nested(101): "it is not JSON: it is nested more than 100 deep",
        '[{"a": 1}, {}]': "it is a JSON list of 2, not a JSON object",
        '"{}"': "it is JSON inside a JSON string (it was encoded twice), not a JSON object",
        '"x"': "it is a JSON string, not a JSON object",
        "null": "it is null, not a JSON object",
        "true": "it is a boolean, not a JSON object",
        "1": "it is a number, not a JSON object",
    }

    assert {text: json_objects.explain(text) for text in said} == said


def test_each_kind_explains_its_bad_values() -> None:
    table = [
        (CHANNEL, "SMS", "'SMS' is not 'sms': it is compared exactly"),
        (CHANNEL, "pigeon", "'pigeon' can't be read; it takes: one of `apn`, `sms`"),
        (TTL, "soon", "'soon' can't be read; it takes: whole number, 0 to 2419200"),
        (ShortText(64), "x" * 65, "it has 65 characters, and at most 64 are allowed"),
        (Sid("CR"), "CR71", "a sid is CR and 32 hexadecimal digits, and this is 'CR71'"),
        (Sid("CR"), "MG71", "a sid here begins with CR, and this is 'MG71'"),
        (Day(), "yesterday", "'yesterday' can't be read; it takes: day, `YYYY-MM-DD`"),
    ]

    assert [kind.explain(value) for kind, value, _ in table] == [said for _, _, said in table]
