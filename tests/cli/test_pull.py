"""``fakenotify pull`` reads another Notify, here a second fake, with GETs only."""

from __future__ import annotations

import csv
import json
import os
import re
import signal
import socket
import stat
from collections.abc import Callable
from email.message import Message
from functools import partial
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from command_line import Call

from fakenotify import FakeNotify
from fakenotify.cli import pull
from fakenotify.cli.commands import parser_of
from fakenotify.cli.output import CommandError

Pull = Callable[..., int]
OpenFake = Callable[..., FakeNotify]
PERSONAL = ("alice", "bob@shop.example", "+14155550123", "f" * 64, "gold customer", "Acme Shop", "tablet", "hunter2")
KEEP = ("--personal-data", "keep")


@pytest.fixture
def other(open_fake: OpenFake) -> FakeNotify:
    """A Notify with two Services, some Bindings of each type, and Credentials."""
    fake = open_fake(seed=3)
    fcm = fake.create_credential("fcm", friendly_name="Acme Shop", secret="hunter2")
    shop = fake.create_service(
        "Acme Shop", fcm_credential_sid=fcm.sid, delivery_callback_url="https://joe:hunter2@shop.example/hook"
    )
    second = fake.create_service("Acme Shop 2")
    for service, identity, binding_type, address in (
        (shop, "alice", "sms", "+14155550123"),
        (shop, "alice", "apn", "f" * 64),
        (shop, "bob@shop.example", "fcm", "dX1:APA91b-token_of_bob"),
        (shop, "+14155550123", "gcm", "gcm token"),
        (second, "alice", "sms", "+14155550123"),
    ):
        more: Any = {"tags": ["gold customer"], "endpoint": "tablet"}
        fake.create_binding(service, identity=identity, binding_type=binding_type, address=address, **more)
    return fake


@pytest.fixture
def world(tmp_path: Path) -> Path:
    """Where a pull writes."""
    return tmp_path / "world.json"


@pytest.fixture
def run(other: FakeNotify, world: Path, monkeypatch: pytest.MonkeyPatch) -> Pull:
    """Pulls from ``other`` to ``world.json``, and never waits before it asks again."""
    monkeypatch.setattr(pull, "Connection", partial(pull.Connection, pause=lambda seconds: None))

    def make(*options: str, token: str = other.auth_token) -> int:
        arguments = ["--url", other.url, "--output", str(world), *options]
        environment = {"TWILIO_ACCOUNT_SID": other.account_sid, "TWILIO_AUTH_TOKEN": token}
        return pull.run(parser_of("pull").read(arguments, {}), environment)

    return make


def loaded(path: Path, open_fake: OpenFake) -> FakeNotify:
    fake = open_fake()
    fake.load(path)
    return fake


def test_unmasked_data_loads_unchanged_and_only_its_owner_can_read_it(
    other: FakeNotify, run: Pull, open_fake: OpenFake, world: Path, tmp_path: Path
) -> None:
    rows = tmp_path / "rows.csv"
    other.create_service("without a Binding")
    other.create_binding(other.create_service("with one"), identity="zoe", binding_type="fcm", address="token")
    assert run(*KEEP, "--csv", str(rows)) == 0

    fake = loaded(world, open_fake)
    assert (fake.services, fake.bindings) == (other.services, other.bindings)
    assert [each.sid for each in fake.credentials] == [each.sid for each in other.credentials]
    assert {each.method for each in other.requests} == {"GET"}
    with rows.open(newline="") as file:
        assert [(row["sid"], row["identity"], json.loads(row["tags"])) for row in csv.DictReader(file)] == [
            (each.sid, each.identity, list(each.tags)) for each in other.bindings
        ]
    assert [stat.S_IMODE(path.stat().st_mode) for path in (world, rows)] == [0o600, 0o600]


def test_by_default_personal_data_is_masked_with_pseudonyms_of_the_account(
    other: FakeNotify, run: Pull, open_fake: OpenFake, world: Path, tmp_path: Path
) -> None:
    run("--csv", str(tmp_path / "rows.csv"))

    first = world.read_text()
    text = first + (tmp_path / "rows.csv").read_text()
    assert [each for each in (*PERSONAL, other.auth_token) if each in text] == []
    masked, real = loaded(world, open_fake).bindings, other.bindings
    assert [(each.sid, each.binding_type) for each in masked] == [(each.sid, each.binding_type) for each in real]
    assert masked[0].address == masked[4].address != masked[1].address
    assert masked[0].identity == masked[1].identity != masked[2].identity
    run()
    assert world.read_text() == first
    other.account(other.account_sid, "another token")
    run(token="another token")
    assert world.read_text() != first


def test_only_the_chosen_services_are_read_and_each_once(
    other: FakeNotify, run: Pull, open_fake: OpenFake, world: Path
) -> None:
    second = other.services[1]
    other.fail("bindings.find", status=500)
    with pytest.raises(CommandError):
        run("--service", second.sid, *KEEP)
    other.world.remove_faults()
    asked = len(other.requests)

    run("--service", second.sid, *KEEP, "--resume")

    assert [each.operation for each in other.requests[asked:]] == ["bindings.find", "credentials.find"]
    assert loaded(world, open_fake).services == [second]


def test_the_report_counts_and_shows_no_personal_value(
    other: FakeNotify, run: Pull, capsys: pytest.CaptureFixture[str], world: Path
) -> None:
    for number in range(20):
        other.create_binding(other.services[0], identity="busy", binding_type="fcm", address=f"token {number}")
    run()

    said = capsys.readouterr().out
    assert [each for each in PERSONAL if each in said] == []
    assert re.sub(" +", " ", said).splitlines() == [
        f"{world}: 2 Services, 25 Bindings, 1 Credential",
        " 21 fcm Bindings",
        " 2 sms Bindings",
        " 1 apn Bindings",
        " 1 gcm Bindings",
        " 1 fcm Credentials",
        "what will not survive the end of Notify:",
        " 1 gcm: Google ended GCM; move these devices to FCM HTTP v1",
        " 1 fcm: Notify doesn't show which Credentials are legacy server keys, not accepted by Google since July 2024",
        " 2 identities look like personal data (an e-mail address or a phone number)",
        " 1 identities have 20 Bindings in a Service, the most that Notify allows",
        " 1 addresses occur in several Services",
    ]


def test_an_empty_account_is_an_empty_world(open_fake: OpenFake, other: FakeNotify, run: Pull, world: Path) -> None:
    other.reset()
    run()

    assert loaded(world, open_fake).services == []


def test_progress_is_shown_on_a_terminal_and_quiet_prints_nothing(
    run: Pull, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    run()
    assert "rows; /Services/IS" in capsys.readouterr().err

    run("--quiet")
    assert capsys.readouterr() == ("", "")


# resuming


@pytest.mark.parametrize(
    ("failing", "after"),
    [("services.find", 0), ("bindings.find", 0), ("bindings.find", 1), ("bindings.find", 4), ("credentials.find", 0)],
)
def test_a_resumed_pull_gives_the_same_file_as_an_uninterrupted_one(
    other: FakeNotify,
    run: Pull,
    world: Path,
    monkeypatch: pytest.MonkeyPatch,
    failing: str,
    after: int,
) -> None:
    for digit in "0123456789":  # whose pseudonyms would meet, were they not remembered
        other.create_binding(other.services[0], identity="digits", binding_type="gcm", address=digit)
    run()
    whole = world.read_text()
    world.unlink()
    monkeypatch.setattr(pull, "PAGE_SIZE", 2)
    other.fail(failing, status=500, after=after)

    with pytest.raises(CommandError, match=r"answered 500 .*; continue with --resume"):
        run()

    partial = world.with_name(".world.json.partial")
    assert (world.exists(), stat.S_IMODE(partial.stat().st_mode)) == (False, 0o600)
    for rubbish in ('{"binding": {"sid": "BS', "no json\n"):  # a kill in the middle of a line
        with partial.open("a") as file:
            file.write(rubbish)
    other.world.remove_faults()
    assert run("--resume") == 0
    assert (world.read_text(), partial.exists()) == (whole, False)


def test_ctrl_c_leaves_the_partial_file_and_says_how_to_go_on(fakenotify: Call, run: Pull, world: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:

        def interrupt() -> None:
            with silent.accept()[0] as connection:
                connection.recv(65536)
                os.kill(os.getpid(), signal.SIGINT)

        waiting = Thread(target=interrupt)
        waiting.start()
        signal.signal(signal.SIGINT, lambda number, frame: pytest.fail("nobody minds it"))
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        login = {"TWILIO_ACCOUNT_SID": "AC" + "a" * 32, "TWILIO_AUTH_TOKEN": "x"}
        done = fakenotify("pull", "--url", url, "--output", str(world), **login)
        waiting.join()
    partial = world.with_name(".world.json.partial")
    assert done == (2, "", f"fakenotify: stopped; continue with --resume ({partial} has what was read so far)\n")
    assert list(world.parent.iterdir()) == [partial]
    with pytest.raises(CommandError, match="the earlier pull had other options"):
        run("--resume", "--personal-data", "keep")


# bad input


def test_an_unreachable_notify_is_one_line_that_names_resume(run: Pull) -> None:
    with pytest.raises(CommandError, match=r"can't reach http://127.0.0.1:9: .*; continue later with --resume"):
        run("--url", "http://127.0.0.1:9")


def test_a_failed_pull_leaves_the_old_file(
    other: FakeNotify, run: Pull, world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.write_text("old")

    def full(*arguments: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(pull, "_write_state", full)
        with pytest.raises(CommandError, match=f"can't write {world}: No space left"):
            run()
    assert [each.name for each in world.parent.iterdir() if "partial" not in each.name] == ["world.json"]
    other.account(other.account_sid, "another token")
    with pytest.raises(CommandError, match="refused the login: 401 Authenticate"):
        run(token="wrong")
    assert world.read_text() == "old"


def test_a_service_that_is_deleted_during_the_pull_is_named(
    other: FakeNotify, run: Pull, monkeypatch: pytest.MonkeyPatch
) -> None:
    vanishing = other.services[1].sid
    read = pull.Pull._list

    def deleting(self: Any, path: str, *arguments: Any) -> None:
        if f"{vanishing}/Bindings" in path:
            other.client(in_process=True).notify.v1.services(vanishing).delete()
        read(self, path, *arguments)

    monkeypatch.setattr(pull.Pull, "_list", deleting)
    with pytest.raises(CommandError, match=f"Service {vanishing} doesn't exist, or was deleted during the pull"):
        run()


@pytest.mark.parametrize(
    ("body", "what"), [(b"<html>", "list"), (b'{"services": ["IS1"], "meta": {"next_page_url": null}}', "service")]
)
def test_an_answer_of_another_shape_is_refused(
    run: Pull, monkeypatch: pytest.MonkeyPatch, body: bytes, what: str
) -> None:
    answer = pull.Answer(200, "OK", Message(), body)
    monkeypatch.setattr(pull.Connection.func, "send", lambda *arguments: answer)

    with pytest.raises(CommandError, match=f"answered with something other than a {what}"):
        run()


def test_credentials_come_from_the_environment() -> None:
    found = pull.credentials_of({"TWILIO_API_KEY": "SK1", "TWILIO_API_SECRET": "s"})
    assert (found.user, found.password) == ("SK1", "s")
    for environment in ({}, {"TWILIO_ACCOUNT_SID": "AC1"}, {"TWILIO_API_KEY": "SK1"}):
        with pytest.raises(CommandError, match="set TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN, or TWILIO_API_KEY"):
            pull.credentials_of(environment)
