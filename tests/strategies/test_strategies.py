"""The strategies draw what Notify takes, or what it refuses, as they say; and the machine finds a bug in code."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import run_state_machine_as_test
from twilio.base.exceptions import TwilioRestException

from fakenotify import FakeNotify
from fakenotify import strategies as account
from fakenotify.core.errors import TwilioError, UnknownName
from fakenotify.notify.accounts import ACCOUNT_SID, AUTH_TOKEN
from fakenotify.notify.channels import CHANNELS
from fakenotify.notify.dispatch import ROUTES, Call
from fakenotify.notify.journal import Request
from fakenotify.notify.records import Service
from fakenotify.notify.resources.bindings import BINDINGS_PER_IDENTITY
from fakenotify.strategies.wire import Form

few = settings(max_examples=25, deadline=None)
every_type = pytest.mark.parametrize("binding_type", CHANNELS)
every_operation = pytest.mark.parametrize("operation", ROUTES.by_operation)


def world() -> tuple[FakeNotify, Service]:
    """A fake whose clock stands still, and a Service that can send by every channel."""
    fake = FakeNotify()
    fake.clock.freeze("2026-01-01T00:00:00Z")
    sids = {f"{each}_credential_sid": fake.create_credential(type=each).sid for each in ("apn", "gcm", "fcm")}
    return fake, fake.create_service(
        messaging_service_sid="MG" + "a" * 32, facebook_messenger_page_id="1", alexa_skill_id="1", **sids
    )


def test_importing_the_package_does_not_import_hypothesis() -> None:
    program = "import sys, fakenotify; fakenotify.FakeNotify(); print('hypothesis' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30)
    assert (done.stdout, done.stderr) == ("False\n", "")


@pytest.mark.parametrize("name", account.__all__)
def test_every_name_says_what_it_is(name: str) -> None:
    assert getattr(account, name).__doc__


# arguments


@every_type
def test_an_address_reaches_its_device(binding_type: str) -> None:
    code = 52117 if binding_type == "gcm" else None

    @few
    @given(account.addresses(binding_type))
    def reaches(address: str) -> None:
        fake, service = world()
        target = {"binding_type": binding_type, "address": address}
        fake.create_notification(service.sid, to_binding=[target], title="T", body="Hi")
        assert (fake.deliveries.last.address, fake.deliveries.last.error_code) == (address, code)

    reaches()


@pytest.mark.parametrize(("binding_type", "code"), [("apn", 52134), ("sms", 52001)])
def test_a_malformed_address_is_taken_and_fails(binding_type: str, code: int) -> None:
    @few
    @given(account.malformed_addresses(binding_type))
    def fails(address: str) -> None:
        fake, service = world()
        fake.create_binding(service.sid, identity="alice", binding_type=binding_type, address=address)
        fake.create_notification(service.sid, identities=["alice"], body="Hi")
        assert (fake.deliveries.last.address, fake.deliveries.last.error_code) == (address, code)

    fails()


@pytest.mark.parametrize("binding_type", ["gcm", "fcm", "facebook-messenger", "alexa"])
def test_where_any_text_is_an_address_none_is_malformed(binding_type: str) -> None:
    assert account.malformed_addresses(binding_type).is_empty


@pytest.mark.parametrize("of_type", [account.addresses, account.malformed_addresses])
def test_an_unknown_type_names_the_nearest(of_type: Callable[[str], Any]) -> None:
    with pytest.raises(UnknownName, match=r"^no binding type 'apns'; nearest: apn$"):
        of_type("apns")
    with pytest.raises(UnknownName) as caught:
        of_type("fax")
    assert caught.value.nearest == [*CHANNELS]


@few
@given(account.bindings())
def test_bindings_can_be_created_by_the_fake_and_by_the_client(arguments: dict[str, Any]) -> None:
    fake, service = world()
    arranged = fake.create_binding(service.sid, **arguments)
    bindings = fake.client(in_process=True).notify.v1.services(service.sid).bindings
    created = bindings.create(**account.for_sdk(arguments))

    assert {name: getattr(arranged, name) for name in arguments} == arguments
    assert replace(fake.bindings.last, sid=arranged.sid) == arranged
    assert (created.identity, created.address, created.tags) == (arranged.identity, arranged.address, arranged.tags)


@few
@given(
    account.bindings(
        identity=st.just("alice"), binding_type=st.just("sms"), address=st.just("+1"), tag=st.sampled_from(("a", "b"))
    )
)
def test_bindings_are_made_of_what_they_are_given(arguments: dict[str, Any]) -> None:
    assert set(arguments.pop("tags", ())) <= {"a", "b"}
    assert arguments == {"identity": "alice", "binding_type": "sms", "address": "+1"}


@few
@given(account.notifications())
def test_notifications_can_be_created_by_the_fake_and_by_the_client(arguments: dict[str, Any]) -> None:
    fake, service = world()
    arranged = fake.create_notification(service.sid, **arguments)
    fake.client(in_process=True).notify.v1.services(service.sid).notifications.create(**account.for_sdk(arguments))

    assert {name: plain(getattr(arranged, name)) for name in arguments} == arguments
    assert replace(fake.notifications.last, sid=arranged.sid) == arranged
    assert fake.requests.last.ignored == []


def plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


@pytest.mark.parametrize(
    ("direct", "selectors"),
    [
        (False, {("identities",), ("tags",), ("identities", "tags")}),
        (True, {("to_binding",)}),
        (None, {("identities",), ("tags",), ("identities", "tags"), ("to_binding",)}),
    ],
)
def test_notifications_are_queries_or_direct_as_is_asked(direct: bool | None, selectors: set[tuple[str, ...]]) -> None:
    seen = set()

    @settings(max_examples=100, deadline=None, phases=[Phase.generate], derandomize=True)
    @given(account.notifications(direct=direct))
    def draws(arguments: dict[str, Any]) -> None:
        seen.add(tuple(name for name in ("identities", "tags", "to_binding") if name in arguments))

    draws()
    assert seen == selectors


@few
@given(
    account.notifications(
        identity=st.just("alice"), tag=st.just("vip"), target=st.just({"binding_type": "sms", "address": "+15"})
    )
)
def test_notifications_are_made_of_what_they_are_given(arguments: dict[str, Any]) -> None:
    assert set(arguments.get("identities", ["alice"])) == {"alice"}
    assert set(arguments.get("tags", ["vip"])) == {"vip"}
    assert all(each == {"binding_type": "sms", "address": "+15"} for each in arguments.get("to_binding", ()))


def test_the_client_has_words_of_its_own() -> None:
    arguments = {"identities": ["a"], "tags": ["b"], "segments": ["c"], "body": "d"}
    assert account.for_sdk(arguments) == {"identity": ["a"], "tag": ["b"], "segment": ["c"], "body": "d"}
    assert account.for_sdk({"to_binding": [{"address": "é"}]}) == {"to_binding": ['{"address": "\\u00e9"}']}


# forms


def ask(operation: str, form: Form) -> tuple[int | None, Request]:
    """Send a form to an operation in a small world that has everything, over no wire."""
    fake, service = world()
    identity = "bob" if operation == "users.delete" else "alice"
    fake.create_user(service.sid, identity=identity, segments=["vip"])
    binding = fake.create_binding(service.sid, identity="alice", binding_type="sms", address="+15005550006")
    route = ROUTES.by_operation[operation]
    of_whom = {
        "services": service.sid,
        "credentials": fake.credentials.last.sid,
        "bindings": binding.sid,
        "user_bindings": binding.sid,
    }
    sid = of_whom.get(operation.partition(".")[0], "")
    path = route.path.format(ServiceSid=service.sid, Identity=identity, Segment="vip", Sid=sid)
    query, body = (form, {}) if route.method == "GET" else ({}, form)
    call = Call(route.method, f"/v1{quote(path)}", query, body, (ACCOUNT_SID, AUTH_TOKEN))
    return fake.world.handle(call).status, fake.requests.last


def unread(request: Request) -> list[str]:
    return [each for each in request.ignored if "deprecated" not in each]


@every_operation
def test_a_form_is_taken_and_read_to_its_end(operation: str) -> None:
    @few
    @given(account.forms(operation))
    def is_taken(form: Form) -> None:
        status, request = ask(operation, form)
        already = {409} if operation in ("users.create", "segment_memberships.create") else set()
        assert status in {ROUTES.by_operation[operation].status, *already}
        assert (request.operation, unread(request)) == (operation, [])

    is_taken()


@every_operation
def test_a_form_with_a_mistake_is_refused_or_warned_of(operation: str) -> None:
    @settings(max_examples=60, deadline=None)
    @given(account.forms_with_mistakes(operation))
    def is_noticed(form: Form) -> None:
        status, request = ask(operation, form)
        assert status == 400 or (status in (200, 201, 204, 409) and request.ignored)
        assert request.operation == operation

    is_noticed()


def mistakes_in(operation: str, form: Form) -> set[str]:
    """What is wrong with a form, as a second reader sees it."""
    params = ROUTES.by_operation[operation].params
    found = {f"{row.name} missing" for row in params.rows if row.required and row.name not in form}
    for name, values in form.items():
        if name not in params.names:
            found.add(f"{name} unknown")
        elif values == [""]:
            found.add(f"{name} empty")
        elif params.by_name[name].most is None and len(values) > 1:
            found.add(f"{name} doubled")
        elif params.rows[[row.name for row in params.rows].index(name)].most in range(1, len(values)):
            found.add(f"{name} too many")
        else:
            try:
                params.parse_changes({name: values})
            except TwilioError:
                found.add(f"{name} unreadable")
    if operation == "notifications.create" and not {"Identity", "Tag", "Segment", "ToBinding"} & set(form):
        found.add("nobody")
    return found


@pytest.mark.slow
def test_every_kind_of_mistake_is_made() -> None:
    seen: set[str] = set()
    operations = ("bindings.create", "notifications.create", "credentials.fetch")

    @settings(max_examples=400, deadline=None, phases=[Phase.generate], derandomize=True, database=None)
    @given(st.sampled_from(operations), st.data())
    def draws(operation: str, data: st.DataObject) -> None:
        seen.update(mistakes_in(operation, data.draw(account.forms_with_mistakes(operation))))

    draws()
    kinds = {"missing", "empty", "doubled", "unreadable", "too many", "unknown", "nobody"}
    assert {kind for kind in kinds if any(each.endswith(kind) for each in seen)} == kinds
    misspelt = {each.removesuffix(" unknown") for each in seen if each.endswith(" unknown")}
    assert {"identity", "Identitys", "Identit", "dIentity", "IDENTITY", "To"} & misspelt


@every_operation
def test_a_form_without_a_mistake_has_none(operation: str) -> None:
    @few
    @given(account.forms(operation))
    def has_none(form: Form) -> None:
        assert mistakes_in(operation, _without_paging(form)) == set()

    has_none()


def _without_paging(form: Form) -> Form:
    return {name: values for name, values in form.items() if name not in ("PageSize", "Page")}


@pytest.mark.slow
def test_a_notification_to_nobody_is_one_of_the_mistakes() -> None:
    known = ROUTES.by_operation["notifications.create"].params.names - {"Identity", "Tag", "Segment", "ToBinding"}
    search = settings(max_examples=2000, database=None, derandomize=True)
    form = find(account.forms_with_mistakes("notifications.create"), lambda form: set(form) <= known, settings=search)
    assert form == {}


def test_a_doubled_parameter_is_told_of_even_if_it_is_deprecated() -> None:
    """As the strategy found out: the second value is dropped in silence."""
    _, request = ask("services.create", {"AlexaSkillId": ["a", "b"]})
    assert "parameter 'AlexaSkillId' was sent 2 times, only the first was read" in request.warnings


@pytest.mark.parametrize("of_operation", [account.forms, account.forms_with_mistakes])
def test_an_unknown_operation_names_the_nearest(of_operation: Callable[[str], Any]) -> None:
    with pytest.raises(UnknownName, match=r"^no operation 'binding\.create'; nearest: bindings\.create") as caught:
        of_operation("binding.create")
    assert caught.value.nearest[0] == "bindings.create"
    with pytest.raises(UnknownName) as caught:
        of_operation("send")
    assert caught.value.nearest == [*ROUTES.by_operation]


# the machine

quick = settings(
    max_examples=60, stateful_step_count=25, deadline=None, database=None, derandomize=True, report_multiple_bugs=False
)


class Phonebook:
    """A small piece of somebody's code: it remembers the sid of each device's Binding, to delete it at logout."""

    def __init__(self, service: Any) -> None:
        self.service = service
        self.sids: dict[Any, str] = {}

    def key(self, identity: str, address: str) -> Any:
        """The bug: at logout, the device may be somebody else's by now."""
        return address

    def login(self, identity: str, binding_type: str, address: str, tags: list[str]) -> None:
        binding = self.service.bindings.create(identity=identity, binding_type=binding_type, address=address, tag=tags)
        self.sids[self.key(identity, address)] = binding.sid

    def logout(self, identity: str, address: str) -> None:
        sid = self.sids.pop(self.key(identity, address), None)
        try:
            if sid is not None:
                self.service.bindings(sid).delete()
        except TwilioRestException as error:
            if error.status != 404:  # it is gone already, which is as well
                raise


class CarefulPhonebook(Phonebook):
    def key(self, identity: str, address: str) -> Any:
        return identity, address


class PhonebookMachine(account.NotifyMachine):
    phonebook = Phonebook

    def __init__(self) -> None:
        super().__init__()
        client = self.fake.client(in_process=True)
        self.book = self.phonebook(client.notify.v1.services(self.service.sid))

    def register(self, identity: str, binding_type: str, address: str, tags: list[str]) -> None:
        self.book.login(identity, binding_type, address, tags)

    def unregister(self, identity: str, binding_type: str, address: str) -> None:
        self.book.logout(identity, address)


class CarefulPhonebookMachine(PhonebookMachine):
    phonebook = CarefulPhonebook


TestNotify = pytest.mark.slow(account.NotifyMachine.TestCase)
TestNotify.settings = quick


def test_the_machine_finds_the_bug_in_somebodys_code() -> None:
    unshrunk = settings(quick, phases=[Phase.generate])  # shrinking it takes half a minute
    with pytest.raises(AssertionError, match=r"^not registered: \[\('.+\)\]; left over: \[\]") as caught:
        run_state_machine_as_test(PhonebookMachine, settings=unshrunk)

    steps = "\n".join(caught.value.__notes__)
    assert "state.a_device_changes_hands(" in steps
    assert "state.a_device_leaves(" in steps


@pytest.mark.slow
def test_the_machine_has_nothing_against_the_code_without_the_bug() -> None:
    run_state_machine_as_test(CarefulPhonebookMachine, settings=quick)


@pytest.fixture
def machine() -> Iterator[account.NotifyMachine]:
    """A machine that is moved by hand."""
    made = account.NotifyMachine()
    yield made
    made.teardown()


def arrange(
    machine: account.NotifyMachine, *addresses: str, identity: str = "alice", binding_type: str = "sms"
) -> list[account.Device]:
    """Register devices as the machine's own rules do."""
    return [machine._register(account.Device(identity, binding_type, each)) for each in addresses]


def test_a_device_that_the_code_forgot_is_missed(machine: account.NotifyMachine) -> None:
    machine.register = lambda *device: None
    arrange(machine, "+15005550006")
    complaint = r"^not registered: \[\('alice', 'sms', '\+15005550006'\)\]; left over: \[\]"
    with pytest.raises(AssertionError, match=complaint):
        machine.notify_knows_the_devices_that_are_registered()


def test_a_device_that_the_code_left_is_found(machine: account.NotifyMachine) -> None:
    [device] = arrange(machine, "+15005550006")
    machine.unregister = lambda *device: None
    machine.a_device_leaves(device)
    with pytest.raises(
        AssertionError, match=r"^not registered: \[\]; left over: \[\('alice', 'sms', '\+15005550006'\)\]"
    ):
        machine.notify_knows_the_devices_that_are_registered()


def test_a_second_delivery_is_noticed(machine: account.NotifyMachine) -> None:
    arrange(machine, "+15005550006")
    send = machine.send
    machine.send = lambda *message: (send(*message), send(*message))
    machine.something_is_sent(["alice"], [], "Hi")
    with pytest.raises(AssertionError, match=r"^addresses with more or fewer than one delivery: {'\+15005550006': 2}"):
        machine.whoever_is_meant_is_told_once()


def test_a_delivery_to_somebody_else_is_noticed(machine: account.NotifyMachine) -> None:
    arrange(machine, "+15005550006")
    arrange(machine, "+15005550009", identity="bob")
    send = machine.send
    machine.send = lambda identities, tags, body: send([], tags, body)
    machine.something_is_sent(["alice"], [], "Hi")
    with pytest.raises(
        AssertionError, match=r"^delivered to whom it was not meant for: \[\('bob', '\+15005550009'\)\]"
    ):
        machine.nothing_is_delivered_to_an_address_that_was_not_meant()


def test_a_binding_too_many_and_an_address_that_stands_twice_are_noticed(machine: account.NotifyMachine) -> None:
    """Which the fake itself never lets happen."""
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


def test_the_twenty_first_device_may_be_refused_or_passed_over(machine: account.NotifyMachine) -> None:
    machine.somebody_has_twenty_devices("alice")
    arrange(machine, "+15005550006")
    machine.refusals = lambda: (KeyError,)
    with pytest.raises(TwilioRestException):
        arrange(machine, "+15005550006")
    machine.register = lambda *device: None
    arrange(machine, "+15005550006")

    assert "+15005550006" not in machine.registered
    assert len(machine.registered) == BINDINGS_PER_IDENTITY
    machine.notify_knows_the_devices_that_are_registered()


def test_code_that_uses_no_official_client_needs_none(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [each for each in sys.modules if each.partition(".")[0] == "twilio"]:
        monkeypatch.setitem(sys.modules, name, None)
    machine = account.NotifyMachine()
    machine.register = lambda identity, binding_type, address, tags: machine.fake.create_binding(
        machine.service.sid, identity=identity, binding_type=binding_type, address=address, tags=tags
    )
    machine.somebody_has_twenty_devices("bob")
    with pytest.raises(TwilioError):
        arrange(machine, "+15005550006", identity="bob")
    assert (machine.refusals(), len(machine.registered)) == ((), BINDINGS_PER_IDENTITY)
    machine.notify_knows_the_devices_that_are_registered()
    machine.teardown()


def test_a_refusal_without_a_reason_is_an_error(machine: account.NotifyMachine) -> None:
    machine.fake.fail("bindings.create", status=503)
    with pytest.raises(TwilioRestException):
        arrange(machine, "+15005550006")


def test_a_device_that_its_provider_disowns_is_gone(machine: account.NotifyMachine) -> None:
    [device] = arrange(machine, "a7c6", binding_type="apn")
    machine.a_provider_will_fail(device, 52141)
    machine.something_is_sent([], [], "Hi")
    assert (machine.registered, [each.error_code for each in machine.delivered]) == ({}, [52141])
    machine.whoever_is_meant_is_told_once()
    machine.time_passes(24)
    assert machine.fake.clock.now().isoformat() == "2026-01-02T00:00:00+00:00"
