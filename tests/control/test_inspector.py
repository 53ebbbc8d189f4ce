"""The inspector: what the page says without JavaScript, what it never says, and, in a real Chromium, that it lives."""

from __future__ import annotations

import http.client
import json
import os
import re
import select
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from html.parser import HTMLParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from threading import Thread
from time import monotonic, perf_counter
from typing import Any, Protocol

import pytest
import requests

from fakenotify import FakeNotify, Fault
from fakenotify.control.app import Ask
from fakenotify.control.page.inspector import POLICY
from fakenotify.control.page.lens import Lens
from fakenotify.control.page.outbox import OF_DELIVERY
from fakenotify.control.page.unreached import unreached
from fakenotify.notify.records import Service

MESSAGING = "MG" + "3f" * 16
TOKEN = "a7c6" * 16
OTHER_SID = "AC" + "b" * 32
VOID = {"br", "hr", "img", "input", "link", "meta"}
PARTS = ("notifications", "requests", "alerts", "callbacks", "services", "controls")
FILES = ("", "inspector", "inspector.css", "inspector.js")


class Asking(Protocol):
    """The bare client of ``conftest``."""

    def get(self, target: str, query: Any = (), headers: Any = None) -> Any: ...

    def post(self, target: str, form: Any = (), headers: Any = None) -> Any: ...

    def send(self, method: str, target: str, body: Any = b"", headers: Any = None) -> Any: ...


class Page(HTMLParser):
    """A page taken apart; raises ``AssertionError`` where a browser would have to guess."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.source = text
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.headings: list[tuple[int, str]] = []
        self._open: list[str] = []
        self.unlabelled: list[dict[str, str | None]] = []
        self.feed(text)
        self.close()
        assert self._open == [], "every element is closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        assert len(attributes) == len(attrs), f"<{tag}> has an attribute twice"
        self.elements.append((tag, attributes))
        if tag in ("input", "select") and attributes.get("type") != "hidden" and "label" not in self._open:
            self.unlabelled.append(attributes)
        if re.fullmatch("h[1-6]", tag):
            self.headings.append((int(tag[1]), ""))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag, f"</{tag}> closes what is open"

    def handle_data(self, data: str) -> None:
        self.texts.append(data)
        if self.headings and any(re.fullmatch("h[1-6]", each) for each in self._open):
            level, text = self.headings[-1]
            self.headings[-1] = (level, text + data)

    @property
    def text(self) -> str:
        """What a person reads."""
        return "".join(self.texts)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    def links(self, containing: str) -> list[str]:
        return [each["href"] or "" for each in self.all("a") if containing in (each["href"] or "")]


Look = Callable[..., Page]


@pytest.fixture
def look(wire: Asking) -> Look:
    """Opens the inspector with a query."""

    def at(**query: str | int) -> Page:
        answer = wire.get("/_fake/", query)
        assert answer.status == 200, answer.body
        return Page(answer.body.decode())

    return at


@pytest.fixture
def bistro(fake_notify: FakeNotify) -> Service:
    """A Service that can send to every channel, with a device on each."""
    credentials = {
        kind: fake_notify.create_credential(kind, friendly_name=f"my {kind}").sid for kind in ("apn", "fcm", "gcm")
    }
    service = fake_notify.create_service(
        "Bistro Aurora",
        apn_credential_sid=credentials["apn"],
        fcm_credential_sid=credentials["fcm"],
        gcm_credential_sid=credentials["gcm"],
        messaging_service_sid=MESSAGING,
        facebook_messenger_page_id="20491",
        alexa_skill_id="amzn1.ask.skill.7",
    )
    for identity, kind, address, tags in (
        ("alice", "apn", TOKEN, ["vip", "lunch"]),
        ("bob", "fcm", "fR4kTq9s:APA91b", ["lunch"]),
        ("carol", "gcm", "APA91bGcm", []),
        ("dave", "sms", "+15005550006", ["vip"]),
        ("erin", "facebook-messenger", "1020304050", []),
        ("frank", "alexa", "amzn1.ask.account.AGF7", []),
    ):
        fake_notify.create_binding(service.sid, identity=identity, binding_type=kind, address=address, tags=tags)
    return service


def section(page: Page, name: str) -> str:
    """The source of one part of a page."""
    start = page.source.index(f'<section class="panel" id="{name}"')
    return page.source[start : page.source.index("</section>", start)]


# the page as a document


def test_the_page_is_well_formed_and_has_its_landmarks(look: Look, fake_notify: FakeNotify, bistro: Service) -> None:
    fake_notify.create_notification(bistro.sid, tags=["all"], title="Hi", body="there")

    page = look()

    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert page.source.startswith('<!doctype html>\n<html lang="en">')
    assert [len(page.all(name)) for name in ("main", "footer", "title")] == [1, 1, 1]
    assert [each["aria-label"] for each in page.all("nav")] == ["Views"]
    assert [each["id"] for each in page.all("section")] == [
        "notifications",
        "services",
        "requests",
        "alerts",
        "callbacks",
        "controls",
    ]
    assert all(each["aria-labelledby"] in ids for each in page.all("section"))
    assert [each for _, each in page.elements if each.get("role") == "search"]
    assert [each["id"] for _, each in page.elements if each.get("role") == "status"] == ["announcer"]
    assert page.all("a")[0] == {"href": "#main", "class": "skip"}


def test_headings_name_every_part_and_skip_no_level(
    look: Look, fake_notify: FakeNotify, bistro: Service, wire: Asking
) -> None:
    fake_notify.create_notification(bistro.sid, tags=["all"], title="Hi", body="there", data={"k": "v"})
    wire.post(f"/v1/Services/{bistro.sid}/Bindings", {"Identity": "zoe"})

    headings = look().headings

    assert headings[0] == (1, "fakenotify inspector")
    titles = [text for level, text in headings if level == 2]
    assert titles == ["Notifications", "Services and bindings", "Requests", "Alerts", "Delivery callbacks", "Controls"]
    levels = [level for level, _ in headings]
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_every_field_has_a_label(look: Look, fake_notify: FakeNotify) -> None:
    fake_notify.account(OTHER_SID)
    fake_notify.fail("bindings.*", status=429, optional=True)

    assert look().unlabelled == []


def test_the_page_brings_everything_itself_and_nothing_inline(
    look: Look, bistro: Service, fake_notify: FakeNotify
) -> None:
    fake_notify.create_notification(bistro.sid, tags=["all"], body="there")

    page = look()

    assert page.all("script") == [{"src": "/_fake/inspector.js"}]
    assert [each["href"] for each in page.all("link") if each["rel"] == "stylesheet"] == ["/_fake/inspector.css"]
    assert [each["href"][:5] for each in page.all("link") if each["rel"] == "icon"] == ["data:"]  # type: ignore[index]
    assert not page.all("style") + page.all("img") + page.all("iframe")
    for tag, attributes in page.elements:
        assert not [name for name in attributes if name.startswith("on") or name == "style"], tag
    for each in page.all("a"):
        assert re.match(r"(/_fake/|#main$|https://www\.twilio\.com/docs/errors/\d+$)", each["href"] or "")


# headers, and who is let in


@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        ("", "text/html; charset=utf-8"),
        ("inspector", "text/html; charset=utf-8"),
        ("inspector.css", "text/css; charset=utf-8"),
        ("inspector.js", "text/javascript; charset=utf-8"),
    ],
)
def test_headers_are_strict(wire: Asking, name: str, content_type: str) -> None:
    answer = wire.get(f"/_fake/{name}")

    headers = {name: value for name, value in answer.headers if name != "Date"}
    assert (answer.status, headers) == (
        200,
        {
            "Content-Type": content_type,
            "Content-Length": str(len(answer.body)),
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": POLICY,
            "Cross-Origin-Resource-Policy": "same-origin",
            "Referrer-Policy": "no-referrer",
        },
    )


def test_the_policy_lets_only_own_files_in() -> None:
    assert dict(each.split(" ", 1) for each in POLICY.split("; ")) == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "connect-src": "'self'",
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
    }


def test_static_files_are_those_of_the_package(wire: Asking) -> None:
    home = Path(__file__).parents[2] / "fakenotify" / "control" / "page"
    for name in ("inspector.css", "inspector.js"):
        assert wire.get(f"/_fake/{name}").body == (home / name).read_bytes()


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize(
    "headers",
    [{"Host": "evil.example"}, {"Host": "evil.example:80"}, {"Origin": "http://evil.example"}, {"Origin": "null"}],
)
def test_foreign_hosts_and_pages_are_kept_out(wire: Asking, name: str, headers: dict[str, str]) -> None:
    answer = wire.get(f"/_fake/{name}", headers=headers)

    assert (answer.status, answer.header("Content-Type")) == (403, "application/json")


@pytest.mark.parametrize("name", FILES)
def test_the_page_is_only_read(wire: Asking, name: str) -> None:
    assert wire.send("POST", f"/_fake/{name}", headers={"Content-Type": "application/json"}).status == 405


@pytest.mark.parametrize(
    "target",
    [
        "/_fake/../pyproject.toml",
        "/_fake/%2e%2e/pyproject.toml",
        "/_fake/inspector.css/../control.py",
        "/_fake/inspector.css%2f..%2fcontrol.py",
        "/_fake/inspector.py",
        "/_fake/inspector.js/",
        "/_fake//etc/passwd",
        "/_fake/./inspector.css",
    ],
)
def test_no_path_leads_to_another_file(wire: Asking, target: str) -> None:
    answer = wire.send("GET", target)

    assert (answer.status, b"import" in answer.body, b"root:" in answer.body) in (
        (404, False, False),
        (200, False, False),
    )
    assert answer.status == 404 or answer.header("Content-Type") == "text/javascript; charset=utf-8"


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ({"qq": "x"}, "/_fake/ has no query parameter 'qq'"),
        ({"view": "request"}, "there is no view 'request'; there are notifications, requests"),
        ({"part": "summary,alert"}, "the page has no part 'alert'; it has summary, notifications"),
        ({"page": "0"}, "page is a whole number from 1, not '0'"),
        ({"page": "²"}, "page is a whole number from 1, not '²'"),
        ({"page": "9" * 10}, "page is a whole number from 1, not '9999999999'"),
    ],
)
def test_what_can_not_be_shown_is_refused(wire: Asking, query: dict[str, str], told: str) -> None:
    answer = wire.get("/_fake/", query)

    assert answer.status == 400
    assert answer.json["error"].startswith(told)


def test_the_description_tells_of_the_pages(wire: Asking) -> None:
    paths = wire.get("/_fake/openapi.json").json["paths"]

    described = {
        path: list(paths[path]["get"]["responses"]["200"]["content"])
        for path in ("/_fake/inspector", "/_fake/inspector.css", "/_fake/inspector.js")
    }
    assert described == {
        "/_fake/inspector": ["text/html"],
        "/_fake/inspector.css": ["text/css"],
        "/_fake/inspector.js": ["text/javascript"],
    }
    names = [each["name"] for each in paths["/_fake/inspector"]["get"]["parameters"]]
    assert names == ["account_sid", "q", "identity", "status", "view", "page", "notification", "service", "part"]


# what a client sent never becomes part of the page


def evil(name: str) -> str:
    """A text that is an element, breaks out of attributes and of JSON, and says which field it was."""
    return f"<x-{name} a='\"'>&{name}</x-{name}>"


EVIL = (
    "identity",
    "tag",
    "address",
    "service",
    "title",
    "body",
    "sound",
    "action",
    "key",
    "value",
    "override",
    "media",
    "callback",
    "path",
    "parameter",
    "credential",
    "page",
    "skill",
    "version",
    "segment",
    "fault",
    "outcome",
    "alert",
    "error",
    "answer",
    "warning",
)


@pytest.mark.filterwarnings("ignore:fakenotify")
def test_nothing_that_was_sent_is_taken_for_html(look: Look, fake_notify: FakeNotify, wire: Asking) -> None:
    credential = fake_notify.create_credential("apn", friendly_name=evil("credential"))
    service = fake_notify.create_service(
        evil("service"),
        apn_credential_sid=credential.sid,
        messaging_service_sid=MESSAGING,
        facebook_messenger_page_id=evil("page"),
        alexa_skill_id=evil("skill"),
        default_apn_notification_protocol_version=evil("version"),
        delivery_callback_url=evil("callback"),
    )
    for kind in ("apn", "fcm", "gcm", "sms", "facebook-messenger", "alexa"):
        fake_notify.create_binding(
            service.sid,
            identity=evil("identity"),
            binding_type=kind,
            address=evil("address") + kind,
            tags=[evil("tag")],
        )
    fake_notify.create_user(service.sid, identity="someone", segments=[evil("segment")])
    fake_notify.fail("services.find", Fault.http(503, message=evil("fault")))
    wire.send("GET", f"/v1/{evil('path').replace(' ', '/')}")
    wire.post(f"/v1/Services/{service.sid}/Bindings", {evil("parameter"): evil("value"), "Identity": evil("identity")})
    wire.get("/v1/Services")
    wire.get("/v1/Services", {evil("warning"): "1"})
    wire.post(
        f"/v1/Services/{service.sid}/Notifications",
        {
            "Tag": evil("tag"),
            "Identity": evil("identity"),
            "Title": evil("title"),
            "Body": evil("body"),
            "Sound": evil("sound"),
            "Action": evil("action"),
            "Data": json.dumps({evil("key"): evil("value")}),
            "Apn": json.dumps({"aps": {"badge": evil("override"), "alert": {"title": evil("title")}}}),
            "Sms": json.dumps({"media_urls": [evil("media")]}),
            "DeliveryCallbackUrl": evil("callback"),
        },
    )
    wire.post(f"/v1/Services/{service.sid}/Notifications", {"Tag": evil("tag"), "Segment": evil("segment")})
    assert fake_notify.wait_for(lambda: all(each.attempts for each in fake_notify.callbacks))
    state = wire.get("/_fake/state").json
    account = state["accounts"][fake_notify.account_sid]
    account["alerts"][0]["text"] = evil("alert")
    account["callbacks"][0]["attempts"][0] |= {"error": evil("error"), "body": evil("answer"), "status": None}
    put = wire.send("PUT", "/_fake/state", json.dumps(state), {"Content-Type": "application/json"})
    assert put.status == 200, put.body

    fake_notify.fail_delivery(52141, identity=evil("outcome"), address=evil("outcome"))

    views: list[dict[str, str]] = [{}, *[{"view": name} for name in PARTS]]
    views += [{"service": service.sid}, {"notification": fake_notify.notifications[0].sid}]
    pages = [look(**view) for view in views]

    for page in pages:
        assert not [tag for tag, _ in page.elements if tag.startswith("x-")]
        assert not [name for _, attributes in page.elements for name in attributes if "x-" in name]
    seen = "".join(page.text for page in pages).replace("\\", "")
    assert [name for name in EVIL if f"<x-{name}" not in seen and name != "path"] == []
    assert "<x-path/a='\"'>&path" in seen


@pytest.mark.parametrize("name", ["q", "identity", "status", "service", "notification"])
def test_what_is_searched_for_is_not_taken_for_html(
    look: Look, fake_notify: FakeNotify, name: str, bistro: Service
) -> None:
    fake_notify.create_notification(bistro.sid, tags=["all"], body="there")

    page = look(**{name: evil("query")})

    assert not [tag for tag, _ in page.elements if tag.startswith("x-")]
    assert "&lt;x-query a=&#x27;&quot;&#x27;&gt;" in page.source


@pytest.mark.parametrize("header", ["Host", "X-Forwarded-Host", "X-Forwarded-Proto"])
def test_the_host_that_was_asked_is_not_taken_for_html(wire: Asking, header: str) -> None:
    page = Page(wire.get("/_fake/", headers={header: f"127.0.0.1:{evil('host').replace(',', '')}"}).body.decode())

    assert not [tag for tag, _ in page.elements if tag.startswith("x-")]
    assert "&lt;x-host" in page.source


def test_control_characters_are_shown_and_lone_surrogates_spelled(
    look: Look, fake_notify: FakeNotify, bistro: Service, wire: Asking
) -> None:
    fake_notify.create_binding(bistro.sid, identity="a\x00b\x1b[31m", binding_type="sms", address="+15005550099")
    wire.post(
        f"/v1/Services/{bistro.sid}/Notifications",
        {"Identity": "dave", "Body": "x", "Data": '{"half": "\\ud800"}', "Apn": '{"\\udfff": 1}'},
    )

    page = look()

    assert "a␀b␛[31m" in page.text
    assert "\\ud800" in page.text
    assert "\x1b" not in page.source


def test_a_world_that_was_loaded_may_hold_anything(
    look: Look, fake_notify: FakeNotify, bistro: Service, wire: Asking
) -> None:
    """Unknown types, unknown codes, deep nesting and half surrogates come in by PUT /_fake/state."""
    fake_notify.create_notification(bistro.sid, tags=["all"], body="there")
    state = wire.get("/_fake/state").json
    account = state["accounts"][fake_notify.account_sid]
    nested: Any = "bottom"
    for _ in range(600):
        nested = [nested]
    account["deliveries"][0] |= {"binding_type": "pigeon", "payload": {"deep": nested}}
    account["deliveries"][1] |= {"status": "FAILED", "error_code": None}
    account["deliveries"][2] |= {"status": "FAILED", "error_code": 99999, "error_message": "of our own"}
    account["deliveries"][3] |= {
        "identity": "\ud800",
        "notification_sid": "\udfff",
        "payload": {"Body": 7, "MediaUrl": 8},
    }
    account["deliveries"][4] |= {"payload": {"message": {"attachment": {"type": "image"}}}}
    account["alerts"].append(
        {
            "code": 99999,
            "level": "WARNING",
            "text": "of our own",
            "notification_sid": None,
            "service_sid": None,
            "account_sid": fake_notify.account_sid,
            "binding_sid": None,
            "binding_type": "pigeon",
            "date_created": "2020-01-02T03:04:05Z",
        }
    )
    put = wire.send("PUT", "/_fake/state", json.dumps(state), {"Content-Type": "application/json"})
    assert put.status == 200, put.body

    page = look()

    assert "Nobody here knows this type of device." in page.text
    assert "(clipped; it stands whole in the control API's JSON)" in page.text
    assert "an attachment" in page.text
    assert "2020-01-02 03:04:05" in page.text
    assert "its Service was deleted" in page.text
    assert look(q="bottom").elements
    assert look(identity="\ufffd").elements


def test_a_payload_too_deep_to_be_searched_is_not_found(fake_notify: FakeNotify, bistro: Service) -> None:
    nested: list[Any] = []
    for _ in range(100_000):
        nested = [nested]
    fake_notify.create_notification(bistro.sid, identities=["dave"], body="Hi")
    delivery = replace(fake_notify.deliveries.last, payload={"deep": nested})

    assert list(OF_DELIVERY.texts(delivery))[-1] == ""


def test_auth_tokens_are_never_shown(look: Look, fake_notify: FakeNotify) -> None:
    fake_notify.account(OTHER_SID, "my-real-token")

    assert "my-real-token" not in look().source + look(account_sid=OTHER_SID).source
    assert f"curl -u {OTHER_SID}:YOUR_AUTH_TOKEN" in look(account_sid=OTHER_SID).text


# an empty world


def test_an_empty_world_says_what_to_do_next(look: Look, fake_notify: FakeNotify) -> None:
    line = f"curl -u {fake_notify.account_sid}:{fake_notify.auth_token} {fake_notify.url}/v1/Services"
    assert "This world is empty." in look().text
    assert line in look().text

    service = fake_notify.create_service(messaging_service_sid=MESSAGING)
    assert f"{line}/{service.sid}/Bindings \\\n  --data-urlencode Identity=alice" in look().text
    assert "Nothing was sent yet." in look().text

    fake_notify.create_binding(service.sid, identity="o'hara", binding_type="sms", address="+15005550006")
    assert f"{line}/{service.sid}/Notifications \\\n  --data-urlencode 'Identity=o'\"'\"'hara'" in look().text

    fake_notify.create_notification(service.sid, identities=["o'hara"], body="Hi")
    assert "curl -u" not in look().text


def test_every_part_says_when_there_is_nothing(look: Look) -> None:
    text = look().text

    for words in (
        "Nothing was sent yet.",
        "Nobody has asked anything yet.",
        "No alerts.",
        "No callbacks:",
        "No Service yet.",
        "Every request is answered as Notify would.",
        "Providers take what is right.",
    ):
        assert words in text


# notifications and what is seen of them


@pytest.mark.parametrize(
    ("identity", "device", "seen"),
    [
        ("alice", "device ios", ["Your table", "Ask for Marie", "sound chime.aiff", "category RSVP", "apns-priority"]),
        (
            "bob",
            "device android",
            ["Your table", "Ask for Marie", "A data message: the system shows nothing by itself"],
        ),
        ("carol", "device android", ["Your table", "action RSVP", "priority high"]),
        ("dave", "device sms", ["Ask for Marie", "MG3f3f3f…3f3f"]),
        ("erin", "device messenger", ["Ask for Marie", "Bistro Aurora"]),
        ("frank", "device alexa", ["Your table", "Ask for Marie"]),
    ],
)
def test_each_device_is_drawn_with_what_it_shows(
    look: Look, fake_notify: FakeNotify, bistro: Service, identity: str, device: str, seen: list[str]
) -> None:
    fake_notify.create_notification(
        bistro.sid, identities=[identity], title="Your table", body="Ask for Marie", sound="chime.aiff", action="RSVP"
    )

    page = look(view="notifications")

    assert [each["class"] for each in page.all("figure")] == [device]
    for words in seen:
        assert words in page.text
    payload = json.dumps(fake_notify.deliveries.last.payload, indent=2, ensure_ascii=False)
    assert payload in page.text


@pytest.mark.parametrize(
    ("identity", "fields", "seen"),
    [
        (
            "alice",
            {"apn": {"aps": {"content-available": 1, "badge": 3}}},
            ["Nothing appears: there is no alert", "badge 3"],
        ),
        ("bob", {"data": {"k": "v"}}, ["A data message: nothing appears unless the app shows it."]),
        ("bob", {"fcm": {"notification": {"title": "Up", "body": "Down"}}}, ["Up", "Down"]),
        ("bob", {"fcm": {"message": {"notification": {"body": "Nested"}}}}, ["Nested"]),
        ("dave", {"sms": {"media_urls": ["https://x.example/a.png"]}}, ["attached https://x.example/a.png"]),
        ("dave", {"data": {"k": "v"}}, ["No text.", "Would have shown".lower()]),
        (
            "erin",
            {
                "facebook_messenger": {
                    "message": {"attachment": {"type": "image", "payload": {"url": "https://x.example/b"}}}
                }
            },
            ["attached https://x.example/b"],
        ),
        ("frank", {"data": {"k": "v"}}, ["nothing to hear", "Nothing is said or shown."]),
    ],
)
def test_what_is_not_a_plain_text_is_drawn_as_what_it_is(
    look: Look, fake_notify: FakeNotify, bistro: Service, identity: str, fields: dict[str, Any], seen: list[str]
) -> None:
    fake_notify.create_notification(bistro.sid, identities=[identity], **fields)

    text = look().text

    for words in seen:
        assert words in text


def test_devices_that_look_the_same_are_drawn_once(look: Look, fake_notify: FakeNotify, bistro: Service) -> None:
    for number in range(4):
        fake_notify.create_binding(
            bistro.sid, identity=f"guest-{number}", binding_type="sms", address=f"+1500555100{number}", tags=["guest"]
        )
    fake_notify.create_notification(bistro.sid, tags=["guest"], body="Welcome")

    page = look(view="notifications")

    assert [each["class"] for each in page.all("figure")] == ["device sms"]
    assert [
        name for name in ("guest-0", "guest-1", "guest-2", "guest-3") if name in section(page, "notifications")
    ] == [
        "guest-0",
        "guest-1",
        "guest-2",
        "guest-3",
    ]


def test_a_failed_delivery_comes_first_with_its_code_and_title(
    look: Look, fake_notify: FakeNotify, bistro: Service
) -> None:
    fake_notify.fail_delivery(52181, identity="dave")
    fake_notify.create_notification(bistro.sid, tags=["vip"], body="Hi")

    page = look()

    assert [each["class"] for each in page.all("figure")] == ["device failed sms", "device ios"]
    assert "1 sent1 failed" in page.text
    assert len(page.links("https://www.twilio.com/docs/errors/52181")) == 2
    assert "52181 SMS" in page.text or "52181 " in page.text


def test_a_failure_that_says_more_than_its_title_says_both(
    look: Look, fake_notify: FakeNotify, bistro: Service
) -> None:
    fake_notify.create_notification(bistro.sid, to_binding=[{"binding_type": "sms", "address": "12"}], body="Hi")

    text = look().text

    assert "52001 Invalid destination binding" in text
    assert "Invalid sms binding with address '12' sid 'null'" in text
    assert "FAILEDdirect12" in text
    assert "ToBinding x 1" in text


def test_every_binding_that_got_nothing_has_its_reason(look: Look, fake_notify: FakeNotify, bistro: Service) -> None:
    fake_notify.create_notification(bistro.sid, tags=["vip"], body="Hi")

    text = look().text

    assert "4 bindings did not get it" in text
    for identity in ("bob", "carol", "erin", "frank"):
        assert re.search(f"{identity}[^']*lacks tag 'vip'", text)


def test_a_notification_that_reached_nobody_has_its_alert(look: Look, fake_notify: FakeNotify, bistro: Service) -> None:
    fake_notify.create_notification(bistro.sid, identities=["nobody"], body="Hi")

    page = look()

    assert "no deliveries" in page.text
    assert section(page, "notifications").count("/docs/errors/52301") == 1
    assert "52301 Resulted destination list" in page.text


def test_one_notification_is_shown_at_length(look: Look, fake_notify: FakeNotify, bistro: Service) -> None:
    fake_notify.create_notification(bistro.sid, identities=["alice"], body="First", data={"k": "v"}, ttl=60)
    fake_notify.create_notification(bistro.sid, identities=["dave"], body="Second")

    page = look(notification=fake_notify.notifications[0].sid)

    assert ("First" in page.text, "Second" in page.text) == (True, False)
    assert page.source.count("<details open") == 2  # the payload, and who did not get it
    assert "Ttl60 s" in page.text
    assert page.links("/_fake/?view=notifications")
    assert "There is no notification NTx." in look(notification="NTx").text


def test_deliveries_outlive_their_service(look: Look, fake_notify: FakeNotify, bistro: Service, wire: Asking) -> None:
    fake_notify.create_notification(bistro.sid, identities=["alice"], body="Hi")
    wire.send("DELETE", f"/v1/Services/{bistro.sid}")

    page = look()

    assert "its Service was deleted" in page.text
    assert [each["class"] for each in page.all("figure")] == ["device ios"]
    assert "Your app" in page.text


def test_a_service_that_goes_while_the_page_is_made_leaves_no_trace(fake_notify: FakeNotify) -> None:
    lens = Lens(fake_notify.world, Ask({}, None))

    assert unreached(lens, fake_notify.world.accounts.default, "NT" + "0" * 32) is None


def test_a_service_without_other_bindings_has_nobody_left_out(look: Look, fake_notify: FakeNotify) -> None:
    service = fake_notify.create_service()
    fake_notify.create_notification(
        service.sid, to_binding=[{"binding_type": "sms", "address": "+15005550006"}], body="x"
    )

    page = look()

    assert "did not get it" not in page.text
    assert "(no name)" in page.text


# requests, alerts, callbacks, services


@pytest.mark.filterwarnings("ignore:fakenotify")
def test_a_request_is_shown_with_code_warnings_and_fault(
    look: Look, fake_notify: FakeNotify, bistro: Service, wire: Asking
) -> None:
    fake_notify.fail("bindings.create", status=429, times=1)
    bindings = f"/v1/Services/{bistro.sid}/Bindings"
    wire.post(bindings, {"Identity": "zoe", "BindingType": "sms", "Address": "+15005550007", "Tag": ["a", "b"]})
    wire.post(bindings, {"identity": "zoe"})
    wire.get("/v2/Services")

    text = look(view="requests").text

    assert "429bindings.createIdentity=zoe, BindingType=sms, Address=+15005550007, Tag=a b" in text
    assert "20429 Too Many Requests" in text
    assert "fault http(status=429) before" in text
    assert "did you mean 'Identity'?" in text
    assert "404no such routeGET /v2/Services" in text


def test_a_request_without_an_answer_is_shown(look: Look, fake_notify: FakeNotify, wire: Asking) -> None:
    fake_notify.fail("services.find", Fault.empty_reply(), times=1)
    with pytest.raises((http.client.BadStatusLine, ConnectionError)):
        wire.get("/v1/Services")

    assert "noneservices.find" in look().text
    assert "noneservices.find" in look(status="no answer").text


def test_what_the_journal_has_dropped_is_told(look: Look, fake_notify: FakeNotify, wire: Asking) -> None:
    wire.get("/v1/Services")
    fake_notify.world.journal.total += 1_234

    assert "1,234 older requests are no longer held." in look().text


@pytest.mark.parametrize("table", ["alerts", "callbacks"])
def test_what_an_account_has_dropped_is_told(look: Look, fake_notify: FakeNotify, bistro: Service, table: str) -> None:
    told = f"1,234 older {table} are no longer held."
    assert told not in look().text
    getattr(fake_notify._state, table).dropped += 1_234
    assert told in look().text


def test_large_values_are_clipped(look: Look, fake_notify: FakeNotify, bistro: Service, wire: Asking) -> None:
    wire.post(f"/v1/Services/{bistro.sid}/Notifications", {"Identity": "dave", "Body": "x" * 500_000})

    page = look()

    assert len(page.source) < 100_000
    assert "more characters)" in page.text
    assert "… (clipped; it stands whole in the control API's JSON)" in page.text


@pytest.fixture
def receiver() -> Iterator[str]:
    """The URL of something that takes callbacks: it answers 500, then 204."""

    class Answering(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            answers.append(500 if not answers else 204)
            self.send_response(answers[-1])
            body = b"busy" if answers[-1] == 500 else b""
            if body:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    answers: list[int] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/hook"
    server.shutdown()
    server.server_close()
    thread.join()


def test_callbacks_are_shown_with_their_attempts(
    look: Look, fake_notify: FakeNotify, bistro: Service, receiver: str
) -> None:
    for body in ("One", "Two"):
        fake_notify.create_notification(bistro.sid, tags=["vip"], body=body, delivery_callback_url=receiver)
        assert fake_notify.wait_for(lambda: fake_notify.callbacks.last.attempts)

    text = look(view="callbacks").text

    assert f"DELIVERED{receiver}batch 0, final, 2 deliveries" in text
    assert f"FAILED{receiver}batch 0, final, 2 deliveries" in text
    assert "answered 500busy" in text
    assert "answered 204" in text
    assert fake_notify.callbacks.last.signature in text
    assert '"NotificationSid": "NT' in text
    assert "52311" in look(view="alerts").text


def test_a_callback_that_waits_has_no_attempt_yet(look: Look, open_fake: Any, wire_of: Any) -> None:
    fake = open_fake(callback_delivery="manual")
    service = fake.create_service(messaging_service_sid=MESSAGING)
    deliveries = [{"binding_type": "sms", "address": f"+1500555{number:04}"} for number in range(8)]
    fake.create_notification(service.sid, to_binding=deliveries, body="x", delivery_callback_url="http://x.example")

    text = Page(wire_of(fake).get("/_fake/").body.decode()).text

    assert "PENDINGhttp://x.examplebatch 0, final, 8 deliveries" in text
    assert "No attempt yet." in text
    assert "… and 3 more" in text


def test_alerts_lead_to_their_notification(look: Look, fake_notify: FakeNotify, bistro: Service) -> None:
    fake_notify.fail_delivery(52141, identity="alice")
    fake_notify.create_notification(bistro.sid, identities=["alice"], body="Hi")

    page = look(view="alerts")

    assert "error52141 The provided APNs device token has been unregistered" in page.text
    assert page.links(f"/_fake/?notification={fake_notify.notifications.last.sid}")


def test_services_are_shown_with_settings_bindings_and_credentials(
    look: Look, fake_notify: FakeNotify, bistro: Service
) -> None:
    fake_notify.create_user(bistro.sid, identity="gina", segments=["regulars"])
    fake_notify.create_service(delivery_callback_url="http://x.example/off")

    page = look(view="services")

    assert "6 bindings" in page.text
    assert "3 credentials" in page.text
    assert "Messenger page20491" in page.text
    assert "Segmentsregulars" in page.text
    assert "http://x.example/off (not enabled)" in page.text
    assert "No bindings." in page.text
    assert f"alice APNs {TOKEN[:14]}…{TOKEN[-8:]} vip lunch".replace(" ", "") in page.text.replace(" ", "")
    assert len(page.all("table")) == 1


def test_one_service_is_shown_with_all_its_bindings(look: Look, fake_notify: FakeNotify, bistro: Service) -> None:
    for number in range(120):
        fake_notify.create_binding(
            bistro.sid, identity=f"guest-{number}", binding_type="sms", address=f"+1500777{number:04}"
        )

    assert page_links(look(), "Show all 126") == [f"/_fake/?service={bistro.sid}"]
    first, second = look(service=bistro.sid), look(service=bistro.sid, page=2)

    assert ("guest-93" in first.text, "guest-94" in first.text) == (True, False)
    assert ("guest-93" in second.text, "guest-119" in second.text) == (False, True)
    assert page_links(first, "Next") == [f"/_fake/?service={bistro.sid}&page=2"]
    assert page_links(second, "Previous") == [f"/_fake/?service={bistro.sid}&page=1"]
    assert "There is no service ISx." in look(service="ISx").text


def page_links(page: Page, words: str) -> list[str]:
    """Where the links with these words lead."""
    found = re.findall(r'<a href="([^"]*)"[^>]*>([^<]*)</a>', page.source)
    return [address.replace("&amp;", "&") for address, text in found if words in text]


# what can be changed


def test_clock_faults_outcomes_and_switches_are_shown(look: Look, fake_notify: FakeNotify) -> None:
    fake_notify.clock.freeze("2027-10-31T00:00:00Z")
    fake_notify.fail("bindings.*", status=429, times=2, account=fake_notify.account_sid, optional=True)
    fake_notify.fail_delivery(52141, identity="alice", times=3)
    fake_notify.fail_delivery(52103)

    page = look(view="controls")

    assert "frozen 2027-10-31 00:00:00" in page.text
    assert "activebindings.* http(status=429) before, 2× · fired 0×" in page.text
    assert "52141The provided APNs device token has been unregistered: identity alice, 3 more · used 0×" in page.text
    assert "all deliveries, always" in page.text
    assert {"/_fake/clock", "/_fake/faults", "/_fake/outcomes", "/_fake/behaviour"} <= {
        each["data-path"] for each in page.all("form") if "data-path" in each
    }
    names = {each.get("name") for _, each in page.elements}
    assert set(fake_notify.behaviour.to_json()) <= names
    assert all("disabled" in each for each in page.all("button") if "data-path" in each)
    assert page.all("noscript")


def test_a_switch_shows_the_value_in_force(look: Look, fake_notify: FakeNotify, wire: Asking) -> None:
    changes = {
        "identity_limit": "evict_oldest",
        "callback_retries": 4,
        "legacy_resources": False,
        "unknown_accounts": None,
    }
    sent = wire.send("PATCH", "/_fake/behaviour", json.dumps(changes), {"Content-Type": "application/json"})
    assert sent.status == 200

    source = section(look(view="controls"), "controls")

    assert '<option value="evict_oldest" selected>' in source
    assert re.search(r'name="callback_retries" min="0" max="10" value="4"', source)
    assert re.search(r'name="legacy_resources" data-json="boolean"|<option value="false" selected>', source)
    assert re.search(r'<select name="unknown_accounts"><option value="" selected>', source)


def test_a_running_clock_goes_on(look: Look, fake_notify: FakeNotify) -> None:
    assert any("data-ticks" in each for each in look().all("time"))

    fake_notify.clock.freeze()
    assert not any("data-ticks" in each for each in look().all("time"))


# search and filter


@pytest.fixture
def busy(fake_notify: FakeNotify, bistro: Service, wire: Asking) -> Service:
    """A bistro where things have happened."""
    fake_notify.fail_delivery(52141, identity="alice")
    notifications = f"/v1/Services/{bistro.sid}/Notifications"
    wire.post(
        notifications, {"Tag": "vip", "Body": "To regulars", "DeliveryCallbackUrl": "http://127.0.0.1:9/regulars"}
    )
    wire.post(notifications, {"Identity": "bob", "Body": "To bob"})
    wire.post(notifications, {"Identity": "nobody", "Body": "To nobody"})
    wire.post(f"/v1/Services/{bistro.sid}/Bindings", {"Identity": "bob"})
    assert fake_notify.wait_for(lambda: all(each.attempts for each in fake_notify.callbacks))
    return bistro


@pytest.mark.parametrize(
    ("query", "shown", "hidden"),
    [
        ({"q": "to BOB"}, ["To bob"], ["To regulars", "To nobody"]),
        ({"q": TOKEN}, ["To regulars"], ["To bob"]),
        ({"q": "+15005550006"}, ["To regulars", "1 hidden by the filter"], ["To bob"]),
        ({"identity": "bob"}, ["To bob"], ["To regulars", "To nobody"]),
        ({"identity": "nobody"}, ["To nobody"], ["To bob", "To regulars"]),
        ({"identity": "nobody", "q": "to"}, ["To nobody"], ["To bob"]),
        ({"identity": "nobody", "q": "zzz"}, ["Nothing here matches."], ["To nobody"]),
        ({"identity": "dave"}, ["To regulars", "1 hidden by the filter"], ["To bob"]),
        ({"status": "FAILED"}, ["To regulars", "1 hidden by the filter"], ["To bob", "To nobody"]),
        ({"status": "sent"}, ["To regulars", "To bob"], ["To nobody"]),
        ({"status": "52141"}, ["To regulars"], ["To bob"]),
        ({"status": "SENT", "q": "alice"}, ["Nothing here matches."], ["To bob"]),
    ],
)
def test_notifications_are_found(
    look: Look, busy: Service, query: dict[str, str], shown: list[str], hidden: list[str]
) -> None:
    page = look(view="notifications", **query)
    words = section(page, "notifications")

    assert ([each for each in shown if each not in words], [each for each in hidden if each in words]) == ([], [])


@pytest.mark.parametrize(
    ("query", "shown", "hidden"),
    [
        ({"q": "Missing required"}, ["Identity=bob"], ["Identity=nobody"]),
        ({"identity": "bob"}, ["Identity=bob, Body=To bob", "20001"], ["Identity=nobody", "Tag=vip"]),
        ({"status": "4xx"}, ["20001"], ["To bob"]),
        ({"status": "201"}, ["To bob"], ["20001"]),
        ({"status": "20001"}, ["20001"], ["To bob"]),
        ({"status": "warned"}, ["Nothing here matches."], ["To bob"]),
        ({"status": "fault"}, ["Nothing here matches."], ["To bob"]),
    ],
)
def test_requests_are_found(
    look: Look, busy: Service, query: dict[str, str], shown: list[str], hidden: list[str]
) -> None:
    words = section(look(view="requests", **query), "requests")

    assert ([each for each in shown if each not in words], [each for each in hidden if each in words]) == ([], [])


@pytest.mark.filterwarnings("ignore:fakenotify")
def test_requests_that_were_warned_of_or_met_a_fault_are_found(
    look: Look, fake_notify: FakeNotify, wire: Asking
) -> None:
    fake_notify.fail("services.find", status=503, times=1)
    for _ in range(2):
        wire.get("/v1/Services", {"PageSize": 1})

    wire.post("/v1/Services", {"friendlyname": "x"})

    assert section(look(view="requests", status="fault"), "requests").count('class="operation"') == 1
    assert section(look(view="requests", status="warned"), "requests").count("services.create") == 1


@pytest.mark.parametrize(
    ("query", "alerts", "callbacks"),
    [
        ({"identity": "alice"}, ["52141"], True),
        ({"identity": "bob"}, [], False),
        ({"status": "warning"}, ["52301"], False),
        ({"status": "failed"}, [], True),
        ({"q": "52141"}, ["52141"], True),
        ({"q": "/regulars"}, [], True),
    ],
)
def test_alerts_and_callbacks_are_found(
    look: Look, busy: Service, query: dict[str, str], alerts: list[str], callbacks: bool
) -> None:
    page = look(**query)

    found = [code for code in ("52141", "52301") if f"errors/{code}" in section(page, "alerts")]
    assert (found, "127.0.0.1:9/regulars" in section(page, "callbacks")) == (alerts, callbacks)


@pytest.mark.parametrize(
    ("query", "shown", "hidden"),
    [
        ({"identity": "alice"}, [">alice<"], [">bob<", "credentials"]),
        ({"q": "lunch"}, [">alice<", ">bob<"], [">dave<"]),
        ({"q": "aurora"}, ["No binding matches."], [">alice<"]),
        ({"q": "zzz"}, ["Nothing here matches."], ["Bistro"]),
        ({"identity": "zzz"}, ["Nothing here matches."], ["Bistro"]),
        ({"status": "FAILED"}, [">alice<", ">bob<"], []),
    ],
)
def test_bindings_are_found(
    look: Look, bistro: Service, query: dict[str, str], shown: list[str], hidden: list[str]
) -> None:
    words = section(look(view="services", **query), "services")

    assert ([each for each in shown if each not in words], [each for each in hidden if each in words]) == ([], [])


def test_a_filter_is_kept_from_view_to_view_and_can_be_taken_off(look: Look, busy: Service) -> None:
    page = look(q="bob", identity="bob", view="requests")

    assert page.links("/_fake/?q=bob&identity=bob&view=alerts")
    assert page_links(page, "Clear") == ["/_fake/?view=requests"]
    fields = {each.get("name"): each.get("value") for each in page.all("input")}
    assert (fields["q"], fields["identity"], fields["view"]) == ("bob", "bob", "requests")
    assert [each for each in page.all("a") if each.get("aria-current")] == [
        {"href": "/_fake/?q=bob&identity=bob&view=requests", "aria-current": "page"}
    ]


def test_an_empty_filter_is_none(look: Look, busy: Service) -> None:
    assert "To bob" in look(q="", identity="", status="", account_sid="", view="", page="").text


# accounts


def test_an_account_is_looked_at_alone(look: Look, fake_notify: FakeNotify, bistro: Service, wire_of: Any) -> None:
    other = fake_notify.account(OTHER_SID)
    theirs = other.create_service("Theirs", messaging_service_sid=MESSAGING)
    other.create_binding(theirs.sid, identity="theo", binding_type="sms", address="+15005550010")
    wire_of(other).post(
        f"/v1/Services/{theirs.sid}/Notifications",
        {"Identity": ["theo"], "Body": "To theo", "DeliveryCallbackUrl": "http://127.0.0.1:9/theirs"},
    )
    fake_notify.create_notification(bistro.sid, identities=["bob"], body="To bob")
    fake_notify.fail("bindings.*", status=429, account=fake_notify.account_sid, optional=True)
    fake_notify.fail("users.*", status=429, optional=True)
    other.fail_delivery(52141)

    both, ours, alone = look(), look(account_sid=fake_notify.account_sid), look(account_sid=OTHER_SID)

    def seen(page: Page) -> list[str]:
        words = (
            "To theo",
            "To bob",
            "Theirs",
            "Bistro",
            "/theirs",
            "bindings.* http",
            "users.* http",
            "all deliveries,",
        )
        return [each for each in words if each in page.text]

    assert seen(both) == [
        "To theo",
        "To bob",
        "Theirs",
        "Bistro",
        "/theirs",
        "bindings.* http",
        "users.* http",
        "all deliveries,",
    ]
    assert seen(ours) == ["To bob", "Bistro", "bindings.* http", "users.* http"]
    assert seen(alone) == ["To theo", "Theirs", "/theirs", "users.* http", "all deliveries,"]
    assert ["account ACbbbbbb…bbbb" in each.text for each in (both, alone)] == [True, False]
    options = [each.get("value") for each in both.all("option")]
    assert {"", fake_notify.account_sid, OTHER_SID} <= set(options)
    assert [each["data-events"] for each in alone.all("body")] == [f"/_fake/events?account_sid={OTHER_SID}"]
    assert [each.get("value") for each in alone.all("input") if each.get("name") == "account_sid"] == [OTHER_SID] * 2
    assert "Reset this account" in alone.text


def test_a_lone_account_needs_no_choice(look: Look, fake_notify: FakeNotify) -> None:
    assert not [each for each in look().all("select") if each.get("name") == "account_sid"]
    hidden = [each for each in look(account_sid=fake_notify.account_sid).all("input") if each.get("type") == "hidden"]
    assert {"account_sid"} == {each["name"] for each in hidden}


def test_an_unknown_account_is_refused(wire: Asking) -> None:
    assert wire.get("/_fake/", {"account_sid": OTHER_SID}).status == 404


# parts of the page, and much of it


def test_a_part_is_the_same_as_on_the_page(look: Look, wire: Asking, busy: Service, fake_notify: FakeNotify) -> None:
    fake_notify.clock.freeze()
    page = look(q="bob")

    for name in PARTS:
        part = wire.get("/_fake/", {"q": "bob", "part": name}).body.decode()
        assert part == section(page, name) + "</section>"
    both = wire.get("/_fake/", {"part": "summary,alerts,alerts"}).body.decode()
    assert re.findall(r'data-part="(\w+)"', both) == ["summary", "alerts"]


def test_ten_thousand_deliveries_do_not_choke_it(look: Look, fake_notify: FakeNotify, wire: Asking) -> None:
    service = fake_notify.create_service("Newsletter", messaging_service_sid=MESSAGING)
    for number in range(10_000):
        fake_notify.create_binding(
            service.sid,
            identity=f"user-{number:05}",
            binding_type="sms",
            address=f"+1500{number:07}",
            tags=[f"t{number % 10}"],
        )
    fake_notify.fail_delivery(52181, identity="user-07777", times=1)
    fake_notify.create_notification(service.sid, tags=["t7"], body="To a tenth")
    fake_notify.create_notification(service.sid, tags=["all"], body="To all")
    for number in range(60):
        fake_notify.create_notification(service.sid, identities=[f"user-{number:05}"], body=f"Number {number}")
    whole = fake_notify.notifications[1].sid

    began = perf_counter()
    page = look()
    took = perf_counter() - began

    assert (len(page.source) < 150_000, took < 1.0) == (True, True), (len(page.source), took)
    assert page_links(page, "Show all 62") == ["/_fake/?view=notifications"]
    assert "Who did not get it, and why" in page.text
    assert len(look(view="notifications").source) < 400_000
    assert "Page 2 of 2" in look(view="notifications", page=2).text
    one = look(notification=whole)
    assert len(one.source) < 300_000
    assert ("9,999 sent" not in one.text, "10,000 sent" in one.text, "1–100 of" in one.text) == (True, True, False)
    assert page_links(one, "Next") == [f"/_fake/?notification={whole}&page=2"]
    last = look(notification=whole, page=100)
    assert ("user-09999" in last.text, page_links(last, "Next")) == (True, [])
    assert page_links(look(notification=whole, page=500), "Previous") == [f"/_fake/?notification={whole}&page=100"]
    tenth = look(notification=fake_notify.notifications[0].sid, status="FAILED")
    assert "1 failed" in tenth.text
    assert "user-07777" in tenth.text
    assert "and 8,800 more" in tenth.text
    assert "9,999 bindings did not get it" in look(view="notifications").text


def test_few_reasons_are_shown_and_the_rest_is_a_click_away(
    look: Look, fake_notify: FakeNotify, bistro: Service
) -> None:
    for number in range(30):
        fake_notify.create_binding(
            bistro.sid, identity=f"guest-{number}", binding_type="sms", address=f"+1500777{number:04}"
        )
    fake_notify.create_notification(bistro.sid, identities=["alice"], body="Hi")

    page = look()

    assert "35 bindings did not get it" in page.text
    assert page_links(page, "and 15 more") == [f"/_fake/?notification={fake_notify.notifications.last.sid}"]
    assert "1 binding did not get it" in look(identity="guest-7", notification=fake_notify.notifications.last.sid).text


# in a real browser

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-pipe",
]
PATIENCE = 20.0
BECOME = """
import fcntl, os, sys
reads, writes = (fcntl.fcntl(int(each), fcntl.F_DUPFD, 10) for each in sys.argv[1:3])
os.dup2(reads, 3)
os.dup2(writes, 4)
os.execvp(sys.argv[3], sys.argv[3:])
"""
"""Puts the pipes where Chromium looks for them, and becomes it."""

in_chromium = pytest.mark.skipif(CHROMIUM is None or os.name == "nt", reason="no Chromium was found on the PATH")


class Chromium:
    """A headless Chromium, spoken to by its DevTools protocol over a pair of pipes."""

    def __init__(self, home: str) -> None:
        assert CHROMIUM is not None
        reads, self._writer = os.pipe()
        self._reader, writes = os.pipe()
        pipes = (str(reads), str(writes))
        command = [sys.executable, "-c", BECOME, *pipes, CHROMIUM, *FLAGS, f"--user-data-dir={home}"]
        self._process = subprocess.Popen(
            [*command, "about:blank"], pass_fds=(reads, writes), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        os.close(reads)
        os.close(writes)
        self._buffer = b""
        self._asked = 0
        self._session: str | None = None
        self.events: list[dict[str, Any]] = []
        target = self.do("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.do("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.do(f"{domain}.enable")

    def do(self, method: str, **params: Any) -> Any:
        """Send a command and wait for its result; events that come meanwhile are kept."""
        self._asked += 1
        message = {"id": self._asked, "method": method, "params": params}
        os.write(
            self._writer, json.dumps(message | ({"sessionId": self._session} if self._session else {})).encode() + b"\0"
        )
        latest = monotonic() + PATIENCE
        while True:
            heard = self._hear(latest)
            if heard.get("id") == self._asked:
                assert "error" not in heard, heard["error"]
                return heard["result"]
            self.events.append(heard)

    def _hear(self, latest: float) -> Any:
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._reader], [], [], max(0, latest - monotonic()))
            assert ready, "Chromium has not answered in time, or what was waited for has not come"
            heard = os.read(self._reader, 65536)
            assert heard, "Chromium has gone"
            self._buffer += heard
        first, _, self._buffer = self._buffer.partition(b"\0")
        return json.loads(first)

    def open(self, url: str) -> None:
        """Go to a page and wait until it is there."""
        self.events.clear()
        latest = monotonic() + PATIENCE
        self.do("Page.navigate", url=url)
        while not any(each.get("method") == "Page.loadEventFired" for each in self.events):
            self.events.append(self._hear(latest))

    def js(self, expression: str) -> Any:
        """The value of an expression, awaited if it is a promise."""
        told = self.do(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True, userGesture=True
        )
        assert "exceptionDetails" not in told, told["exceptionDetails"]
        return told["result"].get("value")

    def until(self, condition: str) -> None:
        """Wait until a condition holds on the page."""
        self.js(
            f"new Promise((done) => {{ const look = () => ({condition}) ? done(1) : setTimeout(look, 10); look(); }})"
        )

    def press(self, key: str) -> None:
        """Press a key."""
        for kind in ("keyDown", "keyUp"):
            self.do("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode={"Tab": 9}[key])

    @property
    def problems(self) -> list[Any]:
        """What the console, the policy and the scripts have complained of since the page was opened."""
        self.js("0")
        return [
            each["params"]
            for each in self.events
            if each.get("method") in ("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded")
        ]

    @property
    def asked(self) -> list[str]:
        """The addresses that the page has asked for."""
        return [
            each["params"]["request"]["url"]
            for each in self.events
            if each.get("method") == "Network.requestWillBeSent"
        ]

    def close(self) -> None:
        """End it."""
        self._session = None
        self.do("Browser.close")
        self._process.wait(PATIENCE)
        os.close(self._writer)
        os.close(self._reader)


@pytest.fixture(scope="module")
def browser() -> Iterator[Chromium]:
    """One Chromium for all tests of this module."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        made = Chromium(home)
        yield made
        made.close()


@pytest.fixture
def chromium(browser: Chromium) -> Iterator[Chromium]:
    """A Chromium on an empty page, with no settings of another test's."""
    yield browser
    browser.do("Emulation.setScriptExecutionDisabled", value=False)
    browser.do("Emulation.clearDeviceMetricsOverride")
    browser.do("Emulation.setEmulatedMedia", features=[])
    browser.open("about:blank")


def text_of(part: str) -> str:
    """The JavaScript for the text of a part of the page."""
    return f"(document.querySelector('[data-part={part}]')?.textContent ?? '')"


@in_chromium
def test_a_new_request_appears_by_itself(
    chromium: Chromium, fake_notify: FakeNotify, bistro: Service, wire: Asking
) -> None:
    notifications = f"/v1/Services/{bistro.sid}/Notifications"
    wire.post(notifications, {"Identity": "alice", "Body": "The first"})
    chromium.open(f"{fake_notify.url}/_fake/")
    chromium.until("document.getElementById('live').title.startsWith('The page follows')")
    chromium.js("document.querySelector('.notification .recipients details').open = true")
    chromium.js("document.querySelector('[data-part=requests] summary').focus()")

    wire.post(notifications, {"Identity": "dave", "Body": "The second"})

    for part in ("requests", "notifications"):
        chromium.until(f"{text_of(part)}.includes('The second')")
    chromium.until("document.getElementById('announcer').textContent === 'notifications.create: 201'")
    assert chromium.js("document.querySelectorAll('.notification').length") == 2
    assert chromium.js(
        "[...document.querySelectorAll('.notification')].map((row) => !!row.querySelector('.recipients details[open]'))"
    ) == [False, True]
    assert chromium.js("document.activeElement.textContent").startswith("201notifications.createIdentity=alice")
    assert chromium.js("document.querySelectorAll('.fresh').length") == 2
    assert chromium.problems == []
    assert {each.split("?")[0] for each in chromium.asked if not each.startswith("data:")} == {
        f"{fake_notify.url}/_fake/{name}" for name in ("", "inspector.css", "inspector.js", "events")
    }


@in_chromium
def test_what_the_control_api_changes_shows_at_once(chromium: Chromium, fake_notify: FakeNotify) -> None:
    chromium.open(f"{fake_notify.url}/_fake/")
    chromium.until("document.getElementById('live').title.startsWith('The page follows')")
    controls = "document.querySelector('[data-part=controls]').textContent.includes('418')"
    assert not chromium.js(controls)

    fault = {"operation": "bindings.create", "status": 418, "optional": True}
    assert requests.post(f"{fake_notify.url}/_fake/faults", json=fault, timeout=10).status_code == 200

    began = monotonic()
    chromium.until(controls)
    assert monotonic() - began < 10  # the page asks again anyway after 15 seconds


@in_chromium
def test_a_paused_page_stands_still(chromium: Chromium, fake_notify: FakeNotify, wire: Asking) -> None:
    chromium.open(f"{fake_notify.url}/_fake/?view=requests")
    chromium.until("document.getElementById('live').title.startsWith('The page follows')")
    listening = len(fake_notify.world.journal._listeners)
    chromium.js("document.getElementById('live').click()")

    def nobody_listens() -> bool:
        wire.get("/v1/Services")
        return len(fake_notify.world.journal._listeners) < listening

    assert fake_notify.wait_for(nobody_listens)
    assert "services.find" not in chromium.js(text_of("requests"))
    chromium.js("document.getElementById('live').click()")

    chromium.until(f"{text_of('requests')}.includes('services.find')")


@in_chromium
def test_forms_change_clock_faults_outcomes_and_switches(chromium: Chromium, fake_notify: FakeNotify) -> None:
    chromium.open(f"{fake_notify.url}/_fake/?view=controls")

    def click(words: str) -> None:
        chromium.js(
            f"[...document.querySelectorAll('button')].find((each) => each.textContent === {json.dumps(words)}).click()"
        )

    def fill(name: str, value: str) -> None:
        chromium.js(
            f"(() => {{ const field = document.querySelector('form[data-path] [name={name}]'); field.value = '{value}';"
            " field.dispatchEvent(new Event('change', { bubbles: true })); })()"
        )

    click("Freeze")
    chromium.until(f"{text_of('controls')}.includes('frozen')")
    assert fake_notify.clock.frozen
    fill("move_to", "2027-10-31T00:00:00Z")
    click("Move")
    chromium.until(f"{text_of('controls')}.includes('2027-10-31 00:00:00')")
    click("+1 hour")
    chromium.until(f"{text_of('controls')}.includes('2027-10-31 01:00:00')")

    assert chromium.js("document.querySelector('form[data-path] [name=seconds]').closest('label').hidden") is True
    fill("fault", "latency")
    assert chromium.js("document.querySelector('form[data-path] [name=status]').closest('label').hidden") is True
    fill("seconds", "0.5")
    fill("operation", "bindings.*")
    click("Set fault")
    chromium.until(f"{text_of('controls')}.includes('latency(seconds=0.5)')")
    [rule] = fake_notify.faults
    assert (rule.operation, rule.fault) == ("bindings.*", Fault.latency(0.5))
    click("Remove")
    chromium.until(f"!{text_of('controls')}.includes('latency(seconds=0.5)')")
    assert fake_notify.faults == []

    fill("operation", "bindingz.*")
    click("Set fault")
    chromium.until("document.querySelector('output.bad')?.textContent.startsWith(\"no operation fits 'bindingz.*'\")")

    fill("identity", "alice")
    click("Let deliveries fail")
    chromium.until(f"{text_of('controls')}.includes('identity alice, always')")
    fill("identity_limit", "evict_oldest")
    click("Save switches")
    chromium.until("document.querySelector('[name=identity_limit] option[selected]').value === 'evict_oldest'")
    assert fake_notify.behaviour.identity_limit == "evict_oldest"


@in_chromium
def test_half_a_form_is_not_taken_away(chromium: Chromium, fake_notify: FakeNotify, wire: Asking) -> None:
    fake_notify.fail("services.find", status=503, times=1)
    chromium.open(f"{fake_notify.url}/_fake/")
    chromium.until("document.getElementById('live').title.startsWith('The page follows')")
    chromium.js("document.querySelector('[name=times]').value = '7'")

    wire.get("/v1/Services")

    chromium.until(f"{text_of('requests')}.includes('services.find')")
    assert chromium.js("document.querySelector('[name=times]').value") == "7"


@in_chromium
def test_what_was_sent_is_not_run(chromium: Chromium, fake_notify: FakeNotify, bistro: Service, wire: Asking) -> None:
    attack = "<img src=x onerror='window.pwned=1'><script>window.pwned=1</script>\"'>"
    wire.post(
        f"/v1/Services/{bistro.sid}/Notifications",
        {"Tag": "all", "Title": attack, "Body": attack, "Data": json.dumps({attack: attack})},
    )
    chromium.open(f"{fake_notify.url}/_fake/")
    chromium.until("document.getElementById('live').title.startsWith('The page follows')")
    wire.post(f"/v1/Services/{bistro.sid}/Bindings", {"Identity": attack, "BindingType": "sms", "Address": attack})

    chromium.until(f"{text_of('services')}.includes('pwned') && {text_of('notifications')}.includes('pwned')")
    assert chromium.js("[window.pwned, document.images.length, document.scripts.length]") == [None, 0, 1]
    assert chromium.problems == []


@in_chromium
def test_without_javascript_everything_is_there_to_read(
    chromium: Chromium, fake_notify: FakeNotify, bistro: Service, wire: Asking
) -> None:
    wire.post(f"/v1/Services/{bistro.sid}/Notifications", {"Tag": "vip", "Body": "Good evening"})
    chromium.do("Emulation.setScriptExecutionDisabled", value=True)

    chromium.open(f"{fake_notify.url}/_fake/")

    text = chromium.js("document.body.innerText")
    for words in (
        "Good evening",
        "notifications.create",
        "alice",
        "4 bindings did not get it",
        "Changing anything needs JavaScript",
    ):
        assert words in text
    assert "Theme" not in text


@in_chromium
@pytest.mark.parametrize("width", [1440, 768, 360])
def test_the_page_is_never_wider_than_the_screen(
    chromium: Chromium, fake_notify: FakeNotify, bistro: Service, wire: Asking, width: int
) -> None:
    long = "x" * 300
    fake_notify.create_binding(bistro.sid, identity=long, binding_type="sms", address=f"+1{long}", tags=[long])
    wire.post(f"/v1/Services/{bistro.sid}/Notifications", {"Tag": "all", "Title": long, "Body": long})
    chromium.do("Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=False)

    for view in ("", *(f"?view={name}" for name in PARTS), f"?notification={fake_notify.notifications.last.sid}"):
        chromium.open(f"{fake_notify.url}/_fake/{view}")
        chromium.js("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
        assert chromium.js("document.documentElement.scrollWidth") <= width, view


@in_chromium
def test_the_theme_follows_the_system_until_it_is_chosen(chromium: Chromium, fake_notify: FakeNotify) -> None:
    def paper() -> str:
        colour: str = chromium.js("getComputedStyle(document.body).backgroundColor")
        return colour

    papers = {}
    for scheme in ("light", "dark"):
        chromium.do("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        chromium.open(f"{fake_notify.url}/_fake/")
        papers[scheme] = paper()
    assert papers["light"] != papers["dark"]

    chosen = []
    for _ in range(3):
        chromium.js("document.getElementById('theme').click()")
        chosen.append((chromium.js("document.getElementById('theme').textContent"), paper()))
    assert chosen == [
        ("Theme: light", papers["light"]),
        ("Theme: dark", papers["dark"]),
        ("Theme: auto", papers["dark"]),
    ]


@in_chromium
def test_the_keyboard_reaches_everything(chromium: Chromium, fake_notify: FakeNotify, bistro: Service) -> None:
    fake_notify.create_notification(bistro.sid, identities=["alice"], body="Hi")
    chromium.open(f"{fake_notify.url}/_fake/?view=notifications")

    reached = []
    for _ in range(40):
        chromium.press("Tab")
        told = chromium.js(
            "(() => { const at = document.activeElement; return [at.tagName, at.textContent.slice(0, 20) || at.name,"
            " getComputedStyle(at).outlineStyle]; })()"
        )
        if told[0] == "BODY":
            break
        reached.append(told)

    assert reached[0][:2] == ["A", "Skip to the content"]
    names = [name for _, name, _ in reached]
    for name in ("q", "identity", "status", "Filter", "Live", "Theme: auto", "Overview", "The notification"):
        assert name in names
    assert {outline for _, _, outline in reached} == {"solid"}
