"""Interception: code that calls ``https://notify.twilio.com`` as it always does reaches the fake, in this process.

While it lasts, the one place where each library hands a request to its transport is ours: ``requests`` and so the
official client, ``httpx`` (sync and async), ``aiohttp``. No socket, no proxy, no certificate. Other hosts go their way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from importlib import import_module
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit

from fakenotify.clients.in_process import App
from fakenotify.server.wsgi import NOTIFY


class UnexpectedTwilioCall(RuntimeError):
    """A call to a host of Twilio's that is not Notify's, where only Notify is faked and ``strict`` was asked for."""


@contextmanager
def intercept(app: App, *, strict: bool = False) -> Iterator[None]:
    """Let calls to Notify reach ``app`` while the context lasts.

    Under ``strict``, a call to any other ``*.twilio.com`` host raises ``UnexpectedTwilioCall`` instead of leaving.
    """
    with ExitStack() as stack:
        for library, install in (("requests", _requests), ("httpx", _httpx), ("aiohttp", _aiohttp)):
            if find_spec(library) is not None:
                install(app, strict, stack)
        yield


def is_ours(url: str, strict: bool) -> bool:
    """Whether a URL is Notify's. Raises ``UnexpectedTwilioCall``."""
    host = (urlsplit(url).hostname or "").lower()
    if NOTIFY.fullmatch(host):
        return True
    if strict and (host == "twilio.com" or host.endswith(".twilio.com")):
        raise UnexpectedTwilioCall(
            f"the code under test called {host}; fakenotify fakes Notify only, and strict lets no other call go"
        )
    return False


def _replace(stack: ExitStack, owner: Any, name: str, make: Callable[[Any], Any]) -> None:
    """Put ``make(original)`` in the place of a method until the stack unwinds."""
    original = owner.__dict__[name]
    setattr(owner, name, make(original))
    stack.callback(setattr, owner, name, original)


def _requests(app: App, strict: bool, stack: ExitStack) -> None:
    from fakenotify.clients.transports import requests_send

    def make(original: Any) -> Any:
        def send(
            self: Any,
            request: Any,
            stream: bool = False,
            timeout: Any = None,
            verify: Any = True,
            cert: Any = None,
            proxies: Any = None,
        ) -> Any:
            if is_ours(request.url, strict):
                return requests_send(app, self, request, timeout)
            return original(self, request, stream, timeout, verify, cert, proxies)

        return send

    _replace(stack, import_module("requests.adapters").HTTPAdapter, "send", make)


def _httpx(app: App, strict: bool, stack: ExitStack) -> None:
    from fakenotify.clients.transports import httpx_answer

    def make(original: Any) -> Any:
        def handle_request(self: Any, request: Any) -> Any:
            if is_ours(str(request.url), strict):
                return httpx_answer(app, request, request.read())
            return original(self, request)

        return handle_request

    def make_async(original: Any) -> Any:
        async def handle_async_request(self: Any, request: Any) -> Any:
            if is_ours(str(request.url), strict):
                return httpx_answer(app, request, await request.aread())
            return await original(self, request)

        return handle_async_request

    httpx = import_module("httpx")
    _replace(stack, httpx.HTTPTransport, "handle_request", make)
    _replace(stack, httpx.AsyncHTTPTransport, "handle_async_request", make_async)


def _aiohttp(app: App, strict: bool, stack: ExitStack) -> None:
    from fakenotify.clients.aiohttp_wire import Connection

    def make(original: Any) -> Any:
        async def _create_connection(self: Any, request: Any, traces: Any, timeout: Any) -> Any:
            if not is_ours(str(request.url), strict):
                return await original(self, request, traces, timeout)
            protocol = self._factory()
            origin = str(request.url.origin())
            protocol.connection_made(Connection(app, origin, protocol, timeout.total, timeout.sock_read))
            return protocol

        return _create_connection

    _replace(stack, import_module("aiohttp").TCPConnector, "_create_connection", make)
