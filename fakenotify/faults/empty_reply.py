"""A connection that is closed without a word."""

from __future__ import annotations

from dataclasses import dataclass

from fakenotify.faults.fault import Fault


@dataclass(frozen=True)
class EmptyReply(Fault):
    """Close the connection without an answer."""

    kind = "empty_reply"
