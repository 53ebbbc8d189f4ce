"""Printable text: nothing in it steers a terminal, and all of it can be encoded."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fakenotify.core.printable import printable, printable_lines, shortened


def test_what_could_steer_a_terminal_is_escaped_and_the_rest_stays() -> None:
    shown = {
        "Grüße, 世界 🎉": "Grüße, 世界 🎉",
        "\x1b[2J\x07": r"\x1b[2J\x07",
        "a\r\nb\tc": r"a\r\nb\tc",
        "\u202eevil\u2066": r"\u202eevil\u2066",
        "half \ud800": r"half \ud800",
        "\x9b31m\u2028": r"\x9b31m\u2028",
    }

    assert {text: printable(text) for text in shown} == shown


@given(st.text(st.characters(exclude_categories=()), max_size=40))
def test_printable_text_is_one_line_that_can_be_encoded_and_printable_lines_keep_breaks_and_tabs(text: str) -> None:
    line, lines = printable(text), printable_lines(text)

    assert line.isprintable()
    assert line.encode().decode() == line == printable(line)
    assert lines.replace("\n", "").replace("\t", "").isprintable()
    assert (lines.count("\n"), lines.count("\t")) == (text.count("\n"), text.count("\t"))


def test_long_text_keeps_its_beginning_and_its_end() -> None:
    assert (shortened("abcdefghij", 10), shortened("abcdefghijk", 9)) == ("abcdefghij", "abcdef…ijk")
