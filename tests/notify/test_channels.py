"""What each provider would get: golden payloads, every failure at its border, laws that hold for any Notification."""

from __future__ import annotations

import copy
import json
import re
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakenotify import FakeNotify
from fakenotify.notify.behaviour import Behaviour
from fakenotify.notify.channels import CHANNELS
from fakenotify.notify.channels.channel import BadAddress, Failure, Outgoing, Rendered, Shown
from fakenotify.notify.payloads import merged, size_in_bytes
from fakenotify.notify.records import Credential, Notification

NOW = datetime(2027, 10, 31, 12, 0, 0, 900_000, tzinfo=timezone.utc)
FOUR_WEEKS = 2419200
MESSAGING_SERVICE_SID = "MG" + "a" * 32
OVERRIDES = {name: each.override.field for name, each in CHANNELS.items() if each.override is not None}

_fake = FakeNotify()
SERVICE = _fake.create_service(
    messaging_service_sid=MESSAGING_SERVICE_SID, facebook_messenger_page_id="4", alexa_skill_id="amzn1.ask.skill.1"
)
EMPTY = _fake.create_notification(SERVICE, identities=["nobody"])
V1, SERVER_KEY = (replace(_fake.create_credential("fcm"), fcm_api=api) for api in ("v1", "legacy"))
EVERYTHING: dict[str, Any] = {"title": "T", "body": "B", "sound": "S", "action": "A", "data": {"k": "v"}}
APNS_HEADERS = {"apns-priority": "10", "apns-expiration": str(int(NOW.timestamp()) + FOUR_WEEKS)}
LEGACY = {"credential": SERVER_KEY, "behaviour": Behaviour(legacy_fcm="accepted")}
GOOGLE = pytest.mark.parametrize(
    ("google", "legacy"), [("fcm", {}), ("fcm", LEGACY), ("gcm", LEGACY)], ids=["v1", "legacy", "gcm"]
)


def rendered(
    binding_type: str,
    version: str = "4",
    credential: Credential | None = None,
    behaviour: Behaviour = Behaviour(),  # noqa: B008  # it is frozen
    **fields: Any,
) -> Rendered:
    outgoing = Outgoing(replace(EMPTY, **fields), SERVICE, version, NOW, credential, behaviour)
    return replace(CHANNELS[binding_type].render(outgoing), url="")  # where it goes is a test of deliveries


def payload(binding_type: str, address: str = "x", version: str = "4", **fields: Any) -> dict[str, Any]:
    """The payload of one target of a Notification whose delivery doesn't fail."""
    result = rendered(binding_type, version, **fields)
    assert result.failure is None
    return CHANNELS[binding_type].put_address(result.payload, address)


def code(binding_type: str, **fields: Any) -> int | None:
    """The code of a delivery that fails; None if it is sent."""
    failure = rendered(binding_type, **fields).failure
    return failure and failure.code


def test_the_channels_are_the_binding_types_of_twilios_enum_in_its_order_each_with_an_example() -> None:
    prefixes = {name: channel.message_sid for name, channel in CHANNELS.items()}
    assert list(prefixes) == ["apn", "gcm", "sms", "fcm", "facebook-messenger", "alexa"]
    assert prefixes == {"sms": "SM"} | dict.fromkeys(("apn", "gcm", "fcm", "facebook-messenger", "alexa"), "DA")
    assert all(re.fullmatch(each.addresses, each.example) for each in CHANNELS.values())


# APNs


def test_apn_has_an_alert_in_the_form_of_its_protocol() -> None:
    aps = {"sound": "S", "category": "A"}
    four = Rendered({"aps": {"alert": {"title": "T", "body": "B"}, **aps}, "k": "v"}, APNS_HEADERS)

    assert {version: rendered("apn", version, **EVERYTHING) for version in ("3", "4", "", "03", "5")} == {
        "3": Rendered({"aps": {"alert": "B", **aps}, "k": "v"}, APNS_HEADERS),
        **dict.fromkeys(("4", "", "03", "5"), four),  # any other counts as 4
    }


@pytest.mark.parametrize(
    ("version", "fields", "expected"),
    [
        ("3", {"body": "B"}, {"aps": {"alert": "B"}}),
        ("4", {"body": "B"}, {"aps": {"alert": {"body": "B"}}}),
        ("4", {"title": "T"}, {"aps": {"alert": {"title": "T"}}}),
        ("4", {"sound": "S"}, {"aps": {"sound": "S"}}),
        ("4", {"data": {"k": {"n": None}}}, {"k": {"n": None}}),
        ("4", {"sound": "S", "data": {"aps": {"badge": 1}}}, {"aps": {"sound": "S", "badge": 1}}),
        ("4", {"apn": {"aps": {}}}, {"aps": {}}),
        (
            "4",
            {**EVERYTHING, "apn": {"aps": {"alert": {"title": "Mine"}, "badge": 1}, "k": 2, "custom": [1]}},
            {
                "aps": {"alert": {"title": "Mine", "body": "B"}, "sound": "S", "category": "A", "badge": 1},
                "k": 2,
                "custom": [1],
            },
        ),
    ],
)
def test_apn_leaves_out_what_was_not_sent_and_its_override_wins(
    version: str, fields: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert payload("apn", "a7c6", version, **fields) == expected


@pytest.mark.parametrize(
    ("fields", "headers"),
    [
        ({"priority": "low"}, {"apns-priority": "5"}),
        ({"ttl": 60}, {"apns-expiration": str(int(NOW.timestamp()) + 60)}),
        ({"ttl": 0}, {"apns-expiration": "0"}),  # tried once and never stored
    ],
)
def test_apn_has_priority_and_expiration_in_its_headers(fields: dict[str, Any], headers: dict[str, str]) -> None:
    assert rendered("apn", body="B", **fields).headers == {**APNS_HEADERS, **headers}


def test_apn_fails_when_there_is_nothing_in_the_payload() -> None:
    for fields in ({}, {"data": {}, "apn": {}}, {"fcm": {"message": {}}, "sms": {"body": "B"}}):
        assert rendered("apn", **fields) == Rendered({}, APNS_HEADERS, Failure(52136))
    assert rendered("apn", "3", title="T").failure == Failure(52136)


@pytest.mark.parametrize("filling", ["a" * 4086, "é" * 2043, "\ud800" * 1362], ids=["ascii", "utf-8", "surrogates"])
def test_apn_takes_4096_bytes_and_not_one_more(filling: str) -> None:
    assert size_in_bytes({"kkk": filling}) == 4096
    assert code("apn", data={"kkk": filling}) is None
    assert code("apn", data={"kkk": filling + "a"}) == 52138
    assert code("apn", data={"kkk": filling + "a"}, apn={"kkk": "short"}) is None
    assert code("apn", body="B", apn={"k": filling}) == 52138


def test_an_apn_address_is_pairs_of_hex_digits() -> None:
    check = CHANNELS["apn"].check_address
    assert [check(each, None) for each in ("a7", "A7C6", "00" * 32, "ff" * 100)] == [None] * 4
    bad = BadAddress(
        "Address of Apn Binding must be a nonempty string of even number of hexadecimal characters",
        Failure(52134, "The specified device token is either malformed or not valid for the given environment."),
    )
    assert [check(each, None) for each in ("", "a7c", "a7 c6", "a7\n", "\u0660\u0660")] == [bad] * 5


# Google


def wrapped(google: str, legacy: dict[str, Any], **message: Any) -> dict[str, Any]:
    """An override in the shape that the API takes."""
    return {google: message if legacy else {"message": message}}


def test_fcm_gets_a_data_message_of_http_v1_with_the_keys_in_twilios_order() -> None:
    assert json.dumps(payload("fcm", "token", **EVERYTHING)) == (
        '{"message": {"token": "token", '
        '"data": {"twi_title": "T", "twi_body": "B", "twi_sound": "S", "twi_action": "A", "k": "v"}, '
        '"android": {"priority": "high", "ttl": "2419200s"}}}'
    )


@pytest.mark.parametrize("google", ["fcm", "gcm"])
def test_a_legacy_message_has_the_same_keys_beside_its_target_and_its_override_wins(google: str) -> None:
    assert json.dumps(payload(google, "token", **EVERYTHING, **LEGACY)) == (
        '{"to": "token", "priority": "high", "time_to_live": 2419200, '
        '"data": {"twi_title": "T", "twi_body": "B", "twi_sound": "S", "twi_action": "A", "k": "v"}}'
    )
    override: Any = {"notification": {"title": "New"}, "data": {"k": 2}, "priority": "normal", "collapse_key": "c"}
    assert payload(google, "token", title="T", data={"k": "v"}, **{google: override}, **LEGACY) == {
        "to": "token",
        "priority": "normal",
        "time_to_live": FOUR_WEEKS,
        "data": {"twi_title": "T", "k": 2},
        "notification": {"title": "New"},
        "collapse_key": "c",
    }


def test_google_calls_low_priority_normal_and_gets_no_data_when_there_is_none() -> None:
    fields: dict[str, Any] = {"priority": "low", "ttl": 0, "data": {}}
    assert payload("fcm", "token", **fields) == {
        "message": {"token": "token", "android": {"priority": "normal", "ttl": "0s"}}
    }
    assert payload("gcm", "token", **fields, **LEGACY) == {"to": "token", "priority": "normal", "time_to_live": 0}


def test_a_wrapped_fcm_override_wins_and_its_data_are_texts() -> None:
    data: dict[str, Any] = {"n": 1, "yes": True, "none": None, "list": ["é"], "text": "é"}
    override: dict[str, Any] = {
        "message": {"notification": {"title": "New"}, "data": {"n": 2.5}, "android": {"priority": "normal"}},
        "validate_only": True,
    }
    assert payload("fcm", "token", title="T", data=data, fcm=override) == {
        "message": {
            "token": "token",
            "data": {
                "twi_title": "T",
                "n": "2.5",
                "yes": "true",
                "none": "null",
                "list": '["\\u00e9"]',
                "text": "é",
            },
            "android": {"priority": "normal", "ttl": "2419200s"},
            "notification": {"title": "New"},
        },
        "validate_only": True,
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


def test_googles_legacy_api_is_refused_or_accepted_with_a_warning() -> None:
    assert rendered("gcm", **LEGACY) == Rendered(
        {"priority": "high", "time_to_live": FOUR_WEEKS}, warning=Failure(52116)
    )
    assert [code("fcm", credential=each) for each in (None, V1, SERVER_KEY)] == [None, None, 52117]
    assert rendered("gcm", data={"from": "x"}).failure == Failure(52117)  # before anything else


@GOOGLE
def test_google_refuses_reserved_keys_and_more_than_4096_bytes_of_data(google: str, legacy: Any) -> None:
    def failure(**fields: Any) -> int | None:
        return code(google, **fields, **legacy)

    def override(**message: Any) -> dict[str, Any]:
        return wrapped(google, legacy, **message)

    for key in ("from", "gcm", "google.c.a.e"):
        assert failure(data={key: "v"}) == 52107
        assert failure(body="B", **override(data={key: "v"})) == 52107
    taken = {key: {"from": "v"} for key in ("From", "from_", "gcm2", "a.google", "Google", "googly")}
    assert failure(data=taken, **override(notification={"from": "v"})) is None
    assert size_in_bytes({"k": "é" * 2044}) == 4096
    assert failure(data={"k": "é" * 2044}, **override(notification={"body": "a" * 5000})) is None
    assert failure(data={"k": "é" * 2044 + "a"}) == 52106
    assert failure(**override(data="a" * 4095)) == 52106
    assert failure(data={"from": "a" * 5000}) == 52107
    for data in (None, "from", ["from"]):  # whatever an override makes of it
        body = payload(google, "token", body="B", **override(data=data), **legacy)
        assert body.get("message", body)["data"] == data


# SMS


def test_an_sms_is_a_message_of_the_messaging_service_and_takes_four_parameters_from_its_override() -> None:
    generic = {"To": "+1555", "MessagingServiceSid": MESSAGING_SERVICE_SID, "Body": "B"}
    assert json.dumps(payload("sms", "+1555", **EVERYTHING)) == json.dumps(generic)
    urls = ["https://example.com/1.png", "https://example.com/2.png"]
    override = {"body": "Mine", "media_urls": urls, "status_callback": "https://example.com", "max_price": "0.05"}
    assert payload("sms", "+1555", body="B", sms=override) == {
        **generic,
        "Body": "Mine",
        "MediaUrl": urls,
        "StatusCallback": "https://example.com",
        "MaxPrice": "0.05",
    }
    ignored = {"body": None, "from": "+15555550123", "To": "x", "media_url": "x", "MediaUrl": ["x"]}
    assert payload("sms", "+1555", body="B", sms=ignored) == generic


def test_an_sms_needs_a_text_or_media() -> None:
    for override in ({"body": "Mine"}, {"media_urls": ["https://example.com/1.png"]}):
        assert code("sms", sms=override) is None
    for nothing in (None, {}, {"body": "", "media_urls": []}, {"media_urls": None}, {"status_callback": "x"}):
        assert code("sms", title="T", data={"k": "v"}, sms=nothing) == 52309


def test_an_sms_address_has_the_form_of_e_164() -> None:
    check = CHANNELS["sms"].check_address
    complaint = "Address of sms binding must be a valid phone number"
    for address in ("+15555550100", "+10", "+861663610424239"):  # Twilio knows number plans and refuses the last (D4)
        assert check(address, None) is None
    for address in ("+1", "+0123", "15555550100", "+1234567890123456", "+15555550100\n", "+1\u0665\u0665", "sms:+15"):
        for binding_sid, named in ((None, "null"), ("BS1", "BS1")):
            text = f"Invalid sms binding with address '{address}' sid '{named}': {complaint}"
            assert check(address, binding_sid) == BadAddress(complaint, Failure(52001, text))


# Messenger and Alexa


@pytest.mark.parametrize(
    ("address", "override", "expected"),
    [
        ("123456789123", None, {"recipient": {"id": "123456789123"}, "message": {"text": "B"}}),
        ("+15555550100", None, {"recipient": {"phone_number": "+15555550100"}, "message": {"text": "B"}}),
        (
            "123",
            {"recipient": {"id": "x"}, "message": {"metadata": "m", "quick_replies": []}, "messaging_type": "UPDATE"},
            {
                "recipient": {"id": "123"},
                "message": {"text": "B", "metadata": "m", "quick_replies": []},
                "messaging_type": "UPDATE",
            },
        ),
    ],
)
def test_messenger_gets_a_message_that_its_override_changes_but_for_the_recipient(
    address: str, override: Any, expected: Any
) -> None:
    message = payload("facebook-messenger", address, **EVERYTHING, facebook_messenger=override)
    assert json.dumps(message) == json.dumps(expected)


def test_messenger_fails_without_a_text_or_an_attachment() -> None:
    def failure(body: str | None, override: Any) -> int | None:
        return code("facebook-messenger", title="T", body=body, facebook_messenger=override)

    for message in ({"text": "Mine"}, {"attachment": {"type": "image"}}):
        assert failure(None, {"message": message}) is None
    for override in (None, {}, {"sender_action": "typing_on"}, {"message": {"metadata": "m"}}):
        assert failure(None, override) == 52203
    for override in ({"message": {"text": None}}, {"message": "text"}):
        assert failure("B", override) == 52203


def test_alexa_gets_the_title_to_show_and_the_body_beside_the_data_under_its_override() -> None:
    shown = {"content": [{"title": "T", "toast": {"primaryText": "T"}}]}
    generic = {"data": {"displayInfo": shown, "data": {"twi_body": "B", "k": "v"}}, "expiresAfterSeconds": FOUR_WEEKS}
    assert rendered("alexa", **EVERYTHING) == Rendered(generic)
    override = {"data": {"data": {"k": 2}, "spokenInfo": {}}, "expiresAfterSeconds": 60}
    assert payload("alexa", **EVERYTHING, alexa=override) == {
        "data": {"displayInfo": shown, "data": {"twi_body": "B", "k": 2}, "spokenInfo": {}},
        "expiresAfterSeconds": 60,
    }


def test_alexa_fails_without_a_title_and_without_a_body() -> None:
    without_title = {"data": {"data": {"twi_body": "B"}}, "expiresAfterSeconds": FOUR_WEEKS}
    assert rendered("alexa", body="B") == Rendered(without_title, failure=Failure(52215))
    assert code("alexa", title="T", data={"k": "v"}) == 52309


# what a person sees


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


# laws


TEXTS = st.text(st.characters(), max_size=8)  # lone surrogates included: JSON can spell them
LEAVES = st.none() | st.booleans() | st.integers() | TEXTS | st.lists(TEXTS, max_size=2)
KEYS = TEXTS | st.sampled_from(["aps", "alert", "data", "message", "text", "body", "notification", "recipient"])
OBJECTS = st.dictionaries(
    KEYS, LEAVES | st.dictionaries(KEYS, LEAVES | st.dictionaries(KEYS, LEAVES, max_size=2), max_size=3), max_size=3
)
NOTIFICATIONS = st.builds(
    replace,
    st.just(EMPTY),
    priority=st.sampled_from(["high", "low"]),
    **dict.fromkeys(("title", "body", "action"), st.none() | TEXTS),
    **dict.fromkeys(("data", *OVERRIDES.values()), st.none() | OBJECTS),
)


@pytest.mark.parametrize("binding_type", list(CHANNELS))
def test_a_payload_never_holds_another_channels_override(binding_type: str) -> None:
    marked: dict[str, Any] = {
        field: {
            f"key-<{field}>": 1,
            "data": {f"inner-<{field}>": [f"<{field}>"]},
            "body": f"<{field}>",
            "message": {"text": f"<{field}>"},
        }
        for field in OVERRIDES.values()
    }
    result = rendered(binding_type, **EVERYTHING, **marked)

    shown = json.dumps([result.payload, result.headers])
    assert {field for field in OVERRIDES.values() if f"<{field}>" in shown} == {OVERRIDES[binding_type]}


@settings(database=None, deadline=None)
@given(st.sampled_from(list(CHANNELS)), st.sampled_from(["3", "4"]), NOTIFICATIONS, TEXTS, TEXTS)
def test_rendering_is_pure_and_putting_an_address_leaves_the_shared_payload_alone(
    binding_type: str, version: str, notification: Notification, address: str, other: str
) -> None:
    channel = CHANNELS[binding_type]
    outgoing = Outgoing(notification, SERVICE, version, NOW, None, Behaviour())
    before = copy.deepcopy(notification)
    shared = channel.render(outgoing)
    unchanged = copy.deepcopy(shared)

    channel.put_address(shared.payload, address)["changed"] = True
    two = channel.put_address(shared.payload, other)

    assert shared == unchanged == channel.render(outgoing)
    assert two == channel.put_address(unchanged.payload, other)
    assert notification == before


def leaves(value: Any, path: tuple[str, ...] = ()) -> dict[tuple[str, ...], Any]:
    """Every value of nested objects that isn't a filled object itself, by its path."""
    if not isinstance(value, dict) or not value:
        return {path: value}
    return {where: leaf for key, below in value.items() for where, leaf in leaves(below, (*path, key)).items()}


@settings(database=None, deadline=None)
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
    assert result == {**generic, **{key: result[key] for key in override}}
