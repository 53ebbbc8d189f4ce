"""Attributes of other libraries that are replaced while calls are intercepted.

Other tools replace the same attributes, before or after, and restore what they found. So a replacement may be wrapped,
unwrapped, restored late or discarded; one that remains passes every call on when nothing intercepts any more.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_INNER = "fakenotify_inner"


class Replacement:
    """Replaces the attribute ``name`` of ``owner`` by ``make(inner)``, where ``inner`` is the value found there."""

    def __init__(self, owner: Any, name: str, make: Callable[[Any], Any]) -> None:
        self._owner = owner
        self._name = name
        self._make = make

    def apply(self) -> None:
        """Replace the current value, unless it is already a replacement."""
        inherited = self._name not in vars(self._owner)
        inner = getattr(self._owner, self._name) if inherited else vars(self._owner)[self._name]
        if hasattr(inner, _INNER):
            return
        made = self._make(inner)
        setattr(made, _INNER, (inner, inherited))
        setattr(self._owner, self._name, made)

    def undo(self) -> None:
        """Restore what was replaced, unless another tool has wrapped it and will restore it itself."""
        inner, inherited = getattr(vars(self._owner).get(self._name), _INNER, (None, None))
        if inherited is None:
            return
        if inherited:
            delattr(self._owner, self._name)
        else:
            setattr(self._owner, self._name, inner)
