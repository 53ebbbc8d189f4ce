"""Interception: code that calls ``https://notify.twilio.com`` as it always does reaches the fake, in this process.

It replaces the functions by which ``requests`` (and so the official client), ``httpx`` and ``aiohttp`` choose where to
send a request: no socket, no proxy, no certificate. Calls to other hosts are left alone. Other tools that mock these
libraries may begin and end before or after, in any order.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from functools import lru_cache, wraps
from importlib import import_module
from importlib.util import find_spec
from types import TracebackType
from typing import Any, Generic, TypeVar

from fakenotify.clients import resolver_guard
from fakenotify.clients.active import ACTIVE, Entry, UnexpectedTwilioCall, UninterceptedCall
from fakenotify.clients.in_process import App
from fakenotify.clients.seats import Seat
from fakenotify.server.doors import NOTIFY

__all__ = ["Interception", "UnexpectedTwilioCall", "UninterceptedCall"]

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
            ACTIVE.add(entry)
            for seat in _seats():
                seat.take()
        self._begun.append(entry)
        return self._fake

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with ACTIVE.lock:
            ACTIVE.remove(self._begun.pop())
            if not ACTIVE:
                for seat in _seats():
                    seat.leave()

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


@lru_cache(maxsize=1)
def _seats() -> tuple[Seat, ...]:
    """Every attribute that is replaced, of the libraries that are installed."""
    seats = resolver_guard.seats()
    for library, seats_of in (("requests", _requests), ("httpx", _httpx), ("aiohttp", _aiohttp)):
        if find_spec(library) is not None:
            seats += seats_of()
    return tuple(seats)


# requests: a Session chooses an adapter for each request


def _requests() -> list[Seat]:
    return [Seat(import_module("requests").Session, "get_adapter", AdapterChoice)]


class AdapterChoice:
    """``Session.get_adapter``, also where a tool has set one of its own on a session: Notify's adapter is the fake."""

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
            from fakenotify.clients.transports import faked_adapter  # requests is optional

            return faked_adapter(app, self._inner(session, url))

        return get_adapter

    def __set__(self, session: Any, value: Any) -> None:
        vars(session)["get_adapter"] = value

    def __delete__(self, session: Any) -> None:
        del vars(session)["get_adapter"]


# httpx: a Client sends by a transport, and other tools replace the transports' methods


def _httpx() -> list[Seat]:
    httpx = import_module("httpx")
    transports = [
        Seat(httpx.HTTPTransport, "handle_request", _handle_request),
        Seat(httpx.MockTransport, "handle_request", _handle_request),
        Seat(httpx.AsyncHTTPTransport, "handle_async_request", _handle_async_request),
        Seat(httpx.MockTransport, "handle_async_request", _handle_async_request),
    ]

    def make(inner: Any) -> Any:
        @wraps(inner)
        def send(self: Any, *arguments: Any, **named: Any) -> Any:  # of AsyncClient too: a coroutine passes through
            _take_again(transports)
            return inner(self, *arguments, **named)

        return send

    return [*transports, Seat(httpx.Client, "send", make), Seat(httpx.AsyncClient, "send", make)]


def _handle_request(inner: Any) -> Any:
    @wraps(inner)
    def handle_request(self: Any, request: Any) -> Any:
        app = ACTIVE.app_for(str(request.url))
        if app is None:
            return inner(self, request)
        from fakenotify.clients.transports import httpx_answer  # httpx is optional

        return httpx_answer(app, request, request.read())

    return handle_request


def _handle_async_request(inner: Any) -> Any:
    @wraps(inner)
    async def handle_async_request(self: Any, request: Any) -> Any:
        app = ACTIVE.app_for(str(request.url))
        if app is None:
            return await inner(self, request)
        from fakenotify.clients.transports import httpx_answer  # httpx is optional

        return httpx_answer(app, request, await request.aread())

    return handle_async_request


# aiohttp: a session asks its connector for a connection; tools replace what its verbs call


def _aiohttp() -> list[Seat]:
    aiohttp = import_module("aiohttp")
    below = [Seat(aiohttp.ClientSession, "_request", _session_request)]

    def make(inner: Any) -> Any:
        @wraps(inner)
        def verb(self: Any, *arguments: Any, **named: Any) -> Any:
            _take_again(below)
            return inner(self, *arguments, **named)

        return verb

    verbs = ("request", "get", "options", "head", "post", "put", "patch", "delete")
    return [
        Seat(aiohttp.BaseConnector, "connect", _connect),
        *below,
        *(Seat(aiohttp.ClientSession, name, make) for name in verbs),
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
    """VCR replaces this method; it keeps the real one as ``__wrapped__``, and that one asks a connector."""
    real = inspect.unwrap(inner)

    @wraps(inner)
    async def request(self: Any, method: str, url: Any, **named: Any) -> Any:
        whole = str(url) if "://" in str(url) else str(getattr(self, "_base_url", None) or "")
        return await (inner if ACTIVE.app_for(whole) is None else real)(self, method, url, **named)

    return request


def _take_again(seats: list[Seat]) -> None:
    """Be the first again where another tool has come in between."""
    if ACTIVE:
        with ACTIVE.lock:
            if ACTIVE:  # pragma: no branch  # another thread may have ended the last one
                for seat in seats:
                    seat.take()
