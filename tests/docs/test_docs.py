"""The docs, read by a test: nothing is missing or out of date, and every link leads somewhere."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from pages import DOCS, GENERATE, PAGES, TOP, blocks, headings, lines, run, section, text_of

import fakenotify
from fakenotify import Behaviour, FakeNotify
from fakenotify.cli.commands import COMMANDS, SERVE
from fakenotify.conformance.checks import CHECKS
from fakenotify.control.routes import ROUTES as CONTROL_ROUTES
from fakenotify.faults.kinds import KINDS
from fakenotify.notify.accounts import KEPT_DELIVERIES
from fakenotify.notify.debugger import CODES
from fakenotify.notify.dispatch import ROUTES
from fakenotify.notify.errors import CATALOGUE
from fakenotify.notify.journal import KEPT_REQUESTS
from fakenotify.server.server import MOST_CONNECTIONS
from fakenotify.server.wsgi import BODY_LIMIT

# nothing is missing


def entries(text: str) -> set[str]:
    """The names in a text that have a heading of their own, or begin a row of a table as code."""
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    cells = re.findall(r"^\| (`.*?) \|", text, re.MULTILINE)
    return {*titles, *(each.rpartition(".")[2] for each in titles), *re.findall(r"`([\w.-]+)[^`]*`", " ".join(cells))}


PLUGIN = text_of("../conftest_plugin.py")
PROMISED = {
    "reference.md": set(ROUTES.by_operation),
    "reference-behaviour.md": set(Behaviour().to_json()),
    "reference-errors.md": {each.__name__ for each in CATALOGUE},
    "reference-pytest.md": {
        *re.findall(r"(?:addoption|addini)\(\s*\"([^\"]+)\"", PLUGIN),
        *re.findall(r"@pytest\.fixture.*?\ndef (\w+)", PLUGIN),
        "The marker fake_notify",
    },
    "reference-python.md": {
        name
        for name in vars(FakeNotify()) | vars(FakeNotify) | vars(fakenotify.Account)
        if name[0] != "_" and name not in {*GENERATE["INNER"], "world"}
    },
    "faults.md": set(KINDS),
    "control-api.md": {f"{method} /_fake/{path}" for path, methods in CONTROL_ROUTES.items() for method in methods},
    "design.md": {path.stem for path in Path(fakenotify.__file__).parent.glob("[!_.]*") if path.suffix in ("", ".py")},
}


@pytest.mark.parametrize("page", PROMISED)
def test_everything_has_its_entry(page: str) -> None:
    assert len(PROMISED[page]) > 5
    assert PROMISED[page] - entries(text_of(page)) == set()


def test_every_parameter_is_named_by_its_operation() -> None:
    for route in ROUTES.by_operation.values():
        assert set(route.params.names) - entries(section("reference.md", route.operation)) == set()


def test_every_error_has_its_status_and_code_and_every_code_of_the_debugger_is_there() -> None:
    table = section("reference-errors.md", "Answers")
    assert [each for each in CATALOGUE if f"| `{each.__name__}` | {each.status} | {each.code} |" not in table] == []
    codes = re.findall(r"^\| (52\d{3}) \|", section("reference-errors.md", "Debugger codes"), re.MULTILINE)
    assert [int(code) for code in codes] == [each.code for each in CODES.values() if each.of_notify]


def test_every_kind_of_fault_has_examples_in_both_languages() -> None:
    for kind in KINDS:
        text = section("faults.md", kind)
        assert blocks(text, "python")
        assert any(json.loads(each)["fault"] == kind for each in blocks(text, "json"))


def test_every_option_of_the_command_line_has_its_entry_and_its_variable() -> None:
    for command in ("", *(name for name in COMMANDS if name != SERVE)):
        table = section("reference-command-line.md", f"fakenotify {command}".strip())
        shown = run(f"python -m fakenotify {command} --help", TOP, COLUMNS="80").stdout
        options = set(re.findall(r"^ +(?:-\w, )?(--[a-z-]+)", shown, re.MULTILINE)) - {"--help"}
        assert options
        for option in options:
            assert f"| `{option}" in table
            assert option == "--version" or f"`FAKENOTIFY_{option[2:].replace('-', '_').upper()}`" in table


def test_the_numbers_are_those_of_the_code() -> None:
    assert f'"checked": {len(CHECKS)}' in text_of("conformance.md")
    text = section("performance.md", "Limits")
    assert f"the last {KEPT_REQUESTS:,} requests" in text
    assert text.count(f"the last {KEPT_DELIVERIES:,} |") == 4
    assert f"{BODY_LIMIT:,} bytes" in text
    assert f"| connections open at once | {MOST_CONNECTIONS:,} |" in text


def test_there_is_a_place_for_the_figures() -> None:
    assert re.search(r"^<!-- figures -->\n(.*\n)*<!-- /figures -->$", text_of("performance.md"), re.MULTILINE)


# nothing is out of date


def test_a_generated_page_is_what_the_code_makes_of_it() -> None:
    outdated = [page for page in GENERATE["PAGES"] if text_of(page) != GENERATE["page"](page)]
    assert outdated == [], "the code has changed: run python docs/generate.py"


def test_alternatives_in_a_sketch_keep_their_lines() -> None:
    answer = {"type": "object", "properties": {"a": {"type": "null"}}, "required": ["a"]}
    assert GENERATE["sketch"]({"anyOf": [answer, {"type": "null"}]}) == ["{", '  "a": null', "} or null"]


# every link leads somewhere


def test_every_link_leads_somewhere() -> None:
    broken = []
    for page in PAGES:
        for link in re.findall(
            r"\]\(([^)\s]+)\)", re.sub(r"^```.*?^```$", "", text_of(page), flags=re.DOTALL | re.MULTILINE)
        ):
            if not link.startswith(("http://", "https://")):
                name, _, fragment = link.partition("#")
                target = name or page
                is_there = target in PAGES or (target.endswith(".png") and (DOCS / target).is_file())
                if not is_there or (fragment and fragment not in map(GENERATE["anchor"], headings(target))):
                    broken.append((page, link))
    readme = re.findall(r"\]\(((?:docs/|CHANGELOG)[^)#]*)", text_of("../README.md"))
    assert (broken, [page for page in readme if not (TOP / page).exists()]) == ([], [])


def test_a_page_of_more_than_three_headings_begins_with_links_to_its_sections() -> None:
    wanting = []
    for page in PAGES:
        before, _, _ = text_of(page).partition("\n## ")
        links = [f"](#{GENERATE['anchor'](line[3:].strip())})" for rank, line in lines(page) if rank == 2]
        wanting += [(page, link) for link in links if link not in before and len(headings(page)) > 3]
    assert wanting == []


def test_every_row_of_a_table_is_one_line() -> None:
    cut = [(page, line) for page in PAGES for _, line in lines(page) if line[:2] == "| " and not line.endswith("|\n")]
    assert cut == []


def test_every_page_is_named_in_both_indexes() -> None:
    for index in ("README.md", "mkdocs.yml"):
        named = re.findall(r"[\w-]+\.md", text_of(index))
        assert set(PAGES) - {"README.md"} <= set(named)


def test_the_table_of_where_a_thing_is_added_names_what_is_there() -> None:
    table = section("contributing.md", "Where a thing is added")
    wrong = []
    for row in re.findall(r"^\| an? .*|^\| the .*", table, re.MULTILINE):
        quoted = re.findall(r"`@?([^`]+)`", row)
        places = {
            each: [TOP / "fakenotify" / each, TOP / each] for each in quoted if "/" in each or each.endswith(".py")
        }
        found = {each: next((path for path in paths if path.exists()), None) for each, paths in places.items()}
        sources = [file for path in found.values() if path for file in (path.glob("*.py") if path.is_dir() else [path])]
        texts = [file.read_text(encoding="utf-8") for file in sources]
        wrong += [each for each, path in found.items() if path is None]
        wrong += [
            each for each in set(quoted) - set(places) if not any(re.search(rf"\b{each}\b", text) for text in texts)
        ]
    assert wrong == []
    assert table.count("\n| ") > 15


def test_no_page_names_a_place_outside_the_project() -> None:
    foreign = r"/home/|/root/|/work/|/tmp/|\bpypi\b|npmjs|localhost:\d"
    assert {page: found for page in PAGES if (found := re.findall(foreign, text_of(page)))} == {}


@pytest.mark.slow
def test_the_site_builds(tmp_path: Path) -> None:
    pytest.importorskip("mkdocs", reason="the extra 'docs' is not installed")
    done = run(f"python -m mkdocs build --strict -f docs/mkdocs.yml -d {tmp_path / 'site'}", TOP)
    assert done.returncode == 0, done.stdout + done.stderr
    built = {each.parent.name for each in tmp_path.joinpath("site").glob("*/index.html")}
    assert {page.removesuffix(".md") for page in PAGES} - {"README"} <= built
