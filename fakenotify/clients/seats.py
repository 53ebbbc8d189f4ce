"""Attributes of other libraries that are replaced while calls are intercepted.

Other tools replace the same attributes, before or after, and put back what they found. So a replacement may be covered,
uncovered, put back late or thrown away; whatever remains passes every call on as soon as no interception is left.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_INNER = "fakenotify_inner"


class Seat:
    """One attribute: ``make(inner)`` gives what replaces ``inner``, the value found there."""

    def __init__(self, owner: Any, name: str, make: Callable[[Any], Any]) -> None:
        self._owner = owner
        self._name = name
        self._make = make

    def take(self) -> None:
        """Replace what is there now, unless it is a replacement of this kind already."""
        inherited = self._name not in vars(self._owner)
        inner = getattr(self._owner, self._name) if inherited else vars(self._owner)[self._name]
        if hasattr(inner, _INNER):
            return
        made = self._make(inner)
        setattr(made, _INNER, (inner, inherited))
        setattr(self._owner, self._name, made)

    def leave(self) -> None:
        """Put back what was replaced, unless another tool has covered it: that one will uncover it."""
        inner, inherited = getattr(vars(self._owner).get(self._name), _INNER, (None, None))
        if inherited is None:
            return
        if inherited:
            delattr(self._owner, self._name)
        else:
            setattr(self._owner, self._name, inner)
