"""The resources of Notify. One more is its module, with ``TABLES`` and ``ROUTES``, and its place in the loop below."""

from __future__ import annotations

from typing import Any, Protocol

from fakenotify.core.routes import Route, RouteTable
from fakenotify.notify import tables
from fakenotify.notify.resources import bindings, credentials, notifications, services, users
from fakenotify.notify.tables import TableDefinition

ROUTES = RouteTable()


class Resource(Protocol):
    """What a module of a resource has."""

    @property
    def TABLES(self) -> tuple[TableDefinition[Any], ...]:  # a constant of a module
        """Where its records are stored."""

    @property
    def ROUTES(self) -> tuple[Route, ...]:  # a constant of a module
        """Its operations."""


def register(resource: Resource) -> None:
    """Let there be one more resource: its tables in every world that begins from now on, its operations at once."""
    for definition in resource.TABLES:
        tables.register(definition)
    for route in resource.ROUTES:
        ROUTES.add(route)


def unregister(resource: Resource) -> None:
    """Take a resource out again, as a test does that registered one."""
    for definition in resource.TABLES:
        tables.unregister(definition)
    for route in resource.ROUTES:
        ROUTES.remove(route)


for _resource in (services, credentials, bindings, notifications, users):
    register(_resource)
for _definition in (tables.DELIVERIES, tables.ALERTS, tables.CALLBACKS):
    tables.register(_definition)
