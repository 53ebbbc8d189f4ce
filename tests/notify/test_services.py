"""Services, over the wire."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest
from answers import invalid, not_found

NOW = "2016-03-09T20:22:31Z"
LATER = "2016-03-09T20:22:32Z"
MOMENT = datetime(2016, 3, 9, 20, 22, 31, tzinfo=timezone.utc)
CR, MG, AC = "CR" + "a" * 32, "MG" + "a" * 32, "AC" + "a" * 32
ANYTHING = "µ +&=%/ 'x'"
# parameter, property, its default, what is sent, what is printed; in the order in which Notify complains
PARAMETERS = [
    ("FriendlyName", "friendly_name", None, ANYTHING, ANYTHING),
    ("ApnCredentialSid", "apn_credential_sid", None, CR, CR),
    ("GcmCredentialSid", "gcm_credential_sid", None, CR, CR),
    ("MessagingServiceSid", "messaging_service_sid", None, MG, MG),
    ("FacebookMessengerPageId", "facebook_messenger_page_id", None, "4", "4"),
    ("DefaultApnNotificationProtocolVersion", "default_apn_notification_protocol_version", "4", "2", "2"),
    ("DefaultGcmNotificationProtocolVersion", "default_gcm_notification_protocol_version", "3", "odd", "odd"),
    ("FcmCredentialSid", "fcm_credential_sid", None, "CR" + "0aF9" * 8, "CR" + "0aF9" * 8),
    ("DefaultFcmNotificationProtocolVersion", "default_fcm_notification_protocol_version", "3", "4", "4"),
    ("LogEnabled", "log_enabled", True, "false", False),
    ("AlexaSkillId", "alexa_skill_id", None, ANYTHING, ANYTHING),
    ("DefaultAlexaNotificationProtocolVersion", "default_alexa_notification_protocol_version", "3", "4", "4"),
    ("DeliveryCallbackUrl", "delivery_callback_url", None, "Hello", "Hello"),
    ("DeliveryCallbackEnabled", "delivery_callback_enabled", False, "TRUE", True),
]
DEFAULTS: dict[str, Any] = {property: default for _, property, default, *_ in PARAMETERS}
REFUSED = [
    ("FriendlyName", "x" * 65, (400, 20002, "Invalid FriendlyName")),
    ("ApnCredentialSid", AC, invalid("Service", "ApnCredentialSid")),
    ("GcmCredentialSid", AC, invalid("Service", "GcmCredentialSid")),  # Twilio's own example sends it
    ("MessagingServiceSid", CR, invalid("Service", "MessagingServiceSid")),
    ("FcmCredentialSid", CR + "\n", invalid("Service", "FcmCredentialSid")),
    ("LogEnabled", "yes", invalid("Service", "LogEnabled")),
    ("DeliveryCallbackEnabled", "1", invalid("Service", "DeliveryCallbackEnabled")),
]

pytestmark = pytest.mark.fake_notify(frozen=NOW)
warns = pytest.mark.filterwarnings("ignore:fakenotify")


def settings_of(answer: Any) -> dict[str, Any]:
    return {key: answer.json[key] for key in DEFAULTS}


@warns
def test_a_service_is_printed_as_in_twilios_own_example(twilio_wire, fake_notify):
    answer = twilio_wire.post(
        "/v1/Services",
        {
            "FriendlyName": "733c7f0f-6541-42ec-84ce-e2ae1cac588c",
            "MessagingServiceSid": MG,
            "FacebookMessengerPageId": "4",
            "DefaultApnNotificationProtocolVersion": "3",
            "DefaultGcmNotificationProtocolVersion": "3",
            "DefaultFcmNotificationProtocolVersion": "3",
            "LogEnabled": "True",
            "Type": "S",
            "DeliveryCallbackUrl": "Hello",
            "DeliveryCallbackEnabled": "True",
        },
    )

    sid = fake_notify.services.last.sid
    url = f"https://notify.twilio.com/v1/Services/{sid}"
    assert (answer.status, answer.body.decode()) == (
        201,
        f'{{"sid": "{sid}", "account_sid": "{fake_notify.account_sid}", '
        '"friendly_name": "733c7f0f-6541-42ec-84ce-e2ae1cac588c", '
        '"date_created": "2016-03-09T20:22:31Z", "date_updated": "2016-03-09T20:22:31Z", '
        '"apn_credential_sid": null, "gcm_credential_sid": null, "fcm_credential_sid": null, '
        f'"messaging_service_sid": "{MG}", "facebook_messenger_page_id": "4", "alexa_skill_id": null, '
        '"default_apn_notification_protocol_version": "3", "default_gcm_notification_protocol_version": "3", '
        '"default_fcm_notification_protocol_version": "3", "default_alexa_notification_protocol_version": "3", '
        '"log_enabled": true, "delivery_callback_url": "Hello", "delivery_callback_enabled": true, '
        f'"url": "{url}", "links": {{"bindings": "{url}/Bindings", "notifications": "{url}/Notifications", '
        f'"segments": "{url}/Segments", "users": "{url}/Users"}}}}',
    )
    assert fake_notify.requests.last.warnings == [
        "parameter 'FacebookMessengerPageId' is deprecated: Facebook Messenger was withdrawn",
        "parameter 'Type' was not read",
    ]


def test_an_empty_body_creates_a_service_with_every_default(fake_notify, fake_notify_client, shown):
    created = fake_notify_client.notify.v1.services.create()

    url = f"{fake_notify.url}/v1/Services/{created.sid}"
    assert shown(created) == DEFAULTS | {
        "sid": fake_notify.services.last.sid,
        "account_sid": fake_notify.account_sid,
        "date_created": MOMENT,
        "date_updated": MOMENT,
        "url": url,
        "links": {name: f"{url}/{name.title()}" for name in ("bindings", "notifications", "segments", "users")},
    }
    assert (created.sid[:2], shown(created.fetch())) == ("IS", shown(created))


@pytest.mark.fake_notify(apn_protocol_version="3")
def test_the_apn_protocol_version_of_a_new_service_can_be_3(wire):
    created = wire.post("/v1/Services", {"DefaultApnNotificationProtocolVersion": "9"})
    cleared = wire.post(created.json["url"], {"DefaultApnNotificationProtocolVersion": ""})
    plain = wire.post("/v1/Services")

    name = "default_apn_notification_protocol_version"
    assert [each.json[name] for each in (created, cleared, plain)] == ["9", "3", "3"]


@warns
def test_every_parameter_sets_its_property_and_an_empty_value_clears_it(wire):
    updated = wire.post("/v1/Services").json["url"]
    for name, property, _, sent, printed in PARAMETERS:
        created = wire.post("/v1/Services", {other: "" for other, *_ in PARAMETERS} | {name: sent})
        answers = [created, wire.post(updated, {name: sent}), wire.get(updated)]
        cleared = wire.post(updated, {name: ""})

        assert [(each.status, settings_of(each)) for each in (*answers, cleared)] == [
            *((status, DEFAULTS | {property: printed}) for status in (201, 200, 200)),
            (200, DEFAULTS),
        ]


def test_an_update_moves_the_date_unless_its_body_is_empty(wire, fake_notify, service):
    path = f"/v1/Services/{service.sid}"
    before = wire.get(path)
    fake_notify.clock.tick()

    empty = wire.post(path)
    same = wire.post(path, {"LogEnabled": "true"})
    renamed = wire.post(path, {"FriendlyName": "after"})

    assert (empty.status, empty.body) == (200, before.body)
    assert same.json == before.json | {"date_updated": LATER}
    assert renamed.json == same.json | {"friendly_name": "after"}
    assert wire.get("/v1/Services", {"FriendlyName": "after"}).json["services"] == [renamed.json]


def test_a_bad_value_is_refused_and_changes_nothing(wire, fake_notify, service):
    before = fake_notify.snapshot()
    for name, value, refusal in REFUSED:
        form = {"FriendlyName": "new", "DeliveryCallbackUrl": "new", name: value}
        answers = [wire.post("/v1/Services", form), wire.post(f"/v1/Services/{service.sid}", form)]
        assert [answer.refusal for answer in answers] == [refusal, refusal]
    assert not fake_notify.diff(before)


def test_of_several_bad_values_the_first_in_twilios_order_is_refused(wire):
    for at, (*_, refusal) in enumerate(REFUSED):
        assert wire.post("/v1/Services", {name: value for name, value, _ in reversed(REFUSED[at:])}).refusal == refusal


def test_a_friendly_name_may_have_64_characters(wire):
    assert wire.post("/v1/Services", {"FriendlyName": "𝄞" * 64}).json["friendly_name"] == "𝄞" * 64


def test_deleting_a_service_deletes_everything_below_it(wire, fake_notify, fake_notify_client):
    gone, stays = fake_notify.create_service(), fake_notify.create_service()
    for each in (gone, stays):
        fake_notify.create_binding(each.sid, identity="alice", binding_type="sms", address="+15005550006")
    credential = fake_notify.create_credential("fcm")
    lost, kept = fake_notify.bindings

    assert fake_notify_client.notify.v1.services(gone.sid).delete() is True

    paths = [f"/v1/Services/{gone.sid}{below}" for below in ("", "/Bindings", f"/Bindings/{lost.sid}")]
    assert [wire.get(path).refusal for path in paths] == [not_found(path) for path in paths]
    assert wire.delete(paths[0]).refusal == not_found(paths[0])
    assert (fake_notify.services, fake_notify.bindings, fake_notify.credentials) == ([stays], [kept], [credential])


def test_services_are_listed_oldest_first_in_the_recorded_shape(twilio_wire, fake_notify):
    first, second = fake_notify.create_service("first"), fake_notify.create_service("second")

    answer = twilio_wire.get("/v1/Services")

    rows = ", ".join(twilio_wire.get(f"/v1/Services/{each.sid}").body.decode() for each in (first, second))
    here = "https://notify.twilio.com/v1/Services?PageSize=50&Page=0"
    assert answer.body.decode() == (
        f'{{"services": [{rows}], "meta": {{"page": 0, "page_size": 50, "first_page_url": "{here}", '
        f'"previous_page_url": null, "url": "{here}", "next_page_url": null, "key": "services"}}}}'
    )


def test_services_are_filtered_by_their_exact_name(wire, fake_notify):
    sids = [fake_notify.create_service(name).sid for name in ("shop", "Shop", "shop", ANYTHING, None)]
    expected = {"shop": [0, 2], "Shop": [1], "sho": [], " shop": [], ANYTHING: [3], "": [0, 1, 2, 3, 4]}

    found = {name: wire.get("/v1/Services", {"FriendlyName": name}).json["services"] for name in expected}

    assert {name: [sids.index(row["sid"]) for row in rows] for name, rows in found.items()} == expected


def test_the_1001st_service_is_not_refused(wire, fake_notify):
    for _ in range(1000):
        fake_notify.create_service()

    assert wire.post("/v1/Services").status == 201


@pytest.mark.fake_notify(credentials_checked="at_write")
@pytest.mark.parametrize(("type", "other"), [("apn", "fcm"), ("gcm", "apn"), ("fcm", "gcm")])
def test_the_credentials_of_services_and_bindings_can_be_checked_at_write(wire, fake_notify, service, type, other):
    right, wrong = fake_notify.create_credential(type), fake_notify.create_credential(other)
    before = fake_notify.snapshot()
    binding = {"Identity": "alice", "BindingType": type, "Address": "1"}
    name, path = f"{type.title()}CredentialSid", f"/v1/Services/{service.sid}"

    def answers(sid: str) -> list[Any]:
        return [
            wire.post("/v1/Services", {name: sid, "MessagingServiceSid": MG}),
            wire.post(path, {name: sid}),
            wire.post(path + "/Bindings", binding | {"CredentialSid": sid}),
        ]

    mismatch = f"(Can not use credentialType='{other}' credentials for {type.upper()} notifications)"
    assert [each.refusal for each in answers(CR)] == [(400, 52002, "Invalid Credential Sid")] * 3
    assert [each.refusal for each in answers(wrong.sid)] == [(400, 52003, f"Invalid credential type{mismatch}")] * 3
    assert not fake_notify.diff(before)
    assert [each.status for sid in (right.sid, "") for each in answers(sid)] == [201, 200, 201] * 2


def test_credentials_are_not_checked_at_write_unless_asked(wire, fake_notify):
    apn = fake_notify.create_credential("apn")

    answer = wire.post("/v1/Services", {"FcmCredentialSid": apn.sid, "GcmCredentialSid": CR})

    assert (answer.json["fcm_credential_sid"], answer.json["gcm_credential_sid"]) == (apn.sid, CR)
