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

ATTRIBUTES = {
    **dict.fromkeys(
        ("calls", "history", "journal", "log", "received_requests", "recorded_requests", "request_history"), "requests"
    ),
    **dict.fromkeys(("inbox", "mailbox", "messages", "outbox", "pushes", "sent", "sent_messages"), "deliveries"),
    **dict.fromkeys(
        ("address", "base_url", "endpoint", "endpoint_url", "host", "port", "server_url", "url_for"), "url"
    ),
    **dict.fromkeys(("add_response", "expect_request", "inject", "mock", "post", "respond", "route", "stub"), "fail"),
    **dict.fromkeys(("clear", "clear_all", "flush", "reset_mock"), "reset"),
    **dict.fromkeys(("assert_called", "assert_called_with", "assert_sent", "assert_pushed"), "assert_delivered"),
    **dict.fromkeys(("assert_called_once", "assert_called_once_with", "assert_sent_once"), "assert_delivered(times=1)"),
    **dict.fromkeys(("assert_no_requests", "assert_not_called", "assert_not_sent"), "assert_not_delivered"),
    **dict.fromkeys(("freeze", "freeze_time", "move_to", "shift", "tick", "travel"), "clock"),
    **dict.fromkeys(("notify", "session", "twilio"), "client()"),
    **dict.fromkeys(("add_binding", "bind", "register"), "create_binding"),
    **dict.fromkeys(("notify_all", "send", "send_notification"), "create_notification"),
    **dict.fromkeys(("app", "wsgi"), "wsgi_app"),
    "auth": "auth_token",
    "call_count": "len(fake.requests)",
    "called": "fake.requests",
    "errors": "alerts",
    "last_request": "requests.last",
    "patch": "intercept()",
    "sid": "account_sid",
    "token": "auth_token",
    "wait": "wait_for",
}
"""An attribute that a fake doesn't have, and the one that is meant."""

DELIVERY_FIELDS = {
    **dict.fromkeys(("call_count", "called", "count", "exactly", "n", "number"), "times"),
    **dict.fromkeys(("recipient", "to", "target", "who"), "identity (whom) or address (which device)"),
    **dict.fromkeys(("user", "user_id", "username"), "identity"),
    **dict.fromkeys(("device", "device_token", "phone", "phone_number", "registration_id", "token"), "address"),
    **dict.fromkeys(("channel", "kind", "transport", "type", "via"), "binding_type"),
    **dict.fromkeys(("content", "message", "msg", "text"), "body"),
    **dict.fromkeys(("code", "error"), "error_code"),
    **dict.fromkeys(("data", "json"), "payload"),
    **dict.fromkeys(("binding",), "binding_sid"),
    **dict.fromkeys(("notification",), "notification_sid"),
    **dict.fromkeys(("service",), "service_sid"),
    **dict.fromkeys(("subject",), "title"),
    "state": "status",
}
"""An argument that ``assert_delivered`` doesn't have, and the one that is meant."""

ARGUMENTS: Mapping[str, Mapping[str, str]] = {
    "fail": {
        "code": "Fault.http(status, code=…)",
        "message": "Fault.http(status, message=…)",
        "body": "Fault.http(status, message=…)",
        **dict.fromkeys(("status_code", "http_status", "return_status"), "status"),
        **dict.fromkeys(("timeout", "hang", "timed_out"), "Fault.stall()"),
        **dict.fromkeys(("delay", "latency", "sleep"), "Fault.latency(seconds)"),
        **dict.fromkeys(("error", "exception", "exc", "raises", "side_effect"), "Fault.reset_connection()"),
        **dict.fromkeys(("count", "n", "number", "repeat"), "times"),
        **dict.fromkeys(("skip", "offset"), "after"),
        **dict.fromkeys(("match", "predicate", "condition", "where"), "when"),
        **dict.fromkeys(("account_sid",), "account"),
        **dict.fromkeys(("method", "path", "url", "endpoint"), "the operation, e.g. 'notifications.create'"),
    },
    "fail_delivery": {
        **dict.fromkeys(("count", "n", "number", "repeat"), "times"),
        **{name: meant for name, meant in DELIVERY_FIELDS.items() if meant in ("address", "identity", "binding_type")},
        **dict.fromkeys(("recipient", "to", "target"), "identity (whom) or address (which device)"),
    },
    "rate_limit": {
        **dict.fromkeys(("count", "limit", "n", "times"), "requests"),
        **dict.fromkeys(("per", "period", "window", "interval"), "seconds"),
    },
    "create_binding": {
        **dict.fromkeys(("channel", "kind", "type"), "binding_type"),
        **dict.fromkeys(("device", "device_token", "phone", "phone_number", "to", "token"), "address"),
        **dict.fromkeys(("user", "user_id", "username"), "identity"),
        "credential": "credential_sid",
        "tag": "tags",
    },
    "create_notification": {
        **dict.fromkeys(("identity", "recipient", "user"), "identities"),
        **dict.fromkeys(("address", "to", "to_bindings"), "to_binding"),
        **dict.fromkeys(("content", "message", "msg", "text"), "body"),
        **dict.fromkeys(("callback", "callback_url", "webhook"), "delivery_callback_url"),
        "payload": "data",
        "segment": "segments",
        "subject": "title",
        "tag": "tags",
    },
    "create_service": {
        **dict.fromkeys(("name", "service_name"), "friendly_name"),
        **dict.fromkeys(("apn_credential", "fcm_credential", "gcm_credential"), "the same name with _sid"),
        **dict.fromkeys(("callback_url", "webhook"), "delivery_callback_url"),
        "messaging_service": "messaging_service_sid",
    },
    "wait_for": {**dict.fromkeys(("seconds", "max_wait", "deadline"), "timeout")},
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

        def __init__(self, function):
            self.__wrapped__ = function
            self.__doc__ = function.__doc__

        def __get__(self, owner, kind=None):
            return self if owner is None else _Bound(self.__wrapped__, owner)

    class _Bound:
        def __init__(self, function, owner):
            self.__wrapped__ = function.__get__(owner)
            self.__doc__ = function.__doc__
            self.__name__ = function.__name__

        def __call__(self, *arguments, **named):
            return self.__wrapped__(*arguments, **named)

        def __getattr__(self, name):
            own = self.__name__
            raise AttributeError(f"{own} is a method: call it, as in fake.{own}().{name}")
