"""The image recipe, executed step by step in a clean folder; and the tools that run the command from a checkout."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import venv
from pathlib import Path
from urllib.request import urlopen

import pytest

TOP = Path(__file__).parents[2]
PAGE = (TOP / "docs" / "containers.md").read_text(encoding="utf-8")

pytestmark = pytest.mark.slow


def block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None
    return found[1]


def sources(folder: Path) -> Path:
    """What ``COPY .`` would copy: the files of the checkout, without what was built or installed there."""
    ignored = shutil.ignore_patterns(".git", ".venv", "build", "*.egg-info", "__pycache__", ".*_cache")
    return Path(shutil.copytree(TOP, folder / "src", ignore=ignored))


def test_the_image_can_be_built_and_is_healthy(tmp_path: Path) -> None:
    venv.create(tmp_path / "image", with_pip=True)
    path = f"{tmp_path / 'image' / 'bin'}{os.pathsep}{os.environ['PATH']}"
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("COVERAGE_", "PYTHON"))}
    environment["PATH"] = path
    port_file = tmp_path / "port"
    here = block("dockerfile").replace("/src", str(sources(tmp_path)))
    steps = dict(re.findall(r"^(RUN|HEALTHCHECK|CMD) (.*)$", here, re.MULTILINE))

    subprocess.run(["bash", "-c", steps["RUN"]], cwd=tmp_path, env=environment, check=True, capture_output=True)
    command = [*json.loads(steps["CMD"]), "--port", "0", "--port-file", str(port_file)]
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as fake:
        try:
            assert fake.stdout is not None
            fake.stdout.readline()
            port = port_file.read_text()
            healthy = shlex.split(steps["HEALTHCHECK"].partition("CMD ")[2].replace("4010", port))
            assert subprocess.run(healthy, env=environment, check=False).returncode == 0
            with urlopen(f"http://127.0.0.1:{port}/_fake/health") as answer:
                assert json.load(answer)["status"] == "ok"
        finally:
            fake.terminate()


@pytest.mark.parametrize("tool", ["uvx", "pipx"])
def test_the_command_runs_without_being_installed(tool: str, tmp_path: Path) -> None:
    program = shutil.which(tool, path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if program is None:
        pytest.skip(f"{tool} is not installed")
    line = next(line for line in PAGE.splitlines() if line.startswith(f"{tool} "))

    done = subprocess.run(
        [program, *shlex.split(line)[1:]], cwd=sources(tmp_path), text=True, capture_output=True, check=False
    )

    assert (done.returncode, done.stdout.startswith("fakenotify 0.")) == (0, True), done.stderr
