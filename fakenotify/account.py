"""The tester's handle on one account: arranging, looking, and a client that is ready to go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fakenotify.core.sids import is_sid
from fakenotify.dispatch import World
from fakenotify.journal import Request
from fakenotify.notify import Notify
from fakenotify.records import Binding, Credential, Records, Service

if TYPE_CHECKING:
    from twilio.rest import Client

    from fakenotify.http.app import App


class Account:
    """One account of a fake. ``FakeNotify`` is itself the handle on the default account.

    The lists (``services``, ``bindings``, …) are snapshots of frozen records, oldest first, with ``.last`` and
    ``.where(**fields)``. ``create_*`` follow the rules of the wire, raise the catalogue's ``TwilioError``, and are not
    journaled; an unknown argument is a ``TypeError`` that names it.
    """

    def __init__(self, fake: Any, account_sid: str) -> None:
        self._fake = fake
        self.account_sid = account_sid

    def __repr__(self) -> str:
        return f"<Account {self.account_sid}>"

    @property
    def _world(self) -> World:
        world: World = self._fake.world
        return world

    @property
    def _notify(self) -> Notify:
        return self._world.accounts[self.account_sid]

    @property
    def auth_token(self) -> str:
        """The account's auth token; obviously fake, and the key of its callbacks' signatures."""
        return self._notify.auth_token

    @property
    def url(self) -> str:
        """Where the fake answers, e.g. ``http://127.0.0.1:40123``; the first use opens the socket."""
        url: str = self._fake.url
        return url

    def client(self, *, in_process: bool = False) -> Client:
        """A ``twilio.rest.Client`` of this account; with ``in_process`` it opens no socket.

        Raises ``ImportError`` where the optional package ``twilio`` is missing.
        """
        from fakenotify.clients import twilio

        app: App = self._fake.wsgi_app
        if in_process:
            return twilio.client("https://notify.twilio.com", self.account_sid, self.auth_token, app)
        return twilio.client(self.url, self.account_sid, self.auth_token)

    def async_client(self) -> Client:
        """The same for ``create_async`` and its kin, by aiohttp."""
        from fakenotify.clients import twilio

        return twilio.async_client(self.url, self.account_sid, self.auth_token)

    # arranging

    def create_service(self, friendly_name: str | None = None, sid: str | None = None, **fields: Any) -> Service:
        """Create a Service, with a sid of your choice (``IS`` and 32 hex digits) if you give one."""
        if sid is not None and (not is_sid(sid, "IS") or sid in self._notify.services):
            raise ValueError(f"{sid!r} can't be a new Service's sid: IS and 32 hex digits, not yet in use")
        service: Service = self._run("services.create", (), {"friendly_name": friendly_name, **fields}, sid=sid)
        return service

    def create_credential(self, type: str | None = None, **fields: Any) -> Credential:
        """Create a Credential of ``type`` ``apn``, ``fcm`` or ``gcm``."""
        credential: Credential = self._run("credentials.create", (), {"type": type, **fields})
        return credential

    def create_binding(self, service_sid: str, **fields: Any) -> Binding:
        """Create or replace a Binding: ``identity``, ``binding_type``, ``address``, ``tags`` and so on."""
        binding: Binding = self._run("bindings.create", (service_sid,), fields)
        return binding

    def _run(self, operation: str, values: tuple[str, ...], arguments: dict[str, Any], **given: Any) -> Any:
        return self._world.run(self._notify, operation, values, arguments, **given)

    # looking

    @property
    def services(self) -> Records[Service]:
        """The account's Services."""
        with self._notify.lock:
            return Records(self._notify.services)

    @property
    def credentials(self) -> Records[Credential]:
        """The account's Credentials."""
        with self._notify.lock:
            return Records(self._notify.credentials)

    @property
    def bindings(self) -> Records[Binding]:
        """The Bindings of all the account's Services."""
        with self._notify.lock:
            return Records(self._notify.below("bindings"))

    @property
    def requests(self) -> Records[Request]:
        """What this account asked, and what it was answered."""
        return Records(each for each in self._world.journal if each.account_sid == self.account_sid)
