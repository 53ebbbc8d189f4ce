"""What users of respx, moto and pytest-httpserver try first: it works, or the error names what does."""

from __future__ import annotations

import asyncio
import re
from typing import Any
from unittest import mock

import requests

from fakenotify import Behaviour, FakeNotify, Fault

WORKS = "works"
GUESSES = [
    # looking at what was called
    ("fake.calls", "did you mean requests?"),
    ("fake.log", "did you mean requests?"),
    ("fake.call_count", "did you mean len(fake.requests)?"),
    ("fake.requests.last", WORKS),
    ("fake.last_request", "requests.last"),
    ("fake.sent", "did you mean deliveries?"),
    ("fake.messages", "did you mean deliveries?"),
    ("fake.deliveries.where(service_sid=service)[0].payload", WORKS),
    ("fake.deliverys", "'deliveries'"),
    ("fake.base_url", "did you mean url?"),
    ("fake.url_for('/v1/Services')", "did you mean url?"),
    ("fake.port", "did you mean url?"),
    # arranging
    ("fake.create_binding(service, identity='bob', binding_type='sms', address='+15005550007')", WORKS),
    ("fake.create_binding(service, user='bob', binding_type='sms', address='+15005550007')", "did you mean identity?"),
    ("fake.create_notification(service, identities='alice', body='Hi')", WORKS),
    ("fake.create_notification(service, identity='alice', text='Hi')", "did you mean identities?"),
    ("fake.create_service(fcm_credential_sid=fake.create_credential('fcm'))", WORKS),
    ("fake.create_service(name='shop')", "did you mean friendly_name?"),
    ("fake.send(service, 'Hi')", "did you mean create_notification?"),
    ("fake.explain(fake.notifications.last)", WORKS),
    # asserting
    ("fake.assert_delivered(identity='alice', count=1)", "did you mean times?"),
    ("fake.assert_delivered(to='alice')", "identity (whom) or address (which device)"),
    ("fake.assert_delivered(channel='sms')", "did you mean binding_type?"),
    ("fake.assert_delivered(recipient='alice')", "identity (whom) or address (which device)"),
    ("fake.assert_delivered(text='Hi')", "did you mean body?"),
    ("fake.assert_delivered(body=re.compile('H.'), identity=mock.ANY)", WORKS),
    ("fake.assert_delivered(payload={'Body': 'Hi'}, service_sid=service)", WORKS),
    ("fake.assert_called_once()", "did you mean assert_delivered(times=1)?"),
    ("fake.assert_sent()", "did you mean assert_delivered?"),
    # making things fail
    ("fake.fail('bindings.list', status=503, optional=True)", WORKS),
    ("fake.fail('create_notification', status=503)", "notifications.create"),
    ("fake.fail('notifications.send', status=503)", "notifications.create"),
    ("fake.fail('notifications.create', code=20429)", "Fault.http(status, code=…)"),
    ("fake.fail('notifications.create', status_code=429)", "did you mean status?"),
    ("fake.fail('notifications.create', timeout=True)", "Fault.stall()"),
    ("fake.fail('notifications.create', exception=ConnectionError)", "Fault.reset_connection()"),
    ("fake.fail('notifications.create', Fault.http(500), side_effect=OSError)", "Fault.reset_connection()"),
    ("fake.expect_request('/v1/Services').respond_with_json({})", "did you mean fail?"),
    # clients, clocks and interception
    ("fake.client.notify.v1.services.list()", "fake.client().notify"),
    ("fake.client().notify.v1.services.list()", WORKS),
    ("FakeNotify.client(fake).notify.v1.services.list()", WORKS),
    ("freeze(fake)", WORKS),
    ("with_intercept(fake)", WORKS),
    ("decorated(fake)", WORKS),
    ("FakeNotify(behavior=Behaviour())", "'behaviour'"),
]


def freeze(fake: FakeNotify) -> None:
    with fake.clock.freeze():
        assert fake.clock.now() == fake.clock.now()
    assert not fake.clock.frozen


def ask(fake: FakeNotify) -> int:
    return requests.get("https://notify.twilio.com/v1/Services", auth=(fake.account_sid, "x"), timeout=5).status_code


def with_intercept(fake: FakeNotify) -> None:
    with fake.intercept() as given:
        assert (ask(given), given) == (200, fake)


def decorated(fake: FakeNotify) -> None:
    @fake.intercept()
    def plain() -> int:
        return ask(fake)

    @fake.intercept()
    async def later() -> int:
        return ask(fake)

    assert (plain(), asyncio.run(later())) == (200, 200)


def attempt(guess: str) -> str | None:
    """Try a guess on a fake where something has been sent; returns the error's message, if there is an error."""
    fake = FakeNotify()
    service = fake.create_service(messaging_service_sid="MG" + "0" * 32)
    fake.create_binding(service, identity="alice", binding_type="sms", address="+15005550006")
    fake.create_notification(service, identities="alice", body="Hi")
    fake.client(in_process=True).notify.v1.services.list()
    names: dict[str, Any] = {
        **{each.__name__: each for each in (Behaviour, FakeNotify, Fault, decorated, freeze, with_intercept)},
        "fake": fake,
        "mock": mock,
        "re": re,
        "service": service,
    }
    try:
        eval(guess, names)
    except (AttributeError, LookupError, TypeError) as error:
        return str(error)
    finally:
        fake.stop()
    return None


def test_a_first_guess_works_or_is_answered_with_the_right_name() -> None:
    said = {guess: attempt(guess) for guess, _ in GUESSES}

    assert {guess: said[guess] for guess, answer in GUESSES if answer == WORKS and said[guess] is not None} == {}
    assert {guess: said[guess] for guess, answer in GUESSES if answer != WORKS and answer not in str(said[guess])} == {}
    assert len(said) == 45
