"""The catalogue of errors: each class is one answer, word for word, and says how sure we are of it."""

from __future__ import annotations

from collections.abc import Iterator

from answers import IDENTITY_LIMIT, invalid, missing, not_found

from fakenotify.core.errors import LABELS, TwilioError, UnknownName
from fakenotify.notify import errors
from fakenotify.notify.errors import CATALOGUE

ANSWERS: list[tuple[TwilioError, tuple[int, int, str]]] = [
    (errors.Unauthorized(), (401, 20003, "Authenticate")),
    (errors.RequestTooLarge(), (413, 20413, "Request Entity Too Large")),
    (errors.NotFound("/Services/IS71"), not_found("/Services/IS71")),
    (errors.MethodNotAllowed(["GET", "POST"]), (405, 20004, "Method not allowed")),
    (errors.MissingParameter("Identity"), missing("Identity")),
    (errors.InvalidParameter("Service", "LogEnabled"), invalid("Service", "LogEnabled")),
    (errors.InvalidToBinding(), invalid("Notification", "ToBinding")),
    (errors.InvalidFriendlyName(), (400, 20002, "Invalid FriendlyName")),
    (errors.UnparsableCertificate(), (400, 20001, "Could not parse certificate")),
    (errors.IdentityLimitReached(), IDENTITY_LIMIT),
    (errors.InvalidAddress("The channel's own words"), (400, 20001, "The channel's own words")),
    (errors.CredentialNotFound(), (400, 52002, "Invalid Credential Sid")),
    (
        errors.CredentialTypeMismatch("fcm", "apn"),
        (400, 52003, "Invalid credential type(Can not use credentialType='fcm' credentials for APN notifications)"),
    ),
    (
        errors.SelectorMissing(),
        (400, 20001, "At least one parameter among Identity, Tag, and ToBinding must be specified"),
    ),
    (
        errors.SelectorsMixed(),
        (400, 20001, "Direct notifications and query notifications can not be requested together"),
    ),
    (errors.InvalidQuery("Tag"), (400, 20001, "Parameter 'Tag' is invalid")),
    (
        errors.InvalidDate("EndDate", "tomorrow"),
        (400, 20001, "Invalid EndDate: tomorrow. EndDate must be a valid date: yyyy-MM-dd"),
    ),
    (errors.InvalidPaging("PageToken"), (400, 20001, "Parameter 'PageToken' is invalid")),
    (errors.PageSizeTooLarge(), (400, 20007, "Page size too large")),
    (errors.PageTokenMissing(), (400, 70002, "Paged requests must include a PageToken")),
    (errors.UserExists(), (409, 52304, "User already exists")),
    (errors.AlreadyInSegment(), (409, 52305, "User already belongs to the segment")),
    (errors.UserHasBindings(), (409, 52306, "Cannot delete User resource with Bindings")),
]


def classes_below(cls: type[TwilioError]) -> Iterator[type[TwilioError]]:
    for each in cls.__subclasses__():
        yield each
        yield from classes_below(each)


def test_an_error_is_answered_with_exactly_four_keys_in_this_order() -> None:
    more_info = "https://www.twilio.com/docs/errors/{}".format

    assert [list(error.representation().items()) for error, *_ in ANSWERS] == [
        [("code", code), ("message", message), ("more_info", more_info(code)), ("status", status)]
        for _, (status, code, message) in ANSWERS
    ]


def test_the_catalogue_and_the_table_above_have_every_error() -> None:
    places = (errors.__name__, TwilioError.__module__)

    assert tuple(type(error) for error, *_ in ANSWERS) == CATALOGUE
    assert set(CATALOGUE) == {each for each in classes_below(TwilioError) if each.__module__ in places}


def test_every_error_says_when_it_is_raised_and_how_we_know() -> None:
    for each in CATALOGUE:
        assert each.__doc__
        assert each.label in LABELS
        assert {"label", "source"} <= set(vars(each)), "an error doesn't inherit how we know it"


def test_a_401_and_a_405_have_the_headers_that_http_wants() -> None:
    headers = {type(error): dict(error.headers) for error, *_ in ANSWERS if error.headers}

    assert headers == {
        errors.Unauthorized: {"WWW-Authenticate": 'Basic realm="Twilio API"'},
        errors.MethodNotAllowed: {"Allow": "GET, POST"},
    }


def test_an_error_names_the_rule_that_refused() -> None:
    refused = errors.InvalidParameter("Service", "LogEnabled")

    assert refused.rule("services.create") == "services.create.LogEnabled"
    assert refused.rule(None) == "errors.InvalidParameter"
    assert errors.UserExists().rule("users.create") == "errors.UserExists"


def test_an_error_reads_well_and_a_message_given_to_one_stays_its_own() -> None:
    assert errors.Unauthorized("Who are you?").message == "Who are you?"
    assert errors.Unauthorized().message == "Authenticate"
    assert str(errors.NotFound("/Services/IS71")) == (
        "HTTP 404, code 20404: The requested resource /Services/IS71 was not found"
    )
    assert repr(errors.UserExists()) == "UserExists('User already exists')"


def test_an_unknown_name_is_the_testers_mistake_and_lists_the_nearest() -> None:
    error = UnknownName("there is no 'bindngs.create'", (each for each in ("bindings.create", "bindings.find")))

    assert isinstance(error, LookupError)
    assert isinstance(error, ValueError)
    assert (error.nearest, str(error)) == (["bindings.create", "bindings.find"], "there is no 'bindngs.create'")
    assert UnknownName("there is no such thing").nearest == []
