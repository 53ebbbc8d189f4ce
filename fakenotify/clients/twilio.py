"""The official ``twilio`` client, connected to a fake and independent of the environment's variables."""

from __future__ import annotations

import logging
from base64 import b64encode
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from fakenotify.clients.in_process import App, call
from fakenotify.core.params import plain_text
from fakenotify.faults.wire import Broken
from fakenotify.server.wsgi import FORM

if TYPE_CHECKING:
    from twilio.rest import Client

TIMEOUT = 30.0
"""The client's timeout in seconds; the official client has none by default."""

_MISSING = "this needs the official client; install it with: pip install 'fakenotify[twilio]'"


def client(url: str, account_sid: str, auth_token: str, in_process: App | None = None) -> Client:
    """A ``twilio.rest.Client`` whose Notify is at ``url``, or is ``in_process`` with no socket at all."""
    try:
        from twilio.http.http_client import TwilioHttpClient
    except ImportError:
        raise ImportError(_MISSING) from None
    if in_process is not None:
        return _wired(url, account_sid, auth_token, _in_process_client(in_process))
    http_client = TwilioHttpClient(timeout=TIMEOUT)
    http_client.session.trust_env = False  # proxies
    return _wired(url, account_sid, auth_token, http_client)


def async_client(url: str, account_sid: str, auth_token: str) -> Client:
    """The same for ``await …create_async(…)``; it may be made outside an event loop and need not be closed."""
    try:
        from twilio.http.response import Response
    except ImportError:
        raise ImportError(_MISSING) from None
    try:
        from aiohttp import ClientSession, ClientTimeout
        from twilio.http import AsyncHttpClient
    except ImportError:
        wanted = "an asynchronous client needs twilio 8 or newer, and aiohttp"
        raise ImportError(f"{wanted}; install them with: pip install 'twilio>=8' aiohttp") from None

    class AsyncClient(AsyncHttpClient):
        """One session a request: ``AsyncTwilioHttpClient`` wants a running loop and drops its own timeout."""

        async def request(
            self,
            method: str,
            url: str,
            params: Any = None,
            data: Any = None,
            headers: Any = None,
            auth: Any = None,
            timeout: float | None = None,
            allow_redirects: bool = False,
        ) -> Response:
            sent = dict(headers or {})
            if auth:  # aiohttp's own BasicAuth is deprecated
                sent["Authorization"] = _basic(*auth)
            async with (
                ClientSession(timeout=ClientTimeout(timeout or self.timeout)) as session,
                session.request(
                    method.upper(), url, params=params, data=data, headers=sent, allow_redirects=allow_redirects
                ) as response,
            ):
                return Response(response.status, await response.text(), response.headers)

    logger = logging.getLogger("twilio.async_http_client")
    return _wired(url, account_sid, auth_token, AsyncClient(logger, True, TIMEOUT))


def _wired(url: str, account_sid: str, auth_token: str, http_client: Any) -> Client:
    from twilio.rest import Client

    # an empty environment would make the client read os.environ: TWILIO_EDGE, TWILIO_REGION
    made = Client(account_sid, auth_token, http_client=http_client, environment={"FAKENOTIFY": "1"})
    made.notify.base_url = url
    return made


def _in_process_client(app: App) -> Any:
    from twilio.http import HttpClient
    from twilio.http.response import Response

    class InProcessClient(HttpClient):
        """Calls the application directly."""

        def __init__(self) -> None:  # its base takes no arguments before twilio 8
            self.timeout = TIMEOUT
            self.is_async = False
            self.logger = logging.getLogger("twilio.http_client")

        def request(
            self,
            method: str,
            url: str,
            params: Mapping[str, Any] | None = None,
            data: Any = None,
            headers: Mapping[str, str] | None = None,
            auth: tuple[str, str] | None = None,
            timeout: float | None = None,
            allow_redirects: bool = False,
        ) -> Response:
            # what requests would send, but faster
            sent = dict(headers or {})
            body: bytes | dict[str, list[str]]
            if isinstance(data, (str, bytes)):
                body = data.encode() if isinstance(data, str) else data
            else:
                body = _form(data or {})
                if data:
                    sent.setdefault("Content-Type", FORM)
            if auth:
                sent["Authorization"] = _basic(*auth)
            url = _normal(url)
            if params:
                url += ("&" if "?" in url else "?") + urlencode(_form(params), doseq=True)
            try:
                reply = call(app, method.upper(), url, sent, body, timeout=timeout or self.timeout)
            except Broken as broken:
                from fakenotify.clients.requests_adapter import requests_error  # requests comes with twilio

                raise requests_error(broken) from None
            return Response(reply.status, reply.body.decode(), _Headers(reply.headers))

    return InProcessClient()


class _Headers(dict[str, str]):
    """Headers whose names may be spelled in any case, as those of ``requests``, which take longer to make."""

    def __missing__(self, name: str) -> str:
        for known, value in self.items():
            if known.lower() == name.lower():
                return value
        raise KeyError(name)

    def __contains__(self, name: object) -> bool:
        return self.get(name) is not None

    def get(self, name: Any, default: Any = None) -> Any:
        """A header's value, or ``default``."""
        try:
            return self[name]
        except KeyError:
            return default


@lru_cache(maxsize=256)
def _basic(user: str, password: str) -> str:
    """Basic credentials as a header has them."""
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()


@lru_cache(maxsize=256)
def _normal(url: str) -> str:
    """A URL as ``requests`` prepares it."""
    from requests.utils import requote_uri
    from urllib3.util import parse_url

    normal: str = requote_uri(str(parse_url(url)))
    return normal


def _form(values: Any) -> dict[str, list[str]]:
    """A form, or pairs of it, as a server decodes it from what ``requests`` sends: what is ``None`` is left out."""
    form: dict[str, list[str]] = {}
    for name, value in values.items() if isinstance(values, Mapping) else values:
        if isinstance(value, str):
            found = [_text(value)]
        else:
            several = hasattr(value, "__iter__") and not isinstance(value, bytes)
            found = [_text(each) for each in (value if several else (value,)) if each is not None]
        name = _text(name)
        if name in form:  # 1 and "1"
            form[name] += found
        elif found:
            form[name] = found
    return form


def _text(value: Any) -> str:
    """A value after ``urlencode`` and decoding. Raises ``UnicodeEncodeError`` for a lone surrogate."""
    if type(value) is str and value.isascii():
        return value  # nearly always
    text = plain_text(value)
    if not text.isascii():
        text.encode()
    return text
