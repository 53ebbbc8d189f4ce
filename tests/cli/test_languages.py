"""``fakenotify run``: programs in several languages reach the fake unchanged.

Twilio's own libraries are in tests/proxy/test_official_clients.py.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from command_line import Call, python

pytest.importorskip("trustme", reason="the extra 'proxy' is not installed")

OWN_SID = "AC" + "c" * 32
IS = "IS" + "a" * 32
SERVICES = "https://notify.twilio.com/v1/Services"


def test_python_clients_reach_the_fake(fakenotify: Call) -> None:
    program = f"""
import asyncio, urllib.request, httpx, requests
from twilio.rest import Client
url, login = {SERVICES!r}, {(OWN_SID, "x")!r}
async def ask():
    async with httpx.AsyncClient() as client:
        return await client.get(url, auth=login)
for answer in requests.get(url, auth=login), httpx.get(url, auth=login), asyncio.run(ask()):
    print(answer.json()["services"][0]["url"])
try:
    urllib.request.urlopen(url)
except urllib.request.HTTPError as error:
    print(error.code)
service = Client(*login).notify.v1.services({IS!r})
for number in range(60):
    service.bindings.create(str(number), "fcm", str(number))
print(service.fetch().url, len(service.bindings.list()))
"""
    done = fakenotify("run", "--service", IS, *python(program))
    assert (done.status, done.stdout) == (0, f"{SERVICES}/{IS}\n" * 3 + f"401\n{SERVICES}/{IS} 60\n")


CURL = f"""
set -e
curl -sS -f -u {OWN_SID}:x {SERVICES}/{IS}/Bindings -d Identity=alice -d BindingType=sms -d Address=%2B15005550006
curl -sS -f -u {OWN_SID}:x {SERVICES}/{IS}/Notifications -d Identity=alice -d Body=Hi -d body=Ho
curl -sS -f -u {OWN_SID}:x {SERVICES}/{IS}/Bindings
"""


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_a_script_with_curl_sends_and_lists(fakenotify: Call) -> None:
    done = fakenotify("run", "--service", IS, "--", "sh", "-c", CURL)
    assert (done.status, done.stdout.count('"identity": "alice"')) == (0, 2)
    first, warning = done.stderr.splitlines()
    assert first == "fakenotify: 3 requests (0 refused), 1 delivery (1 sent, 0 failed), 1 warning, no alerts"
    assert warning.startswith("  warning   notifications.create: ")


RUBY = f'require "net/http"; puts Net::HTTP.get_response(URI("{SERVICES}")).code'
PHP = f"""
$curl = curl_init("{SERVICES}");
curl_setopt($curl, CURLOPT_RETURNTRANSFER, true);
curl_exec($curl);
echo curl_getinfo($curl, CURLINFO_RESPONSE_CODE) ?: curl_error($curl), PHP_EOL;
"""
JAVA = f"""
import java.net.HttpURLConnection;
import java.net.URI;
import java.net.http.*;

class Main {{
    public static void main(String[] arguments) throws Exception {{
        URI url = URI.create("{SERVICES}");
        var answer = HttpClient.newHttpClient().send(
            HttpRequest.newBuilder(url).build(), HttpResponse.BodyHandlers.ofString());
        var older = (HttpURLConnection) url.toURL().openConnection();
        System.out.println(answer.statusCode() + " " + older.getResponseCode());
    }}
}}
"""
GO = f"""
package main

import (
	"fmt"
	"net/http"
)

func main() {{
	answer, err := http.Get("{SERVICES}")
	if err != nil {{
		panic(err)
	}}
	fmt.Println(answer.StatusCode)
}}
"""
BUILD_GO = 'GOCACHE="$PWD/cache" GOFLAGS=-mod=mod GOPROXY=off HOME="$PWD" go build -o main main.go'


@pytest.mark.slow
@pytest.mark.parametrize(
    ("tool", "build", "command", "printed"),
    [
        ("ruby", "", ["ruby", "-e", RUBY], "401"),
        ("php", "php -m | grep -q curl", ["php", "-r", PHP], "401"),
        ("java", "", ["java", "Main.java"], "401 401"),
        ("go", BUILD_GO, ["./main"], "401"),
    ],
)
def test_a_program_in_another_language_reaches_the_fake(
    fakenotify: Call,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    tool: str,
    build: str,
    command: list[str],
    printed: str,
) -> None:
    if shutil.which(tool) is None:
        pytest.skip(f"{tool} is not installed")
    (tmp_path / "a space").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "a space"))
    (tmp_path / "Main.java").write_text(JAVA, encoding="ascii")
    (tmp_path / "main.go").write_text(GO, encoding="ascii")
    if subprocess.run(build, shell=True, cwd=tmp_path, timeout=240).returncode:
        assert tool == "php"
        pytest.skip("PHP has no curl extension")

    done = fakenotify("run", "--", *command, cwd=tmp_path)

    assert done[:2] == (0, f"{printed}\n"), done.stderr
    assert f"fakenotify: {len(printed.split())} request" in done.stderr
