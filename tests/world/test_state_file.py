"""Files of saved states: a path that can't be read or written is a clear error at once, and changes nothing."""

from __future__ import annotations

import json
import os
import stat
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from fakenotify import FakeNotify
from fakenotify.world import state_file
from fakenotify.world.saved_state import StateError
from fakenotify.world.state_file import parse, save_file

posix = pytest.mark.skipif(sys.platform == "win32", reason="modes, pipes and devices of POSIX")


@pytest.fixture
def fake() -> FakeNotify:
    fake = FakeNotify()
    fake.create_service("kept")
    return fake


def kept(fake: FakeNotify) -> list[str | None]:
    return [each.friendly_name for each in fake.services]


def mode_of(path: Path) -> str:
    return oct(stat.S_IMODE(path.stat().st_mode))


def test_invalid_json_is_a_state_error() -> None:
    for text in (
        b"",
        b"{",
        b"\xff\xfe\x00",
        b"[" * 201 + b"]" * 201,
        b"1" * 5000,
        b"NaN",
        b'"\\ud800"',
        b'{"a": 1, "a": 2}',
    ):
        with pytest.raises(StateError, match="this is not JSON: "):
            parse(text)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_state_is_read_in_the_encodings_of_editors_and_shells(encoding: str) -> None:
    assert parse('{"services": [{"friendly_name": "zoë"}]}'.encode(encoding)) == {
        "services": [{"friendly_name": "zoë"}]
    }


def test_a_path_may_be_a_text_and_relative(fake: FakeNotify, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    fake.save("world.json")
    fake.reset()
    fake.load("world.json")

    assert (kept(fake), os.listdir(tmp_path)) == (["kept"], ["world.json"])


# reading


def test_a_file_that_cannot_be_read_is_refused_with_its_name_or_the_place_and_changes_nothing(
    fake: FakeNotify, tmp_path: Path
) -> None:
    path = tmp_path / "world.json"
    for content, complaint in (
        (b'{"services": [{}, 5]}', r"services\[1\] must be an object, not int"),
        (b"", "there is nothing in it"),
        (b'{"services": [{"friendly_name": 1e999}]}', "this is not JSON: 1e999 is too large a number"),
    ):
        path.write_bytes(content)
        with pytest.raises(StateError, match=complaint):
            fake.load(path)
    with pytest.raises(FileNotFoundError, match=r"missing\.json"):
        fake.load(tmp_path / "missing.json")
    with pytest.raises(OSError, match=r"directory|denied"):
        fake.load(tmp_path)

    assert kept(fake) == ["kept"]


@posix
def test_a_pipe_without_a_writer_is_not_waited_for(fake: FakeNotify, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    with pytest.raises(StateError, match="there is nothing in it"):
        fake.load(tmp_path / "pipe")


@posix
def test_a_pipe_is_read_to_its_end(fake: FakeNotify) -> None:
    reader, writer = os.pipe()
    text = json.dumps({"services": [{"friendly_name": "piped", "bindings": []}]}) + " " * 200_000
    os.set_blocking(writer, True)

    def write() -> None:
        os.write(writer, text[:9].encode())
        os.write(writer, text[9:].encode())
        os.close(writer)

    with ThreadPoolExecutor(1) as pool:
        pool.submit(write)
        fake.load(f"/dev/fd/{reader}")
    os.close(reader)

    assert kept(fake) == ["piped"]


@posix
def test_an_endless_file_is_refused(fake: FakeNotify, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state_file, "LARGEST_FILE", 2**20)

    with pytest.raises(StateError, match="it is larger than 1 MiB"):
        fake.load("/dev/zero")


# writing


def test_a_path_that_cannot_be_written_is_an_os_error_and_nothing_is_left_behind(
    fake: FakeNotify, tmp_path: Path
) -> None:
    (tmp_path / "folder").mkdir()

    with pytest.raises(FileNotFoundError, match=r"there is no such folder: .*missing"):
        fake.save(tmp_path / "missing" / "world.json")
    with pytest.raises(IsADirectoryError, match=r"this is a folder, not a file: .*folder"):
        fake.save(tmp_path / "folder")

    assert [path.name for path in tmp_path.rglob("*")] == ["folder"]


@pytest.mark.parametrize("content", [{"fine": 1, "broken": object()}, {"endless": []}, {"number": float("nan")}])
def test_a_write_that_breaks_off_leaves_the_old_file(tmp_path: Path, content: dict[str, Any]) -> None:
    if "endless" in content:
        content["endless"].append(content["endless"])
    (tmp_path / "world.json").write_text("old")

    with pytest.raises((TypeError, ValueError)):
        save_file(tmp_path / "world.json", content)

    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"world.json": "old"}


@posix
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_devices_and_pipes_are_written_to_as_they_are(fake: FakeNotify, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    fake.save("/dev/null")
    with pytest.raises(OSError, match="No space left"):
        fake.save("/dev/full")
    with pytest.raises(OSError, match="No such device"):  # nobody reads it
        fake.save(tmp_path / "pipe")

    assert Path("/dev/null").is_char_device()
    assert (tmp_path / "pipe").is_fifo()


@posix
def test_the_target_of_a_link_is_what_is_replaced(fake: FakeNotify, tmp_path: Path) -> None:
    (tmp_path / "old.json").write_text("old")
    (tmp_path / "link").symlink_to("old.json")
    (tmp_path / "dangling").symlink_to("new.json")
    (tmp_path / "loop").symlink_to("loop")

    fake.save(tmp_path / "link")
    fake.save(tmp_path / "dangling")
    with pytest.raises(OSError, match="loop"):
        fake.save(tmp_path / "loop")

    assert all((tmp_path / name).is_symlink() for name in ("link", "dangling", "loop"))
    assert json.loads((tmp_path / "old.json").read_text()) == json.loads((tmp_path / "new.json").read_text())


@posix
@pytest.mark.parametrize("umask", [0o000, 0o077])
def test_a_file_with_secrets_is_for_its_owner_and_others_follow_the_umask(
    fake: FakeNotify, tmp_path: Path, umask: int
) -> None:
    (tmp_path / "shared.json").touch()
    (tmp_path / "shared.json").chmod(0o664)
    (tmp_path / "was-shared.json").touch(0o666)
    before = os.umask(umask)
    try:
        fake.save(tmp_path / "secret.json", secrets=True)
        fake.save(tmp_path / "was-shared.json", secrets=True)
        fake.save(tmp_path / "plain.json")
        fake.save(tmp_path / "shared.json")
    finally:
        os.umask(before)

    assert [mode_of(tmp_path / f"{name}.json") for name in ("secret", "was-shared", "plain", "shared")] == [
        "0o600",
        "0o600",
        oct(0o666 & ~umask),
        "0o664",
    ]
