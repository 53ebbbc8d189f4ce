"""Names that testers know from other tools, and what those things are called here.

``Account`` looks an unknown attribute up here, and every verb an unknown argument.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from functools import wraps
from inspect import Parameter, signature
from typing import TYPE_CHECKING, Any, TypeVar, cast

from fakenotify.core.params import Params, did_you_mean
from fakenotify.core.routes import NO_PARAMS
from fakenotify.notify.dispatch import ROUTES

Function = TypeVar("Function", bound=Callable[..., Any])


def _guesses(meant: Mapping[str, str]) -> dict[str, list[str]]:
    """The right names by each wrong one, from the wrong ones by the right one."""
    guesses: dict[str, list[str]] = {}
    for right, names in meant.items():
        for name in names.split():
            guesses.setdefault(name, []).append(right)
    return guesses


ATTRIBUTES = _guesses(
    {
        "account_sid": "sid",
        "alerts": "errors",
        "assert_delivered": "assert_called assert_called_with assert_sent assert_pushed",
        "assert_delivered(times=1)": "assert_called_once assert_called_once_with assert_sent_once",
        "assert_not_delivered": "assert_no_requests assert_not_called assert_not_sent",
        "auth_token": "auth token",
        "client()": "notify session twilio",
        "clock": "freeze freeze_time move_to shift tick travel",
        "create_binding": "add_binding bind register",
        "create_notification": "notify_all send send_notification",
        "deliveries": "inbox mailbox messages outbox pushes sent sent_messages",
        "fail": "add_response expect_request inject mock post respond route stub",
        "fake.requests": "called",
        "intercept()": "patch",
        "len(fake.requests)": "call_count",
        "requests": "calls history journal log received_requests recorded_requests request_history",
        "requests.last": "last_request",
        "reset": "clear clear_all flush reset_mock",
        "url": "address base_url endpoint endpoint_url host port server_url url_for",
        "wait_for": "wait",
        "wsgi_app": "app wsgi",
    }
)
"""An attribute that a fake doesn't have, and the one that is meant."""

ARGUMENTS = _guesses(
    {
        "address": "device device_token phone phone_number registration_id token",
        "after": "offset skip",
        "binding_type": "channel kind transport type via",
        "body": "content message msg text",
        "data": "payload",
        "delivery_callback_url": "callback webhook",
        "error_code": "code",
        "fault=Fault.http(status, code=…)": "code",
        "fault=Fault.http(status, message=…)": "body message",
        "fault=Fault.latency(seconds)": "delay latency seconds sleep",
        "fault=Fault.reset_connection()": "error exc exception raises side_effect",
        "fault=Fault.stall()": "hang timed_out timeout",
        "friendly_name": "name service_name",
        "identities": "identity recipient user",
        "identity": "user user_id username",
        "operation, e.g. 'notifications.create'": "endpoint method path url",
        "payload": "data json",
        "requests": "count limit n times",
        "seconds": "interval per period window",
        "status": "http_status return_status status_code",
        "timeout": "deadline max_wait seconds",
        "times": "call_count called count exactly n number repeat",
        "title": "subject",
        "to_binding": "address to to_bindings",
        "when": "condition match predicate where",
        "identity (whom) or address (which device)": "recipient target to who",
    }
)
"""An argument that a verb doesn't have, and what is meant: the first that the verb does have."""


def hint_of(name: str, guesses: Mapping[str, list[str]], known: Collection[str]) -> str:
    """What an unknown name means, or looks like."""
    for meant in guesses.get(name, ()):
        if not {*re.findall(r"\w+", meant)}.isdisjoint(known):
            return f"; did you mean {meant}?"
    return did_you_mean(name, known)


def unknown_attribute(owner: object, name: str) -> AttributeError:
    """The error for an attribute that is not there."""
    hint = hint_of(name, ATTRIBUTES, [each for each in dir(owner) if not each.startswith("_")])
    return AttributeError(f"{type(owner).__name__!r} object has no attribute {name!r}{hint}")


def names_arguments(function: Function, params: Params = NO_PARAMS) -> Function:
    """A decorator: answer an argument that neither the verb nor its operation has with the name that is meant."""
    verb = function.__name__ if function.__name__ != "__init__" else function.__qualname__.partition(".")[0]
    own = [
        each.name
        for each in signature(function).parameters.values()
        if each.name != "self" and each.kind is not Parameter.VAR_KEYWORD
    ]

    @wraps(function)
    def checked(*arguments: Any, **named: Any) -> Any:
        for name in named:
            if name not in own and name not in params.fields:
                known = list(dict.fromkeys((*own, *params.fields)))
                hint = hint_of(name, ARGUMENTS, known)
                raise TypeError(f"{verb}() has no argument {name!r}{hint or '.'} It takes: {', '.join(known)}")
        return function(*arguments, **named)

    return cast("Function", checked)


def names_arguments_of(operation: str) -> Callable[[Function], Function]:
    """The same for a verb that passes its arguments on to an operation."""
    return lambda function: names_arguments(function, ROUTES.by_operation[operation].params)


if TYPE_CHECKING:

    def called(function: Function) -> Function:
        """Type checkers know a method when they see one."""

else:

    class called:
        """A decorator of a method that looks like an attribute: looking something up on it raises a hint to call it."""

        def __init__(self, method):
            self.__wrapped__ = method
            self.__name__, self.__doc__ = method.__name__, method.__doc__

        def __get__(self, owner, kind=None):
            return self if owner is None else called(self.__wrapped__.__get__(owner))

        def __call__(self, *arguments, **named):  # noqa: D102  # as the method's
            return self.__wrapped__(*arguments, **named)

        def __getattr__(self, name):
            own = self.__name__
            raise AttributeError(f"{own} is a method: call it, as in fake.{own}().{name}")
