"""``fakenotify``, the server: its output, its files, its options, and how it stops."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
from argparse import Namespace
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from command_line import FAKENOTIFY, PATIENCE, ended, environment, lines_of, running, steady

from fakenotify import Behaviour, FakeNotify, __version__
from fakenotify.notify.accounts import ACCOUNT_SID, AUTH_TOKEN

OTHER_SID = "AC" + "b" * 32
IS = "IS" + "a" * 32
ASKED = b"GET /v1/Services HTTP/1.1\r\nHost: localhost\r\n\r\n"
Serve = Callable[..., Any]


def connected(url: str) -> socket.socket:
    """A connection to a server."""
    return socket.create_connection((urlsplit(url).hostname or "", urlsplit(url).port or 0), timeout=5)


# what it prints


def test_the_banner_is_for_people_or_json(serve: Serve) -> None:
    with serve("--service", IS) as server:
        assert server.printed.splitlines() == [
            f"fakenotify {__version__} answers at {server.url} (stop it with Ctrl-C)",
            f"  inspector   {server.url}/_fake/",
            f"  account     {ACCOUNT_SID}",
            f"  auth token  {AUTH_TOKEN}",
            f"  service     {IS}",
            f"  try it      curl -u {ACCOUNT_SID}:{AUTH_TOKEN} {server.url}/v1/Services/{IS}/Bindings "
            "-d Identity=alice -d BindingType=sms -d Address=%2B15005550006",
        ]
    with serve("--service", IS, "--json") as server:
        assert json.loads(server.printed) == {
            "url": f"http://127.0.0.1:{urlsplit(server.url).port}",
            "pid": os.getpid(),
            "account_sid": ACCOUNT_SID,
            "auth_token": AUTH_TOKEN,
            "service_sid": IS,
            "inspector": f"{server.url}/_fake/",
        }


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl here")
@pytest.mark.parametrize("arguments", [("--account", f'{OTHER_SID}=it\'s "$HOME" `x` \\ !'), ("--host", "::1")])
@pytest.mark.usefixtures("ipv6")
def test_the_curl_line_of_the_banner_works(serve: Serve, arguments: tuple[str, ...]) -> None:
    with serve(*arguments) as server:
        command = server.printed.splitlines()[-1].removeprefix("  try it      ")
        done = subprocess.run(f"{command} --silent --noproxy '*'", shell=True, capture_output=True, timeout=PATIENCE)
    answer = json.loads(done.stdout)
    assert (answer["identity"], answer["binding_type"], answer["address"]) == ("alice", "sms", "+15005550006")
    assert steady(server.done.stdout) == "TIME 201 bindings.create alice TOOK\n"


TALK = """\
TIME 200 services.find TOOK
TIME 401 GET /v1/Services → 20003 Authenticate [sibling D19] TOOK
TIME 201 services.create SID TOOK
    warning: parameter 'friendlyName' was not read; did you mean 'FriendlyName'? (names are case-sensitive)
"""


ENTRIES = [(200, "services.find", None), (401, None, 20003), (201, "services.create", None)]


@pytest.mark.parametrize(
    ("options", "stream"),
    [
        ((), "stdout"),
        (("--json",), "stderr"),
        (("--log-format", "json"), "stdout"),
        (("--log-format", "json", "--json"), "stderr"),
        (("--quiet",), "stdout"),
    ],
)
def test_the_request_log_is_on_stdout_or_with_json_on_stderr(
    serve: Serve, options: tuple[str, ...], stream: str
) -> None:
    with serve(*options) as server:
        server.ask("GET", "/v1/Services")
        server.ask("GET", "/v1/Services", user="nobody")
        server.ask("POST", "/v1/Services", "friendlyName=x")
    done = server.done._asdict()
    log = done.pop(stream)
    assert sorted(map(str, done.values())) == ["", "0"]
    if "--log-format" in options:
        entries = [json.loads(line) for line in log.splitlines()]
        assert [(each["status"], each["operation"], each["code"]) for each in entries] == ENTRIES
        assert (entries[2]["params"], server.banner["url"]) == ({"friendlyName": "x"}, server.url)
    else:
        assert steady(log) == ("" if "--quiet" in options else TALK)


@pytest.mark.parametrize("form", ["text", "json"])
def test_the_log_says_once_that_the_journal_is_full(serve: Serve, form: str) -> None:
    with serve("--keep-requests", "2", "--log-format", form) as server:
        for _ in range(4):
            server.ask("GET", "/v1/Services")
    notice = "the journal is full: from now on its oldest requests are dropped; --keep-requests raises the limit"
    lines = server.done.stdout.splitlines()
    assert [at for at, line in enumerate(lines) if notice in line] == [3]
    assert lines[3] == (json.dumps({"notice": notice}) if form == "json" else f"    notice: {notice}")


def test_what_a_client_sends_cannot_steer_the_terminal(serve: Serve) -> None:
    with serve() as server:
        server.ask("GET", "/v1/%1b%5b31m%0a%c2%9b")
        server.ask("POST", "/v1/Services?%0a200%20GET%20%20%20%20/forged%1b%5b31m=1", "%1b%5b31m%0a=x")
        with connected(server.url) as raw:
            raw.sendall(b"\x1b[31mGET /v1/\x1b[31m\x9b HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            assert raw.makefile("rb").read().startswith(b"HTTP/1.1 401")
    assert [each for each in server.done.stdout if not (each.isprintable() or each == "\n")] == []
    starts = [line[:9] for line in steady(server.done.stdout).splitlines()]
    assert starts == ["TIME 404 ", "    warni", "TIME 201 ", "    warni", "    warni", "TIME 401 "]


def test_every_request_is_logged_before_the_end(serve: Serve) -> None:
    with serve() as server, connected(server.url) as raw:
        raw.sendall(ASKED * 200)
        received = b""
        while received.count(b"HTTP/1.1 401") < 200:
            received += raw.recv(65536)
    line = "TIME 401 GET /v1/Services → 20003 Authenticate [sibling D19] TOOK\n"
    assert steady(server.done.stdout) == line * 200


def test_listening_beyond_loopback_is_a_warning_in_one_line(serve: Serve) -> None:
    with serve("--host", "0.0.0.0") as server:
        assert urlsplit(server.url).hostname == "127.0.0.1"
    assert server.done.stderr == (
        "fakenotify: fakenotify listens on 0.0.0.0, not on loopback: anyone who reaches this machine can use it\n"
    )


# files


def test_the_port_file_is_never_seen_half_written(serve: Serve, tmp_path: Path) -> None:
    """A script that waits for the file reads it as soon as it appears, so it must replace an older one atomically."""
    (tmp_path / "port").write_text("an older one, of another run")
    os.link(tmp_path / "port", tmp_path / "older")
    with serve("--port-file", str(tmp_path / "port")) as server:
        assert (tmp_path / "port").read_text() == str(urlsplit(server.url).port)
    assert (tmp_path / "older").read_text() == "an older one, of another run"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["older", "port"]


def test_a_port_file_may_be_a_pipe(serve: Serve, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "port")
    pipe = os.open(tmp_path / "port", os.O_RDWR)
    with serve("--port-file", str(tmp_path / "port")) as server:
        assert os.read(pipe, 10).decode() == str(urlsplit(server.url).port)
    os.close(pipe)


def test_the_state_is_loaded_at_the_start_and_at_each_reset(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "world.json").write_text(json.dumps({"services": [{"sid": IS, "friendly_name": "a"}, {}]}))
    with serve("--json", "--state", str(tmp_path / "world.json")) as server:
        assert (server.service_sid, server.ask("POST", "/v1/Services", "FriendlyName=later")[0]) == (IS, 201)
        assert (server.ask("POST", "/_fake/reset")[0], server.names()) == (200, ["a", None])
        second = server.ask("GET", "/v1/Services")[1]["services"][1]["sid"]
    with serve("--json", "--service", second, "--state", str(tmp_path / "world.json")) as server:
        assert (server.service_sid, server.names()) == (second, ["a", None])


def test_a_state_without_a_service_gets_one_that_can_send(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "world.json").write_text('{"credentials": [{"type": "apn"}]}')
    with serve("--json", "--state", str(tmp_path / "world.json")) as server:
        form = "ToBinding=%7B%22binding_type%22%3A%22sms%22%2C%22address%22%3A%22%2B15005550006%22%7D&Body=Hi"
        assert server.ask("POST", f"/v1/Services/{server.service_sid}/Notifications", form)[0] == 201
        deliveries = server.ask("GET", "/_fake/deliveries")[1]["deliveries"]
        assert [(each["status"], each["error_code"]) for each in deliveries] == [("SENT", None)]
        assert [each["type"] for each in server.ask("GET", "/v1/Credentials")[1]["credentials"]] == ["apn"]


def test_the_world_is_saved_at_the_end(serve: Serve, tmp_path: Path) -> None:
    with serve("--json", "--save-state", str(tmp_path / "world.json")) as server:
        server.ask("POST", "/v1/Credentials", "Type=fcm&Secret=hush")
        server.ask("POST", "/v1/Services", user=OTHER_SID, password="hush")
    text = (tmp_path / "world.json").read_text()
    state = json.loads(text)
    assert sorted(state["accounts"]) == sorted([ACCOUNT_SID, OTHER_SID])
    assert [each["type"] for each in state["accounts"][ACCOUNT_SID]["credentials"]] == ["fcm"]
    assert ("hush" in text, [path.name for path in tmp_path.iterdir()]) == (False, ["world.json"])
    with FakeNotify() as fake:
        fake.load(tmp_path / "world.json")
        assert [each.sid for each in fake.services] == [server.service_sid]


def test_a_world_that_cannot_be_saved_is_reported_at_the_end(serve: Serve, tmp_path: Path) -> None:
    path = tmp_path / "passing" / "world.json"
    path.parent.mkdir()
    with serve("--quiet", "--save-state", str(path)) as server:
        path.parent.rmdir()
    assert server.done == (2, "", f"fakenotify: can't write {path}: there is no such folder\n")


# options


def test_accounts_restrict_access_and_the_first_is_the_default(serve: Serve) -> None:
    accounts = ("--account", f"{OTHER_SID}=one=two", "--account", f"{ACCOUNT_SID}=x")
    with serve("--json", *accounts, "--service", IS) as server:
        assert (server.banner["account_sid"], server.banner["auth_token"]) == (OTHER_SID, "one=two")
        asked = [(OTHER_SID, "one=two"), (ACCOUNT_SID, "x"), (OTHER_SID, "x"), ("AC" + "c" * 32, "x")]
        assert [server.ask("GET", f"/v1/Services/{IS}", "", *each)[0] for each in asked] == [200, 404, 401, 401]


def test_switches_and_hosts_are_set_and_each_account_has_its_own_world(serve: Serve) -> None:
    options = ("--behaviour", "identity_limit=evict_oldest", "--behaviour", "callback_when_empty=true")
    with serve(*options, "--allow-host", "fakenotify", "--allow-host", "other.example") as server:
        switches = Behaviour(unknown_accounts="own", identity_limit="evict_oldest", callback_when_empty=True)
        assert server.ask("GET", "/_fake/behaviour") == (200, switches.to_json())
        assert server.ask("GET", "/v1/Services", user=OTHER_SID)[1]["services"] == []
        assert server.names() == ["fakenotify"]
        statuses = []
        for host in ("fakenotify:4010", "Other.Example", "evil.example"):
            with connected(server.url) as raw:
                raw.sendall(f"GET /_fake/health HTTP/1.0\r\nHost: {host}\r\n\r\n".encode())
                statuses.append(raw.makefile().readline().split()[1])
        assert statuses == ["200", "200", "403"]


def test_the_seed_decides_the_sids(serve: Serve) -> None:
    sids = []
    for seed in ("1", "1", "2"):
        with serve("--json", "--seed", seed) as server:
            sids.append(server.service_sid)
    assert (sids[0] == sids[1], sids[0] == sids[2]) == (True, False)


# the end


def open_connections(stack: contextlib.ExitStack, url: str) -> None:
    """A kept connection, one with half a request, one that stalls, and one that reads events."""
    kept, half, stalled, events = (stack.enter_context(connected(url)) for _ in range(4))
    login = b"Authorization: Basic " + b64encode(f"{ACCOUNT_SID}:x".encode())
    kept.sendall(b"GET /_fake/health HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert kept.recv(65536)
    half.sendall(b"POST /v1/Services HTTP/1.1\r\nContent-Length: 100\r\n\r\nhalf")
    stalled.sendall(b"GET /v1/Services HTTP/1.1\r\n" + login + b"\r\n\r\n")
    events.sendall(b"GET /_fake/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert events.recv(65536)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_the_server_whatever_is_open_and_further_ones_change_nothing(
    number: signal.Signals, tmp_path: Path, wire_as: Callable[..., Any]
) -> None:
    command = (*FAKENOTIFY, "--port", "0", "--json", "--save-state", str(tmp_path / "world.json"))
    with running(*command) as process, contextlib.ExitStack() as stack:
        url = json.loads(next(lines_of(process.stdout)))["url"]
        fault = '{"operation": "services.find", "fault": "stall"}'
        kind = {"Content-Type": "application/json"}
        assert wire_as(Namespace(url=url), ACCOUNT_SID, "x").send("POST", "/_fake/faults", fault, kind).status == 200
        open_connections(stack, url)
        process.send_signal(number)
        while process.poll() is None:
            process.send_signal(number)
            threading.Event().wait(0.001)
        done = ended(process)
    assert (done.status, done.stdout, "Traceback" in done.stderr) == (0, "", False)
    assert json.loads((tmp_path / "world.json").read_text())["fakenotify"] == 1


def test_a_signal_during_the_start_stops_it_too(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "world.json")
    with (
        running(*FAKENOTIFY, "--port", "0", "--state", str(tmp_path / "world.json")) as process,
        open(tmp_path / "world.json", "w"),  # opens when the other side does: then it waits for what is written
    ):
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.send_signal(signal.SIGINT)
            process.wait(0.5)  # one that came a moment before the read began doesn't end the read
        process.send_signal(signal.SIGINT)
        done = ended(process)
    assert (done.status, done.stdout, "KeyboardInterrupt" in done.stderr) == (0, "", False)


def test_a_signal_during_the_imports_leaves_no_traceback(tmp_path: Path) -> None:
    """A slow import stands for any moment before the server starts."""
    (tmp_path / "argparse.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\nsignal.pause()")
    with running(sys.executable, "-m", "fakenotify", given={"PYTHONPATH": str(tmp_path)}) as process:
        assert ended(process) == (0, "", "")


def test_a_signal_under_load_stops_it_at_once(tmp_path: Path) -> None:
    with open(tmp_path / "stdout", "w") as stdout, open(tmp_path / "stderr", "w") as stderr:
        os.mkfifo(tmp_path / "port")
        command = (*FAKENOTIFY, "--port", "0", "--port-file", str(tmp_path / "port"))
        with running(*command, stdout=stdout, stderr=stderr) as process:
            url = f"http://127.0.0.1:{(tmp_path / 'port').read_text()}"
            enough = threading.Barrier(5)

            def hammer() -> None:
                with contextlib.suppress(OSError), connected(url) as raw:
                    for at in range(1_000_000):
                        raw.sendall(ASKED * 10)
                        if not raw.recv(65536):
                            return
                        if at == 20:
                            enough.wait(PATIENCE)

            hammers = [threading.Thread(target=hammer) for _ in range(4)]
            for each in hammers:
                each.start()
            enough.wait(PATIENCE)
            process.terminate()
            status = process.wait(PATIENCE)
            for each in hammers:
                each.join(PATIENCE)
    assert (status, (tmp_path / "stderr").read_text()) == (0, "")
    assert (tmp_path / "stdout").read_text().endswith("\n")


# streams that nobody reads


@pytest.mark.parametrize(("arguments", "closed"), [((), 1), (("--json",), 2)])
def test_the_server_runs_without_stdout_or_stderr(tmp_path: Path, arguments: tuple[str, ...], closed: int) -> None:
    os.mkfifo(tmp_path / "port")
    command = (*FAKENOTIFY, "--port", "0", "--port-file", str(tmp_path / "port"), *arguments)
    streams = {("stdout", "stderr")[closed - 1]: None, "preexec_fn": lambda: os.close(closed)}
    with running(*command, **streams) as process:
        assert "401" in ask_twice(f"http://127.0.0.1:{(tmp_path / 'port').read_text()}")
        process.terminate()
        done = ended(process)
    assert (done.status, done.stderr, done.stdout.count("\n")) == (0, "", 0 if closed == 1 else 1)


def test_the_server_goes_on_when_stdout_is_closed(tmp_path: Path) -> None:
    with running(*FAKENOTIFY, "--port", "0", "--log-format", "json") as process:
        assert process.stdout is not None
        url = json.loads(process.stdout.readline())["url"]
        process.stdout.close()
        assert "401" in ask_twice(url)
        process.terminate()
        process.stdout = None
        assert ended(process) == (0, "", "")


def ask_twice(url: str) -> str:
    """The status line of the second answer."""
    with connected(url) as raw:
        for _ in range(2):
            raw.sendall(ASKED)
            received = raw.recv(65536)
    return received.decode().partition("\r\n")[0]


def test_a_log_that_nobody_reads_delays_neither_requests_nor_the_end() -> None:
    with running(*FAKENOTIFY, "--port", "0", "--log-format", "json") as process:
        assert process.stdout is not None
        with connected(json.loads(process.stdout.readline())["url"]) as raw:
            for _ in range(1000):
                raw.sendall(ASKED)
                assert raw.recv(65536).startswith(b"HTTP/1.1 401")
        process.terminate()
        assert process.wait(PATIENCE) == 0
        done = ended(process)
    assert ("Fatal" in done.stderr, len(done.stdout) > 10_000) == (False, True)


# its proxy


def test_the_variables_lead_a_shells_programs_to_the_server(serve: Serve, tmp_path: Path) -> None:
    pytest.importorskip("trustme", reason="the extra 'proxy' is not installed")
    options = ("--service", IS, "--proxy-port", "0", "--ca-file", str(tmp_path / "ca.pem"))
    with serve(*options, TWILIO_REGION="ie1", HTTP_PROXY="p") as server:
        line = server.printed.splitlines()[-1]
        found = re.fullmatch(r"  proxy       http://127\.0\.0\.1:(\d+); in the shell of programs .*: (eval .*)", line)
        assert found
        assert found[2] == f'eval "$(fakenotify env --proxy-port {found[1]})"'
        command = found[2].replace("fakenotify", " ".join(FAKENOTIFY), 1)
        ask = "import requests; print(requests.get('https://notify.twilio.com/v1/Services').status_code)"
        tell = 'echo "$FAKENOTIFY_URL"; cat "${SSL_CERT_FILE%/*}/ca.pem"'
        script = f'{command}; {sys.executable} -c "{ask}"; {tell}'
        done = subprocess.run(["bash", "-c", script], capture_output=True, timeout=PATIENCE, env=environment())
    assert done.stdout.decode() == f"401\n{server.url}\n{(tmp_path / 'ca.pem').read_text()}", done.stderr
    first, second = server.done.stderr.splitlines()
    assert first.startswith(f"fakenotify: HTTP_PROXY is set, so that clients ask that proxy for {server.url}")
    assert second.startswith("fakenotify: TWILIO_REGION is set, so that ")
    with serve("--json", "--proxy-port", "0") as server:
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+", server.banner["proxy"])
