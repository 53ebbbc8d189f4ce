"""Notify's own description, OpenAPI 3.1, made from its routes, its parameters and its records.

The names are those of Twilio's own file (``twilio_notify_v1.json``): operationIds, tags, parameters, so that a client
generated from it has the same methods. It describes what the fake answers, so it is stricter where Twilio's file says
little: every key of an answer, in its type. Each rule has its label and source, as ``x-label`` and ``x-source``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from fakenotify import __version__
from fakenotify.control import routes as control
from fakenotify.control.schema import INTEGER, OBJECT, TEXT, array, obj, record_schema
from fakenotify.core.errors import error_body
from fakenotify.core.paging import LARGEST_SIZE, PAGING
from fakenotify.core.params import Param
from fakenotify.core.routes import Route
from fakenotify.core.sids import sid_pattern
from fakenotify.notify.channels import CHANNELS
from fakenotify.notify.dispatch import ROUTES
from fakenotify.notify.errors import Unauthorized
from fakenotify.notify.tables import TABLES
from fakenotify.server.wsgi import origin
from fakenotify.world.provenance import parameter_words, rules
from fakenotify.world.world import World

FORM = "application/x-www-form-urlencoded"
_VERBS = {"create": "Create", "find": "List", "fetch": "Fetch", "update": "Update", "delete": "Delete"}

_URL = {"type": "string", "format": "uri"}
_URL_OR_NULL = {"anyOf": [_URL, {"type": "null"}]}
_PREFIXES = {"account": "AC", "service": "IS", "messaging_service": "MG"}


def _sid(prefix: str) -> dict[str, Any]:
    return {"type": "string", "pattern": f"^{sid_pattern(prefix).pattern}$"}


def _resource(table: str, **more: Any) -> dict[str, Any]:
    """A record on the wire: its fields, sids with their prefixes, and ``more``, where None leaves a field out."""
    properties = dict(record_schema(TABLES[table].record)["properties"])
    for name, schema in properties.items():
        owner = name.removesuffix("_sid")
        if name == "sid":
            properties[name] = _sid(TABLES[table].prefix or "")
        elif name != owner:
            shape = _sid(_PREFIXES.get(owner, "CR"))
            properties[name] = {"anyOf": [shape, {"type": "null"}]} if "anyOf" in schema else shape
    return obj({name: schema for name, schema in (properties | more).items() if schema is not None})


def _links(*names: str, always: int) -> dict[str, Any]:
    return obj(dict.fromkeys(names, _URL), names[:always])


_TYPE = {"type": "string", "enum": list(CHANNELS)}
_BINDING = _resource("bindings", binding_type=_TYPE, url=_URL, links=_links("user", always=1))
_SERVICE_LINKS = _links("bindings", "notifications", "segments", "users", always=2)
_KINDS = {"type": "string", "enum": ["gcm", "apn", "fcm"]}
_PRIORITY = {"type": "string", "enum": ["high", "low"]}
_MEMBERSHIP = {"account_sid": _sid("AC"), "identity": TEXT, "segment": TEXT, "service_sid": _sid("IS"), "url": _URL}

RESOURCES: dict[str, tuple[str, dict[str, Any]]] = {
    "services": (
        "Services: the scope of Bindings and Notifications, and the Credentials of their channels.",
        _resource("services", url=_URL, links=_SERVICE_LINKS),
    ),
    "credentials": (
        "Credentials: what a push provider knows the account by. Secrets are never returned.",
        _resource("credentials", type=_KINDS, url=_URL, fcm_api=None, project_id=None),
    ),
    "bindings": ("Bindings: an identity and the address of one of its devices.", _BINDING),
    "notifications": (
        "Notifications: sent by identity, by tag or directly; never read again.",
        _resource("notifications", priority=_PRIORITY, to_binding=None, delivery_callback_url=None),
    ),
    "users": (
        "Users, one for each identity. Withdrawn in 2018.",
        _resource("users", url=_URL, links=_links("bindings", "segment_memberships", always=2)),
    ),
    "user_bindings": ("The Bindings of a User. Withdrawn in 2018.", _BINDING),
    "segments": ("Segments of Users. Withdrawn in 2018.", _resource("segments")),
    "segment_memberships": ("Which User is in which Segment. Withdrawn in 2018.", obj(_MEMBERSHIP)),
}
"""The description and the schema of each resource."""

_SIZE = {"type": "integer", "minimum": 1, "maximum": LARGEST_SIZE}
_PAGES = {"first_page_url": _URL, "previous_page_url": _URL_OR_NULL, "url": _URL, "next_page_url": _URL_OR_NULL}
_META = obj({"page": INTEGER, "page_size": _SIZE, **_PAGES, "key": TEXT})
_ERROR = obj({"code": INTEGER, "message": TEXT, "more_info": _URL, "status": INTEGER})

_HEADERS: dict[str, tuple[str, dict[str, Any]]] = {
    "Twilio-Request-Id": ("The request's id.", {"type": "string", "pattern": "^RQ"}),
    "Twilio-Request-Duration": ("How long it took, in seconds.", TEXT),
    "Twilio-Concurrent-Requests": ("How many requests the account had at once.", TEXT),
    "X-Fakenotify-Rule": ("The rule that refused; `GET /_fake/rules/{id}` has it.", TEXT),
    "X-Fakenotify-Label": ("How sure we are of the answer.", TEXT),
    "WWW-Authenticate": ("The challenge.", {"const": Unauthorized.headers["WWW-Authenticate"]}),
    "Allow": ("The methods that the path has.", TEXT),
}
_ALWAYS = ("Twilio-Request-Id", "Twilio-Request-Duration", "Twilio-Concurrent-Requests")
_ON_REFUSALS = ("X-Fakenotify-Rule", "X-Fakenotify-Label")


@control.route("GET", "notify-openapi.json", OBJECT)
def get_notify_openapi(world: World, ask: control.Ask) -> dict[str, Any]:
    """Notify's own description, OpenAPI 3.1: what the fake takes and answers, and how we know."""
    return document(origin(ask.environ))


def document(address: str) -> dict[str, Any]:
    """The whole document; ``address`` is where it is served."""
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
        "servers": [{"url": address}],
        "security": [{"accountSid_authToken": []}],
        "tags": [{"name": _tag(resource), "description": words} for resource, (words, _) in RESOURCES.items()],
        "paths": paths,
        "components": {
            "securitySchemes": {"accountSid_authToken": {"type": "http", "scheme": "basic"}},
            "headers": {name: {"description": words, "schema": one} for name, (words, one) in _HEADERS.items()},
            "responses": {name: _refusal(status) for status, (name, *_) in _REFUSALS.items()},
            "schemas": {
                "Error": _ERROR,
                "Meta": _META,
                **{_name_of(name): schema for name, (_, schema) in RESOURCES.items()},
            },
        },
    }


def _name_of(resource: str) -> str:
    """``UserBinding`` for ``user_bindings``."""
    return "".join(word.capitalize() for word in resource.removesuffix("s").split("_"))


def _tag(resource: str) -> str:
    return f"NotifyV1{_name_of(resource)}"


def _resource_of(route: Route) -> str:
    return route.operation.partition(".")[0]


def _operation(route: Route) -> dict[str, Any]:
    rule = rules()[route.operation]
    summary = rule.says.partition(": ")[2]
    described: dict[str, Any] = {
        "operationId": _VERBS[route.verb] + _name_of(_resource_of(route)),  # such as ListUserBinding
        "tags": [_tag(_resource_of(route))],
        "summary": summary.partition(". ")[0].rstrip("."),
        "description": summary,
        "deprecated": route.legacy,
        "parameters": list(_parameters(route)),
        "responses": {str(route.status): _success(route), **_refusals(route)},
        "x-operation": route.operation,
        "x-label": rule.label,
        "x-source": rule.source,
    }
    if route.verb in ("create", "update"):
        described["requestBody"] = _form(route)
    return described


_PATH = {
    "ServiceSid": ("The Service.", "IS"),
    "Sid": ("The instance.", None),
    "Identity": ("The identity of the User, or its `US…` sid.", None),
    "Segment": ("The name of the Segment.", None),
}


def _parameters(route: Route) -> Iterator[dict[str, Any]]:
    for name in (part[1:-1] for part in route.segments if part.startswith("{")):
        words, prefix = _PATH[name]
        prefix = prefix or (TABLES[_resource_of(route).removeprefix("user_")].prefix if name == "Sid" else None)
        example = f"{prefix}{'0123456789abcdef' * 2}" if prefix else name.lower()
        schema = {"type": "string", "minLength": 1}
        yield {"name": name, "in": "path", "required": True, "description": words, "schema": schema, "example": example}
    for row in (*route.params.rows, *PAGING.rows) if route.verb == "find" else ():
        yield {"name": row.name, "in": "query", "schema": _schema(row), **_known(route, row)}


def _form(route: Route) -> dict[str, Any]:
    """A form. An update requires nothing, and an empty value there restores the default."""
    fields = {row.name: _schema(row) | _known(route, row) for row in route.params.rows}
    required = [row.name for row in route.params.rows if row.required and route.verb == "create"]
    schema = obj(fields, required, more=True)
    encoding = {row.name: {"style": "form", "explode": True} for row in route.params.rows if row.most is not None}
    content = {"schema": schema, "encoding": encoding, "example": _example(route)}
    return {"required": bool(required), "content": {FORM: content}}


def _example(route: Route) -> dict[str, Any]:
    """A form that is accepted."""
    wanted = {"notifications.create": ("Identity", "Body"), "services.create": ("FriendlyName",)}.get(route.operation)
    rows = [row for row in route.params.rows if (row.name in wanted if wanted else row.required)]
    form = {row.name: [_value(row)] if row.most is not None else _value(row) for row in rows or route.params.rows[:1]}
    return form | ({"BindingType": "sms", "Address": CHANNELS["sms"].example} if "BindingType" in form else {})


def _value(row: Param) -> Any:
    """The first example of a parameter, in the type of its schema."""
    example = row.kind.examples()[0]
    return json.loads(example) if row.kind.schema()["type"] in ("integer", "boolean") else example


def _schema(row: Param) -> dict[str, Any]:
    """The schema of one parameter."""
    schema = dict(row.kind.schema())
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


def _known(route: Route, row: Param) -> dict[str, str]:
    rule = rules()[f"{route.operation}.{row.name}"]
    return {"description": parameter_words(row), "x-label": rule.label, "x-source": rule.source}


def _success(route: Route) -> dict[str, Any]:
    headers = {name: _reference("headers", name) for name in _ALWAYS}
    if route.verb == "delete":
        return {"description": "It is deleted; there is no body.", "headers": headers}
    schema: Mapping[str, Any] = _reference("schemas", _name_of(_resource_of(route)))
    if route.verb == "find":
        schema = obj({route.key: array(schema), "meta": _reference("schemas", "Meta")})
    words = {"create": "It is created.", "find": "A page of the list.", "fetch": "The instance."}
    return {
        "description": words.get(route.verb, "The instance as it is now."),
        "headers": headers,
        "content": {"application/json": {"schema": schema}},
    }


_REFUSALS: dict[int, tuple[str, str, int, tuple[str, ...]]] = {
    400: ("BadRequest", "A parameter is missing or has a bad value; nothing has changed.", 20001, ()),
    401: ("Unauthorized", "No credentials, or credentials that open nothing.", 20003, ("WWW-Authenticate",)),
    404: ("NotFound", "It doesn't exist in this account.", 20404, ()),
    405: ("MethodNotAllowed", "The path has other methods.", 20004, ("Allow",)),
    409: ("Conflict", "It exists already, or is still in use.", 52304, ()),
    413: ("RequestTooLarge", "The body is larger than 1 MiB.", 20413, ()),
}
"""The refusals by their status: a name, a description, the code of an example, and headers of their own."""


def _refusal(status: int) -> dict[str, Any]:
    _, words, code, headers = _REFUSALS[status]
    example = error_body(status, code, words.rstrip("."))
    return {
        "description": words,
        "headers": {name: _reference("headers", name) for name in (*_ALWAYS, *_ON_REFUSALS, *headers)},
        "content": {"application/json": {"schema": _reference("schemas", "Error"), "example": example}},
    }


def _refusals(route: Route) -> dict[str, dict[str, str]]:
    """The refusals of an operation; the 405 is for other methods of its path."""
    conflicts = route.legacy and route.verb in ("create", "delete")
    impossible = ([] if route.locate else [404]) + ([] if conflicts else [409])
    return {
        str(status): _reference("responses", name)
        for status, (name, *_) in _REFUSALS.items()
        if status not in impossible
    }


def _reference(section: str, name: str) -> dict[str, str]:
    return {"$ref": f"#/components/{section}/{name}"}
