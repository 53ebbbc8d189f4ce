"""Control operations on the fake's time."""

from __future__ import annotations

from typing import Any

from fakenotify.control.routes import Ask, Refused, body_object, refusing, route
from fakenotify.control.schema import FLAG, NUMBER, TEXT, obj
from fakenotify.core.params import nearest
from fakenotify.world.world import World

_MOVES = ("shift", "tick", "move_to", "freeze", "resume")
_CLOCK = obj({"now": TEXT, "frozen": FLAG})
_MOVE = {
    **obj(
        {
            "shift": NUMBER,
            "tick": NUMBER,
            "move_to": TEXT,
            "freeze": {"type": ["boolean", "string"]},
            "resume": {"const": True},
        },
        required=(),
    ),
    "minProperties": 1,
    "maxProperties": 1,
}


@route("GET", "clock", _CLOCK)
def get_clock(world: World, ask: Ask) -> dict[str, Any]:
    """The fake's time, and whether it is frozen."""
    return _clock(world)


def _clock(world: World) -> dict[str, Any]:
    clock = world.clock
    return {
        "now": clock.now().isoformat().replace("+00:00", "Z"),
        "frozen": clock.frozen,
    }


@route("POST", "clock", _CLOCK, body=_MOVE, example=("", {"shift": 3600}))
def post_clock(world: World, ask: Ask) -> dict[str, Any]:
    """Move the clock: exactly one of ``shift`` and ``tick`` (seconds), ``move_to``, ``freeze`` and ``resume``."""
    given = body_object(ask)
    unknown = [name for name in given if name not in _MOVES]
    if len(given) != 1 or unknown:
        close = nearest(unknown[0], _MOVES) if unknown else ()
        raise Refused(400, f"the clock takes exactly one of {', '.join(_MOVES)}", close or _MOVES)
    [(name, value)] = given.items()
    with refusing():
        _move(world, name, value)
    return _clock(world)


def _move(world: World, name: str, value: Any) -> None:
    if name in ("shift", "tick"):
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise ValueError(f"{name} is a number of seconds, not {value!r}")
        world.clock.tick(value)
    elif value is True and name in ("freeze", "resume"):
        world.clock.freeze() if name == "freeze" else world.clock.resume()
    elif value is False and name == "freeze":
        world.clock.resume()
    elif name in ("freeze", "move_to") and isinstance(value, str):
        getattr(world.clock, name)(value)
    else:
        raise ValueError(f"{name} can't be {value!r}")
