"""Twelve typical mistakes, and the message that each ends with: docs/failures.md is written from what is seen here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import requests
from pages import DOCS, GENERATE, pytest_in

from fakenotify import FakeNotify

PAGE = DOCS / "failures.md"
INTRODUCTION = """# Typical failures

What the fake says to twelve typical mistakes. A test makes each of them and writes this page. Sids are shortened to
`NT…`.
"""
TEXT = "It is here"
PHONE = "+15005550006"
TO_ALICE = {"Identity": "alice", "Body": TEXT}


class Mistake(NamedTuple):
    """What a test does: the Binding, a request that comes first, the one that sends, and what is expected."""

    binding: Mapping[str, Any] = {}  # never written to
    first: tuple[str, str, Mapping[str, str]] | None = None
    sent: Mapping[str, Any] = {"data": TO_ALICE}
    wanted: Mapping[str, Any] = {}
    to: str | None = None
    messaging_service_sid: str | None = "MG" + "1" * 32


MISTAKES = {
    "The wrong identity": Mistake(sent={"data": {"Identity": "Alice", "Body": TEXT}}, wanted={"body": TEXT}),
    "The wrong tag": Mistake({"tags": ["VIP"]}, sent={"data": {"Tag": "vip", "Body": TEXT}}),
    "The wrong Service sid": Mistake(to="MG" + "0" * 32),
    "An SMS without a Messaging Service": Mistake(messaging_service_sid=None),
    "A misspelt parameter": Mistake(sent={"data": {"Identity": "alice", "body": TEXT}}),
    "Another text": Mistake(sent={"data": {"Identity": "alice", "Body": "It's here"}}, wanted={"body": TEXT}),
    "A Binding that was replaced": Mistake(
        first=("POST", "/Bindings", {"Identity": "bob", "BindingType": "sms", "Address": PHONE})
    ),
    "A Binding that was deleted": Mistake(first=("DELETE", "/Bindings/{}", {})),
    "A JSON body": Mistake(sent={"json": {"Identity": "alice", "Body": "Hi"}}),
    "Two sends": Mistake(first=("POST", "/Notifications", TO_ALICE), wanted={"times": 1}),
    "A missing Credential": Mistake({"binding_type": "fcm", "address": "a-token"}),
}


def message_of(mistake: Mistake) -> str:
    """What the assertion says after a mistake."""
    with FakeNotify(seed=1) as fake:
        fake.clock.freeze("2027-10-30T12:00:01Z")
        service = fake.create_service("shop", messaging_service_sid=mistake.messaging_service_sid)
        alice = {"identity": "alice", "binding_type": "sms", "address": PHONE} | dict(mistake.binding)
        binding = fake.create_binding(service, **alice)

        def ask(method: str, path: str, to: str = service.sid, **sent: Any) -> None:
            url = f"{fake.url}/v1/Services/{to}{path}"
            requests.request(method, url, auth=(fake.account_sid, fake.auth_token), timeout=5, **sent)

        if mistake.first is not None:
            method, path, data = mistake.first
            ask(method, path.format(binding.sid), data=data)
        ask("POST", "/Notifications", mistake.to or service.sid, **mistake.sent)
        with pytest.raises(AssertionError) as raised:
            fake.assert_delivered(identity="alice", **mistake.wanted)
    return str(raised.value)


def unused_fault(folder: Path) -> str:
    """What the plugin says of a fault that no request met."""
    folder.joinpath("test_fault.py").write_text(
        "def test_a_fault_that_is_never_met(fake_notify):\n"
        '    fake_notify.fail("notifications.create", status=429, times=2)\n'
    )
    shown = pytest_in(folder)
    found = re.search(r"^fakenotify: these faults.*?(?=^All traceback|^[-=_]+|\Z)", shown, re.DOTALL | re.MULTILINE)
    assert found is not None, shown
    return found[0].rstrip()


def test_the_page_shows_what_each_failure_says(tmp_path: Path) -> None:
    messages = {title: message_of(mistake) for title, mistake in MISTAKES.items()}
    messages["A fault that no request met"] = unused_fault(tmp_path)
    assert len(messages) == 12
    contents = GENERATE["contents"](f"## {title}" for title in messages)
    sections = [f"## {title}\n\n```text\n{text}\n```\n" for title, text in messages.items()]
    page = re.sub(r"\b([A-Z]{2})[0-9a-f]{32}\b", r"\1…", "\n".join([INTRODUCTION, *contents, *sections]))

    before = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    PAGE.write_text(page, encoding="utf-8")
    assert page == before, "docs/failures.md was not what is said now; it has been written again"
