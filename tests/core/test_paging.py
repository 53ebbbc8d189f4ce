"""Pages of a list: together they are the list, and rows that come or go meanwhile neither repeat nor hide others."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakenotify.core.errors import InvalidPaging
from fakenotify.core.paging import Order, Page, Paging, cut, list_body, read_paging
from fakenotify.core.store import Table

ORDERS: tuple[Order, ...] = ("oldest_first", "newest_first")
orders, sizes = st.sampled_from(ORDERS), st.integers(1, 12)
gone = st.sets(st.integers(1, 60), max_size=8)
every_order = pytest.mark.parametrize("order", ORDERS)


@dataclass(frozen=True)
class Row:
    sid: str
    colour: str = "red"


@dataclass
class Listing:
    """A table and the way a client walks its pages; rows are named by their sequence numbers."""

    order: Order = "oldest_first"
    table: Table[Row] = field(default_factory=lambda: Table({"colour": lambda row: (row.colour,)}))
    last: int = 0
    asked: int = 0

    def add(self, number: int = 1, colour: str = "red") -> None:
        for _ in range(number):
            self.last += 1
            self.table.add(self.last, Row(f"{self.last}", colour))

    def remove(self, numbers: Iterable[int]) -> None:
        for number in numbers:
            self.table.remove(f"{number}")

    def page(self, size: int, token: str | None = None, number: int = 0, scope: str = "list") -> Page[Row]:
        self.asked += 1
        assert self.asked < 1000, "this walk never ends"
        return cut(self.table.select(), Paging(size, number, token), scope, self.order)

    @property
    def numbers(self) -> list[int]:
        return [int(row.sid) for row in self.table][:: 1 if self.order == "oldest_first" else -1]

    def is_in_order(self, numbers: list[int]) -> bool:
        """Whether these are numbers of rows in the order of the list, none of them twice."""
        return numbers == sorted(set(numbers), reverse=self.order == "newest_first")


def listing_of(number: int, order: Order = "oldest_first") -> Listing:
    listing = Listing(order)
    listing.add(number)
    return listing


def numbers_of(page: Page[Row]) -> list[int]:
    return [int(row.sid) for row in page.rows]


# a list that stands still


@given(order=orders, total=st.integers(0, 40), size=sizes, number=st.integers(0, 12))
def test_a_page_number_without_a_token_is_an_offset_from_which_tokens_lead_on_and_back(
    order: Order, total: int, size: int, number: int
) -> None:
    listing = listing_of(total, order)
    all_numbers, offset = listing.numbers, number * size

    page = listing.page(size, number=number)

    assert numbers_of(page) == all_numbers[offset : offset + size]
    assert (page.number, page.size, page.token) == (number, size, None)
    assert (page.next is not None, page.previous is not None) == (total > offset + size, total > 0 and number > 0)
    if page.next is not None:
        assert numbers_of(listing.page(size, page.next, number=3)) == all_numbers[offset + size : offset + 2 * size]
    if page.previous is not None:
        before = all_numbers[max(0, min(offset, total) - size) : min(offset, total)]
        assert numbers_of(listing.page(size, page.previous)) == before


def test_only_the_rows_of_the_selection_are_paged() -> None:
    listing = Listing()
    for colour in ("red", "blue", "red", "blue", "blue", "red"):
        listing.add(colour=colour)
    blue = listing.table.select([("colour", "blue")])

    first = cut(blue, Paging(2), "blue")
    second = cut(blue, Paging(2, 1, first.next), "blue")

    assert (numbers_of(first), numbers_of(second), second.next) == ([2, 4], [5], None)


# walking a list that changes


@given(
    order=orders,
    total=st.integers(0, 40),
    before=gone,
    asked=st.lists(sizes, min_size=1, max_size=3),
    forth=st.lists(st.tuples(st.integers(0, 5), gone), max_size=40),
    back=st.lists(gone, max_size=40),
)
@settings(max_examples=200)
def test_a_walk_forth_and_back_shows_each_row_that_stays_once_whatever_comes_or_goes_between_pages(
    order: Order,
    total: int,
    before: set[int],
    asked: list[int],
    forth: list[tuple[int, set[int]]],
    back: list[set[int]],
) -> None:
    """With holes in the sequence, and with a page size that changes on the way."""
    listing = listing_of(total, order)
    listing.remove(before)
    next_size, changes, removals = cycle(asked), iter(forth), iter(back)
    at_first = set(listing.numbers)

    page = listing.page(next(next_size))
    seen = numbers_of(page)
    while page.next is not None:
        assert len(page.rows) == page.size
        added, deleted = next(changes, (5, set()))
        listing.add(added)
        listing.remove(deleted)
        page = listing.page(next(next_size), page.next)
        seen += numbers_of(page)
    assert listing.is_in_order(seen), "no row twice, none out of order"
    assert set(listing.numbers) & at_first <= set(seen) <= at_first, (
        "none lost, and none that came after the walk began"
    )

    seen = numbers_of(page)
    while page.previous is not None:
        listing.remove(next(removals, set()))
        page = listing.page(next(next_size), page.previous)
        seen = numbers_of(page) + seen
    assert listing.is_in_order(seen)
    assert set(listing.numbers) & at_first <= set(seen)


def test_a_token_outlives_every_row() -> None:
    listing = listing_of(6)
    forward = listing.page(2).next
    backward = listing.page(2, forward).previous
    listing.remove(range(1, 7))

    assert listing.page(2, forward) == Page([], 0, 2, forward, None, None)
    assert listing.page(2, backward) == Page([], 0, 2, backward, None, None)


def test_an_empty_page_leads_to_what_is_left() -> None:
    forwards, backwards = listing_of(6), listing_of(4)
    forward = forwards.page(2, forwards.page(2).next).next
    backward = backwards.page(2, backwards.page(2).next).previous
    forwards.remove((5, 6))
    backwards.remove((1, 2))

    after, before = forwards.page(2, forward), backwards.page(2, backward)

    assert (after.rows, after.next, before.rows, before.previous) == ([], None, [], None)
    assert numbers_of(forwards.page(2, after.previous)) == [3, 4]
    assert numbers_of(backwards.page(2, before.next)) == [3, 4]


@every_order
def test_an_eager_link_leads_from_a_full_last_page_to_an_empty_one(order: Order) -> None:
    selection = listing_of(4, order).table.select()

    def page(token: str | None, size: int = 2) -> Page[Row]:
        return cut(selection, Paging(size, 0, token), "list", order, "eager")

    second = page(page(None).next)
    empty = page(second.next)

    assert [len(second.rows), second.next is None, empty.rows, empty.next] == [2, False, [], None]
    assert page(empty.previous).rows == second.rows
    assert (page(None, 3).next is None, page(None, 5).next is None) == (False, True)


# tokens


@every_order
def test_a_token_is_opaque_and_fits_only_its_own_list(order: Order) -> None:
    listing = listing_of(9, order)
    page = listing.page(3, listing.page(3).next)

    assert page == listing_of(9, order).page(3, listing.page(3).next)
    for token in (page.previous, page.next):
        assert re.fullmatch("PA[0-9A-Za-z]{32}", token or "")
        with pytest.raises(InvalidPaging, match="Parameter 'PageToken' is invalid"):
            listing.page(3, token, scope="another list")


@given(
    made_up=st.text() | st.from_regex("P[AT][0-9a-f]{32}", fullmatch=True),
    at=st.integers(0, 33),
    instead=st.sampled_from("0123456789abcdefPA\u0663\ud800"),
)
def test_a_token_that_was_made_up_or_changed_is_refused(made_up: str, at: int, instead: str) -> None:
    listing = listing_of(9)
    real = listing.page(3).next or ""

    for token in {made_up or "PA", real[:at] + instead + real[at + 1 :]} - {real}:
        with pytest.raises(InvalidPaging):
            listing.page(3, token)


# reading what was asked


@pytest.mark.parametrize(
    ("query", "read"),
    [
        ({}, Paging(50, 0, None)),
        ({"PageSize": [""], "Page": [""], "PageToken": [""]}, Paging(50, 0, None)),
        ({"PageSize": ["1000"], "Page": ["7"], "PageToken": ["PA1"]}, Paging(1000, 7, "PA1")),
        ({"PageSize": ["9" * 5000], "Page": ["9" * 5000]}, Paging(1000, 10**12, None)),
        ({"PageSize": ["0" * 30 + "7", "x"], "Page": ["0" * 5000]}, Paging(7, 0, None)),
        ({"pagesize": ["3"], "page_size": ["3"]}, Paging(50, 0, None)),
    ],
)
def test_the_page_asked_for_is_read_from_the_query(query: dict[str, list[str]], read: Paging) -> None:
    assert read_paging(query, "clamp") == read


def test_an_invalid_page_is_refused_with_the_name_of_its_parameter() -> None:
    for name, value in (("PageSize", "0"), ("PageSize", "all"), ("Page", "-1"), ("Page", "0x1")):
        with pytest.raises(InvalidPaging) as raised:
            read_paging({name: [value]}, "clamp")

        assert (raised.value.message, raised.value.source) == (f"Parameter '{name}' is invalid", "D6")


# the body of a list


def spelled(row: Row) -> dict[str, Any]:
    return {"sid": row.sid}


@pytest.mark.parametrize(("number", "before"), [(3, 2), (0, 0)])
def test_a_page_in_the_middle_keeps_its_token_and_its_filters_in_every_url(number: int, before: int) -> None:
    page = Page([Row("5")], number, 1, "PAhere", "PAback", "PAon")
    filters = [("Tag", "preferred device"), ("Tag", "a&b=c/é+%"), ("Identity", "+1@x")]
    kept = "Tag=preferred%20device&Tag=a%26b%3Dc%2F%C3%A9%2B%25&Identity=%2B1%40x"

    meta = list_body("bindings", page, spelled, "https://h/v1/Services/IS1/Bindings", filters)["meta"]

    url = f"https://h/v1/Services/IS1/Bindings?{kept}&PageSize=1&Page="
    assert meta == {
        "page": number,
        "page_size": 1,
        "first_page_url": f"{url}0",
        "previous_page_url": f"{url}{before}&PageToken=PAback",
        "url": f"{url}{number}&PageToken=PAhere",
        "next_page_url": f"{url}{number + 1}&PageToken=PAon",
        "key": "bindings",
    }


@given(st.lists(st.tuples(st.sampled_from(["Tag", "Identity"]), st.text(min_size=1))))
def test_filters_can_be_read_back_from_the_urls(filters: list[tuple[str, str]]) -> None:
    body = list_body("bindings", Page([], 0, 50, None, None, None), spelled, "https://h/v1/Bindings", filters)

    expected: dict[str, list[str]] = {"PageSize": ["50"], "Page": ["0"]}
    for name, value in filters:
        expected.setdefault(name, []).append(value.encode("utf-8", "replace").decode())
    assert parse_qs(urlsplit(body["meta"]["url"]).query) == expected
