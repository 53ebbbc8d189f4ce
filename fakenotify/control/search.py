"""The search of the inspector: words and fields, as in ``alice status:failed tag:"very important"``."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from fakenotify.control.routes import Refused

FIELDS = (
    *("identity", "status", "code", "tag", "type", "address", "operation", "method", "rule", "warned", "request"),
    *("level", "url", "segment", "service", "notification", "binding", "credential"),
)
"""The fields that a search can have."""
_PART = re.compile(r'(\w+):("[^"]*"|\S+)|"([^"]+)"|(\S+)')


def parse_search(search: str, table: str, parameters: Collection[str]) -> dict[str, str]:
    """A search as query parameters of a table. Raises ``Refused`` for a field that is none of its ``parameters``."""
    query: dict[str, str] = {}
    words = []
    for field, value, quoted, word in _PART.findall(search):
        if field not in FIELDS:
            words.append(quoted or word or f"{field}:{value}")
            continue
        name = _parameter(field, parameters)
        if name is None:
            known = [each for each in FIELDS if _parameter(each, parameters)]
            raise Refused(400, f"{table} have no {field}; their fields are {', '.join(known) or 'none'}", known)
        query[name] = value.strip('"')
    return query | ({"q": " ".join(words)} if words else {})


def _parameter(field: str, parameters: Collection[str]) -> str | None:
    spelled: Iterable[str] = (field, f"{field}_sid", f"{field}_id", f"binding_{field}")
    return next((each for each in spelled if each in parameters), None)
