"""The Bindings and Users of a Service under any requests and switches, beside a small model that knows the rules."""

from __future__ import annotations

import re
from contextlib import nullcontext
from dataclasses import asdict
from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest
from answers import IDENTITY_LIMIT
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from fakenotify import Behaviour, Binding, FakeNotify, TwilioError
from fakenotify.core.sids import is_sid

NOW = datetime(2027, 10, 31, 12, tzinfo=timezone.utc)
LIMIT = 20
EXISTS = "HTTP 409, code 52304: User already exists"
IN_SEGMENT = "HTTP 409, code 52305: User already belongs to the segment"
HAS_BINDINGS = "HTTP 409, code 52306: Cannot delete User resource with Bindings"
IDENTITIES = ("alice", "bob", "+15005550006", "é/b c")
SEGMENTS = ("premium", "north")
TAGS = ("vip", "new user", "all", "sms", "apn")
VERSIONS = {"apn": "4", "gcm": "3", "fcm": "3", "alexa": "3", "sms": "default", "facebook-messenger": "default"}

BEHAVIOURS = st.builds(
    Behaviour,
    identity_limit=st.sampled_from(["reject", "evict_oldest"]),
    replacement_keeps_sid=st.booleans(),
    address_scope=st.sampled_from(["service", "service_and_type"]),
)
identities = st.sampled_from((*IDENTITIES[:1] * 4, *IDENTITIES))
days = st.none() | st.sampled_from([0, 1, 2, 4]).map(lambda number: NOW.date() + timedelta(days=number))


def some(*values: str) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from((*values, "")), max_size=3)


def binding(identity: str, address: str) -> dict[str, Any]:
    return {"identity": identity, "binding_type": "fcm", "address": address, "tags": ["vip"]}


CREATE = st.fixed_dictionaries(
    {
        "identity": identities,
        "binding_type": st.sampled_from(list(VERSIONS)),
        "address": st.integers(0, 5).map("address {}".format),
        "tags": some(*TAGS),
        "notification_protocol_version": st.sampled_from([None, "3", "default", ""]),
        "credential_sid": st.sampled_from([None, "CR" + "a" * 32]),
        "endpoint": st.sampled_from([None, "endpoint_id"]),
    }
)


class OneService(RuleBasedStateMachine):
    """A Service beside what the rules say is in it: Bindings (``rows``), Users and Segments, each oldest first."""

    @initialize(behaviour=BEHAVIOURS, crowd=st.sampled_from([20, 19, 0]))
    def begin(self, behaviour: Behaviour, crowd: int) -> None:
        self.fake = FakeNotify(behaviour)
        self.fake.clock.freeze(NOW)
        self.service = self.fake.create_service()
        self.api = self.fake.client(in_process=True).notify.v1.services(self.service.sid).bindings
        self.rows: list[Binding] = []
        self.gone: set[str] = set()
        self.users: dict[str, list[str]] = {}
        self.segments: dict[str, None] = {}
        for number in range(crowd):
            self.create(binding("alice", f"crowd {number}"))

    @rule(behaviour=BEHAVIOURS)
    def turn_switches(self, behaviour: Behaviour) -> None:
        self.fake.behaviour = behaviour

    @rule(arguments=CREATE)
    def create(self, arguments: dict[str, Any]) -> None:
        identity, binding_type, address = (arguments[name] for name in ("identity", "binding_type", "address"))
        behaviour = self.fake.behaviour
        by_type = behaviour.address_scope == "service_and_type"
        replaced = [
            row for row in self.rows if row.address == address and (not by_type or row.binding_type == binding_type)
        ]
        owned = [row for row in self.rows if row.identity == identity and row not in replaced]
        if len(owned) == LIMIT and behaviour.identity_limit == "reject":
            with pytest.raises(TwilioError, match=IDENTITY_LIMIT[2]):
                self.fake.create_binding(self.service, **arguments)
            return

        made = self.fake.create_binding(self.service, **arguments)

        kept = replaced.pop() if replaced and behaviour.replacement_keeps_sid else None
        now = self.fake.clock.now()
        assert asdict(made) == {"credential_sid": None, "endpoint": None, **arguments} | {
            "sid": kept.sid if kept else made.sid,
            "account_sid": self.fake.account_sid,
            "service_sid": self.service.sid,
            "tags": [tag for tag in dict.fromkeys(arguments["tags"]) if tag],
            "notification_protocol_version": arguments.get("notification_protocol_version") or VERSIONS[binding_type],
            "date_created": kept.date_created if kept else now,
            "date_updated": now,
        }
        if kept:
            self.rows[self.rows.index(kept)] = made
        else:
            assert is_sid(made.sid, "BS")
            assert made.sid not in {each.sid for each in self.rows} | self.gone
            self.rows.append(made)
        self.users.setdefault(identity, [])
        for row in (*replaced, *owned[: max(0, len(owned) - LIMIT + 1)]):
            self.remove(row)

    def remove(self, row: Binding) -> None:
        self.rows.remove(row)
        self.gone.add(row.sid)

    @rule(identity=st.sampled_from(IDENTITIES), number=st.sampled_from([3, LIMIT - 1, LIMIT]))
    def crowd(self, identity: str, number: int) -> None:
        """Give an identity up to ``number`` Bindings, at addresses of its own."""
        free = [
            f"{identity} {at}" for at in range(LIMIT) if f"{identity} {at}" not in {row.address for row in self.rows}
        ]
        for address in free[: max(0, number - sum(row.identity == identity for row in self.rows))]:
            self.create(binding(identity, address))

    @precondition(lambda self: self.rows)
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        row = data.draw(st.sampled_from(self.rows), "row")
        assert self.api(row.sid).fetch().address == row.address
        assert self.api(row.sid).delete() is True
        self.remove(row)

    # Users and Segments

    def ask(self, operation: str, *path: str, refused: str = "", **arguments: Any) -> None:
        """Do an operation below the Service, or expect this refusal."""
        with pytest.raises(TwilioError, match=refused) if refused else nullcontext():
            self.fake.world.create(self.fake.account_sid, operation, (self.service.sid, *path), **arguments)

    @rule(identity=identities, segments=some(*SEGMENTS))
    def create_user(self, identity: str, segments: list[str]) -> None:
        known = identity in self.users
        self.ask("users.create", refused=EXISTS * known, identity=identity, segments=segments)
        if not known:
            self.users[identity] = [name for name in dict.fromkeys(segments) if name]
            self.segments |= dict.fromkeys(self.users[identity])

    @rule(identity=identities, segment=st.sampled_from(SEGMENTS))
    def join_or_leave(self, identity: str, segment: str) -> None:
        """A User leaves a Segment that it is in, after an attempt to join it again, and joins any other."""
        memberships, path = self.users.get(identity), ("segment_memberships.create", identity)
        if memberships is None:
            self.ask(*path, refused=f"/Users/{re.escape(identity)}/SegmentMemberships was not found", segment=segment)
        elif segment in memberships:
            self.ask(*path, refused=IN_SEGMENT, segment=segment)
            self.ask("segment_memberships.delete", identity, segment)
            memberships.remove(segment)
        else:
            self.ask("segment_memberships.delete", identity, segment, refused="was not found")
            self.ask(*path, segment=segment)
            memberships.append(segment)
            self.segments[segment] = None

    @rule(identity=identities)
    def delete_user(self, identity: str) -> None:
        if identity not in self.users:
            self.ask("users.delete", identity, refused="was not found")
        elif any(row.identity == identity for row in self.rows):
            self.ask("users.delete", identity, refused=HAS_BINDINGS)
        else:
            self.ask("users.delete", identity)
            del self.users[identity]

    @rule(hours=st.sampled_from([1, 5, 24, 49]))
    def pass_time(self, hours: float) -> None:
        self.fake.clock.shift(hours=hours)

    @rule(tags=some(*TAGS, "fcm", "no such tag"), owners=some(*IDENTITIES, "nobody"), first=days, last=days)
    def find(self, tags: list[str], owners: list[str], first: date | None, last: date | None) -> None:
        """What is found is what a scan of the model finds."""
        found = self.api.list(tag=tags, identity=owners, start_date=first, end_date=last)

        assert [each.sid for each in found] == [
            row.sid
            for row in self.rows
            if {tag for tag in tags if tag} <= {*row.tags, "all", row.binding_type}
            and (not any(owners) or row.identity in owners)
            and (first is None or row.date_created.date() >= first)
            and (last is None or row.date_created.date() <= last)
        ]

    @invariant()
    def the_tables_hold_what_the_model_holds_and_their_indexes_agree(self) -> None:
        scope = self.fake.world.accounts.default.scopes[self.service.sid]
        for table in (scope.bindings, scope.users, scope.segments):
            table.check()
        assert self.fake.bindings == self.rows
        assert [(each.identity, each.segments) for each in self.fake.users] == [*self.users.items()]
        assert [each.unique_name for each in self.fake.segments] == [*self.segments]


TestOneService = OneService.TestCase
TestOneService.settings = settings(max_examples=50, stateful_step_count=30, deadline=None)
