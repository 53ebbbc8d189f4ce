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
    [(("a", ("b",)), {}), (("a", ("b",), 1), {}), ((), {"sid": "a", "tags": (), "code": 2}), (("a",), {"tags": ()})],
)
def test_a_quick_record_is_made_as_a_plain_one(given: tuple[Any, ...], named: dict[str, Any]) -> None:
    plain, made = Plain(*given, **named), Quick(*given, **named)

    assert (made.sid, made.tags, made.code) == (plain.sid, plain.tags, plain.code)
    assert made == replace(replace(made, sid="x"), sid=made.sid)
    assert str(signature(Quick)) == str(signature(Plain))


@pytest.mark.parametrize(("given", "named"), [((), {}), (("a",), {}), (("a", (), 1, 2), {}), (("a", ()), {"sit": "a"})])
def test_arguments_that_do_not_fit_are_refused_as_for_a_plain_one(
    given: tuple[Any, ...], named: dict[str, Any]
) -> None:
    refused = []
    for record in (Plain, Quick):
        with pytest.raises(TypeError) as raised:
            record(*given, **named)
        refused.append(str(raised.value).replace("Plain", "Quick"))
    assert refused[0] == refused[1]


def test_a_quick_record_is_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        Quick("a", ()).sid = "b"  # type: ignore[misc]
