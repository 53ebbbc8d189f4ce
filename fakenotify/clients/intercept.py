"""Interception: code that calls ``https://notify.twilio.com`` as it always does reaches the fake, in this process.

It replaces the functions by which ``requests`` (and so the official client), ``httpx`` and ``aiohttp`` choose where to
send a request: no socket, no proxy, no certificate. Calls to other hosts are left alone. Other tools that mock these
libraries may begin and end before or after, in any order.
"""

from __future__ import annotations

import _socket
import inspect
import re
import socket
from collections.abc import Callable
from functools import lru_cache, wraps
from http.client import HTTPConnection
from importlib import import_module
from importlib.util import find_spec
from types import TracebackType
from typing import Any, Generic, TypeVar

from fakenotify.clients.active import ACTIVE, Entry
from fakenotify.clients.in_process import App
from fakenotify.server.wsgi import NOTIFY

_REPLACES = "fakenotify_replaces"
_LOOKUPS = ("getaddrinfo", "gethostbyname", "gethostbyname_ex")
_CONNECTS = ("connect", "connect_ex")
_SOCKET = next(each for each in _socket.socket.__subclasses__() if each.__module__ == "socket")
"""The real class, even if a tool such as pytest-socket, httpretty or gevent has replaced it."""

Fake = TypeVar("Fake")
Function = TypeVar("Function", bound=Callable[..., Any])


class Interception(Generic[Fake]):
    """What ``fake.intercept()`` returns: a context manager that gives the fake, and a decorator of functions."""

    def __init__(self, fake: Fake, app: App, *, strict: bool = False, hosts: re.Pattern[str] = NOTIFY) -> None:
        self._fake = fake
        self._app = app
        self._strict = strict
        self._hosts = hosts
        self._begun: list[Entry] = []

    def __enter__(self) -> Fake:
        entry = Entry(self._app, self._strict, self._hosts)
        with ACTIVE.lock:
            ACTIVE.append(entry)
            for replacement in _replacements():
                replacement.apply()
        self._begun.append(entry)
        return self._fake

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with ACTIVE.lock:
            ACTIVE.remove(self._begun.pop())
            if not ACTIVE:
                for replacement in _replacements():
                    replacement.undo()

    def __call__(self, function: Function) -> Function:
        """Intercept while ``function`` runs; it may be a coroutine function."""
        if inspect.isclass(function) or not callable(function):
            raise TypeError(f"@fake.intercept() decorates a function, not {function!r}")
        made: Any
        if inspect.iscoroutinefunction(function):

            @wraps(function)
            async def made(*arguments: Any, **named: Any) -> Any:
                with Interception(self._fake, self._app, strict=self._strict, hosts=self._hosts):
                    return await function(*arguments, **named)

        else:

            @wraps(function)
            def made(*arguments: Any, **named: Any) -> Any:
                with Interception(self._fake, self._app, strict=self._strict, hosts=self._hosts):
                    return function(*arguments, **named)

        return made  # type: ignore[no-any-return]  # it has the function's own signature


class Replacement:
    """Replaces the attribute ``name`` of ``owner`` by ``make(inner)``, where ``inner`` is the value found there.

    Other tools replace the same attributes, before or after, and restore what they found. So a replacement may be
    wrapped, unwrapped, restored late or discarded; one that remains passes calls on when nothing intercepts any more.
    """

    def __init__(self, owner: Any, name: str, make: Callable[[Any], Any]) -> None:
        self._owner = owner
        self._name = name
        self._make = make

    def apply(self) -> None:
        """Replace the current value, unless it is already a replacement."""
        inherited = self._name not in vars(self._owner)
        inner = getattr(self._owner, self._name) if inherited else vars(self._owner)[self._name]
        if _replaced(inner) is None:
            made = self._make(inner)
            setattr(made, _REPLACES, (made, inner, inherited))
            setattr(self._owner, self._name, made)

    def undo(self) -> None:
        """Restore what was replaced, unless another tool has wrapped it and will restore it itself."""
        replaced = _replaced(vars(self._owner).get(self._name))
        if replaced is None:
            return
        inner, inherited = replaced
        if inherited:
            delattr(self._owner, self._name)
        else:
            setattr(self._owner, self._name, inner)


def _replaced(value: Any) -> tuple[Any, bool] | None:
    """What ``value`` replaces, and whether that was inherited; None for what is no replacement of ours.

    A tool that wraps a replacement by ``functools.wraps`` copies its attributes, so the mark names its bearer.
    """
    mark = getattr(value, _REPLACES, None)
    return mark[1:] if mark is not None and mark[0] is value else None


@lru_cache(maxsize=1)
def _replacements() -> tuple[Replacement, ...]:
    """Every attribute that is replaced, of the libraries that are installed."""
    replacements = _lookups()
    for library, find in (("requests", _requests), ("httpx", _httpx), ("aiohttp", _aiohttp)):
        if find_spec(library) is not None:
            replacements += find()
    return tuple(replacements)


def _applying_again(replacements: list[Replacement]) -> Callable[[Any], Any]:
    """Makes functions that first replace these attributes again, if another tool has replaced them meanwhile."""

    def make(inner: Any) -> Any:
        @wraps(inner)
        def run(
            self: Any, *arguments: Any, **named: Any
        ) -> Any:  # where inner is a coroutine function, run passes it on
            with ACTIVE.lock:
                for replacement in replacements if ACTIVE else ():
                    replacement.apply()
            return inner(self, *arguments, **named)

        return run

    return make


# requests: a Session chooses an adapter for each request


def _requests() -> list[Replacement]:
    return [Replacement(import_module("requests").Session, "get_adapter", AdapterChoice)]


class AdapterChoice:
    """``Session.get_adapter``, even if a tool has set another one on the session: for Notify it returns the fake."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __get__(self, session: Any, owner: Any = None) -> Any:
        if session is None:
            return self._inner
        usual = vars(session).get("get_adapter") or self._inner.__get__(session)

        def get_adapter(url: str) -> Any:
            app = ACTIVE.app_for(url)
            if app is None:
                return usual(url)
            from fakenotify.clients.requests_adapter import faked_adapter  # requests is optional

            return faked_adapter(app, self._inner(session, url))

        return get_adapter

    def __set__(self, session: Any, value: Any) -> None:
        vars(session)["get_adapter"] = value

    def __delete__(self, session: Any) -> None:
        del vars(session)["get_adapter"]


# httpx: a Client sends through a transport, and other tools replace the transports' methods


def _httpx() -> list[Replacement]:
    httpx = import_module("httpx")
    transports = [
        Replacement(httpx.HTTPTransport, "handle_request", _handle_request),
        Replacement(httpx.MockTransport, "handle_request", _handle_request),
        Replacement(httpx.AsyncHTTPTransport, "handle_async_request", _handle_async_request),
        Replacement(httpx.MockTransport, "handle_async_request", _handle_async_request),
    ]

    send = _applying_again(transports)
    return [*transports, Replacement(httpx.Client, "send", send), Replacement(httpx.AsyncClient, "send", send)]


def _handle_request(inner: Any) -> Any:
    @wraps(inner)
    def handle_request(self: Any, request: Any) -> Any:
        app = ACTIVE.app_for(str(request.url))
        if app is None:
            return inner(self, request)
        from fakenotify.clients.httpx_transport import httpx_answer  # httpx is optional

        return httpx_answer(app, request, request.read())

    return handle_request


def _handle_async_request(inner: Any) -> Any:
    @wraps(inner)
    async def handle_async_request(self: Any, request: Any) -> Any:
        app = ACTIVE.app_for(str(request.url))
        if app is None:
            return await inner(self, request)
        from fakenotify.clients.httpx_transport import httpx_answer  # httpx is optional

        return httpx_answer(app, request, await request.aread())

    return handle_async_request


# aiohttp: a session asks its connector for a connection; tools replace what its verbs call


def _aiohttp() -> list[Replacement]:
    aiohttp = import_module("aiohttp")
    below = [Replacement(aiohttp.ClientSession, "_request", _session_request)]

    verb = _applying_again(below)
    verbs = ("request", "get", "options", "head", "post", "put", "patch", "delete")
    return [
        Replacement(aiohttp.BaseConnector, "connect", _connect),
        *below,
        *(Replacement(aiohttp.ClientSession, name, verb) for name in verbs),
    ]


def _connect(inner: Any) -> Any:
    @wraps(inner)
    async def connect(self: Any, req: Any, traces: Any, timeout: Any) -> Any:
        from fakenotify.clients.aiohttp_connector import FakeConnector  # aiohttp is optional

        app = None if isinstance(self, FakeConnector) else ACTIVE.app_for(str(req.url))
        if app is None:
            return await inner(self, req, traces, timeout)
        return await FakeConnector(app).connect(req, traces, timeout)

    return connect


def _session_request(inner: Any) -> Any:
    """VCR replaces this method. It keeps the real one, which uses a connector, as ``__wrapped__``."""
    real = inspect.unwrap(inner)

    @wraps(inner)
    async def request(self: Any, method: str, url: Any, **named: Any) -> Any:
        whole = str(url) if "://" in str(url) else str(getattr(self, "_base_url", None) or "")
        return await (inner if ACTIVE.app_for(whole) is None else real)(self, method, url, **named)

    return request


# whatever else there is: a look-up of Notify's hosts, or a request for them through a proxy, is refused


def _lookups() -> list[Replacement]:
    """What resolves names: ``socket``, also for event loops, and the ``CONNECT`` of ``urllib`` and ``http.client``."""
    look_up = _guarded(lambda host, *_, **__: host)
    connect = _guarded(lambda _, address: address[0] if isinstance(address, tuple) and address else None)
    set_tunnel = _guarded(lambda _, host, *__, **___: host.partition(":")[0])
    create = _guarded(lambda address, *_, **__: address[0])  # gevent's doesn't ask ``getaddrinfo``
    sockets = [_SOCKET] if issubclass(socket.socket, _SOCKET) else [_SOCKET, socket.socket]
    return [
        Replacement(HTTPConnection, "set_tunnel", set_tunnel),
        *(Replacement(socket, name, look_up) for name in _LOOKUPS),
        Replacement(socket, "create_connection", create),
        *(Replacement(kind, name, connect) for kind in sockets for name in _CONNECTS if hasattr(kind, name)),
    ]


def _guarded(host_of: Callable[..., Any]) -> Callable[[Any], Any]:
    """Makes functions that refuse the host in their arguments if it is one of Notify's."""

    def make(inner: Any) -> Any:
        @wraps(inner)
        def guarded(*arguments: Any, **named: Any) -> Any:
            ACTIVE.refuse_lookup(host_of(*arguments, **named))
            return inner(*arguments, **named)

        return guarded

    return make
