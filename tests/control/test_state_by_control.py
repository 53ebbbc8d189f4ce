"""The whole world by the control API: health, reset, saving and loading, clock, switches, rules."""

from __future__ import annotations

from typing import Any

import pytest

from fakenotify import Behaviour, FakeNotify, __version__
from fakenotify.world.provenance import rules

NOW = "2027-06-01T12:00:00Z"
OTHER_SID = "AC" + "b" * 32
OBJECT = "the body must be a JSON object"
CLOCK = "the clock takes exactly one of shift, tick, move_to, freeze, resume"
MOVES = ["shift", "tick", "move_to", "freeze", "resume"]


def test_health_says_that_the_fake_is_there(control: Any, fake: FakeNotify) -> None:
    fake.client(in_process=True).notify.v1.services.create()
    assert control.get("health") == {
        "status": "ok",
        "version": __version__,
        "account_sid": fake.account_sid,
        "requests": 1,
    }


# reset


def test_reset_comes_back_to_the_world_that_the_fake_began_with(control: Any, fake: FakeNotify) -> None:
    first = fake.create_service("first")
    fake.world.begin_here()
    fake.create_credential("fcm")
    fake.client(in_process=True).notify.v1.services.create()
    fake.fail("*", status=503, optional=True)
    assert control.write("POST", "reset") == {"reset": "all"}
    assert (fake.services, fake.credentials, fake.requests, fake.world.faults) == ([first], [], [], [])


def test_reset_of_one_account_leaves_the_others(control: Any, fake: FakeNotify) -> None:
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
        ({"clock": True, "behaviour": True}, False, "reject"),
    ],
)
def test_clock_and_switches_go_back_when_asked(
    control: Any, fake: FakeNotify, content: Any, frozen: bool, limit: str
) -> None:
    fake.behaviour = fake.behaviour.changed({"identity_limit": "evict_oldest"})
    control.write("POST", "reset", content)
    assert (fake.clock.frozen, fake.behaviour.identity_limit) == (frozen, limit)


@pytest.mark.parametrize(
    ("content", "error", "nearest"),
    [
        ([], f"{OBJECT}, or empty", []),
        (0, f"{OBJECT}, or empty", []),
        ({"clocks": True}, "a reset has no 'clocks'; it has clock, behaviour", ["clock"]),
        ({"clock": "true"}, "clock is true or false, not 'true'", []),
        ({"clock": 1}, "clock is true or false, not 1", []),
    ],
)
def test_a_reset_that_cannot_be_changes_nothing(
    control: Any, fake: FakeNotify, content: Any, error: str, nearest: list[str]
) -> None:
    fake.create_service()
    assert control.ask("POST", "reset", content).refusal == (400, error, nearest)
    assert len(fake.services) == 1


# state


@pytest.mark.parametrize(("query", "shown"), [("", False), ("?secrets=false", False), ("?secrets=True", True)])
def test_the_state_shows_a_token_only_to_who_asks_for_it(
    control: Any, fake: FakeNotify, query: str, shown: bool
) -> None:
    token = control.get(f"state{query}")["accounts"][fake.account_sid]["auth_token"]
    assert token == (fake.auth_token if shown else "[redacted]")


def test_a_flag_is_true_or_false(control: Any) -> None:
    told = "secrets is true or false, not 'yes'"
    assert control.ask("GET", "state?secrets=yes").refusal == (400, told, ["true", "false"])


def test_a_state_that_was_read_can_be_put_back(control: Any, fake: FakeNotify, sent: Any) -> None:
    before, state = fake.snapshot(), control.get("state")
    fake.reset()
    assert control.write("PUT", "state", state) == {"loaded": [fake.account_sid, OTHER_SID]}
    assert (fake.snapshot() == before, control.get("state")) == (True, state)
    assert list(control.get(f"state?account_sid={OTHER_SID}")["accounts"]) == [OTHER_SID]


@pytest.mark.parametrize(
    ("state", "told"),
    [
        ({"services": [{"friendly_name": "new"}, {"frendly_name": "x"}]}, "has an unknown field 'frendly_name'"),
        ({"services": [{"friendly_name": "new"}], "accounts": {"x": {}}}, "'x' is not an account sid"),
        (None, OBJECT),
    ],
)
def test_a_state_is_put_whole_or_not_at_all(control: Any, fake: FakeNotify, state: Any, told: str) -> None:
    fake.create_service("kept")
    status, error, _ = control.ask("PUT", "state", state).refusal
    assert (status, told in error, [each.friendly_name for each in fake.services]) == (400, True, ["kept"])


# clock


def test_the_clock_is_read_and_moved(control: Any, fake: FakeNotify) -> None:
    moves: list[tuple[dict[str, Any], str]] = [
        ({"freeze": "2027-10-31T00:00:00Z"}, "2027-10-31T00:00:00Z"),
        ({"shift": 3600}, "2027-10-31T01:00:00Z"),
        ({"shift": -0.5}, "2027-10-31T00:59:59.500000Z"),
        ({"tick": 0.5}, "2027-10-31T01:00:00Z"),
        ({"move_to": "2028-01-01T00:00:00+01:00"}, "2027-12-31T23:00:00Z"),
    ]
    for move, now in moves:
        assert control.write("POST", "clock", move) == control.get("clock") == {"now": now, "frozen": True}
    for move in ({"resume": True}, {"freeze": True}, {"freeze": False}):
        assert (
            control.write("POST", "clock", move)["frozen"] is fake.clock.frozen is ("freeze" in move and move["freeze"])
        )


@pytest.mark.parametrize(
    ("content", "error", "nearest"),
    [
        (None, OBJECT, []),
        ({}, CLOCK, MOVES),
        ({"shift": 1, "tick": 1}, CLOCK, MOVES),
        ({"shfit": 1}, CLOCK, ["shift"]),
        ({"shift": 1, "freez": True}, CLOCK, ["freeze"]),
        ({"shift": "1"}, "shift is a number of seconds, not '1'", []),
        ({"tick": True}, "tick is a number of seconds, not True", []),
        ({"move_to": True}, "move_to can't be True", []),
        ({"move_to": "soon"}, "Invalid isoformat string: 'soon'", []),
        ({"freeze": 0}, "freeze can't be 0", []),
        ({"resume": False}, "resume can't be False", []),
        ({"shift": 1e300}, "the clock can show the years 1 to 9999 only", []),
        ({"shift": 10**400}, "the clock can show the years 1 to 9999 only", []),
        ({"move_to": "0001-01-01T00:00:00+23:00"}, "the clock can show the years 1 to 9999 only", []),
    ],
)
def test_a_move_of_the_clock_that_cannot_be_is_refused(
    control: Any, content: Any, error: str, nearest: list[str]
) -> None:
    assert control.ask("POST", "clock", content).refusal == (400, error, nearest)
    assert control.get("clock") == {"now": NOW, "frozen": True}


# switches


def test_behaviour_shows_every_switch_and_changes_what_is_given(control: Any, fake: FakeNotify) -> None:
    before = Behaviour(unknown_accounts="shared", callback_delivery="manual")
    assert control.get("behaviour") == before.to_json()
    changes = {"identity_limit": "evict_oldest", "callback_when_empty": True}
    after = before.changed(changes)
    assert control.write("PATCH", "behaviour", changes) == after.to_json()
    assert (fake.behaviour, control.write("PATCH", "behaviour", {})) == (after, after.to_json())


def test_switches_are_described(control: Any) -> None:
    control.write("PATCH", "behaviour", {"identity_limit": "evict_oldest"})
    answer = control.get("behaviour?describe=true")
    switches = {each["name"]: each for each in answer["switches"]}
    assert switches["identity_limit"] == {
        "name": "identity_limit",
        "value": "evict_oldest",
        "default": "reject",
        "values": ["reject", "evict_oldest"],
        "words": switches["identity_limit"]["words"],
        "decision": "D1",
    }
    assert {**answer, "switches": None} == {**control.get("behaviour"), "switches": None}
    assert all(each["words"].endswith(".") and each["value"] in each["values"] for each in answer["switches"])


@pytest.mark.parametrize(
    ("changes", "error", "nearest"),
    [
        (
            {"identity_limits": "evict_oldest"},
            "Behaviour has no switch 'identity_limits'; did you mean 'identity_limit'?",
            ["identity_limit"],
        ),
        (
            {"identity_limit": "maybe"},
            "Behaviour.identity_limit can't be 'maybe'; it is one of 'reject', 'evict_oldest'",
            [],
        ),
        (
            {"callback_when_empty": "true"},
            "Behaviour.callback_when_empty can't be 'true'; it is one of True, False",
            [],
        ),
        ({"callback_when_empty": True, "x": 1}, "Behaviour has no switch 'x'", []),
        ([], OBJECT, []),
        (None, OBJECT, []),
    ],
)
def test_a_switch_or_value_that_is_none_changes_nothing(
    control: Any, fake: FakeNotify, changes: Any, error: str, nearest: list[str]
) -> None:
    before = fake.behaviour
    assert control.ask("PATCH", "behaviour", changes).refusal == (400, error, nearest)
    assert fake.behaviour == before


# rules


def test_rules_tell_their_label_and_decision(control: Any) -> None:
    listed = control.get("rules")["rules"]
    assert [each["id"] for each in listed] == list(rules())
    assert all(each["label"] == each["known"] for each in listed)
    limit = control.get("rules/behaviour.identity_limit")
    assert limit in listed
    assert (limit["label"], limit["decision"]) == ("assumed", "D1")
    assert control.get("rules/services.create")["decision"] is None
    status, error, nearest = control.ask("GET", "rules/behaviour.identity_limits").refusal
    assert (status, error, nearest[0]) == (404, "there is no rule 'behaviour.identity_limits'", limit["id"])
