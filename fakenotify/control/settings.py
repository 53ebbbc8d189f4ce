"""Control operations on the clock and the switches, and on what is known of Notify."""

from __future__ import annotations

from typing import Any

from fakenotify.control.requests import decision_of
from fakenotify.control.routes import Ask, Parameter, Refused, route
from fakenotify.control.schema import FLAG, NUMBER, OBJECT, TEXT, TEXT_OR_NULL, array, obj
from fakenotify.core.params import nearest
from fakenotify.notify.behaviour import switches
from fakenotify.world.provenance import Provenance, rules
from fakenotify.world.world import World

_CLOCK = obj({"now": TEXT, "frozen": FLAG})
_MOVES = {
    "shift": NUMBER,
    "tick": NUMBER,
    "move_to": TEXT,
    "freeze": {"type": ["boolean", "string"]},
    "resume": {"const": True},
}
_MOVE = obj(_MOVES, required=()) | {"minProperties": 1, "maxProperties": 1}


@route("GET", "clock", _CLOCK)
def get_clock(world: World, ask: Ask) -> dict[str, Any]:
    """The fake's time, and whether it is frozen."""
    return _clock(world)


@route("POST", "clock", _CLOCK, body=_MOVE, example=("", {"shift": 3600}))
def post_clock(world: World, ask: Ask) -> dict[str, Any]:
    """Move the clock: exactly one of ``shift`` and ``tick`` (seconds), ``move_to``, ``freeze`` and ``resume``."""
    name = next(iter(ask.body), "")
    if len(ask.body) != 1 or name not in _MOVES:
        unknown = next((each for each in ask.body if each not in _MOVES), "")
        close = nearest(unknown, _MOVES) or _MOVES
        raise Refused(400, f"the clock takes exactly one of {', '.join(_MOVES)}", close)
    value = ask.body[name]
    if name in ("shift", "tick"):
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise Refused(400, f"{name} is a number of seconds, not {value!r}")
        world.clock.tick(value)
    elif isinstance(value, str) and name in ("freeze", "move_to"):
        getattr(world.clock, name)(value)
    elif value is True and name == "freeze":
        world.clock.freeze()
    elif name in ("resume", "freeze") and value is (name == "resume"):
        world.clock.resume()
    else:
        raise Refused(400, f"{name} can't be {value!r}")
    return _clock(world)


def _clock(world: World) -> dict[str, Any]:
    return {"now": world.clock.now().isoformat().replace("+00:00", "Z"), "frozen": world.clock.frozen}


# switches


@route("GET", "behaviour", OBJECT, query={"describe": Parameter("`true` adds what each switch does and can be.", FLAG)})
def get_behaviour(world: World, ask: Ask) -> dict[str, Any]:
    """The current switches; ``describe=true`` adds ``switches``, each with its description, values and decision."""
    values = world.behaviour.to_json()
    if not ask.query.get("describe"):
        return values
    described = [
        {
            "name": name,
            "value": values[name],
            "default": switch.default,
            "values": list(switch.allowed),
            "words": switch.words,
            "decision": switch.decision,
        }
        for name, switch in switches().items()
    ]
    return {**values, "switches": described}


@route("PATCH", "behaviour", OBJECT, body=OBJECT, example=("", {"identity_limit": "evict_oldest"}))
def patch_behaviour(world: World, ask: Ask) -> dict[str, Any]:
    """Change some switches."""
    known = switches()
    try:
        world.change_behaviour(ask.body)
    except TypeError as error:
        unknown = next(name for name in ask.body if name not in known)
        raise Refused(400, str(error), nearest(unknown, known)) from None
    return world.behaviour.to_json()


# rules

_RULE = obj({"id": TEXT, "says": TEXT, "known": TEXT, "label": TEXT, "source": TEXT, "decision": TEXT_OR_NULL})


@route("GET", "rules", obj({"rules": array(_RULE)}))
def get_rules(world: World, ask: Ask) -> dict[str, Any]:
    """Every rule of the fake, with how sure we are of it (``label``) and where it comes from (``source``, or the
    ``decision`` on the page *Fidelity*)."""
    return {"rules": [_rule(rule) for rule in rules().values()]}


@route("GET", "rules/{id}", _RULE)
def get_rule(world: World, ask: Ask) -> dict[str, Any]:
    """One rule in words; a 4xx answer names its own in ``X-Fakenotify-Rule``."""
    rule = rules().get(ask.rest)
    if rule is None:
        raise Refused(404, f"there is no rule {ask.rest!r}", nearest(ask.rest, rules()))
    return _rule(rule)


def _rule(rule: Provenance) -> dict[str, Any]:
    return {**rule.to_json(), "decision": decision_of(rule.source)}
