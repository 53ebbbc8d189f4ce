"""The last official library with Users and Segments, ``twilio==6.15.2`` of 2018, in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

NOW = "2017-02-17T07:17:02Z"
PARSED = "2017-02-17 07:17:02+00:00"
SERVICE_SID = "IS" + "a" * 32
VERSION = "6.15.2"
NO_INDEX = (
    "No matching distribution",
    "Connection",
    "Temporary failure",
    "Network is unreachable",
    "No module named pip",
)

pytestmark = [
    pytest.mark.fake_notify(frozen=NOW),
    pytest.mark.filterwarnings("ignore:fakenotify"),
    pytest.mark.slow,  # pip installs the library
]

PRELUDE = """
import json, sys
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

account_sid, auth_token, url, service_sid = sys.argv[1:]
client = Client(account_sid, auth_token)
client.notify.base_url = url
service = client.notify.services(service_sid)

def shown(instance):
    return {name: str(value) for name, value in instance._properties.items()}

def refusal(call):
    try:
        call()
    except TwilioRestException as error:
        return [error.status, error.code, error.msg]
"""


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the old library is installed."""
    target = tmp_path_factory.mktemp("twilio-6")
    pip = [sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--retries", "1"]
    done = subprocess.run(
        [*pip, "--target", str(target), f"twilio=={VERSION}"], capture_output=True, text=True, check=False
    )
    if done.returncode and any(each in done.stderr for each in NO_INDEX):
        pytest.skip(f"pip can't reach an index that has twilio=={VERSION}: {done.stderr.strip().splitlines()[-1]}")
    assert done.returncode == 0, done.stderr
    return target


@pytest.fixture
def drive(fake_notify, library: Path) -> Callable[[str], Any]:
    """Runs a script with the old library against the fake; returns what the script leaves in ``result``."""
    fake_notify.create_service(sid=SERVICE_SID, messaging_service_sid="MG" + "b" * 32)

    def run(script: str) -> Any:
        arguments = [fake_notify.account_sid, fake_notify.auth_token, fake_notify.url, SERVICE_SID]
        done = subprocess.run(
            [sys.executable, "-c", f"{PRELUDE}\n{script}\nprint(json.dumps(result))", *arguments],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PYTHONPATH": str(library)},
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


def test_users_and_their_bindings_are_created_listed_fetched_and_deleted(drive, fake_notify):
    user, binding, others = drive("""
alice = service.users.create(identity="alice", segment=["premium", "new user"])
service.users.create(identity="Bob Odd/Name")
bindings = service.users("alice").bindings
binding = bindings.create(
    binding_type="sms", address="+15005550006", tag=["vip", "news"], notification_protocol_version="3",
    credential_sid="CR" + "a" * 32, endpoint="endpoint",
)
bindings.create(binding_type="apn", address="a7c6")
result = [shown(alice), shown(binding), {
    "found": [each.identity for each in service.users.list(identity=["alice"], segment="premium")],
    "everyone": [each.identity for each in service.users.list(page_size=1)],
    "by sid": service.users(alice.sid).fetch().identity,
    "fetched": shown(service.users("alice").fetch()) == shown(alice),
    "missing": refusal(service.users("nobody").fetch),
    "again": refusal(lambda: service.users.create(identity="alice")),
    "with bindings": refusal(alice.delete),
    "bindings": [[each.address for each in bindings.list(**filters)] for filters in ({}, {"tag": ["vip", "sms"]})],
    "of the service": [each.sid for each in service.bindings.list()] == [each.sid for each in bindings.list()],
    "fetched binding": shown(bindings(binding.sid).fetch()) == shown(binding),
    "deleted": [*(each.delete() for each in bindings.list()), alice.delete()],
    "left": [each.identity for each in service.users.list()],
}]
""")

    url = f"{fake_notify.url}/v1/Services/{SERVICE_SID}/Users/alice"
    assert (user["date_created"], user["segments"], user["url"]) == (PARSED, "['premium', 'new user']", url)
    assert (binding["date_created"], binding["tags"]) == (PARSED, "['vip', 'news']")
    assert binding["url"] == f"{url}/Bindings/{binding['sid']}"
    nobody = f"The requested resource /Services/{SERVICE_SID}/Users/nobody was not found"
    assert others == {
        "found": ["alice"],
        "everyone": ["alice", "Bob Odd/Name"],
        "by sid": "alice",
        "fetched": True,
        "missing": [404, 20404, f"Unable to fetch record: {nobody}"],
        "again": [409, 52304, "Unable to create record: User already exists"],
        "with bindings": [409, 52306, "Unable to delete record: Cannot delete User resource with Bindings"],
        "bindings": [["+15005550006", "a7c6"], ["+15005550006"]],
        "of the service": True,
        "fetched binding": True,
        "deleted": [True, True, True],
        "left": ["Bob Odd/Name"],
    }


def test_segments_are_joined_left_listed_and_sent_to(drive, fake_notify):
    membership, others = drive("""
for identity, segments, address in (("alice", ["first"], "+1501"), ("bob", ["first", "second"], "+1502")):
    service.users.create(identity=identity, segment=segments)
    service.users(identity).bindings.create(binding_type="sms", address=address, tag=["tag of " + identity])
memberships = service.users("alice").segment_memberships
membership = memberships.create(segment="new user")
result = [shown(membership), {
    "fetched": shown(memberships("new user").fetch()) == shown(membership),
    "joined": service.users("alice").fetch().segments,
    "again": refusal(lambda: memberships.create(segment="new user")),
    "segments": [[each.sid, each.unique_name] for each in service.segments.list()],
    "sent": [
        service.notifications.create(body="Hi", **selectors).segments
        for selectors in ({"segment": "first"}, {"segment": ["first"], "tag": ["tag of bob"]}, {"segment": "nowhere"})
    ],
    "deleted": memberships("new user").delete(),
    "left": service.users("alice").fetch().segments,
}]
""")

    assert membership["url"].endswith("/Users/alice/SegmentMemberships/new%20user")
    assert others == {
        "fetched": True,
        "joined": ["first", "new user"],
        "again": [409, 52305, "Unable to create record: User already belongs to the segment"],
        "segments": [[each.sid, each.unique_name] for each in fake_notify.segments],
        "sent": [["first"], ["first"], ["nowhere"]],
        "deleted": True,
        "left": ["first"],
    }
    assert [each.unique_name for each in fake_notify.segments] == ["first", "second", "new user"]
    assert [each.identity for each in fake_notify.deliveries] == ["alice", "bob", "bob"]
    assert [each.code for each in fake_notify.alerts] == [52307]
