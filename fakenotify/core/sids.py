"""Sids: two letters and 32 lower-case hex digits, from a seeded generator, so that equal runs give equal sids."""

from __future__ import annotations

import random
import re
from functools import cache

_HEX_32 = "[0-9a-fA-F]{32}"


class SidGenerator:
    """Makes sids such as ``BS9f60…``; the same ``seed`` and calls give the same sids."""

    __slots__ = ("_bits",)

    def __init__(self, seed: int | str) -> None:
        self._bits = random.Random(seed).getrandbits

    def new(self, prefix: str) -> str:
        """Make a sid with the two letters ``prefix``."""
        return f"{prefix}{self._bits(128):032x}"


@cache
def sid_pattern(prefix: str) -> re.Pattern[str]:
    """The pattern of the sids that begin with ``prefix``. (documented)"""
    return re.compile(prefix + _HEX_32)


def is_sid(text: str, prefix: str) -> bool:
    """Tell whether ``text`` is a sid with the two letters ``prefix``."""
    return sid_pattern(prefix).fullmatch(text) is not None
