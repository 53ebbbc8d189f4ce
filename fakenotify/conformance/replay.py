"""A recording, replayed to a fresh fake: where its answers differ from the recorded ones.

The fake begins with the world that the recording implies: what was asked for, or shown, before the recording
created it. Sids and dates are mapped: a sid that the fake makes stands for the recorded one from then on.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any
from urllib.parse import urlsplit

from fakenotify.conformance.recording import RecordedCall
from fakenotify.conformance.suite import alternatives
from fakenotify.core.errors import TwilioError
from fakenotify.notify.behaviour import Behaviour
from fakenotify.notify.dispatch import ROUTES, Answer, Call, segments_of
from fakenotify.notify.records import Binding, Credential, Service
from fakenotify.world.provenance import rules
from fakenotify.world.world import World

ORIGIN = "https://notify.twilio.com"
_SID = re.compile(r"\b[A-Z]{2}[0-9a-fA-F]{32}\b")
_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_TOKEN = re.compile(r"\bPageToken=[^&]*")
_SERVICE_PATH = re.compile(r"^/v1/Services/(IS[0-9a-fA-F]{32})\b")


@dataclass(frozen=True)
class Difference:
    """Where the fake answers otherwise than was recorded: ``expected`` is the fake's, ``actual`` the recorded one.

    ``call`` is the number of the call, from 1; ``rule`` and ``label`` are of the rule by which the fake decided, where
    there is one; ``switch`` is the ``NAME=VALUE`` of ``Behaviour`` under which this difference goes away.
    """

    call: int
    request: str
    what: str
    expected: Any
    actual: Any
    rule: str | None
    label: str | None
    switch: str | None = None


def compare(calls: Sequence[RecordedCall]) -> list[Difference]:
    """Every difference between a recording and the fake, each with the switch that would explain it."""
    found = _differences(calls, Behaviour())
    if not found:
        return []
    there = {(each.call, each.what) for each in found}
    explained: dict[tuple[int, str], str] = {}
    for setting, behaviour in alternatives():
        left = {(each.call, each.what) for each in _differences(calls, behaviour)}
        worse = {call for call, _ in left - there}  # a switch that brings a new difference to a call doesn't explain it
        for gone in there - left:
            if gone[0] not in worse:
                explained.setdefault(gone, setting)
    return [replace(each, switch=explained.get((each.call, each.what))) for each in found]


def _differences(calls: Sequence[RecordedCall], behaviour: Behaviour) -> list[Difference]:
    world = World(replace(behaviour, unknown_accounts="shared"))
    world.import_state(implied_world(calls, behaviour))
    replay = _Replay(world)
    return [each for number, call in enumerate(calls, 1) for each in replay.compare(number, call)]


class _Replay:
    """One pass over a recording; ``known`` maps recorded sids, and page tokens, to those of the fake."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.known: dict[str, str] = {}

    def compare(self, number: int, call: RecordedCall) -> Iterator[Difference]:
        """Ask the fake what was asked, and yield the differences of its answer."""
        answer = self.world.handle(
            Call(
                call.method,
                self._translated(urlsplit(call.path).path),
                {name: [self._translated(each) for each in values] for name, values in call.query.items()},
                {name: [self._translated(each) for each in values] for name, values in call.form.items()},
                None if call.status == 401 else ("AC" + "0" * 32, "replayed"),  # a recording has no credentials
                ORIGIN,
            )
        )
        rule = answer.error.rule(answer.operation) if answer.error else None
        label = rules()[rule].label if rule in rules() else None
        for what, expected, actual in self._differences(answer, call):
            yield Difference(number, f"{call.method} {call.path}", what, expected, actual, rule, label)

    def _differences(self, answer: Answer, call: RecordedCall) -> Iterator[tuple[str, Any, Any]]:
        """What differs, what the fake answers, and what was recorded."""
        mine = None if call.method == "HEAD" else json.loads(json.dumps(answer.body))
        if answer.status != call.status:
            yield "status", _summary(answer.status, mine), _summary(call.status, call.body)
        elif call.status >= 400:
            for member in ("code", "message"):
                expected, actual = ((each or {}).get(member) for each in (mine, call.body))
                if self._translated(actual) != expected:
                    yield member, expected, actual
        elif isinstance(mine, dict) and isinstance(call.body, dict):
            places = list(_places("", mine, call.body))
            for _, own, other in places:
                self._learn(own, other)
            for where, own, other in places:
                yield from self._at(where, own, other)
        elif mine != call.body:
            yield "body", mine, call.body

    def _at(self, where: str, mine: Any, theirs: Any) -> Iterator[tuple[str, Any, Any]]:
        """The difference at one place of a body: which members there are, the type, or the value."""
        if isinstance(mine, dict) and isinstance(theirs, dict):
            if set(mine) != set(theirs):
                missing, more = sorted(set(mine) - set(theirs)), sorted(set(theirs) - set(mine))
                yield f"members of {where or 'the body'}", missing, more
        elif type(mine) is not type(theirs):
            yield f"type of {where}", mine, theirs
        elif isinstance(mine, list):
            if len(mine) != len(theirs):
                yield f"value of {where}", mine, theirs
        elif _comparable(mine) != _comparable(self._translated(theirs)):
            yield f"value of {where}", mine, theirs

    def _learn(self, mine: Any, theirs: Any) -> None:
        """Let a sid, or a page token, of the fake stand for the recorded one in the same place."""
        if isinstance(mine, str) and isinstance(theirs, str):
            for own, other in zip(_SID.findall(mine), _SID.findall(theirs), strict=False):
                if own[:2] == other[:2]:
                    self.known.setdefault(other, own)
            for own, other in zip(_TOKEN.findall(mine), _TOKEN.findall(theirs), strict=False):
                self.known.setdefault(other.partition("=")[2], own.partition("=")[2])

    def _translated(self, text: Any) -> Any:
        """A recorded text in the fake's sids."""
        if not isinstance(text, str):
            return text
        return self.known.get(text) or _SID.sub(lambda found: self.known.get(found[0], found[0]), text)


def _places(where: str, mine: Any, theirs: Any) -> Iterator[tuple[str, Any, Any]]:
    """Every place that both bodies have, with what is there."""
    yield where, mine, theirs
    if isinstance(mine, dict) and isinstance(theirs, dict):
        for name in mine:
            if name in theirs:
                yield from _places(f"{where}.{name}".lstrip("."), mine[name], theirs[name])
    elif isinstance(mine, list) and isinstance(theirs, list) and len(mine) == len(theirs):
        for at, (own, other) in enumerate(zip(mine, theirs, strict=True)):
            yield from _places(f"{where}[{at}]", own, other)


def _comparable(value: Any) -> Any:
    """A value; a text without dates, hosts and page tokens."""
    if not isinstance(value, str):
        return value
    return re.sub(r"^https?://[^/]+/v1", "", _TOKEN.sub("PageToken", _DATE.sub("date", value)))


def _summary(status: int | None, body: Any) -> str:
    refusal = body if isinstance(body, dict) and "code" in body else None
    return f"{status} {refusal['code']} {refusal.get('message')}" if refusal else str(status)


# the world before


_TABLES: Mapping[str, type[Any]] = {"IS": Service, "CR": Credential, "BS": Binding}
"""What a sid's first letters say of its record."""


def implied_world(calls: Sequence[RecordedCall], behaviour: Behaviour) -> dict[str, Any]:
    """The state that the recording began with: the records that its answers show or its paths name, as they were first
    shown, unless one of its calls created them."""
    created: set[str] = set()
    found: dict[str, dict[str, dict[str, Any]]] = {prefix: {} for prefix in _TABLES}
    for call in calls:
        operation = _operation(call)
        service = _SERVICE_PATH.match(call.path)
        if service and call.status != 404 and service[1] not in created:
            found["IS"].setdefault(service[1], {"sid": service[1]})
        if call.status >= 400 or not isinstance(call.body, dict) or operation.endswith(".update"):
            continue
        if operation.endswith(".create"):
            created.add(str(call.body.get("sid")))
            continue
        for record in _records(call.body):
            sid, owner = str(record.get("sid")), str(record.get("service_sid"))
            table = found.get(sid[:2])
            if table is not None and not created & {sid, owner} and table.get(sid, {}).keys() <= {"sid"}:
                table[sid] = _fields(_TABLES[sid[:2]], record)
                if sid.startswith("BS"):
                    found["IS"].setdefault(owner, {"sid": owner})
    for record in _as_created(found["BS"], behaviour):
        found["IS"][record.pop("service_sid")].setdefault("bindings", []).append(record)
    return {
        "services": _as_created(found["IS"], behaviour),
        "credentials": _as_created(found["CR"], behaviour),
    }


def _as_created(records: Mapping[str, dict[str, Any]], behaviour: Behaviour) -> list[dict[str, Any]]:
    """Records, oldest first; those of one second in the order in which they were listed."""
    seen = list(records.values())
    if behaviour.list_order == "newest_first":
        seen.reverse()
    return sorted(seen, key=lambda record: str(record.get("date_created", "")))


def _operation(call: RecordedCall) -> str:
    """The operation that a call was for, or nothing."""
    try:
        return ROUTES.match(call.method, segments_of(call.path), legacy=True)[0].operation
    except TwilioError:  # not found, or not with this method
        return ""


def _records(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The records of an answer: its own, or those of a list."""
    meta = body.get("meta")
    rows = body.get(str(meta.get("key"))) if isinstance(meta, dict) else [body]
    return [each for each in rows if isinstance(each, dict)] if isinstance(rows, list) else []


def _fields(record: type[Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """What an answer shows of a record, as a state has it; the account is the fake's."""
    return {each.name: given[each.name] for each in fields(record) if each.name in given and each.name != "account_sid"}
