"""What every request and answer of Notify has in common, byte by byte."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Callable
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

EVERY_KIND = [
    ("POST", SERVICES, "", 201, "CREATED", {}),
    ("GET", SERVICE, "", 200, "OK", {}),
    ("DELETE", SERVICE, "", 204, "NO CONTENT", {}),
    ("POST", BINDINGS, "", 400, "BAD REQUEST", {}),
    ("GET", "/v1/Nothing", "", 404, "NOT FOUND", {}),
    ("PUT", SERVICES, "", 405, "METHOD NOT ALLOWED", {"Allow": "GET, POST"}),
    ("POST", SERVICES, "x" * (MIB + 1), 413, "REQUEST ENTITY TOO LARGE", {"Connection": "close"}),
]


@pytest.mark.parametrize(("method", "path", "body", "status", "reason", "others"), EVERY_KIND)
def test_every_answer_has_the_recorded_headers_and_an_upper_case_reason(
    wire: Any, fake: FakeNotify, method: str, path: str, body: Any, status: int, reason: str, others: dict[str, str]
) -> None:
    answer = wire.send(method, path, body, FORM)

    names = [name for name, _ in answer.headers]
    described = {"Content-Type": "application/json; charset=utf-8", "Content-Length": str(len(answer.body))}
    refused = {name: answer.header(name) for name in ("X-Fakenotify-Rule", "X-Fakenotify-Label")}
    assert (answer.status, answer.reason) == (status, reason)
    assert len(names) == len(set(names))
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


def test_an_answer_to_nobody_has_the_same_headers(wire: Any) -> None:
    refused = wire.send("GET", SERVICES, headers={"Authorization": None})

    assert (refused.status, refused.reason) == (401, "UNAUTHORIZED")
    others = {"X-Fakenotify-Rule", "X-Fakenotify-Label", "WWW-Authenticate"}
    names = [name for name, _ in refused.headers if name not in others]
    assert names == [name for name, _ in wire.get(SERVICES).headers]
    assert refused.header("WWW-Authenticate") == 'Basic realm="Twilio API"'


def test_every_request_has_an_id_of_its_own(wire: Any) -> None:
    ids = {wire.get(path).header("Twilio-Request-Id") for path in [SERVICES, SERVICES, "/v1/x"] * 5}

    assert len(ids) == 15


@pytest.mark.parametrize("path", [SERVICES, "/v1/Nothing"])
def test_json_is_one_line_with_a_space_after_comma_and_colon(wire: Any, path: str) -> None:
    answer = wire.get(path)

    assert answer.body == json.dumps(answer.json).encode()
    assert b"\n" not in answer.body


def test_an_error_is_printed_as_it_was_recorded(wire: Any) -> None:
    answer = wire.post("/v1/Services/ISXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX/Notifications", {"Body": "Hi"})

    assert answer.body == (
        b'{"code": 20404, "message": "The requested resource /Services/ISXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX'
        b'/Notifications was not found", "more_info": "https://www.twilio.com/docs/errors/20404", "status": 404}'
    )


# paths and methods


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("OPTIONS", SERVICES, "GET, POST"),
        ("DELETE", SERVICES, "GET, POST"),
        ("PATCH", SERVICE, "DELETE, GET, POST"),
        ("PUT", "/v1/Services/IS71", "DELETE, GET, POST"),
        ("DELETE", BINDINGS, "GET, POST"),
        ("POST", f"{BINDINGS}/BS{'b' * 32}", "DELETE, GET"),
        ("TRACE", "/v1/Credentials", "GET, POST"),
        ("FOO", f"{SERVICE}/Notifications", "POST"),
    ],
)
def test_a_method_that_a_known_path_does_not_have_is_405(wire: Any, method: str, path: str, allowed: str) -> None:
    answer = wire.send(method, path)

    assert (answer.refusal, answer.header("Allow")) == (NOT_ALLOWED, allowed)


def test_head_is_405_with_the_length_of_the_body_that_it_does_not_have(wire: Any) -> None:
    answer = wire.send("HEAD", SERVICES)

    assert (answer.status, answer.body, answer.header("Content-Length")) == (
        405,
        b"",
        str(len(wire.send("PUT", SERVICES).body)),
    )


@pytest.mark.parametrize("method", ["GET", "PUT", "HEAD"])
def test_an_unknown_path_is_404_whatever_the_method(wire: Any, method: str) -> None:
    answer = wire.send(method, "/v1/Nothing")

    assert answer.status == 404
    assert method == "HEAD" or answer.refusal == not_found("/Nothing")


@pytest.mark.parametrize(
    ("path", "named"),
    [
        ("/v1/Notifications", "/Notifications"),
        ("/v1/Services//Notifications", "/Services//Notifications"),
        ("/v1/Services/", "/Services/"),
        (f"/v1/Services/IS{'X' * 32}/Notifications", f"/Services/IS{'X' * 32}/Notifications"),
        ("/v1/Services/new%20user/Bindings", "/Services/new%20user/Bindings"),
        ("/v1/Services/a%2fb/Bindings?Tag=x", "/Services/a%2fb/Bindings"),
        (f"{SERVICE}/Bindings/BS1/x", f"/Services/{SERVICE_SID}/Bindings/BS1/x"),
        (f"{SERVICE}/Bindings/", f"/Services/{SERVICE_SID}/Bindings/"),
        ("/v1/services", "/services"),
        ("/v2/Services", "/v2/Services"),
        ("/v1Services", "/v1Services"),
        ("/v1/", "/"),
        ("/", "/"),
        ("/v1/Services/../Credentials", "/Services/../Credentials"),
        ("/v1//Services", "//Services"),
    ],
)
def test_a_404_names_the_path_as_requested_without_its_version(wire: Any, path: str, named: str) -> None:
    answer = wire.post(path, {"Body": "Hi"}) if "Notif" in path else wire.get(path)

    assert answer.refusal == not_found(named)


@pytest.mark.parametrize(
    ("path", "meant"),
    [
        ("/v1/Notifications", None),
        (f"{SERVICE}/Bindings/BS1/x", None),
        ("/v1/services", "/v1/Services"),
        (f"{SERVICE}/bindings", "/v1/Services/{ServiceSid}/Bindings"),
    ],
)
def test_a_path_that_notify_does_not_have_is_a_warning_with_the_one_that_is_meant(
    wire: Any, warnings: Warnings, path: str, meant: str | None
) -> None:
    wire.get(path)

    hint = f"; did you mean {meant}? (paths are case-sensitive)" if meant else ""
    assert warnings() == [f"Notify has no resource at {path}{hint}"]


def test_the_json_suffix_is_accepted_everywhere_and_shown_nowhere(wire: Any, fake: FakeNotify) -> None:
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
    assert wire.get(f"/v1/Services.json/{SERVICE_SID}").refusal == not_found(f"/Services.json/{SERVICE_SID}")
    assert wire.get(f"{SERVICE}.json.json").refusal == not_found(f"/Services/{SERVICE_SID}.json.json")


# authentication


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "Basic",
        "Basic !!!",
        "Basic " + "A" * 5,
        "Bearer " + basic("AC" + "a" * 32 + ":x")[6:],
        basic("AC" + "a" * 32),
        basic("AC" + "a" * 32 + ":"),
        basic("AC" + "a" * 31 + ":x"),
        basic("AC" + "g" * 32 + ":x"),
        basic("ac" + "a" * 32 + ":x"),
        basic("AC" + "a" * 32 + "\n:x"),
        basic("IS" + "a" * 32 + ":x"),
        basic(b"\xff\xfe:x"),
    ],
)
def test_credentials_that_are_missing_or_malformed_are_401(
    wire: Any, fake: FakeNotify, authorization: str | None
) -> None:
    answer = wire.send("GET", SERVICES, headers={"Authorization": authorization})

    assert answer.refusal == UNAUTHORIZED
    assert answer.body == (
        b'{"code": 20003, "message": "Authenticate", '
        b'"more_info": "https://www.twilio.com/docs/errors/20003", "status": 401}'
    )
    assert fake.requests.last.account_sid is None


@pytest.mark.parametrize(
    "authorization",
    [
        basic("AC" + "a" * 32 + ":x"),
        basic("AC" + "0aF9" * 8 + ":x"),
        basic("SK" + "a" * 32 + ":secret"),
        basic("AC" + "a" * 32 + ":with:colons"),
        basic("AC" + "a" * 32 + ":pässwörd"),
        basic("AC" + "a" * 32 + ":x").replace("Basic ", "BASIC   "),
    ],
)
def test_credentials_of_the_right_form_are_let_in(wire: Any, authorization: str | None) -> None:
    assert wire.send("GET", SERVICES, headers={"Authorization": authorization}).status == 200


# size


def test_a_body_of_two_mebibytes_gets_a_readable_413(wire: Any, fake: FakeNotify) -> None:
    before = fake.snapshot()

    answer = wire.post(BINDINGS, form(Tag="x" * 2 * MIB))

    assert answer.refusal == TOO_LARGE
    assert not fake.diff(before)
    assert (fake.requests.last.status, fake.requests.last.params) == (413, {})


def test_a_body_of_exactly_one_mebibyte_is_read(wire: Any) -> None:
    padding = MIB - len("FriendlyName=x&Padding=")

    assert wire.send("POST", SERVICES, f"FriendlyName=x&Padding={'x' * padding}", FORM).json["friendly_name"] == "x"
    assert wire.send("POST", SERVICES, f"FriendlyName=x&Padding={'x' * (padding + 1)}", FORM).refusal == TOO_LARGE


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_any_body_can_be_too_large(wire: Any, method: str) -> None:
    assert wire.send(method, SERVICES, "x" * (MIB + 1)).refusal == TOO_LARGE


# the order of checks


def test_checks_come_in_their_order(wire: Any) -> None:
    huge = "x" * (MIB + 1)
    bad = "Tag=a" + "&Tag=".join(str(at) for at in range(25))
    asked = [
        wire.send("PUT", "/v1/Nothing", huge, {"Authorization": None, **FORM}),
        wire.send("PUT", "/v1/Nothing", huge, FORM),
        wire.send("PUT", "/v1/Nothing", bad, FORM),
        wire.send("PUT", "/v1/Services/IS71/Bindings", bad, FORM),
        wire.send("POST", "/v1/Services/IS71/Bindings", bad, FORM),
        wire.send("POST", BINDINGS, bad, FORM),
        wire.send("POST", BINDINGS, bad + "&Identity=alice&BindingType=fax", FORM),
        wire.send("POST", BINDINGS, bad + "&Identity=alice&BindingType=sms", FORM),
        wire.send("POST", BINDINGS, bad + "&Identity=alice&BindingType=sms&Address=1&CredentialSid=x", FORM),
        wire.send("POST", BINDINGS, "Identity=alice&BindingType=sms&Address=1&CredentialSid=x", FORM),
        wire.send("GET", f"/v1/Services/IS71/Bindings/BS{'b' * 32}"),
        wire.send("GET", f"{BINDINGS}/BS71"),
    ]

    assert [answer.refusal for answer in asked] == [
        UNAUTHORIZED,
        TOO_LARGE,
        not_found("/Nothing"),
        NOT_ALLOWED,
        not_found("/Services/IS71/Bindings"),
        missing("Identity"),
        invalid("Binding", "BindingType"),
        missing("Address"),
        invalid("Binding", "Tag"),
        invalid("Binding", "CredentialSid"),
        not_found(f"/Services/IS71/Bindings/BS{'b' * 32}"),
        not_found(f"/Services/{SERVICE_SID}/Bindings/BS71"),
    ]


# what Notify ignores in silence


@pytest.mark.parametrize("content_type", ["application/json", "text/plain"])
def test_a_body_that_is_not_a_form_counts_as_an_empty_one(
    wire: Any, warnings: Warnings, content_type: str | None
) -> None:
    body = json.dumps(form()) if "json" in content_type else "Identity=alice&BindingType=sms&Address=1"

    assert wire.send("POST", BINDINGS, body, {"Content-Type": content_type}).refusal == missing("Identity")
    assert warnings() == [
        f"the body is {content_type}; Notify reads urlencoded and multipart forms only, so it counts as empty"
    ]


def test_a_multipart_form_is_read_like_an_urlencoded_one(wire: Any, warnings: Warnings) -> None:
    """twilio-node 3.0 to 3.40 posts every form so. A part with a file name counts as its text. (D25)"""
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


PART = '--x\r\nContent-Disposition: form-data; name="FriendlyName"\r\n\r\nx\r\n'


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (PART, "multipart/form-data; boundary=x"),
        (PART + "--x--\r\n", "multipart/form-data; boundary=y"),
        (PART + "--x--\r\n", "multipart/form-data"),
        ("--x\r\n\r\nx\r\n--x--\r\n", "multipart/form-data; boundary=x"),
        ("FriendlyName=x", "multipart/form-data; boundary=x"),
    ],
)
def test_a_multipart_form_that_is_none_counts_as_empty(
    wire: Any, warnings: Warnings, body: Any, content_type: str | None
) -> None:
    answer = wire.send("POST", SERVICES, body, {"Content-Type": content_type})

    assert (answer.status, answer.json["friendly_name"]) == (201, None)
    why = "it is cut short, has a part without a name, or another boundary than its Content-Type says"
    assert warnings() == [f"the body is no multipart/form-data: {why}; it counts as empty"]


def test_a_multipart_part_without_a_name_is_passed_over(wire: Any, warnings: Warnings) -> None:
    nameless = "--x\r\nContent-Disposition: form-data\r\n\r\ny\r\n"
    nameless += '--x\r\nContent-Disposition: form-data; filename="f"\r\n\r\ny\r\n'
    answer = wire.send(
        "POST", SERVICES, nameless + PART + "--x--\r\n", {"Content-Type": "multipart/form-data; boundary=x"}
    )

    assert (answer.json["friendly_name"], warnings()) == ("x", [])


def test_a_json_body_creates_a_service_of_defaults(wire: Any) -> None:
    body = json.dumps({"FriendlyName": "x"})

    answer = wire.send("POST", SERVICES, body, {"Content-Type": "application/json; charset=utf-8"})

    assert (answer.status, answer.json["friendly_name"]) == (201, None)


@pytest.mark.parametrize(
    "content_type", ["application/x-www-form-urlencoded; charset=utf-8", "Application/X-WWW-Form-Urlencoded", None]
)
def test_a_form_is_read_with_a_charset_in_any_case_and_without_a_type(
    wire: Any, warnings: Warnings, content_type: str | None
) -> None:
    answer = wire.send("POST", SERVICES, "FriendlyName=x", {"Content-Type": content_type})

    assert (answer.json["friendly_name"], warnings()) == ("x", [])


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("friendlyName", "; did you mean 'FriendlyName'? (names are case-sensitive)"),
        ("friendly_name", "; did you mean 'FriendlyName'? (names are case-sensitive)"),
        ("FriendlyNam", "; did you mean 'FriendlyName'?"),
        ("Zzz", ""),
        ("PageSize", ""),
        ("", ""),
    ],
)
def test_a_parameter_that_is_not_read_is_a_warning(wire: Any, warnings: Warnings, name: Any, hint: str) -> None:
    for path in (SERVICES, SERVICE):
        answer = wire.post(path, {name: "x"})

        assert (answer.json["friendly_name"], warnings()) == (None, [f"parameter {name!r} was not read{hint}"])


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"identity": "x"}, ["parameter 'identity' was not read; did you mean 'Identity'? (names are case-sensitive)"]),
        ({"Tags": "x"}, ["parameter 'Tags' was not read; did you mean 'Tag'? (names are case-sensitive)"]),
        ({"tag[]": "x"}, ["parameter 'tag[]' was not read; did you mean 'Tag'? (names are case-sensitive)"]),
        ({"BindingType": "sms", "PageSize": 9, "Page": 0}, ["parameter 'BindingType' was not read"]),
        ({"StartDate": ["2022-06-10"] * 2}, ["parameter 'StartDate' was sent 2 times, only the first was read"]),
        ({"Tag": ["sms", "all"], "Identity": ["alice", "bob"]}, []),
    ],
)
def test_a_filter_that_is_not_read_is_a_warning(wire: Any, warnings: Warnings, query: Any, expected: list[str]) -> None:
    wire.post(BINDINGS, form())

    assert (len(wire.get(BINDINGS, query).json["bindings"]), warnings()) == (1, expected)


def test_lower_case_names_are_a_missing_parameter_with_a_hint(wire: Any, warnings: Warnings) -> None:
    answer = wire.post(BINDINGS, {"identity": "alice", "binding_type": "sms", "address": "1", "tags": "x"})

    hint = "parameter '{}' was not read; did you mean '{}'? (names are case-sensitive)"
    assert answer.refusal == missing("Identity")
    assert warnings() == [
        hint.format("identity", "Identity"),
        hint.format("binding_type", "BindingType"),
        hint.format("address", "Address"),
        hint.format("tags", "Tag"),
    ]


def test_the_form_of_a_get_is_not_read(wire: Any, warnings: Warnings) -> None:
    wire.post(BINDINGS, form())

    answer = wire.send("GET", f"{BINDINGS}?Tag=sms", "Tag=nothing&Identity=nobody", FORM)

    assert len(answer.json["bindings"]) == 1
    assert warnings() == ["the body of a GET is not read; parameters belong into the query"]


def test_the_query_of_a_post_is_not_read(wire: Any, warnings: Warnings) -> None:
    answer = wire.send("POST", f"{SERVICES}?FriendlyName=x&Type=y", "LogEnabled=false", FORM)

    assert (answer.status, answer.json["friendly_name"], answer.json["log_enabled"]) == (201, None, False)
    assert warnings() == ["the query of a POST is not read: FriendlyName, Type"]


def test_of_a_doubled_parameter_the_first_counts(wire: Any, warnings: Warnings) -> None:
    answer = wire.post(BINDINGS, form(Identity=["alice", "bob"], Tag=["a", "b"]))

    assert (answer.json["identity"], answer.json["tags"]) == ("alice", ["a", "b"])
    assert warnings() == ["parameter 'Identity' was sent 2 times, only the first was read"]


def test_of_a_doubled_parameter_the_first_counts_even_if_it_is_empty(wire: Any) -> None:
    assert wire.post(BINDINGS, form(Identity=["", "bob"])).refusal == missing("Identity")


# bytes


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (b"FriendlyName=%FF%FE", "\ufffd\ufffd"),
        (b"FriendlyName=%C3%A9\xff", "é\ufffd"),
        ("FriendlyName=é".encode(), "é"),
        (b"FriendlyName=a%00b", "a\x00b"),
        (b"FriendlyName=%ED%A0%80", "\ufffd\ufffd\ufffd"),
        (b"FriendlyName=a+b%20c%2Bd", "a b c+d"),
        (b"FriendlyName=a;LogEnabled=false", "a;LogEnabled=false"),
        (b"FriendlyName=a=b==", "a=b=="),
        (b"FriendlyName=%zz", "%zz"),
        (b"&&FriendlyName=x&&", "x"),
        (b"FriendlyName", None),
        (b"=&=x", None),
        (b"Friendly%4Eame=x", "x"),
    ],
)
def test_a_form_is_decoded_whatever_its_bytes(wire: Any, body: Any, name: Any) -> None:
    answer = wire.send("POST", SERVICES, body, FORM)

    assert (answer.status, answer.json["friendly_name"]) == (201, name)
    assert wire.get(answer.json["url"]).body == answer.body


@pytest.mark.parametrize("query", ["FriendlyName=%FF", "FriendlyName=%00", "%FF=%FE", "%"])
def test_a_query_is_decoded_whatever_its_bytes(wire: Any, query: Any) -> None:
    answer = wire.get(f"{SERVICES}?{query}")

    assert answer.status == 200
    assert wire.get(answer.json["meta"]["url"]).body == answer.body


@pytest.mark.parametrize("sid", ["%FF", "%00", "%0d%0aX:%20y", "%", "%2e%2e", "a:b@c"])
def test_a_path_is_decoded_whatever_its_bytes(wire: Any, sid: str) -> None:
    assert wire.get(f"{SERVICES}/{sid}").refusal == not_found(f"/Services/{sid}")


def test_ten_thousand_parameters_are_read(wire: Any, fake: FakeNotify) -> None:
    few = [("Identity", "alice"), ("BindingType", "sms"), ("Address", "1")]
    tags = [("Tag", "vip")] * 10_000
    unknown = [(f"Nam{at}", "x") for at in range(10_000)]

    assert wire.post(BINDINGS, few + tags).json["tags"] == ["vip"]
    assert wire.post(BINDINGS, unknown + few).status == 201
    assert wire.post(BINDINGS, unknown).refusal == missing("Identity")
    assert len(wire.get(BINDINGS, [("Identity", f"nobody{at}") for at in range(3000)] + few[:1]).json["bindings"]) == 1


def test_a_refused_request_is_journaled_like_any_other(wire: Any, fake: FakeNotify) -> None:
    wire.post(BINDINGS, {"Identity": "alice", "Tag": "vip"})

    request = fake.requests.last
    assert (request.operation, request.method, request.path, request.params) == (
        "bindings.create",
        "POST",
        BINDINGS,
        {"Identity": "alice", "Tag": ["vip"]},
    )
    assert (request.status, request.code, request.message) == missing("BindingType")
    assert request.body == {
        "code": 20001,
        "message": "Missing required parameter BindingType in the post body",
        "more_info": "https://www.twilio.com/docs/errors/20001",
        "status": 400,
    }


@pytest.mark.parametrize(("accept", "status", "location"), [("text/html,*/*", 302, "/_fake/"), ("*/*", 401, None)])
def test_a_browser_that_asks_for_the_root_is_sent_to_the_inspector(
    fake_notify: FakeNotify, accept: str, status: int, location: str | None
) -> None:
    answer = requests.get(f"{fake_notify.url}/", headers={"Accept": accept}, allow_redirects=False, timeout=5)

    assert (answer.status_code, answer.headers.get("Location")) == (status, location)
