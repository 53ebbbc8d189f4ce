"""Type checkers refuse what the fake would refuse, and nothing else."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import fakenotify
from fakenotify import arguments
from fakenotify.notify.dispatch import ROUTES
from fakenotify.world.assertions import FIELDS

HOME = Path(fakenotify.__file__).parents[1]
SAMPLE = Path(__file__).parent / "typed" / "sample.py"
WRONG = {number for number, line in enumerate(SAMPLE.read_text().splitlines(), 1) if line.endswith("# wrong")}


@pytest.mark.slow
def test_mypy_refuses_what_is_wrong_and_nothing_else(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mypy", "--strict", f"--cache-dir={tmp_path}", "--config-file=", str(SAMPLE)]
    environment = os.environ | {"MYPYPATH": str(HOME)}
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment, timeout=600)
    said = [line.partition(f"{SAMPLE.name}:")[2] for line in done.stdout.splitlines() if ": error: " in line]
    assert {int(line.partition(":")[0]) for line in said if line} == WRONG, done.stdout


@pytest.mark.slow
def test_pyright_refuses_what_is_wrong_and_nothing_else(tmp_path: Path) -> None:
    pyright = shutil.which("pyright", path=str(Path(sys.executable).parent)) or shutil.which("pyright")
    if pyright is None:
        pytest.skip("pyright is not installed")
    shutil.copy(SAMPLE, tmp_path)
    (tmp_path / "pyrightconfig.json").write_text(json.dumps({"extraPaths": [str(HOME)]}))
    command = [pyright, "--outputjson", "--pythonpath", sys.executable]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=600)
    said = json.loads(done.stdout)["generalDiagnostics"]
    assert {each["range"]["start"]["line"] + 1 for each in said if each["severity"] == "error"} == WRONG, done.stdout


def test_type_checkers_know_every_argument_of_an_operation_and_every_field_of_a_delivery() -> None:
    for resource, of_checkers, beside in (
        ("services", arguments.ServiceArguments, {"friendly_name"}),
        ("credentials", arguments.CredentialArguments, {"type"}),
        ("bindings", arguments.BindingArguments, set()),
        ("notifications", arguments.NotificationArguments, set()),
        ("users", arguments.UserArguments, set()),
    ):
        route = ROUTES.by_operation[f"{resource}.create"]
        assert set(of_checkers.__annotations__) | beside == set(route.params.fields)
    assert set(arguments.DeliveryFields.__annotations__) == set(FIELDS)
