"""The pytest plugin of fakenotify: a fake Twilio Notify for every test that asks for one.

The law: this module imports nothing but pytest at the top, so that a project pays nothing for having it installed.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from twilio.rest import Client

    from fakenotify import Behaviour, FakeNotify

_TRAPS = ("TWILIO_EDGE", "TWILIO_REGION")
_NO_PROXY = ("no_proxy", "NO_PROXY")  # most clients ask for the first and, if it is not set, for the second
_SHOWN = 20

_USED = pytest.StashKey[Any]()
_PASSED = pytest.StashKey[bool]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options and the settings of an ini file."""
    group = parser.getgroup("fakenotify", "fakenotify: a fake of Twilio Notify")
    group.addoption(
        "--fake-notify-port", type=int, metavar="PORT", help="port of the fake; 0, the default, takes a free one"
    )
    group.addoption("--fake-notify-host", metavar="HOST", help="address that the fake listens on (default: 127.0.0.1)")
    group.addoption(
        "--fake-notify-strict", action="store_true", default=None, help="what Notify ignores in silence fails the test"
    )
    group.addoption(
        "--fake-notify-behaviour",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="set a switch of fakenotify.Behaviour; repeatable",
    )
    parser.addini("fake_notify_port", "port of the fake")
    parser.addini("fake_notify_host", "address that the fake listens on")
    parser.addini("fake_notify_strict", "what Notify ignores in silence fails the test", type="bool", default=False)
    parser.addini("fake_notify_behaviour", "switches of fakenotify.Behaviour, NAME=VALUE a line", type="linelist")


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker."""
    config.addinivalue_line(
        "markers",
        "fake_notify(seed=0, frozen=False, **behaviour): switches of fakenotify.Behaviour for this test; "
        "frozen=True or an instant stops the clock",
    )


@pytest.fixture(scope="session")
def fake_notify_server(pytestconfig: pytest.Config) -> Iterator[FakeNotify]:
    """The running fake of this process; its port and thread live as long as the session."""
    from fakenotify import FakeNotify

    host = _host(pytestconfig)
    try:
        port = int(_setting(pytestconfig, "port") or 0)
        fake = FakeNotify(_behaviour(pytestconfig), port, host)
        if port:
            fake.start()
    except OSError as error:
        raise pytest.UsageError(f"fakenotify: can't listen on {host}:{port}: {error.strerror or error}") from None
    except (TypeError, ValueError) as error:
        raise pytest.UsageError(f"fakenotify: {error}") from None
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
    if request.node.stash.get(_PASSED, False):  # else its own reason is to stand alone
        _tell(fake_notify_server, bool(_setting(request.config, "strict")))


@pytest.fixture
def fake_notify_client(fake_notify: FakeNotify) -> Client:
    """A ``twilio.rest.Client`` that talks to ``fake_notify``."""
    return fake_notify.client()


@pytest.fixture
def intercept_notify(fake_notify: FakeNotify, pytestconfig: pytest.Config) -> Iterator[FakeNotify]:
    """``fake_notify``, reached by whatever in this process calls ``https://notify.twilio.com``."""
    with fake_notify.intercept(strict=bool(_setting(pytestconfig, "strict"))):
        yield fake_notify


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Add what was asked of the fake to the report of a test that failed."""
    outcome: Any = yield
    report: pytest.TestReport = outcome.get_result()
    fake = item.stash.get(_USED, None)
    if report.when == "call":
        item.stash[_PASSED] = report.passed
    if fake is not None and report.failed:
        report.sections.append(("fakenotify", _section(fake)))


def _section(fake: FakeNotify) -> str:
    """The last requests with their codes and warnings."""
    requests = fake.requests
    lines = ["nothing was asked of the fake"] if not requests else []
    lines += [f"the last {_SHOWN} of {len(requests)} requests:"] if len(requests) > _SHOWN else []
    for each in requests[-_SHOWN:]:
        lines.append(str(each))
        lines += [f"    warning: {warning}" for warning in each.ignored]
        lines += [f"    hint: {hint}" for hint in each.hints]
    for label, entries in (("alerts", fake.alerts), ("faults", fake.faults)):
        if entries:
            lines.append(f"{label}:")
            lines += [f"    {entry}" for entry in entries[-_SHOWN:]]
    return "\n".join(lines)


def _tell(fake: FakeNotify, strict: bool) -> None:
    """Fail for a fault that never fired; warn of what Notify ignores in silence, or under ``strict`` fail."""
    unused = fake.world.unused_faults()
    if unused:
        listed = "\n".join(f"    {rule}" for rule in unused)
        pytest.fail(
            f"fakenotify: these faults never met a request (optional=True allows that):\n{listed}", pytrace=False
        )
    told = list(dict.fromkeys(f"{each.method} {each.path}: {text}" for each in fake.requests for text in each.ignored))
    if told and strict:
        pytest.fail("fakenotify (strict):\n" + "\n".join(told), pytrace=False)
    for each in told:
        warnings.warn(pytest.PytestWarning(f"fakenotify: {each}"), stacklevel=1)


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
            raise pytest.UsageError("@pytest.mark.fake_notify takes names only, e.g. seed=1 or identity_limit='reject'")
        wanted.update(marker.kwargs)
    seed, frozen = wanted.pop("seed", 0), wanted.pop("frozen", False)
    try:
        return seed, frozen, _behaviour(request.config).changed(wanted)
    except (TypeError, ValueError) as error:
        raise pytest.UsageError(f"@pytest.mark.fake_notify: {error}") from None


def _freeze(fake: FakeNotify, frozen: Any) -> None:
    """Stop the clock if the marker says so."""
    try:
        if frozen:
            fake.clock.freeze(None if frozen is True else frozen)
    except (AttributeError, TypeError, ValueError):
        raise pytest.UsageError(
            f"@pytest.mark.fake_notify: frozen can't be {frozen!r}; "
            "it is True or an instant such as '2027-10-31T00:00:00Z'"
        ) from None


def _avoid_traps(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    """Let no proxy, edge or region of the environment stand between the test and the fake."""
    for name in _TRAPS:
        monkeypatch.delenv(name, raising=False)
    kept = next(filter(None, map(os.environ.get, _NO_PROXY)), "")
    reached = kept if kept.strip() == "*" else ",".join(filter(None, (kept, "127.0.0.1", "localhost", host)))
    for name in _NO_PROXY:
        monkeypatch.setenv(name, reached)
