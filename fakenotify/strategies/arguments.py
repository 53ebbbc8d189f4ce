"""Identities, tags, addresses, and whole arguments of ``fake.create_…``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TypeVar

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from fakenotify.core.errors import UnknownName
from fakenotify.core.params import nearest
from fakenotify.notify.channels import CHANNELS

T = TypeVar("T")
Arguments = dict[str, Any]

_ENCODABLE = st.characters(codec="utf-8")
TEXT = st.text(_ENCODABLE, min_size=1, max_size=40)
_DIGITS = "0123456789"
_NUMBERS = st.text(_DIGITS, min_size=10, max_size=13).map("+1{}".format)


def identities() -> SearchStrategy[str]:
    """Identities as applications choose them: names, numbers, UUIDs, hashes, and any text that is not empty."""
    known = st.sampled_from(("alice", "bob", "User0001", "00000001", "bob+work@example.com", "new user"))
    return known | st.uuids().map(str) | st.binary(min_size=32, max_size=32).map(bytes.hex) | _NUMBERS | TEXT


def tags() -> SearchStrategy[str]:
    """Tags: words, the implicit ones (``all`` and the binding types), and any text that is not empty."""
    return st.sampled_from(("vip", "new user", "preferred device", "opt-in_2", "all", *CHANNELS)) | TEXT


def binding_types() -> SearchStrategy[str]:
    """The channels, in the order of Twilio's enum."""
    return st.sampled_from(list(CHANNELS))


def addresses(binding_type: str) -> SearchStrategy[str]:
    """Addresses of one channel, in the form that its provider gives them. Raises ``UnknownName`` with the nearest."""
    return st.from_regex(entry("binding type", binding_type, CHANNELS).addresses, fullmatch=True)


def malformed_addresses(binding_type: str) -> SearchStrategy[str]:
    """Addresses that Notify accepts, but whose deliveries fail: ``apn`` with 52134, ``sms`` with 52001.

    The other channels accept any text, so theirs is the empty strategy, ``st.nothing()``.
    """
    malformed = entry("binding type", binding_type, CHANNELS).malformed
    return st.nothing() if malformed is None else st.from_regex(malformed, fullmatch=True)


def entry(what: str, name: str, table: Mapping[str, T]) -> T:
    """The entry with this name. Raises ``UnknownName`` with the nearest names."""
    if name not in table:
        close = nearest(str(name), table) or [*table]
        raise UnknownName(f"no {what} {name!r}; nearest: {', '.join(close)}", close)
    return table[name]


def bindings(
    *,
    identity: SearchStrategy[str] | None = None,
    binding_type: SearchStrategy[str] | None = None,
    address: SearchStrategy[str] | None = None,
    tag: SearchStrategy[str] | None = None,
) -> SearchStrategy[Arguments]:
    """The arguments of ``fake.create_binding(service.sid, …)``; an ``address`` fits its type unless you give your own.

    For the official client: ``bindings().map(for_sdk)``.
    """
    owner = st.fixed_dictionaries(
        {"identity": identities() if identity is None else identity},
        optional={"tags": st.lists(tags() if tag is None else tag, max_size=5, unique=True)},
    )
    return st.builds(lambda device, owned: {**device, **owned}, _devices(binding_type, address), owner)


def _devices(
    binding_type: SearchStrategy[str] | None = None, address: SearchStrategy[str] | None = None
) -> SearchStrategy[dict[str, str]]:
    return (binding_types() if binding_type is None else binding_type).flatmap(
        lambda chosen: st.fixed_dictionaries(
            {"binding_type": st.just(chosen), "address": addresses(chosen) if address is None else address}
        )
    )


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(_ENCODABLE),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(_ENCODABLE), inner, max_size=3),
    max_leaves=5,
)
OBJECTS = st.dictionaries(st.sampled_from(("order", "url", "badge")) | st.just("é ü"), _JSON, max_size=3)


def notifications(
    *,
    direct: bool | None = None,
    identity: SearchStrategy[str] | None = None,
    tag: SearchStrategy[str] | None = None,
    target: SearchStrategy[Mapping[str, str]] | None = None,
) -> SearchStrategy[Arguments]:
    """The arguments of ``fake.create_notification(service.sid, …)``: a query, or a ``direct`` send; None: either.

    A query has identities, tags or both; a direct send has targets, ``{"binding_type": …, "address": …}``. For the
    official client: ``notifications().map(for_sdk)``.
    """
    owners = st.lists(identities() if identity is None else identity, min_size=1, max_size=20)
    marks = st.lists(tags() if tag is None else tag, min_size=1, max_size=5)
    direct_to = st.lists(targets() if target is None else target, min_size=1, max_size=5)
    tagged: SearchStrategy[Arguments] = st.builds(dict, tags=marks)
    query = st.fixed_dictionaries({"identities": owners}, optional={"tags": marks}) | tagged
    to_targets: SearchStrategy[Arguments] = st.builds(dict, to_binding=direct_to)
    selectors = {True: to_targets, False: query, None: query | to_targets}[direct]
    content = st.fixed_dictionaries(
        {},
        optional={
            **dict.fromkeys(("body", "title", "sound", "action"), TEXT),
            "priority": st.sampled_from(("high", "low")),
            "ttl": st.integers(0, 2_419_200),
            "data": OBJECTS,
        },
    )
    return st.builds(lambda selected, said: {**selected, **said}, selectors, content)


def targets() -> SearchStrategy[dict[str, str]]:
    """A target of a direct send: ``{"binding_type": …, "address": …}``."""
    return _devices()


_SDK_NAMES = {"identities": "identity", "tags": "tag", "segments": "segment"}


def for_sdk(arguments: Mapping[str, Any]) -> Arguments:
    """The same arguments as the ``twilio`` package takes them: ``tag`` for ``tags``, each ``to_binding`` as JSON."""
    spelled = {_SDK_NAMES.get(name, name): value for name, value in arguments.items()}
    if "to_binding" in spelled:
        spelled["to_binding"] = [json.dumps(each) for each in spelled["to_binding"]]
    return spelled
