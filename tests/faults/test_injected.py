"""Injected faults: which requests they meet, how often, and what the journal and the report say about them."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
from twilio.base.exceptions import TwilioRestException

from fakenotify import FakeNotify, Fault
from fakenotify.core.errors import UnknownName
from fakenotify.faults.injected import InjectedFaults
from fakenotify.notify.dispatch import ROUTES, Call


def test_a_request_that_is_not_authenticated_or_has_no_route_meets_no_fault(
    open_fake: Callable[..., FakeNotify], client: Any
) -> None:
    fake = open_fake(unknown_accounts="own")
    injected = fake.fail("*", status=503)

    assert client.rest(client.ask(fake, user="nobody:x")).startswith(b"HTTP/1.1 401 ")
    assert [client.status(fake, "GET", "/v1/Nothing"), client.status(fake, "DELETE", "/v1/Services")] == [404, 405]
    assert injected.fired == 0
    assert client.status(fake, "GET", "/v1/Services/IS71") == 503


def test_a_request_meets_the_oldest_fault_that_can_still_act(fake: FakeNotify, client: Any) -> None:
    fake.fail("*", status=500, times=1)
    late = fake.fail("services.create", status=503, times=1, after=1)
    fake.rate_limit("*", 3, 60)  # lets three requests through to the next
    last = fake.fail("services.*", status=400, times=2)

    assert [client.status(fake) for _ in range(6)] == [500, 400, 503, 400, 201, 429]
    assert (late.fired, late.active, last.fired) == (1, False, 2)


def test_a_condition_decides_which_calls_meet_a_fault_and_are_counted(fake: FakeNotify, client: Any) -> None:
    seen: list[Call] = []

    def is_shop(call: Call) -> bool:
        seen.append(call)
        return call.form.get("FriendlyName") == ["shop"]

    fake.fail("services.create", status=503, when=is_shop, after=1, times=1)
    names = ["other", "shop", "other", "shop", "shop"]
    statuses = [client.status(fake, "POST", "/v1/Services", {"FriendlyName": name}) for name in names]

    assert (statuses, len(seen)) == ([201, 201, 201, 503, 201], 4)
    call = seen[0]
    assert (call.operation, call.account_sid) == ("services.create", fake.account_sid)
    assert (call.method, call.path) == ("POST", "/v1/Services")


def test_a_call_does_not_print_its_secrets(fake: FakeNotify, client: Any) -> None:
    seen: list[str] = []
    fake.fail("credentials.create", status=503, when=lambda call: seen.append(repr(call)), optional=True)
    client.status(fake, "POST", "/v1/Credentials", {"Type": "fcm", "Secret": "s3cret"})
    assert (fake.auth_token in seen[0], "s3cret" in seen[0]) == (False, False)


def test_a_condition_that_raises_is_a_warning_and_meets_nobody(fake: FakeNotify, client: Any) -> None:
    injected = fake.fail("services.*", status=503, when=lambda call: call.form["Nothing"])
    assert (client.status(fake), injected.fired) == (201, 0)
    assert fake.requests.last.warnings == ["the when= of the fault on services.* raised KeyError: 'Nothing'"]


def test_a_condition_may_ask_the_fake_and_use_the_fault_up(fake: FakeNotify, client: Any) -> None:
    def asks_again(call: Call) -> bool:
        if call.form.get("FriendlyName") == ["first"]:
            assert client.status(fake, "POST", "/v1/Services", {"FriendlyName": "second"}) == 503
        return True

    injected = fake.fail("services.create", status=503, times=1, when=asks_again)
    assert client.status(fake, "POST", "/v1/Services", {"FriendlyName": "first"}) == 201
    assert injected.fired == 1


def test_a_fault_may_be_for_one_account(fake: FakeNotify, client: Any) -> None:
    one, two = fake.account(), fake.account()
    fake.fail("services.create", status=500, account=one, times=1)
    fake.fail("services.create", status=503, account=two.account_sid, times=1)
    one.rate_limit("*", 1, 60)

    statuses = [(client.status(fake), client.status(two), client.status(one)) for _ in range(3)]
    assert statuses == [(201, 503, 500), (201, 201, 201), (201, 201, 429)]


def test_a_pattern_meets_the_operations_that_fit_it() -> None:
    operations = ("services.create", "services.find", "credentials.create", "bindings.find")
    met = {}
    for pattern in ("*", "services.*", "services.list", "*.find", "[bc]*.*", "bindings.????", "services.create"):
        faults = InjectedFaults(operations)
        faults.add(pattern, Fault.stall())
        met[pattern] = [each for each in operations if faults.choose(each, "AC", None)]

    assert met == {
        "*": [*operations],
        "services.*": ["services.create", "services.find"],
        "services.list": ["services.find"],  # what the official client calls it
        "*.find": ["services.find", "bindings.find"],
        "[bc]*.*": ["credentials.create", "bindings.find"],
        "bindings.????": ["bindings.find"],
        "services.create": ["services.create"],
    }


def test_an_unknown_operation_names_the_nearest(fake: FakeNotify) -> None:
    first_three = [*ROUTES.by_operation][:3]
    known: dict[Any, list[str]] = {
        "bindings.creat": ["bindings.create", "user_bindings.create"],
        "Bindings.create": ["bindings.create"],
        "binding.*": ["bindings.*", "user_bindings.*"],
        "notifications.send": ["notifications.create"],
        "users.something_that_is_completely_different": ["users.create", "users.find"],
        **dict.fromkeys(("*.send", "quite.different", "", 5, None), first_three),
    }
    for operation, nearest in known.items():
        with pytest.raises(UnknownName) as caught:
            fake.fail(operation, status=503)
        assert set(nearest) <= set(caught.value.nearest), operation
        assert str(caught.value) == f"no operation fits {operation!r}; nearest: {', '.join(caught.value.nearest)}"

    with pytest.raises(ValueError, match="has at most 200 characters"):
        fake.fail("[" * 60_000, status=503)
    assert isinstance(caught.value, LookupError)
    assert isinstance(caught.value, ValueError)
    assert fake.faults == []


def test_a_fault_that_is_injected_with_a_wrong_argument_is_refused(fake: FakeNotify) -> None:
    times = "times must be a whole number from 1 or None for every request, not"
    after = "after must be a whole number from 0, not"
    messages: list[tuple[dict[str, Any], str]] = [
        *(({"times": bad}, f"{times} {bad}") for bad in (0, 1.5, True)),
        *(({"after": bad}, f"{after} {bad}") for bad in (-1, None)),
        ({"phase": "later"}, "phase must be 'before' or 'after' (the effect of the operation), not 'later'"),
        ({"optional": "yes"}, "optional must be True or False, not 'yes'"),
    ]
    for arguments, message in messages:
        with pytest.raises(ValueError) as caught:  # noqa: PT011  # the whole message is compared
            fake.fail("services.create", status=503, **arguments)
        assert str(caught.value) == message
    with pytest.raises(TypeError, match=r"^a fault is made by Fault\.http\(503\), Fault\.stall\(\) and so on, not 'st"):
        fake.fail("services.create", "stall")  # type: ignore[arg-type]
    for status in (500, 200, "410", None):
        with pytest.raises(ValueError, match=r"^the shutdown is rehearsed with status 410, 404 or 403, not "):
            fake.shutdown(status)  # type: ignore[arg-type]

    assert fake.faults == []


def test_an_injected_fault_is_a_short_text(fake: FakeNotify) -> None:
    injected = [
        fake.fail("services.*", Fault.stall(), phase="after", optional=True),
        fake.fail("*", status=503, times=1, after=2),
        fake.fail("*", Fault.latency(1), times=3),
    ]
    assert [str(each) for each in injected] == [
        "stall() after services.*, always, fired 0",
        "http(status=503) before *, 1 time, fired 0",
        "latency(seconds=1) before *, 3 times, fired 0",
    ]


def test_faults_can_be_removed_one_by_one_by_account_or_all_and_go_with_the_world(fake: FakeNotify) -> None:
    one, faults = fake.account(), fake.world.dispatcher.faults
    for account in (None, one, None, one):
        fake.fail("*", status=503, account=account)

    assert (faults.remove(1), faults.remove(1), [each.id for each in faults]) == (1, 0, [2, 3, 4])
    assert (faults.remove(account_sid=one.account_sid), [each.id for each in faults]) == (2, [3])
    assert (faults.remove(), len(faults), fake.faults) == (1, 0, [])
    for empty in (fake.reset, fake.renew):
        assert fake.fail("*", status=503) in fake.faults
        empty()
        assert fake.faults == []


def test_faults_that_never_fired_are_known_and_what_is_arranged_meets_none(fake: FakeNotify, client: Any) -> None:
    fake.fail("services.create", status=503)
    unused = fake.fail("bindings.*", status=503)
    fake.fail("bindings.*", status=503, optional=True)
    fake.rate_limit("bindings.*", 1, 60)
    client.status(fake)
    fake.create_binding(fake.create_service(), identity="alice", binding_type="sms", address="+15005550006")

    assert fake.world.unused_faults() == [unused]


def test_many_threads_meet_a_fault_exactly_as_often_as_asked(fake: FakeNotify, client: Any) -> None:
    injected = fake.fail("services.create", status=503, after=7, times=11)
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(client.status, [fake] * 40))
    assert (statuses.count(503), statuses.count(201), injected.fired) == (11, 29, 11)


# the shutdown


@pytest.mark.parametrize(("wanted", "code"), [((), 20410), ((404,), 20404), ((403,), 20403)])
def test_after_the_shutdown_every_request_is_refused(
    fake: FakeNotify, client: Any, wanted: tuple[int, ...], code: int
) -> None:
    service = fake.create_service()
    injected = fake.shutdown(*wanted)

    asked = [
        (),
        ("GET", f"/v1/Services/{service.sid}"),
        ("DELETE", f"/v1/Services/{service.sid}"),
        ("POST", f"/v1/Services/{service.sid}/Notifications", {"Tag": "all", "Body": "Hi"}),
    ]
    assert [client.answer(fake, *each)[1]["code"] for each in asked] == [code] * 4
    assert {each.status for each in fake.requests} == {*(wanted or (410,))}
    assert (fake.services, fake.notifications, injected.optional) == ([service], [], True)


# what is reported


def test_a_faulted_request_is_in_the_journal(fake: FakeNotify, client: Any) -> None:
    fake.fail("services.create", status=429, times=1)
    fake.fail("services.create", Fault.empty_reply(), times=1)
    fake.fail("services.create", Fault.latency(0), phase="after", times=1)
    fake.fail("services.create", status=500, phase="after", times=1)
    for _ in range(5):
        client.arrives(fake)

    made = [each.sid for each in fake.services]
    assert [(each.operation, each.status, each.code, each.sid, each.fault) for each in fake.requests] == [
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


# retries


def deliver(fake: FakeNotify, *, in_process: bool) -> None:
    """The code under test: it sends to alice, and tries again when no answer comes."""
    service = fake.services.last
    client = fake.client(in_process=in_process)
    for attempt in range(3):
        try:
            client.notify.v1.services(service.sid).notifications.create(identity=["alice"], body="Your code is 42")
        except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError, TwilioRestException):
            if attempt == 2:
                raise
        else:
            return


@pytest.fixture
def alice(fake: FakeNotify) -> None:
    service = fake.create_service(messaging_service_sid="MG" + "a" * 32)
    fake.create_binding(service, identity="alice", binding_type="sms", address="+15005550006")


@pytest.mark.usefixtures("alice")
@pytest.mark.parametrize("in_process", [False, True])
@pytest.mark.parametrize("fault", [Fault.reset_connection(), Fault.truncate_body(), Fault.http(503)], ids=str)
def test_a_retry_after_a_lost_answer_sends_twice_and_the_assertion_names_the_duplicate(
    fake: FakeNotify, in_process: bool, fault: Fault
) -> None:
    fake.fail("notifications.create", fault, phase="after", times=1)

    deliver(fake, in_process=in_process)

    first, second = fake.notifications
    with pytest.raises(AssertionError) as caught:
        fake.assert_delivered(identity="alice", times=1)
    lines = str(caught.value).splitlines()
    assert lines[0] == "expected 1, got 2 deliveries with identity='alice', status='SENT':"
    assert (first.sid in lines[1], second.sid in lines[2]) == (True, True)
    assert lines[3] == "they come from different notifications: was a request that had succeeded sent again?"


@pytest.mark.usefixtures("alice")
def test_a_retry_after_a_request_that_was_not_processed_sends_once(fake: FakeNotify) -> None:
    fake.fail("notifications.create", Fault.reset_connection(), times=1)
    fake.fail("notifications.create", status=429, times=1)

    deliver(fake, in_process=False)

    assert fake.assert_delivered(identity="alice", times=1).notification_sid == fake.notifications.last.sid
