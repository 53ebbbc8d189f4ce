"""``fakenotify run`` and ``fakenotify env``: programs that know nothing of the fake, in several languages, reach it."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import shutil
import signal
import socket
import subprocess
import sys
import termios
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any, NamedTuple

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, pkcs12

from fakenotify import FakeNotify, Fault
from fakenotify.cli.env import exports
from fakenotify.cli.output import CommandError
from fakenotify.cli.run import Signals
from fakenotify.cli.summary import Tally, is_worrying, lines_of
from fakenotify.notify.accounts import ACCOUNT_SID, AUTH_TOKEN
from fakenotify.proxy.certificates import java_store
from fakenotify.proxy.environment import GIVEN, traps, variables
from fakenotify.proxy.launch import proxied

trustme = pytest.importorskip("trustme", reason="the extra 'proxy' is not installed")

PATIENCE = 20.0
"""Seconds after which a process is killed."""

OWN_SID, OWN_TOKEN = "AC" + "c" * 32, "secret"
IS = "IS" + "a" * 32
SERVICES = "https://notify.twilio.com/v1/Services"
PROGRAMS = {"TWILIO_ACCOUNT_SID": OWN_SID, "TWILIO_AUTH_TOKEN": OWN_TOKEN}
NOTHING = "fakenotify: no requests (0 refused), no deliveries (0 sent, 0 failed), no warnings, no alerts"
NOBODY = (
    "  nothing   the program ended well, and no connection came to the proxy: "
    "it called nobody, or its client reads no proxy"
)


LEADING = re.compile(r"FAKENOTIFY_.*|TWILIO_.*|(HTTPS?|ALL|NO)_PROXY|NO_COLOR", re.IGNORECASE)
"""Variables that would lead clients elsewhere, or change what is said."""


def environment(**given: str) -> dict[str, str]:
    """This process's, without what leads clients elsewhere, and with the variables given."""
    return {name: value for name, value in os.environ.items() if not LEADING.fullmatch(name)} | given


class Done(NamedTuple):
    status: int
    stdout: str
    stderr: str


FAKENOTIFY = (sys.executable, "-W", "error", "-m", "fakenotify")

Call = Callable[..., Done]


def python(program: str) -> tuple[str, ...]:
    return "--", sys.executable, "-c", program


# the official clients

WHAT_THE_PROGRAMS_TELL = {
    "renamed": ["after", "closed"],
    "listed": 45,
    "vip": 1,
    "fetched": "alice",
    "sent": ["Hi", ["alice"]],
    "error": [404, 20404],
    "removed": [True, True, True],
}

PYTHON = """
import json, os
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

client = Client()
if "BASE_URL" in os.environ:
    client.notify.base_url = os.environ["BASE_URL"]
notify = client.notify.v1
credential = notify.credentials.create("fcm", friendly_name="before", secret='{"type": "service_account"}')
service = notify.services.create(friendly_name="shop", fcm_credential_sid=credential.sid)
bindings = service.bindings
made = [bindings.create(f"id{at}", "fcm", str(at)) for at in range(44)]
alice = bindings.create("alice", "fcm", "44", tag=["vip"])
sent = service.notifications.create(identity=["alice"], body="Hi")
told = {
    "renamed": [
        credential.update(friendly_name="after").friendly_name,
        service.update(friendly_name="closed").friendly_name,
    ],
    "listed": len(bindings.list(page_size=20)),
    "vip": len(bindings.list(tag=["vip"])),
    "fetched": bindings(alice.sid).fetch().identity,
    "sent": [sent.body, sent.identities],
    "url": service.url,
}
told["removed"] = [alice.delete(), service.delete(), credential.delete()]
try:
    service.fetch()
except TwilioRestException as error:
    told["error"] = [error.status, error.code]
print(json.dumps(told))
"""

NODE = """
const client = require('twilio')(process.env.TWILIO_ACCOUNT_SID, process.env.TWILIO_AUTH_TOKEN);
if (process.env.BASE_URL) client.notify.baseUrl = process.env.BASE_URL;
const notify = client.notify.v1;
(async () => {
  const credential = await notify.credentials.create({type: 'fcm', friendlyName: 'before'});
  const service = await notify.services.create({friendlyName: 'shop', fcmCredentialSid: credential.sid});
  const bindings = notify.services(service.sid).bindings;
  for (let at = 0; at < 44; at++)
    await bindings.create({identity: `id${at}`, bindingType: 'fcm', address: String(at)});
  const alice = await bindings.create({identity: 'alice', bindingType: 'fcm', address: '44', tag: ['vip']});
  const sent = await notify.services(service.sid).notifications.create({identity: ['alice'], body: 'Hi'});
  const told = {
    renamed: [
      (await notify.credentials(credential.sid).update({friendlyName: 'after'})).friendlyName,
      (await notify.services(service.sid).update({friendlyName: 'closed'})).friendlyName,
    ],
    listed: (await bindings.list({pageSize: 20})).length,
    vip: (await bindings.list({tag: ['vip']})).length,
    fetched: (await bindings(alice.sid).fetch()).identity,
    sent: [sent.body, sent.identities],
    url: service.url,
  };
  const left = [bindings(alice.sid), notify.services(service.sid), notify.credentials(credential.sid)];
  told.removed = [await left[0].remove(), await left[1].remove(), await left[2].remove()];
  await left[1].fetch().catch(error => { told.error = [error.status, error.code]; });
  console.log(JSON.stringify(told));
})().catch(error => { console.error(error); process.exitCode = 1; });
"""

SUMMARY = "fakenotify: 59 requests (1 refused), 1 delivery (1 sent, 0 failed), no warnings, no alerts\n"


@pytest.fixture(scope="session")
def node_program(node_home: Path) -> Path:
    """The same, and there the program."""
    (node_home / "program.js").write_text(NODE)
    return node_home


def checked(done: Done, url: str) -> str:
    """What was said on stderr, once what the program told is right."""
    assert done.status == 0, done.stderr
    answer = json.loads(done.stdout)
    assert re.fullmatch(rf"{re.escape(url)}(:\d+)?/v1/Services/IS[0-9a-f]{{32}}", answer.pop("url"))
    assert answer == WHAT_THE_PROGRAMS_TELL
    return done.stderr


@pytest.mark.slow
def test_node_drives_the_whole_api_unchanged(fakenotify: Call, node_program: Path) -> None:
    done = fakenotify("run", "--", "node", "program.js", cwd=node_program, **PROGRAMS)
    assert checked(done, "https://notify.twilio.com").startswith(SUMMARY)


@pytest.mark.slow
def test_node_drives_the_whole_api_in_another_region(fakenotify: Call, node_program: Path) -> None:
    where = {"TWILIO_EDGE": "dublin", "TWILIO_REGION": "ie1"}
    done = fakenotify("run", "--", "node", "program.js", cwd=node_program, **PROGRAMS, **where)
    assert checked(done, "https://notify.dublin.ie1.twilio.com").startswith(SUMMARY)


@pytest.mark.slow
def test_node_drives_the_whole_api_by_its_base_url(node_program: Path) -> None:
    with FakeNotify() as fake:
        given = environment(**PROGRAMS, BASE_URL=fake.url)
        done = subprocess.run(
            ["node", "program.js"], cwd=node_program, capture_output=True, text=True, env=given, timeout=PATIENCE
        )
        checked(Done(done.returncode, done.stdout, done.stderr), fake.url)


@pytest.mark.slow
def test_node_with_a_base_url_reaches_it_through_the_proxy_as_well(fakenotify: Call, node_program: Path) -> None:
    program = ["sh", "-c", 'BASE_URL="$FAKENOTIFY_URL" exec node program.js']
    done = fakenotify("run", "--offline", "--", *program, cwd=node_program, **PROGRAMS)
    assert checked(done, "http://127.0.0.1").startswith(SUMMARY)


def test_python_drives_the_whole_api_unchanged(fakenotify: Call) -> None:
    done = fakenotify("run", *python(PYTHON), **PROGRAMS)
    assert checked(done, "https://notify.twilio.com").startswith(SUMMARY)


@pytest.mark.parametrize(
    "ask",
    [
        "import requests; answer = requests.get(URL, auth=AUTH)",
        "import httpx; answer = httpx.get(URL, auth=AUTH)",
        "import asyncio, httpx\n"
        "async def ask():\n"
        "    async with httpx.AsyncClient() as client: return await client.get(URL, auth=AUTH)\n"
        "answer = asyncio.run(ask())",
    ],
    ids=["requests", "httpx", "async httpx"],
)
def test_python_libraries_reach_it(fakenotify: Call, ask: str) -> None:
    setting = f"URL, AUTH = {SERVICES!r}, {(OWN_SID, OWN_TOKEN)!r}\n"
    done = fakenotify("run", "--service", IS, *python(f"{setting}{ask}\nprint(answer.json()['services'][0]['url'])"))
    assert (done.status, done.stdout) == (0, f"{SERVICES}/{IS}\n")


def test_urllib_reaches_it(fakenotify: Call) -> None:
    program = (
        f"import urllib.request as u\ntry: u.urlopen({SERVICES!r})\nexcept u.HTTPError as error: print(error.code)"
    )
    assert fakenotify("run", *python(program)).stdout == "401\n"


CURL = f"""
set -e
curl -sS -f -u {OWN_SID}:x {SERVICES}/{IS}/Bindings -d Identity=alice -d BindingType=sms -d Address=%2B15005550006
curl -sS -f -u {OWN_SID}:x {SERVICES}/{IS}/Notifications -d Identity=alice -d Body=Hi -d body=Ho
curl -sS -f -u {OWN_SID}:x {SERVICES}/{IS}/Bindings
"""


def test_a_script_with_curl_sends_and_lists(fakenotify: Call) -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    done = fakenotify("run", "--service", IS, "--", "sh", "-c", CURL)
    assert (done.status, done.stdout.count('"identity": "alice"')) == (0, 2)
    first, warning = done.stderr.splitlines()
    assert first == "fakenotify: 3 requests (0 refused), 1 delivery (1 sent, 0 failed), 1 warning, no alerts"
    assert warning.startswith("  warning   notifications.create: ")


RUBY = f"""
require "net/http"
require "json"
url = URI("{SERVICES}")
request = Net::HTTP::Post.new(url)
request.basic_auth("{OWN_SID}", "x")
request.set_form_data("FriendlyName" => "shop")
Net::HTTP.start(url.host, url.port, use_ssl: true) do |http|
  puts JSON.parse(http.request(request).body)["friendly_name"]
end
"""


@pytest.mark.slow
def test_ruby_reaches_it(fakenotify: Call) -> None:
    if shutil.which("ruby") is None:
        pytest.skip("Ruby is not installed")
    assert fakenotify("run", "--", "ruby", "-e", RUBY)[:2] == (0, "shop\n")


PHP = f"""
$curl = curl_init("{SERVICES}");
curl_setopt_array($curl, [
    CURLOPT_RETURNTRANSFER => true,
    CURLOPT_USERPWD => "{OWN_SID}:x",
    CURLOPT_POSTFIELDS => "FriendlyName=shop",
]);
$answer = curl_exec($curl);
echo $answer === false ? curl_error($curl) : json_decode($answer)->friendly_name, PHP_EOL;
"""


@pytest.mark.slow
def test_php_reaches_it(fakenotify: Call) -> None:
    if shutil.which("php") is None:
        pytest.skip("PHP is not installed")
    if "curl" not in subprocess.run(["php", "-m"], capture_output=True, text=True, timeout=PATIENCE).stdout:
        pytest.skip("PHP has no curl extension")
    assert fakenotify("run", "--", "php", "-r", PHP)[:2] == (0, "shop\n")


JAVA = f"""
import java.net.HttpURLConnection;
import java.net.URI;
import java.net.URL;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.Base64;

class Main {{
    static String secret = "Basic " + Base64.getEncoder().encodeToString("{OWN_SID}:x".getBytes());

    public static void main(String[] arguments) throws Exception {{
        HttpRequest request = HttpRequest.newBuilder(URI.create("{SERVICES}"))
            .header("Authorization", secret)
            .header("Content-Type", "application/x-www-form-urlencoded")
            .POST(HttpRequest.BodyPublishers.ofString("FriendlyName=shop"))
            .build();
        var answer = HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
        var older = (HttpURLConnection) new URL("{SERVICES}").openConnection();
        older.setRequestProperty("Authorization", secret);
        System.out.println(answer.statusCode() + " " + older.getResponseCode());
    }}
}}
"""


@pytest.mark.slow
@pytest.mark.parametrize("folder", ["plain", "with a space"])
def test_java_reaches_it(fakenotify: Call, tmp_path: Path, folder: str) -> None:
    java = shutil.which("java")
    if java is None:
        pytest.skip("Java is not installed")
    (tmp_path / folder).mkdir()
    program = tmp_path / "Main.java"
    program.write_text(JAVA, encoding="ascii")
    done = fakenotify("run", "--", java, str(program), TMPDIR=str(tmp_path / folder))
    assert done[:2] == (0, "201 200\n"), done.stderr
    assert "fakenotify: 2 requests (0 refused)" in done.stderr


GO = f"""
package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

func main() {{
	form := url.Values{{"FriendlyName": {{"shop"}}}}
	request, _ := http.NewRequest("POST", "{SERVICES}", strings.NewReader(form.Encode()))
	request.SetBasicAuth("{OWN_SID}", "x")
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {{
		panic(err)
	}}
	var service map[string]interface{{}}
	json.NewDecoder(answer.Body).Decode(&service)
	fmt.Println(service["friendly_name"])
}}
"""


@pytest.mark.slow
def test_go_reaches_it(fakenotify: Call, tmp_path: Path) -> None:
    go = shutil.which("go")
    if go is None:
        pytest.skip("Go is not installed")
    program = tmp_path / "main.go"
    program.write_text(GO, encoding="ascii")
    build = [go, "build", "-o", str(tmp_path / "main"), str(program)]
    own = {"GOCACHE": str(tmp_path / "cache"), "GOFLAGS": "-mod=mod", "GOPROXY": "off", "HOME": str(tmp_path)}
    built = subprocess.run(build, env=os.environ | own, capture_output=True, text=True, timeout=240)
    assert built.returncode == 0, built.stderr
    assert fakenotify("run", "--", str(tmp_path / "main"))[:2] == (0, "shop\n")


# what the program is told

TELL = "import json, os; print(json.dumps(dict(os.environ)))"


def told_by(fakenotify: Call, *arguments: str, **given: str) -> dict[str, str]:
    """The environment of a program that is run."""
    done = fakenotify("run", *arguments, *python(TELL), **given)
    assert done.status == 0, done.stderr
    environment: dict[str, str] = json.loads(done.stdout)
    return environment


def test_the_environment_says_all_that_programs_read(fakenotify: Call) -> None:
    seen = told_by(fakenotify, "--service", IS, TWILIO_EDGE="dublin")
    proxy = seen["HTTPS_PROXY"]
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+", proxy)
    assert {seen[name] for name in ("https_proxy", "HTTP_PROXY", "http_proxy")} == {proxy}
    assert [name for name in seen if name.upper() == "NO_PROXY"] == []
    assert (seen["NODE_USE_ENV_PROXY"], seen["TWILIO_EDGE"]) == ("1", "dublin")
    assert (seen["FAKENOTIFY_ACCOUNT_SID"], seen["FAKENOTIFY_AUTH_TOKEN"]) == (ACCOUNT_SID, AUTH_TOKEN)
    assert seen["FAKENOTIFY_SERVICE_SID"] == IS
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+", seen["FAKENOTIFY_URL"])
    files = {seen[name] for name in ("NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")}
    files.add(seen["PHP_INI_SCAN_DIR"].removeprefix(os.pathsep))
    (directory,) = {Path(each).parent for each in files}
    assert not directory.exists()


def test_the_variables_it_sets_are_no_options(fakenotify: Call) -> None:
    assert fakenotify("run", *python("pass"), **dict.fromkeys(GIVEN, "x")).status == 0
    assert fakenotify("run", *python("pass"), FAKENOTIFY_URLS="x").stderr == (
        "fakenotify: there is no variable FAKENOTIFY_URLS; did you mean 'FAKENOTIFY_URL'?\n"
    )


ABOUT = {
    "proxy": "http://p",
    "directory": "/d",
    "url": "u",
    "account_sid": "a",
    "auth_token": "t",
    "service_sid": "s",
    "ca": "c",
}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("*", ""),
        ("localhost,127.0.0.1", "localhost,127.0.0.1"),
        ("localhost,.twilio.com,a.test", "localhost,a.test"),
        ("twilio.com:443, notify.twilio.com ,*.twilio.com,com", ""),
        ("us1.twilio.com,notify.dublin.ie1.twilio.com:443,mytwilio.com", "mytwilio.com"),
    ],
)
def test_no_proxy_stays_but_for_notify(before: str, after: str) -> None:
    assert variables(ABOUT, {"NO_PROXY": before, "no_proxy": before}).items() >= {
        ("NO_PROXY", after),
        ("no_proxy", after),
    }


def test_java_is_told_by_its_own_options(fakenotify: Call) -> None:
    seen = told_by(fakenotify, JAVA_TOOL_OPTIONS="-Xmx1g", NO_PROXY="corp.example, .notify.twilio.com,*,10.0.0.1")
    port = seen["HTTPS_PROXY"].rpartition(":")[2]
    first, *options = seen["JAVA_TOOL_OPTIONS"].split()
    assert first == "-Xmx1g"
    assert options == [
        "-Dhttps.proxyHost=127.0.0.1",
        f"-Dhttps.proxyPort={port}",
        "-Dhttp.nonProxyHosts=localhost|127.*|[::1]|corp.example|*.corp.example|10.0.0.1|*.10.0.0.1",
        f"-Djavax.net.ssl.trustStore={Path(seen['SSL_CERT_FILE']).parent / 'java.p12'}",
        "-Djavax.net.ssl.trustStorePassword=changeit",
    ]


@pytest.mark.parametrize("own", ["-Dhttps.proxyHost=corp", "-Xmx1g -Djavax.net.ssl.trustStore=mine.jks"])
def test_what_the_user_has_set_for_java_stays(fakenotify: Call, own: str) -> None:
    assert told_by(fakenotify, JAVA_TOOL_OPTIONS=own)["JAVA_TOOL_OPTIONS"] == own


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
    assert variables(ABOUT, {})["PHP_INI_SCAN_DIR"] == os.pathsep.join(("", "/d/php"))


@pytest.fixture
def fake() -> Iterator[FakeNotify]:
    with FakeNotify() as fake:
        fake.start()
        yield fake


def certificate(path: Path) -> bytes:
    """A certificate of somebody's, in a file."""
    pem: bytes = trustme.CA().cert_pem.bytes()
    path.write_bytes(pem)
    return pem


def test_what_the_user_trusts_is_still_trusted(fake: FakeNotify, tmp_path: Path) -> None:
    mine = {name: certificate(tmp_path / name) for name in ("one", "two", "three", "four")}
    told = {
        "SSL_CERT_FILE": str(tmp_path / "one"),
        "REQUESTS_CA_BUNDLE": str(tmp_path / "two"),
        "CURL_CA_BUNDLE": str(tmp_path / "three"),
        "NODE_EXTRA_CA_CERTS": str(tmp_path / "four"),
    }
    with proxied(fake, IS, told) as proxy:
        after, pem = variables(proxy.about, told), proxy.authority.pem
        files = {name: Path(after[name]).read_bytes() for name in told}
        ini = (Path(proxy.about["directory"]) / "php" / "fakenotify.ini").read_text()
    assert files == {name: mine[Path(path).name] + b"\n" + pem for name, path in told.items()}
    assert ini == f'curl.cainfo = "{after["CURL_CA_BUNDLE"]}"\nopenssl.cafile = "{after["CURL_CA_BUNDLE"]}"\n'


def test_what_the_machine_trusts_is_still_trusted(
    fake: FakeNotify, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    system, mine = b"-----BEGIN CERTIFICATE-----\nsystem\n", certificate(tmp_path / "mine")
    monkeypatch.setattr("fakenotify.proxy.launch.system_certificates", lambda: system)
    told = {"SSL_CERT_FILE": str(tmp_path / "mine")}
    with proxied(fake, IS, told) as proxy:
        pem, after = proxy.authority.pem, variables(proxy.about, told)
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


def test_its_end_leaves_no_thread_even_if_the_fake_stalls(fake: FakeNotify) -> None:
    before = set(threading.enumerate())
    fake.fail("services.find", Fault.stall())
    with proxied(fake, IS, {}) as proxy, socket.create_connection(("127.0.0.1", proxy.port), PATIENCE) as client:
        client.sendall(b"GET http://notify.twilio.com/v1/Services HTTP/1.1\r\nHost: notify.twilio.com\r\n")
        client.sendall(b"Authorization: Basic QUNmYTRlZmE0ZWZhNGVmYTRlZmE0ZWZhNGVmYTRlZmE0ZTp4\r\n\r\n")
        fake.wait_for(lambda: fake.requests)
    assert set(threading.enumerate()) == before


# other hosts


class Host:
    """A TLS server that is none of Twilio's, with an authority that only this test trusts."""

    def __init__(self, directory: Path) -> None:
        import ssl

        authority = trustme.CA()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost").configure_cert(context)
        self.ca_file = str(directory / "other.pem")
        authority.cert_pem.write_to_path(self.ca_file)
        self._socket = context.wrap_socket(socket.create_server(("127.0.0.1", 0)), server_side=True)
        self.url = f"https://localhost:{self._socket.getsockname()[1]}/"
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                with contextlib.suppress(ConnectionError), self._socket.accept()[0] as connection:
                    connection.recv(65536)
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nother")

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Host]:
    host = Host(tmp_path)
    yield host
    host.close()


def test_another_host_is_reached_untouched_and_still_verified(fakenotify: Call, other: Host) -> None:
    """Its certificate is its own: the program trusts it because the user's environment said so."""
    program = f"import requests; print(requests.get({other.url!r}).text, requests.get({SERVICES!r}).status_code)"
    done = fakenotify("run", *python(program), REQUESTS_CA_BUNDLE=other.ca_file)
    assert (done.status, done.stdout) == (0, "other 401\n")
    done = fakenotify("run", "--offline", *python(program), REQUESTS_CA_BUNDLE=other.ca_file)
    assert (done.status, done.stdout) == (0, "other 401\n")  # this machine is never offline


def test_offline_refuses_other_hosts_and_says_so(fakenotify: Call) -> None:
    program = """
import urllib.error, urllib.request
for url in ("https://other.test/", "http://other.test/a", "https://other.test/b"):
    try:
        urllib.request.urlopen(url)
    except urllib.error.HTTPError as error:
        print(error.code, error.read().decode(), end="")
    except OSError as error:
        print(error)
"""
    done = fakenotify("run", "--offline", *python(program))
    refusal = "<urlopen error Tunnel connection failed: 403 Forbidden>\n"
    assert done.stdout == f"{refusal}403 fakenotify: other.test:80 is not reached, because of --offline\n{refusal}"
    assert done.stderr.splitlines() == [
        NOTHING,
        "  offline   other.test:443 was not reached (2 times)",
        "  offline   other.test:80 was not reached",
        "  nothing   the program asked the proxy for other.test:443, other.test:80, but not for Notify",
    ]


def test_the_users_own_proxy_is_still_gone_through(fakenotify: Call) -> None:
    asked = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def refuse() -> None:
            connection, _ = server.accept()
            with connection:
                asked.append(connection.recv(65536))
                connection.sendall(b"HTTP/1.1 403 No\r\n\r\n")

        thread = threading.Thread(target=refuse)
        thread.start()
        program = f"import requests\nprint(requests.get({SERVICES!r}).status_code)\nrequests.get('https://other.test/')"
        before = f"http://127.0.0.1:{server.getsockname()[1]}"
        done = fakenotify("run", *python(program), HTTPS_PROXY=before, NO_PROXY="*.twilio.com")
        thread.join()
    assert (done.status, done.stdout) == (1, "401\n")
    assert "502 Bad Gateway" in done.stderr
    assert asked == [b"CONNECT other.test:443 HTTP/1.1\r\nHost: other.test:443\r\n\r\n"]


# the end


@pytest.mark.parametrize("status", [0, 3])
def test_the_status_is_the_commands(fakenotify: Call, status: int) -> None:
    reason = f"  nothing   the program ended with status {status} before it connected to anything through the proxy"
    assert fakenotify("run", *python(f"raise SystemExit({status})")) == (
        status,
        "",
        f"{NOTHING}\n{reason if status else NOBODY}\n",
    )


def test_a_command_that_a_signal_ends_has_the_status_that_a_shell_tells(fakenotify: Call) -> None:
    assert fakenotify("run", "--", "sh", "-c", "kill -9 $$").status == 137


@pytest.mark.parametrize(
    ("command", "status", "told"),
    [
        ("no-such-command", 127, "command not found: no-such-command"),
        (f"{__file__}/x", 127, f"command not found: {__file__}/x"),
        (os.path.dirname(__file__), 126, f"can't run {os.path.dirname(__file__)}: Permission denied"),
    ],
)
def test_a_command_that_cannot_be_run_is_told_in_one_line(
    fakenotify: Call, command: str, status: int, told: str
) -> None:
    assert fakenotify("run", "--", command) == (status, "", f"fakenotify: {told}\n")


@pytest.mark.parametrize("arguments", [(), ("--",), ("--strict",), ("true",)])
def test_there_must_be_a_command(fakenotify: Call, arguments: tuple[str, ...]) -> None:
    assert fakenotify("run", *arguments) == (
        2,
        "",
        "fakenotify: write the command after --, e.g. fakenotify run -- npm test\n",
    )


def test_a_wrong_option_is_told_in_one_line(fakenotify: Call) -> None:
    assert fakenotify("run", "--port", "x", *python("pass")) == (
        2,
        "",
        "fakenotify: argument --port: 'x' is not a whole number\n",
    )


@pytest.mark.parametrize("command", ["run", "env"])
def test_help_is_there(fakenotify: Call, command: str) -> None:
    done = fakenotify(command, "--help")
    assert (done.status, done.stderr) == (0, "")
    assert f"usage: fakenotify {command}" in done.stdout


WARNED = f"import requests; requests.post({SERVICES!r}, {{'friendlyName': 'x'}}, auth=({OWN_SID!r}, 'x'))"
REFUSED = f"import requests; requests.post({SERVICES!r}, {{'FriendlyName': 'x' * 65}}, auth=({OWN_SID!r}, 'x'))"
DISTRUSTING = """
import socket, ssl
with socket.create_connection(("notify.twilio.com", 443)) as plain:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).wrap_socket(plain, server_hostname="notify.twilio.com")
    except ssl.SSLError:
        pass
"""


@pytest.mark.parametrize(
    ("options", "program", "status"),
    [
        ((), WARNED, 0),
        (("--strict",), WARNED, 1),
        (("--strict",), f"{WARNED}; raise SystemExit(4)", 4),
        (("--strict",), REFUSED, 0),
        (("--strict",), DISTRUSTING, 1),
    ],
)
def test_strict_minds_warnings(fakenotify: Call, options: tuple[str, ...], program: str, status: int) -> None:
    assert fakenotify("run", *options, *python(program)).status == status


def test_a_client_that_trusts_others_only_is_told_what_to_do(fakenotify: Call) -> None:
    assert fakenotify("run", *python(DISTRUSTING)).stderr.splitlines() == [
        "fakenotify: no requests (0 refused), no deliveries (0 sent, 0 failed), 1 warning, no alerts",
        "  warning   TLS with a client failed, notify.twilio.com: TLSV1_ALERT_UNKNOWN_CA; "
        "let it trust the certificates in $SSL_CERT_FILE",
        "  nothing   the program opened TLS to Notify and gave up, since it doesn't trust the certificate",
    ]


def test_the_summary_tells_in_words_what_went_wrong(fakenotify: Call) -> None:
    program = f"""
import requests
def ask(path, **form):
    return requests.post("{SERVICES}" + path, form, auth=("{OWN_SID}", "x"))
for name in ("one", "two"):
    ask("", friendlyName=name)
ask("/{IS}/Bindings", Identity="alice", BindingType="sms")
ask("/{IS}/Bindings", Identity="alice", BindingType="apn", Address="1")
ask("/{IS}/Notifications", Identity="alice", Body="Hi")
requests.get("https://notify.twilio.com/v2/\\x1b[31m", auth=("{OWN_SID}", "x"))
"""
    first, *lines = fakenotify("run", "--service", IS, *python(program)).stderr.splitlines()
    assert first == "fakenotify: 6 requests (2 refused), 1 delivery (0 sent, 1 failed), 3 warnings, 1 alert"
    assert lines[0] == (
        "  refused   bindings.create: 400 20001 Missing required parameter Address in the post body [sibling D31]"
    )
    assert lines[1].startswith("  refused   GET /v2/%1B%5B31m: 404 20404 ")
    assert lines[2].startswith("  warning   services.create: ")
    assert lines[2].endswith(" (2 times)")
    assert lines[3].startswith("  warning   GET /v2/%1B%5B31m: ")
    assert lines[4].startswith("  alert     ERROR 52")
    assert lines[5:] == []


def test_the_summary_says_what_it_could_not_count(fakenotify: Call) -> None:
    program = f"""
import requests
for number in range(4):
    form = {{"ToBinding": '{{"binding_type": "apn", "address": "a1"}}', "Body": "Hi"}}
    requests.post("{SERVICES}/{IS}/Notifications", form, auth=("{OWN_SID}", "x"))
"""
    done = fakenotify("run", "--service", IS, "--keep-deliveries", "1", *python(program))
    first, *lines = done.stderr.splitlines()
    assert first == "fakenotify: 4 requests (0 refused), 1 delivery (0 sent, 1 failed), no warnings, 1 alert"
    assert lines[1:] == [
        f"  beware    an older {what} was dropped and is not counted; --keep-deliveries keeps more (3 times)"
        for what in ("delivery", "alert")
    ]


def test_the_summary_may_be_json(fakenotify: Call) -> None:
    done = fakenotify("run", "--json", *python(WARNED))
    summary = json.loads(done.stderr)
    (warning,) = summary.pop("warnings")
    assert warning.startswith("services.create: ")
    assert summary == {
        "requests": 1,
        "deliveries": {"sent": 0, "failed": 0},
        "refusals": {},
        "hints": {},
        "alerts": {},
        "dropped": {},
        "distrusted": {},
        "offline": {},
        "twilio": {},
        "reason": None,
    }


def test_quiet_tells_nothing(fakenotify: Call) -> None:
    assert fakenotify("run", "--quiet", *python("print('hello')")) == (0, "hello\n", "")


EMPTY: dict[str, Any] = {
    "requests": 1,
    "deliveries": {"sent": 0, "failed": 0},
    **{name: {} for name in ("refusals", "warnings", "hints", "alerts", "dropped", "distrusted", "offline", "twilio")},
    "reason": None,
}


def test_a_call_that_reached_twilio_itself_is_told() -> None:
    summary = EMPTY | {"twilio": {"api.twilio.com:443": 1}}
    assert lines_of(summary)[1:] == ["  beware    api.twilio.com:443 itself was reached; only Notify is faked"]
    assert not is_worrying(summary)


def test_hosts_of_twilios_are_told_from_others(fake: FakeNotify) -> None:
    with proxied(fake, IS, {}) as proxy:
        for host in ("api.twilio.com:443", "twilio.com:80", "twilio.com.test:443", "mytwilio.com:443"):
            proxy.passed_on.add(host)
        assert Tally(fake).summary(proxy, 0)["twilio"] == {"api.twilio.com:443": 1, "twilio.com:80": 1}


def test_a_program_that_connects_and_asks_nothing_is_told_so(fake: FakeNotify) -> None:
    with proxied(fake, IS, {}) as proxy:
        proxy.clients += 1
        assert Tally(fake).summary(proxy, 0)["reason"] == "the program connected to the proxy, but asked for nothing"


def test_a_long_summary_is_cut() -> None:
    lines = lines_of(EMPTY | {"alerts": {str(at): 1 for at in range(30)}})
    assert (len(lines), lines[-1]) == (22, "  … and 10 more such lines")


def test_the_state_is_loaded_and_saved_and_the_port_told(fakenotify: Call, tmp_path: Path) -> None:
    (tmp_path / "world.json").write_text(json.dumps({"services": [{"sid": IS, "friendly_name": "shop"}]}))
    options = ("--state", "world.json", "--save-state", "after.json", "--port-file", "port")
    program = "import os; print(os.environ['FAKENOTIFY_URL'].endswith(':' + open('port').read()))"
    assert fakenotify("run", *options, *python(program), cwd=tmp_path)[:2] == (0, "True\n")
    assert "shop" in (tmp_path / "after.json").read_text()


def test_a_port_file_that_cannot_be_written_is_told(fakenotify: Call) -> None:
    assert fakenotify("run", "--port-file", "/missing/port", *python("pass")) == (
        2,
        "",
        "fakenotify: can't write /missing/port: No such file or directory\n",
    )


def test_without_trustme_it_says_what_to_install(fakenotify: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "trustme", None)
    assert fakenotify("run", *python("pass")) == (
        2,
        "",
        "fakenotify: this needs trustme; install it with: pip install 'fakenotify[proxy]'\n",
    )


# signals

_MIND = "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); os.execv(sys.argv[1], sys.argv[1:])"
MINDING = (sys.executable, "-c", _MIND)
"""Runs what follows with SIGINT as it is by default, which a suite that was started in the background ignores."""

LISTENING = """
import signal, sys
heard = []
def hear(number, frame):
    heard.append(number)
    print(signal.Signals(number).name, flush=True)
    if number == signal.SIGTERM:
        print(len(heard), flush=True)
        sys.exit(7)
signal.signal(signal.SIGINT, hear)
signal.signal(signal.SIGTERM, hear)
print("ready", flush=True)
while True:
    signal.pause()
"""


@contextlib.contextmanager
def running(*arguments: str, given: Mapping[str, str] | None = None, **how: Any) -> Iterator[subprocess.Popen[str]]:
    """A process that is killed in the end, and whatever it has started."""
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **how}
    with subprocess.Popen(
        (*MINDING, *FAKENOTIFY, *arguments),
        text=True,
        env=environment(**given or {}),
        start_new_session=True,
        **streams,
    ) as process:

        def kill() -> None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)

        guard = threading.Timer(PATIENCE, kill)
        guard.start()
        try:
            yield process
        finally:
            guard.cancel()
            kill()


def read_lines(stream: IO[str] | None) -> Iterator[str]:
    assert stream is not None
    return map(str.rstrip, stream)


def test_signals_are_the_commands() -> None:
    with running("run", *python(LISTENING)) as process:
        said = read_lines(process.stdout)
        assert next(said) == "ready"
        for name in ("SIGINT", "SIGINT", "SIGTERM"):
            process.send_signal(getattr(signal, name))
            assert next(said) == name
        assert next(said) == "3"
        assert process.wait() == 7
        assert next(read_lines(process.stderr)) == NOTHING


def test_a_signal_that_the_command_does_not_mind_ends_both() -> None:
    with running("run", *python("import signal; print('ready', flush=True); signal.pause()")) as process:
        assert next(read_lines(process.stdout)) == "ready"
        process.terminate()
        assert process.wait() == 128 + signal.SIGTERM


def test_what_is_typed_reaches_the_command_once() -> None:
    """The terminal tells the command of Ctrl-C itself; to tell it again would look like impatience."""
    controller, terminal = pty.openpty()
    try:
        attributes = termios.tcgetattr(terminal)
        attributes[3] &= ~termios.ECHO
        termios.tcsetattr(terminal, termios.TCSANOW, attributes)
        own_terminal = "import os, fcntl, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.executable, "
        command = f"{own_terminal}{[*MINDING, *FAKENOTIFY, 'run', *python(LISTENING)]!r})"
        with subprocess.Popen(
            [sys.executable, "-c", command],
            stdin=terminal,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(),
            start_new_session=True,
        ) as process:
            guard = threading.Timer(PATIENCE, process.kill)
            guard.start()
            said = read_lines(process.stdout)
            assert next(said) == "ready"
            os.write(controller, b"\x03")
            assert next(said) == "SIGINT"
            process.terminate()
            assert [next(said), next(said)] == ["SIGTERM", "2"]
            assert process.wait() == 7
            guard.cancel()
    finally:
        os.close(controller)
        os.close(terminal)


def test_what_is_ignored_is_ignored_by_the_command_too() -> None:
    """As ``nohup`` wants it."""
    program = "import signal; print(signal.getsignal(signal.SIGHUP) is signal.SIG_IGN)"
    command = ["sh", "-c", 'trap "" HUP; exec "$@"', "sh", *FAKENOTIFY, "run", *python(program)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, env=environment())
    assert done.stdout == "True\n"


def test_a_signal_before_the_command_runs_is_its_as_well() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with Signals() as signals:
        os.kill(os.getpid(), signal.SIGTERM)
        status = signals.run([sys.executable, "-c", "import signal; signal.pause()"], dict(os.environ))
    assert status == 128 + signal.SIGTERM
    assert signal.getsignal(signal.SIGTERM) is before


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


def test_bash_reads_what_it_is_told() -> None:
    done = subprocess.run(
        ["bash", "-c", f"{exports(AWKWARD, 'bash')}\n{sys.executable} -c '{TELL}'"],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        env={"PATH": os.environ["PATH"]},
    )
    assert json.loads(done.stdout).items() >= AWKWARD.items()


def test_fish_reads_what_it_is_told() -> None:
    assert exports({"A": "it's C:\\t"}, "fish") == "set -gx A 'it\\'s C:\\\\t'"
    if shutil.which("fish") is not None:
        done = subprocess.run(
            ["fish", "--no-config", "-c", f"{exports(AWKWARD, 'fish')}\n{sys.executable} -c '{TELL}'"],
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        assert json.loads(done.stdout).items() >= AWKWARD.items()


def test_powershell_reads_what_it_is_told() -> None:
    assert exports({"A": "it's $HOME", "B": "‘x’"}, "powershell") == "$Env:A = 'it''s $HOME'\n$Env:B = '‘‘x’’'"
    if shutil.which("pwsh") is not None:
        given = {name: value for name, value in AWKWARD.items() if value}  # it knows no empty variables
        command = f"{exports(given, 'powershell')}\n& '{sys.executable}' -c '{TELL}'"
        done = subprocess.run(["pwsh", "-NoProfile", "-c", command], capture_output=True, text=True, timeout=PATIENCE)
        assert json.loads(done.stdout).items() >= given.items()


def test_a_dotenv_file_is_read_as_it_is_meant() -> None:
    assert exports({"A": "a:/b", "B": "a b", "C": "it's \\", "D": ""}, "dotenv") == (
        "A=a:/b\nB='a b'\nC=\"it's \\\\\"\nD=''"
    )
    dotenv = pytest.importorskip("dotenv")
    from io import StringIO

    assert dotenv.dotenv_values(stream=StringIO(exports(AWKWARD, "dotenv"))) == AWKWARD


@contextlib.contextmanager
def serving(*options: str) -> Iterator[dict[str, Any]]:
    """A server with a proxy, and what it said in its first line."""
    with running("--port", "0", "--proxy-port", "0", "--json", "--quiet", *options) as process:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())
        process.terminate()
        assert (process.wait(), process.stdout.read()) == (0, "")


def test_a_shell_is_told_of_a_server_that_runs(fakenotify: Call, tmp_path: Path) -> None:
    with serving("--service", IS, "--ca-file", str(tmp_path / "ca.pem")) as told:
        port = told["proxy"].rpartition(":")[2]
        script = f'eval "$({" ".join(FAKENOTIFY)} env)"; {sys.executable} -c "$1"'
        program = f"import requests; print(requests.get({SERVICES!r}, auth=({ACCOUNT_SID!r}, 'x')).json())"
        done = subprocess.run(
            ["bash", "-c", script, "bash", program],
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            env=environment(FAKENOTIFY_PROXY_PORT=port),
        )
        assert f"'url': '{SERVICES}/{IS}'" in done.stdout, done.stderr
        lines = dict(
            line.split("=", 1)
            for line in fakenotify("env", "--proxy-port", port, "--shell", "dotenv").stdout.splitlines()
        )
        assert (lines["FAKENOTIFY_URL"], lines["HTTPS_PROXY"]) == (told["url"], told["proxy"])
        directory = Path(lines["SSL_CERT_FILE"]).parent
        assert (directory / "ca.pem").read_bytes() == (tmp_path / "ca.pem").read_bytes()
    assert not directory.exists()


def test_the_banner_says_how_a_shell_is_told() -> None:
    with running("--port", "0", "--proxy-port", "0", given={"TWILIO_REGION": "ie1", "HTTP_PROXY": "p"}) as process:
        said = read_lines(process.stdout)
        line = [next(said) for _ in range(7)][-1]
        assert re.fullmatch(
            r"  proxy       http://127\.0\.0\.1:(\d+); in the shell of programs that are to reach the fake: "
            r'eval "\$\(fakenotify env --proxy-port \1\)"',
            line,
        )
        warned = read_lines(process.stderr)
        assert next(warned).startswith("fakenotify: HTTP_PROXY is set, so that clients ask that proxy for http://127.0")
        assert next(warned).startswith("fakenotify: TWILIO_REGION is set, so that ")
        process.terminate()
        assert process.wait() == 0


def test_where_nothing_runs_it_says_what_to_start(fakenotify: Call) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert fakenotify("env", "--proxy-port", str(port)) == (
        2,
        "",
        f"fakenotify: no proxy answers on 127.0.0.1:{port}; start it: fakenotify --proxy-port {port}\n",
    )


def test_a_busy_proxy_port_is_one_line_and_status_2(fakenotify: Call) -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        done = fakenotify("--port", "0", "--proxy-port", str(port))
    assert done == (2, "", f"fakenotify: can't start the proxy on 127.0.0.1:{port}: Address already in use\n")


def test_a_ca_file_that_cannot_be_written_is_one_line_and_status_2(fakenotify: Call) -> None:
    assert fakenotify("--port", "0", "--proxy-port", "0", "--ca-file", "/missing/ca.pem") == (
        2,
        "",
        "fakenotify: can't write /missing/ca.pem: No such file or directory\n",
    )
    assert fakenotify("--port", "0", "--ca-file", "ca.pem") == (
        2,
        "",
        "fakenotify: --ca-file is about the proxy; name its port with --proxy-port\n",
    )


@pytest.mark.parametrize(
    ("environment", "found"),
    [
        ({}, []),
        ({"HTTPS_PROXY": "p", "HTTP_PROXY": "", "TWILIO_EDGE": ""}, []),
        ({"http_proxy": "p", "NO_PROXY": "localhost,127.0.0.1"}, []),
        ({"http_proxy": "p", "no_proxy": "*"}, []),
        (
            {"http_proxy": "p", "NO_PROXY": "localhost"},
            ["http_proxy is set, so that clients ask that proxy for URL; add 127.0.0.1 to NO_PROXY"],
        ),
        ({"ALL_PROXY": "p"}, ["ALL_PROXY is set, so that clients ask that proxy for URL; add 127.0.0.1 to NO_PROXY"]),
        (
            {"TWILIO_EDGE": "dublin", "TWILIO_REGION": "ie1"},
            [
                "TWILIO_EDGE is set, so that Twilio's libraries write it into every host, URL too; unset it",
                "TWILIO_REGION is set, so that Twilio's libraries write it into every host, URL too; unset it",
            ],
        ),
    ],
)
def test_traps_of_the_environment_are_told(environment: dict[str, str], found: list[str]) -> None:
    assert traps(environment, "URL") == found


def test_what_cannot_be_done_has_a_status() -> None:
    with pytest.raises(CommandError) as caught:
        Signals().run(["no-such-command"], {})
    assert caught.value.status == 127
