"""Users, their Bindings, Segments and memberships, over the wire; Twilio withdrew them in 2018."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from answers import IDENTITY_LIMIT, invalid, missing, not_found

from fakenotify import Behaviour
from fakenotify.notify.dispatch import ROUTES

NOW = "2017-02-17T07:17:02Z"
LATER = "2017-02-17T07:17:03Z"
SERVICE_SID = "IS" + "a" * 32
SERVICE = f"/v1/Services/{SERVICE_SID}"
USERS = SERVICE + "/Users"
SEGMENTS = SERVICE + "/Segments"
PUBLIC = "https://notify.twilio.com" + SERVICE
BINDING = {"BindingType": "sms", "Address": "+15005550006"}

IN_SEGMENT = (409, 52305, "User already belongs to the segment")
SEGMENT_INVALID = invalid("User", "Segment")

pytestmark = pytest.mark.fake_notify(frozen=NOW)
warns = pytest.mark.filterwarnings("ignore:fakenotify")

ODD = ["a b", "+15005550006", "a/b", "a%2Fb", "?x=1&y#z", "Jürgen", "😀", ".", "..", "a.json.x", "~-_."]


def user(identity: str) -> str:
    return f"{USERS}/{quote(identity, safe='')}"


def identities(answer: Any) -> list[str]:
    return [row["identity"] for row in answer.json["users"]]


def addresses(answer: Any) -> list[str]:
    return [row["address"] for row in answer.json["bindings"]]


@pytest.fixture
def alice(wire, service):
    """The path of Alice, a User in one Segment."""
    wire.post(USERS, {"Identity": "alice", "Segment": "premium"})
    return user("alice")


# printing


@warns
def test_a_user_a_membership_a_binding_and_a_segment_are_printed_as_in_the_samples(twilio_wire, fake_notify, service):
    path, url = user("identity"), f"{PUBLIC}/Users/identity"
    binding = {"BindingType": "apn", "Address": "a7c6", "Tag": ["vip", "vip", "news"], "Endpoint": "endpoint"}
    made = [
        twilio_wire.post(USERS, {"Identity": "identity"}),
        twilio_wire.post(path + "/SegmentMemberships", {"Segment": "segment"}),
        twilio_wire.post(path + "/Bindings", {**binding, "CredentialSid": "CR" + "a" * 32}),
    ]
    sid = fake_notify.bindings.last.sid

    fetched = [twilio_wire.get(each) for each in (path, path + "/SegmentMemberships/segment", f"{path}/Bindings/{sid}")]
    listed = twilio_wire.get(SEGMENTS)

    account, dates = f'"account_sid": "{fake_notify.account_sid}"', f'"date_created": "{NOW}", "date_updated": "{NOW}"'
    page = f"{PUBLIC}/Segments?PageSize=50&Page=0"
    assert [(each.status, each.reason) for each in made] == [(201, "CREATED")] * 3
    assert [each.body.decode() for each in (*fetched, listed)] == [
        f'{{{account}, {dates}, "identity": "identity", "links": {{"bindings": "{url}/Bindings", '
        f'"segment_memberships": "{url}/SegmentMemberships"}}, "segments": ["segment"], '
        f'"service_sid": "{SERVICE_SID}", "sid": "{fake_notify.users.last.sid}", "url": "{url}"}}',
        f'{{{account}, "identity": "identity", "segment": "segment", '
        f'"service_sid": "{SERVICE_SID}", "url": "{url}/SegmentMemberships/segment"}}',
        f'{{{account}, "address": "a7c6", "binding_type": "apn", "credential_sid": "CR{"a" * 32}", {dates}, '
        f'"endpoint": "endpoint", "links": {{"user": "{url}"}}, "identity": "identity", '
        f'"notification_protocol_version": "4", "service_sid": "{SERVICE_SID}", "sid": "{sid}", '
        f'"tags": ["vip", "news"], "url": "{url}/Bindings/{sid}"}}',
        f'{{"segments": [{{{account}, {dates}, "service_sid": "{SERVICE_SID}", '
        f'"sid": "{fake_notify.segments.last.sid}", "unique_name": "segment"}}], '
        f'"meta": {{"page": 0, "page_size": 50, "first_page_url": "{page}", "previous_page_url": null, '
        f'"url": "{page}", "next_page_url": null, "key": "segments"}}}}',
    ]
    assert [each.body for each in made[1:]] == [each.body for each in fetched[1:]]
    assert [each[-1].sid[:2] for each in (fake_notify.users, fake_notify.segments)] == ["US", "GS"]


# Users


def test_identities_are_case_sensitive_and_belong_to_a_service(wire, fake_notify, alice):
    elsewhere = f"/v1/Services/{fake_notify.create_service().sid}/Users"

    made = [
        wire.post(path, {"Identity": each})
        for path, each in ((USERS, "Alice"), (USERS, "alice "), (elsewhere, "alice"))
    ]

    assert [each.status for each in made] == [201] * 3
    assert wire.post(USERS, {"Identity": "", "Segment": "new"}).refusal == missing("Identity")
    assert wire.get(user("ALICE")).refusal == not_found(user("ALICE"))


@pytest.mark.parametrize("identity", ODD)
def test_any_identity_is_found_at_its_url(twilio_wire, service, identity):
    created = twilio_wire.post(USERS, {"Identity": identity})

    url = f"{PUBLIC}/Users/{quote(identity, safe='')}"
    assert (created.json["identity"], created.json["url"]) == (identity, url)
    assert created.json["links"] == {"bindings": url + "/Bindings", "segment_memberships": url + "/SegmentMemberships"}
    binding = twilio_wire.post(created.json["links"]["bindings"], BINDING)
    assert (binding.status, binding.json["identity"], binding.json["links"]) == (201, identity, {"user": url})
    membership = twilio_wire.post(created.json["links"]["segment_memberships"], {"Segment": identity})
    assert (membership.status, membership.json["segment"]) == (201, identity)
    for each in (membership, binding):
        assert twilio_wire.get(each.json["url"]).json == each.json
        assert twilio_wire.delete(each.json["url"]).status == 204
    assert twilio_wire.get(url).json == created.json
    assert twilio_wire.delete(url).status == 204


def test_a_path_may_name_a_user_by_sid(wire, fake_notify, alice):
    path = f"{USERS}/{fake_notify.users.last.sid}"

    assert wire.get(path).json["identity"] == "alice"
    binding = wire.post(path + "/Bindings", BINDING).json
    assert (binding["identity"], binding["url"].endswith(f"/Users/alice/Bindings/{binding['sid']}")) == ("alice", True)
    assert wire.get(f"{path}/Bindings/{binding['sid']}").json == binding
    assert wire.get(path + "/SegmentMemberships/premium").json["identity"] == "alice"
    assert wire.delete(f"{path}/Bindings/{binding['sid']}").status == 204
    assert wire.delete(path).status == 204


def test_an_identity_that_looks_like_a_users_sid_comes_first(wire, fake_notify, alice):
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


def test_users_are_listed_oldest_first_by_identity_and_segment(wire, crowd):
    expected = [
        ({}, ["alice", "bob", "carol", "dave"]),
        ({"Identity": ["dave", "alice", "dave"]}, ["alice", "dave"]),
        ({"Identity": "nobody"}, []),
        ({"Identity": ""}, ["alice", "bob", "carol", "dave"]),
        ({"Segment": "north"}, ["alice", "bob"]),
        ({"Segment": "nowhere"}, []),
        ({"Segment": "north", "Identity": ["alice", "carol"]}, ["alice"]),
    ]

    assert [identities(wire.get(USERS, query)) for query, _ in expected] == [found for _, found in expected]


# their Bindings


def test_a_users_binding_is_the_binding_of_the_service(wire, fake_notify, alice):
    of_user = wire.post(alice + "/Bindings", BINDING).json

    of_service = wire.get(f"{SERVICE}/Bindings/{of_user['sid']}").json
    assert {**of_user, "url": f"{fake_notify.url}{SERVICE}/Bindings/{of_user['sid']}"} == of_service
    assert wire.delete(f"{SERVICE}/Bindings/{of_user['sid']}").status == 204
    assert wire.get(f"{alice}/Bindings/{of_user['sid']}").status == 404


@warns
def test_a_users_bindings_are_listed_with_the_filters_of_bindings_but_identity(wire, fake_notify, alice):
    path = alice + "/Bindings"
    wire.post(path, {"BindingType": "sms", "Address": "1", "Tag": ["vip", "news"]})
    fake_notify.create_binding(SERVICE_SID, identity="bob", binding_type="sms", address="2", tags=["vip"])
    fake_notify.clock.shift(days=1)
    wire.post(path, {"BindingType": "apn", "Address": "3", "Tag": "vip"})
    expected = [
        ({"Tag": "vip"}, ["1", "3"]),
        ({"Tag": ["vip", "news"]}, ["1"]),
        ({"Tag": "apn"}, ["3"]),
        ({"StartDate": "2017-02-18"}, ["3"]),
        ({"EndDate": "2017-02-17"}, ["1"]),
        ({"Identity": "bob"}, ["1", "3"]),
    ]

    assert [addresses(wire.get(path, filters)) for filters, _ in expected] == [found for _, found in expected]
    assert fake_notify.requests.last.warnings == ["parameter 'Identity' was not read"]
    url = f"{fake_notify.url}{path}/{fake_notify.bindings.last.sid}"
    assert wire.get(path).json["bindings"][-1]["url"] == url


def test_a_users_binding_is_refused_as_a_binding_is(wire, fake_notify, alice):
    expected = [
        ({}, missing("BindingType")),
        ({"BindingType": "sms"}, missing("Address")),
        ({"BindingType": "x", "Address": "1"}, invalid("Binding", "BindingType")),
        ({**BINDING, "Tag": [str(number) for number in range(21)]}, invalid("Binding", "Tag")),
        ({**BINDING, "CredentialSid": "x"}, invalid("Binding", "CredentialSid")),
    ]
    assert [wire.post(alice + "/Bindings", form).refusal for form, _ in expected] == [each for _, each in expected]
    assert fake_notify.bindings == []

    for number in range(20):
        wire.post(alice + "/Bindings", {"BindingType": "sms", "Address": str(number)})
    assert wire.post(alice + "/Bindings", BINDING).refusal == IDENTITY_LIMIT


def test_another_users_binding_is_not_found_until_its_address_is_taken(wire, fake_notify, alice):
    bobs = fake_notify.create_binding(SERVICE_SID, identity="bob", binding_type="sms", address="+15005550006")
    path = f"{alice}/Bindings/{bobs.sid}"

    assert [wire.get(path).refusal, wire.delete(path).refusal] == [not_found(path)] * 2
    assert fake_notify.bindings == [bobs]
    wire.post(alice + "/Bindings", BINDING)
    assert [each.identity for each in fake_notify.bindings] == ["alice"]


# memberships and Segments


def test_a_user_joins_and_leaves_a_segment_which_stays(wire, fake_notify, alice):
    path = alice + "/SegmentMemberships"
    fake_notify.clock.tick()

    assert wire.post(path, {"Segment": "new user"}).status == 201
    joined = wire.get(alice).json
    fake_notify.clock.tick()
    left = wire.delete(path + "/premium")
    after = wire.get(alice).json

    assert (joined["segments"], joined["date_created"], joined["date_updated"]) == (["premium", "new user"], NOW, LATER)
    assert (left.status, left.body) == (204, b"")
    assert (after["segments"], after["date_updated"]) == (["new user"], "2017-02-17T07:17:04Z")
    gone = path + "/premium"
    assert [wire.get(gone).refusal, wire.delete(gone).refusal] == [not_found(gone)] * 2
    wire.post(USERS, {"Identity": "bob", "Segment": ["new user", "north"]})
    assert [row["unique_name"] for row in wire.get(SEGMENTS).json["segments"]] == ["premium", "new user", "north"]
    assert wire.post(path, {"Segment": "premium"}).status == 201


@warns
def test_a_user_joins_one_segment_at_a_time_and_each_once(wire, fake_notify, alice):
    path = alice + "/SegmentMemberships"
    wire.post(path, {"Segment": ["north", "south"]})
    assert fake_notify.users.last.segments == ["premium", "north"]
    assert fake_notify.requests.last.warnings == ["parameter 'Segment' was sent 2 times, only the first was read"]
    before = fake_notify.snapshot()

    refusals = [wire.post(path, form).refusal for form in ({}, {"Segment": ""}, {"Segment": "premium"})]

    assert refusals == [missing("Segment"), missing("Segment"), IN_SEGMENT]
    assert not fake_notify.diff(before)


def test_a_user_is_in_twenty_segments_at_most(wire, fake_notify, service):
    segments = [str(number) for number in range(21)]
    path = user("alice") + "/SegmentMemberships"

    assert wire.post(USERS, {"Identity": "alice", "Segment": segments[:20] * 2}).json["segments"] == segments[:20]
    refusals = [
        wire.post(USERS, {"Identity": "bob", "Segment": segments}).refusal,
        wire.post(path, {"Segment": "20"}).refusal,
        wire.post(path, {"Segment": "7"}).refusal,
    ]
    assert refusals == [SEGMENT_INVALID, SEGMENT_INVALID, IN_SEGMENT]
    assert (len(fake_notify.users), len(fake_notify.segments)) == (1, 20)
    wire.delete(path + "/7")
    assert wire.post(path, {"Segment": "20"}).status == 201


# missing resources

ENDPOINTS = """
POST GET     /Services/{ServiceSid}/Users
GET DELETE   /Services/{ServiceSid}/Users/{Identity}
POST GET     /Services/{ServiceSid}/Users/{Identity}/Bindings
GET DELETE   /Services/{ServiceSid}/Users/{Identity}/Bindings/{Sid}
GET          /Services/{ServiceSid}/Segments
POST         /Services/{ServiceSid}/Users/{Identity}/SegmentMemberships
GET DELETE   /Services/{ServiceSid}/Users/{Identity}/SegmentMemberships/{Segment}
"""


@warns
def test_the_twelve_endpoints_are_served_unless_they_are_switched_off(wire, fake_notify, service):
    served = [route for route in ROUTES.by_operation.values() if route.legacy]
    documented = [line.split() for line in ENDPOINTS.strip().splitlines()]
    assert {(each.method, each.path) for each in served} == {
        (method, path) for *methods, path in documented for method in methods
    }

    fake_notify.behaviour = Behaviour(legacy_resources=False)
    for route in served:
        path = "/v1" + route.resource_path([SERVICE_SID, "alice", "premium"])
        assert [wire.send(method, path).refusal for method in (route.method, "PUT")] == [not_found(path)] * 2
        said = f"there is no resource at {path} while the switch legacy_resources is off"
        assert fake_notify.requests.last.warnings == [said]


@warns
def test_users_belong_to_an_account_and_go_with_their_service(wire_of, fake_notify, wire, alice):
    assert wire_of(fake_notify.account()).get(alice).refusal == not_found(alice)

    wire.delete(SERVICE)

    assert (fake_notify.users, fake_notify.segments) == ([], [])


@pytest.mark.fake_notify(legacy_resources=False)
def test_switched_off_a_service_links_to_bindings_and_notifications_only(wire, service):
    links = wire.get(SERVICE).json["links"]
    binding = wire.post(f"{SERVICE}/Bindings", {"Identity": "alice", **BINDING}).json

    assert [url.rpartition("/")[2] for url in links.values()] == ["Bindings", "Notifications"]
    assert binding["links"] == {"user": binding["url"].partition("/Bindings/")[0] + "/Users/alice"}
