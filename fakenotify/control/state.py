"""Control operations on the whole world: health, reset, saving and loading."""

from __future__ import annotations

from typing import Any

from fakenotify import __version__
from fakenotify.control.routes import ACCOUNT, Ask, Parameter, Refused, account_of, is_true, refusing, route
from fakenotify.control.schema import FLAG, INTEGER, OBJECT, TEXT, array, obj
from fakenotify.core.params import nearest
from fakenotify.world.world import World

_BACK_TOO = ("clock", "behaviour")
_EXAMPLE = {"services": [{"bindings": [{"identity": "alice", "binding_type": "sms", "address": "+15005550006"}]}]}


@route("GET", "health", obj({"status": TEXT, "version": TEXT, "account_sid": TEXT, "requests": INTEGER}))
def health(world: World, ask: Ask) -> dict[str, Any]:
    """Answer if the fake is running."""
    return {
        "status": "ok",
        "version": __version__,
        "account_sid": world.accounts.default_sid,
        "requests": world.journal.total,
    }


@route(
    "POST",
    "reset",
    obj({"reset": TEXT}),
    query=ACCOUNT,
    body=obj(dict.fromkeys(_BACK_TOO, FLAG), required=()),
    example=("", {"clock": True, "behaviour": True}),
    needs_body=False,
)
def reset(world: World, ask: Ask) -> dict[str, Any]:
    """Reset all accounts, or one, to their initial world; empty the journal, remove faults and outcomes.

    ``clock`` and ``behaviour`` reset those too. The body can be left out.
    """
    narrowed = account_of(world, ask)
    given = {} if ask.body is None else ask.body
    if not isinstance(given, dict):
        raise Refused(400, "the body must be a JSON object, or empty")
    for name, value in given.items():
        if name not in _BACK_TOO:
            raise Refused(400, f"a reset has no {name!r}; it has {', '.join(_BACK_TOO)}", nearest(name, _BACK_TOO))
        if not isinstance(value, bool):
            raise Refused(400, f"{name} is true or false, not {value!r}")
    world.reset(narrowed, **given)
    return {"reset": narrowed or "all"}


@route(
    "GET",
    "state",
    obj({"fakenotify": INTEGER, "accounts": OBJECT}),
    query={**ACCOUNT, "secrets": Parameter("`true` shows auth tokens.", FLAG)},
    example=("?secrets=true", None),
)
def get_state(world: World, ask: Ask) -> dict[str, Any]:
    """The world as JSON; auth tokens are redacted unless ``secrets=true``."""
    return world.export(account_of(world, ask), secrets=is_true(ask, "secrets"))


@route("PUT", "state", obj({"loaded": array(TEXT)}), body=OBJECT, example=("", _EXAMPLE))
def put_state(world: World, ask: Ask) -> dict[str, Any]:
    """Replace the world, all or nothing."""
    with refusing():
        world.import_state(ask.body)
    return {"loaded": [account.account_sid for account in world.accounts]}
