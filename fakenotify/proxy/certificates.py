"""Certificates: those of Notify's hosts, by an authority made for one run, and those that programs trust already.

The authority's key never leaves memory.
"""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import threading
import warnings
from collections.abc import Iterable
from pathlib import Path

from fakenotify.proxy.environment import JAVA_STORE_PASSWORD
from fakenotify.proxy.hosts import is_notify

_MOST_CONTEXTS = 64
_WHERE_SYSTEMS_KEEP_THEM = (
    ssl.get_default_verify_paths().openssl_cafile,
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Ubuntu, Alpine
    "/etc/pki/tls/certs/ca-bundle.crt",  # Fedora, Red Hat
    "/etc/ssl/ca-bundle.pem",  # openSUSE
    "/etc/ssl/cert.pem",  # macOS, FreeBSD
)


class Secured(ssl.SSLSocket):
    """A TLS socket whose ``shutdown``, called by another thread, ends the connection but not the TLS session."""

    def shutdown(self, how: int) -> None:
        """Shut the connection down."""
        socket.socket.shutdown(self, how)


class Authority:
    """A new certificate authority; ``pem`` is its certificate.

    Python reads a certificate's key only from a file, so the keys of Notify's hosts (not the authority's) pass through
    ``directory``. Raises ``ImportError`` where the optional package ``trustme`` is missing.
    """

    def __init__(self, directory: Path) -> None:
        try:
            import trustme
        except ImportError:
            raise ImportError("this needs trustme; install it with: pip install 'fakenotify[proxy]'") from None
        self._authority = trustme.CA(organization_name="fakenotify", organization_unit_name="trusted by one run only")
        self._directory = directory
        self._contexts: dict[str, ssl.SSLContext] = {}
        self._lock = threading.Lock()
        self.pem: bytes = self._authority.cert_pem.bytes()

    def context(self, host: str) -> ssl.SSLContext:
        """The TLS context of ``host``. Raises ``ValueError`` for a name that can't be in a certificate."""
        with self._lock:
            context = self._contexts.get(host)
            if context is None:
                if len(self._contexts) >= _MOST_CONTEXTS:
                    self._contexts.clear()
                context = self._contexts[host] = self._make(host)
        return context

    def context_by_name(self) -> ssl.SSLContext:
        """A TLS context for whichever host of Notify the client names; another name is refused."""
        context = self._make("notify.twilio.com")

        def choose(connection: ssl.SSLSocket | ssl.SSLObject, name: str | None, _: object) -> int | None:
            if name is None:
                return None
            if not is_notify(name):
                return int(ssl.AlertDescription.ALERT_DESCRIPTION_UNRECOGNIZED_NAME)
            connection.context = self.context(name.rstrip("."))
            return None

        context.sni_callback = choose
        return context

    def _make(self, host: str) -> ssl.SSLContext:
        certificate = self._authority.issue_cert(host)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.sslsocket_class = Secured
        context.set_alpn_protocols(["http/1.1"])
        with certificate.private_key_and_cert_chain_pem.tempfile(str(self._directory)) as path:
            context.load_cert_chain(path)
        return context


def first_certificates(paths: Iterable[str]) -> bytes:
    """The certificates of the first file, or directory, that has any."""
    for path in map(Path, filter(None, paths)):
        with contextlib.suppress(OSError):
            files = sorted(path.iterdir()) if path.is_dir() else [path]
            contents = [each.read_bytes() for each in files if each.is_file()]
            found = [each for each in contents if b"-----BEGIN " in each]
            if found:
                return b"\n".join(found) + b"\n"
    return b""


def system_certificates() -> bytes:
    """What this machine trusts: its own file, else that of the package ``certifi``, else what Python finds."""
    paths = list(_WHERE_SYSTEMS_KEEP_THEM)
    with contextlib.suppress(ImportError):
        import certifi

        paths.append(certifi.where())
    found = ssl.create_default_context().get_ca_certs  # on Windows, those of its store
    return first_certificates(paths) or "".join(map(ssl.DER_cert_to_PEM_cert, found(binary_form=True))).encode()


_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----")


def java_store(pem: bytes) -> bytes | None:
    """The certificates as a trust store of Java's (PKCS #12); None if the installed ``cryptography`` can't make one."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

    if not hasattr(pkcs12, "serialize_java_truststore"):
        return None
    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # certificates of some old authorities break today's rules
        for number, each in enumerate(_CERTIFICATE.findall(pem)):
            with contextlib.suppress(ValueError):
                found.append(pkcs12.PKCS12Certificate(x509.load_pem_x509_certificate(each), str(number).encode()))
    return pkcs12.serialize_java_truststore(found, BestAvailableEncryption(JAVA_STORE_PASSWORD.encode()))
