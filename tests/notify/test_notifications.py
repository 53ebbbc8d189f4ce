"""Notifications, over the wire, and the mistakes that real code makes."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime, timezone
from functools import partial
from typing import Any

import answers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakenotify import FakeNotify
from fakenotify.notify.channels import CHANNELS

NOW = "2016-03-24T23:42:28Z"
MOMENT = datetime(2016, 3, 24, 23, 42, 28, tzinfo=timezone.utc)
FOUR_WEEKS = 2419200
SERVICE_SID = "IS" + "a" * 32
PATH = f"/v1/Services/{SERVICE_SID}/Notifications"
SMS = '{"binding_type": "sms", "address": "+15005550006"}'
JSON_PARAMETERS = ("Data", "Apn", "Gcm", "Fcm", "Sms", "FacebookMessenger", "Alexa")

invalid = partial(answers.invalid, "Notification")
NO_TARGET = invalid("ToBinding")
MIXED = (400, 20001, "Direct notifications and query notifications can not be requested together")
NOBODY = (400, 20001, "At least one parameter among Identity, Tag, and ToBinding must be specified")

pytestmark = pytest.mark.fake_notify(frozen=NOW)
warns = pytest.mark.filterwarnings("ignore:fakenotify")


def field_of(name: str) -> str:
    return {"FacebookMessenger": "facebook_messenger"}.get(name, name.lower())


def shown_of(fake: FakeNotify, **values: Any) -> dict[str, Any]:
    """The last Notification on the wire: the twenty keys in their order, with the defaults but for ``values``."""
    default = {
        "sid": fake.notifications.last.sid,
        "account_sid": fake.account_sid,
        "service_sid": SERVICE_SID,
        "date_created": NOW,
        "identities": [],
        "tags": [],
        "segments": [],
        "priority": "high",
        "ttl": FOUR_WEEKS,
        **dict.fromkeys(("title", "body", "sound", "action", "data", "apn", "fcm", "gcm", "sms")),
        "facebook_messenger": None,
        "alexa": None,
    }
    assert values.keys() <= default.keys()
    return {**default, **values}


@pytest.fixture
def send(wire, service):
    """Posts a form to the Notifications of the Service."""
    return lambda **fields: wire.post(PATH, fields)


@pytest.fixture
def echo(send, fake_notify):
    """Posts a form that is accepted; returns the members of the answer that differ from the defaults."""

    def post(**fields: Any) -> dict[str, Any]:
        answer = send(**fields)
        default = shown_of(fake_notify)
        assert (answer.status, list(answer.json)) == (201, list(default))
        return {key: value for key, value in answer.json.items() if value != default[key]}

    return post


@pytest.fixture
def refuse(send, fake_notify):
    """Posts a form that is refused, and checks that nothing changed."""

    def post(**fields: Any) -> tuple[int, int, str]:
        before = fake_notify.snapshot()
        answer = send(**fields)
        assert not fake_notify.diff(before)
        refusal: tuple[int, int, str] = answer.refusal
        return refusal

    return post


# the answer


EVERYTHING: dict[str, Any] = {
    "identities": ["alice", "bob"],
    "tags": ["vip", "all"],
    "segments": ["premium", "new user"],
    "body": "B",
    "title": "T",
    "sound": "S",
    "action": "A",
    "priority": "low",
    "ttl": 0,
    "data": {"d": 1},
    "apn": {"aps": {"badge": 1}},
    "gcm": {"g": None},
    "fcm": {"f": [1]},
    "sms": {"s": 1},
    "facebook_messenger": {"m": True},
    "alexa": {"x": "sent as text"},
}


@pytest.mark.parametrize(
    ("fields", "values"),
    [
        (
            {"Identity": "jing", "Body": "body", "Priority": "high", "Title": "test", "DeliveryCallbackUrl": "hello"},
            {"identities": ["jing"], "title": "test", "body": "body"},
        ),
        ({"ToBinding": SMS, "Body": "body"}, {"body": "body"}),
    ],
    ids=["query", "direct"],
)
def test_a_notification_is_printed_as_in_twilios_own_examples(send, fake_notify, fields, values) -> None:
    answer = send(**fields)

    assert (answer.status, answer.reason) == (201, "CREATED")
    assert answer.body.decode() == json.dumps(shown_of(fake_notify, **values))
    assert (fake_notify.notifications.last.sid[:2], len(fake_notify.notifications.last.sid)) == ("NT", 34)


@warns
def test_the_official_client_sends_every_parameter_and_reads_every_property(
    fake_notify, fake_notify_client, service, shown
) -> None:
    plural = {"identity": "identities", "tag": "tags", "segment": "segments"}
    fields = {**EVERYTHING, **{name: EVERYTHING[field] for name, field in plural.items()}}
    for field in plural.values():
        del fields[field]

    notification = fake_notify_client.notify.v1.services(SERVICE_SID).notifications.create(
        **{**fields, "alexa": json.dumps(fields["alexa"])}, delivery_callback_url="http://127.0.0.1:1/"
    )

    assert shown(notification) == shown_of(fake_notify, **EVERYTHING, date_created=MOMENT)
    record = asdict(fake_notify.notifications.last)
    assert (record.pop("to_binding"), record.pop("delivery_callback_url")) == ((), "http://127.0.0.1:1/")
    assert record == shown(notification)
    withdrawn = (f"parameter {name!r} is deprecated: Twilio withdrew it" for name in ("Segment", *JSON_PARAMETERS[5:]))
    assert set(fake_notify.requests.last.warnings) == {"Sms: Notify ignores 's'", *withdrawn}


# selectors


@warns
def test_a_notification_to_nobody_or_both_direct_and_by_query_is_refused_in_the_observed_words(refuse) -> None:
    empty = {"Identity": ["", ""], "Tag": "", "Segment": "", "ToBinding": ""}
    assert [refuse(**fields) for fields in ({}, {"Body": "Hi"}, empty)] == [NOBODY] * 3
    queries = ({"Identity": "alice"}, {"Tag": "all"}, {"Segment": "premium"})
    assert [refuse(ToBinding=SMS, **query) for query in queries] == [MIXED] * 3


@warns
@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"Segment": "premium"}, {"segments": ["premium"]}),
        (
            {"Identity": "alice", "Tag": "vip", "Segment": "premium"},
            {"identities": ["alice"], "tags": ["vip"], "segments": ["premium"]},
        ),
        ({"ToBinding": [SMS, ""], "Identity": "", "Tag": ""}, {}),
        (
            {"Identity": ["alice", "", "alice", " A+b@c.d é"], "Tag": ["", "new user", "a,b"]},
            {"identities": ["alice", "alice", " A+b@c.d é"], "tags": ["new user", "a,b"]},
        ),
    ],
)
def test_any_one_selector_is_enough_and_comes_back_without_empty_values(echo, fields, expected) -> None:
    assert echo(**fields) == expected


@pytest.mark.parametrize(("name", "field", "most"), [("Identity", "identities", 20), ("Tag", "tags", 5)])
def test_twenty_identities_or_five_tags_may_be_sent_and_not_one_more(echo, refuse, name, field, most) -> None:
    values = [f"value {number}" for number in range(most + 1)]

    assert echo(**{name: values[:most]}) == {field: values[:most]}
    assert refuse(**{name: values}) == invalid(name)


# ToBinding


def test_to_binding_takes_every_type_and_ignores_white_space_and_other_keys(echo, fake_notify) -> None:
    items = {
        **{json.dumps({"binding_type": each, "address": "a"}): (each, "a") for each in CHANNELS},
        ' { "address" : "+15005550006" ,\n\t"binding_type" : "sms" } ': ("sms", "+15005550006"),
        '{"binding_type": "sms", "address": "+1", "identity": "alice", "tags": [1], "twi_x": null}': ("sms", "+1"),
        '{"binding_type": "apn", "binding_type": "sms", "address": "+2"}': ("sms", "+2"),
        '{"binding_type": "sms", "address": " +1 (500) 555"}': ("sms", " +1 (500) 555"),
        '{"binding_type": "sms", "address": "\\u00e9\\ud83d\\ude00"}': ("sms", "é😀"),
    }

    assert echo(ToBinding=list(items)) == {}
    assert fake_notify.notifications.last.to_binding == tuple(
        {"binding_type": binding_type, "address": address} for binding_type, address in items.values()
    )


NOT_TARGETS = [  # test_hints has more, each with its explanation
    json.dumps(SMS),
    SMS + ",",
    '{"binding_type": "sms"}',
    '{"address": "+15005550006"}',
    '{"binding_type": null, "address": "+15005550006"}',
    '{"binding_type": ["sms"], "address": "+15005550006"}',
    '{"binding_type": "sms", "address": "+15005550006", "x": 1e999}',
    '{"a": ' * 5000 + "1" + "}" * 5000,
]


def test_one_invalid_to_binding_refuses_them_all_in_the_observed_words(refuse) -> None:
    assert [item[:40] for item in NOT_TARGETS if refuse(ToBinding=[SMS, item, SMS]) != NO_TARGET] == []


# JSON parameters


@warns
@pytest.mark.parametrize("name", JSON_PARAMETERS)
def test_a_json_parameter_is_strictly_a_json_object_and_comes_back_as_it_was_sent(echo, refuse, name) -> None:
    for value in ("x", "[]", '"{}"', '{"k": NaN}', '{"k": ' + "[" * 100 + "]" * 100 + "}", '{"k": ' * 50_000):
        assert refuse(Identity="alice", **{name: value}) == invalid(name)
    for value in ("{}", '{"k": {"twi_deep": 1}}', '{"\\ud800": "\\u0000\\u2028😀"}', f'{{"k": {"[" * 99 + "]" * 99}}}'):
        found = echo(Identity="alice", **{name: value})
        assert found == {"identities": ["alice"], field_of(name): json.loads(value)}


@warns
@pytest.mark.parametrize("nothing", ["", "null", " null "])
def test_an_empty_json_parameter_and_null_count_as_not_sent(echo, nothing) -> None:
    """twilio-node 6 sends ``null`` for what the caller left unset. (D15)"""
    assert echo(Identity="alice", **dict.fromkeys(JSON_PARAMETERS, nothing)) == {"identities": ["alice"]}


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


@settings(max_examples=50, deadline=None)
@given(st.dictionaries(st.text(max_size=5).filter(lambda key: not key.startswith("twi_")), anything, max_size=3))
def test_any_json_object_comes_back_unchanged_through_the_official_client(data) -> None:
    fake = FakeNotify()
    api = fake.client(in_process=True).notify.v1.services(fake.create_service().sid)

    assert api.notifications.create(identity="a", data=data).data == data


FORBIDDEN: list[tuple[str, dict[str, Any]]] = [
    ("Data", {"k": 1, "twi_": None}),
    ("Apn", {"twi_title": "x"}),
    *((name, {"twi_sound": "x"}) for name in ("Gcm", "Fcm")),
    *((name, {"data": {"twi_body": "x"}}) for name in ("Gcm", "Fcm")),
    *((name, {key: "x"}) for name in ("Gcm", "Fcm") for key in ("to", "registration_ids", "notification_key")),
    ("Fcm", {"condition": "'a' in topics"}),
    *(("Fcm", {"message": {key: "x"}}) for key in ("token", "topic", "condition")),
    ("Fcm", {"message": {"data": {"twi_body": "x"}}}),
]
ALLOWED: list[tuple[str, dict[str, Any]]] = [
    ("Data", {"TWI_body": 1, "twi": 1, "xtwi_": 1, "to": 1, "condition": 1, "data": {"twi_body": 1}}),
    ("Apn", {"aps": {"twi_title": 1}, "to": 1, "condition": 1, "data": {"twi_title": 1}}),
    *((name, {"notification": {"twi_title": 1, "to": 1}, "data": {"to": 1, "from": 1}}) for name in ("Gcm", "Fcm")),
    *((name, {"data": ["twi_body"]}) for name in ("Gcm", "Fcm")),
    ("Gcm", {"condition": "x"}),
    ("Fcm", {"message": {"notification": {"title": "T"}, "data": {"to": 1}, "to": 1}, "validate_only": True}),
    ("Sms", {"twi_body": 1, "to": 1, "from": 1}),
    ("FacebookMessenger", {"recipient": {"id": "1"}, "twi_body": 1}),
    ("Alexa", {"twi_body": 1, "to": 1}),
]


@warns
def test_keys_that_a_channel_forbids_are_refused_and_no_others(echo, refuse) -> None:
    for name, value in FORBIDDEN:
        assert refuse(Identity="alice", **{name: json.dumps(value)}) == invalid(name), value
    for name, value in ALLOWED:
        assert echo(Identity="alice", **{name: json.dumps(value)}) == {"identities": ["alice"], field_of(name): value}


# Priority and Ttl


def test_priority_and_ttl_have_defaults_and_ranges(echo, refuse) -> None:
    taken = {
        ("Priority", "high"): {},
        ("Priority", ""): {},
        ("Priority", "low"): {"priority": "low"},
        ("Ttl", ""): {},
        ("Ttl", "2419200"): {},
        ("Ttl", "2419199"): {"ttl": 2419199},
        ("Ttl", "0"): {"ttl": 0},
        ("Ttl", "007"): {"ttl": 7},
    }
    found = {(name, value): echo(Tag="all", **{name: value}) for name, value in taken}
    assert found == {key: {"tags": ["all"], **expected} for key, expected in taken.items()}
    for name, values in {
        "Priority": ("HIGH", "normal", " high"),
        "Ttl": ("-1", "2419201", "1.0", "٣", "9" * 5000),
    }.items():
        assert [refuse(Tag="all", **{name: value}) for value in values] == [invalid(name)] * len(values)


# the order of complaints


def test_complaints_follow_the_order_of_the_parameters_and_end_with_the_selectors(refuse) -> None:
    good_and_bad = {
        "Identity": ("alice", [str(number) for number in range(21)]),
        "Tag": ("vip", list("abcdef")),
        "ToBinding": (SMS, "x"),
        "Priority": ("low", "x"),
        "Ttl": ("1", "x"),
        **dict.fromkeys(("Data", "Apn", "Gcm", "Fcm", "Sms"), ("{}", "x")),
    }
    sent = {name: bad for name, (good, bad) in reversed(good_and_bad.items())}

    for name, (good, _) in good_and_bad.items():
        assert refuse(**sent) == invalid(name)
        sent[name] = good
    assert refuse(**sent) == MIXED
    assert refuse(Ttl="x") == invalid("Ttl")
