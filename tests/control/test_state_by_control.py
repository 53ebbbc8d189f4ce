"""The whole world by the control API: health, reset, saving and loading, clock, switches, rules."""

from __future__ import annotations

from typing import Any

import pytest
from control_client import OTHER_SID, Control

from fakenotify import Behaviour, FakeNotify, __version__
from fakenotify.world.provenance import rules


def test_health_says_that_the_fake_is_there(control: Control, fake: FakeNotify) -> None:
    fake.client(in_process=True).notify.v1.services.create()
    assert control.get("health") == {
        "status": "ok",
        "version": __version__,
        "account_sid": fake.account_sid,
        "requests": 1,
    }


# reset


def test_reset_returns_to_the_world_that_the_fake_began_with(control: Control, fake: FakeNotify) -> None:
    first = fake.create_service("first")
    fake.world.begin_here()
    fake.create_credential("fcm")
    fake.client(in_process=True).notify.v1.services.create()
    fake.fail("*", status=503, optional=True)
    assert control.write("POST", "reset") == {"reset": "all"}
    assert (fake.services, fake.credentials, fake.requests, fake.world.faults) == ([first], [], [], [])


def test_reset_of_one_account_leaves_the_others(control: Control, fake: FakeNotify) -> None:
    other = fake.account(OTHER_SID)
    for handle in (fake, other):
        handle.client(in_process=True).notify.v1.services.create()
    assert control.write("POST", f"reset?account_sid={OTHER_SID}") == {"reset": OTHER_SID}
    assert (len(fake.services), other.services) == (1, [])
    assert [request.account_sid for request in fake.requests] == [fake.account_sid]


@pytest.mark.parametrize(
    ("content", "frozen", "limit"),
    [
        (None, True, "evict_oldest"),
        ({}, True, "evict_oldest"),
        ({"clock": True, "behaviour": False}, False, "evict_oldest"),
        ({"behaviour": True}, True, "reject"),
    ],
)
def test_clock_and_switches_are_reset_on_request(
    control: Control, fake: FakeNotify, content: Any, frozen: bool, limit: str
) -> None:
    fake.behaviour = fake.behaviour.changed({"identity_limit": "evict_oldest"})
    control.write("POST", "reset", content)
    assert (fake.clock.frozen, fake.behaviour.identity_limit) == (frozen, limit)


# state


def test_the_state_shows_a_token_only_on_request(control: Control, fake: FakeNotify) -> None:
    tokens = {
        query: control.get(f"state{query}")["accounts"][fake.account_sid]["auth_token"]
        for query in ("", "?secrets=false", "?secrets=True")
    }
    assert tokens == {"": "[redacted]", "?secrets=false": "[redacted]", "?secrets=True": fake.auth_token}


def test_a_state_that_was_read_can_be_put_back(control: Control, fake: FakeNotify, lively: Any) -> None:
    before, state = fake.snapshot(), control.get("state")
    fake.reset()
    assert control.write("PUT", "state", state) == {"loaded": [fake.account_sid, OTHER_SID]}
    assert (fake.snapshot() == before, control.get("state")) == (True, state)
    assert list(control.get(f"state?account_sid={OTHER_SID}")["accounts"]) == [OTHER_SID]


# accounts


def test_accounts_are_listed(control: Control, lively: Any) -> None:
    assert control.get("accounts")["accounts"] == [
        {"account_sid": control.fake.account_sid, "default": True, "services": 1},
        {"account_sid": OTHER_SID, "default": False, "services": 1},
    ]


# clock


def test_the_clock_is_read_and_moved(control: Control, fake: FakeNotify) -> None:
    moves: list[tuple[dict[str, Any], str]] = [
        ({"freeze": "2027-10-31T00:00:00Z"}, "2027-10-31T00:00:00Z"),
        ({"shift": 3600}, "2027-10-31T01:00:00Z"),
        ({"shift": -0.5}, "2027-10-31T00:59:59.500000Z"),
        ({"tick": 0.5}, "2027-10-31T01:00:00Z"),
        ({"move_to": "2028-01-01T00:00:00+01:00"}, "2027-12-31T23:00:00Z"),
    ]
    for move, now in moves:
        assert control.write("POST", "clock", move) == control.get("clock") == {"now": now, "frozen": True}
    frozen = [
        (control.write("POST", "clock", move)["frozen"], fake.clock.frozen)
        for move in ({"resume": True}, {"freeze": True}, {"freeze": False})
    ]
    assert frozen == [(False, False), (True, True), (False, False)]


# switches


def test_behaviour_shows_every_switch_and_changes_what_is_given(control: Control, fake: FakeNotify) -> None:
    before = Behaviour(unknown_accounts="shared", callback_delivery="manual")
    assert control.get("behaviour") == before.to_json()
    changes = {"identity_limit": "evict_oldest", "callback_when_empty": True}
    after = before.changed(changes)
    assert control.write("PATCH", "behaviour", changes) == after.to_json()
    assert (fake.behaviour, control.write("PATCH", "behaviour", {})) == (after, after.to_json())


def test_switches_are_described(control: Control) -> None:
    control.write("PATCH", "behaviour", {"identity_limit": "evict_oldest"})
    answer = control.get("behaviour?describe=true")
    switches = {each["name"]: each for each in answer.pop("switches")}
    assert switches["identity_limit"] == {
        "name": "identity_limit",
        "value": "evict_oldest",
        "default": "reject",
        "values": ["reject", "evict_oldest"],
        "words": switches["identity_limit"]["words"],
        "decision": "D1",
    }
    assert answer == control.get("behaviour") == {name: each["value"] for name, each in switches.items()}
    assert all(each["words"].endswith(".") and each["value"] in each["values"] for each in switches.values())


# rules


def test_rules_have_their_label_and_decision(control: Control) -> None:
    listed = control.get("rules")["rules"]
    assert [each["id"] for each in listed] == list(rules())
    assert all(each["label"] == each["known"] for each in listed)
    limit = control.get("rules/behaviour.identity_limit")
    assert limit in listed
    assert (limit["label"], limit["decision"]) == ("assumed", "D1")
    assert control.get("rules/services.create")["decision"] is None
    assert control.ask("GET", "rules/behaviour.identity_limits").refusal[2][0] == limit["id"]
