"""``fakenotify run --upstream URL --record FILE``: calls reach another Notify, here a second fake, and are recorded."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fakenotify import FakeNotify
from fakenotify.cli.commands import main
from fakenotify.conformance import replay
from fakenotify.conformance.recording import read
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


def test_a_program_is_recorded_masked_with_the_pages_that_it_followed(
    open_fake: Callable[..., FakeNotify], tmp_path: Path
) -> None:
    other = open_fake(seed=5, accounts={"AC" + "d" * 32: "token0"})  # the other Notify, which checks credentials
    target = tmp_path / "calls.jsonl"
    options = ["--upstream", other.url, "--record", str(target)]
    command = [sys.executable, "-m", "fakenotify", "run", *options, "--", sys.executable, "-c", PROGRAM]
    kept = {name: value for name, value in os.environ.items() if "PROXY" not in name.upper()}
    account = {"TWILIO_ACCOUNT_SID": other.account_sid, "TWILIO_AUTH_TOKEN": other.auth_token}
    done = subprocess.run(command, env=kept | account, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert done.stderr == "fakenotify: 10 calls recorded: 7 with 201, 2 with 200, 1 with 404\n"
    assert len(other.bindings) == 4
    text = target.read_text()
    assert [word for word in PERSONAL if word in text] == []
    assert [path.name for path in tmp_path.iterdir()] == ["calls.jsonl"]
    pages = [call for call in read(target) if call.method == "GET" and call.path.endswith("/Bindings")]
    assert [(len(page.body["bindings"]), "PageToken" in page.query) for page in pages] == [(2, False), (2, True)]
    assert replay.compare(read(target)) == []


def ask(recorder: Recorder, path: str) -> tuple[str, bytes]:
    """Status line and body of a plain request."""
    status: list[str] = []
    environ = {"REQUEST_METHOD": "GET", "RAW_URI": path, "SERVER_NAME": "x", "SERVER_PORT": "1"}
    answer = recorder(environ, lambda line, headers, exc=None: status.append(line) or (lambda data: None))
    return status[0], b"".join(answer)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_call_without_an_answer_is_a_502_and_not_recorded(tmp_path: Path, scheme: str) -> None:
    recorder = Recorder(f"{scheme}://127.0.0.1:1", str(tmp_path / "calls.jsonl"))
    status, body = ask(recorder, "/v1/Services")
    recorder.close()
    assert (status, b"can't be reached" in body, list(tmp_path.iterdir())) == ("502 BAD GATEWAY", True, [])


def test_what_cannot_be_recorded_is_one_line_and_status_2(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], free_port: int
) -> None:
    there, own = tmp_path / "there", f"http://localhost:{free_port}"
    there.write_text("an older one")
    record = ("--record", str(there))
    together = "--upstream and --record go together: whose answers to record, and where"
    expected: dict[tuple[str, ...], str] = {
        ("--upstream", "http://x"): together,
        record: together,
        **{
            ("--upstream", url, *record): (
                f"--upstream {url!r} is not the URL of a Notify, such as https://notify.twilio.com"
            )
            for url in ("notify", "http://x:99999", "http://[::1", "http://x/v1")
        },
        ("--upstream", "http://x", "--record", "/missing/calls"): (
            "can't write /missing/calls: No such file or directory"
        ),
        ("--upstream", "http://x", "--record", str(tmp_path)): f"can't write {tmp_path}: {tmp_path} is a folder",
        ("--port", str(free_port), "--upstream", own, *record): (
            f"--upstream {own} is this fake itself; name another Notify"
        ),
    }
    for options, words in expected.items():
        assert main(["run", *options, "--", "true"]) == 2
        assert capfd.readouterr() == ("", f"fakenotify: {words}\n")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("there", "an older one")]


@pytest.mark.parametrize(("body", "expected"), [(b"", None), (b"<html>", None), (b'["a list"]', ["a list"])])
def test_an_answer_that_is_not_an_object_is_recorded_too(body: bytes, expected: Any, tmp_path: Path) -> None:
    def answer() -> None:
        with upstream.accept()[0] as connection:
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))

    with socket.create_server(("127.0.0.1", 0)) as upstream:
        thread = threading.Thread(target=answer)
        thread.start()
        recorder = Recorder(f"http://127.0.0.1:{upstream.getsockname()[1]}", str(tmp_path / "calls.jsonl"))
        assert ask(recorder, f"/v1/Services/IS{'a' * 32}") == ("404 Not Found", body)
        thread.join()
    recorder.close()
    (call,) = read(tmp_path / "calls.jsonl")
    assert (call.status, call.body) == (404, expected)
