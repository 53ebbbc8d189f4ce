"""The docs as the tests read them: ``from pages import …``."""

from __future__ import annotations

import os
import re
import runpy
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

TOP = Path(__file__).parents[2]
DOCS = TOP / "docs"
PAGES = sorted(page.name for page in DOCS.glob("*.md"))
GENERATE = runpy.run_path(str(DOCS / "generate.py"))


@cache
def text_of(page: str) -> str:
    """A page of the docs, or a file beside them such as ``../README.md``."""
    return (DOCS / page).read_text(encoding="utf-8")


def lines(page: str) -> Iterator[tuple[int, str]]:
    """The lines of a page, each with its rank if it is a heading, else 0."""
    fenced = False
    for line in text_of(page).splitlines(keepends=True):
        fenced ^= line.startswith("```")
        rank = re.match("#+(?= )", line)
        yield len(rank[0]) if rank and not fenced else 0, line


def headings(page: str) -> list[str]:
    """The headings of a page, in order."""
    return [line[rank + 1 :].rstrip() for rank, line in lines(page) if rank]


def section(page: str, heading: str) -> str:
    """What stands below a heading, up to the next one of its rank or above."""
    assert headings(page).count(heading) == 1, f"{page} has no heading {heading!r}, or several"
    found, within = "", 0
    for rank, line in lines(page):
        if rank and line[rank + 1 :].rstrip() == heading:
            within = rank
        elif 0 < rank <= within:
            break
        elif within:
            found += line
    return found


def blocks(text: str, language: str) -> list[str]:
    """The fenced blocks in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def files(page: str) -> dict[str, str]:
    """The Python blocks of a page by the file name in their first line."""
    return dict(re.findall(r"^```python\n# (\S+)\n(.*?)^```$", text_of(page), re.DOTALL | re.MULTILINE))


def write(folder: Path, texts: dict[str, str]) -> None:
    """Write files as a reader would."""
    for name, text in texts.items():
        folder.joinpath(name).write_text(text, encoding="utf-8")


def run(commands: str, folder: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run commands in a shell whose ``python`` is the one that runs this test."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    asked = ["bash", "-c", f"set -eu\n{commands}"]
    return subprocess.run(
        asked, cwd=folder, env=environment | settings, text=True, capture_output=True, timeout=300, check=False
    )


def pytest_in(folder: Path, options: str = "", **settings: str) -> str:
    """What pytest prints in a folder, with no plugin but ours."""
    alone = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PY_COLORS": "0"} | settings
    done = run(f"python -m pytest -q -p conftest_plugin -p no:cacheprovider {options} || true", folder, **alone)
    return done.stdout + done.stderr


def missing(printed: str, promised: str) -> list[str]:
    """The promised lines that were not printed in their order; an ellipsis stands for anything."""
    found = iter(printed.splitlines())
    patterns = [(each, re.escape(each).replace("…", ".*")) for each in promised.splitlines()]
    return [each for each, pattern in patterns if not any(re.search(pattern, line) for line in found)]
