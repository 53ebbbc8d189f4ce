"""While calls are intercepted, refuses look-ups of Notify's hosts and requests for them through a proxy."""

from __future__ import annotations

import socket
from collections.abc import Callable
from functools import wraps
from http.client import HTTPConnection
from typing import Any

from fakenotify.clients.active import ACTIVE
from fakenotify.clients.replacements import Replacement

_LOOKUPS = ("getaddrinfo", "gethostbyname", "gethostbyname_ex")
_CONNECTS = ("connect", "connect_ex")
_SOCKET = next(each for each in socket.socket.__mro__ if each.__module__ == "socket")
"""The real class, even if a tool such as pytest-socket has replaced it by a subclass."""


def replacements() -> list[Replacement]:
    """The functions that resolve names: those of ``socket``, which event loops also use, a raw ``connect``, and the
    ``CONNECT`` that ``urllib`` and ``http.client`` send to a proxy."""
    return [
        Replacement(HTTPConnection, "set_tunnel", _guarded_tunnel),
        *(Replacement(socket, name, _guarded_lookup) for name in _LOOKUPS),
        *(Replacement(_SOCKET, name, _guarded_connect) for name in _CONNECTS),
    ]


def _guarded_lookup(inner: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(inner)
    def look_up(host: Any, *arguments: Any, **more: Any) -> Any:
        ACTIVE.refuse_lookup(host)
        return inner(host, *arguments, **more)

    return look_up


def _guarded_connect(inner: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(inner)
    def connect(self: socket.socket, address: Any) -> Any:
        if isinstance(address, tuple) and address:
            ACTIVE.refuse_lookup(address[0])
        return inner(self, address)

    return connect


def _guarded_tunnel(inner: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(inner)
    def set_tunnel(self: HTTPConnection, host: str, *arguments: Any, **more: Any) -> Any:
        ACTIVE.refuse_lookup(host.partition(":")[0])
        return inner(self, host, *arguments, **more)

    return set_tunnel
