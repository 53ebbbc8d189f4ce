"""The inspector's files: what is served, and that nothing in them can run what a test has sent."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pyfakefs.fake_filesystem_unittest import Patcher

HOME = Path(__file__).parents[2] / "fakenotify" / "control" / "inspector"
FILES = {each.name: each.read_bytes() for each in HOME.iterdir()}
PAGE = FILES["index.html"].decode()
SCRIPTS = {name: content.decode() for name, content in FILES.items() if name.endswith(".js")}
TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}
HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
}


def test_every_file_is_served_as_it_is_with_strict_headers(wire: Any) -> None:
    for name, content in FILES.items():
        answer = wire.get("/_fake/" if name == "index.html" else f"/_fake/inspector/{name}")
        headers = {name: value for name, value in answer.headers if name != "Date"}
        assert (answer.status, answer.body, headers) == (
            200,
            content,
            {
                "Content-Type": f"{TYPES[Path(name).suffix]}; charset=utf-8",
                "Content-Length": str(len(content)),
                **HEADERS,
            },
        )


def test_every_file_is_asked_for_by_the_page_or_a_script() -> None:
    imported = {each for script in SCRIPTS.values() for each in re.findall(r'from "\./(\S+)"', script)}
    assert {"index.html", *re.findall(r'(?:src|href)="/_fake/inspector/(\S+)"', PAGE), *imported} == set(FILES)


def test_no_path_leads_to_another_file(wire: Any) -> None:
    for path in ("/page.py", "/../pages.py", "/%2e%2e%2fpages.py", ""):
        answer = wire.send("GET", f"/_fake/inspector{path}")
        assert (answer.status, answer.header("Content-Type")) == (404, "application/json")


def test_the_page_has_nothing_inline_and_nothing_from_elsewhere() -> None:
    assert re.findall(r"<script[^>]*>[^<]", PAGE) == []
    assert re.findall(r"<style|\son\w+=|\sstyle=|javascript:", PAGE) == []
    assert re.findall(r'(?:src|href)="(?!/_fake/|#|data:image/svg)[^"]*"', PAGE) == []


@pytest.mark.parametrize("name", sorted(SCRIPTS))
def test_a_script_never_makes_markup_or_code_of_a_text(name: str) -> None:
    made = r"(inner|outer|set|adjacent)HTML|document\.write|DOMParser|ContextualFragment|\beval\b|new Function"
    assert re.findall(made, SCRIPTS[name]) == []


def test_without_javascript_the_page_links_to_the_json(wire: Any) -> None:
    [words] = re.findall(r"<noscript>(.*)</noscript>", PAGE, re.DOTALL)
    assert "needs JavaScript" in words
    links = re.findall(r'href="([^"]+)"', words)
    assert {wire.get(link).header("Content-Type") for link in links} == {"application/json"}


def test_the_files_are_read_before_a_test_takes_the_file_system_away(wire: Any) -> None:
    with Patcher():
        assert wire.get("/_fake/").body == FILES["index.html"]


def test_importing_the_package_reads_no_file_of_the_page() -> None:
    loaded = "import fakenotify, sys; print('fakenotify.control' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True)
    assert run.stdout == "False\n"
