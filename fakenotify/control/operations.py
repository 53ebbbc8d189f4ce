"""The operations of the control API, one function each. Their table is ``fakenotify.control.routes``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import fields
from queue import Empty, SimpleQueue
from typing import Any

from fakenotify import __version__
from fakenotify.control.app import Ask, Refused
from fakenotify.core.clock import parse_instant
from fakenotify.core.errors import UnknownName
from fakenotify.core.params import nearest
from fakenotify.faults.kinds import KINDS
from fakenotify.notify.account import AccountState
from fakenotify.notify.journal import Request
from fakenotify.world import saved_state as state
from fakenotify.world.explain import Explanation, explain
from fakenotify.world.world import Change, World

CLOCK = ("shift", "tick", "move_to", "freeze", "resume")
SETTINGS = ("times", "after", "phase", "optional")
HEARTBEAT = 15.0
"""Seconds after which a silent event stream says that it is still there."""


def account_sid(world: World, ask: Ask, given: Any = None) -> str | None:
    """The account that a request names: ``given`` in its body, else in its query. Raises ``Refused`` for an unknown."""
    sid = ask.query.get("account_sid") if given is None else given
    if sid is None or (isinstance(sid, str) and sid in world.accounts):
        return sid
    known = [account.account_sid for account in world.accounts]
    raise Refused(404, f"there is no account {sid!r}", nearest(str(sid), known) or known[:3])


def accounts(world: World, ask: Ask) -> list[AccountState]:
    """The accounts that a request is about."""
    narrowed = account_sid(world, ask)
    return [account for account in world.accounts if narrowed in (None, account.account_sid)]


def rows(world: World, ask: Ask, table: str) -> dict[str, Any]:
    """The records of an account-wide table, oldest first, and how many older ones are no longer held."""
    found, dropped = [], 0
    for account in accounts(world, ask):
        with account.lock:
            records = getattr(account, table)
            found += [state.to_json(each) for each in records]
            dropped += records.dropped
    return {table: found, "dropped": dropped}


def health(world: World, ask: Ask) -> dict[str, Any]:
    """Say that the fake is there."""
    return {
        "status": "ok",
        "version": __version__,
        "account_sid": world.accounts.default_sid,
        "requests": world.journal.total,
    }


def reset(world: World, ask: Ask) -> dict[str, Any]:
    """Put all accounts, or one, back to the world they began with; empty the journal, take out faults and outcomes."""
    narrowed = account_sid(world, ask)
    if ask.body not in (None, {}):
        raise Refused(400, "this takes no body")
    world.reset(narrowed)
    return {"reset": narrowed or "all"}


def get_state(world: World, ask: Ask) -> dict[str, Any]:
    """The world as JSON; auth tokens are redacted unless ``secrets=true``."""
    secrets = ask.query.get("secrets", "false").lower()
    if secrets not in ("true", "false"):
        raise Refused(400, f"secrets is true or false, not {secrets!r}", ["true", "false"])
    return world.export(account_sid(world, ask), secrets=secrets == "true")


def put_state(world: World, ask: Ask) -> dict[str, Any]:
    """Replace the world, all or nothing."""
    try:
        world.import_state(ask.body)
    except state.StateError as error:
        raise Refused(400, str(error)) from None
    return {"loaded": [account.account_sid for account in world.accounts]}


def get_requests(world: World, ask: Ask) -> dict[str, Any]:
    """The journal, oldest first; ``dropped`` counts what it no longer holds."""
    narrowed = account_sid(world, ask)
    found = [state.to_json(each) for each in world.journal if narrowed in (None, each.account_sid)]
    return {"requests": found, "dropped": world.journal.dropped}


def get_deliveries(world: World, ask: Ask) -> dict[str, Any]:
    """What each device would have received, oldest first; ``dropped`` counts what is no longer held."""
    return rows(world, ask, "deliveries")


def get_alerts(world: World, ask: Ask) -> dict[str, Any]:
    """The Debugger's entries, oldest first; ``dropped`` counts what is no longer held."""
    return rows(world, ask, "alerts")


def get_callbacks(world: World, ask: Ask) -> dict[str, Any]:
    """The delivery callbacks with their attempts, oldest first; ``dropped`` counts what is no longer held."""
    return rows(world, ask, "callbacks")


def get_explanation(world: World, ask: Ask) -> dict[str, Any]:
    """Who a Notification reached, and why every other Binding of its Service was not selected."""
    missing = UnknownName("")
    for account in accounts(world, ask):
        try:
            with account.lock:
                return explanation_json(explain(account, ask.rest))
        except UnknownName as error:
            missing = error if error.nearest or not str(missing) else missing
    raise Refused(404, str(missing), missing.nearest)


def explanation_json(explanation: Explanation) -> dict[str, Any]:
    """An explanation as JSON."""

    def told(reasons: Any) -> list[dict[str, Any]]:
        return [
            {
                "binding": state.to_json(each.binding) if each.binding else None,
                "reason": each.reason,
                "delivery": state.to_json(each.delivery) if each.delivery else None,
            }
            for each in reasons
        ]

    return {
        "notification": state.to_json(explanation.notification),
        "selected": told(explanation.selected),
        "skipped": told(explanation.skipped),
        "text": str(explanation),
    }


def get_faults(world: World, ask: Ask) -> dict[str, Any]:
    """The faults that were set, with how often each has fired."""
    return {"faults": [injected.to_json() for injected in world.faults]}


def post_faults(world: World, ask: Ask) -> dict[str, Any]:
    """Set a fault: an ``operation`` pattern with a ``status``, or with a ``fault`` and its arguments."""
    given = dict(body_object(ask))
    operation = given.pop("operation", None)
    if operation is None:
        raise Refused(400, "a fault needs an operation, e.g. 'bindings.*' or 'notifications.create'")
    settings = {name: given.pop(name) for name in SETTINGS if name in given}
    sid = account_sid(world, ask, given.pop("account_sid", None))
    kind = given.pop("fault", "http")
    if not isinstance(kind, str) or kind not in KINDS:
        raise Refused(400, f"there is no fault {kind!r}; there are {', '.join(KINDS)}", nearest(str(kind), KINDS))
    try:
        injected = world.fail(operation, KINDS[kind](**given), account_sid=sid, **settings)
    except UnknownName as error:
        raise Refused(400, str(error), error.nearest) from None
    except TypeError:
        known = [field.name for field in fields(KINDS[kind]) if field.init]
        unknown = [name for name in given if name not in known]
        hint = f"it has no {unknown[0]!r}" if unknown else "some are missing"
        close = nearest(unknown[0], (*known, *SETTINGS, "operation", "account_sid")) if unknown else known
        raise Refused(400, f"fault {kind} takes {', '.join(known) or 'no arguments'}: {hint}", close) from None
    except ValueError as error:
        raise Refused(400, str(error)) from None
    return injected.to_json()


def delete_faults(world: World, ask: Ask) -> dict[str, Any]:
    """Take out one fault by ``id``, an account's, or all."""
    return {"deleted": world.remove_faults(fault_id(world, ask), account_sid(world, ask))}


def fault_id(world: World, ask: Ask) -> int | None:
    """The fault that a request names. Raises ``Refused`` for an unknown one."""
    given = ask.query.get("id")
    known = [str(rule.id) for rule in world.faults]
    if given is not None and given not in known:
        raise Refused(404, f"there is no fault {given!r}", known)
    return None if given is None else int(given)


def get_outcomes(world: World, ask: Ask) -> dict[str, Any]:
    """What providers were told to answer."""
    return {
        "outcomes": [
            {"account_sid": account.account_sid, **each.told()}
            for account in accounts(world, ask)
            for each in account.outcomes
        ]
    }


def post_outcomes(world: World, ask: Ask) -> dict[str, Any]:
    """Let deliveries fail: the arguments of ``fail_delivery``, for one account (the default one unless it is named)."""
    given = dict(body_object(ask))
    account = world.accounts[account_sid(world, ask, given.pop("account_sid", None)) or world.accounts.default_sid]
    known = ("code", "address", "identity", "binding_type", "times")
    for name in given:
        if name not in known:
            raise Refused(400, f"an outcome has no {name!r}; it has {', '.join(known)}", nearest(name, known))
    try:
        made = world.fail_delivery(given.pop("code", None), account_sid=account.account_sid, **given)
    except UnknownName as error:
        raise Refused(400, str(error), error.nearest) from None
    except ValueError as error:
        raise Refused(400, str(error)) from None
    return {"account_sid": account.account_sid, **made.told()}


def delete_outcomes(world: World, ask: Ask) -> dict[str, Any]:
    """Let providers answer as they would."""
    return {"deleted": world.clear_outcomes(account_sid(world, ask))}


def get_clock(world: World, ask: Ask) -> dict[str, Any]:
    """The fake's time, and whether it stands still."""
    return {"now": world.clock.now().isoformat().replace("+00:00", "Z"), "frozen": world.clock.frozen}


def post_clock(world: World, ask: Ask) -> dict[str, Any]:
    """Move the clock: exactly one of ``shift`` and ``tick`` (seconds), ``move_to``, ``freeze`` and ``resume``."""
    given = body_object(ask)
    unknown = [name for name in given if name not in CLOCK]
    if len(given) != 1 or unknown:
        close = nearest(unknown[0], CLOCK) if unknown else ()
        raise Refused(400, f"the clock takes exactly one of {', '.join(CLOCK)}", close or CLOCK)
    [(name, value)] = given.items()
    try:
        if name in ("shift", "tick"):
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                raise ValueError(f"{name} is a number of seconds, not {value!r}")
            world.clock.tick(value)
        elif value is True and name in ("freeze", "resume"):
            world.clock.freeze() if name == "freeze" else world.clock.resume()
        elif value is False and name == "freeze":
            world.clock.resume()
        elif name in ("freeze", "move_to") and isinstance(value, str):
            getattr(world.clock, name)(parse_instant(value))
        else:
            raise ValueError(f"{name} can't be {value!r}")
    except (ValueError, OverflowError) as error:
        raise Refused(400, str(error)) from None
    return get_clock(world, ask)


def get_rules(world: World, ask: Ask) -> dict[str, Any]:
    """Every rule of the fake, with how sure we are of it and where it comes from."""
    from fakenotify.world.provenance import rules

    return {"rules": [rule.told() for rule in rules().values()]}


def get_rule(world: World, ask: Ask) -> dict[str, Any]:
    """One rule in words; a 4xx answer names its own in ``X-Fakenotify-Rule``."""
    from fakenotify.world.provenance import rules

    if ask.rest not in rules():
        raise Refused(404, f"there is no rule {ask.rest!r}", nearest(ask.rest, rules()))
    return rules()[ask.rest].told()


def get_behaviour(world: World, ask: Ask) -> dict[str, Any]:
    """The switches in force."""
    return world.behaviour.to_json()


def patch_behaviour(world: World, ask: Ask) -> dict[str, Any]:
    """Change some switches."""
    changes = body_object(ask)
    behaviour = world.behaviour
    try:
        world.change_behaviour(changes)
    except (TypeError, ValueError) as error:
        unknown = [name for name in changes if name not in behaviour.to_json()]
        raise Refused(400, str(error), nearest(unknown[0], behaviour.to_json()) if unknown else ()) from None
    return world.behaviour.to_json()


def events(world: World, ask: Ask) -> Iterator[str]:
    """Server-sent events of what happens from now on, until the client leaves or the fake ends.

    ``request``: a request to Notify. ``callback``: a delivery callback was tried. ``control``: a control call wrote.
    """
    narrowed = account_sid(world, ask)

    def stream() -> Iterator[str]:
        queue: SimpleQueue[Change | None] = SimpleQueue()
        # not before somebody reads, or nobody would end it
        ends = (world.journal.listen(lambda request: queue.put(event(request))), world.changes.add(queue.put))
        world.at_end(lambda: queue.put(None))
        try:
            yield ": fakenotify\n\n"
            while not world.ended.is_set():
                try:
                    change = queue.get(timeout=HEARTBEAT)
                except Empty:
                    yield ": still here\n\n"
                    continue
                if change is not None and concerns(change, narrowed):
                    yield f"event: {change.kind}\ndata: {json.dumps(change.body)}\n\n"
        finally:
            for end in ends:
                end()

    return stream()


def concerns(change: Change, narrowed: str | None) -> bool:
    """Whether a listener to one account, or to all, is to hear of this."""
    return narrowed in (None, change.account_sid) or (
        change.kind in ("control", "change") and change.account_sid is None
    )


def event(request: Request) -> Change:
    """A request as an event tells it."""
    told = {
        "operation": request.operation,
        "method": request.method,
        "path": request.path,
        "status": request.status,
        "code": request.code,
        "sid": request.sid,
        "account_sid": request.account_sid,
        "request_id": request.request_id,
        "warnings": list(request.warnings),
        "hints": list(request.hints),
        "rule": request.rule,
        "label": request.label,
        "fault": request.fault,
    }
    return Change("request", request.account_sid, told)


def body_object(ask: Ask) -> Mapping[str, Any]:
    """The body, which must be a JSON object."""
    if not isinstance(ask.body, dict):
        raise Refused(400, "the body is to be a JSON object")
    return ask.body
