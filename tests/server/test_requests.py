"""Malformed requests are refused in HTTP, and all others arrive as they were sent."""

from __future__ import annotations

from urllib.parse import parse_qsl

from hypothesis import given
from hypothesis import strategies as st
from raw_http import AUTH, FORM, echoed, get, post
from reliability import fuzz

from fakenotify.server.wsgi import parse_form


def test_a_malformed_request_line_is_refused_and_closes_the_connection(echoing, dial) -> None:
    expected = {
        "GET": 400,
        "GET / HTTP/1.x": 400,
        "GET / FTP/1.1": 400,
        "GET / two HTTP/1.1": 400,
        "GET / HTTP/2.0": 505,
        "GET http://[::1/ HTTP/1.1": 400,
        "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03": 400,
        f"GET /{'x' * 70_000} HTTP/1.1": 414,
    }
    assert {line: dial(echoing).refusal(f"{line}\r\nHost: localhost\r\n\r\n") for line in expected} == expected


def test_an_empty_line_before_a_request_is_passed_over(dialled) -> None:
    assert dialled.ask("\r\n" + get("/after")).json == echoed("", "GET", "/after")


def test_too_many_or_too_long_headers_are_431_and_close_the_connection(echoing, dial) -> None:
    for headers in ("".join(f"X-{number}: x\r\n" for number in range(200)), "X: " + "x" * 70_000 + "\r\n"):
        assert dial(echoing).refusal(get(headers=headers + "Y: y\r\n")) == 431


def test_a_malformed_header_is_400_and_closes_the_connection(echoing, dial) -> None:
    """Read as anything else, it would hide the headers below it, and the body would pass for a request."""
    for line in ("no colon", "Space : before", "\x00: x", "\xe9: x", ": nameless", " folded: first"):
        assert dial(echoing).refusal(f"POST / HTTP/1.1\r\n{line}\r\nContent-Length: 3\r\n\r\nabc") == 400, line


def test_the_target_is_what_was_asked(dialled) -> None:
    expected = {
        "/a/b?c=d": "/a/b?c=d",
        "//v1/Services": "//v1/Services",
        "//[": "//[",
        "/a//b/../c/": "/a//b/../c/",
        "/%2F%00%": "/%2F%00%",
        "/\x00\x7f": "/%00%7F",
        "/zo\xc3\xab?q=\xc3\xab": "/zo%C3%AB?q=%C3%AB",
        "/\xff\xfe": "/%FF%FE",
        "http://notify.twilio.com/v1": "http://notify.twilio.com/v1",
        "*": "*",
    }
    assert {target: dialled.ask(get(target)).json["target"] for target in expected} == expected


def test_a_query_in_plain_utf_8_is_understood(account) -> None:
    account.ask(post("FriendlyName=zo%C3%AB", "/v1/Services", AUTH + FORM))
    answer = account.ask(get("/v1/Services?FriendlyName=zo\xc3\xab", AUTH))
    assert [each["friendly_name"] for each in answer.json["services"]] == ["zoë"]


def test_an_absolute_target_is_a_path_on_its_host(account) -> None:
    answer = account.ask(get("http://notify.twilio.com/v1/Services", AUTH))
    assert (answer.status, answer.json["meta"]["url"]) == (
        200,
        "http://notify.twilio.com/v1/Services?PageSize=50&Page=0",
    )


def test_bytes_that_are_not_text_are_accepted(account) -> None:
    names = "FriendlyName=\x00\xff%00%ff&%ff=%ff"
    expected = {
        get("/v1/Services/\x00", AUTH): 404,
        get("/v1/Services/%00%ff", AUTH): 404,
        get("/v1/Services/\xff\xfe", AUTH): 404,
        get(f"/v1/Services?{names}", AUTH): 200,
        post(f"{names}&&==", "/v1/Services", AUTH + FORM): 201,
        get("/v1/Services", "X: \x00\xff\xfe\r\n" + AUTH): 200,
        get("/v1/Services", "Authorization: Basic \x00\xff\r\n"): 401,
        get("/v1/Services", "Authorization: Basic /////w==\r\n"): 401,
        get("/v1/Services", "Authorization: \r\n"): 401,
        post("FriendlyName=x", "/v1/Services", AUTH + "Content-Type: \x00\xff;\r\n"): 201,
    }
    assert {each: account.ask(each).status for each in expected} == expected


def test_noise_is_answered_in_http_and_breaks_nothing() -> None:
    """A longer run is ``python -m tests.reliability fuzz``."""
    figure = fuzz.prove(600)
    assert (figure.tried, figure.failures) == (600, [])


@given(st.text(alphabet="ab=&+%2C3é\udcff;", max_size=30))
def test_a_form_is_read_as_the_standard_library_reads_it(text) -> None:
    text = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    expected: dict[str, list[str]] = {}
    for name, value in parse_qsl(text, keep_blank_values=True, errors="replace"):
        expected.setdefault(name, []).append(value)
    assert parse_form(text) == expected
