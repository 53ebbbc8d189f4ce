"""The fake behind a connector of ``aiohttp``: its client and its server talk in memory, without a socket.

Both ends are aiohttp's own, so a broken answer raises aiohttp's own exception.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any

import aiohttp
from aiohttp import web
from aiohttp.client_proto import ResponseHandler

from fakenotify.clients.in_process import App, exchange
from fakenotify.faults.wire import Broken


class FakeConnector(aiohttp.BaseConnector):
    """Each connection leads to ``app``, whatever the host."""

    def __init__(self, app: App) -> None:
        super().__init__(force_close=True, limit=0)
        self._app = app

    async def _create_connection(self, req: Any, traces: Any, timeout: aiohttp.ClientTimeout) -> ResponseHandler:
        loop = asyncio.get_running_loop()
        near, far = End(loop), End(loop)
        near.other, far.other = far, near
        client = ResponseHandler(loop)
        wire = _Wire(far, client, req, timeout)

        async def answer(request: web.BaseRequest) -> web.StreamResponse:
            return await _answer(self._app, str(req.url.origin()), request, wire)

        server = web.Server(answer, access_log=None, auto_decompress=False)
        for end, protocol in ((near, client), (far, server())):
            end.protocol = protocol
            protocol.connection_made(end)
        return client


class End(asyncio.Transport):
    """One end of a connection in memory: what is written to it arrives at the ``other`` in the loop's next turn."""

    other: End
    protocol: asyncio.Protocol

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._loop = loop
        self._arrived: deque[bytes] = deque()
        self._error: Exception | None = None
        self._ending = self._closed = self._paused = False

    def write(self, data: Any) -> None:
        """Send bytes to the other end."""
        if not self._closed and data:
            self.other._arrived.append(bytes(data))
            self._loop.call_soon(self.other._hand_over)

    def close(self, error: Exception | None = None) -> None:
        """End the connection: the other end gets what was written, then its end, or ``error``."""
        if not self._closed:
            self._closed = True
            self._arrived.clear()
            self._loop.call_soon(self.protocol.connection_lost, None)
            self.other._error, self.other._ending = error, True
            self._loop.call_soon(self.other._hand_over)

    abort = close

    def _hand_over(self) -> None:
        while self._arrived and not self._paused and not self._closed:
            self.protocol.data_received(self._arrived.popleft())
        if self._ending and not self._arrived and not self._closed:
            self._closed = True
            self.protocol.connection_lost(self._error)

    def pause_reading(self) -> None:
        """Keep what arrives."""
        self._paused = True

    def resume_reading(self) -> None:
        """Hand over what was kept."""
        self._paused = False
        self._loop.call_soon(self._hand_over)

    def is_closing(self) -> bool:
        """Whether this end is closed."""
        return self._closed


class _Wire:
    """What a fault may do to the connection. No time passes: a client that would have timed out does so at once."""

    def __init__(self, end: End, client: ResponseHandler, request: Any, timeout: aiohttp.ClientTimeout) -> None:
        self._end = end
        self._client = client
        self._request = request
        self._total = timeout.total
        self._begun = False
        self._seconds = min((each for each in (timeout.total, timeout.sock_read) if each), default=None)

    def pause(self, seconds: float | None) -> None:
        """Let no time pass; a client that would have timed out does so now."""
        if seconds is None or (self._seconds is not None and seconds >= self._seconds):
            raise Broken("stall")

    def send(self, data: bytes) -> None:
        """Hand bytes to the client."""
        self._begun = True
        self._end.write(data)

    def reset(self) -> None:
        """End with a reset."""
        self._end.close(ConnectionResetError(104, "Connection reset by peer"))

    async def give_up(self) -> None:
        """Raise the client's own error of a timeout: that of the whole request, or that of reading."""
        error: Exception = asyncio.TimeoutError()
        if self._seconds is None or self._seconds != self._total:
            error = aiohttp.ServerTimeoutError("Timeout on reading data from socket")
        while self._begun and self._content() is None and not self._end.is_closing():
            await asyncio.sleep(0)  # until the client has read what was sent
        self._client.set_exception(error)
        content = self._content()
        if content is not None:
            content.set_exception(error)

    def _content(self) -> aiohttp.StreamReader | None:
        """The body that the client reads, once it has read the head."""
        response: aiohttp.ClientResponse | None = self._request.response
        return None if response is None else response.content


async def _answer(app: App, origin: str, request: web.BaseRequest, wire: _Wire) -> web.StreamResponse:
    """Answer one request, or break its answer; then the server closes the connection."""
    if request.headers.get("Expect", "").lower() == "100-continue" and request.transport is not None:
        request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    body = await request.content.read()
    url = request.raw_path if "://" in request.raw_path else origin + request.raw_path
    try:
        reply, broken = exchange(app, request.method, url, request.headers, body, wire)
        lines = [f"HTTP/1.1 {reply.status} {reply.reason}", *(f"{name}: {value}" for name, value in reply.headers)]
        head = "\r\n".join([*lines, "Connection: close", "", ""]).encode("latin-1", "replace")
        if broken is None:
            wire.send(head + reply.body)
        else:
            broken.break_answer(wire, head, reply.body)
    except Broken:
        await wire.give_up()
    return _Sent()


class _Sent(web.StreamResponse):
    """An answer whose bytes, as the fake spells them, have been sent: ``aiohttp``'s server adds none."""

    async def prepare(self, request: web.BaseRequest) -> None:
        """Send no head."""

    async def write_eof(self, data: bytes = b"") -> None:
        """Send no end."""
