"""The control API, ``/_fake/``: what a Python test can do, a test in another language does here. JSON in and out.

The law: a web page must not be able to drive it. A ``Host`` that is not loopback (or allowed), a foreign ``Origin``,
and a write that is not JSON are refused, and there are no CORS headers.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Protocol

from fakenotify import __version__, state
from fakenotify.core.params import nearest
from fakenotify.dispatch import World
from fakenotify.http.app import CONTROL, CONTROL_BODY_LIMIT, origin, parse_form, read_body, target

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_LOOPBACK = frozenset(("127.0.0.1", "localhost", "::1"))


class HasWorld(Protocol):
    """Whoever holds the world that is in force now."""

    world: World


@dataclass(frozen=True, slots=True)
class Ask:
    """One control request: ``query`` with one value a name, ``body`` parsed, None if there is none."""

    query: Mapping[str, str]
    body: Any
    rest: str = ""


class Refused(Exception):
    """A control request that is answered with an error and ``nearest`` valid names."""

    def __init__(self, status: int, message: str, nearest: Iterable[str] = ()) -> None:
        self.status = status
        self.nearest = list(nearest)
        super().__init__(message)


class Control:
    """The WSGI application below ``/_fake/``. ``allow_hosts`` are names other than loopback's that may be asked."""

    def __init__(self, holder: HasWorld, allow_hosts: Iterable[str] = ()) -> None:
        self._holder = holder
        self._hosts = _LOOPBACK | {host.lower() for host in allow_hosts}

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
        body = (json.dumps(answer) + "\n").encode()
        start_response(
            f"{status} {HTTPStatus(status).phrase}",
            [
                ("Content-Type", "application/json"),
                ("Content-Length", str(len(body))),
                ("Cache-Control", "no-store"),
                ("X-Content-Type-Options", "nosniff"),
            ],
        )
        return (body,)

    def _answer(self, environ: WSGIEnvironment) -> dict[str, Any]:
        method = environ["REQUEST_METHOD"]
        path, query = target(environ)
        self._check_origin(environ)
        name = path.removeprefix(CONTROL).strip("/")
        methods = ROUTES.get(name)
        if methods is None:
            raise Refused(404, f"there is no {path}; there are: {', '.join(sorted(ROUTES))}", nearest(name, ROUTES))
        if method not in methods:
            raise Refused(405, f"{path} has no {method}; it has {', '.join(methods)}")
        route = methods[method]
        asked = {key: values[0] for key, values in parse_form(query).items()}
        for key in asked:
            if key not in route.query:
                known = ", ".join(route.query) or "none"
                raise Refused(400, f"{path} has no query parameter {key!r}; it has {known}", nearest(key, route.query))
        body = None if method == "GET" else self._body(environ)
        return route.run(self, Ask(asked, body))

    def _check_origin(self, environ: WSGIEnvironment) -> None:
        """Keep web pages out: they can be made to ask any address of this machine."""
        host = environ.get("HTTP_HOST", "")
        if _host_name(host) not in self._hosts:
            raise Refused(403, f"host {host!r} may not use the control API; allow it with --allow-host")
        foreign = environ.get("HTTP_ORIGIN")
        if foreign is not None and foreign.lower() != origin(environ).lower():
            raise Refused(403, f"a page of {foreign} may not use the control API")

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

    def account_sid(self, ask: Ask) -> str | None:
        """The account that the request narrows itself to. Raises ``Refused`` for an unknown one."""
        account_sid = ask.query.get("account_sid")
        if account_sid is not None and account_sid not in self.world.accounts:
            known = [notify.account_sid for notify in self.world.accounts]
            raise Refused(404, f"there is no account {account_sid!r}", nearest(account_sid, known) or known[:3])
        return account_sid


def _host_name(host: str) -> str:
    """A ``Host`` header without its port."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower()


def health(control: Control, ask: Ask) -> dict[str, Any]:
    """Say that the fake is there."""
    world = control.world
    return {
        "status": "ok",
        "version": __version__,
        "account_sid": world.accounts.default_sid,
        "requests": world.journal.total,
    }


def reset(control: Control, ask: Ask) -> dict[str, Any]:
    """Put all accounts, or one, back to the world they began with, and empty the journal."""
    account_sid = control.account_sid(ask)
    _nothing(ask.body)
    control.world.reset(account_sid)
    return {"reset": account_sid or "all"}


def get_state(control: Control, ask: Ask) -> dict[str, Any]:
    """The world as JSON."""
    return state.export(
        control.world.accounts, control.account_sid(ask), secrets=ask.query.get("secrets", "").lower() == "true"
    )


def put_state(control: Control, ask: Ask) -> dict[str, Any]:
    """Replace the world, all or nothing."""
    try:
        state.load(control.world.accounts, ask.body)
    except state.StateError as error:
        raise Refused(400, str(error)) from None
    return {"loaded": [notify.account_sid for notify in control.world.accounts]}


def get_requests(control: Control, ask: Ask) -> dict[str, Any]:
    """The journal, oldest first; ``dropped`` counts what it no longer holds."""
    account_sid = control.account_sid(ask)
    journal = control.world.journal
    rows = [state.to_json(each) for each in journal if account_sid in (None, each.account_sid)]
    return {"requests": rows, "dropped": journal.dropped}


def get_behaviour(control: Control, ask: Ask) -> dict[str, Any]:
    """The switches in force."""
    return control.world.behaviour.to_json()


def patch_behaviour(control: Control, ask: Ask) -> dict[str, Any]:
    """Change some switches."""
    changes = _object(ask.body)
    behaviour = control.world.behaviour
    try:
        control.world.accounts.use(behaviour.changed(changes))
    except (TypeError, ValueError) as error:
        unknown = [name for name in changes if name not in behaviour.to_json()]
        raise Refused(400, str(error), nearest(unknown[0], behaviour.to_json()) if unknown else ()) from None
    return control.world.behaviour.to_json()


def _object(body: Any) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise Refused(400, "the body is to be a JSON object")
    return body


def _nothing(body: Any) -> None:
    if body not in (None, {}):
        raise Refused(400, "this takes no body")


@dataclass(frozen=True, slots=True)
class ControlRoute:
    """One control operation: what it does and the query parameters it reads."""

    run: Callable[[Control, Ask], dict[str, Any]]
    query: tuple[str, ...] = ()


_ACCOUNT = ("account_sid",)
ROUTES: dict[str, dict[str, ControlRoute]] = {
    "health": {"GET": ControlRoute(health)},
    "reset": {"POST": ControlRoute(reset, _ACCOUNT)},
    "state": {"GET": ControlRoute(get_state, (*_ACCOUNT, "secrets")), "PUT": ControlRoute(put_state)},
    "requests": {"GET": ControlRoute(get_requests, _ACCOUNT)},
    "behaviour": {"GET": ControlRoute(get_behaviour), "PATCH": ControlRoute(patch_behaviour)},
}
