"""The fake as a transport of ``requests`` and ``httpx``, and behind ``aiohttp``'s protocol: no socket at all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import aiohttp
import httpx
import pytest
import requests
from http_libraries import SERVICES, TWILIO, authorization
from urllib3 import Timeout

from fakenotify import FakeNotify, Fault
from fakenotify.clients.aiohttp_connector import End

LONG = 30


@pytest.fixture
def fake(open_fake: Callable[..., FakeNotify], forbidden: None) -> FakeNotify:
    return open_fake(frozen="2027-06-01T12:00:00Z")


@pytest.fixture
def session(fake: FakeNotify) -> requests.Session:
    """A session of ``requests`` whose base is anything at all."""
    made = requests.Session()
    for base in ("http://fake.example/", f"{TWILIO}/"):
        made.mount(base, fake.requests_adapter())
    made.headers.update(authorization(fake))
    return made


def test_requests_asks_by_an_adapter(fake, session) -> None:
    hooked: list[int] = []
    session.hooks["response"].append(lambda response, **more: hooked.append(response.status_code))
    made = session.post("http://fake.example/v1/Services", data={"FriendlyName": "shop"}, timeout=(3, 5))
    body = made.json()
    listed = session.get("http://fake.example/v1/Services", params={"PageSize": 1})
    deleted = session.delete(f"{SERVICES}/{body['sid']}")

    assert (made.status_code, made.reason, made.url) == (201, "CREATED", "http://fake.example/v1/Services")
    assert body["url"] == f"http://fake.example/v1/Services/{body['sid']}"
    assert made.headers["content-type"] == "application/json; charset=utf-8"
    assert (listed.json()["services"], deleted.content, hooked) == ([body], b"", [201, 200, 204])
    assert repr(fake) == "<FakeNotify without a socket>"


def test_httpx_asks_by_a_transport(fake) -> None:
    with httpx.Client(
        transport=fake.httpx_transport(), base_url="http://fake.example", headers=authorization(fake)
    ) as client:
        made = client.post("/v1/Services", data={"FriendlyName": "shop"})
        body = made.json()
        listed = client.get("/v1/Services", params={"PageSize": 1})
        deleted = client.delete(body["url"])

    assert (made.status_code, made.reason_phrase, made.is_success) == (201, "Created", True)
    assert body["url"] == f"http://fake.example/v1/Services/{body['sid']}"
    assert (listed.json()["services"], deleted.status_code, deleted.content) == ([body], 204, b"")


def test_async_httpx_asks_by_a_transport(fake) -> None:
    async def walk() -> tuple[Any, Any, bytes]:
        transport = fake.async_httpx_transport()
        async with httpx.AsyncClient(transport=transport, base_url=TWILIO, headers=authorization(fake)) as client:
            made = (await client.post("/v1/Services", data={"FriendlyName": "shop"})).json()
            listed = (await client.get("/v1/Services")).json()["services"]
            return made, listed, (await client.delete(made["url"])).content

    made, listed, deleted = asyncio.run(walk())
    assert (made["friendly_name"], listed, deleted) == ("shop", [made], b"")


# timeouts: no time passes, and a client that would have waited too long gives up at once


def test_the_read_timeout_of_requests_is_the_one_that_counts(fake, session) -> None:
    fake.fail("services.create", Fault.latency(LONG))
    gave_up = (requests.ReadTimeout, SERVICES)
    expected: list[tuple[Any, Any]] = [
        (None, 201),
        (LONG, gave_up),
        (LONG + 1, 201),
        ((1, LONG), gave_up),
        ((LONG, None), 201),
        ((None, LONG + 1.5), 201),
        (Timeout(connect=LONG, read=LONG + 1), 201),
        (Timeout(connect=1, read=LONG), gave_up),
        (Timeout(total=LONG), gave_up),
        (Timeout(), 201),
    ]

    def outcome(timeout: Any) -> Any:
        try:
            return session.post(SERVICES, timeout=timeout).status_code
        except requests.RequestException as error:
            return type(error), error.request and error.request.url

    assert [(timeout, outcome(timeout)) for timeout, _ in expected] == expected
    assert len(fake.services) == len(expected)


@pytest.mark.parametrize("fault", [Fault.latency(LONG), Fault.slow_body(LONG)])
def test_the_read_timeout_of_httpx_is_the_one_that_counts(fake, fault) -> None:
    fake.fail("services.create", fault)
    gave_up = (httpx.ReadTimeout, SERVICES)
    expected = [(None, 201), (LONG, gave_up), (LONG + 1, 201), (httpx.Timeout(1, read=LONG + 1), 201)]

    def outcome(timeout: Any) -> Any:
        with httpx.Client(transport=fake.httpx_transport(), timeout=timeout, headers=authorization(fake)) as client:
            try:
                return client.post(SERVICES).status_code
            except httpx.RequestError as error:
                return type(error), str(error.request.url)

    assert [(timeout, outcome(timeout)) for timeout, _ in expected] == expected
    assert len(fake.services) == len(expected)


@pytest.mark.parametrize("fault", [Fault.latency(LONG), Fault.slow_body(LONG)])
def test_the_timeouts_of_aiohttp_count(fake, fault) -> None:
    fake.fail("services.create", fault)
    expected: list[tuple[Any, Any]] = [
        (aiohttp.ClientTimeout(), 201),
        (aiohttp.ClientTimeout(total=LONG), asyncio.TimeoutError),
        (aiohttp.ClientTimeout(total=LONG + 1), 201),
        (aiohttp.ClientTimeout(total=LONG + 1, sock_read=LONG), aiohttp.ServerTimeoutError),
        (aiohttp.ClientTimeout(connect=1), 201),
    ]

    async def ask(timeout: aiohttp.ClientTimeout) -> int:
        async with (
            aiohttp.ClientSession(timeout=timeout, headers=authorization(fake)) as session,
            session.post(SERVICES) as response,
        ):
            return len(await response.read()) and response.status

    def outcome(timeout: aiohttp.ClientTimeout) -> Any:
        try:
            return asyncio.run(ask(timeout))
        except asyncio.TimeoutError as error:
            return type(error)

    with fake.intercept():
        assert [(timeout, outcome(timeout)) for timeout, _ in expected] == expected
    assert len(fake.services) == len(expected)


def test_a_connection_in_memory_keeps_what_arrives_while_its_reader_pauses_and_nothing_after_its_end() -> None:
    seen: list[Any] = []

    class Reader(asyncio.Protocol):
        def data_received(self, data: bytes) -> None:
            seen.append(data)

        def connection_lost(self, error: Exception | None) -> None:
            seen.append(error)

    async def talk() -> None:
        loop = asyncio.get_running_loop()
        near, far = End(loop), End(loop)
        near.other, far.other, near.protocol, far.protocol = far, near, asyncio.Protocol(), Reader()
        far.pause_reading()
        near.write(b"kept")
        await asyncio.sleep(0)
        assert seen == []
        far.resume_reading()
        await asyncio.sleep(0)
        near.abort()
        near.write(b"too late")
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        closing = [each.is_closing() for each in (near, far)]
        assert (closing, near.get_extra_info("peername", "nobody")) == ([True, True], "nobody")

    asyncio.run(talk())
    assert seen == [b"kept", None]
