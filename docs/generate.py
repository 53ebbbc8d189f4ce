"""Write the pages that are made from the code (reference, control API, fidelity): ``python docs/generate.py``.

Every fact on these pages comes from the code. This file has only the text between the facts.
"""

from __future__ import annotations

import argparse
import ast
import importlib
import inspect
import itertools
import json
import re
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import conftest_plugin
import fakenotify
from fakenotify.cli import commands as command_line
from fakenotify.cli.options import variable_of
from fakenotify.control.routes import EVENTS, JSON
from fakenotify.control.routes import ROUTES as CONTROL_ROUTES
from fakenotify.control.routes import Route as ControlRoute
from fakenotify.control.tables import PAGING
from fakenotify.core.paging import DEFAULT_SIZE, LARGEST_SIZE
from fakenotify.core.params import Param
from fakenotify.core.routes import Route
from fakenotify.notify import behaviour, errors, outcomes
from fakenotify.notify import debugger as alerts
from fakenotify.notify.decisions import DECISIONS, RECORDINGS, SOURCES
from fakenotify.notify.dispatch import ROUTES
from fakenotify.proxy.environment import GIVEN
from fakenotify.world import provenance

DOCS = Path(__file__).parent
UNSET = "–"


# words and rows


def code(value: object) -> str:
    """A value as Markdown code; a dash for nothing."""
    return f"`{value}`" if value not in (None, "") else UNSET


def shown(value: Any) -> str:
    """A Python value as a form spells it."""
    return code(str(value).lower() if isinstance(value, bool) else value)


def rows(heads: Iterable[str], lines: Iterable[Iterable[str]]) -> list[str]:
    """A Markdown table; nothing at all for one without rows."""
    body = [f"| {' | '.join(line)} |" for line in lines]
    names = list(heads)
    return [f"| {' | '.join(names)} |", "|" + " --- |" * len(names), *body, ""] if body else []


def prose(text: str) -> list[str]:
    """Paragraphs; a docstring's ``code`` is Markdown already."""
    return [*inspect.cleandoc(text).split("\n"), ""] if text else []


def in_one_sentence(words: str) -> str:
    """The first sentence of a text."""
    return re.split(r"(?<=\.) ", " ".join(words.split()))[0]


def in_one_line(documented: object) -> str:
    """A docstring in one line."""
    return " ".join(" ".join(prose(inspect.getdoc(documented) or "")).split())


def anchor(heading: str) -> str:
    """The anchor of a heading, the same on GitHub and in MkDocs."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def contents(lines: Iterable[str]) -> list[str]:
    """A list of links to the headings of rank 2, each followed by links to those of rank 3 below it."""
    found: list[list[str]] = []
    fenced = False
    for line in lines:
        fenced ^= line.startswith("```")
        if not fenced and line.startswith(("## ", "### ")):
            rank, _, words = line.partition(" ")
            shown_as = words if rank == "##" else words.rpartition(".")[2]
            link = f"[{shown_as}](#{anchor(words)})"
            found = [*found, [link]] if rank == "##" else [*found[:-1], [*found[-1], link]]
    return [f"- {first}{': ' * bool(below)}{', '.join(below)}" for first, *below in found] + [""]


# operations


OPERATIONS = f"""
What Notify does, operation by operation. The other pages of the reference: [switches](reference-behaviour.md),
[errors](reference-errors.md), [Python](reference-python.md), [pytest](reference-pytest.md) and the
[command line](reference-command-line.md).

All paths are under `/v1`. Request bodies are forms, answers are JSON. An operation has the same name everywhere: in
`fake.fail(…)`, in the journal, in the log and on this page. A repeatable parameter is sent once for each value. In
Python, `FriendlyName` is `friendly_name`; the notes say where the Python name is another word.

Lists answer oldest first ([a switch](reference-behaviour.md#list_order)). They also read `PageSize` (1 to
{LARGEST_SIZE}, default {DEFAULT_SIZE}), `Page` and `PageToken`; follow `meta.next_page_url`. An empty value in an
update restores the default. *Known* says how sure we are, with the words that [errors](reference-errors.md) use;
`GET /_fake/rules` has the source of each rule.
"""


def operations() -> Iterator[str]:
    """Every operation, resource by resource."""
    yield from ("# Operations", "", *prose(OPERATIONS))
    for resource, routes in itertools.groupby(ROUTES.by_operation.values(), lambda each: each.operation.split(".")[0]):
        yield from (f"## {resource.replace('_', ' ').capitalize()}", "")
        for route in routes:
            yield from operation(route)


def operation(route: Route) -> Iterator[str]:
    """One operation."""
    yield from (f"### {route.operation}", "", f"`{route.method} /v1{route.path}` answers {route.status}.", "")
    yield from prose(route.run.__doc__ or "")
    if route.legacy:
        yield from ("Withdrawn by Twilio in 2018; under `Behaviour(legacy_resources=False)` it is a 404.", "")
    if not route.params.rows:
        yield from ("Only the parameters of paging." if route.verb == "find" else "No parameters.", "")
    lines = (parameter(row, route.verb) for row in route.params.rows)
    yield from rows(("Parameter", "Value", "Default", "Notes", "Known"), lines)


def parameter(row: Param, verb: str) -> tuple[str, ...]:
    """One parameter."""
    default = row.default_words or shown(row.default)
    if verb == "update":
        default = "unchanged"
    return code(row.name), row.kind.words(), default, ", ".join(notes_on(row)) or UNSET, row.label


def notes_on(row: Param) -> Iterator[str]:
    """The notes on a parameter."""
    if row.field != re.sub("(?<=[a-z])(?=[A-Z])", "_", row.name).lower():
        yield f"in Python {code(row.field)}"
    if row.required:
        yield "required"
    if row.most is not None:
        yield f"repeatable, at most {row.most}" if row.most else "repeatable"
    if row.distinct:
        yield "duplicates are dropped"
    if row.secret:
        yield "secret: read and dropped"
    if row.deprecated:
        yield f"deprecated: {row.deprecated}"


# switches and errors


BEHAVIOUR = """
Where nobody outside Twilio knows what Notify does, the fake's choice is marked *assumed*, and it is a switch if a test
could need the other choice. Set a switch with

- `FakeNotify(Behaviour(identity_limit="evict_oldest"))` in Python,
- `@pytest.mark.fake_notify(identity_limit="evict_oldest")` on a test,
- `--fake-notify-behaviour` on pytest's command line or `fake_notify_behaviour` in its ini file,
- `--behaviour` on the command line of the server,
- `PATCH /_fake/behaviour` in the control API.

An unknown switch or value is refused, and the message names the nearest ones.
"""

ERRORS = """
Every error body has the keys `code`, `message`, `more_info` and `status`. *Known* says how sure we are: *observed* on
Notify, *documented* by Twilio, a *sample* of Twilio's, a *sibling* (seen on another Twilio API), or *assumed*. *Source*
says where we know it from, or which [decision](fidelity.md#decisions) we made. A 4xx answer names its rule in the
header `X-Fakenotify-Rule`, and `GET /_fake/rules/{id}` explains the rule.
"""

IN_PYTHON = """
In Python, each is an exception in `fakenotify.notify.errors`: a subclass of `fakenotify.TwilioError` with `status`,
`code` and `message`. A test that names something that doesn't exist gets a `fakenotify.core.errors.UnknownName` (a
`LookupError` and a `ValueError`), whose `nearest` lists similar names that do.
"""

DEBUGGER = """
Notify reports what goes wrong after its 201 only in the Debugger. The fake has these reports in `fake.alerts`, and in
the `error_code` of a delivery. A code marked *set* can be chosen as a provider's answer, see
[provider outcomes](faults.md#provider-outcomes). The fake raises a code marked *automatic* where Notify would. The
titles are Twilio's.
"""


def switches() -> Iterator[str]:
    """Every switch of ``Behaviour``."""
    yield from ("# Behaviour", "", *prose(BEHAVIOUR))
    for name, words, decision, default, allowed in behaviour.switches().values():
        values = [f"`0` to `{allowed[-1]}`"] if type(allowed[0]) is int else map(shown, allowed)
        facts = f"Values: {', '.join(values)}. Default: {shown(default)}.".replace(UNSET, "unset")
        where = f"Decision [{decision}](fidelity.md#decisions)."
        yield from (f"## {name}", "", facts, "", words, where, "")


def error_table() -> Iterator[str]:
    """Every error that Notify answers with, and every code of its Debugger."""
    yield from ("# Errors", "", *prose(ERRORS), "## Answers", "")
    lines = (
        (
            code(each.__name__),
            f"{each.status}",
            f"{each.code}",
            message_of(each),
            in_one_line(each),
            each.label,
            each.source,
        )
        for each in errors.CATALOGUE
    )
    yield from rows(("Error", "Status", "Code", "Message", "When", "Known", "Source"), lines)
    yield from ("## In Python", "", *prose(IN_PYTHON))
    yield from debugger()


def message_of(error: type[errors.TwilioError]) -> str:
    """The words of an error, with the names of what is filled in."""
    names = [each for each in inspect.signature(error).parameters if each != "message"]
    made = error(*(f"{{{name}}}" for name in names))
    return "the channel's own words" if made.message == errors.TwilioError.message else code(made.message)


def debugger() -> Iterator[str]:
    """Every code that Notify raises in the Debugger."""
    yield from ("## Debugger codes", "", *prose(DEBUGGER))
    lines = (
        (f"{each.code}", each.level, each.title, each.detail or UNSET, how_raised(each))
        for each in alerts.CODES.values()
        if each.of_notify
    )
    yield from rows(("Code", "Level", "Title", "Detail", "How"), lines)


def how_raised(code: alerts.Code) -> str:
    """Who raises a code: the fake, if a channel or the code that delivers names it, or the tester."""
    package = Path(str(fakenotify.__file__)).parent / "notify"
    modules = [package / "deliveries.py", package / "callbacks.py", *(package / "channels").glob("*.py")]
    automatic = any(str(code.code) in each.read_text(encoding="utf-8") for each in modules)
    ways = ["automatic"] * (automatic or code.code in _OF_ERRORS) + ["set"] * (code.code in outcomes.INJECTABLE)
    return ", ".join(ways) if code.when != "M" else "an error of Users and Segments"


_OF_ERRORS = frozenset(each.code for each in errors.CATALOGUE)


# Python


PYTHON = """
`from fakenotify import FakeNotify, Behaviour, Fault`. `FakeNotify` is itself the handle on its default account, so it
has everything that `Account` has.
"""

CLASSES = (
    ("fakenotify.fake", "FakeNotify", "fake"),
    ("fakenotify.account", "Account", "fake"),
    ("fakenotify.core.clock", "Clock", "fake.clock"),
    ("fakenotify.faults.kinds", "Fault", "Fault"),
    ("fakenotify.notify.records", "Records", "fake.bindings"),
)
"""What a tester holds, and its name in an example."""

ATTRIBUTES = {
    "FakeNotify": (("wsgi_app", "WSGI application", "The fake as an application, for any other transport."),),
    "Account": (("account_sid", "str", "Whose handle this is."),),
}
"""Attributes that have no docstring of their own."""

RECORDS = (
    *(
        ("fakenotify.notify.records", name)
        for name in ("Service", "Binding", "Credential", "Notification", "User", "Segment")
    ),
    *(("fakenotify.notify.records", name) for name in ("Delivery", "Alert", "Callback", "Attempt")),
    ("fakenotify.notify.journal", "Request"),
    ("fakenotify.world.explain", "Explanation"),
    ("fakenotify.world.explain", "Reason"),
    ("fakenotify.faults.injected", "InjectedFault"),
    ("fakenotify.world.snapshot", "Snapshot"),
    ("fakenotify.world.snapshot", "Difference"),
)
INNER = frozenset(("meet", "break_answer", "to_json", "on_move", "seconds", "stamp", "renew"))
"""Methods that only the package calls."""


def vocabulary() -> Iterator[str]:
    """The classes that a tester holds."""
    yield from ("# Python", "", *prose(PYTHON))
    for module, name, example in CLASSES:
        yield from class_page(class_node(importlib.import_module(module).__file__, name), example)
    yield from ("## What is recorded", "")
    yield from ("Frozen dataclasses. Dates are aware `datetime`s in UTC, and `Strings` equal lists of strings.", "")
    for module, name in RECORDS:
        yield from record(class_node(importlib.import_module(module).__file__, name))


def class_node(path: str | None, name: str) -> ast.ClassDef:
    """A class in a source file."""
    tree = ast.parse(Path(str(path)).read_text(encoding="utf-8"))
    return next(each for each in tree.body if isinstance(each, ast.ClassDef) and each.name == name)


def class_page(node: ast.ClassDef, example: str) -> Iterator[str]:
    """A class: its docstring, its properties in a table, its methods."""
    yield from (f"## {node.name}", "", *prose(ast.get_docstring(node) or ""))
    methods = [each for each in node.body if isinstance(each, ast.FunctionDef) and each.name not in INNER]
    if node.name == "FakeNotify":
        yield from ("```text", signature("FakeNotify", methods[0], returns=False), "```", "")
    attributes = [(code(name), code(kind), words) for name, kind, words in ATTRIBUTES.get(node.name, ())]
    yield from rows(("Attribute", "Type", "What"), [*attributes, *filter(None, map(attribute, methods))])
    for method in methods:
        if not method.name.startswith("_") and not kinds(method) & {"property", "setter"}:
            yield from (f"### {node.name}.{method.name}", "")
            yield from ("```text", signature(f"{example}.{method.name}", method), "```", "")
            yield from prose(ast.get_docstring(method) or "")


def kinds(method: ast.FunctionDef) -> set[str]:
    """The last words of a method's decorators."""
    return {ast.unparse(each).rpartition(".")[2] for each in method.decorator_list}


def attribute(method: ast.FunctionDef) -> tuple[str, str, str] | None:
    """A property; None for another method."""
    if "property" not in kinds(method) or method.name.startswith("_") or method.returns is None:
        return None
    return code(method.name), type_of(method.returns), " ".join((ast.get_docstring(method) or "").split())


def type_of(annotation: ast.expr) -> str:
    """A type without a bar, which would end a cell of a table."""
    return code(ast.unparse(annotation).replace(" | ", " or ").replace("'", '"'))


def signature(name: str, method: ast.FunctionDef, *, returns: bool = True) -> str:
    """A call as a reader writes it: without ``self``, over several lines where it is long."""
    given = method.args
    positional = [each for each in given.args if each.arg != "self"]
    defaults = [None] * (len(given.args) - len(given.defaults)) + list(given.defaults)
    pieces = [*map(argument, positional, defaults[len(given.args) - len(positional) :])]
    if given.kwonlyargs:
        pieces += ["*", *map(argument, given.kwonlyargs, given.kw_defaults)]
    pieces += [f"**{argument(given.kwarg, None)}"] if given.kwarg else []
    end = f") -> {ast.unparse(method.returns)}" if returns and method.returns else ")"
    line = f"{name}({', '.join(pieces)}{end}".replace("'", '"')
    if len(line) <= 110:
        return line
    return "\n".join([f"{name}(", *(f"    {each}," for each in pieces), end]).replace("'", '"')


def argument(given: ast.arg, default: ast.expr | None) -> str:
    """An argument, annotated."""
    annotated = f"{given.arg}: {ast.unparse(given.annotation)}" if given.annotation else given.arg
    return annotated if default is None else f"{annotated} = {ast.unparse(default)}"


def record(node: ast.ClassDef) -> Iterator[str]:
    """A record: its docstring, its fields and its properties."""
    yield from (f"### {node.name}", "", *prose(ast.get_docstring(node) or ""))
    fields = [
        (code(ast.unparse(each.target)), type_of(each.annotation), UNSET)
        for each in node.body
        if isinstance(each, ast.AnnAssign)
    ]
    properties = [attribute(each) for each in node.body if isinstance(each, ast.FunctionDef)]
    lines = [*fields, *filter(None, properties)]
    if any(words != UNSET for _, _, words in lines):
        yield from rows(("Field", "Type", "What"), lines)
    else:
        yield from rows(("Field", "Type"), (line[:2] for line in lines))


# pytest and the command line


MARKER = """
`@pytest.mark.fake_notify(seed=0, frozen=False, **behaviour)` goes on a test, a class or a module; the marker nearest to
the test wins. `seed` decides the sids. `frozen=True`, or an instant such as `"2027-10-31T00:00:00Z"`, stops the clock.
Every other name is a switch of [Behaviour](reference-behaviour.md).
"""

REPORT = """
When a test that used the fixture fails, its report has a section `fakenotify` with the last requests, their codes and
warnings, the alerts and the faults. A fault that no request met fails the test, unless it is `optional`. Input that
Notify ignores silently is a pytest warning, and a failure if *strict* is on.
"""

COMMANDS = """
`fakenotify` and `python -m fakenotify` are the same. An option takes precedence over its variable; in the variable of a
repeatable option, separate the values by spaces. An empty variable counts as unset. A bad option, a busy port or a file
that can't be read or written prints one line to stderr and exits with status 2. SIGINT, SIGTERM and SIGHUP stop the
server at once, with status 0.
"""


class Declarations:
    """Has the methods of pytest's parser, and records what is declared."""

    def __init__(self) -> None:
        self.options: list[tuple[str, dict[str, Any]]] = []
        self.settings: list[tuple[str, str, dict[str, Any]]] = []

    def getgroup(self, *words: str) -> Declarations:
        """All options in one group."""
        return self

    def addoption(self, name: str, **facts: Any) -> None:
        """An option of the command line."""
        self.options.append((name, facts))

    def addini(self, name: str, words: str, **facts: Any) -> None:
        """A setting of an ini file."""
        self.settings.append((name, words, facts))


def declared() -> Declarations:
    """What the plugin declares."""
    asked = Declarations()
    conftest_plugin.pytest_addoption(asked)  # type: ignore[arg-type]  # it has what is asked of it
    return asked


def fixtures() -> list[tuple[str, str, str]]:
    """The plugin's fixtures: name, scope, words."""
    found = []
    for node in ast.parse(Path(str(conftest_plugin.__file__)).read_text(encoding="utf-8")).body:
        for decorator in map(ast.unparse, node.decorator_list if isinstance(node, ast.FunctionDef) else ()):
            if decorator.startswith("pytest.fixture"):
                assert isinstance(node, ast.FunctionDef)
                scope = decorator.partition("scope='")[2].partition("'")[0] or "function"
                found.append((node.name, scope, " ".join((ast.get_docstring(node) or "").split())))
    return found


def pytest_plugin() -> Iterator[str]:
    """Fixtures, marker, options and settings."""
    asked = declared()
    yield from ("# pytest", "", *prose(REPORT), "## Fixtures", "")
    yield from rows(("Fixture", "Scope", "What"), ((code(name), *facts) for name, *facts in fixtures()))
    yield from ("## The marker fake_notify", "", *prose(MARKER), "## Options", "")
    options = ((code(f"{name} {facts.get('metavar', '')}".strip()), facts["help"]) for name, facts in asked.options)
    yield from rows(("Option", "What"), options)
    yield from ("## Settings in an ini file", "")
    settings = ((code(name), facts.get("type", "string"), words) for name, words, facts in asked.settings)
    yield from rows(("Setting", "Type", "What"), settings)


def commands() -> Iterator[str]:
    """The command lines, their options and variables."""
    yield from ("# Command line", "", *prose(COMMANDS))
    for name in command_line.COMMANDS:
        parser = command_line.parser_of(name)
        yield from (f"## {parser.prog}", "", str(parser.description), "")
        lines = (option(each) for each in parser.declared if each.dest != "help")
        yield from rows(("Option", "Variable", "Default", "What"), lines)
    yield from ("## Variables for programs", "")
    yield from ("`fakenotify run` and `fakenotify env` set these variables for a program:", "")
    yield from (", ".join(map(code, GIVEN)) + ".", "")


def option(action: argparse.Action) -> tuple[str, ...]:
    """One option, or an argument without one."""
    words = (action.help or "").partition(" (default")[0]
    default = UNSET if action.nargs == 0 or action.default in (None, []) else shown(action.default)
    if not action.option_strings:
        return code(str(action.metavar)), "", default, words
    name = max(action.option_strings, key=len)
    value = action.metavar or (f"{{{','.join(map(str, action.choices))}}}" if action.choices else "")
    if not value and action.nargs != 0:
        value = name.rpartition("-")[2].upper()
    variable = "" if name == "--version" else variable_of(action)
    return code(f"{name} {value}".strip()), code(variable), default, words


# the control API


CONTROL_API = """
The control API gives a test in any language what a Python test can do. It is served below `/_fake/` on the fake's own
address; the examples use the default address of `python -m fakenotify`. `GET /_fake/openapi.json` describes it in
OpenAPI 3.1, and `GET /_fake/notify-openapi.json` describes Notify itself.

- Requests and answers are JSON. A write with a body needs `Content-Type: application/json`; any other type is a 403. A
  write without a body needs no content type.
- A read answers an object with the rows under their name, oldest first. All [tables](#tables) take the same query.
- Errors are `{"error": "…", "nearest": […]}`; `nearest`, if it is there, lists valid names. A 400 means that the body
  or the query is invalid and that nothing has changed, a 404 that the thing doesn't exist, a 403 that the host, the
  origin or the content type is not allowed.
- `Host` must be a loopback name, the bound address or a name given with `--allow-host`. Requests with a foreign
  `Origin` or `Sec-Fetch-Site: cross-site` are refused, and there is no CORS. [Security](security.md) has the reasons.
- Control requests need no credentials. They are not journaled, and faults don't apply to them.
"""

TABLES = """
`services`, `bindings`, `credentials`, `users`, `segments`, `notifications`, `deliveries`, `alerts`, `callbacks` and
`requests` all take the query below. The rows are under the table's name, oldest first; rows of several accounts are
sorted by date. `dropped` counts the older rows that are no longer kept. A row has the fields of its record, an `id`
that is unique within its account's table, and facts that go with it, such as a Notification's number of failed
deliveries.

With `limit`, an answer has two cursors. Send `next` as `after`, with the same order and filters, to get the following
page; it is null on the last page. Send `previous` as `before` to get the rows in front of the page: with
`order=newest`, those are the rows added since. Rows that are added or deleted between two reads neither repeat other
rows nor hide them. A page without filters takes the same time however long the table is; a filter, `q` or `count` reads
every row.
"""

ADDRESS = "http://127.0.0.1:4010"
PLACEHOLDERS = {"NotificationSid": "NT" + "0" * 32, "file": "inspector.js", "id": "bindings.create.Tag"}
SEE = {
    "state": "[Saved worlds](how-to.md#saved-worlds) describes the format. Omitted fields get Notify's defaults.",
    "faults": "[Faults](faults.md) describes the kinds, and what clients see of each.",
    "outcomes": "[Provider outcomes](faults.md#provider-outcomes) lists the codes.",
    "behaviour": "[Behaviour](reference-behaviour.md) describes the switches.",
}


def control_api() -> Iterator[str]:
    """The page on the control API."""
    routes = [
        (f"{method} /_fake/{path}", each)
        for path, methods in CONTROL_ROUTES.items()
        for method, each in methods.items()
    ]
    index = ((f"[{title}](#{anchor(title)})", in_cell(in_one_sentence(each.words))) for title, each in routes)
    yield from ("# Control API", "", *prose(CONTROL_API))
    yield from rows(("Route", "What it does"), index)
    yield from ("## Tables", "", *prose(TABLES))
    yield from rows(("Query", "What"), ((code(name), in_cell(each.words)) for name, each in PAGING.items()))
    for path, methods in CONTROL_ROUTES.items():
        for method, route in methods.items():
            yield from control_route(method, path, route)


def control_route(method: str, path: str, route: ControlRoute) -> Iterator[str]:
    """One route."""
    yield from (f"## {method} /_fake/{path}", "", *prose(route.words))
    if path in SEE:
        yield from (SEE[path], "")
    shared = PAGING if PAGING.keys() <= route.query.keys() else {}
    if shared:
        yield from (
            "It takes the [query of all tables](#tables), and:"
            if len(route.query) > len(shared)
            else "It takes the [query of all tables](#tables).",
            "",
        )
    own = {name: each for name, each in route.query.items() if name not in shared}
    yield from rows(("Query", "What"), ((code(name), in_cell(each.words)) for name, each in own.items()))
    if route.body is not None:
        yield from ("Body:", "", "```text", *sketch(route.body), "```", "")
    if route.media == EVENTS:
        yield from ("Answer: `text/event-stream`; the data of each event is a JSON object.", "")
    elif route.media != JSON:
        yield from (f"Answer: `{route.media}`.", "")
    else:
        yield from ("Answer:", "", "```text", *sketch(route.answer), "```", "")
    yield from ("```sh", example(route), "```", "")


def example(route: ControlRoute) -> str:
    """A ``curl`` line that works."""
    query, body = route.example
    url = f"{ADDRESS}/_fake/{route.path.format_map(PLACEHOLDERS)}{query}"
    method = ["-X", route.method] if route.method != "GET" else []
    words = ["curl", *(["-N"] if route.media == EVENTS else []), *method, url]
    if body is not None:
        words += ["-H", "Content-Type: application/json", "-d", json.dumps(body)]
    return " ".join(shlex.quote(word) for word in words)


_TYPES = {"string": "text", "integer": "whole number", "number": "number", "boolean": "true or false", "null": "null"}


def sketch(schema: Mapping[str, Any], indent: str = "") -> list[str]:
    """A schema for people."""
    if "anyOf" in schema:
        lines, *others = (sketch(each, indent) for each in schema["anyOf"])
        for each in others:
            lines = [*lines[:-1], f"{lines[-1]} or {each[0]}", *each[1:]]
        return lines
    if "enum" in schema or "const" in schema:
        return [" or ".join(json.dumps(each) for each in schema.get("enum", [schema.get("const")]))]
    kind = schema.get("type", "any JSON")
    if isinstance(kind, list):
        first, *others = (_TYPES[each] for each in kind)
        return [" or ".join([first + bounds(schema), *others])]
    if kind == "array":
        begin, *more = sketch(schema["items"], indent)
        return [f"[{begin}", *more[:-1], f"{more[-1]}, …]"] if more else [f"[{begin}, …]"]
    if kind != "object":
        date = schema.get("format") == "date-time"
        return ["instant, such as 2026-11-24T12:00:00Z" if date else _TYPES.get(kind, kind) + bounds(schema)]
    lines, one = [], schema.get("maxProperties") == 1
    for name, inner in schema.get("properties", {}).items():
        first, *others = sketch(inner, indent + "  ")
        *before, last = [f"{indent}  {json.dumps(name)}: {first}", *others]
        lines += [*before, last if one or name in schema["required"] else f"{last} (optional)"]
    if schema.get("additionalProperties"):
        lines.append(f"{indent}  …")
    return ["{ exactly one of" if one else "{", *lines, f"{indent}}}"] if lines else ["{…}"]


def bounds(schema: Mapping[str, Any]) -> str:
    """A number's bounds, in words."""
    words = ((" from", "minimum"), (" to", "maximum"))
    return "".join(f"{word} {schema[name]}" for word, name in words if name in schema)


# the pages


LABELS = {
    "observed": "real traffic of Notify that somebody quoted or logged",
    "documented": "Twilio says so: its documentation, OpenAPI file, error dictionary, or an official library's source",
    "sample": "a vendor's example payload: the shape is reliable, the values may be invented",
    "sibling": "real traffic of another Twilio API behind the same gateway or push backend",
    "assumed": "our decision, because nobody outside Twilio knows; a switch if a test could need the other choice",
    "injected": "not a rule of Notify: the test injected the answer",
}

FIDELITY = """
How sure the fake is of each of its rules, and where we know it from. The answer to a refused request has the rule in
the header `X-Fakenotify-Rule` and its label in `X-Fakenotify-Label`; `fake.requests`, the log, the report of a failed
test and the inspector show both. `GET /_fake/rules` and `GET /_fake/rules/{id}` have this page as JSON. The label of a
parameter is about the answer to a bad value: it is documented that `PageSize` exists, but not how a bad one is refused.
"""

DECISIONS_PAGE = """
Where no source answers a question, we decided. Each decision has a number, which the code and the rules cite. If it has
a switch, you can choose otherwise: see [Behaviour](reference-behaviour.md).
"""

RECORDINGS_PAGE = """
Refusals of Notify that somebody recorded and published. Only these answers are *observed*.
"""


def in_cell(words: str) -> str:
    """A rule's words as a cell of a table."""
    return words.replace("``", "`").replace("|", "\\|")


def fidelity() -> Iterator[str]:
    """Every decision and every rule, and how sure we are of it."""
    known = provenance.rules().values()
    counts = {label: sum(rule.label == label for rule in known) for label in LABELS}
    yield from ("# Fidelity", "", *prose(FIDELITY))
    lines = ((label, str(counts[label]), words) for label, words in LABELS.items())
    yield from rows(("Label", "Rules", "What it means"), lines)
    yield from ("## Decisions", "", *prose(DECISIONS_PAGE))
    yield from rows(("D", "Question", "What the sources say", "What the fake does", "Switch"), map(decision, DECISIONS))
    yield from ("## Recordings", "", *prose(RECORDINGS_PAGE))
    recordings = ((number, *each) for number, each in RECORDINGS.items())
    yield from rows(("O", "What was asked", "What came back", "Source"), recordings)
    yield from ("## Sources", "")
    yield from rows(("Name", "Source"), SOURCES.items())
    kinds_of_rule = {
        "Operations": lambda rule: rule.id in ROUTES.by_operation,
        "Errors": lambda rule: rule.id.startswith("errors."),
        "Switches": lambda rule: rule.id.startswith("behaviour."),
        "Parameters": lambda rule: rule.id.count(".") >= 2,
    }
    for title, belongs in kinds_of_rule.items():
        yield from (f"## {title}", "")
        chosen = ((code(each.id), in_cell(each.says), each.label, each.source) for each in known if belongs(each))
        yield from rows(("Rule", "What it says", "Label", "Source"), chosen)


def decision(number: str) -> tuple[str, ...]:
    """One decision."""
    made = DECISIONS[number]
    switches = (code(each.name) for each in behaviour.switches().values() if each.decision == number)
    return number, made.question, in_cell(made.evidence), in_cell(made.choice), ", ".join(switches) or UNSET


GENERATED = "<!-- docs/generate.py writes this page: change the code, then run it. -->"
PAGES: dict[str, Callable[[], Iterator[str]]] = {
    "reference.md": operations,
    "reference-behaviour.md": switches,
    "reference-errors.md": error_table,
    "reference-python.md": vocabulary,
    "reference-pytest.md": pytest_plugin,
    "reference-command-line.md": commands,
    "control-api.md": control_api,
    "fidelity.md": fidelity,
}


def page(name: str) -> str:
    """The text of a page as the code has it now, with its contents list above its first section."""
    title, *lines = PAGES[name]()
    if name != "control-api.md":  # it has a table of routes instead
        first = next(number for number, line in enumerate(lines) if line.startswith("## "))
        lines[first:first] = contents(lines)
    return "\n".join([title, "", GENERATED, *lines]).rstrip() + "\n"


def main() -> None:
    """Write the pages."""
    for name in PAGES:
        (DOCS / name).write_text(page(name), encoding="utf-8")


if __name__ == "__main__":
    main()
