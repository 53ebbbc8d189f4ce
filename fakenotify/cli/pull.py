"""``fakenotify pull``: the Services, Bindings and Credentials of a real account, with GETs only, as a state file.

Rows go to a partial file beside the output, line by line, so that memory stays small and ``--resume`` can go on after
whatever happened. The output appears when everything is there.
"""

from __future__ import annotations

import csv
import http.client
import json
import os
import sys
from argparse import Namespace
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, fields
from itertools import groupby, islice
from operator import itemgetter
from pathlib import Path
from typing import IO, Any

from fakenotify.cli.output import CommandError, check_writable, writing
from fakenotify.cli.pull_report import Report
from fakenotify.conformance.client import Answer, Connection, Credentials, Unreachable, below_v1
from fakenotify.conformance.masking import Masking
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
    add("--output", metavar="FILE", required=True, help="write the state here, once all of it is there")
    add("--csv", metavar="FILE", help="also write the Bindings as rows")
    add(
        "--personal-data",
        choices=("mask", "keep"),
        default="mask",
        help="mask identities, addresses, tags and names, or keep them for a migration (default: %(default)s)",
    )
    add("--resume", action="store_true", help="go on with what an earlier pull to the same output left")
    add("--service", action="append", default=[], metavar="IS...", help="only this Service; repeatable")
    add("--quiet", action="store_true", help="no progress and no report")


def credentials_of(environment: Mapping[str, str]) -> Credentials:
    """The credentials in the environment; arguments would be visible to other users of the machine."""
    key, secret = environment.get("TWILIO_API_KEY"), environment.get("TWILIO_API_SECRET")
    account, token = environment.get("TWILIO_ACCOUNT_SID"), environment.get("TWILIO_AUTH_TOKEN")
    if account and token:
        return Credentials(account, token)
    if key and secret:
        return Credentials(key, secret)
    raise CommandError(
        "set TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN, or TWILIO_API_KEY and TWILIO_API_SECRET, in the environment"
    )


def run(options: Namespace, environment: Mapping[str, str] = os.environ) -> int:
    """Pull, and print the report. Raises ``CommandError``; Ctrl-C leaves the partial file."""
    credentials = credentials_of(environment)
    output = Path(options.output)
    try:
        connection = Connection(options.url, credentials, retry_errors=True)
    except Unreachable as error:
        raise CommandError(str(error)) from None
    check_writable(options.output, options.csv)
    partial = Partial(output.with_name(f".{output.name}.partial"), resume=options.resume, settings=_settings(options))
    masking = Masking(credentials.password if options.personal_data == "mask" else None, partial.owners)
    try:
        with writing(output):
            with partial:
                Pull(connection, partial, masking, _progress(options.quiet)).run(options.service)
            report = _finish(output, options.csv, partial, private=not masking.masks)
    except KeyboardInterrupt:
        raise CommandError(f"stopped; go on with --resume ({partial.path} holds what was read)") from None
    partial.path.unlink()
    if not options.quiet:
        print(report.text(output), flush=True)
    return 0


def _settings(options: Namespace) -> dict[str, Any]:
    return {"url": options.url, "personal_data": options.personal_data, "service": sorted(options.service)}


def _progress(quiet: bool) -> Callable[[str], object]:
    if quiet or not sys.stderr.isatty():
        return lambda text: None
    return lambda text: print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)


class Partial:
    """The partial file: a JSON object a line. ``done`` lists are complete, ``next`` is where the last one goes on.

    A line ``{"at": list, "next": path or null}`` ends each page; what stands behind the last of these was cut off and
    is read again.
    """

    def __init__(self, path: Path, *, resume: bool, settings: Mapping[str, Any]) -> None:
        self.path = path
        self.done: set[str] = set()
        self.next: dict[str, str] = {}
        self.owners: dict[str, str] = {}
        self.rows = 0
        self._settings = dict(settings)
        self._file: IO[str]
        self._whole = 0
        if resume:
            self._read()

    def _read(self) -> None:
        try:
            file = self.path.open("rb")
        except OSError:
            raise CommandError(f"there is nothing to resume: {self.path} isn't there") from None
        with file:
            pending, place = 0, 0
            for line in file:
                place += len(line)
                try:
                    entry = json.loads(line) if line.endswith(b"\n") else {}
                except ValueError:
                    break
                if "settings" in entry:
                    if entry["settings"] != self._settings:
                        raise CommandError("the earlier pull had other options; repeat those, or leave out --resume")
                    self._whole = place
                elif "at" in entry:
                    self._page_ends(entry["at"], entry["next"])
                    self.owners |= entry["owners"]
                    self.rows += pending
                    pending, self._whole = 0, place
                else:
                    pending += 1

    def __enter__(self) -> Partial:
        mode = os.O_RDWR | os.O_CREAT | (0 if self._whole else os.O_TRUNC)
        self._file = os.fdopen(os.open(self.path, mode, _OWN_ONLY), "r+", encoding="ascii", newline="\n")
        os.chmod(self.path, _OWN_ONLY)
        self._file.seek(self._whole)
        self._file.truncate()
        if not self._whole:
            self._write({"settings": self._settings})
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()

    def _write(self, entry: Mapping[str, Any]) -> None:
        self._file.write(json.dumps(entry) + "\n")

    def add(self, kind: str, record: Mapping[str, Any]) -> None:
        """Write one row."""
        self._write({kind: record})
        self.rows += 1

    def page(self, name: str, following: str | None, owners: Mapping[str, str]) -> None:
        """End a page of a list; ``owners`` are the pseudonyms that came with it."""
        self._write({"at": name, "next": following, "owners": owners})
        self._page_ends(name, following)
        self._file.flush()

    def _page_ends(self, name: str, following: str | None) -> None:
        if following is None:
            self.done.add(name)
            self.next.pop(name, None)
        else:
            self.next[name] = following

    def read(self, *kinds: str) -> Iterator[dict[str, Any]]:
        """The rows of some kinds, in the order in which they were read: so Bindings in that of their Services."""
        with self.path.open(encoding="ascii") as file:
            for line in file:
                [(kind, record), *_] = json.loads(line).items()
                if kind in kinds:
                    yield record


@dataclass(frozen=True)
class Pull:
    """One pull: list after list, page after page."""

    connection: Connection
    partial: Partial
    masking: Masking
    progress: Callable[[str], object]

    def run(self, chosen: list[str]) -> None:
        """Read everything that is not there yet. Raises ``CommandError``."""
        if chosen:
            for sid in chosen:
                self._one(f"/Services/{sid}")
        else:
            self._list("/Services", "services", "service")
        services = [record["sid"] for record in self.partial.read("service")]
        for number, sid in enumerate(services, 1):
            self._list(f"/Services/{sid}/Bindings", "bindings", "binding", f" ({number} of {len(services)})")
        self._list("/Credentials", "credentials", "credential")
        self.progress("")

    def _one(self, path: str) -> None:
        if path not in self.partial.done:
            self._add("service", self._get(path).json, path)
            self.partial.page(path, None, {})

    def _list(self, path: str, key: str, kind: str, of: str = "") -> None:
        if path in self.partial.done:
            return
        following: str | None = self.partial.next.get(path, f"{path}?PageSize={PAGE_SIZE}")
        while following is not None:
            self.progress(f"{self.partial.rows:,} rows; {path}{of}")
            page = self._get(following).json
            try:
                rows, link = page[key], page["meta"]["next_page_url"]
                following = None if link is None else below_v1(link)
            except (TypeError, KeyError, AttributeError):
                raise CommandError(f"{self.connection.url}{path} answered with something that is no list") from None
            known = len(self.masking.owners)
            for row in rows:
                self._add(kind, row, path)
            self.partial.page(path, following, dict(islice(self.masking.owners.items(), known, None)))

    def _add(self, kind: str, row: Any, path: str) -> None:
        if not isinstance(row, dict) or not isinstance(row.get("sid"), str):
            raise CommandError(f"{self.connection.url}{path} answered with something that is no {kind}")
        names = [each.name for each in fields(_KINDS[kind])]
        self.partial.add(kind, self.masking.record({name: row[name] for name in names if name in row}))

    def _get(self, path: str) -> Answer:
        try:
            answer = self.connection.send("GET", path)
        except (OSError, http.client.HTTPException) as error:
            raise CommandError(f"can't reach {self.connection.url}: {error}; go on later with --resume") from None
        if answer.status == 200:
            return answer
        message = (answer.json or {}).get("message") if isinstance(answer.json, dict) else None
        refusal = f"{answer.status} {message or ''}".strip()
        if answer.status in (401, 403):
            raise CommandError(f"{self.connection.url} refused the login: {refusal}")
        if answer.status == 404 and path.startswith("/Services/"):
            sid = path.split("/")[2].partition("?")[0]
            raise CommandError(f"Service {sid} isn't there, or vanished while it was read ({refusal})")
        raise CommandError(f"{self.connection.url}/v1{path.partition('?')[0]} answered {refusal}; go on with --resume")


def _finish(output: Path, table: str | None, partial: Partial, *, private: bool) -> Report:
    """Make the state and the table of what was read, and put them in their places."""
    report = Report()
    with ExitStack() as stack:
        state = stack.enter_context(_replacing(output, private))
        rows = stack.enter_context(_replacing(Path(table), private)) if table else None
        _write_state(state, partial, report)
        if rows is not None:
            writer = csv.writer(rows, lineterminator="\r\n")
            writer.writerow(_CSV)
            for record in partial.read("binding"):
                tags = json.dumps(record.get("tags", []))
                writer.writerow([tags if name == "tags" else record.get(name) for name in _CSV])
    return report


def _write_state(file: IO[str], partial: Partial, report: Report) -> None:
    """A state as ``--state``, ``fake.load`` and ``PUT /_fake/state`` take it: Bindings below their Service."""
    account_sid = next((record["account_sid"] for record in partial.read("service", "credential")), None)
    if account_sid is None:
        file.write('{"fakenotify": 1, "accounts": {}}\n')
        return
    file.write(f'{{"fakenotify": 1, "accounts": {{"{account_sid}": {{"services": [')
    bindings = groupby(partial.read("binding"), itemgetter("service_sid"))
    owner, owned = next(bindings, (None, iter(())))
    for at, service in enumerate(partial.read("service")):
        report.service(service)
        file.write(f'{"," * bool(at)}\n{json.dumps(service)[:-1]}, "bindings": [')
        if owner == service["sid"]:
            _write_rows(file, owned, report.binding)
            owner, owned = next(bindings, (None, iter(())))
        file.write("]}")
    file.write('], "credentials": [')
    _write_rows(file, partial.read("credential"), report.credential)
    file.write("]}}}\n")


def _write_rows(
    file: IO[str], records: Iterable[Mapping[str, Any]], count: Callable[[Mapping[str, Any]], None]
) -> None:
    for at, record in enumerate(records):
        count(record)
        file.write(f"{',' * bool(at)}\n{json.dumps(record)}")


@contextmanager
def _replacing(target: Path, private: bool) -> Iterator[IO[str]]:
    """A new file that takes the place of an older one when it is whole."""
    target = target.resolve()
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _OWN_ONLY if private else 0o666)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            yield file
    except BaseException:
        temporary.unlink()
        raise
    os.replace(temporary, target)
