"""The control API, ``/_fake/``: what a Python test can do, a test in another language does here. JSON in and out.

The law: a web page must not be able to drive it. A ``Host`` that is not loopback (or allowed), a foreign ``Origin``,
and a write that is not JSON are refused, and there are no CORS headers.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Protocol

from fakenotify.core.params import nearest
from fakenotify.server.doors import Doors, origin
from fakenotify.server.wsgi import CONTROL, CONTROL_BODY_LIMIT, parse_form, read_body, target
from fakenotify.world import saved_state as state
from fakenotify.world.world import Change, World

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

INSPECTOR = "inspector"
"""The route that stands at ``/_fake/`` itself as well."""

_COMMON = (("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff"))


class HasWorld(Protocol):
    """Whoever holds the world that is in force now."""

    world: World


@dataclass(frozen=True, slots=True)
class Ask:
    """One control request: ``query`` with one value a name, ``body`` parsed, ``rest`` the placeholder's value.

    ``origin`` is the scheme and host that were asked.
    """

    query: Mapping[str, str]
    body: Any
    rest: str = ""
    origin: str = ""


@dataclass(frozen=True, slots=True)
class Content:
    """An answer that is not JSON, with headers of its own."""

    body: bytes
    content_type: str
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ControlRoute:
    """One control operation: what it does, the query parameters it reads, and the schemas of body and answer.

    ``run`` returns a JSON object; or ``Content`` of type ``media``; or an iterator of text, which is sent as an event
    stream.
    """

    run: Callable[[World, Ask], Any]
    answer: Mapping[str, Any]
    query: tuple[str, ...] = ()
    body: Mapping[str, Any] | None = None
    media: str = "application/json"


class Refused(Exception):
    """A control request that is answered with an error and ``nearest`` valid names."""

    def __init__(self, status: int, message: str, nearest: Iterable[str] = ()) -> None:
        self.status = status
        self.nearest = list(nearest)
        super().__init__(message)


class Control:
    """The WSGI application below ``/_fake/``. ``allow_hosts`` are names other than loopback's that may be asked."""

    def __init__(
        self, holder: HasWorld, routes: Mapping[str, Mapping[str, ControlRoute]], allow_hosts: Iterable[str] = ()
    ) -> None:
        self._holder = holder
        self._routes = routes
        self._doors = Doors(allow_hosts)

    @property
    def world(self) -> World:
        """The world in force."""
        return self._holder.world

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one control request."""
        try:
            status, answer = 200, self._answer(environ)
        except Refused as refused:
            status, answer = refused.status, {"error": str(refused)}
            if refused.nearest:
                answer["nearest"] = refused.nearest
        if isinstance(answer, Iterator):
            start_response("200 OK", [("Content-Type", "text/event-stream"), *_COMMON])
            return (piece.encode() for piece in answer)
        if not isinstance(answer, Content):
            answer = Content((json.dumps(answer) + "\n").encode(), "application/json")
        start_response(
            f"{status} {HTTPStatus(status).phrase}",
            [
                ("Content-Type", answer.content_type),
                ("Content-Length", str(len(answer.body))),
                *_COMMON,
                *answer.headers,
            ],
        )
        return (answer.body,)

    def _answer(self, environ: WSGIEnvironment) -> Any:
        method = environ["REQUEST_METHOD"]
        path, query = target(environ)
        self._check_origin(environ)
        name = path.removeprefix(CONTROL).strip("/") or INSPECTOR
        methods, rest = self._find(name, path)
        if method not in methods:
            raise Refused(405, f"{path} has no {method}; it has {', '.join(methods)}")
        route = methods[method]
        asked = {key: values[0] for key, values in parse_form(query).items()}
        for key in asked:
            if key not in route.query:
                known = ", ".join(route.query) or "none"
                raise Refused(400, f"{path} has no query parameter {key!r}; it has {known}", nearest(key, route.query))
        body = None if method == "GET" else self._body(environ)
        answer = route.run(self.world, Ask(asked, body, rest, origin(environ)))
        if method != "GET":
            self.world.changes.tell(Change("control", asked.get("account_sid"), {"method": method, "path": path}))
        return answer

    def _find(self, name: str, path: str) -> tuple[Mapping[str, ControlRoute], str]:
        """The methods of a route, and the value of its placeholder."""
        head, slash, rest = name.partition("/")
        for pattern, methods in self._routes.items():
            if pattern == name or (slash and rest and pattern.startswith(f"{head}/{{")):
                return methods, rest
        raise Refused(
            404, f"there is no {path}; there are: {', '.join(sorted(self._routes))}", nearest(name, self._routes)
        )

    def _check_origin(self, environ: WSGIEnvironment) -> None:
        """Keep web pages out: they can be made to ask any address of this machine."""
        refusal = self._doors.refusal(environ, control=True)
        if refusal is not None:
            raise Refused(403, refusal)

    @staticmethod
    def _body(environ: WSGIEnvironment) -> Any:
        content_type = environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower()
        if content_type not in ("", "application/json"):
            raise Refused(403, f"a write to the control API is application/json, not {content_type}")
        body, too_large = read_body(environ, CONTROL_BODY_LIMIT)
        if too_large:
            raise Refused(413, f"the body is larger than {CONTROL_BODY_LIMIT} bytes")
        if not body:
            return None
        try:
            return state.parse(body)
        except state.StateError as error:
            raise Refused(400, str(error)) from None
