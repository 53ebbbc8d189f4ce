"""Code that calls notify.twilio.com as it always does reaches the fake; all other hosts are left alone."""

from __future__ import annotations

import asyncio
import http.client
import io
import os
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, NamedTuple
from unittest import mock

import aiohttp
import httpx
import pytest
import requests
from twilio.base.exceptions import TwilioRestException
from twilio.http.async_http_client import AsyncTwilioHttpClient
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from fakenotify import FakeNotify, Fault
from fakenotify.clients.active import ACTIVE, UnexpectedTwilioCall, UninterceptedCall
from fakenotify.clients.intercept import _replacements

pytest_plugins = ["pytester"]

TWILIO = "https://notify.twilio.com"
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")
MACHINERY = (
    (requests.Session, "get_adapter"),
    (httpx.HTTPTransport, "handle_request"),
    (httpx.AsyncHTTPTransport, "handle_async_request"),
    (aiohttp.BaseConnector, "connect"),
    (socket, "getaddrinfo"),
    (socket.socket, "connect"),
)

# aiohttp deprecates the BasicAuth that the official client hands it
official = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture
def fake(open_fake: Callable[..., FakeNotify]) -> FakeNotify:
    return open_fake()


class Told(NamedTuple):
    """What a library says of an answer."""

    status: int
    json: Any


def by_requests(fake: FakeNotify, method: str, url: str, **request: Any) -> Told:
    response = requests.request(method, url, auth=(fake.account_sid, fake.auth_token), timeout=5, **request)
    return Told(response.status_code, response.json())


def by_httpx(fake: FakeNotify, method: str, url: str, **request: Any) -> Told:
    with httpx.Client(auth=(fake.account_sid, fake.auth_token), verify=False) as client:
        response = client.request(method, url, **request)
    return Told(response.status_code, response.json())


def by_async_httpx(fake: FakeNotify, method: str, url: str, **request: Any) -> Told:
    async def ask() -> Told:
        async with httpx.AsyncClient(auth=(fake.account_sid, fake.auth_token), verify=False) as client:
            response = await client.request(method, url, **request)
        return Told(response.status_code, response.json())

    return asyncio.run(ask())


def by_aiohttp(fake: FakeNotify, method: str, url: str, **request: Any) -> Told:
    authorization = requests.auth._basic_auth_str(fake.account_sid, fake.auth_token)

    async def ask() -> Told:
        async with (
            aiohttp.ClientSession(trust_env=True) as session,
            session.request(method, url, headers={"Authorization": authorization}, **request) as response,
        ):
            return Told(response.status, await response.json())

    return asyncio.run(ask())


LIBRARIES = {"requests": by_requests, "httpx": by_httpx, "httpx async": by_async_httpx, "aiohttp": by_aiohttp}
every_library = pytest.mark.parametrize("ask", LIBRARIES.values(), ids=LIBRARIES)


# the code under test


@every_library
def test_a_call_to_notify_reaches_the_fake(fake: FakeNotify, forbidden: None, ask: Callable[..., Told]) -> None:
    url = "https://notify.dublin.ie1.twilio.com/v1/Services"
    with fake.intercept():
        told = ask(fake, "POST", url, data={"FriendlyName": "shop é"})

    assert (told.status, told.json["friendly_name"]) == (201, "shop é")
    assert [each.sid for each in fake.services] == [told.json["sid"]]
    assert told.json["url"] == f"{url}/{told.json['sid']}"
    assert repr(fake) == "<FakeNotify without a socket>"


@every_library
def test_pages_name_the_host_that_was_asked_and_lead_on(
    fake: FakeNotify, forbidden: None, ask: Callable[..., Told]
) -> None:
    made = [fake.create_service(friendly_name=f"{place} é&=") for place in range(5)]
    seen, url = [], f"{TWILIO}/v1/Services?PageSize=2"
    with fake.intercept():
        while url:
            told = ask(fake, "GET", url)
            seen += [each["sid"] for each in told.json["services"]]
            assert told.json["meta"]["first_page_url"] == f"{TWILIO}/v1/Services?PageSize=2&Page=0"
            url = told.json["meta"]["next_page_url"]
            assert url is None or url.startswith(f"{TWILIO}/v1/Services?PageSize=2&Page=")

    assert seen == [each.sid for each in made]


@pytest.mark.parametrize(
    ("where", "host", "max_retries"),
    [
        ({}, "notify.twilio.com", None),
        ({"edge": "sydney"}, "notify.sydney.us1.twilio.com", None),
        ({"edge": "dublin", "region": "ie1"}, "notify.dublin.ie1.twilio.com", 2),
    ],
)
def test_the_official_client_reaches_the_fake_as_it_is(
    fake: FakeNotify, forbidden: None, where: dict[str, str], host: str, max_retries: int | None
) -> None:
    client = Client(fake.account_sid, fake.auth_token, http_client=TwilioHttpClient(max_retries=max_retries), **where)
    with fake.intercept():
        service = client.notify.v1.services.create(friendly_name="shop")
        bindings = client.notify.v1.services(service.sid).bindings
        created = [bindings.create(f"id{place}", "fcm", str(place)).sid for place in range(5)]
        listed = [each.sid for each in bindings.list(page_size=2)]
        deleted = bindings(created[0]).delete()
        with pytest.raises(TwilioRestException) as missing:
            bindings(created[0]).fetch()

    assert (listed, deleted, missing.value.code) == (created, True, 20404)
    assert service.url == f"https://{host}/v1/Services/{service.sid}"


@official
def test_the_official_async_client_reaches_the_fake_as_it_is(fake: FakeNotify, forbidden: None) -> None:
    async def walk() -> tuple[list[str], list[str]]:
        async with AsyncTwilioHttpClient() as http_client:
            client = Client(fake.account_sid, fake.auth_token, http_client=http_client)
            service = await client.notify.v1.services.create_async()
            bindings = client.notify.v1.services(service.sid).bindings
            created = [(await bindings.create_async(f"id{place}", "fcm", str(place))).sid for place in range(5)]
            listed = [each.sid for each in await bindings.list_async(page_size=2)]
            await bindings(created[0]).delete_async()
            return created, listed

    with fake.intercept():
        created, listed = asyncio.run(walk())

    assert listed == created
    assert [each.sid for each in fake.bindings] == created[1:]


@every_library
def test_proxies_of_the_environment_stand_in_nobodys_way(
    fake: FakeNotify, forbidden: None, monkeypatch: pytest.MonkeyPatch, ask: Callable[..., Told]
) -> None:
    for name in PROXIES:
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with fake.intercept():
        assert ask(fake, "GET", f"{TWILIO}/v1/Services").status == 200


@every_library
def test_an_error_answer_is_twilios(fake: FakeNotify, ask: Callable[..., Told]) -> None:
    with fake.intercept():
        told = ask(fake, "GET", f"{TWILIO}/v1/Services/IS71")
    assert (told.status, told.json["code"], told.json["message"]) == (
        404,
        20404,
        "The requested resource /Services/IS71 was not found",
    )


def test_the_fixture_does_the_same(intercept_notify: FakeNotify) -> None:
    told = by_requests(intercept_notify, "POST", f"{TWILIO}/v1/Services")
    assert [each.sid for each in intercept_notify.services] == [told.json["sid"]]


def test_the_fixture_is_strict_when_the_run_is(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest, requests
        from fakenotify.clients.active import UnexpectedTwilioCall

        def test_calls_another_product(intercept_notify):
            with pytest.raises(UnexpectedTwilioCall):
                requests.get("https://api.twilio.com/2010-04-01", timeout=5)
        """
    )
    result = pytester.runpytest_inprocess("--fake-notify-strict", "-p", "no:randomly", "-p", "no:cacheprovider")
    result.assert_outcomes(passed=1)


# bodies


@pytest.mark.parametrize(
    "body",
    [
        "FriendlyName=shop+%C3%A9",
        b"FriendlyName=shop+%C3%A9",
        bytearray(b"FriendlyName=shop+%C3%A9"),
        io.BytesIO(b"FriendlyName=shop+%C3%A9"),
        io.StringIO("FriendlyName=shop+%C3%A9"),
        iter([b"Friendly", b"Name=shop+%C3%A9"]),
        iter(["Friendly", "Name=shop+%C3%A9"]),
    ],
    ids=lambda body: type(body).__name__,
)
def test_requests_may_send_its_body_in_any_form(fake: FakeNotify, body: Any) -> None:
    with fake.intercept():
        response = requests.post(
            f"{TWILIO}/v1/Services",
            data=body,
            auth=(fake.account_sid, fake.auth_token),
            headers={"Content-Type": "application/x-www-form-urlencoded", "X-Bytes": b"\xe9"},
            timeout=5,
        )
    assert (response.status_code, response.json()["friendly_name"]) == (201, "shop é")


def test_requests_may_read_the_answer_as_a_stream(fake: FakeNotify) -> None:
    with fake.intercept(), requests.Session() as session:
        session.auth = (fake.account_sid, fake.auth_token)
        with session.post(f"{TWILIO}/v1/Services", stream=True, timeout=5) as response:
            pieces = list(response.iter_content(7))
    assert (len(pieces) > 10, b"".join(pieces)[:1], response.reason) == (True, b"{", "CREATED")
    assert response.elapsed.total_seconds() >= 0


def test_httpx_may_send_and_read_streams(fake: FakeNotify) -> None:
    def pieces() -> Iterator[bytes]:
        yield b"Friendly"
        yield b"Name=shop"

    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    with (
        fake.intercept(),
        httpx.Client(auth=(fake.account_sid, fake.auth_token)) as client,
        client.stream("POST", f"{TWILIO}/v1/Services", content=pieces(), headers=headers) as response,
    ):
        text = "".join(response.iter_text())
    assert '"friendly_name": "shop"' in text


async def async_pieces() -> AsyncIterator[bytes]:
    yield b"Friendly"
    await asyncio.sleep(0)
    yield b"Name=shop"


def test_async_httpx_may_send_a_stream(fake: FakeNotify) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    with fake.intercept():
        told = by_async_httpx(fake, "POST", f"{TWILIO}/v1/Services", content=async_pieces(), headers=headers)
    assert (told.status, told.json["friendly_name"]) == (201, "shop")


@pytest.mark.parametrize(
    "request_of",
    [
        lambda: {"data": async_pieces()},
        lambda: {"data": io.BytesIO(b"FriendlyName=shop")},
        lambda: {"data": b"FriendlyName=shop", "chunked": True},
        lambda: {"data": b"FriendlyName=shop", "expect100": True},
        lambda: {"data": b"FriendlyName=shop&x=" + b"y" * 500_000},
        lambda: {"data": aiohttp.FormData({"FriendlyName": "shop"})},
    ],
)
def test_aiohttp_may_send_its_body_in_any_form(fake: FakeNotify, request_of: Callable[[], dict[str, Any]]) -> None:
    authorization = requests.auth._basic_auth_str(fake.account_sid, fake.auth_token)
    headers = {"Authorization": authorization, "Content-Type": "application/x-www-form-urlencoded"}

    async def ask() -> tuple[int, Any]:
        timeout = aiohttp.ClientTimeout(total=5)
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.post(f"{TWILIO}/v1/Services", headers=headers, **request_of()) as response,
        ):
            return response.status, (await response.json())["friendly_name"]

    with fake.intercept():
        assert asyncio.run(ask()) == (201, "shop")


def test_aiohttp_may_ask_many_things_at_once_and_delete(fake: FakeNotify) -> None:
    async def ask() -> list[int]:
        headers = {"Authorization": requests.auth._basic_auth_str(fake.account_sid, fake.auth_token)}
        async with aiohttp.ClientSession(headers=headers) as session:

            async def once() -> int:
                async with session.post(f"{TWILIO}/v1/Services") as made:
                    url = (await made.json())["url"]
                async with session.head(url) as refused:
                    assert (refused.status, await refused.read()) == (405, b"")
                async with session.delete(url) as deleted:
                    assert await deleted.read() == b""
                    return deleted.status

            return await asyncio.gather(*(once() for _ in range(150)))

    with fake.intercept():
        assert asyncio.run(ask()) == [204] * 150
    assert (len(fake.requests), fake.services) == (450, [])


# other hosts


class Elsewhere(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(b'{"elsewhere": true}')

    def log_message(self, *arguments: Any) -> None:
        """Nothing."""


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[str]:
    """A server that is nobody's fake."""
    server = HTTPServer(("127.0.0.1", 0), Elsewhere)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


@every_library
def test_other_hosts_are_left_alone(fake: FakeNotify, elsewhere: str, ask: Callable[..., Told]) -> None:
    with fake.intercept(strict=True):
        assert ask(fake, "GET", elsewhere) == (200, {"elsewhere": True})
    assert fake.requests == []


@every_library
def test_under_strict_another_host_of_twilios_is_an_error(
    fake: FakeNotify, forbidden: None, ask: Callable[..., Told]
) -> None:
    message = "^the code under test called api.twilio.com; fakenotify fakes Notify only, and strict lets no other call"
    with fake.intercept(strict=True), pytest.raises(UnexpectedTwilioCall, match=message):
        ask(fake, "GET", "https://API.twilio.com/v1/Services")


def test_under_strict_the_official_client_of_another_product_is_an_error(fake: FakeNotify, forbidden: None) -> None:
    client = Client(fake.account_sid, fake.auth_token)
    with fake.intercept(strict=True), pytest.raises(UnexpectedTwilioCall):
        client.messages.create(to="+15005550006", from_="+15005550009", body="Hi")


@pytest.mark.parametrize(
    ("url", "ours"),
    [
        ("https://notify.twilio.com/v1", True),
        ("http://NOTIFY.Twilio.com:8080/v1", True),
        ("https://user:secret@notify.sydney.us1.twilio.com/", True),
        ("https://notify.ie1.twilio.com./v1", True),
        ("https://notify.a.b.c.twilio.com/", False),
        ("https://notify.twilio.com.example.com/", False),
        ("https://example.com/notify.twilio.com", False),
        ("https://xnotify.twilio.com/", False),
        ("https://nottwilio.com/", False),
        ("/v1/Services", False),
        ("", False),
    ],
)
def test_a_url_is_notifys_by_its_host(fake: FakeNotify, url: str, ours: bool) -> None:
    with fake.intercept():
        assert (ACTIVE.app_for(url) is fake.wsgi_app) is ours


@pytest.mark.parametrize("host", ["twilio.com", "conversations.ie1.twilio.com", "notify.a.b.c.twilio.com"])
def test_under_strict_every_other_host_below_twilio_com_is_refused(fake: FakeNotify, host: str) -> None:
    with fake.intercept(strict=True), pytest.raises(UnexpectedTwilioCall):
        ACTIVE.app_for(f"https://{host}/")


# the end of it


def originals() -> list[Any]:
    return [vars(owner).get(name) for owner, name in MACHINERY]


def test_on_exit_everything_is_as_it_was(fake: FakeNotify) -> None:
    before = originals()
    with fake.intercept():
        assert not set(originals()) & set(before)
    assert originals() == before

    with pytest.raises(KeyError), fake.intercept():
        raise KeyError
    assert originals() == before


def test_the_innermost_fake_is_the_one_that_is_called(open_fake: Callable[..., FakeNotify]) -> None:
    outer, inner = open_fake(), open_fake(seed=1)
    with outer.intercept():
        between = originals()
        with inner.intercept():
            by_httpx(inner, "POST", f"{TWILIO}/v1/Services")
            by_aiohttp(inner, "POST", f"{TWILIO}/v1/Services")
        assert originals() == between
        by_requests(outer, "POST", f"{TWILIO}/v1/Services")
    assert (len(inner.services), len(outer.services)) == (2, 1)


def test_an_inner_interception_is_strict_for_itself(fake: FakeNotify, forbidden: None) -> None:
    with fake.intercept(strict=True), fake.intercept(), pytest.raises(UnexpectedTwilioCall):
        by_requests(fake, "GET", "https://api.twilio.com/")


def test_libraries_that_are_missing_are_not_missed(fake: FakeNotify, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fakenotify.clients.intercept.find_spec", lambda name: None)
    _replacements.cache_clear()
    before = originals()[:4]
    with fake.intercept():
        assert originals()[:4] == before
    _replacements.cache_clear()


def test_interceptions_may_end_in_another_order_than_they_began(open_fake: Callable[..., FakeNotify]) -> None:
    first, second = open_fake(), open_fake(seed=1)
    before = originals()
    one, other = first.intercept(), second.intercept()

    one.__enter__()
    other.__enter__()
    by_requests(second, "POST", f"{TWILIO}/v1/Services")
    one.__exit__(None, None, None)
    by_requests(second, "POST", f"{TWILIO}/v1/Services")
    other.__exit__(None, None, None)

    assert (len(first.services), len(second.services)) == (0, 2)
    assert originals() == before


def test_a_session_made_before_is_intercepted_and_goes_free_again(fake: FakeNotify, elsewhere: str) -> None:
    session = requests.Session()
    session.auth = (fake.account_sid, fake.auth_token)
    with fake.intercept():
        assert session.post(f"{TWILIO}/v1/Services", timeout=5).status_code == 201
        adapter = session.get_adapter(f"{TWILIO}/")
    assert session.get_adapter(f"{TWILIO}/") is session.adapters["https://"]
    assert type(adapter) is not requests.adapters.HTTPAdapter
    assert len(fake.requests) == 1


def test_what_somebody_has_kept_of_an_interception_passes_calls_on(
    fake: FakeNotify, forbidden: None, elsewhere: str
) -> None:
    with fake.intercept():
        look_up, handle = socket.getaddrinfo, httpx.Client.send
    with pytest.raises(AssertionError, match="a connection was wanted"):
        look_up("notify.twilio.com", 443)
    with httpx.Client() as client, pytest.raises(AssertionError, match="a connection was wanted"):
        handle(client, client.build_request("GET", elsewhere))


def test_adapters_that_a_session_was_given_by_hand_are_passed_by(fake: FakeNotify, forbidden: None) -> None:
    class Nowhere(requests.adapters.BaseAdapter):
        def send(self, *arguments: Any, **settings: Any) -> Any:
            raise AssertionError("it was asked")

        def close(self) -> None: ...

    session = requests.Session()
    session.auth = (fake.account_sid, fake.auth_token)
    session.mount("https://", Nowhere())
    with fake.intercept():
        assert session.post(f"{TWILIO}/v1/Services").status_code == 201
        with mock.patch.object(session, "get_adapter", return_value=Nowhere()):
            assert session.post(f"{TWILIO}/v1/Services").status_code == 201
            with pytest.raises(AssertionError, match="it was asked"):
                session.get("https://example.com/")
    assert session.get_adapter("https://example.com/") is session.adapters["https://"]


def test_an_adapter_of_the_projects_own_keeps_its_behaviour(fake: FakeNotify, forbidden: None) -> None:
    class Patient(requests.adapters.HTTPAdapter):
        def send(self, request: Any, **settings: Any) -> Any:
            response = super().send(request, **settings | {"timeout": 60})
            response.headers["X-Seen-By"] = type(self).__name__
            return response

    fake.fail("services.create", Fault.latency(30), times=1)
    session = requests.Session()
    session.mount("https://", Patient())
    with fake.intercept():
        response = session.post(f"{TWILIO}/v1/Services", auth=(fake.account_sid, fake.auth_token), timeout=5)
    assert (response.status_code, response.headers["X-Seen-By"]) == (201, "Patient")


def test_a_context_gives_the_fake_and_a_decorator_lasts_for_a_call(fake: FakeNotify) -> None:
    before = originals()
    with fake.intercept() as given:
        assert given is fake

    @fake.intercept()
    def create(name: str) -> int:
        return by_requests(fake, "POST", f"{TWILIO}/v1/Services", data={"FriendlyName": name}).status

    @fake.intercept()
    async def create_later(name: str) -> int:
        async with httpx.AsyncClient(auth=(fake.account_sid, fake.auth_token)) as client:
            return (await client.post(f"{TWILIO}/v1/Services", data={"FriendlyName": name})).status_code

    assert (create.__name__, create("one"), asyncio.run(create_later("two"))) == ("create", 201, 201)
    assert [each.friendly_name for each in fake.services] == ["one", "two"]
    assert originals() == before
    with pytest.raises(TypeError, match="decorates a function"):
        fake.intercept()(FakeNotify)


# what escapes


def by_urllib(host: str) -> None:
    urllib.request.build_opener(urllib.request.ProxyHandler({})).open(f"https://{host}/v1/Services", timeout=5)


def by_http_client(host: str) -> None:
    http.client.HTTPSConnection(host, timeout=5).request("GET", "/v1/Services")


def by_raw_socket(host: str) -> None:
    with socket.socket() as raw:
        raw.connect((host, 443))


def by_lookup(host: str) -> None:
    socket.gethostbyname(host.encode())


def by_asyncio(host: str) -> None:
    asyncio.run(asyncio.wait_for(asyncio.open_connection(host, 443), 5))


def by_urllib_and_a_proxy(host: str) -> None:
    proxy = urllib.request.ProxyHandler({"https": "http://127.0.0.1:9"})
    urllib.request.build_opener(proxy).open(f"https://{host}:443/v1/Services", timeout=5)


ESCAPES = (by_urllib, by_urllib_and_a_proxy, by_http_client, by_raw_socket, by_lookup, by_asyncio)


@pytest.mark.parametrize("escape", ESCAPES)
def test_what_is_not_intercepted_is_stopped_before_it_leaves(fake: FakeNotify, escape: Callable[[str], None]) -> None:
    with fake.intercept(), pytest.raises(UninterceptedCall) as caught:
        escape("notify.twilio.com")
    assert str(caught.value) == (
        "notify.twilio.com was looked up while calls to Notify are intercepted (fixture intercept_notify, or "
        "fake.intercept()). Interception reaches requests, httpx and aiohttp in this process; this call came "
        "from something else and would have left the machine. Point it to the fake's own address "
        "(fake_notify.url), or run the whole program with: fakenotify run -- COMMAND"
    )


def test_the_guard_knows_regions_and_under_strict_other_products(fake: FakeNotify, elsewhere: str) -> None:
    with fake.intercept(strict=True):
        with pytest.raises(UninterceptedCall):
            by_urllib("notify.dublin.ie1.twilio.com")
        with pytest.raises(UnexpectedTwilioCall):
            by_urllib("api.twilio.com")
        with pytest.raises(urllib.error.URLError):  # nobody listens there
            by_urllib_and_a_proxy("example.com")
        with urllib.request.urlopen(elsewhere, timeout=5) as answer:
            assert answer.status == 200
        assert socket.getaddrinfo(None, 80)
        with socket.socket(socket.AF_UNIX) as raw, pytest.raises(FileNotFoundError):
            raw.connect("/nowhere/at/all")


def test_control_routes_are_not_within_reach(fake: FakeNotify) -> None:
    """Notify has no such path, and its host may not use the control API."""
    with fake.intercept():
        assert by_requests(fake, "GET", f"{TWILIO}/_fake/health").status == 403


def test_many_threads_may_be_intercepted_at_once(fake: FakeNotify) -> None:
    def ask() -> None:
        for _ in range(10):
            by_requests(fake, "POST", f"{TWILIO}/v1/Services")

    with fake.intercept():
        threads = [threading.Thread(target=ask, daemon=True) for _ in range(8)]
        for each in threads:
            each.start()
        for each in threads:
            each.join(30)
    assert len({each.sid for each in fake.services}) == 80


# clients that try again by themselves


def session_with(retries: Any) -> requests.Session:
    session = requests.Session()
    session.mount("https://", requests.adapters.HTTPAdapter(max_retries=retries))
    return session


def again(total: int, **settings: Any) -> Any:
    from urllib3 import Retry

    return Retry(total, status_forcelist=[503], allowed_methods=None, **settings)


@pytest.mark.parametrize(
    ("fault", "phase"),
    [
        (Fault.http(503), "before"),
        (Fault.http(503), "after"),
        (Fault.reset_connection(), "after"),
        (Fault.empty_reply(), "before"),
        (Fault.garbage(), "after"),
        (Fault.stall(), "before"),
    ],
)
def test_the_retries_of_requests_are_its_own(fake: FakeNotify, fault: Fault, phase: Any) -> None:
    """Under interception a second send is as visible as it is over a socket."""
    fake.fail("services.create", fault, times=2, phase=phase)
    with fake.intercept(), session_with(again(2)) as session:
        response = session.post(f"{TWILIO}/v1/Services", auth=(fake.account_sid, "x"), data=iter([b"a=b"]), timeout=5)
    assert (response.status_code, len(fake.requests)) == (201, 3)
    assert len(fake.services) == (1 if phase == "before" else 3)


@pytest.mark.parametrize(
    ("fault", "settings", "raised"),
    [
        (Fault.http(503), {}, requests.exceptions.RetryError),
        (Fault.reset_connection(), {}, requests.exceptions.ConnectionError),
        (Fault.stall(), {}, requests.exceptions.ConnectionError),
        (Fault.stall(), {"read": False}, requests.exceptions.ReadTimeout),
        (Fault.truncate_body(), {}, requests.exceptions.ChunkedEncodingError),
    ],
)
def test_when_the_retries_are_used_up_it_is_the_same_error_as_over_a_socket(
    fake: FakeNotify, fault: Fault, settings: dict[str, Any], raised: type[Exception]
) -> None:
    fake.fail("services.create", fault)
    asked = []
    for url in (f"{TWILIO}/v1/Services", f"{fake.url}/v1/Services"):
        session = session_with(again(1, **settings))
        session.mount("http://", session.adapters["https://"])
        with fake.intercept(), session, pytest.raises(requests.RequestException) as caught:
            session.post(url, auth=(fake.account_sid, "x"), timeout=0.2)
        assert type(caught.value) is raised
        asked.append(len(fake.requests) - sum(asked))
    assert asked[0] == asked[1]


def test_retries_may_end_in_the_answer_itself(fake: FakeNotify) -> None:
    fake.fail("services.create", status=503, retry_after=0)
    with fake.intercept(), session_with(again(1, raise_on_status=False)) as session:
        response = session.post(f"{TWILIO}/v1/Services", auth=(fake.account_sid, "x"), timeout=5)
    assert (response.status_code, len(fake.requests)) == (503, 2)


def test_the_official_clients_own_retries_try_again(fake: FakeNotify) -> None:
    fake.fail("services.find", Fault.reset_connection(), times=2)
    client = Client(fake.account_sid, "x", http_client=TwilioHttpClient(max_retries=2))
    with fake.intercept():
        assert client.notify.v1.services.list() == []
    assert len(fake.requests) == 3


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing forks here")
def test_a_forked_child_is_intercepted_although_a_thread_of_the_parent_held_the_lock(fake: FakeNotify) -> None:
    with fake.intercept():
        with ACTIVE.lock:
            child = os.fork()
            if child == 0:
                try:
                    with fake.intercept():
                        status = by_requests(fake, "POST", f"{TWILIO}/v1/Services").status
                finally:
                    os._exit(0 if status == 201 else 1)
        assert os.waitpid(child, 0)[1] == 0
    assert fake.services == []
