"""Real time, for timeouts and measurements: it runs on even if the fake's clock, freezegun or time-machine is frozen.

The functions are taken when this module is loaded, and wrapped, so that those tools don't find them: freezegun replaces
what it finds as an attribute of a module, time-machine the inside of ``time.time`` and ``time.monotonic``.
"""

from __future__ import annotations

import time
from functools import partial

monotonic = partial(time.perf_counter)
"""Seconds since an arbitrary moment; only differences are meaningful."""
sleep = partial(time.sleep)
"""Pause this thread for some seconds."""
