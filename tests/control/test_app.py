"""Whom the control API lets in, and what it says to what it doesn't have or can't read."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from control_client import Control
from hypothesis import given, settings
from hypothesis import strategies as st

from fakenotify import FakeNotify
from fakenotify.control.app import ROUTES
from fakenotify.server.wsgi import CONTROL_BODY_LIMIT

# who is let in


@pytest.mark.parametrize(("header", "value"), [("Origin", "http://evil.example"), ("Sec-Fetch-Site", "cross-site")])
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_a_page_from_elsewhere_is_kept_out(
    control: Control, fake: FakeNotify, header: str, value: str, method: str
) -> None:
    """``tests/server/test_doors.py`` tries all hosts and origins."""
    fake.create_service()
    assert control.send(method, "reset", headers={header: value}).refusal[0] == 403
    assert len(fake.services) == 1


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "Application/JSON ;x"])
def test_a_write_with_a_body_is_declared_as_json(control: Any, content_type: str) -> None:
    assert control.send("PATCH", "behaviour", b"{}", {"Content-Type": content_type}).status == 200


@pytest.mark.parametrize("content_type", [None, "", "text/plain", "application/x-www-form-urlencoded", "json"])
def test_a_write_that_any_page_could_send_is_refused(control: Any, fake: FakeNotify, content_type: str | None) -> None:
    fake.create_service()
    told = f"a write to the control API is application/json, not {content_type or 'without a content type'}"
    assert control.send("POST", "reset", b"{}", {"Content-Type": content_type}).refusal == (403, told, [])
    assert len(fake.services) == 1


def test_a_write_without_a_body_needs_no_content_type(control: Any) -> None:
    assert [control.send("POST", "reset").status, control.send("DELETE", "faults").status] == [200, 200]


def test_no_other_origin_is_invited(control: Any) -> None:
    headers = control.send("OPTIONS", "reset").headers
    assert headers == {
        "Content-Type": "application/json",
        "Content-Length": headers["Content-Length"],
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }


# what is not there


@pytest.mark.parametrize(("path", "nearest"), [("helth", "health"), ("State", "state"), ("request", "requests")])
def test_an_unknown_route_names_the_nearest_and_all(control: Any, path: str, nearest: str) -> None:
    status, error, close = control.ask("GET", path).refusal
    known = ", ".join(sorted(filter(None, ROUTES)))
    assert (status, error, close[0]) == (404, f"there is no /_fake/{path}; there are: {known}", nearest)


def test_a_route_that_resembles_nothing_has_no_nearest(control: Any) -> None:
    assert control.ask("GET", "qqqqqq").refusal[::2] == (404, [])


@pytest.mark.parametrize("path", ["/_fakes/health", "/_FAKE/health", "/v1/_fake/health", "//_fake//health"])
def test_what_is_not_below_the_prefix_is_notifys(fake: FakeNotify, wire_of: Callable[..., Any], path: str) -> None:
    assert (wire_of(fake).get(path).status, [each.path for each in fake.requests]) == (404, [path])


@pytest.mark.parametrize(
    ("method", "path", "known"), [("GET", "reset", "POST"), ("DELETE", "state", "GET, PUT"), ("BREW", "health/", "GET")]
)
def test_an_unknown_method_names_those_there_are(control: Any, method: str, path: str, known: str) -> None:
    assert control.ask(method, path).refusal == (405, f"/_fake/{path} has no {method}; it has {known}", [])


@pytest.mark.parametrize(
    ("path", "error", "nearest"),
    [
        ("state?acount_sid=x", "has no query parameter 'acount_sid'; it has account_sid, secrets", ["account_sid"]),
        ("outcomes?x", "has no query parameter 'x'; it has account_sid, describe", []),
        ("health?x=y", "has no query parameter 'x'; it has none", []),
    ],
)
def test_an_unknown_query_parameter_names_those_there_are(
    control: Any, path: str, error: str, nearest: list[str]
) -> None:
    assert control.ask("GET", path).refusal == (400, f"/_fake/{path.partition('?')[0]} {error}", nearest)


def test_a_query_parameter_is_given_once(control: Any) -> None:
    told = "the query parameter limit is there 2 times; once is enough"
    assert control.ask("GET", "bindings?limit=1&limit=2").refusal == (400, told, [])


@pytest.mark.parametrize(("method", "path"), [("GET", "health"), ("POST", "nothing"), ("POST", "reset")])
def test_control_requests_are_not_journaled_and_meet_no_fault(
    control: Any, fake: FakeNotify, method: str, path: str
) -> None:
    fake.fail("*", status=503, optional=True)
    assert (control.ask(method, path).status in (200, 404), fake.requests) == (True, [])


# what is no JSON


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"{", "Expecting property name"),
        (b"\xff\xfe", "'utf-8' codec can't decode"),
        ('{"a": 1}'.encode("utf-16"), "'utf-8' codec can't decode"),
        (b"1" * 5000, "Exceeds the limit"),
        (b'{"services": [], "services": []}', "'services' is there twice"),
        (b'{"a": NaN}', "NaN is no number of JSON"),
        (b'{"a": -Infinity}', "-Infinity is no number of JSON"),
        (b'{"a": 1e999}', "1e999 is too large a number"),
        (b'{"a": "\\ud800"}', "it has half of a surrogate pair, which is no character"),
        (b'{"\\udc00": 1}', "it has half of a surrogate pair, which is no character"),
        (b"[" * 100_000, "it is nested too deeply"),
    ],
)
def test_a_body_that_is_no_json_is_400(control: Any, body: bytes, error: str) -> None:
    status, told, _ = control.send("PUT", "state", body).refusal
    assert (status, told[: 18 + len(error)]) == (400, f"this is not JSON: {error}")


def test_json_of_any_depth_is_400_never_500(control: Any) -> None:
    for depth in (500, *range(900, 1000, 9), 2000):
        nested = b"[" * depth + b"]" * depth
        bodies = [nested, b'{"services": ' + nested + b"}", b'{"services": [{"friendly_name": ' + nested + b"}]}"]
        assert [control.send("PUT", "state", body).status for body in bodies] == [400, 400, 400]
        assert control.send("PATCH", "behaviour", b'{"identity_limit": ' + nested + b"}").status == 400


def test_a_body_beyond_all_measure_is_413(control: Any, fake: FakeNotify) -> None:
    fake.create_service()
    told = f"the body is larger than {CONTROL_BODY_LIMIT} bytes"
    assert control.send("PUT", "state", b" " * (CONTROL_BODY_LIMIT + 1)).refusal == (413, told, [])
    assert len(fake.services) == 1


def test_what_goes_out_is_json_whatever_has_come_in(control: Any, fake: FakeNotify) -> None:
    """Notify itself takes half a character."""
    service = fake.create_service()
    to_binding = [{"binding_type": "apn", "address": "\ud800"}]
    fake.create_notification(service.sid, to_binding=to_binding, data={"half": "\udfff", "whole": "\U0001f600"})
    deliveries = control.get("deliveries")["deliveries"]
    assert [each["address"] for each in deliveries] == ["\ufffd"]
    assert control.get("notifications")["notifications"][0]["data"] == {"half": "\ufffd", "whole": "\U0001f600"}


def test_an_unknown_account_is_refused_everywhere_with_the_nearest(control: Any, fake: FakeNotify) -> None:
    typo = fake.account_sid[:-1] + "0"
    bodies = {"faults": {"operation": "*", "status": 503}, "outcomes": {"code": 52141}}
    for path, methods in ROUTES.items():
        for method, route in methods.items():
            if "account_sid" in route.query and path.partition(".")[0] not in ("", "inspector"):
                target = f"{path.format(NotificationSid='NT1')}?account_sid={typo}"
                told = control.ask(method, target, bodies.get(path) if method == "POST" else None)
                assert told.refusal == (404, f"there is no account {typo!r}", [fake.account_sid])


# anything at all

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
WORDS = [
    *("operation", "fault", "status", "code", "message", "retry_after", "seconds", "requests", "times", "after"),
    *("phase", "optional", "account_sid", "address", "identity", "binding_type", "shift", "tick", "move_to", "freeze"),
    *("resume", "services", "credentials", "accounts", "fakenotify", "identity_limit", "id", "bindings", "sid"),
    *("auth_token", "deliveries", "alerts", "callbacks", "clock", "behaviour"),
]
VALUES = JSON | st.sampled_from(
    ["*", "stall", "bindings.*", 429, 52141, "AC" + "b" * 32, "2027-10-31T00:00:00Z", "sms"]
)
WRITES = [(method, path) for path, methods in ROUTES.items() for method in methods if method != "GET"]


@settings(max_examples=300, deadline=None)
@given(
    write=st.sampled_from(WRITES),
    content=JSON | st.dictionaries(st.sampled_from(WORDS), VALUES, max_size=5),
    query=st.sampled_from(["", "?account_sid=x", "?id=1"]),
)
def test_whatever_is_written_is_done_or_refused(write: tuple[str, str], content: Any, query: str) -> None:
    method, path = write
    told = Control(FakeNotify()).send(method, f"{path}{query}", json.dumps(content).encode())
    assert told.status == 200 or (told.status in (400, 404) and "error" in told.json)
