"""The catalogue of errors is complete and says how we know each; each answer is tested where it is raised."""

from __future__ import annotations

from collections.abc import Iterator

from fakenotify.core.errors import LABELS, TwilioError, UnknownName
from fakenotify.notify import errors
from fakenotify.notify.errors import CATALOGUE


def classes_below(cls: type[TwilioError]) -> Iterator[type[TwilioError]]:
    for each in cls.__subclasses__():
        yield each
        yield from classes_below(each)


def test_the_catalogue_has_every_error_once() -> None:
    places = (errors.__name__, TwilioError.__module__)

    assert set(CATALOGUE) == {each for each in classes_below(TwilioError) if each.__module__ in places}
    assert len(CATALOGUE) == len(set(CATALOGUE))


def test_every_error_says_when_it_is_raised_and_how_we_know() -> None:
    for each in CATALOGUE:
        assert each.__doc__
        assert each.label in LABELS
        assert {"label", "source"} <= set(vars(each)), "an error doesn't inherit how we know it"


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
