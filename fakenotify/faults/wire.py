"""The connection that a fault acts on. Apart from the kinds, because clients in process need only this."""

from __future__ import annotations

from typing import Protocol


class Wire(Protocol):
    """The connection of the request that a fault meets."""

    def pause(self, seconds: float | None) -> None:
        """Wait; None: until the client gives up. Ends at once when the test or the server ends."""
        ...

    def send(self, data: bytes) -> None:
        """Send raw bytes."""
        ...

    def reset(self) -> None:
        """End the connection with a reset instead of a close."""
        ...


class NoPause:
    """The wire of a call in process: no time passes, but a pause that reaches the client's timeout ends the call."""

    def __init__(self, timeout: float | None = None) -> None:
        self._timeout = timeout

    def pause(self, seconds: float | None) -> None:
        """Return at once; raise ``Broken`` where a client would have given up."""
        if seconds is None or (self._timeout is not None and seconds >= self._timeout):
            raise Broken("stall")

    def send(self, data: bytes) -> None:
        """Do nothing: there is no connection."""

    def reset(self) -> None:
        """Do nothing: there is no connection."""


class Broken(Exception):
    """There is no answer, or only a part of one; ``kind`` is the name of the fault."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        super().__init__(f"fault {kind}")
