"""``NO_PROXY``: which hosts are asked without a proxy."""

from __future__ import annotations


def exempts(no_proxy: str, host: str) -> bool:
    """Whether a ``NO_PROXY`` keeps ``host`` from a proxy."""
    return any(covers(entry, host) for entry in no_proxy.split(","))


def covers(entry: str, host: str) -> bool:
    """Whether one entry of a ``NO_PROXY`` does: a name covers what is below it, ``*`` covers everything."""
    entry = entry.strip().lower()
    name = entry.partition(":")[0].lstrip("*.")
    return entry == "*" or (name != "" and f".{host}".endswith(f".{name}"))
