"""After a fork the parent's fake goes on undisturbed, and the child has a fresh one."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

import pytest

from fakenotify import FakeNotify

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="this system can't fork"),
    pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning"),
]


def in_child(act: Callable[[], object]) -> object:
    """Call ``act`` in a forked child; the ``repr`` of what it returned."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            os.write(writing, repr(act()).encode())
            status = 0
        except BaseException as error:
            os.write(writing, repr(error).encode())
        finally:
            os._exit(status)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        text = pipe.read()
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0, text
    return text


@pytest.mark.parametrize("in_the_child", ["stop", "start and stop", "nothing"])
def test_the_parents_fake_goes_on_when_a_child_stops_its_own(in_the_child: str) -> None:
    with FakeNotify() as fake:
        fake.create_service("parent's")
        client = fake.client()
        client.notify.v1.services.list()  # a connection is open when the fork comes

        def act() -> None:
            if in_the_child == "start and stop":
                fake.start()
            if in_the_child != "nothing":
                fake.stop()

        in_child(act)

        assert [each.friendly_name for each in client.notify.v1.services.list()] == ["parent's"]


def test_a_child_has_an_empty_world_and_a_server_of_its_own() -> None:
    with FakeNotify() as fake:
        fake.create_service()
        url = fake.url

        def act() -> tuple[int, bool, int]:
            before = len(fake.services)
            fake.client().notify.v1.services.create()
            return before, fake.url != url, len(fake.services)

        assert in_child(act) == "(0, True, 1)"
        assert len(fake.services) == 1


def test_a_child_that_was_forked_while_another_thread_held_the_locks_does_not_wait_for_them() -> None:
    fake = FakeNotify()
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with fake.world.accounts.default.lock, fake._first_use:
            held.set()
            done.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    try:
        assert in_child(lambda: fake.create_service("child's").friendly_name) == '"child\'s"'
    finally:
        done.set()
        thread.join()
        fake.stop()
