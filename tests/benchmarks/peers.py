"""What others need for one answer, beside ours through the same client, where they are installed."""

from __future__ import annotations

import json
import logging
import shutil
import socket
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from http.client import HTTPConnection
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from fakenotify import FakeNotify
from tests.benchmarks.measure import Spread, ratios, rounds

_PATIENCE = 60
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_TOPIC = "Action=CreateTopic&Version=2010-03-31&Name=topic"
_DOCUMENT = {
    "openapi": "3.0.3",
    "info": {"title": "one answer", "version": "1"},
    "paths": {
        "/bindings": {
            "post": {
                "responses": {
                    "201": {
                        "description": "made",
                        "content": {"application/json": {"example": {"sid": "BS" + "a" * 32}}},
                    }
                }
            }
        }
    },
}


@contextmanager
def _httpserver() -> Iterator[Callable[[], object]]:
    from pytest_httpserver import HTTPServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # a line for each request is none of what is measured
    with HTTPServer() as server:
        server.expect_request("/bindings").respond_with_json({"sid": "BS"}, status=201)
        yield _client(server.port, "/bindings")


@contextmanager
def _moto() -> Iterator[Callable[[], object]]:
    """A stateful create as well, though of a simpler thing: a topic of SNS, which must be there already."""
    port = _free_port()
    with _running([sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)], port):
        authorization = "AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/sns/aws4_request, Signature=x"
        yield _client(port, "/", _TOPIC, Host="sns.us-east-1.amazonaws.com", Authorization=authorization)


@contextmanager
def _prism() -> Iterator[Callable[[], object]]:
    port = _free_port()
    with TemporaryDirectory() as directory:
        document = Path(directory, "openapi.json")
        document.write_text(json.dumps(_DOCUMENT), encoding="ascii")
        with _running(["prism", "mock", "-h", "127.0.0.1", "-p", str(port), "-v", "silent", str(document)], port):
            yield _client(port, "/bindings")


PEERS = {
    "pytest-httpserver, canned": (find_spec("pytest_httpserver"), _httpserver),
    "moto server, a topic of SNS": (find_spec("moto") and find_spec("flask"), _moto),
    "Prism, canned": (shutil.which("prism"), _prism),
}


def over_a_socket(show: Callable[..., None]) -> None:
    """Servers, each asked by ``http.client`` on a connection that is kept if the server keeps it."""
    fake = FakeNotify()
    service = fake.create_service()
    authorization = f"Basic {_basic(fake)}"
    path = f"/v1/Services/{service.sid}/Bindings"
    form = "Identity=alice&BindingType=sms&Address=%2B15005550006"
    with ExitStack() as stack:
        works = {"ours": _client(urlsplit(fake.url).port or 0, path, form, Authorization=authorization)}
        for name, (installed, peer) in PEERS.items():
            if installed:
                works[name] = stack.enter_context(peer())
            else:
                show(f"  {name}", "", "not installed")
        found = rounds(works, calls=100)
    fake.stop()
    show("  ours, a create, through http.client", "", Spread.of(found["ours"]).show(" us", 1e6))
    for name in list(works)[1:]:
        show(f"  {name}", "", f"{Spread.of(found[name]).show(' us', 1e6)}, {ratios(found, name, 'ours').show()} x")


def in_process(show: Callable[..., None]) -> None:
    """``responses`` against our adapter, both through ``requests``."""
    if not find_spec("responses"):
        show("  responses, canned", "", "not installed")
        return
    import requests
    import responses

    fake = FakeNotify()
    url = f"https://notify.twilio.com/v1/Services/{fake.create_service().sid}/Bindings"
    form = {"Identity": "alice", "BindingType": "sms", "Address": "+15005550006"}
    auth = (fake.account_sid, fake.auth_token)
    session = requests.Session()
    session.mount("https://notify.twilio.com", fake.requests_adapter())

    def canned() -> None:
        with responses.RequestsMock() as mock:
            mock.add("POST", url, json={"sid": "BS"}, status=201)
            for _ in range(10):
                requests.Session().post(url, data=form, auth=auth)

    def ours() -> None:
        for _ in range(10):
            session.post(url, data=form, auth=auth)

    found = rounds({"ours": ours, "responses": canned}, calls=10)
    show("  ours, a create, through requests in process", "", Spread.of(found["ours"]).show(" us", 1e5))
    show(
        "  responses, canned, through requests",
        "",
        f"{Spread.of(found['responses']).show(' us', 1e5)}, {ratios(found, 'responses', 'ours').show()} x",
    )


def _client(port: int, path: str, form: str = "", **headers: str) -> Callable[[], object]:
    connection = HTTPConnection("127.0.0.1", port, timeout=_PATIENCE)

    def ask() -> None:
        connection.request("POST", path, form, _FORM | headers)
        answer = connection.getresponse()
        content = answer.read()
        assert answer.status in (200, 201), (answer.status, content)

    return ask


def _basic(fake: FakeNotify) -> str:
    return b64encode(f"{fake.account_sid}:{fake.auth_token}".encode()).decode()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@contextmanager
def _running(command: list[str], port: int) -> Iterator[None]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        latest = time.monotonic() + _PATIENCE
        while time.monotonic() < latest and process.poll() is None:
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait()
