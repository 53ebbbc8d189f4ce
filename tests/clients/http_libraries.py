"""The HTTP libraries that interception reaches, behind one signature."""

from __future__ import annotations

import asyncio
import json
from typing import Any, NamedTuple

import aiohttp
import httpx
import pytest
import requests

from fakenotify import FakeNotify

TWILIO = "https://notify.twilio.com"
SERVICES = f"{TWILIO}/v1/Services"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Answer(NamedTuple):
    """An answer as a library gives it."""

    status: int
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


def authorization(fake: FakeNotify) -> dict[str, str]:
    return {"Authorization": requests.auth._basic_auth_str(fake.account_sid, fake.auth_token)}


def by_requests(fake: FakeNotify, method: str, url: str, *, transport: Any = None, **request: Any) -> Answer:
    with requests.Session() as session:
        if transport is not None:
            session.mount(url[: url.index("/v1")], transport)
        how = {"auth": (fake.account_sid, fake.auth_token), "timeout": 5}
        response = session.request(method, url, **{**how, **request})
    return Answer(response.status_code, response.text)


def by_httpx(fake: FakeNotify, method: str, url: str, *, transport: Any = None, **request: Any) -> Answer:
    auth = (fake.account_sid, fake.auth_token)
    with httpx.Client(auth=auth, verify=False, transport=transport) as client:
        response = client.request(method, url, **request)
    return Answer(response.status_code, response.text)


def by_async_httpx(fake: FakeNotify, method: str, url: str, *, transport: Any = None, **request: Any) -> Answer:
    async def ask() -> Answer:
        auth = (fake.account_sid, fake.auth_token)
        async with httpx.AsyncClient(auth=auth, verify=False, transport=transport) as client:
            response = await client.request(method, url, **request)
        return Answer(response.status_code, response.text)

    return asyncio.run(ask())


def by_aiohttp(fake: FakeNotify, method: str, url: str, *, base: str | None = None, **request: Any) -> Answer:
    async def ask() -> Answer:
        how: dict[str, Any] = {"headers": authorization(fake), "timeout": aiohttp.ClientTimeout(10), "trust_env": True}
        async with (
            aiohttp.ClientSession(base, **how) as session,
            session.request(method, url, **request) as response,
        ):
            return Answer(response.status, await response.text())

    return asyncio.run(ask())


LIBRARIES = {"requests": by_requests, "httpx": by_httpx, "httpx async": by_async_httpx, "aiohttp": by_aiohttp}
every_library = pytest.mark.parametrize("ask", LIBRARIES.values(), ids=LIBRARIES)
