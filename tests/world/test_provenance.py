"""How sure the fake is of every answer, and that it says so."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

import fakenotify
from fakenotify import Behaviour, FakeNotify
from fakenotify.core.errors import LABELS
from fakenotify.core.paging import PAGING
from fakenotify.notify.behaviour import switches
from fakenotify.notify.decisions import DECISIONS, RECORDINGS
from fakenotify.notify.dispatch import ROUTES
from fakenotify.notify.errors import CATALOGUE
from fakenotify.world.provenance import INJECTED, Provenance, rules

SERVICE_SID = "IS" + "a" * 32
SERVICES, CREDENTIALS = "/v1/Services", "/v1/Credentials"
SERVICE = f"{SERVICES}/{SERVICE_SID}"
CREATE, SEND = f"{SERVICE}/Bindings", f"{SERVICE}/Notifications"
MEMBERSHIPS = f"{SERVICE}/Users/carol/SegmentMemberships"
ALICE = {"Identity": "a", "BindingType": "sms", "Address": "+15005550006"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
CERTIFICATE = {"Type": "apn", "Certificate": "x"}
TAGS = "abcdefghijklmnopqrstu"
TO = '{"binding_type": "sms", "address": "+15005550006"}'
EVERY_CHECK = {"credentials_checked": "at_write", "addresses_checked": "at_write"}
EVERY_CHECK |= {"page_size_limit": "reject", "page_without_token": "reject"}

REFUSALS: list[tuple[str, str, dict[str, Any], int, str, str]] = [
    ("GET", SERVICES, {}, 20003, "errors.Unauthorized", "sibling D19"),
    ("POST", SERVICES, {"FriendlyName": "x" * 2**20}, 20413, "errors.RequestTooLarge", "assumed D18"),
    ("GET", "/v1/Nothing", {}, 20404, "errors.NotFound", "observed O3"),
    ("POST", "/v1/Services/IS1", {}, 20404, "errors.NotFound", "observed O3"),
    ("PUT", SERVICES, {}, 20004, "errors.MethodNotAllowed", "assumed D17"),
    ("POST", SERVICES, {"FriendlyName": "x" * 65}, 20002, "services.create.FriendlyName", "assumed D32"),
    ("POST", SERVICE, {"LogEnabled": "maybe"}, 20001, "services.update.LogEnabled", "assumed D33"),
    ("POST", CREDENTIALS, {}, 20001, "credentials.create.Type", "sibling D31"),
    ("POST", CREDENTIALS, {"Type": "wns"}, 20001, "credentials.create.Type", "assumed D15"),
    ("POST", CREDENTIALS, CERTIFICATE, 20001, "errors.UnparsableCertificate", "observed O7, D47"),
    ("POST", CREATE, {"Identity": "a", "BindingType": "sms"}, 20001, "bindings.create.Address", "sibling D31"),
    ("POST", CREATE, {**ALICE, "Tag": list(TAGS)}, 20001, "bindings.create.Tag", "assumed D33"),
    ("POST", CREATE, {**ALICE, "CredentialSid": "CR1"}, 20001, "bindings.create.CredentialSid", "assumed D3"),
    ("POST", CREATE, {**ALICE, "Identity": "busy"}, 20001, "errors.IdentityLimitReached", "assumed D1"),
    ("GET", f"{CREATE}?StartDate=soon", {}, 20001, "bindings.find.StartDate", "assumed D33"),
    ("GET", f"{CREATE}?" + "&".join(["Tag=t"] * 6), {}, 20001, "bindings.find.Tag", "assumed D33"),
    ("GET", f"{CREATE}?PageSize=0", {}, 20001, "bindings.find.PageSize", "assumed D6"),
    ("GET", "/v1/Services?PageToken=PA1", {}, 20001, "services.find.PageToken", "assumed D6"),
    ("POST", SEND, {"Body": "Hi"}, 20001, "errors.SelectorMissing", "observed O4"),
    ("POST", SEND, {"Identity": "a", "ToBinding": TO}, 20001, "errors.SelectorsMixed", "observed O2"),
    ("POST", SEND, {"ToBinding": "sms:+1"}, 20001, "notifications.create.ToBinding", "observed O1"),
    ("POST", SEND, {"Priority": "urgent"}, 20001, "notifications.create.Priority", "assumed D33"),
    ("POST", SEND, {"Data": "{"}, 20001, "notifications.create.Data", "assumed D15"),
    ("POST", SEND, {"Apn": '{"twi_x": 1}'}, 20001, "notifications.create.Apn", "assumed D16"),
    ("POST", f"{SERVICE}/Users", {"Identity": "carol"}, 52304, "errors.UserExists", "assumed D13"),
    ("DELETE", f"{SERVICE}/Users/busy", {}, 52306, "errors.UserHasBindings", "assumed D13"),
    ("POST", MEMBERSHIPS, {"Segment": "s"}, 52305, "errors.AlreadyInSegment", "assumed D13"),
    ("POST", MEMBERSHIPS, {}, 20001, "segment_memberships.create.Segment", "sibling D31"),
    ("POST", CREATE, {**ALICE, "Address": "1"}, 20001, "errors.InvalidAddress", "assumed D4"),
    ("POST", SERVICES, {"FcmCredentialSid": "CR" + "f" * 32}, 52002, "errors.CredentialNotFound", "assumed D3"),
    ("GET", "/v1/Services?PageSize=1001", {}, 20007, "services.find.PageSize", "assumed D6"),
    ("GET", "/v1/Services?Page=1", {}, 70002, "errors.PageTokenMissing", "sibling D6"),
]
"""Requests, each with the code, the rule and the provenance of its answer."""

OF_PARAMETERS = {"MissingParameter", "InvalidParameter", "InvalidToBinding", "InvalidFriendlyName", "InvalidQuery"}
OF_PARAMETERS |= {"InvalidDate", "InvalidPaging", "PageSizeTooLarge"}


@pytest.mark.filterwarnings("ignore:fakenotify")
def test_every_refusal_names_its_rule_its_label_and_its_source(wire_as: Any, fake_notify: FakeNotify) -> None:
    fake_notify.create_service(sid=SERVICE_SID)
    fake_notify.create_user(SERVICE_SID, identity="carol", segments=["s"])
    for number in range(20):
        fake_notify.create_binding(SERVICE_SID, identity="busy", binding_type="sms", address=f"busy {number}")
    fake_notify.behaviour = fake_notify.behaviour.changed(EVERY_CHECK)
    for method, path, form, code, rule, provenance in REFUSALS:
        wire = wire_as(fake_notify, "nobody" if code == 20003 else fake_notify.account_sid, fake_notify.auth_token)
        answer = wire.send(method, path, urlencode(form, doseq=True), FORM)

        assert (answer.json["code"], answer.header("X-Fakenotify-Rule")) == (code, rule), path
        request = fake_notify.requests.last
        assert (request.rule, f"{request.label} {request.source}") == (rule, provenance)
        assert answer.header("X-Fakenotify-Label") == request.label
        assert rule in rules()
    seen = {rule.removeprefix("errors.") for *_, rule, _ in REFUSALS}
    raised_with_another = {"CredentialTypeMismatch"}  # where CredentialNotFound is
    assert {each.__name__ for each in CATALOGUE} <= seen | OF_PARAMETERS | raised_with_another


def test_an_injected_error_follows_no_rule_of_notify(fake_notify: FakeNotify, wire: Any) -> None:
    fake_notify.fail("services.find", status=429)
    answer, request = wire.get("/v1/Services"), fake_notify.requests.last

    assert (answer.status, request.rule, request.label, request.source) == (429, "fault", INJECTED, None)
    assert request.provenance == ""


# the rules


def test_every_operation_parameter_error_switch_and_decision_is_a_rule_with_words_a_label_and_a_source() -> None:
    known = rules()
    wanted = {f"errors.{each.__name__}" for each in CATALOGUE} | {"fault", *DECISIONS}
    wanted |= {f"behaviour.{name}" for name in Behaviour().to_json()}
    for route in ROUTES.by_operation.values():
        read = route.params.names | (PAGING.names if route.verb == "find" else set())
        wanted |= {route.operation, *(f"{route.operation}.{name}" for name in read)}

    assert {each for each in known if not each.endswith(".default")} == wanted
    for rule in known.values():
        assert rule.says
        assert rule.source
        assert rule.label in LABELS or rule.id == "fault", rule


def test_the_observed_rules_are_those_with_a_recording() -> None:
    observed = {rule.id for rule in rules().values() if rule.label == "observed"}

    assert observed == {
        "errors.NotFound",
        "errors.InvalidToBinding",
        "errors.UnparsableCertificate",
        "errors.SelectorMissing",
        "errors.SelectorsMixed",
        "notifications.create.ToBinding",
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
    says = "whole number, 1 or more; by default 50 (documented: OAI; above 1000: D6). Refused, if its value is bad: "
    rule = Provenance("bindings.find.PageSize", says + "errors.InvalidPaging (assumed, D6)", "assumed", "D6")

    assert rules()[rule.id] == rule
    assert rule.to_json() == {**asdict(rule), "known": "assumed"}


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


def test_every_decision_and_recording_that_the_code_cites_exists_and_no_other_document_is_cited() -> None:
    texts = [path.read_text(encoding="utf-8") for path in Path(fakenotify.__file__).parent.rglob("*.py")]
    cited = set(re.findall(r"\b[DO][0-9]{1,2}\b", "\n".join(texts)))

    assert {"D1", "D52", "O1"} <= cited <= {*DECISIONS, *RECORDINGS}
    assert {switch.decision for switch in switches().values()} <= set(DECISIONS)
    assert [text[:80] for text in texts if re.search(r"(?i)reference [0-9]", text)] == []
