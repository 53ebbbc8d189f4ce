"""Control operations on the accounts: which there are, and one more."""

from __future__ import annotations

from typing import Any

from fakenotify.control.routes import Ask, Refused, body_object, refusing, route
from fakenotify.control.schema import FLAG, INTEGER, TEXT, array, obj
from fakenotify.core.params import nearest
from fakenotify.notify.account import AccountState
from fakenotify.world.world import World

_FIELDS = ("account_sid", "auth_token")
_EXAMPLE = {"account_sid": "AC" + "0" * 32, "auth_token": "secret"}


@route("GET", "accounts", obj({"accounts": array(obj({"account_sid": TEXT, "default": FLAG, "services": INTEGER}))}))
def get_accounts(world: World, ask: Ask) -> dict[str, Any]:
    """The accounts, each with its number of Services. Unknown credentials act for the ``default`` account if
    ``unknown_accounts`` is ``shared``."""
    return {"accounts": [_shown(world, account) for account in world.accounts]}


@route(
    "POST",
    "accounts",
    obj({"account_sid": TEXT, "auth_token": TEXT}),
    body=obj(dict.fromkeys(_FIELDS, TEXT), required=()),
    example=("", _EXAMPLE),
    needs_body=False,
)
def post_accounts(world: World, ask: Ask) -> dict[str, Any]:
    """Add an account whose auth token is checked from now on. A sid or token that is left out is generated."""
    given = {} if ask.body is None else body_object(ask)
    for name, value in given.items():
        if name not in _FIELDS:
            raise Refused(400, f"an account has no {name!r}; it has {', '.join(_FIELDS)}", nearest(name, _FIELDS))
        if not isinstance(value, str):
            raise Refused(400, f"{name} is a text, not {value!r}")
    with refusing():
        account = world.declare_account(**given)
    return {"account_sid": account.account_sid, "auth_token": account.auth_token}


def _shown(world: World, account: AccountState) -> dict[str, Any]:
    is_default = account.account_sid == world.accounts.default_sid
    return {"account_sid": account.account_sid, "default": is_default, "services": len(account.services)}
