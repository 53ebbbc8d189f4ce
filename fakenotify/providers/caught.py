"""``fake.providers()``: what code in this process sends to APNs, FCM and Twilio Messages is caught and answered.

The transports are those that interception knows: ``requests``, ``httpx`` and ``aiohttp``. HTTP/2 clients that bring
their own stack, such as aioapns and hyper, are not reached; their look-up of a host fails with an error that says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any, Literal

from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Request

from fakenotify.core.clock import Clock
from fakenotify.core.errors import UnknownName
from fakenotify.core.params import nearest
from fakenotify.core.sids import SidGenerator
from fakenotify.core.values import is_whole
from fakenotify.notify.records import Records
from fakenotify.providers import apns, fcm, messages
from fakenotify.providers.provider import Answer, Provider, ProviderRequest

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

PROVIDERS: dict[str, Provider] = {"apns": apns, "fcm": fcm, "messages": messages}
HOSTS = re.compile("|".join(each.pattern for each in (apns.HOSTS, fcm.HOSTS, fcm.TOKEN_HOST, messages.HOSTS)))
LARGEST_BODY = 16 * 1_048_576
"""Bytes; a larger body is answered 413, and the request is not kept."""
_SECRET_HEADERS = ("authorization", "cookie", "proxy-authorization")

Name = Literal["apns", "fcm", "messages"]


@dataclass(slots=True)
class _Failure:
    provider: Name
    code: Any
    address: str | None
    times: int | None


class Providers:
    """Answers as the providers do, and keeps the requests. It is a WSGI application for all of their hosts."""

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
        if times is not None and not is_whole(times, 1):
            raise ValueError(f"times is a whole number from 1, or None for all, not {times!r}")
        self._failures.append(_Failure(provider, _code(PROVIDERS[provider], what), address, times))

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request to a provider."""
        request = Request(environ)
        request.max_content_length = LARGEST_BODY
        try:
            answer = self._answer(request)
        except RequestEntityTooLarge:
            answer = Answer(413)
        return answer(environ, start_response)

    def _answer(self, request: Request) -> Answer:
        host = request.host.partition(":")[0].lower()
        if fcm.TOKEN_HOST.fullmatch(host):
            return fcm.give_token(request)
        name, provider = next(each for each in PROVIDERS.items() if each[1].HOSTS.fullmatch(host))
        body, address = provider.parse(request)
        answer = provider.complaint(request, body, address)
        sent = {header.lower(): value for header, value in request.headers.items()}
        with self._lock:
            if answer is None:
                answer = self._failure(name, address) or provider.accept(request, body, self._unique.new(""))
            self._requests.append(
                ProviderRequest(
                    provider=name,
                    method=request.method,
                    url=request.url,
                    headers=sent | {header: "[redacted]" for header in _SECRET_HEADERS if header in sent},
                    body=body,
                    address=address,
                    status=answer.status_code,
                    date=self._clock.now(),
                )
            )
        return answer

    def _failure(self, provider: str, address: str | None) -> Answer | None:
        for failure in self._failures:
            if failure.provider == provider and failure.address in (None, address) and failure.times != 0:
                if failure.times is not None:
                    failure.times -= 1
                return PROVIDERS[provider].error(failure.code, address, self._clock.now())
        return None


def _code(provider: Provider, what: Any) -> Any:
    """A code of the provider, or the usual one of a status. Raises ``ValueError`` for one that it doesn't have."""
    usual = {status: code for code, status in reversed([*provider.CODES.items()])}
    code = usual.get(what, what)
    if code not in provider.CODES:
        statuses, codes = (", ".join(map(str, names)) for names in (sorted(usual), provider.CODES))
        raise ValueError(f"{provider.LABEL} doesn't answer {what!r}; it has the statuses {statuses} and {codes}")
    return code
