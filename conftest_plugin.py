"""The pytest plugin of fakenotify: a fake Twilio Notify for every test that asks for one.

At the top this module imports nothing but pytest, so that a project that doesn't use it pays nothing.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

if TYPE_CHECKING:
    from twilio.rest import Client

    from fakenotify import Behaviour, FakeNotify
    from fakenotify.providers.caught import Providers

__tracebackhide__ = True  # what a fixture raises is shown by its message; --full-trace shows where

_TRAPS = ("TWILIO_EDGE", "TWILIO_REGION")
_NO_PROXY = ("no_proxy", "NO_PROXY")  # most clients ask for the first and, if it is not set, for the second
_SHOWN = 20

_USED = pytest.StashKey[Any]()
_PASSED = pytest.StashKey[bool]()
_FAILED = pytest.StashKey[bool]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options and the settings of an ini file."""
    group = parser.getgroup("fakenotify", "fakenotify: a fake of Twilio Notify")
    group.addoption(
        "--fake-notify-port", type=int, metavar="PORT", help="port of the fake; 0, the default, takes a free one"
    )
    group.addoption("--fake-notify-host", metavar="HOST", help="address that the fake listens on (default: 127.0.0.1)")
    group.addoption(
        "--fake-notify-strict", action="store_true", default=None, help="what Notify silently ignores fails the test"
    )
    group.addoption(
        "--fake-notify-behaviour",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="set a switch of fakenotify.Behaviour; repeatable",
    )
    group.addoption(
        "--fake-notify-hold",
        action="store_true",
        help="after a failed test, print the address of the fake's inspector and wait for Enter",
    )
    parser.addini("fake_notify_port", "port of the fake")
    parser.addini("fake_notify_host", "address that the fake listens on")
    parser.addini("fake_notify_strict", "what Notify silently ignores fails the test", type="bool", default=False)
    parser.addini("fake_notify_behaviour", "switches of fakenotify.Behaviour, NAME=VALUE a line", type="linelist")


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker."""
    if config.getoption("fake_notify_hold") and getattr(config.option, "dist", "no") != "no":
        raise pytest.UsageError(
            "--fake-notify-hold waits for Enter, which pytest-xdist keeps from a test; leave out -n"
        )
    config.addinivalue_line(
        "markers",
        "fake_notify(seed=0, frozen=False, **behaviour): switches of fakenotify.Behaviour for this test; "
        "frozen=True or an instant stops the clock",
    )


@pytest.fixture(scope="session")
def fake_notify_server(pytestconfig: pytest.Config) -> Iterator[FakeNotify]:
    """The running fake of this process; its port and thread last for the session."""
    from fakenotify import FakeNotify

    host, port = _host(pytestconfig), _setting(pytestconfig, "port") or 0
    if not str(port).strip().isdecimal():
        _refuse(f"fake_notify_port is a number, not {port!r}")
    try:
        fake = FakeNotify(_behaviour(pytestconfig), int(port), host)
        if int(port) or _setting(pytestconfig, "host"):
            fake.start()
    except OSError as error:
        _refuse(f"can't listen on {host}:{port}: {error.strerror or error}")
    except (TypeError, ValueError) as error:
        _refuse(str(error))
    with fake:
        yield fake


@pytest.fixture
def fake_notify(
    fake_notify_server: FakeNotify, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[FakeNotify]:
    """A ``FakeNotify`` with an empty world, at the address of this process's one server."""
    _avoid_traps(monkeypatch, _host(request.config))
    seed, frozen, behaviour = _marked(request)
    fake_notify_server.renew(behaviour, seed)
    _freeze(fake_notify_server, frozen)
    request.node.stash[_USED] = fake_notify_server
    yield fake_notify_server
    if request.node.stash.get(_FAILED, False) and request.config.getoption("fake_notify_hold"):
        _hold(fake_notify_server, request)
    if request.node.stash.get(_PASSED, False):  # else its own reason is to stand alone
        _check(fake_notify_server, bool(_setting(request.config, "strict")))


@pytest.fixture
def fake_notify_client(fake_notify: FakeNotify) -> Client:
    """A ``twilio.rest.Client`` that talks to ``fake_notify``."""
    return fake_notify.client()


@pytest.fixture
def intercept_notify(fake_notify: FakeNotify, pytestconfig: pytest.Config) -> Iterator[FakeNotify]:
    """``fake_notify``, which answers all calls of this process to ``https://notify.twilio.com``."""
    with fake_notify.intercept(strict=bool(_setting(pytestconfig, "strict"))):
        yield fake_notify


@pytest.fixture
def notify_providers(fake_notify: FakeNotify) -> Iterator[Providers]:
    """Catches what this process sends to APNs, FCM and Twilio Messages; see ``fake_notify.providers()``."""
    with fake_notify.providers() as providers:
        yield providers


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """End a test's traceback at its own line; add the requests to the fake to the report of a test that failed."""
    fake = item.stash.get(_USED, None)
    if fake is not None and call.excinfo is not None and not item.config.getoption("fulltrace"):
        _end_at_the_test(call.excinfo)
    outcome: Any = yield
    report: pytest.TestReport = outcome.get_result()
    if report.when == "call":
        item.stash[_PASSED] = report.passed
    if report.failed:
        item.stash[_FAILED] = True
        if fake is not None:
            report.sections.append(("fakenotify", _section(fake)))


def _end_at_the_test(excinfo: pytest.ExceptionInfo[BaseException]) -> None:
    """Leave out our own frames below the test's, where the message of the exception says what to do instead."""
    from fakenotify import TwilioError

    if not isinstance(excinfo.value, (AssertionError, TwilioError, LookupError, TypeError, ValueError)):
        return
    last, trace = None, excinfo.value.__traceback__
    while trace is not None:
        if trace.tb_frame.f_globals.get("__name__", "").partition(".")[0] != "fakenotify":
            last = trace
        trace = trace.tb_next
    assert last is not None  # pytest's own frames come first
    last.tb_next = None


def _section(fake: FakeNotify) -> str:
    """The last requests with their codes, warnings and hints; alerts and faults. Nothing in it can steer a terminal."""
    from fakenotify.core.printable import printable

    requests = fake.requests
    lines = ["the fake received no request"] if not requests else []
    lines += [f"the last {_SHOWN} of {len(requests)} requests:"] if len(requests) > _SHOWN else []
    for each in requests[-_SHOWN:]:
        lines.append(str(each))
        lines += [f"    warning: {warning}" for warning in each.ignored]
        lines += [f"    hint: {hint}" for hint in each.hints]
    for label, entries in (("alerts", fake.alerts), ("faults", fake.faults)):
        if entries:
            lines.append(f"{label}:")
            lines += [f"    {entry}" for entry in entries[-_SHOWN:]]
    return "\n".join(map(printable, lines))


def _check(fake: FakeNotify, strict: bool) -> None:
    """Fail for a fault that never fired; warn about what Notify silently ignores, or fail under ``strict``."""
    from fakenotify.core.printable import printable

    unused = fake.world.unused_faults()
    if unused:
        listed = "\n".join(f"    {printable(str(fault))}" for fault in unused)
        _refuse(f"these faults never met a request (optional=True allows that):\n{listed}")
    ignored = (f"{each.method} {each.path}: {text}" for each in fake.requests for text in each.ignored)
    said = list(dict.fromkeys(map(printable, ignored)))
    if said and strict:
        pytest.fail("fakenotify (strict):\n" + "\n".join(said), pytrace=False)
    if said:
        from fakenotify import NotifyWarning

        for each in said:
            warnings.warn(NotifyWarning(f"fakenotify: {each}"), stacklevel=1)


def _hold(fake: FakeNotify, request: pytest.FixtureRequest) -> None:
    """Keep the fake of a failed test until Enter is pressed."""
    fake.start()  # the test may have stopped it
    capture = request.config.pluginmanager.getplugin("capturemanager")
    if capture is not None:
        capture.suspend(in_=True)
    print(
        f"\nfakenotify: {request.node.nodeid} has failed; look at {fake.url}/_fake/ and press Enter to continue",
        flush=True,
    )
    sys.stdin.readline()
    if capture is not None:
        capture.resume()


def _refuse(message: str) -> NoReturn:
    """Fail with a message alone."""
    pytest.fail(f"fakenotify: {message}", pytrace=False)


def _setting(config: pytest.Config, name: str) -> Any:
    """An option of the command line, else of the ini file."""
    option = config.getoption(f"fake_notify_{name}")
    return config.getini(f"fake_notify_{name}") if option is None else option


def _host(config: pytest.Config) -> str:
    host: str = _setting(config, "host") or "127.0.0.1"
    return host


def _behaviour(config: pytest.Config) -> Behaviour:
    from fakenotify import Behaviour

    settings = [*config.getini("fake_notify_behaviour"), *config.getoption("fake_notify_behaviour")]
    return Behaviour().parsed([line for line in settings if line.strip()])


def _marked(request: pytest.FixtureRequest) -> tuple[int, Any, Behaviour]:
    """What the run and the test's markers ask for; the nearest marker wins."""
    wanted: dict[str, Any] = {}
    for marker in reversed(list(request.node.iter_markers("fake_notify"))):
        if marker.args:
            _refuse("@pytest.mark.fake_notify takes names only, e.g. seed=1 or identity_limit='reject'")
        wanted.update(marker.kwargs)
    seed, frozen = wanted.pop("seed", 0), wanted.pop("frozen", False)
    try:
        return seed, frozen, _behaviour(request.config).changed(wanted)
    except (TypeError, ValueError) as error:
        _refuse(f"@pytest.mark.fake_notify: {error}")


def _freeze(fake: FakeNotify, frozen: Any) -> None:
    """Stop the clock if the marker says so."""
    try:
        if frozen:
            fake.clock.freeze(None if frozen is True else frozen)
    except (AttributeError, TypeError, ValueError):
        _refuse(
            f"@pytest.mark.fake_notify: frozen can't be {frozen!r}; "
            "it is True or an instant such as '2027-10-31T00:00:00Z'"
        )


def _avoid_traps(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    """Let no proxy, edge or region of the environment lead away from the fake."""
    for name in _TRAPS:
        monkeypatch.delenv(name, raising=False)
    kept = next(filter(None, map(os.environ.get, _NO_PROXY)), "")
    reached = kept if kept.strip() == "*" else ",".join(filter(None, (kept, "127.0.0.1", "localhost", host)))
    for name in _NO_PROXY:
        monkeypatch.setenv(name, reached)
