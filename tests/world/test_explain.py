"""Explanations: every Binding of the Service, selected or skipped, with the reason in words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fakenotify import Behaviour, Binding, FakeNotify
from fakenotify.core.errors import UnknownName
from fakenotify.notify.channels import CHANNELS
from fakenotify.world.explain import Explanation, Reason

SERVICE_SID = "IS" + "a" * 32
TOKEN = "a7c658f4111ec4ff5a1a647f9d0edd819025b9f20522d2fae897049f32873e73"
DIRECT = "the send was direct: it reaches the addresses of ToBinding only, not Bindings"
LATER = "was created after the notification"
IN_VAIN = "matches, but no delivery is recorded: 52302 was set for it, its record is dropped, or it has changed since"

Send = Callable[..., str]


@pytest.fixture
def send(fake_notify: FakeNotify) -> Send:
    """Sends from a Service that has a Messaging Service, to Alice unless the test says otherwise."""
    fake_notify.create_service(sid=SERVICE_SID, messaging_service_sid="MG" + "b" * 32)

    def create(**selectors: Any) -> str:
        return fake_notify.create_notification(SERVICE_SID, body="Hi", **selectors or {"identities": "alice"}).sid

    return create


# in words


def test_an_explanation_reads_well(fake_notify: FakeNotify, send: Send) -> None:
    fake_notify.create_user(SERVICE_SID, identity="alice", segments=["premium"])
    for identity, binding_type, address, *tags in (
        ("alice", "sms", "+1501", "vip", "news"),
        ("alice", "sms", "nonsense", "vip"),
        ("alice", "apn", TOKEN),
        ("alice", "fcm", "a" * 24),
        ("alice", "fcm", "a" * 25),
        ("bob", "sms", "+1502", "vip"),
        ("carol", "sms", "+1503"),
    ):
        fake_notify.create_binding(
            SERVICE_SID, identity=identity, binding_type=binding_type, address=address, tags=tags
        )

    sid = send(identities=["alice", "bob"], tags=["sms", "vip"], segments=["premium"])

    matches = "matches Identity=[alice, bob], Tag=[sms, vip], Segment=[premium]"
    assert str(fake_notify.explain(sid)).split("\n") == [
        f"{sid} (Identity=[alice, bob], Tag=[sms, vip], Segment=[premium]) selected 2",
        f"  alice sms +1501: {matches}; SENT",
        f"  alice sms nonsense: {matches}; FAILED 52001 Invalid sms binding with address 'nonsense' sid "
        f"'{fake_notify.bindings[1].sid}': Address of sms binding must be a valid phone number",
        "and skipped 5",
        "  alice apn a7c658f411…873e73: lacks tag 'sms'",
        f"  alice fcm {'a' * 24}: lacks tag 'sms'",
        f"  alice fcm {'a' * 10}…{'a' * 6}: lacks tag 'sms'",
        "  bob sms +1502: user 'bob' is not in segment 'premium'",
        "  carol sms +1503: identity 'carol' is not among Identity=[alice, bob]",
    ]


def test_an_explanation_of_a_direct_send_or_of_nobody_is_short(fake_notify: FakeNotify, send: Send) -> None:
    direct = send(to_binding={"binding_type": "sms", "address": "+1501"})
    nobody = send()

    assert str(fake_notify.explain(direct)).split("\n") == [
        f"{direct} (ToBinding x 1) selected 1",
        "  (direct) sms +1501: is named by ToBinding; SENT",
    ]
    assert str(fake_notify.explain(nobody)) == f"{nobody} (Identity=[alice]) selected 0"


# every Binding


bound = st.fixed_dictionaries(
    {
        "identity": st.sampled_from(("alice", "bob", "carol")),
        "binding_type": st.sampled_from(list(CHANNELS)),
        "address": st.sampled_from([f"+1500{number}" for number in range(6)]),
        "tags": st.lists(st.sampled_from(("vip", "news")), unique=True),
    }
)
query = st.fixed_dictionaries(
    {
        "identities": st.lists(st.sampled_from(("alice", "Alice", "bob", "nobody")), unique=True, max_size=2),
        "tags": st.lists(st.sampled_from(("all", "vip", "news", "sms")), unique=True, min_size=1, max_size=2),
        "segments": st.lists(st.sampled_from(("north", "south")), unique=True, max_size=1),
    }
)
direct = st.just({"to_binding": [{"binding_type": "sms", "address": "+15000"}]})


def why_skipped(binding: Binding, selectors: dict[str, Any], was_there: bool) -> str:
    """The first reason in the order of the selectors; only Alice is in a segment, in the north."""
    if "to_binding" in selectors:
        return DIRECT
    identities, tags, segments = selectors["identities"], selectors["tags"], selectors["segments"]
    if identities and binding.identity not in identities:
        return f"identity {binding.identity!r} is not among Identity=[{', '.join(identities)}]"
    for tag in tags:
        if tag not in ("all", binding.binding_type, *binding.tags):
            return f"lacks tag {tag!r}"
    for segment in segments:
        if (binding.identity, segment) != ("alice", "north"):
            return f"user {binding.identity!r} is not in segment {segment!r}"
    return IN_VAIN if was_there else LATER


def asked(selectors: dict[str, Any]) -> str:
    """What a selected Binding matches."""
    words = {"identities": "Identity", "tags": "Tag", "segments": "Segment"}
    return ", ".join(f"{word}=[{', '.join(selectors[name])}]" for name, word in words.items() if selectors[name])


@settings(max_examples=100)
@given(
    st.booleans(),
    st.lists(bound, max_size=8),
    st.one_of(query, direct),
    st.sampled_from((None, 52103, 52302)),
    st.lists(bound, max_size=4),
)
@example(
    False,
    [{"identity": "alice", "binding_type": "sms", "address": "+15000", "tags": []}],
    {"identities": ["alice"], "tags": ["all"], "segments": []},
    52302,
    [{"identity": "alice", "binding_type": "sms", "address": "+15001", "tags": []}],
)  # one that matches in vain, and one that is too late
def test_every_binding_is_either_selected_or_skipped_for_the_first_reason(
    keeps_sid: bool, before: list[Any], selectors: dict[str, Any], outcome: int | None, after: list[Any]
) -> None:
    """Those of another Service are neither; one that was replaced or removed is known by its delivery."""
    fake = FakeNotify(Behaviour(replacement_keeps_sid=keeps_sid))
    service, another = fake.create_service(), fake.create_service()
    fake.create_user(service.sid, identity="alice", segments=["north"])
    fake.create_binding(another, identity="alice", binding_type="sms", address="+15000", tags=["vip"])
    for each in before:
        fake.create_binding(service, **each)
    there = [each.sid for each in fake.bindings]
    if outcome:
        fake.fail_delivery(outcome, identity="alice")
    notification = fake.create_notification(service, **selectors)
    for each in after:
        fake.create_binding(service, **each)

    bindings = {each.sid: each for each in fake.bindings.where(service_sid=service)}
    reached = {each.binding_sid for each in fake.deliveries}
    matches = "is named by ToBinding" if "to_binding" in selectors else f"matches {asked(selectors)}"
    assert fake.explain(notification) == Explanation(
        notification,
        tuple(Reason(bindings.get(each.binding_sid or ""), matches, each) for each in fake.deliveries),
        tuple(
            Reason(each, why_skipped(each, selectors, sid in there))
            for sid, each in bindings.items()
            if sid not in reached
        ),
    )


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
