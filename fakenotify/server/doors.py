"""Who may send requests: programs on this machine and allowed hosts, but no web page of another origin.

A page in a browser can send requests to loopback, or to its own host name if that resolves to loopback. The fake's
credentials are public and its callbacks reach local ports, so such requests are refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

NOTIFY = re.compile(r"notify(\.[a-z0-9-]+){0,2}\.twilio\.com")
"""The hosts of Notify: ``notify.twilio.com`` and its edge and region forms. (documented)"""

BOUND_HOST = "fakenotify.bound_host"
"""The environ's key for the host that the server was bound to; only a server of ours sets it."""

_OCTET = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_LOOPBACK = re.compile(rf"localhost|::1|127(\.{_OCTET}){{3}}")
_HOST = re.compile(r"(\[[^\]]*\]|[^:\[\]]+)(:[0-9]*)?")
_ALL_ADDRESSES = ("", "0.0.0.0", "::")


class Doors:
    """Says why a request is refused, if it is. ``allow_hosts`` are names that may be asked besides loopback's."""

    def __init__(self, allow_hosts: Iterable[str] = ()) -> None:
        self._allowed = frozenset(host.lower() for host in allow_hosts)

    def refusal(self, environ: WSGIEnvironment, *, control: bool) -> str | None:
        """Why this request is refused, or None.

        On Notify's routes, ``Host`` may be a host of Notify's too (a program that is led here by a TLS proxy or a hosts
        file asks for it, and no page can have such a name), or missing (a browser always sends one). Where no server of
        ours brought the request (a test client on ``wsgi_app``, interception), only the control API looks at ``Host``.
        """
        if control or BOUND_HOST in environ:
            host = environ.get("HTTP_HOST", "")
            name = host_name(host)
            if not (
                is_loopback(name)
                or name in self._allowed
                or (not control and (not host or NOTIFY.fullmatch(name)))
                or _is_bound(environ, name)
            ):
                return f"host {host!r} may not use this fake; allow it with --allow-host, or FakeNotify(allow_hosts=…)"
        foreign = environ.get("HTTP_ORIGIN")
        if foreign is not None and foreign.lower() != origin(environ).lower():
            return f"a web page of {foreign} may not use this fake; programs and the fake's own pages may"
        if environ.get("HTTP_SEC_FETCH_SITE", "").strip().lower() == "cross-site":
            return "a web page of another site may not use this fake; programs and the fake's own pages may"
        return None


def origin(environ: WSGIEnvironment) -> str:
    """Scheme and host that the client asked; what a proxy says of that comes first. (assumed D29)"""
    scheme = _first(environ.get("HTTP_X_FORWARDED_PROTO")) or environ.get("wsgi.url_scheme", "http")
    host = _first(environ.get("HTTP_X_FORWARDED_HOST")) or environ.get("HTTP_HOST")
    return f"{scheme}://{host or environ['SERVER_NAME'] + ':' + environ['SERVER_PORT']}"


def _first(forwarded: str | None) -> str:
    """The first of a list that proxies add to: it is the client's."""
    return forwarded.partition(",")[0].strip() if forwarded else ""


@lru_cache(maxsize=64)
def host_name(host: str) -> str:
    """A ``Host`` without its port, in lower case; empty for what is no host."""
    match = _HOST.fullmatch(host)
    return match[1].strip("[]").lower() if match else ""


def is_loopback(name: str) -> bool:
    """Whether a host's name alone means this machine; there is no look-up."""
    return _LOOPBACK.fullmatch(name) is not None


def _is_bound(environ: WSGIEnvironment, name: str) -> bool:
    """Whether this is the address that the server is bound to; one of all addresses is that of the connection."""
    bound = environ.get(BOUND_HOST)
    if bound is None or not name:
        return False
    if bound not in _ALL_ADDRESSES:
        return name in (bound.lower(), environ["SERVER_NAME"])
    return bool(environ["werkzeug.socket"].getsockname()[0] == name)
