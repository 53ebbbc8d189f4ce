"""The tutorial, followed word by word in a new folder: its files are written, its commands run, its output compared.

Only the environment is not made anew: the commands that would install the package find this checkout installed.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "tutorial.md"
INSTALLING = ("python3 -m venv ", ". .venv/bin/activate", "python -m pip install ")
NOT_INSTALLED = ("hypothesispytest", "randomly", "xdist", "pytest_cov", "anyio", "cacheprovider")
"""Plugins that the reader of the tutorial doesn't have."""


def blocks() -> list[tuple[str, str]]:
    """The page's blocks in order: their language and their text."""
    return re.findall(r"^```(\w+)\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


def steps() -> Iterator[tuple[str, str, str]]:
    """What a reader does: a file's name and text, or (no name) commands and what they are to print."""
    found = blocks()
    for (language, text), (following, printed) in zip(found, [*found[1:], ("", "")], strict=True):
        if language == "python":
            name, rest = re.match(r"# (\S+)\n(.*)", text, re.DOTALL).groups()
            yield name, rest, ""
        elif language == "sh":
            yield "", text, printed if following == "text" else ""


def run(commands: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run commands in a shell whose ``python`` is the one that runs this test."""
    settings = {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PY_COLORS": "0",
        "PYTEST_ADDOPTS": " ".join(f"-p no:{each}" for each in NOT_INSTALLED),
    }
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    asked = ["bash", "-c", f"set -eu\n{commands}"]
    return subprocess.run(asked, cwd=folder, env=kept | settings, text=True, capture_output=True, timeout=60)


def missing(printed: str, promised: str) -> list[str]:
    """The promised lines that were not printed in their order; an ellipsis stands for anything."""
    lines = iter(printed.splitlines())
    patterns = [(each, re.escape(each).replace("…", ".*")) for each in promised.splitlines()]
    return [each for each, pattern in patterns if not any(re.search(pattern, line) for line in lines)]


@pytest.mark.slow
def test_the_tutorial_can_be_followed_word_by_word(tmp_path: Path) -> None:
    folder = tmp_path
    kept_promises = []
    for name, text, promised in steps():
        if name:
            folder.joinpath(name).write_text(text, encoding="utf-8")
            continue
        commands = [line for line in text.splitlines() if not line.startswith(INSTALLING)]
        done = run("\n".join(commands), folder)
        assert done.returncode == ("failed" in promised), done.stdout + done.stderr
        assert missing(done.stdout, promised) == [], done.stdout
        kept_promises += promised.splitlines()[-1:]
        if "cd parcels" in commands:
            folder = tmp_path / "parcels"
    assert kept_promises == ["1 passed", "1 failed", "1 passed", "1 failed", "2 passed", "3 passed"]


def test_a_promise_that_is_not_kept_is_seen() -> None:
    assert missing("one\ntwo\nthree", "two\nt…e") == []
    assert missing("one\ntwo\nthree", "two\none") == ["one"]


def test_the_tutorial_installs_what_its_code_imports() -> None:
    installed = next(text for language, text in blocks() if language == "sh")
    assert "'fakenotify[twilio,pytest]'" in installed
