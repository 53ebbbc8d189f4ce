"""The inspector: one web page at ``/_fake/`` that shows everything which happened, and lets it be changed.

The laws: the page says everything without JavaScript, which only keeps it fresh and sends its forms; nothing on it
comes from another host; and a fragment (``part``) is made by the same functions as the page.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files
from shlex import quote
from urllib.parse import urlencode

from fakenotify import __version__
from fakenotify.control.page import outbox, panels
from fakenotify.control.page.inventory import services
from fakenotify.control.page.lens import PARTS, QUERY, Lens, ticking
from fakenotify.control.page.markup import Html, Node, clip, render, tag
from fakenotify.control.page.switchboard import controls
from fakenotify.control.routes import Ask, Content, Parameter, Refused, route
from fakenotify.control.schema import TEXT
from fakenotify.core.params import nearest
from fakenotify.notify.accounts import AUTH_TOKEN
from fakenotify.server.wsgi import CONTROL
from fakenotify.world.world import World

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
"""Content-Security-Policy: own files only, nothing inline, in no frame."""

_HEADERS = (
    ("Content-Security-Policy", POLICY),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Referrer-Policy", "no-referrer"),
)
_ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E"
    "%3Crect width='16' height='16' rx='4' fill='%233a55c8'/%3E"
    "%3Cpath d='M4 10h8l-1-2V6.5a3 3 0 0 0-6 0V8zM7 11.5h2' fill='none' stroke='white'/%3E%3C/svg%3E"
)
_MESSAGING_SERVICE_SID = "MG" + "fa4e" * 8

_PANELS: dict[str, Callable[[Lens], Html]] = {
    "notifications": outbox.notifications,
    "requests": panels.requests,
    "alerts": panels.alerts,
    "callbacks": panels.callbacks,
    "services": services,
    "controls": controls,
}
_COLUMNS = (("notifications", "services"), ("requests", "alerts", "callbacks", "controls"))


_QUERY = {name: Parameter("What is shown.", TEXT) for name in QUERY}


@route("GET", "", TEXT, query=_QUERY, media="text/html")
def get_page(world: World, ask: Ask) -> Content:
    """The inspector, a web page; with ``part``, those parts of it alone."""
    return _inspector(world, ask)


@route("GET", "inspector", TEXT, query=_QUERY, media="text/html", example=("?identity=alice", None))
def get_inspector(world: World, ask: Ask) -> Content:
    """The inspector, a web page, also at ``/_fake/``; with ``part``, those parts of it alone."""
    return _inspector(world, ask)


def _inspector(world: World, ask: Ask) -> Content:
    lens = Lens(world, ask)
    wanted = ask.query.get("part")
    if wanted is None:
        return _html(Html("<!doctype html>\n" + _page(lens)))
    makers = {"summary": _summary, **_PANELS}
    names = wanted.split(",")
    for name in names:
        if name not in makers:
            raise Refused(400, f"the page has no part {name!r}; it has {', '.join(makers)}", nearest(name, makers))
    return _html(render([makers[name](lens) for name in dict.fromkeys(names)]))


@route("GET", "inspector.css", TEXT, media="text/css")
def get_style(world: World, ask: Ask) -> Content:
    """The inspector's style sheet."""
    return _file("inspector.css", "text/css; charset=utf-8")


@route("GET", "inspector.js", TEXT, media="text/javascript")
def get_script(world: World, ask: Ask) -> Content:
    """The inspector's script: it keeps the page fresh and sends its forms."""
    return _file("inspector.js", "text/javascript; charset=utf-8")


def _file(name: str, content_type: str) -> Content:
    return Content(files("fakenotify.control.page").joinpath(name).read_bytes(), content_type, _HEADERS)


def _html(page: Html) -> Content:
    """A page as bytes; a lone surrogate, which JSON can spell but UTF-8 can't, is spelled out."""
    return Content(page.encode("utf-8", "backslashreplace"), "text/html; charset=utf-8", _HEADERS)


def _page(lens: Lens) -> Html:
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", f"{lens.view.capitalize()} · fakenotify" if lens.view else "fakenotify inspector"),
        tag("link", rel="icon", href=_ICON),
        tag("link", rel="stylesheet", href=f"{CONTROL}/inspector.css"),
        tag("script", src=f"{CONTROL}/inspector.js"),
    )
    events = {"account_sid": lens.account_sid} if lens.account_sid else {}
    body = tag(
        "body",
        tag("a", "Skip to the content", href="#main", class_="skip"),
        _top(lens),
        _summary(lens),
        tag("main", tag("h1", _heading(lens), class_="hidden"), _columns(lens), id="main", tabindex=-1),
        tag("p", class_="hidden", id="announcer", role="status"),
        tag("footer", tag("p", f"fakenotify {__version__} · times are UTC · ", _documents()), class_="foot"),
        data_events=f"{CONTROL}/events{'?' + urlencode(events) if events else ''}",
    )
    return tag("html", head, body, lang="en")


def _heading(lens: Lens) -> str:
    return f"fakenotify inspector: {lens.view}" if lens.view else "fakenotify inspector"


def _documents() -> Node:
    return [
        tag("a", "Notify", href=f"{CONTROL}/notify-openapi.json"),
        " · ",
        tag("a", "control API", href=f"{CONTROL}/openapi.json"),
    ]


def _columns(lens: Lens) -> Node:
    if lens.view:
        return tag("div", _PANELS[lens.view](lens), class_="single")
    columns = [tag("div", [_PANELS[name](lens) for name in names], class_="column") for names in _COLUMNS]
    return tag("div", columns, class_="columns")


def _top(lens: Lens) -> Html:
    """The name, and what can be searched for."""
    home = lens.plain()
    return tag(
        "header",
        tag("a", tag("span", class_="mark", aria_hidden="true"), "fakenotify", href=home, class_="brand"),
        _search(lens),
        tag(
            "div",
            tag("button", "Live", type="button", id="live", aria_pressed="true", hidden=True),
            tag("button", "Theme: auto", type="button", id="theme", hidden=True),
            class_="tools",
        ),
        class_="top",
    )


def _search(lens: Lens) -> Html:
    query = lens.query
    statuses = ("2xx", "4xx", "5xx", "no answer", "warned", "fault", "SENT", "FAILED", "PENDING", "DELIVERED")
    found = [tag("option", value=each) for each in (*statuses, "ERROR", "WARNING")]
    return tag(
        "form",
        _input("Search", "q", query.get("q"), "Search anything", type="search"),
        _input("Identity", "identity", lens.identity, "Identity"),
        _input("Status", "status", query.get("status"), "Status", list="statuses"),
        tag("datalist", found, id="statuses"),
        _account_choice(lens),
        tag("input", type="hidden", name="view", value=lens.view) if lens.view else None,
        tag("button", "Filter"),
        tag("a", "Clear", href=lens.plain(view=lens.view or None), class_="clear") if lens.is_filtered else None,
        role="search",
        action=f"{CONTROL}/",
        class_="search",
    )


def _input(label: str, name: str, value: str | None, placeholder: str, **attributes: str) -> Html:
    field = tag("input", name=name, value=value or "", placeholder=placeholder, **attributes)
    return tag("label", tag("span", label), field)


def _account_choice(lens: Lens) -> Node:
    """Which account to look at, where there are several."""
    sids = [notify.account_sid for notify in lens.world.accounts]
    if len(sids) < 2:
        return tag("input", type="hidden", name="account_sid", value=lens.account_sid) if lens.account_sid else None
    options = [tag("option", each, value=each, selected=each == lens.account_sid) for each in sids]
    return tag(
        "label", tag("span", "Account"), tag("select", tag("option", "all", value=""), options, name="account_sid")
    )


def _summary(lens: Lens) -> Html:
    """The way to each part with how much is there, the clock, and what to do next in a world that is empty."""
    accounts = lens.accounts
    counts = {
        "notifications": outbox.count(lens),
        "requests": len(panels.journal(lens)),
        "alerts": sum(len(notify.alerts) for notify in accounts),
        "callbacks": sum(len(notify.callbacks) for notify in accounts),
        "services": sum(len(notify.services) for notify in accounts),
        "controls": len(lens.world.faults) + sum(len(notify.outcomes) for notify in accounts),
    }
    links = [_tab(lens, "", "Overview", None)]
    links += [_tab(lens, name, name.capitalize(), counts[name]) for name in PARTS]
    return tag(
        "div",
        tag(
            "div",
            tag("nav", links, class_="tabs", aria_label="Views"),
            tag(
                "p",
                tag("span", "Clock ", class_="quiet"),
                ticking(lens),
                tag("span", " frozen", class_="frozen") if lens.world.clock.frozen else None,
                class_="the-time",
            ),
            class_="bar",
        ),
        _next_step(lens, counts) if not (lens.is_filtered or counts["notifications"]) else None,
        data_part="summary",
        class_="summary",
    )


def _tab(lens: Lens, view: str, name: str, count: int | None) -> Html:
    words: Node = name if count is None else [name, " ", tag("span", f"{count:,}", class_="number")]
    address = lens.link(view=view or None, page=None, notification=None, service=None)
    return tag("a", words, href=address, aria_current="page" if view == lens.view else None)


def _next_step(lens: Lens, counts: dict[str, int]) -> Html:
    """A friendly word and a command line, for as long as nothing was sent."""
    notify = lens.world.accounts[lens.account_sid or lens.world.accounts.default_sid]
    with notify.lock:
        service = next(iter(notify.services), None)
        binding = next(iter(notify.scopes[service.sid].bindings), None) if service else None
    if service is None:
        title, path = "Create a Service", "Services"
        form = {"FriendlyName": "demo", "MessagingServiceSid": _MESSAGING_SERVICE_SID}
    elif binding is None:
        title, path = "Register a device", f"Services/{service.sid}/Bindings"
        form = {"Identity": "alice", "BindingType": "sms", "Address": "+15005550006"}
    else:
        title, path = "Send the first notification", f"Services/{service.sid}/Notifications"
        form = {"Identity": binding.identity, "Body": "Hello!"}
    token = AUTH_TOKEN if notify.auth_token == AUTH_TOKEN else "YOUR_AUTH_TOKEN"
    sent = "".join(f" \\\n  --data-urlencode {quote(f'{name}={clip(value, 200)}')}" for name, value in form.items())
    line = f"curl -u {notify.account_sid}:{token} {lens.origin}/v1/{path}{sent}"
    told = "Nothing was sent yet." if counts["requests"] or counts["services"] else "This world is empty."
    return tag(
        "section",
        tag("h2", told, id="next-heading"),
        tag("p", f"{title}, and watch it appear here:"),
        tag("pre", tag("code", line), tabindex=0),
        tag("button", "Copy", type="button", data_copy=line, hidden=True),
        class_="next",
        aria_labelledby="next-heading",
    )
