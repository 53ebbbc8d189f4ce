"""Delivery callbacks, posted to real receivers."""

from __future__ import annotations

import json
import re
import select
import socket
import sys
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime, timezone
from time import monotonic
from typing import Any
from urllib.parse import parse_qsl

import pytest
from reliability.receivers import Post, Receiver, blocks, says, writes
from twilio.request_validator import RequestValidator
from werkzeug.datastructures import MultiDict

from fakenotify import FakeNotify
from fakenotify.notify.records import Alert, Attempt, Callback
from fakenotify.server.callback_sender import THREAD, CallbackSender

MOMENT = datetime(2027, 10, 31, 12, tzinfo=timezone.utc)
SERVICE_SID = "IS" + "a" * 32
PHONE = {"binding_type": "sms", "address": "+1501"}


def fields_of(post: Post) -> list[tuple[str, str]]:
    return parse_qsl(post.body.decode(), keep_blank_values=True, strict_parsing=True)


def is_signed(post: Post, auth_token: str) -> bool:
    signature = dict(post.headers)["X-Twilio-Signature"]
    valid: bool = RequestValidator(auth_token).validate(post.url, MultiDict(fields_of(post)), signature)
    return valid


@pytest.fixture
def receive() -> Iterator[Callable[..., Receiver]]:
    """Makes receivers."""
    with ExitStack() as stack:
        yield lambda *arguments, **named: stack.enter_context(Receiver(*arguments, **named))


@pytest.fixture
def begin(open_fake, monkeypatch) -> Iterator[Callable[..., FakeNotify]]:
    """Makes fakes with a Service that lacks nothing; their clocks stand still, and no worker may meet a bug."""
    bugs: list[object] = []
    monkeypatch.setattr(sys, "excepthook", lambda kind, error, trace: bugs.append(error))

    def make(**settings: Any) -> FakeNotify:
        fake: FakeNotify = open_fake(frozen=MOMENT, **settings)
        _add_service(fake)
        return fake

    yield make
    assert bugs == []


@pytest.fixture
def fake(begin: Callable[..., FakeNotify]) -> FakeNotify:
    """A fake that posts callbacks by itself."""
    return begin()


@pytest.fixture
def manual(begin: Callable[..., FakeNotify]) -> FakeNotify:
    """A fake that posts a callback when the test says so."""
    return begin(callback_delivery="manual")


def _add_service(fake: FakeNotify) -> None:
    fake.create_service(sid=SERVICE_SID, messaging_service_sid="MG" + "b" * 32)


def phones(count: int) -> list[dict[str, str]]:
    return [{"binding_type": "sms", "address": f"+1500{number:07}"} for number in range(count)]


def send(fake: FakeNotify, url: str, **fields: Any) -> str:
    """Send in process, to one phone unless ``fields`` say otherwise; returns the Notification's sid."""
    fields = {"to_binding": [PHONE], "body": "Hi", **fields}
    return fake.create_notification(SERVICE_SID, delivery_callback_url=url, **fields).sid


def attempted(fake: FakeNotify, url: str) -> Attempt:
    """Send, and post the callback by hand."""
    send(fake, url)
    attempt: Attempt = fake.deliver_callback().attempts[-1]
    return attempt


def send_by_client(fake: FakeNotify, url: str, *, in_process: bool = False) -> str:
    notifications = fake.client(in_process=in_process).notify.v1.services(SERVICE_SID).notifications
    return str(notifications.create(to_binding=json.dumps(PHONE), body="Hi", delivery_callback_url=url).sid)


def set_delivery(fake: FakeNotify, how: str) -> None:
    fake.behaviour = fake.behaviour.changed({"callback_delivery": how})


def statuses(fake: FakeNotify) -> list[str]:
    return [each.status for each in fake.callbacks]


def settled(fake: FakeNotify, count: int = 1) -> list[Callback]:
    """The callbacks, once there are ``count`` of them and none is pending."""
    fake.wait_for(lambda: len(fake.callbacks) == count and "PENDING" not in statuses(fake), timeout=30)
    return list(fake.callbacks)


def outcome(fake: FakeNotify) -> tuple[str, list[int | str | None]]:
    """The status of the only callback, and the status or the error of each attempt."""
    (callback,) = settled(fake)
    return callback.status, [each.error or each.status for each in callback.attempts]


def alerted(fake: FakeNotify) -> list[int]:
    return [each.code for each in fake.alerts]


def assert_unharmed(fake: FakeNotify, receiver: Receiver) -> None:
    """The fake still answers, and still posts."""
    receiver.answer = says(204)
    send_by_client(fake, receiver.url)
    assert settled(fake, len(fake.callbacks))[-1].status == "DELIVERED"


def sender_threads() -> list[threading.Thread]:
    return [each for each in threading.enumerate() if each.name == THREAD]


# what is posted


def test_a_callback_is_posted_as_a_form_in_twilios_order(fake, receive) -> None:
    receiver = receive(says(200, b"thanks"))
    fake.create_binding(SERVICE_SID, identity="alice", binding_type="sms", address="+1501")
    fake.create_binding(SERVICE_SID, identity="bob", binding_type="sms", address="+1 555")

    sid = send(fake, receiver.url, to_binding=None, tags=["all"])

    (callback,), (post,) = settled(fake), receiver.posts
    sent, failed = fake.deliveries
    error = {"error_code": 52001, "error_message": failed.error_message}
    states = [
        {"sid": sent.sid, "type": "sms", "address": "+1501", "identity": "alice", "status": "SENT"},
        {"sid": None, "type": "sms", "address": "+1 555", "identity": "bob", "status": "FAILED", **error},
    ]
    assert (post.method, post.url) == ("POST", receiver.url)
    assert fields_of(post) == [
        ("NotificationSid", sid),
        ("AccountSid", fake.account_sid),
        ("ServiceSid", SERVICE_SID),
        ("Count", "2"),
        ("SequenceId", "0"),
        ("IsFinal", "true"),
        *(("DeliveryState", json.dumps(state)) for state in states),
    ]
    assert callback == Callback(
        sid=callback.sid,
        account_sid=fake.account_sid,
        service_sid=SERVICE_SID,
        notification_sid=sid,
        url=receiver.url,
        body=post.body.decode(),
        signature=dict(post.headers)["X-Twilio-Signature"],
        sequence_id=0,
        is_final=True,
        status="DELIVERED",
        attempts=(Attempt(MOMENT, 200, "thanks"),),
        date_created=MOMENT,
    )
    assert (callback.response, callback.delivery_states) == (Attempt(MOMENT, 200, "thanks"), states)
    assert callback.params["NotificationSid"] == [sid]


def test_the_headers_are_those_of_a_twilio_webhook_and_a_retry_has_the_same(begin, receive) -> None:
    receiver = receive(says(500))
    fake = begin(callback_delivery="manual", callback_retries=1)
    for _ in range(2):
        attempted(fake, receiver.url)
    fake.clock.shift(seconds=1)
    for _ in range(2):
        fake.deliver_callback()

    first, second = fake.callbacks
    for callback, post, retry in zip(fake.callbacks, receiver.posts[:2], receiver.posts[2:], strict=True):
        token = re.sub("(.{8})(.{4})(.{4})(.{4})(.{12})", r"\1-\2-\3-\4-\5", callback.sid[2:])
        assert dict(post.headers) == {
            "Host": receiver.url.split("/")[2],
            "Accept-Encoding": "identity",
            "Content-Length": str(len(post.body)),
            "Content-Type": "application/x-www-form-urlencoded; charset=utf-8",
            "User-Agent": "TwilioProxy/1.1",
            "I-Twilio-Idempotency-Token": token,
            "X-Home-Region": "us1",
            "X-Twilio-Signature": callback.signature,
            "Connection": "close",
        }
        assert (len(post.headers), retry) == (9, post)
    assert first.sid != second.sid


def test_a_callback_has_a_thousand_deliveries_at_most(manual, receive) -> None:
    for count, batches in (
        (1000, [("1000", "0", "true")]),
        (2001, [("1000", "0", "false"), ("1000", "1", "false"), ("1", "2", "true")]),
    ):
        receiver = receive()
        addresses = [f"+1500{number:07}" for number in range(count)]
        sid = send(manual, receiver.url, to_binding=[{"binding_type": "sms", "address": each} for each in addresses])

        while manual.deliver_callback():
            pass

        fields = [MultiDict(fields_of(post)) for post in receiver.posts]
        states = [each.getlist("DeliveryState") for each in fields]
        assert [(each["Count"], each["SequenceId"], each["IsFinal"]) for each in fields] == batches
        assert [len(each) for each in states] == [int(batch[0]) for batch in batches]
        assert {each["NotificationSid"] for each in fields} == {sid}
        assert [json.loads(state)["address"] for each in states for state in each] == addresses
        assert all(is_signed(post, manual.auth_token) for post in receiver.posts)


# signatures


def test_twilios_library_accepts_every_signature_and_only_with_the_token(manual, receive) -> None:
    receiver = receive()
    for identity in ("alice", "Jürgen + Söhne & Co. = 😀"):
        manual.create_binding(SERVICE_SID, identity=identity, binding_type="sms", address=f"+1 {identity}")
    for query in ("", "?api=twilio-notify-callback", "?a=1&b=2&a=1", "?q=%20%2F&name=J%C3%BCrgen", "?t=a+b", "?x;y"):
        send(manual, receiver.url + query)
        send(manual, receiver.url + query, to_binding=None, tags=["all"])
    send(manual, receiver.url, to_binding=[{"binding_type": "sms", "address": "nonsense"}] * 3)

    posted = [manual.deliver_callback().status for _ in manual.callbacks]

    assert posted == ["DELIVERED"] * 13
    assert [is_signed(post, manual.auth_token) for post in receiver.posts] == [True] * 13
    assert [is_signed(post, "another token") for post in receiver.posts] == [False] * 13
    states = manual.callbacks.last.params["DeliveryState"]
    assert (len(states), len(set(states))) == (3, 1)  # equal ones count once in a signature


@pytest.mark.parametrize(("kind", "is_known"), [("AC", True), ("SK", False)])
def test_an_undeclared_account_signs_with_its_last_password_but_not_with_the_secret_of_an_api_key(
    begin, wire_as, receive, kind, is_known
) -> None:
    fake, receiver, user = begin(unknown_accounts="own"), receive(), kind + "2" * 32
    wire_as(fake, user, "an older one").post("/v1/Services")
    wire = wire_as(fake, user, "the last one")
    sid = wire.post("/v1/Services").json["sid"]

    form = {"ToBinding": json.dumps(PHONE), "DeliveryCallbackUrl": receiver.url}
    wire.post(f"/v1/Services/{sid}/Notifications", form)

    receiver.wait()
    assert is_signed(receiver.posts[0], "the last one" if is_known else fake.auth_token)


def test_the_callbacks_of_every_account_are_posted_with_its_own_signature(manual, receive) -> None:
    receiver = receive()
    other = manual.account("AC" + "1" * 32, "other token")
    service = other.create_service()
    other.create_notification(service.sid, to_binding=[PHONE], delivery_callback_url=receiver.url)
    sid = send(manual, receiver.url)

    posted = [manual.deliver_callback() for _ in range(3)]

    assert [each and each.notification_sid for each in posted] == [sid, other.notifications.last.sid, None]
    assert [each.notification_sid for each in manual.callbacks] == [sid]
    assert [is_signed(post, "other token") for post in receiver.posts] == [False, True]
    assert ("AccountSid", other.account_sid) in fields_of(receiver.posts[1])


# after the response has been sent


@pytest.mark.parametrize("in_process", [False, True])
def test_a_receiver_that_blocks_does_not_hold_up_the_answer(fake, receive, in_process) -> None:
    receiver = receive(blocks)

    send_by_client(fake, receiver.url, in_process=in_process)
    receiver.wait()
    send_by_client(fake, receiver.url, in_process=in_process)

    assert statuses(fake) == ["PENDING", "PENDING"]
    receiver.released.set()
    assert [each.status for each in settled(fake, 2)] == ["DELIVERED", "DELIVERED"]


def test_the_answer_has_arrived_before_the_callback_is_posted(fake, wire_of, receive) -> None:
    """The receiver looks at the socket of the client, who doesn't read: the whole answer is there."""
    seen: list[bytes] = []
    client = socket.create_connection(("127.0.0.1", int(fake.url.rpartition(":")[2])))

    def look(handler: Any) -> None:
        if select.select([client], [], [], 4)[0]:
            seen.append(client.recv(65536, socket.MSG_PEEK))
        says(200)(handler)

    body = f"ToBinding={json.dumps(PHONE).replace('+', '%2B')}&Body=Hi&DeliveryCallbackUrl={receive(look).url}"
    head = (
        f"POST /v1/Services/{SERVICE_SID}/Notifications HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Authorization: {wire_of(fake).headers['Authorization']}\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with client:
        client.sendall((head + body).encode())
        settled(fake)

    (answer,) = seen
    assert answer.startswith(b"HTTP/1.1 201 CREATED\r\n")
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["sid"] == fake.notifications.last.sid


# which URL, and when


def test_the_notifications_url_wins_and_the_services_needs_its_flag(manual) -> None:
    expected = {
        ("http://own/", None, False): ["http://own/"],
        ("http://own/", "http://service/", True): ["http://own/"],
        (None, "http://service/", True): ["http://service/"],
        (None, "http://service/", False): [],
        (None, None, True): [],
    }
    found = {}
    for own, of_service, enabled in expected:
        service = manual.create_service(delivery_callback_url=of_service, delivery_callback_enabled=enabled)
        manual.create_notification(service.sid, to_binding=[PHONE], delivery_callback_url=own)
        found[own, of_service, enabled] = [each.url for each in manual.callbacks.where(service_sid=service.sid)]

    assert found == expected


def test_a_notification_that_reaches_nobody_has_one_empty_callback_if_the_switch_says_so(begin, receive) -> None:
    receiver = receive()
    fake = begin(callback_delivery="manual")
    send(fake, receiver.url, to_binding=None, identities=["nobody"])
    assert fake.callbacks == []

    fake.behaviour = fake.behaviour.changed({"callback_when_empty": True})
    sids = [send(fake, receiver.url, to_binding=None, identities=["nobody"])]
    fake.fail_delivery(52302)
    sids.append(send(fake, receiver.url))

    posted = [fake.deliver_callback() for _ in sids]
    empty = [("Count", "0"), ("SequenceId", "0"), ("IsFinal", "true")]
    assert [(dict(fields_of(post))["NotificationSid"], fields_of(post)[3:]) for post in receiver.posts] == [
        (sid, empty) for sid in sids
    ]
    assert [(each.delivery_states, each.sequence_id, each.is_final) for each in posted] == [([], 0, True)] * 2
    assert fake.deliver_callback() is None


# manual delivery


def test_manual_delivery_posts_callbacks_one_by_one_without_a_thread(manual, receive) -> None:
    before = sender_threads()
    receiver = receive()
    assert manual.deliver_callback() is None
    sids = [send(manual, receiver.url), send_by_client(manual, receiver.url)]
    manual.clock.shift(hours=1)
    assert (receiver.posts, statuses(manual)) == ([], ["PENDING"] * 2)

    delivered = [manual.deliver_callback() for _ in range(3)]

    assert delivered == [*manual.callbacks, None]
    assert [(each.notification_sid, each.status) for each in manual.callbacks] == [(sid, "DELIVERED") for sid in sids]
    assert (len(receiver.posts), sender_threads()) == (2, before)


def test_switching_to_manual_delivery_leaves_pending_callbacks_to_the_tester(fake, receive) -> None:
    receiver = receive(blocks)
    sids = [send(fake, receiver.url) for _ in range(2)]
    receiver.wait()

    set_delivery(fake, "manual")
    receiver.released.set()
    sender = fake._sender()
    fake.wait_for(lambda: not sender._workers and not sender._woken, timeout=30)  # it has looked for more

    assert [each.notification_sid for each in fake.callbacks] == sids
    assert statuses(fake) == ["DELIVERED", "PENDING"]
    assert fake.deliver_callback().notification_sid == sids[1]


# retries


def test_retries_wait_one_two_and_four_seconds_and_then_give_up(begin, receive) -> None:
    fake = begin(callback_delivery="manual", callback_retries=3)
    receiver = receive(says(500))
    send(fake, receiver.url)
    assert len(fake.deliver_callback().attempts) == 1

    for number, wait in enumerate((1, 2, 4), 2):
        assert (fake.callbacks.last.status, fake.alerts) == ("PENDING", [])
        fake.clock.shift(seconds=wait - 0.5)
        assert fake.deliver_callback() is None
        fake.clock.shift(seconds=0.5)
        assert len(fake.deliver_callback().attempts) == number

    callback = fake.callbacks.last
    assert [(each.date - MOMENT).total_seconds() for each in callback.attempts] == [0, 1, 3, 7]
    assert (callback.status, len({post.body for post in receiver.posts})) == ("FAILED", 1)
    assert fake.alerts == [
        Alert(
            code=52311,
            level="ERROR",
            text="Notify is unable to invoke the given callback",
            notification_sid=callback.notification_sid,
            service_sid=SERVICE_SID,
            account_sid=fake.account_sid,
            binding_sid=None,
            binding_type=None,
            date_created=callback.attempts[-1].date,
        )
    ]
    fake.clock.shift(days=1)
    assert fake.deliver_callback() is None


def test_a_retry_that_succeeds_is_the_last_and_waits_its_turn(begin, receive) -> None:
    fake = begin(callback_delivery="manual", callback_retries=5)
    receiver = receive(says(500, b"not yet"))
    first = send(fake, receiver.url)
    fake.deliver_callback()
    receiver.answer = says(201, b"now")
    second = send(fake, receiver.url)
    fake.clock.shift(seconds=1)

    assert [fake.deliver_callback().notification_sid for _ in range(2)] == [second, first]

    callback = fake.callbacks[0]
    assert [(each.status, each.body) for each in callback.attempts] == [(500, "not yet"), (201, "now")]
    assert (callback.status, callback.response.body, fake.alerts) == ("DELIVERED", "now", [])
    fake.clock.shift(days=1)
    assert fake.deliver_callback() is None


def test_moving_the_clock_triggers_retries(begin, receive) -> None:
    fake, receiver = begin(callback_retries=3), receive(says(500))
    send(fake, receiver.url)

    for number, wait in enumerate((1, 2, 4), 1):
        fake.wait_for(lambda number=number: len(fake.callbacks.last.attempts) == number, timeout=30)
        fake.clock.shift(seconds=wait)

    assert outcome(fake) == ("FAILED", [500] * 4)
    assert (alerted(fake), len(receiver.posts)) == ([52311], 4)


def test_a_running_clock_triggers_retries(begin, receive) -> None:
    fake = begin(callback_retries=1)
    fake.clock.resume()
    send(fake, receive(says(500)).url)

    assert outcome(fake) == ("FAILED", [500, 500])


# receivers that misbehave


def test_any_2xx_will_do_and_no_redirect_is_followed(manual, receive) -> None:
    elsewhere = receive()
    receiver = receive()
    good = (200, 201, 204, 299)
    bad = (300, 301, 302, 303, 304, 307, 308, 400, 404, 500, 503)
    for status in (*good, *bad):
        receiver.answer = says(status, Location=elsewhere.url)
        assert attempted(manual, receiver.url).status == status

    found = {each.response.status: each.status for each in manual.callbacks}
    assert found == {**dict.fromkeys(good, "DELIVERED"), **dict.fromkeys(bad, "FAILED")}
    assert alerted(manual) == [52311] * len(bad)
    assert elsewhere.posts == []


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
SLOW = {
    "silent": blocks,
    "trickling head": writes(b"HTTP/1.1 200 OK\r\nX: ", b"x"),
    "trickling body": writes(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", b"x"),
    "trickling closing body": writes(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", b"x"),
    "trickling chunks": writes(CHUNKED, b"1\r\nx\r\n"),
    "100 for ever": writes(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
}
NO_HTTP = {
    "nothing": writes(b""),
    "garbage": writes(b"\x00\xff" * 500),
    "no status": writes(b"HTTP/1.1 OK\r\n\r\n"),
    "a long status": writes(b"HTTP/1.1 2000 OK\r\n\r\n"),
    "a line without an end": writes(b"x" * 100_000),
    "many headers": writes(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 101 + b"\r\n"),
    "a long header": writes(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000),
    "no chunks": writes(CHUNKED + b"nonsense\r\n"),
    "a long chunk size": writes(CHUNKED + b"9" * 5000 + b"\r\n"),
}


@pytest.mark.parametrize(("answers", "timeout"), [(SLOW, 1.0), (NO_HTTP, 5.0)], ids=["slow", "no http"])
def test_an_answer_that_takes_too_long_or_is_not_http_fails_its_callback(begin, receive, answers, timeout) -> None:
    fake = begin(callback_timeout=timeout)
    names = {}
    for name, answer in answers.items():
        receiver = receive(answer)
        names[receiver.url] = name
        send(fake, receiver.url)

    callbacks = settled(fake, len(answers))

    found = {names[each.url]: (each.status, [attempt.status for attempt in each.attempts]) for each in callbacks}
    assert found == dict.fromkeys(answers, ("FAILED", [None]))
    late = "TimeoutError: no whole answer within 1.0 seconds"
    assert all(re.match(late if answers is SLOW else "[A-Za-z]+: ", each.attempts[0].error) for each in callbacks)
    assert alerted(fake) == [52311] * len(answers)
    assert_unharmed(fake, receive())


def floods(handler: Any) -> None:
    writes(b"HTTP/1.0 200 OK\r\n\r\n")(handler)
    while True:
        handler.wfile.write(b"x" * 10_000)


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        (writes(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"), "half"),
        (says(200, b"x" * 5_000_000), "x" * 65_536),
        (floods, "x" * 65_536),
        (says(200, b"caf\xc3\xa9 \xff\x00"), "café \ufffd\x00"),
    ],
    ids=["cut short", "huge", "without an end", "no text"],
)
def test_the_beginning_of_an_answer_is_kept_as_text(manual, receive, answer, body) -> None:
    assert attempted(manual, receive(answer).url) == Attempt(MOMENT, 200, body)


FOREIGN = {"EXAMPLE.com:8080": "example.com", "127.0.0.1@example.com": "example.com", "[::]": "::"} | {
    host: host
    for host in (
        "0.0.0.0", "10.0.0.1", "127.0.0.1.example.com", "localhost.example.com", "127.0.0.256", "127.0.0.٣",
        "localhost.", "2130706433", "0x7f.0.0.1",
    )
}  # fmt: skip
REFUSED = {
    "http://127.0.0.1:port/": "ValueError: Port could not be cast to integer value as 'port'",
    "http://127.0.0.1:99999/": "ValueError: Port out of range 0-65535",
    "http://[::1/": "ValueError: Invalid IPv6 URL",
    **{
        url: f"ValueError: {url!r} is not an http(s) URL"
        for url in ("hello", "//127.0.0.1/", "http:///path", "ftp://127.0.0.1/", "file:///etc/passwd")
    },
    **{
        url: f"ValueError: {url!r} is not a URL: percent-encode the letters in it that are not ASCII"
        for url in ("http://127.0.0.1/é", "http://127.0.0.1/?q=é")
    },
    **{
        f"http://{host}/": f"ValueError: {shown} is not loopback; allow it with callback_hosts=({shown!r},)"
        for host, shown in FOREIGN.items()
    },
}
NO_PATH = {
    "/a b": "InvalidURL: URL can't contain control characters. '/a b' (found at least ' ')",
    "/\x7f": "InvalidURL: URL can't contain control characters. '/\\x7f' (found at least '\\x7f')",
}


def test_an_unusable_url_fails_its_callback_without_a_look_up(manual, receive) -> None:
    receiver = receive()
    base = receiver.url.removesuffix("/callback")
    expected = {**REFUSED, **{base + path: error for path, error in NO_PATH.items()}}
    assert {url: attempted(manual, url).error for url in expected} == expected
    assert alerted(manual) == [52311] * len(expected)
    assert receiver.posts == []


def test_allowed_hosts_are_called_whatever_their_case(begin, receive) -> None:
    receiver = receive()
    fake = begin(callback_delivery="manual", callback_hosts=("Elsewhere.Example", "0x7F.0.0.1"))
    hosts = ("0X7f.0.0.1", "0.0.0.0")  # which Linux connects to loopback
    assert [attempted(fake, receiver.url.replace("127.0.0.1", host)).status for host in hosts] == [200, None]


def test_a_url_is_requested_as_it_is_written(manual, receive) -> None:
    receiver = receive()
    port = receiver.server_address[1]
    asked = {
        f"http://localhost:{port}": f"http://localhost:{port}/",
        f"http://LOCALHOST:{port}/x?#y": f"http://LOCALHOST:{port}/x",
        f"http://user:secret@127.0.0.1:{port}?a=b": f"http://127.0.0.1:{port}/?a=b",
        f"http://127.0.0.1:{port}/%20%C3%A9": f"http://127.0.0.1:{port}/%20%C3%A9",
    }
    assert [attempted(manual, url).status for url in asked] == [200] * 4
    assert [post.url for post in receiver.posts] == list(asked.values())


def test_an_https_url_is_called_by_tls(manual, receive) -> None:
    receiver = receive()
    assert "SSL" in attempted(manual, receiver.url.replace("http:", "https:")).error
    assert receiver.posts == []


@pytest.mark.usefixtures("ipv6")
def test_an_ipv6_receiver_is_called(manual, receive) -> None:
    receiver = receive(host="::1")
    url = f"http://[::1]:{receiver.server_address[1]}/v6"
    assert attempted(manual, url).status == 200
    assert [post.url for post in receiver.posts] == [url]


def test_a_bad_receiver_does_not_prevent_calls_to_others(fake, receive, free_port) -> None:
    good = receive()
    for url in (f"http://127.0.0.1:{free_port}/", "hello", good.url, "http://example.com/", good.url):
        send(fake, url)

    callbacks = settled(fake, 5)

    assert [each.status for each in callbacks] == ["FAILED", "FAILED", "DELIVERED", "FAILED", "DELIVERED"]
    assert callbacks[0].attempts[0].error.startswith("ConnectionRefusedError: ")
    assert callbacks[0].response is None
    assert len(good.posts) == 2


@pytest.mark.parametrize(("user", "answered"), [("", 401), ("joe:s%40crët@", 200)])
def test_credentials_in_the_url_answer_a_challenge(manual, receive, user, answered) -> None:
    def answer(handler: Any) -> None:
        if handler.headers["Authorization"] == "Basic " + b64encode("joe:s@crët".encode()).decode():
            says(200)(handler)
        else:
            says(401, **{"WWW-Authenticate": 'Basic realm="theirs"'})(handler)

    receiver = receive(answer)
    assert attempted(manual, receiver.url.replace("http://", f"http://{user}")).status == answered
    assert len(receiver.posts) == (2 if user else 1)
    assert "Authorization" not in dict(receiver.posts[0].headers)


# the world changes meanwhile


@pytest.mark.parametrize("change", ["reset", "restore", "renew"])
def test_an_attempt_in_progress_ends_in_the_world_where_it_began(fake, receive, change) -> None:
    receiver = receive(blocks)
    before = fake.snapshot()
    send(fake, receiver.url)
    send(fake, receiver.url)
    receiver.wait()

    getattr(fake, change)(*([before] if change == "restore" else []))
    assert fake.callbacks == []
    receiver.released.set()

    if change != "restore":
        _add_service(fake)
    sid = send(fake, receiver.url)
    assert [(each.notification_sid, each.status) for each in settled(fake)] == [(sid, "DELIVERED")]
    assert (fake.alerts, len(receiver.posts)) == ([], 2)


def test_a_snapshot_has_what_is_still_to_be_posted(manual, receive) -> None:
    receiver = receive()
    empty = manual.snapshot()
    sid = send(manual, receiver.url)
    pending = manual.snapshot()
    assert manual.deliver_callback().status == "DELIVERED"

    manual.restore(empty)
    assert (manual.callbacks, manual.deliver_callback()) == ([], None)

    manual.restore(pending)
    manual.client(in_process=True).notify.v1.services(SERVICE_SID).delete()  # callbacks stay
    assert [(each.notification_sid, each.status, each.attempts) for each in manual.callbacks] == [(sid, "PENDING", ())]
    assert manual.deliver_callback().status == "DELIVERED"
    assert len(receiver.posts) == 2


def test_pending_callbacks_that_are_restored_are_posted_where_delivery_is_automatic(manual, receive) -> None:
    send(manual, receive().url)
    pending = manual.snapshot()
    manual.reset()
    set_delivery(manual, "automatic")

    manual.restore(pending)

    assert outcome(manual) == ("DELIVERED", [200])


# the end


def test_stop_aborts_an_attempt_in_progress_and_start_repeats_it(begin, receive) -> None:
    before = sender_threads()
    receiver = receive(blocks)
    fake = begin(callback_timeout=30)
    send(fake, receiver.url)
    send(fake, receiver.url)
    receiver.wait()
    began = monotonic()

    fake.stop()

    assert monotonic() - began < 20
    assert sender_threads() == before
    assert [(each.status, each.attempts) for each in fake.callbacks] == [("PENDING", ())] * 2
    assert fake.alerts == []

    receiver.answer = says(200)
    send(fake, receiver.url)
    fake.start()

    assert [(each.status, len(each.attempts)) for each in settled(fake, 3)] == [("DELIVERED", 1)] * 3
    assert len(receiver.posts) == 4


def test_a_stopped_fake_posts_only_by_hand(fake, receive) -> None:
    receiver = receive()
    fake.stop()
    fake.stop()
    for status in (200, 500):
        receiver.answer = says(status)
        assert attempted(fake, receiver.url).status == status

    assert (statuses(fake), len(receiver.posts)) == (["DELIVERED", "FAILED"], 2)


def test_a_receiver_may_stop_the_fake(fake, receive) -> None:
    before = sender_threads()

    def stops(handler: Any) -> None:
        fake.stop()
        says(200)(handler)

    receiver = receive(stops)
    send(fake, receiver.url)

    receiver.wait()
    fake.wait_for(lambda: sender_threads() == before, timeout=30)

    assert fake.callbacks.last.status == "PENDING"


def test_an_aborted_attempt_is_not_repeated_in_a_world_that_has_forgotten_it(begin, receive) -> None:
    receiver = receive(blocks)
    fake = begin(callback_timeout=30)
    before = fake.snapshot()
    send(fake, receiver.url)
    receiver.wait()
    fake.restore(before)

    fake.stop()

    assert (fake.callbacks, fake.deliver_callback()) == ([], None)


def test_a_stop_before_the_connection_is_there_leaves_the_callback_alone(begin, receive, monkeypatch) -> None:
    fake, receiver = begin(callback_timeout=1), receive()
    post, began, go = CallbackSender.post, threading.Event(), threading.Event()

    def late(*arguments: Any) -> Attempt:
        began.set()
        assert go.wait(30)
        return post(*arguments)

    before = sender_threads()
    monkeypatch.setattr(CallbackSender, "post", late)
    send(fake, receiver.url)
    assert began.wait(30)
    fake.stop()
    go.set()
    fake.wait_for(lambda: sender_threads() == before, timeout=30)

    assert (receiver.posts, statuses(fake)) == ([], ["PENDING"])
    assert fake.deliver_callback().status == "DELIVERED"


# many at once


def test_callbacks_to_one_url_arrive_one_after_another_in_their_order(fake, receive) -> None:
    receiver = receive()
    sids = [send(fake, receiver.url) for _ in range(30)]

    settled(fake, 30)

    assert [dict(fields_of(post))["NotificationSid"] for post in receiver.posts] == sids


def test_at_most_sixteen_callbacks_are_posted_at_once_and_none_is_lost(begin, receive) -> None:
    fake = begin(callback_timeout=30, callback_delivery="manual")
    receivers = [receive(blocks) for _ in range(20)]
    for receiver in receivers:
        send(fake, receiver.url)

    set_delivery(fake, "automatic")
    for receiver in receivers[:16]:
        receiver.wait()
    assert len(fake._sender()._workers) == 16
    for receiver in receivers:
        receiver.released.set()

    assert {each.status for each in settled(fake, 20)} == {"DELIVERED"}


# what must not happen


def test_whatever_a_post_raises_is_recorded_as_the_error_of_its_attempt(fake, receive, monkeypatch) -> None:
    """Such as pytest-socket's SocketBlockedError, a RuntimeError."""
    receiver = receive()

    def blocked(*arguments: Any, **settings: Any) -> Any:
        raise RuntimeError("A test tried to use socket.socket.")

    with monkeypatch.context() as patch:
        patch.setattr(socket, "create_connection", blocked)
        send(fake, receiver.url)
        assert outcome(fake) == ("FAILED", ["RuntimeError: A test tried to use socket.socket."])
    assert_unharmed(fake, receiver)


def test_a_sender_whose_thread_has_died_starts_another(fake, receive, monkeypatch) -> None:
    receiver = receive()
    sender = fake._sender()
    died = threading.Event()
    with monkeypatch.context() as patch:
        patch.setattr(CallbackSender, "_keep_time", lambda self: died.set())
        send(fake, receiver.url)
        assert died.wait(30)
        sender._timekeeper.join()

    send(fake, receiver.url)

    assert {each.status for each in settled(fake, 2)} == {"DELIVERED"}


def test_where_no_thread_can_be_started_callbacks_are_posted_all_the_same(begin, receive, monkeypatch) -> None:
    start = threading.Thread.start

    def refuse(thread: Any) -> None:
        if isinstance(thread, threading.Timer) or getattr(thread._target, "__name__", "") == "_work":
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", refuse)
    fake, receiver = begin(callback_timeout=30), receive(blocks)
    send(fake, receiver.url)
    receiver.wait()
    fake.stop()
    assert statuses(fake) == ["PENDING"]

    receiver.answer = says(200)
    fake.start()
    send(fake, receiver.url)

    assert {each.status for each in settled(fake, 2)} == {"DELIVERED"}


def test_a_bug_in_a_worker_leaves_no_other_callback_waiting(manual, receive, monkeypatch) -> None:
    receiver = receive()
    post = CallbackSender.post
    printed: list[str] = []

    def failing(self: CallbackSender, callback: Callback, *arguments: Any) -> Attempt:
        if callback is first:
            raise ZeroDivisionError("a bug")
        return post(self, callback, *arguments)

    monkeypatch.setattr(sys, "excepthook", lambda kind, error, trace: printed.append(f"{kind.__name__}: {error}"))
    monkeypatch.setattr(CallbackSender, "post", failing)
    for _ in range(2):
        send(manual, receiver.url)
    first = manual.callbacks[0]

    set_delivery(manual, "automatic")

    manual.wait_for(lambda: manual.callbacks[1].status == "DELIVERED", timeout=30)
    assert (manual.callbacks[0].status, printed) == ("PENDING", ["ZeroDivisionError: a bug"])
