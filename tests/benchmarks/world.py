"""The worlds and requests that the benchmarks use."""

from __future__ import annotations

from base64 import b64encode

from fakenotify import FakeNotify
from fakenotify.notify.records import Service

HEADERS = "Host: 127.0.0.1:4010\r\nAuthorization: Basic {}\r\nUser-Agent: benchmark/1\r\nAccept: */*\r\n"


class Requests:
    """Raw requests to one Service of a fake."""

    def __init__(self, fake: FakeNotify, service: Service) -> None:
        credentials = b64encode(f"{fake.account_sid}:{fake.auth_token}".encode()).decode()
        self._headers = HEADERS.format(credentials)
        self._path = f"/v1/Services/{service.sid}/Bindings"
        self._made = 0

    def create(self) -> bytes:
        """A create of a new Binding, its form 300 bytes long."""
        self._made += 1
        form = f"Identity=user{self._made}&BindingType=apn&Address={self._made:064x}&Tag=vip&Tag=beta&Endpoint="
        form += "x" * (300 - len(form))
        kind = f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(form)}\r\n"
        return f"POST {self._path} HTTP/1.1\r\n{self._headers}{kind}\r\n{form}".encode()

    def fetch(self, sid: str) -> bytes:
        """A fetch of one Binding."""
        return f"GET {self._path}/{sid} HTTP/1.1\r\n{self._headers}\r\n".encode()


def populated(count: int) -> tuple[FakeNotify, Service]:
    """A fake with ``count`` Bindings: one in a hundred thousand carries the tag ``rare``, one in ten ``common``."""
    fake = FakeNotify()
    service = fake.create_service(messaging_service_sid="MG" + "a" * 32)
    for number in range(count):
        tags = ["common"] if number % 10 == 0 else []
        if number % (count // 10) == 0:
            tags.append("rare")
        fake.create_binding(
            service.sid, identity=f"user{number}", binding_type="sms", address=f"+1{number:010d}", tags=tags
        )
    return fake, service
