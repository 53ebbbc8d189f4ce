"""``fakenotify run``: the command's status and signals, the hosts that it reaches, and the summary at the end."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import termios
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from command_line import FAKENOTIFY, PATIENCE, Call, environment, lines_of, python, running

from fakenotify import FakeNotify
from fakenotify.cli import summary
from fakenotify.cli.run import Program
from fakenotify.cli.summary import Tally, is_worrying
from fakenotify.notify.accounts import ACCOUNT_SID
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
"""A function with which the programs below send requests."""


@pytest.fixture
def fake() -> Iterator[FakeNotify]:
    with FakeNotify() as fake:
        fake.start()
        yield fake


# other hosts


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


def test_other_hosts_are_reached_by_the_users_own_proxy(fakenotify: Call) -> None:
    program = f"{ASK}\nprint(ask({SERVICES!r})[:9], ask('http://other.test/').strip())"
    done = fakenotify("run", *python(program), HTTP_PROXY="socks5://127.0.0.1:1", NO_PROXY="*.twilio.com")
    why = "HTTP_PROXY is no proxy that fakenotify can go through: it takes http://host:port"
    assert done.stdout == f"{{\"service 502 fakenotify: other.test:80 can't be reached: {why}\n"


# the end

HERE = os.path.dirname(__file__)
ENDED_WELL = "succeeded without using the proxy: it made no calls, or its HTTP client ignores the proxy"
FAILED = "ended with status {} before it connected to anything through the proxy"


@pytest.mark.parametrize(
    ("command", "status", "printed"),
    [
        (["sh", "-c", "exit 0"], 0, f"{NOTHING}\n  nothing   the program {ENDED_WELL}"),
        (["sh", "-c", "exit 3"], 3, f"{NOTHING}\n  nothing   the program {FAILED.format(3)}"),
        (["sh", "-c", "kill -9 $$"], 137, f"{NOTHING}\n  nothing   the program {FAILED.format(137)}"),
        (["no-such-command"], 127, "fakenotify: command not found: no-such-command"),
        ([f"{__file__}/x"], 127, f"fakenotify: command not found: {__file__}/x"),
        ([HERE], 126, f"fakenotify: can't run {HERE}: Permission denied"),
    ],
)
def test_the_exit_status_is_the_one_that_a_shell_gives(
    fakenotify: Call, command: list[str], status: int, printed: str
) -> None:
    assert fakenotify("run", "--", *command) == (status, "", f"{printed}\n")


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
def test_strict_fails_for_warnings_only(fakenotify: Call, options: list[str], program: str, status: int) -> None:
    assert fakenotify("run", *options, *python(program)).status == status


def test_a_client_that_does_not_trust_the_proxy_is_reported_with_the_remedy(fakenotify: Call) -> None:
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


def test_the_summary_lists_what_went_wrong_and_what_was_not_counted(fakenotify: Call) -> None:
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


def test_the_summary_reports_what_the_proxy_saw(fake: FakeNotify) -> None:
    with proxied(fake, IS, {}) as proxy:
        tally = Tally(fake)
        proxy.clients += 1
        assert tally.summary(proxy, 0)["reason"] == "the program connected to the proxy, but asked for nothing"
        proxy.opened.add("notify.twilio.com")
        reason = "the program connected to notify.twilio.com, but sent no request"
        assert tally.summary(proxy, 0)["reason"] == reason
        for host in ("api.twilio.com:443", "twilio.com:80", "twilio.com.test:443", "mytwilio.com:443"):
            proxy.passed_on.add(host)
        found = tally.summary(proxy, 0)
    assert found["twilio"] == {"api.twilio.com:443": 1, "twilio.com:80": 1}
    words = "  beware    api.twilio.com:443 itself was reached; only Notify is faked"
    assert (summary.lines_of(found)[1], is_worrying(found)) == (words, False)


def test_the_summary_leaves_out_what_came_with_the_state(fakenotify: Call, tmp_path: Path) -> None:
    binding = {"identity": "alice", "binding_type": "sms", "address": "+15005550006"}
    world = {"services": [{"sid": IS, "messaging_service_sid": "MG" + "0" * 32, "bindings": [binding]}]}
    (tmp_path / "world.json").write_text(json.dumps(world))
    send = f"""{ASK}
for who in ("alice", "bob"): ask("{SERVICES}/{IS}/Notifications", Identity=who, Body="Hi")"""
    state = ("--state", "world.json", "--save-state", "world.json")
    summaries = [fakenotify("run", *state, *python(send), cwd=tmp_path).stderr.splitlines()[0] for _ in range(2)]
    assert len(json.loads((tmp_path / "world.json").read_text())["accounts"][ACCOUNT_SID]["deliveries"]) == 2
    once = "fakenotify: 2 requests (0 refused), 1 delivery (1 sent, 0 failed), no warnings, 1 alert"
    assert summaries == [once, once]


def test_the_summary_counts_what_was_sent_before_the_program_reset_the_fake(fakenotify: Call) -> None:
    target = '{"binding_type": "sms", "address": "+15005550006"}'
    program = f"""{ASK}
import os
reset = urllib.request.Request(os.environ["FAKENOTIFY_URL"] + "/_fake/reset", method="POST")
for _ in range(3):
    ask("{SERVICES}/{IS}/Notifications", ToBinding={target!r}, Body="Hi")
    ask("{SERVICES}/{IS}/Notifications", Identity="alice", Body="Hi")
    urllib.request.urlopen(reset).close()
"""
    done = fakenotify("run", "--service", IS, *python(program), NO_PROXY="127.0.0.1")
    counted = "fakenotify: 6 requests (0 refused), 3 deliveries (3 sent, 0 failed), no warnings, 3 alerts"
    assert done.stderr.splitlines()[0] == counted


def test_the_summary_names_the_host_that_could_not_be_reached(fakenotify: Call, free_port: int) -> None:
    done = fakenotify("run", *python(f"{ASK}\nask('http://127.0.0.1:{free_port}/')\nraise SystemExit(3)"))
    why = f"the program asked the proxy for 127.0.0.1:{free_port}, but not for Notify"
    assert (done.status, done.stderr.splitlines()) == (3, [NOTHING, f"  nothing   {why}"])


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


def test_signals_are_forwarded_to_the_command() -> None:
    with running(*FAKENOTIFY, "run", *python(LISTENING)) as process:
        printed = lines_of(process.stdout)
        assert next(printed) == "ready"
        for name in ("SIGINT", "SIGINT", "SIGTERM"):
            process.send_signal(getattr(signal, name))
            assert next(printed) == name
        assert next(printed) == "3"
        assert process.wait() == 7
        assert next(lines_of(process.stderr)) == NOTHING


def test_ctrl_c_reaches_the_command_once() -> None:
    """The terminal sends it to the command as well; a second one would make many programs abort."""
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


def test_an_ignored_signal_stays_ignored_in_the_command() -> None:
    """As under ``nohup``."""
    program = "import signal; print(signal.getsignal(signal.SIGHUP) is signal.SIG_IGN)"
    command = ["sh", "-c", 'trap "" HUP; exec "$@"', "sh", *FAKENOTIFY, "run", *python(program)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, env=environment())
    assert done.stdout == "True\n"


def test_a_signal_before_the_command_starts_is_forwarded_when_it_has() -> None:
    before = signal.getsignal(signal.SIGTERM)
    program = Program(["sleep", "60"])
    with program.signals():
        os.kill(os.getpid(), signal.SIGTERM)
        status = program.run(dict(os.environ))
    assert status == 128 + signal.SIGTERM
    assert signal.getsignal(signal.SIGTERM) is before
