"""The whole world by the control API: health, saving and loading, clock, switches, rules.

What verbs do is in ``test_same_verbs``, what they refuse in ``test_app``.
"""

from __future__ import annotations

from typing import Any

from control_client import OTHER_SID, Control

from fakenotify import Behaviour, FakeNotify, __version__
from fakenotify.world.provenance import rules


def test_health_describes_the_fake(control: Control, fake: FakeNotify) -> None:
    fake.client(in_process=True).notify.v1.services.create()
    assert control.get("health") == {
        "status": "ok",
        "version": __version__,
        "account_sid": fake.account_sid,
        "requests": 1,
    }


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
    assert control.rows("accounts") == [
        {"account_sid": control.fake.account_sid, "default": True, "services": 1},
        {"account_sid": OTHER_SID, "default": False, "services": 1},
    ]


# clock


def test_the_clock_is_read_and_moved(control: Control, fake: FakeNotify) -> None:
    moves: list[tuple[dict[str, Any], str]] = [
        ({"freeze": "2027-10-31T00:00:00Z"}, "2027-10-31T00:00:00Z"),
        ({"shift": -0.5}, "2027-10-30T23:59:59.500000Z"),
        ({"tick": 0.5}, "2027-10-31T00:00:00Z"),
        ({"move_to": "2028-01-01T00:00:00+01:00"}, "2027-12-31T23:00:00Z"),
    ]
    for move, now in moves:
        assert control.write("POST", "clock", move) == control.get("clock") == {"now": now, "frozen": True}
    for move, frozen in (({"resume": True}, False), ({"freeze": True}, True), ({"freeze": False}, False)):
        assert (control.write("POST", "clock", move)["frozen"], fake.clock.frozen) == (frozen, frozen)


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
    listed = control.rows("rules")
    assert [each["id"] for each in listed] == list(rules())
    assert all(each["label"] == each["known"] for each in listed)
    limit = control.get("rules/behaviour.identity_limit")
    assert limit in listed
    assert (limit["label"], limit["decision"]) == ("assumed", "D1")
    assert control.get("rules/services.create")["decision"] is None
    assert control.ask("GET", "rules/behaviour.identity_limits").refusal[2][0] == limit["id"]
