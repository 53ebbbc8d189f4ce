"""Answers validated against Notify's own OpenAPI document."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker

from fakenotify.control.notify_openapi import document
from fakenotify.core.errors import TwilioError
from fakenotify.core.routes import Route
from fakenotify.notify.dispatch import ROUTES

DOCUMENT = document("https://notify.twilio.com")


def described(route: Route) -> dict[str, Any]:
    """What the document says about an operation."""
    found: dict[str, Any] = DOCUMENT["paths"][f"/v1{route.path}"][route.method.lower()]
    return found


@cache
def _validator(operation: str, status: str) -> Draft202012Validator | None:
    """Validates the body of an answer; None for an answer without one. Raises ``KeyError`` if it is not described."""
    response = described(ROUTES.by_operation[operation])["responses"][status]
    if "$ref" in response:
        response = DOCUMENT["components"]["responses"][response["$ref"].rpartition("/")[2]]
    if "content" not in response:
        return None
    schema = response["content"]["application/json"]["schema"] | {"components": DOCUMENT["components"]}
    return Draft202012Validator(schema, format_checker=FormatChecker())


def complaints(route: Route, status: int, body: Any) -> Iterator[str]:
    """How an answer differs from its description; ``body`` is the JSON, or None."""
    try:
        validator = _validator(route.operation, str(status))
    except KeyError:
        yield f"{route.operation} has no answer {status}"
        return
    if validator is None:
        if body is not None:
            yield f"{route.operation} answers {status} with a body"
        return
    for error in validator.iter_errors(body):
        yield f"{route.operation} {status}: {error.json_path} {error.message}"


def check(method: str, target: str, status: int, content: bytes) -> None:
    """Raise ``AssertionError`` where a success is not as described; requests for no operation are skipped."""
    path = target.partition("?")[0]
    if not path.startswith("/v1/") or not 200 <= status < 300:
        return
    try:
        route, _ = ROUTES.match(method, path.removesuffix(".json").split("/")[2:], legacy=True)
    except TwilioError:
        return
    found = list(complaints(route, status, json.loads(content) if content else None))
    assert not found, found
