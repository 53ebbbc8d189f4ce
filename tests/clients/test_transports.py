"""The fake as a transport of ``requests`` and ``httpx``, and behind ``aiohttp``'s protocol: no socket at all."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Any

import aiohttp
import httpx
import pytest
import requests
from urllib3 import Timeout

from fakenotify import FakeNotify, Fault
from fakenotify.clients.aiohttp_connector import End

TWILIO = "https://notify.twilio.com"
LONG = 30


@pytest.fixture
def fake(open_fake: Callable[..., FakeNotify], monkeypatch: pytest.MonkeyPatch) -> FakeNotify:
    """A fake in a process that may not open a socket."""

    def refuse(*arguments: Any, **more: Any) -> Any:
        raise AssertionError("a connection was wanted")

    for owner, name in (
        (socket.socket, "connect"),
        (socket.socket, "bind"),
        (socket, "create_connection"),
        (socket, "getaddrinfo"),
    ):
        monkeypatch.setattr(owner, name, refuse)
    return open_fake(frozen="2027-06-01T12:00:00Z")


@pytest.fixture
def session(fake: FakeNotify) -> requests.Session:
    """A session of ``requests`` whose base is anything at all."""
    made = requests.Session()
    made.mount("http://fake.example/", fake.requests_adapter())
    made.mount(f"{TWILIO}/", fake.requests_adapter())
    made.auth = (fake.account_sid, fake.auth_token)
    return made


def test_requests_asks_by_an_adapter(fake: FakeNotify, session: requests.Session) -> None:
    made = session.post("http://fake.example/v1/Services", data={"FriendlyName": "shop"}, timeout=(3, 5))
    told = made.json()
    listed = session.get("http://fake.example/v1/Services", params={"PageSize": 1})
    fetched = session.get(told["url"])
    deleted = session.delete(f"{TWILIO}/v1/Services/{told['sid']}")

    assert (made.status_code, made.reason, made.url) == (201, "CREATED", "http://fake.example/v1/Services")
    assert told["url"] == f"http://fake.example/v1/Services/{told['sid']}"
    assert made.headers["content-type"] == "application/json; charset=utf-8"
    assert (listed.json()["services"], fetched.json()) == ([told], told)
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert repr(fake) == "<FakeNotify without a socket>"


def test_httpx_asks_by_a_transport(fake: FakeNotify) -> None:
    with httpx.Client(
        transport=fake.httpx_transport(), base_url="http://fake.example", auth=(fake.account_sid, fake.auth_token)
    ) as client:
        made = client.post("/v1/Services", data={"FriendlyName": "shop"})
        told = made.json()
        listed = client.get("/v1/Services", params={"PageSize": 1})
        deleted = client.delete(told["url"])

    assert (made.status_code, made.reason_phrase, made.is_success) == (201, "Created", True)
    assert told["url"] == f"http://fake.example/v1/Services/{told['sid']}"
    assert (listed.json()["services"], deleted.status_code, deleted.content) == ([told], 204, b"")


def test_async_httpx_asks_by_a_transport(fake: FakeNotify) -> None:
    async def walk() -> tuple[Any, Any, bytes]:
        async with httpx.AsyncClient(
            transport=fake.async_httpx_transport(), base_url=TWILIO, auth=(fake.account_sid, fake.auth_token)
        ) as client:
            made = (await client.post("/v1/Services", data={"FriendlyName": "shop"})).json()
            listed = (await client.get("/v1/Services")).json()["services"]
            return made, listed, (await client.delete(made["url"])).content

    made, listed, deleted = asyncio.run(walk())
    assert (made["friendly_name"], listed, deleted) == ("shop", [made], b"")


def test_redirects_cookies_and_hooks_are_the_librarys_own(fake: FakeNotify, session: requests.Session) -> None:
    seen: list[int] = []
    session.hooks["response"].append(lambda response, **more: seen.append(response.status_code))
    response = session.get("http://fake.example/v1/Services")
    assert (seen, response.history, response.ok, dict(response.cookies)) == ([200], [], True, {})


@pytest.mark.parametrize(
    ("timeout", "gives_up"),
    [
        (None, False),
        (LONG, True),
        (LONG + 1, False),
        ((1, LONG), True),
        ((LONG, None), False),
        ((None, LONG + 1.5), False),
        (Timeout(connect=LONG, read=LONG + 1), False),
        (Timeout(connect=1, read=LONG), True),
        (Timeout(total=LONG), True),
        (Timeout(), False),
    ],
)
def test_the_read_timeout_of_requests_is_the_one_that_counts(
    fake: FakeNotify, session: requests.Session, timeout: Any, gives_up: bool
) -> None:
    fake.fail("services.create", Fault.latency(LONG), times=1)
    if gives_up:
        with pytest.raises(requests.ReadTimeout) as caught:
            session.post(f"{TWILIO}/v1/Services", timeout=timeout)
        assert caught.value.request.url == f"{TWILIO}/v1/Services"
    else:
        assert session.post(f"{TWILIO}/v1/Services", timeout=timeout).status_code == 201
    assert len(fake.services) == 1


@pytest.mark.parametrize(
    ("timeout", "gives_up"),
    [(None, False), (LONG, True), (LONG + 1, False), (httpx.Timeout(1, read=LONG + 1), False)],
)
@pytest.mark.parametrize("fault", [Fault.latency(LONG), Fault.slow_body(LONG)])
def test_the_read_timeout_of_httpx_is_the_one_that_counts(
    fake: FakeNotify, timeout: Any, gives_up: bool, fault: Fault
) -> None:
    fake.fail("services.create", fault, times=1)
    auth = (fake.account_sid, fake.auth_token)
    with httpx.Client(transport=fake.httpx_transport(), timeout=timeout, auth=auth) as client:
        if gives_up:
            with pytest.raises(httpx.ReadTimeout) as caught:
                client.post(f"{TWILIO}/v1/Services")
            assert caught.value.request.url == f"{TWILIO}/v1/Services"
        else:
            assert client.post(f"{TWILIO}/v1/Services").status_code == 201
    assert len(fake.services) == 1


@pytest.mark.parametrize(
    ("timeout", "gives_up"),
    [
        (aiohttp.ClientTimeout(), False),
        (aiohttp.ClientTimeout(total=LONG), True),
        (aiohttp.ClientTimeout(total=LONG + 1), False),
        (aiohttp.ClientTimeout(total=LONG + 1, sock_read=LONG), True),
        (aiohttp.ClientTimeout(connect=1), False),
    ],
)
@pytest.mark.parametrize("fault", [Fault.latency(LONG), Fault.slow_body(LONG)])
def test_the_timeouts_of_aiohttp_count(
    fake: FakeNotify, timeout: aiohttp.ClientTimeout, gives_up: bool, fault: Fault
) -> None:
    fake.fail("services.create", fault, times=1)
    headers = {"Authorization": requests.auth._basic_auth_str(fake.account_sid, fake.auth_token)}

    async def ask() -> int:
        async with (
            aiohttp.ClientSession(timeout=timeout, headers=headers) as session,
            session.post(f"{TWILIO}/v1/Services") as response,
        ):
            return len(await response.read()) and response.status

    with fake.intercept():
        if gives_up:
            with pytest.raises(asyncio.TimeoutError) as caught:
                asyncio.run(ask())
            assert isinstance(caught.value, aiohttp.ServerTimeoutError) is (timeout.sock_read is not None)
        else:
            assert asyncio.run(ask()) == 201
    assert len(fake.services) == 1


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
        assert (near.is_closing(), far.is_closing(), near.get_extra_info("peername", "nobody")) == (
            True,
            True,
            "nobody",
        )

    asyncio.run(talk())
    assert seen == [b"kept", None]
