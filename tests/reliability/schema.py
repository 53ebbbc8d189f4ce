"""schemathesis against the control API, by its own OpenAPI document; where schemathesis is not installed it says so.

It is kept out of the test extra for its many dependencies: install it beside fakenotify, or name the Python that has it
in ``SCHEMATHESIS_PYTHON``.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys

from fakenotify import FakeNotify

from .figure import Figure

_LEFT_OUT = ("/_fake/events", "/_fake/faults")
"""An event stream never ends, and a fault that was set would be met by every request."""
_CHECKS = "not_a_server_error,response_schema_conformance,content_type_conformance"


def prove(seconds: float, seed: int = 0) -> Figure:
    """Let schemathesis ask for about so long."""
    figure = Figure("schema", "requests by schemathesis")
    python = os.environ.get("SCHEMATHESIS_PYTHON", sys.executable)
    if subprocess.run([python, "-c", "import schemathesis"], capture_output=True, check=False).returncode:
        figure.notes.append(f"not run: {python} has no schemathesis")
        return figure
    with FakeNotify() as fake:
        service = fake.create_service(messaging_service_sid="MG" + "0" * 32)
        fake.create_binding(service.sid, identity="alice", binding_type="sms", address="+15005550006")
        run_one(figure, python, fake, seconds, seed)
        assert fake._server is not None
        if fake._server.errors:
            figure.fail(f"the server reported {fake._server.errors[:3]}")
    return figure


def run_one(figure: Figure, python: str, fake: FakeNotify, seconds: float, seed: int) -> None:
    """One run of the tool."""
    left_out = [option for path in _LEFT_OUT for option in ("--exclude-path", path)]
    command = [
        python, "-m", "schemathesis.cli", "run", f"{fake.url}/_fake/openapi.json", "--checks", _CHECKS, "--seed",
        str(seed),
        "--max-time", str(max(1, round(seconds))), "--phases", "examples,coverage,fuzzing", "--no-color", *left_out,
    ]  # fmt: skip
    done = subprocess.run(command, text=True, capture_output=True, check=False, timeout=seconds * 20 + 60)
    figure.tried = sum(int(number) for number in re.findall(r"(\d+) generated", done.stdout)) or 0
    if done.returncode:
        figure.fail(done.stdout[-6000:] + done.stderr[-2000:])
