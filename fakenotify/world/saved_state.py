"""A world as JSON that a person can read, and write by hand: what is left out gets Notify's defaults.

A state names accounts; ``services`` and ``credentials`` at the top are the default account's::

    {"services": [{"bindings": [{"identity": "alice", "binding_type": "sms", "address": "+15005550006"}]}]}
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from types import UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from fakenotify.core.clock import parse_instant
from fakenotify.core.errors import TwilioError
from fakenotify.core.params import Params, did_you_mean
from fakenotify.core.routes import NO_PARAMS
from fakenotify.core.sids import SidGenerator, is_sid
from fakenotify.core.store import Table
from fakenotify.notify.account import ACCOUNT_TABLES, SCOPE_TABLES, AccountState, Scope
from fakenotify.notify.accounts import Accounts, check_credentials
from fakenotify.notify.records import (
    NO_STRINGS,
    Alert,
    Attempt,
    Binding,
    Callback,
    Credential,
    Delivery,
    Notification,
    Segment,
    Service,
    Strings,
    User,
    strings,
)
from fakenotify.notify.resources import bindings, credentials, notifications, services, users
from fakenotify.notify.resources.representation import timestamp

T = TypeVar("T")
R = TypeVar("R")

FORMAT = 1
REDACTED = "[redacted]"
_JSON_NAMES = {"dict": "an object", "list": "a list", "str": "a text"}


class StateError(ValueError):
    """A state that can't be loaded; the message names the place and what to do."""


def export(accounts: Accounts, account_sid: str | None = None, *, secrets: bool = False) -> dict[str, Any]:
    """The world, or one account, as a JSON object. Auth tokens are redacted unless ``secrets``."""
    chosen = [account for account in accounts if account_sid in (None, account.account_sid)]
    return {"fakenotify": FORMAT, "accounts": {each.account_sid: _export_account(each, secrets) for each in chosen}}


def _export_account(account: AccountState, secrets: bool) -> dict[str, Any]:
    with account.lock:
        state = account.save()
    exported = {name: [to_json(each) for each in getattr(state, name)] for name in ACCOUNT_TABLES}
    for service in exported["services"]:
        scope = state.scopes[service["sid"]]
        service |= {name: [to_json(each) for each in getattr(scope, name)] for name in SCOPE_TABLES}
    return {"auth_token": account.auth_token if secrets else REDACTED, **exported}


def to_json(record: Any) -> dict[str, Any]:
    """A record as a JSON object; dates as on the wire."""
    return {field.name: _json(getattr(record, field.name)) for field in fields(record)}


def _json(value: Any) -> Any:
    if isinstance(value, datetime):
        return timestamp(value)
    if isinstance(value, tuple):
        return [_json(each) for each in value]
    return to_json(value) if is_dataclass(value) else value


def load(accounts: Accounts, state: Any) -> None:
    """Replace the world by ``state``, all of it or, on a ``StateError``, nothing."""
    _expect(state, dict, "the state")
    _known(state, ("fakenotify", "accounts", *ACCOUNT_TABLES), "the state")
    if state.get("fakenotify", FORMAT) != FORMAT:
        raise StateError(f"this state has format {state['fakenotify']!r}; this version reads format {FORMAT}")
    given = dict(_expect(state.get("accounts", {}), dict, "accounts"))
    own = {name: state[name] for name in ACCOUNT_TABLES if name in state}
    if own:
        if accounts.default_sid in given:
            raise StateError(f"the state gives account {accounts.default_sid} twice, at the top and under accounts")
        given[accounts.default_sid] = own
    loaded = [_load_account(accounts, sid, given[sid], f"accounts.{sid}") for sid in given]
    accounts.replace(loaded)


def _load_account(accounts: Accounts, account_sid: str, given: Any, where: str) -> AccountState:
    _known(_expect(given, dict, where), ("auth_token", *ACCOUNT_TABLES), where)
    auth_token = given.get("auth_token")
    try:
        check_credentials(account_sid, "any" if auth_token is None else _expect(auth_token, str, f"{where}.auth_token"))
    except ValueError as error:
        raise StateError(f"{where}: {error}") from None
    if auth_token == REDACTED:
        auth_token = accounts[account_sid].auth_token if account_sid in accounts else None
    account = accounts.fresh(account_sid, auth_token)
    for place, each in _rows(given, "credentials", where):
        defaults = _defaults(account, "CR", credentials.CREATE)
        defaults["sandbox"] = credentials.sandbox_text(str(each.get("type")), None)
        credential = read_record(Credential, each, place, defaults)
        _check(credentials.CREATE, credential, place)
        _add(account, account.credentials, "CR", credential, place)
    for place, each in _rows(given, "services", where):
        _load_service(account, each, place)
    for place, each in _rows(given, "deliveries", where):
        account.deliveries.append(_own(account, read_record(Delivery, each, place, {}), place))
    for place, each in _rows(given, "alerts", where):
        account.alerts.append(_own(account, read_record(Alert, each, place, {}), place))
    for place, each in _rows(given, "callbacks", where):
        callback = read_record(Callback, each, place, {})
        _add(account, account.callbacks, "CB", callback, place)
        if callback.status == "PENDING":
            account.schedule.add(account.clock.seconds(), callback.sid)
    known = sorted(str(getattr(record, "sid", None)) for _, record in account.save().records())
    account.sids = SidGenerator(f"{account_sid}/{known}")  # none of these can come out of it again
    return account


def _load_service(account: AccountState, given: dict[str, Any], where: str) -> None:
    own = {name: value for name, value in given.items() if name not in SCOPE_TABLES}
    defaults = _defaults(account, "IS", services.PARAMS)
    defaults["default_apn_notification_protocol_version"] = account.behaviour.apn_protocol_version
    service = read_record(Service, own, where, defaults)
    _check(services.PARAMS, service, where)
    _add(account, account.services, "IS", service, where)
    scope = account.scopes[service.sid] = Scope.empty()
    of_service = {"service_sid": service.sid}
    for place, each in _rows(given, "segments", where):
        segment = read_record(Segment, each, place, _defaults(account, "GS") | of_service)
        if scope.segments.count("name", segment.unique_name):
            raise StateError(f"{place}: segment {segment.unique_name!r} is in this Service already")
        _add(account, scope.segments, "GS", segment, place, service.sid)
    for place, each in _rows(given, "users", where):
        user = read_record(User, each, place, _defaults(account, "US", users.CREATE) | of_service)
        _check(users.CREATE, user, place)
        if scope.users.count("identity", user.identity):
            raise StateError(f"{place}: identity {user.identity!r} has a User in this Service already")
        users.name_segments(account, scope, service.sid, user.segments)
        _add(account, scope.users, "US", user, place, service.sid)
    for place, each in _rows(given, "bindings", where):
        _load_binding(account, scope, service, each, place)
    for place, each in _rows(given, "notifications", where):
        defaults = _defaults(account, "NT", notifications.CREATE) | of_service
        notification = read_record(Notification, each, place, defaults)
        _check(notifications.CREATE, notification, place)
        _add(account, scope.notifications, "NT", notification, place, service.sid)


def _load_binding(account: AccountState, scope: Scope, service: Service, given: dict[str, Any], where: str) -> None:
    defaults = _defaults(account, "BS", bindings.CREATE) | {"service_sid": service.sid}
    if isinstance(given.get("binding_type"), str):
        defaults["notification_protocol_version"] = service.protocol_version(given["binding_type"])
    binding = read_record(Binding, given, where, defaults)
    _check(bindings.CREATE, binding, where)
    binding = replace(binding, tags=strings(tuple(dict.fromkeys(binding.tags))))
    if scope.bindings.count("address", binding.address) and account.behaviour.address_scope == "service":
        raise StateError(f"{where}: address {binding.address!r} has a Binding in this Service already")
    if scope.bindings.count("identity", binding.identity) >= bindings.BINDINGS_PER_IDENTITY:
        raise StateError(f"{where}: identity {binding.identity!r} has 20 Bindings in this Service already")
    scope.note_identity(binding.identity, binding.date_created)
    _add(account, scope.bindings, "BS", binding, where, service.sid)


def _rows(given: dict[str, Any], name: str, where: str) -> list[tuple[str, dict[str, Any]]]:
    """The rows under ``name``, each with its place."""
    rows = _expect(given.get(name, []), list, f"{where}.{name}")
    return [(f"{where}.{name}[{at}]", _expect(row, dict, f"{where}.{name}[{at}]")) for at, row in enumerate(rows)]


def _defaults(account: AccountState, prefix: str, params: Params = NO_PARAMS) -> dict[str, Any]:
    now = account.clock.stamp()
    return {
        **{name: NO_STRINGS if value == () else value for name, value in params.defaults.items()},
        "sid": account.sids.new(prefix),
        "account_sid": account.account_sid,
        "date_created": now,
        "date_updated": now,
    }


def _add(
    account: AccountState, table: Table[Any], prefix: str, record: Any, where: str, service_sid: str | None = None
) -> None:
    if not is_sid(record.sid, prefix):
        raise StateError(f"{where}: sid {record.sid!r} is not {prefix} and 32 hex digits")
    if record.sid in table:
        raise StateError(f"{where}: sid {record.sid} is there twice")
    if service_sid is not None and record.service_sid != service_sid:
        raise StateError(f"{where}: service_sid {record.service_sid} is not the service it stands in")
    table.add(account.next_sequence(), _own(account, record, where))


def _own(account: AccountState, record: R, where: str) -> R:
    """The record, if it is this account's."""
    account_sid = record.account_sid  # type: ignore[attr-defined]  # every record has one
    if account_sid != account.account_sid:
        raise StateError(f"{where}: account_sid {account_sid} is not the account it stands in")
    return record


def _check(params: Params, record: Any, where: str) -> None:
    """What the wire would refuse is refused here."""
    try:
        params.parse(params.to_form("load", {field: getattr(record, field, None) for field in params.fields}))
    except TwilioError as error:
        raise StateError(f"{where}: {error.message}") from None


def read_record(cls: type[R], given: dict[str, Any], where: str, defaults: Mapping[str, Any]) -> R:
    """A record from JSON: every field of its type, those left out from ``defaults``. Raises ``StateError``."""
    hints = get_type_hints(cls)
    _known(given, hints, where)
    values = {}
    for name, hint in hints.items():
        if name in given:
            try:
                values[name] = _read(hint, given[name])
            except (TypeError, ValueError, OverflowError):
                raise StateError(f"{where}.{name} can't be {given[name]!r}") from None
        elif name in defaults:
            values[name] = defaults[name]
        else:
            raise StateError(f"{where} lacks {name!r}")
    return cls(**values)


def _read(hint: Any, value: Any) -> Any:
    """A JSON value as a field of type ``hint`` has it. Raises ``TypeError``, ``ValueError``, ``OverflowError``."""
    choices = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    if value is None and type(None) in choices:
        return None
    kind = choices[0]
    if kind is datetime:
        return parse_instant(_read(str, value)).astimezone(timezone.utc).replace(microsecond=0)
    if kind is Strings:
        return strings([_read(str, each) for each in _read(list, value)])
    if kind is Attempt:
        return read_record(Attempt, _read(dict, value), "an attempt", {})
    if get_origin(kind) is tuple:
        inner = get_args(kind)
        values = _read(list, value)
        return tuple(_read(inner[0], each) for each in values)
    if get_origin(kind) is Literal and value in get_args(kind):
        return value
    if get_origin(kind) is Mapping:
        return _read(dict, value)
    if type(value) is not kind:
        raise TypeError(value)
    return value


def _expect(value: Any, kind: type[T], where: str) -> T:
    if not isinstance(value, kind):
        raise StateError(f"{where} is to be {_JSON_NAMES[kind.__name__]}, not {type(value).__name__}")
    return value


def _known(given: Mapping[str, Any], names: Iterable[str], where: str) -> None:
    names = list(names)
    for name in given:
        if name not in names:
            raise StateError(f"{where} has an unknown field {name!r}{did_you_mean(name, names)}")


def parse(text: str | bytes) -> Any:
    """JSON as a state is written. Raises ``StateError``."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise StateError(f"this is not JSON: {error}") from None


def save_file(path: str | os.PathLike[str], state: dict[str, Any]) -> None:
    """Write a state; the file is replaced whole, or (``OSError``) left as it was. A link's target is what is meant."""
    target = Path(path).resolve()
    if target.exists() and not target.is_file() and not target.is_dir():  # a device or a pipe can't be replaced
        target.write_text(json.dumps(state, indent=2) + "\n", encoding="ascii")
        return
    mode = target.stat().st_mode & 0o777 if target.exists() else 0o644
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            json.dump(state, file, indent=2)
            file.write("\n")
        os.chmod(temporary, mode)
        os.replace(temporary, target)
    except BaseException:
        os.unlink(temporary)
        raise
