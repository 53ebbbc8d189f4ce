"""The control API below ``/_fake/``: what a Python test can do, in JSON for a test in any language.

Web pages of other origins can't use it: requests that ``Doors`` refuses and writes that are not JSON get a 403, and
there are no CORS headers.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from http import HTTPStatus
from itertools import chain
from typing import TYPE_CHECKING, Any, Protocol

from fakenotify.control import (
    events,
    explanations,
    faults,
    notify_openapi,
    openapi,
    pages,
    requests,
    sent,
    settings,
    stored,
    totals,
    world,
)
from fakenotify.control.routes import EVENTS, JSON, Ask, Content, Refused, Route, check_account, route
from fakenotify.control.schema import OBJECT
from fakenotify.control.tables import Rows
from fakenotify.core import strict_json
from fakenotify.core.errors import UnknownName
from fakenotify.core.params import nearest
from fakenotify.notify.tables import TABLES
from fakenotify.server.wsgi import CONTROL, CONTROL_BODY_LIMIT, Doors, origin, parse_form, read_body, target
from fakenotify.world.world import Change, World

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

Methods = dict[str, Route]
"""The operations of one path by their methods."""

_COMMON = (("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff"))
_MOST_AT_ONCE = 262_144
"""The largest answer, in bytes, that is sent with a length; longer ones are streamed."""


@route("GET", "openapi.json", OBJECT)
def get_openapi(world: World, ask: Ask) -> dict[str, Any]:
    """This description, OpenAPI 3.1."""
    return openapi.document(routes())


@route("GET", "notify-openapi.json", OBJECT)
def get_notify_openapi(world: World, ask: Ask) -> dict[str, Any]:
    """Notify's own description, OpenAPI 3.1: what the fake takes and answers, and how we know."""
    return notify_openapi.document(origin(ask.environ))


_MODULES = (world, stored, sent, requests, totals, explanations, faults, settings, events, pages)

ROUTES: dict[str, Methods] = {}
"""Every control operation by its path below ``/_fake/`` and its method."""
for _each in [*chain.from_iterable(vars(module).values() for module in _MODULES), get_openapi, get_notify_openapi]:
    _each = _each.route() if isinstance(_each, Rows) else _each
    if isinstance(_each, Route):
        ROUTES.setdefault(_each.path, {})[_each.method] = _each
_WITH_REST = {path.partition("/")[0]: methods for path, methods in ROUTES.items() if "{" in path}


def routes() -> dict[str, Methods]:
    """All routes, including those of tables that were registered later."""
    return ROUTES | {name: {"GET": stored.plain(name)} for name in TABLES if name not in ROUTES}


class HasWorld(Protocol):
    """The owner of the current world."""

    world: World


class Control:
    """The WSGI application below ``/_fake/``. ``allow_hosts`` are further names for ``Host``."""

    def __init__(self, holder: HasWorld, allow_hosts: Iterable[str] = ()) -> None:
        self._holder = holder
        self._doors = Doors(allow_hosts)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one control request."""
        status, media = 200, JSON
        try:
            answer, media = self._answer(environ)
        except Refused as refused:
            status, answer = refused.status, {"error": str(refused)}
            if refused.nearest:
                answer["nearest"] = refused.nearest
        if isinstance(answer, Generator):
            begin, rest = (b"", answer) if media == EVENTS else _begin(answer)
            if rest is not None:
                start_response("200 OK", [("Content-Type", media), *_COMMON])
                return _pieces(begin, rest)
            answer = Content(begin, media)
        elif not isinstance(answer, Content):
            answer = Content((strict_json.write(answer) + "\n").encode(), JSON)
        length = ("Content-Length", str(len(answer.body)))
        headers = [("Content-Type", answer.content_type), length, *_COMMON, *answer.headers]
        start_response(f"{status} {HTTPStatus(status).phrase}", headers)
        return (answer.body,)

    def _answer(self, environ: WSGIEnvironment) -> tuple[Any, str]:
        method = environ["REQUEST_METHOD"]
        path, query = target(environ)
        refusal = self._doors.refusal(environ, control=True)
        if refusal is not None:
            raise Refused(403, refusal)
        name, rest = path.removeprefix(CONTROL).strip("/"), ""
        methods = ROUTES.get(name)
        if methods is None:
            methods, rest = _find(name, path)
        if method not in methods:
            raise Refused(405, f"{path} has no {method}; it has {', '.join(methods)}")
        found, world = methods[method], self._holder.world
        asked = _query(found, path, query) if query else {}
        if "account_sid" in asked:
            check_account(world, asked["account_sid"])
        body = None if method == "GET" else _body(environ, found)
        try:
            answer = found.run(world, Ask(asked, body, rest, environ))
        except UnknownName as error:
            raise Refused(404 if method == "GET" else 400, str(error), error.nearest) from None
        except (ValueError, TypeError, OverflowError) as error:
            if method == "GET":
                raise
            raise Refused(400, str(error)) from None  # the verbs of the world raise these for bad arguments
        if method != "GET":
            world.changes.tell(Change("control", asked.get("account_sid"), {"method": method, "path": path}))
        return answer, found.media


def _find(name: str, path: str) -> tuple[Methods, str]:
    """The methods of a path with a placeholder, and its value; or those of a table that was registered later."""
    head, _, rest = name.partition("/")
    if rest and head in _WITH_REST:
        return _WITH_REST[head], rest
    if name in TABLES:
        return {"GET": stored.plain(name)}, ""
    known = [*filter(None, ROUTES), *(TABLES.keys() - ROUTES.keys())]
    raise Refused(404, f"there is no {path}; there are: {', '.join(sorted(known))}", nearest(name, known))


def _query(found: Route, path: str, query: str) -> dict[str, Any]:
    """The query parameters, parsed. Raises ``Refused`` for one that is unknown or repeated."""
    asked = {}
    for name, values in parse_form(query).items():
        if name not in found.query:
            known = ", ".join(found.query) or "none"
            raise Refused(400, f"{path} has no query parameter {name!r}; it has {known}", nearest(name, found.query))
        if len(values) > 1:
            raise Refused(400, f"the query parameter {name} is there {len(values)} times; once is enough")
        asked[name] = found.query[name].read(name, values[0])
    return asked


def _body(environ: WSGIEnvironment, found: Route) -> Any:
    """The body, parsed; a dictionary if the route describes a body. Raises ``Refused``."""
    body, too_large = read_body(environ, CONTROL_BODY_LIMIT)
    content_type = environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower()
    if content_type != JSON and (content_type or body or too_large):
        given = content_type or "without a content type"
        raise Refused(403, f"a write to the control API is {JSON}, not {given}")
    if too_large:
        raise Refused(413, f"the body is larger than {CONTROL_BODY_LIMIT} bytes")
    try:
        content = strict_json.parse(body) if body else None
    except ValueError as error:
        raise Refused(400, f"this is not JSON: {error}") from None
    if content is None and not found.needs_body:
        return {}
    if found.body is not None and not isinstance(content, dict):
        raise Refused(400, "the body must be a JSON object" + ("" if found.needs_body else ", or empty"))
    return content


def _begin(pieces: Generator[str, None, None]) -> tuple[bytes, Generator[str, None, None] | None]:
    """The beginning of an answer, and the generator of the rest if there is more."""
    begun: list[bytes] = []
    size = 0
    for piece in pieces:
        begun.append(piece.encode())
        size += len(begun[-1])
        if size > _MOST_AT_ONCE:
            return b"".join(begun), pieces
    return b"".join(begun), None


def _pieces(begin: bytes, rest: Generator[str, None, None]) -> Iterator[bytes]:
    with closing(rest):
        if begin:
            yield begin
        for piece in rest:
            yield piece.encode()
