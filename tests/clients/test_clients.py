"""The official client, pointed at a fake: over a socket, in process and asynchronous."""

from __future__ import annotations

import asyncio
import gc
import importlib
import json
import subprocess
import sys
import warnings
import weakref
from collections.abc import Callable
from enum import Enum
from typing import Any
from unittest.mock import ANY
from urllib.parse import parse_qsl

import pytest
import requests
from hypothesis import example, given, settings
from hypothesis import strategies as st
from twilio.base.exceptions import TwilioException, TwilioRestException

from fakenotify import FakeNotify, Fault
from fakenotify.clients import twilio as twilio_client
from fakenotify.clients.in_process import Reply, call
from fakenotify.clients.twilio import TIMEOUT
from fakenotify.server.wsgi import FORM, parse_form

NOW = "2022-06-10T20:58:33Z"
SERVICE_SID = "IS" + "a" * 32
SMS = {"identity": "alice", "binding_type": "sms", "address": "+15005550006"}
TWILIO = "https://notify.twilio.com"
FRESH = ("Date", "Twilio-Request-Id", "Twilio-Request-Duration", "Content-Length")
PROXIES = [f"{scheme}_proxy" for scheme in ("http", "https", "all")]
TRAPS = {
    "TWILIO_EDGE": "frankfurt",
    "TWILIO_REGION": "ie1",
    "TWILIO_ACCOUNT_SID": "AC" + "9" * 32,
    "TWILIO_AUTH_TOKEN": "wrong",
    **dict.fromkeys([*PROXIES, *map(str.upper, PROXIES)], "http://127.0.0.1:9"),
    **dict.fromkeys(["no_proxy", "NO_PROXY"], ""),
}


@pytest.fixture
def fake(open_fake: Callable[..., FakeNotify]) -> FakeNotify:
    return open_fake(frozen=NOW)


# over a socket


def test_the_client_opens_the_socket_when_it_is_needed_and_waits_half_a_minute_at_most(fake) -> None:
    assert repr(fake) == "<FakeNotify without a socket>"
    client = fake.client()

    assert client.notify.v1.services.list() == []
    assert repr(fake) == f"<FakeNotify {fake.url}>"
    assert (client.account_sid, client.auth) == (fake.account_sid, (fake.account_sid, fake.auth_token))
    assert (client.notify.base_url, client.http_client.timeout, TIMEOUT) == (fake.url, 30, 30)


def test_a_client_uses_its_own_account_whatever_the_environment_says(fake, monkeypatch) -> None:
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


# in process, and asynchronous


class Step:
    """A call of a method of the official library: of the plain one, or of its asynchronous twin."""

    def __init__(self, owner: Any, name: str, *arguments: Any, **named: Any) -> None:
        self.owner, self.name, self.arguments, self.named = owner, name, arguments, named

    def call(self, suffix: str = "") -> Any:
        return getattr(self.owner, self.name + suffix)(*self.arguments, **self.named)

    async def seen(self, *, awaited: bool) -> Any:
        """What a program sees of the result, or of the error."""
        try:
            result = await self.call("_async") if awaited else self.call()
        except TwilioRestException as error:
            return error.status, error.code, error.msg, error.method, error.details
        except TwilioException as error:
            words, response = error.args
            return words, response.status_code, json.loads(response.text)
        return shown(result)


def shown(result: Any) -> Any:
    if isinstance(result, bool):
        return result
    if isinstance(result, list):
        return [each.address for each in result]
    return {name: value for name, value in vars(result).items() if not name.startswith("_")}


def steps_of(client: Any) -> list[Step]:
    """Everything that a program may do."""
    account = client.notify.v1
    service = account.services(SERVICE_SID)
    bindings = service.bindings
    return [
        Step(bindings, "create", **SMS),
        Step(bindings, "create", "d&d é +/", "fcm", "a=b&c %", tag=["new user", "ü", None], credential_sid=None),
        Step(bindings, "create", "carol", "fcm", "c", tag=["new user", "ü"]),
        Step(bindings, "create", "alice", "apn", "", tag=[]),
        Step(bindings, "create", "alice", "fax", 1),
        Step(bindings, "create", "bob", "gcm", "1", tag="one"),
        Step(bindings, "create", identity=["x", "y"], binding_type="gcm", address=("2",), tag={"only"}),
        Step(bindings, "list", page_size=1),
        Step(bindings, "list", identity=["d&d é +/", None], tag=["ü", None], page_size=1),
        Step(bindings, "list", identity=["carol", "alice"], tag=["ü", "new user"]),
        Step(bindings, "list", identity=None, tag=[]),
        Step(bindings, "list", start_date="2022-06-10", end_date="2022-06-10", limit=1),
        Step(bindings, "list", tag=list("abcdef")),
        Step(bindings, "page", page_token="x"),
        Step(service.notifications, "create", identity=["alice", None], body="Hi é", data={"a": 1}),
        Step(service.notifications, "create", to_binding='{"binding_type": "sms", "address": "+1555"}', body="Hi"),
        Step(service.notifications, "create", body="to nobody"),
        Step(bindings("BS71"), "fetch"),
        Step(bindings("new user é%20+"), "fetch"),
        Step(account.services("a#b"), "fetch"),
        Step(account.services("a?b=c").bindings, "create", **SMS),
        Step(account.services(".."), "fetch"),
        Step(account.services("").bindings, "create", **SMS),
        Step(service, "update", friendly_name="", log_enabled=False, delivery_callback_url="https://é.example/?a=b"),
        Step(account.services, "create", friendly_name="x" * 65),
        Step(account.credentials, "create", "apn", sandbox=True, private_key="-----BEGIN\r\n+/=\n"),
        Step(account.credentials, "create", "apn", friendly_name="x" * 2**20),
        Step(account, "create", "PUT", "/Services", data={"A": "b"}),
        Step(account, "fetch", "HEAD", "/Services"),
        Step(account.services("a b"), "delete"),
        Step(service, "delete"),
    ]


@pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning")
@pytest.mark.parametrize("other", ["in process", "asynchronous"])
def test_every_client_gets_the_answers_of_the_socket(open_fake, other) -> None:
    async def walk(client: Any, *, awaited: bool) -> list[Any]:
        steps = [step for step in steps_of(client) if other == "in process" or "None" not in str(vars(step))]
        return [await step.seen(awaited=awaited) for step in steps]  # aiohttp can't send None

    seen = []
    for how in ("over a socket", other):
        fake = open_fake(seed=1, frozen=NOW)
        fake.create_service(sid=SERVICE_SID)
        awaited = how == "asynchronous"
        client = fake.async_client() if awaited else fake.client(in_process=how == "in process")
        answers = asyncio.run(walk(client, awaited=awaited))
        assert repr(fake).endswith("without a socket>") is (how == "in process")
        journal = [
            (each.operation, each.method, each.path, each.params, each.status, each.code, each.warnings, each.body)
            for each in fake.requests
        ]
        seen.append(json.dumps([answers, journal], default=str, indent=1).replace(client.notify.base_url, TWILIO))

    assert seen[0].splitlines() == seen[1].splitlines()


def test_a_raw_answer_in_process_has_the_headers_of_the_socket(fake) -> None:
    clients = [fake.client(in_process=in_process) for in_process in (False, True)]
    answers = [each.request("POST", f"{each.notify.base_url}/v1/Services", data={"A": "x"}) for each in clients]
    one, other = ([pair for pair in each.headers.items() if pair[0] not in FRESH] for each in answers)
    assert (one, [each.status_code for each in answers]) == (other, [201, 201])
    assert {*answers[0].headers} == {*answers[1].headers}


def test_an_application_gets_the_environ_that_a_server_would_make() -> None:
    seen: dict[str, Any] = {}

    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        seen.update(environ)
        seen["body"] = environ["wsgi.input"].read()
        start_response("418 I'M A TEAPOT", [("X-A", "b")])
        return [b"short", b" and stout"]

    headers = {"Content-Type": "text/plain", "content-length": "4", "X-Some-Header": "y", "host": "example.test"}
    reply = call(application, "POST", "https://example.test#top", headers, b"body")

    assert reply == Reply(418, "I'M A TEAPOT", [("Date", ANY), ("X-A", "b")], b"short and stout")
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
    assert seen.items() >= expected.items()
    call(application, "GET", "http://127.0.0.1:4010/a%20b?c=%20#top", {}, b"")
    where = {"SERVER_NAME": "127.0.0.1", "SERVER_PORT": "4010", "HTTP_HOST": "127.0.0.1:4010"}
    what = {"wsgi.url_scheme": "http", "RAW_URI": "/a%20b?c=%20", "PATH_INFO": "/a b", "QUERY_STRING": "c=%20"}
    assert seen.items() >= {**where, **what}.items()


def test_the_async_client_can_ask_many_things_at_once_and_in_several_loops(fake) -> None:
    services = fake.async_client().notify.v1.services

    async def create() -> list[str]:
        return [each.sid for each in await asyncio.gather(*(services.create_async() for _ in range(10)))]

    made = {*asyncio.run(create()), *asyncio.run(create())}
    assert made == {each.sid for each in fake.services}
    assert len(made) == 20


@pytest.mark.parametrize(("own", "given"), [(0.1, None), (60, 0.1)])
def test_the_async_client_gives_up_after_its_timeout_or_the_requests(fake, own, given) -> None:
    fake.fail("services.find", Fault.latency(5))
    client = fake.async_client()
    client.http_client.timeout = own
    with pytest.raises(asyncio.TimeoutError):
        asyncio.run(client.request_async("GET", f"{fake.url}/v1/Services", timeout=given))


def test_a_raw_request_may_have_no_credentials(fake) -> None:
    in_process = fake.client(in_process=True).http_client.request("get", "https://notify.twilio.com/v1/Services")
    over_a_socket = asyncio.run(fake.async_client().http_client.request("get", f"{fake.url}/v1/Services", timeout=5))
    for response in (in_process, over_a_socket):
        assert (response.status_code, json.loads(response.text)["code"]) == (401, 20003)


def test_headers_of_an_answer_may_be_spelled_in_any_case(fake) -> None:
    for client in (fake.client(), fake.client(in_process=True)):
        headers = client.request("GET", f"{fake.url}/v1/Services").headers
        assert headers["x-home-REGION"] == headers.get("X-Home-Region") == headers.get("x-home-region", "") == "us1"
        assert ("content-type" in headers, "x-nothing" in headers, headers.get("x-nothing")) == (True, False, None)
        with pytest.raises(KeyError):
            headers["x-nothing"]


class Channel(str, Enum):
    SMS = "sms"


def test_the_synchronous_clients_say_that_they_are_not_asynchronous(fake) -> None:
    for client in (fake.client(), fake.client(in_process=True)):
        assert client.http_client.logger.name == "twilio.http_client"
        with pytest.raises(RuntimeError, match="http_client must be asynchronous"):
            asyncio.run(client.notify.v1.services.create_async())


SENT = st.text(max_size=8) | st.binary(max_size=4) | st.integers() | st.booleans() | st.none() | st.just(Channel.SMS)
NAMES = st.text(st.characters(codec="utf-8"), max_size=8) | st.binary(max_size=4) | st.integers() | st.just(Channel.SMS)


@settings(deadline=None)
@example({1: "a", "1": ["b", "c"]})
@given(st.dictionaries(NAMES, SENT | st.lists(SENT, max_size=3), max_size=4))
def test_a_form_in_process_is_what_a_server_reads_from_requests(values) -> None:
    try:
        body = requests.Request("POST", "http://x", data=values).prepare().body or ""
    except UnicodeEncodeError:
        with pytest.raises(UnicodeEncodeError):
            twilio_client._form(values)
        return
    form = twilio_client._form(values)
    assert form == parse_form(body)
    assert {type(each) for name, found in form.items() for each in (name, *found)} <= {str}


@pytest.mark.parametrize(
    ("method", "headers", "address"),
    [
        ("POST", {}, "é" * 10),
        ("POST", {}, "é" * 5_000),
        ("POST", {}, "é" * 200_000),  # too large once it is encoded
        ("POST", {"Content-Type": "application/json"}, "x"),
        ("DELETE", {}, "x"),
    ],
)
def test_a_form_in_process_is_treated_as_one_over_a_socket(fake, method, headers, address) -> None:
    data = {"Identity": "alice", "BindingType": "sms", "Address": address, "Endpoint": None, "Tag": ["a", "b"]}
    path = f"/v1/Services/{fake.create_service().sid}/Bindings"
    for client in (fake.client(), fake.client(in_process=True)):
        client.http_client.request(
            method, fake.url + path, data=data, headers=headers, auth=(fake.account_sid, fake.auth_token)
        )

    by_socket, in_process = fake.requests
    assert by_socket.status in (201, 400, 405, 413)
    assert (in_process.status, in_process.message) == (by_socket.status, by_socket.message)
    assert (in_process.params, in_process.warnings) == (by_socket.params, by_socket.warnings)


def test_a_request_that_was_refused_keeps_nothing_of_its_caller(fake) -> None:
    def refused() -> weakref.ref[type]:
        local = type("Local", (), {})
        with pytest.raises(TwilioRestException):
            fake.client(in_process=True).notify.v1.services.create(log_enabled="perhaps")
        return weakref.ref(local)

    kept = refused()
    gc.collect()
    assert kept() is None
    assert fake.requests.last.code == 20001


SPELLINGS = {"text": str, "bytes": str.encode, "pairs": parse_qsl, "form": dict, "nothing": lambda text: None}


@pytest.mark.parametrize("spell", SPELLINGS.values(), ids=SPELLINGS)
def test_data_in_process_may_be_whatever_requests_takes(fake, spell) -> None:
    data = "Identity=alice&BindingType=sms&Address=%2B15005550006"
    data = spell(parse_qsl(data) if spell is dict else data)
    path = f"/v1/Services/{fake.create_service().sid}/Bindings"
    for client in (fake.client(), fake.client(in_process=True)):
        for headers in ({}, {"Content-Type": FORM}):
            client.http_client.request(
                "POST", fake.url + path, data=data, headers=headers, auth=(fake.account_sid, "x")
            )

    by_socket, in_process = fake.requests[:2], fake.requests[2:]
    assert [(each.status, each.params, each.warnings) for each in in_process] == [
        (each.status, each.params, each.warnings) for each in by_socket
    ]


# without the official client


def test_a_client_without_the_package_is_an_import_error_that_says_what_to_install(fake, monkeypatch) -> None:
    for name in [each for each in sys.modules if each.partition(".")[0] == "twilio"]:
        monkeypatch.setitem(sys.modules, name, None)

    message = r"^this needs the official client; install it with: pip install 'fakenotify\[twilio\]'$"
    for make in (fake.client, lambda: fake.client(in_process=True), fake.async_client, fake.account().client):
        with pytest.raises(ImportError, match=message):
            make()


@pytest.mark.parametrize(("module", "name"), [("twilio.http", "AsyncHttpClient"), ("aiohttp", "ClientSession")])
def test_an_asynchronous_client_of_an_old_package_is_an_import_error_that_says_so(
    fake, monkeypatch, module, name
) -> None:
    monkeypatch.delattr(importlib.import_module(module), name)

    message = r"^an asynchronous client needs twilio 8 or newer, and aiohttp; install them with: pip install 'twi"
    with pytest.raises(ImportError, match=message):
        fake.async_client()


def test_everything_else_works_without_the_package() -> None:
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
