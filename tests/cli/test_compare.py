"""``fakenotify compare`` and ``fakenotify rules``: what they print, and the reports that they write."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from command_line import Call, Done

from fakenotify import FakeNotify

NOBODY = "/Services/IS" + "0" * 32
OTHER_SID = "AC" + "c" * 32
NOT_FOUND = {
    "code": 20404,
    "message": f"The requested resource {NOBODY} was not found",
    "more_info": "https://www.twilio.com/docs/errors/20404",
    "status": 404,
}
EQUAL = {"path": f"/v1{NOBODY}", "status": 404, "body": NOT_FOUND}


@pytest.fixture
def other(open_fake: Callable[..., FakeNotify]) -> FakeNotify:
    return open_fake(page_size_limit="reject")


@pytest.fixture
def compare(other: FakeNotify, fakenotify: Call, tmp_path: Path) -> Call:
    """Runs the command with the other's credentials in the environment."""
    login = {"TWILIO_ACCOUNT_SID": other.account_sid, "TWILIO_AUTH_TOKEN": other.auth_token}
    return lambda *arguments: fakenotify("compare", *arguments, cwd=tmp_path, **login)


@pytest.fixture
def record(tmp_path: Path) -> Callable[..., str]:
    """Writes a recording of GETs and returns its name."""

    def write(*calls: dict[str, Any]) -> str:
        usual = {"method": "GET", "path": "/v1/Services", "query": {}, "form": {}, "headers": {}}
        (tmp_path / "calls.jsonl").write_text("".join(json.dumps(usual | call) + "\n" for call in calls))
        return "calls.jsonl"

    return write


def test_the_differences_of_another_notify_are_in_both_reports(
    other: FakeNotify, compare: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)

    done = compare("--url", other.url, "--report", "report.json", "--markdown", "report.md")

    report, page = (tmp_path / "report.json").read_text(), (tmp_path / "report.md").read_text()
    found = json.loads(report)
    assert (done.status, [(each["rule"], each["switch"]) for each in found["differences"]]) == (
        1,
        [("behaviour.page_size_limit", "page_size_limit=reject")],
    )
    assert found["checked"] > 20
    assert {"rule", "what", "expected", "actual", "label"} <= set(found["differences"][0])
    assert "| `behaviour.page_size_limit` | a PageSize above 1000 counts as 1000 | assumed |" in page
    assert "with the switch page_size_limit=reject, the fake gives the same answer" in done.stdout
    assert "1 difference; " in done.stdout
    assert "lists.page-size.clamped: differs" in done.stderr
    assert other.auth_token not in done.stdout + page + report


def test_what_could_not_be_deleted_again_is_listed(other: FakeNotify, compare: Call) -> None:
    other.fail("services.delete", status=500, optional=True)

    done = compare("--url", other.url, "--write")

    assert done.stderr.startswith("could not be deleted, please delete them yourself: /Services/IS")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_what_was_created_is_deleted_after_a_signal_and_after_more_of_them(
    other: FakeNotify, compare: Call, number: signal.Signals
) -> None:
    """The first one meets a request that creates something, whose sid isn't known yet."""
    written: list[str] = []

    def interrupt(call: Any) -> bool:
        if "services.create" in written or call.operation == "services.create":
            os.kill(os.getpid(), number)
        written.append(call.operation)
        return False

    other.fail("*", status=500, when=interrupt, optional=True)
    done = compare("--url", other.url, "--write")

    assert (done, other.services, other.credentials) == (Done(128 + number, "", ""), [], [])
    after = written[written.index("services.create") :]
    assert after == ["services.create", "services.delete", "credentials.delete"]


def test_a_recording_without_a_difference_is_status_0(compare: Call, record: Callable[..., str]) -> None:
    assert compare(record(EQUAL)) == (0, "calls.jsonl: 1 recorded calls, no difference\n", "")


def test_the_differences_of_a_recording_name_the_call(
    compare: Call, record: Callable[..., str], tmp_path: Path
) -> None:
    calls = record(
        EQUAL | {"body": NOT_FOUND | {"message": "Nothing | here\x1b[2J" + "x" * 300}}, {"status": 503, "body": "busy"}
    )

    done = compare(calls, "--report", "report.json", "--markdown", "page.md")

    found = json.loads((tmp_path / "report.json").read_text())
    assert (done.status, found["checked"], done.stdout.count("\n"), "\x1b" in done.stdout) == (1, 2, 7, False)
    assert [(each["call"], each["what"], each["label"]) for each in found["differences"]] == [
        (1, "message", "observed"),
        (2, "status", None),
    ]
    assert "call 1: `GET /v1/Services/IS" in (tmp_path / "page.md").read_text()


def test_a_refused_login_is_one_line(other: FakeNotify, compare: Call) -> None:
    other.account(other.account_sid, "another token")

    message = f"{other.url} refused the login: 401 Authenticate"
    assert compare("--url", other.url) == Done(2, "", f"fakenotify: {message}\n")


def test_a_token_that_is_not_utf_8_is_sent_as_it_is_and_refused(
    other: FakeNotify, fakenotify: Call, tmp_path: Path
) -> None:
    login = {"TWILIO_ACCOUNT_SID": OTHER_SID, "TWILIO_AUTH_TOKEN": "\udcff"}
    refused = Done(2, "", f"fakenotify: {other.url} refused the login: 401 Authenticate\n")
    assert fakenotify("compare", "--url", other.url, **login) == refused
    assert fakenotify("pull", "--url", other.url, "--output", str(tmp_path / "world.json"), **login) == refused


def test_rules_are_selected_by_a_pattern_and_may_be_json(fakenotify: Call) -> None:
    assert fakenotify("rules", "errors.NotFound").stdout.startswith("errors.NotFound  [observed O3]\n")
    found = json.loads(fakenotify("rules", "behaviour.*", "--json").stdout)["rules"]
    assert "behaviour.list_order" in [each["id"] for each in found]
