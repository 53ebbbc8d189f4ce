"""The tester's bench by way of the control API alone, as a test in another language has it, with every refusal."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from fakenotify import FakeNotify
from fakenotify.clients.in_process import call

NOW = "2027-06-01T12:00:00Z"
OTHER_SID = "AC" + "b" * 32
TYPO_SID = "AC" + "b" * 31
MG_SID = "MG" + "a" * 32
OBJECT = "the body is to be a JSON object"
CLOCK = "the clock takes exactly one of shift, tick, move_to, freeze, resume"
OF_HTTP = "fault http takes status, code, message, retry_after"
KINDS = "http, latency, slow_body, reset_connection, empty_reply, truncate_body, garbage, stall, rate_limit"
NO_ACCOUNT = f"there is no account {TYPO_SID!r}"


class Told(NamedTuple):
    status: int
    json: Any


Bench = Callable[..., Told]


@pytest.fixture
def fake(open_fake: Callable[..., FakeNotify]) -> FakeNotify:
    fake = open_fake(frozen=NOW, callback_delivery="manual", callback_retries=2)
    fake.account(OTHER_SID, "x")
    return fake


@pytest.fixture
def bench(fake: FakeNotify) -> Bench:
    """Asks the control API, without a socket."""

    def ask(method: str, path: str, content: Any = None) -> Told:
        body = b"" if content is None else json.dumps(content).encode()
        headers = {"Content-Type": "application/json"}
        reply = call(fake.wsgi_app, method, f"http://localhost/_fake/{path}", headers, body)
        return Told(reply.status, json.loads(reply.body))

    return ask


@pytest.fixture
def client(fake: FakeNotify) -> Any:
    return fake.client(in_process=True)


@pytest.fixture
def service(client: Any) -> Any:
    """A Service that tells of its deliveries, as a client made it."""
    made = client.notify.v1.services.create(
        messaging_service_sid=MG_SID, delivery_callback_url="http://127.0.0.1:9/", delivery_callback_enabled=True
    )
    return client.notify.v1.services(made.sid)


# refusals


@pytest.mark.parametrize(
    ("content", "status", "error", "nearest"),
    [
        (None, 400, OBJECT, None),
        ([], 400, OBJECT, None),
        ({}, 400, "a fault needs an operation, e.g. 'bindings.*' or 'notifications.create'", None),
        (
            {"operation": "binding.create", "status": 429},
            400,
            "no operation fits 'binding.create'; nearest: bindings.create, user_bindings.create, bindings.delete",
            ["bindings.create", "user_bindings.create", "bindings.delete"],
        ),
        (
            {"operation": "binding.*", "status": 429},
            400,
            "no operation fits 'binding.*'; nearest: bindings.*, user_bindings.*, bindings.find",
            ["bindings.*", "user_bindings.*", "bindings.find"],
        ),
        (
            {"operation": "*"},
            400,
            f"{OF_HTTP}: some are missing",
            ["status", "code", "message", "retry_after"],
        ),
        ({"operation": "*", "status": 429, "retry": 1}, 400, f"{OF_HTTP}: it has no 'retry'", ["retry_after"]),
        ({"operation": "*", "status": 429, "tims": 1}, 400, f"{OF_HTTP}: it has no 'tims'", ["times"]),
        ({"operation": "*", "status": 429, "phse": "after"}, 400, f"{OF_HTTP}: it has no 'phse'", ["phase"]),
        ({"operation": "*", "status": 429, "account": "x"}, 400, f"{OF_HTTP}: it has no 'account'", ["account_sid"]),
        ({"operation": "*", "status": 429, "when": "x"}, 400, f"{OF_HTTP}: it has no 'when'", None),
        ({"operation": "*", "fault": "stal"}, 400, f"there is no fault 'stal'; there are {KINDS}", ["stall"]),
        ({"operation": "*", "fault": "x"}, 400, f"there is no fault 'x'; there are {KINDS}", None),
        (
            {"operation": "*", "fault": "stall", "seconds": 1},
            400,
            "fault stall takes no arguments: it has no 'seconds'",
            None,
        ),
        ({"operation": "*", "fault": "latency"}, 400, "fault latency takes seconds: some are missing", ["seconds"]),
        (
            {"operation": "*", "fault": "rate_limit", "requests": 1},
            400,
            "fault rate_limit takes requests, seconds: some are missing",
            ["requests", "seconds"],
        ),
        (
            {"operation": "*", "fault": "rate_limit", "requests": 1, "seconds": 60, "_lock": 5},
            400,
            "fault rate_limit takes requests, seconds: it has no '_lock'",
            None,
        ),
        (
            {"operation": "*", "fault": "rate_limit", "requests": 1, "seconds": 60, "phase": "after"},
            400,
            "rate_limit can only act before the effect: leave phase='after' out",
            None,
        ),
        ({"operation": "*", "status": 429, "account_sid": TYPO_SID}, 404, NO_ACCOUNT, [OTHER_SID]),
        (
            {"operation": "*", "fault": "latency", "seconds": 10**400},
            400,
            "seconds must be at most 1000000000; for an answer that never comes, use Fault.stall()",
            None,
        ),
    ],
)
def test_a_fault_is_refused_in_words(
    bench: Bench, content: Any, status: int, error: str, nearest: list[str] | None
) -> None:
    told = bench("POST", "faults", content)
    assert told == (status, {"error": error} if nearest is None else {"error": error, "nearest": nearest})
    assert bench("GET", "faults").json == {"faults": []}


@pytest.mark.parametrize(
    ("content", "status", "error", "nearest"),
    [
        (None, 400, OBJECT, None),
        ({}, 400, "None is no delivery outcome; nearest: 52000 to 52401", None),
        ({"code": True}, 400, "True is no delivery outcome; nearest: 52000 to 52401", None),
        (
            {"code": 52141, "adress": "x"},
            400,
            "an outcome has no 'adress'; it has code, address, identity, binding_type, times",
            ["address"],
        ),
        ({"code": 52201, "binding_type": "ap"}, 400, "no binding type 'ap'; nearest: apn", ["apn"]),
        ({"code": 52141, "identity": 5}, 400, "identity is a text, not 5", None),
        ({"code": 52141, "times": 1.5}, 400, "times is a whole number from 1, or None for good, not 1.5", None),
        ({"code": 52141, "account_sid": TYPO_SID}, 404, NO_ACCOUNT, [OTHER_SID]),
    ],
)
def test_an_outcome_is_refused_in_words(
    bench: Bench, content: Any, status: int, error: str, nearest: list[str] | None
) -> None:
    told = bench("POST", "outcomes", content)
    assert told == (status, {"error": error} if nearest is None else {"error": error, "nearest": nearest})
    assert bench("GET", "outcomes").json == {"outcomes": []}


@pytest.mark.parametrize(
    ("code", "error", "nearest"),
    [
        ("52141", "'52141' is no delivery outcome; nearest: 52141 The provided APNs device token", "52141"),
        (5214, "5214 is no delivery outcome; nearest: 52214 Alexa skill is not connected to Twilio; ", "52214"),
        (52301, "52301 (Resulted destination list for requested parameters is empty) is never a del", "52310"),
    ],
)
def test_a_code_that_no_delivery_has_names_the_nearest(bench: Bench, code: Any, error: str, nearest: str) -> None:
    status, answer = bench("POST", "outcomes", {"code": code})
    assert (status, answer["error"][: len(error)], nearest in answer["nearest"]) == (400, error, True)


@pytest.mark.parametrize(
    ("content", "error", "nearest"),
    [
        (None, OBJECT, None),
        ({}, CLOCK, ["shift", "tick", "move_to", "freeze", "resume"]),
        ({"shift": 1, "tick": 1}, CLOCK, ["shift", "tick", "move_to", "freeze", "resume"]),
        ({"shfit": 1}, CLOCK, ["shift"]),
        ({"move": NOW}, CLOCK, ["move_to"]),
        ({"shift": 1, "freez": True}, CLOCK, ["freeze"]),
        ({"zzz": 1}, CLOCK, ["shift", "tick", "move_to", "freeze", "resume"]),
        ({"shift": "1"}, "shift is a number of seconds, not '1'", None),
        ({"tick": None}, "tick is a number of seconds, not None", None),
        ({"move_to": True}, "move_to can't be True", None),
        ({"move_to": "soon"}, "Invalid isoformat string: 'soon'", None),
        ({"freeze": 0}, "freeze can't be 0", None),
        ({"resume": NOW}, f"resume can't be {NOW!r}", None),
        ({"shift": 1e300}, "the clock can show the years 1 to 9999 only", None),
    ],
)
def test_a_move_of_the_clock_is_refused_in_words(
    bench: Bench, content: Any, error: str, nearest: list[str] | None
) -> None:
    told = bench("POST", "clock", content)
    assert told == (400, {"error": error} if nearest is None else {"error": error, "nearest": nearest})
    assert bench("GET", "clock") == (200, {"now": NOW, "frozen": True})


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "deliveries"),
        ("GET", "alerts"),
        ("GET", "callbacks"),
        ("GET", "explain/NT1"),
        ("GET", "outcomes"),
        ("POST", "faults"),
        ("DELETE", "faults"),
        ("POST", "outcomes"),
        ("DELETE", "outcomes"),
    ],
)
def test_an_unknown_account_is_refused_with_the_nearest(bench: Bench, method: str, path: str) -> None:
    content = {"operation": "*", "status": 503, "code": 52141} if method == "POST" else None
    if path == "outcomes" and content:
        content = {"code": 52141}
    if path == "faults" and content:
        content = {"operation": "*", "status": 503}
    assert bench(method, f"{path}?account_sid={TYPO_SID}", content) == (
        404,
        {"error": NO_ACCOUNT, "nearest": [OTHER_SID]},
    )


@pytest.mark.parametrize(
    ("path", "known", "nearest"),
    [
        ("deliveries?acount_sid=x", "account_sid", ["account_sid"]),
        ("alerts?identity=x", "account_sid", None),
        ("callbacks?account=x", "account_sid", ["account_sid"]),
        ("clock?now=1", "none", None),
        ("faults?ids=1", "none", None),
        ("outcomes?id=1", "account_sid", None),
    ],
)
def test_an_unknown_query_parameter_is_refused_with_the_nearest(
    bench: Bench, path: str, known: str, nearest: list[str] | None
) -> None:
    target, _, query = path.partition("?")
    error = f"/_fake/{target} has no query parameter {query.partition('=')[0]!r}; it has {known}"
    assert bench("GET", path) == (400, {"error": error} if nearest is None else {"error": error, "nearest": nearest})


@pytest.mark.parametrize(
    ("path", "nearest"),
    [
        ("delivery", "deliveries"),
        ("fault", "faults"),
        ("outcome", "outcomes"),
        ("clocks", "clock"),
        ("alert", "alerts"),
    ],
)
def test_an_unknown_route_is_refused_with_the_nearest(bench: Bench, path: str, nearest: str) -> None:
    status, answer = bench("GET", path)
    assert (status, answer["nearest"][0]) == (404, nearest)
    assert answer["error"].startswith(f"there is no /_fake/{path}; there are: alerts, ")


@pytest.mark.parametrize(
    ("method", "path", "known"),
    [
        ("POST", "deliveries", "GET"),
        ("DELETE", "alerts", "GET"),
        ("PUT", "callbacks", "GET"),
        ("PUT", "faults", "GET, POST, DELETE"),
        ("PATCH", "outcomes", "GET, POST, DELETE"),
        ("DELETE", "clock", "GET, POST"),
        ("POST", "explain/NT1", "GET"),
    ],
)
def test_another_method_is_refused_with_those_there_are(bench: Bench, method: str, path: str, known: str) -> None:
    assert bench(method, path) == (405, {"error": f"/_fake/{path} has no {method}; it has {known}"})


@pytest.mark.parametrize(("query", "known"), [("id=9", ["1", "2"]), ("id=x", ["1", "2"]), ("id=", ["1", "2"])])
def test_an_unknown_fault_is_refused_with_those_there_are(bench: Bench, query: str, known: list[str]) -> None:
    for _ in known:
        bench("POST", "faults", {"operation": "*", "status": 503})
    given = query.partition("=")[2]
    assert bench("DELETE", f"faults?{query}") == (404, {"error": f"there is no fault {given!r}", "nearest": known})
    assert len(bench("GET", "faults").json["faults"]) == 2


def test_an_unknown_notification_is_refused_with_the_nearest(bench: Bench, service: Any) -> None:
    sent = service.notifications.create(tag="all", body="Hi").sid
    assert bench("GET", f"explain/{sent[:-1]}") == (
        404,
        {"error": f"there is no notification {sent[:-1]!r}; did you mean {sent}?", "nearest": [sent]},
    )
    assert bench("GET", f"explain/{sent}?account_sid={OTHER_SID}") == (
        404,
        {"error": f"there is no notification {sent!r}; none was created"},
    )


def test_an_unknown_rule_is_refused_with_the_nearest(bench: Bench) -> None:
    known = bench("GET", "rules").json["rules"][0]
    assert bench("GET", f"rules/{known['id']}") == (200, known)
    status, answer = bench("GET", f"rules/{known['id']}x")
    assert (status, answer["error"]) == (404, f"there is no rule '{known['id']}x'")
    assert known["id"] in answer["nearest"]


# the bench at work


@pytest.mark.parametrize("phase", ["before", "after"])
def test_a_fault_acts_in_its_phase(bench: Bench, client: Any, phase: str) -> None:
    fault = {"operation": "services.create", "fault": "reset_connection", "phase": phase, "times": 1}
    assert bench("POST", "faults", fault).status == 200
    with pytest.raises(OSError, match=r"^fault reset_connection$"):
        client.notify.v1.services.create()
    client.notify.v1.services.create()

    happened = len(bench("GET", "state").json["accounts"][client.account_sid]["services"])
    assert happened == (1 if phase == "before" else 2)
    assert [each["fault"] for each in bench("GET", "requests").json["requests"]] == [
        f"reset_connection() {phase}",
        None,
    ]
    [rule] = bench("GET", "faults").json["faults"]
    assert (rule["fired"], rule["active"]) == (1, False)


def test_a_rate_limit_follows_the_clock_that_is_moved_here(bench: Bench, client: Any) -> None:
    bench("POST", "faults", {"operation": "*", "fault": "rate_limit", "requests": 1, "seconds": 60})

    def ask() -> tuple[int, str | None]:
        response = client.http_client.request("GET", "https://notify.twilio.com/v1/Services", auth=client.auth)
        return response.status_code, response.headers.get("Retry-After")

    assert [ask(), ask()] == [(200, None), (429, "60")]
    bench("POST", "clock", {"shift": 59})
    assert ask() == (429, "1")
    bench("POST", "clock", {"tick": 1})
    assert ask() == (200, None)


def test_time_stands_still_or_goes_on(bench: Bench, fake: FakeNotify) -> None:
    assert bench("POST", "clock", {"freeze": False}).json["frozen"] is False
    assert bench("POST", "clock", {"freeze": NOW}).json == {"now": NOW, "frozen": True}
    assert bench("POST", "clock", {"resume": True}).json["frozen"] is False
    assert bench("POST", "clock", {"freeze": True}).json["frozen"] is fake.clock.frozen is True


def test_the_shutdown_can_be_rehearsed(bench: Bench, client: Any) -> None:
    bench("POST", "clock", {"move_to": "2027-10-31T00:00:00Z"})
    bench("POST", "faults", {"operation": "*", "status": 410, "optional": True})
    response = client.http_client.request("GET", "https://notify.twilio.com/v1/Services", auth=client.auth)
    assert (response.status_code, json.loads(response.text)["code"]) == (410, 20410)


def test_an_outcome_is_seen_in_deliveries_alerts_and_reasons(bench: Bench, service: Any) -> None:
    for identity, address in (("alice", "+15005550006"), ("bob", "+15005550009")):
        service.bindings.create(identity=identity, binding_type="sms", address=address, tag="vip")
    bench("POST", "outcomes", {"code": 52108, "identity": "alice", "times": 1})
    sent = service.notifications.create(tag="vip", body="Hi").sid
    service.notifications.create(tag="vip", body="Again")

    deliveries = bench("GET", "deliveries").json["deliveries"]
    assert [(each["identity"], each["status"], each["error_code"]) for each in deliveries] == [
        ("alice", "FAILED", 52108),
        ("bob", "SENT", None),
        ("alice", "SENT", None),
        ("bob", "SENT", None),
    ]
    [alert] = bench("GET", "alerts").json["alerts"]
    assert (alert["code"], alert["notification_sid"], alert["date_created"]) == (52108, sent, NOW)
    explanation = bench("GET", f"explain/{sent}").json
    assert [each["delivery"] for each in explanation["selected"]] == deliveries[:2]
    assert "52108" in explanation["text"]
    [outcome] = bench("GET", "outcomes").json["outcomes"]
    assert (outcome["used"], outcome["times"]) == (1, 0)


def test_an_outcome_can_be_taken_back_for_one_account_or_all(bench: Bench) -> None:
    for account_sid in (OTHER_SID, None, OTHER_SID):
        bench("POST", "outcomes", {"code": 52141, "account_sid": account_sid})
    assert bench("DELETE", f"outcomes?account_sid={OTHER_SID}") == (200, {"deleted": 2})
    assert bench("DELETE", "outcomes") == (200, {"deleted": 1})


def test_callbacks_wait_for_the_clock(bench: Bench, fake: FakeNotify, service: Any) -> None:
    service.bindings.create(identity="alice", binding_type="sms", address="+15005550006")
    service.notifications.create(identity="alice", body="Hi")

    def told() -> tuple[str, int]:
        [callback] = bench("GET", "callbacks").json["callbacks"]
        return callback["status"], len(callback["attempts"])

    assert told() == ("PENDING", 0)
    fake.deliver_callback()
    assert told() == ("PENDING", 1)
    fake.deliver_callback()
    assert told() == ("PENDING", 1)
    for _ in range(2):
        bench("POST", "clock", {"shift": 10})
        fake.deliver_callback()
    assert told() == ("FAILED", 3)


def test_what_is_told_can_be_narrowed_to_an_account(bench: Bench, fake: FakeNotify, service: Any) -> None:
    service.bindings.create(identity="alice", binding_type="sms", address="+15005550006")
    service.notifications.create(tag="all", body="Hi")
    service.notifications.create(tag="nobody", body="Hi")
    for table, count in (("deliveries", 1), ("alerts", 1), ("callbacks", 1)):
        assert len(bench("GET", table).json[table]) == count
        assert len(bench("GET", f"{table}?account_sid={fake.account_sid}").json[table]) == count
        assert bench("GET", f"{table}?account_sid={OTHER_SID}").json[table] == []


def test_the_bench_is_cleared_with_the_world(bench: Bench, service: Any) -> None:
    bench("POST", "faults", {"operation": "*", "status": 503, "account_sid": OTHER_SID})
    bench("POST", "outcomes", {"code": 52141, "account_sid": OTHER_SID})
    service.notifications.create(tag="nobody", body="Hi")
    assert bench("POST", "reset", {"account_sid": OTHER_SID}) == (400, {"error": "this takes no body"})
    assert bench("POST", "reset") == (200, {"reset": "all"})
    told = {name: bench("GET", name).json[name] for name in ("faults", "outcomes", "deliveries", "alerts", "callbacks")}
    assert told == {"faults": [], "outcomes": [], "deliveries": [], "alerts": [], "callbacks": []}
    assert bench("GET", "clock").json == {"now": NOW, "frozen": True}
