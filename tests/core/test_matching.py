"""Wanted values: equal, found by a regular expression, or whatever says so by ``==``."""

from __future__ import annotations

import re
from typing import Any
from unittest.mock import ANY

from fakenotify.core.matching import matches


def test_a_wanted_value_is_equal_or_a_pattern_that_is_found_or_says_so_itself() -> None:
    table: list[tuple[Any, Any, bool]] = [
        ("alice", "alice", True),
        ("alice", "malice", False),
        (re.compile("lic"), "alice", True),
        (re.compile("^lic"), "alice", False),
        (re.compile("None"), None, False),
        (re.compile(b"lic"), "alice", False),
        (ANY, None, True),
        (re.compile("a"), re.compile("a"), True),
        (52001, 52001, True),
    ]

    assert [(wanted, actual, matches(wanted, actual)) for wanted, actual, _ in table] == table
