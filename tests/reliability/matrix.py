"""The suite's quick part under every Python and every version that can be had here; says what could not.

A free-threaded Python, for which most test libraries can't be had, runs the proof of concurrency.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from .figure import Figure

TOP = Path(__file__).parents[2]
OLDEST = (3, 10)
_QUICK = ("wire", "bindings", "notifications", "callbacks", "paging", "server", "head", "plugin", "clients", "store")
_NEEDED = (
    "aiohttp", "hypothesis", "httpx", "jsonschema", "openapi-spec-validator", "pytest-randomly", "pytest-xdist",
    "requests", "trustme",
)  # fmt: skip
_NEWEST = "the newest of everything"
_FREE = "free threads"
_PINS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    _NEWEST: (("werkzeug", "pytest", "twilio"), _QUICK),
    _FREE: (("werkzeug",), ()),
    "werkzeug 3.0.0": (("werkzeug==3.0.0", "pytest", "twilio"), ("wire", "server", "head", "control")),
    "pytest 7": (("werkzeug", "pytest>=7,<8", "twilio"), ("plugin", "wire", "bindings")),
    "twilio 7": (("werkzeug", "pytest", "twilio>=7,<8"), ("clients", "wire", "callbacks")),
    "twilio 8": (("werkzeug", "pytest", "twilio>=8,<9"), ("clients", "wire", "callbacks")),
    "twilio 9": (("werkzeug", "pytest", "twilio>=9,<10"), ("clients", "wire", "callbacks")),
}
"""What is installed, and which files of the suite it concerns."""
_WITHOUT_ASYNC = "not async and not test_a_client_of_a_handle_is_of_its_account"
"""What is run with twilio 7, which has no asynchronous client."""
_WANTED = ("3.10", "3.11", "3.12", "3.13", "3.14", "3.13t", "3.14t")
_TIMEOUT = 600


def pythons() -> dict[str, str]:
    """The Pythons that are here, by version; a ``t`` is free-threaded."""
    candidates = [shutil.which(f"python{version}") for version in _WANTED]
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    candidates += [str(each) for each in sorted(root.glob("versions/*/bin/python"))]
    told = (
        "import sys, sysconfig; print('%d.%d' % sys.version_info[:2], sysconfig.get_config_var('Py_GIL_DISABLED') or 0)"
    )
    found: dict[str, str] = {}
    for candidate in [*candidates, sys.executable]:
        if candidate is None:
            continue
        done = subprocess.run([candidate, "-c", told], text=True, capture_output=True, check=False)
        words = done.stdout.split()
        if done.returncode or len(words) != 2 or not re.fullmatch(r"3\.\d+", words[0]):
            continue  # a shim of a version that is not chosen, or Python 2
        version, free = words
        if tuple(map(int, version.split("."))) >= OLDEST:
            found.setdefault(version + ("t" if free == "1" else ""), candidate)
    return found


def run(python: str, pins: tuple[str, ...], names: tuple[str, ...], folder: Path) -> tuple[str, str]:
    """Whether it passed, and in what words."""
    made = subprocess.run([python, "-m", "venv", str(folder)], text=True, capture_output=True, check=False)
    if made.returncode:
        return "not run", "no virtual environment"
    inside = str(folder / "bin" / "python")
    needed = _NEEDED if names else ()
    install = [inside, "-m", "pip", "install", "-q", "--disable-pip-version-check", *pins, *needed]
    done = subprocess.run(install, text=True, capture_output=True, check=False, timeout=_TIMEOUT)
    if done.returncode:
        return "not run", f"can't be installed: {done.stderr.strip().splitlines()[-1][:150]}"
    environment = {**os.environ, "PYTHONPATH": str(TOP), "PYTHONDONTWRITEBYTECODE": "1"}
    if not names:
        return _concurrently(inside, environment)
    files = [f"tests/test_{name}.py" for name in names if (TOP / f"tests/test_{name}.py").exists()]
    chosen = ["-k", _WITHOUT_ASYNC] if any("<8" in pin and "twilio" in pin for pin in pins) else []
    command = [inside, "-m", "pytest", "-q", "-p", "no:cacheprovider", *chosen, *files]
    done = subprocess.run(
        command, cwd=TOP, env=environment, text=True, capture_output=True, check=False, timeout=_TIMEOUT
    )
    lines = done.stdout.strip().splitlines() or done.stderr.strip().splitlines() or ["nothing said"]
    broken = [line for line in lines if line.startswith(("FAILED", "ERROR"))][:5]
    return ("passed" if done.returncode == 0 else "failed"), "; ".join([lines[-1].strip("= "), *broken])[:600]


def _concurrently(python: str, environment: dict[str, str]) -> tuple[str, str]:
    """The proof of concurrency, without the lock that would keep threads apart."""
    command = [python, "-m", "tests.reliability", "concurrency", "--count", "100000"]
    told = subprocess.run(
        [python, "-c", "import sys, fakenotify.fake, werkzeug; print(sys._is_gil_enabled())"],
        cwd=TOP, env=environment, text=True, capture_output=True, check=False,
    ).stdout.strip()  # fmt: skip
    done = subprocess.run(
        command, cwd=TOP, env=environment, text=True, capture_output=True, check=False, timeout=_TIMEOUT
    )
    lines = done.stdout.strip().splitlines() or done.stderr.strip().splitlines() or ["nothing said"]
    passed = done.returncode == 0 and told == "False"
    return ("passed" if passed else "failed"), f"GIL enabled: {told}; {lines[-1]}"


def versions(folder: Path) -> str:
    """The versions that were used."""
    listed = subprocess.run(
        [str(folder / "bin" / "python"), "-m", "pip", "list", "--format=freeze"],
        text=True,
        capture_output=True,
        check=False,
    )
    return " ".join(re.findall(r"^(?:werkzeug|pytest|twilio)==\S+", listed.stdout, re.IGNORECASE | re.MULTILINE))


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
                verdict, told = run(here[version], *_PINS[pin], Path(folder, "venv"))
            except subprocess.TimeoutExpired:
                verdict, told = "failed", f"not done within {_TIMEOUT} s"
            used = versions(Path(folder, "venv")) if verdict != "not run" else ""
        print(f"Python {version}, {pin}: {verdict}, {told} [{used}]", flush=True)
        if verdict == "failed":
            figure.fail(f"Python {version}, {pin}")
        if verdict != "not run":
            figure.count()
    return figure
