"""``fakenotify run --upstream URL --record FILE``: calls reach another Notify, here a second fake, and are recorded."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from twilio.rest import Client

from fakenotify import FakeNotify
from fakenotify.cli.commands import main
from fakenotify.clients import twilio
from fakenotify.conformance import replay
from fakenotify.conformance.recording import MEMBERS, read
from fakenotify.proxy.recording import Recorder

pytest.importorskip("trustme", reason="the extra 'proxy' is not installed")

PERSONAL = ("alice", "+15005550099", "hush", "gold", "Acme", "Parcel", "token0")

PROGRAM = """
import os
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client
notify = Client().notify.v1
service = notify.services.create(friendly_name="Acme")
notify.credentials.create("apn", friendly_name="Acme", private_key="hush")
for number in range(3):
    service.bindings.create("alice", "sms", f"+1500555009{number}", tag=["gold"])
service.bindings.create("alice", "sms", "+15005550099", tag=["gold"])
assert len(service.bindings.list(identity="alice", page_size=2)) == 4
service.notifications.create(identity="alice", body="Parcel")
try:
    service.bindings("BS" + "0" * 32).fetch()
except TwilioRestException as error:
    assert error.code == 20404
"""


@pytest.fixture
def other(open_fake: Callable[..., FakeNotify]) -> FakeNotify:
    """The other Notify, which checks credentials."""
    return open_fake(seed=5, accounts={"AC" + "d" * 32: "token0"})


def fakenotify(*options: str, program: str, **given: str) -> subprocess.CompletedProcess[str]:
    """``fakenotify run``, in a process of its own."""
    command = [sys.executable, "-m", "fakenotify", "run", *options, "--", sys.executable, "-c", program]
    kept = {name: value for name, value in os.environ.items() if "PROXY" not in name.upper()}
    return subprocess.run(command, env=kept | given, capture_output=True, text=True, timeout=60)


def test_a_program_is_recorded_masked_with_the_pages_that_it_followed(other: FakeNotify, tmp_path: Path) -> None:
    account = {"TWILIO_ACCOUNT_SID": other.account_sid, "TWILIO_AUTH_TOKEN": other.auth_token}
    target = tmp_path / "calls.jsonl"
    done = fakenotify("--upstream", other.url, "--record", str(target), program=PROGRAM, **account)
    assert done.returncode == 0, done.stderr
    assert done.stderr == "fakenotify: 10 calls recorded: 7 with 201, 2 with 200, 1 with 404\n"
    assert len(other.bindings) == 4
    text = target.read_text()
    assert [word for word in PERSONAL if word in text] == []
    assert [path.name for path in tmp_path.iterdir()] == ["calls.jsonl"]
    calls = [json.loads(line) for line in text.splitlines()]
    assert {tuple(call) for call in calls} == {MEMBERS}
    pages = [call for call in calls if call["method"] == "GET" and call["path"].endswith("/Bindings")]
    assert [(len(page["body"]["bindings"]), "PageToken" in page["query"]) for page in pages] == [(2, False), (2, True)]
    assert replay.compare(read(target)) == []


def test_a_difference_of_the_other_notify_is_found_in_its_recording(
    open_fake: Callable[..., FakeNotify], tmp_path: Path
) -> None:
    other = open_fake(seed=5, identity_limit="evict_oldest")
    target = tmp_path / "calls.jsonl"
    recorder = Recorder(other.url, str(target))
    client = _client_of(recorder)
    service = client.notify.v1.services.create()
    for number in range(21):
        service.bindings.create("alice", "sms", f"+150055500{number:02}")
    recorder.close()
    found = replay.compare(read(target))
    assert {each.switch for each in found} == {"identity_limit=evict_oldest"}


FIVE = {
    "identity_limit": "evict_oldest",
    "replacement_keeps_sid": True,
    "apn_protocol_version": "3",
    "page_size_limit": "reject",
    "legacy_resources": False,
}
WALK = """
from twilio.base.exceptions import TwilioException
from twilio.rest import Client
service = Client().notify.v1.services.create()
def ask(what, *given, **more):
    try:
        return what(*given, **more)
    except TwilioException:
        return None
for name in ("bob", "carol"):
    ask(service.bindings.create, name, "apn", "a" * 64)
for number in range(21):
    ask(service.bindings.create, "busy", "fcm", f"token {number}")
ask(service.bindings.page, page_size=1001)
ask(Client().request, "GET", f"https://notify.twilio.com/v1/Services/{service.sid}/Users")
"""


@pytest.mark.parametrize("switches", [{}, FIVE], ids=["equal", "five switches"])
def test_of_a_recorded_program_just_the_other_switches_are_found(
    open_fake: Callable[..., FakeNotify], switches: dict[str, Any], tmp_path: Path
) -> None:
    other = open_fake(seed=5, **switches)
    account = {"TWILIO_ACCOUNT_SID": other.account_sid, "TWILIO_AUTH_TOKEN": other.auth_token}
    done = fakenotify("--upstream", other.url, "--record", str(tmp_path / "calls"), program=WALK, **account)
    assert done.returncode == 0, done.stderr
    found = replay.compare(read(tmp_path / "calls"))
    assert {str(each.switch).partition("=")[0] for each in found} == set(switches)


def _client_of(app: Any) -> Client:
    return twilio.client("https://notify.twilio.com", "AC" + "a" * 32, "secret", app)


def test_a_call_that_reaches_nobody_is_a_502_and_not_recorded(tmp_path: Path) -> None:
    recorder = Recorder("http://127.0.0.1:1", str(tmp_path / "calls.jsonl"))
    body = []
    environ = {"REQUEST_METHOD": "GET", "RAW_URI": "/v1/Services", "SERVER_NAME": "x", "SERVER_PORT": "1"}
    answer = recorder(environ, lambda status, headers, exc=None: body.append(status) or (lambda data: None))
    assert "can't be reached" in b"".join(answer).decode()
    recorder.close()
    assert (body, list(tmp_path.iterdir())) == (["502 BAD GATEWAY"], [])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--upstream", "http://x"), "--upstream and --record go together: whose answers to record, and where"),
        (("--record", "{there}"), "--upstream and --record go together: whose answers to record, and where"),
        (
            ("--upstream", "notify", "--record", "{there}"),
            "--upstream 'notify' is not the URL of a Notify, such as https://notify.twilio.com",
        ),
        (
            ("--upstream", "http://x", "--record", "/missing/calls"),
            "can't write /missing/calls: No such file or directory",
        ),
    ],
)
def test_what_cannot_be_recorded_is_one_line_and_status_2(
    options: tuple[str, ...], words: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "there").write_text("an older one")
    given = [each.format(there=tmp_path / "there") for each in options]
    assert main(["run", *given, "--", "true"]) == 2
    assert capfd.readouterr() == ("", f"fakenotify: {words}\n")
    assert (tmp_path / "there").read_text() == "an older one"


def test_the_fake_itself_is_no_upstream(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    url = f"http://localhost:{port}"
    options = ["--port", str(port), "--upstream", url, "--record", str(tmp_path / "calls")]
    assert main(["run", *options, "--", "true"]) == 2
    assert capfd.readouterr().err == f"fakenotify: --upstream {url} is this fake itself; name another Notify\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("body", "expected"), [(b"", None), (b"<html>", None), (b'["a list"]', ["a list"])])
def test_an_answer_that_is_no_object_is_recorded_all_the_same(body: bytes, expected: Any, tmp_path: Path) -> None:
    def answer() -> None:
        with upstream.accept()[0] as connection:
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))

    with socket.create_server(("127.0.0.1", 0)) as upstream:
        thread = threading.Thread(target=answer)
        thread.start()
        recorder = Recorder(f"http://127.0.0.1:{upstream.getsockname()[1]}", str(tmp_path / "calls.jsonl"))
        environ = {"REQUEST_METHOD": "GET", "RAW_URI": f"/v1/Services/IS{'a' * 32}", "SERVER_NAME": "x"}
        came = recorder(environ | {"SERVER_PORT": "1"}, lambda status, headers, exc=None: lambda data: None)
        assert b"".join(came) == body
        thread.join()
    recorder.close()
    (call,) = read(tmp_path / "calls.jsonl")
    assert (call.status, call.body) == (404, expected)
