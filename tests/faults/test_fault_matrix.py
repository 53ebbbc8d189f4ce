"""What every fault looks like to every client, over a socket and without one. This module writes the page about it:

    python tests/faults/test_fault_matrix.py

writes ``docs/fault-matrix.md`` again; the test fails while the page is out of date.
"""

from __future__ import annotations

import asyncio
import runpy
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

import aiohttp
import httpx
import pytest
import requests
from twilio.base.exceptions import TwilioRestException

from fakenotify import FakeNotify, Fault
from fakenotify.faults.kinds import KINDS, RateLimit

PAGE = Path(__file__).parents[2] / "docs" / "fault-matrix.md"
GENERATE = runpy.run_path(str(PAGE.with_name("generate.py")))
SOON, LATE = 0.2, 10.0
"""When clients give up: soon where no answer comes, late where one does, because the machine may be busy."""
LONG = 30.0
TWILIO = "https://notify.twilio.com"

FAULTS: dict[str, Fault] = {
    "`http(429, retry_after=2)`": Fault.http(429, retry_after=2),
    "`http(503)`": Fault.http(503),
    "`rate_limit`, used up": RateLimit(1, 3600),
    "`latency`, less than the timeout": Fault.latency(0.01),
    "`latency`, more than the timeout": Fault.latency(LONG),
    "`slow_body`, less than the timeout": Fault.slow_body(0.01),
    "`slow_body`, more than the timeout": Fault.slow_body(LONG),
    "`reset_connection()`": Fault.reset_connection(),
    "`empty_reply()`": Fault.empty_reply(),
    "`truncate_body()`": Fault.truncate_body(),
    "`garbage()`": Fault.garbage(),
    "`stall()`": Fault.stall(),
}


# the clients: each creates a Service and returns the status of the answer


def twilio(client: Any, timeout: float = LATE) -> int:
    client.http_client.timeout = timeout
    client.notify.v1.services.create()
    return 201


def twilio_async(fake: FakeNotify, timeout: float) -> int:
    with patch("fakenotify.clients.twilio.TIMEOUT", timeout):
        asyncio.run(fake.async_client().notify.v1.services.create_async())
    return 201


def by_requests(fake: FakeNotify, timeout: float, base: str, adapter: Any = None) -> int:
    with requests.Session() as session:
        session.trust_env = False
        if adapter is not None:
            session.mount(base, adapter)
        auth = (fake.account_sid, fake.auth_token)
        return session.post(f"{base}/v1/Services", auth=auth, timeout=timeout).status_code


def httpx_options(fake: FakeNotify, timeout: float, base: str, transport: Any) -> dict[str, Any]:
    options = {"base_url": base, "timeout": timeout, "transport": transport, "trust_env": False, "verify": False}
    return {"auth": (fake.account_sid, fake.auth_token), **options}


def by_httpx(fake: FakeNotify, timeout: float, base: str, transport: Any = None) -> int:
    with httpx.Client(**httpx_options(fake, timeout, base, transport)) as client:
        return client.post("/v1/Services").status_code


def by_httpx_async(fake: FakeNotify, timeout: float, base: str, transport: Any = None) -> int:
    async def ask() -> int:
        async with httpx.AsyncClient(**httpx_options(fake, timeout, base, transport)) as client:
            return (await client.post("/v1/Services")).status_code

    return asyncio.run(ask())


def by_aiohttp(fake: FakeNotify, timeout: float, base: str) -> int:
    headers = {"Authorization": requests.auth._basic_auth_str(fake.account_sid, fake.auth_token)}

    async def ask() -> int:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=timeout), headers=headers) as session,
            session.post(f"{base}/v1/Services") as response,
        ):
            await response.read()
            return response.status

    return asyncio.run(ask())


Ask = Callable[[FakeNotify, float], int]


def ways(ask: Callable[..., int], adapter: str = "") -> dict[str, Ask]:
    """A client over a socket, with the adapter that the fake makes for it, and where it would reach Twilio."""

    def intercepted(fake: FakeNotify, timeout: float) -> int:
        with fake.intercept():
            return ask(fake, timeout, TWILIO)

    def adapted(fake: FakeNotify, timeout: float) -> int:
        return ask(fake, timeout, TWILIO, getattr(fake, adapter)())

    return {
        "over a socket": lambda fake, timeout: ask(fake, timeout, fake.url),
        **({f"`fake.{adapter}()`": adapted} if adapter else {}),
        "intercepted": intercepted,
    }


WAYS: dict[str, dict[str, Ask]] = {
    "The official client (`twilio`)": {
        "`fake.client()`": lambda fake, timeout: twilio(fake.client(), timeout),
        "`fake.client(in_process=True)`": lambda fake, timeout: twilio(fake.client(in_process=True), timeout),
    },
    "`requests`": ways(by_requests, "requests_adapter"),
    "`httpx`": ways(by_httpx, "httpx_transport"),
    "`httpx`, asynchronous": ways(by_httpx_async, "async_httpx_transport"),
    "`aiohttp`, and with it the official asynchronous client": {
        "`fake.async_client()`": twilio_async,
        **ways(by_aiohttp),
    },
}


@cache
def outcome(fault: str, library: str, way: str) -> str:
    """What a client sees of a fault: the status of an answer, or the exception that its author has to catch."""
    with FakeNotify() as fake:
        fake.fail("services.create", replace(FAULTS[fault]))
        if FAULTS[fault].lets_through:
            twilio(fake.client(in_process=True))
        try:
            return str(WAYS[library][way](fake, SOON if "more than" in fault or "stall" in fault else LATE))
        except TwilioRestException as error:
            return f"TwilioRestException {error.status}, code {error.code}"
        except (requests.RequestException, httpx.HTTPError, aiohttp.ClientError, asyncio.TimeoutError) as error:
            home = type(error).__module__.partition(".client_exceptions")[0]
            own = "TimeoutError" if type(error) is asyncio.TimeoutError else type(error).__name__
            return own if own == "TimeoutError" else f"{home}.{own}"


@cache
def effect(kind: str, phase: str) -> str:
    """Whether the operation takes place; ``replace`` gives a rate limit whose tokens are all there."""
    example = next(each for each in FAULTS.values() if each.kind == kind)
    if phase not in example.phases:
        return "not possible"
    fake = FakeNotify()
    fake.fail("services.create", replace(example), phase=phase)
    asked = 2 if kind == "rate_limit" else 1  # the first one is let through
    for _ in range(asked):
        with suppress(requests.RequestException, TwilioRestException):
            twilio(fake.client(in_process=True))
    return "happens" if len(fake.services) == asked else "does not happen"


def render() -> str:
    """The page."""
    lines = [
        "# What every fault looks like",
        "",
        "This page is written by `python tests/faults/test_fault_matrix.py`, which injects every fault, asks with",
        "every client and records what it saw; a test fails when the page is out of date. Over a socket, a client",
        "waits until its timeout. In process no time passes: a client that would have given up gives up at once.",
        "",
        "## What happens to the operation, by `phase`",
        "",
        '| fault | `phase="before"` | `phase="after"` |',
        "|---|---|---|",
    ]
    lines += [f"| `{kind}` | {effect(kind, 'before')} | {effect(kind, 'after')} |" for kind in KINDS]
    lines += [
        "",
        "`rate_limit` stands here for the request that is refused. `slow_body` and `truncate_body` need an answer, so",
        "they can only act after the effect.",
    ]
    for library, ways in WAYS.items():
        lines += ["", f"## {library}", "", f"| fault | {' | '.join(ways)} |", "|---" * (len(ways) + 1) + "|"]
        for fault in FAULTS:
            cells = [outcome(fault, library, way) for way in ways]
            lines.append(f"| {fault} | {' | '.join(f'`{cell}`' for cell in cells)} |")
    first = lines.index("## What happens to the operation, by `phase`")
    lines[first:first] = GENERATE["contents"](lines)
    return "\n".join(lines) + "\n"


def test_the_async_client_has_a_timeout_as_the_other_one_has() -> None:
    with FakeNotify() as fake:
        fake.fail("services.create", Fault.latency(0.5))
        client = fake.async_client()
        client.http_client.timeout = 0.1
        with pytest.raises(asyncio.TimeoutError):
            asyncio.run(client.notify.v1.services.create_async())


def test_the_page_says_what_every_client_sees_of_every_kind() -> None:
    assert {each.kind for each in FAULTS.values()} == set(KINDS)
    assert PAGE.read_text(encoding="utf-8") == render(), "write it anew: python tests/faults/test_fault_matrix.py"


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
