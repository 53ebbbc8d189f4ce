"""Pseudonyms for personal data: keyed, so that nobody can guess the values; stable, so that equal ones stay equal.

Personal are identities, addresses, tags, segments, ``endpoint``, friendly names, secrets in URLs, and, in recordings,
the texts of Notifications. Sids are not. The key is an account's auth token or API secret; it is never written.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from hashlib import sha256
from hmac import new as hmac
from string import ascii_lowercase, ascii_uppercase, digits
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

from fakenotify.core.paging import PAGING_NAMES
from fakenotify.notify.channels import CHANNELS
from fakenotify.notify.dispatch import ROUTES

MASKED = "[masked]"
SECRET = re.compile(r"(?i)secret|private_?key|api_?key|certificate|password|auth_?token|authorization")
_OF_A_SECRET = re.compile(r"(?i)token|secret|key|pass|sig|auth|code")

_PHONE = re.compile(r"\+[0-9]{4,15}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_HEXADECIMAL = ("0123456789ABCDEF", "0123456789abcdef")
_ALPHABETS = ((str.isdigit, digits), (str.islower, ascii_lowercase), (str.isalpha, ascii_uppercase))
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
        self.masks = key is not None
        self._key = (key or "").encode(errors="surrogateescape")
        self.owners = dict(owners or {})

    def value(self, field: str, value: str) -> str:
        """What a field of a record holds; what is not personal stays."""
        mask = _MASKS.get(field)
        return mask(self, value) if mask and value and self.masks else value

    def record(self, record: Any, field: str = "") -> Any:
        """The JSON of an answer: a record, or what a field of one holds, a list of records, or an error."""
        if isinstance(record, list):
            return [self.record(each, field) for each in record]
        if isinstance(record, dict):  # within a parameter's JSON, all texts are of its kind
            return {
                name: self.record(each, field if field in (*_JSON, "links") else name) for name, each in record.items()
            }
        if not isinstance(record, str):
            return record
        if SECRET.search(field):
            return MASKED
        if self.masks and field not in _MASKS and record.startswith(("http://", "https://")):
            return self._link(record)
        return self.value(field, record)

    def form(self, form: Mapping[str, Iterable[str]]) -> dict[str, list[str]]:
        """The parameters of a request, by their names on the wire. Secrets go, whether there is a key or not."""
        return {name: [self._parameter(name, value) for value in values] for name, values in form.items()}

    def path(self, path: str) -> str:
        """A request's path, as it was sent: identities and the names of segments are masked."""
        segments = path.split("/")
        for at in range(1, len(segments)):
            field = {"Users": "identity", "SegmentMemberships": "segment"}.get(segments[at - 1])
            if field and not re.fullmatch("US[0-9a-fA-F]{32}", segments[at]):
                value = unquote(segments[at])
                masked = self.value(field, value)
                segments[at] = segments[at] if masked == value else quote(masked, safe="")
        return "/".join(segments)

    def _link(self, url: str) -> str:
        """A URL of Notify's own: what it holds of identities and tags is masked as elsewhere."""
        parts = urlsplit(url)
        query = [(name, self._parameter(name, value)) for name, value in parse_qsl(parts.query, keep_blank_values=True)]
        return urlunsplit(parts._replace(path=self.path(parts.path), query=urlencode(query, quote_via=quote, safe="")))

    def _parameter(self, name: str, value: str) -> str:
        if SECRET.search(name):
            return MASKED
        field = _FIELDS.get(name, _TEXT)
        if not self.masks or field not in (*_JSON, _TARGET):
            return self.value(field, value)
        try:
            parsed = json.loads(value)
        except (ValueError, RecursionError):
            return self._text(value)  # what is wrong with it is most often its punctuation
        if field == _TARGET and not isinstance(parsed, dict):
            return self._text(value)
        return json.dumps(self.record(parsed, field))

    # a mask for each kind of value

    def _identity(self, value: str) -> str:
        """What looks like a phone number or an e-mail address goes on looking like one."""
        if _PHONE.fullmatch(value):
            return self._address(value)
        pseudonym = f"identity-{self._digest('identity', value)[:16]}"
        return f"{pseudonym}@example.com" if _EMAIL.fullmatch(value) else pseudonym

    def _address(self, value: str) -> str:
        """A phone number becomes one of 500 555, a token one of the same length and alphabet.

        Unless chance makes equal ones too unlikely, the pseudonym is the first of a keyed row that no other value has.
        """
        is_phone = _PHONE.fullmatch(value)
        owner = self._digest("owner", value)[:16]
        for number in range(_ATTEMPTS):
            keyed = self._digits(f"address {number}", value)
            if is_phone:
                pseudonym = f"+1500555{int.from_bytes(keyed[:8], 'big') % 10**8:08}"
            else:
                pseudonym = _same_shape(keyed, value)
                if len(value) >= _SHORT:
                    return pseudonym
            if self.owners.setdefault(pseudonym, owner) == owner:
                return pseudonym
        raise ValueError("there are more values of this form than pseudonyms for them")

    def _tag(self, value: str) -> str:
        """The implicit tags stay."""
        return value if value == "all" or value in CHANNELS else f"tag-{self._digest('tag', value)[:12]}"

    def _name(self, value: str) -> str:
        return f"name-{self._digest('name', value)[:12]}"

    def _text(self, value: str) -> str:
        """Letters and digits change; length, spaces and punctuation stay."""
        return _same_shape(self._digits("text", value), value)

    def _url(self, value: str) -> str:
        """A callback URL loses its user and password, and the parameters that are named like a secret."""
        try:
            parts = urlsplit(value)
        except ValueError:
            return MASKED
        _, at, host = parts.netloc.rpartition("@")
        query = [
            f"{name}=masked" if content and _OF_A_SECRET.search(name) else f"{name}{equals}{content}"
            for name, equals, content in (each.partition("=") for each in parts.query.split("&"))
        ]
        return urlunsplit(parts._replace(netloc=f"masked:masked@{host}" if at else host, query="&".join(query)))

    def _digest(self, what: str, value: str) -> str:
        return hmac(self._key, f"{what}\0{value}".encode("utf-8", "surrogatepass"), sha256).hexdigest()

    def _digits(self, what: str, value: str) -> bytes:
        """As many keyed bytes as the value needs."""
        found = b""
        while len(found) < 2 * len(value) + _LIKELY:
            found += bytes.fromhex(self._digest(f"{what} {len(found)}", value))
        return found


def _same_shape(keyed: bytes, value: str) -> str:
    """A text of the same length, each character of the same kind: hexadecimal stays hexadecimal."""
    whole = next((each for each in _HEXADECIMAL if len(value) >= _LIKELY and not set(value) - set(each)), "")
    chosen = []
    for at, character in enumerate(value):
        alphabet = whole or next((each for is_such, each in _ALPHABETS if is_such(character)), character)
        chosen.append(alphabet[int.from_bytes(keyed[2 * at : 2 * at + 2], "big") % len(alphabet)])
    return "".join(chosen)


_TEXT, _TARGET = "body", "to_binding"
_JSON = ("data", "apn", "gcm", "fcm", "sms", "facebook_messenger", "alexa")
_MASKS: dict[str, Callable[[Masking, str], str]] = {
    "identity": Masking._identity,
    "identities": Masking._identity,
    "address": Masking._address,
    "tag": Masking._tag,
    **dict.fromkeys(("tags", "segment", "segments", "unique_name"), Masking._tag),
    "endpoint": Masking._name,
    "friendly_name": Masking._name,
    "delivery_callback_url": Masking._url,
    **dict.fromkeys(("title", _TEXT, *_JSON), Masking._text),
}
_FIELDS = dict.fromkeys(PAGING_NAMES, "") | {
    row.name: row.field for route in ROUTES.by_operation.values() for row in route.params.rows
}
"""Notify's parameters, by their names on the wire. Any other may hold anything, so it is masked as a text."""
