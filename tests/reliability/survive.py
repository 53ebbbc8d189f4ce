"""What goes wrong around a fake, one scenario after the other; each ends with a fake that answers as ever."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from fakenotify import Behaviour, FakeNotify

from .client import PHONE, Client, client_of, head_of, new_fake
from .figure import TOP, Figure, run
from .receivers import Behaviour as Answer
from .receivers import Receiver, blocks, says, writes
from .soak import resident

SCENARIOS: dict[str, Callable[[], None]] = {}
_QUICK = 30.0
"""Seconds within which a fake that is well answers, on the busiest machine."""


def scenario(check: Callable[[], None]) -> Callable[[], None]:
    """Enter a scenario; it raises ``AssertionError`` where a fake didn't survive."""
    SCENARIOS[check.__name__] = check
    return check


@contextlib.contextmanager
def quickly(what: str) -> Iterator[None]:
    """Fail if this takes longer than a fake that is well needs."""
    began = time.monotonic()
    yield
    assert time.monotonic() - began < _QUICK, f"{what} took too long"


def listed(fake: FakeNotify, path: str = "/v1/Services") -> Any:
    """A list, on a connection of its own."""
    with client_of(fake) as client, quickly("an answer"):
        status, body = client.ask("GET", path)
    assert status == 200, status
    return body


# the callback's receiver


def call_back(fake: FakeNotify, service: str, url: str) -> int | None:
    """Send a Notification; returns the status that the receiver of its callback gave, once it has been called."""
    form = {"ToBinding": PHONE, "Body": "b", "DeliveryCallbackUrl": url}
    with client_of(fake) as client, quickly("an answer with a callback"):
        status, _ = client.ask("POST", f"/v1/Services/{service}/Notifications", form)
    assert status == 201, status
    with quickly("a callback"):
        fake.wait_for(lambda: fake.callbacks.last.attempts, timeout=_QUICK)
    return fake.callbacks.last.attempts[-1].status


def calling(url: str, *statuses: int | None) -> FakeNotify:
    """A fake that has called a receiver and got one of these statuses, and after that a good receiver."""
    fake, service = new_fake(callback_timeout=2)
    try:
        status = call_back(fake, service, url)
        assert status in statuses, status
        assert [each.code for each in fake.alerts] == ([] if status == 200 else [52311])
        with Receiver(says(204)) as good:
            assert call_back(fake, service, good.url) == 204, "a good receiver was not reached any more"
    finally:
        fake.stop()
    return fake


def called(answer: Answer, *statuses: int | None) -> FakeNotify:
    """The same with a receiver that answers so."""
    with Receiver(answer) as receiver:
        return calling(receiver.url, *statuses)


@scenario
def a_receiver_that_is_not_there() -> None:
    """Nothing listens on the port: alert 52311, and no other effect."""
    calling("http://127.0.0.1:9/", None)


@scenario
def a_receiver_that_dies() -> None:
    """It accepts the callback and closes the connection before or during its answer."""
    called(writes(b""), None)
    called(writes(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhal"), 200, None)
    called(writes(b"\x00\xff garbage"), None)


@scenario
def a_receiver_that_hangs() -> None:
    """It sends nothing, or a byte now and then: the attempt ends at its timeout."""
    called(blocks, None)
    called(writes(b"HTTP/1.1 200 OK\r\n", b"X"), None)


@scenario
def a_receiver_that_redirects_to_a_foreign_host() -> None:
    """The redirect is an answer like any other; it is not followed."""
    with Receiver() as foreign:
        for place in (foreign.url, "http://example.com/", "file:///etc/passwd"):
            for status in (302, 307):
                called(says(status, Location=place), status)
        assert foreign.posts == []


@scenario
def a_receiver_that_answers_a_gigabyte() -> None:
    """As body, and as one endless header line: reading is bounded in bytes and in time."""
    piece = b"a" * 65536
    for head in (b"HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n", b"HTTP/1.1 200 OK\r\nX: "):
        memory = resident()
        fake = called(writes(head, piece, pause=0), 200, None)
        assert len(fake.callbacks[0].attempts[-1].body or "") <= 65536
        assert resident() - memory < 32 << 20, "a gigabyte was kept"


# clients


@contextlib.contextmanager
def serving() -> Iterator[tuple[FakeNotify, str]]:
    """A fake with a socket, which at the end still answers, has nothing to report, and no thread too many."""
    fake, service = new_fake()
    fake.start()
    threads = threading.active_count()
    try:
        yield fake, f"/v1/Services/{service}"
        listed(fake)
        latest = time.monotonic() + _QUICK
        while threading.active_count() > threads and time.monotonic() < latest:
            threading.Event().wait(0.01)
        assert threading.active_count() <= threads, "connections' threads are left"
        assert fake._server is not None
        assert fake._server.errors == []
    finally:
        fake.stop()


def dial(fake: FakeNotify) -> socket.socket:
    """A connection."""
    return socket.create_connection(("127.0.0.1", int(fake.url.rpartition(":")[2])), timeout=10)


def leave(line: socket.socket, *, reset: bool) -> None:
    """Close a connection, or reset it."""
    if reset:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    line.close()


@scenario
def clients_that_vanish_in_the_middle_of_a_request() -> None:
    """After each byte of a request's beginning, by a close and by a reset."""
    with serving() as (fake, path):
        whole = head_of(fake, f"POST {path}/Bindings") + b"Content-Length: 60\r\n\r\nIdentity=a&BindingType=sms&Address"
        for end in range(0, len(whole), 2):
            line = dial(fake)
            line.sendall(whole[:end])
            leave(line, reset=end % 4 > 0)
        assert list(fake.bindings) == []


@scenario
def clients_that_vanish_in_the_middle_of_an_answer() -> None:
    """They request a large answer and read a little of it."""
    with serving() as (fake, path):
        for number in range(1000):
            fake.create_binding(path[13:], identity=f"i{number}", binding_type="fcm", address="x" * 2000 + str(number))
        question = head_of(fake, f"GET {path}/Bindings?PageSize=1000") + b"\r\n"
        for number in range(30):
            line = dial(fake)
            line.sendall(question * 2)
            line.recv(1 + number * 1000)
            leave(line, reset=number % 2 > 0)
        assert len(listed(fake, f"{path}/Bindings?PageSize=1000")["bindings"]) == 1000


@scenario
def a_thousand_idle_connections() -> None:
    """Each has a thread, and no request waits because of them."""
    with serving() as (fake, _), contextlib.ExitStack() as stack:
        lines = [stack.enter_context(dial(fake)) for _ in range(1000)]
        for line in lines[::100]:
            line.sendall(head_of(fake, "GET /v1/Services") + b"\r\n")
            assert line.recv(100).startswith(b"HTTP/1.1 200")
        for _ in range(20):
            listed(fake)
        with quickly("stop with idle connections"):
            fake.stop()
        fake.start()


# the machine


def _unwatched() -> dict[str, str]:
    """The environment without what measures coverage: it would want to write a file of its own at the end."""
    return {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}


def _little_disk() -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))


@contextlib.contextmanager
def started(*command: str, **settings: Any) -> Iterator[subprocess.Popen[str]]:
    """A process of this Python, which is ended at last."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-m", *command], text=True, **{"cwd": TOP, **pipes, **settings}) as process:
        try:
            yield process
        finally:
            process.kill()


def fakenotify(*options: str, **settings: Any) -> contextlib.AbstractContextManager[subprocess.Popen[str]]:
    """The command."""
    return started("fakenotify", "--json", "--quiet", *options, **settings)


def bind(client: Client, service_sid: str, number: int) -> int:
    """Register the phone of a number."""
    form = {"Identity": f"i{number}", "BindingType": "sms", "Address": f"+1500{number:07}"}
    return client.ask("POST", f"/v1/Services/{service_sid}/Bindings", form)[0]


@contextlib.contextmanager
def old_world() -> Iterator[Path]:
    """A file that has to survive, alone in its folder."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "world.json")
        path.write_text("the old world")
        yield path
        assert {each.name: each.read_text() for each in Path(folder).iterdir()} == {"world.json": "the old world"}


@scenario
def a_full_disk() -> None:
    """No file may be larger than 2,000 bytes: the saved world is unchanged, and no partial file is left."""
    program = (
        "import sys; from fakenotify import FakeNotify; fake = FakeNotify(); service = fake.create_service().sid\n"
        "for n in range(200): fake.create_binding(service, identity=str(n), binding_type='sms', address=f'+1{n}')\n"
        "for path in sys.argv[1:]:\n"
        "    try: fake.save(path)\n"
        "    except OSError as error: print(type(error).__name__)\n"
        "assert len(fake.bindings) == 200"
    )
    with old_world() as old:
        command = [sys.executable, "-c", program, str(old), str(old.with_name("new.json")), "/dev/full"]
        done = run(*command, cwd=TOP, preexec_fn=_little_disk, env=_unwatched())
        assert (done.stdout.split(), done.stderr) == (["OSError"] * 3, ""), done


@scenario
def a_full_disk_at_the_end_of_the_command() -> None:
    """``--save-state`` can't be written: one line on stderr, and the old file stays."""
    with old_world() as old:
        options = ("--port", "0", "--save-state", str(old))
        with fakenotify(*options, preexec_fn=_little_disk, env=_unwatched()) as process:
            begun = json.loads(process.stdout.readline())
            with Client(**begun) as client:
                assert {bind(client, begun["service_sid"], number) for number in range(30)} == {201}
            process.terminate()
            errors = process.communicate(timeout=_QUICK)[1]
            assert process.returncode == 2
            assert errors.startswith(f"fakenotify: can't write {old}: File too large")
            assert errors.count("\n") == 1


@scenario
def a_port_that_is_taken() -> None:
    """The second server gets an error, the first one goes on, and the port can be used again when it is free."""
    with serving() as (fake, _):
        port = fake.url.rpartition(":")[2]
        with fakenotify("--port", port) as process:
            errors = process.communicate(timeout=_QUICK)[1]
        what = f"fakenotify: port {port} is in use; choose another with --port, or take a free one with --port 0\n"
        assert (process.returncode, errors) == (2, what)
        second = FakeNotify(port=int(port))
        with contextlib.suppress(OSError):
            second.start()
            raise AssertionError("two on one port")
        fake.stop()
        second.start()
        listed(second)
        second.stop()
        fake.start()


@scenario
def sigterm_under_load() -> None:
    """Eight clients write; the command ends at once with 0, and the saved world has all that was answered with 201."""
    answered: list[int] = []

    def write(first: int) -> None:
        with contextlib.suppress(OSError), Client(**begun) as client:
            number = first * 10**5
            while bind(client, begun["service_sid"], number) == 201:
                answered.append(number)
                number += 1

    with TemporaryDirectory() as folder:
        saved = Path(folder, "world.json")
        with fakenotify("--port", "0", "--save-state", str(saved)) as process:
            begun = json.loads(process.stdout.readline())
            threads = [threading.Thread(target=write, args=(first,)) for first in range(8)]
            for thread in threads:
                thread.start()
            while len(answered) < 300:
                assert any(thread.is_alive() for thread in threads), "no request was answered any more"
                threading.Event().wait(0.01)
            process.send_signal(signal.SIGTERM)
            errors = process.communicate(timeout=_QUICK)[1]
            assert (process.returncode, errors) == (0, "")
            for thread in threads:
                thread.join(10)
        world = saved.read_text()
    assert len(json.loads(world)["accounts"]) == 1
    lost = [number for number in answered if f'"+1500{number:07}"' not in world]
    assert lost == [], f"{len(lost)} of {len(answered)} answered with 201 were not saved"


_JUMPING = """
import time
real, jump = time.time, [0.0]
time.time = lambda: real() + jump[0]
from fakenotify import Behaviour
from tests.reliability.client import new_fake
from tests.reliability.receivers import Receiver
from tests.reliability.survive import call_back, listed, quickly
fake, service = new_fake(behaviour=Behaviour(callback_retries=1))
made = []
for back in (0, -86400, -2 * 86400, 3600, -4e8):
    jump[0] = back
    for n in range(9):
        address = f"+1{n}{int(abs(back))}"
        made.append(fake.create_binding(service, identity=str(back), binding_type="sms", address=address).sid)
    pages, path = [], f"/v1/Services/{service}/Bindings?PageSize=5"
    while path:
        page = listed(fake, path)
        pages += [row["sid"] for row in page["bindings"]]
        path = page["meta"]["next_page_url"] and page["meta"]["next_page_url"].removeprefix(fake.url)
        jump[0] -= 1
    assert pages == made, "the order of creation is no more"
    with Receiver() as receiver:
        assert call_back(fake, service, receiver.url) == 200
    fake.rate_limit("services.fetch", 1, 60)
    fake.world.remove_faults()
    assert fake.diff(fake.snapshot()) is not None
with quickly("stop"):
    fake.stop()
assert fake.requests
print("survived")
"""


@scenario
def a_clock_that_jumps_backwards() -> None:
    """The system's clock goes back by a day between and during requests: order, pages, callbacks and waiting work."""
    done = run(sys.executable, "-c", _JUMPING, cwd=TOP)
    assert (done.returncode, done.stderr, done.stdout) == (0, "", "survived\n"), done


@scenario
def a_callback_that_is_due_when_the_clock_jumps_back() -> None:
    """A retry is due by the fake's clock; moving that clock back doesn't lose it."""
    fake, service = new_fake(behaviour=Behaviour(callback_retries=1))
    try:
        with Receiver(says(500)) as bad:
            call_back(fake, service, bad.url)
            fake.clock.shift(days=-1)
            fake.clock.shift(days=1, seconds=2)
            fake.wait_for(lambda: len(fake.callbacks.last.attempts) == 2, timeout=_QUICK)
    finally:
        fake.stop()


@scenario
def a_journal_listener_that_fails() -> None:
    """A listener raises: the client still gets its answer, and the other listeners are called."""
    with serving() as (fake, path):
        heard: list[str] = []

        def fails(request: object) -> None:
            raise RuntimeError("a listener of the tester's")

        end = fake.world.journal.listen(fails)
        fake.world.journal.listen(lambda request: heard.append(request.path))
        try:
            listed(fake, path)
        finally:
            end()
        assert heard == [path]


_PRELOADED = """
from fakenotify import FakeNotify

fake = FakeNotify()
fake.create_service("before the fork")
fake.start()
application = fake.wsgi_app
"""


@scenario
def a_fake_that_gunicorn_preloads() -> None:
    """The workers are forked from a process whose fake has a server and records: each gets its own empty fake."""
    if find_spec("gunicorn") is None:
        return
    with TemporaryDirectory() as folder:
        Path(folder, "preloaded.py").write_text(_PRELOADED)
        with socket.create_server(("127.0.0.1", 0)) as free:
            where = f"127.0.0.1:{free.getsockname()[1]}"
        command = ("gunicorn", "--preload", "--workers", "2", "--bind", where, "preloaded")
        with started(*command, cwd=folder, stdout=None, env=_unwatched()) as process:
            next(line for line in process.stderr if "Booting worker" in line)
            for _ in range(20):
                with Client(f"http://{where}", "AC" + "1" * 32, "token") as client:
                    assert client.ask("GET", "/v1/Services")[1]["services"] == []
            process.terminate()  # it ends its workers
            process.wait()


_WITHOUT_PORTS = """
import fcntl, socket, struct
from pathlib import Path

from fakenotify import FakeNotify
from tests.reliability.client import PHONE, client_of, new_fake
from tests.reliability.receivers import Receiver, says
from tests.reliability.survive import leave

with socket.socket() as any_socket:
    fcntl.ioctl(any_socket, 0x8914, struct.pack("16sh14x", b"lo", 0x49))  # SIOCSIFFLAGS: up, loopback, running
Path("/proc/sys/net/ipv4/ip_local_port_range").write_text("32768 32787")

receiver = Receiver(says(204), port=5001)
fake, service = new_fake(port=5000)
fake.start()
kept = client_of(fake)


def send():
    form = {"ToBinding": PHONE, "Body": "b", "DeliveryCallbackUrl": "http://127.0.0.1:5001/"}
    status, _ = kept.ask("POST", f"/v1/Services/{service}/Notifications", form)
    fake.wait_for(lambda: fake.callbacks.last.attempts, timeout=30)
    return status, fake.callbacks.last.attempts[-1].status


kept.connection.connect()
held = []
try:
    while len(held) <= 20:
        held.append(socket.create_connection(("127.0.0.1", 5001)))
except OSError:
    pass
assert len(held) == 20, len(held)
assert (send(), fake.alerts.last.code) == ((201, None), 52311)
other = FakeNotify()
try:
    other.start()
except OSError as error:
    assert "no port" in str(error), error
else:
    raise AssertionError("there was a port")
for each in held:
    leave(each, reset=True)  # or the port would be kept a minute
with receiver:
    assert send() == (201, 204)
other.start()
other.stop()
fake.stop()
"""


@scenario
def a_host_without_a_free_port() -> None:
    """No port is left for a callback or for another server: alert 52311, an error that says so, and the fake goes on.

    The ports are those of a network of the scenario's own, which not every machine allows.
    """
    alone = ("unshare", "--map-root-user", "--net")
    try:
        subprocess.run([*alone, "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        return
    done = run(*alone, sys.executable, "-c", _WITHOUT_PORTS, cwd=TOP, env=_unwatched())
    assert done.returncode == 0, done.stderr


def prove(count: int, seed: int = 0) -> Figure:
    """Run every scenario ``count`` times."""
    figure = Figure("survive", "scenarios")
    for _ in figure.until(count * len(SCENARIOS)):
        for name, check in SCENARIOS.items():
            with figure.trying(name):
                check()
    return figure
