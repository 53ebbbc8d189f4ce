"""Starting, stopping, and running out of threads, descriptors and connections."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import struct
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from time import perf_counter, sleep
from typing import Any

import pytest
from raw_http import PATIENCE, Dialled, answering, echo, echoed, get, post, threads_of

from fakenotify.server import server as server_module
from fakenotify.server.server import Server


class Held:
    """An application that answers when it is released."""

    def __init__(self) -> None:
        self.asked, self.released = threading.Event(), threading.Event()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        self.asked.set()
        self.released.wait(PATIENCE)
        return echo(environ, start_response)


def test_a_client_that_leaves_before_the_answer_is_no_error(serve, dial) -> None:
    app = Held()
    server = serve(app)
    connection = dial(server)
    connection.send(get())
    assert app.asked.wait(PATIENCE)
    (thread,) = threads_of(server)
    connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
    app.released.set()
    thread.join(PATIENCE)
    assert (server.errors, thread.is_alive()) == ([], False)


def test_a_client_that_left_before_it_was_served_is_no_error(echoing) -> None:
    gone = socket.socket()
    gone.close()
    echoing._answer(gone, ("127.0.0.1", 1))


def test_one_connection_too_many_gets_a_503(echoing, dial, monkeypatch) -> None:
    monkeypatch.setattr(server_module, "MOST_CONNECTIONS", 2)
    first, second = dial(echoing), dial(echoing)
    assert {each.ask(get()).status for each in (first, second)} == {200}

    assert dial(echoing).refusal() == 503

    first.close()
    latest = perf_counter() + PATIENCE
    while len(echoing._connections) > 1 and perf_counter() < latest:
        sleep(0.01)
    assert dial(echoing).ask(get()).status == 200


@pytest.mark.usefixtures("both_ways")
def test_stop_closes_idle_kept_and_half_read_connections_at_once(echoing, dial) -> None:
    idle, kept, half = (dial(echoing) for _ in range(3))
    assert kept.ask(get()).status == 200
    half.send("POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nhalf")
    idle.socket.getpeername()
    echoing.stop()
    with contextlib.suppress(ConnectionError):
        kept.send(get())
    assert [each.ended() for each in (idle, kept)] == [True] * 2
    with contextlib.suppress(ConnectionResetError):  # so it ends where nobody had read the half yet
        assert half.reader.read()[:12] in (b"", b"HTTP/1.1 400")
    with pytest.raises(ConnectionRefusedError):
        dial(echoing)


def test_stop_leaves_no_thread(serve, dial) -> None:
    before = set(threading.enumerate())
    server = serve()
    for _ in range(5):
        assert dial(server).ask(get()).status == 200
    assert len(set(threading.enumerate()) - before) == 6
    server.stop()
    assert set(threading.enumerate()) - before == set()


def test_stop_does_not_wait_for_an_application_that_hangs(serve, dial) -> None:
    app = Held()
    server = serve(app)
    connection = dial(server)
    connection.send(get())
    assert app.asked.wait(PATIENCE)
    (thread,) = threads_of(server)
    try:
        server.stop()
        assert (thread.is_alive(), connection.ended()) == (True, True)
    finally:
        app.released.set()
    thread.join(PATIENCE)
    assert (thread.is_alive(), server.errors) == (False, [])


def test_stop_may_be_called_twice_and_before_start() -> None:
    server = Server(echo)
    server.stop()
    server.stop()
    with pytest.raises(ConnectionRefusedError):
        Dialled(server)


def test_stop_may_be_called_by_the_application(serve, dial) -> None:
    stopped = threading.Event()
    server = serve(answering(lambda: [server.stop(), stopped.set()] and [b"late"]))
    connection = dial(server)
    connection.send(get())
    assert (connection.ended(), stopped.wait(PATIENCE), server.errors) == (True, True, [])


def test_the_date_is_made_anew_a_few_times_a_second(echoing, monkeypatch) -> None:
    moments, dates = iter((10.0, 10.1, 10.3, 10.4)), iter(("one", "two"))
    monkeypatch.setattr(Server, "_date", (0.0, ""))
    monkeypatch.setattr(server_module, "monotonic", lambda: next(moments))
    monkeypatch.setattr(server_module, "http_date", lambda: next(dates))
    assert [echoing.date() for _ in range(4)] == ["one", "one", "two", "two"]
    monkeypatch.undo()


def test_a_busy_port_is_an_os_error(echoing) -> None:
    with pytest.raises(OSError, match="Address already in use"):
        Server(echo, port=echoing.port)


def test_an_invalid_address_is_an_os_error() -> None:
    for host, port in (("127.0.0.1", 70_000), ("127.0.0.1", -1), ("256.256.256.256", 0), ("no host", 0), ("\udcff", 0)):
        with pytest.raises(OSError, match=r"."):
            Server(echo, host, port)


def test_a_server_that_gets_no_thread_is_an_os_error_and_leaves_no_socket(monkeypatch) -> None:
    def start(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    server = Server(echo)
    monkeypatch.setattr(threading.Thread, "start", start)
    with pytest.raises(OSError, match="can't start new thread"):
        server.start()
    assert server._socket.fileno() == server._waker.fileno() == server._wakened.fileno() == -1


def test_the_error_says_that_a_host_has_no_free_port(monkeypatch) -> None:
    """``tests/reliability/survive.py`` uses up the ports of a network of its own."""

    def bind(self: socket.socket, address: object) -> None:
        raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))

    monkeypatch.setattr(socket.socket, "bind", bind)
    with pytest.raises(OSError, match=r"no port of 127\.0\.0\.1 is free; close connections, or choose a port"):
        Server(echo)


def test_a_port_can_be_used_again_at_once(serve, dial) -> None:
    first = serve()
    dial(first).ask(get())
    first.stop()
    second = serve(port=first.port)
    assert (second.port, dial(second).ask(get()).status) == (first.port, 200)


def test_what_is_asked_before_start_is_answered_after_it(dial) -> None:
    server = Server(echo)
    early = dial(server)
    early.send(get("/early"))
    server.start()
    try:
        assert early.answer().json == echoed("", "GET", "/early")
    finally:
        server.stop()


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="reads Linux's count of context switches")
def test_an_idle_server_sleeps(echoing, dialled) -> None:
    dialled.ask(get())
    waiting = [echoing._thread, *threads_of(echoing)]
    assert len(waiting) == 2

    def wakings() -> list[str]:
        texts = [Path(f"/proc/self/task/{thread.native_id}/status").read_text() for thread in waiting]
        return [line for text in texts for line in text.splitlines() if line.startswith("voluntary")]

    threading.Event().wait(0.05)
    before = wakings()
    threading.Event().wait(0.25)
    assert wakings() == before


@pytest.mark.usefixtures("ipv6")
def test_the_server_supports_ipv6(serve, dial) -> None:
    assert dial(serve(host="::1")).ask(post("six")).json == echoed("six")


def test_many_clients_are_served_at_once(echoing, dial) -> None:
    connections = [dial(echoing) for _ in range(100)]
    for number, each in enumerate(connections):
        each.send(post(str(number)))
    assert [each.answer().json for each in connections] == [echoed(str(number)) for number in range(100)]


@pytest.mark.skipif(sys.platform != "linux", reason="limits memory and descriptors as Linux does")
@pytest.mark.parametrize("limit", ["descriptors", "threads"])
def test_a_server_out_of_resources_recovers_when_some_are_free(limit) -> None:
    program = """
        import contextlib, os, resource, socket, sys, threading
        from fakenotify.server.server import Server

        def app(environ, start_response):
            start_response("200 OK", [])
            return [b"here"]

        def ask(connection):
            connection.sendall(b"GET / HTTP/1.1\\r\\n\\r\\n")
            return connection.recv(65536).endswith(b"here")

        server = Server(app)
        server.start()
        if sys.argv[1] == "threads":
            threading.stack_size(1 << 30)
            soft, hard = resource.getrlimit(resource.RLIMIT_AS)
            resource.setrlimit(resource.RLIMIT_AS, (3 << 30, hard))
        else:
            soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
            free = os.dup(0)
            os.close(free)
            resource.setrlimit(resource.RLIMIT_NOFILE, (free + 21, hard))  # odd: the last client has no server's end
        clients, answered = [], 0
        with contextlib.suppress(OSError):
            for _ in range(30):
                clients.append(socket.socket())
                clients[-1].settimeout(2)
                clients[-1].connect(server.server_address)
                answered += ask(clients[-1])
        assert 0 < answered < len(clients), (answered, len(clients))
        for each in clients:
            each.close()
        if sys.argv[1] == "threads":
            threading.stack_size(0)
        fresh = socket.create_connection(server.server_address, timeout=5)
        assert ask(fresh)
        fresh.close()
        server.stop()
        print("recovered")
    """
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(program), limit],
        capture_output=True,
        text=True,
        timeout=30,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "recovered\n", "")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system can't fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_child_stops_its_copy_and_not_its_parents_server(echoing, dialled) -> None:
    assert dialled.ask(get()).status == 200
    pid = os.fork()
    if pid == 0:
        with contextlib.suppress(BaseException):
            with echoing._lock:  # whoever holds it in the parent doesn't exist here
                echoing.stop()
            os._exit(0)
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert dialled.ask(get("/after")).json == echoed("", "GET", "/after")
