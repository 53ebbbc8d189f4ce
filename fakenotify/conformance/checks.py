"""The checks: each with the rule that it is about, what it says, how sure we are of that, and how we know.

A check gives two values, what is wanted and what came; it holds when they are equal. Most are a row of a table: one
value, and a request. ``label`` is *observed* (real traffic of Notify), *documented*, *sample* (by a vendor), *sibling*
(another API of Twilio's) or *assumed*: nobody knows, and an answer of the real service would be news.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from fakenotify.conformance.client import NOBODY, Answer, RemoteNotify, Values

Pair = tuple[Any, Any]
Run = Callable[[RemoteNotify], Pair]
Row = tuple[str, str, str, str, str, Any, Callable[[RemoteNotify], Any]]
"""The facts of a check; what is wanted, and how it is asked."""


@dataclass(frozen=True)
class Check:
    """One check; ``rule`` is an id of ``/_fake/rules``."""

    id: str
    rule: str
    label: str
    source: str
    says: str
    run: Run


CHECKS: dict[str, Check] = {}


def _check(id: str, rule: str, label: str, source: str, says: str) -> Callable[[Run], None]:
    def enter(run: Run) -> None:
        assert id not in CHECKS
        CHECKS[id] = Check(id, rule, label, source, says, run)

    return enter


def _table(*rows: Row) -> None:
    for *facts, wanted, ask in rows:
        _check(*facts)(partial(_pair, wanted, ask))


def _pair(wanted: Any, ask: Callable[[RemoteNotify], Any], notify: RemoteNotify) -> Pair:
    return wanted, ask(notify)


class Like(str):
    """A text that equals whatever its pattern matches."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and re.fullmatch(str(self), other) is not None

    __hash__ = str.__hash__


MOMENT = Like(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def _sid(prefix: str) -> Like:
    return Like(prefix + "[0-9a-f]{32}")


def _refusal(status: int, code: int, message: str) -> dict[str, Any]:
    more = f"https://www.twilio.com/docs/errors/{code}"
    return {"http": status, "body": {"code": code, "message": message, "more_info": more, "status": status}}


def _not_found(path: str) -> dict[str, Any]:
    return _refusal(404, 20404, f"The requested resource {path} was not found")


def _invalid(what: str, name: str) -> dict[str, Any]:
    return _refusal(400, 20001, f"Can not convert incoming parameters to {what} object: Parameter '{name}' is invalid")


def _missing(name: str) -> dict[str, Any]:
    return _refusal(400, 20001, f"Missing required parameter {name} in the post body")


def _of(answer: Answer, *names: str) -> tuple[Any, ...]:
    """Some members of an answer; None for what it doesn't have."""
    return tuple((answer.json or {}).get(name) for name in names)


def _listed(notify: RemoteNotify, key: str, made: Any) -> list[Any]:
    """What a list has of one record."""
    pages = notify.pages(f"/{key.title()}")
    return [row for page in pages for row in page[key] if row["sid"] == made["sid"]]


def _gone(path: str) -> list[Any]:
    return [204, b"", _not_found(path)]


def _deleted(notify: RemoteNotify, path: str) -> list[Any]:
    """What a DELETE answers, and a GET after it."""
    answer = notify.delete(path)
    return [answer.status, answer.body, notify.get(path).error]


def _deleted_twice(notify: RemoteNotify, path: str) -> Pair:
    notify.delete(path)
    return _not_found(path), notify.delete(path).error


# paths that don't exist, and credentials of the caller

_NO_SERVICE, _NO_CREDENTIAL = f"/Services/IS{'0' * 32}/Bindings", f"/Credentials/CR{'0' * 32}"
_BAD_SERVICE = f"/Services/{NOBODY}/Notifications"

# fmt: off
_table(
    ("errors.404.fetch", "errors.NotFound", "observed", "RJP (O3d)",
     "an unknown Service is a 404 that names the path without /v1",
     _not_found("/Services/IS71"), lambda notify: notify.get("/Services/IS71").error),
    ("errors.404.malformed", "errors.NotFound", "observed", "public code (O3)",
     "a malformed sid is 404, never 400",
     _not_found(_BAD_SERVICE), lambda notify: notify.post(_BAD_SERVICE, Identity="a", Body="b").error),
    ("errors.404.no-service", "errors.NotFound", "observed", "ex_twilio#144 (O3b)",
     "a path without a Service is the same 404",
     _not_found("/Notifications"), lambda notify: notify.post("/Notifications", Body="b").error),
    ("errors.404.empty-sid", "errors.NotFound", "observed", "sdk-starter-node#50 (O3c)",
     "a 404 for an empty sid names the path with its two slashes",
     _not_found("/Services//Notifications"), lambda notify: notify.post("/Services//Notifications", Body="b").error),
    ("errors.404.well-formed", "errors.NotFound", "observed", "O3",
     "an unknown but well-formed sid is the same 404",
     _not_found(_NO_SERVICE), lambda notify: notify.get(_NO_SERVICE).error),
    ("errors.404.credential", "errors.NotFound", "sibling", "20404",
     "an unknown Credential is the same 404",
     _not_found(_NO_CREDENTIAL), lambda notify: notify.get(_NO_CREDENTIAL).error),
    ("paths.case", "errors.NotFound", "assumed", "D10",
     "paths are case-sensitive",
     _not_found("/services"), lambda notify: notify.get("/services").error),
    ("errors.401.none", "errors.Unauthorized", "sibling", "api 2010",
     "without credentials: 401, 20003",
     _refusal(401, 20003, "Authenticate"), lambda notify: notify.send("GET", "/Services", authorization=None).error),
    ("errors.401.malformed", "errors.Unauthorized", "sibling", "api 2010",
     "a user name that is not a sid: 401, 20003",
     _refusal(401, 20003, "Authenticate"),
     lambda notify: notify.send("GET", "/Services", authorization="Basic bm9ib2R5Og==").error),
    ("errors.401.before-404", "errors.Unauthorized", "assumed", "D30",
     "authentication is checked before the path",
     401, lambda notify: notify.send("GET", "/Nothing", authorization=None).status),
)
# fmt: on


# lists

META = ["first_page_url", "key", "next_page_url", "page", "page_size", "previous_page_url", "url"]

# fmt: off
_table(
    ("lists.members", "services.find", "documented", "OAI",
     "a list has its collection and meta",
     ["meta", "services"], lambda notify: sorted(notify.get("/Services").json)),
    ("lists.meta.services", "services.find", "observed", "RJP",
     "meta has exactly these seven keys",
     META, lambda notify: sorted(notify.get("/Services").json["meta"])),
    ("lists.meta.credentials", "credentials.find", "observed", "RJP",
     "the meta of Credentials has the same keys",
     META, lambda notify: sorted(notify.get("/Credentials").json["meta"])),
    ("lists.page-size", "credentials.find.PageSize", "documented", "OAI",
     "meta.page_size is the PageSize that was asked for",
     7, lambda notify: notify.get("/Credentials", PageSize="7").json["meta"]["page_size"]),
    ("lists.page-size.clamped", "behaviour.page_size_limit", "assumed", "D6",
     "a PageSize above 1000 counts as 1000",
     1000, lambda notify: _page_size(notify.get("/Credentials", PageSize="1001"))),
    ("lists.page-size.zero", "services.find.PageSize", "assumed", "D6",
     "a PageSize of 0 is refused",
     _refusal(400, 20001, "Parameter 'PageSize' is invalid"),
     lambda notify: notify.get("/Services", PageSize="0").error),
    ("lists.page-token.unknown", "services.find.PageToken", "assumed", "D6",
     "a PageToken that Notify didn't give is refused",
     _refusal(400, 20001, "Parameter 'PageToken' is invalid"),
     lambda notify: notify.get("/Services", PageToken="PAnonsense").error),
)
# fmt: on


def _page_size(answer: Answer) -> Any:
    return answer.json["meta"]["page_size"] if answer.status == 200 else answer.result


@_check("lists.meta.first", "services.find.Page", "observed", "RJP (A7)",
        "the URLs of a first page name PageSize and Page")  # fmt: skip
def _(notify: RemoteNotify) -> Pair:
    meta = notify.get("/Services").json["meta"]
    first = Like(r"https?://[^/]+/v1/Services\?PageSize=50&Page=0")
    following = None if meta["next_page_url"] is None else Like(r".*\?PageSize=50&Page=1&PageToken=\w+")
    wanted = {"page": 0, "page_size": 50, "first_page_url": first, "previous_page_url": None, "url": first}
    return wanted | {"next_page_url": following, "key": "services"}, meta


# the look of an answer

_HEADERS = {
    "content-type": "application/json; charset=utf-8",
    "twilio-concurrent-requests": Like(r"\d+"),
    "twilio-request-id": _sid("RQ"),
    "twilio-request-duration": Like(r"\d+\.\d{3}"),
    "access-control-allow-origin": "*",
    "access-control-allow-headers": Like(
        "Accept, Authorization, Content-Type, If-Match, If-Modified-Since, If-None-Match, If-Unmodified-Since"
        "(, Idempotency-Key)?"
    ),
    "access-control-allow-methods": Like("GET, POST, (PATCH, |PUT, )*DELETE, OPTIONS"),
    "access-control-expose-headers": Like("ETag.*"),
    "access-control-allow-credentials": "true",
    "x-powered-by": "AT-5000",
    "x-shenanigans": "none",
    "x-home-region": "us1",
    "x-api-domain": "notify.twilio.com",
    "strict-transport-security": Like("max-age=31536000.*"),
    "etag": None,
    "location": None,
    "last-modified": None,
}


def _headers_of(answer: Answer) -> dict[str, Any]:
    return {name: answer.headers.get(name) for name in _HEADERS}


# fmt: off
_table(
    ("headers.list", "services.find", "sibling", "api 2010",
     "a list has Twilio's block of headers",
     _HEADERS, lambda notify: _headers_of(notify.get("/Services"))),
    ("headers.error", "errors.NotFound", "sibling", "api 2010",
     "an error has the same block of headers",
     _HEADERS, lambda notify: _headers_of(notify.get("/Services/IS71"))),
    ("headers.create", "credentials.create", "observed", "CLI, June 2022",
     "an answer has Twilio's block of headers",
     _HEADERS, lambda notify: _headers_of(_credential(notify))),
    ("method.405", "errors.MethodNotAllowed", "assumed", "D17",
     "a method that a path doesn't allow: 405, 20004",
     _refusal(405, 20004, "Method not allowed"), lambda notify: notify.send("PUT", "/Services").error),
)
# fmt: on


@_check("json.style", "errors.NotFound", "observed", "CLI, by length",
        "JSON is one line, with a space after each comma and colon")  # fmt: skip
def _(notify: RemoteNotify) -> Pair:
    answer = notify.get("/Services/IS71")
    return json.dumps(answer.json), answer.body.decode()


# Services


def _service_like() -> dict[str, Any]:
    url = Like(r"https?://.+/v1/Services/IS[0-9a-f]{32}")
    below = {name: Like(f"{url}/{name.title()}") for name in ("bindings", "notifications", "segments", "users")}
    return {
        "sid": _sid("IS"), "account_sid": _sid("AC"), "friendly_name": None, "date_created": MOMENT,
        "date_updated": MOMENT, "apn_credential_sid": None, "gcm_credential_sid": None, "fcm_credential_sid": None,
        "messaging_service_sid": None, "facebook_messenger_page_id": None, "alexa_skill_id": None,
        "default_apn_notification_protocol_version": "4", "default_gcm_notification_protocol_version": "3",
        "default_fcm_notification_protocol_version": "3", "default_alexa_notification_protocol_version": "3",
        "log_enabled": True, "delivery_callback_url": None, "delivery_callback_enabled": False, "url": url,
        "links": below,
    }  # fmt: skip


# fmt: off
_table(
    ("services.create.empty", "services.create", "observed", "RJP (A2), A1",
     "a Service is created by an empty body, with these defaults",
     (201, _service_like()), lambda notify: notify.post("/Services").result),
    ("services.create.unknown", "services.create", "sample", "OAI",
     "unknown parameters are ignored (the docs send Type=S)",
     201, lambda notify: notify.post("/Services", Type="S").status),
    ("services.create.boolean", "services.create.LogEnabled", "sample", "OAI",
     "a boolean may be spelled True",
     (False, True), lambda notify: _of(
         notify.post("/Services", LogEnabled="False", DeliveryCallbackEnabled="True"),
         "log_enabled", "delivery_callback_enabled")),
    ("services.create.callback", "services.create.DeliveryCallbackUrl", "sample", "OAI (A1)",
     "a DeliveryCallbackUrl is not checked",
     ("Hello",), lambda notify: _of(
         notify.post("/Services", DeliveryCallbackUrl="Hello"), "delivery_callback_url")),
    ("services.create.json", "services.create", "sibling", "twilio-chat-demo-android#147",
     "a JSON body counts as an empty form",
     (MOMENT, None), lambda notify: _of(
         notify.send("POST", "/Services", '{"FriendlyName": "x"}', "application/json"),
         "date_created", "friendly_name")),
    ("services.create.long-name", "services.create.FriendlyName", "assumed", "D32",
     "a FriendlyName of more than 64 characters is refused",
     _refusal(400, 20002, "Invalid FriendlyName"),
     lambda notify: notify.post("/Services", FriendlyName="x" * 65).error),
)
# fmt: on


@_check("services.fetch", "services.fetch", "observed", "RJP acceptance suite", "a Service is read as it was created")
def _(notify: RemoteNotify) -> Pair:
    made = notify.post("/Services").json
    return (200, made), notify.get(f"/Services/{made['sid']}").result


@_check("services.fetch.json-suffix", "services.fetch", "sample", "SNIP", "a path may end in .json")
def _(notify: RemoteNotify) -> Pair:
    return notify.get(notify.service).json, notify.get(f"{notify.service}.json").json


@_check("services.find", "services.find", "observed", "RJP acceptance suite", "a Service is in the list, once")
def _(notify: RemoteNotify) -> Pair:
    made = notify.get(notify.service).json
    return [made], _listed(notify, "services", made)


@_check("services.find.name", "services.find.FriendlyName", "documented", "OAI", "FriendlyName filters the list")
def _(notify: RemoteNotify) -> Pair:
    name = notify.name("one of a kind")
    made = notify.post("/Services", FriendlyName=name)
    return [made.json], notify.get("/Services", FriendlyName=name).json["services"]


@_check("services.update.empty", "services.update", "observed", "RJP acceptance suite",
        "an empty update changes nothing")  # fmt: skip
def _(notify: RemoteNotify) -> Pair:
    before = notify.get(notify.service).json
    return (200, before | {"date_updated": MOMENT}), notify.post(notify.service).result


@_check("services.update.partial", "services.update", "assumed", "D24", "an update leaves alone what it doesn't name")
def _(notify: RemoteNotify) -> Pair:
    made = notify.post("/Services", FriendlyName="before", LogEnabled="false").json
    updated = notify.post(f"/Services/{made['sid']}", FriendlyName="after")
    return (200, made | {"friendly_name": "after", "date_updated": MOMENT}), updated.result


@_check("services.delete", "services.delete", "observed", "RJP acceptance suite",
        "a Service is deleted at once: 204 and no body")  # fmt: skip
def _(notify: RemoteNotify) -> Pair:
    path = f"/Services/{notify.post('/Services').json['sid']}"
    notify.post(f"{path}/Notifications", Identity="nobody", Body="b")
    return _gone(path), _deleted(notify, path)


@_check("services.delete.twice", "services.delete", "sibling", "20404", "a second delete is 404")
def _(notify: RemoteNotify) -> Pair:
    return _deleted_twice(notify, f"/Services/{notify.post('/Services').json['sid']}")


# Credentials


def _credential(notify: RemoteNotify, **form: Values) -> Answer:
    return notify.post("/Credentials", **{"Type": "fcm", "Secret": notify.name("secret"), **form})


# fmt: off
_table(
    ("credentials.create.bare", "credentials.create.Type", "sample", "OAI",
     "only Type is required",
     201, lambda notify: notify.post("/Credentials", Type="apn").status),
    ("credentials.create.sandbox", "credentials.create.Sandbox.default", "sample", "OAI (A8)",
     "the sandbox of an apn Credential is the text False",
     ("False",), lambda notify: _of(notify.post("/Credentials", Type="apn"), "sandbox")),
    ("credentials.create.no-type", "credentials.create.Type", "sibling", "Chat",
     "a missing Type is refused by name",
     _missing("Type"), lambda notify: notify.post("/Credentials").error),
    ("credentials.create.bad-type", "credentials.create.Type", "assumed", "D15",
     "a Type outside the enum is refused",
     _invalid("Credential", "Type"), lambda notify: notify.post("/Credentials", Type="carrier-pigeon").error),
)
# fmt: on


@_check("credentials.create.fcm", "credentials.create", "observed", "RJP (A9), CLI",
        "an fcm Credential is not checked with Google, and never shows its secret")  # fmt: skip
def _(notify: RemoteNotify) -> Pair:
    name = notify.name("creds")
    wanted = {
        "sid": _sid("CR"), "account_sid": _sid("AC"), "friendly_name": name, "type": "fcm", "sandbox": None,
        "date_created": MOMENT, "date_updated": MOMENT, "url": Like(r"https?://.+/v1/Credentials/CR[0-9a-f]{32}"),
    }  # fmt: skip
    return (201, wanted), _credential(notify, FriendlyName=name).result


@_check("credentials.create.dates", "credentials.create", "observed", "CLI, by length; OAI",
        "date_updated equals date_created at first")  # fmt: skip
def _(notify: RemoteNotify) -> Pair:
    made = _credential(notify).json
    return made["date_created"], made["date_updated"]


@_check("credentials.life", "credentials.update", "observed", "RJP acceptance suite",
        "a Credential is listed, fetched, renamed and deleted")  # fmt: skip
def _(notify: RemoteNotify) -> Pair:
    made = _credential(notify).json
    path, name = f"/Credentials/{made['sid']}", notify.name("renamed")
    wanted = [[made], made, (200, made | {"friendly_name": name, "date_updated": MOMENT}), *_gone(path)]
    came = [_listed(notify, "credentials", made), notify.get(path).json, notify.post(path, FriendlyName=name).result]
    return wanted, came + _deleted(notify, path)


# Bindings


def _bind(notify: RemoteNotify, **form: Values) -> Answer:
    sent = {"Identity": notify.name("who"), "BindingType": "sms", "Address": notify.number()} | form
    return notify.post(f"{notify.service}/Bindings", **{name: value for name, value in sent.items() if value})


def _bindings(notify: RemoteNotify, **query: Values) -> Any:
    return notify.get(f"{notify.service}/Bindings", **query).json["bindings"]


# fmt: off
_table(
    ("bindings.create.address", "bindings.create.Address", "sample", "BIND, OAI",
     "an address is not checked when it is registered",
     ("4",), lambda notify: _of(
         _bind(notify, BindingType="apn", Address=notify.name("Address")), "notification_protocol_version")),
    ("bindings.create.tags", "bindings.create.Tag", "observed", "RJP; SNIP (A5)",
     "tags keep the order in which they were sent",
     (["preferred device", "new user", "a"],),
     lambda notify: _of(_bind(notify, Tag=["preferred device", "new user", "a"]), "tags")),
    ("bindings.create.tags.doubled", "bindings.create.Tag", "assumed", "D9",
     "a repeated tag is kept once",
     (["b", "a"],), lambda notify: _of(_bind(notify, Tag=["b", "a", "b"]), "tags")),
    ("bindings.create.tags.21", "bindings.create.Tag", "assumed", "D33",
     "the 21st tag is refused",
     _invalid("Binding", "Tag"), lambda notify: _bind(notify, Tag=[f"t{number}" for number in range(21)]).error),
    ("bindings.create.missing", "errors.MissingParameter", "sibling", "twilio-chat-demo-android#147",
     "the first required parameter that is missing is named",
     [_missing(name) for name in ("Identity", "BindingType", "Address")],
     lambda notify: [_bind(notify, **{name: ""}).error for name in ("Identity", "BindingType", "Address")]),
    ("bindings.create.bad-type", "bindings.create.BindingType", "assumed", "D15",
     "a BindingType outside the enum is refused",
     _invalid("Binding", "BindingType"), lambda notify: _bind(notify, BindingType="pigeon").error),
    ("bindings.find.empty", "bindings.find", "sample", "OAI (A6)",
     "no match is 200 and an empty list",
     [], lambda notify: _bindings(notify, Tag=notify.name("none"))),
    ("bindings.find.filters", "bindings.find", "sample", "OAI (A6)",
     "filters come first in the URLs of meta, Tag before Identity",
     Like(r".+/Bindings\?Tag=t&Identity=i&PageSize=50&Page=0"),
     lambda notify: notify.get(f"{notify.service}/Bindings", Identity="i", Tag="t").json["meta"]["url"]),
    ("bindings.find.six-tags", "bindings.find.Tag", "assumed", "D33",
     "more than five Tags are refused",
     _refusal(400, 20001, "Parameter 'Tag' is invalid"),
     lambda notify: notify.get(f"{notify.service}/Bindings", Tag=[f"t{number}" for number in range(6)]).error),
)
# fmt: on


@_check("bindings.create.sms", "bindings.create", "observed", "RJP (A4), A3", "an sms Binding has these properties")
def _(notify: RemoteNotify) -> Pair:
    who, address = notify.name("who"), notify.number()
    wanted: dict[str, Any] = {
        "account_sid": _sid("AC"), "address": address, "binding_type": "sms", "credential_sid": None,
        "date_created": MOMENT, "date_updated": MOMENT, "endpoint": None, "identity": who,
        "notification_protocol_version": "default", "service_sid": notify.service.rpartition("/")[2],
        "sid": _sid("BS"), "tags": [], "links": {"user": Like(f".+{notify.service}/Users/{who}")},
        "url": Like(f".+{notify.service}/Bindings/BS[0-9a-f]{{32}}"),
    }  # fmt: skip
    return (201, wanted), _bind(notify, Identity=who, Address=address).result


@_check("bindings.create.21st", "errors.IdentityLimitReached", "assumed", "D1",
        "the 21st Binding of an identity is refused")  # fmt: skip
def _(notify: RemoteNotify) -> Pair:
    who = notify.name("busy")
    refusal = _refusal(400, 20001, "Bindings for the same Identity are limited to less than or equal to 20")
    came = [_bind(notify, Identity=who).status for _ in range(20)]
    return ([201] * 20, refusal), (came, _bind(notify, Identity=who).error)


@_check("bindings.replace", "bindings.create.Address", "documented", "BIND",
        "an address that is known moves to its new owner")  # fmt: skip
def _(notify: RemoteNotify) -> Pair:
    address, tag = notify.number(), notify.name("moved")
    for who in ("first", "second"):
        _bind(notify, Tag=tag, Identity=notify.name(who), Address=address)
    return [(address, True)], [
        (row["address"], row["identity"].startswith("second")) for row in _bindings(notify, Tag=tag)
    ]


@_check("bindings.replace.sid", "behaviour.replacement_keeps_sid", "assumed", "D2",
        "the new Binding has a new sid, the old sid is gone")  # fmt: skip
def _(notify: RemoteNotify) -> Pair:
    address, who = notify.number(), notify.name("who")
    old, new = (_bind(notify, Identity=who, Address=address).json["sid"] for _ in range(2))
    path = f"{notify.service}/Bindings/{old}"
    return (True, _not_found(path)), (old != new, notify.get(path).error)


@_check("bindings.life", "bindings.fetch", "observed", "RJP acceptance suite",
        "a Binding is listed, fetched and deleted")  # fmt: skip
def _(notify: RemoteNotify) -> Pair:
    tag = notify.name("tag")
    made = _bind(notify, Tag=tag).json
    path = f"{notify.service}/Bindings/{made['sid']}"
    came = [_bindings(notify, Tag=tag), notify.get(path).json]
    return [[made], made, *_gone(path)], came + _deleted(notify, path)


@_check("bindings.find.identity", "bindings.find.Identity", "documented", "JAVA",
        "Identity may be repeated and means any of them")  # fmt: skip
def _(notify: RemoteNotify) -> Pair:
    people = [notify.name("who") for _ in range(3)]
    made = [_bind(notify, Identity=who).json["sid"] for who in people]
    return sorted(made[:2]), sorted(row["sid"] for row in _bindings(notify, Identity=people[:2]))


@_check("bindings.find.tags", "bindings.find.Tag", "documented", "OAI",
        "Tag may be repeated and means all of them, implicit ones too")  # fmt: skip
def _(notify: RemoteNotify) -> Pair:
    tag = notify.name("tag")
    made = _bind(notify, Tag=tag).json["sid"]
    _bind(notify, Tag=tag, BindingType="fcm", Address=notify.name("token"))
    return [made], [row["sid"] for row in _bindings(notify, Tag=[tag, "sms", "all"])]


@_check("bindings.find.chain", "bindings.find.PageToken", "documented", "OAI",
        "the chain of pages has every Binding once")  # fmt: skip
def _(notify: RemoteNotify) -> Pair:
    tag = notify.name("chain")
    made = [_bind(notify, Tag=tag).json["sid"] for _ in range(5)]
    pages = notify.pages(f"{notify.service}/Bindings", Tag=tag, PageSize="2")
    return sorted(made), sorted(row["sid"] for page in pages for row in page["bindings"])


@_check("bindings.find.order", "bindings.find", "assumed", "D7", "the oldest Binding comes first")
def _(notify: RemoteNotify) -> Pair:
    tag = notify.name("order")
    made = [_bind(notify, Tag=tag).json["sid"] for _ in range(3)]
    return made, [row["sid"] for row in _bindings(notify, Tag=tag)]


@_check("bindings.find.stable", "bindings.find.PageToken", "assumed", "D7",
        "rows that are deleted between two reads don't shift the next page")  # fmt: skip
def _(notify: RemoteNotify) -> Pair:
    tag = notify.name("stable")
    made = [_bind(notify, Tag=tag).json["sid"] for _ in range(4)]
    first = notify.get(f"{notify.service}/Bindings", Tag=tag, PageSize="2").json
    for row in first["bindings"]:
        notify.delete(f"{notify.service}/Bindings/{row['sid']}")
    second = notify.get(first["meta"]["next_page_url"]).json
    return (made[:2], made[2:]), tuple([row["sid"] for row in page["bindings"]] for page in (first, second))


@_check("bindings.delete.twice", "bindings.delete", "sibling", "20404", "a second delete is 404")
def _(notify: RemoteNotify) -> Pair:
    return _deleted_twice(notify, f"{notify.service}/Bindings/{_bind(notify).json['sid']}")


# Notifications

_TO = '{"binding_type":"sms", "address":"+15005550006"}'
_DATA = {"custom_key1": "custom value 1", "custom_key2": "custom value 2"}
_FCM = {"notification": {"title": "New alert", "body": "Hello Bob!"}}
TWENTY = [
    "account_sid", "action", "alexa", "apn", "body", "data", "date_created", "facebook_messenger", "fcm", "gcm",
    "identities", "priority", "segments", "service_sid", "sid", "sms", "sound", "tags", "title", "ttl",
]  # fmt: skip


def _send(notify: RemoteNotify, **form: Values) -> Answer:
    """Send in the Service of this run, which has no way to reach anybody."""
    return notify.post(f"{notify.service}/Notifications", **form)


def _notification_like(**known: Any) -> dict[str, Any]:
    unset: dict[str, Any] = dict.fromkeys(TWENTY)
    fixed = {"account_sid": _sid("AC"), "sid": _sid("NT"), "service_sid": _sid("IS"), "date_created": MOMENT}
    return unset | fixed | {"identities": [], "tags": [], "segments": [], "priority": "high", "ttl": 2419200} | known


# fmt: off
_table(
    ("notifications.create.keys", "notifications.create", "observed", "WEB, June 2022 (A11)",
     "a Notification has exactly these twenty keys",
     TWENTY, lambda notify: sorted(_send(notify, Identity="davew", Body="Hello there 1").json)),
    ("notifications.create.identity", "notifications.create", "observed", "WEB (A11)",
     "201 for an identity that has no Binding; this is the answer",
     (201, _notification_like(identities=["davew"], body="Hello there 1")),
     lambda notify: _send(notify, Identity="davew", Body="Hello there 1").result),
    ("notifications.create.direct", "notifications.create.ToBinding", "observed", "RJP (A12)",
     "201 for a direct sms without a Messaging Service; targets are not echoed",
     (201, _notification_like(body="Hello World")),
     lambda notify: _send(notify, ToBinding=_TO, Body="Hello World").result),
    ("notifications.create.bad-number", "notifications.create.ToBinding", "observed", "bulk-sms-alerts#1 (O5)",
     "201 for an invalid phone number",
     201, lambda notify: _send(notify, ToBinding=_TO.replace("+15005550006", "no number"), Body="b").status),
    ("notifications.create.to-binding", "errors.InvalidToBinding", "observed", "api-snippets#798 (O1)",
     "a ToBinding that isn't a JSON object is refused",
     _invalid("Notification", "ToBinding"), lambda notify: _send(notify, ToBinding="sms:+15005550006", Body="b").error),
    ("notifications.create.mixed", "errors.SelectorsMixed", "observed", "sample-code#30 (O2)",
     "ToBinding and Identity exclude each other",
     _refusal(400, 20001, "Direct notifications and query notifications can not be requested together"),
     lambda notify: _send(notify, ToBinding=_TO, Identity="a", Body="b").error),
    ("notifications.create.nobody", "errors.SelectorMissing", "observed", "video-quickstart-android#546 (O4)",
     "a selector is required",
     _refusal(400, 20001, "At least one parameter among Identity, Tag, and ToBinding must be specified"),
     lambda notify: _send(notify, Body="b").error),
    ("notifications.create.data", "notifications.create.Data", "sample", "SNIP (A13)",
     "JSON parameters are echoed as objects",
     (_DATA, _FCM, None), lambda notify: _of(
         _send(notify, Identity="nobody", Data=json.dumps(_DATA), Fcm=json.dumps(_FCM)), "data", "fcm", "sms")),
    ("notifications.create.twi", "notifications.create.Data", "documented", "OAI (text: assumed D16)",
     "Data must not have a key that begins with twi_",
     _invalid("Notification", "Data"), lambda notify: _send(notify, Identity="nobody", Data='{"twi_a": "b"}').error),
    ("notifications.create.ttl", "notifications.create.Ttl", "assumed", "D33",
     "a Ttl above four weeks is refused",
     _invalid("Notification", "Ttl"), lambda notify: _send(notify, Identity="nobody", Ttl="2419201").error),
    ("notifications.create.21-identities", "notifications.create.Identity", "assumed", "D33",
     "the 21st Identity is refused",
     _invalid("Notification", "Identity"),
     lambda notify: _send(notify, Identity=[f"i{number}" for number in range(21)]).error),
    ("notifications.create.implicit", "notifications.create.Tag", "assumed", "D9",
     "an implicit tag is echoed like any other",
     (["facebook-messenger"],), lambda notify: _of(_send(notify, Tag="facebook-messenger", Body="b"), "tags")),
    ("notifications.absent", "errors.NotFound", "documented", "OAI, by absence",
     "a Notification can't be read",
     404, lambda notify: notify.get(f"/Services/{NOBODY}/Notifications/NT{'0' * 32}").status),
)
# fmt: on
