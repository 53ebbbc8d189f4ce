"""The summary of ``fakenotify run``: requests, deliveries, and what went wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fakenotify.proxy.counts import Counts

if TYPE_CHECKING:
    from fakenotify.fake import FakeNotify
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
        self._before = self._kept()
        fake.world.journal.listen(self._count)

    def _count(self, request: Request) -> None:
        operation = request.operation or f"{request.method} {request.path}"
        self._requests.add(operation)
        refusals = [f"{request.status} {request.code} {request.message}{request.provenance}"] if request.code else []
        for name, texts in (("refusals", refusals), ("warnings", request.ignored), ("hints", request.hints)):
            for text in texts:
                self._found[name].add(f"{operation}: {text}")

    def summary(self, proxy: Proxy, status: int) -> dict[str, Any]:
        """What happened, as JSON: each text with its number of occurrences. ``status`` is the program's."""
        deliveries, alerts, dropped = map(_since, self._kept(), self._before)
        requests = sum(self._requests.values())
        return {
            "requests": requests,
            "deliveries": {"sent": 0, "failed": 0, **deliveries},
            **{name: dict(counts) for name, counts in self._found.items()},
            "alerts": alerts,
            "dropped": dropped,
            "distrusted": dict(proxy.distrusted),
            "offline": dict(proxy.refused),
            "twilio": {host: times for host, times in proxy.passed_on.items() if ".twilio.com:" in f".{host}"},
            "reason": None if requests else _why_no_request(proxy, status),
        }

    def _kept(self) -> tuple[Counts, Counts, Counts]:
        """The deliveries, alerts and dropped rows that there are, those of a loaded state too."""
        deliveries, alerts, dropped = Counts(), Counts(), Counts()
        for account in self._fake.world.accounts:
            with account.lock:
                for delivery in account.deliveries:
                    deliveries.add(delivery.status.lower())
                for alert in account.alerts:
                    alerts.add(f"{alert.level} {alert.code} {alert.text}")
                dropped.add("an older delivery", account.deliveries.dropped)
                dropped.add("an older alert", account.alerts.dropped)
        return deliveries, alerts, dropped


def _since(now: Counts, before: Counts) -> dict[str, int]:
    return {what: times - before.get(what, 0) for what, times in now.items() if times > before.get(what, 0)}


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
