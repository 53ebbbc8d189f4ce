"""The environment's variables: those that tell a program about the fake, and those that lead its clients elsewhere.

And what is raised where something of them is missing or wrong.
"""

from __future__ import annotations

from collections.abc import Mapping

TOLD = {
    "FAKENOTIFY_URL": "url",
    "FAKENOTIFY_ACCOUNT_SID": "account_sid",
    "FAKENOTIFY_AUTH_TOKEN": "auth_token",
    "FAKENOTIFY_SERVICE_SID": "service_sid",
}
"""Variables that tell a program about the fake; fakenotify itself has no use for them."""


class NotDone(Exception):
    """What can't be done, in a line for the user; ``status`` is the one to exit with."""

    def __init__(self, status: int, message: str) -> None:
        self.status = status
        super().__init__(message)


def traps(environment: Mapping[str, str], url: str) -> list[str]:
    """What in this environment would lead clients of ``url`` elsewhere, and what to do about it."""
    found = []
    names = [name for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY") if environment.get(name)]
    if names:
        from fakenotify.proxy.proxy import exempts

        if not exempts(environment.get("no_proxy") or environment.get("NO_PROXY", ""), "127.0.0.1"):
            found.append(f"{names[0]} is set, so that clients ask that proxy for {url}; add 127.0.0.1 to NO_PROXY")
    for name in ("TWILIO_EDGE", "TWILIO_REGION"):
        if environment.get(name):
            found.append(f"{name} is set, so that Twilio's libraries write it into every host, {url} too; unset it")
    return found
