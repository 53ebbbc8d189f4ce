"""The proxy, asked over raw sockets and by real clients: Notify's hosts reach the fake, other hosts are reached."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import subprocess
import sys
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator
from http.client import HTTPResponse
from pathlib import Path
from typing import Any

import pytest
import requests

from fakenotify import FakeNotify, Fault
from fakenotify.proxy import certificates
from fakenotify.proxy import proxy as proxy_module
from fakenotify.proxy.certificates import Authority, first_certificates, system_certificates
from fakenotify.proxy.counts import Counts
from fakenotify.proxy.environment import is_exempt
from fakenotify.proxy.hosts import Upstream, is_notify
from fakenotify.proxy.proxy import Proxy, ask

trustme = pytest.importorskip("trustme", reason="the extra 'proxy' is not installed")

PATIENCE = 30.0
"""Seconds after which a test gives up on an answer."""

MIB = 1_048_576
AUTH = ("AC" + "b" * 32, "x")
AUTHORIZATION = f"Authorization: Basic {b64encode(':'.join(AUTH).encode()).decode()}\r\n"
SERVICES = "https://notify.twilio.com/v1/Services"
FIND = f"GET /v1/Services HTTP/1.1\r\nHost: notify.twilio.com\r\n{AUTHORIZATION}\r\n".encode()
LAST = b"GET / HTTP/1.1\r\nHost: notify.twilio.com\r\nConnection: close\r\n\r\n"
ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"
"""The answer to ``CONNECT``, in the words that twilio-php waits for."""

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nok"
OK_AT_LAST = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"


class Listener:
    """Another host: each connection to it is ``answer``'s, in a thread; ``asked`` is what that returned."""

    def __init__(self, answer: Callable[[socket.socket], Any], context: ssl.SSLContext | None = None) -> None:
        self._answer = answer
        self._context = context
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()
        self.port: int = self._socket.getsockname()[1]
        self.address = f"127.0.0.1:{self.port}"
        self.url = f"http://{self.address}"
        self.asked: list[Any] = []

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                self._threads.append(threading.Thread(target=self._serve, args=(connection,)))
                self._threads[-1].start()

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(PATIENCE)
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
            stack.enter_context(connection)
            if self._context is not None:
                connection = stack.enter_context(self._context.wrap_socket(connection, server_side=True))
            self.asked.append(self._answer(connection))

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for thread in self._threads:
            thread.join()


Start = Callable[..., Proxy]
Dial = Callable[[Proxy], socket.socket]
Tunnel = Callable[..., socket.socket]
Listen = Callable[..., Listener]


def head(connection: socket.socket) -> bytes:
    """The head of what arrives, to the byte."""
    read = b""
    while not read.endswith(b"\r\n\r\n"):
        piece = connection.recv(1)
        if not piece:
            break
        read += piece
    return read


def answer(connection: socket.socket) -> tuple[int, bytes]:
    """Status and body of the next answer."""
    response = HTTPResponse(connection)
    response.begin()
    return response.status, response.read()


def whole(connection: socket.socket) -> bytes:
    """Everything until the other end has said its last."""
    return b"".join(iter(lambda: connection.recv(65536), b""))


def ended(connection: socket.socket) -> bytes:
    """The same, after the end of what this side says."""
    connection.shutdown(socket.SHUT_WR)
    return whole(connection)


def refused(connection: socket.socket, request: str) -> tuple[int, str]:
    """Status and words of an answer that is the connection's last."""
    connection.sendall(f"{request} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode("latin-1"))
    first, _, body = whole(connection).decode().partition("\r\n\r\n")
    assert "\r\nConnection: close" in first
    return int(first.split()[1]), body


def echo(connection: socket.socket) -> bytes:
    """Say back what was said, once all of it was."""
    said = whole(connection)
    connection.sendall(said)
    return said


def answering(answer: bytes) -> Callable[[socket.socket], bytes]:
    """Read a head, send an answer, and wait for the other end to leave."""

    def act(connection: socket.socket) -> bytes:
        asked = head(connection)
        connection.sendall(answer)
        return asked + whole(connection)

    return act


@pytest.fixture
def listen() -> Iterator[Listen]:
    """Makes other hosts."""
    with contextlib.ExitStack() as stack:

        def start(answer: Callable[[socket.socket], Any], context: ssl.SSLContext | None = None) -> Listener:
            listener = Listener(answer, context)
            stack.callback(listener.close)
            return listener

        yield start


@pytest.fixture
def fake() -> Iterator[FakeNotify]:
    with FakeNotify() as fake:
        yield fake


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def ca_file(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    path.write_bytes(authority.pem)
    return str(path)


@pytest.fixture
def start(fake: FakeNotify, authority: Authority) -> Iterator[Start]:
    """Makes proxies to ``fake``; the test fails if one met an error of its own."""
    made: list[Proxy] = []

    def make(**how: Any) -> Proxy:
        proxy = Proxy(fake.wsgi_app, authority, **how)
        proxy.start()
        made.append(proxy)
        return proxy

    yield make
    fake.world.end()
    for proxy in made:
        proxy.stop()
        assert proxy.errors == []


@pytest.fixture
def proxy(start: Start) -> Proxy:
    return start()


@pytest.fixture
def dial() -> Iterator[Dial]:
    """Opens connections to a proxy."""
    with contextlib.ExitStack() as stack:
        yield lambda proxy: stack.enter_context(socket.create_connection(("127.0.0.1", proxy.port), PATIENCE))


@pytest.fixture
def tunnel(dial: Dial) -> Tunnel:
    """Opens tunnels through a proxy."""

    def open_one(proxy: Proxy, address: str = "notify.twilio.com:443") -> socket.socket:
        connection = dial(proxy)
        connection.sendall(f"CONNECT {address} HTTP/1.1\r\nHost: {address}\r\n\r\n".encode())
        assert head(connection) == ESTABLISHED
        return connection

    return open_one


@pytest.fixture
def secured(proxy: Proxy, tunnel: Tunnel, context: ssl.SSLContext) -> Callable[..., ssl.SSLSocket]:
    """Opens TLS to Notify, in a tunnel through ``proxy``."""

    def open_one(**how: Any) -> ssl.SSLSocket:
        return context.wrap_socket(tunnel(proxy), server_hostname="notify.twilio.com", **how)

    return open_one


@pytest.fixture
def context(ca_file: str) -> ssl.SSLContext:
    """TLS of a client that trusts the proxy's authority alone."""
    return ssl.create_default_context(cafile=ca_file)


@pytest.fixture
def session(proxy: Proxy, ca_file: str) -> Iterator[requests.Session]:
    """``requests``, told of the proxy and its authority."""
    with requests.Session() as session:
        session.trust_env = False
        session.proxies = {"https": proxy.url, "http": proxy.url}
        session.verify = ca_file
        session.auth = AUTH
        yield session


# which hosts


def test_a_host_is_notifys_or_not() -> None:
    ours = ["notify.twilio.com", "Notify.Twilio.com.", "notify.us1.twilio.com", "notify.frankfurt.us1.twilio.com"]
    others = ["api.twilio.com", "notify.twilio.com.example", "notify.a.b.c.twilio.com", "xnotify.twilio.com"]
    assert [host for host in ours + others if is_notify(host)] == ours


def test_no_proxy_is_read() -> None:
    expected = {
        ("", "a.test"): False,
        ("*", "a.test"): True,
        ("a.test", "a.test"): True,
        ("A.test:443", "a.test"): True,
        ("b.test, .test", "a.test"): True,
        ("*.test", "a.test"): True,
        ("test", "contest"): False,
        ("b.a.test", "a.test"): False,
        (",", "a.test."): False,
    }
    assert {given: is_exempt(given[1], {"NO_PROXY": given[0]}) for given in expected} == expected


# Notify


def test_pages_are_followed_by_urls_that_say_https_and_the_host_that_was_asked(
    session: requests.Session, fake: FakeNotify
) -> None:
    made = [fake.create_service(f"s{at}").sid for at in range(5)]
    services = "https://notify.dublin.ie1.twilio.com/v1/Services"
    found, url = [], f"{services}?PageSize=2"
    while url:
        page = session.get(url, timeout=PATIENCE).json()
        found += [each["sid"] for each in page["services"]]
        assert [each["url"] for each in page["services"]] == [
            f"{services}/{sid}" for sid in found[-len(page["services"]) :]
        ]
        url = page["meta"]["next_page_url"]
        assert url is None or url.startswith(services)
    assert found == made


def test_a_tunnel_serves_request_after_request(secured: Callable[..., ssl.SSLSocket], fake: FakeNotify) -> None:
    with secured() as connection:
        for _ in range(3):
            connection.sendall(FIND)
            assert answer(connection)[0] == 200
    assert [request.operation for request in fake.requests] == ["services.find"] * 3


def test_tls_ends_with_a_closing_message(secured: Callable[..., ssl.SSLSocket]) -> None:
    with secured(suppress_ragged_eofs=False) as connection:  # an end without one is an error
        connection.sendall(LAST)
        assert whole(connection).startswith(b"HTTP/1.1 401 UNAUTHORIZED\r\n")


def test_tls_that_comes_in_one_packet_with_connect_is_not_lost(
    proxy: Proxy, dial: Dial, context: ssl.SSLContext
) -> None:
    connection, incoming, outgoing = dial(proxy), ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing, server_hostname="notify.twilio.com")
    with pytest.raises(ssl.SSLWantReadError):
        tls.do_handshake()
    connection.sendall(b"CONNECT notify.twilio.com:443 HTTP/1.1\r\n\r\n" + outgoing.read())
    assert head(connection) == ESTABLISHED

    def until(act: Callable[[], Any]) -> Any:
        while True:
            try:
                return act()
            except ssl.SSLWantReadError:
                connection.sendall(outgoing.read())
                incoming.write(connection.recv(65536))

    until(tls.do_handshake)
    tls.write(LAST)
    connection.sendall(outgoing.read())
    assert until(lambda: tls.read(12)) == b"HTTP/1.1 401"


def test_a_tunnel_may_hold_plain_http_even_in_one_packet_with_connect(proxy: Proxy, dial: Dial, tunnel: Tunnel) -> None:
    early = dial(proxy)
    early.sendall(b"CONNECT notify.twilio.com:80 HTTP/1.1\r\n\r\n" + LAST)
    assert whole(early).startswith(ESTABLISHED + b"HTTP/1.1 401 UNAUTHORIZED\r\n")

    connection = tunnel(proxy, "notify.twilio.com:80")
    connection.sendall(FIND)
    assert b'"url": "http://notify.twilio.com/v1/Services?' in answer(connection)[1]


def test_tls_without_connect_is_notify_itself(proxy: Proxy, dial: Dial, context: ssl.SSLContext) -> None:
    for host in ("notify.twilio.com", "notify.dublin.ie1.twilio.com"):
        with context.wrap_socket(dial(proxy), server_hostname=host) as connection:
            connection.sendall(LAST)
            assert whole(connection).startswith(b"HTTP/1.1 401 ")
    with pytest.raises(ssl.SSLError, match="unrecognized name"):
        context.wrap_socket(dial(proxy), server_hostname="api.twilio.com")
    context.check_hostname = False
    with context.wrap_socket(dial(proxy)) as connection:  # a client that names no host
        connection.sendall(LAST)
        assert whole(connection).startswith(b"HTTP/1.1 401 ")
    assert proxy.opened == {"notify.twilio.com": 4}


def test_http_2_is_not_offered(context: ssl.SSLContext, secured: Callable[..., ssl.SSLSocket]) -> None:
    context.set_alpn_protocols(["h2", "http/1.1"])
    with secured() as connection:
        assert connection.selected_alpn_protocol() == "http/1.1"


def test_what_the_fake_refuses_is_answered(session: requests.Session) -> None:
    """Control is not for those who ask for Notify, and a body may be too large."""
    assert session.get("https://notify.twilio.com/_fake/health", timeout=PATIENCE).status_code == 403
    assert session.post(SERVICES, b"x" * 2 * MIB, timeout=PATIENCE).json()["code"] == 20413


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_whole_url_reaches_the_fake_without_a_tunnel(proxy: Proxy, dial: Dial, scheme: str) -> None:
    """Plain HTTP is asked so, and https by clients that were never taught to ask for tunnels."""
    connection = dial(proxy)
    url = f"{scheme}://notify.twilio.com/v1/Services"
    for header in ("A: b", "Connection: close"):
        connection.sendall(f"GET {url} HTTP/1.1\r\nHost: notify.twilio.com\r\n{AUTHORIZATION}{header}\r\n\r\n".encode())
        status, body = answer(connection)
        assert (status, json.loads(body)["meta"]["url"]) == (200, f"{url}?PageSize=50&Page=0")
    assert whole(connection) == b""


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault.garbage(), requests.ConnectionError),
        (Fault.truncate_body(), requests.exceptions.ChunkedEncodingError),
        (Fault.stall(), requests.ReadTimeout),
        (Fault.slow_body(30), requests.ConnectionError),
    ],
)
def test_a_fault_of_the_wire_is_what_it_is_without_a_proxy(
    session: requests.Session, fake: FakeNotify, fault: Fault, error: type[Exception]
) -> None:
    fake.fail("services.create", fault, times=2)
    with requests.Session() as direct:
        direct.trust_env, direct.auth = False, AUTH
        for client, url in ((session, SERVICES), (direct, f"{fake.url}/v1/Services")):
            with pytest.raises(error):
                client.post(url, {"FriendlyName": "x"}, timeout=0.3)
    assert session.post(SERVICES, {"FriendlyName": "x"}, timeout=PATIENCE).status_code == 201


def test_a_reset_is_a_reset(secured: Callable[..., ssl.SSLSocket], fake: FakeNotify) -> None:
    fake.fail("services.find", Fault.reset_connection())
    with secured() as connection:
        connection.sendall(FIND)
        with pytest.raises(ConnectionResetError):  # which TLS would call an end
            list(iter(lambda: socket.socket.recv(connection, 65536), b""))


# trust


def test_a_client_that_trusts_others_only_is_counted(session: requests.Session, proxy: Proxy) -> None:
    session.verify = True
    with pytest.raises(requests.exceptions.SSLError):
        session.get(SERVICES, timeout=PATIENCE)
    proxy.stop()
    assert proxy.distrusted == {"notify.twilio.com: TLSV1_ALERT_UNKNOWN_CA": 1}


def test_a_client_that_stops_halfway_is_counted_and_one_that_leaves_before_is_not(proxy: Proxy, tunnel: Tunnel) -> None:
    assert ended(tunnel(proxy)) == b""
    assert proxy.distrusted == {}
    connection = tunnel(proxy)
    connection.sendall(b"\x16\x03\x01")
    ended(connection)
    proxy.stop()
    (what,) = proxy.distrusted
    assert what.startswith("notify.twilio.com: ")


def test_certificates_are_kept_but_not_for_ever(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    first = authority.context("notify.h0.twilio.com")
    assert authority.context("notify.h0.twilio.com") is first
    for at in range(1, certificates._MOST_CONTEXTS + 1):
        authority.context(f"notify.h{at}.twilio.com")
    assert authority.context("notify.h0.twilio.com") is not first
    assert list(tmp_path.iterdir()) == []


def test_the_authoritys_key_is_in_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = []

    def load(self: ssl.SSLContext, path: str, *rest: Any) -> None:
        written.append(Path(path).read_text())

    monkeypatch.setattr(ssl.SSLContext, "load_cert_chain", load)
    authority = Authority(tmp_path)
    authority.context("notify.twilio.com")
    (leaf,) = written
    key = authority._authority.private_key_pem.bytes().decode()
    assert leaf.count("PRIVATE KEY-----") == 2
    assert key not in leaf
    assert "PRIVATE KEY" not in authority.pem.decode()


def test_without_trustme_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "trustme", None)
    with pytest.raises(ImportError, match=r"pip install 'fakenotify\[proxy\]'"):
        Authority(tmp_path)


def test_the_first_certificates_that_are_there_count(tmp_path: Path) -> None:
    one, two, none = tmp_path / "one.pem", tmp_path / "two.pem", tmp_path / "none.txt"
    one.write_bytes(b"-----BEGIN CERTIFICATE-----\n1")
    two.write_bytes(b"-----BEGIN CERTIFICATE-----\n2")
    none.write_bytes(b"nothing")
    (tmp_path / "below").mkdir()
    missing = str(tmp_path / "missing")

    assert first_certificates(["", missing, str(none), str(two), str(one)]) == two.read_bytes() + b"\n"
    assert first_certificates([str(tmp_path)]) == one.read_bytes() + b"\n" + two.read_bytes() + b"\n"
    assert first_certificates([missing]) == b""


def test_the_systems_certificates_are_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    ours = tmp_path / "ours.pem"
    ours.write_bytes(b"-----BEGIN CERTIFICATE-----\n")
    monkeypatch.setattr(certificates, "_WHERE_SYSTEMS_KEEP_THEM", (str(ours),))
    assert system_certificates() == b"-----BEGIN CERTIFICATE-----\n\n"

    monkeypatch.setattr(certificates, "_WHERE_SYSTEMS_KEEP_THEM", ())
    assert system_certificates().count(b"-----BEGIN CERTIFICATE-----") > 100  # certifi's

    monkeypatch.setitem(sys.modules, "certifi", None)
    monkeypatch.setenv("SSL_CERT_FILE", str(ours))
    trustme.CA().cert_pem.write_to_path(str(ours))
    assert system_certificates().split() == ours.read_bytes().split()  # Python's


# other hosts


def test_tls_with_another_host_is_its_own(
    session: requests.Session, proxy: Proxy, listen: Listen, tmp_path: Path
) -> None:
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "its.pem"))
    listener = listen(answering(OK_AT_LAST), context)
    url = f"https://localhost:{listener.port}/path?a=b"
    with pytest.raises(requests.exceptions.SSLError):
        session.get(url, timeout=PATIENCE)  # our authority does not vouch for it

    session.verify = str(tmp_path / "its.pem")
    assert session.get(url, timeout=PATIENCE).content == b"ok"
    listener.close()
    assert [asked.partition(b"\r\n")[0] for asked in listener.asked] == [b"GET /path?a=b HTTP/1.1"]
    assert proxy.passed_on == {f"localhost:{listener.port}": 2}


def test_every_byte_passes_even_early_ones_and_half_an_end_is_half_an_end(
    proxy: Proxy, tunnel: Tunnel, dial: Dial, listen: Listen
) -> None:
    said, listener = bytes(range(256)) * 8192, listen(echo)
    connection = tunnel(proxy, listener.address)
    connection.sendall(said)
    assert ended(connection) == said
    early = dial(proxy)
    early.sendall(f"CONNECT {listener.address} HTTP/1.1\r\n\r\nearly".encode())
    assert ended(early) == ESTABLISHED + b"early"
    assert listener.asked == [said, b"early"]


def test_the_other_host_learns_that_a_client_has_gone(proxy: Proxy, tunnel: Tunnel, listen: Listen) -> None:
    def chatter(connection: socket.socket) -> str:
        with contextlib.suppress(OSError):
            while True:
                connection.sendall(b"x" * 65536)
        return "gone"

    listener = listen(chatter)
    connection = tunnel(proxy, listener.address)
    assert connection.recv(1) == b"x"
    connection.close()
    listener.close()
    assert listener.asked == ["gone"]


def test_plain_http_is_forwarded(proxy: Proxy, dial: Dial, listen: Listen) -> None:
    """The connection ends with it, since the next request may be for another host; whatever the server says."""
    listener = listen(answering(b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + OK))
    connection = dial(proxy)
    connection.sendall(
        f"POST {listener.url}/a//b?c=%20 HTTP/1.1\r\nHost: {listener.address}\r\nX: 1\r\nX: 2\r\nContent-Length: 4\r\n"
        f"Proxy-Connection: keep-alive\r\nProxy-Authorization: Basic x\r\nConnection: keep-alive\r\n\r\nbody".encode()
    )
    assert head(connection) == b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
    assert head(connection) + connection.recv(2) == OK_AT_LAST
    assert ended(connection) == b""

    connection = dial(proxy)  # a URL without a path has the root
    connection.sendall(f"GET {listener.url} HTTP/1.1\r\n\r\n".encode())
    ended(connection)
    connection = dial(proxy)  # an answer may have no byte
    connection.sendall(f"GET {listen(head).url}/ HTTP/1.1\r\n\r\n".encode())
    assert whole(connection) == b""
    listener.close()
    assert listener.asked == [
        f"POST /a//b?c=%20 HTTP/1.1\r\nHost: {listener.address}\r\nX: 1\r\nX: 2\r\nContent-Length: 4\r\n"
        f"Connection: close\r\n\r\nbody".encode(),
        b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n",
    ]


def test_one_connection_may_ask_for_notify_and_then_for_another(
    session: requests.Session, listen: Listen, fake: FakeNotify
) -> None:
    first, second = listen(answering(OK)), listen(answering(OK))
    for url in ("http://notify.twilio.com/v1/Services", first.url, second.url, "http://notify.twilio.com/v1/Services"):
        assert session.get(url, timeout=PATIENCE).status_code == 200
    first.close()
    second.close()
    assert (len(fake.requests), len(first.asked), len(second.asked)) == (2, 1, 1)


def test_what_cannot_be_reached_or_makes_no_sense_is_refused_in_words(proxy: Proxy, dial: Dial, free_port: int) -> None:
    free, long = f"127.0.0.1:{free_port}", "a" * 64
    proxy_only = "this is a proxy; it wants CONNECT or a whole URL"
    expected = {
        f"CONNECT {free}": (502, f"{free} can't be reached: [Errno 111] Connection refused"),
        f"GET http://{free}/": (502, f"{free} can't be reached: [Errno 111] Connection refused"),
        f"CONNECT {long}.test:443": (502, f"{long}.test:443 can't be reached: that is no host name"),
        "CONNECT :443": (400, "CONNECT :443 is not a request that a proxy understands"),
        "GET https://other.test/": (400, "GET https://other.test/ is not a request that a proxy understands"),
        "GET ftp://other.test/": (400, "GET ftp://other.test/ is not a request that a proxy understands"),
        "CONNECT other.test:port": (400, ""),
        "GET http://[/": (400, ""),
        "GET /v1/Services": (400, proxy_only),
        "OPTIONS *": (400, proxy_only),
        "POST /": (400, proxy_only),
    }
    told = {request: refused(dial(proxy), request) for request in expected}
    assert told == {each: (status, f"fakenotify: {why}\n" if why else "") for each, (status, why) in expected.items()}
    status, why = refused(dial(proxy), f"CONNECT notify.{long}.twilio.com:443")
    assert (status, why.startswith(f"fakenotify: notify.{long}.twilio.com can have no certificate: ")) == (400, True)
    assert proxy.passed_on == {}


# offline


def test_offline_other_hosts_are_refused_in_words_and_this_machine_is_reached(
    start: Start, dial: Dial, tunnel: Tunnel, listen: Listen
) -> None:
    listener, proxy = listen(echo), start(offline=True)
    for host in ("127.0.0.1", "localhost"):
        assert ended(tunnel(proxy, f"{host}:{listener.port}")) == b""
    assert proxy.refused == {}
    why = "fakenotify: other.test:443 is not reached, because of --offline\n"
    for request in ("CONNECT other.test:443", "GET http://other.test:443/"):
        assert refused(dial(proxy), request) == (403, why)
    assert proxy.refused == {"other.test:443": 2}


# the user's own proxy


def relay_to(listener: Listener, connection: socket.socket) -> bytes:
    """A proxy that takes whatever is asked for to one listener."""
    asked = head(connection)
    connection.sendall(b"HTTP/1.1 200 yes\r\nVia: it\r\n\r\n")
    with socket.create_connection(("127.0.0.1", listener.port), PATIENCE) as other:
        other.sendall(whole(connection))
        connection.sendall(ended(other))
    return asked


def test_other_hosts_are_reached_through_the_users_own_proxy(start: Start, tunnel: Tunnel, listen: Listen) -> None:
    listener = listen(echo)
    before = listen(lambda connection: relay_to(listener, connection))
    proxy = start(environment={"HTTPS_PROXY": f"http://me:p%40ss@{before.address}"})
    connection = tunnel(proxy, "other.test:443")
    connection.sendall(b"hello")
    assert ended(connection) == b"hello"
    before.close()
    assert before.asked == [
        b"CONNECT other.test:443 HTTP/1.1\r\nHost: other.test:443\r\n"
        b"Proxy-Authorization: Basic " + b64encode(b"me:p@ss") + b"\r\n\r\n"
    ]


def test_the_users_own_proxy_is_asked_for_plain_http(start: Start, dial: Dial, listen: Listen) -> None:
    before = listen(answering(OK_AT_LAST))
    connection = dial(start(environment={"http_proxy": before.address}))
    connection.sendall(b"GET http://other.test/a HTTP/1.1\r\nHost: other.test\r\n\r\n")
    assert ended(connection) == OK_AT_LAST
    before.close()
    assert before.asked == [b"GET http://other.test/a HTTP/1.1\r\nHost: other.test\r\nConnection: close\r\n\r\n"]


def test_a_refusal_of_the_users_own_proxy_is_passed_on(start: Start, dial: Dial, listen: Listen) -> None:
    def refuse(connection: socket.socket) -> None:
        head(connection)
        connection.sendall(answers.pop())

    answers, before = [b"", b"HTTP/1.1 407 Proxy Authentication Required\r\nA: b\r\n\r\n"], listen(refuse)
    proxy = start(environment={"ALL_PROXY": f"http://{before.address}"})
    for words in ("HTTP/1.1 407 Proxy Authentication Required", "nothing"):
        told = f"other.test:443 can't be reached: the proxy {before.address} answered {words}"
        assert refused(dial(proxy), "CONNECT other.test:443") == (502, f"fakenotify: {told}\n")


def test_a_proxy_that_cannot_be_used_is_an_error_in_words(start: Start, dial: Dial) -> None:
    proxy = start()
    why = "HTTPS_PROXY is no proxy that fakenotify can go through: it takes http://host:port"
    for value in ("socks5://127.0.0.1:1", "http://:8080", "http://127.0.0.1:port", "http://["):
        proxy.environment["HTTPS_PROXY"] = value
        told = f"fakenotify: other.test:443 can't be reached: {why}\n"
        assert refused(dial(proxy), "CONNECT other.test:443") == (502, told)


def test_the_users_own_proxy_is_found() -> None:
    other = ("https", "other.test")
    for environment, (scheme, host), expected in (
        ({}, other, None),
        ({"HTTPS_PROXY": ""}, other, None),
        ({"HTTPS_PROXY": "proxy.test"}, other, Upstream("proxy.test", 80)),
        ({"HTTPS_PROXY": "proxy.test:3128"}, ("http", "other.test"), None),
        ({"HTTP_PROXY": "a.test", "http_proxy": "b.test"}, ("http", "other.test"), Upstream("b.test", 80)),
        ({"all_proxy": "http://a.test:1"}, other, Upstream("a.test", 1)),
        ({"HTTPS_PROXY": "proxy.test", "NO_PROXY": "other.test"}, other, None),
        ({"HTTPS_PROXY": "proxy.test", "NO_PROXY": "x", "no_proxy": "*"}, other, None),
        ({"HTTPS_PROXY": "proxy.test"}, ("https", "127.0.0.1"), None),
        ({"HTTPS_PROXY": "proxy.test"}, ("https", "::1"), None),
    ):
        assert Upstream.of(environment, scheme, host) == expected, (environment, scheme, host)


def test_it_does_not_go_through_itself(start: Start, dial: Dial) -> None:
    """As an environment says that an earlier proxy on the same port has left behind."""
    proxy = start()
    proxy.environment["HTTPS_PROXY"] = f"http://localhost:{proxy.port}"
    told = f"fakenotify: {'a' * 64}.test:443 can't be reached: that is no host name\n"
    assert refused(dial(proxy), f"CONNECT {'a' * 64}.test:443") == (502, told)


# its description of itself


def test_it_describes_itself_but_not_to_a_web_page_with_a_host_name_of_its_own(start: Start, dial: Dial) -> None:
    proxy = start(about={"directory": "/tmp/x"})
    assert ask(proxy.port) == {"proxy": proxy.url, "directory": "/tmp/x"}
    connection = dial(proxy)
    connection.sendall(b"GET / HTTP/1.1\r\nHost: evil.test\r\nConnection: close\r\n\r\n")
    status, told = answer(connection)
    assert (status, b"proxy; it wants" in told) == (400, True)


def test_what_is_no_proxy_of_ours_is_an_error(listen: Listen) -> None:
    nothing = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
    for act in (answering(OK), answering(nothing), answering(b"garbage\r\n\r\n"), head):
        listener = listen(act)
        with pytest.raises((ValueError, OSError)):
            ask(listener.port)


def test_only_so_many_things_are_counted_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fakenotify.proxy.counts.MOST", 2)
    counts = Counts()
    for what in "abcda":
        counts.add(what)
    assert counts == {"a": 2, "b": 1, "others": 2}


# its end


def test_it_stops_at_once_whatever_is_open_and_leaves_no_thread(
    proxy: Proxy,
    secured: Callable[..., ssl.SSLSocket],
    tunnel: Tunnel,
    dial: Dial,
    listen: Listen,
    fake: FakeNotify,
) -> None:
    listener = listen(lambda connection: connection.recv(1))
    there = {*threading.enumerate()}
    fake.fail("services.find", Fault.stall())
    ends = [dial(proxy), tunnel(proxy), tunnel(proxy, listener.address)]
    with secured() as idle, secured() as stalled:
        stalled.sendall(FIND)
        fake.wait_for(lambda: fake.requests, timeout=PATIENCE)
        fake.world.end()
        stopper = threading.Thread(target=proxy.stop)
        stopper.start()
        stopper.join(PATIENCE)
        assert not stopper.is_alive()
        for each in (*ends, idle, stalled):
            assert each.recv(1) == b""
    listener.close()
    assert {*threading.enumerate()} <= there - {proxy._thread}


def test_what_is_reached_after_the_end_is_closed(proxy: Proxy, listen: Listen) -> None:
    listener = listen(whole)
    proxy.stop()
    connection, _ = proxy.connect("http", "127.0.0.1", listener.port)
    with connection, pytest.raises(BrokenPipeError):
        connection.send(b"x")


@pytest.mark.parametrize(("error", "kept"), [(ArithmeticError("a mistake"), ["a mistake"]), (OSError("gone"), [])])
def test_an_error_of_its_own_is_kept_but_not_that_a_client_is_gone(
    error: Exception,
    kept: list[str],
    fake: FakeNotify,
    authority: Authority,
    dial: Dial,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(self: Any) -> None:
        raise error

    monkeypatch.setattr(proxy_module.ProxyHandler, "run_wsgi", fail)
    proxy = Proxy(fake.wsgi_app, authority)
    proxy.start()
    connection = dial(proxy)
    connection.sendall(b"CONNECT a:1 HTTP/1.1\r\n\r\n")
    assert whole(connection) == b""
    proxy.stop()
    assert [str(each) for each in proxy.errors] == kept
    assert ("ArithmeticError: a mistake" in capsys.readouterr().err) is bool(kept)


def test_curl_reaches_the_fake(proxy: Proxy, ca_file: str) -> None:
    command = ["curl", "-sS", "-x", proxy.url, "--cacert", ca_file, "-u", ":".join(AUTH), SERVICES]
    try:
        done = subprocess.run([*command, "-d", "FriendlyName=shop"], capture_output=True, timeout=PATIENCE, check=True)
    except FileNotFoundError:
        pytest.skip("curl is not installed")
    assert json.loads(done.stdout)["friendly_name"] == "shop"
