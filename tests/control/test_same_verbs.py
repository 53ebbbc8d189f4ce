"""Every verb of a tester does the same in Python and by the control API: to the world, and to what is posted."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from control_client import MG_SID, NOW, OTHER_SID, PHONE, Control, empty
from reliability.receivers import Receiver

from fakenotify import Behaviour, FakeNotify
from fakenotify.world.world import World

END = "2027-10-31T00:00:00Z"
NEW_SID = "AC" + "d" * 32

Python = Callable[[FakeNotify], object]
ByControl = Callable[[Control], object]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


def taken(receiver: Receiver) -> list[bytes]:
    """The bodies that have been posted since this was called last, in any order."""
    bodies = sorted(each.body for each in receiver.posts)
    receiver.posts.clear()
    return bodies


def begun(url: str) -> FakeNotify:
    """A world with two accounts, devices, and callbacks that wait to be posted."""
    fake = empty()
    fake.behaviour = fake.behaviour.changed({"callback_retries": 1})
    fake.account(OTHER_SID).create_service("theirs")
    fake.world.begin_here()
    service = fake.create_service(
        "shop", delivery_callback_url=url, delivery_callback_enabled=True, messaging_service_sid=MG_SID
    )
    fake.create_binding(service.sid, identity="alice", tags=["vip"], **PHONE)
    for body in ("first", "second"):
        fake.create_notification(service.sid, identities=["alice"], body=body)
    return fake


def everything(fake: FakeNotify) -> dict[str, Any]:
    """Everything that a tester can see of a world."""
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


def load_what_waits(fake: FakeNotify) -> None:
    """The waiting callbacks of a loaded world are posted without another verb."""
    state = saved(fake)
    fake.reset()
    fake.world.change_behaviour(AUTOMATIC)
    fake.world.import_state(state)


def put_what_waits(control: Control) -> None:
    state = saved(control.fake)
    asks("POST reset")(control)
    asks("PATCH behaviour", AUTOMATIC)(control)
    control.write("PUT", "state", state)


def restore(fake: FakeNotify) -> None:
    before = fake.snapshot()
    fake.create_service("gone")
    fake.restore(before)


def put_back(control: Control) -> None:
    before = control.get("state?secrets=true")
    control.fake.create_service("gone")
    control.write("PUT", "state", before)


def inject_and_remove(fake: FakeNotify) -> None:
    first = fake.fail("*", status=503, optional=True)
    fake.fail("bindings.*", status=429, optional=True)
    fake.world.remove_faults(first.id)


def asks(request: str, body: Any = None, *others: tuple[str, Any]) -> ByControl:
    """Ask for methods and paths, each with a body, or none."""
    return lambda control: [control.write(*each.split(" "), content) for each, content in ((request, body), *others)]


def create_by_wire(control: Control) -> object:
    """The creators' counterpart for other languages is Notify itself."""
    return control.fake.client(in_process=True).notify.v1.services.create(friendly_name="new")


AUTOMATIC = {"callback_delivery": "automatic"}
FAULT: dict[str, Any] = {"retry_after": 2, "times": 3, "after": 1, "phase": "after"}
OUTCOME: dict[str, Any] = {"address": "x", "binding_type": "apn", "times": 2}
SHARED = Behaviour(unknown_accounts="shared")

VERBS: list[tuple[str, Python, ByControl]] = [
    ("create", lambda fake: fake.create_service("new"), create_by_wire),
    ("create_service", lambda fake: fake.create_service("new"), create_by_wire),
    (
        "declare_account",
        lambda fake: fake.account(NEW_SID, "secret"),
        asks("POST accounts", {"account_sid": NEW_SID, "auth_token": "secret"}),
    ),
    ("declare_account", lambda fake: fake.account(), asks("POST accounts")),
    ("set_behaviour", lambda fake: fake.world.set_behaviour(SHARED), asks("PATCH behaviour", SHARED.to_json())),
    ("change_behaviour", lambda fake: fake.world.change_behaviour(AUTOMATIC), asks("PATCH behaviour", AUTOMATIC)),
    (
        "fail",
        lambda fake: fake.fail("bindings.*", status=429, **FAULT),
        asks("POST faults", {"operation": "bindings.*", "status": 429, **FAULT}),
    ),
    (
        "rate_limit",
        lambda fake: fake.rate_limit("*", 5, 60),
        asks("POST faults", {"operation": "*", "fault": "rate_limit", "requests": 5, "seconds": 60, "optional": True}),
    ),
    (
        "shutdown",
        lambda fake: fake.shutdown(),
        asks("POST faults", {"operation": "*", "status": 410, "code": 20410, "optional": True}),
    ),
    (
        "remove_faults",
        inject_and_remove,
        asks(
            *("POST faults", {"operation": "*", "status": 503, "optional": True}),
            ("POST faults", {"operation": "bindings.*", "status": 429, "optional": True}),
            ("DELETE faults?id=1", None),
        ),
    ),
    (
        "fail_delivery",
        lambda fake: fake.fail_delivery(52141, **OUTCOME),
        asks("POST outcomes", {"code": 52141, **OUTCOME}),
    ),
    (
        "clear_outcomes",
        lambda fake: (fake.fail_delivery(52141), fake.world.clear_outcomes()),
        asks("POST outcomes", {"code": 52141}, ("DELETE outcomes", None)),
    ),
    ("reset", lambda fake: fake.world.reset(), asks("POST reset")),
    ("reset", lambda fake: fake.world.reset(OTHER_SID), asks(f"POST reset?account_sid={OTHER_SID}")),
    ("reset", lambda fake: fake.world.reset(clock=True), asks("POST reset", {"clock": True, "behaviour": False})),
    ("reset", lambda fake: fake.world.reset(behaviour=True), asks("POST reset", {"behaviour": True})),
    ("restore", restore, put_back),
    (
        "import_state",
        lambda fake: fake.world.import_state(saved(fake)),
        lambda control: control.write("PUT", "state", saved(control.fake)),
    ),
    ("import_state", load_what_waits, put_what_waits),
    ("deliver_callback", lambda fake: fake.deliver_callback(), asks("POST callbacks")),
    ("clock", lambda fake: fake.clock.shift(hours=1), asks("POST clock", {"shift": 3600})),
    ("clock", lambda fake: fake.clock.tick(), asks("POST clock", {"tick": 1})),
    ("clock", lambda fake: fake.clock.move_to(END), asks("POST clock", {"move_to": END})),
    ("clock", lambda fake: fake.clock.freeze(END), asks("POST clock", {"freeze": END})),
    ("clock", lambda fake: fake.clock.resume(), asks("POST clock", {"resume": True})),
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
"""Verbs that change nothing, and their counterparts in the control API."""
OURS = {
    "handle": "a client's request",
    "begin_here": "the command line's beginning",
    "load": "the caller of PUT state reads the file",
    "callback_tried": "for the callback sender",
    "end": "for the owner of the world",
    "watched": "for wait_for",
}
"""Methods of a world that are not a tester's verbs."""


@pytest.mark.parametrize(("verb", "python", "by_control"), VERBS)
def test_a_verb_does_the_same_either_way(receiver: Receiver, verb: str, python: Python, by_control: ByControl) -> None:
    with begun(receiver.url) as one, begun(receiver.url) as other:
        python(one)
        seen_of_one, posted_by_one = everything(one), taken(receiver)
        by_control(Control(other))
        seen_of_other, posted_by_other = everything(other), taken(receiver)
    for seen in (seen_of_one, seen_of_other):
        if not seen["clock"][0]:  # the time of an attempt is the system's then
            seen["state"] = None
    assert (seen_of_other, posted_by_other) == (seen_of_one, posted_by_one)
    posts = {"change_behaviour": 2, "set_behaviour": 2, "deliver_callback": 1}
    assert len(posted_by_one) == (2 if python is load_what_waits else posts.get(verb, 0))


def test_loading_a_file_does_what_putting_its_state_does(receiver: Receiver, tmp_path: Path) -> None:
    one, other = begun(receiver.url), begun(receiver.url)
    path = tmp_path / "world.json"
    path.write_text(json.dumps(saved(one)))
    one.load(path)
    Control(other).write("PUT", "state", saved(other))
    assert everything(other) == everything(one)


def test_every_verb_of_the_world_is_tried() -> None:
    verbs = {name for name in vars(World) if not name.startswith("_") and callable(getattr(World, name))}
    tried = {verb for verb, _, _ in VERBS} - {"clock"}
    assert verbs == tried | set(SEEN) | set(OURS)


def test_what_is_due_is_posted_once(receiver: Receiver) -> None:
    control = Control(begun(receiver.url))
    tried = [control.write("POST", "callbacks")["callback"] for _ in range(3)]
    assert [each and (each["status"], len(each["attempts"])) for each in tried] == [
        ("DELIVERED", 1),
        ("DELIVERED", 1),
        None,
    ]
