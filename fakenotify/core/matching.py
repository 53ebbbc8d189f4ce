"""Comparing a value with what the tester expects: by ``==``, or by a regular expression."""

from __future__ import annotations

import re
from typing import Any


def matches(wanted: Any, actual: Any) -> bool:
    """Whether ``actual`` is what was ``wanted``.

    A compiled regular expression is searched for in a text. Everything else is compared by ``==`` with the
    wanted value on the left, so that ``mock.ANY`` works.
    """
    if isinstance(wanted, re.Pattern) and isinstance(wanted.pattern, str) and isinstance(actual, str):
        return wanted.search(actual) is not None
    return bool(wanted == actual)
