"""``python -m fakenotify``, and the ``fakenotify`` script."""

from __future__ import annotations

import os
import signal
import sys
from typing import Any, NoReturn


def main() -> int:
    """Run the command line; returns the exit status."""
    serving = not sys.argv[1:] or sys.argv[1].startswith("-")

    def leave(number: int, frame: Any) -> NoReturn:
        os._exit(0 if serving else 128 + number)

    signal.signal(signal.SIGINT, leave)  # nothing has been started yet, so there is nothing to clean up
    signal.signal(signal.SIGTERM, leave)

    from fakenotify.cli.commands import main  # from here on, a signal ends the program without a traceback

    return main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
