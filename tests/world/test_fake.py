"""``FakeNotify``: when it has a socket, what it answers to a tester's slips, and beginning anew."""

from __future__ import annotations

import json
import socket
import threading
import urllib.error
import urllib.request
import warnings
import wsgiref.simple_server
from base64 import b64encode
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

import fakenotify
from fakenotify import Account, Behaviour, FakeNotify, TwilioError, __version__
from fakenotify.core.errors import MissingParameter, NotFound
from fakenotify.notify.accounts import ACCOUNT_SID, AUTH_TOKEN
from fakenotify.notify.errors import IdentityLimitReached, InvalidParameter, Unauthorized
from fakenotify.world.world import World

OTHER_SID = "AC" + "b" * 32
KEY_SID = "SK" + "a" * 32
IS = "IS" + "a" * 32
BINDING = {"identity": "alice", "binding_type": "sms", "address": "+15005550006"}


@pytest.fixture
def fake() -> Iterator[FakeNotify]:
    """A fake of this test's own, without a socket so far."""
    made = FakeNotify()
    yield made
    made.stop()


def status_of(url: str, user: str | None = None, password: str = "") -> int:
    """What ``GET /v1/Services`` answers, asked past every proxy."""
    headers = {}
    if user is not None:
        headers["Authorization"] = "Basic " + b64encode(f"{user}:{password}".encode()).decode()
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(urllib.request.Request(url + "/v1/Services", headers=headers), timeout=5) as response:
            status: int = response.status
            return status
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def threads() -> set[threading.Thread]:
    return set(threading.enumerate())


# the package


def test_the_package_gives_its_names_when_they_are_asked_for() -> None:
    assert (fakenotify.FakeNotify, fakenotify.TwilioError, fakenotify.Account) == (FakeNotify, TwilioError, Account)
    assert set(fakenotify.__all__) >= {"Account", "Behaviour", "FakeNotify", "TwilioError", "__version__"}
    assert all(hasattr(fakenotify, name) for name in fakenotify.__all__)
    with pytest.raises(AttributeError, match="module 'fakenotify' has no attribute 'FakeNotfy'"):
        fakenotify.FakeNotfy  # noqa: B018  # the access is the point


def test_the_version_is_that_of_the_distribution() -> None:
    from importlib.metadata import version

    assert version("fakenotify") == __version__


# the socket


def test_there_is_no_socket_before_it_is_needed(fake: FakeNotify) -> None:
    before = threads()
    with fake as entered:
        service = fake.create_service()
        fake.create_binding(service.sid, **BINDING)
        assert [each.sid for each in fake.client(in_process=True).notify.v1.services.list()] == [service.sid]
        assert (entered, repr(fake), threads() - before) == (fake, "<FakeNotify without a socket>", set())


@pytest.mark.parametrize("need", [lambda fake: fake.url, lambda fake: fake.client(), lambda fake: fake.start()])
def test_the_socket_opens_when_it_is_first_needed(fake: FakeNotify, need: Callable[[FakeNotify], Any]) -> None:
    need(fake)
    url = fake.url
    assert (url.startswith("http://127.0.0.1:"), status_of(url, ACCOUNT_SID, "x")) == (True, 200)
    assert (fake.url, repr(fake)) == (url, f"<FakeNotify {url}>")


def test_with_a_port_the_socket_opens_on_entering(free_port: int) -> None:
    fake = FakeNotify(port=free_port)
    with fake:
        assert status_of(f"http://127.0.0.1:{free_port}") == 401
    with pytest.raises(OSError, match="refused"):
        status_of(f"http://127.0.0.1:{free_port}")


def test_a_busy_port_is_an_os_error(fake: FakeNotify) -> None:
    port = urlsplit(fake.url).port
    assert port is not None
    with pytest.raises(OSError, match="in use"), FakeNotify(port=port):
        pass


def test_starting_twice_is_starting_once(fake: FakeNotify) -> None:
    fake.start()
    url, running = fake.url, threads()
    fake.start()
    assert (fake.url, threads()) == (url, running)


def test_stopping_twice_is_stopping_once(fake: FakeNotify) -> None:
    before = threads()
    url = fake.url
    fake.stop()
    fake.stop()
    assert threads() <= before  # those of a test before this one may be on their way out
    assert repr(fake) == "<FakeNotify without a socket>"
    with pytest.raises(OSError, match="refused"):
        status_of(url)


def test_a_stopped_fake_has_no_url_but_its_records(fake: FakeNotify) -> None:
    service = fake.create_service()
    assert status_of(fake.url, ACCOUNT_SID, "x") == 200
    fake.stop()
    for ask in (lambda: fake.url, fake.client):
        with pytest.raises(RuntimeError, match=r"this fake was stopped; call start\(\) to open it again"):
            ask()
    assert (fake.services, len(fake.requests)) == ([service], 1)
    assert len(fake.client(in_process=True).notify.v1.services.list()) == 1


def test_a_stopped_fake_can_be_started_again(fake: FakeNotify) -> None:
    service = fake.create_service()
    fake.start()
    fake.stop()
    fake.start()
    assert (status_of(fake.url, ACCOUNT_SID, "x"), fake.services) == (200, [service])


def test_a_fake_stopped_before_its_start_can_be_started(fake: FakeNotify) -> None:
    fake.stop()
    fake.start()
    assert status_of(fake.url) == 401


def test_an_error_inside_with_stops_it_and_goes_on(fake: FakeNotify) -> None:
    url = fake.url

    def use() -> None:
        with fake:
            raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        use()
    with pytest.raises(OSError, match="refused"):
        status_of(url)


@pytest.mark.parametrize(
    ("host", "shown"), [("127.0.0.1", "127.0.0.1"), ("localhost", "127.0.0.1"), ("127.0.0.2", "127.0.0.2")]
)
def test_loopback_is_listened_on_without_a_word(host: str, shown: str) -> None:
    with warnings.catch_warnings(record=True) as told, FakeNotify(host=host) as fake:
        warnings.simplefilter("always")
        assert (urlsplit(fake.url).hostname, status_of(fake.url), told) == (shown, 401, [])


@pytest.mark.parametrize("how", ["start", "url"])
def test_any_other_host_is_warned_of(how: str) -> None:
    with FakeNotify(host="0.0.0.0") as fake:
        told = "fakenotify listens on 0.0.0.0, not on loopback: anyone who reaches this machine can use it"
        with pytest.warns(UserWarning, match=f"^{told}$"):
            fake.start() if how == "start" else fake.url
        assert (urlsplit(fake.url).hostname, status_of(fake.url)) == ("127.0.0.1", 401)


def test_a_warning_that_is_an_error_leaves_no_socket(free_port: int) -> None:
    fake = FakeNotify(host="0.0.0.0", port=free_port)
    with pytest.raises(UserWarning, match="not on loopback"):
        fake.start()
    with pytest.raises(OSError, match="refused"):
        status_of(f"http://127.0.0.1:{free_port}")


@pytest.mark.usefixtures("ipv6")
@pytest.mark.parametrize(("host", "warned"), [("::1", False), ("::", True)])
def test_an_ipv6_url_has_brackets(host: str, warned: bool) -> None:
    with warnings.catch_warnings(record=True) as told, FakeNotify(host=host) as fake:
        warnings.simplefilter("always")
        assert fake.url.startswith("http://[::1]:")
        assert (status_of(fake.url), bool(told)) == (401, warned)
        assert fake.client().notify.v1.services.list() == []


# other servers


@pytest.fixture
def wsgiref_url(fake: FakeNotify) -> Iterator[str]:
    """Where the standard library's server serves the application of ``fake``."""

    class Silent(wsgiref.simple_server.WSGIRequestHandler):
        def log_message(self, format: str, *args: Any) -> None: ...

    server = wsgiref.simple_server.make_server("127.0.0.1", 0, fake.wsgi_app, handler_class=Silent)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def ask(method: str, url: str, body: bytes | None = None) -> tuple[int, Any]:
    """What a request of the default account is answered."""
    token = b64encode(f"{ACCOUNT_SID}:x".encode()).decode()
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    request = urllib.request.Request(url, body, {"Authorization": f"Basic {token}"}, method=method)
    try:
        with opener.open(request, timeout=5) as response:
            return response.status, json.loads(response.read() or "null")
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read() or "null")


def test_any_wsgi_server_can_serve_the_application(fake: FakeNotify, wsgiref_url: str) -> None:
    status, service = ask("POST", f"{wsgiref_url}/v1/Services", b"FriendlyName=a+%C3%AB&LogEnabled=false")
    assert (status, service["friendly_name"], service["log_enabled"]) == (201, "a ë", False)
    status, binding = ask(
        "POST",
        f"{wsgiref_url}/v1/Services/{service['sid']}/Bindings",
        b"Identity=a/b&BindingType=sms&Address=x&Tag=one&Tag=two",
    )
    assert (status, binding["tags"]) == (201, ["one", "two"])
    assert ask("POST", f"{wsgiref_url}/v1/Services/{service['sid']}/Notifications", b"Tag=one&Body=Hi")[0] == 201
    assert ask("GET", f"{wsgiref_url}/v1/Services?FriendlyName=a%20%C3%AB")[1]["services"] == [service]
    assert ask("DELETE", f"{wsgiref_url}/v1/Services/{service['sid']}") == (204, None)
    assert ask("HEAD", f"{wsgiref_url}/_fake/health")[0] in (200, 405)
    missing = ask("GET", f"{wsgiref_url}/v1/Services/a%20%C3%AB")
    assert missing[1]["message"] == "The requested resource /Services/a%20%C3%AB was not found"


@pytest.mark.parametrize("size", [1_048_577, 2_000_000])
def test_any_wsgi_server_has_the_limit_of_a_body(fake: FakeNotify, wsgiref_url: str, size: int) -> None:
    with socket.create_connection(("127.0.0.1", urlsplit(wsgiref_url).port or 0), timeout=5) as raw:
        token = b64encode(f"{ACCOUNT_SID}:x".encode()).decode()
        raw.sendall(
            f"POST /v1/Services HTTP/1.0\r\nAuthorization: Basic {token}\r\nContent-Length: {size}\r\n\r\n".encode()
        )
        assert raw.makefile("rb").readline() == b"HTTP/1.0 413 REQUEST ENTITY TOO LARGE\r\n"


# secrets


def test_no_repr_shows_a_secret() -> None:
    with FakeNotify(accounts={OTHER_SID: "hush"}, api_keys={KEY_SID: "hush2"}) as fake:
        credential = fake.create_credential("fcm", secret="hush3", api_key="hush4")
        handle = fake.account(OTHER_SID)
        shown = [
            fake,
            handle,
            handle._state,
            credential,
            fake.snapshot(),
            fake.world,
            fake.world.accounts,
            fake.faults,
        ]
        assert "hush" not in " ".join(map(repr, shown))


# accounts


def test_any_credentials_act_for_the_default_account(fake: FakeNotify) -> None:
    fake.create_service()
    assert (fake.account_sid, fake.auth_token, fake.behaviour.unknown_accounts) == (ACCOUNT_SID, AUTH_TOKEN, "shared")
    assert [status_of(fake.url, OTHER_SID, "x"), status_of(fake.url, KEY_SID, "x")] == [200, 200]
    assert [request.account_sid for request in fake.requests] == [ACCOUNT_SID] * 2


def test_unknown_accounts_may_be_their_own(fake: FakeNotify) -> None:
    with FakeNotify(Behaviour(unknown_accounts="own")) as own:
        assert status_of(own.url, OTHER_SID, "x") == 200
        assert [request.account_sid for request in own.requests] == [OTHER_SID]
        assert own.behaviour == Behaviour(unknown_accounts="own")


def test_declared_accounts_are_the_only_ones() -> None:
    with FakeNotify(accounts={OTHER_SID: "hush"}, api_keys={KEY_SID: "hush2"}) as fake:
        assert (fake.account_sid, fake.auth_token) == (OTHER_SID, "hush")
        credentials = [(OTHER_SID, "hush"), (OTHER_SID, "x"), (ACCOUNT_SID, "hush"), (KEY_SID, "hush2"), (KEY_SID, "x")]
        assert [status_of(fake.url, *each) for each in credentials] == [200, 401, 401, 200, 401]


@pytest.mark.parametrize("accounts", [{"AC1": "x"}, {OTHER_SID: ""}])
def test_an_account_that_cannot_be_is_a_value_error(accounts: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="AC"):
        FakeNotify(accounts=accounts)


def test_a_handle_on_another_account_has_a_world_of_its_own(fake: FakeNotify) -> None:
    other = fake.account(OTHER_SID, "hush")
    fake.create_service("mine")
    theirs = other.create_service("theirs")
    assert (other.account_sid, other.auth_token, repr(other)) == (OTHER_SID, "hush", f"<Account {OTHER_SID}>")
    assert ([each.friendly_name for each in fake.services], other.services) == (["mine"], [theirs])
    assert [each.sid for each in other.client().notify.v1.services.list()] == [theirs.sid]
    assert [each.sid for each in other.client(in_process=True).notify.v1.services.list()] == [theirs.sid]
    assert (len(other.requests), len(fake.requests), other.url) == (2, 2, fake.url)
    assert [status_of(fake.url, OTHER_SID, each) for each in ("hush", "x")] == [200, 401]


def test_a_known_account_keeps_its_token_unless_it_is_given_one(fake: FakeNotify) -> None:
    fake.account(OTHER_SID, "hush")
    assert fake.account(OTHER_SID).auth_token == "hush"
    assert fake.account(OTHER_SID, "new").auth_token == "new"
    assert fake.account("AC" + "d" * 32).auth_token == AUTH_TOKEN


def test_without_a_sid_each_account_is_new(fake: FakeNotify) -> None:
    sids = [fake.account().account_sid for _ in range(3)]
    assert (len(set(sids)), sids) == (3, [FakeNotify().account().account_sid, *sids[1:]])


# the tester's slips


def test_an_unknown_argument_is_a_type_error_that_names_the_nearest(fake: FakeNotify) -> None:
    service = fake.create_service()
    slips: list[tuple[Callable[[], Any], str]] = [
        (
            lambda: fake.create_service(frendly_name="x"),
            "services.create() has no argument 'frendly_name'; did you mean",
        ),
        (lambda: fake.create_service(FriendlyName="x"), "services.create() has no argument 'FriendlyName'"),
        (lambda: fake.create_credential("fcm", secrets="x"), "credentials.create() has no argument 'secrets'; did you"),
        (
            lambda: fake.create_binding(service.sid, tag="x"),
            "bindings.create() has no argument 'tag'; did you mean 'tags'",
        ),
        (lambda: fake.create_user(service.sid, identiy="x"), "users.create() has no argument 'identiy'; did you mean"),
        (
            lambda: fake.create_notification(service.sid, identity="x"),
            "notifications.create() has no argument 'identity'; did you mean 'identities'",
        ),
    ]
    for slip, told in slips:
        with pytest.raises(TypeError) as raised:
            slip()
        assert str(raised.value)[: len(told)] == told
    assert (fake.services, fake.credentials, fake.bindings, fake.users) == ([service], [], [], [])


def test_what_the_wire_refuses_is_refused_here_too(fake: FakeNotify) -> None:
    service = fake.create_service(sid=IS)
    for number in range(20):
        fake.create_binding(IS, **{**BINDING, "address": str(number)})
    refusals: list[tuple[Callable[[], Any], TwilioError]] = [
        (lambda: fake.create_binding(IS, **BINDING), IdentityLimitReached()),
        (
            lambda: fake.create_binding(IS, **{**BINDING, "binding_type": "fax"}),
            InvalidParameter("Binding", "BindingType"),
        ),
        (lambda: fake.create_binding(IS, identity="bob"), MissingParameter("BindingType")),
        (lambda: fake.create_binding("IS1", **BINDING), NotFound("/Services/IS1/Bindings")),
        (lambda: fake.create_credential(), MissingParameter("Type")),
        (lambda: fake.create_notification("IS1", tags=["all"]), NotFound("/Services/IS1/Notifications")),
    ]
    for call, error in refusals:
        with pytest.raises(type(error)) as raised:
            call()
        assert raised.value.representation() == error.representation()
        assert str(raised.value) == f"HTTP {error.status}, code {error.code}: {error.message}"
    assert (fake.services, len(fake.bindings), fake.requests) == ([service], 20, [])


def test_arranging_is_not_journaled(fake: FakeNotify) -> None:
    service = fake.create_service("x")
    fake.create_binding(service.sid, **BINDING)
    fake.create_credential("fcm")
    fake.create_user(service.sid, identity="bob")
    fake.create_notification(service.sid, identities=["alice"], body="Hi")
    assert (fake.requests, fake.account(ACCOUNT_SID).requests) == ([], [])


@pytest.mark.parametrize("sid", ["IS1", "is" + "a" * 32, "AC" + "a" * 32, "", IS + "\n"])
def test_a_services_sid_of_your_choice_is_a_sid(fake: FakeNotify, sid: str) -> None:
    with pytest.raises(ValueError, match="can't be a new Service's sid: IS and 32 hex digits, not yet in use"):
        fake.create_service(sid=sid)


def test_a_services_sid_of_your_choice_is_new(fake: FakeNotify) -> None:
    assert fake.create_service(sid=IS).sid == IS
    with pytest.raises(ValueError, match="not yet in use"):
        fake.create_service(sid=IS)


# looking


def test_lists_are_oldest_first_and_tell_the_last(fake: FakeNotify) -> None:
    one, two = fake.create_service("one"), fake.create_service("two")
    assert (fake.services, fake.services.last) == ([one, two], two)
    assert fake.services.where(friendly_name="one", log_enabled=True) == [one]
    assert fake.services.where(friendly_name="three") == []
    assert fake.services.where(friendly_name="two").last == two


def test_lists_stay_as_they_were_taken(fake: FakeNotify) -> None:
    taken = fake.services
    fake.create_service()
    assert (taken, len(fake.services)) == ([], 1)


@pytest.mark.parametrize(
    "table",
    [
        "services",
        "credentials",
        "bindings",
        "users",
        "segments",
        "notifications",
        "deliveries",
        "alerts",
        "callbacks",
        "requests",
    ],
)
def test_the_last_of_nothing_is_an_index_error(fake: FakeNotify, table: str) -> None:
    with pytest.raises(IndexError, match="there is no record yet"):
        getattr(fake, table).last  # noqa: B018  # the access is the point


def test_a_field_that_is_none_is_a_type_error(fake: FakeNotify) -> None:
    fake.create_service()
    with pytest.raises(TypeError, match=r"Service has no field 'frendly_name'; did you mean 'friendly_name'\?"):
        fake.services.where(frendly_name="x")


# behaviour


def test_behaviour_can_be_changed_at_any_time(fake: FakeNotify) -> None:
    other = fake.account(OTHER_SID)
    fake.behaviour = Behaviour(identity_limit="evict_oldest")
    service = other.create_service()
    for number in range(21):
        other.create_binding(service.sid, **{**BINDING, "address": str(number)})
    assert [each.address for each in other.bindings] == [str(number) for number in range(1, 21)]
    assert fake.behaviour == Behaviour(identity_limit="evict_oldest", unknown_accounts="shared")


# beginning anew


def test_renew_is_another_world_on_the_same_socket() -> None:
    with FakeNotify() as fake:
        url, first = fake.url, fake.create_service().sid
        fake.clock.freeze("2027-10-31T00:00:00Z")
        fake.fail("*", status=503)
        fake.account(OTHER_SID).create_service()
        assert status_of(url, ACCOUNT_SID, "x") == 503
        fake.renew(Behaviour(identity_limit="evict_oldest"), seed=1)
        assert (fake.url, fake.services, fake.requests, fake.faults) == (url, [], [], [])
        assert (fake.clock.frozen, fake.behaviour.identity_limit) == (False, "evict_oldest")
        assert OTHER_SID not in fake.world.accounts
        assert (fake.create_service().sid != first, status_of(url, ACCOUNT_SID, "x")) == (True, 200)
        fake.renew()
        assert (fake.behaviour.identity_limit, fake.create_service().sid) == ("reject", first)


def test_renew_opens_a_fake_that_was_stopped() -> None:
    """A test may stop the fake that it was given; the next one gets it as new."""
    with FakeNotify() as fake:
        fake.start()
        fake.stop()
        fake.renew()
        assert status_of(fake.url) == 401


def test_renew_keeps_who_may_come_in() -> None:
    with FakeNotify(accounts={OTHER_SID: "hush"}, api_keys={KEY_SID: "hush2"}) as fake:
        fake.account("AC" + "d" * 32, "gone")
        fake.renew()
        assert (fake.account_sid, fake.auth_token) == (OTHER_SID, "hush")
        credentials = [(OTHER_SID, "hush"), (KEY_SID, "hush2"), (ACCOUNT_SID, AUTH_TOKEN), ("AC" + "d" * 32, "gone")]
        assert [status_of(fake.url, *each) for each in credentials] == [200, 200, 401, 401]


def test_reset_empties_all_accounts_and_the_journal_and_leaves_clock_and_behaviour(fake: FakeNotify) -> None:
    other = fake.account(OTHER_SID, "hush")
    first = fake.create_service().sid
    other.create_service()
    fake.behaviour = Behaviour(identity_limit="evict_oldest")
    fake.clock.freeze("2027-10-31T00:00:00Z")
    assert status_of(fake.url) == 401
    fake.reset()
    assert (fake.services, other.services, fake.requests, other.auth_token) == ([], [], [], "hush")
    assert (fake.behaviour.identity_limit, fake.clock.frozen) == ("evict_oldest", True)
    assert fake.create_service().sid == first


def test_the_end_of_notify_can_be_rehearsed(fake: FakeNotify) -> None:
    fake.shutdown()
    assert [status_of(fake.url, ACCOUNT_SID, "x"), status_of(fake.url)] == [410, 401]
    with pytest.raises(ValueError, match="the shutdown is rehearsed with status 410, 404 or 403, not 500"):
        fake.shutdown(500)


def test_a_fault_may_be_for_one_account(fake: FakeNotify) -> None:
    other = fake.account(OTHER_SID, "hush")
    other.fail("*", status=503)
    fake.fail("services.find", status=429, account=other, times=1)
    fake.fail("services.find", status=409, account=ACCOUNT_SID, times=1)
    credentials = [(ACCOUNT_SID, "x"), (ACCOUNT_SID, "x"), (OTHER_SID, "hush")]
    assert [status_of(fake.url, *each) for each in credentials] == [409, 200, 503]


def test_no_credentials_are_the_catalogues_error(fake: FakeNotify) -> None:
    assert status_of(fake.url) == Unauthorized().status == fake.requests.last.status


def test_sixteen_threads_that_use_a_fake_for_the_first_time_start_one_of_each() -> None:
    with FakeNotify() as fake:
        together = threading.Barrier(16)
        seen: list[tuple[str, int]] = []

        def use() -> None:
            together.wait()
            seen.append((fake.url, id(fake._sender())))

        threads = [threading.Thread(target=use) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert len(seen) == 16
        assert len(set(seen)) == 1


def test_a_world_without_a_network_posts_no_callback() -> None:
    with pytest.raises(RuntimeError, match="nothing that posts callbacks"):
        World(Behaviour()).deliver_callback()


def test_an_account_that_is_not_there_is_named_with_the_nearest(open_fake: Callable[..., FakeNotify]) -> None:
    with pytest.raises(LookupError, match="there is no account 'AC1'"):
        open_fake().world.account("AC1")


def test_the_inspector_has_an_address(open_fake: Callable[..., FakeNotify]) -> None:
    fake = open_fake()
    assert fake.inspector_url == f"{fake.url}/_fake/"
