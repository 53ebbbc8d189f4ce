"""The inspector's files: what is served, to whom, and that nothing in them could run what was sent."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pyfakefs.fake_filesystem_unittest import Patcher

from fakenotify.control.pages import POLICY

HOME = Path(__file__).parents[2] / "fakenotify" / "control" / "inspector"
FILES = {each.name: each.read_bytes() for each in HOME.iterdir()}
SCRIPTS = sorted(name for name in FILES if name.endswith(".js"))
TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}


@pytest.mark.parametrize("name", ["index.html", "inspector.css", "inspector.js"])
def test_a_file_is_served_as_it_is_with_strict_headers(wire: Any, name: str) -> None:
    answer = wire.get("/_fake/" if name == "index.html" else f"/_fake/inspector/{name}")

    headers = {name: value for name, value in answer.headers if name != "Date"}
    assert (answer.status, answer.body, headers) == (
        200,
        FILES[name],
        {
            "Content-Type": f"{TYPES[Path(name).suffix]}; charset=utf-8",
            "Content-Length": str(len(FILES[name])),
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": POLICY,
            "Cross-Origin-Resource-Policy": "same-origin",
            "Referrer-Policy": "no-referrer",
        },
    )


def test_the_policy_lets_only_own_files_in() -> None:
    assert dict(each.split(" ", 1) for each in POLICY.split("; ")) == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "connect-src": "'self'",
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
    }


def test_every_file_that_one_asks_for_is_served(wire: Any) -> None:
    page = FILES["index.html"].decode()
    imported = {each for name in SCRIPTS for each in re.findall(r'from "\./(\S+)"', FILES[name].decode())}
    asked = set(re.findall(r'(?:src|href)="/_fake/inspector/(\S+)"', page)) | imported

    assert asked == set(FILES) - {"index.html"}
    assert {name: wire.get(f"/_fake/inspector/{name}").body for name in asked} == {name: FILES[name] for name in asked}


@pytest.mark.parametrize(
    "target",
    [
        "/_fake/inspector/page.py",
        "/_fake/inspector/../pages.py",
        "/_fake/inspector/%2e%2e%2fpages.py",
        "/_fake/inspector",
    ],
)
def test_no_path_leads_to_another_file(wire: Any, target: str) -> None:
    answer = wire.send("GET", target)

    assert (answer.status, answer.header("Content-Type")) == (404, "application/json")


def test_a_wrong_name_is_answered_with_the_nearest(wire: Any) -> None:
    answer = wire.get("/_fake/inspector/inspector.jss")

    assert answer.json == {
        "error": "the inspector has no file 'inspector.jss'",
        "nearest": ["inspector.js", "inspector.css"],
    }


@pytest.mark.parametrize("target", ["/_fake/", "/_fake/inspector/inspector.js"])
@pytest.mark.parametrize("headers", [{"Host": "evil.example"}, {"Origin": "http://evil.example"}])
def test_foreign_hosts_and_pages_are_kept_out(wire: Any, target: str, headers: dict[str, str]) -> None:
    assert wire.get(target, headers=headers).status == 403


def test_the_page_has_nothing_inline_and_nothing_from_elsewhere() -> None:
    page = FILES["index.html"].decode()

    assert re.findall(r"<script[^>]*>[^<]", page) == []
    assert re.findall(r"<style|\son\w+=|\sstyle=|javascript:", page) == []
    assert re.findall(r'(?:src|href)="(?!/_fake/|#|data:image/svg)[^"]*"', page) == []


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_never_makes_markup_or_code_of_a_text(name: str) -> None:
    made = r"(inner|outer|set|adjacent)HTML|document\.write|DOMParser|ContextualFragment|\beval\b|new Function"

    assert re.findall(made, FILES[name].decode()) == []


def test_without_javascript_the_page_leads_to_the_json(wire: Any) -> None:
    [told] = re.findall(r"<noscript>(.*)</noscript>", FILES["index.html"].decode(), re.DOTALL)

    links = re.findall(r'href="([^"]+)"', told)

    assert "needs JavaScript" in told
    assert {wire.get(link).header("Content-Type") for link in links} == {"application/json"}


def test_the_files_are_read_before_a_test_takes_the_file_system_away(wire: Any) -> None:
    with Patcher():
        assert wire.get("/_fake/").body == FILES["index.html"]


def test_importing_the_package_reads_no_file_of_the_page() -> None:
    loaded = "import fakenotify, sys; print('fakenotify.control.pages' in sys.modules)"

    assert (
        subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True).stdout == "False\n"
    )
