"""What a tester should know and Notify doesn't say: why a request was refused, and how to write it."""

from __future__ import annotations

from typing import Any

import pytest
from answers import invalid

from fakenotify import FakeNotify
from fakenotify.notify.accounts import ACCOUNT_SID, AUTH_TOKEN
from fakenotify.notify.channels import CHANNELS
from fakenotify.notify.dispatch import ROUTES, Call
from fakenotify.notify.journal import Request

SERVICE_SID = "IS" + "a" * 32
SEND, BINDINGS = f"/v1/Services/{SERVICE_SID}/Notifications", f"/v1/Services/{SERVICE_SID}/Bindings"
TYPES = ", ".join(CHANNELS)
PERSONAL = "the identity {!r} looks like {}; Twilio asks for identities that are not personal data"
LISTED = "{!r} is one value, not a list; repeat the parameter, once for each value"
PLUS_LOST = "the address is ' 15005550006': a + that is not encoded arrives as a space; write %2B"
RESERVED = "Notify reserves twi_ keys, and chooses the recipients itself"


@pytest.fixture
def fake() -> FakeNotify:
    """A fake with one Service."""
    fake = FakeNotify()
    fake.create_service(sid=SERVICE_SID)
    return fake


def asked(fake: FakeNotify, method: str, path: str, origin: str = "http://localhost", **form: Any) -> Request:
    """Send a request; returns its entry in the journal."""
    sent = {name: value if isinstance(value, list) else [value] for name, value in form.items()}
    query, body = (sent, {}) if method == "GET" else ({}, sent)
    fake.world.handle(Call(method, path, query, body, (ACCOUNT_SID, AUTH_TOKEN), origin))
    return fake.requests.last


def hints(fake: FakeNotify, method: str, path: str, origin: str = "http://localhost", **form: Any) -> list[str]:
    request = asked(fake, method, path, origin, **form)
    assert list(request.ignored) == []
    return list(request.hints)


# values that are refused

TARGET = '{"binding_type": "sms", "address": "+15005550006"}'
REFUSED: list[tuple[str, Any, str]] = [
    (
        "ToBinding",
        "sms:+15005550006",
        """a target is JSON, {"binding_type": "sms", "address": "+15005550006"}, not 'sms:+15005550006'""",
    ),
    (
        "ToBinding",
        "{'binding_type': 'sms'}",
        "it is not JSON: at character 2 (\"'binding_type': 'sms'}\"), JSON needs double quotes where this has single"
        " ones; for a Python dict, use json.dumps",
    ),
    (
        "ToBinding",
        '[{"binding_type": "sms", "address": "+1"}]',
        "it is a JSON list of 1, not a JSON object; send one object for each target, and repeat ToBinding",
    ),
    (
        "ToBinding",
        '{"bindingType": "sms", "address": "+1"}',
        "binding_type is missing (it has 'bindingType'; did you mean 'binding_type'?)",
    ),
    ("ToBinding", "{}", "binding_type and address are missing"),
    ("ToBinding", '{"binding_type": "SMS", "address": "+1"}', f"there is no binding type 'SMS'; the types are {TYPES}"),
    (
        "ToBinding",
        '{"binding_type": "sms", "address": 15005550006}',
        "address is a number, and must be a text that is not empty",
    ),
    (
        "ToBinding",
        '{"binding_type": "sms", "address": ""}',
        "address is empty, and must be a text that is not empty",
    ),
    ("ToBinding", "null", "it is null, not a JSON object"),
    (
        "Apn",
        "{aps: {}}",
        "it is not JSON: at character 2 ('aps: {}}'), names need double quotes in JSON, and aps has none",
    ),
    ("Data", '{"twi_body": "x", "a": 1}', f"it holds 'twi_body': {RESERVED}"),
    ("Gcm", '{"to": "x", "data": {"twi_a": 1}}', f"it holds 'to', 'data.twi_a': {RESERVED}"),
    (
        "Fcm",
        '{"message": {"token": "x", "data": {"twi_a": 1}}}',
        f"it holds 'message.data.twi_a', 'message.token': {RESERVED}",
    ),
]


def test_a_value_that_is_refused_gets_a_hint_that_says_why(fake: FakeNotify) -> None:
    given = [asked(fake, "POST", SEND, Identity="alice", **{name: value}) for name, value, _ in REFUSED]

    assert [(each.message, each.warnings) for each in given] == [
        (invalid("Notification", name)[2], [f"{name}: {why}"]) for name, _, why in REFUSED
    ]


def test_a_hint_says_which_of_many_targets_is_bad(fake: FakeNotify) -> None:
    assert hints(fake, "POST", SEND, ToBinding=[TARGET, "fcm:token", TARGET]) == [
        'ToBinding (2 of 3): a target is JSON, {"binding_type": "fcm", "address": "token"}, not \'fcm:token\''
    ]


# what is ignored in silence


def test_a_warning_names_each_unknown_key_of_sms(fake: FakeNotify) -> None:
    value = '{"from": "+1", "media_url": [], "mediaUrls": [], "statusCallback": "x", "body": "Hi"}'

    assert list(asked(fake, "POST", SEND, Identity="alice", Sms=value).ignored) == [
        "Sms: Notify ignores 'from'",
        "Sms: Notify ignores 'media_url'; did you mean 'media_urls'?",
        "Sms: Notify ignores 'mediaUrls'; did you mean 'media_urls'?",
        "Sms: Notify ignores 'statusCallback'; did you mean 'status_callback'?",
    ]


def test_a_warning_explains_members_of_to_binding_that_were_sent_as_parameters(fake: FakeNotify) -> None:
    """twilio-node 4 sends objects this way."""
    request = asked(fake, "POST", SEND, **{"ToBinding[binding_type]": "sms", "ToBinding[address]": "+1"})

    example = CHANNELS["apn"].example
    assert list(request.ignored) == [
        f"parameter 'ToBinding[{name}]' was not read; ToBinding takes one JSON text for each value, such as"
        f' ToBinding={{"binding_type": "apn", "address": "{example}"}}'
        for name in ("binding_type", "address")
    ]


# advice on what is accepted


def test_a_binding_that_is_accepted_may_come_with_advice(fake: FakeNotify) -> None:
    expected = [
        *((form, []) for form in ({}, {"Identity": "a@"}, {"Identity": "+1"}, {"Address": " x"}, {"Tag": "[vip"})),
        ({"Identity": "[alice]"}, [LISTED.format("[alice]")]),
        ({"Identity": "alice@example.com"}, [PERSONAL.format("alice@example.com", "an e-mail address")]),
        ({"Identity": "+15005550006"}, [PERSONAL.format("+15005550006", "a phone number")]),
        ({"Address": " 15005550006"}, [PLUS_LOST]),
        (
            {"Address": "Address=+1500"},
            ["the address is 'Address=+1500', with the parameter's name as part of the value"],
        ),
        ({"Tag": "[vip]"}, [LISTED.format("[vip]")]),
        (
            {"CredentialSid": "CR" + "a" * 32, "NotificationProtocolVersion": "3"},
            ["CredentialSid and NotificationProtocolVersion are stored and have no use: sms Bindings don't need them"],
        ),
        ({"CredentialSid": "CR" + "a" * 32}, ["CredentialSid is stored and has no use: sms Bindings don't need it"]),
    ]
    binding = {"Identity": "alice", "BindingType": "sms", "Address": "+15005550006"}

    assert [hints(fake, "POST", BINDINGS, **binding | form) for form, _ in expected] == [said for _, said in expected]
    assert {each.status for each in fake.requests} == {201}


def test_a_lost_plus_sign_is_noticed_in_a_target_too(fake: FakeNotify) -> None:
    target = '{"binding_type": "sms", "address": " 15005550006"}'

    assert hints(fake, "POST", SEND, ToBinding=[target, target]) == [PLUS_LOST]


def test_another_region_than_us1_gets_a_hint(fake: FakeNotify) -> None:
    hosts = ("notify", "notify.dublin.us1", "notify.us1", "notify.sydney.au1")

    assert [hints(fake, "GET", "/v1/Services", f"https://{host}.twilio.com") for host in hosts] == [
        *([], [], []),
        [
            "region au1 shares no data with us1 at Twilio, and its auth tokens differ; the fake answers for all"
            " regions from one world"
        ],
    ]


# unknown sids and paths


def test_a_sid_that_is_not_found_is_explained(fake: FakeNotify) -> None:
    unknown = "IS" + "b" * 32
    expected = {
        "": "the sid of a Notify Service in the path is empty; is the variable that holds it set?",
        "undefined": "'undefined' in the path is not a sid: an unset variable was printed there",
        **{
            each: f"{each!r} looks like a placeholder; put the sid of a Notify Service (IS…) there"
            for each in ("IS" + "X" * 32, "ISxxx", "$SERVICE_SID", "{{service_sid}}", "YOUR_SERVICE_SID", "<sid>")
        },
        "MG" + "a" * 32: f"'MG{'a' * 32}' is the sid of a Messaging Service, not of a Notify Service (IS…)",
        "IS71": "'IS71' is not a sid of a Notify Service: IS and 32 hexadecimal digits",
        unknown: f"there is no Service {unknown}; account {ACCOUNT_SID} has {SERVICE_SID}",
    }
    below = {
        f"/v1/Credentials/{unknown}": f"'{unknown}' is the sid of a Service of Notify, Chat or Sync, not of"
        " a Credential (CR…)",
        f"{BINDINGS}/NT{'a' * 32}": f"'NT{'a' * 32}' is the sid of a Notification, not of a Binding (BS…)",
        f"{BINDINGS}/$SID": "'$SID' looks like a placeholder; put the sid of a Binding (BS…) there",
    }

    found = {sid: hints(fake, "POST", f"/v1/Services/{sid}/Notifications", Identity="alice") for sid in expected}

    assert found == {sid: [hint] for sid, hint in expected.items()}
    assert {path: hints(fake, "GET", path) for path in below} == {path: [hint] for path, hint in below.items()}
    for path in (f"/v1/Credentials/CR{'b' * 32}", f"{BINDINGS}/BS{'b' * 32}"):
        assert hints(fake, "GET", path) == []
    assert {each.status for each in fake.requests} == {404}


def test_the_newest_services_are_named_and_the_others_counted(fake: FakeNotify) -> None:
    newest = [fake.create_service().sid for _ in range(4)][1:]

    assert hints(fake, "GET", f"/v1/Services/IS{'b' * 32}")[0].endswith(f"has {', '.join(newest)} and 2 more")
    [none] = hints(FakeNotify(), "GET", f"/v1/Services/{SERVICE_SID}")
    assert none == f"there is no Service {SERVICE_SID}; account {ACCOUNT_SID} has none at all"


def test_a_url_that_notify_does_not_have_is_no_hint_but_a_warning(fake: FakeNotify) -> None:
    request = asked(fake, "GET", "/v1/services")

    assert (list(request.ignored), list(request.hints)) == (
        ["Notify has no resource at /v1/services; did you mean /v1/Services? (paths are case-sensitive)"],
        [],
    )


# every parameter


def test_every_example_of_a_parameter_can_be_read_and_every_mistake_is_explained() -> None:
    for route in ROUTES.by_operation.values():
        for row in route.params.rows:
            assert row.kind.words()
            for value in row.kind.examples():
                row.kind.read(value)
            for value in row.kind.mistakes():
                with pytest.raises(ValueError):  # noqa: PT011  # its text is never shown: the table makes the answer
                    row.kind.read(value)
                assert row.kind.explain(value)
