"""Pages of a list: joined they are the list, and rows that come or go while somebody walks don't disturb the walk."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakenotify.core.errors import InvalidPaging, PageSizeTooLarge, PageTokenMissing, TwilioError
from fakenotify.core.paging import Order, Page, Paging, cut, list_body, read_paging
from fakenotify.core.store import Table
from fakenotify.notify.accounts import ACCOUNT_SID, AUTH_TOKEN
from fakenotify.notify.behaviour import Behaviour
from fakenotify.notify.dispatch import Call
from fakenotify.world.world import World

sizes = st.integers(1, 12)
orders: st.SearchStrategy[Order] = st.sampled_from(("oldest_first", "newest_first"))


@dataclass(frozen=True)
class Row:
    sid: str
    colour: str = "red"


@dataclass
class Listing:
    """A table and the way a client walks its pages; rows are named by their sequence numbers."""

    table: Table[Row] = field(default_factory=lambda: Table({"colour": lambda row: (row.colour,)}))
    order: Order = "oldest_first"
    last: int = 0
    scope: str = "list"
    asked: int = 0

    def add(self, number: int = 1, colour: str = "red") -> None:
        for _ in range(number):
            self.last += 1
            self.table.add(self.last, Row(f"{self.last}", colour))

    def page(self, size: int, token: str | None = None, number: int = 0, scope: str = "") -> Page[Row]:
        self.asked += 1
        assert self.asked < 1000, "this walk never ends"
        return cut(self.table.select(), Paging(size, number, token), scope or self.scope, self.order)

    def pages(self, size: int) -> list[Page[Row]]:
        found = [self.page(size)]
        while found[-1].next is not None:
            found.append(self.page(size, found[-1].next, len(found)))
        return found

    @property
    def rows(self) -> list[Row]:
        return list(self.table)[:: 1 if self.order == "oldest_first" else -1]

    def is_in_order(self, numbers: list[int]) -> bool:
        """Whether the numbers of rows are in the order of the list, none of them twice."""
        return numbers == sorted(set(numbers), reverse=self.order == "newest_first")


def listing_of(number: int, order: Order = "oldest_first") -> Listing:
    listing = Listing(order=order)
    listing.add(number)
    return listing


def sids(page: Page[Row]) -> list[int]:
    return [int(row.sid) for row in page.rows]


def joined(pages: list[Page[Row]]) -> list[Row]:
    return [row for page in pages for row in page.rows]


# walking a list that stands still


@given(order=orders, total=st.integers(0, 40), size=sizes)
@settings(deadline=None)
def test_the_pages_joined_are_the_list(order: Order, total: int, size: int) -> None:
    listing = listing_of(total, order)

    pages = listing.pages(size)

    assert joined(pages) == listing.rows
    assert all(len(page.rows) == size for page in pages[:-1])
    assert len(pages) == max(1, -(-total // size))


@given(order=orders, total=st.integers(0, 40), size=sizes, gone=st.sets(st.integers(1, 40)))
@settings(deadline=None)
def test_holes_in_the_sequence_make_no_difference(order: Order, total: int, size: int, gone: set[int]) -> None:
    listing = listing_of(total, order)
    for number in gone:
        listing.table.remove(f"{number}")

    assert joined(listing.pages(size)) == listing.rows


@given(order=orders, total=st.integers(0, 40), size=sizes)
@settings(deadline=None)
def test_walking_back_gives_the_same_pages(order: Order, total: int, size: int) -> None:
    listing = listing_of(total, order)
    forth = listing.pages(size)

    back = [forth[-1]]
    while back[-1].previous is not None:
        back.append(listing.page(size, back[-1].previous))

    assert [page.rows for page in reversed(back)] == [page.rows for page in forth]


@given(order=orders, total=st.integers(1, 40), size=sizes, other=sizes)
@settings(deadline=None)
def test_the_page_size_may_change_on_the_way(order: Order, total: int, size: int, other: int) -> None:
    listing = listing_of(total, order)
    first = listing.page(size)

    rest = [] if first.next is None else [listing.page(other, first.next)]
    while rest and rest[-1].next is not None:
        rest.append(listing.page(other, rest[-1].next))

    assert joined([first, *rest]) == listing.rows


@given(order=orders, total=st.integers(0, 40), size=sizes, number=st.integers(0, 12))
@settings(deadline=None)
def test_a_page_number_without_a_token_is_an_offset(order: Order, total: int, size: int, number: int) -> None:
    listing = listing_of(total, order)

    page = listing.page(size, number=number)

    assert page.rows == listing.rows[number * size : (number + 1) * size]
    assert (page.number, page.size, page.token) == (number, size, None)
    assert (page.next is not None) == (total > (number + 1) * size)
    assert (page.previous is not None) == (total > 0 and number > 0)


@given(order=orders, total=st.integers(1, 40), size=sizes, number=st.integers(1, 12))
@settings(deadline=None)
def test_a_page_reached_by_number_leads_on_and_back_by_tokens(order: Order, total: int, size: int, number: int) -> None:
    listing = listing_of(total, order)
    page = listing.page(size, number=number)
    offset = number * size

    assert page.previous is not None
    before = listing.page(size, page.previous)

    assert before.rows == listing.rows[max(0, min(offset, total) - size) : min(offset, total)]
    if page.next is not None:
        assert listing.page(size, page.next).rows == listing.rows[offset + size : offset + 2 * size]


def test_a_token_wins_over_a_page_number() -> None:
    listing = listing_of(10)
    first = listing.page(3)

    assert sids(listing.page(3, first.next, number=3)) == [4, 5, 6]


def test_only_the_rows_of_the_selection_are_paged() -> None:
    listing = Listing()
    for colour in ("red", "blue", "red", "blue", "blue", "red"):
        listing.add(colour=colour)
    blue = listing.table.select([("colour", "blue")])

    first = cut(blue, Paging(2), "blue")
    second = cut(blue, Paging(2, 1, first.next), "blue")

    assert (sids(first), sids(second), second.next) == ([2, 4], [5], None)


# walking a list that changes


@given(
    order=orders,
    total=st.integers(0, 30),
    size=sizes,
    changes=st.lists(st.tuples(st.integers(0, 5), st.sets(st.integers(1, 60), max_size=8)), max_size=40),
)
@settings(deadline=None, max_examples=200)
def test_rows_that_come_or_go_between_pages_repeat_and_hide_no_other(
    order: Order, total: int, size: int, changes: list[tuple[int, set[int]]]
) -> None:
    """Between two pages some rows are added, and some are deleted, be they seen already or not."""
    listing = listing_of(total, order)
    at_first = set(range(1, total + 1))
    left = iter(changes)

    page = listing.page(size)
    seen = sids(page)
    while page.next is not None:
        added, deleted = next(left, (0, set()))
        listing.add(added)
        for number in deleted:
            listing.table.remove(f"{number}")
        page = listing.page(size, page.next)
        seen += sids(page)

    survivors = {int(row.sid) for row in listing.table} & at_first
    assert listing.is_in_order(seen), "no row twice, none out of order"
    assert survivors <= set(seen) <= at_first, "none lost, and none that came after the walk began"


@given(
    order=orders,
    total=st.integers(2, 30),
    size=sizes,
    changes=st.lists(st.sets(st.integers(1, 60), max_size=8), max_size=40),
)
@settings(deadline=None)
def test_rows_that_go_while_somebody_walks_back_repeat_and_hide_no_other(
    order: Order, total: int, size: int, changes: list[set[int]]
) -> None:
    listing = listing_of(total, order)
    left = iter(changes)

    page = listing.pages(size)[-1]
    seen = [sids(page)]
    while page.previous is not None:
        for number in next(left, set()):
            listing.table.remove(f"{number}")
        page = listing.page(size, page.previous)
        seen.insert(0, sids(page))

    together = [number for each in seen for number in each]
    assert listing.is_in_order(together)
    assert {int(row.sid) for row in listing.table} <= set(together)


def test_a_token_outlives_the_row_it_was_cut_at() -> None:
    listing = listing_of(6)
    first = listing.page(2)
    listing.table.remove("2")

    assert sids(listing.page(2, first.next)) == [3, 4]


def test_a_token_outlives_every_row() -> None:
    listing = listing_of(6)
    forward = listing.page(2).next
    backward = listing.page(2, forward).previous
    for number in range(1, 7):
        listing.table.remove(f"{number}")

    assert listing.page(2, forward) == Page([], 0, 2, forward, None, None)
    assert listing.page(2, backward) == Page([], 0, 2, backward, None, None)


def test_an_empty_page_leads_back_to_what_is_left() -> None:
    listing = listing_of(6)
    forward = listing.page(2, listing.page(2).next).next
    for number in (5, 6):
        listing.table.remove(f"{number}")

    empty = listing.page(2, forward)

    assert (empty.rows, empty.next) == ([], None)
    assert sids(listing.page(2, empty.previous)) == [3, 4]


def test_an_empty_page_on_the_way_back_leads_on_to_what_is_left() -> None:
    listing = listing_of(4)
    backward = listing.page(2, listing.page(2).next).previous
    for number in (1, 2):
        listing.table.remove(f"{number}")

    empty = listing.page(2, backward)

    assert (empty.rows, empty.previous) == ([], None)
    assert sids(listing.page(2, empty.next)) == [3, 4]


@pytest.mark.parametrize(("order", "last"), [("oldest_first", [4, 5]), ("newest_first", [2, 1])])
def test_a_page_past_the_end_leads_back_to_the_last_rows(order: Order, last: list[int]) -> None:
    listing = listing_of(5, order)

    past = listing.page(2, number=9)

    assert (past.rows, past.next) == ([], None)
    assert sids(listing.page(2, past.previous)) == last


@pytest.mark.parametrize("order", ["oldest_first", "newest_first"])
def test_a_walk_ends_although_rows_are_added_at_every_step(order: Order) -> None:
    listing = listing_of(20, order)

    page, steps = listing.page(2), 1
    while page.next is not None:
        listing.add(5)
        page, steps = listing.page(2, page.next), steps + 1

    assert steps == 10


def test_a_walk_that_begins_anew_finds_the_rows_that_were_added() -> None:
    listing = listing_of(2)
    listing.pages(2)
    listing.add()

    assert joined(listing.pages(2)) == listing.rows


@pytest.mark.parametrize("order", ["oldest_first", "newest_first"])
def test_an_eager_link_leads_from_a_full_last_page_to_an_empty_one(order: Order) -> None:
    selection = listing_of(4, order).table.select()

    def page(token: str | None) -> Page[Row]:
        return cut(selection, Paging(2, 0, token), "list", order, "eager")

    second = page(page(None).next)
    empty = page(second.next)

    assert [len(second.rows), second.next is None, empty.rows, empty.next] == [2, False, [], None]
    assert page(empty.previous).rows == second.rows
    assert cut(selection, Paging(3), "list", order, "eager").next is not None
    assert cut(selection, Paging(5), "list", order, "eager").next is None


# tokens


@given(order=orders, total=st.integers(2, 40), size=st.integers(1, 6))
@settings(deadline=None)
def test_a_token_is_opaque_and_alphanumeric(order: Order, total: int, size: int) -> None:
    listing = listing_of(total, order)

    for page in listing.pages(size):
        for token in (page.previous, page.next):
            assert token is None or re.fullmatch("PA[0-9A-Za-z]{32}", token)


def test_the_same_position_has_the_same_token() -> None:
    assert listing_of(9).page(4).next == listing_of(9).page(4).next


@pytest.mark.parametrize("direction", ["next", "previous"])
def test_a_token_of_another_list_is_refused(direction: str) -> None:
    listing = listing_of(9)
    token = getattr(listing.page(3, listing.page(3).next), direction)

    with pytest.raises(InvalidPaging) as raised:
        listing.page(3, token, scope="another list")

    assert raised.value.message == "Parameter 'PageToken' is invalid"


@given(st.text() | st.from_regex("P[AT][0-9a-f]{32}", fullmatch=True))
@settings(deadline=None)
def test_a_token_that_was_never_given_out_is_refused(token: str) -> None:
    with pytest.raises(InvalidPaging):
        listing_of(9).page(3, token or "PA")


@given(at=st.integers(0, 33), instead=st.sampled_from("0123456789abcdefPA\u0663\ud800"))
@settings(deadline=None)
def test_a_token_with_one_changed_character_is_refused(at: int, instead: str) -> None:
    listing = listing_of(9)
    token = listing.page(3).next
    assert token is not None
    changed = token[:at] + instead + token[at + 1 :]
    if changed == token:
        return

    with pytest.raises(InvalidPaging):
        listing.page(3, changed)


# reading what was asked


def test_the_page_asked_for_is_read_from_the_query() -> None:
    asked = {
        "nothing": {},
        "nothing but empty values": {"PageSize": [""], "Page": [""], "PageToken": [""]},
        "everything": {"PageSize": ["1000"], "Page": ["7"], "PageToken": ["PA1"]},
        "too much": {"PageSize": ["9" * 5000], "Page": ["9" * 5000]},
        "leading zeros, and only the first counts": {"PageSize": ["0" * 30 + "7", "x"], "Page": ["0" * 5000]},
        "other names": {"pagesize": ["3"], "page_size": ["3"]},
    }

    assert [read_paging(query, "clamp") for query in asked.values()] == [
        Paging(50, 0, None),
        Paging(50, 0, None),
        Paging(1000, 7, "PA1"),
        Paging(1000, 10**12, None),
        Paging(7, 0, None),
        Paging(50, 0, None),
    ]


@pytest.mark.parametrize(("name", "value"), [("PageSize", "0"), ("PageSize", "all"), ("Page", "-1"), ("Page", "0x1")])
def test_what_is_no_page_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(InvalidPaging) as raised:
        read_paging({name: [value]}, "clamp")

    assert (raised.value.message, raised.value.source) == (f"Parameter '{name}' is invalid", "D6")


def test_a_page_size_above_1000_is_refused_where_the_switch_says_so() -> None:
    assert read_paging({"PageSize": ["1000"]}, "reject") == Paging(1000, 0, None)
    with pytest.raises(PageSizeTooLarge):
        read_paging({"PageSize": ["1001"]}, "reject")


def test_a_page_without_its_token_is_refused_where_the_switch_says_so() -> None:
    assert read_paging({"Page": ["0"]}, "clamp", "reject") == Paging(50, 0, None)
    assert read_paging({"Page": ["2"], "PageToken": ["PA1"]}, "clamp", "reject") == Paging(50, 2, "PA1")
    with pytest.raises(PageTokenMissing):
        read_paging({"Page": ["1"], "PageToken": [""]}, "clamp", "reject")


# the body of a list


def spelled(row: Row) -> dict[str, Any]:
    return {"sid": row.sid}


def test_the_first_page_spells_both_paging_values_though_nobody_gave_them() -> None:
    listing = listing_of(51)
    page = listing.page(50)

    assert list_body("services", page, spelled, "https://h/v1/Services", []) == {
        "services": [{"sid": f"{number}"} for number in range(1, 51)],
        "meta": {
            "page": 0,
            "page_size": 50,
            "first_page_url": "https://h/v1/Services?PageSize=50&Page=0",
            "previous_page_url": None,
            "url": "https://h/v1/Services?PageSize=50&Page=0",
            "next_page_url": f"https://h/v1/Services?PageSize=50&Page=1&PageToken={page.next}",
            "key": "services",
        },
    }


def test_the_keys_of_meta_come_in_the_observed_order() -> None:
    body = list_body("services", Page([], 0, 50, None, None, None), spelled, "https://h/v1/Services", [])

    assert list(body) == ["services", "meta"]
    assert list(body["meta"]) == [
        "page",
        "page_size",
        "first_page_url",
        "previous_page_url",
        "url",
        "next_page_url",
        "key",
    ]


def test_a_page_in_the_middle_keeps_its_token_and_its_filters_in_every_url() -> None:
    page = Page([Row("5")], 3, 1, "PAhere", "PAback", "PAon")
    filters = [("Tag", "preferred device"), ("Tag", "a&b=c/é+%"), ("Identity", "+1@x")]
    kept = "Tag=preferred%20device&Tag=a%26b%3Dc%2F%C3%A9%2B%25&Identity=%2B1%40x"

    meta = list_body("bindings", page, spelled, "https://h/v1/Services/IS1/Bindings", filters)["meta"]

    url = f"https://h/v1/Services/IS1/Bindings?{kept}&PageSize=1&Page="
    assert meta == {
        "page": 3,
        "page_size": 1,
        "first_page_url": f"{url}0",
        "previous_page_url": f"{url}2&PageToken=PAback",
        "url": f"{url}3&PageToken=PAhere",
        "next_page_url": f"{url}4&PageToken=PAon",
        "key": "bindings",
    }


def test_the_page_before_the_first_by_number_is_still_the_first_by_number() -> None:
    page = Page([Row("5")], 0, 1, "PAhere", "PAback", None)

    meta = list_body("services", page, spelled, "https://h/v1/Services", [])["meta"]

    assert meta["previous_page_url"] == "https://h/v1/Services?PageSize=1&Page=0&PageToken=PAback"


@given(st.lists(st.tuples(st.sampled_from(["Tag", "Identity"]), st.text(min_size=1))))
@settings(deadline=None)
def test_filters_can_be_read_back_from_the_urls(filters: list[tuple[str, str]]) -> None:
    filters = [(name, value.encode("utf-8", "replace").decode()) for name, value in filters]
    body = list_body("bindings", Page([], 0, 50, None, None, None), spelled, "https://h/v1/Bindings", filters)

    query = parse_qs(urlsplit(body["meta"]["url"]).query)

    expected: dict[str, list[str]] = {}
    for name, value in filters:
        expected.setdefault(name, []).append(value)
    assert query == expected | {"PageSize": ["50"], "Page": ["0"]}


# a walk as a client walks it


class Client:
    """Follows ``next_page_url`` as the official libraries do: whatever it says is asked."""

    def __init__(self) -> None:
        self.world = World(Behaviour())
        self.world.clock.freeze("2027-10-31T12:00:00Z")

    def ask(self, method: str, url: str, **form: list[str]) -> dict[str, Any]:
        split = urlsplit(url)
        query = parse_qs(split.query, keep_blank_values=True)
        answer = self.world.handle(Call(method, split.path, query, form, (ACCOUNT_SID, AUTH_TOKEN)))
        assert answer.body is not None
        if answer.error is not None:
            raise answer.error
        return answer.body

    def walk(self, url: str) -> list[Any]:
        rows: list[Any] = []
        following: str | None = url
        while following is not None:
            body = self.ask("GET", following)
            rows += body[body["meta"]["key"]]
            following = body["meta"]["next_page_url"]
        return rows


@pytest.mark.parametrize(
    "query",
    [
        "?PageSize=2",
        "?FriendlyName=a&PageSize=2",
        "?FriendlyName=a&FriendlyName=b&PageSize=2",
        "?FriendlyName=&FriendlyName=b&PageSize=2",
        "?FriendlyName=&PageSize=2",
    ],
)
def test_the_links_repeat_the_filters_that_were_read_and_no_others(query: str) -> None:
    """Of a doubled filter only the first value is read; the walk must not find another filter half way."""
    client = Client()
    for name in "abababab":
        client.ask("POST", "/v1/Services", FriendlyName=[name])
    unpaged = client.ask("GET", f"/v1/Services{query}".replace("PageSize=2", "PageSize=100"))

    assert client.walk(f"/v1/Services{query}") == unpaged["services"]


def test_a_token_does_not_fit_the_same_list_with_other_filters() -> None:
    client = Client()
    for name in "aabb":
        client.ask("POST", "/v1/Services", FriendlyName=[name])
    link = client.ask("GET", "/v1/Services?FriendlyName=a&PageSize=1")["meta"]["next_page_url"]

    with pytest.raises(TwilioError) as raised:
        client.ask("GET", link.replace("FriendlyName=a", "FriendlyName=b"))

    assert raised.value.message == "Parameter 'PageToken' is invalid"
