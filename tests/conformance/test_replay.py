"""Recorded traffic of another Notify, replayed to a fresh fake: the differences found are exactly those there are."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from fakenotify import FakeNotify
from fakenotify.conformance import replay
from fakenotify.conformance.masking import Masking
from fakenotify.conformance.recording import BadRecording, RecordedCall, read

Record = Callable[..., list[RecordedCall]]


class Recorder:
    """Asks a fake and records what it asked and what came."""

    def __init__(self, wire: Any) -> None:
        self.wire = wire
        self.calls: list[RecordedCall] = []

    def __call__(self, method: str, target: str, **form: Any) -> Any:
        values = {name: each if isinstance(each, list) else [each] for name, each in form.items()}
        parts = urlsplit(target)
        answer = self.wire.post(target, values) if method == "POST" else self.wire.send(method, target)
        body = answer.json if answer.body else None
        query = parse_qs(parts.query, keep_blank_values=True)
        self.calls.append(RecordedCall(method, parts.path, query, values, answer.status, {}, body))
        return body


@pytest.fixture
def recorded(open_fake: Callable[..., FakeNotify], wire_of: Callable[..., Any]) -> Callable[..., list[RecordedCall]]:
    """What a program's calls to a Notify with some switches look like."""

    def make(**switches: Any) -> list[RecordedCall]:
        other = open_fake(seed=7, **switches)
        existing = other.create_service("theirs", messaging_service_sid="MG" + "1" * 32)
        for number in range(3):
            other.create_binding(
                existing.sid, identity=f"user{number}", binding_type="sms", address=f"+1415555012{number}"
            )
        call = Recorder(wire_of(other))
        theirs = f"/v1/Services/{existing.sid}"
        page = call("GET", f"{theirs}/Bindings?PageSize=2")
        call("GET", page["meta"]["next_page_url"])
        call("GET", f"{theirs}/Bindings/{page['bindings'][0]['sid']}")
        call("GET", f"{theirs}/Users/user1")
        service = call("POST", "/v1/Services", FriendlyName="new")
        path = f"/v1/Services/{service['sid']}"
        call("POST", path, FriendlyName="renamed")
        first = call(
            "POST", f"{path}/Bindings", Identity="bob", BindingType="sms", Address="+14155550100", Tag=["a", "b"]
        )
        second = call("POST", f"{path}/Bindings", Identity="carol", BindingType="sms", Address="+14155550100")
        call("GET", f"{path}/Bindings/{first['sid']}")
        call("GET", f"{path}/Bindings/{second['sid']}")
        for number in range(21):
            call("POST", f"{path}/Bindings", Identity="busy", BindingType="fcm", Address=f"token {number}")
        call("POST", f"{path}/Notifications", Identity="bob", Body="Hi", Data='{"a": 1}')
        call("POST", f"{path}/Notifications", Body="Hi")
        call("GET", "/v1/Services?PageSize=1001")
        call("DELETE", path)
        call("DELETE", path)
        call("GET", f"/v1/Services/IS{'0' * 32}")
        return call.calls

    return make


def test_an_equal_notify_has_no_difference(recorded: Record) -> None:
    assert replay.compare(recorded()) == []


def test_a_masked_recording_has_none_either(recorded: Record) -> None:
    masking = Masking("a key")

    masked = [
        replace(
            call,
            path=masking.path(call.path),
            query=masking.form(call.query),
            form=masking.form(call.form),
            body=masking.body(call.body),
        )
        for call in recorded()
    ]

    assert "bob" not in json.dumps([call.to_json() for call in masked])
    assert replay.compare(masked) == []


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


CREATED = 5
"""The number of the call that creates a Service."""


@pytest.mark.parametrize(
    ("change", "body", "what"),
    [
        ({"status": 500, "body": {"code": 20500, "message": "Internal Server Error"}}, {}, "status"),
        ({"body": ["not", "an", "object"]}, {}, "body"),
        ({"body": {"sid": None}}, {}, "members of the body"),
        ({}, {"log_enabled": "true"}, "type of log_enabled"),
        ({}, {"friendly_name": "other"}, "value of friendly_name"),
        ({}, {"log_enabled": False}, "value of log_enabled"),
        ({}, {"sid": "XX" + "0" * 32}, "value of sid"),
    ],
)
def test_what_differs_is_named(
    recorded: Record, monkeypatch: pytest.MonkeyPatch, change: dict[str, Any], body: dict[str, Any], what: str
) -> None:
    monkeypatch.setattr(replay, "alternatives", lambda: ())  # no switch explains these
    calls = recorded()
    call = calls[CREATED - 1]
    calls[CREATED - 1] = replace(call, **{"body": {**call.body, **body}, **change})

    first = replay.compare(calls)[0]

    assert (first.call, first.request, first.what, first.switch) == (CREATED, "POST /v1/Services", what, None)


def test_the_code_and_the_message_of_a_refusal_are_compared(recorded: Record) -> None:
    calls = recorded()
    calls[-1] = replace(calls[-1], body=calls[-1].body | {"code": 20405, "message": "Nothing"})

    assert [(each.call, each.what, each.switch) for each in replay.compare(calls)] == [
        (len(calls), "code", None),
        (len(calls), "message", None),
    ]


# the file


def line(**changes: Any) -> str:
    call = RecordedCall("GET", "/v1/Services", {}, {}, 200, {}, {"services": []}).to_json()
    return json.dumps(call | changes)


def test_a_recording_is_read_as_it_was_written(tmp_path: Path, recorded: Record) -> None:
    calls = recorded()
    file = tmp_path / "calls.jsonl"
    file.write_text("".join(json.dumps(call.to_json()) + "\n" for call in calls))

    assert read(file) == calls


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "it is empty"),
        (line()[:40], "cut off in line 1"),
        (f"{line()}\n{line()[:40]}", "cut off in line 2"),
        ("hello\n", "line 1 is not JSON"),
        ("[]\n", "line 1 is not an object with method, path"),
        (line(status="200") + "\n", "status is not a number"),
        (line(query={"Tag": "a"}) + "\n", "query does not map names to lists"),
        (line(path=None) + "\n", "path is not a string"),
        ("[" * 100_000 + "\n", "line 1 is not JSON"),
        ("\udcff", "not UTF-8"),
    ],
)
def test_what_is_no_recording_is_refused_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "calls.jsonl"
    file.write_bytes(text.encode(errors="surrogateescape"))

    with pytest.raises(BadRecording, match=message):
        read(file)


def test_credentials_and_calls_that_notify_does_not_have_are_replayed(
    open_fake: Callable[..., FakeNotify], wire_of: Callable[..., Any]
) -> None:
    other = open_fake()
    other.create_credential("fcm", friendly_name="theirs")
    call = Recorder(wire_of(other))
    sid = call("GET", "/v1/Credentials")["credentials"][0]["sid"]
    call("GET", f"/v1/Credentials/{sid}")
    call("GET", "/v1/Nothing")

    assert replay.compare(call.calls) == []
