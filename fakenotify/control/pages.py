"""The inspector's files. The page is a client of this API like any other."""

from __future__ import annotations

from pkgutil import get_data

from fakenotify.control.routes import Ask, Content, Refused, route
from fakenotify.core.params import nearest
from fakenotify.world.world import World

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
"""The Content-Security-Policy: only files from here, nothing inline, no frames."""

_HEADERS = (
    ("Content-Security-Policy", _POLICY),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Referrer-Policy", "no-referrer"),
)
_TYPES = {"html": "text/html", "css": "text/css", "js": "text/javascript"}


_NAMES = ("api.js", "controls.js", "details.js", "dom.js", "index.html", "inspector.css", "inspector.js", "tables.js")

# read by the loader, which finds the real files even if a test has a fake file system (pyfakefs)
_FILES = {
    name: Content(
        get_data("fakenotify.control", f"inspector/{name}") or b"",
        f"{_TYPES[name.partition('.')[2]]}; charset=utf-8",
        _HEADERS,
    )
    for name in _NAMES
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
