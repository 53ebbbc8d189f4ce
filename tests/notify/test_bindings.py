"""Bindings, over the wire."""

from __future__ import annotations

from datetime import datetime, timezone
from itertools import product
from typing import Any
from urllib.parse import quote

import pytest
from answers import IDENTITY_LIMIT, invalid, missing, not_found
from hypothesis import given, settings
from hypothesis import strategies as st

from fakenotify import FakeNotify

NOW = "2015-07-30T20:00:00Z"
MOMENT = datetime(2015, 7, 30, 20, tzinfo=timezone.utc)
SERVICE_SID = "IS" + "a" * 32
PATH = f"/v1/Services/{SERVICE_SID}/Bindings"
CR = "CR" + "a" * 32
TOKEN = "a7c658f4111ec4ff5a1a647f9d0edd819025b9f20522d2fae897049f32873e73"
TYPES = ("apn", "gcm", "sms", "fcm", "facebook-messenger", "alexa")

pytestmark = pytest.mark.fake_notify(frozen=NOW)
warns = pytest.mark.filterwarnings("ignore:fakenotify")


def form(identity: str = "alice", type: str = "sms", address: str = "+15005550006", **more: Any) -> dict[str, Any]:
    return {"Identity": identity, "BindingType": type, "Address": address, **more}


def addresses(answer: Any) -> list[str]:
    return [row["address"] for row in answer.json["bindings"]]


# printing


@warns
def test_a_binding_is_printed_as_in_twilios_own_example(twilio_wire, fake_notify, service):
    answer = twilio_wire.post(
        PATH,
        form("24987039", "apn", TOKEN, Tag="26607274", Endpoint="26607274", NotificationProtocolVersion="3"),
    )

    sid = fake_notify.bindings.last.sid
    url = f"https://notify.twilio.com/v1/Services/{SERVICE_SID}"
    assert (answer.status, answer.body.decode()) == (
        201,
        f'{{"account_sid": "{fake_notify.account_sid}", "address": "{TOKEN}", "binding_type": "apn", '
        '"credential_sid": null, "date_created": "2015-07-30T20:00:00Z", "date_updated": "2015-07-30T20:00:00Z", '
        '"endpoint": "26607274", "identity": "24987039", "notification_protocol_version": "3", '
        f'"service_sid": "{SERVICE_SID}", "sid": "{sid}", "tags": ["26607274"], '
        f'"links": {{"user": "{url}/Users/24987039"}}, "url": "{url}/Bindings/{sid}"}}',
    )
    assert (sid[:2], len(sid)) == ("BS", 34)
    assert fake_notify.requests.last.warnings == [
        "parameter 'Endpoint' is deprecated: it is stored and shown, and has no effect since 2017"
    ]


@warns
def test_twilio_creates_reads_and_deletes_the_binding_of_its_own_page(fake_notify, fake_notify_client, service, shown):
    bindings = fake_notify_client.notify.v1.services(SERVICE_SID).bindings
    arguments = {
        "identity": "00000001",
        "binding_type": "apn",
        "address": "device_token",
        "endpoint": "endpoint_id",
        "credential_sid": CR,
        "notification_protocol_version": "3",
    }

    created = bindings.create(**arguments, tag=["preferred device", "new user"])

    url = f"{fake_notify.url}/v1/Services/{SERVICE_SID}"
    assert shown(created) == arguments | {
        "sid": created.sid,
        "account_sid": fake_notify.account_sid,
        "service_sid": SERVICE_SID,
        "date_created": MOMENT,
        "date_updated": MOMENT,
        "tags": ["preferred device", "new user"],
        "url": f"{url}/Bindings/{created.sid}",
        "links": {"user": f"{url}/Users/00000001"},
    }
    assert [shown(each) for each in (created.fetch(), *bindings.list(limit=20))] == [shown(created)] * 2
    assert bindings(created.sid).delete() is True
    assert bindings.list() == []


# parameters

TOO_MANY_TAGS = list("abcdefghijklmnopqrstu")
REFUSED = [
    ({}, missing("Identity")),
    ({"BindingType": "fax"}, missing("Identity")),
    ({"Identity": "alice"}, missing("BindingType")),
    ({"Identity": "alice", "BindingType": "fax"}, invalid("Binding", "BindingType")),
    ({"Identity": "alice", "BindingType": "sms"}, missing("Address")),
    (form(""), missing("Identity")),
    (form(type=""), missing("BindingType")),
    (form(type="SMS"), invalid("Binding", "BindingType")),
    (form(address="", Tag=TOO_MANY_TAGS), missing("Address")),
    (form("bob", CredentialSid="AC" + "a" * 32), invalid("Binding", "CredentialSid")),
    (form("bob", Tag=TOO_MANY_TAGS, CredentialSid="CR1"), invalid("Binding", "Tag")),
]


def test_a_bad_value_is_refused_and_changes_nothing(wire, fake_notify, service):
    wire.post(PATH, form())
    before = fake_notify.snapshot()

    assert [wire.post(PATH, sent).refusal for sent, _ in REFUSED] == [refusal for _, refusal in REFUSED]
    assert not fake_notify.diff(before)


@warns
def test_the_protocol_version_is_the_services_at_creation_unless_one_is_sent(wire, service):
    def versions(sent: str) -> list[str]:
        forms = [form(type=type, address=type + sent, NotificationProtocolVersion=sent) for type in TYPES]
        return [wire.post(PATH, each).json["notification_protocol_version"] for each in forms]

    names = ("Apn", "Gcm", "Fcm", "Alexa")
    wire.post(f"/v1/Services/{SERVICE_SID}", {f"Default{each}NotificationProtocolVersion": each for each in names})

    assert versions("") == ["Apn", "Gcm", "default", "Fcm", "default", "Alexa"]
    assert versions("odd") == ["odd"] * 6
    wire.post(f"/v1/Services/{SERVICE_SID}", {"DefaultApnNotificationProtocolVersion": "3"})
    assert wire.get(PATH).json["bindings"][0]["notification_protocol_version"] == "Apn"


@warns
@pytest.mark.fake_notify(credentials_checked="at_write")
def test_a_credential_sid_of_a_type_that_needs_none_is_stored_and_not_checked(wire, service):
    for type, sid in product(("sms", "facebook-messenger", "alexa"), (CR, "")):
        created = wire.post(PATH, form(type=type, address=type + sid, CredentialSid=sid))
        assert created.json["credential_sid"] == (sid or None)


ODD_ADDRESSES = ("device_token", " ", "Address=+15005550006", "\x00", "+1 500 555 0006", TOKEN + " ")


@warns
def test_any_address_is_taken_at_write(wire, service):
    for type, address in product(TYPES, ODD_ADDRESSES):
        assert wire.post(PATH, form(type=type, address=address)).json["address"] == address


@pytest.mark.fake_notify(addresses_checked="at_write")
def test_an_address_can_be_checked_at_write(wire, fake_notify, service):
    bad = {
        "apn": "Address of Apn Binding must be a nonempty string of even number of hexadecimal characters",
        "sms": "Address of sms binding must be a valid phone number",
    }
    for type, address in product(TYPES, ODD_ADDRESSES):
        answer = wire.post(PATH, form(type=type, address=address))
        assert answer.status == 201 if type not in bad else answer.refusal == (400, 20001, bad[type])
    assert not {each.binding_type for each in fake_notify.bindings} & {*bad}
    for type, address in (("apn", TOKEN), ("apn", "AB"), ("sms", "+15005550006")):
        assert wire.post(PATH, form(type=type, address=address)).status == 201


# tags and strings


def test_tags_keep_their_order_and_lose_duplicates_and_empty_ones(wire, service):
    expected = [
        (["b", "a", "b", "", "c", "a"], ["b", "a", "c"]),
        ([""], []),
        (["A", "a", " a", "a "], ["A", "a", " a", "a "]),
        (["vip,gold", "all"], ["vip,gold", "all"]),
        ([*TOO_MANY_TAGS[:20], "", "a"], TOO_MANY_TAGS[:20]),
    ]
    created = [wire.post(PATH, form(Tag=sent)).json for sent, _ in expected]

    assert [each["tags"] for each in created] == [kept for _, kept in expected]
    assert wire.get(created[-1]["url"]).json == created[-1]


@settings(max_examples=50, deadline=None)
@given(text=st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_any_text_comes_back_exactly(text):
    fake = FakeNotify()
    service = fake.create_service()
    bindings = fake.client(in_process=True).notify.v1.services(service.sid).bindings

    created = bindings.create(text, "fcm", text, tag=[text])

    found = bindings.list(identity=[text], tag=[text])
    assert created.links == {
        "user": f"https://notify.twilio.com/v1/Services/{service.sid}/Users/{quote(text, safe='')}"
    }
    assert [(each.sid, each.identity, each.address, each.tags) for each in found] == [(created.sid, text, text, [text])]


# addresses


def test_an_address_is_exact_and_belongs_to_one_service(wire, fake_notify, service):
    for address in ("1", "2", " 1", "1 "):
        wire.post(PATH, form(address=address))
    elsewhere = f"/v1/Services/{fake_notify.create_service().sid}/Bindings"
    wire.post(elsewhere, form("bob", address="1"))

    assert addresses(wire.get(PATH)) == ["1", "2", " 1", "1 "]
    assert addresses(wire.get(elsewhere)) == ["1"]
    assert addresses(wire.get(PATH, {"Identity": "bob"})) == []


# the limit of an identity


def test_twenty_bindings_are_the_limit_of_an_identity_in_a_service(wire, fake_notify, service):
    for at in range(20):
        fake_notify.create_binding(SERVICE_SID, identity="alice", binding_type="sms", address=str(at))
    elsewhere = f"/v1/Services/{fake_notify.create_service().sid}/Bindings"

    assert wire.post(PATH, form(address="20")).refusal == IDENTITY_LIMIT
    assert wire.post(PATH, form("Alice", address="20")).status == 201
    assert wire.post(elsewhere, form(address="20")).status == 201


# filters

PEOPLE = [  # identity, type, address, tags, created
    ("alice", "apn", "1", ["vip"], "2015-07-29T23:59:59Z"),
    ("alice", "sms", "2", ["vip", "sms", "all", "new user"], "2015-07-30T00:00:00Z"),
    ("bob", "sms", "3", ["new user"], "2015-07-30T12:00:00Z"),
    ("bob", "fcm", "4", [], "2015-07-30T23:59:59Z"),
    ("carol", "gcm", "5", ["vip", "sms"], "2015-07-31T00:00:00Z"),
    ("carol", "facebook-messenger", "6", ["VIP"], "2015-08-01T00:00:00Z"),
    ("d&d", "alexa", "7", ["a", "b", "c", "d", "e", "f"], "2015-08-01T00:00:00Z"),
]


@pytest.fixture
def people(fake_notify, service):
    for identity, type, address, tags, moment in PEOPLE:
        fake_notify.clock.freeze(moment)
        fake_notify.create_binding(service.sid, identity=identity, binding_type=type, address=address, tags=tags)


def test_a_filter_is_exact_and_an_empty_one_counts_as_absent(wire, people):
    expected = [
        ({"Identity": ["carol", "alice", "carol", "nobody", ""]}, "1256"),
        ({"Identity": "d&d"}, "7"),
        ({"Identity": "Alice"}, ""),
        ({"Identity": ""}, "1234567"),
        ({"Identity": [f"id{at}" for at in range(50)] + ["bob"]}, "34"),
        ({"Tag": "VIP"}, "6"),
        ({"Tag": ["vip", "vip", "vip"]}, "125"),
        ({"Tag": ["a", "b", "c", "d", "f", "", ""]}, "7"),
        ({"Tag": ["", ""]}, "1234567"),
        ({"Tag": ["vip", "nothing"]}, ""),
        ({"Tag": ["all", "vip"]}, "125"),
        ({"Tag": ["sms", "new user"]}, "23"),
        ({"Tag": "new user", "Identity": ["bob", "carol"]}, "3"),
        ({"Tag": "facebook-messenger"}, "6"),
        ({"Tag": "alexa"}, "7"),
        ({"StartDate": ""}, "1234567"),
        ({"StartDate": "2015-07-30", "EndDate": "2015-07-30"}, "234"),
        ({"StartDate": "2015-07-31", "EndDate": "2015-07-30"}, ""),
    ]

    found = ["".join(addresses(wire.get(PATH, filters))) for filters, _ in expected]

    assert found == [each for _, each in expected]


def test_a_bad_filter_is_refused(wire, people):
    day = "Invalid {0}: {1}. {0} must be a valid date: yyyy-MM-dd".format
    expected = [
        ({"Tag": ["a"] * 6}, "Parameter 'Tag' is invalid"),
        ({"StartDate": "2015-02-30"}, day("StartDate", "2015-02-30")),
        ({"EndDate": "2015-07-30T00:00:00Z"}, day("EndDate", "2015-07-30T00:00:00Z")),
        ({"EndDate": " "}, day("EndDate", " ")),
        ({"EndDate": "x", "StartDate": "y"}, day("StartDate", "y")),
        ({"EndDate": "x", "Tag": list("abcdef")}, "Parameter 'Tag' is invalid"),
        ({"EndDate": "x", "PageSize": "x"}, day("EndDate", "x")),
    ]

    assert [wire.get(PATH, filters).refusal for filters, _ in expected] == [(400, 20001, each) for _, each in expected]


# missing Bindings and Services


def test_a_binding_is_found_in_its_own_service_until_it_is_deleted(wire, fake_notify, service):
    created = wire.post(PATH, form()).json
    path = f"{PATH}/{created['sid']}"
    elsewhere = f"/v1/Services/{fake_notify.create_service().sid}/Bindings/{created['sid']}"
    assert [wire.get(elsewhere).refusal, wire.delete(elsewhere).refusal] == [not_found(elsewhere)] * 2
    assert wire.get(path).json == created

    gone = wire.delete(path)

    assert (gone.status, gone.body) == (204, b"")
    assert [wire.delete(path).refusal, wire.get(path).refusal] == [not_found(path)] * 2
    assert addresses(wire.get(PATH)) == []
    assert wire.post(PATH, form()).json["sid"] != created["sid"]
