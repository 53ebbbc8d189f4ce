"""Sids: two letters and 32 lower-case hex digits, from a seeded generator, so that equal runs give equal sids."""

from __future__ import annotations

import re
from functools import cache
from hashlib import blake2b

_HEX_32 = "[0-9a-fA-F]{32}"


class SidGenerator:
    """Makes sids such as ``BS9f60…``; the same ``seed`` and calls give the same sids.

    A sid is a hash of the seed and of how many came before, so a generator is two small values that a snapshot keeps.
    """

    __slots__ = ("_key", "_made")

    def __init__(self, seed: int | str) -> None:
        self._key = blake2b(str(seed).encode("utf-8", "surrogatepass"), digest_size=32).digest()
        self._made = 0

    def new(self, prefix: str) -> str:
        """Make a sid with the two letters ``prefix``."""
        self._made += 1
        return prefix + blake2b(self._made.to_bytes(8, "big"), digest_size=16, key=self._key).hexdigest()

    def copy(self) -> SidGenerator:
        """A generator that makes the same sids from here on."""
        twin = object.__new__(SidGenerator)
        twin._key, twin._made = self._key, self._made
        return twin

    def resume(self, other: SidGenerator) -> None:
        """Continue after ``other``, so that its sids are not made again."""
        self._made = max(self._made, other._made) if self._key == other._key else other._made
        self._key = other._key


@cache
def sid_pattern(prefix: str) -> re.Pattern[str]:
    """The pattern of the sids that begin with ``prefix``. (documented)"""
    return re.compile(prefix + _HEX_32)


def is_sid(text: str, prefix: str) -> bool:
    """Whether ``text`` is a sid with the two letters ``prefix``."""
    return sid_pattern(prefix).fullmatch(text) is not None
