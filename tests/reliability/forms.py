"""Forms of every operation, in process: whatever is asked, the answer keeps its shape.

A success has its operation's status and the keys that the OpenAPI document describes, an error has Twilio's envelope,
all of it is strict JSON, and what was refused has changed no table.
"""

from __future__ import annotations

import json
from random import Random

from fakenotify.core.routes import Route
from fakenotify.notify.dispatch import ROUTES, Answer, Call
from fakenotify.server.wsgi import headers

from .client import PHONE, new_fake
from .described import complaints
from .figure import Figure
from .fuzz import form_of, word

_RENEW_EVERY = 3000
_REFUSALS = {400, 404, 405, 409, 413}
_GOOD = {
    "Identity": ("alice", "bob", "carol"),
    "BindingType": ("sms", "apn", "fcm", "alexa"),
    "Type": ("apn", "fcm", "gcm"),
    "Address": ("+15005550006", "+15005550007", "ab" * 32),
    "Segment": ("s", "t"),
    "Body": ("b",),
    "Tag": ("vip", "all"),
    "ToBinding": (PHONE,),
}


class Forms:
    """A world, and what each operation answers in it."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.renew()

    def renew(self) -> None:
        """Start with a fresh world."""
        self.fake, self.service = new_fake()
        self.owner = (self.fake.account_sid, self.fake.auth_token)

    def mostly(self, good: str, bad: str) -> str:
        """``good`` nine times of ten."""
        return good if self.random.random() < 0.9 else bad

    def path(self, route: Route) -> str:
        """A path of the operation, mostly of something that exists."""
        fake, segments = self.fake, list(route.segments)
        known = {"Services": fake.services, "Credentials": fake.credentials, "Bindings": fake.bindings}
        there = {name: [record.sid for record in records[-3:]] for name, records in known.items()}
        there |= {"Users": [user.identity for user in fake.users[-3:]], "SegmentMemberships": ["s"]}
        for place, part in enumerate(segments):
            if part.startswith("{"):
                segments[place] = self.mostly(self.random.choice(there[segments[place - 1]] or ["carol"]), "x")
        if len(segments) > 2 and segments[0] == "Services":
            segments[1] = self.mostly(self.service, segments[1])
        return "/v1/" + "/".join(segments)

    def form(self, route: Route) -> dict[str, list[str]]:
        """Parameters: mostly what is required, and anything else."""
        form: dict[str, list[str]] = {}
        for row in route.params.rows:
            if row.required or (row.name in _GOOD and self.random.random() < 0.3):
                form[row.name] = [self.mostly(self.random.choice(_GOOD.get(row.name, ("x",))), word(self.random))]
        if self.random.random() < 0.6:
            for name, value in form_of(route.params.rows, self.random)[:3]:
                form.setdefault(name, []).append(value)
        return form

    def check(self, route: Route, path: str, form: dict[str, list[str]]) -> bool:
        """Send a request and check the answer; returns whether it was a success."""
        query, body = (form, {}) if route.method == "GET" else ({}, form)
        before = self._counts()
        answer = self.fake.world.handle(Call(route.method, path, query, body, self.owner))
        text = json.dumps(answer.body, allow_nan=False)
        for name, value in headers(answer, text.encode(), route.method, 0.0):
            (name + value).encode("latin-1")
        assert answer.status is not None
        if answer.error is None:
            assert answer.status == route.status
        else:
            assert self._counts() == before, "a refusal changed something"
            self._check_error(answer)
        assert [*complaints(route, answer.status, None if answer.body is None else json.loads(text))] == []
        return answer.error is None

    def _counts(self) -> tuple[int, ...]:
        fake = self.fake
        return tuple(map(len, (fake.services, fake.credentials, fake.bindings, fake.users, fake.notifications)))

    def _check_error(self, answer: Answer) -> None:
        body = answer.body or {}
        assert [*body, body["status"]] == ["code", "message", "more_info", "status", answer.status]
        assert answer.status in _REFUSALS
        assert body["more_info"] == f"https://www.twilio.com/docs/errors/{body['code']}"


def prove(count: int, seed: int = 0) -> Figure:
    """Send ``count`` forms, to every operation in turn."""
    routes = ROUTES.by_operation
    figure = Figure("forms", f"forms for {len(routes)} operations", seed)
    forms = Forms(Random(seed))
    never = dict.fromkeys(routes)
    for _ in figure.until(count):
        for route in routes.values():
            path, form = forms.path(route), forms.form(route)
            with figure.trying(f"{route.operation} {path} {form}"[:1500]):
                if forms.check(route, path, form):
                    never.pop(route.operation, None)
        if not forms.fake.services.where(sid=forms.service) or figure.tried % _RENEW_EVERY < len(routes):
            forms.fake.stop()
            forms.renew()
    if never:
        figure.notes.append(f"never succeeded here: {', '.join(sorted(never))}")
    return figure
