"""Injected faults: which requests they meet, how often, and what the journal and the report say about them."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
import requests
from twilio.base.exceptions import TwilioRestException

from fakenotify import FakeNotify, Fault
from fakenotify.core.errors import UnknownName
from fakenotify.notify.dispatch import ROUTES, Call

pytest_plugins = ["pytester"]


def test_a_request_that_is_not_let_in_or_has_no_route_meets_no_fault(
    open_fake: Callable[..., FakeNotify], dial: Callable[..., Any], status: Callable[..., int | None]
) -> None:
    fake = open_fake(unknown_accounts="own")
    injected = fake.fail("*", status=503)
    mallory = fake.account()
    stranger = dial(mallory)
    stranger.authorization = "bm9ib2R5Ong="
    stranger.ask()
    assert stranger.rest().startswith(b"HTTP/1.1 401 ")
    assert [status(fake, "GET", "/v1/Nothing"), status(fake, "DELETE", "/v1/Services")] == [404, 405]
    assert injected.fired == 0
    assert status(fake, "GET", "/v1/Services/IS71") == 503


def test_the_first_requests_may_pass(fake: FakeNotify, status: Callable[..., int | None]) -> None:
    injected = fake.fail("services.create", status=503, after=2, times=1)
    assert [status(fake) for _ in range(4)] == [201, 201, 503, 201]
    assert (injected.fired, injected.active) == (1, False)


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
    injected = fake.fail("services.*", status=503, when=lambda call: call.form["Nothing"])
    assert (status(fake), injected.fired) == (201, 0)
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

    injected = fake.fail("services.create", status=503, times=1, when=asks_again)
    assert status(fake, "POST", "/v1/Services", {"FriendlyName": "first"}) == 201
    assert injected.fired == 1


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
        ({"times": 0}, "times must be a whole number from 1 or None for every request, not 0"),
        ({"times": 1.5}, "times must be a whole number from 1 or None for every request, not 1.5"),
        ({"times": True}, "times must be a whole number from 1 or None for every request, not True"),
        ({"after": -1}, "after must be a whole number from 0, not -1"),
        ({"after": None}, "after must be a whole number from 0, not None"),
        ({"phase": "later"}, "phase must be 'before' or 'after' (the effect of the operation), not 'later'"),
        ({"optional": "yes"}, "optional must be True or False, not 'yes'"),
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


def test_an_injected_fault_has_a_text_and_a_json_form(fake: FakeNotify) -> None:
    injected = [
        fake.fail("services.*", Fault.stall(), phase="after", optional=True),
        fake.fail("*", status=503, times=1, after=2),
        fake.fail("*", Fault.latency(1), times=3, account="AC" + "1" * 32),
    ]
    assert [str(each) for each in injected] == [
        "stall() after services.*, always, fired 0",
        "http(status=503) before *, 1 time, fired 0",
        "latency(seconds=1) before *, 3 times, fired 0",
    ]
    assert injected[2].to_json() == {
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


def test_faults_can_be_taken_out_one_by_one_by_account_or_all(fake: FakeNotify) -> None:
    one, faults = fake.account(), fake.world.dispatcher.faults
    for account in (None, one, None, one):
        fake.fail("*", status=503, account=account)

    assert (faults.remove(1), faults.remove(1), [each.id for each in faults]) == (1, 0, [2, 3, 4])
    assert (faults.remove(account_sid=one.account_sid), [each.id for each in faults]) == (2, [3])
    assert (faults.remove(), len(faults), fake.faults) == (1, 0, [])
    assert fake.fail("*", status=503).id == 5


def test_faults_that_never_fired_are_known(fake: FakeNotify, status: Callable[..., int | None]) -> None:
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
    injected = fake.fail("services.create", status=503, after=7, times=11)
    told: list[int | None] = []
    threads = [
        threading.Thread(target=lambda: told.extend(status(fake) for _ in range(5)), daemon=True) for _ in range(8)
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join(30)
    assert (told.count(503), told.count(201), injected.fired) == (11, 29, 11)


def test_a_request_that_a_rate_limit_lets_through_meets_the_next_fault(
    fake: FakeNotify, status: Callable[..., int | None]
) -> None:
    fake.rate_limit("*", 2, 60)
    injected = fake.fail("services.create", status=503)
    assert ([status(fake), status(fake), status(fake)], injected.fired) == ([503, 503, 429], 2)


def test_a_rate_limit_of_a_handle_is_its_accounts(fake: FakeNotify, status: Callable[..., int | None]) -> None:
    one = fake.account()
    one.rate_limit("*", 1, 60)
    assert [status(one), status(one), status(fake), status(fake)] == [201, 429, 201, 201]


# the shutdown


@pytest.mark.parametrize(("wanted", "code"), [(410, 20410), (404, 20404), (403, 20403)])
def test_after_the_shutdown_every_request_is_refused(
    fake: FakeNotify,
    arrives: Callable[..., bytes],
    status: Callable[..., int | None],
    split: Any,
    wanted: int,
    code: int,
) -> None:
    service = fake.create_service()
    injected = fake.shutdown(wanted)
    assert json.loads(split(arrives(fake))[1])["code"] == code
    assert [
        status(fake, "GET", f"/v1/Services/{service.sid}"),
        status(fake, "DELETE", f"/v1/Services/{service.sid}"),
        status(fake, "POST", f"/v1/Services/{service.sid}/Notifications", {"Tag": "all", "Body": "Hi"}),
    ] == [wanted] * 3
    assert (fake.services, fake.notifications, injected.optional) == ([service], [], True)


def test_the_shutdown_is_410_unless_asked_otherwise(fake: FakeNotify, status: Callable[..., int | None]) -> None:
    fake.shutdown()
    assert status(fake) == 410


@pytest.mark.parametrize("wanted", [500, 200, "410", None])
def test_the_shutdown_has_three_forms(fake: FakeNotify, wanted: Any) -> None:
    with pytest.raises(ValueError, match=r"^the shutdown is rehearsed with status 410, 404 or 403, not "):
        fake.shutdown(wanted)
    assert fake.faults == []


# what is reported


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


def test_the_report_of_a_failed_test_lists_its_faults(pytester: pytest.Pytester) -> None:
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
@pytest.mark.parametrize("fault", [Fault.reset_connection(), Fault.truncate_body(), Fault.http(503)])
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
