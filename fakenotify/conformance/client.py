"""A client of another Notify, with a guard that refuses to change what others made."""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import uuid
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from email.message import Message
from typing import Any
from urllib.parse import SplitResult, quote, urlencode, urlsplit

from fakenotify.core.real_time import sleep

FORM = "application/x-www-form-urlencoded"
Values = str | list[str]
"""A parameter's value, or several."""
NOBODY = "IS" + "X" * 32
"""A sid that no Service can have: what is sent there creates nothing."""
TIMEOUT = 30.0
"""Seconds that another Notify has to answer."""
RETRIES = 5
LONGEST_WAIT = 60.0


class NotAllowed(Exception):
    """A request that this run may not make."""


class Unreachable(Exception):
    """The other Notify gives no usable answer; the message is a line for the user."""


@dataclass(frozen=True)
class Answer:
    """An answer; ``json`` is None if the body isn't JSON."""

    status: int
    reason: str
    headers: Message
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    @property
    def result(self) -> tuple[int, Any]:
        """Status and JSON."""
        return self.status, self.json

    @property
    def error(self) -> dict[str, Any]:
        """Status and body of a refusal; of another answer, only the status."""
        return {"http": self.status, "body": self.json if self.status >= 400 else "(no error)"}


@dataclass(frozen=True)
class Credentials:
    """Who asks: an account's sid and auth token, or an API key's sid and secret."""

    user: str
    password: str

    @property
    def header(self) -> str:
        """The value of ``Authorization``."""
        return "Basic " + b64encode(f"{self.user}:{self.password}".encode(errors="surrogateescape")).decode()


class Connection:
    """GET, POST and DELETE of a Notify at ``url``, one request after another.

    It tries again after a 429, and with ``retry_errors`` after a 5xx or a lost connection too. It waits as long as
    ``Retry-After`` says, else 1, 2, 4 … seconds; ``pause`` does the waiting.
    """

    def __init__(
        self,
        url: str,
        credentials: Credentials,
        *,
        retry_errors: bool = False,
        pause: Callable[[float], object] = sleep,
    ) -> None:
        self.url = check_url(url)
        self._parts = urlsplit(self.url)
        self._credentials = credentials
        self._retry_errors = retry_errors
        self._pause = pause

    def send(
        self, method: str, path: str, body: str = "", content_type: str = FORM, authorization: str | None = "own"
    ) -> Answer:
        """Ask for a path below ``/v1``. Raises ``OSError`` where no answer comes."""
        headers = {"Accept": "application/json"}
        if body or method == "POST":
            headers["Content-Type"] = content_type
        if authorization is not None:
            headers["Authorization"] = self._credentials.header if authorization == "own" else authorization
        for attempt in range(RETRIES):  # pragma: no branch  # the last attempt returns or raises
            last = attempt == RETRIES - 1
            try:
                answer = exchange(self._parts, method, f"{self._parts.path}/v1{path}", body.encode(), headers)
            except OSError:
                if last or not self._retry_errors:
                    raise
                self._pause(2.0**attempt)
                continue
            if last or not (answer.status == 429 or (self._retry_errors and answer.status >= 500)):
                break
            self._pause(_wait(answer, attempt))
        return answer


def exchange(
    url: SplitResult, method: str, target: str, body: bytes, headers: Mapping[str, str], timeout: float = TIMEOUT
) -> Answer:
    """Send a request to the server at ``url``. Raises ``OSError`` where no answer of HTTP's comes."""
    connect = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
    with contextlib.closing(connect(url.hostname or "", url.port, timeout=timeout)) as connection:
        try:
            connection.request(method, target, body or None, dict(headers))
            response = connection.getresponse()
            return Answer(response.status, response.reason, response.headers, response.read())
        except http.client.HTTPException as error:
            raise ConnectionError(f"that is no answer of HTTP's: {error!r}") from None


def check_url(url: str) -> str:
    """The base URL without ``/v1`` and slashes at its end. Raises ``Unreachable`` if it isn't an http(s) URL."""
    try:
        parts = urlsplit(url)
        usable = url.isascii() and parts.scheme in ("http", "https") and parts.hostname and (parts.port or 1)
    except ValueError:
        usable = False
    if not usable:
        raise Unreachable(f"{url!r} is not an http(s) URL, such as https://notify.twilio.com")
    return url.rstrip("/").removesuffix("/v1")


def _wait(answer: Answer, attempt: int) -> float:
    try:
        return min(max(float(answer.headers.get("Retry-After", "")), 0.0), LONGEST_WAIT)
    except ValueError:
        return 2.0**attempt


def below_v1(path: str) -> str:
    """The path below ``/v1`` of a URL that a list's ``meta`` gives; a path stays as it is."""
    if "://" not in path:
        return path
    parts = urlsplit(path)
    return parts.path.partition("/v1")[2] + (f"?{parts.query}" if parts.query else "")


class RemoteNotify(Connection):
    """Another Notify, as the checks ask it: without ``may_write`` they only read, and never change what others made."""

    def __init__(self, url: str, credentials: Credentials, *, may_write: bool) -> None:
        super().__init__(url, credentials)
        self.may_write = may_write
        self.run = uuid.uuid4().hex[:12]
        """A part of every name that this run gives."""
        self.created: list[str] = []
        """The paths of what this run created and has not yet deleted, oldest first."""
        self._ours: set[str] = set()
        self._secrets = [credentials.password, credentials.header.partition(" ")[2], credentials.user]
        self._service = ""
        self._writing, self._interrupted = False, 0

    def get(self, path: str, **query: Values) -> Answer:
        """Read a path below ``/v1``, or an absolute URL that the service gave."""
        path, asked = below_v1(path), urlencode(query, doseq=True)
        return self.send("GET", f"{path}?{asked}" if asked else path)

    def pages(self, path: str, *, most: int = 40, **query: Values) -> Iterator[Any]:
        """The pages of a list, by the links that they give."""
        page = self.get(path, **query).json
        for _ in range(most):
            yield page
            following = page["meta"]["next_page_url"]
            if following is None:
                return
            page = self.get(following).json

    def post(self, path: str, **form: Values) -> Answer:
        """Create below a collection, or update what this run created."""
        return self.send("POST", path, urlencode(form, doseq=True))

    def delete(self, path: str) -> Answer:
        """Delete what this run created, perhaps for the second time."""
        return self.send("DELETE", path)

    def send(
        self, method: str, path: str, body: str = "", content_type: str = FORM, authorization: str | None = "own"
    ) -> Answer:
        """Send a request, if it is allowed; what it creates is deleted at the end. Raises ``NotAllowed``."""
        if method == "GET":
            return super().send(method, path, body, content_type, authorization)
        self._check(method, path)
        self._writing = True
        try:
            answer = super().send(method, path, body, content_type, authorization)
            sid = (answer.json or {}).get("sid") if answer.status < 300 else None
            if sid and path.endswith(("/Services", "/Credentials", "/Bindings")):
                self.created.append(f"{path}/{sid}")
                self._ours.add(self.created[-1])
            elif method == "DELETE" and answer.status == 204 and path in self.created:
                self.created.remove(path)
        finally:
            self._writing = False
        if self._interrupted:
            raise KeyboardInterrupt(self._interrupted)
        return answer

    def interrupt(self, number: int, frame: Any) -> None:
        """Handle a signal: stop at once, but let a request that writes be answered, which tells what to delete."""
        if not self._writing:
            raise KeyboardInterrupt(number)
        self._interrupted = number

    def _check(self, method: str, path: str) -> None:
        _, collection, *below = path.split("/")
        if collection not in ("Services", "Credentials") or path.startswith((f"/Services/{NOBODY}/", "/Services//")):
            return  # nobody has such a path, so nothing can be created there
        if not self.may_write:
            raise NotAllowed("nothing is created or deleted there without --write")
        if (below or method == "DELETE") and not any(f"{path}/".startswith(f"{each}/") for each in self._ours):
            raise NotAllowed(f"{method} {path}: it was not created by this run")

    def undo(self) -> list[str]:
        """Delete everything that this run created; returns what could not be deleted."""
        self._interrupted = 0
        for path in reversed([*self.created]):
            with contextlib.suppress(OSError):
                if self.delete(path).status == 404:
                    self.created.remove(path)
        return [*self.created]

    @property
    def service(self) -> str:
        """The path of a Service that this run made: no Messaging Service, no Credential, so that nothing gets out."""
        if self._service not in self.created:
            made = self.post("/Services", FriendlyName=f"conformance {self.run}")
            if made.status != 201:
                raise RuntimeError(f"no Service to work in: {made.status}")
            self._service = f"/Services/{made.json['sid']}"
        return self._service

    def name(self, what: str) -> str:
        """A name that nobody else has."""
        return f"{what}-{self.run}-{uuid.uuid4().hex[:6]}"

    def number(self) -> str:
        """A phone number that nobody has: 500 555 is Twilio's own range for tests."""
        return f"+1500555{uuid.uuid4().int % 10_000_000:07}"

    def masked(self, value: Any) -> Any:
        """The same without secrets and without sids of accounts."""
        if isinstance(value, dict):
            return {self.masked(key): self.masked(each) for key, each in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.masked(each) for each in value]
        if not isinstance(value, str):
            return value
        for secret in self._secrets:
            for spelled in {secret, quote(secret, safe="")}:
                if len(spelled) >= 4:
                    value = value.replace(spelled, "(masked)")
        return re.sub(r"\b(AC|SK)[0-9a-fA-F]{32}\b", r"\1(masked)", value)
