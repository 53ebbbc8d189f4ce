"""What a tester should know and Notify doesn't say: why a request was refused, and what it ought to have been."""

from __future__ import annotations

from typing import Any

import pytest

from fakenotify import FakeNotify
from fakenotify.notify.accounts import ACCOUNT_SID, AUTH_TOKEN
from fakenotify.notify.channels import CHANNELS
from fakenotify.notify.dispatch import ROUTES, Call
from fakenotify.notify.journal import Request

SERVICE_SID = "IS" + "a" * 32
SEND, BINDINGS = f"/v1/Services/{SERVICE_SID}/Notifications", f"/v1/Services/{SERVICE_SID}/Bindings"
TYPES = ", ".join(CHANNELS)


@pytest.fixture
def fake() -> FakeNotify:
    """A fake with one Service."""
    fake = FakeNotify()
    fake.create_service(sid=SERVICE_SID)
    return fake


def asked(fake: FakeNotify, method: str, path: str, origin: str = "http://localhost", **form: Any) -> Request:
    """Send a request, and see what the journal has of it."""
    sent = {name: value if isinstance(value, list) else [value] for name, value in form.items()}
    query, body = (sent, {}) if method == "GET" else ({}, sent)
    fake.world.handle(Call(method, path, query, body, (ACCOUNT_SID, AUTH_TOKEN), origin))
    return fake.requests.last


def hints(fake: FakeNotify, method: str, path: str, origin: str = "http://localhost", **form: Any) -> list[str]:
    request = asked(fake, method, path, origin, **form)
    assert list(request.ignored) == []
    return list(request.hints)


# a ToBinding that is refused


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (
            "sms:+15005550006",
            'a target is JSON, {"binding_type": "sms", "address": "+15005550006"}, not \'sms:+15005550006\'',
        ),
        (
            "{'binding_type': 'sms'}",
            "it is not JSON: at character 2 (\"'binding_type': 'sms'}\"), JSON wants double quotes where this has"
            " single ones; for a Python dict, use json.dumps",
        ),
        (
            '{"binding_type": "sms", "address": $phone}',
            "it is not JSON: at character 36 ('$phone}'), the variable $phone was not filled in; PHP and shells leave"
            " it alone in single quotes",
        ),
        (
            '[{"binding_type": "sms", "address": "+1"}]',
            "it is a JSON list of 1, not a JSON object; send one object for each target, and repeat ToBinding",
        ),
        (
            '{"bindingType": "sms", "address": "+1"}',
            "binding_type is missing (it has 'bindingType'; did you mean 'binding_type'?)",
        ),
        ('{"address": "+1"}', "binding_type is missing"),
        ("{}", "binding_type and address are missing"),
        ('{"binding_type": "SMS", "address": "+1"}', f"there is no binding type 'SMS'; the types are {TYPES}"),
        (
            '{"binding_type": "sms", "address": 15005550006}',
            "address is a number, and must be a text that is not empty",
        ),
        ('{"binding_type": "sms", "address": ""}', "address is empty, and must be a text that is not empty"),
        ("null", "it is null, not a JSON object"),
    ],
)
def test_a_bad_to_binding_says_why(fake: FakeNotify, value: str, why: str) -> None:
    assert hints(fake, "POST", SEND, ToBinding=value) == [f"ToBinding: {why}"]


def test_of_many_targets_the_bad_one_is_named(fake: FakeNotify) -> None:
    good = '{"binding_type": "sms", "address": "+15005550006"}'

    assert hints(fake, "POST", SEND, ToBinding=[good, "fcm:token", good]) == [
        'ToBinding (2 of 3): a target is JSON, {"binding_type": "fcm", "address": "token"}, not \'fcm:token\''
    ]


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("Data", '{"k": "say "hi""}', 'a quotation mark in a text must be escaped, \\"; let a JSON library write it'),
        ("Apn", "{aps: {}}", "names want double quotes in JSON, and aps has none"),
        ("Sms", "{body=Hi}", "body= is of a printed Java Map; use a JSON library"),
    ],
)
def test_a_bad_payload_says_where_and_why(fake: FakeNotify, name: str, value: str, why: str) -> None:
    [hint] = hints(fake, "POST", SEND, Identity="alice", **{name: value})

    assert hint.startswith(f"{name}: it is not JSON: at character ")
    assert hint.endswith(f"), {why}")


@pytest.mark.parametrize(
    ("name", "value", "keys"),
    [
        ("Data", '{"twi_body": "x", "a": 1}', "'twi_body'"),
        ("Gcm", '{"to": "x", "data": {"twi_a": 1}}', "'to', 'data.twi_a'"),
        ("Fcm", '{"message": {"token": "x", "data": {"twi_a": 1}}}', "'message.data.twi_a', 'message.token'"),
    ],
)
def test_forbidden_keys_are_named(fake: FakeNotify, name: str, value: str, keys: str) -> None:
    assert hints(fake, "POST", SEND, Identity="alice", **{name: value}) == [
        f"{name}: it holds {keys}: Notify reserves twi_ keys, and chooses the recipients itself"
    ]


# what is ignored in silence


def test_unknown_keys_of_sms_are_said_to_be_ignored(fake: FakeNotify) -> None:
    value = '{"from": "+1", "media_url": [], "mediaUrls": [], "statusCallback": "x", "body": "Hi"}'

    assert list(asked(fake, "POST", SEND, Identity="alice", Sms=value).ignored) == [
        "Sms: Notify ignores 'from'",
        "Sms: Notify ignores 'media_url'; did you mean 'media_urls'?",
        "Sms: Notify ignores 'mediaUrls'; did you mean 'media_urls'?",
        "Sms: Notify ignores 'statusCallback'; did you mean 'status_callback'?",
    ]


def test_members_of_to_binding_as_parameters_are_said_to_be_ignored(fake: FakeNotify) -> None:
    """twilio-node 4 sends objects so."""
    request = asked(fake, "POST", SEND, **{"ToBinding[binding_type]": "sms", "ToBinding[address]": "+1"})

    example = CHANNELS["apn"].example
    assert list(request.ignored) == [
        f"parameter 'ToBinding[{name}]' was not read; ToBinding takes one JSON text for each value, such as"
        f' ToBinding={{"binding_type": "apn", "address": "{example}"}}'
        for name in ("binding_type", "address")
    ]


# advice on what is accepted


@pytest.mark.parametrize(
    ("form", "hint"),
    [
        (
            {"Identity": "alice@example.com"},
            "the identity 'alice@example.com' looks like an e-mail address; Twilio asks for identities that are no"
            " personal data",
        ),
        (
            {"Identity": "+15005550006"},
            "the identity '+15005550006' looks like a phone number; Twilio asks for identities that are no personal"
            " data",
        ),
        (
            {"Address": " 15005550006"},
            "the address is ' 15005550006': a + that is not encoded arrives as a space; write %2B",
        ),
        (
            {"Address": "Address=+15005550006"},
            "the address is 'Address=+15005550006', with the parameter's name as part of the value",
        ),
        (
            {"Tag": "[vip, new]"},
            "'[vip, new]' is one value, not a list; repeat the parameter, once for each value",
        ),
        (
            {"CredentialSid": "CR" + "a" * 32, "NotificationProtocolVersion": "3"},
            "CredentialSid and NotificationProtocolVersion are stored and have no use: sms Bindings don't need them",
        ),
        (
            {"CredentialSid": "CR" + "a" * 32},
            "CredentialSid is stored and has no use: sms Bindings don't need it",
        ),
    ],
)
def test_a_binding_that_is_accepted_may_come_with_advice(fake: FakeNotify, form: dict[str, str], hint: str) -> None:
    binding = {"Identity": "alice", "BindingType": "sms", "Address": "+15005550006"}

    assert hints(fake, "POST", BINDINGS, **binding | form) == [hint]
    assert fake.requests.last.status == 201


def test_a_plus_that_was_lost_is_noticed_in_a_target_too(fake: FakeNotify) -> None:
    target = '{"binding_type": "sms", "address": " 15005550006"}'

    assert hints(fake, "POST", SEND, ToBinding=[target, target]) == [
        "the address is ' 15005550006': a + that is not encoded arrives as a space; write %2B"
    ]


@pytest.mark.parametrize(
    ("host", "region"),
    [
        ("notify.twilio.com", None),
        ("notify.dublin.us1.twilio.com", None),
        ("notify.us1.twilio.com", None),
        ("notify.sydney.au1.twilio.com", "au1"),
    ],
)
def test_another_region_than_us1_gets_a_hint(fake: FakeNotify, host: str, region: str | None) -> None:
    said = (
        f"region {region} shares no data with us1 at Twilio, and its auth tokens differ; the fake answers for all"
        " regions from one world"
    )

    assert hints(fake, "GET", "/v1/Services", f"https://{host}") == ([said] if region else [])


# a sid that leads nowhere


@pytest.mark.parametrize(
    ("sid", "hint"),
    [
        ("", "the sid of a Notify Service in the path is empty; is the variable that holds it set?"),
        ("undefined", "'undefined' in the path is no sid but an unset variable, printed"),
        *(
            (each, f"{each!r} looks like a placeholder; put the sid of a Notify Service (IS…) there")
            for each in ("IS" + "X" * 32, "ISxxx", "$SERVICE_SID", "{{service_sid}}", "YOUR_SERVICE_SID", "<sid>")
        ),
        ("MG" + "a" * 32, f"'MG{'a' * 32}' is the sid of a Messaging Service, not of a Notify Service (IS…)"),
        ("PV" + "a" * 32, f"'PV{'a' * 32}' is the sid of a Proxy resource, not of a Notify Service (IS…)"),
        ("IS71", "'IS71' is not a sid of a Notify Service: IS and 32 hexadecimal digits"),
        ("IS" + "b" * 32, f"there is no Service IS{'b' * 32}; account {ACCOUNT_SID} has {SERVICE_SID}"),
    ],
)
def test_a_service_that_is_not_found_is_explained(fake: FakeNotify, sid: str, hint: str) -> None:
    assert hints(fake, "POST", f"/v1/Services/{sid}/Notifications", Identity="alice") == [hint]
    assert fake.requests.last.status == 404


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        (
            "/v1/Credentials/IS" + "a" * 32,
            f"'IS{'a' * 32}' is the sid of a Service of Notify, Chat or Sync, not of a Credential (CR…)",
        ),
        (f"{BINDINGS}/NT" + "a" * 32, f"'NT{'a' * 32}' is the sid of a Notification, not of a Binding (BS…)"),
        (f"{BINDINGS}/$SID", "'$SID' looks like a placeholder; put the sid of a Binding (BS…) there"),
    ],
)
def test_another_instance_that_is_not_found_is_explained(fake: FakeNotify, path: str, hint: str) -> None:
    assert hints(fake, "GET", path) == [hint]


def test_the_newest_services_are_named_and_the_others_counted(fake: FakeNotify) -> None:
    newest = [fake.create_service().sid for _ in range(4)][1:]

    [hint] = hints(fake, "GET", f"/v1/Services/IS{'b' * 32}")
    assert hint.endswith(f"has {', '.join(newest)} and 2 more")


def test_an_account_without_services_is_said_to_have_none() -> None:
    [hint] = hints(FakeNotify(), "GET", f"/v1/Services/{SERVICE_SID}")

    assert hint == f"there is no Service {SERVICE_SID}; account {ACCOUNT_SID} has none at all"


def test_a_url_that_notify_does_not_have_is_no_hint_but_a_warning(fake: FakeNotify) -> None:
    request = asked(fake, "GET", "/v1/services")

    assert (list(request.ignored), list(request.hints)) == (
        ["Notify has no resource at /v1/services; did you mean /v1/Services? (paths are case-sensitive)"],
        [],
    )


# every parameter


def test_what_the_kind_of_every_parameter_says_of_itself_is_true() -> None:
    for route in ROUTES.by_operation.values():
        for row in route.params.rows:
            assert row.kind.words()
            for value in row.kind.examples():
                row.kind.read(value)
            for value in row.kind.mistakes():
                with pytest.raises(ValueError):  # noqa: PT011  # its text is never shown: the table makes the answer
                    row.kind.read(value)
                assert row.kind.explain(value)
