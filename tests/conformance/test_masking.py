"""Pseudonyms: keyed, stable, of the same shape, and nothing personal left."""

from __future__ import annotations

import json
import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakenotify.conformance import masking as module
from fakenotify.conformance.masking import Masking

KEY = "the account's auth token"
TOKENS = st.text(string.ascii_letters + string.digits + ":-_", min_size=1, max_size=80)
PHONES = st.from_regex(r"\+[1-9][0-9]{6,13}", fullmatch=True)


@pytest.fixture
def masking() -> Masking:
    return Masking(KEY)


def shape(text: str) -> str:
    """A text with one letter for every letter and one digit for every digit."""
    for kind, example in (("[0-9]", "0"), ("[a-z]", "a"), ("[A-Z]", "A")):
        text = re.sub(kind, example, text)
    return text


# values


@given(st.lists(st.one_of(PHONES, TOKENS), unique=True, max_size=20))
def test_different_addresses_stay_different_and_equal_ones_equal(addresses: list[str]) -> None:
    masking = Masking(KEY)

    masked = [masking.value("address", each) for each in addresses]

    assert len(set(masked)) == len(addresses)
    assert [masking.value("address", each) for each in addresses] == masked


def test_thirty_thousand_phone_numbers_stay_different(masking: Masking) -> None:
    """Eight digits have room for them, but some meet by chance."""
    masked = {masking.value("address", f"+1415{number:07}") for number in range(30_000)}

    assert len(masked) == 30_000
    assert all(re.fullmatch(r"\+1500555[0-9]{8}", each) for each in masked)


def test_more_values_than_pseudonyms_are_refused(masking: Masking, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_ATTEMPTS", 1)

    with pytest.raises(ValueError, match="more values of this form than pseudonyms"):
        masking.record({"address": [f"{number:02}" for number in range(100)]})


@given(st.one_of(TOKENS, st.from_regex("[0-9a-f]{8,64}|[0-9A-F]{8,64}", fullmatch=True)))
def test_a_token_keeps_its_length_and_alphabet(token: str) -> None:
    masked = Masking(KEY).value("address", token)

    if re.fullmatch("[0-9a-f]{8,}|[0-9A-F]{8,}", token):
        assert re.fullmatch(f"[0-9a-f]{{{len(token)}}}|[0-9A-F]{{{len(token)}}}", masked)
    else:
        assert shape(masked) == shape(token)


def test_a_masking_with_the_owners_of_another_gives_the_same_pseudonyms(masking: Masking) -> None:
    short = [f"{letter}{digit}" for letter in "abcdefghij" for digit in range(10)]
    before = {each: masking.value("address", each) for each in short[:60]}

    second = Masking(KEY, masking.owners)

    assert {each: second.value("address", each) for each in short[:60]} == before
    assert len({second.value("address", each) for each in short}) == 100


@pytest.mark.parametrize(
    ("field", "value", "form"),
    [
        ("identity", "alice", r"identity-[0-9a-f]{16}"),
        ("identity", "alice@shop.example", r"identity-[0-9a-f]{16}@example\.com"),
        ("identity", "+14155550123", r"\+1500555[0-9]{8}"),
        ("tag", "vip", "tag-[0-9a-f]{12}"),
        ("segment", "vip", "tag-[0-9a-f]{12}"),
        ("unique_name", "vip", "tag-[0-9a-f]{12}"),
        ("endpoint", "phone", "name-[0-9a-f]{12}"),
        ("delivery_callback_url", "https://joe:s@x.test:8443/?x=1", r"https://masked:masked@x\.test:8443/\?x=1"),
        (
            "delivery_callback_url",
            "http://x.test/?a=%20&hookToken=s#rc=1",
            r"http://x\.test/\?a=%20&hookToken=masked#rc=1",
        ),
        ("delivery_callback_url", "https://x.test/hook?to=a@b", r"https://x\.test/hook\?to=a@b"),
        ("delivery_callback_url", "http://[joe@", r"\[masked\]"),
        ("delivery_callback_url", "Hello", "Hello"),
        ("auth_token", "s", r"\[masked\]"),
    ],
)
def test_a_pseudonym_shows_what_kind_of_value_it_stands_for(
    masking: Masking, field: str, value: str, form: str
) -> None:
    assert re.fullmatch(form, masking.record({field: value})[field])


# records, forms and paths


def test_another_key_gives_other_pseudonyms_and_without_a_key_nothing_changes_but_secrets(masking: Masking) -> None:
    callback, link = "https://a:b@c", "https://notify.twilio.com/v1/Services/IS1/Users/alice%20b"
    record = {"identity": "alice", "tags": ["vip"], "delivery_callback_url": callback, "url": link, "body": "Hi"}
    plain = Masking(None)

    assert masking.record(record) != Masking("another").record(record)
    assert plain.record([record]) == [record]
    assert plain.form({"Identity": ["alice"], "Data": ["{}"], "Secret": ["s"]}) == {
        "Identity": ["alice"],
        "Data": ["{}"],
        "Secret": ["[masked]"],
    }


def test_implicit_tags_sids_enums_and_other_types_stay_and_the_texts_of_json_go(masking: Masking) -> None:
    record = {"tags": ["all", "sms"], "sid": "IS" + "0" * 32, "binding_type": "sms", "ttl": 3, "sms": None}

    assert masking.record(record | {"data": {"a": ["Hi", 1]}}) == record | {
        "data": {"a": [masking.value("body", "Hi"), 1]}
    }


def test_a_form_is_masked_as_the_answer_to_it_will_be(masking: Masking) -> None:
    target = {"binding_type": "sms", "address": "+14155550123"}
    record = {"identity": "alice", "body": "Your code is 1234", "data": {"order": "4711", "items": ["milk", 2]}}

    form = masking.form(
        {
            "Identity": ["alice"],
            "ToBinding": [json.dumps(target)],
            "Data": [json.dumps(record["data"])],
            "Body": ["Your code is 1234"],
            "Secret": ["s3cret"],
            "Whatever": ["Jane Doe"],
            "Priority": ["high"],
        }
    )

    answered, [unknown] = masking.record(record), form.pop("Whatever")
    assert form == {
        "Identity": [answered["identity"]],
        "ToBinding": [json.dumps(masking.record(target))],
        "Data": [json.dumps(answered["data"])],
        "Body": [answered["body"]],
        "Secret": ["[masked]"],
        "Priority": ["high"],
    }
    assert (shape(unknown), unknown != "Jane Doe") == ("Aaaa Aaa", True)


@pytest.mark.parametrize("name", ["Data", "ToBinding"])
@pytest.mark.parametrize("broken", ["{'a': 'b'}", '{"address": $to}', "sms:+14155550123", "[", '"sms"'])
def test_invalid_json_stays_invalid_in_the_same_way(masking: Masking, name: str, broken: str) -> None:
    [masked] = masking.form({name: [broken]})[name]

    assert shape(masked) == shape(broken)


def test_an_identity_in_a_path_is_masked_and_a_sid_is_not(masking: Masking) -> None:
    users, sid = "/v1/Services/IS1/Users", "US" + "0" * 32

    assert masking.path(f"{users}/alice/Bindings") == f"{users}/{masking.value('identity', 'alice')}/Bindings"
    assert masking.path(f"{users}/{sid}") == f"{users}/{sid}"
    assert masking.path(f"{users}/alice%2Fbob") == f"{users}/{masking.value('identity', 'alice/bob')}"
    assert masking.path(f"{users}/a%40x.test").startswith(f"{users}/identity-")
    assert masking.path("/v1/Nothing/a@b") == "/v1/Nothing/a@b"
    joined = masking.path(f"{users}/alice/SegmentMemberships/gold%20card")
    assert joined.endswith(f"/SegmentMemberships/{masking.value('segment', 'gold card')}")
