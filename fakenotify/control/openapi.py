"""The control API's own description, OpenAPI 3.1, made from its table."""

from __future__ import annotations

import re
from typing import Any

from fakenotify import __version__
from fakenotify.control.app import routes
from fakenotify.control.routes import Ask, Route, route
from fakenotify.control.schema import OBJECT, TEXT, array, obj
from fakenotify.server.wsgi import CONTROL
from fakenotify.world.world import World


@route("GET", "openapi.json", OBJECT)
def get_openapi(world: World, ask: Ask) -> dict[str, Any]:
    """This description, OpenAPI 3.1."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "fakenotify control API",
            "version": __version__,
            "description": "What a test in any language can ask of a running fakenotify.",
        },
        "paths": {
            f"{CONTROL}/{path}": {method.lower(): _operation(route) for method, route in methods.items()}
            for path, methods in routes().items()
        },
        "components": {"schemas": {"Error": obj({"error": TEXT, "nearest": array(TEXT)}, ("error",))}},
    }


_REFUSALS = {
    "400": "What was sent can't be used; the world is as it was.",
    "403": "The host, the origin or the content type is not allowed.",
    "404": "There is no such thing.",
    "413": "The body is too large.",
}
_ERROR = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}


def _operation(route: Route) -> dict[str, Any]:
    in_path = re.findall(r"{(\w+)}", route.path)
    described: dict[str, Any] = {
        "operationId": route.name,
        "summary": route.words,
        "parameters": [
            *({"name": name, "in": "path", "required": True, "schema": TEXT} for name in in_path),
            *(
                {"name": name, "in": "query", "description": each.words, "schema": each.schema}
                for name, each in route.query.items()
            ),
        ],
        "responses": {
            "200": {"description": "Done.", "content": {route.media.partition(";")[0]: {"schema": route.answer}}},
            **{status: {"description": words, "content": _ERROR} for status, words in _REFUSALS.items()},
        },
    }
    if route.body is not None:
        content = {"application/json": {"schema": route.body}}
        described["requestBody"] = {"required": route.needs_body, "content": content}
    return described
