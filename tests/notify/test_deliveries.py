"""What every device receives, or why it doesn't, and the outcomes that a tester sets."""

from __future__ import annotations

import json
import re
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fakenotify
from fakenotify import FakeNotify
from fakenotify.core.errors import UnknownName
from fakenotify.notify.accounts import ACCOUNT_SID
from fakenotify.notify.channels import CHANNELS, HttpRequest
from fakenotify.notify.debugger import CODES
from fakenotify.notify.outcomes import INJECTABLE, struck_by
from fakenotify.notify.records import Alert, Binding, Delivery

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
ADDRESSES = {"apn": TOKEN, "gcm": "g1", "sms": PHONE, "fcm": "f1", "facebook-messenger": "4711", "alexa": "user"}

MESSAGES = f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT_SID}/Messages.json"
URLS = {
    "apn": "https://api.push.apple.com/3/device/{address}",
    "gcm": "https://fcm.googleapis.com/fcm/send",
    "sms": MESSAGES,
    "fcm": "https://fcm.googleapis.com/v1/projects/unknown-project/messages:send",
    "facebook-messenger": "https://graph.facebook.com/me/messages",
    "alexa": "https://api.amazonalexa.com/v1/skillmessages/users/{address}",
}

BAD_TOKEN = "The specified device token is either malformed or not valid for the given environment."
WRONG_TYPE = "Invalid credential type(Can not use credentialType='{}' credentials for {} notifications)"

pytestmark = pytest.mark.fake_notify(frozen=NOW, legacy_fcm="accepted")
warns = pytest.mark.filterwarnings("ignore:fakenotify")


def bad_phone(address: str, sid: str = "null") -> str:
    return (
        f"Invalid sms binding with address '{address}' sid '{sid}': Address of sms binding must be a valid phone number"
    )


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


def target(binding_type: str, address: str) -> str:
    return json.dumps({"binding_type": binding_type, "address": address})


def told(fake: FakeNotify) -> list[tuple[str, str | None, int | None, str | None]]:
    """Address and outcome of every delivery."""
    return [(each.address, each.status, each.error_code, each.error_message) for each in fake.deliveries]


def alerted(fake: FakeNotify) -> list[tuple[int, str, str]]:
    return [(each.code, each.level, each.text) for each in fake.alerts]


# one delivery for each target


@warns
def test_a_broadcast_gives_every_channel_its_own_payload(wire, fake_notify, ready):
    bindings = [
        fake_notify.create_binding(SERVICE_SID, identity="alice", binding_type=kind, address=address)
        for kind, address in ADDRESSES.items()
    ]

    answer = wire.post(PATH, {"Tag": "all", "Title": "T", "Body": "B", "Data": '{"k": "v"}', "Sms": '{"body": "S"}'})

    data = {"twi_title": "T", "twi_body": "B", "k": "v"}
    android = {"priority": "high", "ttl": f"{FOUR_WEEKS}s"}
    expected = {
        "apn": ({"aps": {"alert": {"title": "T", "body": "B"}}, "k": "v"}, APNS_HEADERS, "4"),
        "gcm": ({"to": "g1", "priority": "high", "time_to_live": FOUR_WEEKS, "data": data}, {}, "3"),
        "sms": ({"To": PHONE, "MessagingServiceSid": MESSAGING_SERVICE_SID, "Body": "S"}, {}, "default"),
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
        Delivery(
            sid=sid,
            notification_sid=answer.json["sid"],
            service_sid=SERVICE_SID,
            account_sid=fake_notify.account_sid,
            binding_sid=binding.sid,
            identity="alice",
            binding_type=binding.binding_type,
            address=binding.address,
            status="SENT",
            error_code=None,
            error_message=None,
            payload=expected[binding.binding_type][0],
            headers=expected[binding.binding_type][1],
            credential_sid=getattr(ready, f"{binding.binding_type}_credential_sid", None),
            protocol_version=expected[binding.binding_type][2],
            date_created=MOMENT,
            provider_url=URLS[binding.binding_type],
        )
        for sid, binding in zip(sids, bindings, strict=True)
    ]
    assert [sid[:2] for sid in sids] == ["DA", "DA", "SM", "DA", "DA", "DA"]
    assert all(re.fullmatch("[A-Z]{2}[0-9a-f]{32}", sid) for sid in sids)
    assert len(set(sids)) == 6
    assert alerted(fake_notify) == [(52116, "WARNING", CODES[52116].title)]


@warns
def test_a_delivery_is_a_request_to_its_provider(wire, fake_notify, ready):
    for kind, address in {**ADDRESSES, "alexa": "user/1 é"}.items():
        fake_notify.create_binding(SERVICE_SID, identity="alice", binding_type=kind, address=address)

    wire.post(PATH, {"Tag": "all", "Title": "T", "Body": "B", "Sms": '{"media_urls": ["https://example.com/1.png"]}'})

    paths = {"apn": TOKEN, "alexa": "user%2F1%20%C3%A9"}
    json_type, form_type = "application/json", "application/x-www-form-urlencoded"
    assert [each.request for each in fake_notify.deliveries] == [
        HttpRequest(
            "POST",
            URLS[each.binding_type].format(address=paths.get(each.binding_type)),
            {"Content-Type": form_type if each.binding_type == "sms" else json_type, **each.headers},
            each.payload,
            "form" if each.binding_type == "sms" else "json",
        )
        for each in fake_notify.deliveries
    ]
    [sms] = fake_notify.deliveries.where(binding_type="sms")
    assert sms.request.body == {
        "To": PHONE,
        "MessagingServiceSid": MESSAGING_SERVICE_SID,
        "Body": "B",
        "MediaUrl": ["https://example.com/1.png"],
    }


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
def test_the_credential_decides_where_a_delivery_goes(wire, fake_notify, tmp_path, kind, credential, url):
    sid = fake_notify.create_credential(kind, **credential).sid
    fake_notify.create_service(sid=SERVICE_SID, **{f"{kind}_credential_sid": sid})
    wire.post(PATH, {"ToBinding": target(kind, ADDRESSES[kind]), "Body": "B"})
    wire.delete(f"/v1/Credentials/{sid}")

    fake_notify.save(tmp_path / "world.json")
    fake_notify.load(tmp_path / "world.json")

    assert fake_notify.deliveries.last.request.url == url


def test_a_direct_delivery_has_no_binding_and_no_identity(wire, fake_notify, ready):
    fake_notify.create_binding(SERVICE_SID, identity="alice", binding_type="sms", address=PHONE)

    answer = wire.post(PATH, {"ToBinding": target("sms", PHONE), "Body": "Hi"})

    assert fake_notify.deliveries == [
        Delivery(
            sid=fake_notify.deliveries.last.sid,
            notification_sid=answer.json["sid"],
            service_sid=SERVICE_SID,
            account_sid=fake_notify.account_sid,
            binding_sid=None,
            identity=None,
            binding_type="sms",
            address=PHONE,
            status="SENT",
            error_code=None,
            error_message=None,
            payload={"To": PHONE, "MessagingServiceSid": MESSAGING_SERVICE_SID, "Body": "Hi"},
            headers={},
            credential_sid=None,
            protocol_version="default",
            date_created=MOMENT,
            provider_url=MESSAGES,
        )
    ]
    assert len(fake_notify.bindings) == 1


def test_a_failed_delivery_tells_why_and_so_does_an_alert(wire, fake_notify, ready):
    binding = fake_notify.create_binding(SERVICE_SID, identity="alice", binding_type="sms", address="+1 555")

    answer = wire.post(PATH, {"Identity": "alice", "Body": "Hi"})

    text = bad_phone("+1 555", binding.sid)
    assert answer.status == 201
    assert fake_notify.deliveries == [
        Delivery(
            sid=None,
            notification_sid=answer.json["sid"],
            service_sid=SERVICE_SID,
            account_sid=fake_notify.account_sid,
            binding_sid=binding.sid,
            identity="alice",
            binding_type="sms",
            address="+1 555",
            status="FAILED",
            error_code=52001,
            error_message=text,
            payload={"To": "+1 555", "MessagingServiceSid": MESSAGING_SERVICE_SID, "Body": "Hi"},
            headers={},
            credential_sid=None,
            protocol_version="default",
            date_created=MOMENT,
            provider_url=MESSAGES,
        )
    ]
    assert fake_notify.alerts == [
        Alert(
            code=52001,
            level="ERROR",
            text=text,
            notification_sid=answer.json["sid"],
            service_sid=SERVICE_SID,
            account_sid=fake_notify.account_sid,
            binding_sid=binding.sid,
            binding_type="sms",
            date_created=MOMENT,
        )
    ]


def test_channels_may_be_mixed_in_a_direct_send_and_doubled_targets_stay(wire, fake_notify, ready):
    targets = [("sms", PHONE), ("facebook-messenger", "123456789123"), ("sms", PHONE), ("apn", TOKEN)]

    wire.post(PATH, [("Body", "Hello Bob"), *(("ToBinding", target(*each)) for each in targets)])

    assert [(each.binding_type, each.address, each.status) for each in fake_notify.deliveries] == [
        (*each, "SENT") for each in targets
    ]


def test_one_bad_target_keeps_no_other_from_being_reached(wire, fake_notify, ready):
    wire.post(PATH, [("Body", "Hi"), *(("ToBinding", target("sms", each)) for each in (PHONE, "nonsense", "+15551"))])

    assert told(fake_notify) == [
        (PHONE, "SENT", None, None),
        ("nonsense", "FAILED", 52001, bad_phone("nonsense")),
        ("+15551", "SENT", None, None),
    ]


def test_the_number_of_the_observed_alert_passes_the_pattern_of_e_164(wire, fake_notify, ready):
    """Twilio knows number plans and refused it; the fake has the form only. (assumed D4)"""
    wire.post(PATH, {"Body": "Hi", "ToBinding": target("sms", "+861663610424239")})

    assert told(fake_notify) == [("+861663610424239", "SENT", None, None)]


def test_targets_are_those_of_the_moment_of_the_post(wire, fake_notify, ready):
    binding = fake_notify.create_binding(SERVICE_SID, identity="alice", binding_type="sms", address=PHONE)
    wire.post(PATH, {"Identity": "alice", "Body": "Hi"})
    before = fake_notify.deliveries

    wire.delete(f"/v1/Services/{SERVICE_SID}/Bindings/{binding.sid}")
    fake_notify.create_binding(SERVICE_SID, identity="alice", binding_type="sms", address="+15551")

    assert fake_notify.deliveries == before
    assert [each.binding_sid for each in before] == [binding.sid]


def test_each_account_has_its_own_deliveries_and_alerts(fake_notify):
    other = fake_notify.account()
    service = other.create_service()

    other.client().notify.v1.services(service.sid).notifications.create(to_binding=target("sms", PHONE), body="Hi")

    assert (told(fake_notify), alerted(fake_notify)) == ([], [])
    assert told(other) == [(PHONE, "FAILED", 52182, "Messaging Service not specified")]
    assert alerted(other) == [(52182, "ERROR", "Messaging Service not specified")]


# what happens by itself


OTHERS = {"apn": "fcm", "fcm": "gcm", "gcm": "apn"}
BY_ITSELF = [
    ("sms without Messaging Service", "sms", PHONE, {"messaging_service_sid": None}, {}, 52182, None),
    ("sms to what is no phone number", "sms", "nonsense", {}, {}, 52001, bad_phone("nonsense")),
    ("sms without text", "sms", PHONE, {}, {"Body": ""}, 52309, None),
    ("sms with null for media", "sms", PHONE, {}, {"Body": "", "Sms": '{"media_urls": null}'}, 52309, None),
    *(
        (f"{kind} {what}", kind, ADDRESSES[kind], {f"{kind}_credential_sid": sid}, {}, code, text)
        for kind in PUSH
        for what, sid, code, text in (
            ("without credential", None, 52004, None),
            ("with an unknown credential", NOBODYS, 52002, None),
            ("with another's credential", OTHERS[kind], 52003, WRONG_TYPE.format(OTHERS[kind], kind.upper())),
        )
    ),
    ("apn to a malformed token", "apn", "device_token", {}, {}, 52134, BAD_TOKEN),
    ("apn without payload", "apn", TOKEN, {}, {"Body": ""}, 52136, None),
    ("apn with too large a payload", "apn", TOKEN, {}, {"Body": "x" * 5000}, 52138, None),
    ("fcm with too large a payload", "fcm", ADDRESSES["fcm"], {}, {"Body": "x" * 5000}, 52106, None),
    ("gcm with a reserved key", "gcm", ADDRESSES["gcm"], {}, {"Data": '{"from": 1}'}, 52107, None),
    ("messenger without body", "facebook-messenger", "1", {}, {"Body": ""}, 52203, None),
    ("messenger without page", "facebook-messenger", "1", {"facebook_messenger_page_id": None}, {}, 52202, None),
    ("alexa without title", "alexa", "u", {}, {}, 52215, None),
    ("alexa without body", "alexa", "u", {}, {"Title": "T", "Body": ""}, 52309, None),
    ("alexa without skill", "alexa", "u", {"alexa_skill_id": None}, {"Title": "T"}, 52212, None),
]


@pytest.mark.parametrize(
    ("kind", "address", "lacks", "fields", "code", "text", "direct"),
    [pytest.param(*row[1:], at % 2 == 0, id=row[0]) for at, row in enumerate(BY_ITSELF)],
)
def test_a_delivery_fails_by_itself(wire, fake_notify, kind, address, lacks, fields, code, text, direct):
    credentials = {each: fake_notify.create_credential(each).sid for each in PUSH}
    complete = {
        "messaging_service_sid": MESSAGING_SERVICE_SID,
        "facebook_messenger_page_id": "4",
        "alexa_skill_id": "skill",
        **{f"{each}_credential_sid": sid for each, sid in credentials.items()},
        **{name: credentials.get(value, value) for name, value in lacks.items()},
    }
    fake_notify.create_service(sid=SERVICE_SID, **complete)
    binding = None
    if not direct:
        binding = fake_notify.create_binding(SERVICE_SID, identity="alice", binding_type=kind, address=address)
        text = text and text.replace("sid 'null'", f"sid '{binding.sid}'")

    answer = wire.post(
        PATH, {"Body": "B", **({"ToBinding": target(kind, address)} if direct else {"Identity": "alice"}), **fields}
    )

    text = text or CODES[code].title
    assert answer.status == 201
    assert [
        (each.sid, each.status, each.error_code, each.error_message, each.binding_sid)
        for each in fake_notify.deliveries
    ] == [(None, "FAILED", code, text, binding.sid if binding else None)]
    assert [
        (each.code, each.level, each.text, each.notification_sid, each.binding_sid, each.binding_type)
        for each in fake_notify.alerts
    ] == [(code, "ERROR", text, answer.json["sid"], binding.sid if binding else None, kind)]
    assert [each.sid for each in fake_notify.bindings] == ([binding.sid] if binding else [])


@pytest.mark.fake_notify(legacy_fcm="refused")
@pytest.mark.parametrize("kind", ["gcm", "fcm"])
def test_googles_legacy_api_fails_and_the_request_says_what_to_do(wire, fake_notify, kind):
    credential = fake_notify.create_credential(kind, secret="a server key", api_key="a server key")
    fake_notify.create_service(sid=SERVICE_SID, **{f"{kind}_credential_sid": credential.sid})

    wire.post(PATH, {"ToBinding": [target(kind, "f1"), target(kind, "f2")], "Body": "B", "Data": '{"from": "x"}'})

    assert told(fake_notify) == [(each, "FAILED", 52117, CODES[52117].title) for each in ("f1", "f2")]
    assert [each.code for each in fake_notify.alerts] == [52117, 52117]
    [hint] = fake_notify.requests.last.warnings
    assert hint.startswith("Google ended its legacy API in 2024, so a delivery by ")


@pytest.mark.fake_notify(legacy_fcm="refused")
@pytest.mark.parametrize(
    ("credential", "code"), [(None, 52004), (NOBODYS, 52002), ("apn", 52003), ("fcm", 52003), ("gcm", 52117)]
)
def test_the_credential_is_looked_at_before_googles_legacy_api(wire, fake_notify, credential, code):
    sid = fake_notify.create_credential(credential).sid if credential in PUSH else credential
    fake_notify.create_service(sid=SERVICE_SID, gcm_credential_sid=sid)

    wire.post(PATH, {"ToBinding": target("gcm", "g1"), "Body": "B"})

    assert [each.error_code for each in fake_notify.deliveries] == [code]
    assert bool(fake_notify.requests.last.warnings) is (code == 52117)


def test_an_unwrapped_fcm_override_fails_and_shows_what_was_merged(wire, fake_notify, ready):
    wire.post(PATH, {"ToBinding": target("fcm", "f1"), "Fcm": '{"notification": {"title": "T"}}'})

    assert told(fake_notify) == [("f1", "FAILED", 52111, "GCM/FCM returned unknown error")]
    assert alerted(fake_notify) == [(52111, "ERROR", "GCM/FCM returned unknown error")]
    assert fake_notify.deliveries.last.payload["notification"] == {"title": "T"}
    assert "wrap the override" in fake_notify.requests.last.warnings[0]


def nobody(fake: FakeNotify, answer: Any, code: int) -> Alert:
    return Alert(
        code=code,
        level="WARNING",
        text=CODES[code].title,
        notification_sid=answer.json["sid"],
        service_sid=SERVICE_SID,
        account_sid=fake.account_sid,
        binding_sid=None,
        binding_type=None,
        date_created=MOMENT,
    )


@pytest.mark.parametrize("fields", [{"Identity": "bob"}, {"Tag": "vip"}, {"Identity": "alice", "Tag": "vip"}])
def test_a_send_that_matches_nothing_is_a_201_with_a_warning_and_no_delivery(wire, fake_notify, ready, fields):
    fake_notify.create_binding(SERVICE_SID, identity="alice", binding_type="sms", address=PHONE)

    answer = wire.post(PATH, {"Body": "Hi", **fields})

    assert (answer.status, fake_notify.deliveries) == (201, [])
    assert fake_notify.alerts == [nobody(fake_notify, answer, 52301)]


@warns
def test_segments_without_users_raise_a_warning_of_their_own(wire, fake_notify, ready):
    answer = wire.post(PATH, {"Segment": "premium", "Body": "Hi"})

    assert (answer.status, fake_notify.deliveries) == (201, [])
    assert fake_notify.alerts == [nobody(fake_notify, answer, 52307)]


@warns
def test_segments_with_users_that_have_no_binding_are_an_ordinary_miss(wire, fake_notify, ready):
    fake_notify.create_user(SERVICE_SID, identity="alice", segments=["premium"])

    answer = wire.post(PATH, {"Segment": "premium", "Body": "Hi"})

    assert (answer.status, fake_notify.deliveries) == (201, [])
    assert fake_notify.alerts == [nobody(fake_notify, answer, 52301)]


# the order of checks


def outcomes_while_mending(wire: Any, fake: FakeNotify, form: dict[str, str], mends: list[Any]) -> list[int | None]:
    """The error code of a send, again after each mend."""
    found = []
    for mend in (dict, *mends):
        form = {**form, **(mend() or {})}
        assert wire.post(PATH, form).status == 201
        found.append(fake.deliveries.last.error_code)
    return found


def test_sms_checks_the_service_then_the_address_then_the_content(wire, fake_notify, service):
    def give_messaging_service() -> None:
        wire.post(f"/v1/Services/{SERVICE_SID}", {"MessagingServiceSid": MESSAGING_SERVICE_SID})

    mends = [give_messaging_service, lambda: {"ToBinding": target("sms", PHONE)}, lambda: {"Body": "Hi"}]

    assert outcomes_while_mending(wire, fake_notify, {"ToBinding": target("sms", "x")}, mends) == [
        52182,
        52001,
        52309,
        None,
    ]


def test_apn_checks_the_credential_then_the_token_then_the_payload(wire, fake_notify, service):
    def use(sid: str) -> None:
        wire.post(f"/v1/Services/{SERVICE_SID}", {"ApnCredentialSid": sid})

    mends = [
        lambda: use(NOBODYS),
        lambda: use(fake_notify.create_credential("fcm").sid),
        lambda: use(fake_notify.create_credential("apn").sid),
        lambda: {"ToBinding": target("apn", TOKEN)},
        lambda: {"Body": "x" * 5000},
        lambda: {"Body": "Hi"},
    ]

    assert outcomes_while_mending(wire, fake_notify, {"ToBinding": target("apn", "x")}, mends) == [
        52004,
        52002,
        52003,
        52134,
        52136,
        52138,
        None,
    ]


@warns
@pytest.mark.parametrize(
    ("kind", "setting", "content", "codes"),
    [
        ("facebook-messenger", {"FacebookMessengerPageId": "4"}, [{"Body": "B"}], [52202, 52203, None]),
        ("alexa", {"AlexaSkillId": "skill"}, [{"Title": "T"}, {"Body": "B"}], [52212, 52215, 52309, None]),
    ],
)
def test_messenger_and_alexa_check_the_service_then_the_content(
    wire, fake_notify, service, kind, setting, content, codes
):
    def give_setting() -> None:
        wire.post(f"/v1/Services/{SERVICE_SID}", setting)

    mends = [give_setting, *((lambda each=each: each) for each in content)]

    assert outcomes_while_mending(wire, fake_notify, {"ToBinding": target(kind, "x")}, mends) == codes


def test_what_the_tester_says_comes_before_every_check(wire, fake_notify, service):
    fake_notify.fail_delivery(52310)

    wire.post(PATH, {"ToBinding": target("apn", "x")})

    assert told(fake_notify) == [("x", "FAILED", 52310, "Notification TTL has expired")]


# which credential


@pytest.mark.parametrize("kind", PUSH)
def test_a_binding_uses_its_own_credential_before_the_services(wire, fake_notify, ready, kind):
    own = fake_notify.create_credential(kind)
    for identity, credential_sid in (("own", own.sid), ("services", None)):
        fake_notify.create_binding(
            SERVICE_SID,
            identity=identity,
            binding_type=kind,
            address=TOKEN + ("" if credential_sid else "00"),
            credential_sid=credential_sid,
        )

    wire.post(PATH, {"Tag": kind, "Body": "Hi"})
    wire.post(PATH, {"ToBinding": target(kind, TOKEN), "Body": "Hi"})

    services = getattr(ready, f"{kind}_credential_sid")
    assert [(each.identity, each.credential_sid, each.status) for each in fake_notify.deliveries] == [
        ("own", own.sid, "SENT"),
        ("services", services, "SENT"),
        (None, services, "SENT"),
    ]


def test_a_bad_credential_of_its_own_is_not_mended_by_the_services(wire, fake_notify, ready):
    own = fake_notify.create_credential("apn")
    fake_notify.create_binding(SERVICE_SID, identity="alice", binding_type="apn", address=TOKEN, credential_sid=own.sid)
    wire.delete(f"/v1/Credentials/{own.sid}")

    wire.post(PATH, {"Identity": "alice", "Body": "Hi"})

    assert told(fake_notify) == [(TOKEN, "FAILED", 52002, "Invalid Credential Sid")]
    assert fake_notify.deliveries.last.credential_sid == own.sid


def test_a_deleted_credential_fails_the_deliveries_to_come(wire, fake_notify, ready):
    form = {"ToBinding": target("fcm", "f1"), "Body": "Hi"}
    wire.post(PATH, form)
    wire.delete(f"/v1/Credentials/{ready.fcm_credential_sid}")
    wire.post(PATH, form)

    assert told(fake_notify) == [("f1", "SENT", None, None), ("f1", "FAILED", 52002, "Invalid Credential Sid")]


def test_a_credential_of_another_account_is_simply_unknown(wire, fake_notify, service):
    foreign = fake_notify.account().create_credential("apn")
    wire.post(f"/v1/Services/{SERVICE_SID}", {"ApnCredentialSid": foreign.sid})

    wire.post(PATH, {"ToBinding": target("apn", TOKEN), "Body": "Hi"})

    assert told(fake_notify) == [(TOKEN, "FAILED", 52002, "Invalid Credential Sid")]


# protocol versions


def alerts_shown(fake: FakeNotify) -> list[tuple[str, Any]]:
    return [(each.protocol_version, each.payload["aps"]["alert"]) for each in fake.deliveries]


def test_a_binding_copies_the_services_version_when_it_is_created(wire, fake_notify, ready):
    fake_notify.create_binding(SERVICE_SID, identity="alice", binding_type="apn", address="01")
    wire.post(f"/v1/Services/{SERVICE_SID}", {"DefaultApnNotificationProtocolVersion": "3"})
    fake_notify.create_binding(SERVICE_SID, identity="bob", binding_type="apn", address="02")

    wire.post(PATH, {"Tag": "apn", "Body": "B"})

    assert alerts_shown(fake_notify) == [("4", {"body": "B"}), ("3", "B")]


def test_a_direct_send_has_the_services_version_of_the_moment(wire, fake_notify, ready):
    form = {"ToBinding": target("apn", TOKEN), "Body": "B"}
    wire.post(PATH, form)
    wire.post(f"/v1/Services/{SERVICE_SID}", {"DefaultApnNotificationProtocolVersion": "3"})
    wire.post(PATH, form)

    assert alerts_shown(fake_notify) == [("4", {"body": "B"}), ("3", "B")]


@pytest.mark.fake_notify(apn_protocol_version="3", frozen=NOW)
def test_new_services_have_the_version_of_the_switch(wire, fake_notify, ready):
    wire.post(PATH, {"ToBinding": target("apn", TOKEN), "Title": "T", "Body": "B"})

    assert alerts_shown(fake_notify) == [("3", "B")]


# who is meant


IDENTITIES = ("alice", "bob", "carol")
TAGS = ("vip", "news", "all", "sms")
SEGMENTS = ("premium", "north")
bound = st.tuples(
    st.sampled_from(IDENTITIES),
    st.sampled_from(list(CHANNELS)),
    st.sampled_from([f"+1500{number}" for number in range(8)]),
    st.lists(st.sampled_from(TAGS), unique=True, max_size=3),
)


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


@settings(max_examples=300, deadline=None)
@given(
    st.lists(bound, max_size=12),
    st.lists(st.integers(0, 11), max_size=3),
    st.dictionaries(st.sampled_from(IDENTITIES), some(SEGMENTS)),
    some((*IDENTITIES, "nobody")),
    some((*TAGS, "apn", "alexa", "other"), 3),
    some((*SEGMENTS, "nowhere")),
)
def test_the_recipients_are_those_of_a_naive_filter_over_all_bindings(
    bindings, deleted, users, identities, tags, segments
):
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

    api.notifications.create(identity=identities, tag=tags, segment=segments, body="Hi")

    expected = [each for each in fake.bindings if is_meant(each, identities, tags, segments, users)]
    assert [(each.binding_sid, each.identity, each.address) for each in fake.deliveries] == [
        (each.sid, each.identity, each.address) for each in expected
    ]
    missed = [each.code for each in fake.alerts if each.code in (52301, 52307)]
    has_members = any(set(segments) <= set(of_user) for of_user in users.values())
    assert missed == ([] if expected else [52307] if segments and not has_members else [52301])


# outcomes


@pytest.fixture
def three(fake_notify, ready):
    """Three Bindings: Alice's phone and iPhone, Bob's phone."""
    for identity, kind, address in (("alice", "sms", "+1501"), ("alice", "apn", "a1"), ("bob", "sms", "+1502")):
        fake_notify.create_binding(SERVICE_SID, identity=identity, binding_type=kind, address=address)


def codes(fake: FakeNotify) -> dict[str, int | None]:
    return {each.address: each.error_code for each in fake.deliveries}


@pytest.mark.parametrize(
    ("selectors", "failing"),
    [
        ({}, ["+1501", "a1", "+1502"]),
        ({"identity": "alice"}, ["+1501", "a1"]),
        ({"binding_type": "sms"}, ["+1501", "+1502"]),
        ({"address": "+1502"}, ["+1502"]),
        ({"identity": "alice", "binding_type": "sms"}, ["+1501"]),
        ({"binding_type": "sms", "address": "a1"}, []),
        ({"identity": "bob", "binding_type": "sms", "address": "+1502"}, ["+1502"]),
        ({"identity": "Alice"}, []),
    ],
)
def test_an_outcome_fits_the_deliveries_that_fit_every_selector(wire, fake_notify, three, selectors, failing):
    fake_notify.fail_delivery(52310, **selectors)

    wire.post(PATH, {"Tag": "all", "Body": "Hi"})

    assert codes(fake_notify) == {each: 52310 if each in failing else None for each in ("+1501", "a1", "+1502")}
    assert alerted(fake_notify) == [(52310, "ERROR", CODES[52310].title)] * len(failing)


def test_an_outcome_for_an_identity_leaves_direct_sends_alone(wire, fake_notify, three):
    fake_notify.fail_delivery(52181, identity="alice")

    wire.post(PATH, {"ToBinding": target("sms", "+1501"), "Body": "Hi"})

    assert codes(fake_notify) == {"+1501": None}


def test_an_outcome_for_an_address_fits_direct_sends_too(wire, fake_notify, three):
    fake_notify.fail_delivery(52181, address="+1501", binding_type="sms")

    wire.post(PATH, {"ToBinding": target("sms", "+1501"), "Body": "Hi"})

    assert codes(fake_notify) == {"+1501": 52181}


def test_an_outcome_with_times_is_used_up(wire, fake_notify, three):
    fake_notify.fail_delivery(52181, binding_type="sms", times=3)

    for _ in range(3):
        wire.post(PATH, {"Tag": "sms", "Body": "Hi"})

    assert [each.error_code for each in fake_notify.deliveries] == [52181, 52181, 52181, None, None, None]


def test_of_several_outcomes_the_first_that_is_not_used_up_wins(wire, fake_notify, three):
    fake_notify.fail_delivery(52181, identity="bob", times=1)
    fake_notify.fail_delivery(52310, times=1)
    fake_notify.fail_delivery(52000, identity="bob")

    for _ in range(3):
        wire.post(PATH, {"Identity": "bob", "Body": "Hi"})

    assert [each.error_code for each in fake_notify.deliveries] == [52181, 52310, 52000]


def test_every_code_of_a_delivery_can_be_set(wire, fake_notify, ready):
    injectable = [code for code in INJECTABLE if code != 52302]
    for code in injectable:
        kind = struck_by(code)[0]
        fake_notify.fail_delivery(code, address=ADDRESSES[kind], binding_type=kind, times=1)
        wire.post(PATH, {"ToBinding": target(kind, ADDRESSES[kind]), "Title": "T", "Body": "Hi"})

    expected = [(code, CODES[code].title) for code in injectable]
    assert [(each.error_code, each.error_message) for each in fake_notify.deliveries] == expected
    assert alerted(fake_notify) == [(code, CODES[code].level, title) for code, title in expected]


def test_what_can_be_set_are_the_codes_of_a_delivery():
    injected = {52103, 52141, 52102, *range(52101, 52112), *range(52115, 52118), 52181, 52201, 52211, 52302, 52310}

    assert injected <= set(INJECTABLE)
    assert {each for each in CODES if 52131 <= each <= 52149} <= set(INJECTABLE)
    assert {code for code in INJECTABLE if CODES[code].when not in ("D", "D/S")} == set()


@pytest.mark.parametrize(("code", "kind"), [(52103, "fcm"), (52103, "gcm"), (52141, "apn")])
def test_a_token_that_the_provider_disowns_loses_its_binding(wire, fake_notify, ready, code, kind):
    mine, other = (
        fake_notify.create_binding(SERVICE_SID, identity="alice", binding_type=kind, address=address)
        for address in ("a1", "a2")
    )
    fake_notify.fail_delivery(code, address="a1")

    wire.post(PATH, {"Identity": "alice", "Body": "first"})
    wire.post(PATH, {"Identity": "alice", "Body": "second"})

    assert [(each.binding_sid, each.error_code) for each in fake_notify.deliveries] == [
        (mine.sid, code),
        (other.sid, None),
        (other.sid, None),
    ]
    assert fake_notify.bindings == [other]
    assert wire.get(f"/v1/Services/{SERVICE_SID}/Bindings/{mine.sid}").status == 404
    errors = [each for each in fake_notify.alerts if each.level == "ERROR"]
    assert [(each.code, each.binding_sid, each.binding_type) for each in errors] == [(code, mine.sid, kind)]


def test_a_code_of_one_provider_leaves_the_others_alone(wire, fake_notify, three):
    fake_notify.create_binding(SERVICE_SID, identity="carol", binding_type="apn", address="a2")
    fake_notify.fail_delivery(52141)

    wire.post(PATH, {"Tag": "all", "Body": "Hi"})

    assert codes(fake_notify) == {"+1501": None, "a1": 52141, "+1502": None, "a2": 52141}
    assert [each.address for each in fake_notify.bindings] == ["+1501", "+1502"]


def test_a_code_of_another_provider_uses_nothing_up(wire, fake_notify, three):
    fake_notify.fail_delivery(52141, times=1)

    wire.post(PATH, {"Identity": "bob", "Body": "Hi"})
    wire.post(PATH, {"Tag": "apn", "Body": "Hi"})

    assert codes(fake_notify) == {"+1502": None, "a1": 52141}


@pytest.mark.parametrize(
    ("code", "kind", "labels"),
    [
        (52103, "sms", "GCM and FCM"),
        (52103, "apn", "GCM and FCM"),
        (52141, "fcm", "APNs"),
        (52181, "alexa", "SMS"),
        (52201, "sms", "Messenger"),
        (52213, "gcm", "Alexa"),
    ],
)
def test_a_code_that_can_strike_no_delivery_meant_says_whose_it_is(fake_notify, code, kind, labels):
    words = f"{code} ({CODES[code].title}) is a code of {labels}: no delivery by {kind} can fail with it"
    with pytest.raises(ValueError, match="^" + re.escape(words) + "$"):
        fake_notify.fail_delivery(code, binding_type=kind)


def test_a_disowned_token_of_a_direct_send_has_no_binding_to_lose(wire, fake_notify, three):
    before = fake_notify.bindings
    fake_notify.fail_delivery(52141, address="a1")

    wire.post(PATH, {"ToBinding": target("apn", "a1"), "Body": "Hi"})

    assert codes(fake_notify) == {"a1": 52141}
    assert fake_notify.bindings == before


def test_other_codes_leave_the_binding(wire, fake_notify, three):
    before = fake_notify.bindings
    for code in (52102, 52134, 52142):
        fake_notify.fail_delivery(code, address="a1", times=1)
        wire.post(PATH, {"Identity": "alice", "Body": "Hi"})

    assert fake_notify.bindings == before


@pytest.mark.parametrize("selectors", [{}, {"identity": "bob"}, {"address": "a1"}])
def test_too_many_recipients_stops_the_whole_notification(wire, fake_notify, three, selectors):
    fake_notify.fail_delivery(52302, **selectors)

    answer = wire.post(PATH, {"Tag": "all", "Body": "Hi", "DeliveryCallbackUrl": "hello"})

    assert (answer.status, fake_notify.deliveries, fake_notify.callbacks) == (201, [], [])
    assert fake_notify.alerts == [
        Alert(
            code=52302,
            level="ERROR",
            text="Too many recipients",
            notification_sid=answer.json["sid"],
            service_sid=SERVICE_SID,
            account_sid=fake_notify.account_sid,
            binding_sid=None,
            binding_type=None,
            date_created=MOMENT,
        )
    ]


def test_too_many_recipients_counts_notifications(wire, fake_notify, three):
    fake_notify.fail_delivery(52302, times=2)

    for _ in range(3):
        wire.post(PATH, {"Tag": "all", "Body": "Hi"})

    assert [each.code for each in fake_notify.alerts] == [52302, 52302]
    assert codes(fake_notify) == {"+1501": None, "a1": None, "+1502": None}


def test_too_many_recipients_leaves_notifications_to_others_alone(wire, fake_notify, three):
    fake_notify.fail_delivery(52302, identity="bob")

    wire.post(PATH, {"Identity": "alice", "Body": "Hi"})

    assert codes(fake_notify) == {"+1501": None, "a1": None}


def test_too_many_recipients_uses_no_other_outcome_up(wire, fake_notify, three):
    fake_notify.fail_delivery(52181, address="+1501", times=1)
    fake_notify.fail_delivery(52302, address="+1502", times=1)

    for _ in range(2):
        wire.post(PATH, {"Tag": "all", "Body": "Hi"})

    assert codes(fake_notify) == {"+1501": 52181, "a1": None, "+1502": None}


def test_too_many_recipients_needs_a_recipient(wire, fake_notify, three):
    fake_notify.fail_delivery(52302, times=1)

    wire.post(PATH, {"Identity": "nobody", "Body": "Hi"})
    wire.post(PATH, {"Identity": "bob", "Body": "Hi"})

    assert [each.code for each in fake_notify.alerts] == [52301, 52302]


def test_outcomes_belong_to_an_account_and_go_with_a_reset(fake_notify, ready):
    other = fake_notify.account()
    other.fail_delivery(52000)
    fake_notify.fail_delivery(52310)
    fake_notify.reset()
    service = fake_notify.create_service(messaging_service_sid=MESSAGING_SERVICE_SID)

    fake_notify.create_notification(service.sid, to_binding={"binding_type": "sms", "address": PHONE}, body="Hi")

    assert codes(fake_notify) == {PHONE: None}


@pytest.mark.parametrize(
    ("code", "message", "nearest"),
    [
        (
            52999,
            "52999 is no delivery outcome; nearest: 52309 Channel provider replied with an error; "
            "52149 Invalid APNs provider token used; 52139 APN service shutdown",
            ["52309", "52149", "52139"],
        ),
        (
            52141.0,
            "52141.0 is no delivery outcome; nearest: 52141 The provided APNs device token has been unregistered; "
            "52140 Unknown APNs error; 52110 GCM/FCM service unavailable",
            ["52141", "52140", "52110"],
        ),
        (7, "7 is no delivery outcome; nearest: 52000 to 52401", []),
        (True, "True is no delivery outcome; nearest: 52000 to 52401", []),
        (None, "None is no delivery outcome; nearest: 52000 to 52401", []),
    ],
)
def test_an_unknown_outcome_is_told_with_the_nearest(fake_notify, code, message, nearest):
    with pytest.raises(UnknownName) as error:
        fake_notify.fail_delivery(code)

    assert (str(error.value), error.value.nearest) == (message, nearest)


BY_ITSELF_ALONE = "is never a delivery's outcome; the fake raises it by itself"
OF_USERS = "is never a delivery's outcome; it is about Users and Segments"
FOREIGN = "is a code of another product; Notify never raises it"


def test_a_code_that_is_no_outcome_says_what_it_is(fake_notify):
    reasons = {
        **dict.fromkeys((52301, 52307, 52311), BY_ITSELF_ALONE),
        **dict.fromkeys((52303, 52304, 52305, 52306), OF_USERS),
        **{code: FOREIGN for code, each in CODES.items() if not each.of_notify},
    }
    said = {}
    for code in reasons:
        with pytest.raises(UnknownName) as error:
            fake_notify.fail_delivery(code)
        said[code] = str(error.value)

    assert said == {code: f"{code} ({CODES[code].title}) {why}" for code, why in reasons.items()}


def test_every_code_of_the_catalogue_can_be_set_or_says_why_not(fake_notify):
    refused = set()
    for code in CODES:
        try:
            fake_notify.fail_delivery(code)
        except UnknownName:
            refused.add(code)

    assert refused == set(CODES) - set(INJECTABLE)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"binding_type": "apns"}, "no binding type 'apns'; nearest: apn"),
        ({"binding_type": "x"}, "no binding type 'x'; nearest: apn, gcm, sms, fcm, facebook-messenger, alexa"),
        ({"binding_type": 1}, "no binding type 1; nearest: apn, gcm, sms, fcm, facebook-messenger, alexa"),
        ({"address": 15005550006}, "address is a text, not 15005550006"),
        ({"identity": ["alice"]}, "identity is a text, not ['alice']"),
        *(
            ({"times": times}, f"times is a whole number from 1, or None for good, not {times!r}")
            for times in (0, -1, 1.0, "1", True)
        ),
    ],
)
def test_a_bad_selector_of_an_outcome_is_told(fake_notify, arguments, message):
    with pytest.raises(ValueError, match="^" + re.escape(message) + "$"):
        fake_notify.fail_delivery(52141, **arguments)


def test_a_bad_outcome_changes_nothing(wire, fake_notify, three):
    for code, arguments in ((1, {}), (52310, {"times": 0}), (52310, {"binding_type": "x"})):
        with pytest.raises(ValueError):  # noqa: PT011  # which message is another test's
            fake_notify.fail_delivery(code, **arguments)

    wire.post(PATH, {"Tag": "all", "Body": "Hi"})

    assert set(codes(fake_notify).values()) == {None}


# ten thousand


@pytest.mark.fake_notify(callback_delivery="manual", frozen=NOW)
def test_ten_thousand_targets_are_one_201_ten_thousand_deliveries_and_ten_callbacks(
    fake_notify, fake_notify_client, ready
):
    addresses = [f"+1500{number:07}" for number in range(10_000)]

    notification = fake_notify_client.notify.v1.services(SERVICE_SID).notifications.create(
        to_binding=[target("sms", each) for each in addresses], body="Hi", delivery_callback_url="http://127.0.0.1:9/"
    )

    assert [(each.status, each.sid) for each in fake_notify.requests] == [(201, notification.sid)]
    deliveries = fake_notify.deliveries
    assert [(each.address, each.status) for each in deliveries] == [(each, "SENT") for each in addresses]
    assert len({each.sid for each in deliveries}) == 10_000
    callbacks = fake_notify.callbacks
    assert [(each.sequence_id, each.is_final, each.params["Count"]) for each in callbacks] == [
        (number, number == 9, ["1000"]) for number in range(10)
    ]
    states = [(each["sid"], each["address"]) for callback in callbacks for each in callback.delivery_states]
    assert states == [(each.sid, each.address) for each in deliveries]


# the catalogue


def test_the_catalogue_has_the_79_codes_of_the_dictionary_and_their_levels():
    assert len(CODES) == 79
    assert all(code == each.code and 52000 <= code <= 52404 for code, each in CODES.items())
    assert list(CODES) == sorted(CODES)
    assert [code for code, each in CODES.items() if each.level == "WARNING"] == [
        *(52052, 52072, 52116, 52147, 52172, 52173, 52174, 52301, 52303, 52304, 52305, 52307, 52401)
    ]
    assert {each.level for each in CODES.values()} == {"ERROR", "WARNING"}
    assert all(each.title and each.title == each.title.strip() for each in CODES.values())
    assert sum(each.detail is None for each in CODES.values()) == 17


def test_the_codes_of_other_products_are_marked():
    foreign = {
        "A": [52051, 52052, 52071, 52072],
        "C": [*range(52163, 52169), *range(52170, 52175)],
        "T": [52400, 52402, 52403, 52404],
    }

    assert {when: [code for code, each in CODES.items() if each.when == when] for when in ("A", "C", "T")} == foreign
    assert [code for code, each in CODES.items() if not each.of_notify] == sorted(
        code for some in foreign.values() for code in some
    )
    assert [code for code, each in CODES.items() if each.when == "M"] == [52303, 52304, 52305, 52306]
    assert [code for code, each in CODES.items() if each.when == "D/S"] == [52002, 52003, 52004, 52005, 52161, 52162]


def test_every_code_that_the_package_names_is_in_the_catalogue():
    home = Path(fakenotify.__file__).parent
    named = {
        int(code) for file in home.rglob("*.py") for code in re.findall(r"\b52[0-9]{3}\b", file.read_text("utf-8"))
    }

    assert named >= {52001, 52106, 52138, 52301, 52311}
    assert named <= set(CODES)
