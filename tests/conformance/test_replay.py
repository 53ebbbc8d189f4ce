"""Recorded traffic of another Notify, replayed to a fresh fake: the differences found are exactly those there are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import Client

from fakenotify import FakeNotify
from fakenotify.conformance import replay
from fakenotify.conformance.recording import BadRecording, RecordedCall, read
from fakenotify.proxy.recording import Recorder

Record = Callable[..., list[RecordedCall]]
PERSONAL = ("alice", "bob", "bby", "theirs", "vip", "14155550", "Parcel", "sports", "owls")


def program(call: Callable[..., Any], theirs: str) -> None:
    """Read what is there and rename it, then create a Service and use it."""
    page = call("GET", f"{theirs}/Bindings?PageSize=2")
    call("GET", page["meta"]["next_page_url"])
    call("GET", f"{theirs}/Bindings/{page['bindings'][0]['sid']}")
    call("GET", f"{theirs}/Users/alice1")
    call("GET", theirs)
    call("POST", theirs, FriendlyName="renamed")
    call("GET", theirs)
    service = call("POST", "/v1/Services", FriendlyName="new")
    path = f"/v1/Services/{service['sid']}"
    sms = {"BindingType": "sms", "Address": "+14155550100"}
    first = call("POST", f"{path}/Bindings", Identity="bob", Tag=["vip", "b"], **sms)
    second = call("POST", f"{path}/Bindings", Identity="carol", **sms)
    call("GET", f"{path}/Bindings/{first['sid']}")
    call("GET", f"{path}/Bindings/{second['sid']}")
    for number in range(21):
        call("POST", f"{path}/Bindings", Identity="busy", BindingType="fcm", Address=f"token {number}")
    call("POST", f"{path}/Notifications", Identity="bob", Body="Parcel", Data='{"a": 1}')
    call("POST", f"{path}/Notifications", Body="Parcel")
    [credential] = call("GET", "/v1/Credentials")["credentials"]
    call("GET", f"/v1/Credentials/{credential['sid']}")
    call("GET", "/v1/Services?PageSize=1001")
    call("GET", f"{path}/Users/bo%20bby")
    call("GET", f"{path}/Users/bo%2Fbby")
    call("POST", f"{path}/Users", Identity="bobby", Segment=["sports fans", "night owls"])
    call("GET", f"{path}/Users/bobby/SegmentMemberships/sports%20fans")
    call("GET", f"{path}/Segments")
    call("HEAD", path)
    call("GET", "/v1/Services", by="nobody")
    call("GET", "/v1/Nothing/x@y.test%20z")
    call("DELETE", path)
    call("DELETE", path)
    call("GET", f"/v1/Services/IS{'0' * 32}")


CREATED = 8
"""The number of the call that creates a Service."""


@pytest.fixture
def recorded(open_fake: Callable[..., FakeNotify], tmp_path: Path) -> Record:
    """The program's calls to a Notify with some switches, as ``fakenotify run --record`` writes them."""

    def make(**switches: Any) -> list[RecordedCall]:
        other = open_fake(seed=7, **switches)
        service = other.create_service("theirs", messaging_service_sid="MG" + "1" * 32)
        other.create_credential("fcm", friendly_name="theirs")
        for number in range(3):
            identity, address = f"alice{number}", f"+1415555012{number}"
            other.create_binding(service, identity=identity, binding_type="sms", address=address)
        recorder = Recorder(other.url, str(tmp_path / "calls"))
        client = Client(recorder)

        def call(method: str, path: str, by: str = other.account_sid, **form: Any) -> Any:
            auth = (by, other.auth_token)
            return client.open(path, method=method, data=form, auth=auth).get_json(silent=True)

        program(call, f"/v1/Services/{service.sid}")
        recorder.close()
        return read(tmp_path / "calls")

    return make


def test_a_notify_that_answers_the_same_has_no_difference_and_its_recording_is_masked(
    recorded: Record, tmp_path: Path
) -> None:
    assert replay.compare(recorded()) == []
    text = (tmp_path / "calls").read_text()
    assert [word for word in PERSONAL if word in text] == []


def test_the_differences_of_switches_are_explained_by_them(recorded: Record) -> None:
    switches = {
        "identity_limit": "evict_oldest",
        "replacement_keeps_sid": True,
        "apn_protocol_version": "3",
        "page_size_limit": "reject",
        "legacy_resources": False,
    }
    alone = replay.compare(recorded(legacy_resources=False))
    found = replay.compare(recorded(**switches))

    assert {each.switch for each in alone} == {"legacy_resources=false"}
    assert {each.switch for each in found if each.switch} == {
        f"{name}={str(value).lower()}" for name, value in switches.items()
    }


@pytest.mark.parametrize(
    ("at", "change", "body", "what"),
    [
        (CREATED, {"status": 500, "body": {"code": 20500, "message": "Internal Server Error"}}, {}, ["status"]),
        (CREATED, {"body": ["not", "an", "object"]}, {}, ["body"]),
        (CREATED, {"body": {"sid": None}}, {}, ["members of the body", "type of sid"]),
        (CREATED, {}, {"log_enabled": "true"}, ["type of log_enabled"]),
        (CREATED, {}, {"friendly_name": "other"}, ["value of friendly_name"]),
        (CREATED, {}, {"log_enabled": False}, ["value of log_enabled"]),
        (CREATED, {}, {"sid": "XX" + "0" * 32}, ["value of sid"]),
        (-1, {}, {"code": 20405, "message": "Nothing"}, ["code", "message"]),
    ],
)
def test_what_differs_is_named(
    recorded: Record,
    monkeypatch: pytest.MonkeyPatch,
    at: int,
    change: dict[str, Any],
    body: dict[str, Any],
    what: list[str],
) -> None:
    monkeypatch.setattr(replay, "alternatives", lambda: ())  # no switch explains these
    calls = recorded()
    number = range(len(calls) + 1)[at]
    call = calls[number - 1]
    calls[number - 1] = replace(call, **{"body": {**call.body, **body}, **change})

    found = [each for each in replay.compare(calls) if each.call == number]

    assert [(each.request, each.what, each.switch) for each in found] == [
        (f"{call.method} {call.path}", each, None) for each in what
    ]


# the file


LINE = RecordedCall("GET", "/v1/Services", {"a": ["b"]}, {}, 200, {}, {"services": []}).to_line()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "it is empty"),
        (LINE[:40], "cut off in line 1"),
        (LINE + LINE[:40], "cut off in line 2"),
        ("hello\n", "line 1 is not JSON"),
        ("[]\n", "line 1 is not an object with method, path"),
        (LINE + LINE.replace("200", '"200"'), "line 2: status is not a number"),
        (LINE.replace('["b"]', '"b"'), "query is not an object with lists of strings"),
        (LINE.replace('"/v1/Services"', "null"), "path is not a string"),
        ("[" * 100_000 + "\n", "line 1 is not JSON"),
        ("\udcff", "not UTF-8"),
    ],
)
def test_an_invalid_recording_is_refused_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "calls.jsonl"
    file.write_bytes(text.encode(errors="surrogateescape"))

    with pytest.raises(BadRecording, match=message):
        read(file)
