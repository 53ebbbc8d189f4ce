"""Twilio's own libraries from 2017 to today, as the registries have them: by address, and unchanged under ``run``."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from fakenotify import FakeNotify

pytest.importorskip("trustme", reason="the extra 'proxy' is not installed")
pytestmark = pytest.mark.slow

NODE_VERSIONS = ("3.0.0", "3.27.1", "3.40.0", "3.84.1", "4.23.0", "5", "6")
PYTHON_VERSIONS = ("6.8.0", "6.48.0", "7.9.0", "7.17", "8", "9")
SID, TOKEN = "AC" + "c" * 32, "secret"
Install = Callable[[str], Path]

NODE = """
const client = require('twilio')(process.env.TWILIO_ACCOUNT_SID, process.env.TWILIO_AUTH_TOKEN);
const numbers = [1, 2, 3];

async function byNotify() {
  if (process.env.BASE_URL) client.notify.baseUrl = process.env.BASE_URL;
  const notify = client.notify.v1;
  const created = await notify.services.create({friendlyName: 'before'});
  const service = notify.services(created.sid);
  const updated = await service.update({friendlyName: 'after é'});
  for (const number of numbers)
    await service.bindings.create({
      identity: 'alice', bindingType: 'sms', address: `+1500555000${number}`, tag: ['a', 'b'],
    });
  const bindings = await service.bindings.list({pageSize: 2});
  const sent = await service.notifications.create({identity: 'alice', body: 'Hi'});
  return [created.friendlyName, updated.friendlyName, bindings.map(it => it.tags), sent.identities];
}

async function byRequest() {  // 3.0.0 has no Notify yet, but its requests are those of the versions that follow
  const base = (process.env.BASE_URL || 'https://notify.twilio.com') + '/v1/Services';
  const ask = (method, uri, data, params) => client.request({method, uri, data: data || null, params: params || null})
    .then(answer => JSON.parse(answer.body));
  const created = await ask('POST', base, {FriendlyName: 'before'});
  const updated = await ask('POST', `${base}/${created.sid}`, {FriendlyName: 'after é'});
  for (const number of numbers)
    await ask('POST', `${base}/${created.sid}/Bindings`, {
      Identity: 'alice', BindingType: 'sms', Address: `+1500555000${number}`, Tag: ['a', 'b'],
    });
  const pages = [await ask('GET', `${base}/${created.sid}/Bindings`, null, {PageSize: 2})];
  pages.push(await ask('GET', pages[0].meta.next_page_url));
  const tags = pages.flatMap(page => page.bindings).map(it => it.tags);
  const sent = await ask('POST', `${base}/${created.sid}/Notifications`, {Identity: 'alice', Body: 'Hi'});
  return [created.friendly_name, updated.friendly_name, tags, sent.identities];
}

(client.notify ? byNotify() : byRequest())
  .then(said => console.log(JSON.stringify(said)))
  .catch(error => { console.error(error); process.exitCode = 1; });
"""

PYTHON = """
import json, os
from twilio.rest import Client
client = Client(os.environ["TWILIO_ACCOUNT_SID"], os.environ["TWILIO_AUTH_TOKEN"])
if "BASE_URL" in os.environ:
    client.notify.base_url = os.environ["BASE_URL"]
notify = client.notify.v1
created = notify.services.create(friendly_name="before")
service = notify.services(created.sid)
updated = service.update(friendly_name=u"after \\u00e9")
for number in (1, 2, 3):
    service.bindings.create("alice", "sms", "+1500555000%d" % number, tag=["a", "b"])
bindings = service.bindings.list(page_size=2)
sent = service.notifications.create(identity=["alice"], body="Hi")
print(json.dumps([created.friendly_name, updated.friendly_name, [each.tags for each in bindings], sent.identities]))
"""

SAID = ["before", "after é", [["a", "b"]] * 3, ["alice"]]
ASKED = 8
"""One create, one update, three Bindings, two pages, one Notification."""


@pytest.fixture(scope="session")
def node(tmp_path_factory: pytest.TempPathFactory) -> Install:
    """Installs a version of twilio-node, once; returns the command that runs the program with it."""
    home = tmp_path_factory.mktemp("twilio-node")

    def install(version: str) -> Path:
        npm, place = shutil.which("npm"), home / version
        if npm is None or shutil.which("node") is None:
            pytest.skip("Node or npm is not installed")
        if not place.exists():
            place.mkdir()
            (place / "package.json").write_text("{}")
            (place / "program.js").write_text(NODE, encoding="utf-8")
            options = ["--no-audit", "--no-fund", "--ignore-scripts"]
            run_installer([npm, "install", *options, f"twilio@{version}"], place, f"twilio-node {version}")
        return place / "program.js"

    return install


@pytest.fixture(scope="session")
def python(tmp_path_factory: pytest.TempPathFactory) -> Install:
    """The same for twilio-python."""
    home = tmp_path_factory.mktemp("twilio-python")

    def install(version: str) -> Path:
        place = home / version
        if not place.exists():
            wanted = f"twilio=={version}" if version.count(".") == 2 else f"twilio=={version}.*"
            command = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(place), wanted]
            run_installer(command, home, f"twilio-python {version}")
            (place / "program.py").write_text(PYTHON, encoding="utf-8")
        return place / "program.py"

    return install


def run_installer(command: list[str], place: Path, what: str) -> None:
    """Install something, or skip the test with the reason."""
    done = subprocess.run(command, cwd=place, capture_output=True, text=True, timeout=300)
    if done.returncode:
        pytest.skip(f"{what} can't be installed: {done.stderr.strip()[-200:]}")


def environment(**given: str) -> dict[str, str]:
    """This process's, without what leads clients elsewhere."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.upper().startswith(("TWILIO_", "FAKENOTIFY_")) and "PROXY" not in name.upper()
    }
    return kept | {"TWILIO_ACCOUNT_SID": SID, "TWILIO_AUTH_TOKEN": TOKEN} | given


def command_of(program: Path) -> list[str]:
    return ["node", str(program)] if program.suffix == ".js" else [sys.executable, str(program)]


def check_by_address(program: Path) -> None:
    with FakeNotify() as fake:
        given = environment(BASE_URL=fake.url)
        done = subprocess.run(command_of(program), env=given, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout) == SAID
        assert len(fake.requests) == ASKED
        assert [warning for request in fake.requests for warning in request.ignored] == []


def check_under_run(program: Path) -> None:
    command = [sys.executable, "-m", "fakenotify", "run", "--offline", "--json", "--", *command_of(program)]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == SAID
    summary = json.loads(done.stderr.splitlines()[-1])
    assert (summary["requests"], sum(summary["deliveries"].values()), summary["warnings"]) == (ASKED, 3, {})
    assert (summary["distrusted"], summary["offline"]) == ({}, {})


@pytest.mark.parametrize("version", NODE_VERSIONS)
def test_twilio_node_by_address(node: Install, version: str) -> None:
    check_by_address(node(version))


@pytest.mark.parametrize("version", NODE_VERSIONS)
def test_twilio_node_under_run(node: Install, version: str) -> None:
    check_under_run(node(version))


@pytest.mark.parametrize("version", PYTHON_VERSIONS)
def test_twilio_python_by_address(python: Install, version: str) -> None:
    check_by_address(python(version))


@pytest.mark.parametrize("version", PYTHON_VERSIONS)
def test_twilio_python_under_run(python: Install, version: str) -> None:
    check_under_run(python(version))
