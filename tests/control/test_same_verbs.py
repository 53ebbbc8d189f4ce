"""Every verb of a tester does the same by Python as by the control API: to the world, and to what is posted."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from control_client import Control

from fakenotify import Behaviour, FakeNotify
from fakenotify.world.world import World

NOW = "2027-06-01T12:00:00Z"
OTHER_SID = "AC" + "b" * 32
END = "2027-10-31T00:00:00Z"
MG_SID = "MG" + "a" * 32

Python = Callable[[FakeNotify], object]
ByControl = Callable[[Control], object]


class Posted(list[tuple[str, str]]):
    """What was posted to a receiver on loopback, in order: paths and bodies."""

    origin = ""
    tests = 0

    def begin(self) -> None:
        """Give this test a path of its own: the fakes of an earlier one may still be posting."""
        self.tests += 1

    @property
    def url(self) -> str:
        """Where the fakes of this test post to."""
        return f"{self.origin}/{self.tests}"

    def take(self) -> list[str]:
        """What this test's fakes have posted since this was asked last."""
        taken = [body for path, body in self if path == f"/{self.tests}"]
        self.clear()
        return taken


@pytest.fixture(scope="module")
def receiver() -> Iterator[Posted]:
    bodies = Posted()

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.append((self.path, self.rfile.read(int(self.headers["Content-Length"])).decode()))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing."""

    server = HTTPServer(("127.0.0.1", 0), Receiver)
    bodies.origin = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield bodies
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def posted(receiver: Posted) -> Posted:
    receiver.begin()
    return receiver


def begun(url: str) -> FakeNotify:
    """A world with two accounts, devices, and callbacks that wait to be posted."""
    fake = FakeNotify(Behaviour(callback_delivery="manual", callback_retries=1))
    fake.clock.freeze(NOW)
    fake.account(OTHER_SID, "x").create_service("theirs")
    fake.world.begin_here()
    service = fake.create_service(
        "shop", delivery_callback_url=url, delivery_callback_enabled=True, messaging_service_sid=MG_SID
    )
    fake.create_binding(service.sid, identity="alice", binding_type="sms", address="+15005550006", tags=["vip"])
    fake.create_notification(service.sid, identities=["alice"], body="first")
    fake.create_notification(service.sid, identities=["alice"], body="second")
    return fake


def everything(fake: FakeNotify) -> dict[str, Any]:
    """All that a tester can see of a world."""
    if fake.behaviour.callback_delivery == "automatic":
        fake.wait_for(lambda: all(each.status != "PENDING" for each in fake.callbacks), timeout=30)
    world = fake.world
    return {
        "state": world.export(secrets=True),
        "behaviour": world.behaviour,
        "clock": (world.clock.frozen, world.clock.now() if world.clock.frozen else None),
        "faults": [each.to_json() for each in world.faults],
        "outcomes": [[each.to_json() for each in account.outcomes] for account in world.accounts],
    }


def saved(fake: FakeNotify) -> dict[str, Any]:
    """The world as it is saved, with one Service more."""
    state = fake.world.export(secrets=True)
    state["accounts"][OTHER_SID]["services"] = [{"sid": "IS" + "c" * 32, "date_created": NOW, "date_updated": NOW}]
    return state


def load(fake: FakeNotify, tmp_path: Path) -> None:
    path = tmp_path / "world.json"
    path.write_text(json.dumps(saved(fake)))
    fake.load(path)


def load_what_waits(fake: FakeNotify) -> None:
    """Callbacks that a loaded world brings are posted by themselves."""
    state = saved(fake)
    fake.reset()
    fake.world.change_behaviour({"callback_delivery": "automatic"})
    fake.world.import_state(state)


def put_what_waits(control: Control) -> None:
    state = saved(control.fake)
    control.write("POST", "reset")
    control.write("PATCH", "behaviour", {"callback_delivery": "automatic"})
    control.write("PUT", "state", state)


def restore(fake: FakeNotify) -> None:
    before = fake.snapshot()
    fake.create_service("gone")
    fake.restore(before)


def put_back(control: Control) -> None:
    before = control.get("state?secrets=true")
    control.fake.create_service("gone")
    control.write("PUT", "state", before)


def set_and_take_out(fake: FakeNotify) -> None:
    first = fake.fail("*", status=503, optional=True)
    fake.fail("bindings.*", status=429, optional=True)
    fake.world.remove_faults(first.id)


def take_out(control: Control) -> None:
    fault = control.write("POST", "faults", {"operation": "*", "status": 503, "optional": True})
    control.write("POST", "faults", {"operation": "bindings.*", "status": 429, "optional": True})
    control.write("DELETE", f"faults?id={fault['id']}")


def post(path: str, content: Any = None) -> ByControl:
    return lambda control: control.write("POST", path, content)


def switch(**changes: Any) -> ByControl:
    return lambda control: control.write("PATCH", "behaviour", changes)


def ask(fake: FakeNotify, operation: str) -> None:
    """What the creators do stands on the wire for other languages."""
    fake.client(in_process=True).notify.v1.services.create(friendly_name="new")


VERBS: list[tuple[str, Python, ByControl]] = [
    ("create", lambda fake: fake.create_service("new"), lambda control: ask(control.fake, "services.create")),
    ("create_service", lambda fake: fake.create_service("new"), lambda control: ask(control.fake, "services.create")),
    (
        "declare_account",
        lambda fake: fake.account("AC" + "d" * 32, "secret"),
        post("accounts", {"account_sid": "AC" + "d" * 32, "auth_token": "secret"}),
    ),
    ("declare_account", lambda fake: fake.account(), post("accounts")),
    (
        "set_behaviour",
        lambda fake: setattr(fake, "behaviour", Behaviour(unknown_accounts="shared")),
        lambda control: control.write("PATCH", "behaviour", Behaviour(unknown_accounts="shared").to_json()),
    ),
    (
        "change_behaviour",
        lambda fake: fake.world.change_behaviour({"callback_delivery": "automatic"}),
        switch(callback_delivery="automatic"),
    ),
    (
        "fail",
        lambda fake: fake.fail("bindings.*", status=429, retry_after=2, times=3, after=1, phase="after"),
        post(
            "faults",
            {"operation": "bindings.*", "status": 429, "retry_after": 2, "times": 3, "after": 1, "phase": "after"},
        ),
    ),
    (
        "rate_limit",
        lambda fake: fake.rate_limit("*", 5, 60),
        post("faults", {"operation": "*", "fault": "rate_limit", "requests": 5, "seconds": 60, "optional": True}),
    ),
    (
        "shutdown",
        lambda fake: fake.shutdown(),
        post("faults", {"operation": "*", "status": 410, "code": 20410, "optional": True}),
    ),
    ("remove_faults", set_and_take_out, take_out),
    (
        "fail_delivery",
        lambda fake: fake.fail_delivery(52141, address="x", binding_type="apn", times=2),
        post("outcomes", {"code": 52141, "address": "x", "binding_type": "apn", "times": 2}),
    ),
    (
        "clear_outcomes",
        lambda fake: (fake.fail_delivery(52141), fake.world.clear_outcomes()),
        lambda control: (control.write("POST", "outcomes", {"code": 52141}), control.write("DELETE", "outcomes")),
    ),
    ("reset", lambda fake: fake.world.reset(), post("reset")),
    ("reset", lambda fake: fake.world.reset(OTHER_SID), post(f"reset?account_sid={OTHER_SID}")),
    (
        "reset",
        lambda fake: fake.world.reset(clock=True, behaviour=True),
        post("reset", {"clock": True, "behaviour": True}),
    ),
    ("restore", restore, put_back),
    (
        "import_state",
        lambda fake: fake.world.import_state(saved(fake)),
        lambda control: control.write("PUT", "state", saved(control.fake)),
    ),
    ("import_state", load_what_waits, put_what_waits),
    ("deliver_callback", lambda fake: fake.deliver_callback(), post("callbacks")),
    ("clock", lambda fake: fake.clock.shift(hours=1), post("clock", {"shift": 3600})),
    ("clock", lambda fake: fake.clock.tick(), post("clock", {"tick": 1})),
    (
        "clock",
        lambda fake: fake.clock.move_to(END),
        post("clock", {"move_to": END}),
    ),
    (
        "clock",
        lambda fake: fake.clock.freeze(END),
        post("clock", {"freeze": END}),
    ),
    ("clock", lambda fake: fake.clock.resume(), post("clock", {"resume": True})),
]
SEEN = {
    "account": "GET accounts",
    "accounts_of": "GET accounts",
    "explain": "GET explain/{NotificationSid}",
    "export": "GET state",
    "snapshot": "GET state",
    "diff": "a reader compares two states",
    "save": "GET state",
    "unused_faults": "GET faults",
}
"""Verbs that change nothing, and where the control API has them."""
OURS = {
    "handle": "a client's request",
    "begin_here": "the command line's beginning",
    "load": "the caller of PUT state reads the file",
    "callback_tried": "of the callback sender",
    "end": "of whoever holds the world",
    "at_end": "of whoever holds the world",
    "watched": "of wait_for",
}
"""What a world has beside the verbs of a tester."""


@pytest.mark.parametrize(("verb", "python", "by_control"), VERBS)
def test_a_verb_does_the_same_either_way(posted: Posted, verb: str, python: Python, by_control: ByControl) -> None:
    one, other = begun(posted.url), begun(posted.url)
    try:
        python(one)
        seen_of_one, posted_by_one = everything(one), sorted(posted.take())
        by_control(Control(other))
        seen_of_other, posted_by_other = everything(other), sorted(posted.take())
    finally:
        one.stop()
        other.stop()
    for seen in (seen_of_one, seen_of_other):
        if not seen["clock"][0]:  # the time of an attempt is the system's then
            seen["state"] = None
    assert (seen_of_other, posted_by_other) == (seen_of_one, posted_by_one)
    posts = {"change_behaviour": 2, "set_behaviour": 2, "deliver_callback": 1}
    assert len(posted_by_one) == (2 if python is load_what_waits else posts.get(verb, 0))


def test_loading_a_file_does_what_putting_its_state_does(posted: Posted, tmp_path: Path) -> None:
    one, other = begun(posted.url), begun(posted.url)
    load(one, tmp_path)
    Control(other).write("PUT", "state", saved(other))
    assert everything(other) == everything(one)


def test_every_verb_of_the_world_is_tried() -> None:
    verbs = {name for name in vars(World) if not name.startswith("_") and callable(getattr(World, name))}
    tried = {verb for verb, _, _ in VERBS} - {"clock"}
    assert verbs == tried | set(SEEN) | set(OURS)


def test_accounts_are_listed_and_declared(posted: Posted) -> None:
    control = Control(begun(posted.url))
    default = control.fake.account_sid
    assert control.get("accounts")["accounts"] == [
        {"account_sid": default, "default": True, "services": 1},
        {"account_sid": OTHER_SID, "default": False, "services": 1},
    ]
    for content, error, nearest in (
        ({"acount_sid": "x"}, "an account has no 'acount_sid'; it has account_sid, auth_token", ["account_sid"]),
        ({"account_sid": 5}, "account_sid is a text, not 5", []),
        ({"account_sid": "AC1"}, "'AC1' is not an account sid: AC and 32 hex digits", []),
    ):
        assert control.ask("POST", "accounts", content).refusal == (400, error, nearest)


def test_without_a_due_callback_none_is_posted(posted: Posted) -> None:
    control = Control(begun(posted.url))
    tried = [control.write("POST", "callbacks")["callback"] for _ in range(3)]
    assert [each and (each["status"], len(each["attempts"])) for each in tried] == [
        ("DELIVERED", 1),
        ("DELIVERED", 1),
        None,
    ]
