"""Parameter tables: how each kind of value is read, who complains first, and what is said of what nobody read."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakenotify.core.errors import MissingParameter, TwilioError
from fakenotify.core.params import (
    Param,
    Params,
    at_most,
    boolean,
    day,
    did_you_mean,
    integer,
    json_object,
    nearest,
    one_of,
    sid,
    text,
)
from fakenotify.notify.errors import InvalidFriendlyName, InvalidParameter

CR = "CR" + "0123456789abcdefABCDEF0123456789"

TABLE = Params(
    lambda name: InvalidParameter("Binding", name),
    Param("FriendlyName", "friendly_name", at_most(4), error=InvalidFriendlyName),
    Param("BindingType", "binding_type", one_of("apn", "sms"), required=True),
    Param("Identity", "identity", required=True),
    Param("LogEnabled", "log_enabled", boolean, default=True),
    Param("Tag", "tags", most=3, distinct=True),
    Param("ToBinding", "to_binding", json_object, most=0),
    Param("Ttl", "ttl", integer(0, 100), default=100),
    Param("Secret", "secret", secret=True),
    Param("Endpoint", "endpoint", deprecated="it has no effect"),
)
DEFAULTS = {
    "friendly_name": None,
    "log_enabled": True,
    "tags": (),
    "to_binding": (),
    "ttl": 100,
    "secret": None,
    "endpoint": None,
}
REQUIRED = {"BindingType": ["sms"], "Identity": ["alice"]}
READ = {"binding_type": "sms", "identity": "alice"}


def complaint(form: dict[str, list[str]], read: Callable[..., Any] = TABLE.parse) -> tuple[int, str]:
    with pytest.raises(TwilioError) as raised:
        read(form)
    return raised.value.code, raised.value.message


def invalid(name: str) -> tuple[int, str]:
    return 20001, f"Can not convert incoming parameters to Binding object: Parameter '{name}' is invalid"


def nested(depth: int) -> str:
    """JSON objects and lists, ``depth`` deep."""
    return '{"k": [' * (depth // 2) + '{"k": 0}' * (depth % 2) + "]}" * (depth // 2)


# reading a value


@pytest.mark.parametrize(
    ("read", "value", "result"),
    [
        (text, " as it came ", " as it came "),
        (boolean, "true", True),
        (boolean, "True", True),
        (boolean, "TRUE", True),
        (boolean, "false", False),
        (boolean, "False", False),
        (integer(0, 2419200), "0", 0),
        (integer(0, 2419200), "2419200", 2419200),
        (integer(0, 2419200), "007", 7),
        (integer(5, 6), "5", 5),
        (one_of("apn", "sms"), "sms", "sms"),
        (at_most(64), "x" * 64, "x" * 64),
        (at_most(64), "\N{PILE OF POO}" * 64, "\N{PILE OF POO}" * 64),
        (sid("CR"), CR, CR),
        (day, "2024-02-29", date(2024, 2, 29)),
        (day, "0001-01-01", date(1, 1, 1)),
        (json_object, "{}", {}),
        (json_object, ' {"a" : [1, 2.5, null, true, "\\u00e9"]} ', {"a": [1, 2.5, None, True, "é"]}),
        (json_object, '{"a": 1, "a": 2}', {"a": 2}),
        (json_object, '{"a": 1e-999}', {"a": 0.0}),
    ],
)
def test_a_good_value_is_read(read: Callable[[str], Any], value: str, result: Any) -> None:
    assert read(value) == result


@pytest.mark.parametrize(
    ("read", "value"),
    [
        (boolean, "yes"),
        (boolean, "1"),
        (boolean, " true"),
        (boolean, "truE\u0131"),
        (integer(0, 100), "101"),
        (integer(1, 100), "0"),
        (integer(0, 100), "-1"),
        (integer(0, 100), "+1"),
        (integer(0, 100), "1.0"),
        (integer(0, 100), "1e1"),
        (integer(0, 100), " 1"),
        (integer(0, 100), "1_0"),
        (integer(0, 100), "\u0663"),
        (integer(0, 100), "\u00b2"),
        (integer(0, 100), "high"),
        (integer(0, 100), "9" * 5000),
        (integer(0, 10**30), "1" * 21),
        (one_of("apn", "sms"), "APN"),
        (one_of("apn", "sms"), "apn "),
        (at_most(64), "x" * 65),
        (sid("CR"), "CR71"),
        (sid("CR"), "AC" + "a" * 32),
        (sid("CR"), CR + "\n"),
        (day, "2023-02-29"),
        (day, "2027-13-01"),
        (day, "0000-01-01"),
        (day, "20271031"),
        (day, "2027-W44-7"),
        (day, "2027-10-31T00:00:00Z"),
        (day, "\u0662\u0660\u0662\u0667-10-31"),
        (day, "yesterday"),
        (json_object, "[]"),
        (json_object, '"text"'),
        (json_object, "null"),
        (json_object, "1"),
        (json_object, "{'a': 1}"),
        (json_object, '{"a": 1} {"b": 2}'),
        (json_object, '{"a": 1'),
        (json_object, "\ufeff{}"),
        (json_object, '{"a": NaN}'),
        (json_object, '{"a": Infinity}'),
        (json_object, '{"a": [-Infinity]}'),
        (json_object, '{"a": 1e999}'),
        (json_object, '{"a": -1e999}'),
        (json_object, nested(101)),
        (json_object, nested(102)),
        (json_object, '{"a":' * 200_000),
        (json_object, '{"a":' + "[" * 200_000 + "]" * 200_000 + "}"),
    ],
    ids=lambda value: repr(value)[:30] if isinstance(value, str) else getattr(value, "__qualname__", None),
)
def test_a_bad_value_is_a_value_error(read: Callable[[str], Any], value: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # its text is never shown: the table makes the answer
        read(value)


@pytest.mark.parametrize("depth", [1, 2, 99, 100])
def test_json_is_read_up_to_a_hundred_deep(depth: int) -> None:
    assert json_object(nested(depth)) == json.loads(nested(depth))


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
@settings(deadline=None)
def test_every_json_object_is_read_as_json_reads_it(value: dict[str, Any]) -> None:
    assert json_object(json.dumps(value)) == value


# reading a form


def test_what_was_not_sent_gets_its_default() -> None:
    assert TABLE.parse(REQUIRED) == DEFAULTS | READ


def test_every_parameter_is_read_into_its_field() -> None:
    form = {
        "FriendlyName": ["four"],
        "BindingType": ["apn"],
        "Identity": ["bob"],
        "LogEnabled": ["False"],
        "Tag": ["vip", "new user"],
        "ToBinding": ['{"address": "a"}', "{}"],
        "Ttl": ["7"],
        "Secret": ["s3cr3t"],
        "Endpoint": ["e"],
    }

    assert TABLE.parse(form) == {
        "friendly_name": "four",
        "binding_type": "apn",
        "identity": "bob",
        "log_enabled": False,
        "tags": ("vip", "new user"),
        "to_binding": ({"address": "a"}, {}),
        "ttl": 7,
        "secret": "s3cr3t",
        "endpoint": "e",
    }


def test_empty_values_count_as_not_sent() -> None:
    form = REQUIRED | {"FriendlyName": [""], "LogEnabled": [""], "Ttl": [""], "Tag": ["", ""], "ToBinding": [""]}

    assert TABLE.parse(form) == DEFAULTS | READ


def test_only_the_first_of_several_values_is_read_where_one_is_expected() -> None:
    form = {"BindingType": ["sms", "nonsense"], "Identity": ["alice", "bob"], "Ttl": ["", "nonsense"]}

    assert TABLE.parse(form) == DEFAULTS | READ


def test_unknown_and_misspelt_names_are_not_read() -> None:
    form = REQUIRED | {"identity": ["bob"], "Tags": ["vip"], "Type": ["S"]}

    assert TABLE.parse(form) == DEFAULTS | READ


def test_empty_and_doubled_tags_are_dropped_before_they_are_counted() -> None:
    form = REQUIRED | {"Tag": ["a", "", "b", "a", "c", "b"]}

    assert TABLE.parse(form) == DEFAULTS | READ | {"tags": ("a", "b", "c")}


def test_more_values_than_are_allowed_are_invalid() -> None:
    assert complaint(REQUIRED | {"Tag": ["a", "b", "c", "d"]}) == invalid("Tag")


def test_a_repeatable_parameter_without_a_limit_takes_any_number_of_equal_values() -> None:
    form = REQUIRED | {"ToBinding": ["{}"] * 1000}

    assert TABLE.parse(form)["to_binding"] == ({},) * 1000


def test_one_bad_value_of_a_repeatable_parameter_makes_it_invalid() -> None:
    assert complaint(REQUIRED | {"ToBinding": ["{}", "sms:+15005550006"]}) == invalid("ToBinding")


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ({}, (20001, "Missing required parameter BindingType in the post body")),
        ({"BindingType": ["sms"]}, (20001, "Missing required parameter Identity in the post body")),
        ({"BindingType": ["sms"], "Identity": [""]}, (20001, "Missing required parameter Identity in the post body")),
        ({"BindingType": ["carrier pigeon"]}, invalid("BindingType")),
        ({"FriendlyName": ["fiver"]}, (20002, "Invalid FriendlyName")),
        (REQUIRED | {"Ttl": ["soon"], "LogEnabled": ["maybe"]}, invalid("LogEnabled")),
        (REQUIRED | {"Ttl": ["soon"], "Tag": ["a"]}, invalid("Ttl")),
    ],
)
def test_the_first_complaint_in_the_order_of_the_table_is_the_answer(
    form: dict[str, list[str]], expected: tuple[int, str]
) -> None:
    assert complaint(form) == expected


def test_what_was_read_of_a_form_is_listed_in_the_order_of_the_table() -> None:
    form = {"Tag": ["b", "", "a", "b"], "Identity": ["alice", "bob"], "Ttl": ["", "7"], "Unknown": ["x"]}

    assert TABLE.sent(form) == [("Identity", "alice"), ("Tag", "b"), ("Tag", "a"), ("Tag", "b")]


# reading an update


def test_an_update_reads_only_what_was_sent() -> None:
    assert TABLE.parse_changes({}) == {}
    assert TABLE.parse_changes({"Ttl": ["7"], "Unknown": ["x"]}) == {"ttl": 7}


def test_an_empty_value_in_an_update_goes_back_to_the_default() -> None:
    form = {"FriendlyName": [""], "LogEnabled": [""], "Ttl": [""]}

    assert TABLE.parse_changes(form) == {"friendly_name": None, "log_enabled": True, "ttl": 100}


def test_an_update_complains_in_the_order_of_the_table() -> None:
    form = {"Ttl": ["soon"], "FriendlyName": ["fiver"]}

    assert complaint(form, TABLE.parse_changes) == (20002, "Invalid FriendlyName")


# spelling arguments


@pytest.mark.parametrize(
    ("field", "value", "name", "spelled"),
    [
        ("identity", "alice", "Identity", ["alice"]),
        ("log_enabled", True, "LogEnabled", ["true"]),
        ("log_enabled", False, "LogEnabled", ["false"]),
        ("ttl", 7, "Ttl", ["7"]),
        ("endpoint", {"a": [1]}, "Endpoint", ['{"a": [1]}']),
        ("endpoint", date(2027, 10, 31), "Endpoint", ["2027-10-31"]),
        (
            "endpoint",
            datetime(2027, 10, 31, 23, tzinfo=timezone(timedelta(hours=-2))),
            "Endpoint",
            ["2027-11-01"],
        ),
        ("tags", ["vip", "new user"], "Tag", ["vip", "new user"]),
        ("tags", ("vip",), "Tag", ["vip"]),
        ("tags", "vip", "Tag", ["vip"]),
        ("tags", [], "Tag", []),
        ("to_binding", {"address": "a"}, "ToBinding", ['{"address": "a"}']),
        ("to_binding", [{"address": "a"}, '{"address": "b"}'], "ToBinding", ['{"address": "a"}', '{"address": "b"}']),
    ],
)
def test_an_argument_is_spelled_as_the_official_libraries_spell_it(
    field: str, value: Any, name: str, spelled: list[str]
) -> None:
    assert TABLE.to_form("bindings.create", {field: value}) == {name: spelled}


def test_an_argument_that_is_none_is_left_out() -> None:
    assert TABLE.to_form("bindings.create", {"identity": None, "ttl": 0}) == {"Ttl": ["0"]}


@given(
    st.fixed_dictionaries(
        {"binding_type": st.sampled_from(["apn", "sms"]), "identity": st.text(min_size=1)},
        optional={
            "friendly_name": st.text(min_size=1, max_size=4),
            "log_enabled": st.booleans(),
            "tags": st.lists(st.text(min_size=1), max_size=3, unique=True).map(tuple),
            "to_binding": st.lists(st.dictionaries(st.text(), st.integers())).map(tuple),
            "ttl": st.integers(0, 100),
        },
    )
)
@settings(deadline=None)
def test_arguments_spelled_as_a_form_are_read_back_as_they_were(arguments: dict[str, Any]) -> None:
    assert TABLE.parse(TABLE.to_form("bindings.create", arguments)) == DEFAULTS | arguments


@pytest.mark.parametrize(
    ("field", "hint"),
    [("identitiy", "; did you mean 'identity'?"), ("Identity", "; did you mean 'identity'?"), ("colour", ".")],
)
def test_an_unknown_argument_is_a_type_error_that_names_it_and_what_there_is(field: str, hint: str) -> None:
    with pytest.raises(TypeError) as raised:
        TABLE.to_form("bindings.create", {"ttl": 1, field: "x"})

    assert str(raised.value) == (
        f"bindings.create() has no argument {field!r}{hint} It takes: friendly_name, binding_type, identity, "
        "log_enabled, tags, to_binding, ttl, secret, endpoint"
    )


# what the tester is told


def test_a_redacted_form_shows_lists_where_a_name_is_repeatable_or_was_repeated() -> None:
    form = {"Identity": ["alice"], "Tag": ["vip"], "Ttl": ["1", "2"], "Unknown": ["x"]}

    assert TABLE.redact(form) == {"Identity": "alice", "Tag": ["vip"], "Ttl": ["1", "2"], "Unknown": "x"}


def test_a_redacted_form_shows_no_secret_however_its_name_is_spelled() -> None:
    form = {
        name: ["s3cr3t", "s3cr3t"]
        for name in ("Secret", "secret", "SECRET", "Secret[]", "ApiKey", "api_key", "Private-Key", "certificate")
    }

    assert TABLE.redact(form) == dict.fromkeys(form, "[redacted]")


def test_nothing_is_said_of_a_form_that_was_read_whole() -> None:
    form = REQUIRED | {"Tag": ["a", "b"], "Ttl": [""]}

    assert TABLE.warnings(form) == []


@pytest.mark.parametrize(
    ("form", "warning"),
    [
        (
            {"identity": ["a"]},
            "parameter 'identity' was not read; did you mean 'Identity'? (names are case-sensitive)",
        ),
        (
            {"friendly_name": ["a"]},
            "parameter 'friendly_name' was not read; did you mean 'FriendlyName'? (names are case-sensitive)",
        ),
        ({"Tag[]": ["a"]}, "parameter 'Tag[]' was not read; did you mean 'Tag'? (names are case-sensitive)"),
        ({"Tags": ["a"]}, "parameter 'Tags' was not read; did you mean 'Tag'? (names are case-sensitive)"),
        ({"Idntity": ["a"]}, "parameter 'Idntity' was not read; did you mean 'Identity'?"),
        ({"Colour": ["red"]}, "parameter 'Colour' was not read"),
        ({"": ["a"]}, "parameter '' was not read"),
        ({"Endpoint": ["a"]}, "parameter 'Endpoint' is deprecated: it has no effect"),
        ({"Ttl": ["1", "2", "3"]}, "parameter 'Ttl' was sent 3 times, only the first was read"),
    ],
)
def test_what_notify_ignores_in_silence_is_told(form: dict[str, list[str]], warning: str) -> None:
    assert TABLE.warnings(REQUIRED | form) == [warning]


def test_of_very_many_unread_parameters_only_the_first_are_named() -> None:
    form = REQUIRED | {f"{number}": ["x"] for number in range(23)} | {"Endpoint": ["e"]}

    assert TABLE.warnings(form) == [
        *(f"parameter '{number}' was not read" for number in range(20)),
        "parameter 'Endpoint' is deprecated: it has no effect",
        "3 more parameters were not read",
    ]


def test_a_plural_table_corrects_a_singular_name() -> None:
    assert Params(MissingParameter, Param("ToBindings", "to_bindings")).warnings({"ToBinding": ["{}"]}) == [
        "parameter 'ToBinding' was not read; did you mean 'ToBindings'? (names are case-sensitive)"
    ]


def test_names_that_somebody_else_reads_are_no_warning() -> None:
    form = {"PageSize": ["5"], "Page": ["0"]}

    assert TABLE.warnings(form, frozenset(("PageSize", "Page"))) == []


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("user", "; did you mean 'users'?"),
        ("binding", "; did you mean 'bindings' or 'user_bindings'?"),
        ("xyz", ""),
    ],
)
def test_the_nearest_known_words_are_offered(word: str, hint: str) -> None:
    assert did_you_mean(word, ["services", "bindings", "users", "user_bindings"]) == hint


def test_at_most_three_words_are_offered_best_first() -> None:
    assert nearest("aaaa", ["aaab", "aaaa1", "aabb", "aaaaa", "zzzz"]) == ["aaaaa", "aaaa1", "aaab"]
