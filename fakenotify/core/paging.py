"""Pages of a list, newest first, cut by keyset: a token remembers a position, not a row, so it outlives its row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b
from itertools import islice
from typing import Any, Generic, Literal
from urllib.parse import quote

from fakenotify.core.errors import InvalidPaging, PageSizeTooLarge
from fakenotify.core.params import Form
from fakenotify.core.store import R, Selection

DEFAULT_SIZE = 50
LARGEST_SIZE = 1000
PAGING_NAMES = frozenset(("PageSize", "Page", "PageToken"))

_HIGHEST = 10**12


@dataclass(frozen=True, slots=True)
class Paging:
    """Which page was asked for. ``size`` 1 to 1000 rows; ``token`` wins over ``number``."""

    size: int = DEFAULT_SIZE
    number: int = 0
    token: str | None = None


@dataclass(frozen=True, slots=True)
class Page(Generic[R]):
    """A page, newest first, and the tokens of its neighbours."""

    rows: list[R]
    number: int
    size: int
    token: str | None
    previous: str | None
    next: str | None


def read_paging(query: Form, too_large: Literal["clamp", "reject"]) -> Paging:
    """Read ``PageSize``, ``Page`` and ``PageToken``. Raises ``InvalidPaging`` or ``PageSizeTooLarge``. (assumed D6)"""
    size, number = _whole(query, "PageSize", 1, DEFAULT_SIZE), _whole(query, "Page", 0, 0)
    if size > LARGEST_SIZE:
        if too_large == "reject":
            raise PageSizeTooLarge
        size = LARGEST_SIZE
    return Paging(size, number, _first(query, "PageToken") or None)


def _first(query: Form, name: str) -> str:
    return query[name][0] if name in query else ""


def _whole(query: Form, name: str, least: int, default: int) -> int:
    value = _first(query, name)
    if not value:
        return default
    if not (value.isascii() and value.isdigit()):
        raise InvalidPaging(name)
    number = min(int(value.lstrip("0")[:20] or "0"), _HIGHEST)
    if number < least:
        raise InvalidPaging(name)
    return number


def cut(selection: Selection[R], paging: Paging, scope: str) -> Page[R]:
    """Cut one page out of ``selection``. ``scope`` names the list and its filters: another list's token is invalid."""
    skipped = 0
    if paging.token is None:
        skipped = paging.number * paging.size
        found = list(islice(selection.descending(), skipped, skipped + paging.size))
        newest, oldest = _ends(found, 0, 0)
    else:
        forward, edge = _decode(paging.token, scope)
        if forward:
            found = list(islice(selection.descending(edge), paging.size))
            newest, oldest = _ends(found, edge - 1, edge)
        else:
            found = list(islice(selection.ascending(edge), paging.size))[::-1]
            newest, oldest = _ends(found, edge, edge + 1)
    has_older = any(True for _ in selection.descending(oldest))
    has_newer = (paging.token is not None or skipped > 0) and any(True for _ in selection.ascending(newest))
    return Page(
        [record for _, record in found],
        paging.number,
        paging.size,
        paging.token,
        _encode(False, newest, scope) if has_newer else None,
        _encode(True, oldest, scope) if has_older else None,
    )


def _ends(found: list[tuple[int, R]], newest: int, oldest: int) -> tuple[int, int]:
    """The sequence numbers that bound the page; of an empty one, those of the place where it was cut."""
    return (found[0][0], found[-1][0]) if found else (newest, oldest)


def _encode(forward: bool, edge: int, scope: str) -> str:
    position = f"{'a' if forward else 'b'}{edge:011x}"
    return f"PA{position}{_checksum(position, scope)}"


def _decode(token: str, scope: str) -> tuple[bool, int]:
    position, checksum = token[2:14], token[14:]
    if token[:2] != "PA" or checksum != _checksum(position, scope):
        raise InvalidPaging("PageToken")
    return position[0] == "a", int(position[1:], 16)


def _checksum(position: str, scope: str) -> str:
    text = f"{position}\0{scope}".encode("utf-8", "surrogatepass")
    return blake2b(text, digest_size=10).hexdigest()


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
