"""Names that testers know from other tools, and what those things are called here.

``Account`` looks an unknown attribute up here, and every verb an unknown argument.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from inspect import signature
from typing import TYPE_CHECKING, Any, TypeVar, cast

from fakenotify.core.params import did_you_mean

Function = TypeVar("Function", bound=Callable[..., Any])


def _guesses(meant: Mapping[str, str]) -> dict[str, str]:
    """The right name by each wrong one, from the wrong ones by the right one."""
    return {name: right for right, names in meant.items() for name in names.split()}


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

_WHOM = "identity (whom) or address (which device)"
_CHANNEL = "channel kind transport type via"
_COUNT = "count n number repeat"
_DEVICE = "device device_token phone phone_number registration_id token"
_TEXT = "content message msg text"
_USER = "user user_id username"

DELIVERY_FIELDS = _guesses(
    {
        "address": _DEVICE,
        "binding_sid": "binding",
        "binding_type": _CHANNEL,
        "body": _TEXT,
        "error_code": "code error",
        "identity": _USER,
        "notification_sid": "notification",
        "payload": "data json",
        "service_sid": "service",
        "status": "state",
        "times": "call_count called count exactly n number",
        "title": "subject",
        _WHOM: "recipient to target who",
    }
)
"""An argument that ``assert_delivered`` doesn't have, and the one that is meant."""

ARGUMENTS: Mapping[str, Mapping[str, str]] = {
    verb: _guesses(meant)
    for verb, meant in {
        "create_binding": {
            "address": "device device_token phone phone_number to token",
            "binding_type": "channel kind type",
            "credential_sid": "credential",
            "identity": _USER,
            "tags": "tag",
        },
        "create_notification": {
            "body": _TEXT,
            "data": "payload",
            "delivery_callback_url": "callback callback_url webhook",
            "identities": "identity recipient user",
            "segments": "segment",
            "tags": "tag",
            "title": "subject",
            "to_binding": "address to to_bindings",
        },
        "create_service": {
            "delivery_callback_url": "callback_url webhook",
            "friendly_name": "name service_name",
            "messaging_service_sid": "messaging_service",
            "the same name with _sid": "apn_credential fcm_credential gcm_credential",
        },
        "fail": {
            "Fault.http(status, code=…)": "code",
            "Fault.http(status, message=…)": "message body",
            "Fault.latency(seconds)": "delay latency sleep",
            "Fault.reset_connection()": "error exception exc raises side_effect",
            "Fault.stall()": "timeout hang timed_out",
            "account": "account_sid",
            "after": "skip offset",
            "status": "status_code http_status return_status",
            "the operation, e.g. 'notifications.create'": "method path url endpoint",
            "times": _COUNT,
            "when": "match predicate condition where",
        },
        "fail_delivery": {
            "address": _DEVICE,
            "binding_type": _CHANNEL,
            "identity": _USER,
            "times": _COUNT,
            _WHOM: "recipient to target",
        },
        "rate_limit": {"requests": "count limit n times", "seconds": "per period window interval"},
        "wait_for": {"timeout": "seconds max_wait deadline"},
    }.items()
}
"""For each verb: arguments that it doesn't have, and what is meant."""


def hint_of(name: str, guesses: Mapping[str, str], known: Iterable[str]) -> str:
    """What an unknown name means, or looks like."""
    return f"; did you mean {guesses[name]}?" if name in guesses else did_you_mean(name, known)


def unknown_attribute(owner: object, name: str) -> AttributeError:
    """The error for an attribute that is not there."""
    hint = hint_of(name, ATTRIBUTES, [each for each in dir(owner) if not each.startswith("_")])
    return AttributeError(f"{type(owner).__name__!r} object has no attribute {name!r}{hint}")


def names_arguments(function: Function) -> Function:
    """A decorator: answer an unknown argument with the name that is meant."""
    verb = function.__name__ if function.__name__ != "__init__" else function.__qualname__.partition(".")[0]
    known = [name for name in signature(function).parameters if name != "self"]

    @wraps(function)
    def checked(*arguments: Any, **named: Any) -> Any:
        for name in named:
            if name not in known:
                hint = hint_of(name, ARGUMENTS.get(verb, {}), known)
                raise TypeError(f"{verb}() has no argument {name!r}{hint or '.'} It takes: {', '.join(known)}")
        return function(*arguments, **named)

    return cast("Function", checked)


def names_fields(function: Function) -> Function:
    """A decorator: add the name that is meant to the error about an unknown field."""
    guesses = ARGUMENTS.get(function.__name__, {})

    @wraps(function)
    def checked(*arguments: Any, **named: Any) -> Any:
        try:
            return function(*arguments, **named)
        except TypeError as error:
            meant = [f"{guesses[name]} for {name}" for name in named if name in guesses]
            if not meant:
                raise
            raise TypeError(f"{error}; did you mean {', '.join(meant)}?") from None

    return cast("Function", checked)


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
