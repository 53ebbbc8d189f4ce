"""fakenotify: an in-memory fake of the Twilio Notify REST API v1.

A program that talks to ``https://notify.twilio.com/v1`` talks to ``FakeNotify`` instead and can't tell the difference.
Importing this package costs next to nothing: its names are loaded when they are first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fakenotify.account import Account
    from fakenotify.core.errors import TwilioError
    from fakenotify.fake import FakeNotify
    from fakenotify.faults.kinds import Fault
    from fakenotify.notify.behaviour import Behaviour

__all__ = ["Account", "Behaviour", "FakeNotify", "Fault", "TwilioError", "__version__"]

__version__ = "0.1.0"

_HOMES = {
    "Account": "fakenotify.account",
    "Behaviour": "fakenotify.notify.behaviour",
    "FakeNotify": "fakenotify.fake",
    "Fault": "fakenotify.faults.kinds",
    "TwilioError": "fakenotify.core.errors",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'fakenotify' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(home), name)
