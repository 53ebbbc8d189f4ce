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

NODE_VERSIONS = ("3.27.1", "3.40.0", "3.84.1", "4.23.0", "5", "6")
PYTHON_VERSIONS = ("6.8.0", "6.48.0", "7.9.0", "7.17", "8", "9")
SID, TOKEN = "AC" + "c" * 32, "secret"

NODE = """
const client = require('twilio')(process.env.TWILIO_ACCOUNT_SID, process.env.TWILIO_AUTH_TOKEN);
const numbers = [1, 2, 3];

async function walk() {
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

walk()
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


def node(version: str, home: Path) -> list[str]:
    """Install a version of twilio-node; returns the command that runs the program with it."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("Node or npm is not installed")
    (home / "package.json").write_text("{}")
    (home / "program.js").write_text(NODE, encoding="utf-8")
    install([npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", f"twilio@{version}"], home)
    return ["node", str(home / "program.js")]


def python(version: str, home: Path) -> list[str]:
    """The same for twilio-python."""
    wanted = f"twilio=={version}" if version.count(".") == 2 else f"twilio=={version}.*"
    install([sys.executable, "-m", "pip", "install", "--quiet", "--target", str(home), wanted], home)
    (home / "program.py").write_text(PYTHON, encoding="utf-8")
    return [sys.executable, str(home / "program.py")]


def install(command: list[str], home: Path) -> None:
    """Install something, or skip the test with the reason."""
    done = subprocess.run(command, cwd=home, capture_output=True, text=True, timeout=300)
    if done.returncode:
        pytest.skip(f"{command[-1]} can't be installed: {done.stderr.strip()[-200:]}")


def environment(**given: str) -> dict[str, str]:
    """This process's, without what leads clients elsewhere."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.upper().startswith(("TWILIO_", "FAKENOTIFY_")) and "PROXY" not in name.upper()
    }
    return kept | {"TWILIO_ACCOUNT_SID": SID, "TWILIO_AUTH_TOKEN": TOKEN} | given


VERSIONS = [*((node, version) for version in NODE_VERSIONS), *((python, version) for version in PYTHON_VERSIONS)]


@pytest.mark.parametrize(("library", "version"), VERSIONS)
def test_a_library_of_twilios_reaches_the_fake_by_address_and_under_run(
    library: Callable[[str, Path], list[str]], version: str, tmp_path: Path
) -> None:
    command = library(version, tmp_path)
    with FakeNotify() as fake:
        given = environment(BASE_URL=fake.url)
        done = subprocess.run(command, env=given, capture_output=True, text=True, timeout=60)
        assert (done.returncode, done.stdout and json.loads(done.stdout)) == (0, SAID), done.stderr
        assert len(fake.requests) == ASKED
        assert [warning for request in fake.requests for warning in request.ignored] == []

    run = [sys.executable, "-m", "fakenotify", "run", "--offline", "--json", "--", *command]
    done = subprocess.run(run, env=environment(), capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout and json.loads(done.stdout)) == (0, SAID), done.stderr
    summary = json.loads(done.stderr.splitlines()[-1])
    assert (summary["requests"], sum(summary["deliveries"].values()), summary["warnings"]) == (ASKED, 3, {})
    assert (summary["distrusted"], summary["offline"]) == ({}, {})
