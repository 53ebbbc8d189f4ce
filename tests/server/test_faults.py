"""What goes wrong when a fault was set: what arrives, what has happened, who is met, and what the report says."""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
import requests
from twilio.base.exceptions import TwilioRestException

from fakenotify import Account, FakeNotify, Fault
from fakenotify.core.errors import UnknownName
from fakenotify.faults.fault import MOST_SECONDS, Broken, NoPause
from fakenotify.faults.http_error import CODES, WORDS
from fakenotify.faults.kinds import KINDS
from fakenotify.faults.rate_limit import RateLimit
from fakenotify.notify.dispatch import ROUTES, Call

pytest_plugins = ["pytester"]

NOW = "2027-06-01T12:00:00Z"
LONG = 30.0
"""Longer than any test waits: what takes so long has to be ended by somebody."""

EXAMPLES: dict[str, Fault] = {
    "http": Fault.http(503),
    "latency": Fault.latency(0),
    "slow_body": Fault.slow_body(0),
    "reset_connection": Fault.reset_connection(),
    "empty_reply": Fault.empty_reply(),
    "truncate_body": Fault.truncate_body(),
    "garbage": Fault.garbage(),
    "stall": Fault.stall(),
    "rate_limit": RateLimit(1, 60),
}


class Client:
    """A connection that shows the bytes that arrive."""

    def __init__(self, handle: Account, timeout: float = 10.0) -> None:
        self.authorization = b64encode(f"{handle.account_sid}:{handle.auth_token}".encode()).decode()
        parts = urlsplit(handle.url)
        self.socket = socket.create_connection((parts.hostname, parts.port), timeout)

    def ask(self, method: str = "POST", path: str = "/v1/Services", form: Any = ()) -> None:
        body = urlencode(form)
        lines = [
            f"{method} {path} HTTP/1.1",
            "Host: notify.twilio.com",
            f"Authorization: Basic {self.authorization}",
            "Content-Type: application/x-www-form-urlencoded",
            f"Content-Length: {len(body)}",
            "Connection: close",
            "",
            body,
        ]
        self.socket.sendall("\r\n".join(lines).encode())

    def some(self, until: Callable[[bytes], bool]) -> bytes:
        """What arrives, until it is enough."""
        arrived = b""
        while not until(arrived):
            piece = self.socket.recv(65536)
            assert piece
            arrived += piece
        return arrived

    def rest(self) -> bytes:
        """Everything up to the end."""
        return b"".join(iter(lambda: self.socket.recv(65536), b""))


@pytest.fixture
def fake(open_fake: Callable[..., FakeNotify]) -> FakeNotify:
    return open_fake(frozen=NOW)


@pytest.fixture
def dial() -> Iterator[Callable[..., Client]]:
    """Opens connections; they are closed at the end."""
    opened: list[Client] = []

    def make(handle: Account, timeout: float = 10.0) -> Client:
        opened.append(Client(handle, timeout))
        return opened[-1]

    yield make
    for each in opened:
        each.socket.close()


@pytest.fixture
def arrives(dial: Callable[..., Client]) -> Callable[..., bytes]:
    """Asks, and tells all that arrives."""

    def ask(handle: Account, *request: Any, timeout: float = 10.0) -> bytes:
        client = dial(handle, timeout)
        client.ask(*request)
        return client.rest()

    return ask


@pytest.fixture
def status(arrives: Callable[..., bytes]) -> Callable[..., int | None]:
    """Asks, and tells the status that arrives; None where nothing does."""

    def ask(handle: Account, *request: Any) -> int | None:
        arrived = arrives(handle, *request)
        return int(arrived.split()[1]) if arrived else None

    return ask


def split(arrived: bytes) -> tuple[dict[str, str], bytes]:
    """Headers, lower-case, and body."""
    head, _, body = arrived.partition(b"\r\n\r\n")
    return dict(line.lower().split(": ", 1) for line in head.decode().split("\r\n")[1:]), body


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    began = time.monotonic()
    yield
    assert time.monotonic() - began < seconds


# what faults are


def test_there_is_an_example_of_every_kind_here() -> None:
    assert list(EXAMPLES) == list(KINDS) == [each.kind for each in EXAMPLES.values()]


@pytest.mark.parametrize(
    ("fault", "words", "told"),
    [
        (Fault.http(503), "http(status=503)", {"fault": "http", "status": 503}),
        (
            Fault.http(429, 20429, "Slow down", 2),
            "http(status=429, code=20429, message='Slow down', retry_after=2)",
            {"fault": "http", "status": 429, "code": 20429, "message": "Slow down", "retry_after": 2},
        ),
        (Fault.latency(0.5), "latency(seconds=0.5)", {"fault": "latency", "seconds": 0.5}),
        (Fault.slow_body(2), "slow_body(seconds=2)", {"fault": "slow_body", "seconds": 2}),
        (Fault.reset_connection(), "reset_connection()", {"fault": "reset_connection"}),
        (Fault.empty_reply(), "empty_reply()", {"fault": "empty_reply"}),
        (Fault.truncate_body(), "truncate_body()", {"fault": "truncate_body"}),
        (Fault.garbage(), "garbage()", {"fault": "garbage"}),
        (Fault.stall(), "stall()", {"fault": "stall"}),
        (
            RateLimit(2, 60),
            "rate_limit(requests=2, seconds=60)",
            {"fault": "rate_limit", "requests": 2, "seconds": 60},
        ),
    ],
)
def test_a_fault_is_told_in_words_and_as_json(fault: Fault, words: str, told: dict[str, Any]) -> None:
    assert (str(fault), fault.told()) == (words, told)


def test_equal_faults_are_equal() -> None:
    assert Fault.latency(1) == Fault.latency(1) != Fault.latency(2)
    assert RateLimit(1, 60) == RateLimit(1, 60) != RateLimit(2, 60)
    assert len({Fault.stall(), Fault.stall(), Fault.garbage()}) == 2


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Fault.http(200), "status is an HTTP error, 400 to 599, not 200"),
        (lambda: Fault.http(600), "status is an HTTP error, 400 to 599, not 600"),
        (lambda: Fault.http("429"), "status is an HTTP error, 400 to 599, not '429'"),
        (lambda: Fault.http(True), "status is an HTTP error, 400 to 599, not True"),
        (lambda: Fault.http(429, "20429"), "code is a whole number, not '20429'"),
        (lambda: Fault.http(429, True), "code is a whole number, not True"),
        (lambda: Fault.http(429, message=5), "message is a text, not 5"),
        (lambda: Fault.http(429, retry_after=-1), "retry_after is a number from 0, not -1"),
        (lambda: Fault.http(429, retry_after="2"), "retry_after is a number from 0, not '2'"),
        (lambda: Fault.latency(-0.1), "seconds is a number from 0, not -0.1"),
        (lambda: Fault.latency(float("nan")), "seconds is a number from 0, not nan"),
        (lambda: Fault.latency(float("inf")), f"seconds is at most {MOST_SECONDS}"),
        (lambda: Fault.latency(10**400), f"seconds is at most {MOST_SECONDS}"),
        (lambda: Fault.latency(True), "seconds is a number from 0, not True"),
        (lambda: Fault.slow_body("1"), "seconds is a number from 0, not '1'"),
        (lambda: RateLimit(0, 60), "requests is a whole number from 1 to 1000000000, not 0"),
        (lambda: RateLimit(1.5, 60), "requests is a whole number from 1 to 1000000000, not 1.5"),
        (lambda: RateLimit(True, 60), "requests is a whole number from 1 to 1000000000, not True"),
        (lambda: RateLimit(10**10, 60), "requests is a whole number from 1 to 1000000000, not 10000000000"),
        (lambda: RateLimit(1, 0), "seconds is more than 0"),
        (lambda: RateLimit(1, -1), "seconds is a number from 0, not -1"),
    ],
)
def test_a_fault_that_cannot_be_is_a_value_error(make: Callable[[], Fault], message: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011  # the whole message is compared
        make()
    assert str(caught.value) == message


# http


@pytest.mark.parametrize(("status", "words"), WORDS.items())
def test_a_status_brings_twilios_code_and_words(
    fake: FakeNotify, arrives: Callable[..., bytes], status: int, words: tuple[int, str]
) -> None:
    fake.fail("services.create", status=status)
    code, message = words
    arrived = arrives(fake)
    headers, body = split(arrived)

    assert arrived.startswith(f"HTTP/1.1 {status} ".encode())
    assert json.loads(body) == {
        "code": code,
        "message": message,
        "more_info": f"https://www.twilio.com/docs/errors/{code}",
        "status": status,
    }
    assert (headers["content-type"], "retry-after" in headers) == ("application/json; charset=utf-8", False)


@pytest.mark.parametrize(
    ("fault", "code", "message"),
    [
        (Fault.http(418), 20418, "I'm a Teapot"),
        (Fault.http(599), 20599, "Error"),
        (Fault.http(403, 20008), 20008, "Resource not accessible with Test Account Credentials"),
        (Fault.http(403, 403), 403, "Service cannot be used"),
        (Fault.http(403, 12345), 12345, "Service cannot be used"),
        (Fault.http(500, message="Oh no"), 20500, "Oh no"),
        (Fault.http(500, 70002, ""), 70002, ""),
        *((Fault.http(status, code), code, message) for code, (status, message) in CODES.items()),
    ],
)
def test_code_and_words_may_be_others(
    fake: FakeNotify, arrives: Callable[..., bytes], fault: Fault, code: int, message: str
) -> None:
    fake.fail("services.create", fault)
    told = json.loads(split(arrives(fake))[1])
    assert (told["code"], told["message"]) == (code, message)


@pytest.mark.parametrize(
    ("seconds", "header"), [(0, "0"), (2, "2"), (0.5, "0.5"), (120.0, "120"), (86_400_000, "86400000"), (1e-9, "0")]
)
def test_retry_after_is_plain_seconds(
    fake: FakeNotify, arrives: Callable[..., bytes], seconds: float, header: str
) -> None:
    fake.fail("services.create", status=429, retry_after=seconds)
    assert split(arrives(fake))[0]["retry-after"] == header


# what arrives


def test_a_reset_is_a_reset(fake: FakeNotify, arrives: Callable[..., bytes]) -> None:
    fake.fail("services.create", Fault.reset_connection())
    with pytest.raises(ConnectionResetError):
        arrives(fake)


def test_an_empty_reply_is_an_end_without_a_word(fake: FakeNotify, arrives: Callable[..., bytes]) -> None:
    fake.fail("services.create", Fault.empty_reply())
    assert arrives(fake) == b""


def test_garbage_is_not_http(fake: FakeNotify, arrives: Callable[..., bytes]) -> None:
    fake.fail("services.create", Fault.garbage())
    arrived = arrives(fake)
    assert b"not HTTP" in arrived
    assert not arrived.startswith(b"HTTP/")


def test_a_truncated_body_is_the_whole_head_and_half_of_the_body(
    fake: FakeNotify, arrives: Callable[..., bytes]
) -> None:
    fake.fail("services.create", Fault.truncate_body(), times=1)
    headers, body = split(arrives(fake))
    whole = json.dumps(_represented(fake)).encode()
    assert body == whole[: len(whole) // 2]
    assert headers["content-length"] == str(len(whole))


def _represented(fake: FakeNotify) -> Any:
    return fake.requests.last.body


@pytest.mark.parametrize("in_process", [False, True])
def test_an_answer_without_a_body_cannot_be_truncated(fake: FakeNotify, in_process: bool) -> None:
    """A 204 has arrived when its head has; in process it is the same."""
    service = fake.create_service()
    fake.fail("services.delete", Fault.truncate_body())
    assert fake.client(in_process=in_process).notify.v1.services(service.sid).delete() is True


def test_latency_delays_the_answer_and_nothing_else(fake: FakeNotify, arrives: Callable[..., bytes]) -> None:
    fake.fail("services.create", Fault.latency(0.1))
    began = time.monotonic()
    arrived = arrives(fake)
    assert time.monotonic() - began >= 0.1
    assert arrived.startswith(b"HTTP/1.1 201 CREATED")
    assert json.loads(split(arrived)[1])["sid"] == fake.services.last.sid


def test_a_slow_body_comes_in_two_halves(fake: FakeNotify, dial: Callable[..., Client]) -> None:
    fake.fail("services.create", Fault.slow_body(LONG))
    client = dial(fake)
    client.ask()
    first = client.some(lambda arrived: b"\r\n\r\n{" in arrived)
    client.socket.settimeout(0.05)
    with pytest.raises(TimeoutError):
        client.rest()
    client.socket.settimeout(5)
    fake.renew()
    second = client.rest()

    headers, body = split(first + second)
    assert len(split(first)[1]) == int(headers["content-length"]) // 2
    assert json.loads(body)["date_created"] == NOW


def test_a_stall_lasts_until_the_client_gives_up(fake: FakeNotify, dial: Callable[..., Client]) -> None:
    fake.fail("services.create", Fault.stall())
    client = dial(fake, 0.1)
    client.ask()
    with pytest.raises(TimeoutError):
        client.rest()
    server = fake._server
    assert server is not None
    assert len(server._connections) == 1
    client.socket.close()
    fake.wait_for(lambda: not server._connections)
    assert server.errors == []


def test_a_client_that_hangs_up_ends_a_stall_too(fake: FakeNotify, dial: Callable[..., Client]) -> None:
    rule = fake.fail("services.create", Fault.stall())
    client = dial(fake)
    client.ask()
    fake.wait_for(lambda: rule.fired)
    client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # a reset, not a close
    client.socket.close()
    server = fake._server
    assert server is not None
    fake.wait_for(lambda: not server._connections)
    assert server.errors == []


def test_a_client_that_leaves_during_a_delay_is_nobodys_error(fake: FakeNotify, dial: Callable[..., Client]) -> None:
    fake.fail("services.create", Fault.latency(0.1), times=1)
    fake.fail("services.create", Fault.slow_body(0.1), times=1)
    for _ in range(2):
        client = dial(fake)
        client.ask()
        client.socket.close()
    server = fake._server
    assert server is not None
    fake.wait_for(lambda: len(fake.requests) == 2 and not server._connections)
    assert (len(fake.services), server.errors) == (2, [])


@pytest.mark.parametrize("ending", ["stop", "renew"])
@pytest.mark.parametrize(
    ("fault", "arrived"), [(Fault.latency(LONG), b"HTTP/1.1 201 CREATED"), (Fault.slow_body(LONG), b"HTTP/1.1 201")]
)
@pytest.mark.parametrize("phase", ["before", "after"])
def test_a_delay_ends_at_once_with_the_test(
    fake: FakeNotify, dial: Callable[..., Client], ending: str, fault: Fault, arrived: bytes, phase: Any
) -> None:
    rule = fake.fail("services.create", fault, phase="after" if fault.needs_answer else phase)
    client = dial(fake)
    client.ask()
    fake.wait_for(lambda: rule.fired)
    with at_most(2):
        getattr(fake, ending)()
        with suppress(ConnectionResetError):
            assert client.rest().startswith(arrived) or ending == "stop"  # which closes what has nothing to say yet


@pytest.mark.parametrize("ending", ["stop", "renew"])
@pytest.mark.parametrize("phase", ["before", "after"])
def test_a_stall_ends_at_once_with_the_test(
    fake: FakeNotify, dial: Callable[..., Client], ending: str, phase: Any
) -> None:
    rule = fake.fail("services.create", Fault.stall(), phase=phase)
    client = dial(fake)
    client.ask()
    fake.wait_for(lambda: rule.fired)
    with at_most(2):
        getattr(fake, ending)()
        assert client.rest() == b""


def test_after_a_restart_there_are_delays_again(fake: FakeNotify, arrives: Callable[..., bytes]) -> None:
    fake.start()
    fake.stop()
    fake.start()
    fake.fail("services.create", Fault.latency(0.1))
    began = time.monotonic()
    arrives(fake)
    assert time.monotonic() - began >= 0.1


# before and after the effect


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("phase", ["before", "after"])
def test_before_the_effect_nothing_has_happened_and_after_it_all_has(
    fake: FakeNotify, dial: Callable[..., Client], kind: str, phase: Any
) -> None:
    fault = EXAMPLES[kind]
    if phase not in fault.phases:
        message = rf"^{kind} acts {fault.phases[0]} the effect; phase can't be '{phase}'$"
        with pytest.raises(ValueError, match=message):
            fake.fail("services.create", fault, phase=phase)
        return
    happens = phase == "after" or kind in ("latency", "rate_limit")
    rule = fake.fail("services.create", fault, phase=phase)
    client = dial(fake, 0.3)
    client.ask()
    with suppress(TimeoutError, ConnectionResetError):
        client.rest()

    client.socket.close()
    fake.wait_for(lambda: fake.requests)
    assert (len(fake.services), rule.fired, rule.phase) == (int(happens), 1, phase)


@pytest.mark.parametrize(
    ("kind", "phase"), [(kind, phase) for kind, fault in EXAMPLES.items() for phase in fault.phases[:1]]
)
def test_every_kind_has_a_phase_of_its_own(fake: FakeNotify, kind: str, phase: str) -> None:
    expected = "after" if kind in ("slow_body", "truncate_body") else "before"
    assert (fake.fail("*", EXAMPLES[kind], optional=True).phase, phase) == (expected, expected)


def test_an_error_that_comes_after_the_effect_hides_it(fake: FakeNotify, status: Callable[..., int | None]) -> None:
    fake.fail("services.create", status=500, phase="after")
    assert (status(fake), len(fake.services)) == (500, 1)


def test_an_error_of_the_request_is_hidden_as_well(fake: FakeNotify, status: Callable[..., int | None]) -> None:
    fake.fail("credentials.create", status=503, phase="after")
    assert status(fake, "POST", "/v1/Credentials", {"Type": "fax"}) == 503
    assert fake.credentials == []


def test_a_request_that_is_not_let_in_or_has_no_route_meets_no_fault(
    open_fake: Callable[..., FakeNotify], status: Callable[..., int | None]
) -> None:
    fake = open_fake(unknown_accounts="own")
    rule = fake.fail("*", status=503)
    mallory = fake.account()
    asking = Client(mallory)
    asking.authorization = "bm9ib2R5Ong="
    asking.ask()
    assert asking.rest().startswith(b"HTTP/1.1 401 ")
    asking.socket.close()
    assert [status(fake, "GET", "/v1/Nothing"), status(fake, "DELETE", "/v1/Services")] == [404, 405]
    assert rule.fired == 0
    assert status(fake, "GET", "/v1/Services/IS71") == 503


# who is met


def test_the_next_times_requests_meet_a_fault_and_then_no_more(
    fake: FakeNotify, status: Callable[..., int | None]
) -> None:
    rule = fake.fail("services.create", status=503, times=2)
    assert [status(fake) for _ in range(4)] == [503, 503, 201, 201]
    assert (rule.fired, rule.active) == (2, False)


def test_the_first_requests_may_pass(fake: FakeNotify, status: Callable[..., int | None]) -> None:
    rule = fake.fail("services.create", status=503, after=2, times=1)
    assert [status(fake) for _ in range(4)] == [201, 201, 503, 201]
    assert (rule.fired, rule.active) == (1, False)


def test_without_a_number_every_request_meets_a_fault(fake: FakeNotify, status: Callable[..., int | None]) -> None:
    rule = fake.fail("services.create", status=503)
    assert [status(fake) for _ in range(3)] == [503] * 3
    assert (rule.fired, rule.active) == (3, True)


def test_only_wanted_calls_meet_a_fault_or_are_counted(fake: FakeNotify, status: Callable[..., int | None]) -> None:
    seen: list[Call] = []

    def is_shop(call: Call) -> bool:
        seen.append(call)
        return call.form.get("FriendlyName") == ["shop"]

    fake.fail("services.create", status=503, when=is_shop, after=1, times=1)
    names = ["other", "shop", "other", "shop", "shop"]
    told = [status(fake, "POST", "/v1/Services", {"FriendlyName": name}) for name in names]

    assert told == [201, 201, 201, 503, 201]
    call = seen[0]
    assert (call.operation, call.account_sid, call.method, call.path) == (
        "services.create",
        fake.account_sid,
        "POST",
        "/v1/Services",
    )
    assert len(seen) == 4


def test_a_call_shows_no_secret_to_whoever_prints_it(fake: FakeNotify, status: Callable[..., int | None]) -> None:
    seen: list[str] = []
    fake.fail("credentials.create", status=503, when=lambda call: seen.append(repr(call)), optional=True)
    status(fake, "POST", "/v1/Credentials", {"Type": "fcm", "Secret": "s3cret"})
    assert (fake.auth_token in seen[0], "s3cret" in seen[0]) == (False, False)


def test_a_condition_that_raises_is_a_warning_and_meets_nobody(
    fake: FakeNotify, status: Callable[..., int | None]
) -> None:
    rule = fake.fail("services.*", status=503, when=lambda call: call.form["Nothing"])
    assert (status(fake), rule.fired) == (201, 0)
    assert fake.requests.last.warnings == ["the when= of the fault on services.* raised KeyError: 'Nothing'"]


def test_a_condition_may_ask_the_fake_itself(fake: FakeNotify, status: Callable[..., int | None]) -> None:
    client = fake.client(in_process=True)
    fake.fail("services.create", status=503, when=lambda call: client.notify.v1.services.list())
    fake.fail("services.find", Fault.latency(0))
    assert [status(fake), status(fake)] == [201, 503]


def test_a_fault_that_is_used_up_while_its_condition_is_asked_meets_nobody(
    fake: FakeNotify, status: Callable[..., int | None]
) -> None:
    def asks_again(call: Call) -> bool:
        if call.form.get("FriendlyName") == ["first"]:
            assert status(fake, "POST", "/v1/Services", {"FriendlyName": "second"}) == 503
        return True

    rule = fake.fail("services.create", status=503, times=1, when=asks_again)
    assert status(fake, "POST", "/v1/Services", {"FriendlyName": "first"}) == 201
    assert rule.fired == 1


def test_a_fault_may_be_one_accounts(fake: FakeNotify, status: Callable[..., int | None]) -> None:
    one, two = fake.account(), fake.account()
    fake.fail("services.create", status=500, account=one, times=1)
    fake.fail("services.create", status=503, account=two.account_sid, times=1)
    told = [(status(fake), status(two), status(one)) for _ in range(2)]
    assert told == [(201, 503, 500), (201, 201, 201)]


def test_the_first_fault_that_was_set_and_can_still_act_meets_a_request(
    fake: FakeNotify, status: Callable[..., int | None]
) -> None:
    fake.fail("*", status=500, times=1)
    fake.fail("services.create", status=503, times=1)
    fake.fail("services.*", status=429, times=1)
    assert [status(fake) for _ in range(4)] == [500, 503, 429, 201]


@pytest.mark.parametrize(
    ("pattern", "met"),
    [
        ("*", {"services.create", "services.find", "credentials.create", "bindings.find"}),
        ("services.*", {"services.create", "services.find"}),
        ("*.find", {"services.find", "bindings.find"}),
        ("[bc]*.*", {"credentials.create", "bindings.find"}),
        ("bindings.????", {"bindings.find"}),
        ("services.create", {"services.create"}),
    ],
)
def test_a_pattern_meets_the_operations_that_fit_it(
    fake: FakeNotify, status: Callable[..., int | None], pattern: str, met: set[str]
) -> None:
    service = fake.create_service()
    fake.fail(pattern, status=503)
    asked = {
        "services.create": status(fake),
        "services.find": status(fake, "GET", "/v1/Services"),
        "credentials.create": status(fake, "POST", "/v1/Credentials", {"Type": "fcm"}),
        "bindings.find": status(fake, "GET", f"/v1/Services/{service.sid}/Bindings"),
    }
    assert {operation for operation, told in asked.items() if told == 503} == met


@pytest.mark.parametrize(
    ("operation", "nearest"),
    [
        ("bindings.creat", ["bindings.create", "user_bindings.create"]),
        ("Bindings.create", ["bindings.create"]),
        ("binding.*", ["bindings.*", "user_bindings.*"]),
        ("*.send", list(ROUTES.by_operation)[:3]),
        ("notifications.send", ["notifications.create"]),
        ("quite.different", list(ROUTES.by_operation)[:3]),
        ("", list(ROUTES.by_operation)[:3]),
        (5, list(ROUTES.by_operation)[:3]),
        (None, list(ROUTES.by_operation)[:3]),
    ],
)
def test_an_unknown_operation_names_the_nearest(fake: FakeNotify, operation: Any, nearest: list[str]) -> None:
    with pytest.raises(UnknownName) as caught:
        fake.fail(operation, status=503)
    assert set(nearest) <= set(caught.value.nearest)
    assert str(caught.value) == f"no operation fits {operation!r}; nearest: {', '.join(caught.value.nearest)}"
    assert isinstance(caught.value, LookupError)
    assert isinstance(caught.value, ValueError)
    assert fake.faults == []


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"times": 0}, "times is a whole number from 1, not 0"),
        ({"times": 1.5}, "times is a whole number from 1, not 1.5"),
        ({"times": True}, "times is a whole number from 1, not True"),
        ({"after": -1}, "after is a whole number from 0, not -1"),
        ({"after": None}, "after is a whole number from 0, not None"),
        ({"phase": "later"}, "http acts before or after the effect; phase can't be 'later'"),
        ({"optional": "yes"}, "optional is True or False, not 'yes'"),
    ],
)
def test_a_fault_set_in_a_way_that_cannot_be_is_a_value_error(
    fake: FakeNotify, settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011  # the whole message is compared
        fake.fail("services.create", status=503, **settings)
    assert (str(caught.value), fake.faults) == (message, [])


def test_a_fault_is_made_by_fault(fake: FakeNotify) -> None:
    with pytest.raises(TypeError, match=r"^a fault is made by Fault\.http\(503\), Fault\.stall\(\) and so on, not 'st"):
        fake.fail("services.create", "stall")  # type: ignore[arg-type]


def test_a_rule_is_told_in_words_and_as_json(fake: FakeNotify) -> None:
    rules = [
        fake.fail("services.*", Fault.stall(), phase="after", optional=True),
        fake.fail("*", status=503, times=1, after=2),
        fake.fail("*", Fault.latency(1), times=3, account="AC" + "1" * 32),
    ]
    assert [str(rule) for rule in rules] == [
        "stall() after services.*, always, fired 0",
        "http(status=503) before *, 1 time, fired 0",
        "latency(seconds=1) before *, 3 times, fired 0",
    ]
    assert rules[2].told() == {
        "id": 3,
        "operation": "*",
        "fault": "latency",
        "seconds": 1,
        "phase": "before",
        "times": 3,
        "after": 0,
        "account_sid": "AC" + "1" * 32,
        "optional": False,
        "fired": 0,
        "active": True,
    }


def test_rules_can_be_taken_out_one_by_one_by_account_or_all(fake: FakeNotify) -> None:
    one, rules = fake.account(), fake.world.dispatcher.faults
    for account in (None, one, None, one):
        fake.fail("*", status=503, account=account)

    assert (rules.remove(1), rules.remove(1), [rule.id for rule in rules]) == (1, 0, [2, 3, 4])
    assert (rules.remove(account_sid=one.account_sid), [rule.id for rule in rules]) == (2, [3])
    assert (rules.remove(), len(rules), fake.faults) == (1, 0, [])
    assert fake.fail("*", status=503).id == 5


def test_rules_that_never_fired_are_known(fake: FakeNotify, status: Callable[..., int | None]) -> None:
    fake.fail("services.create", status=503)
    unused = fake.fail("bindings.*", status=503)
    fake.fail("bindings.*", status=503, optional=True)
    fake.rate_limit("bindings.*", 1, 60)
    status(fake)
    assert fake.world.unused_faults() == [unused]


def test_faults_go_with_the_world(fake: FakeNotify, status: Callable[..., int | None]) -> None:
    fake.fail("*", status=503)
    fake.reset()
    assert (status(fake), fake.faults) == (201, [])
    fake.fail("*", status=503)
    fake.renew()
    assert (status(fake), fake.faults) == (201, [])


def test_what_is_arranged_meets_no_fault(fake: FakeNotify) -> None:
    fake.fail("*", status=503)
    service = fake.create_service()
    fake.create_binding(service.sid, identity="alice", binding_type="sms", address="+15005550006")


def test_many_threads_meet_a_fault_as_often_as_was_said(fake: FakeNotify, status: Callable[..., int | None]) -> None:
    rule = fake.fail("services.create", status=503, after=7, times=11)
    told: list[int | None] = []
    threads = [
        threading.Thread(target=lambda: told.extend(status(fake) for _ in range(5)), daemon=True) for _ in range(8)
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join(30)
    assert (told.count(503), told.count(201), rule.fired) == (11, 29, 11)


# rate limits


def test_a_rate_limit_follows_the_fakes_clock(
    fake: FakeNotify, arrives: Callable[..., bytes], status: Callable[..., int | None]
) -> None:
    rule = fake.rate_limit("services.create", 2, 60)
    assert [status(fake), status(fake)] == [201, 201]
    headers, body = split(arrives(fake))
    assert (headers["retry-after"], json.loads(body)["code"]) == ("30", 20429)
    fake.clock.shift(seconds=29)
    assert status(fake) == 429
    fake.clock.tick()
    assert [status(fake), status(fake)] == [201, 429]
    fake.clock.move_to("2028-01-01T00:00:00Z")
    assert [status(fake), status(fake), status(fake)] == [201, 201, 429]
    assert (len(fake.services), rule.optional) == (5, True)


@pytest.mark.parametrize("seconds", [3, 7, 60, 100, 3600])
def test_every_second_of_waiting_is_counted(fake: FakeNotify, arrives: Callable[..., bytes], seconds: int) -> None:
    fake.rate_limit("services.create", 1, seconds)
    assert arrives(fake).startswith(b"HTTP/1.1 201")
    for left in (seconds - 1, seconds // 2, 1):
        fake.clock.move_to(datetime.fromisoformat(NOW.replace("Z", "+00:00")) + timedelta(seconds=seconds - left))
        assert split(arrives(fake))[0]["retry-after"] == str(left)
    fake.clock.tick()
    assert arrives(fake).startswith(b"HTTP/1.1 201")


def test_a_clock_that_goes_back_gives_no_token_and_takes_none(
    fake: FakeNotify, status: Callable[..., int | None]
) -> None:
    fake.rate_limit("services.create", 1, 60)
    assert status(fake) == 201
    fake.clock.shift(hours=-1)
    assert status(fake) == 429
    fake.clock.shift(seconds=60)
    assert status(fake) == 201


@pytest.mark.parametrize(("requests", "seconds", "wait"), [(3, 1, "1"), (1, 3600, "3600"), (7, 60, "9"), (1, 0.5, "1")])
def test_retry_after_is_a_whole_number_of_seconds_after_which_there_is_a_token(
    fake: FakeNotify, arrives: Callable[..., bytes], requests: int, seconds: float, wait: str
) -> None:
    fake.rate_limit("*", requests, seconds)
    for _ in range(requests):
        assert arrives(fake).startswith(b"HTTP/1.1 201")
    assert split(arrives(fake))[0]["retry-after"] == wait
    fake.clock.shift(seconds=int(wait))
    assert arrives(fake).startswith(b"HTTP/1.1 201")


def test_a_rate_limit_on_a_running_clock(
    open_fake: Callable[..., FakeNotify], status: Callable[..., int | None]
) -> None:
    fake = open_fake()
    fake.rate_limit("services.create", 1, 3600)
    assert [status(fake), status(fake)] == [201, 429]
    fake.clock.shift(hours=1)
    assert status(fake) == 201


def test_a_request_that_a_rate_limit_lets_through_meets_the_next_fault(
    fake: FakeNotify, status: Callable[..., int | None]
) -> None:
    fake.rate_limit("*", 2, 60)
    rule = fake.fail("services.create", status=503)
    assert ([status(fake), status(fake), status(fake)], rule.fired) == ([503, 503, 429], 2)


def test_a_rate_limit_of_a_handle_is_its_accounts(fake: FakeNotify, status: Callable[..., int | None]) -> None:
    one = fake.account()
    one.rate_limit("*", 1, 60)
    assert [status(one), status(one), status(fake), status(fake)] == [201, 429, 201, 201]


# the shutdown


@pytest.mark.parametrize(("wanted", "code"), [(410, 20410), (404, 20404), (403, 20403)])
def test_after_the_shutdown_every_request_is_refused(
    fake: FakeNotify, arrives: Callable[..., bytes], status: Callable[..., int | None], wanted: int, code: int
) -> None:
    service = fake.create_service()
    rule = fake.shutdown(wanted)
    assert json.loads(split(arrives(fake))[1])["code"] == code
    assert [
        status(fake, "GET", f"/v1/Services/{service.sid}"),
        status(fake, "DELETE", f"/v1/Services/{service.sid}"),
        status(fake, "POST", f"/v1/Services/{service.sid}/Notifications", {"Tag": "all", "Body": "Hi"}),
    ] == [wanted] * 3
    assert (fake.services, fake.notifications, rule.optional) == ([service], [], True)


def test_the_shutdown_is_410_unless_told(fake: FakeNotify, status: Callable[..., int | None]) -> None:
    fake.shutdown()
    assert status(fake) == 410


@pytest.mark.parametrize("wanted", [500, 200, "410", None])
def test_the_shutdown_has_three_forms(fake: FakeNotify, wanted: Any) -> None:
    with pytest.raises(ValueError, match=r"^the shutdown is rehearsed with status 410, 404 or 403, not "):
        fake.shutdown(wanted)
    assert fake.faults == []


# in process


@pytest.mark.parametrize("seconds", [0, 0.1, LONG - 0.1, 10**9])
@pytest.mark.parametrize("make", [Fault.latency, Fault.slow_body])
def test_in_process_no_time_passes_but_the_clients_timeout_counts(
    fake: FakeNotify, make: Callable[[float], Fault], seconds: float
) -> None:
    fake.fail("services.create", make(seconds))
    services = fake.client(in_process=True).notify.v1.services
    with at_most(2):
        if seconds < LONG:
            assert services.create().sid == fake.services.last.sid
        else:
            expected = {Fault.latency: requests.ReadTimeout, Fault.slow_body: requests.ConnectionError}[make]
            with pytest.raises(expected):
                services.create()
    assert len(fake.services) == 1


def test_the_wire_of_a_call_in_process_leads_nowhere() -> None:
    wire = NoPause()
    wire.send(b"nothing")
    wire.reset()
    wire.pause(LONG)
    with pytest.raises(Broken, match=r"^fault stall$"):
        wire.pause(None)
    NoPause(2).pause(1.9)
    with pytest.raises(Broken):
        NoPause(2).pause(2)


# what is told


def test_a_faulted_request_stands_in_the_journal(fake: FakeNotify, arrives: Callable[..., bytes]) -> None:
    fake.fail("services.create", status=429, times=1)
    fake.fail("services.create", Fault.empty_reply(), times=1)
    fake.fail("services.create", Fault.latency(0), phase="after", times=1)
    fake.fail("services.create", status=500, phase="after", times=1)
    for _ in range(5):
        arrives(fake)

    seen = [(each.operation, each.status, each.code, each.sid, each.fault) for each in fake.requests]
    made = [each.sid for each in fake.services]
    assert seen == [
        ("services.create", 429, 20429, None, "http(status=429) before"),
        ("services.create", None, None, None, "empty_reply() before"),
        ("services.create", 201, None, made[0], "latency(seconds=0) after"),
        ("services.create", 500, 20500, None, "http(status=500) after"),
        ("services.create", 201, None, made[2], None),
    ]
    assert [str(each) for each in fake.requests[:3]] == [
        "POST /v1/Services () -> 429 20429 Too Many Requests [fault: http(status=429) before]",
        "POST /v1/Services () -> no answer [fault: empty_reply() before]",
        "POST /v1/Services () -> 201 [fault: latency(seconds=0) after]",
    ]


def test_the_report_of_a_failed_test_tells_its_faults(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        from twilio.base.exceptions import TwilioRestException
        from fakenotify import Fault

        def test_sends(fake_notify):
            fake_notify.fail("services.create", status=429, times=1)
            fake_notify.fail("services.create", Fault.reset_connection(), phase="after", times=1)
            fake_notify.fail("bindings.*", Fault.stall(), optional=True)
            services = fake_notify.client(in_process=True).notify.v1.services
            try:
                services.create()
            except TwilioRestException:
                services.create()
        """
    )
    result = pytester.runpytest_inprocess("-p", "no:randomly", "-p", "no:cacheprovider")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*ConnectionError: fault reset_connection",
            "*- fakenotify -*",
            "POST /v1/Services () -> 429 20429 Too Many Requests [[]fault: http(status=429) before[]]",
            "POST /v1/Services () -> 201 [[]fault: reset_connection() after[]]",
            "faults:",
            "    http(status=429) before services.create, 1 time, fired 1",
            "    reset_connection() after services.create, 1 time, fired 1",
            "    stall() before bindings.[*], always, fired 0",
        ]
    )


def test_a_fault_that_never_met_a_request_fails_the_test_unless_it_may(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        def test_forgets_to_send(fake_notify):
            fake_notify.fail("notifications.create", status=429, times=2)
            fake_notify.fail("bindings.*", status=503, optional=True)

        def test_may_be_met(fake_notify):
            fake_notify.fail("bindings.*", status=503, optional=True)
            fake_notify.rate_limit("bindings.*", 1, 60)
            fake_notify.shutdown()

        def test_fails_by_itself(fake_notify):
            fake_notify.fail("bindings.*", status=503)
            assert "this" == "that"
        """
    )
    result = pytester.runpytest_inprocess("-p", "no:randomly", "-p", "no:cacheprovider")
    result.assert_outcomes(passed=2, failed=1, errors=1)
    result.stdout.fnmatch_lines(
        [
            "fakenotify: these faults never met a request (optional=True allows that):",
            "    http(status=429) before notifications.create, 2 times, fired 0",
        ]
    )
    result.stdout.no_fnmatch_line("*http(status=503) before bindings*never*")


# the test that all of this is for


def deliver(client: Any, service_sid: str) -> None:
    """Somebody's code: it sends, and tries again when no answer comes."""
    for attempt in range(3):
        try:
            client.notify.v1.services(service_sid).notifications.create(identity=["alice"], body="Your code is 42")
        except (requests.ConnectionError, TwilioRestException):
            if attempt == 2:
                raise
        else:
            return


@pytest.mark.parametrize("in_process", [False, True])
@pytest.mark.parametrize(
    "fault", [Fault.reset_connection(), Fault.empty_reply(), Fault.garbage(), Fault.truncate_body(), Fault.http(503)]
)
def test_a_retry_after_a_lost_answer_sends_twice_and_the_assertion_names_the_duplicate(
    fake: FakeNotify, in_process: bool, fault: Fault
) -> None:
    service = fake.create_service(messaging_service_sid="MG" + "a" * 32)
    fake.create_binding(service.sid, identity="alice", binding_type="sms", address="+15005550006")
    fake.fail("notifications.create", fault, phase="after", times=1)

    try:
        deliver(fake.client(in_process=in_process), service.sid)
    except requests.exceptions.ChunkedEncodingError:  # is no ConnectionError, so this code does not retry
        assert fault == Fault.truncate_body()
        deliver(fake.client(in_process=in_process), service.sid)

    first, second = fake.notifications
    with pytest.raises(AssertionError) as caught:
        fake.assert_delivered(identity="alice", times=1)
    lines = str(caught.value).splitlines()
    assert lines[0] == "expected 1, got 2 deliveries with identity='alice', status='SENT':"
    assert (first.sid in lines[1], second.sid in lines[2]) == (True, True)
    assert lines[3] == "they come from different notifications: was a request that had succeeded sent again?"


def test_a_retry_after_a_request_that_was_not_processed_sends_once(fake: FakeNotify) -> None:
    service = fake.create_service(messaging_service_sid="MG" + "a" * 32)
    fake.create_binding(service.sid, identity="alice", binding_type="sms", address="+15005550006")
    fake.fail("notifications.create", Fault.reset_connection(), times=1)
    fake.fail("notifications.create", status=429, times=1)

    deliver(fake.client(), service.sid)

    assert fake.assert_delivered(identity="alice", times=1).notification_sid == fake.notifications.last.sid
