"""Print today's figures: ``python -m tests.benchmarks [--quick] [--peers] [--only PART] [--profile]``.

Each row has the target, the ratio (or time) of this run as median (minimum to maximum), and a mark where it is missed.
Ratios are taken within one run, round by round, against a floor measured beside it, on one CPU. ``--quick`` uses
100,000 Bindings for a million. ``--peers`` adds what others need for the same, where they are installed. ``--profile``
shows where the time of one request goes instead.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import resource
import subprocess
import sys
import threading
import time
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fakenotify import FakeNotify
from tests.benchmarks import peers
from tests.benchmarks.floors import HelloServer, RawServer
from tests.benchmarks.measure import KeptConnection, Spread, pin, ratios, rounds, unpin
from tests.benchmarks.profile import profile
from tests.benchmarks.world import HEADERS, Requests, populated

ROOT = Path(__file__).parents[2]
_ANYBODY = b64encode(b"AC" + b"1" * 32 + b":x").decode()


def row(what: str, target: str, shown: str, kept: bool | None = None) -> None:
    """Print one row."""
    mark = "" if kept is None else "ok" if kept else "MISSED"
    print(f"{what:<58} {target:>10}  {shown:<34} {mark}", flush=True)


def requests() -> None:
    """One request on a kept connection, against werkzeug's handler at its best and a raw socket."""
    fake = FakeNotify()
    service = fake.create_service()
    binding = fake.create_binding(service.sid, identity="x", binding_type="sms", address="+15005550006")
    asked = Requests(fake, service)
    raw, hello, stock = RawServer(), HelloServer(), HelloServer(stock=True)
    ours, floor, bottom = (KeptConnection(port) for port in (_port(fake), hello.port, raw.port))
    fetch = asked.fetch(binding.sid)

    def fresh() -> None:
        connection = KeptConnection(stock.port)
        connection.ask(asked.create())
        connection.close()

    found = rounds(
        {
            "raw": lambda: bottom.ask(asked.create()),
            "hello": lambda: floor.ask(asked.create()),
            "create": lambda: ours.ask(asked.create()),
            "hello get": lambda: floor.ask(fetch),
            "fetch": lambda: ours.ask(fetch),
        }
    )
    stocks = rounds({"stock": fresh}, calls=50, count=5)
    for name in ("raw", "hello", "create", "fetch"):
        row(f"  {name}, kept raw connection", "", Spread.of(found[name]).show(" us", 1e6))
    row("  werkzeug as it comes", "", Spread.of(stocks["stock"]).show(" us", 1e6))
    create, get = ratios(found, "create", "hello"), ratios(found, "fetch", "hello get")
    row("POST one Binding / werkzeug hello, kept, one write", "<= 1.5", create.show(), create.middle <= 1.5)
    row("GET one Binding / the same", "<= 1.2", get.show(), get.middle <= 1.2)
    fake.stop()
    for server in (raw, hello, stock):
        server.stop()


def official_client() -> None:
    """The official package in process, against the package with no transport at all."""
    from twilio.http import HttpClient
    from twilio.http.response import Response
    from twilio.rest import Client

    fake = FakeNotify()
    service = fake.create_service()

    class Canned(HttpClient):
        """Answers at once, with what the fake would say: the package's own work remains."""

        def __init__(self, answer: str) -> None:
            self.answer = answer

        def request(self, *args: Any, **settings: Any) -> Response:
            return Response(201, self.answer)

    ours = fake.client(in_process=True)
    fake.create_binding(service.sid, identity="a", binding_type="sms", address="+15005550006", tags=["vip"])
    ours.notify.v1.services(service.sid).bindings(fake.bindings.last.sid).fetch()
    floor = Client("AC", "x", http_client=Canned(json.dumps(fake.requests.last.body)))
    number = iter(range(10**9))

    def create(client: Any) -> None:
        made = next(number)
        client.notify.v1.services(service.sid).bindings.create(
            identity=f"user{made}", binding_type="sms", address=f"+1{made}", tag=["vip"]
        )

    found = rounds({"floor": lambda: create(floor), "ours": lambda: create(ours)})
    row("  official client, no transport", "", Spread.of(found["floor"]).show(" us", 1e6))
    row("  official client, in process", "", Spread.of(found["ours"]).show(" us", 1e6))
    ratio = ratios(found, "ours", "floor")
    row("official client in process / without transport", "<= 3.6", ratio.show(), ratio.middle <= 3.6)


def lifecycle() -> None:
    """Start, stop, a fresh world."""
    starts, stops = [], []
    for _ in range(30):
        fake = FakeNotify()
        began = time.perf_counter()
        connection = KeptConnection(_port(fake))
        connection.ask(b"GET /_fake/health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        starts.append(time.perf_counter() - began)
        began = time.perf_counter()
        fake.stop()
        stops.append(time.perf_counter() - began)
        connection.close()
    row(
        "  start and join one thread",
        "",
        Spread.of(rounds({"thread": _one_thread}, calls=20)["thread"]).show(" us", 1e6),
    )
    start, stop = Spread.of(starts), Spread.of(stops)
    row("fixture: start to first answer", "<= 0.5 ms", start.show(" ms", 1e3), start.middle <= 0.5e-3)
    row("fixture: stop", "<= 0.3 ms", stop.show(" ms", 1e3), stop.middle <= 0.3e-3)
    fake = FakeNotify()
    fresh = Spread.of(rounds({"renew": fake.renew}, calls=200)["renew"])
    row("fresh world for a test", "<= 25 us", fresh.show(" us", 1e6), fresh.middle <= 25e-6)


def _one_thread() -> None:
    thread = threading.Thread(target=int)
    thread.start()
    thread.join()


def imports() -> None:
    """What the plugin adds to a run that merely has it installed, and the command line's way to its first answer."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed package has its bytecode; the first run writes ours
    timed = (
        "import pytest, time\nbegan = time.perf_counter()\nimport conftest_plugin\nprint(time.perf_counter() - began)"
    )
    spread = Spread.of([float(subprocess.check_output([sys.executable, "-c", timed], cwd=ROOT)) for _ in range(25)])
    row("importing the plugin into pytest", "<= 2.5 ms", spread.show(" ms", 1e3), spread.middle <= 2.5e-3)
    script = (
        "from werkzeug.serving import make_server\n"
        "server = make_server('127.0.0.1', 0, lambda environ, start: (start('200 OK', []), [b''])[1])\n"
        "print(server.server_port, flush=True)\nserver.serve_forever()"
    )
    found = rounds(
        {
            "bare": lambda: _first_answer(["-c", script], lambda line: int(line)),
            "ours": lambda: _first_answer(
                ["-m", "fakenotify", "--port", "0", "--json"],
                lambda line: int(json.loads(line)["url"].rpartition(":")[2]),
            ),
        },
        calls=1,
        count=9,
    )
    ratio = ratios(found, "ours", "bare")
    row("  python -m fakenotify to its first answer", "", Spread.of(found["ours"]).show(" ms", 1e3))
    row("python -m fakenotify to first answer / bare werkzeug", "<= 1.35", ratio.show(), ratio.middle <= 1.35)


def scale(many: int) -> None:
    """What a large world costs, against a small one."""
    few = 1_000
    small, small_service = populated(few)
    gc.collect()
    before = _resident()
    began = time.perf_counter()
    large, large_service = populated(many)
    took = time.perf_counter() - began
    gc.collect()
    each = (_resident() - before) / many
    row(f"  {many:,} Bindings created from Python", "", f"{took:.1f} s")
    row("memory for a Binding, indexes included", "<= 1 KiB", f"{each:.0f} bytes", each <= 1024)
    worlds = {"small": _works(small, small_service, few), "large": _works(large, large_service, many)}
    for name in worlds["small"]:
        limit = 2.0 if name.startswith("notification") else 1.3
        found = rounds({size: works[name] for size, works in worlds.items()}, calls=40, count=9)
        ratio = ratios(found, "large", "small")
        row(f"{name}: {many:,} / {few:,} Bindings", f"<= {limit}", ratio.show(), ratio.middle <= limit)


def _works(fake: FakeNotify, service: Any, count: int) -> dict[str, Callable[[], object]]:
    bindings = fake.client(in_process=True).notify.v1.services(service.sid).bindings
    notifications = fake.client(in_process=True).notify.v1.services(service.sid).notifications
    page = bindings.page(page_size=50)
    for _ in range(5):
        page = page.next_page()
    deep = page.next_page_url
    sid = fake._state.scopes[service.sid].bindings.one("identity", f"user{count // 2}").sid  # type: ignore[union-attr]
    number = iter(range(10**9))

    def create() -> None:
        made = next(number)
        bindings.create(identity=f"new{made}", binding_type="apn", address=f"{made:08x}")

    return {
        "create": create,
        "fetch": lambda: bindings(sid).fetch(),
        "page": lambda: bindings.page(page_size=50),
        "page by identity": lambda: bindings.page(identity=f"user{count // 2}"),
        "page by tag": lambda: bindings.page(tag="rare"),
        "page by a deep token": lambda: bindings.get_page(deep),
        "notification by identity": lambda: notifications.create(identity=f"user{count // 2}", body="Hi"),
        "notification by a tag of ten": lambda: notifications.create(tag="rare", body="Hi"),
    }


def direct() -> None:
    """Ten thousand targets in one request."""
    fake = FakeNotify()
    service = fake.create_service(messaging_service_sid="MG" + "a" * 32)
    targets = [json.dumps({"binding_type": "sms", "address": f"+1555{number:07d}"}) for number in range(10_000)]
    client = fake.client()
    found = rounds(
        {"send": lambda: client.notify.v1.services(service.sid).notifications.create(to_binding=targets, body="Hi")},
        calls=1,
        count=5,
    )
    spread = Spread.of(found["send"])
    row("10,000 ToBinding in one request", "<= 0.5 s", spread.show(" s"), spread.middle <= 0.5)


def crowd() -> None:
    """Many kept connections, asked all at once by one thread, so that the server's work is what is measured."""
    fake = FakeNotify()
    service = fake.create_service()
    asked = Requests(fake, service)
    crowds = {count: [KeptConnection(_port(fake)) for _ in range(count)] for count in (8, 64)}
    rates: dict[int, list[float]] = {8: [], 64: []}
    waits: list[float] = []
    for connections in crowds.values():
        _ask_all(connections, asked)
    for _ in range(9):
        for count, connections in crowds.items():
            began = time.perf_counter()
            for _ in range(640 // count):
                waited = _ask_all(connections, asked)
                waits += waited if count == 64 else []
            rates[count].append(640 / (time.perf_counter() - began))
    ratio = Spread.of([many / few for many, few in zip(rates[64], rates[8], strict=True)])
    row("64 kept connections / 8, requests a second", ">= 0.9", ratio.show(), ratio.middle >= 0.9)
    row("  p99 of a round of 64", "", f"{sorted(waits)[int(len(waits) * 0.99)] * 1e3:.2f} ms")
    fake.stop()


def _ask_all(connections: list[KeptConnection], asked: Requests) -> list[float]:
    """Send on every connection, then read every answer; the seconds that each took."""
    began = time.perf_counter()
    for connection in connections:
        connection.send(asked.create())
    waited = []
    for connection in connections:
        assert connection.receive().startswith(b"HTTP/1.1 201")
        waited.append(time.perf_counter() - began)
    return waited


def idle() -> None:
    """How often an idle server wakes up."""
    fake = FakeNotify()
    connection = KeptConnection(_port(fake))
    connection.ask(b"GET /_fake/health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    time.sleep(0.2)
    before = _wakes()
    time.sleep(3)
    wakes = (_wakes() - before - 1) / 3  # our own sleep is one
    row("an idle server's wake-ups", "< 1 /s", f"{wakes:.2f} /s", wakes < 1)
    fake.stop()


def _port(fake: FakeNotify) -> int:
    return int(fake.url.rpartition(":")[2])


def _first_answer(arguments: list[str], port: Callable[[str], int]) -> None:
    process = subprocess.Popen(
        [sys.executable, *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=ROOT
    )
    assert process.stdout is not None
    connection = KeptConnection(port(process.stdout.readline().decode()))
    answer = connection.ask(f"GET /v1/Services HTTP/1.1\r\n{HEADERS.format(_ANYBODY)}\r\n".encode())
    assert b" 200 OK\r\n" in answer, answer
    connection.close()
    process.kill()
    process.wait()
    process.stdout.close()


def _resident() -> int:
    """Bytes of this process in memory."""
    status = Path("/proc/self/statm")
    if status.exists():
        return int(status.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _wakes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_nvcsw


def main() -> None:
    """Run everything."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="100,000 Bindings instead of 1,000,000")
    parser.add_argument("--peers", action="store_true", help="measure others too, where they are installed")
    parser.add_argument(
        "--only", choices=("requests", "client", "lifecycle", "imports", "scale", "direct", "crowd", "idle")
    )
    parser.add_argument("--profile", action="store_true", help="profile one request instead")
    options = parser.parse_args()
    parts = {
        "requests": requests,
        "client": official_client,
        "lifecycle": lifecycle,
        "imports": imports,
        "direct": direct,
        "idle": idle,
        "crowd": crowd,
        "scale": lambda: scale(100_000 if options.quick else 1_000_000),
    }
    print(f"Python {sys.version.split()[0]} on {sys.platform}; median (minimum to maximum) of interleaved rounds")
    if options.profile:
        profile(row)
        return
    for name, part in parts.items():
        if options.only in (None, name):
            unpin() if name == "imports" else pin()
            part()
    if options.peers:
        pin()
        peers.over_a_socket(row)
        peers.in_process(row)


if __name__ == "__main__":
    main()
