"""Routes: method and path of each operation. Its name is the same everywhere: route, fault, journal."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from fakenotify.core.errors import InvalidQuery, MethodNotAllowed, NotFound
from fakenotify.core.params import Params

_METHODS = {"create": "POST", "update": "POST", "fetch": "GET", "find": "GET", "delete": "DELETE"}
_STATUSES = {"create": 201, "update": 200, "fetch": 200, "find": 200, "delete": 204}

NO_PARAMS = Params(InvalidQuery)


@dataclass(frozen=True)
class Route:
    """One operation: ``<resource>.<verb>``, and the verb decides method, status and how parameters are read.

    ``locate(state, *path values)`` finds what the path names or raises ``NotFound``, before any parameter is read
    (assumed D30). ``run(state, [located,] **parameters)`` checks, then writes, and returns a record, a selection
    (``find``) or None (``delete``); ``represent(state, record, base)`` spells a record, its URLs under ``base``.
    ``key`` is the member of a list's body that holds the rows: the resource, unless it is given.
    """

    operation: str
    path: str
    run: Callable[..., Any]
    params: Params = NO_PARAMS
    locate: Callable[..., Any] | None = None
    represent: Callable[[Any, Any, str], dict[str, Any]] | None = None
    legacy: bool = False
    key: str = ""
    segments: tuple[str, ...] = field(init=False)
    verb: str = field(init=False)
    method: str = field(init=False)
    status: int = field(init=False)

    def __post_init__(self) -> None:
        resource, verb = self.operation.split(".")
        given: dict[str, Any] = {
            "segments": tuple(self.path.split("/")[1:]),
            "verb": verb,
            "method": _METHODS[verb],
            "status": _STATUSES[verb],
            "key": self.key or resource,
        }
        for name, value in given.items():
            object.__setattr__(self, name, value)

    def resource_path(self, values: Iterable[str]) -> str:
        """The path with its placeholders filled in, as a 404 names it."""
        remaining = iter(values)
        return "/" + "/".join(next(remaining) if part.startswith("{") else part for part in self.segments)


class RouteTable:
    """All routes, found by operation name or by method and path.

    In a path, fixed words and values alternate, so its words and its length identify the route.
    """

    def __init__(self, routes: Iterable[Route] = ()) -> None:
        self.by_operation: dict[str, Route] = {}
        self._methods: dict[tuple[int, str], dict[str, Route]] = {}
        for route in routes:
            self.add(route)

    def add(self, route: Route) -> None:
        """Add a route. Raises ``ValueError`` if words and values don't alternate."""
        if [part.startswith("{") for part in route.segments] != [at % 2 == 1 for at in range(len(route.segments))]:
            raise ValueError(f"in {route.path} words and values don't alternate")
        self.by_operation[route.operation] = route
        self._methods.setdefault(_shape(route.segments), {})[route.method] = route

    def remove(self, route: Route) -> None:
        """Take out a route that is here."""
        del self.by_operation[route.operation]
        methods = self._methods[_shape(route.segments)]
        del methods[route.method]
        if not methods:
            del self._methods[_shape(route.segments)]

    def match(self, method: str, segments: tuple[str, ...], *, legacy: bool) -> tuple[Route, tuple[str, ...]]:
        """The route of a request and the path values. Raises ``NotFound`` (unknown path) or ``MethodNotAllowed``."""
        methods = self._methods.get(_shape(segments))
        if methods is None:
            raise NotFound
        route = methods.get(method)
        if not legacy and any(each.legacy for each in methods.values()):
            raise NotFound
        if route is None:
            raise MethodNotAllowed(sorted(methods))
        return route, segments[1::2]

    def nearest_path(self, segments: tuple[str, ...]) -> Route | None:
        """A route whose path differs only in the case of its words, for a warning."""
        length, words = _shape(segments)
        for shape, methods in self._methods.items():
            if shape[0] == length and shape[1].lower() == words.lower():
                return next(iter(methods.values()))
        return None


def _shape(segments: tuple[str, ...]) -> tuple[int, str]:
    """The length of a path, and its fixed words."""
    return len(segments), "/".join(segments[::2])
