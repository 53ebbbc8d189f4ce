"""What programs are told so that they reach the fake: by ``fakenotify run``, and by ``fakenotify env`` for a shell."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from command_line import PATIENCE, Call, python
from cryptography.hazmat.primitives.serialization import Encoding, pkcs12

from fakenotify import FakeNotify
from fakenotify.cli.env import exports
from fakenotify.notify.accounts import ACCOUNT_SID, AUTH_TOKEN
from fakenotify.proxy.certificates import java_store
from fakenotify.proxy.environment import GIVEN, traps, variables
from fakenotify.proxy.launch import proxied

trustme = pytest.importorskip("trustme", reason="the extra 'proxy' is not installed")

IS = "IS" + "a" * 32
TELL = "import json, os; print(json.dumps(dict(os.environ)))"
ABOUT = {
    "proxy": "http://p",
    "directory": "/d",
    "url": "u",
    "account_sid": "a",
    "auth_token": "t",
    "service_sid": "s",
    "ca": "c",
}


@pytest.fixture
def fake() -> Iterator[FakeNotify]:
    with FakeNotify() as fake:
        fake.start()
        yield fake


def seen(fakenotify: Call, *arguments: str, **given: str) -> dict[str, str]:
    """The environment of a program that is run."""
    done = fakenotify("run", *arguments, *python(TELL), **given)
    assert done.status == 0, done.stderr
    environment: dict[str, str] = json.loads(done.stdout)
    return environment


def test_the_environment_says_all_that_programs_read(fakenotify: Call) -> None:
    given = {"TWILIO_EDGE": "dublin", "JAVA_TOOL_OPTIONS": "-Xmx1g", **dict.fromkeys(GIVEN, "x")}
    found = seen(fakenotify, "--service", IS, NO_PROXY="corp.example, .notify.twilio.com,*,10.0.0.1", **given)
    proxy = found["HTTPS_PROXY"]
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+", proxy)
    assert {found[name] for name in ("https_proxy", "HTTP_PROXY", "http_proxy")} == {proxy}
    assert (found["NODE_USE_ENV_PROXY"], found["TWILIO_EDGE"]) == ("1", "dublin")
    assert (found["FAKENOTIFY_ACCOUNT_SID"], found["FAKENOTIFY_AUTH_TOKEN"]) == (ACCOUNT_SID, AUTH_TOKEN)
    assert found["FAKENOTIFY_SERVICE_SID"] == IS
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+", found["FAKENOTIFY_URL"])
    files = {found[name] for name in ("NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")}
    files.add(found["PHP_INI_SCAN_DIR"].removeprefix(os.pathsep))
    (directory,) = {Path(each).parent for each in files}
    assert not directory.exists()
    assert found["JAVA_TOOL_OPTIONS"].split() == [
        "-Xmx1g",
        "-Dhttps.proxyHost=127.0.0.1",
        f"-Dhttps.proxyPort={proxy.rpartition(':')[2]}",
        "-Dhttp.nonProxyHosts=localhost|127.*|[::1]|corp.example|*.corp.example|10.0.0.1|*.10.0.0.1",
        f"-Djavax.net.ssl.trustStore={directory / 'java.p12'}",
        "-Djavax.net.ssl.trustStorePassword=changeit",
    ]


def test_no_proxy_stays_but_for_notify() -> None:
    wanted = {
        "*": "",
        "localhost,.twilio.com,a.test": "localhost,a.test",
        "twilio.com:443, notify.twilio.com ,*.twilio.com,com": "",
        "us1.twilio.com,notify.dublin.ie1.twilio.com:443,mytwilio.com": "mytwilio.com",
    }
    for name in ("NO_PROXY", "no_proxy"):
        assert {before: variables(ABOUT, {name: before})[name] for before in wanted} == wanted
        assert name not in variables(ABOUT, {})


@pytest.mark.parametrize("own", ["-Dhttps.proxyHost=corp", "-Xmx1g -Djavax.net.ssl.trustStore=mine.jks"])
def test_what_the_user_has_set_for_java_stays(fake: FakeNotify, own: str) -> None:
    with proxied(fake, IS, {}) as proxy:
        assert "JAVA_TOOL_OPTIONS" not in variables(proxy.about, {"JAVA_TOOL_OPTIONS": own})


def test_without_a_way_to_make_a_store_java_is_told_nothing(fake: FakeNotify, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(pkcs12, "serialize_java_truststore")
    with proxied(fake, IS, {}) as proxy:
        assert "JAVA_TOOL_OPTIONS" not in variables(proxy.about, {})


def test_a_store_of_javas_has_what_can_be_read(recwarn: pytest.WarningsRecorder) -> None:
    one, other = trustme.CA().cert_pem.bytes(), trustme.CA().cert_pem.bytes()
    broken = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    store = java_store(b"# a remark\n" + one + broken + other)
    assert store is not None
    found = pkcs12.load_pkcs12(store, b"changeit").additional_certs
    assert [each.certificate.public_bytes(Encoding.PEM) for each in found] == [one, other]
    assert list(recwarn) == []


def test_phps_own_directories_are_still_read() -> None:
    assert variables(ABOUT, {"PHP_INI_SCAN_DIR": "/mine"})["PHP_INI_SCAN_DIR"] == os.pathsep.join(("/mine", "/d/php"))


def certificate(path: Path) -> bytes:
    """A certificate of somebody's, in a file."""
    pem: bytes = trustme.CA().cert_pem.bytes()
    path.write_bytes(pem)
    return pem


def test_what_the_user_trusts_is_still_trusted(fake: FakeNotify, tmp_path: Path) -> None:
    names = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
    mine = {name: certificate(tmp_path / name) for name in names}
    given = {name: str(tmp_path / name) for name in names}
    with proxied(fake, IS, given) as proxy:
        after, pem = variables(proxy.about, given), proxy.authority.pem
        files = {name: Path(after[name]).read_bytes() for name in names}
        ini = (Path(proxy.about["directory"]) / "php" / "fakenotify.ini").read_text()
    assert files == {name: mine[name] + b"\n" + pem for name in names}
    assert ini == f'curl.cainfo = "{after["CURL_CA_BUNDLE"]}"\nopenssl.cafile = "{after["CURL_CA_BUNDLE"]}"\n'


def test_what_the_machine_trusts_is_still_trusted(
    fake: FakeNotify, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    system, mine = b"-----BEGIN CERTIFICATE-----\nsystem\n", certificate(tmp_path / "mine")
    monkeypatch.setattr("fakenotify.proxy.launch.system_certificates", lambda: system)
    given = {"SSL_CERT_FILE": str(tmp_path / "mine")}
    with proxied(fake, IS, given) as proxy:
        pem, after = proxy.authority.pem, variables(proxy.about, given)
        files = {
            name: Path(path).read_bytes()
            for name, path in after.items()
            if path.endswith(".pem") and name[:4] != "FAKE"
        }
    assert files == {
        "NODE_EXTRA_CA_CERTS": pem,
        "SSL_CERT_FILE": mine + b"\n" + pem,
        "CURL_CA_BUNDLE": mine + b"\n" + pem,
        "REQUESTS_CA_BUNDLE": system + pem,
    }


@pytest.mark.filterwarnings("ignore:Parsed a serial number")  # of an old authority that this machine trusts
def test_no_file_holds_the_authoritys_key_and_none_stays(fake: FakeNotify) -> None:
    with proxied(fake, IS, {}) as proxy:
        directory = Path(proxy.about["directory"])
        written = {each.name: each.read_bytes() for each in directory.rglob("*") if each.is_file()}
        assert (directory / "ca.pem").read_bytes() == proxy.authority.pem
    assert len(written) == 7
    assert [name for name, content in written.items() if b"PRIVATE" in content] == []
    assert pkcs12.load_pkcs12(written["java.p12"], b"changeit").key is None
    assert not directory.exists()


def test_traps_of_the_environment_are_found() -> None:
    for harmless in (
        {"HTTPS_PROXY": "p", "HTTP_PROXY": "", "TWILIO_EDGE": ""},
        {"http_proxy": "p", "NO_PROXY": "localhost,127.0.0.1"},
        {"http_proxy": "p", "no_proxy": "*"},
    ):
        assert traps(harmless, "URL") == []
    proxy = "{} is set, so that clients ask that proxy for URL; add 127.0.0.1 to NO_PROXY"
    assert traps({"http_proxy": "p", "NO_PROXY": "localhost"}, "URL") == [proxy.format("http_proxy")]
    assert traps({"ALL_PROXY": "p", "TWILIO_EDGE": "dublin"}, "URL") == [
        proxy.format("ALL_PROXY"),
        "TWILIO_EDGE is set, so that Twilio's libraries write it into every host, URL too; unset it",
    ]


# fakenotify env

AWKWARD = {
    "PLAIN": "http://127.0.0.1:4011",
    "EMPTY": "",
    "SPACE": "a b  c",
    "QUOTE": "it's",
    "BOTH": 'it\'s "so"',
    "DOLLAR": "$HOME `id` $(id)",
    "SLASH": "C:\\temp\\new",
    "SIGNS": "a;b&c|d#e*f!g~",
}


@pytest.mark.parametrize(
    ("shell", "command", "left_out"),
    [
        ("bash", ["bash", "-c"], ()),
        ("fish", ["fish", "--no-config", "-c"], ()),
        ("powershell", ["pwsh", "-NoProfile", "-c"], ("EMPTY",)),  # it knows no empty variables
    ],
)
def test_a_shell_reads_what_is_meant(shell: str, command: list[str], left_out: tuple[str, ...]) -> None:
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    given = {name: value for name, value in AWKWARD.items() if name not in left_out}
    script = f"{exports(given, shell)}\n{'& ' * (shell == 'powershell')}'{sys.executable}' -c '{TELL}'"
    done = subprocess.run([*command, script], capture_output=True, timeout=PATIENCE, env={"PATH": os.environ["PATH"]})
    assert json.loads(done.stdout).items() >= given.items()


def test_fish_and_powershell_have_quotes_of_their_own() -> None:
    assert exports({"A": "it's C:\\t"}, "fish") == "set -gx A 'it\\'s C:\\\\t'"
    assert exports({"A": "it's $HOME", "B": "‘x’"}, "powershell") == "$Env:A = 'it''s $HOME'\n$Env:B = '‘‘x’’'"


def test_a_dotenv_file_is_read_as_it_is_meant() -> None:
    assert exports({"A": "a:/b", "B": "a b", "C": "it's \\", "D": ""}, "dotenv") == (
        "A=a:/b\nB='a b'\nC=\"it's \\\\\"\nD=''"
    )
    dotenv = pytest.importorskip("dotenv")
    assert dotenv.dotenv_values(stream=StringIO(exports(AWKWARD, "dotenv"))) == AWKWARD
