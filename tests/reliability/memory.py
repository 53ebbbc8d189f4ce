"""Memory stays within its bound: each scenario runs in its own process, whose peak memory is measured.

The bound is ``keep_bytes``, an estimate: the process may take a quarter more, and what Python itself needs.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

from fakenotify import Behaviour, FakeNotify
from fakenotify.notify.accounts import KEPT_BYTES, MOST_MADE_UP
from fakenotify.notify.dispatch import Call

from .figure import Figure, run

_SLACK = KEPT_BYTES // 4 + (32 << 20)
_LOADED = 8
"""The most bytes of memory that loading a world takes for each byte of its file."""


def send(forms: Iterable[dict[str, list[str]]]) -> FakeNotify:
    """A fake to which a client has sent these Notifications, without a socket."""
    fake = FakeNotify()
    service = fake.create_service()
    owner = (fake.account_sid, fake.auth_token)
    for form in forms:
        call = Call("POST", f"/v1/Services/{service.sid}/Notifications", form=form, credentials=owner)
        assert fake.world.handle(call).status == 201
    return fake


def requests(count: int) -> int:
    """Requests with bodies of 100 KB."""
    send({"Identity": ["alice"], "Body": [f"{number}{'x' * 100_000}"]} for number in range(count))
    return KEPT_BYTES + _SLACK


def objects(count: int) -> int:
    """Requests whose JSON takes far more memory than text: 33,000 empty objects each."""
    empty = ", ".join(["{}"] * 33_000)
    send(
        {"Identity": ["alice"], "Data": [f'{{"number": {number}, "empty": [{empty}]}}']}
        for number in range(count // 200)
    )
    return KEPT_BYTES + _SLACK


def deliveries(count: int) -> int:
    """Deliveries of a payload of 400 KB, a thousand for each Notification."""
    targets = [json.dumps({"binding_type": "sms", "address": f"+1500555{number:04}"}) for number in range(1_000)]
    bodies = (f"{number}{'x' * 400_000}" for number in range(max(1, count // 1_000)))
    fake = send({"ToBinding": targets, "Body": [body]} for body in bodies)
    assert fake.deliveries.last.payload["Body"] is fake.deliveries[-2].payload["Body"]
    return KEPT_BYTES + _SLACK


def accounts(count: int) -> int:
    """Requests of many accounts that nobody has declared."""
    fake = FakeNotify(behaviour=Behaviour(unknown_accounts="own"))
    for number in range(count):
        call = Call("GET", f"/v1/Services/IS{number:032x}", credentials=(f"AC{number:032x}", "token"))
        assert fake.world.handle(call).status == 404
    assert len(list(fake.world.accounts)) == MOST_MADE_UP + 1
    return KEPT_BYTES // 4


def loading(count: int) -> int:
    """A saved world of 100 MB, by a count of 100,000."""
    rows, padding = count * 5 // 2, "x" * 250
    with TemporaryDirectory() as folder:
        path = Path(folder, "world.json")
        with path.open("w") as file:
            file.write('{"services": [{"bindings": [')
            for number in range(rows):
                whose = {"identity": f"user{number // 3}", "tags": ["vip", f"group{number % 50}"], "endpoint": padding}
                row = {**whose, "binding_type": "apn", "address": f"{number:064x}"}
                file.write(("," if number else "") + json.dumps(row, indent=1))
            file.write("]}]}")
        fake = FakeNotify()
        fake.load(path)
        assert len(fake.bindings) == rows
        return path.stat().st_size * _LOADED + (64 << 20)


SCENARIOS: dict[str, Callable[[int], int]] = {
    each.__name__: each for each in (requests, objects, deliveries, accounts, loading)
}
_RUN = """
import resource, sys
from tests.reliability.memory import SCENARIOS
bound = SCENARIOS[sys.argv[1]](int(sys.argv[2]))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, bound)
"""


def prove(count: int, seed: int = 0) -> Figure:
    """Run every scenario, each in a process of its own."""
    figure = Figure("memory", "requests, deliveries, accounts and rows")
    for name in SCENARIOS:
        done = run(sys.executable, "-c", _RUN, name, str(count))
        figure.count(count)
        if done.returncode:
            figure.fail(f"{name}: {done.stderr.strip().splitlines()[-1]}")
            continue
        most, bound = map(int, done.stdout.split())
        figure.notes.append(f"{name}: at most {most >> 20} MiB of {bound >> 20}")
        if most > bound:
            figure.fail(f"{name} took {most >> 20} MiB, more than {bound >> 20}")
    return figure
