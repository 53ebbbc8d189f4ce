"""How much a fake keeps unless it is told otherwise. It imports nothing, since ``fakenotify --help`` reads it."""

from __future__ import annotations

KEPT_REQUESTS = 10_000
"""How many requests the journal keeps."""
KEPT_DELIVERIES = 100_000
"""How many deliveries, alerts and callbacks an account keeps, and how many Notifications a Service; older ones go."""
KEPT_BYTES = 256 * 2**20
"""How many bytes of all of these, and of the journal, are kept by estimate: a quarter is for the journal."""
