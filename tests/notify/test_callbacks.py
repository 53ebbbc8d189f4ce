"""Callbacks as data: which URL is signed, and how often it is tried. What is posted is in ``tests/server``."""

from __future__ import annotations

import pytest
from twilio.request_validator import RequestValidator
from werkzeug.datastructures import MultiDict

from fakenotify import FakeNotify
from fakenotify.notify.callbacks import retries, sign, signed_url
from fakenotify.notify.records import Service

SIGNED = {
    "https://example.com:8443/x?a=b#rc=2": "https://example.com:8443/x?a=b",
    "https://user:pass@example.com:8443/x": "https://example.com:8443/x",
    "http://user@example.com?at=a@b": "http://example.com?at=a@b",
    "http://a@b@example.com/c@d": "http://example.com/c@d",
    "http://example.com#a@b": "http://example.com",
    "http://[": "http://[",
    "hello": "hello",
}
RETRIES = {"#rc=0": 0, "#ct=3000&rc=5": 5, "#rc=2&rp=all": 2, "#rc=6": 1, "#rc=": 1, "#xrc=2": 1, "?rc=2": 1}


def test_a_url_is_signed_without_its_fragment_its_user_and_its_password() -> None:
    assert {url: signed_url(url) for url in SIGNED} == SIGNED


def test_the_signature_is_what_twilios_library_computes() -> None:
    fields = [("b", "2"), ("a", "1"), ("b", "1"), ("b", "2"), ("a b", "é"), ("", "")]
    url = "https://example.com:8443/x?y=z"

    assert sign("token", url, fields) == RequestValidator("token").compute_signature(url, MultiDict(fields))


def test_the_fragment_of_a_url_sets_its_retries() -> None:
    assert {fragment: retries(f"http://example.com/{fragment}", 1) for fragment in RETRIES} == RETRIES


@pytest.mark.fake_notify(callback_delivery="manual", callback_retries=1, frozen=True)
@pytest.mark.parametrize(("fragment", "attempts"), [("", 2), ("#rc=0", 1), ("#rc=2", 3)])
def test_a_callback_is_tried_as_often_as_its_url_says_and_signed_without_fragment_and_password(
    fake_notify: FakeNotify, service: Service, fragment: str, attempts: int
) -> None:
    url = "http://me:secret@127.0.0.1:9/x?api=1" + fragment  # nobody listens on the port "discard"
    fake_notify.create_notification(
        service.sid, to_binding=[{"binding_type": "sms", "address": "+15005550006"}], delivery_callback_url=url
    )

    while fake_notify.callbacks.last.status == "PENDING":
        fake_notify.clock.shift(seconds=60)
        assert fake_notify.deliver_callback() is not None

    callback = fake_notify.callbacks.last
    assert (callback.url, len(callback.attempts)) == (url, attempts)
    assert [each.code for each in fake_notify.alerts][-1] == 52311
    validator = RequestValidator(fake_notify.auth_token)
    assert validator.validate("http://127.0.0.1:9/x?api=1", MultiDict(callback.params), callback.signature)
