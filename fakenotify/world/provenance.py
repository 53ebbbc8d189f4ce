"""How sure we are: every rule of the fake with its id, its label and its source, gathered from the tables themselves.

A rule is an operation (``bindings.create``), a parameter (``bindings.create.Tag``) or its default
(``services.create.LogEnabled.default``), an error (``errors.NotFound``), a switch (``behaviour.identity_limit``) or a
decision (``D1``). A parameter's label is that of the answer to a bad value; if no value can be refused, it is that of
the parameter.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from fakenotify.core.errors import ASSUMED, DOCUMENTED, MissingParameter, TwilioError
from fakenotify.core.paging import PAGING
from fakenotify.core.params import Param, Params
from fakenotify.core.routes import Route
from fakenotify.notify.behaviour import switches
from fakenotify.notify.decisions import DECISIONS
from fakenotify.notify.dispatch import ROUTES
from fakenotify.notify.errors import CATALOGUE

WITHDRAWN = "PY6, JAVA, SNIP; withdrawn 2018"
INJECTED = "injected"
"""The label of an error that the tester injected."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """A rule: what it says, how sure we are of it, and where it comes from."""

    id: str
    says: str
    label: str
    source: str

    def to_json(self) -> dict[str, str]:
        """The rule as JSON; ``known`` is the older name of ``label``."""
        return {"id": self.id, "says": self.says, "label": self.label, "known": self.label, "source": self.source}


@cache
def rules() -> dict[str, Provenance]:
    """Every rule by its id."""
    gathered = (*_operations(), *_parameters(), *_errors(), *_switches(), *_decisions())
    return {rule.id: rule for rule in gathered}


def _operations() -> Iterator[Provenance]:
    for route in ROUTES.by_operation.values():
        words = " ".join((inspect.getdoc(route.run) or "").split("\n\n")[0].split())
        source = WITHDRAWN if route.legacy else "OAI"
        yield Provenance(route.operation, f"{route.method} /v1{route.path}: {words}", DOCUMENTED, source)


def _parameters() -> Iterator[Provenance]:
    for route in ROUTES.by_operation.values():
        tables = (route.params, PAGING) if route.verb == "find" else (route.params,)
        for table in tables:
            for row in table.rows:
                yield _parameter(route, table, row)
                if row.default_from and route.verb == "create":
                    yield Provenance(f"{route.operation}.{row.name}.default", default_words(row), *row.default_from)


def _parameter(route: Route, table: Params, row: Param) -> Provenance:
    source = WITHDRAWN if route.legacy else row.source
    says = f"{parameter_words(row)} ({row.label}: {source})"
    refused = refusals(table, row)
    if not refused:
        return Provenance(f"{route.operation}.{row.name}", says, row.label, source)
    why = ", ".join(f"{when}: {error.rule(None)} ({error.label}, {error.source})" for when, error in refused)
    first = refused[0][1]
    return Provenance(f"{route.operation}.{row.name}", f"{says}. Refused, {why}", first.label, first.source)


def refusals(table: Params, row: Param) -> list[tuple[str, TwilioError]]:
    """How a parameter can be refused: when, and the answer."""
    found: list[tuple[str, TwilioError]] = []
    if row.required:
        found.append(("if it is missing", MissingParameter(row.name)))
    mistakes = row.kind.mistakes()
    if mistakes or row.name == "PageToken":
        found.append(("if its value is bad", table.refusal(row, mistakes[:1] or ["x"])))
    if row.most:
        found.append(("if there are too many", table.too_many(row, [""] * (row.most + 1))))
    return found


def parameter_words(row: Param) -> str:
    """What a parameter takes, in words."""
    parts = [row.kind.words()]
    if row.most is not None:
        parts.append(f"repeatable, at most {row.most}" if row.most else "repeatable")
    if row.required:
        parts.append("required")
    if row.default is not None:
        parts.append(f"by default {json.dumps(row.default)}")
    if row.secret:
        parts.append("never stored or shown")
    if row.deprecated:
        parts.append(f"deprecated: {row.deprecated}")
    return "; ".join(parts)


def default_words(row: Param) -> str:
    """What an absent parameter means, in words."""
    return f"absent, it is {row.default_words or ('null' if row.default is None else json.dumps(row.default))}"


def _errors() -> Iterator[Provenance]:
    for error in CATALOGUE:
        words = " ".join((inspect.getdoc(error) or "").split())
        yield Provenance(f"errors.{error.__name__}", f"{error.status}/{error.code}: {words}", error.label, error.source)
    yield Provenance("fault", "An answer that the tester injected by a fault; no rule of Notify's.", INJECTED, "ours")


def _switches() -> Iterator[Provenance]:
    for switch in switches().values():
        says = f"{switch.words} Default: {json.dumps(switch.default)}."
        yield Provenance(f"behaviour.{switch.name}", says, ASSUMED, switch.decision)


def _decisions() -> Iterator[Provenance]:
    for number, decision in DECISIONS.items():
        says = f"{decision.question} {decision.choice}"
        yield Provenance(number, says, decision.label, decision.evidence)
