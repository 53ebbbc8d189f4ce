"""Snapshots: what they hold, how two of them differ, and restoring one."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fakenotify import Behaviour, FakeNotify, Service

NOW = "2027-10-31T12:00:00Z"
SIDS = tuple("IS" + letter * 32 for letter in "abc")
OTHER_SID = "AC" + "b" * 32


def new_fake(seed: int = 0) -> FakeNotify:
    fake = FakeNotify(Behaviour(callback_delivery="manual"), seed=seed)
    fake.clock.freeze(NOW)
    return fake


@pytest.fixture
def fake() -> FakeNotify:
    """A fake at ``NOW`` that opens no socket."""
    return new_fake()


def arrange(fake: FakeNotify) -> None:
    """One of everything."""
    service = fake.create_service(
        "one",
        sid=SIDS[0],
        messaging_service_sid="MG" + "a" * 32,
        delivery_callback_url="http://127.0.0.1:9/",
        delivery_callback_enabled=True,
    )
    fake.create_credential("fcm")
    fake.create_binding(service.sid, identity="alice", binding_type="sms", address="+15005550006", tags=["vip"])
    fake.create_user(service.sid, identity="bob", segments=["new"])
    fake.create_notification(service.sid, identities=["alice", "nobody"], body="Hi")
    fake.create_notification(service.sid, to_binding=[{"binding_type": "apn", "address": "x"}], body="Hi")


# equality


def test_equal_worlds_give_equal_snapshots(fake: FakeNotify) -> None:
    arrange(fake)
    second = new_fake()
    arrange(second)
    assert second.snapshot() == fake.snapshot() != "a snapshot"
    difference = second.diff(fake.snapshot())
    assert (bool(difference), str(difference)) == (False, "no difference")
    assert (difference.added, difference.removed, difference.changed) == ((), (), ())


def test_a_snapshot_has_nothing_of_journal_clock_and_behaviour_and_restore_leaves_them(fake: FakeNotify) -> None:
    arrange(fake)
    before = fake.snapshot()
    client = fake.client(in_process=True).notify.v1
    client.services.list()
    fake.clock.freeze("2028-01-01T00:00:00Z")
    fake.behaviour = evicting = fake.behaviour.changed({"identity_limit": "evict_oldest", "unknown_accounts": "own"})
    assert fake.snapshot() == before
    client.services.create()
    assert fake.snapshot() != before
    fake.restore(before)
    assert (fake.snapshot() == before, len(fake.requests), fake.behaviour) == (True, 2, evicting)
    assert fake.clock.now() == datetime(2028, 1, 1, tzinfo=timezone.utc)


def test_another_account_makes_a_difference_by_its_records(fake: FakeNotify) -> None:
    before = fake.snapshot()
    other = fake.account(OTHER_SID)
    assert fake.snapshot() == before
    other.create_service()
    assert fake.snapshot() != before
    fake.restore(before)
    assert (fake.snapshot() == before, other.services) == (True, [])


def test_a_snapshot_says_how_much_it_holds_and_stays_as_it_was(fake: FakeNotify) -> None:
    assert repr(fake.snapshot()) == "<Snapshot of an empty world>"
    arrange(fake)
    before = fake.snapshot()
    fake.create_binding(SIDS[0], identity="carol", binding_type="sms", address="+15005550007")
    assert repr(before) == (
        "<Snapshot 1 services, 1 credentials, 2 deliveries, 1 alerts, 2 callbacks, 1 bindings, "
        "2 notifications, 2 users, 1 segments>"
    )
    assert fake.snapshot() != before
    with pytest.raises(TypeError, match="unhashable"):
        hash(before)


# differences


def test_a_difference_says_what_was_added_removed_and_changed(fake: FakeNotify) -> None:
    kept = fake.create_service("kept", sid=SIDS[0])
    gone = fake.create_service("gone", sid=SIDS[1])
    before = fake.snapshot()
    client = fake.client(in_process=True).notify.v1
    client.services(gone.sid).delete()
    fake.clock.tick()
    client.services(kept.sid).update(friendly_name="changed", log_enabled=False)
    binding = fake.create_binding(kept.sid, identity="alice", binding_type="sms", address="+1", tags=["a", "b"])
    difference = fake.diff(before)
    changed = fake.services[0]
    assert (difference.removed, difference.changed) == ((gone,), ((kept, changed),))
    assert difference.added == (binding, fake.users[0])
    versions = ", ".join(
        f"default_{each}_notification_protocol_version={version!r}"
        for each, version in [("apn", "4"), ("gcm", "3"), ("fcm", "3"), ("alexa", "3")]
    )
    noon, later = "datetime.datetime(2027, 10, 31, 12, 0", "datetime.datetime(2027, 10, 31, 12, 0, 1"
    assert str(difference) == "\n".join(
        [
            f"+ Binding {binding.sid}: service_sid='{kept.sid}', identity='alice', binding_type='sms', address='+1', "
            "tags=['a', 'b'], notification_protocol_version='default'",
            f"+ User {fake.users[0].sid}: service_sid='{kept.sid}', identity='alice'",
            f"- Service {gone.sid}: friendly_name='gone', {versions}, log_enabled=True, "
            "delivery_callback_enabled=False",
            f"~ Service {kept.sid}",
            "    friendly_name: 'kept' -> 'changed'",
            f"    date_updated: {noon}, tzinfo=datetime.timezone.utc) -> {later}, tzinfo=datetime.timezone.utc)",
            "    log_enabled: True -> False",
        ]
    )


def test_deliveries_and_alerts_are_compared_by_their_place_and_a_change_alone_is_a_difference(fake: FakeNotify) -> None:
    arrange(fake)
    before = fake.snapshot()
    fake.create_notification(SIDS[0], to_binding=[{"binding_type": "apn", "address": "y"}], body="Hi")
    sent, middle = fake.diff(before), fake.snapshot()
    fake.client(in_process=True).notify.v1.services(SIDS[0]).update(friendly_name="changed")
    renamed = fake.diff(middle)
    assert [line.split()[:2] for line in str(sent).splitlines()] == [
        ["+", name] for name in ("Delivery:", "Alert:", "Callback", "Notification")
    ]
    assert (sent.removed, sent.changed) == ((), ())
    assert (renamed.added, renamed.removed, bool(renamed)) == ((), (), True)


# restore


def test_restore_brings_back_all_that_was(fake: FakeNotify) -> None:
    arrange(fake)
    before, listed = fake.snapshot(), [fake.services, fake.bindings, fake.deliveries, fake.alerts, fake.callbacks]
    for _ in range(2):
        assert [fake.deliver_callback() is None for _ in range(3)] == [False, False, True]
        fake.reset()
        fake.create_service("new")
        fake.restore(before)
        assert (str(fake.diff(before)), fake.snapshot() == before) == ("no difference", True)
        assert [fake.services, fake.bindings, fake.deliveries, fake.alerts, fake.callbacks] == listed


def test_restore_brings_back_an_account_that_a_reset_removed(fake: FakeNotify, wire_as: Any) -> None:
    fake.behaviour = Behaviour(unknown_accounts="own")
    with fake:
        assert wire_as(fake, OTHER_SID, "x").post("/v1/Services", {"FriendlyName": "theirs"}).status == 201
    before = fake.snapshot()
    fake.reset()
    assert OTHER_SID not in fake.world.accounts
    fake.restore(before)
    assert [each.friendly_name for each in fake.account(OTHER_SID).services] == ["theirs"]


# reset


def test_reset_restores_what_begin_here_marked_and_the_same_calls_give_the_same_sids(fake: FakeNotify) -> None:
    arrange(fake)
    fake.world.begin_here()
    beginning, reached = fake.snapshot(), []
    for _ in range(2):
        fake.create_service("two", sid=SIDS[1])
        fake.create_credential("apn")
        fake.create_binding(SIDS[0], identity="carol", binding_type="sms", address="+15005550007")
        fake.create_notification(SIDS[0], tags=["all"], body="Hi")
        fake.account(OTHER_SID).create_service("elsewhere")
        fake.client(in_process=True).notify.v1.services.list()
        reached.append(fake.snapshot())
        fake.reset()
        assert (fake.snapshot() == beginning, fake.requests) == (True, [])
    assert reached[0] == reached[1]
    assert len(reached[0].by_key()) == len(beginning.by_key()) + 9


def test_what_is_no_snapshot_is_refused(fake: FakeNotify) -> None:
    wrong: Any = None
    for verb in (fake.restore, fake.diff):
        with pytest.raises(TypeError, match=r"^this takes what snapshot\(\) returned, not None$"):
            verb(wrong)


STEPS = ["service", "binding", "credential", "delete", "snapshot", "restore", "reset", "renew", "other"]


@settings(max_examples=40)
@given(steps=st.lists(st.sampled_from(STEPS), max_size=25))
@example(steps=["service", "credential", "binding", "snapshot", "reset", "restore", "service", "credential", "binding"])
@example(steps=["service", "credential", "binding", "snapshot", "renew", "restore", "service", "credential", "binding"])
@example(steps=["service", "credential", "binding", "snapshot", "other", "restore", "service", "credential", "binding"])
def test_snapshots_restores_and_resets_in_any_order_keep_worlds_apart(steps: list[str]) -> None:
    fake = new_fake()
    kept: list[tuple[Any, list[str]]] = [(fake.snapshot(), [])]
    expected: list[str] = []
    for number, step in enumerate(steps):
        if step == "service":
            expected.append(fake.create_service(str(number)).sid)
        elif step == "credential":
            expected.append(fake.create_credential("fcm").sid)
        elif step == "binding" and fake.services:
            arguments = {"identity": str(number), "binding_type": "sms", "address": str(number)}
            expected.append(fake.create_binding(fake.services.last.sid, **arguments).sid)
        elif step == "delete" and fake.services:
            service = fake.services.last
            below = [each.sid for each in fake.bindings.where(service_sid=service.sid)]
            expected = [sid for sid in expected if sid not in (service.sid, *below)]
            assert fake.client(in_process=True).notify.v1.services(service.sid).delete()
        elif step == "snapshot":
            kept.append((fake.snapshot(), list(expected)))
        elif step == "restore":
            before, expected = kept[-1][0], list(kept[-1][1])
            fake.restore(before)
        elif step in ("reset", "renew", "other"):
            expected = []
            if step == "other":
                fake = new_fake()
            else:
                fake.reset() if step == "reset" else fake.renew(fake.behaviour)
        records = [*fake.services, *fake.credentials, *fake.bindings]
        assert sorted(record.sid for record in records) == sorted(expected)
    for account in fake.world.accounts:
        account.services.check()
        account.credentials.check()
        for scope in account.scopes.values():
            scope.bindings.check()


def test_a_snapshot_under_concurrent_writes_is_of_one_moment() -> None:
    fake = FakeNotify()
    service = fake.create_service()
    with ThreadPoolExecutor(3) as pool:
        written = pool.map(write_pairs, [fake] * 3, [service] * 3, "abc")
        taken = [fake.snapshot() for _ in range(60)]

    assert len(list(written)) == 3
    counts = []
    for snapshot in (*taken, fake.snapshot()):
        [state] = snapshot.states.values()
        scope = state.scopes[service.sid]
        scope.bindings.check()
        scope.users.check()
        counts.append(len(scope.bindings))
        assert {each.identity for each in scope.users} == {each.identity for each in scope.bindings}
    assert counts == sorted(counts)
    assert counts[-1] == 300


def write_pairs(fake: FakeNotify, service: Service, name: str) -> None:
    for number in range(100):
        owner = f"{name}{number // 10}"
        fake.create_binding(service, identity=owner, binding_type="sms", address=f"{name}{number}")
