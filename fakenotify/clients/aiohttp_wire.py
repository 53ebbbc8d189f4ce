"""The fake behind ``aiohttp``'s own protocol: its client parses our bytes, so its exceptions are its own."""

from __future__ import annotations

import asyncio
from typing import Any

from fakenotify.clients.in_process import App, exchange
from fakenotify.faults.wire import Broken


class Connection(asyncio.Transport):
    """One connection that leads nowhere: what is written is gathered, and answered by ``app`` when it is a request.

    ``total`` and ``sock_read`` are the client's timeouts.
    """

    def __init__(
        self, app: App, origin: str, protocol: Any, total: float | None = None, sock_read: float | None = None
    ) -> None:
        super().__init__()
        self._app = app
        self._origin = origin
        self._protocol = protocol
        self._total = total
        self._timeout = min((each for each in (total, sock_read) if each), default=None)
        self._written = bytearray()
        self._expected = False
        self._closing = False

    def write(self, data: Any) -> None:
        """Gather; answer once the request is whole."""
        self._written += data
        request = _whole_request(bytes(self._written))
        loop = asyncio.get_running_loop()
        if request is not None:
            self._written.clear()
            loop.call_soon(self._answer, *request)
        elif not self._expected and _waits_for_a_word(bytes(self._written)):
            self._expected = True
            loop.call_soon(self.send, b"HTTP/1.1 100 Continue\r\n\r\n")

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
            self._give_up()  # and the client closes
        else:
            self._lose(None)

    def _give_up(self) -> None:
        """Do what the client does when a timeout is over: the whole request's, or that of reading."""
        if self._timeout is None or self._timeout != self._total:
            self._protocol._on_read_timeout()
            return
        for waiting in (self._protocol, self._protocol._payload):
            if waiting is not None:
                waiting.set_exception(asyncio.TimeoutError())

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


def _waits_for_a_word(data: bytes) -> bool:
    """Whether the head of a request has come, and its body will when it has been told to go on."""
    head, blank, _ = data.partition(b"\r\n\r\n")
    return bool(blank) and b"\r\nexpect: 100-continue" in head.lower()


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
