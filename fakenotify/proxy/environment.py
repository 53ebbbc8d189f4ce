"""The environment variables that lead a program to the fake, and those that lead its clients elsewhere.

What the environment said before stays true for every host but Notify's.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

GIVEN = {
    "FAKENOTIFY_URL": "url",
    "FAKENOTIFY_ACCOUNT_SID": "account_sid",
    "FAKENOTIFY_AUTH_TOKEN": "auth_token",
    "FAKENOTIFY_SERVICE_SID": "service_sid",
    "FAKENOTIFY_PROXY": "proxy",
    "FAKENOTIFY_PROXY_CA": "ca",
}
"""Variables that tell a program about the fake; fakenotify itself doesn't read them."""

_PROXIES = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy")
REPLACING = {
    "SSL_CERT_FILE": ("SSL_CERT_FILE",),  # OpenSSL, and so Python, Ruby, .NET; Go
    "CURL_CA_BUNDLE": ("CURL_CA_BUNDLE", "SSL_CERT_FILE"),
    "REQUESTS_CA_BUNDLE": ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
}
"""Variables that replace the trusted certificates, each with the variables that may name the user's own."""

_PRELOAD = Path(__file__).parent / "preload"
"""What Python and Node load before a program, so that clients that ignore the other variables reach the fake too."""

JAVA_STORE = "java.p12"
JAVA_STORE_PASSWORD = "changeit"
"""Java's default password for a store without secrets."""

_JAVAS_LOOPBACK = ("localhost", "127.*", "[::1]")
_OF_JAVA = re.compile(r"-D(https\.proxy|javax\.net\.ssl\.trustStore)")
"""Options that a user may have set for Java; they are kept."""


class NoProxy(Exception):
    """The proxy could not be started; the message is a line for the user."""


def variables(about: Mapping[str, str], environment: Mapping[str, str]) -> dict[str, str]:
    """The variables with which programs reach the fake; ``about`` is what the proxy says about itself."""
    directory = Path(about["directory"])
    given = dict.fromkeys(_PROXIES, about["proxy"])
    for name in ("NO_PROXY", "no_proxy"):
        if name in environment:
            given[name] = ",".join(each for each in environment[name].split(",") if not _exempts_notify(each))
    for name in ("NODE_EXTRA_CA_CERTS", *REPLACING):
        given[name] = str(directory / f"{name}.pem")
    given["NODE_USE_ENV_PROXY"] = "1"  # Node's own fetch and http, from 22.21 and 24 on
    # PHP reads none of these; an empty entry stands for the directory that it would have read
    given["PHP_INI_SCAN_DIR"] = environment.get("PHP_INI_SCAN_DIR", "") + os.pathsep + str(directory / "php")
    if (directory / JAVA_STORE).exists() and not _OF_JAVA.search(environment.get("JAVA_TOOL_OPTIONS", "")):
        given["JAVA_TOOL_OPTIONS"] = " ".join(
            filter(None, (environment.get("JAVA_TOOL_OPTIONS"), *_java_options(about["proxy"], directory, given)))
        )
    given["PYTHONPATH"] = os.pathsep.join(filter(None, (str(_PRELOAD), environment.get("PYTHONPATH"))))
    required = str(_PRELOAD / "node.js").replace("\\", "\\\\")
    given["NODE_OPTIONS"] = " ".join(filter(None, (environment.get("NODE_OPTIONS"), f'--require "{required}"')))
    return given | {name: about[key] for name, key in GIVEN.items()}


def _java_options(proxy: str, directory: Path, given: Mapping[str, str]) -> Iterator[str]:
    """Java's own options: the proxy, the hosts that bypass it, and the trust store."""
    exempt = [each.strip().lstrip(".") for each in given.get("NO_PROXY", given.get("no_proxy", "")).split(",")]
    hosts = [
        *_JAVAS_LOOPBACK,
        *(name for each in exempt if re.fullmatch(r"[\w.-]+", each) for name in (each, f"*.{each}")),
    ]
    yield f"-Dhttps.proxyHost={proxy.rpartition('/')[2].rpartition(':')[0]}"
    yield f"-Dhttps.proxyPort={proxy.rpartition(':')[2]}"
    yield f"-Dhttp.nonProxyHosts={'|'.join(hosts)}"
    quote = '"' if re.search(r"\s", str(directory)) else ""
    yield f"{quote}-Djavax.net.ssl.trustStore={directory / JAVA_STORE}{quote}"
    yield f"-Djavax.net.ssl.trustStorePassword={JAVA_STORE_PASSWORD}"


def _exempts_notify(entry: str) -> bool:
    """Whether an entry of ``NO_PROXY`` keeps a host of Notify's from the proxy, or another host of Twilio's."""
    return _covers(entry, "notify.twilio.com") or _covers("twilio.com", entry.strip().lower().partition(":")[0])


def traps(environment: Mapping[str, str], url: str) -> list[str]:
    """What in this environment would lead clients of ``url`` elsewhere, and what to do about it."""
    found = []
    names = [name for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY") if environment.get(name)]
    if names and not is_exempt("127.0.0.1", environment):
        found.append(f"{names[0]} is set, so that clients ask that proxy for {url}; add 127.0.0.1 to NO_PROXY")
    for name in ("TWILIO_EDGE", "TWILIO_REGION"):
        if environment.get(name):
            found.append(f"{name} is set, so that Twilio's libraries write it into every host, {url} too; unset it")
    return found


def is_exempt(host: str, environment: Mapping[str, str]) -> bool:
    """Whether ``NO_PROXY`` keeps ``host`` from a proxy."""
    no_proxy = environment.get("no_proxy") or environment.get("NO_PROXY", "")
    return any(_covers(entry, host) for entry in no_proxy.split(","))


def _covers(entry: str, host: str) -> bool:
    """Whether an entry of ``NO_PROXY`` covers ``host``: a name covers its subdomains too, ``*`` covers everything."""
    entry = entry.strip().lower()
    name = entry.partition(":")[0].lstrip("*.")
    return entry == "*" or (name != "" and f".{host}".endswith(f".{name}"))
