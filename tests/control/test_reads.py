"""Reading the tables: orders, pages, cursors, filters, counts, and what each row shows."""

from __future__ import annotations

import json
from itertools import islice
from typing import Any
from urllib.parse import urlencode

import pytest
from control_client import MG_SID, OTHER_SID, PHONE, Control, empty
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.test import create_environ, run_wsgi_app

from fakenotify import FakeNotify, Fault
from fakenotify.control import app
from fakenotify.control.routes import ROUTES, Ask
from fakenotify.control.tables import PAGING
from fakenotify.notify.debugger import CODES
from fakenotify.notify.dispatch import Call
from fakenotify.notify.records import Alert, Service
from fakenotify.notify.tables import TableDefinition, register, unregister

TABLES = [path for path, methods in ROUTES.items() if "GET" in methods and PAGING.keys() <= methods["GET"].query.keys()]


HEAVY = {
    "deliveries": "payload headers request data http",
    "notifications": "data apn fcm gcm sms facebook_messenger alexa to_binding",
    "callbacks": "body",
    "requests": "body curl",
}
"""The fields that a brief row doesn't have."""


def walk(control: Control, path: str, query: str) -> list[Any]:
    """All rows of a table, page after page."""
    rows: list[Any] = []
    cursor: str | None = ""
    for _ in range(50):
        answer = control.get(f"{path}?{query}{f'&after={cursor}' if cursor else ''}")
        rows += answer[path]
        cursor = answer["next"]
        if cursor is None:
            return rows
    raise AssertionError("the pages don't end")


# order and pages


@pytest.mark.parametrize("table", TABLES)
def test_a_table_is_the_same_whole_and_in_pages_and_in_either_order(
    control: Control, lively: Service, table: str
) -> None:
    answer = control.get(table)
    rows = answer[table]
    assert (list(answer), answer["dropped"], len(rows) > 0) == ([table, "dropped"], 0, True)
    brief = control.rows(f"{table}?brief=true")
    heavy = HEAVY.get(table, "").split()
    assert brief == [{name: value for name, value in row.items() if name not in heavy} for row in rows]
    assert all(name in row for name in heavy for row in rows)
    for limit in (1, 2, 1000):
        assert walk(control, table, f"limit={limit}") == rows
        assert walk(control, table, f"limit={limit}&order=newest") == rows[::-1]
    assert control.get(f"{table}?order=newest&count=true") == {**answer, table: rows[::-1], "total": len(rows)}
    if "sid" in ROUTES[table]["GET"].query:
        row = next(each for each in rows if each["sid"])
        assert row in control.rows(f"{table}?sid={row['sid']}")
    keys = [(each["account_sid"], each["id"]) for each in rows]
    assert len(set(keys)) == len(keys)
    for sid in (control.fake.account_sid, OTHER_SID):
        mine = [each for each in rows if each["account_sid"] == sid]
        assert control.get(f"{table}?account_sid={sid}&count=true") == {table: mine, "dropped": 0, "total": len(mine)}
        assert walk(control, table, f"account_sid={sid}&limit=1&order=newest") == mine[::-1]
        assert [control.rows(f"{table}?id={each['id']}&account_sid={sid}") for each in mine] == [
            [each] for each in mine
        ]


def test_rows_of_several_accounts_are_in_the_order_of_their_dates(control: Control, fake: FakeNotify) -> None:
    other = fake.account(OTHER_SID)
    for number in range(6):
        (fake, other)[number % 2].create_service(f"{number}")
        fake.clock.shift(seconds=1)
    assert [each["friendly_name"] for each in control.rows("services")] == list("012345")
    assert [each["friendly_name"] for each in walk(control, "services", "limit=1&order=newest")] == list("543210")


def test_before_reads_the_rows_that_were_added_since(control: Control, fake: FakeNotify) -> None:
    for name in "abc":
        fake.create_service(name)

    def names(query: str) -> tuple[str, Any, Any]:
        answer = control.get(f"services?order=newest&{query}")
        return "".join(each["friendly_name"] for each in answer["services"]), answer["next"], answer["previous"]

    shown, _, newer = names("limit=2")
    assert (shown, names(f"limit=9&before={newer}")[0]) == ("cb", "")
    for name in "defg":
        fake.create_service(name)
    near, back, newer = names(f"limit=3&before={newer}")
    assert (near, names(f"limit=3&before={newer}")[0], names(f"limit=9&after={back}")[0]) == ("fed", "g", "cba")


def test_an_empty_page_has_cursors_too_and_a_limit_of_zero_counts(control: Control, fake: FakeNotify) -> None:
    answer = control.get("services?limit=5&order=newest")
    assert answer == {"services": [], "next": None, "previous": answer["previous"], "dropped": 0}
    fake.create_service("new")
    [found] = control.rows(f"services?limit=5&order=newest&before={answer['previous']}")
    counted = control.get("services?limit=0&count=true")
    assert (found["friendly_name"], counted["services"], counted["total"]) == ("new", [], 1)
    assert control.rows(f"services?limit=9&after={counted['next']}") == [found]


def test_dropped_rows_are_counted_and_do_not_break_paging() -> None:
    fake = FakeNotify(keep_deliveries=3)
    service = fake.create_service(messaging_service_sid=MG_SID)
    control = Control(fake)
    for body in "abc":
        fake.create_notification(service.sid, to_binding=[PHONE], body=body)
    answer = control.get("deliveries?limit=1")
    for body in "de":
        fake.create_notification(service.sid, to_binding=[PHONE], body=body)
    rest = control.get(f"deliveries?after={answer['next']}")
    assert ([each["shown"]["body"] for each in rest["deliveries"]], rest["dropped"]) == (["c", "d", "e"], 2)


@settings(max_examples=30, deadline=None)
@given(
    steps=st.lists(st.tuples(st.sampled_from(["add", "remove", "page"]), st.integers(0, 1), st.integers(0, 9))),
    newest=st.booleans(),
    limit=st.integers(1, 3),
)
def test_added_and_removed_rows_neither_repeat_nor_hide_others(
    steps: list[tuple[str, int, int]], newest: bool, limit: int
) -> None:
    fake = empty()
    accounts = [fake, fake.account(OTHER_SID)]
    control = Control(fake)
    there = {each.create_service().sid for each in accounts for _ in range(4)}
    query = f"limit={limit}&order={'newest' if newest else 'oldest'}"
    cursor: str | None = ""
    seen: list[str] = []

    def page() -> None:
        nonlocal cursor
        if cursor is not None:
            answer = control.get(f"services?{query}{f'&after={cursor}' if cursor else ''}")
            seen.extend(each["sid"] for each in answer["services"])
            cursor = answer["next"]

    for step, account, number in steps:
        services = accounts[account].services
        if step == "add":
            accounts[account].create_service()
        elif step == "page":
            page()
        elif services:
            gone = services[number % len(services)].sid
            accounts[account].client(in_process=True).notify.v1.services(gone).delete()
            there.discard(gone)
    while cursor is not None and len(seen) < 500:
        page()
    assert len(seen) == len(set(seen))
    assert there <= set(seen)


def test_rows_that_are_added_during_a_read_are_left_out(fake: FakeNotify) -> None:
    fake.create_service("before")
    reading = ROUTES["services"]["GET"].run(fake.world, Ask({"limit": 5}))
    fake.create_service("after")
    [row] = json.loads("".join(reading.pieces()))["services"]
    assert row["friendly_name"] == "before"


def many(fake: FakeNotify, number: int, body: str) -> None:
    """Send to many phones at once."""
    service = fake.create_service(messaging_service_sid=MG_SID)
    to_binding = [{"binding_type": "sms", "address": f"+1500555{each:04}"} for each in range(number)]
    fake.create_notification(service.sid, to_binding=to_binding, body=body)


def test_a_long_answer_comes_in_pieces(fake: FakeNotify, control: Control) -> None:
    """A payload of 100 kB for 30 devices is never one text."""
    many(fake, 30, "x" * 100_000)
    chunks, status, headers = run_wsgi_app(fake.wsgi_app, create_environ("/_fake/deliveries", "http://localhost"))
    pieces = list(chunks)
    assert (status, "Content-Length" in headers) == ("200 OK", False)
    assert max(map(len, pieces)) < 600_000
    assert json.loads(b"".join(pieces)) == control.get("deliveries")


def test_reading_a_page_looks_at_few_more_rows_than_it_has(
    fake: FakeNotify, control: Control, monkeypatch: pytest.MonkeyPatch
) -> None:
    many(fake, 2000, "Hi")
    looked_at: list[object] = []
    monkeypatch.setattr(app, "islice", lambda rows, most: looked_at.extend(found := list(islice(rows, most))) or found)
    first = control.get("deliveries?limit=50&order=newest&count=true")
    again = control.get(f"deliveries?limit=50&order=newest&after={first['next']}")
    assert (first["total"], len(again["deliveries"]), len(looked_at) < 400) == (2000, 50, True)
    assert len(control.rows("deliveries?brief=true")) == 2000


def test_a_table_that_was_registered_later_can_be_read() -> None:
    definition: TableDefinition[Alert] = TableDefinition("notes", Alert, "account")
    register(definition)
    try:
        fake = FakeNotify()
        control = Control(fake)
        fake.create_notification(fake.create_service(), tags=["nobody"], body="Hi")
        fake.world.account().notes.append(fake.alerts.last)
        found = {text: [each["code"] for each in control.rows(f"notes?q={text}")] for text in ("no+x", "warn")}
        assert found == {"no+x": [], "warn": [52301]}
        assert "/_fake/notes" in control.get("openapi.json")["paths"]
        assert control.ask("GET", "note").refusal[2][0] == "notes"
    finally:
        unregister(definition)
    assert control.ask("GET", "notes").status == 404


# filters

FOUND = {
    "services": {"q=SHOP": 2, "q=nothing": 0},
    "bindings": {"identity=alice&tag=vip&binding_type=SMS": 2, "q=vip": 2, "address=x": 2},
    "users": {"identity=carol": 1, "segment=gold": 1},
    "segments": {"segment=gold": 1, "q=gol": 1},
    "credentials": {"type=FCM": 1, "type=apn": 0},
    "notifications": {
        "identity=alice": 3,
        "tag=vip": 1,
        "segment=gold": 0,
        "status=sent": 3,
        "status=failed": 2,
        "status=nobody": 0,
        "code=52004": 2,
        "binding_type=apn": 2,
        "q=parcel": 2,
        "q=ALICE": 3,
    },
    "deliveries": {
        "identity=alice": 3,
        "status=failed": 2,
        "code=52004": 2,
        "tag=vip": 3,
        "q=your+PARCEL": 2,
        "q=15005550006&status=SENT": 3,
    },
    "alerts": {"code=52004&level=error": 2, "status=warning": 0, "identity=alice": 0},
    "callbacks": {"status=pending": 5, "identity=alice": 3, "q=127.0.0.1": 5},
    "requests": {
        "operation=notifications.*": 1,
        "status=404": 1,
        "status=4xx": 1,
        "status=failed": 1,
        "status=ok": 2,
        "status=none": 0,
        "method=post&tag=vip": 1,
        "identity=alice": 0,
        "warned=true": 2,
        "rule=errors.NotFound": 1,
        "q=for+vips": 1,
    },
}
"""Queries of tables, and how many rows they find."""


def test_filters_find_rows(control: Control, lively: Service) -> None:
    answers = {
        table: {query: control.get(f"{table}?{query}&count=true") for query in queries}
        for table, queries in FOUND.items()
    }
    assert {
        table: {query: len(answer[table]) for query, answer in found.items()} for table, found in answers.items()
    } == FOUND
    assert {
        table: {query: answer["total"] for query, answer in found.items()} for table, found in answers.items()
    } == FOUND


def test_a_request_without_an_answer_has_failed(control: Control, fake: FakeNotify) -> None:
    fake.fail("services.*", Fault.empty_reply())
    with pytest.raises(OSError, match="empty_reply"):
        fake.client(in_process=True).notify.v1.services.list()
    assert [len(control.rows(f"requests?status={each}")) for each in ("none", "failed", "ok", "4xx")] == [1, 1, 0, 0]


# search

SEARCHES: dict[str, dict[str, int | None]] = {
    "alice": {"notifications": 2, "deliveries": 2, "bindings": 1, "services": 0, "requests": 0},
    "identity:alice": {"notifications": 2, "bindings": 1, "services": None, "credentials": None},
    "status:failed": {"notifications": 1, "deliveries": 1, "requests": 1, "bindings": None},
    "code:52144": {"notifications": 0, "requests": 0, "bindings": None},
    "tag:vip status:sent": {"notifications": 1, "deliveries": 2, "bindings": None},
    "type:apn": {"notifications": 1, "deliveries": 1, "bindings": 1, "credentials": 0, "requests": None},
    "operation:notifications.* tag:vip": {"requests": 1, "notifications": None},
    '"For VIPs" tag:"vip"': {"notifications": 1, "deliveries": 1},
    "parcel your": {"notifications": 0},
    "no:field": {"notifications": 0, "services": 0},
}
"""Searches, and how many rows of a table they find; None where the table lacks a field."""


def test_a_search_has_words_and_fields_and_is_counted_in_every_table(control: Control, lively: Service) -> None:
    query = {search: urlencode({"search": search, "account_sid": control.fake.account_sid}) for search in SEARCHES}

    def found(table: str, search: str) -> int | None:
        reply = control.ask("GET", f"{table}?{query[search]}")
        return None if reply.status == 400 else len(reply.json[table])

    totals = {search: control.get(f"totals?{query[search]}") for search in SEARCHES}
    assert {search: {each: found(each, search) for each in counts} for search, counts in SEARCHES.items()} == SEARCHES
    assert {search: {each: totals[search][each] for each in counts} for search, counts in SEARCHES.items()} == SEARCHES


def test_totals_count_the_active_faults_and_the_outcomes_of_an_account(control: Control, fake: FakeNotify) -> None:
    fake.fail("bindings.*", status=503, optional=True)
    fake.account(OTHER_SID).fail("bindings.*", status=503, optional=True)
    fake.fail_delivery(52144, identity="alice")
    for account, counted in (("", (2, 1)), (fake.account_sid, (1, 1)), (OTHER_SID, (2, 0))):
        totals = control.get(f"totals?account_sid={account}" if account else "totals")
        assert (totals["faults"], totals["outcomes"]) == counted


# what rows show


def test_services_users_and_segments_show_what_is_in_them(control: Control, lively: Service) -> None:
    counts = {"bindings": 2, "users": 3, "segments": 1, "notifications": 3}
    [carol] = control.rows("users?identity=carol")
    assert control.rows(f"services?sid={lively.sid}")[0]["counts"] == counts
    assert (carol["bindings"], carol["service_name"]) == (0, "shop")
    assert control.rows("segments")[0]["users"] == 1
    assert control.rows("bindings")[0]["service_name"] == "shop"


def test_a_notification_shows_its_audience_and_results(control: Control, fake: FakeNotify) -> None:
    service = fake.create_service("shop", messaging_service_sid=MG_SID)
    for identity, binding_type, address in (("al", "sms", "+15005550006"), ("bo", "apn", "x"), ("cy", "fcm", "y")):
        fake.create_binding(service.sid, identity=identity, binding_type=binding_type, address=address)
    fake.create_notification(service.sid, identities=["al", "bo"], title="Hi", body="You", sms={"body": "You there"})
    fake.create_notification(service.sid, tags=["nobody"], body="Hello")
    fake.create_notification(service.sid, to_binding=[{"binding_type": "apn", "address": "z"}], body="Hello")
    by_sms = {"binding_type": "sms", "sent": 1, "failed": 0}
    by_apn = {"binding_type": "apn", "sent": 0, "failed": 1}
    expected: list[tuple[str, str | None, str, list[int], list[Any], int]] = [
        ("al and bo", "Hi", "You there", [1, 1, 1], [by_sms, by_apn], 52004),
        ("tag nobody", None, "Hello", [0, 0, 3], [], 52301),
        ("1 address", None, "Hello", [0, 1, 0], [by_apn], 52004),
    ]
    names = ("whom", "shown", "counts", "channels", "codes", "service_name")
    assert [tuple(row[name] for name in names) for row in control.rows("notifications")] == [
        (
            whom,
            {"title": title, "body": body},
            dict(zip(("sent", "failed", "skipped"), counts, strict=True)),
            channels,
            [{"code": code, "count": 1, "title": CODES[code].title}],
            "shop",
        )
        for whom, title, body, counts, channels, code in expected
    ]


def test_the_audience_of_a_notification_is_in_words(control: Control, fake: FakeNotify) -> None:
    audiences: list[tuple[dict[str, Any], str]] = [
        ({"identities": ["a"]}, "a"),
        ({"identities": ["a", "b", "c"]}, "a, b and c"),
        ({"identities": ["a", "b", "c", "d", "e"]}, "a, b and 3 more"),
        ({"tags": ["all"]}, "everybody"),
        ({"identities": ["a"], "tags": ["vip"]}, "a with tag vip"),
        ({"tags": ["vip"], "segments": ["gold"]}, "tag vip and segment gold"),
        ({"to_binding": [PHONE] * 3}, "3 addresses"),
    ]
    service = fake.create_service()
    for selectors, _ in audiences:
        fake.create_notification(service.sid, body="Hi", **selectors)
    shown = [each["whom"] for each in control.rows("notifications")]
    assert shown == [whom for _, whom in audiences]


def test_a_delivery_shows_what_a_person_sees_and_what_the_app_gets(control: Control, fake: FakeNotify) -> None:
    nothing = {"title": None, "body": None, "data_message": False, "media": []}
    by_app = {**nothing, "data_message": True}
    picture = "https://example.com/a.png"
    seen: list[tuple[str, dict[str, Any], dict[str, Any], Any]] = [
        ("fcm", {"body": "Hi"}, {**by_app, "body": "Hi"}, {"twi_body": "Hi"}),
        ("fcm", {"fcm": {"message": {"notification": {"title": "T"}}}}, {**nothing, "title": "T"}, None),
        ("fcm", {"fcm": {"message": "none"}}, by_app, None),
        ("gcm", {"data": {"a": "1"}}, by_app, {"a": "1"}),
        ("apn", {"title": "T", "body": "Hi"}, {**nothing, "title": "T", "body": "Hi"}, None),
        ("apn", {"data": {"a": 1}}, by_app, {"a": 1}),
        ("apn", {"apn": {"aps": {"content-available": 1}, "data": 1}}, by_app, {"data": 1}),
        ("sms", {"body": "Hi", "sms": {"media_urls": [picture]}}, {**nothing, "body": "Hi", "media": [picture]}, None),
    ]
    service = fake.create_service("shop", messaging_service_sid=MG_SID)
    for binding_type, content, *_ in seen:
        fake.create_notification(service.sid, to_binding=[{**PHONE, "binding_type": binding_type}], **content)
    rows = control.rows("deliveries")
    assert [(each["shown"], each["data"]) for each in rows] == [(shown, data) for _, _, shown, data in seen]
    assert [each["error_title"] is None for each in rows] == [each["status"] == "SENT" for each in rows]
    assert {each["service_name"] for each in rows} == {"shop"}


def test_a_delivery_shows_the_request_to_its_provider_and_its_credential(control: Control, fake: FakeNotify) -> None:
    credential = fake.create_credential("fcm", friendly_name="Google")
    service = fake.create_service(messaging_service_sid=MG_SID, fcm_credential_sid=credential.sid)
    to_binding = [PHONE, {"binding_type": "fcm", "address": "x"}]
    fake.create_notification(service.sid, to_binding=to_binding, body="Hi")
    by_phone, by_push = control.rows("deliveries")
    assert by_phone["request"] == {
        "method": "POST",
        "url": f"https://api.twilio.com/2010-04-01/Accounts/{fake.account_sid}/Messages.json",
        "headers": {"Content-Type": "application/x-www-form-urlencoded"},
        "body": by_phone["payload"],
        "body_type": "form",
    }
    assert (by_phone["credential_name"], by_push["credential_name"]) == (None, "Google")
    head, _, form = by_phone["http"].partition("\n\n")
    assert head == f"POST {by_phone['request']['url']}\nContent-Type: application/x-www-form-urlencoded"
    assert form == urlencode(by_phone["payload"], doseq=True)
    assert json.loads(by_push["http"].partition("\n\n")[2]) == by_push["payload"]


def test_a_callback_shows_its_form(control: Control, lively: Service) -> None:
    row = control.rows("callbacks")[0]
    assert (row["count"], row["notification"]) == (1, {"title": None, "body": "Your parcel"})
    assert row["params"]["NotificationSid"] == [row["notification_sid"]]
    assert row["states"][0]["identity"] == "alice"


def test_a_request_shows_its_audience_and_the_rule_that_refused_it(control: Control, lively: Service) -> None:
    client = control.fake.client(in_process=True).notify.v1.services(lively.sid)
    client.bindings.create(identity="dave", binding_type="apn", address="y")
    sent, refused, _, bound = control.rows("requests")
    made = control.rows(f"requests?sid={sent['sid']}")
    assert (made, sent["whom"], sent["identity"], sent["rule"]) == ([sent], "tag vip", None, None)
    assert (refused["whom"], refused["rule"], refused["label"], refused["decision"]) == (
        *(None, "errors.NotFound", "observed", None),
    )
    assert (bound["whom"], bound["identity"]) == ("dave", "dave")
    assert (sent["sure"], refused["sure"]) == (None, "observed: it was seen on the real service")


def test_a_request_can_be_made_again_with_curl(control: Control, lively: Service) -> None:
    service = control.fake.client(in_process=True).notify.v1.services(lively.sid)
    service.bindings.list(identity=["o'hara", "bob"])
    made, strange, _, listed = (each["curl"].split(" \\\n  ") for each in control.rows("requests"))
    url, user = f"http://localhost/v1/Services/{lively.sid}", f'-u "{control.fake.account_sid}:$TWILIO_AUTH_TOKEN"'
    named = [f"--data-urlencode {each}" for each in ("'Body=For VIPs'", "Tag=vip")]
    assert made == [f"curl -X POST {url}/Notifications", user, *named]
    assert strange == ["curl -G -X GET http://localhost/v1/Nothing", user]
    assert listed[2:4] == ["""--data-urlencode 'Identity=o'"'"'hara'""", "--data-urlencode Identity=bob"]


@pytest.mark.parametrize(
    ("method", "path", "line"),
    [
        ("HEAD", "/v1/Services", "curl -G --head http://localhost/v1/Services"),
        ("`id`", "/v1/Services", "curl -X '`id`' http://localhost/v1/Services"),
        ("GET", "/v1/{a,b}[1-9]", "curl -g -G -X GET 'http://localhost/v1/{a,b}[1-9]'"),
    ],
)
def test_a_command_with_curl_does_what_was_done_and_nothing_else(
    control: Control, method: str, path: str, line: str
) -> None:
    control.fake.world.handle(Call(method, path))
    assert control.rows("requests")[-1]["curl"].split(" \\\n")[0] == line


def test_alerts_are_grouped_by_code(control: Control, lively: Service) -> None:
    last = control.fake.create_notification(lively.sid, tags=["nobody"], body="Hi")
    groups = control.get("alerts?group=code")["groups"]
    assert [(each["code"], each["count"], each["level"]) for each in groups] == [
        (52004, 2, "ERROR"),
        (52301, 1, "WARNING"),
    ]
    assert groups[1]["notification_sid"] == last.sid
    assert len(control.get("alerts?group=code&code=52004")["groups"]) == 1


def test_rows_of_a_deleted_service_are_still_shown(control: Control, lively: Service) -> None:
    control.fake.client(in_process=True).notify.v1.services(lively.sid).delete()
    query = f"?account_sid={control.fake.account_sid}"
    assert {each["service_name"] for each in control.rows(f"deliveries{query}")} == {None}
    assert control.rows(f"deliveries{query}&tag=vip") == []
    assert control.rows(f"callbacks{query}")[0]["notification"] == {"title": None, "body": None}


# explanations


def test_a_notification_is_explained(control: Control, fake: FakeNotify, lively: Service) -> None:
    sent, direct = fake.account(OTHER_SID).notifications
    explanation = fake.account(OTHER_SID).explain(sent.sid)
    state = control.get("state")["accounts"][OTHER_SID]
    alice, bob = state["services"][0]["bindings"]
    answer = control.get(f"explain/{sent.sid}")
    assert answer == {
        "notification": state["services"][0]["notifications"][0],
        "selected": [{"binding": alice, "reason": explanation.selected[0].reason, "delivery": state["deliveries"][0]}],
        "skipped": [{"binding": bob, "reason": explanation.skipped[0].reason, "delivery": None}],
        "text": str(explanation),
        "counts": {"selected": 1, "sent": 1, "failed": 0, "skipped": 1},
        "reasons": [{"reason": "identity is not among Identity=[alice]", "count": 1, "identities": ["bob"]}],
    }
    assert control.get(f"explain/{sent.sid}?account_sid={OTHER_SID}") == answer
    short = f"{sent.sid} (Identity=[alice]) selected 1 and skipped 1"
    assert control.get(f"explain/{sent.sid}?limit=0") == {**answer, "selected": [], "skipped": [], "text": short}
    assert control.get(f"explain/{direct.sid}")["selected"][0]["binding"] is None


def test_an_unknown_notification_names_the_nearest(control: Control, fake: FakeNotify, lively: Service) -> None:
    sid = fake.account(OTHER_SID).notifications[0].sid
    typo = sid[:-2] + "zz"
    status, error, nearest = control.ask("GET", f"explain/{typo}").refusal
    expected = f"there is no notification {typo!r}; did you mean {' or '.join(nearest)}?"
    assert (status, error, sid in nearest) == (404, expected, True)
    fake.reset()
    error = "there is no notification 'NT1'; none was created"
    assert control.ask("GET", "explain/NT1").refusal == (404, error, [])
