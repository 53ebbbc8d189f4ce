"""The stream of events: what happens in a world from now on."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator
from threading import Condition

from fakenotify.control.app import write
from fakenotify.control.routes import ACCOUNT, EVENTS, Ask, route
from fakenotify.notify.journal import Request
from fakenotify.world.world import Change, World

HEARTBEAT = 15.0
"""Seconds after which an idle stream sends a comment, to keep the connection open."""
MOST_WAITING = 1_048_576
"""The size of the events that may wait for a slow reader; a stream with more is ended."""

_FIELDS = (
    *("operation", "method", "path", "status", "code", "sid", "account_sid", "request_id"),
    *("warnings", "hints", "rule", "label", "fault"),
)
"""The fields of a request that an event has."""
_TOO_SLOW = "the reader was too slow; open a new stream, and read again what it may have missed"


@route("GET", "events", query=ACCOUNT, media=EVENTS)
def events(world: World, ask: Ask) -> Generator[str, None, None]:
    """Server-sent events of what happens from now on, until the client leaves or the fake ends.

    ``request``: a request to Notify. ``callback``: a delivery callback was tried. ``change``: something was changed by
    a test or a control call, ``verb`` says what. ``control``: a control call wrote. ``end``: the reader was too slow,
    and nothing follows.
    """
    waiting = Waiting(ask.account_sid)
    # a generator starts at the first read, so a stream that is never read leaves no listener
    ends = (
        world.journal.listen(waiting.add_request),
        world.changes.add(waiting.add),
        world.ending.add(waiting.finish),
    )
    try:
        yield ": fakenotify\n\n"
        if world.ending.is_over:
            waiting.finish()
        while (text := waiting.next()) is not None:
            yield text
    finally:
        for end in ends:
            end()


class Waiting:
    """The events that one reader has yet to read."""

    def __init__(self, account_sid: str | None) -> None:
        self._account_sid = account_sid
        self._texts: deque[str] = deque()
        self._size = 0
        self._finished = False
        self._changed = Condition()

    def add(self, change: Change) -> None:
        """Queue an event that concerns the reader. If the queue is too long, an ``end`` event replaces it."""
        to_all = change.account_sid is None and change.kind in ("control", "change")
        if not to_all and self._account_sid not in (None, change.account_sid):
            return
        text = f"event: {change.kind}\ndata: {write(change.body)}\n\n"
        with self._changed:
            if self._finished:
                return
            self._size += len(text)
            if self._size > MOST_WAITING:
                self._finished = True
                self._texts.clear()
                text = f"event: end\ndata: {write({'reason': _TOO_SLOW})}\n\n"
            self._texts.append(text)
            self._changed.notify()

    def add_request(self, request: Request) -> None:
        """Queue the event of a request."""
        self.add(Change("request", request.account_sid, {name: getattr(request, name) for name in _FIELDS}))

    def finish(self) -> None:
        """Add no more events."""
        with self._changed:
            self._finished = True
            self._texts.clear()
            self._changed.notify()

    def next(self) -> str | None:
        """The next event, as soon as there is one; a comment if there is none for a while; None at the end."""
        with self._changed:
            if not self._texts and not self._finished:
                self._changed.wait(HEARTBEAT)
            if self._texts:
                text = self._texts.popleft()
                self._size -= len(text)
                return text
            return None if self._finished else ": still here\n\n"
