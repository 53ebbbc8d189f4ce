"""The suite's quick part under every Python and library version that is available here; says what could not be run.

A free-threaded Python, which most test libraries don't support, runs the proof of concurrency.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from .figure import TOP, Figure, run

OLDEST = 10
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
_WITHOUT_ASYNC = (
    "not async and not test_a_client_uses_its_own_account and not test_a_raw_request_may_have_no_credentials"
)
"""What is run with twilio 7, which has no asynchronous client."""
_WANTED = ("3.10", "3.11", "3.12", "3.13", "3.14", "3.13t", "3.14t")
_TIMEOUT = 600


def pythons() -> dict[str, str]:
    """The Pythons that are here, by version; a ``t`` is free-threaded."""
    candidates = [shutil.which(f"python{version}") for version in _WANTED]
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    candidates += [*map(str, sorted(root.glob("versions/*/bin/python"))), sys.executable]
    shown = "import sys, sysconfig; free = sysconfig.get_config_var('Py_GIL_DISABLED') or 0\n"
    shown += "print('%d.%d' % sys.version_info[:2] + 't' * free)"
    found: dict[str, str] = {}
    for candidate in filter(None, candidates):
        done = run(candidate, "-c", shown)  # it fails for a shim of a version that is not chosen
        version = re.fullmatch(r"3\.(\d+)t?\n", done.stdout)
        if done.returncode == 0 and version is not None and int(version[1]) >= OLDEST:
            found.setdefault(version[0].strip(), candidate)
    return found


def judge(python: str, pins: tuple[str, ...], names: tuple[str, ...], folder: Path) -> tuple[str, str]:
    """Whether the tests passed, and what was printed about it."""
    if run(python, "-m", "venv", str(folder)).returncode:
        return "not run", "no virtual environment"
    inside = str(folder / "bin" / "python")
    install = ("-m", "pip", "install", "-q", "--disable-pip-version-check", *pins, *(_NEEDED if names else ()))
    done = run(inside, *install, timeout=_TIMEOUT)
    if done.returncode:
        return "not run", f"can't be installed: {done.stderr.strip().splitlines()[-1][:150]}"
    listed = run(inside, "-m", "pip", "list", "--format=freeze").stdout
    used = re.findall(r"^(?:werkzeug|pytest|twilio)==\S+", listed, re.IGNORECASE | re.MULTILINE)
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
        enabled = run(inside, "-c", asked, cwd=TOP, env=environment).stdout.strip()
        passed, said = enabled == "False", f"GIL enabled: {enabled}; "
    done = run(inside, "-m", *command, cwd=TOP, env=environment, timeout=_TIMEOUT)
    lines = done.stdout.strip().splitlines() or done.stderr.strip().splitlines() or ["nothing printed"]
    broken = [line for line in lines if line.startswith(("FAILED", "ERROR"))][:5]
    said += "; ".join([lines[-1].strip("= "), *broken])[:600]
    return "passed" if passed and done.returncode == 0 else "failed", f"{said} [{' '.join(used)}]"


def prove() -> Figure:
    """The newest of everything under every Python, and every pinned version under the oldest and the newest."""
    figure = Figure("matrix", "combinations")
    here = pythons()
    figure.notes.append(f"not here, so not run: {', '.join(each for each in _WANTED if each not in here) or 'nothing'}")
    order = sorted(here, key=lambda version: int(version[2:].rstrip("t")))
    locked = [version for version in order if not version.endswith("t")]
    pins = [pin for pin in _PINS if pin not in (_NEWEST, _FREE)]
    plan = [(version, _NEWEST if version in locked else _FREE) for version in order]
    plan += [(version, pin) for version in dict.fromkeys((locked[0], locked[-1])) for pin in pins]
    for version, pin in plan:
        with TemporaryDirectory() as folder:
            try:
                verdict, said = judge(here[version], *_PINS[pin], Path(folder, "venv"))
            except subprocess.TimeoutExpired:
                verdict, said = "failed", f"not done within {_TIMEOUT} s"
        print(f"Python {version}, {pin}: {verdict}, {said}", flush=True)
        if verdict == "failed":
            figure.fail(f"Python {version}, {pin}")
        figure.count(verdict != "not run")
    return figure
