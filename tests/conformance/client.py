"""The client: the standard library's HTTP, and a guard in front of every request that could leave something behind."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import subprocess
import sys
import time
import uuid
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

FORM = "application/x-www-form-urlencoded"
NOBODY = "IS" + "X" * 32
"""A sid that no Service can have: what is sent there creates nothing."""

_TIMEOUT = 30
_RETRIES = 3


class NotAllowed(Exception):
    """A request that this run may not make."""


@dataclass(frozen=True)
class Answer:
    """What came back; ``json`` is None where the body is no JSON."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    @property
    def error(self) -> Any:
        """Status and body of a refusal, or as much as shows what came instead."""
        return {"http": self.status, "body": self.json if self.status >= 400 else "(no error)"}


class Notify:
    """A Notify at ``url``. ``may_write`` is the tester's word that things may be created there."""

    def __init__(self, url: str, user: str, password: str, *, may_write: bool) -> None:
        self.url = url.rstrip("/")
        self.may_write = may_write
        self.run = uuid.uuid4().hex[:12]
        """What is in every name that this run gives."""
        self.created: list[str] = []
        """The paths of what this run created and has not yet deleted, oldest first."""
        self._secrets = [password, b64encode(f"{user}:{password}".encode()).decode(), user]
        self._authorization = "Basic " + self._secrets[1]
        self._gone: set[str] = set()
        self._service: str | None = None

    # reading

    def get(self, path: str, query: Iterable[tuple[str, str]] = ()) -> Answer:
        """Read a path below ``/v1``, or an absolute URL that the service gave."""
        if "://" in path:
            parts = urlsplit(path)
            path = parts.path.partition("/v1")[2] + (f"?{parts.query}" if parts.query else "")
        asked = urlencode(list(query))
        return self._send("GET", f"{path}?{asked}" if asked else path)

    def get_as(self, authorization: str | None, path: str) -> Answer:
        """Read with other credentials, or with none."""
        return self._send("GET", path, authorization=authorization)

    def pages(self, path: str, query: Iterable[tuple[str, str]] = (), most: int = 40) -> Iterator[Any]:
        """The pages of a list, by the links that they give."""
        page = self.get(path, query).json
        for _ in range(most):
            yield page
            following = page["meta"]["next_page_url"]
            if following is None:
                return
            page = self.get(following).json

    # writing

    def probe(self, path: str, form: Iterable[tuple[str, str]] = ()) -> Answer:
        """A POST that can't create anything, since no such Service can exist."""
        below_nobody = path.startswith((f"/Services/{NOBODY}/", "/Services//"))
        if not below_nobody and path.split("/")[1] in ("Services", "Credentials"):
            raise NotAllowed(f"POST {path} might create something")
        return self._send("POST", path, urlencode(list(form)))

    def create(
        self,
        path: str,
        form: Iterable[tuple[str, str]] = (),
        *,
        method: str = "POST",
        content_type: str = FORM,
        body: str = "",
    ) -> Answer:
        """Create below a collection; what comes into being will be deleted at the end."""
        self._check_may_write()
        if not path.endswith(("/Services", "/Credentials")) and not self._is_ours(path):
            raise NotAllowed(f"{method} {path}: this Service was not created by this run")
        answer = self._send(method, path, body or urlencode(list(form)), content_type)
        sid = (answer.json or {}).get("sid") if answer.status < 300 else None
        if sid and not path.endswith("/Notifications"):
            self.created.append(f"{path}/{sid}")
        return answer

    def update(self, path: str, form: Iterable[tuple[str, str]] = ()) -> Answer:
        """Change what this run created."""
        self._check_may_write()
        if not self._is_ours(path):
            raise NotAllowed(f"POST {path}: it was not created by this run")
        return self._send("POST", path, urlencode(list(form)))

    def delete(self, path: str) -> Answer:
        """Delete what this run created, perhaps for the second time."""
        self._check_may_write()
        if not self._is_ours(path):
            raise NotAllowed(f"DELETE {path}: it was not created by this run")
        answer = self._send("DELETE", path)
        if answer.status == 204 and path in self.created:
            self.created.remove(path)
            self._gone.add(path)
        return answer

    def undo(self) -> list[str]:
        """Delete everything that this run created; returns what could not be deleted."""
        for path in reversed([*self.created]):
            with contextlib.suppress(OSError, http.client.HTTPException):
                if self._send("DELETE", path).status in (204, 404):
                    self.created.remove(path)
        self._service = None
        return [*self.created]

    @property
    def service(self) -> str:
        """The path of a Service that this run made: no Messaging Service, no Credential, so that nothing gets out."""
        if self._service is None or self._service not in self.created:
            made = self.create("/Services", [("FriendlyName", f"conformance {self.run}")])
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

    def _is_ours(self, path: str) -> bool:
        ours = (*self.created, *self._gone)
        return any(path == each or path.startswith(f"{each}/") or path == f"{each}.json" for each in ours)

    def _check_may_write(self) -> None:
        if not self.may_write:
            raise NotAllowed("NOTIFY_URL was given without NOTIFY_DESTRUCTIVE=1: nothing is created or deleted there")

    def _send(
        self, method: str, path: str, body: str = "", content_type: str = FORM, authorization: str | None = "own"
    ) -> Answer:
        parts = urlsplit(self.url)
        connect = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        headers = {"Accept": "application/json"}
        if body or method == "POST":
            headers["Content-Type"] = content_type
        if authorization is not None:
            headers["Authorization"] = self._authorization if authorization == "own" else authorization
        for attempt in range(_RETRIES):
            with contextlib.closing(connect(parts.hostname or "", parts.port, timeout=_TIMEOUT)) as connection:
                connection.request(method, f"{parts.path}/v1{path}", body.encode(), headers)
                response = connection.getresponse()
                answer = Answer(response.status, dict(response.getheaders()), response.read())
            if answer.status != 429:
                break
            time.sleep(float(answer.headers.get("Retry-After", 1 + attempt)))  # never processed, so safe to repeat
        return answer


@contextlib.contextmanager
def named_or_fake(environment: Mapping[str, str] = os.environ) -> Iterator[Notify]:
    """The Notify that the environment names, else a fake of its own; what was created is gone in the end."""
    with contextlib.ExitStack() as stack:
        url = environment.get("NOTIFY_URL")
        if url:
            user, password = environment["NOTIFY_ACCOUNT_SID"], environment["NOTIFY_AUTH_TOKEN"]
            notify = Notify(url, user, password, may_write=environment.get("NOTIFY_DESTRUCTIVE") == "1")
        else:
            told = stack.enter_context(_fake())
            notify = Notify(told["url"], told["account_sid"], told["auth_token"], may_write=True)
        try:
            yield notify
        finally:
            left = notify.undo()
            if left:
                print("could not be deleted, please do so by hand:", *left, file=sys.stderr)


@contextlib.contextmanager
def _fake() -> Iterator[dict[str, str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "fakenotify", "--port", "0", "--json", "--quiet"], stdout=subprocess.PIPE, text=True
    )
    with process:
        try:
            assert process.stdout is not None
            yield json.loads(process.stdout.readline())
        finally:
            process.terminate()
