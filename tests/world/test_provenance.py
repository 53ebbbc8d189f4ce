"""How sure the fake is of every answer, and that it says so."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

import pytest

from fakenotify import Behaviour, FakeNotify
from fakenotify.notify import errors
from fakenotify.notify.dispatch import ROUTES
from fakenotify.notify.errors import CATALOGUE
from fakenotify.world.provenance import rules

LABELS = {"documented", "observed", "sibling", "sample", "assumed"}


def ask(url: str) -> Any:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return json.load(error)


def test_every_operation_parameter_error_and_switch_is_a_rule() -> None:
    known = rules()
    for route in ROUTES.by_operation.values():
        assert route.operation in known
        assert {f"{route.operation}.{row.name}" for row in route.params.rows} <= set(known)
    assert {f"errors.{each.__name__}" for each in CATALOGUE} <= set(known)
    assert {f"behaviour.{name}" for name in Behaviour().to_json()} <= set(known)


def test_every_rule_has_words_a_label_and_a_source() -> None:
    for rule in rules().values():
        assert rule.says
        assert rule.known in LABELS, rule
        assert rule.source, rule


def test_what_was_observed_is_what_the_reference_has_recordings_of() -> None:
    observed = {rule.id for rule in rules().values() if rule.known == "observed"}
    assert {rule for rule in observed if not rule.endswith(".default")} == {
        "errors.NotFound",
        "errors.InvalidToBinding",
        "errors.UnparsableCertificate",
        "errors.SelectorMissing",
        "errors.SelectorsMixed",
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


def test_a_default_is_what_an_absent_parameter_becomes(fake_notify: FakeNotify) -> None:
    fake_notify.create_service()
    fake_notify.create_credential(type="apn")
    fake_notify.create_credential(type="fcm")
    service = fake_notify.services.last
    apn, fcm = fake_notify.credentials
    notification = fake_notify.create_notification(service.sid, identities=["nobody"])
    told = {rule.id: rule.says for rule in rules().values() if rule.id.endswith(".default")}
    for record, operation in ((service, "services.create"), (notification, "notifications.create")):
        for row in ROUTES.by_operation[operation].params.rows:
            if row.default_known and row.name != "DefaultApnNotificationProtocolVersion":
                default = json.dumps(getattr(record, row.field))
                assert told[f"{operation}.{row.name}.default"] == f"absent, it is {default}"
    assert service.default_apn_notification_protocol_version == "4"
    assert (apn.sandbox, fcm.sandbox) == ("False", None)


@pytest.mark.parametrize(
    ("error", "operation", "rule"),
    [
        (errors.InvalidParameter("Binding", "Tag"), "bindings.create", "bindings.create.Tag"),
        (errors.MissingParameter("Identity"), "bindings.create", "bindings.create.Identity"),
        (errors.InvalidQuery("PageToken"), "bindings.find", "bindings.find.PageToken"),
        (errors.InvalidFriendlyName(), "services.create", "services.create.FriendlyName"),
        (errors.PageSizeTooLarge(), "services.find", "services.find.PageSize"),
        (errors.NotFound("/x"), None, "errors.NotFound"),
        (errors.UserExists(), "users.create", "errors.UserExists"),
    ],
)
def test_an_error_names_its_rule(error: errors.TwilioError, operation: str | None, rule: str) -> None:
    assert error.rule(operation) == rule
    assert rule in rules()


def test_a_rule_can_be_asked_for_by_its_id(fake_notify: FakeNotify) -> None:
    rule = ask(f"{fake_notify.url}/_fake/rules/errors.NotFound")
    assert (rule["known"], rule["source"]) == ("observed", "O3")
    assert len(ask(f"{fake_notify.url}/_fake/rules")["rules"]) == len(rules())


def test_an_unknown_rule_is_refused_with_the_nearest(fake_notify: FakeNotify) -> None:
    refused = ask(f"{fake_notify.url}/_fake/rules/bindings.create.Tga")
    assert refused["error"] == "there is no rule 'bindings.create.Tga'"
    assert "bindings.create.Tag" in refused["nearest"]
