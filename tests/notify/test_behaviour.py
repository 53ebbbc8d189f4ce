"""The switches: their defaults, what each may be, and the words for a switch that doesn't exist."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from typing import Any

import pytest

from fakenotify.notify.behaviour import Behaviour, switches
from fakenotify.notify.decisions import DECISIONS

SWITCHES: dict[str, tuple[Any, ...]] = {
    "identity_limit": ("reject", "evict_oldest"),
    "replacement_keeps_sid": (False, True),
    "address_scope": ("service", "service_and_type"),
    "credentials_checked": ("at_delivery", "at_write"),
    "addresses_checked": ("at_delivery", "at_write"),
    "apn_protocol_version": ("4", "3"),
    "page_size_limit": ("clamp", "reject"),
    "page_without_token": ("offset", "reject"),
    "next_page_link": ("exact", "eager"),
    "list_order": ("oldest_first", "newest_first"),
    "callback_when_empty": (False, True),
    "legacy_resources": (True, False),
    "callback_retries": tuple(range(11)),
    "callback_delivery": ("automatic", "manual"),
    "certificates_checked": ("at_write", "never"),
    "legacy_fcm": ("refused", "accepted"),
    "unknown_accounts": (None, "own", "shared"),
}
"""Each switch and its values, the default first."""

RETRIES = "0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10"

every_switch = pytest.mark.parametrize("name", SWITCHES)


def refused(**switches: Any) -> str:
    with pytest.raises(ValueError) as raised:  # noqa: PT011  # its text is what is compared
        Behaviour(**switches)
    return str(raised.value)


def test_the_defaults_are_those_of_the_decisions() -> None:
    assert Behaviour().to_json() == {name: values[0] for name, values in SWITCHES.items()}


def test_every_switch_says_what_it_does_and_which_decision_it_turns_round() -> None:
    assert {name: switch.allowed for name, switch in switches().items()} == {
        name: tuple(sorted(values, key=switches()[name].allowed.index)) for name, values in SWITCHES.items()
    }
    assert {name: switch.default for name, switch in switches().items()} == Behaviour().to_json()
    assert all(switch.words and switch.decision in DECISIONS for switch in switches().values())


@every_switch
def test_a_switch_takes_each_of_its_values(name: str) -> None:
    assert [getattr(Behaviour(**{name: value}), name) for value in SWITCHES[name]] == [*SWITCHES[name]]


@pytest.mark.parametrize("name", SWITCHES)
def test_a_switch_takes_nothing_else_and_says_what_it_takes(name: str) -> None:
    choices = sorted(repr(each) for each in SWITCHES[name] if each is not None)
    for value in ("", "Reject", "true", "0", -1, 11, 1.0, []):
        text, _, listed = refused(**{name: value}).partition("; it is one of ")
        assert text == f"Behaviour.{name} can't be {value!r}"
        assert sorted(listed.split(", ")) == choices


def test_a_number_is_no_truth_value_and_a_truth_value_no_number() -> None:
    assert refused(legacy_resources=1) == "Behaviour.legacy_resources can't be 1; it is one of True, False"
    assert refused(callback_retries=True) == f"Behaviour.callback_retries can't be True; it is one of {RETRIES}"


def test_a_switch_may_be_given_a_text_made_at_run_time() -> None:
    assert Behaviour(identity_limit="_".join(["evict", "oldest"])).identity_limit == "evict_oldest"  # type: ignore[arg-type]


def test_only_the_unknown_accounts_may_be_left_open() -> None:
    assert Behaviour(unknown_accounts=None).unknown_accounts is None
    assert refused(identity_limit=None) == (
        "Behaviour.identity_limit can't be None; it is one of 'reject', 'evict_oldest'"
    )


def test_an_unknown_switch_is_a_type_error_that_names_it() -> None:
    with pytest.raises(TypeError, match="identity_limits"):
        Behaviour(identity_limits="reject")  # type: ignore[call-arg]


def test_switches_do_not_change_in_place() -> None:
    with pytest.raises(FrozenInstanceError):
        Behaviour().identity_limit = "evict_oldest"  # type: ignore[misc]


def test_a_changed_copy_leaves_the_original_as_it_was() -> None:
    original = Behaviour(page_size_limit="reject")

    changed = original.changed({"identity_limit": "evict_oldest", "legacy_resources": False})

    assert changed == Behaviour(page_size_limit="reject", identity_limit="evict_oldest", legacy_resources=False)
    assert original == Behaviour(page_size_limit="reject")


@pytest.mark.parametrize(("name", "hint"), [("identity_limits", "; did you mean 'identity_limit'?"), ("colour", "")])
def test_changing_an_unknown_switch_names_the_nearest(name: str, hint: str) -> None:
    with pytest.raises(TypeError) as raised:
        Behaviour().changed({"page_size_limit": "reject", name: "x"})

    assert str(raised.value) == f"Behaviour has no switch {name!r}{hint}"


def test_changing_a_switch_to_a_wrong_value_is_refused() -> None:
    with pytest.raises(ValueError) as raised:  # noqa: PT011  # its text is what is compared
        Behaviour().changed({"page_size_limit": "cut"})

    assert str(raised.value) == "Behaviour.page_size_limit can't be 'cut'; it is one of 'clamp', 'reject'"


@every_switch
def test_a_switch_can_be_spelled_on_a_command_line(name: str) -> None:
    values = [value for value in SWITCHES[name] if value is not None]  # left open, it is not spelled at all

    parsed = [Behaviour().parsed([f" {name} = {value} "]) for value in values]

    assert parsed == [Behaviour(**{name: value}) for value in values]


def test_of_two_settings_of_one_switch_the_last_counts() -> None:
    settings = ["identity_limit=evict_oldest", "legacy_resources=FALSE", "identity_limit=reject"]

    assert Behaviour().parsed(settings) == Behaviour(legacy_resources=False)


def test_no_settings_change_nothing() -> None:
    assert Behaviour(legacy_resources=False).parsed([]) == Behaviour(legacy_resources=False)


@pytest.mark.parametrize(
    ("setting", "kind", "told"),
    [
        ("identity_limit", ValueError, "'identity_limit' is not NAME=VALUE, e.g. identity_limit=evict_oldest"),
        ("", ValueError, "'' is not NAME=VALUE, e.g. identity_limit=evict_oldest"),
        ("legacy_resources=no", ValueError, "Behaviour.legacy_resources can't be 'no'; it is true or false"),
        ("legacy_resources=", ValueError, "Behaviour.legacy_resources can't be ''; it is true or false"),
        ("page_size_limit=", ValueError, "Behaviour.page_size_limit can't be ''; it is one of 'clamp', 'reject'"),
        ("callback_retries=11", ValueError, f"Behaviour.callback_retries can't be 11; it is one of {RETRIES}"),
        ("callback_retries=-1", ValueError, f"Behaviour.callback_retries can't be '-1'; it is one of {RETRIES}"),
        ("callback_retries=no", ValueError, f"Behaviour.callback_retries can't be 'no'; it is one of {RETRIES}"),
        ("page_size=50", TypeError, "Behaviour has no switch 'page_size'; did you mean 'page_size_limit'?"),
        (
            "unknown_accounts=None",
            ValueError,
            "Behaviour.unknown_accounts can't be 'None'; it is one of 'own', 'shared'",
        ),
    ],
)
def test_a_bad_setting_says_what_is_wrong(setting: str, kind: type[Exception], told: str) -> None:
    with pytest.raises(kind) as raised:
        Behaviour().parsed(["replacement_keeps_sid=true", setting])

    assert str(raised.value) == told
