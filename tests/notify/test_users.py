"""Users, their Bindings, Segments and memberships, over the wire; Twilio withdrew them in 2018."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import Any
from urllib.parse import quote

import pytest
from answers import IDENTITY_LIMIT, missing, not_found

from fakenotify import TwilioError
from fakenotify.notify.records import Segment, User

NOW = "2017-02-17T07:17:02Z"
LATER = "2017-02-17T07:17:03Z"
MOMENT = datetime(2017, 2, 17, 7, 17, 2, tzinfo=timezone.utc)
SERVICE_SID = "IS" + "a" * 32
SERVICE = f"/v1/Services/{SERVICE_SID}"
USERS = SERVICE + "/Users"
SEGMENTS = SERVICE + "/Segments"
PUBLIC = "https://notify.twilio.com" + SERVICE
BINDING = {"BindingType": "sms", "Address": "+15005550006"}

USER_EXISTS = (409, 52304, "User already exists")
IN_SEGMENT = (409, 52305, "User already belongs to the segment")
HAS_BINDINGS = (409, 52306, "Cannot delete User resource with Bindings")
NO_METHOD = (405, 20004, "Method not allowed")
SEGMENT_INVALID = (400, 20001, "Can not convert incoming parameters to User object: Parameter 'Segment' is invalid")

pytestmark = pytest.mark.fake_notify(frozen=NOW)
warns = pytest.mark.filterwarnings("ignore:fakenotify")

ODD = [
    "a b",
    "a+b@example.com",
    "+15005550006",
    "a/b",
    "a%2Fb",
    "?x=1&y#z",
    "Jürgen",
    "😀",
    ".",
    "..",
    "a.json.x",
    "~-_.",
]


def user(identity: str) -> str:
    return f"{USERS}/{quote(identity, safe='')}"


def identities(answer: Any) -> list[str]:
    return [row["identity"] for row in answer.json["users"]]


def names(answer: Any) -> list[str]:
    return [row["unique_name"] for row in answer.json["segments"]]


def addresses(answer: Any) -> list[str]:
    return [row["address"] for row in answer.json["bindings"]]


# printing


def test_a_user_is_printed_as_in_the_sample(twilio_wire, fake_notify, service):
    answer = twilio_wire.post(USERS, {"Identity": "identity", "Segment": "segment1"})

    assert (answer.status, answer.reason, answer.body.decode()) == (
        201,
        "CREATED",
        f'{{"account_sid": "{fake_notify.account_sid}", "date_created": "{NOW}", "date_updated": "{NOW}", '
        f'"identity": "identity", "links": {{"bindings": "{PUBLIC}/Users/identity/Bindings", '
        f'"segment_memberships": "{PUBLIC}/Users/identity/SegmentMemberships"}}, "segments": ["segment1"], '
        f'"service_sid": "{SERVICE_SID}", "sid": "{fake_notify.users.last.sid}", "url": "{PUBLIC}/Users/identity"}}',
    )
    assert (fake_notify.users.last.sid[:2], len(fake_notify.users.last.sid)) == ("US", 34)
    assert twilio_wire.get(user("identity")).body == answer.body


def test_a_membership_is_printed_as_in_the_sample(twilio_wire, fake_notify, service):
    twilio_wire.post(USERS, {"Identity": "identity"})

    answer = twilio_wire.post(user("identity") + "/SegmentMemberships", {"Segment": "segment"})

    assert (answer.status, answer.body.decode()) == (
        201,
        f'{{"account_sid": "{fake_notify.account_sid}", "identity": "identity", "segment": "segment", '
        f'"service_sid": "{SERVICE_SID}", "url": "{PUBLIC}/Users/identity/SegmentMemberships/segment"}}',
    )
    fetched = twilio_wire.get(user("identity") + "/SegmentMemberships/segment")
    assert (fetched.status, fetched.body) == (200, answer.body)


def test_a_segment_is_printed_as_in_the_sample(twilio_wire, fake_notify, service):
    twilio_wire.post(USERS, {"Identity": "identity", "Segment": "segment"})

    answer = twilio_wire.get(SEGMENTS)

    (segment,) = fake_notify.segments
    page = f"{PUBLIC}/Segments?PageSize=50&Page=0"
    assert (answer.status, answer.body.decode()) == (
        200,
        f'{{"segments": [{{"account_sid": "{fake_notify.account_sid}", "date_created": "{NOW}", '
        f'"date_updated": "{NOW}", "service_sid": "{SERVICE_SID}", "sid": "{segment.sid}", '
        '"unique_name": "segment"}], '
        f'"meta": {{"page": 0, "page_size": 50, "first_page_url": "{page}", "previous_page_url": null, '
        f'"url": "{page}", "next_page_url": null, "key": "segments"}}}}',
    )
    assert (segment.sid[:2], len(segment.sid)) == ("GS", 34)


@warns
def test_a_users_binding_is_printed_in_the_samples_order(twilio_wire, fake_notify, service):
    twilio_wire.post(USERS, {"Identity": "identity"})

    answer = twilio_wire.post(
        user("identity") + "/Bindings",
        {
            "BindingType": "apn",
            "Address": "a7c6",
            "Tag": ["vip", "vip", "news"],
            "Endpoint": "endpoint",
            "NotificationProtocolVersion": "3",
            "CredentialSid": "CR" + "a" * 32,
        },
    )

    binding = fake_notify.bindings.last
    assert (answer.status, answer.body.decode()) == (
        201,
        f'{{"account_sid": "{fake_notify.account_sid}", "address": "a7c6", "binding_type": "apn", '
        f'"credential_sid": "CR{"a" * 32}", "date_created": "{NOW}", "date_updated": "{NOW}", "endpoint": "endpoint", '
        f'"links": {{"user": "{PUBLIC}/Users/identity"}}, "identity": "identity", '
        f'"notification_protocol_version": "3", "service_sid": "{SERVICE_SID}", "sid": "{binding.sid}", '
        f'"tags": ["vip", "news"], "url": "{PUBLIC}/Users/identity/Bindings/{binding.sid}"}}',
    )
    fetched = twilio_wire.get(f"{user('identity')}/Bindings/{binding.sid}")
    assert (fetched.status, fetched.body) == (200, answer.body)


# Users


def test_a_user_is_created_fetched_and_deleted(wire, fake_notify, service):
    created = wire.post(USERS, {"Identity": "User0001", "Segment": ["premium", "fitness-lifestyle"]})
    fetched = wire.get(user("User0001"))
    deleted = wire.delete(user("User0001"))
    again = wire.delete(user("User0001"))

    assert (created.status, created.json["segments"]) == (201, ["premium", "fitness-lifestyle"])
    assert (fetched.status, fetched.json) == (200, created.json)
    assert (deleted.status, deleted.body) == (204, b"")
    assert again.refusal == not_found(user("User0001"))
    assert fake_notify.users == []


def test_a_record_of_a_user_says_what_the_wire_says(wire, fake_notify, service):
    wire.post(USERS, {"Identity": "alice", "Segment": "premium"})

    assert fake_notify.users == [
        User(
            sid=fake_notify.users.last.sid,
            account_sid=fake_notify.account_sid,
            service_sid=SERVICE_SID,
            identity="alice",
            segments=["premium"],
            date_created=MOMENT,
            date_updated=MOMENT,
        )
    ]
    assert fake_notify.segments == [
        Segment(
            sid=fake_notify.segments.last.sid,
            account_sid=fake_notify.account_sid,
            service_sid=SERVICE_SID,
            unique_name="premium",
            date_created=MOMENT,
            date_updated=MOMENT,
        )
    ]


@pytest.mark.parametrize("form", [{}, {"Identity": ""}, {"Segment": "premium"}])
def test_a_user_needs_an_identity(wire, fake_notify, service, form):
    assert wire.post(USERS, form).refusal == missing("Identity")
    assert (fake_notify.users, fake_notify.segments) == ([], [])


def test_a_user_that_exists_is_refused_and_stays_as_it_was(wire, fake_notify, service):
    wire.post(USERS, {"Identity": "alice", "Segment": "premium"})
    before = fake_notify.snapshot()

    assert wire.post(USERS, {"Identity": "alice", "Segment": "other"}).refusal == USER_EXISTS
    assert not fake_notify.diff(before)


def test_identities_have_case_and_belong_to_a_service(wire, fake_notify, service):
    other = fake_notify.create_service()

    made = [
        wire.post(path, {"Identity": identity}).status
        for path, identity in (
            (USERS, "alice"),
            (USERS, "Alice"),
            (USERS, "alice "),
            (f"/v1/Services/{other.sid}/Users", "alice"),
        )
    ]

    assert made == [201] * 4
    assert wire.get(user("ALICE")).refusal == not_found(user("ALICE"))


def test_twenty_segments_may_be_given_and_not_one_more(wire, fake_notify, service):
    segments = [f"segment {number}" for number in range(21)]

    assert wire.post(USERS, {"Identity": "alice", "Segment": segments[:20] * 2}).json["segments"] == segments[:20]
    assert wire.post(USERS, {"Identity": "bob", "Segment": segments}).refusal == SEGMENT_INVALID
    assert [each.identity for each in fake_notify.users] == ["alice"]


@pytest.mark.parametrize("identity", ODD)
def test_any_identity_is_found_at_its_url(twilio_wire, service, identity):
    created = twilio_wire.post(USERS, {"Identity": identity})

    url = f"{PUBLIC}/Users/{quote(identity, safe='')}"
    assert (created.json["identity"], created.json["url"]) == (identity, url)
    assert created.json["links"] == {"bindings": url + "/Bindings", "segment_memberships": url + "/SegmentMemberships"}
    assert twilio_wire.get(created.json["url"]).json == created.json
    binding = twilio_wire.post(created.json["links"]["bindings"], BINDING)
    assert (binding.status, binding.json["identity"], binding.json["links"]) == (201, identity, {"user": url})
    assert twilio_wire.get(binding.json["url"]).json == binding.json
    membership = twilio_wire.post(created.json["links"]["segment_memberships"], {"Segment": identity})
    assert (membership.status, membership.json["segment"]) == (201, identity)
    assert twilio_wire.get(membership.json["url"]).json == membership.json
    assert twilio_wire.delete(membership.json["url"]).status == 204
    assert twilio_wire.delete(binding.json["url"]).status == 204
    assert twilio_wire.delete(created.json["url"]).status == 204


def test_a_path_may_name_a_user_by_sid(wire, fake_notify, service):
    wire.post(USERS, {"Identity": "alice", "Segment": "premium"})
    path = f"{USERS}/{fake_notify.users.last.sid}"

    assert wire.get(path).json["identity"] == "alice"
    binding = wire.post(path + "/Bindings", BINDING).json
    assert (binding["identity"], binding["url"].endswith(f"/Users/alice/Bindings/{binding['sid']}")) == ("alice", True)
    assert wire.get(f"{path}/Bindings/{binding['sid']}").json == binding
    assert wire.get(path + "/SegmentMemberships/premium").json["identity"] == "alice"
    assert wire.delete(f"{path}/Bindings/{binding['sid']}").status == 204
    assert wire.delete(path).status == 204


def test_an_identity_that_looks_like_a_users_sid_comes_first(wire, fake_notify, service):
    wire.post(USERS, {"Identity": "alice"})
    sid = fake_notify.users.last.sid
    wire.post(USERS, {"Identity": sid})

    assert wire.get(f"{USERS}/{sid}").json["identity"] == sid


# lists


@pytest.fixture
def crowd(wire, service, fake_notify):
    """Four Users, one made by a Binding."""
    for identity, segments in (("alice", ["premium", "north"]), ("bob", ["north"]), ("carol", [])):
        wire.post(USERS, {"Identity": identity, "Segment": segments})
        fake_notify.clock.tick()
    fake_notify.create_binding(SERVICE_SID, identity="dave", binding_type="sms", address="+1501")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ([], ["alice", "bob", "carol", "dave"]),
        ([("Identity", "bob")], ["bob"]),
        ([("Identity", "alice"), ("Identity", "dave"), ("Identity", "alice")], ["alice", "dave"]),
        ([("Identity", "nobody")], []),
        ([("Identity", "")], ["alice", "bob", "carol", "dave"]),
        ([("Segment", "north")], ["alice", "bob"]),
        ([("Segment", "nowhere")], []),
        ([("Segment", "north"), ("Identity", "alice"), ("Identity", "carol")], ["alice"]),
    ],
)
def test_users_are_listed_oldest_first_by_identity_and_segment(wire, crowd, query, expected):
    assert identities(wire.get(USERS, query)) == expected


def test_a_list_of_users_says_where_its_pages_are(twilio_wire, crowd):
    answer = twilio_wire.get(
        USERS, [("Segment", "north"), ("Identity", "alice"), ("Identity", "a b"), ("PageSize", "1")]
    )

    page = f"{PUBLIC}/Users?Identity=alice&Identity=a%20b&Segment=north&PageSize=1&Page=0"
    assert answer.json["meta"] == {
        "page": 0,
        "page_size": 1,
        "first_page_url": page,
        "previous_page_url": None,
        "url": page,
        "next_page_url": None,
        "key": "users",
    }


@pytest.mark.parametrize(
    ("path", "key", "field", "expected"),
    [
        (USERS, "users", "identity", ["alice", "bob", "carol", "dave"]),
        (SEGMENTS, "segments", "unique_name", ["premium", "north"]),
        (user("dave") + "/Bindings", "bindings", "address", ["+1501", "+1502"]),
    ],
)
def test_every_list_is_walked_page_by_page(wire, crowd, path, key, field, expected):
    wire.post(user("dave") + "/Bindings", {**BINDING, "Address": "+1502"})
    found = []
    following: str | None = path + "?PageSize=1"
    while following:
        answer = wire.get(following)
        assert answer.json["meta"]["key"] == key
        found += [row[field] for row in answer.json[key]]
        following = answer.json["meta"]["next_page_url"]

    assert found == expected


# their Bindings


def test_a_users_binding_is_the_binding_of_the_service(wire, fake_notify, service):
    wire.post(USERS, {"Identity": "alice"})
    of_user = wire.post(user("alice") + "/Bindings", BINDING).json

    of_service = wire.get(f"{SERVICE}/Bindings/{of_user['sid']}").json
    assert {**of_user, "url": ""} == {**of_service, "url": ""}
    assert of_service["url"] == f"{fake_notify.url}{SERVICE}/Bindings/{of_user['sid']}"

    assert wire.delete(f"{SERVICE}/Bindings/{of_user['sid']}").status == 204
    assert wire.get(f"{user('alice')}/Bindings/{of_user['sid']}").status == 404


def test_a_users_bindings_are_listed_with_the_filters_of_bindings(wire, fake_notify, service):
    wire.post(USERS, {"Identity": "alice"})
    wire.post(user("alice") + "/Bindings", {"BindingType": "sms", "Address": "1", "Tag": ["vip", "news"]})
    fake_notify.create_binding(SERVICE_SID, identity="bob", binding_type="sms", address="2", tags=["vip"])
    fake_notify.clock.shift(days=1)
    wire.post(user("alice") + "/Bindings", {"BindingType": "apn", "Address": "3", "Tag": "vip"})
    path = user("alice") + "/Bindings"

    assert addresses(wire.get(path)) == ["1", "3"]
    assert addresses(wire.get(path, {"Tag": "vip"})) == ["1", "3"]
    assert addresses(wire.get(path, {"Tag": ["vip", "news"]})) == ["1"]
    assert addresses(wire.get(path, {"Tag": "apn"})) == ["3"]
    assert addresses(wire.get(path, {"StartDate": "2017-02-18"})) == ["3"]
    assert addresses(wire.get(path, {"EndDate": "2017-02-17"})) == ["1"]
    assert (
        wire.get(path).json["bindings"][-1]["url"].endswith(f"{user('alice')}/Bindings/{fake_notify.bindings.last.sid}")
    )


@warns
def test_an_identity_is_no_filter_of_a_users_bindings(wire, fake_notify, service):
    fake_notify.create_binding(SERVICE_SID, identity="alice", binding_type="sms", address="1")

    assert addresses(wire.get(user("alice") + "/Bindings", {"Identity": "bob"})) == ["1"]
    assert fake_notify.requests.last.warnings == ["parameter 'Identity' was not read"]


@pytest.mark.parametrize(
    ("form", "refusal"),
    [
        ({}, missing("BindingType")),
        ({"BindingType": "sms"}, missing("Address")),
        ({"BindingType": "x", "Address": "1"}, "BindingType"),
        ({**BINDING, "Tag": [str(number) for number in range(21)]}, "Tag"),
        ({**BINDING, "CredentialSid": "x"}, "CredentialSid"),
    ],
)
def test_a_users_binding_is_refused_as_a_binding_is(wire, fake_notify, service, form, refusal):
    if isinstance(refusal, str):
        refusal = (
            400,
            20001,
            f"Can not convert incoming parameters to Binding object: Parameter '{refusal}' is invalid",
        )
    wire.post(USERS, {"Identity": "alice"})

    assert wire.post(user("alice") + "/Bindings", form).refusal == refusal
    assert fake_notify.bindings == []


def test_a_user_has_twenty_bindings_at_most(wire, service):
    wire.post(USERS, {"Identity": "alice"})
    path = user("alice") + "/Bindings"
    made = [wire.post(path, {"BindingType": "sms", "Address": str(number)}).status for number in range(20)]

    assert made == [201] * 20
    assert wire.post(path, BINDING).refusal == IDENTITY_LIMIT


def test_a_users_binding_takes_an_address_from_another(wire, fake_notify, service):
    wire.post(USERS, {"Identity": "alice"})
    wire.post(USERS, {"Identity": "bob"})
    old = wire.post(user("alice") + "/Bindings", BINDING).json["sid"]

    wire.post(user("bob") + "/Bindings", BINDING)

    assert [(each.identity, each.address) for each in fake_notify.bindings] == [("bob", "+15005550006")]
    assert wire.get(f"{user('alice')}/Bindings/{old}").status == 404


def test_another_users_binding_is_not_found(wire, fake_notify, service):
    wire.post(USERS, {"Identity": "alice"})
    bobs = fake_notify.create_binding(SERVICE_SID, identity="bob", binding_type="sms", address="1")
    path = f"{user('alice')}/Bindings/{bobs.sid}"

    assert wire.get(path).refusal == not_found(path)
    assert wire.delete(path).refusal == not_found(path)
    assert fake_notify.bindings == [bobs]


# Users that nobody created


def test_a_binding_creates_the_user_of_its_identity(wire, fake_notify, service):
    binding = wire.post(f"{SERVICE}/Bindings", {"Identity": "alice", **BINDING}).json
    fake_notify.clock.tick()

    answer = wire.get(binding["links"]["user"])

    assert (answer.status, answer.json["identity"], answer.json["segments"]) == (200, "alice", [])
    assert (answer.json["date_created"], answer.json["date_updated"]) == (NOW, NOW)
    assert [each.identity for each in fake_notify.users] == ["alice"]


def test_bindings_and_creates_make_users_in_one_order(wire, fake_notify, service):
    wire.post(f"{SERVICE}/Bindings", {"Identity": "b", "BindingType": "sms", "Address": "1"})
    wire.post(USERS, {"Identity": "a"})
    wire.post(f"{SERVICE}/Bindings", {"Identity": "a", "BindingType": "sms", "Address": "2"})
    wire.post(f"{SERVICE}/Bindings", {"Identity": "c", "BindingType": "sms", "Address": "3"})
    wire.post(f"{SERVICE}/Bindings", {"Identity": "b", "BindingType": "sms", "Address": "4"})

    assert identities(wire.get(USERS)) == ["b", "a", "c"]
    assert [each.identity for each in fake_notify.users] == ["b", "a", "c"]


def test_a_user_outlives_its_last_binding(wire, fake_notify, service):
    binding = wire.post(f"{SERVICE}/Bindings", {"Identity": "alice", **BINDING}).json
    wire.delete(f"{SERVICE}/Bindings/{binding['sid']}")

    assert wire.get(user("alice")).status == 200
    assert [each.identity for each in fake_notify.users] == ["alice"]


def test_a_refused_binding_creates_no_user(wire, service):
    wire.post(f"{SERVICE}/Bindings", {"Identity": "alice", "BindingType": "x", "Address": "1"})

    assert wire.get(user("alice")).status == 404


def test_a_user_with_bindings_cannot_be_deleted(wire, fake_notify, service):
    wire.post(f"{SERVICE}/Bindings", {"Identity": "alice", **BINDING})
    assert wire.delete(user("alice")).refusal == HAS_BINDINGS
    before = fake_notify.snapshot()
    assert wire.delete(user("alice")).refusal == HAS_BINDINGS
    assert not fake_notify.diff(before)

    wire.delete(f"{SERVICE}/Bindings/{fake_notify.bindings.last.sid}")

    assert wire.delete(user("alice")).status == 204


def test_a_deleted_user_comes_back_with_its_next_binding(wire, fake_notify, service):
    wire.post(USERS, {"Identity": "alice", "Segment": "premium"})
    old = fake_notify.users.last
    wire.delete(user("alice"))
    assert wire.post(user("alice") + "/Bindings", BINDING).refusal == not_found(user("alice") + "/Bindings")

    wire.post(f"{SERVICE}/Bindings", {"Identity": "alice", **BINDING})

    (new,) = fake_notify.users
    assert (new.identity, new.segments, new.sid == old.sid) == ("alice", [], False)


# memberships


def test_a_user_joins_and_leaves_a_segment(wire, fake_notify, service):
    wire.post(USERS, {"Identity": "alice", "Segment": "premium"})
    path = user("alice") + "/SegmentMemberships"
    fake_notify.clock.tick()

    assert wire.post(path, {"Segment": "north"}).status == 201
    joined = wire.get(user("alice")).json
    fake_notify.clock.tick()
    left = wire.delete(path + "/premium")
    after = wire.get(user("alice")).json

    assert (joined["segments"], joined["date_created"], joined["date_updated"]) == (["premium", "north"], NOW, LATER)
    assert (left.status, left.body) == (204, b"")
    assert (after["segments"], after["date_updated"]) == (["north"], "2017-02-17T07:17:04Z")
    assert wire.get(path + "/premium").refusal == not_found(path + "/premium")
    assert wire.delete(path + "/premium").refusal == not_found(path + "/premium")
    assert wire.post(path, {"Segment": "premium"}).status == 201


def test_joining_twice_is_refused(wire, fake_notify, service):
    wire.post(USERS, {"Identity": "alice", "Segment": "premium"})
    before = fake_notify.snapshot()

    assert wire.post(user("alice") + "/SegmentMemberships", {"Segment": "premium"}).refusal == IN_SEGMENT
    assert not fake_notify.diff(before)


def test_a_user_is_in_twenty_segments_at_most(wire, fake_notify, service):
    wire.post(USERS, {"Identity": "alice", "Segment": [str(number) for number in range(20)]})
    path = user("alice") + "/SegmentMemberships"

    assert wire.post(path, {"Segment": "twenty-first"}).refusal == SEGMENT_INVALID
    assert wire.post(path, {"Segment": "7"}).refusal == IN_SEGMENT
    assert len(fake_notify.segments) == 20
    wire.delete(path + "/7")
    assert wire.post(path, {"Segment": "twenty-first"}).status == 201


@pytest.mark.parametrize("form", [{}, {"Segment": ""}])
def test_joining_needs_a_segment(wire, service, form):
    wire.post(USERS, {"Identity": "alice"})

    assert wire.post(user("alice") + "/SegmentMemberships", form).refusal == missing("Segment")


@warns
def test_one_segment_is_joined_at_a_time(wire, fake_notify, service):
    wire.post(USERS, {"Identity": "alice"})

    wire.post(user("alice") + "/SegmentMemberships", {"Segment": ["north", "south"]})

    assert fake_notify.users.last.segments == ["north"]
    assert fake_notify.requests.last.warnings == ["parameter 'Segment' was sent 2 times, only the first was read"]


def test_a_binding_of_a_user_that_nobody_created_can_join(wire, fake_notify, service):
    wire.post(f"{SERVICE}/Bindings", {"Identity": "alice", **BINDING})

    assert wire.post(user("alice") + "/SegmentMemberships", {"Segment": "premium"}).status == 201
    assert fake_notify.users.last.segments == ["premium"]


# Segments


def test_a_segment_is_there_once_it_was_named_and_stays(wire, service):
    wire.post(USERS, {"Identity": "alice", "Segment": ["premium", "new user"]})
    wire.post(USERS, {"Identity": "bob", "Segment": ["premium"]})
    wire.post(user("bob") + "/SegmentMemberships", {"Segment": "north"})
    wire.post(user("alice") + "/SegmentMemberships", {"Segment": "north"})
    assert names(wire.get(SEGMENTS)) == ["premium", "new user", "north"]

    wire.delete(user("alice"))
    wire.delete(user("bob") + "/SegmentMemberships/premium")

    assert names(wire.get(SEGMENTS)) == ["premium", "new user", "north"]


# sending by segment


@pytest.fixture
def members(wire, fake_notify):
    """Alice is in both segments, Bob in one, Carol in none; each has a Binding with a tag of her own."""
    fake_notify.create_service(sid=SERVICE_SID, messaging_service_sid="MG" + "b" * 32)
    for identity, segments, address in (
        ("alice", ["north", "premium"], "+1501"),
        ("bob", ["north"], "+1502"),
        ("carol", [], "+1503"),
    ):
        wire.post(USERS, {"Identity": identity, "Segment": segments})
        wire.post(user(identity) + "/Bindings", {"BindingType": "sms", "Address": address, "Tag": [identity, "tagged"]})
    wire.post(user("alice") + "/Bindings", {"BindingType": "sms", "Address": "+1504"})


@warns
@pytest.mark.parametrize(
    ("selectors", "expected"),
    [
        ({"Segment": "north"}, ["+1501", "+1502", "+1504"]),
        ({"Segment": ["north", "premium"]}, ["+1501", "+1504"]),
        ({"Segment": ["premium", "nowhere"]}, []),
        ({"Segment": "north", "Tag": "tagged"}, ["+1501", "+1502"]),
        ({"Segment": "north", "Tag": ["tagged", "bob"]}, ["+1502"]),
        ({"Segment": "north", "Tag": "all"}, ["+1501", "+1502", "+1504"]),
        ({"Segment": "north", "Identity": ["bob", "carol"]}, ["+1502"]),
        ({"Segment": "north", "Identity": "alice", "Tag": "tagged"}, ["+1501"]),
        ({"Segment": "North"}, []),
    ],
)
def test_segments_are_anded_and_intersect_with_tags_and_identities(wire, fake_notify, members, selectors, expected):
    answer = wire.post(f"{SERVICE}/Notifications", {"Body": "Hi", **selectors})

    assert answer.status == 201
    assert [each.address for each in fake_notify.deliveries] == expected


@warns
@pytest.mark.parametrize(
    ("selectors", "code"),
    [
        ({"Segment": "nowhere"}, 52307),
        ({"Segment": ["premium", "nowhere"]}, 52307),
        ({"Segment": "premium", "Tag": "bob"}, 52301),
        ({"Segment": "premium", "Identity": "bob"}, 52301),
    ],
)
def test_a_segment_without_users_raises_a_warning_of_its_own(wire, fake_notify, members, selectors, code):
    wire.post(f"{SERVICE}/Notifications", {"Body": "Hi", **selectors})

    assert [(each.code, each.level) for each in fake_notify.alerts] == [(code, "WARNING")]


# what is not there


ENDPOINTS = [
    ("POST", USERS),
    ("GET", USERS),
    ("GET", user("alice")),
    ("DELETE", user("alice")),
    ("POST", user("alice") + "/Bindings"),
    ("GET", user("alice") + "/Bindings"),
    ("GET", user("alice") + "/Bindings/BS" + "0" * 32),
    ("DELETE", user("alice") + "/Bindings/BS" + "0" * 32),
    ("GET", SEGMENTS),
    ("POST", user("alice") + "/SegmentMemberships"),
    ("GET", user("alice") + "/SegmentMemberships/premium"),
    ("DELETE", user("alice") + "/SegmentMemberships/premium"),
]


def not_missing(wire: Any, asked: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """What is not answered by a 404 that names the path."""
    return [(method, path) for method, path in asked if wire.send(method, path).refusal != not_found(path)]


@warns
def test_without_its_service_no_endpoint_is_there(wire):
    assert not_missing(wire, ENDPOINTS) == []


@warns
def test_without_its_user_no_endpoint_is_there(wire, service):
    assert not_missing(wire, [each for each in ENDPOINTS if "/alice" in each[1]]) == []


@warns
def test_without_its_instance_no_endpoint_is_there(wire, service):
    wire.post(USERS, {"Identity": "alice"})

    assert not_missing(wire, [each for each in ENDPOINTS if each[1].count("/") == 7]) == []


def test_users_and_segments_have_no_other_methods(wire, service):
    asked = [
        ("PUT", USERS),
        ("POST", user("alice")),
        ("DELETE", user("alice") + "/Bindings"),
        ("POST", user("alice") + "/Bindings/BS" + "0" * 32),
        ("POST", SEGMENTS),
        ("GET", user("alice") + "/SegmentMemberships"),
        ("POST", user("alice") + "/SegmentMemberships/premium"),
    ]

    assert [wire.send(*each).refusal for each in asked] == [NO_METHOD] * len(asked)


@warns
def test_a_segment_alone_cannot_be_fetched(wire, service):
    wire.post(USERS, {"Identity": "alice", "Segment": "premium"})

    assert wire.get(SEGMENTS + "/premium").refusal == not_found(SEGMENTS + "/premium")


@warns
def test_another_accounts_users_are_not_there(wire_of, fake_notify, wire, service):
    wire.post(USERS, {"Identity": "alice"})

    assert wire_of(fake_notify.account()).get(user("alice")).refusal == not_found(user("alice"))


def test_users_go_with_their_service(wire, fake_notify, service):
    wire.post(USERS, {"Identity": "alice", "Segment": "premium"})
    wire.delete(SERVICE)

    assert (fake_notify.users, fake_notify.segments) == ([], [])


# switched off


@warns
@pytest.mark.fake_notify(frozen=NOW, legacy_resources=False)
def test_switched_off_no_endpoint_is_there(wire, fake_notify, service):
    fake_notify.create_binding(SERVICE_SID, identity="alice", binding_type="sms", address="1")

    assert not_missing(wire, ENDPOINTS) == []


@pytest.mark.parametrize("switch", [True, False])
def test_switched_off_a_service_links_to_bindings_and_notifications_only(open_fake, wire_of, switch):
    wire = wire_of(open_fake(legacy_resources=switch))

    service = wire.post("/v1/Services").json
    wire.post(f"/v1/Services/{service['sid']}/Bindings", {"Identity": "alice", **BINDING})

    names = ("bindings", "notifications", "segments", "users") if switch else ("bindings", "notifications")
    assert service["links"] == {name: f"{service['url']}/{name.capitalize()}" for name in names}
    binding = wire.get(f"/v1/Services/{service['sid']}/Bindings").json["bindings"][0]
    assert binding["links"] == {"user": f"{service['url']}/Users/alice"}


# from Python


def test_python_creates_users_by_the_rules_of_the_wire(fake_notify, wire, service):
    created = fake_notify.create_user(SERVICE_SID, identity="alice", segments=["premium"])

    assert fake_notify.users == [created]
    assert json.loads(wire.get(user("alice")).body)["sid"] == created.sid
    with pytest.raises(TwilioError) as error:
        fake_notify.create_user(SERVICE_SID, identity="alice")
    assert (error.value.status, error.value.code, error.value.message) == USER_EXISTS
    with pytest.raises(TypeError, match=r"^users\.create\(\) has no argument 'segment'; did you mean 'segments'\?"):
        fake_notify.create_user(SERVICE_SID, identity="bob", segment="premium")


def test_python_sees_the_users_that_bindings_made(fake_notify, service):
    other = fake_notify.create_service()
    fake_notify.create_binding(other.sid, identity="bob", binding_type="sms", address="1")
    fake_notify.create_user(SERVICE_SID, identity="alice")
    fake_notify.create_binding(SERVICE_SID, identity="carol", binding_type="sms", address="1")

    assert sorted((each.identity, each.service_sid) for each in fake_notify.users) == [
        ("alice", SERVICE_SID),
        ("bob", other.sid),
        ("carol", SERVICE_SID),
    ]
