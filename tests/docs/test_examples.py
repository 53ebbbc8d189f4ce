"""The docs' examples, run as a reader would run them: in a new folder, with what is printed compared."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import venv
from collections import Counter
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.request import urlopen
from xml.etree import ElementTree

import pytest
import requests
from pages import GENERATE, TOP, blocks, files, headings, missing, pytest_in, run, section, text_of, write
from twilio.base.exceptions import TwilioRestException

from fakenotify import FakeNotify, Fault
from fakenotify.control.routes import ROUTES as CONTROL_ROUTES

# README


def test_the_examples_of_the_readme_pass(tmp_path: Path) -> None:
    write(tmp_path, files("../README.md"))
    assert "4 passed" in pytest_in(tmp_path, "-W error")


def test_the_first_example_of_the_readme_fails_as_shown(tmp_path: Path) -> None:
    found = files("../README.md")
    write(tmp_path, {"test_shop.py": found["test_shop.py"]})
    write(tmp_path, {"shop.py": found["shop.py"].replace("[customer]", "[customer.title()]")})
    [shown] = blocks(text_of("../README.md"), "text")
    printed = pytest_in(tmp_path)
    assert missing(printed, shown) == [], printed


# the tutorial

INSTALLING = ("python3 -m venv ", ". .venv/bin/activate", "python -m pip install ")


@pytest.mark.slow
def test_the_tutorial_can_be_followed_word_by_word(tmp_path: Path) -> None:
    """The environment is this one, where everything that the reader installs is installed already."""
    plugins = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": "-p conftest_plugin", "PY_COLORS": "0"}
    found = re.findall(r"^```(\w+)\n(.*?)^```$", text_of("tutorial.md"), re.DOTALL | re.MULTILINE)
    folder, kept = tmp_path, []
    for (language, text), (following, printed) in zip(found, [*found[1:], ("", "")], strict=True):
        promised = printed if following == "text" else ""
        if language == "python":
            name, _, rest = text.removeprefix("# ").partition("\n")
            write(folder, {name: rest})
        elif language == "sh":
            commands = [line for line in text.splitlines() if not line.startswith(INSTALLING)]
            done = run("\n".join(commands), folder, **plugins)
            assert done.returncode == ("failed" in promised), done.stdout + done.stderr
            assert missing(done.stdout, promised) == [], done.stdout
            kept += promised.splitlines()[-1:]
            if "cd parcels" in commands:
                folder = tmp_path / "parcels"
    assert kept == ["1 passed", "1 failed", "1 passed", "1 failed", "2 passed", "3 passed"]
    assert "'../fakenotify[twilio,pytest]'" in next(text for language, text in found if language == "sh")


def test_a_line_that_was_not_printed_is_missed() -> None:
    assert missing("one\ntwo\nthree", "two\nt…e") == []
    assert missing("one\ntwo\nthree", "two\none") == ["one"]


# leaving Notify, and other mocks


@pytest.mark.slow
def test_the_examples_of_leaving_notify_pass_and_fail_as_shown(tmp_path: Path) -> None:
    found = files("leaving-notify.md")
    write(tmp_path, found)
    assert "3 passed" in pytest_in(tmp_path, "-W error")
    broken = found["test_new_shop.py"].replace(
        'new_shop.tell(fake_notify_client, DEVICES, "It is here")\n\n    fake_notify.assert',
        'new_shop.tell(fake_notify_client, DEVICES[1:2], "It is here")\n'
        '    new_shop.tell(fake_notify_client, DEVICES[2:], "It was here")\n\n    fake_notify.assert',
    )
    write(tmp_path, {"test_new_shop.py": broken})
    printed = pytest_in(tmp_path, "-k what_notify_sent")
    assert missing(printed, blocks(text_of("leaving-notify.md"), "text")[0]) == [], printed


MOCKS = ["freezegun", "moto", "pyfakefs", "pytest_httpx", "pytest_socket", "requests_mock", "respx", "responses", "vcr"]


def test_every_other_mock_has_an_example() -> None:
    assert set(files("other-mocks.md")) == {f"test_{package}.py" for package in (*MOCKS, "urllib")}


@pytest.mark.slow
def test_every_example_beside_another_mock_works(tmp_path: Path) -> None:
    lacking = {f"test_{package}.py" for package in MOCKS if find_spec(package) is None}
    found = {name: text for name, text in files("other-mocks.md").items() if name not in lacking}
    write(tmp_path, found)
    done = run("python -m pytest -q -W error -p no:randomly -p no:cacheprovider", tmp_path)
    assert f"{len(found)} passed" in done.stdout, done.stdout + done.stderr


# recipes

FRAMEWORKS = {"Django": "django", "Flask": "flask", "FastAPI and asyncio": "fastapi", "Celery": "celery"}
RECIPES = headings("how-to.md")[1:]


PATIENT = """
from hypothesis import HealthCheck, settings

settings.register_profile("busy", suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")
"""


@pytest.mark.slow
def test_every_recipe_works(tmp_path: Path) -> None:
    promised = {}
    write(tmp_path, {"conftest.py": PATIENT})
    for recipe in RECIPES:
        if find_spec(FRAMEWORKS.get(recipe, "pytest")) is not None:
            examples = blocks(section("how-to.md", recipe), "python")
            folder = tmp_path / re.sub(r"\W+", "_", recipe.lower())
            folder.mkdir()
            write(folder, dict(re.fullmatch(r"# (\w+\.py)\n(.*)", each, re.DOTALL).groups() for each in examples))
            promised[folder.name] = sum(block.count("\ndef test_") for block in examples)
    done = run("python -m pytest -q -W error -p no:randomly -p no:cacheprovider --junitxml=found.xml || true", tmp_path)
    cases = [*ElementTree.parse(tmp_path / "found.xml").iter("testcase")]
    ran = Counter(str(case.get("classname")).split(".")[0] for case in cases)
    assert [case.get("name") for case in cases if len(case)] == [], done.stdout + done.stderr
    assert {name: number for name, number in promised.items() if not ran[name] >= number >= 1} == {}


@pytest.mark.slow
def test_the_recipe_for_ci_works(tmp_path: Path) -> None:
    [commands] = blocks(section("containers.md", "GitHub Actions"), "sh")
    done = run(commands, tmp_path)
    assert json.loads(done.stdout)["status"] == "ok", done.stderr


# faults and the control API


def test_every_example_of_a_fault_works(open_fake: Callable[..., FakeNotify]) -> None:
    for example in blocks(text_of("faults.md"), "python"):
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


def test_every_fault_can_be_set_by_the_json_that_is_shown(wire: Any) -> None:
    for example in blocks(text_of("faults.md"), "json"):
        route = "outcomes" if "code" in json.loads(example) else "faults"
        answer = wire.send("POST", f"/_fake/{route}", example, {"Content-Type": "application/json"})
        assert answer.status == 200, (example, answer.body)
        assert wire.send("DELETE", f"/_fake/{route}").json == {"deleted": 1}


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl")
def test_the_examples_of_the_control_api_work(fake_notify: FakeNotify, tmp_path: Path) -> None:
    service = fake_notify.create_service()
    notification = fake_notify.create_notification(service.sid, tags=["all"])
    fake_notify.fail("*", status=500, optional=True)
    titles = [f"{method} /_fake/{path}" for path, methods in CONTROL_ROUTES.items() for method in methods]
    titles.sort(key=lambda title: title in ("POST /_fake/reset", "PUT /_fake/state"))  # what others need goes last

    def known(example: str) -> str:
        return example.strip().replace(GENERATE["ADDRESS"], fake_notify.url).replace("NT" + "0" * 32, notification.sid)

    examples = {title: known(*blocks(section("control-api.md", title), "sh")) for title in titles}
    events = shlex.split(examples.pop("GET /_fake/events"))[-1]
    with requests.get(events, stream=True, timeout=60) as stream:  # it has no end
        assert stream.status_code == 200
    asked = "curl --silent --output /dev/null --write-out '%{http_code}\\n' "
    commands = [example.replace("curl ", asked, 1) for example in examples.values()]
    done = run("\n".join(commands), tmp_path, NO_PROXY="*", no_proxy="*")
    answers = dict(zip(examples, done.stdout.split(), strict=True))
    assert {title: status for title, status in answers.items() if status != "200"} == {}


# other languages


@pytest.mark.slow
def test_a_program_can_be_run_as_it_is(tmp_path: Path) -> None:
    pytest.importorskip("trustme", reason="the extra 'proxy' is not installed")
    text = section("languages.md", "Run a program as it is")
    done = run(blocks(text, "sh")[0], tmp_path)
    assert json.loads(done.stdout)["address"] == "+15005550006", done.stderr
    assert done.stderr == blocks(text, "text")[0]
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


LIBRARIES = {
    "js": ("node -e 'require(\"twilio\")'", "node"),
    "ruby": ("ruby -rtwilio-ruby -e 1", "ruby"),
    "php": ('php -r \'require "vendor/autoload.php"; new Twilio\\Rest\\Client("AC", "x");\'', "php"),
}
"""How to tell that Twilio's library is there, and what runs a program; PHP finds it by COMPOSER_VENDOR_DIR."""


@pytest.mark.slow
@pytest.mark.parametrize("language", LIBRARIES)
@pytest.mark.parametrize("by_address", [False, True])
def test_the_example_for_another_language_sends_where_its_library_is(
    language: str, by_address: bool, tmp_path: Path, fake_notify: FakeNotify, request: pytest.FixtureRequest
) -> None:
    probe, interpreter = LIBRARIES[language]
    settings = dict(SETTINGS)
    if language == "js":
        settings["NODE_PATH"] = str(request.getfixturevalue("node_home") / "node_modules")
    if "COMPOSER_VENDOR_DIR" in os.environ:
        (tmp_path / "vendor").symlink_to(os.environ["COMPOSER_VENDOR_DIR"])
    if run(probe, tmp_path, **settings).returncode:
        pytest.skip(f"Twilio's library for {language} is not installed")
    [example] = blocks(text_of("languages.md"), language)
    (tmp_path / f"send.{language}").write_text(example, encoding="utf-8")
    if by_address:
        sms = "MG" + "1" * 32
        fake_notify.create_service(sid=SETTINGS["NOTIFY_SERVICE_SID"], messaging_service_sid=sms)
        done = run(f"{interpreter} send.{language}", tmp_path, NOTIFY_URL=fake_notify.url, **settings)
        assert fake_notify.deliveries.last.identity == "alice", done.stderr
    else:
        command = f'fakenotify run --service "$NOTIFY_SERVICE_SID" -- {interpreter} send.{language}'
        done = run(command, tmp_path, **settings)
        assert "1 delivery (1 sent, 0 failed)" in done.stderr
    assert done.stdout.startswith("NT"), done.stderr


@pytest.mark.slow
def test_the_example_for_java_compiles_where_the_library_is(tmp_path: Path) -> None:
    if shutil.which("javac") is None or run("javap com.twilio.Twilio", tmp_path).returncode:
        pytest.skip("there is no javac, or Twilio's library is not on the CLASSPATH")
    (tmp_path / "NotifyElsewhere.java").write_text(blocks(text_of("languages.md"), "java")[0], encoding="utf-8")
    done = run('javac -cp "$CLASSPATH" -d . NotifyElsewhere.java', tmp_path)
    assert done.returncode == 0, done.stderr


# containers


def sources(folder: Path) -> Path:
    """What ``COPY .`` would copy: the files of the checkout, without what was built or installed there."""
    ignored = shutil.ignore_patterns(".git", ".venv", "build", "*.egg-info", "__pycache__", ".*_cache")
    return Path(shutil.copytree(TOP, folder / "src", ignore=ignored))


@pytest.mark.slow
def test_the_image_can_be_built_and_is_healthy(tmp_path: Path) -> None:
    venv.create(tmp_path / "image", with_pip=True)
    path = f"{tmp_path / 'image' / 'bin'}{os.pathsep}{os.environ['PATH']}"
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("COVERAGE_", "PYTHON"))}
    environment["PATH"] = path
    port_file = tmp_path / "port"
    here = blocks(text_of("containers.md"), "dockerfile")[0].replace("/src", str(sources(tmp_path)))
    steps = dict(re.findall(r"^(RUN|HEALTHCHECK|CMD) (.*)$", here, re.MULTILINE))

    subprocess.run(["bash", "-c", steps["RUN"]], cwd=tmp_path, env=environment, check=True, capture_output=True)
    command = [*json.loads(steps["CMD"]), "--port", "0", "--port-file", str(port_file)]
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as fake:
        try:
            assert fake.stdout is not None
            fake.stdout.readline()
            port = port_file.read_text()
            healthy = shlex.split(steps["HEALTHCHECK"].partition("CMD ")[2].replace("4010", port))
            assert subprocess.run(healthy, env=environment, check=False).returncode == 0
            with urlopen(f"http://127.0.0.1:{port}/_fake/health") as answer:
                assert json.load(answer)["status"] == "ok"
        finally:
            fake.terminate()


@pytest.mark.slow
@pytest.mark.parametrize("tool", ["uvx", "pipx"])
def test_the_command_runs_without_being_installed(tool: str, tmp_path: Path) -> None:
    program = shutil.which(tool, path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if program is None:
        pytest.skip(f"{tool} is not installed")
    line = next(line for line in text_of("containers.md").splitlines() if line.startswith(f"{tool} "))

    done = subprocess.run(
        [program, *shlex.split(line)[1:]], cwd=sources(tmp_path), text=True, capture_output=True, check=False
    )

    assert (done.returncode, done.stdout.startswith("fakenotify 0.")) == (0, True), done.stderr
