"""Tables and their order: equal to dicts and sorted lists after any operations, and never shared by accident."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, rule

from fakenotify.core import store
from fakenotify.core.store import Ordered, Table

COLOURS = ("red", "green", "blue")
TAGS = ("vip", "new", "old")


@dataclass(frozen=True)
class Row:
    sid: str
    colour: str = "red"
    tags: tuple[str, ...] = ()
    size: int = 0


def empty_table(heard: list[int]) -> Table[Row]:
    return Table({"colour": lambda row: (row.colour,), "tag": lambda row: row.tags}, lambda row: row.size, heard.append)


def table_of(*rows: Row) -> Table[Row]:
    table = empty_table([])
    for sequence, row in enumerate(rows, 1):
        table.add(sequence, row)
    return table


# Ordered


@pytest.fixture(scope="module", params=[1, 2, 3])
def block_size(request: pytest.FixtureRequest) -> Iterator[int]:
    """Blocks so small that a few numbers fill several of them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "_BLOCK", request.param)
        yield request.param


@given(
    start=st.lists(st.integers(0, 40), unique=True),
    steps=st.lists(st.integers(0, 40), max_size=60),
    point=st.integers(-2, 42),
    on_twin=st.booleans(),
)
def test_ordered_numbers_equal_a_sorted_list_and_a_copy_shares_nothing(
    block_size: int, start: list[int], steps: list[int], point: int, on_twin: bool
) -> None:
    """Each step adds its number, or removes it if it is there."""
    original = Ordered(start)
    twin = original.copy()
    ordered, untouched = (twin, original) if on_twin else (original, twin)
    model = sorted(start)

    for number in steps:
        at = bisect_left(model, number)
        if number in model:
            ordered.remove(number)
            del model[at]
        else:
            ordered.add(number)
            model.insert(at, number)

        assert (list(ordered.ascending()), list(ordered.descending())) == (model, model[::-1])
        assert len(ordered) == len(model)
        assert list(ordered.ascending(point)) == [each for each in model if each > point]
        assert list(ordered.descending(point)) == [each for each in reversed(model) if each < point]

    assert (list(untouched.ascending()), len(untouched)) == (sorted(start), len(start))


# Table


class Tables(RuleBasedStateMachine):
    """Several tables, some made from others by ``share``, each beside a dict that holds what it should."""

    tables = Bundle("tables")

    def __init__(self) -> None:
        super().__init__()
        self.pairs: list[tuple[Table[Row], dict[int, Row]]] = []
        self.heard: list[int] = []

    def made(self, table: Table[Row], rows: dict[int, Row]) -> int:
        self.pairs.append((table, rows))
        return len(self.pairs) - 1

    @initialize(target=tables)
    def begin(self) -> int:
        return self.made(empty_table(self.heard), {})

    @rule(
        at=tables,
        sequence=st.integers(1, 30),
        colour=st.sampled_from(COLOURS),
        tags=st.lists(st.sampled_from(TAGS), unique=True).map(tuple),
        size=st.integers(0, 9),
    )
    def add_or_replace(self, at: int, sequence: int, colour: str, tags: tuple[str, ...], size: int) -> None:
        """The sid contains the sequence number, so a sequence number in use means a replacement."""
        table, rows = self.pairs[at]
        row = Row(f"sid {sequence}", colour, tags, size)
        if sequence in rows:
            table.replace(row)
        else:
            table.add(sequence, row)
        grown = size - rows[sequence].size if sequence in rows else size
        assert self.heard[-1] == grown, "every table reports its growth to the owner of the first"
        rows[sequence] = row

    @rule(at=tables, sequence=st.integers(1, 30))
    def remove(self, at: int, sequence: int) -> None:
        table, rows = self.pairs[at]
        assert table.remove(f"sid {sequence}") == rows.pop(sequence, None)

    @rule(at=tables, most=st.integers(0, 30), by_size=st.booleans())
    def drop_the_oldest(self, at: int, most: int, by_size: bool) -> None:
        table, rows = self.pairs[at]
        before = table.dropped + len(rows)
        if by_size:
            table.shrink(most)
            while len(rows) > 1 and sum(row.size for row in rows.values()) > most:
                del rows[min(rows)]
        else:
            table.trim(most)
            while len(rows) > most:
                del rows[min(rows)]
        assert table.dropped == before - len(rows)

    @rule(target=tables, at=tables)
    def share(self, at: int) -> object:
        if len(self.pairs) == 4:
            return multiple()
        table, rows = self.pairs[at]
        return self.made(table.share(), rows.copy())

    @rule(
        at=tables,
        colours=st.none() | st.lists(st.sampled_from((*COLOURS, "violet")), unique=True),
        tag=st.none() | st.sampled_from(TAGS),
        point=st.none() | st.integers(0, 31),
    )
    def select(self, at: int, colours: list[str] | None, tag: str | None, point: int | None) -> None:
        table, rows = self.pairs[at]
        candidates = None if colours is None else [("colour", colour) for colour in colours]
        chosen = table.select(candidates, None if tag is None else lambda row: tag in row.tags)
        expected = [
            (sequence, row)
            for sequence, row in sorted(rows.items())
            if (colours is None or row.colour in colours) and (tag is None or tag in row.tags)
        ]
        assert list(chosen.ascending(point)) == [each for each in expected if point is None or each[0] > point]
        assert list(chosen.descending(point)) == [each for each in expected[::-1] if point is None or each[0] < point]

    @invariant()
    def every_table_equals_its_dict(self) -> None:
        for table, rows in self.pairs:
            table.check()
            ordered = [rows[sequence] for sequence in sorted(rows)]
            assert (list(table), list(table.items()), len(table)) == (ordered, sorted(rows.items()), len(rows))
            assert table.bytes == sum(row.size for row in ordered)
            for sequence in range(1, 31):
                sid, row = f"sid {sequence}", rows.get(sequence)
                assert (table.get(sid), sid in table) == (row, row is not None)
                if row is not None:
                    assert (table.row(sequence), table.sequence(sid)) == (row, sequence)
            for index, keys in (("colour", COLOURS), ("tag", TAGS)):
                for key in keys:
                    under = [row for row in ordered if key == row.colour or key in row.tags]
                    assert (table.under(index, key), table.count(index, key)) == (under, len(under))
                    assert table.one(index, key) == (under[0] if under else None)


TestTables = Tables.TestCase
TestTables.settings = settings(max_examples=60, stateful_step_count=40)


def test_a_table_without_indexes_or_sizes_needs_none() -> None:
    table: Table[Row] = Table()
    table.add(1, Row("a"))
    table.replace(Row("a", "blue"))
    table.check()

    assert (list(table), table.remove("a"), len(table)) == ([Row("a", "blue")], Row("a", "blue"), 0)


def test_removing_nothing_from_a_share_copies_nothing() -> None:
    original = table_of(Row("a"))
    twin = original.share()

    twin.remove("no such sid")

    assert twin._rows is original._rows


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (lambda table: table._indexes["colour"].pop("red"), "index colour"),
        (lambda table: table._indexes["tag"].update(new=1), "index tag"),
        (lambda table: table._order.remove(2), "order"),
        (lambda table: table._sequences.update(c=2), "sids"),
    ],
)
def test_check_names_what_differs_from_its_recomputation(spoil: Callable[[Table[Row]], object], complaint: str) -> None:
    table = table_of(Row("a", "red", ("vip",)), Row("b", "red"))
    spoil(table)

    with pytest.raises(AssertionError, match=complaint):
        table.check()
