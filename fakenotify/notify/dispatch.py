"""Handling a request without HTTP: a ``Call`` in, an ``Answer`` out. Every error becomes an answer in one place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from functools import lru_cache
from threading import Lock
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from fakenotify.core.clock import Clock
from fakenotify.core.errors import NotFound, TwilioError
from fakenotify.core.paging import PAGING_NAMES, cut, list_body, read_paging
from fakenotify.core.params import Form
from fakenotify.core.real_time import monotonic
from fakenotify.core.routes import NO_PARAMS, Route
from fakenotify.core.sids import SidGenerator
from fakenotify.notify.account import AccountState
from fakenotify.notify.accounts import Accounts
from fakenotify.notify.errors import RequestTooLarge
from fakenotify.notify.hints import about_region, why_not_found
from fakenotify.notify.journal import Journal, Request
from fakenotify.notify.records import NO_STRINGS, Strings
from fakenotify.notify.resources import ROUTES as ROUTES

if TYPE_CHECKING:
    from fakenotify.faults.injected import InjectedFault, InjectedFaults
    from fakenotify.faults.kinds import Fault
    from fakenotify.faults.wire import Wire


@dataclass(slots=True)
class Call:
    """A request as ``dispatch`` takes it. ``path`` is as requested, ``/v1`` included, still percent-encoded.

    ``origin`` is the scheme and host that the client asked. ``notes`` are warnings that arose on the way here.
    ``operation`` and ``account_sid`` are known once the call has been matched.
    """

    method: str
    path: str
    query: Form = field(default_factory=dict, repr=False)
    form: Form = field(default_factory=dict, repr=False)
    credentials: tuple[str, str] | None = field(default=None, repr=False)
    origin: str = "https://notify.twilio.com"
    notes: list[str] = field(default_factory=list)
    too_large: bool = False
    size: int | None = None
    """How many bytes the client sent in body and query, where that is known."""
    wire: Callable[[], Wire] | None = None
    """Makes what a fault acts on, where there is a connection."""
    operation: str | None = None
    account_sid: str | None = None

    @property
    def resource_path(self) -> str:
        """The path as a 404 names it: without ``/v1``. (observed)"""
        return self.path[3:] if self.path.startswith("/v1/") else self.path


@dataclass(slots=True)
class Answer:
    """What goes back: ``body`` is None for an empty one.

    ``broken`` is a fault that breaks the answer while it is sent; if ``status`` is None, there is no answer.
    """

    status: int | None
    body: dict[str, Any] | None
    request_id: str
    operation: str | None = None
    error: TwilioError | None = None
    headers: dict[str, str] = field(default_factory=dict)
    broken: Fault | None = None


class Dispatcher:
    """Notify as its clients see it: it takes each request through authentication, faults, operation and journal."""

    def __init__(self, accounts: Accounts, clock: Clock, journal: Journal, seed: int) -> None:
        self.accounts = accounts
        self.clock = clock
        self.journal = journal
        self._seed = seed
        self._faults: InjectedFaults | None = None
        self._numbering = Lock()
        self.reset()

    def reset(self) -> None:
        """Restart the request ids."""
        self._request_ids = SidGenerator(f"{self._seed}/requests")

    @property
    def faults(self) -> InjectedFaults:
        """The injected faults. Their module is loaded on first use, to keep start-up fast."""
        if self._faults is None:
            from fakenotify.faults.injected import InjectedFaults  # start-up time

            self._faults = InjectedFaults(ROUTES.by_operation)
        return self._faults

    @property
    def has_faults(self) -> bool:
        """Whether any fault is injected."""
        return bool(self._faults)

    def handle(self, call: Call) -> Answer:
        """Answer a request: authentication, size, path, method, what the path names, parameters. (order: D30)"""
        began = monotonic()
        with self._numbering:
            request_id = self._request_ids.new("RQ")
        answer = Answer(None, None, request_id)
        account: AccountState | None = None
        route: Route | None = None
        injected: InjectedFault | None = None
        hints: list[str] = []
        segments = segments_of(call.path)
        try:
            account = self.accounts.authenticate(call.credentials)
            if call.too_large:
                raise RequestTooLarge
            route, values = ROUTES.match(call.method, segments, legacy=account.behaviour.legacy_resources)
            call.operation = answer.operation = route.operation
            call.account_sid = account.account_sid
            goes_on = True
            if self._faults is not None:
                injected, goes_on = self._meet_before(self._faults, route.operation, account.account_sid, call, answer)
            if goes_on:
                with account.lock:
                    account.hints = hints
                    answer.body = _perform(account, route, values, call)
                answer.status = route.status
        except TwilioError as error:
            if isinstance(error, NotFound):
                error = NotFound(call.resource_path)
                assert account is not None  # without valid credentials it is a 401
                why = why_not_found(ROUTES, self.accounts, account, route, call.path, segments)
                hints += [why] if why else []
            elif error.hint is not None:
                hints.append(error.hint)
            error.__traceback__ = error.__context__ = None  # their frames would keep the request, in a circle
            answer.status, answer.body, answer.error = error.status, error.representation(), error
            answer.headers.update(error.headers)
        if injected is not None and injected.phase == "after":
            self._meet(injected, call, answer)
        self._record(call, answer, account, route, hints, injected, began)
        return answer

    def _meet_before(
        self, faults: InjectedFaults, operation: str, account_sid: str, call: Call, answer: Answer
    ) -> tuple[InjectedFault | None, bool]:
        """The fault that meets the request, and whether the operation takes place; one in phase before has acted."""
        injected: InjectedFault | None = None
        while True:
            injected = faults.choose(operation, account_sid, call, injected)
            if injected is None or injected.phase == "after":
                break
            if not self._meet(injected, call, answer):
                return injected, False
            if not injected.fault.lets_through:
                break
        return injected, True

    def _meet(self, injected: InjectedFault, call: Call, answer: Answer) -> bool:
        """Let a fault act; returns whether the operation takes place."""
        from fakenotify.faults.kinds import Fault  # start-up time: most worlds have no fault
        from fakenotify.faults.wire import Broken, NoPause

        try:
            met = injected.fault.meet(call.wire() if call.wire else NoPause(), self.clock.seconds())
        except Broken as broken:
            answer.broken = injected.fault if broken.kind == injected.fault.kind else Fault.stall()
            return injected.fault.goes_on
        if injected.fault.needs_answer:
            answer.broken = injected.fault
        if met is None:
            return True
        answer.error, answer.headers = met
        answer.status, answer.body = answer.error.status, answer.error.representation()
        return False

    def run(
        self, account: AccountState, operation: str, values: tuple[str, ...], arguments: Mapping[str, Any], **given: Any
    ) -> Any:
        """Run an operation from Python by the rules of the wire, unjournaled; returns its record.

        Raises the catalogue's ``TwilioError``, and ``TypeError`` for an argument that the operation doesn't have.
        """
        route = ROUTES.by_operation[operation]
        form = route.params.to_form(operation, arguments)
        try:
            with account.lock:
                account.hints = []
                subject = (route.locate(account, *values),) if route.locate else ()
                return route.run(account, *subject, **route.params.parse(form), **given)
        except NotFound:
            resource_path = route.resource_path(values)
            error, path = NotFound(resource_path), f"/v1{resource_path}"
            error.hint = why_not_found(ROUTES, self.accounts, account, route, path, segments_of(path))
            raise error from None

    def _record(
        self,
        call: Call,
        answer: Answer,
        account: AccountState | None,
        route: Route | None,
        hints: list[str],
        injected: InjectedFault | None,
        began: float,
    ) -> None:
        sent = call.query if call.method == "GET" else call.form
        table = route.params if route else NO_PARAMS
        description = (
            _describe,
            call.method,
            call.path,
            call.origin,
            route,
            sent,
            account.account_sid if account else None,
            answer.status,
            answer.body,
            answer.request_id,
            self.clock.seconds(),
            monotonic() - began,
            answer.error,
            None if injected is None else f"{injected.fault} {injected.phase}",
            tuple(call.notes),
            tuple(hints),
        )
        is_page = route is not None and route.verb == "find"  # which is measured
        at_once = is_page or table.secrets or not table.names.issuperset(sent)  # a secret must not be kept
        request = _describe(*description[1:]) if at_once else Request.later(description)
        self.journal.record(request, None if is_page else call.size)


def _describe(
    method: str,
    path: str,
    origin: str,
    route: Route | None,
    sent: Form,
    account_sid: str | None,
    status: int | None,
    body: dict[str, Any] | None,
    request_id: str,
    seconds: float,
    duration: float,
    error: TwilioError | None,
    fault: str | None,
    notes: tuple[str, ...],
    hints: tuple[str, ...],
) -> Request:
    """A request as the journal shows it, with what a tester should know of it."""
    if route is None:
        operation, table = None, NO_PARAMS
        notes, hints = notes + hints, ()  # a URL that Notify doesn't have
    else:
        operation, table = route.operation, route.params
        found, advice = table.look(sent, PAGING_NAMES if route.verb == "find" else ())
        notes, hints = (*notes, *found), (*hints, *advice)
    if origin.endswith(".twilio.com") and (region := about_region(origin)):
        hints = (*hints, region)
    return Request(
        operation,
        method,
        path,
        table.redact(sent),
        account_sid,
        status,
        error.code if error else None,
        error.message if error else None,
        body,
        Strings(notes + hints) if notes or hints else NO_STRINGS,
        request_id,
        datetime.fromtimestamp(seconds, timezone.utc),
        fault,
        Strings(hints) if hints else NO_STRINGS,
        error.rule(operation) if error else None,
        error.label if error else None,
        error.source or None if error else None,
        int(duration * 1e6) / 1e6,
    )


def _perform(account: AccountState, route: Route, values: tuple[str, ...], call: Call) -> dict[str, Any] | None:
    """Locate, read the parameters, run, represent."""
    subject = (route.locate(account, *values),) if route.locate else ()
    base = call.origin + "/v1"
    if route.verb == "find":
        return _find(account, route, subject, call, base)
    read = route.params.parse_changes if route.verb == "update" else route.params.parse
    record = route.run(account, *subject, **read(call.form))
    return None if route.represent is None else route.represent(account, record, base)


def _find(account: AccountState, route: Route, subject: tuple[Any, ...], call: Call, base: str) -> dict[str, Any]:
    filters = route.params.sent(call.query)
    selection = route.run(account, *subject, **route.params.parse(call.query))
    behaviour = account.behaviour
    paging = read_paging(call.query, behaviour.page_size_limit, behaviour.page_without_token)
    path = call.path.removesuffix(".json")
    scope = f"{account.account_sid}{path}{filters}{behaviour.list_order}"
    page = cut(selection, paging, scope, behaviour.list_order, behaviour.next_page_link)
    represent = route.represent
    assert represent is not None
    return list_body(route.key, page, lambda record: represent(account, record, base), call.origin + path, filters)


@lru_cache(maxsize=256)
def segments_of(path: str) -> tuple[str, ...]:
    """The decoded segments of a path below ``/v1``; ``.json`` at the end is dropped. (assumed D37)"""
    if not path.startswith("/v1/"):
        return ()
    segments = path[4:].removesuffix(".json").split("/")
    return tuple([unquote(segment) for segment in segments] if "%" in path else segments)
