"""Files that hold a saved state: reading never blocks and is bounded, and writing is atomic."""

from __future__ import annotations

import errno
import json
import os
import stat
from typing import Any

from fakenotify.core import strict_json
from fakenotify.world.saved_state import StateError

LARGEST_FILE = 2**30
"""Larger files are not read, so that an endless one can't fill the memory."""


def parse(text: bytes) -> Any:
    """JSON as a state is written, in an encoding that editors and shells write. Raises ``StateError``."""
    try:
        return strict_json.parse(text.decode(json.detect_encoding(text)))
    except ValueError as error:
        raise StateError(f"this is not JSON: {error}") from None


def read_file(path: str | os.PathLike[str]) -> Any:
    """The state in a file, or in what a pipe brings. Raises ``OSError`` or ``StateError``; it never waits for a writer.

    A pipe that has no writer is empty.
    """
    with open(os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)), "rb") as file:
        if hasattr(os, "set_blocking"):  # pragma: no branch  # not on every system
            os.set_blocking(file.fileno(), True)
        text = file.read(LARGEST_FILE + 1)
    if not text:
        raise StateError("there is nothing in it")
    if len(text) > LARGEST_FILE:
        raise StateError(f"it is larger than {LARGEST_FILE // 2**20:,} MiB")
    return parse(text)


def save_file(path: str | os.PathLike[str], state: dict[str, Any], *, private: bool = False) -> None:
    """Write a state; the file is replaced atomically, or (``OSError``) unchanged. A link's target is replaced.

    A ``private`` file is one that nobody else can read, even where it replaces one that others could.
    """
    try:
        mode: int | None = os.stat(path).st_mode
    except FileNotFoundError:
        mode = None
    if mode is not None and stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, "this is a folder, not a file", os.fspath(path))
    if mode is not None and not stat.S_ISREG(mode):  # a device or a pipe can't be replaced
        _write(os.open(path, os.O_WRONLY | getattr(os, "O_NONBLOCK", 0)), state)
        return
    target = os.path.realpath(path)
    folder, name = os.path.split(target)
    if not os.path.isdir(folder):
        raise FileNotFoundError(errno.ENOENT, "there is no such folder", folder)
    temporary = os.path.join(folder, f".{name[:100]}.{os.getpid()}.{id(state)}")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600 if private or mode is not None else 0o666)
    try:
        _write(handle, state)
        if mode is not None and not private:
            os.chmod(temporary, stat.S_IMODE(mode))
        os.replace(temporary, target)
    except BaseException:
        os.unlink(temporary)
        raise


def _write(handle: int, state: dict[str, Any]) -> None:
    with open(handle, "w", encoding="ascii") as file:
        if hasattr(os, "set_blocking"):  # pragma: no branch  # not on every system
            os.set_blocking(handle, True)
        json.dump(state, file, indent=2, allow_nan=False)
        file.write("\n")
