"""The suite's quick part under every Python and library version that is available here; says what could not be run.

A free-threaded Python, which most test libraries don't support, runs the proof of concurrency.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from .figure import Figure

TOP = Path(__file__).parents[2]
OLDEST = (3, 10)
_WIRE, _CLIENTS, _PLUGIN = "server/test_wire.py", "clients/test_clients.py", "plugin/test_plugin.py"
_QUICK = ("core", "notify", _WIRE, "server/test_server.py", "server/test_connection.py", _CLIENTS, _PLUGIN)
_NEEDED = (
    "aiohttp", "hypothesis", "httpx", "jsonschema", "openapi-spec-validator", "pytest-randomly", "pytest-xdist",
    "requests", "trustme",
)  # fmt: skip
_NEWEST = "the newest of everything"
_FREE = "free threads"
_PINS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    _NEWEST: (("werkzeug", "pytest", "twilio"), _QUICK),
    _FREE: (("werkzeug",), ()),
    "werkzeug 3.0.0": (("werkzeug==3.0.0", "pytest", "twilio"), (*_QUICK[2:5], "control/test_app.py")),
    "pytest 7": (("werkzeug", "pytest>=7,<8", "twilio"), (_PLUGIN, _WIRE, "notify/test_bindings.py")),
    **{
        f"twilio {major}": (
            ("werkzeug", "pytest", f"twilio>={major},<{major + 1}"),
            (_CLIENTS, _WIRE, "notify/test_callbacks.py"),
        )
        for major in (7, 8, 9)
    },
}
"""What is installed, and which part of the tests it concerns."""
_WITHOUT_ASYNC = "not async and not test_a_client_is_of_its_account and not test_a_raw_request_may_have_no_credentials"
"""What is run with twilio 7, which has no asynchronous client."""
_WANTED = ("3.10", "3.11", "3.12", "3.13", "3.14", "3.13t", "3.14t")
_TIMEOUT = 600


def pythons() -> dict[str, str]:
    """The Pythons that are here, by version; a ``t`` is free-threaded."""
    candidates = [shutil.which(f"python{version}") for version in _WANTED]
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    candidates += [str(each) for each in sorted(root.glob("versions/*/bin/python"))]
    shown = (
        "import sys, sysconfig; print('%d.%d' % sys.version_info[:2], sysconfig.get_config_var('Py_GIL_DISABLED') or 0)"
    )
    found: dict[str, str] = {}
    for candidate in [*candidates, sys.executable]:
        if candidate is None:
            continue
        done = ask(candidate, "-c", shown)
        words = done.stdout.split()
        if done.returncode or len(words) != 2 or not re.fullmatch(r"3\.\d+", words[0]):
            continue  # a shim of a version that is not chosen, or Python 2
        version, free = words
        if tuple(map(int, version.split("."))) >= OLDEST:
            found.setdefault(version + ("t" if free == "1" else ""), candidate)
    return found


def ask(*command: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a command and keep what it prints."""
    return subprocess.run(command, text=True, capture_output=True, check=False, **options)


def run(python: str, pins: tuple[str, ...], names: tuple[str, ...], folder: Path) -> tuple[str, str]:
    """Whether the tests passed, and what was printed about it."""
    if ask(python, "-m", "venv", str(folder)).returncode:
        return "not run", "no virtual environment"
    inside = str(folder / "bin" / "python")
    needed = _NEEDED if names else ()
    install = (inside, "-m", "pip", "install", "-q", "--disable-pip-version-check", *pins, *needed)
    done = ask(*install, timeout=_TIMEOUT)
    if done.returncode:
        return "not run", f"can't be installed: {done.stderr.strip().splitlines()[-1][:150]}"
    environment = {**os.environ, "PYTHONPATH": str(TOP), "PYTHONDONTWRITEBYTECODE": "1"}
    if names:
        chosen = ("-k", _WITHOUT_ASYNC) if "twilio>=7,<8" in pins else ()
        command = (
            "pytest", "-q", "-p", "no:cacheprovider", "-p", "conftest_plugin", "-m", "not slow", *chosen,
            *(f"tests/{each}" for each in names),
        )  # fmt: skip
        passed, said = True, ""
    else:  # without the lock that would keep threads apart
        command = ("tests.reliability", "concurrency", "--count", "100000")
        asked = "import sys, fakenotify.fake, werkzeug; print(sys._is_gil_enabled())"
        enabled = ask(inside, "-c", asked, cwd=TOP, env=environment).stdout.strip()
        passed, said = enabled == "False", f"GIL enabled: {enabled}; "
    done = ask(inside, "-m", *command, cwd=TOP, env=environment, timeout=_TIMEOUT)
    lines = done.stdout.strip().splitlines() or done.stderr.strip().splitlines() or ["nothing printed"]
    broken = [line for line in lines if line.startswith(("FAILED", "ERROR"))][:5]
    passed = passed and done.returncode == 0
    return ("passed" if passed else "failed"), said + "; ".join([lines[-1].strip("= "), *broken])[:600]


def versions(folder: Path) -> str:
    """The versions that were used."""
    listed = ask(str(folder / "bin" / "python"), "-m", "pip", "list", "--format=freeze").stdout
    return " ".join(re.findall(r"^(?:werkzeug|pytest|twilio)==\S+", listed, re.IGNORECASE | re.MULTILINE))


def prove() -> Figure:
    """The newest of everything under every Python, and every pinned version under the oldest and the newest."""
    figure = Figure("matrix", "combinations")
    here = pythons()
    figure.notes.append(f"not here, so not run: {', '.join(each for each in _WANTED if each not in here) or 'nothing'}")
    order = sorted(here, key=lambda version: [int(part) for part in version.rstrip("t").split(".")])
    plan = [(version, _FREE if version.endswith("t") else _NEWEST) for version in order]
    locked = [version for version in order if not version.endswith("t")]
    pins = [pin for pin in _PINS if pin not in (_NEWEST, _FREE)]
    plan += [(version, pin) for version in dict.fromkeys((locked[0], locked[-1])) for pin in pins]
    for version, pin in plan:
        with tempfile.TemporaryDirectory() as folder:
            try:
                verdict, said = run(here[version], *_PINS[pin], Path(folder, "venv"))
            except subprocess.TimeoutExpired:
                verdict, said = "failed", f"not done within {_TIMEOUT} s"
            used = versions(Path(folder, "venv")) if verdict != "not run" else ""
        print(f"Python {version}, {pin}: {verdict}, {said} [{used}]", flush=True)
        if verdict == "failed":
            figure.fail(f"Python {version}, {pin}")
        if verdict != "not run":
            figure.count()
    return figure
