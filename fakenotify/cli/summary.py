"""The summary of ``fakenotify run``: requests, deliveries, and what went wrong."""

from __future__ import annotations

from collections.abc import Mapping
from threading import Lock
from typing import TYPE_CHECKING, Any

from fakenotify.proxy.counts import Counts

if TYPE_CHECKING:
    from fakenotify.fake import FakeNotify
    from fakenotify.notify.account import AccountState
    from fakenotify.notify.journal import Request
    from fakenotify.proxy.proxy import Proxy

_MOST_LINES = 20
_LINES = {
    "refusals": "refused   {}",
    "warnings": "warning   {}",
    "hints": "hint      {}",
    "alerts": "alert     {}",
    "dropped": "beware    {} was dropped and is not counted; --keep-deliveries keeps more",
    "distrusted": "warning   TLS with a client failed, {}; let it trust the certificates in $SSL_CERT_FILE",
    "offline": "offline   {} was not reached",
    "twilio": "beware    {} itself was reached; only Notify is faked",
    "unreached": "beware    {}; the call is not recorded",
}


class Tally:
    """Counts the requests to a fake from now on, even if the program resets the fake."""

    def __init__(self, fake: FakeNotify) -> None:
        self._fake = fake
        self._requests = Counts()
        self._found = {name: Counts() for name in ("refusals", "warnings", "hints")}
        self._before = {account.account_sid: _kept(account) for account in fake.world.accounts}
        self._met: dict[str, AccountState] = {}
        self._left = {name: Counts() for name in _kept(fake.world.account())}
        self._lock = Lock()
        fake.world.journal.listen(self._count)

    def _count(self, request: Request) -> None:
        operation = request.operation or f"{request.method} {request.path}"
        self._requests.add(operation)
        refusals = [f"{request.status} {request.code} {request.message}{request.provenance}"] if request.code else []
        for name, texts in (("refusals", refusals), ("warnings", request.ignored), ("hints", request.hints)):
            for text in texts:
                self._found[name].add(f"{operation}: {text}")
        try:
            account = self._fake.world.accounts[request.account_sid or ""]
        except KeyError:  # nobody's request, or an account that a caller made up and that was dropped
            return
        self._meet(account)

    def _meet(self, account: AccountState) -> None:
        """Count what an account has sent before it was reset, if this is what it was reset to."""
        with self._lock:
            old, self._met[account.account_sid] = self._met.get(account.account_sid), account
        if old is not None and old is not account:
            self._add(old, self._left)

    def _add(self, account: AccountState, to: Mapping[str, Counts]) -> None:
        """Count what is in an account and did not come with the state that was loaded."""
        before = self._before.get(account.account_sid)
        for name, counts in _kept(account).items():
            for what, times in counts.items():
                to[name].add(what, max(0, times - (before[name].get(what, 0) if before else 0)))

    def summary(self, proxy: Proxy, status: int) -> dict[str, Any]:
        """What happened, as JSON: each text with its number of occurrences. ``status`` is the program's."""
        for account in self._fake.world.accounts:
            self._meet(account)
        kept = {name: Counts() for name in self._left}
        for name, counts in self._left.items():
            kept[name].update(counts)
        for account in self._met.values():
            self._add(account, kept)
        requests = sum(self._requests.values())
        return {
            "requests": requests,
            "deliveries": {"sent": 0, "failed": 0, **kept["deliveries"]},
            **{name: dict(counts) for name, counts in self._found.items()},
            "alerts": dict(kept["alerts"]),
            "dropped": dict(kept["dropped"]),
            "distrusted": dict(proxy.distrusted),
            "offline": dict(proxy.refused),
            "twilio": {host: times for host, times in proxy.passed_on.items() if ".twilio.com:" in f".{host}"},
            "reason": None if requests else _why_no_request(proxy, status),
        }


def _kept(account: AccountState) -> dict[str, Counts]:
    """The deliveries, the alerts and the dropped rows of an account, those of a loaded state too."""
    deliveries, alerts, dropped = Counts(), Counts(), Counts()
    with account.lock:
        for delivery in account.deliveries:
            deliveries.add(delivery.status.lower())
        for alert in account.alerts:
            alerts.add(f"{alert.level} {alert.code} {alert.text}")
        dropped.add("an older delivery", account.deliveries.dropped)
        dropped.add("an older alert", account.alerts.dropped)
    return {"deliveries": deliveries, "alerts": alerts, "dropped": dropped}


def _why_no_request(proxy: Proxy, status: int) -> str:
    """What is known about a program that sent no request to Notify."""
    if proxy.distrusted:
        return "the program opened TLS to Notify and gave up, since it doesn't trust the certificate"
    if proxy.opened:
        return f"the program connected to {next(iter(proxy.opened))}, but sent no request"
    hosts = list(dict.fromkeys([*proxy.passed_on, *proxy.refused, *proxy.unreached]))
    if hosts:
        return f"the program asked the proxy for {', '.join(hosts[:3])}, but not for Notify"
    if status:
        return f"the program ended with status {status} before it connected to anything through the proxy"
    if proxy.clients:
        return "the program connected to the proxy, but asked for nothing"
    return "the program succeeded without using the proxy: it made no calls, or its HTTP client ignores the proxy"


def is_worrying(summary: Mapping[str, Any]) -> bool:
    """Whether a strict run fails."""
    return bool(summary["warnings"] or summary["distrusted"])


def lines_of(summary: Mapping[str, Any]) -> list[str]:
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
    if "recorded" in summary:
        answers = ", ".join(f"{times} with {status}" for status, times in summary["recorded"].items())
        calls = _number(sum(summary["recorded"].values()), "call")
        lines = [f"fakenotify: {calls} recorded{answers and f': {answers}'}"]
    for name, line in _LINES.items():
        counts = summary.get(name, {})
        entries = [line.format(each) + (f" ({times} times)" if times > 1 else "") for each, times in counts.items()]
        lines += [f"  {each}" for each in entries[:_MOST_LINES]]
        if len(entries) > _MOST_LINES:
            lines.append(f"  … and {len(entries) - _MOST_LINES} more such lines")
    return [*lines, f"  nothing   {summary['reason']}"] if summary["reason"] else lines


def _number(number: int, one: str, many: str = "") -> str:
    return f"{number or 'no'} {one if number == 1 else many or one + 's'}"
