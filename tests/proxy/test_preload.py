"""What Python and Node load before a program: clients that read no proxy variables reach the fake too."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fakenotify import FakeNotify
from fakenotify.proxy import hosts
from fakenotify.proxy.environment import variables
from fakenotify.proxy.launch import proxied

pytest.importorskip("trustme", reason="the extra 'proxy' is not installed")

PRELOAD = Path(hosts.__file__).parent / "preload"
IS = "IS" + "a" * 32
URL = "https://notify.twilio.com/v1/Services"
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def environment() -> Iterator[dict[str, str]]:
    """The environment of a program under ``fakenotify run --offline``, without the proxy variables."""
    with FakeNotify() as fake:
        fake.start()
        with proxied(fake, IS, {}, offline=True) as proxy:
            given = os.environ | variables(proxy.about, {})
            yield {name: value for name, value in given.items() if "PROXY" not in name.upper() or "FAKE" in name}


@pytest.fixture
def python(environment: dict[str, str], tmp_path: Path) -> Run:
    """Runs a Python program there."""

    def run(program: str, *options: str, **given: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, *options, "-c", program]
        return subprocess.run(
            command, env=environment | given, cwd=tmp_path, capture_output=True, text=True, timeout=300
        )

    return run


ASKING = {
    "requests' send": f"""
import requests
session = requests.Session()
session.trust_env = False
print(session.send(session.prepare_request(requests.Request("GET", {URL!r})), timeout=9).status_code)
""",
    "urllib3": f"""
import certifi, urllib3
print(urllib3.PoolManager(ca_certs=certifi.where()).request("GET", {URL!r}).status)
""",
    "aiohttp": f"""
import aiohttp, asyncio
async def ask():
    async with aiohttp.ClientSession() as session, session.get({URL!r}) as answer:
        print(answer.status)
asyncio.run(ask())
""",
    "plain HTTP": """
from http.client import HTTPConnection
asking = HTTPConnection("notify.ie1.twilio.com")
asking.request("GET", "/v1/Services")
print(asking.getresponse().status)
asking.close()
""",
}


@pytest.mark.parametrize("library", ASKING)
def test_a_python_client_that_reads_no_variables_reaches_the_fake(python: Run, library: str) -> None:
    done = python(ASKING[library])
    assert (done.returncode, done.stdout) == (0, "401\n"), done.stderr


def test_bytes_name_a_host_too_and_only_the_ports_of_the_web_are_led_to_the_fake(
    python: Run, environment: dict[str, str]
) -> None:
    program = """
import socket
found = [socket.getaddrinfo(b"notify.twilio.com", port)[0][4][1] for port in (443, "http", None)]
try:
    found.append(socket.getaddrinfo("notify.twilio.com", 25)[0][4][1])
except OSError:  # there is no network
    found.append(25)
print(found)
"""
    port = int(environment["FAKENOTIFY_PROXY"].rpartition(":")[2])
    assert python(program).stdout == f"{[port] * 3 + [25]}\n"


def test_a_python_program_that_needs_neither_imports_neither(python: Run) -> None:
    program = "import sys; print([each for each in ('ssl', 'socket') if each in sys.modules], sys.path)"
    done = python(program)
    plain = subprocess.run([sys.executable, "-c", program], text=True, capture_output=True, check=True)
    assert done.stdout.partition("]")[0] == plain.stdout.partition("]")[0]  # a tool such as coverage may import them
    assert str(PRELOAD) not in done.stdout


def test_the_programs_own_sitecustomize_is_still_run(python: Run, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import builtins; builtins.own = 'mine'")
    done = python("import sitecustomize; print(own, sitecustomize.__file__)", PYTHONPATH=f"{PRELOAD}:{tmp_path}")
    assert done.stdout == f"mine {tmp_path / 'sitecustomize.py'}\n"


def test_an_error_in_the_preload_is_a_line_on_stderr(python: Run) -> None:
    done = python("import ssl; print('goes on')", "-W", "error", FAKENOTIFY_PROXY_CA="/missing")
    assert (done.returncode, done.stdout) == (0, "goes on\n")
    (line,) = done.stderr.splitlines()
    assert line.startswith("fakenotify: could not lead this Python to the fake: ")


def test_without_a_fake_the_preload_does_nothing_and_with_one_nothing_to_other_hosts(python: Run) -> None:
    program = "import socket as s; print(s.getaddrinfo.__module__, s.getaddrinfo('127.0.0.1', 443)[0][4][1])"
    assert python(program, FAKENOTIFY_PROXY="").stdout + python(program).stdout == "socket 443\nsitecustomize 443\n"


def test_both_preloads_know_the_hosts_that_the_server_knows() -> None:
    assert all(hosts.NOTIFY.pattern in (PRELOAD / name).read_text() for name in ("sitecustomize.py", "node.js"))


NODE = f"""
const fail = error => {{ console.error(error); process.exitCode = 1; }};
require('https').get('{URL}', answer => {{
  answer.resume();
  const rest = globalThis.fetch ? fetch('{URL}').then(it => it.status) : Promise.resolve(401);
  rest.then(status => console.log(answer.statusCode, status)).catch(fail);
}}).on('error', fail);
"""


@pytest.mark.slow
@pytest.mark.parametrize("version", ["installed", "18", "22", "24"])
def test_https_and_fetch_of_node_reach_the_fake(
    environment: dict[str, str], tmp_path: Path, version: str, install: Callable[..., None]
) -> None:
    install(tmp_path, "npm", *([f"node@{version}"] if version != "installed" else []))
    node = str(tmp_path / "node_modules" / "node" / "bin" / "node") if version != "installed" else "node"
    if shutil.which(node) is None:
        pytest.skip(f"npm did not install node@{version}")
    ran = subprocess.run([node, "-e", NODE], env=environment, capture_output=True, text=True, timeout=300)
    assert (ran.returncode, ran.stdout) == (0, "401 401\n"), ran.stderr
