"""Tables are registered once: each one in ``TABLES`` is stored, indexed, shared, compared, saved, loaded, listed.

A definition has everything that other modules need to know about a table, so none of them names tables one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

from fakenotify.core import strict_json
from fakenotify.core.log import Log
from fakenotify.core.params import Params
from fakenotify.core.printable import shortened
from fakenotify.core.routes import NO_PARAMS
from fakenotify.core.sizes import size_of
from fakenotify.core.store import Index, Table
from fakenotify.notify.channels import CHANNELS
from fakenotify.notify.records import Alert, Callback, Delivery, Service

if TYPE_CHECKING:
    from fakenotify.notify.account import AccountState
    from fakenotify.notify.accounts import Budget

R = TypeVar("R")


@dataclass(frozen=True, eq=False)
class TableDefinition(Generic[R]):
    """A table of an account or, in the ``scope`` ``"service"``, of each of its Services.

    ``prefix`` begins the rows' sids; without one the table is a log, bounded, whose rows have no sid of their own.
    ``indexes`` name the attribute that is a row's key, or map a row to its keys. ``weigh`` estimates the bytes of a row
    where the table grows by itself and is therefore bounded; all logs are. The rest are the rules of loading a saved
    row: ``params`` give its defaults and say what the wire would refuse; ``defaults(account, service, row)`` gives
    further ones; ``check(account, row)`` completes a row, or raises ``ValueError`` in words;
    ``finish(account, service)`` adds what follows from all rows. ``service`` is None for a table of an account.
    """

    name: str
    record: type[R]
    scope: Literal["account", "service"]
    prefix: str | None = None
    indexes: Mapping[str, Index] = field(default_factory=dict)
    weigh: Callable[[R], int] | None = None
    params: Params = NO_PARAMS
    defaults: Callable[[AccountState, Service | None, Mapping[str, Any]], Mapping[str, Any]] = (
        lambda account, service, row: {}
    )
    check: Callable[[AccountState, R], R] = lambda account, row: row
    finish: Callable[[AccountState, Service | None], None] = lambda account, service: None

    def empty(self, kept: int, budget: Budget) -> Table[Any] | Log[Any]:
        """The table without rows; a log keeps the newest ``kept``, and ``budget`` limits the bytes of bounded ones."""
        if self.prefix is None:
            return Log(kept, budget.most, budget.grew)
        return Table(self.indexes, self.weigh, budget.grew if self.weigh else None)


TABLES: dict[str, TableDefinition[Any]] = {}
"""The tables by name, in the order in which they are written and loaded."""


def register(definition: TableDefinition[Any]) -> None:
    """Add this table to every world that is created from now on. Raises ``ValueError`` for a name that is taken."""
    if definition.name in TABLES:
        raise ValueError(f"there is a table {definition.name!r} already")
    TABLES[definition.name] = definition


def unregister(definition: TableDefinition[Any]) -> None:
    """Remove a table, for a test that registered one."""
    del TABLES[definition.name]


def _schedule(account: AccountState, callback: Callback) -> Callback:
    for each in callback.params.get("DeliveryState", ()):
        try:
            valid = isinstance(strict_json.parse(each), dict)
        except ValueError:
            valid = False
        if not valid:
            raise ValueError(f"a DeliveryState in body must be a JSON object, not {shortened(each, 100)!r}")
    if callback.status == "PENDING":
        account.schedule.add(account.clock.seconds(), callback.sid)
    return callback


def _of_a_channel(account: AccountState, delivery: Delivery) -> Delivery:
    if delivery.binding_type not in CHANNELS:
        raise ValueError(f"there is no binding type {delivery.binding_type!r}; there are {', '.join(CHANNELS)}")
    return delivery


def delivery_size(delivery: Delivery) -> int:
    """The bytes of a delivery whose payload is its own."""
    return DELIVERY_SIZE + size_of(delivery.payload)


def _callback_size(callback: Callback) -> int:
    return _ROW_SIZE + len(callback.body) + sum(_ATTEMPT_SIZE + size_of(each.body) for each in callback.attempts)


_ROW_SIZE, _ATTEMPT_SIZE = 1_000, 200
ALERT_SIZE = 300
DELIVERY_SIZE = 600
"""The bytes of a delivery beside its payload."""
DELIVERIES = TableDefinition(
    "deliveries",
    Delivery,
    "account",
    weigh=delivery_size,
    defaults=lambda account, service, row: {"provider_url": ""},
    check=_of_a_channel,
)
ALERTS = TableDefinition("alerts", Alert, "account", weigh=lambda alert: ALERT_SIZE + len(alert.text))
CALLBACKS = TableDefinition(
    "callbacks",
    Callback,
    "account",
    "CB",
    {"notification": "notification_sid"},
    _callback_size,
    check=_schedule,
)
