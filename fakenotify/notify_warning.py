"""The warning for input that Notify ignores silently. It has its own module because its base class is pytest's."""

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
    """Notify silently ignores a part of a request, or has no such URL; an error under ``fake_notify_strict``."""

    __module__ = "fakenotify"
