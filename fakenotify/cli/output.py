"""A command's output: its messages, files and errors."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, TextIO


class CommandError(Exception):
    """Why a command failed, in one line for the user; ``status`` is the exit status."""

    def __init__(self, message: str, status: int = 2) -> None:
        self.status = status
        super().__init__(message)


def no_such(what: str, word: str, known: Iterable[str]) -> CommandError:
    """The error for an unknown command, option or rule, with the known one that is nearest to ``word``."""
    from fakenotify.core.params import did_you_mean, nearest  # start-up time: only mistakes need it

    return CommandError(f"there is no {what}{did_you_mean(word, nearest(word, known)[:1])}")


@contextlib.contextmanager
def refusing(what: str, *errors: type[Exception], then: str = "") -> Iterator[None]:
    """Turn errors into a ``CommandError``: ``what`` failed, the error's own text, and what to do ``then``."""
    try:
        yield
    except errors as error:
        raise CommandError(f"{what}{getattr(error, 'strerror', None) or error}{then}") from None


def writing(path: str | Path) -> contextlib.AbstractContextManager[None]:
    """Say in one line why a file can't be written. Raises ``CommandError``."""
    return refusing(f"can't write {path}: ", OSError)


def check_writable(*paths: str | None) -> None:
    """Check, before anything is done, that files can be written at the end. Raises ``CommandError``."""
    for path in map(Path, filter(None, paths)):
        with writing(path):  # a name may be too long
            if path.is_dir():
                raise CommandError(f"can't write {path}: it is a folder")
            if not path.parent.is_dir():
                raise CommandError(f"can't write {path}: there is no such folder")
            if not os.access(path if path.exists() else path.parent, os.W_OK):
                raise CommandError(f"can't write {path}: Permission denied")


@contextlib.contextmanager
def replacing(target: Path, mode: int = 0o666) -> Iterator[IO[str]]:
    """Write a new file, which replaces an older one when it is complete."""
    target = target.resolve()
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    try:
        with open(handle, "w", encoding="utf-8", newline="") as file:
            yield file
        os.replace(temporary, target)
    except BaseException:
        temporary.unlink()
        raise


def say(stream: TextIO | None, text: str) -> None:
    """Print a line, even if the reader is gone. Characters that the stream's encoding lacks are escaped."""
    with contextlib.suppress(OSError, ValueError):
        _write(stream, text)


def show(text: str) -> None:
    """Print what a command was asked for. A reader that is gone, such as ``head``, is no error.

    Raises ``CommandError`` for any other reason why it can't be printed.
    """
    try:
        _write(sys.stdout, text)
    except OSError as error:
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), sys.stdout.fileno())  # Python tries again at its end to write what is left
        if not isinstance(error, BrokenPipeError):
            raise CommandError(f"can't write to stdout: {error.strerror}") from None


def _write(stream: TextIO | None, text: str) -> None:
    if stream is None:  # it was closed when this process started
        return
    encoding = getattr(stream, "encoding", None) or "utf-8"
    stream.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")
    stream.flush()


def progress(quiet: bool = False) -> Callable[[str], object]:
    """A function that shows how far a command is, always in the same line of the terminal."""
    if quiet or not sys.stderr.isatty():
        return lambda text: None
    return lambda text: print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)
