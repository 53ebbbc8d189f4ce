"""Routes: a method and a path find one operation, and what is near a route is told from what is none."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from typing import Any

import pytest

from fakenotify.core.errors import MethodNotAllowed, NotFound
from fakenotify.core.routes import NO_PARAMS, Route, RouteTable
from fakenotify.notify import dispatch


def run(*_: Any) -> None:
    """What an operation does is not asked here."""


SERVICE = "/Services/{ServiceSid}"
FIND, CREATE = Route("services.find", "/Services", run), Route("services.create", "/Services", run)
FETCH, UPDATE = Route("services.fetch", "/Services/{Sid}", run), Route("services.update", "/Services/{Sid}", run)
DELETE = Route("services.delete", "/Services/{Sid}", run)
BINDING = Route("bindings.fetch", SERVICE + "/Bindings/{Sid}", run)
NOTIFICATION = Route("notifications.create", SERVICE + "/Notifications", run)
USER = Route("users.fetch", SERVICE + "/Users/{Identity}", run, legacy=True)
USER_BINDING = Route("user_bindings.find", SERVICE + "/Users/{Identity}/Bindings", run, legacy=True, key="bindings")
TABLE = RouteTable((FIND, CREATE, FETCH, UPDATE, DELETE, BINDING, NOTIFICATION, USER, USER_BINDING))


def test_the_verb_decides_method_and_status() -> None:
    routes = [Route(f"services.{verb}", "/Services", run) for verb in ("create", "update", "fetch", "find", "delete")]

    assert [(route.method, route.status) for route in routes] == [
        ("POST", 201),
        ("POST", 200),
        ("GET", 200),
        ("GET", 200),
        ("DELETE", 204),
    ]


def test_a_route_reads_no_parameters_unless_it_has_a_table() -> None:
    assert FETCH.params is NO_PARAMS
    assert NO_PARAMS.parse({"Anything": ["x"]}) == {}


def test_an_unknown_verb_is_no_operation() -> None:
    with pytest.raises(KeyError):
        Route("services.list", "/Services", run)


def test_a_list_is_named_after_its_resource_unless_it_says_otherwise() -> None:
    assert (FIND.key, USER_BINDING.key) == ("services", "bindings")


def test_a_route_does_not_change() -> None:
    with pytest.raises(FrozenInstanceError):
        FIND.path = "/"  # type: ignore[misc]


def test_a_path_is_filled_in_as_a_404_names_it() -> None:
    assert FIND.resource_path(()) == "/Services"
    assert USER_BINDING.resource_path(("IS1", "a/b")) == "/Services/IS1/Users/a/b/Bindings"
    assert NOTIFICATION.resource_path(("",)) == "/Services//Notifications"


@pytest.mark.parametrize(
    ("method", "segments", "route", "values"),
    [
        ("GET", ["Services"], FIND, []),
        ("POST", ["Services"], CREATE, []),
        ("GET", ["Services", "IS1"], FETCH, ["IS1"]),
        ("POST", ["Services", "IS1"], UPDATE, ["IS1"]),
        ("DELETE", ["Services", "IS1"], DELETE, ["IS1"]),
        ("GET", ["Services", "Services"], FETCH, ["Services"]),
        ("GET", ["Services", ""], FETCH, [""]),
        ("GET", ["Services", "IS1", "Bindings", "BS1"], BINDING, ["IS1", "BS1"]),
        ("POST", ["Services", "", "Notifications"], NOTIFICATION, [""]),
        ("GET", ["Services", "IS1", "Users", "a/b"], USER, ["IS1", "a/b"]),
        ("GET", ["Services", "IS1", "Users", "Users", "Bindings"], USER_BINDING, ["IS1", "Users"]),
    ],
)
def test_a_request_finds_its_route_and_the_values_in_its_path(
    method: str, segments: list[str], route: Route, values: list[str]
) -> None:
    assert TABLE.match(method, segments, legacy=True) == (route, values)


@pytest.mark.parametrize(
    "segments",
    [
        [],
        ["services"],
        ["Services", "IS1", "Bindings"],
        ["Services", "IS1", "Bindings", "BS1", ""],
        ["", "Services"],
        ["Services/IS1/Users", "alice"],
        ["", "IS1", "Services/Bindings", "BS1"],
    ],
)
def test_a_path_that_no_route_has_is_not_found_whatever_the_method(segments: list[str]) -> None:
    for method in ("GET", "POST", "PUT"):
        with pytest.raises(NotFound):
            TABLE.match(method, segments, legacy=True)


@pytest.mark.parametrize(
    ("method", "segments", "allowed"),
    [
        ("DELETE", ["Services"], "GET, POST"),
        ("HEAD", ["Services", "IS1"], "DELETE, GET, POST"),
        ("get", ["Services"], "GET, POST"),
        ("GET", ["Services", "IS1", "Notifications"], "POST"),
    ],
)
def test_a_known_path_with_another_method_says_which_it_has(method: str, segments: list[str], allowed: str) -> None:
    with pytest.raises(MethodNotAllowed) as raised:
        TABLE.match(method, segments, legacy=True)

    assert raised.value.headers == {"Allow": allowed}


def test_a_withdrawn_resource_is_not_found_where_it_is_not_served_whatever_the_method() -> None:
    for method in ("GET", "POST"):
        with pytest.raises(NotFound):
            TABLE.match(method, ["Services", "IS1", "Users", "alice"], legacy=False)

    assert TABLE.match("GET", ["Services", "IS1"], legacy=False) == (FETCH, ["IS1"])


def test_a_path_that_differs_only_in_case_has_a_nearest_route() -> None:
    asked = (
        ["SERVICES", "IS1"],
        ["services", "IS1", "bindings", "BS1"],
        ["Service"],
        ["services", "IS1", "bindings"],
        [],
    )

    nearest = [TABLE.nearest_path(segments) for segments in asked]

    assert [route and route.path for route in nearest] == [
        "/Services/{Sid}",
        SERVICE + "/Bindings/{Sid}",
        None,
        None,
        None,
    ]


@pytest.mark.parametrize("path", ["/{Sid}", "/Services/Bindings", "/Services/{ServiceSid}/{Sid}"])
def test_a_path_whose_words_and_values_do_not_take_turns_is_refused(path: str) -> None:
    with pytest.raises(ValueError) as raised:  # noqa: PT011  # its text is what is compared
        RouteTable([Route("services.fetch", path, run)])

    assert str(raised.value) == f"in {path} words and values don't take turns"


def test_operations_are_found_by_name() -> None:
    assert TABLE.by_operation["bindings.fetch"] is BINDING


# the table that is served

CURRENT = """
POST   /Services                                      services.create
GET    /Services                                      services.find
GET    /Services/{Sid}                                services.fetch
POST   /Services/{Sid}                                services.update
DELETE /Services/{Sid}                                services.delete
POST   /Services/{ServiceSid}/Bindings                bindings.create
GET    /Services/{ServiceSid}/Bindings                bindings.find
GET    /Services/{ServiceSid}/Bindings/{Sid}          bindings.fetch
DELETE /Services/{ServiceSid}/Bindings/{Sid}          bindings.delete
POST   /Credentials                                   credentials.create
GET    /Credentials                                   credentials.find
GET    /Credentials/{Sid}                             credentials.fetch
POST   /Credentials/{Sid}                             credentials.update
DELETE /Credentials/{Sid}                             credentials.delete
POST   /Services/{ServiceSid}/Notifications           notifications.create
"""


def test_what_twilio_documents_is_served_under_its_name() -> None:
    served = {
        (route.method, route.path, route.operation)
        for route in dispatch.ROUTES.by_operation.values()
        if not route.legacy
    }

    assert served == {(*line.split(),) for line in CURRENT.strip().splitlines()}


def test_every_operation_of_the_served_table_is_found_by_its_own_path() -> None:
    for route in dispatch.ROUTES.by_operation.values():
        segments = [f"value {at}" if part.startswith("{") else part for at, part in enumerate(route.segments)]
        found, values = dispatch.ROUTES.match(route.method, segments, legacy=True)

        assert found is route
        assert route.resource_path(values) == "/" + "/".join(segments)


def test_every_operation_finds_what_its_path_names_and_can_spell_its_answer() -> None:
    for route in dispatch.ROUTES.by_operation.values():
        assert (route.represent is None) is (route.verb == "delete"), route.operation
        assert (route.locate is None) is ("{" not in route.path), route.operation
