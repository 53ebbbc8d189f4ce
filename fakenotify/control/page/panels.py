"""The inspector's panels of what happened: requests, alerts, delivery callbacks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fakenotify.control.page.devices import NAMES
from fakenotify.control.page.lens import (
    Facets,
    Lens,
    account,
    code,
    cut,
    error_link,
    moment,
    nothing,
    panel,
    pill,
    short,
    sid,
    terms,
)
from fakenotify.control.page.markup import Html, Node, clip, counted, tag
from fakenotify.notify.debugger import CODES
from fakenotify.notify.journal import Request
from fakenotify.notify.records import Alert, Attempt, Callback

FEW_REQUESTS, REQUESTS = 20, 50
FEW_ALERTS, ALERTS = 8, 100
FEW_CALLBACKS, CALLBACKS = 6, 50
MOST_STATES = 5


# requests


def _params(request: Request) -> Iterable[str]:
    for name, value in request.params.items():
        yield name
        yield from [value] if isinstance(value, str) else value


def _identities(request: Request) -> tuple[str | None, ...]:
    given = request.params.get("Identity", ())
    answered = (request.body or {}).get("identity")
    return (*([given] if isinstance(given, str) else given), answered if isinstance(answered, str) else None)


def _how_it_went(request: Request) -> Iterable[str]:
    status = request.status
    yield from ("no answer",) if status is None else (str(status), f"{status // 100}xx")
    yield str(request.code)
    if request.warnings:
        yield "warned"
    if request.fault:
        yield "fault"


OF_REQUEST: Facets[Request] = Facets(
    texts=lambda each: (
        each.method,
        each.path,
        each.operation,
        each.message,
        each.request_id,
        each.sid,
        each.fault,
        *each.warnings,
        *_params(each),
    ),
    identities=_identities,
    statuses=_how_it_went,
)


def journal(lens: Lens) -> list[Request]:
    """The requests of the accounts in sight, newest first."""
    narrowed = lens.account_sid
    return [each for each in reversed(list(lens.world.journal)) if narrowed in (None, each.account_sid)]


def requests(lens: Lens) -> Html:
    """What was asked and how it was answered."""
    found = lens.choose(journal(lens), OF_REQUEST)
    part = cut(lens, found, FEW_REQUESTS, REQUESTS, lens.link(view="requests"), whole=lens.view == "requests")
    rows = tag("ol", [_request(lens, each) for each in part.rows], class_="rows", data_rows="requests")
    return panel(
        "requests",
        "Requests",
        part.told,
        rows if part.rows else nothing(lens, "Nobody has asked anything yet."),
        part.links,
        _no_longer_held(lens.world.journal.dropped, "requests"),
    )


def _request(lens: Lens, request: Request) -> Html:
    status = request.status
    kind = "bad" if status is None or status >= 400 else "warn" if request.warnings else "good"
    told = None if request.code is None else f"{request.code} {clip(request.message or '', 300)}"
    return tag(
        "li",
        tag(
            "details",
            tag(
                "summary",
                pill("none" if status is None else str(status), kind),
                tag("span", request.operation or "no such route", class_="operation"),
                tag("span", _in_short(request), class_="path"),
                moment(lens, request.date),
                tag("span", told, class_="trouble") if told else None,
                [tag("span", tag("b", "warning "), clip(each, 300), class_="warning") for each in request.warnings],
                tag("span", tag("b", "fault "), clip(request.fault, 200), class_="warning") if request.fault else None,
            ),
            terms(
                ("Asked", tag("code", f"{request.method} {clip(request.path, 2000)}")),
                ("Account", sid(request.account_sid)),
                ("Request", sid(request.request_id)),
                ("Error", error_link(request.code) if request.code is not None else None),
            ),
            [tag("h3", "Parameters"), code(request.params)] if request.params else None,
            [tag("h3", "Answer"), code(request.body)] if request.body is not None else None,
        ),
        class_=f"row request {kind}",
        data_key=request.request_id,
    )


def _in_short(request: Request) -> str:
    """What tells a request from others of its operation: its parameters, or where there are none its path."""
    if not request.params:
        return f"{request.method} {short(clip(request.path, 160))}"
    return clip(", ".join(f"{name}={_line(value)}" for name, value in request.params.items()), 240)


def _line(value: str | list[str]) -> str:
    return clip(value if isinstance(value, str) else " ".join(value), 80)


# alerts


def _of_alert(lens: Lens) -> Facets[Alert]:
    return Facets(
        texts=lambda each: (str(each.code), each.text, each.notification_sid, each.binding_sid, each.binding_type),
        identities=lambda each: (lens.identity if each.binding_sid in lens.sids_of_identity else None,),
        statuses=lambda each: (each.level, str(each.code)),
    )


def _newest(lens: Lens, table: str) -> tuple[list[Any], Node]:
    """The records of a bounded table of each account, newest first, and what is to be said of those that it dropped."""
    found: list[Any] = []
    dropped = 0
    for notify in lens.accounts:
        with notify.lock:
            records = getattr(notify, table)
            found += reversed(list(records))
            dropped += records.dropped
    if lens.several:
        found.sort(key=lambda each: each.date_created, reverse=True)
    return found, _no_longer_held(dropped, table)


def _no_longer_held(dropped: int, table: str) -> Node:
    return tag("p", f"{dropped:,} older {table} are no longer held.", class_="quiet") if dropped else None


def alerts(lens: Lens) -> Html:
    """The Debugger's entries."""
    newest, dropped = _newest(lens, "alerts")
    found: list[Alert] = lens.choose(newest, _of_alert(lens))
    part = cut(lens, found, FEW_ALERTS, ALERTS, lens.link(view="alerts"), whole=lens.view == "alerts")
    rows = tag("ol", [_alert(lens, each) for each in part.rows], class_="rows", data_rows="alerts")
    return panel("alerts", "Alerts", part.told, rows if part.rows else nothing(lens, "No alerts."), part.links, dropped)


def _alert(lens: Lens, alert: Alert) -> Html:
    known = CODES.get(alert.code)
    title = known.title if known else ""
    kind = "bad" if alert.level == "ERROR" else "warn"
    about = alert.notification_sid
    return tag(
        "li",
        tag(
            "p",
            pill(alert.level.lower(), kind),
            tag("span", error_link(alert.code), " ", tag("strong", title)),
            moment(lens, alert.date_created),
            class_="line",
        ),
        tag("p", clip(alert.text, 400), class_="said") if alert.text != title else None,
        tag(
            "p",
            NAMES.get(alert.binding_type, clip(alert.binding_type, 40)) if alert.binding_type else None,
            tag("a", short(about), href=lens.plain(notification=about), class_="sid") if about else None,
            sid(alert.binding_sid),
            account(lens, alert.account_sid),
            class_="meta quiet",
        ),
        class_=f"row alert {kind}",
    )


# callbacks


def _of_callback(lens: Lens) -> Facets[Callback]:
    return Facets(
        texts=lambda each: (
            each.url,
            each.sid,
            each.notification_sid,
            each.body,
            *(try_.error for try_ in each.attempts),
        ),
        identities=lambda each: (lens.identity if each.notification_sid in lens.sids_of_identity else None,),
        statuses=lambda each: (each.status, *[str(one.status) for one in each.attempts]),
    )


def callbacks(lens: Lens) -> Html:
    """The delivery callbacks, and how each attempt went."""
    newest, dropped = _newest(lens, "callbacks")
    found: list[Callback] = lens.choose(newest, _of_callback(lens))
    part = cut(lens, found, FEW_CALLBACKS, CALLBACKS, lens.link(view="callbacks"), whole=lens.view == "callbacks")
    rows = tag("ol", [_callback(lens, each) for each in part.rows], class_="rows", data_rows="callbacks")
    return panel(
        "callbacks",
        "Delivery callbacks",
        part.told,
        rows if part.rows else nothing(lens, "No callbacks: no Service or Notification names a URL for them."),
        part.links,
        dropped,
    )


def _callback(lens: Lens, callback: Callback) -> Html:
    params = callback.params
    states = params.pop("DeliveryState", [])
    more = len(states) - MOST_STATES
    told: dict[str, Any] = {name: values[0] if len(values) == 1 else values for name, values in params.items()}
    told["DeliveryState"] = states[:MOST_STATES] + ([f"… and {more:,} more"] if more > 0 else [])
    kinds = {"DELIVERED": "good", "FAILED": "bad"}
    batch = f"batch {callback.sequence_id}{', final' if callback.is_final else ''}"
    return tag(
        "li",
        tag(
            "details",
            tag(
                "summary",
                pill(callback.status, kinds.get(callback.status, "plain")),
                tag("span", clip(callback.url, 200), class_="operation"),
                tag("span", f"{batch}, {counted(len(states), 'delivery', 'deliveries')}", class_="path"),
                moment(lens, callback.date_created),
            ),
            tag("h3", "Form"),
            code(told),
            terms(
                ("Signature", tag("code", callback.signature)),
                ("Notification", sid(callback.notification_sid)),
                ("Callback", sid(callback.sid)),
            ),
        ),
        tag("ol", [_attempt(lens, each) for each in callback.attempts], class_="attempts", aria_label="Attempts")
        if callback.attempts
        else tag("p", "No attempt yet.", class_="quiet"),
        class_="row callback",
        data_key=callback.sid,
    )


def _attempt(lens: Lens, attempt: Attempt) -> Html:
    how = clip(attempt.error or "", 300) if attempt.status is None else f"answered {attempt.status}"
    return tag(
        "li",
        moment(lens, attempt.date),
        tag("span", how, class_="" if attempt.succeeded else "trouble"),
        tag("code", clip(attempt.body, 300)) if attempt.body else None,
    )
