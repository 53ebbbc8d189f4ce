"""The request log: a line for each request, for a person or for a program."""

from __future__ import annotations

import contextlib
import json
import os
import re
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import requests
from command_line import PATIENCE

from fakenotify import FakeNotify, Fault
from fakenotify.cli.log import THREAD, RequestLog
from fakenotify.cli.output import say

GREEN, YELLOW, RED, PLAIN = "\x1b[32m", "\x1b[33m", "\x1b[31m", "\x1b[0m"
IS = "IS" + "a" * 32
ALICE = {"Identity": "alice", "BindingType": "sms", "Address": "+15005550006"}
BINDINGS = f"/v1/Services/{IS}/Bindings"
Logged = Callable[..., str]
NOTIFICATIONS = f"/v1/Services/{IS}/Notifications"


@pytest.fixture
def fake(open_fake: Callable[..., FakeNotify]) -> FakeNotify:
    fake = open_fake(frozen="2027-10-31T12:00:01Z")
    fake.create_service(sid=IS, messaging_service_sid="MG" + "a" * 32)
    return fake


@pytest.fixture
def logged(fake: FakeNotify, tmp_path: Path) -> Logged:
    """Returns what is logged of some requests, without durations."""

    def log_of(talk: Callable[[str], None], form: str = "text", *, terminal: bool = False, **how: str) -> str:
        with open(tmp_path / "log", "w", **how) as stream:  # type: ignore[call-overload]
            stream.isatty = lambda: terminal
            log = RequestLog(stream, form)
            log.follow(fake.world)
            log.start()
            talk(fake.url)
            log.close()
        return re.sub(r"\d+(\.\d)? ms", "TOOK", (tmp_path / "log").read_text())

    return log_of


def post(path: str, **form: object) -> Callable[[str], None]:
    """Posts a form, without a proxy."""

    def talk(url: str) -> None:
        with requests.Session() as session, contextlib.suppress(requests.ConnectionError):
            session.trust_env = False
            session.post(url + path, form, auth=("AC" + "c" * 32, "x"), timeout=10)

    return talk


def test_a_line_has_time_status_operation_whom_and_duration(logged: Logged) -> None:
    assert logged(post(BINDINGS, **ALICE)) == "12:00:01 201 bindings.create alice TOOK\n"


def test_the_line_of_a_notification_counts_its_deliveries(fake: FakeNotify, logged: Logged) -> None:
    fake.create_binding(IS, identity="alice", binding_type="sms", address="+15005550006")
    fake.create_binding(IS, identity="alice", binding_type="sms", address="+15005550007")
    fake.create_binding(IS, identity="alice", binding_type="apn", address="a7")
    for _ in range(3):
        fake.create_notification(IS, identities=["alice"], body="earlier")
    assert logged(post(NOTIFICATIONS, Identity="alice", Body="Hi")) == (
        "12:00:01 201 notifications.create alice → 2 sent, 1 failed (52004) TOOK\n"
    )


def test_the_line_of_a_notification_that_reaches_nobody_says_so(fake: FakeNotify, logged: Logged) -> None:
    for seconds in (0, 60, 0):  # with an entry of another Notification of this moment, or only older ones
        fake.create_notification(IS, to_binding=[{"binding_type": "sms", "address": "+15005550006"}], body="Hi")
        fake.clock.shift(seconds=seconds)
        line = logged(post(NOTIFICATIONS, Identity=["alice", "bob"], Body="Hi")).splitlines()[0]
        assert line[9:] == "201 notifications.create alice and bob → nobody (52301) TOOK"


def test_a_notification_in_the_first_second_of_the_first_year_has_a_line(fake: FakeNotify, logged: Logged) -> None:
    fake.clock.move_to("0001-01-01T00:00:00Z")
    line = logged(post(NOTIFICATIONS, Identity="alice", Body="Hi")).splitlines()[0]
    assert line[9:] == "201 notifications.create alice → nobody (52301) TOOK"


def test_the_line_of_a_refusal_has_the_reason_and_its_label(fake: FakeNotify, logged: Logged) -> None:
    for number in range(20):
        fake.create_binding(IS, identity="alice", binding_type="sms", address=f"+150055500{number:02}")
    line = logged(post(BINDINGS, **{**ALICE, "Address": "+15005559999"})).splitlines()[0]
    assert re.fullmatch(r"12:00:01 400 bindings\.create alice → 20001 .* \[assumed D1\] TOOK", line)


def test_on_a_terminal_the_status_is_coloured_and_warnings_are_yellow(
    fake: FakeNotify, logged: Logged, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    fake.fail("bindings.create", Fault.empty_reply(), times=1)
    fake.fail("notifications.create", status=503, times=1)
    talks = [post("/v1/Services", friendlyName="x"), post("/v1/Services", FriendlyName="x" * 65)]
    talks += [post(BINDINGS), post(NOTIFICATIONS)]

    lines = [logged(talk, terminal=True).splitlines() for talk in talks]

    colours = {"201": GREEN, "400": YELLOW, "---": RED, "503": RED}
    assert [each[0].split()[1] for each in lines] == [f"{colour}{it}{PLAIN}" for it, colour in colours.items()]
    assert lines[0][1].startswith(f"{YELLOW}    warning: parameter 'friendlyName' was not read")
    for name, value in (("NO_COLOR", "1"), ("TERM", "dumb")):
        with monkeypatch.context() as patch:
            patch.setenv(name, value)
            assert "\x1b" not in logged(talks[0], terminal=True)


def test_a_request_without_an_answer_names_the_fault(fake: FakeNotify, logged: Logged) -> None:
    fake.fail("bindings.create", Fault.empty_reply(), times=1)
    fault = "12:00:01 --- bindings.create alice → fault: empty_reply() before TOOK\n"
    assert logged(post(BINDINGS, **ALICE)) == fault


def test_characters_that_the_encoding_lacks_are_escaped(logged: Logged) -> None:
    line = logged(post(BINDINGS, **{**ALICE, "Identity": "Zoë"}), encoding="ascii")
    assert line == "12:00:01 201 bindings.create Zo\\xeb TOOK\n"


def test_a_json_line_is_the_whole_request(logged: Logged) -> None:
    request = json.loads(logged(post(BINDINGS, **ALICE), "json"))
    assert (request["operation"], request["status"], request["params"]) == ("bindings.create", 201, ALICE)
    assert request["duration"] > 0


def test_a_log_that_nobody_reads_is_bounded() -> None:
    reading, writing = os.pipe()
    with contextlib.suppress(OSError), open(writing, "w") as stream:
        log = RequestLog(stream, "text")
        log.start()
        for _ in range(30_000):
            log.add("x" * 100)
        assert log._lines.qsize() <= 10_000
        os.close(reading)
        log.close()
        for thread in [each for each in threading.enumerate() if each.name == THREAD]:
            thread.join(PATIENCE)
            assert not thread.is_alive()


def test_printing_to_a_closed_stream_does_nothing() -> None:
    with open(os.devnull, "w", encoding="ascii") as stream:
        say(stream, "é")
    say(stream, "x")
    say(None, "x")
