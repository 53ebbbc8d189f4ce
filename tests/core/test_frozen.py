"""Records that are quick to make are made as those of ``dataclasses``."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, dataclass, replace
from inspect import signature
from typing import Any

import pytest

from fakenotify.core.frozen import quick


@dataclass(frozen=True, slots=True)
class Plain:
    sid: str
    tags: tuple[str, ...]
    code: int | None = None


@quick
@dataclass(frozen=True, slots=True)
class Quick:
    sid: str
    tags: tuple[str, ...]
    code: int | None = None


@pytest.mark.parametrize(
    ("given", "named"),
    [
        *(
            (("a", ("b",)), {}),
            (("a", ("b",), 1), {}),
            ((), {"sid": "a", "tags": (), "code": 2}),
            (("a",), {"tags": ()}),
        ),
        *(((), {}), (("a",), {}), (("a", (), 1, 2), {}), (("a", ()), {"sit": "a"})),
    ],
)
def test_a_quick_record_is_made_or_refused_as_a_plain_one(given: tuple[Any, ...], named: dict[str, Any]) -> None:
    made = []
    for record in (Plain, Quick):
        try:
            made.append(repr(record(*given, **named)))
        except TypeError as error:
            made.append(str(error))

    assert made[1] == made[0].replace("Plain", "Quick")
    assert str(signature(Quick)) == str(signature(Plain))


def test_a_quick_record_is_frozen_and_can_be_copied_with_changes() -> None:
    assert replace(Quick("a", ("b",), 1), sid="c") == Quick("c", ("b",), 1)
    with pytest.raises(FrozenInstanceError):
        Quick("a", ()).sid = "b"  # type: ignore[misc]
