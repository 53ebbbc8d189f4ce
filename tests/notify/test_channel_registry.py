"""A channel is one module and one line: what is registered here works everywhere, and nothing else needs to know."""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fakenotify import FakeNotify, TwilioError, strategies
from fakenotify.notify import channels
from fakenotify.notify.channels.channel import BadAddress, Channel, Failure, Rendered, Shown
from fakenotify.notify.records import Service

PIGEON = Channel(
    binding_type="pigeon",
    label="Carrier pigeon",
    example="loft-7",
    addresses="loft-[1-9][0-9]?",
    malformed="cage-[1-9]",
    message_sid="CP",
    check_address=lambda address, binding_sid: (
        None if address.startswith("loft-") else BadAddress("Address must be a loft", Failure(52001, "Not a loft"))
    ),
    render=lambda outgoing: Rendered({"note": outgoing.notification.body}, {"ring": "blue"}),
    put_address=lambda payload, address: {"loft": address, **payload},
    shows=lambda payload: Shown(None, payload["note"]),
)


few = settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(autouse=True)
def pigeons() -> Iterator[None]:
    channels.register(PIGEON)
    yield
    channels.unregister("pigeon")


def test_a_registered_channel_carries_queries_and_direct_sends(fake_notify: FakeNotify, service: Service) -> None:
    client = fake_notify.client()
    notify = client.notify.v1.services(service.sid)
    binding = notify.bindings.create(identity="alice", binding_type="pigeon", address="loft-7")

    notify.notifications.create(identity=["alice"], body="Hi")
    notify.notifications.create(tag=["pigeon"], body="All pigeons")
    notify.notifications.create(
        to_binding=[json.dumps({"binding_type": "pigeon", "address": each}) for each in ("loft-8", "cage-1")], body="Yo"
    )

    assert binding.notification_protocol_version == "default"
    assert [
        (each.address, each.status, each.payload, each.headers, (each.sid or "")[:2], each.error_message)
        for each in fake_notify.deliveries
    ] == [
        ("loft-7", "SENT", {"loft": "loft-7", "note": "Hi"}, {"ring": "blue"}, "CP", None),
        ("loft-7", "SENT", {"loft": "loft-7", "note": "All pigeons"}, {"ring": "blue"}, "CP", None),
        ("loft-8", "SENT", {"loft": "loft-8", "note": "Yo"}, {"ring": "blue"}, "CP", None),
        ("cage-1", "FAILED", {"loft": "cage-1", "note": "Yo"}, {"ring": "blue"}, "", "Not a loft"),
    ]
    assert fake_notify.assert_delivered(binding_type="pigeon", body="Hi").address == "loft-7"

    fake_notify.fail_delivery(52309, binding_type="pigeon")
    notify.notifications.create(identity=["alice"], body="Hi")
    assert fake_notify.deliveries.last.error_code == 52309


def test_a_registered_channel_is_saved_loaded_and_read(
    fake_notify: FakeNotify, service: Service, tmp_path: Path
) -> None:
    fake_notify.create_binding(service.sid, identity="alice", binding_type="pigeon", address="loft-7")  # type: ignore[arg-type]  # no type of Twilio's
    fake_notify.create_notification(service.sid, identities=["alice"], body="Hi")
    before = fake_notify.snapshot()

    fake_notify.save(tmp_path / "world.json")
    fake_notify.load(tmp_path / "world.json")
    with urllib.request.urlopen(f"{fake_notify.url}/_fake/deliveries") as answer:
        [row] = json.load(answer)["deliveries"]

    assert not fake_notify.diff(before)
    assert (row["binding_type"], row["payload"]) == ("pigeon", {"loft": "loft-7", "note": "Hi"})


@few
@given(st.data())
def test_strategies_draw_addresses_of_a_registered_channel(data: st.DataObject) -> None:
    assert re.fullmatch(PIGEON.addresses, data.draw(strategies.addresses("pigeon")))
    assert data.draw(strategies.malformed_addresses("pigeon")).startswith("cage-")
    assert data.draw(strategies.binding_types()) in channels.CHANNELS


def test_a_binding_type_is_registered_once_and_unknown_afterwards(fake_notify: FakeNotify, service: Service) -> None:
    with pytest.raises(ValueError, match="there is a channel 'pigeon' already"):
        channels.register(PIGEON)
    channels.unregister("pigeon")
    try:
        with pytest.raises(TwilioError, match="Parameter 'BindingType' is invalid"):
            fake_notify.create_binding(service.sid, identity="a", binding_type="pigeon", address="loft-7")  # type: ignore[arg-type]  # no type of Twilio's
    finally:
        channels.register(PIGEON)
