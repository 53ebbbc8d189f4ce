"""The resources of Notify. To add one, write its module and add it to the loop below."""

from __future__ import annotations

from types import ModuleType, SimpleNamespace

from fakenotify.core.routes import RouteTable
from fakenotify.notify import tables
from fakenotify.notify.resources import bindings, credentials, notifications, services, users

ROUTES = RouteTable()


def register(resource: ModuleType | SimpleNamespace) -> None:
    """Add a resource: its ``TABLES`` to every world that is created from now on, its ``ROUTES`` at once."""
    for definition in resource.TABLES:
        tables.register(definition)
    for route in resource.ROUTES:
        ROUTES.add(route)


def unregister(resource: ModuleType | SimpleNamespace) -> None:
    """Remove a resource, for a test that registered one."""
    for definition in resource.TABLES:
        tables.unregister(definition)
    for route in resource.ROUTES:
        ROUTES.remove(route)


for _resource in (services, credentials, bindings, notifications, users):
    register(_resource)
for _definition in (tables.DELIVERIES, tables.ALERTS, tables.CALLBACKS):
    tables.register(_definition)
