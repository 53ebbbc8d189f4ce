"""From a Notification to what every device receives, or why it doesn't: targets, outcomes, deliveries, alerts.

All of this happens after the 201 is decided and never changes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from fakenotify.core.sizes import own_size, size_of
from fakenotify.notify import callbacks
from fakenotify.notify.account import AccountState
from fakenotify.notify.channels import CHANNELS, Channel, Failure, Outgoing, Rendered
from fakenotify.notify.debugger import CODES
from fakenotify.notify.errors import CredentialNotFound, CredentialTypeMismatch
from fakenotify.notify.outcomes import TOO_MANY_RECIPIENTS, UNREGISTERED, Outcome
from fakenotify.notify.records import Alert, Binding, Delivery, Notification, Service
from fakenotify.notify.tables import DELIVERY_SIZE
from fakenotify.notify.targets import members, targets

NOBODY, NO_USERS = 52301, 52307


def send(account: AccountState, service: Service, notification: Notification) -> None:
    """Deliver a Notification to the targets of this moment. (assumed D21)"""
    sending = Sending(account, service, notification)
    if notification.to_binding:
        meant = [Target(each["binding_type"], each["address"]) for each in notification.to_binding]
    else:
        scope = account.scopes[service.sid]
        found = targets(scope, notification.identities, notification.tags, notification.segments)
        meant = [Target(binding.binding_type, binding.address, binding) for binding in found]
        if not meant:
            without_users = notification.segments and not members(scope, notification.segments)
            sending.alert(Failure(NO_USERS if without_users else NOBODY), None)
    deliveries = sending.deliver(meant)
    callbacks.plan(account, service, notification, deliveries)


class Target:
    """Where one delivery goes: an address, and the Binding that has it unless the send is direct."""

    __slots__ = ("address", "binding", "binding_type")

    def __init__(self, binding_type: str, address: str, binding: Binding | None = None) -> None:
        self.binding_type = binding_type
        self.address = address
        self.binding = binding

    @property
    def identity(self) -> str | None:
        """Whose address it is; None in a direct send."""
        return self.binding.identity if self.binding else None


class Sending:
    """The delivery of one Notification; what is the same for all targets is computed once."""

    def __init__(self, account: AccountState, service: Service, notification: Notification) -> None:
        self.account = account
        self.service = service
        self.notification = notification
        self.now: datetime = account.clock.stamp()
        self._rendered: dict[tuple[str, str, str | None], Rendered] = {}
        self._credentials: dict[tuple[str, str | None], Failure | None] = {}

    def deliver(self, meant: Sequence[Target]) -> list[Delivery]:
        """Make every delivery, unless the test has injected 52302, too many recipients."""
        if self._stopped(meant):
            self.alert(Failure(TOO_MANY_RECIPIENTS), None)
            return []
        last = len(meant) - 1
        return [self._deliver(target, self._told(target), at == last) for at, target in enumerate(meant)]

    def _stopped(self, meant: Sequence[Target]) -> bool:
        """Whether the test has set 52302 for one of the targets; it is counted by Notification, not by delivery."""
        for outcome in self.account.outcomes:
            if outcome.code == TOO_MANY_RECIPIENTS and any(_is_meant(outcome, target) for target in meant):
                outcome.use()
                return True
        return False

    def _told(self, target: Target) -> int | None:
        """The code that the test has set for this delivery."""
        for outcome in self.account.outcomes:
            if _is_meant(outcome, target):
                return outcome.use()
        return None

    def _deliver(self, target: Target, code: int | None, is_last: bool) -> Delivery:
        channel = CHANNELS[target.binding_type]
        binding = target.binding
        version = (
            binding.notification_protocol_version
            if binding
            else self.service.protocol_version(target.binding_type)  # a direct send: assumed D36
        )
        credential_sid = self._credential_sid(channel, binding)
        rendered = self._render(channel, version, credential_sid)
        failure = Failure(code) if code else self._failure(channel, target, credential_sid) or rendered.failure
        if rendered.hint and failure is rendered.failure and rendered.hint not in self.account.hints:
            self.account.hints.append(rendered.hint)
        delivery = Delivery(
            sid=None if failure else self.account.sids.new(channel.message_sid),
            notification_sid=self.notification.sid,
            service_sid=self.service.sid,
            account_sid=self.account.account_sid,
            binding_sid=binding.sid if binding else None,
            identity=target.identity,
            binding_type=target.binding_type,
            address=target.address,
            status="FAILED" if failure else "SENT",
            error_code=failure.code if failure else None,
            error_message=_text(failure) if failure else None,
            payload=channel.put_address(rendered.payload, target.address),
            headers=rendered.headers,
            credential_sid=credential_sid,
            protocol_version=version,
            date_created=self.now,
            provider_url=rendered.url,
        )
        size = DELIVERY_SIZE + own_size(delivery.payload, rendered.payload)
        if is_last:  # what all have in common counts once, and goes with the last of them
            size += sum([size_of(each.payload) for each in self._rendered.values()])
        self.account.deliveries.append(delivery, size)
        if rendered.warning and not failure:
            self.alert(rendered.warning, target)
        if failure:
            self.alert(failure, target)
            if failure.code in UNREGISTERED and binding:
                self.account.remove_binding(binding, "disowned")
        return delivery

    def _credential_sid(self, channel: Channel, binding: Binding | None) -> str | None:
        """The Binding's own Credential, else the Service's for the type. (documented)"""
        if not channel.uses_credential:
            return None
        own = binding.credential_sid if binding else None
        sid: str | None = own or getattr(self.service, f"{channel.binding_type}_credential_sid", None)
        return sid

    def _render(self, channel: Channel, version: str, credential_sid: str | None) -> Rendered:
        key = (channel.binding_type, version, credential_sid)
        rendered = self._rendered.get(key)
        if rendered is None:
            credential = None if credential_sid is None else self.account.credentials.get(credential_sid)
            behaviour = self.account.behaviour
            outgoing = Outgoing(self.notification, self.service, version, self.now, credential, behaviour)
            rendered = self._rendered[key] = channel.render(outgoing)
        return rendered

    def _failure(self, channel: Channel, target: Target, credential_sid: str | None) -> Failure | None:
        """What is wrong before the payload is looked at: the Service, then the Credential, then the address."""
        failure = channel.check_service(self.service)
        if failure is None and channel.uses_credential:
            key = (channel.binding_type, credential_sid)
            if key not in self._credentials:
                self._credentials[key] = self._check_credential(channel, credential_sid)
            failure = self._credentials[key]
        if failure is None:
            bad = channel.check_address(target.address, target.binding.sid if target.binding else None)
            failure = bad.failure if bad else None
        return failure

    def _check_credential(self, channel: Channel, credential_sid: str | None) -> Failure | None:
        if credential_sid is None:
            return Failure(52004)
        credential = self.account.credentials.get(credential_sid)
        if credential is None:
            return Failure(CredentialNotFound.code)
        if credential.type != channel.binding_type:
            mismatch = CredentialTypeMismatch(credential.type, channel.binding_type)
            return Failure(mismatch.code, mismatch.message)
        return None

    def alert(self, failure: Failure, target: Target | None) -> None:
        """Add an alert to the Debugger."""
        self.account.add_alert(
            Alert(
                code=failure.code,
                level=CODES[failure.code].level,
                text=_text(failure),
                notification_sid=self.notification.sid,
                service_sid=self.service.sid,
                account_sid=self.account.account_sid,
                binding_sid=target.binding.sid if target and target.binding else None,
                binding_type=target.binding_type if target else None,
                date_created=self.now,
            )
        )


def _is_meant(outcome: Outcome, target: Target) -> bool:
    return outcome.matches(target.address, target.identity, target.binding_type)


def _text(failure: Failure) -> str:
    """What was observed of this code's text, else its title in Twilio's dictionary."""
    return failure.text or CODES[failure.code].title
