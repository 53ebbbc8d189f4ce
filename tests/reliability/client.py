"""The fake that a proof is about, and requests to it."""

from __future__ import annotations

import http.client
import json
from base64 import b64encode
from typing import Any
from urllib.parse import urlencode, urlsplit

from fakenotify import FakeNotify

PHONE = '{"binding_type": "sms", "address": "+15005550006"}'


def new_fake(**settings: Any) -> tuple[FakeNotify, str]:
    """A fake, and the sid of a Service that can send SMS."""
    fake = FakeNotify(**settings)
    return fake, fake.create_service(messaging_service_sid="MG" + "0" * 32).sid


def authorization(account_sid: str, auth_token: str) -> str:
    """The header of that name."""
    return "Basic " + b64encode(f"{account_sid}:{auth_token}".encode()).decode()


def head_of(fake: FakeNotify, request: str) -> bytes:
    """The beginning of a request, spelled out; more headers and an empty line have to follow."""
    owner = authorization(fake.account_sid, fake.auth_token)
    return f"{request} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {owner}\r\n".encode()


class Client:
    """A kept connection of an account."""

    def __init__(self, url: str, account_sid: str, auth_token: str, **_: object) -> None:
        self.headers = {
            "Authorization": authorization(account_sid, auth_token),
            "Content-Type": "application/x-www-form-urlencoded",
        }
        self.connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)

    def ask(self, method: str, target: str, form: dict[str, Any] | None = None) -> tuple[int, Any]:
        """The status and the JSON of an answer."""
        self.connection.request(method, target, urlencode(form, doseq=True) if form else None, self.headers)
        with self.connection.getresponse() as response:
            body = response.read()
        return response.status, json.loads(body) if body else None

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *error: object) -> None:
        self.connection.close()


def client_of(fake: FakeNotify) -> Client:
    """A client of a fake's default account."""
    return Client(fake.url, fake.account_sid, fake.auth_token)
