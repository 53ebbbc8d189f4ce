"""What code sends to APNs, FCM and Twilio Messages is caught in every transport and answered as by the provider."""

from __future__ import annotations

import asyncio
import json
import socket
from typing import Any

import aiohttp
import httpx
import pytest
import requests
from twilio.rest import Client

from fakenotify import FakeNotify
from fakenotify.clients.active import UninterceptedCall
from fakenotify.core.errors import error_body
from fakenotify.providers.caught import LARGEST_BODY, PROVIDERS, Providers

TOKEN = "a7c658f4" * 8
NUMBER = "+15005550006"
ACCOUNT = "AC" + "1" * 32
APNS = f"https://api.push.apple.com/3/device/{TOKEN}"
FCM = "https://fcm.googleapis.com/v1/projects/shop/messages:send"
MESSAGES = f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
BEARER = {"Authorization": "Bearer secret-jwt"}
TO_BOB = {"message": {"token": "bob", "notification": {"body": "Hi"}}}
HI = {"aps": {"alert": "Hi"}}


def send(url: str, body: Any, **headers: str) -> requests.Response:
    return requests.post(url, json=body, headers=BEARER | headers, timeout=5)


def sms(**fields: Any) -> Any:
    form = {"to": NUMBER, "from_": "+15005550001", "body": "Hi"} | fields
    return Client(ACCOUNT, "token").messages.create(**form)


def test_an_apns_message_is_accepted_as_by_apple(notify_providers: Providers) -> None:
    answer = send(APNS, HI, **{"apns-topic": "com.shop", "apns-id": "MY-ID"})

    assert (answer.status_code, answer.content, answer.headers["apns-id"]) == (200, b"", "MY-ID")
    request = notify_providers.requests.last
    assert (request.provider, request.method, request.url, request.address) == ("apns", "POST", APNS, TOKEN)
    assert (request.body, str(request)) == (HI, f"apns {TOKEN} (200)")
    assert (request.headers["apns-topic"], request.headers["authorization"]) == ("com.shop", "[redacted]")
    assert "secret-jwt" not in repr(request)
    assert repr(notify_providers) == "<Providers: 1 requests>"


def test_an_fcm_message_is_accepted_as_by_google(notify_providers: Providers) -> None:
    token = requests.post("https://oauth2.googleapis.com/token", data={"assertion": "x"}, timeout=5).json()
    answer = send(FCM, TO_BOB, Authorization=f"{token['token_type']} {token['access_token']}")

    assert (answer.status_code, answer.json()["name"][:23]) == (200, "projects/shop/messages/")
    assert [(each.provider, each.address, each.body) for each in notify_providers.requests] == [("fcm", "bob", TO_BOB)]


def test_an_sms_is_accepted_as_by_twilio(notify_providers: Providers) -> None:
    media = ["https://shop.example/a", "https://shop.example/b"]
    message = sms(messaging_service_sid="MG" + "2" * 32, media_url=media)

    assert (message.sid[:2], message.status, message.to, message.num_media) == ("SM", "accepted", "+15005550006", "2")
    request = notify_providers.requests.last
    assert (request.provider, request.address, request.status) == ("messages", "+15005550006", 201)
    assert request.body["MediaUrl"] == media


def test_every_transport_is_caught(notify_providers: Providers) -> None:
    async def ask() -> list[int]:
        how: Any = {"json": TO_BOB, "headers": BEARER}
        async with httpx.AsyncClient() as client, aiohttp.ClientSession() as session, session.post(FCM, **how) as one:
            return [one.status, (await client.post(FCM, **how)).status_code]

    assert [httpx.post(FCM, json=TO_BOB, headers=BEARER).status_code, *asyncio.run(ask())] == [200] * 3
    assert len(notify_providers.requests) == 3


UNREGISTERED = {
    "error": {
        "code": 404,
        "message": "Requested entity was not found.",
        "status": "NOT_FOUND",
        "details": [
            {"@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError", "errorCode": "UNREGISTERED"},
        ],
    }
}
SEND = {
    "apns": lambda: send(APNS, HI),
    "fcm": lambda: send(FCM, TO_BOB),
    "messages": lambda: requests.post(MESSAGES, {"To": NUMBER, "From": "+1500", "Body": "Hi"}, auth=(ACCOUNT, "token")),
}
ADDRESS = {"apns": TOKEN, "fcm": "bob", "messages": NUMBER}


@pytest.mark.parametrize(
    ("provider", "what", "status", "body"),
    [
        ("apns", 410, 410, {"reason": "Unregistered", "timestamp": 1793448000000}),
        ("apns", "BadCollapseId", 400, {"reason": "BadCollapseId"}),
        ("fcm", 404, 404, UNREGISTERED),
        ("messages", 21610, 400, error_body(400, 21610, "Attempt to send to unsubscribed recipient")),
        ("messages", 400, 400, error_body(400, 21211, f"The 'To' number {NUMBER} is not a valid phone number.")),
    ],
)
@pytest.mark.fake_notify(frozen="2026-10-31T12:00:00Z")
def test_a_provider_refuses_with_its_own_error_as_often_as_it_should(
    notify_providers: Providers, provider: Any, what: Any, status: int, body: Any
) -> None:
    notify_providers.fail(provider, what, address="another")
    notify_providers.fail(provider, what, address=ADDRESS[provider], times=1)

    first, second = SEND[provider](), SEND[provider]()

    assert (first.status_code, first.json(), second.ok) == (status, body, True)
    assert [each.status for each in notify_providers.requests] == [status, second.status_code]


BASIC = {"Authorization": "Basic x"}


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
        (MESSAGES.replace(ACCOUNT, "AC1"), b"", {}, 404, "20404"),
        (MESSAGES, b"", {}, 401, "20003"),
        (MESSAGES, b"", BASIC, 400, "21604"),
        (MESSAGES, b"To=%2B1500", BASIC, 400, "21603"),
        (MESSAGES, b"To=%2B1500&From=x", BASIC, 400, "21602"),
        (MESSAGES, b"To=hello&From=x&Body=Hi", BASIC, 400, "21211"),
        (MESSAGES, b"To=%2B15005550006&From=x&Body=" + b"x" * 1601, BASIC, 400, "21617"),
    ],
)
def test_bad_requests_are_refused_as_the_provider_does(
    notify_providers: Providers, url: str, body: bytes, headers: dict[str, str], status: int, reason: str
) -> None:
    answer = requests.post(url, data=body, headers=BEARER | headers, timeout=5)

    assert (answer.status_code, reason in json.dumps(answer.json())) == (status, True)


def test_a_body_that_is_too_large_is_refused_and_not_kept(notify_providers: Providers) -> None:
    sizes = (LARGEST_BODY, LARGEST_BODY + 1)
    assert [requests.post(FCM, b"x" * size, timeout=5).status_code for size in sizes] == [400, 413]
    assert [each.status for each in notify_providers.requests] == [400]


def test_apns_takes_post_only(notify_providers: Providers) -> None:
    assert requests.get(APNS, timeout=5).json() == {"reason": "MethodNotAllowed"}


@pytest.mark.parametrize(
    ("provider", "what", "times", "message"),
    [
        ("apn", 410, None, "there is no provider 'apn'; there are apns, fcm, messages"),
        ("apns", 418, None, "APNs doesn't answer 418; it has the statuses 400, 403, .*, 503 and BadDeviceToken, "),
        ("fcm", "GONE", None, "FCM doesn't answer 'GONE'"),
        ("messages", 52001, None, "Twilio Messages doesn't answer 52001"),
        ("apns", 410, 0, "times is a whole number from 1"),
        ("apns", 410, True, "times is a whole number from 1"),
        ("apns", 410, "2", "times is a whole number from 1"),
    ],
)
def test_an_unknown_failure_is_refused(
    notify_providers: Providers, provider: Any, what: Any, times: Any, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        notify_providers.fail(provider, what, times=times)


def test_other_clients_meet_the_guard(notify_providers: Providers) -> None:
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
    ("provider", "headers", "payload", "expiry"),
    [
        ("fcm", {}, {"message": {"android": {"ttl": "soon"}}}, None),
        ("fcm", {}, {"time_to_live": 5}, 5),
        ("apns", {"apns-expiration": "soon"}, {}, None),
    ],
)
def test_an_expiry_is_read_in_each_form(
    provider: str, headers: dict[str, str], payload: dict[str, Any], expiry: int | None
) -> None:
    assert PROVIDERS[provider].read("a", headers, payload, 0.0).expiry == expiry
