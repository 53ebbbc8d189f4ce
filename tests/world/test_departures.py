"""An assertion that misses tells of Bindings that are no longer there, and what to do about an error."""

from __future__ import annotations

import re
from typing import Any
from unittest import mock

import pytest

from fakenotify import FakeNotify
from fakenotify.notify.debugger import CODES
from fakenotify.notify.records import Service
from fakenotify.world import assertions

NOW = "2027-10-30T12:00:00Z"
pytestmark = pytest.mark.fake_notify(frozen=NOW)


@pytest.fixture
def shop(fake_notify: FakeNotify) -> Service:
    return fake_notify.create_service(messaging_service_sid="MG" + "0" * 32)


def miss(fake: FakeNotify, **wanted: Any) -> str:
    with pytest.raises(AssertionError) as raised:
        fake.assert_delivered(**wanted)
    return str(raised.value)


def test_a_binding_whose_token_the_provider_disowned(fake_notify: FakeNotify) -> None:
    fcm = fake_notify.create_credential("fcm")
    service = fake_notify.create_service(fcm_credential_sid=fcm.sid)
    fake_notify.create_binding(service.sid, identity="alice", binding_type="fcm", address="token")
    fake_notify.fail_delivery(52103)
    for _ in range(2):
        fake_notify.create_notification(service.sid, identities=["alice"], body="Hi")

    assert "alice fcm token was removed at 12:00:00: its provider said that the token is no longer registered" in miss(
        fake_notify, identity="alice"
    )


@pytest.mark.fake_notify(frozen=NOW, identity_limit="evict_oldest")
def test_a_binding_that_the_21st_evicted(fake_notify: FakeNotify, shop: Service) -> None:
    for number in range(21):
        fake_notify.create_binding(shop.sid, identity="alice", binding_type="sms", address=f"+150055500{number:02}")
    fake_notify.create_notification(shop.sid, identities=["alice"], body="Hi")

    assert "alice sms +15005550000 was evicted at 12:00:00 by the 21st Binding of its identity" in miss(
        fake_notify, identity="alice", address="+15005550000"
    )


@pytest.mark.fake_notify(frozen=NOW, replacement_keeps_sid=True)
def test_a_binding_that_kept_its_sid_was_replaced_all_the_same(fake_notify: FakeNotify, shop: Service) -> None:
    for identity in ("alice", "bob"):
        fake_notify.create_binding(shop.sid, identity=identity, binding_type="sms", address="+15005550006")
    fake_notify.create_notification(shop.sid, identities=["alice"], body="Hi")

    assert "alice had a Binding for this address; bob's create of 12:00:00 replaced it" in miss(
        fake_notify, identity="alice"
    )


def test_after_a_reset_nothing_is_told_of_what_was_before(fake_notify: FakeNotify, shop: Service) -> None:
    binding = fake_notify.create_binding(shop.sid, identity="alice", binding_type="sms", address="+15005550006")
    fake_notify.client(in_process=True).notify.v1.services(shop.sid).bindings(binding.sid).delete()
    fake_notify.reset()
    service = fake_notify.create_service(sid=shop.sid)
    fake_notify.create_notification(service.sid, identities=["alice"], body="Hi")

    assert "deleted" not in miss(fake_notify, identity="alice")


@pytest.mark.parametrize(
    "wanted",
    [
        {"body": re.compile("parcel")},
        {"address": mock.ANY},
        {"payload": {"Body": "Your parcel is here"}},
        {"payload": {"Body": re.compile("^Your")}},
    ],
)
def test_wanted_values_may_be_patterns_anything_or_a_part_of_the_payload(
    fake_notify: FakeNotify, shop: Service, wanted: dict[str, Any]
) -> None:
    fake_notify.create_binding(shop.sid, identity="alice", binding_type="sms", address="+15005550006")
    fake_notify.create_notification(shop.sid, identities=["alice"], body="Your parcel is here")

    assert fake_notify.assert_delivered(**wanted).identity == "alice"


@pytest.mark.parametrize("payload", [{"Body": "another"}, {"Title": mock.ANY}])
def test_a_payload_that_does_not_contain_it_is_a_miss(
    fake_notify: FakeNotify, shop: Service, payload: dict[str, Any]
) -> None:
    fake_notify.create_binding(shop.sid, identity="alice", binding_type="sms", address="+15005550006")
    fake_notify.create_notification(shop.sid, identities=["alice"], body="Hi")

    assert "payload: expected" in miss(fake_notify, payload=payload)


def test_a_message_can_not_steer_the_terminal(fake_notify: FakeNotify, shop: Service) -> None:
    fake_notify.create_binding(shop.sid, identity="\x1b[2Jalice", binding_type="sms", address="+15005550006")
    fake_notify.create_notification(shop.sid, tags=["all"], body="\x07")

    assert not {"\x1b", "\x07"} & set(miss(fake_notify, body="Hi"))


def test_every_remedy_is_for_a_code_of_notify() -> None:
    assert [code for code in assertions._REMEDIES if code not in CODES] == []
