"""The control API over the wire: what it does, and whom it keeps out."""

from __future__ import annotations

import http.client
import json
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakenotify import Behaviour, FakeNotify, __version__
from fakenotify.control import operations
from fakenotify.control.routes import ROUTES
from fakenotify.server.wsgi import CONTROL_BODY_LIMIT

OTHER_SID = "AC" + "b" * 32
UNKNOWN_SID = "AC" + "c" * 32


class Answer(NamedTuple):
    status: int
    json: Any
    headers: dict[str, str]


class Remote:
    """A client of the control API with nothing on top. A header that is None is left out, ``Host`` too."""

    def __init__(self, fake: FakeNotify) -> None:
        self.url = fake.url
        self.host = urlsplit(fake.url).netloc

    def send(
        self, method: str, target: str, body: bytes = b"", headers: Mapping[str, str | None] | None = None
    ) -> Answer:
        connection = http.client.HTTPConnection(self.host, timeout=30)
        try:
            sent = {"Host": self.host, "Content-Length": str(len(body)) if body else None, **dict(headers or {})}
            connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
            for name, value in sent.items():
                if value is not None:
                    connection.putheader(name, value)
            connection.endheaders(body)
            response = connection.getresponse()
            return Answer(response.status, json.loads(response.read() or "null"), dict(response.getheaders()))
        finally:
            connection.close()

    def get(self, target: str) -> Any:
        answer = self.send("GET", target)
        assert answer.status == 200
        return answer.json

    def write(self, method: str, target: str, content: Any = None) -> tuple[int, Any]:
        body = b"" if content is None else json.dumps(content).encode()
        answer = self.send(method, target, body, {"Content-Type": "application/json"})
        return answer.status, answer.json


@pytest.fixture
def fake() -> Iterator[FakeNotify]:
    """A fake of this test's own."""
    with FakeNotify() as made:
        yield made
        assert made._server is None or made._server.errors == []


@pytest.fixture
def remote(fake: FakeNotify) -> Remote:
    """A client of ``fake``'s control API."""
    return Remote(fake)


@pytest.fixture
def ask_notify(remote: Remote) -> Callable[..., int]:
    """Asks Notify itself for its Services, as any account."""

    def ask(user: str, method: str = "GET") -> int:
        token = b64encode(f"{user}:x".encode()).decode()
        return remote.send(method, "/v1/Services", headers={"Authorization": f"Basic {token}"}).status

    return ask


# who is let in


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.0.0.1:4010", "localhost", "LocalHost:80", "[::1]", "[::1]:4010", None]
)
def test_a_loopback_host_is_let_in(remote: Remote, host: str | None) -> None:
    answer = remote.send("GET", "/_fake/health", headers={"Host": host or remote.host})
    assert (answer.status, answer.json["status"]) == (200, "ok")


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:4010",
        "127.0.0.1.evil.example",
        "evil.example.localhost.",
        "notify.twilio.com",
        "[::2]",
        "[",
        "::1",
        "",
        None,
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_any_other_host_is_kept_out(remote: Remote, fake: FakeNotify, host: str | None, method: str) -> None:
    fake.create_service()
    answer = remote.send(method, "/_fake/reset", headers={"Host": host})
    told = f"host {host or ''!r} may not use this fake; allow it with --allow-host, or FakeNotify(allow_hosts=…)"
    assert (answer.status, answer.json, len(fake.services)) == (403, {"error": told}, 1)


@pytest.mark.parametrize("host", ["fakenotify", "FakeNotify:4010", "Fake.Example", "localhost"])
def test_a_host_can_be_allowed_by_name(host: str) -> None:
    with FakeNotify(allow_hosts=("fakenotify", "fake.example")) as fake:
        assert Remote(fake).send("GET", "/_fake/health", headers={"Host": host}).status == 200


def test_a_host_in_the_target_counts_as_the_one_asked(remote: Remote) -> None:
    assert remote.send("GET", "http://evil.example/_fake/health").status == 403


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "http://127.0.0.1",
        "http://127.0.0.1:1",
        "https://127.0.0.1:{port}",
        "http://localhost:{port}",
        "http://127.0.0.1:{port}/",
        "null",
        "",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_a_page_from_elsewhere_is_kept_out(remote: Remote, fake: FakeNotify, origin: str, method: str) -> None:
    fake.create_service()
    foreign = origin.format(port=urlsplit(fake.url).port)
    answer = remote.send(method, "/_fake/reset", headers={"Origin": foreign})
    told = f"a web page of {foreign} may not use this fake; programs and the fake's own pages may"
    assert (answer.status, answer.json, len(fake.services)) == (403, {"error": told}, 1)


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("127.0.0.1:{port}", "http://127.0.0.1:{port}"),
        ("127.0.0.1:{port}", "HTTP://127.0.0.1:{port}"),
        ("localhost:{port}", "http://localhost:{port}"),
        ("[::1]", "http://[::1]"),
    ],
)
def test_a_page_of_the_fake_itself_is_let_in(remote: Remote, fake: FakeNotify, host: str, origin: str) -> None:
    port = urlsplit(fake.url).port
    headers = {"Host": host.format(port=port), "Origin": origin.format(port=port)}
    assert [
        remote.send(*each, headers=headers).status for each in [("GET", "/_fake/state"), ("POST", "/_fake/reset")]
    ] == [
        200,
        200,
    ]


@pytest.mark.parametrize(
    "content_type", [None, "application/json", "application/json; charset=utf-8", "Application/JSON ;x", ""]
)
@pytest.mark.parametrize(
    ("method", "target"), [("POST", "/_fake/reset"), ("PUT", "/_fake/state"), ("PATCH", "/_fake/behaviour")]
)
def test_a_write_is_json_or_does_not_say(remote: Remote, method: str, target: str, content_type: str | None) -> None:
    assert remote.send(method, target, b"{}", {"Content-Type": content_type}).status == 200


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/jsonp", "json"],
)
@pytest.mark.parametrize(
    ("method", "target"), [("POST", "/_fake/reset"), ("PUT", "/_fake/state"), ("PATCH", "/_fake/behaviour")]
)
def test_a_write_that_any_page_could_send_is_refused(
    remote: Remote, fake: FakeNotify, method: str, target: str, content_type: str
) -> None:
    fake.create_service()
    answer = remote.send(method, target, b"{}", {"Content-Type": content_type})
    told = f"a write to the control API is application/json, not {content_type.partition(';')[0]}"
    assert (answer.status, answer.json, len(fake.services)) == (403, {"error": told}, 1)


@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_no_other_origin_is_invited(remote: Remote, method: str) -> None:
    headers = remote.send(method, "/_fake/reset").headers
    assert {name: value for name, value in headers.items() if name not in ("Date", "Content-Length")} == {
        "Content-Type": "application/json",
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }


# what is not there


@pytest.mark.parametrize(
    ("target", "nearest"),
    [("/_fake/helth", ["health"]), ("/_fake/State", ["state"]), ("/_fake/request", ["requests"])],
)
def test_an_unknown_route_names_those_there_are(remote: Remote, target: str, nearest: list[str]) -> None:
    answer = remote.send("GET", target)
    told = f"there is no {target}; there are: {', '.join(sorted(ROUTES))}"
    assert answer.status == 404
    assert answer.json == {"error": told, "nearest": [nearest[0], *answer.json["nearest"][1:]]}


def test_a_route_that_resembles_nothing_has_no_nearest(remote: Remote) -> None:
    answer = remote.send("GET", "/_fake/qqqqqq")
    assert (answer.status, answer.json) == (
        404,
        {"error": f"there is no /_fake/qqqqqq; there are: {', '.join(sorted(ROUTES))}"},
    )


@pytest.mark.parametrize("target", ["/_fakes/health", "/_FAKE/health", "/v1/_fake/health"])
def test_what_is_not_below_the_prefix_is_notifys(remote: Remote, fake: FakeNotify, target: str) -> None:
    assert (remote.send("GET", target).json["code"], [each.path for each in fake.requests]) == (20003, [target])


@pytest.mark.parametrize(
    ("method", "target", "known"),
    [
        ("GET", "/_fake/reset", "POST"),
        ("DELETE", "/_fake/state", "GET, PUT"),
        ("POST", "/_fake/behaviour", "GET, PATCH"),
        ("OPTIONS", "/_fake/health", "GET"),
        ("BREW", "/_fake/health", "GET"),
    ],
)
def test_an_unknown_method_names_those_there_are(remote: Remote, method: str, target: str, known: str) -> None:
    answer = remote.send(method, target)
    assert (answer.status, answer.json) == (405, {"error": f"{target} has no {method}; it has {known}"})


@pytest.mark.parametrize(
    ("target", "answer"),
    [
        (
            "/_fake/state?acount_sid=x",
            {
                "error": "/_fake/state has no query parameter 'acount_sid'; it has account_sid, secrets",
                "nearest": ["account_sid"],
            },
        ),
        (
            "/_fake/requests?x",
            {"error": "/_fake/requests has no query parameter 'x'; it has account_sid"},
        ),
        ("/_fake/health?x=y", {"error": "/_fake/health has no query parameter 'x'; it has none"}),
    ],
)
def test_an_unknown_query_parameter_names_those_there_are(remote: Remote, target: str, answer: Any) -> None:
    assert remote.send("GET", target)[:2] == (400, answer)


@pytest.mark.parametrize("target", ["/_fake/health/", "//_fake//health"])
def test_a_slash_at_the_end_is_forgiven_two_in_a_row_are_not(remote: Remote, fake: FakeNotify, target: str) -> None:
    answer = remote.send("GET", target)
    assert (answer.status, len(fake.requests)) == ((200, 0) if target.endswith("/") else (401, 1))


# what is no JSON


@pytest.mark.parametrize("body", [b"{", b"\xff\xfe", b"{'a': 1}", b"1" * 5000, b"\x00", b'{"a": 1} x', b"[" * 100_000])
def test_a_body_that_is_no_json_is_400(remote: Remote, body: bytes) -> None:
    answer = remote.send("PUT", "/_fake/state", body)
    assert (answer.status, list(answer.json), answer.json["error"][:18]) == (400, ["error"], "this is not JSON: ")


@pytest.mark.parametrize("depth", [10, 500, *range(900, 1000), 2000])
def test_json_of_any_depth_is_400_never_500(remote: Remote, depth: int) -> None:
    nested = b"[" * depth + b"]" * depth
    bodies = [nested, b'{"services": ' + nested + b"}", b'{"services": [{"friendly_name": ' + nested + b"}]}"]
    assert [remote.send("PUT", "/_fake/state", body).status for body in bodies] == [400, 400, 400]
    assert remote.send("PATCH", "/_fake/behaviour", b'{"identity_limit": ' + nested + b"}").status == 400


def test_a_body_beyond_all_measure_is_413(remote: Remote, fake: FakeNotify) -> None:
    fake.create_service()
    answer = remote.send("PUT", "/_fake/state", b" " * (CONTROL_BODY_LIMIT + 1))
    assert (answer.status, answer.json) == (413, {"error": f"the body is larger than {CONTROL_BODY_LIMIT} bytes"})
    assert len(fake.services) == 1


# health


def test_health_says_that_the_fake_is_there(remote: Remote, fake: FakeNotify, ask_notify: Callable[..., int]) -> None:
    ask_notify(fake.account_sid)
    ask_notify("nobody")
    assert remote.get("/_fake/health") == {
        "status": "ok",
        "version": __version__,
        "account_sid": fake.account_sid,
        "requests": 2,
    }


@pytest.mark.parametrize(("method", "target"), [("GET", "/_fake/health"), ("POST", "/_fake/nothing")])
def test_control_requests_are_not_journaled(remote: Remote, fake: FakeNotify, method: str, target: str) -> None:
    remote.send(method, target)
    assert fake.requests == []


# reset


@pytest.mark.parametrize("body", [b"", b"{}", b"null"])
def test_reset_empties_the_world_and_the_journal(
    remote: Remote, fake: FakeNotify, ask_notify: Callable[..., int], body: bytes
) -> None:
    fake.create_credential("fcm")
    ask_notify(fake.account_sid, "POST")
    answer = remote.send("POST", "/_fake/reset", body)
    assert (answer.status, answer.json) == (200, {"reset": "all"})
    assert (fake.services, fake.credentials, fake.requests) == ([], [], [])


def test_reset_of_one_account_leaves_the_others(
    remote: Remote, fake: FakeNotify, ask_notify: Callable[..., int]
) -> None:
    other = fake.account(OTHER_SID, "x")
    for account_sid in (fake.account_sid, OTHER_SID):
        ask_notify(account_sid, "POST")
    assert remote.write("POST", f"/_fake/reset?account_sid={OTHER_SID}") == (200, {"reset": OTHER_SID})
    assert (len(fake.services), other.services) == (1, [])
    assert [request.account_sid for request in fake.requests] == [fake.account_sid]


@pytest.mark.parametrize("content", [{"account_sid": OTHER_SID}, [], 0, False, ""])
def test_reset_takes_no_body(remote: Remote, fake: FakeNotify, content: Any) -> None:
    fake.create_service()
    assert remote.write("POST", "/_fake/reset", content) == (400, {"error": "this takes no body"})
    assert len(fake.services) == 1


def test_reset_comes_back_to_the_world_that_the_fake_began_with(remote: Remote, fake: FakeNotify) -> None:
    first = fake.create_service("first")
    fake.world.begin_here()
    fake.create_service("second")
    remote.write("POST", "/_fake/reset")
    assert fake.services == [first]


# one account or all


@pytest.mark.parametrize(("method", "target"), [("GET", "state"), ("GET", "requests"), ("POST", "reset")])
def test_an_unknown_account_names_the_nearest(remote: Remote, fake: FakeNotify, method: str, target: str) -> None:
    typo = fake.account_sid[:-1] + "0"
    assert remote.send(method, f"/_fake/{target}?account_sid={typo}")[:2] == (
        404,
        {"error": f"there is no account {typo!r}", "nearest": [fake.account_sid]},
    )


def test_an_unknown_account_like_no_other_names_some(remote: Remote, fake: FakeNotify) -> None:
    fake.account(OTHER_SID)
    assert remote.send("GET", "/_fake/state?account_sid=x")[:2] == (
        404,
        {"error": "there is no account 'x'", "nearest": [fake.account_sid, OTHER_SID]},
    )


# state


def test_the_state_of_all_or_of_one(remote: Remote, fake: FakeNotify) -> None:
    other = fake.account(OTHER_SID, "x")
    fake.create_service("mine")
    other.create_service("theirs")

    def names(target: str) -> dict[str, list[str]]:
        accounts = remote.get(target)["accounts"]
        return {sid: [each["friendly_name"] for each in account["services"]] for sid, account in accounts.items()}

    assert names("/_fake/state") == {fake.account_sid: ["mine"], OTHER_SID: ["theirs"]}
    assert names(f"/_fake/state?account_sid={OTHER_SID}") == {OTHER_SID: ["theirs"]}


@pytest.mark.parametrize(
    ("query", "shown"), [("", False), ("?secrets=false", False), ("?secrets=true", True), ("?secrets=True", True)]
)
def test_the_state_shows_a_token_only_to_who_asks_for_it(
    remote: Remote, fake: FakeNotify, query: str, shown: bool
) -> None:
    token = remote.get(f"/_fake/state{query}")["accounts"][fake.account_sid]["auth_token"]
    assert token == (fake.auth_token if shown else "[redacted]")


def test_a_state_that_was_read_can_be_put_back(remote: Remote, fake: FakeNotify) -> None:
    service = fake.create_service("kept")
    fake.create_binding(service.sid, identity="alice", binding_type="sms", address="+15005550006", tags=["vip"])
    before, state = fake.snapshot(), remote.get("/_fake/state")
    fake.reset()
    assert remote.write("PUT", "/_fake/state", state) == (200, {"loaded": [fake.account_sid]})
    assert (fake.snapshot() == before, remote.get("/_fake/state")) == (True, state)


def test_a_put_state_replaces_all_accounts(remote: Remote, fake: FakeNotify) -> None:
    fake.create_service("gone")
    assert remote.write("PUT", "/_fake/state", {"accounts": {OTHER_SID: {"services": [{"friendly_name": "new"}]}}}) == (
        200,
        {"loaded": [fake.account_sid, OTHER_SID]},
    )
    assert (fake.services, [each.friendly_name for each in fake.account(OTHER_SID).services]) == ([], ["new"])


@pytest.mark.parametrize(
    ("state", "told"),
    [
        ({"services": [{"friendly_name": "new"}, {"frendly_name": "x"}]}, "has an unknown field 'frendly_name'"),
        ({"services": [{"friendly_name": "new"}], "accounts": {"x": {}}}, "'x' is not an account sid"),
        ([], "the state is to be an object"),
        (None, "the state is to be an object"),
    ],
)
def test_a_state_is_put_whole_or_not_at_all(remote: Remote, fake: FakeNotify, state: Any, told: str) -> None:
    fake.create_service("kept")
    status, answer = remote.write("PUT", "/_fake/state", state)
    assert (status, list(answer), told in answer["error"]) == (400, ["error"], True)
    assert [each.friendly_name for each in fake.services] == ["kept"]


# requests


def test_requests_are_the_journal_oldest_first(
    remote: Remote, fake: FakeNotify, ask_notify: Callable[..., int]
) -> None:
    fake.account(OTHER_SID, "x")
    fake.clock.freeze("2027-10-31T00:00:00Z")
    ask_notify(OTHER_SID, "POST")
    ask_notify("nobody")
    service = fake.account(OTHER_SID).services[0]
    answer = remote.get("/_fake/requests")
    created = {
        "operation": "services.create",
        "method": "POST",
        "path": "/v1/Services",
        "params": {},
        "account_sid": OTHER_SID,
        "status": 201,
        "code": None,
        "message": None,
        "body": {**answer["requests"][0]["body"], "sid": service.sid, "account_sid": OTHER_SID},
        "warnings": [],
        "hints": [],
        "rule": None,
        "label": None,
        "source": None,
        "request_id": fake.requests[0].request_id,
        "date": "2027-10-31T00:00:00Z",
        "fault": None,
    }
    assert answer == {"requests": [created, answer["requests"][1]], "dropped": 0}
    assert (answer["requests"][1]["status"], answer["requests"][1]["account_sid"]) == (401, None)
    assert remote.get(f"/_fake/requests?account_sid={OTHER_SID}") == {"requests": [created], "dropped": 0}


# behaviour


def test_behaviour_shows_every_switch(remote: Remote) -> None:
    assert remote.get("/_fake/behaviour") == Behaviour(unknown_accounts="shared").to_json()


def test_behaviour_changes_what_is_given(remote: Remote, fake: FakeNotify) -> None:
    changed = Behaviour(unknown_accounts="shared", identity_limit="evict_oldest", callback_when_empty=True)
    status, answer = remote.write(
        "PATCH", "/_fake/behaviour", {"identity_limit": "evict_oldest", "callback_when_empty": True}
    )
    assert (status, answer, fake.behaviour) == (200, changed.to_json(), changed)
    assert remote.write("PATCH", "/_fake/behaviour", {}) == (200, changed.to_json())


@pytest.mark.parametrize(
    ("changes", "answer"),
    [
        (
            {"identity_limits": "evict_oldest"},
            {
                "error": "Behaviour has no switch 'identity_limits'; did you mean 'identity_limit'?",
                "nearest": ["identity_limit"],
            },
        ),
        (
            {"identity_limit": "maybe"},
            {"error": "Behaviour.identity_limit can't be 'maybe'; it is one of 'reject', 'evict_oldest'"},
        ),
        (
            {"callback_when_empty": "true"},
            {"error": "Behaviour.callback_when_empty can't be 'true'; it is one of True, False"},
        ),
        ({"callback_when_empty": True, "x": 1}, {"error": "Behaviour has no switch 'x'"}),
        ([], {"error": "the body is to be a JSON object"}),
        (None, {"error": "the body is to be a JSON object"}),
        ("x", {"error": "the body is to be a JSON object"}),
    ],
)
def test_a_switch_or_value_that_is_none_changes_nothing(
    remote: Remote, fake: FakeNotify, changes: Any, answer: Any
) -> None:
    before = fake.behaviour
    assert remote.write("PATCH", "/_fake/behaviour", changes) == (400, answer)
    assert fake.behaviour == before


# what was sent


@pytest.fixture
def sent(fake: FakeNotify) -> Any:
    """A Notification that reached one device of two, and another account's."""
    fake.clock.freeze("2027-10-31T00:00:00Z")
    fake.behaviour = Behaviour(callback_delivery="manual")
    other = fake.account(OTHER_SID, "x")
    for handle in (fake, other):
        service = handle.create_service(
            delivery_callback_url="http://127.0.0.1:9/",
            delivery_callback_enabled=True,
            messaging_service_sid="MG" + "a" * 32,
        )
        handle.create_binding(service.sid, identity="alice", binding_type="sms", address="+15005550006")
        handle.create_binding(service.sid, identity="bob", binding_type="apn", address="x")
        notification = handle.create_notification(service.sid, identities=["alice"], body="Hi")
        handle.create_notification(service.sid, to_binding=[{"binding_type": "apn", "address": "x"}], body="Hi")
    return notification


@pytest.mark.parametrize("table", ["deliveries", "alerts", "callbacks"])
def test_what_was_sent_can_be_read(remote: Remote, sent: Any, table: str) -> None:
    state = remote.get("/_fake/state")["accounts"]
    everyones = [row for account in state.values() for row in account[table]]
    assert remote.get(f"/_fake/{table}") == {table: everyones, "dropped": 0}
    assert remote.get(f"/_fake/{table}?account_sid={OTHER_SID}") == {table: state[OTHER_SID][table], "dropped": 0}
    assert len(everyones) == 2 * len(state[OTHER_SID][table]) > 0


def test_a_notification_is_explained(remote: Remote, fake: FakeNotify, sent: Any) -> None:
    explanation = fake.account(OTHER_SID).explain(sent.sid)
    alice, bob = remote.get("/_fake/state")["accounts"][OTHER_SID]["services"][0]["bindings"]
    delivery = remote.get(f"/_fake/deliveries?account_sid={OTHER_SID}")["deliveries"][0]
    answer = remote.get(f"/_fake/explain/{sent.sid}")
    assert answer == {
        "notification": answer["notification"],
        "selected": [{"binding": alice, "reason": explanation.selected[0].reason, "delivery": delivery}],
        "skipped": [{"binding": bob, "reason": explanation.skipped[0].reason, "delivery": None}],
        "text": str(explanation),
    }
    assert answer["notification"]["sid"] == sent.sid
    assert remote.get(f"/_fake/explain/{sent.sid}?account_sid={OTHER_SID}") == answer


def test_a_direct_notification_has_no_binding_to_show(remote: Remote, fake: FakeNotify, sent: Any) -> None:
    direct = fake.notifications.last
    assert remote.get(f"/_fake/explain/{direct.sid}")["selected"][0]["binding"] is None


def test_an_unknown_notification_names_the_nearest(remote: Remote, fake: FakeNotify, sent: Any) -> None:
    typo = sent.sid[:-2] + "zz"
    answer = remote.send("GET", f"/_fake/explain/{typo}")
    assert (answer.status, answer.json["error"]) == (
        404,
        f"there is no notification {typo!r}; did you mean {' or '.join(answer.json['nearest'])}?",
    )
    assert sent.sid in answer.json["nearest"]


def test_without_a_notification_there_is_none_to_explain(remote: Remote) -> None:
    assert remote.send("GET", "/_fake/explain/NT1")[:2] == (
        404,
        {"error": "there is no notification 'NT1'; none was created"},
    )
    assert remote.send("GET", "/_fake/explain/")[0] == 404
    assert remote.send("GET", "/_fake/explain")[0] == 404


# faults


def test_a_fault_is_set_met_shown_and_taken_out(
    remote: Remote, fake: FakeNotify, ask_notify: Callable[..., int]
) -> None:
    rule = {
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
    }
    fault = {"operation": "services.*", "status": 429, "retry_after": 2, "times": 1, "after": 1}
    assert remote.write("POST", "/_fake/faults", fault) == (200, rule)
    assert remote.get("/_fake/faults") == {"faults": [rule]}
    assert [ask_notify(fake.account_sid) for _ in range(3)] == [200, 429, 200]
    assert remote.get("/_fake/faults") == {"faults": [{**rule, "fired": 1, "active": False}]}
    assert remote.write("DELETE", "/_fake/faults") == (200, {"deleted": 1})
    assert remote.get("/_fake/faults") == {"faults": []}


@pytest.mark.parametrize(
    ("fault", "shown"),
    [
        ({"fault": "latency", "seconds": 0}, {"fault": "latency", "seconds": 0, "phase": "before"}),
        ({"fault": "stall", "phase": "after"}, {"fault": "stall", "phase": "after"}),
        ({"fault": "slow_body", "seconds": 0.5}, {"fault": "slow_body", "seconds": 0.5, "phase": "after"}),
        ({"fault": "rate_limit", "requests": 1, "seconds": 2}, {"fault": "rate_limit", "requests": 1, "seconds": 2}),
        ({"fault": "http", "status": 400, "code": 20422, "message": "no"}, {"code": 20422, "message": "no"}),
        ({"fault": "garbage", "times": None, "optional": True}, {"times": None, "optional": True}),
        ({"fault": "empty_reply"}, {"fault": "empty_reply"}),
        ({"fault": "reset_connection"}, {"fault": "reset_connection"}),
        ({"fault": "truncate_body"}, {"fault": "truncate_body"}),
    ],
)
def test_every_kind_of_fault_can_be_set(remote: Remote, fault: dict[str, Any], shown: dict[str, Any]) -> None:
    status, answer = remote.write("POST", "/_fake/faults", {"operation": "bindings.create", **fault})
    assert (status, answer) == (200, {**answer, **shown})


@pytest.mark.parametrize(
    ("fault", "error", "nearest"),
    [
        ({}, "a fault needs an operation, e.g. 'bindings.*' or 'notifications.create'", None),
        ({"operation": "binding.create", "status": 429}, "no operation fits 'binding.create'", "bindings.create"),
        ({"operation": 5, "status": 429}, "no operation fits 5", None),
        ({"operation": [], "status": 429}, "no operation fits []", None),
        ({"operation": "*"}, "fault http takes status, code, message, retry_after: some are missing", "status"),
        ({"operation": "*", "fault": "stal"}, "there is no fault 'stal'; there are http, ", "stall"),
        ({"operation": "*", "fault": ["stall"]}, "there is no fault ['stall']; there are http, ", None),
        ({"operation": "*", "fault": "stall", "x": 1}, "fault stall takes no arguments: it has no 'x'", None),
        ({"operation": "*", "fault": "latency", "second": 1}, "fault latency takes seconds: it has no", "seconds"),
        (
            {"operation": "*", "status": 200},
            "status must be an HTTP error, a whole number",
            None,
        ),
        (
            {"operation": "*", "status": "429"},
            "status must be an HTTP error, a whole number",
            None,
        ),
        (
            {"operation": "*", "status": 429, "retry_after": "x"},
            "retry_after must be a number of seconds",
            None,
        ),
        ({"operation": "*", "status": 429, "code": "x"}, "", None),
        ({"operation": "*", "status": 429, "code": []}, "", None),
        ({"operation": "*", "status": 429, "message": 5}, "", None),
        ({"operation": "*", "status": 429, "times": 0}, "times must be a whole number from 1", None),
        ({"operation": "*", "status": 429, "after": "x"}, "after must be a whole number from 0, not 'x'", None),
        ({"operation": "*", "status": 429, "optional": "x"}, "", None),
        (
            {"operation": "*", "status": 429, "phase": "later"},
            "phase must be 'before' or 'after'",
            None,
        ),
        ({"operation": "*", "status": 429, "phase": []}, "phase must be 'before' or 'after'", None),
        (
            {"operation": "*", "fault": "truncate_body", "phase": "before"},
            "truncate_body can only act after",
            None,
        ),
        (
            {"operation": "*", "fault": "latency", "seconds": float("nan")},
            "seconds must be a number",
            None,
        ),
        ([], "the body is to be a JSON object", None),
    ],
)
def test_a_fault_that_cannot_be_is_refused(
    remote: Remote, fake: FakeNotify, fault: Any, error: str, nearest: str | None
) -> None:
    status, answer = remote.write("POST", "/_fake/faults", fault)
    assert (status, answer["error"][: len(error)], fake.faults) == (400, error, [])
    assert nearest in answer.get("nearest", [None]) or nearest is None


@pytest.mark.parametrize("in_query", [True, False])
def test_a_fault_may_be_one_accounts(
    remote: Remote, fake: FakeNotify, ask_notify: Callable[..., int], in_query: bool
) -> None:
    fake.account(OTHER_SID, "x")
    query, more = (f"?account_sid={OTHER_SID}", {}) if in_query else ("", {"account_sid": OTHER_SID})
    status, answer = remote.write("POST", f"/_fake/faults{query}", {"operation": "*", "status": 503, **more})
    assert (status, answer["account_sid"]) == (200, OTHER_SID)
    assert [ask_notify(fake.account_sid), ask_notify(OTHER_SID)] == [200, 503]
    assert remote.write("DELETE", f"/_fake/faults?account_sid={fake.account_sid}") == (200, {"deleted": 0})
    assert remote.write("DELETE", f"/_fake/faults?account_sid={OTHER_SID}") == (200, {"deleted": 1})


@pytest.mark.parametrize("target", ["/_fake/faults", "/_fake/outcomes"])
@pytest.mark.parametrize("account_sid", [UNKNOWN_SID, 5, ["x"], {}])
def test_what_is_for_an_unknown_account_is_refused(remote: Remote, target: str, account_sid: Any) -> None:
    content = {
        "account_sid": account_sid,
        **({"operation": "*", "status": 503} if "faults" in target else {"code": 52141}),
    }
    status, answer = remote.write("POST", target, content)
    assert (status in (400, 404), "error" in answer) == (True, True)


def test_a_fault_is_taken_out_by_its_id(remote: Remote) -> None:
    for _ in range(3):
        remote.write("POST", "/_fake/faults", {"operation": "*", "status": 503})
    assert remote.write("DELETE", "/_fake/faults?id=2") == (200, {"deleted": 1})
    assert [each["id"] for each in remote.get("/_fake/faults")["faults"]] == [1, 3]
    assert remote.write("DELETE", "/_fake/faults?id=2") == (
        404,
        {"error": "there is no fault '2'", "nearest": ["1", "3"]},
    )


def test_control_requests_meet_no_fault(remote: Remote) -> None:
    remote.write("POST", "/_fake/faults", {"operation": "*", "status": 503})
    assert remote.get("/_fake/health")["status"] == "ok"


# outcomes


def test_an_outcome_is_set_met_shown_and_taken_out(remote: Remote, fake: FakeNotify) -> None:
    service = fake.create_service(messaging_service_sid="MG" + "a" * 32)
    rule = {
        "account_sid": fake.account_sid,
        "code": 52168,
        "address": "+15005550006",
        "identity": None,
        "binding_type": "sms",
        "times": 1,
        "used": 0,
    }
    content = {name: rule[name] for name in ("code", "address", "binding_type", "times")}
    assert remote.write("POST", "/_fake/outcomes", {**content, "code": 52141}) == (200, {**rule, "code": 52141})
    assert remote.get("/_fake/outcomes") == {"outcomes": [{**rule, "code": 52141}]}
    fake.create_notification(
        service.sid, to_binding=[{"binding_type": "sms", "address": "+15005550006"}] * 2, body="Hi"
    )
    assert [each["error_code"] for each in remote.get("/_fake/deliveries")["deliveries"]][:1] == [52141]
    assert remote.get("/_fake/outcomes")["outcomes"][0]["used"] == 1
    assert remote.write("DELETE", "/_fake/outcomes") == (200, {"deleted": 1})
    assert remote.get("/_fake/outcomes") == {"outcomes": []}


@pytest.mark.parametrize("in_query", [True, False])
def test_an_outcome_may_be_one_accounts(remote: Remote, fake: FakeNotify, in_query: bool) -> None:
    fake.account(OTHER_SID, "x")
    query, more = (f"?account_sid={OTHER_SID}", {}) if in_query else ("", {"account_sid": OTHER_SID})
    status, answer = remote.write("POST", f"/_fake/outcomes{query}", {"code": 52141, **more})
    assert (status, answer["account_sid"]) == (200, OTHER_SID)
    assert remote.get(f"/_fake/outcomes?account_sid={fake.account_sid}") == {"outcomes": []}
    assert remote.write("DELETE", f"/_fake/outcomes?account_sid={OTHER_SID}") == (200, {"deleted": 1})


@pytest.mark.parametrize(
    ("outcome", "error", "nearest"),
    [
        ({}, "None is no delivery outcome", None),
        ({"code": 52301}, "52301 (", None),
        ({"code": "52141"}, "'52141' is no delivery outcome", "52141"),
        ({"code": []}, "[] is no delivery outcome", None),
        ({"code": 52141, "adress": "x"}, "an outcome has no 'adress'; it has code, address, identity, ", "address"),
        ({"code": 52141, "binding_type": "apns"}, "no binding type 'apns'; nearest: apn", "apn"),
        ({"code": 52141, "binding_type": []}, "no binding type []", None),
        ({"code": 52141, "address": 5}, "address is a text, not 5", None),
        ({"code": 52141, "times": 0}, "times is a whole number from 1, or None for good, not 0", None),
        (None, "the body is to be a JSON object", None),
    ],
)
def test_an_outcome_that_cannot_be_is_refused(
    remote: Remote, fake: FakeNotify, outcome: Any, error: str, nearest: str | None
) -> None:
    status, answer = remote.write("POST", "/_fake/outcomes", outcome)
    assert (status, answer["error"][: len(error)]) == (400, error)
    assert nearest in answer.get("nearest", [None]) or nearest is None
    assert remote.get("/_fake/outcomes") == {"outcomes": []}


# clock


def test_the_clock_is_read_and_moved(remote: Remote, fake: FakeNotify) -> None:
    def move(content: Any) -> Any:
        status, answer = remote.write("POST", "/_fake/clock", content)
        assert (status, answer) == (200, remote.get("/_fake/clock"))
        return answer

    assert move({"freeze": "2027-10-31T00:00:00Z"}) == {"now": "2027-10-31T00:00:00Z", "frozen": True}
    assert move({"shift": 3600})["now"] == "2027-10-31T01:00:00Z"
    assert move({"shift": -0.5})["now"] == "2027-10-31T00:59:59.500000Z"
    assert move({"tick": 0.5})["now"] == "2027-10-31T01:00:00Z"
    assert move({"move_to": "2028-01-01T00:00:00+01:00"}) == {"now": "2027-12-31T23:00:00Z", "frozen": True}
    for again in ({"resume": True}, {"freeze": False}):
        status, running = remote.write("POST", "/_fake/clock", again)
        assert (status, running["frozen"], fake.clock.frozen) == (200, False, False)
        assert move({"freeze": True})["frozen"] is True


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"shift": 1, "tick": 1},
        {"shft": 1},
        {"shift": "1"},
        {"shift": True},
        {"shift": None},
        {"shift": float("nan")},
        {"shift": float("inf")},
        {"shift": 1e300},
        {"shift": 10**400},
        {"tick": []},
        {"move_to": True},
        {"move_to": "soon"},
        {"move_to": 5},
        {"move_to": "0001-01-01T00:00:00+23:00"},
        {"freeze": "soon"},
        {"freeze": 5},
        {"resume": "2027-10-31T00:00:00Z"},
        {"resume": False},
        [],
        None,
    ],
)
def test_a_move_of_the_clock_that_cannot_be_is_refused(remote: Remote, fake: FakeNotify, content: Any) -> None:
    fake.clock.freeze("2027-10-31T00:00:00Z")
    status, answer = remote.write("POST", "/_fake/clock", content)
    assert (status, "error" in answer) == (400, True)
    assert remote.get("/_fake/clock") == {"now": "2027-10-31T00:00:00Z", "frozen": True}


# events


class Stream:
    """An open stream of events."""

    def __init__(self, remote: Remote, query: str = "") -> None:
        self.connection = http.client.HTTPConnection(remote.host, timeout=5)
        self.connection.request("GET", f"/_fake/events{query}")
        self.response = self.connection.getresponse()

    def block(self) -> list[str]:
        """The lines up to the next empty one."""
        return [line.decode().rstrip("\n") for line in iter(self.response.readline, b"\n") if line]

    def close(self) -> None:
        self.response.close()
        self.connection.close()


@pytest.fixture
def stream(remote: Remote) -> Iterator[Callable[..., Stream]]:
    """Opens streams of events; they are closed at the end."""
    opened: list[Stream] = []

    def open_one(query: str = "") -> Stream:
        opened.append(Stream(remote, query))
        assert opened[-1].block() == [": fakenotify"]
        return opened[-1]

    yield open_one
    for each in opened:
        each.close()


def test_events_tell_each_request_as_it_comes(
    fake: FakeNotify, stream: Callable[..., Stream], ask_notify: Callable[..., int]
) -> None:
    events = stream()
    assert (events.response.status, events.response.getheader("Content-Type")) == (200, "text/event-stream")
    assert ask_notify(fake.account_sid, "POST") == 201
    kind, data = events.block()
    assert (kind, json.loads(data.removeprefix("data: "))) == (
        "event: request",
        {
            "operation": "services.create",
            "method": "POST",
            "path": "/v1/Services",
            "status": 201,
            "code": None,
            "sid": fake.services.last.sid,
            "account_sid": fake.account_sid,
            "request_id": fake.requests.last.request_id,
            "warnings": [],
            "hints": [],
            "rule": None,
            "label": None,
            "fault": None,
        },
    )


def test_events_may_be_one_accounts(
    fake: FakeNotify, stream: Callable[..., Stream], ask_notify: Callable[..., int]
) -> None:
    fake.account(OTHER_SID, "x")
    events = stream(f"?account_sid={OTHER_SID}")
    ask_notify(fake.account_sid)
    ask_notify(OTHER_SID)
    assert json.loads(events.block()[1].removeprefix("data: "))["account_sid"] == OTHER_SID


def test_a_silent_stream_says_that_it_is_still_there(
    stream: Callable[..., Stream], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operations, "HEARTBEAT", 0.05)
    assert stream().block() == [": still here"]


def test_events_end_with_the_fake(fake: FakeNotify, stream: Callable[..., Stream]) -> None:
    events = stream()
    fake.stop()
    assert events.response.read() == b""


def test_events_end_with_the_world(fake: FakeNotify, stream: Callable[..., Stream]) -> None:
    events = stream()
    fake.renew()
    assert events.response.read() == b""


def test_a_listener_that_has_left_is_forgotten(
    fake: FakeNotify, stream: Callable[..., Stream], ask_notify: Callable[..., int]
) -> None:
    before = len(fake.world.journal._listeners)
    events = stream()
    assert len(fake.world.journal._listeners) == before + 1
    events.close()

    def forgotten() -> bool:
        ask_notify(fake.account_sid)
        return len(fake.world.journal._listeners) == before

    assert fake.wait_for(forgotten)


# the description


def test_the_description_names_every_route_and_method(remote: Remote) -> None:
    document = remote.get("/_fake/openapi.json")
    described = {path: sorted(methods) for path, methods in document["paths"].items()}
    assert described == {
        f"/_fake/{path}": sorted(method.lower() for method in methods) for path, methods in ROUTES.items()
    }
    assert (document["openapi"], document["info"]["version"]) == ("3.1.0", __version__)


@pytest.mark.parametrize("target", ["health", "requests", "deliveries", "alerts", "callbacks", "clock", "faults"])
def test_what_is_answered_has_the_fields_of_its_description(
    remote: Remote, fake: FakeNotify, sent: Any, target: str
) -> None:
    remote.write("POST", "/_fake/faults", {"operation": "*", "status": 503})
    fake.client(in_process=True)
    document = remote.get("/_fake/openapi.json")
    schema = document["paths"][f"/_fake/{target}"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    answer = remote.get(f"/_fake/{target}")
    assert sorted(answer) == sorted(schema["properties"]) == sorted(schema["required"])
    for name, rows in answer.items():
        if isinstance(rows, list):
            for row in rows:
                described = schema["properties"][name]["items"]
                assert set(described["required"]) <= set(row)
                assert described["additionalProperties"] or set(row) <= set(described["properties"])


# anything at all


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
WORDS = [
    "operation",
    "fault",
    "status",
    "code",
    "message",
    "retry_after",
    "seconds",
    "requests",
    "times",
    "after",
    "phase",
    "optional",
    "account_sid",
    "address",
    "identity",
    "binding_type",
    "shift",
    "tick",
    "move_to",
    "freeze",
    "resume",
    "services",
    "credentials",
    "accounts",
    "fakenotify",
    "identity_limit",
    "id",
    "bindings",
    "sid",
    "auth_token",
    "deliveries",
    "alerts",
    "callbacks",
]
VALUES = JSON | st.sampled_from(["*", "stall", "bindings.*", 429, 52141, OTHER_SID, "2027-10-31T00:00:00Z", "sms"])
CONTENT = JSON | st.dictionaries(st.sampled_from(WORDS), VALUES, max_size=5)
WRITES = [(method, path) for path, methods in ROUTES.items() for method in methods if method != "GET"]


@pytest.fixture(scope="module")
def battered() -> Iterator[FakeNotify]:
    """A fake that is written to without sense."""
    with FakeNotify() as made:
        yield made


@settings(max_examples=300, deadline=None)
@given(
    write=st.sampled_from(WRITES),
    content=CONTENT,
    query=st.dictionaries(st.sampled_from(["account_sid", "id"]), st.text(max_size=3), max_size=1),
)
def test_whatever_is_written_is_done_or_refused(
    battered: FakeNotify, write: tuple[str, str], content: Any, query: dict[str, str]
) -> None:
    remote = Remote(battered)
    method, path = write
    status, answer = remote.write(method, f"/_fake/{path}?{urlencode(query)}", content)
    assert battered._server is not None
    assert (status in (200, 400, 404), battered._server.errors) == (True, [])
    assert status == 200 or "error" in answer


def test_without_a_socket_there_is_the_same_control_api(fake: FakeNotify) -> None:
    """As for any other WSGI server that the application is given to."""
    started: list[Any] = []
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/_fake/health",
        "HTTP_HOST": "localhost",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "wsgi.url_scheme": "http",
    }
    body = b"".join(fake.wsgi_app(environ, lambda status, headers: started.append(status)))
    assert (started, json.loads(body)["status"]) == (["200 OK"], "ok")
