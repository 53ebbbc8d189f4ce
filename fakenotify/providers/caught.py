"""``fake.providers()``: what code in this process sends to APNs, FCM and Twilio Messages is caught and answered.

The transports are those that interception knows: ``requests``, ``httpx`` and ``aiohttp``. HTTP/2 clients that bring
their own stack, such as aioapns and hyper, are not reached; their look-up of a host fails with an error that says so.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus
from threading import Lock
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import unquote

from fakenotify.core.clock import Clock
from fakenotify.core.errors import UnknownName
from fakenotify.core.params import nearest
from fakenotify.core.sids import SidGenerator
from fakenotify.core.values import is_whole
from fakenotify.notify.records import Records
from fakenotify.providers.apns import APNS
from fakenotify.providers.fcm import FCM
from fakenotify.providers.messages import MESSAGES
from fakenotify.providers.provider import Answered, Asked, Provider, ProviderRequest, redacted
from fakenotify.server.wsgi import read_body, target

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

PROVIDERS = {provider.name: provider for provider in (APNS, FCM, MESSAGES)}
HOSTS = re.compile("|".join(f"(?:{provider.hosts.pattern})" for provider in PROVIDERS.values()))
LARGEST_BODY = 16 * 1_048_576

Name = Literal["apns", "fcm", "messages"]


@dataclass(slots=True)
class _Failure:
    provider: Provider
    code: Any
    address: str | None
    times: int | None


class Providers:
    """The providers' answers and what they were asked. It is a WSGI application for all of their hosts."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._requests: list[ProviderRequest] = []
        self._failures: list[_Failure] = []
        self._unique = SidGenerator("providers")
        self._lock = Lock()

    def __repr__(self) -> str:
        return f"<Providers: {len(self._requests)} requests>"

    @property
    def requests(self) -> Records[ProviderRequest]:
        """The messages that were sent, those that were refused included, oldest first."""
        return Records(self._requests)

    def fail(self, provider: Name, what: int | str, *, address: str | None = None, times: int | None = None) -> None:
        """Have a provider refuse messages to ``address``, or to all, ``times`` times, with its own error body.

        ``what`` is a status (410) or the provider's own word: ``"BadDeviceToken"`` for apns, ``"UNREGISTERED"`` for
        fcm, 21211 for messages. Anything else is a ``ValueError`` that lists what there is.
        """
        if provider not in PROVIDERS:
            close = nearest(str(provider), PROVIDERS)
            raise UnknownName(f"there is no provider {provider!r}; there are {', '.join(PROVIDERS)}", close)
        if times is not None and (not is_whole(times) or times < 1):
            raise ValueError(f"times is a whole number from 1, or None for all, not {times!r}")
        chosen = PROVIDERS[provider]
        self._failures.append(_Failure(chosen, chosen.code_of(what), address, times))

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request to a provider."""
        answered = self._answer(_asked(environ))
        body = b"" if answered.body is None else json.dumps(answered.body).encode()
        headers = [("Content-Length", str(len(body))), *answered.headers.items()]
        if body:
            headers.append(("Content-Type", "application/json; charset=UTF-8"))
        start_response(f"{answered.status} {HTTPStatus(answered.status).phrase}", headers)
        return (body,)

    def _answer(self, asked: Asked) -> Answered:
        provider = next(each for each in PROVIDERS.values() if each.hosts.fullmatch(asked.host))
        other = provider.other(asked)
        if other is not None:
            return other
        body, address = provider.parse(asked)
        answered = provider.complaint(asked, body, address)
        with self._lock:
            if answered is None:
                answered = self._failure(provider, address) or provider.accept(asked, body, self._unique.new(""))
            self._requests.append(
                ProviderRequest(
                    provider=provider.name,
                    method=asked.method,
                    url=asked.url,
                    headers=redacted(asked.headers),
                    body=body,
                    address=address,
                    status=answered.status,
                    date=self._clock.now(),
                )
            )
        return answered

    def _failure(self, provider: Provider, address: str | None) -> Answered | None:
        for failure in self._failures:
            if failure.provider is provider and failure.address in (None, address) and failure.times != 0:
                if failure.times is not None:
                    failure.times -= 1
                return provider.error(failure.code, address, self._clock.now())
        return None


def _asked(environ: WSGIEnvironment) -> Asked:
    path, query = target(environ)
    host = environ["HTTP_HOST"]
    headers = {name[5:].replace("_", "-").lower(): value for name, value in environ.items() if name.startswith("HTTP_")}
    for name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if environ.get(name):
            headers[name.replace("_", "-").lower()] = environ[name]
    return Asked(
        method=environ["REQUEST_METHOD"],
        url=f"{environ['wsgi.url_scheme']}://{host}{path}{f'?{query}' if query else ''}",
        host=host.partition(":")[0].lower(),
        path=unquote(path),
        headers=headers,
        body=read_body(environ, LARGEST_BODY)[0],
    )
