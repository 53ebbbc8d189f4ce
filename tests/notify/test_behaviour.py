"""The switches: their defaults, what each may be, and the message about a switch that doesn't exist."""

from __future__ import annotations

import re
from collections.abc import Callable
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

OF_ACCOUNTS = "Behaviour.unknown_accounts can't be 'None'; it is one of 'own', 'shared'"
RETRIES = "0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10"


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


def test_a_switch_takes_each_of_its_values_in_python_and_on_a_command_line() -> None:
    for name, values in SWITCHES.items():
        assert [getattr(Behaviour(**{name: value}), name) for value in values] == [*values]
        for value in values:
            if value is not None:  # unset has no spelling
                assert Behaviour().parsed([f" {name} = {value} "]) == Behaviour(**{name: value})


@pytest.mark.parametrize("name", SWITCHES)
def test_a_switch_takes_nothing_else_and_says_what_it_takes(name: str) -> None:
    choices = sorted(repr(each) for each in SWITCHES[name] if each is not None)
    bad: list[Any] = ["", "Reject", "true", "0", -1, 11, 1.0, [], *([] if None in SWITCHES[name] else [None])]
    bad.append(True if name == "callback_retries" else 1)  # 1 is not True, and True is not 1
    for value in bad:
        text, _, listed = refused(**{name: value}).partition("; it is one of ")
        assert text == f"Behaviour.{name} can't be {value!r}"
        assert sorted(listed.split(", ")) == choices


def test_switches_do_not_change_in_place_but_in_a_copy() -> None:
    original = Behaviour(page_size_limit="reject")
    with pytest.raises(FrozenInstanceError):
        original.identity_limit = "evict_oldest"  # type: ignore[misc]

    changed = original.changed({"identity_limit": "evict_oldest", "legacy_resources": False})

    assert changed == Behaviour(page_size_limit="reject", identity_limit="evict_oldest", legacy_resources=False)
    assert original == Behaviour(page_size_limit="reject")


def test_the_last_setting_of_a_switch_counts_and_no_setting_changes_nothing() -> None:
    settings = ["identity_limit=evict_oldest", "legacy_resources=FALSE", "identity_limit=reject"]

    assert (
        Behaviour().parsed(settings)
        == Behaviour(legacy_resources=False)
        == Behaviour(legacy_resources=False).parsed([])
    )


def setting(text: str) -> Callable[[], Behaviour]:
    return lambda: Behaviour().parsed(["replacement_keeps_sid=true", text])


def test_a_bad_change_or_setting_says_what_is_wrong() -> None:
    of_pages = "Behaviour.page_size_limit can't be {!r}; it is one of 'clamp', 'reject'".format
    of_retries = f"Behaviour.callback_retries can't be {{!r}}; it is one of {RETRIES}".format
    expected: list[tuple[Callable[[], Behaviour], type[Exception], str]] = [
        (
            lambda: Behaviour().changed({"list_order": "newest_first", "identity_limits": 1}),
            TypeError,
            "Behaviour has no switch 'identity_limits'; did you mean 'identity_limit'?",
        ),
        (
            lambda: Behaviour(page_sise_limit="refused"),
            TypeError,
            "Behaviour has no switch 'page_sise_limit'; did you mean 'page_size_limit'?",
        ),
        (lambda: Behaviour().changed({"colour": 1}), TypeError, "Behaviour has no switch 'colour'"),
        (lambda: Behaviour().changed({"page_size_limit": "cut"}), ValueError, of_pages("cut")),
        (setting("identity_limit"), ValueError, "'identity_limit' is not NAME=VALUE, e.g. identity_limit=evict_oldest"),
        (setting("legacy_resources=no"), ValueError, "Behaviour.legacy_resources can't be 'no'; it is true or false"),
        (setting("page_size_limit="), ValueError, of_pages("")),
        (setting("callback_retries=11"), ValueError, of_retries(11)),
        (setting("callback_retries=-1"), ValueError, of_retries("-1")),
        (setting("page_size=50"), TypeError, "Behaviour has no switch 'page_size'; did you mean 'page_size_limit'?"),
        (setting("unknown_accounts=None"), ValueError, OF_ACCOUNTS),
    ]
    for change, kind, message in expected:
        with pytest.raises(kind, match=f"^{re.escape(message)}$"):
            change()
