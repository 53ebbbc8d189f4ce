"""The conformance suite asks another Notify, here a second fake that it knows by its URL only."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from email.message import Message
from typing import Any

import pytest

from fakenotify import Behaviour, FakeNotify
from fakenotify.conformance import suite
from fakenotify.conformance.checks import CHECKS
from fakenotify.conformance.client import (
    NOBODY,
    Answer,
    Connection,
    Credentials,
    NotAllowed,
    RemoteNotify,
    Unreachable,
    check_url,
)
from fakenotify.world.provenance import rules


@pytest.fixture
def other() -> Iterator[FakeNotify]:
    """A Notify with records of its owner."""
    with FakeNotify() as fake:
        service = fake.create_service("theirs")
        fake.create_binding(service.sid, identity="alice", binding_type="sms", address="+14155550123")
        yield fake


def ask(fake: FakeNotify, *, may_write: bool = True) -> RemoteNotify:
    """A client of a fake."""
    return RemoteNotify(fake.url, Credentials(fake.account_sid, fake.auth_token), may_write=may_write)


# the suite


def test_a_notify_that_answers_the_same_has_no_difference_and_keeps_what_it_had(other: FakeNotify) -> None:
    before = (other.services, other.bindings, other.credentials)
    notify = ask(other)

    outcomes = suite.run(notify)
    left = notify.undo()

    assert [(each.check.id, each.actual) for each in outcomes if each.verdict != suite.AS_EXPECTED] == []
    assert (left, (other.services, other.bindings, other.credentials)) == ([], before)


def test_without_write_nothing_is_created_and_what_would_be_is_skipped(other: FakeNotify) -> None:
    outcomes = suite.run(ask(other, may_write=False))

    verdicts = [each.verdict for each in outcomes]
    assert {*verdicts} == {suite.AS_EXPECTED, suite.SKIPPED}
    assert verdicts.count(suite.AS_EXPECTED) > 20
    assert [(each.method, each.status) for each in other.requests if each.method != "GET"] == [("POST", 404)] * 3


def test_the_differences_of_another_behaviour_name_its_switches() -> None:
    behaviour = Behaviour(
        identity_limit="evict_oldest",
        replacement_keeps_sid=True,
        apn_protocol_version="3",
        page_size_limit="reject",
        list_order="newest_first",
    )
    with FakeNotify(behaviour) as other:
        outcomes = suite.run(ask(other))

    assert {each.check.id: each.switch for each in outcomes if each.verdict != suite.AS_EXPECTED} == {
        "services.create.empty": "apn_protocol_version=3",
        "bindings.create.address": "apn_protocol_version=3",
        "bindings.create.21st": "identity_limit=evict_oldest",
        "bindings.replace.sid": "replacement_keeps_sid=true",
        "bindings.find.order": "list_order=newest_first",
        "bindings.find.stable": "list_order=newest_first",
        "lists.page-size.clamped": "page_size_limit=reject",
    }


def test_a_difference_that_no_switch_explains_names_none(other: FakeNotify) -> None:
    other.fail("services.create", status=503, times=1)
    check = CHECKS["services.create.unknown"]

    outcome = suite.ask(ask(other), check)

    assert (outcome.verdict, outcome.expected, outcome.actual, outcome.switch) == (suite.DIFFERS, 201, 503, None)
    assert suite.explaining_switch(replace(check, run=lambda notify: [][0]), 503) is None


def test_where_nothing_listens_no_check_can_be_asked() -> None:
    credentials = Credentials("AC" + "1" * 32, "secret-token")

    outcomes = suite.run(RemoteNotify("http://127.0.0.1:9", credentials, may_write=True))

    assert {each.verdict for each in outcomes} == {suite.BROKE}
    assert "secret-token" not in repr(outcomes)


def test_an_outcome_holds_no_secret_and_no_sid_of_an_account() -> None:
    token, account_sid = "their own/token", "AC" + "1" * 32
    with FakeNotify(Behaviour(apn_protocol_version="3"), accounts={account_sid: token}) as other:
        notify = ask(other)
        outcome = suite.ask(notify, CHECKS["services.create.empty"])

    shown = json.dumps([outcome.expected, outcome.actual])
    assert ('"account_sid": "(masked)"' in shown, account_sid in shown) == (True, False)
    assert RemoteNotify(notify.url, Credentials("AC", "x"), may_write=False).masked("x") == "x"
    assert notify.masked([f"{token} their%20own%2Ftoken", {"SK" + "2" * 32: None}]) == [
        "(masked) (masked)",
        {"SK(masked)": None},
    ]


def test_every_check_names_a_rule_and_says_how_sure_we_are() -> None:
    assert [check.id for check in CHECKS.values() if check.rule not in rules()] == []
    assert {check.label for check in CHECKS.values()} == {"observed", "documented", "sample", "sibling", "assumed"}


# what a run may do


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_nothing_of_others_is_ever_changed_and_without_write_nothing_at_all(other: FakeNotify, method: str) -> None:
    theirs, before = other.services.last.sid, other.snapshot()
    for path in ("", f"/{theirs}", f"/{theirs}/Bindings", "/IS/Bindings", f"/{NOBODY}", "/"):
        with pytest.raises(NotAllowed, match="without --write"):
            ask(other, may_write=False).send(method, f"/Services{path}")
        if path or method == "DELETE":
            with pytest.raises(NotAllowed, match="not created by this run"):
                ask(other).send(method, f"/Services{path}")
    assert not other.diff(before)


def test_what_this_run_has_deleted_may_be_deleted_again(other: FakeNotify) -> None:
    notify = ask(other)

    assert [notify.delete(path).status for path in [notify.service] * 2] == [204, 404]


def test_a_signal_stops_a_run_at_once_but_not_before_the_answer_to_a_request_that_writes(other: FakeNotify) -> None:
    notify = ask(other)
    with pytest.raises(KeyboardInterrupt, match=r"^2$"):
        notify.interrupt(2, None)
    other.fail("services.create", status=500, when=lambda call: notify.interrupt(15, None), optional=True)

    with pytest.raises(KeyboardInterrupt, match=r"^15$"):
        notify.post("/Services")
    assert (len(notify.created), notify.undo(), len(other.services)) == (1, [], 1)


def test_what_cannot_be_deleted_is_named(other: FakeNotify) -> None:
    notify = ask(other)
    path = notify.service
    other.fail("services.delete", status=500)

    assert notify.undo() == [path]


def test_without_a_service_of_its_own_a_run_stops(other: FakeNotify) -> None:
    other.fail("services.create", status=500, times=1)

    with pytest.raises(RuntimeError, match="no Service to work in: 500"):
        assert ask(other).service


# the connection


@pytest.mark.parametrize(
    ("fault", "retry_errors", "status", "waits"),
    [
        ({"status": 429, "retry_after": 7}, False, 200, [7.0, 7.0]),
        ({"status": 503}, True, 200, [1.0, 2.0]),
        ({"status": 503}, False, 503, []),
    ],
)
def test_a_request_is_repeated_after_429_and_where_errors_are_retried_after_5xx(
    other: FakeNotify, fault: dict[str, Any], retry_errors: bool, status: int, waits: list[float]
) -> None:
    other.fail("services.find", **fault, times=2)
    waited: list[float] = []
    credentials = Credentials(other.account_sid, other.auth_token)
    connection = Connection(other.url, credentials, retry_errors=retry_errors, pause=waited.append)

    assert (connection.send("GET", "/Services").status, waited) == (status, waits)


def test_a_lost_connection_is_retried_a_few_times() -> None:
    waited: list[float] = []
    connection = Connection("http://127.0.0.1:9", Credentials("AC", "x"), retry_errors=True, pause=waited.append)

    with pytest.raises(OSError, match="refused"):
        connection.send("GET", "/Services")
    assert waited == [1.0, 2.0, 4.0, 8.0]


@pytest.mark.parametrize("url", ["", "notify.twilio.com", "ftp://x", "http://", "http://x:99999"])
def test_an_invalid_url_is_refused(url: str) -> None:
    with pytest.raises(Unreachable, match="is not an http"):
        check_url(url)


def test_a_url_may_end_in_v1_and_an_answer_may_be_no_json() -> None:
    assert check_url("https://notify.twilio.com/v1/") == "https://notify.twilio.com"
    assert Answer(200, "OK", Message(), b"<html>").json is None


def test_a_walk_over_pages_ends(other: FakeNotify) -> None:
    for _ in range(5):
        other.create_service()

    notify = ask(other)
    assert (notify.url, len(list(notify.pages("/Services", most=3, PageSize="1")))) == (other.url, 3)
