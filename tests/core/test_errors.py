"""The catalogue of Twilio's errors: each class is one answer, word for word, and says how we know it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from fakenotify.core import errors
from fakenotify.core.errors import TwilioError, UnknownName

CONVERT = "Can not convert incoming parameters to {} object: Parameter '{}' is invalid"

CATALOGUE: list[tuple[TwilioError, int, int, str]] = [
    (errors.Unauthorized(), 401, 20003, "Authenticate"),
    (errors.NotFound("/Services/IS71"), 404, 20404, "The requested resource /Services/IS71 was not found"),
    (errors.MethodNotAllowed(), 405, 20004, "Method not allowed"),
    (errors.RequestTooLarge(), 413, 20413, "Request Entity Too Large"),
    (errors.MissingParameter("Identity"), 400, 20001, "Missing required parameter Identity in the post body"),
    (errors.InvalidParameter("Service", "LogEnabled"), 400, 20001, CONVERT.format("Service", "LogEnabled")),
    (
        errors.InvalidToBinding("Notification", "ToBinding"),
        400,
        20001,
        "Can not convert incoming parameters to Notification object: Parameter 'ToBinding' is invalid",
    ),
    (errors.IdentityLimitReached(), 400, 20001, CONVERT.format("Binding", "Identity")),
    (errors.InvalidQuery("PageToken"), 400, 20001, "Parameter 'PageToken' is invalid"),
    (errors.InvalidFriendlyName(), 400, 20002, "Invalid FriendlyName"),
    (errors.PageSizeTooLarge(), 400, 20007, "Page size too large"),
    (
        errors.InvalidAddress("Address of sms binding must be a valid phone number"),
        400,
        20001,
        "Address of sms binding must be a valid phone number",
    ),
    (errors.CredentialNotFound(), 400, 52002, "Invalid Credential Sid"),
    (
        errors.CredentialTypeMismatch("fcm", "apn"),
        400,
        52003,
        "Invalid credential type(Can not use credentialType='fcm' credentials for APN notifications)",
    ),
    (
        errors.SelectorMissing(),
        400,
        20001,
        "At least one parameter among Identity, Tag, and ToBinding must be specified",
    ),
    (
        errors.SelectorsMixed(),
        400,
        20001,
        "Direct notifications and query notifications can not be requested together",
    ),
    (errors.UserExists(), 409, 52304, "User already exists"),
    (errors.AlreadyInSegment(), 409, 52305, "User already belongs to the segment"),
    (errors.UserHasBindings(), 409, 52306, "Cannot delete User resource with Bindings"),
]


def classes_below(cls: type[TwilioError]) -> Iterator[type[TwilioError]]:
    for each in cls.__subclasses__():
        yield each
        yield from classes_below(each)


IN_CODE = [each for each in classes_below(TwilioError) if each.__module__ == errors.__name__]


@pytest.mark.parametrize(
    ("error", "status", "code", "message"),
    CATALOGUE,
    ids=lambda each: type(each).__name__ * isinstance(each, TwilioError),
)
def test_an_error_is_answered_with_exactly_these_four_keys_in_this_order(
    error: TwilioError, status: int, code: int, message: str
) -> None:
    assert list(error.representation().items()) == [
        ("code", code),
        ("message", message),
        ("more_info", f"https://www.twilio.com/docs/errors/{code}"),
        ("status", status),
    ]


def test_every_error_of_the_catalogue_is_in_this_table() -> None:
    assert [type(error).__name__ for error, *_ in CATALOGUE] == [each.__name__ for each in IN_CODE]


@pytest.mark.parametrize("cls", IN_CODE)
def test_every_error_says_when_it_is_raised_and_how_we_know(cls: type[TwilioError]) -> None:
    labels = (errors.DOCUMENTED, errors.OBSERVED, errors.SIBLING, errors.SAMPLE, errors.ASSUMED)

    assert cls.__doc__
    assert "known" in vars(cls), "an error doesn't inherit how we know it"
    assert cls.known in labels
    assert cls.source


def test_an_error_without_words_of_its_own_has_those_of_its_class() -> None:
    assert TwilioError().representation() == {
        "code": 20001,
        "message": "Bad Request",
        "more_info": "https://www.twilio.com/docs/errors/20001",
        "status": 400,
    }


def test_words_given_to_one_error_stay_its_own() -> None:
    assert errors.Unauthorized("Who are you?").message == "Who are you?"
    assert errors.Unauthorized().message == "Authenticate"


def test_an_error_reads_well() -> None:
    assert str(errors.NotFound("/Services/IS71")) == (
        "HTTP 404, code 20404: The requested resource /Services/IS71 was not found"
    )
    assert repr(errors.UserExists()) == "UserExists('User already exists')"


@pytest.mark.parametrize(
    ("error", "name"),
    [(errors.InvalidParameter("Service", "LogEnabled"), "LogEnabled"), (errors.InvalidQuery("Page"), "Page")],
)
def test_an_invalid_parameter_is_named_for_the_program_too(
    error: errors.InvalidParameter | errors.InvalidQuery, name: str
) -> None:
    assert error.name == name


@pytest.mark.parametrize(
    ("error", "operation", "rule"),
    [
        (errors.InvalidParameter("Service", "LogEnabled"), "services.create", "services.create.LogEnabled"),
        (errors.InvalidParameter("Service", "LogEnabled"), None, "errors.InvalidParameter"),
        (errors.UserExists(), "users.create", "errors.UserExists"),
        (errors.Unauthorized(), None, "errors.Unauthorized"),
    ],
)
def test_an_error_names_the_rule_that_was_broken(error: TwilioError, operation: str | None, rule: str) -> None:
    assert error.rule(operation) == rule


def test_a_name_that_is_not_there_tells_what_is_near_it() -> None:
    error = UnknownName("there is no 'bindngs.create'", (each for each in ("bindings.create", "bindings.find")))

    assert error.nearest == ["bindings.create", "bindings.find"]
    assert str(error) == "there is no 'bindngs.create'"
    assert UnknownName("there is no such thing").nearest == []


@pytest.mark.parametrize("kind", [LookupError, ValueError])
def test_a_name_that_is_not_there_is_what_a_tester_did_wrong(kind: type[Exception]) -> None:
    assert isinstance(UnknownName("there is no such thing"), kind)
    assert not isinstance(UnknownName("there is no such thing"), TwilioError)
