"""What the conformance suite finds in the fake (or where NOTIFY_URL points), and that it is safe to use on others."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from .client import NOBODY, NotAllowed, Notify, named_or_fake
from .facts import CHECKS
from .report import AS_EXPECTED, DIFFERS, SKIPPED, outcome

TOP = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def notify() -> Iterator[Notify]:
    with named_or_fake() as named:
        yield named


@pytest.mark.parametrize("check", CHECKS.values(), ids=lambda check: check.id)
def test_it_answers_as_far_as_anybody_knows(notify: Notify, check: Any) -> None:
    found = outcome(notify, check)
    if found["verdict"] == SKIPPED:
        pytest.skip(SKIPPED)
    assert found["verdict"] == AS_EXPECTED, json.dumps(found, indent=2)


# the suite itself, by a fake that is like a foreign service


@contextmanager
def service(*options: str) -> Iterator[dict[str, str]]:
    """A Notify that this suite knows by its URL only."""
    command = [sys.executable, "-m", "fakenotify", "--port", "0", "--json", "--quiet", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield json.loads(process.stdout.readline())
        finally:
            process.terminate()


def run(told: dict[str, str], tmp_path: Path, **settings: str) -> tuple[int, str, dict[str, Any]]:
    """The command's status and words, and its report."""
    named = {
        "NOTIFY_URL": told["url"],
        "NOTIFY_ACCOUNT_SID": told["account_sid"],
        "NOTIFY_AUTH_TOKEN": told["auth_token"],
    }
    report = tmp_path / "report.json"
    command = [sys.executable, "-m", "tests.conformance", "--report", str(report)]
    done = subprocess.run(
        command, cwd=TOP, env=os.environ | named | settings, text=True, capture_output=True, timeout=60
    )
    return done.returncode, done.stdout + done.stderr, json.loads(report.read_text())


def asked_of(told: dict[str, str]) -> list[dict[str, Any]]:
    with urllib.request.urlopen(told["url"] + "/_fake/requests") as answer:
        return json.load(answer)["requests"]


def services_of(told: dict[str, str]) -> list[str]:
    with urllib.request.urlopen(told["url"] + "/_fake/state") as answer:
        state = json.load(answer)["accounts"]
    return [service["sid"] for account in state.values() for service in account["services"]]


def test_without_the_flag_nothing_is_written_to_a_url_that_was_given(tmp_path: Path) -> None:
    with service() as told:
        status, words, report = run(told, tmp_path, NOTIFY_DESTRUCTIVE="")
        writes = [each for each in asked_of(told) if each["method"] != "GET" and each["status"] != 404]

    assert (status, writes, report["wrote"]) == (0, [], False)
    assert {each["verdict"] for each in report["checks"]} == {AS_EXPECTED, SKIPPED}
    assert "skipped: it writes" in words


def test_with_the_flag_everything_is_asked_and_only_what_was_created_is_deleted(tmp_path: Path) -> None:
    with service() as told:
        before = services_of(told)
        status, words, report = run(told, tmp_path, NOTIFY_DESTRUCTIVE="1")
        after = services_of(told)

    assert (status, after) == (0, before), words
    assert report["verdicts"] == {AS_EXPECTED: len(CHECKS), DIFFERS: 0, "could not be asked": 0, SKIPPED: 0}


def test_a_service_that_answers_otherwise_is_found_out(tmp_path: Path) -> None:
    behaviour = ("identity_limit=evict_oldest", "replacement_keeps_sid=true", "apn_protocol_version=3")
    with service(*(f"--behaviour={each}" for each in behaviour)) as told:
        status, words, report = run(told, tmp_path, NOTIFY_DESTRUCTIVE="1")

    differ = {each["check"] for each in report["checks"] if each["verdict"] != AS_EXPECTED}
    assert (status, differ) == (
        1,
        {"services.create.empty", "bindings.create.address", "bindings.create.21st", "bindings.replace.sid"},
    ), words


def test_a_service_that_is_none_is_found_out_by_every_check(tmp_path: Path) -> None:
    told = {"url": "http://127.0.0.1:9", "account_sid": "AC" + "1" * 32, "auth_token": "secret-token"}
    status, words, report = run(told, tmp_path, NOTIFY_DESTRUCTIVE="1")

    assert (status, {each["verdict"] for each in report["checks"]}) == (1, {"could not be asked"})
    assert "secret-token" not in words


def test_a_report_has_no_secret_and_no_sid_of_an_account(tmp_path: Path) -> None:
    with service() as told:
        _, words, report = run(told, tmp_path, NOTIFY_DESTRUCTIVE="1")

    shown = json.dumps(report) + words
    assert [
        each for each in (told["auth_token"], told["account_sid"], "Basic ", "Authorization:") if each in shown
    ] == []
    assert '"account_sid": "AC(masked)"' in shown or '"account_sid": "(masked)"' in shown


def test_nothing_is_written_where_it_may_not_be() -> None:
    guarded = Notify("http://127.0.0.1:9", "AC", "token", may_write=False)
    for write in (lambda: guarded.create("/Services"), lambda: guarded.delete("/Services/IS"), lambda: guarded.service):
        with pytest.raises(NotAllowed, match="without NOTIFY_DESTRUCTIVE=1"):
            write()
    for path in ("/Services", "/Credentials", f"/Services/IS{'0' * 32}/Bindings", f"/Services/{NOBODY}"):
        with pytest.raises(NotAllowed, match="might create"):
            guarded.probe(path)


def test_what_others_created_is_never_touched() -> None:
    notify = Notify("http://127.0.0.1:9", "AC", "token", may_write=True)
    theirs = f"/Services/IS{'0' * 32}"
    for write in (notify.delete, notify.update):
        with pytest.raises(NotAllowed, match="not created by this run"):
            write(theirs)
    with pytest.raises(NotAllowed, match="not created by this run"):
        notify.create(f"{theirs}/Bindings")


def test_every_check_says_how_sure_we_are() -> None:
    assert {check.known for check in CHECKS.values()} == {"observed", "documented", "sample", "sibling", "assumed"}
