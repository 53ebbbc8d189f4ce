"""The fake behind ``aiohttp``'s own protocol: its client parses our bytes, so its exceptions are its own."""

from __future__ import annotations

import asyncio
from typing import Any

from fakenotify.clients.in_process import App, exchange
from fakenotify.faults import Broken


class Connection(asyncio.Transport):
    """One connection that leads nowhere: what is written is gathered, and answered by ``app`` when it is a request."""

    def __init__(self, app: App, origin: str, protocol: Any, timeout: float | None) -> None:
        super().__init__()
        self._app = app
        self._origin = origin
        self._protocol = protocol
        self._timeout = timeout
        self._written = bytearray()
        self._closing = False

    def write(self, data: Any) -> None:
        """Gather; answer once the request is whole."""
        self._written += data
        request = _whole_request(bytes(self._written))
        if request is not None:
            self._written.clear()
            asyncio.get_running_loop().call_soon(self._answer, *request)

    def _answer(self, method: str, target: str, headers: dict[str, str], body: bytes) -> None:
        url = target if "://" in target else self._origin + target
        try:
            reply, broken = exchange(self._app, method, url, headers, body, self)
            lines = [f"HTTP/1.1 {reply.status} {reply.reason}", *(f"{name}: {value}" for name, value in reply.headers)]
            head = "\r\n".join([*lines, "Connection: close", "", ""]).encode("latin-1", "replace")
            if broken is None:
                self.send(head + reply.body)
            else:
                broken.break_answer(self, head, reply.body)
        except Broken:
            from aiohttp import ServerTimeoutError

            self._protocol.set_exception(ServerTimeoutError("fault stall"))
        self._lose(None)

    def pause(self, seconds: float | None) -> None:
        """Let no time pass; a client that would have given up gives up now."""
        if seconds is None or (self._timeout is not None and seconds >= self._timeout):
            raise Broken("stall")

    def send(self, data: bytes) -> None:
        """Hand bytes to the client."""
        if not self._closing:
            self._protocol.data_received(data)

    def reset(self) -> None:
        """End with a reset."""
        self._lose(ConnectionResetError(104, "Connection reset by peer"))

    def close(self) -> None:
        """End."""
        self._lose(None)

    def abort(self) -> None:
        """End."""
        self._lose(None)

    def _lose(self, error: Exception | None) -> None:
        if not self._closing:
            self._closing = True
            asyncio.get_running_loop().call_soon(self._protocol.connection_lost, error)

    def is_closing(self) -> bool:
        """Whether the end has come."""
        return self._closing

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """There is no socket to tell of."""
        return default

    def pause_reading(self) -> None:
        """Everything has been said at once."""

    def resume_reading(self) -> None:
        """Everything has been said at once."""


def _whole_request(data: bytes) -> tuple[str, str, dict[str, str], bytes] | None:
    """Method, target, headers and body, once all of it is here."""
    head, blank, body = data.partition(b"\r\n\r\n")
    if not blank:
        return None
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ", 2)
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.strip()] = value.strip()
    lowered = {name.lower(): value for name, value in headers.items()}
    if lowered.get("transfer-encoding") == "chunked":
        unchunked = _unchunked(body)
        return None if unchunked is None else (method, target, headers, unchunked)
    length = int(lowered.get("content-length", "0"))
    return (method, target, headers, body[:length]) if len(body) >= length else None


def _unchunked(body: bytes) -> bytes | None:
    whole = b""
    while True:
        size, newline, rest = body.partition(b"\r\n")
        if not newline:
            return None
        length = int(size.partition(b";")[0], 16)
        if length == 0:
            return whole
        if len(rest) < length + 2:
            return None
        whole, body = whole + rest[:length], rest[length + 2 :]
