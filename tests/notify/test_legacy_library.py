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
PARSED = "2017-02-17T07:17:02+00:00"
SERVICE_SID = "IS" + "a" * 32
VERSION = "6.15.2"
NO_INDEX = (
    "No matching distribution",
    "Connection",
    "Temporary failure",
    "Network is unreachable",
    "No module named pip",
)

pytestmark = [pytest.mark.fake_notify(frozen=NOW), pytest.mark.filterwarnings("ignore:fakenotify")]

PRELUDE = """
import json, sys
import twilio
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

account_sid, auth_token, url, service_sid = sys.argv[1:]
client = Client(account_sid, auth_token)
client.notify.base_url = url
service = client.notify.services(service_sid)

def shown(instance):
    return {
        name: value.isoformat() if hasattr(value, "isoformat") else value
        for name, value in instance._properties.items()
    }

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


def test_it_is_the_old_library(drive, fake_notify):
    assert drive("result = [twilio.__version__, hasattr(service, 'users')]") == [VERSION, True]
    assert drive("result = service.fetch().sid") == SERVICE_SID


def test_users_are_created_listed_fetched_and_deleted(drive, fake_notify):
    created, found, everyone, fetched, by_sid, refused, missing, deleted, left = drive("""
alice = service.users.create(identity="alice", segment=["premium", "new user"])
service.users.create(identity="Bob Odd/Name")
result = [
    shown(alice),
    [each.identity for each in service.users.list(identity=["alice"], segment="premium")],
    [each.identity for each in service.users.list(page_size=1)],
    shown(service.users("alice").fetch()) == shown(alice),
    service.users(alice.sid).fetch().identity,
    refusal(lambda: service.users.create(identity="alice")),
    refusal(service.users("nobody").fetch),
    alice.delete(),
    [each.identity for each in service.users.list()],
]
""")

    url = f"{fake_notify.url}/v1/Services/{SERVICE_SID}/Users"
    assert created == {
        "account_sid": fake_notify.account_sid,
        "date_created": PARSED,
        "date_updated": PARSED,
        "identity": "alice",
        "links": {"bindings": f"{url}/alice/Bindings", "segment_memberships": f"{url}/alice/SegmentMemberships"},
        "segments": ["premium", "new user"],
        "service_sid": SERVICE_SID,
        "sid": created["sid"],
        "url": f"{url}/alice",
    }
    assert (found, everyone, fetched, by_sid) == (["alice"], ["alice", "Bob Odd/Name"], True, "alice")
    assert refused == [409, 52304, "Unable to create record: User already exists"]
    assert missing == [
        404,
        20404,
        f"Unable to fetch record: The requested resource /Services/{SERVICE_SID}/Users/nobody was not found",
    ]
    assert (deleted, left) == (True, ["Bob Odd/Name"])


def test_a_users_bindings_are_created_listed_fetched_and_deleted(drive, fake_notify):
    created, found, of_service, fetched, refused, deleted, left = drive("""
service.users.create(identity="alice")
bindings = service.users("alice").bindings
binding = bindings.create(
    binding_type="sms", address="+15005550006", tag=["vip", "news"], notification_protocol_version="3",
    credential_sid="CR" + "a" * 32, endpoint="endpoint",
)
bindings.create(binding_type="apn", address="a7c6")
result = [
    shown(binding),
    [[each.address for each in bindings.list(**filters)] for filters in ({}, {"tag": ["vip"]}, {"tag": "apn"})],
    sorted(each.sid for each in service.bindings.list()) == sorted(each.sid for each in bindings.list()),
    shown(bindings(binding.sid).fetch()) == shown(binding),
    refusal(service.users("alice").delete),
    [each.delete() for each in bindings.list()],
    [bindings.list(), service.users("alice").delete()],
]
""")

    url = f"{fake_notify.url}/v1/Services/{SERVICE_SID}/Users/alice"
    assert created == {
        "account_sid": fake_notify.account_sid,
        "address": "+15005550006",
        "binding_type": "sms",
        "credential_sid": "CR" + "a" * 32,
        "date_created": PARSED,
        "date_updated": PARSED,
        "endpoint": "endpoint",
        "identity": "alice",
        "links": {"user": url},
        "notification_protocol_version": "3",
        "service_sid": SERVICE_SID,
        "sid": created["sid"],
        "tags": ["vip", "news"],
        "url": f"{url}/Bindings/{created['sid']}",
    }
    assert found == [["+15005550006", "a7c6"], ["+15005550006"], ["a7c6"]]
    assert (of_service, fetched) == (True, True)
    assert refused == [409, 52306, "Unable to delete record: Cannot delete User resource with Bindings"]
    assert (deleted, left) == ([True, True], [[], True])


def test_memberships_are_created_fetched_and_deleted_and_segments_listed(drive, fake_notify):
    created, fetched, of_user, refused, segments, deleted, left = drive("""
service.users.create(identity="alice", segment=["first"])
memberships = service.users("alice").segment_memberships
membership = memberships.create(segment="new user")
result = [
    shown(membership),
    shown(memberships("new user").fetch()) == shown(membership),
    service.users("alice").fetch().segments,
    refusal(lambda: memberships.create(segment="new user")),
    [shown(each) for each in service.segments.list()],
    memberships("new user").delete(),
    service.users("alice").fetch().segments,
]
""")

    assert created == {
        "account_sid": fake_notify.account_sid,
        "identity": "alice",
        "segment": "new user",
        "service_sid": SERVICE_SID,
        "url": f"{fake_notify.url}/v1/Services/{SERVICE_SID}/Users/alice/SegmentMemberships/new%20user",
    }
    assert (fetched, of_user) == (True, ["first", "new user"])
    assert refused == [409, 52305, "Unable to create record: User already belongs to the segment"]
    assert segments == [
        {
            "account_sid": fake_notify.account_sid,
            "date_created": PARSED,
            "date_updated": PARSED,
            "service_sid": SERVICE_SID,
            "sid": each.sid,
            "unique_name": each.unique_name,
        }
        for each in fake_notify.segments
    ]
    assert [each["unique_name"] for each in segments] == ["first", "new user"]
    assert (deleted, left) == (True, ["first"])


def test_notifications_are_sent_by_segment(drive, fake_notify):
    sent = drive("""
for identity, segments, address in (
    ("alice", ["premium", "north"], "+1501"), ("bob", ["north"], "+1502"), ("carol", [], "+1503")
):
    service.users.create(identity=identity, segment=segments)
    service.users(identity).bindings.create(binding_type="sms", address=address, tag=["tag of " + identity])
result = [
    service.notifications.create(body="Hi", **selectors).segments
    for selectors in (
        {"segment": "north"},
        {"segment": ["north", "premium"]},
        {"segment": ["north"], "tag": ["tag of bob"]},
        {"segment": ["nowhere"]},
    )
]
""")

    by_notification = {each.sid: [] for each in fake_notify.notifications}
    for each in fake_notify.deliveries:
        by_notification[each.notification_sid].append(each.identity)
    assert sent == [["north"], ["north", "premium"], ["north"], ["nowhere"]]
    assert list(by_notification.values()) == [["alice", "bob"], ["alice"], ["bob"], []]
    assert [each.code for each in fake_notify.alerts] == [52307]
