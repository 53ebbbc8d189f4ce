"""The kinds of fault: what they are as values, what arrives, and what has happened by then."""

from __future__ import annotations

import json
import socket
import struct
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
import requests

from fakenotify import FakeNotify, Fault
from fakenotify.faults.kinds import CODES_BY_STATUS, KINDS, MESSAGES_BY_CODE, MOST_SECONDS, RateLimit
from fakenotify.faults.wire import Broken, NoPause

LONG = 10_000.0
"""Longer than any socket of these tests waits: somebody has to end what takes so long."""
TIMEOUT = 30.0
"""Of the client in process."""

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


def test_there_is_an_example_of_every_kind_here() -> None:
    assert list(EXAMPLES) == list(KINDS) == [each.kind for each in EXAMPLES.values()]


@pytest.mark.parametrize(
    ("fault", "text", "body"),
    [
        (Fault.http(503), "http(status=503)", {"fault": "http", "status": 503}),
        (
            Fault.http(429, 20429, "Slow down", 2),
            "http(status=429, code=20429, message='Slow down', retry_after=2)",
            {"fault": "http", "status": 429, "code": 20429, "message": "Slow down", "retry_after": 2},
        ),
        (Fault.slow_body(0.5), "slow_body(seconds=0.5)", {"fault": "slow_body", "seconds": 0.5}),
        (Fault.stall(), "stall()", {"fault": "stall"}),
        (
            RateLimit(2, 60),
            "rate_limit(requests=2, seconds=60)",
            {"fault": "rate_limit", "requests": 2, "seconds": 60},
        ),
    ],
)
def test_a_fault_has_a_text_and_a_json_form(fault: Fault, text: str, body: dict[str, Any]) -> None:
    assert (str(fault), fault.to_json()) == (text, body)


def test_equal_faults_are_equal() -> None:
    assert Fault.latency(1) == Fault.latency(1) != Fault.latency(2)
    assert Fault.latency(1) != Fault.slow_body(1)
    assert RateLimit(1, 60) == RateLimit(1, 60) != RateLimit(2, 60)
    assert len({Fault.stall(), Fault.stall(), Fault.garbage()}) == 2


STATUS = "status must be an HTTP error, a whole number from 400 to 599, not"
SECONDS = "must be a number of seconds from 0, not"
TOO_LONG = f"seconds must be at most {MOST_SECONDS}; for an answer that never comes, use Fault.stall()"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Fault.http(399), f"{STATUS} 399"),
        (lambda: Fault.http(600), f"{STATUS} 600"),
        (lambda: Fault.http("429"), f"{STATUS} '429'"),
        (lambda: Fault.http(True), f"{STATUS} True"),
        (lambda: Fault.http(429, "20429"), "code must be a whole number such as 20429, not '20429'"),
        (lambda: Fault.http(429, True), "code must be a whole number such as 20429, not True"),
        (lambda: Fault.http(429, message=5), "message must be a string, not 5"),
        (lambda: Fault.http(429, retry_after="2"), f"retry_after {SECONDS} '2'"),
        (lambda: Fault.latency(-0.1), f"seconds {SECONDS} -0.1"),
        (lambda: Fault.latency(float("nan")), f"seconds {SECONDS} nan"),
        (lambda: Fault.latency(True), f"seconds {SECONDS} True"),
        (lambda: Fault.latency(10**400), TOO_LONG),
        (lambda: Fault.slow_body(float("inf")), TOO_LONG),
        (lambda: RateLimit(0, 60), "requests must be a whole number from 1 to 1000000000, not 0"),
        (lambda: RateLimit(1.5, 60), "requests must be a whole number from 1 to 1000000000, not 1.5"),
        (lambda: RateLimit(True, 60), "requests must be a whole number from 1 to 1000000000, not True"),
        (lambda: RateLimit(10**10, 60), "requests must be a whole number from 1 to 1000000000, not 10000000000"),
        (lambda: RateLimit(1, 0), "seconds must be more than 0; to refuse every request, inject Fault.http(429)"),
        (lambda: RateLimit(1, -1), f"seconds {SECONDS} -1"),
    ],
)
def test_a_fault_that_cannot_be_is_a_value_error(make: Callable[[], Fault], message: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011  # the whole message is compared
        make()
    assert str(caught.value) == message


# http


@pytest.mark.parametrize(
    ("fault", "code", "message"),
    [
        *((Fault.http(status), code, message) for status, (code, message) in CODES_BY_STATUS.items()),
        *((Fault.http(status, code), code, message) for code, (status, message) in MESSAGES_BY_CODE.items()),
        (Fault.http(418), 20418, "I'm a Teapot"),
        (Fault.http(599), 20599, "Error"),
        (Fault.http(403, 12345), 12345, "Service cannot be used"),
        (Fault.http(500, message="Oh no"), 20500, "Oh no"),
        (Fault.http(500, 70002, ""), 70002, ""),
    ],
)
def test_a_status_brings_twilios_code_and_message_unless_others_are_given(
    fake: FakeNotify, arrives: Callable[..., bytes], split: Any, fault: Any, code: int, message: str
) -> None:
    fake.fail("services.create", fault)
    arrived = arrives(fake)
    headers, body = split(arrived)

    assert arrived.startswith(f"HTTP/1.1 {fault.status} ".encode())
    assert json.loads(body) == {
        "code": code,
        "message": message,
        "more_info": f"https://www.twilio.com/docs/errors/{code}",
        "status": fault.status,
    }
    assert (headers["content-type"], "retry-after" in headers) == ("application/json; charset=utf-8", False)


@pytest.mark.parametrize(("seconds", "header"), [(2, "2"), (0.5, "0.5"), (86_400_000, "86400000"), (1e-9, "0")])
def test_retry_after_is_plain_seconds(
    fake: FakeNotify, arrives: Callable[..., bytes], split: Any, seconds: float, header: str
) -> None:
    fake.fail("services.create", status=429, retry_after=seconds)
    assert split(arrives(fake))[0]["retry-after"] == header


# what arrives


def test_a_reset_is_a_reset(fake: FakeNotify, arrives: Callable[..., bytes]) -> None:
    fake.fail("services.create", Fault.reset_connection())
    with pytest.raises(ConnectionResetError):
        arrives(fake)


def test_an_empty_reply_is_an_end_without_a_byte(fake: FakeNotify, arrives: Callable[..., bytes]) -> None:
    fake.fail("services.create", Fault.empty_reply())
    assert arrives(fake) == b""


def test_garbage_is_not_http(fake: FakeNotify, arrives: Callable[..., bytes]) -> None:
    fake.fail("services.create", Fault.garbage())
    assert arrives(fake) == b"\x00\x01\xfe\xffnot HTTP at all\r\n\r\n"


def test_a_truncated_body_is_the_whole_head_and_half_of_the_body(
    fake: FakeNotify, arrives: Callable[..., bytes], split: Any
) -> None:
    fake.fail("services.create", Fault.truncate_body(), times=1)
    headers, body = split(arrives(fake))
    whole = json.dumps(fake.requests.last.body).encode()
    assert body == whole[: len(whole) // 2]
    assert headers["content-length"] == str(len(whole))


@pytest.mark.parametrize("in_process", [False, True])
def test_an_answer_without_a_body_cannot_be_truncated(fake: FakeNotify, in_process: bool) -> None:
    """A 204 has arrived when its head has; in process it is the same."""
    service = fake.create_service()
    fake.fail("services.delete", Fault.truncate_body())
    assert fake.client(in_process=in_process).notify.v1.services(service.sid).delete() is True


def test_latency_delays_the_answer_and_nothing_else(
    fake: FakeNotify, arrives: Callable[..., bytes], split: Any
) -> None:
    fake.start()
    fake.stop()
    fake.start()  # after a restart there are delays again
    fake.fail("services.create", Fault.latency(0.1))
    began = time.monotonic()
    arrived = arrives(fake)
    assert time.monotonic() - began >= 0.1
    assert arrived.startswith(b"HTTP/1.1 201 CREATED")
    assert json.loads(split(arrived)[1])["sid"] == fake.services.last.sid


def test_a_slow_body_comes_in_two_halves(fake: FakeNotify, dial: Callable[..., Any], split: Any) -> None:
    fake.fail("services.create", Fault.slow_body(LONG))
    client = dial(fake)
    client.ask()
    first = client.some(lambda arrived: b"\r\n\r\n{" in arrived)
    client.socket.settimeout(0.05)
    with pytest.raises(TimeoutError):
        client.rest()
    client.socket.settimeout(30)
    fake.renew()
    second = client.rest()

    headers, body = split(first + second)
    assert len(split(first)[1]) == int(headers["content-length"]) // 2
    assert "date_created" in json.loads(body)


@pytest.mark.parametrize("how", ["close", "reset"])
@pytest.mark.parametrize("kind", ["stall", "latency", "slow_body"])
def test_a_client_that_leaves_during_a_fault_is_nobodys_error(
    fake: FakeNotify, dial: Callable[..., Any], kind: str, how: str
) -> None:
    injected = fake.fail("services.create", Fault.stall() if kind == "stall" else KINDS[kind](0.1))
    client = dial(fake)
    client.ask()
    fake.wait_for(lambda: injected.fired)
    if how == "reset":
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.socket.close()
    server = fake._server
    assert server is not None
    fake.wait_for(lambda: not server._connections, timeout=30)
    assert server.errors == []


@pytest.mark.parametrize("ending", ["stop", "renew"])
@pytest.mark.parametrize(
    ("fault", "phase"),
    [
        (Fault.latency(LONG), "before"),
        (Fault.latency(LONG), "after"),
        (Fault.slow_body(LONG), "after"),
        (Fault.stall(), "before"),
        (Fault.stall(), "after"),
    ],
)
def test_a_delay_ends_with_the_test(
    fake: FakeNotify, dial: Callable[..., Any], ending: str, fault: Fault, phase: Any
) -> None:
    injected = fake.fail("services.create", fault, phase=phase)
    client = dial(fake)
    client.ask()
    fake.wait_for(lambda: injected.fired)
    getattr(fake, ending)()
    with suppress(ConnectionResetError):
        arrived = client.rest()  # or a timeout
        if fault == Fault.stall():
            assert arrived == b""
        else:  # a stop closes what has nothing to say yet
            assert arrived.startswith(b"HTTP/1.1 201 CREATED") or ending == "stop"


# before and after the effect


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("phase", ["before", "after"])
def test_before_the_effect_nothing_has_happened_and_after_it_all_has(
    fake: FakeNotify, dial: Callable[..., Any], kind: str, phase: Any
) -> None:
    fault = EXAMPLES[kind]
    if phase not in fault.phases:
        message = rf"^{kind} can only act {fault.phases[0]} the effect: leave phase='{phase}' out$"
        with pytest.raises(ValueError, match=message):
            fake.fail("services.create", fault, phase=phase)
        return
    happens = phase == "after" or kind in ("latency", "rate_limit")
    injected = fake.fail("services.create", fault, phase=phase)
    client = dial(fake, 0.3)
    client.ask()
    with suppress(TimeoutError, ConnectionResetError):
        client.rest()

    client.socket.close()
    fake.wait_for(lambda: fake.requests)
    assert (len(fake.services), injected.fired, injected.phase) == (int(happens), 1, phase)


def test_faults_act_before_the_effect_unless_they_need_an_answer(fake: FakeNotify) -> None:
    phases = {kind: fake.fail("*", fault, optional=True).phase for kind, fault in EXAMPLES.items()}
    assert {kind for kind, phase in phases.items() if phase == "after"} == {"slow_body", "truncate_body"}


@pytest.mark.parametrize("form", [{}, {"Type": "fax"}])
def test_an_error_that_comes_after_the_effect_hides_it(
    fake: FakeNotify, status: Callable[..., int | None], form: dict[str, str]
) -> None:
    """Also where the request itself would have been refused."""
    fake.fail("*", status=503, phase="after")
    assert status(fake, "POST", "/v1/Credentials" if form else "/v1/Services", form) == 503
    assert (len(fake.services), len(fake.credentials)) == (0 if form else 1, 0)


# in process


@pytest.mark.parametrize("seconds", [TIMEOUT - 0.1, LONG])
@pytest.mark.parametrize(
    ("make", "raised"), [(Fault.latency, requests.ReadTimeout), (Fault.slow_body, requests.ConnectionError)]
)
def test_in_process_no_time_passes_but_the_clients_timeout_counts(
    fake: FakeNotify, make: Callable[[float], Fault], raised: type[Exception], seconds: float
) -> None:
    fake.fail("services.create", make(seconds))
    services = fake.client(in_process=True).notify.v1.services
    began = time.monotonic()
    if seconds < TIMEOUT:
        assert services.create().sid == fake.services.last.sid
    else:
        with pytest.raises(raised):
            services.create()
    assert len(fake.services) == 1
    assert time.monotonic() - began < seconds


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


# rate limits


def test_a_rate_limit_follows_the_fakes_clock(
    fake: FakeNotify, arrives: Callable[..., bytes], status: Callable[..., int | None], split: Any
) -> None:
    injected = fake.rate_limit("services.create", 2, 60)
    assert [status(fake), status(fake)] == [201, 201]
    headers, body = split(arrives(fake))
    assert (headers["retry-after"], json.loads(body)["code"]) == ("30", 20429)
    fake.clock.shift(seconds=29)
    assert status(fake) == 429
    fake.clock.tick()
    assert [status(fake), status(fake)] == [201, 429]
    fake.clock.move_to("2028-01-01T00:00:00Z")
    assert [status(fake), status(fake), status(fake)] == [201, 201, 429]
    assert (len(fake.services), injected.optional) == (5, True)


@pytest.mark.parametrize(
    ("requests", "seconds", "wait"), [(3, 1, 1), (1, 3600, 3600), (1, 7, 7), (7, 60, 9), (1, 0.5, 1)]
)
def test_retry_after_is_a_whole_number_of_seconds_after_which_there_is_a_token(
    fake: FakeNotify, arrives: Callable[..., bytes], split: Any, requests: int, seconds: float, wait: int
) -> None:
    fake.rate_limit("*", requests, seconds)
    for _ in range(requests):
        assert arrives(fake).startswith(b"HTTP/1.1 201")
    assert split(arrives(fake))[0]["retry-after"] == str(wait)
    fake.clock.shift(seconds=wait - 1)
    assert split(arrives(fake))[0]["retry-after"] == "1"
    fake.clock.shift(seconds=1)
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


def test_a_rate_limit_on_a_running_clock(
    open_fake: Callable[..., FakeNotify], status: Callable[..., int | None]
) -> None:
    fake = open_fake()
    fake.rate_limit("services.create", 1, 3600)
    assert [status(fake), status(fake)] == [201, 429]
    fake.clock.shift(hours=1)
    assert status(fake) == 201
