"""Outcomes: what providers are made to answer to future deliveries."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from fakenotify.core.errors import UnknownName
from fakenotify.core.params import nearest
from fakenotify.core.values import is_whole
from fakenotify.notify.channels import CHANNELS
from fakenotify.notify.debugger import CODES
from fakenotify.notify.targets import Target

TOO_MANY_RECIPIENTS = 52302
UNREGISTERED = frozenset((52103, 52141))
"""The provider no longer knows the token, and Notify removes the Binding. (assumed D27)"""

_BY_ITSELF = frozenset((52301, 52307, 52311))
INJECTABLE = tuple(code for code, each in CODES.items() if each.when in ("D", "D/S") and code not in _BY_ITSELF)


@dataclass(slots=True)
class Outcome:
    """Deliveries to this ``address``, ``identity`` and ``binding_type`` (None: any) fail with ``code``.

    A code that belongs to one provider applies to its deliveries only. It fails ``times`` more of them, or all for
    None; ``used`` counts those that failed. Raises ``UnknownName`` with the nearest, ``ValueError`` for bad ``times``.
    """

    code: int
    address: str | None = None
    identity: str | None = None
    binding_type: str | None = None
    times: int | None = None
    used: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        code, kind = self.code, self.binding_type
        if not is_whole(code) or code not in INJECTABLE:
            raise _no_such_outcome(code)
        if kind is not None and kind not in list(CHANNELS):
            close = nearest(str(kind), CHANNELS)
            raise UnknownName(f"no binding type {kind!r}; nearest: {', '.join(close or CHANNELS)}", close)
        if kind is not None and kind not in struck_by(code):
            labels = " and ".join(CHANNELS[each].label for each in struck_by(code))
            raise ValueError(
                f"{code} ({CODES[code].title}) is a code of {labels}: no delivery by {kind} can fail with it"
            )
        for name, value in (("address", self.address), ("identity", self.identity)):
            if not isinstance(value, (str, type(None))):
                raise ValueError(f"{name} is a text, not {value!r}")
        if self.times is not None and not is_whole(self.times, 1):
            raise ValueError(f"times is a whole number from 1, or None for good, not {self.times!r}")

    def matches(self, target: Target) -> bool:
        """Whether it applies to the delivery to ``target``, and is not used up."""
        return (
            self.times != 0
            and target.binding_type in struck_by(self.code)
            and self.address in (None, target.address)
            and self.identity in (None, target.identity)
            and self.binding_type in (None, target.binding_type)
        )

    def to_json(self) -> dict[str, Any]:
        """The outcome as JSON."""
        return asdict(self)

    def use(self) -> int:
        """Count one delivery; returns the code."""
        self.used += 1
        if self.times is not None:
            self.times -= 1
        return self.code


def struck_by(code: int) -> list[str]:
    """The binding types to which a code can apply: those of its provider, or all if it belongs to none."""
    own = [name for name, channel in CHANNELS.items() if code in channel.codes]
    return own or list(CHANNELS)


def _no_such_outcome(code: object) -> UnknownName:
    close = nearest(str(code), [str(each) for each in INJECTABLE])
    known = CODES.get(code) if isinstance(code, int) else None
    if known is None:
        named = "; ".join(f"{each} {CODES[int(each)].title}" for each in close)
        words = f"{code!r} is no delivery outcome; nearest: {named or f'{INJECTABLE[0]} to {INJECTABLE[-1]}'}"
    elif known.of_notify:
        raised = "the fake raises it by itself" if code in _BY_ITSELF else "it is about Users and Segments"
        words = f"{code} ({known.title}) is never a delivery's outcome; {raised}"
    else:
        words = f"{code} ({known.title}) is a code of another product; Notify never raises it"
    return UnknownName(words, close)
