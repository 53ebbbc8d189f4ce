"""Tables that grow by themselves are bounded in bytes, summed over all accounts of a fake."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any

from fakenotify import Behaviour, FakeNotify
from fakenotify.notify.records import Service

MIB = 2**20
DIRECT = [{"binding_type": "sms", "address": f"+1500555{number:04}"} for number in range(1_000)]


def held(fake: FakeNotify) -> int:
    return sum(table.bytes for account in fake.world.accounts for table in account.bounded())


def send(fake: Any, service: Service, times: int = 1, *, length: int = 50_000, targets: int = 1) -> None:
    for _ in range(times):
        fake.create_notification(service.sid, to_binding=DIRECT[:targets], body="x" * length)


@contextmanager
def held_by_another_thread(lock: Any) -> Iterator[None]:
    taken, done = Event(), Event()

    def hold() -> None:
        with lock:
            taken.set()
            done.wait()

    thread = Thread(target=hold)
    thread.start()
    taken.wait()
    try:
        yield
    finally:
        done.set()
        thread.join()


def test_the_oldest_deliveries_and_notifications_go_when_the_bytes_are_used_up() -> None:
    fake = FakeNotify(keep_bytes=4 * MIB)

    send(fake, fake.create_service(), 200)

    assert held(fake) <= 3 * MIB * 1.01
    assert 20 < len(fake.deliveries) == 200 - fake.world.accounts.default.deliveries.dropped
    assert len(fake.notifications) > 20
    assert fake.deliveries.last.notification_sid == fake.notifications.last.sid


def test_a_payload_that_many_deliveries_share_is_one_object_and_counts_once() -> None:
    fake = FakeNotify(keep_bytes=8 * MIB)

    send(fake, fake.create_service(), length=MIB // 2, targets=1_000)

    assert len(fake.deliveries) == 1_000
    assert len({id(each.payload["Body"]) for each in fake.deliveries}) == 1
    assert held(fake) < 4 * MIB


def test_an_account_makes_room_for_another_which_does_not_wait_for_a_busy_one() -> None:
    fake = FakeNotify(keep_bytes=4 * MIB)
    other = fake.account("AC" + "1" * 32)
    mine, others = fake.create_service(), other.create_service()
    send(fake, mine, 100)

    send(other, others, 15)
    assert (len(other.deliveries), len(other.notifications)) == (15, 15)
    assert held(fake) <= 3 * MIB * 1.01

    with held_by_another_thread(fake.world.accounts[other.account_sid].lock):
        send(fake, mine, 100)
    assert len(other.deliveries) == 15
    assert held(fake) <= 3 * MIB * 1.01


def test_what_is_loaded_and_restored_is_bounded_too() -> None:
    fake = FakeNotify()
    send(fake, fake.create_service(), 50)
    small = FakeNotify(keep_bytes=2 * MIB)

    small.world.import_state(fake.world.export())
    assert held(small) <= 1.5 * MIB

    small.restore(fake.snapshot())
    send(small, small.services[0], 20)
    assert held(small) <= 1.5 * MIB * 1.01
    assert len(fake.deliveries) == 50


def test_callbacks_count_with_their_bodies_and_are_not_posted_once_they_are_dropped() -> None:
    fake = FakeNotify(Behaviour(callback_delivery="manual"), keep_bytes=MIB)
    plain, called = (
        fake.create_service(delivery_callback_url="http://127.0.0.1:9/", delivery_callback_enabled=enabled)
        for enabled in (False, True)
    )
    sizes = []
    for service in (plain, called):
        before = held(fake)
        send(fake, service, length=1, targets=100)
        sizes.append(held(fake) - before)
    send(fake, called, 20, length=1, targets=100)

    assert sizes[1] - sizes[0] > len(fake.callbacks.last.body) > 100 * 150
    assert held(fake) <= MIB * 0.75 * 1.01
    assert len(fake.callbacks) < 21
    assert fake.deliver_callback().sid == fake.callbacks[0].sid  # callbacks whose records are gone are skipped
