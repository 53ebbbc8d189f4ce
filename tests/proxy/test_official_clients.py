"""Twilio's own libraries from 2017 to today, as the registries have them: by address, and unchanged under ``run``."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fakenotify import FakeNotify

pytest.importorskip("trustme", reason="the extra 'proxy' is not installed")
pytestmark = pytest.mark.slow

NODE_VERSIONS = ("3.27.1", "3.40.0", "3.84.1", "4.23.0", "5", "6")
PYTHON_VERSIONS = ("6.8.0", "6.48.0", "7.9.0", "7.17.*", "8.*", "9.*")

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


LIBRARIES = {
    "node": (("npm", "--ignore-scripts", "twilio@{}"), ("node", "program.js"), NODE),
    "python": (("pip", "twilio=={}"), (sys.executable, "program.py"), PYTHON),
}
"""How each is installed, and the program that uses it."""

VERSIONS = [*(("node", each) for each in NODE_VERSIONS), *(("python", each) for each in PYTHON_VERSIONS)]
LEADING = re.compile("TWILIO_.*|FAKENOTIFY_.*|.*PROXY.*", re.IGNORECASE)


@pytest.mark.parametrize(("library", "version"), VERSIONS)
def test_a_library_of_twilios_reaches_the_fake_by_address_and_under_run(
    library: str, version: str, tmp_path: Path, install: Callable[..., None]
) -> None:
    installing, program, text = LIBRARIES[library]
    install(tmp_path, *(each.format(version) for each in installing))
    (tmp_path / program[1]).write_text(text, encoding="utf-8")
    given = {name: value for name, value in os.environ.items() if not LEADING.fullmatch(name)}
    given |= {"TWILIO_ACCOUNT_SID": "AC" + "c" * 32, "TWILIO_AUTH_TOKEN": "secret"}

    def said(*command: str, **more: str) -> tuple[Any, str]:
        done = subprocess.run(
            command, env=given | more, cwd=tmp_path, capture_output=True, text=True, timeout=300, encoding="utf-8"
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout), done.stderr

    with FakeNotify() as fake:
        assert said(*program, BASE_URL=fake.url)[0] == SAID
        assert len(fake.requests) == ASKED
        assert [warning for request in fake.requests for warning in request.ignored] == []

    printed, errors = said(sys.executable, "-m", "fakenotify", "run", "--offline", "--json", "--", *program)
    summary = json.loads(errors.splitlines()[-1])
    assert (printed, summary["requests"], sum(summary["deliveries"].values())) == (SAID, ASKED, 3)
    assert (summary["warnings"], summary["distrusted"], summary["offline"]) == ({}, {}, {})
