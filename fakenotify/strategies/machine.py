"""``NotifyMachine``: a Hypothesis state machine of devices and Notifications, around your own code."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule
from hypothesis.strategies import SearchStrategy

from fakenotify import FakeNotify
from fakenotify.notify.outcomes import INJECTABLE, TOO_MANY_RECIPIENTS, UNREGISTERED
from fakenotify.notify.records import Delivery
from fakenotify.notify.resources.bindings import BINDINGS_PER_IDENTITY
from fakenotify.strategies.arguments import addresses


@dataclass(frozen=True)
class Device:
    """A device in ``NotifyMachine``: its owner and its address."""

    identity: str
    binding_type: str
    address: str
    tags: tuple[str, ...] = ()


def _of_machine(name: str) -> SearchStrategy[Any]:
    """One of the machine's own values, which a subclass may replace."""
    return st.runner().flatmap(lambda machine: st.sampled_from(getattr(machine, name)))


_PEOPLE = _of_machine("people")
_TAGS = st.lists(_of_machine("tags"), max_size=2, unique=True)
_FAILURES = tuple(code for code in INJECTABLE if code != TOO_MANY_RECIPIENTS)


class NotifyMachine(RuleBasedStateMachine):
    """Registers devices, moves them between owners and unregisters them, lets providers fail and time pass; checks
    invariants after every step.

    Subclass it around your own code: override ``register``, ``unregister`` and ``send`` (and ``__init__`` to make what
    they need, after ``super().__init__()``), then let Hypothesis run ``YourMachine.TestCase``. Your code reaches
    ``self.fake`` in process, by ``self.fake.client(in_process=True)`` or ``self.fake.intercept()``, in the Service
    ``self.service``. (Only hooks that you don't override need the official client.) To disable an invariant,
    override it by a method that does nothing.

    The machine's model of Notify is that of the default ``Behaviour``.
    """

    people: ClassVar[Sequence[str]] = ("alice", "bob", "carol")
    tags: ClassVar[Sequence[str]] = ("vip", "new user")
    types: ClassVar[Sequence[str]] = ("apn", "fcm", "sms")
    devices = Bundle("devices")

    def __init__(self) -> None:
        super().__init__()
        self.fake = FakeNotify()
        self.fake.clock.freeze("2026-01-01T00:00:00Z")
        self.service = self.fake.create_service(
            apn_credential_sid=self.fake.create_credential("apn"),
            gcm_credential_sid=self.fake.create_credential("gcm"),
            fcm_credential_sid=self.fake.create_credential("fcm"),
            messaging_service_sid="MG" + "0" * 32,
            facebook_messenger_page_id="1",
            alexa_skill_id="1",
        )
        self.registered: dict[str, Device] = {}  # the devices that should be registered now, by address
        self.meant: list[Device] = []  # those that the last ``send`` was for
        self.delivered: list[Delivery] = []  # and its deliveries

    @cached_property
    def _notify(self) -> Any:
        return self.fake.client(in_process=True).notify.v1.services(self.service.sid)

    def teardown(self) -> None:
        """Stop the fake."""
        self.fake.stop()

    # to be overridden

    def register(self, identity: str, binding_type: str, address: str, tags: list[str]) -> None:
        """Register a device for ``identity``, whoever owned it before. Raises one of ``refusals()`` for the 21st."""
        self._notify.bindings.create(identity=identity, binding_type=binding_type, address=address, tag=tags)

    def unregister(self, identity: str, binding_type: str, address: str) -> None:
        """Unregister a device of ``identity``; if it has another owner by now, nothing happens."""
        for binding in self._notify.bindings.list(identity=[identity]):
            if binding.address == address:
                binding.delete()

    def send(self, identities: list[str], tags: list[str], body: str) -> None:
        """Send to the devices of any of ``identities`` (of everybody if there are none) that have all ``tags``."""
        self._notify.notifications.create(identity=identities, tag=tags or ["all"], title="News", body=body)

    def refusals(self) -> tuple[type[Exception], ...]:
        """What ``register`` may raise for the 21st device of an identity; the official client's error by default."""
        try:
            from twilio.base.exceptions import TwilioRestException
        except ImportError:  # then your code doesn't use it either
            return ()
        return (TwilioRestException,)

    # rules

    @rule(target=devices, identity=_PEOPLE, binding_type=_of_machine("types"), tags=_TAGS, data=st.data())
    def a_new_device_registers(self, identity: str, binding_type: str, tags: list[str], data: st.DataObject) -> Device:
        """Register a device, usually a new one."""
        return self._register(Device(identity, binding_type, data.draw(addresses(binding_type)), tuple(tags)))

    @rule(target=devices, device=devices, identity=_PEOPLE, tags=_TAGS)
    def a_device_changes_hands(self, device: Device, identity: str, tags: list[str]) -> Device:
        """Register a known device again: for another owner, or for the same one with other tags."""
        return self._register(Device(identity, device.binding_type, device.address, tuple(tags)))

    @rule(identity=_PEOPLE)
    def somebody_has_twenty_devices(self, identity: str) -> None:
        """Register devices up to the limit, so that the next one is refused."""
        owned = sum(each.identity == identity for each in self.registered.values())
        numbers = (f"+1500{self.people.index(identity):03}{place:04}" for place in range(2 * BINDINGS_PER_IDENTITY))
        free = [each for each in numbers if each not in self.registered]
        for number in free[: BINDINGS_PER_IDENTITY - owned]:
            self._register(Device(identity, "sms", number))

    @rule(device=devices)
    def a_device_leaves(self, device: Device) -> None:
        """Unregister a device, which may have another owner by now, or none."""
        self.unregister(device.identity, device.binding_type, device.address)
        owner = self.registered.get(device.address)
        if owner is not None and owner.identity == device.identity:
            del self.registered[device.address]

    @rule(identities=st.lists(_PEOPLE, max_size=2, unique=True), tags=_TAGS, body=st.sampled_from(("Hi", "é")))
    def something_is_sent(self, identities: list[str], tags: list[str], body: str) -> None:
        """Send a notification to some identities, or to all."""
        self.meant = [
            each
            for each in self.registered.values()
            if (not identities or each.identity in identities) and set(tags) <= set(each.tags)
        ]
        before = len(self.fake.deliveries)
        self.send(identities, tags, body)
        self.delivered = self.fake.deliveries[before:]
        for each in self.delivered:
            if each.error_code in UNREGISTERED:  # the provider rejected the address, and Notify removed its Binding
                self.registered.pop(each.address, None)

    @rule(device=devices, code=st.sampled_from(_FAILURES))
    def a_provider_will_fail(self, device: Device, code: int) -> None:
        """The next delivery to this address fails, if the code is one of its provider's."""
        self.fake.fail_delivery(code, address=device.address, times=1)

    @rule(hours=st.sampled_from((0.5, 24, 24 * 29)))
    def time_passes(self, hours: float) -> None:
        """Move the clock by an hour or a month."""
        self.fake.clock.shift(hours=hours)

    def _register(self, device: Device) -> Device:
        owned = [each.address for each in self.registered.values() if each.identity == device.identity]
        one_too_many = len(owned) >= BINDINGS_PER_IDENTITY and device.address not in owned
        try:
            self.register(device.identity, device.binding_type, device.address, list(device.tags))
        except self.refusals():
            if not one_too_many:
                raise
        if not one_too_many:
            self.registered[device.address] = device
        return device

    # invariants

    @invariant()
    def nobody_has_more_than_twenty_devices(self) -> None:
        """Notify's limit, all types together."""
        counts = Counter(each.identity for each in self.fake.bindings)
        crowded = {owner: count for owner, count in counts.items() if count > BINDINGS_PER_IDENTITY}
        assert not crowded, f"more than {BINDINGS_PER_IDENTITY} bindings: {crowded}"

    @invariant()
    def no_address_stands_twice(self) -> None:
        """No address has two Bindings; else one person's notifications would reach another."""
        counts = Counter(each.address for each in self.fake.bindings)
        doubled = sorted(address for address, count in counts.items() if count > 1)
        assert not doubled, f"more than one binding has the address: {doubled}"

    @invariant()
    def every_index_is_what_a_recomputation_gives(self) -> None:
        """The fake's indexes are consistent."""
        scope = self.fake.world.accounts.default.scopes[self.service.sid]
        for table in scope.tables().values():
            table.check()

    @invariant()
    def notify_knows_the_devices_that_are_registered(self) -> None:
        """The registered devices are those of the model, each with its current owner."""
        found = {(each.identity, each.binding_type, each.address) for each in self.fake.bindings}
        wanted = {(each.identity, each.binding_type, each.address) for each in self.registered.values()}
        assert found == wanted, f"not registered: {sorted(wanted - found)}; left over: {sorted(found - wanted)}"

    @invariant()
    def nothing_is_delivered_to_an_address_that_was_not_meant(self) -> None:
        """Notifications reach only devices that were registered for a recipient at the time of sending."""
        meant = {(each.identity, each.address) for each in self.meant}
        astray = [
            (each.identity, each.address) for each in self.delivered if (each.identity, each.address) not in meant
        ]
        assert not astray, f"delivered to somebody it was not meant for: {astray}"

    @invariant()
    def whoever_is_meant_is_told_once(self) -> None:
        """Every device that a notification was for has one delivery of it, sent or failed."""
        counts = Counter(each.address for each in self.delivered)
        wrong = {each.address: counts[each.address] for each in self.meant if counts[each.address] != 1}
        assert not wrong, f"addresses with more or fewer than one delivery: {wrong}"
