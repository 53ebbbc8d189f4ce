"""Wanted values: an equal one, a regular expression that is found, or a matcher with its own ``==``."""

from __future__ import annotations

import re
from typing import Any
from unittest.mock import ANY

from fakenotify.core.matching import matches


def test_a_value_matches_what_equals_it_or_a_pattern_that_is_found_in_it() -> None:
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
