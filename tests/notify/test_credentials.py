"""Credentials, over the wire."""

from __future__ import annotations

import gc
from base64 import b64encode
from datetime import datetime, timezone
from types import FunctionType, ModuleType
from typing import Any

import pytest
from answers import invalid, missing

NOW = "2015-10-07T17:50:01Z"
LATER = "2015-10-07T17:50:02Z"
PATH = "/v1/Credentials"
SECRETS = ("Certificate", "PrivateKey", "ApiKey", "Secret")
KEY = "-----BEGIN RSA PRIVATE KEY-----\nMIIEpQIBAAKCAQEAuyf/lNrH9ck8DmNyo3fG\n-----END RSA PRIVATE KEY-----"
SMALLEST = "-----BEGIN CERTIFICATE-----MANhYmM=-----END CERTIFICATE-----"
NAME_INVALID = (400, 20002, "Invalid FriendlyName")

pytestmark = pytest.mark.fake_notify(frozen=NOW)
warns = pytest.mark.filterwarnings("ignore:fakenotify")


def test_a_credential_is_printed_as_in_twilios_own_example(twilio_wire, fake_notify):
    answer = twilio_wire.post(PATH, {"Type": "apn", "FriendlyName": "Test slow create"})

    sid = fake_notify.credentials.last.sid
    assert (answer.status, answer.body.decode()) == (
        201,
        f'{{"sid": "{sid}", "account_sid": "{fake_notify.account_sid}", "friendly_name": "Test slow create", '
        '"type": "apn", "sandbox": "False", "date_created": "2015-10-07T17:50:01Z", '
        f'"date_updated": "2015-10-07T17:50:01Z", "url": "https://notify.twilio.com/v1/Credentials/{sid}"}}',
    )
    assert (sid[:2], len(sid)) == ("CR", 34)


def test_an_answer_is_as_long_as_the_one_recorded_in_2022(twilio_wire):
    answer = twilio_wire.post(PATH, {"FriendlyName": "fcmcr1", "Secret": "AAAAx", "Type": "fcm"})

    assert answer.header("Content-Length") == "323"


def test_sandbox_is_a_string_for_apn_and_null_for_the_others(wire):
    expected = [
        ("apn", "", "False"),
        ("apn", "true", "True"),
        ("apn", "FALSE", "False"),
        ("fcm", "", None),
        ("fcm", "true", None),
        ("gcm", "false", None),
    ]
    for type, sent, printed in expected:
        created = wire.post(PATH, {"Type": type, "Sandbox": sent})
        updated = wire.post(created.json["url"], {"Sandbox": sent})
        assert [(each.json["type"], each.json["sandbox"]) for each in (created, updated)] == [(type, printed)] * 2


def test_twilio_creates_reads_and_deletes_a_credential(fake_notify, fake_notify_client, shown):
    credentials = fake_notify_client.notify.v1.credentials
    created = credentials.create(
        "apn", friendly_name="µ +&=%", certificate=SMALLEST, private_key=KEY, sandbox=True, api_key="a", secret="s"
    )

    moment = datetime(2015, 10, 7, 17, 50, 1, tzinfo=timezone.utc)
    assert shown(created) == {
        "sid": fake_notify.credentials.last.sid,
        "account_sid": fake_notify.account_sid,
        "friendly_name": "µ +&=%",
        "type": "apn",
        "sandbox": "True",
        "date_created": moment,
        "date_updated": moment,
        "url": f"{fake_notify.url}/v1/Credentials/{created.sid}",
    }
    assert shown(created.fetch()) == shown(created)
    assert credentials(created.sid).delete() is True
    assert credentials.list() == []


REFUSED = [
    ({}, missing("Type")),
    ({"Type": ""}, missing("Type")),
    ({"FriendlyName": "x" * 65}, missing("Type")),
    ({"Type": "APN"}, invalid("Credential", "Type")),
    ({"Type": "sms", "FriendlyName": "x" * 65}, invalid("Credential", "Type")),
    ({"Type": "apn", "FriendlyName": "x" * 65, "Certificate": "x"}, NAME_INVALID),
    ({"Type": "apn", "FriendlyName": "x" * 65, "Sandbox": "yes"}, NAME_INVALID),
    ({"Type": "apn", "FriendlyName": "x", "Sandbox": "yes"}, invalid("Credential", "Sandbox")),
    ({"Type": "fcm", "FriendlyName": "x", "Sandbox": "0"}, invalid("Credential", "Sandbox")),
]


@warns
def test_a_bad_value_is_refused_and_changes_nothing(wire, fake_notify):
    path = f"{PATH}/{fake_notify.create_credential('apn').sid}"
    before = fake_notify.snapshot()

    assert [wire.post(PATH, form).refusal for form, _ in REFUSED] == [refusal for _, refusal in REFUSED]
    assert [wire.post(path, form).refusal for form, _ in REFUSED[5:]] == [refusal for _, refusal in REFUSED[5:]]
    assert not fake_notify.diff(before)


@pytest.mark.parametrize(
    ("form", "changed"),
    [
        ({"FriendlyName": "after"}, {"friendly_name": "after"}),
        ({"FriendlyName": ""}, {"friendly_name": None}),
        ({"Sandbox": ""}, {"sandbox": "False"}),
        ({"Certificate": SMALLEST, "PrivateKey": KEY, "ApiKey": "a", "Secret": "s"}, {}),
    ],
)
def test_an_update_changes_what_was_sent_and_the_date(wire, fake_notify, form, changed):
    before = wire.post(PATH, {"Type": "apn", "FriendlyName": "before", "Sandbox": "true"})
    fake_notify.clock.tick()
    assert wire.post(before.json["url"]).body == before.body  # with an empty body nothing changes, not even the date

    answer = wire.post(before.json["url"], form)

    assert (answer.status, answer.json) == (200, before.json | changed | {"date_updated": LATER})
    assert wire.get(before.json["url"]).body == answer.body


@warns
def test_the_type_can_not_change(wire, fake_notify):
    created = wire.post(PATH, {"Type": "apn"}).json

    answer = wire.post(created["url"], {"Type": "fcm", "FriendlyName": "after"})

    assert answer.json == created | {"friendly_name": "after"}
    assert fake_notify.requests.last.warnings == ["parameter 'Type' was not read"]


@pytest.mark.fake_notify(credentials_checked="at_write")
def test_a_deleted_credential_leaves_its_sid_behind(fake_notify_client):
    account = fake_notify_client.notify.v1
    credential = account.credentials.create("fcm")
    service = account.services.create(fcm_credential_sid=credential.sid)
    binding = service._proxy.bindings.create("alice", "fcm", "token", credential_sid=credential.sid)

    credential.delete()

    renamed = account.services(service.sid).update(friendly_name="still works")
    assert (renamed.fcm_credential_sid, binding.fetch().credential_sid) == (credential.sid, credential.sid)


# secrets


@warns
@pytest.mark.parametrize("name", [*SECRETS, "api_key", "CERTIFICATE"])
def test_a_secret_is_never_seen_again(wire, fake_notify, tmp_path, name):
    secret = "very secret indeed"
    before = fake_notify.snapshot()
    form = {"Type": "fcm", "FriendlyName": "public", name: secret}
    created = wire.post(PATH, form)
    sid = created.json["sid"]
    answers = [
        created,
        wire.post(f"{PATH}/{sid}", {name: [secret, secret]}),
        wire.get(f"{PATH}/{sid}"),
        wire.get(PATH),
        wire.get(PATH, {name: secret}),
        wire.post(PATH, {**form, "Type": "fax"}),
        wire.post(f"{PATH}/none", form),
        wire.post("/v1/credentials", form),
        wire.send("POST", PATH, f"Type=fcm&{name}={secret}", {"Content-Type": "text/plain"}),
        wire.get("/_fake/requests"),
        wire.get("/_fake/state?secrets=true"),
    ]
    fake_notify.save(tmp_path / "world.json", secrets=True)

    places = {
        "answers": [answer.body.decode() for answer in answers],
        "journal": [repr(each) + str(each) + repr(each.body) for each in fake_notify.requests],
        "records": repr(fake_notify.credentials),
        "saved": (tmp_path / "world.json").read_text(),
        "difference": str(fake_notify.diff(before)),
    }
    assert [place for place, text in places.items() if secret in str(text)] == []
    assert fake_notify.requests[0].params == {"Type": "fcm", "FriendlyName": "public", name: "[redacted]"}


@warns
@pytest.mark.parametrize("name", [*SECRETS, "api_key", "PrivateKye"])
def test_a_secret_is_forgotten_before_anybody_looks_at_its_request(wire, fake_notify, name):
    wire.post(PATH, {"Type": "fcm", name: "very secret indeed"})

    found, seen = [fake_notify.world.journal], set()
    while found:
        each = found.pop()
        if id(each) not in seen and not isinstance(each, (type, ModuleType, FunctionType)):
            seen.add(id(each))
            assert each != "very secret indeed"
            found += gc.get_referents(each)


SERVICE_ACCOUNT = '{"type": "service_account", "project_id": "shop-1", "private_key": "-----BEGIN"}'


def test_a_credential_remembers_which_api_of_google_its_secret_opens_and_nothing_else_of_it(fake_notify, tmp_path):
    expected: list[tuple[Any, str | None, tuple[str | None, str | None]]] = [
        ("fcm", None, ("v1", None)),
        ("fcm", SERVICE_ACCOUNT, ("v1", "shop-1")),
        ("fcm", '{"type": "service_account", "project_id": 7}', ("v1", None)),
        ("fcm", '{"type": "authorized_user"}', ("legacy", None)),
        ("fcm", "AAAA:server-key", ("legacy", None)),
        ("fcm", "[1]", ("legacy", None)),
        ("gcm", SERVICE_ACCOUNT, ("legacy", None)),
        ("apn", "AAAA:server-key", (None, None)),
    ]
    created = [fake_notify.create_credential(kind, secret=secret) for kind, secret, _ in expected]
    fake_notify.save(tmp_path / "world.json")
    fake_notify.load(tmp_path / "world.json")

    assert [(each.fcm_api, each.project_id) for each in created] == [remembered for *_, remembered in expected]
    assert fake_notify.credentials == created
    assert "BEGIN" not in (tmp_path / "world.json").read_text() + repr(created)


def test_only_a_new_secret_changes_which_api_a_credential_opens(fake_notify, wire):
    path = f"{PATH}/{fake_notify.create_credential('fcm').sid}"
    seen = []
    for form in ({"Secret": "AAAA:server-key"}, {"FriendlyName": "x"}, {"Secret": SERVICE_ACCOUNT}, {"Secret": ""}):
        wire.post(path, form)
        seen.append((fake_notify.credentials.last.fcm_api, fake_notify.credentials.last.project_id))

    assert seen == [("legacy", None), ("legacy", None), ("v1", "shop-1"), ("v1", None)]


# certificates


def pem(der: bytes) -> str:
    text = b64encode(der).decode()
    lines = "\n".join(text[at : at + 64] for at in range(0, len(text), 64))
    return f"-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----"


PEM = pem(b"\x30\x82\x01\x00" + bytes(256))
LINES = PEM.splitlines()
GOOD_CERTIFICATES = {
    "plain": PEM,
    "with attributes": "Bag Attributes\n    friendlyName: x\n" + PEM + "\ntrailing",
    "escaped line breaks": PEM.replace("\n", "\\n"),
    "escaped line breaks of Windows": PEM.replace("\n", "\\r\\n"),
    "one line": PEM.replace("\n", ""),
    "indented": PEM.replace("\n", "\r\n  "),
    "smallest": SMALLEST,
}
BAD_CERTIFICATES = {
    "no PEM": "very secret indeed",
    "no end": PEM.partition("-----END")[0],
    "another end": PEM.replace("END CERTIFICATE", "END KEY"),
    "no base64": PEM.replace(LINES[1][:4], "....", 1),
    "cut off": PEM.replace(LINES[1], "", 1),
    "no sequence": pem(b"\x31\x82\x01\x00" + bytes(256)),
    "nothing": "-----BEGIN CERTIFICATE----------END CERTIFICATE-----",
    "indefinite length": pem(b"\x30\x80" + bytes(128)),
}


def test_a_certificate_is_a_pem_block_around_a_der_sequence(wire, fake_notify):
    path = f"{PATH}/{fake_notify.create_credential('apn').sid}"
    answers = {
        name: [
            wire.post(PATH, {"Type": "apn", "Certificate": certificate}),
            wire.post(path, {"Certificate": certificate, "FriendlyName": name}),
        ]
        for name, certificate in (GOOD_CERTIFICATES | BAD_CERTIFICATES).items()
    }

    statuses = {name: tuple(each.status for each in given) for name, given in answers.items()}
    assert statuses == dict.fromkeys(GOOD_CERTIFICATES, (201, 200)) | dict.fromkeys(BAD_CERTIFICATES, (400, 400))
    assert {each.refusal for name in BAD_CERTIFICATES for each in answers[name]} == {
        (400, 20001, "Could not parse certificate")
    }
    assert len(fake_notify.credentials) == 1 + len(GOOD_CERTIFICATES)
    assert wire.get(path).json["friendly_name"] == "smallest"


@pytest.mark.parametrize(
    ("switch", "form"),
    [
        ("at_write", {"Type": "fcm", "Certificate": "x"}),
        ("at_write", {"Type": "apn", "PrivateKey": "x", "Certificate": ""}),
        ("never", {"Type": "apn", "Certificate": "x"}),
    ],
)
def test_only_the_certificate_of_an_apn_credential_is_checked_unless_switched_off(open_fake, wire_of, switch, form):
    assert wire_of(open_fake(certificates_checked=switch)).post(PATH, form).status == 201
