"""``fakenotify run``: the official clients and the HTTP clients of several languages reach the fake unchanged."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from command_line import PATIENCE, Call, Done, environment, python

from fakenotify import FakeNotify

pytest.importorskip("trustme", reason="the extra 'proxy' is not installed")

OWN_SID = "AC" + "c" * 32
IS = "IS" + "a" * 32
SERVICES = "https://notify.twilio.com/v1/Services"
LOGIN = {"TWILIO_ACCOUNT_SID": OWN_SID, "TWILIO_AUTH_TOKEN": "secret"}
SUMMARY = "fakenotify: 59 requests (1 refused), 1 delivery (1 sent, 0 failed), no warnings, no alerts\n"

PRINTED = {
    "renamed": ["after", "closed"],
    "listed": 45,
    "vip": 1,
    "fetched": "alice",
    "sent": ["Hi", ["alice"]],
    "error": [404, 20404],
    "removed": [True, True, True],
}
"""What the programs below print, beside the URL of the Service."""

PYTHON = """
import json
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

notify = Client().notify.v1
credential = notify.credentials.create("fcm", friendly_name="before", secret='{"type": "service_account"}')
service = notify.services.create(friendly_name="shop", fcm_credential_sid=credential.sid)
bindings = service.bindings
made = [bindings.create(f"id{at}", "fcm", str(at)) for at in range(44)]
alice = bindings.create("alice", "fcm", "44", tag=["vip"])
sent = service.notifications.create(identity=["alice"], body="Hi")
found = {
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
found["removed"] = [alice.delete(), service.delete(), credential.delete()]
try:
    service.fetch()
except TwilioRestException as error:
    found["error"] = [error.status, error.code]
print(json.dumps(found))
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
  const found = {
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
  found.removed = [await left[0].remove(), await left[1].remove(), await left[2].remove()];
  await left[1].fetch().catch(error => { found.error = [error.status, error.code]; });
  console.log(JSON.stringify(found));
})().catch(error => { console.error(error); process.exitCode = 1; });
"""


def checked(done: Done, url: str) -> str:
    """What was printed on stderr, once what the program printed is right."""
    assert done.status == 0, done.stderr
    answer = json.loads(done.stdout)
    assert re.fullmatch(rf"{re.escape(url)}(:\d+)?/v1/Services/IS[0-9a-f]{{32}}", answer.pop("url"))
    assert answer == PRINTED
    return done.stderr


def test_python_drives_the_whole_api_unchanged(fakenotify: Call) -> None:
    done = fakenotify("run", *python(PYTHON), **LOGIN)
    assert checked(done, "https://notify.twilio.com").startswith(SUMMARY)


@pytest.fixture(scope="session")
def node_program(node_home: Path) -> Path:
    """A directory in which Node finds the official client and the program."""
    (node_home / "program.js").write_text(NODE)
    return node_home


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "variables", "url"),
    [
        (["--", "node", "program.js"], {}, "https://notify.twilio.com"),
        (
            ["--", "node", "program.js"],
            {"TWILIO_EDGE": "dublin", "TWILIO_REGION": "ie1"},
            "https://notify.dublin.ie1.twilio.com",
        ),
        (
            ["--offline", "--", "sh", "-c", 'BASE_URL="$FAKENOTIFY_URL" exec node program.js'],
            {},
            "http://127.0.0.1",
        ),
    ],
)
def test_node_drives_the_whole_api(
    fakenotify: Call, node_program: Path, command: list[str], variables: dict[str, str], url: str
) -> None:
    done = fakenotify("run", *command, cwd=node_program, **LOGIN, **variables)
    assert checked(done, url).startswith(SUMMARY)


@pytest.mark.slow
def test_node_drives_the_whole_api_by_its_base_url(node_program: Path) -> None:
    with FakeNotify() as fake:
        given = environment(**LOGIN, BASE_URL=fake.url)
        done = subprocess.run(
            ["node", "program.js"], cwd=node_program, capture_output=True, text=True, env=given, timeout=PATIENCE
        )
        checked(Done(done.returncode, done.stdout, done.stderr), fake.url)


def test_python_libraries_reach_it(fakenotify: Call) -> None:
    program = f"""
import asyncio, urllib.request, httpx, requests
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
"""
    done = fakenotify("run", "--service", IS, *python(program))
    assert (done.status, done.stdout) == (0, f"{SERVICES}/{IS}\n" * 3 + "401\n")


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


def needed(tool: str) -> str:
    """The path of a tool, without which a test is skipped."""
    found = shutil.which(tool)
    return found or pytest.skip(f"{tool} is not installed")


@pytest.mark.slow
@pytest.mark.parametrize(("tool", "arguments"), [("ruby", ["-e", RUBY]), ("php", ["-r", PHP])])
def test_scripts_in_other_languages_reach_it(fakenotify: Call, tool: str, arguments: list[str]) -> None:
    if tool == "php" and b"curl" not in subprocess.run([needed(tool), "-m"], capture_output=True).stdout:
        pytest.skip("PHP has no curl extension")
    assert fakenotify("run", "--", needed(tool), *arguments)[:2] == (0, "shop\n")


@pytest.mark.slow
@pytest.mark.parametrize("folder", ["plain", "with a space"])
def test_java_reaches_it(fakenotify: Call, tmp_path: Path, folder: str) -> None:
    (tmp_path / folder).mkdir()
    program = tmp_path / "Main.java"
    program.write_text(JAVA, encoding="ascii")
    done = fakenotify("run", "--", needed("java"), str(program), TMPDIR=str(tmp_path / folder))
    assert done[:2] == (0, "201 200\n"), done.stderr
    assert "fakenotify: 2 requests (0 refused)" in done.stderr


@pytest.mark.slow
def test_go_reaches_it(fakenotify: Call, tmp_path: Path) -> None:
    (tmp_path / "main.go").write_text(GO, encoding="ascii")
    own: dict[str, Any] = {"GOCACHE": f"{tmp_path}/cache", "GOFLAGS": "-mod=mod", "GOPROXY": "off", "HOME": tmp_path}
    subprocess.run(
        [needed("go"), "build", "-o", "main", "main.go"], cwd=tmp_path, env=os.environ | own, timeout=240, check=True
    )
    assert fakenotify("run", "--", str(tmp_path / "main"))[:2] == (0, "shop\n")
