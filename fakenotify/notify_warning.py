"""The warning for what Notify ignores in silence. A module of its own, since its parent class is pytest's."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

    _Warning = pytest.PytestWarning
else:
    try:
        import pytest
    except ImportError:  # pytest is optional, and so are its warnings
        _Warning = UserWarning
    else:
        _Warning = pytest.PytestWarning


class NotifyWarning(_Warning):
    """Notify ignores something of a request in silence, or has no such URL; an error under ``fake_notify_strict``."""

    __module__ = "fakenotify"
