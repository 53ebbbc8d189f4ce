"""Python imports this by itself where ``fakenotify run`` has put its folder on ``PYTHONPATH``.

It lets a program reach the fake whose HTTP client reads no proxy variables (aiohttp, urllib3, requests' ``send``) or no
variable for certificates: Notify's hosts resolve to the proxy, and every ``SSLContext`` that trusts anything trusts the
proxy's authority too. Nothing else changes, and a mistake in here is a line on stderr, never the program's problem.
Any Python may run this, so it is written for all of them.
"""

import os
import re
import sys

NOTIFY = re.compile(r"notify(\.[a-z0-9-]+){0,2}\.twilio\.com\.?$")
PORTS = (None, 0, 80, 443, "80", "443", "http", "https", b"80", b"443", b"http", b"https")
PROXY = os.environ.get("FAKENOTIFY_PROXY", "").rpartition(":")[2]
CERTIFICATE = os.environ.get("FAKENOTIFY_PROXY_CA", "")


def complain(error):
    """Say that something in here went wrong."""
    try:
        sys.stderr.write("fakenotify: could not lead this Python to the fake: %s\n" % error)
    except Exception:  # nobody listens
        pass


def lead(socket):
    """Let Notify's hosts be the proxy."""
    resolve = socket.getaddrinfo

    def getaddrinfo(host, port, *more, **named):
        """Resolve a host; Notify's are at the proxy."""
        try:
            name = host.decode("ascii") if isinstance(host, bytes) else host
            if isinstance(name, str) and port in PORTS and NOTIFY.match(name.lower()):
                return resolve("127.0.0.1", int(PROXY), 0, socket.SOCK_STREAM)
        except Exception as error:
            complain(error)
        return resolve(host, port, *more, **named)

    socket.getaddrinfo = getaddrinfo


def trust(ssl):
    """Make every context that trusts an authority trust the proxy's too."""
    with open(CERTIFICATE) as file:
        pem = file.read()
    load = ssl.SSLContext.load_verify_locations

    def adding(method):
        """A method that also loads the authority's certificate."""

        def load_too(self, *given, **named):
            result = method(self, *given, **named)
            try:
                load(self, cadata=pem)
            except Exception as error:
                complain(error)
            return result

        load_too.__doc__ = method.__doc__
        return load_too

    for name in ("load_verify_locations", "load_default_certs", "set_default_verify_paths"):
        setattr(ssl.SSLContext, name, adding(getattr(ssl.SSLContext, name)))


CHANGES = {"socket": lead, "ssl": trust}


def change(module):
    """Make the change that a module needs."""
    try:
        CHANGES[module.__name__](module)
    except Exception as error:
        complain(error)


class AfterImport(object):
    """Finds ``socket`` and ``ssl`` as others do, and changes them as soon as they have been imported.

    They are not imported here: that would cost every program its time, and tools that patch them want to be first.
    """

    def find_spec(self, name, path=None, target=None):
        """A module's spec, whose loader makes the change."""
        if name not in CHANGES:
            return None
        for finder in sys.meta_path:
            if finder is not self and hasattr(finder, "find_spec"):
                spec = finder.find_spec(name, path, target)
                if spec is not None:
                    self.extend(spec.loader)
                    return spec
        return None

    @staticmethod
    def extend(loader):
        """Let a loader make the change when it has run the module."""
        execute = getattr(loader, "exec_module", None)
        if execute is None or isinstance(loader, type):
            return

        def exec_module(module):
            execute(module)
            change(module)

        loader.exec_module = exec_module


def go_on():
    """Import the ``sitecustomize`` that would have been imported without this one, if there is one."""
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [each for each in sys.path if os.path.abspath(each or ".") != here]
    ours = sys.modules.pop(__name__)
    try:
        __import__(__name__)
    except ImportError as error:
        if getattr(error, "name", __name__) != __name__:
            raise
    finally:
        sys.modules.setdefault(__name__, ours)


if PROXY and CERTIFICATE and sys.version_info >= (3, 5):
    for loaded in [name for name in CHANGES if name in sys.modules]:
        change(sys.modules[loaded])
    sys.meta_path.insert(0, AfterImport())
go_on()
