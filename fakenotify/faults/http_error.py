"""An HTTP error in Twilio's words."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

from fakenotify.core.errors import TwilioError
from fakenotify.faults.fault import Fault, Wire, check_seconds

WORDS = {
    400: (20001, "Bad Request"),
    401: (20003, "Authenticate"),
    403: (403, "Service cannot be used"),  # observed (O6)
    404: (20404, "Not Found"),
    405: (20004, "Method not allowed"),
    409: (20409, "Conflict"),
    410: (20410, "Gone"),
    413: (20413, "Request Entity Too Large"),
    426: (20426, "Upgrade Required"),
    429: (20429, "Too Many Requests"),  # sibling
    500: (20500, "Internal Server Error"),
    503: (20503, "Service unavailable"),
}
"""Code and words for a status. (documented, Twilio's dictionary; the status is the platform's convention)"""

CODES = {
    20003: (401, "Authenticate"),
    20005: (401, "Account not active"),
    20006: (403, "Access Denied"),
    20008: (403, "Resource not accessible with Test Account Credentials"),  # sibling
    20403: (403, "Forbidden"),
    20422: (400, "Invalid Parameter"),
    20423: (400, "Invalid SID"),
    21243: (400, "Credential Validation Error"),
    70002: (400, "Bad request"),
}
"""Words for codes that are not their status's own."""


@dataclass(frozen=True)
class HttpError(Fault):
    """Answer with ``status``. ``retry_after``: seconds, in the header ``Retry-After``."""

    kind = "http"
    status: int
    code: int | None = None
    message: str | None = None
    retry_after: float | None = None

    def __post_init__(self) -> None:
        if isinstance(self.status, bool) or not isinstance(self.status, int) or not 400 <= self.status <= 599:
            raise ValueError(f"status is an HTTP error, 400 to 599, not {self.status!r}")
        if self.code is not None and (isinstance(self.code, bool) or not isinstance(self.code, int)):
            raise ValueError(f"code is a whole number, not {self.code!r}")
        if self.message is not None and not isinstance(self.message, str):
            raise ValueError(f"message is a text, not {self.message!r}")
        if self.retry_after is not None:
            check_seconds(self.retry_after, "retry_after")

    def meet(self, wire: Wire, now: float) -> tuple[TwilioError, dict[str, str]]:
        """Answer with the error."""
        headers = {} if self.retry_after is None else {"Retry-After": _plain(self.retry_after)}
        return error(self.status, self.code, self.message), headers


def _plain(seconds: float) -> str:
    """Seconds as a header spells them: ``0.5``, ``2``, ``86400000``, never ``8.64e+07``."""
    return f"{seconds:f}".rstrip("0").rstrip(".")


class Injected(TwilioError):
    """An error that the tester has set, not a rule of Notify's."""

    label = "injected"

    def rule(self, operation: str | None) -> str:
        """``fault``: no rule of Notify's."""
        return "fault"


def error(status: int, code: int | None = None, message: str | None = None) -> TwilioError:
    """Twilio's error for a status; a status that is in no table gets the code 20000 + status. (assumed)"""
    own_code, words = WORDS.get(status) or (20000 + status, _phrase(status))
    if code is not None and code != own_code:
        own_code, words = code, CODES.get(code, (status, words))[1]
    made = Injected(words if message is None else message)
    made.status, made.code = status, own_code
    return made


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Error"
