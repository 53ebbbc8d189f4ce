"""Error bodies and sids that many tests repeat: ``from answers import …``."""

from __future__ import annotations

IDENTITY_LIMIT = (400, 20001, "Bindings for the same Identity are limited to less than or equal to 20")
"""The answer to the 21st Binding of an identity."""


def invalid(resource: str, name: str) -> tuple[int, int, str]:
    """The answer to a bad parameter of a write."""
    return 400, 20001, f"Can not convert incoming parameters to {resource} object: Parameter '{name}' is invalid"


def missing(name: str) -> tuple[int, int, str]:
    """The answer to a required parameter that is absent or empty."""
    return 400, 20001, f"Missing required parameter {name} in the post body"


def not_found(path: str) -> tuple[int, int, str]:
    """The answer to an unknown path or sid, which names the path without ``/v1``."""
    return 404, 20404, f"The requested resource {path[3:] if path.startswith('/v1/') else path} was not found"
