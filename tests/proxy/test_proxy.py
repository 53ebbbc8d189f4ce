"""The proxy, asked over raw sockets and by real clients: Notify's hosts reach the fake, other hosts are reached."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
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
    """Another host: ``act`` handles each connection, in a thread; ``asked`` has what it returned."""

    def __init__(self, act: Callable[[socket.socket], Any], context: ssl.SSLContext | None = None) -> None:
        self._act = act
        self._context = context
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._threads: list[threading.Thread] = []
        self._begin(self._accept)
        self.port: int = self._socket.getsockname()[1]
        self.address = f"127.0.0.1:{self.port}"
        self.asked: list[Any] = []

    def _begin(self, target: Callable[..., None], *arguments: Any) -> None:
        self._threads.append(threading.Thread(target=target, args=arguments))
        self._threads[-1].start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                self._begin(self._serve, self._socket.accept()[0])

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(PATIENCE)
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
            stack.enter_context(connection)
            if self._context is not None:
                connection = stack.enter_context(self._context.wrap_socket(connection, server_side=True))
            self.asked.append(self._act(connection))

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for thread in self._threads:
            thread.join()


class Asked(Proxy):
    """A proxy with its clients; ``context`` is the TLS of one that trusts the proxy's authority alone."""

    def __init__(self, fake: FakeNotify, authority: Authority, stack: contextlib.ExitStack, **how: Any) -> None:
        super().__init__(fake.wsgi_app, authority, **how)
        self.context = ssl.create_default_context(cadata=authority.pem.decode())
        self._stack = stack
        self.start()

    def dial(self, data: str | bytes = b"") -> socket.socket:
        """Connect, and send something."""
        connection = self._stack.enter_context(socket.create_connection(("127.0.0.1", self.port), PATIENCE))
        connection.sendall(data.encode("latin-1") if isinstance(data, str) else data)
        return connection

    def tunnel(self, address: str = "notify.twilio.com:443") -> socket.socket:
        """Open a tunnel."""
        connection = self.dial(f"CONNECT {address} HTTP/1.1\r\nHost: {address}\r\n\r\n")
        assert head(connection) == ESTABLISHED
        return connection

    def secured(self, **how: Any) -> ssl.SSLSocket:
        """Open TLS to Notify, in a tunnel."""
        return self.context.wrap_socket(self.tunnel(), server_hostname="notify.twilio.com", **how)

    def refusal(self, request: str) -> tuple[int, str]:
        """Status and text of a refusal, which must be the connection's last answer."""
        connection = self.dial(f"{request} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        first, _, body = whole(connection).decode().partition("\r\n\r\n")
        assert "\r\nConnection: close" in first
        return int(first.split()[1]), body


Start = Callable[..., Asked]
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
    """Everything until the other end closes."""
    return b"".join(iter(lambda: connection.recv(65536), b""))


def ended(connection: socket.socket) -> bytes:
    """The same, once this side has sent everything."""
    connection.shutdown(socket.SHUT_WR)
    return whole(connection)


def echo(connection: socket.socket) -> bytes:
    """Send back what was received, once all of it was."""
    received = whole(connection)
    connection.sendall(received)
    return received


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

        def start(*arguments: Any) -> Listener:
            listener = Listener(*arguments)
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


@pytest.fixture
def start(fake: FakeNotify, authority: Authority) -> Iterator[Start]:
    """Makes proxies to ``fake``; the test fails if one met an error of its own."""
    made: list[Asked] = []
    with contextlib.ExitStack() as stack:

        def make(**how: Any) -> Asked:
            made.append(Asked(fake, authority, stack, **how))
            return made[-1]

        yield make
        fake.world.end()
        for proxy in made:
            proxy.stop()
    assert [error for proxy in made for error in proxy.errors] == []


@pytest.fixture
def proxy(start: Start) -> Asked:
    return start()


@pytest.fixture
def session(proxy: Asked, tmp_path: Path) -> Iterator[requests.Session]:
    """A session of ``requests`` that uses the proxy and trusts its authority."""
    (tmp_path / "ca.pem").write_bytes(proxy.authority.pem)
    with requests.Session() as session:
        session.trust_env = False
        session.proxies = {"https": proxy.url, "http": proxy.url}
        session.verify = str(tmp_path / "ca.pem")
        session.auth = AUTH
        yield session


# which hosts


def test_the_hosts_of_notify_are_known() -> None:
    ours = ["notify.twilio.com", "Notify.Twilio.com.", "notify.us1.twilio.com", "notify.frankfurt.us1.twilio.com"]
    others = ["api.twilio.com", "notify.twilio.com.example", "notify.a.b.c.twilio.com", "xnotify.twilio.com"]
    assert [host for host in ours + others if is_notify(host)] == ours


def test_an_entry_of_no_proxy_covers_a_host_and_its_subdomains() -> None:
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


def test_pages_are_followed_by_urls_that_say_https_and_the_host_that_was_asked_in_one_tunnel(
    session: requests.Session, proxy: Asked, fake: FakeNotify
) -> None:
    expected = [fake.create_service(f"s{at}").sid for at in range(5)]
    services = "https://notify.dublin.ie1.twilio.com/v1/Services"
    found, following = [], f"{services}?PageSize=2"
    while following:
        page = session.get(following, timeout=PATIENCE).json()
        found += [each["url"] for each in page["services"]]
        following = page["meta"]["next_page_url"]
    assert found == [f"{services}/{sid}" for sid in expected]
    assert proxy.opened == {"notify.dublin.ie1.twilio.com": 1}


def test_tls_speaks_http_1_alone_and_ends_with_a_closing_message(proxy: Asked) -> None:
    proxy.context.set_alpn_protocols(["h2", "http/1.1"])
    with proxy.secured(suppress_ragged_eofs=False) as connection:  # an end without one is an error
        assert connection.selected_alpn_protocol() == "http/1.1"
        connection.sendall(LAST)
        assert whole(connection).startswith(b"HTTP/1.1 401 UNAUTHORIZED\r\n")


def test_tls_that_comes_in_one_packet_with_connect_is_not_lost(proxy: Asked) -> None:
    connection, incoming, outgoing = proxy.dial(), ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = proxy.context.wrap_bio(incoming, outgoing, server_hostname="notify.twilio.com")
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
                assert incoming.write(connection.recv(65536)), "the proxy has closed the connection"

    until(tls.do_handshake)
    tls.write(LAST)
    connection.sendall(outgoing.read())
    assert until(lambda: tls.read(12)) == b"HTTP/1.1 401"


def test_a_tunnel_may_hold_plain_http_even_in_one_packet_with_connect(proxy: Asked) -> None:
    early = proxy.dial(b"CONNECT notify.twilio.com:80 HTTP/1.1\r\n\r\n" + LAST)
    assert whole(early).startswith(ESTABLISHED + b"HTTP/1.1 401 UNAUTHORIZED\r\n")

    connection = proxy.tunnel("notify.twilio.com:80")
    connection.sendall(FIND)
    assert b'"url": "http://notify.twilio.com/v1/Services?' in answer(connection)[1]


def test_tls_without_connect_reaches_notify(proxy: Asked) -> None:
    for host in ("notify.twilio.com", "notify.dublin.ie1.twilio.com"):
        with proxy.context.wrap_socket(proxy.dial(), server_hostname=host) as connection:
            connection.sendall(LAST)
            assert whole(connection).startswith(b"HTTP/1.1 401 ")
    with pytest.raises(ssl.SSLError, match="unrecognized name"):
        proxy.context.wrap_socket(proxy.dial(), server_hostname="api.twilio.com")
    proxy.context.check_hostname = False
    with proxy.context.wrap_socket(proxy.dial()) as connection:  # a client that names no host
        connection.sendall(LAST)
        assert whole(connection).startswith(b"HTTP/1.1 401 ")
    assert proxy.opened == {"notify.twilio.com": 4}


def test_what_the_fake_refuses_is_answered(session: requests.Session) -> None:
    """The control API is not served under Notify's name, and a body may be too large."""
    assert session.get("https://notify.twilio.com/_fake/health", timeout=PATIENCE).status_code == 403
    assert session.post(SERVICES, b"x" * 2 * MIB, timeout=PATIENCE).json()["code"] == 20413


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_whole_url_reaches_the_fake_without_a_tunnel(proxy: Asked, scheme: str) -> None:
    """Plain HTTP is requested like this, and https by clients that don't know CONNECT."""
    connection = proxy.dial()
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
def test_a_broken_answer_looks_the_same_through_the_proxy(
    session: requests.Session, fake: FakeNotify, fault: Fault, error: type[Exception]
) -> None:
    fake.fail("services.create", fault, times=2)
    with requests.Session() as direct:
        direct.trust_env, direct.auth = False, AUTH
        for client, url in ((session, SERVICES), (direct, f"{fake.url}/v1/Services")):
            with pytest.raises(error):
                client.post(url, {"FriendlyName": "x"}, timeout=0.3)
    assert session.post(SERVICES, {"FriendlyName": "x"}, timeout=PATIENCE).status_code == 201


def test_a_connection_is_reset_below_tls(proxy: Asked, fake: FakeNotify) -> None:
    fake.fail("services.find", Fault.reset_connection())
    with proxy.secured() as connection:
        connection.sendall(FIND)
        with pytest.raises(ConnectionResetError):  # TLS itself would only see an end
            list(iter(lambda: socket.socket.recv(connection, 65536), b""))


# trust


def test_a_client_that_trusts_others_only_is_counted(session: requests.Session, proxy: Asked) -> None:
    session.verify = True
    with pytest.raises(requests.exceptions.SSLError):
        session.get(SERVICES, timeout=PATIENCE)
    proxy.stop()
    assert proxy.distrusted == {"notify.twilio.com: TLSV1_ALERT_UNKNOWN_CA": 1}


def test_a_client_that_stops_halfway_is_counted_and_one_that_leaves_before_is_not(proxy: Asked) -> None:
    assert ended(proxy.tunnel()) == b""
    assert proxy.distrusted == {}
    connection = proxy.tunnel()
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


def test_the_first_file_or_folder_with_certificates_is_used(tmp_path: Path) -> None:
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


def test_tls_to_another_host_passes_unchanged(
    session: requests.Session, proxy: Asked, listen: Listen, tmp_path: Path
) -> None:
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "its.pem"))
    listener = listen(answering(OK_AT_LAST), context)
    url = f"https://localhost:{listener.port}/path?a=b"
    with pytest.raises(requests.exceptions.SSLError):
        session.get(url, timeout=PATIENCE)  # it doesn't trust the listener's authority

    session.verify = str(tmp_path / "its.pem")
    assert session.get(url, timeout=PATIENCE).content == b"ok"
    listener.close()
    assert [asked.partition(b"\r\n")[0] for asked in listener.asked] == [b"GET /path?a=b HTTP/1.1"]
    assert proxy.passed_on == {f"localhost:{listener.port}": 2}


def test_every_byte_passes_even_early_ones_and_each_direction_ends_by_itself(proxy: Asked, listen: Listen) -> None:
    sent, listener = bytes(range(256)) * 8192, listen(echo)
    connection = proxy.tunnel(listener.address)
    connection.sendall(sent)
    assert ended(connection) == sent
    early = proxy.dial(f"CONNECT {listener.address} HTTP/1.1\r\n\r\nearly")
    assert ended(early) == ESTABLISHED + b"early"
    assert listener.asked == [sent, b"early"]


def test_the_other_host_learns_that_a_client_has_gone(proxy: Asked, listen: Listen) -> None:
    def chatter(connection: socket.socket) -> str:
        with contextlib.suppress(OSError):
            while True:
                connection.sendall(b"x" * 65536)
        return "gone"

    listener = listen(chatter)
    connection = proxy.tunnel(listener.address)
    assert connection.recv(1) == b"x"
    connection.close()
    listener.close()
    assert listener.asked == ["gone"]


def test_plain_http_is_forwarded(proxy: Asked, listen: Listen) -> None:
    """The connection closes after the answer, whatever the server says: the next request may be for another host."""
    listener = listen(answering(b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + OK))
    kept = f"Host: {listener.address}\r\nX: 1\r\nX: 2\r\nContent-Length: 4\r\n"
    connection = proxy.dial(
        f"POST http://{listener.address}/a//b?c=%20 HTTP/1.1\r\n{kept}Proxy-Connection: keep-alive\r\n"
        "Proxy-Authorization: Basic x\r\nConnection: keep-alive\r\n\r\nbody"
    )
    assert head(connection) == b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
    assert head(connection) + connection.recv(2) == OK_AT_LAST
    assert ended(connection) == b""

    ended(proxy.dial(f"GET http://{listener.address} HTTP/1.1\r\n\r\n"))  # a URL without a path has the root
    empty = listen(head)  # its answer has no byte
    assert whole(proxy.dial(f"GET http://{empty.address}/ HTTP/1.1\r\n\r\n")) == b""
    listener.close()
    assert listener.asked == [
        f"POST /a//b?c=%20 HTTP/1.1\r\n{kept}Connection: close\r\n\r\nbody".encode(),
        b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n",
    ]


def test_one_connection_may_ask_for_notify_and_then_for_another(
    session: requests.Session, listen: Listen, fake: FakeNotify
) -> None:
    first, second = listen(answering(OK)), listen(answering(OK))
    for host in ("notify.twilio.com/v1/Services", first.address, second.address, "notify.twilio.com/v1/Services"):
        assert session.get(f"http://{host}", timeout=PATIENCE).status_code == 200
    first.close()
    second.close()
    assert (len(fake.requests), len(first.asked), len(second.asked)) == (2, 1, 1)


LONG = "a" * 64
"""No part of a host's name may be so long."""
UNREACHED = f"{LONG}.test:443 can't be reached: that is no host name"
UNUSABLE = "HTTPS_PROXY is no proxy that fakenotify can go through: it takes http://host:port"
NOT_SO = "this is a proxy; it wants CONNECT or a whole URL"
REFUSED = {
    "CONNECT {free}": (502, "{free} can't be reached: [Errno 111] Connection refused"),
    "GET http://{free}/": (502, "{free} can't be reached: [Errno 111] Connection refused"),
    f"CONNECT {LONG}.test:443": (502, UNREACHED),
    f"CONNECT notify.{LONG}.twilio.com:443": (400, f"notify.{LONG}.twilio.com can have no certificate: Label too long"),
    "CONNECT :443": (400, "CONNECT :443 is not a request that a proxy understands"),
    "GET https://other.test/": (400, "GET https://other.test/ is not a request that a proxy understands"),
    "GET ftp://other.test/": (400, "GET ftp://other.test/ is not a request that a proxy understands"),
    "CONNECT other.test:port": (400, ""),
    "GET http://[/": (400, ""),
    "GET /v1/Services": (400, NOT_SO),
    "OPTIONS *": (400, NOT_SO),
    "POST /": (400, NOT_SO),
}


def test_what_cannot_be_reached_or_makes_no_sense_is_refused_in_words(proxy: Asked, free_port: int) -> None:
    free = f"127.0.0.1:{free_port}"
    found = {request: proxy.refusal(request.format(free=free)) for request in REFUSED}
    assert found == {
        request: (status, f"fakenotify: {why.format(free=free)}\n" if why else "")
        for request, (status, why) in REFUSED.items()
    }
    assert proxy.passed_on == {}


def test_a_certificate_that_can_not_be_written_is_a_refusal_in_words(
    proxy: Asked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proxy.authority, "_directory", tmp_path / "missing")
    status, why = proxy.refusal("CONNECT notify.unwritten.twilio.com:443")
    assert (status, why.partition(": [")[0]) == (400, "fakenotify: notify.unwritten.twilio.com can have no certificate")


# offline


def test_offline_other_hosts_are_refused_in_words_and_this_machine_is_reached(start: Start, listen: Listen) -> None:
    listener, proxy = listen(echo), start(offline=True)
    for host in ("127.0.0.1", "localhost"):
        assert ended(proxy.tunnel(f"{host}:{listener.port}")) == b""
    assert proxy.refused == {}
    why = "fakenotify: other.test:443 is not reached, because of --offline\n"
    for request in ("CONNECT other.test:443", "GET http://other.test:443/"):
        assert proxy.refusal(request) == (403, why)
    assert proxy.refused == {"other.test:443": 2}


# the user's own proxy


def test_other_hosts_are_reached_through_the_users_own_proxy(start: Start, listen: Listen) -> None:
    def relay(connection: socket.socket) -> bytes:
        asked = head(connection)
        connection.sendall(b"HTTP/1.1 200 yes\r\nVia: it\r\n\r\n")
        return asked + echo(connection)

    before = listen(relay)
    proxy = start(environment={"HTTPS_PROXY": f"http://me:p%40ss@{before.address}"})
    connection = proxy.tunnel("other.test:443")
    connection.sendall(b"hello")
    assert ended(connection) == b"hello"
    before.close()
    assert before.asked == [
        b"CONNECT other.test:443 HTTP/1.1\r\nHost: other.test:443\r\n"
        b"Proxy-Authorization: Basic " + b64encode(b"me:p@ss") + b"\r\n\r\nhello"
    ]


def test_the_users_own_proxy_is_asked_for_plain_http(start: Start, listen: Listen) -> None:
    before = listen(answering(OK_AT_LAST))
    proxy = start(environment={"http_proxy": before.address})
    assert ended(proxy.dial("GET http://other.test/a HTTP/1.1\r\nHost: other.test\r\n\r\n")) == OK_AT_LAST
    before.close()
    assert before.asked == [b"GET http://other.test/a HTTP/1.1\r\nHost: other.test\r\nConnection: close\r\n\r\n"]


def test_a_refusal_of_the_users_own_proxy_is_passed_on(start: Start, listen: Listen) -> None:
    for answer, words in ((b"HTTP/1.1 407 Who\r\nA: b\r\n\r\n", "HTTP/1.1 407 Who"), (b"", "nothing")):
        before = listen(lambda connection, answer=answer: (head(connection), connection.sendall(answer)))
        proxy = start(environment={"ALL_PROXY": f"http://{before.address}"})
        why = f"other.test:443 can't be reached: the proxy {before.address} answered {words}"
        assert proxy.refusal("CONNECT other.test:443") == (502, f"fakenotify: {why}\n")


def test_a_proxy_that_cannot_be_used_is_an_error_in_words_and_its_own_address_is_not_used(start: Start) -> None:
    """An earlier proxy on the same port may have left its address in the environment."""
    proxy = start()
    for value in ("socks5://127.0.0.1:1", "http://:8080", "http://127.0.0.1:port", "http://["):
        proxy.environment["HTTPS_PROXY"] = value
        why = f"fakenotify: other.test:443 can't be reached: {UNUSABLE}\n"
        assert proxy.refusal("CONNECT other.test:443") == (502, why)
    proxy.environment["HTTPS_PROXY"] = f"http://localhost:{proxy.port}"
    assert proxy.refusal(f"CONNECT {LONG}.test:443") == (502, f"fakenotify: {UNREACHED}\n")


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


# its description of itself


def test_it_describes_itself_but_not_to_a_web_page_with_a_host_name_of_its_own(start: Start) -> None:
    proxy = start(about={"directory": "/tmp/x"})
    assert ask(proxy.port) == {"proxy": proxy.url, "directory": "/tmp/x"}
    assert answer(proxy.dial("GET / HTTP/1.1\r\nHost: evil.test\r\n\r\n")) == (400, f"fakenotify: {NOT_SO}\n".encode())


def test_asking_anything_but_a_proxy_is_an_error(listen: Listen) -> None:
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


def test_it_stops_at_once_whatever_is_open_and_leaves_no_thread(proxy: Asked, listen: Listen, fake: FakeNotify) -> None:
    listener = listen(lambda connection: connection.recv(1))
    there = {*threading.enumerate()}
    fake.fail("services.find", Fault.stall())
    ends = [proxy.dial(), proxy.tunnel(), proxy.tunnel(listener.address)]
    with proxy.secured() as idle, proxy.secured() as stalled:
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


def test_a_connection_made_after_stop_is_closed(proxy: Asked, listen: Listen) -> None:
    listener = listen(whole)
    proxy.stop()
    connection, _ = proxy.connect("http", "127.0.0.1", listener.port)
    with connection, pytest.raises(BrokenPipeError):
        connection.send(b"x")


@pytest.mark.parametrize(("error", "kept"), [(ArithmeticError("a mistake"), ["a mistake"]), (OSError("gone"), [])])
def test_an_error_is_reported_but_not_that_a_client_has_gone(
    error: Exception, kept: list[str], proxy: Asked, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    def fail(self: Any) -> None:
        raise error

    monkeypatch.setattr(proxy_module.ProxyHandler, "run_wsgi", fail)
    connection = proxy.dial(b"CONNECT a:1 HTTP/1.1\r\n\r\n")
    assert whole(connection) == b""
    proxy.stop()
    assert [str(each) for each in proxy.errors] == kept
    assert ("ArithmeticError: a mistake" in capsys.readouterr().err) is bool(kept)
    proxy.errors.clear()
