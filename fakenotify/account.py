"""The tester's handle on one account: what it creates, what it reads, what it asserts, and its clients."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from fakenotify.core.real_time import monotonic
from fakenotify.notify.account import AccountState
from fakenotify.notify.dispatch import Call
from fakenotify.notify.journal import Request
from fakenotify.notify.records import (
    Alert,
    Binding,
    Callback,
    Credential,
    Delivery,
    Notification,
    Records,
    Segment,
    Service,
    User,
    sid_of,
    with_sids,
)
from fakenotify.notify.tables import TABLES
from fakenotify.world.hints import called, names_arguments, names_arguments_of, unknown_attribute
from fakenotify.world.world import World

if TYPE_CHECKING:
    from twilio.rest import Client
    from typing_extensions import Unpack

    from fakenotify.arguments import (
        BindingArguments,
        BindingType,
        CredentialArguments,
        CredentialType,
        DeliveryFields,
        NotificationArguments,
        ServiceArguments,
        UserArguments,
    )
    from fakenotify.fake import FakeNotify
    from fakenotify.faults.injected import InjectedFault
    from fakenotify.faults.kinds import Fault
    from fakenotify.world.explain import Explanation


T = TypeVar("T")

_ASK_AGAIN = 0.05
"""Seconds after which ``wait_for`` calls its condition again even if nothing happened in the fake."""


class Account:
    """One account of a fake. ``FakeNotify`` is itself the handle on the default account.

    The lists (``services``, ``bindings``, …) are snapshots of frozen records, oldest first, with ``.last`` and
    ``.where(**fields)``. ``create_*`` follow the rules of the wire, raise the catalogue's ``TwilioError``, and are not
    journaled; an unknown argument is a ``TypeError`` that names it.
    """

    def __init__(self, fake: FakeNotify, account_sid: str) -> None:
        self._fake = fake
        self.account_sid = account_sid

    def __repr__(self) -> str:
        return f"<Account {self.account_sid}>"

    @property
    def _world(self) -> World:
        return self._fake.world

    @property
    def _state(self) -> AccountState:
        return self._world.accounts[self.account_sid]

    @property
    def auth_token(self) -> str:
        """The account's auth token; obviously fake, and the key of its callbacks' signatures."""
        return self._state.auth_token

    @property
    def url(self) -> str:
        """Where the fake answers, e.g. ``http://127.0.0.1:40123``; the first use opens the socket."""
        return self._fake.url

    @called
    @names_arguments
    def client(self, *, in_process: bool = False) -> Client:
        """A ``twilio.rest.Client`` of this account; with ``in_process`` it opens no socket.

        Raises ``ImportError`` where the optional package ``twilio`` is missing.
        """
        from fakenotify.clients import twilio

        if in_process:
            return twilio.client("https://notify.twilio.com", self.account_sid, self.auth_token, self._fake.wsgi_app)
        return twilio.client(self.url, self.account_sid, self.auth_token)

    @called
    def async_client(self) -> Client:
        """A client for ``create_async`` and the other asynchronous methods, by aiohttp."""
        from fakenotify.clients import twilio

        return twilio.async_client(self.url, self.account_sid, self.auth_token)

    # arranging

    @names_arguments_of("services.create")
    def create_service(
        self, friendly_name: str | None = None, sid: str | None = None, **fields: Unpack[ServiceArguments]
    ) -> Service:
        """Create a Service, with a sid of your choice (``IS`` and 32 hex digits) if you give one."""
        service: Service = self._world.create_service(
            self.account_sid, sid, friendly_name=friendly_name, **with_sids(fields)
        )
        return service

    @names_arguments_of("credentials.create")
    def create_credential(
        self, type: CredentialType | None = None, **fields: Unpack[CredentialArguments]
    ) -> Credential:
        """Create a Credential of ``type`` ``apn``, ``fcm`` or ``gcm``."""
        credential: Credential = self._create("credentials.create", type=type, **fields)
        return credential

    @names_arguments_of("bindings.create")
    def create_binding(self, service: Service | str, **fields: Unpack[BindingArguments]) -> Binding:
        """Create or replace a Binding: ``identity``, ``binding_type``, ``address``, ``tags`` and so on."""
        binding: Binding = self._create("bindings.create", service, **fields)
        return binding

    @names_arguments_of("notifications.create")
    def create_notification(self, service: Service | str, **fields: Unpack[NotificationArguments]) -> Notification:
        """Send: ``identities``, ``tags``, ``to_binding``, ``body`` and so on."""
        notification: Notification = self._create("notifications.create", service, **fields)
        return notification

    @names_arguments_of("users.create")
    def create_user(self, service: Service | str, **fields: Unpack[UserArguments]) -> User:
        """Create a User: ``identity`` and ``segments``."""
        user: User = self._create("users.create", service, **fields)
        return user

    def _create(self, operation: str, *path: Any, **fields: Any) -> Any:
        sids = tuple(map(sid_of, path))
        if None in sids:
            raise TypeError(f"{operation} needs a Service or its sid, not None")
        return self._world.create(self.account_sid, operation, sids, **with_sids(fields))

    @names_arguments
    def fail_delivery(
        self,
        code: int,
        *,
        address: str | None = None,
        identity: str | None = None,
        binding_type: BindingType | None = None,
        times: int | None = None,
    ) -> None:
        """Make deliveries fail with a 52xxx ``code``: those that match every selector given, ``times`` of them or all.

        52103 and 52141 also remove the Binding; 52302 ends the whole Notification before any delivery. An unknown
        code or binding type is a ``ValueError`` with the nearest ones.
        """
        self._world.fail_delivery(
            code,
            address=address,
            identity=identity,
            binding_type=binding_type,
            times=times,
            account_sid=self.account_sid,
        )

    @names_arguments
    def fail(
        self,
        operation: str,
        fault: Fault | None = None,
        *,
        status: int | None = None,
        retry_after: float | None = None,
        times: int | None = None,
        after: int = 0,
        when: Callable[[Call], object] | None = None,
        phase: Literal["before", "after"] | None = None,
        account: Account | str | None = None,
        optional: bool = False,
    ) -> InjectedFault:
        """Inject a fault into the requests whose ``operation`` matches a pattern such as ``bindings.*``.

        Give a ``Fault``, or an HTTP ``status`` with Twilio's code and message. The first ``after`` requests pass, the
        next ``times`` (None: all) meet the fault; ``when(call)`` narrows it further. With ``phase="after"`` the effect
        happens and the answer is lost. A fault that never fired fails the test unless it is ``optional``. An unknown
        operation is an ``UnknownName`` with the nearest ones.
        """
        return self._world.fail(
            operation,
            fault,
            status=status,
            retry_after=retry_after,
            times=times,
            after=after,
            when=when,
            phase=phase,
            account_sid=self._account_of(account),
            optional=optional,
        )

    @names_arguments
    def rate_limit(self, operation: str, requests: int, seconds: float) -> InjectedFault:
        """Allow ``requests`` in ``seconds`` of the fake's clock; the next gets 429 and ``Retry-After``."""
        return self._world.rate_limit(operation, requests, seconds, self._account_of(None))

    def _account_of(self, account: Account | str | None) -> str | None:
        """The account that a fault is for; by default the handle's own."""
        return account.account_sid if isinstance(account, Account) else account or self.account_sid

    @property
    def faults(self) -> list[InjectedFault]:
        """The injected faults; ``fired`` counts the requests that each has met."""
        return self._world.faults

    # looking

    def _records(self, table: str) -> Records[Any]:
        account = self._state
        with account.lock:
            return Records(account.below(table) if TABLES[table].scope == "service" else getattr(account, table))

    @property
    def services(self) -> Records[Service]:
        """The account's Services."""
        return self._records("services")

    @property
    def credentials(self) -> Records[Credential]:
        """The account's Credentials."""
        return self._records("credentials")

    @property
    def bindings(self) -> Records[Binding]:
        """The Bindings of all the account's Services."""
        return self._records("bindings")

    @property
    def users(self) -> Records[User]:
        """The Users of all the account's Services; each identity that has had a Binding has one."""
        return self._records("users")

    @property
    def segments(self) -> Records[Segment]:
        """The Segments of all the account's Services."""
        return self._records("segments")

    @property
    def notifications(self) -> Records[Notification]:
        """The Notifications of all the account's Services."""
        return self._records("notifications")

    @property
    def deliveries(self) -> Records[Delivery]:
        """What each device would have received, and what failed on its way."""
        return self._records("deliveries")

    @property
    def alerts(self) -> Records[Alert]:
        """The Debugger's entries."""
        return self._records("alerts")

    @property
    def callbacks(self) -> Records[Callback]:
        """The delivery callbacks, posted or waiting, with their attempts."""
        return self._records("callbacks")

    def explain(self, notification: Notification | str) -> Explanation:
        """Who a Notification reached, and a reason for every Binding of its Service that it didn't.

        An unknown sid is a ``LookupError`` with the nearest ones.
        """
        return self._world.explain(sid_of(notification), self.account_sid)

    # asserting

    def assert_delivered(self, *, times: int | None = None, **wanted: Unpack[DeliveryFields]) -> Delivery:
        """Return the newest delivery with these fields, sent unless ``status`` is among them.

        Fields are those of ``Delivery``, and ``title`` and ``body``: what a person would see. A wanted value is equal
        to the field (``mock.ANY`` is equal to all), or a compiled regular expression that is found in it; ``payload``
        is contained in the delivery's. ``times`` is the number of such deliveries. The ``AssertionError`` shows the
        nearest deliveries with their differences, and the reasons.
        """
        __tracebackhide__ = True
        from fakenotify.world import assertions as checks

        with self._state.lock:
            return checks.assert_delivered(self._state, self._world.journal, times, with_sids(wanted))

    def assert_not_delivered(self, **wanted: Unpack[DeliveryFields]) -> None:
        """Fail if there is a delivery with these fields, sent unless ``status`` is among them."""
        __tracebackhide__ = True
        from fakenotify.world import assertions as checks

        with self._state.lock:
            checks.assert_not_delivered(self._state, with_sids(wanted))

    @names_arguments
    def wait_for(self, condition: Callable[[], T], timeout: float = 2.0) -> T:
        """Wait until ``condition()`` is true, at most ``timeout`` seconds; returns what it returned.

        It is called again whenever something happens in the fake. A miss is an ``AssertionError`` that is also a
        ``TimeoutError``.
        """
        __tracebackhide__ = True
        deadline = monotonic() + timeout
        with self._world.watched() as something_happened:
            while not (result := condition()):
                remaining = deadline - monotonic()
                if remaining <= 0:
                    from fakenotify.world.assertions import WaitTimeout

                    raise WaitTimeout(f"not true after {timeout} seconds; last seen: {result!r}")
                something_happened.wait(min(remaining, _ASK_AGAIN))
                something_happened.clear()
        return result

    @property
    def requests(self) -> Records[Request]:
        """The account's requests and their answers."""
        return Records(each for each in self._world.journal if each.account_sid == self.account_sid)

    if not TYPE_CHECKING:  # or type checkers would know every name

        def __getattr__(self, name: str) -> Any:
            raise unknown_attribute(self, name)
