"""``fakenotify compare``: the conformance suite and recorded traffic, with the reports that they write."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fakenotify import FakeNotify
from fakenotify.cli.commands import main

Run = Callable[..., int]


@pytest.fixture
def other(open_fake: Callable[..., FakeNotify]) -> FakeNotify:
    return open_fake(page_size_limit="reject")


@pytest.fixture
def run(other: FakeNotify, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs the command with the other's credentials in the environment."""
    monkeypatch.setenv("TWILIO_ACCOUNT_SID", other.account_sid)
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", other.auth_token)
    return lambda *arguments: main(["compare", *arguments])


def line(path: str = "/v1/Services", status: int = 200, body: Any = None) -> str:
    call = {"method": "GET", "path": path, "query": {}, "form": {}, "status": status, "headers": {}, "body": body}
    return json.dumps(call) + "\n"


def not_found(path: str, message: str | None = None) -> dict[str, Any]:
    words = message or f"The requested resource {path} was not found"
    return {"code": 20404, "message": words, "more_info": "https://www.twilio.com/docs/errors/20404", "status": 404}


def test_the_differences_of_another_notify_are_in_both_reports(
    other: FakeNotify, run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report, page = tmp_path / "report.json", tmp_path / "report.md"

    status = run("--url", other.url, "--report", str(report), "--markdown", str(page))

    found = json.loads(report.read_text())
    assert (status, [(each["rule"], each["switch"]) for each in found["differences"]]) == (
        1,
        [("behaviour.page_size_limit", "page_size_limit=reject")],
    )
    assert found["checked"] > 20
    assert {"rule", "what", "expected", "actual", "label"} <= set(found["differences"][0])
    assert "| `behaviour.page_size_limit` | a PageSize above 1000 counts as 1000 | assumed |" in page.read_text()
    said = capsys.readouterr().out
    assert "with the switch page_size_limit=reject the fake answers so too" in said
    assert "1 difference; " in said
    assert other.auth_token not in said + page.read_text() + report.read_text()


def test_a_recording_without_a_difference_is_status_0(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    calls = tmp_path / "calls.jsonl"
    path = "/Services/IS" + "0" * 32
    calls.write_text(line(f"/v1{path}", 404, not_found(path)))

    assert (run(str(calls)), capsys.readouterr().out) == (0, "calls.jsonl: 1 recorded calls, no difference\n")


def test_the_differences_of_a_recording_name_the_call(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    calls, report, page = tmp_path / "calls.jsonl", tmp_path / "report.json", tmp_path / "page.md"
    path = "/Services/IS" + "0" * 32
    calls.write_text(line(f"/v1{path}", 404, not_found(path, "Nothing | here\x1b[2J")) + line(status=503, body="busy"))

    assert run(str(calls), "--report", str(report), "--markdown", str(page)) == 1

    found = json.loads(report.read_text())
    assert [(each["call"], each["what"], each["label"]) for each in found["differences"]] == [
        (1, "message", "observed"),
        (2, "status", None),
    ]
    assert found["checked"] == 2
    assert "\x1b" not in capsys.readouterr().out
    assert "call 1: `GET /v1/Services/IS" in page.read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--url", "notify"], "'notify' is not an http(s) URL"),
        (["--url", "http://127.0.0.1:9"], "can't reach http://127.0.0.1:9"),
        (["--report", "/nowhere/report.json"], "can't write /nowhere/report.json: there is no such folder"),
        (["/nowhere/calls.jsonl"], "can't read the recording /nowhere/calls.jsonl: No such file or directory"),
        ([__file__], "is no recording: line 1 is not JSON"),
    ],
)
def test_what_can_not_be_done_is_one_line_and_status_2(
    run: Run, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*arguments) == 2

    (said,) = capsys.readouterr().err.splitlines()
    assert message in said


def test_a_refused_login_is_one_line(
    other: FakeNotify, run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    other.account(other.account_sid, "another token")

    assert run("--url", other.url) == 2
    assert "refused the login: 401 Authenticate" in capsys.readouterr().err


def test_a_report_that_can_not_be_written_is_one_line(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    calls = tmp_path / "calls.jsonl"
    path = "/Services/IS" + "0" * 32
    calls.write_text(line(f"/v1{path}", 404, not_found(path)))

    assert run(str(calls), "--report", str(tmp_path)) == 2
    assert "can't write" in capsys.readouterr().err


# the rules on the command line


def test_rules_are_printed_by_pattern(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "errors.NotFound"]) == 0
    assert capsys.readouterr().out.startswith("errors.NotFound  [observed O3]\n")


def test_rules_are_printed_as_the_control_api_answers_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "behaviour.*", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["rules"]
    assert "behaviour.list_order" in [each["id"] for each in found]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["rules", "errors.NotFond"], "there is no rule 'errors.NotFond'; did you mean 'errors.NotFound'?"),
        (["runn"], "there is no command 'runn'; did you mean 'run'?"),
    ],
)
def test_a_name_that_is_none_suggests_the_nearest(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    assert message in capsys.readouterr().err
