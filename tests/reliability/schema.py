"""schemathesis against Notify's operations and against the control API, each by its own OpenAPI document.

Without schemathesis, the proof says that it was not run; ``SCHEMATHESIS_PYTHON`` names a Python that has it.
"""

from __future__ import annotations

import re
from pathlib import Path
from tempfile import TemporaryDirectory

from fakenotify import FakeNotify

from .client import authorization
from .figure import Figure, run

_CHECKS = "not_a_server_error,response_schema_conformance,content_type_conformance"
_OF_NOTIFY = f"{_CHECKS},status_code_conformance,response_headers_conformance,unsupported_method"
_DOCUMENTS = {"notify-openapi.json": _OF_NOTIFY, "openapi.json": _CHECKS}
"""The documents, and the checks that each answer must pass."""
_SERVICE = "IS" + "a" * 32
_SETTINGS = f"""
[generation]
mode = "all"

[parameters]
"path.ServiceSid" = "{_SERVICE}"
"path.Identity" = "alice"
"""
"""The Service exists, so that the rest of a request is read."""
_STREAM = "/_fake/events"
"""It never ends, so schemathesis would wait for it; another test reads it."""


def prove(count: int, seed: int = 0) -> Figure:
    """Let schemathesis make ``count`` examples of each operation, by one document and then by the other."""
    figure = Figure("schema", "requests by schemathesis", seed)
    python = figure.python_with("schemathesis")
    for document, checks in _DOCUMENTS.items() if python else ():
        with FakeNotify() as fake, TemporaryDirectory() as folder:
            service = fake.create_service(sid=_SERVICE, messaging_service_sid="MG" + "0" * 32)
            fake.create_binding(service.sid, identity="alice", binding_type="sms", address="+15005550006")
            Path(folder, "schemathesis.toml").write_text(_SETTINGS, encoding="ascii")  # it is read from where it starts
            done = run(
                str(python), "-m", "schemathesis.cli", "run", f"{fake.url}/_fake/{document}", "--checks", checks,
                "--seed", str(seed), "--max-examples", str(count), "--phases", "examples,coverage,fuzzing,stateful",
                "--no-color", "--exclude-path", _STREAM,
                "-H", f"Authorization: {authorization(fake.account_sid, fake.auth_token)}", cwd=folder,
            )  # fmt: skip
            assert fake._server is not None
            if fake._server.errors:
                figure.fail(f"the server reported {fake._server.errors[:3]}")
        tried = sum(int(number) for number in re.findall(r"(\d+) generated", done.stdout))
        figure.count(tried)
        figure.notes.append(f"{document}: {tried} requests")
        if done.returncode:
            figure.fail(done.stdout[-6000:] + done.stderr[-2000:])
    return figure
