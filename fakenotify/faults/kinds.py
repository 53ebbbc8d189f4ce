"""The table of the kinds of fault, by the names that ``Fault`` and the control API know them by."""

from __future__ import annotations

from fakenotify.faults.empty_reply import EmptyReply
from fakenotify.faults.fault import Fault
from fakenotify.faults.garbage import Garbage
from fakenotify.faults.http_error import HttpError
from fakenotify.faults.latency import Latency
from fakenotify.faults.rate_limit import RateLimit
from fakenotify.faults.reset_connection import ResetConnection
from fakenotify.faults.slow_body import SlowBody
from fakenotify.faults.stall import Stall
from fakenotify.faults.truncate_body import TruncateBody

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
