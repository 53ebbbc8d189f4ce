"""``fakenotify env`` prints variables for a shell, and ``fakenotify run`` gives them to a program."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from command_line import PATIENCE, Call, python

from fakenotify.cli.env import exports
from fakenotify.notify.accounts import ACCOUNT_SID, AUTH_TOKEN
from fakenotify.proxy.environment import GIVEN

TELL = "import json, os; print(json.dumps(dict(os.environ)))"
IS = "IS" + "a" * 32


def test_a_program_keeps_its_environment_and_gets_ours(fakenotify: Call) -> None:
    pytest.importorskip("trustme", reason="the extra 'proxy' is not installed")
    given = {"TWILIO_EDGE": "dublin", **dict.fromkeys(GIVEN, "x")}

    done = fakenotify("run", "--service", IS, *python(TELL), **given)

    found = json.loads(done.stdout)
    for name in ("FAKENOTIFY_URL", "HTTPS_PROXY"):
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+", found[name])
    assert found["FAKENOTIFY_URL"] != found["HTTPS_PROXY"]
    names = ("FAKENOTIFY_ACCOUNT_SID", "FAKENOTIFY_AUTH_TOKEN", "FAKENOTIFY_SERVICE_SID", "TWILIO_EDGE")
    assert [found[name] for name in names] == [ACCOUNT_SID, AUTH_TOKEN, IS, "dublin"]
    assert not Path(found["SSL_CERT_FILE"]).parent.exists()


AWKWARD = {
    "PLAIN": "http://127.0.0.1:4011",
    "EMPTY": "",
    "SPACE": "a b  c",
    "QUOTE": "it's",
    "BOTH": 'it\'s "so"',
    "DOLLAR": "$HOME `id` $(id)",
    "SLASH": "C:\\temp\\new",
    "SIGNS": "a;b&c|d#e*f!g~",
}


@pytest.mark.parametrize(
    ("shell", "command", "left_out"),
    [
        ("bash", ["bash", "-c"], ()),
        ("fish", ["fish", "--no-config", "-c"], ()),
        ("powershell", ["pwsh", "-NoProfile", "-c"], ("EMPTY",)),  # it knows no empty variables
    ],
)
def test_a_shell_reads_back_the_exact_values(shell: str, command: list[str], left_out: tuple[str, ...]) -> None:
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    given = {name: value for name, value in AWKWARD.items() if name not in left_out}
    script = f"{exports(given, shell)}\n{'& ' * (shell == 'powershell')}'{sys.executable}' -c '{TELL}'"
    done = subprocess.run([*command, script], capture_output=True, timeout=PATIENCE, env={"PATH": os.environ["PATH"]})
    assert json.loads(done.stdout).items() >= given.items()


def test_each_form_has_its_own_quoting() -> None:
    assert exports({"A": "it's C:\\t"}, "fish") == "set -gx A 'it\\'s C:\\\\t'"
    assert exports({"A": "it's $HOME", "B": "‘x’"}, "powershell") == "$Env:A = 'it''s $HOME'\n$Env:B = '‘‘x’’'"
    assert exports({"A": "a:/b", "B": "a b", "C": "it's \\", "D": ""}, "dotenv") == (
        "A=a:/b\nB='a b'\nC=\"it's \\\\\"\nD=''"
    )
    dotenv = pytest.importorskip("dotenv")
    assert dotenv.dotenv_values(stream=StringIO(exports(AWKWARD, "dotenv"))) == AWKWARD
