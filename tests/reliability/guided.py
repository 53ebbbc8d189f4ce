"""Coverage-guided fuzzing of everything that parses bytes, by atheris: heads, forms, bodies, credentials, paths.

atheris is not in the test extra, since it doesn't have wheels for every Python: install it beside fakenotify, or name a
Python that has it in ``ATHERIS_PYTHON``. Without it, the proof says that it was not run.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from tempfile import TemporaryDirectory

from .figure import TOP, Figure, run

_TARGET = """
import sys, io, json
import atheris
with atheris.instrument_imports(include=["fakenotify"]):
    from fakenotify import FakeNotify
    from fakenotify.server.connection import read_plain
    from fakenotify.server.handler import read_chunks, read_length
    from fakenotify.server.wsgi import parse_form, App
    from fakenotify.core import paging, params
    from fakenotify.notify import dispatch

fake = FakeNotify()
service = fake.create_service(sid="IS" + "a" * 32)
TARGETS = ("/v1/Services", "/v1/Credentials", f"/v1/Services/{service.sid}/Bindings",
           f"/v1/Services/{service.sid}/Notifications", f"/v1/Services/{service.sid}/Users")

def one(data):
    if len(data) < 2:
        return
    kind, data = data[0] % 5, data[1:]
    if kind == 0:
        read_plain(data, 1 << 20)
    elif kind == 1:
        try:
            list(read_chunks(io.BufferedReader(io.BytesIO(data))))
        except ValueError:
            pass
    elif kind == 2:
        parse_form(data.decode("utf-8", "replace"))
    else:
        environ = {"REQUEST_METHOD": ("GET", "POST")[kind % 2], "SERVER_NAME": "x", "SERVER_PORT": "1",
                   "HTTP_AUTHORIZATION": AUTH, "CONTENT_TYPE": "application/x-www-form-urlencoded"}
        path = TARGETS[data[0] % len(TARGETS)]
        if kind % 2:
            environ |= {"RAW_URI": path, "wsgi.input": io.BytesIO(data[1:]), "CONTENT_LENGTH": str(len(data) - 1)}
        else:
            environ |= {"RAW_URI": path + "?" + data[1:].decode("latin-1")}
        said = []
        answer = b"".join(fake.wsgi_app(environ, lambda status, headers: said.append(status)))
        assert said[0][:3] in ("200", "201", "400", "404", "405", "409", "413"), said
        json.loads(answer)
        if len(fake.bindings) > 200:
            fake.reset()
            fake.create_service(sid=service.sid)

import base64
AUTH = "Basic " + base64.b64encode(f"{fake.account_sid}:{fake.auth_token}".encode()).decode()
atheris.Setup(sys.argv, one)
atheris.Fuzz()
"""
_SEEDS = (
    b"\x00GET /v1/Services HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n",
    b"\x015;x=y\r\nabcde\r\n0\r\n\r\n",
    b"\x02Identity=a%20b&Tag=vip&Tag=%ff+x",
    b'\x03\x03ToBinding={"binding_type":"sms","address":"+1"}&Body=b&Data={"a":[1]}&Ttl=5',
    b"\x03\x02Identity=a&BindingType=sms&Address=%2B1&Tag=t",
    b"\x04\x02PageSize=2&Page=1&PageToken=PA&StartDate=2026-01-01&Tag=all",
)


def prove(count: int, seed: int = 0) -> Figure:
    """Let atheris try ``count`` inputs."""
    figure = Figure("guided", "inputs chosen by coverage")
    python = figure.python_with("atheris")
    if python is None:
        return figure
    with TemporaryDirectory() as folder:
        corpus = Path(folder, "corpus")
        corpus.mkdir()
        for number, given in enumerate(_SEEDS):
            Path(corpus, str(number)).write_bytes(given)
        Path(folder, "target.py").write_text(_TARGET)
        options = (f"-runs={count}", f"-seed={seed + 1}", "-max_len=600", "-timeout=30")
        environment = {**os.environ, "PYTHONPATH": str(TOP)}
        done = run(python, "target.py", "corpus", *options, cwd=folder, env=environment, errors="replace")
    tried = re.findall(r"^#(\d+)\s", done.stderr, re.MULTILINE)
    covered = re.findall(r"cov: (\d+)", done.stderr)
    figure.tried = int(tried[-1]) if tried else 0
    figure.notes.append(
        f"edges covered: {covered[0]} at first, {covered[-1]} in the end" if covered else "atheris printed no coverage"
    )
    if done.returncode or not tried:
        figure.fail(done.stdout[-4000:] + done.stderr[-2000:])
    return figure
