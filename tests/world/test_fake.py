"""``FakeNotify``: when it has a socket, how it answers a tester's mistakes, and starting over."""

from __future__ import annotations

import gc
import http.client
import socket
import threading
import warnings
import wsgiref.simple_server
from base64 import b64encode
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from typing import Any
from urllib.parse import urlsplit
from weakref import ref

import pytest

import fakenotify
from fakenotify import Account, Behaviour, FakeNotify, TwilioError, __version__
from fakenotify.core.errors import MissingParameter, NotFound
from fakenotify.notify.accounts import ACCOUNT_SID
from fakenotify.notify.errors import IdentityLimitReached, InvalidParameter
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


def status_of(url: str, user: str = ACCOUNT_SID, password: str = "x") -> int:
    """The status of ``GET /v1/Services``."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=5)
    try:
        token = b64encode(f"{user}:{password}".encode()).decode()
        connection.request("GET", "/v1/Services", headers={"Authorization": f"Basic {token}"})
        return connection.getresponse().status
    finally:
        connection.close()


def is_closed(url: str) -> bool:
    with pytest.raises(OSError, match="refused"):
        status_of(url)
    return True


# the package


def test_the_package_gives_its_names_when_they_are_asked_for() -> None:
    assert (fakenotify.FakeNotify, fakenotify.TwilioError, fakenotify.Account) == (FakeNotify, TwilioError, Account)
    assert all(hasattr(fakenotify, name) for name in dir(fakenotify))
    with pytest.raises(AttributeError, match="module 'fakenotify' has no attribute 'FakeNotfy'; did you mean 'FakeNot"):
        fakenotify.FakeNotfy  # noqa: B018  # the access is the point
    with pytest.raises(AttributeError, match=r"no attribute '_FakeNotify'$"):
        fakenotify._FakeNotify  # noqa: B018
    assert version("fakenotify") == __version__


def test_a_method_that_looks_like_an_attribute_is_a_method_of_the_class_too(fake: FakeNotify) -> None:
    assert FakeNotify.client(fake, in_process=True).account_sid == fake.account_sid
    assert fake.client.__doc__ == FakeNotify.client.__doc__
    with pytest.raises(AttributeError, match=r"client is a method: call it, as in fake.client\(\).notify"):
        fake.client.notify  # noqa: B018  # the access is the point


# the socket


def test_there_is_no_socket_before_it_is_needed(fake: FakeNotify) -> None:
    before = set(threading.enumerate())
    with fake as entered:
        service = fake.create_service()
        fake.create_binding(service, **BINDING)
        assert [each.sid for each in fake.client(in_process=True).notify.v1.services.list()] == [service.sid]
        assert (entered, repr(fake)) == (fake, "<FakeNotify without a socket>")
        assert set(threading.enumerate()) - before == set()


@pytest.mark.parametrize("need", [lambda fake: fake.url, lambda fake: fake.client(), lambda fake: fake.start()])
def test_the_socket_opens_when_it_is_first_needed(fake: FakeNotify, need: Callable[[FakeNotify], Any]) -> None:
    need(fake)
    url = fake.url
    assert (url.startswith("http://127.0.0.1:"), status_of(url)) == (True, 200)
    assert (fake.inspector_url, repr(fake)) == (f"{url}/_fake/", f"<FakeNotify {url}>")


def test_with_a_port_the_socket_opens_on_entering_and_closes_on_leaving(free_port: int) -> None:
    url = f"http://127.0.0.1:{free_port}"

    def use() -> None:
        with FakeNotify(port=free_port):
            assert status_of(url) == 200
            FakeNotify(port=free_port).start()

    with pytest.raises(OSError, match="in use"):
        use()
    assert is_closed(url)


def test_starting_and_stopping_twice_is_doing_it_once(fake: FakeNotify) -> None:
    before = set(threading.enumerate())
    fake.start()
    url, running = fake.url, set(threading.enumerate())
    fake.start()
    assert (fake.url, set(threading.enumerate())) == (url, running)
    fake.stop()
    fake.stop()
    assert set(threading.enumerate()) <= before  # those of a test before this one may be on their way out
    assert (repr(fake), is_closed(url)) == ("<FakeNotify without a socket>", True)


def test_a_stopped_fake_has_its_records_but_no_url_until_it_is_started_again(fake: FakeNotify) -> None:
    service = fake.create_service()
    for _ in range(2):
        fake.stop()
        for ask in (lambda: fake.url, fake.client):
            with pytest.raises(RuntimeError, match=r"this fake was stopped; call start\(\) to open it again"):
                ask()
        assert len(fake.client(in_process=True).notify.v1.services.list()) == 1
        fake.start()
        assert (status_of(fake.url), fake.services) == (200, [service])


HOSTS = {"127.0.0.1": "127.0.0.1", "localhost": "127.0.0.1", "127.0.0.2": "127.0.0.2", "0.0.0.0": "127.0.0.1"}
HOSTS |= {"::1": "[::1]", "::": "[::1]", "LOCALHOST": "LOCALHOST", "127.1": "127.1"}


@pytest.mark.parametrize("host", HOSTS)
def test_the_url_has_an_address_of_the_host_and_one_that_is_not_loopback_causes_a_warning(
    host: str, request: pytest.FixtureRequest
) -> None:
    if ":" in host:
        request.getfixturevalue("ipv6")
    warning = f"fakenotify listens on {host}, not on loopback: anyone who reaches this machine can use it"
    with warnings.catch_warnings(record=True) as seen, FakeNotify(host=host) as fake:
        warnings.simplefilter("always")
        assert fake.url.startswith(f"http://{HOSTS[host]}:")
        assert fake.client().notify.v1.services.list() == []
    assert [str(each.message) for each in seen] == [warning] * (host in ("0.0.0.0", "::"))


def test_an_empty_host_is_refused_rather_than_taken_for_all_addresses() -> None:
    with pytest.raises(ValueError, match=r"host is empty; 127\.0\.0\.1 is this machine alone"):
        FakeNotify(host="")


def test_a_warning_that_is_an_error_leaves_no_socket(free_port: int) -> None:
    with pytest.raises(UserWarning, match="not on loopback"):
        FakeNotify(host="0.0.0.0", port=free_port).start()
    assert is_closed(f"http://127.0.0.1:{free_port}")


def test_sixteen_threads_that_use_a_fake_for_the_first_time_start_one_of_each(fake: FakeNotify) -> None:
    together = threading.Barrier(16)

    def use(_: int) -> tuple[str, int]:
        together.wait()
        return fake.url, id(fake._sender())

    with ThreadPoolExecutor(16) as pool:
        assert len({*pool.map(use, range(16))}) == 1


@pytest.mark.parametrize("bound", ["keep_requests", "keep_deliveries", "keep_bytes"])
@pytest.mark.parametrize("kept", [0, True, 1.0])
def test_a_bound_is_a_whole_number_from_one(bound: str, kept: Any) -> None:
    with pytest.raises(ValueError, match=f"^{bound} is a whole number from 1, not {kept!r}$"):
        FakeNotify(**{bound: kept})


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


def test_any_wsgi_server_can_serve_the_application(fake: FakeNotify, wsgiref_url: str, wire_of: Any) -> None:
    wire = wire_of(fake)
    wire.url = wsgiref_url
    service = wire.post("/v1/Services", {"FriendlyName": "a ë", "LogEnabled": "false"}).json
    assert (service["friendly_name"], service["log_enabled"]) == ("a ë", False)
    path = f"/v1/Services/{service['sid']}"
    binding = {"Identity": "a/b", "BindingType": "sms", "Address": "x", "Tag": ["one", "two"]}
    assert wire.post(f"{path}/Bindings", binding).json["tags"] == ["one", "two"]
    assert wire.post(f"{path}/Notifications", {"Tag": "one", "Body": "Hi"}).status == 201
    assert wire.get("/v1/Services?FriendlyName=a%20%C3%AB").json["services"] == [service]
    assert wire.send("HEAD", "/_fake/health").status in (200, 405)
    assert (wire.delete(path).status, fake.services) == (204, [])
    missing = wire.get("/v1/Services/a%20%C3%AB")
    assert missing.json["message"] == "The requested resource /Services/a%20%C3%AB was not found"


def test_any_wsgi_server_has_the_limit_of_a_body(wsgiref_url: str) -> None:
    with socket.create_connection(("127.0.0.1", urlsplit(wsgiref_url).port or 0), timeout=5) as raw:
        token = b64encode(f"{ACCOUNT_SID}:x".encode())
        head = b"POST /v1/Services HTTP/1.0\r\nAuthorization: Basic %s\r\nContent-Length: 1048577\r\n\r\n"
        raw.sendall(head % token)
        assert raw.makefile("rb").readline() == b"HTTP/1.0 413 REQUEST ENTITY TOO LARGE\r\n"


# accounts


def test_no_repr_shows_a_secret_and_declared_accounts_stay_when_a_fake_starts_over() -> None:
    guarded = FakeNotify(accounts={OTHER_SID: "hush"}, api_keys={KEY_SID: "hush2"})
    credential = guarded.create_credential("fcm", secret="hush3", api_key="hush4")
    handle, world = guarded.account(OTHER_SID), guarded.world
    shown = [guarded, handle, handle._state, credential, guarded.snapshot(), world, world.accounts, guarded.faults]
    assert "hush" not in " ".join(map(repr, shown))
    guarded.renew()
    assert (guarded.account_sid, guarded.auth_token) == (OTHER_SID, "hush")


def test_a_handle_has_its_own_requests_and_the_url_of_its_fake(fake: FakeNotify) -> None:
    handle = fake.account(OTHER_SID, "hush")
    assert [status_of(fake.url), status_of(handle.url, OTHER_SID, "hush")] == [200, 200]
    assert [[each.account_sid for each in whose.requests] for whose in (fake, handle)] == [
        [ACCOUNT_SID, OTHER_SID],
        [OTHER_SID],
    ]
    assert repr(handle) == f"<Account {OTHER_SID}>"


# the tester's mistakes


def test_an_unknown_argument_is_a_type_error_that_names_the_nearest(fake: FakeNotify) -> None:
    fake.create_service(sid=IS)
    for create, arguments, hint in (
        (fake.create_service, {"frendly_name": "x"}, "; did you mean 'friendly_name'? It takes: friendly_name, sid, "),
        (fake.create_service, {"FriendlyName": "x"}, "; did you mean 'friendly_name'? It takes: friendly_name, sid, "),
        (fake.create_credential, {"secrets": "x"}, "; did you mean 'secret'? It takes: type, "),
        (fake.create_binding, {"service": IS, "tag": "x"}, "; did you mean 'tags'? It takes: service, "),
        (fake.create_user, {"service": IS, "identiy": "x"}, "; did you mean 'identity'? It takes: service, "),
        (fake.create_notification, {"service": IS, "x": "x"}, ". It takes: service, "),
    ):
        with pytest.raises(TypeError) as raised:
            create(**arguments)
        assert str(raised.value).startswith(f"{create.__name__}() has no argument {[*arguments][-1]!r}{hint}")
    assert (len(fake.services), fake.credentials, fake.bindings, fake.users) == (1, [], [], [])


def test_what_is_no_service_and_what_is_no_behaviour_is_a_type_error_that_says_what_is_wanted(fake: FakeNotify) -> None:
    lost: Any = None
    with pytest.raises(TypeError, match=r"^bindings\.create needs a Service or its sid, not None$"):
        fake.create_binding(lost, **BINDING)
    switches: Any = {"list_order": "newest_first"}
    for use in (FakeNotify, fake.renew, lambda each: setattr(fake, "behaviour", each)):
        with pytest.raises(TypeError, match=r"^behaviour is a Behaviour, e\.g\. Behaviour\(.*\), not \{'list_order': "):
            use(switches)


def test_what_the_wire_refuses_is_refused_here_too_and_nothing_is_journaled(fake: FakeNotify) -> None:
    fake.create_service(sid=IS)
    for number in range(20):
        fake.create_binding(IS, **{**BINDING, "address": str(number)})
    fax = {**BINDING, "binding_type": "fax"}
    refusals: list[tuple[Callable[..., Any], dict[str, Any], TwilioError]] = [
        (fake.create_binding, {"service": IS, **BINDING}, IdentityLimitReached()),
        (fake.create_binding, {"service": IS, **fax}, InvalidParameter("Binding", "BindingType")),
        (fake.create_binding, {"service": IS, "identity": "bob"}, MissingParameter("BindingType")),
        (fake.create_binding, {"service": "IS1", **BINDING}, NotFound("/Services/IS1/Bindings")),
        (fake.create_credential, {}, MissingParameter("Type")),
    ]
    for create, arguments, error in refusals:
        with pytest.raises(type(error)) as raised:
            create(**arguments)
        assert raised.value.representation() == error.representation()
    assert (len(fake.services), len(fake.bindings), fake.requests) == (1, 20, [])


def test_a_refusal_says_why_as_the_journal_does(fake: FakeNotify) -> None:
    service = fake.create_service(sid=IS)
    binding = fake.create_binding(service, **BINDING)
    fax: Any = "fax"
    with pytest.raises(
        TwilioError, match=r"'BindingType' is invalid \(BindingType: 'fax' can't be read; it takes: one of "
    ):
        fake.create_binding(service, identity="bob", binding_type=fax, address="1")
    with pytest.raises(
        TwilioError, match=rf"was not found \('{binding.sid}' is the sid of a Binding, not of a Notify Ser"
    ):
        fake.create_notification(binding.sid, tags=["all"], body="Hi")


def test_a_sid_that_is_chosen_for_a_service_must_be_valid_and_new(fake: FakeNotify) -> None:
    assert fake.create_service(sid=IS).sid == IS
    wrong: tuple[Any, ...] = ("IS1", "is" + "a" * 32, "AC" + "a" * 32, "", IS + "\n", IS, 5)
    for sid in wrong:
        with pytest.raises(ValueError, match="can't be a new Service's sid: IS and 32 hex digits, not yet in use"):
            fake.create_service(sid=sid)


# looking


def test_lists_are_oldest_first_and_stay_as_they_were(fake: FakeNotify) -> None:
    taken = fake.services
    one, two = fake.create_service("one"), fake.create_service("two")
    assert (taken, fake.services, fake.services.last) == ([], [one, two], two)


# starting over


def test_an_old_world_is_freed_at_once_with_all_its_requests(fake: FakeNotify) -> None:
    fake.behaviour = Behaviour(callback_delivery="manual")
    service = fake.create_service()
    fake.create_binding(service, identity="alice", binding_type="sms", address="+15005550006")
    fake.create_notification(service, identities=["alice"], body="Hi", delivery_callback_url="http://127.0.0.1:1/")
    fake.deliver_callback()
    fake.fail("services.find", status=503)
    fake.clock.freeze()
    old = [ref(each) for each in (fake.world.clock, fake.world, fake.world.accounts.default)]
    gc.collect()  # of other tests
    gc.disable()
    try:
        http_client = fake.client(in_process=True).http_client
        path = f"https://notify.twilio.com/v1/Services/{service.sid}/Bindings"
        for form in ({}, {"Identity": "alice"}, {"Identity": "alice", "BindingType": "fax"}, {"Nonsense": "x"}):
            http_client.request("POST", path, data=form, auth=(ACCOUNT_SID, "x"))
        for path in ("https://notify.twilio.com/v1/Services", "https://notify.twilio.com/v1/Nowhere"):
            http_client.request("GET", path, auth=(ACCOUNT_SID, "x"))
        fake.renew()
        assert [each() for each in old] == [None] * 3
    finally:
        gc.enable()


def test_renew_makes_another_world_on_the_same_socket(fake: FakeNotify) -> None:
    url, first = fake.url, fake.create_service().sid
    fake.clock.freeze("2027-10-31T00:00:00Z")
    fake.fail("*", status=503)
    fake.account(OTHER_SID).create_service()
    assert status_of(url) == 503
    fake.renew(Behaviour(identity_limit="evict_oldest"), seed=1)
    assert (fake.url, fake.services, fake.requests, fake.faults) == (url, [], [], [])
    assert (fake.clock.frozen, fake.behaviour.identity_limit) == (False, "evict_oldest")
    assert OTHER_SID not in fake.world.accounts
    assert (fake.create_service().sid != first, status_of(url)) == (True, 200)
    fake.stop()
    fake.renew()
    assert (fake.behaviour.identity_limit, fake.create_service().sid, status_of(fake.url)) == ("reject", first, 200)


def test_reset_empties_all_accounts_and_the_journal_and_leaves_clock_and_behaviour(fake: FakeNotify) -> None:
    other = fake.account(OTHER_SID, "hush")
    first = fake.create_service().sid
    other.create_service()
    fake.behaviour = Behaviour(identity_limit="evict_oldest")
    fake.clock.freeze("2027-10-31T00:00:00Z")
    assert status_of(fake.url) == 200
    fake.reset()
    assert (fake.services, other.services, fake.requests, other.auth_token) == ([], [], [], "hush")
    assert (fake.behaviour.identity_limit, fake.clock.frozen) == ("evict_oldest", True)
    assert fake.create_service().sid == first


def test_moving_the_clock_is_a_change_that_listeners_hear_of(fake: FakeNotify) -> None:
    changes: list[Any] = []
    fake.world.changes.add(changes.append)
    fake.clock.shift(hours=1)
    assert [(each.kind, each.body["verb"]) for each in changes] == [("change", "clock")]


def test_a_world_without_a_network_posts_no_callback() -> None:
    with pytest.raises(RuntimeError, match="nothing that posts callbacks"):
        World(Behaviour()).deliver_callback()
