"""Wanted values: equal, found by a regular expression, or whatever says so by ``==``."""

from __future__ import annotations

import re
from typing import Any
from unittest.mock import ANY

import pytest

from fakenotify.core.matching import matches


@pytest.mark.parametrize(
    ("wanted", "actual", "found"),
    [
        ("alice", "alice", True),
        ("alice", "malice", False),
        (re.compile("lic"), "alice", True),
        (re.compile("^lic"), "alice", False),
        (re.compile("None"), None, False),
        (re.compile(b"lic"), "alice", False),
        (ANY, None, True),
        (re.compile("a"), re.compile("a"), True),
        (52001, 52001, True),
    ],
)
def test_a_wanted_value_is_equal_or_a_pattern_that_is_found_or_says_so_itself(
    wanted: Any, actual: Any, found: bool
) -> None:
    assert matches(wanted, actual) is found
