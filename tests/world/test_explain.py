"""Why: every Binding of the Service, selected or not, and the reason in words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakenotify import Behaviour, Binding, FakeNotify
from fakenotify.core.errors import UnknownName
from fakenotify.notify.channels import CHANNELS
from fakenotify.world.explain import Explanation, Reason

SERVICE_SID = "IS" + "a" * 32
TOKEN = "a7c658f4111ec4ff5a1a647f9d0edd819025b9f20522d2fae897049f32873e73"
IN_VAIN = "matches, but no delivery is recorded: 52302 was set for it, its record is dropped, or it has changed since"
NOT_ALICE = "identity 'bob' is not among Identity=[alice]"

Bind = Callable[..., Binding]
Send = Callable[..., str]


@pytest.fixture
def bind(fake_notify: FakeNotify) -> Bind:
    """Creates a Binding in a Service that has a Messaging Service."""
    fake_notify.create_service(sid=SERVICE_SID, messaging_service_sid="MG" + "b" * 32)

    def create(identity: str, address: str, *tags: str, binding_type: str = "sms") -> Binding:
        return fake_notify.create_binding(
            SERVICE_SID, identity=identity, binding_type=binding_type, address=address, tags=tags
        )

    return create


@pytest.fixture
def send(fake_notify: FakeNotify, bind: Bind) -> Send:
    """Sends from that Service, to Alice unless the test says otherwise."""

    def create(**selectors: Any) -> str:
        return fake_notify.create_notification(SERVICE_SID, body="Hi", **selectors or {"identities": "alice"}).sid

    return create


def reasons(explanation: Explanation) -> tuple[dict[str, str], dict[str, str]]:
    """Of both halves, the reason by address."""
    selected = {each.delivery.address: each.reason for each in explanation.selected if each.delivery}
    return selected, {each.binding.address: each.reason for each in explanation.skipped if each.binding}


def test_an_explanation_has_the_notification_the_selected_and_the_skipped(
    fake_notify: FakeNotify, bind: Bind, send: Send
) -> None:
    alice, bob = bind("alice", "+1501"), bind("bob", "+1502")
    elsewhere = {"identity": "alice", "binding_type": "sms", "address": "+1509"}
    fake_notify.create_binding(fake_notify.create_service(), **elsewhere)

    assert fake_notify.explain(send()) == Explanation(
        fake_notify.notifications.last,
        (Reason(alice, "matches Identity=[alice]", fake_notify.deliveries.last),),
        (Reason(bob, NOT_ALICE),),
    )


def test_an_explanation_reads_well(fake_notify: FakeNotify, bind: Bind, send: Send) -> None:
    fake_notify.create_user(SERVICE_SID, identity="alice", segments=["premium"])
    bind("alice", "+1501", "vip", "news")
    bind("alice", "nonsense", "vip")
    bind("alice", TOKEN, binding_type="apn")
    bind("alice", "a" * 24, binding_type="fcm")
    bind("alice", "a" * 25, binding_type="fcm")
    bind("bob", "+1502", "vip")
    bind("carol", "+1503")

    sid = send(identities=["alice", "bob"], tags=["sms", "vip"], segments=["premium"])

    assert str(fake_notify.explain(sid)) == "\n".join(
        [
            f"{sid} (Identity=[alice, bob], Tag=[sms, vip], Segment=[premium]) selected 2",
            "  alice sms +1501: matches Identity=[alice, bob], Tag=[sms, vip], Segment=[premium]; SENT",
            "  alice sms nonsense: matches Identity=[alice, bob], Tag=[sms, vip], Segment=[premium]; FAILED 52001 "
            f"Invalid sms binding with address 'nonsense' sid '{fake_notify.bindings[1].sid}': "
            "Address of sms binding must be a valid phone number",
            "and skipped 5",
            "  alice apn a7c658f411…873e73: lacks tag 'sms'",
            f"  alice fcm {'a' * 24}: lacks tag 'sms'",
            f"  alice fcm {'a' * 10}…{'a' * 6}: lacks tag 'sms'",
            "  bob sms +1502: user 'bob' is not in segment 'premium'",
            "  carol sms +1503: identity 'carol' is not among Identity=[alice, bob]",
        ]
    )


def test_an_explanation_of_nobody_is_short(fake_notify: FakeNotify, send: Send) -> None:
    sid = send()

    assert str(fake_notify.explain(sid)) == f"{sid} (Identity=[alice]) selected 0"


def test_a_direct_send_names_its_targets_and_says_why_bindings_are_not_meant(
    fake_notify: FakeNotify, bind: Bind, send: Send
) -> None:
    bind("alice", "+1501")

    sid = send(to_binding=[{"binding_type": "sms", "address": address} for address in ("+1501", "x")])

    assert str(fake_notify.explain(sid)) == "\n".join(
        [
            f"{sid} (ToBinding x 2) selected 2",
            "  (direct) sms +1501: is named by ToBinding; SENT",
            "  (direct) sms x: is named by ToBinding; FAILED 52001 Invalid sms binding with address 'x' sid 'null': "
            "Address of sms binding must be a valid phone number",
            "and skipped 1",
            "  alice sms +1501: the send was direct: it reaches the addresses of ToBinding only, not Bindings",
        ]
    )


def test_the_first_reason_is_given_in_the_order_identity_tag_segment(
    fake_notify: FakeNotify, bind: Bind, send: Send
) -> None:
    fake_notify.create_user(SERVICE_SID, identity="bob", segments=["north"])
    bind("bob", "+1502", "news")
    no_tag, no_segment = "lacks tag 'vip'", "user 'bob' is not in segment 'premium'"

    for selectors, reason in (
        ({"identities": "alice", "tags": "vip", "segments": "premium"}, NOT_ALICE),
        ({"identities": ["alice", "Bob"]}, "identity 'bob' is not among Identity=[alice, Bob]"),
        ({"tags": ["all", "sms", "news", "vip", "x"], "segments": "premium"}, no_tag),
        ({"identities": "bob", "tags": "vip"}, no_tag),
        ({"segments": ["north", "premium"]}, no_segment),
        ({"identities": "bob", "tags": "news", "segments": "premium"}, no_segment),
    ):
        assert reasons(fake_notify.explain(send(**selectors))) == ({}, {"+1502": reason})


# what has happened since


def test_a_binding_that_came_later_says_so(fake_notify: FakeNotify, bind: Bind, send: Send) -> None:
    old = bind("alice", "+1501")
    sid = send()
    new = bind("alice", "+1501")
    bind("bob", "+1504")

    explanation = fake_notify.explain(sid)

    assert [each.delivery and each.delivery.binding_sid for each in explanation.selected] == [old.sid]
    assert explanation.skipped[0] == Reason(new, "was created after the notification")
    assert explanation.skipped[1].reason == NOT_ALICE


def test_a_binding_that_is_gone_is_known_by_its_delivery(fake_notify: FakeNotify, bind: Bind, send: Send) -> None:
    bind("alice", "f1", binding_type="fcm")
    fake_notify.fail_delivery(52103)

    [reason] = fake_notify.explain(send()).selected

    assert reason == Reason(None, "matches Identity=[alice]", fake_notify.deliveries.last)
    assert str(reason) == (
        "alice fcm f1: matches Identity=[alice]; FAILED 52103 GCM/FCM client uninstalled or turned off notifications"
    )


@pytest.mark.fake_notify(replacement_keeps_sid=True)
def test_a_binding_that_matches_but_has_no_delivery_says_so(
    fake_notify: FakeNotify, bind: Bind, send: Send, wire: Any
) -> None:
    bind("bob", "+1501")
    replaced = send()
    bind("alice", "+1501")
    assert reasons(fake_notify.explain(replaced)) == ({}, {"+1501": IN_VAIN})

    joined = send(segments="premium")
    path = f"/v1/Services/{SERVICE_SID}/Users/alice/SegmentMemberships"
    assert wire.post(path, {"Segment": "premium"}).status == 201
    assert reasons(fake_notify.explain(joined)) == ({}, {"+1501": IN_VAIN})

    bind("bob", "+1502")
    fake_notify.fail_delivery(52302)
    assert reasons(fake_notify.explain(send())) == ({}, {"+1501": IN_VAIN, "+1502": NOT_ALICE})


# the law


bound = st.tuples(
    st.sampled_from(("alice", "bob", "carol")),
    st.sampled_from(list(CHANNELS)),
    st.sampled_from([f"+1500{number}" for number in range(6)]),
    st.lists(st.sampled_from(("vip", "news")), unique=True),
)
query = st.fixed_dictionaries(
    {
        "identities": st.lists(st.sampled_from(("alice", "bob", "nobody")), unique=True, max_size=2),
        "tags": st.lists(st.sampled_from(("all", "vip", "news", "sms")), unique=True, min_size=1, max_size=2),
        "segments": st.lists(st.sampled_from(("north", "south")), unique=True, max_size=1),
    }
)
direct = st.just({"to_binding": [{"binding_type": "sms", "address": "+15000"}]})


@settings(max_examples=100)
@given(
    st.booleans(),
    st.lists(bound, max_size=8),
    st.one_of(query, direct),
    st.sampled_from((None, 52103, 52302)),
    st.lists(bound, max_size=4),
)
def test_every_binding_is_either_selected_or_skipped_and_never_both(
    keeps_sid: bool, before: list[Any], selectors: dict[str, Any], outcome: int | None, after: list[Any]
) -> None:
    fake = FakeNotify(Behaviour(replacement_keeps_sid=keeps_sid))
    service = fake.create_service()
    fake.create_user(service.sid, identity="alice", segments=["north"])

    def bind(bindings: list[Any]) -> None:
        for identity, binding_type, address, tags in bindings:
            fake.create_binding(service.sid, identity=identity, binding_type=binding_type, address=address, tags=tags)

    bind(before)
    if outcome:
        fake.fail_delivery(outcome, identity="alice")
    notification = fake.create_notification(service.sid, **selectors)
    bind(after)

    explanation = fake.explain(notification.sid)

    selected = [each.delivery and each.delivery.binding_sid for each in explanation.selected]
    skipped = [each.binding and each.binding.sid for each in explanation.skipped]
    reached = [each for each in selected if each is not None]
    assert [each.delivery for each in explanation.selected] == fake.deliveries
    assert len({*reached, *skipped}) == len(reached) + len(skipped)
    assert {each.sid for each in fake.bindings} <= {*reached, *skipped}
    assert set(skipped) <= {each.sid for each in fake.bindings}
    assert all(each.reason for each in (*explanation.selected, *explanation.skipped))
    assert str(explanation).startswith(f"{notification.sid} (")
    assert len(str(explanation).splitlines()) == 1 + len(selected) + (1 + len(skipped) if skipped else 0)


# unknown sids


def test_an_unknown_sid_is_refused_with_the_nearest_or_the_last(fake_notify: FakeNotify, send: Send) -> None:
    first, last = send(), send()
    misspelt = first[:-1] + "x"

    for sid, near in ((misspelt, first), ("nonsense", last), (None, last)):
        with pytest.raises(UnknownName) as error:
            fake_notify.explain(sid)

        assert str(error.value).startswith(f"there is no notification {sid!r}; did you mean {near}")
        assert error.value.nearest[0] == near
        assert isinstance(error.value, LookupError)


def test_another_accounts_notification_is_unknown(fake_notify: FakeNotify, send: Send) -> None:
    sid = send()

    with pytest.raises(UnknownName) as error:
        fake_notify.account().explain(sid)

    assert (str(error.value), error.value.nearest) == (f"there is no notification {sid!r}; none was created", [])
