"""Records and the lists they come in: frozen, equal to what a tester writes down, and easy to search."""

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
    Binding,
    Callback,
    Credential,
    Delivery,
    Notification,
    Records,
    Segment,
    Service,
    Strings,
    User,
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
def test_strings_equal_a_list_and_a_tuple_of_the_same_strings_and_look_like_a_list(
    values: list[str], others: list[str]
) -> None:
    frozen = Strings(values)

    for same in (values, tuple(values), Strings(values)):
        assert frozen == same
        assert same == frozen
    for other in (others, tuple(others), Strings(others)):
        assert (frozen == other) is (values == others)
        assert (frozen != other) is (values != others)
    assert (hash(frozen), repr(frozen), json.dumps(frozen)) == (hash(tuple(values)), repr(values), json.dumps(values))


def test_strings_equal_nothing_else_and_do_not_change() -> None:
    for other in (None, "ab", {"a": 1, "b": 2}, {"a", "b"}, ["b", "a"]):
        assert Strings("ab") != other
        assert not Strings("ab") == other  # noqa: SIM201  # the two are written separately, and so are tested separately
    with pytest.raises(TypeError):
        Strings("ab")[0] = "c"  # type: ignore[index]
    assert strings([]) is strings(()) is NO_STRINGS
    assert type(strings(["a"])) is Strings


# Records


def test_the_last_record_is_the_newest() -> None:
    assert Records([FIRST, SECOND]).last is SECOND
    with pytest.raises(IndexError, match=r"^there is no record yet$"):
        _ = Records[Credential]().last


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, [FIRST, SECOND, THIRD]),
        ({"type": "fcm"}, [SECOND, THIRD]),
        ({"type": "fcm", "friendly_name": None}, [SECOND]),
        ({"type": "gcm"}, []),
        ({"friendly_name": re.compile("ir"), "type": ANY}, [FIRST, THIRD]),
    ],
)
def test_where_finds_the_records_whose_fields_are_all_as_wanted(
    wanted: dict[str, Any], found: list[Credential]
) -> None:
    result = Records([FIRST, SECOND, THIRD]).where(**wanted)

    assert result == found
    assert isinstance(result, Records)
    assert Records[Credential]().where(**wanted, colour="red") == []  # an empty list does not know the fields


@pytest.mark.parametrize(
    ("name", "hint"), [("friendlyname", "; did you mean 'friendly_name'?"), ("colour", ""), ("__class__", "")]
)
def test_where_refuses_an_unknown_field_and_names_the_nearest(name: str, hint: str) -> None:
    with pytest.raises(TypeError) as raised:
        Records([FIRST]).where(**{name: "x"})

    assert str(raised.value) == f"Credential has no field {name!r}{hint}"


def test_an_attempt_succeeded_if_the_answer_was_a_2xx_and_where_takes_the_property_as_a_field() -> None:
    attempts = Records(Attempt(NOW, status) for status in (None, 199, 200, 299, 300))

    assert [each.status for each in attempts.where(succeeded=True)] == [200, 299]


# each class of records


def test_every_record_is_frozen_says_what_it_is_and_has_no_place_for_a_secret() -> None:
    for shape in SHAPES:
        record = shape(**dict.fromkeys((field.name for field in fields(shape)), None))
        hints = typing.get_type_hints(shape)

        with pytest.raises(FrozenInstanceError):
            setattr(record, fields(shape)[0].name, "changed")
        assert not hasattr(record, "__dict__")
        assert shape.__doc__
        assert not shape.__doc__.startswith(f"{shape.__name__}(")
        assert not {*hints} & {"certificate", "private_key", "api_key", "secret", "auth_token"}
        assert not {typing.get_origin(hint) for hint in hints.values()} & {list, dict, set}


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


def test_the_form_of_a_callback_is_read_with_its_empty_values_and_delivery_states() -> None:
    assert CALLBACK.params == {"NotificationSid": ["NT1"], "Empty": [""], "DeliveryState": ['{"status": "SENT"}', "{}"]}
    assert CALLBACK.delivery_states == [{"status": "SENT"}, {}]
    assert replace(CALLBACK, body="Count=0").delivery_states == []


def test_the_response_of_a_callback_is_its_last_attempt_that_was_answered() -> None:
    refused, failed, done = Attempt(NOW, error="connection refused"), Attempt(NOW, 500), Attempt(NOW, 200)

    assert CALLBACK.response is None
    assert replace(CALLBACK, attempts=(refused,)).response is None
    assert replace(CALLBACK, attempts=(refused, failed, refused)).response is failed
    assert replace(CALLBACK, attempts=(failed, done)).response is done


SERVICE: dict[str, Any] = dict.fromkeys(field.name for field in fields(Service))
DELIVERY: dict[str, Any] = dict.fromkeys(field.name for field in fields(Delivery)) | {
    "sid": "SM1",
    "identity": "alice",
    "binding_type": "sms",
    "address": "+15005550006",
    "status": "SENT",
}
NOTIFICATION: dict[str, Any] = dict.fromkeys(field.name for field in fields(Notification)) | {
    "sid": "NT1",
    "identities": strings(["alice", "bob"]),
    "tags": strings(["vip"]),
    "segments": NO_STRINGS,
    "to_binding": (),
    "body": "Hi " + "x" * 100,
}
ALERT = Alert(52301, "WARNING", "Resulted\x1b[2J list", "NT1", "IS1", "AC1", None, None, NOW)


@pytest.mark.parametrize(
    ("record", "shown"),
    [
        (Service(**SERVICE | {"sid": "IS1", "friendly_name": "sh\x1b[2Jop"}), r"<Service IS1 'sh\x1b[2Jop'>"),
        (Service(**SERVICE | {"sid": "IS1"}), "<Service IS1>"),
        (FIRST, "<Credential CR1 apn 'first'>"),
        (
            Binding("BS1", "AC1", "IS1", "al\u202eice", "apn", "a7" * 32, NO_STRINGS, "3", None, None, NOW, NOW),
            r"<Binding BS1 al\u202eice apn a7a7a7a7a7…a7a7a7>",
        ),
        (Notification(**NOTIFICATION), f"<Notification NT1 to Identity=[alice, bob], Tag=[vip] 'Hi {'x' * 37}…'>"),
        (
            Notification(**NOTIFICATION | {"identities": (), "tags": (), "to_binding": ({}, {}), "body": None}),
            "<Notification NT1 to ToBinding x 2>",
        ),
        (User("US1", "AC1", "IS1", "al\ud800ice", NO_STRINGS, NOW, NOW), r"<User US1 al\ud800ice>"),
        (Segment("GS1", "AC1", "IS1", "vip", NOW, NOW), "<Segment GS1 vip>"),
        (Delivery(**DELIVERY), "<Delivery SM1 alice sms +15005550006 SENT>"),
        (
            Delivery(**DELIVERY | {"sid": None, "identity": None, "status": "FAILED", "error_code": 52001}),
            "<Delivery (direct) sms +15005550006 FAILED 52001>",
        ),
        (Attempt(NOW, 204, "body"), "<Attempt 204>"),
        (Attempt(NOW, error="refused\n"), r"<Attempt refused\n>"),
        (
            replace(CALLBACK, url="http://user:password@127.0.0.1:9/cb?token=secret"),
            "<Callback 1 of NT1 to http://127.0.0.1:9/cb PENDING attempts=0>",
        ),
        (replace(CALLBACK, url="http://[?secret"), "<Callback 1 of NT1 to http://[ PENDING attempts=0>"),
        (ALERT, r"<Alert WARNING 52301 Resulted\x1b[2J list (NT1)>"),
        (replace(ALERT, text="x" * 1_000), f"<Alert WARNING 52301 x{'x' * 86}…{'x' * 47} (NT1)>"),
    ],
)
def test_a_record_is_one_short_printable_line(record: Any, shown: str) -> None:
    assert repr(record) == shown
