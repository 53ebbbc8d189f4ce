"""Noise on the socket: random bytes, and valid requests with something wrong in them.

Whatever is answered is HTTP and not a 500, the connection ends when the client has ended it, the server reports no
error of its own, and a plain request right afterwards is answered as usual.
"""

from __future__ import annotations

import contextlib
import re
import socket
from random import Random
from urllib.parse import urlencode

from fakenotify.core.params import Param
from fakenotify.notify.dispatch import ROUTES

from .client import PHONE, head_of, new_fake
from .figure import Figure

HANG = 30.0
"""Seconds after which a connection that doesn't end is a failure."""
_CHECK_EVERY = 50
_OURS = re.compile(rb"HTTP/1\.1 5(?!01|05)")
"""A status that means a bug of the fake; 501 and 505 refuse a method or a version that isn't HTTP/1.1's."""
_RENEW_EVERY = 2000

PIECES = [
    b"GET ", b"POST ", b"PUT ", b"DELETE ", b"HEAD ", b"OPTIONS ", b"PRI * HTTP/2.0", b" HTTP/1.1", b" HTTP/1.0",
    b" HTTP/0.9", b" HTTP/2", b"\r\n", b"\n", b"\r", b"\r\n\r\n", b"\x00", b"\xff\xfe", b"\xc3\x28", b"%", b"%00",
    b"%ff", b"%2F", b"%2e%2e", b"..", b"//", b"?", b"#", b"&", b"=", b";", b":", b" ", b"\t", b"+", b"Content-Length: ",
    b"Content-Length: 99999999999999999999\r\n", b"Content-Length: -1\r\n", b"Content-Length: 5\r\n",
    b"Transfer-Encoding: chunked\r\n", b"Transfer-Encoding: gzip, chunked\r\n", b"Expect: 100-continue\r\n",
    b"Connection: close\r\n", b"Connection: keep-alive, Upgrade\r\nUpgrade: h2c\r\n", b"Authorization: Basic \r\n",
    b"Authorization: Basic ////\r\n", b"Host: [::1\r\n", b"Host: \xff\r\n", b"X-Forwarded-Host: a\x00b\r\n",
    b"X-Forwarded-Proto: javascript\r\n", b"Content-Type: multipart/form-data; boundary=x\r\n", b"Range: bytes=0-1\r\n",
    b"Content-Type: application/x-www-form-urlencoded; charset=utf-16\r\n", b"Cookie: " + b"a" * 5000 + b"\r\n",
    b"0\r\n\r\n", b"ffffffffffffffff\r\n", b"5;x=y\r\nabcde\r\n", b" folded: header\r\n", b"/v1/", b"/_fake/", b".json",
    b"PageToken=PA", b"PageSize=", b"Page=", b"9" * 400, b"-1", b"1e999", b"NaN", b"null", b"true", b"[" * 300,
    b'{"a":' * 300, PHONE.encode(), b"\xf0\x9f\x98\x80", b"\\ud800", b"\\u0000", b"A" * 70000,
]  # fmt: skip
_WORDS = [
    "", "x", "0", "-1", "1e5", "²", "true", "é", "\x00", "\U0001f600", "a b+c", "{}", "[]", "null", "{", "NaN", PHONE,
    '{"a": NaN}', '{"twi_a": 1}', '{"to": 1}', '{"data": {"from": []}}', '{"binding_type": [], "address": {}}',
    '{"binding_type": "apn"}', "[" * 2000, "9" * 5000, "2027-02-30", "0000-00-00", "10000-01-01", "PA", "PA" + "z" * 60,
    "apn", "sms", "IS" + "a" * 32, "CR" + "0" * 32, "http://[", "http://127.0.0.1:9", "+15005550006", "x" * 65, "all",
    "\ud800",
]  # fmt: skip
_CONTROL = {
    "GET": (
        "", "health", "state", "requests", "deliveries", "alerts", "callbacks", "outcomes", "clock", "behaviour",
        "rules", "openapi.json",
    ),
    "PUT": ("state",),
    "POST": ("outcomes", "clock", "reset"),
    "PATCH": ("behaviour",),
}  # fmt: skip
CONTROL = [(method, path) for method, paths in _CONTROL.items() for path in paths]
_JSONS = [
    "{}", "[]", "null", "", "{", '{"code": 52103}', '{"code": "x", "address": []}', '{"shift": 1e308}', '{"shift": 5}',
    '{"move_to": "9999-12-31T23:59:59Z"}', '{"move_to": "x"}', '{"freeze": true}', '{"resume": true}', '{"tick": -5}',
    '{"identity_limit": "evict_oldest"}', '{"callback_retries": 11}', '{"callback_delivery": "manual"}',
    '{"fakenotify": 1, "accounts": {}}', '{"accounts": {"AC": {"services": [{}]}}}', '{"services": [{}]}', "[" * 900,
]  # fmt: skip


def word(random: Random) -> str:
    """A value that a client might send."""
    return random.choice(_WORDS)


def form_of(rows: tuple[Param, ...], random: Random) -> list[tuple[str, str]]:
    """Some parameters of an operation, and some that it doesn't have."""
    names = [row.name for row in rows] + ["PageSize", "Page", "PageToken", "Nothing", "identity", "Tag[]"]
    return [(random.choice(names), word(random)) for _ in range(random.randrange(8))]


class Fuzzer:
    """A fake with a socket, and requests for it."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.renew()

    def renew(self) -> None:
        """Start with a fresh fake that has one of everything."""
        self.fake, self.service = new_fake()
        binding = self.fake.create_binding(self.service, identity="alice", binding_type="sms", address="+15005550006")
        self.sids = {"Bindings": binding.sid, "Credentials": self.fake.create_credential(type="fcm").sid}
        self.fake.create_user(self.service, identity="carol", segments=["s"])
        self.port = int(self.fake.url.rpartition(":")[2])

    def valid(self) -> bytes:
        """A request that is HTTP, whatever its parameters say."""
        random, kind = self.random, "application/x-www-form-urlencoded"
        if random.random() < 0.25:
            (method, path), kind = random.choice(CONTROL), "application/json"
            path, body = f"/_fake/{path}", random.choice(_JSONS) if method != "GET" else ""
        else:
            route = random.choice(list(ROUTES.by_operation.values()))
            method, segments = route.method, list(route.segments)
            for place, part in enumerate(segments):
                if part.startswith("{"):
                    sid = self.sids.get(segments[place - 1], self.service)
                    value = {"{Identity}": "carol", "{Segment}": "s"}.get(part, sid)
                    segments[place] = random.choice((value, value, value, "x", "%20", ""))
            path, body = (
                "/v1/" + "/".join(segments),
                urlencode(form_of(route.params.rows, random), errors="surrogatepass"),
            )
            if method == "GET":
                path, body = f"{path}?{body}", ""
        length = f"Content-Length: {len(body)}\r\nContent-Type: {kind}\r\n" if body else ""
        return head_of(self.fake, f"{method} {path}") + f"{length}\r\n{body}".encode()

    def noise(self) -> bytes:
        """Random bytes and fragments of HTTP."""
        random = self.random
        if random.random() < 0.4:
            return random.randbytes(random.randrange(1, 600))
        pieces = [random.choice(PIECES) if random.random() < 0.8 else random.randbytes(5) for _ in range(12)]
        return b"".join(pieces[: random.randrange(1, 12)])

    def mutated(self) -> bytes:
        """One valid request or two in a row, with something wrong."""
        random = self.random
        raw = bytearray(self.valid() + (self.valid() if random.random() < 0.2 else b""))
        for _ in range(random.randrange(1, 5)):
            at = random.randrange(len(raw) + 1)
            change = random.randrange(6)
            if change == 0 and at < len(raw):
                raw[at] ^= 1 << random.randrange(8)
            elif change == 1:
                del raw[at : at + random.randrange(1, 20)]
            elif change == 2:
                raw[at:at] = random.choice(PIECES)
            elif change == 3:
                raw[at:at] = raw[at : at + random.randrange(1, 60)]
            elif change == 4:
                lines = bytes(raw).split(b"\r\n")
                lines.insert(random.randrange(len(lines) + 1), random.choice(lines))
                raw = bytearray(b"\r\n".join(lines))
            else:
                end = raw.find(b"\r\n")
                raw[end:end] = random.choice(PIECES)
        return bytes(raw)

    def send(self, raw: bytes) -> bytes:
        """What comes back."""
        came = b""
        with socket.create_connection(("127.0.0.1", self.port), timeout=HANG) as line:
            with contextlib.suppress(ConnectionError):
                line.sendall(raw)
                line.shutdown(socket.SHUT_WR)
            with contextlib.suppress(ConnectionError):
                while piece := line.recv(65536):
                    came += piece
        return came

    def wrong(self, raw: bytes) -> str | None:
        """What is wrong with the answer to ``raw``, if anything."""
        try:
            came = self.send(raw)
        except TimeoutError:
            return f"no end within {HANG} s"
        assert self.fake._server is not None
        if self.fake._server.errors:
            return repr(self.fake._server.errors.pop())
        if came and not came.startswith(b"HTTP/1.1 "):
            return f"no HTTP: {came[:60]!r}"
        return f"a 5xx: {came[:60]!r}" if _OURS.search(came) else None

    def unwell(self) -> str | None:
        """What is wrong with the answer to a plain request."""
        came = self.send(head_of(self.fake, "GET /_fake/health") + b"\r\n")
        return None if came.startswith(b"HTTP/1.1 200 ") else f"not well: {came[:80]!r}"


def prove(count: int, seed: int = 0) -> Figure:
    """Send noise ``count`` times."""
    figure, random = Figure("fuzz", seed=seed), Random(seed)
    fuzzer = Fuzzer(random)
    kinds = (fuzzer.noise, fuzzer.mutated, fuzzer.mutated, fuzzer.valid)
    try:
        for _ in figure.until(count):
            raw = random.choice(kinds)()
            found = fuzzer.wrong(raw) or (fuzzer.unwell() if figure.tried % _CHECK_EVERY == 0 else None)
            if found is not None:
                figure.fail(f"{found} after {raw[:3000]!r}")
            figure.count()
            if figure.tried % _RENEW_EVERY == 0:
                fuzzer.fake.stop()
                fuzzer.renew()
    finally:
        fuzzer.fake.stop()
    return figure
