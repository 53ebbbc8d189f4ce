"""Notifications, over the wire, and the mistakes that real code makes."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from functools import partial
from typing import Any

import answers
import httpx
import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st
from twilio.base.exceptions import TwilioRestException

from fakenotify import FakeNotify, TwilioError
from fakenotify.notify.channels import CHANNELS
from fakenotify.notify.records import Notification

NOW = "2016-03-24T23:42:28Z"
MOMENT = datetime(2016, 3, 24, 23, 42, 28, tzinfo=timezone.utc)
FOUR_WEEKS = 2419200
SERVICE_SID = "IS" + "a" * 32
MESSAGING_SERVICE_SID = "MG" + "b" * 32
PATH = f"/v1/Services/{SERVICE_SID}/Notifications"
TOKEN = "0efb85d06b3cc1bf290545fde4775a929d46b3541aaa4aa167e420b6c8b0ff15"
SMS = '{"binding_type": "sms", "address": "+15005550006"}'
KEYS = (
    *("sid", "account_sid", "service_sid", "date_created", "identities", "tags", "segments", "priority", "ttl"),
    *("title", "body", "sound", "action", "data", "apn", "fcm", "gcm", "sms", "facebook_messenger", "alexa"),
)
JSON_PARAMETERS = ("Data", "Apn", "Gcm", "Fcm", "Sms", "FacebookMessenger", "Alexa")

invalid = partial(answers.invalid, "Notification")
O1 = invalid("ToBinding")
O2 = (400, 20001, "Direct notifications and query notifications can not be requested together")
O4 = (400, 20001, "At least one parameter among Identity, Tag, and ToBinding must be specified")
NO_METHOD = (405, 20004, "Method not allowed")

pytestmark = pytest.mark.fake_notify(frozen=NOW)
warns = pytest.mark.filterwarnings("ignore:fakenotify")


def refusal(error: TwilioRestException) -> tuple[int, int | None, str]:
    return error.status, error.code, error.msg.removeprefix("Unable to create record: ")


def printed(fake: FakeNotify, **values: str) -> str:
    """The last Notification as raw JSON; ``values`` are JSON texts that are not the defaults."""
    texts = {
        **dict.fromkeys(KEYS, "null"),
        "sid": json.dumps(fake.notifications.last.sid),
        "account_sid": json.dumps(fake.account_sid),
        "service_sid": json.dumps(SERVICE_SID),
        "date_created": json.dumps(NOW),
        **dict.fromkeys(("identities", "tags", "segments"), "[]"),
        "priority": '"high"',
        "ttl": "2419200",
        **values,
    }
    return "{" + ", ".join(f'"{key}": {texts[key]}' for key in KEYS) + "}"


def echoed(answer: Any) -> dict[str, Any]:
    """What an answer says beside the defaults and what it says of itself."""
    assert (answer.status, tuple(answer.json)) == (201, KEYS)
    plain = {"priority": "high", "ttl": FOUR_WEEKS, "identities": [], "tags": [], "segments": []}
    ids = ("sid", "account_sid", "service_sid", "date_created")
    return {key: value for key, value in answer.json.items() if key not in ids and value != plain.get(key)}


@pytest.fixture
def send(wire, service):
    """Posts a form to the Notifications of the Service."""

    def post(*form: tuple[str, str], **fields: Any):
        return wire.post(PATH, [*form, *((name, each) for name, value in fields.items() for each in _listed(value))])

    return post


def _listed(value: Any) -> list[str]:
    return list(value) if isinstance(value, (list, tuple)) else [value]


@pytest.fixture
def refuse(send, fake_notify):
    """Posts a form that is refused, and sees that nothing came of it."""

    def post(*form: tuple[str, str], **fields: Any) -> tuple[int, int, str]:
        before = fake_notify.snapshot()
        answer = send(*form, **fields)
        assert str(fake_notify.diff(before)) == "no difference"
        return answer.refusal

    return post


# printing


def test_a_notification_is_printed_as_in_twilios_own_example(send, fake_notify):
    answer = send(Identity="jing", Body="body", Priority="high", Title="test", DeliveryCallbackUrl="hello")

    assert (answer.status, answer.reason, answer.body.decode()) == (
        201,
        "CREATED",
        printed(fake_notify, identities='["jing"]', title='"test"', body='"body"'),
    )
    assert (fake_notify.notifications.last.sid[:2], len(fake_notify.notifications.last.sid)) == ("NT", 34)


def test_a_direct_notification_is_printed_as_in_twilios_own_example(send, fake_notify):
    answer = send(ToBinding=f'{{"binding_type":"apn", "address":"{TOKEN}"}}', Body="body")

    assert (answer.status, answer.body.decode()) == (201, printed(fake_notify, body='"body"'))


@warns
def test_every_parameter_is_echoed_under_its_name(send, fake_notify):
    answer = send(
        Identity=["alice", "bob"],
        Tag=["vip", "all"],
        Segment=["premium", "new user"],
        Body="B",
        Title="T",
        Sound="S",
        Action="A",
        Priority="low",
        Ttl="60",
        Data='{"d": 1}',
        Apn='{"a": 1}',
        Gcm='{"g": 1}',
        Fcm='{"f": 1}',
        Sms='{"s": 1}',
        FacebookMessenger='{"m": 1}',
        Alexa='{"x": 1}',
        DeliveryCallbackUrl="hello",
    )

    assert (answer.status, answer.body.decode()) == (
        201,
        printed(
            fake_notify,
            identities='["alice", "bob"]',
            tags='["vip", "all"]',
            segments='["premium", "new user"]',
            priority='"low"',
            ttl="60",
            title='"T"',
            body='"B"',
            sound='"S"',
            action='"A"',
            data='{"d": 1}',
            apn='{"a": 1}',
            fcm='{"f": 1}',
            gcm='{"g": 1}',
            sms='{"s": 1}',
            facebook_messenger='{"m": 1}',
            alexa='{"x": 1}',
        ),
    )
    withdrawn = [f"parameter {name!r} is deprecated: Twilio withdrew it" for name in ("Segment", *JSON_PARAMETERS[5:])]
    segment, *payloads = withdrawn
    assert fake_notify.requests.last.warnings == [segment, "Sms: Notify ignores 's'", *payloads]


def test_the_record_keeps_what_the_answer_does_not_tell(send, fake_notify):
    send(ToBinding=SMS, Body="B", DeliveryCallbackUrl="hello")

    (notification,) = fake_notify.notifications
    assert notification == Notification(
        sid=notification.sid,
        account_sid=fake_notify.account_sid,
        service_sid=SERVICE_SID,
        date_created=MOMENT,
        identities=[],
        tags=[],
        segments=[],
        priority="high",
        ttl=FOUR_WEEKS,
        title=None,
        body="B",
        sound=None,
        action=None,
        data=None,
        apn=None,
        fcm=None,
        gcm=None,
        sms=None,
        facebook_messenger=None,
        alexa=None,
        to_binding=({"binding_type": "sms", "address": "+15005550006"},),
        delivery_callback_url="hello",
    )


# the official client


@warns
def test_the_official_client_sends_every_parameter_and_reads_every_property(fake_notify_client, service, shown):
    notification = fake_notify_client.notify.v1.services(SERVICE_SID).notifications.create(
        identity=["alice", "bob"],
        tag="vip",
        segment=["premium"],
        body="B",
        title="T",
        sound="S",
        action="A",
        priority="low",
        ttl=0,
        data={"d": 1},
        apn={"aps": {"badge": 1}},
        gcm={"g": None},
        fcm={"f": [1]},
        sms={"media_urls": ["https://example.com/cat"]},
        facebook_messenger={"m": True},
        alexa='{"x": "sent as text"}',
        delivery_callback_url="http://127.0.0.1:1/",
    )

    told = shown(notification)
    assert told == {
        "sid": told["sid"],
        "account_sid": service.account_sid,
        "service_sid": SERVICE_SID,
        "date_created": MOMENT,
        "identities": ["alice", "bob"],
        "tags": ["vip"],
        "segments": ["premium"],
        "priority": "low",
        "ttl": 0,
        "title": "T",
        "body": "B",
        "sound": "S",
        "action": "A",
        "data": {"d": 1},
        "apn": {"aps": {"badge": 1}},
        "gcm": {"g": None},
        "fcm": {"f": [1]},
        "sms": {"media_urls": ["https://example.com/cat"]},
        "facebook_messenger": {"m": True},
        "alexa": {"x": "sent as text"},
    }


@pytest.mark.parametrize(
    ("to_binding", "expected"),
    [
        (SMS, ["+15005550006"]),
        ([SMS], ["+15005550006"]),
        ([SMS, json.dumps({"binding_type": "sms", "address": "+15005550009"})], ["+15005550006", "+15005550009"]),
    ],
)
def test_the_official_client_sends_to_one_binding_or_to_a_list(fake_notify, fake_notify_client, to_binding, expected):
    service = fake_notify.create_service(messaging_service_sid=MESSAGING_SERVICE_SID)

    sent = fake_notify_client.notify.v1.services(service.sid).notifications.create(to_binding=to_binding, body="Hi")

    assert (sent.body, sent.identities) == ("Hi", [])
    assert [(each.address, each.status) for each in fake_notify.deliveries] == [(each, "SENT") for each in expected]


def test_the_official_client_raises_the_observed_texts(fake_notify_client, service):
    notifications = fake_notify_client.notify.v1.services(SERVICE_SID).notifications

    with pytest.raises(TwilioRestException) as nobody:
        notifications.create(body="Hi")
    with pytest.raises(TwilioRestException) as mixed:
        notifications.create(identity="alice", to_binding=SMS)
    with pytest.raises(TwilioRestException) as unreadable:
        notifications.create(to_binding="sms:+15005550006")

    assert [refusal(each.value) for each in (nobody, mixed, unreadable)] == [O4, O2, O1]


# selectors


@warns
@pytest.mark.parametrize(
    "fields", [{}, {"Body": "Hi"}, {"Identity": ""}, {"Identity": ["", ""], "Tag": "", "Segment": "", "ToBinding": ""}]
)
def test_a_notification_to_nobody_is_refused_in_the_observed_words(refuse, fields):
    assert refuse(**fields) == O4


@warns
@pytest.mark.parametrize("fields", [{"Identity": "alice"}, {"Tag": "all"}, {"Segment": "premium"}])
def test_a_direct_notification_with_a_query_is_refused_in_the_observed_words(refuse, fields):
    assert refuse(ToBinding=SMS, **fields) == O2


@warns
@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"Segment": "premium"}, {"segments": ["premium"]}),
        (
            {"Identity": "alice", "Tag": "vip", "Segment": "premium"},
            {"identities": ["alice"], "tags": ["vip"], "segments": ["premium"]},
        ),
        ({"ToBinding": [SMS, ""]}, {}),
        ({"ToBinding": SMS, "Identity": "", "Tag": ""}, {}),
    ],
)
def test_any_one_selector_is_enough_and_queries_go_together(send, fields, expected):
    assert echoed(send(**fields)) == expected


def test_empty_values_are_dropped_and_the_others_come_back_as_they_were_sent(send):
    answer = send(Identity=["alice", "", "alice", " A+b@c.d é"], Tag=["", "new user", "a,b"])

    assert echoed(answer) == {"identities": ["alice", "alice", " A+b@c.d é"], "tags": ["new user", "a,b"]}


@pytest.mark.parametrize(("name", "field", "most"), [("Identity", "identities", 20), ("Tag", "tags", 5)])
def test_twenty_identities_or_five_tags_may_be_sent_and_not_one_more(send, refuse, name, field, most):
    values = [f"value {number}" for number in range(most + 1)]

    assert echoed(send(**{name: values[:most]})) == {field: values[:most]}
    assert refuse(**{name: values}) == invalid(name)


# ToBinding


def test_to_binding_takes_every_type(send, fake_notify):
    targets = tuple({"binding_type": each, "address": "a"} for each in CHANNELS)

    assert echoed(send(ToBinding=[json.dumps(each) for each in targets])) == {}
    assert fake_notify.notifications.last.to_binding == targets


@pytest.mark.parametrize(
    ("item", "address"),
    [
        (' { "address" : "+15005550006" ,\n\t"binding_type" : "sms" } ', "+15005550006"),
        ('{"binding_type": "sms", "address": "+1", "identity": "alice", "tags": [1], "twi_x": null}', "+1"),
        ('{"binding_type": "apn", "binding_type": "sms", "address": "+2"}', "+2"),
        ('{"binding_type": "sms", "address": " +1 (500) 555"}', " +1 (500) 555"),
        ('{"binding_type": "sms", "address": "\\u00e9\\ud83d\\ude00"}', "é😀"),
    ],
)
def test_to_binding_ignores_white_space_and_other_keys(send, fake_notify, item, address):
    assert echoed(send(ToBinding=item)) == {}
    assert fake_notify.notifications.last.to_binding == ({"binding_type": "sms", "address": address},)


NOT_TARGETS = [
    "sms:+15005550006",
    "{}",
    f"[{SMS}]",
    "null",
    json.dumps(SMS),
    SMS + ",",
    SMS.replace('"', "'"),
    '{"binding_type": "sms"}',
    '{"address": "+15005550006"}',
    '{"binding_type": "sms", "address": ""}',
    '{"binding_type": null, "address": "+15005550006"}',
    '{"binding_type": "sms", "address": 15005550006}',
    '{"binding_type": ["sms"], "address": "+15005550006"}',
    '{"binding_type": "SMS", "address": "+15005550006"}',
    '{"binding_type": "sms", "address": "+15005550006", "x": 1e999}',
    '{"a": ' * 5000 + "1" + "}" * 5000,
]


@pytest.mark.parametrize("item", NOT_TARGETS, ids=lambda item: item[:40])
def test_a_to_binding_that_is_no_target_is_refused_in_the_observed_words(refuse, item):
    assert refuse(ToBinding=item) == O1


def test_one_bad_to_binding_among_good_ones_refuses_them_all(refuse):
    assert refuse(ToBinding=[SMS, SMS, "sms:+15005550006", SMS]) == O1


# JSON parameters


@warns
@pytest.mark.parametrize("name", JSON_PARAMETERS)
def test_a_json_parameter_that_is_not_strictly_a_json_object_is_refused(refuse, name):
    for value in ("x", "[]", '"{}"', '{"k": NaN}', '{"k": ' + "[" * 100 + "]" * 100 + "}", '{"k": ' * 50_000):
        assert refuse(("Identity", "alice"), (name, value)) == invalid(name)


@warns
@pytest.mark.parametrize("name", JSON_PARAMETERS)
def test_a_json_parameter_that_is_an_object_comes_back_as_it_was_sent(send, name):
    field = {"FacebookMessenger": "facebook_messenger"}.get(name, name.lower())
    for value in (
        "{}",
        '{"k": {"twi_deep": 1}}',
        '{"\\ud800": "\\u0000\\u2028😀"}',
        '{"k": ' + "[" * 99 + "]" * 99 + "}",
    ):
        answer = send(("Identity", "alice"), (name, value))
        assert echoed(answer) == {"identities": ["alice"], field: json.loads(value)}


@warns
@pytest.mark.parametrize("nothing", ["", "null", " null "])
def test_an_empty_json_parameter_and_null_count_as_not_sent(send, nothing):
    """twilio-node 6 sends ``null`` for what the caller left unset. (D15)"""
    assert echoed(send(Identity="alice", **dict.fromkeys(JSON_PARAMETERS, nothing))) == {"identities": ["alice"]}


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
def test_any_json_object_survives_the_way_through_the_official_client(data):
    fake = FakeNotify()
    service = fake.create_service()

    notification = (
        fake.client(in_process=True).notify.v1.services(service.sid).notifications.create(identity="a", data=data)
    )

    assert notification.data == data


# reserved and forbidden keys


@warns
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Data", {"twi_body": "x"}),
        ("Data", {"k": 1, "twi_": None}),
        ("Apn", {"twi_title": "x"}),
        *((name, {"twi_sound": "x"}) for name in ("Gcm", "Fcm")),
        *((name, {"data": {"twi_body": "x"}}) for name in ("Gcm", "Fcm")),
        *(("Gcm", {key: "x"}) for key in ("to", "registration_ids", "notification_key")),
        ("Fcm", {"to": "x"}),
        ("Fcm", {"condition": "'a' in topics"}),
        *(("Fcm", {"message": {key: "x"}}) for key in ("token", "topic", "condition")),
        ("Fcm", {"message": {"data": {"twi_body": "x"}}}),
    ],
)
def test_a_key_that_a_channel_forbids_is_refused(refuse, name, value):
    assert refuse(("Identity", "alice"), (name, json.dumps(value))) == invalid(name)


@warns
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Data", {"TWI_body": 1, "twi": 1, "xtwi_": 1, "to": 1, "condition": 1, "recipient": 1}),
        ("Data", {"data": {"twi_body": 1}}),
        ("Apn", {"aps": {"twi_title": 1}, "to": 1, "condition": 1}),
        ("Apn", {"data": {"twi_title": 1}}),
        *((name, {"notification": {"twi_title": 1, "to": 1}}) for name in ("Gcm", "Fcm")),
        *((name, {"data": {"to": 1, "from": 1}}) for name in ("Gcm", "Fcm")),
        *((name, {"data": ["twi_body"]}) for name in ("Gcm", "Fcm")),
        ("Gcm", {"condition": "x"}),
        ("Fcm", {"message": {"notification": {"title": "T"}, "data": {"to": 1}, "to": 1}, "validate_only": True}),
        ("Sms", {"twi_body": 1, "to": 1, "from": 1}),
        ("FacebookMessenger", {"recipient": {"id": "1"}, "twi_body": 1}),
        ("Alexa", {"twi_body": 1, "to": 1}),
    ],
)
def test_a_key_that_a_channel_does_not_forbid_is_taken(send, name, value):
    field = {"FacebookMessenger": "facebook_messenger"}.get(name, name.lower())
    assert echoed(send(("Identity", "alice"), (name, json.dumps(value)))) == {"identities": ["alice"], field: value}


# Priority and Ttl


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("Priority", "high", {}),
        ("Priority", "", {}),
        ("Priority", "low", {"priority": "low"}),
        ("Ttl", "", {}),
        ("Ttl", "2419200", {}),
        ("Ttl", "2419199", {"ttl": 2419199}),
        ("Ttl", "0", {"ttl": 0}),
        ("Ttl", "007", {"ttl": 7}),
    ],
)
def test_priority_and_ttl_have_defaults_and_ranges(send, field, value, expected):
    assert echoed(send(("Identity", "alice"), (field, value))) == {"identities": ["alice"], **expected}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("Priority", value) for value in ("HIGH", "normal", " high")),
        *(("Ttl", value) for value in ("-1", "2419201", "1.0", "٣", "9" * 5000)),
    ],
)
def test_priority_and_ttl_out_of_range_are_refused(refuse, field, value):
    assert refuse(("Identity", "alice"), (field, value)) == invalid(field)


# the order of complaints


def test_the_first_bad_parameter_in_the_tables_order_is_complained_of(refuse):
    good_and_bad = {
        "Identity": ("alice", [str(number) for number in range(21)]),
        "Tag": ("vip", list("abcdef")),
        "ToBinding": ("", "x"),
        "Priority": ("low", "x"),
        "Ttl": ("1", "x"),
        **dict.fromkeys(("Data", "Apn", "Gcm", "Fcm", "Sms"), ("{}", "x")),
    }
    sent = {name: bad for name, (good, bad) in reversed(good_and_bad.items())}

    for name, (good, _) in good_and_bad.items():
        assert refuse(**sent) == (O1 if name == "ToBinding" else invalid(name))
        sent[name] = good


def test_a_bad_parameter_is_complained_of_before_the_selectors(refuse):
    assert refuse(Ttl="x") == invalid("Ttl")
    assert refuse(Ttl="x", Identity="alice", ToBinding=SMS) == invalid("Ttl")


def test_the_service_must_exist_before_the_parameters_are_looked_at(wire, fake_notify):
    path = f"/v1/Services/IS{'0' * 32}/Notifications"

    assert wire.post(path, {"Ttl": "x"}).refusal == answers.not_found(path)


def test_credentials_are_asked_for_before_everything_else(wire, service):
    answer = wire.post("/v1/Services/IS0/Notifications", {"Ttl": "x"}, {"Authorization": None})

    assert answer.refusal == (401, 20003, "Authenticate")


# create-only


def test_notifications_can_only_be_created(wire, service):
    answers = [wire.send(method, PATH) for method in ("GET", "DELETE", "PUT", "PATCH", "OPTIONS")]

    assert {(each.refusal, each.header("Allow")) for each in answers} == {(NO_METHOD, "POST")}


@warns
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_a_notification_can_never_be_read_again(wire, send, fake_notify, method):
    send(Identity="alice")
    path = f"{PATH}/{fake_notify.notifications.last.sid}"

    assert wire.send(method, path).refusal == answers.not_found(path)


def test_a_notification_may_be_posted_to_a_path_with_json_at_its_end(wire, service):
    assert echoed(wire.post(PATH + ".json", {"Tag": "all"})) == {"tags": ["all"]}


def test_a_request_above_one_mebibyte_is_refused_and_sends_nothing(wire, service, fake_notify):
    before = fake_notify.snapshot()

    answer = wire.post(PATH, [("ToBinding", SMS)] * 12_000)

    assert answer.refusal == (413, 20413, "Request Entity Too Large")
    assert not fake_notify.diff(before)


# from Python, by the same rules


def test_python_sends_by_the_rules_of_the_wire(fake_notify, service):
    notification = fake_notify.create_notification(
        SERVICE_SID, to_binding=[{"binding_type": "sms", "address": "+15005550006"}], body="Hi", ttl=1, data={"k": "v"}
    )

    assert (notification.body, notification.ttl, notification.data) == ("Hi", 1, {"k": "v"})
    assert fake_notify.notifications == [notification]
    assert fake_notify.requests == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, O4[2]),
        ({"identities": ["alice"], "to_binding": {"binding_type": "sms", "address": "+1"}}, O2[2]),
        ({"to_binding": [{"binding_type": "sms"}]}, O1[2]),
        ({"identities": "alice", "ttl": -1}, invalid("Ttl")[2]),
        ({"identities": "alice", "data": {"k": float("nan")}}, invalid("Data")[2]),
    ],
)
def test_python_is_refused_in_the_words_of_the_wire(fake_notify, service, arguments, message):
    with pytest.raises(TwilioError) as error:
        fake_notify.create_notification(SERVICE_SID, **arguments)

    assert (error.value.status, error.value.code, error.value.message) == (400, 20001, message)


def test_python_names_an_argument_that_is_not_there(fake_notify, service):
    with pytest.raises(
        TypeError, match=r"^notifications\.create\(\) has no argument 'identity'; did you mean 'identities'"
    ):
        fake_notify.create_notification(SERVICE_SID, identity="alice")


# mistakes in real code


def mistaken(fake: FakeNotify) -> list[str]:
    """The warnings of the last request."""
    return list(fake.requests.last.warnings)


@warns
def test_lower_case_names_are_ignored_and_each_is_corrected(send, fake_notify):
    answer = send(identity="alice", tag="vip", body="Hi", to_binding=SMS)

    assert answer.refusal == O4
    assert mistaken(fake_notify) == [
        "parameter 'identity' was not read; did you mean 'Identity'? (names are case-sensitive)",
        "parameter 'tag' was not read; did you mean 'Tag'? (names are case-sensitive)",
        "parameter 'body' was not read; did you mean 'Body'? (names are case-sensitive)",
        "parameter 'to_binding' was not read; did you mean 'ToBinding'? (names are case-sensitive)",
    ]


@warns
@pytest.mark.parametrize("client", [requests, httpx], ids=["requests", "httpx"])
def test_a_json_body_counts_as_an_empty_form(fake_notify, service, client):
    answer = client.post(
        fake_notify.url + PATH,
        json={"Identity": "alice", "Body": "Hi"},
        auth=(fake_notify.account_sid, fake_notify.auth_token),
    )

    assert (answer.status_code, answer.json()["code"], answer.json()["message"]) == O4
    assert mistaken(fake_notify) == [
        "the body is application/json; Notify reads urlencoded and multipart forms only, so it counts as empty"
    ]


@warns
@pytest.mark.parametrize(
    ("name", "correction"),
    [
        ("Identities", "; did you mean 'Identity'?"),
        ("ToBinding[]", "; did you mean 'ToBinding'? (names are case-sensitive)"),
        ("DeliveryCallbackURL", "; did you mean 'DeliveryCallbackUrl'? (names are case-sensitive)"),
        ("From", ""),
    ],
)
def test_a_name_that_nobody_reads_is_recorded(send, fake_notify, name, correction):
    assert send(("Tag", "all"), (name, "x")).status == 201
    assert mistaken(fake_notify) == [f"parameter {name!r} was not read{correction}"]


@warns
def test_parameters_in_the_query_of_a_post_are_not_read(wire, service, fake_notify):
    answer = wire.send("POST", PATH + "?Identity=alice&Body=Hi")

    assert answer.refusal == O4
    assert mistaken(fake_notify) == ["the query of a POST is not read: Body, Identity"]


@warns
def test_sms_with_nothing_but_other_keys_is_taken(fake_notify, fake_notify_client):
    service = fake_notify.create_service(messaging_service_sid=MESSAGING_SERVICE_SID)

    fake_notify_client.notify.v1.services(service.sid).notifications.create(
        to_binding=[SMS], body="Hi", sms={"status_callback": "https://example.com/status", "validity_period": 10}
    )

    assert [(each.status, each.payload) for each in fake_notify.deliveries] == [
        (
            "SENT",
            {
                "To": "+15005550006",
                "MessagingServiceSid": MESSAGING_SERVICE_SID,
                "Body": "Hi",
                "StatusCallback": "https://example.com/status",
            },
        )
    ]
