"""The server on its own, driven by nothing but the official client over a socket."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from answers import IDENTITY_LIMIT
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.rest import Client

T = "Can not convert incoming parameters to {} object: Parameter '{}' is invalid"
REQUIRED = "Missing required parameter {} in the post body"
MISSING = "The requested resource {} was not found"
TWENTY_ONE = [str(at) for at in range(21)]
SMS = {"identity": "alice", "binding_type": "sms", "address": "+15005550006"}


@contextmanager
def running(*options: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """A server of its own process, and what it said in its first line."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FAKENOTIFY_")}
    command = [sys.executable, "-W", "error", "-m", "fakenotify", "--port", "0", "--json", "--quiet", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        try:
            yield process, json.loads(process.stdout.readline())
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def told():
    with running() as (_, banner):
        yield banner


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch):
    """The official client, made by hand, believes the environment."""
    for name in ("TWILIO_EDGE", "TWILIO_REGION", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def notify_of(banner: dict[str, Any]) -> Any:
    client = Client(banner["account_sid"], banner["auth_token"])
    client.notify.base_url = banner["url"]
    return client.notify.v1


@pytest.fixture
def account(told):
    return notify_of(told)


@pytest.fixture
def service(account):
    return account.services.create()


@pytest.fixture
def bindings(account, service):
    return account.services(service.sid).bindings


def refusal(call: Any) -> tuple[int, int, str]:
    with pytest.raises(TwilioRestException) as caught:
        call()
    return caught.value.status, caught.value.code, caught.value.msg


def test_the_first_line_tells_where_and_who(told):
    assert told == {
        "url": f"http://127.0.0.1:{told['url'].rpartition(':')[2]}",
        "pid": told["pid"],
        "account_sid": told["account_sid"],
        "auth_token": told["auth_token"],
        "service_sid": told["service_sid"],
        "inspector": f"{told['url']}/_fake/",
    }
    assert re.fullmatch("AC[0-9a-f]{32} [0-9A-Za-z]+ IS[0-9a-f]{32}", " ".join(list(told.values())[2:5]))


def test_a_service_exists_already(account, told):
    service = account.services(told["service_sid"]).fetch()

    assert (service.sid, service.account_sid) == (told["service_sid"], told["account_sid"])
    assert service.url == f"{told['url']}/v1/Services/{service.sid}"


def test_a_binding_is_created_fetched_listed_and_deleted(service, bindings, told, shown):
    created = bindings.create(**SMS, tag=["vip", "new user"], endpoint="endpoint_id")
    fetched = bindings(created.sid).fetch()

    url = f"{told['url']}/v1/Services/{service.sid}"
    assert shown(fetched) == {
        "sid": created.sid,
        "account_sid": told["account_sid"],
        "service_sid": service.sid,
        "credential_sid": None,
        "date_created": created.date_created,
        "date_updated": created.date_created,
        "notification_protocol_version": "default",
        "endpoint": "endpoint_id",
        "identity": "alice",
        "binding_type": "sms",
        "address": "+15005550006",
        "tags": ["vip", "new user"],
        "url": f"{url}/Bindings/{created.sid}",
        "links": {"user": f"{url}/Users/alice"},
    }
    assert timedelta(0) <= datetime.now(timezone.utc) - created.date_created < timedelta(minutes=1)
    assert [each.sid for each in bindings.list()] == [created.sid]
    assert bindings(created.sid).delete() is True
    assert bindings.list() == []


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({}, "123"),
        ({"tag": ["vip", "new user"]}, "3"),
        ({"identity": ["alice"], "tag": ["sms"], "start_date": "2015-08-25", "end_date": "2999-12-31"}, "2"),
    ],
)
def test_bindings_are_found_by_each_filter(bindings, filters, found):
    bindings.create("alice", "apn", "1", tag=["vip"])
    bindings.create("alice", "sms", "2")
    bindings.create("bob", "sms", "3", tag=["new user", "vip"])

    assert "".join(each.address for each in bindings.list(**filters)) == found


def test_250_bindings_are_streamed_over_three_pages(bindings):
    made = [bindings.create(f"id{at // 20}", "fcm", str(at)).sid for at in range(250)]

    pages = [bindings.page(page_size=100)]
    while (following := pages[-1].next_page()) is not None:
        pages.append(following)

    assert [each.sid for each in bindings.stream(page_size=100)] == made
    assert [[each.sid for each in page] for page in pages] == [made[:100], made[100:200], made[200:]]


def test_a_binding_is_replaced_by_its_address(bindings):
    old = bindings.create(**SMS, tag=["vip"])
    new = bindings.create("bob", "fcm", SMS["address"])

    assert new.sid != old.sid
    assert [(each.sid, each.identity, each.tags) for each in bindings.list()] == [(new.sid, "bob", [])]
    assert refusal(old.fetch)[:2] == (404, 20404)


def test_services_and_credentials_live_their_lives(account):
    credential = account.credentials.create("fcm", friendly_name="before", secret="s")
    service = account.services.create(friendly_name="shop", fcm_credential_sid=credential.sid)

    assert credential.update(friendly_name="after").friendly_name == "after"
    assert credential.sid in [each.sid for each in account.credentials.list()]
    assert service.update(friendly_name="closed").friendly_name == "closed"
    assert [each.sid for each in account.services.list(friendly_name="closed")] == [service.sid]
    assert (credential.delete(), account.services(service.sid).fetch().fcm_credential_sid) == (True, credential.sid)
    assert account.services(service.sid).delete() is True
    assert refusal(service.fetch)[:2] == (404, 20404)


@pytest.mark.parametrize(
    ("call", "status", "code", "message"),
    [
        (lambda each: each.create("alice", "sms", ""), 400, 20001, REQUIRED.format("Address")),
        (lambda each: each.create(**SMS, credential_sid="x"), 400, 20001, T.format("Binding", "CredentialSid")),
        (
            lambda each: [each.create("alice", "sms", at) for at in TWENTY_ONE],
            400,
            20001,
            IDENTITY_LIMIT[2],
        ),
        (lambda each: each.create(**SMS, tag="x" * 2**21), 413, 20413, "Request Entity Too Large"),
    ],
)
def test_a_refused_binding_raises_the_official_exception(bindings, call, status, code, message):
    assert refusal(lambda: call(bindings)) == (status, code, f"Unable to create record: {message}")


@pytest.mark.parametrize(
    ("call", "status", "code", "message"),
    [
        (lambda v1: v1.services.create(friendly_name="x" * 65), 400, 20002, "Invalid FriendlyName"),
        (lambda v1: v1.services("IS71").bindings.create(**SMS), 404, 20404, MISSING.format("/Services/IS71/Bindings")),
        (lambda v1: v1.create("POST", "/Nothing"), 404, 20404, MISSING.format("/Nothing")),
        (lambda v1: v1.create("PUT", "/Services"), 405, 20004, "Method not allowed"),
    ],
)
def test_a_refused_create_raises_the_official_exception(account, call, status, code, message):
    assert refusal(lambda: call(account)) == (status, code, f"Unable to create record: {message}")


@pytest.mark.parametrize("operation", ["fetch", "update", "delete"])
def test_what_is_not_there_raises_the_official_exception(account, service, operation):
    contexts = {
        "/Services/IS71": account.services("IS71"),
        "/Credentials/CR71": account.credentials("CR71"),
        f"/Services/{service.sid}/Bindings/BS71": account.services(service.sid).bindings("BS71"),
    }
    for path, context in contexts.items():
        if hasattr(context, operation):
            assert refusal(getattr(context, operation)) == (
                404,
                20404,
                f"Unable to {operation} record: {MISSING.format(path)}",
            )


def test_a_list_that_fails_raises_the_exception_without_a_code(bindings):
    for query in ({"tag": list("abcdef")}, {"start_date": "yesterday"}, {"page_size": 0}):
        with pytest.raises(TwilioException) as caught:
            bindings.page(**query)
        words, response = caught.value.args
        assert (words, response.status_code, json.loads(response.text)["code"]) == ("Unable to fetch page", 400, 20001)


def test_bad_credentials_raise_the_official_exception(told):
    account = notify_of({**told, "account_sid": "user"})

    assert refusal(account.services.create) == (401, 20003, "Unable to create record: Authenticate")


def test_every_account_has_a_world_of_its_own(told, service):
    other = notify_of({**told, "account_sid": "AC" + "e" * 32, "auth_token": "x"})

    assert other.services.list() == []
    assert refusal(other.services(service.sid).fetch) == (
        404,
        20404,
        f"Unable to fetch record: {MISSING.format(f'/Services/{service.sid}')}",
    )


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_switches_are_options_and_a_signal_ends_it_with_status_0(ending):
    switches = ("credentials_checked=at_write", "addresses_checked=at_write", "page_size_limit=reject")
    with running(*(f"--behaviour={each}" for each in switches)) as (process, banner):
        account = notify_of(banner)
        bindings = account.services(banner["service_sid"]).bindings
        gcm = account.credentials.create("gcm")

        refusals = [
            refusal(lambda: bindings.create("alice", "fcm", "1", credential_sid="CR" + "a" * 32)),
            refusal(lambda: bindings.create("alice", "fcm", "1", credential_sid=gcm.sid)),
            refusal(lambda: bindings.create("alice", "sms", "1")),
        ]
        with pytest.raises(TwilioException) as caught:
            bindings.list(limit=5000)
        process.send_signal(ending)
        rest, _ = process.communicate(timeout=10)

    assert refusals == [
        (400, 52002, "Unable to create record: Invalid Credential Sid"),
        (
            400,
            52003,
            "Unable to create record: Invalid credential type"
            "(Can not use credentialType='gcm' credentials for FCM notifications)",
        ),
        (400, 20001, "Unable to create record: Address of sms binding must be a valid phone number"),
    ]
    assert json.loads(caught.value.args[1].text)["code"] == 20007
    assert (process.returncode, rest) == (0, "")
