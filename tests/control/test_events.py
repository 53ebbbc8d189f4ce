"""The stream of events: what every reader hears, in which order, and how it ends."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest
from control_client import MG_SID, OTHER_SID, PHONE, Control

from fakenotify import Account, FakeNotify, Fault
from fakenotify.control import events
from fakenotify.control.routes import Ask

BEGUN = ": fakenotify\n\n"


class Stream:
    """A stream without a socket, which has begun."""

    def __init__(self, fake: FakeNotify, **query: str) -> None:
        self.texts = events.events(fake.world, Ask(query))
        assert next(self.texts) == BEGUN

    def event(self, expected: str = "request") -> dict[str, Any]:
        """The body of the next event, which is ``expected``; changes are passed over, as each verb makes one."""
        for text in self.texts:
            kind, data, *rest = text.split("\n")
            if kind == f"event: {expected}" or kind != "event: change":
                break
        assert (kind, rest, text.isascii()) == (f"event: {expected}", ["", ""], True)
        body: dict[str, Any] = json.loads(data.removeprefix("data: "))
        return body


@pytest.fixture
def fake() -> Iterator[FakeNotify]:
    with FakeNotify() as made:
        made.account(OTHER_SID, "x")
        yield made
        assert made._server is None or made._server.errors == []


@contextmanager
def connected(fake: FakeNotify) -> Iterator[http.client.HTTPResponse]:
    """A stream on a socket, which has begun."""
    with closing(http.client.HTTPConnection(urlsplit(fake.url).netloc, timeout=5)) as connection:
        connection.request("GET", "/_fake/events", headers={"Accept": "text/event-stream"})
        with connection.getresponse() as response:
            assert response.getheader("Content-Type") == "text/event-stream"
            assert response.readline() + response.readline() == BEGUN.encode()
            yield response


def create(handle: Account, name: str = "shop") -> Any:
    return handle.client(in_process=True).notify.v1.services.create(friendly_name=name)


def ask(handle: Account, path: str, password: str = "") -> None:
    client = handle.client(in_process=True)
    client.http_client.request("GET", f"https://notify.twilio.com/v1/{path}", auth=(client.auth[0], password or "x"))


def held(fake: FakeNotify) -> tuple[int, int, int]:
    """How many listeners a world has, by kind."""
    world = fake.world
    return len(world.changes), len(world.journal._listeners), len(world.ending._acts)


# what is heard


def test_every_reader_gets_every_request_from_now_on_in_order(fake: FakeNotify) -> None:
    create(fake)
    fake.fail("services.find", status=503, optional=True)  # a stream meets no fault, and is not journaled
    several = [Stream(fake) for _ in range(3)]
    with connected(fake) as response:
        made = [create(fake, f"shop {place}").sid for place in range(20)]
        assert made[0] in (response.readline() + response.readline()).decode()
    for each in several:
        assert [each.event()["sid"] for _ in made] == made
    assert len(fake.requests) == 21


def test_an_event_describes_a_request_and_its_failure_in_one_line_of_ascii(fake: FakeNotify) -> None:
    fake.fail("services.find", status=429)
    fake.fail("services.fetch", Fault.empty_reply())
    stream = Stream(fake)
    ask(fake, "Services")
    with pytest.raises(OSError, match="empty_reply"):
        ask(fake, "Services/" + MG_SID)
    ask(fake, "%0A%0Adata:é")
    ask(fake.account(OTHER_SID), "Services", password="wrong")

    bodies = [stream.event() for _ in range(4)]
    names = ("operation", "status", "code", "account_sid", "fault")
    assert [tuple(each[name] for name in names) for each in bodies] == [
        ("services.find", 429, 20429, fake.account_sid, "http(status=429) before"),
        ("services.fetch", None, None, fake.account_sid, "empty_reply() before"),
        (None, 404, 20404, fake.account_sid, None),
        (None, 401, 20003, None, None),
    ]
    assert bodies[2]["warnings"][0].startswith("Notify has no resource at /v1/%0A")
    assert all(set(each) == set(bodies[0]) for each in bodies)


def test_a_stream_of_one_account_leaves_out_the_others(fake: FakeNotify) -> None:
    other = fake.account(OTHER_SID)
    narrow, wide = Stream(fake, account_sid=OTHER_SID), Stream(fake)
    create(fake)
    ask(other, "Services", password="wrong")
    made = create(other)
    assert [wide.event()["account_sid"] for _ in range(3)] == [fake.account_sid, None, OTHER_SID]
    assert narrow.event()["sid"] == made.sid


def test_verbs_in_python_are_events_too_and_a_reset_does_not_end_a_stream(fake: FakeNotify) -> None:
    stream = Stream(fake)
    fake.fail("bindings.*", status=429, optional=True)
    fake.clock.shift(hours=1)
    fake.create_service("shop")
    fake.reset()
    assert [stream.event("change")["verb"] for _ in range(4)] == ["fail", "clock", "create", "reset"]
    made = create(fake)
    assert stream.event()["sid"] == made.sid


def test_events_of_many_threads_do_not_mix(fake: FakeNotify) -> None:
    stream = Stream(fake)
    threads = [threading.Thread(target=lambda: [create(fake) for _ in range(10)], daemon=True) for _ in range(8)]
    for each in threads:
        each.start()
    heard = [stream.event()["sid"] for _ in range(80)]
    for each in threads:
        each.join(30)
    assert sorted(heard) == sorted(each.sid for each in fake.services)


def test_a_control_write_is_an_event_for_every_stream_that_it_concerns(fake: FakeNotify) -> None:
    control, streams = Control(fake), [Stream(fake), Stream(fake, account_sid=OTHER_SID)]
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
        assert streams[0].event("control") == {"method": "POST", "path": "/_fake/reset"}
        for each in streams:
            assert each.event("control") == {"method": method, "path": f"/_fake/{path}"}


def test_every_attempt_of_a_callback_is_an_event(fake: FakeNotify) -> None:
    fake.behaviour = fake.behaviour.changed({"callback_delivery": "manual"})
    stream, others = Stream(fake), Stream(fake, account_sid=OTHER_SID)
    service = fake.create_service(messaging_service_sid=MG_SID)
    url = "http://127.0.0.1:9/nobody"
    sent = fake.create_notification(service.sid, to_binding=[PHONE], body="Hi", delivery_callback_url=url)
    fake.deliver_callback()
    create(fake.account(OTHER_SID))
    assert others.event()["operation"] == "services.create"
    assert stream.event("callback") == {
        "sid": fake.callbacks.last.sid,
        "notification_sid": sent.sid,
        "account_sid": fake.account_sid,
        "url": url,
        "status": "FAILED",
        "attempts": 1,
    }


# how a stream ends


@pytest.mark.parametrize("ending", ["stop", "renew"])
def test_all_streams_end_with_the_fake_or_its_world(fake: FakeNotify, ending: str) -> None:
    with ExitStack() as stack:
        several = [stack.enter_context(connected(fake)) for _ in range(5)]
        getattr(fake, ending)()
        for each in several:  # each waits 5 s at most, less than a heartbeat
            try:
                rest = each.read()
            except http.client.IncompleteRead as error:  # it may be closed before the mark of the end is sent
                rest = error.partial
            assert rest == b""


def test_a_client_that_disconnects_is_noticed_at_the_next_heartbeat(
    fake: FakeNotify, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "HEARTBEAT", 0.02)
    with connected(fake) as response:
        assert (response.readline(), held(fake)[2]) == (b": still here\n", 1)
    fake.wait_for(lambda: held(fake)[2] == 0)


def test_a_slow_reader_gets_an_end_event_and_nothing_more(fake: FakeNotify, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "MOST_WAITING", 2000)
    slow, fast = Stream(fake), Stream(fake)
    for _ in range(50):
        assert create(fake).sid == fast.event()["sid"]
    assert "too slow" in slow.event("end")["reason"]
    create(fake)
    assert list(slow.texts) == []
    fast.texts.close()
    assert held(fake) == (0, 0, 0)


def test_an_ended_stream_leaves_no_listener(fake: FakeNotify) -> None:
    unread = events.events(fake.world, Ask({}))  # the client may have gone before the head of the answer
    assert held(fake) == (0, 0, 0)
    streams = [Stream(fake) for _ in range(2)]
    assert held(fake) == (2, 2, 2)
    for each in (unread, *(each.texts for each in streams)):
        each.close()
    assert held(fake) == (0, 0, 0)


def test_a_stream_sends_heartbeats_and_ends_with_its_world(fake: FakeNotify, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "HEARTBEAT", 0.01)
    stream = Stream(fake, account_sid=fake.account_sid)
    made = create(fake)
    assert stream.event()["sid"] == made.sid
    assert next(stream.texts) == ": still here\n\n"
    fake.world.end()
    assert list(stream.texts) == list(Stream(fake).texts) == []
