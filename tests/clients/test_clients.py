"""The official client, pointed at a fake: over a socket, in process and asynchronous."""

from __future__ import annotations

import asyncio
import importlib
import json
import subprocess
import sys
import warnings
from collections.abc import Callable
from typing import Any

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st
from twilio.base.exceptions import TwilioException, TwilioRestException

from fakenotify import FakeNotify, Fault
from fakenotify.clients import twilio as twilio_client
from fakenotify.clients.in_process import Reply, call
from fakenotify.clients.twilio import TIMEOUT

NOW = "2022-06-10T20:58:33Z"
SERVICE_SID = "IS" + "a" * 32
SMS = {"identity": "alice", "binding_type": "sms", "address": "+15005550006"}
TWILIO = "https://notify.twilio.com"
FRESH = ("Date", "Twilio-Request-Id", "Twilio-Request-Duration", "Content-Length")
TRAPS = {
    "TWILIO_EDGE": "frankfurt",
    "TWILIO_REGION": "ie1",
    "TWILIO_ACCOUNT_SID": "AC" + "9" * 32,
    "TWILIO_AUTH_TOKEN": "wrong",
    **{
        name: "http://127.0.0.1:9"
        for kind in ("http_proxy", "https_proxy", "all_proxy")
        for name in (kind, kind.upper())
    },
    "no_proxy": "",
    "NO_PROXY": "",
}


@pytest.fixture
def fake(open_fake: Callable[..., FakeNotify]) -> FakeNotify:
    return open_fake(frozen=NOW)


# over a socket


def test_the_client_opens_the_socket_when_it_is_needed_and_waits_half_a_minute_at_most(fake: FakeNotify) -> None:
    assert repr(fake) == "<FakeNotify without a socket>"
    client = fake.client()

    assert client.notify.v1.services.list() == []
    assert repr(fake) == f"<FakeNotify {fake.url}>"
    assert (client.account_sid, client.auth) == (fake.account_sid, (fake.account_sid, fake.auth_token))
    assert (client.notify.base_url, client.http_client.timeout, TIMEOUT) == (fake.url, 30, 30)


def test_a_client_is_of_its_account_whatever_the_environment_says(
    fake: FakeNotify, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in TRAPS.items():
        monkeypatch.setenv(name, value)
    for account in (fake.account("AC" + "1" * 32, "one"), fake):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            made = [
                account.client().notify.v1.services.create(),
                account.client().notify.services.create(),  # the deprecated shortcut
                account.client(in_process=True).notify.v1.services.create(),
                asyncio.run(account.async_client().notify.v1.services.create_async()),
            ]
        assert [each.account_sid for each in made] == [account.account_sid] * 4
        assert [each.sid for each in account.services] == [each.sid for each in made]


# in process


def walk(client: Any) -> list[Any]:
    """Everything that a program may do, and what it sees."""
    account = client.notify.v1
    service = account.services(SERVICE_SID)
    bindings = service.bindings

    def tried(call: Any) -> Any:
        try:
            result = call()
        except TwilioRestException as error:
            return error.status, error.code, error.msg, error.method, error.details
        except TwilioException as error:
            words, response = error.args
            return words, response.status_code, json.loads(response.text)
        if isinstance(result, (bool, list)):
            return result
        return {name: value for name, value in vars(result).items() if not name.startswith("_")}

    steps = [
        lambda: bindings.create(**SMS),
        lambda: bindings.create("d&d é +/", "fcm", "a=b&c %", tag=["new user", "ü", None], credential_sid=None),
        lambda: bindings.create("alice", "apn", "", tag=[]),
        lambda: bindings.create("alice", "fax", 1),
        lambda: bindings.create("bob", "gcm", "1", tag="one"),
        lambda: bindings.create(identity=["x", "y"], binding_type="gcm", address=("2",), tag={"only"}),
        lambda: [each.address for each in bindings.list(page_size=1)],
        lambda: [each.address for each in bindings.list(identity=["d&d é +/", None], tag=["ü", None], page_size=1)],
        lambda: [each.address for each in bindings.list(identity=None, tag=[])],
        lambda: [each.address for each in bindings.list(start_date="2022-06-10", end_date="2022-06-10", limit=1)],
        lambda: bindings.list(tag=list("abcdef")),
        lambda: bindings.page(page_token="x"),
        lambda: service.notifications.create(identity=["alice", None], body="Hi é", data={"a": 1}),
        lambda: service.notifications.create(to_binding='{"binding_type": "sms", "address": "+1555"}', body="Hi"),
        lambda: service.notifications.create(body="to nobody"),
        lambda: bindings("BS71").fetch(),
        lambda: bindings("new user é%20+").fetch(),
        lambda: account.services("a#b").fetch(),
        lambda: account.services("a?b=c").bindings.create(**SMS),
        lambda: account.services("..").fetch(),
        lambda: account.services("").bindings.create(**SMS),
        lambda: service.update(friendly_name="", log_enabled=False, delivery_callback_url="https://é.example/?a=b"),
        lambda: account.services.create(friendly_name="x" * 65),
        lambda: account.credentials.create("apn", sandbox=True, private_key="-----BEGIN\r\n+/=\n"),
        lambda: account.credentials.create("apn", friendly_name="x" * 2**20),
        lambda: account.create("PUT", "/Services", data={"A": "b"}),
        lambda: account.fetch("HEAD", "/Services"),
        lambda: account.services("a b").delete(),
        lambda: service.delete(),
    ]
    return [tried(step) for step in steps]


def test_in_process_answers_are_those_of_the_socket(open_fake: Callable[..., FakeNotify]) -> None:
    seen = []
    for in_process in (False, True):
        fake = open_fake(seed=1, frozen=NOW)
        fake.create_service(sid=SERVICE_SID)
        client = fake.client(in_process=in_process)
        raw = client.request("POST", f"{client.notify.base_url}/v1/Services", data={"FriendlyName": "x"})
        headers = [each for each in raw.headers.items() if each[0] not in FRESH]
        told = [raw.status_code, headers, *walk(client)]
        assert repr(fake).endswith("without a socket>") is in_process
        journal = [
            (each.operation, each.method, each.path, each.params, each.status, each.code, each.warnings, each.body)
            for each in fake.requests
        ]
        seen.append(json.dumps([told, journal], default=str, indent=1).replace(client.notify.base_url, TWILIO))

    assert seen[0].splitlines() == seen[1].splitlines()


def test_an_application_is_told_what_a_server_would_tell() -> None:
    seen: dict[str, Any] = {}

    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        seen.update(environ)
        seen["body"] = environ["wsgi.input"].read()
        start_response("418 I'M A TEAPOT", [("X-A", "b")])
        return [b"short", b" and stout"]

    headers = {"Content-Type": "text/plain", "content-length": "4", "X-Some-Header": "y", "host": "example.test"}
    reply = call(application, "POST", "https://example.test#top", headers, b"body")

    assert reply == Reply(418, "I'M A TEAPOT", [("X-A", "b")], b"short and stout")
    expected = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/",
        "QUERY_STRING": "",
        "RAW_URI": "/",
        "SERVER_NAME": "example.test",
        "SERVER_PORT": "443",
        "HTTP_HOST": "example.test",
        "wsgi.url_scheme": "https",
        "CONTENT_TYPE": "text/plain",
        "CONTENT_LENGTH": "4",
        "HTTP_X_SOME_HEADER": "y",
        "body": b"body",
    }
    assert {name: seen[name] for name in expected} == expected
    call(application, "GET", "http://127.0.0.1:4010/a%20b?c=%20#top", {}, b"")
    told = ("SERVER_NAME", "SERVER_PORT", "HTTP_HOST", "wsgi.url_scheme", "RAW_URI", "PATH_INFO", "QUERY_STRING")
    assert [seen[name] for name in told] == [
        "127.0.0.1", "4010", "127.0.0.1:4010", "http", "/a%20b?c=%20", "/a b", "c=%20"
    ]  # fmt: skip


# asynchronous


def test_the_async_client_does_what_the_other_does(fake: FakeNotify) -> None:
    client = fake.async_client()  # outside of any event loop

    async def walk() -> dict[str, Any]:
        account = client.notify.v1
        service = await account.services.create_async(friendly_name="before")
        service = await service.update_async(friendly_name="after", log_enabled=False)
        bindings = account.services(service.sid).bindings
        made = [await bindings.create_async(f"id{at}", "fcm", str(at), tag=["vip", str(at)]) for at in range(5)]
        listed = await bindings.list_async(page_size=2)
        found = await bindings.list_async(identity=["id1", "id2"], tag=["vip", "2"], start_date="2022-06-10")
        streamed = [each.address async for each in await bindings.stream_async(limit=3, page_size=2)]
        page = await bindings.page_async(page_size=4)
        following = await page.next_page_async()
        fetched = await bindings(made[0].sid).fetch_async()
        deleted = await fetched.delete_async()
        return {
            "service": (service.friendly_name, service.log_enabled),
            "listed": [each.address for each in listed],
            "found": [(each.address, each.tags) for each in found],
            "streamed": streamed,
            "following": [each.address for each in following],
            "fetched": (fetched.sid, fetched.date_created) == (made[0].sid, made[0].date_created),
            "deleted": deleted,
        }

    assert asyncio.run(walk()) == {
        "service": ("after", False),
        "listed": ["0", "1", "2", "3", "4"],
        "found": [("2", ["vip", "2"])],
        "streamed": ["0", "1", "2"],
        "following": ["4"],
        "fetched": True,
        "deleted": True,
    }
    assert [each.address for each in fake.bindings] == ["1", "2", "3", "4"]


def test_the_async_client_raises_the_same_errors(fake: FakeNotify) -> None:
    account = fake.async_client().notify.v1

    async def tried(asked: Any) -> Any:
        with pytest.raises(TwilioException) as caught:
            await asked
        error = caught.value
        return (error.status, error.code, error.msg) if isinstance(error, TwilioRestException) else error.args[0]

    async def told() -> list[Any]:
        return [
            await tried(account.services("IS71").fetch_async()),
            await tried(account.credentials.create_async("fax")),
            await tried(account.services("IS71").bindings.list_async()),
        ]

    invalid = "Can not convert incoming parameters to Credential object: Parameter 'Type' is invalid"
    assert asyncio.run(told()) == [
        (404, 20404, "Unable to fetch record: The requested resource /Services/IS71 was not found"),
        (400, 20001, f"Unable to create record: {invalid}"),
        "Unable to fetch page",
    ]


def test_the_async_client_can_ask_many_things_at_once_and_in_several_loops(fake: FakeNotify) -> None:
    services = fake.async_client().notify.v1.services

    async def create() -> list[str]:
        return [each.sid for each in await asyncio.gather(*(services.create_async() for _ in range(10)))]

    made = {*asyncio.run(create()), *asyncio.run(create())}
    assert made == {each.sid for each in fake.services}
    assert len(made) == 20


@pytest.mark.parametrize(("own", "given"), [(0.1, None), (60, 0.1)])
def test_the_async_client_gives_up_after_its_timeout_or_the_requests(
    fake: FakeNotify, own: float, given: float | None
) -> None:
    fake.fail("services.find", Fault.latency(5))
    client = fake.async_client()
    client.http_client.timeout = own
    with pytest.raises(asyncio.TimeoutError):
        asyncio.run(client.request_async("GET", f"{fake.url}/v1/Services", timeout=given))


def test_a_raw_request_may_have_no_credentials(fake: FakeNotify) -> None:
    in_process = fake.client(in_process=True).http_client.request("get", "https://notify.twilio.com/v1/Services")
    over_a_socket = asyncio.run(fake.async_client().http_client.request("get", f"{fake.url}/v1/Services", timeout=5))
    for response in (in_process, over_a_socket):
        assert (response.status_code, json.loads(response.text)["code"]) == (401, 20003)


SENT = st.text(max_size=8) | st.binary(max_size=4) | st.integers() | st.booleans() | st.none()


@settings(deadline=None)
@given(
    st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=8), SENT | st.lists(SENT, max_size=3), max_size=4)
)
def test_a_form_in_process_is_spelled_as_requests_spells_it(values: dict[str, Any]) -> None:
    try:
        expected = requests.Request("POST", "http://x", data=values).prepare().body or ""
    except UnicodeEncodeError:
        with pytest.raises(UnicodeEncodeError):
            twilio_client._form(values)
        return
    assert twilio_client._form(values) == expected


# without the official client


def test_a_client_without_the_package_is_an_import_error_that_says_what_to_install(
    fake: FakeNotify, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [each for each in sys.modules if each.partition(".")[0] == "twilio"]:
        monkeypatch.setitem(sys.modules, name, None)

    message = r"^this needs the official client; install it with: pip install 'fakenotify\[twilio\]'$"
    for make in (fake.client, lambda: fake.client(in_process=True), fake.async_client, fake.account().client):
        with pytest.raises(ImportError, match=message):
            make()


@pytest.mark.parametrize(("module", "name"), [("twilio.http", "AsyncHttpClient"), ("aiohttp", "ClientSession")])
def test_an_asynchronous_client_of_an_old_package_is_an_import_error_that_says_so(
    fake: FakeNotify, monkeypatch: pytest.MonkeyPatch, module: str, name: str
) -> None:
    monkeypatch.delattr(importlib.import_module(module), name)

    message = (
        r"^an asynchronous client needs twilio 8 or newer, and aiohttp; install them with: pip install 'twilio>=8'"
    )
    with pytest.raises(ImportError, match=message):
        fake.async_client()


def test_all_the_rest_works_without_the_package() -> None:
    program = """
import sys
sys.modules["twilio"] = sys.modules["requests"] = sys.modules["aiohttp"] = None
from fakenotify import FakeNotify, Fault
from urllib.request import ProxyHandler, Request, build_opener
with FakeNotify() as fake:
    service = fake.create_service()
    asked = Request(f"{fake.url}/v1/Services/{service.sid}/Bindings")
    asked.add_header("Authorization", "Basic QUNmYTRlZmE0ZWZhNGVmYTRlZmE0ZWZhNGVmYTRlZmE0ZTp4")
    with build_opener(ProxyHandler({})).open(asked) as answer:
        print(answer.status, len(fake.requests))
"""
    done = subprocess.run([sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, timeout=30)

    assert (done.returncode, done.stdout, done.stderr) == (0, "200 1\n", "")
