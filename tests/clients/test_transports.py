"""The fake as a transport of ``requests`` and ``httpx``, and behind ``aiohttp``'s protocol: no socket at all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest
import requests
from aiohttp import ClientTimeout, ServerTimeoutError
from http_libraries import SERVICES, by_aiohttp, by_async_httpx, by_httpx, by_requests
from urllib3 import Timeout

from fakenotify import FakeNotify, Fault
from fakenotify.clients.aiohttp_connector import End

LONG = 30


@pytest.fixture
def fake(open_fake: Callable[..., FakeNotify], forbidden: None) -> FakeNotify:
    return open_fake(frozen="2027-06-01T12:00:00Z")


@pytest.mark.parametrize(
    ("ask", "make"),
    [
        (by_requests, FakeNotify.requests_adapter),
        (by_httpx, FakeNotify.httpx_transport),
        (by_async_httpx, FakeNotify.async_httpx_transport),
    ],
)
def test_a_transport_reaches_the_fake_whatever_the_host(fake, ask, make) -> None:
    services = "http://fake.example/v1/Services"
    transport = make(fake)
    made = ask(fake, "POST", services, transport=transport, data={"FriendlyName": "shop"})
    listed = ask(fake, "GET", services, transport=transport, params={"PageSize": 1})
    deleted = ask(fake, "DELETE", made.json["url"], transport=transport)

    assert (made.status, made.json["friendly_name"]) == (201, "shop")
    assert made.json["url"] == f"{services}/{made.json['sid']}"
    assert (listed.json["services"], deleted) == ([made.json], (204, ""))
    assert repr(fake) == "<FakeNotify without a socket>"


def test_an_answer_of_requests_has_everything_that_it_has_over_a_socket(fake) -> None:
    with requests.Session() as session:
        session.mount("http://", fake.requests_adapter())
        session.hooks["response"].append(lambda response, **more: response.headers.update(hooked="yes"))
        answer = session.get("http://fake.example/v1/Services")
    assert (answer.status_code, answer.reason, answer.url) == (401, "UNAUTHORIZED", "http://fake.example/v1/Services")
    assert (answer.headers["content-type"], answer.headers["hooked"]) == ("application/json; charset=utf-8", "yes")


def test_an_answer_of_httpx_has_everything_that_it_has_over_a_socket(fake) -> None:
    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=fake.async_httpx_transport()) as client:
            return await client.get("http://fake.example/v1/Services")

    with httpx.Client(transport=fake.httpx_transport()) as client:
        answers = [client.get("http://fake.example/v1/Services"), asyncio.run(ask())]
    for answer in answers:
        assert (answer.status_code, answer.reason_phrase, answer.http_version) == (401, "UNAUTHORIZED", "HTTP/1.1")
        assert answer.num_bytes_downloaded == len(answer.content)
        assert answer.elapsed.total_seconds() > 0


# timeouts: no time passes, and a client that would have waited too long gives up at once

OF_REQUESTS: list[tuple[Any, Any]] = [
    (None, 201),
    (LONG, requests.ReadTimeout),
    (LONG + 1, 201),
    ((1, LONG), requests.ReadTimeout),
    ((LONG, None), 201),
    ((None, LONG + 1.5), 201),
    (Timeout(connect=LONG, read=LONG + 1), 201),
    (Timeout(connect=1, read=LONG), requests.ReadTimeout),
    (Timeout(total=LONG), requests.ReadTimeout),
    (Timeout(), 201),
]
OF_HTTPX: list[tuple[Any, Any]] = [
    (None, 201),
    (LONG, httpx.ReadTimeout),
    (LONG + 1, 201),
    (httpx.Timeout(1, read=LONG + 1), 201),
]
OF_AIOHTTP: list[tuple[Any, Any]] = [
    (ClientTimeout(), 201),
    (ClientTimeout(total=LONG), asyncio.TimeoutError),
    (ClientTimeout(total=LONG + 1), 201),
    (ClientTimeout(total=LONG + 1, sock_read=LONG), ServerTimeoutError),
    (ClientTimeout(connect=1), 201),
]


LATENCY, SLOW = Fault.latency(LONG), Fault.slow_body(LONG)
ASKED = [(by_httpx, OF_HTTPX), (by_async_httpx, OF_HTTPX), (by_aiohttp, OF_AIOHTTP)]


@pytest.mark.parametrize(
    ("ask", "expected", "fault"),
    [(by_requests, OF_REQUESTS, LATENCY), *((*asked, fault) for asked in ASKED for fault in (LATENCY, SLOW))],
)
def test_the_read_timeout_of_a_library_is_the_one_that_counts(fake, ask, expected, fault) -> None:
    fake.fail("services.create", fault)
    given_up = set()

    def outcome(timeout: Any) -> Any:
        try:
            return ask(fake, "POST", SERVICES, timeout=timeout).status
        except (requests.RequestException, httpx.RequestError) as error:
            given_up.add(str(error.request.url))
            return type(error)
        except asyncio.TimeoutError as error:
            return type(error)

    with fake.intercept():
        assert [(timeout, outcome(timeout)) for timeout, _ in expected] == expected
    assert (len(fake.services), given_up) == (len(expected), set() if ask is by_aiohttp else {SERVICES})


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
