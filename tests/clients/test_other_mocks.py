"""Tools that mock HTTP libraries stand beside interception: whoever begins or ends first, Notify is the fake's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial, wraps
from typing import Any

import httpx
import pytest
import requests
from http_libraries import SERVICES, TWILIO, authorization, by_aiohttp, by_async_httpx, by_httpx, by_requests
from twilio.rest import Client

from fakenotify import FakeNotify

pytest_plugins = ["pytester"]

ELSEWHERE = "https://example.com/"


@pytest.fixture
def fake(open_fake: Callable[..., FakeNotify], forbidden: None) -> FakeNotify:
    return open_fake()


def by_official_client(fake: FakeNotify, method: str, url: str) -> None:
    Client(fake.account_sid, fake.auth_token).notify.v1.services.create(friendly_name="x")


def by_aiohttp_with_a_base(fake: FakeNotify, method: str, url: str) -> None:
    by_aiohttp(fake, method, url.removeprefix(TWILIO), base=TWILIO)


# the tools


@contextmanager
def of(module: str, name: str, prepare: Callable[[Any], object] = lambda mock: None, **settings: Any) -> Iterator[None]:
    with getattr(pytest.importorskip(module), name)(**settings) as mock:
        prepare(mock)
        yield


@contextmanager
def moto_aws() -> Iterator[None]:
    boto3 = pytest.importorskip("boto3")
    with pytest.importorskip("moto").mock_aws():
        yield
        keys = {"aws_access_key_id": "x", "aws_secret_access_key": "x"}
        assert boto3.client("s3", region_name="us-east-1", **keys).list_buckets()["Buckets"] == []


responses = partial(of, "responses", "RequestsMock", assert_all_requests_are_fired=False)
responses_mock = partial(responses, prepare=lambda mock: mock.post(ELSEWHERE, status=202))
responses_passthru = partial(responses, prepare=lambda mock: mock.add_passthru(TWILIO))
requests_mock = partial(of, "requests_mock", "Mocker", prepare=lambda mock: mock.post(ELSEWHERE, status_code=202))
respx = partial(of, "respx", "mock", lambda mock: mock.post(ELSEWHERE).respond(202), assert_all_called=False)
respx_of_httpcore, respx_of_httpx = (partial(respx, using=using) for using in ("httpcore", "httpx"))
vcr = partial(of, "vcr", "use_cassette", path="/nowhere/cassette.yaml", record_mode="none")
HTTPX = (by_httpx, by_async_httpx)
PAIRS = [
    (responses_mock, by_official_client),
    (responses_mock, by_requests),
    (responses_passthru, by_requests),
    (requests_mock, by_official_client),
    (requests_mock, by_requests),
    *((tool, ask) for tool in (respx_of_httpcore, respx_of_httpx) for ask in HTTPX),
    *((vcr, ask) for ask in (by_requests, *HTTPX, by_aiohttp, by_aiohttp_with_a_base)),
    pytest.param(moto_aws, by_requests, marks=pytest.mark.slow),
]
ORDERS = (
    ("tool begins", "fake begins", "fake ends", "tool ends"),
    ("tool begins", "fake begins", "tool ends", "fake ends"),
    ("fake begins", "tool begins", "tool ends", "fake ends"),
    ("fake begins", "tool begins", "fake ends", "tool ends"),
)


@pytest.mark.parametrize(("tool", "ask"), PAIRS)
def test_a_call_to_notify_reaches_the_fake_whoever_begins_or_ends_first(fake, tool, ask) -> None:
    for order in ORDERS:
        fake.reset()
        with ExitStack() as tools, ExitStack() as fakes:  # a failure ends both, or later tests would meet the tool
            steps: dict[str, Callable[[], Any]] = {
                "tool begins": partial(tools.enter_context, tool()),
                "fake begins": partial(fakes.enter_context, fake.intercept()),
                "tool ends": tools.close,
                "fake ends": fakes.close,
            }
            intercepted, asked = False, 0
            for step in order:
                steps[step]()
                intercepted = step == "fake begins" or (intercepted and step != "fake ends")
                if intercepted:
                    ask(fake, "POST", SERVICES)
                    asked += 1
            assert len(fake.services) == asked > 0, order

        with pytest.raises((AssertionError, OSError, httpx.HTTPError)):  # nobody answers, and nothing may leave
            ask(fake, "POST", SERVICES)
        assert len(fake.services) == asked, order


@pytest.mark.parametrize(
    ("tool", "ask"), [(responses_mock, by_requests), (requests_mock, by_requests), (respx_of_httpcore, by_httpx)]
)
def test_what_a_tool_mocks_elsewhere_stays_mocked(fake, tool, ask) -> None:
    def statuses() -> list[int]:
        return [ask(fake, "POST", url).status for url in (ELSEWHERE, SERVICES)]

    with fake.intercept(), tool(), fake.intercept():
        assert statuses() == [202, 201]
    with tool(), fake.intercept():
        assert statuses() == [202, 201]


def test_a_tool_that_copies_the_attributes_of_what_it_wraps_is_seen_through(fake, monkeypatch) -> None:
    with fake.intercept():

        @wraps(httpx.HTTPTransport.handle_request)
        def of_the_tool(*_: Any) -> Any:
            raise AssertionError("the tool was asked")

        monkeypatch.setattr(httpx.HTTPTransport, "handle_request", of_the_tool)
        assert by_httpx(fake, "POST", SERVICES).status == 201


def test_a_session_that_requests_mock_has_patched_is_restored(fake) -> None:
    session = requests.Session()
    session.headers.update(authorization(fake))
    with fake.intercept(), requests_mock():
        assert [session.post(url).status_code for url in (ELSEWHERE, SERVICES)] == [202, 201]
    assert session.get_adapter(TWILIO) is session.adapters["https://"]


@pytest.mark.parametrize("order", ["httpx_mock, intercept_notify", "intercept_notify, httpx_mock"])
def test_pytest_httpx_may_come_before_or_after(pytester, order) -> None:
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
