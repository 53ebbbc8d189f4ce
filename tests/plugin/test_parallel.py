"""A whole suite, run as a project runs it: in parallel, by many threads, and in random order."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from fakenotify import Behaviour, FakeNotify

TESTS, THREADS, WORKERS = 200, 8, 4
PATIENCE = 120.0

CROWD = f'''
"""Every test has an account of its own on a server that all workers share, and its threads have one on the worker's."""

import http.client, json, os, threading
from base64 import b64encode
from urllib.parse import urlencode, urlsplit

import pytest

FORM = {{"Content-Type": "application/x-www-form-urlencoded"}}


class Client:
    def __init__(self, url, account_sid, auth_token):
        self.connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
        token = b64encode(f"{{account_sid}}:{{auth_token}}".encode()).decode()
        self.headers = {{"Authorization": f"Basic {{token}}"}}

    def ask(self, method, path, form=()):
        headers = self.headers | FORM if form else self.headers
        self.connection.request(method, path, urlencode(form, doseq=True) or None, headers)
        return json.loads(self.connection.getresponse().read())

    def close(self):
        self.connection.close()


def live(client, name):
    """What a program does; it sees nothing but its own."""
    form = {{"FriendlyName": name, "MessagingServiceSid": "MG" + "0" * 32}}
    path = "/v1/Services/" + client.ask("POST", "/v1/Services", form)["sid"]
    for number in range(2):
        binding = {{"Identity": name, "BindingType": "sms", "Address": f"+1500555000{{number}}", "Tag": [name, "all"]}}
        client.ask("POST", f"{{path}}/Bindings", binding)
    sent = client.ask("POST", f"{{path}}/Notifications", {{"Tag": name, "Body": name}})
    found = client.ask("GET", f"{{path}}/Bindings?Identity={{name}}")["bindings"]
    assert (len(found), sent["tags"]) == (2, [name])


def together(act):
    """Run ``act(0)``, ``act(1)`` … in as many threads, which begin at once."""
    failures, start = [], threading.Barrier({THREADS})

    def run(number):
        start.wait(30)
        try:
            act(number)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range({THREADS})]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert failures == []


@pytest.mark.parametrize("number", range({TESTS}))
def test_each_sees_only_its_own(number, fake_notify):
    account_sid = f"AC{{number:032x}}"
    names = sorted(f"t{{number}}x{{thread}}" for thread in range({THREADS}))
    handles = [fake_notify.account() for _ in names]

    def act(thread):
        for client in (
            Client(os.environ["SHARED_URL"], account_sid, "x"),
            Client(fake_notify.url, handles[thread].account_sid, handles[thread].auth_token),
        ):
            live(client, names[thread])
            client.close()

    together(act)
    asked = Client(os.environ["SHARED_URL"], account_sid, "x")
    services = asked.ask("GET", "/v1/Services")["services"]
    deliveries = asked.ask("GET", f"/_fake/deliveries?account_sid={{account_sid}}")["deliveries"]
    asked.close()

    assert sorted(each["friendly_name"] for each in services) == names
    assert sorted(each["payload"]["Body"] for each in deliveries) == sorted(names * 2)
    assert {{each["account_sid"] for each in deliveries}} == {{account_sid}}
    for handle, name in zip(handles, names):
        assert [each.friendly_name for each in handle.services] == [name]
        assert [each.identity for each in handle.deliveries] == [name] * 2
        assert [each.account_sid for each in handle.requests] == [handle.account_sid] * 5
        handle.assert_delivered(identity=name, body=name, times=2)
    assert (fake_notify.services, len(fake_notify.requests)) == ([], 5 * {THREADS})
'''


def run(where: Path, *options: str, **environment: str) -> str:
    """Run a suite as a project would, and return what it says."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options],
        cwd=where,
        env={**kept, **environment},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    return done.stdout


@pytest.mark.slow
def test_tests_threads_and_workers_in_any_order_do_not_affect_each_other(tmp_path: Path) -> None:
    (tmp_path / "test_crowd.py").write_text(CROWD, encoding="utf-8")
    with FakeNotify(Behaviour(unknown_accounts="own")) as shared:
        printed = run(tmp_path, "-n", str(WORKERS), "-p", "randomly", SHARED_URL=shared.url)

        assert f"{TESTS} passed" in printed
        assert shared._server is not None
        assert shared._server.errors == []
        crowd = [each for each in shared.world.accounts if each.account_sid != shared.account_sid]
        assert sorted(each.account_sid for each in crowd) == [f"AC{number:032x}" for number in range(TESTS)]
        for each in crowd:
            assert (len(each.services), len(each.deliveries), list(each.alerts)) == (THREADS, 2 * THREADS, [])
        sids = [delivery.sid for each in crowd for delivery in each.deliveries]
        assert len(set(sids)) == TESTS * THREADS * 2
        request_ids = [each.request_id for each in shared.requests]
        assert len(set(request_ids)) == len(request_ids) == TESTS * (THREADS * 5 + 1)
