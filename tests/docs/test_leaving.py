"""The worked example of *Leaving Notify*, run as a reader would run it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

PAGE = (Path(__file__).parents[2] / "docs" / "leaving-notify.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"```python\n# (\S+)\n(.*?)```", PAGE, re.DOTALL))


@pytest.fixture
def project(pytester: pytest.Pytester) -> Path:
    for name, text in FILES.items():
        pytester.path.joinpath(name).write_text(text, encoding="utf-8")
    return pytester.path


@pytest.mark.slow
def test_the_examples_pass(project: Path, pytester: pytest.Pytester) -> None:
    result = pytester.runpytest_subprocess("-q", "-p", "no:randomly", "-W", "error")

    result.assert_outcomes(passed=3)


@pytest.mark.slow
def test_the_failure_is_as_shown(project: Path, pytester: pytest.Pytester) -> None:
    broken = FILES["test_new_shop.py"].replace(
        'new_shop.tell(fake_notify_client, DEVICES, "It is here")\n\n    fake_notify.assert',
        'new_shop.tell(fake_notify_client, DEVICES[1:2], "It is here")\n'
        '    new_shop.tell(fake_notify_client, DEVICES[2:], "It was here")\n\n    fake_notify.assert',
    )
    project.joinpath("test_new_shop.py").write_text(broken, encoding="utf-8")

    result = pytester.runpytest_subprocess("-q", "-p", "no:randomly", "-k", "what_notify_sent")

    shown = re.search(r"```text\n(.*?)```", PAGE, re.DOTALL)
    assert shown is not None
    result.stdout.re_match_lines([f".*{re.escape(line)}" for line in shown[1].splitlines()])
