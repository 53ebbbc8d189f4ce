"""``assert_same_messages``: each kind of difference, in words."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import requests
from twilio.rest import Client

from fakenotify import FakeNotify
from fakenotify.notify.records import Service
from fakenotify.providers.caught import Providers

TOKEN = "a7c658f4" * 8
FCM = "https://fcm.googleapis.com/v1/projects/shop/messages:send"
IN_FOUR_WEEKS = 1793448000 + 2419200
SAME = "the new code doesn't send what Notify would have sent\n"
pytestmark = pytest.mark.fake_notify(frozen="2026-10-31T12:00:00Z")


@pytest.fixture
def shop(fake_notify: FakeNotify) -> Service:
    """A Service that can send by sms, apn and fcm."""
    apn, fcm = fake_notify.create_credential("apn"), fake_notify.create_credential("fcm")
    return fake_notify.create_service(
        messaging_service_sid="MG" + "0" * 32, apn_credential_sid=apn.sid, fcm_credential_sid=fcm.sid
    )


@pytest.fixture
def notify_sends(fake_notify: FakeNotify, shop: Service) -> Callable[..., None]:
    """Sends by Notify to one target."""

    def send(binding_type: str, address: str, **fields: Any) -> None:
        target = {"binding_type": binding_type, "address": address}
        fake_notify.create_notification(shop.sid, to_binding=[target], **fields)

    return send


def apns(payload: Any, token: str = TOKEN, **headers: str) -> None:
    usual = {"apns-priority": "10", "apns-expiration": str(IN_FOUR_WEEKS)}
    sent = usual | {name.replace("_", "-"): value for name, value in headers.items()}
    requests.post(f"https://api.push.apple.com/3/device/{token}", json=payload, headers=sent, timeout=5)


def fcm(**message: Any) -> None:
    sent = {"android": {"priority": "HIGH", "ttl": "2419200s"}} | message
    requests.post(FCM, json={"message": sent}, headers={"Authorization": "Bearer x"}, timeout=5)


def sms(to: str, body: str, **more: Any) -> None:
    Client("AC" + "1" * 32, "t").messages.create(to=to, from_="+15005550001", body=body, **more)


def difference(fake: FakeNotify, providers: Providers, ignore: tuple[str, ...] = ()) -> str:
    with pytest.raises(AssertionError) as raised:
        fake.assert_same_messages(providers, ignore=ignore)
    return str(raised.value)


def test_equal_messages_on_every_channel_are_equal(
    fake_notify: FakeNotify, notify_providers: Providers, notify_sends: Callable[..., None]
) -> None:
    notify_sends("sms", "+15005550006", body="Hi")
    notify_sends("apn", TOKEN, title="Shop", body="Hi", sound="ping", data={"order": {"id": 7}})
    notify_sends("fcm", "bob", title="Shop", body="Hi", data={"order": "7"})

    sms("+15005550006", "Hi")
    apns({"aps": {"alert": {"title": "Shop", "body": "Hi"}, "sound": "ping"}, "order": {"id": 7}})
    fcm(token="bob", notification={"title": "Shop", "body": "Hi"}, data={"order": "7"})

    fake_notify.assert_same_messages(notify_providers, ignore=("data.twi_*",))


def test_a_missing_message(
    fake_notify: FakeNotify, notify_providers: Providers, notify_sends: Callable[..., None]
) -> None:
    notify_sends("sms", "+15005550006", body="Hi")

    assert difference(fake_notify, notify_providers) == (
        SAME + "missing: Notify would have sent (1):\n  sms +15005550006: 'Hi'"
    )


def test_an_extra_message(
    fake_notify: FakeNotify, notify_providers: Providers, notify_sends: Callable[..., None]
) -> None:
    notify_sends("sms", "+15005550006", body="Hi")
    for _ in range(2):
        sms("+15005550006", "Hi")

    assert difference(fake_notify, notify_providers) == (
        SAME + "extra: Notify would not have sent (1):\n  sms +15005550006: 'Hi'"
    )


@pytest.mark.parametrize(
    ("payload", "headers", "words"),
    [
        ({"aps": {"alert": {"title": "Shop", "body": "Ho"}}}, {}, "body: Notify 'Hi', new code 'Ho'"),
        ({"aps": {"alert": "Hi"}}, {}, "title: Notify 'Shop', new code None"),
        ({}, {"apns_priority": "5"}, "priority: Notify 'high', new code 'low'"),
        ({}, {"apns_expiration": "0"}, "expiry: Notify 2419200, new code 0"),
        ({}, {"apns_collapse_id": "c"}, "collapse: Notify None, new code 'c'"),
        ({"badge": 1}, {}, "data.badge: Notify sends none, new code 1"),
    ],
)
def test_a_different_message_says_what_differs(
    fake_notify: FakeNotify,
    notify_providers: Providers,
    notify_sends: Callable[..., None],
    payload: dict[str, Any],
    headers: dict[str, str],
    words: str,
) -> None:
    notify_sends("apn", TOKEN, title="Shop", body="Hi")
    apns({"aps": {"alert": {"title": "Shop", "body": "Hi"}}} | payload, **headers)

    assert difference(fake_notify, notify_providers) == SAME + f"different (1):\n  apn {TOKEN}: {words}"
    fake_notify.assert_same_messages(notify_providers, ignore=(words.partition(":")[0],))


def test_data_that_differs_or_is_not_sent(
    fake_notify: FakeNotify, notify_providers: Providers, notify_sends: Callable[..., None]
) -> None:
    notify_sends("fcm", "bob", data={"a": "1", "b": "2"})
    fcm(token="bob", data={"a": "3"})

    assert difference(fake_notify, notify_providers).endswith(
        "fcm bob: data.a: Notify '1', new code '3'; data.b: Notify '2', new code sends none"
    )


def test_a_message_that_the_provider_refused_was_sent_all_the_same(
    fake_notify: FakeNotify, notify_providers: Providers, notify_sends: Callable[..., None]
) -> None:
    notify_sends("apn", TOKEN, body="Hi")
    notify_providers.fail("apns", 410)
    apns({"aps": {"alert": {"body": "Hi"}}})

    fake_notify.assert_same_messages(notify_providers)


def test_what_notify_failed_to_send_needs_no_message(
    fake_notify: FakeNotify, notify_providers: Providers, notify_sends: Callable[..., None]
) -> None:
    fake_notify.fail_delivery(52001)
    notify_sends("sms", "+15005550006", body="Hi")

    fake_notify.assert_same_messages(notify_providers)


def test_a_clock_that_is_a_little_off_is_no_difference(
    fake_notify: FakeNotify, notify_providers: Providers, notify_sends: Callable[..., None]
) -> None:
    notify_sends("apn", TOKEN, body="Hi")
    apns({"aps": {"alert": {"body": "Hi"}}}, apns_expiration=str(IN_FOUR_WEEKS + 30))

    fake_notify.assert_same_messages(notify_providers)


def test_of_several_messages_to_one_target_equal_ones_are_paired_first(
    fake_notify: FakeNotify, notify_providers: Providers, notify_sends: Callable[..., None]
) -> None:
    for body in ("one", "two"):
        notify_sends("sms", "+15005550006", body=body)
    for body in ("two", "three"):
        sms("+15005550006", body)

    assert difference(fake_notify, notify_providers).endswith("sms +15005550006: body: Notify 'one', new code 'three'")


def test_media_are_compared(
    fake_notify: FakeNotify, notify_providers: Providers, notify_sends: Callable[..., None]
) -> None:
    notify_sends("sms", "+15005550006", body="Hi", sms=json.dumps({"media_urls": ["https://shop.example/a"]}))
    sms("+15005550006", "Hi", media_url=["https://shop.example/a"])

    fake_notify.assert_same_messages(notify_providers)


def test_a_channel_without_a_provider_is_said(fake_notify: FakeNotify, notify_providers: Providers) -> None:
    service = fake_notify.create_service(facebook_messenger_page_id="4")
    target = {"binding_type": "facebook-messenger", "address": "77"}
    fake_notify.create_notification(service.sid, to_binding=[target], body="Hi")

    assert "facebook-messenger 77: no provider of this channel is caught here" in difference(
        fake_notify, notify_providers
    )


@pytest.mark.parametrize(
    ("ignore", "error", "message"),
    [
        (("boddy",), ValueError, "ignore can't name 'boddy'; did you mean 'body'"),
        ("title", TypeError, r"ignore is a collection, e.g. \('title',\)"),
    ],
)
def test_what_can_be_ignored_is_checked(
    fake_notify: FakeNotify, notify_providers: Providers, ignore: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        fake_notify.assert_same_messages(notify_providers, ignore=ignore)
