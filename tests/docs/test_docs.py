"""The docs, read by a test: nothing is missing or out of date, every link leads somewhere, every example runs."""

from __future__ import annotations

import json
import os
import re
import runpy
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import requests
from twilio.base.exceptions import TwilioRestException

import fakenotify
from fakenotify import Behaviour, FakeNotify, Fault
from fakenotify.cli.commands import COMMANDS, SERVE
from fakenotify.control.app import ROUTES as CONTROL_ROUTES
from fakenotify.faults.kinds import KINDS
from fakenotify.notify.accounts import KEPT_DELIVERIES
from fakenotify.notify.debugger import CODES
from fakenotify.notify.dispatch import ROUTES
from fakenotify.notify.errors import CATALOGUE
from fakenotify.notify.journal import KEPT_REQUESTS
from fakenotify.server.server import MOST_CONNECTIONS
from fakenotify.server.wsgi import BODY_LIMIT

TOP = Path(__file__).parents[2]
DOCS = TOP / "docs"
PAGES = sorted(page.name for page in DOCS.glob("*.md"))
GENERATE = runpy.run_path(str(DOCS / "generate.py"))

every_page = pytest.mark.parametrize("page", PAGES)


@cache
def text_of(page: str) -> str:
    return (DOCS / page).read_text(encoding="utf-8")


def without_code(page: str) -> str:
    """A page without its fenced blocks."""
    return re.sub(r"^```.*?^```$", "", text_of(page), flags=re.DOTALL | re.MULTILINE)


def lines(page: str) -> Iterator[tuple[int, str]]:
    """The lines of a page, each with its rank if it is a heading, else 0."""
    fenced = False
    for line in text_of(page).splitlines(keepends=True):
        fenced ^= line.startswith("```")
        rank = re.match("#+(?= )", line)
        yield len(rank[0]) if rank and not fenced else 0, line


def headings(page: str) -> list[str]:
    return [line[rank + 1 :].rstrip() for rank, line in lines(page) if rank]


def section(page: str, heading: str) -> str:
    """What stands below a heading, up to the next one of its rank or above."""
    assert headings(page).count(heading) == 1, f"{page} has no heading {heading!r}, or several"
    found, within = "", 0
    for rank, line in lines(page):
        if rank and line[rank + 1 :].rstrip() == heading:
            within = rank
        elif 0 < rank <= within:
            break
        elif within:
            found += line
    return found


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def run(commands: str, folder: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run commands in a shell whose ``python`` is the one that runs this test."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    asked = ["bash", "-c", f"set -eu\n{commands}"]
    return subprocess.run(
        asked, cwd=folder, env=environment | settings, text=True, capture_output=True, timeout=120, check=False
    )


# nothing is missing


def missing(page: str, wanted: set[str]) -> set[str]:
    return wanted - set(headings(page))


def test_every_operation_has_its_heading() -> None:
    assert missing("reference.md", set(ROUTES.by_operation)) == set()


def test_every_parameter_has_its_row() -> None:
    for route in ROUTES.by_operation.values():
        shown = section("reference.md", route.operation)
        assert [row.name for row in route.params.rows if f"| `{row.name}` |" not in shown] == []


def test_every_switch_has_its_heading() -> None:
    assert missing("reference-behaviour.md", set(Behaviour().to_json())) == set()


def test_every_error_has_its_entry() -> None:
    table = section("reference-errors.md", "Answers")
    assert [
        each.__name__ for each in CATALOGUE if f"| `{each.__name__}` | {each.status} | {each.code} |" not in table
    ] == []


def test_every_code_of_notify_has_its_entry_and_no_other() -> None:
    codes = re.findall(r"^\| (52\d{3}) \|", section("reference-errors.md", "Debugger codes"), re.MULTILINE)
    assert [int(code) for code in codes] == [each.code for each in CODES.values() if each.of_notify]


def test_every_kind_of_fault_has_its_heading_and_examples_in_both_languages() -> None:
    assert missing("faults.md", set(KINDS)) == set()
    for kind in KINDS:
        told = section("faults.md", kind)
        assert blocks(told, "python")
        assert any(json.loads(each)["fault"] == kind for each in blocks(told, "json"))


def test_every_control_route_has_its_heading() -> None:
    routes = {f"{method} /_fake/{path}" for path, methods in CONTROL_ROUTES.items() for method in methods}
    assert missing("control-api.md", routes) == set()


@pytest.mark.parametrize("command", ["", *(name for name in COMMANDS if name != SERVE)])
def test_every_option_of_the_command_line_has_its_entry_and_its_variable(command: str) -> None:
    table = section("reference-command-line.md", f"fakenotify {command}".strip())
    shown = run(f"python -m fakenotify {command} --help", TOP, COLUMNS="80").stdout
    options = set(re.findall(r"^ +(?:-\w, )?(--[a-z-]+)", shown, re.MULTILINE)) - {"--help"}
    assert options
    for option in options:
        assert f"| `{option}" in table
        assert option == "--version" or f"`FAKENOTIFY_{option[2:].replace('-', '_').upper()}`" in table


def test_every_option_setting_fixture_and_the_marker_of_pytest_have_their_entries(pytestconfig: pytest.Config) -> None:
    shown = text_of("reference-pytest.md")
    plugin = (TOP / "conftest_plugin.py").read_text(encoding="utf-8")
    options, settings = (set(re.findall(rf'{call}\(\s*"([^"]+)"', plugin)) for call in ("addoption", "addini"))
    fixtures = set(re.findall(r"@pytest\.fixture.*?\ndef (\w+)", plugin))
    assert all((options, settings, fixtures))
    assert [name for name in options | settings | fixtures if not re.search(rf"\| `{name}\b", shown)] == []
    assert "@pytest.mark.fake_notify(" in shown


def test_every_public_name_of_a_fake_has_its_entry() -> None:
    names = {name for name in vars(FakeNotify()) | vars(FakeNotify) | vars(fakenotify.Account) if name[0] != "_"}
    shown = text_of("reference-python.md")
    inner = GENERATE["INNER"] | {"world"}
    assert [
        name for name in names - inner if not re.search(rf"^### \w+\.{name}$|^\| `{name}` ", shown, re.MULTILINE)
    ] == []


def test_every_room_is_named_in_the_design() -> None:
    rooms = {path.stem for path in Path(fakenotify.__file__).parent.glob("[!_.]*") if path.suffix in ("", ".py")}
    assert {
        room for room in rooms if f"`{room}`" not in text_of("design.md") and f"`{room}/`" not in text_of("design.md")
    } == set()


def test_the_limits_are_those_of_the_code() -> None:
    told = section("performance.md", "Limits")
    assert f"the last {KEPT_REQUESTS:,} requests" in told
    assert told.count(f"the last {KEPT_DELIVERIES:,} |") == 4
    assert f"{BODY_LIMIT:,} bytes" in told
    assert f"| connections open at once | {MOST_CONNECTIONS:,} |" in told


def test_there_is_a_place_for_the_figures() -> None:
    assert re.search(r"^<!-- figures -->\n(.*\n)*<!-- /figures -->$", text_of("performance.md"), re.MULTILINE)


# nothing is out of date


@pytest.mark.parametrize("page", GENERATE["PAGES"])
def test_a_generated_page_is_what_the_code_makes_of_it(page: str) -> None:
    assert text_of(page) == GENERATE["page"](page), "the code has changed: run python docs/generate.py"


# every link leads somewhere


@every_page
def test_every_link_leads_somewhere(page: str) -> None:
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", without_code(page)):
        if not link.startswith(("http://", "https://")):
            name, _, fragment = link.partition("#")
            target = name or page
            is_there = target in PAGES or (target.endswith(".png") and (DOCS / target).is_file())
            if not is_there or (fragment and fragment not in map(GENERATE["anchor"], headings(target))):
                broken.append(link)
    assert broken == []


@every_page
def test_a_page_of_more_than_three_headings_begins_with_links_to_its_sections(page: str) -> None:
    before, _, _ = text_of(page).partition("\n## ")
    links = [f"](#{GENERATE['anchor'](line[3:].strip())})" for rank, line in lines(page) if rank == 2]
    assert len(headings(page)) <= 3 or [link for link in links if link not in before] == []


@pytest.mark.parametrize("index", ["README.md", "mkdocs.yml"])
def test_every_page_is_named_in_the_index(index: str) -> None:
    named = re.findall(r"[\w-]+\.md", (DOCS / index).read_text(encoding="utf-8"))
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


@every_page
def test_a_page_speaks_of_the_project_alone(page: str) -> None:
    assert re.findall(r"/home/|/root/|/work/|/tmp/|\bpypi\b|npmjs|localhost:\d", text_of(page)) == []


@pytest.mark.slow
def test_the_site_builds(tmp_path: Path) -> None:
    pytest.importorskip("mkdocs", reason="the extra 'docs' is not installed")
    done = run(f"python -m mkdocs build --strict -f docs/mkdocs.yml -d {tmp_path / 'site'}", TOP)
    assert done.returncode == 0, done.stdout + done.stderr
    built = {each.parent.name for each in tmp_path.joinpath("site").glob("*/index.html")}
    assert {page.removesuffix(".md") for page in PAGES} - {"README"} <= built


# every example runs

FRAMEWORKS = {"Django": "django", "Flask": "flask", "FastAPI and asyncio": "fastapi", "Celery": "celery"}
RECIPES = headings("how-to.md")[1:]


def folder_of(recipe: str) -> str:
    return re.sub(r"\W+", "_", recipe.lower())


@pytest.fixture(scope="module")
def recipes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """Runs the recipes' tests as a reader would, all at once: by recipe, what became of each test."""
    top = tmp_path_factory.mktemp("recipes")
    for recipe in RECIPES:
        if find_spec(FRAMEWORKS.get(recipe, "pytest")) is None:
            continue
        folder = top / folder_of(recipe)
        folder.mkdir()
        for block in blocks(section("how-to.md", recipe), "python"):
            name = re.match(r"# (\w+\.py)\n", block)
            assert name is not None, f"in {recipe}, a block doesn't say which file it stands in"
            folder.joinpath(name[1]).write_text(block, encoding="utf-8")
    done = run("python -m pytest -q -W error -p no:randomly -p no:cacheprovider --junitxml=found.xml || true", top)
    assert (top / "found.xml").exists(), done.stdout + done.stderr
    found: dict[str, list[str]] = {}
    for case in ElementTree.parse(top / "found.xml").iter("testcase"):
        became = "\n".join(f"{each.tag}: {each.get('message')}\n{each.text}" for each in case) or "passed"
        found.setdefault(str(case.get("classname")).split(".")[0], []).append(became)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("recipe", RECIPES)
def test_a_recipe_works(recipe: str, recipes: dict[str, list[str]]) -> None:
    if recipe in FRAMEWORKS:
        pytest.importorskip(FRAMEWORKS[recipe], reason="the extra 'docs' is not installed")
    promised = sum(block.count("\ndef test_") for block in blocks(section("how-to.md", recipe), "python"))
    became = recipes[folder_of(recipe)]
    assert len(became) >= promised >= 1
    assert set(became) == {"passed"}, "\n".join(became)


@pytest.mark.slow
def test_the_recipe_for_ci_works(tmp_path: Path) -> None:
    [commands] = blocks(section("containers.md", "GitHub Actions"), "sh")
    done = run(commands, tmp_path)
    assert json.loads(done.stdout)["status"] == "ok", done.stderr


@pytest.mark.parametrize("example", blocks(text_of("faults.md"), "python"))
def test_an_example_of_a_fault_works(example: str, open_fake: Callable[..., FakeNotify]) -> None:
    fake = open_fake()
    service = fake.create_service(messaging_service_sid="MG" + "0" * 32)
    fake.create_binding(service.sid, identity="alice", binding_type="sms", address="+15005550006")
    theirs = fake.client(in_process=True).notify.v1.services(service.sid)
    names: dict[str, Any] = {
        "fake": fake,
        "service": service,
        "notifications": theirs.notifications,
        "bindings": theirs.bindings,
        "Fault": Fault,
        "TwilioRestException": TwilioRestException,
        "pytest": pytest,
        "requests": requests,
    }
    exec(compile(example, "faults.md", "exec"), names)


@pytest.mark.parametrize("example", blocks(text_of("faults.md"), "json"))
def test_a_fault_can_be_set_by_the_json_that_is_shown(example: str, wire: Any) -> None:
    route = "outcomes" if "code" in json.loads(example) else "faults"
    answer = wire.send("POST", f"/_fake/{route}", example, {"Content-Type": "application/json"})
    assert answer.status == 200, answer.body
    assert wire.send("DELETE", f"/_fake/{route}").json == {"deleted": 1}


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl")
def test_the_examples_of_the_control_api_work(fake_notify: FakeNotify, tmp_path: Path) -> None:
    service = fake_notify.create_service()
    notification = fake_notify.create_notification(service.sid, tags=["all"])
    fake_notify.fail("*", status=500, optional=True)
    titles = [f"{method} /_fake/{path}" for path, methods in CONTROL_ROUTES.items() for method in methods]
    titles.sort(key=lambda title: title in ("POST /_fake/reset", "PUT /_fake/state"))  # what others need goes last
    asked = "curl --max-time 0.5 --silent --output /dev/null --write-out '%{http_code}\\n' "
    commands = []
    for title in titles:
        [example] = blocks(section("control-api.md", title), "sh")
        known = example.replace(GENERATE["ADDRESS"], fake_notify.url).replace("NT" + "0" * 32, notification.sid)
        commands.append(f"{known.strip().replace('curl ', asked, 1)} || true")  # the stream of events has no end
    done = run("\n".join(commands), tmp_path, NO_PROXY="*", no_proxy="*")
    answers = dict(zip(titles, done.stdout.split(), strict=True))
    assert {title: status for title, status in answers.items() if status != "200"} == {}


@pytest.mark.slow
def test_a_program_can_be_run_as_it_is(tmp_path: Path) -> None:
    pytest.importorskip("trustme", reason="the extra 'proxy' is not installed")
    told = section("languages.md", "Run a program as it is")
    done = run(blocks(told, "sh")[0], tmp_path)
    assert json.loads(done.stdout)["address"] == "+15005550006", done.stderr
    assert done.stderr == blocks(told, "text")[0]
    again = run(blocks(section("languages.md", "curl"), "sh")[0], tmp_path)
    assert len(json.loads(again.stdout)["services"]) == 1


CHECKS = {"js": "node --check", "ruby": "ruby -c", "php": "php -l", "go": "gofmt -l -e"}
SETTINGS = {
    "TWILIO_ACCOUNT_SID": "AC" + "1" * 32,
    "TWILIO_AUTH_TOKEN": "any",
    "NOTIFY_SERVICE_SID": "IS" + "1" * 32,
}


@pytest.mark.slow
@pytest.mark.parametrize("language", CHECKS)
def test_an_example_in_another_language_can_be_read(language: str, tmp_path: Path) -> None:
    command = CHECKS[language]
    if shutil.which(command.split()[0]) is None:
        pytest.skip(f"there is no {command.split()[0]}")
    [example] = blocks(text_of("languages.md"), language)
    name = re.search(r"^(?://|#) (\S+)$", example, re.MULTILINE)
    assert name is not None
    tmp_path.joinpath(name[1]).write_text(example, encoding="utf-8")
    done = run(f"{command} {name[1]}", tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_the_example_for_node_sends(tmp_path: Path, node_home: Path) -> None:
    tmp_path.joinpath("send.js").write_text(blocks(text_of("languages.md"), "js")[0], encoding="utf-8")
    done = run(
        'fakenotify run --service "$NOTIFY_SERVICE_SID" -- node send.js',
        tmp_path,
        NODE_PATH=str(node_home / "node_modules"),
        **SETTINGS,
    )
    assert done.stdout.startswith("NT"), done.stderr
    assert "1 delivery (1 sent, 0 failed)" in done.stderr


LIBRARIES = {
    "ruby": ("ruby -rtwilio-ruby -e 1", "ruby"),
    "php": ('php -r \'require "vendor/autoload.php"; new Twilio\\Rest\\Client("AC", "x");\'', "php"),
}
"""How to tell that Twilio's library is there, and what runs a program; PHP finds it by COMPOSER_VENDOR_DIR."""


@pytest.mark.slow
@pytest.mark.parametrize("language", LIBRARIES)
@pytest.mark.parametrize("by_address", [False, True])
def test_the_example_for_another_language_sends_where_its_library_is(
    language: str, by_address: bool, tmp_path: Path, fake_notify: FakeNotify
) -> None:
    probe, interpreter = LIBRARIES[language]
    if "COMPOSER_VENDOR_DIR" in os.environ:
        (tmp_path / "vendor").symlink_to(os.environ["COMPOSER_VENDOR_DIR"])
    if run(probe, tmp_path).returncode:
        pytest.skip(f"Twilio's library for {language} is not installed")
    [example] = blocks(text_of("languages.md"), language)
    (tmp_path / "send").write_text(example, encoding="utf-8")
    if by_address:
        sms = "MG" + "1" * 32
        fake_notify.create_service(sid=SETTINGS["NOTIFY_SERVICE_SID"], messaging_service_sid=sms)
        done = run(f"{interpreter} send", tmp_path, NOTIFY_URL=fake_notify.url, **SETTINGS)
        assert fake_notify.deliveries.last.identity == "alice", done.stderr
    else:
        done = run(f'fakenotify run --service "$NOTIFY_SERVICE_SID" -- {interpreter} send', tmp_path, **SETTINGS)
        assert "1 delivery (1 sent, 0 failed)" in done.stderr
    assert done.stdout.startswith("NT"), done.stderr


@pytest.mark.slow
def test_the_example_for_java_compiles_where_the_library_is(tmp_path: Path) -> None:
    if shutil.which("javac") is None or run("javap com.twilio.Twilio", tmp_path).returncode:
        pytest.skip("there is no javac, or Twilio's library is not on the CLASSPATH")
    (tmp_path / "NotifyElsewhere.java").write_text(blocks(text_of("languages.md"), "java")[0], encoding="utf-8")
    done = run('javac -cp "$CLASSPATH" -d . NotifyElsewhere.java', tmp_path)
    assert done.returncode == 0, done.stderr
