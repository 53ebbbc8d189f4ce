"""The catalogue: every error that Notify answers with, a class each.

Each says when it is raised, and carries how sure we are of the answer (``label``) and where that comes from
(``source``): ``O1`` to ``O7`` are bodies and texts of Notify that were recorded, ``D1`` to ``D52`` are decisions; both
are on ``docs/fidelity.md``.
"""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType

from fakenotify.core.errors import (
    ASSUMED,
    OBSERVED,
    SIBLING,
    InvalidPaging,
    InvalidQuery,
    MethodNotAllowed,
    MissingParameter,
    NotFound,
    PageSizeTooLarge,
    PageTokenMissing,
    TwilioError,
)


class Unauthorized(TwilioError):
    """No credentials, or invalid ones. Body and challenge: sibling (api 2010)."""

    status, code, message = 401, 20003, "Authenticate"
    label, source = SIBLING, "D19"
    headers = MappingProxyType({"WWW-Authenticate": 'Basic realm="Twilio API"'})


class RequestTooLarge(TwilioError):
    """A request body of more than 1 MiB."""

    status, code, message = 413, 20413, "Request Entity Too Large"
    label, source = ASSUMED, "D18"


class InvalidParameter(TwilioError):
    """A parameter of a write has a bad value. The template was observed for ``ToBinding`` of a Notification only."""

    label, source = ASSUMED, "D15"

    def __init__(self, resource: str, name: str) -> None:
        self.name = name
        super().__init__(f"Can not convert incoming parameters to {resource} object: Parameter '{name}' is invalid")


def invalid(resource: str) -> Callable[[str], InvalidParameter]:
    """Makes the answers to bad parameters of a write: ``invalid("Binding")("Tag")``."""
    return lambda name: InvalidParameter(resource, name)


class InvalidToBinding(InvalidParameter):
    """A ``ToBinding`` that is not a JSON object with ``binding_type`` and ``address``."""

    label, source = OBSERVED, "O1"

    def __init__(self) -> None:
        super().__init__("Notification", "ToBinding")


class InvalidDate(TwilioError):
    """A ``StartDate`` or ``EndDate`` that is not a day, ``YYYY-MM-DD``. Template: sibling (TaskRouter)."""

    label, source = ASSUMED, "D33"

    def __init__(self, name: str, value: str) -> None:
        self.name = name
        super().__init__(f"Invalid {name}: {value}. {name} must be a valid date: yyyy-MM-dd")


class IdentityLimitReached(TwilioError):
    """The 21st Binding of an identity in a Service. The limit is documented; the answer is that of a sibling."""

    message = "Bindings for the same Identity are limited to less than or equal to 20"
    label, source = ASSUMED, "D1"


class InvalidFriendlyName(TwilioError):
    """A ``FriendlyName`` of more than 64 characters."""

    code, message, name = 20002, "Invalid FriendlyName", "FriendlyName"
    label, source = ASSUMED, "D32"


class UnparsableCertificate(TwilioError):
    """A ``Certificate`` of an apn Credential that can't be parsed. Text and code were observed, not the status."""

    message = "Could not parse certificate"
    label, source = OBSERVED, "O7, D47"


class InvalidAddress(TwilioError):
    """An ``Address`` that its channel can't have, under ``addresses_checked="at_write"``. Text for apn: sibling."""

    label, source = ASSUMED, "D4"


class CredentialNotFound(TwilioError):
    """A ``CredentialSid`` of no Credential, under ``credentials_checked="at_write"``."""

    code, message = 52002, "Invalid Credential Sid"
    label, source = ASSUMED, "D3"


class CredentialTypeMismatch(TwilioError):
    """A Credential of another type than its use, under ``credentials_checked="at_write"``."""

    code = 52003
    label, source = ASSUMED, "D3"

    def __init__(self, credential_type: str, binding_type: str) -> None:
        super().__init__(
            f"Invalid credential type(Can not use credentialType='{credential_type}' credentials"
            f" for {binding_type.upper()} notifications)"
        )


class SelectorMissing(TwilioError):
    """A Notification without ``Identity``, ``Tag``, ``Segment`` and ``ToBinding``. The text was observed."""

    message = "At least one parameter among Identity, Tag, and ToBinding must be specified"
    label, source = OBSERVED, "O4"


class SelectorsMixed(TwilioError):
    """``ToBinding`` together with ``Identity``, ``Tag`` or ``Segment``. The text was observed."""

    message = "Direct notifications and query notifications can not be requested together"
    label, source = OBSERVED, "O2"


class UserExists(TwilioError):
    """A User is created for an identity that has one. The code is documented, the status is not."""

    status, code, message = 409, 52304, "User already exists"
    label, source = ASSUMED, "D13"


class AlreadyInSegment(TwilioError):
    """A User joins a Segment for the second time. The code is documented, the status is not."""

    status, code, message = 409, 52305, "User already belongs to the segment"
    label, source = ASSUMED, "D13"


class UserHasBindings(TwilioError):
    """A User with Bindings is deleted. The code is documented, the status is not."""

    status, code, message = 409, 52306, "Cannot delete User resource with Bindings"
    label, source = ASSUMED, "D13"


CATALOGUE: tuple[type[TwilioError], ...] = (
    Unauthorized,
    RequestTooLarge,
    NotFound,
    MethodNotAllowed,
    MissingParameter,
    InvalidParameter,
    InvalidToBinding,
    InvalidFriendlyName,
    UnparsableCertificate,
    IdentityLimitReached,
    InvalidAddress,
    CredentialNotFound,
    CredentialTypeMismatch,
    SelectorMissing,
    SelectorsMixed,
    InvalidQuery,
    InvalidDate,
    InvalidPaging,
    PageSizeTooLarge,
    PageTokenMissing,
    UserExists,
    AlreadyInSegment,
    UserHasBindings,
)
"""Every error of Notify's, in the order of its checks (D30)."""
