"""From a Notification to what every device receives, or why it doesn't: targets, outcomes, deliveries, alerts.

All of this happens after the 201 is decided and never changes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from fakenotify.core.sizes import own_size, size_of
from fakenotify.notify import callbacks
from fakenotify.notify.account import AccountState
from fakenotify.notify.channels import CHANNELS
from fakenotify.notify.channels.channel import Channel, Failure, Outgoing, Rendered
from fakenotify.notify.debugger import CODES
from fakenotify.notify.outcomes import TOO_MANY_RECIPIENTS, UNREGISTERED
from fakenotify.notify.records import Alert, Credential, Delivery, Notification, Service
from fakenotify.notify.resources.services import credential_error
from fakenotify.notify.tables import DELIVERY_SIZE
from fakenotify.notify.targets import Target, members, targets

NOBODY, NO_USERS = 52301, 52307


def send(account: AccountState, service: Service, notification: Notification) -> None:
    """Deliver a Notification to the targets of this moment. (assumed D21) Its callback URL wins. (assumed D23)"""
    scope = account.scopes[service.sid]
    found = targets(scope, notification)
    sending = Sending(account, service, notification)
    if not found:
        without_users = notification.segments and not members(scope, notification.segments)
        sending.alert(Failure(NO_USERS if without_users else NOBODY))
    deliveries = sending.deliver(found)
    url = notification.delivery_callback_url
    if url is None and service.delivery_callback_enabled:
        url = service.delivery_callback_url
    if url is not None and (deliveries or account.behaviour.callback_when_empty):
        callbacks.plan(account, notification, url, deliveries)


class Prepared(NamedTuple):
    """What all targets with the same type, version and Credential share; ``failure`` is what the Service lacks."""

    credential_sid: str | None
    failure: Failure | None
    rendered: Rendered


class Sending:
    """The delivery of one Notification; what is the same for several targets is computed once."""

    def __init__(self, account: AccountState, service: Service, notification: Notification) -> None:
        self.account = account
        self.service = service
        self.notification = notification
        self.now = account.clock.stamp()
        self._prepared: dict[tuple[str, str, str | None], Prepared] = {}
        self._shared_size = 0

    def deliver(self, found: Sequence[Target]) -> list[Delivery]:
        """Make every delivery; none if 52302, too many recipients, is set for any of them, which uses it up once."""
        for outcome in self.account.outcomes:
            if outcome.code == TOO_MANY_RECIPIENTS and any(outcome.matches(each) for each in found):
                self.alert(Failure(outcome.use()))
                return []
        last = len(found) - 1
        return [self._deliver(target, at == last) for at, target in enumerate(found)]

    def _deliver(self, target: Target, is_last: bool) -> Delivery:
        account, binding = self.account, target.binding
        channel = CHANNELS[target.binding_type]
        if binding:
            version, own_credential = binding.notification_protocol_version, binding.credential_sid
        else:  # assumed D36
            version, own_credential = self.service.protocol_version(target.binding_type), None
        key = (target.binding_type, version, own_credential)
        prepared = self._prepared.get(key) or self._prepare(channel, *key)
        rendered = prepared.rendered
        bad = channel.check_address(target.address, binding.sid if binding else None)
        failure = self._outcome(target) or prepared.failure or (bad and bad.failure) or rendered.failure
        delivery = Delivery(
            sid=None if failure else account.sids.new(channel.message_sid),
            notification_sid=self.notification.sid,
            service_sid=self.service.sid,
            account_sid=account.account_sid,
            binding_sid=binding.sid if binding else None,
            identity=target.identity,
            binding_type=target.binding_type,
            address=target.address,
            status="FAILED" if failure else "SENT",
            error_code=failure.code if failure else None,
            error_message=_text(failure) if failure else None,
            payload=channel.put_address(rendered.payload, target.address),
            headers=rendered.headers,
            credential_sid=prepared.credential_sid,
            protocol_version=version,
            date_created=self.now,
            provider_url=rendered.url,
        )
        size = DELIVERY_SIZE + own_size(delivery.payload, rendered.payload)
        if is_last:  # what all have in common counts once, and goes with the last of them
            size += self._shared_size
        account.deliveries.append(delivery, size)
        if not failure:
            if rendered.warning:
                self.alert(rendered.warning, target)
            return delivery
        self.alert(failure, target)
        if rendered.hint and failure is rendered.failure and rendered.hint not in account.hints:
            account.hints.append(rendered.hint)
        if failure.code in UNREGISTERED and binding:
            account.remove_binding(binding, "disowned")
        return delivery

    def _outcome(self, target: Target) -> Failure | None:
        """The failure that the test has set for this delivery."""
        for outcome in self.account.outcomes:
            if outcome.matches(target):
                return Failure(outcome.use())
        return None

    def _prepare(self, channel: Channel, binding_type: str, version: str, own_credential: str | None) -> Prepared:
        """Render the payload, after a look at the Service and the Credential: the Binding's own, else the Service's."""
        credential_sid = credential = None
        needed, code = channel.needs or (None, 0)
        failure = Failure(code) if needed and not getattr(self.service, needed) else None
        if channel.uses_credential:
            credential_sid = own_credential or getattr(self.service, f"{binding_type}_credential_sid", None)
            credential = self.account.credentials.get(credential_sid) if credential_sid else None
            failure = failure or _bad_credential(binding_type, credential_sid, credential)
        outgoing = Outgoing(self.notification, self.service, version, self.now, credential, self.account.behaviour)
        rendered = channel.render(outgoing)
        self._shared_size += size_of(rendered.payload)
        prepared = self._prepared[binding_type, version, own_credential] = Prepared(credential_sid, failure, rendered)
        return prepared

    def alert(self, failure: Failure, target: Target | None = None) -> None:
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


def _bad_credential(binding_type: str, sid: str | None, credential: Credential | None) -> Failure | None:
    if sid is None:
        return Failure(52004)
    error = credential_error(credential, binding_type)
    return None if error is None else Failure(error.code, error.message)


def _text(failure: Failure) -> str:
    """The text that was observed for this code, else its title in Twilio's dictionary."""
    return failure.text or CODES[failure.code].title
