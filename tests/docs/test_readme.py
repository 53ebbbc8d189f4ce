"""The README's examples, run as a reader would run them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

README = Path(__file__).parents[2] / "README.md"


def examples() -> dict[str, str]:
    """The Python examples by the file name in their first line."""
    blocks = re.findall(r"```python\n# (\S+)\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    return dict(blocks)


def test_the_examples_pass(pytester: pytest.Pytester) -> None:
    for name, text in examples().items():
        pytester.path.joinpath(name).write_text(text, encoding="utf-8")
    result = pytester.runpytest_subprocess("-q", "-p", "no:randomly", "-W", "error")
    result.assert_outcomes(passed=4)


def test_the_first_example_fails_as_the_readme_says(pytester: pytest.Pytester) -> None:
    found = examples()
    pytester.path.joinpath("shop.py").write_text(found["shop.py"].replace("[customer]", "[customer.title()]"))
    pytester.path.joinpath("test_shop.py").write_text(found["test_shop.py"])
    result = pytester.runpytest_subprocess("-q", "-p", "no:randomly")

    told = re.search(r"```text\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert told is not None
    lines = [re.escape(line).replace("…", "[0-9a-f]{32}") for line in told[1].splitlines()]
    result.stdout.re_match_lines([f".*{line}.*" for line in lines])


def test_every_page_that_the_readme_names_exists() -> None:
    pages = re.findall(r"\]\(((?:docs/|CHANGELOG)[^)#]*)", README.read_text(encoding="utf-8"))
    assert [page for page in pages if not (README.parent / page).exists()] == []
