"""What a tester wants a value to be: equal, found by a regular expression, or anything that says so by ``==``."""

from __future__ import annotations

import re
from typing import Any


def matches(wanted: Any, actual: Any) -> bool:
    """Whether ``actual`` is what was ``wanted``.

    A compiled regular expression is searched for in a text. Everything else is asked by ``==``, the wanted side first,
    so that ``mock.ANY`` and the like can answer.
    """
    if isinstance(wanted, re.Pattern) and isinstance(wanted.pattern, str) and isinstance(actual, str):
        return wanted.search(actual) is not None
    return bool(wanted == actual)
