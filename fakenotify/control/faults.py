"""Control operations on what goes wrong: faults of requests, outcomes of deliveries."""

from __future__ import annotations

from dataclasses import MISSING, fields
from typing import Any

from fakenotify.control.routes import ACCOUNT, Ask, Parameter, Refused, check_names, route, take_account
from fakenotify.control.schema import FLAG, INTEGER, INTEGER_OR_NULL, OBJECT, TEXT, array, obj
from fakenotify.core.params import nearest
from fakenotify.faults.injected import InjectedFault
from fakenotify.faults.kinds import KINDS, MOST_SECONDS
from fakenotify.notify.channels import CHANNELS
from fakenotify.notify.debugger import CODES
from fakenotify.notify.dispatch import ROUTES
from fakenotify.notify.outcomes import INJECTABLE, Outcome
from fakenotify.world.audience import counted
from fakenotify.world.world import World

_SETTINGS = ("times", "after", "phase", "optional")
_OUTCOME_FIELDS = ("code", "address", "identity", "binding_type", "times")
_SECONDS = {"type": "number", "minimum": 0, "maximum": MOST_SECONDS}
_TIMES = {"type": ["integer", "null"], "minimum": 1}
_FAULT = obj(
    {
        "id": INTEGER,
        "operation": TEXT,
        "fault": TEXT,
        "phase": TEXT,
        "fired": INTEGER,
        "active": FLAG,
        "remaining": INTEGER_OR_NULL,
        "words": TEXT,
    },
    more=True,
)
_OUTCOME = obj({"account_sid": TEXT, "code": INTEGER, "used": INTEGER, "title": TEXT, "words": TEXT}, more=True)
_DESCRIBE = {"describe": Parameter("`true` adds what can be set.", FLAG)}
_DELETED = obj({"deleted": INTEGER})
_SET_FAULT = obj(
    {
        "operation": TEXT,
        "fault": {"type": "string", "enum": list(KINDS)},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "code": INTEGER,
        "message": TEXT,
        "retry_after": _SECONDS,
        "seconds": _SECONDS,
        "requests": {"type": "integer", "minimum": 1},
        "times": _TIMES,
        "after": {"type": "integer", "minimum": 0},
        "phase": {"type": "string", "enum": ["before", "after"]},
        "optional": FLAG,
        "account_sid": TEXT,
    },
    required=("operation",),
)
_SET_OUTCOME = obj(
    {
        "code": INTEGER,
        "address": TEXT,
        "identity": TEXT,
        "binding_type": {"type": "string", "enum": list(CHANNELS)},
        "times": _TIMES,
        "account_sid": TEXT,
    },
    required=("code",),
)


@route(
    "GET",
    "faults",
    obj({"faults": array(_FAULT), "operations": array(TEXT), "kinds": array(OBJECT)}, required=("faults",)),
    query={**ACCOUNT, **_DESCRIBE},
)
def get_faults(world: World, ask: Ask) -> dict[str, Any]:
    """The injected faults, each with how often it has fired. For one account, the faults that can meet its requests.

    ``describe=true`` adds the ``operations`` and the ``kinds`` of fault with their fields.
    """
    shown = [_shown(each) for each in world.faults if each.can_meet(ask.account_sid)]
    answer: dict[str, Any] = {"faults": shown}
    if ask.query.get("describe"):
        answer |= {"operations": list(ROUTES.by_operation), "kinds": [_kind(kind) for kind in KINDS]}
    return answer


def _shown(injected: InjectedFault) -> dict[str, Any]:
    remaining = None if injected.times is None else injected.times - injected.fired
    return {**injected.to_json(), "remaining": remaining, "words": _of_fault(injected)}


def _of_fault(injected: InjectedFault) -> str:
    """A fault as a sentence: ``Answer 429 to notifications.create, 2 times``."""
    who = "every request" if injected.operation == "*" else injected.operation
    given = injected.fault.to_json()
    sentence = injected.fault.sentence.format(who=who, **given)
    if injected.phase == "after" and not injected.fault.needs_answer:
        sentence += ", after it has taken effect"
    if injected.after:
        sentence += f", after the first {injected.after}"
    return sentence if injected.times is None else f"{sentence}, {counted(injected.times, 'time', 'times')}"


def _kind(kind: str) -> dict[str, Any]:
    """A kind of fault, with its fields."""
    made = KINDS[kind]
    taken = [
        {"name": each.name, "type": _SET_FAULT["properties"][each.name]["type"], "required": each.default is MISSING}
        for each in fields(made)
        if each.init
    ]
    words = " ".join((made.__doc__ or "").split("\n\n")[0].split())
    return {"kind": kind, "words": words, "fields": taken, "phases": list(made.phases)}


@route(
    "POST",
    "faults",
    _FAULT,
    query=ACCOUNT,
    body=_SET_FAULT,
    example=("", {"operation": "notifications.create", "status": 429, "times": 2}),
)
def post_faults(world: World, ask: Ask) -> dict[str, Any]:
    """Inject a fault: an ``operation`` pattern with a ``status``, or with a ``fault`` and its arguments."""
    given = ask.body
    operation = given.pop("operation", None)
    if operation is None:
        raise Refused(400, "a fault needs an operation, e.g. 'bindings.*' or 'notifications.create'")
    settings = {name: given.pop(name) for name in _SETTINGS if name in given}
    sid = take_account(world, ask)
    kind = given.pop("fault", "http")
    if not isinstance(kind, str) or kind not in KINDS:
        raise Refused(400, f"there is no fault {kind!r}; there are {', '.join(KINDS)}", nearest(str(kind), KINDS))
    known = [field.name for field in fields(KINDS[kind]) if field.init]
    try:
        fault = KINDS[kind](**given)
    except TypeError:
        unknown = [name for name in given if name not in known]
        hint = f"it has no {unknown[0]!r}" if unknown else "some are missing"
        close = nearest(unknown[0], (*known, *_SETTINGS, "operation", "account_sid")) if unknown else known
        raise Refused(400, f"fault {kind} takes {', '.join(known) or 'no arguments'}: {hint}", close) from None
    return _shown(world.fail(operation, fault, account_sid=sid, **settings))


@route(
    "DELETE",
    "faults",
    _DELETED,
    query={**ACCOUNT, "id": Parameter("Only this fault; the default is all of them.", TEXT)},
    example=("?id=1", None),
)
def delete_faults(world: World, ask: Ask) -> dict[str, Any]:
    """Remove one fault by ``id``, an account's faults, or all."""
    given = ask.query.get("id")
    known = [str(injected.id) for injected in world.faults]
    if given is not None and given not in known:
        raise Refused(404, f"there is no fault {given!r}", known)
    return {"deleted": world.remove_faults(None if given is None else int(given), ask.account_sid)}


@route(
    "GET",
    "outcomes",
    obj({"outcomes": array(_OUTCOME), "codes": array(OBJECT), "binding_types": array(OBJECT)}, required=("outcomes",)),
    query={**ACCOUNT, **_DESCRIBE},
)
def get_outcomes(world: World, ask: Ask) -> dict[str, Any]:
    """The outcomes that are set; ``describe=true`` adds the valid ``codes`` and ``binding_types``."""
    accounts = world.accounts_of(ask.account_sid)
    answer: dict[str, Any] = {
        "outcomes": [_outcome(account.account_sid, each) for account in accounts for each in account.outcomes]
    }
    if ask.query.get("describe"):
        answer["codes"] = [{"code": code, "title": CODES[code].title} for code in INJECTABLE]
        answer["binding_types"] = [{"binding_type": name, "label": each.label} for name, each in CHANNELS.items()]
    return answer


def _outcome(account_sid: str, outcome: Outcome) -> dict[str, Any]:
    body = {**outcome.to_json(), "title": CODES[outcome.code].title, "words": _of_outcome(outcome)}
    return {"account_sid": account_sid, **body}


def _of_outcome(outcome: Outcome) -> str:
    """An outcome as a sentence: ``Deliveries to alice by sms fail with 52001, 2 more times``."""
    named = [outcome.identity or "", f"address {outcome.address}" if outcome.address else ""]
    to = f" to {' at '.join(filter(None, named))}" if any(named) else ""
    by = f" by {outcome.binding_type}" if outcome.binding_type else ""
    which = f"Deliveries{to}{by}" if to or by else "All deliveries"
    sentence = f"{which} fail with {outcome.code} ({CODES[outcome.code].title})"
    return sentence if outcome.times is None else f"{sentence}, {counted(outcome.times, 'more time', 'more times')}"


@route(
    "POST",
    "outcomes",
    _OUTCOME,
    query=ACCOUNT,
    body=_SET_OUTCOME,
    example=("", {"code": 52103, "address": "+15005550006", "times": 1}),
)
def post_outcomes(world: World, ask: Ask) -> dict[str, Any]:
    """Make deliveries fail: the arguments of ``fail_delivery``, for one account, by default the default account."""
    sid = take_account(world, ask) or world.accounts.default_sid
    check_names("an outcome", ask.body, _OUTCOME_FIELDS)
    made = world.fail_delivery(ask.body.pop("code", None), account_sid=sid, **ask.body)
    return _outcome(sid, made)


@route("DELETE", "outcomes", _DELETED, query=ACCOUNT)
def delete_outcomes(world: World, ask: Ask) -> dict[str, Any]:
    """Remove the outcomes, so that deliveries succeed again."""
    return {"deleted": world.clear_outcomes(ask.account_sid)}
