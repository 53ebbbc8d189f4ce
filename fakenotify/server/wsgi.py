"""The WSGI application: an environ becomes a ``Call``, an ``Answer`` becomes bytes, in one place each.

Programs on this machine and allowed hosts may send requests, but no web page of another origin: a page in a browser can
send requests to loopback, or to its own host name if that resolves to loopback. The fake's credentials are public and
its callbacks reach local ports, so such requests are refused.
"""

from __future__ import annotations

import binascii
import json
import re
from base64 import b64decode
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from http import HTTPStatus
from io import BytesIO
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote_to_bytes

from fakenotify.core.real_time import monotonic
from fakenotify.notify.dispatch import Answer, Call
from fakenotify.world.world import World

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

BODY_LIMIT = 1_048_576
"""The largest request body, in bytes. (documented for ``ToBinding``; for every request: assumed D18)"""

WIRE = "fakenotify.wire"
"""The environ's key for what makes a ``Wire`` from the event that ends all pauses, where there is a connection."""
BROKEN = "fakenotify.broken"
"""The environ's key for the fault that breaks the answer; the sender must look there first."""

DECODED = "fakenotify.decoded"
"""The environ's key for a form that a client in process brings decoded: the form, its length in bytes, and False."""

FORM = "application/x-www-form-urlencoded"

NOTIFY = re.compile(r"notify(\.[a-z0-9-]+){0,2}\.twilio\.com")
"""The hosts of Notify: ``notify.twilio.com`` and its edge and region forms. (documented)"""

BOUND_HOST = "fakenotify.bound_host"
"""The environ's key for the host that the server was bound to; only a server of ours sets it."""

RULE = "X-Fakenotify-Rule"
"""The header of a 4xx answer that names the rule that refused; ``GET /_fake/rules/{id}`` has it in words."""
LABEL = "X-Fakenotify-Label"
"""The header of a 4xx answer that says how sure we are of it: *observed*, *documented*, *sample* …"""

CONTROL = "/_fake"
_LONG = 4_096
"""The length in bytes above which an answer is reported to the journal."""
CONTROL_BODY_LIMIT = 64 * 1_048_576

_OCTET = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_LOOPBACK = re.compile(rf"localhost|::1|127(\.{_OCTET}){{3}}")
_HOST = re.compile(r"(\[[^\]]*\]|[^:\[\]]+)(:[0-9]*)?")
_ALL_ADDRESSES = ("", "0.0.0.0", "::")

_MULTIPART = "multipart/form-data"
_JSON_ENCODER = json.JSONEncoder(check_circular=False)
_JSON = ("Content-Type", "application/json; charset=utf-8")
_BLOCK = (  # observed on Notify in 2022; casing: sibling (api 2010)
    ("Twilio-Concurrent-Requests", "1"),
    ("Access-Control-Allow-Origin", "*"),
    (
        "Access-Control-Allow-Headers",
        "Accept, Authorization, Content-Type, If-Match, If-Modified-Since, If-None-Match, If-Unmodified-Since",
    ),
    ("Access-Control-Allow-Methods", "GET, POST, DELETE, OPTIONS"),
    ("Access-Control-Expose-Headers", "ETag"),
    ("Access-Control-Allow-Credentials", "true"),
    ("X-Powered-By", "AT-5000"),
    ("X-Shenanigans", "none"),
    ("X-Home-Region", "us1"),
    ("X-API-Domain", "notify.twilio.com"),
    ("Strict-Transport-Security", "max-age=31536000"),
)
_STATUS_LINES = {  # reason phrases are upper case (sibling)
    **{status.value: f"{status.value} {status.phrase.upper()}" for status in HTTPStatus},
    413: "413 REQUEST ENTITY TOO LARGE",  # newer Pythons have another phrase
}

Handler = Callable[["WSGIEnvironment", "StartResponse"], Iterable[bytes]]


class Doors:
    """Says why a request is refused, if it is. ``allow_hosts`` are names that may be asked besides loopback's."""

    def __init__(self, allow_hosts: Iterable[str] = ()) -> None:
        self._allowed = frozenset(map(_name_of, allow_hosts))

    def refusal(self, environ: WSGIEnvironment, *, control: bool) -> str | None:
        """Why this request is refused, or None.

        On Notify's routes, ``Host`` may be a host of Notify's too (a program that is led here by a TLS proxy or a hosts
        file asks for it, and no page can have such a name), or missing (a browser always sends one). Where no server of
        ours brought the request (a test client on ``wsgi_app``, interception), only the control API looks at ``Host``.
        """
        if control or BOUND_HOST in environ:
            host = environ.get("HTTP_HOST", "")
            name, means = _read_host(host)
            if not (
                means == "loopback"
                or name in self._allowed
                or (not control and (not host or means == "notify"))
                or _is_bound(environ, name)
            ):
                return f"host {host!r} may not use this fake; allow it with --allow-host, or FakeNotify(allow_hosts=…)"
        foreign = environ.get("HTTP_ORIGIN")
        if foreign is not None and foreign.lower() != origin(environ).lower():
            return f"a web page of {foreign} may not use this fake; programs and the fake's own pages may"
        if environ.get("HTTP_SEC_FETCH_SITE", "").strip().lower() == "cross-site":
            return "a web page of another site may not use this fake; programs and the fake's own pages may"
        return None


class App:
    """The application of one world. ``control`` answers what is below ``/_fake/``, ``doors`` says who may not ask."""

    def __init__(self, world: World, control: Handler | None = None, doors: Doors | None = None) -> None:
        self.world = world
        self.control = control
        self.doors = doors or Doors()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        began = monotonic()
        path, query = target(environ)
        if self.control is not None and is_control(path):
            return self.control(environ, start_response)
        refusal = self.doors.refusal(environ, control=False)
        if refusal is not None:
            return _refuse(refusal, start_response)
        if path == "/" and self.control is not None and "text/html" in environ.get("HTTP_ACCEPT", ""):
            start_response("302 FOUND", [("Location", f"{CONTROL}/"), ("Content-Length", "0")])  # a browser
            return ()
        world = self.world
        call = read_call(environ, path, query)
        wire = environ.get(WIRE)
        if wire is not None:
            call.wire = lambda: wire(world.ending.event)
        world.due.hold()
        try:
            answer = world.dispatcher.handle(call)
        finally:
            announce = world.due.release()
        if answer.broken is not None:
            environ[BROKEN] = answer.broken
        body = encode(answer.body)
        if len(body) > _LONG:
            world.journal.measured(answer.request_id, len(body))
        status = _STATUS_LINES.get(answer.status or 500) or f"{answer.status} UNKNOWN"
        start_response(status, headers(answer, body, environ["REQUEST_METHOD"], monotonic() - began))
        shown = () if environ["REQUEST_METHOD"] == "HEAD" or not body else (body,)
        return shown if announce is None else Then(shown, announce)


def _refuse(refusal: str, start_response: StartResponse) -> Iterable[bytes]:
    """A 403 that doesn't come from Notify: it says that it is the fake's, and why."""
    body = encode({"error": f"fakenotify, not Twilio, refused this: {refusal}"})
    start_response("403 FORBIDDEN", [_JSON, ("Content-Length", str(len(body)))])
    return (body,)


def origin(environ: WSGIEnvironment) -> str:
    """Scheme and host that the client asked; what a proxy says of that comes first. (assumed D29)"""
    # proxies add to these lists: the client's own is the first
    scheme = environ.get("HTTP_X_FORWARDED_PROTO", "").partition(",")[0].strip()
    host = environ.get("HTTP_X_FORWARDED_HOST", "").partition(",")[0].strip() or environ.get("HTTP_HOST")
    host = host or f"{environ['SERVER_NAME']}:{environ['SERVER_PORT']}"
    return f"{scheme or environ.get('wsgi.url_scheme', 'http')}://{host}"


def _name_of(allowed: str) -> str:
    """The name of a host to allow. Raises ``ValueError`` for what no ``Host`` can be."""
    name, _ = _read_host(f"[{allowed}]" if allowed.count(":") > 1 and "[" not in allowed else allowed)
    if not name or "/" in name:
        raise ValueError(f"a host to allow is a name, such as fakenotify, not {allowed!r}")
    return name


@lru_cache(maxsize=64)
def _read_host(host: str) -> tuple[str, str]:
    """The name in a ``Host``, in lower case and empty for what is no host, and what it means: ``loopback`` (this
    machine), ``notify`` or nothing in particular."""
    match = _HOST.fullmatch(host)
    name = match[1].strip("[]").lower() if match else ""
    return name, "loopback" if is_loopback(name) else "notify" if NOTIFY.fullmatch(name) else ""


def is_loopback(name: str) -> bool:
    """Whether a host's name alone means this machine; there is no look-up."""
    return _LOOPBACK.fullmatch(name) is not None


def _is_bound(environ: WSGIEnvironment, name: str) -> bool:
    """Whether this is the address that the server is bound to: for all addresses, the one that was connected to."""
    bound = environ.get(BOUND_HOST)
    if bound is None or not name:
        return False
    if bound not in _ALL_ADDRESSES:
        return name in (bound.lower(), environ["SERVER_NAME"])
    return bool(environ["werkzeug.socket"].getsockname()[0] == name)


def call_app(
    app: Callable[..., Iterable[bytes]], environ: WSGIEnvironment
) -> tuple[str, list[tuple[str, str]], Iterable[bytes]]:
    """Call a WSGI application: its status, its headers, and its chunks, not yet closed."""
    started: list[Any] = []

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], object]:
        started[:] = [status, headers]
        return lambda written: None  # pragma: no cover  # WSGI's old write() is not used

    chunks = app(environ, start_response)
    return started[0], started[1], chunks


class Then:
    """An answer with something to do after it has been sent, which is when a WSGI server calls ``close``."""

    def __init__(self, chunks: Iterable[bytes], after: Callable[[], object]) -> None:
        self._chunks = chunks
        self.close = after

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._chunks)


def is_control(path: str) -> bool:
    """Whether a path is below ``/_fake``, which is never a path of Notify."""
    return path.startswith(CONTROL) and path[len(CONTROL) : len(CONTROL) + 1] in ("", "/", "?")


def target(environ: WSGIEnvironment) -> tuple[str, str]:
    """Path and query as requested, still percent-encoded; an absolute URL loses its scheme and host."""
    raw = environ.get("RAW_URI") or environ.get("REQUEST_URI")
    if raw is None:
        path = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
        return quote(path.encode("latin-1"), safe="/:@!$&'()*+,;=~-._"), environ.get("QUERY_STRING", "")
    path, _, query = raw.partition("#")[0].partition("?")
    if not path.startswith("/"):
        path = "/" + path.partition("://")[2].partition("/")[2]
    return path, query


def read_call(environ: WSGIEnvironment, path: str, query: str) -> Call:
    """What ``dispatch`` needs of a request."""
    notes: list[str] = []
    method = environ["REQUEST_METHOD"]
    form, length, too_large = environ.get(DECODED) or _read_form(environ, notes)
    parameters = parse_form(query) if query else {}
    if parameters and method != "GET":
        notes.append(f"the query of a {method} is not read: {', '.join(sorted(parameters))}")
    asked = origin(environ)
    return Call(
        method,
        path,
        parameters,
        form,
        _credentials(environ.get("HTTP_AUTHORIZATION", "")),
        asked,
        notes,
        too_large,
        size=length + len(query) + len(path) + len(asked) + len(method),
    )


def _read_form(environ: WSGIEnvironment, notes: list[str]) -> tuple[dict[str, list[str]], int, bool]:
    """The form in a body, the body's length, and whether it is too large to be read."""
    body, too_large = read_body(environ)
    form: dict[str, list[str]] = {}
    if body:
        content_type = environ.get("CONTENT_TYPE", "")
        media_type = content_type.partition(";")[0].strip().lower()
        if media_type not in (FORM, _MULTIPART, ""):
            notes.append(
                f"the body is {media_type}; Notify reads urlencoded and multipart forms only, so it counts as empty"
            )
        elif environ["REQUEST_METHOD"] != "POST":
            notes.append(f"the body of a {environ['REQUEST_METHOD']} is not read; parameters belong in the query")
        elif media_type == _MULTIPART:
            form = parse_multipart(body, content_type, notes)
        else:
            form = parse_form(body.decode("utf-8", "replace"))
    return form, len(body), too_large


def read_body(environ: WSGIEnvironment, limit: int = BODY_LIMIT) -> tuple[bytes, bool]:
    """The body, and whether it is too large to be read."""
    stream = environ.get("wsgi.input") or BytesIO()
    length = environ.get("CONTENT_LENGTH") or ""
    if environ.get("wsgi.input_terminated"):
        body = stream.read(limit + 1)
    elif not length.isdigit():
        return b"", False
    elif len(length) > 12 or int(length) > limit:
        return b"", True
    else:
        body = stream.read(int(length))
    return (b"", True) if len(body) > limit else (body, False)


def parse_form(text: str) -> dict[str, list[str]]:
    """A form or a query: each name with its values; bytes that are not UTF-8 become U+FFFD.

    It reads as the standard library's ``parse_qsl`` does (a test compares them), in a fifth of the time.
    """
    form: dict[str, list[str]] = {}
    plain = "%" not in text and "+" not in text
    for pair in text.split("&"):
        if pair:
            name, _, value = pair.partition("=")
            if not plain and ("%" in pair or "+" in pair):
                name, value = _decoded(name), _decoded(value)
            if name in form:
                form[name].append(value)
            else:
                form[name] = [value]
    return form


def _decoded(text: str) -> str:
    text = text.replace("+", " ")
    return unquote_to_bytes(text).decode("utf-8", "replace") if "%" in text else text


def parse_multipart(body: bytes, content_type: str, notes: list[str]) -> dict[str, list[str]]:
    """A form as twilio-node 3.6 to 3.40 posts it; a part with a file name is read as text. (assumed D25)

    One that can't be read counts as empty, and ``notes`` says so.
    """
    from werkzeug.formparser import FormDataParser  # start-up time: such forms are rare
    from werkzeug.http import parse_options_header

    parser = FormDataParser(lambda *_, **__: BytesIO(), max_form_memory_size=None, max_form_parts=None, silent=False)
    options = parse_options_header(content_type)[1]
    try:
        _, fields, files = parser.parse(BytesIO(body), _MULTIPART, len(body), options)
    except ValueError:
        why = "it is cut short, has a part without a name, or another boundary than its Content-Type says"
        notes.append(f"the body is no {_MULTIPART}: {why}; it counts as empty")
        return {}
    form: dict[str, list[str]] = {name: values for name, values in fields.lists() if name is not None}
    for name, values in files.lists():
        if name is not None:
            form.setdefault(name, []).extend(file.stream.read().decode("utf-8", "replace") for file in values)
    return form


@lru_cache(maxsize=256)
def _credentials(header: str) -> tuple[str, str] | None:
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, colon, password = b64decode(encoded.strip(), validate=True).decode("utf-8").partition(":")
    except (binascii.Error, ValueError):
        return None
    return (user, password) if colon else None


def encode(body: Any) -> bytes:
    """JSON in one line with Python's separators, no newline at the end. (observed)"""
    return b"" if body is None else _JSON_ENCODER.encode(body).encode()


def headers(answer: Answer, body: bytes, method: str, seconds: float) -> list[tuple[str, str]]:
    """The observed block with fresh ids; a 204 has neither type nor length. (assumed D26)"""
    block = [
        *_BLOCK,
        ("Twilio-Request-Id", answer.request_id),
        ("Twilio-Request-Duration", f"{seconds:.3f}"),
    ]
    if answer.error is not None and answer.status is not None and answer.status < 500:
        block += ((RULE, answer.error.rule(answer.operation)), (LABEL, answer.error.label))
    if answer.headers:
        block += answer.headers.items()
    if body:
        block += (_JSON, ("Content-Length", str(len(body))))
    return block
