"""Routes: a method and a path lead to one operation, and a path that differs from a route only in case is known."""

from __future__ import annotations

from typing import Any

import pytest

from fakenotify.core.errors import MethodNotAllowed, NotFound
from fakenotify.core.routes import NO_PARAMS, Route, RouteTable
from fakenotify.notify import dispatch


def run(*_: Any) -> None:
    """An operation that does nothing."""


SERVICE = "/Services/{ServiceSid}"
FIND, CREATE = Route("services.find", "/Services", run), Route("services.create", "/Services", run)
FETCH, UPDATE = Route("services.fetch", "/Services/{Sid}", run), Route("services.update", "/Services/{Sid}", run)
DELETE = Route("services.delete", "/Services/{Sid}", run)
BINDING = Route("bindings.fetch", SERVICE + "/Bindings/{Sid}", run)
NOTIFICATION = Route("notifications.create", SERVICE + "/Notifications", run)
USER = Route("users.fetch", SERVICE + "/Users/{Identity}", run, legacy=True)
USER_BINDING = Route("user_bindings.find", SERVICE + "/Users/{Identity}/Bindings", run, legacy=True, key="bindings")
ROUTES = (FIND, CREATE, FETCH, UPDATE, DELETE, BINDING, NOTIFICATION, USER, USER_BINDING)
TABLE = RouteTable(ROUTES)


def test_an_operation_decides_method_status_and_the_key_of_its_list() -> None:
    assert [
        (route.method, route.status, route.key) for route in (CREATE, UPDATE, FETCH, FIND, DELETE, USER_BINDING)
    ] == [
        ("POST", 201, "services"),
        ("POST", 200, "services"),
        ("GET", 200, "services"),
        ("GET", 200, "services"),
        ("DELETE", 204, "services"),
        ("GET", 200, "bindings"),
    ]
    assert FETCH.params is NO_PARAMS
    assert NO_PARAMS.parse({"Anything": ["x"]}) == {}
    with pytest.raises(KeyError):
        Route("services.list", "/Services", run)


@pytest.mark.parametrize(
    ("method", "path", "route", "values"),
    [
        ("GET", "Services", FIND, []),
        ("POST", "Services", CREATE, []),
        ("GET", "Services|IS1", FETCH, ["IS1"]),
        ("POST", "Services|IS1", UPDATE, ["IS1"]),
        ("DELETE", "Services|IS1", DELETE, ["IS1"]),
        ("GET", "Services|Services", FETCH, ["Services"]),
        ("GET", "Services|", FETCH, [""]),
        ("GET", "Services|IS1|Bindings|BS1", BINDING, ["IS1", "BS1"]),
        ("POST", "Services||Notifications", NOTIFICATION, [""]),
        ("GET", "Services|IS1|Users|a/b", USER, ["IS1", "a/b"]),
        ("GET", "Services|IS1|Users|Users|Bindings", USER_BINDING, ["IS1", "Users"]),
    ],
)
def test_a_request_finds_its_route_and_the_values_in_its_path_and_a_404_names_them(
    method: str, path: str, route: Route, values: list[str]
) -> None:
    assert TABLE.match(method, path.split("|"), legacy=True) == (route, values)
    assert route.resource_path(values) == "/" + path.replace("|", "/")


def test_a_path_that_no_route_has_is_not_found_whatever_the_method() -> None:
    paths = ("services", "Services|IS1|Bindings", "Services|IS1|Bindings|BS1|", "|Services", "Services/IS1/Users|alice")

    for segments in ([], *(path.split("|") for path in paths), ["", "IS1", "Services/Bindings", "BS1"]):
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
    asked = ("SERVICES|IS1", "services|IS1|bindings|BS1", "Service", "services|IS1|bindings", "")

    nearest = [TABLE.nearest_path(path.split("|")) for path in asked]

    paths = [route and route.path for route in nearest]
    assert paths == ["/Services/{Sid}", SERVICE + "/Bindings/{Sid}", None, None, None]


def test_a_route_that_was_removed_is_not_found_while_the_others_of_its_path_are() -> None:
    table = RouteTable(ROUTES)
    for route in (UPDATE, BINDING):
        table.remove(route)

    assert {*table.by_operation.values()} == {*ROUTES} - {UPDATE, BINDING}
    assert table.match("GET", ["Services", "IS1"], legacy=True)[0] is FETCH
    with pytest.raises(MethodNotAllowed):
        table.match("POST", ["Services", "IS1"], legacy=True)
    with pytest.raises(NotFound):
        table.match("GET", ["Services", "IS1", "Bindings", "BS1"], legacy=True)


def test_a_path_whose_words_and_values_do_not_alternate_is_refused() -> None:
    for path in ("/{Sid}", "/Services/Bindings", "/Services/{ServiceSid}/{Sid}"):
        with pytest.raises(ValueError) as raised:  # noqa: PT011  # the whole message is compared
            RouteTable([Route("services.fetch", path, run)])

        assert str(raised.value) == f"in {path} words and values don't alternate"


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
    served = [route for route in dispatch.ROUTES.by_operation.values() if not route.legacy]

    lines = {(*line.split(),) for line in CURRENT.strip().splitlines()}
    assert {(route.method, route.path, route.operation) for route in served} == lines


def test_every_served_operation_is_found_by_its_path_finds_what_it_names_and_can_spell_its_answer() -> None:
    for operation, route in dispatch.ROUTES.by_operation.items():
        segments = [f"value {at}" if part.startswith("{") else part for at, part in enumerate(route.segments)]

        assert dispatch.ROUTES.match(route.method, segments, legacy=True)[0] is route
        assert (route.represent is None) is (route.verb == "delete"), operation
        assert (route.locate is None) is ("{" not in route.path), operation
