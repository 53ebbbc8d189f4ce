"""A client of the control API without a socket, and a world with rows in every table."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from fakenotify import Behaviour, FakeNotify
from fakenotify.clients.in_process import call

NOW = "2027-06-01T12:00:00Z"
OTHER_SID = "AC" + "b" * 32
MG_SID = "MG" + "a" * 32
PHONE = {"binding_type": "sms", "address": "+15005550006"}

Refusal = tuple[int, str, list[str]]
"""Status, error and nearest names."""


class Reply(NamedTuple):
    """An answer of the control API."""

    status: int
    json: Any
    headers: dict[str, str]

    @property
    def refusal(self) -> Refusal:
        """The parts of a refusal."""
        assert set(self.json) <= {"error", "nearest"}
        return self.status, self.json["error"], self.json.get("nearest", [])


class Control:
    """A client of a fake's control API."""

    def __init__(self, fake: FakeNotify) -> None:
        self.fake = fake

    def send(self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str | None] | None = None) -> Reply:
        """Ask with any body; a header that is None is left out."""
        sent = ({"Content-Type": "application/json"} if body else {}) | dict(headers or {})
        plain = {name: value for name, value in sent.items() if value is not None}
        reply = call(self.fake.wsgi_app, method, f"http://localhost/_fake/{path}", plain, body)
        return Reply(reply.status, json.loads(reply.body), dict(reply.headers))

    def ask(self, method: str, path: str, content: Any = None) -> Reply:
        """Ask with a JSON body, or none."""
        return self.send(method, path, b"" if content is None else json.dumps(content).encode())

    def get(self, path: str) -> Any:
        """The JSON of a read that succeeds."""
        return self.write("GET", path)

    def rows(self, target: str) -> Any:
        """The rows of a table, or what else an answer has under the name of its path."""
        return self.get(target)[target.partition("?")[0]]

    def write(self, method: str, path: str, content: Any = None) -> Any:
        """The JSON of a request that succeeds."""
        reply = self.ask(method, path, content)
        assert reply.status == 200, reply
        return reply.json


def empty() -> FakeNotify:
    """A fake with a frozen clock and a second account; its callbacks wait to be posted."""
    fake = FakeNotify(Behaviour(callback_delivery="manual"))
    fake.clock.freeze(NOW)
    fake.account(OTHER_SID, "x")
    return fake


def fill(fake: FakeNotify) -> None:
    """Put something into every table. In both accounts, a Notification reaches alice and not bob, and a direct one
    fails; in the default account, there is a User too, a Credential, and requests of which two have mistakes."""
    for handle in (fake, fake.account(OTHER_SID)):
        service = handle.create_service(
            "shop",
            delivery_callback_url="http://127.0.0.1:9/",
            delivery_callback_enabled=True,
            messaging_service_sid=MG_SID,
        )
        handle.create_binding(service.sid, identity="alice", tags=["vip"], **PHONE)
        handle.create_binding(service.sid, identity="bob", binding_type="apn", address="x")
        handle.create_notification(service.sid, identities=["alice"], body="Your parcel")
        handle.create_notification(service.sid, to_binding=[{"binding_type": "apn", "address": "x"}], title="Direct")
    sid = fake.services[0].sid
    fake.create_user(sid, identity="carol", segments=["gold"])
    fake.create_credential("fcm", friendly_name="Google")
    client = fake.client(in_process=True)
    client.notify.v1.services(sid).notifications.create(tag=["vip"], body="For VIPs")
    for path in ("Nothing", "Services?Nonsense=1"):
        client.http_client.request("GET", f"https://notify.twilio.com/v1/{path}", auth=client.auth)
