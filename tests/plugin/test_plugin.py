"""The pytest plugin in other projects: nearly every test here is a pytest run of its own."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import textwrap
from collections.abc import Callable
from fnmatch import fnmatchcase as fnmatch
from typing import Any, NoReturn
from urllib.request import proxy_bypass, urlopen

import pytest
import requests

pytest_plugins = ["pytester"]

Run = Callable[..., pytest.RunResult]

ASK = """
    from urllib.error import HTTPError
    from urllib.request import Request, urlopen

    import pytest

    AUTHORIZATION = {"Authorization": "Basic QUNmYTRlZmE0ZWZhNGVmYTRlZmE0ZWZhNGVmYTRlZmE0ZTp4"}

    def ask(fake, method="GET", target="/v1/Services", body=None):
        try:
            with urlopen(Request(fake.url + target, body, AUTHORIZATION, method=method), timeout=5) as answer:
                return answer.status
        except HTTPError as error:
            with error:
                return error.code
"""


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep this run's settings away from the runs inside the tests."""
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name.startswith(("PYTEST_", "TWILIO_", "FAKENOTIFY_")):
            monkeypatch.delenv(name)


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs pytest on a module with no other plugins than those named; ``alone``: in a process of its own.

    Further names are the outcomes that are expected.
    """

    def start(
        module: str,
        *arguments: str,
        ini: str = "",
        ask: bool = True,
        plugins: tuple[str, ...] | None = (),
        alone: bool = False,
        **outcomes: int,
    ) -> pytest.RunResult:
        pytester.makepyfile((textwrap.dedent(ASK) if ask else "") + textwrap.dedent(module))
        pytester.makeini(f"[pytest]\n{textwrap.dedent(ini)}")
        chosen: list[str] = []
        if plugins is not None:
            monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
            chosen = [f"-p{each}" for each in ("conftest_plugin", *plugins)]
        start = pytester.runpytest_subprocess if alone else pytester.runpytest_inprocess
        result = start("-pno:cacheprovider", *chosen, *arguments)
        if outcomes:
            result.assert_outcomes(**outcomes)
        return result

    return start


def said(result: pytest.RunResult) -> list[str]:
    """The messages that our fixtures failed with."""
    return [line.removeprefix("fakenotify: ") for line in result.outlines if line.startswith("fakenotify: ")]


def sections(result: pytest.RunResult) -> dict[str, list[str]]:
    """The section ``fakenotify`` of each report of a failure, by the name of the test."""
    found: dict[str, list[str]] = {}
    name, inside = "", False
    for line in result.outlines:
        if title := re.fullmatch(r"_+ (?:ERROR at \w+ of )?(\S+) _+", line):
            name = title[1]
        elif line.startswith("-") and line.strip("- ") == "fakenotify":
            found[name] = []
        elif inside and not line.startswith(("===", "---", "___")):
            found[name].append(line)
            continue
        inside = line.strip("- ") == "fakenotify"
    return found


# the fixtures


@pytest.mark.slow
def test_another_project_needs_five_lines(run: Run) -> None:
    run(
        """
        def test_it_binds(fake_notify_client, fake_notify):
            service = fake_notify_client.notify.v1.services.create(friendly_name="mine")
            fake_notify_client.notify.v1.services(service.sid).bindings.create("alice", "sms", "+15005550006")
            assert [each.identity for each in fake_notify.bindings] == ["alice"]
        """,
        *("-W", "error", "--strict-markers", "--strict-config"),
        ask=False,
        plugins=None,
        passed=1,
    )


def test_each_test_has_a_fresh_world_on_one_server_even_after_one_that_stopped_it(run: Run) -> None:
    run(
        """
        seen = []

        @pytest.mark.parametrize("number", range(3))
        def test_fresh(fake_notify, fake_notify_server, number):
            assert (fake_notify.services, fake_notify.requests, fake_notify.faults) == ([], [], [])
            assert (fake_notify.clock.frozen, fake_notify.behaviour.identity_limit) == (False, "reject")
            fake_notify.create_service()
            fake_notify.clock.freeze()
            fake_notify.behaviour = type(fake_notify.behaviour)(identity_limit="evict_oldest")
            fake_notify.fail("*", status=503)
            assert ask(fake_notify) == 503
            seen.append((fake_notify.url, fake_notify.services[0].sid, fake_notify_server.url))

        def test_seen():
            assert (len(seen), set(seen), seen[0][0]) == (3, {seen[0]}, seen[0][2])

        def test_outage(fake_notify):
            url = fake_notify.url
            fake_notify.stop()
            with pytest.raises(OSError):
                urlopen(url, timeout=5)

        def test_after_it(fake_notify):
            assert fake_notify.account_sid == "ACfa4efa4efa4efa4efa4efa4efa4efa4e"
            assert ask(fake_notify) == 200
        """,
        passed=6,
    )


def test_a_test_pays_only_for_what_it_uses(run: Run) -> None:
    run(
        """
        import sys, threading

        def test_nothing():
            loaded = [name for name in sys.modules if name.partition(".")[0] in ("fakenotify", "werkzeug", "twilio")]
            assert loaded == []

        def test_no_socket(fake_notify):
            assert fake_notify.client(in_process=True).notify.v1.services.list() == []
            assert repr(fake_notify) == "<FakeNotify without a socket>"
            assert [each.name for each in threading.enumerate() if each.name.startswith("fakenotify")] == []
        """,
        ask=False,
        alone=True,
        passed=2,
    )


def test_the_plugin_imports_nothing_but_pytest_and_the_warning_needs_none() -> None:
    def printed(program: str) -> str:
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=20, check=True)
        return done.stdout.strip()

    assert printed(
        "import pytest, sys; before = set(sys.modules); import conftest_plugin; print(set(sys.modules) - before)"
    ) == ("{'conftest_plugin'}")
    assert printed(
        "import sys; sys.modules['pytest'] = None; import fakenotify; print(fakenotify.NotifyWarning.__mro__[1])"
    ) == ("<class 'UserWarning'>")


# the marker


def test_the_marker_sets_switches_seed_and_clock_and_the_nearest_wins(run: Run) -> None:
    run(
        """
        from fakenotify import FakeNotify

        pytestmark = pytest.mark.fake_notify(seed=1, identity_limit="evict_oldest", callback_when_empty=True)

        class TestNearest:
            pytestmark = pytest.mark.fake_notify(seed=2)

            def test_class(self, fake_notify):
                assert shown(fake_notify) == (2, "evict_oldest", True, False)

            @pytest.mark.fake_notify(seed=3, callback_when_empty=False)
            def test_function(self, fake_notify):
                assert shown(fake_notify) == (3, "evict_oldest", False, False)

        @pytest.mark.fake_notify(frozen=True)
        def test_frozen_now(fake_notify):
            assert shown(fake_notify) == (1, "evict_oldest", True, True)

        @pytest.mark.fake_notify(frozen="2027-10-31T00:00:00Z")
        def test_frozen_then(fake_notify):
            assert fake_notify.clock.now().isoformat() == "2027-10-31T00:00:00+00:00"

        @pytest.mark.fake_notify(frozen=False)
        def test_running(fake_notify):
            assert not fake_notify.clock.frozen

        def shown(fake):
            sids = [FakeNotify(seed=seed).create_service().sid for seed in range(4)]
            switches = fake.behaviour
            seed = sids.index(fake.create_service().sid)
            return seed, switches.identity_limit, switches.callback_when_empty, fake.clock.frozen
        """,
        "--strict-markers",
        passed=5,
    )


def test_an_invalid_marker_is_explained(run: Run) -> None:
    result = run(
        """
        @pytest.mark.fake_notify(1)
        def test_position(fake_notify): ...

        @pytest.mark.fake_notify(identity_limits="reject")
        def test_name(fake_notify): ...

        @pytest.mark.fake_notify(identity_limit="maybe")
        def test_value(fake_notify): ...

        @pytest.mark.fake_notify(frozen="soon")
        def test_instant(fake_notify): ...

        @pytest.mark.fake_notify(frozen=5)
        def test_number(fake_notify): ...

        def test_fine(fake_notify):
            assert ask(fake_notify) == 200
        """,
        passed=1,
        errors=5,
    )
    assert said(result) == [
        "@pytest.mark.fake_notify takes names only, e.g. seed=1 or identity_limit='reject'",
        "@pytest.mark.fake_notify: Behaviour has no switch 'identity_limits'; did you mean 'identity_limit'?",
        "@pytest.mark.fake_notify: Behaviour.identity_limit can't be 'maybe'; it is one of 'reject', 'evict_oldest'",
        "@pytest.mark.fake_notify: frozen can't be 'soon'; it is True or an instant such as '2027-10-31T00:00:00Z'",
        "@pytest.mark.fake_notify: frozen can't be 5; it is True or an instant such as '2027-10-31T00:00:00Z'",
    ]


def test_the_marker_and_the_options_are_in_pytests_own_help(run: Run) -> None:
    run("", "--markers").stdout.fnmatch_lines(["@pytest.mark.fake_notify(seed=0, frozen=False,*"])
    shown = run("", "--help").stdout.str()
    names = ["port", "host", "strict", "behaviour"]
    assert [each for each in names if f"--fake-notify-{each}" not in shown or f"fake_notify_{each}" not in shown] == []


# options and settings


SHOWS = """
    def test_shows(fake_notify):
        switches = fake_notify.behaviour
        print("url", fake_notify.url, switches.identity_limit, switches.callback_when_empty)
"""


def test_options_decide_for_the_run_before_settings(run: Run, free_port: int) -> None:
    switches = """\
        fake_notify_behaviour =
            identity_limit=evict_oldest

            callback_when_empty=false
        """
    settings = f"fake_notify_port = {free_port}\nfake_notify_host = 127.0.0.2\n" + textwrap.dedent(switches)
    result = run(SHOWS, "-s", ini=settings, passed=1)
    result.stdout.fnmatch_lines([f"*url http://127.0.0.2:{free_port} evict_oldest False*"])
    unusable = "fake_notify_port = 1\nfake_notify_host = 256.256.256.256\n" + textwrap.dedent(switches)
    options = [f"--fake-notify-port={free_port}", "--fake-notify-host=127.0.0.2"]
    options.append("--fake-notify-behaviour=callback_when_empty=true")
    result = run(SHOWS, "-s", *options, ini=unusable, passed=1)
    result.stdout.fnmatch_lines([f"*url http://127.0.0.2:{free_port} evict_oldest True*"])


@pytest.mark.parametrize(
    ("arguments", "pattern"),
    [
        (["--fake-notify-behaviour", "x=y"], "Behaviour has no switch 'x'*"),
        (["-o", "fake_notify_port=x"], "fake_notify_port is a number, not 'x'"),
        (["-W", "ignore", "-o", "fake_notify_host=256.256.256.256"], "can't listen on 256.256.256.256:0: *"),
        (["--fake-notify-port", "70000"], "can't listen on 127.0.0.1:70000: *"),
        (["--fake-notify-port", "BUSY"], "can't listen on 127.0.0.1:*: Address already in use*"),
    ],
)
def test_an_invalid_option_is_explained(run: Run, arguments: list[str], pattern: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = str(busy.getsockname()[1])
        result = run(SHOWS, *[each.replace("BUSY", port) for each in arguments], errors=1)
    assert fnmatch(said(result)[0], pattern)
    assert "conftest_plugin.py" not in result.stdout.str()


# what a failure shows


def test_a_failure_shows_what_was_asked(run: Run) -> None:
    result = run(
        """
        from fakenotify.clients.in_process import call

        def test_asked(fake_notify):
            service = fake_notify.create_service(sid="IS" + "a" * 32)
            fake_notify.fail("services.find", status=429, times=1)
            ask(fake_notify)
            ask(fake_notify, "POST", body=b"friendlyName=x&FriendlyName=y")
            fake_notify.create_notification(service.sid, to_binding=[{"binding_type": "apn", "address": "x"}])
            other = fake_notify.account("AC" + "b" * 32).create_service()
            ask(fake_notify, "GET", f"/v1/Services/{other.sid}")
            assert ask(fake_notify, "GET", "/v1/services") == 200

        def test_nothing(fake_notify):
            assert False

        def test_many(fake_notify):
            for number in range(25):
                ask(fake_notify, "GET", f"/v1/Services?FriendlyName={number}")
            assert False

        def test_steers(fake_notify):
            service = fake_notify.create_service(messaging_service_sid="MG" + "0" * 32)
            to = {"binding_type": "sms", "address": "\\x1b[2Jcleared"}
            fake_notify.create_notification(service, to_binding=to, body="Hi")
            ask(fake_notify, "POST", body=b"FriendlyName=%1b%5b2J%0aforged+line&%1bfriendly=x%ed%a0%80")
            call(fake_notify.wsgi_app, "GET", "http://localhost/v1/\\x1b[2J", AUTHORIZATION, b"")
            assert False

        @pytest.fixture
        def prepared(fake_notify):
            ask(fake_notify)
            raise LookupError("mine")

        def test_elsewhere(prepared): ...

        def test_without():
            assert False
        """,
        failed=5,
        errors=1,
    )
    shown = sections(result)
    steering = shown.pop("test_steers")
    assert steering[0].startswith(r"POST /v1/Services (FriendlyName=")
    assert all(line.isprintable() for line in steering)
    patterns = [
        "GET /v1/Services () -> 429 20429 Too Many Requests*",
        "POST /v1/Services (friendlyName='x', FriendlyName='y') -> 201",
        "    warning: parameter 'friendlyName' was not read; did you mean 'FriendlyName'? (*",
        "GET /v1/Services/IS* () -> 404 20404 *",
        "    hint: *",
        "GET /v1/services () -> 404 20404 The requested resource /services was not found [[]observed O3]",
        "    warning: Notify has no resource at /v1/services; did you mean /v1/Services? (*",
        "alerts:",
        "    ERROR 52004 *",
        "faults:",
        "    http(status=429) before services.find, *",
    ]
    asked = shown.pop("test_asked")
    assert len(asked) == len(patterns)
    assert [line for line, pattern in zip(asked, patterns, strict=True) if not fnmatch(line, pattern)] == []
    assert shown == {
        "test_nothing": ["the fake received no request"],
        "test_many": [
            "the last 20 of 25 requests:",
            *(f"GET /v1/Services (FriendlyName='{number}') -> 200" for number in range(5, 25)),
        ],
        "test_elsewhere": ["GET /v1/Services () -> 200"],
    }


def test_the_traceback_ends_at_the_line_of_the_test(run: Run) -> None:
    module = """
        def test_delivered(fake_notify):
            fake_notify.assert_delivered(identity="alice")

        def test_not_delivered(fake_notify):
            to = {"binding_type": "sms", "address": "+15005550006"}
            fake_notify.create_notification(fake_notify.create_service(), to_binding=to)
            fake_notify.assert_not_delivered(identity=None, status="FAILED")

        def test_waits(fake_notify):
            fake_notify.wait_for(lambda: False, timeout=0)

        def test_creates(fake_notify):
            fake_notify.create_binding("IS" + "0" * 32, identity="alice")

        def test_misspells(fake_notify):
            fake_notify.fail("binding.*", status=503)

        def test_explains(fake_notify):
            fake_notify.explain("NT" + "0" * 32)
        """
    result = run(module, failed=6)
    places = [line for line in result.outlines if fnmatch(line, "*.py:[0-9]*: *")]
    assert [place for place in places if not place.startswith("test_")] == []
    assert len(places) == 6
    first = next(line for line in result.outlines if line.startswith("E "))
    assert first.split(": ", 1)[1] == "no delivery with identity='alice', status='SENT'"
    whole = run(module, "--full-trace", "-k", "test_waits", failed=1, deselected=5)
    assert any(fnmatch(line, "*fakenotify/*.py:[0-9]*: *") for line in whole.outlines)


@pytest.mark.parametrize("capture", ["--capture=fd", "-pno:capture"])
def test_a_failed_test_is_held_until_enter_is_pressed(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, capture: str
) -> None:
    """Its fake answers meanwhile, with the world of the test."""
    pytester.makepyfile(
        """
        def test_fails(fake_notify):
            fake_notify.create_service("seen")
            fake_notify.stop()
            assert False

        def test_passes(fake_notify):
            pass
        """
    )
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    command = [sys.executable, "-mpytest", "-pno:cacheprovider", "-pconftest_plugin", "--fake-notify-hold", capture]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        said = next(line for line in process.stdout if line.startswith("fakenotify: "))
        held = re.fullmatch(r"fakenotify: .*::test_fails has failed; look at (\S+) and press Enter to continue\n", said)
        assert held
        with urlopen(f"{held[1]}state", timeout=5) as answer:
            assert b'"seen"' in answer.read()
        printed = process.communicate("\n")[0]
    assert "1 failed, 1 passed" in printed
    assert "press Enter" not in printed


def test_nothing_is_held_under_xdist(run: Run) -> None:
    result = run("def test_nothing(): ...", "--fake-notify-hold", "-n1", plugins=("xdist.plugin",))
    result.stderr.fnmatch_lines(["ERROR: --fake-notify-hold waits for Enter, which pytest-xdist keeps from a test*"])


# what Notify silently ignores, and faults that were never met


IGNORED = """
    def test_ignored(fake_notify):
        for _ in range(2):
            assert ask(fake_notify, "POST", body=b"friendlyName=x") == 201
        assert ask(fake_notify, "GET", "/v1/Nothing") == 404
"""
WARNED = [
    "POST /v1/Services: parameter 'friendlyName' was not read; did you mean 'FriendlyName'? (names are case-sensitive)",
    "GET /v1/Nothing: Notify has no resource at /v1/Nothing",
]


def test_what_notify_ignores_is_one_warning_that_can_be_filtered_by_its_name(run: Run) -> None:
    result = run(IGNORED, alone=True, passed=1, warnings=2)
    mark = ": NotifyWarning: fakenotify: "
    assert [line.partition(mark)[2] for line in result.outlines if mark in line] == WARNED
    run(IGNORED, ini="filterwarnings = error::fakenotify.NotifyWarning", passed=1, errors=1)
    run(IGNORED, "-W", "ignore::fakenotify.NotifyWarning", passed=1)


def test_under_strict_what_notify_ignores_fails_a_test_that_would_pass(run: Run) -> None:
    """A test that ends early may not have used its faults, and its own reason must stand alone."""
    ends_early = """
    def leave(why):
        if why == "error":
            raise LookupError("mine")
        getattr(pytest, why)("mine")

    @pytest.mark.parametrize("why", ["error", "fail", "skip", "xfail"])
    def test_ends_early(fake_notify, why):
        ask(fake_notify, "POST", body=b"friendlyName=x")
        fake_notify.fail("bindings.*", status=503)
        leave(why)

    def test_clean(fake_notify):
        other = fake_notify.account("AC" + "b" * 32).create_service()
        assert ask(fake_notify, "GET", f"/v1/Services/{other.sid}") == 404
        assert fake_notify.requests.last.hints
    """
    result = run(IGNORED, "--fake-notify-strict", passed=1, errors=1)
    lines = result.outlines
    at = lines.index("fakenotify (strict):")
    assert lines[at + 1 : at + 3] == WARNED
    assert sections(result)["test_ignored"][0] == "POST /v1/Services (friendlyName='x') -> 201"
    result = run(ends_early, ini="fake_notify_strict = true", passed=1, failed=2, skipped=1, xfailed=1)
    errors = [line.removeprefix("E").strip() for line in result.outlines if line.startswith("E ")]
    assert errors == ["LookupError: mine", "Failed: mine"]


def test_a_fault_that_met_no_request_fails_the_test(run: Run) -> None:
    result = run(
        """
        def test_unused(fake_notify):
            fake_notify.fail("bindings.*", status=503)
            fake_notify.fail("services.*", status=503)
            assert ask(fake_notify) == 503

        def test_optional(fake_notify):
            fake_notify.fail("bindings.*", status=503, optional=True)
            fake_notify.rate_limit("services.*", 1, 1)
            fake_notify.shutdown()
        """,
        passed=2,
        errors=1,
    )
    at = result.outlines.index("fakenotify: these faults never met a request (optional=True allows that):")
    assert result.outlines[at + 1] == "    http(status=503) before bindings.*, always, fired 0"


# the environment


PROXIES = ["http_proxy", "https_proxy", "all_proxy"]
TRAPS = {
    **dict.fromkeys([*PROXIES, *map(str.upper, PROXIES)], "http://127.0.0.1:9"),
    "TWILIO_EDGE": "sydney",
    "TWILIO_REGION": "au1",
    "TWILIO_ACCOUNT_SID": "AC" + "9" * 32,
    "TWILIO_AUTH_TOKEN": "wrong",
}


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", pytest.param("::1", id="IPv6")])
def test_proxy_edge_and_region_variables_do_not_lead_away_from_the_fake(
    run: Run, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest, host: str
) -> None:
    if host == "::1":
        request.getfixturevalue("ipv6")
    for name, value in TRAPS.items():
        monkeypatch.setenv(name, value)

    def slow(*arguments: Any) -> NoReturn:
        raise AssertionError("a name was looked up that may take a minute")

    monkeypatch.setattr(socket, "getfqdn", slow)
    monkeypatch.setattr(socket, "gethostbyaddr", slow)
    run(
        """
        import asyncio
        import os

        import aiohttp
        import httpx
        import requests
        from twilio.rest import Client

        async def by_aiohttp(url):
            async with aiohttp.ClientSession(trust_env=True, headers=AUTHORIZATION) as session:
                async with session.get(url) as response:
                    return response.status

        def test_reached(fake_notify, fake_notify_client):
            url = fake_notify.url + "/v1/Services"
            if "[" not in url:  # urllib compares IPv6 hosts with their brackets, and httpx takes no such names
                assert ask(fake_notify) == 200
            assert requests.get(url, headers=AUTHORIZATION, timeout=5).status_code == 200
            assert httpx.get(url, headers=AUTHORIZATION, timeout=5).status_code == 200
            assert asyncio.run(by_aiohttp(url)) == 200
            mine = Client("AC" + "a" * 32, "x")
            mine.notify.base_url = fake_notify.url
            for client in (fake_notify_client, mine, fake_notify.client(in_process=True)):
                client.notify.v1.services.create()
            asyncio.run(fake_notify.async_client().notify.v1.services.create_async())
            assert len(fake_notify.services) == 4

        def test_intercepted(intercept_notify):
            service = Client(intercept_notify.account_sid, "x").notify.v1.services.create()
            assert service.url == f"https://notify.twilio.com/v1/Services/{service.sid}"

        def test_left_as_it_was():
            assert [os.environ.get(name) for name in ("TWILIO_EDGE", "NO_PROXY", "no_proxy")] == ["sydney", None, None]
        """,
        f"--fake-notify-host={host}",
        passed=3,
    )


@pytest.mark.parametrize(
    ("given", "bypassed"),
    [
        ({"NO_PROXY": "corp.example"}, [True, True, False]),
        ({"no_proxy": "corp.example"}, [True, True, False]),
        ({"NO_PROXY": "other.example", "no_proxy": "corp.example"}, [True, True, False]),
        ({"NO_PROXY": "*"}, [True, True, True]),
        ({"no_proxy": "*"}, [True, True, True]),
        ({}, [True, False, False]),
    ],
)
def test_exceptions_from_the_users_proxy_still_apply(
    monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest, given: dict[str, str], bypassed: list[bool]
) -> None:
    for name, value in (TRAPS | given).items():
        monkeypatch.setenv(name, value)
    request.getfixturevalue("fake_notify")
    hosts = ["127.0.0.1", "corp.example", "elsewhere.example"]
    assert [not requests.utils.get_environ_proxies(f"http://{host}/") for host in hosts] == bypassed
    assert [bool(proxy_bypass(host)) for host in hosts] == bypassed
