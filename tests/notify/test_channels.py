"""What each provider would get: golden payloads, every failure at its border, laws that hold for any Notification."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakenotify.notify.behaviour import Behaviour
from fakenotify.notify.channels import CHANNELS, Failure, Outgoing, Rendered, Shown
from fakenotify.notify.channels.channel import BadAddress, merged, size_in_bytes
from fakenotify.notify.records import NO_STRINGS, Credential, Notification, Service

NOW = datetime(2027, 10, 31, 12, 0, 0, 900_000, tzinfo=timezone.utc)
FOUR_WEEKS = 2419200
MESSAGING_SERVICE_SID = "MG" + "a" * 32
OVERRIDES = {name: each.override.field for name, each in CHANNELS.items() if each.override is not None}

SERVICE = Service(
    sid="IS" + "a" * 32,
    account_sid="AC" + "a" * 32,
    friendly_name=None,
    date_created=NOW,
    date_updated=NOW,
    apn_credential_sid=None,
    gcm_credential_sid=None,
    fcm_credential_sid=None,
    messaging_service_sid=MESSAGING_SERVICE_SID,
    facebook_messenger_page_id="4",
    alexa_skill_id="amzn1.ask.skill.1",
    default_apn_notification_protocol_version="4",
    default_gcm_notification_protocol_version="3",
    default_fcm_notification_protocol_version="3",
    default_alexa_notification_protocol_version="3",
    log_enabled=True,
    delivery_callback_url=None,
    delivery_callback_enabled=False,
)
EMPTY = Notification(
    sid="NT" + "a" * 32,
    account_sid=SERVICE.account_sid,
    service_sid=SERVICE.sid,
    date_created=NOW,
    identities=NO_STRINGS,
    tags=NO_STRINGS,
    segments=NO_STRINGS,
    priority="high",
    ttl=FOUR_WEEKS,
    title=None,
    body=None,
    sound=None,
    action=None,
    data=None,
    apn=None,
    fcm=None,
    gcm=None,
    sms=None,
    facebook_messenger=None,
    alexa=None,
)
CREDENTIAL = Credential(
    sid="CR" + "a" * 32,
    account_sid=SERVICE.account_sid,
    friendly_name=None,
    type="fcm",
    sandbox=None,
    date_created=NOW,
    date_updated=NOW,
    fcm_api="v1",
)
STANDARD = Behaviour()
EVERYTHING: dict[str, Any] = {"title": "T", "body": "B", "sound": "S", "action": "A", "data": {"k": "v"}}
APNS_HEADERS = {"apns-priority": "10", "apns-expiration": str(int(NOW.timestamp()) + FOUR_WEEKS)}


def rendered(
    binding_type: str,
    version: str = "4",
    service: Service = SERVICE,
    credential: Credential | None = None,
    behaviour: Behaviour = STANDARD,
    **fields: Any,
) -> Rendered:
    outgoing = Outgoing(replace(EMPTY, **fields), service, version, NOW, credential, behaviour)
    return replace(CHANNELS[binding_type].render(outgoing), url="")  # where it goes is a test of deliveries


def payload(binding_type: str, address: str, version: str = "4", **fields: Any) -> dict[str, Any]:
    """The payload of one target of a Notification that nothing keeps from being sent."""
    result = rendered(binding_type, version, **fields)
    assert result.failure is None
    return CHANNELS[binding_type].put_address(result.payload, address)


def failure(binding_type: str, **fields: Any) -> Failure | None:
    return rendered(binding_type, **fields).failure


def test_the_channels_are_the_binding_types_of_the_reference_in_its_order() -> None:
    assert list(CHANNELS) == ["apn", "gcm", "sms", "fcm", "facebook-messenger", "alexa"]


def test_an_sms_gets_the_sid_of_a_message_and_all_others_that_of_a_delivery() -> None:
    prefixes = {name: channel.message_sid for name, channel in CHANNELS.items()}
    assert prefixes == {"sms": "SM"} | dict.fromkeys(("apn", "gcm", "fcm", "facebook-messenger", "alexa"), "DA")


def test_apn_protocol_4_has_an_alert_with_title_and_body() -> None:
    assert rendered("apn", "4", **EVERYTHING) == Rendered(
        {"aps": {"alert": {"title": "T", "body": "B"}, "sound": "S", "category": "A"}, "k": "v"}, APNS_HEADERS
    )


def test_apn_protocol_3_has_a_text_for_an_alert_and_drops_the_title() -> None:
    assert rendered("apn", "3", **EVERYTHING) == Rendered(
        {"aps": {"alert": "B", "sound": "S", "category": "A"}, "k": "v"}, APNS_HEADERS
    )


@pytest.mark.parametrize("version", ["", "03", "5"])
def test_apn_takes_any_version_but_3_for_4(version: str) -> None:
    assert rendered("apn", version, **EVERYTHING) == rendered("apn", "4", **EVERYTHING)


@pytest.mark.parametrize(
    ("version", "fields", "expected"),
    [
        ("3", {"body": "B"}, {"aps": {"alert": "B"}}),
        ("4", {"body": "B"}, {"aps": {"alert": {"body": "B"}}}),
        ("4", {"title": "T"}, {"aps": {"alert": {"title": "T"}}}),
        ("4", {"sound": "S"}, {"aps": {"sound": "S"}}),
        ("4", {"action": "A"}, {"aps": {"category": "A"}}),
        ("4", {"data": {"k": {"n": None}}}, {"k": {"n": None}}),
    ],
)
def test_apn_leaves_out_what_was_not_sent(version: str, fields: dict[str, Any], expected: dict[str, Any]) -> None:
    assert payload("apn", "a7c6", version, **fields) == expected


def test_an_apn_override_wins_and_leaves_the_rest() -> None:
    override = {"aps": {"alert": {"title": "Mine"}, "badge": 1}, "k": 2, "custom": [1]}
    assert payload("apn", "a7c6", **EVERYTHING, apn=override) == {
        "aps": {"alert": {"title": "Mine", "body": "B"}, "sound": "S", "category": "A", "badge": 1},
        "k": 2,
        "custom": [1],
    }


def test_an_aps_inside_data_is_laid_over_the_standard_attributes() -> None:
    assert payload("apn", "a7c6", sound="S", data={"aps": {"badge": 1}}) == {"aps": {"sound": "S", "badge": 1}}


def test_apn_low_priority_is_5() -> None:
    assert rendered("apn", body="B", priority="low").headers == {**APNS_HEADERS, "apns-priority": "5"}


def test_apn_expires_ttl_seconds_from_now() -> None:
    later = int((NOW + timedelta(seconds=60)).timestamp())
    assert rendered("apn", body="B", ttl=60).headers == {**APNS_HEADERS, "apns-expiration": str(later)}


def test_apn_with_ttl_0_is_tried_once_and_never_stored() -> None:
    assert rendered("apn", body="B", ttl=0).headers == {**APNS_HEADERS, "apns-expiration": "0"}


@pytest.mark.parametrize("fields", [{}, {"data": {}, "apn": {}}, {"fcm": {"data": {"k": "v"}}, "sms": {"body": "B"}}])
def test_apn_fails_when_there_is_nothing_in_the_payload(fields: dict[str, Any]) -> None:
    assert rendered("apn", **fields) == Rendered({}, APNS_HEADERS, Failure(52136))


def test_apn_protocol_3_has_nothing_to_send_when_there_is_only_a_title() -> None:
    assert rendered("apn", "3", title="T") == Rendered({}, APNS_HEADERS, Failure(52136))


def test_an_empty_aps_is_a_payload() -> None:
    assert payload("apn", "a7c6", apn={"aps": {}}) == {"aps": {}}


@pytest.mark.parametrize(
    ("filling", "over"), [("a" * 4086, "a" * 4087), ("é" * 2043, "é" * 2043 + "a"), ("\ud800" * 1362, "\ud800" * 1363)]
)
def test_apn_takes_4096_bytes_and_not_one_more(filling: str, over: str) -> None:
    assert size_in_bytes({"kkk": filling}) == 4096
    assert failure("apn", data={"kkk": filling}) is None
    assert failure("apn", data={"kkk": over}) == Failure(52138)


def test_apn_measures_the_payload_with_its_override() -> None:
    assert failure("apn", data={"k": "a" * 5000}, apn={"k": "short"}) is None
    assert failure("apn", body="B", apn={"k": "a" * 5000}) == Failure(52138)


@pytest.mark.parametrize("address", ["a7", "A7C6", "00" * 32, "ff" * 100])
def test_an_apn_address_is_pairs_of_hex_digits(address: str) -> None:
    assert CHANNELS["apn"].check_address(address, None) is None


@pytest.mark.parametrize("address", ["", "a7c", "a7 c6", "a7\n", "\u0660\u0660"])
def test_any_other_apn_address_gets_a_complaint(address: str) -> None:
    assert CHANNELS["apn"].check_address(address, None) == BadAddress(
        "Address of Apn Binding must be a nonempty string of even number of hexadecimal characters",
        Failure(52134, "The specified device token is either malformed or not valid for the given environment."),
    )


LEGACY = {"credential": replace(CREDENTIAL, fcm_api="legacy"), "behaviour": Behaviour(legacy_fcm="accepted")}
GOOGLE = pytest.mark.parametrize(
    ("google", "settings"), [("fcm", {}), ("fcm", LEGACY), ("gcm", LEGACY)], ids=["v1", "legacy", "gcm"]
)


def wrapped(google: str, settings: dict[str, Any], **message: Any) -> dict[str, Any]:
    """An override in the shape that the API takes."""
    return {google: message if settings else {"message": message}}


def test_fcm_gets_a_data_message_of_http_v1_with_the_keys_in_twilios_order() -> None:
    assert json.dumps(payload("fcm", "token", **EVERYTHING)) == (
        '{"message": {"token": "token", '
        '"data": {"twi_title": "T", "twi_body": "B", "twi_sound": "S", "twi_action": "A", "k": "v"}, '
        '"android": {"priority": "high", "ttl": "2419200s"}}}'
    )


@pytest.mark.parametrize("google", ["fcm", "gcm"])
def test_a_legacy_data_message_has_the_same_keys_beside_its_target(google: str) -> None:
    assert json.dumps(payload(google, "token", **EVERYTHING, **LEGACY)) == (
        '{"to": "token", "priority": "high", "time_to_live": 2419200, '
        '"data": {"twi_title": "T", "twi_body": "B", "twi_sound": "S", "twi_action": "A", "k": "v"}}'
    )


def test_google_calls_low_priority_normal_and_gets_no_data_when_there_is_none() -> None:
    fields: dict[str, Any] = {"priority": "low", "ttl": 0, "data": {}}
    assert payload("fcm", "token", **fields) == {
        "message": {"token": "token", "android": {"priority": "normal", "ttl": "0s"}}
    }
    assert payload("gcm", "token", **fields, **LEGACY) == {"to": "token", "priority": "normal", "time_to_live": 0}


def test_http_v1_has_texts_alone_in_its_data() -> None:
    data: dict[str, Any] = {"n": 1, "yes": True, "none": None, "list": ["é"], "text": "é"}
    override = {"message": {"data": {"n": 2.5}}}
    assert payload("fcm", "token", data=data, fcm=override)["message"]["data"] == {
        "n": "2.5",
        "yes": "true",
        "none": "null",
        "list": '["\\u00e9"]',
        "text": "é",
    }


def test_a_wrapped_fcm_override_wins_and_leaves_the_rest() -> None:
    override: dict[str, Any] = {
        "message": {"notification": {"title": "New"}, "data": {"k": "2"}, "android": {"priority": "normal"}},
        "validate_only": True,
    }
    assert payload("fcm", "token", title="T", data={"k": "v"}, fcm=override) == {
        "message": {
            "token": "token",
            "data": {"twi_title": "T", "k": "2"},
            "android": {"priority": "normal", "ttl": "2419200s"},
            "notification": {"title": "New"},
        },
        "validate_only": True,
    }


@pytest.mark.parametrize("google", ["fcm", "gcm"])
def test_a_legacy_override_wins_and_leaves_the_rest(google: str) -> None:
    override: Any = {"notification": {"title": "New"}, "data": {"k": 2}, "priority": "normal", "collapse_key": "c"}
    assert payload(google, "token", title="T", data={"k": "v"}, **{google: override}, **LEGACY) == {
        "to": "token",
        "priority": "normal",
        "time_to_live": FOUR_WEEKS,
        "data": {"twi_title": "T", "k": 2},
        "notification": {"title": "New"},
        "collapse_key": "c",
    }


@pytest.mark.parametrize(
    ("override", "named"),
    [
        ({"notification": {"title": "T"}, "data": {}}, "'notification', 'data'"),
        ({"message": {"notification": {}}, "priority": "high"}, "'priority'"),
        ({"message": "text"}, "a message that is no object"),
    ],
)
def test_an_unwrapped_fcm_override_fails_and_says_to_wrap_it(override: dict[str, Any], named: str) -> None:
    result = rendered("fcm", body="B", fcm=override)

    assert result.failure == Failure(52111, "GCM/FCM returned unknown error")
    assert result.hint == (
        f"Fcm has {named} at its top, where FCM HTTP v1 takes 'message' alone, so the delivery fails with 52111:"
        ' wrap the override as {"message": {…}}'
    )
    assert override.items() <= CHANNELS["fcm"].put_address(result.payload, "token").items() or "message" in override


@pytest.mark.parametrize(
    ("google", "name", "credential"),
    [("fcm", "a legacy server key", LEGACY["credential"]), ("gcm", "gcm", None)],
)
def test_googles_legacy_api_is_refused_before_anything_else(google: str, name: str, credential: Any) -> None:
    result = rendered(google, credential=credential, data={"from": "x"})

    assert (result.failure, result.warning) == (Failure(52117), None)
    assert result.hint is not None
    assert result.hint.startswith(f"Google ended its legacy API in 2024, so a delivery by {name} fails with 52117: ")


def test_googles_legacy_api_is_accepted_with_a_warning() -> None:
    assert rendered("gcm", **LEGACY) == Rendered(
        {"priority": "high", "time_to_live": FOUR_WEEKS}, warning=Failure(52116)
    )


@pytest.mark.parametrize(("credential_api", "legacy"), [(None, False), ("v1", False), ("legacy", True)])
def test_the_credential_decides_which_fcm_it_is(credential_api: Any, legacy: bool) -> None:
    credential = replace(CREDENTIAL, fcm_api=credential_api)
    assert (rendered("fcm", credential=credential).failure == Failure(52117)) is legacy


@GOOGLE
@pytest.mark.parametrize("key", ["from", "gcm", "google.c.a.e"])
def test_google_refuses_reserved_keys_wherever_they_come_from(google: str, settings: Any, key: str) -> None:
    assert failure(google, data={key: "v"}, **settings) == Failure(52107)
    assert failure(google, body="B", **wrapped(google, settings, data={key: "v"}), **settings) == Failure(52107)


@GOOGLE
def test_google_takes_keys_that_only_look_reserved(google: str, settings: Any) -> None:
    keys = {key: {"from": "v"} for key in ("From", "from_", "gcm2", "a.google", "Google", "googly")}
    assert failure(google, data=keys, **settings) is None
    assert failure(google, **wrapped(google, settings, notification={"from": "v"}), **settings) is None


@GOOGLE
@pytest.mark.parametrize("data", [None, "from", ["from"]])
def test_google_gets_whatever_data_an_override_makes(google: str, settings: Any, data: object) -> None:
    body = payload(google, "token", body="B", **wrapped(google, settings, data=data), **settings)
    assert body.get("message", body)["data"] == data


@GOOGLE
def test_google_takes_4096_bytes_of_data_and_not_one_more(google: str, settings: Any) -> None:
    more = wrapped(google, settings, notification={"body": "a" * 5000})
    assert size_in_bytes({"k": "é" * 2044}) == 4096
    assert failure(google, data={"k": "é" * 2044}, **more, **settings) is None
    assert failure(google, data={"k": "é" * 2044 + "a"}, **settings) == Failure(52106)
    assert failure(google, **wrapped(google, settings, data="a" * 4095), **settings) == Failure(52106)
    assert failure(google, data={"from": "a" * 5000}, **settings) == Failure(52107)


def test_an_sms_is_a_message_of_the_messaging_service() -> None:
    assert rendered("sms", **EVERYTHING) == Rendered({"MessagingServiceSid": MESSAGING_SERVICE_SID, "Body": "B"})
    assert json.dumps(payload("sms", "+15555550100", **EVERYTHING)) == json.dumps(
        {"To": "+15555550100", "MessagingServiceSid": MESSAGING_SERVICE_SID, "Body": "B"}
    )


def test_an_sms_override_becomes_parameters_of_the_message() -> None:
    override = {
        "body": "Mine",
        "media_urls": ["https://example.com/1.png", "https://example.com/2.png"],
        "status_callback": "https://example.com/status",
        "max_price": "0.05",
    }
    assert payload("sms", "+15555550100", body="B", sms=override) == {
        "To": "+15555550100",
        "MessagingServiceSid": MESSAGING_SERVICE_SID,
        "Body": "Mine",
        "MediaUrl": ["https://example.com/1.png", "https://example.com/2.png"],
        "StatusCallback": "https://example.com/status",
        "MaxPrice": "0.05",
    }


def test_an_sms_override_is_ignored_where_it_is_unsupported_or_null() -> None:
    override = {"body": None, "from": "+15555550123", "To": "x", "media_url": "x", "MediaUrl": ["x"]}
    assert payload("sms", "+15555550100", body="B", sms=override) == payload("sms", "+15555550100", body="B")


@pytest.mark.parametrize("override", [{"body": "Mine"}, {"media_urls": ["https://example.com/1.png"]}])
def test_an_sms_override_with_text_or_media_is_enough_by_itself(override: dict[str, Any]) -> None:
    assert failure("sms", sms=override) is None


@pytest.mark.parametrize("override", [None, {}, {"body": "", "media_urls": []}, {"status_callback": "x"}])
def test_an_sms_with_no_text_and_no_media_fails(override: dict[str, Any] | None) -> None:
    assert failure("sms", title="T", data={"k": "v"}, sms=override) == Failure(52309)


def test_an_sms_needs_a_messaging_service() -> None:
    without = replace(SERVICE, messaging_service_sid=None)
    assert CHANNELS["sms"].check_service(SERVICE) is None
    assert CHANNELS["sms"].check_service(without) == Failure(52182)
    assert rendered("sms", service=without, body="B") == Rendered({"Body": "B"})


@pytest.mark.parametrize("address", ["+15555550100", "+10", "+861663610424239"])
def test_an_sms_address_has_the_form_of_e_164(address: str) -> None:
    assert CHANNELS["sms"].check_address(address, None) is None


@pytest.mark.parametrize(
    "address",
    [
        "+1",
        "+0123",
        "15555550100",
        "+1234567890123456",
        "+15555550100\n",
        "+1\u0665\u0665\u0665",
        "whatsapp:+15",
    ],
)
def test_any_other_sms_address_gets_a_complaint(address: str) -> None:
    bad = CHANNELS["sms"].check_address(address, None)
    assert bad is not None
    assert bad.complaint == "Address of sms binding must be a valid phone number"


@pytest.mark.parametrize(("binding_sid", "named"), [(None, "null"), ("BS" + "a" * 32, "BS" + "a" * 32)])
def test_a_bad_sms_address_fails_as_an_invalid_binding(binding_sid: str | None, named: str) -> None:
    bad = CHANNELS["sms"].check_address("+0", binding_sid)
    assert bad is not None
    assert bad.failure == Failure(
        52001,
        f"Invalid sms binding with address '+0' sid '{named}': Address of sms binding must be a valid phone number",
    )


def test_messenger_gets_the_body_as_a_text_message() -> None:
    assert rendered("facebook-messenger", **EVERYTHING) == Rendered({"message": {"text": "B"}})
    assert json.dumps(payload("facebook-messenger", "123456789123", **EVERYTHING)) == (
        '{"recipient": {"id": "123456789123"}, "message": {"text": "B"}}'
    )


def test_messenger_is_given_a_phone_number_as_such() -> None:
    assert payload("facebook-messenger", "+15555550100", body="B") == {
        "recipient": {"phone_number": "+15555550100"},
        "message": {"text": "B"},
    }


def test_a_messenger_override_wins_and_leaves_the_rest_but_never_the_recipient() -> None:
    override = {
        "recipient": {"id": "elsewhere"},
        "message": {"metadata": "m", "quick_replies": []},
        "messaging_type": "UPDATE",
    }
    assert payload("facebook-messenger", "123", body="B", facebook_messenger=override) == {
        "recipient": {"id": "123"},
        "message": {"text": "B", "metadata": "m", "quick_replies": []},
        "messaging_type": "UPDATE",
    }


@pytest.mark.parametrize("message", [{"text": "Mine"}, {"attachment": {"type": "image"}}])
def test_a_messenger_override_with_text_or_attachment_is_enough_by_itself(message: dict[str, Any]) -> None:
    assert payload("facebook-messenger", "123", facebook_messenger={"message": message}) == {
        "recipient": {"id": "123"},
        "message": message,
    }


@pytest.mark.parametrize(
    ("body", "override"),
    [
        (None, None),
        (None, {}),
        (None, {"sender_action": "typing_on"}),
        (None, {"message": {"metadata": "m"}}),
        ("B", {"message": {"text": None}}),
        ("B", {"message": "text"}),
    ],
)
def test_messenger_fails_without_a_body(body: str | None, override: dict[str, Any] | None) -> None:
    assert failure("facebook-messenger", title="T", body=body, facebook_messenger=override) == Failure(52203)


def test_messenger_needs_a_page() -> None:
    check_service = CHANNELS["facebook-messenger"].check_service
    assert check_service(SERVICE) is None
    assert check_service(replace(SERVICE, facebook_messenger_page_id=None)) == Failure(52202)


def test_alexa_gets_the_title_to_show_and_the_body_beside_the_data() -> None:
    assert rendered("alexa", **EVERYTHING) == Rendered(
        {
            "data": {
                "displayInfo": {"content": [{"title": "T", "toast": {"primaryText": "T"}}]},
                "data": {"twi_body": "B", "k": "v"},
            },
            "expiresAfterSeconds": FOUR_WEEKS,
        }
    )


def test_an_alexa_override_wins_and_leaves_the_rest() -> None:
    override = {"data": {"data": {"k": 2}, "spokenInfo": {}}, "expiresAfterSeconds": 60}
    assert payload("alexa", "amzn1.ask.account.1", **EVERYTHING, alexa=override) == {
        "data": {
            "displayInfo": {"content": [{"title": "T", "toast": {"primaryText": "T"}}]},
            "data": {"twi_body": "B", "k": 2},
            "spokenInfo": {},
        },
        "expiresAfterSeconds": 60,
    }


def test_alexa_fails_without_a_title() -> None:
    assert rendered("alexa", body="B") == Rendered(
        {"data": {"data": {"twi_body": "B"}}, "expiresAfterSeconds": FOUR_WEEKS}, failure=Failure(52215)
    )


def test_alexa_fails_without_a_body() -> None:
    assert failure("alexa", title="T", data={"k": "v"}) == Failure(52309)


def test_alexa_needs_a_skill() -> None:
    assert CHANNELS["alexa"].check_service(SERVICE) is None
    assert CHANNELS["alexa"].check_service(replace(SERVICE, alexa_skill_id=None)) == Failure(52212)


@pytest.mark.parametrize(
    ("binding_type", "payload", "shown"),
    [
        ("apn", {"aps": {"alert": "B"}}, Shown(None, "B")),
        ("apn", {"aps": {"alert": {"title": "T", "body": "B"}}}, Shown("T", "B")),
        ("apn", {"aps": 1}, Shown(None, None, by_app=True)),
        ("gcm", {"data": {"twi_title": "T", "twi_body": "B"}}, Shown("T", "B", by_app=True)),
        ("gcm", {"data": {"twi_body": "B"}, "notification": {"title": "T", "body": "N"}}, Shown("T", "N")),
        ("gcm", {"notification": {"body": ["not words"]}}, Shown(None, None)),
        ("fcm", {"message": {"data": {"twi_title": "T", "twi_body": "B"}}}, Shown("T", "B", by_app=True)),
        ("fcm", {"message": {"data": {}, "notification": {"title": "T", "body": "N"}}}, Shown("T", "N")),
        ("fcm", {"message": 1}, Shown(None, None, by_app=True)),
        ("sms", {"Body": "B", "MediaUrl": ["https://a", 1]}, Shown(None, "B", ("https://a",))),
        ("facebook-messenger", {"message": {"text": "B"}}, Shown(None, "B")),
        (
            "facebook-messenger",
            {"message": {"attachment": {"payload": {"url": "https://a"}}}},
            Shown(None, None, ("https://a",)),
        ),
        ("alexa", {"data": {"displayInfo": {"content": [{"title": "T"}]}, "data": {"twi_body": "B"}}}, Shown("T", "B")),
        ("alexa", {"data": {"displayInfo": {"content": []}}}, Shown(None, None)),
    ],
)
def test_a_payload_shows_what_a_person_would_see(binding_type: str, payload: Any, shown: Any) -> None:
    assert CHANNELS[binding_type].shows(payload) == shown


TEXTS = st.text(st.characters(), max_size=8)  # lone surrogates included: JSON can spell them
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
KNOWN_KEYS = st.sampled_from(
    ["aps", "alert", "data", "message", "text", "body", "notification", "recipient", "media_urls", "displayInfo"]
)
OBJECTS = st.dictionaries(KNOWN_KEYS | TEXTS, JSON | st.dictionaries(KNOWN_KEYS | TEXTS, JSON, max_size=3), max_size=4)
NOTIFICATIONS = st.builds(
    replace,
    st.just(EMPTY),
    priority=st.sampled_from(["high", "low"]),
    ttl=st.integers(0, FOUR_WEEKS),
    **dict.fromkeys(("title", "body", "sound", "action"), st.none() | TEXTS),
    **dict.fromkeys(("data", *OVERRIDES.values()), st.none() | OBJECTS),
)
TYPES = st.sampled_from(list(CHANNELS))
VERSIONS = st.sampled_from(["3", "4"])

lawful = settings(database=None, deadline=None)


@lawful
@given(TYPES, VERSIONS, NOTIFICATIONS)
def test_a_payload_never_holds_another_channels_override(
    binding_type: str, version: str, notification: Notification
) -> None:
    marked: dict[str, Any] = {
        field: {
            **(getattr(notification, field) or {}),
            f"key-<{field}>": 1,
            "data": {f"inner-<{field}>": [f"<{field}>"]},
            "body": f"<{field}>",
            "message": {"text": f"<{field}>"},
        }
        for field in OVERRIDES.values()
    }
    result = CHANNELS[binding_type].render(
        Outgoing(replace(notification, **marked), SERVICE, version, NOW, None, STANDARD)
    )

    shown = json.dumps([result.payload, result.headers])
    assert {field for field in OVERRIDES.values() if f"<{field}>" in shown} == {OVERRIDES[binding_type]}


@lawful
@given(TYPES, VERSIONS, NOTIFICATIONS, TEXTS)
def test_rendering_is_pure(binding_type: str, version: str, notification: Notification, address: str) -> None:
    channel = CHANNELS[binding_type]
    before = copy.deepcopy(notification)

    first = channel.render(Outgoing(notification, SERVICE, version, NOW, None, STANDARD))
    channel.put_address(first.payload, address)

    assert channel.render(Outgoing(notification, SERVICE, version, NOW, None, STANDARD)) == first
    assert notification == before


@lawful
@given(TYPES, VERSIONS, NOTIFICATIONS, TEXTS, TEXTS)
def test_putting_an_address_leaves_the_shared_payload_alone(
    binding_type: str, version: str, notification: Notification, address: str, other: str
) -> None:
    channel = CHANNELS[binding_type]
    shared = channel.render(Outgoing(notification, SERVICE, version, NOW, None, STANDARD)).payload
    before = copy.deepcopy(shared)

    one = channel.put_address(shared, address)
    one["changed"] = True
    two = channel.put_address(shared, other)

    assert shared == before
    assert two == channel.put_address(before, other)


def leaves(value: Any, path: tuple[str, ...] = ()) -> dict[tuple[str, ...], Any]:
    """Every value of nested objects that isn't a filled object itself, by its path."""
    if not isinstance(value, dict) or not value:
        return {path: value}
    return {where: leaf for key, below in value.items() for where, leaf in leaves(below, (*path, key)).items()}


@lawful
@given(OBJECTS, OBJECTS)
def test_an_override_wins_at_its_leaves_and_changes_neither_side(
    generic: dict[str, Any], override: dict[str, Any]
) -> None:
    before = copy.deepcopy((generic, override))

    result = merged(generic, override)

    assert (generic, override) == before
    for path, leaf in leaves(override).items():
        found: Any = result
        for key in path:
            found = found[key]
        assert found == leaf or (leaf == {} and isinstance(found, dict))
    assert set(result) == set(generic) | set(override)
    assert {key: result[key] for key in generic if key not in override} == {
        key: value for key, value in generic.items() if key not in override
    }
