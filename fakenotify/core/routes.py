"""Routes: where an operation stands on the wire. ``bindings.create`` is its name everywhere: route, fault, journal."""

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
    """

    operation: str
    path: str
    run: Callable[..., Any]
    params: Params = NO_PARAMS
    locate: Callable[..., Any] | None = None
    represent: Callable[[Any, Any, str], dict[str, Any]] | None = None
    legacy: bool = False
    segments: tuple[str, ...] = field(init=False)
    verb: str = field(init=False)
    method: str = field(init=False)
    status: int = field(init=False)
    key: str = field(init=False)

    def __post_init__(self) -> None:
        resource, verb = self.operation.split(".")
        given: dict[str, Any] = {
            "segments": tuple(self.path.split("/")[1:]),
            "verb": verb,
            "method": _METHODS[verb],
            "status": _STATUSES[verb],
            "key": "bindings" if resource == "user_bindings" else resource,
        }
        for name, value in given.items():
            object.__setattr__(self, name, value)

    def resource_path(self, values: Iterable[str]) -> str:
        """The path with its placeholders filled in, as a 404 names it."""
        remaining = iter(values)
        return "/" + "/".join(next(remaining) if part.startswith("{") else part for part in self.segments)


class RouteTable:
    """All routes, found by operation name or by method and path."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self.by_operation = {route.operation: route for route in routes}
        self._by_shape: dict[tuple[str | None, ...], dict[str, Route]] = {}
        for route in self.by_operation.values():
            shape = tuple(None if part.startswith("{") else part for part in route.segments)
            self._by_shape.setdefault(shape, {})[route.method] = route
        self._shapes = {
            length: [shape for shape in self._by_shape if len(shape) == length]
            for length in {len(shape) for shape in self._by_shape}
        }

    def match(self, method: str, segments: list[str], *, legacy: bool) -> tuple[Route, list[str]]:
        """The route of a request and the path values. Raises ``NotFound`` (unknown path) or ``MethodNotAllowed``."""
        for shape in self._shapes.get(len(segments), ()):
            if all(part is None or part == segment for part, segment in zip(shape, segments, strict=True)):
                methods = self._by_shape[shape]
                route = methods.get(method)
                if any(each.legacy for each in methods.values()) and not legacy:
                    break
                if route is None:
                    raise MethodNotAllowed
                return route, [segment for part, segment in zip(shape, segments, strict=True) if part is None]
        raise NotFound

    def nearest_path(self, segments: list[str]) -> Route | None:
        """A route whose path differs only in the case of its words, for a warning."""
        lowered = [segment.lower() for segment in segments]
        for shape, methods in self._by_shape.items():
            if len(shape) == len(segments) and all(
                part is None or part.lower() == word for part, word in zip(shape, lowered, strict=True)
            ):
                return next(iter(methods.values()))
        return None
