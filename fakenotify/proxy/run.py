"""``fakenotify run`` and ``fakenotify env``: a program in any language reaches the fake, by its environment alone.

The law: what the environment said already stays true for every host but Notify's.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from fakenotify.cli.output import say
from fakenotify.core.printable import printable
from fakenotify.proxy.environment import TOLD, NotDone

if TYPE_CHECKING:
    from argparse import Namespace

    from fakenotify.fake import FakeNotify
    from fakenotify.notify.journal import Request
    from fakenotify.proxy.proxy import Proxy

SHELLS = ("bash", "fish", "powershell", "dotenv")

_PROXIES = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy")
_REPLACING = {
    "SSL_CERT_FILE": ("SSL_CERT_FILE",),  # OpenSSL, and so Python, Ruby, .NET; Go
    "CURL_CA_BUNDLE": ("CURL_CA_BUNDLE", "SSL_CERT_FILE"),
    "REQUESTS_CA_BUNDLE": ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
}
"""Variables that name all certificates to trust, each with those whose word counted so far, the system's aside."""

_JAVA_STORE = "java.p12"
_JAVAS_LOOPBACK = ("localhost", "127.*", "[::1]")
_OF_JAVA = re.compile(r"-D(https\.proxy|javax\.net\.ssl\.trustStore)")
"""What a user has set for Java already; then it stays as it is."""

_FORWARDED = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT") if hasattr(signal, name)]
_TYPED = (signal.SIGINT, getattr(signal, "SIGQUIT", None))
_MOST_LINES = 20


# what the program is told


@contextmanager
def proxied(
    fake: FakeNotify,
    service_sid: str,
    environment: Mapping[str, str],
    port: int = 0,
    ca_file: str | None = None,
    *,
    offline: bool = False,
) -> Iterator[Proxy]:
    """A proxy to a fake that has started, while the context lasts; its end is the end of all pauses in the fake, too.

    ``ca_file`` is where its authority's certificate is written as well. Raises ``NotDone``.
    """
    from fakenotify.proxy.certificates import Authority
    from fakenotify.proxy.proxy import Proxy

    with TemporaryDirectory(prefix="fakenotify-") as name:
        directory = Path(name)
        try:
            authority = Authority(directory)
        except ImportError as error:
            raise NotDone(2, str(error)) from None
        _write_trust(directory, authority.pem, environment)
        about = {
            "url": fake.url,
            "account_sid": fake.account_sid,
            "auth_token": fake.auth_token,
            "service_sid": service_sid,
            "directory": name,
        }
        try:
            proxy = Proxy(fake.wsgi_app, authority, port, offline=offline, environment=environment, about=about)
        except OSError as error:
            raise NotDone(2, f"can't start the proxy on 127.0.0.1:{port}: {error.strerror or error}") from None
        proxy.start()
        try:
            if ca_file:
                _write(ca_file, authority.pem)
            yield proxy
        finally:
            fake.world.end()
            proxy.stop()


def _write(path: str, content: bytes) -> None:
    try:
        Path(path).write_bytes(content)
    except OSError as error:
        raise NotDone(2, f"can't write {path}: {error.strerror or error}") from None


def _write_trust(directory: Path, pem: bytes, environment: Mapping[str, str]) -> None:
    """Write the files that ``variables`` names. Most replace what a program trusts, so they hold that as well."""
    from fakenotify.proxy.certificates import first_certificates, java_store, system_certificates

    (directory / "ca.pem").write_bytes(pem)
    added = first_certificates([environment.get("NODE_EXTRA_CA_CERTS", "")])
    (directory / "NODE_EXTRA_CA_CERTS.pem").write_bytes(added + pem)
    system = system_certificates()
    for name, names in _REPLACING.items():
        trusted = first_certificates(environment.get(each, "") for each in names) or system
        (directory / f"{name}.pem").write_bytes(trusted + pem)
    store = java_store(system + pem)
    if store is not None:
        (directory / _JAVA_STORE).write_bytes(store)
    bundle = directory / "CURL_CA_BUNDLE.pem"
    (directory / "php").mkdir()
    ini = f'curl.cainfo = "{bundle}"\nopenssl.cafile = "{bundle}"\n'
    (directory / "php" / "fakenotify.ini").write_text(ini, encoding="utf-8")


def variables(about: Mapping[str, str], environment: Mapping[str, str]) -> dict[str, str]:
    """What ``environment`` must say for its programs to reach the fake by the proxy that tells ``about`` itself."""
    directory = Path(about["directory"])
    told = dict.fromkeys(_PROXIES, about["proxy"])
    for name in ("NO_PROXY", "no_proxy"):
        if name in environment:
            told[name] = ",".join(each for each in environment[name].split(",") if not _exempts_notify(each))
    for name in ("NODE_EXTRA_CA_CERTS", *_REPLACING):
        told[name] = str(directory / f"{name}.pem")
    told["NODE_USE_ENV_PROXY"] = "1"  # Node's own fetch and http, from 22.21 and 24 on
    # PHP reads none of these; an empty entry stands for the directory that it would have read
    told["PHP_INI_SCAN_DIR"] = environment.get("PHP_INI_SCAN_DIR", "") + os.pathsep + str(directory / "php")
    if (directory / _JAVA_STORE).exists() and not _OF_JAVA.search(environment.get("JAVA_TOOL_OPTIONS", "")):
        told["JAVA_TOOL_OPTIONS"] = " ".join(
            filter(None, (environment.get("JAVA_TOOL_OPTIONS"), *_java_options(about["proxy"], directory, told)))
        )
    return told | {name: about[key] for name, key in TOLD.items()}


def _java_options(proxy: str, directory: Path, told: Mapping[str, str]) -> Iterator[str]:
    """What Java reads in the place of variables: the proxy, who is asked without it, and what is trusted."""
    from fakenotify.proxy.certificates import STORE_PASSWORD

    exempt = [each.strip().lstrip(".") for each in told.get("NO_PROXY", told.get("no_proxy", "")).split(",")]
    hosts = [
        *_JAVAS_LOOPBACK,
        *(name for each in exempt if re.fullmatch(r"[\w.-]+", each) for name in (each, f"*.{each}")),
    ]
    yield f"-Dhttps.proxyHost={proxy.rpartition('/')[2].rpartition(':')[0]}"
    yield f"-Dhttps.proxyPort={proxy.rpartition(':')[2]}"
    yield f"-Dhttp.nonProxyHosts={'|'.join(hosts)}"
    quote = '"' if re.search(r"\s", str(directory)) else ""
    yield f"{quote}-Djavax.net.ssl.trustStore={directory / _JAVA_STORE}{quote}"
    yield f"-Djavax.net.ssl.trustStorePassword={STORE_PASSWORD}"


def _exempts_notify(entry: str) -> bool:
    """Whether an entry of ``NO_PROXY`` keeps a host of Notify's from the proxy, or one of Twilio's that could be."""
    from fakenotify.proxy.proxy import covers

    return covers(entry, "notify.twilio.com") or covers("twilio.com", entry.strip().lower().partition(":")[0])


def exports(variables: Mapping[str, str], shell: str) -> str:
    """Lines that set the variables in a shell, or in a dotenv file."""
    form, quote = {
        "bash": ("export {}={}", shlex.quote),
        "fish": ("set -gx {} {}", _quote_fish),
        "powershell": ("$Env:{} = {}", _quote_powershell),
        "dotenv": ("{}={}", _quote_dotenv),
    }[shell]
    return "\n".join(form.format(name, quote(value)) for name, value in variables.items())


def _quote_fish(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _quote_powershell(value: str) -> str:
    return "'" + "".join(each * 2 if each in "'‘’‚‛" else each for each in value) + "'"  # each of them ends a string


def _quote_dotenv(value: str) -> str:
    """Bare if it can be, since not every reader knows quotes; single quotes, since in double ones ``$`` is read."""
    if value == shlex.quote(value):
        return value
    return f"'{value}'" if "'" not in value else '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def env(port: int, shell: str) -> str:
    """What lets a shell's programs reach the fake behind the proxy that runs on this port. Raises ``NotDone``."""
    from fakenotify.proxy.proxy import ask

    try:
        about = ask(port)
    except (OSError, ValueError):
        raise NotDone(2, f"no proxy answers on 127.0.0.1:{port}; start it: fakenotify --proxy-port {port}") from None
    return exports(variables(about, os.environ), shell)


# the command


def run(fake: FakeNotify, service_sid: str, options: Namespace, command: Sequence[str], signals: Signals) -> int:
    """Run a command whose calls to Notify reach the fake, say what happened, and return the status to exit with.

    Raises ``NotDone`` where there is no such command.
    """
    with proxied(fake, service_sid, os.environ, offline=options.offline) as proxy:
        tally = Tally(fake)
        status = signals.run(command, {**os.environ, **variables(proxy.about, os.environ)})
        summary = tally.summary(proxy)
    if not options.quiet:
        say(sys.stderr, json.dumps(summary) if options.json else "\n".join(map(printable, told(summary))))
    return 1 if options.strict and not status and worrying(summary) else status


class Signals:
    """While it lasts, signals that would end this process are the command's, even those that come before it runs."""

    def __init__(self) -> None:
        self._child: subprocess.Popen[bytes] | None = None
        self._early: list[int] = []
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Signals:
        for number in _FORWARDED:
            if signal.getsignal(number) is not signal.SIG_IGN:  # nohup means the command, too
                self._before[number] = signal.signal(number, self._forward)
        return self

    def __exit__(self, *error: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def run(self, command: Sequence[str], environment: Mapping[str, str]) -> int:
        """Run a command to its end: its status, or 128 and the signal that ended it. Raises ``NotDone``."""
        try:
            self._child = subprocess.Popen(command, env=environment)
        except (FileNotFoundError, NotADirectoryError):
            raise NotDone(127, f"command not found: {command[0]}") from None
        except OSError as error:
            raise NotDone(126, f"can't run {command[0]}: {error.strerror}") from None
        for number in self._early:
            self._child.send_signal(number)
        status = self._child.wait()
        return status if status >= 0 else 128 - status

    def _forward(self, number: int, frame: Any) -> None:
        if self._child is None:
            self._early.append(number)
        elif not (number in _TYPED and _in_foreground()):
            self._child.send_signal(number)


def _in_foreground() -> bool:
    """Whether a terminal sends what is typed to this process, and so to its command."""
    if sys.platform == "win32":  # pragma: no cover  # its consoles do, always
        return True
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    finally:
        os.close(terminal)


# what is said at the end


class Tally:
    """Counts what a fake is asked from now on, whatever the program resets."""

    def __init__(self, fake: FakeNotify) -> None:
        from fakenotify.proxy.proxy import Counts

        self._fake = fake
        self.requests, self.refusals, self.warnings = Counts(), Counts(), Counts()
        fake.world.journal.listen(self._count)

    def _count(self, request: Request) -> None:
        operation = request.operation or f"{request.method} {request.path}"
        self.requests.add(request.operation or "")
        if request.code:
            self.refusals.add(f"{operation}: {request.status} {request.code} {request.message}")
        for warning in request.warnings:
            self.warnings.add(f"{operation}: {warning}")

    def summary(self, proxy: Proxy) -> dict[str, Any]:
        """What happened, as JSON; what is in words has how often it did."""
        from fakenotify.proxy.proxy import Counts

        deliveries, alerts, dropped = Counts(), Counts(), Counts()
        for account in self._fake.world.accounts:
            with account.lock:
                for delivery in account.deliveries:
                    deliveries.add(delivery.status.lower())
                for alert in account.alerts:
                    alerts.add(f"{alert.level} {alert.code} {alert.text}")
                dropped.add("an older delivery", account.deliveries.dropped)
                dropped.add("an older alert", account.alerts.dropped)
        return {
            "requests": sum(self.requests.values()),
            "deliveries": {"sent": 0, "failed": 0, **deliveries},
            "refusals": dict(self.refusals),
            "warnings": dict(self.warnings),
            "alerts": dict(alerts),
            "dropped": dict(dropped),
            "distrusted": dict(proxy.distrusted),
            "offline": dict(proxy.refused),
            "twilio": {host: times for host, times in proxy.passed_on.items() if ".twilio.com:" in f".{host}"},
        }


_LINES = {
    "refusals": "refused   {}",
    "warnings": "warning   {}",
    "alerts": "alert     {}",
    "dropped": "beware    {} was dropped and is not counted; --keep-deliveries keeps more",
    "distrusted": "warning   TLS with a client failed, {}; let it trust the certificates in $SSL_CERT_FILE",
    "offline": "offline   {} was not reached",
    "twilio": "beware    {} itself was reached; only Notify is faked",
}
_NOTHING_CAME = "hint      nothing asked for Notify; does the program, or its HTTP library, read HTTPS_PROXY?"


def worrying(summary: Mapping[str, Any]) -> bool:
    """Whether a strict run fails because of this."""
    return bool(summary["warnings"] or summary["distrusted"])


def told(summary: Mapping[str, Any]) -> list[str]:
    """The summary in lines of text."""
    sent, failed = summary["deliveries"]["sent"], summary["deliveries"]["failed"]
    refused, warnings, distrusted, alerts = (
        sum(summary[name].values()) for name in ("refusals", "warnings", "distrusted", "alerts")
    )
    lines = [
        f"fakenotify: {_number(summary['requests'], 'request')} ({refused} refused), "
        f"{_number(sent + failed, 'delivery', 'deliveries')} ({sent} sent, {failed} failed), "
        f"{_number(warnings + distrusted, 'warning')}, {_number(alerts, 'alert')}"
    ]
    for name, line in _LINES.items():
        entries = [
            line.format(each) + (f" ({times} times)" if times > 1 else "") for each, times in summary[name].items()
        ]
        lines += [f"  {each}" for each in entries[:_MOST_LINES]]
        if len(entries) > _MOST_LINES:
            lines.append(f"  … and {len(entries) - _MOST_LINES} more such lines")
    return lines if summary["requests"] else [*lines, f"  {_NOTHING_CAME}"]


def _number(number: int, one: str, many: str = "") -> str:
    return f"{number or 'no'} {one if number == 1 else many or one + 's'}"
