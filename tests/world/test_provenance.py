"""How sure the fake is of every answer, and that it says so."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from base64 import b64encode
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

import fakenotify
from fakenotify import Behaviour, FakeNotify
from fakenotify.clients.in_process import call
from fakenotify.core.errors import LABELS
from fakenotify.core.paging import PAGING
from fakenotify.notify.behaviour import switches
from fakenotify.notify.decisions import DECISIONS, RECORDINGS
from fakenotify.notify.dispatch import ROUTES
from fakenotify.notify.errors import CATALOGUE
from fakenotify.notify.journal import Request
from fakenotify.world.provenance import INJECTED, Provenance, rules

SERVICE_SID = "IS" + "a" * 32
UNKNOWN_SID = "IS" + "b" * 32
SERVICE = f"/v1/Services/{SERVICE_SID}"
SMS = {"BindingType": "sms", "Address": "+15005550006"}
TO = '{"binding_type": "sms", "address": "+15005550006"}'


def ask(url: str) -> Any:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return json.load(error)


class Refusal(NamedTuple):
    """A request that is refused, by which rule, and how sure we are of the answer."""

    method: str
    path: str
    form: dict[str, Any]
    code: int
    rule: str
    label: str
    source: str
    switches: dict[str, Any] = {}  # noqa: RUF012  # never written to


POST, GET, DELETE = "POST", "GET", "DELETE"
CREATE, SEND, FIND = f"{SERVICE}/Bindings", f"{SERVICE}/Notifications", f"{SERVICE}/Bindings?"
REFUSALS = (
    Refusal(GET, "/v1/Services", {"user": "nobody"}, 20003, "errors.Unauthorized", "sibling", "D19"),
    Refusal(POST, "/v1/Services", {"FriendlyName": "x" * 2**20}, 20413, "errors.RequestTooLarge", "assumed", "D18"),
    Refusal(GET, "/v1/Nothing", {}, 20404, "errors.NotFound", "observed", "O3"),
    Refusal(POST, f"/v1/Services/{UNKNOWN_SID}", {}, 20404, "errors.NotFound", "observed", "O3"),
    Refusal("PUT", "/v1/Services", {}, 20004, "errors.MethodNotAllowed", "assumed", "D17"),
    # Services
    Refusal(POST, "/v1/Services", {"FriendlyName": "x" * 65}, 20002, "services.create.FriendlyName", "assumed", "D32"),
    Refusal(
        POST, "/v1/Services", {"ApnCredentialSid": "x"}, 20001, "services.create.ApnCredentialSid", "assumed", "D3"
    ),
    Refusal(POST, SERVICE, {"LogEnabled": "maybe"}, 20001, "services.update.LogEnabled", "assumed", "D33"),
    Refusal(
        POST,
        "/v1/Services",
        {"FcmCredentialSid": "CR" + "f" * 32},
        52002,
        "errors.CredentialNotFound",
        "assumed",
        "D3",
        {"credentials_checked": "at_write"},
    ),
    # Credentials
    Refusal(POST, "/v1/Credentials", {}, 20001, "credentials.create.Type", "sibling", "D31"),
    Refusal(POST, "/v1/Credentials", {"Type": "wns"}, 20001, "credentials.create.Type", "assumed", "D15"),
    Refusal(
        POST,
        "/v1/Credentials",
        {"Type": "fcm", "FriendlyName": "x" * 65},
        20002,
        "credentials.create.FriendlyName",
        "assumed",
        "D32",
    ),
    Refusal(
        POST,
        "/v1/Credentials",
        {"Type": "apn", "Certificate": "x"},
        20001,
        "errors.UnparsableCertificate",
        "observed",
        "O7, D47",
    ),
    # Bindings
    Refusal(POST, CREATE, SMS, 20001, "bindings.create.Identity", "sibling", "D31"),
    Refusal(POST, CREATE, {"Identity": "a"}, 20001, "bindings.create.BindingType", "sibling", "D31"),
    Refusal(POST, CREATE, {"Identity": "a", "BindingType": "sms"}, 20001, "bindings.create.Address", "sibling", "D31"),
    Refusal(
        POST,
        CREATE,
        {**SMS, "Identity": "a", "BindingType": "fax"},
        20001,
        "bindings.create.BindingType",
        "assumed",
        "D15",
    ),
    Refusal(
        POST,
        CREATE,
        {**SMS, "Identity": "a", "Tag": [f"{number}" for number in range(21)]},
        20001,
        "bindings.create.Tag",
        "assumed",
        "D33",
    ),
    Refusal(
        POST,
        CREATE,
        {**SMS, "Identity": "a", "CredentialSid": "CR1"},
        20001,
        "bindings.create.CredentialSid",
        "assumed",
        "D3",
    ),
    Refusal(POST, CREATE, {**SMS, "Identity": "busy"}, 20001, "errors.IdentityLimitReached", "assumed", "D1"),
    Refusal(
        POST,
        CREATE,
        {**SMS, "Identity": "a", "Address": "1"},
        20001,
        "errors.InvalidAddress",
        "assumed",
        "D4",
        {"addresses_checked": "at_write"},
    ),
    Refusal(
        POST,
        CREATE,
        {"Identity": "a", "BindingType": "apn", "Address": "a7", "CredentialSid": "CR" + "a" * 32},
        52002,
        "errors.CredentialNotFound",
        "assumed",
        "D3",
        {"credentials_checked": "at_write"},
    ),
    # lists
    Refusal(GET, FIND + "StartDate=soon", {}, 20001, "bindings.find.StartDate", "assumed", "D33"),
    Refusal(GET, FIND + "EndDate=2027-02-30", {}, 20001, "bindings.find.EndDate", "assumed", "D33"),
    Refusal(GET, FIND + "&".join(["Tag=t"] * 6), {}, 20001, "bindings.find.Tag", "assumed", "D33"),
    Refusal(GET, FIND + "PageSize=0", {}, 20001, "bindings.find.PageSize", "assumed", "D6"),
    Refusal(GET, "/v1/Credentials?Page=-1", {}, 20001, "credentials.find.Page", "assumed", "D6"),
    Refusal(GET, "/v1/Services?PageToken=PA1", {}, 20001, "services.find.PageToken", "assumed", "D6"),
    Refusal(
        GET,
        "/v1/Services?PageSize=1001",
        {},
        20007,
        "services.find.PageSize",
        "assumed",
        "D6",
        {"page_size_limit": "reject"},
    ),
    Refusal(
        GET,
        "/v1/Services?Page=1",
        {},
        70002,
        "errors.PageTokenMissing",
        "sibling",
        "D6",
        {"page_without_token": "reject"},
    ),
    # Notifications
    Refusal(POST, SEND, {"Body": "Hi"}, 20001, "errors.SelectorMissing", "observed", "O4"),
    Refusal(POST, SEND, {"Identity": "a", "ToBinding": TO}, 20001, "errors.SelectorsMixed", "observed", "O2"),
    Refusal(POST, SEND, {"ToBinding": "sms:+1"}, 20001, "notifications.create.ToBinding", "observed", "O1"),
    Refusal(POST, SEND, {"Identity": ["a"] * 21}, 20001, "notifications.create.Identity", "assumed", "D33"),
    Refusal(POST, SEND, {"Tag": list("abcdef")}, 20001, "notifications.create.Tag", "assumed", "D33"),
    Refusal(POST, SEND, {"Priority": "urgent"}, 20001, "notifications.create.Priority", "assumed", "D33"),
    Refusal(POST, SEND, {"Ttl": "2419201"}, 20001, "notifications.create.Ttl", "assumed", "D33"),
    Refusal(POST, SEND, {"Data": "{"}, 20001, "notifications.create.Data", "assumed", "D15"),
    Refusal(POST, SEND, {"Apn": '{"twi_x": 1}'}, 20001, "notifications.create.Apn", "assumed", "D16"),
    Refusal(POST, SEND, {"Gcm": '{"to": "x"}'}, 20001, "notifications.create.Gcm", "assumed", "D34"),
    Refusal(POST, SEND, {"Fcm": '{"message": {"token": "x"}}'}, 20001, "notifications.create.Fcm", "assumed", "D34"),
    # Users
    Refusal(POST, f"{SERVICE}/Users", {"Identity": "carol"}, 52304, "errors.UserExists", "assumed", "D13"),
    Refusal(DELETE, f"{SERVICE}/Users/busy", {}, 52306, "errors.UserHasBindings", "assumed", "D13"),
    Refusal(
        POST,
        f"{SERVICE}/Users/carol/SegmentMemberships",
        {"Segment": "s"},
        52305,
        "errors.AlreadyInSegment",
        "assumed",
        "D13",
    ),
    Refusal(
        POST,
        f"{SERVICE}/Users/carol/SegmentMemberships",
        {},
        20001,
        "segment_memberships.create.Segment",
        "sibling",
        "D31",
    ),
)


def provoke(refusal: Refusal) -> tuple[int, dict[str, str], Request]:
    """Send a request to a fake in which it is refused: the code, the headers, and what the journal has."""
    fake = FakeNotify()
    fake.create_service(sid=SERVICE_SID)
    fake.create_user(SERVICE_SID, identity="carol", segments=["s"])
    for number in range(20):
        fake.create_binding(SERVICE_SID, identity="busy", binding_type="sms", address=f"busy {number}")
    fake.behaviour = Behaviour(**refusal.switches)
    form = dict(refusal.form)
    user = f"{form.pop('user', fake.account_sid)}:{fake.auth_token}"
    headers = {
        "Authorization": "Basic " + b64encode(user.encode()).decode(),
        "Content-Type": "application/x-www-form-urlencoded",
    }
    reply = call(
        fake.wsgi_app, refusal.method, f"http://localhost{refusal.path}", headers, urlencode(form, doseq=True).encode()
    )
    return json.loads(reply.body)["code"], dict(reply.headers), fake.requests.last


def test_every_refusal_names_its_rule_its_label_and_its_source() -> None:
    for refusal in REFUSALS:
        code, headers, request = provoke(refusal)

        assert (code, headers["X-Fakenotify-Rule"], headers["X-Fakenotify-Label"]) == (
            refusal.code,
            refusal.rule,
            refusal.label,
        ), refusal
        assert (request.rule, request.label, request.source) == refusal[4:7], refusal
        assert refusal.rule in rules()


def test_the_table_above_has_enough_refusals_of_every_kind() -> None:
    by_rule = {each.rule.removeprefix("errors.") for each in REFUSALS}
    not_here = {"CredentialTypeMismatch"}  # raised where CredentialNotFound is
    of_parameters = {
        "MissingParameter",
        "InvalidParameter",
        "InvalidToBinding",
        "InvalidFriendlyName",
        "InvalidQuery",
        "InvalidDate",
        "InvalidPaging",
        "PageSizeTooLarge",
    }

    assert len(REFUSALS) >= 33
    assert {each.__name__ for each in CATALOGUE} <= by_rule | of_parameters | not_here


def test_an_injected_error_is_no_rule_of_notifys(fake_notify: FakeNotify) -> None:
    fake_notify.fail("services.find", status=429)
    client = fake_notify.client(in_process=True)
    try:
        client.notify.v1.services.list()
    except Exception:  # the official client's own; only the journal counts here
        request = fake_notify.requests.last

    assert (request.status, request.rule, request.label, request.source) == (429, "fault", INJECTED, None)
    assert request.provenance == ""


# the rules


def test_every_operation_parameter_error_switch_and_decision_is_a_rule() -> None:
    known = set(rules())
    for route in ROUTES.by_operation.values():
        read = route.params.names | (PAGING.names if route.verb == "find" else set())
        assert {route.operation, *(f"{route.operation}.{name}" for name in read)} <= known
    assert {f"errors.{each.__name__}" for each in CATALOGUE} <= known
    assert {f"behaviour.{name}" for name in Behaviour().to_json()} <= known
    assert set(DECISIONS) <= known


def test_every_rule_has_words_a_label_and_a_source() -> None:
    for rule in rules().values():
        assert rule.says
        assert rule.label in LABELS or rule.id == "fault", rule
        assert rule.source, rule


def test_what_was_observed_is_what_there_are_recordings_of() -> None:
    observed = {rule.id for rule in rules().values() if rule.label == "observed"}
    assert {rule for rule in observed if not rule.endswith(".default")} == {
        "errors.NotFound",
        "errors.InvalidToBinding",
        "errors.UnparsableCertificate",
        "errors.SelectorMissing",
        "errors.SelectorsMixed",
        "notifications.create.ToBinding",
    }
    assert {rule for rule in observed if rule.endswith(".default")} == {
        "services.create.FriendlyName.default",
        "services.create.DefaultApnNotificationProtocolVersion.default",
        "services.create.DefaultFcmNotificationProtocolVersion.default",
        "services.create.LogEnabled.default",
        "services.create.DeliveryCallbackUrl.default",
        "services.create.DeliveryCallbackEnabled.default",
        "bindings.create.NotificationProtocolVersion.default",
        "notifications.create.Priority.default",
        "notifications.create.Ttl.default",
        "user_bindings.create.NotificationProtocolVersion.default",
    }


def test_a_parameters_label_is_that_of_the_answer_and_its_words_have_the_parameters_own() -> None:
    assert rules()["bindings.find.PageSize"] == Provenance(
        "bindings.find.PageSize",
        "whole number, 1 or more; by default 50 (documented: OAI; above 1000: D6)."
        " Refused, if its value is bad: errors.InvalidPaging (assumed, D6)",
        "assumed",
        "D6",
    )


def test_a_default_is_what_an_absent_parameter_becomes(fake_notify: FakeNotify) -> None:
    service = fake_notify.create_service()
    apn, fcm = fake_notify.create_credential(type="apn"), fake_notify.create_credential(type="fcm")
    notification = fake_notify.create_notification(service.sid, identities=["nobody"])

    for record, operation in ((service, "services.create"), (notification, "notifications.create")):
        for row in ROUTES.by_operation[operation].params.rows:
            if row.default_from and not row.default_words:
                says = rules()[f"{operation}.{row.name}.default"].says
                assert says == f"absent, it is {json.dumps(getattr(record, row.field))}"
    assert service.default_apn_notification_protocol_version == "4"
    assert (apn.sandbox, fcm.sandbox) == ("False", None)


# the decisions


def test_there_are_52_decisions_and_every_one_is_complete() -> None:
    assert list(DECISIONS) == [f"D{number}" for number in range(1, 53)]
    for decision in DECISIONS.values():
        assert decision.question.endswith("?")
        assert decision.evidence
        assert decision.choice


def test_every_decision_and_recording_that_the_code_cites_exists() -> None:
    package = Path(str(fakenotify.__file__)).parent
    text = "\n".join(path.read_text(encoding="utf-8") for path in package.rglob("*.py"))
    cited = set(re.findall(r"\b[DO][0-9]{1,2}\b", text))

    assert cited >= {"D1", "D52", "O1"}
    assert cited <= {*DECISIONS, *RECORDINGS}
    assert {switch.decision for switch in switches().values()} <= set(DECISIONS)


def test_no_docstring_cites_a_document_that_is_not_here() -> None:
    package = Path(str(fakenotify.__file__)).parent
    citing = [path.name for path in package.rglob("*.py") if re.search(r"(?i)reference [0-9]", path.read_text("utf-8"))]

    assert citing == []


# over the control API


def test_a_rule_can_be_asked_for_by_its_id(fake_notify: FakeNotify) -> None:
    rule = ask(f"{fake_notify.url}/_fake/rules/errors.NotFound")
    assert (rule["label"], rule["known"], rule["source"]) == ("observed", "observed", "O3")
    assert ask(f"{fake_notify.url}/_fake/rules/D31")["label"] == "sibling"
    assert len(ask(f"{fake_notify.url}/_fake/rules")["rules"]) == len(rules())


def test_an_unknown_rule_is_refused_with_the_nearest(fake_notify: FakeNotify) -> None:
    refused = ask(f"{fake_notify.url}/_fake/rules/bindings.create.Tga")
    assert refused["error"] == "there is no rule 'bindings.create.Tga'"
    assert "bindings.create.Tag" in refused["nearest"]
