"""The kinds of fault: as values, what the client receives of them, and what has happened by then."""

from __future__ import annotations

import json
import socket
import struct
import time
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from typing import Any

import pytest

from fakenotify import FakeNotify, Fault
from fakenotify.faults.kinds import KINDS, KNOWN_ERRORS, MOST_SECONDS, RateLimit
from fakenotify.faults.wire import Broken, NoPause

LONG = 10_000.0
"""Seconds, more than any socket of these tests waits, so that something has to end such a fault."""

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


def test_a_fault_has_a_text_and_a_json_form() -> None:
    assert [(str(each), each.to_json()) for each in (Fault.http(503), Fault.slow_body(0.5), Fault.stall())] == [
        ("http(status=503)", {"fault": "http", "status": 503}),
        ("slow_body(seconds=0.5)", {"fault": "slow_body", "seconds": 0.5}),
        ("stall()", {"fault": "stall"}),
    ]
    full, limit = Fault.http(429, 20429, "Slow down", 2), RateLimit(2, 60)
    assert str(full) == "http(status=429, code=20429, message='Slow down', retry_after=2)"
    assert full.to_json() == {
        "fault": "http",
        "status": 429,
        "code": 20429,
        "message": "Slow down",
        "retry_after": 2,
    }
    assert str(limit) == "rate_limit(requests=2, seconds=60)"
    assert limit.to_json() == {"fault": "rate_limit", "requests": 2, "seconds": 60}


def test_the_text_of_a_fault_has_plain_numbers_and_no_long_message() -> None:
    assert str(Fault.http(HTTPStatus.TOO_MANY_REQUESTS)) == "http(status=429)"
    assert str(Fault.latency(Seconds(0.5))) == "latency(seconds=0.5)"
    assert len(str(Fault.http(503, message="m" * 1_000_000))) < 300


class Seconds(float):
    """A number that does not spell itself as a literal, as numpy's."""

    def __repr__(self) -> str:
        return f"Seconds({float(self)})"


def test_equal_faults_are_equal() -> None:
    assert Fault.latency(1) == Fault.latency(1) != Fault.latency(2)
    assert Fault.latency(1) != Fault.slow_body(1)
    assert RateLimit(1, 60) == RateLimit(1, 60) != RateLimit(2, 60)
    assert len({Fault.stall(), Fault.stall(), Fault.garbage()}) == 2


def test_an_invalid_fault_is_a_value_error() -> None:
    status = "status must be an HTTP error, a whole number from 400 to 599, not"
    code = "code must be a whole number such as 20429, not"
    seconds = "must be a number of seconds from 0, not"
    too_long = f"seconds must be at most {MOST_SECONDS}; for an answer that never comes, use Fault.stall()"
    requests = "requests must be a whole number from 1 to 1000000000, not"
    table: list[tuple[Callable[..., Fault], tuple[Any, ...], str]] = [
        *((Fault.http, (bad,), f"{status} {bad!r}") for bad in (399, 600, "429", True)),
        *((Fault.http, (429, bad), f"{code} {bad!r}") for bad in ("20429", True)),
        (Fault.http, (429, None, 5), "message must be a string, not 5"),
        (Fault.http, (429, None, None, "2"), f"retry_after {seconds} '2'"),
        *((Fault.latency, (bad,), f"seconds {seconds} {bad!r}") for bad in (-0.1, float("nan"), True)),
        *((Fault.slow_body, (bad,), too_long) for bad in (10**400, float("inf"))),
        *((RateLimit, (bad, 60), f"{requests} {bad!r}") for bad in (0, 1.5, True, 10**10)),
        (RateLimit, (1, 0), "seconds must be more than 0; to refuse every request, inject Fault.http(429)"),
        (RateLimit, (1, -1), f"seconds {seconds} -1"),
    ]
    for make, arguments, message in table:
        with pytest.raises(ValueError) as caught:  # noqa: PT011  # the whole message is compared
            make(*arguments)
        assert str(caught.value) == message


# http


def test_a_status_brings_twilios_code_and_message_unless_others_are_given(fake: FakeNotify, client: Any) -> None:
    table: list[tuple[Any, int, str]] = [
        *((Fault.http(status), code, message) for status, code, message in KNOWN_ERRORS[:12]),
        *((Fault.http(status, code), code, message) for status, code, message in KNOWN_ERRORS[12:]),
        (Fault.http(418), 20418, "I'm a Teapot"),
        (Fault.http(599), 20599, "Error"),
        (Fault.http(403, 12345), 12345, "Service cannot be used"),
        (Fault.http(500, message="Oh no"), 20500, "Oh no"),
        (Fault.http(500, 70002, ""), 70002, ""),
    ]
    for fault, code, message in table:
        fake.fail("services.create", fault, times=1)
        headers, body = client.answer(fake)

        more_info = f"https://www.twilio.com/docs/errors/{code}"
        assert body == {"code": code, "message": message, "more_info": more_info, "status": fault.status}
        assert fake.requests.last.status == fault.status
        assert (headers["content-type"], "retry-after" in headers) == ("application/json; charset=utf-8", False)


def test_retry_after_is_plain_seconds(fake: FakeNotify, client: Any) -> None:
    spelled = {2: "2", 0.5: "0.5", 86_400_000: "86400000", 1e-9: "0"}
    for seconds in spelled:
        fake.fail("services.create", status=429, retry_after=seconds, times=1)
    assert [client.answer(fake)[0]["retry-after"] for _ in spelled] == [*spelled.values()]


# what arrives


def test_a_broken_connection_brings_a_reset_nothing_or_garbage(fake: FakeNotify, client: Any) -> None:
    for fault in (Fault.reset_connection(), Fault.empty_reply(), Fault.garbage()):
        fake.fail("services.create", fault, times=1)
    with pytest.raises(ConnectionResetError):
        client.arrives(fake)
    assert client.arrives(fake) == b""
    assert client.arrives(fake) == b"\x00\x01\xfe\xffnot HTTP at all\r\n\r\n"


def test_a_truncated_body_is_the_whole_head_and_half_of_the_body(fake: FakeNotify, client: Any) -> None:
    fake.fail("services.create", Fault.truncate_body(), times=1)
    headers, body = client.split(client.arrives(fake))
    whole = json.dumps(fake.requests.last.body).encode()
    assert body == whole[: len(whole) // 2]
    assert headers["content-length"] == str(len(whole))


@pytest.mark.parametrize("in_process", [False, True])
def test_an_answer_without_a_body_cannot_be_truncated(fake: FakeNotify, in_process: bool) -> None:
    """A 204 is complete with its head; in process too."""
    service = fake.create_service()
    fake.fail("services.delete", Fault.truncate_body())
    assert fake.client(in_process=in_process).notify.v1.services(service.sid).delete() is True


def test_latency_delays_the_answer_and_nothing_else(fake: FakeNotify, client: Any) -> None:
    fake.start()
    fake.stop()
    fake.start()  # after a restart there are delays again
    fake.fail("services.create", Fault.latency(0.1))
    began = time.monotonic()
    _, body = client.answer(fake)
    assert time.monotonic() - began >= 0.1
    assert (body["sid"], fake.requests.last.status) == (fake.services.last.sid, 201)


def test_a_slow_body_comes_in_two_halves(fake: FakeNotify, client: Any) -> None:
    fake.fail("services.create", Fault.slow_body(LONG))
    connection = client.ask(fake)
    first = b""
    while b"\r\n\r\n{" not in first:
        first += connection.recv(65536)
    connection.settimeout(0.05)
    with pytest.raises(TimeoutError):
        client.rest(connection)
    connection.settimeout(30)
    fake.renew()
    headers, body = client.split(first + client.rest(connection))

    assert len(client.split(first)[1]) == int(headers["content-length"]) // 2
    assert "date_created" in json.loads(body)


@pytest.mark.parametrize("kind", ["stall", "latency", "slow_body"])
def test_a_client_that_leaves_during_a_fault_causes_no_error(fake: FakeNotify, client: Any, kind: str) -> None:
    for resets in (False, True):
        injected = fake.fail("services.create", Fault.stall() if kind == "stall" else KINDS[kind](0.1), times=1)
        connection = client.ask(fake)
        fake.wait_for(lambda injected=injected: injected.fired)
        if resets:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
        server = fake._server
        assert server is not None
        fake.wait_for(lambda server=server: not server._connections, timeout=30)
        assert server.errors == []


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
def test_a_delay_ends_with_the_test(fake: FakeNotify, client: Any, fault: Fault, phase: Any) -> None:
    for end in (fake.renew, fake.stop):
        injected = fake.fail("services.create", fault, phase=phase)
        connection = client.ask(fake)
        fake.wait_for(lambda injected=injected: injected.fired)
        end()
        with suppress(ConnectionResetError):
            arrived = client.rest(connection)  # or a timeout
            if fault == Fault.stall():
                assert arrived == b""
            else:  # a stop closes what has nothing to say yet
                assert arrived.startswith(b"HTTP/1.1 201 CREATED") or end == fake.stop


# before and after the effect


def test_a_fault_acts_before_the_effect_unless_it_needs_an_answer(fake: FakeNotify) -> None:
    """What happens to the operation is in the table that test_fault_matrix.py makes."""
    only = {"slow_body": "after", "truncate_body": "after", "rate_limit": "before"}
    for kind in KINDS:
        fault = EXAMPLES[kind]
        phase = only.get(kind)
        assert fake.fail("*", fault).phase == (phase or "before")
        if phase is not None:
            other = {"before": "after", "after": "before"}[phase]
            with pytest.raises(
                ValueError, match=f"^{kind} can only act {phase} the effect: leave phase='{other}' out$"
            ):
                fake.fail("*", fault, phase=other)


def test_an_error_that_comes_after_the_effect_hides_it(fake: FakeNotify, client: Any) -> None:
    """Also where the request itself would have been refused."""
    fake.fail("*", status=503, phase="after")
    assert (client.status(fake), len(fake.services)) == (503, 1)
    assert (client.status(fake, "POST", "/v1/Credentials", {"Type": "fax"}), len(fake.credentials)) == (503, 0)


# in process


def test_the_wire_of_a_call_in_process_sends_nothing_and_does_not_wait() -> None:
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


def test_a_rate_limit_follows_the_fakes_clock(fake: FakeNotify, client: Any) -> None:
    def statuses(number: int) -> list[int | None]:
        return [client.status(fake) for _ in range(number)]

    injected = fake.rate_limit("services.create", 2, 60)
    assert statuses(2) == [201, 201]
    headers, body = client.answer(fake)
    assert (headers["retry-after"], body["code"]) == ("30", 20429)
    fake.clock.shift(seconds=29)
    assert statuses(1) == [429]
    fake.clock.tick()
    assert statuses(2) == [201, 429]
    fake.clock.move_to("2028-01-01T00:00:00Z")
    assert statuses(3) == [201, 201, 429]
    fake.clock.shift(hours=-1)  # which gives no token and takes none
    assert statuses(1) == [429]
    fake.clock.shift(seconds=30)
    assert statuses(2) == [201, 429]
    fake.clock.resume()
    fake.clock.shift(days=3650)
    assert statuses(3) == [201, 201, 429]
    assert injected.optional


@pytest.mark.parametrize(
    ("requests", "seconds", "wait"), [(3, 1, 1), (1, 3600, 3600), (1, 7, 7), (7, 60, 9), (1, 0.5, 1)]
)
def test_retry_after_is_a_whole_number_of_seconds_after_which_there_is_a_token(
    fake: FakeNotify, client: Any, requests: int, seconds: float, wait: int
) -> None:
    fake.rate_limit("*", requests, seconds)
    assert [client.status(fake) for _ in range(requests)] == [201] * requests
    assert client.answer(fake)[0]["retry-after"] == str(wait)
    fake.clock.shift(seconds=wait - 1)
    assert client.answer(fake)[0]["retry-after"] == "1"
    fake.clock.shift(seconds=1)
    assert client.status(fake) == 201
