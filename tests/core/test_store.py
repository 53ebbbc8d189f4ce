"""Tables and their order: equal to sorted lists and dicts after any operations, and never shared by accident."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

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


def table_of(*rows: Row) -> Table[Row]:
    table: Table[Row] = Table({"colour": lambda row: (row.colour,), "tag": lambda row: row.tags})
    for sequence, row in enumerate(rows, 1):
        table.add(sequence, row)
    return table


# Ordered


@pytest.fixture(scope="module", params=[1, 2, 3, 512])
def block_size(request: pytest.FixtureRequest) -> Iterator[int]:
    """Blocks so small that a few numbers fill several of them, and the real ones."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "_BLOCK", request.param)
        yield request.param


numbers = st.integers(0, 40)


@given(steps=st.lists(numbers, max_size=60), point=st.none() | st.integers(-2, 42))
@settings(deadline=None, max_examples=200)
def test_ordered_numbers_equal_a_sorted_list(block_size: int, steps: list[int], point: int | None) -> None:
    """Each step adds its number, or removes it if it is there."""
    ordered, model = Ordered(), list[int]()

    for number in steps:
        at = bisect_left(model, number)
        if number in model:
            ordered.remove(number)
            del model[at]
        else:
            ordered.add(number)
            model.insert(at, number)

        assert list(ordered.ascending()) == model
        assert list(ordered.descending()) == model[::-1]
        assert len(ordered) == len(model)
        if point is not None:
            assert list(ordered.ascending(point)) == [each for each in model if each > point]
            assert list(ordered.descending(point)) == [each for each in reversed(model) if each < point]


@given(start=st.sets(numbers), steps=st.lists(numbers, max_size=20), on_twin=st.booleans())
@settings(deadline=None, max_examples=100)
def test_a_copy_of_ordered_numbers_shares_nothing(
    block_size: int, start: set[int], steps: list[int], on_twin: bool
) -> None:
    original = Ordered(sorted(start))
    twin = original.copy()
    written, untouched = (twin, original) if on_twin else (original, twin)

    present = set(start)
    for number in steps:
        (written.remove if number in present else written.add)(number)
        present ^= {number}

    assert list(untouched.ascending()) == sorted(start)
    assert len(untouched) == len(start)
    assert list(written.ascending()) == sorted(present)
    assert len(written) == len(present)


@given(st.lists(st.integers(), unique=True))
@settings(deadline=None)
def test_ordered_numbers_come_sorted_whatever_order_they_were_given_in(given_numbers: list[int]) -> None:
    assert list(Ordered(given_numbers).ascending()) == sorted(given_numbers)


def test_many_numbers_are_walked_from_any_point_across_blocks() -> None:
    ordered = Ordered(range(2000))
    for number in range(0, 2000, 3):
        ordered.remove(number)
    left = [number for number in range(2000) if number % 3]

    for point in (-1, 0, 511, 512, 513, 1024, 1535, 1999, 2000):
        assert list(ordered.ascending(point)) == [each for each in left if each > point]
        assert list(ordered.descending(point)) == [each for each in reversed(left) if each < point]


# Table


def test_an_empty_table_has_nothing() -> None:
    table = table_of()

    assert list(table) == list(table.items()) == table.under("colour", "red") == []
    assert len(table) == table.count("colour", "red") == 0
    assert table.one("colour", "red") is None
    assert table.get("a") is None
    assert table.remove("a") is None
    assert "a" not in table
    assert list(table.select().ascending()) == list(table.select().descending()) == []


def test_records_come_in_the_order_of_their_sequence_numbers() -> None:
    table = table_of()
    table.add(7, Row("c"))
    table.add(3, Row("a"))
    table.add(5, Row("b"))

    assert list(table) == [Row("a"), Row("b"), Row("c")]
    assert list(table.items()) == [(3, Row("a")), (5, Row("b")), (7, Row("c"))]
    assert table.row(5) == Row("b")
    assert table.sequence("b") == 5


def test_a_replaced_record_keeps_its_place_and_changes_its_keys() -> None:
    table = table_of(Row("a", "red", ("vip",)), Row("b", "red"), Row("c", "blue", ("vip",)))

    table.replace(Row("a", "blue", ("vip", "new")))

    assert list(table) == [Row("a", "blue", ("vip", "new")), Row("b", "red"), Row("c", "blue", ("vip",))]
    assert table.under("colour", "red") == [Row("b", "red")]
    assert [row.sid for row in table.under("colour", "blue")] == ["a", "c"]
    assert [row.sid for row in table.under("tag", "new")] == ["a"]
    table.check()


def test_one_is_the_oldest_under_a_key() -> None:
    table = table_of(Row("a", "red"), Row("b", "blue"), Row("c", "blue"))

    assert table.one("colour", "red") == Row("a", "red")
    assert table.one("colour", "blue") == Row("b", "blue")


def test_a_removed_record_comes_back_from_remove_and_from_nowhere_else() -> None:
    table = table_of(Row("a", "red", ("vip",)), Row("b"))

    assert table.remove("a") == Row("a", "red", ("vip",))

    assert list(table) == [Row("b")]
    assert "a" not in table
    assert table.get("a") is None
    assert table.under("tag", "vip") == []
    assert table.remove("a") is None


def test_a_selection_joins_its_candidates_in_one_order_and_lets_only_the_accepted_pass() -> None:
    table = table_of(Row("a", "red"), Row("b", "blue"), Row("c", "green"), Row("d", "red"), Row("e", "blue"))

    chosen = table.select([("colour", "blue"), ("colour", "red"), ("colour", "violet")], lambda row: row.sid != "d")

    assert [row.sid for _, row in chosen.ascending()] == ["a", "b", "e"]
    assert [row.sid for _, row in chosen.descending()] == ["e", "b", "a"]
    assert [row.sid for _, row in chosen.ascending(after=1)] == ["b", "e"]
    assert [row.sid for _, row in chosen.descending(before=5)] == ["b", "a"]


def test_a_selection_of_no_candidates_is_empty_and_one_without_candidates_is_everything() -> None:
    table = table_of(Row("a"), Row("b"))

    assert list(table.select([]).ascending()) == list(table.select([]).descending()) == []
    assert list(table.select().descending()) == [(2, Row("b")), (1, Row("a"))]


def test_a_table_without_indexes_needs_none() -> None:
    table: Table[Row] = Table()
    table.add(1, Row("a"))

    table.replace(Row("a", "blue"))

    assert list(table) == [Row("a", "blue")]
    table.check()


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (lambda table: table._indexes["colour"].pop("red"), "index colour"),
        (lambda table: table._indexes["tag"].update(new=1), "index tag"),
        (lambda table: table._order.remove(2), "order"),
        (lambda table: table._sequences.update(c=2), "sids"),
    ],
)
def test_check_tells_what_is_not_as_it_was_computed(spoil: Callable[[Table[Row]], object], complaint: str) -> None:
    table = table_of(Row("a", "red", ("vip",)), Row("b", "red"))
    table.check()

    spoil(table)

    with pytest.raises(AssertionError, match=complaint):
        table.check()


class Tables(RuleBasedStateMachine):
    """Several tables, some made from others by ``share``, each beside a dict that holds what it should."""

    tables = Bundle("tables")

    def __init__(self) -> None:
        super().__init__()
        self.pairs: list[tuple[Table[Row], dict[int, Row]]] = []

    def made(self, table: Table[Row], rows: dict[int, Row]) -> int:
        self.pairs.append((table, rows))
        return len(self.pairs) - 1

    @initialize(target=tables)
    def begin(self) -> int:
        return self.made(table_of(), {})

    @rule(
        at=tables,
        sequence=st.integers(1, 30),
        colour=st.sampled_from(COLOURS),
        tags=st.lists(st.sampled_from(TAGS), unique=True).map(tuple),
    )
    def add_or_replace(self, at: int, sequence: int, colour: str, tags: tuple[str, ...]) -> None:
        """The sid says the sequence number, so a sequence number in use means a replacement."""
        table, rows = self.pairs[at]
        row = Row(f"sid {sequence}", colour, tags)
        if sequence in rows:
            table.replace(row)
        else:
            table.add(sequence, row)
        rows[sequence] = row

    @rule(at=tables, sequence=st.integers(1, 30))
    def remove(self, at: int, sequence: int) -> None:
        table, rows = self.pairs[at]
        assert table.remove(f"sid {sequence}") == rows.pop(sequence, None)

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
            assert list(table) == ordered
            assert list(table.items()) == sorted(rows.items())
            assert len(table) == len(rows)
            assert {row.sid: table.get(row.sid) for row in ordered} == {row.sid: row for row in ordered}
            for index, keys in (("colour", COLOURS), ("tag", TAGS)):
                for key in keys:
                    under = [row for row in ordered if key == row.colour or key in row.tags]
                    assert table.under(index, key) == under
                    assert table.count(index, key) == len(under)
                    assert table.one(index, key) == (under[0] if under else None)


TestTables = Tables.TestCase
TestTables.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


@pytest.mark.parametrize("writer", ["original", "twin"])
def test_a_write_to_one_side_of_a_share_is_not_seen_on_the_other(writer: str) -> None:
    original = table_of(Row("a", "red", ("vip",)), Row("b", "red", ("vip",)), Row("c", "blue"))
    before = list(original)
    twin = original.share()
    written, untouched = (original, twin) if writer == "original" else (twin, original)

    written.add(4, Row("d", "red", ("vip",)))
    written.replace(replace(before[0], colour="blue"))
    written.remove("b")

    assert list(untouched) == before
    assert untouched.under("tag", "vip") == before[:2]
    assert untouched.under("colour", "blue") == [Row("c", "blue")]
    assert [row.sid for row in written] == ["a", "c", "d"]
    untouched.check()
    written.check()


def test_a_share_of_a_share_is_as_apart_as_any() -> None:
    first = table_of(Row("a"))
    second = first.share()
    third = second.share()

    second.remove("a")
    third.add(2, Row("b"))

    assert [list(first), list(second), list(third)] == [[Row("a")], [], [Row("a"), Row("b")]]


def test_removing_nothing_from_a_share_copies_nothing() -> None:
    original = table_of(Row("a"))
    twin = original.share()

    twin.remove("no such sid")

    assert twin._rows is original._rows


def test_trim_takes_the_oldest_until_enough_are_left() -> None:
    table = table_of(Row("a"), Row("b", tags=("vip",)), Row("c"))
    table.trim(3)
    assert [row.sid for row in table] == ["a", "b", "c"]
    table.trim(1)
    assert [row.sid for row in table] == ["c"]
    assert table.under("tag", "vip") == []
    table.check()


def test_a_weighed_table_knows_its_bytes_and_can_be_shrunk_but_for_its_newest_row() -> None:
    heard: list[int] = []
    table: Table[Row] = Table({}, lambda row: len(row.sid), heard.append)
    for sequence, sid in enumerate(("aaaa", "bb", "cccccc"), 1):
        table.add(sequence, Row(sid))
    twin = table.share()

    table.remove("bb")
    assert (table.bytes, heard) == (10, [4, 2, 6])
    table.shrink(5)
    table.check()

    assert ([row.sid for row in table], table.bytes, table.dropped) == (["cccccc"], 6, 1)
    assert (len(twin), twin.bytes) == (3, 12)
