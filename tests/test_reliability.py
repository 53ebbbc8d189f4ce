"""The proofs of ``python -m tests.reliability``, each for a moment."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest
from reliability import fuzz, matrix, schema
from reliability.__main__ import PROOFS, main
from reliability.figure import Figure
from reliability.survive import SCENARIOS

from fakenotify.control import notify_openapi

TOP = Path(__file__).parents[1]

pytestmark = pytest.mark.slow


def proof(name: str, count: int) -> str:
    """Run a proof in a process of its own, where nothing else is traced or counted; returns what it prints."""
    plain = {key: value for key, value in os.environ.items() if not key.startswith("COVERAGE_")}
    command = [sys.executable, "-m", "tests.reliability", name, "--count", str(count)]
    done = subprocess.run(command, cwd=TOP, env=plain, text=True, capture_output=True)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("name", "count", "figure"),
    [
        ("forms", 12_000, r"12\d{3} forms for \d+ operations"),
        ("soak", 4, r"\d+ requests, callbacks and starts"),
        ("memory", 3_000, r"15000 requests, deliveries, accounts and rows"),
    ],
)
def test_a_proof_finds_nothing_and_prints_its_figure_last(name: str, count: int, figure: str) -> None:
    printed = proof(name, count)

    assert "never succeeded" not in printed
    assert re.search(rf"^{name}: {figure} in [\d.]+ s, 0 failures\n\Z", printed, re.MULTILINE), printed


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_fake_survives(name: str) -> None:
    SCENARIOS[name]()


# the proofs prove something


def test_a_fuzzer_notices_a_500_and_a_hang_and_what_is_no_http(monkeypatch: pytest.MonkeyPatch) -> None:
    fuzzer = fuzz.Fuzzer(Random(0))
    try:
        for answer, found in ((b"HTTP/1.1 500 X\r\n\r\n", "a 5xx"), (b"SSH-2.0", "no HTTP"), (b"HTTP/1.1 505 X", None)):
            monkeypatch.setattr(fuzzer, "send", lambda raw, answer=answer: answer)
            assert (fuzzer.wrong(b"") or "").partition(":")[0] == (found or "")
        monkeypatch.undo()
        monkeypatch.setattr(fuzz, "HANG", 0.05)
        with socket.create_server(("127.0.0.1", 0)) as silent:
            fuzzer.port = silent.getsockname()[1]
            assert fuzzer.wrong(b"GET") == "no end within 0.05 s"
    finally:
        fuzzer.fake.stop()


def test_every_kind_of_noise_is_made_and_the_same_seed_makes_the_same() -> None:
    fuzzers = [fuzz.Fuzzer(Random(7)) for _ in range(2)]
    try:
        one, other = ([each.valid() + each.noise() + each.mutated() for _ in range(20)] for each in fuzzers)
    finally:
        for each in fuzzers:
            each.fake.stop()
    assert one == other


def test_the_last_line_is_a_figure_and_failures_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    figure = Figure("fuzz", tried=3)
    assert figure.tell() == 0
    figure.fail("a 500 after b'GET'")
    assert figure.tell() == 1

    *_, failure, last = capsys.readouterr().out.splitlines()
    assert failure == "FAILED a 500 after b'GET'"
    assert re.fullmatch(r"fuzz: 3 inputs in 0\.\d s, 1 failures", last)


def test_schemathesis_finds_nothing_by_either_description() -> None:
    printed = proof("schema", 1)

    asked = dict(re.findall(r"^(\S+)\.json: (\d+) requests$", printed, re.MULTILINE))
    assert {name for name, number in asked.items() if int(number) > 50} == {"notify-openapi", "openapi"}, printed
    assert re.search(r"schema: \d+ requests by schemathesis in [\d.]+ s, 0 failures\n$", printed), printed


def test_schemathesis_notices_an_answer_that_is_not_as_described(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(notify_openapi.RESOURCES["services"][1]["properties"], "log_enabled", {"type": "string"})
    monkeypatch.delitem(schema._DOCUMENTS, "openapi.json")

    figure = schema.prove(1)

    assert "is not of type" in "".join(figure.failures)


@pytest.mark.parametrize("proof", ["schema", "guided"])
def test_what_needs_a_tool_says_so_where_there_is_none(
    proof: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SCHEMATHESIS_PYTHON", "/bin/false")
    monkeypatch.setenv("ATHERIS_PYTHON", "/bin/false")

    assert main([proof, "--count", "1"]) == 0
    assert "not run: /bin/false has no" in capsys.readouterr().out


def test_the_matrix_finds_this_python_and_no_old_one() -> None:
    here = matrix.pythons()

    assert f"{sys.version_info[0]}.{sys.version_info[1]}" in {version.rstrip("t") for version in here}
    assert all(int(version.rstrip("t").split(".")[1]) >= 10 for version in here)


def test_the_matrix_runs_tests_that_exist() -> None:
    chosen = {name for _, names in matrix._PINS.values() for name in names}

    assert [name for name in chosen if not (TOP / "tests" / name).exists()] == []


def test_every_proof_is_documented() -> None:
    page = (TOP / "docs" / "reliability.md").read_text(encoding="utf-8")
    assert [name for name in PROOFS if f"python -m tests.reliability {name}" not in page] == []
    assert [name for name in SCENARIOS if name.replace("_", " ") not in page] == []
