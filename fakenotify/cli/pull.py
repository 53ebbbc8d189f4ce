"""``fakenotify pull``: the Services, Bindings and Credentials of a real account, with GETs only, as a state file.

Pages go to a partial file beside the output, line by line, so that little memory is used and ``--resume`` can
continue after any interruption. The output appears when it is complete.
"""

from __future__ import annotations

import csv
import http.client
import json
import os
from argparse import Namespace
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, fields
from itertools import groupby, islice
from operator import itemgetter
from pathlib import Path
from typing import IO, Any

from fakenotify.cli.output import CommandError, check_writable, progress, refusing, replacing, show, writing
from fakenotify.cli.pull_report import report_of
from fakenotify.conformance.client import Answer, Connection, Credentials, Unreachable, below_v1
from fakenotify.conformance.masking import Masking
from fakenotify.core.sids import is_sid
from fakenotify.notify.records import Binding, Credential, Service

NOTIFY = "https://notify.twilio.com"
PAGE_SIZE = 1000
_OWN_ONLY = 0o600
_KINDS = {"service": Service, "binding": Binding, "credential": Credential}
_CSV = ("service_sid", "sid", "identity", "binding_type", "address", "tags", "date_created", "date_updated")

USAGE = None
DESCRIPTION = """\
Read the Services, Bindings and Credentials of a real account, with GETs only, and write them as a state file for
--state. The credentials come from the environment: TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN, or TWILIO_API_KEY and
TWILIO_API_SECRET."""


def add_options(add: Callable[..., object]) -> None:
    """Declare the options."""
    add("--url", default=NOTIFY, help="the Notify to read (default: %(default)s)")
    add("--output", metavar="FILE", required=True, help="write the state here when it is complete")
    add("--csv", metavar="FILE", help="also write the Bindings as rows")
    add(
        "--personal-data",
        choices=("mask", "keep"),
        default="mask",
        help="mask identities, addresses, tags and names, or keep them for a migration (default: %(default)s)",
    )
    add("--resume", action="store_true", help="continue an interrupted pull to the same output")
    add("--service", action="append", default=[], metavar="IS...", help="only this Service; repeatable")
    add("--quiet", action="store_true", help="no progress and no report")


def credentials_of(environment: Mapping[str, str]) -> Credentials:
    """The credentials in the environment; command-line arguments are visible to other users of the machine."""
    key, secret = environment.get("TWILIO_API_KEY"), environment.get("TWILIO_API_SECRET")
    account, token = environment.get("TWILIO_ACCOUNT_SID"), environment.get("TWILIO_AUTH_TOKEN")
    if account and token:
        return Credentials(account, token)
    if key and secret:
        return Credentials(key, secret)
    raise CommandError(
        "set TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN, or TWILIO_API_KEY and TWILIO_API_SECRET, in the environment"
    )


def check_login(url: str, answer: Answer) -> None:
    """Raises ``CommandError`` where the credentials were refused."""
    if answer.status in (401, 403):
        raise CommandError(f"{url} refused the login: {_refusal(answer)}")


def _refusal(answer: Answer) -> str:
    message = answer.json.get("message") if isinstance(answer.json, dict) else None
    return f"{answer.status} {message or ''}".strip()


def run(options: Namespace, environment: Mapping[str, str] = os.environ) -> int:
    """Pull, and print the report. Raises ``CommandError``; Ctrl-C leaves the partial file."""
    credentials = credentials_of(environment)
    output = Path(options.output)
    with refusing("", Unreachable):
        connection = Connection(options.url, credentials, retry_errors=True)
    for sid in options.service:
        if not is_sid(sid, "IS"):
            raise CommandError(f"--service {sid} is not the sid of a Service: IS and 32 hex digits")
    check_writable(options.output, options.csv)
    path = output.with_name(f".{output.name}.partial")
    settings = {"url": options.url, "personal_data": options.personal_data, "service": sorted(options.service)}
    try:
        with writing(output):
            partial = Partial(path, settings, resume=options.resume)
            masking = Masking(credentials.password if options.personal_data == "mask" else None, partial.owners)
            Pull(connection, partial, masking, progress(options.quiet)).run(options.service)
            _finish(output, options.csv, partial, 0o666 if masking.masks else _OWN_ONLY)
            report = report_of(output, partial.read)
    except KeyboardInterrupt:
        raise CommandError(f"stopped; continue with --resume ({path} has what was read so far)") from None
    path.unlink()
    if not options.quiet:
        show(report)
    return 0


class Partial:
    """The partial file: a JSON object a line, first the settings, then a page in each.

    A line that was cut off is dropped, and its page is read again. ``next`` is where each list goes on, None for one
    that is complete; ``owners`` are the pseudonyms in use.
    """

    def __init__(self, path: Path, settings: Mapping[str, Any], *, resume: bool) -> None:
        self.path = path
        self.next: dict[str, str | None] = {}
        self.owners: dict[str, str] = {}
        self.rows = 0
        whole = self._resume(settings) if resume else 0
        path.touch(_OWN_ONLY)
        path.chmod(_OWN_ONLY)
        os.truncate(path, whole)
        if not whole:
            self._write({"settings": settings})

    def _resume(self, settings: Mapping[str, Any]) -> int:
        """Read what is there; returns the length of its whole lines."""
        try:
            file = self.path.open("rb")
        except OSError:
            raise CommandError(f"there is nothing to resume: {self.path} doesn't exist") from None
        whole = 0
        with file:
            for line in file:
                try:
                    entry = json.loads(line if line.endswith(b"\n") else b"")
                except ValueError:
                    break
                if entry.get("settings", settings) != settings:
                    raise CommandError("the earlier pull had other options; repeat those, or leave out --resume")
                if "at" in entry:
                    self._count(entry)
                whole += len(line)
        return whole

    def page(self, at: str, kind: str, rows: list[Any], following: str | None, owners: Mapping[str, str]) -> None:
        """Add a page of the list ``at``; ``owners`` are the pseudonyms that came with it."""
        entry = {"at": at, "next": following, "owners": owners, "kind": kind, "rows": rows}
        self._write(entry)
        self._count(entry)

    def _write(self, entry: Mapping[str, Any]) -> None:
        with self.path.open("a", encoding="ascii", newline="\n") as file:
            file.write(json.dumps(entry) + "\n")

    def _count(self, page: Mapping[str, Any]) -> None:
        self.next[page["at"]] = page["next"]
        self.owners |= page["owners"]
        self.rows += len(page["rows"])

    def read(self, *kinds: str) -> Iterator[dict[str, Any]]:
        """The rows of some kinds, in the order in which they were read: so Bindings in that of their Services."""
        with self.path.open(encoding="ascii") as file:
            for entry in map(json.loads, file):
                if entry.get("kind") in kinds:
                    yield from entry["rows"]


@dataclass(frozen=True)
class Pull:
    """One pull: list after list, page after page."""

    connection: Connection
    partial: Partial
    masking: Masking
    progress: Callable[[str], object]

    def run(self, chosen: list[str]) -> None:
        """Read everything that the partial file lacks. Raises ``CommandError``."""
        for path in (f"/Services/{sid}" for sid in chosen):
            if path not in self.partial.next:
                self._page(path, "service", [self._get(path).json], None)
        if not chosen:
            self._list("/Services", "services", "service")
        services = [record["sid"] for record in self.partial.read("service")]
        for number, sid in enumerate(services, 1):
            self._list(f"/Services/{sid}/Bindings", "bindings", "binding", f" ({number} of {len(services)})")
        self._list("/Credentials", "credentials", "credential")
        self.progress("")

    def _list(self, path: str, key: str, kind: str, of: str = "") -> None:
        following = self.partial.next.get(path, f"{path}?PageSize={PAGE_SIZE}")
        while following is not None:
            self.progress(f"{self.partial.rows:,} rows; {path}{of}")
            page = self._get(following).json
            try:
                rows, link = page[key], page["meta"]["next_page_url"]
                following = None if link is None else below_v1(link)
            except (TypeError, KeyError, AttributeError):
                raise CommandError(f"{self.connection.url}{path} answered with something other than a list") from None
            self._page(path, kind, rows, following)

    def _page(self, path: str, kind: str, rows: Any, following: str | None) -> None:
        names = [each.name for each in fields(_KINDS[kind])]
        known = len(self.masking.owners)
        kept = []
        for row in rows:
            if not isinstance(row, dict) or not isinstance(row.get("sid"), str):
                raise CommandError(f"{self.connection.url}{path} answered with something other than a {kind}")
            kept.append(self.masking.record({name: row[name] for name in names if name in row}))
        self.partial.page(path, kind, kept, following, dict(islice(self.masking.owners.items(), known, None)))

    def _get(self, path: str) -> Answer:
        url = self.connection.url
        later = "; continue later with --resume"
        with refusing(f"can't reach {url}: ", OSError, http.client.HTTPException, then=later):
            answer = self.connection.send("GET", path)
        check_login(url, answer)
        if answer.status == 404 and path.startswith("/Services/"):
            sid = path.split("/")[2].partition("?")[0]
            raise CommandError(f"Service {sid} doesn't exist, or was deleted during the pull ({_refusal(answer)})")
        if answer.status != 200:
            where = f"{url}/v1{path.partition('?')[0]}"
            raise CommandError(f"{where} answered {_refusal(answer)}; continue with --resume")
        return answer


def _finish(output: Path, table: str | None, partial: Partial, mode: int) -> None:
    """Write the state, and the table if one is wanted."""
    with ExitStack() as stack:
        state = stack.enter_context(replacing(output, mode))
        if table:
            rows = csv.writer(stack.enter_context(replacing(Path(table), mode)), lineterminator="\r\n")
            rows.writerow(_CSV)
            for record in partial.read("binding"):
                tags = json.dumps(record.get("tags", []))
                rows.writerow([tags if name == "tags" else record.get(name) for name in _CSV])
        _write_state(state, partial)


def _write_state(file: IO[str], partial: Partial) -> None:
    """A state as ``--state``, ``fake.load`` and ``PUT /_fake/state`` take it: Bindings below their Service."""
    account_sid = next((record["account_sid"] for record in partial.read("service", "credential")), None)
    if account_sid is None:
        file.write('{"fakenotify": 1, "accounts": {}}\n')
        return
    file.write(f'{{"fakenotify": 1, "accounts": {{"{account_sid}": {{"services": [')
    bindings = groupby(partial.read("binding"), itemgetter("service_sid"))
    owner, owned = next(bindings, (None, iter(())))
    for at, service in enumerate(partial.read("service")):
        file.write(f'{"," * bool(at)}\n{json.dumps(service)[:-1]}, "bindings": [')
        if owner == service["sid"]:
            _write_rows(file, owned)
            owner, owned = next(bindings, (None, iter(())))
        file.write("]}")
    file.write('], "credentials": [')
    _write_rows(file, partial.read("credential"))
    file.write("]}}}\n")


def _write_rows(file: IO[str], records: Iterable[Mapping[str, Any]]) -> None:
    for at, record in enumerate(records):
        file.write(f"{',' * bool(at)}\n{json.dumps(record)}")
