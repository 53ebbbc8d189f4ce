"""Services, over the wire."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest
from answers import invalid, not_found
from twilio.base.exceptions import TwilioRestException

NOW = "2016-03-09T20:22:31Z"
LATER = "2016-03-09T20:22:32Z"
CR, MG, AC = "CR" + "a" * 32, "MG" + "a" * 32, "AC" + "a" * 32
ANYTHING = "µ +&=%/ 'x'"

DEFAULTS: dict[str, Any] = {
    "friendly_name": None,
    "apn_credential_sid": None,
    "gcm_credential_sid": None,
    "fcm_credential_sid": None,
    "messaging_service_sid": None,
    "facebook_messenger_page_id": None,
    "alexa_skill_id": None,
    "default_apn_notification_protocol_version": "4",
    "default_gcm_notification_protocol_version": "3",
    "default_fcm_notification_protocol_version": "3",
    "default_alexa_notification_protocol_version": "3",
    "log_enabled": True,
    "delivery_callback_url": None,
    "delivery_callback_enabled": False,
}
# parameter, property, what is sent, what is printed; in the order in which Notify complains
PARAMETERS = [
    ("FriendlyName", "friendly_name", ANYTHING, ANYTHING),
    ("ApnCredentialSid", "apn_credential_sid", CR, CR),
    ("GcmCredentialSid", "gcm_credential_sid", CR, CR),
    ("MessagingServiceSid", "messaging_service_sid", MG, MG),
    ("FacebookMessengerPageId", "facebook_messenger_page_id", "4", "4"),
    ("DefaultApnNotificationProtocolVersion", "default_apn_notification_protocol_version", "2", "2"),
    ("DefaultGcmNotificationProtocolVersion", "default_gcm_notification_protocol_version", "odd", "odd"),
    ("FcmCredentialSid", "fcm_credential_sid", "CR" + "0aF9" * 8, "CR" + "0aF9" * 8),
    ("DefaultFcmNotificationProtocolVersion", "default_fcm_notification_protocol_version", "4", "4"),
    ("LogEnabled", "log_enabled", "false", False),
    ("AlexaSkillId", "alexa_skill_id", ANYTHING, ANYTHING),
    ("DefaultAlexaNotificationProtocolVersion", "default_alexa_notification_protocol_version", "4", "4"),
    ("DeliveryCallbackUrl", "delivery_callback_url", "Hello", "Hello"),
    ("DeliveryCallbackEnabled", "delivery_callback_enabled", "True", True),
]
REFUSED = [
    ("FriendlyName", "x" * 65, (400, 20002, "Invalid FriendlyName")),
    ("ApnCredentialSid", AC, invalid("Service", "ApnCredentialSid")),
    ("GcmCredentialSid", AC, invalid("Service", "GcmCredentialSid")),  # Twilio's own example sends it
    ("FcmCredentialSid", CR + "\n", invalid("Service", "FcmCredentialSid")),
    ("FcmCredentialSid", "CR" + "g" * 32, invalid("Service", "FcmCredentialSid")),
    ("MessagingServiceSid", CR, invalid("Service", "MessagingServiceSid")),
    ("LogEnabled", "yes", invalid("Service", "LogEnabled")),
    ("DeliveryCallbackEnabled", "1", invalid("Service", "DeliveryCallbackEnabled")),
]

pytestmark = pytest.mark.fake_notify(frozen=NOW)
warns = pytest.mark.filterwarnings("ignore:fakenotify")


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

    moment = datetime(2016, 3, 9, 20, 22, 31, tzinfo=timezone.utc)
    url = f"{fake_notify.url}/v1/Services/{created.sid}"
    assert shown(created) == DEFAULTS | {
        "sid": fake_notify.services.last.sid,
        "account_sid": fake_notify.account_sid,
        "date_created": moment,
        "date_updated": moment,
        "url": url,
        "links": {
            "bindings": f"{url}/Bindings",
            "notifications": f"{url}/Notifications",
            "segments": f"{url}/Segments",
            "users": f"{url}/Users",
        },
    }
    assert created.sid[:2] == "IS"
    assert shown(created.fetch()) == shown(created)


@pytest.mark.fake_notify(apn_protocol_version="3")
def test_the_apn_protocol_version_of_a_new_service_can_be_3(wire, fake_notify_client):
    created = fake_notify_client.notify.v1.services.create(default_apn_notification_protocol_version="9")
    cleared = wire.post(created.url, {"DefaultApnNotificationProtocolVersion": ""})

    assert fake_notify_client.notify.v1.services.create().default_apn_notification_protocol_version == "3"
    assert cleared.json["default_apn_notification_protocol_version"] == "3"


@warns
@pytest.mark.parametrize(("name", "property", "sent", "printed"), PARAMETERS)
def test_every_parameter_sets_its_property(wire, service, name, property, sent, printed):
    created = wire.post("/v1/Services", {name: sent})
    updated = wire.post(f"/v1/Services/{service.sid}", {name: sent})
    fetched = wire.get(f"/v1/Services/{service.sid}")

    assert [(each.status, {key: each.json[key] for key in DEFAULTS}) for each in (created, updated, fetched)] == [
        (status, DEFAULTS | {property: printed}) for status in (201, 200, 200)
    ]


@warns
def test_an_empty_value_clears_a_property_and_counts_as_absent_in_a_create(wire):
    nothing = {name: "" for name, *_ in PARAMETERS}
    created = wire.post("/v1/Services", {name: sent for name, _, sent, _ in PARAMETERS})
    cleared = wire.post(created.json["url"], nothing)
    empty = wire.post("/v1/Services", nothing)

    assert {key: created.json[key] for key in DEFAULTS} == {property: printed for _, property, _, printed in PARAMETERS}
    assert [{key: each.json[key] for key in DEFAULTS} for each in (cleared, empty)] == [DEFAULTS, DEFAULTS]


def test_an_update_changes_what_was_sent_and_the_date(fake_notify, fake_notify_client, shown):
    services = fake_notify_client.notify.v1.services
    created = services.create(friendly_name="before", apn_credential_sid=CR, log_enabled=False)
    fake_notify.clock.tick()

    updated = services(created.sid).update(friendly_name="after", delivery_callback_enabled=True)

    assert shown(updated) == shown(created) | {
        "friendly_name": "after",
        "delivery_callback_enabled": True,
        "date_updated": datetime(2016, 3, 9, 20, 22, 32, tzinfo=timezone.utc),
    }
    assert shown(services(created.sid).fetch()) == shown(updated)


def test_an_update_with_an_empty_body_changes_nothing_not_even_the_date(wire, fake_notify, service):
    before = wire.get(f"/v1/Services/{service.sid}")
    fake_notify.clock.tick()

    answer = wire.post(f"/v1/Services/{service.sid}")

    assert (answer.status, answer.body) == (200, before.body)


def test_an_update_with_the_same_value_moves_the_date(wire, fake_notify, service):
    fake_notify.clock.tick()

    answer = wire.post(f"/v1/Services/{service.sid}", {"LogEnabled": "true"})

    assert (answer.json["date_created"], answer.json["date_updated"]) == (NOW, LATER)


@pytest.mark.parametrize(("text", "value"), [("true", True), ("TRUE", True), ("False", False), ("fAlSe", False)])
def test_a_boolean_is_read_in_any_case(wire, text, value):
    answer = wire.post("/v1/Services", {"LogEnabled": text, "DeliveryCallbackEnabled": text})

    assert (answer.json["log_enabled"], answer.json["delivery_callback_enabled"]) == (value, value)


@pytest.mark.parametrize(("name", "value", "refusal"), REFUSED)
def test_a_bad_value_is_refused_and_changes_nothing(wire, fake_notify, service, name, value, refusal):
    before = fake_notify.snapshot()
    form = {"FriendlyName": "new", "DeliveryCallbackUrl": "new", name: value}

    answers = [wire.post("/v1/Services", form), wire.post(f"/v1/Services/{service.sid}", form)]

    assert [answer.refusal for answer in answers] == [refusal, refusal]
    assert not fake_notify.diff(before)


def test_of_several_bad_values_the_first_of_the_reference_is_complained_of(wire):
    bad = {name: value for name, value, _ in REFUSED}
    told = {name: refusal for name, _, refusal in REFUSED}
    order = [name for name, *_ in PARAMETERS if name in bad]
    for at, name in enumerate(order):
        form = {each: bad[each] for each in reversed(order[at:])}
        assert wire.post("/v1/Services", form).refusal == told[name]


def test_a_friendly_name_may_have_64_characters(wire):
    assert wire.post("/v1/Services", {"FriendlyName": "𝄞" * 64}).json["friendly_name"] == "𝄞" * 64


@warns
def test_a_service_that_is_not_there_is_404(wire):
    for sid in ("IS" + "b" * 32, "IS71", "is" + "a" * 32, "MG" + "a" * 32, "%20", "IS%2F"):
        for method in ("GET", "POST", "DELETE"):
            assert wire.send(method, f"/v1/Services/{sid}").refusal == not_found(f"/Services/{sid}")


def test_a_service_that_is_not_there_is_looked_for_before_parameters_are_read(wire):
    assert wire.post("/v1/Services/IS71", {"FriendlyName": "x" * 65}).refusal == not_found("/Services/IS71")


def test_twilio_raises_for_a_service_that_is_not_there(fake_notify_client):
    with pytest.raises(TwilioRestException) as caught:
        fake_notify_client.notify.v1.services("IS71").fetch()

    assert (caught.value.status, caught.value.code, caught.value.msg) == (
        404,
        20404,
        "Unable to fetch record: The requested resource /Services/IS71 was not found",
    )


def test_a_deleted_service_takes_everything_below_it_along(wire, fake_notify, fake_notify_client):
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


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("shop", [0, 2]),
        ("Shop", [1]),
        ("sho", []),
        (" shop", []),
        (ANYTHING, [3]),
        ("", [0, 1, 2, 3, 4]),
    ],
)
def test_services_are_filtered_by_their_exact_name(wire, fake_notify, wanted, found):
    services = [fake_notify.create_service(name) for name in ("shop", "Shop", "shop", ANYTHING, None)]

    answer = wire.get("/v1/Services", {"FriendlyName": wanted})

    assert [row["sid"] for row in answer.json["services"]] == [services[at].sid for at in found]


def test_the_filter_by_name_knows_a_service_by_its_new_name(fake_notify, fake_notify_client):
    services = fake_notify_client.notify.v1.services
    service = services.create(friendly_name="before")
    service.update(friendly_name="after")

    assert [each.sid for each in services.list(friendly_name="after")] == [service.sid]
    assert services.list(friendly_name="before") == []


def test_the_1001st_service_is_not_refused(wire, fake_notify):
    for _ in range(1000):
        fake_notify.create_service()

    assert wire.post("/v1/Services").status == 201


@pytest.mark.fake_notify(legacy_resources=False)
def test_without_the_withdrawn_resources_a_service_links_to_two(twilio_wire, service):
    answer = twilio_wire.get(f"/v1/Services/{service.sid}")

    url = f"https://notify.twilio.com/v1/Services/{service.sid}"
    assert answer.json["links"] == {"bindings": f"{url}/Bindings", "notifications": f"{url}/Notifications"}


@pytest.mark.fake_notify(credentials_checked="at_write")
@pytest.mark.parametrize(
    ("name", "type", "other"), [("Apn", "apn", "fcm"), ("Gcm", "gcm", "apn"), ("Fcm", "fcm", "gcm")]
)
def test_credentials_can_be_checked_at_write(wire, fake_notify, service, name, type, other):
    right, wrong = fake_notify.create_credential(type), fake_notify.create_credential(other)
    before = fake_notify.snapshot()
    paths = ("/v1/Services", f"/v1/Services/{service.sid}")
    mismatch = (
        f"Invalid credential type(Can not use credentialType='{other}' credentials for {type.upper()} notifications)"
    )

    unknown = [wire.post(path, {f"{name}CredentialSid": CR, "MessagingServiceSid": MG}).refusal for path in paths]
    mistyped = [wire.post(path, {f"{name}CredentialSid": wrong.sid}).refusal for path in paths]

    assert not fake_notify.diff(before)
    assert unknown == [(400, 52002, "Invalid Credential Sid")] * 2
    assert mistyped == [(400, 52003, mismatch)] * 2
    assert [wire.post(path, {f"{name}CredentialSid": right.sid}).status for path in paths] == [201, 200]
    assert wire.post(paths[1], {f"{name}CredentialSid": ""}).status == 200


def test_credentials_are_not_checked_at_write_unless_asked(wire, fake_notify):
    apn = fake_notify.create_credential("apn")

    answer = wire.post("/v1/Services", {"FcmCredentialSid": apn.sid, "GcmCredentialSid": CR})

    assert (answer.json["fcm_credential_sid"], answer.json["gcm_credential_sid"]) == (apn.sid, CR)
