"""Notify's own description, OpenAPI 3.1, made from its routes, its parameters and its records.

It describes what the fake takes and answers, so it is stricter than Twilio's file where that says little: every key of
an answer, in its type; and every rule carries how we know of it, as ``x-known`` and ``x-source``.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from fakenotify import __version__
from fakenotify.control.schema import INTEGER, TEXT, array, obj, record_schema
from fakenotify.core.paging import LARGEST_SIZE
from fakenotify.core.params import Param
from fakenotify.core.routes import Route
from fakenotify.core.sids import sid_pattern
from fakenotify.notify.channels import CHANNELS
from fakenotify.notify.dispatch import ROUTES
from fakenotify.notify.records import Binding, Credential, Notification, Segment, Service, User
from fakenotify.world.provenance import rules

FORM = "application/x-www-form-urlencoded"

_URL = {"type": "string", "format": "uri"}
_URL_OR_NULL = {"anyOf": [_URL, {"type": "null"}]}
_PREFIXES = {"account": "AC", "service": "IS", "messaging_service": "MG"}
_REFUSALS = {
    "400": "A parameter is missing or can't be taken; nothing has changed.",
    "401": "No credentials, or credentials that open nothing.",
    "413": "The body is larger than a mebibyte.",
}
_ABSENT = {"404": "There is no such thing in this account."}
_CONFLICT = {"409": "It exists already, or is still in use."}


def _sid(prefix: str) -> dict[str, Any]:
    return {"type": "string", "pattern": f"^{sid_pattern(prefix).pattern}$"}


def _resource(record: type[Any], prefix: str, **more: Any) -> dict[str, Any]:
    """A record on the wire: its fields, sids with their prefixes, and what else there is; None for what is not."""
    properties = dict(record_schema(record)["properties"])
    for name, schema in properties.items():
        owner = name.removesuffix("_sid")
        if name == "sid":
            properties[name] = _sid(prefix)
        elif name != owner:
            shape = _sid(_PREFIXES.get(owner, "CR"))
            properties[name] = {"anyOf": [shape, {"type": "null"}]} if "anyOf" in schema else shape
    return obj({name: schema for name, schema in (properties | more).items() if schema is not None})


def _links(*names: str, always: int) -> dict[str, Any]:
    return obj(dict.fromkeys(names, _URL), names[:always])


_TYPE = {"type": "string", "enum": list(CHANNELS)}
_BINDING = _resource(Binding, "BS", binding_type=_TYPE, url=_URL, links=_links("user", always=1))
RESOURCES: dict[str, dict[str, Any]] = {
    "services": _resource(
        Service, "IS", url=_URL, links=_links("bindings", "notifications", "segments", "users", always=2)
    ),
    "credentials": _resource(Credential, "CR", type={"type": "string", "enum": ["gcm", "apn", "fcm"]}, url=_URL),
    "bindings": _BINDING,
    "notifications": _resource(Notification, "NT", to_binding=None, delivery_callback_url=None),
    "users": _resource(User, "US", url=_URL, links=_links("bindings", "segment_memberships", always=2)),
    "user_bindings": _BINDING,
    "segments": _resource(Segment, "GS"),
    "segment_memberships": obj(
        {"account_sid": _sid("AC"), "identity": TEXT, "segment": TEXT, "service_sid": _sid("IS"), "url": _URL}
    ),
}
"""What each resource answers with."""

_META = obj(
    {
        "page": INTEGER,
        "page_size": {"type": "integer", "minimum": 1, "maximum": LARGEST_SIZE},
        "first_page_url": _URL,
        "previous_page_url": _URL_OR_NULL,
        "url": _URL,
        "next_page_url": _URL_OR_NULL,
        "key": TEXT,
    }
)
_PAGING = {
    "PageSize": {"type": "integer", "minimum": 1},
    "Page": {"type": "integer", "minimum": 0},
    "PageToken": TEXT,
}
_ERROR = obj({"code": INTEGER, "message": TEXT, "more_info": _URL, "status": INTEGER})
_JSON = {"type": "string", "contentMediaType": "application/json"}
_VALUES: dict[str, Callable[..., dict[str, Any]]] = {
    "text": lambda: TEXT,
    "boolean": lambda: {"type": "boolean"},
    "day": lambda: {"type": "string", "format": "date"},
    "integer": lambda low, high: {"type": "integer", "minimum": low, "maximum": high},
    "one_of": lambda choices: {"type": "string", "enum": list(choices)},
    "key_of": lambda choices: {"type": "string", "enum": list(choices)},
    "at_most": lambda limit: {"type": "string", "maxLength": limit},
    "sid": _sid,
    "json_object": lambda: _JSON,
    "unreserved": lambda: _JSON,
    "message": lambda targets: _JSON,
    "to_binding": lambda: _JSON | {"contentSchema": obj({"binding_type": _TYPE, "address": TEXT}, more=True)},
}
"""The schemas of values, by the function that reads (or makes the function that reads) them."""


def document(origin: str) -> dict[str, Any]:
    """The whole document; ``origin`` is where it is served."""
    paths: dict[str, dict[str, Any]] = {}
    for route in ROUTES.by_operation.values():
        paths.setdefault(f"/v1{route.path}", {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Twilio Notify v1, as fakenotify answers it",
            "version": __version__,
            "description": "What a client can ask of the fake and what it answers, each rule with how we know of it.",
        },
        "servers": [{"url": origin}],
        "security": [{"accountSid_authToken": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"accountSid_authToken": {"type": "http", "scheme": "basic"}},
            "schemas": {"Error": _ERROR, "Meta": _META, **{_name(key): value for key, value in RESOURCES.items()}},
        },
    }


def _operation(route: Route) -> dict[str, Any]:
    rule = rules()[route.operation]
    described: dict[str, Any] = {
        "operationId": route.operation,
        "summary": rule.says.partition(": ")[2],
        "deprecated": route.legacy,
        "parameters": [*_path_parameters(route), *_query_parameters(route)],
        "responses": {str(route.status): _success(route), **dict(_refusals(route))},
        "x-known": rule.known,
        "x-source": rule.source,
    }
    if route.verb in ("create", "update"):
        described["requestBody"] = _form(route)
    return described


def _path_parameters(route: Route) -> Iterator[dict[str, Any]]:
    for name in (part[1:-1] for part in route.segments if part.startswith("{")):
        yield {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}


def _query_parameters(route: Route) -> Iterator[dict[str, Any]]:
    if route.verb != "find":
        return
    for row in route.params.rows:
        yield {"name": row.name, "in": "query", "schema": _schema(row), **_known(route, row.name)}
    for name, schema in _PAGING.items():
        yield {"name": name, "in": "query", "schema": schema, **_known(route, name)}


def _form(route: Route) -> dict[str, Any]:
    """A form; an update needs nothing, and an empty value there goes back to the default."""
    fields = {row.name: _schema(row) | _known(route, row.name) for row in route.params.rows}
    required = [row.name for row in route.params.rows if row.required and route.verb == "create"]
    schema = obj(fields, required, more=True)
    encoding = {row.name: {"style": "form", "explode": True} for row in route.params.rows if row.most is not None}
    return {"required": bool(required), "content": {FORM: {"schema": schema, "encoding": encoding}}}


def _schema(row: Param) -> dict[str, Any]:
    """The schema of one parameter."""
    arguments = inspect.getclosurevars(row.read).nonlocals
    schema = dict(_VALUES[row.read.__qualname__.partition(".")[0]](**arguments))
    if row.required and schema == TEXT:
        schema["minLength"] = 1  # an empty one counts as none
    if row.most is not None:
        schema = array(schema) | ({"maxItems": row.most} if row.most else {})
    if row.default is not None:
        schema["default"] = row.default
    if row.secret:
        schema["writeOnly"] = True
    if row.deprecated:
        schema["deprecated"] = True
    return schema


def _known(route: Route, name: str) -> dict[str, str]:
    rule = rules()[f"{route.operation}.{name}"]
    return {"description": rule.says, "x-known": rule.known, "x-source": rule.source}


def _success(route: Route) -> dict[str, Any]:
    if route.verb == "delete":
        return {"description": "It is gone."}
    schema: Mapping[str, Any] = _reference(_name(route.operation.partition(".")[0]))
    if route.verb == "find":
        schema = obj({route.key: array(schema), "meta": _reference("Meta")})
    return {"description": "Done.", "content": {"application/json": {"schema": schema}}}


def _refusals(route: Route) -> Iterator[tuple[str, dict[str, Any]]]:
    words = _REFUSALS | (_ABSENT if route.locate else {})
    if route.legacy and route.verb in ("create", "delete"):
        words |= _CONFLICT
    content = {"application/json": {"schema": _reference("Error")}}
    return ((status, {"description": text, "content": content}) for status, text in words.items())


def _reference(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _name(resource: str) -> str:
    """``UserBinding`` for ``user_bindings``."""
    return "".join(word.capitalize() for word in resource.removesuffix("s").split("_"))
