"""Bindings, over the wire."""

from __future__ import annotations

import json
from datetime import date, datetime, timezone
from itertools import product
from typing import Any
from urllib.parse import quote

import pytest
from answers import IDENTITY_LIMIT, invalid, missing, not_found
from hypothesis import given, settings
from hypothesis import strategies as st
from twilio.base.exceptions import TwilioRestException

from fakenotify import Behaviour, FakeNotify

NOW = "2015-07-30T20:00:00Z"
LATER = "2015-07-30T20:00:01Z"
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


@pytest.fixture
def crowd():
    """Gives an identity as many Bindings as one may have, at addresses "0" to "19", of all types, a second apart."""

    def fill(fake: FakeNotify, identity: str = "alice", service_sid: str = SERVICE_SID, count: int = 20) -> None:
        for at in range(count):
            fake.create_binding(service_sid, identity=identity, binding_type=TYPES[at % 6], address=str(at))
            fake.clock.tick()

    return fill


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


def test_a_binding_is_printed_as_it_was_recorded(wire, fake_notify, service):
    answer = wire.post(PATH, form("TestID", "sms", "+10123456789"))

    url = f"{fake_notify.url}/v1/Services/{SERVICE_SID}"
    sid = fake_notify.bindings.last.sid
    assert answer.json == {
        "account_sid": fake_notify.account_sid,
        "address": "+10123456789",
        "binding_type": "sms",
        "credential_sid": None,
        "date_created": NOW,
        "date_updated": NOW,
        "endpoint": None,
        "identity": "TestID",
        "notification_protocol_version": "default",
        "service_sid": SERVICE_SID,
        "sid": sid,
        "tags": [],
        "links": {"user": f"{url}/Users/TestID"},
        "url": f"{url}/Bindings/{sid}",
    }


@warns
def test_the_examples_of_twilios_binding_page_work(fake_notify, fake_notify_client, service, shown):
    bindings = fake_notify_client.notify.v1.services(SERVICE_SID).bindings

    plain = bindings.create(identity="Identity", binding_type="apn", address="Address")
    full = bindings.create(
        identity="00000001",
        binding_type="apn",
        address="device_token",
        tag=["preferred device", "new user"],
        endpoint="endpoint_id",
        credential_sid=CR,
        notification_protocol_version="3",
    )

    url = f"{fake_notify.url}/v1/Services/{SERVICE_SID}"
    expected = {
        "sid": full.sid,
        "account_sid": fake_notify.account_sid,
        "service_sid": SERVICE_SID,
        "credential_sid": CR,
        "date_created": MOMENT,
        "date_updated": MOMENT,
        "notification_protocol_version": "3",
        "endpoint": "endpoint_id",
        "identity": "00000001",
        "binding_type": "apn",
        "address": "device_token",
        "tags": ["preferred device", "new user"],
        "url": f"{url}/Bindings/{full.sid}",
        "links": {"user": f"{url}/Users/00000001"},
    }
    assert shown(full) == expected
    assert shown(bindings(full.sid).fetch()) == expected
    assert shown(plain) == expected | {
        "sid": plain.sid,
        "credential_sid": None,
        "notification_protocol_version": "4",
        "endpoint": None,
        "identity": "Identity",
        "address": "Address",
        "tags": [],
        "url": f"{url}/Bindings/{plain.sid}",
        "links": {"user": f"{url}/Users/Identity"},
    }
    assert [shown(each) for each in bindings.list(limit=20)] == [shown(plain), shown(full)]
    found = bindings.list(start_date="2015-07-30", identity=["00000001", "x"], tag=["new user", "apn"], limit=20)
    assert [each.sid for each in found] == [full.sid]
    assert bindings(full.sid).delete() is True
    assert [each.sid for each in bindings.list()] == [plain.sid]


# parameters


@pytest.mark.parametrize(
    ("sent", "refusal"),
    [
        ({}, missing("Identity")),
        ({"BindingType": "fax"}, missing("Identity")),
        ({"Identity": "alice"}, missing("BindingType")),
        ({"Identity": "alice", "BindingType": "fax"}, invalid("Binding", "BindingType")),
        ({"Identity": "alice", "BindingType": "sms"}, missing("Address")),
        (form(""), missing("Identity")),
        (form(type=""), missing("BindingType")),
        (form(address=""), missing("Address")),
        (form(address="", Tag=list("abcdefghijklmnopqrstu")), missing("Address")),
        (form(type="SMS"), invalid("Binding", "BindingType")),
        (form(CredentialSid="AC" + "a" * 32), invalid("Binding", "CredentialSid")),
        (form(CredentialSid="CR1"), invalid("Binding", "CredentialSid")),
        (form(Tag=list("abcdefghijklmnopqrstu"), CredentialSid="CR1"), invalid("Binding", "Tag")),
    ],
)
def test_a_bad_value_is_refused_and_changes_nothing(wire, fake_notify, service, sent, refusal):
    wire.post(PATH, form())
    before = fake_notify.snapshot()

    assert wire.post(PATH, sent).refusal == refusal
    assert not fake_notify.diff(before)


@pytest.mark.parametrize("sent", [None, "", "notification_protocol_version"])
def test_the_protocol_version_is_the_services_unless_one_is_sent(wire, fake_notify, sent):
    names = {"apn": "a", "gcm": "g", "fcm": "f", "alexa": "x"}
    service = fake_notify.create_service(
        **{f"default_{name}_notification_protocol_version": value for name, value in names.items()}
    )
    more = {} if sent is None else {"NotificationProtocolVersion": sent}
    path = f"/v1/Services/{service.sid}/Bindings"

    found = {
        type: wire.post(path, form(type=type, address=type, **more)).json["notification_protocol_version"]
        for type in TYPES
    }

    assert found == {type: sent or names.get(type, "default") for type in TYPES}


def test_the_protocol_version_is_fixed_at_creation(wire, service):
    created = wire.post(PATH, form(type="apn")).json
    wire.post(f"/v1/Services/{SERVICE_SID}", {"DefaultApnNotificationProtocolVersion": "3"})

    assert wire.get(created["url"]).json == created
    assert wire.post(PATH, form(type="apn", address="2")).json["notification_protocol_version"] == "3"


@pytest.mark.parametrize("type", TYPES)
def test_a_credential_sid_is_stored_and_shown_whatever_the_type(wire, fake_notify, type):
    service = fake_notify.create_service(fcm_credential_sid="CR" + "f" * 32)
    path = f"/v1/Services/{service.sid}/Bindings"

    overridden = wire.post(path, form(type=type, CredentialSid=CR)).json
    plain = wire.post(path, form(type=type, address="2")).json

    assert (overridden["credential_sid"], plain["credential_sid"]) == (CR, None)


@pytest.mark.fake_notify(credentials_checked="at_write")
@pytest.mark.parametrize(("type", "other"), [("apn", "fcm"), ("gcm", "apn"), ("fcm", "gcm")])
def test_a_credential_can_be_checked_at_write(wire, fake_notify, service, type, other):
    right, wrong = fake_notify.create_credential(type), fake_notify.create_credential(other)
    before = fake_notify.snapshot()

    refusals = [wire.post(PATH, form(type=type, CredentialSid=sid)).refusal for sid in (CR, wrong.sid)]

    mismatch = f"(Can not use credentialType='{other}' credentials for {type.upper()} notifications)"
    assert refusals == [(400, 52002, "Invalid Credential Sid"), (400, 52003, f"Invalid credential type{mismatch}")]
    assert not fake_notify.diff(before)
    assert wire.post(PATH, form(type=type, CredentialSid=right.sid)).status == 201
    assert wire.post(PATH, form(type=type, address="2")).status == 201


@pytest.mark.fake_notify(credentials_checked="at_write")
@pytest.mark.parametrize("type", ["sms", "facebook-messenger", "alexa"])
def test_a_credential_that_has_no_use_is_never_checked(wire, service, type):
    assert wire.post(PATH, form(type=type, CredentialSid=CR)).json["credential_sid"] == CR


def test_any_address_is_taken_at_write(wire, service):
    for type, address in product(TYPES, ("device_token", " ", "Address=+15005550006", "\x00")):
        assert wire.post(PATH, form(type=type, address=address)).json["address"] == address


APN_ADDRESS = "Address of Apn Binding must be a nonempty string of even number of hexadecimal characters"
SMS_ADDRESS = "Address of sms binding must be a valid phone number"


@pytest.mark.fake_notify(addresses_checked="at_write")
@pytest.mark.parametrize(
    ("type", "address", "message"),
    [
        ("apn", "Address", APN_ADDRESS),
        ("apn", TOKEN + " ", APN_ADDRESS),
        ("sms", "15005550006", SMS_ADDRESS),
        ("sms", "+1 500 555 0006", SMS_ADDRESS),
    ],
)
def test_a_bad_address_can_be_refused_at_write(wire, fake_notify, service, type, address, message):
    wire.post(PATH, form(type="fcm", address=address))
    before = fake_notify.snapshot()

    assert wire.post(PATH, form(type=type, address=address)).refusal == (400, 20001, message)
    assert not fake_notify.diff(before)


@pytest.mark.fake_notify(addresses_checked="at_write")
@pytest.mark.parametrize(
    ("type", "address"),
    [
        ("apn", TOKEN),
        ("apn", "AB"),
        ("sms", "+15005550006"),
        *((each, "any thing") for each in TYPES if each not in ("apn", "sms")),
    ],
)
def test_a_good_address_is_taken_where_addresses_are_checked(wire, service, type, address):
    assert wire.post(PATH, form(type=type, address=address)).status == 201


@warns
def test_an_endpoint_is_shown_and_makes_nothing_unique(wire, service):
    first = wire.post(PATH, form(Endpoint="phone")).json
    second = wire.post(PATH, form(address="2", Endpoint="phone")).json

    assert (first["endpoint"], second["endpoint"]) == ("phone", "phone")
    assert addresses(wire.get(PATH)) == ["+15005550006", "2"]


# tags


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (["b", "a", "b", "", "c", "a"], ["b", "a", "c"]),
        ([""], []),
        ([], []),
        (["A", "a", " a", "a "], ["A", "a", " a", "a "]),
        (["all", "sms", "apn"], ["all", "sms", "apn"]),
        (["vip,gold"], ["vip,gold"]),
        ([*"abcdefghijklmnopqrst", "", "a"], list("abcdefghijklmnopqrst")),
    ],
)
def test_tags_keep_their_order_and_lose_doubles_and_empty_ones(wire, service, sent, kept):
    created = wire.post(PATH, form(Tag=sent)).json

    assert (created["tags"], wire.get(created["url"]).json["tags"]) == (kept, kept)


def test_a_binding_with_the_tags_of_its_type_is_listed_once(wire, service):
    wire.post(PATH, form(Tag=["sms", "all", "apn"]))
    wire.post(PATH, form(type="apn", address="2"))

    found = {tag: addresses(wire.get(PATH, {"Tag": tag})) for tag in ("sms", "all", "apn", "fcm")}

    assert found == {
        "sms": ["+15005550006"],
        "all": ["+15005550006", "2"],
        "apn": ["+15005550006", "2"],
        "fcm": [],
    }


def test_a_loaded_binding_that_has_a_tag_twice_is_listed_once(wire, fake_notify, tmp_path):
    row = {"identity": "alice", "binding_type": "sms", "address": "+15005550006", "tags": ["vip", "vip"]}
    world = tmp_path / "world.json"
    world.write_text(json.dumps({"services": [{"sid": SERVICE_SID, "bindings": [row]}]}))
    fake_notify.load(world)

    assert addresses(wire.get(PATH, {"Tag": "vip"})) == ["+15005550006"]


# strings


@pytest.mark.parametrize(
    "text",
    [
        " padded ",
        "+15005550006",
        "50%",
        "a/b&c=d",
        "ß?#𝄞",
        "..",
        "\r\n",
        "x" * 10_000,
    ],
)
def test_strings_come_back_exactly_and_the_user_link_is_encoded(wire, fake_notify, service, text):
    created = wire.post(PATH, form(text, address=text, Tag=text)).json

    assert [created[name] for name in ("identity", "address", "tags")] == [text, text, [text]]
    assert created["links"] == {"user": f"{fake_notify.url}/v1/Services/{SERVICE_SID}/Users/{quote(text, safe='')}"}
    assert addresses(wire.get(PATH, {"Identity": text, "Tag": text})) == [text]


@settings(max_examples=50, deadline=None)
@given(text=st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_any_text_comes_back_exactly(text):
    fake = FakeNotify()
    service = fake.create_service()
    bindings = fake.client(in_process=True).notify.v1.services(service.sid).bindings

    created = bindings.create(text, "fcm", text, tag=[text])

    found = bindings.list(identity=[text], tag=[text])
    assert [(each.sid, each.identity, each.address, each.tags) for each in found] == [(created.sid, text, text, [text])]


@pytest.mark.parametrize("legacy", [True, False])
def test_the_link_to_the_user_stays_without_the_withdrawn_resources(open_fake, wire_of, legacy):
    fake = open_fake(legacy_resources=legacy)
    service = fake.create_service()

    answer = wire_of(fake).post(f"/v1/Services/{service.sid}/Bindings", form())

    assert answer.json["links"] == {"user": f"{fake.url}/v1/Services/{service.sid}/Users/alice"}


# replacement


@pytest.mark.parametrize("type", ["sms", "fcm"])
@pytest.mark.parametrize("identity", ["alice", "bob"])
def test_a_binding_with_a_known_address_replaces_it(wire, fake_notify, service, identity, type):
    old = wire.post(PATH, form(Tag=["vip"], CredentialSid=CR, NotificationProtocolVersion="9")).json
    fake_notify.clock.tick()
    other = wire.post(PATH, form(address="other")).json
    fake_notify.clock.tick()

    new = wire.post(PATH, form(identity, type)).json

    assert new == old | {
        "sid": fake_notify.bindings.last.sid,
        "binding_type": type,
        "identity": identity,
        "credential_sid": None,
        "notification_protocol_version": {"sms": "default", "fcm": "3"}[type],
        "tags": [],
        "date_created": "2015-07-30T20:00:02Z",
        "date_updated": "2015-07-30T20:00:02Z",
        "links": {"user": old["links"]["user"].replace("alice", identity)},
        "url": new["url"],
    }
    assert new["sid"] != old["sid"]
    path = f"{PATH}/{old['sid']}"
    assert [wire.get(path).refusal, wire.delete(path).refusal] == [not_found(path), not_found(path)]
    assert wire.get(PATH).json["bindings"] == [other, new]
    assert addresses(wire.get(PATH, {"Tag": "vip"})) == []


def test_the_same_address_in_another_service_is_another_binding(wire, fake_notify, service):
    buyer = wire.post(PATH, form()).json
    seller = wire.post(f"/v1/Services/{fake_notify.create_service().sid}/Bindings", form()).json

    assert [wire.get(each["url"]).json for each in (buyer, seller)] == [buyer, seller]


def test_another_address_of_the_same_identity_is_another_binding(wire, service):
    for address in ("1", "2", " 1", "1 "):
        wire.post(PATH, form(address=address))

    assert addresses(wire.get(PATH)) == ["1", "2", " 1", "1 "]


@pytest.mark.fake_notify(replacement_keeps_sid=True)
@pytest.mark.parametrize("identity", ["alice", "bob"])
def test_a_replacement_can_keep_sid_creation_date_and_place(wire, fake_notify, service, identity):
    old = wire.post(PATH, form(Tag="vip")).json
    other = wire.post(PATH, form(address="other")).json
    fake_notify.clock.tick()

    new = wire.post(PATH, form(identity, Tag="gold")).json

    assert new == old | {
        "identity": identity,
        "tags": ["gold"],
        "date_updated": LATER,
        "links": {"user": old["links"]["user"].replace("alice", identity)},
    }
    assert wire.get(PATH).json["bindings"] == [new, other]
    assert wire.get(PATH, {"Identity": identity, "Tag": "gold"}).json["bindings"] == [new]
    assert wire.get(PATH, {"Tag": "vip"}).json["bindings"] == []


@pytest.mark.fake_notify(address_scope="service_and_type")
def test_an_address_can_stand_once_for_each_type(wire, service):
    for type in ("fcm", "gcm", "sms"):
        wire.post(PATH, form(type=type))
    wire.post(PATH, form("bob", "gcm"))

    rows = wire.get(PATH).json["bindings"]
    assert [(row["identity"], row["binding_type"]) for row in rows] == [
        ("alice", "fcm"),
        ("alice", "sms"),
        ("bob", "gcm"),
    ]


@pytest.mark.parametrize(
    "bad", [{"CredentialSid": "CR1"}, {"Tag": list("abcdefghijklmnopqrstu")}, {"BindingType": "x"}]
)
def test_a_refused_replacement_leaves_the_old_binding_alone(wire, fake_notify, service, bad):
    wire.post(PATH, form(Tag="vip"))
    before = fake_notify.snapshot()

    assert wire.post(PATH, form("bob") | bad).status == 400
    assert not fake_notify.diff(before)


# twenty


def test_the_21st_binding_of_an_identity_is_refused(wire, fake_notify, service, crowd):
    crowd(fake_notify)
    before = fake_notify.snapshot()

    assert wire.post(PATH, form(address="20")).refusal == IDENTITY_LIMIT
    assert not fake_notify.diff(before)


def test_twilio_raises_for_the_21st_binding(fake_notify, fake_notify_client, service, crowd):
    crowd(fake_notify)

    with pytest.raises(TwilioRestException) as caught:
        fake_notify_client.notify.v1.services(SERVICE_SID).bindings.create("alice", "sms", "20")

    assert (caught.value.status, caught.value.code, caught.value.msg) == (
        400,
        20001,
        f"Unable to create record: {IDENTITY_LIMIT[2]}",
    )


def test_the_limit_counts_one_identity_in_one_service(wire, fake_notify, service, crowd):
    crowd(fake_notify)
    other = fake_notify.create_service()

    assert wire.post(PATH, form("bob", address="20")).status == 201
    assert wire.post(PATH, form("Alice", address="21")).status == 201
    assert wire.post(f"/v1/Services/{other.sid}/Bindings", form()).status == 201


@pytest.mark.parametrize("limit", ["reject", "evict_oldest"])
@pytest.mark.parametrize("keeps", [False, True])
def test_replacing_its_own_binding_never_counts_extra(open_fake, wire_of, crowd, limit, keeps):
    fake = open_fake(identity_limit=limit, replacement_keeps_sid=keeps)
    fake.create_service(sid=SERVICE_SID)
    crowd(fake)

    assert wire_of(fake).post(PATH, form(address="7", type="apn")).status == 201
    assert sorted(each.address for each in fake.bindings) == sorted(str(at) for at in range(20))


def test_after_a_delete_there_is_room_again(wire, fake_notify, service, crowd):
    crowd(fake_notify)
    wire.delete(f"{PATH}/{fake_notify.bindings[3].sid}")

    assert [wire.post(PATH, form(address=address)).status for address in ("20", "21")] == [201, 400]


def test_taking_an_address_over_counts_and_if_refused_leaves_the_owner_alone(wire, fake_notify, service, crowd):
    crowd(fake_notify)
    wire.post(PATH, form("bob", address="bob's", Tag="vip"))
    before = fake_notify.snapshot()

    assert wire.post(PATH, form("alice", address="bob's")).refusal == IDENTITY_LIMIT
    assert not fake_notify.diff(before)


def test_an_address_that_was_taken_over_makes_room(wire, fake_notify, service, crowd):
    crowd(fake_notify)

    assert wire.post(PATH, form("bob", address="0")).status == 201
    assert wire.post(PATH, form("alice", address="20")).status == 201


@pytest.mark.fake_notify(identity_limit="evict_oldest")
def test_the_21st_binding_can_take_the_place_of_the_oldest(wire, fake_notify, service, crowd):
    crowd(fake_notify, "bob", count=1)
    crowd(fake_notify, count=20)  # alice has taken "0" over, so it is her oldest
    wire.post(PATH, form("bob", address="bob's"))

    assert wire.post(PATH, form(address="20")).status == 201
    assert wire.post(PATH, form(address="bob's")).status == 201
    assert [(each.identity, each.address) for each in fake_notify.bindings] == [
        ("alice", str(at)) for at in range(2, 21)
    ] + [("alice", "bob's")]


# filters

PEOPLE = [  # identity, type, address, tags, created
    ("alice", "apn", "1", ["vip"], "2015-07-29T23:59:59Z"),
    ("alice", "sms", "2", ["vip", "new user"], "2015-07-30T00:00:00Z"),
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


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({}, "1234567"),
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
        ({"Tag": "sms"}, "235"),
        ({"Tag": "facebook-messenger"}, "6"),
        ({"Tag": "alexa"}, "7"),
        ({"Tag": ["sms", "gcm"]}, "5"),
        ({"StartDate": "2015-07-30"}, "234567"),
        ({"StartDate": ""}, "1234567"),
        ({"EndDate": "2015-07-30"}, "1234"),
        ({"StartDate": "2015-07-31", "EndDate": "2015-07-30"}, ""),
        ({"Identity": ["alice", "bob"], "Tag": ["all", "new user", "sms"]}, "23"),
        ({"Identity": ["alice", "bob"], "StartDate": "2015-07-30", "EndDate": "2015-07-30"}, "234"),
        ({"Identity": ["alice", "carol"], "Tag": "vip", "StartDate": "2015-07-30", "EndDate": "2015-07-30"}, "2"),
    ],
)
def test_a_list_has_any_of_the_identities_and_all_of_the_tags_within_the_days(wire, people, filters, found):
    answer = wire.get(PATH, filters)

    assert (answer.status, addresses(answer)) == (200, list(found))


def test_any_filters_together_find_what_each_of_them_finds(wire, people):
    identities = [[], ["alice"], ["bob", "carol"]]
    tags = [[], ["vip"], ["sms"], ["sms", "new user"]]
    days = [None, "2015-07-30", "2015-07-31"]
    for who, what, start, end in product(identities, tags, days, days):
        asked = {"Identity": who, "Tag": what, **({"StartDate": start} if start else {})}
        expected = [
            address
            for identity, type, address, own, moment in PEOPLE
            if (not who or identity in who)
            and set(what) <= {*own, type}
            and (start or "") <= moment[:10] <= (end or "9")
        ]
        assert addresses(wire.get(PATH, asked | ({"EndDate": end} if end else {}))) == expected


DATE = "Invalid {0}: {1}. {0} must be a valid date: yyyy-MM-dd"


@pytest.mark.parametrize(
    ("filters", "message"),
    [
        ({"Tag": ["a"] * 6}, "Parameter 'Tag' is invalid"),
        ({"StartDate": "2015-02-30"}, DATE.format("StartDate", "2015-02-30")),
        ({"EndDate": "2015-07-30T00:00:00Z"}, DATE.format("EndDate", "2015-07-30T00:00:00Z")),
        ({"EndDate": " "}, DATE.format("EndDate", " ")),
        ({"EndDate": "x", "StartDate": "y"}, DATE.format("StartDate", "y")),
        ({"EndDate": "x", "Tag": list("abcdef")}, "Parameter 'Tag' is invalid"),
        ({"EndDate": "x", "PageSize": "x"}, DATE.format("EndDate", "x")),
    ],
)
def test_a_bad_filter_is_refused(wire, people, filters, message):
    assert wire.get(PATH, filters).refusal == (400, 20001, message)


def test_twilio_filters_by_dates_in_any_form(fake_notify_client, people):
    bindings = fake_notify_client.notify.v1.services(SERVICE_SID).bindings
    day = datetime(2015, 7, 30, 18, 30, tzinfo=timezone.utc)

    found = [
        bindings.list(start_date=day, end_date=day),
        bindings.list(start_date=date(2015, 7, 30), end_date="2015-07-30", identity=["bob"], tag=["sms"]),
        bindings.list(identity="alice", tag="sms"),
    ]

    assert ["".join(each.address for each in listed) for listed in found] == ["234", "3", "2"]


def test_a_list_without_a_match_is_printed_as_in_twilios_own_example(twilio_wire, people):
    answer = twilio_wire.get(PATH, {"Tag": "tag", "Identity": "identity"})

    here = f"https://notify.twilio.com{PATH}?Tag=tag&Identity=identity&PageSize=50&Page=0"
    assert (answer.status, answer.body.decode()) == (
        200,
        f'{{"bindings": [], "meta": {{"page": 0, "page_size": 50, "first_page_url": "{here}", '
        f'"previous_page_url": null, "url": "{here}", "next_page_url": null, "key": "bindings"}}}}',
    )


def test_a_list_holds_the_bindings_of_one_service(wire, fake_notify, service):
    other = fake_notify.create_service()
    fake_notify.create_binding(other.sid, identity="alice", binding_type="sms", address="+15005550006")

    assert wire.get(PATH, {"Identity": "alice"}).json["bindings"] == []


# what is not there


def test_a_binding_is_found_in_its_own_service_only(wire, fake_notify, service):
    created = wire.post(PATH, form()).json
    path = f"/v1/Services/{fake_notify.create_service().sid}/Bindings/{created['sid']}"

    assert [wire.get(path).refusal, wire.delete(path).refusal] == [not_found(path), not_found(path)]
    assert wire.get(created["url"]).json == created


@pytest.mark.parametrize("sid", ["BS" + "b" * 32, "x", "MG" + "a" * 32])
def test_a_binding_that_is_not_there_is_404(wire, service, sid):
    path = f"{PATH}/{sid}"

    assert [wire.get(path).refusal, wire.delete(path).refusal] == [not_found(path), not_found(path)]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_bindings_of_a_service_that_is_not_there_are_404_whatever_the_parameters(wire, method):
    path = "/v1/Services/ISb/Bindings"

    assert wire.send(method, path + "?PageSize=x" * (method == "GET")).refusal == not_found(path)


def test_a_binding_is_gone_after_its_delete(wire, service):
    created = wire.post(PATH, form()).json
    path = f"{PATH}/{created['sid']}"

    gone = wire.delete(path)

    assert (gone.status, gone.body) == (204, b"")
    assert [wire.delete(path).refusal, wire.get(path).refusal] == [not_found(path), not_found(path)]
    assert addresses(wire.get(PATH)) == []
    assert wire.post(PATH, form()).json["sid"] != created["sid"]


def test_a_binding_can_not_be_updated(wire, service):
    created = wire.post(PATH, form()).json

    assert wire.post(created["url"], {"Tag": "vip"}).refusal == (405, 20004, "Method not allowed")
    assert wire.get(created["url"]).json == created


def test_an_address_that_two_types_shared_is_replaced_whole_once_the_rule_is_another(fake_notify):
    fake_notify.behaviour = Behaviour(address_scope="service_and_type")
    service = fake_notify.create_service()
    for binding_type in ("fcm", "gcm"):
        fake_notify.create_binding(service.sid, identity="alice", binding_type=binding_type, address="token")
    fake_notify.behaviour = Behaviour()

    newest = fake_notify.create_binding(service.sid, identity="bob", binding_type="fcm", address="token")

    assert fake_notify.bindings == [newest]
