"""HTML, made so that it can't be got wrong.

The law: whatever is not ``Html`` is text and is escaped, and only ``tag`` and ``render`` make ``Html``. No value that
came from outside is ever an element's or an attribute's name.
"""

from __future__ import annotations

import html
from collections.abc import Iterable
from typing import TypeAlias

_VOID = frozenset(("br", "hr", "input", "link", "meta"))
_PICTURES = {code: 0x2400 + code for code in range(0x20) if chr(code) not in "\n\t"} | {0x7F: 0x2421}
"""Control characters are shown by their pictures: what a client sent must be seen, and must not act."""


class Html(str):
    """A text that is HTML already."""


Node: TypeAlias = "str | int | Iterable[Node] | None"
"""What an element may hold: HTML, texts, numbers, nothing, or several of these."""


def escape(text: str) -> str:
    """A text as it stands between tags or in an attribute's quotes."""
    return html.escape(text.translate(_PICTURES))


def render(node: Node) -> Html:
    """HTML for whatever an element may hold."""
    if isinstance(node, Html):
        return node
    if node is None:
        return Html()
    if isinstance(node, (str, int)):
        return Html(escape(str(node)))
    return Html("".join([render(each) for each in node]))


def tag(name: str, /, *content: Node, **attributes: str | int | None) -> Html:
    """An element: ``class_`` spells ``class``, ``data_key`` spells ``data-key``.

    An attribute that is True stands bare, one that is None or False does not stand at all.
    """
    opened = name
    for key, value in attributes.items():
        spelled = key.rstrip("_").replace("_", "-")
        if value is True:
            opened += f" {spelled}"
        elif value is not None and value is not False:
            opened += f' {spelled}="{escape(str(value))}"'
    return Html(f"<{opened}>" if name in _VOID else f"<{opened}>{render(content)}</{name}>")


def clip(text: str, most: int) -> str:
    """The beginning of a text that is too long for a page, and how much is missing."""
    return text if len(text) <= most else f"{text[:most]}… ({len(text) - most:,} more characters)"


def counted(number: int, one: str, several: str | None = None) -> str:
    """A number of things: ``1 binding``, ``2 bindings``, ``10,000 deliveries``."""
    return f"{number:,} {one if number == 1 else several or one + 's'}"
