"""The fake as a transport of ``httpx``: no socket, and every fault as an exception of its own."""

from __future__ import annotations

import httpx

from fakenotify.clients.in_process import App, call
from fakenotify.faults.wire import Broken

_ERRORS = {"stall": httpx.ReadTimeout, "slow_body": httpx.ReadTimeout, "reset_connection": httpx.ReadError}


class FakeTransport(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """A transport for ``httpx.Client`` and ``httpx.AsyncClient``."""

    def __init__(self, app: App) -> None:
        self._app = app

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a request."""
        return httpx_answer(self._app, request, request.read())

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a request."""
        return httpx_answer(self._app, request, await request.aread())


def httpx_answer(app: App, request: httpx.Request, body: bytes) -> httpx.Response:
    """Answer a request of ``httpx`` whose ``body`` has been read."""
    timeout = request.extensions.get("timeout", {}).get("read")
    try:
        reply = call(app, request.method, str(request.url), dict(request.headers), body, timeout=timeout)
    except Broken as broken:
        raise _ERRORS.get(broken.kind, httpx.RemoteProtocolError)(str(broken), request=request) from None
    extensions = {"http_version": b"HTTP/1.1", "reason_phrase": reply.reason.encode()}
    stream = httpx.ByteStream(reply.body)  # with content= the answer would never have an elapsed time
    return httpx.Response(reply.status, headers=reply.headers, stream=stream, request=request, extensions=extensions)
