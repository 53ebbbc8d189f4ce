"""Pseudonyms for personal data: keyed, so that nobody can guess the values; stable, so that equal ones stay equal.

Personal are identities, addresses, tags, ``endpoint``, friendly names, user and password in URLs, and, in recordings,
the texts of Notifications. Sids are not. The key is an account's auth token or API secret; it is never written.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from hashlib import sha256
from hmac import new as hmac
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

from fakenotify.core.paging import PAGING_NAMES
from fakenotify.notify.channels import CHANNELS
from fakenotify.notify.dispatch import ROUTES

MASKED = "[masked]"
SECRET = re.compile(r"(?i)secret|private_?key|api_?key|certificate|password|auth_?token|authorization")

_PHONE = re.compile(r"\+[0-9]{4,15}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_HEX = re.compile(r"[0-9a-f]+|[0-9A-F]+")
_SHORT = 16
"""Below this length two values may get one pseudonym by chance, so those in use are remembered."""
_LIKELY = 8
_ATTEMPTS = 1_000_000


class Masking:
    """Makes pseudonyms with ``key``; without a key every value stays as it is.

    ``owners`` maps the short pseudonyms in use to a keyed digest of whose they are. A new ``Masking`` that is given the
    ``owners`` of an old one goes on with it.
    """

    def __init__(self, key: str | None, owners: Mapping[str, str] | None = None) -> None:
        self._key = None if key is None else key.encode()
        self.owners = dict(owners or {})

    @property
    def masks(self) -> bool:
        """Whether anything is masked at all."""
        return self._key is not None

    def identity(self, value: str) -> str:
        """An identity; what looks like a phone number or an e-mail address goes on looking like one."""
        if self._key is None or not value:
            return value
        if _PHONE.fullmatch(value):
            return self.address(value)
        pseudonym = f"identity-{self._digest('identity', value)[:16]}"
        return f"{pseudonym}@example.com" if _EMAIL.fullmatch(value) else pseudonym

    def address(self, value: str) -> str:
        """A phone number becomes one of 500 555; a token one of the same length and alphabet."""
        if self._key is None or not value:
            return value
        return self._unique(value, _phone if _PHONE.fullmatch(value) else _same_shape)

    def tag(self, value: str) -> str:
        """A tag; the implicit ones stay."""
        if self._key is None or not value or value == "all" or value in CHANNELS:
            return value
        return f"tag-{self._digest('tag', value)[:12]}"

    def name(self, value: str) -> str:
        """A friendly name, or an ``endpoint``."""
        return value if self._key is None or not value else f"name-{self._digest('name', value)[:12]}"

    def text(self, value: str) -> str:
        """A text of a Notification: letters and digits change, length, spaces and punctuation stay."""
        return value if self._key is None else _same_shape(self._digits("text", value), value)

    def url(self, value: str) -> str:
        """A callback URL without its user and password."""
        if self._key is None or "@" not in value:
            return value
        try:
            parts = urlsplit(value)
        except ValueError:
            return MASKED
        if "@" not in parts.netloc:
            return value
        return urlunsplit(parts._replace(netloc=f"masked:masked@{parts.netloc.rpartition('@')[2]}"))

    def record(self, record: Mapping[str, Any]) -> dict[str, Any]:
        """A record of Notify, as an answer spells it."""
        return {name: self._member(name, value) for name, value in record.items()}

    def body(self, body: Any) -> Any:
        """The JSON of an answer: a record, a list of records, or an error."""
        if isinstance(body, dict):
            return self.record(body)
        return [self.body(each) for each in body] if isinstance(body, list) else body

    def form(self, form: Mapping[str, Iterable[str]]) -> dict[str, list[str]]:
        """The parameters of a request, by their names on the wire. Secrets go, whether there is a key or not."""
        return {name: [self._parameter(name, value) for value in values] for name, values in form.items()}

    def path(self, path: str) -> str:
        """A request's path: an identity that stands below ``Users`` is masked."""
        segments = path.split("/")
        for at in range(1, len(segments)):
            if segments[at - 1] == "Users" and not re.fullmatch("US[0-9a-fA-F]{32}", segments[at]):
                segments[at] = self.identity(segments[at])
        return "/".join(segments)

    def link(self, url: str) -> str:
        """A URL of Notify's own: what it holds of identities and tags is masked as elsewhere."""
        if self._key is None:
            return url
        parts = urlsplit(url)
        path = "/".join(quote(each, safe="") for each in self.path(unquote(parts.path)).split("/"))
        query = [(name, self._parameter(name, value)) for name, value in parse_qsl(parts.query, keep_blank_values=True)]
        return urlunsplit(parts._replace(path=path, query=urlencode(query, quote_via=quote, safe="")))

    def _member(self, name: str, value: Any) -> Any:
        if isinstance(value, list):
            return [self._member(name, each) for each in value]
        if isinstance(value, dict):
            return self._texts(value) if name in _JSON_MEMBERS else self.record(value)
        if not isinstance(value, str):
            return value
        if SECRET.search(name):
            return MASKED
        if value.startswith(("http://", "https://")) and name not in _MEMBERS:
            return self.link(value)
        mask = _MEMBERS.get(name)
        return mask(self, value) if mask else value

    def _parameter(self, name: str, value: str) -> str:
        if SECRET.search(name):
            return MASKED
        if self._key is None:
            return value
        field = re.sub("(?<!^)(?=[A-Z])", "_", name).lower()
        if name == "ToBinding" or field in _JSON_MEMBERS:
            return self._json_parameter(name, value)
        mask = _MEMBERS.get(field) or (None if name in _KNOWN else Masking.text)
        return mask(self, value) if mask else value

    def _json_parameter(self, name: str, value: str) -> str:
        try:
            parsed = json.loads(value)
        except (ValueError, RecursionError):
            return self.text(value)  # what is wrong with it is most often its punctuation
        if name == "ToBinding":
            return json.dumps(self.record(parsed)) if isinstance(parsed, dict) else self.text(value)
        return json.dumps(self._texts(parsed))

    def _texts(self, value: Any) -> Any:
        """Any JSON with its texts masked; the names of its members stay."""
        if isinstance(value, dict):
            return {name: self._texts(each) for name, each in value.items()}
        if isinstance(value, list):
            return [self._texts(each) for each in value]
        return self.text(value) if isinstance(value, str) else value

    def _unique(self, value: str, make: Callable[[bytes, str], str]) -> str:
        """A pseudonym that no other value has: the first of a keyed row that is free, or the value's own."""
        owner = self._digest("owner", value)[:16]
        for number in range(_ATTEMPTS):
            pseudonym = make(self._digits(f"address {number}", value), value)
            if make is _same_shape and len(value) >= _SHORT and number == 0:
                return pseudonym
            if self.owners.setdefault(pseudonym, owner) == owner:
                return pseudonym
        raise ValueError("there are more values of this form than pseudonyms for them")

    def _digest(self, what: str, value: str) -> str:
        assert self._key is not None
        return hmac(self._key, f"{what}\0{value}".encode("utf-8", "surrogatepass"), sha256).hexdigest()

    def _digits(self, what: str, value: str) -> bytes:
        """As many keyed bytes as the value needs."""
        found = b""
        while len(found) < 2 * len(value) + _LIKELY:
            found += bytes.fromhex(self._digest(f"{what} {len(found)}", value))
        return found


def _phone(keyed: bytes, value: str) -> str:
    """``+1500555`` and eight digits."""
    return f"+1500555{int.from_bytes(keyed[:8], 'big') % 10**8:08}"


def _same_shape(keyed: bytes, value: str) -> str:
    """A text of the same length, each character of the same kind: hexadecimal stays hexadecimal."""
    hexadecimal = _HEX.fullmatch(value) is not None and len(value) >= _LIKELY
    chosen = []
    for at, character in enumerate(value):
        number = int.from_bytes(keyed[2 * at : 2 * at + 2], "big")
        alphabet = _alphabet(character, hexadecimal, value)
        chosen.append(alphabet[number % len(alphabet)] if alphabet else character)
    return "".join(chosen)


def _alphabet(character: str, hexadecimal: bool, value: str) -> str:
    if hexadecimal:
        return "0123456789ABCDEF" if value.upper() == value else "0123456789abcdef"
    if character.isdigit():
        return "0123456789"
    if character.islower():
        return "abcdefghijklmnopqrstuvwxyz"
    return "ABCDEFGHIJKLMNOPQRSTUVWXYZ" if character.isalpha() else ""


_MEMBERS: dict[str, Callable[[Masking, str], str]] = {
    "identity": Masking.identity,
    "identities": Masking.identity,
    "address": Masking.address,
    "tag": Masking.tag,
    "tags": Masking.tag,
    "endpoint": Masking.name,
    "friendly_name": Masking.name,
    "delivery_callback_url": Masking.url,
    "title": Masking.text,
    "body": Masking.text,
}
_JSON_MEMBERS = frozenset(("data", "apn", "gcm", "fcm", "sms", "facebook_messenger", "alexa"))
_KNOWN = PAGING_NAMES.union(*(route.params.names for route in ROUTES.by_operation.values()))
"""Notify's parameters. Any other may hold anything, so it is masked as a text."""
