"""``python -m fakenotify`` as others run it: in a process of its own."""

from __future__ import annotations

import contextlib
import errno
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from argparse import Namespace
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from time import monotonic
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest

from fakenotify import Behaviour, FakeNotify, __version__
from fakenotify.cli import log as log_module
from fakenotify.cli.commands import parser_of
from fakenotify.cli.log import RequestLog
from fakenotify.cli.options import build, start
from fakenotify.cli.output import CommandError
from fakenotify.notify.accounts import ACCOUNT_SID, AUTH_TOKEN, KEPT_BYTES, KEPT_DELIVERIES
from fakenotify.notify.journal import KEPT_REQUESTS

PATIENCE = 20.0
"""Seconds after which a process is killed."""

AT_ONCE = 1.5
"""Seconds within which a process has ended, its own clearing up included."""

OTHER_SID = "AC" + "b" * 32
IS = "IS" + "a" * 32
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="signals and descriptors as POSIX has them")


def environment(**variables: str) -> dict[str, str]:
    """This process's, without what is meant for fakenotify, and with the variables given."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FAKENOTIFY_")}
    return {**kept, **variables}


class Done(NamedTuple):
    status: int
    stdout: str
    stderr: str


Call = Callable[..., Done]


def run(*arguments: str, **variables: str) -> Done:
    """Run a command line that ends by itself."""
    command = [sys.executable, "-W", "error", "-m", "fakenotify", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, env=environment(**variables))
    return Done(done.returncode, done.stdout, done.stderr)


class Running:
    """A fakenotify in a process of its own."""

    def __init__(self, arguments: tuple[str, ...], variables: Mapping[str, str], **streams: Any) -> None:
        given = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **streams}
        command = [sys.executable, "-W", "error", "-m", "fakenotify", *arguments]
        self.process = subprocess.Popen(command, text=True, env=environment(**variables), **given)
        self._guard = threading.Timer(PATIENCE, self.process.kill)
        self._guard.start()

    def line(self) -> str:
        """The next line of stdout."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().rstrip("\n")

    def end(self, number: int = signal.SIGTERM) -> Done:
        """End it, which it must do at once, and tell what it had yet to say."""
        self.process.send_signal(number)
        began = monotonic()
        status = self.process.wait()
        assert monotonic() - began < AT_ONCE
        said = [stream.read() if stream else "" for stream in (self.process.stdout, self.process.stderr)]
        return Done(status, *said)

    def clear_up(self) -> None:
        self._guard.cancel()
        if self.process.poll() is None:
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(AT_ONCE)
            self.process.kill()
        self.process.wait()
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()


@pytest.fixture
def launch() -> Iterator[Callable[..., Running]]:
    """Starts processes on a free port; none survives the test."""
    with contextlib.ExitStack() as stack:

        def start(*arguments: str, variables: Mapping[str, str] | None = None, **streams: Any) -> Running:
            running = Running(("--port", "0", *arguments), variables or {}, **streams)
            stack.callback(running.clear_up)
            return running

        yield start


class Server:
    """A process that has told with ``--json`` where it is."""

    def __init__(self, running: Running) -> None:
        self.running = running
        first = running.line()
        assert first, running.process.stderr and running.process.stderr.read()
        self.told = json.loads(first)
        self.url = self.told["url"]

    def ask(
        self,
        method: str,
        target: str,
        body: bytes | None = None,
        *,
        user: str = ACCOUNT_SID,
        password: str = "x",
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, Any]:
        token = b64encode(f"{user}:{password}".encode()).decode()
        kind = "application/json" if target.startswith("/_fake/") else "application/x-www-form-urlencoded"
        sent = {"Authorization": f"Basic {token}", "Content-Type": kind, **(headers or {})}
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(urllib.request.Request(self.url + target, body, sent, method=method), timeout=5) as answer:
                return answer.status, json.loads(answer.read() or "null")
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read() or "null")

    def end(self, number: int = signal.SIGTERM) -> Done:
        return self.running.end(number)


@pytest.fixture
def serve(launch: Callable[..., Running]) -> Callable[..., Server]:
    """Starts processes with ``--json`` and waits until they answer."""
    return lambda *arguments, **how: Server(launch("--json", *arguments, **how))


# what it says


def banner(running: Running) -> list[str]:
    return [running.line() for _ in range(6)]


def test_the_banner_tells_all_that_is_needed(launch: Callable[..., Running]) -> None:
    running = launch()
    first, inspector, account, token, service, curl = banner(running)
    url = re.fullmatch(rf"fakenotify {__version__} answers at (http://127\.0\.0\.1:\d+) \(stop it with Ctrl-C\)", first)
    sid = re.fullmatch(r"  service     (IS[0-9a-f]{32})", service)
    assert url
    assert sid
    assert inspector == f"  inspector   {url[1]}/_fake/"
    assert (account, token) == (f"  account     {ACCOUNT_SID}", f"  auth token  {AUTH_TOKEN}")
    assert curl == (
        f"  try it      curl -u {ACCOUNT_SID}:{AUTH_TOKEN} {url[1]}/v1/Services/{sid[1]}/Bindings "
        "-d Identity=alice -d BindingType=sms -d Address=%2B15005550006"
    )
    done = running.end()
    assert (done.status, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl here")
@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--account", f'{OTHER_SID}=it\'s "$HOME" `x` \\ !'),
        pytest.param(("--host", "::1"), marks=pytest.mark.skipif(not socket.has_ipv6, reason="there is no IPv6 here")),
    ],
)
def test_the_curl_line_of_the_banner_works(launch: Callable[..., Running], arguments: tuple[str, ...]) -> None:
    running = launch(*arguments)
    line = banner(running)[-1].removeprefix("  try it      ")
    done = subprocess.run(
        f"{line} --silent --noproxy '*'", shell=True, capture_output=True, text=True, timeout=PATIENCE, check=True
    )
    answer = json.loads(done.stdout)
    assert (answer["identity"], answer["binding_type"], answer["address"]) == ("alice", "sms", "+15005550006")
    assert steady(running.line() + "\n") == "TIME 201 bindings.create alice TOOK\n"


def test_the_first_line_may_be_json(serve: Callable[..., Server]) -> None:
    server = serve()
    port = urlsplit(server.url).port
    assert server.told == {
        "url": f"http://127.0.0.1:{port}",
        "pid": server.running.process.pid,
        "account_sid": ACCOUNT_SID,
        "auth_token": AUTH_TOKEN,
        "service_sid": server.told["service_sid"],
        "inspector": f"http://127.0.0.1:{port}/_fake/",
    }
    assert server.ask("GET", f"/v1/Services/{server.told['service_sid']}")[0] == 200


def test_the_service_of_the_start_can_send_by_sms(serve: Callable[..., Server]) -> None:
    server = serve()
    target = f"/v1/Services/{server.told['service_sid']}/Notifications"
    to_binding = b"ToBinding=%7B%22binding_type%22%3A%22sms%22%2C%22address%22%3A%22%2B15005550006%22%7D&Body=Hi"
    assert server.ask("POST", target, to_binding)[0] == 201
    deliveries = server.ask("GET", "/_fake/deliveries")[1]["deliveries"]
    assert [(each["status"], each["error_code"]) for each in deliveries] == [("SENT", None)]


def test_a_browser_that_asks_for_the_root_is_sent_to_the_inspector(serve: Callable[..., Server]) -> None:
    parts = urlsplit(serve("--quiet").url)
    found = []
    for accept in ("text/html,application/xhtml+xml", "*/*"):
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=5)
        connection.request("GET", "/", headers={"Accept": accept})
        answer = connection.getresponse()
        found.append((answer.status, answer.getheader("Location")))
        connection.close()
    assert found == [(302, "/_fake/"), (401, None)]


# the log


def talk(server: Server) -> None:
    """One request that is fine, one that is refused, one with something that Notify ignores."""
    server.ask("GET", "/v1/Services")
    server.ask("GET", "/v1/Services", user="nobody")
    server.ask("POST", "/v1/Services", b"friendlyName=x")


TALK = """\
TIME 200 services.find TOOK
TIME 401 GET /v1/Services → 20003 Authenticate [sibling D19] TOOK
TIME 201 services.create SID TOOK
    warning: parameter 'friendlyName' was not read; did you mean 'FriendlyName'? (names are case-sensitive)
"""


def steady(log: str) -> str:
    """A log without what differs from run to run."""
    log = re.sub(r"^\d\d:\d\d:\d\d ", "TIME ", log, flags=re.MULTILINE)
    return re.sub(r"[A-Z]{2}[0-9a-f]{32}", "SID", re.sub(r"\d+(\.\d)? ms$", "TOOK", log, flags=re.MULTILINE))


def test_requests_are_logged_on_stdout(launch: Callable[..., Running], tmp_path: Path) -> None:
    port_file = tmp_path / "port"
    running = launch("--port-file", str(port_file))
    banner(running)
    server = Server.__new__(Server)
    server.running, server.url = running, f"http://127.0.0.1:{port_file.read_text()}"
    talk(server)
    done = server.end()
    assert (done.status, steady(done.stdout), done.stderr) == (0, TALK, "")


def test_with_json_the_log_goes_to_stderr(serve: Callable[..., Server]) -> None:
    server = serve()
    talk(server)
    done = server.end()
    assert (done.status, done.stdout, steady(done.stderr)) == (0, "", TALK)


@pytest.mark.parametrize("to_stderr", [True, False])
def test_the_log_may_be_json(launch: Callable[..., Running], to_stderr: bool, tmp_path: Path) -> None:
    running = launch("--log-format", "json", "--port-file", str(tmp_path / "port"), *(["--json"] if to_stderr else []))
    running.line()
    server = Server.__new__(Server)
    server.running, server.url = running, f"http://127.0.0.1:{(tmp_path / 'port').read_text()}"
    talk(server)
    done = server.end()
    assert (done.stdout if to_stderr else done.stderr) == ""
    logged = [json.loads(line) for line in (done.stderr if to_stderr else done.stdout).splitlines()]
    assert [(each["status"], each["operation"], each["code"]) for each in logged] == [
        (200, "services.find", None),
        (401, None, 20003),
        (201, "services.create", None),
    ]
    assert logged[2]["params"] == {"friendlyName": "x"}


def test_quiet_logs_nothing(serve: Callable[..., Server]) -> None:
    server = serve("--quiet")
    talk(server)
    assert server.end() == (0, "", "")


def test_what_a_client_sends_cannot_steer_the_terminal(serve: Callable[..., Server]) -> None:
    server = serve()
    server.ask("GET", "/v1/%1b%5b31m%0a%c2%9b")
    server.ask("POST", "/v1/Services?%0a200%20GET%20%20%20%20/forged%1b%5b31m=1", b"%1b%5b31m%0a=x")
    parts = urlsplit(server.url)
    with socket.create_connection((parts.hostname, parts.port), timeout=5) as raw:
        raw.sendall(b"\x1b[31mGET /v1/\x1b[31m\x9b HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert raw.makefile("rb").read().startswith(b"HTTP/1.1 401")
    done = server.end()
    assert [each for each in done.stderr if not (each.isprintable() or each == "\n")] == []
    starts = [line[:9] for line in steady(done.stderr).splitlines()]
    assert starts == ["TIME 404 ", "    warni", "TIME 201 ", "    warni", "    warni", "TIME 401 "]


# files


def test_the_port_file_holds_the_number_alone_once_the_port_answers(
    launch: Callable[..., Running], tmp_path: Path
) -> None:
    running = launch("--port-file", str(tmp_path / "port"), stdout=subprocess.DEVNULL)
    deadline = monotonic() + PATIENCE
    while not (tmp_path / "port").exists() and monotonic() < deadline:
        assert running.process.poll() is None
        threading.Event().wait(0.01)
    port = (tmp_path / "port").read_text()
    assert port.isdecimal()
    socket.create_connection(("127.0.0.1", int(port)), timeout=5).close()
    assert [path.name for path in tmp_path.iterdir()] == ["port"]


@POSIX
def test_the_port_file_is_never_seen_half_written(serve: Callable[..., Server], tmp_path: Path) -> None:
    """Whoever waits for the file to appear reads it at once: so it appears whole, in the place of an older one."""
    (tmp_path / "port").write_text("an older one, of another run")
    os.link(tmp_path / "port", tmp_path / "older")
    server = serve("--port-file", str(tmp_path / "port"))
    assert (tmp_path / "port").read_text() == str(urlsplit(server.url).port)
    assert (tmp_path / "older").read_text() == "an older one, of another run"


@POSIX
def test_a_port_file_may_be_a_pipe(launch: Callable[..., Running], tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "port")
    running = launch("--port-file", str(tmp_path / "port"), stdout=subprocess.DEVNULL)
    assert (tmp_path / "port").read_text().isdecimal()
    assert running.end().status == 0


def test_a_state_is_where_it_begins_and_comes_back_to(serve: Callable[..., Server], tmp_path: Path) -> None:
    (tmp_path / "world.json").write_text(json.dumps({"services": [{"sid": IS, "friendly_name": "from the file"}]}))
    server = serve("--state", str(tmp_path / "world.json"))
    assert server.told["service_sid"] == IS
    assert server.ask("POST", "/v1/Services", b"FriendlyName=later")[0] == 201
    assert server.ask("POST", "/_fake/reset", b"")[0] == 200
    assert [each["friendly_name"] for each in server.ask("GET", "/v1/Services")[1]["services"]] == ["from the file"]
    assert server.ask("POST", "/v1/Services", b"FriendlyName=again")[0] == 201
    assert [each["friendly_name"] for each in server.ask("GET", "/v1/Services")[1]["services"]] == [
        "from the file",
        "again",
    ]


def test_a_state_without_a_service_gets_one(serve: Callable[..., Server], tmp_path: Path) -> None:
    (tmp_path / "world.json").write_text('{"credentials": [{"type": "apn"}]}')
    server = serve("--state", str(tmp_path / "world.json"))
    assert server.ask("GET", f"/v1/Services/{server.told['service_sid']}")[0] == 200
    assert [each["type"] for each in server.ask("GET", "/v1/Credentials")[1]["credentials"]] == ["apn"]


def test_the_world_is_saved_at_the_end(serve: Callable[..., Server], tmp_path: Path) -> None:
    server = serve("--save-state", str(tmp_path / "world.json"))
    server.ask("POST", "/v1/Credentials", b"Type=fcm&Secret=hush")
    server.ask("POST", "/v1/Services", b"", user=OTHER_SID, password="hush")
    assert server.end()[0] == 0
    text = (tmp_path / "world.json").read_text()
    state = json.loads(text)
    assert sorted(state["accounts"]) == sorted([ACCOUNT_SID, OTHER_SID])
    assert [each["type"] for each in state["accounts"][ACCOUNT_SID]["credentials"]] == ["fcm"]
    assert ("hush" in text, [path.name for path in tmp_path.iterdir()]) == (False, ["world.json"])
    again = serve("--state", str(tmp_path / "world.json"))
    assert again.told["service_sid"] == server.told["service_sid"]
    with FakeNotify() as fake:
        fake.load(tmp_path / "world.json")
        assert [each.sid for each in fake.services] == [server.told["service_sid"]]


def test_a_world_that_cannot_be_saved_is_told_at_the_end(serve: Callable[..., Server], tmp_path: Path) -> None:
    server = serve("--save-state", str(tmp_path / "missing" / "world.json"))
    assert server.end() == (
        2,
        "",
        f"fakenotify: can't write {tmp_path / 'missing' / 'world.json'}: there is no such folder\n",
    )


# options


def test_the_service_of_the_start_may_have_a_sid_of_your_choice(serve: Callable[..., Server], tmp_path: Path) -> None:
    server = serve("--service", IS)
    assert (server.told["service_sid"], server.ask("GET", f"/v1/Services/{IS}")[0]) == (IS, 200)
    (tmp_path / "world.json").write_text(json.dumps({"services": [{}, {"sid": IS, "friendly_name": "there"}]}))
    there = serve("--service", IS, "--state", str(tmp_path / "world.json"))
    assert there.told["service_sid"] == IS
    assert there.ask("GET", f"/v1/Services/{IS}")[1]["friendly_name"] == "there"
    assert len(there.ask("GET", "/v1/Services")[1]["services"]) == 2


def test_accounts_make_it_strict_and_the_first_is_the_default(serve: Callable[..., Server]) -> None:
    server = serve("--account", f"{OTHER_SID}=one=two", "--account", f"{ACCOUNT_SID}=x", "--service", IS)
    assert (server.told["account_sid"], server.told["auth_token"]) == (OTHER_SID, "one=two")
    asked = [
        (OTHER_SID, "one=two"),
        (ACCOUNT_SID, "x"),
        (OTHER_SID, "x"),
        ("AC" + "c" * 32, "x"),
        ("SK" + "c" * 32, "x"),
    ]
    answers = [server.ask("GET", f"/v1/Services/{IS}", user=user, password=password)[0] for user, password in asked]
    assert answers == [200, 404, 401, 401, 401]


def test_without_accounts_each_that_asks_has_its_own_world(serve: Callable[..., Server]) -> None:
    server = serve()
    assert server.ask("GET", "/v1/Services", user=OTHER_SID)[1]["services"] == []
    assert len(server.ask("GET", "/v1/Services")[1]["services"]) == 1


def test_switches_are_set(serve: Callable[..., Server]) -> None:
    server = serve("--behaviour", "identity_limit=evict_oldest", "--behaviour", "callback_when_empty=true")
    switches = Behaviour(unknown_accounts="own", identity_limit="evict_oldest", callback_when_empty=True)
    assert server.ask("GET", "/_fake/behaviour") == (200, switches.to_json())


def test_a_host_is_allowed(serve: Callable[..., Server]) -> None:
    server = serve("--allow-host", "fakenotify", "--allow-host", "other.example")
    hosts = ["fakenotify:4010", "Other.Example", "evil.example"]
    assert [server.ask("GET", "/_fake/health", headers={"Host": host})[0] for host in hosts] == [200, 200, 403]


def test_the_seed_decides_the_sids(serve: Callable[..., Server]) -> None:
    sids = [serve("--seed", seed).told["service_sid"] for seed in ("1", "1", "2")]
    assert (sids[0] == sids[1], sids[0] == sids[2]) == (True, False)


def test_a_port_is_taken(launch: Callable[..., Running]) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = Server(launch("--json", "--port", str(port)))
    assert server.url == f"http://127.0.0.1:{port}"


def test_a_host_beyond_loopback_is_warned_of_in_one_line(serve: Callable[..., Server]) -> None:
    server = serve("--host", "0.0.0.0")
    assert urlsplit(server.url).hostname == "127.0.0.1"
    assert server.end() == (
        0,
        "",
        "fakenotify: fakenotify listens on 0.0.0.0, not on loopback: anyone who reaches this machine can use it\n",
    )


# variables


@pytest.mark.parametrize(
    ("variables", "target", "answer"),
    [
        ({"FAKENOTIFY_SERVICE": IS}, f"/v1/Services/{IS}", {"sid": IS}),
        ({"FAKENOTIFY_ALLOW_HOST": "a.example localhost b.example"}, "/_fake/health", {"status": "ok"}),
        (
            {"FAKENOTIFY_BEHAVIOUR": "identity_limit=evict_oldest  callback_when_empty=1"},
            "/_fake/behaviour",
            None,
        ),
        (
            {"FAKENOTIFY_BEHAVIOUR": "identity_limit=evict_oldest  callback_when_empty=True"},
            "/_fake/behaviour",
            {"identity_limit": "evict_oldest", "callback_when_empty": True},
        ),
        ({"FAKENOTIFY_ACCOUNT": f"{ACCOUNT_SID}=x {OTHER_SID}=y"}, "/_fake/health", {"account_sid": ACCOUNT_SID}),
        ({"FAKENOTIFY_HOST": "127.0.0.1", "FAKENOTIFY_LOG_FORMAT": "text"}, "/_fake/health", {"status": "ok"}),
        ({"FAKENOTIFY_QUIET": "true", "FAKENOTIFY_SEED": "5"}, "/_fake/health", {"status": "ok"}),
    ],
)
def test_an_option_may_be_a_variable(
    launch: Callable[..., Running], variables: dict[str, str], target: str, answer: dict[str, Any] | None
) -> None:
    if answer is None:
        assert run("--port", "0", **variables) == (
            2,
            "",
            "fakenotify: Behaviour.callback_when_empty can't be '1'; it is true or false\n",
        )
        return
    server = Server(launch("--json", variables=variables))
    status, got = server.ask("GET", target)
    assert (status, {name: got[name] for name in answer}) == (200, answer)


def test_all_of_them_may_be_variables(launch: Callable[..., Running], tmp_path: Path) -> None:
    (tmp_path / "world.json").write_text(json.dumps({"services": [{"sid": IS}]}))
    variables = {
        "FAKENOTIFY_JSON": "1",
        "FAKENOTIFY_PORT_FILE": str(tmp_path / "port"),
        "FAKENOTIFY_STATE": str(tmp_path / "world.json"),
        "FAKENOTIFY_SAVE_STATE": str(tmp_path / "saved.json"),
        "FAKENOTIFY_LOG_FORMAT": "json",
        "FAKENOTIFY_QUIET": "0",
    }
    server = Server(launch(variables=variables))
    assert server.told["service_sid"] == IS
    assert server.url.endswith(f":{(tmp_path / 'port').read_text()}")
    server.ask("GET", "/v1/Services")
    done = server.end()
    assert (done.status, json.loads(done.stderr)["operation"]) == (0, "services.find")
    assert (tmp_path / "saved.json").exists()


def test_the_command_line_is_stronger_than_a_variable(launch: Callable[..., Running]) -> None:
    variables = {
        "FAKENOTIFY_PORT": "1",
        "FAKENOTIFY_SERVICE": "IS1",
        "FAKENOTIFY_ACCOUNT": "rubbish",
        "FAKENOTIFY_JSON": "",
        "FAKENOTIFY_SEED": "x",
    }
    server = Server(launch("--json", f"--service={IS}", "--account", f"{OTHER_SID}=x", "--seed=3", variables=variables))
    assert (server.told["account_sid"], server.told["service_sid"]) == (OTHER_SID, IS)


# what is cheap


def test_version(fakenotify: Call) -> None:
    assert fakenotify("--version") == (0, f"fakenotify {__version__}\n", "")


def test_help_names_every_option_and_its_variable(fakenotify: Call) -> None:
    done = fakenotify("--help")
    options = (
        "--host --port --json --port-file --state --seed --service --account --behaviour --allow-host --save-state "
        "--log-format --quiet --version --keep-requests --keep-deliveries --keep-bytes"
    )
    assert (done.status, done.stderr) == (0, "")
    assert [each for each in options.split() if each not in done.stdout] == []
    assert "FAKENOTIFY_" in done.stdout


def test_as_much_is_kept_as_anywhere_else() -> None:
    options = parser_of("serve").read([], {})
    kept = (options.keep_requests, options.keep_deliveries, options.keep_bytes)
    assert kept == (KEPT_REQUESTS, KEPT_DELIVERIES, KEPT_BYTES)


def test_fewer_bytes_may_be_kept() -> None:
    fake = build(parser_of("serve").read(["--keep-bytes", str(2**20)], {}), "shared")
    service = fake.create_service()
    for _ in range(50):
        fake.create_notification(service, to_binding=[{"binding_type": "fcm", "address": "token"}], body="x" * 50_000)
    assert 0 < len(fake.notifications) < 50


@POSIX
@pytest.mark.parametrize("form", ["text", "json"])
def test_the_log_says_once_that_the_journal_is_full(serve: Callable[..., Server], form: str) -> None:
    server = serve("--keep-requests", "2", "--log-format", form)
    for _ in range(4):
        server.ask("GET", "/v1/Services")
    status, _, logged = server.end()
    notice = "the journal is full, and its oldest requests are dropped from now on; --keep-requests makes it longer"
    lines = logged.splitlines()
    assert (status, len(lines)) == (0, 5)
    assert [line for line in lines if notice in line] == [
        json.dumps({"notice": notice}) if form == "json" else f"    notice: {notice}"
    ]
    assert notice in lines[3]


@pytest.mark.parametrize("encoding", ["ascii", "cp437", "utf-8"])
def test_help_can_be_read_in_any_encoding(encoding: str) -> None:
    done = run("--help", PYTHONIOENCODING=encoding)
    assert (done.status, done.stderr) == (0, "")


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_what_only_tells_imports_nothing_heavy(option: str) -> None:
    command = [sys.executable, "-X", "importtime", "-m", "fakenotify", option]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, env=environment())
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "argparse" in imported
    assert {name for name in imported if name.partition(".")[0] in ("werkzeug", "twilio", "pytest")} == set()
    assert {
        name for name in imported if re.match(r"fakenotify\.(notify\.(?!kept$)|world|server|control)", name)
    } == set()


# what cannot be


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--prot", "1"], "there is no option '--prot'; did you mean '--port'?"),
        (["extra"], "there is no option 'extra'"),
        (["--port"], "argument --port: expected one argument"),
        (["--port", "x"], "argument --port: 'x' is not a whole number"),
        (["--port", "70000"], "argument --port: 70000 is not a port, 0 to 65535"),
        (["--log-format", "xml"], "argument --log-format: invalid choice: 'xml' (choose from "),
        (["--service", "IS1"], "'IS1' can't be a new Service's sid: IS and 32 hex digits, not yet in use"),
        (["--account", OTHER_SID], f"--account {OTHER_SID} has no token; write it as AC…=TOKEN"),
        (["--account", "AC1=x"], "'AC1' is not an account sid: AC and 32 hex digits"),
        (["--account", f"{OTHER_SID}="], f"account {OTHER_SID} needs an auth token that is not empty"),
        (["--behaviour", "x"], "'x' is not NAME=VALUE, e.g. identity_limit=evict_oldest"),
        (
            ["--behaviour", "identity_limits=reject"],
            "Behaviour has no switch 'identity_limits'; did you mean 'identity_limit'?",
        ),
        (
            ["--behaviour", "identity_limit=no"],
            "Behaviour.identity_limit can't be 'no'; it is one of 'reject', 'evict_oldest'",
        ),
        (["--state", "/missing.json"], "can't read the state file /missing.json: No such file or directory"),
        (["--state", "/"], "can't read the state file /: Is a directory"),
        (["--host", "256.256.256.256"], "--host 256.256.256.256 is not an address of this machine: "),
        (["--host", "\udcff"], "--host "),
        (["--port-file", "/missing/port"], "can't write /missing/port: No such file or directory"),
    ],
)
def test_an_option_that_cannot_be_is_one_line_and_status_2(fakenotify: Call, arguments: list[str], told: str) -> None:
    done = fakenotify("--port", "0", *arguments)
    assert (done.status, done.stderr.count("\n")) == (2, 1)
    assert done.stderr.startswith(f"fakenotify: {told}")
    assert done.stdout == "" or arguments[0] == "--port-file"


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (errno.EACCES, "port 80 is not for this user; choose another with --port, or a free one with --port 0"),
        (errno.EMFILE, "can't listen on 127.0.0.1:80: Too many open files"),
    ],
)
def test_a_server_that_the_system_refuses_is_told(error: int, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: FakeNotify) -> None:
        raise OSError(error, os.strerror(error))

    monkeypatch.setattr(FakeNotify, "start", refuse)
    with pytest.raises(CommandError, match=f"^{re.escape(told)}$"):
        start(FakeNotify(), Namespace(host="127.0.0.1", port=80))


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({"FAKENOTIFY_PROT": "1"}, "there is no variable FAKENOTIFY_PROT; did you mean 'FAKENOTIFY_PORT'?"),
        ({"FAKENOTIFY_PORT": "x"}, "argument --port: 'x' is not a whole number"),
        ({"FAKENOTIFY_QUIET": "yes"}, "FAKENOTIFY_QUIET can't be 'yes'; it is true or false"),
        ({"FAKENOTIFY_ACCOUNT": "x"}, "--account x has no token; write it as AC…=TOKEN"),
        ({"FAKENOTIFY_STATE": "/missing.json"}, "can't read the state file /missing.json: No such file or directory"),
    ],
)
def test_a_variable_that_cannot_be_is_one_line_and_status_2(
    fakenotify: Call, variables: dict[str, str], told: str
) -> None:
    assert fakenotify(**variables) == (2, "", f"fakenotify: {told}\n")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"{", "this is not JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
        (b"\xff", "this is not JSON: "),
        (b"[]", "the state must be an object, not list"),
        (b'{"services": [5]}', f"accounts.{ACCOUNT_SID}.services[0] must be an object, not int"),
        (b'{"services": [{"date_created": 5}]}', f"accounts.{ACCOUNT_SID}.services[0].date_created can't be 5"),
        (b'{"services": [{"a\\nb": 5}]}', f"accounts.{ACCOUNT_SID}.services[0] has an unknown field 'a\\nb'"),
        (b'{"accounts": {"a\\nb": []}}', "accounts.a"),
    ],
)
def test_a_malformed_state_is_one_line_and_status_2(fakenotify: Call, tmp_path: Path, text: bytes, told: str) -> None:
    (tmp_path / "world.json").write_bytes(text)
    done = fakenotify("--port", "0", "--state", str(tmp_path / "world.json"))
    assert (done.status, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_a_busy_port_is_one_line_and_status_2(fakenotify: Call) -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        done = fakenotify("--port", str(port))
    assert done == (
        2,
        "",
        f"fakenotify: port {port} is in use; choose another with --port, or take a free one with --port 0\n",
    )


def test_a_service_of_the_state_in_the_way_of_nobody(fakenotify: Call, tmp_path: Path) -> None:
    (tmp_path / "world.json").write_text(json.dumps({"services": [{"sid": IS}]}))
    done = fakenotify("--port", "0", "--state", str(tmp_path / "world.json"), "--service", "IS1")
    assert done == (2, "", "fakenotify: 'IS1' can't be a new Service's sid: IS and 32 hex digits, not yet in use\n")


# the end


SIGNALS = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])


@POSIX
@SIGNALS
def test_a_signal_ends_it_at_once_with_status_0(serve: Callable[..., Server], number: int) -> None:
    assert serve().end(number) == (0, "", "")


@POSIX
@SIGNALS
def test_a_signal_during_the_start_ends_it_too(launch: Callable[..., Running], tmp_path: Path, number: int) -> None:
    os.mkfifo(tmp_path / "world.json")
    running = launch("--state", str(tmp_path / "world.json"))
    with open(tmp_path / "world.json", "w"):  # opens when the other side does: then it waits for what is written
        with contextlib.suppress(subprocess.TimeoutExpired):
            running.process.send_signal(number)
            running.process.wait(0.5)  # one that came a moment before the read began doesn't end the read
        done = running.end(number)
    assert (done.status, done.stdout, "KeyboardInterrupt" in done.stderr) == (0, "", False)


@POSIX
@SIGNALS
def test_a_signal_ends_it_whatever_is_open(serve: Callable[..., Server], number: int) -> None:
    server = serve("--quiet")
    server.ask("POST", "/_fake/faults", b'{"operation": "services.find", "fault": "stall"}')
    parts = urlsplit(server.url)
    token = b64encode(f"{ACCOUNT_SID}:x".encode()).decode()
    with contextlib.ExitStack() as stack:
        address = (parts.hostname, parts.port)
        kept, half, stalled, events = (
            stack.enter_context(socket.create_connection(address, timeout=5)) for _ in range(4)
        )
        kept.sendall(b"GET /_fake/health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert kept.recv(65536)
        half.sendall(b"POST /v1/Services HTTP/1.1\r\nContent-Length: 100\r\n\r\nhalf")
        stalled.sendall(f"GET /v1/Services HTTP/1.1\r\nAuthorization: Basic {token}\r\n\r\n".encode())
        events.sendall(b"GET /_fake/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert events.recv(65536)
        assert server.end(number) == (0, "", "")


@POSIX
@SIGNALS
@pytest.mark.parametrize("form", ["text", "json"])
def test_a_signal_under_load_ends_it_at_once(
    launch: Callable[..., Running], tmp_path: Path, number: int, form: str
) -> None:
    with open(tmp_path / "stdout", "w") as stdout, open(tmp_path / "stderr", "w") as stderr:
        running = launch("--log-format", form, "--port-file", str(tmp_path / "port"), stdout=stdout, stderr=stderr)
        deadline = monotonic() + PATIENCE
        while not (tmp_path / "port").exists() and monotonic() < deadline:
            threading.Event().wait(0.01)
        port = int((tmp_path / "port").read_text())
        enough = threading.Barrier(5)

        def hammer() -> None:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5) as raw:
                for at in range(1_000_000):
                    raw.sendall(b"GET /v1/Services HTTP/1.1\r\nHost: localhost\r\n\r\n" * 10)
                    if not raw.recv(65536):
                        return
                    if at == 20:
                        enough.wait(PATIENCE)

        hammers = [threading.Thread(target=hammer) for _ in range(4)]
        for each in hammers:
            each.start()
        enough.wait(PATIENCE)
        status = running.end(number).status
        for each in hammers:
            each.join(PATIENCE)
    assert (status, (tmp_path / "stderr").read_text()) == (0, "")
    assert (tmp_path / "stdout").read_text().endswith("\n")


@POSIX
def test_a_second_signal_changes_nothing(serve: Callable[..., Server], tmp_path: Path) -> None:
    server = serve("--save-state", str(tmp_path / "world.json"))
    process = server.running.process
    for _ in range(5):
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGTERM)
    assert server.end() == (0, "", "")
    assert json.loads((tmp_path / "world.json").read_text())["fakenotify"] == 1


@POSIX
def test_a_signal_while_it_is_still_being_loaded_leaves_no_traceback(tmp_path: Path) -> None:
    """A slow import stands for any moment of the start."""
    (tmp_path / "argparse.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\nsignal.pause()")
    code = (
        "import signal, runpy; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "runpy.run_module('fakenotify', run_name='__main__')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        env=environment(PYTHONPATH=str(tmp_path)),
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


# streams that nobody reads


@POSIX
def test_with_json_and_a_closed_stderr_stdout_has_no_log(launch: Callable[..., Running]) -> None:
    server = Server(launch("--json", stderr=None, preexec_fn=lambda: os.close(2)))
    assert server.ask("GET", "/v1/Services")[0] == 200
    assert server.end() == (0, "", "")


@POSIX
def test_in_a_c_locale_other_letters_are_escaped(launch: Callable[..., Running]) -> None:
    server = Server(launch("--json", variables={"PYTHONIOENCODING": "ascii"}))
    form = b"Identity=Zo%C3%AB&BindingType=sms&Address=1"
    server.ask("POST", f"/v1/Services/{server.told['service_sid']}/Bindings", form)
    assert steady(server.end().stderr) == "TIME 201 bindings.create Zo\\xeb TOOK\n"


@POSIX
@pytest.mark.parametrize("arguments", [(), ("--json",)])
def test_a_closed_stdout_is_no_reason_to_end(
    launch: Callable[..., Running], tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    running = launch("--port-file", str(tmp_path / "port"), *arguments)
    running.line()
    assert running.process.stdout is not None
    running.process.stdout.close()
    server = Server.__new__(Server)
    server.running, server.url = running, f"http://127.0.0.1:{(tmp_path / 'port').read_text()}"
    running.process.stdout = None
    assert [server.ask("GET", "/v1/Services")[0] for _ in range(3)] == [200, 200, 200]
    done = server.end()
    assert (done.status, "Traceback" in done.stderr, "Exception" in done.stderr) == (0, False, False)


@POSIX
def test_a_stdout_that_was_never_open_is_no_reason_to_end(launch: Callable[..., Running], tmp_path: Path) -> None:
    def close() -> None:
        os.close(1)

    running = launch("--port-file", str(tmp_path / "port"), stdout=None, preexec_fn=close)
    deadline = monotonic() + PATIENCE
    while not (tmp_path / "port").exists() and monotonic() < deadline:
        assert running.process.poll() is None
        threading.Event().wait(0.01)
    server = Server.__new__(Server)
    server.running, server.url = running, f"http://127.0.0.1:{(tmp_path / 'port').read_text()}"
    assert server.ask("GET", "/v1/Services")[0] == 200
    assert server.end() == (0, "", "")


@POSIX
@pytest.mark.parametrize("arguments", [(), ("--json",)])
def test_a_log_that_nobody_reads_holds_up_no_request_and_no_end(
    launch: Callable[..., Running], tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    running = launch("--log-format", "json", "--port-file", str(tmp_path / "port"), *arguments)
    running.line()
    with socket.create_connection(("127.0.0.1", int((tmp_path / "port").read_text())), timeout=5) as raw:
        for _ in range(1000):
            raw.sendall(b"GET /v1/Services HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert raw.recv(65536).startswith(b"HTTP/1.1 401")
    running.process.send_signal(signal.SIGTERM)
    began = monotonic()
    assert running.process.wait() == 0
    assert monotonic() - began < AT_ONCE
    said = [stream.read() if stream else "" for stream in (running.process.stdout, running.process.stderr)]
    assert "Fatal" not in said[1]
    assert len(said[bool(arguments)]) > 10_000


def test_a_log_that_nobody_reads_does_not_grow_for_ever() -> None:
    reading, writing = os.pipe()
    with contextlib.suppress(OSError), open(writing, "w") as stream:
        log = RequestLog(stream, "text")
        log.start()
        for _ in range(30_000):
            log.add("x" * 100)
        assert len(log._lines) <= 10_000
        os.close(reading)
        log.close()
        assert [thread for thread in threading.enumerate() if thread.name == log_module.THREAD] == []


@POSIX
def test_the_last_lines_of_the_log_are_printed_before_it_ends(serve: Callable[..., Server]) -> None:
    server = serve()
    parts = urlsplit(server.url)
    with socket.create_connection((parts.hostname, parts.port), timeout=5) as raw:
        raw.sendall(b"GET /v1/Services HTTP/1.1\r\nHost: localhost\r\n\r\n" * 200)
        received = b""
        while received.count(b"HTTP/1.1 401") < 200:
            received += raw.recv(65536)
        logged = steady(server.end().stderr)
        assert logged == "TIME 401 GET /v1/Services → 20003 Authenticate [sibling D19] TOOK\n" * 200
