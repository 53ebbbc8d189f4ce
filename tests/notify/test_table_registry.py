"""A resource is one module and one line: what is registered here works everywhere, and nothing else needs to know."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from answers import invalid, not_found

from fakenotify import FakeNotify
from fakenotify.clients.in_process import call
from fakenotify.core.params import Param, Params
from fakenotify.core.routes import Route
from fakenotify.core.store import Selection
from fakenotify.core.values import ShortText
from fakenotify.notify import resources
from fakenotify.notify.account import AccountState
from fakenotify.notify.dispatch import Call
from fakenotify.notify.errors import InvalidParameter
from fakenotify.notify.records import Service
from fakenotify.notify.resources import services
from fakenotify.notify.tables import TABLES, TableDefinition
from fakenotify.world.saved_state import StateError


@dataclass(frozen=True, slots=True)
class Parcel:
    """What the test stores below a Service."""

    sid: str
    account_sid: str
    service_sid: str
    weight: str
    date_created: datetime
    size: str = "small"


CREATE = Params(
    lambda name: InvalidParameter("Parcel", name),
    Param("Weight", "weight", ShortText(3), required=True),
    Param("Size", "size", default="small"),
)


def locate(account: AccountState, service_sid: str, sid: str) -> Parcel:
    found: Parcel = account.scopes[services.locate(account, service_sid).sid].parcels.get(sid)  # type: ignore[attr-defined]
    return found


def create(account: AccountState, service: Service, *, weight: str, size: str) -> Parcel:
    parcels = account.scopes[service.sid].parcels  # type: ignore[attr-defined]
    now = account.clock.stamp()
    parcel = Parcel(account.new_sid("PC", parcels), account.account_sid, service.sid, weight, now, size)
    parcels.add(account.next_sequence(), parcel)
    return parcel


def find(account: AccountState, service: Service, weight: str | None) -> Selection[Parcel]:
    chosen = None if weight is None else [("weight", weight)]
    found: Selection[Parcel] = account.scopes[service.sid].parcels.select(chosen)  # type: ignore[attr-defined]
    return found


def represent(account: AccountState, parcel: Parcel, base: str) -> dict[str, Any]:
    return {"sid": parcel.sid, "weight": parcel.weight}


def at_most_two_of_a_weight(account: AccountState, parcel: Parcel) -> Parcel:
    if account.scopes[parcel.service_sid].parcels.count("weight", parcel.weight) == 2:  # type: ignore[attr-defined]
        raise ValueError(f"there are two parcels of {parcel.weight} already")
    return replace(parcel, weight=parcel.weight.lower())


PARCELS: TableDefinition[Parcel] = TableDefinition(
    "parcels",
    Parcel,
    "service",
    "PC",
    {"weight": lambda parcel: (parcel.weight,)},
    None,
    CREATE,
    lambda account, service, row: {"size": "from the Service"} if service and service.friendly_name else {},
    at_most_two_of_a_weight,
)
NOTES = TableDefinition("notes", Parcel, "account", params=CREATE)
PATH = "/Services/{ServiceSid}/Parcels"
RESOURCE = SimpleNamespace(
    TABLES=(PARCELS, NOTES),
    ROUTES=(
        Route("parcels.create", PATH, create, CREATE, locate=services.locate, represent=represent),
        Route("parcels.find", PATH, find, Params(CREATE.error, Param("Weight", "weight")), services.locate, represent),
    ),
)
OF_ONE_KILO = {"weight": "1kg"}


@pytest.fixture(autouse=True)
def parcels() -> Iterator[None]:
    resources.register(RESOURCE)
    yield
    resources.unregister(RESOURCE)


@pytest.fixture
def fake(parcels: None) -> FakeNotify:
    return FakeNotify()


def rows(fake: FakeNotify) -> list[Parcel]:
    return fake.world.accounts.default.below("parcels")


def ask(fake: FakeNotify, method: str, path: str, **sent: str) -> Any:
    form = {name: [value] for name, value in sent.items()}
    query, body = (form, {}) if method == "GET" else ({}, form)
    credentials = (fake.account_sid, fake.auth_token)
    return fake.world.handle(Call(method, f"/v1{path}", query, body, credentials)).body


def test_a_registered_resource_answers_requests_and_is_indexed(fake: FakeNotify) -> None:
    path = f"/Services/{fake.create_service().sid}/Parcels"
    sids = [ask(fake, "POST", path, Weight=each)["sid"] for each in ("1kg", "2kg", "1kg")]

    found = ask(fake, "GET", path, Weight="1kg")

    assert [each["sid"] for each in found["parcels"]] == [sids[0], sids[2]]  # oldest first
    assert ask(fake, "POST", path, Weight="10kg")["message"] == invalid("Parcel", "Weight")[2]
    assert [each.operation for each in fake.requests] == [*["parcels.create"] * 3, "parcels.find", "parcels.create"]


def test_a_registered_table_is_compared_restored_saved_and_loaded(fake: FakeNotify, tmp_path: Path) -> None:
    service = fake.create_service()
    before = fake.snapshot()
    parcel = fake.world.create(fake.account_sid, "parcels.create", (service.sid,), weight="1kg")

    difference, after = fake.diff(before), fake.snapshot()
    fake.save(tmp_path / "world.json")
    fake.restore(before)

    assert (difference.added, rows(fake)) == ((parcel,), [])
    assert repr(after) == "<Snapshot 1 services, 1 parcels>"
    fake.restore(after)
    assert rows(fake) == [parcel]
    fake.reset()
    fake.load(tmp_path / "world.json")
    assert not fake.diff(after)


def test_a_registered_table_has_its_own_rules_for_loading(fake: FakeNotify) -> None:
    note = {"sid": "x", "service_sid": "IS", "weight": "1kg"}
    fake.world.import_state(
        {
            "services": [{"friendly_name": "shop", "parcels": [{"weight": "1KG"}]}, {"parcels": [OF_ONE_KILO]}],
            "notes": [note, note],
        }
    )

    [first, second] = rows(fake)
    assert (first.weight, first.size, first.sid[:2]) == ("1kg", "from the Service", "PC")
    assert (second.size, second.service_sid) == ("small", fake.services.last.sid)
    assert len(list(fake.world.accounts.default.notes)) == 2  # type: ignore[attr-defined]


def refused(fake: FakeNotify, table: str, *loaded: dict[str, Any]) -> str:
    """The complaint about the last of these rows below a Service."""
    with pytest.raises(StateError) as raised:
        fake.world.import_state({"services": [{table: [*loaded]}]})
    assert len(fake.services) == 0
    return str(raised.value).removeprefix(f"accounts.{fake.account_sid}.services[0].{table}[{len(loaded) - 1}]")


def test_a_row_that_its_table_refuses_is_named(fake: FakeNotify) -> None:
    expected: list[tuple[dict[str, Any], str]] = [
        ({"weight": "10kg"}, ": " + invalid("Parcel", "Weight")[2]),
        ({}, " lacks 'weight'"),
        ({"weight": "1kg", "wieght": "1kg"}, " has an unknown field 'wieght'; did you mean 'weight'?"),
        ({"weight": "1kg", "sid": "IS" + "0" * 32}, f": sid 'IS{'0' * 32}' is not PC and 32 hex digits"),
        (OF_ONE_KILO, ": there are two parcels of 1kg already"),
    ]
    assert [refused(fake, "parcels", OF_ONE_KILO, OF_ONE_KILO, row) for row, _ in expected] == [
        complaint for _, complaint in expected
    ]


def test_the_rules_of_a_service_hold_for_loaded_rows(fake: FakeNotify) -> None:
    bindings = [{"identity": "alice", "binding_type": "sms", "address": str(at)} for at in range(21)]
    user, segment = {"identity": "alice"}, {"unique_name": "vip"}

    assert refused(fake, "bindings", *bindings) == ": identity 'alice' has 20 Bindings in this Service already"
    assert refused(fake, "bindings", bindings[0], bindings[0]) == ": address '0' has a Binding in this Service already"
    other = {**bindings[0], "binding_type": "fcm"}
    assert refused(fake, "bindings", bindings[0], other).endswith(
        "already; with the switch address_scope=service_and_type it may have one for each type"
    )
    assert refused(fake, "users", user, user) == ": identity 'alice' has a User in this Service already"
    assert refused(fake, "segments", segment, segment) == ": segment 'vip' is in this Service already"

    fake.world.import_state(
        {
            "services": [
                {
                    "bindings": [bindings[0] | {"tags": ["vip", "vip"]}, bindings[1] | {"identity": "bob"}],
                    "users": [user | {"segments": ["vip"]}],
                }
            ]
        }
    )
    assert [each.tags for each in fake.bindings] == [["vip"], []]
    assert [each.unique_name for each in fake.segments] == ["vip"]
    assert sorted(each.identity for each in fake.users) == ["alice", "bob"]


def test_a_registered_table_is_read_by_the_control_api_and_known_in_other_accounts(fake: FakeNotify) -> None:
    path = f"/Services/{fake.create_service().sid}/Parcels"
    sids = [ask(fake, "POST", path, Weight=each)["sid"] for each in ("1kg", "2kg", "1kg")]
    known = fake.world.accounts.default.knows
    assert (known(sids[0]), known("PC" + "0" * 32)) == (True, False)

    def read(target: str) -> Any:
        return json.loads(call(fake.wsgi_app, "GET", f"http://localhost/_fake/{target}", {}, b"").body)

    newest = read("parcels?limit=2&order=newest&count=true")
    assert ([each["sid"] for each in newest["parcels"]], newest["total"]) == ([sids[2], sids[1]], 3)
    assert [each["sid"] for each in read("parcels?q=2KG")["parcels"]] == [sids[1]]
    assert read(f"parcels?sid={sids[0]}")["parcels"][0]["weight"] == "1kg"
    assert read("notes") == {"notes": [], "dropped": 0}
    assert {"/_fake/parcels", "/_fake/notes"} <= set(read("openapi.json")["paths"])


def test_an_unregistered_resource_leaves_nothing_behind(fake: FakeNotify) -> None:
    resources.unregister(RESOURCE)
    try:
        assert ask(fake, "GET", "/Services/IS1/Parcels")["message"] == not_found("/Services/IS1/Parcels")[2]
        assert not {"parcels", "notes"} & {*TABLES}
    finally:
        resources.register(RESOURCE)


def test_a_table_is_registered_once() -> None:
    with pytest.raises(ValueError, match="there is a table 'parcels' already"):
        resources.register(RESOURCE)


def test_a_table_that_is_not_registered_is_no_attribute(fake: FakeNotify) -> None:
    service = fake.create_service()
    for tables in (fake.world.account(), fake.world.account().scopes[service.sid]):
        with pytest.raises(AttributeError, match="no attribute 'boxes'"):
            tables.boxes  # noqa: B018
