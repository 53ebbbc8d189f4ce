"""The page about other mocks: each of its examples runs as a reader would run it."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[2] / "docs" / "other-mocks.md").read_text(encoding="utf-8")
EXAMPLES = dict(re.findall(r"^```python\n# (test_\w+)\.py\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE))
PACKAGES = (
    "freezegun",
    "moto",
    "pyfakefs",
    "pytest_httpx",
    "pytest_socket",
    "requests_mock",
    "respx",
    "responses",
    "vcr",
)


@pytest.mark.slow
def test_every_example_beside_another_mock_works(tmp_path: Path) -> None:
    installed = {
        name: text
        for name, text in EXAMPLES.items()
        if name.removeprefix("test_") not in PACKAGES or find_spec(name.removeprefix("test_"))
    }
    for name, text in installed.items():
        (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:randomly", "-p", "no:cacheprovider"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert f"{len(installed)} passed" in done.stdout, done.stdout + done.stderr


def test_every_tool_that_is_named_has_an_example() -> None:
    assert set(EXAMPLES) == {f"test_{package}" for package in (*PACKAGES, "urllib")}
