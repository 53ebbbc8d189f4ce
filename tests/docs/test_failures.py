"""Twelve typical mistakes, and the message that each ends with: docs/failures.md is written from what is seen here."""

from __future__ import annotations

import re
import runpy
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from fakenotify import FakeNotify
from fakenotify.notify.records import Service

pytest_plugins = ["pytester"]

PAGE = Path(__file__).parents[2] / "docs" / "failures.md"
GENERATE = runpy.run_path(str(PAGE.with_name("generate.py")))
PHONE = "+15005550006"
INTRODUCTION = """# Typical failures

What the fake says to twelve typical mistakes. A test makes each of them and writes this page. Sids are shortened to
`NT…`.
"""

Case = Callable[[FakeNotify, Service], None]
CASES: dict[str, Case] = {}


def case(title: str) -> Callable[[Case], Case]:
    def enter(make: Case) -> Case:
        CASES[title] = make
        return make

    return enter


def alice(fake: FakeNotify, service: Service, **more: object) -> None:
    fields = {"identity": "alice", "binding_type": "sms", "address": PHONE} | more
    fake.create_binding(service.sid, **fields)


def post(fake: FakeNotify, service_sid: str, **form: str) -> requests.Response:
    url = f"{fake.url}/v1/Services/{service_sid}/Notifications"
    return requests.post(url, data=form, auth=(fake.account_sid, fake.auth_token), timeout=5)


@case("The wrong identity")
def _(fake: FakeNotify, service: Service) -> None:
    alice(fake, service)
    post(fake, service.sid, Identity="Alice", Body="It is here")
    fake.assert_delivered(identity="alice", body="It is here")


@case("The wrong tag")
def _(fake: FakeNotify, service: Service) -> None:
    alice(fake, service, tags=["VIP"])
    post(fake, service.sid, Tag="vip", Body="It is here")
    fake.assert_delivered(identity="alice")


@case("The wrong Service sid")
def _(fake: FakeNotify, service: Service) -> None:
    alice(fake, service)
    post(fake, "MG" + "0" * 32, Identity="alice", Body="It is here")
    fake.assert_delivered(identity="alice")


@case("An SMS without a Messaging Service")
def _(fake: FakeNotify, service: Service) -> None:
    other = fake.create_service("without")
    alice(fake, other)
    post(fake, other.sid, Identity="alice", Body="It is here")
    fake.assert_delivered(identity="alice")


@case("A misspelt parameter")
def _(fake: FakeNotify, service: Service) -> None:
    alice(fake, service)
    post(fake, service.sid, Identity="alice", body="It is here")
    fake.assert_delivered(identity="alice")


@case("Another text")
def _(fake: FakeNotify, service: Service) -> None:
    alice(fake, service)
    post(fake, service.sid, Identity="alice", Body="It's here")
    fake.assert_delivered(identity="alice", body="It is here")


@case("A Binding that was replaced")
def _(fake: FakeNotify, service: Service) -> None:
    alice(fake, service)
    url = f"{fake.url}/v1/Services/{service.sid}/Bindings"
    form = {"Identity": "bob", "BindingType": "sms", "Address": PHONE}
    requests.post(url, data=form, auth=(fake.account_sid, fake.auth_token), timeout=5)
    post(fake, service.sid, Identity="alice", Body="It is here")
    fake.assert_delivered(identity="alice")


@case("A Binding that was deleted")
def _(fake: FakeNotify, service: Service) -> None:
    alice(fake, service)
    url = f"{fake.url}/v1/Services/{service.sid}/Bindings/{fake.bindings.last.sid}"
    requests.delete(url, auth=(fake.account_sid, fake.auth_token), timeout=5)
    post(fake, service.sid, Identity="alice", Body="It is here")
    fake.assert_delivered(identity="alice")


@case("A JSON body")
def _(fake: FakeNotify, service: Service) -> None:
    alice(fake, service)
    url = f"{fake.url}/v1/Services/{service.sid}/Notifications"
    requests.post(url, json={"Identity": "alice", "Body": "Hi"}, auth=(fake.account_sid, fake.auth_token), timeout=5)
    fake.assert_delivered(identity="alice")


@case("Two sends")
def _(fake: FakeNotify, service: Service) -> None:
    alice(fake, service)
    for _number in range(2):
        post(fake, service.sid, Identity="alice", Body="It is here")
    fake.assert_delivered(identity="alice", times=1)


@case("A missing Credential")
def _(fake: FakeNotify, service: Service) -> None:
    alice(fake, service, binding_type="fcm", address="a-token")
    post(fake, service.sid, Identity="alice", Body="It is here")
    fake.assert_delivered(identity="alice")


def message_of(make: Case) -> str:
    with FakeNotify(seed=1) as fake:
        fake.clock.freeze("2027-10-30T12:00:01Z")
        service = fake.create_service("shop", messaging_service_sid="MG" + "1" * 32)
        with pytest.raises(AssertionError) as raised:
            make(fake, service)
    return str(raised.value)


def unused_fault(pytester: pytest.Pytester) -> str:
    pytester.makepyfile(
        """
        def test_a_fault_that_is_never_met(fake_notify):
            fake_notify.fail("notifications.create", status=429, times=2)
        """
    )
    shown = pytester.runpytest_subprocess("-q", "-p", "no:randomly").stdout.str()
    found = re.search(
        r"^fakenotify: these faults.*?(?=^All traceback|^-{5}|^=+|^_+|\Z)", shown, re.DOTALL | re.MULTILINE
    )
    assert found is not None, shown
    return found[0].rstrip()


def test_the_page_shows_what_each_failure_says(pytester: pytest.Pytester) -> None:
    messages = {title: message_of(make) for title, make in CASES.items()}
    messages["A fault that no request met"] = unused_fault(pytester)
    assert len(messages) == 12
    contents = GENERATE["contents"](f"## {title}" for title in messages)
    sections = [f"## {title}\n\n```text\n{text}\n```\n" for title, text in messages.items()]
    page = re.sub(r"\b([A-Z]{2})[0-9a-f]{32}\b", r"\1…", "\n".join([INTRODUCTION, *contents, *sections]))

    before = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    PAGE.write_text(page, encoding="utf-8")
    assert page == before, "docs/failures.md was not what is said now; it has been written again"
