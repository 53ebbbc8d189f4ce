"""``fakenotify run``: the command's status and signals, the hosts that it reaches, and the summary at the end."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import signal
import socket
import ssl
import subprocess
import sys
import termios
import threading
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from command_line import FAKENOTIFY, PATIENCE, Call, environment, lines_of, python, running

from fakenotify import FakeNotify, Fault
from fakenotify.cli import summary
from fakenotify.cli.run import Program
from fakenotify.cli.summary import Tally, is_worrying
from fakenotify.proxy.launch import proxied

trustme = pytest.importorskip("trustme", reason="the extra 'proxy' is not installed")

IS = "IS" + "a" * 32
SERVICES = "https://notify.twilio.com/v1/Services"
NOTHING = "fakenotify: no requests (0 refused), no deliveries (0 sent, 0 failed), no warnings, no alerts"
LOGIN = {"Authorization": "Basic " + b64encode(f"AC{'c' * 32}:x".encode()).decode()}

ASK = f"""
import urllib.error, urllib.parse, urllib.request
def ask(url, **form):
    request = urllib.request.Request(url, urllib.parse.urlencode(form).encode() or None, {LOGIN!r})
    try:
        return urllib.request.urlopen(request).read().decode()
    except urllib.error.HTTPError as error:
        return f"{{error.code}} {{error.read().decode()}}"
    except OSError as error:
        return str(error)
"""
"""What the programs below ask with."""


@pytest.fixture
def fake() -> Iterator[FakeNotify]:
    with FakeNotify() as fake:
        fake.start()
        yield fake


# other hosts


@pytest.fixture
def other(tmp_path: Path) -> Iterator[str]:
    """The URL of a TLS server that is none of Twilio's, whose authority stands in ``other.pem`` alone."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "other.pem"))
    server = context.wrap_socket(socket.create_server(("127.0.0.1", 0)), server_side=True)

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                with contextlib.suppress(ConnectionError), server.accept()[0] as connection:
                    connection.recv(65536)
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nother")

    thread = threading.Thread(target=serve)
    thread.start()
    yield f"https://localhost:{server.getsockname()[1]}/"
    server.shutdown(socket.SHUT_RDWR)
    server.close()
    thread.join()


def test_another_host_is_reached_untouched_and_still_verified(fakenotify: Call, other: str, tmp_path: Path) -> None:
    """Its certificate is its own: the program trusts it because the user's environment says so."""
    program = f"{ASK}\nprint(ask({other!r}), ask({SERVICES!r})[:9])"
    for options in ([], ["--offline"]):  # this machine is never offline
        done = fakenotify("run", *options, *python(program), SSL_CERT_FILE=str(tmp_path / "other.pem"))
        assert (done.status, done.stdout) == (0, 'other {"service\n')


def test_offline_refuses_other_hosts_and_says_so(fakenotify: Call) -> None:
    urls = ("https://other.test/", "http://other.test/a", "https://other.test/b")
    done = fakenotify("run", "--offline", *python(f"{ASK}\nfor url in {urls!r}: print(ask(url).strip())"))
    refusal = "<urlopen error Tunnel connection failed: 403 Forbidden>\n"
    assert done.stdout == f"{refusal}403 fakenotify: other.test:80 is not reached, because of --offline\n{refusal}"
    assert done.stderr.splitlines() == [
        NOTHING,
        "  offline   other.test:443 was not reached (2 times)",
        "  offline   other.test:80 was not reached",
        "  nothing   the program asked the proxy for other.test:443, other.test:80, but not for Notify",
    ]


def test_the_users_own_proxy_is_still_gone_through(fakenotify: Call) -> None:
    asked = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def refuse() -> None:
            connection, _ = server.accept()
            with connection:
                asked.append(connection.recv(65536))
                connection.sendall(b"HTTP/1.1 403 No\r\n\r\n")

        thread = threading.Thread(target=refuse)
        thread.start()
        program = f"{ASK}\nprint(ask({SERVICES!r})[:9], ask('https://other.test/'))"
        before = f"http://127.0.0.1:{server.getsockname()[1]}"
        done = fakenotify("run", *python(program), HTTPS_PROXY=before, NO_PROXY="*.twilio.com")
        thread.join()
    assert done.stdout == '{"service <urlopen error Tunnel connection failed: 502 Bad Gateway>\n'
    assert asked == [b"CONNECT other.test:443 HTTP/1.1\r\nHost: other.test:443\r\n\r\n"]


# the end


@pytest.mark.parametrize(
    ("script", "status", "reason"),
    [
        (
            "exit 0",
            0,
            "ended well, and no connection came to the proxy: it called nobody, or its client reads no proxy",
        ),
        ("exit 3", 3, "ended with status 3 before it connected to anything through the proxy"),
        ("kill -9 $$", 137, "ended with status 137 before it connected to anything through the proxy"),
    ],
)
def test_the_status_is_the_commands(fakenotify: Call, script: str, status: int, reason: str) -> None:
    done = fakenotify("run", "--", "sh", "-c", script)
    assert done == (status, "", f"{NOTHING}\n  nothing   the program {reason}\n")


@pytest.mark.parametrize(
    ("command", "status", "message"),
    [
        ("no-such-command", 127, "command not found: no-such-command"),
        (f"{__file__}/x", 127, f"command not found: {__file__}/x"),
        (os.path.dirname(__file__), 126, f"can't run {os.path.dirname(__file__)}: Permission denied"),
    ],
)
def test_a_command_that_cannot_be_run_is_one_line(fakenotify: Call, command: str, status: int, message: str) -> None:
    assert fakenotify("run", "--", command) == (status, "", f"fakenotify: {message}\n")


def test_without_trustme_it_says_what_to_install(fakenotify: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "trustme", None)
    message = "this needs trustme; install it with: pip install 'fakenotify[proxy]'"
    assert fakenotify("run", "--", "true") == (2, "", f"fakenotify: {message}\n")


def test_the_state_is_loaded_and_saved_and_the_port_written(fakenotify: Call, tmp_path: Path) -> None:
    (tmp_path / "world.json").write_text(json.dumps({"services": [{"sid": IS, "friendly_name": "shop"}]}))
    options = ("--quiet", "--state", "world.json", "--save-state", "after.json", "--port-file", "port")
    script = 'echo "${FAKENOTIFY_URL##*:} $(cat port) $FAKENOTIFY_SERVICE_SID"'
    done = fakenotify("run", *options, "--", "sh", "-c", script, cwd=tmp_path)
    own, written, service = done.stdout.split()
    assert (done.status, done.stderr, own, service) == (0, "", written, IS)
    assert "shop" in (tmp_path / "after.json").read_text()


def test_its_end_leaves_no_thread_even_if_the_fake_stalls(fake: FakeNotify) -> None:
    before = set(threading.enumerate())
    fake.fail("services.find", Fault.stall())
    with proxied(fake, IS, {}) as proxy, socket.create_connection(("127.0.0.1", proxy.port), PATIENCE) as client:
        client.sendall(f"GET {SERVICES.replace('https', 'http')} HTTP/1.1\r\nHost: notify.twilio.com\r\n".encode())
        client.sendall(f"Authorization: {LOGIN['Authorization']}\r\n\r\n".encode())
        fake.wait_for(lambda: fake.requests)
    assert set(threading.enumerate()) == before


# the summary

WARNED = f"{ASK}\nask({SERVICES!r}, friendlyName='x')"
REFUSED = f"{ASK}\nask({SERVICES!r}, FriendlyName='x' * 65)"
DISTRUSTING = """
import socket, ssl
with socket.create_connection(("notify.twilio.com", 443)) as plain:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).wrap_socket(plain, server_hostname="notify.twilio.com")
    except ssl.SSLError:
        pass
"""


@pytest.mark.parametrize(
    ("options", "program", "status"),
    [
        ([], WARNED, 0),
        (["--strict"], WARNED, 1),
        (["--strict"], f"{WARNED}; raise SystemExit(4)", 4),
        (["--strict"], REFUSED, 0),
    ],
)
def test_strict_minds_warnings(fakenotify: Call, options: list[str], program: str, status: int) -> None:
    assert fakenotify("run", *options, *python(program)).status == status


def test_a_client_that_trusts_others_only_is_told_what_to_do(fakenotify: Call) -> None:
    done = fakenotify("run", "--strict", *python(DISTRUSTING))
    assert (done.status, done.stderr.splitlines()) == (
        1,
        [
            "fakenotify: no requests (0 refused), no deliveries (0 sent, 0 failed), 1 warning, no alerts",
            "  warning   TLS with a client failed, notify.twilio.com: TLSV1_ALERT_UNKNOWN_CA; "
            "let it trust the certificates in $SSL_CERT_FILE",
            "  nothing   the program opened TLS to Notify and gave up, since it doesn't trust the certificate",
        ],
    )


def test_the_summary_says_in_words_what_went_wrong_and_what_it_could_not_count(fakenotify: Call) -> None:
    program = f"""{ASK}
ask("{SERVICES}", friendlyName="one")
ask("{SERVICES}", friendlyName="two")
ask("{SERVICES}/{IS}/Bindings", Identity="alice", BindingType="sms")
ask("{SERVICES}/{IS}/Bindings", Identity="alice", BindingType="apn", Address="1")
for _ in range(3):
    ask("{SERVICES}/{IS}/Notifications", Identity="alice", Body="Hi")
ask("https://notify.twilio.com/v2/%1b[31m")
"""
    done = fakenotify("run", "--service", IS, "--keep-deliveries", "1", *python(program))
    first, *lines = done.stderr.splitlines()
    assert first == "fakenotify: 8 requests (2 refused), 1 delivery (0 sent, 1 failed), 3 warnings, 1 alert"
    beginnings = [
        "  refused   bindings.create: 400 20001 Missing required parameter Address in the post body [sibling D31]",
        "  refused   GET /v2/%1b[31m: 404 20404 ",
        "  warning   services.create: ",
        "  warning   GET /v2/%1b[31m: ",
        "  alert     ERROR 52",
        "  beware    an older delivery was dropped and is not counted; --keep-deliveries keeps more (2 times)",
        "  beware    an older alert was dropped and is not counted; --keep-deliveries keeps more (2 times)",
    ]
    assert [line[: len(begins)] for line, begins in zip(lines, beginnings, strict=True)] == beginnings
    assert lines[2].endswith(" (2 times)")


EMPTY: dict[str, Any] = {
    "requests": 1,
    "deliveries": {"sent": 0, "failed": 0},
    **{name: {} for name in ("refusals", "warnings", "hints", "alerts", "dropped", "distrusted", "offline", "twilio")},
    "reason": None,
}


def test_the_summary_may_be_json(fakenotify: Call) -> None:
    found = json.loads(fakenotify("run", "--json", *python(WARNED)).stderr)
    ((warning, times),) = found["warnings"].items()
    assert (warning.startswith("services.create: "), times) == (True, 1)
    assert found == EMPTY | {"warnings": found["warnings"]}


def test_a_call_that_reached_twilio_itself_is_reported(fake: FakeNotify) -> None:
    with proxied(fake, IS, {}) as proxy:
        for host in ("api.twilio.com:443", "twilio.com:80", "twilio.com.test:443", "mytwilio.com:443"):
            proxy.passed_on.add(host)
        found = Tally(fake).summary(proxy, 0)
    assert found["twilio"] == {"api.twilio.com:443": 1, "twilio.com:80": 1}
    words = "  beware    api.twilio.com:443 itself was reached; only Notify is faked"
    assert (summary.lines_of(found)[1], is_worrying(found)) == (words, False)


@pytest.mark.parametrize(
    ("seen", "reason"),
    [
        ("clients", "the program connected to the proxy, but asked for nothing"),
        ("opened", "the program connected to notify.twilio.com, but sent no request"),
    ],
)
def test_why_nothing_came_is_explained(fake: FakeNotify, seen: str, reason: str) -> None:
    with proxied(fake, IS, {}) as proxy:
        if seen == "clients":
            proxy.clients += 1
        else:
            proxy.opened.add("notify.twilio.com")
        assert Tally(fake).summary(proxy, 0)["reason"] == reason


def test_a_long_summary_is_cut() -> None:
    lines = summary.lines_of(EMPTY | {"alerts": {str(at): 1 for at in range(30)}})
    assert (len(lines), lines[-1]) == (22, "  … and 10 more such lines")


# signals

LISTENING = """
import signal, sys
numbers, heard = {signal.SIGINT, signal.SIGTERM}, []
signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
print("ready", flush=True)
while signal.SIGTERM not in heard:
    heard.append(signal.sigwait(numbers))
    print(heard[-1].name, flush=True)
print(len(heard), flush=True)
sys.exit(7)
"""


def test_signals_are_the_commands() -> None:
    with running(*FAKENOTIFY, "run", *python(LISTENING)) as process:
        printed = lines_of(process.stdout)
        assert next(printed) == "ready"
        for name in ("SIGINT", "SIGINT", "SIGTERM"):
            process.send_signal(getattr(signal, name))
            assert next(printed) == name
        assert next(printed) == "3"
        assert process.wait() == 7
        assert next(lines_of(process.stderr)) == NOTHING


def test_what_is_typed_reaches_the_command_once() -> None:
    """The terminal tells the command of Ctrl-C itself; to tell it again would look like impatience."""
    controller, terminal = pty.openpty()
    try:
        attributes = termios.tcgetattr(terminal)
        attributes[3] &= ~termios.ECHO
        termios.tcsetattr(terminal, termios.TCSANOW, attributes)
        own = "import os, fcntl, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.executable, "
        command = f"{own}{[*FAKENOTIFY, 'run', *python(LISTENING)]!r})"
        with running(sys.executable, "-c", command, stdin=terminal) as process:
            printed = lines_of(process.stdout)
            assert next(printed) == "ready"
            process.send_signal(signal.SIGSTOP)  # two signals are one to a command that has not yet seen the first
            os.write(controller, b"\x03")
            assert next(printed) == "SIGINT"
            process.send_signal(signal.SIGCONT)
            process.terminate()
            assert [next(printed), next(printed)] == ["SIGTERM", "2"]
            assert process.wait() == 7
    finally:
        os.close(controller)
        os.close(terminal)


def test_what_is_ignored_is_ignored_by_the_command_too() -> None:
    """As ``nohup`` wants it."""
    program = "import signal; print(signal.getsignal(signal.SIGHUP) is signal.SIG_IGN)"
    command = ["sh", "-c", 'trap "" HUP; exec "$@"', "sh", *FAKENOTIFY, "run", *python(program)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, env=environment())
    assert done.stdout == "True\n"


def test_a_signal_before_the_command_runs_is_its_as_well() -> None:
    before = signal.getsignal(signal.SIGTERM)
    program = Program(["sleep", "60"])
    with program.signals():
        os.kill(os.getpid(), signal.SIGTERM)
        status = program.run(dict(os.environ))
    assert status == 128 + signal.SIGTERM
    assert signal.getsignal(signal.SIGTERM) is before
