"""What a command says: its lines, and why it can't be done."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TextIO


class CommandError(Exception):
    """Why a command can't be done, in a line for the user; ``status`` is the exit status."""

    def __init__(self, message: str, status: int = 2) -> None:
        self.status = status
        super().__init__(message)


def no_such(what: str, word: str, known: Iterable[str]) -> CommandError:
    """Says that there is no such command, option or rule, and which is nearest to ``word``."""
    from fakenotify.core.params import did_you_mean, nearest  # start-up time: only mistakes need it

    return CommandError(f"there is no {what}{did_you_mean(word, nearest(word, known)[:1])}")


def check_writable(*paths: str | None) -> None:
    """Refuse before anything is done what can't be written at the end. Raises ``CommandError``."""
    for path in map(Path, filter(None, paths)):
        if path.is_dir():
            raise CommandError(f"can't write {path}: it is a folder")
        if not path.parent.is_dir():
            raise CommandError(f"can't write {path}: there is no such folder")
        if not os.access(path if path.exists() else path.parent, os.W_OK):
            raise CommandError(f"can't write {path}: Permission denied")


@contextlib.contextmanager
def writing(path: str | Path) -> Iterator[None]:
    """Says in a line why a file can't be written. Raises ``CommandError``."""
    try:
        yield
    except OSError as error:
        raise CommandError(f"can't write {path}: {error.strerror or error}") from None


def say(stream: TextIO | None, text: str) -> None:
    """Print a line, even if the reader is gone. Characters that the stream's encoding lacks are escaped."""
    if stream is None:  # the stream was closed when this process started
        return
    encoding = getattr(stream, "encoding", None) or "utf-8"
    with contextlib.suppress(OSError, ValueError):
        stream.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")
        stream.flush()
