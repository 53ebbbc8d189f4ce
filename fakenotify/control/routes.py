"""Control operations: a function with its path, its input and its answer, all in one place.

A function below ``@route(…)`` is a row of the table in ``fakenotify.control.app``, from which the OpenAPI document and
the docs page are made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from fakenotify.control.schema import TEXT
from fakenotify.core.errors import UnknownName
from fakenotify.world.world import World

JSON = "application/json"
EVENTS = "text/event-stream"


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


class Refused(Exception):
    """A control request that is answered with an error and ``nearest`` valid names."""

    def __init__(self, status: int, message: str, nearest: Iterable[str] = ()) -> None:
        self.status = status
        self.nearest = list(nearest)
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Parameter:
    """A query parameter: what it does, in words, and its schema."""

    words: str
    schema: Mapping[str, Any]


Run = Callable[[World, Ask], Any]


@dataclass(frozen=True, slots=True)
class Route:
    """One control operation.

    ``run`` returns a JSON object; or, for a long one, an iterator of its pieces; or ``Content`` of type ``media``; or,
    where ``media`` is ``EVENTS``, an iterator of events. ``example`` is a query and a body that can be sent.
    """

    method: str
    path: str
    run: Run
    name: str
    words: str
    answer: Mapping[str, Any]
    query: Mapping[str, Parameter]
    body: Mapping[str, Any] | None
    media: str
    example: tuple[str, Any]
    needs_body: bool


def route(
    method: str,
    path: str,
    answer: Mapping[str, Any] = TEXT,
    *,
    query: Mapping[str, Parameter] | None = None,
    body: Mapping[str, Any] | None = None,
    media: str = JSON,
    example: tuple[str, Any] = ("", None),
    needs_body: bool = True,
) -> Callable[[Run], Route]:
    """Make a function the operation of ``method`` and ``path`` (below ``/_fake/``, with one ``{placeholder}`` at most
    at its end). ``answer`` and ``body`` are the schemas of what goes out and comes in."""

    def made(run: Run) -> Route:
        words = (run.__doc__ or "").strip()
        return Route(method, path, run, run.__name__, words, answer, query or {}, body, media, example, needs_body)

    return made


ACCOUNT = {"account_sid": Parameter("Only this account; the default is all of them.", TEXT)}


def account_of(world: World, ask: Ask, given: Any = None) -> str | None:
    """The account that a request names: ``given`` in its body, else in its query. Raises ``Refused`` for an unknown."""
    sid = ask.query.get("account_sid") if given is None else given
    if sid is None:
        return None
    try:
        return world.account(sid).account_sid if isinstance(sid, str) else _no_account(sid)
    except UnknownName as error:
        raise Refused(404, str(error), error.nearest) from None


def _no_account(sid: Any) -> str:
    raise Refused(400, f"account_sid is a text, not {sid!r}")


@contextmanager
def refusing() -> Iterator[None]:
    """Answer with 400 what a verb of the world raises about what it was given."""
    try:
        yield
    except UnknownName as error:
        raise Refused(400, str(error), error.nearest) from None
    except (ValueError, TypeError, OverflowError) as error:
        raise Refused(400, str(error)) from None


def body_object(ask: Ask) -> dict[str, Any]:
    """The body, which must be a JSON object."""
    if not isinstance(ask.body, dict):
        raise Refused(400, "the body must be a JSON object")
    return dict(ask.body)


def is_true(ask: Ask, name: str) -> bool:
    """A query parameter that is ``true`` or ``false``, the default."""
    given = ask.query.get(name, "false").lower()
    if given not in ("true", "false"):
        raise Refused(400, f"{name} is true or false, not {given!r}", ["true", "false"])
    return given == "true"
