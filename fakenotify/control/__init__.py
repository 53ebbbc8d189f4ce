"""The control API, ``/_fake/``: the JSON spelling of the world."""

from importlib import import_module

for _each in (
    *("world", "stored", "sent", "requests", "summaries", "faults", "settings", "events", "pages"),
    *("openapi", "notify_openapi"),
):
    import_module(f"{__name__}.{_each}")  # each adds its operations to ROUTES, in the order of the documentation
