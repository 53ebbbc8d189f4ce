"""Parameter tables: who complains first, how arguments are spelled, and what is said of what nobody read."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest
from answers import invalid, missing
from hypothesis import given, settings
from hypothesis import strategies as st

from fakenotify.core.errors import TwilioError
from fakenotify.core.params import Param, Params, did_you_mean, nearest
from fakenotify.core.values import Boolean, Integer, JsonObject, Kind, OneOf, ShortText
from fakenotify.notify.errors import InvalidFriendlyName, InvalidParameter


class Looking(Kind):
    """A kind that has something to say of values that can be read."""

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


def complaint(form: FORM, read: Callable[..., Any] = TABLE.parse) -> TwilioError:
    with pytest.raises(TwilioError) as raised:
        read(form)
    return raised.value


def answer(form: FORM, read: Callable[..., Any] = TABLE.parse) -> tuple[int, int, str]:
    refused = complaint(form, read)
    return refused.status, refused.code, refused.message


# reading a form


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


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"FriendlyName": [""], "LogEnabled": [""], "Ttl": [""], "Tag": ["", ""], "ToBinding": [""]},
        {"identity": ["bob"], "Tags": ["vip"], "Type": ["S"]},
        {"BindingType": ["sms", "nonsense"], "Identity": ["alice", "bob"], "Ttl": ["", "nonsense"]},
    ],
    ids=["not sent", "sent empty", "unknown or misspelt", "sent twice where one is read"],
)
def test_what_is_not_read_gets_its_default(form: FORM) -> None:
    assert TABLE.parse(REQUIRED | form) == DEFAULTS | READ


def test_empty_and_doubled_tags_are_dropped_before_they_are_counted() -> None:
    form = REQUIRED | {"Tag": ["a", "", "b", "a", "c", "b"]}

    assert TABLE.parse(form) == DEFAULTS | READ | {"tags": ("a", "b", "c")}


def test_a_repeatable_parameter_without_a_limit_takes_any_number_of_equal_values() -> None:
    assert TABLE.parse(REQUIRED | {"ToBinding": ["{}"] * 1000})["to_binding"] == ({},) * 1000


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
    assert answer(form) == expected


@pytest.mark.parametrize(
    ("form", "source", "hint"),
    [
        ({"Ttl": ["soon"]}, "D33", "Ttl: 'soon' can't be read; it takes: whole number, 0 to 100"),
        (
            {"ToBinding": ["{}", "[]", "{}"]},
            "D15",
            "ToBinding (2 of 3): it is a JSON list of 0, not a JSON object",
        ),
        ({"Tag": ["a", "b", "c", "d"]}, "D33", "Tag: 4 values were sent, and at most 3 are allowed"),
        ({"FriendlyName": ["fiver"]}, "D32", "FriendlyName: it has 5 characters, and at most 4 are allowed"),
    ],
)
def test_a_refusal_has_its_decision_and_says_why(form: FORM, source: str, hint: str) -> None:
    refused = complaint(REQUIRED | form)

    assert (refused.source, refused.hint) == (source, hint)


def test_what_was_read_of_a_form_is_listed_in_the_order_of_the_table() -> None:
    form = {"Tag": ["b", "", "a", "b"], "Identity": ["alice", "bob"], "Ttl": ["", "7"], "Unknown": ["x"]}

    assert TABLE.sent(form) == [("Identity", "alice"), ("Tag", "b"), ("Tag", "a"), ("Tag", "b")]


def test_an_update_reads_only_what_was_sent_and_an_empty_value_goes_back_to_the_default() -> None:
    assert TABLE.parse_changes({}) == {}
    assert TABLE.parse_changes({"Ttl": ["7"], "Unknown": ["x"]}) == {"ttl": 7}
    assert TABLE.parse_changes({"FriendlyName": [""], "LogEnabled": [""]}) == {
        "friendly_name": None,
        "log_enabled": True,
    }


def test_an_update_complains_in_the_order_of_the_table() -> None:
    form = {"Ttl": ["soon"], "FriendlyName": ["fiver"]}

    assert answer(form, TABLE.parse_changes) == (400, 20002, "Invalid FriendlyName")


# spelling arguments


@pytest.mark.parametrize(
    ("field", "value", "name", "spelled"),
    [
        ("log_enabled", True, "LogEnabled", ["true"]),
        ("ttl", 7, "Ttl", ["7"]),
        ("endpoint", {"a": [1]}, "Endpoint", ['{"a": [1]}']),
        ("endpoint", date(2027, 10, 31), "Endpoint", ["2027-10-31"]),
        ("endpoint", datetime(2027, 10, 31, 23, tzinfo=timezone(timedelta(hours=-2))), "Endpoint", ["2027-11-01"]),
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
    assert TABLE.to_form("bindings.create", {field: value, "identity": None}) == {name: spelled}


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


@pytest.mark.parametrize(("field", "hint"), [("identitiy", "; did you mean 'identity'?"), ("colour", ".")])
def test_an_unknown_argument_is_a_type_error_that_names_it_and_what_there_is(field: str, hint: str) -> None:
    with pytest.raises(TypeError) as raised:
        TABLE.to_form("bindings.create", {"ttl": 1, field: "x"})

    assert str(raised.value) == (
        f"bindings.create() has no argument {field!r}{hint} It takes: friendly_name, binding_type, identity, "
        "log_enabled, tags, to_binding, ttl, secret, endpoint"
    )


# what a tester sees


def test_a_redacted_form_shows_lists_where_a_name_is_repeatable_or_was_repeated() -> None:
    form = {"Identity": ["alice"], "Tag": ["vip"], "Ttl": ["1", "2"]}

    assert TABLE.redact(form) == {"Identity": "alice", "Tag": ["vip"], "Ttl": ["1", "2"]}


def test_a_table_with_secrets_shows_no_name_that_may_hold_one() -> None:
    hidden = "Secret secret SECRET Secret[] Secrets Scret Secret2 Key api_key Private-Key PrivateKye auth_token2 pem x"
    shown = "friendlyName FriendlyNam identity Identities Tags ttl bindingtype endpoints"
    form = {name: ["value"] for name in f"{hidden} {shown}".split()}

    assert {name for name, value in TABLE.redact(form).items() if value == "[redacted]"} == set(hidden.split())


def test_a_table_without_secrets_hides_only_names_that_sound_like_one() -> None:
    table = Params(TABLE.error, Param("Tag", "tags"))
    form = {"Colour": ["red"], "AuthToken2": ["s3cr3t"], "my_password": ["s3cr3t"]}

    assert table.redact(form) == {"Colour": "red", "AuthToken2": "[redacted]", "my_password": "[redacted]"}


def test_nothing_is_said_of_a_form_that_was_read_whole() -> None:
    assert TABLE.look(REQUIRED | {"Tag": ["a", "b"], "Ttl": [""]}) == ([], [])
    assert TABLE.look({"PageSize": ["5"], "Page": ["0"]}, ("PageSize", "Page")) == ([], [])


@pytest.mark.parametrize(
    ("form", "ignored"),
    [
        (
            {"friendly_name": ["a"]},
            "parameter 'friendly_name' was not read; did you mean 'FriendlyName'? (names are case-sensitive)",
        ),
        ({"Tag[]": ["a"]}, "parameter 'Tag[]' was not read; did you mean 'Tag'? (names are case-sensitive)"),
        ({"Tags": ["a"]}, "parameter 'Tags' was not read; did you mean 'Tag'? (names are case-sensitive)"),
        ({"Idntity": ["a"]}, "parameter 'Idntity' was not read; did you mean 'Identity'?"),
        ({"": ["a"]}, "parameter '' was not read"),
        (
            {"ToBinding[address]": ["a"]},
            "parameter 'ToBinding[address]' was not read; ToBinding takes one JSON text for each value, such as"
            ' ToBinding={"key": "value"}',
        ),
        ({"Endpoint": ["a"]}, "parameter 'Endpoint' is deprecated: it has no effect"),
        ({"Ttl": ["1", "2", "3"]}, "parameter 'Ttl' was sent 3 times, only the first was read"),
    ],
)
def test_what_is_ignored_in_silence_is_said(form: FORM, ignored: str) -> None:
    assert TABLE.look(REQUIRED | form) == ([ignored], [])


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
    assert nearest("tag", ["tags", "tagged", "tag", "stage"]) == ["tag", "tags", "stage"]
