"""Twilio's errors as a catalogue of classes: raise one anywhere, and it becomes JSON in one place.

Each class says when it is raised and how we know: *documented*, *observed*, *sibling* (seen on another Twilio API),
*sample* or *assumed*.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

DOCUMENTED, OBSERVED, SIBLING, SAMPLE, ASSUMED = "documented", "observed", "sibling", "sample", "assumed"


class UnknownName(LookupError, ValueError):
    """The tester named something that isn't there; the message tells the nearest that is, ``nearest`` lists them."""

    def __init__(self, message: str, nearest: Iterable[str] = ()) -> None:
        self.nearest = list(nearest)
        super().__init__(message)


class TwilioError(Exception):
    """An error answer of Notify: ``status`` (HTTP), ``code`` (Twilio's), ``message``.

    ``known`` says how sure we are of it and ``source`` where that comes from; ``name`` is the parameter's, if it is
    about one.
    """

    status: int = 400
    code: int = 20001
    message: str = "Bad Request"
    known: ClassVar[str] = ASSUMED
    source: ClassVar[str] = ""
    name: str | None = None

    def __init__(self, message: str | None = None) -> None:
        if message is not None:
            self.message = message
        super().__init__(self.message)

    @property
    def more_info(self) -> str:
        """The address of Twilio's page on this code."""
        return f"https://www.twilio.com/docs/errors/{self.code}"

    def rule(self, operation: str | None) -> str:
        """The id of the rule that was broken: a parameter's, where it is one's, else the error's own."""
        return f"{operation}.{self.name}" if self.name and operation else f"errors.{type(self).__name__}"

    def representation(self) -> dict[str, object]:
        """The four keys of an error body, in Twilio's order. (observed)"""
        return {"code": self.code, "message": self.message, "more_info": self.more_info, "status": self.status}

    def __str__(self) -> str:
        return f"HTTP {self.status}, code {self.code}: {self.message}"


class Unauthorized(TwilioError):
    """No credentials, or credentials that open nothing. Body: sibling (api 2010)."""

    status, code, message = 401, 20003, "Authenticate"
    known, source = SIBLING, "D19"


class NotFound(TwilioError):
    """Unknown path, or a sid that is unknown, another account's or malformed; names the path without ``/v1``."""

    status, code = 404, 20404
    known, source = OBSERVED, "O3"

    def __init__(self, path: str = "") -> None:
        super().__init__(f"The requested resource {path} was not found")


class MethodNotAllowed(TwilioError):
    """A known path, asked with a method that it does not have."""

    status, code, message = 405, 20004, "Method not allowed"
    known, source = ASSUMED, "D17"


class RequestTooLarge(TwilioError):
    """A request body of more than 1 MiB."""

    status, code, message = 413, 20413, "Request Entity Too Large"
    known, source = ASSUMED, "D18"


class MissingParameter(TwilioError):
    """A required parameter is absent or empty. Text: sibling (Chat v2)."""

    known, source = SIBLING, "D31"

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"Missing required parameter {name} in the post body")


class InvalidParameter(TwilioError):
    """A parameter of a write can't be taken. The template was observed for ``ToBinding`` of a Notification only."""

    known, source = ASSUMED, "D15"

    def __init__(self, resource: str, name: str) -> None:
        self.name = name
        super().__init__(f"Can not convert incoming parameters to {resource} object: Parameter '{name}' is invalid")


class InvalidToBinding(InvalidParameter):
    """A ``ToBinding`` that is not a JSON object with ``binding_type`` and ``address``."""

    known, source = OBSERVED, "O1"


class IdentityLimitReached(InvalidParameter):
    """The 21st Binding of an identity in a Service. The limit is documented, the answer is not."""

    known, source = ASSUMED, "D1"

    def __init__(self) -> None:
        super().__init__("Binding", "Identity")


class InvalidQuery(TwilioError):
    """A parameter of a list can't be taken: dates, paging, or more than five tags."""

    known, source = ASSUMED, "D6, D33"

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"Parameter '{name}' is invalid")


class InvalidFriendlyName(TwilioError):
    """A ``FriendlyName`` of more than 64 characters."""

    code, message, name = 20002, "Invalid FriendlyName", "FriendlyName"
    known, source = ASSUMED, "D32"


class PageSizeTooLarge(TwilioError):
    """A ``PageSize`` above 1000, under ``page_size_limit="reject"``. The text is documented."""

    code, message, name = 20007, "Page size too large", "PageSize"
    known, source = ASSUMED, "D6"


class InvalidAddress(TwilioError):
    """An ``Address`` that its channel can't have, under ``addresses_checked="at_write"``. Text for apn: sibling."""

    known, source = ASSUMED, "D4"


class CredentialNotFound(TwilioError):
    """A ``CredentialSid`` of no Credential, under ``credentials_checked="at_write"``."""

    code, message = 52002, "Invalid Credential Sid"
    known, source = ASSUMED, "D3"


class CredentialTypeMismatch(TwilioError):
    """A Credential of another type than its use, under ``credentials_checked="at_write"``."""

    code = 52003
    known, source = ASSUMED, "D3"

    def __init__(self, credential_type: str, binding_type: str) -> None:
        super().__init__(
            f"Invalid credential type(Can not use credentialType='{credential_type}' credentials"
            f" for {binding_type.upper()} notifications)"
        )


class SelectorMissing(TwilioError):
    """A Notification for nobody: no ``Identity``, ``Tag``, ``Segment`` or ``ToBinding``. The text was observed."""

    message = "At least one parameter among Identity, Tag, and ToBinding must be specified"
    known, source = OBSERVED, "O4"


class SelectorsMixed(TwilioError):
    """``ToBinding`` together with ``Identity``, ``Tag`` or ``Segment``. The text was observed."""

    message = "Direct notifications and query notifications can not be requested together"
    known, source = OBSERVED, "O2"


class UserExists(TwilioError):
    """A User is created for an identity that has one. The code is documented, the status is not."""

    status, code, message = 409, 52304, "User already exists"
    known, source = ASSUMED, "D13"


class AlreadyInSegment(TwilioError):
    """A User joins a Segment for the second time. The code is documented, the status is not."""

    status, code, message = 409, 52305, "User already belongs to the segment"
    known, source = ASSUMED, "D13"


class UserHasBindings(TwilioError):
    """A User with Bindings is deleted. The code is documented, the status is not."""

    status, code, message = 409, 52306, "Cannot delete User resource with Bindings"
    known, source = ASSUMED, "D13"
