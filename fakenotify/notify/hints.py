"""Hints about Notify: what a tester should know and Notify doesn't say."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING

from fakenotify.core.params import did_you_mean
from fakenotify.core.sids import is_sid

if TYPE_CHECKING:
    from fakenotify.core.routes import Route, RouteTable
    from fakenotify.notify.account import AccountState

_KINDS_OF_SID = {
    "AC": "an account",
    "BS": "a Binding",
    "CH": "a Chat channel",
    "CR": "a Credential",
    "IS": "a Service of Notify, Chat or Sync",
    "MG": "a Messaging Service",
    "NT": "a Notification",
    "PN": "a phone number",
    "PV": "a Proxy resource",
    "SK": "an API key",
    "SM": "a message",
    "US": "a User",
    "VA": "a Verify Service",
}
# patterns are compiled when the first mistake needs them
_PLACEHOLDER = r"[A-Z]{2}[xX*.…]+|\{.*\}|\$\{?\w+\}?|<.*>|%\w+%|(?i:your|my)[ _-].*"
_UNSET = frozenset(("undefined", "null", "None", "nil", "NaN", "[object Object]"))
_E_MAIL = r"[^@\s]+@[^@\s]+\.[^@\s]+"
_PHONE_NUMBER = r"\+[1-9][0-9]{6,14}"
_PLUS_LOST = r" [1-9][0-9]{6,14}"
_REGION = r"https?://notify\.(?:[a-z0-9-]+\.)?([a-z]+[0-9]+)\.twilio\.com"
_MOST_SERVICES = 3


def why_not_found(
    routes: RouteTable,
    accounts: Iterable[AccountState],
    account: AccountState,
    route: Route | None,
    path: str,
    segments: tuple[str, ...],
) -> str | None:
    """What explains a 404: a URL that Notify doesn't have, or a sid that is empty, a placeholder, of another kind, of
    another account, or simply unknown.
    """
    if route is None:
        nearest = routes.nearest_path(segments)
        if nearest and nearest.segments[::2] == segments[::2]:
            return f"there is no resource at {path} while the switch legacy_resources is off"
        hint = f"; did you mean /v1{nearest.path}? (paths are case-sensitive)" if nearest else ""
        return f"Notify has no resource at {path}{hint}"
    others = (each for each in accounts if each is not account)
    if segments[0] != "Services":
        return about_sid(segments[1], "CR", "a Credential") or _elsewhere(segments[1], others)
    sid = segments[1]
    if not account.services.get(sid):
        return about_sid(sid, "IS", "a Notify Service") or _elsewhere(sid, others) or _services(sid, account)
    below = segments[3:]
    if segments[2:3] == ("Bindings",) and below:
        return about_sid(below[0], "BS", "a Binding") or _elsewhere(below[0], others)
    return _elsewhere(below[-1], others) if below else None


def about_sid(sid: str, prefix: str, wanted: str) -> str | None:
    """What is wrong with a text that should be a sid; None if it looks like one."""
    if not sid:
        return f"the sid of {wanted} in the path is empty; is the variable that holds it set?"
    if sid in _UNSET:
        return f"{sid!r} in the path is not a sid: an unset variable was printed there"
    if re.fullmatch(_PLACEHOLDER, sid):
        return f"{sid!r} looks like a placeholder; put the sid of {wanted} ({prefix}…) there"
    kind = _KINDS_OF_SID.get(sid[:2])
    if kind and sid[:2] != prefix and is_sid(sid, sid[:2]):
        return f"{sid!r} is the sid of {kind}, not of {wanted} ({prefix}…)"
    if not is_sid(sid, prefix):
        return f"{sid!r} is not a sid of {wanted}: {prefix} and 32 hexadecimal digits"
    return None


def _elsewhere(sid: str, others: Iterable[AccountState]) -> str | None:
    """Where a sid exists, if that is in another account."""
    for other in others:
        if other.knows(sid):
            return f"{sid} exists, but in account {other.account_sid}, not in the one that asked"
    return None


def _services(sid: str, account: AccountState) -> str:
    """The Services that exist."""
    found = [each.sid for each in account.services]
    if not found:
        return f"there is no Service {sid}; account {account.account_sid} has none at all"
    newest = ", ".join(found[-_MOST_SERVICES:])
    more = f" and {len(found) - _MOST_SERVICES} more" if len(found) > _MOST_SERVICES else ""
    return f"there is no Service {sid}; account {account.account_sid} has {newest}{more}"


@lru_cache(maxsize=8)
def about_region(origin: str) -> str | None:
    """That all regions share one world here. (that they share nothing at Twilio: observed; one world: D52)"""
    found = re.fullmatch(_REGION, origin)
    if found is None or found[1] == "us1":
        return None
    return (
        f"region {found[1]} shares no data with us1 at Twilio, and its auth tokens differ; the fake answers for all"
        " regions from one world"
    )


def about_identity(identity: str) -> str | None:
    """Twilio's advice for an identity that looks like personal data. (documented; D10)"""
    if re.fullmatch(_E_MAIL, identity):
        looks = "an e-mail address"
    elif re.fullmatch(_PHONE_NUMBER, identity):
        looks = "a phone number"
    else:
        return about_list(identity)
    return f"the identity {identity!r} looks like {looks}; Twilio asks for identities that are not personal data"


def about_list(text: str) -> str | None:
    """That a list was printed into one value."""
    if text[:1] == "[" and text[-1:] == "]":
        return f"{text!r} is one value, not a list; repeat the parameter, once for each value"
    return None


def about_address(address: str) -> str | None:
    """What has happened to an address on its way, such as a lost plus sign."""
    if re.fullmatch(_PLUS_LOST, address):
        return f"the address is {address!r}: a + that is not encoded arrives as a space; write %2B"
    if address.startswith("Address="):
        return f"the address is {address!r}, with the parameter's name as part of the value"
    return None


def not_applicable(binding_type: str, names: Iterable[str]) -> str:
    """That parameters of push don't apply to a type. (documented)"""
    given = list(names)
    is_stored, it = ("is stored and has", "it") if len(given) == 1 else ("are stored and have", "them")
    return f"{' and '.join(given)} {is_stored} no use: {binding_type} Bindings don't need {it}"


def about_members(given: Iterable[str], wanted: Iterable[str]) -> list[str]:
    """Each unknown name, with the nearest known one."""
    return [f"{name!r}{_like(name, wanted)}" for name in given if name not in wanted]


def _like(name: str, wanted: Iterable[str]) -> str:
    plain = name.replace("_", "").replace("-", "").lower()
    for each in wanted:
        if plain in (each.replace("_", ""), each.replace("_", "") + "s", each.replace("_", "").removesuffix("s")):
            return f"; did you mean {each!r}?"
    return did_you_mean(name, wanted)
