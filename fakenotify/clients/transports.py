"""The fake as a transport of ``requests`` and ``httpx``: no socket, and every fault as their own exception."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from io import BytesIO
from typing import TYPE_CHECKING, Any

from fakenotify.clients.in_process import App, Reply, call
from fakenotify.faults.wire import Broken

if TYPE_CHECKING:
    import httpx
    import requests


def requests_send(app: App, adapter: Any, request: requests.PreparedRequest, timeout: Any) -> requests.Response:
    """Answer a prepared request of ``requests``; ``adapter`` builds the response and tries again as it always does."""
    from requests import exceptions
    from urllib3 import HTTPResponse
    from urllib3.exceptions import HTTPError, MaxRetryError

    method, url = str(request.method), str(request.url)
    headers = {name: _text(value) for name, value in request.headers.items()}
    body, seconds = _body(request.body), _read_timeout(timeout)
    retries = adapter.max_retries
    while True:
        try:
            reply = call(app, method, url, headers, body, timeout=seconds)
        except Broken as broken:
            try:
                retries = retries.increment(method, url, error=_urllib3_error(broken, url))
            except MaxRetryError as error:
                raise exceptions.ConnectionError(error, request=request) from None
            except HTTPError:  # that is no reason for it to try again
                raise requests_error(broken, request) from None
            retries.sleep()
            continue
        answer = HTTPResponse(
            BytesIO(reply.body),
            headers=dict(reply.headers),
            status=reply.status,
            reason=reply.reason,
            preload_content=False,
            decode_content=False,
        )
        if retries.is_retry(method, reply.status, "Retry-After" in answer.headers):
            try:
                retries = retries.increment(method, url, response=answer)
            except MaxRetryError as error:
                if retries.raise_on_status:
                    raise exceptions.RetryError(error, request=request) from None
            else:
                retries.sleep(answer)
                continue
        response: requests.Response = adapter.build_response(request, answer)
        return response


def _urllib3_error(broken: Broken, url: str) -> Exception:
    """What urllib3 would have received. It sees no body, so it never retries because of one."""
    from urllib3.exceptions import HTTPError, ProtocolError, ReadTimeoutError

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


def requests_error(broken: Broken, request: Any = None) -> Exception:
    """What ``requests``, and so the official client, would raise over a socket."""
    from requests import exceptions

    kinds = {"stall": exceptions.ReadTimeout, "truncate_body": exceptions.ChunkedEncodingError}
    raised: Exception = kinds.get(broken.kind, exceptions.ConnectionError)(str(broken), request=request)
    return raised


def requests_adapter(app: App) -> requests.adapters.HTTPAdapter:
    """An adapter to mount on a ``requests.Session``: whatever it is mounted for reaches the fake."""
    adapter: requests.adapters.HTTPAdapter = _fake_adapter_class()(app)
    return adapter


def faked_adapter(app: App, usual: Any) -> requests.adapters.HTTPAdapter:
    """The adapter that a session would have used, with the fake where it would open a connection.

    Retries, and what a subclass of ``HTTPAdapter`` does in ``send`` and ``build_response``, stay as they are.
    """
    from requests.adapters import HTTPAdapter

    if not isinstance(usual, HTTPAdapter):
        return requests_adapter(app)
    faked: requests.adapters.HTTPAdapter = object.__new__(_faked(type(usual)))  # type: ignore[arg-type]  # a class can be hashed
    vars(faked).update(vars(usual), app=app)
    return faked


@lru_cache(maxsize=64)
def _faked(usual: Any) -> Any:
    """A class of adapters whose own ``send`` comes first and whose ``super().send`` is the fake's."""
    fake = _fake_adapter_class()
    return fake if issubclass(fake, usual) else type(usual.__name__, (usual, fake), {})


@lru_cache(maxsize=1)
def _fake_adapter_class() -> Any:
    from requests.adapters import HTTPAdapter

    class FakeAdapter(HTTPAdapter):
        """Answers from the fake."""

        def __init__(self, app: App) -> None:
            super().__init__()
            self.app = app

        def send(self, request: Any, stream: Any = False, timeout: Any = None, *args: Any, **settings: Any) -> Any:
            return requests_send(self.app, self, request, timeout)

    return FakeAdapter


def httpx_answer(app: App, request: httpx.Request, body: bytes) -> httpx.Response:
    """Answer a request of ``httpx`` whose ``body`` has been read."""
    import httpx

    timeout = request.extensions.get("timeout", {}).get("read")
    try:
        reply: Reply = call(app, request.method, str(request.url), dict(request.headers), body, timeout=timeout)
    except Broken as broken:
        kinds = {"stall": httpx.ReadTimeout, "slow_body": httpx.ReadTimeout, "reset_connection": httpx.ReadError}
        raise kinds.get(broken.kind, httpx.RemoteProtocolError)(str(broken), request=request) from None
    return httpx.Response(reply.status, headers=reply.headers, content=reply.body, request=request)


def httpx_transport(app: App) -> httpx.BaseTransport:
    """A transport for ``httpx.Client``."""
    import httpx

    class Transport(httpx.BaseTransport):
        """Answers from the fake."""

        def handle_request(self, request: httpx.Request) -> httpx.Response:
            return httpx_answer(app, request, request.read())

    return Transport()


def async_httpx_transport(app: App) -> httpx.AsyncBaseTransport:
    """A transport for ``httpx.AsyncClient``."""
    import httpx

    class Transport(httpx.AsyncBaseTransport):
        """Answers from the fake."""

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            return httpx_answer(app, request, await request.aread())

    return Transport()
