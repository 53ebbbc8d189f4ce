"""Credentials, over the wire."""

from __future__ import annotations

import json
from base64 import b64encode
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from twilio.base.exceptions import TwilioRestException

from fakenotify import FakeNotify

NOW = "2015-10-07T17:50:01Z"
LATER = "2015-10-07T17:50:02Z"
PATH = "/v1/Credentials"
SECRETS = ("Certificate", "PrivateKey", "ApiKey", "Secret")
KEY = "-----BEGIN RSA PRIVATE KEY-----\nMIIEpQIBAAKCAQEAuyf/lNrH9ck8DmNyo3fG\n-----END RSA PRIVATE KEY-----"
SMALLEST = "-----BEGIN CERTIFICATE-----MANhYmM=-----END CERTIFICATE-----"
T = "Can not convert incoming parameters to Credential object: Parameter '{}' is invalid"
MISSING = (400, 20001, "Missing required parameter Type in the post body")

pytestmark = pytest.mark.fake_notify(frozen=NOW)
warns = pytest.mark.filterwarnings("ignore:fakenotify")


def missing(sid: str) -> tuple[int, int, str]:
    return 404, 20404, f"The requested resource /Credentials/{sid} was not found"


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


def test_the_answer_that_was_recorded_in_2022_had_as_many_bytes(twilio_wire):
    answer = twilio_wire.post(PATH, {"FriendlyName": "fcmcr1", "Secret": "AAAAx", "Type": "fcm"})

    assert answer.header("Content-Length") == "323"


@pytest.mark.parametrize(
    ("type", "sent", "printed"),
    [
        ("apn", None, "False"),
        ("apn", "", "False"),
        ("apn", "true", "True"),
        ("apn", "True", "True"),
        ("apn", "FALSE", "False"),
        ("fcm", None, None),
        ("fcm", "true", None),
        ("gcm", None, None),
        ("gcm", "false", None),
    ],
)
def test_sandbox_is_a_string_for_apn_and_null_for_the_others(wire, type, sent, printed):
    form = {"Type": type} if sent is None else {"Type": type, "Sandbox": sent}
    created = wire.post(PATH, form)
    updated = wire.post(created.json["url"], {} if sent is None else {"Sandbox": sent})

    assert [(each.json["type"], each.json["sandbox"]) for each in (created, updated)] == [(type, printed)] * 2


def test_twilio_creates_and_reads_a_credential(fake_notify, fake_notify_client, shown):
    created = fake_notify_client.notify.v1.credentials.create(
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


@pytest.mark.parametrize(
    ("form", "refusal"),
    [
        ({}, MISSING),
        ({"Type": ""}, MISSING),
        ({"FriendlyName": "x" * 65}, MISSING),
        ({"Type": "APN"}, (400, 20001, T.format("Type"))),
        ({"Type": "sms"}, (400, 20001, T.format("Type"))),
        ({"Type": "fax", "FriendlyName": "x" * 65}, (400, 20001, T.format("Type"))),
        ({"Type": "apn", "FriendlyName": "x" * 65}, (400, 20002, "Invalid FriendlyName")),
        ({"Type": "apn", "Sandbox": "yes", "FriendlyName": "x" * 65}, (400, 20002, "Invalid FriendlyName")),
        ({"Type": "apn", "Sandbox": "yes"}, (400, 20001, T.format("Sandbox"))),
        ({"Type": "fcm", "Sandbox": "0"}, (400, 20001, T.format("Sandbox"))),
    ],
)
def test_a_create_with_a_bad_value_is_refused(wire, fake_notify, form, refusal):
    assert wire.post(PATH, form).refusal == refusal
    assert fake_notify.credentials == []


@pytest.mark.parametrize(
    ("form", "refusal"),
    [
        ({"FriendlyName": "x" * 65}, (400, 20002, "Invalid FriendlyName")),
        ({"FriendlyName": "new", "Sandbox": "yes"}, (400, 20001, T.format("Sandbox"))),
    ],
)
def test_an_update_with_a_bad_value_is_refused_and_changes_nothing(wire, fake_notify, form, refusal):
    credential = fake_notify.create_credential("apn")
    before = fake_notify.snapshot()

    assert wire.post(f"{PATH}/{credential.sid}", form).refusal == refusal
    assert not fake_notify.diff(before)


@pytest.mark.parametrize(
    ("form", "changed"),
    [
        ({"FriendlyName": "after"}, {"friendly_name": "after"}),
        ({"FriendlyName": ""}, {"friendly_name": None}),
        ({"Sandbox": "false"}, {"sandbox": "False"}),
        ({"Sandbox": ""}, {"sandbox": "False"}),
        ({"Certificate": SMALLEST, "PrivateKey": KEY, "ApiKey": "a", "Secret": "s"}, {}),
    ],
)
def test_an_update_changes_what_was_sent_and_the_date(wire, fake_notify, form, changed):
    before = wire.post(PATH, {"Type": "apn", "FriendlyName": "before", "Sandbox": "true"}).json
    fake_notify.clock.tick()

    answer = wire.post(before["url"], form)

    assert (answer.status, answer.json) == (200, before | changed | {"date_updated": LATER})
    assert wire.get(before["url"]).body == answer.body


def test_an_update_with_an_empty_body_changes_nothing_not_even_the_date(wire, fake_notify):
    created = wire.post(PATH, {"Type": "fcm"})
    fake_notify.clock.tick()

    answer = wire.post(created.json["url"])

    assert (answer.status, answer.body) == (200, created.body)


@warns
def test_the_type_can_not_change(wire, fake_notify):
    created = wire.post(PATH, {"Type": "apn"}).json

    answer = wire.post(created["url"], {"Type": "fcm", "FriendlyName": "after"})

    assert answer.json == created | {"friendly_name": "after"}
    assert fake_notify.requests.last.warnings == ["parameter 'Type' was not read"]


def test_twilio_renames_and_deletes_a_credential(fake_notify_client):
    credentials = fake_notify_client.notify.v1.credentials
    created = credentials.create("fcm", friendly_name="before", secret="s")

    assert credentials(created.sid).update(friendly_name="after").friendly_name == "after"
    assert credentials(created.sid).delete() is True
    with pytest.raises(TwilioRestException) as caught:
        credentials(created.sid).delete()
    assert (caught.value.status, caught.value.code, caught.value.msg) == (
        404,
        20404,
        f"Unable to delete record: The requested resource /Credentials/{created.sid} was not found",
    )


def test_a_credential_that_is_not_there_is_404(wire):
    for sid in ("CR" + "b" * 32, "x", "IS" + "a" * 32):
        for method in ("GET", "POST", "DELETE"):
            assert wire.send(method, f"{PATH}/{sid}").refusal == missing(sid)


@warns
def test_credentials_are_listed_oldest_first_and_there_is_no_filter(twilio_wire, fake_notify):
    first, second = fake_notify.create_credential("apn"), fake_notify.create_credential("fcm", friendly_name="x")

    answer = twilio_wire.get(PATH, {"FriendlyName": "x"})

    rows = ", ".join(twilio_wire.get(f"{PATH}/{each.sid}").body.decode() for each in (first, second))
    here = "https://notify.twilio.com/v1/Credentials?PageSize=50&Page=0"
    assert answer.body.decode() == (
        f'{{"credentials": [{rows}], "meta": {{"page": 0, "page_size": 50, "first_page_url": "{here}", '
        f'"previous_page_url": null, "url": "{here}", "next_page_url": null, "key": "credentials"}}}}'
    )
    assert fake_notify.requests[0].warnings == ["parameter 'FriendlyName' was not read"]


@pytest.mark.parametrize("setting", ["at_delivery", "at_write"])
def test_a_deleted_credential_leaves_its_sid_behind(open_fake, setting):
    fake = open_fake(credentials_checked=setting)
    account = fake.client().notify.v1
    credential = account.credentials.create("fcm")
    service = account.services.create(fcm_credential_sid=credential.sid)
    binding = service._proxy.bindings.create("alice", "fcm", "token", credential_sid=credential.sid)

    credential.delete()

    renamed = account.services(service.sid).update(friendly_name="still works")
    assert (renamed.fcm_credential_sid, binding.fetch().credential_sid) == (credential.sid, credential.sid)
    assert account.credentials.list() == []


@warns
@pytest.mark.parametrize("name", [*SECRETS, "secret", "api_key", "privateKey", "CERTIFICATE"])
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


def test_a_secret_given_from_python_is_not_kept_either(fake_notify):
    credential = fake_notify.create_credential("apn", certificate=SMALLEST, private_key="k3y", sandbox=True)

    assert "MANhYmM=" not in repr(fake_notify.credentials)
    assert json.dumps(credential.sandbox) == '"True"'


SERVICE_ACCOUNT = '{"type": "service_account", "project_id": "shop-1", "private_key": "-----BEGIN"}'


@pytest.mark.parametrize(
    ("kind", "secret", "remembered"),
    [
        ("fcm", None, ("v1", None)),
        ("fcm", SERVICE_ACCOUNT, ("v1", "shop-1")),
        ("fcm", '{"type": "service_account", "project_id": 7}', ("v1", None)),
        ("fcm", '{"type": "authorized_user"}', ("legacy", None)),
        ("fcm", "AAAA:server-key", ("legacy", None)),
        ("fcm", "[1]", ("legacy", None)),
        ("gcm", SERVICE_ACCOUNT, ("legacy", None)),
        ("apn", "AAAA:server-key", (None, None)),
    ],
)
def test_a_credential_remembers_which_api_of_google_its_secret_opens(
    fake_notify: FakeNotify, tmp_path: Path, kind: Any, secret: str | None, remembered: Any
) -> None:
    created = fake_notify.create_credential(kind, secret=secret)
    fake_notify.save(tmp_path / "world.json")
    fake_notify.load(tmp_path / "world.json")

    assert (created.fcm_api, created.project_id) == remembered
    assert fake_notify.credentials == [created]
    assert "BEGIN" not in (tmp_path / "world.json").read_text()


def test_a_new_secret_decides_anew_and_another_change_does_not(fake_notify: FakeNotify, wire: Any) -> None:
    path = f"/v1/Credentials/{fake_notify.create_credential('fcm').sid}"
    seen = []
    for form in ({"Secret": "AAAA:server-key"}, {"FriendlyName": "x"}, {"Secret": SERVICE_ACCOUNT}, {"Secret": ""}):
        wire.post(path, form)
        seen.append((fake_notify.credentials.last.fcm_api, fake_notify.credentials.last.project_id))

    assert seen == [("legacy", None), ("legacy", None), ("v1", "shop-1"), ("v1", None)]


DER = b64encode(b"\x30\x82\x01\x00" + bytes(256)).decode()
LINES = "\n".join(DER[at : at + 64] for at in range(0, len(DER), 64))
PEM = f"-----BEGIN CERTIFICATE-----\n{LINES}\n-----END CERTIFICATE-----"
UNPARSABLE = (400, 20001, "Could not parse certificate")


@pytest.mark.parametrize(
    "certificate",
    [
        PEM,
        "Bag Attributes\n    friendlyName: x\n" + PEM + "\ntrailing",
        PEM.replace("\n", "\\n"),
        PEM.replace("\n", ""),
        PEM.replace("\n", "\r\n  "),
        SMALLEST,
    ],
    ids=["plain", "with attributes", "escaped line breaks", "one line", "indented", "smallest"],
)
def test_a_certificate_is_a_pem_block_around_a_der_sequence(wire, certificate):
    assert wire.post(PATH, {"Type": "apn", "Certificate": certificate}).status == 201


BAD_CERTIFICATES = {
    "no PEM": "very secret indeed",
    "no end": PEM.partition("-----END")[0],
    "another end": PEM.replace("END CERTIFICATE", "END KEY"),
    "no base64": PEM.replace(DER[:4], "....", 1),
    "cut off": PEM.replace(LINES.splitlines()[0], "", 1),
    "no sequence": f"-----BEGIN CERTIFICATE-----{b64encode(b'x' * 40).decode()}-----END CERTIFICATE-----",
    "nothing": "-----BEGIN CERTIFICATE----------END CERTIFICATE-----",
    "indefinite length": "-----BEGIN CERTIFICATE-----MIAAAA==-----END CERTIFICATE-----",
}


@pytest.mark.parametrize("certificate", BAD_CERTIFICATES.values(), ids=BAD_CERTIFICATES)
def test_a_certificate_that_can_not_be_parsed_is_refused(wire, fake_notify, certificate):
    kept = fake_notify.create_credential("apn")

    assert wire.post(PATH, {"Type": "apn", "Certificate": certificate}).refusal == UNPARSABLE
    assert wire.post(f"{PATH}/{kept.sid}", {"Certificate": certificate, "FriendlyName": "x"}).refusal == UNPARSABLE
    assert fake_notify.credentials == [kept]


def test_only_the_certificate_of_an_apn_credential_is_looked_at(wire):
    forms = (
        {"Type": "fcm", "Certificate": "x"},
        {"Type": "apn", "PrivateKey": "x"},
        {"Type": "apn", "Certificate": ""},
    )

    assert [wire.post(PATH, form).status for form in forms] == [201, 201, 201]


@pytest.mark.fake_notify(certificates_checked="never")
def test_any_certificate_can_be_taken(wire):
    assert wire.post(PATH, {"Type": "apn", "Certificate": "x"}).status == 201
