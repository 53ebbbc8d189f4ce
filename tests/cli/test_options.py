"""The options, the environment variables that stand for them, and the mistakes that are refused in one line."""

from __future__ import annotations

import errno
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
from argparse import Namespace
from pathlib import Path

import pytest
from command_line import FAKENOTIFY, PATIENCE, Call, Done, ended, environment, running

from fakenotify import FakeNotify, __version__
from fakenotify.cli.commands import COMMANDS, parser_of
from fakenotify.cli.options import build, start, variable_of
from fakenotify.cli.output import CommandError, check_writable
from fakenotify.notify.accounts import ACCOUNT_SID, KEPT_BYTES, KEPT_DELIVERIES
from fakenotify.notify.journal import KEPT_REQUESTS

OTHER_SID = "AC" + "b" * 32
IS = "IS" + "a" * 32


# variables


def test_every_option_may_be_a_variable_which_the_command_line_overrides() -> None:
    needed = {"FAKENOTIFY_OUTPUT": "world.json"}
    for parser in map(parser_of, COMMANDS):
        plain = parser.read([], needed)
        for action in parser.declared:
            if not action.option_strings or action.dest in ("help", "version"):
                continue
            option, variable = max(action.option_strings, key=len), variable_of(action)
            if action.nargs == 0:
                for value, wanted in {"1": True, "True": True, "0": False, "false": False, "": False}.items():
                    read = parser.read([], needed | {variable: value})
                    assert read == Namespace(**vars(plain) | {action.dest: wanted})
                continue
            value = list(action.choices)[-1] if action.choices else "7"
            by_option = parser.read([f"{option}={value}"], needed)
            assert by_option != plain
            assert parser.read([], needed | {variable: value}) == by_option
            assert parser.read([f"{option}={value}"], needed | {variable: "rubbish"}) == by_option
            assert parser.read([option, value], needed | {variable: "rubbish"}) == by_option
            if action.default == []:
                assert getattr(parser.read([], needed | {variable: " 7  8 "}), action.dest) == ["7", "8"]


def test_variables_of_other_commands_are_accepted(fakenotify: Call) -> None:
    assert fakenotify("rules", "errors.NotFound", FAKENOTIFY_PORT="1", FAKENOTIFY_URL="x").status == 0


# what is printed only


def test_version_and_help_are_printed(fakenotify: Call) -> None:
    assert fakenotify("--version") == (0, f"fakenotify {__version__}\n", "")
    done = fakenotify("--help")
    assert (done.status, done.stderr, "FAKENOTIFY_PORT" in done.stdout) == (0, "", True)
    assert [name for name in COMMANDS if name != "serve" and f"\n  {name} " not in done.stdout] == []


def test_help_is_ascii() -> None:
    for command in COMMANDS:
        words = parser_of(command).format_help()
        assert words.isascii()
        assert f"usage: fakenotify {'' if command == 'serve' else command}".rstrip() in words


def test_help_imports_nothing_heavy() -> None:
    command = [sys.executable, "-X", "importtime", "-m", "fakenotify", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, env=environment())
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    heavy = re.compile(r"werkzeug|twilio|pytest|fakenotify\.(notify\.(?!kept$)|world|server|control)")
    assert ("argparse" in imported, list(filter(heavy.match, imported))) == (True, [])


# what a fake keeps


def test_the_default_limits_are_those_of_the_python_api() -> None:
    options = parser_of("serve").read([], {})
    kept = (options.keep_requests, options.keep_deliveries, options.keep_bytes)
    assert kept == (KEPT_REQUESTS, KEPT_DELIVERIES, KEPT_BYTES)


def test_the_bytes_that_are_kept_can_be_limited() -> None:
    fake = build(parser_of("serve").read(["--keep-bytes", str(2**20)], {}), "shared")
    service = fake.create_service()
    for _ in range(50):
        fake.create_notification(service, to_binding=[{"binding_type": "fcm", "address": "token"}], body="x" * 50_000)
    assert 0 < len(fake.notifications) < 50


# what is refused

SID_TAKEN = "'IS1' can't be a new Service's sid: IS and 32 hex digits, not yet in use"
NOT_JSON = "this is not JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"
STATES = {
    "not_json": "{",
    "strange_field": '{"services": [{"a\\nb": 5}]}',
    "strange_sid": '{"services": [{"sid": "IS"}]}',
    "good": json.dumps({"services": [{"sid": IS}]}) + "\n",
    "anothers": json.dumps({"accounts": {OTHER_SID: {"services": [{"sid": IS}]}}}),
}
REFUSED = {
    "runn": "there is no command 'runn'; did you mean 'run'?",
    "--prot 1": "there is no option '--prot'; did you mean '--port'?",
    "--port": "argument --port: expected one argument",
    "--port x": "argument --port: 'x' is not a whole number",
    "--port 70000": "argument --port: 70000 is not a port, 0 to 65535",
    "--log-format xml": "argument --log-format: invalid choice: 'xml' (choose from ",
    "--service IS1": SID_TAKEN,
    "--service IS1 --state good": SID_TAKEN,
    f"--account {OTHER_SID}": f"--account {OTHER_SID} has no token; write it as AC…=TOKEN",
    "--account AC1=x": "'AC1' is not an account sid: AC and 32 hex digits",
    "--behaviour x": "'x' is not NAME=VALUE, e.g. identity_limit=evict_oldest",
    "--state /missing.json": "can't read the state file /missing.json: No such file or directory",
    "--state not_json": f"the state file not_json can't be loaded: {NOT_JSON}",
    "--state strange_field": "the state file strange_field can't be loaded: "
    f"accounts.{ACCOUNT_SID}.services[0] has an unknown field 'a\\nb'",
    "--state strange_sid": f"the state file strange_sid can't be loaded: accounts.{ACCOUNT_SID}.services[0]: sid",
    f"--service {IS} --state anothers": f"Service {IS} is account {OTHER_SID}'s; name that one: "
    f"--account {OTHER_SID}=TOKEN",
    "--save-state /missing/world": "can't write /missing/world: there is no such folder",
    f"--save-state {'x' * 300}": f"can't write {'x' * 300}: File name too long",
    "run --save-state / -- true": "can't write /: it is a folder",
    "--host ": "host is empty; 127.0.0.1 is this machine alone, 0.0.0.0 is all of its addresses",
    "--allow-host http://fake:4010": "a host to allow is a name, such as fakenotify, not 'http://fake:4010'",
    "--allow-host ": "a host to allow is a name, such as fakenotify, not ''",
    "--behaviour list_order=newest_first legacy_fcm=accepted": "'legacy_fcm=accepted' is one argument too many; "
    "write an option before each of its values",
    "rules a b": "'b' is one argument too many; ",
    "--host 256.256.256.256": "--host 256.256.256.256 is not an address of this machine: ",
    "--host \udcff": "--host ",
    "--quiet --port-file /missing/port": "can't write /missing/port: No such file or directory",
    "--ca-file ca.pem": "--ca-file is about the proxy; name its port with --proxy-port",
    "--quiet --proxy-port 0 --ca-file /missing/ca.pem": "can't write /missing/ca.pem: No such file or directory",
    "rules errors.NotFond": "there is no rule 'errors.NotFond'; did you mean 'errors.NotFound'?",
    "run": "write the command after --, e.g. fakenotify run -- npm test",
    "run --strict --": "write the command after --, e.g. fakenotify run -- npm test",
    "run --port x -- true": "argument --port: 'x' is not a whole number",
    "run --port-file /missing/port -- true": "can't write /missing/port: No such file or directory",
    "compare --url notify": "'notify' is not an http(s) URL, such as https://notify.twilio.com",
    "compare --url http://127.0.0.1:9": "can't reach http://127.0.0.1:9: Connection refused",
    "compare --report /missing/report.json": "can't write /missing/report.json: there is no such folder",
    "compare --markdown /": "can't write /: it is a folder",
    "compare /missing/calls.jsonl": "can't read the recording /missing/calls.jsonl: No such file or directory",
    "compare ": "can't read the recording : Is a directory",
    "compare good": "good is no recording: line 1 ",
    "compare good --write": "a recording is compared with this fake alone: leave --url and --write out",
    "compare good --url http://127.0.0.1:9": "a recording is compared with this fake alone: ",
    "pull --output world --url notify": "'notify' is not an http(s) URL, such as https://notify.twilio.com",
    "pull --output world --url http://caf\u00e9/\udcff": "'http://caf\u00e9/\\udcff' is not an http(s) URL, such as",
    "pull --output world --service shop": "--service shop is not the sid of a Service: IS and 32 hex digits",
    "pull --output /missing/world": "can't write /missing/world: there is no such folder",
    "pull --output world --csv /": "can't write /: it is a folder",
    "pull --output world --resume": "there is nothing to resume: .world.partial doesn't exist",
}
"""Command lines, and how the line that refuses them begins."""


def test_a_mistake_is_one_line_and_status_2(fakenotify: Call, tmp_path: Path) -> None:
    pytest.importorskip("trustme", reason="the extra 'proxy' is not installed")
    for name, text in STATES.items():
        (tmp_path / name).write_text(text)
    given = {"FAKENOTIFY_PORT": "0", "TWILIO_ACCOUNT_SID": OTHER_SID, "TWILIO_AUTH_TOKEN": "x"}

    done = {each: fakenotify(*each.split(" "), cwd=tmp_path, **given) for each in REFUSED}

    assert {each: line.removeprefix("fakenotify: ")[: len(REFUSED[each])] for each, (_, _, line) in done.items()} == (
        REFUSED
    )
    assert {(status, stdout, stderr.count("\n")) for status, stdout, stderr in done.values()} == {(2, "", 1)}


REFUSED_VARIABLES = {
    ("PROT", "1"): "there is no variable FAKENOTIFY_PROT; did you mean 'FAKENOTIFY_PORT'?",
    ("URLS", "1"): "there is no variable FAKENOTIFY_URLS; did you mean 'FAKENOTIFY_URL'?",
    ("PORT", "x"): "argument --port: 'x' is not a whole number",
    ("QUIET", "yes"): "FAKENOTIFY_QUIET can't be 'yes'; it is true or false",
    ("BEHAVIOUR", "callback_when_empty=1"): "Behaviour.callback_when_empty can't be '1'; it is true or false",
}


def test_a_mistake_in_a_variable_is_one_line_and_status_2(fakenotify: Call) -> None:
    done = {(name, value): fakenotify(**{f"FAKENOTIFY_{name}": value}) for name, value in REFUSED_VARIABLES}

    assert done == {each: Done(2, "", f"fakenotify: {message}\n") for each, message in REFUSED_VARIABLES.items()}


def test_an_empty_variable_counts_as_unset() -> None:
    parser = parser_of("serve")
    empty = dict.fromkeys(map(variable_of, parser.declared), "")
    assert parser.read([], empty) == parser.read([], {})


def test_a_command_whose_output_can_not_be_printed_says_why_unless_its_reader_has_gone() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    full = os.open("/dev/full", os.O_WRONLY)
    done = []
    for stdout in (writing, full):
        with running(*FAKENOTIFY, "rules", stdout=stdout) as process:
            done.append(ended(process))
        os.close(stdout)
    assert done == [Done(0, "", ""), Done(2, "", "fakenotify: can't write to stdout: No space left on device\n")]


def test_a_letter_that_the_encoding_lacks_is_escaped() -> None:
    with running(*FAKENOTIFY, "rules", given={"PYTHONIOENCODING": "ascii"}) as process:
        status, stdout, stderr = ended(process)
    assert (status, "\\u2026" in stdout, stderr) == (0, True, "")


def test_ctrl_c_ends_a_command_with_status_130(fakenotify: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(options: Namespace) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("fakenotify.cli.rules.run", interrupt)
    assert fakenotify("rules") == (130, "", "")


def test_a_command_that_can_not_begin_leaves_the_older_world(fakenotify: Call, tmp_path: Path) -> None:
    path = tmp_path / "world.json"
    path.write_text('{"services": []}')
    with socket.create_server(("127.0.0.1", 0)) as server:
        busy = str(server.getsockname()[1])
        statuses = [
            fakenotify("--port", busy, "--save-state", str(path)).status,
            fakenotify("--port", "0", "--port-file", str(tmp_path), "--save-state", str(path)).status,
            fakenotify("run", "--save-state", str(path), "--", "no such command").status,
        ]
    assert (statuses, path.read_text()) == ([2, 2, 127], '{"services": []}')


def test_no_place_for_the_files_of_the_proxy_is_one_line(
    fakenotify: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("trustme", reason="the extra 'proxy' is not installed")
    what = "can't write certificates: No such file or directory; TMPDIR may name a folder that has room for them"
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    done = [fakenotify("run", "--", "true")]
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr("fakenotify.proxy.launch.REPLACING", {"missing/x": ()})
    done.append(fakenotify("run", "--", "true"))
    assert done == [Done(2, "", f"fakenotify: {what}\n")] * 2
    assert list(tmp_path.iterdir()) == []


def test_a_port_that_is_busy_and_one_where_no_proxy_answers_are_named(fakenotify: Call, free_port: int) -> None:
    pytest.importorskip("trustme", reason="the extra 'proxy' is not installed")
    with socket.create_server(("127.0.0.1", 0)) as server:
        busy = str(server.getsockname()[1])
        done = [
            fakenotify("--port", busy),
            fakenotify("--port", "0", "--quiet", "--proxy-port", busy),
            fakenotify("env", "--proxy-port", str(free_port)),
        ]
    assert done == [
        Done(2, "", f"fakenotify: {line}\n")
        for line in (
            f"port {busy} is in use; choose another with --port, or take a free one with --port 0",
            f"can't start the proxy on 127.0.0.1:{busy}: Address already in use; choose another port",
            f"no proxy answers on 127.0.0.1:{free_port}; start it: fakenotify --proxy-port {free_port}",
        )
    ]


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (
            errno.EACCES,
            "port 80 needs more rights; choose another with --port, or take a free one with --port 0",
        ),
        (errno.EMFILE, "can't listen on 127.0.0.1:80: Too many open files"),
    ],
)
def test_why_the_server_cannot_listen_is_explained(error: int, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: FakeNotify) -> None:
        raise OSError(error, os.strerror(error))

    monkeypatch.setattr(FakeNotify, "start", refuse)
    with pytest.raises(CommandError, match=f"^{re.escape(message)}$"):
        start(FakeNotify(), Namespace(host="127.0.0.1", port=80))


def test_files_that_cannot_be_written_are_refused_before_anything_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    new, old = tmp_path / "new", tmp_path / "old"
    old.write_text("")
    check_writable(str(new), None, str(old))
    monkeypatch.setattr(os, "access", lambda path, mode: path not in (tmp_path, old))
    for path, why in ((tmp_path, "it is a folder"), (new / "x", "there is no such folder")):
        with pytest.raises(CommandError, match=f"can't write {path}: {why}"):
            check_writable(str(path))
    for path in (new, old):
        with pytest.raises(CommandError, match=f"can't write {path}: Permission denied"):
            check_writable(str(path))
