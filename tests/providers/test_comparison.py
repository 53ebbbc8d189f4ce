"""``assert_same_messages`` describes each kind of difference."""

from __future__ import annotations

import json
from typing import Any

import pytest
import requests
from twilio.rest import Client

from fakenotify import FakeNotify
from fakenotify.providers.caught import Providers

TOKEN = "a7c658f4" * 8
FCM = "https://fcm.googleapis.com/v1/projects/shop/messages:send"
NUMBER = "+15005550006"
IN_FOUR_WEEKS = 1793448000 + 2419200
pytestmark = pytest.mark.fake_notify(frozen="2026-10-31T12:00:00Z")


class Both:
    """Sends the same messages by Notify and to the providers."""

    def __init__(self, fake: FakeNotify, providers: Providers) -> None:
        self.fake, self.providers = fake, providers
        apn, fcm = fake.create_credential("apn"), fake.create_credential("fcm")
        senders: Any = {"messaging_service_sid": "MG" + "0" * 32, "facebook_messenger_page_id": "4"}
        self.shop = fake.create_service(apn_credential_sid=apn.sid, fcm_credential_sid=fcm.sid, **senders)

    def notify(self, binding_type: str, address: str, **fields: Any) -> None:
        """Send by Notify to one target."""
        target: Any = {"binding_type": binding_type, "address": address}
        self.fake.create_notification(self.shop, to_binding=[target], **fields)

    def apns(self, payload: Any, **headers: str) -> None:
        usual = {"apns-priority": "10", "apns-expiration": str(IN_FOUR_WEEKS)}
        sent = usual | {name.replace("_", "-"): value for name, value in headers.items()}
        requests.post(f"https://api.push.apple.com/3/device/{TOKEN}", json=payload, headers=sent, timeout=5)

    def fcm(self, **message: Any) -> None:
        sent = {"android": {"priority": "HIGH", "ttl": "2419200s"}} | message
        requests.post(FCM, json={"message": sent}, headers={"Authorization": "Bearer x"}, timeout=5)

    def sms(self, body: str, **more: Any) -> None:
        Client("AC" + "1" * 32, "t").messages.create(to=NUMBER, from_="+15005550001", body=body, **more)

    def equal(self, *ignore: str) -> None:
        self.fake.assert_same_messages(self.providers, ignore=ignore)

    def differ(self, *lines: str) -> None:
        with pytest.raises(AssertionError) as raised:
            self.equal()
        assert str(raised.value).splitlines() == ["the new code doesn't send what Notify would have sent", *lines]


@pytest.fixture
def both(fake_notify: FakeNotify, notify_providers: Providers) -> Both:
    return Both(fake_notify, notify_providers)


def test_equal_messages_on_every_channel_are_equal(both: Both) -> None:
    both.notify("sms", NUMBER, body="Hi", sms=json.dumps({"media_urls": ["https://shop.example/a"]}))
    both.notify("apn", TOKEN, title="Shop", body="Hi", sound="ping", data={"order": {"id": 7}})
    both.notify("fcm", "bob", title="Shop", body="Hi", data={"order": "7"})

    both.sms("Hi", media_url=["https://shop.example/a"])
    both.apns({"aps": {"alert": {"title": "Shop", "body": "Hi"}, "sound": "ping"}, "order": {"id": 7}})
    both.fcm(token="bob", notification={"title": "Shop", "body": "Hi"}, data={"order": "7"})

    both.equal("data.twi_*")


def test_missing_and_extra_messages_are_listed(both: Both) -> None:
    both.notify("sms", NUMBER, body="Hi")
    both.notify("facebook-messenger", "77", body="Hi")
    missing = "missing: Notify would have sent"
    messenger = "  facebook-messenger 77: no provider of this channel is caught here"
    both.differ(f"{missing} (2):", f"  sms {NUMBER}: 'Hi'", messenger)

    both.sms("Hi")
    both.sms("Hi")
    both.differ(f"{missing} (1):", messenger, "extra: Notify would not have sent (1):", f"  sms {NUMBER}: 'Hi'")


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
    both: Both, payload: dict[str, Any], headers: dict[str, str], words: str
) -> None:
    both.notify("apn", TOKEN, title="Shop", body="Hi")
    both.apns({"aps": {"alert": {"title": "Shop", "body": "Hi"}}} | payload, **headers)

    both.differ("different (1):", f"  apn {TOKEN}: {words}")
    both.equal(words.partition(":")[0])


def test_data_that_differs_or_is_not_sent_is_named(both: Both) -> None:
    both.notify("fcm", "bob", data={"a": "1", "b": "2"})
    both.fcm(token="bob", data={"a": "3"})

    words = "data.a: Notify '1', new code '3'; data.b: Notify '2', new code sends none"
    both.differ("different (1):", f"  fcm bob: {words}")


def test_refused_messages_count_failed_deliveries_do_not_and_clocks_may_differ_a_little(both: Both) -> None:
    both.notify("apn", TOKEN, body="Hi")
    both.providers.fail("apns", 410)
    both.apns({"aps": {"alert": {"body": "Hi"}}}, apns_expiration=str(IN_FOUR_WEEKS + 30))
    both.fake.fail_delivery(52001)
    both.notify("sms", NUMBER, body="Hi")

    both.equal()


def test_of_several_messages_to_one_target_equal_ones_are_paired_first(both: Both) -> None:
    for body in ("one", "two"):
        both.notify("sms", NUMBER, body=body)
    for body in ("two", "three"):
        both.sms(body)

    both.differ("different (1):", f"  sms {NUMBER}: body: Notify 'one', new code 'three'")


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
