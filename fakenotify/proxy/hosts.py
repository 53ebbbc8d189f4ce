"""Which hosts are Notify's, and which are reached through a proxy that the user already has."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from fakenotify.proxy.environment import is_exempt
from fakenotify.server.wsgi import NOTIFY, is_loopback


def is_notify(host: str) -> bool:
    """Whether this is a host of Notify's."""
    return NOTIFY.fullmatch(host.lower().rstrip(".")) is not None


@dataclass(frozen=True)
class Upstream:
    """The user's own proxy."""

    host: str
    port: int
    headers: str = ""

    @classmethod
    def of(cls, environment: Mapping[str, str], scheme: str, host: str) -> Upstream | None:
        """The proxy for ``host``; loopback is always called directly.

        Raises ``OSError`` for one that our proxy can't go through.
        """
        if is_loopback(host) or is_exempt(host, environment):
            return None
        names = (f"{scheme}_proxy", f"{scheme.upper()}_PROXY", "all_proxy", "ALL_PROXY")
        name = next((each for each in names if environment.get(each)), None)
        if name is None:
            return None
        value = environment[name]
        try:
            url = urlsplit(value if "://" in value else f"http://{value}")
            if url.scheme != "http" or not url.hostname:
                raise ValueError
            user, password = unquote(url.username or ""), unquote(url.password or "")
            token = b64encode(f"{user}:{password}".encode()).decode()
            return cls(url.hostname, url.port or 80, f"Proxy-Authorization: Basic {token}\r\n" if user else "")
        except ValueError:
            raise OSError(f"{name} is no proxy that fakenotify can go through: it takes http://host:port") from None
