"""Parameter tables: which complaint comes first, how arguments are spelled, and the warnings about what wasn't read."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from enum import Enum
from typing import Any

import pytest
from answers import invalid, missing
from hypothesis import given
from hypothesis import strategies as st

from fakenotify.core.errors import TwilioError
from fakenotify.core.params import Param, Params, did_you_mean, nearest
from fakenotify.core.values import Boolean, Integer, JsonObject, Kind, OneOf, ShortText
from fakenotify.notify.errors import InvalidFriendlyName, InvalidParameter


class Looking(Kind):
    """A kind that ignores a part of its values, and has advice about them."""

    signs = ("",)

    def words(self) -> str:
        return "text that is not bad"

    def examples(self) -> tuple[str, ...]:
        return ("hot", "cold")

    def read(self, value: str) -> str:
        if value == "bad":
            raise ValueError(value)
        return value

    def ignored(self, value: str) -> list[str]:
        return [f"{self.read(value)!r} is ignored"]

    def advice(self, value: str) -> str | None:
        return "be careful" if value == "hot" else None


FORM = dict[str, list[str]]
TABLE = Params(
    lambda name: InvalidParameter("Binding", name),
    Param("FriendlyName", "friendly_name", ShortText(4), error=lambda name, value: InvalidFriendlyName()),
    Param("BindingType", "binding_type", OneOf(("apn", "sms")), required=True),
    Param("Identity", "identity", required=True),
    Param("LogEnabled", "log_enabled", Boolean(), default=True),
    Param("Tag", "tags", most=3, distinct=True),
    Param("ToBinding", "to_binding", JsonObject(), most=0),
    Param("Ttl", "ttl", Integer(0, 100), default=100),
    Param("Secret", "secret", secret=True),
    Param("Endpoint", "endpoint", deprecated="it has no effect"),
)
REQUIRED = {"BindingType": ["sms"], "Identity": ["alice"]}
READ = {
    "friendly_name": None,
    "binding_type": "sms",
    "identity": "alice",
    "log_enabled": True,
    "tags": (),
    "to_binding": (),
    "ttl": 100,
    "secret": None,
    "endpoint": None,
}


def answer(refused: TwilioError) -> tuple[int, int, str]:
    return refused.status, refused.code, refused.message


# reading a form


@pytest.mark.parametrize(
    ("form", "read"),
    [
        ({}, {}),
        ({"FriendlyName": [""], "LogEnabled": [""], "Ttl": [""], "Tag": ["", ""], "ToBinding": [""]}, {}),
        ({"identity": ["bob"], "Tags": ["vip"], "Type": ["S"]}, {}),
        ({"BindingType": ["sms", "nonsense"], "Identity": ["alice", "bob"], "Ttl": ["", "nonsense"]}, {}),
        ({"Tag": ["a", "", "b", "a", "c", "b"]}, {"tags": ("a", "b", "c")}),
        ({"ToBinding": ['{"address": "a"}'] + ["{}"] * 1000}, {"to_binding": ({"address": "a"},) + ({},) * 1000}),
        (
            {"FriendlyName": ["four"], "LogEnabled": ["False"], "Ttl": ["7"], "Secret": ["s3cr3t"], "Endpoint": ["e"]},
            {"friendly_name": "four", "log_enabled": False, "ttl": 7, "secret": "s3cr3t", "endpoint": "e"},
        ),
    ],
    ids=["not sent", "empty", "misspelt", "sent twice where one is read", "distinct", "without a limit", "every kind"],
)
def test_a_form_is_read_and_what_is_not_read_gets_its_default(form: FORM, read: dict[str, Any]) -> None:
    assert TABLE.parse(REQUIRED | form) == READ | read


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ({}, missing("BindingType")),
        ({"BindingType": ["sms"], "Identity": [""]}, missing("Identity")),
        ({"BindingType": ["carrier pigeon"]}, invalid("Binding", "BindingType")),
        ({"FriendlyName": ["fiver"]}, (400, 20002, "Invalid FriendlyName")),
        (REQUIRED | {"Ttl": ["soon"], "LogEnabled": ["maybe"]}, invalid("Binding", "LogEnabled")),
    ],
)
def test_the_first_complaint_in_the_order_of_the_table_is_the_answer(
    form: FORM, expected: tuple[int, int, str]
) -> None:
    with pytest.raises(TwilioError) as raised:
        TABLE.parse(form)

    assert answer(raised.value) == expected


@pytest.mark.parametrize(
    ("form", "source", "hint"),
    [
        ({"Ttl": ["soon"]}, "D33", "Ttl: 'soon' can't be read; it takes: whole number, 0 to 100"),
        ({"ToBinding": ["{}", "[]", "{}"]}, "D15", "ToBinding (2 of 3): it is a JSON list of 0, not a JSON object"),
        ({"Tag": ["a", "b", "c", "d"]}, "D33", "Tag: 4 values were sent, and at most 3 are allowed"),
        ({"FriendlyName": ["fiver"]}, "D32", "FriendlyName: it has 5 characters, and at most 4 are allowed"),
    ],
)
def test_a_refusal_has_its_decision_and_says_why(form: FORM, source: str, hint: str) -> None:
    with pytest.raises(TwilioError) as raised:
        TABLE.parse(REQUIRED | form)

    assert (raised.value.source, raised.value.hint) == (source, hint)


def test_what_was_read_of_a_form_is_listed_in_the_order_of_the_table() -> None:
    form = {"Tag": ["b", "", "a", "b"], "Identity": ["alice", "bob"], "Ttl": ["", "7"], "Unknown": ["x"]}

    assert TABLE.sent(form) == [("Identity", "alice"), ("Tag", "b"), ("Tag", "a"), ("Tag", "b")]


def test_an_update_reads_only_what_was_sent_and_an_empty_value_goes_back_to_the_default() -> None:
    form = {"FriendlyName": [""], "LogEnabled": [""], "Ttl": ["7"], "Unknown": ["x"]}

    assert TABLE.parse_changes({}) == {}
    assert TABLE.parse_changes(form) == {"friendly_name": None, "log_enabled": True, "ttl": 7}
    with pytest.raises(TwilioError) as raised:
        TABLE.parse_changes({"Ttl": ["soon"], "FriendlyName": ["fiver"]})
    assert answer(raised.value) == (400, 20002, "Invalid FriendlyName")


# spelling arguments


@pytest.mark.parametrize(
    ("field", "value", "name", "spelled"),
    [
        ("log_enabled", True, "LogEnabled", ["true"]),
        ("ttl", 7, "Ttl", ["7"]),
        ("endpoint", {"a": [1]}, "Endpoint", ['{"a": [1]}']),
        ("endpoint", date(2027, 10, 31), "Endpoint", ["2027-10-31"]),
        ("endpoint", datetime(2027, 10, 31, 23, tzinfo=timezone(timedelta(hours=-2))), "Endpoint", ["2027-11-01"]),
        ("tags", "vip", "Tag", ["vip"]),
        ("tags", [], "Tag", []),
        ("tags", [None, "vip", 7, b"new"], "Tag", ["vip", "7", "new"]),
        ("tags", 7, "Tag", ["7"]),
        ("endpoint", b"x", "Endpoint", ["x"]),
        ("to_binding", {"address": "a"}, "ToBinding", ['{"address": "a"}']),
        ("to_binding", [{"address": "a"}, '{"address": "b"}'], "ToBinding", ['{"address": "a"}', '{"address": "b"}']),
    ],
)
def test_an_argument_is_spelled_as_the_official_libraries_spell_it(
    field: str, value: Any, name: str, spelled: list[str]
) -> None:
    assert TABLE.to_form("bindings.create", {field: value, "identity": None}) == {name: spelled}


def test_a_member_of_an_enumeration_that_is_a_string_is_spelled_as_its_value() -> None:
    channel = Enum("Channel", {"SMS": "sms"}, type=str)

    form = TABLE.to_form("bindings.create", {"endpoint": channel.SMS})

    assert [(each, type(each)) for each in form["Endpoint"]] == [("sms", str)]


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
def test_arguments_spelled_as_a_form_are_read_back_as_they_were(arguments: dict[str, Any]) -> None:
    assert TABLE.parse(TABLE.to_form("bindings.create", arguments)) == READ | arguments


@pytest.mark.parametrize(("field", "hint"), [("identitiy", "; did you mean 'identity'?"), ("colour", ".")])
def test_an_unknown_argument_is_a_type_error_that_lists_the_known_ones(field: str, hint: str) -> None:
    with pytest.raises(TypeError) as raised:
        TABLE.to_form("bindings.create", {"ttl": 1, field: "x"})

    assert str(raised.value) == f"bindings.create() has no argument {field!r}{hint} It takes: {', '.join(READ)}"


# what a tester sees


def test_a_redacted_form_shows_lists_where_a_name_is_repeatable_or_was_repeated() -> None:
    form = {"Identity": ["alice"], "Tag": ["vip"], "Ttl": ["1", "2"]}

    assert TABLE.redact(form) == {"Identity": "alice", "Tag": ["vip"], "Ttl": ["1", "2"]}


@pytest.mark.parametrize(
    ("table", "hidden", "shown"),
    [
        (
            TABLE,
            "Secret secret SECRET Secret[] Secrets Scret Secret2 Key api_key Private-Key PrivateKye auth_token2 pem x",
            "friendlyName FriendlyNam identity Identities Tags ttl bindingtype endpoints",
        ),
        (Params(TABLE.error, Param("Tag", "tags")), "AuthToken2 my_password", "Colour Key2 pem"),
    ],
    ids=["with secrets", "without secrets"],
)
def test_no_name_that_may_hold_a_secret_is_shown(table: Params, hidden: str, shown: str) -> None:
    form = {name: ["value"] for name in f"{hidden} {shown}".split()}

    assert table.redact(form) == dict.fromkeys(form, "value") | dict.fromkeys(hidden.split(), "[redacted]")


@pytest.mark.parametrize(
    ("name", "values", "said"),
    [
        ("friendly_name", ["a"], "was not read; did you mean 'FriendlyName'? (names are case-sensitive)"),
        ("Tag[]", ["a"], "was not read; did you mean 'Tag'? (names are case-sensitive)"),
        ("Tags", ["a"], "was not read; did you mean 'Tag'? (names are case-sensitive)"),
        ("Idntity", ["a"], "was not read; did you mean 'Identity'?"),
        ("", ["a"], "was not read"),
        (
            "ToBinding[address]",
            ["a"],
            'was not read; ToBinding takes one JSON text for each value, such as ToBinding={"key": "value"}',
        ),
        ("Endpoint", ["a"], "is deprecated: it has no effect"),
        ("Ttl", ["1", "2", "3"], "was sent 3 times, only the first was read"),
    ],
)
def test_a_warning_says_what_is_silently_ignored(name: str, values: list[str], said: str) -> None:
    read_whole = REQUIRED | {"Tag": ["a", "b"], "LogEnabled": [""], "Page": ["0"]}

    assert TABLE.look(read_whole | {name: values}, ("PageSize", "Page")) == ([f"parameter {name!r} {said}"], [])


def test_of_very_many_unread_parameters_only_the_first_are_named() -> None:
    ignored, _ = TABLE.look(REQUIRED | {f"{number}": ["x"] for number in range(23)} | {"Endpoint": ["e"]})

    assert ignored == [
        *(f"parameter '{number}' was not read" for number in range(20)),
        "parameter 'Endpoint' is deprecated: it has no effect",
        "3 more parameters were not read",
    ]


def test_a_kind_looks_at_the_values_that_it_can_read_and_says_each_thing_once() -> None:
    table = Params(TABLE.error, Param("One", "one", Looking()), Param("Many", "many", Looking(), most=0))
    form = {"One": ["hot", "hot"], "Many": ["hot", "bad", "cold", "cold"]}

    assert table.look(form) == (
        ["parameter 'One' was sent 2 times, only the first was read", "'hot' is ignored", "'cold' is ignored"],
        ["be careful"],
    )


def test_up_to_three_of_the_nearest_known_words_are_offered_best_first() -> None:
    known = ["services", "bindings", "users", "user_bindings"]

    assert [did_you_mean(word, known) for word in ("user", "binding", "xyz")] == [
        "; did you mean 'users'?",
        "; did you mean 'bindings' or 'user_bindings'?",
        "",
    ]
    assert nearest("tag", ["tags", "tagged", "tag", "stage"]) == ["tag", "tags", "stage"]
