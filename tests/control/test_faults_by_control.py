"""What goes wrong by the control API: faults of requests, outcomes of deliveries, with every refusal."""

from __future__ import annotations

from typing import Any

import pytest
from control_client import Control

from fakenotify import FakeNotify
from fakenotify.control.faults import of_met
from fakenotify.faults.kinds import KINDS
from fakenotify.notify.channels import CHANNELS
from fakenotify.notify.debugger import CODES
from fakenotify.notify.dispatch import ROUTES
from fakenotify.notify.outcomes import INJECTABLE

OTHER_SID = "AC" + "b" * 32
TYPO_SID = "AC" + "b" * 31
MG_SID = "MG" + "a" * 32
OBJECT = "the body must be a JSON object"
OF_HTTP = "fault http takes status, code, message, retry_after"
HTTP = {"operation": "*", "status": 429}


def ask_notify(handle: Any) -> int:
    """Ask Notify itself for the Services of an account."""
    client = handle.client(in_process=True)
    response = client.http_client.request("GET", "https://notify.twilio.com/v1/Services", auth=client.auth)
    status: int = response.status_code
    return status


# faults


def test_a_fault_is_set_met_shown_and_taken_out(control: Control, fake: FakeNotify) -> None:
    set_ = {
        "id": 1,
        "operation": "services.*",
        "fault": "http",
        "status": 429,
        "retry_after": 2,
        "phase": "before",
        "times": 1,
        "after": 1,
        "account_sid": None,
        "optional": False,
        "fired": 0,
        "active": True,
        "remaining": 1,
        "words": "Answer 429 to services.*, after the first 1, 1 time",
    }
    fault = {"operation": "services.*", "status": 429, "retry_after": 2, "times": 1, "after": 1}
    assert control.write("POST", "faults", fault) == set_
    assert control.get("faults") == {"faults": [set_]}
    assert [ask_notify(fake) for _ in range(3)] == [200, 429, 200]
    assert control.get("faults") == {"faults": [{**set_, "fired": 1, "active": False, "remaining": 0}]}
    assert control.write("DELETE", "faults") == {"deleted": 1}
    assert control.get("faults") == {"faults": []}


@pytest.mark.parametrize(
    ("fault", "shown", "words"),
    [
        ({"status": 503}, {"status": 503}, "Answer 503 to bindings.create"),
        (
            {"status": 400, "code": 20422, "message": "status=7", "phase": "after", "times": 2},
            {"code": 20422, "message": "status=7"},
            "Answer 400 to bindings.create, after it has taken effect, 2 times",
        ),
        ({"fault": "latency", "seconds": 0.5}, {"seconds": 0.5}, "Answer bindings.create 0.5 s late"),
        (
            {"fault": "slow_body", "seconds": 2},
            {"phase": "after"},
            "Pause 2 s in the middle of the answer to bindings.create",
        ),
        ({"fault": "stall", "operation": "*"}, {"fault": "stall"}, "Never answer every request"),
        (
            {"fault": "rate_limit", "requests": 1, "seconds": 2},
            {"requests": 1, "seconds": 2},
            "Answer 429 to bindings.create beyond 1 in 2 s",
        ),
        (
            {"fault": "garbage", "times": None, "optional": True},
            {"times": None, "optional": True},
            "Answer bindings.create with bytes that are not HTTP",
        ),
        ({"fault": "empty_reply"}, {}, "Close the connection of bindings.create without an answer"),
        ({"fault": "reset_connection"}, {}, "Reset the connection of bindings.create"),
        ({"fault": "truncate_body"}, {}, "Cut off the answer to bindings.create in the middle"),
    ],
)
def test_every_kind_of_fault_can_be_set_and_is_said_in_words(
    control: Control, fault: dict[str, Any], shown: dict[str, Any], words: str
) -> None:
    answer = control.write("POST", "faults", {"operation": "bindings.create", **fault})
    assert answer == {**answer, **shown, "words": words}
    [injected] = control.fake.faults
    of_a_request = of_met(f"{injected.fault} {injected.phase}", answer["operation"])
    assert of_a_request == words.removesuffix(", 2 times").replace("every request", "*")


def test_a_request_that_no_operation_took_says_in_words_which_fault_it_met() -> None:
    assert of_met("http(status=503, message='status=7') before", None) == "Answer 503 to the request"


@pytest.mark.parametrize(
    ("fault", "error", "nearest"),
    [
        (None, OBJECT, []),
        ({}, "a fault needs an operation, e.g. 'bindings.*' or 'notifications.create'", []),
        (
            {"operation": "binding.create", "status": 429},
            "no operation fits 'binding.create'; nearest: bindings.create",
            ["bindings.create"],
        ),
        ({"operation": "*"}, f"{OF_HTTP}: some are missing", ["status", "code", "message", "retry_after"]),
        ({**HTTP, "tims": 1}, f"{OF_HTTP}: it has no 'tims'", ["times"]),
        ({**HTTP, "account": "x"}, f"{OF_HTTP}: it has no 'account'", ["account_sid"]),
        ({**HTTP, "when": "x"}, f"{OF_HTTP}: it has no 'when'", []),
        ({**HTTP, "account_sid": 5}, "account_sid is a text, not 5", []),
        ({"operation": "*", "fault": "stal"}, f"there is no fault 'stal'; there are {', '.join(KINDS)}", ["stall"]),
        ({"operation": "*", "fault": []}, f"there is no fault []; there are {', '.join(KINDS)}", []),
        (
            {"operation": "*", "fault": "stall", "seconds": 1},
            "fault stall takes no arguments: it has no 'seconds'",
            [],
        ),
        ({"operation": "*", "fault": "latency"}, "fault latency takes seconds: some are missing", ["seconds"]),
        (
            {"operation": "*", "fault": "rate_limit", "requests": 1, "seconds": 60, "_lock": 5},
            "fault rate_limit takes requests, seconds: it has no '_lock'",
            [],
        ),
    ],
)
def test_a_fault_that_cannot_be_is_refused_in_words(
    control: Control, fault: Any, error: str, nearest: list[str]
) -> None:
    assert control.ask("POST", "faults", fault).refusal == (400, error, nearest)
    assert control.get("faults") == {"faults": []}


@pytest.mark.parametrize(
    "fault",
    [
        {**HTTP, "operation": 5},
        {**HTTP, "operation": []},
        {**HTTP, "status": 200},
        {**HTTP, "status": "429"},
        {**HTTP, "retry_after": "x"},
        {**HTTP, "code": []},
        {**HTTP, "message": 5},
        {**HTTP, "times": 0},
        {**HTTP, "after": "x"},
        {**HTTP, "optional": "x"},
        {**HTTP, "phase": []},
        {"operation": "*", "fault": "truncate_body", "phase": "before"},
        {"operation": "*", "fault": "latency", "seconds": 10**400},
    ],
)
def test_what_python_refuses_is_refused_here(control: Control, fault: Any) -> None:
    assert control.ask("POST", "faults", fault).refusal[0] == 400
    assert control.get("faults") == {"faults": []}


@pytest.mark.parametrize("in_query", [True, False])
def test_a_fault_may_be_one_accounts(control: Control, fake: FakeNotify, in_query: bool) -> None:
    query, more = (f"?account_sid={OTHER_SID}", {}) if in_query else ("", {"account_sid": OTHER_SID})
    assert control.write("POST", f"faults{query}", {**HTTP, **more})["account_sid"] == OTHER_SID
    control.write("POST", "faults", HTTP)
    assert [ask_notify(fake), ask_notify(fake.account(OTHER_SID))] == [429, 429]
    ids = [
        [each["id"] for each in control.get(f"faults?account_sid={sid}")["faults"]]
        for sid in (fake.account_sid, OTHER_SID)
    ]
    assert ids == [[2], [1, 2]]
    assert control.write("DELETE", f"faults?account_sid={fake.account_sid}") == {"deleted": 0}
    assert control.write("DELETE", f"faults?account_sid={OTHER_SID}") == {"deleted": 1}


def test_a_fault_is_taken_out_by_its_id(control: Control) -> None:
    for _ in range(3):
        control.write("POST", "faults", HTTP)
    assert control.write("DELETE", "faults?id=2") == {"deleted": 1}
    for given in ("2", "x", ""):
        told = f"there is no fault {given!r}"
        assert control.ask("DELETE", f"faults?id={given}").refusal == (404, told, ["1", "3"])
    assert [each["id"] for each in control.get("faults")["faults"]] == [1, 3]


def test_what_can_be_set_is_described(control: Control) -> None:
    faults = control.get("faults?describe=true")
    assert faults["operations"] == list(ROUTES.by_operation)
    kinds = {each["kind"]: each for each in faults["kinds"]}
    assert list(kinds) == list(KINDS)
    assert kinds["rate_limit"]["fields"] == [
        {"name": "requests", "type": "integer", "required": True},
        {"name": "seconds", "type": "number", "required": True},
    ]
    assert (kinds["truncate_body"]["phases"], kinds["truncate_body"]["fields"]) == (["after"], [])
    outcomes = control.get("outcomes?describe=true")
    assert [each["code"] for each in outcomes["codes"]] == list(INJECTABLE)
    assert [each["binding_type"] for each in outcomes["binding_types"]] == list(CHANNELS)


def test_a_fault_acts_in_its_phase(control: Control, fake: FakeNotify) -> None:
    client = fake.client(in_process=True)
    for phase, happened in (("before", 0), ("after", 1)):
        fault = {"operation": "services.create", "fault": "reset_connection", "phase": phase, "times": 1}
        control.write("POST", "faults", fault)
        with pytest.raises(OSError, match=r"^fault reset_connection$"):
            client.notify.v1.services.create()
        assert len(control.get("services")["services"]) == happened


def test_a_rate_limit_follows_the_clock_that_is_moved_here(control: Control, fake: FakeNotify) -> None:
    control.write("POST", "faults", {"operation": "*", "fault": "rate_limit", "requests": 1, "seconds": 60})
    assert [ask_notify(fake), ask_notify(fake)] == [200, 429]
    control.write("POST", "clock", {"shift": 59})
    assert ask_notify(fake) == 429
    control.write("POST", "clock", {"tick": 1})
    assert ask_notify(fake) == 200


# outcomes


def test_an_outcome_is_set_met_shown_and_taken_out(control: Control, fake: FakeNotify) -> None:
    service = fake.create_service(messaging_service_sid=MG_SID)
    content = {"code": 52141, "address": "+15005550006", "identity": None, "binding_type": "apn", "times": 2}
    title = CODES[52141].title
    set_ = {
        "account_sid": fake.account_sid,
        **content,
        "used": 0,
        "title": title,
        "words": f"Deliveries to address +15005550006 by apn fail with 52141 ({title}), 2 more times",
    }
    assert control.write("POST", "outcomes", content) == set_
    assert control.get("outcomes") == {"outcomes": [set_]}
    fake.create_notification(service.sid, to_binding=[{"binding_type": "apn", "address": "+15005550006"}], body="Hi")
    assert [each["error_code"] for each in control.get("deliveries")["deliveries"]] == [52141]
    [outcome] = control.get("outcomes")["outcomes"]
    assert (outcome["used"], outcome["times"], outcome["words"][-13:]) == (1, 1, ", 1 more time")
    assert control.write("DELETE", "outcomes") == {"deleted": 1}
    assert control.get("outcomes") == {"outcomes": []}


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        ({}, "All deliveries fail with 52000 ("),
        ({"identity": "alice"}, "Deliveries to alice fail with 52000 ("),
        ({"identity": "alice", "address": "x"}, "Deliveries to alice at address x fail with 52000 ("),
        ({"binding_type": "sms"}, "Deliveries by sms fail with 52000 ("),
    ],
)
def test_an_outcome_is_said_in_words(control: Control, outcome: Any, words: str) -> None:
    assert control.write("POST", "outcomes", {"code": 52000, **outcome})["words"].startswith(words)


@pytest.mark.parametrize("in_query", [True, False])
def test_an_outcome_may_be_one_accounts(control: Control, fake: FakeNotify, in_query: bool) -> None:
    query, more = (f"?account_sid={OTHER_SID}", {}) if in_query else ("", {"account_sid": OTHER_SID})
    assert control.write("POST", f"outcomes{query}", {"code": 52141, **more})["account_sid"] == OTHER_SID
    control.write("POST", "outcomes", {"code": 52141})
    assert len(control.get(f"outcomes?account_sid={fake.account_sid}")["outcomes"]) == 1
    assert control.write("DELETE", f"outcomes?account_sid={OTHER_SID}") == {"deleted": 1}
    assert control.write("DELETE", "outcomes") == {"deleted": 1}


@pytest.mark.parametrize(
    ("outcome", "error", "nearest"),
    [
        (None, OBJECT, []),
        (
            {"code": 52141, "adress": "x"},
            "an outcome has no 'adress'; it has code, address, identity, binding_type, times",
            ["address"],
        ),
        ({"code": 52201, "binding_type": "ap"}, "no binding type 'ap'; nearest: apn", ["apn"]),
        ({"code": 52141, "identity": 5}, "identity is a text, not 5", []),
        ({"code": 52141, "times": 1.5}, "times is a whole number from 1, or None for good, not 1.5", []),
    ],
)
def test_an_outcome_that_cannot_be_is_refused_in_words(
    control: Control, outcome: Any, error: str, nearest: list[str]
) -> None:
    assert control.ask("POST", "outcomes", outcome).refusal == (400, error, nearest)
    assert control.get("outcomes") == {"outcomes": []}


@pytest.mark.parametrize(
    ("code", "nearest"), [(None, None), (True, None), ([], None), ("52141", "52141"), (5214, "52214"), (52301, "52310")]
)
def test_a_code_that_no_delivery_has_names_the_nearest(control: Control, code: Any, nearest: str | None) -> None:
    status, _, close = control.ask("POST", "outcomes", {"code": code}).refusal
    assert (status, nearest is None or nearest in close) == (400, True)


@pytest.mark.parametrize(("path", "content"), [("faults", HTTP), ("outcomes", {"code": 52141})])
def test_an_unknown_account_in_the_body_is_refused(control: Control, path: str, content: Any) -> None:
    told = f"there is no account {TYPO_SID!r}"
    assert control.ask("POST", path, {**content, "account_sid": TYPO_SID}).refusal == (404, told, [OTHER_SID])


def test_callbacks_wait_for_the_clock(control: Control, fake: FakeNotify, sent: Any) -> None:
    fake.behaviour = fake.behaviour.changed({"callback_retries": 2})

    def told() -> tuple[str, int]:
        callback = control.get(f"callbacks?account_sid={fake.account_sid}")["callbacks"][0]
        return callback["status"], len(callback["attempts"])

    assert told() == ("PENDING", 0)
    fake.deliver_callback()
    assert told() == ("PENDING", 1)
    for _ in range(2):
        control.write("POST", "clock", {"shift": 10})
        for _ in range(4):
            fake.deliver_callback()
    assert told() == ("FAILED", 3)
