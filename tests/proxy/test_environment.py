"""The variables and files with which programs reach the fake; what the user had set stays true for other hosts."""

from __future__ import annotations

import os
import socket
import threading
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, pkcs12

from fakenotify import FakeNotify, Fault
from fakenotify.proxy.certificates import java_store
from fakenotify.proxy.environment import GIVEN, traps, variables
from fakenotify.proxy.launch import proxied

trustme = pytest.importorskip("trustme", reason="the extra 'proxy' is not installed")

IS = "IS" + "a" * 32
PRELOAD = Path(variables.__code__.co_filename).parent / "preload"


@pytest.fixture
def fake() -> Iterator[FakeNotify]:
    with FakeNotify() as fake:
        fake.start()
        yield fake


@pytest.fixture
def about(tmp_path: Path) -> dict[str, str]:
    """What a proxy says about itself."""
    (tmp_path / "java.p12").touch()
    return {"directory": str(tmp_path), **{key: key for key in GIVEN.values()}, "proxy": "http://127.0.0.1:4011"}


def test_the_variables_say_all_that_programs_read_and_keep_what_the_user_had(about: dict[str, str]) -> None:
    files = ("NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE")
    directory = about["directory"]
    fixed = {
        **{name: about[key] for name, key in GIVEN.items()},
        **dict.fromkeys(("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"), "http://127.0.0.1:4011"),
        **{name: f"{directory}/{name}.pem" for name in files},
        "NODE_USE_ENV_PROXY": "1",
    }
    proxied_java = "-Dhttps.proxyHost=127.0.0.1 -Dhttps.proxyPort=4011 -Dhttp.nonProxyHosts=localhost|127.*|[::1]"
    store = f" -Djavax.net.ssl.trustStore={directory}/java.p12 -Djavax.net.ssl.trustStorePassword=changeit"
    assert variables(about, {}) == fixed | {
        "PHP_INI_SCAN_DIR": os.pathsep + f"{directory}/php",
        "JAVA_TOOL_OPTIONS": proxied_java + store,
        "PYTHONPATH": str(PRELOAD),
        "NODE_OPTIONS": f'--require "{PRELOAD}/node.js"',
    }
    own = {"PHP_INI_SCAN_DIR": "/php", "JAVA_TOOL_OPTIONS": "-Xmx1g", "PYTHONPATH": "/python", "NODE_OPTIONS": "-i"}
    exempt = {"NO_PROXY": "corp.example, .notify.twilio.com,*,10.0.0.1"}
    assert variables(about, own | exempt) == fixed | {
        "NO_PROXY": "corp.example,10.0.0.1",
        "PHP_INI_SCAN_DIR": f"/php{os.pathsep}{directory}/php",
        "JAVA_TOOL_OPTIONS": f"-Xmx1g {proxied_java}|corp.example|*.corp.example|10.0.0.1|*.10.0.0.1{store}",
        "PYTHONPATH": f"{PRELOAD}{os.pathsep}/python",
        "NODE_OPTIONS": f'-i --require "{PRELOAD}/node.js"',
    }


def test_no_proxy_stays_but_for_notify(about: dict[str, str]) -> None:
    wanted = {
        "*": "",
        "localhost,.twilio.com,a.test": "localhost,a.test",
        "twilio.com:443, notify.twilio.com ,*.twilio.com,com": "",
        "us1.twilio.com,notify.dublin.ie1.twilio.com:443,mytwilio.com": "mytwilio.com",
    }
    for name in ("NO_PROXY", "no_proxy"):
        assert {before: variables(about, {name: before})[name] for before in wanted} == wanted


def test_java_is_left_alone_where_the_user_has_led_it_elsewhere_or_no_store_can_be_made(
    about: dict[str, str], fake: FakeNotify, monkeypatch: pytest.MonkeyPatch
) -> None:
    for own in ("-Dhttps.proxyHost=corp", "-Xmx1g -Djavax.net.ssl.trustStore=mine.jks"):
        assert "JAVA_TOOL_OPTIONS" not in variables(about, {"JAVA_TOOL_OPTIONS": own})
    monkeypatch.delattr(pkcs12, "serialize_java_truststore")
    with proxied(fake, IS, {}) as proxy:
        assert "JAVA_TOOL_OPTIONS" not in variables(proxy.about, {})


def test_traps_of_the_environment_are_found() -> None:
    proxy = "{} is set, so that clients ask that proxy for URL; add 127.0.0.1 to NO_PROXY"
    edge = "TWILIO_EDGE is set, so that Twilio's libraries write it into every host, URL too; unset it"
    for environment, found in (
        ({"HTTPS_PROXY": "p", "HTTP_PROXY": "", "TWILIO_EDGE": ""}, []),
        ({"http_proxy": "p", "NO_PROXY": "localhost,127.0.0.1"}, []),
        ({"http_proxy": "p", "no_proxy": "*"}, []),
        ({"http_proxy": "p", "NO_PROXY": "localhost"}, [proxy.format("http_proxy")]),
        ({"ALL_PROXY": "p", "TWILIO_EDGE": "dublin"}, [proxy.format("ALL_PROXY"), edge]),
    ):
        assert traps(environment, "URL") == found


# the files


def pem() -> bytes:
    """Somebody's certificate."""
    made: bytes = trustme.CA().cert_pem.bytes()
    return made


def trusted(path: Path) -> list[bytes]:
    """The certificates in a trust store of Java's, which holds no key."""
    store = pkcs12.load_pkcs12(path.read_bytes(), b"changeit")
    assert store.key is None
    return [each.certificate.public_bytes(Encoding.PEM) for each in store.additional_certs]


ALL = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")


@pytest.mark.parametrize("names", [(), ("SSL_CERT_FILE",), ALL])
def test_the_files_add_our_authority_to_what_the_user_or_else_the_machine_trusts(
    fake: FakeNotify, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, names: tuple[str, ...]
) -> None:
    system, mine = pem(), {name: pem() for name in names}
    monkeypatch.setattr("fakenotify.proxy.launch.system_certificates", lambda: system)
    for name, content in mine.items():
        (tmp_path / name).write_bytes(content)
    with proxied(fake, IS, {name: str(tmp_path / name) for name in names}) as proxy:
        directory, our = Path(proxy.about["directory"]), proxy.authority.pem
        bundle = directory / "CURL_CA_BUNDLE.pem"
        assert trusted(directory / "java.p12") == [system, our]
        (directory / "java.p12").unlink()
        written = {each.name: each.read_bytes() for each in directory.rglob("*") if each.is_file()}
    ssl_certs = mine["SSL_CERT_FILE"] + b"\n" if names else system
    assert written == {
        "ca.pem": our,
        "fakenotify.ini": f'curl.cainfo = "{bundle}"\nopenssl.cafile = "{bundle}"\n'.encode(),
        "NODE_EXTRA_CA_CERTS.pem": (mine["NODE_EXTRA_CA_CERTS"] + b"\n" if names == ALL else b"") + our,
        "SSL_CERT_FILE.pem": ssl_certs + our,
        "CURL_CA_BUNDLE.pem": (mine["CURL_CA_BUNDLE"] + b"\n" if names == ALL else ssl_certs) + our,
        "REQUESTS_CA_BUNDLE.pem": (mine["REQUESTS_CA_BUNDLE"] + b"\n" if names == ALL else system) + our,
    }
    assert not directory.exists()


def test_a_store_of_javas_has_the_certificates_that_can_be_read(
    recwarn: pytest.WarningsRecorder, tmp_path: Path
) -> None:
    one, other = pem(), pem()
    broken = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    (tmp_path / "java.p12").write_bytes(java_store(b"# a remark\n" + one + broken + other) or b"")
    assert (trusted(tmp_path / "java.p12"), list(recwarn)) == ([one, other], [])


# the end


def test_a_proxy_ends_without_leaving_a_thread_even_if_the_fake_stalls(fake: FakeNotify) -> None:
    before = {*threading.enumerate()}
    fake.fail("services.find", Fault.stall())
    login = b64encode(f"AC{'c' * 32}:x".encode()).decode()
    with proxied(fake, IS, {}) as proxy, socket.create_connection(("127.0.0.1", proxy.port), 20) as client:
        client.sendall(b"GET http://notify.twilio.com/v1/Services HTTP/1.1\r\nHost: notify.twilio.com\r\n")
        client.sendall(f"Authorization: Basic {login}\r\n\r\n".encode())
        fake.wait_for(lambda: fake.requests)
    assert {*threading.enumerate()} == before
