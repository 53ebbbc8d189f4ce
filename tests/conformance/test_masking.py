"""Pseudonyms: keyed, stable, of the same shape, and nothing personal left."""

from __future__ import annotations

import json
import re
import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakenotify.conformance.masking import Masking

KEY = "the account's auth token"
TOKENS = st.text(string.ascii_letters + string.digits + ":-_", min_size=1, max_size=80)
PHONES = st.from_regex(r"\+[1-9][0-9]{6,13}", fullmatch=True)


@given(st.lists(st.one_of(PHONES, TOKENS), unique=True, max_size=20))
def test_different_addresses_stay_different_and_equal_ones_equal(addresses: list[str]) -> None:
    masking = Masking(KEY)

    masked = [masking.address(each) for each in addresses]

    assert len(set(masked)) == len(addresses)
    assert [masking.address(each) for each in addresses] == masked


def test_thirty_thousand_phone_numbers_stay_different() -> None:
    """Eight digits have room for them, but not without some that meet by chance."""
    masking = Masking(KEY)

    masked = {masking.address(f"+1415{number:07}") for number in range(30_000)}

    assert len(masked) == 30_000
    assert all(re.fullmatch(r"\+1500555[0-9]{8}", each) for each in masked)


@given(st.one_of(TOKENS, st.from_regex("[0-9a-f]{8,64}|[0-9A-F]{8,64}", fullmatch=True)))
def test_a_token_keeps_its_length_and_alphabet(token: str) -> None:
    masked = Masking(KEY).address(token)

    if re.fullmatch("[0-9a-f]{8,}|[0-9A-F]{8,}", token):
        assert re.fullmatch(f"[0-9a-f]{{{len(token)}}}|[0-9A-F]{{{len(token)}}}", masked)
    else:
        assert shape(masked) == shape(token)


def shape(text: str) -> str:
    """A text with one letter for every letter and one digit for every digit."""
    for kind, example in (("[0-9]", "0"), ("[a-z]", "a"), ("[A-Z]", "A")):
        text = re.sub(kind, example, text)
    return text


def test_a_masking_that_goes_on_with_the_owners_of_another_gives_the_same_pseudonyms() -> None:
    short = [f"{letter}{digit}" for letter in "abcdefghij" for digit in range(10)]
    first = Masking(KEY)
    before = {each: first.address(each) for each in short[:60]}

    second = Masking(KEY, first.owners)

    assert {each: second.address(each) for each in short[:60]} == before
    assert len({second.address(each) for each in short}) == 100


RECORD = {"identity": "alice", "address": "+14155550123", "tags": ["vip"], "friendly_name": "Acme", "sid": "BS1"}


def test_another_key_gives_other_pseudonyms_and_without_a_key_nothing_changes_but_secrets() -> None:
    masked, other, plain = Masking(KEY), Masking("another"), Masking(None)
    link = "https://notify.twilio.com/v1/Services/IS1/Users/alice"

    assert masked.record(RECORD) != other.record(RECORD)
    assert plain.record(RECORD | {"delivery_callback_url": "https://a:b@c"})["delivery_callback_url"] == "https://a:b@c"
    assert (plain.record(RECORD), plain.link(link), plain.text("Hi")) == (RECORD, link, "Hi")
    assert plain.form({"Identity": ["alice"], "Secret": ["s"]}) == {"Identity": ["alice"], "Secret": ["[masked]"]}


@pytest.mark.parametrize(
    ("value", "form"),
    [
        ("alice", r"identity-[0-9a-f]{16}"),
        ("alice@shop.example", r"identity-[0-9a-f]{16}@example\.com"),
        ("+14155550123", r"\+1500555[0-9]{8}"),
    ],
)
def test_an_identity_goes_on_looking_like_what_it_looked_like(value: str, form: str) -> None:
    assert re.fullmatch(form, Masking(KEY).identity(value))


def test_implicit_tags_sids_enums_and_other_types_stay() -> None:
    record = {"tags": ["all", "sms"], "sid": "IS" + "0" * 32, "binding_type": "sms", "ttl": 3, "sms": None}

    assert Masking(KEY).record(record) == record


def test_secrets_are_masked_and_so_are_the_texts_of_json() -> None:
    masked = Masking(KEY).record({"auth_token": "s", "data": {"a": ["Hi", 1]}})

    assert masked == {"auth_token": "[masked]", "data": {"a": [Masking(KEY).text("Hi"), 1]}}


@pytest.mark.parametrize(
    ("url", "masked"),
    [
        ("https://joe:secret@shop.example:8443/hook?x=1", "https://masked:masked@shop.example:8443/hook?x=1"),
        ("https://shop.example/hook?to=a@b", "https://shop.example/hook?to=a@b"),
        ("http://[joe@", "[masked]"),
        ("Hello", "Hello"),
    ],
)
def test_a_callback_url_loses_user_and_password(url: str, masked: str) -> None:
    assert Masking(KEY).record({"delivery_callback_url": url}) == {"delivery_callback_url": masked}


def test_a_form_is_masked_as_the_answer_to_it_will_be() -> None:
    masking = Masking(KEY)
    target = {"binding_type": "sms", "address": "+14155550123"}

    form = masking.form(
        {
            "Identity": ["alice"],
            "ToBinding": [json.dumps(target)],
            "Data": ['{"order": "4711", "items": ["milk", 2]}'],
            "Body": ["Your code is 1234"],
            "Secret": ["s3cret"],
            "Whatever": ["Jane Doe"],
            "Priority": ["high"],
        }
    )

    assert form["Identity"] == [masking.identity("alice")]
    assert json.loads(form["ToBinding"][0]) == target | {"address": masking.address("+14155550123")}
    assert json.loads(form["Data"][0]) == {"order": masking.text("4711"), "items": [masking.text("milk"), 2]}
    assert form["Body"] == [masking.body({"body": "Your code is 1234"})["body"]]
    assert (form["Secret"], form["Priority"]) == (["[masked]"], ["high"])
    assert re.fullmatch("[A-Z][a-z]{3} [A-Z][a-z]{2}", form["Whatever"][0])


@pytest.mark.parametrize("name", ["Data", "ToBinding"])
@pytest.mark.parametrize("broken", ["{'a': 'b'}", '{"address": $to}', "sms:+14155550123", "[", '"sms"'])
def test_json_that_is_none_stays_wrong_in_the_same_way(name: str, broken: str) -> None:
    [masked] = Masking(KEY).form({name: [broken]})[name]

    assert shape(masked) == shape(broken)


def test_an_identity_in_a_path_is_masked_and_a_sid_is_not() -> None:
    masking, users, sid = Masking(KEY), "/v1/Services/IS1/Users", "US" + "0" * 32

    assert masking.path(f"{users}/alice/Bindings") == f"{users}/{masking.identity('alice')}/Bindings"
    assert masking.path(f"{users}/{sid}") == f"{users}/{sid}"


def test_more_values_than_pseudonyms_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fakenotify.conformance.masking._ATTEMPTS", 50)
    masking: Any = Masking(KEY)
    for number in range(10):
        masking.address(str(number))

    with pytest.raises(ValueError, match="more values of this form than pseudonyms"):
        masking._unique("one too many", lambda keyed, value: str(keyed[0] % 10))
