"""Programs may ask, web pages may not: ``Host``, ``Origin`` and ``Sec-Fetch-Site`` on all routes."""

from __future__ import annotations

import json
import socket
from typing import Any
from urllib.parse import urlsplit

import pytest

from fakenotify import FakeNotify
from fakenotify.server.wsgi import Doors

NOTIFY, CONTROL = "/v1/Services", "/_fake/health"


def statuses(wire: Any, **headers: str | None) -> list[int]:
    """What Notify's routes answer, and the fake's own."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return [wire.send("GET", target, headers=sent).status for target in (NOTIFY, CONTROL)]


def test_loopback_hosts_are_allowed(wire) -> None:
    for host in ("localhost", "LOCALHOST:4010", "127.0.0.1:1", "127.255.0.1", "[::1]:4010", "[::1]"):
        assert statuses(wire, Host=host) == [200, 200], host


def test_another_host_is_refused_by_the_fake_and_not_by_notify(wire, fake_notify) -> None:
    for host in (
        "evil.example",
        "127.0.0.1.evil.example",
        "localhost.evil.example:4010",
        "[::1].evil.example",
        "127.0.0.1:80:evil.example",
        "notify.twilio.com.evil.example",
        "evilnotify.twilio.com",
        "api.twilio.com",
        "[::2]",
        "192.0.2.1",
    ):
        why = f"host {host!r} may not use this fake; allow it with --allow-host, or FakeNotify(allow_hosts=…)"
        for target, whose in ((NOTIFY, "fakenotify, not Twilio, refused this: "), (CONTROL, "")):
            answer = wire.send("POST", target, headers={"Host": host})
            assert (answer.status, answer.json) == (403, {"error": whose + why})
            assert answer.header("Twilio-Request-Id") is None
    assert (fake_notify.services, fake_notify.requests) == ([], [])


def test_notifys_own_hosts_and_a_missing_host_are_allowed_on_notifys_routes_only(wire) -> None:
    """A TLS proxy or a hosts file leads programs here that ask for Notify; a page can't have such a name."""
    for host in ("notify.twilio.com", "NOTIFY.sydney.au1.twilio.com:443", ""):
        assert statuses(wire, Host=host) == [200, 403], host


def test_a_host_is_allowed_by_name(wire_of) -> None:
    with FakeNotify(allow_hosts=("Fake.Example",)) as fake:
        asked = [statuses(wire_of(fake), Host=host) for host in ("fake.example:4010", "FAKE.example", "other.example")]
    assert asked == [[200, 200], [200, 200], [403, 403]]


def test_a_port_and_brackets_may_stand_with_a_name_to_allow_and_what_is_no_name_is_refused(wire_of) -> None:
    with FakeNotify(allow_hosts=("fake.example:4010", "::5")) as fake:
        assert [statuses(wire_of(fake), Host=host) for host in ("fake.example", "[::5]:1")] == [[200, 200]] * 2
    for host in ("", "http://fake.example", "http://fake.example:4010/", "a/b"):
        with pytest.raises(ValueError, match=f"a host to allow is a name, such as fakenotify, not {host!r}"):
            FakeNotify(allow_hosts=(host,))


def _own_address() -> str | None:
    """An address of this machine that is not loopback."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # nothing is sent
        except OSError:
            return None
        address: str = probe.getsockname()[0]
    return address


@pytest.mark.parametrize("host", ["127.0.0.2", "0.0.0.0"])
@pytest.mark.filterwarnings("ignore:fakenotify listens on")
def test_the_address_that_the_server_is_bound_to_is_allowed(wire_as, host) -> None:
    with FakeNotify(host=host) as fake:
        wire = wire_as(fake, fake.account_sid, fake.auth_token)
        if host == "0.0.0.0":
            address = _own_address()
            if address is None or address.startswith("127."):
                pytest.skip("this machine has no address besides loopback")
            wire.url = f"http://{address}:{urlsplit(fake.url).port}"
        assert (statuses(wire), statuses(wire, Host="192.0.2.1")) == ([200, 200], [403, 403])


def test_a_page_of_another_origin_is_refused_and_the_fakes_own_is_allowed(wire, fake_notify, twilio_wire) -> None:
    own = fake_notify.url
    for headers in (
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1"},  # another port, so perhaps another program
        {"Origin": own.replace("127.0.0.1", "localhost")},
        {"Sec_Fetch_Site": "cross-site"},
        {"Origin": own, "Sec_Fetch_Site": "cross-site"},
    ):
        assert statuses(wire, **headers) == [403, 403], headers
    for site in ("same-origin", "none", None):
        assert statuses(wire, Origin=own, Sec_Fetch_Site=site) == [200, 200], site
    assert twilio_wire.get(NOTIFY, headers={"Origin": "https://notify.twilio.com"}).status == 200  # the TLS proxy's


@pytest.mark.parametrize(("origin", "notify"), [(None, 401), ("http://evil.example", 403)])
def test_behind_another_server_only_pages_are_refused_and_the_control_api_stays_closed(
    fake_notify, origin, notify
) -> None:
    """A test client of another framework calls ``wsgi_app`` under any host name: that is its author's own choice."""

    def call(path: str) -> tuple[int, Any]:
        environ = {
            "REQUEST_METHOD": "GET",
            "PATH_INFO": path,
            "SERVER_NAME": "testserver",
            "SERVER_PORT": "80",
            "HTTP_HOST": "testserver",
        }
        if origin is not None:
            environ["HTTP_ORIGIN"] = origin
        started: list[str] = []
        body = b"".join(fake_notify.wsgi_app(environ, lambda status, headers: started.append(status)))  # type: ignore[arg-type,func-returns-value,return-value]
        return int(started[0][:3]), json.loads(body)

    assert (call(NOTIFY)[0], call(CONTROL)[0]) == (notify, 403)


def test_hosts_and_origins_are_compared_without_case() -> None:
    environ = {
        "HTTP_HOST": "Fake.Example:80",
        "HTTP_ORIGIN": "HTTP://fake.example:80",
        "wsgi.url_scheme": "http",
        "HTTP_SEC_FETCH_SITE": "same-origin",
    }
    assert Doors(["fake.EXAMPLE"]).refusal(environ, control=True) is None
