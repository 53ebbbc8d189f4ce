"""The stream of events: what every listener hears, in which order, and how it ends."""

from __future__ import annotations

import http.client
import json
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from itertools import takewhile
from typing import Any
from urllib.parse import urlsplit

import pytest

from fakenotify import Account, FakeNotify, Fault
from fakenotify.control import events
from fakenotify.control.routes import Ask

OTHER_SID = "AC" + "b" * 32


class Listener:
    """A client that reads server-sent events as the standard tells it to."""

    def __init__(self, fake: FakeNotify, query: str = "") -> None:
        self.connection = http.client.HTTPConnection(urlsplit(fake.url).netloc, timeout=5)
        self.connection.request("GET", f"/_fake/events{query}", headers={"Accept": "text/event-stream"})
        self.response = self.connection.getresponse()

    def block(self) -> list[str]:
        """The lines up to the next empty one; none at the end."""
        lines = iter(self.response.readline, b"")
        return [line.decode().rstrip("\n") for line in takewhile(lambda line: line != b"\n", lines)]

    def event(self, expected: str = "request") -> dict[str, Any]:
        kind, data = self.block()
        while kind == "event: change" != f"event: {expected}":  # each verb of the tester is one
            kind, data = self.block()
        assert kind == f"event: {expected}"
        told: dict[str, Any] = json.loads(data.removeprefix("data: "))
        return told

    def rest(self) -> bytes:
        """What is left; the connection may be closed before the mark of the end is sent."""
        try:
            return self.response.read()
        except http.client.IncompleteRead as error:
            return error.partial

    def close(self) -> None:
        self.response.close()
        self.connection.close()


@pytest.fixture
def fake() -> Iterator[FakeNotify]:
    with FakeNotify() as made:
        yield made
        assert made._server is None or made._server.errors == []


@pytest.fixture
def listen(fake: FakeNotify) -> Iterator[Callable[..., Listener]]:
    """Opens streams, which have begun when they are handed out; they are closed at the end."""
    opened: list[Listener] = []

    def make(query: str = "") -> Listener:
        opened.append(Listener(fake, query))
        assert opened[-1].block() == [": fakenotify"]
        return opened[-1]

    yield make
    for each in opened:
        each.close()


def create(handle: Account, name: str = "shop") -> Any:
    return handle.client(in_process=True).notify.v1.services.create(friendly_name=name)


def ask(fake: FakeNotify, path: str, user: str, password: str = "x") -> int:
    """Ask over a socket with any credentials."""
    connection = http.client.HTTPConnection(urlsplit(fake.url).netloc, timeout=5)
    token = b64encode(f"{user}:{password}".encode()).decode()
    connection.request("GET", path, headers={"Authorization": f"Basic {token}"})
    status = connection.getresponse().status
    connection.close()
    return status


def listeners(fake: FakeNotify) -> int:
    return len(fake.world._at_end)


def test_every_listener_hears_every_request_in_its_order(fake: FakeNotify, listen: Callable[..., Listener]) -> None:
    several = [listen() for _ in range(3)]
    made = [create(fake, f"shop {place}").sid for place in range(20)]
    for each in several:
        assert [each.event()["sid"] for _ in made] == made


def test_what_was_before_is_not_told(fake: FakeNotify, listen: Callable[..., Listener]) -> None:
    create(fake)
    listener = listen()
    made = create(fake)
    assert listener.event()["sid"] == made.sid


def test_an_event_tells_what_went_wrong(fake: FakeNotify, listen: Callable[..., Listener]) -> None:
    fake.fail("services.find", status=429)
    fake.fail("services.fetch", Fault.empty_reply())
    listener = listen()
    client = fake.client(in_process=True)
    for path in ("Services", "Services/MG" + "a" * 32, "Nothing"):
        try:
            client.http_client.request("GET", f"https://notify.twilio.com/v1/{path}", auth=client.auth)
        except OSError:
            assert "MG" in path
    ask(fake, "/v1/Services", "nobody")

    told = [listener.event() for _ in range(4)]
    names = ("operation", "status", "code", "account_sid", "fault")
    assert [tuple(each[name] for name in names) for each in told] == [
        ("services.find", 429, 20429, fake.account_sid, "http(status=429) before"),
        ("services.fetch", None, None, fake.account_sid, "empty_reply() before"),
        (None, 404, 20404, fake.account_sid, None),
        (None, 401, 20003, None, None),
    ]
    assert told[2]["warnings"] == ["Notify has no resource at /v1/Nothing"]
    assert all(set(each) == set(told[0]) for each in told)


def test_an_event_is_one_line_of_plain_ascii(fake: FakeNotify, listen: Callable[..., Listener]) -> None:
    listener = listen()
    client = fake.client(in_process=True)
    client.http_client.request("GET", "https://notify.twilio.com/v1/%0A%0Adata:é", auth=client.auth)
    lines = listener.block()
    assert (len(lines), lines[1].isascii()) == (2, True)
    assert json.loads(lines[1].removeprefix("data: "))["status"] == 404


def test_a_narrowed_stream_tells_of_nobody_else(fake: FakeNotify, listen: Callable[..., Listener]) -> None:
    other = fake.account(OTHER_SID, "x")
    narrow, wide = listen(f"?account_sid={OTHER_SID}"), listen()
    create(fake)
    ask(fake, "/v1/Services", "nobody")
    made = create(other)

    assert [wide.event()["account_sid"] for _ in range(3)] == [fake.account_sid, None, OTHER_SID]
    assert narrow.event()["sid"] == made.sid


def test_an_account_that_is_not_there_has_no_stream(fake: FakeNotify) -> None:
    fake.account(OTHER_SID, "x")
    listener = Listener(fake, "?account_sid=AC" + "b" * 31)
    assert (listener.response.status, json.loads(listener.response.read())["nearest"][0]) == (404, OTHER_SID)
    listener.close()
    listener = Listener(fake, "?acount_sid=x")
    assert listener.response.status == 400
    listener.close()


def test_a_reset_is_no_end(fake: FakeNotify, listen: Callable[..., Listener]) -> None:
    listener = listen()
    fake.reset()
    fake.clock.shift(hours=1)
    made = create(fake)
    assert listener.event()["sid"] == made.sid


@pytest.mark.parametrize("ending", ["stop", "renew"])
def test_all_streams_end_at_once_with_the_fake_or_its_world(
    fake: FakeNotify, listen: Callable[..., Listener], ending: str
) -> None:
    several = [listen() for _ in range(5)]
    began = time.monotonic()
    getattr(fake, ending)()
    assert [each.rest() for each in several] == [b""] * 5
    assert time.monotonic() - began < 2


def test_a_stream_of_the_new_world_tells_of_the_new_world(fake: FakeNotify, listen: Callable[..., Listener]) -> None:
    before = listen()
    fake.renew()
    after = listen()
    made = create(fake)
    assert (before.block(), after.event()["sid"]) == ([], made.sid)


def test_a_client_that_leaves_in_silence_is_noticed_by_the_next_sign_of_life(
    fake: FakeNotify, listen: Callable[..., Listener], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "HEARTBEAT", 0.02)
    before = listeners(fake)
    listener = listen()
    assert listener.block() == [": still here"]
    assert listeners(fake) == before + 1
    listener.close()
    fake.wait_for(lambda: listeners(fake) == before)


def test_a_reader_that_is_too_slow_is_told_so_and_nothing_more(
    fake: FakeNotify, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "MOST_WAITING", 2000)
    before = listeners(fake)
    stream = events.events.run(fake.world, Ask({}, None))
    next(stream)
    for _ in range(100):
        create(fake)
    assert "too slow" in next(stream)
    create(fake)
    assert (list(stream), listeners(fake)) == ([], before)


def test_a_reader_that_keeps_up_hears_everything(fake: FakeNotify, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "MOST_WAITING", 2000)
    stream = events.events.run(fake.world, Ask({}, None))
    next(stream)
    for _ in range(100):
        assert create(fake).sid in next(stream)


def test_an_ended_stream_is_referenced_by_nobody(fake: FakeNotify) -> None:
    def held() -> tuple[int, int, int]:
        world = fake.world
        return len(world.changes), len(world.journal._listeners), len(world._at_end)

    before = held()
    streams = [events.events.run(fake.world, Ask({}, None)) for _ in range(3)]
    for each in streams:
        next(each)
    assert held() == tuple(number + 3 for number in before)
    for each in streams:
        each.close()
    assert held() == before


def test_a_verb_of_python_is_told_too(fake: FakeNotify, listen: Callable[..., Listener]) -> None:
    listener = listen()
    fake.fail("bindings.*", status=429, optional=True)
    fake.clock.shift(hours=1)
    fake.create_service("shop")
    fake.reset()
    told = [json.loads(listener.block()[1].removeprefix("data: ")) for _ in range(4)]
    assert [each["verb"] for each in told] == ["fail", "clock", "create", "reset"]


def test_a_stream_that_nobody_reads_leaves_nothing_behind(fake: FakeNotify) -> None:
    """As when the client has gone before the head of the answer."""
    before = listeners(fake)
    stream = events.events.run(fake.world, Ask({}, None))
    create(fake)
    stream.close()  # type: ignore[attr-defined]  # it is a generator
    assert listeners(fake) == before


def test_a_stream_of_a_world_that_has_ended_ends(fake: FakeNotify) -> None:
    fake.world.end()
    assert list(events.events.run(fake.world, Ask({}, None))) == [": fakenotify\n\n"]


def test_a_stream_in_process_is_an_iterator(fake: FakeNotify, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "HEARTBEAT", 0.01)
    stream = events.events.run(fake.world, Ask({"account_sid": fake.account_sid}, None))
    assert next(stream) == ": fakenotify\n\n"
    made = create(fake)
    assert made.sid in next(stream)
    assert next(stream) == ": still here\n\n"
    fake.world.end()
    assert list(stream) == []


def test_a_write_is_not_a_way_to_listen(fake: FakeNotify) -> None:
    connection = http.client.HTTPConnection(urlsplit(fake.url).netloc, timeout=5)
    connection.request("POST", "/_fake/events")
    assert connection.getresponse().status == 405
    connection.close()


def test_many_threads_make_whole_events(fake: FakeNotify, listen: Callable[..., Listener]) -> None:
    listener = listen()
    threads = [threading.Thread(target=lambda: [create(fake) for _ in range(20)], daemon=True) for _ in range(8)]
    for each in threads:
        each.start()
    heard = [listener.event()["sid"] for _ in range(160)]
    for each in threads:
        each.join(30)
    assert sorted(heard) == sorted(each.sid for each in fake.services)


def test_listening_is_not_journaled_and_meets_no_fault(fake: FakeNotify, listen: Callable[..., Listener]) -> None:
    fake.fail("*", status=503, optional=True)
    listen()
    assert fake.requests == []


# what nobody asked Notify for


def write(fake: FakeNotify, method: str, path: str, content: Any = None) -> int:
    connection = http.client.HTTPConnection(urlsplit(fake.url).netloc, timeout=5)
    body = None if content is None else json.dumps(content)
    connection.request(method, path, body, {"Content-Type": "application/json"})
    status = connection.getresponse().status
    connection.close()
    return status


@pytest.mark.parametrize(
    ("method", "path", "content"),
    [
        ("POST", "/_fake/faults", {"operation": "services.*", "status": 503, "times": 1}),
        ("POST", "/_fake/clock", {"shift": 60}),
        ("PATCH", "/_fake/behaviour", {"identity_limit": "evict_oldest"}),
        ("PUT", "/_fake/state", {"services": []}),
        ("POST", "/_fake/reset", None),
        ("DELETE", "/_fake/faults", None),
    ],
)
@pytest.mark.parametrize("query", ["", f"?account_sid={OTHER_SID}"])
def test_a_control_call_that_wrote_is_told_to_all(
    fake: FakeNotify, listen: Callable[..., Listener], method: str, path: str, content: Any, query: str
) -> None:
    fake.account(OTHER_SID, "x")
    listener = listen(query)
    assert write(fake, method, path, content) == 200
    assert listener.event("control") == {"method": method, "path": path}


def test_a_control_call_that_reads_or_is_refused_is_not_told(fake: FakeNotify, listen: Callable[..., Listener]) -> None:
    listener = listen()
    assert write(fake, "GET", "/_fake/faults") == 200
    assert write(fake, "POST", "/_fake/clock", {"nonsense": 1}) == 400
    create(fake)
    assert listener.event()["operation"] == "services.create"


def test_what_a_control_call_did_to_one_account_is_told_to_its_listeners(
    fake: FakeNotify, listen: Callable[..., Listener]
) -> None:
    fake.account(OTHER_SID, "x")
    mine, others = listen(f"?account_sid={fake.account_sid}"), listen(f"?account_sid={OTHER_SID}")
    assert write(fake, "POST", f"/_fake/reset?account_sid={OTHER_SID}") == 200
    create(fake)
    assert others.event("control") == {"method": "POST", "path": "/_fake/reset"}
    assert mine.event()["operation"] == "services.create"


def test_every_try_of_a_callback_is_told(fake: FakeNotify, listen: Callable[..., Listener]) -> None:
    fake.behaviour = fake.behaviour.changed({"callback_delivery": "manual"})
    fake.account(OTHER_SID, "x")
    listener, others = listen(), listen(f"?account_sid={OTHER_SID}")
    service = fake.create_service(messaging_service_sid="MG" + "a" * 32)
    sent = fake.create_notification(
        service.sid,
        to_binding=[{"binding_type": "sms", "address": "+15005550006"}],
        body="Hi",
        delivery_callback_url="http://127.0.0.1:9/nobody",
    )
    fake.deliver_callback()
    create(fake.account(OTHER_SID))
    assert others.event()["operation"] == "services.create"
    assert listener.event("callback") == {
        "sid": fake.callbacks.last.sid,
        "notification_sid": sent.sid,
        "account_sid": fake.account_sid,
        "url": "http://127.0.0.1:9/nobody",
        "status": "FAILED",
        "attempts": 1,
    }
