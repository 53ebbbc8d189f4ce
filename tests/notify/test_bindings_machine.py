"""Bindings under any requests and any switches, beside a small model that knows only the rules."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta, timezone
from typing import Any
from urllib.parse import quote

import pytest
from answers import IDENTITY_LIMIT
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from fakenotify.core.sids import is_sid
from fakenotify.notify.accounts import ACCOUNT_SID, AUTH_TOKEN
from fakenotify.notify.behaviour import Behaviour
from fakenotify.notify.dispatch import Answer, Call
from fakenotify.world import snapshot
from fakenotify.world.world import World

ORIGIN = "https://notify.twilio.com"
NOW = datetime(2027, 10, 31, 12, tzinfo=timezone.utc)
LIMIT = 20
IDENTITIES = ("alice", "bob", "+15005550006", "é/b c")
TYPES = ("apn", "gcm", "sms", "fcm", "facebook-messenger", "alexa")
TAGS = ("vip", "new user", "all", "sms", "apn")
VERSIONS = {"apn": "4", "gcm": "3", "fcm": "3", "alexa": "3", "sms": "default", "facebook-messenger": "default"}

identities = st.sampled_from((*IDENTITIES[:1] * 4, *IDENTITIES))
binding_types = st.sampled_from(TYPES)
addresses = st.integers(0, 5).map("address {}".format)
tag_lists = st.lists(st.sampled_from((*TAGS, "")), max_size=4)
days = st.none() | st.integers(-2, 12).map(lambda number: NOW.date() + timedelta(days=number))


@dataclass(frozen=True)
class Row:
    """A Binding as the model knows it. Rows stand in the order of their creation, oldest first."""

    sid: str
    identity: str
    binding_type: str
    address: str
    tags: list[str]
    notification_protocol_version: str
    credential_sid: str | None
    endpoint: str | None
    date_created: datetime
    date_updated: datetime

    def has(self, tag: str) -> bool:
        return tag in self.tags or tag in ("all", self.binding_type)


def refusal(answer: Answer) -> tuple[int, int, str]:
    """Status, code and message of an error."""
    assert answer.body is not None
    return answer.body["status"], answer.body["code"], answer.body["message"]


class Bindings(RuleBasedStateMachine):
    """One Service of an account, asked as a client asks it, but without a socket."""

    @initialize(
        identity_limit=st.sampled_from(["reject", "evict_oldest"]),
        keeps_sid=st.booleans(),
        address_scope=st.sampled_from(["service", "service_and_type"]),
        crowd=st.sampled_from([20, 19, 0]),
    )
    def begin(self, identity_limit: Any, keeps_sid: bool, address_scope: Any, crowd: int) -> None:
        self.behaviour = Behaviour(
            identity_limit=identity_limit, replacement_keeps_sid=keeps_sid, address_scope=address_scope
        )
        self.world = World(self.behaviour)
        self.world.clock.freeze(NOW)
        self.now = NOW
        self.rows: list[Row] = []
        self.gone: set[str] = set()
        answer = self.ask("POST", "/v1/Services")
        assert answer.body is not None
        self.service_sid = answer.body["sid"]
        self.path = f"/v1/Services/{self.service_sid}/Bindings"
        for number in range(crowd):
            self.create("alice", "sms", f"crowd {number}", [], None, None, None)

    # asking

    def ask(
        self,
        method: str,
        path: str,
        form: dict[str, list[str]] | None = None,
        query: dict[str, list[str]] | None = None,
    ) -> Answer:
        """Ask, and see that an error answer left the world as it was."""
        before = snapshot.take(self.world.accounts)
        call = Call(method, path, query or {}, form or {}, (ACCOUNT_SID, AUTH_TOKEN), ORIGIN)
        answer = self.world.handle(call)
        if answer.error is not None:
            assert snapshot.take(self.world.accounts) == before
        return answer

    def shown(self, row: Row) -> dict[str, Any]:
        """A row as it looks on the wire."""
        service = f"{ORIGIN}/v1/Services/{self.service_sid}"
        return {
            "account_sid": ACCOUNT_SID,
            "address": row.address,
            "binding_type": row.binding_type,
            "credential_sid": row.credential_sid,
            "date_created": row.date_created.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "date_updated": row.date_updated.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "endpoint": row.endpoint,
            "identity": row.identity,
            "notification_protocol_version": row.notification_protocol_version,
            "service_sid": self.service_sid,
            "sid": row.sid,
            "tags": row.tags,
            "links": {"user": f"{service}/Users/{quote(row.identity, safe='')}"},
            "url": f"{service}/Bindings/{row.sid}",
        }

    # writing

    @rule(
        identity=identities,
        binding_type=binding_types,
        address=addresses,
        tags=tag_lists,
        version=st.sampled_from([None, "3", "default", ""]),
        credential_sid=st.sampled_from([None, "CR" + "a" * 32]),
        endpoint=st.sampled_from([None, "endpoint_id"]),
    )
    def create(
        self,
        identity: str,
        binding_type: str,
        address: str,
        tags: list[str],
        version: str | None,
        credential_sid: str | None,
        endpoint: str | None,
    ) -> None:
        sent = {
            "Identity": identity,
            "BindingType": binding_type,
            "Address": address,
            "NotificationProtocolVersion": version,
            "CredentialSid": credential_sid,
            "Endpoint": endpoint,
        }
        form = {name: [value] for name, value in sent.items() if value is not None}
        answer = self.ask("POST", self.path, form | {"Tag": tags})

        replaced = next((row for row in self.rows if self.is_same_address(row, address, binding_type)), None)
        owned = [row for row in self.rows if row.identity == identity and row is not replaced]
        if len(owned) == LIMIT and self.behaviour.identity_limit == "reject":
            assert refusal(answer) == IDENTITY_LIMIT
            return
        assert answer.body is not None
        kept = replaced if self.behaviour.replacement_keeps_sid else None
        row = Row(
            sid=kept.sid if kept else answer.body["sid"],
            identity=identity,
            binding_type=binding_type,
            address=address,
            tags=[tag for tag in dict.fromkeys(tags) if tag],
            notification_protocol_version=version or VERSIONS[binding_type],
            credential_sid=credential_sid,
            endpoint=endpoint,
            date_created=kept.date_created if kept else self.now,
            date_updated=self.now,
        )
        assert (answer.status, answer.body) == (201, self.shown(row))
        self.write(row, replaced, kept, owned[: len(owned) - LIMIT + 1] if len(owned) >= LIMIT else [])

    def is_same_address(self, row: Row, address: str, binding_type: str) -> bool:
        by_type = self.behaviour.address_scope == "service_and_type"
        return row.address == address and (not by_type or row.binding_type == binding_type)

    def write(self, row: Row, replaced: Row | None, kept: Row | None, evicted: list[Row]) -> None:
        if kept:
            self.rows[self.rows.index(kept)] = row
        else:
            known = {each.sid for each in self.rows} | self.gone
            assert is_sid(row.sid, "BS")
            assert row.sid not in known
            self.rows.append(row)
        for each in evicted if kept or not replaced else [replaced, *evicted]:
            self.rows.remove(each)
            self.gone.add(each.sid)

    @rule(identity=identities, number=st.sampled_from([3, LIMIT - 1, LIMIT]))
    def crowd(self, identity: str, number: int) -> None:
        """Give an identity up to ``number`` Bindings, at addresses of its own."""
        owned = sum(row.identity == identity for row in self.rows)
        taken = {row.address for row in self.rows}
        free = (f"{identity} {at}" for at in range(100) if f"{identity} {at}" not in taken)
        for _ in range(number - owned):
            self.create(identity, "fcm", next(free), ["vip"], None, None, None)

    @precondition(lambda self: self.rows)
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        row = data.draw(st.sampled_from(self.rows), "row")

        answer = self.ask("DELETE", f"{self.path}/{row.sid}")

        assert (answer.status, answer.body) == (204, None)
        self.rows.remove(row)
        self.gone.add(row.sid)

    @rule(hours=st.sampled_from([0.25, 5, 24, 49]))
    def pass_time(self, hours: float) -> None:
        self.world.clock.shift(hours=hours)
        self.now += timedelta(hours=hours)

    # reading

    @precondition(lambda self: self.rows)
    @rule(data=st.data())
    def fetch(self, data: st.DataObject) -> None:
        row = data.draw(st.sampled_from(self.rows), "row")

        answer = self.ask("GET", f"{self.path}/{row.sid}")

        assert (answer.status, answer.body) == (200, self.shown(row))

    @rule(
        tags=st.lists(st.sampled_from((*TAGS, "fcm", "no such tag", "")), max_size=3),
        owners=st.lists(st.sampled_from((*IDENTITIES, "nobody", "")), max_size=3),
        first=days,
        last=days,
    )
    def find(self, tags: list[str], owners: list[str], first: date | None, last: date | None) -> None:
        """What is found is what a scan of the model finds."""
        query = {"Tag": tags, "Identity": owners, "PageSize": ["1000"]}
        for name, day in (("StartDate", first), ("EndDate", last)):
            if day is not None:
                query[name] = [day.isoformat()]

        answer = self.ask("GET", self.path, query={name: values for name, values in query.items() if values})

        assert answer.body is not None
        assert answer.body["bindings"] == [
            self.shown(row)
            for row in self.rows
            if all(row.has(tag) for tag in tags if tag)
            and (not any(owners) or row.identity in owners)
            and (first is None or row.date_created.date() >= first)
            and (last is None or row.date_created.date() <= last)
        ]

    # what holds after every step

    @invariant()
    def the_table_holds_what_the_model_holds_and_its_indexes_agree(self) -> None:
        table = self.world.accounts.default.scopes[self.service_sid].bindings
        table.check()
        stored = [Row(**{field.name: getattr(each, field.name) for field in fields(Row)}) for each in table]
        assert stored == self.rows

    @invariant()
    def no_identity_has_more_than_twenty_and_no_address_stands_twice(self) -> None:
        by_type = self.behaviour.address_scope == "service_and_type"
        places = [(each.address, each.binding_type if by_type else None) for each in self.rows]
        assert all(sum(row.identity == each for row in self.rows) <= LIMIT for each in IDENTITIES)
        assert len(set(places)) == len(places)


TestBindings = pytest.mark.slow(Bindings.TestCase)
TestBindings.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
