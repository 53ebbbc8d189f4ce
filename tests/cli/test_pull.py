"""``fakenotify pull`` reads another Notify, here a second fake, with GETs only."""

from __future__ import annotations

import csv
import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fakenotify import FakeNotify
from fakenotify.cli import pull
from fakenotify.cli.output import CommandError

Pull = Callable[..., int]
PERSONAL = ("alice", "bob@shop.example", "+14155550123", "f" * 64, "gold customer", "Acme Shop", "tablet", "hunter2")


@pytest.fixture
def other(open_fake: Callable[..., FakeNotify]) -> FakeNotify:
    """A Notify with two Services, some Bindings of each type, and Credentials."""
    fake = open_fake(seed=3)
    fcm = fake.create_credential("fcm", friendly_name="Acme Shop", secret="hunter2")
    shop = fake.create_service(
        "Acme Shop", fcm_credential_sid=fcm.sid, delivery_callback_url="https://joe:hunter2@shop.example/hook"
    )
    empty = fake.create_service("Acme Shop 2")
    for identity, binding_type, address in (
        ("alice", "sms", "+14155550123"),
        ("alice", "apn", "f" * 64),
        ("bob@shop.example", "fcm", "dX1:APA91b-token_of_bob"),
        ("+14155550123", "gcm", "gcm token"),
    ):
        fake.create_binding(
            shop.sid,
            identity=identity,
            binding_type=binding_type,
            address=address,
            tags=["gold customer"],
            endpoint="tablet",
        )
    fake.create_binding(empty.sid, identity="alice", binding_type="sms", address="+14155550123")
    return fake


@pytest.fixture
def run(other: FakeNotify, tmp_path: Path) -> Pull:
    """Pulls from ``other`` to ``world.json``."""

    def make(**options: Any) -> int:
        chosen = {
            "url": other.url,
            "output": str(tmp_path / "world.json"),
            "csv": None,
            "personal_data": "mask",
            "resume": False,
            "service": [],
            "quiet": False,
        } | options
        environment = {"TWILIO_ACCOUNT_SID": other.account_sid, "TWILIO_AUTH_TOKEN": other.auth_token}
        return pull.run(Namespace(**chosen), environment)

    return make


def loaded(path: Path, open_fake: Callable[..., FakeNotify]) -> FakeNotify:
    fake = open_fake()
    fake.load(path)
    return fake


def test_what_is_kept_loads_as_it_was(
    other: FakeNotify, run: Pull, open_fake: Callable[..., FakeNotify], tmp_path: Path
) -> None:
    assert run(personal_data="keep") == 0

    fake = loaded(tmp_path / "world.json", open_fake)
    assert fake.services == other.services
    assert fake.bindings == other.bindings
    assert [each.sid for each in fake.credentials] == [each.sid for each in other.credentials]
    assert {each.method for each in other.requests} == {"GET"}


def test_by_default_nothing_personal_is_left_and_all_rows_are_there(
    other: FakeNotify, run: Pull, open_fake: Callable[..., FakeNotify], tmp_path: Path
) -> None:
    run(csv=str(tmp_path / "rows.csv"))

    text = (tmp_path / "world.json").read_text() + (tmp_path / "rows.csv").read_text()
    assert [each for each in (*PERSONAL, other.auth_token) if each in text] == []
    masked, real = loaded(tmp_path / "world.json", open_fake).bindings, other.bindings
    assert [(each.sid, each.binding_type) for each in masked] == [(each.sid, each.binding_type) for each in real]
    assert masked[0].address == masked[4].address != masked[1].address
    assert re.fullmatch(r"\+1500555[0-9]{1,8}", masked[0].address)
    assert re.fullmatch("[0-9a-f]{64}", masked[1].address)
    assert masked[0].identity == masked[1].identity != masked[2].identity


def test_pulling_again_gives_the_same_pseudonyms_and_another_account_others(
    other: FakeNotify, run: Pull, tmp_path: Path
) -> None:
    run()
    first = (tmp_path / "world.json").read_text()
    run()
    assert (tmp_path / "world.json").read_text() == first

    other.account(other.account_sid, "another token")
    run()
    assert (tmp_path / "world.json").read_text() != first


def test_the_table_is_for_programs(other: FakeNotify, run: Pull, tmp_path: Path) -> None:
    run(csv=str(tmp_path / "rows.csv"), personal_data="keep")

    with (tmp_path / "rows.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["sid"], row["identity"], row["address"], json.loads(row["tags"])) for row in rows] == [
        (each.sid, each.identity, each.address, list(each.tags)) for each in other.bindings
    ]


def test_what_is_kept_is_readable_by_its_owner_alone(run: Pull, tmp_path: Path) -> None:
    run(csv=str(tmp_path / "rows.csv"), personal_data="keep")

    assert [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("world.json", "rows.csv")] == [0o600, 0o600]


def test_only_the_chosen_services_are_read(
    other: FakeNotify, run: Pull, open_fake: Callable[..., FakeNotify], tmp_path: Path
) -> None:
    second = other.services[1]
    run(service=[second.sid], personal_data="keep")

    assert loaded(tmp_path / "world.json", open_fake).services == [second]


def test_the_report_counts_and_shows_no_personal_value(
    run: Pull, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    run()

    said = capsys.readouterr().out
    assert [each for each in PERSONAL if each in said] == []
    assert re.sub(" +", " ", said).splitlines() == [
        f"{tmp_path}/world.json: 2 Services, 5 Bindings, 1 Credential",
        " 2 sms Bindings",
        " 1 apn Bindings",
        " 1 fcm Bindings",
        " 1 gcm Bindings",
        " 1 fcm Credentials",
        "what will not survive the end of Notify:",
        " 1 gcm: Google ended GCM; move these devices to FCM HTTP v1",
        " 1 fcm: Notify doesn't show which Credentials are legacy server keys, not accepted by Google since July 2024",
        " 2 identities look like personal data (an e-mail address or a phone number)",
        " 1 addresses stand in several Services",
    ]


def test_identities_with_twenty_bindings_are_counted(
    other: FakeNotify, run: Pull, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(20):
        other.create_binding(
            other.services[1].sid, identity="busy", binding_type="fcm", address=f"token number {number}"
        )

    run()

    assert "1 identities have 20 Bindings in a Service, the most that Notify allows" in capsys.readouterr().out


# resuming


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pull, "PAGE_SIZE", 2)


@pytest.mark.usefixtures("small_pages")
@pytest.mark.parametrize("failing", ["services.find", "bindings.find", "credentials.find"])
@pytest.mark.parametrize("after", [0, 1])
def test_what_an_error_interrupted_is_resumed(
    other: FakeNotify,
    run: Pull,
    open_fake: Callable[..., FakeNotify],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    failing: str,
    after: int,
) -> None:
    monkeypatch.setattr(pull.Connection, "send", _without_waiting(pull.Connection.send))
    fault = other.fail(failing, status=500, after=after, optional=True)
    if fault_hits := failing == "bindings.find" or after == 0:  # there is one page of the other two
        with pytest.raises(CommandError, match=r"answered 500 .*; go on with --resume"):
            run(personal_data="keep")
        assert not (tmp_path / "world.json").exists()
        partial = tmp_path / ".world.json.partial"
        assert stat.S_IMODE(partial.stat().st_mode) == 0o600
        with partial.open("a") as file:  # a kill in the middle of a line
            file.write('{"binding": {"sid": "BS')
    other.world.remove_faults()
    asked = len(other.requests)

    assert run(personal_data="keep", resume=bool(fault_hits)) == 0

    assert fault.fired or not fault_hits
    assert loaded(tmp_path / "world.json", open_fake).bindings == other.bindings
    assert not (tmp_path / ".world.json.partial").exists()
    assert len(other.requests) - asked < asked + 8


def _without_waiting(send: Callable[..., Any]) -> Callable[..., Any]:
    def sent(self: Any, *arguments: Any, **settings: Any) -> Any:
        self._pause = lambda seconds: None
        return send(self, *arguments, **settings)

    return sent


@pytest.mark.usefixtures("small_pages")
def test_a_resumed_pull_gives_the_pseudonyms_of_one_that_went_through(
    other: FakeNotify, run: Pull, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run()
    whole = (tmp_path / "world.json").read_text()
    monkeypatch.setattr(pull.Connection, "send", _without_waiting(pull.Connection.send))
    other.fail("bindings.find", status=500, after=1)
    with pytest.raises(CommandError):
        run()
    other.world.remove_faults()

    run(resume=True)

    assert (tmp_path / "world.json").read_text() == whole


def test_ctrl_c_leaves_what_was_read(run: Pull, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    send = pull.Connection.send

    def interrupted(self: Any, method: str, path: str, *arguments: Any) -> Any:
        if "Bindings" in path:
            raise KeyboardInterrupt
        return send(self, method, path, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(pull.Connection, "send", interrupted)
        with pytest.raises(CommandError, match="stopped; go on with --resume"):
            run()

    assert run(resume=True) == 0


def test_there_must_be_something_to_resume_and_with_the_same_options(
    run: Pull, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(CommandError, match="there is nothing to resume"):
        run(resume=True)
    with monkeypatch.context() as patch:
        patch.setattr(pull.Connection, "send", lambda *arguments: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(CommandError):
            run()

    with pytest.raises(CommandError, match="the earlier pull had other options"):
        run(resume=True, personal_data="keep")


# bad input


def test_a_refused_login_is_one_line_and_the_old_file_stays(other: FakeNotify, run: Pull, tmp_path: Path) -> None:
    (tmp_path / "world.json").write_text("old")
    other.account(other.account_sid, "another token")
    options = Namespace(
        url=other.url,
        output=str(tmp_path / "world.json"),
        csv=None,
        personal_data="mask",
        resume=False,
        service=[],
        quiet=True,
    )

    with pytest.raises(CommandError, match="refused the login: 401 Authenticate"):
        pull.run(options, {"TWILIO_ACCOUNT_SID": other.account_sid, "TWILIO_AUTH_TOKEN": "wrong"})

    assert (tmp_path / "world.json").read_text() == "old"


def test_a_service_that_vanishes_is_named(other: FakeNotify, run: Pull, monkeypatch: pytest.MonkeyPatch) -> None:
    vanishing = other.services[1].sid
    send = pull.Connection.send

    def deleting(self: Any, method: str, path: str, *arguments: Any) -> Any:
        if f"{vanishing}/Bindings" in path:
            other.client(in_process=True).notify.v1.services(vanishing).delete()
        return send(self, method, path, *arguments)

    monkeypatch.setattr(pull.Connection, "send", deleting)
    with pytest.raises(CommandError, match=f"Service {vanishing} isn't there, or vanished while it was read"):
        run()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"url": "notify.twilio.com"}, "is not an http"),
        ({"url": "http://127.0.0.1:9"}, "can't reach http://127.0.0.1:9"),
        ({"output": "/nowhere/world.json"}, "can't write /nowhere/world.json"),
        ({"csv": "/"}, "can't write /: it is a folder"),
    ],
)
def test_what_can_not_be_done_is_said_before_anything_is_read(
    run: Pull, monkeypatch: pytest.MonkeyPatch, options: dict[str, str], message: str
) -> None:
    monkeypatch.setattr(pull.Connection, "send", _without_waiting(pull.Connection.send))
    with pytest.raises(CommandError, match=message):
        run(**options)


@pytest.mark.parametrize("environment", [{}, {"TWILIO_ACCOUNT_SID": "AC1"}, {"TWILIO_API_KEY": "SK1"}])
def test_credentials_come_from_the_environment(environment: dict[str, str]) -> None:
    with pytest.raises(CommandError, match="set TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN, or TWILIO_API_KEY"):
        pull.credentials_of(environment)


def test_an_api_key_will_do() -> None:
    found = pull.credentials_of({"TWILIO_API_KEY": "SK1", "TWILIO_API_SECRET": "s"})

    assert (found.user, found.password) == ("SK1", "s")


def test_an_answer_that_is_no_list_is_refused(
    open_fake: Callable[..., FakeNotify], tmp_path: Path, run: Pull, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pull.Connection, "_ask", lambda *arguments: pull.Answer(200, {}, b"<html>"))

    with pytest.raises(CommandError, match="answered with something that is no list"):
        run()


def test_an_empty_account_is_an_empty_world(
    open_fake: Callable[..., FakeNotify], other: FakeNotify, run: Pull, tmp_path: Path
) -> None:
    other.reset()
    run()

    assert loaded(tmp_path / "world.json", open_fake).services == []


def test_ctrl_c_leaves_the_partial_file_and_says_how_to_go_on(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        command = [sys.executable, "-m", "fakenotify", "pull", "--url", url, "--output", str(tmp_path / "world.json")]
        login = {"TWILIO_ACCOUNT_SID": "AC" + "a" * 32, "TWILIO_AUTH_TOKEN": "x"}
        mind = (
            "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); os.execv(sys.argv[1], sys.argv[1:])"
        )
        process = subprocess.Popen(
            [sys.executable, "-c", mind, *command], env=os.environ | login, stderr=subprocess.PIPE, text=True
        )
        with silent.accept()[0]:
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (
        2,
        f"fakenotify: stopped; go on with --resume ({tmp_path / '.world.json.partial'} holds what was read)\n",
    )
    assert [path.name for path in tmp_path.iterdir()] == [".world.json.partial"]


def test_a_service_that_was_read_is_not_read_again(
    other: FakeNotify, run: Pull, monkeypatch: pytest.MonkeyPatch
) -> None:
    sid = other.services[1].sid
    monkeypatch.setattr(pull.Connection, "send", _without_waiting(pull.Connection.send))
    other.fail("bindings.find", status=500)
    with pytest.raises(CommandError):
        run(service=[sid])
    other.world.remove_faults()
    asked = len(other.requests)

    run(service=[sid], resume=True)

    assert [each.operation for each in other.requests[asked:]] == ["bindings.find", "credentials.find"]


def test_a_row_that_is_none_is_refused(run: Pull, monkeypatch: pytest.MonkeyPatch) -> None:
    page = b'{"services": ["IS1"], "meta": {"next_page_url": null}}'
    monkeypatch.setattr(pull.Connection, "_ask", lambda *arguments: pull.Answer(200, {}, page))

    with pytest.raises(CommandError, match="answered with something that is no service"):
        run()


def test_progress_is_shown_on_a_terminal_and_quiet_says_nothing(
    run: Pull, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    run()
    assert "rows; /Services/IS" in capsys.readouterr().err

    run(quiet=True)
    assert capsys.readouterr() == ("", "")


def test_a_disk_that_is_full_leaves_the_old_file(run: Pull, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "world.json").write_text("old")

    def full(*arguments: Any) -> None:
        raise OSError(28, "No space left on device", "world.json")

    monkeypatch.setattr(pull, "_write_state", full)
    with pytest.raises(CommandError, match=r"can't write .*/world\.json: No space left on device"):
        run()

    assert (tmp_path / "world.json").read_text() == "old"
    assert [each.name for each in tmp_path.iterdir() if "partial" not in each.name] == ["world.json"]


def test_a_partial_file_whose_end_is_no_json_is_read_up_to_there(
    run: Pull, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(pull.Connection, "send", lambda *arguments: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(CommandError):
            run()
    with (tmp_path / ".world.json.partial").open("a") as file:
        file.write("no json\n")

    assert run(resume=True) == 0
