"""The journal: bounded, newest last, and announced to its listeners."""

from __future__ import annotations

import copy
import tracemalloc
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakenotify import FakeNotify
from fakenotify.clients.in_process import call
from fakenotify.notify.journal import Journal, Request
from fakenotify.notify.records import NO_STRINGS, Strings

REQUEST = Request(
    operation="bindings.create",
    method="POST",
    path="/v1/Services/IS1/Bindings",
    params={"Identity": "alice", "Tag": ["vip", "new user"]},
    account_sid="AC1",
    status=201,
    code=None,
    message=None,
    body={"sid": "BS1", "identity": "alice"},
    warnings=NO_STRINGS,
    request_id="RQ1",
    date=datetime(2027, 10, 31, 12, tzinfo=timezone.utc),
)


def request_of(number: int, account_sid: str = "AC1") -> Request:
    return replace(REQUEST, request_id=f"RQ{number}", account_sid=account_sid)


def ids(journal: Journal) -> list[str]:
    return [each.request_id for each in journal]


def test_a_request_is_described_once_when_somebody_first_looks_at_it() -> None:
    described: list[Request] = []

    def describe(request: Request) -> Request:
        described.append(request)
        return request

    request = Request.later((describe, REQUEST))
    with pytest.raises(AttributeError, match=r"^'Request' object has no attribute 'colour'$"):
        request.colour  # type: ignore[attr-defined]  # noqa: B018
    assert described == []

    assert (request.path, request.sid, request) == (REQUEST.path, "BS1", REQUEST)
    assert request.__getattr__("path") == REQUEST.path  # as a thread that was slower asks
    assert len(described) == 1
    assert copy.deepcopy(Request.later((describe, REQUEST))) == REQUEST


@given(length=st.integers(1, 8), total=st.integers(0, 20))
@settings(deadline=None)
def test_a_journal_keeps_the_newest_requests_and_counts_the_others(length: int, total: int) -> None:
    journal = Journal(length)

    for number in range(total):
        journal.record(request_of(number))

    kept = min(length, total)
    assert list(journal) == [request_of(number) for number in range(total - kept, total)]
    assert (len(journal), journal.total, journal.dropped) == (kept, total, total - kept)


def test_a_journal_keeps_ten_thousand_requests_by_default() -> None:
    journal = Journal()

    for _ in range(10_001):
        journal.record(REQUEST)

    assert (len(journal), journal.dropped) == (10_000, 1)


def test_a_walk_through_the_journal_is_not_disturbed_by_new_requests() -> None:
    journal = Journal(2)
    journal.record(request_of(1))
    journal.record(request_of(2))

    seen = []
    for request in journal:
        journal.record(request_of(3))
        seen.append(request.request_id)

    assert seen == ["RQ1", "RQ2"]


def test_a_cleared_journal_starts_over_and_keeps_its_listeners() -> None:
    journal, heard = Journal(2), []
    for number in range(5):
        journal.record(request_of(number))
    journal.listen(heard.append)

    journal.clear()

    assert (ids(journal), journal.total, journal.dropped) == ([], 0, 0)
    for number in range(3):
        journal.record(request_of(number))
    assert (ids(journal), journal.total, journal.dropped) == (["RQ1", "RQ2"], 3, 1)
    assert heard == [request_of(number) for number in range(3)]


def test_the_requests_of_one_account_can_be_forgotten() -> None:
    journal = Journal(5)
    for number, account_sid in enumerate(("AC1", "AC2", "AC1", "AC2")):
        journal.record(request_of(number, account_sid))

    journal.clear("AC1")

    assert list(journal) == [request_of(1, "AC2"), request_of(3, "AC2")]
    assert (journal.total, journal.dropped) == (2, 0)
    for number in range(4, 8):
        journal.record(request_of(number, "AC1"))
    assert len(journal) == 5


def test_listeners_hear_every_request_once_it_is_recorded_until_they_end() -> None:
    journal = Journal()
    heard: list[tuple[str, str, int]] = []

    def hear_once(request: Request) -> None:
        heard.append(("once", request.request_id, len(journal)))
        end_once()

    def hear(request: Request) -> None:
        heard.append(("each", request.request_id, len(journal)))

    journal.record(request_of(0))
    end_once = journal.listen(hear_once)  # a listener may end itself
    end_first = journal.listen(hear)
    journal.listen(hear)  # a listener that was added twice ends one at a time

    journal.record(request_of(1))
    end_first()
    end_first()
    journal.record(request_of(2))

    assert heard == [("once", "RQ1", 2), ("each", "RQ1", 2), ("each", "RQ1", 2), ("each", "RQ2", 3)]


# one request


def test_a_request_knows_the_sid_in_its_answer() -> None:
    bodies: list[Any] = [{"sid": "BS1"}, {"bindings": [], "meta": {}}, {"sid": 1}, {"code": 20404}, {}, None]

    assert [replace(REQUEST, body=body).sid for body in bodies] == ["BS1", None, None, None, None, None]


@pytest.mark.parametrize(
    ("changes", "shown"),
    [
        ({"params": REQUEST.params}, "(Identity='alice', Tag=['vip', 'new user']) -> 201"),
        ({"status": 404, "code": 20404, "message": "The /X was not found"}, "() -> 404 20404 The /X was not found"),
        ({"status": None, "fault": "stall"}, "() -> no answer [fault: stall]"),
        ({"params": {"B": "x" * 196}}, f"(B='{'x' * 196}') -> 201"),
        ({"params": {"B": "x" * 197}}, f"(B='{'x' * 194}…) -> 201"),
        (
            {"params": {"Identity": "\ud800"}, "code": 20001, "message": "no\u202e"},
            r"(Identity='\ud800') -> 201 20001 no\u202e",
        ),
    ],
)
def test_a_request_is_one_printable_line_without_its_answer(changes: dict[str, Any], shown: str) -> None:
    request = replace(REQUEST, path="/v1/\x1b[2J", **{"params": {}} | changes)

    assert str(request) == rf"POST /v1/\x1b[2J {shown}"
    assert repr(request) == f"<Request {request}>"


def long_request(length: int) -> Request:
    return replace(REQUEST, params={"Body": "x" * length}, body={"body": "x" * length, "sid": "NT1"})


def test_long_values_are_clipped_with_a_mark() -> None:
    journal, heard = Journal(), []
    journal.listen(heard.append)

    journal.record(replace(long_request(100_000), warnings=Strings(["y" * 20_000]), message="z" * 20_000))

    [request] = journal
    clipped = "x" * 16_384 + "... [clipped, 100,000 characters]"
    assert (request.params, request.body) == ({"Body": clipped}, {"body": clipped, "sid": "NT1"})
    assert [len(request.warnings[0]), len(request.message or "")] == [16_416, 16_416]
    assert heard == [request]


def test_a_long_method_or_host_is_not_kept_whole() -> None:
    fake = FakeNotify()
    tracemalloc.start()
    for number in range(100):
        long = f"{'x' * 60_000}{number}"
        call(fake.wsgi_app, "GET", "http://localhost/v1/Nothing", {"X-Forwarded-Host": long}, b"")
        call(fake.wsgi_app, long, "http://localhost/v1/Services", {}, b"")
    taken = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert [len(each.method) < 17_000 for each in fake.requests] == [True] * 200
    assert taken < 5_000_000


def test_a_journal_drops_the_oldest_beyond_its_bytes() -> None:
    journal = Journal(10_000, 2**20)

    for number in range(1_000):
        journal.record(replace(long_request(10_000), request_id=f"RQ{number}"))

    assert 40 < len(journal) < 55
    assert (ids(journal)[-1], journal.total, journal.dropped) == ("RQ999", 1_000, 1_000 - len(journal))
    tiny = Journal(10, 1)
    for number in range(2):
        tiny.record(replace(request_of(number), body=None))
    assert ids(tiny) == ["RQ1"]


def test_the_heaviest_parts_of_one_request_are_not_kept() -> None:
    journal = Journal(10_000, 2**20)
    deep = {"data": [{} for _ in range(100_000)], "sid": "NT1"}

    journal.record(replace(REQUEST, body=deep))

    assert [each.body for each in journal] == [{"data": "... [clipped, about 6 MiB]", "sid": "NT1"}]


def test_a_journal_that_was_cleared_has_room_again() -> None:
    journal = Journal(10_000, 2**20)
    for number in range(100):
        journal.record(replace(long_request(10_000), request_id=f"RQ{number}", account_sid=f"AC{number % 2}"))

    journal.clear("AC1")
    for number in range(20):
        journal.record(request_of(number))

    assert len(journal) > 40


def page(*identities: str) -> Request:
    rows = [{"identity": each, "sid": "BS1"} for each in identities]
    return replace(REQUEST, body={"bindings": rows, "meta": {"page": 0}})


def test_a_long_text_in_a_page_is_found_once_its_length_is_known() -> None:
    journal, long = Journal(10_000, 2**22), "x" * 20_000
    request = page("a", long, "c", "d", "e", "f", "g")
    journal.record(request)

    Journal().measured("RQ0", 30_000)
    journal.measured("RQ0", 30_000)
    journal.measured(request.request_id, 10)
    assert [*journal] == [request]
    journal.measured(request.request_id, 30_000)

    [kept] = journal
    assert (kept.body or {})["bindings"][1]["identity"].endswith("... [clipped, 20,000 characters]")
    for _ in range(200):
        journal.record(page(*["x" * 1_000] * 50))
    assert 50 < len(journal) < 75
