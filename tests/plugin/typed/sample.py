"""A project's tests as an editor sees them: a line that ends in ``# wrong`` is an error, and no other is."""

import asyncio
import re
from datetime import datetime
from unittest import mock

import pytest
from twilio.rest import Client  # type: ignore[import-untyped]

import fakenotify
from fakenotify import (
    Alert,
    Binding,
    Callback,
    Credential,
    Delivery,
    FakeNotify,
    Fault,
    Notification,
    NotifyWarning,
    Records,
    Segment,
    Service,
    User,
)


@pytest.fixture
def service(fake_notify: FakeNotify) -> Service:
    credential: Credential = fake_notify.create_credential("fcm", secret="x")
    fake_notify.create_credential("fmc")  # wrong
    fake_notify.create_service("shop", fcm_credential_sid=credential, log_enabled=True)
    fake_notify.create_service(name="shop")  # wrong
    return fake_notify.create_service(friendly_name="shop", fcm_credential_sid=credential.sid)


def test_arranges(fake_notify: FakeNotify, service: Service) -> None:
    sms = "+15005550006"
    binding: Binding = fake_notify.create_binding(service, identity="a", binding_type="sms", address=sms, tags=["vip"])
    fake_notify.create_binding(service.sid, identity="alice", binding_type="smss", address=sms)  # wrong
    fake_notify.create_binding(service.sid, identty="alice", binding_type="sms", address=sms)  # wrong
    fake_notify.create_binding(service.sid, identity="alice", binding_type="sms")  # wrong
    user: User = fake_notify.create_user(service, identity="alice", segments=["gold"])
    sent: Notification = fake_notify.create_notification(
        service, identities=["alice"], to_binding=[{"binding_type": "sms", "address": sms}], body="Hi", ttl=5
    )
    fake_notify.create_notification(service, identity="alice", body="Hi")  # wrong
    fake_notify.create_notification(service, identities="alice", priority="urgent")  # wrong
    assert [binding.tags, user.segments, sent.ttl, fake_notify.explain(sent)]


def test_looks(fake_notify: FakeNotify) -> None:
    deliveries: Records[Delivery] = fake_notify.deliveries.where(identity="alice")
    segments: list[Segment] = fake_notify.segments
    callbacks: list[Callback] = fake_notify.callbacks
    alert: Alert = fake_notify.alerts.last
    made: datetime = deliveries.last.date_created
    assert [alert.code, made, deliveries.last.payload["Body"], fake_notify.requests.last.status, callbacks, segments]
    assert deliveries.last.adress  # wrong
    assert fake_notify.requests.last.stauts  # wrong
    assert fake_notify.calls  # wrong
    assert fake_notify.client.notify  # wrong
    assert fakenotify.Fake  # wrong


def test_asserts(fake_notify: FakeNotify, service: Service) -> None:
    delivery: Delivery = fake_notify.assert_delivered(identity="alice", body=re.compile("parcel"), times=1)
    fake_notify.assert_delivered(binding_type="sms", identity=mock.ANY, payload={"Body": "Hi"}, service_sid=service)
    fake_notify.assert_delivered(idenity="alice")  # wrong
    fake_notify.assert_delivered(binding_type="smss")  # wrong
    fake_notify.assert_delivered(status="DELIVERED")  # wrong
    fake_notify.assert_not_delivered(identity="bob", error_code=52001)
    fake_notify.assert_not_delivered(times=0)  # wrong
    several: int = fake_notify.wait_for(lambda: len(fake_notify.callbacks), timeout=1)
    assert [delivery.identity, several]
    assert delivery.title  # wrong


def test_fails(fake_notify: FakeNotify) -> None:
    fake_notify.fail("bindings.*", status=503, retry_after=1, times=2, when=lambda call: call.method == "POST")
    fake_notify.fail("bindings.*", Fault.reset_connection(), phase="after", optional=True)
    fake_notify.fail("bindings.*", Fault.stall(), phase="later")  # wrong
    fake_notify.fail("bindings.*", code=20429)  # wrong
    fake_notify.fail_delivery(52141, address="x", binding_type="apn")
    fake_notify.fail_delivery(52141, channel="apn")  # wrong
    with fake_notify.clock.freeze():
        fake_notify.clock.shift(hours=1)


def test_intercepts(intercept_notify: FakeNotify, fake_notify_client: Client) -> None:
    with intercept_notify.intercept(strict=True) as given:
        assert given.create_service().sid
        assert given.create_services()  # wrong

    @intercept_notify.intercept()
    def send(number: int) -> str:
        return str(number)

    @intercept_notify.intercept()
    async def send_later(number: int) -> str:
        return str(number)

    first: str = send(1)
    second: str = asyncio.run(send_later(2))
    send("one")  # wrong
    with pytest.warns(NotifyWarning):
        assert [first, second, fake_notify_client]
