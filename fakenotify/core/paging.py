"""Pages of a list, cut by keyset: a token remembers a position, not a row, so it outlives its row. (D6)

It also remembers where the list ended on the first page, so that reading all pages ends even if rows keep being added.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from itertools import islice, takewhile
from typing import Any, Generic, Literal
from urllib.parse import quote

from fakenotify.core.errors import InvalidPaging, PageSizeTooLarge, PageTokenMissing
from fakenotify.core.params import Form, Param, Params
from fakenotify.core.store import R, Selection
from fakenotify.core.values import Integer, Text

DEFAULT_SIZE = 50
LARGEST_SIZE = 1000
PAGING = Params(
    InvalidPaging,
    Param("PageSize", "size", Integer(1, decision="D6"), default=DEFAULT_SIZE, source="OAI; above 1000: D6"),
    Param("Page", "number", Integer(0, decision="D6"), default=0, source="OAI; without a token: D6"),
    Param("PageToken", "token", Text("text; what the links of a page carry"), source="OAI"),
)
"""The parameters that every list takes."""
PAGING_NAMES = PAGING.names

Order = Literal["oldest_first", "newest_first"]

_BEYOND = 16**9 - 1
"""A sequence number that no row reaches."""


@dataclass(frozen=True, slots=True)
class Paging:
    """The page that was asked for, of 1 to 1000 rows. ``token`` takes precedence over ``number``."""

    size: int = DEFAULT_SIZE
    number: int = 0
    token: str | None = None


@dataclass(frozen=True, slots=True)
class Page(Generic[R]):
    """A page and the tokens of its neighbours."""

    rows: list[R]
    number: int
    size: int
    token: str | None
    previous: str | None
    next: str | None


def read_paging(
    query: Form, too_large: Literal["clamp", "reject"] = "clamp", without_token: Literal["offset", "reject"] = "offset"
) -> Paging:
    """Read ``PageSize``, ``Page`` and ``PageToken``. (assumed D6)

    Raises ``InvalidPaging``, and by the two switches ``PageSizeTooLarge`` and ``PageTokenMissing``.
    """
    values = PAGING.parse(query)
    if values["size"] > LARGEST_SIZE:
        if too_large == "reject":
            raise PageSizeTooLarge
        values["size"] = LARGEST_SIZE
    if values["number"] and values["token"] is None and without_token == "reject":
        raise PageTokenMissing
    return Paging(**values)


def cut(
    selection: Selection[R],
    paging: Paging,
    scope: str,
    order: Order = "oldest_first",
    next_link: Literal["exact", "eager"] = "exact",
) -> Page[R]:
    """Cut one page out of ``selection``. ``scope`` names the list and its filters: another list's token is invalid.

    An ``eager`` link leads on from every full page, even where no row follows.
    """
    ascending = order == "oldest_first"
    step, end = (1, _BEYOND) if ascending else (-1, 0)
    back = selection.descending if ascending else selection.ascending
    if paging.token is None:
        until, start = selection.newest(), paging.number * paging.size
        found = list(islice(_onward(selection, ascending, until), start, start + paging.size))
        first, last = _ends(found, end, end)
    else:
        forward, edge, until = _decode(paging.token, scope)
        if forward:
            found = list(islice(_onward(selection, ascending, until, edge), paging.size))
            first, last = _ends(found, edge + step, edge)
        else:
            found = list(islice(back(edge), paging.size))[::-1]
            first, last = _ends(found, edge, edge - step)
    full = next_link == "eager" and len(found) == paging.size
    leads_on = full or any(True for _ in _onward(selection, ascending, until, last))
    leads_back = (paging.token is not None or paging.number > 0) and any(True for _ in back(first))
    return Page(
        [record for _, record in found],
        paging.number,
        paging.size,
        paging.token,
        _encode(False, first, until, scope) if leads_back else None,
        _encode(True, last, until, scope) if leads_on else None,
    )


def _onward(selection: Selection[R], ascending: bool, until: int, edge: int | None = None) -> Iterator[tuple[int, R]]:
    """The rows after ``edge`` in the order of the list; those that came after the walk had begun are not part of it."""
    if not ascending:
        return selection.descending(edge)
    return takewhile(lambda item: item[0] <= until, selection.ascending(edge))


def _ends(found: list[tuple[int, R]], first: int, last: int) -> tuple[int, int]:
    """The sequence numbers that bound the page; of an empty one, those of the place where it was cut."""
    return (found[0][0], found[-1][0]) if found else (first, last)


def _encode(forward: bool, edge: int, until: int, scope: str) -> str:
    position = f"{'a' if forward else 'b'}{edge:09x}{until:09x}"
    return f"PA{position}{_checksum(position, scope)}"


def _decode(token: str, scope: str) -> tuple[bool, int, int]:
    position, checksum = token[2:21], token[21:]
    if token[:2] != "PA" or checksum != _checksum(position, scope):
        raise InvalidPaging("PageToken")
    return position[0] == "a", int(position[1:10], 16), int(position[10:], 16)


def _checksum(position: str, scope: str) -> str:
    text = f"{position}\0{scope}".encode("utf-8", "surrogatepass")
    return blake2b(text, digest_size=7).hexdigest()[:13]


def list_body(
    key: str, page: Page[R], represent: Callable[[R], dict[str, Any]], url: str, filters: list[tuple[str, str]]
) -> dict[str, Any]:
    """The body of a list: the rows under ``key``, and ``meta`` with its seven keys. (observed)"""
    kept = "".join(f"{name}={quote(value, safe='', errors='replace')}&" for name, value in filters)
    first = f"{url}?{kept}PageSize={page.size}&Page="
    here = f"{first}{page.number}"
    return {
        key: [represent(row) for row in page.rows],
        "meta": {
            "page": page.number,
            "page_size": page.size,
            "first_page_url": f"{first}0",
            "previous_page_url": (
                f"{first}{max(page.number - 1, 0)}&PageToken={page.previous}" if page.previous else None
            ),
            "url": f"{here}&PageToken={page.token}" if page.token else here,
            "next_page_url": f"{first}{page.number + 1}&PageToken={page.next}" if page.next else None,
            "key": key,
        },
    }
