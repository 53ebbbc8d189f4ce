"""What every device receives, or why it doesn't, and the outcomes that a tester sets."""

from __future__ import annotations

import json
import re
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import fakenotify
from fakenotify import FakeNotify
from fakenotify.core.errors import UnknownName
from fakenotify.notify.accounts import ACCOUNT_SID
from fakenotify.notify.channels import CHANNELS, HttpRequest
from fakenotify.notify.debugger import CODES
from fakenotify.notify.outcomes import INJECTABLE, struck_by
from fakenotify.notify.records import Alert, Binding, Delivery
from fakenotify.notify.targets import why_not

NOW = "2027-10-31T12:00:00Z"
MOMENT = datetime(2027, 10, 31, 12, tzinfo=timezone.utc)
FOUR_WEEKS = 2419200
SERVICE_SID = "IS" + "a" * 32
PATH = f"/v1/Services/{SERVICE_SID}/Notifications"
MESSAGING_SERVICE_SID = "MG" + "b" * 32
NOBODYS = "CR" + "0" * 32
TOKEN = "a7c658f4111ec4ff5a1a647f9d0edd819025b9f20522d2fae897049f32873e73"
PHONE = "+15005550006"
APNS_HEADERS = {"apns-priority": "10", "apns-expiration": str(int(MOMENT.timestamp()) + FOUR_WEEKS)}
PUSH = ("apn", "gcm", "fcm")
ADDRESSES = {"apn": TOKEN, "gcm": "g1", "sms": PHONE, "fcm": "f1", "facebook-messenger": "4711", "alexa": "user/1 é"}
URLS = {
    "apn": "https://api.push.apple.com/3/device/{address}",
    "gcm": "https://fcm.googleapis.com/fcm/send",
    "sms": f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT_SID}/Messages.json",
    "fcm": "https://fcm.googleapis.com/v1/projects/unknown-project/messages:send",
    "facebook-messenger": "https://graph.facebook.com/me/messages",
    "alexa": "https://api.amazonalexa.com/v1/skillmessages/users/{address}",
}

pytestmark = pytest.mark.fake_notify(frozen=NOW, legacy_fcm="accepted")
warns = pytest.mark.filterwarnings("ignore:fakenotify")


def bad_phone(address: str, sid: str = "null") -> str:
    return (
        f"Invalid sms binding with address '{address}' sid '{sid}': Address of sms binding must be a valid phone number"
    )


def to(binding_type: str, *addresses: str) -> dict[str, Any]:
    """The argument of a direct send."""
    return {"to_binding": [{"binding_type": binding_type, "address": each} for each in addresses]}


def send(fake: FakeNotify, **fields: Any) -> str:
    """Send in process; returns the Notification's sid."""
    return fake.create_notification(SERVICE_SID, **{"body": "Hi", **fields}).sid


@pytest.fixture
def ready(fake_notify):
    """A Service that lacks nothing, with a Credential of every type."""
    credentials = {f"{kind}_credential_sid": fake_notify.create_credential(kind).sid for kind in PUSH}
    return fake_notify.create_service(
        sid=SERVICE_SID,
        messaging_service_sid=MESSAGING_SERVICE_SID,
        facebook_messenger_page_id="4",
        alexa_skill_id="amzn1.ask.skill.1",
        **credentials,
    )


def became(fake: FakeNotify) -> list[tuple[str, int | None, str | None]]:
    """Address and error of every delivery."""
    return [(each.address, each.error_code, each.error_message) for each in fake.deliveries]


def alerted(fake: FakeNotify) -> list[tuple[int, str, str]]:
    return [(each.code, each.level, each.text) for each in fake.alerts]


def alert(fake: FakeNotify, code: int, **fields: Any) -> Alert:
    """An alert about the last Notification."""
    values: dict[str, Any] = {
        "code": code,
        "level": CODES[code].level,
        "text": CODES[code].title,
        "notification_sid": fake.notifications.last.sid,
        "service_sid": SERVICE_SID,
        "account_sid": fake.account_sid,
        "binding_sid": None,
        "binding_type": None,
        "date_created": MOMENT,
    }
    return Alert(**{**values, **fields})


def delivery(fake: FakeNotify, **fields: Any) -> Delivery:
    """The last delivery as it should be: a text sent directly to a phone, but for ``fields``."""
    values: dict[str, Any] = {
        "sid": fake.deliveries.last.sid,
        "notification_sid": fake.notifications.last.sid,
        "service_sid": SERVICE_SID,
        "account_sid": fake.account_sid,
        "binding_sid": None,
        "identity": None,
        "binding_type": "sms",
        "address": PHONE,
        "status": "SENT",
        "error_code": None,
        "error_message": None,
        "payload": {"To": PHONE, "MessagingServiceSid": MESSAGING_SERVICE_SID, "Body": "Hi"},
        "headers": {},
        "credential_sid": None,
        "protocol_version": "default",
        "date_created": MOMENT,
        "provider_url": URLS["sms"],
    }
    return Delivery(**{**values, **fields})


# one delivery for each target


@warns
def test_a_broadcast_gives_every_channel_its_own_payload_and_request(wire, fake_notify, ready) -> None:
    bindings = [
        fake_notify.create_binding(SERVICE_SID, identity="alice", binding_type=kind, address=address)
        for kind, address in ADDRESSES.items()
    ]

    sms = '{"body": "S", "media_urls": ["https://example.com/1.png"]}'
    answer = wire.post(PATH, {"Tag": "all", "Title": "T", "Body": "B", "Data": '{"k": "v"}', "Sms": sms})

    data = {"twi_title": "T", "twi_body": "B", "k": "v"}
    android = {"priority": "high", "ttl": f"{FOUR_WEEKS}s"}
    message = {"MessagingServiceSid": MESSAGING_SERVICE_SID, "Body": "S", "MediaUrl": ["https://example.com/1.png"]}
    expected: dict[str, Any] = {
        "apn": ({"aps": {"alert": {"title": "T", "body": "B"}}, "k": "v"}, APNS_HEADERS, "4"),
        "gcm": ({"to": "g1", "priority": "high", "time_to_live": FOUR_WEEKS, "data": data}, {}, "3"),
        "sms": ({"To": PHONE, **message}, {}, "default"),
        "fcm": ({"message": {"token": "f1", "data": data, "android": android}}, {}, "3"),
        "facebook-messenger": ({"recipient": {"id": "4711"}, "message": {"text": "B"}}, {}, "default"),
        "alexa": (
            {
                "data": {
                    "displayInfo": {"content": [{"title": "T", "toast": {"primaryText": "T"}}]},
                    "data": {"twi_body": "B", "k": "v"},
                },
                "expiresAfterSeconds": FOUR_WEEKS,
            },
            {},
            "3",
        ),
    }
    sids = [each.sid for each in fake_notify.deliveries]
    assert answer.status == 201
    assert fake_notify.deliveries == [
        delivery(
            fake_notify,
            sid=sid,
            binding_sid=binding.sid,
            identity="alice",
            binding_type=binding.binding_type,
            address=binding.address,
            payload=expected[binding.binding_type][0],
            headers=expected[binding.binding_type][1],
            credential_sid=getattr(ready, f"{binding.binding_type}_credential_sid", None),
            protocol_version=expected[binding.binding_type][2],
            provider_url=URLS[binding.binding_type],
        )
        for sid, binding in zip(sids, bindings, strict=True)
    ]
    assert [sid[:2] for sid in sids] == ["DA", "DA", "SM", "DA", "DA", "DA"]
    assert len({sid for sid in sids if re.fullmatch("[A-Z]{2}[0-9a-f]{32}", sid)}) == 6
    assert alerted(fake_notify) == [(52116, "WARNING", CODES[52116].title)]

    paths = {"apn": TOKEN, "alexa": "user%2F1%20%C3%A9"}
    types = {"sms": ("application/x-www-form-urlencoded", "form")}
    for each in fake_notify.deliveries:
        content_type, body_type = types.get(each.binding_type, ("application/json", "json"))
        url = URLS[each.binding_type].format(address=paths.get(each.binding_type))
        headers = {"Content-Type": content_type, **each.headers}
        assert each.request == HttpRequest("POST", url, headers, each.payload, body_type)


@pytest.mark.parametrize(
    ("kind", "credential", "url"),
    [
        ("apn", {"sandbox": True}, f"https://api.sandbox.push.apple.com/3/device/{TOKEN}"),
        ("apn", {"sandbox": False}, f"https://api.push.apple.com/3/device/{TOKEN}"),
        (
            "fcm",
            {"secret": '{"type": "service_account", "project_id": "shop/1"}'},
            "https://fcm.googleapis.com/v1/projects/shop%2F1/messages:send",
        ),
        ("fcm", {"secret": "AAAA:server-key"}, "https://fcm.googleapis.com/fcm/send"),
    ],
)
def test_the_credential_decides_where_a_delivery_goes(wire, fake_notify, tmp_path, kind, credential, url) -> None:
    sid = fake_notify.create_credential(kind, **credential).sid
    fake_notify.create_service(sid=SERVICE_SID, **{f"{kind}_credential_sid": sid})
    send(fake_notify, **to(kind, ADDRESSES[kind]))
    wire.delete(f"/v1/Credentials/{sid}")

    fake_notify.save(tmp_path / "world.json")
    fake_notify.load(tmp_path / "world.json")

    assert fake_notify.deliveries.last.request.url == url


def test_a_direct_delivery_has_no_binding_and_no_identity(fake_notify, ready) -> None:
    fake_notify.create_binding(SERVICE_SID, identity="alice", binding_type="sms", address=PHONE)

    send(fake_notify, **to("sms", PHONE))

    assert fake_notify.deliveries == [delivery(fake_notify)]
    assert len(fake_notify.bindings) == 1


def test_a_failed_delivery_says_why_and_so_does_an_alert(fake_notify, ready) -> None:
    binding = fake_notify.create_binding(SERVICE_SID, identity="alice", binding_type="sms", address="+1 555")

    send(fake_notify, identities=["alice"])

    text = bad_phone("+1 555", binding.sid)
    failed = delivery(
        fake_notify,
        sid=None,
        binding_sid=binding.sid,
        identity="alice",
        address="+1 555",
        status="FAILED",
        error_code=52001,
        error_message=text,
        payload={"To": "+1 555", "MessagingServiceSid": MESSAGING_SERVICE_SID, "Body": "Hi"},
    )
    assert fake_notify.deliveries == [failed]
    assert fake_notify.alerts == [alert(fake_notify, 52001, text=text, binding_sid=binding.sid, binding_type="sms")]


def test_direct_targets_may_be_mixed_doubled_and_bad(fake_notify, ready) -> None:
    targets = [("sms", PHONE), ("facebook-messenger", "1"), ("sms", "nonsense"), ("sms", PHONE), ("apn", TOKEN)]

    send(fake_notify, to_binding=[{"binding_type": kind, "address": address} for kind, address in targets])

    assert [(each.binding_type, each.address) for each in fake_notify.deliveries] == targets
    assert [each.error_message for each in fake_notify.deliveries] == [None, None, bad_phone("nonsense"), None, None]


# what fails by itself, in which order


def credential_steps(kind: str, other: str) -> list[tuple[int, dict[str, Any]]]:
    name = f"{kind}_credential_sid"
    return [(52004, {}), (52002, {name: NOBODYS}), (52003, {name: other})]


CHECKS: dict[str, list[tuple[int | None, dict[str, Any]]]] = {
    "sms": [
        (52182, {"address": "x"}),
        (52001, {"messaging_service_sid": MESSAGING_SERVICE_SID}),
        (52309, {"address": PHONE}),
        (None, {"body": "Hi"}),
    ],
    "apn": [
        *credential_steps("apn", "fcm"),
        (52134, {"apn_credential_sid": "apn"}),
        (52136, {"address": TOKEN}),
        (52138, {"body": "x" * 5000}),
        (None, {"body": "Hi"}),
    ],
    "gcm": [
        *credential_steps("gcm", "apn"),
        (52107, {"gcm_credential_sid": "gcm", "data": {"from": "x" * 5000}}),
        (52106, {"data": {"k": "x" * 5000}}),
        (None, {"data": {}}),
    ],
    "fcm": [
        *credential_steps("fcm", "gcm"),
        (52107, {"fcm_credential_sid": "fcm", "data": {"from": "x" * 5000}}),
        (52106, {"data": {"k": "x" * 5000}}),
        (None, {"data": {}}),
    ],
    "facebook-messenger": [(52202, {}), (52203, {"facebook_messenger_page_id": "4"}), (None, {"body": "Hi"})],
    "alexa": [(52212, {}), (52215, {"alexa_skill_id": "skill"}), (52309, {"title": "T"}), (None, {"body": "Hi"})],
}
OBSERVED = {
    52001: bad_phone("x"),
    52134: "The specified device token is either malformed or not valid for the given environment.",
    52003: "Invalid credential type(Can not use credentialType='{}' credentials for {} notifications)",
}


@pytest.mark.parametrize("kind", list(CHECKS))
def test_a_delivery_is_checked_in_order(fake_notify, kind) -> None:
    """The Service, then the Credential, the address, the payload. Each step corrects what the one before found."""
    credentials = {each: fake_notify.create_credential(each).sid for each in PUSH}
    fields: dict[str, Any] = {"address": "x"}
    expected, found = [], []
    for code, mend in CHECKS[kind]:
        fields |= mend
        text = OBSERVED.get(code or 0) or (code and CODES[code].title)
        if code == 52003:
            text = text.format(fields[f"{kind}_credential_sid"], kind.upper())
        expected.append((code, text))
        setting = {name: credentials.get(each, each) for name, each in fields.items() if name.endswith(("_sid", "_id"))}
        content = {name: fields[name] for name in ("title", "body", "data") if name in fields}
        service = fake_notify.create_service(**setting)
        fake_notify.create_notification(service.sid, **to(kind, fields["address"]), **content)
        found.append((fake_notify.deliveries.last.error_code, fake_notify.deliveries.last.error_message))

    assert found == expected
    errors = [(each.code, each.text, each.level) for each in fake_notify.alerts if each.level == "ERROR"]
    assert errors == [(code, text, "ERROR") for code, text in expected if code]


@pytest.mark.fake_notify(legacy_fcm="refused")
def test_googles_legacy_api_fails_after_the_credential_and_the_request_says_what_to_do(wire, fake_notify) -> None:
    for kind, name in (("fcm", "a legacy server key"), ("gcm", "gcm")):
        sid = fake_notify.create_credential(kind, secret="a server key", api_key="a server key").sid
        service = fake_notify.create_service(**{f"{kind}_credential_sid": sid})
        targets = [json.dumps({"binding_type": kind, "address": each}) for each in ("f1", "f2")]
        wire.post(f"/v1/Services/{service.sid}/Notifications", {"ToBinding": targets, "Data": '{"from": "x"}'})

        [hint] = fake_notify.requests.last.warnings
        assert hint.startswith(f"Google ended its legacy API in 2024, so a delivery by {name} fails with 52117: ")
    assert became(fake_notify) == [(each, 52117, CODES[52117].title) for each in ("f1", "f2", "f1", "f2")]
    assert [each.code for each in fake_notify.alerts] == [52117] * 4

    wire.post(f"/v1/Services/{service.sid}", {"GcmCredentialSid": NOBODYS})
    wire.post(f"/v1/Services/{service.sid}/Notifications", {"ToBinding": targets})
    assert [each.error_code for each in fake_notify.deliveries][-2:] == [52002, 52002]
    assert fake_notify.requests.last.warnings == []


@warns
@pytest.mark.parametrize(
    ("fields", "code"),
    [({"Identity": "bob"}, 52301), ({"Segment": "premium"}, 52307), ({"Segment": "north"}, 52301)],
)
def test_a_send_that_matches_nothing_is_a_201_with_a_warning_and_no_delivery(
    wire, fake_notify, ready, fields, code
) -> None:
    fake_notify.create_user(SERVICE_SID, identity="carol", segments=["north"])
    fake_notify.create_binding(SERVICE_SID, identity="alice", binding_type="sms", address=PHONE)

    answer = wire.post(PATH, {"Body": "Hi", **fields})

    assert (answer.status, fake_notify.deliveries) == (201, [])
    assert fake_notify.alerts == [alert(fake_notify, code)]


# which Credential and which version


def test_a_binding_uses_its_own_credential_before_the_services(wire, fake_notify, ready) -> None:
    expected = []
    for kind in PUSH:
        own = fake_notify.create_credential(kind).sid
        for address, credential_sid in ((TOKEN, own), (TOKEN + "00", None)):
            fake_notify.create_binding(
                SERVICE_SID, identity=kind, binding_type=kind, address=address, credential_sid=credential_sid
            )
        send(fake_notify, tags=[kind])
        send(fake_notify, **to(kind, TOKEN))
        services = getattr(ready, f"{kind}_credential_sid")
        expected += [(own, None), (services, None), (services, None)]
        wire.delete(f"/v1/Credentials/{own}")  # the Service's doesn't take its place
        send(fake_notify, tags=[kind])
        expected += [(own, 52002), (services, None)]
        wire.delete(f"/v1/Credentials/{services}")
        send(fake_notify, **to(kind, TOKEN))
        expected += [(services, 52002)]

    assert [(each.credential_sid, each.error_code) for each in fake_notify.deliveries] == expected


@pytest.mark.fake_notify(apn_protocol_version="3", frozen=NOW)
def test_a_binding_has_the_services_version_of_its_creation_and_a_direct_send_that_of_the_moment(
    wire, fake_notify, ready
) -> None:
    fake_notify.create_binding(SERVICE_SID, identity="alice", binding_type="apn", address="01")
    send(fake_notify, **to("apn", "03"))
    wire.post(f"/v1/Services/{SERVICE_SID}", {"DefaultApnNotificationProtocolVersion": "4"})
    fake_notify.create_binding(SERVICE_SID, identity="bob", binding_type="apn", address="02")

    send(fake_notify, tags=["apn"])
    send(fake_notify, **to("apn", "03"))

    assert [(each.address, each.protocol_version, each.payload["aps"]["alert"]) for each in fake_notify.deliveries] == [
        ("03", "3", "Hi"),
        ("01", "3", "Hi"),
        ("02", "4", {"body": "Hi"}),
        ("03", "4", {"body": "Hi"}),
    ]


# the recipients


IDENTITIES = ("alice", "bob", "carol")
TAGS = ("vip", "news", "all", "sms")
SEGMENTS = ("premium", "north")
bound = st.tuples(
    st.sampled_from(IDENTITIES),
    st.sampled_from(list(CHANNELS)),
    st.sampled_from([f"+1500{number}" for number in range(8)]),
    st.lists(st.sampled_from(TAGS), unique=True, max_size=3),
)

EACH = [(identity, "sms", f"+1500{at}", ["vip"]) for at, identity in enumerate(("alice", "bob", "bob"))]


def some(values: tuple[str, ...], most: int = 2) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(values), unique=True, max_size=most)


def is_meant(
    binding: Binding, identities: list[str], tags: list[str], segments: list[str], users: dict[str, list[str]]
) -> bool:
    """Any of the identities, all of the tags (the implicit ones too), all of the segments."""
    return (
        (not identities or binding.identity in identities)
        and all(tag in {*binding.tags, "all", binding.binding_type} for tag in tags)
        and (not segments or set(segments) <= set(users.get(binding.identity, ())))
    )


@settings(max_examples=80, deadline=None)
@given(
    st.lists(bound, max_size=12),
    st.lists(st.integers(0, 11), max_size=3),
    st.dictionaries(st.sampled_from(IDENTITIES), some(SEGMENTS)),
    some((*IDENTITIES, "nobody")),
    some((*TAGS, "apn", "alexa", "other"), 3),
    some((*SEGMENTS, "nowhere")),
)
@example(EACH, [], {"alice": ["north"], "bob": ["premium"]}, [], [], ["premium", "north"])
@example(EACH, [], {"alice": ["premium"], "bob": ["premium"]}, ["bob"], [], ["premium"])
@example(EACH, [], {}, ["alice", "carol"], ["vip"], [])
@example(EACH, [], {}, ["bob", "bob"], ["all"], [])
@example(EACH, [], {}, [], ["vip", "sms"], [])
def test_the_recipients_are_those_of_a_naive_filter_over_all_bindings(
    bindings, deleted, users, identities, tags, segments
) -> None:
    fake = FakeNotify()
    service = fake.create_service()
    for identity, of_user in users.items():
        fake.create_user(service.sid, identity=identity, segments=of_user)
    for identity, binding_type, address, own in bindings:
        fake.create_binding(service.sid, identity=identity, binding_type=binding_type, address=address, tags=own)
    api = fake.client(in_process=True).notify.v1.services(service.sid)
    for number, binding in enumerate(fake.bindings):
        if number in deleted:
            assert api.bindings(binding.sid).delete()
    if not (identities or tags or segments):
        tags = ["all"]

    fake.create_notification(service.sid, identities=identities, tags=tags, segments=segments, body="Hi")

    expected = [each for each in fake.bindings if is_meant(each, identities, tags, segments, users)]
    assert [(each.binding_sid, each.identity, each.address) for each in fake.deliveries] == [
        (each.sid, each.identity, each.address) for each in expected
    ]
    scope = fake.world.accounts.default.scopes[service.sid]
    reasons = [why_not(each, scope, identities, tags, segments) for each in fake.bindings]
    assert [each for each, reason in zip(fake.bindings, reasons, strict=True) if reason is None] == expected
    missed = [each.code for each in fake.alerts if each.code in (52301, 52307)]
    has_members = any(set(segments) <= set(of_user) for of_user in users.values())
    assert missed == ([] if expected else [52307] if segments and not has_members else [52301])


@pytest.mark.fake_notify(callback_delivery="manual")
def test_many_targets_are_one_201_a_delivery_each_and_a_callback_for_each_thousand(fake_notify, ready) -> None:
    addresses = [f"+1500{number:07}" for number in range(2_500)]
    targets = [json.dumps({"binding_type": "sms", "address": each}) for each in addresses]

    fake_notify.client(in_process=True).notify.v1.services(SERVICE_SID).notifications.create(
        to_binding=targets, body="Hi", delivery_callback_url="http://127.0.0.1:9/"
    )

    assert [each.status for each in fake_notify.requests] == [201]
    assert became(fake_notify) == [(each, None, None) for each in addresses]
    assert len({each.sid for each in fake_notify.deliveries}) == 2_500
    assert [each.params["Count"] for each in fake_notify.callbacks] == [["1000"], ["1000"], ["500"]]


# outcomes


THREE = [("alice", "sms", "+1501"), ("alice", "apn", "a1"), ("bob", "sms", "+1502")]
PROVIDERS = {52181: ("sms",), 52141: ("apn",)}
SENDS = [{"tags": ["all"]}, {"identities": ["alice"]}, {"identities": ["bob"]}, to("sms", "+1501")]
SELECTORS = [{}, {"identity": "alice"}, {"address": "+1502"}, {"binding_type": "sms"}, {"identity": "Alice"}]
outcomes = st.sampled_from(
    [
        *({"code": code, **selectors} for code in (52310, 52302) for selectors in SELECTORS),
        *({"code": code} for code in (52000, *PROVIDERS)),
        {"code": 52310, "identity": "alice", "binding_type": "sms"},
    ]
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(outcomes, st.none() | st.integers(1, 3)), max_size=4), st.lists(st.sampled_from(SENDS)))
def test_a_delivery_fails_by_the_first_outcome_that_matches_it_and_is_not_used_up(given, sends) -> None:
    """52302 stops a whole Notification and counts once, 52141 removes the Binding."""
    fake = FakeNotify()
    apn = fake.create_credential("apn").sid
    service = fake.create_service(messaging_service_sid=MESSAGING_SERVICE_SID, apn_credential_sid=apn)
    for identity, kind, address in THREE:
        fake.create_binding(service, identity=identity, binding_type=kind, address=address)
    left = [fake.world.fail_delivery(**selectors, times=times).to_json() for selectors, times in given]
    bound, expected, alerts = [*THREE], [], []

    def used(code: int | None, targets: list[tuple[str | None, str, str]]) -> int | None:
        """The code of the first outcome that matches one of the targets; it is used up by one."""
        for each in left:
            selectors = (each["identity"], each["binding_type"], each["address"])
            matching = [
                target
                for target in targets
                if target[1] in PROVIDERS.get(each["code"], ADDRESSES)
                and all(wanted in (None, value) for wanted, value in zip(selectors, target, strict=True))
            ]
            if matching and each["times"] != 0 and code in (None, each["code"]):
                each["times"] = each["times"] and each["times"] - 1
                each["used"] += 1
                alerts.append(each["code"])
                return each["code"]
        return None

    for selectors in sends:
        fake.create_notification(service, body="Hi", **selectors)
        identities = selectors.get("identities", ["alice", "bob"])
        direct = [(None, "sms", "+1501")] if "to_binding" in selectors else None
        targets = direct or [each for each in bound if each[0] in identities]
        if not targets:
            alerts.append(52301)
        elif not used(52302, targets):
            for target in targets:
                expected.append((target[2], used(None, [target])))
                if expected[-1][1] == 52141:
                    bound.remove(target)

    assert [(each.address, each.error_code) for each in fake.deliveries] == expected
    assert [each.code for each in fake.alerts] == alerts
    assert [each.to_json() for each in fake.world.accounts.default.outcomes] == left
    assert [each.address for each in fake.bindings] == [address for *_, address in bound]


def test_an_outcome_comes_before_every_check(fake_notify) -> None:
    fake_notify.create_service(sid=SERVICE_SID)
    fake_notify.fail_delivery(52310)

    send(fake_notify, **to("apn", "x"))

    assert became(fake_notify) == [("x", 52310, "Notification TTL has expired")]


BY_ITSELF = "is never a delivery's outcome; the fake raises it by itself"
OF_USERS = "is never a delivery's outcome; it is about Users and Segments"
FOREIGN = "is a code of another product; Notify never raises it"


def test_every_code_of_the_catalogue_can_be_set_or_says_why_not(fake_notify, ready) -> None:
    refused = {
        **dict.fromkeys((52301, 52307, 52311), BY_ITSELF),
        **dict.fromkeys((52303, 52304, 52305, 52306), OF_USERS),
        **{code: FOREIGN for code, each in CODES.items() if not each.of_notify},
    }
    said = {}
    for code in CODES:
        kind = struck_by(code)[0]
        try:
            fake_notify.fail_delivery(code, address=ADDRESSES[kind], binding_type=kind, times=1)
        except UnknownName as error:
            said[code] = str(error)
            continue
        send(fake_notify, **to(kind, ADDRESSES[kind]), title="T")

    assert said == {code: f"{code} ({CODES[code].title}) {why}" for code, why in refused.items()}
    assert set(INJECTABLE) == set(CODES) - set(refused)
    assert alerted(fake_notify) == [(code, CODES[code].level, CODES[code].title) for code in INJECTABLE]
    expected = [(code, CODES[code].title) for code in INJECTABLE if code != 52302]
    assert [(each.error_code, each.error_message) for each in fake_notify.deliveries] == expected


def test_a_token_that_the_provider_disowns_loses_its_binding(wire, fake_notify, ready) -> None:
    for code, kind in ((52103, "fcm"), (52103, "gcm"), (52141, "apn")):
        mine, other = (
            fake_notify.create_binding(SERVICE_SID, identity=kind, binding_type=kind, address=address)
            for address in ("a1", "a2")
        )
        for harmless in (52001, 52000):
            fake_notify.fail_delivery(harmless, address="a1", times=1)
            send(fake_notify, identities=[kind])
        fake_notify.fail_delivery(code, address="a1", times=2)
        send(fake_notify, **to(kind, "a1"))  # it has no Binding to lose
        assert fake_notify.bindings.where(identity=kind) == [mine, other]

        send(fake_notify, identities=[kind])
        assert [each.error_code for each in fake_notify.deliveries][-2:] == [code, None]
        assert fake_notify.alerts.where(code=code).last.binding_sid == mine.sid
        assert fake_notify.bindings.where(identity=kind) == [other]
        assert wire.get(f"/v1/Services/{SERVICE_SID}/Bindings/{mine.sid}").status == 404


def test_outcomes_belong_to_an_account_and_go_with_a_reset(fake_notify, ready) -> None:
    fake_notify.account().fail_delivery(52000)
    send(fake_notify, **to("sms", PHONE))
    fake_notify.fail_delivery(52310)
    fake_notify.reset()
    fake_notify.create_service(sid=SERVICE_SID, messaging_service_sid=MESSAGING_SERVICE_SID)
    send(fake_notify, **to("sms", PHONE))

    assert became(fake_notify) == [(PHONE, None, None)]


@pytest.mark.parametrize(
    ("code", "message", "nearest"),
    [
        (
            52141.0,
            "52141.0 is no delivery outcome; nearest: 52141 The provided APNs device token has been unregistered; "
            "52140 Unknown APNs error; 52110 GCM/FCM service unavailable",
            ["52141", "52140", "52110"],
        ),
        (7, "7 is no delivery outcome; nearest: 52000 to 52401", []),
        (True, "True is no delivery outcome; nearest: 52000 to 52401", []),
    ],
)
def test_an_unknown_outcome_is_refused_with_the_nearest(fake_notify, code, message, nearest) -> None:
    with pytest.raises(UnknownName) as error:
        fake_notify.fail_delivery(code)

    assert (str(error.value), error.value.nearest) == (message, nearest)


BAD_OUTCOMES = [
    (52141, {"binding_type": "apns"}, "no binding type 'apns'; nearest: apn"),
    (52141, {"binding_type": ["x"]}, "no binding type ['x']; nearest: apn, gcm, sms, fcm, facebook-messenger, alexa"),
    (52141, {"address": 15005550006}, "address is a text, not 15005550006"),
    (52141, {"identity": ["alice"]}, "identity is a text, not ['alice']"),
    *(
        (52141, {"times": times}, f"times is a whole number from 1, or None for good, not {times!r}")
        for times in (0, 1.0, True)
    ),
    *(
        (
            code,
            {"binding_type": kind},
            f"{code} ({CODES[code].title}) is a code of {labels}: no delivery by {kind} can fail with it",
        )
        for code, kind, labels in (
            (52103, "sms", "GCM and FCM"),
            (52141, "fcm", "APNs"),
            (52181, "alexa", "SMS"),
            (52201, "sms", "Messenger"),
            (52213, "gcm", "Alexa"),
        )
    ),
]


def test_a_bad_outcome_is_refused_with_a_reason_and_changes_nothing(fake_notify, ready) -> None:
    for code, arguments, message in BAD_OUTCOMES:
        with pytest.raises(ValueError, match="^" + re.escape(message) + "$"):
            fake_notify.fail_delivery(code, **arguments)

    send(fake_notify, **to("sms", PHONE))
    assert became(fake_notify) == [(PHONE, None, None)]


# the catalogue


def test_the_catalogue_has_the_79_codes_of_the_dictionary_and_marks_those_of_other_products() -> None:
    def of(when: str) -> list[int]:
        return [code for code, each in CODES.items() if each.when == when]

    assert (len(CODES), list(CODES)) == (79, sorted(each.code for each in CODES.values()))
    assert [code for code, each in CODES.items() if each.level == "WARNING"] == [
        *(52052, 52072, 52116, 52147, 52172, 52173, 52174, 52301, 52303, 52304, 52305, 52307, 52401)
    ]
    assert all(each.title and each.title == each.title.strip() for each in CODES.values())
    assert sum(each.detail is None for each in CODES.values()) == 17
    assert of("A") == [52051, 52052, 52071, 52072]
    assert of("C") == [*range(52163, 52169), *range(52170, 52175)]
    assert of("T") == [52400, 52402, 52403, 52404]
    assert of("M") == [52303, 52304, 52305, 52306]
    assert of("D/S") == [52002, 52003, 52004, 52005, 52161, 52162]
    assert [code for code, each in CODES.items() if not each.of_notify] == sorted(of("A") + of("C") + of("T"))


def test_every_code_that_the_package_names_is_in_the_catalogue() -> None:
    home = Path(fakenotify.__file__).parent
    named = {
        int(code) for file in home.rglob("*.py") for code in re.findall(r"\b52[0-9]{3}\b", file.read_text("utf-8"))
    }

    assert {52001, 52106, 52138, 52301, 52311} <= named <= set(CODES)
