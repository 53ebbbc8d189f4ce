"""Control operations: each is a function together with its path, its input and its answer.

A function below ``@route(…)`` is a row of the table in ``fakenotify.control.app``, from which the OpenAPI document and
the docs page are made.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fakenotify.control.schema import TEXT
from fakenotify.core.errors import UnknownName
from fakenotify.core.params import nearest
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


@dataclass(frozen=True, slots=True)
class Content:
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


@dataclass(frozen=True, slots=True)
class Parameter:
    """A query parameter: a description, and the schema by which its value is parsed."""

    words: str
    schema: Mapping[str, Any]

    def read(self, name: str, given: str) -> Any:
        """Parse a value. Raises ``Refused``."""
        kind = self.schema.get("type")
        if kind == "integer":
            if not (given.isascii() and given.isdigit() and len(given) < 10):
                raise Refused(400, f"{name} is a whole number from 0, not {given!r}")
            return int(given)
        flags = {"true": True, "false": False} if kind == "boolean" else {}
        allowed = list(flags) or self.schema.get("enum")
        value = given.lower() if flags else given
        if allowed is not None and value not in allowed:
            raise Refused(400, f"{name} is {' or '.join(allowed)}, not {given!r}", allowed)
        return flags.get(value, value)


Run = Callable[[World, Ask], Any]


@dataclass(frozen=True, slots=True)
class Route:
    """One control operation: ``method`` and ``path``, below ``/_fake/``, with one ``{placeholder}`` at most at its end.

    ``run`` returns a JSON object; or, for a long one, an iterator of its pieces; or ``Content`` of type ``media``; or,
    where ``media`` is ``EVENTS``, an iterator of events. ``answer`` and ``body`` are the schemas of what goes out and
    comes in. ``example`` is a query and a body that can be sent.
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


def route(method: str, path: str, answer: Mapping[str, Any] = TEXT, **more: Any) -> Callable[[Run], Route]:
    """Make a function the operation of ``method`` and ``path``; ``more`` are the further fields of a ``Route``."""
    return lambda run: Route(method, path, run, run.__name__, (run.__doc__ or "").strip(), answer, **more)


ACCOUNT = {"account_sid": Parameter("Only this account; the default is all of them.", TEXT)}


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
        return ask.query.get("account_sid")
    if not isinstance(sid, str):
        raise Refused(400, f"account_sid is a text, not {sid!r}")
    check_account(world, sid)
    return sid


def check_names(thing: str, given: Iterable[str], known: Collection[str]) -> None:
    """Raise ``Refused`` for a name in a body that ``thing`` doesn't have."""
    for name in given:
        if name not in known:
            raise Refused(400, f"{thing} has no {name!r}; it has {', '.join(known)}", nearest(name, known))
