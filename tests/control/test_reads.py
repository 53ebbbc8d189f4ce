"""Reading the tables: orders, pages, cursors, filters, counts, and what each row tells."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from control_client import Control
from hypothesis import given, settings
from hypothesis import strategies as st

from fakenotify import FakeNotify
from fakenotify.clients.in_process import call
from fakenotify.control.app import ROUTES
from fakenotify.control.tables import Source

OTHER_SID = "AC" + "b" * 32
MG_SID = "MG" + "a" * 32
TABLES = (
    *("services", "bindings", "credentials", "users", "segments", "notifications", "deliveries", "alerts"),
    *("callbacks", "requests"),
)


@pytest.fixture
def lively(fake: FakeNotify, sent: Any) -> Any:
    """The default account's Service; there is something in every table."""
    service = fake.services[0]
    fake.create_user(service.sid, identity="carol", segments=["gold"])
    fake.create_credential("fcm", friendly_name="Google")
    client = fake.client(in_process=True)
    client.notify.v1.services(service.sid).notifications.create(tag=["vip"], body="For VIPs")
    client.http_client.request("GET", "https://notify.twilio.com/v1/Nothing", auth=client.auth)
    return service


def walk(control: Control, path: str, query: str) -> list[Any]:
    """All rows of a table, page after page."""
    rows: list[Any] = []
    cursor: str | None = ""
    while cursor is not None:
        after = f"&after={cursor}" if cursor else ""
        answer = control.get(f"{path}?{query}{after}")
        rows += answer[path]
        cursor = answer["next"]
    return rows


# order and pages


@pytest.mark.parametrize("table", TABLES)
def test_a_table_is_the_same_whole_and_in_pages_and_in_either_order(control: Control, lively: Any, table: str) -> None:
    answer = control.get(table)
    rows = answer[table]
    assert (list(answer), answer["dropped"], len(rows) > 0) == ([table, "dropped"], 0, True)
    for limit in (1, 2, 1000):
        assert walk(control, table, f"limit={limit}") == rows
        assert walk(control, table, f"limit={limit}&order=newest") == rows[::-1]
    assert control.get(f"{table}?order=newest&count=true") == {**answer, table: rows[::-1], "total": len(rows)}
    keys = [(each["account_sid"], each["id"]) for each in rows]
    assert len(set(keys)) == len(keys)
    assert [control.get(f"{table}?id={number}&account_sid={sid}")[table] for sid, number in keys if sid] == [
        [each] for each in rows if each["account_sid"]
    ]


@pytest.mark.parametrize("table", TABLES)
def test_a_table_can_be_narrowed_to_an_account(control: Control, fake: FakeNotify, lively: Any, table: str) -> None:
    rows = control.get(table)[table]
    for account_sid in (fake.account_sid, OTHER_SID):
        mine = [each for each in rows if each["account_sid"] == account_sid]
        query = f"account_sid={account_sid}"
        assert control.get(f"{table}?{query}&count=true") == {table: mine, "dropped": 0, "total": len(mine)}
        assert walk(control, table, f"{query}&limit=1&order=newest") == mine[::-1]


def test_rows_of_several_accounts_are_in_the_order_of_their_dates(control: Control, fake: FakeNotify) -> None:
    other = fake.account(OTHER_SID)
    for number in range(6):
        (fake, other)[number % 2].create_service(f"{number}")
        fake.clock.shift(seconds=1)
    assert [each["friendly_name"] for each in control.get("services")["services"]] == list("012345")
    assert [each["friendly_name"] for each in walk(control, "services", "limit=1&order=newest")] == list("543210")


def test_rows_in_front_of_a_page_are_those_that_came_since(control: Control, fake: FakeNotify) -> None:
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


def test_without_rows_there_are_cursors_all_the_same(control: Control, fake: FakeNotify) -> None:
    answer = control.get("services?limit=5&order=newest")
    assert answer == {"services": [], "next": None, "previous": answer["previous"], "dropped": 0}
    fake.create_service("new")
    [found] = control.get(f"services?limit=5&order=newest&before={answer['previous']}")["services"]
    assert found["friendly_name"] == "new"


def test_a_limit_of_none_counts(control: Control, lively: Any) -> None:
    answer = control.get("bindings?limit=0&count=true&identity=alice")
    assert (answer["bindings"], answer["total"]) == ([], 2)
    assert len(control.get(f"bindings?limit=9&after={answer['next']}")["bindings"]) == 4


def test_old_rows_that_are_dropped_are_counted_and_break_no_walk() -> None:
    fake = FakeNotify(keep_deliveries=3)
    service = fake.create_service(messaging_service_sid=MG_SID)
    control = Control(fake)

    def send(body: str) -> None:
        fake.create_notification(service.sid, to_binding=[{"binding_type": "sms", "address": "+1500"}], body=body)

    for body in "abc":
        send(body)
    answer = control.get("deliveries?limit=1")
    for body in "de":
        send(body)
    rest = control.get(f"deliveries?after={answer['next']}")
    assert ([each["shown"]["body"] for each in rest["deliveries"]], rest["dropped"]) == (["c", "d", "e"], 2)


@settings(max_examples=60, deadline=None)
@given(
    steps=st.lists(st.tuples(st.sampled_from(["add", "remove", "page"]), st.integers(0, 1), st.integers(0, 9))),
    newest=st.booleans(),
    limit=st.integers(1, 3),
)
def test_rows_that_come_or_go_neither_repeat_nor_hide_others(
    steps: list[tuple[str, int, int]], newest: bool, limit: int
) -> None:
    fake = FakeNotify()
    accounts = [fake, fake.account(OTHER_SID, "x")]
    control = Control(fake)
    for each in accounts:
        for _ in range(4):
            each.create_service()
    there = {each.sid for account in accounts for each in account.services}
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
    while cursor is not None:
        page()
    assert len(seen) == len(set(seen))
    assert there <= set(seen)


def test_a_long_answer_comes_in_pieces(fake: FakeNotify, control: Control) -> None:
    """A payload of 100 kB for 100 devices is never one text."""
    service = fake.create_service(messaging_service_sid=MG_SID)
    to_binding = [{"binding_type": "sms", "address": f"+1500555{number:04}"} for number in range(100)]
    fake.create_notification(service.sid, to_binding=to_binding, body="x" * 100_000)
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/_fake/deliveries",
        "HTTP_HOST": "localhost",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "wsgi.url_scheme": "http",
    }
    started: list[Any] = []
    pieces = list(fake.wsgi_app(environ, lambda status, headers: started.append((status, dict(headers)))))
    assert (started[0][0], "Content-Length" in started[0][1]) == ("200 OK", False)
    assert max(map(len, pieces)) < 600_000
    assert json.loads(b"".join(pieces)) == control.get("deliveries")


def test_a_page_costs_the_page(fake: FakeNotify, control: Control, monkeypatch: pytest.MonkeyPatch) -> None:
    service = fake.create_service(messaging_service_sid=MG_SID)
    to_binding = [{"binding_type": "sms", "address": f"+1500555{number:04}"} for number in range(5000)]
    for _ in range(2):
        fake.create_notification(service.sid, to_binding=to_binding, body="Hi")
    looked_at = 0
    batch = Source._batch

    def counted(source: Source, *arguments: Any, **names: Any) -> Any:
        nonlocal looked_at
        rows = batch(source, *arguments, **names)
        looked_at += len(rows)
        return rows

    monkeypatch.setattr(Source, "_batch", counted)
    first = control.get("deliveries?limit=50&order=newest&count=true")
    again = control.get(f"deliveries?limit=50&order=newest&after={first['next']}")
    assert (first["total"], len(again["deliveries"]), looked_at < 400) == (10_000, 50, True)


@pytest.mark.parametrize(
    ("query", "error", "nearest"),
    [
        ("limit=-1", "limit is a whole number from 0, not '-1'", []),
        ("limit=x", "limit is a whole number from 0, not 'x'", []),
        ("limit=1e3", "limit is a whole number from 0, not '1e3'", []),
        ("order=new", "order is oldest or newest, not 'new'", ["oldest", "newest"]),
        ("after=0&before=0", "before and after exclude each other", ["before", "after"]),
        ("after=x", "'x' is not a cursor; take what an answer has as next or previous", []),
        ("count=yes", "count is true or false, not 'yes'", ["true", "false"]),
        ("code=x", "code is a number such as 52001, not 'x'", []),
    ],
)
def test_a_part_that_cannot_be_is_refused(control: Control, query: str, error: str, nearest: list[str]) -> None:
    assert control.ask("GET", f"deliveries?{query}").refusal == (400, error, nearest)


# filters


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("services?q=SHOP", 2),
        ("services?q=nothing", 0),
        ("bindings?identity=alice&tag=vip&binding_type=SMS", 2),
        ("bindings?q=vip", 2),
        ("bindings?address=x", 2),
        ("users?identity=carol", 1),
        ("users?segment=gold", 1),
        ("segments?segment=gold", 1),
        ("segments?q=gol", 1),
        ("credentials?type=FCM", 1),
        ("credentials?type=apn", 0),
        ("notifications?identity=alice", 3),
        ("notifications?tag=vip", 1),
        ("notifications?segment=gold", 0),
        ("notifications?status=sent", 3),
        ("notifications?status=failed", 2),
        ("notifications?status=nobody", 0),
        ("notifications?code=52004", 2),
        ("notifications?binding_type=apn", 2),
        ("notifications?q=parcel", 2),
        ("notifications?q=ALICE", 3),
        ("deliveries?identity=alice", 3),
        ("deliveries?status=failed", 2),
        ("deliveries?code=52004", 2),
        ("deliveries?tag=vip", 3),
        ("deliveries?q=your+PARCEL", 2),
        ("deliveries?q=15005550006&status=SENT", 3),
        ("alerts?code=52004&level=error", 2),
        ("alerts?status=warning", 0),
        ("alerts?identity=alice", 0),
        ("callbacks?status=pending", 5),
        ("callbacks?identity=alice", 3),
        ("callbacks?q=127.0.0.1", 5),
        ("requests?operation=notifications.*", 1),
        ("requests?status=404", 1),
        ("requests?status=4xx", 1),
        ("requests?status=failed", 1),
        ("requests?status=ok", 1),
        ("requests?status=none", 0),
        ("requests?method=post&tag=vip", 1),
        ("requests?identity=alice", 0),
        ("requests?warned=true", 1),
        ("requests?rule=errors.NotFound", 1),
        ("requests?q=for+vips", 1),
    ],
)
def test_rows_are_found_by_what_they_are(control: Control, lively: Any, query: str, count: int) -> None:
    table = query.partition("?")[0]
    answer = control.get(f"{query}&count=true")
    assert (len(answer[table]), answer["total"]) == (count, count)


def test_every_table_with_sids_is_found_by_them(control: Control, lively: Any) -> None:
    for table in TABLES:
        if "sid" in ROUTES[table]["GET"].query:
            row = next(each for each in control.get(table)[table] if each["sid"])
            assert row in control.get(f"{table}?sid={row['sid']}")[table]


@pytest.mark.parametrize("query", ["requests?status=x", "requests?warned=x", "alerts?group=x"])
def test_a_filter_that_cannot_be_is_refused(control: Control, query: str) -> None:
    assert control.ask("GET", query).status == 400


# what rows tell


def test_services_users_and_segments_tell_what_is_in_them(control: Control, lively: Any) -> None:
    counts = {"bindings": 2, "users": 3, "segments": 1, "notifications": 3}
    [carol] = control.get("users?identity=carol")["users"]
    assert control.get(f"services?sid={lively.sid}")["services"][0]["counts"] == counts
    assert (carol["bindings"], carol["service_name"]) == (0, "shop")
    assert control.get("segments")["segments"][0]["users"] == 1
    assert control.get("bindings")["bindings"][0]["service_name"] == "shop"


def test_a_notification_tells_whom_it_was_for_and_what_became_of_it(control: Control, fake: FakeNotify) -> None:
    service = fake.create_service("shop", messaging_service_sid=MG_SID)
    for identity, binding_type, address in (("al", "sms", "+15005550006"), ("bo", "apn", "x"), ("cy", "fcm", "y")):
        fake.create_binding(
            service.sid, identity=identity, binding_type=binding_type, address=address, tags=[f"of {identity}"]
        )
    fake.create_notification(service.sid, identities=["al", "bo"], title="Hi", body="You", sms={"body": "You there"})
    fake.create_notification(service.sid, tags=["nobody"], body="Hello")
    fake.create_notification(service.sid, to_binding=[{"binding_type": "apn", "address": "z"}], body="Hello")
    names = ("whom", "shown", "counts", "channels", "codes", "service_name")
    rows = [{name: row[name] for name in names} for row in control.get("notifications")["notifications"]]
    missing = {"code": 52004, "count": 1, "title": rows[0]["codes"][0]["title"]}
    nobody = {"code": 52301, "count": 1, "title": rows[1]["codes"][0]["title"]}
    assert rows == [
        {
            "whom": "al and bo",
            "shown": {"title": "Hi", "body": "You there"},
            "counts": {"sent": 1, "failed": 1, "skipped": 1},
            "channels": [
                {"binding_type": "sms", "sent": 1, "failed": 0},
                {"binding_type": "apn", "sent": 0, "failed": 1},
            ],
            "codes": [missing],
            "service_name": "shop",
        },
        {
            "whom": "tag nobody",
            "shown": {"title": None, "body": "Hello"},
            "counts": {"sent": 0, "failed": 0, "skipped": 3},
            "channels": [],
            "codes": [nobody],
            "service_name": "shop",
        },
        {
            "whom": "1 address",
            "shown": {"title": None, "body": "Hello"},
            "counts": {"sent": 0, "failed": 1, "skipped": 0},
            "channels": [{"binding_type": "apn", "sent": 0, "failed": 1}],
            "codes": [missing],
            "service_name": "shop",
        },
    ]


@pytest.mark.parametrize(
    ("selectors", "whom"),
    [
        ({"identities": ["a"]}, "a"),
        ({"identities": ["a", "b", "c"]}, "a, b and c"),
        ({"identities": ["a", "b", "c", "d", "e"]}, "a, b and 3 more"),
        ({"tags": ["all"]}, "everybody"),
        ({"identities": ["a"], "tags": ["vip"]}, "a with tag vip"),
        ({"tags": ["vip"], "segments": ["gold"]}, "tag vip and segment gold"),
        ({"to_binding": [{"binding_type": "sms", "address": "+1500"}] * 3}, "3 addresses"),
    ],
)
def test_whom_a_notification_is_for_is_said_in_words(
    control: Control, fake: FakeNotify, selectors: Any, whom: str
) -> None:
    fake.create_notification(fake.create_service().sid, body="Hi", **selectors)
    assert control.get("notifications")["notifications"][0]["whom"] == whom


@pytest.mark.parametrize(
    ("binding_type", "given", "shown"),
    [
        ("fcm", {"body": "Hi"}, {"title": None, "body": "Hi", "data_message": True, "media": []}),
        (
            "fcm",
            {"fcm": {"message": {"notification": {"title": "T"}}}},
            {"title": "T", "body": None, "data_message": False, "media": []},
        ),
        ("apn", {"title": "T", "body": "Hi"}, {"title": "T", "body": "Hi", "data_message": False, "media": []}),
        ("apn", {"data": {"a": 1}}, {"title": None, "body": None, "data_message": True, "media": []}),
        (
            "sms",
            {"body": "Hi", "sms": {"media_urls": ["https://example.com/a.png"]}},
            {"title": None, "body": "Hi", "data_message": False, "media": ["https://example.com/a.png"]},
        ),
    ],
)
def test_a_delivery_tells_what_a_person_sees(
    control: Control, fake: FakeNotify, binding_type: str, given: Any, shown: Any
) -> None:
    service = fake.create_service("shop", messaging_service_sid=MG_SID)
    fake.create_notification(
        service.sid, to_binding=[{"binding_type": binding_type, "address": "+15005550006"}], **given
    )
    [row] = control.get("deliveries")["deliveries"]
    assert (row["shown"], row["service_name"]) == (shown, "shop")
    assert (row["request"]["method"], row["request"]["body"]) == ("POST", row["payload"])
    assert row["error_title"] is None if row["status"] == "SENT" else row["error_title"]


def test_a_delivery_is_shown_as_the_request_to_its_provider(control: Control, lively: Any) -> None:
    row = control.get("deliveries")["deliveries"][0]

    assert row["request"] == {
        "method": "POST",
        "url": f"https://api.twilio.com/2010-04-01/Accounts/{row['account_sid']}/Messages.json",
        "headers": {"Content-Type": "application/x-www-form-urlencoded"},
        "body": row["payload"],
        "body_type": "form",
    }


def test_what_may_be_large_can_be_left_out(control: Control, lively: Any) -> None:
    heavy = {"payload", "headers", "request"}
    whole, brief = (control.get(f"deliveries{query}")["deliveries"][0] for query in ("", "?brief=true"))
    assert brief == {name: value for name, value in whole.items() if name not in heavy}
    assert "body" not in control.get("callbacks?brief=true")["callbacks"][0]


def test_a_callback_tells_its_form(control: Control, lively: Any) -> None:
    row = control.get("callbacks")["callbacks"][0]
    assert (row["count"], row["notification"]) == (1, {"title": None, "body": "Your parcel"})
    assert row["params"]["NotificationSid"] == [row["notification_sid"]]
    assert row["states"][0]["identity"] == "alice"


def test_a_request_tells_whom_it_was_about_and_the_rule_that_refused_it(control: Control, lively: Any) -> None:
    sent, refused = control.get("requests")["requests"]
    made = control.get(f"requests?sid={sent['sid']}")["requests"]
    assert (made, sent["whom"], sent["identity"], sent["rule"]) == ([sent], "tag vip", None, None)
    assert (refused["rule"], refused["label"], refused["decision"]) == ("errors.NotFound", refused["label"], None)


def test_alerts_are_grouped_by_code(control: Control, lively: Any, fake: FakeNotify) -> None:
    fake.create_notification(lively.sid, tags=["nobody"], body="Hi")
    answer = control.get("alerts?group=code")
    assert [(each["code"], each["count"], each["level"]) for each in answer["groups"]] == [
        (52004, 2, "ERROR"),
        (52301, 1, "WARNING"),
    ]
    assert answer["groups"][1]["notification_sid"] == fake.notifications.last.sid
    assert len(control.get("alerts?group=code&code=52004")["groups"]) == 1


# explanations


def test_a_notification_is_explained(control: Control, fake: FakeNotify, sent: Any) -> None:
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
    short = control.get(f"explain/{sent.sid}?limit=0")
    assert short == {**answer, "selected": [], "skipped": [], "text": short["text"]}


def test_what_belonged_to_a_deleted_service_is_told_all_the_same(control: Control, fake: FakeNotify, sent: Any) -> None:
    fake.client(in_process=True).notify.v1.services(fake.services[0].sid).delete()
    query = f"?account_sid={fake.account_sid}"
    assert [each["service_name"] for each in control.get(f"deliveries{query}")["deliveries"]] == [None, None]
    assert control.get(f"deliveries{query}&tag=vip")["deliveries"] == []
    assert control.get(f"callbacks{query}")["callbacks"][0]["notification"] == {"title": None, "body": None}


def test_a_direct_notification_has_no_binding_to_show(control: Control, fake: FakeNotify, sent: Any) -> None:
    assert control.get(f"explain/{fake.notifications.last.sid}")["selected"][0]["binding"] is None


def test_an_unknown_notification_names_the_nearest(control: Control, fake: FakeNotify, sent: Any) -> None:
    typo = sent.sid[:-2] + "zz"
    status, error, nearest = control.ask("GET", f"explain/{typo}").refusal
    told = f"there is no notification {typo!r}; did you mean {' or '.join(nearest)}?"
    assert (status, error, sent.sid in nearest) == (404, told, True)
    fake.reset()
    told = "there is no notification 'NT1'; none was created"
    assert control.ask("GET", "explain/NT1").refusal == (404, told, [])
    assert [control.ask("GET", path).status for path in ("explain/", "explain")] == [404, 404]


def test_another_wsgi_server_is_served_too(fake: FakeNotify) -> None:
    reply = call(fake.wsgi_app, "GET", "http://localhost/_fake/bindings", {}, b"")
    assert (reply.status, json.loads(reply.body)) == (200, {"bindings": [], "dropped": 0})


# search

SEARCHES = {
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


@pytest.mark.parametrize(("search", "counts"), SEARCHES.items())
def test_a_search_names_words_and_fields_and_is_counted_in_every_table(
    control: Control, lively: Any, fake: FakeNotify, search: str, counts: dict[str, int | None]
) -> None:
    totals = control.get(f"totals?{urlencode({'search': search, 'account_sid': fake.account_sid})}")

    assert {table: totals[table] for table in counts} == counts
    for table, count in counts.items():
        found = control.ask("GET", f"{table}?{urlencode({'search': search, 'account_sid': fake.account_sid})}")
        assert (found.status, len(found.json.get(table, ()))) == ((400, 0) if count is None else (200, count))


def test_a_search_for_a_field_that_a_table_has_not_says_which_it_has(control: Control) -> None:
    assert control.ask("GET", "credentials?search=alice+identity:bob").refusal == (
        400,
        "credentials have no identity; their fields are type",
        ["type"],
    )


def test_totals_count_the_active_faults_and_the_outcomes_of_an_account(control: Control, fake: FakeNotify) -> None:
    fake.fail("bindings.*", status=503, optional=True)
    fake.account(OTHER_SID).fail("bindings.*", status=503, optional=True)
    fake.fail_delivery(52144, identity="alice")

    counted = {
        sid: (totals["faults"], totals["outcomes"])
        for sid in (None, fake.account_sid, OTHER_SID)
        if (totals := control.get("totals" if sid is None else f"totals?account_sid={sid}"))
    }

    assert counted == {None: (2, 1), fake.account_sid: (1, 1), OTHER_SID: (2, 0)}
