"""Control operations on the switches, and on what is known about Notify."""

from __future__ import annotations

from typing import Any

from fakenotify.control.routes import Ask, Parameter, Refused, body_object, is_true, refusing, route
from fakenotify.control.schema import FLAG, OBJECT, TEXT, TEXT_OR_NULL, array, obj
from fakenotify.control.words import decision_of
from fakenotify.core.params import nearest
from fakenotify.notify.behaviour import switches
from fakenotify.world.provenance import Provenance, rules
from fakenotify.world.world import World

_RULE = obj({"id": TEXT, "says": TEXT, "known": TEXT, "label": TEXT, "source": TEXT, "decision": TEXT_OR_NULL})


@route("GET", "behaviour", OBJECT, query={"describe": Parameter("`true` adds what each switch does and can be.", FLAG)})
def get_behaviour(world: World, ask: Ask) -> dict[str, Any]:
    """The current switches; ``describe=true`` adds ``switches``, each with its description, values and decision."""
    values = world.behaviour.to_json()
    if not is_true(ask, "describe"):
        return values
    return {**values, "switches": [_switch(name, value) for name, value in values.items()]}


def _switch(name: str, value: Any) -> dict[str, Any]:
    switch = switches()[name]
    return {
        "name": name,
        "value": value,
        "default": switch.default,
        "values": list(switch.allowed),
        "words": switch.words,
        "decision": switch.decision,
    }


@route("PATCH", "behaviour", OBJECT, body=OBJECT, example=("", {"identity_limit": "evict_oldest"}))
def patch_behaviour(world: World, ask: Ask) -> dict[str, Any]:
    """Change some switches."""
    changes = body_object(ask)
    known = switches()
    with refusing():
        try:
            world.change_behaviour(changes)
        except TypeError as error:
            raise Refused(
                400, str(error), nearest(next(name for name in changes if name not in known), known)
            ) from None
    return world.behaviour.to_json()


@route("GET", "rules", obj({"rules": array(_RULE)}))
def get_rules(world: World, ask: Ask) -> dict[str, Any]:
    """Every rule of the fake, with how sure we are of it (``label``) and where it comes from (``source``, or the
    ``decision`` on the page *Fidelity*)."""
    return {"rules": [_as_json(rule) for rule in rules().values()]}


@route("GET", "rules/{id}", _RULE)
def get_rule(world: World, ask: Ask) -> dict[str, Any]:
    """One rule in words; a 4xx answer names its own in ``X-Fakenotify-Rule``."""
    rule = rules().get(ask.rest)
    if rule is None:
        raise Refused(404, f"there is no rule {ask.rest!r}", nearest(ask.rest, rules()))
    return _as_json(rule)


def _as_json(rule: Provenance) -> dict[str, Any]:
    return {**rule.to_json(), "decision": decision_of(rule.source)}
