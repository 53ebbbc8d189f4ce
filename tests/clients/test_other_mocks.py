"""Tools that mock HTTP libraries stand beside interception: whoever begins or ends first, Notify is the fake's."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import httpx
import pytest
import requests
from twilio.rest import Client

from fakenotify import FakeNotify

TWILIO = "https://notify.twilio.com"
ELSEWHERE = "https://example.com/"


@pytest.fixture
def fake(open_fake: Callable[..., FakeNotify], forbidden: None) -> FakeNotify:
    return open_fake()


def by_official_client(fake: FakeNotify) -> int:
    return len(Client(fake.account_sid, fake.auth_token).notify.v1.services.create(friendly_name="x").sid)


def by_requests(fake: FakeNotify, url: str = f"{TWILIO}/v1/Services") -> int:
    return requests.post(url, auth=(fake.account_sid, fake.auth_token), timeout=5).status_code


def by_httpx(fake: FakeNotify, url: str = f"{TWILIO}/v1/Services") -> int:
    return httpx.post(url, auth=(fake.account_sid, fake.auth_token), verify=False).status_code


def by_async_httpx(fake: FakeNotify, url: str = f"{TWILIO}/v1/Services") -> int:
    async def ask() -> int:
        async with httpx.AsyncClient(auth=(fake.account_sid, fake.auth_token), verify=False) as client:
            return (await client.post(url)).status_code

    return asyncio.run(ask())


def by_aiohttp(fake: FakeNotify, url: str = f"{TWILIO}/v1/Services") -> int:
    headers = {"Authorization": requests.auth._basic_auth_str(fake.account_sid, fake.auth_token)}

    async def ask() -> int:
        base, slash, path = url.partition("/v1")
        async with aiohttp.ClientSession(base, headers=headers) as session, session.post(slash + path) as response:
            return response.status

    return asyncio.run(ask())


@contextmanager
def responses_mock(tmp_path: Path) -> Iterator[Callable[[], None]]:
    responses = pytest.importorskip("responses")
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.post(ELSEWHERE, status=202)
        yield mock


@contextmanager
def responses_passthru(tmp_path: Path) -> Iterator[None]:
    with responses_mock(tmp_path) as mock:
        mock.add_passthru(TWILIO)  # type: ignore[attr-defined]
        yield


@contextmanager
def requests_mock_mocker(tmp_path: Path) -> Iterator[None]:
    with pytest.importorskip("requests_mock").Mocker() as mock:
        mock.post(ELSEWHERE, status_code=202)
        yield


@contextmanager
def moto_aws(tmp_path: Path) -> Iterator[None]:
    boto3 = pytest.importorskip("boto3")
    with pytest.importorskip("moto").mock_aws():
        yield
        keys = {"aws_access_key_id": "x", "aws_secret_access_key": "x"}
        assert boto3.client("s3", region_name="us-east-1", **keys).list_buckets()["Buckets"] == []


@contextmanager
def respx_mock(tmp_path: Path, using: str = "httpcore") -> Iterator[None]:
    with pytest.importorskip("respx").mock(using=using, assert_all_called=False) as mock:
        mock.post(ELSEWHERE).respond(202)
        yield


def respx_for_httpx(tmp_path: Path) -> AbstractContextManager[None]:
    return respx_mock(tmp_path, "httpx")


@contextmanager
def vcr_cassette(tmp_path: Path) -> Iterator[None]:
    with pytest.importorskip("vcr").use_cassette(str(tmp_path / "cassette.yaml"), record_mode="none"):
        yield


SYNC = (by_official_client, by_requests)
HTTPX = (by_httpx, by_async_httpx)
PAIRS = [
    *((responses_mock, ask) for ask in SYNC),
    *((responses_passthru, ask) for ask in SYNC),
    *((requests_mock_mocker, ask) for ask in SYNC),
    *((respx_mock, ask) for ask in HTTPX),
    *((respx_for_httpx, ask) for ask in HTTPX),
    *((vcr_cassette, ask) for ask in (by_requests, *HTTPX, by_aiohttp)),
    *(pytest.param(moto_aws, ask, marks=pytest.mark.slow) for ask in SYNC),
]


ORDERS = (
    ("tool begins", "fake begins", "fake ends", "tool ends"),
    ("tool begins", "fake begins", "tool ends", "fake ends"),
    ("fake begins", "tool begins", "tool ends", "fake ends"),
    ("fake begins", "tool begins", "fake ends", "tool ends"),
)


@pytest.mark.parametrize(("tool", "ask"), PAIRS)
def test_a_call_to_notify_reaches_the_fake_whoever_begins_or_ends_first(
    fake: FakeNotify,
    tmp_path: Path,
    tool: Callable[[Path], AbstractContextManager[Any]],
    ask: Callable[[FakeNotify], int],
) -> None:
    for order in ORDERS:
        fake.reset()
        mock, intercept = tool(tmp_path), fake.intercept()
        steps = {
            "tool begins": mock.__enter__,
            "fake begins": intercept.__enter__,
            "tool ends": partial(mock.__exit__, None, None, None),
            "fake ends": partial(intercept.__exit__, None, None, None),
        }
        intercepted, asked = False, 0
        for step in order:
            steps[step]()
            intercepted = step == "fake begins" or (intercepted and step != "fake ends")
            if intercepted:
                ask(fake)
                asked += 1
        assert len(fake.services) == asked > 0, order

        with pytest.raises((AssertionError, OSError, httpx.HTTPError)):  # nobody answers, and nothing may leave
            ask(fake)
        assert len(fake.services) == asked, order


@pytest.mark.parametrize(
    ("tool", "ask"), [(responses_mock, by_requests), (requests_mock_mocker, by_requests), (respx_mock, by_httpx)]
)
def test_what_a_tool_mocks_elsewhere_stays_mocked(
    fake: FakeNotify, tmp_path: Path, tool: Callable[[Path], AbstractContextManager[Any]], ask: Callable[..., int]
) -> None:
    with fake.intercept(), tool(tmp_path), fake.intercept():
        assert (ask(fake, ELSEWHERE), ask(fake)) == (202, 201)
    with tool(tmp_path), fake.intercept():
        assert (ask(fake, ELSEWHERE), ask(fake)) == (202, 201)


def test_a_session_that_requests_mock_has_touched_goes_free_again(fake: FakeNotify) -> None:
    requests_mock = pytest.importorskip("requests_mock")
    session = requests.Session()
    session.auth = (fake.account_sid, fake.auth_token)
    with fake.intercept(), requests_mock.Mocker() as mock:
        mock.post(ELSEWHERE, status_code=202)
        assert session.post(ELSEWHERE).status_code == 202
        assert session.post(f"{TWILIO}/v1/Services").status_code == 201
    assert session.get_adapter(TWILIO) is session.adapters["https://"]


@pytest.mark.parametrize("order", ["httpx_mock, intercept_notify", "intercept_notify, httpx_mock"])
def test_pytest_httpx_may_come_before_or_after(pytester: pytest.Pytester, order: str) -> None:
    pytest.importorskip("pytest_httpx")
    pytester.makepyfile(
        f"""
        import asyncio, httpx

        def test_both({order}):
            httpx_mock.add_response(url="https://example.com/", status_code=202)
            auth = (intercept_notify.account_sid, "x")

            async def ask():
                async with httpx.AsyncClient(auth=auth) as client:
                    return (await client.post("https://notify.twilio.com/v1/Services")).status_code

            assert httpx.post("https://notify.twilio.com/v1/Services", auth=auth).status_code == 201
            assert asyncio.run(ask()) == 201
            assert httpx.get("https://example.com/").status_code == 202
            assert len(intercept_notify.services) == 2
        """
    )
    pytester.runpytest_inprocess("-p", "no:randomly", "-p", "no:cacheprovider").assert_outcomes(passed=1)
