"""The inspector's panel of what can be changed: clock, faults, what providers answer, switches.

Its forms say in attributes what they send to the control API, and ``inspector.js`` sends it; without JavaScript they
can be read.
"""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any, Literal, get_args, get_origin, get_type_hints

from fakenotify.control.page.lens import Lens, account, panel, pill, ticking
from fakenotify.control.page.markup import Html, Node, clip, tag
from fakenotify.faults.injected import InjectedFault
from fakenotify.faults.kinds import KINDS
from fakenotify.notify.behaviour import MOST_RETRIES, Behaviour
from fakenotify.notify.channels import CHANNELS
from fakenotify.notify.debugger import CODES
from fakenotify.notify.dispatch import ROUTES
from fakenotify.notify.outcomes import INJECTABLE, Outcome
from fakenotify.notify.resources.representation import timestamp
from fakenotify.server.wsgi import CONTROL

STATUSES = (429, 500, 503, 401, 403, 404, 410)


def controls(lens: Lens) -> Html:
    """The panel."""
    hint = "Changing anything needs JavaScript, or a call such as "
    line = f'curl -X POST {lens.origin}{CONTROL}/clock -H "Content-Type: application/json" -d \'{{"shift": 3600}}\''
    return panel(
        "controls",
        "Controls",
        None,
        tag("noscript", tag("p", hint, tag("code", line), class_="note")),
        tag("div", _clock(lens), _faults(lens), _outcomes(lens), _behaviour(lens), _reset(lens), class_="controls"),
    )


def _clock(lens: Lens) -> Html:
    clock = lens.world.clock
    steps = {"+1 minute": 60, "+1 hour": 3600, "+1 day": 86400, "+4 weeks": 2419200}
    return _group(
        "Clock",
        tag(
            "p",
            pill("frozen", "warn") if clock.frozen else pill("running", "good"),
            " ",
            ticking(lens),
        ),
        tag(
            "div",
            _button("Resume", "POST", "clock", {"resume": True})
            if clock.frozen
            else _button("Freeze", "POST", "clock", {"freeze": True}),
            [_button(name, "POST", "clock", {"shift": seconds}) for name, seconds in steps.items()],
            None if clock.frozen else _button("System time", "POST", "clock", {"resume": True}),
            class_="buttons",
        ),
        _form(
            "POST",
            "clock",
            _field(
                "Move to", tag("input", name="move_to", placeholder=timestamp(clock.now()), required=True), wide=True
            ),
            submit="Move",
        ),
    )


def _faults(lens: Lens) -> Html:
    rules = [rule for rule in lens.world.faults if lens.account_sid in (None, rule.account_sid) or not rule.account_sid]
    operations = [tag("option", value=each) for each in ("*", "bindings.*", *ROUTES.by_operation)]
    return _group(
        "Faults",
        tag("ul", [_rule(lens, each) for each in rules], class_="recipients")
        if rules
        else tag("p", "Every request is answered as Notify would.", class_="quiet"),
        _form(
            "POST",
            "faults",
            _field(
                "Operation",
                tag("input", name="operation", list="operations", value="notifications.create", required=True),
                tag("datalist", operations, id="operations"),
            ),
            _field("Fault", _select("fault", list(KINDS), "http")),
            _field("Status", _number("status", 400, 599, 429), kinds="http"),
            _field("Retry-After", _number("retry_after", 0, None, None), kinds="http"),
            _field("Requests", _number("requests", 1, None, 1), kinds="rate_limit"),
            _field("Seconds", _number("seconds", 0, None, 1), kinds="latency slow_body rate_limit"),
            _field("Times", _number("times", 1, None, None, placeholder="always")),
            _field("Phase", _select("phase", ["", "before", "after"], "")),
            _account(lens),
            submit="Set fault",
        ),
    )


def _rule(lens: Lens, rule: InjectedFault) -> Html:
    often = "always" if rule.times is None else f"{rule.times}×"
    return tag(
        "li",
        pill("active" if rule.active else "used up", "warn" if rule.active else "plain"),
        tag(
            "span",
            tag("b", rule.operation),
            f" {clip(str(rule.fault), 200)} {rule.phase}, {often}",
            tag("span", f" · fired {rule.fired}×", class_="quiet"),
            " ",
            account(lens, rule.account_sid),
        ),
        _button("Remove", "DELETE", f"faults?id={rule.id}", label=f"Remove fault {rule.id} on {rule.operation}"),
    )


def _outcomes(lens: Lens) -> Html:
    set_ = [(notify.account_sid, each) for notify in lens.accounts for each in list(notify.outcomes)]
    codes = {str(code): f"{code} {CODES[code].title}" for code in INJECTABLE}
    narrowed = f"?account_sid={lens.account_sid}" if lens.account_sid else ""
    return _group(
        "What providers answer",
        tag("ul", [_outcome(lens, *each) for each in set_], class_="recipients")
        if set_
        else tag("p", "Providers take what is right.", class_="quiet"),
        _button("Remove all", "DELETE", f"outcomes{narrowed}") if set_ else None,
        _form(
            "POST",
            "outcomes",
            _field("Code", _select("code", codes, "52141", kind="number"), wide=True),
            _field("Identity", tag("input", name="identity", placeholder="any")),
            _field("Address", tag("input", name="address", placeholder="any")),
            _field("Type", _select("binding_type", {"": "any"} | {each: each for each in CHANNELS}, "")),
            _field("Times", _number("times", 1, None, None, placeholder="always")),
            _account(lens),
            submit="Let deliveries fail",
        ),
    )


def _outcome(lens: Lens, account_sid: str, outcome: Outcome) -> Html:
    whom = (("identity", outcome.identity), ("address", outcome.address), ("type", outcome.binding_type))
    told = ", ".join(f"{name} {clip(value, 60)}" for name, value in whom if value) or "all deliveries"
    often = "always" if outcome.times is None else f"{outcome.times} more"
    return tag(
        "li",
        pill(str(outcome.code), "warn" if outcome.times != 0 else "plain"),
        tag(
            "span",
            f"{CODES[outcome.code].title}: {told}, {often}",
            tag("span", f" · used {outcome.used}×", class_="quiet"),
            " ",
            account(lens, account_sid),
        ),
    )


def _behaviour(lens: Lens) -> Html:
    behaviour = lens.world.behaviour
    hints = get_type_hints(Behaviour)
    switches = [_switch(each.name, hints[each.name], getattr(behaviour, each.name)) for each in fields(Behaviour)]
    return _group("Behaviour", _form("PATCH", "behaviour", switches, submit="Save switches", whole=True))


def _switch(name: str, hint: Any, value: Any) -> Html:
    """A switch with the values that it may have, as its annotation tells them."""
    label = name.replace("_", " ").capitalize()
    if hint is bool:
        return _field(label, _select(name, ["true", "false"], str(value).lower(), kind="boolean"))
    if hint is int:
        return _field(label, _number(name, 0, MOST_RETRIES, value))
    literals = [hint] if get_origin(hint) is Literal else get_args(hint)
    choices = [each for literal in literals for each in get_args(literal)]
    return _field(label, _select(name, ["", *choices] if value is None else choices, value or ""))


def _reset(lens: Lens) -> Html:
    narrowed = f"?account_sid={lens.account_sid}" if lens.account_sid else ""
    what = "this account" if lens.account_sid else "the world"
    return _group(
        "Reset",
        tag(
            "p", f"Puts {what} back to what it began with; the journal, the faults and the outcomes go.", class_="quiet"
        ),
        _button(f"Reset {what}", "POST", f"reset{narrowed}", danger=True),
    )


def _group(title: str, *content: Node) -> Html:
    return tag("div", tag("h3", title), *content, class_="control")


def _form(method: str, path: str, *inputs: Node, submit: str, whole: bool = False) -> Html:
    """A form that is sent as one JSON object: without the fields that are empty, ``whole`` with those that changed."""
    return tag(
        "form",
        tag("fieldset", tag("legend", submit, class_="hidden"), *inputs, tag("button", submit), disabled=True),
        tag("output", class_="answer"),
        data_method=method,
        data_path=f"{CONTROL}/{path}",
        data_changed=whole,
        class_="fields",
        autocomplete="off",
    )


def _field(label: str, *inputs: Node, kinds: str | None = None, wide: bool = False) -> Html:
    """A labelled input; with ``kinds``, one that only these kinds of fault have."""
    return tag("label", tag("span", label), *inputs, data_kinds=kinds, class_="wide" if wide else None)


def _select(name: str, choices: list[str] | dict[str, str], chosen: str | None, kind: str | None = None) -> Html:
    labels = choices if isinstance(choices, dict) else {each: each or "default" for each in choices}
    options = [tag("option", text, value=value, selected=value == chosen) for value, text in labels.items()]
    return tag("select", options, name=name, data_json=kind)


def _number(name: str, low: int, high: int | None, value: int | None, placeholder: str | None = None) -> Html:
    return tag(
        "input",
        type="number",
        name=name,
        min=low,
        max=high,
        value=value,
        step="any" if name in ("seconds", "retry_after") else 1,
        placeholder=placeholder,
        data_json="number",
    )


def _account(lens: Lens) -> Node:
    return tag("input", type="hidden", name="account_sid", value=lens.account_sid) if lens.account_sid else None


def _button(
    text: str, method: str, path: str, body: Any = None, *, danger: bool = False, label: str | None = None
) -> Html:
    return tag(
        "button",
        text,
        type="button",
        disabled=True,
        data_method=method,
        data_path=f"{CONTROL}/{path}",
        data_body=None if body is None else json.dumps(body),
        data_confirm=f"{text}?" if danger else None,
        aria_label=label,
        class_="danger" if danger else None,
    )
