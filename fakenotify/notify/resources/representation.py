"""What the resources share: reading one, its fields on the wire, and the spelling of dates and of path segments."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import fields
from datetime import datetime
from functools import lru_cache
from operator import attrgetter
from typing import Any, TypeVar
from urllib.parse import quote

R = TypeVar("R")
_UNRESERVED = re.compile("[A-Za-z0-9_.~-]*")


def fetch(account: Any, record: R) -> R:
    """Read what the path names. (documented)"""
    return record


@lru_cache(maxsize=256)
def timestamp(moment: datetime) -> str:
    """``YYYY-MM-DDTHH:MM:SSZ``, UTC, no fraction. (observed)"""
    return f"{moment:%Y}".zfill(4) + f"{moment:-%m-%dT%H:%M:%SZ}"


@lru_cache(maxsize=256)
def segment(value: str) -> str:
    """A value as one segment of a URL's path, a space as ``%20``. (sample)"""
    return value if _UNRESERVED.fullmatch(value) else quote(value, safe="", errors="replace")


def members(record: Any, *hidden: str) -> Callable[[Any], dict[str, Any]]:
    """Makes the function that shows a record of this class: all fields but the ``hidden`` ones, in their order."""
    names = [field.name for field in fields(record) if field.name not in hidden]
    dates = [name for name in names if name.startswith("date_")]
    values = attrgetter(*names)

    def show(record: Any) -> dict[str, Any]:
        shown = dict(zip(names, values(record), strict=True))
        for name in dates:
            shown[name] = timestamp(shown[name])
        return shown

    return show
