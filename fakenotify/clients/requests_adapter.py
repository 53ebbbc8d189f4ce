"""The fake as an adapter of ``requests``: no socket, and every fault as an exception of its own."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from io import BytesIO
from typing import Any, cast

from requests import exceptions
from requests.adapters import HTTPAdapter
from urllib3 import HTTPResponse, Retry
from urllib3.exceptions import HTTPError, MaxRetryError, ProtocolError, ReadTimeoutError

from fakenotify.clients.in_process import App, Reply, call
from fakenotify.faults.wire import Broken


class FakeAdapter(HTTPAdapter):
    """Whatever it is mounted for reaches ``app``."""

    def __init__(self, app: App) -> None:
        super().__init__()
        self.app = app

    def send(self, request: Any, stream: Any = False, timeout: Any = None, *args: Any, **settings: Any) -> Any:
        """Answer a prepared request, after as many tries as ``max_retries`` wants."""
        method, url = str(request.method), str(request.url)
        headers = {name: _text(value) for name, value in request.headers.items()}
        body, seconds = _body(request.body), _read_timeout(timeout)
        retries = self.max_retries
        while True:
            broken, answer = None, None
            try:
                answer = _response(call(self.app, method, url, headers, body, timeout=seconds), method, retries)
            except Broken as error:
                broken = error
            if answer is not None and not retries.is_retry(method, answer.status, "Retry-After" in answer.headers):
                return self.build_response(request, answer)
            try:
                retries = retries.increment(method, url, answer, broken and _urllib3_error(broken, url))
            except MaxRetryError as error:
                if answer is None:
                    raise exceptions.ConnectionError(error, request=request) from None
                if retries.raise_on_status:
                    raise exceptions.RetryError(error, request=request) from None
                return self.build_response(request, answer)
            except HTTPError:  # that is no reason for it to try again
                raise requests_error(cast(Broken, broken), request) from None
            retries.sleep(answer)


def _response(reply: Reply, method: str, retries: Retry) -> HTTPResponse:
    """An answer as urllib3 gives it to ``requests``, with its body still to be read."""
    return HTTPResponse(
        BytesIO(reply.body),
        headers=dict(reply.headers),
        status=reply.status,
        reason=reply.reason,
        preload_content=False,
        decode_content=False,
        version=11,
        request_method=method,
        retries=retries,
    )


def faked_adapter(app: App, usual: Any) -> HTTPAdapter:
    """The adapter that a session would have used, with the fake where it would open a connection.

    Retries, and what a subclass of ``HTTPAdapter`` does in ``send`` and ``build_response``, stay as they are.
    """
    if not isinstance(usual, HTTPAdapter):
        return FakeAdapter(app)
    kind: Any = type(usual)
    faked: HTTPAdapter = object.__new__(_faked(kind))
    vars(faked).update(vars(usual), app=app)
    return faked


@lru_cache(maxsize=64)
def _faked(usual: Any) -> Any:
    """A class of adapters whose own ``send`` comes first and whose ``super().send`` is the fake's."""
    return FakeAdapter if issubclass(FakeAdapter, usual) else type(usual.__name__, (usual, FakeAdapter), {})


def requests_error(broken: Broken, request: Any = None) -> Exception:
    """What ``requests``, and so the official client, would raise over a socket."""
    kinds = {"stall": exceptions.ReadTimeout, "truncate_body": exceptions.ChunkedEncodingError}
    raised: Exception = kinds.get(broken.kind, exceptions.ConnectionError)(str(broken), request=request)
    return raised


def _urllib3_error(broken: Broken, url: str) -> Exception:
    """What urllib3 would have received. It sees no body, so it never retries because of one."""
    if broken.kind == "stall":
        return ReadTimeoutError(None, url, str(broken))  # type: ignore[arg-type]  # there is no pool
    if broken.kind in ("truncate_body", "slow_body"):
        raise HTTPError(str(broken))
    return ProtocolError(str(broken))


def _body(body: Any) -> bytes:
    """A body as ``requests`` accepts it (text, bytes, a file, or an iterator of pieces), read to its end."""
    if body is None or isinstance(body, (str, bytes, bytearray)):
        return body.encode() if isinstance(body, str) else bytes(body or b"")
    return b"".join(each if isinstance(each, bytes) else each.encode() for each in _pieces(body))


def _pieces(body: Any) -> Iterable[Any]:
    return iter(lambda: body.read(65536), type(body.read(0))()) if hasattr(body, "read") else body


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _read_timeout(timeout: Any) -> float | None:
    """The read timeout of a timeout as ``requests`` accepts it: a number, a pair, urllib3's object, or None."""
    if hasattr(timeout, "start_connect"):
        timeout = timeout.clone()
        timeout.start_connect()
        timeout = timeout.read_timeout
    if isinstance(timeout, tuple):
        timeout = timeout[1]
    return timeout if isinstance(timeout, (int, float)) else None
