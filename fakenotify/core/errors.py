"""Errors as answers: raise a ``TwilioError`` anywhere, and it becomes JSON in one place.

This module has the errors that routes, parameters and pages raise; ``fakenotify.notify.errors`` is the whole catalogue.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import ClassVar

DOCUMENTED, OBSERVED, SIBLING, SAMPLE, ASSUMED = "documented", "observed", "sibling", "sample", "assumed"
LABELS = (OBSERVED, DOCUMENTED, SAMPLE, SIBLING, ASSUMED)
"""How sure we are of a fact, best first; ``docs/fidelity.md`` explains them."""


class UnknownName(LookupError, ValueError):
    """The tester named something that doesn't exist; ``nearest`` lists the most similar names that do."""

    def __init__(self, message: str, nearest: Iterable[str] = ()) -> None:
        self.nearest = list(nearest)
        super().__init__(message)


def error_body(status: int, code: int, message: str) -> dict[str, object]:
    """The four keys of an error body, in Twilio's order. (observed)"""
    return {
        "code": code,
        "message": message,
        "more_info": f"https://www.twilio.com/docs/errors/{code}",
        "status": status,
    }


class TwilioError(Exception):
    """An error answer: ``status`` (HTTP), ``code`` (Twilio's), ``message``, and the ``headers`` that go with it.

    ``label`` says how sure we are of the answer, and ``source`` names the page, the recording or the decision behind
    it. ``name`` is the parameter that was refused, if one was, and ``hint`` tells the tester why.
    """

    status: int = 400
    code: int = 20001
    message: str = "Bad Request"
    label: ClassVar[str] = ASSUMED
    source: str = ""
    name: str | None = None
    hint: str | None = None
    headers: Mapping[str, str] = MappingProxyType({})

    def __init__(self, message: str | None = None) -> None:
        if message is not None:
            self.message = message
        super().__init__(self.message)

    def rule(self, operation: str | None) -> str:
        """The id of the rule that refused: the parameter's if one was refused, else the error's own."""
        return f"{operation}.{self.name}" if self.name and operation else f"errors.{type(self).__name__}"

    def representation(self) -> dict[str, object]:
        """The body of the answer."""
        return error_body(self.status, self.code, self.message)

    def __str__(self) -> str:
        hint = f" ({self.hint})" if self.hint else ""
        return f"HTTP {self.status}, code {self.code}: {self.message}{hint}"


class NotFound(TwilioError):
    """Unknown path, or a sid that is unknown, malformed or another account's; names the path without ``/v1``."""

    status, code = 404, 20404
    label, source = OBSERVED, "O3"

    def __init__(self, path: str = "") -> None:
        super().__init__(f"The requested resource {path} was not found")


class MethodNotAllowed(TwilioError):
    """A known path with a method that it doesn't have; ``Allow`` lists those that it has."""

    status, code, message = 405, 20004, "Method not allowed"
    label, source = ASSUMED, "D17"

    def __init__(self, allowed: Iterable[str] = ()) -> None:
        super().__init__()
        self.headers = {"Allow": ", ".join(allowed)}


class MissingParameter(TwilioError):
    """A required parameter is absent or empty. Text: sibling (Chat v2)."""

    label, source = SIBLING, "D31"

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"Missing required parameter {name} in the post body")


class InvalidQuery(TwilioError):
    """A parameter of a list has a bad value or is repeated too often."""

    label, source = ASSUMED, "D33"

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"Parameter '{name}' is invalid")


class InvalidPaging(InvalidQuery):
    """A bad ``PageSize``, ``Page`` or ``PageToken``."""

    label, source = ASSUMED, "D6"


class PageSizeTooLarge(TwilioError):
    """A ``PageSize`` above 1000, under ``page_size_limit="reject"``. Code and text: documented."""

    code, message, name = 20007, "Page size too large", "PageSize"
    label, source = ASSUMED, "D6"


class PageTokenMissing(TwilioError):
    """A ``Page`` above 0 without ``PageToken``, under ``page_without_token="reject"``. Other APIs: sibling."""

    code, message = 70002, "Paged requests must include a PageToken"
    label, source = SIBLING, "D6"
