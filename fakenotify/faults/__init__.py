"""What can be made to go wrong, in Twilio's dialect: one file for each kind of fault, and their table, ``kinds``.

A fault acts on a request that was authenticated and has a route. ``phase="before"``: instead of the operation;
``phase="after"``: the operation has its effect, and then the answer is lost, delayed or replaced.
"""

from __future__ import annotations

from fakenotify.faults.fault import Broken, Fault, NoPause, Wire
from fakenotify.faults.rules import Rule, Rules

__all__ = ["Broken", "Fault", "NoPause", "Rule", "Rules", "Wire"]
