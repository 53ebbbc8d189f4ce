"""The resources of Notify. To add one, write its module and add it to the loop below."""

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
    """Add a resource: its tables to every world that is created from now on, its operations at once."""
    for definition in resource.TABLES:
        tables.register(definition)
    for route in resource.ROUTES:
        ROUTES.add(route)


def unregister(resource: Resource) -> None:
    """Remove a resource, for a test that registered one."""
    for definition in resource.TABLES:
        tables.unregister(definition)
    for route in resource.ROUTES:
        ROUTES.remove(route)


for _resource in (services, credentials, bindings, notifications, users):
    register(_resource)
for _definition in (tables.DELIVERIES, tables.ALERTS, tables.CALLBACKS):
    tables.register(_definition)
