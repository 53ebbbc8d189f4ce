"""What a resource shows of its record: fields under their own names, in the order of the record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from operator import attrgetter
from typing import Any

from fakenotify.notify.resources.representation import timestamp


def members(record: Any, *hidden: str) -> Callable[[Any], dict[str, Any]]:
    """Makes the function that shows a record of this class, all of its fields but the ``hidden`` ones."""
    names = [field.name for field in fields(record) if field.name not in hidden]
    dates = [name for name in names if name.startswith("date_")]
    values = attrgetter(*names)

    def show(record: Any) -> dict[str, Any]:
        shown = dict(zip(names, values(record), strict=True))
        for name in dates:
            shown[name] = timestamp(shown[name])
        return shown

    return show
