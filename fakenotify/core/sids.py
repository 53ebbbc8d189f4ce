"""Sids: two letters and 32 lower-case hex digits, from a seeded generator, so that equal runs give equal sids."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from hashlib import blake2b

_HEX_32 = "[0-9a-fA-F]{32}"


class SidGenerator:
    """Makes sids such as ``BS9f60…``; the same ``seed`` and calls give the same sids.

    A sid is a hash of the seed and of how many came before, so a generator is two small values that a snapshot keeps.
    It has no lock of its own: an account's is used by the thread that holds the account's lock.
    """

    __slots__ = ("_hash", "_made", "_seed")

    def __init__(self, seed: int | str) -> None:
        self._seed = str(seed)
        self._made = 0
        self._hash: blake2b | None = None

    def new(self, prefix: str) -> str:
        """Make a sid with the two letters ``prefix``."""
        if self._hash is None:  # a new world makes generators that it may never need
            self._hash = _hash_of(self._seed)
        self._made = number = self._made + 1
        made = self._hash.copy()
        made.update(number.to_bytes(8, "big"))
        return prefix + made.hexdigest()

    def copy(self) -> SidGenerator:
        """A generator that makes the same sids from here on."""
        twin = SidGenerator(self._seed)
        twin._made = self._made
        return twin

    def resume(self, other: SidGenerator) -> None:
        """Continue after ``other``, so that its sids are not made again."""
        self._made = max(self._made, other._made) if self._seed == other._seed else other._made
        self._seed, self._hash = other._seed, None


@lru_cache(maxsize=64)
def _hash_of(seed: str) -> blake2b:
    """The state of the hash before anything is hashed: each test's world begins with the same seed."""
    key = blake2b(seed.encode("utf-8", "surrogatepass"), digest_size=32).digest()
    return blake2b(digest_size=16, key=key)


@cache
def sid_pattern(prefix: str) -> re.Pattern[str]:
    """The pattern of the sids that begin with ``prefix``. (documented)"""
    return re.compile(prefix + _HEX_32)


def is_sid(text: str, prefix: str) -> bool:
    """Whether ``text`` is a sid with the two letters ``prefix``."""
    return sid_pattern(prefix).fullmatch(text) is not None
