"""Which fakes intercept calls at the moment, and which of them gets the next one.

Interceptions may end in any order: of those that are active, the one that started last gets the call.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from threading import Lock
from urllib.parse import urlsplit

from fakenotify.clients.in_process import App
from fakenotify.server.wsgi import NOTIFY


class UnexpectedTwilioCall(RuntimeError):
    """A call to another host of Twilio's than Notify's, under ``strict``, which only allows calls to Notify."""


class UninterceptedCall(RuntimeError):
    """A client that can't be intercepted looked up a host of Notify; the call would have left the machine."""


@dataclass(frozen=True, eq=False)
class Entry:
    """One interception that has begun and not yet ended."""

    app: App
    strict: bool
    hosts: re.Pattern[str] = NOTIFY


class Active(list[Entry]):
    """The interceptions of this process that have begun and not yet ended, in the order in which they began."""

    def __init__(self) -> None:
        super().__init__()
        self.lock = Lock()

    def app_for(self, url: str) -> App | None:
        """The application that a URL is for, or None for a host that nobody intercepts.

        Raises ``UnexpectedTwilioCall``.
        """
        return self._app_for_host(urlsplit(url).hostname or "") if self else None

    def _app_for_host(self, host: str) -> App | None:
        entries = tuple(self)  # another thread may end one meanwhile
        host = host.lower().rstrip(".")
        for entry in reversed(entries):
            if entry.hosts.fullmatch(host):
                return entry.app
        if any(each.strict for each in entries) and (host == "twilio.com" or host.endswith(".twilio.com")):
            raise UnexpectedTwilioCall(
                f"the code under test called {host}; fakenotify fakes Notify only, and strict lets no other call go"
            )
        return None

    def refuse_lookup(self, host: object) -> None:
        """Raise ``UninterceptedCall`` for a host of Notify, ``UnexpectedTwilioCall`` as ``app_for`` does."""
        name = host.decode("latin-1") if isinstance(host, (bytes, bytearray)) else host
        if isinstance(name, str) and self._app_for_host(name) is not None:
            if not NOTIFY.fullmatch(name.lower().rstrip(".")):
                raise UninterceptedCall(
                    f"{name} was looked up while calls to providers are caught (fake.providers(), or the fixture "
                    "notify_providers). They are caught in requests, httpx and aiohttp; this call came from something "
                    "else, such as an HTTP/2 client with a stack of its own, and would have left the machine"
                )
            raise UninterceptedCall(
                f"{name} was looked up while calls to Notify are intercepted (fixture intercept_notify, or "
                "fake.intercept()). Interception reaches requests, httpx and aiohttp in this process; this call came "
                "from something else and would have left the machine. Point it to the fake's own address "
                "(fake_notify.url), or run the whole program with: fakenotify run -- COMMAND"
            )


ACTIVE = Active()
"""One for the process, because the patched attributes are shared by the whole process."""


def _begin_in_child() -> None:
    """Replace the lock after a fork: another thread of the parent may have held it. Interceptions stay active."""
    ACTIVE.lock = Lock()


if hasattr(os, "register_at_fork"):  # pragma: no branch  # Windows does not fork
    os.register_at_fork(after_in_child=_begin_in_child)
