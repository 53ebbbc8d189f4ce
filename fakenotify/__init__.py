"""fakenotify: an in-memory fake of the Twilio Notify REST API v1.

A program that talks to ``https://notify.twilio.com/v1`` talks to ``FakeNotify`` instead and can't tell the difference.
Importing this package is cheap: its names are loaded when they are first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fakenotify.account import Account as Account
    from fakenotify.clients.active import UnexpectedTwilioCall as UnexpectedTwilioCall
    from fakenotify.clients.active import UninterceptedCall as UninterceptedCall
    from fakenotify.core.errors import TwilioError as TwilioError
    from fakenotify.fake import FakeNotify as FakeNotify
    from fakenotify.faults.kinds import Fault as Fault
    from fakenotify.notify.behaviour import Behaviour as Behaviour
    from fakenotify.notify.journal import Request as Request
    from fakenotify.notify.records import Alert as Alert
    from fakenotify.notify.records import Attempt as Attempt
    from fakenotify.notify.records import Binding as Binding
    from fakenotify.notify.records import Callback as Callback
    from fakenotify.notify.records import Credential as Credential
    from fakenotify.notify.records import Delivery as Delivery
    from fakenotify.notify.records import Notification as Notification
    from fakenotify.notify.records import Records as Records
    from fakenotify.notify.records import Segment as Segment
    from fakenotify.notify.records import Service as Service
    from fakenotify.notify.records import User as User
    from fakenotify.notify_warning import NotifyWarning as NotifyWarning

__version__ = "0.1.0"

_HOMES = {
    name: f"fakenotify.{module}"
    for module, names in {
        "account": "Account",
        "clients.active": "UnexpectedTwilioCall UninterceptedCall",
        "core.errors": "TwilioError",
        "fake": "FakeNotify",
        "faults.kinds": "Fault",
        "notify.behaviour": "Behaviour",
        "notify.journal": "Request",
        "notify.records": "Alert Attempt Binding Callback Credential Delivery Notification Records Segment Service "
        "User",
        "notify_warning": "NotifyWarning",
    }.items()
    for name in names.split()
}
"""The module of each name."""

__all__ = sorted([*_HOMES, "__version__"])  # type checkers know the names by the imports above


if not TYPE_CHECKING:  # or type checkers would know every name

    def __getattr__(name: str) -> Any:
        home = _HOMES.get(name)
        if home is None:
            from fakenotify.core.params import did_you_mean  # start-up time: only mistakes need it

            hint = "" if name.startswith("_") else did_you_mean(name, _HOMES)
            raise AttributeError(f"module 'fakenotify' has no attribute {name!r}{hint}")
        from importlib import import_module

        return getattr(import_module(home), name)


def __dir__() -> list[str]:
    return __all__
