"""``FakeNotify``: the handle that tests hold."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Mapping
from functools import lru_cache
from threading import RLock
from typing import TYPE_CHECKING
from weakref import WeakSet

from fakenotify.account import Account
from fakenotify.core.clock import Clock
from fakenotify.core.values import is_whole
from fakenotify.notify.accounts import KEPT_BYTES, KEPT_DELIVERIES
from fakenotify.notify.behaviour import Behaviour
from fakenotify.notify.journal import KEPT_REQUESTS, Request
from fakenotify.notify.records import Attempt, Callback, Records
from fakenotify.server.wsgi import App, Doors, is_loopback
from fakenotify.world.hints import names_arguments
from fakenotify.world.world import World

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment
    from httpx import AsyncBaseTransport, BaseTransport
    from requests.adapters import HTTPAdapter

    from fakenotify.clients.intercept import Interception
    from fakenotify.control.app import Control
    from fakenotify.faults.injected import InjectedFault
    from fakenotify.providers.caught import Providers
    from fakenotify.server.callback_sender import CallbackSender
    from fakenotify.server.server import Server
    from fakenotify.world.snapshot import Difference, Snapshot

_fakes: WeakSet[FakeNotify] = WeakSet()
"""Every fake of this process; a forked child must not continue with its parent's."""


def _after_fork() -> None:
    for fake in list(_fakes):
        fake._begin_in_child()


if hasattr(os, "register_at_fork"):  # pragma: no branch  # Windows does not fork
    os.register_at_fork(after_in_child=_after_fork)


class FakeNotify(Account):
    """A fake of Twilio Notify, and the handle on its default account.

    Use it as a context manager, or ``start()`` and ``stop()`` it yourself. The socket opens when it is first needed:
    by ``url``, ``client()``, ``start()``, or on entering ``with`` when a ``port`` was given; a busy port is an
    ``OSError``. The same ``seed`` and the same calls give the same sids. ``accounts`` (sid to auth token, the first is
    the default) makes authentication strict; ``api_keys`` maps key sids to secrets. The journal holds the newest
    ``keep_requests``; an account its newest ``keep_deliveries`` deliveries, alerts and callbacks, and a Service as many
    Notifications: what is ``dropped`` is counted. All of these together hold about ``keep_bytes`` at the most.
    """

    @names_arguments
    def __init__(
        self,
        behaviour: Behaviour | None = None,
        port: int = 0,
        host: str = "127.0.0.1",
        seed: int = 0,
        *,
        accounts: Mapping[str, str] | None = None,
        api_keys: Mapping[str, str] | None = None,
        allow_hosts: tuple[str, ...] = (),
        callback_hosts: tuple[str, ...] = (),
        callback_timeout: float = 5.0,
        keep_requests: int = KEPT_REQUESTS,
        keep_deliveries: int = KEPT_DELIVERIES,
        keep_bytes: int = KEPT_BYTES,
    ) -> None:
        if not host:
            raise ValueError("host is empty; 127.0.0.1 is this machine alone, 0.0.0.0 is all of its addresses")
        self._host = host
        self._port = port
        self._server: Server | None = None
        self._stopped = False
        self._first_use = RLock()
        """Held while something is created on first use, so that there is only one of it."""
        bounds = {"keep_requests": keep_requests, "keep_deliveries": keep_deliveries, "keep_bytes": keep_bytes}
        for name, kept in bounds.items():
            if not is_whole(kept, 1):
                raise ValueError(f"{name} is a whole number from 1, not {kept!r}")
        self._settings = (accounts, api_keys, keep_requests, keep_deliveries, keep_bytes)
        self.world = self._new_world(_shared(behaviour), seed)
        self._callback_sender: CallbackSender | None = None
        self._callbacks_to = (callback_hosts, callback_timeout)
        self.wsgi_app = App(self.world, doors=Doors(allow_hosts))
        self.wsgi_app.control = self._answer_control
        self._allow_hosts = allow_hosts
        self._control: Control | None = None
        super().__init__(self, self.world.accounts.default_sid)
        _fakes.add(self)

    def __repr__(self) -> str:
        return f"<FakeNotify {self._address() if self._server else 'without a socket'}>"

    def __enter__(self) -> FakeNotify:
        if self._port:
            self.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()

    def start(self) -> None:
        """Open the socket and serve; does nothing if it is already open."""
        with self._first_use:
            if self._server is not None:
                return
            from fakenotify.server.server import Server  # in-process use needs no server

            server = Server(self.wsgi_app, self._host, self._port)
            try:
                if not is_loopback(server.server_address[0]):  # whatever name the host was given
                    who = "anyone who reaches this machine can use it"
                    warnings.warn(f"fakenotify listens on {self._host}, not on loopback: {who}", stacklevel=2)
                server.start()
            except BaseException:  # the warning, where warnings are errors
                server.stop()
                raise
            self._server = server
            self.world.ending.undo()
            self._stopped = False
            if self._callback_sender is not None:
                self._callback_sender.start()

    def stop(self) -> None:
        """Close the socket and every connection; the records stay readable. Does nothing if it is already closed."""
        with self._first_use:
            self._stopped = True
            sender, server, self._server = self._callback_sender, self._server, None
        if sender is not None:
            sender.stop()
        self.world.end()
        if server is not None:
            server.stop()

    @property
    def url(self) -> str:
        """Where the fake answers, e.g. ``http://127.0.0.1:40123``; the first use opens the socket."""
        with self._first_use:
            if self._server is None:
                if self._stopped:
                    raise RuntimeError("this fake was stopped; call start() to open it again")
                self.start()
            return self._address()

    @property
    def inspector_url(self) -> str:
        """The address of the inspector page, for a browser; the first use opens the socket."""
        return f"{self.url}/_fake/"

    def _address(self) -> str:
        assert self._server is not None
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "localhost": "127.0.0.1"}.get(self._host, self._host)
        return f"http://{f'[{host}]' if ':' in host and not host.startswith('[') else host}:{self._server.port}"

    @property
    def clock(self) -> Clock:
        """The fake's clock: ``freeze``, ``shift``, ``move_to``, ``tick``, ``resume``."""
        return self.world.clock

    @property
    def behaviour(self) -> Behaviour:
        """The current switches; assign another ``Behaviour`` to change them."""
        return self.world.behaviour

    @behaviour.setter
    def behaviour(self, behaviour: Behaviour) -> None:
        self.world.set_behaviour(_shared(behaviour))

    @property
    def requests(self) -> Records[Request]:
        """All requests to this fake, also the refused ones, with its answers."""
        return Records(self.world.journal)

    @names_arguments
    def account(self, account_sid: str | None = None, auth_token: str | None = None) -> Account:
        """A handle on another account of this fake, with its own world; its auth token is checked.

        Without ``account_sid`` a new account is made each time.
        """
        return Account(self, self.world.declare_account(account_sid, auth_token).account_sid)

    @names_arguments
    def intercept(self, *, strict: bool = False) -> Interception[FakeNotify]:
        """Send calls to ``https://notify.twilio.com`` to this fake, in process, while the context lasts.

        Use it as a context manager, which gives the fake, or as a decorator of a function. Calls by ``requests``
        (and so by the official client), ``httpx`` and ``aiohttp`` are intercepted, also those to edge and region hosts;
        any other look-up of such a host raises ``UninterceptedCall``. Under ``strict``, a call to another host of
        Twilio's raises ``UnexpectedTwilioCall``.
        """
        from fakenotify.clients.intercept import Interception  # start-up time: most tests don't intercept

        return Interception(self, self.wsgi_app, strict=strict)

    def providers(self) -> Interception[Providers]:
        """While the context lasts, what code in this process sends to APNs, FCM (and Google's token endpoint) and
        Twilio Messages by ``requests``, ``httpx`` or ``aiohttp`` is caught and answered as the provider would.

        It yields the ``Providers``: ``requests`` and ``fail(…)``.
        """
        from fakenotify.clients.intercept import Interception  # the libraries that it patches are optional
        from fakenotify.providers.caught import HOSTS, Providers  # start-up time

        providers = Providers(self.clock)
        return Interception(providers, providers, hosts=HOSTS)

    def assert_same_messages(self, providers: Providers, *, ignore: Iterable[str] = ()) -> None:
        """Fail unless the code that talks to providers sent the messages that Notify sent.

        The ``AssertionError`` says in words which are missing, extra or different. ``ignore`` names what may differ:
        ``title``, ``body``, ``priority``, ``expiry``, ``collapse``, ``data.<key>`` with ``*``.
        """
        __tracebackhide__ = True
        from fakenotify.providers.comparison import compare  # start-up time

        comparison = compare(self.deliveries, providers.requests, ignore)
        if comparison:
            raise AssertionError(str(comparison))

    def requests_adapter(self) -> HTTPAdapter:
        """An adapter for ``requests.Session.mount``: no socket, and faults raise the exceptions of ``requests``."""
        from fakenotify.clients.requests_adapter import FakeAdapter

        return FakeAdapter(self.wsgi_app)

    def httpx_transport(self) -> BaseTransport:
        """A transport for ``httpx.Client``: no socket, and faults raise the exceptions of ``httpx``."""
        from fakenotify.clients.httpx_transport import FakeTransport

        return FakeTransport(self.wsgi_app)

    def async_httpx_transport(self) -> AsyncBaseTransport:
        """A transport for ``httpx.AsyncClient``: no socket, and faults raise the exceptions of ``httpx``."""
        from fakenotify.clients.httpx_transport import FakeTransport

        return FakeTransport(self.wsgi_app)

    def reset(self) -> None:
        """Empty the world of every account, and the journal. Clock and behaviour stay as they are."""
        self.world.reset()

    def shutdown(self, status: int = 410) -> InjectedFault:
        """Rehearse the end of Notify on 31 October 2027: every request is refused from now on.

        Twilio hasn't said how Notify will answer: 410 (20410 ``Gone``), 404 (20404) or 403 (20403). (assumed D20)
        """
        return self.world.shutdown(status)

    def _account_of(self, account: Account | str | None) -> str | None:
        """The account that a fault is for; by default all accounts."""
        return account.account_sid if isinstance(account, Account) else account

    def snapshot(self) -> Snapshot:
        """The current records, to compare with or to restore."""
        return self.world.snapshot()

    def restore(self, before: Snapshot) -> None:
        """Restore the records of ``before``; journal, clock and behaviour stay as they are."""
        self.world.restore(before)

    def diff(self, before: Snapshot) -> Difference:
        """What has been added, removed and changed since ``before``; falsy when nothing has."""
        return self.world.diff(before)

    def save(self, path: str | os.PathLike[str], *, secrets: bool = False) -> None:
        """Write the world as JSON. Auth tokens are redacted unless ``secrets``. On ``OSError`` the old file stays."""
        self.world.save(path, secrets=secrets)

    def load(self, path: str | os.PathLike[str]) -> None:
        """Replace the world by that of a file. Raises ``OSError``, or ``StateError`` (a ``ValueError``), unchanged."""
        self.world.load(path)

    def renew(self, behaviour: Behaviour | None = None, seed: int = 0) -> None:
        """Start over on the same socket: new world, clock, journal and behaviour; a stopped fake may start again."""
        self.world.end()
        self.world = self.wsgi_app.world = self._new_world(_shared(behaviour), seed)
        self._stopped = False
        if self._callback_sender is not None:
            self._callback_sender.start()
        self.account_sid = self.world.accounts.default_sid

    def _answer_control(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer requests below ``/_fake/``; the control API is loaded by the first."""
        with self._first_use:
            if self._control is None:
                from fakenotify.control.app import Control  # start-up time: most fakes are never asked

                self._control = Control(self.wsgi_app, self._allow_hosts)
        return self._control(environ, start_response)

    def _begin_in_child(self) -> None:
        """After a fork: an empty world, no server, no thread. They continue in the parent. A lock that another
        thread of the parent held is not waited for."""
        server, self._server = self._server, None
        self._first_use = RLock()
        self._callback_sender = None
        self.world = self.wsgi_app.world = self._new_world(self.world.behaviour, self.world.seed)
        self._control = None
        if server is not None:
            server.forget()

    def _new_world(self, behaviour: Behaviour, seed: int) -> World:
        world = World(behaviour, seed, *self._settings)
        world.due.listen(self._work_is_due)
        world.post_callback = self._post_callback
        return world

    def _work_is_due(self, _: None) -> None:
        if any(len(account.schedule) for account in self.world.accounts):
            self._sender().wake()

    def _post_callback(self, callback: Callback) -> Attempt:
        return self._sender().post(callback)

    def _sender(self) -> CallbackSender:
        """What posts delivery callbacks; made when it is first needed."""
        with self._first_use:
            if self._callback_sender is None:
                from fakenotify.server.callback_sender import CallbackSender  # start-up time: http.client, ssl

                hosts, timeout = self._callbacks_to
                self._callback_sender = CallbackSender(lambda: self.world, hosts, timeout)
                if self._stopped:
                    self._callback_sender.stop()
            return self._callback_sender

    def deliver_callback(self) -> Callback | None:
        """Post the next delivery callback that is due, in this thread, and return it; None if none is due.

        With ``Behaviour(callback_delivery="manual")`` nothing else posts callbacks.
        """
        return self.world.deliver_callback()


def _shared(behaviour: Behaviour | None) -> Behaviour:
    """For tests, any credentials act for the default account unless the tester says otherwise."""
    if not isinstance(behaviour, (Behaviour, type(None))):
        raise TypeError(f"behaviour is a Behaviour, e.g. Behaviour(identity_limit='evict_oldest'), not {behaviour!r}")
    return _with_accounts(behaviour)


@lru_cache(maxsize=64)  # each test makes a world, most with the same switches, and checking them takes time
def _with_accounts(behaviour: Behaviour | None) -> Behaviour:
    behaviour = behaviour or Behaviour()
    return behaviour if behaviour.unknown_accounts else behaviour.changed({"unknown_accounts": "shared"})
