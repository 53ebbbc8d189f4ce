"""Where the time of one request goes: the server's side of a kept connection, function by function."""

from __future__ import annotations

import cProfile
import pstats
from collections.abc import Callable

from fakenotify import FakeNotify
from fakenotify.server.connection import Connection
from fakenotify.server.server import Server
from tests.benchmarks.measure import KeptConnection
from tests.benchmarks.world import Requests

_CALLS = 20_000
_ROWS = 20


def profile(show: Callable[..., None]) -> None:
    """Profile creates; the profiler makes calls look dearer than they are, so only compare its figures."""
    profiler = cProfile.Profile()

    class Profiled(Connection):
        def serve(self) -> None:
            profiler.runcall(super().serve)

    fake = FakeNotify()
    asked = Requests(fake, fake.create_service())
    server = Server(fake.wsgi_app)
    server.connection_class = Profiled
    server.start()
    connection = KeptConnection(server.port)
    for _ in range(_CALLS):
        connection.ask(asked.create())
    connection.close()
    server.stop()
    stats = pstats.Stats(profiler).stats  # type: ignore[attr-defined]  # not in typeshed
    rows = [(_named(*where), *figures[1:4]) for where, figures in stats.items()]
    rows = sorted((row for row in rows if "recv" not in row[0]), key=lambda row: -row[2])  # there it waits
    show("  one create, the whole of it", "", f"{sum(own for _, _, own, _ in rows) / _CALLS * 1e6:.1f} us")
    for name, calls, own, whole in rows[:_ROWS]:
        times = f"own {own / _CALLS * 1e6:.1f} us, with what it calls {whole / _CALLS * 1e6:.1f} us"
        show(f"  {name}", f"{calls / _CALLS:.0f} x", times)


def _named(path: str, line: int, function: str) -> str:
    return f"{'/'.join(path.split('/')[-2:])}:{line} {function}" if line else function
