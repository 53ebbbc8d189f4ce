"""Control operations on the whole world: health, reset, state, accounts."""

from __future__ import annotations

from typing import Any

from fakenotify import __version__
from fakenotify.control.routes import ACCOUNT, Ask, Parameter, Refused, check_names, route
from fakenotify.control.schema import FLAG, INTEGER, OBJECT, TEXT, array, obj
from fakenotify.world.world import World

_STATE = {"services": [{"bindings": [{"identity": "alice", "binding_type": "sms", "address": "+15005550006"}]}]}
_RESET = obj({"clock": FLAG, "behaviour": FLAG}, required=())
_ACCOUNT = obj({"account_sid": TEXT, "auth_token": TEXT})


@route("GET", "health", obj({"status": TEXT, "version": TEXT, "account_sid": TEXT, "requests": INTEGER}))
def health(world: World, ask: Ask) -> dict[str, Any]:
    """Answer if the fake is running."""
    sid, requests = world.accounts.default_sid, world.journal.total
    return {"status": "ok", "version": __version__, "account_sid": sid, "requests": requests}


@route(
    "POST",
    "reset",
    obj({"reset": TEXT}),
    query=ACCOUNT,
    body=_RESET,
    example=("", {"clock": True, "behaviour": True}),
    needs_body=False,
)
def reset(world: World, ask: Ask) -> dict[str, Any]:
    """Reset all accounts, or one, to their initial world; empty the journal, remove faults and outcomes.

    ``clock`` and ``behaviour`` reset those too. The body can be left out.
    """
    check_names("a reset", ask.body, _RESET["properties"])
    for name, value in ask.body.items():
        if not isinstance(value, bool):
            raise Refused(400, f"{name} is true or false, not {value!r}")
    world.reset(ask.account_sid, **ask.body)
    return {"reset": ask.account_sid or "all"}


@route(
    "GET",
    "state",
    obj({"fakenotify": INTEGER, "accounts": OBJECT}),
    query={**ACCOUNT, "secrets": Parameter("`true` shows auth tokens.", FLAG)},
    example=("?secrets=true", None),
)
def get_state(world: World, ask: Ask) -> dict[str, Any]:
    """The world as JSON; auth tokens are redacted unless ``secrets=true``."""
    return world.export(ask.account_sid, secrets=ask.query.get("secrets", False))


@route("PUT", "state", obj({"loaded": array(TEXT)}), body=OBJECT, example=("", _STATE))
def put_state(world: World, ask: Ask) -> dict[str, Any]:
    """Replace the world, all or nothing."""
    world.import_state(ask.body)
    return {"loaded": [account.account_sid for account in world.accounts]}


# accounts


@route("GET", "accounts", obj({"accounts": array(obj({"account_sid": TEXT, "default": FLAG, "services": INTEGER}))}))
def get_accounts(world: World, ask: Ask) -> dict[str, Any]:
    """The accounts, each with its number of Services. Unknown credentials act for the ``default`` account if
    ``unknown_accounts`` is ``shared``."""
    default = world.accounts.default_sid
    shown = [
        {"account_sid": each.account_sid, "default": each.account_sid == default, "services": len(each.services)}
        for each in world.accounts
    ]
    return {"accounts": shown}


@route(
    "POST",
    "accounts",
    _ACCOUNT,
    body={**_ACCOUNT, "required": []},
    example=("", {"account_sid": "AC" + "0" * 32, "auth_token": "secret"}),
    needs_body=False,
)
def post_accounts(world: World, ask: Ask) -> dict[str, Any]:
    """Add an account whose auth token is checked from now on. A sid or token that is left out is generated."""
    check_names("an account", ask.body, _ACCOUNT["properties"])
    for name, value in ask.body.items():
        if not isinstance(value, str):
            raise Refused(400, f"{name} is a text, not {value!r}")
    account = world.declare_account(**ask.body)
    return {"account_sid": account.account_sid, "auth_token": account.auth_token}
