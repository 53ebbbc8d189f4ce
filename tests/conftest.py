"""What the tests share: a bare HTTP client that shows what is on the wire, and fakes of a test's own."""

from __future__ import annotations

import http.client
import json
import shutil
import signal
import socket
import subprocess
import sys
import urllib.request
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from hypothesis import HealthCheck, settings
from reliability import described

from fakenotify import Account, Behaviour, FakeNotify
from fakenotify.notify.records import Service

SERVICE_SID = "IS" + "a" * 32
INSTALLERS = {
    "npm": ("npm", "install", "--no-audit", "--no-fund"),
    "pip": (sys.executable, "-m", "pip", "install", "--quiet", "--target", "."),
}

# The machine may be busy, and in a new checkout Hypothesis first makes its tables of Unicode, which takes seconds.
settings.register_profile("unhurried", suppress_health_check=[HealthCheck.too_slow], deadline=None)
settings.load_profile("unhurried")

# The programs that tests start inherit what is ignored, as SIGHUP is under nohup and SIGINT in a shell's background.
for _name in ("SIGINT", "SIGHUP"):
    if signal.getsignal(getattr(signal, _name, signal.SIGTERM)) is signal.SIG_IGN:
        signal.signal(getattr(signal, _name), signal.SIG_DFL)

Form = Mapping[str, Any] | Iterable[tuple[str, str]]


@dataclass(frozen=True)
class Answer:
    """An answer, to the byte."""

    status: int
    reason: str
    headers: list[tuple[str, str]]
    body: bytes

    @cached_property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def refusal(self) -> tuple[int, int, str]:
        """Status, code and message of an error whose envelope is right."""
        code, message, status = self.json["code"], self.json["message"], self.json["status"]
        assert list(self.json.items()) == [
            ("code", code),
            ("message", message),
            ("more_info", f"https://www.twilio.com/docs/errors/{code}"),
            ("status", self.status),
        ]
        return status, code, message

    def header(self, name: str) -> str | None:
        return next((value for each, value in self.headers if each == name), None)


class Wire:
    """An HTTP client with nothing on top: bytes in, bytes out, a connection for each request."""

    def __init__(
        self, url: str, user: str | None, password: str = "", headers: Mapping[str, str] | None = None
    ) -> None:
        self.url = url
        self.headers: dict[str, str | None] = dict(headers or {})
        if user is not None:
            self.headers["Authorization"] = "Basic " + b64encode(f"{user}:{password}".encode()).decode()

    def send(
        self, method: str, target: str, body: bytes | str = b"", headers: Mapping[str, str | None] | None = None
    ) -> Answer:
        """Ask for a path below ``url``; of an absolute URL only the path and query count."""
        parts = urlsplit(self.url)
        sent = self.headers | dict(headers or {})
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
        try:
            connection.request(
                method,
                target if target.startswith("/") else "/" + target.split("/", 3)[3],
                body or None,
                {name: value for name, value in sent.items() if value is not None},
            )
            response = connection.getresponse()
            answer = Answer(response.status, response.reason, response.getheaders(), response.read())
        finally:
            connection.close()
        described.check(method, target, answer.status, answer.body)  # every answer on the wire is validated
        return answer

    def get(self, target: str, query: Form = (), headers: Mapping[str, str] | None = None) -> Answer:
        asked = _encoded(query)
        return self.send("GET", f"{target}?{asked}" if asked else target, headers=headers)

    def post(self, target: str, form: Form = (), headers: Mapping[str, str] | None = None) -> Answer:
        sent = {"Content-Type": "application/x-www-form-urlencoded"} | dict(headers or {})
        return self.send("POST", target, _encoded(form), sent)

    def delete(self, target: str) -> Answer:
        return self.send("DELETE", target)


def _encoded(form: Form) -> str:
    return urlencode(form if isinstance(form, Mapping) else list(form), doseq=True)


def _wire_of(handle: Account) -> Wire:
    return Wire(handle.url, handle.account_sid, handle.auth_token)


@pytest.fixture(autouse=True)
def own_proxies() -> Iterator[None]:
    """``urlopen`` keeps the proxies that it finds at its first call; each test is to find its own."""
    yield
    urllib.request.install_opener(None)  # type: ignore[arg-type]  # the next call makes another


@pytest.fixture
def wire(fake_notify: FakeNotify) -> Wire:
    """A bare client of ``fake_notify``'s default account."""
    return _wire_of(fake_notify)


@pytest.fixture
def twilio_wire(fake_notify: FakeNotify) -> Wire:
    """A bare client that asks for https://notify.twilio.com, as one behind a TLS proxy does: so no body has a port."""
    headers = {"Host": "notify.twilio.com", "X-Forwarded-Proto": "https"}
    return Wire(fake_notify.url, fake_notify.account_sid, fake_notify.auth_token, headers)


@pytest.fixture
def wire_of() -> Callable[[Account], Wire]:
    """Makes a bare client of a fake, or of one of its accounts."""
    return _wire_of


@pytest.fixture
def wire_as() -> Callable[..., Wire]:
    """Makes a bare client of a fake with any credentials."""

    def make(fake: FakeNotify, user: str, password: str) -> Wire:
        return Wire(fake.url, user, password)

    return make


@pytest.fixture
def shown() -> Callable[[Any], dict[str, Any]]:
    """Gives the public attributes of an object of the ``twilio`` package."""

    def attributes(instance: Any) -> dict[str, Any]:
        return {name: value for name, value in vars(instance).items() if not name.startswith("_")}

    return attributes


@pytest.fixture
def service(fake_notify: FakeNotify) -> Service:
    """A Service with a sid that is easy to read."""
    return fake_notify.create_service(sid=SERVICE_SID)


@pytest.fixture
def open_fake() -> Iterator[Callable[..., FakeNotify]]:
    """Makes fakes for one test, which are stopped at its end; their warnings are not reported."""
    opened: list[FakeNotify] = []

    def make(*, seed: int = 0, frozen: str | datetime | None = None, **settings: Any) -> FakeNotify:
        others = ("accounts", "api_keys", "callback_hosts", "callback_timeout")
        arguments = {name: settings.pop(name) for name in others if name in settings}
        fake = FakeNotify(Behaviour(**settings), seed=seed, **arguments)
        if frozen:
            fake.clock.freeze(frozen)
        opened.append(fake)
        return fake

    yield make
    for fake in opened:
        fake.stop()


@pytest.fixture(scope="session")
def install() -> Callable[..., None]:
    """Installs a package into a directory, by pip or npm; skips the test where that isn't possible."""

    def run(home: Path, tool: str, *arguments: str) -> None:
        command = [*INSTALLERS[tool], *arguments]
        if tool == "npm" and not (shutil.which("npm") and shutil.which("node")):
            pytest.skip("Node or npm is not installed")
        (home / "package.json").write_text("{}")
        try:
            done = subprocess.run(command, cwd=home, capture_output=True, text=True, timeout=300)
        except subprocess.TimeoutExpired:
            pytest.skip(f"{command[-1]} was not installed within five minutes")
        if done.returncode:
            pytest.skip(f"{command[-1]} can't be installed: {done.stderr.strip()[-200:]}")

    return run


@pytest.fixture(scope="session")
def node_home(tmp_path_factory: pytest.TempPathFactory, install: Callable[..., None]) -> Path:
    """A directory in which Node finds the official client, as npm has it now."""
    home = tmp_path_factory.mktemp("node")
    install(home, "npm", "--ignore-scripts", "twilio")
    return home


@pytest.fixture
def free_port() -> int:
    """A port that is not in use."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def ipv6() -> None:
    """Skip the test where there is no IPv6."""
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        pytest.skip("there is no IPv6 here")
