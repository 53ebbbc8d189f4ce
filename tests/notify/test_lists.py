"""Lists and their pages, over the wire; the laws of pages are in ``tests/core/test_paging.py``."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from twilio.base.exceptions import TwilioException

from fakenotify import Behaviour

NOW = "2021-01-24T01:56:08Z"
SERVICE_SID = "IS" + "a" * 32
PATH = f"/v1/Services/{SERVICE_SID}/Bindings"

pytestmark = pytest.mark.fake_notify(frozen=NOW)


def invalid(name: str) -> tuple[int, int, str]:
    return 400, 20001, f"Parameter '{name}' is invalid"


def addresses(answer: Any) -> list[str]:
    return [row["address"] for row in answer.json["bindings"]]


def numbers(first: int, last: int) -> list[str]:
    """The addresses of a page, oldest first."""
    return [str(at) for at in range(first, last + 1)]


def token_of(url: str) -> str:
    return parse_qs(urlsplit(url).query)["PageToken"][0]


@pytest.fixture
def add(fake_notify, service):
    """Adds Bindings whose addresses are numbers."""

    def create(*addresses: int, identity: str = "", **more: Any) -> None:
        for at in addresses:
            arguments = {"identity": identity or f"id{at // 20}", "binding_type": "fcm", "address": str(at)}
            fake_notify.create_binding(service.sid, **arguments, **more)

    return create


@pytest.fixture
def walk(wire):
    """Follows a list's links, and returns the pages as answers."""

    def follow(target: str, link: str = "next_page_url", **query: Any) -> list[Any]:
        pages = [wire.get(target, query)]
        while pages[-1].json["meta"][link]:
            pages.append(wire.get(pages[-1].json["meta"][link]))
        return pages

    return follow


def test_meta_has_its_seven_keys_in_the_recorded_order(twilio_wire, fake_notify):
    for _ in range(51):
        fake_notify.create_service()

    answer = twilio_wire.get("/v1/Services")

    meta = answer.json["meta"]
    here = "https://notify.twilio.com/v1/Services?PageSize=50&Page="
    token = token_of(meta["next_page_url"])
    assert list(answer.json) == ["services", "meta"]
    assert list(meta.items()) == [
        ("page", 0),
        ("page_size", 50),
        ("first_page_url", f"{here}0"),
        ("previous_page_url", None),
        ("url", f"{here}0"),
        ("next_page_url", f"{here}1&PageToken={token}"),
        ("key", "services"),
    ]
    assert re.fullmatch("PA[0-9A-Za-z]+", token)


def test_the_links_lead_from_page_to_page_and_back(wire, add, walk, fake_notify):
    add(*range(5))

    there = walk(PATH, PageSize=2)
    back = walk(there[-1].json["meta"]["url"], "previous_page_url")

    here = f"{fake_notify.url}{PATH}?PageSize=2&Page="
    metas = [page.json["meta"] for page in there]
    second, third = (token_of(meta["next_page_url"]) for meta in metas[:2])
    to_first, to_second = (token_of(meta["previous_page_url"]) for meta in metas[1:])
    assert [addresses(page) for page in there] == [["0", "1"], ["2", "3"], ["4"]]
    assert metas == [
        {
            "page": at,
            "page_size": 2,
            "first_page_url": f"{here}0",
            "previous_page_url": before and here + before,
            "url": here + itself,
            "next_page_url": after and here + after,
            "key": "bindings",
        }
        for at, (before, itself, after) in enumerate(
            [
                (None, "0", f"1&PageToken={second}"),
                (f"0&PageToken={to_first}", f"1&PageToken={second}", f"2&PageToken={third}"),
                (f"1&PageToken={to_second}", f"2&PageToken={third}", None),
            ]
        )
    ]
    assert [addresses(page) for page in back] == [["4"], ["2", "3"], ["0", "1"]]
    assert back[-1].json["meta"]["previous_page_url"] is None
    assert len({second, third, to_first, to_second}) == 4


@pytest.mark.parametrize("target", ["/v1/Services", "/v1/Credentials", PATH])
def test_every_list_has_its_pages_named_by_its_key(wire, fake_notify, add, target):
    add(1, 2)
    fake_notify.create_service()
    for type in ("apn", "fcm"):
        fake_notify.create_credential(type)

    first = wire.get(target, {"PageSize": 1}).json
    second = wire.get(first["meta"]["next_page_url"]).json

    key = target.rpartition("/")[2].lower()
    assert [(list(page), len(page[key]), page["meta"]["key"]) for page in (first, second)] == [
        ([key, "meta"], 1, key)
    ] * 2
    assert first[key] + second[key] == wire.get(target).json[key]
    assert second["meta"]["next_page_url"] is None


@pytest.mark.parametrize(
    ("headers", "origin"),
    [
        ({"Host": "notify.sydney.au1.twilio.com:81"}, "http://notify.sydney.au1.twilio.com:81"),
        ({"Host": "localhost", "X-Forwarded-Proto": "https"}, "https://localhost"),
        ({"Host": "localhost", "X-Forwarded-Host": "notify.twilio.com"}, "http://notify.twilio.com"),
        ({"X-Forwarded-Host": "y:8443", "X-Forwarded-Proto": "https"}, "https://y:8443"),
        ({"X-Forwarded-Host": "first, second", "X-Forwarded-Proto": "https, http"}, "https://first"),
        ({"Host": "localhost", "X-Forwarded-Host": "", "X-Forwarded-Proto": ""}, "http://localhost"),
    ],
)
def test_every_url_is_on_the_host_that_the_client_asked(wire, add, headers, origin):
    add(1, 2)

    answer = wire.get(PATH, {"PageSize": 1}, headers)

    row, meta = answer.json["bindings"][0], answer.json["meta"]
    urls = [row["url"], row["links"]["user"], meta["url"], meta["first_page_url"], meta["next_page_url"]]
    assert [url.partition("/v1/")[0] for url in urls] == [origin] * 5
    service = wire.get(f"/v1/Services/{SERVICE_SID}", headers=headers).json
    assert {url.partition("/v1/")[0] for url in (service["url"], *service["links"].values())} == {origin}


def test_filters_are_kept_on_every_page_in_the_servers_order(wire, add, walk, fake_notify):
    filters = {
        "EndDate": "2021-01-25",
        "StartDate": "2021-01-24",
        "Identity": ["d&d é", "+1/2"],
        "Tag": ["new user", "a=b"],
    }
    add(1, 3, identity="d&d é", tags=["a=b", "new user"])
    add(2, identity="+1/2", tags=["a=b", "new user"])
    add(4, identity="+1/2", tags=["a=b"])
    add(5, identity="x", tags=["a=b", "new user"])

    pages = walk(PATH, **filters, Page=0, PageSize=1)
    back = walk(pages[-1].json["meta"]["url"], "previous_page_url")

    kept = (
        f"{fake_notify.url}{PATH}?Tag=new%20user&Tag=a%3Db&Identity=d%26d%20%C3%A9&Identity=%2B1%2F2"
        "&StartDate=2021-01-24&EndDate=2021-01-25&PageSize=1&Page="
    )
    links = ("first_page_url", "url", "next_page_url", "previous_page_url")
    urls = [page.json["meta"][link] for page in pages for link in links]
    assert [addresses(page) for page in pages] == [["1"], ["3"], ["2"]]
    assert [addresses(page) for page in back] == [["2"], ["3"], ["1"]]
    assert [url for url in urls if url and not url.startswith(kept)] == []
    assert urls.count(None) == 2


def test_the_name_filter_is_kept_too_and_empty_ones_are_not(wire, fake_notify, walk):
    for _ in range(2):
        fake_notify.create_service("my shop")

    pages = walk("/v1/Services", FriendlyName="my shop", PageSize=1)
    plain = wire.get(PATH.replace(SERVICE_SID, fake_notify.services.last.sid), {"Tag": ["", "a"], "Identity": ""})

    first = f"{fake_notify.url}/v1/Services?FriendlyName=my%20shop&PageSize=1&Page=0"
    assert [page.json["meta"]["first_page_url"] for page in pages] == [first, first]
    assert plain.json["meta"]["url"].partition("?")[2] == "Tag=a&PageSize=50&Page=0"


# PageSize, Page, PageToken


@pytest.mark.parametrize(("sent", "size"), [(1000, 1000), (5000, 1000)])
def test_a_page_size_above_1000_counts_as_1000(wire, add, fake_notify, sent, size):
    add(1, 2)

    meta = wire.get(PATH, {"PageSize": sent}).json["meta"]

    assert (meta["page_size"], meta["url"]) == (size, f"{fake_notify.url}{PATH}?PageSize={size}&Page=0")


def test_a_page_of_1000_has_1000_rows(wire, add):
    add(*range(1001))

    first = wire.get(PATH, {"PageSize": 1001})

    assert addresses(first) == numbers(0, 999)
    assert addresses(wire.get(first.json["meta"]["next_page_url"])) == ["1000"]


@pytest.mark.fake_notify(page_size_limit="reject")
def test_a_page_size_above_1000_can_be_refused(wire, add):
    add(1)

    assert wire.get(PATH, {"PageSize": 1001}).refusal == (400, 20007, "Page size too large")
    assert wire.get("/v1/Services", {"PageSize": 1000}).status == 200


@pytest.mark.parametrize(
    ("query", "name"),
    [
        *(({"PageSize": value}, "PageSize") for value in ("0", "-1", "1.0")),
        *(({"Page": value}, "Page") for value in ("-1", "x")),
        ({"Page": "x", "PageSize": "x"}, "PageSize"),
        ({"PageToken": "x", "Page": "x"}, "Page"),
        *(({"PageToken": value}, "PageToken") for value in ("x", "PA" + "a" * 32, "PA" + "é" * 32, "PA" * 5000)),
    ],
)
def test_bad_paging_is_refused(wire, service, query, name):
    lists = ("/v1/Services", "/v1/Credentials", PATH)

    assert [wire.get(each, query).refusal for each in lists] == [invalid(name)] * 3


def test_empty_paging_values_count_as_absent(wire, add):
    add(1, 2)

    answer = wire.get(PATH, {"PageSize": "", "Page": "", "PageToken": ""})

    assert answer.json == wire.get(PATH).json


@pytest.mark.parametrize(("page", "found"), [(0, ["0", "1"]), (2, ["4"]), (3, []), ("9" * 30, [])])
def test_a_page_number_without_a_token_is_an_offset(wire, add, walk, page, found):
    add(*range(5))

    answer = wire.get(PATH, {"PageSize": 2, "Page": page})

    assert addresses(answer) == found
    assert (answer.json["meta"]["previous_page_url"] is None, answer.json["meta"]["next_page_url"] is None) == (
        page == 0,
        page != 0,
    )
    rest = [address for each in walk(PATH, PageSize=2, Page=page) for address in addresses(each)]
    assert rest == numbers(2 * int(page), 4)


def test_a_token_wins_over_the_page_number(wire, add):
    add(*range(4))
    token = token_of(wire.get(PATH, {"PageSize": 1}).json["meta"]["next_page_url"])

    answer = wire.get(PATH, {"PageToken": token, "Page": 3, "PageSize": 2})

    assert addresses(answer) == ["1", "2"]
    assert answer.json["meta"]["page"] == 3


def test_a_token_is_good_for_its_own_list_and_filters_only(wire, add, fake_notify):
    add(*range(3), tags=["vip"])
    other = fake_notify.create_service()
    token = token_of(wire.get(PATH, {"PageSize": 1, "Tag": "vip"}).json["meta"]["next_page_url"])

    refused = [
        wire.get(PATH, {"PageToken": token}),
        wire.get(PATH, {"PageToken": token, "Tag": "fcm"}),
        wire.get(PATH, {"PageToken": token, "Tag": "vip", "Identity": "id0"}),
        wire.get(PATH.replace(SERVICE_SID, other.sid), {"PageToken": token, "Tag": "vip"}),
        wire.get("/v1/Services", {"PageToken": token}),
        wire.get(PATH, {"PageToken": token.lower(), "Tag": "vip"}),
        wire.get(PATH, {"PageToken": token + "0", "Tag": "vip"}),
    ]

    assert [answer.refusal for answer in refused] == [invalid("PageToken")] * 7
    assert addresses(wire.get(PATH, {"PageToken": token, "Tag": "vip"})) == ["1", "2"]
    assert addresses(wire.get(PATH + ".json", {"PageToken": token, "Tag": "vip"})) == ["1", "2"]


# rows that come and go


def test_rows_added_and_deleted_between_two_pages_move_no_other(wire, add, fake_notify):
    add(*range(10))
    first = wire.get(PATH, {"PageSize": 3})
    sids = {each.address: each.sid for each in fake_notify.bindings}
    add(100, 101)
    for gone in ("0", "2", "4"):  # one of the first page, the one it was cut at, and one to come
        wire.delete(f"{PATH}/{sids[gone]}")

    second = wire.get(first.json["meta"]["next_page_url"])
    third = wire.get(second.json["meta"]["next_page_url"])

    assert [addresses(page) for page in (first, second, third)] == [["0", "1", "2"], ["3", "5", "6"], ["7", "8", "9"]]
    back = wire.get(second.json["meta"]["previous_page_url"])
    assert addresses(back) == ["1"]
    assert back.json["meta"]["previous_page_url"] is None


def test_a_walk_ends_although_rows_are_added_all_the_time(wire, add):
    add(*range(6))
    seen, target = [], f"{PATH}?PageSize=2"
    for at in range(100, 110):
        page = wire.get(target)
        seen += addresses(page)
        add(at)
        target = page.json["meta"]["next_page_url"]
        if target is None:
            break

    assert seen == numbers(0, 5)


def test_a_replaced_binding_moves_to_the_end(wire, add):
    add(*range(3))
    add(0)

    assert addresses(wire.get(PATH)) == ["1", "2", "0"]


@pytest.mark.fake_notify(list_order="newest_first")
@pytest.mark.parametrize("target", ["/v1/Services", "/v1/Credentials", PATH, f"/v1/Services/{SERVICE_SID}/Users"])
def test_every_list_can_be_turned_round(wire, fake_notify, add, target):
    add(1, 2, 30)
    for type in ("apn", "fcm"):
        fake_notify.create_credential(type)
    fake_notify.create_service()
    key = target.rpartition("/")[2].lower()
    newest_first = [row["sid"] for row in wire.get(target).json[key]]

    fake_notify.behaviour = Behaviour(list_order="oldest_first")

    assert newest_first[::-1] == [row["sid"] for row in wire.get(target).json[key]] != newest_first


@pytest.mark.fake_notify(page_without_token="reject")
def test_a_page_without_its_token_can_be_refused(wire, add):
    add(*range(3))
    following = wire.get(PATH, {"PageSize": 2, "Page": 0}).json["meta"]["next_page_url"]

    assert wire.get(PATH, {"PageSize": 2, "Page": 1}).refusal == (
        400,
        70002,
        "Paged requests must include a PageToken",
    )
    assert addresses(wire.get(following)) == ["2"]


@pytest.mark.fake_notify(next_page_link="eager")
def test_a_full_last_page_can_lead_to_an_empty_one(add, walk):
    add(*range(4))

    assert [addresses(page) for page in walk(PATH, PageSize=2)] == [["0", "1"], ["2", "3"], []]


def test_a_clock_that_is_moved_back_does_not_change_the_order(wire, add, fake_notify):
    add(1)
    fake_notify.clock.shift(days=-1)
    add(2)

    assert addresses(wire.get(PATH)) == ["1", "2"]


# the official client


def asked(fake: Any) -> list[dict[str, Any]]:
    return [dict(each.params) for each in fake.requests]


@pytest.fixture
def bindings(fake_notify_client, add):
    """The official client's list of 250 Bindings."""
    add(*range(250))
    return fake_notify_client.notify.v1.services(SERVICE_SID).bindings


def test_twilio_lists_250_bindings_in_three_pages(bindings, fake_notify):
    found = bindings.list(page_size=100)

    assert [each.address for each in found] == numbers(0, 249)
    assert [(each["PageSize"], each.get("Page")) for each in asked(fake_notify)] == [
        ("100", None),
        ("100", "1"),
        ("100", "2"),
    ]


def test_twilio_asks_for_no_more_than_its_limit(bindings, fake_notify):
    assert [each.address for each in bindings.list(limit=7)] == numbers(0, 6)
    assert [each.address for each in bindings.list(limit=120, page_size=50)] == numbers(0, 119)
    assert len(bindings.list(limit=5000)) == 250
    assert [each["PageSize"] for each in asked(fake_notify)] == ["7", "50", "50", "50", "5000"]


def test_twilio_streams_lazily(bindings, fake_notify):
    stream = bindings.stream(page_size=100)
    first = [next(stream).address for _ in range(100)]

    assert (first, len(fake_notify.requests)) == (numbers(0, 99), 1)
    assert [each.address for each in stream] == numbers(100, 249)
    assert len(fake_notify.requests) == 3


def test_twilio_streams_by_filters(bindings, fake_notify):
    found = bindings.stream(identity=["id0", "id12"], tag=["fcm", "all"], start_date="2021-01-24", page_size=20)

    assert [each.address for each in found] == numbers(0, 19) + numbers(240, 249)
    assert [dict(each, PageToken=None) for each in asked(fake_notify)] == [
        {
            "Tag": ["fcm", "all"],
            "Identity": ["id0", "id12"],
            "StartDate": "2021-01-24",
            "PageSize": "20",
            "PageToken": None,
        }
        | page
        for page in ({}, {"Page": "1"})
    ]


def test_twilio_turns_pages_in_both_directions(bindings):
    first = bindings.page(page_size=100)
    second = first.next_page()
    third = bindings.get_page(second.next_page_url)

    assert [[each.address for each in page] for page in (first, second, third)] == [
        numbers(0, 99),
        numbers(100, 199),
        numbers(200, 249),
    ]
    assert third.next_page() is None
    assert [each.address for each in third.previous_page()] == numbers(100, 199)
    assert [each.address for each in third.previous_page().previous_page()] == numbers(0, 99)
    assert first.previous_page() is None
    assert [each.address for each in bindings.page(page_size=100, page_number=2)] == numbers(200, 249)


def test_twilio_lists_services_and_credentials_in_pages(fake_notify, fake_notify_client):
    services = [fake_notify.create_service() for _ in range(5)]
    credentials = [fake_notify.create_credential("apn") for _ in range(5)]
    account = fake_notify_client.notify.v1

    assert [each.sid for each in account.services.list(page_size=2)] == [each.sid for each in services]
    assert [each.sid for each in account.credentials.list(page_size=2)] == [each.sid for each in credentials]


def test_twilio_says_only_that_a_page_can_not_be_fetched(fake_notify_client):
    with pytest.raises(TwilioException) as caught:
        fake_notify_client.notify.v1.services("IS71").bindings.list()

    words, response = caught.value.args
    assert (words, response.status_code) == ("Unable to fetch page", 404)
    assert '"The requested resource /Services/IS71/Bindings was not found"' in response.text
