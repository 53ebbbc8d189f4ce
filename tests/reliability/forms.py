"""Forms of every operation, in process: whatever is asked, the answer keeps its shape.

A success has its operation's status and the keys that the OpenAPI document describes, an error has Twilio's envelope,
all of it is strict JSON, and what was refused has changed no table.
"""

from __future__ import annotations

import json
from random import Random

from fakenotify import FakeNotify
from fakenotify.core.routes import Route
from fakenotify.notify.dispatch import ROUTES, Answer, Call
from fakenotify.server.wsgi import headers

from .described import complaints
from .figure import Figure
from .fuzz import form_of, word

_RENEW_EVERY = 3000
_REFUSALS = {400, 404, 405, 409, 413}
_GOOD = {
    "Identity": ("alice", "bob", "carol"), "BindingType": ("sms", "apn", "fcm", "alexa"), "Type": ("apn", "fcm", "gcm"),
    "Address": ("+15005550006", "+15005550007", "ab" * 32), "Segment": ("s", "t"), "Body": ("b",), "Tag": ("vip",
    "all"),
    "ToBinding": ('{"binding_type": "sms", "address": "+15005550006"}',),
}  # fmt: skip


class Forms:
    """A world, and what each operation has answered in it."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.renew()

    def renew(self) -> None:
        """Start with a fresh world."""
        self.fake = FakeNotify()
        self.service = self.fake.create_service(messaging_service_sid="MG" + "0" * 32)
        self.owner = (self.fake.account_sid, self.fake.auth_token)

    def path(self, route: Route) -> str:
        """A path of the operation, mostly of something that exists."""
        segments = []
        for place, part in enumerate(route.segments):
            if not part.startswith("{"):
                segments.append(part)
                continue
            known = {
                "Services": self.fake.services,
                "Credentials": self.fake.credentials,
                "Bindings": self.fake.bindings,
            }
            records = known.get(route.segments[place - 1], ())
            there = [record.sid for record in records[-3:]] or ["carol", "alice", "s"]
            segments.append(self.random.choice(there) if self.random.random() < 0.9 else "x")
        if len(segments) > 2 and segments[0] == "Services":
            segments[1] = self.service.sid if self.random.random() < 0.9 else segments[1]
        return "/v1/" + "/".join(segments)

    def form(self, route: Route) -> dict[str, list[str]]:
        """Parameters: mostly what is required, and anything else."""
        form: dict[str, list[str]] = {}
        for row in route.params.rows:
            if row.required or (row.name in _GOOD and self.random.random() < 0.3):
                good = self.random.choice(_GOOD[row.name]) if row.name in _GOOD else "x"
                form[row.name] = [good if self.random.random() < 0.9 else word(self.random)]
        if self.random.random() < 0.6:
            for name, value in form_of(route.params.rows, self.random)[:3]:
                form.setdefault(name, []).append(value)
        return form

    def wrong(self, route: Route, path: str, form: dict[str, list[str]]) -> str | None:
        """Send a request; returns what is wrong with the answer."""
        query, body = (form, {}) if route.method == "GET" else ({}, form)
        before = self._counts()
        answer = self.fake.world.handle(Call(route.method, path, query, body, self.owner))
        text = json.dumps(answer.body, allow_nan=False)
        for name, value in headers(answer, text.encode(), route.method, 0.0):
            (name + value).encode("latin-1")
        if answer.error is not None and answer.status is not None:
            if self._counts() != before:
                return "a refusal changed something"
            return self._wrong_error(answer) or next(complaints(route, answer.status, answer.body), None)
        if answer.status != route.status:
            return f"status {answer.status}"
        return next(complaints(route, route.status, None if answer.body is None else json.loads(text)), None)

    def _counts(self) -> tuple[int, ...]:
        fake = self.fake
        return tuple(map(len, (fake.services, fake.credentials, fake.bindings, fake.users, fake.notifications)))

    def _wrong_error(self, answer: Answer) -> str | None:
        body = answer.body or {}
        if list(body) != ["code", "message", "more_info", "status"] or body["status"] != answer.status:
            return f"no envelope: {body}"
        if answer.status not in _REFUSALS or body["more_info"] != f"https://www.twilio.com/docs/errors/{body['code']}":
            return f"no refusal: {body}"
        return None


def prove(count: int, seed: int = 0) -> Figure:
    """Send forms to every operation in turn, so many in all."""
    figure = Figure("forms", f"forms for {len(ROUTES.by_operation)} operations")
    forms = Forms(Random(seed))
    reached: set[tuple[str, bool]] = set()
    while figure.tried < count and len(figure.failures) < 20:
        for route in ROUTES.by_operation.values():
            path, form = forms.path(route), forms.form(route)
            try:
                found = forms.wrong(route, path, form)
            except Exception as error:
                found = f"{type(error).__name__}: {error}"
            if found is not None:
                figure.fail(f"seed {seed}: {route.operation} {path} {form}: {found}"[:1500])
            reached.add((route.operation, forms.fake.requests.last.code is None))
            figure.count()
        if not forms.fake.services.where(sid=forms.service.sid) or figure.tried % _RENEW_EVERY < len(
            ROUTES.by_operation
        ):
            forms.fake.stop()
            forms.renew()
    never = sorted(each for each in ROUTES.by_operation if (each, True) not in reached)
    if never:
        figure.notes.append(f"never succeeded here: {', '.join(never)}")
    return figure
