"""A proxy to a fake, with the files that programs need in order to trust it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from fakenotify.proxy.certificates import Authority, first_certificates, java_store, system_certificates
from fakenotify.proxy.environment import JAVA_STORE, REPLACING, NoProxy
from fakenotify.proxy.proxy import App, Proxy

if TYPE_CHECKING:
    from fakenotify.fake import FakeNotify


@contextmanager
def proxied(
    fake: FakeNotify,
    service_sid: str,
    environment: Mapping[str, str],
    port: int = 0,
    ca_file: str | None = None,
    *,
    offline: bool = False,
    app: App | None = None,
) -> Iterator[Proxy]:
    """Run a proxy to a fake that has started; at the end, all pauses in the fake end too.

    The authority's certificate is also written to ``ca_file``; ``app`` answers for Notify in the fake's place.
    Raises ``NoProxy``.
    """
    try:
        folder = TemporaryDirectory(prefix="fakenotify-", ignore_cleanup_errors=True)
    except OSError as error:
        raise NoProxy(_no_place(error)) from None
    with folder as name:
        directory = Path(name)
        try:
            authority = Authority(directory)
            _write_trust(directory, authority.pem, environment)
        except ImportError as error:
            raise NoProxy(str(error)) from None
        except OSError as error:
            raise NoProxy(_no_place(error)) from None
        about = {
            "url": fake.url,
            "account_sid": fake.account_sid,
            "auth_token": fake.auth_token,
            "service_sid": service_sid,
            "directory": name,
            "ca": str(directory / "ca.pem"),
        }
        try:
            proxy = Proxy(app or fake.wsgi_app, authority, port, offline=offline, environment=environment, about=about)
            proxy.start()
        except OSError as error:
            why = f"can't start the proxy on 127.0.0.1:{port}: {error.strerror or error}; choose another port"
            raise NoProxy(why) from None
        try:
            if ca_file:
                _write(ca_file, authority.pem)
            yield proxy
        finally:
            fake.world.end()
            proxy.stop()


def _no_place(error: OSError) -> str:
    return f"can't write certificates: {error.strerror or error}; TMPDIR may name a folder that has room for them"


def _write(path: str, content: bytes) -> None:
    try:
        Path(path).write_bytes(content)
    except OSError as error:
        raise NoProxy(f"can't write {path}: {error.strerror or error}") from None


def _write_trust(directory: Path, pem: bytes, environment: Mapping[str, str]) -> None:
    """Write the files that variables name. Most replace what a program trusts, so they contain that as well."""
    (directory / "ca.pem").write_bytes(pem)
    added = first_certificates([environment.get("NODE_EXTRA_CA_CERTS", "")])
    (directory / "NODE_EXTRA_CA_CERTS.pem").write_bytes(added + pem)
    system = system_certificates()
    for name, names in REPLACING.items():
        trusted = first_certificates(environment.get(each, "") for each in names) or system
        (directory / f"{name}.pem").write_bytes(trusted + pem)
    store = java_store(system + pem)
    if store is not None:
        (directory / JAVA_STORE).write_bytes(store)
    bundle = directory / "CURL_CA_BUNDLE.pem"
    (directory / "php").mkdir()
    ini = f'curl.cainfo = "{bundle}"\nopenssl.cafile = "{bundle}"\n'
    (directory / "php" / "fakenotify.ini").write_text(ini, encoding="utf-8")
