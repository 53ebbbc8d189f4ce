"""The inspector's files, as they are: the page is a client of this API like any other."""

from __future__ import annotations

from importlib.resources import files

from fakenotify.control.routes import Ask, Content, Refused, route
from fakenotify.core.params import nearest
from fakenotify.world.world import World

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
"""Content-Security-Policy: own files only, nothing inline, in no frame."""

_HEADERS = (
    ("Content-Security-Policy", POLICY),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Referrer-Policy", "no-referrer"),
)
_TYPES = {"html": "text/html", "css": "text/css", "js": "text/javascript"}


def _content(name: str, body: bytes) -> Content:
    return Content(body, f"{_TYPES[name.rpartition('.')[2]]}; charset=utf-8", _HEADERS)


# read now, while the real files can be read: a test may put a fake file system in their place
_FILES = {
    each.name: _content(each.name, each.read_bytes())
    for each in (files("fakenotify.control") / "inspector").iterdir()
    if each.name.rpartition(".")[2] in _TYPES
}


@route("GET", "", media="text/html")
def get_inspector(world: World, ask: Ask) -> Content:
    """The inspector, a web page that shows what happened and changes what will: a client of this API."""
    return _FILES["index.html"]


@route("GET", "inspector/{file}", media="text/plain")
def get_inspector_file(world: World, ask: Ask) -> Content:
    """A style sheet or a script of the inspector."""
    if ask.rest not in _FILES:
        raise Refused(404, f"the inspector has no file {ask.rest!r}", nearest(ask.rest, _FILES))
    return _FILES[ask.rest]
