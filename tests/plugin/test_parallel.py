"""A whole suite, run as a project would: in parallel, with threads, and in random order."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from fakenotify import Behaviour, FakeNotify

TESTS, THREADS = 100, 8

CROWD = f'''
"""Each test has an account on a server that all workers share; each of its threads has one on the worker's server."""

import os
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests


def live(url, account_sid, auth_token, name):
    """Use the API as a program would, and see only its own records."""
    with requests.Session() as session:
        session.trust_env, session.auth = False, (account_sid, auth_token)
        made = session.post(f"{{url}}/v1/Services", {{"FriendlyName": name, "MessagingServiceSid": "MG" + "0" * 32}})
        path = f"{{url}}/v1/Services/{{made.json()['sid']}}"
        for number in range(2):
            address = f"+1500555000{{number}}"
            form = {{"Identity": name, "BindingType": "sms", "Address": address, "Tag": [name, "all"]}}
            session.post(f"{{path}}/Bindings", form)
        sent = session.post(f"{{path}}/Notifications", {{"Tag": name, "Body": name}}).json()
        found = session.get(f"{{path}}/Bindings?Identity={{name}}").json()["bindings"]
    assert (len(found), sent["tags"]) == (2, [name])


@pytest.mark.parametrize("number", range({TESTS}))
def test_each_sees_only_its_own(number, fake_notify):
    account_sid, shared = f"AC{{number:032x}}", os.environ["SHARED_URL"]
    handles = {{f"t{{number}}x{{thread}}": fake_notify.account() for thread in range({THREADS})}}

    def act(name):
        live(shared, account_sid, "x", name)
        live(fake_notify.url, handles[name].account_sid, handles[name].auth_token, name)

    with ThreadPoolExecutor({THREADS}) as pool:
        list(pool.map(act, handles))

    services = requests.get(f"{{shared}}/v1/Services", auth=(account_sid, "x")).json()["services"]
    deliveries = requests.get(f"{{shared}}/_fake/deliveries?account_sid={{account_sid}}").json()["deliveries"]
    assert {{each["friendly_name"] for each in services}} == {{*handles}}
    assert sorted(each["payload"]["Body"] for each in deliveries) == sorted([*handles, *handles])
    assert {{each["account_sid"] for each in deliveries}} == {{account_sid}}
    for name, handle in handles.items():
        assert [each.friendly_name for each in handle.services] == [name]
        assert [each.identity for each in handle.deliveries] == [name] * 2
        assert [each.account_sid for each in handle.requests] == [handle.account_sid] * 5
        handle.assert_delivered(identity=name, body=name, times=2)
    assert (fake_notify.services, len(fake_notify.requests)) == ([], 5 * {THREADS})
'''


@pytest.mark.slow
def test_tests_threads_and_workers_in_any_order_do_not_affect_each_other(tmp_path: Path) -> None:
    (tmp_path / "test_crowd.py").write_text(CROWD, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "randomly", "-n", "4"]
    with FakeNotify(Behaviour(unknown_accounts="own")) as shared:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
        given = kept | {"SHARED_URL": shared.url}
        done = subprocess.run(command, cwd=tmp_path, env=given, capture_output=True, text=True, timeout=300)

        assert (done.returncode, f"{TESTS} passed" in done.stdout) == (0, True), done.stdout[-3000:] + done.stderr
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
