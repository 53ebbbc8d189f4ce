"""Delivery callbacks, posted to real receivers: reference 4.8, 4.9."""

from __future__ import annotations

import json
import re
import select
import socket
import subprocess
import sys
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import monotonic
from typing import Any
from urllib.parse import parse_qsl

import pytest
from twilio.request_validator import RequestValidator
from werkzeug import Request, Response
from werkzeug.datastructures import MultiDict
from werkzeug.serving import make_server

from fakenotify import Behaviour, FakeNotify
from fakenotify.notify.callbacks import sign
from fakenotify.notify.records import Alert, Attempt, Callback
from fakenotify.server.callback_sender import CallbackSender
from fakenotify.server.wsgi import is_loopback

NOW = "2027-10-31T12:00:00Z"
MOMENT = datetime(2027, 10, 31, 12, tzinfo=timezone.utc)
SERVICE_SID = "IS" + "a" * 32
PATH = f"/v1/Services/{SERVICE_SID}/Notifications"
MESSAGING_SERVICE_SID = "MG" + "b" * 32
UNREACHABLE = (52311, "ERROR", "Notify is unable to invoke the given callback")
THREAD = "fakenotify callbacks"

frozen = pytest.mark.fake_notify(frozen=NOW)
manual = pytest.mark.fake_notify(frozen=NOW, callback_delivery="manual")
warns = pytest.mark.filterwarnings("ignore:fakenotify")


# receivers


@dataclass(frozen=True)
class Post:
    """A callback as it arrived."""

    url: str
    method: str
    headers: list[tuple[str, str]]
    body: bytes

    @property
    def fields(self) -> list[tuple[str, str]]:
        return parse_qsl(self.body.decode(), keep_blank_values=True, strict_parsing=True)

    def is_signed_by(self, auth_token: str) -> bool:
        signature = dict(self.headers)["X-Twilio-Signature"]
        valid: bool = RequestValidator(auth_token).validate(self.url, MultiDict(self.fields), signature)
        return valid


class Receiver(ThreadingHTTPServer):
    """Keeps every post, then gives the answer of its ``answer``, which may be no HTTP at all."""

    daemon_threads = True

    def __init__(self, answer: Callable[[BaseHTTPRequestHandler], object]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer = answer
        self.posts: list[Post] = []
        self.arrived = threading.Semaphore(0)
        self.released = threading.Event()
        self.url = f"http://127.0.0.1:{self.server_address[1]}/callback"

    def wait(self) -> None:
        """Wait for one post more."""
        assert self.arrived.acquire(timeout=5)

    def handle_error(self, request: Any, client_address: Any) -> None:
        assert isinstance(sys.exc_info()[1], OSError)  # the sender has left


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def _receive(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        self.server.posts.append(
            Post(f"http://{self.headers['Host']}{self.path}", self.command, self.headers.items(), body)
        )
        self.server.arrived.release()
        self.server.answer(self)

    do_GET = do_POST = do_HEAD = _receive

    def log_message(self, *arguments: Any) -> None:
        pass


def says(status: int, body: bytes = b"", **headers: str) -> Callable[[BaseHTTPRequestHandler], None]:
    """A receiver's answer in good HTTP."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def writes(*pieces: bytes) -> Callable[[BaseHTTPRequestHandler], None]:
    """An answer of any bytes."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.close_connection = True
        for piece in pieces:
            handler.wfile.write(piece)

    return answer


def blocks(handler: Any) -> None:
    """No answer before the receiver is released."""
    handler.close_connection = True
    if handler.server.released.wait(10):
        says(200)(handler)


def trickles(begin: bytes, drop: bytes) -> Callable[[Any], None]:
    """A beginning, then a drop every twentieth of a second until nobody listens."""

    def answer(handler: Any) -> None:
        handler.close_connection = True
        handler.wfile.write(begin)
        while not handler.server.released.wait(0.05):
            handler.wfile.write(drop)

    return answer


@pytest.fixture
def receive() -> Iterator[Callable[..., Receiver]]:
    """Makes receivers."""
    opened: list[tuple[Receiver, threading.Thread]] = []

    def make(answer: Callable[[Any], object] | None = None) -> Receiver:
        receiver = Receiver(answer or says(200))
        thread = threading.Thread(target=receiver.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        opened.append((receiver, thread))
        return receiver

    yield make
    for receiver, thread in opened:
        receiver.released.set()
        receiver.shutdown()
        receiver.server_close()
        thread.join()


@pytest.fixture
def sending_fake() -> Iterator[Callable[..., FakeNotify]]:
    """Makes fakes with a callback sender of the test's own settings."""
    opened: list[FakeNotify] = []

    def make(*, hosts: tuple[str, ...] = (), timeout: float = 5.0, **behaviour: Any) -> FakeNotify:
        fake = FakeNotify(Behaviour(**behaviour), callback_hosts=hosts, callback_timeout=timeout)
        fake.create_service(sid=SERVICE_SID, messaging_service_sid=MESSAGING_SERVICE_SID)
        opened.append(fake)
        return fake

    yield make
    for fake in opened:
        fake.stop()


@pytest.fixture
def ready(fake_notify):
    """A Service with a Messaging Service."""
    return fake_notify.create_service(sid=SERVICE_SID, messaging_service_sid=MESSAGING_SERVICE_SID)


def phone(number: int) -> str:
    return f"+1500{number:07}"


def target(address: str) -> str:
    return json.dumps({"binding_type": "sms", "address": address})


def send(fake: FakeNotify, url: str | None, count: int = 1, **fields: Any) -> str:
    """Send to ``count`` phones in process; returns the Notification's sid."""
    fields = {"to_binding": [target(phone(number)) for number in range(count)], "body": "Hi", **fields}
    return fake.create_notification(SERVICE_SID, delivery_callback_url=url, **fields).sid


def settled(fake: FakeNotify, count: int = 1) -> list[Callback]:
    """The callbacks, once there are ``count`` of them and none is pending."""

    def condition() -> list[Callback]:
        callbacks = fake.callbacks
        done = len(callbacks) == count and all(each.status != "PENDING" for each in callbacks)
        return callbacks if done else []

    return fake.wait_for(condition, timeout=5)


def outcome(fake: FakeNotify) -> tuple[str, list[int | None], list[str | None]]:
    """Status of the only callback, and statuses and errors of its attempts."""
    (callback,) = settled(fake)
    return callback.status, [each.status for each in callback.attempts], [each.error for each in callback.attempts]


def alerted(fake: FakeNotify) -> list[tuple[int, str, str]]:
    return [(each.code, each.level, each.text) for each in fake.alerts]


def assert_unharmed(fake: FakeNotify, receiver: Receiver) -> None:
    """The fake still answers, and still posts."""
    receiver.answer = says(204)
    done = len(fake.callbacks)
    fake.client().notify.v1.services(SERVICE_SID).notifications.create(
        to_binding=target(phone(0)), body="Hi", delivery_callback_url=receiver.url
    )
    assert settled(fake, done + 1)[-1].status == "DELIVERED"


# what is posted


@frozen
def test_a_callback_is_posted_as_a_form_in_twilios_order(fake_notify, fake_notify_client, ready, receive):
    receiver = receive(says(200, b"thanks"))
    binding = fake_notify.create_binding(SERVICE_SID, identity="alice", binding_type="sms", address="+1501")
    fake_notify.create_binding(SERVICE_SID, identity="bob", binding_type="sms", address="+1 555")

    notification = fake_notify_client.notify.v1.services(SERVICE_SID).notifications.create(
        tag="all", body="Hi", delivery_callback_url=receiver.url
    )

    (callback,) = settled(fake_notify)
    first, second = fake_notify.deliveries
    (post,) = receiver.posts
    assert (post.method, post.url) == ("POST", receiver.url)
    assert post.fields == [
        ("NotificationSid", notification.sid),
        ("AccountSid", fake_notify.account_sid),
        ("ServiceSid", SERVICE_SID),
        ("Count", "2"),
        ("SequenceId", "0"),
        ("IsFinal", "true"),
        (
            "DeliveryState",
            f'{{"sid": "{first.sid}", "type": "sms", "address": "+1501", "identity": "alice", "status": "SENT"}}',
        ),
        (
            "DeliveryState",
            '{"sid": null, "type": "sms", "address": "+1 555", "identity": "bob", "status": "FAILED", '
            f'"error_code": 52001, "error_message": "{second.error_message}"}}',
        ),
    ]
    assert callback == Callback(
        sid=callback.sid,
        account_sid=fake_notify.account_sid,
        service_sid=SERVICE_SID,
        notification_sid=notification.sid,
        url=receiver.url,
        body=post.body.decode(),
        signature=dict(post.headers)["X-Twilio-Signature"],
        sequence_id=0,
        is_final=True,
        status="DELIVERED",
        attempts=(Attempt(MOMENT, 200, "thanks"),),
        date_created=MOMENT,
    )
    assert callback.response == Attempt(MOMENT, 200, "thanks")
    assert callback.delivery_states == [
        {"sid": first.sid, "type": "sms", "address": "+1501", "identity": "alice", "status": "SENT"},
        {
            "sid": None,
            "type": "sms",
            "address": "+1 555",
            "identity": "bob",
            "status": "FAILED",
            "error_code": 52001,
            "error_message": second.error_message,
        },
    ]
    assert callback.params["NotificationSid"] == [notification.sid]
    assert binding.sid not in post.body.decode()


def test_the_headers_are_those_of_a_twilio_webhook(fake_notify, ready, receive):
    receiver = receive()
    send(fake_notify, receiver.url)

    (callback,) = settled(fake_notify)
    (post,) = receiver.posts
    headers = dict(post.headers)
    token = headers["I-Twilio-Idempotency-Token"]
    assert len(headers) == len(post.headers)
    assert headers == {
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
    assert re.fullmatch("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", token)
    assert token.replace("-", "") == callback.sid[2:]


def test_each_callback_has_an_idempotency_token_of_its_own_and_a_retry_has_the_same(sending_fake, receive):
    receiver = receive(says(500))
    fake = sending_fake(callback_delivery="manual", callback_retries=1)
    for _ in range(2):
        send(fake, receiver.url)
        fake.deliver_callback()
    fake.clock.shift(seconds=1)
    for _ in range(2):
        fake.deliver_callback()

    tokens = [dict(post.headers)["I-Twilio-Idempotency-Token"] for post in receiver.posts]
    assert (tokens[:2], len(set(tokens))) == (tokens[2:], 2)


@manual
@pytest.mark.parametrize(
    ("count", "batches"),
    [
        (1, [("1", "0", "true")]),
        (999, [("999", "0", "true")]),
        (1000, [("1000", "0", "true")]),
        (1001, [("1000", "0", "false"), ("1", "1", "true")]),
        (2500, [("1000", "0", "false"), ("1000", "1", "false"), ("500", "2", "true")]),
    ],
)
def test_a_callback_tells_of_a_thousand_deliveries_at_most(fake_notify, ready, receive, count, batches):
    receiver = receive()
    sid = send(fake_notify, receiver.url, count)

    while fake_notify.deliver_callback():
        pass

    fields = [MultiDict(post.fields) for post in receiver.posts]
    assert [(each["Count"], each["SequenceId"], each["IsFinal"]) for each in fields] == batches
    assert [len(each.getlist("DeliveryState")) for each in fields] == [int(batch[0]) for batch in batches]
    assert {each["NotificationSid"] for each in fields} == {sid}
    addresses = [json.loads(state)["address"] for each in fields for state in each.getlist("DeliveryState")]
    assert addresses == [phone(number) for number in range(count)]
    assert all(post.is_signed_by(fake_notify.auth_token) for post in receiver.posts)


@manual
def test_a_single_delivery_is_a_single_value(fake_notify, ready, receive):
    """So a handler that expects an array breaks here as it does in production. (observed)"""
    send(fake_notify, receive().url)

    assert isinstance(fake_notify.deliver_callback().params["DeliveryState"], list)
    assert fake_notify.callbacks.last.body.count("DeliveryState=") == 1
    assert "DeliveryState%5B%5D" not in fake_notify.callbacks.last.body


# signatures


QUERIES = ["", "?api=twilio-notify-callback", "?a=1&b=2&a=1", "?q=%20%2F&name=J%C3%BCrgen", "?token=a+b", "?x;y"]


@pytest.fixture
def wsgi_receiver() -> Iterator[Callable[[str], tuple[str, list[bool]]]]:
    """Makes WSGI applications that check each callback's signature with Twilio's own library."""
    opened: list[tuple[Any, threading.Thread]] = []

    def make(auth_token: str) -> tuple[str, list[bool]]:
        verdicts: list[bool] = []
        validator = RequestValidator(auth_token)

        @Request.application
        def app(request: Request) -> Response:
            url = f"http://{request.host}{request.environ['RAW_URI']}"
            valid = validator.validate(url, request.form, request.headers["X-Twilio-Signature"])
            verdicts.append(valid)
            return Response(status=204 if valid else 403)

        server = make_server("127.0.0.1", 0, app)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        opened.append((server, thread))
        return f"http://127.0.0.1:{server.server_port}/hook", verdicts

    yield make
    for server, thread in opened:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize("query", QUERIES)
def test_a_wsgi_application_accepts_every_signature(fake_notify, ready, wsgi_receiver, query):
    url, verdicts = wsgi_receiver(fake_notify.auth_token)
    for identity in ("alice", "Jürgen + Söhne & Co. = 😀"):
        fake_notify.create_binding(SERVICE_SID, identity=identity, binding_type="sms", address=f"+1 {identity}")

    send(fake_notify, url + query)
    send(fake_notify, url + query, 3)
    send(fake_notify, url + query, to_binding=None, tags=["all"])

    assert [each.status for each in settled(fake_notify, 3)] == ["DELIVERED"] * 3
    assert verdicts == [True] * 3


def test_identical_delivery_states_count_once_in_a_signature(fake_notify, ready, wsgi_receiver):
    url, verdicts = wsgi_receiver(fake_notify.auth_token)

    send(fake_notify, url, to_binding=[target("nonsense")] * 3)

    (callback,) = settled(fake_notify)
    assert (callback.params["Count"], len(callback.params["DeliveryState"])) == (["3"], 3)
    assert len(set(callback.params["DeliveryState"])) == 1
    assert verdicts == [True]


def test_a_receiver_with_another_token_refuses(fake_notify, ready, wsgi_receiver):
    url, verdicts = wsgi_receiver("another token")

    send(fake_notify, url)

    assert outcome(fake_notify) == ("FAILED", [403], [None])
    assert verdicts == [False]


RECEIVER = """
import sys
from twilio.request_validator import RequestValidator
from werkzeug import Request, Response
from werkzeug.serving import make_server

validator = RequestValidator(sys.argv[1])

@Request.application
def app(request):
    url = f"http://{request.host}{request.environ['RAW_URI']}"
    valid = validator.validate(url, request.form, request.headers["X-Twilio-Signature"])
    print(valid, len(request.form.getlist("DeliveryState")), flush=True)
    return Response(status=204 if valid else 403)

server = make_server("127.0.0.1", 0, app)
print(server.server_port, flush=True)
server.serve_forever()
"""


def test_a_receiver_in_another_process_accepts_every_signature(fake_notify, fake_notify_client, ready):
    with subprocess.Popen(
        [sys.executable, "-W", "error", "-c", RECEIVER, fake_notify.auth_token],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            assert process.stdout
            url = f"http://127.0.0.1:{int(process.stdout.readline())}/hook?api=twilio-notify-callback"
            notifications = fake_notify_client.notify.v1.services(SERVICE_SID).notifications
            for count in (1, 2, 1001):
                notifications.create(
                    to_binding=[target(phone(number)) for number in range(count)], body="Hi", delivery_callback_url=url
                )
            callbacks = settled(fake_notify, 4)
            told = [process.stdout.readline() for _ in callbacks]
        finally:
            process.kill()

    assert [each.status for each in callbacks] == ["DELIVERED"] * 4
    assert told == ["True 1\n", "True 2\n", "True 1000\n", "True 1\n"]


def test_the_signature_is_what_twilios_library_computes():
    fields = [("b", "2"), ("a", "1"), ("b", "1"), ("b", "2"), ("a b", "é"), ("", "")]
    url = "https://example.com:8443/x?y=z"

    assert sign("token", url, fields) == RequestValidator("token").compute_signature(url, MultiDict(fields))


def test_each_account_signs_with_its_own_token(fake_notify, receive):
    receiver = receive()
    other = fake_notify.account("AC" + "1" * 32, "other token")
    service = other.create_service()

    other.client().notify.v1.services(service.sid).notifications.create(
        to_binding=target("+1501"), body="Hi", delivery_callback_url=receiver.url
    )

    other.wait_for(lambda: other.callbacks.last.status == "DELIVERED")
    assert fake_notify.callbacks == []
    assert receiver.posts[0].is_signed_by("other token")
    assert ("AccountSid", other.account_sid) in receiver.posts[0].fields


@pytest.mark.parametrize(
    ("user", "password", "signed_by"),
    [
        ("AC" + "2" * 32, "what it last used", "what it last used"),
        ("SK" + "2" * 32, "a secret of an API key", None),
    ],
)
def test_an_undeclared_account_signs_with_the_password_it_last_used(
    sending_fake, wire_of, receive, user, password, signed_by
):
    receiver = receive()
    fake = sending_fake(unknown_accounts="own")
    wire = wire_of(fake)
    wire.headers["Authorization"] = RequestAuth(user, "an older one").header
    wire.post("/v1/Services")
    wire.headers["Authorization"] = RequestAuth(user, password).header
    sid = wire.post("/v1/Services").json["sid"]

    wire.post(f"/v1/Services/{sid}/Notifications", {"ToBinding": target("+1501"), "DeliveryCallbackUrl": receiver.url})

    receiver.wait()
    assert receiver.posts[0].is_signed_by(signed_by or fake.auth_token)


@dataclass(frozen=True)
class RequestAuth:
    """Basic credentials."""

    user: str
    password: str

    @property
    def header(self) -> str:
        from base64 import b64encode

        return "Basic " + b64encode(f"{self.user}:{self.password}".encode()).decode()


# after the response has gone


def test_a_receiver_that_blocks_does_not_hold_up_the_answer(fake_notify, fake_notify_client, ready, receive):
    receiver = receive(blocks)
    notifications = fake_notify_client.notify.v1.services(SERVICE_SID).notifications

    first = notifications.create(to_binding=target("+1501"), body="Hi", delivery_callback_url=receiver.url)
    receiver.wait()
    second = notifications.create(to_binding=target("+1501"), body="Hi", delivery_callback_url=receiver.url)

    assert [(each.notification_sid, each.status) for each in fake_notify.callbacks] == [
        (first.sid, "PENDING"),
        (second.sid, "PENDING"),
    ]
    receiver.released.set()
    assert [each.status for each in settled(fake_notify, 2)] == ["DELIVERED", "DELIVERED"]


def test_the_answer_has_arrived_before_the_callback_is_posted(fake_notify, wire, ready, receive):
    """The receiver looks at the socket of the client, who doesn't read: the whole answer is there."""
    seen: list[bytes] = []
    client = socket.create_connection(("127.0.0.1", int(fake_notify.url.rpartition(":")[2])))

    def look(handler: BaseHTTPRequestHandler) -> None:
        if select.select([client], [], [], 4)[0]:
            seen.append(client.recv(65536, socket.MSG_PEEK))
        says(200)(handler)

    receiver = receive(look)
    body = f"ToBinding={target('%2B1501')}&Body=Hi&DeliveryCallbackUrl={receiver.url}"
    head = (
        f"POST {PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {wire.headers['Authorization']}\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with client:
        client.sendall((head + body).encode())
        settled(fake_notify)

    (answer,) = seen
    assert answer.startswith(b"HTTP/1.1 201 CREATED\r\n")
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["sid"] == fake_notify.notifications.last.sid


def test_the_client_without_a_socket_is_answered_first_too(sending_fake, receive):
    receiver = receive(blocks)
    fake = sending_fake()

    sent = (
        fake.client(in_process=True)
        .notify.v1.services(SERVICE_SID)
        .notifications.create(to_binding=target("+1501"), body="Hi", delivery_callback_url=receiver.url)
    )

    receiver.wait()
    assert [(each.notification_sid, each.status) for each in fake.callbacks] == [(sent.sid, "PENDING")]
    receiver.released.set()
    assert outcome(fake) == ("DELIVERED", [200], [None])


# which URL


@frozen
@pytest.mark.parametrize(
    ("own", "of_service", "enabled", "expected"),
    [
        ("own", None, False, ["own"]),
        ("own", "service", False, ["own"]),
        ("own", "service", True, ["own"]),
        (None, "service", True, ["service"]),
        (None, "service", False, []),
        (None, None, True, []),
        (None, None, False, []),
    ],
)
def test_the_notifications_url_wins_and_the_services_needs_its_flag(
    fake_notify, fake_notify_client, receive, own, of_service, enabled, expected
):
    receivers = {name: receive() for name in ("own", "service")}
    service = fake_notify_client.notify.v1.services.create(
        delivery_callback_url=receivers[of_service].url if of_service else None, delivery_callback_enabled=enabled
    )

    fake_notify_client.notify.v1.services(service.sid).notifications.create(
        to_binding=target("+1501"), delivery_callback_url=receivers[own].url if own else None
    )

    callbacks = settled(fake_notify, len(expected)) if expected else fake_notify.callbacks
    assert [each.url for each in callbacks] == [receivers[name].url for name in expected]
    assert [name for name, receiver in receivers.items() if receiver.posts] == expected


# nobody to tell of


@frozen
@pytest.mark.parametrize("fields", [{"identities": ["nobody"]}, {"segments": ["nobody"]}])
def test_nobody_reached_is_no_callback(fake_notify, ready, receive, fields):
    send(fake_notify, receive().url, to_binding=None, **fields)

    assert fake_notify.callbacks == []


@pytest.mark.fake_notify(frozen=NOW, callback_delivery="manual", callback_when_empty=True)
@pytest.mark.parametrize("stopped", [False, True])
def test_nobody_reached_is_one_empty_callback_under_the_switch(fake_notify, ready, receive, stopped):
    receiver = receive()
    if stopped:
        fake_notify.fail_delivery(52302)
        sid = send(fake_notify, receiver.url)
    else:
        sid = send(fake_notify, receiver.url, to_binding=None, identities=["nobody"])

    callback = fake_notify.deliver_callback()

    assert receiver.posts[0].fields == [
        ("NotificationSid", sid),
        ("AccountSid", fake_notify.account_sid),
        ("ServiceSid", SERVICE_SID),
        ("Count", "0"),
        ("SequenceId", "0"),
        ("IsFinal", "true"),
    ]
    assert (callback.delivery_states, callback.sequence_id, callback.is_final) == ([], 0, True)
    assert receiver.posts[0].is_signed_by(fake_notify.auth_token)
    assert fake_notify.deliver_callback() is None


# by hand


def sender_threads() -> list[threading.Thread]:
    return [each for each in threading.enumerate() if each.name == THREAD]


def test_by_hand_callbacks_are_posted_one_by_one_without_a_thread(sending_fake, receive):
    before = sender_threads()
    receiver = receive()
    fake = sending_fake(callback_delivery="manual")
    sids = [send(fake, receiver.url) for _ in range(2)]
    fake.client().notify.v1.services(SERVICE_SID).notifications.create(
        to_binding=target("+1501"), delivery_callback_url=receiver.url
    )
    fake.clock.shift(hours=1)
    assert (receiver.posts, [each.status for each in fake.callbacks]) == ([], ["PENDING"] * 3)

    first = fake.deliver_callback()
    assert [each.status for each in fake.callbacks] == ["DELIVERED", "PENDING", "PENDING"]
    second = fake.deliver_callback()
    fake.deliver_callback()

    assert [first, second] == fake.callbacks[:2]
    assert [each.notification_sid for each in fake.callbacks][:2] == sids
    assert fake.deliver_callback() is None
    assert len(receiver.posts) == 3
    assert sender_threads() == before


@manual
def test_by_hand_a_failure_is_told_at_once(fake_notify, ready, receive):
    sid = send(fake_notify, receive(says(500, b"oops")).url)

    callback = fake_notify.deliver_callback()

    assert (callback.status, callback.attempts) == ("FAILED", (Attempt(MOMENT, 500, "oops"),))
    assert fake_notify.alerts == [
        Alert(
            code=52311,
            level="ERROR",
            text="Notify is unable to invoke the given callback",
            notification_sid=sid,
            service_sid=SERVICE_SID,
            account_sid=fake_notify.account_sid,
            binding_sid=None,
            binding_type=None,
            date_created=MOMENT,
        )
    ]


@manual
def test_by_hand_the_callbacks_of_every_account_are_posted(fake_notify, ready, receive):
    receiver = receive()
    other = fake_notify.account()
    service = other.create_service()
    other.create_notification(service.sid, to_binding=[target("+1501")], delivery_callback_url=receiver.url)
    sid = send(fake_notify, receiver.url)

    posted = [fake_notify.deliver_callback() for _ in range(3)]

    assert [each and each.notification_sid for each in posted] == [sid, other.notifications.last.sid, None]


def test_nothing_waits_in_a_new_world(sending_fake):
    assert sending_fake().deliver_callback() is None


def test_by_itself_a_callback_is_there_to_be_posted_by_hand_as_well(sending_fake, receive):
    receiver = receive(blocks)
    fake = sending_fake()
    send(fake, receiver.url)
    receiver.wait()
    by_hand = receive()
    send(fake, by_hand.url)

    assert fake.deliver_callback().url == by_hand.url
    receiver.released.set()
    assert [each.status for each in settled(fake, 2)] == ["DELIVERED", "DELIVERED"]


def test_set_to_by_hand_what_waits_is_left_to_the_tester(sending_fake, receive):
    receiver = receive(blocks)
    fake = sending_fake()
    first, second = send(fake, receiver.url), send(fake, receiver.url)
    receiver.wait()

    fake.behaviour = fake.behaviour.changed({"callback_delivery": "manual"})
    receiver.released.set()
    fake.wait_for(lambda: fake.callbacks[0].status == "DELIVERED")

    assert [(each.notification_sid, each.status) for each in fake.callbacks] == [
        (first, "DELIVERED"),
        (second, "PENDING"),
    ]
    assert fake.deliver_callback().notification_sid == second


# retries


@manual
def test_there_is_no_retry_by_default(fake_notify, ready, receive):
    receiver = receive(says(503))
    send(fake_notify, receiver.url)

    callback = fake_notify.deliver_callback()
    fake_notify.clock.shift(days=1)

    assert (callback.status, len(callback.attempts)) == ("FAILED", 1)
    assert fake_notify.deliver_callback() is None
    assert alerted(fake_notify) == [UNREACHABLE]


@pytest.mark.fake_notify(frozen=NOW, callback_delivery="manual", callback_retries=3)
def test_retries_wait_one_two_and_four_seconds_and_then_give_up(fake_notify, ready, receive):
    receiver = receive(says(500))
    send(fake_notify, receiver.url)
    assert len(fake_notify.deliver_callback().attempts) == 1

    for number, wait in enumerate((1, 2, 4), 2):
        assert fake_notify.callbacks.last.status == "PENDING"
        assert fake_notify.alerts == []
        fake_notify.clock.shift(seconds=wait - 0.5)
        assert fake_notify.deliver_callback() is None
        fake_notify.clock.shift(seconds=0.5)
        assert len(fake_notify.deliver_callback().attempts) == number

    callback = fake_notify.callbacks.last
    assert [(each.date - MOMENT).total_seconds() for each in callback.attempts] == [0, 1, 3, 7]
    assert callback.status == "FAILED"
    assert alerted(fake_notify) == [UNREACHABLE]
    assert len({post.body for post in receiver.posts}) == 1
    fake_notify.clock.shift(days=1)
    assert fake_notify.deliver_callback() is None


@pytest.mark.fake_notify(frozen=NOW, callback_delivery="manual", callback_retries=5)
def test_a_retry_that_succeeds_is_the_last(fake_notify, ready, receive):
    receiver = receive(says(500, b"not yet"))
    send(fake_notify, receiver.url)
    fake_notify.deliver_callback()
    receiver.answer = says(201, b"now")
    fake_notify.clock.shift(seconds=1)

    callback = fake_notify.deliver_callback()

    assert [(each.status, each.body) for each in callback.attempts] == [(500, "not yet"), (201, "now")]
    assert (callback.status, callback.response.body) == ("DELIVERED", "now")
    assert fake_notify.alerts == []
    fake_notify.clock.shift(days=1)
    assert fake_notify.deliver_callback() is None


@pytest.mark.fake_notify(frozen=NOW, callback_delivery="manual", callback_retries=1)
def test_a_retry_stands_behind_what_is_due_before_it(fake_notify, ready, receive):
    receiver = receive(says(500))
    first = send(fake_notify, receiver.url)
    fake_notify.deliver_callback()
    second = send(fake_notify, receiver.url)
    fake_notify.clock.shift(seconds=1)

    assert [fake_notify.deliver_callback().notification_sid for _ in range(2)] == [second, first]


@pytest.mark.fake_notify(frozen=NOW, callback_retries=3)
def test_moving_the_clock_makes_retries_happen_by_themselves(fake_notify, ready, receive):
    receiver = receive(says(500))
    send(fake_notify, receiver.url)

    for number, wait in enumerate((1, 2, 4), 1):
        fake_notify.wait_for(lambda number=number: len(fake_notify.callbacks.last.attempts) == number)
        fake_notify.clock.shift(seconds=wait)

    assert outcome(fake_notify) == ("FAILED", [500] * 4, [None] * 4)
    assert alerted(fake_notify) == [UNREACHABLE]
    assert len(receiver.posts) == 4


@pytest.mark.fake_notify(callback_retries=1)
def test_a_running_clock_makes_retries_happen_by_itself(fake_notify, ready, receive):
    receiver = receive(says(500))
    send(fake_notify, receiver.url)
    fake_notify.wait_for(lambda: fake_notify.callbacks.last.attempts)
    receiver.answer = says(200)

    assert outcome(fake_notify) == ("DELIVERED", [500, 200], [None, None])


# receivers that misbehave


def nobody_listens() -> str:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"http://127.0.0.1:{server.getsockname()[1]}/"


def test_a_receiver_that_is_down_raises_an_alert(fake_notify, ready, receive):
    send(fake_notify, nobody_listens())

    status, statuses, (error,) = outcome(fake_notify)
    assert (status, statuses) == ("FAILED", [None])
    assert error.startswith("ConnectionRefusedError: ")
    assert fake_notify.callbacks.last.response is None
    assert alerted(fake_notify) == [UNREACHABLE]
    assert_unharmed(fake_notify, receive())


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_any_2xx_will_do(fake_notify, ready, receive, status):
    send(fake_notify, receive(says(status)).url)

    assert outcome(fake_notify) == ("DELIVERED", [status], [None])
    assert fake_notify.alerts == []


@pytest.mark.parametrize("status", [300, 304, 400, 401, 404, 410, 429, 500, 503])
def test_any_other_status_raises_an_alert(fake_notify, ready, receive, status):
    receiver = receive(says(status))
    send(fake_notify, receiver.url)

    assert outcome(fake_notify) == ("FAILED", [status], [None])
    assert alerted(fake_notify) == [UNREACHABLE]
    assert_unharmed(fake_notify, receiver)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(fake_notify, ready, receive, status):
    elsewhere = receive()
    receiver = receive(says(status, Location=elsewhere.url))
    send(fake_notify, receiver.url)

    assert outcome(fake_notify) == ("FAILED", [status], [None])
    assert alerted(fake_notify) == [UNREACHABLE]
    assert_unharmed(fake_notify, receiver)
    assert elsewhere.posts == []


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(blocks, id="silent"),
        pytest.param(trickles(b"HTTP/1.1 200 OK\r\nX: ", b"x"), id="trickling head"),
        pytest.param(trickles(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", b"x"), id="trickling body"),
        pytest.param(trickles(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", b"x"), id="trickling closing body"),
        pytest.param(trickles(b"HTTP/1.0 200 OK\r\n\r\n", b"x"), id="trickling old body"),
        pytest.param(
            trickles(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"), id="trickling chunks"
        ),
        pytest.param(trickles(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), id="for ever 100"),
    ],
)
def test_a_receiver_that_takes_too_long_is_not_waited_for(sending_fake, receive, answer):
    receiver = receive(answer)
    fake = sending_fake(timeout=0.3)
    began = monotonic()
    send(fake, receiver.url)

    status, statuses, (error,) = outcome(fake)

    assert monotonic() - began < 3
    assert (status, statuses) == ("FAILED", [None])
    assert error
    assert alerted(fake) == [UNREACHABLE]
    assert_unharmed(fake, receiver)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(writes(), id="nothing"),
        pytest.param(writes(b"garbage"), id="garbage"),
        pytest.param(writes(b"\x00\xff" * 500), id="bytes"),
        pytest.param(writes(b"HTTP/1.1 OK\r\n\r\n"), id="no status"),
        pytest.param(writes(b"HTTP/1.1 2000 OK\r\n\r\n"), id="long status"),
        pytest.param(writes(b"SSH-2.0-OpenSSH_9.6\r\n"), id="ssh"),
        pytest.param(writes(b"x" * 100_000), id="a line without an end"),
        pytest.param(writes(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 101 + b"\r\n"), id="many headers"),
        pytest.param(writes(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000), id="a long header"),
        pytest.param(writes(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n"), id="no chunks"),
        pytest.param(
            writes(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"9" * 5000 + b"\r\n"), id="endless chunk"
        ),
    ],
)
def test_an_answer_that_is_no_http_raises_an_alert(sending_fake, receive, answer):
    receiver = receive(answer)
    fake = sending_fake(timeout=1)
    send(fake, receiver.url)

    status, statuses, (error,) = outcome(fake)

    assert (status, statuses) == ("FAILED", [None])
    assert re.match(r"[A-Za-z]+: ", error)
    assert alerted(fake) == [UNREACHABLE]
    assert_unharmed(fake, receiver)


def test_an_answer_that_is_cut_short_counts_by_its_status(fake_notify, ready, receive):
    receiver = receive(writes(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"))
    send(fake_notify, receiver.url)

    assert [each.body for each in settled(fake_notify)[0].attempts] == ["half"]
    assert outcome(fake_notify) == ("DELIVERED", [200], [None])


def test_of_a_huge_answer_the_beginning_is_kept(fake_notify, ready, receive):
    receiver = receive(says(200, b"x" * 5_000_000))
    send(fake_notify, receiver.url)

    assert outcome(fake_notify) == ("DELIVERED", [200], [None])
    assert fake_notify.callbacks.last.attempts[0].body == "x" * 65_536
    assert_unharmed(fake_notify, receiver)


def test_an_answer_without_an_end_is_not_read_to_its_end(fake_notify, ready, receive):
    def floods(handler: Any) -> None:
        handler.close_connection = True
        handler.wfile.write(b"HTTP/1.0 200 OK\r\n\r\n")
        while True:
            handler.wfile.write(b"x" * 10_000)

    receiver = receive(floods)
    send(fake_notify, receiver.url)

    assert outcome(fake_notify) == ("DELIVERED", [200], [None])
    assert fake_notify.callbacks.last.attempts[0].body == "x" * 65_536


def test_an_answer_that_is_no_text_is_kept_as_far_as_it_goes(fake_notify, ready, receive):
    send(fake_notify, receive(says(200, b"caf\xc3\xa9 \xff\x00")).url)

    assert settled(fake_notify)[0].attempts[0].body == "café \ufffd\x00"


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("hello", "ValueError: 'hello' is not an http(s) URL"),
        ("/relative", "ValueError: '/relative' is not an http(s) URL"),
        ("//127.0.0.1/", "ValueError: '//127.0.0.1/' is not an http(s) URL"),
        ("http://", "ValueError: 'http://' is not an http(s) URL"),
        ("http:///path", "ValueError: 'http:///path' is not an http(s) URL"),
        ("ftp://127.0.0.1/", "ValueError: 'ftp://127.0.0.1/' is not an http(s) URL"),
        ("file:///etc/passwd", "ValueError: 'file:///etc/passwd' is not an http(s) URL"),
        ("javascript:alert(1)", "ValueError: 'javascript:alert(1)' is not an http(s) URL"),
        ("http://127.0.0.1:port/", "ValueError: Port could not be cast to integer value as 'port'"),
        ("http://127.0.0.1:99999/", "ValueError: Port out of range 0-65535"),
        ("http://[::1/", "ValueError: Invalid IPv6 URL"),
    ],
)
def test_an_unusable_url_raises_an_alert(sending_fake, receive, url, error):
    fake = sending_fake()
    send(fake, url)

    assert outcome(fake) == ("FAILED", [None], [error])
    assert alerted(fake) == [UNREACHABLE]
    assert_unharmed(fake, receive())


@pytest.mark.parametrize(
    ("host", "shown"),
    [
        ("example.com", "example.com"),
        ("EXAMPLE.com:8080", "example.com"),
        ("0.0.0.0", "0.0.0.0"),
        ("10.0.0.1", "10.0.0.1"),
        ("169.254.169.254", "169.254.169.254"),
        ("127.0.0.1.example.com", "127.0.0.1.example.com"),
        ("localhost.example.com", "localhost.example.com"),
        ("127.0.0.1@example.com", "example.com"),
        ("[::]", "::"),
        ("[fe80::1]", "fe80::1"),
        ("127.0.0.256", "127.0.0.256"),
        ("127.0.0.٣", "127.0.0.٣"),
        ("localhost.", "localhost."),
        ("2130706433", "2130706433"),
        ("0x7f.0.0.1", "0x7f.0.0.1"),
    ],
)
def test_a_host_that_is_not_loopback_is_refused_without_a_look_up(sending_fake, receive, host, shown):
    fake = sending_fake()
    send(fake, f"http://{host}/callback")

    assert outcome(fake) == (
        "FAILED",
        [None],
        [f"ValueError: {shown} is not loopback; allow it with callback_hosts=({shown!r},)"],
    )
    assert alerted(fake) == [UNREACHABLE]
    assert_unharmed(fake, receive())


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.1.2.3", "127.255.255.254", "::1"])
def test_loopback_has_these_names(host):
    assert is_loopback(host)


@pytest.mark.parametrize("allowed", ["0.0.0.0", "other.example"])
def test_a_host_that_the_tester_allows_is_called(sending_fake, receive, allowed):
    receiver = receive()
    url = receiver.url.replace("127.0.0.1", "0.0.0.0")  # which Linux connects to loopback
    fake = sending_fake(hosts=("Elsewhere.Example", allowed))
    send(fake, url)

    (callback,) = settled(fake)
    assert callback.status == ("DELIVERED" if allowed == "0.0.0.0" else "FAILED")
    assert [post.url for post in receiver.posts] == ([url] if allowed == "0.0.0.0" else [])


def test_allowed_hosts_have_no_case(sending_fake, receive):
    receiver = receive()
    fake = sending_fake(hosts=("0x7F.0.0.1",))
    send(fake, receiver.url.replace("127", "0X7f"))

    assert outcome(fake) == ("DELIVERED", [200], [None])


@pytest.mark.parametrize("name", ["localhost", "LOCALHOST", "127.0.0.1"])
def test_the_name_that_was_asked_for_is_the_host_header(sending_fake, receive, name):
    receiver = receive()
    fake = sending_fake()
    send(fake, receiver.url.replace("127.0.0.1", f"user:secret@{name}"))

    assert outcome(fake) == ("DELIVERED", [200], [None])
    assert dict(receiver.posts[0].headers)["Host"] == f"{name}:{receiver.server_address[1]}"


@pytest.mark.parametrize(
    ("path", "asked"), [("", "/"), ("?a=b", "/?a=b"), ("/x?#y", "/x"), ("/%20é".replace("é", "%C3%A9"), "/%20%C3%A9")]
)
def test_path_and_query_are_asked_for_as_they_are(sending_fake, receive, path, asked):
    receiver = receive()
    base = receiver.url.removesuffix("/callback")
    fake = sending_fake()
    send(fake, base + path)

    assert outcome(fake) == ("DELIVERED", [200], [None])
    assert [post.url for post in receiver.posts] == [base + asked]


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("/a b", "InvalidURL: URL can't contain control characters. '/a b' (found at least ' ')"),
        ("/\x7f", "InvalidURL: URL can't contain control characters. '/\\x7f' (found at least '\\x7f')"),
        (
            "/é",
            "UnicodeEncodeError: 'ascii' codec can't encode character '\\xe9' in position 6: ordinal not in range(128)",
        ),
    ],
)
def test_a_path_that_is_no_path_raises_an_alert(sending_fake, receive, path, error):
    receiver = receive()
    fake = sending_fake()
    send(fake, receiver.url.replace("/callback", path))

    assert outcome(fake) == ("FAILED", [None], [error])
    assert alerted(fake) == [UNREACHABLE]
    assert receiver.posts == []
    assert_unharmed(fake, receiver)


def test_https_is_spoken_and_certificates_are_checked(sending_fake, receive):
    receiver = receive()
    fake = sending_fake(timeout=1)
    send(fake, receiver.url.replace("http:", "https:"))

    status, statuses, (error,) = outcome(fake)
    assert (status, statuses) == ("FAILED", [None])
    assert "SSL" in error
    assert receiver.posts == []


def test_an_ipv6_receiver_is_called(sending_fake):
    try:
        server = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError:
        pytest.skip("this machine has no IPv6 loopback")
    asked: list[bytes] = []

    def answer() -> None:
        connection, _ = server.accept()
        with connection:
            asked.append(connection.recv(65536).partition(b"\r\n")[0])
            connection.sendall(b"HTTP/1.1 204 NO CONTENT\r\n\r\n")

    thread = threading.Thread(target=answer)
    thread.start()
    fake = sending_fake()
    with server:
        send(fake, f"http://[::1]:{server.getsockname()[1]}/v6")
        assert outcome(fake) == ("DELIVERED", [204], [None])
        thread.join()

    assert asked == [b"POST /v6 HTTP/1.1"]


@frozen
def test_a_bad_receiver_keeps_no_other_from_being_called(fake_notify, ready, receive):
    good = receive()
    for url in (nobody_listens(), "hello", good.url, "http://example.com/", good.url):
        send(fake_notify, url)

    assert [each.status for each in settled(fake_notify, 5)] == ["FAILED", "FAILED", "DELIVERED", "FAILED", "DELIVERED"]
    assert len(good.posts) == 2


# the world changes meanwhile


@pytest.mark.parametrize("change", ["reset", "restore", "renew"])
def test_an_attempt_that_is_under_way_ends_in_the_world_where_it_began(sending_fake, receive, change):
    receiver = receive(blocks)
    fake = sending_fake()
    before = fake.snapshot()
    send(fake, receiver.url)
    send(fake, receiver.url)
    receiver.wait()

    changes: dict[str, Callable[[], object]] = {
        "reset": fake.reset,
        "restore": lambda: fake.restore(before),
        "renew": fake.renew,
    }
    changes[change]()
    assert fake.callbacks == []
    receiver.released.set()

    if change != "restore":
        fake.create_service(sid=SERVICE_SID, messaging_service_sid=MESSAGING_SERVICE_SID)
    sid = send(fake, receiver.url)
    assert [(each.notification_sid, each.status) for each in settled(fake)] == [(sid, "DELIVERED")]
    assert fake.alerts == []
    assert len(receiver.posts) == 2


@manual
def test_a_snapshot_knows_what_is_still_to_be_posted(fake_notify, ready, receive):
    receiver = receive()
    empty = fake_notify.snapshot()
    sid = send(fake_notify, receiver.url)
    pending = fake_notify.snapshot()
    assert fake_notify.deliver_callback().status == "DELIVERED"

    fake_notify.restore(empty)
    assert (fake_notify.callbacks, fake_notify.deliver_callback()) == ([], None)

    fake_notify.restore(pending)
    assert [(each.notification_sid, each.status, each.attempts) for each in fake_notify.callbacks] == [
        (sid, "PENDING", ())
    ]
    assert fake_notify.deliver_callback().status == "DELIVERED"
    assert len(receiver.posts) == 2


@manual
def test_callbacks_stay_when_their_service_goes(fake_notify, fake_notify_client, ready, receive):
    send(fake_notify, receive().url)
    fake_notify_client.notify.v1.services(SERVICE_SID).delete()

    assert fake_notify.deliver_callback().status == "DELIVERED"


def waits(fake: FakeNotify, receiver: Receiver) -> None:
    """Let one callback be pending while nobody posts by himself."""
    fake.behaviour = fake.behaviour.changed({"callback_delivery": "manual"})
    send(fake, receiver.url)
    assert [each.status for each in fake.callbacks] == ["PENDING"]


def test_what_waits_is_posted_when_the_switch_is_set_to_automatic(sending_fake, receive):
    receiver = receive()
    fake = sending_fake()
    waits(fake, receiver)

    fake.behaviour = fake.behaviour.changed({"callback_delivery": "automatic"})

    assert outcome(fake) == ("DELIVERED", [200], [None])


@pytest.mark.parametrize("how", ["restore", "load"])
def test_what_a_restored_world_still_has_to_post_is_posted(sending_fake, receive, tmp_path, how):
    receiver = receive()
    fake = sending_fake()
    waits(fake, receiver)
    pending = fake.snapshot()
    fake.save(tmp_path / "world.json")
    fake.reset()
    fake.behaviour = fake.behaviour.changed({"callback_delivery": "automatic"})

    if how == "restore":
        fake.restore(pending)
    else:
        fake.load(tmp_path / "world.json")

    assert outcome(fake) == ("DELIVERED", [200], [None])


# the end


def test_stop_ends_soon_while_an_attempt_is_under_way(sending_fake, receive):
    before = sender_threads()
    receiver = receive(blocks)
    fake = sending_fake(timeout=30)
    send(fake, receiver.url)
    send(fake, receiver.url)
    receiver.wait()
    began = monotonic()

    fake.stop()

    assert monotonic() - began < 3
    assert sender_threads() == before
    assert [(each.status, each.attempts) for each in fake.callbacks] == [("PENDING", ())] * 2
    assert fake.alerts == []


def test_what_a_stop_left_is_posted_after_the_next_start(sending_fake, receive):
    receiver = receive(blocks)
    fake = sending_fake(timeout=30)
    fake.start()
    send(fake, receiver.url)
    receiver.wait()
    fake.stop()
    send(fake, receiver.url)
    receiver.answer = says(200)

    fake.start()

    assert [(each.status, len(each.attempts)) for each in settled(fake, 2)] == [("DELIVERED", 1)] * 2
    assert len(receiver.posts) == 3


def test_a_stopped_fake_posts_nothing_by_itself_and_what_the_tester_wants(sending_fake, receive):
    receiver = receive()
    fake = sending_fake()
    fake.stop()
    fake.stop()
    send(fake, receiver.url)
    assert (receiver.posts, [each.status for each in fake.callbacks]) == ([], ["PENDING"])

    assert fake.deliver_callback().status == "DELIVERED"

    receiver.answer = says(500)
    send(fake, receiver.url)
    assert fake.deliver_callback().status == "FAILED"


def test_a_receiver_may_stop_the_fake(sending_fake, receive):
    before = sender_threads()
    fake = sending_fake()

    def stops(handler: Any) -> None:
        fake.stop()
        says(200)(handler)

    receiver = receive(stops)
    send(fake, receiver.url)

    receiver.wait()
    fake.wait_for(lambda: sender_threads() == before)

    assert fake.callbacks.last.status == "PENDING"


def test_an_attempt_that_a_stop_breaks_off_is_not_made_again_in_a_world_that_has_forgotten_it(sending_fake, receive):
    receiver = receive(blocks)
    fake = sending_fake(timeout=30)
    before = fake.snapshot()
    send(fake, receiver.url)
    receiver.wait()
    fake.restore(before)

    fake.stop()

    assert (fake.callbacks, fake.deliver_callback()) == ([], None)


def test_a_stop_before_the_connection_is_there_leaves_the_callback_alone(sending_fake, receive):
    receiver = receive()
    fake = sending_fake()
    fake.stop()
    send(fake, receiver.url)
    looked, go = threading.Event(), threading.Event()
    looks: list[str] = []

    def world() -> Any:
        looks.append(threading.current_thread().name)
        if looks.count("fakenotify callbacks") == 2:  # it was automatic, now an attempt begins
            looked.set()
            assert go.wait(5)
        return fake.world

    sender = CallbackSender(world, timeout=0.05)
    before = sender_threads()
    sender.wake()
    assert looked.wait(5)
    sender.stop()
    go.set()
    fake.wait_for(lambda: sender_threads() == before)

    assert (receiver.posts, [each.status for each in fake.callbacks]) == ([], ["PENDING"])
    assert fake.deliver_callback().status == "DELIVERED"


# many at once


def test_a_receiver_that_hangs_delays_no_other(sending_fake, receive) -> None:
    fake = sending_fake(timeout=30)
    hanging, quick = receive(blocks), receive()
    send(fake, hanging.url)
    hanging.wait()

    send(fake, quick.url)

    quick.wait()
    fake.wait_for(lambda: [each.status for each in fake.callbacks] == ["PENDING", "DELIVERED"], timeout=5)


def test_callbacks_to_one_url_arrive_one_after_another_in_their_order(sending_fake, receive) -> None:
    fake = sending_fake()
    receiver = receive()
    sids = [send(fake, receiver.url) for _ in range(30)]

    settled(fake, 30)

    assert [dict(post.fields)["NotificationSid"] for post in receiver.posts] == sids


def test_no_more_than_sixteen_are_posted_at_once_and_none_is_left_out(sending_fake, receive) -> None:
    fake = sending_fake(timeout=30)
    receivers = [receive(blocks) for _ in range(20)]
    for receiver in receivers:
        send(fake, receiver.url)
    for receiver in receivers[:16]:
        receiver.wait()
    assert [len(receiver.posts) for receiver in receivers[16:]] == [0] * 4

    for receiver in receivers:
        receiver.released.set()

    assert {each.status for each in settled(fake, 20)} == {"DELIVERED"}


def test_whatever_a_post_raises_is_an_error_of_its_attempt(sending_fake, receive, monkeypatch) -> None:
    """Such as pytest-socket's SocketBlockedError, a RuntimeError."""
    fake = sending_fake()
    receiver = receive()

    def blocked(*arguments: Any, **settings: Any) -> Any:
        raise RuntimeError("A test tried to use socket.socket.")

    with monkeypatch.context() as patch:
        patch.setattr(socket, "create_connection", blocked)
        send(fake, receiver.url)
        assert outcome(fake) == ("FAILED", [None], ["RuntimeError: A test tried to use socket.socket."])
    assert alerted(fake) == [UNREACHABLE]
    assert_unharmed(fake, receiver)


def test_a_sender_whose_thread_has_died_begins_again(sending_fake, receive, monkeypatch) -> None:
    fake = sending_fake()
    receiver = receive()
    sender = fake._sender()
    died = threading.Event()

    def die(self: CallbackSender) -> None:
        died.set()

    with monkeypatch.context() as patch:
        patch.setattr(CallbackSender, "_keep_time", die)
        send(fake, receiver.url)
        assert died.wait(5)
        sender._timekeeper.join()

    send(fake, receiver.url)

    assert {each.status for each in settled(fake, 2)} == {"DELIVERED"}


def test_a_bug_in_a_worker_leaves_no_other_callback_waiting(sending_fake, receive, monkeypatch, capsys) -> None:
    fake = sending_fake()
    receiver = receive()
    post = CallbackSender._post

    def failing(self: CallbackSender, world: Any, account: Any, callback: Callback) -> None:
        if callback is first:
            raise ZeroDivisionError("a bug")
        post(self, world, account, callback)

    monkeypatch.setattr(sys, "excepthook", lambda kind, error, trace: print(f"{kind.__name__}: {error}"))
    monkeypatch.setattr(CallbackSender, "_post", failing)
    fake.behaviour = fake.behaviour.changed({"callback_delivery": "manual"})
    for _ in range(2):
        send(fake, receiver.url)
    first = fake.callbacks[0]

    fake.behaviour = fake.behaviour.changed({"callback_delivery": "automatic"})

    fake.wait_for(lambda: fake.callbacks[1].status == "DELIVERED", timeout=5)
    assert (fake.callbacks[0].status, capsys.readouterr().out) == ("PENDING", "ZeroDivisionError: a bug\n")


def test_a_callback_posted_by_a_control_call_as_by_python(sending_fake, receive, wire_of) -> None:
    fake = sending_fake(callback_delivery="manual")
    receiver = receive()
    send(fake, receiver.url)
    state = json.dumps(fake.world.export(secrets=True))
    wire = wire_of(fake)

    def write(method: str, path: str, body: str) -> None:
        assert wire.send(method, path, body, {"Content-Type": "application/json"}).status == 200

    write("PATCH", "/_fake/behaviour", '{"callback_delivery": "automatic"}')
    settled(fake)
    write("PUT", "/_fake/state", state)
    settled(fake)

    assert len(receiver.posts) == 2


@pytest.mark.parametrize(("user", "answered"), [("", 401), ("joe:s%40crət@", 200)])
def test_credentials_in_the_url_answer_a_challenge(sending_fake, receive, user, answered) -> None:
    def answer(handler: Any) -> None:
        if handler.headers["Authorization"] == "Basic " + b64encode("joe:s@crət".encode()).decode():
            says(200)(handler)
        else:
            says(401, **{"WWW-Authenticate": 'Basic realm="theirs"'})(handler)

    receiver = receive(answer)
    fake = sending_fake()
    send(fake, receiver.url.replace("http://", f"http://{user}"))

    assert outcome(fake)[1] == [answered]
    assert len(receiver.posts) == (2 if user else 1)
    assert "Authorization" not in dict(receiver.posts[0].headers)
