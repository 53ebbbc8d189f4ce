"""Why: every Binding of the Service, selected or not, and the reason in words."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakenotify import Behaviour, FakeNotify
from fakenotify.core.errors import UnknownName
from fakenotify.notify.channels import CHANNELS
from fakenotify.world.explain import Explanation, Reason

SERVICE_SID = "IS" + "a" * 32
TOKEN = "a7c658f4111ec4ff5a1a647f9d0edd819025b9f20522d2fae897049f32873e73"
IN_VAIN = "matches, but no delivery is recorded: 52302 was set for it, its record is dropped, or it has changed since"
DIRECT = "the send was direct: it reaches the addresses of ToBinding only, not Bindings"

warns = pytest.mark.filterwarnings("ignore:fakenotify")


@pytest.fixture
def api(fake_notify, fake_notify_client):
    """The official client's view of a Service with a Messaging Service."""
    fake_notify.create_service(sid=SERVICE_SID, messaging_service_sid="MG" + "b" * 32)
    return fake_notify_client.notify.v1.services(SERVICE_SID)


@pytest.fixture
def bind(fake_notify, api):
    """Creates a Binding."""

    def create(identity: str, address: str, *tags: str, binding_type: str = "sms"):
        return fake_notify.create_binding(
            SERVICE_SID, identity=identity, binding_type=binding_type, address=address, tags=tags
        )

    return create


def reasons(explanation: Explanation) -> tuple[dict[str, str], dict[str, str]]:
    """Of both halves, the reason by address."""
    selected = {each.delivery.address: each.reason for each in explanation.selected if each.delivery}
    return selected, {each.binding.address: each.reason for each in explanation.skipped if each.binding}


def test_an_explanation_has_the_notification_the_selected_and_the_skipped(fake_notify, api, bind):
    alice, bob = bind("alice", "+1501"), bind("bob", "+1502")

    sent = api.notifications.create(identity="alice", body="Hi")

    assert fake_notify.explain(sent.sid) == Explanation(
        fake_notify.notifications.last,
        (Reason(alice, "matches Identity=[alice]", fake_notify.deliveries.last),),
        (Reason(bob, "identity 'bob' is not among Identity=[alice]"),),
    )


@warns
def test_an_explanation_reads_well(fake_notify, api, bind):
    fake_notify.create_user(SERVICE_SID, identity="alice", segments=["premium"])
    bind("alice", "+1501", "vip", "news")
    bind("alice", "nonsense", "vip")
    bind("alice", TOKEN, binding_type="apn")
    bind("bob", "+1502", "vip")
    bind("carol", "+1503")

    sent = api.notifications.create(identity=["alice", "bob"], tag=["sms", "vip"], segment=["premium"], body="Hi")

    assert str(fake_notify.explain(sent.sid)) == "\n".join(
        [
            f"{sent.sid} (Identity=[alice, bob], Tag=[sms, vip], Segment=[premium]) selected 2",
            "  alice sms +1501: matches Identity=[alice, bob], Tag=[sms, vip], Segment=[premium]; SENT",
            "  alice sms nonsense: matches Identity=[alice, bob], Tag=[sms, vip], Segment=[premium]; FAILED 52001 "
            f"Invalid sms binding with address 'nonsense' sid '{fake_notify.bindings[1].sid}': "
            "Address of sms binding must be a valid phone number",
            "and skipped 3",
            "  alice apn a7c658f411…873e73: lacks tag 'sms'",
            "  bob sms +1502: user 'bob' is not in segment 'premium'",
            "  carol sms +1503: identity 'carol' is not among Identity=[alice, bob]",
        ]
    )


def test_a_notification_that_reached_everybody_skips_nobody(fake_notify, api, bind):
    bind("alice", "+1501")

    sent = api.notifications.create(tag="all", body="Hi")

    assert str(fake_notify.explain(sent.sid)) == (
        f"{sent.sid} (Tag=[all]) selected 1\n  alice sms +1501: matches Tag=[all]; SENT"
    )


def test_a_service_without_bindings_has_nothing_to_explain(fake_notify, api):
    sent = api.notifications.create(identity="alice", body="Hi")

    explanation = fake_notify.explain(sent.sid)

    assert explanation == Explanation(fake_notify.notifications.last, (), ())
    assert str(explanation) == f"{sent.sid} (Identity=[alice]) selected 0"


def test_an_explanation_is_of_one_service(fake_notify, api, bind):
    other = fake_notify.create_service()
    fake_notify.create_binding(other.sid, identity="alice", binding_type="sms", address="+1509")
    bind("bob", "+1502")

    sent = api.notifications.create(identity="alice", body="Hi")

    assert reasons(fake_notify.explain(sent.sid)) == ({}, {"+1502": "identity 'bob' is not among Identity=[alice]"})


@pytest.mark.parametrize(
    ("address", "shown"), [("a" * 24, "a" * 24), ("a" * 25, f"{'a' * 10}…{'a' * 6}"), (TOKEN, "a7c658f411…873e73")]
)
def test_a_long_address_is_shortened(fake_notify, api, bind, address, shown):
    bind("alice", address, binding_type="fcm")

    sent = api.notifications.create(identity="bob", body="Hi")

    (reason,) = fake_notify.explain(sent.sid).skipped
    assert str(reason) == f"alice fcm {shown}: identity 'alice' is not among Identity=[bob]"


# the first reason


@warns
@pytest.mark.parametrize(
    ("selectors", "reason"),
    [
        ({"identity": "alice"}, "identity 'bob' is not among Identity=[alice]"),
        ({"identity": ["alice", "Bob"], "tag": "vip"}, "identity 'bob' is not among Identity=[alice, Bob]"),
        ({"tag": "vip"}, "lacks tag 'vip'"),
        ({"tag": ["all", "sms", "news", "vip", "x"]}, "lacks tag 'vip'"),
        ({"tag": "apn"}, "lacks tag 'apn'"),
        ({"identity": "bob", "tag": "vip"}, "lacks tag 'vip'"),
        ({"segment": "premium"}, "user 'bob' is not in segment 'premium'"),
        ({"segment": ["north", "premium"]}, "user 'bob' is not in segment 'premium'"),
        ({"tag": "vip", "segment": "premium"}, "lacks tag 'vip'"),
        ({"identity": "bob", "tag": "news", "segment": "premium"}, "user 'bob' is not in segment 'premium'"),
    ],
)
def test_the_first_reason_is_told_in_the_order_identity_tag_segment(fake_notify, api, bind, selectors, reason):
    fake_notify.create_user(SERVICE_SID, identity="bob", segments=["north"])
    bind("bob", "+1502", "news")

    sent = api.notifications.create(body="Hi", **selectors)

    assert reasons(fake_notify.explain(sent.sid)) == ({}, {"+1502": reason})


@warns
def test_an_identity_without_a_user_is_in_no_segment(fake_notify, api, bind):
    bind("bob", "+1502")
    sent = api.notifications.create(segment="premium", body="Hi")

    assert reasons(fake_notify.explain(sent.sid)) == ({}, {"+1502": "user 'bob' is not in segment 'premium'"})


# what happened since


def test_a_binding_that_came_later_says_so(fake_notify, api, bind):
    bind("alice", "+1501")
    sent = api.notifications.create(identity="alice", body="Hi")
    bind("alice", "+1503")
    bind("bob", "+1504")

    assert reasons(fake_notify.explain(sent.sid)) == (
        {"+1501": "matches Identity=[alice]"},
        {
            "+1503": "was created after the notification",
            "+1504": "identity 'bob' is not among Identity=[alice]",
        },
    )


def test_a_binding_that_is_gone_is_known_by_its_delivery(fake_notify, api, bind):
    binding = bind("alice", "+1501")
    sent = api.notifications.create(identity="alice", body="Hi")
    assert api.bindings(binding.sid).delete()

    assert fake_notify.explain(sent.sid).selected == (
        Reason(None, "matches Identity=[alice]", fake_notify.deliveries.last),
    )
    assert str(fake_notify.explain(sent.sid)) == (
        f"{sent.sid} (Identity=[alice]) selected 1\n  alice sms +1501: matches Identity=[alice]; SENT"
    )


def test_a_binding_that_the_provider_disowned_says_so(fake_notify, api, bind):
    bind("alice", "f1", binding_type="fcm")
    fake_notify.fail_delivery(52103)

    sent = api.notifications.create(identity="alice", body="Hi")

    assert str(fake_notify.explain(sent.sid).selected[0]) == (
        "alice fcm f1: matches Identity=[alice]; FAILED 52103 GCM/FCM client uninstalled or turned off notifications"
    )


def test_a_binding_that_was_replaced_stands_on_both_sides_under_two_sids(fake_notify, api, bind):
    old = bind("alice", "+1501")
    sent = api.notifications.create(identity="alice", body="Hi")
    new = bind("alice", "+1501")

    explanation = fake_notify.explain(sent.sid)

    assert [each.delivery.binding_sid for each in explanation.selected] == [old.sid]
    assert explanation.skipped == (Reason(new, "was created after the notification"),)


@pytest.mark.fake_notify(replacement_keeps_sid=True)
def test_a_binding_that_was_replaced_and_kept_its_sid_is_explained_by_what_it_is_now(fake_notify, api, bind):
    bind("bob", "+1501")
    sent = api.notifications.create(identity="alice", body="Hi")
    bind("alice", "+1501")

    assert reasons(fake_notify.explain(sent.sid)) == ({}, {"+1501": IN_VAIN})


def test_too_many_recipients_leave_a_match_without_a_delivery(fake_notify, api, bind):
    bind("alice", "+1501")
    bind("bob", "+1502")
    fake_notify.fail_delivery(52302)

    sent = api.notifications.create(identity="alice", body="Hi")

    assert reasons(fake_notify.explain(sent.sid)) == (
        {},
        {"+1501": IN_VAIN, "+1502": "identity 'bob' is not among Identity=[alice]"},
    )


@warns
def test_a_user_who_joined_later_is_explained_by_what_it_is_now(fake_notify, api, bind):
    bind("alice", "+1501")
    sent = api.notifications.create(segment="premium", body="Hi")
    users = api._uri + "/Users"
    answer = fake_notify.client().request(
        "POST", f"{fake_notify.url}/v1{users}/alice/SegmentMemberships", data={"Segment": "premium"}
    )

    assert answer.status_code == 201
    assert reasons(fake_notify.explain(sent.sid)) == ({}, {"+1501": IN_VAIN})


# direct sends


def test_a_direct_send_names_its_targets_and_says_why_bindings_are_not_meant(fake_notify, api, bind):
    bind("alice", "+1501")

    sent = api.notifications.create(
        to_binding=[
            '{"binding_type": "sms", "address": "+1501"}',
            '{"binding_type": "sms", "address": "x"}',
        ],
        body="Hi",
    )

    assert str(fake_notify.explain(sent.sid)) == "\n".join(
        [
            f"{sent.sid} (ToBinding x 2) selected 2",
            "  (direct) sms +1501: is named by ToBinding; SENT",
            "  (direct) sms x: is named by ToBinding; FAILED 52001 Invalid sms binding with address 'x' sid 'null': "
            "Address of sms binding must be a valid phone number",
            "and skipped 1",
            f"  alice sms +1501: {DIRECT}",
        ]
    )


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


@settings(max_examples=200, deadline=None)
@given(
    st.booleans(),
    st.lists(bound, max_size=8),
    st.one_of(query, direct),
    st.sampled_from((None, 52103, 52302)),
    st.lists(bound, max_size=4),
)
def test_every_binding_is_either_selected_or_skipped_and_never_both(keeps_sid, before, selectors, outcome, after):
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

    selected = [each.delivery.binding_sid for each in explanation.selected]
    skipped = [each.binding.sid for each in explanation.skipped]
    reached = [each for each in selected if each is not None]
    assert [each.delivery for each in explanation.selected] == fake.deliveries
    assert len({*reached, *skipped}) == len(reached) + len(skipped)
    assert {each.sid for each in fake.bindings} <= {*reached, *skipped}
    assert set(skipped) <= {each.sid for each in fake.bindings}
    assert all(each.reason for each in (*explanation.selected, *explanation.skipped))
    assert str(explanation).startswith(f"{notification.sid} (")
    assert len(str(explanation).splitlines()) == 1 + len(selected) + (1 + len(skipped) if skipped else 0)


# unknown sids


def test_an_unknown_sid_is_told_with_the_nearest(fake_notify, api):
    sent = [api.notifications.create(identity="alice", body="Hi").sid for _ in range(2)]
    misspelt = sent[0][:-1] + "x"

    with pytest.raises(UnknownName) as error:
        fake_notify.explain(misspelt)

    assert str(error.value).startswith(f"there is no notification '{misspelt}'; did you mean {sent[0]}")
    assert error.value.nearest[0] == sent[0]
    assert isinstance(error.value, LookupError)


@pytest.mark.parametrize("sid", ["nonsense", "", None, 7])
def test_what_looks_like_no_sid_is_told_the_last_one(fake_notify, api, sid):
    api.notifications.create(identity="alice", body="Hi")
    last = api.notifications.create(identity="alice", body="Hi").sid

    with pytest.raises(UnknownName) as error:
        fake_notify.explain(sid)

    assert (str(error.value), error.value.nearest) == (
        f"there is no notification {sid!r}; did you mean {last}?",
        [last],
    )


def test_an_unknown_sid_in_an_empty_world_is_told_that_there_is_none(fake_notify):
    with pytest.raises(UnknownName) as error:
        fake_notify.explain("NT" + "0" * 32)

    assert (str(error.value), error.value.nearest) == (
        f"there is no notification 'NT{'0' * 32}'; none was created",
        [],
    )


def test_another_accounts_notification_is_unknown(fake_notify, api):
    sent = api.notifications.create(identity="alice", body="Hi")

    with pytest.raises(UnknownName, match=r"; none was created$"):
        fake_notify.account().explain(sent.sid)
