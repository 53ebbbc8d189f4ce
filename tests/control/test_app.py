"""Who may use the control API, and how it refuses what it doesn't have or can't read."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import pytest
from control_client import OTHER_SID, Control
from hypothesis import given, settings
from hypothesis import strategies as st

from fakenotify import FakeNotify
from fakenotify.clients.in_process import call
from fakenotify.control.app import write
from fakenotify.control.routes import ROUTES
from fakenotify.core import strict_json
from fakenotify.faults.kinds import KINDS
from fakenotify.notify.channels import CHANNELS
from fakenotify.server.wsgi import CONTROL_BODY_LIMIT


def test_the_control_api_is_loaded_once_by_the_first_request(fake: FakeNotify) -> None:
    loader = fake.wsgi_app.control
    assert loader is not None
    loaded = []
    for _ in range(2):  # the second is a thread that found the loader before the first had loaded anything
        assert call(loader, "GET", "http://127.0.0.1/_fake/health", {}, b"").status == 200
        loaded.append(fake.wsgi_app.control)
    assert loaded[0] is loaded[1] is not loader


# who is let in


@pytest.mark.parametrize(("header", "value"), [("Origin", "http://evil.example"), ("Sec-Fetch-Site", "cross-site")])
def test_pages_of_other_origins_are_refused(control: Control, fake: FakeNotify, header: str, value: str) -> None:
    """``tests/server/test_doors.py`` tries all hosts and origins."""
    fake.create_service()
    for method in ("GET", "POST", "OPTIONS"):
        assert control.send(method, "reset", headers={header: value}).refusal[0] == 403
    assert len(fake.services) == 1


def test_a_write_that_any_page_could_send_is_refused(control: Control, fake: FakeNotify) -> None:
    fake.create_service()
    for content_type in (None, "", "text/plain", "application/x-www-form-urlencoded", "json"):
        error = f"a write to the control API is application/json, not {content_type or 'without a content type'}"
        assert control.send("POST", "reset", b"{}", {"Content-Type": content_type}).refusal == (403, error, [])
    assert len(fake.services) == 1
    for content_type in ("application/json; charset=utf-8", "Application/JSON ;x"):
        assert control.send("POST", "reset", b"{}", {"Content-Type": content_type}).status == 200
    assert fake.services == []
    assert [control.send("POST", "reset").status, control.send("DELETE", "faults").status] == [200, 200]  # no body


def test_there_are_no_cors_headers(control: Control) -> None:
    headers = control.send("OPTIONS", "reset").headers
    assert headers == {
        "Date": headers["Date"],
        "Content-Type": "application/json",
        "Content-Length": headers["Content-Length"],
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }


def test_other_paths_belong_to_notify(fake: FakeNotify, wire_of: Callable[..., Any]) -> None:
    paths = ["/_fakes/health", "/_FAKE/health", "/v1/_fake/health", "//_fake//health"]
    assert [wire_of(fake).get(path).status for path in paths] == [404] * 4
    assert [each.path for each in fake.requests] == paths


def test_control_requests_are_not_journaled_and_meet_no_fault(control: Control, fake: FakeNotify) -> None:
    fake.fail("*", status=503, optional=True)
    asked = [("GET", "health"), ("POST", "nothing"), ("POST", "faults"), ("DELETE", "outcomes")]
    assert [control.ask(*each).status for each in asked] == [200, 404, 400, 200]
    assert fake.requests == []


# what is not there, and what can't be

OBJECT = "the body must be a JSON object"
NOTHING = f"there are: {', '.join(sorted(filter(None, ROUTES)))}"
CLOCK = "the clock takes exactly one of shift, tick, move_to, freeze, resume"
MOVES = ["shift", "tick", "move_to", "freeze", "resume"]
YEARS = "the clock can show the years 1 to 9999 only"
IN_ORDER = "take what an answer has as next or previous"
FLAG = ["true", "false"]
HTTP = {"operation": "*", "status": 429}
OF_HTTP = "fault http takes status, code, message, retry_after"
FAULTS = f"there are {', '.join(KINDS)}"
OUTCOME = "it has code, address, identity, binding_type, times"
TYPO_SID = "AC" + "b" * 31
NO_ACCOUNT = f"there is no account {TYPO_SID!r}"

REFUSED_READS: dict[str, tuple[Any, ...]] = {
    "helth": (404, f"there is no /_fake/helth; {NOTHING}", "health"),
    "State": (404, f"there is no /_fake/State; {NOTHING}", "state"),
    "qqqqqq": (404, f"there is no /_fake/qqqqqq; {NOTHING}"),
    "explain/": (404, f"there is no /_fake/explain/; {NOTHING}"),
    "reset": (405, "/_fake/reset has no GET; it has POST"),
    "health?x=y": (400, "/_fake/health has no query parameter 'x'; it has none"),
    "state?acount_sid=x": (
        400,
        "/_fake/state has no query parameter 'acount_sid'; it has account_sid, secrets",
        "account_sid",
    ),
    "bindings?limit=1&limit=2": (400, "the query parameter limit is there 2 times; once is enough"),
    "state?secrets=Yes": (400, "secrets is true or false, not 'Yes'", *FLAG),
    "deliveries?count=": (400, "count is true or false, not ''", *FLAG),
    "deliveries?limit=-1": (400, "limit is a whole number from 0, not '-1'"),
    "deliveries?limit=1e3": (400, "limit is a whole number from 0, not '1e3'"),
    f"deliveries?limit={10**9}": (400, f"limit is a whole number from 0, not '{10**9}'"),
    "deliveries?order=NEWEST": (400, "order is oldest or newest, not 'NEWEST'", "oldest", "newest"),
    "deliveries?after=0&before=0": (400, "before and after exclude each other", "before", "after"),
    "deliveries?after=x": (400, f"'x' is not a cursor; {IN_ORDER}"),
    "deliveries?code=x": (400, "code is a number such as 52001, not 'x'"),
    f"requests?operation={'[' * 60_000}": (400, "operation has at most 200 characters"),
    "requests?status=x": (400, "status is such as 429, 4xx, ok, failed or none, not 'x'"),
    "requests?warned=x": (400, "warned is true or false, not 'x'", *FLAG),
    "credentials?search=a+identity:b": (400, "credentials have no identity; their fields are type", "type"),
    "alerts?group=x": (400, "group is code, not 'x'", "code"),
    "rules/zzz": (404, "there is no rule 'zzz'"),
    "inspector/zzz": (404, "the inspector has no file 'zzz'"),
    "inspector/dom.jss": (404, "the inspector has no file 'dom.jss'", "dom.js"),
}
"""Targets of reads with the status, the error and the nearest names that they are refused with."""

REFUSED_WRITES: dict[str, list[tuple[Any, ...]]] = {
    "POST reset": [
        ([], f"{OBJECT}, or empty"),
        ({"clocks": True}, "a reset has no 'clocks'; it has clock, behaviour", "clock"),
        ({"clock": 1}, "clock is true or false, not 1"),
    ],
    "PUT state": [
        (None, OBJECT),
        ({"services": [{}], "accounts": {"x": {}}}, "accounts.x: 'x' is not an account sid: AC and 32 hex digits"),
    ],
    "POST accounts": [
        ({"sid": "x"}, "an account has no 'sid'; it has account_sid, auth_token"),
        ({"account_sid": 5}, "account_sid is a text, not 5"),
        ({"account_sid": "AC1"}, "'AC1' is not an account sid: AC and 32 hex digits"),
    ],
    "POST clock": [
        (None, OBJECT),
        ({}, CLOCK, *MOVES),
        ({"shift": 1, "tick": 1}, CLOCK, *MOVES),
        ({"shift": 1, "freez": True}, CLOCK, "freeze"),
        ({"shift": "1"}, "shift is a number of seconds, not '1'"),
        ({"tick": True}, "tick is a number of seconds, not True"),
        ({"move_to": True}, "move_to can't be True"),
        ({"move_to": "soon"}, "'soon' is no instant; give an aware datetime, or a text such as '2027-10-31T00:00:00Z'"),
        ({"freeze": 0}, "freeze can't be 0"),
        ({"resume": False}, "resume can't be False"),
        ({"shift": 1e300}, YEARS),
        ({"shift": 10**400}, YEARS),
        ({"move_to": "0001-01-01T00:00:00+23:00"}, YEARS),
    ],
    "PATCH behaviour": [
        ([], OBJECT),
        (
            {"identity_limits": "reject"},
            "Behaviour has no switch 'identity_limits'; did you mean 'identity_limit'?",
            "identity_limit",
        ),
        (
            {"identity_limit": "maybe"},
            "Behaviour.identity_limit can't be 'maybe'; it is one of 'reject', 'evict_oldest'",
        ),
        ({"callback_when_empty": True, "x": 1}, "Behaviour has no switch 'x'"),
    ],
    "POST faults": [
        ({}, "a fault needs an operation, e.g. 'bindings.*' or 'notifications.create'"),
        (
            {**HTTP, "operation": "binding.create"},
            "no operation fits 'binding.create'; nearest: bindings.create",
            "bindings.create",
        ),
        ({"operation": "*"}, f"{OF_HTTP}: some are missing", "status", "code", "message", "retry_after"),
        ({**HTTP, "tims": 1}, f"{OF_HTTP}: it has no 'tims'", "times"),
        ({**HTTP, "account": "x"}, f"{OF_HTTP}: it has no 'account'", "account_sid"),
        ({**HTTP, "when": "x"}, f"{OF_HTTP}: it has no 'when'"),
        ({**HTTP, "account_sid": 5}, "account_sid is a text, not 5"),
        ({"operation": "*", "fault": "stal"}, f"there is no fault 'stal'; {FAULTS}", "stall"),
        ({"operation": "*", "fault": []}, f"there is no fault []; {FAULTS}"),
        ({"operation": "*", "fault": "stall", "seconds": 1}, "fault stall takes no arguments: it has no 'seconds'"),
        (
            {"operation": "*", "fault": "rate_limit", "requests": 1, "seconds": 60, "_lock": 5},
            "fault rate_limit takes requests, seconds: it has no '_lock'",
        ),
    ],
    "POST outcomes": [
        ({"code": 52141, "adress": "x"}, f"an outcome has no 'adress'; {OUTCOME}", "address"),
        ({"code": 52201, "binding_type": "ap"}, "no binding type 'ap'; nearest: apn", "apn"),
        ({"code": 52141, "identity": 5}, "identity is a text, not 5"),
        ({"code": 52141, "times": 1.5}, "times is a whole number from 1, or None for good, not 1.5"),
    ],
}
"""Bodies of writes with the error and the nearest names of their 400."""

REFUSED_BY_PYTHON = [
    *({**HTTP, **changed} for changed in ({"operation": 5}, {"operation": []}, {"status": 200}, {"status": "429"})),
    *({**HTTP, **changed} for changed in ({"retry_after": "x"}, {"code": []}, {"message": 5}, {"times": 0})),
    *({**HTTP, **changed} for changed in ({"after": "x"}, {"optional": "x"}, {"phase": []})),
    {"operation": "*", "fault": "truncate_body", "phase": "before"},
    {"operation": "*", "fault": "latency", "seconds": 10**400},
]
"""Faults with arguments that ``tests/faults`` tries one by one."""


def test_invalid_requests_are_refused_with_a_message_and_change_nothing(control: Control, lively: Any) -> None:
    def everything() -> list[Any]:
        return [control.get(path) for path in ("state?secrets=true", "behaviour", "clock", "faults", "outcomes")]

    def refusal(method: str, target: str, content: Any = None) -> tuple[Any, ...]:
        status, error, nearest = control.ask(method, target, content).refusal
        return status, error, *nearest

    control.fake.fail("bindings.*", status=503, optional=True)
    before = everything()
    assert {target: refusal("GET", target) for target in REFUSED_READS} == REFUSED_READS
    for asked, rows in REFUSED_WRITES.items():
        assert [(row[0], *refusal(*asked.split(" "), row[0])) for row in rows] == [
            (row[0], 400, *row[1:]) for row in rows
        ]
    for path, content in (("faults", HTTP), ("outcomes", {"code": 52141})):
        assert refusal("POST", path, {**content, "account_sid": TYPO_SID}) == (404, NO_ACCOUNT, OTHER_SID)
    assert refusal("DELETE", "faults?id=x") == (404, "there is no fault 'x'", "1")
    assert refusal("DELETE", "state") == (405, "/_fake/state has no DELETE; it has GET, PUT")
    assert [control.ask("POST", "faults", fault).status for fault in REFUSED_BY_PYTHON] == [400] * 13
    assert everything() == before


def test_every_route_refuses_an_unknown_account_and_names_the_nearest(control: Control, fake: FakeNotify) -> None:
    typo = fake.account_sid[:-1] + "0"
    for path, methods in ROUTES.items():
        for method, route in methods.items():
            if "account_sid" in route.query:
                target = f"{path.format(NotificationSid='NT1')}?account_sid={typo}"
                refusal = control.ask(method, target).refusal
                assert refusal == (404, f"there is no account {typo!r}", [fake.account_sid])


# what is no JSON


def test_a_body_that_is_not_json_is_a_400(control: Control) -> None:
    wrong: dict[bytes, str] = {
        b"{": "Expecting property name",
        b"\xff\xfe": "'utf-8' codec can't decode",
        '{"a": 1}'.encode("utf-16"): "'utf-8' codec can't decode",
        b"1" * 5000: "Exceeds the limit",
        b'{"services": [], "services": []}': "'services' occurs twice",
        b'{"a": NaN}': "NaN is not a JSON number",
        b'{"a": -Infinity}': "-Infinity is not a JSON number",
        b'{"a": 1e999}': "1e999 is too large a number",
        b'{"a": "\\ud800"}': "it has half of a surrogate pair, which is not a character",
        b'{"\\udc00": 1}': "it has half of a surrogate pair, which is not a character",
        b"[" * 100_000: "it is nested more than 200 deep",
        b'{"services": ' + b"[" * 950 + b"]" * 950 + b"}": "it is nested more than 200 deep",
    }
    for body, error in wrong.items():
        status, message, _ = control.send("PUT", "state", body).refusal
        assert (status, message[: 18 + len(error)]) == (400, f"this is not JSON: {error}")


def test_a_body_that_is_too_large_is_a_413(control: Control, fake: FakeNotify) -> None:
    fake.create_service()
    error = f"the body is larger than {CONTROL_BODY_LIMIT} bytes"
    assert control.send("PUT", "state", b" " * (CONTROL_BODY_LIMIT + 1)).refusal == (413, error, [])
    assert len(fake.services) == 1


def test_answers_are_valid_json_whatever_was_stored(control: Control, fake: FakeNotify) -> None:
    """Notify itself accepts a lone surrogate."""
    service = fake.create_service()
    to_binding = [{"binding_type": each, "address": "\ud800"} for each in CHANNELS]
    fake.create_notification(service.sid, to_binding=to_binding, data={"half": "\udfff", "whole": "\U0001f600"})
    assert [each["address"] for each in control.rows("deliveries")] == ["\ufffd"] * len(CHANNELS)
    assert control.rows("notifications")[0]["data"] == {"half": "\ufffd", "whole": "\U0001f600"}


def test_a_bug_in_a_read_is_not_reported_as_a_refusal(
    control: Control, fake: FakeNotify, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fake.world, "export", int)
    with pytest.raises(TypeError):
        control.ask("GET", "state")


# anything at all

TEXTS = st.text(st.characters(), max_size=5)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)


def test_what_json_cannot_express_is_replaced_and_nesting_has_an_end() -> None:
    value: Any = ()
    for _ in range(100_000):
        value = [value]
    assert [write("half \ud800"), write([math.inf, math.nan])] == ['"half \\ufffd"', "[null, null]"]
    written = write({"half": "\ud800", "none": math.inf, "deep": value})
    assert written.startswith('{"half": "\\ufffd", "none": null, "deep": [[')
    assert written.count("[") == strict_json.MOST_DEPTH - 1


@given(JSON)
def test_written_json_can_be_read_and_is_what_the_standard_library_writes_where_that_is_valid(value: Any) -> None:
    written = write(value)
    strict_json.parse(written)
    try:
        strict_json.parse(json.dumps(value))
    except ValueError:
        return
    assert written == json.dumps(value)


BODIES = [route.body for methods in ROUTES.values() for route in methods.values() if route.body is not None]
WORDS = ["services", "accounts", "identity_limit", *{name for body in BODIES for name in body.get("properties", ())}]
VALUES = JSON | st.sampled_from(["*", "stall", "bindings.*", 429, 52141, OTHER_SID, "2027-10-31T00:00:00Z", "sms"])
WRITES = [(method, path) for path, methods in ROUTES.items() for method in methods if method != "GET"]


@settings(max_examples=100, deadline=None)
@given(
    write=st.sampled_from(WRITES),
    content=JSON | st.dictionaries(st.sampled_from(WORDS), VALUES, max_size=5),
    query=st.sampled_from(["", "?account_sid=x", "?id=1"]),
)
def test_every_write_succeeds_or_is_refused(write: tuple[str, str], content: Any, query: str) -> None:
    method, path = write
    reply = Control(FakeNotify()).send(method, f"{path}{query}", json.dumps(content).encode())
    assert reply.status == 200 or (reply.status in (400, 404) and "error" in reply.json)
