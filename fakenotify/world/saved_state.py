"""A world as JSON that a person can read and write: fields that are left out get Notify's defaults.

A state names accounts; the tables at the top, such as ``services`` and ``credentials``, are the default account's::

    {"services": [{"bindings": [{"identity": "alice", "binding_type": "sms", "address": "+15005550006"}]}]}

The definitions in ``notify.tables`` say which tables there are and by which rules a row is loaded.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime, timezone
from functools import cache, lru_cache, partial
from types import UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from fakenotify.core.clock import parse_instant
from fakenotify.core.errors import TwilioError
from fakenotify.core.params import did_you_mean
from fakenotify.core.printable import printable, shortened
from fakenotify.core.sids import SidGenerator, is_sid
from fakenotify.core.strict_json import clean
from fakenotify.notify.account import AccountState
from fakenotify.notify.accounts import Accounts, check_credentials
from fakenotify.notify.records import NO_STRINGS, Service, Strings, strings
from fakenotify.notify.resources.representation import timestamp
from fakenotify.notify.tables import TABLES, TableDefinition

T = TypeVar("T")
R = TypeVar("R")

FORMAT = 1
REDACTED = "[redacted]"
_JSON_NAMES = {"dict": "an object", "list": "a list", "str": "a string"}


class StateError(ValueError):
    """A state that can't be loaded; the message names the place and what to do."""

    def __init__(self, message: str) -> None:
        super().__init__(printable(message))


def names_of(scope: str) -> list[str]:
    """The names of the tables of an account, or of a Service."""
    return [name for name, definition in TABLES.items() if definition.scope == scope]


def export(accounts: Accounts, account_sid: str | None = None, *, secrets: bool = False) -> dict[str, Any]:
    """The world, or one account, as a JSON object. Auth tokens are redacted unless ``secrets``."""
    chosen = [account for account in accounts if account_sid in (None, account.account_sid)]
    return {"fakenotify": FORMAT, "accounts": {each.account_sid: _export_account(each, secrets) for each in chosen}}


def _export_account(account: AccountState, secrets: bool) -> dict[str, Any]:
    with account.lock:
        state = account.save()
    exported = {name: [to_json(each) for each in table] for name, table in state.tables.items()}
    for service in exported["services"]:
        tables = state.scopes[service["sid"]].tables()
        service |= {name: [to_json(each) for each in table] for name, table in tables.items()}
    return {"auth_token": account.auth_token if secrets else REDACTED, **exported}


def to_json(record: Any) -> Any:
    """A record as a JSON object; dates as on the wire, a lone surrogate as U+FFFD."""
    return clean(record, plain)


def plain(value: Any) -> Any:
    """A date as a text, a record as a dictionary."""
    if isinstance(value, datetime):
        return timestamp(value)
    names = _fields_of(value.__class__)
    return dict(zip(names, map(partial(getattr, value), names), strict=True))


@cache
def _fields_of(record: Any) -> tuple[str, ...]:
    return tuple(each.name for each in fields(record))


def load(accounts: Accounts, state: Any) -> None:
    """Replace the world by ``state``; on a ``StateError`` nothing has changed."""
    names = names_of("account")
    _known(_expect(state, dict, "the state"), ("fakenotify", "accounts", *names), "the state")
    if state.get("fakenotify", FORMAT) != FORMAT:
        raise StateError(f"this state has format {state['fakenotify']!r}; this version reads format {FORMAT}")
    given = dict(_expect(state.get("accounts", {}), dict, "accounts"))
    own = {name: state[name] for name in names if name in state}
    if own:
        if accounts.default_sid in given:
            raise StateError(f"the state gives account {accounts.default_sid} twice, at the top and under accounts")
        given[accounts.default_sid] = own
    loaded = [_load_account(accounts, sid, given[sid], f"accounts.{sid}") for sid in given]
    accounts.replace(loaded)


def _load_account(accounts: Accounts, account_sid: str, given: Any, where: str) -> AccountState:
    names = names_of("account")
    _known(_expect(given, dict, where), ("auth_token", *names), where)
    auth_token = given.get("auth_token")
    try:
        check_credentials(account_sid, "any" if auth_token is None else _expect(auth_token, str, f"{where}.auth_token"))
    except ValueError as error:
        raise StateError(f"{where}: {error}") from None
    if auth_token == REDACTED:
        auth_token = accounts[account_sid].auth_token if account_sid in accounts else None
    account = accounts.fresh(account_sid, auth_token)
    account.sids = SidGenerator(f"{account_sid}/{sorted(_given_sids(given))}")  # it makes none of these
    _load_tables(account, None, given, where)
    return account


def _given_sids(given: Any) -> set[str]:
    """The sids of all rows, those of a Service's tables too."""
    found = set()
    for rows in given.values():
        for row in rows if isinstance(rows, list) else ():
            if isinstance(row, dict):
                found |= {str(row.get("sid"))} | _given_sids(row)
    return found


def _load_tables(account: AccountState, service: Service | None, given: dict[str, Any], where: str) -> None:
    """Load the tables of an account, or of one of its Services."""
    definitions = [TABLES[name] for name in names_of("account" if service is None else "service")]
    below = names_of("service")
    for definition in definitions:
        for place, row in _rows(given, definition.name, where):
            if definition.record is Service:
                own = {name: value for name, value in row.items() if name not in below}
                record = _load_row(account, definition, service, own, place)
                account.open_scope(record.sid)
                _load_tables(account, record, row, place)
            else:
                _load_row(account, definition, service, row, place)
    for definition in definitions:
        definition.finish(account, service)


def _load_row(
    account: AccountState, definition: TableDefinition[R], service: Service | None, given: dict[str, Any], where: str
) -> R:
    """Complete, check and store one row."""
    table = getattr(account if service is None else account.scopes[service.sid], definition.name)
    now, params = account.clock.stamp(), definition.params
    owners = {"account_sid": account.account_sid} | ({} if service is None else {"service_sid": service.sid})
    defaults = {name: NO_STRINGS if value == () else value for name, value in params.defaults.items()}
    defaults |= {"date_created": now, "date_updated": now, **owners}
    if definition.prefix is not None and "sid" not in given:
        defaults["sid"] = account.sids.new(definition.prefix)
    further = definition.defaults(account, service, given)
    record: Any = read_record(definition.record, given, where, {**defaults, **further})
    if definition.prefix is not None:
        if not is_sid(record.sid, definition.prefix):
            raise StateError(
                f"{where}: sid {shortened(repr(record.sid), 100)} is not {definition.prefix} and 32 hex digits"
            )
        if record.sid in table:
            raise StateError(f"{where}: sid {record.sid} is there twice")
    for name, sid in owners.items():
        if getattr(record, name) != sid:
            given_sid = shortened(getattr(record, name), 100)
            raise StateError(f"{where}: {name} {given_sid} is not the {name[:-4]} it stands in")
    try:  # what the wire would refuse is refused here
        params.parse(params.to_form("load", {field: getattr(record, field, None) for field in params.fields}))
        record = definition.check(account, record)
    except TwilioError as error:
        raise StateError(f"{where}: {error.message}") from None
    except ValueError as error:
        raise StateError(f"{where}: {error}") from None
    if definition.prefix is None:
        table.append(record, definition.weigh(record) if definition.weigh else 0)
    else:
        table.add(account.next_sequence(), record)
    return record  # type: ignore[no-any-return]  # read_record made it


def _rows(given: dict[str, Any], name: str, where: str) -> Iterable[tuple[str, dict[str, Any]]]:
    """The rows under ``name``, each with its place."""
    for at, row in enumerate(_expect(given.get(name, []), list, f"{where}.{name}")):
        place = f"{where}.{name}[{at}]"
        yield place, _expect(row, dict, place)


def read_record(cls: type[R], given: dict[str, Any], where: str, defaults: Mapping[str, Any]) -> R:
    """A record from JSON: every field of its type, those left out from ``defaults``. Raises ``StateError``."""
    shape: Any = cls
    readers = _readers(shape)
    _known(given, readers, where)
    values = {}
    for name, read in readers.items():
        if name in given:
            try:
                values[name] = read(given[name])
            except (TypeError, ValueError, LookupError, OverflowError):
                raise StateError(f"{where}.{name} can't be {shortened(repr(given[name]), 100)}") from None
        elif name in defaults:
            values[name] = defaults[name]
        else:
            raise StateError(f"{where} lacks {name!r}")
    return cls(**values)


Reader = Callable[[Any], Any]
"""Makes a field from its JSON. Raises ``TypeError``, ``ValueError``, ``LookupError`` or ``OverflowError``."""


@cache
def _readers(cls: type[Any]) -> dict[str, Reader]:
    """How each field of a record is read, by its type."""
    return {name: _reader(hint) for name, hint in get_type_hints(cls).items()}


def _reader(hint: Any) -> Reader:
    choices = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    read = _reader_of(choices[0])
    return (lambda value: None if value is None else read(value)) if type(None) in choices else read


def _reader_of(kind: Any) -> Reader:
    if kind is datetime:
        return _instant
    if kind is Strings:
        text = _exactly(str)
        return lambda value: strings([text(each) for each in _exactly(list)(value)])
    if isinstance(kind, type) and is_dataclass(kind):
        return lambda value: read_record(kind, _exactly(dict)(value), kind.__name__, {})
    if get_origin(kind) is tuple:
        inner = _reader(get_args(kind)[0])
        return lambda value: tuple([inner(each) for each in _exactly(list)(value)])
    if get_origin(kind) is Literal:
        choices = {choice: choice for choice in get_args(kind)}
        return lambda value: choices[_exactly(str)(value)]
    if get_origin(kind) is Mapping and get_args(kind)[1] is str:
        value_of = _exactly(str)
        return lambda value: {name: value_of(each) for name, each in _exactly(dict)(value).items()}
    return _exactly(dict if get_origin(kind) is Mapping else kind)


def _exactly(kind: type[Any]) -> Reader:
    def read(value: Any) -> Any:
        if type(value) is not kind:
            raise TypeError(value)
        return value

    return read


@lru_cache(maxsize=1024)
def _instant(text: Any) -> datetime:
    """A date, cached because many records share one."""
    return parse_instant(_exactly(str)(text)).astimezone(timezone.utc).replace(microsecond=0)


def _expect(value: Any, kind: type[T], where: str) -> T:
    if not isinstance(value, kind):
        raise StateError(f"{where} must be {_JSON_NAMES[kind.__name__]}, not {type(value).__name__}")
    return value


def _known(given: Mapping[str, Any], names: Collection[str], where: str) -> None:
    for name in given:
        if name not in names:
            raise StateError(f"{where} has an unknown field {name!r}{did_you_mean(name, names)}")
