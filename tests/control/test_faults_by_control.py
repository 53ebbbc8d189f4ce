"""Faults of requests and outcomes of deliveries by the control API.

What verbs do is in ``test_same_verbs``, what they refuse in ``test_app``.
"""

from __future__ import annotations

from typing import Any

from control_client import MG_SID, OTHER_SID, Control

from fakenotify import FakeNotify
from fakenotify.control.requests import met
from fakenotify.faults.kinds import KINDS
from fakenotify.notify.channels import CHANNELS
from fakenotify.notify.debugger import CODES
from fakenotify.notify.dispatch import ROUTES
from fakenotify.notify.outcomes import INJECTABLE

HTTP = {"operation": "*", "status": 429}


def ask_notify(handle: Any) -> int:
    """Ask Notify itself for the Services of an account."""
    client = handle.client(in_process=True)
    response = client.http_client.request("GET", "https://notify.twilio.com/v1/Services", auth=client.auth)
    status: int = response.status_code
    return status


# faults


def test_a_fault_is_injected_fired_shown_and_removed(control: Control, fake: FakeNotify) -> None:
    injected = {
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
    assert control.write("POST", "faults", fault) == injected
    assert control.get("faults") == {"faults": [injected]}
    assert [ask_notify(fake) for _ in range(3)] == [200, 429, 200]
    assert control.get("faults") == {"faults": [{**injected, "fired": 1, "active": False, "remaining": 0}]}
    assert control.write("DELETE", "faults") == {"deleted": 1}
    assert control.get("faults") == {"faults": []}


def test_every_kind_of_fault_can_be_injected_and_is_described_in_a_sentence(control: Control) -> None:
    sentences: list[tuple[dict[str, Any], str]] = [
        ({"status": 503}, "Answer 503 to bindings.create"),
        (
            {"status": 400, "code": 20422, "message": "status=7", "phase": "after", "times": 2},
            "Answer 400 to bindings.create, after it has taken effect, 2 times",
        ),
        ({"status": 400, "message": "who=5"}, "Answer 400 to bindings.create"),
        ({"status": 400, "message": "x=" + "9" * 5_000}, "Answer 400 to bindings.create"),
        ({"fault": "latency", "seconds": 0.5}, "Answer bindings.create 0.5 s late"),
        ({"fault": "latency", "seconds": 1e-05}, "Answer bindings.create 1e-05 s late"),
        ({"fault": "slow_body", "seconds": 2}, "Pause 2 s in the middle of the answer to bindings.create"),
        ({"fault": "stall", "operation": "*"}, "Never answer every request"),
        ({"fault": "rate_limit", "requests": 1, "seconds": 2}, "Answer 429 to bindings.create beyond 1 in 2 s"),
        ({"fault": "garbage", "times": None, "optional": True}, "Answer bindings.create with bytes that are not HTTP"),
        ({"fault": "empty_reply"}, "Close the connection of bindings.create without an answer"),
        ({"fault": "reset_connection"}, "Reset the connection of bindings.create"),
        ({"fault": "truncate_body"}, "Cut off the answer to bindings.create in the middle"),
    ]
    assert {fault.get("fault", "http") for fault, _ in sentences} == set(KINDS)
    for fault, words in sentences:
        asked = {"operation": "bindings.create", "fault": "http", **fault}
        shown = control.write("POST", "faults", asked)
        assert shown == {**shown, **asked, "words": words}
        shown_met = met(f"{control.fake.faults[-1].fault} {shown['phase']}", shown["operation"])
        assert shown_met == words.removesuffix(", 2 times").replace("every request", "*")
    assert met("http(status=503, message='status=7') before", None) == "Answer 503 to the request"


def test_a_fault_or_an_outcome_can_belong_to_one_account(control: Control, fake: FakeNotify) -> None:
    for path, content in (("faults", HTTP), ("outcomes", {"code": 52141})):
        made = [
            control.write("POST", f"{path}?account_sid={OTHER_SID}", content),
            control.write("POST", path, {**content, "account_sid": OTHER_SID}),
        ]
        assert [each["account_sid"] for each in made] == [OTHER_SID] * 2
        assert control.get(f"{path}?account_sid={fake.account_sid}")[path] == []
        control.write("POST", path, content)
        assert len(control.get(f"{path}?account_sid={OTHER_SID}")[path]) == (3 if path == "faults" else 2)
        assert ask_notify(fake) == ask_notify(fake.account(OTHER_SID)) == (429 if path == "faults" else 200)
        deleted = [control.write("DELETE", path + query) for query in (f"?account_sid={OTHER_SID}", "")]
        assert deleted == [{"deleted": 2}, {"deleted": 1}]


def test_what_can_be_set_is_described(control: Control) -> None:
    faults, outcomes = control.get("faults?describe=true"), control.get("outcomes?describe=true")
    assert faults["operations"] == list(ROUTES.by_operation)
    kinds = {each["kind"]: each for each in faults["kinds"]}
    assert list(kinds) == list(KINDS)
    assert kinds["rate_limit"]["fields"] == [
        {"name": "requests", "type": "integer", "required": True},
        {"name": "seconds", "type": "number", "required": True},
    ]
    assert (kinds["truncate_body"]["phases"], kinds["truncate_body"]["fields"]) == (["after"], [])
    assert [each["code"] for each in outcomes["codes"]] == list(INJECTABLE)
    assert [each["binding_type"] for each in outcomes["binding_types"]] == list(CHANNELS)


# outcomes


def test_an_outcome_is_set_used_shown_and_removed(control: Control, fake: FakeNotify) -> None:
    service = fake.create_service(messaging_service_sid=MG_SID)
    content = {"code": 52141, "address": "+15005550006", "identity": None, "binding_type": "apn", "times": 2}
    title = CODES[52141].title
    outcome = {
        "account_sid": fake.account_sid,
        **content,
        "used": 0,
        "title": title,
        "words": f"Deliveries to address +15005550006 by apn fail with 52141 ({title}), 2 more times",
    }
    assert control.write("POST", "outcomes", content) == outcome
    assert control.get("outcomes") == {"outcomes": [outcome]}
    fake.create_notification(service.sid, to_binding=[{"binding_type": "apn", "address": "+15005550006"}], body="Hi")
    assert [each["error_code"] for each in control.rows("deliveries")] == [52141]
    assert control.get("outcomes") == {
        "outcomes": [
            {**outcome, "used": 1, "times": 1, "words": outcome["words"].replace("2 more times", "1 more time")}
        ]
    }
    assert control.write("DELETE", "outcomes") == {"deleted": 1}
    assert control.get("outcomes") == {"outcomes": []}


def test_an_outcome_is_described_in_a_sentence(control: Control) -> None:
    sentences = {
        "All deliveries": {},
        "Deliveries to alice": {"identity": "alice"},
        "Deliveries to alice at address x": {"identity": "alice", "address": "x"},
        "Deliveries by sms": {"binding_type": "sms"},
    }
    for words, outcome in sentences.items():
        shown = control.write("POST", "outcomes", {"code": 52000, **outcome})
        assert shown["words"] == f"{words} fail with 52000 ({CODES[52000].title})"


def test_an_outcome_with_an_unknown_code_names_the_nearest(control: Control) -> None:
    nearest = {"52141": "52141", "5214": "52214", "52301": "52310"}
    for code, expected in nearest.items():
        status, _, close = control.ask("POST", "outcomes", {"code": code if code == "52141" else int(code)}).refusal
        assert (status, expected in close) == (400, True)
    assert [control.ask("POST", "outcomes", {"code": code}).status for code in (None, True, [])] == [400] * 3
