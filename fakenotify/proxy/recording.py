"""Calls to Notify, passed on to another Notify and recorded: one JSON object a line, secrets and personal data masked.

A line has ``method``, ``path``, ``query``, ``form``, ``status``, ``headers`` and ``body``, which
``fakenotify compare`` replays. The file appears when the recording has ended; until then it grows beside its place.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterable
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, unquote, urlsplit

from fakenotify.conformance.client import Answer, exchange
from fakenotify.conformance.masking import Masking
from fakenotify.conformance.recording import RecordedCall
from fakenotify.notify.dispatch import Call
from fakenotify.proxy.counts import Counts
from fakenotify.server.wsgi import is_loopback, read_body, read_call, target

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_PATIENCE = 60.0
"""Seconds that the other Notify has to answer a program."""

_PASSED_ON = ("ACCEPT", "ACCEPT_LANGUAGE", "AUTHORIZATION", "USER_AGENT")
_KEPT = frozenset(("allow", "content-type", "retry-after", "twilio-concurrent-requests", "www-authenticate"))
"""Headers of an answer that a recording keeps; the others say nothing about Notify, or differ each time."""

_OF_THE_CONNECTION = frozenset(("connection", "content-length", "keep-alive", "transfer-encoding", "date", "server"))


class Recorder:
    """A WSGI application that passes each call on to ``upstream`` and writes it to ``path``.

    Raises ``ValueError`` for a URL that is no Notify's, and ``OSError`` for a file that can't be written. ``statuses``
    counts the answers, ``unreached`` the calls that got none.
    """

    def __init__(self, upstream: str, path: str) -> None:
        self._upstream = parts = _base(upstream)
        self.origin = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
        self.statuses, self.unreached = Counts(), Counts()
        self._path = Path(path)
        self._partial = self._path.with_name(f".{self._path.name}.partial")
        if self._path.is_dir():
            raise IsADirectoryError(f"{path} is a folder")
        self._file = self._partial.open("w", encoding="ascii")
        self._maskings: dict[str, Masking] = {}
        self._lock = threading.Lock()

    def is_at(self, port: int) -> bool:
        """Whether the other Notify is what listens on this machine's ``port``."""
        own = self._upstream.port or {"http": 80, "https": 443}[self._upstream.scheme]
        return own == port and is_loopback(self._upstream.hostname or "")

    def close(self) -> None:
        """End the recording: the file takes its place, unless nothing was recorded."""
        self._file.close()
        if self.statuses:
            os.replace(self._partial, self._path)
        else:
            self._partial.unlink()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request as the other Notify does."""
        body, _ = read_body(environ)
        environ["wsgi.input"] = BytesIO(body)
        environ["wsgi.input_terminated"] = True
        path, query = target(environ)
        call, whole = read_call(environ, path, query), f"{path}?{query}" if query else path
        headers = {name.replace("_", "-"): environ[f"HTTP_{name}"] for name in _PASSED_ON if f"HTTP_{name}" in environ}
        if environ.get("CONTENT_TYPE"):
            headers["Content-Type"] = environ["CONTENT_TYPE"]
        try:
            answer = exchange(self._upstream, call.method, whole, body, headers, _PATIENCE)
        except OSError as error:
            self.unreached.add(f"{self.origin}: {error}")
            content = json.dumps({"error": f"fakenotify: {self.origin} can't be reached: {error}"}).encode()
            start_response("502 BAD GATEWAY", [("Content-Type", "application/json")])
            return [content]
        self._record(call, answer)
        own = json.dumps(call.origin)[1:-1].encode()  # in its URLs, so that the client asks this proxy for them too
        content = answer.body.replace(f'"{self.origin}/'.encode(), b'"' + own + b"/")
        kept = [(name, value) for name, value in answer.headers.items() if name.lower() not in _OF_THE_CONNECTION]
        start_response(f"{answer.status} {answer.reason}", kept)
        return [content] if content else []

    def _record(self, call: Call, answer: Answer) -> None:
        # the key is what a client proves itself by, so that pseudonyms differ from account to account
        password = call.credentials[1] if call.credentials else ""
        with self._lock:
            masking = self._maskings.setdefault(password, Masking(password))
            path = masking.path(call.path)
            recorded = RecordedCall(
                call.method,
                path,
                masking.form(call.query),
                masking.form(call.form),
                answer.status,
                {name: value for name, value in answer.headers.items() if name.lower() in _KEPT},
                _without_path(masking.record(answer.json), call.path, path),
            )
            self.statuses.add(str(answer.status))
            with suppress(ValueError):  # the recording has ended, and a late call is not part of it
                self._file.write(recorded.to_line())
                self._file.flush()


def _base(upstream: str) -> SplitResult:
    """The parts of the URL of a Notify. Raises ``ValueError``."""
    with suppress(ValueError):  # of an address or a port that can't be
        parts = urlsplit(upstream)
        usable = parts.scheme in ("http", "https") and parts.hostname and (parts.port or 1)
        if usable and not parts.path.strip("/") and not parts.query:
            return parts
    raise ValueError(f"{upstream!r} is not the URL of a Notify, such as https://notify.twilio.com")


def _without_path(body: Any, path: str, masked: str) -> Any:
    """An error names the path that was not found; there, too, it is masked."""
    if isinstance(body, dict) and isinstance(body.get("message"), str):
        for own, shown in zip(path.split("/"), masked.split("/"), strict=True):
            if own != shown:
                body["message"] = body["message"].replace(own, shown).replace(unquote(own), unquote(shown))
    return body
