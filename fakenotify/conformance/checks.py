"""The checks: each with an id, what it says, how sure we are, and whether it writes.

A check returns two values, what is wanted and what came; it holds when they are equal. ``label`` is *observed* (real
traffic of Notify), *documented*, *sample* (by a vendor), *sibling* (another API of Twilio's) or *assumed*: nobody
knows, and an answer of the real service would be news.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fakenotify.conformance.client import NOBODY, Answer, RemoteNotify

Pair = tuple[Any, Any]


@dataclass(frozen=True)
class Check:
    """One check; ``rule`` is the id of the rule that it is about, as in ``/_fake/rules``."""

    id: str
    rule: str
    says: str
    label: str
    source: str
    writes: bool
    run: Callable[[RemoteNotify], Pair]


CHECKS: dict[str, Check] = {}


def _check(id: str, rule: str, says: str, label: str, source: str, *, writes: bool = True) -> Callable[[Any], Any]:
    def enter(run: Callable[[RemoteNotify], Pair]) -> Callable[[RemoteNotify], Pair]:
        assert id not in CHECKS
        CHECKS[id] = Check(id, rule, says, label, source, writes, run)
        return run

    return enter


class Like(str):
    """A text that equals whatever its pattern matches."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and re.fullmatch(str(self), other) is not None

    __hash__ = str.__hash__


MOMENT = Like(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def _sid(prefix: str) -> Like:
    return Like(prefix + "[0-9a-f]{32}")


def _refusal(status: int, code: int, message: str) -> dict[str, Any]:
    body = {
        "code": code,
        "message": message,
        "more_info": f"https://www.twilio.com/docs/errors/{code}",
        "status": status,
    }
    return {"http": status, "body": body}


def _not_found(path: str) -> dict[str, Any]:
    return _refusal(404, 20404, f"The requested resource {path} was not found")


def _invalid(what: str, name: str) -> dict[str, Any]:
    return _refusal(400, 20001, f"Can not convert incoming parameters to {what} object: Parameter '{name}' is invalid")


def _keys(answer: Answer) -> Any:
    return sorted(answer.json) if isinstance(answer.json, dict) else answer.json


# paths that don't exist


@_check(
    "errors.404.fetch",
    "errors.NotFound",
    "an unknown Service is a 404 that names the path without /v1",
    "observed",
    "RJP (O3d)",
    writes=False,
)
def _(notify: RemoteNotify) -> Pair:
    return _not_found("/Services/IS71"), notify.get("/Services/IS71").error


@_check(
    "errors.404.malformed",
    "errors.NotFound",
    "a malformed sid is 404, never 400",
    "observed",
    "public code (O3)",
    writes=False,
)
def _(notify: RemoteNotify) -> Pair:
    path = f"/Services/{NOBODY}/Notifications"
    return _not_found(path), notify.probe(path, [("Identity", "a"), ("Body", "b")]).error


@_check(
    "errors.404.no-service",
    "errors.NotFound",
    "no Service in the path",
    "observed",
    "ex_twilio#144 (O3b)",
    writes=False,
)
def _(notify: RemoteNotify) -> Pair:
    return _not_found("/Notifications"), notify.probe("/Notifications", [("Body", "b")]).error


@_check(
    "errors.404.empty-sid",
    "errors.NotFound",
    "an empty sid keeps its two slashes",
    "observed",
    "sdk-starter-node#50 (O3c)",
    writes=False,
)
def _(notify: RemoteNotify) -> Pair:
    path = "/Services//Notifications"
    return _not_found(path), notify.probe(path, [("Body", "b")]).error


@_check(
    "errors.404.well-formed",
    "errors.NotFound",
    "a well-formed sid that nobody has is the same 404",
    "observed",
    "O3",
    writes=False,
)
def _(notify: RemoteNotify) -> Pair:
    path = "/Services/IS" + "0" * 32 + "/Bindings"
    return _not_found(path), notify.get(path).error


@_check(
    "errors.404.credential",
    "errors.NotFound",
    "a Credential that nobody has is the same 404",
    "sibling",
    "20404",
    writes=False,
)
def _(notify: RemoteNotify) -> Pair:
    path = "/Credentials/CR" + "0" * 32
    return _not_found(path), notify.get(path).error


@_check("paths.case", "errors.NotFound", "paths are case-sensitive", "assumed", "D10", writes=False)
def _(notify: RemoteNotify) -> Pair:
    return _not_found("/services"), notify.get("/services").error


# credentials of the caller


@_check(
    "errors.401.none", "errors.Unauthorized", "without credentials: 401, 20003", "sibling", "api 2010", writes=False
)
def _(notify: RemoteNotify) -> Pair:
    return _refusal(401, 20003, "Authenticate"), notify.get_as(None, "/Services").error


@_check(
    "errors.401.malformed",
    "errors.Unauthorized",
    "a user that is no sid: 401, 20003",
    "sibling",
    "api 2010",
    writes=False,
)
def _(notify: RemoteNotify) -> Pair:
    return _refusal(401, 20003, "Authenticate"), notify.get_as("Basic bm9ib2R5Og==", "/Services").error


@_check(
    "errors.401.before-404",
    "errors.Unauthorized",
    "authentication is checked before the path",
    "assumed",
    "D30",
    writes=False,
)
def _(notify: RemoteNotify) -> Pair:
    return 401, notify.get_as(None, "/Nothing").status


# lists

META = ["first_page_url", "key", "next_page_url", "page", "page_size", "previous_page_url", "url"]


@_check("lists.members", "services.find", "a list has its collection and meta", "documented", "OAI", writes=False)
def _(notify: RemoteNotify) -> Pair:
    return ["meta", "services"], _keys(notify.get("/Services"))


@_check("lists.meta.services", "services.find", "meta has exactly these seven keys", "observed", "RJP", writes=False)
def _(notify: RemoteNotify) -> Pair:
    return META, sorted(notify.get("/Services").json["meta"])


@_check("lists.meta.credentials", "credentials.find", "and for Credentials the same", "observed", "RJP", writes=False)
def _(notify: RemoteNotify) -> Pair:
    return META, sorted(notify.get("/Credentials").json["meta"])


@_check(
    "lists.meta.first",
    "services.find.Page",
    "a first page spells both paging values in its URLs",
    "observed",
    "RJP (A7)",
    writes=False,
)
def _(notify: RemoteNotify) -> Pair:
    meta = notify.get("/Services").json["meta"]
    first = Like(r"https?://[^/]+/v1/Services\?PageSize=50&Page=0")
    following = None if meta["next_page_url"] is None else Like(r".*\?PageSize=50&Page=1&PageToken=\w+")
    wanted = {"page": 0, "page_size": 50, "first_page_url": first, "previous_page_url": None, "url": first}
    return wanted | {"next_page_url": following, "key": "services"}, meta


@_check(
    "lists.page-size",
    "credentials.find.PageSize",
    "meta.page_size is the PageSize that was asked for",
    "documented",
    "OAI",
    writes=False,
)
def _(notify: RemoteNotify) -> Pair:
    return 7, notify.get("/Credentials", [("PageSize", "7")]).json["meta"]["page_size"]


@_check(
    "lists.page-size.clamped",
    "behaviour.page_size_limit",
    "a PageSize above 1000 counts as 1000",
    "assumed",
    "D6",
    writes=False,
)
def _(notify: RemoteNotify) -> Pair:
    answer = notify.get("/Credentials", [("PageSize", "1001")])
    return (200, 1000), (answer.status, answer.json["meta"]["page_size"] if answer.status == 200 else answer.json)


@_check("lists.page-size.zero", "services.find.PageSize", "a PageSize of 0 is refused", "assumed", "D6", writes=False)
def _(notify: RemoteNotify) -> Pair:
    wanted = _refusal(400, 20001, "Parameter 'PageSize' is invalid")
    return wanted, notify.get("/Services", [("PageSize", "0")]).error


@_check(
    "lists.page-token.unknown",
    "services.find.PageToken",
    "a PageToken that nobody gave is refused",
    "assumed",
    "D6",
    writes=False,
)
def _(notify: RemoteNotify) -> Pair:
    wanted = _refusal(400, 20001, "Parameter 'PageToken' is invalid")
    return wanted, notify.get("/Services", [("PageToken", "PAnonsense")]).error


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
    came = {name.lower(): value for name, value in answer.headers.items()}
    return {name: came.get(name) for name in _HEADERS}


@_check("headers.create", "credentials.create", "an answer has Twilio's block of headers", "observed", "CLI, June 2022")
def _(notify: RemoteNotify) -> Pair:
    return _HEADERS, _headers_of(notify.create("/Credentials", [("Type", "fcm"), ("Secret", notify.name("secret"))]))


@_check("headers.list", "services.find", "a list has it too", "sibling", "api 2010", writes=False)
def _(notify: RemoteNotify) -> Pair:
    return _HEADERS, _headers_of(notify.get("/Services"))


@_check("headers.error", "errors.NotFound", "and so has an error", "sibling", "api 2010", writes=False)
def _(notify: RemoteNotify) -> Pair:
    return _HEADERS, _headers_of(notify.get("/Services/IS71"))


@_check(
    "json.style",
    "errors.NotFound",
    "JSON is one line, with a space after each comma and colon",
    "observed",
    "CLI, by length",
    writes=False,
)
def _(notify: RemoteNotify) -> Pair:
    answer = notify.get("/Services/IS71")
    return json.dumps(answer.json), answer.body.decode()


@_check("method.405", "errors.MethodNotAllowed", "a method that a path doesn't have: 405, 20004", "assumed", "D17")
def _(notify: RemoteNotify) -> Pair:
    return _refusal(405, 20004, "Method not allowed"), notify.create("/Services", method="PUT").error


# Services


def _service_like(**known: Any) -> dict[str, Any]:
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
    } | known  # fmt: skip


@_check(
    "services.create.empty",
    "services.create",
    "a Service is created by an empty body, with these defaults",
    "observed",
    "RJP (A2), A1",
)
def _(notify: RemoteNotify) -> Pair:
    answer = notify.create("/Services")
    return (201, _service_like()), (answer.status, answer.json)


@_check(
    "services.create.unknown",
    "services.create",
    "unknown parameters are ignored (the docs send Type=S)",
    "sample",
    "OAI",
)
def _(notify: RemoteNotify) -> Pair:
    return 201, notify.create("/Services", [("Type", "S")]).status


@_check("services.create.boolean", "services.create.LogEnabled", "a boolean may be spelled True", "sample", "OAI")
def _(notify: RemoteNotify) -> Pair:
    answer = notify.create("/Services", [("LogEnabled", "False"), ("DeliveryCallbackEnabled", "True")])
    return (201, False, True), (
        answer.status,
        *(answer.json.get(key) for key in ("log_enabled", "delivery_callback_enabled")),
    )


@_check(
    "services.create.callback",
    "services.create.DeliveryCallbackUrl",
    "a DeliveryCallbackUrl is not checked",
    "sample",
    "OAI (A1)",
)
def _(notify: RemoteNotify) -> Pair:
    return "Hello", notify.create("/Services", [("DeliveryCallbackUrl", "Hello")]).json.get("delivery_callback_url")


@_check(
    "services.create.json",
    "services.create",
    "a JSON body counts as an empty form",
    "sibling",
    "twilio-chat-demo-android#147",
)
def _(notify: RemoteNotify) -> Pair:
    answer = notify.create("/Services", content_type="application/json", body='{"FriendlyName": "x"}')
    return (201, None), (answer.status, answer.json.get("friendly_name"))


@_check(
    "services.create.long-name",
    "services.create.FriendlyName",
    "a FriendlyName of more than 64 characters is refused",
    "assumed",
    "D32",
)
def _(notify: RemoteNotify) -> Pair:
    return _refusal(400, 20002, "Invalid FriendlyName"), notify.create("/Services", [("FriendlyName", "x" * 65)]).error


@_check("services.fetch", "services.fetch", "a Service is read as it was created", "observed", "RJP acceptance suite")
def _(notify: RemoteNotify) -> Pair:
    made = notify.create("/Services")
    return (200, made.json), (lambda read: (read.status, read.json))(notify.get(f"/Services/{made.json['sid']}"))


@_check("services.fetch.json-suffix", "services.fetch", "a path may end in .json", "sample", "SNIP")
def _(notify: RemoteNotify) -> Pair:
    return notify.get(notify.service).json, notify.get(f"{notify.service}.json").json


@_check("services.find", "services.find", "a Service is in the list, once", "observed", "RJP acceptance suite")
def _(notify: RemoteNotify) -> Pair:
    made = notify.get(notify.service).json
    found = [row for page in notify.pages("/Services") for row in page["services"] if row["sid"] == made["sid"]]
    return [made], found


@_check("services.find.name", "services.find.FriendlyName", "FriendlyName filters the list", "documented", "OAI")
def _(notify: RemoteNotify) -> Pair:
    name = notify.name("one of a kind")
    made = notify.create("/Services", [("FriendlyName", name)])
    return [made.json], notify.get("/Services", [("FriendlyName", name)]).json["services"]


@_check(
    "services.update.empty", "services.update", "an empty update changes nothing", "observed", "RJP acceptance suite"
)
def _(notify: RemoteNotify) -> Pair:
    before = notify.get(notify.service).json
    answer = notify.update(notify.service)
    return (200, before | {"date_updated": MOMENT}), (answer.status, answer.json)


@_check("services.update.partial", "services.update", "an update leaves alone what it doesn't name", "assumed", "D24")
def _(notify: RemoteNotify) -> Pair:
    made = notify.create("/Services", [("FriendlyName", "before"), ("LogEnabled", "false")]).json
    answer = notify.update(f"/Services/{made['sid']}", [("FriendlyName", "after")])
    return (200, made | {"friendly_name": "after", "date_updated": MOMENT}), (answer.status, answer.json)


@_check(
    "services.delete",
    "services.delete",
    "a Service is deleted at once: 204 and no body",
    "observed",
    "RJP acceptance suite",
)
def _(notify: RemoteNotify) -> Pair:
    path = f"/Services/{notify.create('/Services').json['sid']}"
    notify.create(f"{path}/Notifications", [("Identity", "nobody"), ("Body", "b")])
    gone = notify.delete(path)
    return (204, "", _not_found(path)), (gone.status, gone.body.decode(), notify.get(path).error)


@_check("services.delete.twice", "services.delete", "a second delete is 404", "sibling", "20404")
def _(notify: RemoteNotify) -> Pair:
    path = f"/Services/{notify.create('/Services').json['sid']}"
    notify.delete(path)
    return _not_found(path), notify.delete(path).error


# Credentials


def _credential_like(**known: Any) -> dict[str, Any]:
    return {
        "sid": _sid("CR"), "account_sid": _sid("AC"), "friendly_name": None, "type": "fcm", "sandbox": None,
        "date_created": MOMENT, "date_updated": MOMENT, "url": Like(r"https?://.+/v1/Credentials/CR[0-9a-f]{32}"),
    } | known  # fmt: skip


@_check(
    "credentials.create.fcm",
    "credentials.create",
    "an fcm Credential is not checked with Google, and never shows its secret",
    "observed",
    "RJP (A9), CLI",
)
def _(notify: RemoteNotify) -> Pair:
    name = notify.name("creds")
    answer = notify.create("/Credentials", [("Type", "fcm"), ("Secret", notify.name("secret")), ("FriendlyName", name)])
    return (201, _credential_like(friendly_name=name)), (answer.status, answer.json)


@_check(
    "credentials.create.dates",
    "credentials.create",
    "date_updated equals date_created at first",
    "observed",
    "CLI, by length; OAI",
)
def _(notify: RemoteNotify) -> Pair:
    made = notify.create("/Credentials", [("Type", "fcm"), ("Secret", notify.name("secret"))]).json
    return made["date_created"], made["date_updated"]


@_check("credentials.create.bare", "credentials.create.Type", "only Type is required", "sample", "OAI")
def _(notify: RemoteNotify) -> Pair:
    return 201, notify.create("/Credentials", [("Type", "apn")]).status


@_check(
    "credentials.create.sandbox",
    "credentials.create.Sandbox.default",
    "the sandbox of an apn Credential is the text False",
    "sample",
    "OAI (A8)",
)
def _(notify: RemoteNotify) -> Pair:
    return "False", (notify.create("/Credentials", [("Type", "apn")]).json or {}).get("sandbox")


@_check("credentials.create.no-type", "credentials.create.Type", "a missing Type is refused by name", "sibling", "Chat")
def _(notify: RemoteNotify) -> Pair:
    return _refusal(400, 20001, "Missing required parameter Type in the post body"), notify.create("/Credentials").error


@_check(
    "credentials.create.bad-type", "credentials.create.Type", "a Type outside the enum is refused", "assumed", "D15"
)
def _(notify: RemoteNotify) -> Pair:
    return _invalid("Credential", "Type"), notify.create("/Credentials", [("Type", "carrier-pigeon")]).error


@_check(
    "credentials.life",
    "credentials.update",
    "a Credential is listed, fetched, renamed and deleted",
    "observed",
    "RJP acceptance suite",
)
def _(notify: RemoteNotify) -> Pair:
    made = notify.create("/Credentials", [("Type", "fcm"), ("Secret", notify.name("secret"))]).json
    path, name = f"/Credentials/{made['sid']}", notify.name("renamed")
    listed = [row for page in notify.pages("/Credentials") for row in page["credentials"] if row["sid"] == made["sid"]]
    fetched = notify.get(path).json
    renamed = notify.update(path, [("FriendlyName", name)])
    gone = notify.delete(path)
    wanted = ([made], made, (200, made | {"friendly_name": name, "date_updated": MOMENT}), (204, ""))
    return wanted, (listed, fetched, (renamed.status, renamed.json), (gone.status, gone.body.decode()))


# Bindings


def _bind(notify: RemoteNotify, service: str, *more: tuple[str, str], **form: str) -> Answer:
    sent = {"Identity": notify.name("who"), "BindingType": "sms", "Address": notify.number()} | form
    return notify.create(f"{service}/Bindings", [*((name, value) for name, value in sent.items() if value), *more])


@_check("bindings.create.sms", "bindings.create", "an sms Binding has these properties", "observed", "RJP (A4), A3")
def _(notify: RemoteNotify) -> Pair:
    who, address = notify.name("who"), notify.number()
    answer = _bind(notify, notify.service, Identity=who, Address=address)
    wanted: dict[str, Any] = {
        "account_sid": _sid("AC"), "address": address, "binding_type": "sms", "credential_sid": None,
        "date_created": MOMENT, "date_updated": MOMENT, "endpoint": None, "identity": who,
        "notification_protocol_version": "default", "service_sid": notify.service.rpartition("/")[2],
        "sid": _sid("BS"), "tags": [], "links": {"user": Like(f".+{notify.service}/Users/{who}")},
        "url": Like(f".+{notify.service}/Bindings/BS[0-9a-f]{{32}}"),
    }  # fmt: skip
    return (201, wanted), (answer.status, answer.json)


@_check(
    "bindings.create.address",
    "bindings.create.Address",
    "an address is not checked when it is registered",
    "sample",
    "BIND, OAI",
)
def _(notify: RemoteNotify) -> Pair:
    answer = _bind(notify, notify.service, BindingType="apn", Address=notify.name("Address"))
    return (201, "4"), (answer.status, (answer.json or {}).get("notification_protocol_version"))


@_check(
    "bindings.create.tags",
    "bindings.create.Tag",
    "tags keep the order in which they were sent",
    "observed",
    "RJP; SNIP (A5)",
)
def _(notify: RemoteNotify) -> Pair:
    answer = _bind(notify, notify.service, ("Tag", "preferred device"), ("Tag", "new user"), ("Tag", "a"))
    return ["preferred device", "new user", "a"], answer.json.get("tags")


@_check("bindings.create.tags.doubled", "bindings.create.Tag", "a doubled tag is kept once", "assumed", "D9")
def _(notify: RemoteNotify) -> Pair:
    return ["b", "a"], _bind(notify, notify.service, ("Tag", "b"), ("Tag", "a"), ("Tag", "b")).json.get("tags")


@_check("bindings.create.tags.21", "bindings.create.Tag", "the 21st tag is refused", "assumed", "D33")
def _(notify: RemoteNotify) -> Pair:
    answer = _bind(notify, notify.service, *(("Tag", f"t{number}") for number in range(21)))
    return _invalid("Binding", "Tag"), answer.error


@_check(
    "bindings.create.missing",
    "errors.MissingParameter",
    "the first required parameter that is missing is named",
    "sibling",
    "twilio-chat-demo-android#147",
)
def _(notify: RemoteNotify) -> Pair:
    names = ("Identity", "BindingType", "Address")
    wanted = [_refusal(400, 20001, f"Missing required parameter {name} in the post body") for name in names]
    return wanted, [_bind(notify, notify.service, **{name: ""}).error for name in names]


@_check(
    "bindings.create.bad-type",
    "bindings.create.BindingType",
    "a BindingType outside the enum is refused",
    "assumed",
    "D15",
)
def _(notify: RemoteNotify) -> Pair:
    return _invalid("Binding", "BindingType"), _bind(notify, notify.service, BindingType="pigeon").error


_TWENTY = "Bindings for the same Identity are limited to less than or equal to 20"


@_check(
    "bindings.create.21st", "errors.IdentityLimitReached", "the 21st Binding of an identity is refused", "assumed", "D1"
)
def _(notify: RemoteNotify) -> Pair:
    who = notify.name("busy")
    came = [_bind(notify, notify.service, Identity=who).status for _ in range(20)]
    return ([201] * 20, _refusal(400, 20001, _TWENTY)), (came, _bind(notify, notify.service, Identity=who).error)


@_check(
    "bindings.replace",
    "bindings.create.Address",
    "an address that is known moves to its new owner",
    "documented",
    "BIND",
)
def _(notify: RemoteNotify) -> Pair:
    address, tag = notify.number(), notify.name("moved")
    for who in ("first", "second"):
        _bind(notify, notify.service, ("Tag", tag), Identity=notify.name(who), Address=address)
    rows = notify.get(f"{notify.service}/Bindings", [("Tag", tag)]).json["bindings"]
    return [(address, True)], [(row["address"], row["identity"].startswith("second")) for row in rows]


@_check(
    "bindings.replace.sid",
    "behaviour.replacement_keeps_sid",
    "the new Binding has a new sid, the old sid is gone",
    "assumed",
    "D2",
)
def _(notify: RemoteNotify) -> Pair:
    address, who = notify.number(), notify.name("who")
    old, new = (_bind(notify, notify.service, Identity=who, Address=address).json["sid"] for _ in range(2))
    path = f"{notify.service}/Bindings/{old}"
    return (True, _not_found(path)), (old != new, notify.get(path).error)


@_check(
    "bindings.life", "bindings.fetch", "a Binding is listed, fetched and deleted", "observed", "RJP acceptance suite"
)
def _(notify: RemoteNotify) -> Pair:
    tag = notify.name("tag")
    made = _bind(notify, notify.service, ("Tag", tag)).json
    path = f"{notify.service}/Bindings/{made['sid']}"
    listed = notify.get(f"{notify.service}/Bindings", [("Tag", tag)]).json["bindings"]
    fetched = notify.get(path).json
    gone = notify.delete(path)
    came = (listed, fetched, (gone.status, gone.body.decode()), notify.get(path).error)
    return ([made], made, (204, ""), _not_found(path)), came


@_check("bindings.find.empty", "bindings.find", "no match is 200 and an empty list", "sample", "OAI (A6)")
def _(notify: RemoteNotify) -> Pair:
    answer = notify.get(f"{notify.service}/Bindings", [("Tag", notify.name("none"))])
    return (200, []), (answer.status, answer.json["bindings"])


@_check(
    "bindings.find.filters",
    "bindings.find",
    "filters come first in the URLs of meta, Tag before Identity",
    "sample",
    "OAI (A6)",
)
def _(notify: RemoteNotify) -> Pair:
    answer = notify.get(f"{notify.service}/Bindings", [("Identity", "i"), ("Tag", "t")])
    return Like(r".+/Bindings\?Tag=t&Identity=i&PageSize=50&Page=0"), answer.json["meta"]["url"]


@_check(
    "bindings.find.identity",
    "bindings.find.Identity",
    "Identity may be repeated and means any of them",
    "documented",
    "JAVA",
)
def _(notify: RemoteNotify) -> Pair:
    people = [notify.name("who") for _ in range(3)]
    made = [_bind(notify, notify.service, Identity=who).json["sid"] for who in people]
    rows = notify.get(f"{notify.service}/Bindings", [("Identity", who) for who in people[:2]]).json["bindings"]
    return sorted(made[:2]), sorted(row["sid"] for row in rows)


@_check(
    "bindings.find.tags",
    "bindings.find.Tag",
    "Tag may be repeated and means all of them, implicit ones too",
    "documented",
    "OAI",
)
def _(notify: RemoteNotify) -> Pair:
    tag = notify.name("tag")
    made = _bind(notify, notify.service, ("Tag", tag)).json["sid"]
    _bind(notify, notify.service, ("Tag", tag), BindingType="fcm", Address=notify.name("token"))
    rows = notify.get(f"{notify.service}/Bindings", [("Tag", each) for each in (tag, "sms", "all")]).json["bindings"]
    return [made], [row["sid"] for row in rows]


@_check("bindings.find.six-tags", "bindings.find.Tag", "more than five Tags are refused", "assumed", "D33")
def _(notify: RemoteNotify) -> Pair:
    answer = notify.get(f"{notify.service}/Bindings", [("Tag", f"t{number}") for number in range(6)])
    return _refusal(400, 20001, "Parameter 'Tag' is invalid"), answer.error


@_check(
    "bindings.find.chain", "bindings.find.PageToken", "the chain of pages has every Binding once", "documented", "OAI"
)
def _(notify: RemoteNotify) -> Pair:
    tag = notify.name("chain")
    made = [_bind(notify, notify.service, ("Tag", tag)).json["sid"] for _ in range(5)]
    pages = list(notify.pages(f"{notify.service}/Bindings", [("Tag", tag), ("PageSize", "2")]))
    return sorted(made), sorted(row["sid"] for page in pages for row in page["bindings"])


@_check("bindings.find.order", "bindings.find", "the oldest Binding comes first", "assumed", "D7")
def _(notify: RemoteNotify) -> Pair:
    tag = notify.name("order")
    made = [_bind(notify, notify.service, ("Tag", tag)).json["sid"] for _ in range(3)]
    rows = notify.get(f"{notify.service}/Bindings", [("Tag", tag)]).json["bindings"]
    return made, [row["sid"] for row in rows]


@_check(
    "bindings.find.stable", "bindings.find.PageToken", "rows that go between two pages move no others", "assumed", "D7"
)
def _(notify: RemoteNotify) -> Pair:
    tag = notify.name("stable")
    made = [_bind(notify, notify.service, ("Tag", tag)).json["sid"] for _ in range(4)]
    first = notify.get(f"{notify.service}/Bindings", [("Tag", tag), ("PageSize", "2")]).json
    for row in first["bindings"]:
        notify.delete(f"{notify.service}/Bindings/{row['sid']}")
    second = notify.get(first["meta"]["next_page_url"]).json
    return (made[:2], made[2:]), tuple([row["sid"] for row in page["bindings"]] for page in (first, second))


@_check("bindings.delete.twice", "bindings.delete", "a second delete is 404", "sibling", "20404")
def _(notify: RemoteNotify) -> Pair:
    path = f"{notify.service}/Bindings/{_bind(notify, notify.service).json['sid']}"
    notify.delete(path)
    return _not_found(path), notify.delete(path).error


# Notifications

_TO = ("ToBinding", '{"binding_type":"sms", "address":"+15005550006"}')
TWENTY = [
    "account_sid", "action", "alexa", "apn", "body", "data", "date_created", "facebook_messenger", "fcm", "gcm",
    "identities", "priority", "segments", "service_sid", "sid", "sms", "sound", "tags", "title", "ttl",
]  # fmt: skip


def _send(notify: RemoteNotify, *form: tuple[str, str]) -> Answer:
    """Send in the Service of this run, which has no way to reach anybody."""
    return notify.create(f"{notify.service}/Notifications", form)


def _notification_like(notify: RemoteNotify, **known: Any) -> dict[str, Any]:
    unset: dict[str, Any] = dict.fromkeys(TWENTY)
    service_sid = notify.service.rpartition("/")[2]
    fixed = {"account_sid": _sid("AC"), "sid": _sid("NT"), "service_sid": service_sid, "date_created": MOMENT}
    return unset | fixed | {"identities": [], "tags": [], "segments": [], "priority": "high", "ttl": 2419200} | known


@_check(
    "notifications.create.keys",
    "notifications.create",
    "a Notification has exactly these twenty keys",
    "observed",
    "WEB, June 2022 (A11)",
)
def _(notify: RemoteNotify) -> Pair:
    return TWENTY, _keys(_send(notify, ("Identity", "davew"), ("Body", "Hello there 1")))


@_check(
    "notifications.create.identity",
    "notifications.create",
    "201 for an identity that has no Binding; this is the answer",
    "observed",
    "WEB (A11)",
)
def _(notify: RemoteNotify) -> Pair:
    answer = _send(notify, ("Identity", "davew"), ("Body", "Hello there 1"))
    return (201, _notification_like(notify, identities=["davew"], body="Hello there 1")), (answer.status, answer.json)


@_check(
    "notifications.create.direct",
    "notifications.create.ToBinding",
    "201 for a direct sms without a Messaging Service; targets are not echoed",
    "observed",
    "RJP (A12)",
)
def _(notify: RemoteNotify) -> Pair:
    answer = _send(notify, _TO, ("Body", "Hello World"))
    return (201, _notification_like(notify, body="Hello World")), (answer.status, answer.json)


@_check(
    "notifications.create.bad-number",
    "notifications.create.ToBinding",
    "201 for a number that is none",
    "observed",
    "bulk-sms-alerts#1 (O5)",
)
def _(notify: RemoteNotify) -> Pair:
    return 201, _send(notify, ("ToBinding", '{"binding_type":"sms", "address":"no number"}'), ("Body", "b")).status


@_check(
    "notifications.create.to-binding",
    "errors.InvalidToBinding",
    "a ToBinding that is no JSON object",
    "observed",
    "api-snippets#798 (O1)",
)
def _(notify: RemoteNotify) -> Pair:
    return _invalid("Notification", "ToBinding"), _send(notify, ("ToBinding", "sms:+15005550006"), ("Body", "b")).error


@_check(
    "notifications.create.mixed",
    "errors.SelectorsMixed",
    "ToBinding and Identity exclude each other",
    "observed",
    "sample-code#30 (O2)",
)
def _(notify: RemoteNotify) -> Pair:
    text = "Direct notifications and query notifications can not be requested together"
    return _refusal(400, 20001, text), _send(notify, _TO, ("Identity", "a"), ("Body", "b")).error


@_check(
    "notifications.create.nobody",
    "errors.SelectorMissing",
    "a selector is required",
    "observed",
    "video-quickstart-android#546 (O4)",
)
def _(notify: RemoteNotify) -> Pair:
    text = "At least one parameter among Identity, Tag, and ToBinding must be specified"
    return _refusal(400, 20001, text), _send(notify, ("Body", "b")).error


@_check(
    "notifications.create.data",
    "notifications.create.Data",
    "JSON parameters are echoed as objects",
    "sample",
    "SNIP (A13)",
)
def _(notify: RemoteNotify) -> Pair:
    data = {"custom_key1": "custom value 1", "custom_key2": "custom value 2"}
    fcm = {"notification": {"title": "New alert", "body": "Hello Bob!"}}
    answer = _send(notify, ("Identity", "nobody"), ("Data", json.dumps(data)), ("Fcm", json.dumps(fcm)))
    return (data, fcm, None), tuple((answer.json or {}).get(name) for name in ("data", "fcm", "sms"))


@_check(
    "notifications.create.twi",
    "notifications.create.Data",
    "Data must not have a key that begins with twi_",
    "documented",
    "OAI (text: assumed D16)",
)
def _(notify: RemoteNotify) -> Pair:
    return _invalid("Notification", "Data"), _send(notify, ("Identity", "nobody"), ("Data", '{"twi_a": "b"}')).error


@_check("notifications.create.ttl", "notifications.create.Ttl", "a Ttl above four weeks is refused", "assumed", "D33")
def _(notify: RemoteNotify) -> Pair:
    return _invalid("Notification", "Ttl"), _send(notify, ("Identity", "nobody"), ("Ttl", "2419201")).error


@_check(
    "notifications.create.21-identities",
    "notifications.create.Identity",
    "the 21st Identity is refused",
    "assumed",
    "D33",
)
def _(notify: RemoteNotify) -> Pair:
    return _invalid("Notification", "Identity"), _send(notify, *(("Identity", f"i{each}") for each in range(21))).error


@_check(
    "notifications.create.implicit",
    "notifications.create.Tag",
    "an implicit tag is echoed like any other",
    "assumed",
    "D9",
)
def _(notify: RemoteNotify) -> Pair:
    return ["facebook-messenger"], (_send(notify, ("Tag", "facebook-messenger"), ("Body", "b")).json or {}).get("tags")


@_check(
    "notifications.absent",
    "errors.NotFound",
    "a Notification can't be read",
    "documented",
    "OAI, by absence",
    writes=False,
)
def _(notify: RemoteNotify) -> Pair:
    return 404, notify.get(f"/Services/{NOBODY}/Notifications/NT{'0' * 32}").status
