"""JSON schemas: short names for the plain ones, and schemas of records, made from their annotations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from fakenotify.notify.records import Strings

TEXT = {"type": "string"}
INTEGER = {"type": "integer"}
COUNT = {"type": "integer", "minimum": 0}
NUMBER = {"type": "number"}
FLAG = {"type": "boolean"}
OBJECT = {"type": "object"}
TEXT_OR_NULL = {"type": ["string", "null"]}
INTEGER_OR_NULL = {"type": ["integer", "null"]}


def array(items: Mapping[str, Any]) -> dict[str, Any]:
    """A list of ``items``."""
    return {"type": "array", "items": items}


def obj(properties: Mapping[str, Any], required: Iterable[str] | None = None, *, more: bool = False) -> dict[str, Any]:
    """An object with ``properties``; all required unless ``required`` says which; others only with ``more``."""
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties if required is None else required),
        "additionalProperties": more,
    }


def record_schema(record: Any) -> dict[str, Any]:
    """The schema of a record's JSON."""
    hints = get_type_hints(record)
    return obj({field.name: _schema(hints[field.name]) for field in fields(record)})


def _schema(hint: Any) -> dict[str, Any]:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return {"anyOf": [{"type": "null"} if each is type(None) else _schema(each) for each in arguments]}
    if origin is Literal:
        return {"enum": list(arguments)}
    if origin is tuple:
        return array(_schema(arguments[0]))
    if hint is Strings:
        return array(TEXT)
    if hint is datetime:
        return {"type": "string", "format": "date-time"}
    if is_dataclass(hint):
        return record_schema(hint)
    return {"type": {str: "string", int: "integer", float: "number", bool: "boolean"}.get(hint, "object")}
