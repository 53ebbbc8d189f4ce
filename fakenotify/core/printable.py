"""Foreign text made safe to print: it can't steer a terminal or pass for a line of the fake's own."""

from __future__ import annotations


def printable(text: str) -> str:
    """``text`` in one line: control and bidirectional characters, escape sequences and lone surrogates are escaped.

    A space is the only character between words that stays; others could look like an end of a line.
    """
    return text if text.isprintable() else "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)


def printable_lines(text: str) -> str:
    """The same for a text whose own line breaks and tabs stay."""
    return "\n".join("\t".join(map(printable, line.split("\t"))) for line in text.split("\n"))


def shortened(text: str, most: int) -> str:
    """``printable`` text of about ``most`` characters, with a mark where the middle is left out."""
    if len(text) > most:
        text = f"{text[: most - most // 3]}…{text[len(text) - most // 3 :]}"
    return printable(text)


def beginning(text: str, most: int = 60) -> str:
    """A text of at most ``most`` characters, its end left out with a mark; it is not escaped."""
    return text if len(text) <= most else f"{text[: most - 1]}…"
