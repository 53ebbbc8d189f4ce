"""Hypothesis strategies for Notify, and a state machine to put around your own code: ``fakenotify[hypothesis]``.

Like Hypothesis's own, each function returns a strategy for one value: ``identities()`` draws an identity. Arguments are
Python's, as ``fake.create_binding`` takes them; ``for_sdk`` spells them for the official client. Notify
accepts what a strategy draws, unless it says otherwise.
"""

from __future__ import annotations

from fakenotify.strategies.arguments import (
    addresses,
    binding_types,
    bindings,
    for_sdk,
    identities,
    malformed_addresses,
    notifications,
    tags,
    targets,
)
from fakenotify.strategies.machine import Device, NotifyMachine
from fakenotify.strategies.wire import forms, forms_with_mistakes

__all__ = [
    "Device",
    "NotifyMachine",
    "addresses",
    "binding_types",
    "bindings",
    "for_sdk",
    "forms",
    "forms_with_mistakes",
    "identities",
    "malformed_addresses",
    "notifications",
    "tags",
    "targets",
]
