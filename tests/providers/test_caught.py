"""What code sends to APNs, FCM and Twilio Messages is caught in every transport and answered as the provider would."""

from __future__ import annotations

import json
import socket
from typing import Any

import aiohttp
import httpx
import pytest
import requests
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from fakenotify import FakeNotify
from fakenotify.clients.active import UninterceptedCall
from fakenotify.providers.caught import Providers
from fakenotify.providers.fcm import FCM as FCM_PROVIDER

TOKEN = "a7c658f4" * 8
ACCOUNT = "AC" + "1" * 32
APNS = f"https://api.push.apple.com/3/device/{TOKEN}"
FCM = "https://fcm.googleapis.com/v1/projects/shop/messages:send"
BEARER = {"Authorization": "Bearer secret-jwt"}
TO_BOB = {"message": {"token": "bob", "notification": {"body": "Hi"}}}


def send(url: str, body: Any, **headers: str) -> requests.Response:
    return requests.post(url, json=body, headers=BEARER | headers, timeout=5)


def sms(**fields: Any) -> Any:
    form = {"to": "+15005550006", "from_": "+15005550001", "body": "Hi"} | fields
    return Client(ACCOUNT, "token").messages.create(**form)


def test_an_apns_message_is_taken_as_apple_takes_it(notify_providers: Providers) -> None:
    answer = send(APNS, {"aps": {"alert": "Hi"}}, **{"apns-topic": "com.shop", "apns-id": "MY-ID"})

    assert (answer.status_code, answer.content, answer.headers["apns-id"]) == (200, b"", "MY-ID")
    request = notify_providers.requests.last
    assert (request.provider, request.method, request.url, request.address) == ("apns", "POST", APNS, TOKEN)
    assert request.body == {"aps": {"alert": "Hi"}}
    assert (request.headers["apns-topic"], request.headers["authorization"]) == ("com.shop", "[redacted]")
    assert "secret-jwt" not in repr(request)


def test_an_fcm_message_is_taken_as_google_takes_it(notify_providers: Providers) -> None:
    token = requests.post("https://oauth2.googleapis.com/token", data={"assertion": "x"}, timeout=5).json()
    answer = send(FCM, TO_BOB, Authorization=f"{token['token_type']} {token['access_token']}")

    assert answer.status_code == 200
    assert answer.json()["name"].startswith("projects/shop/messages/")
    assert [(each.provider, each.address, each.body) for each in notify_providers.requests] == [("fcm", "bob", TO_BOB)]


def test_an_sms_is_taken_as_twilio_takes_it(notify_providers: Providers) -> None:
    message = sms(messaging_service_sid="MG" + "2" * 32, media_url=["https://shop.example/a", "https://shop.example/b"])

    assert (message.sid[:2], message.status, message.to, message.num_media) == ("SM", "accepted", "+15005550006", "2")
    request = notify_providers.requests.last
    assert (request.provider, request.address, request.status) == ("messages", "+15005550006", 201)
    assert request.body["MediaUrl"] == ["https://shop.example/a", "https://shop.example/b"]


def test_httpx_is_caught_too(notify_providers: Providers) -> None:
    assert httpx.post(FCM, json=TO_BOB, headers=BEARER).status_code == 200
    assert len(notify_providers.requests) == 1


@pytest.mark.parametrize("client", ["httpx", "aiohttp"])
def test_asynchronous_clients_are_caught_too(notify_providers: Providers, client: str) -> None:
    import asyncio

    async def ask() -> int:
        if client == "httpx":
            async with httpx.AsyncClient() as session:
                return (await session.post(FCM, json=TO_BOB, headers=BEARER)).status_code
        async with aiohttp.ClientSession() as session, session.post(FCM, json=TO_BOB, headers=BEARER) as answer:
            return answer.status

    assert asyncio.run(ask()) == 200
    assert len(notify_providers.requests) == 1


@pytest.mark.parametrize(
    ("what", "status", "body"),
    [
        (410, 410, {"reason": "Unregistered", "timestamp": 1793448000000}),
        ("BadDeviceToken", 400, {"reason": "BadDeviceToken"}),
        (503, 503, {"reason": "ServiceUnavailable"}),
    ],
)
@pytest.mark.fake_notify(frozen="2026-10-31T12:00:00Z")
def test_apns_refuses_in_apples_words(notify_providers: Providers, what: Any, status: int, body: Any) -> None:
    notify_providers.fail("apns", what, address=TOKEN)

    answer = send(APNS, {"aps": {"alert": "Hi"}})

    assert (answer.status_code, answer.json()) == (status, body)
    assert send(APNS[:-1] + "0", {"aps": {"alert": "Hi"}}).status_code == 200


def test_fcm_refuses_in_googles_words(notify_providers: Providers) -> None:
    notify_providers.fail("fcm", 404, times=1)

    answer = send(FCM, TO_BOB)

    assert (answer.status_code, answer.json()["error"]["details"][0]["errorCode"]) == (404, "UNREGISTERED")
    assert send(FCM, TO_BOB).status_code == 200


def test_messages_refuse_in_twilios_words(notify_providers: Providers) -> None:
    notify_providers.fail("messages", 21610, address="+15005550006")

    with pytest.raises(TwilioRestException) as raised:
        sms()

    assert (raised.value.status, raised.value.code, raised.value.msg) == (
        400,
        21610,
        "Unable to create record: Attempt to send to unsubscribed recipient",
    )
    assert notify_providers.requests.last.status == 400


@pytest.mark.parametrize(
    ("fields", "code"),
    [({"to": "hello"}, 21211), ({"body": None}, 21602), ({"from_": None}, 21603), ({"body": "x" * 1601}, 21617)],
)
def test_messages_refuse_what_twilio_refuses(notify_providers: Providers, fields: dict[str, Any], code: int) -> None:
    with pytest.raises(TwilioRestException) as raised:
        sms(**fields)
    assert raised.value.code == code


@pytest.mark.parametrize(
    ("url", "body", "headers", "status", "reason"),
    [
        (APNS, b"", {}, 400, "PayloadEmpty"),
        (APNS, b'{"a": "' + b"x" * 4096 + b'"}', {}, 413, "PayloadTooLarge"),
        ("https://api.sandbox.push.apple.com/3/devices/x", b"{}", {}, 404, "BadPath"),
        (FCM, b"hello", {}, 400, "INVALID_ARGUMENT"),
        (FCM, b'{"message": {}}', {}, 400, "INVALID_ARGUMENT"),
        (FCM, b'{"message": {"token": "a", "topic": "b"}}', {}, 400, "INVALID_ARGUMENT"),
        (FCM, b'{"message": {"token": "a", "data": {"n": 1}}}', {}, 400, "INVALID_ARGUMENT"),
        (FCM, b'{"message": {"token": "a"}}', {"Authorization": "key=legacy"}, 401, "UNAUTHENTICATED"),
        ("https://fcm.googleapis.com/fcm/send", b"{}", {}, 404, "NOT_FOUND"),
        ("https://oauth2.googleapis.com/tokens", b"{}", {}, 404, "not_found"),
    ],
)
def test_bad_requests_are_refused_as_the_provider_does(
    notify_providers: Providers, url: str, body: bytes, headers: dict[str, str], status: int, reason: str
) -> None:
    answer = requests.post(url, data=body, headers=BEARER | headers, timeout=5)

    assert (answer.status_code, reason in json.dumps(answer.json())) == (status, True)


@pytest.mark.parametrize(
    ("provider", "what", "message"),
    [
        ("apn", 410, "there is no provider 'apn'; there are apns, fcm, messages"),
        ("apns", 418, "APNs doesn't answer 418"),
        ("fcm", "GONE", "FCM doesn't answer 'GONE'"),
        ("messages", 52001, "Messages don't answer 52001"),
    ],
)
def test_a_failure_that_no_provider_has_is_refused(
    notify_providers: Providers, provider: Any, what: Any, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        notify_providers.fail(provider, what)


def test_what_is_not_caught_meets_the_guard(notify_providers: Providers) -> None:
    with pytest.raises(UninterceptedCall, match="an HTTP/2 client with a stack of its own"):
        socket.getaddrinfo("api.push.apple.com", 443)


def test_outside_of_the_context_nothing_is_caught(fake_notify: FakeNotify) -> None:
    with fake_notify.providers() as providers:
        pass
    with pytest.raises(requests.ConnectionError):
        requests.post("https://api.push.apple.com:9/3/device/x", proxies={"https": "http://127.0.0.1:9"}, timeout=5)
    assert providers.requests == []


def test_providers_and_notify_are_caught_side_by_side(intercept_notify: FakeNotify) -> None:
    client = Client(ACCOUNT, "token")
    with intercept_notify.providers() as providers:
        service = client.notify.v1.services.create(messaging_service_sid="MG" + "2" * 32)
        sms()

    assert (intercept_notify.services.last.sid, len(providers.requests)) == (service.sid, 1)


@pytest.mark.parametrize(
    ("method", "url", "headers", "status"),
    [
        ("GET", APNS, {}, 405),
        ("POST", "https://api.twilio.com/2010-04-01/Accounts/AC1/Messages.json", {}, 404),
        ("POST", f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT}/Messages.json", {}, 401),
        (
            "POST",
            f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT}/Messages.json",
            {"Authorization": "Basic x"},
            400,
        ),
    ],
)
def test_other_paths_methods_and_credentials_are_refused(
    notify_providers: Providers, method: str, url: str, headers: dict[str, str], status: int
) -> None:
    answer = requests.request(method, url, data=b"" if "Basic" in str(headers) else b"{}", headers=headers, timeout=5)

    assert answer.status_code == status
    assert str(notify_providers.requests.last).endswith(f"({status})")
    assert repr(notify_providers) == "<Providers: 1 requests>"


@pytest.mark.parametrize("times", [0, True, "2"])
def test_times_is_a_whole_number(notify_providers: Providers, times: Any) -> None:
    with pytest.raises(ValueError, match="times is a whole number from 1"):
        notify_providers.fail("apns", 410, times=times)


@pytest.mark.parametrize(("message", "expiry"), [({"android": {"ttl": "soon"}}, None), ({"time_to_live": 5}, 5)])
def test_an_expiry_is_read_where_it_is_one(message: dict[str, Any], expiry: int | None) -> None:
    assert FCM_PROVIDER.read("a", {}, {"message": message}, 0.0).expiry == expiry
