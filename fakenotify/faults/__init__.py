"""What can be made to go wrong, in Twilio's dialect: one file for each kind of fault, one table of them all.

A fault acts on a request that was authenticated and has a route. ``phase="before"``: instead of the operation;
``phase="after"``: the operation has its effect, and then the answer is lost, delayed or replaced.
"""

from __future__ import annotations

from fakenotify.faults.empty_reply import EmptyReply
from fakenotify.faults.fault import Broken, Fault, NoPause, Wire
from fakenotify.faults.garbage import Garbage
from fakenotify.faults.http_error import HttpError
from fakenotify.faults.latency import Latency
from fakenotify.faults.rate_limit import RateLimit
from fakenotify.faults.reset_connection import ResetConnection
from fakenotify.faults.rules import Rule, Rules
from fakenotify.faults.slow_body import SlowBody
from fakenotify.faults.stall import Stall
from fakenotify.faults.truncate_body import TruncateBody

__all__ = ["KINDS", "Broken", "Fault", "HttpError", "NoPause", "RateLimit", "Rule", "Rules", "Wire"]

KINDS: dict[str, type[Fault]] = {
    "http": HttpError,
    "latency": Latency,
    "slow_body": SlowBody,
    "reset_connection": ResetConnection,
    "empty_reply": EmptyReply,
    "truncate_body": TruncateBody,
    "garbage": Garbage,
    "stall": Stall,
    "rate_limit": RateLimit,
}
