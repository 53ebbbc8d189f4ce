"""Lists and their pages, over the wire; the laws of pages are in ``tests/core/test_paging.py``."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

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


@pytest.mark.parametrize("target", ["/v1/Services", "/v1/Credentials", PATH, f"/v1/Services/{SERVICE_SID}/Users"])
def test_every_list_has_its_pages_named_by_its_key_and_can_be_turned_round(wire, fake_notify, add, walk, target):
    add(1, 30)
    fake_notify.create_service()
    for type in ("apn", "fcm"):
        fake_notify.create_credential(type)
    key = target.rpartition("/")[2].lower()

    pages = [page.json for page in walk(target, PageSize=1)]

    assert [(list(page), len(page[key]), page["meta"]["key"]) for page in pages] == [([key, "meta"], 1, key)] * 2
    rows = wire.get(target).json[key]
    assert [*pages[0][key], *pages[1][key]] == rows
    fake_notify.behaviour = Behaviour(list_order="newest_first")
    assert wire.get(target).json[key] == rows[::-1]


@pytest.mark.parametrize(
    ("headers", "origin"),
    [
        ({"Host": "notify.sydney.au1.twilio.com:81"}, "http://notify.sydney.au1.twilio.com:81"),
        ({"Host": "localhost", "X-Forwarded-Proto": "https"}, "https://localhost"),
        ({"Host": "localhost", "X-Forwarded-Host": "notify.twilio.com"}, "http://notify.twilio.com"),
        ({"X-Forwarded-Host": "first:8443, second", "X-Forwarded-Proto": "https, http"}, "https://first:8443"),
        ({"Host": "localhost", "X-Forwarded-Host": "", "X-Forwarded-Proto": ""}, "http://localhost"),
    ],
)
def test_every_url_is_on_the_host_that_the_client_asked(wire, add, headers, origin):
    add(1, 2)

    answer = wire.get(PATH, {"PageSize": 1}, headers).json
    service = wire.get(f"/v1/Services/{SERVICE_SID}", headers=headers).json

    [row], meta = answer["bindings"], answer["meta"]
    urls = [row["url"], row["links"]["user"], meta["url"], meta["first_page_url"], meta["next_page_url"]]
    assert {url.partition("/v1/")[0] for url in (*urls, service["url"], *service["links"].values())} == {origin}


def test_filters_are_kept_on_every_page_in_the_servers_order(wire, add, walk, fake_notify):
    filters = {
        "EndDate": "2021-01-25",
        "StartDate": "2021-01-24",
        "Identity": ["d&d é", "+1/2"],
        "Tag": ["new user", "", "a=b"],
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
    service = wire.get("/v1/Services", {"FriendlyName": "my shop"}).json["meta"]["url"]
    assert service == f"{fake_notify.url}/v1/Services?FriendlyName=my%20shop&PageSize=50&Page=0"


# PageSize, Page, PageToken


@pytest.mark.fake_notify(page_size_limit="reject", page_without_token="reject", next_page_link="eager")
def test_switches_refuse_large_pages_and_pages_without_a_token_and_link_eagerly(wire, add, walk):
    add(*range(4))

    refused = [wire.get(PATH, query).refusal for query in ({"PageSize": 1001}, {"PageSize": 2, "Page": 1})]

    assert refused == [(400, 20007, "Page size too large"), (400, 70002, "Paged requests must include a PageToken")]
    assert wire.get(PATH, {"PageSize": 1000}).status == 200
    assert [addresses(page) for page in walk(PATH, PageSize=2, Page=0)] == [["0", "1"], ["2", "3"], []]


def test_a_token_fits_only_its_own_list_and_filters_and_overrides_the_page_number(wire, add, fake_notify):
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
    answer = wire.get(PATH + ".json", {"PageToken": token, "Tag": "vip", "Page": 3, "PageSize": 2})
    assert (addresses(answer), answer.json["meta"]["page"]) == (["1", "2"], 3)


def test_a_clock_that_is_moved_back_does_not_change_the_order(wire, add, fake_notify):
    add(1, 0)
    fake_notify.clock.shift(days=-1)
    add(2, 1)

    assert addresses(wire.get(PATH)) == ["0", "2", "1"]


# the official client


@pytest.fixture
def bindings(fake_notify_client, add):
    """The official client's list of 250 Bindings."""
    add(*range(250))
    return fake_notify_client.notify.v1.services(SERVICE_SID).bindings


def test_twilio_streams_by_filters(bindings, fake_notify):
    found = bindings.stream(identity=["id0", "id12"], tag=["fcm", "all"], start_date="2021-01-24", page_size=20)

    assert [each.address for each in found] == numbers(0, 19) + numbers(240, 249)
    filters = {"Tag": ["fcm", "all"], "Identity": ["id0", "id12"], "StartDate": "2021-01-24", "PageSize": "20"}
    first, second = (dict(each.params) for each in fake_notify.requests)
    assert (first, second) == (filters, filters | {"Page": "1", "PageToken": second["PageToken"]})


def test_twilio_turns_pages_in_both_directions(bindings):
    first = bindings.page(page_size=100)
    second = first.next_page()
    third = bindings.get_page(second.next_page_url)
    pages = [third.previous_page().previous_page(), third.previous_page(), bindings.page(page_size=100, page_number=2)]

    expected = [numbers(0, 99), numbers(100, 199), numbers(200, 249)]
    for shown in ((first, second, third), pages):
        assert [[each.address for each in page] for page in shown] == expected
    assert (first.previous_page(), third.next_page()) == (None, None)
