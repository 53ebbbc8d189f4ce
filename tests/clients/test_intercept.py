"""Code that calls notify.twilio.com as it always does reaches the fake; all other hosts are left alone."""

from __future__ import annotations

import asyncio
import http.client
import io
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any
from unittest import mock

import aiohttp
import httpx
import pytest
import requests
from answers import not_found
from http_libraries import (
    FORM,
    SERVICES,
    TWILIO,
    Answer,
    authorization,
    by_aiohttp,
    by_async_httpx,
    by_httpx,
    by_requests,
    every_library,
)
from raw_http import echo, echoed
from requests.adapters import BaseAdapter, HTTPAdapter
from twilio.http.async_http_client import AsyncTwilioHttpClient
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client
from urllib3 import Retry

from fakenotify import FakeNotify, Fault
from fakenotify.clients.active import ACTIVE, UnexpectedTwilioCall, UninterceptedCall
from fakenotify.clients.intercept import _replacements
from fakenotify.server.server import Server

pytest_plugins = ["pytester"]

PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")
MACHINERY = (
    (requests.Session, "get_adapter"),
    (httpx.HTTPTransport, "handle_request"),
    (httpx.AsyncHTTPTransport, "handle_async_request"),
    (aiohttp.BaseConnector, "connect"),
    (socket, "getaddrinfo"),
    (socket.socket, "connect"),
)


@pytest.fixture
def fake(open_fake: Callable[..., FakeNotify]) -> FakeNotify:
    return open_fake()


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[str]:
    """A server that is nobody's fake."""
    server = Server(echo)
    server.start()
    yield f"http://127.0.0.1:{server.port}/"
    server.stop()


# the code under test


@every_library
def test_a_program_reaches_the_fake_as_it_is(fake, forbidden, monkeypatch, ask) -> None:
    """No proxy of the environment is in its way, no socket is opened, and pages lead to the host that was asked."""
    for name in PROXIES:
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    services = "https://notify.dublin.ie1.twilio.com/v1/Services"
    listed, url = [], f"{services}?PageSize=2"
    with fake.intercept():
        made = [ask(fake, "POST", services, data={"FriendlyName": f"{place} é&="}) for place in range(5)]
        while url:
            page = ask(fake, "GET", url).json
            listed += page["services"]
            assert page["meta"]["first_page_url"] == f"{services}?PageSize=2&Page=0"
            url = page["meta"]["next_page_url"]
        missing = ask(fake, "GET", f"{services}/IS71")

    assert [each.status for each in made] == [201] * 5
    assert listed == [each.json for each in made]
    assert [each["friendly_name"] for each in listed] == [f"{place} é&=" for place in range(5)]
    assert (missing.status, missing.json["code"], missing.json["message"]) == not_found("/Services/IS71")
    assert repr(fake) == "<FakeNotify without a socket>"


def test_the_official_client_reaches_the_fake_as_it_is(fake, forbidden) -> None:
    """With an edge and a region, and its own retries."""
    fake.fail("bindings.find", Fault.reset_connection(), times=2)
    http_client = TwilioHttpClient(max_retries=2)
    client = Client(fake.account_sid, fake.auth_token, http_client=http_client, edge="dublin", region="ie1")
    with fake.intercept():
        service = client.notify.v1.services.create(friendly_name="shop")
        bindings = client.notify.v1.services(service.sid).bindings
        created = [bindings.create(f"id{place}", "fcm", str(place)).sid for place in range(5)]
        listed = [each.sid for each in bindings.list(page_size=2)]

    assert (listed, len(fake.requests)) == (created, 11)
    assert service.url == f"https://notify.dublin.ie1.twilio.com/v1/Services/{service.sid}"


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # aiohttp deprecates the BasicAuth that twilio uses
def test_the_official_async_client_reaches_the_fake_as_it_is(fake, forbidden) -> None:
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


def test_the_fixture_is_strict_when_the_run_is(pytester) -> None:
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


def test_control_routes_are_not_within_reach(fake) -> None:
    """Notify has no such path, and its host may not use the control API."""
    with fake.intercept():
        assert by_requests(fake, "GET", f"{TWILIO}/_fake/health").status == 403


# bodies


async def pieces() -> AsyncIterator[bytes]:
    yield b"Friendly"
    await asyncio.sleep(0)
    yield b"Name=shop"


TEXT = "FriendlyName=shop"
BODIES: list[tuple[Callable[..., Answer], dict[str, Any]]] = [
    (by_requests, {"data": TEXT}),
    (by_requests, {"data": TEXT.encode()}),
    (by_requests, {"data": bytearray(TEXT.encode())}),
    (by_requests, {"data": io.BytesIO(TEXT.encode())}),
    (by_requests, {"data": io.StringIO(TEXT)}),
    (by_requests, {"data": iter([b"Friendly", b"Name=shop"])}),
    (by_requests, {"data": iter(["Friendly", "Name=shop"])}),
    (by_requests, {"data": TEXT, "headers": FORM | {"X-Bytes": b"\xe9"}}),
    (by_httpx, {"content": iter([b"Friendly", b"Name=shop"])}),
    (by_async_httpx, {"content": pieces()}),
    (by_aiohttp, {"data": pieces()}),
    (by_aiohttp, {"data": io.BytesIO(TEXT.encode())}),
    (by_aiohttp, {"data": TEXT.encode(), "chunked": True}),
    (by_aiohttp, {"data": TEXT.encode(), "expect100": True}),
    (by_aiohttp, {"data": f"{TEXT}&x={'y' * 500_000}".encode()}),
    (by_aiohttp, {"data": aiohttp.FormData({"FriendlyName": "shop"})}),
]


def test_a_library_may_send_its_body_in_any_form(fake) -> None:
    with fake.intercept():
        answers = [ask(fake, "POST", SERVICES, **{"headers": FORM} | body) for ask, body in BODIES]
    assert [each.json["friendly_name"] for each in answers] == ["shop"] * len(BODIES)


def test_requests_may_read_the_answer_as_a_stream(fake) -> None:
    with fake.intercept(), requests.post(SERVICES, headers=authorization(fake), stream=True, timeout=5) as response:
        pieces = list(response.iter_content(7))
    assert (len(pieces) > 10, b"".join(pieces)[:1], response.reason) == (True, b"{", "CREATED")


def test_aiohttp_reads_answers_without_a_body(fake) -> None:
    with fake.intercept():
        url = by_aiohttp(fake, "POST", SERVICES).json["url"]
        assert (by_aiohttp(fake, "HEAD", url), by_aiohttp(fake, "DELETE", url)) == (Answer(405, ""), Answer(204, ""))
    assert fake.services == []


# other hosts


@every_library
def test_other_hosts_are_left_alone_but_under_strict_twilios_are_an_error(fake, elsewhere, ask) -> None:
    message = "^the code under test called api.twilio.com; fakenotify fakes Notify only, and strict lets no other call"
    with fake.intercept(strict=True):
        assert ask(fake, "GET", elsewhere).json == echoed("", "GET", "/")
        with fake.intercept(), pytest.raises(UnexpectedTwilioCall, match=message):
            ask(fake, "GET", "https://API.twilio.com/v1/Services")
    assert fake.requests == []


def test_the_host_of_a_url_decides_whether_it_is_notifys(fake) -> None:
    ours = [
        "https://notify.twilio.com/v1",
        "http://NOTIFY.Twilio.com:8080/v1",
        "https://user:secret@notify.sydney.us1.twilio.com/",
        "https://notify.ie1.twilio.com./v1",
    ]
    others = [
        "https://notify.twilio.com.example.com/",
        "https://example.com/notify.twilio.com",
        "https://nottwilio.com/",
        "/v1/Services",
        "",
    ]
    twilios = ["https://twilio.com/", "https://conversations.ie1.twilio.com/", "https://notify.a.b.c.twilio.com/"]
    with fake.intercept():
        assert [url for url in ours + others + twilios if ACTIVE.app_for(url) is fake.wsgi_app] == ours
    with fake.intercept(strict=True):
        assert [url for url in ours + others if ACTIVE.app_for(url) is fake.wsgi_app] == ours
        for url in twilios:
            with pytest.raises(UnexpectedTwilioCall):
                ACTIVE.app_for(url)


# the end of it


def originals() -> list[Any]:
    return [vars(owner).get(name) for owner, name in MACHINERY]


def test_at_the_end_everything_is_as_it_was(fake) -> None:
    before = originals()
    with fake.intercept() as given:
        assert (given, set(originals()) & set(before)) == (fake, set())
    assert originals() == before
    with pytest.raises(KeyError), fake.intercept():
        raise KeyError
    assert originals() == before


def test_the_fake_that_began_last_is_called_whichever_ends_first(open_fake) -> None:
    outer, inner = open_fake(), open_fake(seed=1)
    before, first, second = originals(), outer.intercept(), inner.intercept()
    first.__enter__()
    between = originals()
    with inner.intercept():
        by_httpx(inner, "POST", SERVICES)
        by_aiohttp(inner, "POST", SERVICES)
    assert originals() == between
    by_requests(outer, "POST", SERVICES)
    second.__enter__()
    first.__exit__(None, None, None)
    by_requests(inner, "POST", SERVICES)
    second.__exit__(None, None, None)
    assert (len(inner.services), len(outer.services)) == (3, 1)
    assert originals() == before


def test_libraries_that_are_not_installed_are_not_needed(fake, monkeypatch) -> None:
    monkeypatch.setattr("fakenotify.clients.intercept.find_spec", lambda name: None)
    _replacements.cache_clear()
    before = originals()[:4]
    with fake.intercept():
        assert originals()[:4] == before
    _replacements.cache_clear()


def test_what_a_program_has_kept_of_an_interception_passes_calls_on(fake, forbidden, elsewhere) -> None:
    with fake.intercept():
        look_up, handle = socket.getaddrinfo, httpx.Client.send
    with pytest.raises(AssertionError, match="a connection was wanted"):
        look_up("notify.twilio.com", 443)
    with httpx.Client() as client, pytest.raises(AssertionError, match="a connection was wanted"):
        handle(client, client.build_request("GET", elsewhere))


def test_adapters_that_were_mounted_by_hand_are_bypassed(fake, forbidden) -> None:
    class Nowhere(BaseAdapter):
        def send(self, *arguments: Any, **settings: Any) -> Any:
            raise AssertionError("it was asked")

        def close(self) -> None: ...

    session = requests.Session()
    session.headers.update(authorization(fake))
    session.mount("https://", Nowhere())
    with fake.intercept():
        assert session.post(SERVICES).status_code == 201
        with mock.patch.object(session, "get_adapter", return_value=Nowhere()):
            assert session.post(SERVICES).status_code == 201
            with pytest.raises(AssertionError, match="it was asked"):
                session.get("https://example.com/")
    assert session.get_adapter(SERVICES) is session.adapters["https://"]


def test_a_projects_own_adapter_keeps_its_behaviour(fake, forbidden) -> None:
    class Patient(HTTPAdapter):
        def send(self, request: Any, **settings: Any) -> Any:
            response = super().send(request, **settings | {"timeout": 60})
            response.headers["X-Seen-By"] = type(self).__name__
            return response

    fake.fail("services.create", Fault.latency(30), times=1)
    session = requests.Session()
    session.mount("https://", Patient())
    with fake.intercept():
        response = session.post(SERVICES, headers=authorization(fake), timeout=5)
    assert (response.status_code, response.headers["X-Seen-By"]) == (201, "Patient")


def test_the_decorator_intercepts_while_the_function_runs(fake) -> None:
    before = originals()

    @fake.intercept()
    def create(name: str) -> int:
        return by_requests(fake, "POST", SERVICES, data={"FriendlyName": name}).status

    @fake.intercept()
    async def create_later(name: str) -> int:
        async with httpx.AsyncClient(headers=authorization(fake)) as client:
            return (await client.post(SERVICES, data={"FriendlyName": name})).status_code

    assert (create.__name__, create("one"), asyncio.run(create_later("two"))) == ("create", 201, 201)
    assert [each.friendly_name for each in fake.services] == ["one", "two"]
    assert originals() == before
    with pytest.raises(TypeError, match="decorates a function"):
        fake.intercept()(FakeNotify)


@every_library
def test_a_head_is_answered_as_over_a_socket(fake, ask) -> None:
    over_a_socket = ask(fake, "HEAD", f"{fake.url}/v1/Services")
    with fake.intercept():
        assert ask(fake, "HEAD", SERVICES) == over_a_socket == (405, "")


# what escapes


def by_urllib(host: str, proxy: str | None = None) -> None:
    handler = urllib.request.ProxyHandler({"https": proxy} if proxy else {})
    urllib.request.build_opener(handler).open(f"https://{host}/v1/Services", timeout=5)


def by_raw_socket(host: str, connect: str = "connect") -> None:
    with socket.socket() as raw:
        getattr(raw, connect)((host, 443))


ESCAPES: dict[str, Callable[[str], Any]] = {
    "urllib": by_urllib,
    "urllib and a proxy": lambda host: by_urllib(f"{host}:443", "http://127.0.0.1:9"),
    "http.client": lambda host: http.client.HTTPSConnection(host, timeout=5).request("GET", "/v1/Services"),
    "connect": by_raw_socket,
    "connect_ex": lambda host: by_raw_socket(host, "connect_ex"),
    "gethostbyname": lambda host: socket.gethostbyname(host.encode()),
    "gethostbyname_ex": lambda host: socket.gethostbyname_ex(host),
    "asyncio": lambda host: asyncio.run(asyncio.wait_for(asyncio.open_connection(host, 443), 5)),
}


@pytest.mark.parametrize("escape", ESCAPES.values(), ids=ESCAPES)
def test_what_is_not_intercepted_is_stopped_before_it_leaves(fake, escape) -> None:
    with fake.intercept(), pytest.raises(UninterceptedCall) as caught:
        escape("notify.twilio.com")
    assert str(caught.value) == (
        "notify.twilio.com was looked up while calls to Notify are intercepted (fixture intercept_notify, or "
        "fake.intercept()). Interception reaches requests, httpx and aiohttp in this process; this call came "
        "from something else and would have left the machine. Point it to the fake's own address "
        "(fake_notify.url), or run the whole program with: fakenotify run -- COMMAND"
    )


PATCHED = """
import socket
real = socket.socket

class Other:  # as gevent and httpretty replace it, which is no subclass
    def connect(self, address):
        raise SystemExit("left the machine")

def create_connection(address):  # as gevent's, which has a look-up of its own
    raise SystemExit("left the machine")

socket.socket, socket.create_connection = Other, create_connection
from fakenotify import FakeNotify, UninterceptedCall
with FakeNotify().intercept():
    for connect in (socket.create_connection, Other().connect, real().connect):
        try:
            connect(("notify.twilio.com", 443))
        except UninterceptedCall:
            print("stopped")
assert socket.create_connection is create_connection
"""


def test_the_guard_holds_where_gevent_or_another_tool_has_replaced_the_socket_before() -> None:
    done = subprocess.run([sys.executable, "-c", PATCHED], capture_output=True, text=True, timeout=60)
    assert (done.stdout.split(), done.stderr) == (["stopped"] * 3, "")


def test_the_guard_also_stops_regions_and_under_strict_other_products(fake, elsewhere) -> None:
    with fake.intercept(strict=True):
        with pytest.raises(UninterceptedCall):
            by_urllib("notify.dublin.ie1.twilio.com")
        with pytest.raises(UnexpectedTwilioCall):
            by_urllib("api.twilio.com")
        with pytest.raises(urllib.error.URLError):  # nobody listens there
            by_urllib("example.com", "http://127.0.0.1:9")
        with urllib.request.urlopen(elsewhere, timeout=5) as answer:
            assert answer.status == 200
        assert socket.getaddrinfo(None, 80)
        with socket.socket(socket.AF_UNIX) as raw, pytest.raises(FileNotFoundError):
            raw.connect("/nowhere/at/all")


# clients that try again by themselves


def session_with(total: int, **settings: Any) -> requests.Session:
    """A session that tries every method again, also after a 503."""
    session = requests.Session()
    for scheme in ("https://", "http://"):
        retries = Retry(total, status_forcelist=[503], allowed_methods=None, **settings)
        session.mount(scheme, HTTPAdapter(max_retries=retries))
    return session


@pytest.mark.parametrize(
    ("fault", "phase"),
    [(Fault.http(503), "before"), (Fault.reset_connection(), "after"), (Fault.stall(), "before")],
)
def test_requests_tries_again_as_it_does_over_a_socket(fake, fault, phase) -> None:
    """Under interception a second send is as visible as it is over a socket."""
    fake.fail("services.create", fault, times=2, phase=phase)
    with fake.intercept(), session_with(2) as session:
        response = session.post(SERVICES, headers=authorization(fake), data=iter([b"a=b"]), timeout=5)
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
def test_exhausted_retries_raise_the_same_error_as_over_a_socket(fake, fault, settings, raised) -> None:
    fake.fail("services.create", fault)
    asked = []
    for base in (TWILIO, fake.url):
        with fake.intercept(), session_with(1, **settings) as session, pytest.raises(raised) as caught:
            session.post(f"{base}/v1/Services", headers=authorization(fake), timeout=0.2)
        assert type(caught.value) is raised
        asked.append(len(fake.requests) - sum(asked))
    assert asked[0] == asked[1]


def test_exhausted_retries_may_return_the_last_answer(fake) -> None:
    fake.fail("services.create", status=503, retry_after=0)
    with fake.intercept(), session_with(1, raise_on_status=False) as session:
        response = session.post(SERVICES, headers=authorization(fake), timeout=5)
    assert (response.status_code, len(fake.requests)) == (503, 2)


def test_an_answer_tells_how_often_it_was_tried_as_over_a_socket(fake) -> None:
    told = []
    for base in (TWILIO, fake.url):
        fake.fail("services.find", status=503, times=1)
        with fake.intercept(), session_with(2) as session:
            response = session.get(f"{base}/v1/Services", headers=authorization(fake), timeout=5)
        told.append((response.raw.retries.total, [each.status for each in response.raw.retries.history]))
    assert told == [(1, [503])] * 2


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing forks here")
def test_a_forked_child_is_intercepted_although_a_thread_of_the_parent_held_the_lock(fake) -> None:
    with fake.intercept():
        with ACTIVE.lock:
            child = os.fork()
            if child == 0:
                signal.alarm(30)  # rather than wait for the lock for ever
                try:
                    with fake.intercept():
                        status = by_requests(fake, "POST", SERVICES).status
                finally:
                    os._exit(0 if status == 201 else 1)
        assert os.waitpid(child, 0)[1] == 0
    assert fake.services == []
