"""How sure we are: every rule of the fake with its id, its label and its source, gathered from the tables themselves.

A rule is a parameter of an operation (``bindings.create.Tag``) or its default (``services.create.LogEnabled.default``),
an error (``errors.NotFound``), an operation, or a
switch (``behaviour.identity_limit``). The labels are those of the reference: *documented*, *observed*, *sibling* (seen
on another Twilio API), *sample* and *assumed*; a source is a public page, or ``D<n>``: a decision where nobody knows.
"""

from __future__ import annotations

import ast
import inspect
import json
import re
import textwrap
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from functools import cache
from typing import Any

from fakenotify.core.errors import MissingParameter
from fakenotify.core.params import Param
from fakenotify.core.routes import Route
from fakenotify.notify import errors
from fakenotify.notify.behaviour import Behaviour
from fakenotify.notify.dispatch import ROUTES

_DECISION = re.compile(r"\((D\d+)\)")


@dataclass(frozen=True, slots=True)
class Provenance:
    """A rule: what it says, how we know, and where from."""

    id: str
    says: str
    known: str
    source: str

    def told(self) -> dict[str, str]:
        """The rule as JSON."""
        return asdict(self)


@cache
def rules() -> dict[str, Provenance]:
    """Every rule by its id."""
    return {rule.id: rule for rule in (*_operations(), *_parameters(), *_errors(), *_switches())}


def _operations() -> Iterator[Provenance]:
    for route in ROUTES.by_operation.values():
        words = " ".join((inspect.getdoc(route.run) or "").split("\n\n")[0].split())
        known, source = ("documented", "PY6, JAVA, SNIP; withdrawn 2018") if route.legacy else ("documented", "OAI")
        yield Provenance(route.operation, f"{route.method} /v1{route.path}: {words}", known, source)


def _parameters() -> Iterator[Provenance]:
    for route in ROUTES.by_operation.values():
        for row in route.params.rows:
            refusal = row.error() if row.error else route.params.error(row.name)
            if row.required:
                refusal = MissingParameter(row.name)
            says = f"{parameter_words(row, route)}; refused by {refusal.rule(None)} ({refusal.label}, {refusal.source})"
            source = "PY6, JAVA, SNIP" if route.legacy else row.source
            yield Provenance(f"{route.operation}.{row.name}", says, row.known, source)
            if row.default_known and route.verb == "create":
                known, source = row.default_known
                yield Provenance(f"{route.operation}.{row.name}.default", default_words(row), known, source)
        if route.verb == "find":
            for name, words in _PAGING.items():
                yield Provenance(f"{route.operation}.{name}", words, "documented", "OAI; bad values: D6")


_PAGING = {
    "PageSize": "a whole number, 1 to 1000, by default 50",
    "Page": "a whole number from 0; without a token, an offset of whole pages",
    "PageToken": "what a page's links carry; opaque",
}


def parameter_words(row: Param, route: Route) -> str:
    """What a parameter takes, in words."""
    kind = (inspect.getdoc(row.read) or row.read.__name__).split("\n")[0].rstrip(".")
    parts = [_KINDS.get(row.read.__qualname__, kind)]
    if row.most is not None:
        parts.append(f"repeatable, at most {row.most}" if row.most else "repeatable")
    if row.required and route.verb != "update":
        parts.append("required")
    if row.default is not None:
        parts.append(f"by default {row.default}")
    if row.secret:
        parts.append("never stored or shown")
    if row.deprecated:
        parts.append(f"deprecated: {row.deprecated}")
    return "; ".join(parts)


def default_words(row: Param) -> str:
    """What counts where a parameter is absent, in words."""
    return f"absent, it is {_DEFAULTS.get(row.name, 'null' if row.default is None else json.dumps(row.default))}"


_DEFAULTS = {
    "DefaultApnNotificationProtocolVersion": '"4", or what `behaviour.apn_protocol_version` says',
    "NotificationProtocolVersion": 'the Service\'s for the type; "default" for sms and facebook-messenger',
    "Sandbox": '"False" for apn, else null',
}
"""Defaults that a function decides."""

_KINDS = {
    "integer.<locals>.read": "a whole number",
    "one_of.<locals>.read": "one of an enum",
    "key_of.<locals>.read": "one of an enum",
    "at_most.<locals>.read": "text of limited length",
    "sid.<locals>.read": "a sid with the right two letters",
    "message.<locals>.read": "a JSON object without targets and ``twi_`` keys",
}


def _errors() -> Iterator[Provenance]:
    for error in errors.CATALOGUE:
        words = " ".join((inspect.getdoc(error) or "").split())
        yield Provenance(f"errors.{error.__name__}", f"{error.status}/{error.code}: {words}", error.label, error.source)


def _switches() -> Iterator[Provenance]:
    words = attribute_docs(Behaviour)
    for field in fields(Behaviour):
        text = " ".join(words[field.name].split())
        decision = _DECISION.search(text)
        says = f"{text} Default: {field.default!r}."
        yield Provenance(f"behaviour.{field.name}", says, "assumed", decision[1] if decision else "ours")


def attribute_docs(cls: type[Any]) -> dict[str, str]:
    """The docstrings of a class's attributes, which Python doesn't keep, from its source."""
    [definition] = ast.parse(textwrap.dedent(inspect.getsource(cls))).body
    assert isinstance(definition, ast.ClassDef)
    found = {}
    for before, after in zip(definition.body, definition.body[1:], strict=False):
        if isinstance(before, ast.AnnAssign) and isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
            found[ast.unparse(before.target)] = str(after.value.value)
    return found
