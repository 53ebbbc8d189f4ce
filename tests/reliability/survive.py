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
import tempfile
import threading
import time
import urllib.request
from base64 import b64encode
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from fakenotify import Behaviour, FakeNotify

from .figure import Figure
from .receivers import answering, read_request, receiver
from .soak import resident

TOP = Path(__file__).parents[2]
SCENARIOS: dict[str, Callable[[], None]] = {}
_QUICK = 30.0
"""Seconds within which a fake that is well answers, on the busiest machine."""


def scenario(run: Callable[[], None]) -> Callable[[], None]:
    """Enter a scenario; it raises ``AssertionError`` where a fake didn't survive."""
    SCENARIOS[run.__name__] = run
    return run


# the callback's receiver


@contextlib.contextmanager
def calling(url: str, timeout: float = 0.4) -> Iterator[FakeNotify]:
    """A fake that has answered a Notification at once, and has tried to tell ``url`` of it; then a good receiver."""
    fake = FakeNotify(callback_timeout=timeout)
    try:
        service = fake.create_service(messaging_service_sid="MG" + "0" * 32).sid
        to = ['{"binding_type": "sms", "address": "+15005550006"}']
        began = time.monotonic()
        send(fake, service, url, to)
        assert time.monotonic() - began < _QUICK, "the answer waited for the callback"
        fake.wait_for(lambda: fake.callbacks.last.attempts, timeout=10)
        yield fake
        with receiver(answering()) as good:
            send(fake, service, good, to)
            fake.wait_for(lambda: fake.callbacks.last.attempts, timeout=10)
            assert fake.callbacks.last.attempts[-1].status == 204, "a good receiver was not reached any more"
    finally:
        fake.stop()


def send(fake: FakeNotify, service: str, callback: str, to: list[str]) -> None:
    """Send over the wire."""
    form = {"ToBinding": to, "Body": "b", "DeliveryCallbackUrl": callback}
    status, _ = ask(fake, "POST", f"/v1/Services/{service}/Notifications", urlencode(form, doseq=True))
    assert status == 201, status


def ask(fake: FakeNotify, method: str, path: str, body: str = "") -> tuple[int, bytes]:
    """One request on a connection of its own."""
    token = b64encode(f"{fake.account_sid}:{fake.auth_token}".encode()).decode()
    request = urllib.request.Request(fake.url + path, body.encode() or None, method=method)
    request.add_header("Authorization", f"Basic {token}")
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.status, answer.read()


@scenario
def a_receiver_that_is_not_there() -> None:
    """Nobody listens; then 52311 and nothing else."""
    with calling("http://127.0.0.1:9/") as fake:
        assert [fake.callbacks.last.attempts[-1].status, fake.alerts.last.code] == [None, 52311]


@scenario
def a_receiver_that_dies() -> None:
    """It takes the callback and is gone, before or amid its answer."""
    for told in (b"", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhal", b"\x00\xff garbage"):
        with receiver(lambda line, told=told: (read_request(line), line.sendall(told))) as url, calling(url) as fake:
            assert [fake.callbacks.last.attempts[-1].status in (None, 200), len(fake.callbacks)] == [True, 1]


@scenario
def a_receiver_that_hangs() -> None:
    """It says nothing, or a byte now and then: given up in time."""
    over = threading.Event()

    def trickles(line: socket.socket) -> None:
        line.sendall(b"HTTP/1.1 200 OK\r\n")
        while not over.wait(0.05):
            line.sendall(b"X")

    for behave in (lambda line: over.wait(5), trickles):
        began = time.monotonic()
        with receiver(behave) as url, calling(url) as fake:
            assert time.monotonic() - began < _QUICK
            assert [fake.callbacks.last.attempts[-1].status, fake.alerts.last.code] == [None, 52311]
    over.set()


@scenario
def a_receiver_that_redirects_to_a_foreign_host() -> None:
    """The redirect is an answer like any other; nobody follows it."""
    called: list[str] = []
    with receiver(lambda line: called.append("followed")) as foreign:
        for place in (foreign, "http://example.com/", "file:///etc/passwd"):
            for status in ("302 Found", "307 Temporary Redirect"):
                with receiver(answering(status, f"Location: {place}\r\n")) as url, calling(url) as fake:
                    assert fake.callbacks.last.attempts[-1].status == int(status[:3])
                    assert fake.alerts.last.code == 52311
    assert called == []


@scenario
def a_receiver_that_answers_a_gigabyte() -> None:
    """As body, and as one endless header line: what is read is bounded, in bytes and in time."""
    piece = b"a" * 65536

    def endless(head: bytes) -> Callable[[socket.socket], None]:
        def behave(line: socket.socket) -> None:
            read_request(line)
            line.sendall(head)
            for _ in range((1 << 30) // len(piece)):
                line.sendall(piece)

        return behave

    for head in (b"HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n", b"HTTP/1.1 200 OK\r\nX: "):
        memory, began = resident(), time.monotonic()
        with receiver(endless(head)) as url, calling(url) as fake:
            assert time.monotonic() - began < _QUICK
            assert len(fake.callbacks.last.attempts[-1].body or "") <= 65536
        assert resident() - memory < 32 << 20, "a gigabyte was kept"


# clients


@contextlib.contextmanager
def serving(**settings: Any) -> Iterator[FakeNotify]:
    """A fake with a socket that has nothing to report in the end, and no thread too many."""
    fake = FakeNotify(**settings)
    fake.start()
    threads = threading.active_count()
    try:
        yield fake
        began = time.monotonic()
        assert ask(fake, "GET", "/v1/Services")[0] == 200
        assert time.monotonic() - began < _QUICK
        latest = time.monotonic() + 5
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


def leave(line: socket.socket) -> None:
    """Vanish: a reset, no goodbye."""
    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    line.close()


def _get(fake: FakeNotify, path: str) -> bytes:
    token = b64encode(f"{fake.account_sid}:{fake.auth_token}".encode()).decode()
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Basic {token}\r\n\r\n".encode()


@scenario
def clients_that_vanish_in_the_middle_of_a_request() -> None:
    """After each byte of a request's beginning, politely and not."""
    with serving() as fake:
        service = fake.create_service().sid
        whole = _get(fake, "/").replace(b"GET / ", f"POST /v1/Services/{service}/Bindings ".encode())
        whole = whole[:-2] + b"Content-Length: 60\r\n\r\nIdentity=a&BindingType=sms&Address"
        for end in range(0, len(whole), 2):
            line = dial(fake)
            line.sendall(whole[:end])
            leave(line) if end % 4 else line.close()
        assert list(fake.bindings) == []


@scenario
def clients_that_vanish_in_the_middle_of_an_answer() -> None:
    """They ask for much and read little of it."""
    with serving() as fake:
        service = fake.create_service().sid
        for number in range(1000):
            fake.create_binding(service, identity=f"i{number}", binding_type="fcm", address="x" * 2000 + str(number))
        question = _get(fake, f"/v1/Services/{service}/Bindings?PageSize=1000")
        for number in range(30):
            line = dial(fake)
            line.sendall(question * 2)
            line.recv(1 + number * 1000)
            leave(line) if number % 2 else line.close()
        answer = json.loads(ask(fake, "GET", f"/v1/Services/{service}/Bindings?PageSize=1000")[1])
        assert len(answer["bindings"]) == 1000


@scenario
def a_thousand_idle_connections() -> None:
    """They cost a thread each, and nobody waits because of them."""
    with serving() as fake, contextlib.ExitStack() as stack:
        lines = [stack.enter_context(dial(fake)) for _ in range(1000)]
        for line in lines[::100]:
            line.sendall(_get(fake, "/v1/Services"))
            assert line.recv(100).startswith(b"HTTP/1.1 200")
        began = time.monotonic()
        for _ in range(20):
            assert ask(fake, "GET", "/v1/Services")[0] == 200
        assert time.monotonic() - began < _QUICK
        began = time.monotonic()
        fake.stop()
        assert time.monotonic() - began < _QUICK, "stop waited for idle connections"
        fake.start()


# the machine


def _unwatched() -> dict[str, str]:
    """The environment without what measures coverage: it would want to write a file of its own at the end."""
    return {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}


def fakenotify(*options: str, **settings: Any) -> subprocess.Popen[str]:
    """The command, and what it says first."""
    command = [sys.executable, "-m", "fakenotify", "--json", "--quiet", *options]
    return subprocess.Popen(command, cwd=TOP, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **settings)


@contextlib.contextmanager
def ended(process: subprocess.Popen[str]) -> Iterator[subprocess.Popen[str]]:
    """See to it that a process of ours ends."""
    with process:
        try:
            yield process
        finally:
            process.kill()


def _little_disk() -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))


@scenario
def a_full_disk() -> None:
    """No file may be larger than 2,000 bytes: the saved world stays what it was, and nothing lies beside it."""
    program = (
        "import sys; from fakenotify import FakeNotify; fake = FakeNotify(); service = fake.create_service().sid\n"
        "for n in range(200): fake.create_binding(service, identity=str(n), binding_type='sms', address=f'+1{n}')\n"
        "for path in sys.argv[1:]:\n"
        "    try: fake.save(path)\n"
        "    except OSError as error: print(type(error).__name__)\n"
        "assert len(fake.bindings) == 200"
    )
    with tempfile.TemporaryDirectory() as folder:
        old = Path(folder, "world.json")
        old.write_text("the old world")
        command = [sys.executable, "-c", program, str(old), str(Path(folder, "new.json")), "/dev/full"]
        done = subprocess.run(
            command, cwd=TOP, text=True, capture_output=True, timeout=30, preexec_fn=_little_disk, env=_unwatched()
        )
        assert (done.stdout.split(), done.stderr) == (["OSError"] * 3, ""), done
        assert [each.name for each in Path(folder).iterdir()] == ["world.json"]
        assert old.read_text() == "the old world"


@scenario
def a_full_disk_at_the_end_of_the_command() -> None:
    """``--save-state`` can't be written: told in one line, and the old file stays."""
    with tempfile.TemporaryDirectory() as folder:
        old = Path(folder, "world.json")
        old.write_text("the old world")
        process = fakenotify("--port", "0", "--save-state", str(old), preexec_fn=_little_disk, env=_unwatched())
        with ended(process):
            told = json.loads(process.stdout.readline())
            for number in range(30):
                _bind(told, number)
            process.terminate()
            errors = process.communicate(timeout=10)[1]
            assert process.returncode == 2
            assert errors.startswith(f"fakenotify: can't write {old}: File too large")
            assert errors.count("\n") == 1
        assert (old.read_text(), len(os.listdir(folder))) == ("the old world", 1)


def _bind(told: dict[str, str], number: int) -> int:
    token = b64encode(f"{told['account_sid']}:{told['auth_token']}".encode()).decode()
    form = urlencode({"Identity": f"i{number}", "BindingType": "sms", "Address": f"+1500{number:07}"}).encode()
    url = f"{told['url']}/v1/Services/{told['service_sid']}/Bindings"
    request = urllib.request.Request(url, form, {"Authorization": f"Basic {token}"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        answer.read()
        return answer.status


@scenario
def a_port_that_is_taken() -> None:
    """Whoever comes second is told; who was there goes on; when it is free it can be had."""
    with serving() as fake:
        port = fake.url.rpartition(":")[2]
        with ended(fakenotify("--port", port)) as process:
            errors = process.communicate(timeout=10)[1]
        assert process.returncode == 2
        assert errors == (
            f"fakenotify: port {port} is in use; choose another with --port, or take a free one with --port 0\n"
        )
        second = FakeNotify(port=int(port))
        try:
            second.start()
        except OSError:
            pass
        else:
            raise AssertionError("two on one port")
        fake.stop()
        second.start()
        assert ask(second, "GET", "/v1/Services")[0] == 200
        second.stop()
        fake.start()


@scenario
def sigterm_under_load() -> None:
    """Eight clients write; the command ends at once with 0, and the saved world has all that was answered with 201."""
    with tempfile.TemporaryDirectory() as folder:
        saved = Path(folder, "world.json")
        process = fakenotify("--port", "0", "--save-state", str(saved))
        answered: list[int] = []

        def write(first: int, told: dict[str, str]) -> None:
            number = first * 10**5
            with contextlib.suppress(OSError):
                while _bind(told, number) == 201:
                    answered.append(number)
                    number += 1

        with ended(process):
            told = json.loads(process.stdout.readline())
            threads = [threading.Thread(target=write, args=(first, told)) for first in range(8)]
            for thread in threads:
                thread.start()
            while len(answered) < 300:
                assert any(thread.is_alive() for thread in threads), "no request was answered any more"
                threading.Event().wait(0.01)
            began = time.monotonic()
            process.send_signal(signal.SIGTERM)
            errors = process.communicate(timeout=10)[1]
            assert (process.returncode, errors) == (0, "")
            assert time.monotonic() - began < _QUICK
            for thread in threads:
                thread.join(10)
        world = json.loads(saved.read_text())
        (account,) = world["accounts"].values()
        text = json.dumps(account)
        lost = [number for number in answered if f'"+1500{number:07}"' not in text]
        assert lost == [], f"{len(lost)} of {len(answered)} answered with 201 were not saved"


@scenario
def a_clock_that_jumps_backwards() -> None:
    """The system's clock goes back by a day between and during requests: order, pages, callbacks, waiting go on."""
    done = subprocess.run(
        [sys.executable, "-c", _JUMPING], cwd=TOP, text=True, capture_output=True, timeout=30, check=False
    )
    assert (done.returncode, done.stderr, done.stdout) == (0, "", "survived\n"), done


_JUMPING = """
import threading, time
real, jump = time.time, [0.0]
time.time = lambda: real() + jump[0]
from fakenotify import Behaviour, FakeNotify
from tests.reliability.receivers import answering, receiver
from tests.reliability.survive import ask, send
import json
fake = FakeNotify(Behaviour(callback_retries=1))
service = fake.create_service(messaging_service_sid="MG" + "0" * 32).sid
made = []
for back in (0, -86400, -2 * 86400, 3600, -4e8):
    jump[0] = back
    began = time.monotonic()
    for n in range(9):
        address = f"+1{n}{int(abs(back))}"
        made.append(fake.create_binding(service, identity=str(back), binding_type="sms", address=address).sid)
    pages, path = [], f"/v1/Services/{service}/Bindings?PageSize=5"
    while path:
        page = json.loads(ask(fake, "GET", path)[1])
        pages += [row["sid"] for row in page["bindings"]]
        path = page["meta"]["next_page_url"] and page["meta"]["next_page_url"].removeprefix(fake.url)
        jump[0] -= 1
    assert pages == made, "the order of creation is no more"
    with receiver(answering()) as url:
        send(fake, service, url, ['{"binding_type": "sms", "address": "+15005550006"}'])
        fake.wait_for(lambda: fake.callbacks.last.attempts, timeout=5)
        assert fake.callbacks.last.attempts[-1].status == 204
    limit = fake.rate_limit("services.fetch", 1, 60)
    fake.world.remove_faults()
    assert fake.diff(fake.snapshot()) is not None and time.monotonic() - began < 5
began = time.monotonic()
fake.stop()
assert time.monotonic() - began < 2 and fake.requests
print("survived")
"""


@scenario
def a_callback_that_is_due_when_the_clock_jumps_back() -> None:
    """A retry waits by the fake's clock; a jump back of the fake's clock doesn't lose it."""
    with receiver(answering("500 No")) as bad:
        fake = FakeNotify(Behaviour(callback_retries=1))
        try:
            service = fake.create_service(messaging_service_sid="MG" + "0" * 32).sid
            send(fake, service, bad, ['{"binding_type": "sms", "address": "+15005550006"}'])
            fake.wait_for(lambda: fake.callbacks.last.attempts, timeout=5)
            fake.clock.shift(days=-1)
            fake.clock.shift(days=1, seconds=2)
            fake.wait_for(lambda: len(fake.callbacks.last.attempts) == 2, timeout=5)
        finally:
            fake.stop()


@scenario
def a_journal_listener_that_fails() -> None:
    """Somebody who only listens raises: the client has its answer all the same, and the others hear of it."""
    with serving() as fake:
        heard: list[str] = []

        def fails(request: object) -> None:
            raise RuntimeError("a listener of the tester's")

        end = fake.world.journal.listen(fails)
        fake.world.journal.listen(lambda request: heard.append(request.path))
        try:
            status, _ = ask(fake, "POST", "/v1/Services", "FriendlyName=x")
        finally:
            end()
        assert (status, heard, len(fake.services)) == (201, ["/v1/Services"], 1)


_PRELOADED = """
from fakenotify import FakeNotify

fake = FakeNotify()
fake.create_service("before the fork")
fake.start()
application = fake.wsgi_app
"""


@scenario
def a_fake_that_gunicorn_preloads() -> None:
    """The workers are forked from a process whose fake has a server and records: each has an empty fake of its own."""
    if find_spec("gunicorn") is None:
        return
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "preloaded.py").write_text(_PRELOADED)
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        command = [sys.executable, "-m", "gunicorn", "--preload", "--workers", "2", "--bind", f"127.0.0.1:{port}"]
        with ended(
            subprocess.Popen([*command, "preloaded"], cwd=folder, stderr=subprocess.PIPE, text=True, env=_unwatched())
        ) as process:
            assert process.stderr is not None
            for line in process.stderr:
                if "Booting worker" in line:
                    break
            owner = b64encode(b"AC" + b"1" * 32 + b":token").decode()
            asked = urllib.request.Request(
                f"http://127.0.0.1:{port}/v1/Services", headers={"Authorization": f"Basic {owner}"}
            )
            for _ in range(20):
                with urllib.request.urlopen(asked, timeout=_QUICK) as answer:
                    assert json.load(answer)["services"] == []
            process.terminate()  # it ends its workers
            process.wait()


_WITHOUT_PORTS = """
import fcntl, http.client, socket, struct, threading
from base64 import b64encode
from pathlib import Path
from urllib.parse import urlencode

from fakenotify import FakeNotify
from tests.reliability.receivers import read_request

with socket.socket() as any_socket:
    fcntl.ioctl(any_socket, 0x8914, struct.pack("16sh14x", b"lo", 0x49))  # SIOCSIFFLAGS: up, loopback, running
Path("/proc/sys/net/ipv4/ip_local_port_range").write_text("32768 32787")

receiver = socket.create_server(("127.0.0.1", 5001), backlog=64)
fake = FakeNotify(port=5000)
service = fake.create_service(messaging_service_sid="MG" + "0" * 32).sid
fake.start()
kept = http.client.HTTPConnection("127.0.0.1", 5000)
owner = b64encode(f"{fake.account_sid}:{fake.auth_token}".encode()).decode()
headers = {"Authorization": f"Basic {owner}", "Content-Type": "application/x-www-form-urlencoded"}


def send():
    form = {"ToBinding": '{"binding_type": "sms", "address": "+15005550006"}', "Body": "b"}
    form["DeliveryCallbackUrl"] = "http://127.0.0.1:5001/"
    kept.request("POST", f"/v1/Services/{service}/Notifications", urlencode(form), headers)
    answer = kept.getresponse()
    answer.read()
    fake.wait_for(lambda: fake.callbacks.last.attempts, timeout=30)
    return answer.status, fake.callbacks.last.attempts[-1].status


def answer():
    with receiver.accept()[0] as connection:
        read_request(connection)
        connection.sendall(b"HTTP/1.1 204 No Content\\r\\nConnection: close\\r\\n\\r\\n")


kept.connect()
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
    each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # or the port would be kept a minute
    each.close()
for _ in held:
    receiver.accept()[0].close()
threading.Thread(target=answer, daemon=True).start()
assert send() == (201, 204)
other.start()
other.stop()
fake.stop()
"""


@scenario
def a_host_without_a_free_port() -> None:
    """No port is left for a callback or another server: 52311, an error that says so, and the fake goes on.

    The ports are those of a network of the scenario's own, which not every machine allows.
    """
    alone = ["unshare", "--map-root-user", "--net"]
    try:
        subprocess.run([*alone, "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        return
    ran = subprocess.run(
        [*alone, sys.executable, "-c", _WITHOUT_PORTS], cwd=TOP, env=_unwatched(), capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr


def prove(count: int, seed: int = 0) -> Figure:
    """Run every scenario so many times."""
    figure = Figure("survive", "scenarios")
    for _ in range(count):
        for run in SCENARIOS.values():
            try:
                run()
            except (AssertionError, OSError, subprocess.SubprocessError) as error:
                figure.fail(f"{run.__name__}: {type(error).__name__}: {error}")
            figure.count()
        if figure.failures:
            break
    return figure
