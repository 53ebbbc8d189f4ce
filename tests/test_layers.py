"""The layers of the packages: imports point down, and only some modules use sockets, threads and clocks.

To add a module, give it its place in ``LAYERS``.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Container
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import fakenotify

HOME = Path(fakenotify.__file__).parent

LAYERS = (
    "core",
    "faults",
    "notify",
    "world",
    "server clients",
    "control providers",
    "account arguments fake notify_warning",
    "strategies conformance proxy",
    "cli __main__",
)
"""Lowest first; a module may import what is below it or beside it. A package stands for all that is in it."""

SOCKETS = "asyncio http.client http.server select selectors socket socketserver ssl urllib.request werkzeug wsgiref"
NETWORK = dict.fromkeys(("server", "clients", "proxy", "conformance", "cli"), "they reach other programs")
IMPORTS: tuple[tuple[str, dict[str, str]], ...] = (
    (SOCKETS, NETWORK | {"providers": "their requests and answers are werkzeug's"}),
    ("werkzeug", {"server": "it is werkzeug's handler", "proxy": "a server", "providers": "WSGI applications"}),
    (
        "concurrent multiprocessing queue threading _thread",
        {
            "server": "a server, and callbacks that are posted while the answer is sent",
            "proxy": "a server",
            "control": "streams of events",
            "clients": "transports are called from any thread",
            "core.listeners": "listeners come and go from any thread",
            "core.schedule": "a thread that still has to answer holds its announcements back",
            "providers": "requests come from any thread",
            "fake": "what is made on first use is made once",
            "notify.account": "every request holds its account's lock",
            "notify.dispatch": "requests of all accounts are numbered",
            "notify.journal": "requests of all accounts are recorded",
            "faults": "requests of all accounts share their counts",
            "world.world": "changes wake the threads that wait for them",
            "cli.log": "no request waits for a slow reader of the log",
            "cli.summary": "a reset may come between the requests of any two threads",
        },
    ),
    ("random secrets uuid", {"conformance": "names in somebody else's account must be new"}),
)
"""Python's modules that only some places import, and why. Sids are hashes of a seed: equal runs give equal sids."""

CLOCKS: tuple[tuple[str, dict[str, str]], ...] = (
    ("time time_ns localtime gmtime strftime ctime now utcnow today", {"core.clock": "it is the fake's clock"}),
    (
        "monotonic monotonic_ns perf_counter perf_counter_ns process_time sleep",
        {"core.real_time": "it keeps the real functions, which no tool that stops the time can reach"},
    ),
)
"""Functions that read the system's clock, or measure and wait, and the only places that call them."""

MOST_LINES = 400
TABLES = {"notify.debugger", "notify.decisions", "conformance.checks"}
"""Modules that are one table, however long."""

NO_NAMES = {"utils", "util", "helpers", "helper", "common", "base", "manager", "misc"}


def name_of(path: Path) -> str:
    """``core.store`` for ``fakenotify/core/store.py``, ``core`` for its package, nothing for the whole."""
    parts = path.relative_to(HOME).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


PATHS = {name_of(path): path for path in sorted(HOME.rglob("*.py"))}
MODULES = [name for name in PATHS if name]


def level_of(module: str) -> int:
    return next(level for level, names in enumerate(LAYERS) if is_among(module, names.split()))


def is_among(module: str, places: Container[str]) -> bool:
    """Whether a module, or the layer it is in, is named by ``places``."""
    return module in places or module.split(".")[0] in places


class Reader(ast.NodeVisitor):
    """Collects the names that a module imports when it runs, in functions too, and the clocks that it reads."""

    def __init__(self, source: str) -> None:
        self.imports: set[str] = set()
        self.clocks: set[str] = set()
        self.visit(ast.parse(source))

    def visit_If(self, node: ast.If) -> None:
        if ast.unparse(node.test) not in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
            self.generic_visit(node)
        for each in node.orelse:
            self.visit(each)

    def visit_Import(self, node: ast.Import) -> None:
        self.imports |= {each.name for each in node.names}

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        assert node.level == 0, "imports are absolute"
        names = {each.name for each in node.names}
        self.imports |= {f"{node.module}.{name}" for name in names}
        self.clocks |= names if node.module == "time" else set()

    def visit_Attribute(self, node: ast.Attribute) -> None:
        owner = ast.unparse(node.value).rpartition(".")[2]
        if owner == "time" or (owner in ("datetime", "date") and node.attr in ("now", "utcnow", "today")):
            self.clocks.add(node.attr)
        self.generic_visit(node)


@cache
def read(module: str) -> Reader:
    return Reader(PATHS[module].read_text(encoding="utf-8"))


def prefixes(name: str) -> list[str]:
    """``a.b.c``, ``a.b`` and ``a``."""
    parts = name.split(".")
    return [".".join(parts[:length]) for length in range(len(parts), 0, -1)]


def own_imports(module: str) -> set[str]:
    """The modules of this package that ``module`` imports, itself left out."""
    names = {name.removeprefix("fakenotify.") for name in read(module).imports if name.startswith("fakenotify.")}
    homes = {fakenotify._HOMES.get(name, f"fakenotify.{name}").removeprefix("fakenotify.") for name in names}
    return {next((each for each in prefixes(name) if each in PATHS), "") for name in homes} - {module, ""}


def outside_imports(module: str) -> set[str]:
    """Every other module that ``module`` imports, with the packages it is in."""
    return {each for name in read(module).imports for each in prefixes(name)}


def offenders(offends: Callable[[str], object]) -> dict[str, object]:
    """The modules that break a rule, each with how it does."""
    return {module: found for module in MODULES if (found := offends(module))}


def test_every_module_has_its_layer() -> None:
    assert offenders(lambda module: not any(is_among(module, names.split()) for names in LAYERS)) == {}


def test_imports_point_down() -> None:
    assert offenders(lambda module: {each for each in own_imports(module) if level_of(each) > level_of(module)}) == {}


def test_no_two_packages_import_each_other_by_any_detour() -> None:
    graph: dict[str, set[str]] = {}
    for module in MODULES:
        whole = module.split(".")[0]
        graph.setdefault(whole, set()).update({each.split(".")[0] for each in own_imports(module)} - {whole})

    TopologicalSorter(graph).prepare()


def test_only_some_modules_know_the_network_threads_and_chance() -> None:
    for names, places in IMPORTS:
        reserved = set(names.split())
        assert offenders(lambda it: not is_among(it, places) and outside_imports(it) & reserved) == {}  # noqa: B023


def test_only_the_clock_reads_the_time_and_only_real_time_measures_and_sleeps() -> None:
    for names, places in CLOCKS:
        reserved = set(names.split())
        assert offenders(lambda it: it not in places and read(it).clocks & reserved) == {}  # noqa: B023


def test_a_module_is_at_most_400_lines_long() -> None:
    lengths = {module: len(PATHS[module].read_text(encoding="utf-8").splitlines()) for module in MODULES}

    assert {module: length for module, length in lengths.items() if length > MOST_LINES and module not in TABLES} == {}


def test_a_module_is_named_after_what_it_is_and_opens_by_saying_it() -> None:
    assert offenders(lambda module: NO_NAMES & set(module.split("."))) == {}
    assert offenders(lambda it: not ast.get_docstring(ast.parse(PATHS[it].read_text(encoding="utf-8")))) == {}


def test_the_package_itself_imports_nothing_before_it_is_asked() -> None:
    assert {name.split(".")[0] for name in read("").imports} <= {"__future__", "importlib", "typing", "fakenotify"}
    assert own_imports("") == {"core.params"}  # for a mistake


# the reader itself

SAMPLE = """
import datetime as dt
import os.path
import time
from typing import TYPE_CHECKING
from fakenotify import __version__
from fakenotify.world import snapshot
from fakenotify.core.store import Table
from time import perf_counter

if TYPE_CHECKING:
    from werkzeug import Response

def later():
    import socket
    from fakenotify.server.wsgi import App
    return time.time(), dt.datetime.now(), clock.now(), date.today()
"""


def test_the_reader_sees_imports_in_functions_but_not_those_for_type_checking() -> None:
    reader = Reader(SAMPLE)

    assert reader.imports == {
        "datetime",
        "os.path",
        "time",
        "typing.TYPE_CHECKING",
        "fakenotify.__version__",
        "fakenotify.world.snapshot",
        "fakenotify.core.store.Table",
        "time.perf_counter",
        "socket",
        "fakenotify.server.wsgi.App",
    }
    assert reader.clocks == {"time", "now", "today", "perf_counter"}
