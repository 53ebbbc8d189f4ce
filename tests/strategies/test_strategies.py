"""The strategies draw what they promise, and the state machine finds a bug in code."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import run_state_machine_as_test
from twilio.base.exceptions import TwilioRestException

from fakenotify import FakeNotify
from fakenotify import strategies as notify
from fakenotify.core.errors import TwilioError, UnknownName
from fakenotify.notify.accounts import ACCOUNT_SID, AUTH_TOKEN
from fakenotify.notify.channels import CHANNELS
from fakenotify.notify.dispatch import ROUTES, Call
from fakenotify.notify.journal import Request
from fakenotify.notify.records import Service
from fakenotify.notify.resources.bindings import BINDINGS_PER_IDENTITY
from fakenotify.strategies.wire import Form

few = settings(max_examples=25)
MALFORMED = {"apn": 52134, "sms": 52001}
"""The code of a delivery to a malformed address, for the types that have such addresses."""
OF_TYPE = (notify.addresses, notify.malformed_addresses)
OF_OPERATION = (notify.forms, notify.forms_with_mistakes)
every_operation = pytest.mark.parametrize("operation", ROUTES.by_operation)


def world() -> tuple[FakeNotify, Service]:
    """A fake whose clock stands still, and a Service that can send by every channel."""
    machine = notify.NotifyMachine()
    return machine.fake, machine.service


def test_importing_the_package_does_not_import_hypothesis() -> None:
    program = "import sys, fakenotify; fakenotify.FakeNotify(); print('hypothesis' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30)
    assert (done.stdout, done.stderr) == ("False\n", "")


# arguments


@pytest.mark.parametrize("binding_type", CHANNELS)
def test_an_address_reaches_its_device_and_a_malformed_one_is_taken_and_fails(binding_type: str) -> None:
    good = notify.addresses(binding_type).map(lambda address: (address, {"gcm": 52117}.get(binding_type)))
    malformed = notify.malformed_addresses(binding_type).map(lambda address: (address, MALFORMED[binding_type]))

    @settings(few, max_examples=40)
    @given(good | malformed)
    def is_sent(drawn: tuple[str, int | None]) -> None:
        fake, service = world()
        target = {"binding_type": binding_type, "address": drawn[0]}
        fake.create_binding(service, identity="alice", **target)
        fake.create_notification(service, identities=["alice"], title="T", body="Hi")
        fake.create_notification(service, to_binding=[target], title="T", body="Hi")
        assert [(each.address, each.error_code) for each in fake.deliveries] == [drawn, drawn]

    is_sent()
    assert notify.malformed_addresses(binding_type).is_empty is (binding_type not in MALFORMED)


@pytest.mark.parametrize(
    ("draw", "name", "message", "nearest"),
    [
        *((draw, "apns", "no binding type 'apns'; nearest: apn", ["apn"]) for draw in OF_TYPE),
        *((draw, "fax", "no binding type 'fax'; nearest: apn, ", [*CHANNELS]) for draw in OF_TYPE),
        *((draw, "send", "no operation 'send'; nearest: ", [*ROUTES.by_operation]) for draw in OF_OPERATION),
    ],
)
def test_an_unknown_name_names_the_nearest(
    draw: Callable[[str], object], name: str, message: str, nearest: list[str]
) -> None:
    with pytest.raises(UnknownName, match=f"^{message}") as caught:
        draw(name)
    assert caught.value.nearest == nearest


@few
@given(notify.bindings(), notify.notifications())
def test_what_is_drawn_can_be_created_by_the_fake_and_by_the_client(
    binding: dict[str, Any], notification: dict[str, Any]
) -> None:
    fake, service = world()
    client = fake.client(in_process=True).notify.v1.services(service.sid)
    bound, sent = fake.create_binding(service, **binding), fake.create_notification(service, **notification)
    client.bindings.create(**notify.for_sdk(binding))
    client.notifications.create(**notify.for_sdk(notification))

    assert {name: plain(getattr(bound, name)) for name in binding} == binding
    assert {name: plain(getattr(sent, name)) for name in notification} == notification
    assert replace(fake.bindings.last, sid=bound.sid) == bound
    assert replace(fake.notifications.last, sid=sent.sid) == sent
    assert [each.ignored for each in fake.requests[-2:]] == [[], []]


def plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


@few
@given(
    notify.bindings(
        identity=st.just("alice"), binding_type=st.just("sms"), address=st.just("+1"), tag=st.sampled_from(("a", "b"))
    ),
    notify.notifications(
        identity=st.just("alice"), tag=st.just("vip"), target=st.just({"binding_type": "sms", "address": "+15"})
    ),
)
def test_arguments_are_drawn_from_the_given_strategies(binding: dict[str, Any], notification: dict[str, Any]) -> None:
    assert set(binding.pop("tags", ())) <= {"a", "b"}
    assert binding == {"identity": "alice", "binding_type": "sms", "address": "+1"}
    assert set(notification.get("identities", ["alice"])) == {"alice"}
    assert set(notification.get("tags", ["vip"])) == {"vip"}
    assert all(each == {"binding_type": "sms", "address": "+15"} for each in notification.get("to_binding", ()))


SELECTORS = ("identities", "tags", "to_binding")


@pytest.mark.parametrize(
    ("direct", "selectors"),
    [
        (False, {"identities", "tags", "identities tags"}),
        (True, {"to_binding"}),
        (None, {"identities", "tags", "identities tags", "to_binding"}),
    ],
)
def test_notifications_are_queries_or_direct_as_asked(direct: bool | None, selectors: set[str]) -> None:
    seen = set()

    @settings(phases=[Phase.generate], derandomize=True)
    @given(notify.notifications(direct=direct))
    def draws(arguments: dict[str, Any]) -> None:
        seen.add(" ".join(name for name in SELECTORS if name in arguments))
        assert len(arguments.get("tags", ())) <= 5

    draws()
    assert seen == selectors


def test_for_sdk_uses_the_names_of_the_official_client() -> None:
    arguments = {"identities": ["a"], "tags": ["b"], "segments": ["c"], "body": "d"}
    assert notify.for_sdk(arguments) == {"identity": ["a"], "tag": ["b"], "segment": ["c"], "body": "d"}
    assert notify.for_sdk({"to_binding": [{"address": "é"}]}) == {"to_binding": ['{"address": "\\u00e9"}']}


# forms


def ask(operation: str, form: Form) -> Request:
    """Send a form to an operation in a small world that has everything, without a socket."""
    fake, service = world()
    identity = "bob" if operation == "users.delete" else "alice"
    fake.create_user(service, identity=identity, segments=["vip"])
    binding = fake.create_binding(service, identity="alice", binding_type="sms", address="+15005550006")
    route, credential = ROUTES.by_operation[operation], fake.credentials.last
    named = {"services": service, "credentials": credential, "bindings": binding, "user_bindings": binding}
    record = named.get(operation.partition(".")[0], service)
    path = route.path.format(ServiceSid=service.sid, Identity=identity, Segment="vip", Sid=record.sid)
    query, body = (form, {}) if route.method == "GET" else ({}, form)
    fake.world.handle(Call(route.method, f"/v1{quote(path)}", query, body, (ACCOUNT_SID, AUTH_TOKEN)))
    assert fake.requests.last.operation == operation
    return fake.requests.last


def mistakes_in(operation: str, form: Form) -> set[str]:
    """What is wrong with a form, found independently of the strategies."""
    params = ROUTES.by_operation[operation].params
    found = {f"{row.name} missing" for row in params.rows if row.required and row.name not in form}
    for name, values in form.items():
        row = params.by_name.get(name)
        if row is None:
            found.add(f"{name} unknown")
        elif values == [""]:
            found.add(f"{name} empty")
        elif row.most is None and len(values) > 1:
            found.add(f"{name} doubled")
        elif row.most in range(1, len(values)):
            found.add(f"{name} too many")
        else:
            try:
                params.parse_changes({name: values})
            except TwilioError:
                found.add(f"{name} unreadable")
    if operation == "notifications.create" and not {"Identity", "Tag", "Segment", "ToBinding"} & set(form):
        found.add("nobody")
    return found


@every_operation
def test_a_valid_form_is_accepted_and_one_with_a_mistake_is_refused_or_warned_of(operation: str) -> None:
    already = {409} if operation in ("users.create", "segment_memberships.create") else set()

    @few
    @given(notify.forms(operation))
    def is_taken(form: Form) -> None:
        request = ask(operation, form)
        assert request.status in {ROUTES.by_operation[operation].status, *already}
        assert [each for each in request.ignored if "deprecated" not in each] == []
        unpaged = {name: values for name, values in form.items() if name not in ("PageSize", "Page")}
        assert mistakes_in(operation, unpaged) == set()

    @settings(max_examples=60)
    @given(notify.forms_with_mistakes(operation))
    def is_noticed(form: Form) -> None:
        request = ask(operation, form)
        assert request.status == 400 or (request.status in (200, 201, 204, 409) and request.ignored)

    is_taken()
    is_noticed()


@pytest.mark.slow
def test_every_kind_of_mistake_is_made() -> None:
    seen: set[str] = set()
    operations = ("bindings.create", "notifications.create", "credentials.fetch")

    @settings(max_examples=2000, phases=[Phase.generate], derandomize=True, database=None)
    @given(st.sampled_from(operations), st.data())
    def draws(operation: str, data: st.DataObject) -> None:
        seen.update(mistakes_in(operation, data.draw(notify.forms_with_mistakes(operation))))

    draws()
    kinds = {"missing", "empty", "doubled", "unreadable", "too many", "unknown", "nobody"}
    assert {kind for kind in kinds if any(each.endswith(kind) for each in seen)} == kinds
    misspelt = {each.removesuffix(" unknown") for each in seen if each.endswith(" unknown")}
    assert {"identity", "Identitys", "Identit", "dIentity", "IDENTITY", "To"} & misspelt


# the machine

quick = settings(max_examples=60, stateful_step_count=25, database=None, derandomize=True, report_multiple_bugs=False)


class PhonebookMachine(notify.NotifyMachine):
    """Around code that remembers the sid of each device's Binding, to delete it at logout."""

    def __init__(self) -> None:
        super().__init__()
        self.bindings = self.fake.client(in_process=True).notify.v1.services(self.service.sid).bindings
        self.sids: dict[Any, str] = {}

    def key(self, identity: str, address: str) -> Any:
        return address  # the bug: at logout, the device may have another owner by now

    def register(self, identity: str, binding_type: str, address: str, tags: list[str]) -> None:
        made = self.bindings.create(identity=identity, binding_type=binding_type, address=address, tag=tags)
        self.sids[self.key(identity, address)] = made.sid

    def unregister(self, identity: str, binding_type: str, address: str) -> None:
        sid = self.sids.pop(self.key(identity, address), None)
        with suppress(TwilioRestException):  # it may be gone already
            if sid is not None:
                self.bindings(sid).delete()


class CarefulPhonebookMachine(PhonebookMachine):
    def key(self, identity: str, address: str) -> Any:
        return identity, address


TestNotify = pytest.mark.slow(notify.NotifyMachine.TestCase)
TestNotify.settings = quick


def test_the_machine_finds_the_bug_in_user_code() -> None:
    unshrunk = settings(quick, max_examples=2000, phases=[Phase.generate])  # shrinking it takes half a minute
    with pytest.raises(AssertionError, match=r"^not registered: \[\('.+\)\]; left over: \[\]") as caught:
        run_state_machine_as_test(PhonebookMachine, settings=unshrunk)

    steps = "\n".join(caught.value.__notes__)
    assert "state.a_device_changes_hands(" in steps
    assert "state.a_device_leaves(" in steps


@pytest.mark.slow
def test_the_machine_accepts_the_code_without_the_bug() -> None:
    run_state_machine_as_test(CarefulPhonebookMachine, settings=quick)


@pytest.fixture
def machine() -> Iterator[notify.NotifyMachine]:
    """A machine whose rules are called by hand."""
    made = notify.NotifyMachine()
    yield made
    made.teardown()


def arrange(
    machine: notify.NotifyMachine, address: str = "+15005550006", identity: str = "alice", binding_type: str = "sms"
) -> notify.Device:
    """Register a device as the machine's own rules do."""
    return machine._register(notify.Device(identity, binding_type, address))


def test_a_device_that_the_code_forgot_or_left_is_noticed(machine: notify.NotifyMachine) -> None:
    known = r"\[\('alice', 'sms', '\+15005550006'\)\]"
    register, machine.register = machine.register, lambda *device: None
    device = arrange(machine)
    with pytest.raises(AssertionError, match=rf"^not registered: {known}; left over: \[\]"):
        machine.notify_knows_the_devices_that_are_registered()

    machine.register = register
    for address in ("+15005550006", "+15005550009"):
        arrange(machine, address)
    unregister, machine.unregister = machine.unregister, lambda *device: None
    machine.a_device_leaves(device)
    with pytest.raises(AssertionError, match=rf"^not registered: \[\]; left over: {known}"):
        machine.notify_knows_the_devices_that_are_registered()

    unregister("alice", "sms", "+15005550006")
    machine.notify_knows_the_devices_that_are_registered()


def test_a_second_delivery_and_one_to_somebody_else_are_noticed(machine: notify.NotifyMachine) -> None:
    arrange(machine)
    arrange(machine, "+15005550009", "bob")
    send = machine.send
    machine.send = lambda identities, tags, body: (send(identities, tags, body), send([], tags, body))
    machine.something_is_sent(["alice"], [], "Hi")
    with pytest.raises(AssertionError, match=r"^addresses with more or fewer than one delivery: {'\+15005550006': 2}"):
        machine.whoever_is_meant_is_told_once()
    with pytest.raises(
        AssertionError, match=r"^delivered to somebody it was not meant for: \[\('bob', '\+15005550009'\)\]"
    ):
        machine.nothing_is_delivered_to_an_address_that_was_not_meant()


def test_a_binding_too_many_and_an_address_with_two_are_noticed(machine: notify.NotifyMachine) -> None:
    """The fake itself never lets this happen."""
    machine.somebody_has_twenty_devices("alice")
    notify_of = machine.fake.world.accounts.default
    table = notify_of.scopes[machine.service.sid].bindings
    one_more = replace(machine.fake.bindings.last, sid="BS" + "f" * 32)
    table.add(notify_of.next_sequence(), one_more)
    with pytest.raises(AssertionError, match=r"^more than 20 bindings: {'alice': 21}"):
        machine.nobody_has_more_than_twenty_devices()
    with pytest.raises(AssertionError, match=rf"^more than one binding has the address: \['\{one_more.address}'\]"):
        machine.no_address_stands_twice()
    machine.every_index_is_what_a_recomputation_gives()
    table._indexes["identity"].clear()
    with pytest.raises(AssertionError, match=r"^index identity"):
        machine.every_index_is_what_a_recomputation_gives()


def test_the_twenty_first_device_may_be_refused_or_skipped(machine: notify.NotifyMachine) -> None:
    machine.somebody_has_twenty_devices("alice")
    arrange(machine)
    machine.refusals = lambda: (KeyError,)
    with pytest.raises(TwilioRestException):
        arrange(machine)
    machine.register = lambda *device: None
    arrange(machine)

    assert "+15005550006" not in machine.registered
    assert len(machine.registered) == BINDINGS_PER_IDENTITY
    machine.notify_knows_the_devices_that_are_registered()


def test_code_that_uses_no_official_client_needs_none(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [each for each in sys.modules if each.partition(".")[0] == "twilio"]:
        monkeypatch.setitem(sys.modules, name, None)
    machine = notify.NotifyMachine()
    machine.register = lambda identity, binding_type, address, tags: machine.fake.create_binding(
        machine.service.sid, identity=identity, binding_type=binding_type, address=address, tags=tags
    )
    machine.somebody_has_twenty_devices("bob")
    with pytest.raises(TwilioError):
        arrange(machine, identity="bob")
    assert (machine.refusals(), len(machine.registered)) == ((), BINDINGS_PER_IDENTITY)
    machine.notify_knows_the_devices_that_are_registered()
    machine.teardown()


def test_a_refusal_without_a_reason_is_an_error(machine: notify.NotifyMachine) -> None:
    machine.fake.fail("bindings.create", status=503)
    with pytest.raises(TwilioRestException):
        arrange(machine)


def test_a_device_that_its_provider_rejects_is_gone(machine: notify.NotifyMachine) -> None:
    device = arrange(machine, "a7c6", binding_type="apn")
    machine.a_provider_will_fail(device, 52141)
    machine.something_is_sent([], [], "Hi")
    assert (machine.registered, [each.error_code for each in machine.delivered]) == ({}, [52141])
    machine.whoever_is_meant_is_told_once()
    machine.time_passes(24)
    assert machine.fake.clock.now().isoformat() == "2026-01-02T00:00:00+00:00"
