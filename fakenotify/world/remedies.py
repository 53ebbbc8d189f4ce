"""What a tester can do about a failed delivery: one line for each code that incomplete test data causes."""

from __future__ import annotations

from fakenotify.notify.records import Delivery

_BY_CODE = {
    52001: "give the Binding a phone number in E.164, such as +15005550006",
    52002: "there is no such Credential in this account; create it with create_credential(…) and use its sid",
    52003: "the Credential has another type than the Binding; each of apn, fcm and gcm needs its own",
    52117: "Google has ended the legacy API; give the Credential a service account's JSON key as its Secret, or set "
    "legacy_fcm='accepted'",
    52111: 'wrap the override for FCM HTTP v1: Fcm={"message": {…}}',
    52134: "an APNs token is an even number of hexadecimal digits",
    52138: "the payload is larger than the 4096 bytes that APNs takes",
    52106: "the data is larger than the 4096 bytes that FCM takes",
    52182: 'the Service has no Messaging Service; create it with create_service(messaging_service_sid="MG…")',
    52202: 'the Service has no Facebook page; create it with create_service(facebook_messenger_page_id="…")',
    52212: 'the Service has no Alexa skill; create it with create_service(alexa_skill_id="…")',
    52215: "Alexa needs a Title",
}


def remedy(delivery: Delivery) -> str | None:
    """What to do about this delivery's error, or None if the test injected it."""
    code, kind = delivery.error_code, delivery.binding_type
    if code == 52004:
        return (
            f'the Service has no Credential for {kind}; create one with create_credential("{kind}") and pass its sid: '
            f"create_service({kind}_credential_sid=…)"
        )
    if code == 52309:
        media = " or media_urls in Sms" if kind == "sms" else ""
        return f"there is nothing to show; send a Body{media}"
    return None if code is None else _BY_CODE.get(code)
