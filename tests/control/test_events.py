"""The stream of events: what every listener hears, in which order, and how it ends."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Callable, Generator, Iterator
from itertools import takewhile
from typing import Any
from urllib.parse import urlsplit

import pytest
from control_client import MG_SID, OTHER_SID, PHONE, Control

from fakenotify import Account, FakeNotify, Fault
from fakenotify.control import events
from fakenotify.control.routes import Ask


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
        """The body of the next event, which is ``expected``; changes are passed over, as each verb makes one."""
        kind, data = self.block()
        while kind == "event: change" != f"event: {expected}":
            kind, data = self.block()
        assert kind == f"event: {expected}"
        body: dict[str, Any] = json.loads(data.removeprefix("data: "))
        return body

    def rest(self) -> bytes:
        """What is left; the connection may be closed before the mark of the end is sent."""
        try:
            return self.response.read()
        except http.client.IncompleteRead as error:
            return error.partial

    def close(self) -> None:
        self.response.close()
        self.connection.close()


Listen = Callable[..., Listener]


@pytest.fixture
def fake() -> Iterator[FakeNotify]:
    with FakeNotify() as made:
        made.account(OTHER_SID, "x")
        yield made
        assert made._server is None or made._server.errors == []


@pytest.fixture
def listen(fake: FakeNotify) -> Iterator[Listen]:
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


def ask(handle: Account, path: str, password: str = "") -> None:
    client = handle.client(in_process=True)
    client.http_client.request("GET", f"https://notify.twilio.com/v1/{path}", auth=(client.auth[0], password or "x"))


def stream_of(fake: FakeNotify, **query: str) -> Generator[str, None, None]:
    """A stream without a socket."""
    stream: Generator[str, None, None] = events.events(fake.world, Ask(query))
    return stream


def held(fake: FakeNotify) -> tuple[int, int, int]:
    """How many functions of listeners a world holds."""
    world = fake.world
    return len(world.changes), len(world.journal._listeners), len(world.ending._acts)


# what is heard


def test_every_listener_gets_every_request_from_now_on_in_order(fake: FakeNotify, listen: Listen) -> None:
    create(fake)
    fake.fail("services.find", status=503, optional=True)  # a stream meets no fault, and is not journaled
    several = [listen() for _ in range(3)]
    made = [create(fake, f"shop {place}").sid for place in range(20)]
    for each in several:
        assert [each.event()["sid"] for _ in made] == made
    assert len(fake.requests) == 21


def test_an_event_describes_a_request_and_its_failure(fake: FakeNotify, listen: Listen) -> None:
    fake.fail("services.find", status=429)
    fake.fail("services.fetch", Fault.empty_reply())
    listener = listen()
    ask(fake, "Services")
    with pytest.raises(OSError, match="empty_reply"):
        ask(fake, "Services/" + MG_SID)
    ask(fake, "Nothing")
    ask(fake.account(OTHER_SID), "Services", password="wrong")

    bodies = [listener.event() for _ in range(4)]
    names = ("operation", "status", "code", "account_sid", "fault")
    assert [tuple(each[name] for name in names) for each in bodies] == [
        ("services.find", 429, 20429, fake.account_sid, "http(status=429) before"),
        ("services.fetch", None, None, fake.account_sid, "empty_reply() before"),
        (None, 404, 20404, fake.account_sid, None),
        (None, 401, 20003, None, None),
    ]
    assert bodies[2]["warnings"] == ["Notify has no resource at /v1/Nothing"]
    assert all(set(each) == set(bodies[0]) for each in bodies)


def test_an_event_is_one_line_of_plain_ascii(fake: FakeNotify, listen: Listen) -> None:
    listener = listen()
    ask(fake, "%0A%0Adata:é")
    lines = listener.block()
    assert (len(lines), lines[1].isascii()) == (2, True)
    assert json.loads(lines[1].removeprefix("data: "))["status"] == 404


def test_a_stream_of_one_account_leaves_out_the_others(fake: FakeNotify, listen: Listen) -> None:
    other = fake.account(OTHER_SID)
    narrow, wide = listen(f"?account_sid={OTHER_SID}"), listen()
    create(fake)
    ask(other, "Services", password="wrong")
    made = create(other)
    assert [wide.event()["account_sid"] for _ in range(3)] == [fake.account_sid, None, OTHER_SID]
    assert narrow.event()["sid"] == made.sid


def test_verbs_in_python_are_events_too_and_a_reset_does_not_end_a_stream(fake: FakeNotify, listen: Listen) -> None:
    listener = listen()
    fake.fail("bindings.*", status=429, optional=True)
    fake.clock.shift(hours=1)
    fake.create_service("shop")
    fake.reset()
    bodies = [json.loads(listener.block()[1].removeprefix("data: ")) for _ in range(4)]
    assert [each["verb"] for each in bodies] == ["fail", "clock", "create", "reset"]
    made = create(fake)
    assert listener.event()["sid"] == made.sid


def test_events_of_many_threads_do_not_mix(fake: FakeNotify, listen: Listen) -> None:
    listener = listen()
    threads = [threading.Thread(target=lambda: [create(fake) for _ in range(10)], daemon=True) for _ in range(8)]
    for each in threads:
        each.start()
    heard = [listener.event()["sid"] for _ in range(80)]
    for each in threads:
        each.join(30)
    assert sorted(heard) == sorted(each.sid for each in fake.services)


def test_a_control_write_is_an_event_for_every_stream_that_it_concerns(fake: FakeNotify, listen: Listen) -> None:
    control = Control(fake)
    listeners = [listen(), listen(f"?account_sid={OTHER_SID}")]
    writes: list[tuple[str, str, Any]] = [
        ("POST", "faults", {"operation": "services.*", "status": 503, "times": 1, "optional": True}),
        ("POST", "clock", {"shift": 60}),
        ("PATCH", "behaviour", {"identity_limit": "evict_oldest"}),
        ("PUT", "state", {"services": []}),
        ("POST", "reset", None),
        ("DELETE", "faults", None),
    ]
    for method, path, content in writes:
        control.get("faults")  # reads and refused writes are silent
        assert control.ask("POST", "clock", {"nonsense": 1}).status == 400
        control.write("POST", f"reset?account_sid={fake.account_sid}")
        control.write(method, path, content)
        assert listeners[0].event("control") == {"method": "POST", "path": "/_fake/reset"}
        for each in listeners:
            assert each.event("control") == {"method": method, "path": f"/_fake/{path}"}


def test_every_attempt_of_a_callback_is_an_event(fake: FakeNotify, listen: Listen) -> None:
    fake.behaviour = fake.behaviour.changed({"callback_delivery": "manual"})
    listener, others = listen(), listen(f"?account_sid={OTHER_SID}")
    service = fake.create_service(messaging_service_sid=MG_SID)
    url = "http://127.0.0.1:9/nobody"
    sent = fake.create_notification(service.sid, to_binding=[PHONE], body="Hi", delivery_callback_url=url)
    fake.deliver_callback()
    create(fake.account(OTHER_SID))
    assert others.event()["operation"] == "services.create"
    assert listener.event("callback") == {
        "sid": fake.callbacks.last.sid,
        "notification_sid": sent.sid,
        "account_sid": fake.account_sid,
        "url": url,
        "status": "FAILED",
        "attempts": 1,
    }


# how a stream ends


@pytest.mark.parametrize("ending", ["stop", "renew"])
def test_all_streams_end_with_the_fake_or_its_world(fake: FakeNotify, listen: Listen, ending: str) -> None:
    several = [listen() for _ in range(5)]
    getattr(fake, ending)()
    assert [each.rest() for each in several] == [b""] * 5  # each waits 5 s at most, less than a sign of life
    if ending == "renew":
        after = listen()
        made = create(fake)
        assert after.event()["sid"] == made.sid


def test_a_client_that_disconnects_is_noticed_at_the_next_heartbeat(
    fake: FakeNotify, listen: Listen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "HEARTBEAT", 0.02)
    listener = listen()
    assert listener.block() == [": still here"]
    assert held(fake)[2] == 1
    listener.close()
    fake.wait_for(lambda: held(fake)[2] == 0)


def test_a_slow_reader_gets_an_end_event_and_nothing_more(fake: FakeNotify, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "MOST_WAITING", 2000)
    slow, fast = stream_of(fake), stream_of(fake)
    assert [next(slow), next(fast)] == [": fakenotify\n\n"] * 2
    for _ in range(50):
        assert create(fake).sid in next(fast)
    assert "too slow" in next(slow)
    create(fake)
    assert list(slow) == []
    fast.close()
    assert held(fake) == (0, 0, 0)


def test_an_ended_stream_leaves_no_listener(fake: FakeNotify) -> None:
    streams = [stream_of(fake) for _ in range(3)]
    assert held(fake) == (0, 0, 0)  # nobody reads yet: the client may have gone before the head of the answer
    for each in streams[1:]:
        next(each)
    assert held(fake) == (2, 2, 2)
    for each in streams:
        each.close()
    assert held(fake) == (0, 0, 0)


def test_a_stream_sends_heartbeats_and_ends_with_its_world(fake: FakeNotify, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "HEARTBEAT", 0.01)
    stream = stream_of(fake, account_sid=fake.account_sid)
    assert next(stream) == ": fakenotify\n\n"
    made = create(fake)
    assert made.sid in next(stream)
    assert next(stream) == ": still here\n\n"
    fake.world.end()
    assert list(stream) == []
    assert list(stream_of(fake)) == [": fakenotify\n\n"]
