"""Records and the lists they come in: frozen, comparable as a tester writes them down, and easy to search."""

from __future__ import annotations

import json
import re
import typing
from dataclasses import FrozenInstanceError, fields, is_dataclass, replace
from datetime import datetime, timezone
from typing import Any
from unittest.mock import ANY

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakenotify.notify import records
from fakenotify.notify.records import (
    NO_STRINGS,
    Alert,
    Attempt,
    Callback,
    Credential,
    Records,
    Service,
    Strings,
    strings,
)

NOW = datetime(2027, 10, 31, 12, tzinfo=timezone.utc)
FIRST = Credential("CR1", "AC1", "first", "apn", "False", NOW, NOW)
SECOND = Credential("CR2", "AC1", None, "fcm", None, NOW, NOW)
THIRD = Credential("CR3", "AC1", "third", "fcm", None, NOW, NOW)

SHAPES = [each for each in vars(records).values() if is_dataclass(each)]

texts = st.lists(st.text(max_size=3), max_size=4)


# Strings


@given(values=texts, others=texts)
@settings(deadline=None)
def test_strings_equal_a_list_and_a_tuple_of_the_same_strings_only(values: list[str], others: list[str]) -> None:
    frozen = Strings(values)

    assert frozen == values
    assert values == frozen
    assert frozen == tuple(values)
    assert tuple(values) == frozen
    assert (frozen == others) is (values == others)
    assert (frozen != others) is (values != others)
    assert (frozen != tuple(others)) is (values != others)
    assert (frozen == Strings(others)) is (values == others)


@pytest.mark.parametrize("other", [None, "ab", 1, {"a": 1, "b": 2}, {"a", "b"}, ["b", "a"], ["a"], ["a", "b", "c"]])
def test_strings_equal_nothing_else(other: object) -> None:
    assert Strings("ab") != other
    assert not Strings("ab") == other  # noqa: SIM201  # the two are written separately, and so are tested separately


@given(texts)
@settings(deadline=None)
def test_equal_strings_have_equal_hashes(values: list[str]) -> None:
    assert hash(Strings(values)) == hash(tuple(values))
    assert {Strings(values): 1} == {tuple(values): 1}


@given(texts)
@settings(deadline=None)
def test_strings_look_like_a_list_in_python_and_in_json(values: list[str]) -> None:
    assert repr(Strings(values)) == repr(values)
    assert json.dumps(Strings(values)) == json.dumps(values)


def test_strings_do_not_change() -> None:
    with pytest.raises(TypeError):
        Strings("ab")[0] = "c"  # type: ignore[index]


def test_no_strings_are_one_object() -> None:
    assert strings([]) is strings(()) is NO_STRINGS
    assert strings(["a", "b"]) == ["a", "b"]
    assert isinstance(strings(["a"]), Strings)


# Records


def test_the_last_record_is_the_newest() -> None:
    assert Records([FIRST, SECOND]).last is SECOND


def test_an_empty_list_has_no_last_record_and_says_so() -> None:
    with pytest.raises(IndexError, match=r"^there is no record yet$"):
        _ = Records[Credential]().last


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, [FIRST, SECOND, THIRD]),
        ({"type": "fcm"}, [SECOND, THIRD]),
        ({"type": "fcm", "friendly_name": None}, [SECOND]),
        ({"type": "gcm"}, []),
        ({"date_created": NOW}, [FIRST, SECOND, THIRD]),
    ],
)
def test_where_finds_the_records_whose_fields_equal_all_that_is_wanted(
    wanted: dict[str, Any], found: list[Credential]
) -> None:
    result = Records([FIRST, SECOND, THIRD]).where(**wanted)

    assert result == found
    assert isinstance(result, Records)


def test_where_finds_nothing_in_an_empty_list_and_cannot_tell_what_is_a_field() -> None:
    assert Records[Credential]().where(colour="red") == []


def test_where_can_be_narrowed_further() -> None:
    assert Records([FIRST, SECOND, THIRD]).where(type="fcm").where(friendly_name="third").last is THIRD


def test_where_searches_for_a_pattern_and_asks_whatever_says_so_by_equality() -> None:
    assert Records([FIRST, SECOND, THIRD]).where(friendly_name=re.compile("ir"), type=ANY) == [FIRST, THIRD]


@pytest.mark.parametrize(
    ("name", "hint"), [("friendlyname", "; did you mean 'friendly_name'?"), ("colour", ""), ("__class__", "")]
)
def test_where_refuses_an_unknown_field_and_names_the_nearest(name: str, hint: str) -> None:
    with pytest.raises(TypeError) as raised:
        Records([FIRST]).where(**{name: "x"})

    assert str(raised.value) == f"Credential has no field {name!r}{hint}"


def test_where_takes_a_property_as_a_field() -> None:
    failed, done = Attempt(NOW, 500, "no"), Attempt(NOW, 204)

    assert Records([failed, done]).where(succeeded=True) == [done]


# the shapes


@pytest.mark.parametrize("shape", SHAPES)
def test_every_record_is_frozen_has_slots_and_says_what_it_is(shape: Any) -> None:
    record = shape(**dict.fromkeys((field.name for field in fields(shape)), None))

    with pytest.raises(FrozenInstanceError):
        setattr(record, fields(shape)[0].name, "changed")
    assert not hasattr(record, "__dict__")
    assert shape.__doc__
    assert not shape.__doc__.startswith(f"{shape.__name__}(")


@pytest.mark.parametrize("shape", SHAPES)
def test_no_record_has_a_place_for_a_secret(shape: Any) -> None:
    named = {field.name for field in fields(shape)}

    assert not named & {"certificate", "private_key", "api_key", "secret", "auth_token"}


@pytest.mark.parametrize("shape", SHAPES)
def test_no_field_of_a_record_is_a_list_that_could_be_changed(shape: Any) -> None:
    mutable = [
        name for name, hint in typing.get_type_hints(shape).items() if typing.get_origin(hint) in (list, dict, set)
    ]

    assert mutable == []


@pytest.mark.parametrize(("status", "answer"), [(None, False), (199, False), (200, True), (299, True), (300, False)])
def test_an_attempt_succeeded_if_the_answer_was_a_2xx(status: int | None, answer: bool) -> None:
    assert Attempt(NOW, status).succeeded is answer


CALLBACK = Callback(
    sid="1",
    account_sid="AC1",
    service_sid="IS1",
    notification_sid="NT1",
    url="http://127.0.0.1/",
    body="NotificationSid=NT1&Empty=&DeliveryState=%7B%22status%22%3A%20%22SENT%22%7D&DeliveryState=%7B%7D",
    signature="c2lnbmF0dXJl",
    sequence_id=0,
    is_final=True,
    status="PENDING",
    attempts=(),
    date_created=NOW,
)


def test_the_form_of_a_callback_is_read_with_its_empty_values() -> None:
    assert CALLBACK.params == {"NotificationSid": ["NT1"], "Empty": [""], "DeliveryState": ['{"status": "SENT"}', "{}"]}


def test_the_delivery_states_of_a_callback_are_read() -> None:
    assert CALLBACK.delivery_states == [{"status": "SENT"}, {}]
    assert replace(CALLBACK, body="Count=0").delivery_states == []


def test_the_response_of_a_callback_is_its_last_attempt_that_was_answered() -> None:
    refused, failed, done = Attempt(NOW, error="connection refused"), Attempt(NOW, 500), Attempt(NOW, 200)

    assert CALLBACK.response is None
    assert replace(CALLBACK, attempts=(refused,)).response is None
    assert replace(CALLBACK, attempts=(refused, failed, refused)).response is failed
    assert replace(CALLBACK, attempts=(failed, done)).response is done


def test_an_alert_fits_on_a_line() -> None:
    alert = Alert(52301, "WARNING", "Resulted destination list is empty", "NT1", "IS1", "AC1", None, None, NOW)

    assert str(alert) == "WARNING 52301 Resulted destination list is empty (NT1)"


@pytest.mark.parametrize(
    ("binding_type", "version"),
    [("apn", "4"), ("gcm", "1"), ("fcm", "2"), ("alexa", "3"), ("sms", "default"), ("facebook-messenger", "default")],
)
def test_a_service_knows_the_default_protocol_version_of_each_channel(binding_type: str, version: str) -> None:
    versions = {"apn": "4", "gcm": "1", "fcm": "2", "alexa": "3"}
    unset: dict[str, Any] = dict.fromkeys(field.name for field in fields(Service))
    service = Service(
        **unset | {f"default_{name}_notification_protocol_version": each for name, each in versions.items()}
    )

    assert service.protocol_version(binding_type) == version
