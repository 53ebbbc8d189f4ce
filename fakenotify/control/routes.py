"""Control operations: each is a function together with its path, its input and its answer.

A function below ``@route(…)`` is a row of ``ROUTES``, from which the OpenAPI document and the docs page are made.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from fakenotify.control.schema import TEXT
from fakenotify.core import strict_json
from fakenotify.core.errors import UnknownName
from fakenotify.core.params import nearest
from fakenotify.server.wsgi import CONTROL_BODY_LIMIT, read_body
from fakenotify.world.world import World

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

JSON = "application/json"
EVENTS = "text/event-stream"


@dataclass(frozen=True, slots=True)
class Ask:
    """One control request: its ``query`` and ``body``, parsed, and ``rest``, the value of the path's placeholder.

    The account of ``query["account_sid"]`` exists. ``body`` is a dictionary if the route describes a body.
    """

    query: Mapping[str, Any]
    body: Any = None
    rest: str = ""
    environ: WSGIEnvironment = field(default_factory=dict)

    @property
    def account_sid(self) -> str | None:
        """The only account that is asked about; None for all."""
        return self.query.get("account_sid")


class Content(NamedTuple):
    """An answer that is not JSON, with headers of its own."""

    body: bytes
    content_type: str
    headers: tuple[tuple[str, str], ...] = ()


class Refused(Exception):
    """A control request that is answered with an error and ``nearest`` valid names."""

    def __init__(self, status: int, message: str, nearest: Iterable[str] = ()) -> None:
        self.status = status
        self.nearest = list(nearest)
        super().__init__(message)


class Parameter(NamedTuple):
    """A query parameter: a description, and the schema by which its value is parsed."""

    words: str
    schema: Mapping[str, Any] = TEXT


Run = Callable[[World, Ask], Any]


@dataclass(frozen=True, slots=True)
class Route:
    """One control operation: ``method`` and ``path``, below ``/_fake/``, with one ``{placeholder}`` at most at its end.

    ``run`` returns an object for JSON, in which records may be; or, for a long one, the pieces of its text; or
    ``Content`` of type ``media``; or, where ``media`` is ``EVENTS``, a generator of events. ``answer`` and ``body`` are
    the schemas of what goes out and comes in. ``example`` is a query and a body that can be sent.
    """

    method: str
    path: str
    run: Run
    name: str
    words: str
    answer: Mapping[str, Any]
    query: Mapping[str, Parameter] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    media: str = JSON
    example: tuple[str, Any] = ("", None)
    needs_body: bool = True

    def read_body(self, environ: WSGIEnvironment) -> Any:
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
        if content is None and not self.needs_body:
            return {}
        if self.body is not None and not isinstance(content, dict):
            raise Refused(400, "the body must be a JSON object" + ("" if self.needs_body else ", or empty"))
        return content


ROUTES: dict[str, dict[str, Route]] = {}
"""Every operation by its path below ``/_fake/`` and its method; the modules of this package add theirs."""


def route(method: str, path: str, answer: Mapping[str, Any] = TEXT, **more: Any) -> Callable[[Run], Run]:
    """Make a function the operation of ``method`` and ``path``; ``more`` are the further fields of a ``Route``."""

    def add(run: Run) -> Run:
        made = Route(method, path, run, run.__name__, (run.__doc__ or "").strip(), answer, **more)
        ROUTES.setdefault(path, {})[method] = made
        return run

    return add


ACCOUNT = {"account_sid": Parameter("Only this account; the default is all of them.")}


def check_account(world: World, account_sid: str) -> None:
    """Raise ``Refused`` for an account that isn't there."""
    try:
        world.account(account_sid)
    except UnknownName as error:
        raise Refused(404, str(error), error.nearest) from None


def take_account(world: World, ask: Ask) -> str | None:
    """The account that a write names in its query or in its body, from which it is removed."""
    sid = ask.body.pop("account_sid", None)
    if sid is None:
        return ask.account_sid
    if not isinstance(sid, str):
        raise Refused(400, f"account_sid is a text, not {sid!r}")
    check_account(world, sid)
    return sid


def check_names(thing: str, given: Iterable[str], known: Collection[str]) -> None:
    """Raise ``Refused`` for a name in a body that ``thing`` doesn't have."""
    for name in given:
        if name not in known:
            raise Refused(400, f"{thing} has no {name!r}; it has {', '.join(known)}", nearest(name, known))


def whole(given: str, words: str) -> int:
    """Parse a number of at most nine digits; ``words`` say what is wanted. Raises ``Refused``."""
    if not (given.isascii() and given.isdigit() and len(given) < 10):
        raise Refused(400, f"{words}, not {given!r}")
    return int(given)


def flag(name: str, given: str) -> bool:
    """Parse a flag. Raises ``Refused``."""
    if given.lower() not in ("true", "false"):
        raise Refused(400, f"{name} is true or false, not {given!r}", ["true", "false"])
    return given.lower() == "true"
