"""What every request and answer of Notify has in common, byte by byte."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
import requests
from answers import invalid, missing, not_found

from fakenotify import Account, FakeNotify

NOW = "2022-06-10T20:58:33Z"
Warnings = Callable[[], list[str]]

SERVICE_SID = "IS" + "a" * 32
SERVICES = "/v1/Services"
SERVICE = f"{SERVICES}/{SERVICE_SID}"
BINDINGS = f"{SERVICE}/Bindings"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
MIB = 1_048_576
UNAUTHORIZED = (401, 20003, "Authenticate")
NOT_ALLOWED = (405, 20004, "Method not allowed")
TOO_LARGE = (413, 20413, "Request Entity Too Large")


def form(**more: Any) -> dict[str, Any]:
    return {"Identity": "alice", "BindingType": "sms", "Address": "+15005550006", **more}


def basic(text: str | bytes) -> str:
    return "Basic " + b64encode(text if isinstance(text, bytes) else text.encode()).decode()


@pytest.fixture
def fake(open_fake: Callable[..., FakeNotify]) -> FakeNotify:
    fake = open_fake(frozen=NOW)
    fake.create_service(sid=SERVICE_SID)
    return fake


@pytest.fixture
def wire(fake: FakeNotify, wire_of: Callable[[Account], Any]) -> Any:
    return wire_of(fake)


@pytest.fixture
def warnings(fake: FakeNotify) -> Warnings:
    """Returns the warnings of the last request."""
    return lambda: list(fake.requests.last.warnings)


# answers

EVERY_KIND: list[tuple[str, str, str, int, str, dict[str, str]]] = [
    ("POST", SERVICES, "", 201, "CREATED", {}),
    ("GET", SERVICE, "", 200, "OK", {}),
    ("POST", BINDINGS, "", 400, "BAD REQUEST", {}),
    ("GET", SERVICES, "", 401, "UNAUTHORIZED", {"WWW-Authenticate": 'Basic realm="Twilio API"'}),
    ("GET", "/v1/Nothing", "", 404, "NOT FOUND", {}),
    ("PUT", SERVICES, "", 405, "METHOD NOT ALLOWED", {"Allow": "GET, POST"}),
    ("POST", SERVICES, "x" * (MIB + 1), 413, "REQUEST ENTITY TOO LARGE", {"Connection": "close"}),
    ("DELETE", SERVICE, "", 204, "NO CONTENT", {}),
]


def test_every_answer_has_the_recorded_headers_an_upper_case_reason_and_json_in_one_line(wire, fake) -> None:
    for method, path, body, status, reason, others in EVERY_KIND:
        answer = wire.send(method, path, body, FORM | ({"Authorization": None} if status == 401 else {}))

        described = {"Content-Type": "application/json; charset=utf-8", "Content-Length": str(len(answer.body))}
        refused = {name: answer.header(name) for name in ("X-Fakenotify-Rule", "X-Fakenotify-Label")}
        assert (answer.status, answer.reason) == (status, reason)
        assert len(answer.headers) == len(dict(answer.headers))
        assert dict(answer.headers) == {
            "Date": answer.header("Date"),
            "Twilio-Concurrent-Requests": "1",
            "Twilio-Request-Id": fake.requests.last.request_id,
            "Twilio-Request-Duration": answer.header("Twilio-Request-Duration"),
            "Access-Control-Allow-Origin": "*",
            "Access-Control-Allow-Headers": "Accept, Authorization, Content-Type, If-Match, If-Modified-Since, "
            "If-None-Match, If-Unmodified-Since",
            "Access-Control-Allow-Methods": "GET, POST, DELETE, OPTIONS",
            "Access-Control-Expose-Headers": "ETag",
            "Access-Control-Allow-Credentials": "true",
            "X-Powered-By": "AT-5000",
            "X-Shenanigans": "none",
            "X-Home-Region": "us1",
            "X-API-Domain": "notify.twilio.com",
            "Strict-Transport-Security": "max-age=31536000",
            **({} if status == 204 else described),
            **(refused if status >= 400 else {}),
            **others,
        }
        assert re.fullmatch(r"\d+\.\d{3}", answer.header("Twilio-Request-Duration"))
        assert re.fullmatch("RQ[0-9a-f]{32}", answer.header("Twilio-Request-Id"))
        assert re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", answer.header("Date"))
        assert answer.body == (b"" if status == 204 else json.dumps(answer.json).encode())
    assert len({each.request_id for each in fake.requests}) == len(EVERY_KIND)


def test_an_error_is_printed_as_it_was_recorded(wire) -> None:
    answer = wire.post("/v1/Services/ISXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX/Notifications", {"Body": "Hi"})

    assert answer.body == (
        b'{"code": 20404, "message": "The requested resource /Services/ISXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX'
        b'/Notifications was not found", "more_info": "https://www.twilio.com/docs/errors/20404", "status": 404}'
    )


# paths and methods


def test_a_method_that_a_known_path_does_not_have_is_405(wire) -> None:
    expected = {
        ("OPTIONS", SERVICES): "GET, POST",
        ("DELETE", SERVICES): "GET, POST",
        ("PATCH", SERVICE): "DELETE, GET, POST",
        ("PUT", "/v1/Services/IS71"): "DELETE, GET, POST",
        ("DELETE", BINDINGS): "GET, POST",
        ("POST", f"{BINDINGS}/BS{'b' * 32}"): "DELETE, GET",
        ("TRACE", "/v1/Credentials"): "GET, POST",
        ("FOO", f"{SERVICE}/Notifications"): "POST",
    }
    answers = {asked: wire.send(*asked) for asked in expected}
    assert {asked: answer.header("Allow") for asked, answer in answers.items()} == expected
    assert {answer.refusal for answer in answers.values()} == {NOT_ALLOWED}


def test_head_is_405_with_the_length_of_the_body_that_it_does_not_have(wire) -> None:
    answer = wire.send("HEAD", SERVICES)

    length = str(len(wire.send("PUT", SERVICES).body))
    assert (answer.status, answer.body, answer.header("Content-Length")) == (405, b"", length)
    assert wire.send("HEAD", "/v1/Nothing").status == 404


def test_a_404_names_the_path_as_requested_without_its_version(wire) -> None:
    expected = {
        "/v1/Notifications": "/Notifications",
        "/v1/Services//Notifications": "/Services//Notifications",
        "/v1/Services/": "/Services/",
        "/v1/Services/new%20user/Bindings": "/Services/new%20user/Bindings",
        "/v1/Services/a%2fb/Bindings?Tag=x": "/Services/a%2fb/Bindings",
        f"{BINDINGS}/BS1/x": f"/Services/{SERVICE_SID}/Bindings/BS1/x",
        f"{BINDINGS}/": f"/Services/{SERVICE_SID}/Bindings/",
        "/v1/services": "/services",
        "/v2/Services": "/v2/Services",
        "/v1Services": "/v1Services",
        "/v1/": "/",
        "/": "/",
        "/v1/Services/../Credentials": "/Services/../Credentials",
        "/v1//Services": "//Services",
        "//v1/Services": "//v1/Services",
        f"/v1/Services.json/{SERVICE_SID}": f"/Services.json/{SERVICE_SID}",
        f"{SERVICE}.json.json": f"/Services/{SERVICE_SID}.json.json",
    }
    answers = {path: wire.send("POST" if "Notif" in path else "GET", path).refusal for path in expected}
    assert answers == {path: not_found(named) for path, named in expected.items()}
    assert wire.send("PUT", "/v1/Nothing").refusal == not_found("/Nothing")


def test_a_path_that_notify_does_not_have_is_a_warning_with_the_one_that_is_meant(wire, warnings) -> None:
    for path, hint in (
        (f"{BINDINGS}/BS1/x", ""),
        (f"{SERVICE}/bindings", "; did you mean /v1/Services/{ServiceSid}/Bindings? (paths are case-sensitive)"),
    ):
        wire.get(path)
        assert warnings() == [f"Notify has no resource at {path}{hint}"]


def test_the_json_suffix_is_accepted_everywhere_and_shown_nowhere(wire, fake) -> None:
    created = wire.post(f"{BINDINGS}.json", form())
    url = created.json["url"]
    path = url.removeprefix(fake.url)
    service = wire.get(f"{SERVICE}.json")
    listed = wire.get(f"{BINDINGS}.json", {"PageSize": 1})
    updated = wire.post(f"{SERVICE}.json", {"FriendlyName": "x"})

    assert (created.status, path) == (201, f"{BINDINGS}/{created.json['sid']}")
    assert wire.get(f"{path}.json").body == created.body
    assert service.json["url"] == fake.url + SERVICE
    assert listed.json["bindings"] == [created.json]
    assert listed.json["meta"]["url"] == f"{fake.url}{BINDINGS}?PageSize=1&Page=0"
    assert updated.json["friendly_name"] == "x"
    assert wire.delete(f"{path}.json").status == 204
    assert wire.get(f"{path}.json").refusal == not_found(f"{path.removeprefix('/v1')}.json")


# authentication


def test_credentials_need_the_form_of_an_account_or_an_api_key_and_a_password(wire, fake) -> None:
    account = "AC" + "0aF9" * 8
    malformed = (
        None,
        "Basic",
        "Basic !!!",
        "Basic AAAAA",
        "Bearer " + basic(f"{account}:x")[6:],
        basic(account),
        basic(f"{account}:"),
        basic(f"{account[:-1]}:x"),
        basic(f"{account[:-1]}g:x"),
        basic(f"{account.lower()}:x"),
        basic(f"{account}\n:x"),
        basic(f"{SERVICE_SID}:x"),
        basic(b"\xff\xfe:x"),
    )
    for authorization in malformed:
        answer = wire.send("GET", SERVICES, headers={"Authorization": authorization})
        assert (answer.refusal, fake.requests.last.account_sid) == (UNAUTHORIZED, None), authorization
    for authorization in (
        basic(f"{account}:x"),
        basic(f"SK{'a' * 32}:secret"),
        basic(f"{account}:with:colons"),
        basic(f"{account}:pässwörd"),
        basic(f"{account}:x").replace("Basic ", "BASIC   "),
    ):
        assert wire.send("GET", SERVICES, headers={"Authorization": authorization}).status == 200, authorization


# size


def test_a_body_of_one_mebibyte_is_read_and_a_larger_one_gets_a_readable_413(wire, fake) -> None:
    padded = "FriendlyName=x&Padding="
    padded += "x" * (MIB - len(padded))
    assert wire.send("POST", SERVICES, padded, FORM).json["friendly_name"] == "x"
    before = fake.snapshot()

    for more in ("x", "x" * MIB):
        assert wire.send("POST", SERVICES, padded + more, FORM).refusal == TOO_LARGE
        assert not fake.diff(before)
        assert (fake.requests.last.status, fake.requests.last.params) == (413, {})


def test_under_another_wsgi_server_a_body_is_as_long_as_its_length_says(fake) -> None:
    def post(length: str) -> Any:
        started: list[str] = []
        environ = {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": SERVICES,
            "CONTENT_LENGTH": length,
            "HTTP_AUTHORIZATION": basic(f"{fake.account_sid}:{fake.auth_token}"),
            "wsgi.url_scheme": "http",
            "wsgi.input": BytesIO(b"FriendlyName=shops"),
            "SERVER_NAME": "test",
            "SERVER_PORT": "80",
        }
        chunks = fake.wsgi_app(environ, lambda status, headers: started.append(status))  # type: ignore[arg-type,func-returns-value,return-value]
        return int(started[0][:3]), json.loads(b"".join(chunks)).get("friendly_name")

    too_large, none = (413, None), (201, None)
    expected = {"": none, "-1": none, "17": (201, "shop"), str(MIB + 1): too_large, "9" * 13: too_large}
    assert {length: post(length) for length in expected} == expected


# the order of checks


def test_checks_come_in_their_order(wire) -> None:
    huge, bad = "x" * (MIB + 1), "Tag=a" + "&Tag=".join(str(at) for at in range(25))
    sms = "Identity=alice&BindingType=sms"
    for method, path, body, refusal in (
        ("PUT", "/v1/Nothing", huge, TOO_LARGE),
        ("PUT", "/v1/Nothing", bad, not_found("/Nothing")),
        ("PUT", "/v1/Services/IS71/Bindings", bad, NOT_ALLOWED),
        ("POST", "/v1/Services/IS71/Bindings", bad, not_found("/Services/IS71/Bindings")),
        ("POST", BINDINGS, bad, missing("Identity")),
        ("POST", BINDINGS, f"{bad}&Identity=alice&BindingType=fax", invalid("Binding", "BindingType")),
        ("POST", BINDINGS, f"{bad}&{sms}", missing("Address")),
        ("POST", BINDINGS, f"{bad}&{sms}&Address=1&CredentialSid=x", invalid("Binding", "Tag")),
        ("POST", BINDINGS, f"{sms}&Address=1&CredentialSid=x", invalid("Binding", "CredentialSid")),
        ("GET", f"/v1/Services/IS71/Bindings/BS{'b' * 32}", "", not_found(f"/Services/IS71/Bindings/BS{'b' * 32}")),
        ("GET", f"{BINDINGS}/BS71", "", not_found(f"/Services/{SERVICE_SID}/Bindings/BS71")),
    ):
        assert wire.send(method, path, body, FORM).refusal == refusal, (method, path, body[:99])
    assert wire.send("PUT", "/v1/Nothing", huge, {"Authorization": None, **FORM}).refusal == UNAUTHORIZED


# what Notify ignores in silence


URLENCODED, PARTS = "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"
NO_FORM = "the body is {}; Notify reads urlencoded and multipart forms only, so it counts as empty"
NO_PARTS = "it is cut short, has a part without a name, or another boundary than its Content-Type says"
PART = '--x\r\nContent-Disposition: form-data; name="FriendlyName"\r\n\r\nx\r\n'
NAMELESS = "--x\r\nContent-Disposition: form-data\r\n\r\ny\r\n"
NAMELESS += '--x\r\nContent-Disposition: form-data; filename="f"\r\n\r\ny\r\n'
BODIES: list[tuple[str, str, str | None, str | None, str | None]] = [
    ("", "FriendlyName=x", URLENCODED + "; charset=utf-8", "x", None),
    ("", "FriendlyName=x", URLENCODED.title(), "x", None),
    ("", "FriendlyName=x", None, "x", None),
    ("?FriendlyName=x&Type=y", "", URLENCODED, None, "the query of a POST is not read: FriendlyName, Type"),
    ("", '{"FriendlyName": "x"}', "application/json; charset=utf-8", None, NO_FORM.format("application/json")),
    ("", "FriendlyName=x", "text/plain; charset=utf-8", None, NO_FORM.format("text/plain")),
    ("", NAMELESS + PART + "--x--\r\n", PARTS, "x", None),
    *(
        ("", body, content_type, None, f"the body is no multipart/form-data: {NO_PARTS}; it counts as empty")
        for body, content_type in (
            (PART, PARTS),
            (PART + "--x--\r\n", PARTS.replace("x", "y")),
            (PART + "--x--\r\n", "multipart/form-data"),
            ("--x\r\n\r\nx\r\n--x--\r\n", PARTS),
            ("FriendlyName=x", PARTS),
        )
    ),
]


def test_a_body_is_read_as_a_form_or_counts_as_empty_with_a_warning(wire, warnings) -> None:
    for query, body, content_type, name, warning in BODIES:
        answer = wire.send("POST", SERVICES + query, body, {"Content-Type": content_type})
        found = (answer.status, answer.json["friendly_name"], warnings())
        assert found == (201, name, [warning] if warning else []), (content_type, body)


def test_a_multipart_form_is_read_like_an_urlencoded_one(wire, warnings) -> None:
    """twilio-node 3.6 to 3.40 posts every form so. A part with a file name counts as its text. (D25)"""
    request = requests.Request(
        "POST",
        wire.url + BINDINGS,
        headers=wire.headers,
        files=[
            ("Identity", (None, "alice")),
            ("BindingType", (None, "apn", "text/plain; charset=utf-8")),
            ("Tag", (None, "v\u00efp")),
            ("Tag", (None, "a b&c=%20")),
            ("Address", ("token.txt", "A" * 64, "application/octet-stream")),
        ],
    )
    with requests.Session() as session:
        answer = session.send(request.prepare())

    assert (answer.status_code, warnings()) == (201, [])
    assert (answer.json()["tags"], answer.json()["address"]) == (["v\u00efp", "a b&c=%20"], "A" * 64)


def test_a_filter_that_is_not_read_is_a_warning(wire, warnings) -> None:
    wire.post(BINDINGS, form())
    unread = "parameter {!r} was not read"
    for query, body, expected in (
        ("Tags=x", "", [unread.format("Tags") + "; did you mean 'Tag'? (names are case-sensitive)"]),
        ("BindingType=sms&PageSize=9&Page=0", "", [unread.format("BindingType")]),
        ("StartDate=2022-06-10&StartDate=x", "", ["parameter 'StartDate' was sent 2 times, only the first was read"]),
        ("Tag=sms&Tag=all&Identity=alice&Identity=bob", "", []),
        ("Tag=sms", "Tag=nothing", ["the body of a GET is not read; parameters belong in the query"]),
    ):
        answer = wire.send("GET", f"{BINDINGS}?{query}", body, FORM)
        assert (len(answer.json["bindings"]), warnings()) == (1, expected)


def test_lower_case_names_are_a_missing_parameter_with_a_hint(wire, warnings) -> None:
    answer = wire.post(BINDINGS, {"identity": "alice", "tags": "x"})

    hint = "parameter '{}' was not read; did you mean '{}'? (names are case-sensitive)"
    assert answer.refusal == missing("Identity")
    assert warnings() == [hint.format("identity", "Identity"), hint.format("tags", "Tag")]


def test_the_first_value_of_a_repeated_parameter_counts_even_if_it_is_empty(wire, warnings) -> None:
    answer = wire.post(BINDINGS, form(Identity=["alice", "bob"], Tag=["a", "b"]))

    assert (answer.json["identity"], answer.json["tags"]) == ("alice", ["a", "b"])
    assert warnings() == ["parameter 'Identity' was sent 2 times, only the first was read"]
    assert wire.post(BINDINGS, form(Identity=["", "bob"])).refusal == missing("Identity")


# bytes


def test_a_form_is_decoded_whatever_its_bytes(wire) -> None:
    expected = {
        b"FriendlyName=%FF%FE": "\ufffd\ufffd",
        b"FriendlyName=%C3%A9\xff": "é\ufffd",
        "FriendlyName=é".encode(): "é",
        b"FriendlyName=a%00b": "a\x00b",
        b"FriendlyName=%ED%A0%80": "\ufffd\ufffd\ufffd",
        b"FriendlyName=a+b%20c%2Bd": "a b c+d",
        b"FriendlyName=a;LogEnabled=false": "a;LogEnabled=false",
        b"FriendlyName=a=b==": "a=b==",
        b"FriendlyName=%zz": "%zz",
        b"&&FriendlyName=x&&": "x",
        b"FriendlyName": None,
        b"=&=x": None,
        b"Friendly%4Eame=x": "x",
    }
    answers = {body: wire.send("POST", SERVICES, body, FORM) for body in expected}
    assert {body: answer.json["friendly_name"] for body, answer in answers.items()} == expected
    assert all(wire.get(answer.json["url"]).body == answer.body for answer in answers.values())


def test_a_query_and_a_path_are_decoded_whatever_their_bytes(wire) -> None:
    for query in ("FriendlyName=%FF", "FriendlyName=%00", "%FF=%FE", "%"):
        answer = wire.get(f"{SERVICES}?{query}")
        assert (answer.status, wire.get(answer.json["meta"]["url"]).body) == (200, answer.body)
    for sid in ("%FF", "%00", "%0d%0aX:%20y", "%", "%2e%2e", "a:b@c"):
        assert wire.get(f"{SERVICES}/{sid}").refusal == not_found(f"/Services/{sid}")


def test_ten_thousand_parameters_are_read(wire) -> None:
    few = [("Identity", "alice"), ("BindingType", "sms"), ("Address", "1")]
    tags = [("Tag", "vip")] * 10_000
    unknown = [(f"Nam{at}", "x") for at in range(10_000)]

    assert wire.post(BINDINGS, few + tags).json["tags"] == ["vip"]
    assert wire.post(BINDINGS, unknown + few).status == 201
    assert wire.post(BINDINGS, unknown).refusal == missing("Identity")
    assert len(wire.get(BINDINGS, [("Identity", f"nobody{at}") for at in range(3000)] + few[:1]).json["bindings"]) == 1


def test_a_refused_request_is_journaled_like_any_other(wire, fake) -> None:
    wire.post(BINDINGS, {"Identity": "alice", "Tag": "vip"})

    request = fake.requests.last
    assert (request.operation, request.method, request.path, request.params) == (
        "bindings.create",
        "POST",
        BINDINGS,
        {"Identity": "alice", "Tag": ["vip"]},
    )
    assert (request.status, request.code, request.message) == missing("BindingType")


def test_a_browser_that_asks_for_the_root_is_sent_to_the_inspector(wire) -> None:
    answer = wire.get("/", headers={"Accept": "text/html,*/*"})
    assert (answer.status, answer.header("Location")) == (302, "/_fake/")
    assert wire.get("/", headers={"Accept": "*/*"}).status == 404
